/* SPDX-License-Identifier: EUPL-1.2 */

/* One norm: what starts it, when it is due, what meets it, whom it is told; and one route. */

#include "model/norm_read.h"

#include <assert.h>

#define COUNT_MAX 1000
#define LIMITS_MAX 32

static void norm_read_basis(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        static const char *const kinds[] = {"statute", "inspection", "agreement", "vision", "agenda"};
        const struct yaml_node *kind, *ref;
        char hint[NEAREST_HINT_MAX];

        norm->basis_kind = norm->basis_ref = "";
        if (!node || !reading_mapping(&c->r, node, "basis"))
                return;
        reference_keys(c, node, KEYS_BASIS);
        kind = reading_required(&c->r, node, "kind", "basis");
        ref = reading_required(&c->r, node, "ref", "basis");
        if (ref)
                norm->basis_ref = reading_text(&c->r, ref, "ref");
        if (kind && reading_scalar(&c->r, kind, "kind")) {
                struct nearest nearest = NEAREST_INIT(kind->text);

                for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                        nearest_try(&nearest, kinds[i]);
                        if (strcmp(kind->text, kinds[i]) == 0)
                                norm->basis_kind = kinds[i];
                }
                if (!norm->basis_kind[0])
                        mistake_at(c, kind,
                                   IN_READING(&c->r, "the kind of a basis is statute, inspection, agreement, vision or agenda, not '%.80s'%s",
                                              "kind van basis is statute, inspection, agreement, vision of agenda, niet '%.80s'%s"),
                                   kind->text, reading_hint(&c->r, &nearest, hint));
        }
}

static void norm_read_starts(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        norm->starts.date = -1;
        if (!node || !reading_scalar(&c->r, node, "starts"))
                return;
        norm->starts_protocol = strcmp(node->text, "protocol") == 0;
        if (!norm->starts_protocol && reference_event(c, node, "starts", &norm->starts))
                c->start = norm->starts.type;
}

/* -- Whom it is told -- */

static bool step_in_hours(struct term_step step) {
        return step.unit == TERM_HOURS;
}

static void norm_read_reminders(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        struct reminder *items;

        if (!node || !reading_sequence(&c->r, node, "remind"))
                return;
        if (node->n > REMINDERS_MAX)
                mistake_at(c, node, IN_READING(&c->r, "more than %d reminders", "meer dan %d herinneringen"), REMINDERS_MAX);
        if (norm->timing == TIMING_LIMIT || norm->timing == TIMING_AT_ONCE)
                mistake_at(c, node,
                           IN_READING(&c->r, "nobody can be reminded: a limit or a norm at once is over as soon as it is due",
                                      "niemand kan worden herinnerd: een limit en at once zijn voorbij zodra zij ingaan"));
        items = node->n > REMINDERS_MAX ? NULL : reading_alloc(&c->r, node->n, sizeof(*items));
        if (!items)
                return;
        norm->reminders = items;
        for (size_t i = 0; i < node->n; i++) {
                const struct yaml_node *item = node->items[i], *before, *to;
                struct reminder *reminder = &items[norm->n_reminders];

                if (!reading_mapping(&c->r, item, IN_READING(&c->r, "a reminder", "een herinnering")))
                        continue;
                reference_keys(c, item, KEYS_REMINDER);
                before = reading_required(&c->r, item, "before", IN_READING(&c->r, "a reminder", "een herinnering"));
                to = reading_required(&c->r, item, "to", IN_READING(&c->r, "a reminder", "een herinnering"));
                reference_roles(c, to, "to", false, &reminder->to);
                norm->n_reminders++;
                if (!before || !reading_step(&c->r, before, &reminder->before))
                        continue;
                if (reminder->before.count < 0)
                        mistake_at(c, before,
                                   IN_READING(&c->r, "a reminder comes before the due date: no negative step",
                                              "een herinnering komt voor de laatste dag: geen negatief getal"));
                else if (step_in_hours(reminder->before) && norm->timing != TIMING_HOURS)
                        mistake_at(c, before,
                                   IN_READING(&c->r, "a reminder in hours needs a term in hours",
                                              "een herinnering in uren kan alleen bij een termijn in uren"));
        }
}

