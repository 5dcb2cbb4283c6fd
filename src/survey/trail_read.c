/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the trail of an id: finds its cases, then reads all of those. */

#include "survey/trail_read.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "bus/positions.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "survey/trail_readers.h"

#define TRAIL_POLL_MS 1000
#define TRAIL_IDLE_MAX 60 /* polls without anything before the broker counts as gone */

typedef int trail_row(void *ctx, struct bus_record *record, struct error *err);

struct trail_reading {
        const struct trail_source *source;
        const struct trail_wanted *wanted;
        struct trail *trail;
        /* Event topics, then inboxes, then outboxes: */
        const char **topics;
        size_t topics_n, types_n;
        const struct event_type **types;
        char *names; /* of those two */
        /* How far the workers are with each partition of the event topics in which the cases are: */
        VECTOR(struct trail_done {
                const struct event_type *type;
                int32_t partition;
                int64_t next;
        }) done;
        uint64_t records;
        struct error *err;
};

/* One more record was read. Return: 0; -ECANCELED: that was enough. */
static int trail_watch(struct trail_reading *r) {
        r->records++;
        if (r->source->watch)
                r->source->watch->read(r->source->watch->ctx, r->records);
        return r->source->enough && atomic_load(r->source->enough) ? -ECANCELED : 0;
}

static int trail_outcome(int result, struct error *err) {
        if (result == -E2BIG && !err->text[0])
                error_set(err, "there are more than %d records of it; ask for one --event, or for --case", TRAIL_STEPS_MAX);
        return result;
}

/* -- Topics -- */

static int trail_list_topics(struct trail_reading *r) {
        const struct event_types *types = r->source->config->types;
        const struct organisations *orgs = r->source->config->organisations;
        size_t types_n = event_types_count(types), orgs_n = organisations_count(orgs), each = BUS_NAME_MAX + 1;

        r->topics = calloc(types_n + 2 * orgs_n + 1, sizeof(*r->topics));
        r->types = calloc(types_n + 1, sizeof(*r->types));
        r->names = calloc(2 * orgs_n + 1, each);
        if (!r->topics || !r->types || !r->names)
                return -ENOMEM;
        for (size_t i = 0; i < types_n; i++) {
                const struct event_type *type = event_types_at(types, i);

                if (type->output)
                        continue;
                r->types[r->types_n++] = type;
                r->topics[r->topics_n++] = type->name;
        }
        for (size_t i = 0; i < 2 * orgs_n; i++) {
                (void) snprintf(r->names + i * each, each, "%s%s", i < orgs_n ? TOPIC_INBOX_PREFIX : TOPIC_OUTBOX_PREFIX,
                                organisations_at(orgs, i % orgs_n)->id);
                r->topics[r->topics_n++] = r->names + i * each;
        }
        return 0;
}

/* Reads until all that was looked at last has been read. */
static int trail_read_on(struct trail_reading *r, struct bus_reader *reader, trail_row *row) {
        unsigned idle = 0;

        while (!reader_positions_reached(bus_reader_positions(reader))) {
                struct bus_event event;
                int result = bus_reader_poll(reader, TRAIL_POLL_MS, &event, r->err);

                if (result == 0 && event.kind == BUS_RECORD)
                        result = trail_watch(r);
                if (result == 0 && event.kind == BUS_RECORD)
                        result = row(r, &event.record, r->err);
                if (result)
                        return result;
                idle = event.kind == BUS_RECORD ? 0 : idle + 1;
                if (idle >= TRAIL_IDLE_MAX) {
                        error_set(r->err, "the broker has sent nothing for %d seconds", TRAIL_IDLE_MAX * TRAIL_POLL_MS / 1000);
                        return -ETIMEDOUT;
                }
        }
        return 0;
}

/* Everything of the event topics, inboxes and outboxes, or with @key of its partitions. */
static int trail_open(struct trail_reading *r, const char *key, struct bus_reader **ret) {
        const struct bus_reader_config config = {.topics = r->topics, .topics_n = r->topics_n, .partition = BUS_ALL_PARTITIONS, .key = key,
                                                 .key_n = key ? UUID_TEXT : 0, .from = BUS_FROM_BEGINNING, .some = true, .group = TOPICS_GROUP_RULES,
                                                 .enough = r->source->enough};

        return bus_reader_open(r->source->bus, &config, ret, r->err);
}

/* -- Finding the cases -- */

static int trail_add_found(struct trail_reading *r, const struct uuid *case_id) {
        int result = trail_add_case(r->trail, case_id);

        if (result == -E2BIG)
                error_set(r->err, "it occurs in more than %d cases; ask for one of them with --case", TRAIL_CASES_MAX);
        return result;
}

