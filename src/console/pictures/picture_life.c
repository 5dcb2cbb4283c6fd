/* SPDX-License-Identifier: EUPL-1.2 */

/* Draws the life of a case, and writes the same as a table. */

#include "console/pictures/picture_life.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "console/pictures/shapes.h"

#define LIFE_WIDTH 760.0
#define LIFE_LEFT 10.0
#define LIFE_RIGHT 750.0
#define LIFE_TOP 24.0        /* below the dates */
#define LIFE_LANE 48.0       /* words, and a bar below them */
#define LIFE_WORDS 16.0      /* base line of the words in a lane */
#define LIFE_BAR 30.0        /* middle of what stands below them */
#define LIFE_MARK 15.0       /* as wide as a mark is, and as far apart */
#define LIFE_TITLE_MAX 108   /* characters of a title that fit */
#define LIFE_LEGEND_ROW 20.0
#define LIFE_LEGEND_COLUMNS 3
#define LIFE_NEAR (366 * INSTANT_DAY)
#define LIFE_PER_LETTER 6.6  /* at most, as wide as a letter is */

struct life_drawing {
        struct html *h;
        const struct picture_life *p;
        struct axis axis;
        bool now_stands; /* the present lies on the axis */
};

/* -- The span -- */

static void life_span_add(instant_t at, instant_t *first, instant_t *last) {
        if (at < *first)
                *first = at;
        if (at > *last)
                *last = at;
}

/* Dates that lie within so much of what happened; others are at the edge, or a term that counts from a birth would leave no room for anything. */
static void life_span_near(instant_t at, instant_t low, instant_t high, instant_t *first, instant_t *last) {
        if (at >= low && at <= high)
                life_span_add(at, first, last);
}

static void life_span_lanes(const struct picture_life *p, instant_t low, instant_t high, instant_t *first, instant_t *last) {
        for (size_t i = 0; i < p->n_lanes; i++) {
                life_span_near(p->lanes[i].from, low, high, first, last);
                if (p->lanes[i].due)
                        life_span_near(p->lanes[i].due, low, high, first, last);
                for (size_t k = 0; k < p->lanes[i].n_marks; k++)
                        life_span_near(p->lanes[i].marks[k].at, low, high, first, last);
        }
}

/* What happened, and what lies near it; the present too, as long as what happened still takes half of the picture. */
static struct axis life_axis(const struct picture_life *p, bool *ret_now) {
        instant_t first = INT64_MAX, last = INT64_MIN, low, high;

        for (size_t i = 0; i < p->n_stays; i++)
                life_span_add(p->stays[i].from, &first, &last);
        for (size_t i = 0; i < p->n_facts; i++)
                life_span_add(p->facts[i].at, &first, &last);
        for (size_t i = 0; i < p->n_lanes; i++) {
                for (size_t k = 0; k < p->lanes[i].n_marks; k++) {
                        if (p->lanes[i].marks[k].what != LIFE_REMINDER && p->lanes[i].marks[k].what != LIFE_RUNG)
                                life_span_add(p->lanes[i].marks[k].at, &first, &last);
                }
        }
        *ret_now = first > last || (p->now >= first && p->now - last <= (last - first) + LIFE_NEAR / 4);
        if (*ret_now)
                life_span_add(p->now, &first, &last);
        low = first - LIFE_NEAR;
        high = last + LIFE_NEAR;
        life_span_lanes(p, low, high, &first, &last);
        return axis_over(first, last, LIFE_LEFT, LIFE_RIGHT);
}

static bool life_stands(const struct life_drawing *d, instant_t at) {
        return at >= d->axis.first && at <= d->axis.last;
}

/* -- Points: facts that stand within one place are one -- */

static size_t life_column(const struct axis *axis, instant_t at) {
        return (size_t)((axis_x(axis, at) - axis->from) / (axis->to - axis->from) * (PICTURE_LIFE_PLACES - 1));
}

