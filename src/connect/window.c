/* SPDX-License-Identifier: EUPL-1.2 */

/* The window: a ring of records, each knowing the one of its case before it. */

#include "connect/window.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 16
#define CAPACITY_KEPT 64 /* by a window that is empty again */

void window_init(struct window *ret, size_t bytes_max) {
        *ret = (struct window){.bytes_max = bytes_max};
        window_clear(ret);
}

void window_done(struct window *w) {
        free(w->entries);
        *w = (struct window){0};
}

void window_clear(struct window *w) {
        free(w->entries);
        *w = (struct window){.bytes_max = w->bytes_max, .head = 1, .tail = 1, .next = {-1, -1}, .hold = INT64_MIN};
}

static struct window_entry *window_slot(const struct window *w, uint64_t number) {
        return &w->entries[number & (w->capacity - 1)];
}

static int window_grow(struct window *w) {
        size_t capacity = w->capacity ? 2 * w->capacity : CAPACITY_FIRST;
        struct window_entry *entries = calloc(capacity, sizeof(*entries));

        if (!entries)
                return -ENOMEM;
        for (uint64_t i = w->head; i < w->tail; i++)
                entries[i & (capacity - 1)] = *window_slot(w, i);
        free(w->entries);
        w->entries = entries;
        w->capacity = capacity;
        return 0;
}

struct window_entry *window_entry(const struct window *w, uint64_t number) {
        return number >= w->head && number < w->tail ? window_slot(w, number) : NULL;
}

bool window_full(const struct window *w) {
        return window_count(w) >= WINDOW_RECORDS || w->bytes >= w->bytes_max;
}

static bool over(const struct window_entry *e) {
        return e->state == WINDOW_RECORDING || e->state == WINDOW_SETTLED;
}

static bool same_case(const struct window_entry *e, const void *key, size_t n) {
        return e->key_n == n && (n == 0 || memcmp(e->key, key, n) == 0);
}

/* The newest entry of this case that is not over; 0 when there is none. */
static uint64_t newest_of(const struct window *w, const void *key, size_t n) {
        for (uint64_t i = w->tail; i-- > w->head;) {
                if (!over(window_slot(w, i)) && same_case(window_slot(w, i), key, n))
                        return i;
        }
        return 0;
}

struct window_entry *window_add(struct window *w, enum window_log log, int64_t offset, const void *key, size_t key_n, size_t bytes, void *item) {
        struct window_entry *e;

        assert(!window_full(w) && offset >= w->next[log]);
        if (window_count(w) == w->capacity && window_grow(w))
                return NULL;
        e = window_slot(w, w->tail);
        *e = (struct window_entry){
                .log = log,
                .offset = offset,
                .number = w->tail,
                .behind = newest_of(w, key, key_n),
                .due = INT64_MIN,
                .key = key,
                .key_n = key_n,
                .bytes = bytes,
                .item = item,
        };
        w->tail++;
        w->next[log] = offset + 1;
        w->bytes += bytes;
        w->unsettled[log]++;
        return e;
}

void window_end(struct window *w, enum window_log log, int64_t end) {
        assert(end >= w->next[log]);
        w->next[log] = end;
}

/* When an entry may be tried for itself: WINDOW_NEVER while something else must come first. */
static int64_t due_of(const struct window *w, const struct window_entry *e) {
        if (e->state != WINDOW_WAITING || (e->behind >= w->head && !over(window_slot(w, e->behind))))
                return WINDOW_NEVER;
        return e->due > w->hold ? e->due : w->hold;
}

struct window_entry *window_next(const struct window *w, int64_t now) {
        if (now < w->hold)
                return NULL;
        for (uint64_t i = w->head; i < w->tail; i++) {
                int64_t due = due_of(w, window_slot(w, i));

                if (due != WINDOW_NEVER && due <= now)
                        return window_slot(w, i);
        }
        return NULL;
}

int64_t window_wait(const struct window *w, int64_t now) {
        int64_t first = WINDOW_NEVER;

        for (uint64_t i = w->head; i < w->tail; i++) {
                int64_t due = due_of(w, window_slot(w, i));

                if (due < first)
                        first = due;
                if (first <= now)
                        return 0;
        }
        return first == WINDOW_NEVER ? WINDOW_NEVER : first - now;
}

static void leave(struct window *w, const struct window_entry *e) {
        if (e->state == WINDOW_FLYING)
                w->flying--;
}

void window_fly(struct window *w, struct window_entry *e) {
        assert(e->state == WINDOW_WAITING);
        e->state = WINDOW_FLYING;
        w->flying++;
}

void window_again(struct window *w, struct window_entry *e, int64_t due) {
        assert(!over(e));
        leave(w, e);
        e->state = WINDOW_WAITING;
        e->due = due;
}

void window_record(struct window *w, struct window_entry *e) {
        assert(!over(e));
        leave(w, e);
        e->state = WINDOW_RECORDING;
}

void window_settle(struct window *w, struct window_entry *e) {
        assert(e->state != WINDOW_SETTLED);
        leave(w, e);
        e->state = WINDOW_SETTLED;
        e->item = NULL;
        w->bytes -= e->bytes;
        w->unsettled[e->log]--;
        while (w->head < w->tail && window_slot(w, w->head)->state == WINDOW_SETTLED)
                w->head++;
        if (w->head < w->tail || w->capacity <= CAPACITY_KEPT)
                return;
        free(w->entries);
        w->entries = NULL;
        w->capacity = 0;
}

void window_hold(struct window *w, int64_t until) {
        if (until > w->hold)
                w->hold = until;
}

int64_t window_position(const struct window *w, enum window_log log) {
        for (uint64_t i = w->head; w->unsettled[log] > 0 && i < w->tail; i++) {
                const struct window_entry *e = window_slot(w, i);

                if (e->log == log && e->state != WINDOW_SETTLED)
                        return e->offset;
        }
        return w->next[log];
}
