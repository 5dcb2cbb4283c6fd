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
#include "connect/handover.h"

#define FLYING_WAIT_MS 20   /* new records are looked for so often while tries are under way */
#define RECORDING_WAIT_MS 1 /* reports are looked for so often while records are open */

static void outward_stir_all(struct outward *out) {
        for (size_t i = 0; i < out->lanes.n; i++)
                lanes_stir(&out->lanes, &out->lanes.items[i]);
}

static void outward_drop(struct outward *out, struct core *c) {
        if (c->ops->abandon && out->lanes.flying > 0)
                c->ops->abandon(c->ctx);
        for (size_t k = 0; k < out->lanes.n; k++) {
                const struct window *w = &out->lanes.items[k].window;

                for (uint64_t i = w->head; i < w->tail; i++) {
                        struct window_entry *e = window_entry(w, i);

                        if (e && e->item)
                                held_drop(e->item);
                }
        }
        lanes_clear(&out->lanes);
        out->due = 0;
        out->again_next = out->again_committed = LANE_NOTHING;
        out->assigned = out->halted = out->commit_due = false;
        brakes_forget(&out->brakes);
}

/* -- What is over: a dead letter when it was not delivered, a record in deliveries always; then it is settled -- */

static void outward_to_send(struct outward *out, struct sending_record *s) {
        s->state = SENDING_DUE;
        s->held->lane->due++;
        out->due++;
}

/* What the broker did not take is sent again later. */
static void outward_postpone(struct outward *out, const struct core *c, struct held *held) {
        held->again = core_now(c) + RUNTIME_RECORD_MS;
        if (held->again < out->due_at)
                out->due_at = held->again;
}

/* Return: 0: sent or to be sent again; negative errno: never. */
static int outward_send(struct outward *out, const struct core *c, struct sending_record *s, const struct bus_record *record, struct error *err) {
        int r = bus_producer_send(c->producer, record, s, err);

        if (r == BUS_E_FULL) {
                outward_postpone(out, c, s->held);
                return 0;
        }
        if (r)
                return r;
        s->state = SENDING_OPEN;
        s->held->lane->due--;
        out->due--;
        out->open++;
        return 0;
}

static int outward_send_letter(struct outward *out, struct core *c, struct held *held, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct dead_letter));
        struct dead_letter *letter = memory;

        if (!letter)
                return -ENOMEM;
        dead_letter_make(&held->record, &(struct dead_letter_why){.stage = held->stage, .code = held->code, .error = held_reason(held),
                                                          .connector = c->config.file->name}, letter);
        return outward_send(out, c, &held->letter, &letter->record, err);
}