static void norm_read_rung(struct norm_reading *c, const struct yaml_node *node, struct norm *norm, struct rung *rung) {
        const struct yaml_node *after, *to;

        if (!reading_mapping(&c->r, node, IN_READING(&c->r, "a rung", "een trede")))
                return;
        reference_keys(c, node, KEYS_RUNG);
        after = reading_required(&c->r, node, "after", IN_READING(&c->r, "a rung", "een trede"));
        to = reading_required(&c->r, node, "to", IN_READING(&c->r, "a rung", "een trede"));
        reference_roles(c, to, "to", false, &rung->to);
        reference_conditions(c, yaml_get(node, "when"), c->start, true, &rung->when);
        if (!after || !reading_step(&c->r, after, &rung->after))
                return;
        if (rung->after.count < 0)
                mistake_at(c, after,
                           IN_READING(&c->r, "a rung comes after the due date: no negative step", "een trede komt na de laatste dag: geen negatief getal"));
        else if (step_in_hours(rung->after) && norm->timing != TIMING_HOURS && norm->timing != TIMING_AT_ONCE)
                mistake_at(c, after,
                           IN_READING(&c->r, "a rung in hours needs a term in hours or at once",
                                      "een trede in uren kan alleen bij een termijn in uren of bij at once"));
}

static void norm_read_rungs(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        struct rung *items;

        if (!node || !reading_sequence(&c->r, node, "escalate"))
                return;
        if (node->n > RUNGS_MAX) {
                mistake_at(c, node, IN_READING(&c->r, "more than %d rungs", "meer dan %d treden"), RUNGS_MAX);
                return;
        }
        items = reading_alloc(&c->r, node->n, sizeof(*items));
        if (!items)
                return;
        norm->rungs = items;
        for (size_t i = 0; i < node->n; i++)
                norm_read_rung(c, node->items[i], norm, &items[norm->n_rungs++]);
}

/* -- When it is due: exactly one of term, due_with, limit, quota and due, and the keys that go with it -- */

/* What goes with which timing. */
static bool norm_counts_days(const struct norm *norm) {
        return norm->timing == TIMING_TERM;
}

static void norm_read_steps(struct norm_reading *c, const struct yaml_node *node, struct term *ret) {
        struct error err = {0};
        size_t n = reading_items(node);

        if (node->kind == YAML_MAPPING) {
                mistake_at(c, node,
                           IN_READING(&c->r, "a term is a step of time or a list of them: 5 working days, [18 years, -6 months], at once",
                                      "een termijn is een stap in de tijd of een lijst daarvan: 5 working days, [18 years, -6 months], at once"));
                return;
        }
        if (n == 0 || n > TERM_STEPS_MAX) {
                mistake_at(c, node, IN_READING(&c->r, "a term has 1 to %d steps", "een termijn heeft 1 tot en met %d stappen"), TERM_STEPS_MAX);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                if (!reading_step(&c->r, reading_item(node, i), &ret->steps[i]))
                        return;
        }
        ret->n = (unsigned)n;
        if (term_check(ret, c->r.mistakes->language, &err)) {
                mistake_at(c, node, "%s", err.text);
                ret->n = 0;
        }
}

static void norm_read_term(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        norm->timing = TIMING_TERM;
        if (node->kind == YAML_SCALAR && strcmp(node->text, "at once") == 0)
                norm->timing = TIMING_AT_ONCE;
        else
                norm_read_steps(c, node, &norm->term);
        if (norm->term.n > 0 && term_in_hours(&norm->term)) {
                norm->timing = TIMING_HOURS;
                if (norm->term.steps[0].count < 0)
                        mistake_at(c, node, IN_READING(&c->r, "a term in hours does not count back", "een termijn in uren telt niet terug"));
        }
        if (norm->starts_protocol && !norm_counts_days(norm))
                mistake_at(c, node,
                           IN_READING(&c->r, "a protocol starts on a date: no term in hours or at once counts from it",
                                      "een protocol begint op een dag: een termijn in uren of at once telt daar niet vanaf"));
}

