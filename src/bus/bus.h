/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The bus: what this process may do with the broker
 *
 * A struct bus is one broker as its users see it: the Kafka cluster (bus/kafka.h), or one in memory
 * with a fake clock, crashes and zombies (bus/memory.h). It opens four kinds of handle:
 *
 *   worker    a member of a group and a transactional producer in one: exactly once
 *   consumer  a plain group member that says itself what it is done with: at least once
 *   producer  acknowledged by all replicas, each record with its outcome; or transactional
 *   reader    no group: from the beginning, the end, an instant, to look at what is there
 *
 * A handle belongs to the thread that opened it. All topic names here are without the configured
 * prefix: the bus puts it before every topic, group and transactional id and takes it off again.
 *
 * The bus knows no event types, no Avro and no cases: bytes, keys, headers, partitions, offsets.
 *
 * Outcomes: 0; a positive BUS_E_ that the function names; a negative errno, with a sentence in
 * @err, which ends the use of the handle: all that can be retried has been retried within.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

/* -- Numbers. Their order is kept by assertions below and by the checker of config/broker.yaml. -- */

#define BUS_SESSION_MS 15000        /* a member that is not heard of for so long is out of its group */
#define BUS_HEARTBEAT_MS 500        /* how soon a member learns that the group moves: its partitions stand still meanwhile */
#define BUS_REFRESH_MS 10000        /* how soon a member learns that topics have other partitions, or are gone */
#define BUS_TRANSACTION_MS 10000    /* the broker aborts an older transaction: ends before the session, so no zombie commits */
#define BUS_MESSAGE_MS 8000         /* a record not delivered by then fails, before its transaction would */
#define BUS_MAX_POLL_MS 120000      /* longest time between two polls of a group */
#define BUS_CALL_MS 30000           /* one call that waits for the broker, retries included */
#define BUS_OPEN_MS 15000           /* to reach the broker at the start */
#define BUS_RETRY_BACKOFF_MS 10     /* transactional producer: 100 (the default) costs 100 ms a transaction */
#define BUS_LINGER_MS 5
#define BUS_FETCH_WAIT_MS 100       /* longest time that the broker keeps an empty fetch of a reader */
/* A group member is answered when so much has come, or after so long: answered for every record, it would ask a thousand times a
 * second at two thousand events, and the broker, busy with that, would be late with the ends of its transactions. */
#define BUS_GROUP_FETCH_BYTES 65536
#define BUS_GROUP_FETCH_WAIT_MS 20
/* librdkafka 2.0.2 stands still up to a whole second when its prefetch passes either of these. A group member takes that long
 * at least to work through so many, so it never waits; a reader is faster, so its own are higher. They are the bound in memory
 * of one handle's queue. */
#define BUS_QUEUED_MESSAGES 200000
#define BUS_QUEUED_KBYTES 131072
#define BUS_RESTORE_MESSAGES 1000000
#define BUS_RESTORE_KBYTES 65536   /* a partition, while state is restored or a topic read */
#define BUS_SPARING_KBYTES 256     /* a partition, of a reader that is sparing, … */
#define BUS_SPARING_FETCH_BYTES 65536 /* … of which so much comes at once; a record that is larger comes alone … */
#define BUS_ANSWER_BYTES 4194304   /* of all partitions of a reader in one answer, of which the memory is taken at once */
#define BUS_PRODUCE_MESSAGES 500000 /* records that wait to be sent, at most */
#define BUS_PRODUCE_KBYTES 262144

#define BUS_RECORD_MAX 1048576                          /* bytes of a record on an input topic, key and headers included */
#define BUS_DEAD_LETTER_MARGIN 65536                    /* more, for the headers that say why */
#define BUS_OUTPUT_MAX (BUS_RECORD_MAX + BUS_DEAD_LETTER_MARGIN) /* what a producer may send */
#define BUS_HEADERS_MAX 256                             /* headers of one record that are read; more are left out */
#define BUS_TOPICS_MAX 4096                             /* inputs, or outputs, of one handle */
#define BUS_PARTITIONS_MAX 4096                         /* of one topic */
#define BUS_NAME_MAX 249                                /* Kafka's own limit of a topic's name */

