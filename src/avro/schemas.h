/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Avro schemas
 *
 * A parser that keeps what others drop: defaults, doc, aliases, logical types and custom properties.
 * All Avro types parse (so that anything a writer had can be skipped); which of them an event may
 * use is decided by layout.h. Immutable after parsing. (Not schema.h: avro-c has a header of that name,
 * which it would hide. It owns the prefix avro_; ours are schema_, layout_, program_, record_, framing_.)
 */

#include <jansson.h>

#include "base/error.h"
#include "base/language.h"
#include "base/text.h"

#define SCHEMA_DEPTH_MAX 32
#define SCHEMA_FIELDS_MAX 1024
#define SCHEMA_SYMBOLS_MAX 4096
#define SCHEMA_BRANCHES_MAX 256
#define SCHEMA_NAME_MAX 255 /* characters of a full name */
#define SCHEMA_FIXED_MAX ((size_t)1024 * 1024)
#define SCHEMA_TEXT_MAX ((size_t)1024 * 1024)
#define SCHEMA_DIGITS_MAX 1000 /* of a decimal; one with more is SCHEMA_OTHER_LOGICAL */

enum schema_kind {
        SCHEMA_NULL, SCHEMA_BOOLEAN, SCHEMA_INT, SCHEMA_LONG, SCHEMA_FLOAT, SCHEMA_DOUBLE, SCHEMA_BYTES, SCHEMA_STRING,
        SCHEMA_RECORD, SCHEMA_ENUM, SCHEMA_ARRAY, SCHEMA_MAP, SCHEMA_UNION, SCHEMA_FIXED,
};

/* A logical type that we do not know, or that stands on a type it is not defined for, is SCHEMA_OTHER_LOGICAL: it means nothing. */
enum schema_logical {
        SCHEMA_NOT_LOGICAL, SCHEMA_DATE, SCHEMA_TIMESTAMP_MILLIS, SCHEMA_UUID, /* those that an event may have; from here on the others */
        SCHEMA_TIME_MILLIS, SCHEMA_TIME_MICROS, SCHEMA_TIMESTAMP_MICROS, SCHEMA_TIMESTAMP_NANOS,
        SCHEMA_LOCAL_TIMESTAMP_MILLIS, SCHEMA_LOCAL_TIMESTAMP_MICROS, SCHEMA_LOCAL_TIMESTAMP_NANOS,
        SCHEMA_DECIMAL, SCHEMA_DURATION, SCHEMA_OTHER_LOGICAL,
};

struct schema_field {
        const char *name, *doc;       /* doc: "" when absent */
        const struct schema *type;
        const json_t *default_value;  /* NULL: none; fits the type (of a union: schema_default_branch()) */
        const json_t *properties;     /* the whole JSON object of the field */
};

/* A named type that refers to itself is a cycle of pointers: whoever walks down bounds the depth. */
struct schema {
        enum schema_kind kind;
        enum schema_logical logical;
        const char *name;             /* full name of record, enum, fixed; else the type's word */
        const char *doc;              /* "" when absent */
        const json_t *properties;     /* the JSON object that wrote it, or NULL when it was a bare word */
        const struct schema_field *fields; size_t n_fields;     /* record */
        const char **symbols; size_t n_symbols;                 /* enum */
        const char *default_symbol;                             /* enum, or NULL */
        const struct schema **branches; size_t n_branches;      /* union */
        const struct schema *items;                             /* array, map */
        size_t size;                                            /* fixed */
        unsigned precision, scale;                              /* decimal: digits in all, and behind the point */
};

struct schema_file;                    /* owns one parsed schema and everything it points to */

/*
 * Parses @n bytes of JSON called @name in errors. Mistakes are told in @language with the path inside the schema:
 * "schemas/x.avsc: field 'kind': …"; so is later what layout_new() and program_new() say of it. Return: 0; -EINVAL with a sentence;
 * -ENOMEM; schema_read() also the negative errno of reading.
 */
int schema_parse(const char *name, const char *json, size_t n, enum language language, struct schema_file **ret, struct error *err) MUSTCHECK;
int schema_read(const char *path, enum language language, struct schema_file **ret, struct error *err) MUSTCHECK;
struct schema_file *schema_free(struct schema_file *file); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct schema_file *, schema_free);

/* What was parsed; all of it lives as long as @file. */
const struct schema *schema_root(const struct schema_file *file);
const char *schema_name(const struct schema_file *file);          /* as it was called in errors */
enum language schema_language(const struct schema_file *file);
const char *schema_json(const struct schema_file *file);          /* the text as it was read */
const char *schema_canonical(const struct schema_file *file);     /* Parsing Canonical Form */
uint64_t schema_fingerprint(const struct schema_file *file);      /* CRC-64-AVRO of it */

/*
 * The type of a default: @type, or of a union the first branch of which it is, by what can be seen without looking into it; NULL: none.
 * (Libraries older than Avro 1.12 take the first branch alone; layouts are held to that.)
 */
const struct schema *schema_default_branch(const struct schema *type, const json_t *value);

/* The part of a full name behind its last dot. */
const char *schema_short_name(const char *full);

/* A custom property of a record or field ("ketenwacht.identity"), or NULL. */
const json_t *schema_property(const json_t *properties, const char *name);

/* The same, when it is a string; else NULL. */
const char *schema_property_string(const json_t *properties, const char *name);
