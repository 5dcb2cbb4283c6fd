/* SPDX-License-Identifier: EUPL-1.2 */

/* One Dutch sentence for a person: what, by when, and why it comes to this organisation. No personal data. */

#include <string.h>

#include "calendar/explain.h"
#include "engine/parts.h"

#define PIECES_MAX 10

/* One text of pieces (a NULL ends them), in the arena. Every telling has one, so nothing here goes through printf. */
static const char *join(struct view *v, const char *const *pieces) {
        size_t lengths[PIECES_MAX], n = 0, all = 0;
        char *text, *p;

        for (; pieces[n]; n++) {
                lengths[n] = strlen(pieces[n]);
                all += lengths[n];
        }
        text = p = arena_alloc(v->arena, all + 1);
        if (!text) {
                v->failed = true;
                return "";
        }
        for (size_t i = 0; i < n; i++) {
                memcpy(p, pieces[i], lengths[i]);
                p += lengths[i];
        }
        *p = '\0';
        return text;
}
#define JOIN(v, ...) join((v), (const char *const[PIECES_MAX + 1]){__VA_ARGS__})

static const char *title_of(const struct norm *norm) {
        return norm->title ? norm->title : norm->name;
}

static const char *protocol_of(const struct norm *norm) {
        return norm->protocol->title ? norm->protocol->title : norm->protocol->name;
}

/* Why operators hear of it: the role means nobody. */
static const char *why(struct view *v, const struct addressee *to) {
        return to->fallback ? JOIN(v, " De rol '", to->role->name, "' is hier bij niemand belegd; daarom komt dit bij het beheer.") : "";
}

const char *sentence_plan(struct view *v, const struct obligation *o, enum effect_stage stage, const struct addressee *to) {
        const char *what = stage == STAGE_REMINDER ? "Herinnering: te doen uiterlijk op " : "Te doen uiterlijk op ";
        char date[DATE_DUTCH_MAX]; /* "maandag 17 oktober 2022" */

        return JOIN(v, what, date_dutch(o->due.date, date), ": ", title_of(o->norm), " (", protocol_of(o->norm), ").", why(v, to));
}

const char *sentence_raised(struct view *v, const struct obligation *o, unsigned rung, const struct addressee *to) {
        const char *what = o->norm->timing == TIMING_LIMIT ? "Niet nagekomen sinds " : "Niet gehaald, uiterlijk ";
        char date[DATE_DUTCH_MAX], number[NUMBER_TEXT_MAX];

        return JOIN(v, what, date_dutch(o->due.date, date), ": ", title_of(o->norm), " (", protocol_of(o->norm), ", trede ", number_text(rung, number), ").",
                    why(v, to));
}

const char *sentence_resolved(struct view *v, const char *norm, enum resolution reason, const struct obligation *o) {
        const char *title = o ? title_of(o->norm) : norm;
        char date[DATE_DUTCH_MAX];

        switch (reason) {
        case RESOLVED_MET_IN_TIME:
                return JOIN(v, title, ": op tijd gedaan op ", date_dutch(o->met_date, date), "; het bericht daarover kwam later.");
        case RESOLVED_MET_LATE:
                return JOIN(v, title, ": alsnog gedaan op ", date_dutch(o->met_date, date), ".");
        case RESOLVED_EXPLAINED:
                return JOIN(v, title, ": er is uitgelegd waarom ervan is afgeweken.");
        case RESOLVED_LAPSED:
                return JOIN(v, title, ": niet meer aan de orde sinds ", date_dutch(o->ended_date, date), ".");
        case RESOLVED_MOVED:
                return JOIN(v, title, ": dit ligt nu bij een andere organisatie.");
        default:
                return JOIN(v, title, ": ingetrokken, deze afspraak geldt hier niet (meer).");
        }
}
