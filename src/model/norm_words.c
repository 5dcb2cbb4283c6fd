/* SPDX-License-Identifier: EUPL-1.2 */

/* The keys of a norm as texts: events, conditions, terms, roles. */

#include "model/norm_words.h"

#include <errno.h>
#include <string.h>

#include "calendar/explain.h"

/* -- Small words -- */

void slot_value_print(const struct layout_field *field, const struct slot *slot, struct buffer *out) {
        char day[DATE_DUTCH_MAX], id[UUID_TEXT + 1];

        switch (slot->kind) {
        case SLOT_NULL:
                buffer_add_text(out, "leeg");
                return;
        case SLOT_BOOLEAN:
                buffer_add_text(out, slot->i ? "true" : "false");
                return;
        case SLOT_INT:
                if (field->type == LAYOUT_ENUM)
                        buffer_add_text(out, field->symbols[slot->i]);
                else if (field->type == LAYOUT_DATE)
                        buffer_add_text(out, date_dutch((day_t)slot->i, day));
                else
                        buffer_printf(out, "%lld", (long long)slot->i);
                return;
        case SLOT_DOUBLE:
                buffer_printf(out, "%g", slot->d);
                return;
        case SLOT_STRING:
                buffer_add(out, slot->s.s, slot->s.n);
                return;
        case SLOT_UUID:
                uuid_format(&slot->u, id);
                buffer_add_text(out, id);
                return;
        }
}

static void norm_words_event(const struct event_type *type, enum language language, struct buffer *out) {
        if (language == LANGUAGE_NL)
                event_type_print_dutch(type, out);
        else
                buffer_add_text(out, type->name);
}

void roles_print(const struct roles *roles, enum language language, struct buffer *out) {
        for (size_t i = 0; i < roles->n; i++)
                buffer_printf(out, "%s%s", i ? ", " : "", IN_LANGUAGE(language, roles->items[i].name, role_dutch(roles->items[i].name)));
}

void term_step_say(struct term_step step, enum language language, struct buffer *out) {
        char text[64];

        if (step.count < 0)
                step.count = -step.count;
        if (language == LANGUAGE_NL) {
                term_step_print_dutch(step, out);
                return;
        }
        (void) term_step_format(step, text, sizeof(text));
        buffer_add_text(out, text);
}

void term_say(const struct term *term, enum language language, struct buffer *out) {
        for (unsigned i = 0; i < term->n; i++) {
                buffer_add_text(out, i ? IN_LANGUAGE(language, ", then ", ", dan ") : "");
                term_step_say(term->steps[i], language, out);
                if (term->steps[i].count < 0)
                        buffer_add_text(out, IN_LANGUAGE(language, " back", " terug"));
        }
}

const char *basis_words(const char *kind, enum language language) {
        static const struct { const char *kind, *en, *nl; } words[] = {
                {"statute", "law", "wet"}, {"inspection", "standard of the inspectorates", "norm van de inspecties"}, {"agreement", "agreement", "afspraak"},
                {"vision", "vision", "visie"}, {"agenda", "agenda", "agenda"},
        };

        for (size_t i = 0; kind && i < ELEMENTS(words); i++) {
                if (strcmp(words[i].kind, kind) == 0)
                        return IN_LANGUAGE(language, words[i].en, words[i].nl);
        }
        return kind ? kind : IN_LANGUAGE(language, "not said", "niet genoemd");
}

bool protocol_assumes(const struct protocol *protocol, const struct norm *norm, const char *key) {
        size_t n = norm ? strlen(norm->name) : 0;

        for (size_t i = 0; i < protocol->n_assumed; i++) {
                const char *path = protocol->assumed[i];

                if (norm ? strncmp(path, norm->name, n) == 0 && path[n] == '.' && strcmp(path + n + 1, key) == 0 : strcmp(path, key) == 0)
                        return true;
        }
        return false;
}