_Static_assert(BUS_MESSAGE_MS < BUS_TRANSACTION_MS, "a record must fail before its transaction is aborted");
_Static_assert(BUS_TRANSACTION_MS < BUS_SESSION_MS, "a transaction must end before its owner counts as gone");
_Static_assert(3 * BUS_HEARTBEAT_MS < BUS_SESSION_MS, "three heartbeats must fit in a session");
_Static_assert(BUS_SESSION_MS < BUS_MAX_POLL_MS, "a slow turn must not end a session that is alive");
_Static_assert(BUS_CALL_MS < BUS_MAX_POLL_MS, "one call must not cost the membership");

/* -- Outcomes -- */

enum bus_outcome {
        BUS_E_ABORTED = 1, /* nothing of this transaction will be seen: call abort, drop what was staged, read again */
        BUS_E_REBALANCED,  /* the group changed its mind: the next poll says how */
        BUS_E_FULL,        /* the queue to the broker is full: poll, then try again */
};

/* -- Records -- */

struct bus_header {
        const char *name;
        const void *value; /* NULL: a header without a value */
        size_t n;
};

enum bus_stamp { BUS_STAMP_NONE, BUS_STAMP_CREATED, BUS_STAMP_APPENDED }; /* appended: the broker's own clock */

#define BUS_BY_KEY (-1) /* as partition: (murmur2(key) & 0x7fffffff) % partitions, as Java clients do; no key: any */

struct bus_record {
        const char *topic;   /* without prefix */
        uint32_t index;      /* read: the topic's place in the list given at opening; worker_produce: its place in outputs */
        int32_t partition;   /* producing: or BUS_BY_KEY */
        int64_t offset;      /* read only */
        instant_t timestamp; /* producing: 0 is the present */
        enum bus_stamp stamp;
        const void *key, *value; /* NULL key: none; NULL value: a tombstone */
        size_t key_n, value_n;
        const struct bus_header *headers; /* read: only after bus_record_headers() */
        size_t headers_n;
        /* not for users: where the headers of a record that was read still lie */
        int (*load)(struct bus_record *record);
        void *raw, *owner;
};

/* Parses the headers of a record that was read, into headers and headers_n. Return: 0 or -ENOMEM. */
static inline int bus_record_headers(struct bus_record *record) {
        return record->load ? record->load(record) : 0;
}

/* The value of a header, or NULL; after bus_record_headers(). */
const struct bus_header *bus_record_header(const struct bus_record *record, const char *name);

/*
 * The partition of a topic with @partitions that a record goes to: its own, or that of its key; without a key, @turn says which of them.
 * -1: its own is not one of them.
 */
int32_t bus_record_partition(const struct bus_record *record, int32_t partitions, uint32_t turn);

struct bus_part {
        uint32_t index; /* the topic's place in the list given at opening */
        int32_t partition;
};

enum bus_event_kind {
        BUS_NONE,     /* nothing came in time */
        BUS_RECORD,   /* record: borrowed until the next poll, commit or abort on the handle: producing leaves it alone */
        BUS_ASSIGNED, /* parts are this member's from now on */
        BUS_REVOKED,  /* parts go with the next poll: now is the last chance to commit what was read of them */
        BUS_LOST,     /* parts are gone already: nothing of them can be committed any more */
        BUS_END,      /* readers: everything that stood there when it was opened has been read; consumers: parts[0] has been handed out up to end */
};

struct bus_event {
        enum bus_event_kind kind;
        struct bus_record record;
        const struct bus_part *parts; /* borrowed until the next call on the handle */
        size_t parts_n;
        int64_t end;                  /* END, consumers: behind the last record and what stands there that is none: markers, records of aborted transactions */
        int64_t passed;               /* ASSIGNED, consumers: so many offsets are passed over, because their records are gone */
        bool again;                   /* LOST: not to the group: a log is not what was left, and all is ASSIGNED again with the next poll */
};

