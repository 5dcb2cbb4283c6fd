/* SPDX-License-Identifier: EUPL-1.2 */

/* Which obligations there are: every norm at work on every instance. */

#include <string.h>

#include "engine/condition.h"
#include "engine/obligation.h"

/* In a norm for each organisation only the facts about that one join. */
static bool is_about(const struct fact *fact, const struct organisation *each) {
        struct text id = fact_text(fact, fact->type->known == TYPE_PROTOCOL_ADOPTED ? FIELD_PARTNER : FIELD_ORGANISATION);

        return text_is(id, each->id);
}

bool obligation_joins(const struct obligation *o, const struct fact *fact) {
        if (fact->type->known == TYPE_DEVIATION_EXPLAINED || fact->type->known == TYPE_TERM_AGREED)
                return text_is(fact_text(fact, FIELD_NORM), o->norm->name) && text_is(fact_text(fact, FIELD_INSTANCE), o->instance);
        if (o->each)
                return is_about(fact, o->each);
        if (!o->start || o->norm->per_case)
                return true;
        return facts_join(o->start, fact);
}

static bool holds_for_event(struct view *v, const struct condition *c, const struct obligation *o) {
        const struct fact_list *list = view_list(v, c->type);
        bool some = false;

        for (size_t i = 0; i < list->n; i++) {
                if (!obligation_joins(o, list->items[i]))
                        continue;
                some = true;
                if (c->subject == CONDITION_FACT || condition_holds(c, &list->items[i]->slots[c->slot]))
                        return c->subject != CONDITION_FACT || c->test == TEST_PRESENT;
        }
        return c->subject == CONDITION_FACT && !some && c->test == TEST_ABSENT;
}

bool conditions_hold(struct view *v, const struct conditions *when, const struct obligation *o, bool self_only) {
        for (size_t i = 0; i < when->n; i++) {
                const struct condition *c = &when->items[i];

                if (c->subject == CONDITION_SELF) {
                        if (!o->start || !condition_holds(c, &o->start->slots[c->slot]))
                                return false;
                } else if (!self_only && !holds_for_event(v, c, o)) {
                        return false;
                }
        }
        return true;
}

static bool put(struct view *v, const struct obligation *o) {
        struct obligation *room = view_add(v, &v->obligations, &v->n_obligations, &v->obligations_capacity, sizeof(*room));

        if (room)
                *room = *o;
        return room != NULL;
}

/* What an instance is called before repetitions are counted. */
struct base {
        const char *text;
        const struct uuid *id; /* whose text it is; NULL: any text */
};

/* Gives it its instance: text and key. */
static void name_instance(struct view *v, struct obligation *o, const struct base *base) {
        o->instance = base->text;
        if (base->id && o->link == 1) {
                o->key = (struct instance_key){0};
                memcpy(o->key.bytes, base->id->bytes, sizeof(o->key.bytes));
                return;
        }
        if (o->link > 1)
                o->instance = arena_printf(v->arena, "%s#%u", base->text, o->link);
        if (!o->instance || instance_key_of(&v->engine->pool, text_of(o->instance), &o->key))
                v->failed = true;
}

/* The norm that governs a repetition which starts on a date: this one, or another version's of the same name. */
static const struct norm_plan *governing(struct view *v, const struct norm_plan *plan, const struct fact *start, day_t date) {
        const struct norm_plan *others;
        const struct norm *norm = plan->norm;

        if (view_holds(v, norm->protocol, date, start))
                return plan;
        if (!start)
                return plan;
        others = v->engine->plans[start->type->index];
        for (size_t i = 0; i < v->config->index[start->type->index].n_norms; i++) {
                const struct norm *other = others[i].norm;

                if (other != norm && other->repeats && strcmp(other->name, norm->name) == 0 && view_holds(v, other->protocol, date, start))
                        return &others[i];
        }
        return plan;
}

/*
 * One obligation, or with repeats a chain of them: each link starts on the date on which the one before was met.
 * @holds: whether the first link's holding date is decided already (regions). @alive: before it, nothing is asked.
 */