/* How many facts from @i on are one point. */
static size_t life_together(const struct axis *axis, const struct picture_life *p, size_t i) {
        size_t place = life_column(axis, p->facts[i].at), n = 1;

        while (i + n < p->n_facts && life_column(axis, p->facts[i + n].at) == place)
                n++;
        return n;
}

/* -- Shapes -- */

/* What lasts no time at all is seen, too. */
static void life_box(struct html *h, const char *class, double x, double y, double width, double height) {
        shape_box(h, class, x, y, width < 1 ? 1 : width, height);
}

static void life_number(struct html *h, const char *class, double x, double y, size_t number) {
        char text[24];

        (void) snprintf(text, sizeof(text), "%zu", number);
        shape_words(h, class, x, y + 4, text);
}

/* A mark, its middle at (x, y): each has a shape of its own. */
static void life_mark_draw(struct html *h, enum picture_life_what what, unsigned number, double x, double y) {
        switch (what) {
        case LIFE_ANNOUNCED:
                shape_path(h, "main", "M-5 -4H5V4H-5ZM-5 -4L0 1L5 -4", x, y);
                return;
        case LIFE_REMINDED:
                shape_path(h, "note", "M-6 -5H6L0 6Z", x, y);
                return;
        case LIFE_REMINDER:
                shape_path(h, "open", "M-5 -4H5L0 5Z", x, y);
                return;
        case LIFE_RUNG:
                shape_box(h, "open", x - 6, y - 7, 12, 14);
                life_number(h, "middle", x, y, number);
                return;
        case LIFE_ALERT:
                shape_path(h, "wrong", "M-7 8L0 -10L7 8Z", x, y);
                life_number(h, "middle strong over", x, y + 2, number);
                return;
        case LIFE_RESOLVED:
                shape_path(h, "open", "M-7 7L0 -9L7 7Z", x, y);
                shape_line(h, "line", x - 7, y, x + 7, y);
                return;
        case LIFE_MET:
                shape_path(h, "stroke good-stroke", "M-6 0L-2 5L6 -6", x, y);
                return;
        case LIFE_LAPSED:
                shape_path(h, "stroke", "M-5 -5L5 5M5 -5L-5 5", x, y);
                return;
        case LIFE_EXPLAINED:
                shape_path(h, "note", "M-6 -6H6V3H1L-3 7V3H-6Z", x, y);
                return;
        case LIFE_WHATS:
                return;
        }
}

/* What a mark says in words. */
static const char *life_what_words(enum picture_life_what what, enum language language) {
        switch (what) {
        case LIFE_ANNOUNCED:
                return IN_LANGUAGE(language, "announced", "aangekondigd");
        case LIFE_REMINDED:
                return IN_LANGUAGE(language, "reminder sent", "herinnering verstuurd");
        case LIFE_REMINDER:
                return IN_LANGUAGE(language, "reminder to come", "herinnering die komt");
        case LIFE_RUNG:
                return IN_LANGUAGE(language, "rung without an alert", "trede zonder melding");
        case LIFE_ALERT:
                return IN_LANGUAGE(language, "open alert", "open melding");
        case LIFE_RESOLVED:
                return IN_LANGUAGE(language, "alert resolved", "melding opgelost");
        case LIFE_MET:
                return IN_LANGUAGE(language, "done", "gedaan");
        case LIFE_LAPSED:
                return IN_LANGUAGE(language, "lapsed", "niet meer aan de orde");
        case LIFE_EXPLAINED:
                return IN_LANGUAGE(language, "explained", "uitgelegd");
        case LIFE_WHATS:
                break;
        }
        return "";
}

/* -- Lanes -- */

static void life_draw_stays(struct life_drawing *d, double top) {
        const struct picture_life *p = d->p;

        shape_words(d->h, "quiet", LIFE_LEFT, top + LIFE_WORDS, IN_LANGUAGE(p->language, "Responsible municipality", "Verantwoordelijke gemeente"));
        for (size_t i = 0; i < p->n_stays; i++) {
                double x = axis_x(&d->axis, p->stays[i].from), until = i + 1 < p->n_stays ? axis_x(&d->axis, p->stays[i + 1].from) : LIFE_RIGHT;

                life_box(d->h, i % 2 ? "open" : "ground outlined", x, top + LIFE_BAR - 9, until - x, 18);
                if (until - x > 30)
                        shape_words_cut(d->h, NULL, x + 5, top + LIFE_BAR + 4, p->stays[i].name, (size_t)((until - x - 14) / LIFE_PER_LETTER));
        }
}

