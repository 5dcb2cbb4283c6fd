/* SPDX-License-Identifier: EUPL-1.2 */

/* When a norm is due: exactly one of term, due_with, limit, quota and due, and the keys that go with it. */

#include "model/compile.h"

#define COUNT_MAX 1000
#define LIMITS_MAX 32

/* What goes with which timing. */
static bool counts_days(const struct norm *norm) {
        return norm->timing == TIMING_TERM;
}

static void read_steps(struct compiling *c, const struct yaml_node *node, struct term *ret) {
        struct error err = {0};
        size_t n = reading_items(node);

        if (node->kind == YAML_MAPPING) {
                mistake_at(c, node, "a term is a step of time or a list of them: 5 working days, [18 years, -6 months], at once");
                return;
        }
        if (n == 0 || n > TERM_STEPS_MAX) {
                mistake_at(c, node, "a term has 1 to %d steps", TERM_STEPS_MAX);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                if (!reading_step(&c->r, reading_item(node, i), &ret->steps[i]))
                        return;
        }
        ret->n = (unsigned)n;
        if (term_check(ret, &err)) {
                mistake_at(c, node, "%s", err.text);
                ret->n = 0;
        }
}

static void read_term(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        norm->timing = TIMING_TERM;
        if (node->kind == YAML_SCALAR && strcmp(node->text, "at once") == 0)
                norm->timing = TIMING_AT_ONCE;
        else
                read_steps(c, node, &norm->term);
        if (norm->term.n > 0 && term_in_hours(&norm->term)) {
                norm->timing = TIMING_HOURS;
                if (norm->term.steps[0].count < 0)
                        mistake_at(c, node, "a term in hours does not count back");
        }
        if (norm->starts_protocol && !counts_days(norm))
                mistake_at(c, node, "a protocol starts on a date: no term in hours or at once counts from it");
}

static void read_roll(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];
        struct error err = {0};

        if (!reading_scalar(&c->r, node, "roll") || strcmp(node->text, "none") == 0)
                return;
        if (strcmp(node->text, "legal") != 0) {
                nearest_try(&nearest, "none");
                nearest_try(&nearest, "legal");
                mistake_at(c, node, "roll is none or legal, not '%.80s'%s", node->text, nearest_hint(&nearest, hint));
                return;
        }
        if (norm->timing != TIMING_TERM && norm->timing != TIMING_HOURS) {
                mistake_at(c, node, "only a term rolls");
                return;
        }
        norm->term.legal = true;
        if (norm->term.n > 0 && term_check_legal(&norm->term, &err))
                mistake_at(c, node, "%s", err.text);
}

static void read_limits(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        static const char *const keys[] = {"event", "when", "at_most", NULL};
        struct limit *limits;
        size_t n = reading_items(node);

        norm->timing = TIMING_LIMIT;
        if (n == 0 || n > LIMITS_MAX) {
                mistake_at(c, node, "a list of limits has 1 to %d of them", LIMITS_MAX);
                return;
        }
        limits = reading_alloc(&c->r, n, sizeof(*limits));
        if (!limits)
                return;
        norm->limits = limits;
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *item = reading_item(node, i), *event, *most;
                struct limit *limit = &limits[norm->n_limits];

                if (!reading_mapping(&c->r, item, "a limit"))
                        continue;
                reading_keys(&c->r, item, keys, "a limit");
                event = reading_required(&c->r, item, "event", "a limit");
                most = reading_required(&c->r, item, "at_most", "a limit");
                if (most)
                        (void) reading_count(&c->r, most, "at_most", 0, COUNT_MAX, &limit->at_most); /* reported */
                if (!event || !compile_event(c, event, "event", &limit->event))
                        continue;
                compile_check_joins(c, event, limit->event.type);
                compile_conditions(c, yaml_get(item, "when"), limit->event.type, false, &limit->event.when);
                norm->n_limits++;
        }
}

