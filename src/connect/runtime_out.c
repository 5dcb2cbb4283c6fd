/* SPDX-License-Identifier: EUPL-1.2 */

/* Records out: from the inbox through the window, and how far it is settled. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cluster/topics.h"
#include "connect/runtime_parts.h"

#define NOTHING_COMMITTED (-1)
#define FLYING_WAIT_MS 20   /* new records are looked for so often while tries are under way */
#define RECORDING_WAIT_MS 1 /* reports are looked for so often while records are open */

int runtime_out_open(struct runtime *r, struct error *err) {
        char topic[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
        const char *const topics[] = {topic};
        struct bus_consumer_config config = {.group = group, .instance = r->config.file->name, .topics = topics, .topics_n = ELEMENTS(topics)};
        int e = window_new(&r->out.window);

        if (e == 0)
                e = delivery_codec_new(r->config.types, &r->out.codec, err);
        if (e < 0)
                return e;
        r->out.mark = (struct sending_record){.runtime = r};
        r->out.committed = NOTHING_COMMITTED;
        (void) snprintf(topic, sizeof(topic), TOPIC_INBOX_PREFIX "%s", r->config.file->out.organisation->id);
        (void) snprintf(group, sizeof(group), RUNTIME_GROUP "%s", r->config.file->name);
        return bus_consumer_open(r->config.bus, &config, &r->out.consumer, err);
}

/* -- Holding records -- */

static size_t bytes_of(const struct bus_record *record) {
        size_t n = record->key_n + record->value_n + record->headers_n * sizeof(struct bus_header);

        for (size_t i = 0; i < record->headers_n; i++)
                n += strlen(record->headers[i].name) + 1 + record->headers[i].n;
        return n;
}

static const void *put(uint8_t **at, const void *bytes, size_t n) {
        void *to = *at;

        if (!bytes)
                return NULL;
        if (n > 0)
                memcpy(to, bytes, n);
        *at += n;
        return to;
}

static struct held *held_new(struct runtime *r, const struct bus_record *record, size_t *ret_bytes) {
        size_t n = bytes_of(record);
        struct held *held = calloc(1, sizeof(*held) + n);
        uint8_t *at;

        if (!held)
                return NULL;
        *ret_bytes = sizeof(*held) + n;
        held->runtime = r;
        held->letter = held->delivery = (struct sending_record){.runtime = r, .held = held};
        held->headers = (struct bus_header *)(held + 1);
        at = (uint8_t *)(held->headers + record->headers_n);
        for (size_t i = 0; i < record->headers_n; i++) {
                held->headers[i].name = put(&at, record->headers[i].name, strlen(record->headers[i].name) + 1);
                held->headers[i].n = record->headers[i].n;
                held->headers[i].value = put(&at, record->headers[i].value, record->headers[i].n);
        }
        held->record = *record;
        held->record.headers = held->headers;
        held->record.key = put(&at, record->key, record->key_n);
        held->record.value = put(&at, record->value, record->value_n);
        held->record.load = NULL;
        held->record.raw = held->record.owner = NULL;
        return held;
}

static void drop_window(struct runtime *r) {
        struct runtime_out *out = &r->out;

        if (r->ops->abandon && out->window.flying > 0)
                r->ops->abandon(r->ctx);
        for (uint64_t i = out->window.head; i < out->window.tail; i++) {
                struct window_entry *e = window_entry(&out->window, i);

                if (e && e->item)
                        runtime_held_drop(r, e->item);
        }
        window_clear(&out->window);
        out->due = 0;
        out->committed = NOTHING_COMMITTED;
        out->assigned = out->paused = false;
        runtime_brake_forget(r);
        atomic_store(&r->assigned, false);
}

/* -- The inbox -- */

static int commit(struct runtime *r, struct error *err) {
        struct runtime_out *out = &r->out;
        int64_t position = window_position(&out->window);
        int e;

        if (!out->assigned || position < 0 || position == out->committed)
                return 0;
        e = bus_consumer_done(out->consumer, out->part, position);
        if (e == 0)
                e = bus_consumer_commit(out->consumer, err);
        if (e < 0)
                return e;
        if (e == 0)
                out->committed = position;
        out->commit_at = runtime_now(r) + RUNTIME_COMMIT_MS;
        return 0; /* rebalanced: the next poll says so, and others do it again */
}

static int take_record(struct runtime *r, struct bus_record *record, struct error *err) {
        struct runtime_out *out = &r->out;
        struct window_entry *entry;
        struct held *held;
        size_t bytes;
        int e;

        if (window_full(&out->window)) { /* it came while the flow was being stopped */
                e = bus_consumer_seek(out->consumer, out->part, record->offset, err);
                return e < 0 ? e : 0;
        }
        if (record->offset < out->window.next)
                return 0; /* read again after a seek: it is in the window already */
        e = bus_record_headers(record);
        if (e < 0)
                return e;
        held = held_new(r, record, &bytes);
        if (!held)
                return -ENOMEM;
        entry = window_add(&out->window, record->offset, held->record.key, held->record.key_n, bytes, held);
        held->number = entry->number;
        return 0;
}

static int on_event(struct runtime *r, struct bus_event *event, struct error *err) {
        struct runtime_out *out = &r->out;
        int e;

        switch (event->kind) {
        case BUS_RECORD:
                return take_record(r, &event->record, err);
        case BUS_ASSIGNED:
                drop_window(r);
                out->assigned = event->parts_n > 0;
                if (out->assigned)
                        out->part = event->parts[0]; /* an inbox has one partition */
                atomic_store(&r->assigned, out->assigned);
                log_line(r->config.log, CONNECT_ASSIGNED, LOG_STRING("connector", r->config.file->name), LOG_INT("parts", (int64_t)event->parts_n));
                return 0;
        case BUS_REVOKED:
                e = commit(r, err);
                drop_window(r);
                return e;
        case BUS_LOST:
                drop_window(r);
                return 0;
        default:
                return 0;
        }
}

/* The flow stops at a full window and goes on when it is half empty, so that it does not go on and off with each record. */
static int regulate(struct runtime *r, struct error *err) {
        struct runtime_out *out = &r->out;
        bool full = window_full(&out->window), pause = out->paused;
        int e;

        if (full)
                pause = true;
        else if (window_count(&out->window) <= WINDOW_RECORDS / 2 && out->window.bytes <= WINDOW_BYTES / 2)
                pause = false;
        if (!out->assigned || pause == out->paused)
                return 0;
        e = bus_consumer_pause(out->consumer, out->part, pause, err);
        if (e == 0)
                out->paused = pause;
        return e < 0 ? e : 0;
}

static int fill(struct runtime *r, int timeout_ms, struct error *err) {
        struct bus_event event;

        for (unsigned i = 0; i < RUNTIME_BATCH; i++) {
                int e = regulate(r, err);

                if (e == 0)
                        e = bus_consumer_poll(r->out.consumer, timeout_ms, &event, err);
                if (e < 0 || event.kind == BUS_NONE)
                        return e;
                e = on_event(r, &event, err);
                if (e < 0)
                        return e;
                timeout_ms = 0;
        }
        return 0;
}

/* -- Turning -- */

static int start_tries(struct runtime *r, struct error *err) {
        struct runtime_out *out = &r->out;
        int64_t now = runtime_now(r);

        while (!out->stopping && out->brake == BRAKE_OFF && out->window.flying < r->env.parallel) {
                struct window_entry *entry = window_next(&out->window, now);
                int e;

                if (!entry)
                        return 0;
                e = runtime_deliver(r, entry, err);
                if (e < 0)
                        return e;
        }
        return 0;
}

/* How long this turn may wait for the inbox. */
static int patience(const struct runtime *r, int timeout_ms) {
        const struct runtime_out *out = &r->out;
        int64_t wait;

        if (out->window.flying > 0)
                return 0;
        if (out->open > 0)
                return timeout_ms < RECORDING_WAIT_MS ? timeout_ms : RECORDING_WAIT_MS;
        if (out->stopping || out->brake != BRAKE_OFF)
                return timeout_ms < FLYING_WAIT_MS ? timeout_ms : FLYING_WAIT_MS;
        wait = window_wait(&out->window, runtime_now(r));
        return wait < timeout_ms ? (int)wait : timeout_ms;
}

static void measure(struct runtime *r) {
        const struct window_entry *e = window_entry(&r->out.window, r->out.window.head);
        const struct held *held = e ? e->item : NULL;
        int64_t age = held ? clock_realtime(&r->config.clock) - held->record.timestamp : 0;

        metric_set(r->metrics.oldest, 0, age > 0 ? age : 0);
        metric_set(r->metrics.braked, 0, r->out.brake == BRAKE_ON);
        atomic_store(&r->braked, r->out.brake >= BRAKE_WANTED);
        atomic_store(&r->looking, r->out.brake == BRAKE_LOOKING);
}

int runtime_out_turn(struct runtime *r, int timeout_ms, struct error *err) {
        struct runtime_out *out = &r->out;
        int e = fill(r, patience(r, timeout_ms), err);

        if (e == 0)
                e = runtime_brake_turn(r, err);
        if (e == 0)
                e = start_tries(r, err);
        if (e == 0)
                e = r->ops->turn(r->ctx, out->window.flying > 0 ? (timeout_ms < FLYING_WAIT_MS ? timeout_ms : FLYING_WAIT_MS) : 0, err);
        if (e == 0)
                e = bus_producer_poll(r->producer, 0, err);
        if (e < 0)
                return e;
        runtime_record_due(r);
        measure(r);
        return runtime_now(r) >= out->commit_at ? commit(r, err) : 0;
}

int runtime_out_stop(struct runtime *r, struct error *err) {
        struct runtime_out *out = &r->out;
        int64_t until = runtime_now(r) + RUNTIME_STOP_MS;
        int e = 0;

        out->stopping = true;
        while (out->window.flying > 0 || out->open > 0 || out->due > 0 || out->brake == BRAKE_WANTED || out->brake == BRAKE_MARKING) {
                if (runtime_now(r) >= until) {
                        log_line(r->config.log, CONNECT_STOPPED_EARLY, LOG_INT("waiting", (int64_t)window_count(&out->window)));
                        break;
                }
                e = runtime_out_turn(r, FLYING_WAIT_MS, err);
                if (e < 0)
                        return e;
        }
        e = commit(r, err);
        drop_window(r);
        bus_consumer_close(out->consumer, true);
        out->consumer = NULL;
        return e;
}

void runtime_out_close(struct runtime *r) {
        if (r->ops->direction != CONNECTOR_OUT)
                return;
        if (r->out.window.entries)
                drop_window(r);
        bus_consumer_close(r->out.consumer, false);
        window_done(&r->out.window);
        delivery_codec_free(r->out.codec);
}