static void norm_read_roll(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        struct error err = {0};

        if (!reading_scalar(&c->r, node, "roll") || strcmp(node->text, "none") == 0)
                return;
        if (strcmp(node->text, "legal") != 0) {
                nearest_try(&nearest, "none");
                nearest_try(&nearest, "legal");
                mistake_at(c, node, IN_READING(&c->r, "roll is none or legal, not '%.80s'%s", "roll is none of legal, niet '%.80s'%s"),
                           node->text, reading_hint(&c->r, &nearest, hint));
                return;
        }
        if (norm->timing != TIMING_TERM && norm->timing != TIMING_HOURS) {
                mistake_at(c, node, IN_READING(&c->r, "only a term rolls", "alleen een termijn (term) kan opschuiven"));
                return;
        }
        norm->term.legal = true;
        if (norm->term.n > 0 && term_check_legal(&norm->term, c->r.mistakes->language, &err))
                mistake_at(c, node, "%s", err.text);
}

static void norm_read_limits(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        struct limit *limits;
        size_t n = reading_items(node);

        norm->timing = TIMING_LIMIT;
        if (n == 0 || n > LIMITS_MAX) {
                mistake_at(c, node, IN_READING(&c->r, "a list of limits has 1 to %d of them", "een lijst van limieten heeft er 1 tot en met %d"), LIMITS_MAX);
                return;
        }
        limits = reading_alloc(&c->r, n, sizeof(*limits));
        if (!limits)
                return;
        norm->limits = limits;
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *item = reading_item(node, i), *event, *most;
                struct limit *limit = &limits[norm->n_limits];

                if (!reading_mapping(&c->r, item, IN_READING(&c->r, "a limit", "een limiet")))
                        continue;
                reference_keys(c, item, KEYS_LIMIT);
                event = reading_required(&c->r, item, "event", IN_READING(&c->r, "a limit", "een limiet"));
                most = reading_required(&c->r, item, "at_most", IN_READING(&c->r, "a limit", "een limiet"));
                if (most)
                        (void) reading_count(&c->r, most, "at_most", 0, COUNT_MAX, &limit->at_most); /* reported */
                if (!event || !reference_event(c, event, "event", &limit->event))
                        continue;
                reference_conditions(c, yaml_get(item, "when"), limit->event.type, false, &limit->event.when);
                norm->n_limits++;
        }
}

static void norm_read_quota(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        const struct yaml_node *event, *least, *per;

        norm->timing = TIMING_QUOTA;
        if (!norm->starts_protocol)
                mistake_at(c, node,
                           IN_READING(&c->r, "a quota counts in calendar years, so it starts from the protocol; write starts: protocol",
                                      "quota telt per kalenderjaar en begint dus met het protocol; schrijf starts: protocol"));
        if (!reading_mapping(&c->r, node, "quota"))
                return;
        reference_keys(c, node, KEYS_QUOTA);
        event = reading_required(&c->r, node, "event", "quota");
        least = reading_required(&c->r, node, "at_least", "quota");
        per = reading_required(&c->r, node, "per", "quota");
        if (least)
                (void) reading_count(&c->r, least, "at_least", 1, COUNT_MAX, &norm->at_least); /* reported */
        if (per && reading_scalar(&c->r, per, "per") && strcmp(per->text, "year") != 0)
                mistake_at(c, per, IN_READING(&c->r, "a quota is per year, not per '%.80s'", "quota is per year (jaar), niet per '%.80s'"), per->text);
        if (!event || !reference_event(c, event, "event", &norm->quota))
                return;
        reference_conditions(c, yaml_get(node, "when"), norm->quota.type, false, &norm->quota.when);
}

static void norm_read_due(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        norm->timing = TIMING_DUE;
        if (!norm->starts_protocol)
                mistake_at(c, node,
                           IN_READING(&c->r, "a fixed date starts from nothing that happens to a child; write starts: protocol",
                                      "een vaste datum begint niet met iets wat een kind overkomt; schrijf starts: protocol"));
        (void) reading_date(&c->r, node, "due", &norm->due); /* reported */
}

