/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Layouts: a flat record schema as an array of slots
 *
 * A record decodes into slots, one per field in the order of the schema; everything above addresses
 * fields by slot number. Flat means: string, boolean, int, long, float, double, enum, uuid (a string, or
 * fixed of 16 bytes, with logicalType uuid), and nullable forms of these.
 */

#include "avro/schemas.h"
#include "base/uuid.h"

#define LAYOUT_SLOTS_MAX 64

enum slot_kind { SLOT_NULL, SLOT_BOOLEAN, SLOT_INT, SLOT_DOUBLE, SLOT_STRING, SLOT_UUID };

/* One value. Dates are days, timestamps ms, enums the index of the symbol: all in .i. Strings are views: the bytes belong to the record or an arena. */
struct slot {
        enum slot_kind kind;
        union {
                int64_t i;
                double d;
                struct text s;
                struct uuid u;
        };
};

enum layout_type {
        LAYOUT_BOOLEAN,
        LAYOUT_INT,
        LAYOUT_LONG,
        LAYOUT_FLOAT,
        LAYOUT_DOUBLE,
        LAYOUT_STRING,
        LAYOUT_ENUM,
        LAYOUT_DATE,
        LAYOUT_TIMESTAMP,
        LAYOUT_UUID,
        LAYOUT_UUID_FIXED,
};

struct layout_field {
        const char *name;
        enum layout_type type;
        bool nullable;
        uint8_t null_branch;            /* index of null in the union */
        bool has_default;
        struct slot default_value;
        const char **symbols; size_t n_symbols; /* enum */
        const struct schema_field *field;       /* doc and custom properties */
        const struct schema *plain;             /* the type without null */
};

/* What encoding needs of a field, beside one another: it goes through all of them for every record. */
struct layout_step {
        uint8_t type; /* enum layout_type */
        bool nullable;
        uint8_t null_branch;
        uint32_t n_symbols;
};

struct layout {
        const struct schema_file *file; /* borrowed: outlives the layout */
        const char *name;               /* full record name */
        uint64_t fingerprint;
        size_t n;
        struct layout_step steps[LAYOUT_SLOTS_MAX];
        struct layout_field fields[LAYOUT_SLOTS_MAX];
        size_t n_texts;
        uint8_t texts[LAYOUT_SLOTS_MAX]; /* the slots of strings, for those who add up their lengths */
};

/* Compiles a record schema. @file must outlive it. Return: 0; -EINVAL with a sentence (not flat, bad default …); -ENOMEM. */
int layout_new(const struct schema_file *file, struct layout **ret, struct error *err) MUSTCHECK;
struct layout *layout_free(struct layout *layout);
DEFINE_CLEANUP(struct layout *, layout_free);

/* The slot of a field, or -1. */
int layout_slot(const struct layout *layout, const char *name);
/* The index of an enum symbol, or -1. */
int layout_symbol(const struct layout_field *field, struct text symbol);

/* The type as people call it: "timestamp-millis". */
const char *layout_type_word(enum layout_type type);

/* Whether two values are the same; doubles bit for bit. */
bool slot_equal(const struct slot *a, const struct slot *b);

/* Equal for values that are the same. */
uint32_t slot_hash(const struct slot *slot);
