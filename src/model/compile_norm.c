/* SPDX-License-Identifier: EUPL-1.2 */

/* One norm: what starts it, what meets it, whom it is told; and one route. */

#include "model/compile.h"

static const char *const norm_keys[] = {
        "norm", "title", "basis", "assumed", "starts", "when", "term", "roll", "since", "sooner", "repeats", "per", "not_before", "holds_on",
        "due_with", "limit", "quota", "due", "for_each", "met_by", "explained_by", "ends_with", "announce", "remind", "escalate", NULL,
};

static void read_basis(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        static const char *const keys[] = {"kind", "ref", NULL};
        static const char *const kinds[] = {"statute", "inspection", "agreement", "vision", "agenda"};
        const struct yaml_node *kind, *ref;
        char hint[NEAREST_HINT_MAX];

        norm->basis_kind = norm->basis_ref = "";
        if (!node || !reading_mapping(&c->r, node, "basis"))
                return;
        reading_keys(&c->r, node, keys, "basis");
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
                        mistake_at(c, kind, "the kind of a basis is statute, inspection, agreement, vision or agenda, not '%.80s'%s", kind->text,
                                   nearest_hint(&nearest, hint));
        }
}

static void read_starts(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        norm->starts.date = -1;
        if (!node || !reading_scalar(&c->r, node, "starts"))
                return;
        norm->starts_protocol = strcmp(node->text, "protocol") == 0;
        if (!norm->starts_protocol && compile_event(c, node, "starts", &norm->starts))
                c->start = norm->starts.type;
}

static bool in_hours(struct term_step step) {
        return step.unit == TERM_HOURS;
}

static void read_reminders(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        static const char *const keys[] = {"before", "to", NULL};
        struct reminder *items;

        if (!node || !reading_sequence(&c->r, node, "remind"))
                return;
        if (node->n > REMINDERS_MAX)
                mistake_at(c, node, "more than %d reminders", REMINDERS_MAX);
        if (norm->timing == TIMING_LIMIT || norm->timing == TIMING_AT_ONCE)
                mistake_at(c, node, "nobody can be reminded: a limit or a norm at once is over as soon as it is due");
        items = node->n > REMINDERS_MAX ? NULL : reading_alloc(&c->r, node->n, sizeof(*items));
        if (!items)
                return;
        norm->reminders = items;
        for (size_t i = 0; i < node->n; i++) {
                const struct yaml_node *item = node->items[i], *before, *to;
                struct reminder *reminder = &items[norm->n_reminders];

                if (!reading_mapping(&c->r, item, "a reminder"))
                        continue;
                reading_keys(&c->r, item, keys, "a reminder");
                before = reading_required(&c->r, item, "before", "a reminder");
                to = reading_required(&c->r, item, "to", "a reminder");
                compile_roles(c, to, "to", false, &reminder->to);
                norm->n_reminders++;
                if (!before || !reading_step(&c->r, before, &reminder->before))
                        continue;
                if (reminder->before.count < 0)
                        mistake_at(c, before, "a reminder comes before the due date: no negative step");
                else if (in_hours(reminder->before) && norm->timing != TIMING_HOURS)
                        mistake_at(c, before, "a reminder in hours needs a term in hours");
        }
}

static void read_rung(struct compiling *c, const struct yaml_node *node, struct norm *norm, struct rung *rung) {
        static const char *const keys[] = {"after", "to", "when", NULL};
        const struct yaml_node *after, *to;

        if (!reading_mapping(&c->r, node, "a rung"))
                return;
        reading_keys(&c->r, node, keys, "a rung");
        after = reading_required(&c->r, node, "after", "a rung");
        to = reading_required(&c->r, node, "to", "a rung");
        compile_roles(c, to, "to", false, &rung->to);
        compile_conditions(c, yaml_get(node, "when"), c->start, true, &rung->when);
        if (!after || !reading_step(&c->r, after, &rung->after))
                return;
        if (rung->after.count < 0)
                mistake_at(c, after, "a rung comes after the due date: no negative step");
        else if (in_hours(rung->after) && norm->timing != TIMING_HOURS && norm->timing != TIMING_AT_ONCE)
                mistake_at(c, after, "a rung in hours needs a term in hours or at once");
}