/* -- The worker: one thread, its partitions, one transaction at a time -- */

struct bus_worker_config {
        const char *group;     /* also begins the transactional id: <prefix><group>-<instance> */
        const char *instance;  /* stable name of this thread's slot: static membership and fencing */
        const char *state;     /* the topic whose partitions are handed out; also among outputs */
        const char *const *inputs;  /* topics with as many partitions as @state */
        size_t inputs_n;
        const char *const *outputs; /* every topic that may be written; the worker does not open when one is missing */
        size_t outputs_n;
};

/*
 * A log that is not what was left: reading begins at @to instead of @from. Forward: the records between are gone, by retention or by hand.
 * Back: it was made anew, or lost its end, and is read from its beginning.
 */
struct bus_jump {
        struct bus_part part; /* index: the input */
        int64_t from, to;
};

/* For restore; all are called on the worker's own thread. */
struct bus_restore {
        void *ctx;
        int (*row)(void *ctx, const struct bus_record *row);  /* one row of the state, in order per partition; not 0: restore ends with it */
        /* May be NULL; per partition a few times a second, and when it is done: @at rows' offsets of @end. Not 0: restore ends with it. */
        int (*progress)(void *ctx, int32_t partition, int64_t at, int64_t end);
        /* May be NULL; an input does not go on where it was left off, which the log has said. */
        void (*jumped)(void *ctx, const struct bus_jump *jump);
        /* May be NULL; before the rows: an input that has been read before, to @offset, as the group has committed. */
        void (*left)(void *ctx, const struct bus_part *part, int64_t offset);
};

struct bus_worker {
        const struct bus_worker_ops *ops;
};

struct bus_worker_ops {
        int (*poll)(struct bus_worker *w, int timeout_ms, struct bus_event *ret, struct error *err);
        int (*restore)(struct bus_worker *w, const struct bus_part *parts, size_t n, const struct bus_restore *r, struct error *err);
        int (*ends)(struct bus_worker *w, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err);
        const int64_t *(*positions)(struct bus_worker *w, int32_t partition);
        int (*start)(struct bus_worker *w, const struct bus_part *parts, size_t n, struct error *err);
        void (*hold)(struct bus_worker *w, const struct bus_record *record);
        int (*resume)(struct bus_worker *w, const struct bus_part *parts, size_t n, struct error *err);
        int (*produce)(struct bus_worker *w, const struct bus_record *record, struct error *err);
        int (*commit)(struct bus_worker *w, struct error *err);
        int (*abort)(struct bus_worker *w, struct error *err);
        int (*settle)(struct bus_worker *w, struct error *err);
        int32_t (*partitions)(struct bus_worker *w);
        void (*close)(struct bus_worker *w, bool leave);
};

/*
 * Waits up to @timeout_ms (0: not at all) for what comes next: BUS_RECORD of a partition that was
 * started, BUS_ASSIGNED, BUS_REVOKED, BUS_LOST or BUS_NONE. parts name partitions of the state
 * (index 0). An assignment is always whole: everything of the one before was revoked or lost first,
 * and its state must be dropped by then.
 *   ASSIGNED: call restore with all its parts, then start.
 *   REVOKED:  commit, drop the state of parts; the next poll lets them go.
 *   LOST:     abort, drop the state of parts.
 * An input of which what is to be read next is not there (a log made anew, or cut by retention) is LOST too, and ASSIGNED again:
 * restore finds where it goes on.
 * Return: 0; negative errno (fenced by another of the same name, a right or a topic is missing, the state was made anew …).
 */
static inline int bus_worker_poll(struct bus_worker *w, int timeout_ms, struct bus_event *ret, struct error *err) {
        return w->ops->poll(w, timeout_ms, ret, err);
}

/*
 * Reads the state of @parts, an assignment whole, in the order that loses nothing: first the
 * committed offsets of the inputs, once no transaction on them is pending; then the end of the state; then its rows
 * that were committed, to that end or beyond. Serves the group meanwhile.
 * Return: 0; BUS_E_REBALANCED (drop what came, poll); what row or progress returned; negative errno.
 */
