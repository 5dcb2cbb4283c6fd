/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Matching: the rules of Avro by which what one schema wrote another reads
 *
 * One step at a time: whether two types go together, which field takes which, which branch a value takes, what a symbol
 * becomes. What stands inside a type (fields, items, branches) is the next step and the caller's: program.h makes steps of
 * it that read bytes. One extension of the Avro rules: a uuid written as a string is read by a type that keeps it as
 * fixed(16), and the other way round.
 */

#include "avro/schemas.h"

/*
 * Whether a reader's record, enum or fixed takes the writer's: by its name without the namespace, or by an alias, which is a full name
 * (one without dots is of the reader's namespace).
 */
bool match_names(const struct schema *writer, const struct schema *reader);

/* The same to the letter: the very same full name, or an alias. */
bool match_full_names(const struct schema *writer, const struct schema *reader);

enum match {
        MATCH_NOT,
        MATCH_SAME,     /* of the same kind; what stands inside may still not go together */
        MATCH_PROMOTED, /* int to long, float or double; long to float or double; float to double; string to bytes and back */
        MATCH_UUID,     /* text to 16 bytes, or back */
};

/* How a writer's type is read as a reader's; neither is a union. */
enum match match_types(const struct schema *writer, const struct schema *reader);

/*
 * The branch of a reader's union that takes a writer's type, which is no union: the first of the same kind and full name or alias, else
 * the first of the same kind, else the first that matches at all; -1: none.
 */
int match_branch(const struct schema *writer, const struct schema *reader);

/* Whether a reader's field is called @name, by its name or an alias. */
bool match_field_means(const struct schema_field *field, const char *name);

/*
 * The reader's field that takes each of the writer's, in @ret (writer->n_fields of them), -1 when none does: by its name, else by
 * an alias. A field's own name goes before its aliases; of two that are aliases of one field the first in the writer's order counts.
 */
void match_fields(const struct schema *writer, const struct schema *reader, int *ret);

/* The index of a writer's symbol in a reader's enum, or of its default; -1: it has neither. */
int match_symbol(const char *symbol, const struct schema *reader);