static void life_draw_facts(struct life_drawing *d, double top) {
        const struct picture_life *p = d->p;

        shape_words(d->h, "quiet", LIFE_LEFT, top + LIFE_WORDS, IN_LANGUAGE(p->language, "Messages", "Berichten"));
        shape_line(d->h, "axis", LIFE_LEFT, top + LIFE_BAR, LIFE_RIGHT, top + LIFE_BAR);
        for (size_t i = 0, n; i < p->n_facts; i += n) {
                double x = axis_x(&d->axis, p->facts[i].at);

                n = life_together(&d->axis, p, i);
                html_begin(d->h, "circle");
                html_attr(d->h, "class", n == 1 ? "main" : "open");
                html_attr_number(d->h, "cx", x);
                html_attr_number(d->h, "cy", top + LIFE_BAR);
                html_attr_number(d->h, "r", n == 1 ? 4 : n < 10 ? 7 : n < 100 ? 9 : 11);
                html_end(d->h, "circle");
                if (n > 1 && n < 1000)
                        life_number(d->h, "middle small", x, top + LIFE_BAR, n);
                else if (n > 1)
                        shape_words(d->h, "middle small", x, top + LIFE_BAR + 4, "\xe2\x80\xa6");
        }
}

/* Marks do not stand on each other: one that would, stands beside. */
static void life_draw_marks(struct life_drawing *d, const struct picture_life_lane *lane, double y) {
        double taken = -1;

        for (size_t i = 0; i < lane->n_marks; i++) {
                double x = axis_x(&d->axis, lane->marks[i].at);

                if (!life_stands(d, lane->marks[i].at))
                        continue;
                if (taken >= 0 && x < taken + LIFE_MARK)
                        x = taken + LIFE_MARK;
                if (x > LIFE_RIGHT)
                        x = LIFE_RIGHT;
                taken = x;
                life_mark_draw(d->h, lane->marks[i].what, lane->marks[i].number, x, y);
        }
}

static void life_draw_lane(struct life_drawing *d, const struct picture_life_lane *lane, double top) {
        static const char *const classes[] = {[PART_GOOD] = "good", [PART_WRONG] = "wrong", [PART_WARNING] = "warning", [PART_NOTE] = "note"};
        double x = axis_x(&d->axis, lane->from), y = top + LIFE_BAR, until = lane->due ? axis_x(&d->axis, lane->due) : x;
        char words[512], date[PART_DATE_TEXT];

        if (lane->due)
                (void) snprintf(words, sizeof(words), IN_LANGUAGE(d->p->language, "%s: %s, due %s", "%s: %s, uiterlijk %s"), lane->title, lane->status,
                                part_date_text(date_of_instant(lane->due - 1), d->p->language, date));
        else
                (void) snprintf(words, sizeof(words), "%s: %s", lane->title, lane->status);
        shape_words_cut(d->h, classes[lane->mark], LIFE_LEFT, top + LIFE_WORDS, words, LIFE_TITLE_MAX);
        if (lane->open && d->now_stands && d->p->now > lane->due)
                shape_line(d->h, "line dashed", until, y, axis_x(&d->axis, d->p->now), y);
        life_box(d->h, "open", x < until ? x : until, y - 4, x < until ? until - x : x - until, 8); /* some terms count back */
        if (lane->due && life_stands(d, lane->due))
                shape_line(d->h, "line", until, y - 9, until, y + 9);
        else if (lane->due && lane->due > d->axis.last) /* it goes on where the picture ends */
                shape_path(d->h, "main", "M-8 -8L0 0L-8 8Z", until, y);
        if (!life_stands(d, lane->from) && lane->from < d->axis.first)
                shape_path(d->h, "main", "M8 -8L0 0L8 8Z", x, y);
        life_draw_marks(d, lane, y);
}