static void read_quota(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        static const char *const keys[] = {"event", "when", "at_least", "per", NULL};
        const struct yaml_node *event, *least, *per;

        norm->timing = TIMING_QUOTA;
        if (!norm->starts_protocol)
                mistake_at(c, node, "a quota counts in calendar years, so it starts from the protocol; write starts: protocol");
        if (!reading_mapping(&c->r, node, "quota"))
                return;
        reading_keys(&c->r, node, keys, "quota");
        event = reading_required(&c->r, node, "event", "quota");
        least = reading_required(&c->r, node, "at_least", "quota");
        per = reading_required(&c->r, node, "per", "quota");
        if (least)
                (void) reading_count(&c->r, least, "at_least", 1, COUNT_MAX, &norm->at_least); /* reported */
        if (per && reading_scalar(&c->r, per, "per") && strcmp(per->text, "year") != 0)
                mistake_at(c, per, "a quota is per year, not per '%.80s'", per->text);
        if (!event || !compile_event(c, event, "event", &norm->quota))
                return;
        compile_check_joins(c, event, norm->quota.type);
        compile_conditions(c, yaml_get(node, "when"), norm->quota.type, false, &norm->quota.when);
}

static void read_due(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        norm->timing = TIMING_DUE;
        if (!norm->starts_protocol)
                mistake_at(c, node, "a fixed date starts from nothing that happens to a child; write starts: protocol");
        (void) reading_date(&c->r, node, "due", &norm->due); /* reported */
}

static void read_due_with(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        norm->timing = TIMING_DUE_WITH;
        if (norm->starts_protocol)
                mistake_at(c, node, "due_with needs a fact that starts the norm, not the protocol");
        if (compile_event(c, node, "due_with", &norm->due_with))
                compile_check_joins(c, node, norm->due_with.type);
}

/* Exactly one key says when the norm is due. */
static void read_one_timing(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        static const struct {
                const char *key;
                void (*read)(struct compiling *c, const struct yaml_node *node, struct norm *norm);
        } timings[] = {
                {"term", read_term}, {"due_with", read_due_with}, {"limit", read_limits}, {"quota", read_quota}, {"due", read_due},
        };
        const char *first = NULL;

        norm->timing = TIMING_TERM;
        for (size_t i = 0; i < node->n; i++) {
                for (size_t j = 0; j < ELEMENTS(timings); j++) {
                        if (strcmp(node->keys[i]->text, timings[j].key) != 0)
                                continue;
                        if (first) {
                                mistake_at(c, node->keys[i], "%s stands in the place of %s: a norm is due by one of them", timings[j].key, first);
                                continue;
                        }
                        first = timings[j].key;
                        timings[j].read(c, node->items[i], norm);
                }
        }
        if (!first)
                mistake_at(c, node, "the norm '%s' is never due: it needs one of term, due_with, limit, quota, due", norm->name);
}

static void read_since(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_scalar(&c->r, node, "since"))
                return;
        norm->since_start = true;
        if (strcmp(node->text, "start") != 0)
                mistake_at(c, node, "since is start, not '%.80s'", node->text);
        else if (norm->starts_protocol)
                mistake_at(c, node, "since: start needs a fact that starts the norm, not the protocol");
        else if (norm->timing == TIMING_LIMIT || norm->timing == TIMING_QUOTA)
                mistake_at(c, node, "since says which facts meet the norm, and nothing meets a limit or quota");
}

static void read_sooner(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_flag(&c->r, node, "sooner", &norm->sooner) || !norm->sooner)
                return;
        if (norm->timing != TIMING_TERM && norm->timing != TIMING_DUE_WITH && norm->timing != TIMING_DUE)
                mistake_at(c, node, "only a due date can be brought forward, not a limit, a quota, hours or at once");
}

static void read_repeats(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_flag(&c->r, node, "repeats", &norm->repeats) || !norm->repeats)
                return;
        if (!counts_days(norm))
                mistake_at(c, node, "what repeats needs a term in days, weeks, months, years or working days, and met_by");
}

