/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * From what an evaluation wants told to records in the open transaction
 *
 * A copy goes to the inbox of its addressee; an announcement, an alert and a resolution go to their
 * topic, in the partition of their case, and to the inbox. Every event carries CloudEvents headers, of
 * the organisation that published it or of the broker itself, and the trace context of what caused it.
 * Rows of state go to the partition of the case, whatever its key would hash to.
 */

#include <assert.h>
#include <errno.h>

#include "worker/inside.h"

static int no_memory(struct error *err) {
        error_set(err, "out of memory while an output was encoded");
        return -ENOMEM;
}

static const char *urn_of(const struct worker *w, struct text source) {
        const struct organisation *o = text_is(source, WORKER_SOURCE) ? NULL : organisations_find(w->c.config->organisations, source);

        return o ? o->urn : WORKER_URN;
}

/* An event, ready to be written to as many topics as it belongs in. */
struct ready {
        char key[UUID_TEXT + 1];
        struct cloudevent_headers headers;
};

/* Encodes it to w->body. @ret must stay where it is: the headers point into it. */
static int make_ready(struct worker *w, const struct event *event, struct trace_context trace, struct ready *ret, struct error *err) {
        const struct slot *slots = event->slots;

        buffer_clear(&w->body);
        framing_write_single(event->type->layout->fingerprint, &w->body);
        record_encode(event->type->layout, slots, &w->body);
        if (w->body.failed)
                return no_memory(err);
        headers_cloudevent(&(struct cloudevent){.id = slots[SLOT_EVENT_ID].u,
                                                .source = urn_of(w, slots[SLOT_SOURCE].s),
                                                .event = event->type->name,
                                                .time = slots[SLOT_OCCURRED_AT].i,
                                                .traceparent = trace.value,
                                                .traceparent_n = trace.n},
                           &ret->headers);
        uuid_format(&slots[SLOT_CASE_ID].u, ret->key);
        return 0;
}

static int produce(struct worker *w, const struct ready *ready, uint32_t output, int32_t partition, struct error *err) {
        return bus_worker_produce(w->bus,
                                  &(struct bus_record){.topic = w->topics.outputs[output],
                                                       .index = output,
                                                       .partition = partition,
                                                       .key = ready->key,
                                                       .key_n = UUID_TEXT,
                                                       .value = w->body.bytes,
                                                       .value_n = w->body.n,
                                                       .headers = ready->headers.headers,
                                                       .headers_n = ready->headers.n},
                                  err);
}

int tell_event(struct worker *w, const struct event *event, uint32_t output, int32_t partition, struct trace_context trace, struct error *err) {
        struct ready ready;
        int r = make_ready(w, event, trace, &ready, err);

        return r ? r : produce(w, &ready, output, partition, err);
}

int tell_state_row(struct worker *w, struct partition *p, const void *key, size_t n_key, const void *value, size_t n_value, struct error *err) {
        return bus_worker_produce(w->bus,
                                  &(struct bus_record){.topic = w->topics.outputs[OUTPUT_STATE],
                                                       .index = OUTPUT_STATE,
                                                       .partition = p->number,
                                                       .key = key,
                                                       .key_n = n_key,
                                                       .value = value,
                                                       .value_n = n_value},
                                  err);
}

static int tell_effect(struct worker *w, struct partition *p, const struct effect *effect, struct trace_context trace, struct error *err) {
        static const enum worker_output outputs[EFFECT_KINDS] = {
                [EFFECT_PLAN_DUE] = OUTPUT_PLAN_DUE, [EFFECT_RAISED] = OUTPUT_RAISED, [EFFECT_RESOLVED] = OUTPUT_RESOLVED};
        const struct organisation *to = organisations_find(w->c.config->organisations, text_of(effect->organisation));
        struct event event;
        struct ready ready;
        int r;

        r = effect_event(effect, w->c.config->types, w->scratch, &event);
        if (r)
                return no_memory(err);
        r = make_ready(w, &event, trace, &ready, err);
        if (r == 0 && effect->kind != EFFECT_ROUTED)
                r = produce(w, &ready, outputs[effect->kind], p->number, err);
        /* An alert may be open for an organisation that configuration no longer has: then there is no inbox to tell it in. */
        if (r == 0 && to)
                r = produce(w, &ready, OUTPUT_INBOXES + to->index, BUS_BY_KEY, err);
        if (r == 0)
                w->tally.told[effect->kind]++;
        return r;
}

int tell_outcome(struct worker *w, struct partition *p, const struct outcome *outcome, instant_t now, struct trace_context trace, struct error *err) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                int r = tell_effect(w, p, &outcome->effects[i], trace, err);

                if (r)
                        return r;
        }
        for (size_t i = 0; i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];
                int r = tell_state_row(w, p, row->key, row->n_key, row->value, row->n_value, err);

                if (r)
                        return r;
        }
        if (outcome->n_effects && now > p->told_staged)
                p->told_staged = now;
        return 0;
}
