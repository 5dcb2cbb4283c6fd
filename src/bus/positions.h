/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Where a handle stands in its partitions, whatever the bus
 *
 * Which partitions are a worker's, a consumer's or a reader's, how far each was read, which of what came is handed out, what is
 * done, what a commit says, where an abort goes back to. The Kafka bus and the one in memory keep it here, so that the simulation
 * tests what runs. Knows no broker: a bus asks, fetches and sends; here stands what follows from that.
 *
 * A struct of zeros owns nothing, and may be given to its _done().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "bus/bus.h"

#define POSITION_NOWHERE (-1)
#define POSITION_OF_ANOTHER_LOG INT64_MAX /* as where a log was read to: it lies beyond every end, so what stands there is read from its beginning */

/* -- Knowing a log again: by the broker's stamps, which grow in a log, and which all records of one made later pass -- */

/* What was seen of a log. Zeros: nothing. */
struct log_mark {
        int64_t behind;   /* the offset behind the latest record that was handed out */
        instant_t newest; /* no record up to there has a later stamp */
        instant_t last;   /* the stamp of that record */
};

struct log_marks {
        struct log_mark proven, seen; /* proven: the log was still this one when it was asked about last */
};

#define LOG_MARK_TEXT 80 /* bytes, with the end */

/* A record is handed out. Records that the broker did not stamp say nothing. */
static inline void log_marks_see(struct log_marks *m, const struct bus_record *record) {
        if (record->stamp != BUS_STAMP_APPENDED || record->timestamp <= 0)
                return;
        m->seen.behind = record->offset + 1;
        m->seen.last = record->timestamp;
        if (record->timestamp > m->seen.newest)
                m->seen.newest = record->timestamp;
        if (m->proven.behind == 0)
                m->proven = m->seen;
}

/*
 * Whether the log may be another one: @later, where the first record stands whose stamp is later than m->newest (negative: there is none), is
 * among those that were seen. A broker whose clock went back may have done the same: then the latest record that was seen still stands there.
 */
static inline bool log_mark_doubts(const struct log_mark *m, int64_t later) {
        return later >= 0 && later < m->behind;
}

/* A mark as it stands beside a committed offset, and back; what somebody else wrote there is no mark. */
void log_mark_write(const struct log_mark *m, char ret[LOG_MARK_TEXT]);
struct log_mark log_mark_read(const void *text, size_t n);

/* -- The worker's: partitions of the state, each with the partition of that number of every input -- */

struct worker_position {
        bool owned;
        bool restored; /* its state was read, and it is known where its inputs begin */
        bool started;  /* its inputs flow */
        bool moved;    /* records were handed out since the last commit */
        bool touched;  /* its state was written since the last commit */
        bool jumped;   /* the group has other offsets of its inputs than committed says: all are to be committed */
        bool fresh;    /* of some of its inputs the group has none: the next commit says all, so that what is gone since can be counted from there */
};

struct worker_positions {
        int32_t partitions;         /* of the state and of every input */
        size_t inputs;
        struct worker_position *at; /* [partitions] */
        int64_t *next, *committed;  /* [partitions][inputs]: the offset to be read next, and what the group has of it */
        bool *held;                 /* [partitions][inputs]: it stands still at next */
        struct log_marks *marks;    /* [partitions][inputs] */
        struct bus_part *handed;    /* [partitions]: of the last event */
        size_t handed_n;
        bool stale; /* the open transaction holds work of partitions that are gone: it can only be aborted */
};

/*
 * @topics with as many @partitions each: the inputs, and the state behind them. Return: 0; -EINVAL with a sentence: an input has not as many
 * partitions as the state; -ENOMEM.
 */
int worker_positions_init(struct worker_positions *w, const char *const *topics, const int32_t *partitions, size_t inputs, struct error *err) MUSTCHECK;
void worker_positions_done(struct worker_positions *w);

/* All partitions are gone. @written: the open transaction holds something, which is stale now. */
void worker_positions_forget(struct worker_positions *w, bool written);

/* A partition of a new assignment, after _forget(); another is forgotten before. False: there is none of that number. */
bool worker_positions_own(struct worker_positions *w, int32_t partition);

