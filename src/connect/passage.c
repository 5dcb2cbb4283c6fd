/* SPDX-License-Identifier: EUPL-1.2 */

/* Records through: what is judged, and the transaction in which it becomes true. */

#include "connect/passage.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "cluster/event_refused.h"
#include "cluster/topics.h"
#include "connect/backoff.h"

#define FULL_POLL_MS 100      /* while the queue to the broker is full */
#define PAUSED_WAIT_MS 50     /* between two looks while an operator has paused */
#define BATCH_FIXED 61        /* bytes of a batch before its records, and … */
#define RECORD_FIXED 3        /* … of a record before its key: attributes, and no distance in time and offset to the first */

static const struct backoff passage_backoff = {.first_ms = 10, .longest_ms = 1000}; /* after a transaction that came to nothing */

/* -- The transaction -- */

static void passage_forget(struct passage *p) {
        p->open = false;
        p->records = p->bytes = 0;
        p->passed = 0;
        memset(p->refused, 0, sizeof(p->refused));
}

/* What was counted of a transaction holds once it is committed. */
static void passage_count(const struct passage *p, const struct core *c) {
        metric_add(c->metrics.passed_on, 0, (int64_t)p->passed);
        for (size_t code = 1; code < REFUSALS_HARD; code++) {
                if (p->refused[code] > 0)
                        metric_add(c->metrics.refused, metric_series(c->metrics.refused, code - 1, 0), (int64_t)p->refused[code]);
        }
        metric_add(c->metrics.transactions, metric_series(c->metrics.transactions, CORE_COMMITTED, 0), 1);
}

/* Nothing of it ever was: all is read again. @err says why. */
static int passage_abort(struct passage *p, struct core *c, struct error *err) {
        int r;

        log_line(c->config.log, TRANSACTION_ABORTED, LOG_STRING("instance", c->config.file->name), LOG_INT("units", (int64_t)p->records),
                 LOG_STRING("reason", err->text));
        if (++p->aborts > PASSAGE_ABORTS_MAX) {
                error_prefix(err, "%d transactions in a row were aborted; look at the broker, then start %s again", PASSAGE_ABORTS_MAX, c->config.file->name);
                return -EIO;
        }
        metric_add(c->metrics.transactions, metric_series(c->metrics.transactions, CORE_ABORTED, 0), 1);
        r = bus_producer_abort(c->producer, p->consumer, err);
        passage_forget(p);
        memset(p->next, 0, p->inputs_n * sizeof(*p->next));
        if (r == 0) /* one that the broker refuses again and again must not fill its topics with transactions that come to nothing */
                r = bus_producer_poll(c->producer, (int)backoff_delay(&passage_backoff, p->aborts, c->config.random(c->config.random_ctx)), err);
        return r < 0 ? error_trace(r, err) : 0;
}

static int passage_commit(struct passage *p, struct core *c, struct error *err) {
        int r;

        if (!p->open)
                return 0;
        r = bus_producer_commit(c->producer, p->consumer, err);
        if (r == BUS_E_ABORTED)
                return passage_abort(p, c, err);
        if (r < 0)
                return error_trace(r, err);
        passage_count(p, c);
        passage_forget(p);
        p->aborts = 0;
        p->committed = core_now(c);
        return 0;
}

static bool passage_is_full(const struct passage *p) {
        return p->records >= PASSAGE_RECORDS || p->bytes >= PASSAGE_BYTES;
}

static bool passage_is_due(const struct passage *p, const struct core *c, bool idle) {
        int64_t now = core_now(c);

        if (!p->open || passage_is_full(p))
                return p->open;
        return now - p->committed >= PASSAGE_PAUSE_MS && (idle || now - p->first >= PASSAGE_AGE_MS);
}

/* How long this turn may wait for a record. */
static int passage_patience(const struct passage *p, const struct core *c, int timeout_ms) {
        int64_t wait = timeout_ms;

        if (p->open)
                wait = p->committed + PASSAGE_PAUSE_MS - core_now(c);
        else if (c->paused)
                wait = PAUSED_WAIT_MS;
        return wait < 0 ? 0 : wait < timeout_ms ? (int)wait : timeout_ms;
}

/* Return: 0; BUS_E_ABORTED; negative errno. */
static int passage_send(struct core *c, const struct bus_record *record, struct error *err) {
        int64_t until = core_now(c) + BUS_CALL_MS;
        int r;

        while ((r = bus_producer_send(c->producer, record, NULL, err)) == BUS_E_FULL) {
                if (core_now(c) >= until) {
                        error_set(err, "the queue to the broker stays full; look at the broker, then start %s again", c->config.file->name);
                        return -ETIMEDOUT;
                }
                r = bus_producer_poll(c->producer, FULL_POLL_MS, err);
                if (r < 0)
                        break;
        }
        return error_trace(r, err);
}

