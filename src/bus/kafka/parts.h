/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the files of the Kafka bus share; not for other folders
 */

#include <librdkafka/rdkafka.h>

#include "base/buffer.h"
#include "base/log.h"
#include "bus/kafka.h"

#define KAFKA_TROUBLE_MAX 256
#define KAFKA_TURN_MS 200  /* one wait inside a call that is repeated until its deadline */
#define KAFKA_RETRY_MS 20  /* between two tries of a call that may be retried */
#define KAFKA_WAIT_SAY_MS 1000   /* a restore that waits for others so long says so … */
#define KAFKA_WAIT_AGAIN_MS 5000 /* … and again so often */
#define KAFKA_RESTORE_AHEAD 50000 /* rows of state that are fetched and not yet applied */

struct kafka_bus {
        struct bus bus;
        char *bootstrap, *prefix, *client_id;
        struct kafka_property *properties;
        size_t properties_n;
        struct clock clock;
        const struct log *log;
        struct watchdog *watchdog;
};

/* -- kafka_client.c: one handle of librdkafka -- */

enum kafka_role {
        KAFKA_ADMIN,    /* a producer that produces nothing */
        KAFKA_PRODUCER, /* idempotent */
        KAFKA_TXN,      /* transactional */
        KAFKA_WORKER,   /* group member of a worker */
        KAFKA_CONSUMER, /* group member of a connector */
        KAFKA_READER,   /* no group, committed records only */
        KAFKA_RESTORE,  /* the same, for rows of state: fetches less far ahead */
        KAFKA_MARKS,    /* no group, sees uncommitted records and the high watermark */
};

struct kafka_client {
        rd_kafka_t *rk;
        const struct kafka_bus *bus;
        char name[BUS_NAME_MAX + 1];   /* instance or transactional id, for sentences */
        char trouble[KAFKA_TROUBLE_MAX]; /* what librdkafka complained of last; written by its callbacks in our own thread */
        rd_kafka_resp_err_t trouble_code;
};

struct kafka_client_options {
        enum kafka_role role;
        const char *group, *instance, *transactional_id; /* with prefix; NULL: none */
        bool newest, eof;
        void (*rebalance)(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque);
        void (*delivered)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
        bool report_errors_only;
        void *opaque; /* begins with a struct kafka_client: librdkafka's callbacks find it there */
};

/* Makes the handle. @c is the first member of options->opaque. Return: 0; -EINVAL, -ENOMEM with a sentence. */
int kafka_client_open(struct kafka_client *c, const struct kafka_bus *bus, const struct kafka_client_options *options,
                      struct error *err) MUSTCHECK;
void kafka_client_close(struct kafka_client *c); /* waits; nothing open: no effect */

/* The full name of a topic, group or id. NULL: out of memory. The caller frees. */
char *kafka_name(const struct kafka_bus *bus, const char *name);

/* The name without prefix; NULL when it does not begin with it. */
const char *kafka_plain_name(const struct kafka_bus *bus, const char *full);

/* Writes the sentence of a failed call; returns the negative errno that fits @code. @text may be NULL. */
int kafka_failed(const struct kafka_client *c, const char *call, rd_kafka_resp_err_t code, const char *text, struct error *err);

/* The same for an error object, which it destroys. */
int kafka_failed_error(const struct kafka_client *c, const char *call, rd_kafka_error_t *error, struct error *err);

/* 0, or the fatal error that librdkafka has raised on this handle. */
int kafka_client_fatal(const struct kafka_client *c, struct error *err);

/* How often to try again: @until on the bus's monotonic clock. Sleeps a little; false when it is over. */
bool kafka_again(const struct kafka_bus *bus, int64_t until);

/*
 * Waits for the broker and counts the partitions of each topic (names in full) to ret[n]. Return: 0;
 * -ENOENT with the names of the missing (KAFKA_MISSING_OK: ret 0 instead); negative errno.
 */