static inline int bus_worker_restore(struct bus_worker *w, const struct bus_part *parts, size_t n, const struct bus_restore *r,
                                     struct error *err) {
        return w->ops->restore(w, parts, n, r, err);
}

/*
 * The last stable offsets of the inputs of @parts at this moment, to ret[n][inputs_n]: what has to be read before
 * each has caught up. Valid after restore. One question to the broker for all of them; dear once inputs flow, because the
 * answer waits behind the fetch that is under way (BUS_GROUP_FETCH_WAIT_MS): ask before start where that is possible.
 * Return: 0; BUS_E_REBALANCED; negative errno.
 */
static inline int bus_worker_ends(struct bus_worker *w, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        return w->ops->ends(w, parts, n, ret, err);
}

/*
 * How far the inputs of one partition have been read: [inputs_n], the offset after the last record
 * handed out, also past markers and aborted records that are never handed out. After restore: where
 * reading will begin. Borrowed until the next call; NULL when the partition is not owned.
 */
static inline const int64_t *bus_worker_positions(struct bus_worker *w, int32_t partition) {
        return w->ops->positions(w, partition);
}

/* Lets the inputs of restored partitions flow, from their committed offsets. Return: 0; BUS_E_REBALANCED; negative errno. */
static inline int bus_worker_start(struct bus_worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        return w->ops->start(w, parts, n, err);
}

/*
 * The record that was handed out last counts as unread, and its input of its partition stands still with it: nothing more of it is handed out. What
 * is committed ends before it. An abort, or losing the partition, ends that, as if it had never been read.
 */
static inline void bus_worker_hold(struct bus_worker *w, const struct bus_record *record) {
        w->ops->hold(w, record);
}

/*
 * Inputs that stand still go on with the record at which they do; parts name input and partition. Return: 0; BUS_E_REBALANCED; negative errno.
 */
static inline int bus_worker_resume(struct bus_worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        return w->ops->resume(w, parts, n, err);
}

/*
 * Writes a record in the open transaction; the first begins it. @record: index into outputs;
 * bytes are copied. A partition of the state that is written counts as touched: see commit.
 * Return: 0; BUS_E_ABORTED; negative errno.
 */
static inline int bus_worker_produce(struct bus_worker *w, const struct bus_record *record, struct error *err) {
        return w->ops->produce(w, record, err);
}

/*
 * Commits what was produced, with the positions of every partition that was read from or whose state
 * was touched since the last commit (also when no position moved: it proves that the partition is
 * still owned). Nothing read and nothing produced: nothing happens.
 * Return: 0, all of it is done; BUS_E_ABORTED, none of it: call abort; negative errno, unknown: end.
 */
static inline int bus_worker_commit(struct bus_worker *w, struct error *err) {
        return w->ops->commit(w, err);
}

/*
 * Drops what was produced since the last commit and goes back to the positions of that commit, so
 * that what was read is read again. Nothing open: only goes back.
 * Return: 0; negative errno.
 */
static inline int bus_worker_abort(struct bus_worker *w, struct error *err) {
        return w->ops->abort(w, err);
}

/*
 * Waits until everybody sees the offsets of the last commit: a broker says that it is decided before it has written that
 * everywhere. For who ends now and is asked after it what it did. The group is not served meanwhile, at most BUS_CALL_MS.
 * Return: 0; negative errno.
 */
static inline int bus_worker_settle(struct bus_worker *w, struct error *err) {
        return w->ops->settle(w, err);
}

/* How many partitions the state has. */
static inline int32_t bus_worker_partitions(struct bus_worker *w) {
        return w->ops->partitions(w);
}

/*
 * Ends the handle; what is not committed is aborted. @leave: leaves the group, so that its
 * partitions move at once; otherwise the slot waits for its return as long as a session lasts. NULL ok.
 */
static inline void bus_worker_close(struct bus_worker *w, bool leave) {
        if (w)
                w->ops->close(w, leave);
}

/* -- The consumer: a group member that says what it is done with -- */

