/* SPDX-License-Identifier: EUPL-1.2 */

/* Records out: the inbox, tries, and the records that say how they ended. */

#include "connect/outward.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "connect/backoff.h"

#define NOTHING_COMMITTED (-1)
#define FLYING_WAIT_MS 20   /* new records are looked for so often while tries are under way */
#define RECORDING_WAIT_MS 1 /* reports are looked for so often while records are open */

enum sending { SENDING_NOTHING, SENDING_DUE, SENDING_OPEN, SENDING_DONE };

struct held;

/* One record that we write of a record held: a dead letter, or a delivery. */
struct sending_record {
        struct held *held;
        enum sending state;
};

/* One record of the inbox, from its arrival until it is settled. */
struct held {
        uint64_t number;  /* in the window; 0 when the window was dropped: only open reports keep it */
        struct bus_record record;
        struct bus_header *headers; /* all bytes stand behind this object */
        int tries, failures;
        uint64_t delivered_then; /* how many records the receiver had taken when this one failed first */
        bool alone;              /* failed again after the receiver had taken others: it is the record, not the receiver */
        struct sending_record letter, delivery;
        int64_t again;    /* not before this: what the broker did not take */
        enum delivery_outcome outcome;
        int status;
        struct uuid event_id;
        const char *stage, *code; /* of the dead letter */
        char inbox[BUS_NAME_MAX + 1]; /* where it stood, when it is to be delivered again; else empty */
        struct error reason;
};

/* -- Holding records -- */

static size_t held_bytes(const struct bus_record *record) {
        size_t n = record->key_n + record->value_n + record->headers_n * sizeof(struct bus_header);

        for (size_t i = 0; i < record->headers_n; i++)
                n += strlen(record->headers[i].name) + 1 + record->headers[i].n;
        return n;
}

static const void *held_put(uint8_t **at, const void *bytes, size_t n) {
        void *to = *at;

        if (!bytes)
                return NULL;
        if (n > 0)
                memcpy(to, bytes, n);
        *at += n;
        return to;
}

static struct held *held_new(const struct bus_record *record, size_t *ret_bytes) {
        size_t n = held_bytes(record);
        struct held *held = calloc(1, sizeof(*held) + n);
        uint8_t *at;

        if (!held)
                return NULL;
        *ret_bytes = sizeof(*held) + n;
        held->letter = held->delivery = (struct sending_record){.held = held};
        held->headers = (struct bus_header *)(held + 1);
        at = (uint8_t *)(held->headers + record->headers_n);
        for (size_t i = 0; i < record->headers_n; i++) {
                held->headers[i].name = held_put(&at, record->headers[i].name, strlen(record->headers[i].name) + 1);
                held->headers[i].n = record->headers[i].n;
                held->headers[i].value = held_put(&at, record->headers[i].value, record->headers[i].n);
        }
        held->record = *record;
        held->record.headers = held->headers;
        held->record.key = held_put(&at, record->key, record->key_n);
        held->record.value = held_put(&at, record->value, record->value_n);
        held->record.load = NULL;
        held->record.raw = held->record.owner = NULL;
        return held;
}

static bool held_is_open(const struct held *held) {
        return held->letter.state == SENDING_OPEN || held->delivery.state == SENDING_OPEN;
}

static bool held_is_recorded(const struct held *held) {
        return (held->letter.state == SENDING_NOTHING || held->letter.state == SENDING_DONE) && held->delivery.state == SENDING_DONE;
}

/* The window is dropped: frees it, or leaves that to its last report. */
static void held_drop(struct held *held) {
        held->number = 0;
        if (!held_is_open(held))
                free(held);
}

static void outward_drop(struct outward *out, struct core *c) {
        if (c->ops->abandon && out->window.flying > 0)
                c->ops->abandon(c->ctx);
        for (uint64_t i = out->window.head; i < out->window.tail; i++) {
                struct window_entry *e = window_entry(&out->window, i);

                if (e && e->item)
                        held_drop(e->item);
        }
        window_clear(&out->window);
        out->due = 0;
        for (enum window_log log = 0; log < WINDOW_LOGS; log++)
                out->committed[log] = NOTHING_COMMITTED;
        out->stuck.offset = OUTWARD_NOT_STUCK;
        out->assigned = out->paused = false;
        brake_forget(&out->brake);
}

