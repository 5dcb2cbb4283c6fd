/* SPDX-License-Identifier: EUPL-1.2 */

/* What a picture of a case shows: lanes from obligations, points from facts, and the order in which they matter. */

#include "console/pages/case_scene.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCENE_TEXT_MAX 4096

const char *case_status_words(enum status status, enum language language) {
        static const char *const english[STATUSES] = {
                [STATUS_RUNNING] = "runs", [STATUS_MET_IN_TIME] = "done in time", [STATUS_MET_LATE] = "done late",
                [STATUS_LAPSED] = "lapsed", [STATUS_EXPLAINED] = "explained", [STATUS_OVERDUE] = "not done"};

        return IN_LANGUAGE(language, english[status], status_dutch[status]);
}

enum part_mark case_status_mark(enum status status) {
        switch (status) {
        case STATUS_OVERDUE:
                return PART_WRONG;
        case STATUS_MET_LATE:
        case STATUS_EXPLAINED:
                return PART_WARNING;
        case STATUS_MET_IN_TIME:
                return PART_GOOD;
        case STATUS_RUNNING:
        case STATUS_LAPSED:
        case STATUSES:
                break;
        }
        return PART_NOTE;
}

/* -- Order -- */

static int scene_rank(enum status status) {
        switch (status) {
        case STATUS_OVERDUE:
                return 0;
        case STATUS_RUNNING:
                return 1;
        case STATUS_EXPLAINED:
                return 2;
        default:
                return 3;
        }
}

static int scene_by_worth(const void *a, const void *b) {
        const struct obligation *x = (*(const struct life_obligation *const *)a)->o, *y = (*(const struct life_obligation *const *)b)->o;
        int rank = scene_rank(x->status), r;
        day_t x_due = x->due.state == DUE_KNOWN ? x->due.date : INT32_MAX, y_due = y->due.state == DUE_KNOWN ? y->due.date : INT32_MAX;

        if (rank != scene_rank(y->status))
                return rank < scene_rank(y->status) ? -1 : 1;
        if (x_due != y_due)
                return (x_due < y_due) == (rank < 3) ? -1 : 1;
        r = strcmp(x->norm->name, y->norm->name);
        return r ? r : strcmp(x->instance, y->instance);
}

const struct life_obligation **case_in_order(const struct life *life, struct arena *arena) {
        const struct life_obligation **order = arena_calloc(arena, life->n_obligations + 1, sizeof(const struct life_obligation *));

        for (size_t i = 0; order && i < life->n_obligations; i++)
                order[i] = &life->obligations[i];
        if (order && life->n_obligations)
                qsort(order, life->n_obligations, sizeof(*order), scene_by_worth);
        return order;
}

/* -- Marks of a lane -- */

struct scene_lane {
        struct picture_life_lane *lane;
        struct picture_life_mark *marks; /* PICTURE_LIFE_MARKS */
};

static void scene_mark(struct scene_lane *s, enum picture_life_what what, instant_t at, unsigned number, const char *text) {
        if (at == INSTANT_NEVER)
                return;
        if (s->lane->n_marks == PICTURE_LIFE_MARKS) {
                s->lane->left_out++;
                return;
        }
        s->marks[s->lane->n_marks++] = (struct picture_life_mark){what, at, number, text};
}

static int scene_by_time(const void *a, const void *b) {
        const struct picture_life_mark *x = a, *y = b;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return x->number != y->number ? (x->number < y->number ? -1 : 1) : (int)x->what - (int)y->what;
}

/* Return: 0 or -ENOMEM. */
static int scene_lane_begin(struct scene_lane *s, struct picture_life_lane *lane, struct arena *arena) {
        s->lane = lane;
        s->marks = arena_calloc(arena, PICTURE_LIFE_MARKS, sizeof(*s->marks));
        lane->marks = s->marks;
        return s->marks ? 0 : -ENOMEM;
}