struct bus_consumer_config {
        const char *group;
        const char *instance;       /* static membership; NULL: none */
        const char *const *topics;
        size_t topics_n;
        bool newest;                /* without a committed offset begin at the end, not at the beginning */
};

struct bus_consumer {
        const struct bus_consumer_ops *ops;
};

struct bus_consumer_ops {
        int (*poll)(struct bus_consumer *c, int timeout_ms, struct bus_event *ret, struct error *err);
        int (*done)(struct bus_consumer *c, struct bus_part part, int64_t next);
        int (*commit)(struct bus_consumer *c, struct error *err);
        int (*pause)(struct bus_consumer *c, struct bus_part part, bool pause, struct error *err);
        int (*seek)(struct bus_consumer *c, struct bus_part part, int64_t offset, struct error *err);
        void (*close)(struct bus_consumer *c, bool leave);
};

/* As bus_worker_poll(), but parts flow by themselves from their committed offsets. Return: 0 or negative errno. */
static inline int bus_consumer_poll(struct bus_consumer *c, int timeout_ms, struct bus_event *ret, struct error *err) {
        return c->ops->poll(c, timeout_ms, ret, err);
}

/*
 * Everything of @part before offset @next needs no more reading; the next commit says so to the
 * broker. May go down as well as up. Return: 0; BUS_E_REBALANCED when the part is not this member's (any more).
 */
static inline int bus_consumer_done(struct bus_consumer *c, struct bus_part part, int64_t next) {
        return c->ops->done(c, part, next);
}

/* Commits what is done, and waits. Return: 0; BUS_E_REBALANCED, not committed, others may do it again; negative errno. */
static inline int bus_consumer_commit(struct bus_consumer *c, struct error *err) {
        return c->ops->commit(c, err);
}

/* Stops or resumes the flow of one part; the same twice is no matter. Return: 0; BUS_E_REBALANCED; negative errno. */
static inline int bus_consumer_pause(struct bus_consumer *c, struct bus_part part, bool pause, struct error *err) {
        return c->ops->pause(c, part, pause, err);
}

/* The next record of @part is the one at @offset. Return: 0; BUS_E_REBALANCED; negative errno. */
static inline int bus_consumer_seek(struct bus_consumer *c, struct bus_part part, int64_t offset, struct error *err) {
        return c->ops->seek(c, part, offset, err);
}

/* Ends the handle; commits nothing by itself. @leave as with the worker. NULL ok. */
static inline void bus_consumer_close(struct bus_consumer *c, bool leave) {
        if (c)
                c->ops->close(c, leave);
}

/* -- The producer -- */

enum bus_sent {
        BUS_SENT,    /* all replicas have it, once */
        BUS_REFUSED, /* it is not there, and will not be */
        BUS_OPEN,    /* nobody knows: it may be there. Sending it again may make it twice */
};

struct bus_report {
        enum bus_sent sent;
        void *cookie;       /* what came with the record */
        int32_t partition;  /* BUS_SENT: where it stands */
        int64_t offset;
        const char *reason; /* otherwise: a sentence; borrowed */
};

struct bus_producer_config {
        const char *transactional_id; /* NULL: no transactions */
        void (*settled)(void *ctx, const struct bus_report *report); /* in send, poll, flush, commit, abort; may be NULL */
        void *ctx;
        const char *const *topics; /* to be written; must exist. May be empty: then topics are looked up as they come */
        size_t topics_n;
        const atomic_bool *enough; /* NULL; or once it is true, an opening that the broker does not answer at once ends with -ECANCELED: for a stop */
};

struct bus_producer {
        const struct bus_producer_ops *ops;
};

struct bus_producer_ops {
        int (*send)(struct bus_producer *p, const struct bus_record *record, void *cookie, struct error *err);
        int (*poll)(struct bus_producer *p, int timeout_ms, struct error *err);
        int (*flush)(struct bus_producer *p, int timeout_ms, size_t *left, struct error *err);
        int (*commit)(struct bus_producer *p, struct bus_consumer *c, struct error *err);
        int (*abort)(struct bus_producer *p, struct bus_consumer *c, struct error *err);
        void (*close)(struct bus_producer *p);
};

