/* SPDX-License-Identifier: EUPL-1.2 */

/* Draws the steps of a norm, and writes the same as a table. */

#include "console/pictures/picture_ladder.h"

#include <assert.h>
#include <stdio.h>

#include "console/pictures/shapes.h"
#include "model/norm_words.h"
#include "web/parts.h"

#define LADDER_WIDTH 760.0
#define LADDER_START 30.0
#define LADDER_DUE 400.0
#define LADDER_END 720.0
#define LADDER_LINE 22.0    /* the line on which all stands */
#define LADDER_ROW 20.0     /* between two texts below it */
#define LADDER_GAP 17.0     /* two marks are not closer */
#define LADDER_WORDS 512
#define LADDER_STEPS_MAX (REMINDERS_MAX + RUNGS_MAX + 2)

enum ladder_kind { LADDER_STARTS, LADDER_REMINDS, LADDER_DUES, LADDER_ALERTS };

struct ladder_step {
        enum ladder_kind kind;
        unsigned number;              /* of a reminder or rung, from 1 */
        double days;                  /* from the start, or behind the due date */
        const struct term_step *span; /* before or behind the due date; NULL */
        const struct roles *to;       /* NULL */
        const struct conditions *when;
        double x;
};

struct ladder {
        struct ladder_step steps[LADDER_STEPS_MAX];
        size_t n;
        double term, behind;          /* days; 0: there is no term */
};

/* About so many days: only for places in the picture. */
static double ladder_days(struct term_step step) {
        static const double days[] = {[TERM_DAYS] = 1, [TERM_WEEKS] = 7, [TERM_MONTHS] = 30.44, [TERM_YEARS] = 365.25, [TERM_WORKING_DAYS] = 1.4,
                                      [TERM_HOURS] = 1 / 24.0};

        return step.count * days[step.unit];
}

static double ladder_term(const struct norm *norm) {
        double days = 0;

        if (norm->timing != TIMING_TERM && norm->timing != TIMING_HOURS)
                return 0;
        for (unsigned i = 0; i < norm->term.n; i++)
                days += ladder_days(norm->term.steps[i]);
        return days > 0 ? days : 0;
}

/* Reminders the earliest first, as they come. */
static void ladder_add_reminders(struct ladder *l, const struct norm *norm) {
        bool taken[REMINDERS_MAX] = {false};

        for (size_t k = 0; k < norm->n_reminders; k++) {
                size_t next = REMINDERS_MAX;

                for (size_t i = 0; i < norm->n_reminders; i++) {
                        if (!taken[i] && (next == REMINDERS_MAX || ladder_days(norm->reminders[i].before) > ladder_days(norm->reminders[next].before)))
                                next = i;
                }
                taken[next] = true;
                l->steps[l->n++] = (struct ladder_step){.kind = LADDER_REMINDS, .number = (unsigned)next + 1, .span = &norm->reminders[next].before,
                                                        .days = ladder_days(norm->reminders[next].before), .to = &norm->reminders[next].to};
        }
}

/* Two marks do not stand on each other, and none behind the end. */
static void ladder_place(struct ladder *l) {
        for (size_t i = 0; i < l->n; i++) {
                struct ladder_step *s = &l->steps[i];
                double part;

                switch (s->kind) {
                case LADDER_STARTS:
                        s->x = LADDER_START;
                        break;
                case LADDER_REMINDS:
                        part = l->term > 0 ? s->days / l->term : 0.2;
                        s->x = LADDER_DUE - (LADDER_DUE - LADDER_START) * (part > 1 ? 1 : part);
                        break;
                case LADDER_DUES:
                        s->x = LADDER_DUE;
                        break;
                case LADDER_ALERTS:
                        s->x = LADDER_DUE + LADDER_GAP + (LADDER_END - LADDER_DUE - LADDER_GAP) * (l->behind > 0 ? s->days / l->behind : 0);
                        break;
                }
                if (i > 0 && s->kind != LADDER_DUES && s->x < l->steps[i - 1].x + LADDER_GAP)
                        s->x = l->steps[i - 1].x + LADDER_GAP;
        }
        for (size_t i = l->n; i-- > 1;) { /* from the right: what was pushed beyond the end, or onto the due date */
                double most = i + 1 == l->n ? LADDER_END + LADDER_GAP : l->steps[i + 1].x;

                if (l->steps[i].kind != LADDER_DUES && l->steps[i].x > most - LADDER_GAP)
                        l->steps[i].x = most - LADDER_GAP;
        }
}

