/* SPDX-License-Identifier: EUPL-1.2 */

/* Why a norm has no obligation: what was noted while it was decided, in Dutch. */

#include "engine/absence.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "calendar/explain.h"
#include "model/norm_words.h"

const char *const absence_names[ABSENCE_CAUSES] = {
#define ABSENCE(cause, meaning) [ABSENCE_##cause] = #cause,
#include "engine/absence.def"
#undef ABSENCE
};

/* -- Noting -- */

static void absence_put(struct view *v, struct absence absence) {
        struct absences *absences = v->absences;
        struct absence *room;

        if (absences->n == ABSENCES_MAX) {
                absences->left_out++;
                return;
        }
        room = view_add(v, &absences->items, &absences->n, &absences->capacity, sizeof(*room));
        if (room)
                *room = absence;
}

void absence_add(struct view *v, const struct obligation *o, enum absence_cause cause, day_t date) {
        struct absences *absences = v->absences;
        struct absence absence = {.norm = o->norm, .cause = cause, .start = o->start, .date = date};

        if (strcmp(o->norm->name, absences->norm) != 0)
                return;
        if (cause == ABSENCE_CAUSES) { /* as view_holds() said */
                absence.cause = absences->last.cause;
                absence.organisation = absences->last.organisation;
        }
        if (cause == ABSENCE_WHEN)
                absence.condition = absences->last.condition;
        assert(cause != ABSENCE_WHEN || absence.condition);
        absence_put(v, absence);
}

void absence_no_start(struct view *v, const struct event_type *type, const struct norm_scope *scopes, size_t n) {
        const struct fact *some = NULL;

        for (size_t i = 0; i < v->n && !some; i++)
                some = v->facts[i].type == type ? &v->facts[i] : NULL;
        for (size_t i = 0; i < n; i++) {
                const struct obligation o = {.norm = scopes[i].norm, .start = some};

                absence_add(v, &o, some ? ABSENCE_NOT_COUNTING : ABSENCE_NO_START, DAY_NONE);
        }
}

const char *absence_nearest(const struct config *config, const char *norm) {
        struct nearest nearest = NEAREST_INIT(norm);
        char hint[NEAREST_HINT_MAX];

        for (size_t p = 0; p < config->protocols.n; p++) {
                for (size_t i = 0; i < config->protocols.items[p]->n_norms; i++)
                        nearest_try(&nearest, config->protocols.items[p]->norms[i].name);
        }
        return nearest_hint(&nearest, hint)[0] ? nearest.best : NULL; /* not when it is too far */
}

static bool absence_is_known(const struct config *config, const char *norm) {
        for (size_t p = 0; p < config->protocols.n; p++) {
                for (size_t i = 0; i < config->protocols.items[p]->n_norms; i++) {
                        if (strcmp(config->protocols.items[p]->norms[i].name, norm) == 0)
                                return true;
                }
        }
        return false;
}

static bool absence_is_replaced(const struct view *v, const struct absence *absence) {
        for (size_t i = 0; i < v->n_obligations; i++) {
                if (v->obligations[i].start == absence->start && strcmp(v->obligations[i].norm->name, absence->norm->name) == 0)
                        return true;
        }
        return false;
}

void absences_settle(struct view *v) {
        struct absences *absences = v->absences;
        size_t kept = 0;

        for (size_t i = 0; i < absences->n; i++) {
                if (!absence_is_replaced(v, &absences->items[i]))
                        absences->items[kept++] = absences->items[i];
        }
        absences->n = kept;
        if (!absence_is_known(v->config, absences->norm))
                absence_put(v, (struct absence){.cause = ABSENCE_UNKNOWN_NORM, .date = DAY_NONE});
}

/* -- Saying -- */

/* "kind OTS of VOTS is", "kind niet OTS is", "ends_on is ingevuld" */
static void absence_test(const struct condition *c, const struct event_type *type, struct buffer *out) {
        const struct layout_field *field = &type->layout->fields[c->slot];

        buffer_printf(out, "%s ", field->name);
        if (c->test == TEST_PRESENT || c->test == TEST_ABSENT) {
                buffer_add_text(out, c->test == TEST_PRESENT ? "is ingevuld" : "leeg is");
                return;
        }
        if (c->test == TEST_NOT)
                buffer_add_text(out, "niet ");
        for (size_t i = 0; i < c->n_values; i++) {
                buffer_add_text(out, i == 0 ? "" : i + 1 == c->n_values ? " of " : ", ");
                slot_value_print(field, &c->values[i], out);
        }
        buffer_add_text(out, " is");
}