static void add_chain(struct view *v, const struct norm_plan *plan, struct obligation o, const struct base *base, day_t alive) {
        const struct norm *norm = plan->norm;

        for (o.link = 1; o.link <= ENGINE_LINKS_MAX && !v->failed; o.link++) {
                day_t holding = o.link > 1 || !o.start ? o.from : o.start->own;
                const struct norm_plan *governs = plan;

                /* The first link too: what met it under the version before decides where this version's links begin. */
                if (norm->repeats && (o.link > 1 || !norm->holds_on_due))
                        governs = governing(v, plan, o.start, holding);
                o.norm = governs->norm;
                o.pool_norm = governs->word;
                o.part = plan->part;
                name_instance(v, &o, base);
                obligation_settle(v, &o);
                if (norm->holds_on_due)
                        holding = o.due.state == DUE_KNOWN ? o.due.date : DAY_NONE;
                if (o.norm == norm && holding != DAY_NONE && view_holds(v, norm->protocol, holding, o.start) &&
                    !(o.due.state == DUE_KNOWN && o.due.date < alive) && !put(v, &o))
                        return;
                if (!norm->repeats || !o.met)
                        return;
                o.from = o.met_date;
        }
}

/* false: memory is out. */
static bool base_of(struct view *v, const struct norm *norm, const struct fact *start, struct base *ret) {
        const struct slot *instance = NULL;
        char *text;

        if (norm->per >= 0)
                instance = &start->slots[norm->per];
        else if (start->type->identity >= 0)
                instance = &start->slots[start->type->identity];
        if (instance && instance->kind == SLOT_STRING) {
                *ret = (struct base){.text = arena_copy(v->arena, instance->s.s, instance->s.n)};
                return ret->text != NULL;
        }
        text = arena_alloc(v->arena, UUID_TEXT + 1);
        *ret = (struct base){.text = text, .id = instance && instance->kind == SLOT_UUID ? &instance->u : &start->event_id};
        if (norm->per_case)
                ret->id = &v->file->id;
        if (text)
                uuid_format(ret->id, text);
        return text != NULL;
}

static void add_for_start(struct view *v, const struct norm_plan *plan, const struct fact *start) {
        const struct norm *norm = plan->norm;
        struct obligation o = {.norm = norm, .start = start, .from = ref_date(&norm->starts, start)};
        struct base base;

        if (o.from == DAY_NONE || !conditions_hold(v, &norm->when, &o, true))
                return;
        if (!base_of(v, norm, start, &base)) {
                v->failed = true;
                return;
        }
        o.instance = base.text;
        if (conditions_hold(v, &norm->when, &o, false))
                add_chain(v, plan, o, &base, INT32_MIN);
}

/* per: the earliest starting fact of each value for which the conditions on its own fields hold. */
static void add_per(struct view *v, const struct norm_plan *plan, const struct fact_list *list) {
        const struct norm *norm = plan->norm;

        for (size_t i = 0; i < list->n; i++) {
                const struct fact *best = NULL;
                bool first = true;

                for (size_t j = 0; j < list->n; j++) {
                        const struct fact *fact = list->items[j];
                        struct obligation probe = {.norm = norm, .start = fact, .instance = ""};
                        day_t date = ref_date(&norm->starts, fact);

                        if (norm->per >= 0 && (fact->slots[norm->per].kind == SLOT_NULL ||
                                               !slot_equal(&fact->slots[norm->per], &list->items[i]->slots[norm->per])))
                                continue;
                        first &= j >= i; /* each value once: at its first place in the list */
                        if (date == DAY_NONE || !conditions_hold(v, &norm->when, &probe, true))
                                continue;
                        if (!best || date < ref_date(&norm->starts, best) ||
                            (date == ref_date(&norm->starts, best) && uuid_compare(&fact->event_id, &best->event_id) < 0))
                                best = fact;
                }
                if (first && best)
                        add_for_start(v, plan, best);
        }
}

static void add_norm(struct view *v, const struct norm_plan *plan) {
        const struct fact_list *list = view_list(v, plan->norm->starts.type);

        v->part = plan->part;
        if (plan->norm->per_case || plan->norm->per >= 0) {
                add_per(v, plan, list);
                return;
        }
        for (size_t i = 0; i < list->n && !v->failed; i++)
                add_for_start(v, plan, list->items[i]);
}

/* --- norms that start from the protocol itself, in a region's case --- */

/* The local date of the region's first accepted event. */
static day_t region_alive(const struct view *v) {
        const struct fact *first = NULL;

        for (size_t i = 0; i < v->n; i++) {
                if (!first || v->facts[i].recorded_at < first->recorded_at)
                        first = &v->facts[i];
        }
        return first ? date_of_instant(first->recorded_at) : DAY_NONE;
}