/* -- What is refused -- */

/* Bytes of a length in a batch. */
static size_t passage_length_size(size_t n) {
        size_t bytes = 1;

        for (n *= 2; n >= 128; n /= 128) /* signed, so twice as large */
                bytes++;
        return bytes;
}

static size_t passage_field_size(size_t n) {
        return passage_length_size(n) + n;
}

/* Bytes of a record as the only one of a batch that is not compressed: what a topic's max.message.bytes is held against. */
static size_t passage_size(const struct bus_record *record) {
        size_t n = RECORD_FIXED + passage_field_size(record->key_n) + passage_field_size(record->value_n) + passage_length_size(record->headers_n);

        for (size_t i = 0; i < record->headers_n; i++)
                n += passage_field_size(strlen(record->headers[i].name)) + passage_field_size(record->headers[i].n);
        return BATCH_FIXED + passage_field_size(n);
}

static int passage_tell(struct passage *p, struct core *c, const struct bus_record *record, struct error *err) {
        const struct verdict *v = &p->verdict;
        const char *sentence = arena_printf(c->arena, "%s (%s, offset %lld)", v->why.text, record->topic, (long long)record->offset);
        const struct event_refused refused = {.code = v->code, .sentence = sentence, .event_id = v->event_id, .case_id = v->case_id, .record = record,
                                              .at = clock_realtime(&c->config.clock)};
        struct event_record made;
        struct event event;
        int r = sentence ? event_refused_make(c->config.types, &refused, c->arena, &event) : -ENOMEM;

        if (r == EVENT_REFUSED_E_UNTOLD)
                return 0;
        if (r == 0)
                r = event_record_make(&event, c->config.organisations, event_record_traceparent(record), &c->bytes, &made);
        if (r)
                return r;
        made.record.topic = p->inboxes[v->told->index];
        return passage_send(c, &made.record, err);
}

/* One that is larger than any topic takes leaves its key and headers: its value stays where it stood, as long as that is kept. */
static int passage_refuse(struct passage *p, struct core *c, const struct bus_record *record, struct error *err) {
        const struct verdict *v = &p->verdict;
        const struct dead_letter_why why = {.stage = v->stage, .code = refusal_codes[v->code], .error = v->why.text};
        int r;

        assert(v->code > REFUSAL_NONE && v->code < REFUSALS_HARD && v->told);
        dead_letter_say(c->config.log, c->config.file->name, record, &why, log_pace(&p->refusals, core_now(c), DEAD_LETTER_SAID_MS));
        dead_letter_make(record, &why, &p->letter);
        if (passage_size(&p->letter.record) > BUS_OUTPUT_MAX) {
                p->letter.record.value = NULL;
                p->letter.record.value_n = 0;
        }
        r = passage_send(c, &p->letter.record, err);
        if (r == 0)
                r = passage_tell(p, c, record, err);
        p->refused[v->code]++;
        return r;
}

/* -- What is read -- */

/* What no topic takes is refused, whatever was judged of it. Return: whether one takes it. */
static bool passage_measure(struct passage *p, const struct bus_record *record) {
        struct verdict *v = &p->verdict;
        size_t size = passage_size(record);

        if (size <= BUS_RECORD_MAX && record->headers_n <= PASSAGE_HEADERS_MAX)
                return true;
        v->topic = NULL;
        v->stage = "frame";
        v->code = REFUSAL_TOO_LARGE;
        if (size > BUS_RECORD_MAX)
                error_set(&v->why, "the record has %zu bytes when it is not compressed, and at most %d are taken", size, BUS_RECORD_MAX);
        else
                error_set(&v->why, "the record has more than %d headers; send at most so many", PASSAGE_HEADERS_MAX);
        return false;
}

/* Return: 0; BUS_E_ABORTED; negative errno. */
static int passage_pass(struct passage *p, struct core *c, struct bus_record *record, struct error *err) {
        struct verdict *v = &p->verdict;
        struct bus_record onward;
        int r = bus_record_headers(record);

        if (r < 0)
                return r;
        arena_reset(c->arena);
        v->topic = NULL;
        v->code = REFUSAL_NONE;
        v->waits = false;
        v->why.text[0] = '\0';
        r = c->ops->judge(c->ctx, record, v, err);
        if (r < 0)
                return error_trace(r, err);
        if (v->waits)
                return 0;
        if (!passage_measure(p, record) || !v->topic)
                return passage_refuse(p, c, record, err);
        onward = (struct bus_record){.topic = v->topic, .partition = BUS_BY_KEY, .key = record->key, .key_n = record->key_n, .value = record->value,
                                     .value_n = record->value_n, .headers = record->headers, .headers_n = record->headers_n};
        p->passed++;
        return passage_send(c, &onward, err);
}

/* -- What waits for its schema -- */

