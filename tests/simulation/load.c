/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What is published: good events, late and shuffled, twice, corrected, withdrawn; and bad ones of every kind
 *
 * Some events are held back for a while, so that what replaces or withdraws them may come first. Some are sent
 * again, as a connector does that never heard the answer. Some go through a transaction that comes to nothing.
 * Whatever is wrong with a record by itself is known here, and what becomes of it is not: that is for the models.
 */

#include "load.h"

#include <errno.h>

#include "bus/murmur2.h"
#include "cluster/event_record.h"

#define KEY_MAX (BUS_NAME_MAX + 48)

/* How likely the events are with which the four deadlines are concerned, and how likely any other is. */
static const struct {
        const char *name;
        unsigned weight;
} likely[] = {
        {"measure-started", 30},    {"protector-assigned", 16}, {"first-contact-held", 14}, {"course-agreed", 14}, {"help-started", 10},
        {"measure-ended", 8},       {"residence-changed", 8},   {"event-withdrawn", 8},     {"plan-made", 2},      {"alert-acknowledged", 4},
        {"safety-raised", 2},       {"obstruction-reported", 2}, {"child-unprotected-reported", 1},
};
#define BUNDLED_WEIGHT 3 /* of every event type, with the bundled protocols */
#define LATE_PERCENT 6   /* of the events, about a case that came to an end */

/* -- Known records -- */

static int place(char ret[KEY_MAX], const char *topic, unsigned anew, int32_t partition, int64_t offset) {
        return snprintf(ret, KEY_MAX, "%s|%u|%d|%lld", topic, anew, partition, (long long)offset);
}

const struct input *load_find(struct sim *s, const char *topic, int32_t partition, int64_t offset) {
        char key[KEY_MAX];

        return table_get(&s->inputs, key, (size_t)place(key, topic, moves_anew(s, topic), partition, offset));
}

static void remember(struct sim *s, struct child *child, struct input *input) {
        char key[KEY_MAX];
        size_t n = (size_t)place(key, input->topic, input->anew, input->partition, input->offset);

        if (table_put(&s->inputs, sim_keep(s, key, n), n, input) || vector_push(&s->published, input))
                sim_check_memory(s, NULL);
        if (input->bad == REFUSAL_NONE && vector_push(&child->published, input))
                sim_check_memory(s, NULL);
}

/* -- Sending -- */

struct letter { /* one record on its way */
        struct child *child;
        struct event event;
        unsigned content;
        enum refusal bad;
        bool legible;
        const char *topic;      /* NULL: of the event's type */
        const struct uuid *key; /* NULL: the case */
        bool empty;             /* no value at all */
};

static void encode(struct sim *s, const struct event *event) {
        buffer_clear(&s->body);
        event_record_encode(event, &s->body);
        if (s->body.failed)
                sim_check_memory(s, NULL);
}

/* In a transaction of a connector, which commits or aborts it later. */
static void send_in_transaction(struct sim *s, const struct bus_record *record) {
        struct error err;

        if (bus_producer_send(s->load->producer, record, NULL, &err))
                sim_fail(s, "a connector cannot send: %s", err.text);
        s->load->sent++;
}

