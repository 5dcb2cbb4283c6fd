/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What can happen in a generated case (for bench_load*.c alone)
 *
 * A step is one event of a case: what it follows, how often and how soon it comes, and what it says. A step
 * that follows one that did not happen does not happen. The shares are a picture of the field for loads of its
 * size and mixture, not statistics.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_STEPS_MAX 48

struct load_step {
        const char *event;
        const char *fields;     /* "name=value …"; *: the case's own. Others: ids and dates of the case, true, the first symbol, null where allowed */
        bool municipality;      /* the municipality publishes it, not the GI */
        uint8_t share, after;   /* per cent of the cases in which step @after happened; the first step follows itself */
        int16_t least, most;    /* days after that step */
        uint8_t late;           /* per cent of them in which it takes so many days: */
        int16_t late_least, late_most;
};

/* The year: in order, what is followed before what follows. The first is the start of the measure. */
extern const struct load_step load_year[];
extern const size_t load_year_n;

/* The four deadlines: what each says; which and when is the business of bench_load.c. */
enum load_four { FOUR_STARTED, FOUR_PROTECTOR, FOUR_CONTACT, FOUR_COURSE, FOUR_HELP, FOUR_ENDED, FOUR_STEPS };
extern const struct load_step load_four[FOUR_STEPS];