/* -- What is over: a dead letter when it was not delivered, a record in deliveries always; then it is settled -- */

static void outward_to_send(struct outward *out, struct sending_record *s) {
        s->state = SENDING_DUE;
        out->due++;
}

/* Return: 0: sent or to be sent again; negative errno: never. */
static int outward_send(struct outward *out, const struct core *c, struct sending_record *s, const struct bus_record *record, struct error *err) {
        int r = bus_producer_send(c->producer, record, s, err);

        if (r == BUS_E_FULL) {
                s->held->again = core_now(c) + RUNTIME_RECORD_MS;
                return 0;
        }
        if (r)
                return r;
        s->state = SENDING_OPEN;
        out->due--;
        out->open++;
        return 0;
}

static int outward_send_letter(struct outward *out, struct core *c, struct held *held, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct dead_letter));
        struct dead_letter *letter = memory;

        if (!letter)
                return -ENOMEM;
        dead_letter_make(&held->record, &(struct dead_letter_why){.stage = held->stage, .code = held->code, .error = held->reason.text,
                                                          .connector = c->config.file->name}, letter);
        return outward_send(out, c, &held->letter, &letter->record, err);
}

static int outward_send_delivery(struct outward *out, struct core *c, struct held *held, struct error *err) {
        const char *name = c->config.file->name;
        const struct delivery_record delivery = {
                .delivered_at = clock_realtime(&c->config.clock),
                .organisation = text_of((held->inbox[0] ? held->inbox : out->inbox) + strlen(TOPIC_INBOX_PREFIX)),
                .connector = text_of(name),
                .partition = held->record.partition,
                .offset = held->record.offset,
                .event_id = held->event_id,
                .outcome = held->outcome,
                .status = held->status,
                .attempts = held->tries,
                .reason = text_of(held->reason.text),
        };
        struct bus_record record;

        buffer_clear(&c->bytes);
        delivery_encode(out->codec, &delivery, &c->bytes);
        if (c->bytes.failed)
                return -ENOMEM;
        record = delivery_bus_record(name, &c->bytes);
        return outward_send(out, c, &held->delivery, &record, err);
}

static void outward_send_due(struct outward *out, struct core *c, struct held *held) {
        struct error err = {0};
        int r = 0;

        if (held->letter.state == SENDING_DUE)
                r = outward_send_letter(out, c, held, &err);
        if (r == 0 && held->delivery.state == SENDING_DUE)
                r = outward_send_delivery(out, c, held, &err);
        if (r < 0)
                core_fail(c, r, &err);
}

static void outward_record(struct outward *out, struct core *c, struct held *held) {
        char id[UUID_TEXT + 1];

        window_record(&out->window, window_entry(&out->window, held->number));
        metric_add(c->metrics.outcomes, metric_series(c->metrics.outcomes, held->outcome, 0), 1);
        if (held->outcome != DELIVERY_DELIVERED) {
                uuid_format(&held->event_id, id);
                log_line(c->config.log, CONNECT_PARKED, LOG_STRING("event_id", id), LOG_INT("offset", held->record.offset), LOG_STRING("code", held->code),
                         LOG_INT("tries", held->tries), LOG_INT("status", held->status), LOG_STRING("reason", held->reason.text));
                outward_to_send(out, &held->letter);
        }
        outward_to_send(out, &held->delivery);
        outward_send_due(out, c, held);
}

static void outward_record_due(struct outward *out, struct core *c) {
        struct window *w = &out->window;
        int64_t now = core_now(c);

        for (uint64_t i = w->head; out->due > 0 && i < w->tail; i++) {
                struct window_entry *e = window_entry(w, i);
                struct held *held = e ? e->item : NULL;

                if (e && held && e->state == WINDOW_RECORDING && held->again <= now)
                        outward_send_due(out, c, held);
        }
}

static void outward_settle(struct outward *out, struct held *held) {
        window_settle(&out->window, window_entry(&out->window, held->number));
        free(held);
}

