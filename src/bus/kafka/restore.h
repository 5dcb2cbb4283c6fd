/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading a state topic to its end, many partitions at once, by a handle of its own
 */

#include "bus/kafka/client.h"

#define KAFKA_WAIT_SAY_MS 1000   /* a restore that waits for others so long says so … */
#define KAFKA_WAIT_AGAIN_MS 5000 /* … and again so often */

/* Says in the log what a restore waits for: not at once, and not too often. Zeros: not begun. */
struct kafka_wait {
        int64_t since, said; /* monotonic */
};
void kafka_wait_say(struct kafka_wait *wait, const struct kafka_bus *bus, const char *what, int32_t partition);

struct kafka_restore {
        const struct kafka_bus *bus;
        const char *topic, *plain;     /* with prefix and without */
        const struct bus_part *parts;  /* [n] */
        const int64_t *marks;          /* [n]: each is read to here or beyond */
        size_t n;
        const struct bus_restore *callbacks;
        int (*turn)(void *ctx, struct error *err); /* called a few times a second; not 0 ends the restore */
        void *ctx;
};

/* Reads the committed rows of the partitions, from the beginning to their marks. Return: 0; what a callback returned; negative errno. */
int kafka_restore(const struct kafka_restore *r, struct error *err) MUSTCHECK;