static void read_per(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        const char *name = node->text;
        size_t n = strlen(name);

        if (!reading_scalar(&c->r, node, "per"))
                return;
        if (norm->starts_protocol) {
                mistake_at(c, node, "per needs a fact that starts the norm; with starts: protocol write for_each");
                return;
        }
        norm->per_case = strcmp(name, "case") == 0;
        if (norm->per_case || !c->start)
                return;
        if (strcmp(name, "case_id") == 0) {
                mistake_at(c, node, "write per: case");
                return;
        }
        norm->per = compile_field(c, node, c->start, text_of(name));
        if (norm->per < 0)
                return;
        if (norm->per < ENVELOPE_SLOTS || n <= 3 || strcmp(name + n - 3, "_id") != 0 || c->start->layout->fields[norm->per].type != LAYOUT_UUID)
                mistake_at(c, node, "per is case or an id field of %s, and '%s' is neither", c->start->name, name);
}

static void read_not_before(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        static const char *const keys[] = {"starts", "term", NULL};
        const struct yaml_node *starts, *term;

        if (!reading_mapping(&c->r, node, "not_before"))
                return;
        norm->has_not_before = true;
        if (!counts_days(norm))
                mistake_at(c, node, "not_before goes with a term in days, weeks, months, years or working days");
        reading_keys(&c->r, node, keys, "not_before");
        starts = reading_required(&c->r, node, "starts", "not_before");
        term = reading_required(&c->r, node, "term", "not_before");
        if (starts && compile_event(c, starts, "starts", &norm->not_before))
                compile_check_joins(c, starts, norm->not_before.type);
        if (!term)
                return;
        read_steps(c, term, &norm->not_before_term);
        if (norm->not_before_term.n > 0 && term_in_hours(&norm->not_before_term))
                mistake_at(c, term, "not_before is a date: no term in hours");
}

static void read_holds_on(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        if (!reading_scalar(&c->r, node, "holds_on"))
                return;
        norm->holds_on_due = true;
        if (strcmp(node->text, "due") != 0)
                mistake_at(c, node, "holds_on is due, not '%.80s'; without it the date of the starting fact decides", node->text);
        else if (norm->starts_protocol || norm->timing == TIMING_LIMIT)
                mistake_at(c, node, "holds_on: due needs a starting fact and a due date");
}

void compile_timing(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        static const struct {
                const char *key;
                void (*read)(struct compiling *c, const struct yaml_node *node, struct norm *norm);
        } keys[] = {
                {"roll", read_roll},     {"since", read_since}, {"sooner", read_sooner},         {"repeats", read_repeats},
                {"per", read_per},       {"not_before", read_not_before}, {"holds_on", read_holds_on},
        };

        norm->per = -1;
        norm->due_with.date = norm->quota.date = norm->not_before.date = -1;
        read_one_timing(c, node, norm);
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                const struct yaml_node *value = yaml_get(node, keys[i].key);

                if (value)
                        keys[i].read(c, value, norm);
        }
}

/* --- for_each --- */

/* Whether some region of the protocol knows anybody for this word. */
static bool somebody(const struct compiling *c, enum each each) {
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

void compile_each(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
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
                mistake_at(c, node, "for_each is municipality, gi, partner or part, not '%.80s'%s", node->text, nearest_hint(&nearest, hint));
        else if (!norm->starts_protocol)
                mistake_at(c, node, "for_each goes with starts: protocol only");
        else if (norm->each == EACH_PARTNER && !c->protocol->has_partners)
                mistake_at(c, node, "for_each: partner needs the partners of the protocol");
        else if (norm->each == EACH_GI && !somebody(c, norm->each))
                mistake_at(c, node, "for_each: gi needs the role gi at a region of this protocol");
        else if (norm->each == EACH_PART && !somebody(c, norm->each))
                mistake_at(c, node, "for_each: part needs regions that are part_of a region of this protocol, with the role region");
        c->each = norm->starts_protocol ? norm->each : EACH_NONE;
}