void outward_report(struct outward *out, struct core *c, const struct bus_report *report) {
        struct sending_record *s = report->cookie;
        struct held *held;

        assert(out->open > 0);
        out->open--;
        core_complain(c, report);
        if (report->cookie == &out->brake) {
                brake_report(&out->brake, report);
                return;
        }
        held = s->held;
        s->state = report->sent == BUS_SENT ? SENDING_DONE : SENDING_DUE;
        if (held->number == 0) {
                if (!held_is_open(held))
                        free(held);
                return;
        }
        if (s->state == SENDING_DUE) {
                out->due++;
                held->again = core_now(c) + RUNTIME_RECORD_MS;
        } else if (held_is_recorded(held)) {
                outward_settle(out, held);
        }
}

/* -- What the record says -- */

/* @slots: LAYOUT_SLOTS_MAX of them, which the event has then. Return: 0; enum event_record_error. */
static int outward_read(const struct core *c, struct held *held, struct slot *slots, struct event *ret) {
        int r = event_record_read(c->config.types, NULL, &held->record, slots, ret, &held->reason);

        if (r) {
                held->stage = "decode";
                held->code = refusal_codes[event_record_refusal(r)];
                return r;
        }
        held->stage = "deliver";
        held->code = NULL;
        held->event_id = ret->slots[SLOT_EVENT_ID].u;
        return 0;
}

/* The record's place is its delivery's id: the same in every try and after every restart. */
static struct uuid outward_delivery_id(const struct core *c, const struct held *held) {
        char name[BUS_NAME_MAX * 2];
        int n = snprintf(name, sizeof(name), "%s|%s|%d|%lld", c->config.file->name, held->record.topic, (int)held->record.partition,
                         (long long)held->record.offset);

        return uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
}

/* A body that we cannot read: its id as the headers say it, for who looks for it. */
static void outward_park_unread(struct outward *out, struct core *c, struct held *held) {
        const struct bus_header *id = bus_record_header(&held->record, EVENT_HEADER_ID);

        if (!id || !id->value || !uuid_parse(id->value, id->n, &held->event_id))
                held->event_id = (struct uuid){0};
        held->outcome = DELIVERY_PARKED;
        held->status = 0;
        outward_record(out, c, held);
}

/* What was another's must not be delivered here: this connector has had another inbox. */
static bool outward_is_ours(const struct outward *out, const struct core *c, struct held *held) {
        if (!held->inbox[0] || strcmp(held->inbox, out->inbox) == 0)
                return true;
        held->code = "OTHER_INBOX";
        error_set(&held->reason, "%s delivers %s now, and this stood in %s; send it again when that is right", c->config.file->name, out->inbox, held->inbox);
        return false;
}

static int outward_try(struct outward *out, struct core *c, struct window_entry *entry, struct error *err) {
        struct held *held = entry->item;
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct cloudevent ce;
        struct event event;
        int r;

        arena_reset(c->arena);
        r = outward_read(c, held, slots, &event);
        out->schemaless = r == EVENT_RECORD_E_WAIT;
        if (out->schemaless) {
                window_hold(&out->window, core_now(c) + OUTWARD_SCHEMA_MS);
                return 0;
        }
        if (r || !outward_is_ours(out, c, held)) {
                outward_park_unread(out, c, held);
                return 0;
        }
        cloudevent_describe(&held->record, &event, c->config.organisations, &ce);
        window_fly(&out->window, entry);
        held->tries++;
        return c->ops->deliver(c->ctx,
                               &(struct delivery){.ce = &ce,
                                                  .organisation = c->env.targets[0].organisation,
                                                  .target = c->env.targets[0].options,
                                                  .delivery_id = outward_delivery_id(c, held),
                                                  .cookie = held},
                               err);
}

/* -- How it ended -- */

/* @code: of the dead letter, when it was not delivered. */
static void outward_over(struct outward *out, struct core *c, struct held *held, enum delivery_outcome outcome, const char *code,
                         const struct attempt *attempt) {
        held->outcome = outcome;
        held->status = attempt->status;
        held->stage = "deliver";
        held->code = code;
        error_set(&held->reason, "%s", attempt->reason);
        outward_record(out, c, held);
}