/*
 * Hands a record (by topic name; bytes are copied) to the producer; its outcome comes to settled().
 * Transactional: begins the transaction if needed.
 * Return: 0; BUS_E_FULL; BUS_E_ABORTED (transactional); negative errno (also: no such topic, record too large).
 */
static inline int bus_producer_send(struct bus_producer *p, const struct bus_record *record, void *cookie, struct error *err) {
        return p->ops->send(p, record, cookie, err);
}

/* Delivers outcomes. Return: 0 or negative errno. */
static inline int bus_producer_poll(struct bus_producer *p, int timeout_ms, struct error *err) {
        return p->ops->poll(p, timeout_ms, err);
}

/* Waits until every record has its outcome, at most @timeout_ms. *left: how many have none yet. Return: 0 or negative errno. */
static inline int bus_producer_flush(struct bus_producer *p, int timeout_ms, size_t *left, struct error *err) {
        return p->ops->flush(p, timeout_ms, left, err);
}

/*
 * Transactional: commits what was sent together with what @c is done with (@c may be NULL).
 * Return: 0; BUS_E_ABORTED: call abort; negative errno.
 */
static inline int bus_producer_commit(struct bus_producer *p, struct bus_consumer *c, struct error *err) {
        return p->ops->commit(p, c, err);
}

/* Transactional: drops what was sent, and @c (may be NULL) goes back to what was committed. Return: 0 or negative errno. */
static inline int bus_producer_abort(struct bus_producer *p, struct bus_consumer *c, struct error *err) {
        return p->ops->abort(p, c, err);
}

/* Ends the handle at once: flush first. Records without an outcome get BUS_OPEN. NULL ok. */
static inline void bus_producer_close(struct bus_producer *p) {
        if (p)
                p->ops->close(p);
}
DEFINE_CLEANUP(struct bus_producer *, bus_producer_close);

/* -- The reader -- */

enum bus_from { BUS_FROM_BEGINNING, BUS_FROM_END, BUS_FROM_INSTANT, BUS_FROM_OFFSET };

struct bus_reader_config {
        const char *const *topics;
        size_t topics_n;
        int32_t partition;  /* BUS_ALL_PARTITIONS, or one */
        const void *key;    /* with BUS_ALL_PARTITIONS, not NULL: of each topic only the partition that this key belongs to */
        size_t key_n;
        enum bus_from from;
        instant_t instant;  /* BUS_FROM_INSTANT: first records stamped then or later */
        int64_t offset;     /* BUS_FROM_OFFSET: in each partition read */
        bool until_end;     /* BUS_END when the ends that stood at opening are reached; otherwise goes on for ever */
        bool uncommitted;   /* also records of open and aborted transactions */
        bool some;          /* a topic that is not there has no records; without it the reader does not open */
        bool sparing;       /* reads ahead BUS_SPARING_KBYTES, not BUS_RESTORE_KBYTES: for who reads for ever, beside others in one process */
        const char *group;  /* NULL; or whose offsets bus_reader_committed() tells: it is not joined */
        const atomic_bool *enough; /* NULL; or once it is true, calls that the broker does not answer at once end with -ECANCELED: for a stop */
};
#define BUS_NOT_COMMITTED (-1)
#define BUS_ALL_PARTITIONS (-1)

struct bus_reader {
        const struct bus_reader_ops *ops;
};

struct reader_positions;

struct bus_reader_ops {
        int (*poll)(struct bus_reader *r, int timeout_ms, struct bus_event *ret, struct error *err);
        int (*look)(struct bus_reader *r, struct error *err);
        const struct reader_positions *(*positions)(const struct bus_reader *r);
        int (*since)(struct bus_reader *r, instant_t at, int64_t *ret, struct error *err);
        int (*committed)(struct bus_reader *r, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err);
        int (*commit)(struct bus_reader *r, const char *group, struct bus_part part, int64_t next, struct error *err);
        void (*close)(struct bus_reader *r);
};