static void absence_condition(const struct absence *a, struct buffer *out) {
        const struct condition *c = a->condition;

        if (c->subject == CONDITION_FACT) {
                if (c->test == TEST_PRESENT)
                        buffer_printf(out, "geldt alleen als er een %s is; die is er (nog) niet", c->type->name);
                else
                        buffer_printf(out, "geldt alleen zolang er geen %s is; die is er", c->type->name);
                return;
        }
        buffer_add_text(out, "geldt alleen als ");
        if (c->subject == CONDITION_EVENT) {
                buffer_printf(out, "er een %s is waarvan ", c->type->name);
                absence_test(c, c->type, out);
                buffer_add_text(out, "; die is er (nog) niet");
                return;
        }
        if (!a->start) {
                buffer_add_text(out, "een bericht dat zegt; hier is er geen");
                return;
        }
        absence_test(c, a->start->type, out);
        if (a->start->type->personal & (uint64_t)1 << c->slot) {
                buffer_add_text(out, "; dat is het niet");
                return;
        }
        buffer_add_text(out, "; het is ");
        slot_value_print(&a->start->type->layout->fields[c->slot], &a->start->slots[c->slot], out);
}

static void absence_regions(const struct protocol *p, struct buffer *out) {
        for (size_t i = 0; i < p->n_regions; i++)
                buffer_printf(out, "%s%s", i == 0 ? "" : i + 1 == p->n_regions ? " en " : ", ", p->regions[i]->name);
}

static void absence_region(const struct view *v, const struct absence *a, struct buffer *out) {
        char day[DATE_DUTCH_MAX];

        buffer_add_text(out, "geldt voor ");
        absence_regions(a->norm->protocol, out);
        if (v->region) {
                buffer_printf(out, "; dit is %s", v->region->name);
                return;
        }
        buffer_printf(out, "; %s viel op %s onder %s", a->organisation->name, date_dutch(a->date, day),
                      a->organisation->region ? a->organisation->region->name : "geen regio");
}

/* By the statement that decided, which view_municipality() asks too. */
static void absence_municipality(const struct view *v, const struct absence *a, struct buffer *out) {
        const struct statement *said = view_statement(v, a->date);
        char day[DATE_DUTCH_MAX];
        struct text code;

        if (a->norm->protocol->n_regions) {
                buffer_add_text(out, "geldt voor ");
                absence_regions(a->norm->protocol, out);
        } else {
                buffer_add_text(out, "geldt voor wie meedoet");
        }
        if (!said) {
                buffer_add_text(out, v->elsewhere ? "; de gemeente die hier genoemd is, bestond toen niet" : "; geen bericht noemt een gemeente die bekend is");
                return;
        }
        code = fact_text(said->fact, FIELD_MUNICIPALITY);
        if (said->municipality)
                buffer_printf(out, "; %.*s bestond op %s niet en had geen opvolger", (int)code.n, code.s, date_dutch(a->date, day));
        else
                buffer_printf(out, "; volgens %s was %.*s toen verantwoordelijk, en die gemeente is niet bekend", said->fact->type->name, (int)code.n, code.s);
}

static void absence_partner(const struct absence *a, struct buffer *out) {
        char day[DATE_DUTCH_MAX];

        if (a->organisation)
                buffer_printf(out, "geldt voor wie meedoet; %s (%s) deed op %s niet mee", a->organisation->name, a->organisation->id, date_dutch(a->date, day));
        else
                buffer_add_text(out, "geldt voor wie meedoet; welke GI deze zaak heeft, is niet bekend");
}

static void absence_validity(const struct absence *a, struct buffer *out) {
        const struct protocol *p = a->norm->protocol;
        bool early = a->cause == ABSENCE_TOO_EARLY;
        char bound[DATE_DUTCH_MAX], day[DATE_DUTCH_MAX];

        buffer_printf(out, "%s %s; %s valt daar%s", early ? "geldt pas vanaf" : "gold tot en met", date_dutch(early ? p->from : p->until, bound),
                      date_dutch(a->date, day), early ? "voor" : "na");
}

static void absence_unknown(struct view *v, const char *norm, struct buffer *out) {
        const char *nearest = absence_nearest(v->config, norm);

        buffer_printf(out, "geen enkele afspraak kent een norm '%s'", norm);
        if (nearest)
                buffer_printf(out, "; bedoelt u '%s'?", nearest);
}