/* The oldest record holds up more than its case: the sentence says so to whoever finds its dead letter. */
static void outward_set_aside(struct outward *out, struct core *c, struct held *held) {
        struct attempt last = {.outcome = TRIED_AGAIN, .status = held->status};

        (void) snprintf(last.reason, sizeof(last.reason), "set aside after %d tries, since the window was full behind it: %.100s", held->tries,
                        held->reason.text);
        outward_over(out, c, held, DELIVERY_PARKED, "SET_ASIDE", &last);
}

static int64_t outward_delay(const struct core *c, unsigned tries) {
        const struct backoff b = {c->config.file->out.first_delay, c->config.file->out.longest_delay};

        return backoff_delay(&b, tries, c->config.random(c->config.random_ctx));
}

static void outward_again(struct outward *out, struct core *c, struct held *held, struct window_entry *entry, const struct attempt *attempt) {
        int64_t now = core_now(c), delay;

        if (attempt->pause_ms >= 0)
                window_hold(&out->window, now + attempt->pause_ms);
        if (held->tries >= c->config.file->out.tries) {
                outward_over(out, c, held, DELIVERY_PARKED, "UNDELIVERED", attempt);
                return;
        }
        if (held->failures++ == 0)
                held->delivered_then = out->delivered;
        held->alone |= out->delivered - held->delivered_then >= OUTWARD_OTHERS_MIN;
        held->status = attempt->status;
        error_set(&held->reason, "%s", attempt->reason);
        delay = outward_delay(c, (unsigned)held->tries);
        window_again(&out->window, entry, now + (attempt->wait_ms > delay ? attempt->wait_ms : delay));
        log_line(c->config.log, CONNECT_AGAIN, LOG_INT("offset", held->record.offset), LOG_INT("tries", held->tries), LOG_INT("status", attempt->status),
                 LOG_STRING("reason", attempt->reason));
}

static void outward_later(struct outward *out, struct core *c, struct held *held, struct window_entry *entry, const struct attempt *attempt) {
        int64_t pause = attempt->pause_ms >= 0 ? attempt->pause_ms : outward_delay(c, ++out->laters);

        held->tries--;
        window_hold(&out->window, core_now(c) + pause);
        window_again(&out->window, entry, core_now(c));
        log_line(c->config.log, CONNECT_PAUSED, LOG_INT("ms", pause), LOG_INT("status", attempt->status));
}

/* The target wants nothing more: what is to be told of it, with the record that heard it. */
static void outward_gone(struct outward *out, struct core *c, const struct held *held, const struct attempt *attempt) {
        const struct delivery_record gone = {
                .partition = held->record.partition,
                .offset = held->record.offset,
                .event_id = held->event_id,
                .outcome = DELIVERY_REFUSED,
                .status = attempt->status,
                .attempts = held->tries,
        };

        brake_want(&out->brake, c, &gone);
}

void outward_tried(struct outward *out, struct core *c, void *cookie, const struct attempt *attempt) {
        struct held *held = cookie;
        struct window_entry *entry = window_entry(&out->window, held->number);

        assert(entry && entry->state == WINDOW_FLYING);
        metric_add(c->metrics.tries, metric_series(c->metrics.tries, attempt->outcome, 0), 1);
        if (attempt->outcome != TRIED_LATER)
                out->laters = 0;
        switch (attempt->outcome) {
        case TRIED_DELIVERED:
                out->delivered++;
                outward_over(out, c, held, DELIVERY_DELIVERED, "", attempt);
                break;
        case TRIED_AGAIN:
                outward_again(out, c, held, entry, attempt);
                break;
        case TRIED_LATER:
                outward_later(out, c, held, entry, attempt);
                break;
        case TRIED_REFUSED:
                outward_over(out, c, held, DELIVERY_REFUSED, "REFUSED_BY_RECEIVER", attempt);
                break;
        case TRIED_GONE:
                window_again(&out->window, entry, core_now(c));
                outward_gone(out, c, held, attempt);
                break;
        case TRIED_LEFT:
                outward_settle(out, held);
                break;
        }
}

