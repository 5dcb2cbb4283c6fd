/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The Kafka cluster as a bus, by librdkafka
 *
 * Checked against librdkafka 2.0.2; what is known to go wrong in it stands where we walk around it
 * (bus/kafka/). Also serves librdkafka's own mock cluster (bus/mock.h).
 */

#include "base/clock.h"
#include "base/language.h"
#include "base/log.h"
#include "bus/bus.h"
#include "bus/watchdog.h"

/* A property of librdkafka, from config/broker.yaml. */
struct kafka_property {
        const char *name, *value;
};

/*
 * Hears why a connection to a broker failed, in librdkafka's words, each time that it tells: for whoever has no log and would only learn it when a call has
 * waited in vain. Called by any thread of librdkafka, which goes on trying.
 */
struct kafka_complaint {
        void (*say)(void *ctx, const char *text); /* NULL: nobody wants to hear it */
        void *ctx;
};

struct kafka_config {
        const char *bootstrap; /* HOST:PORT,… */
        const char *prefix;    /* before every topic, group and transactional id; NULL or "": none */
        const struct kafka_property *properties; /* go over ours, but for those that kafka_property_refused() names */
        size_t properties_n;
        bool embedded;         /* the broker is librdkafka's own, in this process: what it keeps of transactions has no checksums */
        const char *client_id; /* how the broker's logs call this process; NULL: ketenwacht */
        struct clock clock;
        const struct log *log;     /* may be NULL */
        struct watchdog *watchdog; /* ends the process when a call hangs; NULL: none */
        struct kafka_complaint complaint;
};

/* Copies @config. Reaches nothing yet. Return: 0; -EINVAL with a sentence (a property librdkafka does not take); -ENOMEM. */
int kafka_bus_new(const struct kafka_config *config, struct bus **ret, struct error *err) MUSTCHECK;

/* Whether the properties ask librdkafka to say what it does (debug). */
bool kafka_config_debugs(const struct kafka_config *config);

/*
 * Why a property may not be set in config/broker.yaml: NULL when it may; else a phrase such as
 * "decides what is exactly once". For the checker.
 */
const char *kafka_property_refused(const char *name, enum language language);

/* Whether librdkafka takes @name = @value, for the checker: 0, or -EINVAL with its own reason in @err. */
int kafka_property_check(const char *name, const char *value, enum language language, struct error *err) MUSTCHECK;
