/* SPDX-License-Identifier: EUPL-1.2 */

/* One Dutch sentence for a person: what, by when, and why it comes to this organisation. No personal data. */

#include <string.h>

#include "calendar/explain.h"
#include "engine/tell.h"

/* One text of pieces, in the arena. Every telling has one, so nothing here goes through printf. */
static const char *join(struct view *v, const struct text *pieces, size_t n) {
        size_t all = 0;
        char *text, *p;

        for (size_t i = 0; i < n; i++)
                all += pieces[i].n;
        text = p = arena_alloc(v->arena, all + 1);
        if (!text) {
                v->failed = true;
                return "";
        }
        for (size_t i = 0; i < n; i++)
                p = text_write(p, pieces[i]);
        *p = '\0';
        return text;
}
#define JOIN(v, ...) join((v), (const struct text[]){__VA_ARGS__}, ELEMENTS(((const struct text[]){__VA_ARGS__})))

static struct text title_of(const struct norm *norm) {
        return text_of(norm->title ? norm->title : norm->name);
}

static struct text protocol_of(const struct norm *norm) {
        return text_of(norm->protocol->title ? norm->protocol->title : norm->protocol->name);
}

/* Why operators hear of it: the role means nobody. */
static struct text why(struct view *v, const struct addressee *to) {
        if (!to->fallback)
                return TEXT_OF("");
        return text_of(JOIN(v, TEXT_OF(" De rol '"), text_of(to->role->name), TEXT_OF("' is hier bij niemand belegd; daarom komt dit bij het beheer.")));
}

const char *sentence_plan(struct view *v, const struct obligation *o, enum effect_stage stage, const struct addressee *to) {
        struct text what = stage == STAGE_REMINDER ? TEXT_OF("Herinnering: te doen uiterlijk op ") : TEXT_OF("Te doen uiterlijk op ");
        struct text title = title_of(o->norm), protocol = protocol_of(o->norm), because = why(v, to);
        char day[DATE_DUTCH_MAX]; /* "maandag 17 oktober 2022" */
        struct text date = date_dutch_text(o->due.date, day);

        return JOIN(v, what, date, TEXT_OF(": "), title, TEXT_OF(" ("), protocol, TEXT_OF(")."), because);
}

const char *sentence_raised(struct view *v, const struct obligation *o, unsigned rung, const struct addressee *to) {
        struct text what = o->norm->timing == TIMING_LIMIT ? TEXT_OF("Niet nagekomen sinds ") : TEXT_OF("Niet gehaald, uiterlijk ");
        struct text title = title_of(o->norm), protocol = protocol_of(o->norm), because = why(v, to);
        char day[DATE_DUTCH_MAX], digits[NUMBER_TEXT_MAX];
        struct text date = date_dutch_text(o->due.date, day), number = number_text(rung, digits);

        return JOIN(v, what, date, TEXT_OF(": "), title, TEXT_OF(" ("), protocol, TEXT_OF(", trede "), number, TEXT_OF(")."), because);
}

/* "<title>: <what><date><rest>" */
static const char *on_date(struct view *v, struct text title, struct text what, day_t date, struct text rest) {
        char day[DATE_DUTCH_MAX];
        struct text dutch = date_dutch_text(date, day);

        return JOIN(v, title, what, dutch, rest);
}

const char *sentence_resolved(struct view *v, const char *norm, enum resolution reason, const struct obligation *o) {
        struct text title = o ? title_of(o->norm) : text_of(norm);

        switch (reason) {
        case RESOLVED_MET_IN_TIME:
                return on_date(v, title, TEXT_OF(": op tijd gedaan op "), o->met_date, TEXT_OF("; het bericht daarover kwam later."));
        case RESOLVED_MET_LATE:
                return on_date(v, title, TEXT_OF(": alsnog gedaan op "), o->met_date, TEXT_OF("."));
        case RESOLVED_EXPLAINED:
                return JOIN(v, title, TEXT_OF(": er is uitgelegd waarom ervan is afgeweken."));
        case RESOLVED_LAPSED:
                return on_date(v, title, TEXT_OF(": niet meer aan de orde sinds "), o->ended_date, TEXT_OF("."));
        case RESOLVED_MOVED:
                return JOIN(v, title, TEXT_OF(": dit ligt nu bij een andere organisatie."));
        default:
                return JOIN(v, title, TEXT_OF(": ingetrokken, deze afspraak geldt hier niet (meer)."));
        }
}