static void norm_read_due_with(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        norm->timing = TIMING_DUE_WITH;
        if (norm->starts_protocol)
                mistake_at(c, node,
                           IN_READING(&c->r, "due_with needs a fact that starts the norm, not the protocol",
                                      "due_with kan alleen als een gebeurtenis de norm begint, niet het protocol"));
        (void) reference_event(c, node, "due_with", &norm->due_with); /* reported */
}

/* Exactly one key says when the norm is due. */
static void norm_read_one_timing(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        static const struct {
                const char *key;
                void (*read)(struct norm_reading *c, const struct yaml_node *node, struct norm *norm);
        } timings[] = {
                {"term", norm_read_term}, {"due_with", norm_read_due_with}, {"limit", norm_read_limits}, {"quota", norm_read_quota}, {"due", norm_read_due},
        };
        const char *first = NULL;

        norm->timing = TIMING_TERM;
        for (size_t i = 0; i < node->n; i++) {
                for (size_t j = 0; j < ELEMENTS(timings); j++) {
                        if (strcmp(node->keys[i]->text, timings[j].key) != 0)
                                continue;
                        if (first) {
                                mistake_at(c, node->keys[i],
                                           IN_READING(&c->r, "%s stands in the place of %s: a norm is due by one of them",
                                                      "%s staat hier naast %s: een norm heeft er één van"),
                                           timings[j].key, first);
                                continue;
                        }
                        first = timings[j].key;
                        timings[j].read(c, node->items[i], norm);
                }
        }
        if (!first)
                mistake_at(c, node,
                           IN_READING(&c->r, "the norm '%s' is never due: it needs one of term, due_with, limit, quota, due",
                                      "de norm '%s' zegt niet wanneer iets moet: er hoort term, due_with, limit, quota of due te staan"),
                           norm->name);
}

static void norm_read_since(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_scalar(&c->r, node, "since"))
                return;
        norm->since_start = true;
        if (strcmp(node->text, "start") != 0)
                mistake_at(c, node, IN_READING(&c->r, "since is start, not '%.80s'", "since is start, niet '%.80s'"), node->text);
        else if (norm->starts_protocol)
                mistake_at(c, node,
                           IN_READING(&c->r, "since: start needs a fact that starts the norm, not the protocol",
                                      "since: start kan alleen als een gebeurtenis de norm begint, niet het protocol"));
        else if (norm->timing == TIMING_LIMIT || norm->timing == TIMING_QUOTA)
                mistake_at(c, node,
                           IN_READING(&c->r, "since says which facts meet the norm, and nothing meets a limit or quota",
                                      "since zegt welke gebeurtenissen voldoen, en aan limit of quota voldoet geen enkele gebeurtenis"));
}

static void norm_read_sooner(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_flag(&c->r, node, "sooner", &norm->sooner) || !norm->sooner)
                return;
        if (norm->timing != TIMING_TERM && norm->timing != TIMING_DUE_WITH && norm->timing != TIMING_DUE)
                mistake_at(c, node,
                           IN_READING(&c->r, "only a due date can be brought forward, not a limit, a quota, hours or at once",
                                      "alleen een datum kan naar voren worden gehaald, niet een limit, een quota, uren of at once"));
}

static void norm_read_repeats(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_flag(&c->r, node, "repeats", &norm->repeats) || !norm->repeats)
                return;
        if (!norm_counts_days(norm))
                mistake_at(c, node,
                           IN_READING(&c->r, "what repeats needs a term in days, weeks, months, years or working days, and met_by",
                                      "repeats kan alleen met een termijn in dagen, weken, maanden, jaren of werkdagen, en met met_by"));
}