enum kafka_missing { KAFKA_MISSING_OK, KAFKA_MISSING_FAILS };
int kafka_partitions(const struct kafka_client *c, const char *const *topics, size_t n, enum kafka_missing missing, int32_t *ret,
                     struct error *err) MUSTCHECK;

/* Asks offsets by ListOffsets for every element (its offset says what: RD_KAFKA_OFFSET_END, _BEGINNING, or a timestamp). Return: 0 or negative errno. */
int kafka_list_offsets(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list, struct error *err) MUSTCHECK;

/* A table from librdkafka's topic handles to places in a list of names. */
struct kafka_topics {
        char **names;        /* full, in the order given */
        int32_t *partitions; /* counted */
        size_t n;
        struct kafka_topic_place {
                const rd_kafka_topic_t *topic;
                uint32_t index;
        } *places;           /* open addressing, grows never: twice the topics */
        size_t places_n;
        const struct kafka_bus *bus;
};

int kafka_topics_init(struct kafka_topics *t, const struct kafka_bus *bus, const char *const *names, size_t n, struct error *err) MUSTCHECK;
void kafka_topics_done(struct kafka_topics *t);
/* The place of a name or of a message's topic; -1: not in the list. */
int64_t kafka_topics_find(const struct kafka_topics *t, const char *full);
int64_t kafka_topics_place(struct kafka_topics *t, const rd_kafka_topic_t *topic);
static inline const char *kafka_topics_plain(const struct kafka_topics *t, uint32_t index) {
        return kafka_plain_name(t->bus, t->names[index]);
}

/* -- kafka_record.c -- */

/* Keeps what the headers of the last record were parsed into. */
struct kafka_headers {
        struct bus_header *items;
        size_t capacity;
};

/* Fills @ret from a message, which must outlive it. @topic: plain name. */
void kafka_record_fill(const rd_kafka_message_t *message, const char *topic, uint32_t index, struct kafka_headers *headers,
                       struct bus_record *ret);

/* librdkafka's headers for a record to be produced; NULL: out of memory. */
rd_kafka_headers_t *kafka_record_headers(const struct bus_record *record);

/* Sends to a partition that exists. Return: 0 or librdkafka's code. */
rd_kafka_resp_err_t kafka_record_send(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partition, const struct bus_record *record, void *cookie);

/* -- kafka_rows.c: records without headers on their way to one topic -- */

#define KAFKA_ROWS 512                     /* that wait to be sent together, and … */
#define KAFKA_ROWS_BYTES ((size_t)256 << 10) /* … bytes of them */

struct kafka_rows {
        rd_kafka_topic_t *topic; /* borrowed */
        rd_kafka_message_t *messages;
        uint8_t *bytes;
        size_t n, used;
        bool one_by_one; /* those that wait were not all taken when they were sent together */
};

int kafka_rows_init(struct kafka_rows *rows, rd_kafka_topic_t *topic) MUSTCHECK;
void kafka_rows_done(struct kafka_rows *rows); /* zeros: no effect */

/* Copies a record. False: there is no room, send first; it may be too large even then. */
bool kafka_rows_add(struct kafka_rows *rows, int32_t partition, const struct bus_record *record);

/* Sends what waits. Return: 0, or librdkafka's code: then rows->n of them still wait, though librdkafka may have some of them already. */
rd_kafka_resp_err_t kafka_rows_send(struct kafka_rows *rows);
void kafka_rows_drop(struct kafka_rows *rows);

/* -- kafka_group.c: membership -- */

struct kafka_group {
        struct kafka_client *client;
        enum bus_event_kind pending; /* BUS_NONE, ASSIGNED, REVOKED, LOST: what the callback said */
        rd_kafka_topic_partition_list_t *parts; /* of pending */
        bool release; /* REVOKED or LOST was handed out: the next poll lets go */
        bool closing;
};

/* The callback for kafka_client_options.rebalance; the client's opaque begins with the client and then the group. */
void kafka_group_rebalance(struct kafka_group *g, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts);

int kafka_group_join(struct kafka_group *g, const struct kafka_topics *topics, struct error *err) MUSTCHECK;

