/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A command that runs for long looks at its topics now and then
 *
 * What is judged is the command's own (cluster/upkeep.h); here stands when, for how long, and that what is found ends the command with
 * EXIT_USAGE. A broker that does not answer is not the topics' fault: who works on it says so.
 */

#include "base/log.h"
#include "bus/admin.h"
#include "cli/command.h"

struct command_upkeep {
        int (*look)(void *ctx, struct admin *admin, struct error *err); /* as upkeep_check() */
        void *ctx;
        const struct log *log;
        /* not for users */
        struct admin *admin;
        struct error unsound; /* "": nothing is known to be wrong with the topics */
        int64_t at;           /* monotonic: of the last look */
        bool said;            /* that the broker does not say */
};

/*
 * Makes ready to ask, and asks for the first time; @u has what is for users. Return: 0; EXIT_USAGE, EXIT_BROKER after the sentence was printed.
 * command_upkeep_done() in each case.
 */
int command_upkeep_open(const char *name, const struct kafka_config *kafka, struct command_upkeep *u) MUSTCHECK;

/* Looks when it is time again. Return: whether all is well as far as is known; it stays so once it is not. */
bool command_upkeep_sound(struct command_upkeep *u);

/* Why not: the line in the log and the sentence for command @name, which run as @instance (or NULL). Return: EXIT_USAGE; EXIT_DONE when all is well. */
int command_upkeep_conclude(const char *name, const char *instance, const struct command_upkeep *u);

/* Zeros: no effect. */
void command_upkeep_done(struct command_upkeep *u);