/* Writes what stands in s->body. Not to a log that is not yet known to be another: its source is refused, and goes away. */
static void send(struct sim *s, const struct letter *l) {
        struct input *input = arena_calloc(s->arena, 1, sizeof(*input));
        int64_t ends[PARTITIONS_MAX];
        char key[UUID_TEXT + 1];
        struct bus_record record = {.topic = l->topic ? l->topic : l->event.type->name, .partition = BUS_BY_KEY, .key = key, .key_n = UUID_TEXT};

        sim_check_memory(s, input);
        *input = (struct input){.event = l->event, .content = l->content, .bad = l->bad, .legible = l->legible, .topic = sim_topic(s, record.topic)};
        input->anew = moves_anew(s, record.topic);
        uuid_format(l->key ? l->key : &l->child->id, key);
        if (moves_full(s, record.topic, bus_record_partition(&record, s->partitions, 0)))
                return;
        record.value = l->empty ? NULL : s->body.bytes;
        record.value_n = l->empty ? 0 : s->body.n;
        if (chance(s, 4)) /* has waited in its producer */
                record.timestamp = sim_now(s) - draw_between(s, 0, 2 * MINUTE_MS);
        for (int32_t p = 0; p < s->partitions; p++)
                ends[p] = memory_end(s->memory, record.topic, p);
        if (chance(s, 10) && !s->quiet && moves_found_out(s, record.topic)) /* a marker would take an offset too */
                send_in_transaction(s, &record);
        else if (memory_append(s->memory, &record))
                sim_fail(s, "a record for %s cannot be appended", record.topic);
        for (int32_t p = 0; p < s->partitions; p++) {
                if (memory_end(s->memory, record.topic, p) == ends[p])
                        continue;
                input->partition = p;
                input->offset = ends[p];
        }
        remember(s, l->child, input);
        sim_trace(s, "published %s[%d]@%lld%s%s", input->topic, input->partition, (long long)input->offset, l->bad ? ", bad: " : "",
                  l->bad ? refusal_codes[l->bad] : "");
}

static void send_good(struct sim *s, const struct held *h) {
        encode(s, &h->event);
        send(s, &(struct letter){.child = h->child, .event = h->event, .content = h->content, .legible = true});
        while (chance(s, 10)) { /* the answer was lost */
                encode(s, &h->event);
                send(s, &(struct letter){.child = h->child, .event = h->event, .content = h->content, .legible = true});
        }
}

/* -- Good events -- */

static struct child *child_draw(struct sim *s, const struct event_type *type) {
        struct load *load = s->load;

        if (type->region)
                return load->regions[draw(s, REGION_CASES)];
        if (load->past.n && chance(s, LATE_PERCENT))
                return load->past.items[draw(s, load->past.n)];
        return load->children[draw(s, CHILDREN)];
}

static void good_draw(struct sim *s, struct held *ret) {
        for (;;) {
                const struct event_type *type = s->load->types.items[draw(s, s->load->types.n)];

                ret->child = child_draw(s, type);
                ret->content = ++s->contents;
                if (event_draw(s, type, ret->child, &ret->event))
                        return;
        }
}

/* What every record of this load claims to be: good. Asked of the product, so that a new rule there is noticed here. */
static void check_good(struct sim *s, const struct event *event) {
        struct error err = {0};
        const char *field;

        if (event_check_values(event, s->config->organisations, &field, &err) != REFUSAL_NONE ||
            event_check_publisher(event, s->config->organisations, &field, &err) != REFUSAL_NONE)
                sim_fail(s, "the load makes bad events of type %s: %s", event->type->name, err.text);
}

static void publish_good(struct sim *s) {
        struct held h = {0};

        good_draw(s, &h);
        check_good(s, &h.event);
        h.until = sim_now(s) + (chance(s, 70) ? draw_between(s, 0, HOUR_MS) : draw_between(s, 0, 10 * DAY_MS));
        if (chance(s, 25) && s->load->held.n < HELD_MAX) {
                if (vector_push(&s->load->held, h))
                        sim_check_memory(s, NULL);
                return;
        }
        send_good(s, &h);
}

/* Whether the log to which it goes takes nothing just now. */
static bool is_full(const struct sim *s, const struct held *h) {
        char key[UUID_TEXT + 1];
        const struct bus_record record = {.partition = BUS_BY_KEY, .key = key, .key_n = UUID_TEXT};

        uuid_format(&h->child->id, key);
        return moves_full(s, h->event.type->name, bus_record_partition(&record, s->partitions, 0));
}

static void publish_held(struct sim *s, bool all) {
        struct load *load = s->load;

        for (size_t i = 0; i < load->held.n;) {
                struct held h = load->held.items[i];

                if ((!all && h.until > sim_now(s)) || is_full(s, &h)) {
                        i++;
                        continue;
                }
                load->held.items[i] = load->held.items[--load->held.n];
                send_good(s, &h);
        }
}

/* -- Bad ones -- */