/* -- The inbox, and what is to be delivered again -- */

static struct bus_part outward_part(enum window_log log) {
        return (struct bus_part){.index = log}; /* each has one partition */
}

static int outward_commit(struct outward *out, struct core *c, struct error *err) {
        int64_t positions[WINDOW_LOGS];
        bool moved = false;
        int r = 0;

        for (enum window_log log = 0; log < WINDOW_LOGS; log++) {
                positions[log] = window_position(&out->window, log);
                if (!out->assigned || positions[log] < 0 || positions[log] == out->committed[log] || r)
                        continue;
                moved = true;
                r = bus_consumer_done(out->consumer, outward_part(log), positions[log]);
        }
        if (!moved)
                return 0;
        if (r == 0)
                r = bus_consumer_commit(out->consumer, err);
        if (r < 0)
                return error_trace(r, err);
        if (r == 0)
                memcpy(out->committed, positions, sizeof(positions));
        out->commit_at = core_now(c) + RUNTIME_COMMIT_MS;
        return 0; /* rebalanced: the next poll says so, and others do it again */
}

/* Puts a record to be delivered again in its old place; it may have come to a connector that now delivers another inbox. */
static void outward_replace(struct held *held, const char *inbox, int32_t partition, int64_t offset) {
        (void) snprintf(held->inbox, sizeof(held->inbox), "%s", inbox);
        held->record.topic = held->inbox;
        held->record.partition = partition;
        held->record.offset = offset;
}

static int outward_take(struct outward *out, const struct core *c, struct bus_record *record, struct error *err) {
        enum window_log log = (enum window_log)record->index;
        char inbox[BUS_NAME_MAX + 1];
        struct window_entry *entry;
        int64_t offset;
        int32_t partition;
        struct held *held;
        size_t bytes;
        int r;

        if (window_full(&out->window)) { /* it came while the flow was being stopped */
                r = bus_consumer_seek(out->consumer, outward_part(log), record->offset, err);
                return r < 0 ? r : 0;
        }
        if (record->offset < out->window.next[log])
                return 0; /* read again after a seek: it is in the window already */
        r = bus_record_headers(record);
        if (r < 0)
                return r;
        if (log == WINDOW_AGAIN && (!redriven_read(record, c->config.file->name, inbox, &partition, &offset) || !dead_letter_is_of_inbox(inbox))) {
                window_pass(&out->window, log, record->offset); /* for another connector */
                return 0;
        }
        held = held_new(record, &bytes);
        if (!held)
                return -ENOMEM;
        if (log == WINDOW_AGAIN)
                outward_replace(held, inbox, partition, offset);
        entry = window_add(&out->window, log, record->offset, held->record.key, held->record.key_n, bytes, held);
        held->number = entry->number;
        return 0;
}

/*
 * Behind the last record stands the marker of its transaction: a position before it would look to whoever asks the broker alone as if one more
 * record waited for ever. What came when the window was full, and is to come again, is not behind us.
 */
static void outward_end(struct outward *out, enum window_log log, int64_t end) {
        if (!window_full(&out->window) && end > out->window.next[log])
                window_end(&out->window, log, end);
}

static int outward_event(struct outward *out, struct core *c, struct bus_event *event, struct error *err) {
        int r;

        switch (event->kind) {
        case BUS_RECORD:
                return outward_take(out, c, &event->record, err);
        case BUS_ASSIGNED:
                outward_drop(out, c);
                out->assigned = event->parts_n > 0;
                metric_add(c->metrics.passed, 0, event->passed);
                log_line(c->config.log, CONNECT_ASSIGNED, LOG_STRING("connector", c->config.file->name), LOG_INT("parts", (int64_t)event->parts_n));
                return 0;
        case BUS_REVOKED:
                r = outward_commit(out, c, err);
                outward_drop(out, c);
                return r;
        case BUS_LOST:
                outward_drop(out, c);
                return 0;
        case BUS_END:
                outward_end(out, (enum window_log)event->parts[0].index, event->end);
                return 0;
        default:
                return 0;
        }
}