static void life_draw_now(struct life_drawing *d, double bottom) {
        double x = axis_x(&d->axis, d->p->now);

        if (!d->now_stands)
                return;
        shape_line(d->h, "now", x, LIFE_TOP - 2, x, bottom);
        shape_words(d->h, "strong end", x - 3, bottom - 3, IN_LANGUAGE(d->p->language, "now", "nu"));
}

/* -- The legend -- */

static void life_legend_words(struct life_drawing *d, size_t *at, double top, const char *text, double *ret_x, double *ret_y) {
        size_t column = *at % LIFE_LEGEND_COLUMNS, row = *at / LIFE_LEGEND_COLUMNS;

        *ret_x = LIFE_LEFT + 10 + (double)column * ((LIFE_RIGHT - LIFE_LEFT) / LIFE_LEGEND_COLUMNS);
        *ret_y = top + LIFE_LEGEND_ROW * (double)row + LIFE_LEGEND_ROW / 2;
        shape_words(d->h, "quiet", *ret_x + 16, *ret_y + 4, text);
        ++*at;
}

/* Only marks that the picture has. */
static void life_draw_legend(struct life_drawing *d, double top, const bool used[LIFE_WHATS]) {
        enum language language = d->p->language;
        size_t at = 0;
        double x, y;

        life_legend_words(d, &at, top, IN_LANGUAGE(language, "from the start to the due date", "van begin tot uiterste datum"), &x, &y);
        shape_box(d->h, "open", x - 9, y - 4, 16, 8);
        shape_line(d->h, "line", x + 7, y - 8, x + 7, y + 8);
        life_legend_words(d, &at, top, IN_LANGUAGE(language, "not done since", "sindsdien niet gedaan"), &x, &y);
        shape_line(d->h, "line dashed", x - 9, y, x + 8, y);
        for (int what = 0; what < LIFE_WHATS; what++) {
                if (!used[what])
                        continue;
                life_legend_words(d, &at, top, life_what_words((enum picture_life_what)what, language), &x, &y);
                life_mark_draw(d->h, (enum picture_life_what)what, 1, x, y);
        }
        if (!d->now_stands) {
                char words[64], date[PART_DATE_TEXT];

                (void) snprintf(words, sizeof(words), IN_LANGUAGE(language, "now, %s, lies beyond", "nu, %s, ligt erbuiten"),
                                part_date_text(date_of_instant(d->p->now), language, date));
                life_legend_words(d, &at, top, words, &x, &y);
        }
}

static size_t life_used(const struct picture_life *p, bool now_stands, bool used[LIFE_WHATS]) {
        size_t n = 2 + !now_stands;

        memset(used, 0, LIFE_WHATS * sizeof(*used));
        for (size_t i = 0; i < p->n_lanes; i++) {
                for (size_t k = 0; k < p->lanes[i].n_marks; k++)
                        used[p->lanes[i].marks[k].what] = true;
        }
        for (size_t what = 0; what < LIFE_WHATS; what++)
                n += used[what];
        return (n + LIFE_LEGEND_COLUMNS - 1) / LIFE_LEGEND_COLUMNS;
}

/* -- The picture -- */

bool picture_life_some(const struct picture_life *p) {
        return p->n_lanes || p->n_facts || p->n_stays;
}

static void life_describe(const struct picture_life *p, const struct axis *axis, char *ret, size_t room) {
        char first[PART_DATE_TEXT], last[PART_DATE_TEXT];
        size_t open = 0;

        (void) part_date_text(date_of_instant(axis->first), p->language, first);
        (void) part_date_text(date_of_instant(axis->last), p->language, last);
        for (size_t i = 0; i < p->n_lanes; i++)
                open += p->lanes[i].open;
        (void) snprintf(ret, room, IN_LANGUAGE(p->language,
                                               "A time line from %s to %s with %zu messages and %zu obligations, of which %zu past their date and not done. "
                                               "The table below has the same data.",
                                               "Een tijdlijn van %s tot %s met %zu berichten en %zu verplichtingen, waarvan %zu over de datum en niet gedaan. "
                                               "De tabel hieronder heeft dezelfde gegevens."),
                        first, last, p->n_facts, p->n_lanes, open);
}