static void norm_read_per(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        const char *name = node->text;
        size_t n = strlen(name);
        bool is_id;

        if (!reading_scalar(&c->r, node, "per"))
                return;
        if (norm->starts_protocol) {
                mistake_at(c, node,
                           IN_READING(&c->r, "per needs a fact that starts the norm; with starts: protocol write for_each",
                                      "per kan alleen als een gebeurtenis de norm begint; schrijf bij starts: protocol for_each"));
                return;
        }
        norm->per_case = strcmp(name, "case") == 0;
        if (norm->per_case || !c->start)
                return;
        if (strcmp(name, "case_id") == 0) {
                mistake_at(c, node, IN_READING(&c->r, "write per: case", "schrijf per: case"));
                return;
        }
        norm->per = reference_field(c, node, c->start, text_of(name));
        if (norm->per < 0)
                return;
        is_id = n > 3 && strcmp(name + n - 3, "_id") == 0 && c->start->layout->fields[norm->per].type == LAYOUT_UUID;
        if (norm->per < ENVELOPE_SLOTS || (!is_id && !event_type_is_link(c->start, norm->per)))
                mistake_at(c, node,
                           IN_READING(&c->r, "per is case or an id field of %s, and '%s' is neither",
                                      "per is case of een nummer (…_id) van %s, en '%s' is geen van beide"),
                           c->start->name, name);
}

static void norm_read_not_before(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        const struct yaml_node *starts, *term;

        if (!reading_mapping(&c->r, node, "not_before"))
                return;
        norm->has_not_before = true;
        if (!norm_counts_days(norm))
                mistake_at(c, node,
                           IN_READING(&c->r, "not_before goes with a term in days, weeks, months, years or working days",
                                      "not_before gaat alleen met een termijn in dagen, weken, maanden, jaren of werkdagen"));
        reference_keys(c, node, KEYS_NOT_BEFORE);
        starts = reading_required(&c->r, node, "starts", "not_before");
        term = reading_required(&c->r, node, "term", "not_before");
        if (starts)
                (void) reference_event(c, starts, "starts", &norm->not_before); /* reported */
        if (!term)
                return;
        norm_read_steps(c, term, &norm->not_before_term);
        if (norm->not_before_term.n > 0 && term_in_hours(&norm->not_before_term))
                mistake_at(c, term, IN_READING(&c->r, "not_before is a date: no term in hours", "not_before is een datum: geen termijn in uren"));
}

static void norm_read_holds_on(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_scalar(&c->r, node, "holds_on"))
                return;
        norm->holds_on_due = true;
        if (strcmp(node->text, "due") != 0)
                mistake_at(c, node,
                           IN_READING(&c->r, "holds_on is due, not '%.80s'; without it the date of the starting fact decides",
                                      "holds_on is due, niet '%.80s'; zonder holds_on beslist de datum waarop de norm begint"),
                           node->text);
        else if (norm->starts_protocol || norm->timing == TIMING_LIMIT)
                mistake_at(c, node,
                           IN_READING(&c->r, "holds_on: due needs a starting fact and a due date",
                                      "holds_on: due kan alleen als een gebeurtenis de norm begint en er een laatste dag is"));
}

static void norm_read_timing(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        static const struct {
                const char *key;
                void (*read)(struct norm_reading *c, const struct yaml_node *node, struct norm *norm);
        } keys[] = {
                {"roll", norm_read_roll},     {"since", norm_read_since}, {"sooner", norm_read_sooner},         {"repeats", norm_read_repeats},
                {"per", norm_read_per},       {"not_before", norm_read_not_before}, {"holds_on", norm_read_holds_on},
        };

        norm->due_with.date = norm->quota.date = norm->not_before.date = -1;
        norm_read_one_timing(c, node, norm);
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                const struct yaml_node *value = yaml_get(node, keys[i].key);

                if (value)
                        keys[i].read(c, value, norm);
        }
}

/* --- for_each --- */

/* Whether some region of the protocol knows anybody for this word. */
static bool norm_each_is_somebody(const struct norm_reading *c, enum each each) {
        const struct protocol *p = c->protocol;

        for (size_t i = 0; i < regions_count(c->orgs); i++) {
                const struct region *region = regions_at(c->orgs, i);
                bool has_gi = false, has_region = role_find(region->roles, region->n_roles, "region") != NULL;

                for (const struct region *up = region; up && !has_gi; up = up->part_of)
                        has_gi = role_find(up->roles, up->n_roles, "gi") != NULL;
                for (size_t j = 0; j < p->n_regions || j == 0; j++) {
                        const struct region *listed = p->n_regions ? p->regions[j] : NULL;

                        if (each == EACH_GI && has_gi && (!listed || listed == region))
                                return true;
                        if (each == EACH_PART && has_region && region->part_of && (!listed || region->part_of == listed))
                                return true;
                }
        }
        return false;
}

