/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What all directions of the runtime share: the connector, its producer, room for one record, and metrics
 *
 * Events in stand in connect/inward.h, records out in connect/outward.h, records through in connect/passage.h; the runtime (connect/runtime.h)
 * makes one of them turn. All of it belongs to one thread.
 */

#include "base/arena.h"
#include "base/buffer.h"
#include "connect/runtime.h"

#define CORE_ARENA_MAX ((size_t)16 * 1024 * 1024)
#define CORE_RECORD_MAX ((size_t)2 * 1024 * 1024)

enum core_transaction { CORE_COMMITTED, CORE_ABORTED };

struct core {
        struct runtime_config config;
        const struct connector_ops *ops;
        void *ctx; /* the connector's own */
        struct connector_env env;
        struct bus_producer *producer; /* NULL before it is open */
        struct arena *arena; /* of one delivery or one submission */
        struct buffer bytes; /* the same */
        struct {
                struct metric *submitted, *tries, *outcomes, *waiting, *oldest, *braked, *blocked, *passed, *paused;
                struct metric *passed_on, *refused, *transactions; /* THROUGH */
        } metrics;
        bool paused;         /* by an operator, as it was seen between two turns: nothing new is taken or delivered */
        instant_t paused_since;
        int64_t complain_at; /* not before this again */
        int64_t renew_at;    /* the same: looks whether secrets have changed */
        int failure;         /* found where none can be returned: ends the next turn */
        struct error failed;
};

static inline int64_t core_now(const struct core *c) {
        return clock_monotonic(&c->config.clock);
}

/*
 * How a connector is named in the log, or an inbox of it when it delivers several: "name/organisation", as ORDER_SEPARATOR (connect/orders.h) joins them.
 * @organisation NULL: the connector itself. Returns @ret.
 */
#define CORE_LABEL_MAX 512
const char *core_label(const struct core *c, const struct organisation *organisation, char ret[CORE_LABEL_MAX]);

/*
 * Fills @c for a connector and opens its producer, whose reports go to @settled with @ctx (through: passage_open() does). Return: 0; -EINVAL: a metric is there
 * already; -ENOMEM; other negative errno: the broker. core_done() is due in any case.
 */
int core_open(struct core *c, const struct runtime_config *config, void (*settled)(void *ctx, const struct bus_report *report), void *ctx,
              struct error *err) MUSTCHECK;
void core_done(struct core *c); /* the producer is closed before: core_close() */

/* Closes the producer: what is open is reported. No effect the second time. */
void core_close(struct core *c);

/* Logs that the broker did not take a record, at most once a second. */
void core_complain(struct core *c, const struct bus_report *report);

/* Reads secrets again whose files have changed, those of the connector and of its targets; looks at most once a second. Between two turns. */
void core_renew(struct core *c);

/* Remembers why the runtime cannot go on; the first reason stays. */
void core_fail(struct core *c, int error, const struct error *err);

/* 0, or what core_fail() was told, with its sentence. */
int core_failed(const struct core *c, struct error *err) MUSTCHECK;
