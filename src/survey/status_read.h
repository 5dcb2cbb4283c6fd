/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reads how the chain stands from the broker
 *
 * Asks for groups and offsets (bus/standing.h), reads what waits, case-state, and what was refused since yesterday. Joins no group and
 * changes nothing.
 */

#include "model/config.h"
#include "bus/bus.h"
#include "bus/kafka.h"
#include "survey/status.h"
#include "survey/status_memory.h"
#include "worker/live.h"

#define STATUS_BYTES_MAX ((size_t)256 << 20) /* enough of an arena: a row for each alert that ever was, and all of the rest */

/* What somebody who follows case-state knows of it. */
struct status_known {
        const struct status_count *alerts; /* by name */
        size_t alerts_n;
        const int64_t *versions;
        const struct status_imprint *imprints; /* [versions_n], or NULL */
        size_t versions_n;
};

struct status_source {
        const struct config *config;
        const struct kafka_config *kafka; /* the same broker as @bus */
        struct bus *bus;
        instant_t at;                     /* the present */
        const struct live_watch *watch;   /* who waits while case-state is read; or NULL */
        struct status_memory *memory;     /* of the same broker, for who asks again and again: it has all groups then, each measured whole; or NULL */
        const struct status_known *known; /* then case-state is not read, and @ret borrows this; or NULL */
};

/* Memory in @arena. Return: 0; negative errno with a sentence: the broker is away, is the embedded one, or has what cannot be read. */
int status_read(const struct status_source *source, struct arena *arena, struct status_whole *ret, struct error *err) MUSTCHECK;
