/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Avro schemas
 *
 * A parser that keeps what others drop: defaults, doc, aliases, logical types and custom properties.
 * All Avro types parse (so that anything a writer had can be skipped); which of them an event may
 * use is decided by layout.h. Immutable after parsing.
 */

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"

#define SCHEMA_DEPTH_MAX 32
#define SCHEMA_FIELDS_MAX 1024
#define SCHEMA_SYMBOLS_MAX 4096
#define SCHEMA_TEXT_MAX ((size_t)1024 * 1024)

enum schema_kind {
        SCHEMA_NULL, SCHEMA_BOOLEAN, SCHEMA_INT, SCHEMA_LONG, SCHEMA_FLOAT, SCHEMA_DOUBLE, SCHEMA_BYTES, SCHEMA_STRING,
        SCHEMA_RECORD, SCHEMA_ENUM, SCHEMA_ARRAY, SCHEMA_MAP, SCHEMA_UNION, SCHEMA_FIXED,
};
enum schema_logical { SCHEMA_NOT_LOGICAL, SCHEMA_DATE, SCHEMA_TIMESTAMP_MILLIS, SCHEMA_UUID, SCHEMA_OTHER_LOGICAL };

struct schema_field {
        const char *name, *doc;       /* doc: "" when absent */
        const struct schema *type;
        const json_t *default_value;  /* NULL: none */
        const json_t *properties;     /* the whole JSON object of the field */
};

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
};

struct schema_file;                    /* owns one parsed schema and everything it points to */

/* Parses @n bytes of JSON called @name in errors. Return: 0; -EINVAL with a sentence; -ENOMEM. */
int schema_parse(const char *name, const char *json, size_t n, struct schema_file **ret, struct error *err) MUSTCHECK;
int schema_read(const char *path, struct schema_file **ret, struct error *err) MUSTCHECK;
struct schema_file *schema_free(struct schema_file *file);
DEFINE_CLEANUP(struct schema_file *, schema_free);

const struct schema *schema_root(const struct schema_file *file);
const char *schema_json(const struct schema_file *file);          /* the text as it was read */
const char *schema_canonical(const struct schema_file *file);     /* Parsing Canonical Form */
uint64_t schema_fingerprint(const struct schema_file *file);      /* CRC-64-AVRO of it */

/* CRC-64-AVRO (Rabin) of any bytes. */
uint64_t fingerprint_crc64(const void *bytes, size_t n);

/* A custom property of a record or field ("ketenwacht.identity"), or NULL. */
const json_t *schema_property(const json_t *properties, const char *name);
