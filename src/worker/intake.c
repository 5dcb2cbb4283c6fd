/* SPDX-License-Identifier: EUPL-1.2 */

/* Takes records in, one by one. */

#include "worker/intake.h"

#include <assert.h>
#include <errno.h>

#include "cluster/event_refused.h"

struct refused {
        const char *stage; /* frame, decode, check, accept */
        enum refusal code;
        struct error err;
        const struct event *event; /* as far as it could be read; NULL */
};

/* -- What cannot be accepted -- */

static int intake_tell_publisher(struct intake *intake, const struct bus_record *record, const struct refused *why, struct text trace,
                                 struct error *err) {
        const struct ground *g = intake->txn->ground;
        const struct slot *from = why->event->slots;
        const struct organisation *to = organisations_find(g->config->organisations, from[SLOT_SOURCE].s);
        const struct event_refused refused = {.code = why->code, .sentence = why->err.text, .event_id = from[SLOT_EVENT_ID].u,
                                              .case_id = from[SLOT_CASE_ID].u, .record = record, .at = g->now.deciding};
        struct event event;
        int r = to ? event_refused_make(g->config->types, &refused, g->scratch, &event) : EVENT_REFUSED_E_UNTOLD;

        if (r == EVENT_REFUSED_E_UNTOLD)
                return 0;
        if (r) {
                error_set(err, "out of memory while a refusal was told");
                return r;
        }
        return tell_event(intake->txn->teller, &event, OUTPUT_INBOXES + to->index, BUS_BY_KEY, trace, err);
}

/* Whoever runs --once reads its log to the end, to mend what was refused: there every record is named. */
static uint64_t intake_pace(struct intake *intake) {
        return intake->txn->parts->once ? 1 : log_pace(&intake->refusals, intake->txn->ground->now.monotonic, DEAD_LETTER_SAID_MS);
}

static int intake_refuse(struct intake *intake, struct bus_record *record, const struct refused *why, struct error *err) {
        const struct dead_letter_why letter = {.stage = why->stage, .code = refusal_codes[why->code], .error = why->err.text};
        struct ground *g = intake->txn->ground;
        int r;

        assert(why->code > REFUSAL_NONE && why->code < REFUSALS_HARD);
        dead_letter_say(g->log, g->instance, record, &letter, intake_pace(intake));
        if (bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        dead_letter_make(record, &letter, &intake->letter);
        intake->letter.record.index = OUTPUT_DEAD_LETTERS;
        r = bus_worker_produce(g->bus, &intake->letter.record, err);
        if (r)
                return error_trace(r, err);
        meter_refused(&g->meter, why->code);
        return why->event ? intake_tell_publisher(intake, record, why, event_record_traceparent(record), err) : 0;
}

/* -- What comes in -- */

/* Not a literal: that would write zeros over the whole sentence, for every record. */
static void intake_begin(struct refused *why) {
        why->code = REFUSAL_NONE;
        why->event = NULL;
        why->err.text[0] = '\0';
}

/* Return: whether it passes. */
static bool intake_check(const struct ground *g, const struct event *event, const struct bus_record *record, struct refused *why) {
        why->stage = "check";
        why->event = event;
        why->code = event_check(event, g->config->organisations, g->now.deciding, event_record_key(record), &why->err);
        return why->code == REFUSAL_NONE;
}

/* It was taken, as a fact or as a duplicate, but has no effect that its source could expect: that is told so, and it is no dead letter. */
static int intake_remark(struct intake *intake, struct bus_record *record, struct refused *why, const struct remark *remark, struct error *err) {
        int r;

        if (!remark)
                return 0;
        if (bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        why->code = remark->code;
        error_set(&why->err, "%s", remark->sentence);
        r = intake_tell_publisher(intake, record, why, event_record_traceparent(record), err);
        if (r == 0)
                meter_remark(&intake->txn->ground->meter, remark->code);
        return r;
}

/* A case that comes near its limit: said at each step, before it is full. */
static void intake_say_filling(struct ground *g, const struct event *event, uint32_t facts) {
        char case_id[UUID_TEXT + 1];

        if (facts < CASE_FACTS_MANY || facts % CASE_FACTS_STEP != 0)
                return;
        meter_filling(&g->meter);
        uuid_format(&event->slots[SLOT_CASE_ID].u, case_id);
        log_line(g->log, CASE_FILLS, LOG_STRING("instance", g->instance), LOG_STRING("case_id", case_id), LOG_INT("facts", facts),
                 LOG_INT("most", CASE_FACTS_MAX));
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
                return intake_remark(intake, record, why, outcome->remark, err);
        }
        meter_fact(&g->meter, record->index);
        intake_say_filling(g, event, outcome->facts);
        if (outcome->n_effects && bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        r = tell_outcome(intake->txn->teller, p->number, outcome, event_record_traceparent(record), err);
        return r ? r : intake_remark(intake, record, why, outcome->remark, err);
}

/* Reads the record by its frame, and with its headers when that does not do. Return: as event_record_read(); -ENOMEM with a sentence. */
static int intake_decode(const struct ground *g, struct bus_record *record, struct slot *slots, struct event *ret, struct error *why, struct error *err) {
        const struct event_type *type = g->topics.types[record->index];
        int r = event_record_read(g->config->types, type, record, slots, ret, why);

        if (!event_record_wants_headers(record, r))
                return r;
        if (bus_record_headers(record)) {
                error_set(err, "out of memory while the headers of a record were read");
                return -ENOMEM;
        }
        return event_record_read(g->config->types, type, record, slots, ret, why);
}

static int intake_hold(struct intake *intake, struct partition *p, const struct bus_record *record, struct error *err) {
        struct schema_id id;
        bool has = event_record_schema_id(record, &id);

        assert(has);
        return standstill_hold(intake->standstill, p, record, &id, err);
}

int intake_record(struct intake *intake, struct bus_record *record, struct error *err) {
        const struct ground *g = intake->txn->ground;
        struct partition *p = partitions_find(intake->txn->parts, record->partition);
        const struct event_type *type = g->topics.types[record->index];
        struct refused why;
        struct slot *slots;
        struct event event;
        int r;

        if (!p) {
                error_set(err, "a record of partition %d of %s came, which is not this worker's", record->partition, type->name);
                return -EPROTO;
        }
        partition_saw(intake->txn->parts, p, record);
        transaction_touch(intake->txn);
        arena_reset(g->scratch);
        intake_begin(&why);
        slots = arena_calloc(g->scratch, type->layout->n, sizeof(*slots));
        if (!slots) {
                error_set(err, "out of memory while a record was decoded");
                return -ENOMEM;
        }
        r = intake_decode(g, record, slots, &event, &why.err, err);
        if (r < 0)
                return r;
        if (r == EVENT_RECORD_E_WAIT)
                return intake_hold(intake, p, record, err);
        if (r) {
                why.stage = event_record_stage(r);
                why.code = event_record_refusal(r);
                return intake_refuse(intake, record, &why, err);
        }
        if (!intake_check(g, &event, record, &why))
                return intake_refuse(intake, record, &why, err);
        return intake_accept(intake, p, record, &event, &why, err);
}
