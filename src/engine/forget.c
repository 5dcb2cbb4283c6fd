/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Forgetting: a case that is over goes, but for its id and the day
 *
 * A case is over when whatever can end in it has ended (ketenwacht.ends in the schemas) and none of its
 * obligations is running or overdue. When it is, and the retention after its last fact is over too, every row
 * gets a tombstone and one row remains that says so. The case goes whole, in one transaction: half a case would be
 * judged as if the other half had never been told. Its instant is that of any timer, found by view_reached(); so there
 * is nothing to persist, and a partition that is behind forgets nothing.
 *
 * A region never ends: its case holds no child, and what is agreed there goes on.
 */

#include "engine/forget.h"

#include <errno.h>

static bool has_ended(struct view *v, const struct fact *fact) {
        for (size_t t = 0; t < fact->type->n_ended_by; t++) {
                struct fact_search ends = facts_joining(v, fact->type->ended_by[t], fact);
                const struct fact *end;

                while ((end = fact_search_next(&ends))) {
                        if (facts_join(fact, end) && view_reached(v, date_begin(end->own)))
                                return true;
                }
        }
        return false;
}

static bool all_has_ended(struct view *v) {
        for (size_t t = 0; t < v->engine->scope.n_endable; t++) {
                const struct fact_list *list = view_list(v, v->engine->scope.endable[t]);

                for (size_t i = 0; i < list->n; i++) {
                        if (!has_ended(v, list->items[i]))
                                return false;
                }
        }
        return true;
}

static bool nothing_is_asked(const struct view *v) {
        for (size_t i = 0; i < v->n_obligations; i++) {
                if (v->obligations[i].status == STATUS_RUNNING || v->obligations[i].status == STATUS_OVERDUE)
                        return false;
        }
        return true;
}

bool view_over(struct view *v) {
        if (v->decoded) /* a measure, and no fact that ends anything (view_open_to_tell): nothing can be over */
                return false;
        /* Schemas in which nothing ends anything do not say what over is: then no case is. */
        return !v->region && v->n > 0 && v->engine->scope.n_endable > 0 && all_has_ended(v) && nothing_is_asked(v);
}

/* Local midnight after the last day of the retention; every fact counts here, whatever became of it. */
static instant_t retention_over(const struct view *v) {
        instant_t last = v->facts[0].recorded_at;
        day_t day;

        for (size_t i = 1; i < v->n; i++) {
                if (v->facts[i].recorded_at > last)
                        last = v->facts[i].recorded_at;
        }
        if (term_step_end(v->config->calendar, v->store->retention, date_of_instant(last), &day, NULL))
                return INSTANT_NEVER; /* beyond the years that dates may have */
        return date_over(day);
}

bool view_to_be_forgotten(struct view *v, bool wait) {
        instant_t at;

        if (v->store->retention.count == 0 || !view_over(v))
                return false;
        at = retention_over(v);
        if (wait && at < date_over(v->today))
                at = date_over(v->today);
        return view_reached(v, at);
}

/* -- The rows -- */

static void tombstone(struct view *v, enum row_kind kind, const struct uuid *id) {
        buffer_clear(&v->engine->scratch);
        view_row(v, kind, id);
        if (!v->failed) {
                v->rows[v->n_rows - 1].value = NULL;
                v->rows[v->n_rows - 1].n_value = 0;
        }
}

static void bury(struct view *v) {
        const struct tellings *told = &v->casefile->told;
        const struct pool *pool = &v->engine->pool;
        const struct fact_header *header;
        uint32_t offset = 0;
        struct uuid id;

        while ((header = casefile_next_fact(v->casefile, &offset)) && !v->failed)
                tombstone(v, ROW_FACT, &header->event_id);
        for (uint32_t i = 0; i < told->n_announcements && !v->failed; i++) {
                id = announcement_id(pool, &told->announcements[i]);
                tombstone(v, ROW_OBLIGATION, &id);
        }
        for (uint32_t i = 0; i < told->n_alerts && !v->failed; i++)
                tombstone(v, ROW_ALERT, &told->alerts[i].id);
        for (uint32_t i = 0; i < told->n_copies && !v->failed; i++) {
                id = copy_id(pool, &told->copies[i]);
                tombstone(v, ROW_COPY, &id);
        }
}

static void told_later(instant_t *latest, instant_t at) {
        if (at > *latest)
                *latest = at;
}

/* The latest instant at which anything was told in the case: the clock of its partition must not fall behind it. */
static instant_t told_latest(const struct view *v) {
        const struct tellings *told = &v->casefile->told;
        instant_t latest = v->n_effects ? v->now : INSTANT_NEVER;

        if (latest != INSTANT_NEVER)
                return latest;
        latest = INT64_MIN;
        for (size_t i = 0; i < v->n; i++) {
                const struct slot *at = &v->facts[i].slots[row_told_at_slot(v->facts[i].type) + ROW_SKIPPED];

                if (at->kind == SLOT_INT)
                        told_later(&latest, at->i);
        }
        for (uint32_t i = 0; i < told->n_announcements; i++)
                told_later(&latest, told->announcements[i].told_at);
        for (uint32_t i = 0; i < told->n_alerts; i++)
                told_later(&latest, told->alerts[i].told_at);
        for (uint32_t i = 0; i < told->n_copies; i++)
                told_later(&latest, told->copies[i].told_at);
        return latest == INT64_MIN ? INSTANT_NEVER : latest;
}

int view_forget(struct view *v) {
        const struct telling row = {.day = v->today, .told_at = told_latest(v)};
        const struct uuid none = {0};

        v->n_rows = 0; /* what this evaluation wrote goes with the rest */
        row_write(v->engine->codec, ROW_CLOSED, &row, &v->engine->scratch);
        view_row(v, ROW_CLOSED, &none); /* first: whoever reads the rows in order knows what the tombstones are */
        bury(v);
        return v->failed ? -ENOMEM : store_close(v->store, v->casefile, v->today);
}