void picture_life_draw(struct html *h, const struct picture_life *p) {
        struct life_drawing d = {.h = h, .p = p};
        bool used[LIFE_WHATS];
        size_t lanes = p->n_lanes + (p->n_stays > 0) + (p->n_facts > 0), legend;
        double y = LIFE_TOP, bottom = LIFE_TOP + LIFE_LANE * (double)lanes;
        char described[512];

        assert(picture_life_some(p) && p->n_lanes <= PICTURE_LIFE_LANES && p->n_stays <= PICTURE_LIFE_STAYS);
        d.axis = life_axis(p, &d.now_stands);
        legend = life_used(p, d.now_stands, used);
        life_describe(p, &d.axis, described, sizeof(described));
        part_picture_wide_begin(h, p->id, IN_LANGUAGE(p->language, "The life of this case", "Het leven van deze zaak"), described, LIFE_WIDTH,
                                bottom + LIFE_LEGEND_ROW * (double)legend + 6);
        html_begin(h, "g");
        html_attr(h, "aria-hidden", "true");
        axis_draw(h, &d.axis, LIFE_TOP, bottom, p->language);
        if (p->n_stays) {
                life_draw_stays(&d, y);
                y += LIFE_LANE;
        }
        if (p->n_facts) {
                life_draw_facts(&d, y);
                y += LIFE_LANE;
        }
        for (size_t i = 0; i < p->n_lanes; i++, y += LIFE_LANE)
                life_draw_lane(&d, &p->lanes[i], y);
        life_draw_now(&d, bottom);
        life_draw_legend(&d, bottom + 4, used);
        html_end(h, "g");
        part_picture_wide_end(h);
}

/* -- The table -- */

struct life_row {
        instant_t at;
        size_t place;  /* of those of one instant, which came first */
        const struct picture_life_lane *lane;
        const struct picture_life_mark *mark; /* of the lane; NULL: its start, or its due date */
        bool due;
        const struct picture_life_stay *stay;
        size_t fact, facts; /* a point: the first, and how many */
};

typedef VECTOR(struct life_row) life_rows;

static int life_rows_collect(const struct picture_life *p, const struct axis *axis, life_rows *rows) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < p->n_stays; i++)
                r = vector_push(rows, (struct life_row){.at = p->stays[i].from, .place = rows->n, .stay = &p->stays[i]});
        for (size_t i = 0, n; r == 0 && i < p->n_facts; i += n) {
                n = life_together(axis, p, i);
                r = vector_push(rows, (struct life_row){.at = p->facts[i].at, .place = rows->n, .fact = i, .facts = n});
        }
        for (size_t i = 0; i < p->n_lanes; i++) {
                const struct picture_life_lane *lane = &p->lanes[i];

                if (r == 0)
                        r = vector_push(rows, (struct life_row){.at = lane->from, .place = rows->n, .lane = lane});
                for (size_t k = 0; r == 0 && k < lane->n_marks; k++)
                        r = vector_push(rows, (struct life_row){.at = lane->marks[k].at, .place = rows->n, .lane = lane, .mark = &lane->marks[k]});
                if (r == 0 && lane->due)
                        r = vector_push(rows, (struct life_row){.at = lane->due - 1, .place = rows->n, .lane = lane, .due = true});
        }
        return r;
}

static int life_by_time(const void *a, const void *b) {
        const struct life_row *x = a, *y = b;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return x->place < y->place ? -1 : x->place > y->place;
}

