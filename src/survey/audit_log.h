/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* What stands in `audit`, for commands and pages: chosen, and written as JSON or as a line for a person. */

#include "base/json.h"
#include "bus/bus.h"
#include "cluster/audit.h"

struct audit_filter { /* zeroed: everything */
        const char *user, *action;  /* NULL: any */
        const char *object;         /* a case_id, or other part of what it was about; NULL: any */
        const char *organisation;   /* only people of it; NULL: any */
        instant_t from, until;      /* from the one to before the other; 0: open */
};

/* Whether a record passes. */
bool audit_filter_passes(const struct audit_filter *filter, const struct audit_record *record);

/* As one object, with the names of schemas/audit.avsc. */
void audit_record_put(const struct audit_record *record, struct json_writer *w);

/* As a line: instant, user, action, object, and behind them what else there is. */
void audit_record_say(const struct audit_record *record, struct buffer *out);

/* Hands over all that stands there and passes, the oldest first. @take: not 0 ends it with that. Records are lent for the call. */
struct audit_log_reading {
        struct bus *bus;
        const struct event_types *types;
        const struct audit_filter *filter;
        int (*take)(void *ctx, const struct audit_record *record, int64_t offset, struct error *err);
        void *ctx;
};

/* Return: 0; what take returned; -ENOENT: the topic is not there; other negative errno, with a sentence. */
int audit_log_read(const struct audit_log_reading *reading, struct error *err) MUSTCHECK;
