/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The steps of a program; for program.c, which makes them, and record.c, which runs them
 *
 * The steps stand in the order of the writer's bytes, one for each field, two when it is nullable
 * (OP_OPTIONAL, and the value unless it was null). Only a union of several types branches.
 */

#include "avro/record.h"
#include "base/arena.h"

enum op_code {
        OP_BOOLEAN, OP_INT, OP_LONG, OP_FLOAT, OP_DOUBLE, OP_STRING, OP_ENUM,
        OP_UUID_TEXT, OP_UUID_FIXED,
        OP_INT_TO_FLOAT, OP_INT_TO_DOUBLE, OP_LONG_TO_FLOAT, OP_LONG_TO_DOUBLE,
        OP_NULL,          /* no bytes: the slot is null */
        OP_OPTIONAL,      /* an index: null_branch makes the slot null and passes over the next step */
        OP_REQUIRED,      /* an index: null_branch is refused, the next step reads the value */
        OP_BRANCH,        /* an index: go on at targets[index] */
        OP_JUMP,          /* go on at target */
        OP_REFUSE,        /* the reader has no place for this branch */
        OP_SKIP,          /* a value of the type @skip */
        OP_DEFAULT,       /* no bytes: the slot is *value */
        OP_END,           /* nothing may be left */
};

struct op {
        uint8_t code, slot, null_branch;
        uint32_t n; /* OP_ENUM: symbols of the writer; OP_BRANCH: branches; OP_JUMP: the target */
        union {
                const int32_t *symbols;      /* OP_ENUM: writer's index to reader's, -1 refused */
                const uint32_t *targets;     /* OP_BRANCH */
                const struct schema *skip;   /* OP_SKIP */
                const struct slot *value;    /* OP_DEFAULT */
        };
        const char *field; /* for errors: the writer's name of it; of the reader when the writer has none */
};

struct program {
        struct op *ops;
        struct arena *arena;
        const char *gaps;
};