static void change_bytes(struct sim *s, unsigned how) {
        struct buffer *b = &s->body;

        switch (how) {
        case 0: /* no frame */
                b->bytes[0] = 'x';
                break;
        case 1: /* cut off */
                b->n--;
                break;
        case 2: /* a schema that nobody has */
                b->bytes[2] ^= 0x5a;
                break;
        case 3: /* a registry's frame */
                b->bytes[0] = 0;
                break;
        default:
                break;
        }
}

/* A record whose event cannot be read. */
static void publish_illegible(struct sim *s, unsigned how) {
        static const enum refusal codes[] = {REFUSAL_UNDECODABLE, REFUSAL_UNDECODABLE, REFUSAL_UNKNOWN_SCHEMA, REFUSAL_UNKNOWN_SCHEMA, REFUSAL_UNDECODABLE};
        struct held h = {0};

        good_draw(s, &h);
        encode(s, &h.event);
        change_bytes(s, how);
        send(s, &(struct letter){.child = h.child, .event = h.event, .bad = codes[how], .empty = how == 4});
}

/* Another type's body. */
static void publish_astray(struct sim *s) {
        struct held h = {0};

        good_draw(s, &h);
        encode(s, &h.event);
        send(s, &(struct letter){.child = h.child,
                                 .event = h.event,
                                 .bad = REFUSAL_UNKNOWN_SCHEMA,
                                 .topic = strcmp(h.event.type->name, "plan-made") == 0 ? "help-started" : "plan-made"});
}

/* A record whose event can be read and may not stand. */
static void publish_wrong(struct sim *s, unsigned how) {
        struct held h = {0};
        struct letter l;
        struct uuid other = uuid_draw(s);
        const struct organisation *o;

        good_draw(s, &h);
        l = (struct letter){.child = h.child, .event = h.event, .content = h.content, .legible = true};
        switch (how) {
        case 0:
                h.event.slots[SLOT_RECORDED_AT].i = 0;
                l.bad = REFUSAL_BAD_VALUE;
                break;
        case 1:
                h.event.slots[SLOT_SOURCE].s = text_of("gi-nobody");
                l.bad = REFUSAL_UNKNOWN_ORGANISATION;
                break;
        case 2:
                o = organisation_draw(s, ~h.event.type->publishers);
                if (!o)
                        return;
                h.event.slots[SLOT_SOURCE].s = text_of(o->id);
                l.bad = REFUSAL_NOT_ALLOWED;
                break;
        case 3:
                l.key = &other;
                l.bad = REFUSAL_KEY_MISMATCH;
                break;
        default: /* another's event_id: whether that is bad depends on who comes first */
                if (h.child->published.n == 0)
                        return;
                h.event.slots[SLOT_EVENT_ID] = h.child->published.items[draw(s, h.child->published.n)]->event.slots[SLOT_EVENT_ID];
                break;
        }
        encode(s, &h.event);
        send(s, &l);
}

static void publish_bad(struct sim *s) {
        unsigned how = (unsigned)draw(s, 11);

        if (how < 5)
                publish_illegible(s, how);
        else if (how == 5)
                publish_astray(s);
        else
                publish_wrong(s, how - 6);
}

/* -- Cases that come to an end -- */

static void send_now(struct sim *s, struct child *child, const struct event *event) {
        const struct held h = {.child = child, .event = *event, .content = ++s->contents};

        check_good(s, event);
        send_good(s, &h);
}

static bool was_before(const struct child *child, size_t i) { /* sent more than once */
        for (size_t k = 0; k < i; k++) {
                if (child->published.items[k]->content == child->published.items[i]->content)
                        return true;
        }
        return false;
}

/* Everything that can end in it ends. */
static void end_all(struct sim *s, struct child *child, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const struct input *input = child->published.items[i];
                struct event event;

                for (size_t k = 0; k < n_endings && !was_before(child, i); k++) {
                        if (strcmp(input->event.type->name, endings[k].started) != 0)
                                continue;
                        event_draw_end(s, &endings[k], input, child, &event);
                        send_now(s, child, &event);
                        break;
                }
        }
}

