/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The latest records of `audit`, in memory: for lists that are asked for again and again
 *
 * Follows the topic on a thread of its own, without a group, and keeps the latest AUDIT_INDEX_MAX; older ones are found in the topic (survey/audit_log.h).
 * When the broker fails it keeps what it knows and goes on by itself. From any thread; what a visitor gets is lent for the call, with the index locked.
 */

#include "base/error.h"
#include "survey/audit_log.h"

#define AUDIT_INDEX_MAX 20000 /* records; a few hundred bytes each */

struct audit_index;

struct audit_index_config { /* borrowed */
        struct bus *bus;
        const struct event_types *types;
};

/* Return: 0; -EINVAL (no schema of audit), -EAGAIN with a sentence; -ENOMEM. */
int audit_index_new(const struct audit_index_config *config, struct audit_index **ret, struct error *err) MUSTCHECK;
struct audit_index *audit_index_free(struct audit_index *index); /* also while the broker does not answer; NULL ok; returns NULL */
DEFINE_CLEANUP(struct audit_index *, audit_index_free);

struct audit_index_seen {
        bool ready;        /* all that stood there when it began has been read */
        bool more;         /* more of them pass than were asked for */
        bool older;        /* older ones stand in the topic that are not in the index … */
        instant_t oldest;  /* … than this; 0: nothing is in it */
};

/* Those that pass, the latest first, before the place @before (an offset; INT64_MAX: from the last), @limit of them at most. */
void audit_index_each(struct audit_index *index, const struct audit_filter *filter, int64_t before, size_t limit,
                      void (*see)(void *ctx, const struct audit_record *record, int64_t offset), void *ctx, struct audit_index_seen *ret);

/*
 * The same from the topic itself, read to its end, for what is too old for the index: a second for each few 100,000 records. One at a time.
 * Return: 0; -EBUSY: another one is being read; other negative errno, with a sentence.
 */
int audit_index_read(struct audit_index *index, const struct audit_filter *filter, int64_t before, size_t limit,
                     void (*see)(void *ctx, const struct audit_record *record, int64_t offset), void *ctx, struct audit_index_seen *ret,
                     struct error *err) MUSTCHECK;
