/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One handle of librdkafka
 *
 * Its properties by role, its log, and its errors as sentences with the negative errno that fits. Everything on Kafka is made of
 * these. A handle belongs to the thread that opened it; librdkafka's own threads only write its log.
 */

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "bus/bus.h"
#include "bus/kafka.h"
#include "bus/kafka/handles.h"

#define KAFKA_TROUBLE_MAX 256
#define KAFKA_TURN_MS 200  /* one wait inside a call that is repeated until its deadline */
#define KAFKA_RETRY_MS 20  /* between two tries of a call that may be retried */
#define KAFKA_LOOK_MS 1000 /* a look now and then at where logs end: what does not come now is asked for again later */
#define KAFKA_RESTORE_AHEAD 50000 /* rows of state that are fetched and not yet applied */

/* The cluster: what all handles on it have in common. Made by kafka_bus_new(). */
struct kafka_bus {
        struct bus bus; /* first: kafka_bus_of() */
        char *bootstrap, *prefix, *client_id;
        struct kafka_property *properties;
        size_t properties_n;
        bool embedded;
        bool debug; /* the property: what librdkafka does goes to the log */
        struct clock clock;
        const struct log *log;
        struct kafka_complaint complaint;
        struct watchdog *watchdog;
};

static inline struct kafka_bus *kafka_bus_of(struct bus *b) {
        return (struct kafka_bus *)b;
}

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
        const atomic_bool *enough;       /* NULL, or once it is true nobody waits for the broker any more */
};

struct kafka_client_options {
        enum kafka_role role;
        const char *group, *instance, *transactional_id; /* with prefix; NULL: none */
        bool eof;
        void (*rebalance)(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque);
        void (*delivered)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
        bool report_errors_only;
        bool sparing; /* as in struct bus_reader_config */
        void *opaque; /* begins with a struct kafka_client: librdkafka's callbacks find it there */
};

/* Makes the handle. @c is the first member of options->opaque. Return: 0; -EINVAL, -ENOMEM with a sentence. */
int kafka_client_open(struct kafka_client *c, const struct kafka_bus *bus, const struct kafka_client_options *options,
                      struct error *err) MUSTCHECK;

/* Waits until the handle is gone; nothing open: no effect. */
void kafka_client_close(struct kafka_client *c);

/* Writes the sentence of a failed call; returns the negative errno that fits @code. @text may be NULL. */
int kafka_failed(const struct kafka_client *c, const char *call, rd_kafka_resp_err_t code, const char *text, struct error *err);

/* The same for an error object, which it destroys. */
int kafka_failed_error(const struct kafka_client *c, const char *call, rd_kafka_error_t *error, struct error *err);

/*
 * Whether nobody answered, which may pass: connections come and go, and librdkafka 2.15 says at once that all are down where 2.0.2 waited out the call.
 */
bool kafka_is_away(rd_kafka_resp_err_t code);

/* Whether nobody waits for the broker any more: then with a sentence, and the caller returns -ECANCELED. */
bool kafka_is_enough(const struct kafka_client *c, const char *call, struct error *err);

/* Whether the broker is librdkafka's mock cluster, which knows less than others; false when it does not answer. */
bool kafka_is_embedded(const struct kafka_client *c);

/* 0, or the fatal error that librdkafka has raised on this handle. */
int kafka_client_fatal(const struct kafka_client *c, struct error *err);

/* Whether to try once more: @until on the bus's monotonic clock. Sleeps a little; false when it is over. */
bool kafka_again(const struct kafka_bus *bus, int64_t until);
