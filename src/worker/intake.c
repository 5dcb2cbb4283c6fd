/* SPDX-License-Identifier: EUPL-1.2 */

/* Takes records in, one by one. */

#include "worker/intake.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "avro/framing.h"

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

static struct slot intake_string(const char *s) {
        return (struct slot){.kind = SLOT_STRING, .s = text_of(s)};
}

/* Puts a value where the schema has the field; a schema of later days may have more, which are nullable or have a default. */
static void intake_put(const struct event_type *type, struct slot *slots, const char *field, struct slot value) {
        int at = layout_slot(type->layout, field);

        if (at >= 0)
                slots[at] = value;
}

static int intake_tell_publisher(struct intake *intake, const struct bus_record *record, const struct refused *why, struct trace_context trace,
                                 struct error *err) {
        const struct ground *g = intake->txn->ground;
        const struct event_type *type = event_types_known(g->config->types, TYPE_EVENT_REFUSED);
        const struct slot *from = why->event->slots;
        const struct organisation *to = organisations_find(g->config->organisations, from[SLOT_SOURCE].s);
        instant_t now = g->now.deciding;
        char name[REFUSED_NAME_MAX];
        struct event event = {.type = type};
        struct uuid id;
        int n;

        if (!to || !type) /* schemas without event-refused: what is refused stands in dead-letters only */
                return 0;
        n = snprintf(name, sizeof(name), "refused|%s|%d|%" PRId64, record->topic, record->partition, record->offset);
        id = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
        event.slots = arena_calloc(g->scratch, type->layout->n, sizeof(*event.slots));
        const char *text = arena_printf(g->scratch, "%s: %s", phrases[why->code], why->err.text);

        if (!event.slots || !text) {
                error_set(err, "out of memory while a refusal was told");
                return -ENOMEM;
        }
        for (size_t i = 0; i < type->layout->n; i++)
                event.slots[i] = type->layout->fields[i].has_default ? type->layout->fields[i].default_value : (struct slot){.kind = SLOT_NULL};
        event.slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = id};
        event.slots[SLOT_CASE_ID] = from[SLOT_CASE_ID];
        event.slots[SLOT_SOURCE] = intake_string(TELL_SOURCE);
        event.slots[SLOT_OCCURRED_AT] = event.slots[SLOT_RECORDED_AT] = (struct slot){.kind = SLOT_INT, .i = now};
        intake_put(type, event.slots, "refused", from[SLOT_EVENT_ID]);
        intake_put(type, event.slots, "code", intake_string(refusal_codes[why->code]));
        intake_put(type, event.slots, "text", intake_string(text));
        return tell_event(intake->txn->teller, &event, OUTPUT_INBOXES + to->index, BUS_BY_KEY, trace, err);
}

static void intake_say_refused(struct intake *intake, const struct bus_record *record, const struct refused *why) {
        const struct ground *g = intake->txn->ground;
        uint64_t n = log_pace(&intake->refusals, g->now.monotonic, REFUSALS_SAID_MS);

        if (n == 0)
                return;
        log_line(g->log, RECORD_REFUSED, LOG_STRING("instance", g->instance), LOG_STRING("topic", record->topic),
                 LOG_INT("partition", record->partition), LOG_INT("offset", record->offset), LOG_STRING("stage", why->stage),
                 LOG_STRING("code", refusal_codes[why->code]), LOG_STRING("error", why->err.text),
                 LOG_INT("refused", (int64_t)n));
}