static bool passage_holds(const struct passage *p, struct bus_part part) {
        for (size_t i = 0; i < p->held.n; i++) {
                if (p->held.items[i].part.index == part.index && p->held.items[i].part.partition == part.partition)
                        return true;
        }
        return false;
}

/*
 * What was read before it is committed first: then nothing of the part is open, whatever becomes of later transactions, and it is read on
 * from there. When that comes to nothing, all is read again, this record too.
 */
static int passage_hold(struct passage *p, struct core *c, const struct passage_held *held, struct error *err) {
        bool empty = p->records == 0;
        int r = empty ? 0 : passage_commit(p, c, err);

        if (empty)
                passage_forget(p);
        if (r || p->aborts)
                return r;
        return vector_push(&p->held, *held);
}

/* Those whose schema can be had now, or is known not to be, are read on. */
static int passage_look(struct passage *p, struct core *c, struct error *err) {
        size_t left = 0;
        int r = 0;

        if (p->held.n == 0 || core_now(c) - p->looked < PASSAGE_LOOK_MS)
                return 0;
        for (size_t i = 0; i < p->held.n; i++) {
                const struct passage_held held = p->held.items[i];

                if (event_types_id_waits(c->config.types, &held.schema) || r)
                        p->held.items[left++] = held;
                else
                        r = bus_consumer_seek(p->consumer, held.part, held.offset, err);
        }
        p->held.n = left;
        p->looked = core_now(c);
        return r < 0 ? error_trace(r, err) : 0; /* not this member's any more: the next poll says so */
}

/* -- How far it is -- */

static void passage_begin(struct passage *p, const struct core *c, instant_t timestamp) {
        if (p->open)
                return;
        p->open = true;
        p->first = core_now(c);
        p->age = timestamp ? clock_realtime(&c->config.clock) - timestamp : 0;
}

/* Return: 0 or negative errno. One that is not this member's any more is for the next poll to say, and nothing of it is committed. */
static int passage_done(struct passage *p, struct bus_part part, int64_t next) {
        int r = bus_consumer_done(p->consumer, part, next);

        p->next[part.index] = next;
        return r < 0 ? r : 0;
}

static int passage_take(struct passage *p, struct core *c, struct bus_record *record, struct error *err) {
        struct passage_held held = {.part = {record->index, record->partition}, .offset = record->offset};
        int r;

        if (passage_holds(p, held.part))
                return 0; /* it was fetched ahead, and comes again */
        passage_begin(p, c, record->timestamp);
        r = passage_pass(p, c, record, err);
        if (r == BUS_E_ABORTED)
                return passage_abort(p, c, err);
        if (r < 0)
                return r;
        if (p->verdict.waits) {
                held.schema = p->verdict.schema;
                return passage_hold(p, c, &held, err);
        }
        p->records++;
        p->bytes += record->key_n + record->value_n;
        return passage_done(p, held.part, record->offset + 1);
}

/*
 * Behind the last record may stand what is none, the markers of whoever writes in transactions: committed too, or it would look to who asks the broker
 * alone as if something waited for ever.
 */
static int passage_end(struct passage *p, const struct core *c, struct bus_part part, int64_t end) {
        if (end <= p->next[part.index] || passage_holds(p, part))
                return 0;
        passage_begin(p, c, 0);
        return passage_done(p, part, end);
}

static int passage_event(struct passage *p, struct core *c, struct bus_event *event, struct error *err) {
        int r;

        switch (event->kind) {
        case BUS_RECORD:
                return passage_take(p, c, &event->record, err);
        case BUS_ASSIGNED:
                assert(!p->open);
                p->held.n = 0;
                memset(p->next, 0, p->inputs_n * sizeof(*p->next));
                p->assigned = event->parts_n > 0;
                p->paused = false;
                metric_add(c->metrics.passed, 0, event->passed);
                log_line(c->config.log, CONNECT_ASSIGNED, LOG_STRING("connector", c->config.file->name), LOG_INT("parts", (int64_t)event->parts_n));
                return 0;
        case BUS_REVOKED:
                r = passage_commit(p, c, err);
                p->held.n = 0;
                p->assigned = false;
                return r;
        case BUS_LOST:
                p->held.n = 0;
                p->assigned = false;
                if (!p->open)
                        return 0;
                error_set(err, "the topics were taken away");
                return passage_abort(p, c, err);
        case BUS_END:
                return passage_end(p, c, event->parts[0], event->end);
        default:
                return 0;
        }
}

/* An operator stops the flow; what was read is committed as ever. */
static int passage_regulate(struct passage *p, const struct core *c, struct error *err) {
        int r = 0;

        if (!p->assigned || p->paused == c->paused)
                return 0;
        for (uint32_t i = 0; i < p->inputs_n && r == 0; i++)
                r = bus_consumer_pause(p->consumer, (struct bus_part){.index = i}, c->paused, err);
        if (r == 0)
                p->paused = c->paused;
        return r < 0 ? error_trace(r, err) : 0;
}

