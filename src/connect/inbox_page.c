/* SPDX-License-Identifier: EUPL-1.2 */

/* One page of an inbox: the cursor, and reading from it. */

#include "connect/inbox_page.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bus/positions.h"
#include "cluster/topics.h"
#include "connect/cloudevent.h"

#define CURSOR_VERSION 1
#define CURSOR_BYTES (INBOX_CURSOR_TEXT / 2)
#define PAGE_POLL_MS 100
#define WITNESS_BYTES 8
#define SEAL_BYTES 8

/* -- The cursor: version, next, last, witness, and a seal over these and the owner, which only tells slips and mix-ups -- */

static void cursor_pack(int64_t number, uint8_t *to) {
        for (int i = 7; i >= 0; i--, number >>= 8)
                to[i] = (uint8_t)number;
}

static int64_t cursor_unpack(const uint8_t *from) {
        uint64_t number = 0;

        for (int i = 0; i < 8; i++)
                number = number << 8 | from[i];
        return (int64_t)number;
}

static void cursor_seal(const uint8_t bytes[CURSOR_BYTES], const struct organisation *owner, uint8_t ret[SEAL_BYTES]) {
        char name[256];
        int n = snprintf(name, sizeof(name), "cursor|%s|", owner->id);
        struct uuid hash;

        memcpy(name + n, bytes, CURSOR_BYTES - SEAL_BYTES);
        hash = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n + CURSOR_BYTES - SEAL_BYTES);
        memcpy(ret, hash.bytes, SEAL_BYTES);
}

