/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One run of the demonstration, from configuration to summary
 *
 * The parts are in this folder; here they are put together, shown, and taken down in order, whatever happened. Knows nothing of
 * arguments and environment; what it plays and tells goes to standard output, what it leaves out to standard error.
 */

#include "base/log.h"
#include "cluster/broker_config.h"
#include "model/config.h"

struct demo_config { /* all borrowed */
        const struct config *config;
        const char *config_folder, *schemas_folder; /* where it was read from, for messages and the file of --env */
        const struct broker_config *broker; /* of the configuration */
        const struct log *log;
        const char *bootstrap;              /* of a real broker; NULL: an embedded one */
        const char *scratch;                /* folder in which a folder for tokens and connector files is made */
        const char *file;                   /* events to play, as the lines of replay, "-": standard input; NULL: a generated year */
        uint64_t seed;                      /* of the generated year */
        unsigned cases;                     /* in it */
        double weeks_per_second;            /* 0: as fast as the chain goes */
        uint16_t port, metrics_port;        /* of gi-http and of the metrics; 0: any that is free */
        uint16_t console_port;              /* of the console, with @keep; 0: any that is free */
        bool has_metrics;
        unsigned with;                      /* enum chain_with (demo/chain.h), one bit each */
        uint16_t postgres_port;             /* of the municipality's database, with CHAIN_WITH_POSTGRES */
        const char *mails;                  /* folder for what is mailed to the municipality, with CHAIN_WITH_MAIL */
        bool json;                          /* the summary as one JSON object, and nothing else */
        bool keep;                          /* stay at the end, with a console; where things are is written to @env */
        const char *env;
};

enum { DEMO_E_USAGE = 1 }; /* the events or the configuration cannot be played; with a sentence */

/*
 * Plays, until it is done or SIGINT or SIGTERM comes, which it blocks and takes: call it before any thread begins.
 * Return: 0 when done or stopped; DEMO_E_USAGE; negative errno with a sentence.
 */
int demo_run(const struct demo_config *config, struct error *err) MUSTCHECK;

/* Prints the events that it would play instead, as lines of replay. Return: as demo_run(). */
int demo_print(const struct demo_config *config, struct error *err) MUSTCHECK;
