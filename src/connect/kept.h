/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a connector remembers: its rows of TOPIC_CONNECTOR_KEYS, read back
 *
 * Written by runtime_keep(), compacted by the broker: the latest row of a key counts. Rows of all connectors stand in the topic, each behind the
 * connector's name; a reader hands over those of one, from the beginning and then as they come, so that a restart needs no disk and a second
 * process of the same name knows what the first has written.
 */

#include "base/buffer.h"
#include "base/text.h"
#include "bus/bus.h"

#define KEPT_SEPARATOR "|" /* between the connector's name and the key; no name has it */

/* A row; @value empty: it is forgotten. Borrowed for the call. Return: 0; negative errno, with which the reading ends. */
typedef int kept_take(void *ctx, struct text key, struct text value, struct error *err);

struct kept {
        struct bus_reader *reader;
        const char *connector; /* borrowed */
        kept_take *take;
        void *ctx;
};

/* Begins to read the rows of @connector. Return: 0; -ENOENT: the topic is not there; other negative errno, with a sentence. */
int kept_open(struct kept *k, struct bus *bus, const char *connector, kept_take *take, void *ctx, struct error *err) MUSTCHECK;

/* Hands over what is there, waiting at most @timeout_ms. *ret_all: everything that stood there at opening was handed over. Return: 0 or negative errno. */
int kept_read(struct kept *k, int timeout_ms, bool *ret_all, struct error *err) MUSTCHECK;

/*
 * A row as it is produced: @bytes becomes its key; an empty @value forgets it. Borrows @bytes and @value. Return: 0 or -ENOMEM.
 */
int kept_record(struct buffer *bytes, const char *connector, struct text key, struct text value, struct bus_record *ret) MUSTCHECK;

void kept_close(struct kept *k); /* no effect on zeros, and the second time */
