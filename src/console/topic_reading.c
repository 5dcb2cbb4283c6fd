/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads a topic from a place on, as long as it may, and hands over what fits. */

#include "console/topic_reading.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "survey/view.h"

#define READING_POLL_MS 50

void readings_tick(struct readings *r, int64_t now) {
        for (size_t i = 0; i < READINGS_AT_ONCE; i++) {
                if (atomic_load(&r->slots[i].taken) && now >= atomic_load(&r->slots[i].until))
                        atomic_store(&r->slots[i].enough, true);
        }
}

/* READINGS_AT_ONCE: all are taken. */
static size_t readings_take(struct readings *r, int64_t now) {
        size_t i = 0;

        while (i < READINGS_AT_ONCE && atomic_exchange(&r->slots[i].taken, true))
                i++;
        if (i < READINGS_AT_ONCE) {
                atomic_store(&r->slots[i].until, now + READING_MS);
                atomic_store(&r->slots[i].enough, false);
        }
        return i;
}

/* Keys of case-state begin with that of the case. */
static bool topic_has_key(const struct bus_record *record, const char *key) {
        struct uuid case_id;

        if (record->key && record->key_n == strlen(key) && memcmp(record->key, key, record->key_n) == 0)
                return true;
        return strcmp(record->topic, TOPIC_CASE_STATE) == 0 && uuid_parse(key, strlen(key), &case_id) && view_is_of_case(record, &case_id);
}

static bool topic_fits(const struct topic_question *q, struct bus_record *record, int *ret) {
        const struct bus_header *header;
        struct uuid id;

        *ret = 0;
        if (q->key && !topic_has_key(record, q->key))
                return false;
        if (!q->id)
                return true;
        *ret = bus_record_headers(record);
        header = *ret ? NULL : bus_record_header(record, EVENT_HEADER_ID);
        return header && header->value && uuid_parse(header->value, header->n, &id) && memcmp(&id, q->id, sizeof(id)) == 0;
}

struct topic_reading {
        const struct topic_question *question;
        const struct clock *clock;
        struct bus_reader *reader;
        int64_t until;
        int (*see)(void *ctx, struct bus_record *record);
        void *ctx;
        struct topic_found *found;
        size_t given;
};

static int topic_take(struct topic_reading *t, struct bus_record *record) {
        int r;

        t->found->looked_at++;
        t->found->partition = record->partition;
        t->found->next = record->offset + 1;
        t->found->reached = record->timestamp;
        if (!topic_fits(t->question, record, &r) || r)
                return r;
        r = bus_record_headers(record);
        if (r == 0)
                r = t->see(t->ctx, record);
        return r ? r : ++t->given >= t->question->limit ? TOPIC_READING_LIMIT : 0;
}

static int topic_read_on(struct topic_reading *t, struct error *err) {
        int r = 0;

        while (r == 0) {
                struct bus_event event;

                r = bus_reader_poll(t->reader, READING_POLL_MS, &event, err);
                if (r == 0 && event.kind == BUS_RECORD)
                        r = topic_take(t, &event.record);
                else if (r == 0 && event.kind == BUS_END)
                        r = TOPIC_READING_WHOLE;
                if (r == 0 && clock_monotonic(t->clock) >= t->until)
                        r = TOPIC_READING_LATE;
        }
        return r;
}

int topic_read(struct readings *r, struct bus *bus, const struct clock *clock, const struct topic_question *q,
               int (*see)(void *ctx, struct bus_record *record), void *ctx, struct topic_found *ret, struct error *err) {
        size_t slot = readings_take(r, clock_monotonic(clock));
        struct topic_reading t = {.question = q, .clock = clock, .see = see, .ctx = ctx, .found = ret, .until = clock_monotonic(clock) + READING_MS};
        struct bus_reader_config config = {.topics = &q->topic, .topics_n = 1, .partition = q->partition, .until_end = true};
        int result;

        assert(q->limit > 0 && q->limit <= READING_FOUND_MAX && (q->offset < 0 || q->partition >= 0));
        *ret = (struct topic_found){.next = -1};
        if (slot == READINGS_AT_ONCE)
                return TOPIC_READING_BUSY;
        config.enough = &r->slots[slot].enough;
        config.from = q->offset >= 0 ? BUS_FROM_OFFSET : q->from > 0 ? BUS_FROM_INSTANT : BUS_FROM_BEGINNING;
        config.offset = q->offset >= 0 ? q->offset : 0;
        config.instant = q->from;
        if (q->key && q->partition == BUS_ALL_PARTITIONS) {
                config.key = q->key;
                config.key_n = strlen(q->key);
        }
        result = bus_reader_open(bus, &config, &t.reader, err);
        if (result == 0)
                result = topic_read_on(&t, err);
        bus_reader_close(t.reader);
        atomic_store(&r->slots[slot].taken, false);
        return result == -ECANCELED ? TOPIC_READING_LATE : result;
}
