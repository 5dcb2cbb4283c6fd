/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How long a case is of use to a connector that finds cases by case_keys.h: which measures run in it, and when all that leads to it is forgotten
 *
 * Follows begins and ends of measures on the event topics, and hands over the events of other types that the connector names. Keeps a row of kind "case"
 * for each case, with its text in place of a hash: "measure from until;…", - for an end that is not known. Some time after the last measure in a case has
 * ended every row in which the case stands is forgotten, and that one too.
 */

#include "calendar/date.h"
#include "channel/case_keys.h"
#include "model/event.h"

#define CASE_LIFE_OTHERS_MAX 4 /* types that the connector names */

/* The connector's option. */
#define CASE_LIFE_OPTION_ROWS(holder, field)                                                                                                               \
        {.key = "forget_days",                                                                                                                             \
         .fallback = "731",                                                                                                                                \
         .doc = "So many days after the last measure in a case has ended, all that leads to the case is forgotten; as retention in broker.yaml.",          \
         .type = OPTION_INT,                                                                                                                               \
         .offset = offsetof(holder, field),                                                                                                                \
         .min = 1,                                                                                                                                         \
         .max = 36525}

struct case_life;

struct case_life_config {
        const struct connector_env *env; /* all that is named here must outlive it */
        struct case_keys *keys;
        int64_t forget_days;             /* after the end of the last measure */
        const char *const *others;       /* names of event types that are handed over; those that are not configured are passed over */
        size_t others_n;                 /* at most CASE_LIFE_OTHERS_MAX */
        void *ctx;
        /* Takes an event of the @which-th of them. Return: 0 or negative errno with a sentence, which ends the connector. NULL when there are none. */
        int (*take)(void *ctx, size_t which, const struct event *event, struct error *err);
};

/* Return: 0 or negative errno with a sentence. */
int case_life_new(const struct case_life_config *config, struct case_life **ret, struct error *err) MUSTCHECK;
struct case_life *case_life_free(struct case_life *l); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct case_life *, case_life_free);

/* Takes in what came, and forgets now and then. Does not block. *ret_all: all that stood there at the beginning was taken in. Return: 0 or negative errno. */
int case_life_turn(struct case_life *l, bool *ret_all, struct error *err) MUSTCHECK;

/* The measure of a case that ran on a day, YYYY-MM-DD. false: not exactly one did, and @ret is "". */
bool case_life_measure(const struct case_keys *keys, const char *case_id, const char *on, char ret[UUID_TEXT + 1]);