static void norm_read_each(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];

        if (!reading_scalar(&c->r, node, "for_each"))
                return;
        for (enum each each = EACH_MUNICIPALITY; each <= EACH_PART; each++) {
                nearest_try(&nearest, each_words[each]);
                if (strcmp(node->text, each_words[each]) == 0)
                        norm->each = each;
        }
        if (norm->each == EACH_NONE)
                mistake_at(c, node,
                           IN_READING(&c->r, "for_each is municipality, gi, partner or part, not '%.80s'%s",
                                      "for_each is municipality, gi, partner of part, niet '%.80s'%s"),
                           node->text, reading_hint(&c->r, &nearest, hint));
        else if (!norm->starts_protocol)
                mistake_at(c, node, IN_READING(&c->r, "for_each goes with starts: protocol only", "for_each gaat alleen samen met starts: protocol"));
        else if (norm->each == EACH_PARTNER && !c->protocol->has_partners)
                mistake_at(c, node,
                           IN_READING(&c->r, "for_each: partner needs the partners of the protocol",
                                      "for_each: partner kan alleen als het protocol partners heeft"));
        else if (norm->each == EACH_GI && !norm_each_is_somebody(c, norm->each))
                mistake_at(c, node,
                           IN_READING(&c->r, "for_each: gi needs the role gi at a region of this protocol",
                                      "for_each: gi kan alleen als een regio van dit protocol de rol gi heeft"));
        else if (norm->each == EACH_PART && !norm_each_is_somebody(c, norm->each))
                mistake_at(c, node,
                           IN_READING(&c->r, "for_each: part needs regions that are part_of a region of this protocol, with the role region",
                                      "for_each: part kan alleen met regio's die part_of een regio van dit protocol zijn en de rol region hebben"));
        c->each = norm->starts_protocol ? norm->each : EACH_NONE;
}

/* -- The whole -- */

static void norm_read_facts(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        const struct yaml_node *met_by = yaml_get(node, "met_by");

        for (size_t i = 0; i < n_protocol_keys; i++) {
                const struct protocol_key *key = &protocol_keys[i];

                if (key->form == FORM_EVENTS)
                        reference_events(c, yaml_get(node, key->word), key->word, (struct event_refs *)((char *)norm + key->offset));
        }
        if (met_by && (norm->timing == TIMING_LIMIT || norm->timing == TIMING_QUOTA))
                mistake_at(c, met_by, IN_READING(&c->r, "%s stands in the place of met_by", "%s komt in de plaats van met_by"),
                           norm->timing == TIMING_LIMIT ? "limit" : "quota");
        else if (!met_by && norm->timing != TIMING_LIMIT && norm->timing != TIMING_QUOTA)
                mistake_at(c, node,
                           IN_READING(&c->r, "nothing meets the norm '%s': it needs met_by", "niets voldoet aan de norm '%s': er hoort met_by te staan"),
                           norm->name);
}

/* @node: NULL when it is not there. */
static void norm_read_after_explanation(struct norm_reading *c, const struct yaml_node *node, struct norm *norm) {
        struct nearest nearest = NEAREST_INIT(node ? node->text : "");
        char hint[NEAREST_HINT_MAX];

        if (!node || !reading_scalar(&c->r, node, "after_explanation"))
                return;
        nearest_try(&nearest, "continue");
        nearest_try(&nearest, "restart");
        norm->explanation_restarts = strcmp(node->text, "restart") == 0;
        if (!norm->explanation_restarts && strcmp(node->text, "continue") != 0)
                mistake_at(c, node,
                           IN_READING(&c->r, "after_explanation is continue or restart, not '%.80s'%s",
                                      "after_explanation is continue of restart, niet '%.80s'%s"),
                           node->text, reading_hint(&c->r, &nearest, hint));
        else if (norm->explained_by.n == 0 || norm->n_rungs == 0)
                mistake_at(c, node,
                           IN_READING(&c->r, "after_explanation says how the ladder goes on after an explanation, so it needs explained_by and escalate",
                                      "after_explanation zegt hoe de ladder verder gaat na een toelichting, dus explained_by en escalate horen erbij"));
}