static void scene_lane_end(struct scene_lane *s) {
        qsort(s->marks, s->lane->n_marks, sizeof(*s->marks), scene_by_time);
}

/* "GI Noordzee (gi-noordzee), …" of the alerts of one rung that are open, or that are over; NULL: none is, or memory is out. */
static const char *scene_alerted(const struct view *v, const struct alert *const *alerts, size_t n, const struct alert *first, struct arena *arena) {
        CLEANUP(buffer_done) struct buffer names = BUFFER_INIT(SCENE_TEXT_MAX);

        for (size_t i = 0; i < n; i++) {
                if (alerts[i]->rung != first->rung || alerts[i]->open != first->open)
                        continue;
                if (names.n)
                        buffer_add_text(&names, ", ");
                organisations_print(v->config->organisations, pool_text(&v->engine->pool, alerts[i]->organisation), &names);
        }
        return names.failed ? NULL : arena_copy(arena, names.bytes, names.n);
}

/* One mark for all of one rung that are open, one for those that are over. */
static void scene_alerts(struct scene_lane *s, const struct view *v, const struct alert *const *alerts, size_t n, struct arena *arena) {
        for (size_t i = 0; i < n; i++) {
                bool seen = false;

                for (size_t k = 0; k < i && !seen; k++)
                        seen = alerts[k]->rung == alerts[i]->rung && alerts[k]->open == alerts[i]->open;
                if (!seen)
                        scene_mark(s, alerts[i]->open ? LIFE_ALERT : LIFE_RESOLVED, alerts[i]->told_at, alerts[i]->rung,
                                   scene_alerted(v, alerts, n, alerts[i], arena));
        }
}

static instant_t scene_date(day_t date) {
        return date == DAY_NONE ? INSTANT_NEVER : date_begin(date);
}

static instant_t scene_fact_at(const struct fact *fact) {
        return fact->own == DAY_NONE ? fact->occurred_at : date_begin(fact->own);
}

const char *case_event_words(const struct event_type *type, enum language language, struct arena *arena) {
        struct text term = event_type_dutch(type);

        return language == LANGUAGE_NL ? arena_copy(arena, term.s, term.n) : type->name;
}

/* A point; false: memory is out. */
static bool scene_point(struct picture_life_fact *ret, const struct fact *fact, enum language language, struct arena *arena) {
        *ret = (struct picture_life_fact){scene_fact_at(fact), case_event_words(fact->type, language, arena)};
        return ret->text != NULL;
}

/* -- All of the case -- */

static void scene_steps(struct scene_lane *s, const struct life_obligation *of, instant_t now) {
        const struct norm *norm = of->o->norm;
        bool lives = of->o->status == STATUS_RUNNING || of->o->status == STATUS_OVERDUE || of->o->status == STATUS_EXPLAINED;

        for (size_t i = 0; of->reminders && i < norm->n_reminders; i++) {
                if (of->reminders[i].told)
                        scene_mark(s, LIFE_REMINDED, of->reminders[i].at, (unsigned)i + 1, NULL);
                else if (of->o->status == STATUS_RUNNING && of->reminders[i].at > now)
                        scene_mark(s, LIFE_REMINDER, of->reminders[i].at, (unsigned)i + 1, NULL);
        }
        for (size_t i = 0; of->rungs && lives && i < norm->n_rungs; i++) {
                if (!of->rungs[i].told)
                        scene_mark(s, LIFE_RUNG, of->rungs[i].at, (unsigned)i + 1, NULL);
        }
}

