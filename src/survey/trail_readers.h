/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Who reads inboxes and outboxes, and how far they are: asked of the broker, for trails
 *
 * A value that can be given to many trails. Joins no group and changes nothing.
 */

#include "model/config.h"
#include "survey/trail.h"

struct kafka_config;

struct trail_readers;

struct trail_readers_source {
        const struct config *config;
        struct bus *bus;
        const struct kafka_config *kafka; /* of whoever can be asked for groups */
        instant_t now;
        /* Whether anything waits behind @next of an inbox, so that it matters why a connector does not run. */
        bool (*waits)(void *ctx, const struct organisation *inbox, int32_t partition, int64_t next);
        void *ctx;
        const atomic_bool *enough; /* NULL; or once it is true, asking for groups ends with -ECANCELED: for a stop */
};

/* Return: 0; -ENOMEM; other negative errno with a sentence (also: the embedded broker, which does not know its groups). */
int trail_readers_read(const struct trail_readers_source *source, struct trail_readers **ret, struct error *err) MUSTCHECK;
struct trail_readers *trail_readers_free(struct trail_readers *readers); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct trail_readers *, trail_readers_free);

/* Gives a trail all of them that read what was taken in; they are known then. Return: 0 or -ENOMEM. */
int trail_readers_give(const struct trail_readers *readers, struct trail *trail) MUSTCHECK;