static int intake_refuse(struct intake *intake, struct bus_record *record, const struct refused *why, struct error *err) {
        struct dead_letter letter = {.topic = record->topic,
                                     .partition = record->partition,
                                     .offset = record->offset,
                                     .stage = why->stage,
                                     .code = refusal_codes[why->code],
                                     .error = why->err.text};
        struct ground *g = intake->txn->ground;
        const struct bus_header *trace;
        int r;

        assert(why->code > REFUSAL_NONE && why->code < REFUSALS);
        intake_say_refused(intake, record, why);
        if (bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        headers_dead_letter(record, &letter, &intake->headers);
        r = bus_worker_produce(g->bus,
                               &(struct bus_record){.topic = g->topics.outputs[OUTPUT_DEAD_LETTERS],
                                                    .index = OUTPUT_DEAD_LETTERS,
                                                    .partition = BUS_BY_KEY,
                                                    .key = record->key,
                                                    .key_n = record->key_n,
                                                    .value = record->value,
                                                    .value_n = record->value_n,
                                                    .headers = intake->headers.headers,
                                                    .headers_n = intake->headers.n},
                               err);
        if (r)
                return r;
        meter_refused(&g->meter, why->code);
        if (!why->event)
                return 0;
        trace = headers_traceparent(record);
        return intake_tell_publisher(intake, record, why, trace ? (struct trace_context){trace->value, trace->n} : (struct trace_context){0}, err);
}

/* -- What comes in -- */

/* Not a literal: that would write zeros over the whole sentence, for every record. */
static void intake_begin(struct refused *why) {
        why->stage = "frame";
        why->code = REFUSAL_NONE;
        why->event = NULL;
        why->err.text[0] = '\0';
}

/* Which schema wrote the body: *ret_program, which makes @type of it. Return: whether there is one. */
static bool intake_find_program(const struct ground *g, const struct event_type *type, const struct framing *frame, const struct program **ret_program,
                                struct refused *why) {
        const struct event_type *found;

        if (frame->kind == FRAMING_NONE) {
                why->code = REFUSAL_UNDECODABLE;
                error_set(&why->err, "the body does not begin with C3 01 (Avro single-object encoding) or 00 (schema id of a registry)");
        } else if (frame->kind == FRAMING_CONFLUENT) {
                why->code = REFUSAL_UNKNOWN_SCHEMA;
                error_set(&why->err, "schema id %" PRIu64 " is of a registry, and none is configured; send Avro single-object encoding", frame->id);
        } else if (!event_types_decoder(g->config->types, frame->id, &found, ret_program)) {
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
static bool intake_check(const struct ground *g, const struct event *event, const struct bus_record *record, struct refused *why) {
        const struct organisations *orgs = g->config->organisations;
        const char *field;

        why->stage = "check";
        why->event = event;
        why->code = event_check_values(event, orgs, &field, &why->err);
        if (why->code == REFUSAL_NONE && event->slots[SLOT_RECORDED_AT].i - g->now.deciding > INTAKE_AHEAD_MAX_MS) {
                why->code = REFUSAL_BAD_VALUE;
                error_set(&why->err, "recorded_at lies more than a day ahead of the clock");
        }
        if (why->code == REFUSAL_NONE)
                why->code = event_check_publisher(event, orgs, &field, &why->err);
        if (why->code == REFUSAL_NONE)
                why->code = event_check_key(event, orgs, (struct text){record->key, record->key ? record->key_n : 0}, &why->err);
        return why->code == REFUSAL_NONE;
}

static struct trace_context intake_trace(struct bus_record *record) {
        const struct bus_header *header = headers_traceparent(record);

        return header ? (struct trace_context){header->value, header->n} : (struct trace_context){0};
}

static int intake_accept(struct intake *intake, struct partition *p, struct bus_record *record, const struct event *event, struct refused *why,
                         struct error *err) {
        struct ground *g = intake->txn->ground;
        const struct partitions *parts = intake->txn->parts;
        const struct outcome *outcome;
        int r = engine_event(g->engine, p->store, event, partition_now(parts, p), partition_tells(parts, p), &outcome, &why->err);

        if (r > 0) {
                why->stage = "accept";
                why->code = (enum refusal)r;
                return intake_refuse(intake, record, why, err);
        }
        if (r < 0) {
                error_set(err, "out of memory while a fact of partition %d was accepted", p->number);
                return r;
        }
        if (outcome->duplicate) {
                meter_duplicate(&g->meter);
                return 0;
        }
        meter_fact(&g->meter, record->index);
        if (outcome->n_effects && bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        return tell_outcome(intake->txn->teller, p->number, outcome, intake_trace(record), err);
}

int intake_record(struct intake *intake, struct bus_record *record, struct error *err) {
        const struct ground *g = intake->txn->ground;
        struct partition *p = partitions_find(intake->txn->parts, record->partition);
        const struct event_type *type = g->topics.types[record->index];
        struct framing frame;
        const struct program *program;
        struct event event = {.type = type};
        struct refused why;

        if (!p) {
                error_set(err, "a record of partition %d of %s came, which is not this worker's", record->partition, type->name);
                return -EPROTO;
        }
        partition_saw(intake->txn->parts, p, record);
        transaction_touch(intake->txn);
        arena_reset(g->scratch);
        frame = framing_read(record->value, record->value ? record->value_n : 0);
        intake_begin(&why);
        if (!intake_find_program(g, type, &frame, &program, &why))
                return intake_refuse(intake, record, &why, err);
        event.slots = arena_calloc(g->scratch, type->layout->n, sizeof(*event.slots));
        if (!event.slots) {
                error_set(err, "out of memory while a record was decoded");
                return -ENOMEM;
        }
        if (record_decode(program, frame.body, frame.n, event.slots, &why.err)) {
                why.stage = "decode";
                why.code = REFUSAL_UNDECODABLE;
                return intake_refuse(intake, record, &why, err);
        }
        if (!intake_check(g, &event, record, &why))
                return intake_refuse(intake, record, &why, err);
        return intake_accept(intake, p, record, &event, &why, err);
}
