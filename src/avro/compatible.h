/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Compatible: whether all that one schema may write another reads, and every reason why not
 *
 * Of schemas of any shape, those that refer to themselves too, by the rules of match.h, which the program that reads
 * bytes goes by as well. Stricter than Avro in four things, each a kind of reason of its own: what is read as another
 * logical type changes its meaning, aliases by which several fields could be meant are read in other ways by other
 * libraries, an enum or fixed of another namespace is found in no union by Java, and a uuid in its other form (text, 16
 * bytes) is read by nobody but ketenwacht.
 */

#include "avro/schemas.h"

#define COMPATIBLE_REASONS_MAX 256 /* that are kept; what is beyond is counted */
#define COMPATIBLE_PATH_MAX 512    /* bytes of a path; a longer one begins with "…" */
#define COMPATIBLE_PAIRS_MAX 16384 /* of a writer's and a reader's record, in one question */

enum compatible_code {
        COMPATIBLE_TYPE,    /* one type is not read as another */
        COMPATIBLE_NAME,    /* record, enum or fixed of another name */
        COMPATIBLE_SIZE,    /* fixed of another size */
        COMPATIBLE_DEFAULT, /* a field that was not written has no default */
        COMPATIBLE_SYMBOL,  /* a symbol is not known, and there is no default */
        COMPATIBLE_BRANCH,  /* one type of the writer's union has no place */
        COMPATIBLE_LOGICAL, /* another logical type */
        COMPATIBLE_ALIAS,   /* several fields could be meant */
        COMPATIBLE_SPACE,   /* an enum or fixed of another namespace, read by a union */
        COMPATIBLE_UUID,    /* text as 16 bytes, or back */
        COMPATIBLE_CODES,
};

/* A path is "field.items.name": names of fields, items of a list, values of a map, [type] of a union of several; "": the schema itself. */
struct compatible_reason {
        enum compatible_code code;
        const char *writer, *reader; /* paths on both sides */
        const char *text;            /* what it is, to be said of a field: "is written as int and cannot be read as string" */
};

struct compatible;

/*
 * Whether @reader reads all that @writer may write. The sentences are in the language of @reader; all of them live as long as *ret.
 * Return: 0, whatever the answer is; -E2BIG when the two have more than COMPATIBLE_PAIRS_MAX pairs of records, with a sentence; -ENOMEM.
 */
int compatible_new(const struct schema_file *writer, const struct schema_file *reader, struct compatible **ret, struct error *err) MUSTCHECK;
struct compatible *compatible_free(struct compatible *compatible); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct compatible *, compatible_free);

/* How many reasons there are (none: it reads all), and those that are kept, outer ones first. */
size_t compatible_count(const struct compatible *compatible);
size_t compatible_kept(const struct compatible *compatible);
const struct compatible_reason *compatible_reason(const struct compatible *compatible, size_t index);

/* The code as others read it: "DEFAULT". */
const char *compatible_code_word(enum compatible_code code);

/* Whether Avro itself, by the letter, has no objection of this kind. */
bool compatible_code_is_ours(enum compatible_code code);

/* A reason as a whole sentence without a full stop: "field 'kind' may be C, which …", with both paths where they differ. */
#define COMPATIBLE_SENTENCE_MAX (2 * COMPATIBLE_PATH_MAX + 1024)
const char *compatible_sentence(const struct compatible *compatible, size_t index, char ret[COMPATIBLE_SENTENCE_MAX]);
