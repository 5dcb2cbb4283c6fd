/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What has to be forgotten, what must not be, and until when it may wait
 *
 * A case is over when all in it has ended and nothing is asked any more; so long after its last fact as it is kept it goes,
 * with the next evaluation. That is found here from the facts, for the bundled protocols but for what they ask: of that the
 * stories speak, and here an engine from scratch. What the facts do not say is when a worker looked, which makes a case with news wait for
 * the next midnight by its clock: of that there is the earliest instant and the latest, as far as it can be seen from outside.
 */

#include "simulation.h"

/* -- Whether -- */

const char *forget_not(struct sim *s, const struct ledger_case *c, instant_t now, unsigned version) {
        if (s->retention.count == 0)
                return "in this history nothing is";
        if (c->closed)
                return "was before";
        if (c->facts.n == 0)
                return "there is nothing of it";
        if (regions_find_case(s->config->organisations, &c->id))
                return "is a region's";
        if (now < naive_kept_until(c, s->retention))
                return "has to be kept for longer";
        if (!naive_has_ended(c, now))
                return "something in it has not ended";
        if (s->profile == PROFILE_DEADLINES && naive_is_asked(s, c, now, version))
                return "an obligation in it is running or overdue";
        if (s->profile == PROFILE_BUNDLED && !scratch_forgets(s, c, now, version))
                return "an engine from scratch keeps it";
        return NULL;
}

void case_close(struct ledger_case *c) {
        c->closed = true;
        for (size_t i = 0; i < c->facts.n; i++) {
                if (vector_push(&c->buried, c->facts.items[i]))
                        abort();
        }
        c->facts.n = 0;
        c->told.plans.n = c->told.alerts.n = 0;
}

/* -- Waiting -- */

static instant_t next_midnight(instant_t now) {
        return naive_begin(naive_date_of(now) + 1);
}

void wait_begin(struct wait *wait, instant_t now, bool told) {
        *wait = (struct wait){.touched = !told, .not_before = told ? next_midnight(now) : INSTANT_NEVER, .gone_by = told ? next_midnight(now) : INSTANT_NEVER};
}

/* The clock may have gone back since it was looked at for the first time: the earliest of all that are possible. */
void wait_looked(struct wait *wait, instant_t now) {
        if (wait->touched && next_midnight(now) < wait->not_before)
                wait->not_before = next_midnight(now);
}

void wait_settled(struct wait *wait, instant_t now) {
        if (!wait->touched)
                return;
        wait->touched = false;
        wait->gone_by = next_midnight(now);
}