void absence_print(struct view *v, const struct absence *a, const char *norm, struct buffer *out) {
        char day[DATE_DUTCH_MAX];

        switch (a->cause) {
        case ABSENCE_UNKNOWN_NORM:
                absence_unknown(v, norm, out);
                return;
        case ABSENCE_NO_START:
                buffer_add_text(out, "begint met ");
                event_type_print_dutch(a->norm->starts.type, out);
                buffer_add_text(out, ", en dat is hier (nog) niet bericht");
                return;
        case ABSENCE_NOT_COUNTING:
                buffer_add_text(out, "begint met ");
                event_type_print_dutch(a->norm->starts.type, out);
                buffer_add_text(out, ", en het bericht daarvan telt niet (meer): het is ingetrokken, vervangen of van een ander");
                return;
        case ABSENCE_NO_DATE:
                buffer_printf(out, "telt vanaf %s, en dat is niet ingevuld",
                              a->norm->starts.date >= 0 ? a->start->type->layout->fields[a->norm->starts.date].name : "een datum");
                return;
        case ABSENCE_NO_INSTANCE:
                buffer_printf(out, "bestaat één keer per %s, en dat is niet ingevuld", a->start->type->layout->fields[a->norm->per].name);
                return;
        case ABSENCE_WHEN:
                absence_condition(a, out);
                return;
        case ABSENCE_TOO_EARLY:
        case ABSENCE_TOO_LATE:
                absence_validity(a, out);
                return;
        case ABSENCE_NO_MUNICIPALITY:
                absence_municipality(v, a, out);
                return;
        case ABSENCE_REGION:
                absence_region(v, a, out);
                return;
        case ABSENCE_MUNICIPALITY_NO_PARTNER:
        case ABSENCE_GI_NO_PARTNER:
                absence_partner(a, out);
                return;
        case ABSENCE_OTHER_VERSION:
                buffer_printf(out, "op %s geldt een andere versie van deze afspraak", date_dutch(a->date, day));
                return;
        case ABSENCE_NO_DUE_DATE:
                buffer_add_text(out, "geldt op de dag waarop de termijn eindigt, en die is (nog) niet bekend");
                return;
        case ABSENCE_REGION_ONLY:
                buffer_add_text(out, "gaat over een regio, niet over een kind");
                return;
        case ABSENCE_BEFORE_REGION:
                buffer_printf(out, "moest uiterlijk %s, voordat er iets van deze regio bericht was", date_dutch(a->date, day));
                return;
        case ABSENCE_NOT_BEGUN:
                buffer_printf(out, "begint op %s", date_dutch(a->date, day));
                return;
        case ABSENCE_NO_YEAR:
                buffer_add_text(out, "vraagt iets per kalenderjaar, en (nog) geen heel jaar valt binnen de geldigheid");
                return;
        case ABSENCE_NOBODY:
                buffer_printf(out, "vraagt iets van iedere %s, en op %s is er geen", each_words[a->norm->each], date_dutch(a->date, day));
                return;
        case ABSENCE_CAUSES:
                break;
        }
        assert(!"a cause without a sentence");
}

static void absence_standing(const struct obligation *o, struct buffer *out) {
        char day[DATE_DUTCH_MAX];

        buffer_printf(out, "%s", status_dutch[o->status]);
        if (o->due.state == DUE_KNOWN)
                buffer_printf(out, ", uiterlijk %s", date_dutch(o->due.date, day));
        else
                buffer_add_text(out, ", (nog) zonder einddatum");
}

int absence_sentence(struct engine *engine, struct store *store, struct casefile *casefile, instant_t at, const char *norm, struct buffer *out) {
        struct absences absences = {.norm = norm};
        bool some = false;
        struct view v;
        int r;

        arena_reset(engine->arena);
        r = view_open_past(&v, engine, store, casefile, at);
        if (r)
                return r;
        v.absences = &absences;
        view_obligations(&v);
        absences_settle(&v);
        for (size_t i = 0; i < v.n_obligations; i++) {
                if (strcmp(v.obligations[i].norm->name, norm) != 0)
                        continue;
                buffer_add_text(out, some ? " · " : "");
                absence_standing(&v.obligations[i], out);
                some = true;
        }
        for (size_t i = 0; !some && i < absences.n; i++) {
                buffer_add_text(out, i ? " · " : "");
                absence_print(&v, &absences.items[i], norm, out);
        }
        return v.failed || out->failed ? -ENOMEM : 0;
}