/* The flow stops at a full window and goes on when it is half empty, so that it does not go on and off with each record; and it stops for an operator. */
static int outward_regulate(struct outward *out, const struct core *c, struct error *err) {
        bool full = window_full(&out->window) || c->paused, pause = out->paused;
        int r = 0;

        if (full)
                pause = true;
        else if (window_count(&out->window) <= WINDOW_RECORDS / 2 && out->window.bytes <= WINDOW_BYTES / 2)
                pause = false;
        if (!out->assigned || pause == out->paused)
                return 0;
        for (enum window_log log = 0; log < WINDOW_LOGS && r == 0; log++)
                r = bus_consumer_pause(out->consumer, outward_part(log), pause, err);
        if (r == 0)
                out->paused = pause;
        return r < 0 ? r : 0;
}

static int outward_fill(struct outward *out, struct core *c, int timeout_ms, struct error *err) {
        struct bus_event event;

        for (unsigned i = 0; i < RUNTIME_BATCH; i++) {
                int r = outward_regulate(out, c, err);

                if (r == 0)
                        r = bus_consumer_poll(out->consumer, timeout_ms, &event, err);
                if (r < 0)
                        return error_trace(r, err);
                if (event.kind == BUS_NONE)
                        return 0;
                r = outward_event(out, c, &event, err);
                if (r < 0)
                        return r;
                timeout_ms = 0;
        }
        return 0;
}

/* -- Turning -- */

