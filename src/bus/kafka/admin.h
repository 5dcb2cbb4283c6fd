/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the administrator's files share; not for other folders
 */

#include "base/arena.h"
#include "bus/admin.h"
#include "bus/kafka/parts.h"

#define ADMIN_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of one listing */

struct admin {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus *bus;
        bool has_controller;
        struct arena *listing, *settings, *acls;
};

/* What a code of the broker means: 0, ADMIN_E_ or negative errno, with a sentence. */
int admin_outcome(struct admin *a, const char *call, rd_kafka_resp_err_t code, const char *text, struct error *err);

/* Sends one request and waits for its answer, which the caller destroys. */
int admin_request(struct admin *a, const char *call, void (*send)(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args),
                  void *args, rd_kafka_event_t **ret, struct error *err) MUSTCHECK;
