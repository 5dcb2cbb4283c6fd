/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * One record on its way in: frame, decode, check, accept, or refuse
 *
 * Whatever does not pass is kept, and told, and the partition goes on with the next. The record goes unchanged to
 * dead-letters, with headers that say where it stood and why. When its event could be read and its source is an
 * organisation that we know, that organisation gets an event-refused in its inbox. Its event_id is the UUIDv5 of
 * refused|topic|partition|offset: the same record, read again, is refused under the same id.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "worker/inside.h"

#define REFUSALS_SAID_MS 1000 /* at most one log line in this time; the rest is counted in the next */
#define REFUSED_NAME_MAX (BUS_NAME_MAX + 64)

struct refused {
        const char *stage; /* frame, decode, check, accept */
        enum refusal code;
        struct error err;
        const struct event *event; /* as far as it could be read; NULL */
};

/* -- What cannot be accepted -- */

/* Dutch, for a person; the technical sentence comes behind it. */
static const char *const phrases[REFUSALS] = {
        [REFUSAL_MALFORMED] = "Het bericht is niet leesbaar",
        [REFUSAL_UNKNOWN_EVENT] = "Deze berichtsoort is niet bekend",
        [REFUSAL_BAD_VALUE] = "Een veld heeft een waarde die niet kan",
        [REFUSAL_UNKNOWN_ORGANISATION] = "De afzender is niet bekend",
        [REFUSAL_NOT_ALLOWED] = "De afzender mag dit niet melden",
        [REFUSAL_KEY_MISMATCH] = "De sleutel van het bericht is niet die van de zaak",
        [REFUSAL_DUPLICATE_ID] = "Dit kenmerk is al gebruikt voor een ander bericht",
        [REFUSAL_CASE_FULL] = "De zaak heeft het hoogste aantal berichten bereikt",
        [REFUSAL_CASE_CLOSED] = "De zaak is afgesloten en de bewaartermijn is voorbij",
        [REFUSAL_UNKNOWN_SCHEMA] = "Het schema van het bericht is niet bekend",
        [REFUSAL_UNDECODABLE] = "Het bericht is niet te ontcijferen",
};

static struct slot string_slot(const char *s) {
        return (struct slot){.kind = SLOT_STRING, .s = text_of(s)};
}

/* Puts a value where the schema has the field; a schema of later days may have more, which are nullable or have a default. */
static void put_slot(const struct event_type *type, struct slot *slots, const char *field, struct slot value) {
        int at = layout_slot(type->layout, field);

        if (at >= 0)
                slots[at] = value;
}

static int tell_publisher(struct worker *w, const struct bus_record *record, const struct refused *why, struct trace_context trace, struct error *err) {
        const struct event_type *type = event_types_known(w->c.config->types, TYPE_EVENT_REFUSED);
        const struct slot *from = why->event->slots;
        const struct organisation *to = organisations_find(w->c.config->organisations, from[SLOT_SOURCE].s);
        instant_t now = w->now.deciding;
        char name[REFUSED_NAME_MAX];
        struct event event = {.type = type};
        struct uuid id;
        int n;

        if (!to || !type) /* schemas without event-refused: what is refused stands in dead-letters only */
                return 0;
        n = snprintf(name, sizeof(name), "refused|%s|%d|%" PRId64, record->topic, record->partition, record->offset);
        id = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
        event.slots = arena_calloc(w->scratch, type->layout->n, sizeof(*event.slots));
        const char *text = arena_printf(w->scratch, "%s: %s", phrases[why->code], why->err.text);

        if (!event.slots || !text) {
                error_set(err, "out of memory while a refusal was told");
                return -ENOMEM;
        }
        for (size_t i = 0; i < type->layout->n; i++)
                event.slots[i] = type->layout->fields[i].has_default ? type->layout->fields[i].default_value : (struct slot){.kind = SLOT_NULL};
        event.slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = id};
        event.slots[SLOT_CASE_ID] = from[SLOT_CASE_ID];
        event.slots[SLOT_SOURCE] = string_slot(WORKER_SOURCE);
        event.slots[SLOT_OCCURRED_AT] = event.slots[SLOT_RECORDED_AT] = (struct slot){.kind = SLOT_INT, .i = now};
        put_slot(type, event.slots, "refused", from[SLOT_EVENT_ID]);
        put_slot(type, event.slots, "code", string_slot(refusal_codes[why->code]));
        put_slot(type, event.slots, "text", string_slot(text));
        return tell_event(w, &event, OUTPUT_INBOXES + to->index, BUS_BY_KEY, trace, err);
}

