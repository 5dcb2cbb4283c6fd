/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The embedded broker: librdkafka's mock cluster
 *
 * Good for a demonstration and for quick tests, not for claims: it keeps 5 MiB a partition, forgets
 * offsets that are committed in transactions, aborts nothing and fences nobody. It lives as long as
 * this object; other processes on this machine can connect to it.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct mock;

struct mock_topic {
        const char *name; /* as on the wire: with the prefix */
        int32_t partitions;
};

/* Starts a cluster of so many brokers (1 but for tests of what moves between them) with these topics. Return: 0 or negative errno with a sentence. */
int mock_new(int brokers, const struct mock_topic *topics, size_t n, struct mock **ret, struct error *err) MUSTCHECK;
struct mock *mock_free(struct mock *m); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct mock *, mock_free);

/* HOST:PORT,… of its brokers, borrowed. */
const char *mock_bootstrap(const struct mock *m);

/* For tests that make its answers go wrong: the cluster of <librdkafka/rdkafka_mock.h>. */
struct rd_kafka_mock_cluster_s *mock_cluster(const struct mock *m);
