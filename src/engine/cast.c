/* SPDX-License-Identifier: EUPL-1.2 */

/* Remembers who was recorded last whenever the case looks at the clock, and later whether that moved the clock. */

#include "engine/cast.h"

#include <errno.h>

#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"

#define CAST_ARENA_MAX ((size_t)256 * 1024 * 1024) /* ids of cases */
#define CAST_NOBODY INT64_MIN                      /* no instant: nobody moved the clock before */

struct cast {
        struct uuid case_id;
        struct arena *arena;
        struct table others;          /* struct uuid: whose events are played beside */
        VECTOR(instant_t) moments;    /* where the clock must stand at least when the case looks at it, in order; or CAST_NOBODY */
        instant_t latest;             /* of the others and of clock lines, until now; or CAST_NOBODY */
        struct uuid by;               /* whose event that is, unless it is a clock line's */
        bool by_clock, begun;
        size_t at;                    /* which moment comes, the second time */
        bool missed;
};

int cast_new(const struct uuid *case_id, struct cast **ret) {
        struct cast *cast = calloc(1, sizeof(*cast));

        if (!cast || arena_new(&cast->arena, CAST_ARENA_MAX)) {
                free(cast);
                return -ENOMEM;
        }
        cast->case_id = *case_id;
        cast->latest = CAST_NOBODY;
        *ret = cast;
        return 0;
}

struct cast *cast_free(struct cast *cast) {
        if (!cast)
                return NULL;
        table_done(&cast->others);
        vector_done(&cast->moments);
        arena_free(cast->arena);
        free(cast);
        return NULL;
}

static int cast_add(struct cast *cast, const struct uuid *case_id) {
        char *copy;

        if (cast_plays(cast, case_id))
                return 0;
        copy = arena_copy(cast->arena, case_id, sizeof(*case_id));
        return copy ? table_put(&cast->others, copy, sizeof(*case_id), copy) : -ENOMEM;
}

/* The case looks at the clock: whoever moved it last plays. */
static int cast_moment(struct cast *cast) {
        int r = cast->latest == CAST_NOBODY || cast->by_clock ? 0 : cast_add(cast, &cast->by);

        return r ? r : vector_push(&cast->moments, cast->latest);
}

static int cast_event(struct cast *cast, const struct event *event) {
        const struct uuid *case_id = &event->slots[SLOT_CASE_ID].u;
        instant_t recorded_at = event->slots[SLOT_RECORDED_AT].i;
        int r = cast->begun ? 0 : cast_add(cast, case_id); /* the clock starts with the first one, and regions with the clock */

        cast->begun = true;
        if (r)
                return r;
        if (uuid_equal(case_id, &cast->case_id))
                return cast_moment(cast);
        if (recorded_at > cast->latest) {
                cast->latest = recorded_at;
                cast->by = *case_id;
                cast->by_clock = false;
        }
        return 0;
}

int cast_line(struct cast *cast, const struct line *line) {
        if (line->kind == LINE_EVENT)
                return cast_event(cast, &line->event);
        if (line->kind == LINE_CLOCK && line->clock > cast->latest) {
                cast->latest = line->clock;
                cast->by_clock = true;
        }
        return 0;
}

int cast_end(struct cast *cast) {
        return cast_moment(cast);
}

bool cast_plays(const struct cast *cast, const struct uuid *case_id) {
        return uuid_equal(case_id, &cast->case_id) || table_get(&cast->others, case_id, sizeof(*case_id));
}

static void cast_look(struct cast *cast, instant_t now) {
        instant_t least = cast->at < cast->moments.n ? cast->moments.items[cast->at] : INSTANT_NEVER;

        cast->at++;
        if (least != CAST_NOBODY && (now == INSTANT_NEVER || now < least))
                cast->missed = true;
}

void cast_enter(struct cast *cast, const struct uuid *case_id, instant_t now) {
        if (uuid_equal(case_id, &cast->case_id))
                cast_look(cast, now);
}

void cast_leave(struct cast *cast, instant_t now) {
        cast_look(cast, now);
}

bool cast_held(const struct cast *cast) {
        return !cast->missed && cast->at == cast->moments.n;
}
