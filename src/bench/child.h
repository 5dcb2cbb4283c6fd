/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Children of a benchmark: other programs, or this one again, so that memory and CPU time are their own
 *
 * Each child leads a process group, so that what it starts ends with it. SIGINT and SIGTERM are held back while a
 * benchmark runs children (bench_stop_hold), looked for whenever it waits, and end the children first.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"

#define BENCH_CHILD_STOP_MS 30000 /* for a stop in good order, then SIGKILL */
#define BENCH_PATH_MAX 4096

/* -- Being stopped -- */

/* The sentence for a stop_wait() that was true. Return: -EINTR. */
int bench_stopped(struct error *err) MUSTCHECK;

/* -- Children -- */

struct bench_child {
        pid_t pid;        /* also its group; 0: none */
        bool ended;
        int status;       /* after ended: exit status, or 128 and the signal */
        double cpu_s;     /* after ended: user and system, of it and its children that it waited for */
        double rss_mb;    /* after ended: most memory at once, of the largest of them */
        double life_s;
        int64_t started;  /* monotonic */
        int out;          /* where its standard output can be read; -1: it goes to our standard error */
};

struct bench_child_config {
        const char *const *argv;     /* program by path or name; NULL-ended */
        const char *const *set;      /* "NAME=VALUE" for its environment beside ours; NULL-ended; may be NULL */
        const char *folder;          /* where it runs; NULL: here */
        bool keep_output;            /* standard output through ->out */
        const char *log;             /* file to which its standard error is added; NULL: ours */
};

/* Return: 0; negative errno with a sentence. */
int bench_child_start(const struct bench_child_config *config, struct bench_child *ret, struct error *err) MUSTCHECK;

/* Waits at most @timeout_ms, or until it ended. Return: whether it ended. */
bool bench_child_wait(struct bench_child *child, int timeout_ms);

/* Waits without end, or until a stop is asked, which ends the child. Return: 0; -EINTR with a sentence after a stop. */
int bench_child_finish(struct bench_child *child, struct stop *stop, struct error *err) MUSTCHECK;

/* Runs a short program to its end. Return: 0; negative errno with a sentence, also when its status is not 0. */
int bench_child_run(const char *const *argv, struct stop *stop, struct error *err) MUSTCHECK;

/* Sends a signal to its group; no effect when it has ended. */
void bench_child_signal(struct bench_child *child, int signal);

/* Ends it and all of its group, and waits until they are gone. NULL, none and ended ones are fine. */
void bench_child_stop(struct bench_child *child);

/* User and system CPU seconds of a running process so far; 0: it is gone. */
double bench_cpu_s(pid_t pid);

/*
 * Copies a configuration folder, with another prefix and number of partitions in its broker.yaml: NULL and 0 leave out what it says.
 * Return: 0; negative errno with a sentence.
 */
int bench_copy_configuration(const char *from, const char *to, const char *prefix, int partitions, struct stop *stop,
                             struct error *err) MUSTCHECK;