static void ladder_of(const struct norm *norm, struct ladder *l) {
        *l = (struct ladder){.term = ladder_term(norm)};
        l->steps[l->n++] = (struct ladder_step){.kind = LADDER_STARTS};
        ladder_add_reminders(l, norm);
        l->steps[l->n++] = (struct ladder_step){.kind = LADDER_DUES};
        for (size_t i = 0; i < norm->n_rungs; i++) {
                double days = ladder_days(norm->rungs[i].after);

                l->steps[l->n++] = (struct ladder_step){.kind = LADDER_ALERTS, .number = (unsigned)i + 1, .span = &norm->rungs[i].after, .days = days,
                                                        .to = &norm->rungs[i].to, .when = &norm->rungs[i].when};
                if (days > l->behind)
                        l->behind = days;
        }
        ladder_place(l);
}

/* -- In words -- */

/* What it is due by: "5 werkdagen", "op de dag van …". */
static void ladder_say_due(const struct picture_ladder *p, struct buffer *out) {
        const struct norm *norm = p->norm;

        switch (norm->timing) {
        case TIMING_TERM:
        case TIMING_HOURS:
                term_say(&norm->term, p->language, out);
                return;
        case TIMING_AT_ONCE:
                buffer_add_text(out, IN_LANGUAGE(p->language, "at once", "terstond"));
                return;
        case TIMING_DUE_WITH:
                buffer_printf(out, IN_LANGUAGE(p->language, "with %s", "met %s"), norm->due_with.type->name);
                return;
        case TIMING_LIMIT:
                buffer_add_text(out, IN_LANGUAGE(p->language, "when it happens too often", "als het te vaak gebeurt"));
                return;
        case TIMING_QUOTA:
                buffer_add_text(out, IN_LANGUAGE(p->language, "when the year is over", "als het jaar om is"));
                return;
        case TIMING_DUE:
                buffer_add_text(out, IN_LANGUAGE(p->language, "a fixed date", "een vaste datum"));
                return;
        }
}

static void ladder_say_what(const struct picture_ladder *p, const struct ladder_step *s, struct buffer *out) {
        switch (s->kind) {
        case LADDER_STARTS:
                buffer_printf(out, IN_LANGUAGE(p->language, "start: %s", "begin: %s"),
                              p->norm->starts_protocol ? IN_LANGUAGE(p->language, "the agreement", "de afspraak") : p->norm->starts.type->name);
                return;
        case LADDER_REMINDS:
                buffer_printf(out, IN_LANGUAGE(p->language, "reminder %u", "herinnering %u"), s->number);
                return;
        case LADDER_DUES:
                buffer_add_text(out, IN_LANGUAGE(p->language, "due date", "uiterste datum"));
                return;
        case LADDER_ALERTS:
                buffer_printf(out, IN_LANGUAGE(p->language, "rung %u", "trede %u"), s->number);
                return;
        }
}

static void ladder_say_span(const struct picture_ladder *p, const struct ladder_step *s, struct buffer *out) {
        if (s->kind == LADDER_DUES)
                ladder_say_due(p, out);
        if (!s->span)
                return;
        if (s->span->count == 0) {
                buffer_add_text(out, IN_LANGUAGE(p->language, "at once when it is over", "meteen als die om is"));
                return;
        }
        term_step_say(*s->span, p->language, out);
        buffer_add_text(out, s->kind == LADDER_REMINDS ? IN_LANGUAGE(p->language, " before", " ervoor") : IN_LANGUAGE(p->language, " after", " erna"));
}

static void ladder_say_to(const struct picture_ladder *p, const struct ladder_step *s, struct buffer *out) {
        if (s->to)
                roles_print(s->to, p->language, out);
}

/* -- The picture -- */

static void ladder_mark(struct html *h, const struct ladder_step *s) {
        char number[12];

        (void) snprintf(number, sizeof(number), "%u", s->number);
        switch (s->kind) {
        case LADDER_STARTS:
                shape_path(h, "main", "M-6 0A6 6 0 1 0 6 0A6 6 0 1 0 -6 0Z", s->x, LADDER_LINE);
                return;
        case LADDER_REMINDS:
                shape_path(h, "note", "M-7 -6H7L0 7Z", s->x, LADDER_LINE);
                return;
        case LADDER_DUES:
                shape_line(h, "stroke", s->x, LADDER_LINE - 12, s->x, LADDER_LINE + 12);
                return;
        case LADDER_ALERTS:
                shape_path(h, "open", "M-7 -8H7V8H-7Z", s->x, LADDER_LINE);
                shape_words(h, "middle strong", s->x, LADDER_LINE + 4, number);
                return;
        }
}

static double ladder_row(size_t row) {
        return LADDER_LINE + 28 + LADDER_ROW * (double)row;
}