/* -- Conditions -- */

/* "kind is OTS of VOTS", "kind is niet OTS", "ends_on is ingevuld" */
static void condition_print_field(const struct condition *c, const struct event_type *type, enum language language, struct buffer *out) {
        const struct layout_field *field = &type->layout->fields[c->slot];

        buffer_add_text(out, field->name);
        if (c->test == TEST_PRESENT || c->test == TEST_ABSENT) {
                buffer_add_text(out, c->test == TEST_PRESENT ? IN_LANGUAGE(language, " is filled in", " is ingevuld")
                                        : IN_LANGUAGE(language, " is empty", " is leeg"));
                return;
        }
        buffer_add_text(out, c->test == TEST_NOT ? IN_LANGUAGE(language, " is not ", " is niet ") : " is ");
        for (size_t i = 0; i < c->n_values; i++) {
                buffer_add_text(out, i == 0 ? "" : i + 1 == c->n_values ? IN_LANGUAGE(language, " or ", " of ") : ", ");
                slot_value_print(field, &c->values[i], out);
        }
}

static void condition_print(const struct condition *c, const struct event_type *self, enum language language, struct buffer *out) {
        switch (c->subject) {
        case CONDITION_FACT:
                buffer_add_text(out, c->test == TEST_PRESENT ? IN_LANGUAGE(language, "there is a ", "er is een ")
                                        : IN_LANGUAGE(language, "there is no ", "er is geen "));
                norm_words_event(c->type, language, out);
                return;
        case CONDITION_EVENT:
                buffer_add_text(out, IN_LANGUAGE(language, "there is a ", "er is een "));
                norm_words_event(c->type, language, out);
                buffer_add_text(out, IN_LANGUAGE(language, " of which ", " waarvan "));
                condition_print_field(c, c->type, language, out);
                return;
        case CONDITION_SELF:
                if (self)
                        condition_print_field(c, self, language, out);
                return;
        }
}

void conditions_print(const struct conditions *when, const struct event_type *self, enum language language, struct buffer *out) {
        for (size_t i = 0; i < when->n; i++) {
                buffer_add_text(out, i ? IN_LANGUAGE(language, "; and ", "; en ") : "");
                condition_print(&when->items[i], self, language, out);
        }
}

static void norm_words_ref(const struct event_ref *ref, enum language language, struct buffer *out) {
        norm_words_event(ref->type, language, out);
        if (ref->date >= 0)
                buffer_printf(out, IN_LANGUAGE(language, ", from its %s", ", vanaf %s"), ref->type->layout->fields[ref->date].name);
        if (ref->when.n) {
                buffer_add_text(out, IN_LANGUAGE(language, ", if ", ", als "));
                conditions_print(&ref->when, ref->type, language, out);
        }
}

static void norm_words_refs(const struct event_refs *refs, enum language language, struct buffer *out) {
        for (size_t i = 0; i < refs->n; i++) {
                buffer_add_text(out, i ? IN_LANGUAGE(language, "; or ", "; of ") : "");
                norm_words_ref(&refs->items[i], language, out);
        }
}

/* -- Keys -- */

struct norm_saying {
        const struct norm *norm;
        enum language language;
        int (*see)(void *ctx, const struct norm_line *line);
        void *ctx;
        struct buffer text;
        int r;
};

/* Hands the text over, when there is one. */
static void norm_put(struct norm_saying *s, const char *key, const char *label) {
        const struct norm_line line = {key, label, buffer_text(&s->text), protocol_assumes(s->norm->protocol, s->norm, key)};

        if (s->text.failed)
                s->r = -ENOMEM;
        if (s->r == 0 && s->text.n)
                s->r = s->see(s->ctx, &line);
        buffer_clear(&s->text);
}

#define LABEL(s, en, nl) IN_LANGUAGE((s)->language, en, nl)