void inbox_cursor_write(const struct inbox_cursor *cursor, const struct organisation *owner, char ret[INBOX_CURSOR_TEXT + 1]) {
        uint8_t bytes[CURSOR_BYTES] = {CURSOR_VERSION};

        _Static_assert(CURSOR_BYTES == 1 + 8 + 8 + WITNESS_BYTES + SEAL_BYTES, "all parts of a cursor fit");
        cursor_pack(cursor->next, bytes + 1);
        cursor_pack(cursor->last, bytes + 9);
        memcpy(bytes + 17, cursor->witness, WITNESS_BYTES);
        cursor_seal(bytes, owner, bytes + CURSOR_BYTES - SEAL_BYTES);
        for (size_t i = 0; i < CURSOR_BYTES; i++)
                (void) snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

bool inbox_cursor_read(struct text text, const struct organisation *owner, struct inbox_cursor *ret) {
        static const char digits[] = "0123456789abcdef";
        uint8_t bytes[CURSOR_BYTES], seal[SEAL_BYTES];

        if (text.n != INBOX_CURSOR_TEXT)
                return false;
        for (size_t i = 0; i < CURSOR_BYTES; i++) {
                const char *high = memchr(digits, text.s[2 * i], 16), *low = memchr(digits, text.s[2 * i + 1], 16);

                if (!high || !low)
                        return false;
                bytes[i] = (uint8_t)((high - digits) << 4 | (low - digits));
        }
        cursor_seal(bytes, owner, seal);
        if (bytes[0] != CURSOR_VERSION || memcmp(seal, bytes + CURSOR_BYTES - SEAL_BYTES, SEAL_BYTES) != 0)
                return false;
        ret->next = cursor_unpack(bytes + 1);
        ret->last = cursor_unpack(bytes + 9);
        memcpy(ret->witness, bytes + 17, WITNESS_BYTES);
        return ret->next >= 0 && ret->last < ret->next;
}

/* What only this record at its place has: a log that was made anew has another there. */
static void cursor_witness(const struct bus_record *record, uint8_t ret[WITNESS_BYTES]) {
        struct uuid value = uuid_v5(&uuid_namespace_ketenwacht, record->value ? record->value : "", record->value_n), all;
        char name[128], text[UUID_TEXT + 1];
        int n;

        uuid_format(&value, text);
        n = snprintf(name, sizeof(name), "witness|%" PRId64 "|%" PRId64 "|%s", record->offset, record->timestamp, text);
        all = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
        memcpy(ret, all.bytes, WITNESS_BYTES);
}

/* -- Reading -- */

struct page {
        const struct inbox_reading *reading;
        struct bus_reader *reader;
        struct inbox_cursor at;
        struct json_writer json;
        struct inbox_page *ret;
        int64_t first, end;
        bool witnessed; /* the record before the cursor was seen, or there is none to be seen */
        bool more;      /* a record was seen for which there is no room */
};

static bool page_is_full(const struct page *p) {
        return p->ret->n >= p->reading->limit || p->json.out->n >= INBOX_PAGE_BYTES;
}

static int page_put(struct page *p, struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct cloudevent ce;
        struct event event;
        struct error unread;

        if (bus_record_headers(record))
                return -ENOMEM;
        if (event_record_read(p->reading->types, NULL, record, slots, &event, &unread)) {
                cloudevent_write_unread(record, p->reading->organisations, &p->json);
        } else {
                cloudevent_describe(record, &event, p->reading->organisations, &ce);
                cloudevent_write(&ce, &p->json);
        }
        p->ret->n++;
        return p->json.out->failed ? -ENOMEM : 0;
}

/* Return: 0; INBOX_E_ANEW; -ENOMEM. */
static int page_take(struct page *p, struct bus_record *record) {
        uint8_t witness[WITNESS_BYTES];
        int r;

        cursor_witness(record, witness);
        if (record->offset == p->at.last)
                p->witnessed = memcmp(witness, p->at.witness, WITNESS_BYTES) == 0;
        if (!p->witnessed)
                return INBOX_E_ANEW;
        if (record->offset < p->at.next)
                return 0;
        if (page_is_full(p)) {
                p->more = true;
                return 0;
        }
        r = page_put(p, record);
        if (r)
                return r;
        p->at = (struct inbox_cursor){.next = record->offset + 1, .last = record->offset};
        memcpy(p->at.witness, witness, WITNESS_BYTES);
        return 0;
}

/* All is read: also the markers of transactions behind the last record, which are nothing to miss. */
static int page_end(struct page *p) {
        if (p->ret->n > 0)
                p->at.next = p->end;
        return p->witnessed ? 0 : INBOX_E_ANEW;
}

static int page_read_records(struct page *p, struct error *err) {
        int64_t until = clock_monotonic(&p->reading->clock) + INBOX_PAGE_MS;

        while (!p->more) {
                struct bus_event event;
                int r = bus_reader_poll(p->reader, PAGE_POLL_MS, &event, err);

                if (r == 0 && event.kind == BUS_RECORD)
                        r = page_take(p, &event.record);
                if (r)
                        return r;
                if (event.kind == BUS_END)
                        return page_end(p);
                if (event.kind == BUS_NONE && clock_monotonic(&p->reading->clock) >= until)
                        return p->ret->n > 0 ? 0 : INBOX_E_LATE;
        }
        return 0;
}

/* Whether the log still holds what the cursor points behind. */
static int page_compare(struct page *p) {
        if (!bus_reader_positions(p->reader) || !reader_positions_bounds(bus_reader_positions(p->reader), (struct bus_part){0, 0}, &p->first, &p->end))
                return -ENOENT;
        if (p->at.next < 0)
                p->at.next = p->first;
        if (p->at.next > p->end)
                return INBOX_E_ANEW;
        if (p->at.next < p->first) {
                p->ret->from = p->at.next;
                p->ret->to = p->first - 1;
                return INBOX_E_CUT;
        }
        p->witnessed = p->at.last < p->first; /* it was removed since, which says nothing */
        return 0;
}

static int page_open(struct page *p, struct error *err) {
        char topic[BUS_NAME_MAX + 1];
        const char *const topics[] = {topic};
        const struct bus_reader_config config = {
                .topics = topics,
                .topics_n = 1,
                .from = BUS_FROM_OFFSET, /* 0: the first that is there */
                .offset = p->at.last >= 0 ? p->at.last : p->at.next < 0 ? 0 : p->at.next,
                .until_end = true,
                .enough = p->reading->enough,
        };

        (void) snprintf(topic, sizeof(topic), TOPIC_INBOX_PREFIX "%s", p->reading->owner->id);
        return error_trace(bus_reader_open(p->reading->bus, &config, &p->reader, err), err);
}

int inbox_page_read(const struct inbox_reading *reading, struct inbox_cursor *cursor, struct buffer *out, struct inbox_page *ret, struct error *err) {
        struct page p = {.reading = reading, .at = *cursor, .json = JSON_WRITER(out), .ret = ret};
        size_t before = out->n;
        int r;

        assert(reading->limit > 0);
        *ret = (struct inbox_page){0};
        r = page_open(&p, err);
        if (r)
                return r;
        jsonw_open_array(&p.json);
        r = page_compare(&p);
        if (r == 0)
                r = page_read_records(&p, err);
        jsonw_close_array(&p.json);
        if (r == INBOX_E_CUT || r == INBOX_E_ANEW)
                p.at = (struct inbox_cursor){.next = p.first, .last = -1};
        if (r >= 0)
                *cursor = p.at;
        if (r)
                out->n = before;
        bus_reader_close(p.reader);
        return r;
}