/* BUS_RECORD, BUS_NONE or BUS_END. Return: 0; -ESTALE with a sentence: a log is another one than what was read; other negative errno. */
static inline int bus_reader_poll(struct bus_reader *r, int timeout_ms, struct bus_event *ret, struct error *err) {
        return r->ops->poll(r, timeout_ms, ret, err);
}

/* Everything that stood there at opening, read by one who waits for it. */
struct bus_reading {
        int (*record)(void *ctx, struct bus_record *record, struct error *err); /* not 0: the reading ends with it */
        void *ctx;
        const char *what;   /* as it is said: "audit", "the event topics" */
        unsigned patience;  /* seconds without a record before the broker counts as gone; 0: BUS_READING_PATIENCE */
};
#define BUS_READING_PATIENCE 60

/* Hands over the records of a reader with until_end, to the end. Return: 0; what record returned; -ETIMEDOUT and other negative errno, with a sentence. */
int bus_reader_each(struct bus_reader *r, const struct bus_reading *reading, struct error *err) MUSTCHECK;

/* Takes the ends that stand now as those to be reached. Of a reader without until_end. Return: 0 or negative errno. */
static inline int bus_reader_look(struct bus_reader *r, struct error *err) {
        return r->ops->look(r, err);
}

/* How far it has read, and to where there is something (bus/positions.h): reader_positions_reached(), reader_positions_bounds(). */
static inline const struct reader_positions *bus_reader_positions(const struct bus_reader *r) {
        return r->ops->positions(r);
}

/*
 * How much stands there since @at: offsets from the first record that is stamped then or later to the end that was looked at last, of all partitions
 * that are read. *ret negative: the broker does not know (the embedded one). Return: 0 or negative errno.
 */
static inline int bus_reader_since(struct bus_reader *r, instant_t at, int64_t *ret, struct error *err) {
        return r->ops->since(r, at, ret, err);
}

/*
 * What config.group has committed of each of @parts, to ret[n]; BUS_NOT_COMMITTED: nothing. Of a transaction that is not decided nothing is told.
 * Return: 0 or negative errno.
 */
static inline int bus_reader_committed(struct bus_reader *r, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        return r->ops->committed(r, parts, n, ret, err);
}

/*
 * Says for @group, of which nobody is a member, that everything of @part before @next needs no more reading: for who reads without a group, and is
 * to be seen. Return: 0; BUS_E_REBALANCED: it has members, and nothing is said; negative errno, with which the handle is still of use.
 */
static inline int bus_reader_commit(struct bus_reader *r, const char *group, struct bus_part part, int64_t next, struct error *err) {
        return r->ops->commit(r, group, part, next, err);
}

/* Ends the handle. NULL ok. */
static inline void bus_reader_close(struct bus_reader *r) {
        if (r)
                r->ops->close(r);
}
DEFINE_CLEANUP(struct bus_reader *, bus_reader_close);

/* -- The bus itself -- */

struct bus {
        const struct bus_ops *ops;
};

struct bus_ops {
        const char *name; /* "kafka", "memory" */
        int (*worker_open)(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err);
        int (*consumer_open)(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err);
        int (*producer_open)(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err);
        int (*reader_open)(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err);
        struct bus *(*free)(struct bus *b);
};

/*
 * Each waits up to BUS_OPEN_MS for the broker and refuses topics that are not there (-ENOENT) and
 * inputs whose number of partitions differs from the state's (-EINVAL). Configurations are copied.
 */
static inline int bus_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) {
        return b->ops->worker_open(b, config, ret, err);
}
static inline int bus_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret,
                                    struct error *err) {
        return b->ops->consumer_open(b, config, ret, err);
}
static inline int bus_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret,
                                    struct error *err) {
        return b->ops->producer_open(b, config, ret, err);
}
static inline int bus_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) {
        return b->ops->reader_open(b, config, ret, err);
}

/* After its handles are closed; NULL ok; returns NULL. */
static inline struct bus *bus_free(struct bus *b) {
        return b ? b->ops->free(b) : NULL;
}
DEFINE_CLEANUP(struct bus *, bus_free);
