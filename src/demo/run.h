/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One run of the demonstration, from configuration to summary
 *
 * The parts are in cli/demo; here they are put together, shown, and taken down in order, whatever happened.
 */

#include <signal.h>

#include "base/log.h"
#include "cli/broker.h"
#include "demo/feed.h"
#include "demo/place.h"
#include "console/server.h"

#define DEMO_SCRATCH_MAX 256

struct demo_arguments {
        struct command_dirs dirs;
        const char *file, *bootstrap, *env; /* NULL: none */
        uint64_t seed;
        unsigned cases;
        double weeks_per_second; /* 0: as fast as the chain goes */
        uint16_t port, metrics_port;
        bool has_metrics, keep, json, verbose, print;
};

struct demo {
        const struct demo_arguments *a;
        bool tty;
        struct log log;
        sigset_t signals;
        bool stopped;          /* a signal came */
        struct config *config;
        struct tape tape;
        const struct organisation *receiver;
        const char **publishers;
        size_t n_publishers;
        char scratch[DEMO_SCRATCH_MAX];
        char receiver_group[BUS_NAME_MAX + 1];
        const char *groups[2];
        struct command_broker broker;
        struct place place;
        struct board board;
        struct demo_time time;
        struct metrics *metrics;
        struct console *console;
        struct chain *chain;
        struct post *post;
        struct feed feed;
        uint64_t rejected;     /* lines and events that were not taken */
        /* showing */
        unsigned lines;        /* of the table that stands on the terminal */
        int64_t shown_at;      /* monotonic ms */
        int shown_month;
        struct buffer text;
};

/* Return: exit status; sentences have been printed. */
int demo_run(const struct demo_arguments *arguments);

/* feed->stopped and feed->pause; ctx is the demo. */
bool demo_stopped(void *ctx);
void demo_pause(void *ctx, int ms);

/* Shows the table or a line, once more. */
void demo_show(struct demo *demo, bool last);

/* The exit status for what a feed_ or chain_ function returned, with the sentence printed. */
int demo_failed(struct demo *demo, int r, const struct error *err);

/* Everything is fed: waits for the deliveries, prints the summary and the story. Return: exit status. */
int demo_end(struct demo *demo);

/* Lets the clock go and waits for a signal. Return: exit status. */
int demo_keep(struct demo *demo);
