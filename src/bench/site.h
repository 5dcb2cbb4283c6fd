/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A place of a benchmark's own on somebody's broker, and workers on it
 *
 * Every topic, group and transactional id begins with bench-<process>-<number>., is made at the start and deleted at the end. Workers are
 * children: `ketenwacht rules` of the binary beside this one with a copy of the configuration, so that memory and CPU time are theirs.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "bus/admin.h"
#include "cluster/topics.h"
#include "bench/bench.h"
#include "bench/child.h"
#include "bench/load_send.h"
#include "cli/broker.h"

#define SITE_PARTITIONS 4
#define SITE_WORKERS_MAX 16
#define SITE_LOOK_MS 50      /* between two looks at a broker or a child */
#define SITE_QUIET_MS 400    /* workers that use next to no CPU for so long have nothing more to do */
#define SITE_STUCK_MS 120000 /* nothing moves for so long: something is wrong */

struct site_worker {
        struct bench_child child;
        char instance[32], threads[16];
};

struct site {
        const struct bench_arguments *arguments;
        const struct config *config; /* borrowed */
        struct stop *stop;     /* borrowed */
        char folder[64], path[96];   /* of a temporary folder; the configuration in it */
        char prefix[48], group[112];
        char ketenwacht[COMMAND_PATH_MAX]; /* the program whose workers are measured */
        char bootstrap[1024];
        struct log log;
        struct command_broker broker; /* with the prefix */
        struct arena *arena;
        struct topics topics;
        struct admin *admin;
        size_t made;
        const char **inputs;          /* event topics, with prefix */
        size_t n_inputs;
        struct site_worker workers[SITE_WORKERS_MAX];
        size_t n_workers;
};

/* Makes it. @number: another one for each site of a process. Return: an exit status, other than 0 with a sentence in @err. site_close() in any case. */
int site_open(struct site *site, const struct bench_arguments *arguments, const char *bootstrap, const struct config *config, unsigned number,
              struct stop *stop, struct error *err) MUSTCHECK;

/* Stops workers that are left, and deletes all that was made, as far as it can; the first reason why not in @err. Return: 0 or negative errno. */
int site_close(struct site *site, struct error *err) MUSTCHECK;

/* Sends a load (bench_load.h) of the four deadlines. Return: 0 or negative errno with a sentence; -EINTR after a stop. */
int site_load(struct site *site, uint64_t first, uint64_t cases, uint64_t rate, struct bench_load_result *ret, struct error *err) MUSTCHECK;

struct site_sending { /* the same in a thread of its own */
        struct site *site;
        uint64_t first, cases, rate;
        pthread_t thread;
        atomic_bool stop, ended;
        int result;
        struct error err;
        struct bench_load_result sent; /* after ended */
        double seconds;
};
int site_send(struct site *site, uint64_t first, uint64_t cases, uint64_t rate, struct site_sending *ret, struct error *err) MUSTCHECK;

/* Waits for the end of what site_send() began; with @stop makes it end soon. Return: as site_load(), 0 after @stop. */
int site_sent(struct site_sending *sending, bool stop, struct error *err) MUSTCHECK;

/* Starts one more worker process; @once: `rules --once`. Return: 0 or negative errno with a sentence. */
int site_worker(struct site *site, unsigned threads, bool once, struct error *err) MUSTCHECK;

struct site_done {
        double seconds;  /* from @since until all was committed and evaluated */
        double cpu_s;    /* of all workers together, from their start to their end */
        double rss_mb;   /* of all workers together */
};

/* Waits until all @events are committed and the workers are quiet. @since: monotonic. Return: 0 or negative errno with a sentence. */
int site_wait(struct site *site, int64_t events, int64_t since, double *ret_seconds, struct error *err) MUSTCHECK;

/* Stops the workers in good order and adds up what they used. Return: 0; negative errno with a sentence when one had failed. */
int site_end(struct site *site, struct site_done *ret, struct error *err) MUSTCHECK;

/* CPU seconds of all workers so far. */
double site_cpu_s(const struct site *site);
