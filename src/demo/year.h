/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A generated year: what the three GIs and the ten municipalities of Groningen might have written down in 2022
 *
 * Measures begin, protectors are assigned in time or late, courses are agreed, help is asked for,
 * waited for and started, families move, things are put right, go wrong and end. No child stands behind it. The
 * same seed gives the same events; a case does not depend on how many others there are. It is a
 * picture for people and tests, not a forecast: the shares were chosen so that every norm is met, missed and explained.
 */

#include "calendar/date.h"
#include "demo/tape.h"

#define YEAR_CASES_MAX 20000
#define YEAR_CASES_DEFAULT 200
#define YEAR_SEED_DEFAULT 1

#define YEAR_FIRST "2022-01-03" /* a Monday: the agreement of Groningen holds in 2022 and 2023 */
#define YEAR_LAST "2022-12-31"

/* Adds the events of @cases cases (1 to YEAR_CASES_MAX) to an empty tape. Return: 0 or negative errno. */
int year_generate(uint64_t seed, unsigned cases, struct tape *tape) MUSTCHECK;

/* The case whose story is told at the end: the first one. Its protector came late, and Groningen took the alert up. */
struct uuid year_story(uint64_t seed);