/* Before polling: lets go of what was revoked. Return: 0 or negative errno. */
int kafka_group_release(struct kafka_group *g, struct error *err) MUSTCHECK;

/* Judges an error message of the consumer. Return: 0: goes by itself; negative errno: the end. */
int kafka_group_trouble(struct kafka_group *g, const rd_kafka_message_t *message, struct error *err) MUSTCHECK;

/* The codes that say: not ours any more, poll. */
bool kafka_group_moved(rd_kafka_resp_err_t code);

void kafka_group_close(struct kafka_group *g, bool leave);

/* -- kafka_txn.c: transactions of one producer -- */

struct kafka_txn {
        struct kafka_client *client;
        bool open;     /* begun at librdkafka */
        bool ended;    /* a call went wrong for good: this producer finishes nothing any more, its successor does */
        uint64_t sent; /* records and offsets since then */
};

/*
 * Takes up the transactional id, after the broker has aborted what is open under it. Return: 0; -EAGAIN when @limit_ms is less than
 * BUS_CALL_MS and has passed: the handle is to be closed, another one may ask; other negative errno.
 */
int kafka_txn_init(struct kafka_txn *t, int limit_ms, struct error *err) MUSTCHECK;
int kafka_txn_begin(struct kafka_txn *t, struct error *err) MUSTCHECK; /* no effect when open. 0; BUS_E_ABORTED; negative errno */
/* @offsets: next to read; @group: whose; both NULL: none. Return: 0; BUS_E_ABORTED; negative errno. */
int kafka_txn_commit(struct kafka_txn *t, const rd_kafka_topic_partition_list_t *offsets, rd_kafka_t *group, struct error *err) MUSTCHECK;
int kafka_txn_abort(struct kafka_txn *t, struct error *err); /* 0 or negative errno */
/* What a failed produce means. Return: 0: the queue was full and has room again, try again; BUS_E_ABORTED; negative errno. */
int kafka_txn_send_failed(struct kafka_txn *t, rd_kafka_resp_err_t code, struct error *err) MUSTCHECK;

/* -- the four kinds of handle, and a consumer's offsets for a producer's transaction -- */

int kafka_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) MUSTCHECK;
int kafka_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) MUSTCHECK;
int kafka_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) MUSTCHECK;
int kafka_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) MUSTCHECK;

/* The offsets done and not committed; NULL: out of memory or none (*none). The caller destroys. */
rd_kafka_topic_partition_list_t *kafka_consumer_pending(struct bus_consumer *c, bool *none);
void kafka_consumer_committed(struct bus_consumer *c, const rd_kafka_topic_partition_list_t *offsets);
int kafka_consumer_rewind(struct bus_consumer *c, struct error *err) MUSTCHECK;
rd_kafka_t *kafka_consumer_handle(struct bus_consumer *c);

/* -- kafka_seek.c -- */

/* Seeks parts that are assigned; waits until they flow. Return: 0; BUS_E_REBALANCED; negative errno. */
int kafka_seek(const struct kafka_client *c, rd_kafka_topic_partition_list_t *list, struct error *err) MUSTCHECK;

/* -- kafka_restore.c -- */

/* Says in the log what a restore waits for: not at once, and not too often. Zeros: not begun. */
struct kafka_wait {
        int64_t since, said; /* monotonic */
};
void kafka_wait_say(struct kafka_wait *wait, const struct kafka_bus *bus, const char *what, int32_t partition);

/* Reads committed rows of @topic (full name) of the partitions, from the beginning to marks[i] or beyond. @turn is called
 * a few times a second; not 0 ends. Return: 0; what a callback returned; negative errno. */
struct kafka_restore {
        const struct kafka_bus *bus;
        const char *topic, *plain;
        const struct bus_part *parts;
        const int64_t *marks;
        size_t n;
        const struct bus_restore *callbacks;
        int (*turn)(void *ctx, struct error *err);
        void *ctx;
};
int kafka_restore(const struct kafka_restore *r, struct error *err) MUSTCHECK;
