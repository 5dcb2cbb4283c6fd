/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * config/broker.yaml: how to reach the broker, and the figures of its topics
 *
 *   bootstrap: 127.0.0.1:9092         # HOST:PORT,…; --bootstrap and KETENWACHT_BOOTSTRAP go before it
 *   prefix: ""                        # before every topic, group and transactional id
 *   partitions: 6                     # of event topics, plan-due, escalation-*, case-state; never changed later
 *   replication: 1
 *   min_insync: 1                     # min.insync.replicas; default: replication - 1, at least 1
 *   retention: 2 years                # of a case that is over: N days, weeks, months or years
 *   retention_days: {events: 30, plan-due: 90, escalations: 90, inbox: 90, outbox: 30, dead-letters: 365, deliveries: 365, audit: 1826}
 *   behind_after: 10 seconds          # N seconds, minutes or hours
 *   acls:                             # absent: `topics` leaves rights alone
 *     worker: User:ketenwacht-rules
 *     connectors: User:ketenwacht-connect
 *     admission: User:ketenwacht-admission # may be absent: then it is given no rights
 *     operators: User:ketenwacht-operators
 *     organisations: "User:{id}"      # the principal of an organisation with a Kafka client of its own
 *   kafka: {security.protocol: ssl}   # any property of librdkafka
 *   registry: {url: https://…}        # a schema registry: cluster/registry_config.h
 *
 * All keys may be absent, and so may the file. Every mistake is told with file, line, column and the nearest known word.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/mistakes.h"
#include "bus/kafka.h"
#include "cluster/registry_config.h"

#define BROKER_PARTITIONS_DEFAULT 6
#define BROKER_BEHIND_AFTER_MS_DEFAULT 10000
#define BROKER_PROPERTIES_MAX 200

enum broker_unit { BROKER_DAYS, BROKER_WEEKS, BROKER_MONTHS, BROKER_YEARS };

enum broker_kept { BROKER_KEPT_EVENTS, BROKER_KEPT_PLAN_DUE, BROKER_KEPT_ESCALATIONS, BROKER_KEPT_INBOX, BROKER_KEPT_OUTBOX,
                   BROKER_KEPT_DEAD_LETTERS, BROKER_KEPT_DELIVERIES, BROKER_KEPT_AUDIT, BROKER_KEPT_KINDS };

struct broker_acls {
        bool wanted;
        const char *worker, *connectors, *operators;
        const char *admission;     /* NULL: nobody */
        const char *organisations; /* with {id} in it */
};

struct broker_config {
        const char *bootstrap; /* NULL: not configured */
        const char *prefix;    /* "" when none */
        int32_t partitions;
        bool partitions_said;  /* false: the default, which gives way to what event topics have already */
        int16_t replication, min_insync;
        int32_t kept_days[BROKER_KEPT_KINDS];
        struct {
                int32_t n;
                enum broker_unit unit;
        } retention; /* of a case that is over */
        int64_t behind_after_ms;
        struct broker_acls acls;
        const struct kafka_property *properties;
        size_t properties_n;
        struct registry_config registry;
};

/* The defaults, without a file. */
void broker_config_default(struct broker_config *ret);

/*
 * Reads @path. A file that is not there gives the defaults. All text lives in @arena.
 * Return: 0; -EINVAL when there were mistakes; other negative errno.
 */
int broker_config_read(const char *path, struct arena *arena, struct broker_config *ret, struct mistakes *mistakes) MUSTCHECK;

/* The same from text, called @name in messages. */
int broker_config_parse(const char *name, const char *text, size_t n, struct arena *arena, struct broker_config *ret,
                        struct mistakes *mistakes) MUSTCHECK;

/* Fills what kafka_bus_new() takes; @bootstrap (from the command line or the environment) goes before the file's when not NULL. */
void broker_config_kafka(const struct broker_config *config, const char *bootstrap, struct kafka_config *ret);
