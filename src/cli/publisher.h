/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Events from a file onto the broker: what `publish` does, apart from its arguments
 *
 * Each line, or datum of a container file, is checked as replay checks it, encoded, and produced under its key to the topic of its
 * event, or to an organisation's outbox. Nothing counts as published that the broker has not
 * acknowledged. An event may be published again: the worker knows it by its event_id.
 */

#include <stdint.h>
#include <stdio.h>

#include "bus/bus.h"
#include "model/config.h"

#define PUBLISHER_IN_FLIGHT_MAX 10000 /* records without an acknowledgement */
#define PUBLISHER_PROGRESS_LINES 500  /* lines between two calls of progress */

struct publisher_result {
        uint64_t lines, published, rejected; /* lines: or data, of a container */
        uint64_t open;    /* refused by the broker, or never acknowledged */
        uint64_t foreign; /* with .as: published, of another source; admission will refuse them */
};

struct publisher {
        struct bus *bus;
        const struct event_types *types;
        const struct organisations *organisations;
        const struct organisation *as; /* NULL: the event topics themselves */
        FILE *in;                      /* borrowed */
        const char *name;              /* of the file, in sentences */
        void (*rejected)(void *ctx, uint64_t number, enum refusal refusal, const char *field, const struct error *err);
        void (*progress)(void *ctx, const struct publisher_result *so_far); /* may be NULL */
        void *ctx;
};

/*
 * Publishes every line of p->in. The first failure of the broker ends the reading; *ret is
 * filled in any case. Return: 0; -EBADMSG with a sentence: the file is a container that is damaged or holds no events; other negative errno with a
 * sentence (broker, stream, memory).
 */
int publisher_run(const struct publisher *p, struct publisher_result *ret, struct error *err) MUSTCHECK;