/* The event that hands out or takes away all that is owned. What is lost is forgotten with it; @written as in _forget(). */
void worker_positions_event(struct worker_positions *w, enum bus_event_kind kind, bool written, struct bus_event *ret);

/* Whether all of @parts are owned. */
bool worker_positions_own_all(const struct worker_positions *w, const struct bus_part *parts, size_t n);

/* Where a log that holds [first, end) is read on that was read to @from (negative: never); *ret. Return: whether that is another place. */
bool position_find(int64_t from, int64_t first, int64_t end, int64_t *ret);

/*
 * Where reading an input of an owned partition begins: at what is committed (negative: nothing), or where position_find() says. Return: whether
 * that is not where it was left off; the next commit says so then, also when nothing is read.
 */
bool worker_positions_begin(struct worker_positions *w, int32_t partition, size_t input, int64_t committed, int64_t first, int64_t end);

/* The state of owned partitions has been restored, after _begin() of their inputs; inputs of restored ones flow. */
void worker_positions_restored(struct worker_positions *w, const struct bus_part *parts, size_t n);
void worker_positions_start(struct worker_positions *w, const struct bus_part *parts, size_t n);

/* What is to be read next of one input of an owned partition, restored or not. */
int64_t worker_positions_next(const struct worker_positions *w, int32_t partition, size_t input);

/* What was seen of the log of one input of an owned partition. */
struct log_marks *worker_positions_marks(struct worker_positions *w, int32_t partition, size_t input);

/* As bus_worker_positions(). */
const int64_t *worker_positions_of(const struct worker_positions *w, int32_t partition);

/* Whether a record that came is handed out: it is of a started partition, and was not handed out before. It counts as read then. */
bool worker_positions_take(struct worker_positions *w, int32_t partition, size_t input, int64_t offset);

/* The record at @offset, which was handed out last of this input, counts as unread: nothing more is, until it is resumed, rewound or forgotten. */
void worker_positions_hold(struct worker_positions *w, int32_t partition, size_t input, int64_t offset);
void worker_positions_resume(struct worker_positions *w, int32_t partition, size_t input);

/* The end of an input was met at @offset: markers and aborted records before it count as read. */
void worker_positions_end(struct worker_positions *w, int32_t partition, size_t input, int64_t offset);

/* The state of a partition was written; of one that is not owned it is no matter. */
void worker_positions_touch(struct worker_positions *w, int32_t partition);

/*
 * Every offset that a commit has to say, of each partition that was read from or written: those that moved, and where none did, the first
 * once more, to prove that the partition is still owned. Return: 0, or what @each returned, which ends it.
 */
int worker_positions_pending(const struct worker_positions *w, int (*each)(void *ctx, int32_t partition, size_t input, int64_t next), void *ctx);

/* What was pending is committed. */
void worker_positions_committed(struct worker_positions *w);

/* After an abort: all is to be read again from what is committed, and nothing is stale. */
void worker_positions_rewind(struct worker_positions *w);

/* -- The consumer's: partitions of several topics, each on its own -- */

struct consumer_position {
        bool owned, paused;
        bool dirty;    /* done is to be committed */
        int64_t done;  /* the offset before which nothing needs reading any more */
        int64_t first; /* handed out first since the last commit: where an abort goes back to; or POSITION_NOWHERE */
        int64_t end;   /* that was told last; or POSITION_NOWHERE */
        struct log_marks marks;
};

struct consumer_positions {
        size_t topics;
        int32_t *partitions;           /* [topics] */
        struct consumer_position **at; /* [topics][partitions] */
        struct bus_part *handed;       /* of the last event: room for all */
        size_t handed_n;
};

/* Return: 0 or -ENOMEM. */
int consumer_positions_init(struct consumer_positions *c, const int32_t *partitions, size_t topics) MUSTCHECK;
void consumer_positions_done(struct consumer_positions *c);

/* As those of the worker. A partition that was added to a topic since the beginning is not owned: it is read after the next start. */
void consumer_positions_forget(struct consumer_positions *c);
bool consumer_positions_own(struct consumer_positions *c, struct bus_part part);

/* An owned partition is not read on at @from but at @to, which the next commit says. Return: how many offsets are passed over. */
int64_t consumer_positions_jump(struct consumer_positions *c, struct bus_part part, int64_t from, int64_t to);
void consumer_positions_event(struct consumer_positions *c, enum bus_event_kind kind, struct bus_event *ret);