static int outward_start_tries(struct outward *out, struct core *c, struct error *err) {
        int64_t now = core_now(c);

        while (!out->stopping && !c->paused && out->brake.state == BRAKE_OFF && out->window.flying < c->env.parallel) {
                struct window_entry *entry = window_next(&out->window, now);
                int r;

                if (!entry)
                        return 0;
                r = outward_try(out, c, entry, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* How long this turn may wait for the inbox. */
static int outward_patience(const struct outward *out, const struct core *c, int timeout_ms) {
        int64_t wait;

        if (out->window.flying > 0)
                return 0;
        if (out->open > 0)
                return timeout_ms < RECORDING_WAIT_MS ? timeout_ms : RECORDING_WAIT_MS;
        if (out->stopping || c->paused || out->brake.state != BRAKE_OFF)
                return timeout_ms < FLYING_WAIT_MS ? timeout_ms : FLYING_WAIT_MS;
        wait = window_wait(&out->window, core_now(c));
        return wait < timeout_ms ? (int)wait : timeout_ms;
}

static void outward_measure(const struct outward *out, const struct core *c) {
        const struct window_entry *e = window_entry(&out->window, out->window.head);
        const struct held *held = e ? e->item : NULL;
        int64_t age = held ? clock_realtime(&c->config.clock) - held->record.timestamp : 0;

        metric_set(c->metrics.oldest, 0, age > 0 ? age : 0);
        metric_set(c->metrics.braked, 0, out->brake.state == BRAKE_ON);
}

/* Looks whether the oldest record has failed and keeps the window full: says so, and after enough tries lets others go on. */
static void outward_look_stuck(struct outward *out, struct core *c) {
        struct window_entry *e = window_entry(&out->window, out->window.head);
        struct held *held = e ? e->item : NULL;
        bool stuck = held && window_full(&out->window) && e->state <= WINDOW_FLYING && held->failures > 0;

        if (stuck && out->stuck.offset != held->record.offset)
                log_line(c->config.log, CONNECT_BLOCKED, LOG_STRING("connector", c->config.file->name), LOG_INT("offset", held->record.offset),
                         LOG_INT("tries", held->tries), LOG_INT("status", held->status), LOG_STRING("reason", held->reason.text));
        out->stuck.offset = stuck ? held->record.offset : OUTWARD_NOT_STUCK;
        out->stuck.tries = stuck ? held->failures : 0;
        out->stuck.status = stuck ? held->status : 0;
        metric_set(c->metrics.blocked, 0, stuck);
        if (stuck && e->state == WINDOW_WAITING && !c->paused && out->brake.state == BRAKE_OFF && held->failures >= OUTWARD_SET_ASIDE_TRIES && held->alone)
                outward_set_aside(out, c, held);
}

static int outward_brake(struct outward *out, struct core *c, struct error *err) {
        const struct window_entry *first = window_entry(&out->window, out->window.head);
        const struct held *held = first ? first->item : NULL;
        struct brake_load load = {.any = held, .busy = out->window.flying > 0 || out->open > 0 || out->due > 0};
        bool was_open = brake_is_open(&out->brake);
        int r;

        if (!out->assigned)
                return 0;
        if (held) { /* one that is to be delivered again may be younger than the brake */
                load.offset = held->record.offset;
                load.timestamp = first->log == WINDOW_INBOX ? held->record.timestamp : 0;
        }
        r = brake_turn(&out->brake, c, &load, err);
        if (!was_open && brake_is_open(&out->brake))
                out->open++;
        return r;
}

int outward_turn(struct outward *out, struct core *c, int timeout_ms, struct error *err) {
        int flying_wait_ms = timeout_ms < FLYING_WAIT_MS ? timeout_ms : FLYING_WAIT_MS;
        int r = outward_fill(out, c, outward_patience(out, c, timeout_ms), err);

        if (r < 0)
                return r;
        r = outward_brake(out, c, err);
        if (r < 0)
                return r;
        r = outward_start_tries(out, c, err);
        if (r < 0)
                return r;
        r = c->ops->turn(c->ctx, out->window.flying > 0 ? flying_wait_ms : 0, err);
        if (r < 0)
                return r;
        r = bus_producer_poll(c->producer, 0, err);
        if (r < 0)
                return error_trace(r, err);
        outward_look_stuck(out, c);
        outward_record_due(out, c);
        outward_measure(out, c);
        return core_now(c) >= out->commit_at ? outward_commit(out, c, err) : 0;
}

int outward_stop(struct outward *out, struct core *c, struct error *err) {
        int64_t until = core_now(c) + RUNTIME_STOP_MS;
        int r = 0;

        out->stopping = true;
        while (out->window.flying > 0 || out->open > 0 || out->due > 0 || out->brake.state == BRAKE_WANTED || out->brake.state == BRAKE_MARKING) {
                if (core_now(c) >= until) {
                        log_line(c->config.log, CONNECT_STOPPED_EARLY, LOG_INT("waiting", (int64_t)window_count(&out->window)));
                        break;
                }
                r = outward_turn(out, c, FLYING_WAIT_MS, err);
                if (r < 0)
                        return r;
        }
        r = outward_commit(out, c, err);
        outward_drop(out, c);
        bus_consumer_close(out->consumer, true);
        out->consumer = NULL;
        return r;
}

void outward_close(struct outward *out, struct core *c) {
        if (out->window.entries)
                outward_drop(out, c);
        bus_consumer_close(out->consumer, false);
        window_done(&out->window);
        delivery_codec_free(out->codec);
}

int outward_open(struct outward *out, struct core *c, struct error *err) {
        char group[BUS_NAME_MAX + 1];
        const char *const topics[WINDOW_LOGS] = {[WINDOW_INBOX] = out->inbox, [WINDOW_AGAIN] = TOPIC_REDELIVERIES};
        struct bus_consumer_config config = {.group = group, .instance = c->config.file->name, .topics = topics, .topics_n = ELEMENTS(topics)};
        int r = window_new(&out->window);

        if (r < 0)
                return r;
        r = delivery_codec_new(c->config.types, &out->codec, err);
        if (r < 0)
                return r;
        out->brake.codec = out->codec;
        out->stuck.offset = OUTWARD_NOT_STUCK;
        for (enum window_log log = 0; log < WINDOW_LOGS; log++)
                out->committed[log] = NOTHING_COMMITTED;
        (void) snprintf(out->inbox, sizeof(out->inbox), TOPIC_INBOX_PREFIX "%s", c->config.file->out.organisation->id);
        (void) snprintf(group, sizeof(group), TOPICS_GROUP_CONNECT "%s", c->config.file->name);
        return error_trace(bus_consumer_open(c->config.bus, &config, &out->consumer, err), err);
}

