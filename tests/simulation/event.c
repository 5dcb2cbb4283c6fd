/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * An event of any type, its fields drawn from their domains
 *
 * The schemas say what the fields are; names say what they mean. Values are drawn so that facts find each
 * other: few measures in a case, dates around the present, organisations that exist, alerts that are open.
 */

#include "load.h"

#define TRIES 20

struct uuid uuid_draw(struct sim *s) {
        uint64_t random[2] = {chance_next(&s->dice), chance_next(&s->dice)};

        return uuid_v4((const uint8_t *)random);
}

const struct organisation *organisation_draw(struct sim *s, uint32_t kinds) {
        const struct organisations *orgs = s->config->organisations;
        size_t n = organisations_count(orgs), first = draw(s, n);

        for (size_t i = 0; i < n; i++) {
                const struct organisation *o = organisations_at(orgs, (first + i) % n);

                if (kinds & 1u << o->kind)
                        return o;
        }
        return NULL;
}

static struct slot string_slot(const char *text) {
        return (struct slot){.kind = SLOT_STRING, .s = text_of(text)};
}

static struct slot int_slot(int64_t i) {
        return (struct slot){.kind = SLOT_INT, .i = i};
}

/* -- Ids -- */

/* An alert that was raised in this case, if any was. */
static struct uuid alert_draw(struct sim *s, const struct child *child) {
        struct uuid ret = uuid_draw(s);

        for (int32_t p = 0; p < s->partitions; p++) {
                const struct ledger_case *c = ledger_find(&s->truth[p], &child->id);

                for (size_t i = 0; c && i < c->rows.n; i++) {
                        if (c->rows.items[i].key[16] == ROW_ALERT && chance(s, 30))
                                memcpy(ret.bytes, c->rows.items[i].key + 17, sizeof(ret.bytes));
                }
        }
        return ret;
}

static struct slot id_draw(struct sim *s, const struct layout_field *field, const struct child *child) {
        struct slot slot = {.kind = SLOT_UUID, .u = uuid_draw(s)};

        for (unsigned k = 0; k < LINKS; k++) {
                if (strcmp(field->name, link_fields[k]) == 0)
                        slot.u = child->ids[k][chance(s, 75) ? 0 : 1];
        }
        if (strcmp(field->name, "withdrawn") == 0 && child->published.n)
                slot.u = child->published.items[draw(s, child->published.n)]->event.slots[SLOT_EVENT_ID].u;
        else if (strcmp(field->name, "alert_id") == 0)
                slot.u = alert_draw(s, child);
        return slot;
}

/* -- Dates -- */

static struct slot date_draw(struct sim *s, const struct layout_field *field) {
        static const struct {
                const char *name;
                int least, most; /* days from today */
        } rows[] = {
                {"informed_date", -50, 1},  {"verdict_date", -110, 0}, {"birth_date", -18 * 365, -15 * 365}, {"ends_on", -10, 200},
                {"until", -10, 60},         {"due_date", -10, 60},     {"expected_on", -10, 60},             {"valid_from", -60, 20},
        };
        day_t today = naive_date_of(sim_now(s));

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (strcmp(field->name, rows[i].name) == 0)
                        return int_slot(today + draw_between(s, rows[i].least, rows[i].most));
        }
        return int_slot(today + draw_between(s, chance(s, 90) ? -20 : -90, chance(s, 90) ? 0 : 15));
}

/* -- Words -- */

static const char *norm_draw(struct sim *s) {
        const struct protocols *protocols = &s->config->protocols;
        const struct protocol *protocol = protocols->items[draw(s, protocols->n)];

        return protocol->n_norms ? protocol->norms[draw(s, protocol->n_norms)].name : "no-norm";
}

static struct slot instance_draw(struct sim *s, const struct child *child) {
        char text[UUID_TEXT + 1];

        uuid_format(&child->ids[chance(s, 70) ? LINK_MEASURE : draw(s, LINKS)][chance(s, 75) ? 0 : 1], text);
        return (struct slot){.kind = SLOT_STRING, .s = {sim_keep(s, text, UUID_TEXT), UUID_TEXT}};
}

static struct slot text_draw(struct sim *s, const struct event_type *type, int at, const struct child *child) {
        const struct layout_field *field = &type->layout->fields[at];
        const struct organisation *o;

        if (at == SLOT_REGION && type->region)
                return string_slot(child->region->id);
        if (strcmp(field->name, "norm") == 0)
                return string_slot(norm_draw(s));
        if (strcmp(field->name, "instance") == 0)
                return instance_draw(s, child);
        if (strcmp(field->name, "protocol") == 0)
                return string_slot(s->config->protocols.items[draw(s, s->config->protocols.n)]->name);
        if (strcmp(field->name, "gi") == 0)
                return string_slot(child->gi);
        if (strcmp(field->name, "municipality") == 0)
                return string_slot(child->municipality[chance(s, 70) ? 0 : 1]);
        if (!event_type_is_organisation(type, at))
                return string_slot("w-17");
        o = organisation_draw(s, ~0u);
        return string_slot(o->id);
}

static struct slot value_draw(struct sim *s, const struct event_type *type, int at, const struct child *child) {
        const struct layout_field *field = &type->layout->fields[at];

