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
        struct bearing *bearings;       /* by type */
        struct bearing nothing;         /* what an idle fact bears on */
        bool *looks_at;                 /* by type: whether anything looks at it */
        bool grounded;                  /* a measure says where the child lives, and that its case is not over */
        uint16_t n_parts;
        struct norm_scope **scopes;      /* by type from which they start, as config->index has them */
        struct norm_scope *region_scopes; /* as config->region_norms */
        const struct program **row_programs; /* by type: rows as we write them */
        const struct event_type **endable; /* types whose facts something ends */
        size_t n_endable;
        struct outcome outcome;
};

/* The part of an evaluation that copies facts of a type; those of norms are norm_scope.part. */
static inline uint16_t part_of_routes(const struct engine *engine, const struct event_type *type) {
        return (uint16_t)(engine->n_parts + 1 + type->index);
}