static int trail_find_in(struct trail_reading *r, const struct event *event) {
        return trail_is_about(r->wanted, event) ? trail_add_found(r, &event->slots[SLOT_CASE_ID].u) : 0;
}

static int trail_find_in_record(void *ctx, struct bus_record *record, struct error *err) {
        struct trail_reading *r = ctx;
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct error unread;
        struct event event;

        (void) err;
        if (event_record_read(r->source->config->types, NULL, record, slots, &event, &unread))
                return 0;
        return trail_find_in(r, &event);
}

static int trail_find_in_row(void *ctx, struct bus_record *record, struct error *err) {
        struct trail_reading *r = ctx;
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;

        (void) err;
        r->records++;
        return trail_read_fact(r->source->config->types, record, slots, &event, NULL) ? trail_find_in(r, &event) : 0;
}

/* An installation without case-state has no facts. */
static int trail_each_row(struct trail_reading *r, const struct uuid *case_id, trail_row *row) {
        const struct live_rows rows = {.partition = BUS_ALL_PARTITIONS, .case_id = case_id, .row = row, .ctx = r, .watch = r->source->watch};
        int result = live_each(r->source->bus, &rows, r->err);

        return result == -ENOENT ? 0 : result;
}

static int trail_find(struct trail_reading *r) {
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        int result;

        if (strcmp(r->wanted->field, "case_id") == 0)
                return trail_add_found(r, &r->wanted->id);
        result = trail_open(r, NULL, &reader);
        if (result == 0)
                result = bus_reader_look(reader, r->err);
        if (result == 0)
                result = trail_read_on(r, reader, trail_find_in_record);
        return result ? result : trail_each_row(r, NULL, trail_find_in_row);
}

/* -- Reading a case -- */

static int trail_see(void *ctx, struct bus_record *record, struct error *err) {
        struct trail_reading *r = ctx;
        const struct organisations *orgs = r->source->config->organisations;
        size_t n = organisations_count(orgs), at;

        (void) err;
        if (record->index < r->types_n)
                return trail_take_post(r->trail, r->types[record->index], record);
        at = record->index - r->types_n;
        if (at < n)
                return trail_take_inbox(r->trail, organisations_at(orgs, at), record);
        return trail_take_outbox(r->trail, organisations_at(orgs, at - n), record);
}

static int trail_see_row(void *ctx, struct bus_record *record, struct error *err) {
        struct trail_reading *r = ctx;

        (void) err;
        return trail_take_row(r->trail, record);
}

/* How far the workers are with the partition of a case in each event topic; what is committed beyond an end is of a log that is no more. */
static int trail_ask_done(struct trail_reading *r, struct bus_reader *reader, const char *key) {
        CLEANUP(cleanup_free) void *memory = calloc(r->types_n + 1, sizeof(struct bus_part) + sizeof(int64_t));
        const struct reader_positions *at = bus_reader_positions(reader);
        int64_t *next = memory, first, end;
        struct bus_part *parts;
        size_t n = 0;
        int result;

        if (!memory)
                return -ENOMEM;
        parts = (struct bus_part *)(next + r->types_n + 1);
        for (size_t t = 0; t < r->types_n; t++) {
                struct bus_record record = {.partition = BUS_BY_KEY, .key = key, .key_n = UUID_TEXT};

                if (at->partitions[t] > 0)
                        parts[n++] = (struct bus_part){(uint32_t)t, bus_record_partition(&record, at->partitions[t], 0)};
        }
        result = bus_reader_committed(reader, parts, n, next, r->err);
        if (result == 0)
                result = bus_reader_look(reader, r->err);
        for (size_t i = 0; result == 0 && i < n; i++) {
                if (reader_positions_bounds(at, parts[i], &first, &end) && next[i] <= end)
                        result = vector_push(&r->done, (struct trail_done){r->types[parts[i].index], parts[i].partition, next[i]});
        }
        return result;
}

/* In an order in which no refusal is missed: what the workers are done with, then the ends, then everything to there. */
static int trail_read_case(struct trail_reading *r, const struct uuid *case_id) {
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        char key[UUID_TEXT + 1];
        int result;

        uuid_format(case_id, key);
        result = trail_open(r, key, &reader);
        if (result == 0)
                result = trail_ask_done(r, reader, key);
        if (result == 0)
                result = trail_read_on(r, reader, trail_see);
        return result ? result : trail_each_row(r, case_id, trail_see_row);
}

static int trail_read_cases(struct trail_reading *r) {
        const struct uuid *cases[TRAIL_CASES_MAX];
        size_t n = trail_cases(r->trail, cases);
        int result = 0;

        for (size_t i = 0; result == 0 && i < n; i++)
                result = trail_read_case(r, cases[i]);
        return result;
}

/* -- Dead letters and deliveries -- */