        if (field->nullable && chance(s, strcmp(field->name, "measure_id") == 0 ? 10 : 30))
                return (struct slot){.kind = SLOT_NULL};
        switch (field->type) {
        case LAYOUT_BOOLEAN:
                return (struct slot){.kind = SLOT_BOOLEAN, .i = chance(s, 80)};
        case LAYOUT_STRING:
                return text_draw(s, type, at, child);
        case LAYOUT_ENUM:
                return int_slot((int64_t)(chance(s, 40) ? 0 : draw(s, field->n_symbols)));
        case LAYOUT_DATE:
                return date_draw(s, field);
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                return id_draw(s, field, child);
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return (struct slot){.kind = SLOT_DOUBLE, .d = (double)draw(s, 100)};
        case LAYOUT_INT:
        case LAYOUT_LONG:
        case LAYOUT_TIMESTAMP:
                break;
        }
        return int_slot((int64_t)draw(s, 100));
}

/* -- The envelope -- */

static const struct organisation *source_draw(struct sim *s, const struct event_type *type, const struct child *child) {
        const struct organisation *gi = organisations_find(s->config->organisations, text_of(child->gi));
        const struct organisation *municipality = organisations_find(s->config->organisations, text_of(child->municipality[0]));

        if (type->publishers & 1u << KIND_GI && chance(s, 85))
                return gi;
        if (type->publishers & 1u << KIND_MUNICIPALITY && chance(s, 85))
                return municipality;
        return organisation_draw(s, type->publishers);
}

static void envelope_draw(struct sim *s, const struct event_type *type, const struct child *child, struct slot *slots) {
        instant_t recorded = sim_now(s) - draw_between(s, 0, chance(s, 85) ? MINUTE_MS : 20 * DAY_MS);

        if (chance(s, 3)) /* a clock that is ahead; a day or more is refused */
                recorded = sim_now(s) + draw_between(s, 0, 2 * DAY_MS);
        slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = uuid_draw(s)};
        slots[SLOT_CASE_ID] = (struct slot){.kind = SLOT_UUID, .u = child->id};
        slots[SLOT_OCCURRED_AT] = int_slot(recorded - draw_between(s, 0, chance(s, 80) ? HOUR_MS : 10 * DAY_MS));
        slots[SLOT_RECORDED_AT] = int_slot(recorded);
        slots[SLOT_REPLACES] = (struct slot){.kind = SLOT_NULL};
        if (!chance(s, 12) || child->published.n == 0)
                return;
        for (unsigned i = 0; i < TRIES; i++) {
                const struct input *other = child->published.items[draw(s, child->published.n)];

                if (other->event.type->index == type->index)
                        slots[SLOT_REPLACES] = other->event.slots[SLOT_EVENT_ID];
        }
}

/* What reports that something happened is dated no more than a day ahead of when it was written down: else it is refused at the door. */
static void past_draw(const struct event_type *type, struct slot *slots) {
        int date = layout_slot(type->layout, "date");
        day_t last = naive_date_of(slots[SLOT_RECORDED_AT].i) + 1;

        if (type->past && date >= 0 && slots[date].kind == SLOT_INT && slots[date].i > last)
                slots[date].i = last;
}

bool event_draw(struct sim *s, const struct event_type *type, struct child *child, struct event *ret) {
        struct slot *slots = arena_calloc(s->arena, type->layout->n, sizeof(*slots));
        const struct organisation *source = source_draw(s, type, child);
        int own;

        sim_check_memory(s, slots);
        if (!source)
                return false;
        envelope_draw(s, type, child, slots);
        slots[SLOT_SOURCE] = string_slot(source->id);
        for (size_t i = ENVELOPE_SLOTS; i < type->layout->n; i++)
                slots[i] = value_draw(s, type, (int)i, child);
        past_draw(type, slots);
        own = type->own[source->kind];
        if (own >= 0)
                slots[own] = string_slot(source->id);
        *ret = (struct event){type, slots};
        return true;
}

/* -- The end of a case -- */

static struct slot *slot_named(const struct event *event, const char *name) {
        return &event->slots[layout_slot(event->type->layout, name)];
}

static void draw_fresh(struct sim *s, const char *name, struct child *child, struct event *ret) {
        const struct event_type *type = event_types_find(s->config->types, text_of(name));

        if (!type || !event_draw(s, type, child, ret))
                sim_fail(s, "there is no event type %s, or nobody may publish it", name);
        ret->slots[SLOT_REPLACES] = (struct slot){.kind = SLOT_NULL};
}

void event_draw_end(struct sim *s, const struct ending *ending, const struct input *started, struct child *child, struct event *ret) {
        draw_fresh(s, ending->ended, child, ret);
        *slot_named(ret, ending->link) = *slot_named(&started->event, ending->link);
        *slot_named(ret, "date") = int_slot(naive_date_of(sim_now(s)) + draw_between(s, -3, chance(s, 75) ? 0 : 20));
}

void event_draw_withdrawal(struct sim *s, const struct input *withdrawn, struct child *child, struct event *ret) {
        draw_fresh(s, "event-withdrawn", child, ret);
        ret->slots[SLOT_SOURCE] = withdrawn->event.slots[SLOT_SOURCE];
        *slot_named(ret, "withdrawn") = withdrawn->event.slots[SLOT_EVENT_ID];
}