static void life_row_what(struct part_table *t, const struct picture_life *p, const struct life_row *row) {
        enum language language = p->language;

        part_cell_begin(t);
        if (row->stay)
                html_textf(t->h, IN_LANGUAGE(language, "responsible from here on: %s", "vanaf hier verantwoordelijk: %s"), row->stay->name);
        else if (row->facts > 1)
                html_textf(t->h, IN_LANGUAGE(language, "%zu messages", "%zu berichten"), row->facts);
        else if (row->facts)
                html_text(t->h, p->facts[row->fact].text);
        else if (row->mark && row->mark->number)
                html_textf(t->h, "%s (%u)", life_what_words(row->mark->what, language), row->mark->number);
        else if (row->mark)
                html_text(t->h, life_what_words(row->mark->what, language));
        else
                html_text(t->h, row->due ? IN_LANGUAGE(language, "due date", "uiterste datum") : IN_LANGUAGE(language, "start", "begin"));
        if (row->mark && row->mark->text)
                html_textf(t->h, ": %s", row->mark->text);
        part_cell_end(t);
}

static void life_row_of(struct part_table *t, const struct life_row *row) {
        part_cell_begin(t);
        if (row->lane && row->lane->href)
                html_link(t->h, row->lane->href, row->lane->title);
        else if (row->lane)
                html_text(t->h, row->lane->title);
        part_cell_end(t);
        part_cell_text(t, row->lane ? row->lane->status : NULL);
}

static void life_row_write(struct part_table *t, const struct picture_life *p, const struct life_row *row) {
        const struct picture_life_fact *last = row->facts > 1 ? &p->facts[row->fact + row->facts - 1] : NULL;
        day_t from = date_of_instant(row->at), until = last ? date_of_instant(last->at) : from;

        part_row_begin(t, NULL);
        part_cell_begin(t);
        part_date(t->h, from, p->language);
        if (until != from) {
                html_text(t->h, IN_LANGUAGE(p->language, " to ", " tot en met "));
                part_date(t->h, until, p->language);
        }
        part_cell_end(t);
        life_row_what(t, p, row);
        life_row_of(t, row);
        part_row_end(t);
}

/* What the picture and the table leave out. */
static void life_say_left_out(struct html *h, const struct picture_life *p) {
        size_t marks = 0;

        for (size_t i = 0; i < p->n_lanes; i++)
                marks += p->lanes[i].left_out;
        if (p->left_out)
                html_textf(h, IN_LANGUAGE(p->language, "%zu more obligations do not stand in the picture; the list below has them. ",
                                          "Nog %zu verplichtingen staan niet in het beeld; de lijst hieronder heeft ze. "), p->left_out);
        if (marks)
                html_textf(h, IN_LANGUAGE(p->language, "%zu reminders, rungs and alerts more than fit were left out. ",
                                          "%zu herinneringen, treden en meldingen meer dan er passen, zijn weggelaten. "), marks);
}

int picture_life_table(struct html *h, const struct picture_life *p) {
        const struct part_column columns[] = {
                {IN_LANGUAGE(p->language, "When", "Wanneer"), PART_TEXT},
                {IN_LANGUAGE(p->language, "What", "Wat"), PART_TEXT},
                {IN_LANGUAGE(p->language, "Obligation", "Verplichting"), PART_TEXT},
                {IN_LANGUAGE(p->language, "How it stands now", "Hoe het nu staat"), PART_TEXT},
        };
        struct part_table t;
        char id[96];
        bool now_stands;
        struct axis axis = life_axis(p, &now_stands);
        life_rows rows = {0};
        int r = life_rows_collect(p, &axis, &rows);

        if (r) {
                vector_done(&rows);
                return r;
        }
        qsort(rows.items, rows.n, sizeof(*rows.items), life_by_time);
        html_begin(h, "p");
        life_say_left_out(h, p);
        html_end(h, "p");
        (void) snprintf(id, sizeof(id), "%s-table", p->id);
        part_table_begin(&t, h, id, IN_LANGUAGE(p->language, "What the picture shows", "Wat het beeld laat zien"), columns, ELEMENTS(columns));
        for (size_t i = 0; i < rows.n; i++)
                life_row_write(&t, p, &rows.items[i]);
        part_table_end(&t, "");
        vector_done(&rows);
        return 0;
}
