/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A file of JSON lines played through the engine: what replay, explain and report have in common
 */

#include "cli/progress.h"
#include "engine/cast.h"
#include "engine/replay.h"
#include "model/lines.h"

struct lines_input {
        const char *command; /* for messages */
        const char *path;    /* NULL or "-": standard input */
        /* What to do with a refused line; NULL: nothing. */
        void (*refused)(void *ctx, uint64_t number, enum refusal refusal, const char *field, const struct error *err);
        void *ctx;
        struct progress *progress; /* of the command; whoever prints meanwhile clears it first */
        instant_t until; /* events recorded after it are left out; INSTANT_NEVER: none */
        struct cast *cast; /* only who plays in it is played; NULL: everybody */
};

/*
 * Fills input->cast: who plays, when only one case is asked after. *ret_known: false when the input cannot be read twice, or is a container, so that
 * everybody must play. Return: as lines_play().
 */
int lines_cast(const struct lines_input *input, const struct config *config, bool *ret_known) MUSTCHECK;

/* Plays every line and the end. Return: an exit status; the sentence has been printed when it is not EXIT_DONE. */
int lines_play(const struct lines_input *input, const struct config *config, struct replay *replay) MUSTCHECK;
