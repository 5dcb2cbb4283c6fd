/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Programs: the resolution of one writer schema to one reader, compiled once
 *
 * Defaults, aliases, promotions, enum defaults, unions of any kind on both sides, unknown fields of any type skipped: match.h has the
 * rules. Two walk over a program: record.h, into the slots of a layout, which is flat; and datum.h, into JSON, for readers of any type.
 *
 * The steps stand in the order of the writer's bytes, one for each value, two when it is nullable (OP_OPTIONAL, and the value unless
 * it was null). Only a union of several types branches. What is nested has steps of its own elsewhere, ended by OP_END: of a record for
 * its fields, of an array or map for one item. They stand once for each pair of types, so that a type may hold itself.
 */

#include "avro/layout.h"
#include "base/arena.h"

#define PROGRAM_OPS_MAX (1 << 20) /* steps in all */

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
        OP_DEFAULT,       /* no bytes: the slot is *value, or the default of the reader's field */
        OP_END,           /* nothing may be left of a layout's record; of anything else the end of its steps */
        /* Never of a layout: */
        OP_BYTES, OP_FIXED, OP_RECORD, OP_ARRAY, OP_MAP,
};

struct op {
        uint8_t code, null_branch;
        uint16_t slot; /* the place of the value among the reader's fields; 0 when it stands in no record */
        uint32_t n;    /* OP_ENUM: symbols of the writer; OP_BRANCH: branches; OP_JUMP: the target; OP_RECORD, OP_ARRAY, OP_MAP: where its steps begin */
        union {
                const int32_t *symbols;      /* OP_ENUM: writer's index to reader's, -1 refused */
                const uint32_t *targets;     /* OP_BRANCH */
                const struct schema *skip;   /* OP_SKIP */
                const struct slot *value;    /* OP_DEFAULT; NULL when the reader is no layout */
                bool ordered;                /* OP_RECORD: its steps fill the fields one after another */
        };
        const char *field; /* for errors: the writer's name of it; of the reader when the writer has none; "" when it stands in no record */
        const struct schema *type; /* the reader's, no union; NULL when no value comes of it */
};

struct program {
        struct op *ops;
        struct op root;        /* OP_RECORD, its steps at 0; OP_END when no record stands outermost: the steps of the value are then at 0 */
        struct arena *arena;
        const char *gaps;
};

/*
 * For a layout. @writer: any record schema; both must outlive the program.
 * Return: 0; -EINVAL with every reason in one sentence when they do not resolve; -ENOMEM.
 */
int program_new(const struct schema_file *writer, const struct layout *reader, struct program **ret, struct error *err) MUSTCHECK;

/*
 * The same for any reader, of any type. What would be read as what it does not say does not resolve: where both sides have a logical
 * type and not the same, or decimals of another scale. (What the reader of a layout makes of dates and instants is its schema's alone.)
 */
int program_new_any(const struct schema_file *writer, const struct schema_file *reader, struct program **ret, struct error *err) MUSTCHECK;

struct program *program_free(struct program *program); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct program *, program_free);

/*
 * What a writer may write and this reader will refuse, though the schemas resolve (a null, a symbol
 * or a branch that the reader does not have): one sentence with every field, or "" when the program
 * reads every record that the writer's schema allows. Whoever asks whether schemas are compatible asks compatible.h, which says more and
 * needs no program; this is the program's own account, to which tests hold that verdict.
 */
const char *program_gaps(const struct program *program);