static void add_region_one(struct view *v, const struct norm_plan *plan, const struct organisation *each, day_t from, int year, day_t alive) {
        const struct norm *norm = plan->norm;
        struct obligation o = {.norm = norm, .each = each, .from = from, .year = year, .link = 1};
        struct base base = {.text = each ? each->id : norm->name};

        if (norm->timing == TIMING_QUOTA)
                base.text = each ? arena_printf(v->arena, "%d/%s", year, each->id) : arena_printf(v->arena, "%d", year);
        if (!base.text) {
                v->failed = true;
                return;
        }
        o.instance = base.text;
        if (view_begun(v, from) && conditions_hold(v, &norm->when, &o, false))
                add_chain(v, plan, o, &base, alive);
}

static void add_municipalities(struct view *v, const struct norm_plan *plan, day_t from, int year, day_t alive) {
        for (size_t i = 0; i < organisations_count(v->config->organisations); i++) {
                const struct organisation *org = organisations_at(v->config->organisations, i), *row = organisation_on(org, from);

                if (row && row->kind == KIND_MUNICIPALITY && row->region && region_within(row->region, v->region))
                        add_region_one(v, plan, org, from, year, alive);
        }
}

/* The organisations of a region's role. */
static void add_role(struct view *v, const struct norm_plan *plan, const struct region *region, const char *role, day_t from, int year, day_t alive) {
        const struct role_entry *entry = NULL;

        for (; !entry && region; region = region->part_of)
                entry = role_find(region->roles, region->n_roles, role);
        for (size_t i = 0; entry && i < entry->n; i++)
                add_region_one(v, plan, entry->organisations[i], from, year, alive);
}

static void add_each(struct view *v, const struct norm_plan *plan, day_t from, int year, day_t alive) {
        const struct protocol *p = plan->norm->protocol;

        switch (plan->norm->each) {
        case EACH_NONE:
                add_region_one(v, plan, NULL, from, year, alive);
                break;
        case EACH_MUNICIPALITY:
                add_municipalities(v, plan, from, year, alive);
                break;
        case EACH_GI:
                add_role(v, plan, v->region, "gi", from, year, alive);
                break;
        case EACH_PARTNER:
                for (size_t i = 0; i < p->n_partners; i++) {
                        if (p->partners[i].from <= from && from <= p->partners[i].until)
                                add_region_one(v, plan, p->partners[i].organisation, from, year, alive);
                }
                break;
        case EACH_PART:
                for (size_t i = 0; i < regions_count(v->config->organisations); i++) {
                        const struct region *part = regions_at(v->config->organisations, i);
                        const struct role_entry *entry = role_find(part->roles, part->n_roles, "region");

                        for (size_t j = 0; part->part_of == v->region && entry && j < entry->n; j++)
                                add_region_one(v, plan, entry->organisations[j], from, year, alive);
                }
                break;
        }
}

/* A norm exists in each region that its protocol lists, not in its parts. */
static bool is_listed(const struct view *v, const struct protocol *protocol) {
        for (size_t i = 0; i < protocol->n_regions; i++) {
                if (protocol->regions[i] == v->region)
                        return true;
        }
        return protocol->n_regions == 0;
}

static void add_region_norm(struct view *v, const struct norm_plan *plan, day_t alive) {
        const struct norm *norm = plan->norm;
        const struct protocol *p = norm->protocol;

        v->part = plan->part;
        if (!is_listed(v, p))
                return;
        if (norm->timing != TIMING_QUOTA) {
                add_each(v, plan, p->from, 0, alive);
                return;
        }
        /* Every calendar year that lies wholly in the validity, up to the one after the present: its beginning is the next instant. */
        for (int year = date_year(p->from); year <= date_year(v->today) + 1; year++) {
                day_t first = date_from_ymd(year, 1, 1), last = date_from_ymd(year, 12, 31);

                if (first >= p->from && last <= p->until && last >= alive)
                        add_each(v, plan, first, year, alive);
        }
}

void view_obligations(struct view *v) {
        size_t types = event_types_count(v->config->types);

        for (size_t i = 0; v->bearing && i < v->bearing->plans.n && !v->failed; i++)
                add_norm(v, v->bearing->plans.items[i]);
        for (size_t t = 0; !v->bearing && t < types; t++) {
                const struct config_index *index = &v->config->index[t];

                for (size_t i = 0; v->lists[t].n && i < index->n_norms && !v->failed; i++)
                        add_norm(v, &v->engine->plans[t][i]);
        }
        if (v->region && v->n) {
                day_t alive = region_alive(v);

                for (size_t i = 0; i < v->config->n_region_norms && !v->failed; i++)
                        add_region_norm(v, &v->engine->region_plans[i], alive);
        }
        v->part = 0;
}