void norm_read(struct norm_reading *c, const struct yaml_node *node, struct norm *ret) {
        const struct yaml_node *name, *title, *each, *announce;
        size_t before = c->r.mistakes->n;

        c->start = NULL;
        c->each = EACH_NONE;
        c->referred = 0;
        ret->protocol = c->protocol;
        ret->per = -1;
        ret->name = ret->basis_kind = ret->basis_ref = "";
        if (!reading_mapping(&c->r, node, IN_READING(&c->r, "a norm", "een norm")))
                return;
        reference_keys(c, node, KEYS_NORM);
        name = reading_required(&c->r, node, "norm", IN_READING(&c->r, "a norm", "een norm"));
        if (name)
                ret->name = reading_name(&c->r, name, "norm") ?: "";
        title = yaml_get(node, "title");
        ret->title = title ? reading_text(&c->r, title, "title") : ret->name;
        norm_read_basis(c, reading_required(&c->r, node, "basis", IN_READING(&c->r, "a norm", "een norm")), ret);
        norm_read_starts(c, reading_required(&c->r, node, "starts", IN_READING(&c->r, "a norm", "een norm")), ret);
        each = yaml_get(node, "for_each");
        if (each)
                norm_read_each(c, each, ret);
        reference_conditions(c, yaml_get(node, "when"), c->start, true, &ret->when);
        norm_read_timing(c, node, ret);
        norm_read_facts(c, node, ret);
        announce = yaml_get(node, "announce");
        if (announce && ret->timing == TIMING_LIMIT)
                mistake_at(c, announce,
                           IN_READING(&c->r, "a limit has no due date until it is broken, so there is nothing to announce",
                                      "een limiet heeft geen laatste dag, dus er is niets aan te kondigen"));
        reference_roles(c, announce, "announce", true, &ret->announce);
        norm_read_reminders(c, yaml_get(node, "remind"), ret);
        norm_read_rungs(c, yaml_get(node, "escalate"), ret);
        norm_read_after_explanation(c, yaml_get(node, "after_explanation"), ret);
        /* What was read here and what everybody else goes by are the same, else something would be silent for ever. */
        assert(c->r.e || c->r.mistakes->n != before || norm_count_named(ret, c->types, NULL) == c->referred);
}

void route_read(struct norm_reading *c, const struct yaml_node *node, struct route *ret) {
        const struct yaml_node *event, *to, *basis, *follows, *personal;
        struct event_ref ref;

        c->start = NULL;
        c->each = EACH_NONE;
        ret->protocol = c->protocol;
        ret->basis = "";
        if (!reading_mapping(&c->r, node, IN_READING(&c->r, "a route", "een route")))
                return;
        reference_keys(c, node, KEYS_ROUTE);
        event = reading_required(&c->r, node, "event", IN_READING(&c->r, "a route", "een route"));
        to = reading_required(&c->r, node, "to", IN_READING(&c->r, "a route", "een route"));
        basis = reading_required(&c->r, node, "basis", IN_READING(&c->r, "a route", "een route"));
        follows = yaml_get(node, "follows");
        personal = yaml_get(node, "personal");
        if (basis)
                ret->basis = reading_text(&c->r, basis, "basis");
        if (follows)
                (void) reading_flag(&c->r, follows, "follows", &ret->follows); /* reported */
        if (personal)
                (void) reading_flag(&c->r, personal, "personal", &ret->personal); /* reported */
        if (!event || !reference_event(c, event, "event", &ref))
                return;
        if (ref.date >= 0)
                mistake_at(c, event,
                           IN_READING(&c->r, "a route copies the whole event: no date field here",
                                      "een route kopieert de hele gebeurtenis: hier hoort geen datumveld"));
        if (ret->follows && ref.type->region)
                mistake_at(c, follows,
                           IN_READING(&c->r, "%s is an event of a region, which does not move", "%s is een gebeurtenis van een regio, en die verhuist niet"),
                           ref.type->name);
        c->start = ret->type = ref.type;
        reference_conditions(c, yaml_get(node, "when"), ref.type, false, &ret->when);
        reference_roles(c, to, "to", false, &ret->to);
}
