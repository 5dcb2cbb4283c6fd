/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * From what an evaluation wants told to records in the open transaction
 *
 * A copy goes to the inbox of its addressee; an announcement, an alert and a resolution go to their
 * topic, in the partition of their case, and to the inbox. Every event carries CloudEvents headers, of
 * the organisation that published it or of the broker itself, and the trace context of what caused it.
 * Rows of state go to the partition of the case, whatever its key would hash to.
 */

#include "worker/tell.h"

#include <assert.h>
#include <errno.h>

#include "cluster/event_record.h"

void teller_init(struct teller *teller, struct ground *ground) {
        *teller = (struct teller){.ground = ground, .body = BUFFER_INIT(TELL_BODY_MAX)};
}

void teller_done(struct teller *teller) {
        buffer_done(&teller->body);
}

static int tell_no_memory(struct error *err) {
        error_set(err, "out of memory while an output was encoded");
        return -ENOMEM;
}

/* Encodes it to the teller's body. @ret must stay where it is: its record points into it. */
static int tell_make(struct teller *teller, const struct event *event, struct text trace, struct event_record *ret, struct error *err) {
        return event_record_make(event, teller->ground->config->organisations, trace, &teller->body, ret) ? tell_no_memory(err) : 0;
}

static int tell_produce(struct teller *teller, struct event_record *made, uint32_t output, int32_t partition, struct error *err) {
        made->record.topic = teller->ground->topics.outputs[output];
        made->record.index = output;
        made->record.partition = partition;
        return error_trace(bus_worker_produce(teller->ground->bus, &made->record, err), err);
}

int tell_event(struct teller *teller, const struct event *event, uint32_t output, int32_t partition, struct text trace, struct error *err) {
        struct event_record made;
        int r = tell_make(teller, event, trace, &made, err);

        return r ? r : tell_produce(teller, &made, output, partition, err);
}

int tell_row(struct teller *teller, int32_t partition, const void *key, size_t n_key, const void *value, size_t n_value, struct error *err) {
        struct bus_record row = {.topic = teller->ground->topics.outputs[OUTPUT_STATE],
                                 .index = OUTPUT_STATE,
                                 .partition = partition,
                                 .key = key,
                                 .key_n = n_key,
                                 .value = value,
                                 .value_n = n_value};

        assert(key && n_key > 0 && partition >= 0);
        return error_trace(bus_worker_produce(teller->ground->bus, &row, err), err);
}

static int tell_effect(struct teller *teller, int32_t partition, const struct effect *effect, struct text trace, struct error *err) {
        static const enum worker_output outputs[EFFECT_KINDS] = {
                [EFFECT_PLAN_DUE] = OUTPUT_PLAN_DUE, [EFFECT_RAISED] = OUTPUT_RAISED, [EFFECT_RESOLVED] = OUTPUT_RESOLVED};
        const struct organisation *to = organisations_find(teller->ground->config->organisations, effect->told.organisation);
        struct event event;
        struct event_record made;
        int r;

        r = effect_event(effect, teller->ground->config->types, teller->ground->scratch, &event);
        if (r)
                return tell_no_memory(err);
        r = tell_make(teller, &event, trace, &made, err);
        if (r)
                return r;
        if (effect->kind != EFFECT_ROUTED) {
                r = tell_produce(teller, &made, outputs[effect->kind], partition, err);
                if (r)
                        return r;
        }
        if (to) { /* an alert may be open for an organisation that configuration no longer has: then there is no inbox to tell it in */
                r = tell_produce(teller, &made, OUTPUT_INBOXES + to->index, BUS_BY_KEY, err);
                if (r)
                        return r;
        }
        meter_told(&teller->ground->meter, effect->kind);
        return 0;
}

int tell_outcome(struct teller *teller, int32_t partition, const struct outcome *outcome, struct text trace, struct error *err) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                int r = tell_effect(teller, partition, &outcome->effects[i], trace, err);

                if (r)
                        return r;
        }
        for (size_t i = 0; i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];
                int r = tell_row(teller, partition, row->key, row->n_key, row->value, row->n_value, err);

                if (r)
                        return r;
        }
        return 0;
}