static int scene_lane_of(struct picture_life_lane *lane, const struct life *life, const struct life_obligation *of, enum language language,
                         struct arena *arena) {
        const struct obligation *o = of->o;
        struct scene_lane s;
        int r = scene_lane_begin(&s, lane, arena);

        if (r)
                return r;
        lane->title = o->norm->title ? o->norm->title : o->norm->name;
        lane->status = case_status_words(o->status, language);
        lane->mark = case_status_mark(o->status);
        /* One that counts from a birth begins, to the eye, with the message that told of it. */
        lane->from = life_hides(life, o->start, &o->norm->starts) && o->link <= 1 ? scene_fact_at(o->start) : date_begin(o->from);
        /* What never may be is over from the beginning of time on (INT64_MIN): it is drawn where it was. */
        lane->due = o->due.state != DUE_KNOWN ? 0 : o->due.over == INT64_MIN ? date_over(o->due.date) : o->due.over;
        lane->open = o->status == STATUS_OVERDUE;
        if (of->announcement)
                scene_mark(&s, LIFE_ANNOUNCED, of->announcement->announced_at, 0, NULL);
        scene_alerts(&s, &life->view, of->alerts, of->n_alerts, arena);
        if (o->met && o->norm->timing != TIMING_LIMIT)
                scene_mark(&s, LIFE_MET, scene_date(o->met_date), 0, case_event_words(o->met->type, language, arena));
        if (o->ended && o->status == STATUS_LAPSED)
                scene_mark(&s, LIFE_LAPSED, scene_date(o->ended_date), 0, case_event_words(o->ended->type, language, arena));
        if (o->excuse)
                scene_mark(&s, LIFE_EXPLAINED, scene_fact_at(o->excuse), 0, case_event_words(o->excuse->type, language, arena));
        scene_steps(&s, of, life->view.now);
        scene_lane_end(&s);
        return 0;
}

static int scene_fact_by_time(const void *a, const void *b) {
        const struct picture_life_fact *x = a, *y = b;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return strcmp(x->text, y->text);
}

static void scene_facts_sort(struct picture_life_fact *facts, size_t n) {
        if (n)
                qsort(facts, n, sizeof(*facts), scene_fact_by_time);
}

/* Where the child lived: statements in the order of their dates; else the one municipality that is known, from the first fact on. */
static int scene_stays(const struct life *life, struct picture_life *ret, struct arena *arena) {
        size_t n = life->n_residences, skip = n > PICTURE_LIFE_STAYS ? n - PICTURE_LIFE_STAYS : 0;
        struct picture_life_stay *stays = arena_calloc(arena, n - skip + 1, sizeof(*stays));

        if (!stays)
                return -ENOMEM;
        for (size_t i = skip; i < n; i++) {
                const struct life_residence *residence = &life->residences[i];
                struct text code = fact_text(residence->statement->fact, FIELD_MUNICIPALITY);
                const char *name = residence->then ? residence->then->name : arena_copy(arena, code.s, code.n);

                if (!name)
                        return -ENOMEM;
                stays[i - skip] = (struct picture_life_stay){date_begin(residence->statement->date), name};
        }
        if (n == 0 && life->municipality && ret->n_facts)
                stays[n++] = (struct picture_life_stay){ret->facts[0].at, life->municipality->name};
        ret->stays = stays;
        ret->n_stays = n - skip;
        return 0;
}

int case_scene_of_life(const struct life *life, const struct life_obligation *const *order, size_t linked, enum language language, struct arena *arena,
                       struct picture_life *ret) {
        size_t lanes = life->n_obligations < PICTURE_LIFE_LANES ? life->n_obligations : PICTURE_LIFE_LANES;
        struct picture_life_fact *facts = arena_calloc(arena, life->view.n + 1, sizeof(*facts));
        struct picture_life_lane *room = arena_calloc(arena, lanes + 1, sizeof(*room));
        int r = facts && room ? 0 : -ENOMEM;

        *ret = (struct picture_life){.id = "life", .language = language, .now = life->view.now, .facts = facts, .n_facts = life->view.n, .lanes = room,
                                     .n_lanes = lanes, .left_out = life->n_obligations - lanes};
        for (size_t i = 0; r == 0 && i < life->view.n; i++)
                r = scene_point(&facts[i], &life->view.facts[i], language, arena) ? 0 : -ENOMEM;
        if (r == 0)
                scene_facts_sort(facts, life->view.n);
        for (size_t i = 0; r == 0 && i < lanes; i++) {
                r = scene_lane_of(&room[i], life, order[i], language, arena);
                if (r == 0 && i < linked)
                        room[i].href = arena_printf(arena, "#obligation-%zu", i + 1);
        }
        return r ? r : scene_stays(life, ret, arena);
}