/* It was all a mistake. */
static void withdraw_all(struct sim *s, struct child *child, size_t n) {
        for (size_t i = 0; i < n; i++) {
                struct event event;

                if (was_before(child, i) || strcmp(child->published.items[i]->event.type->name, "event-withdrawn") == 0)
                        continue;
                event_draw_withdrawal(s, child->published.items[i], child, &event);
                send_now(s, child, &event);
        }
}

static struct child *child_new(struct sim *s, size_t place);

/* Of some, the one of which least is known. */
static size_t place_to_end(struct sim *s) {
        size_t place = draw(s, CHILDREN);

        for (unsigned i = 0; i < 2; i++) {
                size_t other = draw(s, CHILDREN);

                if (s->load->children[other]->published.n < s->load->children[place]->published.n)
                        place = other;
        }
        return place;
}

void load_end_case(struct sim *s) {
        struct load *load = s->load;
        size_t place = place_to_end(s);
        struct child *child = load->children[place];

        if (load->past.n == PAST_MAX || child->published.n == 0)
                return;
        sim_trace(s, "a case comes to an end");
        /* The bundled protocols ask so much that little ever ends in order. */
        if (chance(s, s->profile == PROFILE_BUNDLED ? 75 : 20))
                withdraw_all(s, child, child->published.n);
        else
                end_all(s, child, child->published.n);
        if (vector_push(&load->past, child))
                sim_check_memory(s, NULL);
        load->children[place] = child_new(s, place);
}

static void repeat_of(struct sim *s, struct child *child) {
        const struct input *input = child->published.items[draw(s, child->published.n)];

        encode(s, &input->event);
        send(s, &(struct letter){.child = child, .event = input->event, .content = input->content, .legible = true});
}

/* An event of a case that came to an end, as it was sent before: by a connector that begins anew. */
void load_repeat(struct sim *s) {
        struct load *load = s->load;

        if (load->past.n)
                repeat_of(s, load->past.items[draw(s, load->past.n)]);
}

/* NULL: a region, or one that nobody knows. */
static struct child *child_find(const struct load *load, const struct uuid *case_id) {
        for (size_t i = 0; i < load->past.n; i++) {
                if (uuid_equal(&load->past.items[i]->id, case_id))
                        return load->past.items[i];
        }
        for (size_t i = 0; i < CHILDREN; i++) {
                if (uuid_equal(&load->children[i]->id, case_id))
                        return load->children[i];
        }
        return NULL;
}

void load_again(struct sim *s, const struct input *input) {
        struct held h = {.child = child_find(s->load, &input->event.slots[SLOT_CASE_ID].u), .event = input->event, .content = input->content};

        if (input->bad == REFUSAL_NONE && h.child && s->load->held.n < HELD_MAX && vector_push(&s->load->held, h))
                sim_check_memory(s, NULL);
}

const char *load_topic(struct sim *s) {
        return sim_topic(s, s->load->types.items[draw(s, s->load->types.n)]->name);
}

void load_late(struct sim *s, const struct uuid *case_id) {
        struct child *child = child_find(s->load, case_id);
        struct event event;

        if (!child)
                return;
        if (chance(s, 30))
                repeat_of(s, child);
        else if (event_draw(s, event_types_known(s->config->types, TYPE_MEASURE_STARTED), child, &event))
                send_now(s, child, &event);
}

/* -- All of it -- */

static void end_transaction(struct sim *s, bool commit) {
        struct error err;
        int r;

        if (s->load->sent == 0)
                return;
        s->load->sent = 0;
        r = commit ? bus_producer_commit(s->load->producer, NULL, &err) : bus_producer_abort(s->load->producer, NULL, &err);
        if (r)
                sim_fail(s, "a connector cannot end its transaction: %s", err.text);
}

void load_hurry(struct sim *s) {
        end_transaction(s, false);
}

void load_publish(struct sim *s, unsigned n) {
        if (chance(s, 50))
                end_transaction(s, chance(s, 60));
        publish_held(s, false);
        for (unsigned i = 0; i < n; i++) {
                if (chance(s, 12))
                        publish_bad(s);
                else
                        publish_good(s);
        }
}

