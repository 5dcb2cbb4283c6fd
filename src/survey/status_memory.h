/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What stays from one reading of how the chain stands to the next
 *
 * A process that lives asks every few seconds. So the handles stay open, what waits is read once (bus/standing.h), and of dead-letters,
 * connector-orders and deliveries only what came is read. By one thread.
 */

#include <stdatomic.h>

#include "bus/bus.h"
#include "bus/kafka.h"
#include "bus/logs.h"
#include "bus/standing.h"
#include "model/config.h"
#include "survey/status.h"

#define STATUS_CODES_MAX 64        /* of dead letters, per day; others are counted under STATUS_CODE_OTHERS */
#define STATUS_CODE_OTHERS "OTHERS"
#define STATUS_CONNECTORS_MAX 20000

struct status_memory;

struct status_memory_config {
        const struct config *config;
        const struct kafka_config *kafka; /* the same broker as @bus */
        struct bus *bus;
        const atomic_bool *enough; /* NULL; or once it is true, what waits for the broker ends with -ECANCELED */
};

/* Reaches nothing yet. What @config points to must outlive it. Return: 0; negative errno with a sentence. */
int status_memory_new(const struct status_memory_config *config, struct status_memory **ret, struct error *err) MUSTCHECK;
struct status_memory *status_memory_free(struct status_memory *m); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct status_memory *, status_memory_free);

/* What was last found; borrowed until the next reading. NULL, 0: nothing yet. */
const struct standing_group *status_memory_groups(const struct status_memory *m, size_t *ret_n);
const struct logs_view *status_memory_view(const struct status_memory *m);
/* To ask more of the logs that were seen last: bus/logs.h. */
struct logs *status_memory_logs(struct status_memory *m);

/* -- For survey/status_read.c: each waits for the broker. Return: 0; negative errno with a sentence -- */

/* Topics, groups and logs as they are now. @any: also of a broker that cannot be asked for groups (*ret_groups NULL): the embedded one. */
int status_memory_look(struct status_memory *m, bool any, struct standing **ret, struct standing_group **ret_groups, size_t *ret_n, struct error *err)
        MUSTCHECK;

/* Dead letters by code, since a date; by name, in @arena. */
int status_memory_letters(struct status_memory *m, day_t since, struct arena *arena, const struct status_count **ret, size_t *ret_n, struct error *err)
        MUSTCHECK;

/* Which connectors are paused, in @arena. */
int status_memory_pauses(struct status_memory *m, struct arena *arena, const struct status_pause **ret, size_t *ret_n, struct error *err) MUSTCHECK;

/*
 * Takes in what came on deliveries; then status_memory_stop() says whether what one connector delivers to an organisation is stopped, *ret_on, and
 * since when. .connector is the name as orders for that inbox alone have it. Both are copied.
 */
int status_memory_deliveries(struct status_memory *m, instant_t now, struct error *err) MUSTCHECK;
int status_memory_stop(struct status_memory *m, const char *connector, const char *organisation, instant_t now, struct status_stop *ret, bool *ret_on,
                       struct error *err) MUSTCHECK;
