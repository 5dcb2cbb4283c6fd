/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Open alerts: /meldingen, /api/alerts
 *
 * In the order in which they were raised, the oldest first; filters stand in the address. Who may see no case gets how many there are of each
 * organisation, norm and rung, and whoever asks for it (?show=counts). An organisation gets those that it has. Where lines go to programs, or into a
 * file, EXPORT stands in audit first.
 */

#include "base/arena.h"
#include "console/exchange.h"

/* -- The list, also for the feed -- */

struct alerts_row { /* texts live in the arena of the list, or in the configuration */
        struct replica_alert alert;
        const char *organisation_id, *protocol, *norm, *instance, *role;
        const char *title;         /* of the norm; NULL: it is not configured any more */
        instant_t acknowledged;    /* until then; 0: it is not */
};

#define ALERTS_ROWS_MAX EXCHANGE_LIMIT_MAX
#define ALERTS_CASES_AT_ONCE 20 /* that are judged while the replica's lock is held: half a millisecond */

struct alerts_list {
        struct arena *arena;
        struct alerts_row *rows;
        size_t n, limit;
        size_t matched; /* of the whole filter */
        bool more, failed;
};

/* Open alerts that pass, behind @after (NULL: from the first), @limit at most. Return: 0 or -ENOMEM; in both cases alerts_list_done() is due. */
int alerts_list_read(struct alerts_list *ret, const struct console *console, const struct replica_alerts_filter *filter, const struct replica_alert *after,
                     size_t limit) MUSTCHECK;
void alerts_list_done(struct alerts_list *list);

/* What people call a norm: by the first version of its protocol that has it. NULL: none has (any more). */
const char *alerts_norm_title(const struct config *config, struct text protocol, struct text norm);

/* One as a JSON object, with the names of escalation-raised and of a case. */
void alerts_row_put(struct json_writer *w, const struct alerts_row *row);

/* The page, its twin, or CSV. */
void page_alerts(struct exchange *x);