static void norm_say_start(struct norm_saying *s) {
        const struct norm *norm = s->norm;

        buffer_printf(&s->text, "%s%s%s", basis_words(norm->basis_kind, s->language), norm->basis_ref ? ": " : "", norm->basis_ref ? norm->basis_ref : "");
        norm_put(s, "basis", LABEL(s, "source", "bron"));
        if (norm->starts_protocol)
                buffer_add_text(&s->text, LABEL(s, "the agreement itself", "de afspraak zelf"));
        else
                norm_words_ref(&norm->starts, s->language, &s->text);
        norm_put(s, "starts", LABEL(s, "begins with", "begint met"));
        conditions_print(&norm->when, norm->starts.type, s->language, &s->text);
        norm_put(s, "when", LABEL(s, "only if", "alleen als"));
}

static void norm_say_limits(struct norm_saying *s) {
        for (size_t i = 0; i < s->norm->n_limits; i++) {
                buffer_printf(&s->text, LABEL(s, "%s%u times at most: ", "%sten hoogste %u keer: "), i ? "; " : "", s->norm->limits[i].at_most);
                norm_words_ref(&s->norm->limits[i].event, s->language, &s->text);
        }
        norm_put(s, "limit", LABEL(s, "not more often than", "niet vaker dan"));
}

static void norm_say_timing(struct norm_saying *s) {
        const struct norm *norm = s->norm;
        char day[DATE_DUTCH_MAX];

        switch (norm->timing) {
        case TIMING_AT_ONCE:
                buffer_add_text(&s->text, LABEL(s, "at once", "terstond"));
                norm_put(s, "term", LABEL(s, "term", "termijn"));
                return;
        case TIMING_TERM:
        case TIMING_HOURS:
                term_say(&norm->term, s->language, &s->text);
                norm_put(s, "term", LABEL(s, "term", "termijn"));
                if (norm->term.legal)
                        buffer_add_text(&s->text, LABEL(s, "an end on a day off moves on", "een einde op een vrije dag schuift op"));
                norm_put(s, "roll", LABEL(s, "days off", "vrije dagen"));
                return;
        case TIMING_DUE_WITH:
                norm_words_ref(&norm->due_with, s->language, &s->text);
                norm_put(s, "due_with", LABEL(s, "due on the day of", "uiterlijk op de dag van"));
                return;
        case TIMING_LIMIT:
                norm_say_limits(s);
                return;
        case TIMING_QUOTA:
                buffer_printf(&s->text, LABEL(s, "at least %u times a calendar year: ", "ten minste %u keer per kalenderjaar: "), norm->at_least);
                norm_words_ref(&norm->quota, s->language, &s->text);
                norm_put(s, "quota", LABEL(s, "how often", "hoe vaak"));
                return;
        case TIMING_DUE:
                buffer_add_text(&s->text, date_dutch(norm->due, day));
                norm_put(s, "due", LABEL(s, "due on", "uiterlijk op"));
                return;
        }
}

static void norm_say_flag(struct norm_saying *s, bool holds, const char *key, const char *label, const char *text) {
        if (holds)
                buffer_add_text(&s->text, text);
        norm_put(s, key, label);
}

