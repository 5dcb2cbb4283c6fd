/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Why not: what the code that decides which obligations there are says where it says no
 *
 * Whoever wants to hear it lays a struct absences under the view (view.absences) before view_obligations(); nothing is decided a
 * second time. Without one a "no" costs a look at a pointer.
 */

#include "engine/obligation.h"

#define ABSENCES_MAX 200    /* more are only counted */
#define ABSENCE_TEXT_MAX 4096

enum absence_cause {
#define ABSENCE(cause, meaning) ABSENCE_##cause,
#include "engine/absence.def"
#undef ABSENCE
        ABSENCE_CAUSES,
};
extern const char *const absence_names[ABSENCE_CAUSES];

struct absence {
        const struct norm *norm;                 /* NULL: UNKNOWN_NORM */
        enum absence_cause cause;
        const struct fact *start;                /* the fact that might have started it, or NULL */
        day_t date;                              /* on which it was looked at, or DAY_NONE */
        const struct organisation *organisation; /* whom it is about: municipality, GI; or NULL */
        const struct condition *condition;       /* WHEN */
};

struct absences {
        const char *norm;    /* only norms of this name */
        struct absence *items;
        size_t n, capacity;
        size_t left_out;     /* those beyond ABSENCES_MAX */
        struct absence last; /* what the deepest question said: cause, organisation and condition */
};

/* From where it is decided, when somebody listens: a norm does not work on what @o says. */
void absence_add(struct view *v, const struct obligation *o, enum absence_cause cause, day_t date);
static inline void absence_note(struct view *v, const struct obligation *o, enum absence_cause cause, day_t date) {
        if (v->absences)
                absence_add(v, o, cause, date);
}
/* Of a type that has no facts that count. */
void absence_no_start(struct view *v, const struct event_type *type, const struct norm_scope *scopes, size_t n);

/*
 * After view_obligations(): takes away what an obligation stands in place of (the same norm on the same fact, under another version), and adds
 * UNKNOWN_NORM when no agreement has such a norm.
 */
void absences_settle(struct view *v);

/* Which norm was meant, most likely: a norm of another name, or NULL. */
const char *absence_nearest(const struct config *config, const char *norm);

/* One sentence, in Dutch, without a full stop: "geldt voor IJmond; Uitgeest viel op maandag 2 maart 2026 onder Alkmaar". @norm: what was asked for. */
void absence_print(struct view *v, const struct absence *absence, const char *norm, struct buffer *out);

/*
 * Why nothing was told of a norm to a case at an instant, in one line: its absences, or how its obligations stand. Facts recorded after @at
 * are left out. Return: 0 or -ENOMEM.
 */
int absence_sentence(struct engine *engine, struct store *store, struct casefile *casefile, instant_t at, const char *norm, struct buffer *out) MUSTCHECK;
