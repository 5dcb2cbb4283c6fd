/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Spans: a whole number and a unit of time, as people write them: "500 ms", "10 seconds", "2 years", "-5 working days"
 *
 * The one reader of such texts. Which units there are and what one of them is worth stands in a table of the
 * caller's, who also judges the number. The unit stands behind spaces; a brief one may follow at once.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/language.h"
#include "base/text.h"

struct span_unit {
        const char *one, *many; /* "day", "days" */
        const char *brief;      /* "ms"; NULL when it has none */
        int64_t value;          /* what one of them is worth to the caller */
};

struct span {
        int64_t count; /* as written, with its sign; INT64_MAX when it is larger */
        struct text word;             /* what stands for the unit: a view */
        const struct span_unit *unit; /* set when it is one of the table */
};

enum span_error {
        SPAN_E_NUMBER = 1, /* does not begin with a whole number, or it runs into a word */
        SPAN_E_BARE,       /* nothing behind the number */
        SPAN_E_UNIT,       /* .word is no unit of the table */
};

/*
 * Takes a text apart; @units has @n rows. Return: 0 or enum span_error; what was found before the error stands in
 * *ret, and .word ends with the text.
 */
int span_parse(struct text t, const struct span_unit *units, size_t n, struct span *ret) MUSTCHECK;

/* language_hint(), " (did you mean 'years'?)", for a .word that is no unit of the table, or "". The text that was parsed must have ended with a NUL. */
const char *span_hint(const struct span *span, const struct span_unit *units, size_t n, enum language language, char ret[NEAREST_HINT_MAX]);

/* The units of clocks and their worth in milliseconds: ms, seconds, minutes, hours. */
#define SPAN_CLOCK_UNITS 4
extern const struct span_unit span_clock[SPAN_CLOCK_UNITS];
