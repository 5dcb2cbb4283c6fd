/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The broker of a command
 *
 * Where it is, in this order: --bootstrap, the environment (KETENWACHT_BOOTSTRAP), bootstrap in
 * broker.yaml of the configuration folder; which also says the prefix, the figures of the topics
 * and any property of librdkafka. Every mistake is printed, and the exit status is returned.
 */

#include <stdatomic.h>

#include "base/log.h"
#include "cluster/broker_config.h"
#include "cluster/registry.h"
#include "calendar/term.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "engine/engine.h"

#define COMMAND_BOOTSTRAP "KETENWACHT_BOOTSTRAP"

struct command_broker {
        struct broker_config config;
        const char *bootstrap; /* in force; NULL: none was given */
        struct kafka_config kafka; /* what kafka_bus_new() and admin_new() take */
        struct bus *bus;       /* after command_broker_open() */
        struct registry *registry; /* after command_registry_open(); NULL: none is configured */
        const char *name;      /* of the command */
        atomic_bool complained; /* it was said that the broker does not answer yet */
        /* not for users */
        struct log log; /* of a command that keeps none, for what librdkafka does when it is asked to say that */
        struct arena *arena;
        struct watchdog *watchdog;
};

/*
 * Reads broker.yaml of @config_dir; @bootstrap: of the command line, or NULL. @log: NULL for a command that has none: it says once on standard
 * error why no connection could be made, as soon as one has failed, and goes on trying. *ret stays where it is until command_broker_done().
 * Return: 0; EXIT_USAGE after the mistakes were printed. command_broker_done() in both cases.
 */
int command_broker_read(const char *name, const char *config_dir, const char *bootstrap, const struct log *log, struct command_broker *ret) MUSTCHECK;

/* Makes the bus, with a watchdog over calls that hang. Return: 0; EXIT_USAGE, EXIT_BROKER after the sentence was printed. */
int command_broker_open(const char *name, struct command_broker *broker) MUSTCHECK;

/*
 * Reads the cases that the broker has, or with @case_id not NULL that one, into @store; @bootstrap as above.
 * Return: an exit status; the sentence has been printed when it is not EXIT_DONE.
 */
int command_cases(const char *name, const struct command_dirs *dirs, const char *bootstrap, const struct uuid *case_id, struct store *store) MUSTCHECK;

/* For whoever waits while case-state is read: a struct live_watch of command_wait_read() and one of these. progress_clear() afterwards. */
struct command_wait {
        struct progress progress;
        const char *name; /* of the command */
};
void command_wait_read(void *ctx, uint64_t records);

/* `retention` as a step of the calendar. */
struct term_step command_retention(const struct broker_config *config);

/* Frees all; the handles of the bus are closed by then. Zeroed memory is fine. */
void command_broker_done(struct command_broker *broker);
