/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What an engine is made of: everything that outlives one evaluation and belongs to no case
 *
 * Made by engine_new() from the configuration, and constant since, but for the words of the pool, which only become more, and
 * for the memory of one evaluation, which the next one takes over.
 */

#include "base/arena.h"
#include "base/buffer.h"
#include "engine/effect.h"
#include "engine/pool.h"
#include "engine/row.h"
#include "engine/scope.h"
#include "model/config.h"
#include "model/row_schema.h"

struct engine {
        const struct config *config;
        struct arena *arena;            /* of one evaluation */
        struct buffer scratch;          /* the value of the row that is being written */
        struct row_codec *codec;
        struct pool pool;
        struct scope scope;             /* what evaluations look at */
        const struct program **row_programs; /* by type: rows as we write them */
        struct outcome outcome;
        int gaps[CALENDAR_GAPS_MAX];    /* calendar_gaps() */
        size_t n_gaps;
        bool plain;                     /* for tests: without what is only there for speed (starts.h) */
        uint64_t decoded;               /* facts, since it was made: what evaluating costs */
};