int passage_turn(struct passage *p, struct core *c, int timeout_ms, struct error *err) {
        int wait = passage_patience(p, c, timeout_ms), r = passage_regulate(p, c, err) ?: passage_look(p, c, err);
        struct bus_event event = {.kind = BUS_RECORD};

        for (unsigned i = 0; r == 0 && i < RUNTIME_BATCH && event.kind != BUS_NONE && !passage_is_full(p); i++) {
                r = bus_consumer_poll(p->consumer, wait, &event, err);
                if (r < 0)
                        return error_trace(r, err);
                r = passage_event(p, c, &event, err);
                wait = 0;
        }
        if (r < 0)
                return r;
        if (passage_is_due(p, c, event.kind == BUS_NONE))
                r = passage_commit(p, c, err);
        metric_set(c->metrics.oldest, 0, p->open && p->age > 0 ? p->age + core_now(c) - p->first : 0);
        return r;
}

int passage_stop(struct passage *p, struct core *c, struct error *err) {
        int r = passage_commit(p, c, err);

        bus_consumer_close(p->consumer, true);
        p->consumer = NULL;
        return r;
}

/* -- Opening and closing -- */

/* The topics that are read, and the inboxes of those who are told. */
static int passage_name(struct passage *p, const struct core *c) {
        const struct organisations *orgs = c->config.organisations;
        size_t n = organisations_count(orgs), room = sizeof(TOPIC_INBOX_PREFIX) + NAME_MAX_BYTES;

        while (c->ops->input(c->ctx, p->inputs_n))
                p->inputs_n++;
        p->inputs = calloc(p->inputs_n + 1, sizeof(*p->inputs));
        p->next = calloc(p->inputs_n + 1, sizeof(*p->next));
        p->inboxes = calloc(n + 1, sizeof(*p->inboxes));
        p->names = calloc(n + 1, room);
        if (!p->inputs || !p->next || !p->inboxes || !p->names)
                return -ENOMEM;
        for (size_t i = 0; i < p->inputs_n; i++)
                p->inputs[i] = c->ops->input(c->ctx, i);
        for (size_t i = 0; i < n; i++) {
                const struct organisation *o = organisations_at(orgs, i);
                char *name = p->names + i * room;

                (void) snprintf(name, room, TOPIC_INBOX_PREFIX "%s", o->id);
                p->inboxes[o->index] = name;
        }
        return 0;
}

/* Every event type that may be published, and where refusals are told. Taking up the transactional id ends what a predecessor left open. */
static int passage_open_producer(struct passage *p, struct core *c, struct error *err) {
        size_t types = event_types_count(c->config.types), orgs = organisations_count(c->config.organisations);
        CLEANUP(cleanup_free) void *memory = calloc(types + orgs + 1, sizeof(char *));
        struct bus_producer_config config = {.topics = memory};
        char id[BUS_NAME_MAX + 1];
        const char **topics = memory;

        if (!topics)
                return -ENOMEM;
        for (size_t i = 0; i < types; i++) {
                if (!event_types_at(c->config.types, i)->output)
                        topics[config.topics_n++] = event_types_at(c->config.types, i)->name;
        }
        for (size_t i = 0; i < orgs; i++)
                topics[config.topics_n++] = p->inboxes[i];
        topics[config.topics_n++] = TOPIC_DEAD_LETTERS;
        (void) snprintf(id, sizeof(id), TOPICS_GROUP_CONNECT "%s", c->config.file->name);
        config.transactional_id = id;
        return error_trace(bus_producer_open(c->config.bus, &config, &c->producer, err), err);
}

int passage_open(struct passage *p, struct core *c, struct error *err) {
        char group[BUS_NAME_MAX + 1];
        struct bus_consumer_config config = {.group = group, .instance = c->config.file->name};
        int r = passage_name(p, c);

        if (r == 0)
                r = passage_open_producer(p, c, err);
        if (r < 0)
                return r;
        p->committed = core_now(c) - PASSAGE_PAUSE_MS;
        config.topics = p->inputs;
        config.topics_n = p->inputs_n;
        (void) snprintf(group, sizeof(group), TOPICS_GROUP_CONNECT "%s", c->config.file->name);
        return error_trace(bus_consumer_open(c->config.bus, &config, &p->consumer, err), err);
}

void passage_close(struct passage *p) {
        bus_consumer_close(p->consumer, false);
        p->consumer = NULL;
        vector_done(&p->held);
        free(p->names);
        free(p->next);
        free(p->inboxes);
        free(p->inputs);
        p->names = NULL;
        p->next = NULL;
        p->inboxes = p->inputs = NULL;
}