static void read_rungs(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        struct rung *items;

        if (!node || !reading_sequence(&c->r, node, "escalate"))
                return;
        if (node->n > RUNGS_MAX) {
                mistake_at(c, node, "more than %d rungs", RUNGS_MAX);
                return;
        }
        items = reading_alloc(&c->r, node->n, sizeof(*items));
        if (!items)
                return;
        norm->rungs = items;
        for (size_t i = 0; i < node->n; i++)
                read_rung(c, node->items[i], norm, &items[norm->n_rungs++]);
}

static void read_facts(struct compiling *c, const struct yaml_node *node, struct norm *norm) {
        const struct yaml_node *met_by = yaml_get(node, "met_by");

        compile_events(c, met_by, "met_by", &norm->met_by);
        compile_events(c, yaml_get(node, "explained_by"), "explained_by", &norm->explained_by);
        compile_events(c, yaml_get(node, "ends_with"), "ends_with", &norm->ends_with);
        if (met_by && (norm->timing == TIMING_LIMIT || norm->timing == TIMING_QUOTA))
                mistake_at(c, met_by, "%s stands in the place of met_by", norm->timing == TIMING_LIMIT ? "limit" : "quota");
        else if (!met_by && norm->timing != TIMING_LIMIT && norm->timing != TIMING_QUOTA)
                mistake_at(c, node, "nothing meets the norm '%s': it needs met_by", norm->name);
}

void compile_norm(struct compiling *c, const struct yaml_node *node, struct norm *ret) {
        const struct yaml_node *name, *title, *each, *announce;

        c->start = NULL;
        c->each = EACH_NONE;
        ret->protocol = c->protocol;
        ret->name = ret->basis_kind = ret->basis_ref = "";
        if (!reading_mapping(&c->r, node, "a norm"))
                return;
        reading_keys(&c->r, node, norm_keys, "a norm");
        name = reading_required(&c->r, node, "norm", "a norm");
        if (name)
                ret->name = reading_name(&c->r, name, "norm") ?: "";
        title = yaml_get(node, "title");
        ret->title = title ? reading_text(&c->r, title, "title") : ret->name;
        read_basis(c, reading_required(&c->r, node, "basis", "a norm"), ret);
        read_starts(c, reading_required(&c->r, node, "starts", "a norm"), ret);
        each = yaml_get(node, "for_each");
        if (each)
                compile_each(c, each, ret);
        compile_conditions(c, yaml_get(node, "when"), c->start, true, &ret->when);
        compile_timing(c, node, ret);
        read_facts(c, node, ret);
        announce = yaml_get(node, "announce");
        if (announce && ret->timing == TIMING_LIMIT)
                mistake_at(c, announce, "a limit has no due date until it is broken, so there is nothing to announce");
        compile_roles(c, announce, "announce", true, &ret->announce);
        read_reminders(c, yaml_get(node, "remind"), ret);
        read_rungs(c, yaml_get(node, "escalate"), ret);
}

void compile_route(struct compiling *c, const struct yaml_node *node, struct route *ret) {
        static const char *const keys[] = {"event", "when", "to", "basis", "follows", "personal", NULL};
        const struct yaml_node *event, *to, *basis, *follows, *personal;
        struct event_ref ref;

        c->start = NULL;
        c->each = EACH_NONE;
        ret->protocol = c->protocol;
        ret->basis = "";
        if (!reading_mapping(&c->r, node, "a route"))
                return;
        reading_keys(&c->r, node, keys, "a route");
        event = reading_required(&c->r, node, "event", "a route");
        to = reading_required(&c->r, node, "to", "a route");
        basis = reading_required(&c->r, node, "basis", "a route");
        follows = yaml_get(node, "follows");
        personal = yaml_get(node, "personal");
        if (basis)
                ret->basis = reading_text(&c->r, basis, "basis");
        if (follows)
                (void) reading_flag(&c->r, follows, "follows", &ret->follows); /* reported */
        if (personal)
                (void) reading_flag(&c->r, personal, "personal", &ret->personal); /* reported */
        if (!event || !compile_event(c, event, "event", &ref))
                return;
        if (ref.date >= 0)
                mistake_at(c, event, "a route copies the whole event: no date field here");
        if (ret->follows && ref.type->region)
                mistake_at(c, follows, "%s is an event of a region, which does not move", ref.type->name);
        c->start = ret->type = ref.type;
        compile_conditions(c, yaml_get(node, "when"), ref.type, false, &ret->when);
        compile_roles(c, to, "to", false, &ret->to);
}