static void norm_say_more(struct norm_saying *s) {
        const struct norm *norm = s->norm;

        norm_say_flag(s, norm->since_start, "since", LABEL(s, "counts", "telt"),
                      LABEL(s, "only what happens on or after the start", "alleen wat op of na de start gebeurt"));
        norm_say_flag(s, norm->sooner, "sooner", LABEL(s, "sooner", "eerder"),
                      LABEL(s, "an earlier day may be agreed", "een eerdere dag mag afgesproken worden"));
        norm_say_flag(s, norm->repeats, "repeats", LABEL(s, "again", "opnieuw"),
                      LABEL(s, "once it is done, a new term begins", "is het gedaan, dan begint een nieuwe termijn"));
        norm_say_flag(s, norm->per_case || norm->per >= 0, "per", LABEL(s, "once per", "eens per"),
                      norm->per_case ? LABEL(s, "case", "zaak") : norm->per >= 0 ? norm->starts.type->layout->fields[norm->per].name : "");
        if (norm->has_not_before) {
                term_say(&norm->not_before_term, s->language, &s->text);
                buffer_add_text(&s->text, LABEL(s, " after ", " na "));
                norm_words_ref(&norm->not_before, s->language, &s->text);
        }
        norm_put(s, "not_before", LABEL(s, "not before", "niet eerder dan"));
        norm_say_flag(s, norm->holds_on_due, "holds_on", LABEL(s, "which version", "welke versie"),
                      LABEL(s, "the one that holds on the due date", "die geldt op de uiterste dag"));
        norm_say_flag(s, norm->each != EACH_NONE, "for_each", LABEL(s, "for each", "voor ieder"),
                      norm->each == EACH_NONE ? "" : IN_LANGUAGE(s->language, each_words[norm->each], role_dutch(each_words[norm->each])));
}

static void norm_say_steps(struct norm_saying *s) {
        const struct norm *norm = s->norm;

        for (size_t i = 0; i < norm->n_reminders; i++) {
                buffer_add_text(&s->text, i ? "; " : "");
                term_step_say(norm->reminders[i].before, s->language, &s->text);
                buffer_add_text(&s->text, LABEL(s, " before: ", " ervoor: "));
                roles_print(&norm->reminders[i].to, s->language, &s->text);
        }
        norm_put(s, "remind", LABEL(s, "reminded", "herinnerd"));
        for (size_t i = 0; i < norm->n_rungs; i++) {
                buffer_printf(&s->text, "%s%zu. ", i ? "; " : "", i + 1);
                if (norm->rungs[i].after.count == 0) {
                        buffer_add_text(&s->text, LABEL(s, "at once: ", "meteen: "));
                } else {
                        term_step_say(norm->rungs[i].after, s->language, &s->text);
                        buffer_add_text(&s->text, LABEL(s, " after: ", " erna: "));
                }
                roles_print(&norm->rungs[i].to, s->language, &s->text);
                if (norm->rungs[i].when.n) {
                        buffer_add_text(&s->text, LABEL(s, ", if ", ", als "));
                        conditions_print(&norm->rungs[i].when, norm->starts.type, s->language, &s->text);
                }
        }
        norm_put(s, "escalate", LABEL(s, "alerted", "gemeld"));
}

int norm_say(const struct norm *norm, enum language language, int (*see)(void *ctx, const struct norm_line *line), void *ctx) {
        struct norm_saying s = {.norm = norm, .language = language, .see = see, .ctx = ctx, .text = BUFFER_INIT(NORM_WORDS_MAX)};

        norm_say_start(&s);
        norm_say_timing(&s);
        norm_say_more(&s);
        norm_words_refs(&norm->met_by, language, &s.text);
        norm_put(&s, "met_by", LABEL(&s, "done by", "gehaald door"));
        norm_words_refs(&norm->explained_by, language, &s.text);
        norm_put(&s, "explained_by", LABEL(&s, "explained by", "uitgelegd door"));
        norm_say_flag(&s, norm->explained_by.n && norm->explanation_restarts, "after_explanation", LABEL(&s, "after an explanation", "na een toelichting"),
                      LABEL(&s, "the ladder counts anew from its last day", "de ladder telt opnieuw vanaf haar laatste dag"));
        norm_words_refs(&norm->ends_with, language, &s.text);
        norm_put(&s, "ends_with", LABEL(&s, "lapses with", "vervalt met"));
        roles_print(&norm->announce, language, &s.text);
        norm_put(&s, "announce", LABEL(&s, "announced to", "aangekondigd aan"));
        norm_say_steps(&s);
        buffer_done(&s.text);
        return s.r;
}