static int trail_see_letter(void *ctx, const struct letter *letter, struct error *err) {
        struct trail_reading *r = ctx;
        int result;

        (void) err;
        result = trail_watch(r);
        return result ? result : trail_take_letter(r->trail, letter);
}

static int trail_read_letters(struct trail_reading *r) {
        const struct letters_source source = {.bus = r->source->bus, .types = r->source->config->types, .organisations = r->source->config->organisations};
        const struct letters_visitor visitor = {.letter = trail_see_letter, .ctx = r};
        int result = letters_each(&source, &(struct letters_filter){0}, &visitor, r->err);

        return result == -ENOENT ? 0 : result;
}

struct trail_deliveries {
        struct trail_reading *r;
        struct delivery_codec *codec;
};

static int trail_delivery(void *ctx, struct bus_record *record, struct error *err) {
        const struct trail_deliveries *reading = ctx;
        struct delivery_record delivery;
        int result = trail_watch(reading->r);

        (void) err;
        if (result)
                return result;
        return delivery_decode(reading->codec, record->value, record->value_n, &delivery) ? trail_take_delivery(reading->r->trail, &delivery) : 0;
}

static int trail_read_deliveries(struct trail_reading *r) {
        static const char *const topics[] = {TOPIC_DELIVERIES};
        CLEANUP(delivery_codec_free_p) struct delivery_codec *codec = NULL;
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        instant_t since = trail_deliveries_since(r->trail);
        struct bus_reader_config config = {.topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_INSTANT,
                                           .instant = since - DELIVERY_LOG_MARGIN_MS, .until_end = true, .some = true};
        struct trail_deliveries deliveries = {.r = r};
        int result;

        if (since == INSTANT_NEVER || !event_types_other(r->source->config->types, TOPIC_DELIVERIES))
                return 0;
        result = delivery_codec_new(r->source->config->types, &codec, r->err);
        deliveries.codec = codec;
        if (result == 0)
                result = bus_reader_open(r->source->bus, &config, &reader, r->err);
        if (result == 0)
                result = bus_reader_each(reader, &(struct bus_reading){.record = trail_delivery, .ctx = &deliveries, .what = TOPIC_DELIVERIES}, r->err);
        return result;
}

/* -- Who reads inboxes -- */

static bool trail_waits(void *ctx, const struct organisation *inbox, int32_t partition, int64_t next) {
        const struct trail_reading *r = ctx;

        (void) partition;
        (void) next;
        return trail_has_inbox(r->trail, inbox);
}

/* What cannot be asked is no failure of the rest. */
static int trail_read_readers(struct trail_reading *r, struct error *ret_why) {
        const struct trail_readers_source source = {r->source->config, r->source->bus, r->source->kafka, r->source->now, trail_waits, r, NULL};
        CLEANUP(trail_readers_free_p) struct trail_readers *readers = NULL;
        int result;

        if (!r->source->kafka)
                return 0;
        result = trail_readers_read(&source, &readers, ret_why);
        if (result)
                return result == -ENOMEM ? result : 0;
        return trail_readers_give(readers, r->trail);
}

/* -- All -- */

static int64_t trail_done_with(void *ctx, const struct event_type *type, int32_t partition) {
        const struct trail_reading *r = ctx;

        for (size_t i = 0; i < r->done.n; i++) {
                if (r->done.items[i].type == type && r->done.items[i].partition == partition)
                        return r->done.items[i].next;
        }
        return BUS_NOT_COMMITTED;
}

static int trail_read_all(struct trail_reading *r, struct error *ret_readers) {
        const struct fates_progress progress = {trail_done_with, r};
        size_t n;
        int result = trail_list_topics(r);

        if (result == 0)
                result = trail_find(r);
        if (result == 0)
                result = trail_read_cases(r);
        if (result == 0)
                result = trail_read_letters(r);
        if (result == 0)
                result = trail_read_deliveries(r);
        if (result == 0)
                result = trail_read_readers(r, ret_readers);
        if (result == 0)
                result = trail_join(r->trail, &progress);
        if (result)
                return result;
        (void) trail_steps(r->trail, &n);
        return n > 0 ? 0 : TRAIL_E_NONE;
}

int trail_read(const struct trail_source *source, const struct trail_wanted *wanted, struct trail **ret, struct error *ret_readers, struct error *err) {
        const struct trail_config config = {source->config->types, source->config->organisations, *wanted};
        struct trail_reading r = {.source = source, .wanted = wanted, .err = err};
        int result = trail_new(&config, &r.trail);

        assert(source->bus && source->config);
        *ret_readers = (struct error){0};
        if (result == 0)
                result = trail_read_all(&r, ret_readers);
        vector_done(&r.done);
        free(r.topics);
        free(r.types);
        free(r.names);
        if (result == 0)
                *ret = TAKE(r.trail);
        trail_free(r.trail);
        return trail_outcome(result, err);
}