static void say_refused(struct worker *w, const struct bus_record *record, const struct refused *why) {
        uint64_t n = log_pace(&w->refusals, w->now.monotonic, REFUSALS_SAID_MS);

        if (n == 0)
                return;
        log_line(w->c.log, RECORD_REFUSED, LOG_STRING("instance", w->c.instance), LOG_STRING("topic", record->topic),
                 LOG_INT("partition", record->partition), LOG_INT("offset", record->offset), LOG_STRING("stage", why->stage),
                 LOG_STRING("code", refusal_codes[why->code]), LOG_STRING("error", why->err.text),
                 LOG_INT("refused", (int64_t)n));
}

static int intake_refuse(struct worker *w, struct bus_record *record, const struct refused *why, struct error *err) {
        struct dead_letter letter = {.topic = record->topic,
                                     .partition = record->partition,
                                     .offset = record->offset,
                                     .stage = why->stage,
                                     .code = refusal_codes[why->code],
                                     .error = why->err.text};
        const struct bus_header *trace;
        int r;

        assert(why->code > REFUSAL_NONE && why->code < REFUSALS);
        say_refused(w, record, why);
        if (bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        headers_dead_letter(record, &letter, &w->dead_headers);
        r = bus_worker_produce(w->bus,
                               &(struct bus_record){.topic = w->topics.outputs[OUTPUT_DEAD_LETTERS],
                                                    .index = OUTPUT_DEAD_LETTERS,
                                                    .partition = BUS_BY_KEY,
                                                    .key = record->key,
                                                    .key_n = record->key_n,
                                                    .value = record->value,
                                                    .value_n = record->value_n,
                                                    .headers = w->dead_headers.headers,
                                                    .headers_n = w->dead_headers.n},
                               err);
        if (r)
                return r;
        w->tally.dead++;
        w->tally.refused[why->code]++;
        if (!why->event)
                return 0;
        trace = headers_traceparent(record);
        return tell_publisher(w, record, why, trace ? (struct trace_context){trace->value, trace->n} : (struct trace_context){0}, err);
}

/* -- What comes in -- */

/* Not a literal: that would write zeros over the whole sentence, for every record. */
static void refused_begin(struct refused *why) {
        why->stage = "frame";
        why->code = REFUSAL_NONE;
        why->event = NULL;
        why->err.text[0] = '\0';
}

/* Which schema wrote the body: *ret_program, which makes @type of it. Return: whether there is one. */
static bool find_program(const struct worker *w, const struct event_type *type, const struct framing *frame, const struct program **ret_program,
                         struct refused *why) {
        const struct event_type *found;

        if (frame->kind == FRAMING_NONE) {
                why->code = REFUSAL_UNDECODABLE;
                error_set(&why->err, "the body does not begin with C3 01 (Avro single-object encoding) or 00 (schema id of a registry)");
        } else if (frame->kind == FRAMING_CONFLUENT) {
                why->code = REFUSAL_UNKNOWN_SCHEMA;
                error_set(&why->err, "schema id %" PRIu64 " is of a registry, and none is configured; send Avro single-object encoding", frame->id);
        } else if (!event_types_decoder(w->c.config->types, frame->id, &found, ret_program)) {
                why->code = REFUSAL_UNKNOWN_SCHEMA;
                error_set(&why->err, "no schema here has the fingerprint %016" PRIx64 "; add the writer's schema to the schemas folder or its history",
                          frame->id);
        } else if (found != type) {
                why->code = REFUSAL_UNKNOWN_SCHEMA;
                error_set(&why->err, "the body is of %s, and this is the topic of %s", found->name, type->name);
        }
        return why->code == REFUSAL_NONE;
}

/* Return: whether it passes. */
static bool check(const struct worker *w, const struct event *event, const struct bus_record *record, struct refused *why) {
        const struct organisations *orgs = w->c.config->organisations;
        const char *field;

        why->stage = "check";
        why->event = event;
        why->code = event_check_values(event, orgs, &field, &why->err);
        if (why->code == REFUSAL_NONE && event->slots[SLOT_RECORDED_AT].i - w->now.deciding > WORKER_AHEAD_MAX_MS) {
                why->code = REFUSAL_BAD_VALUE;
                error_set(&why->err, "recorded_at lies more than a day ahead of the clock");
        }
        if (why->code == REFUSAL_NONE)
                why->code = event_check_publisher(event, orgs, &field, &why->err);
        if (why->code == REFUSAL_NONE)
                why->code = event_check_key(event, orgs, (struct text){record->key, record->key ? record->key_n : 0}, &why->err);
        return why->code == REFUSAL_NONE;
}

static struct trace_context trace_of(struct bus_record *record) {
        const struct bus_header *header = headers_traceparent(record);

        return header ? (struct trace_context){header->value, header->n} : (struct trace_context){0};
}

static int accept_event(struct worker *w, struct partition *p, struct bus_record *record, const struct event *event, struct refused *why,
                        struct error *err) {
        const struct outcome *outcome;
        instant_t now = partition_now(w, p);
        int r = engine_event(w->engine, p->store, event, now, partition_tells(w, p), &outcome, &why->err);

        if (r > 0) {
                why->stage = "accept";
                why->code = (enum refusal)r;
                return intake_refuse(w, record, why, err);
        }
        if (r < 0) {
                error_set(err, "out of memory while a fact of partition %d was accepted", p->number);
                return r;
        }
        if (outcome->duplicate) {
                w->tally.duplicates++;
                return 0;
        }
        w->tally.facts[record->index]++;
        if (outcome->n_effects && bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        return tell_outcome(w, p, outcome, now, trace_of(record), err);
}

int intake(struct worker *w, struct bus_record *record, struct error *err) {
        struct partition *p = record->partition >= 0 && record->partition < w->n_parts ? w->parts[record->partition] : NULL;
        const struct event_type *type = w->topics.types[record->index];
        struct framing frame;
        const struct program *program;
        struct event event = {.type = type};
        struct refused why;

        if (!p) {
                error_set(err, "a record of partition %d of %s came, which is not this worker's", record->partition, type->name);
                return -EPROTO;
        }
        clock_saw(w, p, record);
        behind_saw(w, p, record);
        transaction_touch(w);
        arena_reset(w->scratch);
        frame = framing_read(record->value, record->value ? record->value_n : 0);
        refused_begin(&why);
        if (!find_program(w, type, &frame, &program, &why))
                return intake_refuse(w, record, &why, err);
        event.slots = arena_calloc(w->scratch, type->layout->n, sizeof(*event.slots));
        if (!event.slots) {
                error_set(err, "out of memory while a record was decoded");
                return -ENOMEM;
        }
        if (record_decode(program, frame.body, frame.n, event.slots, &why.err)) {
                why.stage = "decode";
                why.code = REFUSAL_UNDECODABLE;
                return intake_refuse(w, record, &why, err);
        }
        if (!check(w, &event, record, &why))
                return intake_refuse(w, record, &why, err);
        return accept_event(w, p, record, &event, &why, err);
}
