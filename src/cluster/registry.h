/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A schema registry as it is read from: what the id in a record stands for
 *
 * An id is asked for once and known from then on: in memory, and on disk for the next process. What is served is the writer's schema and
 * nothing else: it is compiled to a program that reads into the layout of our own file, and is never taken for that. While the registry is
 * away, ids that are known go on; one that is new is SCHEMA_IDS_E_WAIT at once, until the registry is asked again, after a back-off that
 * all ids share. So a call takes REGISTRY_FIND_MS at most, and seldom anything at all.
 *
 * Any thread may find; the rest is for the thread that made it.
 */

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cluster/registry_client.h"
#include "model/event_types.h"

#define REGISTRY_IDS_MAX 4096          /* ids that one process knows; a further one is refused */
#define REGISTRY_AGAIN_MS 1000         /* back-off: the first … */
#define REGISTRY_AGAIN_MAX_MS 30000    /* … doubled to this */
#define REGISTRY_UNKNOWN_MS 10000      /* an id that the registry does not have is not asked for again within this … */
#define REGISTRY_UNKNOWN_MAX 64        /* … of the latest so many */
#define REGISTRY_REASON_MAX 512
#define REGISTRY_FIND_MS (3 * REGISTRY_CALL_MS + 2000) /* a call of find, waiting for another process included */

struct registry;

struct registry_options {
        const struct registry_config *config;          /* borrowed; with a url */
        const char *(*environment)(const char *name);  /* or NULL */
        const char *cache;                             /* a folder, when the configuration names none; NULL: memory only; copied */
        const struct event_types *types;               /* borrowed */
        struct clock clock;
        const struct log *log;                         /* or NULL */
        struct metrics *metrics;                       /* or NULL */
};

/* Asks nothing yet. Return: 0; -EINVAL with a sentence (the secret); -ENOSPC with one (metrics); -ENOMEM. */
int registry_new(const struct registry_options *options, struct registry **ret, struct error *err) MUSTCHECK;
struct registry *registry_free(struct registry *registry); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct registry *, registry_free);

/* For event_types_ask(); lives as long as the registry. */
struct schema_ids *registry_ids(struct registry *registry);

/*
 * Frames the events of all types by the ids that our schemas have there: of what was kept, else of what the registry says; @types are those of the
 * options. Return: 0; -EINVAL with a sentence: one is not registered, or is another one there; -EIO with one: it cannot be asked; -ENOMEM.
 */
int registry_frame(struct registry *registry, const char *prefix, struct event_types *types, struct error *err) MUSTCHECK;

/* For who registers (cluster/registry_subjects.h). */
struct registry_client *registry_client_of(struct registry *registry);

/* Whether the registry could not say what it was asked last; then why, and since when. From any thread. */
bool registry_is_away(struct registry *registry, char ret_reason[REGISTRY_REASON_MAX], instant_t *ret_since);
