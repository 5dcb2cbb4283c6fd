/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The window: which records of an inbox may be tried now
 *
 * Records come from two logs, of each in the order of its offsets: the inbox, and what is to be delivered
 * again. Those of one case are tried in the order in which they came, each when the one before it is
 * over; different cases go side by side. A record that must wait for another try
 * holds up its own case only, until the window is full: WINDOW_RECORDS records from the oldest
 * unsettled one on. window_position() is what may be committed of a log: nothing before it is unsettled. It has memory for what is in it, and an
 * empty one has nearly none, because one process may have hundreds.
 *
 * Pure: knows no bus and no clock; instants are milliseconds of any clock that never goes back.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define WINDOW_RECORDS 1000
#define WINDOW_BYTES ((size_t)64 * 1024 * 1024) /* of records in it, at most; one record always fits */
#define WINDOW_NEVER INT64_MAX

enum window_log { WINDOW_INBOX, WINDOW_AGAIN, WINDOW_LOGS };

enum window_state {
        WINDOW_WAITING,   /* for its turn, or for another try */
        WINDOW_FLYING,    /* is being tried */
        WINDOW_RECORDING, /* is over, but that does not stand on the broker yet; its case goes on */
        WINDOW_SETTLED,
};

struct window_entry {
        enum window_log log;
        int64_t offset;          /* in its log */
        uint64_t number, behind; /* its place, and that of the one of its case before it; from 1 */
        int64_t due;             /* not before this */
        enum window_state state;
        const void *key;
        size_t key_n, bytes;
        void *item;              /* the caller's */
};

struct window {
        struct window_entry *entries; /* [capacity], by number modulo capacity: a power of two, or 0 */
        size_t capacity, bytes_max;
        uint64_t head, tail;          /* numbers of the oldest unsettled and of the next to come */
        size_t unsettled[WINDOW_LOGS];
        int64_t next[WINDOW_LOGS];    /* the offset after the newest; -1: none came */
        int64_t hold;                 /* nothing is tried before this */
        size_t bytes, flying;
};

/* An empty one, full once its records have @bytes_max bytes. */
void window_init(struct window *ret, size_t bytes_max);
void window_done(struct window *w); /* frees the entries, not the items */

/* Forgets all entries; the next record that comes is the first. */
void window_clear(struct window *w);

static inline size_t window_count(const struct window *w) {
        return (size_t)(w->tail - w->head);
}

/* Whether no further record may be added now. */
bool window_full(const struct window *w);

/*
 * Adds the record at @offset of @log, greater than all before it there. @key is borrowed as long as the entry is
 * unsettled; records without a key are one case. The window is not full (assert). Returns the entry,
 * valid until the next is added; NULL: there is no memory.
 */
struct window_entry *window_add(struct window *w, enum window_log log, int64_t offset, const void *key, size_t key_n, size_t bytes, void *item);

/* All that stands in @log before @end has come: the rest of it are no records. Not before what came (assert). */
void window_end(struct window *w, enum window_log log, int64_t end);

/* The oldest entry that may be tried now, or NULL. */
struct window_entry *window_next(const struct window *w, int64_t now);

/* How long until window_next() may have another answer by itself: 0 now, WINDOW_NEVER when only an outcome can change it. */
int64_t window_wait(const struct window *w, int64_t now);

/* What becomes of an entry: it is tried; it is to be tried again at @due; it is over, and that is being recorded; it is settled. */
void window_fly(struct window *w, struct window_entry *e);
void window_again(struct window *w, struct window_entry *e, int64_t due);
void window_record(struct window *w, struct window_entry *e);
void window_settle(struct window *w, struct window_entry *e);

/* Nothing is tried before @until (the whole target asked for a pause); a later hold that stands already stays. */
void window_hold(struct window *w, int64_t until);

/* The offset of the oldest unsettled record of a log, or the one after the newest; -1 when none ever came. */
int64_t window_position(const struct window *w, enum window_log log);

/* The entry with this number, or NULL when it is gone. Iterates: from head to tail. */
struct window_entry *window_entry(const struct window *w, uint64_t number);
