/* SPDX-License-Identifier: EUPL-1.2 */

/* One Dutch sentence for a person: what, by when, and why it comes to this organisation. No personal data. */

#include <string.h>

#include "calendar/explain.h"
#include "engine/parts.h"

/* "maandag 17 oktober 2022", in the arena. */
static const char *dutch_date(struct view *v, day_t date) {
        char text[DATE_DUTCH_MAX];
        const char *copy = arena_copy(v->arena, text, strlen(date_dutch(date, text)));

        if (!copy)
                v->failed = true;
        return copy ? copy : "";
}

static const char *title_of(const struct norm *norm) {
        return norm->title ? norm->title : norm->name;
}

/* Why operators hear of it: the role means nobody. */
static const char *why(struct view *v, const struct addressee *to) {
        const char *text = "";

        if (to->fallback)
                text = arena_printf(v->arena, " De rol '%s' is hier bij niemand belegd; daarom komt dit bij het beheer.", to->role->name);
        if (!text)
                v->failed = true;
        return text ? text : "";
}

static const char *protocol_of(const struct norm *norm) {
        return norm->protocol->title ? norm->protocol->title : norm->protocol->name;
}

static const char *finish(struct view *v, const char *text) {
        if (!text)
                v->failed = true;
        return text ? text : "";
}

const char *sentence_plan(struct view *v, const struct obligation *o, enum effect_stage stage, const struct addressee *to) {
        const char *what = stage == STAGE_REMINDER ? "Herinnering: te doen" : "Te doen";

        return finish(v, arena_printf(v->arena, "%s uiterlijk op %s: %s (%s).%s", what, dutch_date(v, o->due.date), title_of(o->norm),
                                      protocol_of(o->norm), why(v, to)));
}

const char *sentence_raised(struct view *v, const struct obligation *o, unsigned rung, const struct addressee *to) {
        const char *what = o->norm->timing == TIMING_LIMIT ? "Niet nagekomen sinds" : "Niet gehaald, uiterlijk";

        return finish(v, arena_printf(v->arena, "%s %s: %s (%s, trede %u).%s", what, dutch_date(v, o->due.date), title_of(o->norm),
                                      protocol_of(o->norm), rung, why(v, to)));
}

const char *sentence_resolved(struct view *v, const char *norm, enum resolution reason, const struct obligation *o) {
        const char *title = o ? title_of(o->norm) : norm;

        switch (reason) {
        case RESOLVED_MET_IN_TIME:
                return finish(v, arena_printf(v->arena, "%s: op tijd gedaan op %s; het bericht daarover kwam later.", title, dutch_date(v, o->met_date)));
        case RESOLVED_MET_LATE:
                return finish(v, arena_printf(v->arena, "%s: alsnog gedaan op %s.", title, dutch_date(v, o->met_date)));
        case RESOLVED_EXPLAINED:
                return finish(v, arena_printf(v->arena, "%s: er is uitgelegd waarom ervan is afgeweken.", title));
        case RESOLVED_LAPSED:
                return finish(v, arena_printf(v->arena, "%s: niet meer aan de orde sinds %s.", title, dutch_date(v, o->ended_date)));
        case RESOLVED_MOVED:
                return finish(v, arena_printf(v->arena, "%s: dit ligt nu bij een andere organisatie.", title));
        default:
                return finish(v, arena_printf(v->arena, "%s: ingetrokken, deze afspraak geldt hier niet (meer).", title));
        }
}
