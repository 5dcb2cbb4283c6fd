/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The parts of `ketenwacht state`: one file each
 */

#include "base/uuid.h"
#include "cli/broker.h"
#include "cli/command.h"

struct state_arguments {
        struct command_dirs dirs;
        const char *bootstrap;      /* or NULL */
        const char *case_text;      /* show */
        bool clear;                 /* show */
        bool text;                  /* stats */
        const char *from;           /* copy: the other configuration folder */
        const char *from_bootstrap; /* copy: or NULL */
        struct uuid case_id;        /* of case_text */
};

/* Each returns an exit status, after the sentence was printed when it is not EXIT_DONE. */
int state_show(const struct state_arguments *a) MUSTCHECK;
int state_stats(const struct state_arguments *a) MUSTCHECK;
int state_copy(const struct state_arguments *a) MUSTCHECK;

/* Writes what stands in standard output's buffer; the sentence when it cannot. */
int state_flush(void) MUSTCHECK;
