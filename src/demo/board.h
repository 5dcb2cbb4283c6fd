/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What has been told so far, counted, and how it is shown
 *
 * Alerts raised, resolved and open by organisation, and how much of everything else; as a table that is
 * drawn over itself on a terminal, as one line of progress where that cannot be, and as the summary
 * at the end. Pure: whoever reads the topics counts, whoever shows asks for text. Any thread may count.
 */

#include <pthread.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "calendar/date.h"
#include "model/event.h"

#define BOARD_ROWS_MAX 14 /* organisations in the table; the others are added up in one more row */

struct board_row { /* of one organisation */
        int64_t raised, resolved;
};

struct board_counts {
        int64_t announced, reminded, raised, resolved;
        int64_t receiver_inbox; /* records in the inbox that is delivered over HTTP */
        int64_t dead; /* dead letters */
};

struct board {
        pthread_mutex_t lock;
        const struct organisations *orgs;
        struct board_row *rows; /* by organisation.index */
        size_t n;
        struct board_counts counts;
};

/* Return: 0 or -ENOMEM. */
int board_init(struct board *board, const struct organisations *orgs) MUSTCHECK;
void board_done(struct board *board); /* zeroed memory is fine */

/* Counts one record of plan-due, escalation-raised or escalation-resolved; other types are no matter. */
void board_event(struct board *board, const struct event *event);

/* The rest of what is counted. */
enum board_count { BOARD_RECEIVER_INBOX, BOARD_DEAD };
void board_count(struct board *board, enum board_count what);

/* A copy of the counts. */
struct board_counts board_counts(struct board *board);

/* What one organisation was alerted to. */
struct board_row board_row(struct board *board, const struct organisation *organisation);

/* What stands beside the counts while it runs. */
struct board_now {
        instant_t clock;
        size_t posted, events;  /* so far, and in all */
        int64_t facts, waiting; /* accepted; posted and not yet processed */
        const char *receiver;   /* organisation, and what was delivered to it */
        int64_t delivered;
};

/* The table, each cleared to its end as terminals understand it when @tty. Appends; *ret_lines: how many. */
void board_table(struct board *board, const struct board_now *now, bool tty, struct buffer *out, unsigned *ret_lines);

/* One line of progress with its end. */
void board_line(struct board *board, const struct board_now *now, struct buffer *out);

/* The alerts by organisation alone, for the summary: municipalities first, then the others, each by id. */
void board_alerts(struct board *board, struct buffer *out);

/* {"gm0014":{"raised":…,"resolved":…,"open":…},…} into an open object. */
void board_alerts_json(struct board *board, struct json_writer *w);