/* An owned partition; NULL: it is not this member's (any more). */
struct consumer_position *consumer_positions_get(const struct consumer_positions *c, struct bus_part part);

/* Whether a record that came is handed out: its partition is owned and not paused. */
bool consumer_positions_take(struct consumer_positions *c, struct bus_part part, int64_t offset);

/* The end of a partition was met at @end, behind all that was handed out. Return: whether that is news, then with the event that tells it. */
bool consumer_positions_end(struct consumer_positions *c, struct bus_part part, int64_t end, struct bus_event *ret);

/* As bus_consumer_done(). */
int consumer_positions_set(struct consumer_positions *c, struct bus_part part, int64_t next) MUSTCHECK;

/* The partition (owned) is read from @offset on. */
void consumer_positions_seek(struct consumer_positions *c, struct bus_part part, int64_t offset);

/* Every offset that a commit has to say. Return: 0, or what @each returned, which ends it. */
int consumer_positions_pending(const struct consumer_positions *c, int (*each)(void *ctx, struct bus_part part, int64_t done), void *ctx);

/* @offset of a partition is committed; what was said to be done since then is still pending. */
void consumer_positions_committed(struct consumer_positions *c, struct bus_part part, int64_t offset);

/* After an abort nothing is pending, and @each partition that was read is to be read again from @first. Return: 0, or what @each returned, which ends it. */
int consumer_positions_rewind(struct consumer_positions *c, int (*each)(void *ctx, struct bus_part part, int64_t first), void *ctx);

/* -- The reader's: from a place on, for ever or to the ends that stood there at opening -- */

struct reader_position {
        bool reads; /* wanted, and not at its end from the beginning */
        bool done;  /* its end has been reached */
        int64_t first, next, end; /* @first: where the log began at opening, when reading began there or at an offset */
        struct log_marks marks;
};

struct reader_positions {
        bool until_end;
        size_t topics;
        int32_t *partitions;         /* [topics] */
        struct reader_position **at; /* [topics][partitions] */
        size_t left;                 /* that have not reached their end */
};

/* Return: 0 or -ENOMEM. */
int reader_positions_init(struct reader_positions *r, const int32_t *partitions, size_t topics, bool until_end) MUSTCHECK;
void reader_positions_done(struct reader_positions *r);

/* Whether the configuration asks for this one of a topic's @partitions. */
bool reader_positions_want(const struct bus_reader_config *config, int32_t partition, int32_t partitions);

/*
 * Where reading a partition begins: *begin, of what the broker found for config->from (the first record, the end, the first at the instant;
 * negative: none), and its @end now. Return: whether there is anything to read.
 */
bool reader_positions_begin(struct reader_positions *r, struct bus_part part, const struct bus_reader_config *config, int64_t found, int64_t end,
                            int64_t *begin);

/* Whether a record stands before what is to be read next: it is of another log. */
bool reader_positions_went_back(const struct reader_positions *r, struct bus_part part, int64_t offset);

/* Whether a log that ends at @end now has lost what was read of it, or what stood there when its end was looked at last. */
bool reader_positions_is_cut(const struct reader_positions *r, struct bus_part part, int64_t end);

/* Whether a record that came is handed out: it was there at opening, or all is wanted. */
bool reader_positions_take(struct reader_positions *r, struct bus_part part, int64_t offset);

/* The end of a partition was met at @offset. */
void reader_positions_end(struct reader_positions *r, struct bus_part part, int64_t offset);

/* Another look at the end of a partition: that far is to be read. */
void reader_positions_look(struct reader_positions *r, struct bus_part part, int64_t end);

/* Whether all that is read has been read to the ends that were looked at last. */
bool reader_positions_reached(const struct reader_positions *r);

/* Where the log of a partition begins and ends, as it was seen. False: there is no such partition. */
bool reader_positions_bounds(const struct reader_positions *r, struct bus_part part, int64_t *first, int64_t *end);

/* Whether BUS_END is due. */
static inline bool reader_positions_at_end(const struct reader_positions *r) {
        return r->until_end && r->left == 0;
}