void load_wake(struct sim *s) {
        bool done[PARTITIONS_MAX] = {false};
        int32_t left = s->partitions;

        end_transaction(s, true);
        publish_held(s, true);
        while (left > 0) {
                struct held h = {0};
                const struct input *last;
                size_t sent = s->published.n;

                do
                        good_draw(s, &h);
                while (strcmp(h.event.type->name, "alert-acknowledged") == 0); /* what that holds back now a replay would not */
                encode(s, &h.event);
                send(s, &(struct letter){.child = h.child, .event = h.event, .content = h.content, .legible = true});
                if (s->published.n == sent)
                        continue;
                last = s->published.items[s->published.n - 1];
                left -= !done[last->partition];
                done[last->partition] = true;
        }
}

static bool somebody_may(const struct sim *s, const struct event_type *type) {
        for (size_t i = 0; i < organisations_count(s->config->organisations); i++) {
                if (type->publishers & 1u << organisations_at(s->config->organisations, i)->kind)
                        return true;
        }
        return false;
}

static void list_types(struct sim *s) {
        for (size_t i = 0; i < event_types_count(s->config->types); i++) {
                const struct event_type *type = event_types_at(s->config->types, i);
                unsigned weight = s->profile == PROFILE_BUNDLED ? BUNDLED_WEIGHT : 0;

                if (type->output || (type->region && s->profile != PROFILE_BUNDLED) || !somebody_may(s, type))
                        continue;
                for (size_t k = 0; k < ELEMENTS(likely); k++)
                        weight += strcmp(type->name, likely[k].name) == 0 ? likely[k].weight : 0;
                for (; weight > 0; weight--) {
                        if (vector_push(&s->load->types, type))
                                sim_check_memory(s, NULL);
                }
        }
}

/* Every partition has a case. */
static struct uuid case_draw(struct sim *s, int32_t partition) {
        char text[UUID_TEXT + 1];
        struct uuid id;

        do {
                id = uuid_draw(s);
                uuid_format(&id, text);
        } while (murmur2_partition(text, UUID_TEXT, s->partitions) != partition);
        return id;
}

static struct child *child_new(struct sim *s, size_t place) {
        struct child *child = arena_calloc(s->arena, 1, sizeof(*child));

        sim_check_memory(s, child);
        child->id = case_draw(s, (int32_t)place % s->partitions);
        for (unsigned k = 0; k < LINKS; k++) {
                for (unsigned i = 0; i < LINK_IDS; i++)
                        child->ids[k][i] = uuid_draw(s);
        }
        child->gi = organisation_draw(s, 1u << KIND_GI)->id;
        for (unsigned i = 0; i < 2; i++)
                child->municipality[i] = organisation_draw(s, 1u << KIND_MUNICIPALITY)->id;
        return child;
}

void load_open(struct sim *s) {
        struct load *load = calloc(1, sizeof(*load));
        const struct bus_producer_config config = {.transactional_id = "connector"};
        struct error err;

        sim_check_memory(s, load);
        s->load = load;
        list_types(s);
        for (size_t i = 0; i < CHILDREN; i++)
                load->children[i] = child_new(s, i);
        for (size_t i = 0; i < REGION_CASES; i++) {
                struct child *child = load->regions[i] = child_new(s, CHILDREN + i);

                child->region = regions_at(s->config->organisations, draw(s, regions_count(s->config->organisations)));
                child->id = child->region->case_id;
        }
        if (bus_producer_open(memory_bus(s->memory), &config, &load->producer, &err))
                sim_fail(s, "no producer: %s", err.text);
}

void load_close(struct sim *s) {
        struct load *load = s->load;

        bus_producer_close(load->producer);
        for (size_t i = 0; i < CHILDREN; i++)
                vector_done(&load->children[i]->published);
        for (size_t i = 0; i < REGION_CASES; i++)
                vector_done(&load->regions[i]->published);
        for (size_t i = 0; i < load->past.n; i++)
                vector_done(&load->past.items[i]->published);
        vector_done(&load->past);
        vector_done(&load->types);
        vector_done(&load->held);
        free(load);
}
