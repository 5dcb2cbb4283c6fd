/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which cases an id may occur in: a small table over all ids of all cases
 *
 * Keeps 26 bits of each id and the number of a case, six bytes an entry: who asks looks into the case whether it is so. An id that occurs
 * often in a case stands there once. Grows in many small parts, so that nobody waits for all of it to be moved.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/uuid.h"

struct ids;

/* @max: entries at most; ids beyond are left out. Return: 0 or -ENOMEM. */
int ids_new(size_t max, struct ids **ret) MUSTCHECK;
struct ids *ids_free(struct ids *ids); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct ids *, ids_free);

/* The number of a case, made when it has none. Numbers of cases that are gone are given out again. Return: 0 or -ENOMEM. */
int ids_case(struct ids *ids, const struct uuid *case_id, uint32_t *ret) MUSTCHECK;

/* The number that a case has; false: none. */
bool ids_find_case(const struct ids *ids, const struct uuid *case_id, uint32_t *ret);

/* The case of a number that was given out. */
const struct uuid *ids_case_id(const struct ids *ids, uint32_t number);

/* The case is gone; its entries were taken out before. */
void ids_drop_case(struct ids *ids, uint32_t number);

/* What stands for a text, where ids are meant. */
struct uuid ids_of_text(struct text text);

/* One more id of a case; again: no effect. Return: 0 or -ENOMEM. */
int ids_put(struct ids *ids, uint32_t of_case, const struct uuid *id) MUSTCHECK;
void ids_remove(struct ids *ids, uint32_t of_case, const struct uuid *id); /* no effect when it is not there */

/* Numbers of cases in which it may occur, @max of them at most. Return: how many of @ret are filled. */
size_t ids_cases(const struct ids *ids, const struct uuid *id, uint32_t *ret, size_t max);

struct ids_stats {
        size_t n, cases, bytes;
        bool whole; /* nothing was left out */
};
struct ids_stats ids_stats(const struct ids *ids);