/* Each step in words on a row of its own, led to its mark; on the side where there is room. */
static void ladder_words(struct html *h, const struct picture_ladder *p, const struct ladder_step *s, size_t row) {
        double y = ladder_row(row);
        bool left = s->x > LADDER_WIDTH / 2;
        CLEANUP(buffer_done) struct buffer words = BUFFER_INIT(LADDER_WORDS);
        size_t before;

        ladder_say_what(p, s, &words);
        before = words.n;
        buffer_add_text(&words, ", ");
        ladder_say_span(p, s, &words);
        if (words.n == before + 2)
                words.n = before;
        before = words.n;
        buffer_add_text(&words, ": ");
        ladder_say_to(p, s, &words);
        if (words.n == before + 2)
                words.n = before;
        shape_words(h, left ? "end" : "start", left ? s->x - 5 : s->x + 5, y, buffer_text(&words));
}

void picture_ladder_draw(struct html *h, const struct picture_ladder *p) {
        struct ladder l;
        char caption[LADDER_WORDS], described[2 * LADDER_WORDS];

        assert(picture_ladder_some(p->norm));
        ladder_of(p->norm, &l);
        (void) snprintf(caption, sizeof(caption), IN_LANGUAGE(p->language, "The steps of %s", "De stappen van %s"), p->norm->name);
        (void) snprintf(described, sizeof(described),
                        IN_LANGUAGE(p->language,
                                    "A time line from the start to the due date with %zu reminders, and behind it %zu rungs. Before and behind the due "
                                    "date each has a scale of its own. The table has the same data.",
                                    "Een tijdlijn van begin tot uiterste datum met %zu herinneringen, en daarachter %zu treden. Voor en na de uiterste datum "
                                    "geldt een eigen schaal. De tabel heeft dezelfde gegevens."),
                        p->norm->n_reminders, p->norm->n_rungs);
        part_picture_wide_begin(h, p->id, caption, described, LADDER_WIDTH, LADDER_LINE + 20 + LADDER_ROW * (double)l.n);
        html_begin(h, "g");
        html_attr(h, "aria-hidden", "true");
        for (size_t i = 0; i < l.n; i++) /* behind all words */
                shape_line(h, "grid", l.steps[i].x, LADDER_LINE + 12, l.steps[i].x, ladder_row(i) - 4);
        for (size_t i = 0; i < l.n; i++)
                ladder_words(h, p, &l.steps[i], i);
        shape_line(h, "line", LADDER_START, LADDER_LINE, LADDER_DUE, LADDER_LINE);
        shape_line(h, "line dashed", LADDER_DUE, LADDER_LINE, LADDER_END + LADDER_GAP, LADDER_LINE);
        for (size_t i = 0; i < l.n; i++)
                ladder_mark(h, &l.steps[i]);
        html_end(h, "g");
        part_picture_wide_end(h);
}

/* -- The table -- */

static void ladder_cell(struct part_table *t, const struct picture_ladder *p, const struct ladder_step *s,
                        void (*say)(const struct picture_ladder *p, const struct ladder_step *s, struct buffer *out)) {
        CLEANUP(buffer_done) struct buffer words = BUFFER_INIT(NORM_WORDS_MAX);

        say(p, s, &words);
        part_cell_text(t, words.n ? buffer_text(&words) : NULL);
}

static void ladder_say_when(const struct picture_ladder *p, const struct ladder_step *s, struct buffer *out) {
        if (s->when)
                conditions_print(s->when, p->norm->starts.type, p->language, out);
}

void picture_ladder_table(struct html *h, const struct picture_ladder *p) {
        const struct part_column columns[] = {
                {IN_LANGUAGE(p->language, "Step", "Stap"), PART_TEXT},
                {IN_LANGUAGE(p->language, "When", "Wanneer"), PART_TEXT},
                {IN_LANGUAGE(p->language, "Who hears it", "Wie het hoort"), PART_TEXT},
                {IN_LANGUAGE(p->language, "Only if", "Alleen als"), PART_TEXT},
        };
        struct part_table t;
        struct ladder l;
        char id[160], caption[160]; /* no two tables of a page are called the same */

        ladder_of(p->norm, &l);
        (void) snprintf(caption, sizeof(caption), IN_LANGUAGE(p->language, "The steps of %s as a table", "De stappen van %s als tabel"), p->norm->name);
        (void) snprintf(id, sizeof(id), "%s-table", p->id);
        part_table_begin(&t, h, id, caption, columns, ELEMENTS(columns));
        for (size_t i = 0; i < l.n; i++) {
                part_row_begin(&t, NULL);
                ladder_cell(&t, p, &l.steps[i], ladder_say_what);
                ladder_cell(&t, p, &l.steps[i], ladder_say_span);
                ladder_cell(&t, p, &l.steps[i], ladder_say_to);
                ladder_cell(&t, p, &l.steps[i], ladder_say_when);
                part_row_end(&t);
        }
        part_table_end(&t, "");
}
