/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Programs: the resolution of one writer schema to one reader layout, compiled once
 *
 * Defaults, aliases, promotions, enum defaults, nullable to plain and back, unknown fields of any type
 * skipped. One extension of the Avro rules: a uuid written as a string is read by a field that keeps it as
 * fixed(16), and the other way round. record.h runs a program over bytes.
 *
 * The steps stand in the order of the writer's bytes, one for each field, two when it is nullable
 * (OP_OPTIONAL, and the value unless it was null). Only a union of several types branches.
 */

#include "avro/layout.h"
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

/*
 * @writer: any record schema; both must outlive the program.
 * Return: 0; -EINVAL with every reason in one sentence when they do not resolve; -ENOMEM.
 */
int program_new(const struct schema_file *writer, const struct layout *reader, struct program **ret, struct error *err) MUSTCHECK;
struct program *program_free(struct program *program); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct program *, program_free);

/*
 * What a writer may write and this reader will refuse, though the schemas resolve (a null, a symbol
 * or a branch that the reader does not have): one sentence with every field, or "" when the program
 * reads every record that the writer's schema allows. For checks of compatibility.
 */
const char *program_gaps(const struct program *program);
