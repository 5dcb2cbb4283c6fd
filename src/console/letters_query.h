/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which dead letters are meant: in an address, in a form, in audit
 *
 * One meaning for the list, the dry run and the sending again of what the list shows.
 */

#include "console/exchange.h"
#include "survey/letters.h"

#define LETTERS_QUERY_FIELDS 7

struct letters_query {
        struct letters_filter filter; /* borrows from: */
        char texts[LETTERS_QUERY_FIELDS][BUS_NAME_MAX + 1]; /* as they were given; "": not */
};

/* A value by its name; NULL: none. */
typedef const char *letters_query_value(const struct web_request *request, const char *name);

/* Reads what @value (web_query(), web_form()) has. Return: NULL; or the name of what cannot be: no place, no date, too long. */
const char *letters_query_read(const struct web_request *request, letters_query_value *value, struct letters_query *ret);
/* The same of another; what it borrows is its own. */
void letters_query_copy(const struct letters_query *query, struct letters_query *ret);

/* "code=BAD_VALUE&topic=plan-reviewed", percent-encoded; "" when it means all. */
#define LETTERS_QUERY_TEXT_MAX ((size_t)AUDIT_TEXT_MAX - 32)
/* Return: false: it is too long to be remembered in audit. */
bool letters_query_text(const struct letters_query *query, char ret[LETTERS_QUERY_TEXT_MAX]);

/* Hidden fields of a form, so that it means the same. */
void letters_query_hidden(const struct letters_query *query, struct html *h);

/* The visible fields of a filter. */
void letters_query_fields(const struct exchange *x, const struct letters_query *query, struct html *h);

/* "PARTITION/OFFSET", or an offset of partition 0. */
bool letters_place_read(const char *text, int32_t *ret_partition, int64_t *ret_offset);
