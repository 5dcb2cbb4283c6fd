/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reads the trail of an id from the broker
 *
 * Joins no group and changes nothing. An id that is no case_id is looked for first in all event topics, inboxes, dead letters and facts; of the
 * cases in which it occurs everything is read then: their partition of the event topics and of case-state, all inboxes, dead-letters and audit,
 * deliveries since their first record in an inbox, and how far whoever reads inboxes is.
 */

#include <stdatomic.h>

#include "model/config.h"
#include "survey/trail.h"
#include "worker/live.h"

struct kafka_config;

struct trail_source {
        const struct config *config;
        struct bus *bus;
        const struct kafka_config *kafka; /* of whoever can be asked for groups; NULL: who reads is not asked */
        const struct live_watch *watch;   /* NULL: nobody waits for it */
        instant_t now;
        const atomic_bool *enough;        /* NULL; or once it is true, the reading ends with -ECANCELED */
};

enum { TRAIL_E_NONE = 1 };

/*
 * Return: 0, *ret is joined; TRAIL_E_NONE: nothing is about it; -E2BIG with a sentence: a bound of survey/trail.h; -ENOMEM; other negative errno with a
 * sentence. When it is not known who reads (as with the embedded broker), @ret_readers says why not; else it is empty.
 */
int trail_read(const struct trail_source *source, const struct trail_wanted *wanted, struct trail **ret, struct error *ret_readers,
               struct error *err) MUSTCHECK;
