/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Facts of a case, for people and for programs: a page of them, the latest first, personal fields masked unless @clear. */

#include "console/exchange.h"
#include "engine/facts.h"

struct case_fact {
        const struct fact *fact;
        const char *role;  /* in which an organisation got a copy; NULL */
        instant_t told_at; /* of a later copy; 0 */
};

/* @facts: in the order in which they came. ?after= says behind which the page begins. */
void case_facts_write(struct exchange *x, struct html *h, const struct case_fact *facts, size_t n, bool clear);

/* Keys "facts_total", "facts" and "next" into the object that is open. */
void case_facts_put(struct exchange *x, const struct case_fact *facts, size_t n, struct json_writer *w);

/* The place that ?after= names, @n at most; false: it is no number (400 is answered). */
bool case_facts_read(struct exchange *x, size_t n, size_t *ret);