/* -- What one organisation was told -- */

static size_t scene_open_alerts(const struct told_norm *norm) {
        size_t n = 0;

        for (size_t i = 0; i < norm->n_alerts; i++)
                n += norm->alerts[i]->open;
        return n;
}

/* From when it knows of it: the announcement, a reminder, an alert. */
static instant_t scene_heard_at(const struct told_norm *norm) {
        instant_t at = norm->announced ? norm->heard_at[0] : INSTANT_NEVER;

        for (unsigned i = 0; i < REMINDERS_MAX; i++) {
                if (norm->reminders & 1u << i && norm->heard_at[i + 1] < at)
                        at = norm->heard_at[i + 1];
        }
        for (size_t i = 0; i < norm->n_alerts; i++) {
                if (norm->alerts[i]->told_at < at)
                        at = norm->alerts[i]->told_at;
        }
        return at;
}

static int scene_lane_told(struct picture_life_lane *lane, const struct told *told, const struct told_norm *norm, enum language language, struct arena *arena) {
        day_t due = norm->announcement ? norm->announcement->due : norm->alerts[0]->due;
        size_t open = scene_open_alerts(norm);
        struct scene_lane s;
        int r = scene_lane_begin(&s, lane, arena);

        if (r)
                return r;
        lane->title = norm->of && norm->of->title ? norm->of->title : norm->norm;
        lane->status = open ? IN_LANGUAGE(language, "open alert", "open melding")
                : norm->n_alerts ? IN_LANGUAGE(language, "alert resolved", "melding opgelost") : IN_LANGUAGE(language, "announced", "aangekondigd");
        lane->mark = open ? PART_WRONG : PART_NOTE;
        lane->from = scene_heard_at(norm);
        lane->due = date_over(due);
        if (lane->from > lane->due)
                lane->from = lane->due;
        lane->open = open > 0;
        if (norm->announced)
                scene_mark(&s, LIFE_ANNOUNCED, norm->announcement->announced_at, 0, NULL);
        for (unsigned i = 0; i < REMINDERS_MAX; i++) {
                if (norm->reminders & 1u << i)
                        scene_mark(&s, LIFE_REMINDED, norm->heard_at[i + 1], i + 1, NULL);
        }
        scene_alerts(&s, &told->view, norm->alerts, norm->n_alerts, arena);
        scene_lane_end(&s);
        return 0;
}

int case_scene_of_told(const struct told *told, enum language language, struct arena *arena, struct picture_life *ret) {
        size_t lanes = told->n_norms < PICTURE_LIFE_LANES ? told->n_norms : PICTURE_LIFE_LANES;
        struct picture_life_fact *facts = arena_calloc(arena, told->n_copies + 1, sizeof(*facts));
        struct picture_life_lane *room = arena_calloc(arena, lanes + 1, sizeof(*room));
        int r = facts && room ? 0 : -ENOMEM;

        *ret = (struct picture_life){.id = "life", .language = language, .now = told->view.now, .facts = facts, .n_facts = told->n_copies, .lanes = room,
                                     .n_lanes = lanes, .left_out = told->n_norms - lanes};
        for (size_t i = 0; r == 0 && i < told->n_copies; i++)
                r = scene_point(&facts[i], told->copies[i].fact, language, arena) ? 0 : -ENOMEM;
        if (r == 0)
                scene_facts_sort(facts, told->n_copies);
        for (size_t i = 0; r == 0 && i < lanes; i++)
                r = scene_lane_told(&room[i], told, &told->norms[i], language, arena);
        return r;
}