static int outward_send_delivery(struct outward *out, struct core *c, struct held *held, struct error *err) {
        const char *name = c->config.file->name;
        const struct delivery_record delivery = {
                .delivered_at = clock_realtime(&c->config.clock),
                .organisation = text_of(held->record.topic + strlen(TOPIC_INBOX_PREFIX)),
                .connector = text_of(name),
                .partition = held->record.partition,
                .offset = held->record.offset,
                .event_id = held->event_id,
                .outcome = held->outcome,
                .status = held->status,
                .attempts = held->tries,
                .reason = text_of(held_reason(held)),
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

        window_record(&held->lane->window, window_entry(&held->lane->window, held->number));
        metric_add(c->metrics.outcomes, metric_series(c->metrics.outcomes, held->outcome, 0), 1);
        if (held->outcome != DELIVERY_DELIVERED) {
                uuid_format(&held->event_id, id);
                log_line(c->config.log, CONNECT_PARKED, LOG_STRING("event_id", id), LOG_INT("offset", held->record.offset), LOG_STRING("code", held->code),
                         LOG_INT("tries", held->tries), LOG_INT("status", held->status), LOG_STRING("reason", held_reason(held)));
                outward_to_send(out, &held->letter);
        }
        outward_to_send(out, &held->delivery);
        outward_send_due(out, c, held);
}

static void outward_record_lane(struct outward *out, struct core *c, const struct lane *lane, int64_t now) {
        const struct window *w = &lane->window;

        for (uint64_t i = w->head; lane->due > 0 && i < w->tail; i++) {
                struct window_entry *e = window_entry(w, i);
                struct held *held = e ? e->item : NULL;

                if (!e || !held || e->state != WINDOW_RECORDING || (held->letter.state != SENDING_DUE && held->delivery.state != SENDING_DUE))
                        continue;
                if (held->again <= now)
                        outward_send_due(out, c, held);
                else if (held->again < out->due_at)
                        out->due_at = held->again;
        }
}

static void outward_record_due(struct outward *out, struct core *c) {
        int64_t now = core_now(c);

        if (out->due == 0 || now < out->due_at)
                return;
        out->due_at = INT64_MAX;
        for (size_t i = 0; out->due > 0 && i < out->lanes.n; i++)
                outward_record_lane(out, c, &out->lanes.items[i], now);
}

static void outward_settle(struct outward *out, struct held *held) {
        window_settle(&held->lane->window, window_entry(&held->lane->window, held->number));
        lanes_stir(&out->lanes, held->lane);
        held_free(held);
}

void outward_report(struct outward *out, struct core *c, const struct bus_report *report) {
        struct brake *brake = brakes_of_report(&out->brakes, report);
        struct sending_record *s = report->cookie;
        struct held *held;

        if (notes_report(&out->notes, c, report))
                return;
        assert(out->open > 0);
        out->open--;
        core_complain(c, report);
        if (brake) {
                brake_report(brake, report);
                return;
        }
        held = s->held;
        s->state = report->sent == BUS_SENT ? SENDING_DONE : SENDING_DUE;
        if (held->number == 0) {
                if (!held_is_open(held))
                        held_free(held);
                return;
        }
        if (s->state == SENDING_DUE) {
                held->lane->due++;
                out->due++;
                outward_postpone(out, c, held);
        } else if (held_is_recorded(held)) {
                outward_settle(out, held);
        }
}

/* -- What the record says -- */

/* @slots: LAYOUT_SLOTS_MAX of them, which the event has then. Return: 0; enum event_record_error. */
static int outward_read(const struct core *c, struct held *held, struct slot *slots, struct event *ret) {
        struct error why = {0};
        int r = event_record_read(c->config.types, NULL, &held->record, slots, ret, &why);

        if (r) {
                held->stage = "decode";
                held->code = refusal_codes[event_record_refusal(r)];
                held_say(held, why.text);
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
static bool outward_is_ours(const struct core *c, struct held *held) {
        struct error why = {0};

        if (!held->elsewhere)
                return true;
        held->code = "OTHER_INBOX";
        error_set(&why, "%s delivers %s%s now, and this stood in %s; send it again when that is right", c->config.file->name, held->lane->inbox,
                  c->config.file->targets_n > 1 ? " and others" : "", held->record.topic);
        held_say(held, why.text);
        return false;
}

static int outward_try(struct outward *out, struct core *c, struct lane *lane, struct window_entry *entry, struct error *err) {
        struct held *held = entry->item;
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct cloudevent ce;
        struct event event;
        int r;

        arena_reset(c->arena);
        r = outward_read(c, held, slots, &event);
        lane->schemaless = r == EVENT_RECORD_E_WAIT;
        if (lane->schemaless) {
                window_hold(&lane->window, core_now(c) + OUTWARD_SCHEMA_MS);
                return 0;
        }
        if (r || !outward_is_ours(c, held)) {
                outward_park_unread(out, c, held);
                return 0;
        }
        cloudevent_describe(&held->record, &event, c->config.organisations, &ce);
        lanes_fly(&out->lanes, lane);
        window_fly(&lane->window, entry);
        held->tries++;
        return c->ops->deliver(c->ctx,
                               &(struct delivery){.ce = &ce,
                                                  .organisation = lane->target->organisation,
                                                  .target = lane->target->options,
                                                  .delivery_id = outward_delivery_id(c, held),
                                                  .topic = held->record.topic,
                                                  .partition = held->record.partition,
                                                  .offset = held->record.offset,
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
        held_say(held, attempt->reason);
        outward_record(out, c, held);
}

/* The oldest record holds up more than its case: the sentence says so to whoever finds its dead letter. */
static void outward_set_aside(struct outward *out, struct core *c, struct held *held) {
        struct attempt last = {.outcome = TRIED_AGAIN, .status = held->status};

        (void) snprintf(last.reason, sizeof(last.reason), "set aside after %d tries, since the window was full behind it: %.100s", held->tries,
                        held_reason(held));
        outward_over(out, c, held, DELIVERY_PARKED, "SET_ASIDE", &last);
}

static int64_t outward_delay(const struct core *c, unsigned tries) {
        const struct backoff b = {c->config.file->out.first_delay, c->config.file->out.longest_delay};

        return backoff_delay(&b, tries, c->config.random(c->config.random_ctx));
}

/* Nothing gets through any more: said once in a while, since each try by itself is not. */
static void outward_say_failing(const struct core *c, struct lane *lane, const struct attempt *attempt) {
        char label[CORE_LABEL_MAX];

        if (lane->failures < OUTWARD_FAILING_TRIES || !log_pace(&lane->pace, core_now(c), OUTWARD_FAILING_SAY_MS))
                return;
        lane->failing = true;
        log_line(c->config.log, CONNECT_FAILING, LOG_STRING("connector", core_label(c, lane->target->organisation, label)),
                 LOG_INT("tries", (int64_t)lane->failures), LOG_INT("status", attempt->status), LOG_STRING("reason", attempt->reason));
}

static void outward_say_delivers(const struct core *c, struct lane *lane) {
        char label[CORE_LABEL_MAX];

        if (lane->failing)
                log_line(c->config.log, CONNECT_DELIVERS, LOG_STRING("connector", core_label(c, lane->target->organisation, label)));
        lane->failing = false;
}

static void outward_again(struct outward *out, struct core *c, struct held *held, const struct attempt *attempt) {
        struct lane *lane = held->lane;
        int64_t now = core_now(c), delay;

        lane->failures++;
        outward_say_failing(c, lane, attempt);
        if (attempt->pause_ms >= 0)
                window_hold(&lane->window, now + attempt->pause_ms);
        if (held->tries >= c->config.file->out.tries) {
                outward_over(out, c, held, DELIVERY_PARKED, "UNDELIVERED", attempt);
                return;
        }
        if (held->failures++ == 0)
                held->delivered_then = lane->delivered;
        held->alone |= lane->delivered - held->delivered_then >= OUTWARD_OTHERS_MIN;
        held->status = attempt->status;
        held_say(held, attempt->reason);
        delay = outward_delay(c, (unsigned)held->tries);
        window_again(&lane->window, window_entry(&lane->window, held->number), now + (attempt->wait_ms > delay ? attempt->wait_ms : delay));
        log_line(c->config.log, CONNECT_AGAIN, LOG_INT("offset", held->record.offset), LOG_INT("tries", held->tries), LOG_INT("status", attempt->status),
                 LOG_STRING("reason", attempt->reason));
}

static void outward_later(const struct core *c, struct held *held, const struct attempt *attempt) {
        struct lane *lane = held->lane;
        int64_t pause = attempt->pause_ms >= 0 ? attempt->pause_ms : outward_delay(c, ++lane->laters);

        held->tries--;
        window_hold(&lane->window, core_now(c) + pause);
        window_again(&lane->window, window_entry(&lane->window, held->number), core_now(c));
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

        brake_want(&out->brakes, c, &out->brakes.items[lane_place(&out->lanes, held->lane)], &gone);
}

void outward_tried(struct outward *out, struct core *c, void *cookie, const struct attempt *attempt) {
        struct held *held = cookie;
        struct lane *lane = held->lane;
        struct window_entry *entry = window_entry(&lane->window, held->number);

        assert(entry && entry->state == WINDOW_FLYING);
        metric_add(c->metrics.tries, metric_series(c->metrics.tries, attempt->outcome, 0), 1);
        if (attempt->outcome != TRIED_LATER)
                lane->laters = 0;
        if (attempt->outcome != TRIED_AGAIN)
                lane->failures = 0;
        switch (attempt->outcome) {
        case TRIED_DELIVERED:
                lane->delivered++;
                outward_say_delivers(c, lane);
                outward_over(out, c, held, DELIVERY_DELIVERED, "", attempt);
                break;
        case TRIED_AGAIN:
                outward_again(out, c, held, attempt);
                break;
        case TRIED_LATER:
                outward_later(c, held, attempt);
                break;
        case TRIED_REFUSED:
                outward_over(out, c, held, DELIVERY_REFUSED, "REFUSED_BY_RECEIVER", attempt);
                break;
        case TRIED_GONE:
                window_again(&lane->window, entry, core_now(c));
                outward_gone(out, c, held, attempt);
                break;
        case TRIED_LEFT:
                outward_settle(out, held);
                break;
        }
        lanes_land(&out->lanes, lane);
        lanes_stir(&out->lanes, lane);
}

/* -- The inboxes, and what is to be delivered again -- */

/* Each has one partition; what is to be delivered again stands behind the inboxes. */
static struct bus_part outward_part(const struct outward *out, const struct lane *lane) {
        return (struct bus_part){.index = (uint32_t)lane_place(&out->lanes, lane)};
}

static struct bus_part outward_part_again(const struct outward *out) {
        return (struct bus_part){.index = (uint32_t)out->lanes.n};
}

/* Nothing before it is unsettled, in whichever lane, or was missed by one. */
static int64_t outward_position_again(const struct outward *out) {
        int64_t position = out->again_next;

        for (size_t i = 0; i < out->lanes.n; i++) {
                const struct lane *lane = &out->lanes.items[i];
                int64_t unsettled = lane->window.unsettled[WINDOW_AGAIN] > 0 ? window_position(&lane->window, WINDOW_AGAIN) : position;

                position = unsettled < position ? unsettled : position;
                if (lane->missed != LANE_NOTHING && lane->missed < position)
                        position = lane->missed;
        }
        return position;
}

/* Return: 0: nothing moved; 1: it is to be committed; BUS_E_REBALANCED as -1: others do it again. */
static int outward_move(struct outward *out, struct bus_part part, int64_t position, int64_t *committed) {
        if (position < 0 || position == *committed)
                return 0;
        if (bus_consumer_done(out->consumer, part, position))
                return -1;
        *committed = position;
        return 1;
}

static int outward_commit(struct outward *out, struct core *c, struct error *err) {
        bool moved = out->commit_due;
        int r = 0;

        out->commit_at = core_now(c) + RUNTIME_COMMIT_MS;
        if (!out->assigned)
                return 0;
        for (size_t i = 0; i < out->lanes.n && r >= 0; i++) {
                struct lane *lane = &out->lanes.items[i];

                r = outward_move(out, outward_part(out, lane), window_position(&lane->window, WINDOW_INBOX), &lane->committed);
                moved |= r > 0;
        }
        if (r >= 0)
                r = outward_move(out, outward_part_again(out), outward_position_again(out), &out->again_committed);
        moved |= r > 0;
        out->commit_due = moved;
        if (r < 0 || !moved)
                return 0;
        r = bus_consumer_commit(out->consumer, err);
        out->commit_due = r > 0;
        return r < 0 ? error_trace(r, err) : 0; /* rebalanced: the next poll says so, and others do it again */
}

/* Holds a record in its lane. */
static int outward_hold(struct outward *out, struct lane *lane, enum window_log log, const struct bus_record *record, const char *elsewhere,
                        int64_t place) {
        struct window_entry *entry;
        struct held *held;
        size_t bytes;

        held = held_new(record, elsewhere ? elsewhere : lane->inbox, elsewhere, &bytes);
        if (!held)
                return -ENOMEM;
        held->lane = lane;
        entry = window_add(&lane->window, log, place, held->record.key, held->record.key_n, bytes, held);
        if (!entry) {
                held_free(held);
                return -ENOMEM;
        }
        held->number = entry->number;
        lanes_stir(&out->lanes, lane);
        return 0;
}

static int outward_take(struct outward *out, struct bus_record *record, struct error *err) {
        struct lane *lane = &out->lanes.items[record->index];
        int r;

        if (window_full(&lane->window)) { /* it came while the flow was being stopped */
                r = bus_consumer_seek(out->consumer, outward_part(out, lane), record->offset, err);
                return r < 0 ? r : 0;
        }
        if (record->offset < lane->window.next[WINDOW_INBOX])
                return 0; /* read again after a seek: it is in the window already */
        r = bus_record_headers(record);
        return r < 0 ? r : outward_hold(out, lane, WINDOW_INBOX, record, NULL, record->offset);
}

/*
 * What is to be delivered again, in its old place. A lane that is full misses it and all behind it, and reads them again when it has room, so that no
 * other waits for it; it may have come to a connector that now delivers other inboxes.
 */
static int outward_take_again(struct outward *out, const struct core *c, struct bus_record *record) {
        int64_t place = record->offset;
        char inbox[BUS_NAME_MAX + 1];
        struct bus_record old = *record;
        struct lane *lane;
        int r = bus_record_headers(record);

        if (r < 0)
                return r;
        if (place >= out->again_next)
                out->again_next = place + 1;
        old = *record;
        if (!redriven_read(record, inbox, &old.partition, &old.offset) || !dead_letter_is_of_inbox(inbox))
                return 0;
        lane = lanes_find(&out->lanes, inbox);
        if (!redriven_is_for(record, c->config.file->name) && !(lane && lane->target->from && redriven_is_for(record, lane->target->from)))
                return 0; /* for another connector */
        if (!lane)
                return place < out->lanes.items[0].window.next[WINDOW_AGAIN] ? 0 : outward_hold(out, &out->lanes.items[0], WINDOW_AGAIN, &old, inbox, place);
        if (place < lane->window.next[WINDOW_AGAIN])
                return 0;
        if (lane->missed == LANE_NOTHING && !window_full(&lane->window))
                return outward_hold(out, lane, WINDOW_AGAIN, &old, NULL, place);
        if (lane->missed == LANE_NOTHING)
                lane->missed = place;
        return 0;
}

/*
 * Behind the last record stands the marker of its transaction: a position before it would look to whoever asks the broker alone as if one more
 * record waited for ever. What came when the window was full, and is to come again, is not behind us.
 */
static void outward_end(struct outward *out, uint32_t index, int64_t end) {
        struct lane *lane;

        if (index == out->lanes.n) {
                out->again_next = end > out->again_next ? end : out->again_next;
                return;
        }
        lane = &out->lanes.items[index];
        if (!window_full(&lane->window) && end > lane->window.next[WINDOW_INBOX])
                window_end(&lane->window, WINDOW_INBOX, end);
}

static int outward_event(struct outward *out, struct core *c, struct bus_event *event, struct error *err) {
        int r;

        switch (event->kind) {
        case BUS_RECORD:
                return event->record.index == out->lanes.n ? outward_take_again(out, c, &event->record) : outward_take(out, &event->record, err);
        case BUS_ASSIGNED:
                outward_drop(out, c);
                out->assigned = event->parts_n > 0;
                outward_stir_all(out);
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
                outward_end(out, event->parts[0].index, event->end);
                return 0;
        default:
                return 0;
        }
}

/*
 * The flow of a lane stops at a full window and goes on when it is half empty, so that it does not go on and off with each record; and it stops for
 * an operator. What it missed it reads again.
 */
static int outward_regulate(struct outward *out, const struct core *c, struct lane *lane, struct error *err) {
        const struct window *w = &lane->window;
        bool room = window_count(w) <= WINDOW_RECORDS / 2 && w->bytes <= w->bytes_max / 2;
        bool halted = c->paused || lane->halted, dry = halted || window_full(w) || (lane->dry && !room);
        int64_t missed = lane->missed;
        int r = 0;

        if (!out->assigned)
                return 0;
        if (dry != lane->dry)
                r = bus_consumer_pause(out->consumer, outward_part(out, lane), dry, err);
        if (r == 0)
                lane->dry = dry;
        if (r || dry || missed == LANE_NOTHING)
                return r < 0 ? r : 0;
        lane->missed = LANE_NOTHING;
        r = bus_consumer_seek(out->consumer, outward_part_again(out), missed, err);
        return r < 0 ? r : 0;
}

/* What is to be delivered again is read no further while an operator lets the connector stand still. */
static int outward_regulate_again(struct outward *out, const struct core *c, struct error *err) {
        int r;

        if (!out->assigned || out->halted == c->paused)
                return 0;
        r = bus_consumer_pause(out->consumer, outward_part_again(out), c->paused, err);
        if (r == 0) {
                out->halted = c->paused;
                outward_stir_all(out);
        }
        return r < 0 ? r : 0;
}

static int outward_fill(struct outward *out, struct core *c, int timeout_ms, struct error *err) {
        struct bus_event event;

        for (unsigned i = 0; i < RUNTIME_BATCH; i++) {
                int r = bus_consumer_poll(out->consumer, timeout_ms, &event, err);

                if (r < 0)
                        return error_trace(r, err);
                if (event.kind == BUS_NONE)
                        return 0;
                r = outward_event(out, c, &event, err);
                if (event.kind == BUS_ASSIGNED)
                        return r; /* first it is known what stands still */
                if (r == 0 && event.kind == BUS_RECORD && event.record.index < out->lanes.n)
                        r = outward_regulate(out, c, &out->lanes.items[event.record.index], err);
                if (r < 0)
                        return r;
                timeout_ms = 0;
        }
        return 0;
}

/* -- Turning -- */

static void outward_ask_brake(struct outward *out, struct lane *lane, struct brake *brake) {
        const struct window_entry *first = window_entry(&lane->window, lane->window.head);
        const struct held *held = first ? first->item : NULL;

        if (held) /* one that is to be delivered again may be younger than the brake */
                brake_ask(&out->brakes, brake, held->record.offset, first->log == WINDOW_INBOX ? held->record.timestamp : 0);
}

/* Begins one try of a lane, or says when it is to be looked at again. */
static int outward_turn_lane(struct outward *out, struct core *c, struct lane *lane, struct error *err) {
        struct brake *brake = &out->brakes.items[lane_place(&out->lanes, lane)];
        int64_t now = core_now(c), wait;
        struct window_entry *entry;
        int r = outward_regulate(out, c, lane, err);

        if (r < 0 || !out->assigned || out->stopping)
                return r;
        if (brake->state == BRAKE_UNKNOWN)
                outward_ask_brake(out, lane, brake);
        if (c->paused || lane->halted || brake->state != BRAKE_OFF || !lanes_may_fly(&out->lanes, lane))
                return 0;
        entry = window_next(&lane->window, now);
        if (entry) {
                r = outward_try(out, c, lane, entry, err);
                lanes_stir(&out->lanes, lane); /* behind the others */
                return r;
        }
        wait = window_wait(&lane->window, now);
        return lanes_sleep(&out->lanes, lane, wait == WINDOW_NEVER ? WINDOW_NEVER : now + wait);
}

static int outward_start_tries(struct outward *out, struct core *c, struct error *err) {
        struct lane *lane;
        int r = 0;

        lanes_wake(&out->lanes, core_now(c));
        for (unsigned i = 0; r == 0 && i < OUTWARD_TRIES_A_TURN && (lane = lanes_take(&out->lanes)); i++)
                r = outward_turn_lane(out, c, lane, err);
        return r;
}

/* How long this turn may wait for the inboxes. */
static int outward_patience(const struct outward *out, const struct core *c, int timeout_ms) {
        int64_t wait;

        if (out->lanes.flying > 0)
                return 0;
        if (out->open > 0)
                return timeout_ms < RECORDING_WAIT_MS ? timeout_ms : RECORDING_WAIT_MS;
        if (out->stopping || c->paused || out->brakes.asked > 0 || out->brakes.looking || out->brakes.marked > 0 || out->brakes.on > 0)
                return timeout_ms < FLYING_WAIT_MS ? timeout_ms : FLYING_WAIT_MS;
        wait = lanes_wait(&out->lanes, core_now(c));
        return wait < timeout_ms ? (int)wait : timeout_ms;
}

/* -- Looking, for those who ask -- */

/* Looks whether the oldest record of a lane has failed and keeps the window full: says so, and after enough tries lets others go on. */
static void outward_look_stuck(struct outward *out, struct core *c, struct lane *lane, bool stopped) {
        struct window_entry *e = window_entry(&lane->window, lane->window.head);
        struct held *held = e ? e->item : NULL;
        bool stuck = held && window_full(&lane->window) && e->state <= WINDOW_FLYING && held->failures > 0;
        char label[CORE_LABEL_MAX];

        if (stuck && lane->stuck.offset != held->record.offset)
                log_line(c->config.log, CONNECT_BLOCKED, LOG_STRING("connector", core_label(c, lane->target->organisation, label)),
                         LOG_INT("offset", held->record.offset), LOG_INT("tries", held->tries), LOG_INT("status", held->status),
                         LOG_STRING("reason", held_reason(held)));
        lane->stuck.offset = stuck ? held->record.offset : LANE_NOT_STUCK;
        lane->stuck.tries = stuck ? held->failures : 0;
        lane->stuck.status = stuck ? held->status : 0;
        if (stuck && e->state == WINDOW_WAITING && !stopped && held->failures >= OUTWARD_SET_ASIDE_TRIES && held->alone)
                outward_set_aside(out, c, held);
}

static void outward_see(struct outward *out, struct core *c, struct lane *lane, int64_t *oldest) {
        const struct brake *brake = &out->brakes.items[lane_place(&out->lanes, lane)];
        const struct window_entry *e = window_entry(&lane->window, lane->window.head);
        const struct held *held = e ? e->item : NULL;

        if (held && held->record.timestamp < *oldest)
                *oldest = held->record.timestamp;
        outward_look_stuck(out, c, lane, c->paused || lane->halted || brake->state != BRAKE_OFF);
        out->seen.waiting += window_count(&lane->window);
        out->seen.looking += brake->state == BRAKE_ASKED || brake->state == BRAKE_LOOKING;
        out->seen.schemaless += lane->schemaless;
        out->seen.halted += lane->halted;
        if (brake->state >= BRAKE_WANTED && out->seen.braked++ == 0)
                out->seen.of_braked = lane->target->organisation;
        if (lane->stuck.offset == LANE_NOT_STUCK || out->seen.stuck++ > 0)
                return;
        out->seen.of_stuck = lane->target->organisation;
        out->seen.stuck_offset = lane->stuck.offset;
        out->seen.stuck_tries = lane->stuck.tries;
        out->seen.stuck_status = lane->stuck.status;
}

/* Hundreds of lanes are looked at less often, so that looking costs the same. */
static void outward_look(struct outward *out, struct core *c) {
        int64_t now = core_now(c), oldest = INT64_MAX, age;

        if (now - out->seen.at < (int64_t)(out->lanes.n / OUTWARD_LOOKED_A_MS))
                return;
        memset(&out->seen, 0, sizeof(out->seen));
        out->seen.at = now;
        for (size_t i = 0; i < out->lanes.n; i++)
                outward_see(out, c, &out->lanes.items[i], &oldest);
        age = oldest == INT64_MAX ? 0 : clock_realtime(&c->config.clock) - oldest;
        metric_set(c->metrics.oldest, 0, age > 0 ? age : 0);
        metric_set(c->metrics.braked, 0, (int64_t)out->seen.braked);
        metric_set(c->metrics.blocked, 0, (int64_t)out->seen.stuck);
}

/* -- The whole -- */

static bool outward_is_busy(void *ctx, size_t i) {
        const struct outward *out = ctx;
        const struct lane *lane = &out->lanes.items[i];
        const struct window *w = &lane->window;

        if (w->flying > 0 || lane->due > 0)
                return true;
        for (uint64_t k = w->head; k < w->tail; k++) {
                if (window_entry(w, k)->state == WINDOW_RECORDING)
                        return true;
        }
        return false;
}

static void outward_released(void *ctx, size_t i) {
        struct outward *out = ctx;

        lanes_stir(&out->lanes, &out->lanes.items[i]);
}

void outward_halt(struct outward *out, size_t i, bool halted) {
        out->lanes.items[i].halted = halted;
        lanes_stir(&out->lanes, &out->lanes.items[i]);
}

int outward_turn(struct outward *out, struct core *c, int timeout_ms, struct error *err) {
        const struct brakes_load load = {out, outward_is_busy, outward_released};
        int flying_wait_ms = timeout_ms < FLYING_WAIT_MS ? timeout_ms : FLYING_WAIT_MS;
        int r = outward_fill(out, c, outward_patience(out, c, timeout_ms), err);

        if (r == 0)
                r = outward_regulate_again(out, c, err);
        if (r == 0 && out->assigned)
                r = brakes_turn(&out->brakes, c, &load, &out->open, err);
        if (r == 0)
                r = outward_start_tries(out, c, err);
        if (r == 0)
                r = c->ops->turn(c->ctx, out->lanes.flying > 0 && !out->lanes.first ? flying_wait_ms : 0, err);
        if (r < 0)
                return r;
        r = bus_producer_poll(c->producer, 0, err);
        if (r < 0)
                return error_trace(r, err);
        outward_look(out, c);
        outward_record_due(out, c);
        return core_now(c) >= out->commit_at ? outward_commit(out, c, err) : 0;
}

int outward_stop(struct outward *out, struct core *c, struct error *err) {
        int64_t until = core_now(c) + RUNTIME_STOP_MS;
        int r = 0;

        out->stopping = true;
        while (out->lanes.flying > 0 || out->open > 0 || out->due > 0 || out->notes.open > 0 || brakes_are_marking(&out->brakes)) {
                if (core_now(c) >= until) {
                        log_line(c->config.log, CONNECT_STOPPED_EARLY, LOG_INT("waiting", (int64_t)out->seen.waiting));
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
        if (out->lanes.n > 0)
                outward_drop(out, c);
        bus_consumer_close(out->consumer, false);
        lanes_done(&out->lanes);
        brakes_done(&out->brakes);
        delivery_codec_free(out->codec);
}

int outward_open(struct outward *out, struct core *c, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(c->config.file->targets_n + 1, sizeof(char *));
        char group[BUS_NAME_MAX + 1];
        const char **topics = memory;
        struct bus_consumer_config config = {.group = group, .instance = c->config.file->name, .topics = topics, .topics_n = c->config.file->targets_n + 1};
        int r = topics ? lanes_open(&out->lanes, c->config.file, c->config.organisations) : -ENOMEM;

        if (r == 0)
                r = delivery_codec_new(c->config.types, &out->codec, err);
        if (r == 0)
                r = brakes_open(&out->brakes, c, out->codec);
        if (r < 0)
                return r;
        out->again_next = out->again_committed = LANE_NOTHING;
        out->due_at = INT64_MAX;
        for (size_t i = 0; i < out->lanes.n; i++)
                topics[i] = out->lanes.items[i].inbox;
        topics[out->lanes.n] = TOPIC_REDELIVERIES;
        (void) snprintf(group, sizeof(group), TOPICS_GROUP_CONNECT "%s", c->config.file->name);
        r = handover_take(c, &out->lanes, group, err);
        return r ? r : error_trace(bus_consumer_open(c->config.bus, &config, &out->consumer, err), err);
}
