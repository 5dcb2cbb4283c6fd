/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Where the demonstration takes place: the embedded broker, or a real one
 *
 * Topics and the bus to them. The embedded broker is the demonstration's own and goes with it, so its names carry no prefix. On a real one every topic,
 * group and transactional id begins with demo-<process>., is made at the start and deleted at the end.
 */

#include "bus/admin.h"
#include "bus/kafka.h"
#include "bus/mock.h"
#include "bus/watchdog.h"
#include "cluster/broker_config.h"
#include "cluster/topics.h"
#include "model/config.h"

#define PLACE_PREFIX_MAX 32
#define PLACE_LOOK_MS 50     /* between two looks whether the broker still shows what it deleted */
#define PLACE_LOOKS_MAX 2400 /* two minutes: a broker that is busy deletes late */

struct place_config {
        const struct config *config;
        const struct broker_config *broker; /* as configured; of a cluster that is nobody's business when embedded */
        const char *bootstrap;     /* NULL: embedded */
        int process;               /* its number, for the prefix */
        const struct log *log;     /* may be NULL */
        const char *const *groups; /* without prefix: those to delete at the end */
        size_t n_groups;
        bool (*stopped)(void *ctx); /* asked while topics are made */
        void (*pause)(void *ctx, int ms); /* waits */
        void *ctx;
};

struct place {
        struct place_config c;
        struct broker_config broker; /* with the prefix and the properties of this place */
        struct arena *arena;
        struct topics topics;
        struct mock *mock;
        struct admin *admin;
        size_t made; /* topics on the real broker */
        struct watchdog *watchdog;
        struct kafka_config kafka; /* of the bus, as are the broker's settings: for who makes handles of their own; after place_open() */
        struct bus *bus;           /* after place_open() */
        char prefix[PLACE_PREFIX_MAX], bootstrap[256];
};

enum {
        PLACE_E_STOPPED = 1,
        PLACE_E_PROPERTIES, /* of broker.yaml: librdkafka does not take them; with a sentence */
};

/*
 * Makes the topics, and the bus, with a watchdog over calls that hang. Call place_close() afterwards, whatever came.
 * Return: 0; PLACE_E_…; negative errno with a sentence.
 */
int place_open(struct place *place, const struct place_config *config, struct error *err) MUSTCHECK;

/*
 * Closes the bus, of which no handle is left, and deletes what was made on a real broker, all of it if it can. Zeroed memory is fine.
 * Return: 0; negative errno with the first reason.
 */
int place_close(struct place *place, struct error *err) MUSTCHECK;
