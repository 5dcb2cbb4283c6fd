/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * One record on its way in: frame, decode, check, accept
 *
 * Whatever does not pass is refused (refuse.c) and the partition goes on with the next.
 */

#include <errno.h>
#include <inttypes.h>

#include "worker/inside.h"

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
                return refuse(w, record, why, err);
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
                return refuse(w, record, &why, err);
        event.slots = arena_calloc(w->scratch, type->layout->n, sizeof(*event.slots));
        if (!event.slots) {
                error_set(err, "out of memory while a record was decoded");
                return -ENOMEM;
        }
        if (record_decode(program, frame.body, frame.n, event.slots, &why.err)) {
                why.stage = "decode";
                why.code = REFUSAL_UNDECODABLE;
                return refuse(w, record, &why, err);
        }
        if (!check(w, &event, record, &why))
                return refuse(w, record, &why, err);
        return accept_event(w, p, record, &event, &why, err);
}
