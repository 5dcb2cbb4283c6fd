/* SPDX-License-Identifier: EUPL-1.2 */

/* Counting what was told, and showing it. */

#include "demo/board.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

int board_init(struct board *board, const struct organisations *orgs) {
        *board = (struct board){.orgs = orgs, .n = organisations_count(orgs)};
        if (pthread_mutex_init(&board->lock, NULL))
                return -ENOMEM;
        board->rows = calloc(board->n + 1, sizeof(*board->rows));
        return board->rows ? 0 : -ENOMEM;
}

void board_done(struct board *board) {
        if (!board->orgs)
                return;
        free(board->rows);
        (void) pthread_mutex_destroy(&board->lock); /* nobody holds it any more */
        *board = (struct board){0};
}

/* -- Counting -- */

static void board_lock(struct board *board) {
        (void) pthread_mutex_lock(&board->lock); /* a plain mutex: cannot fail */
}

static void board_unlock(struct board *board) {
        (void) pthread_mutex_unlock(&board->lock);
}

static struct board_row *board_row_for(struct board *board, const struct event *event) {
        int slot = event->type->fields[FIELD_ORGANISATION];
        const struct organisation *org = NULL;

        if (slot >= 0 && event->slots[slot].kind == SLOT_STRING)
                org = organisations_find(board->orgs, event->slots[slot].s);
        return &board->rows[org ? org->index : board->n];
}

static bool board_is_reminder(const struct event *event) {
        const struct layout *layout = event->type->layout;

        for (size_t i = 0; i < layout->n; i++) {
                if (strcmp(layout->fields[i].name, "stage") == 0)
                        return event->slots[i].i == layout_symbol(&layout->fields[i], text_of("REMINDER"));
        }
        return false;
}

void board_event(struct board *board, const struct event *event) {
        board_lock(board);
        switch (event->type->known) {
        case TYPE_PLAN_DUE:
                if (board_is_reminder(event))
                        board->counts.reminded++;
                else
                        board->counts.announced++;
                break;
        case TYPE_ESCALATION_RAISED:
                board->counts.raised++;
                board_row_for(board, event)->raised++;
                break;
        case TYPE_ESCALATION_RESOLVED:
                board->counts.resolved++;
                board_row_for(board, event)->resolved++;
                break;
        default:
                break;
        }
        board_unlock(board);
}

void board_count(struct board *board, enum board_count what) {
        board_lock(board);
        if (what == BOARD_DEAD)
                board->counts.dead++;
        else
                board->counts.receiver_inbox++;
        board_unlock(board);
}

struct board_row board_row(struct board *board, const struct organisation *organisation) {
        struct board_row row;

        board_lock(board);
        row = board->rows[organisation->index];
        board_unlock(board);
        return row;
}

struct board_counts board_counts(struct board *board) {
        struct board_counts counts;

        board_lock(board);
        counts = board->counts;
        board_unlock(board);
        return counts;
}

/* -- Showing -- */

struct shown {
        const struct organisation *org; /* NULL: all that are not shown */
        struct board_row row;
};

static int board_by_shown(const void *a, const void *b) {
        const struct shown *x = a, *y = b;
        bool x_town = x->org->kind == KIND_MUNICIPALITY, y_town = y->org->kind == KIND_MUNICIPALITY;

        if (x_town != y_town)
                return x_town ? -1 : 1;
        return strcmp(x->org->id, y->org->id);
}

/* Those with an alert, in order; room for all organisations. Return: how many. */
static size_t board_collect(struct board *board, struct shown *ret) {
        size_t n = 0;

        board_lock(board);
        for (size_t i = 0; i < board->n; i++) {
                if (board->rows[i].raised || board->rows[i].resolved)
                        ret[n++] = (struct shown){organisations_at(board->orgs, i), board->rows[i]};
        }
        board_unlock(board);
        qsort(ret, n, sizeof(*ret), board_by_shown);
        return n;
}

static void board_print_row(const char *id, const char *name, const struct board_row *row, const char *end, struct buffer *out) {
        buffer_printf(out, "  %-22s %8lld %8lld %8lld   %s%s", id, (long long)row->raised, (long long)row->resolved,
                      (long long)(row->raised - row->resolved), name, end);
}

/* At most @most rows, the rest in one more. Return: lines written. */
static unsigned board_print_rows(struct board *board, size_t most, const char *end, struct buffer *out) {
        struct shown *shown = calloc(board->n + 1, sizeof(*shown));
        struct board_row rest = {0};
        size_t n;
        unsigned lines = 0;

        if (!shown) {
                out->failed = true;
                return 0;
        }
        n = board_collect(board, shown);
        for (size_t i = 0; i < n; i++) {
                if (i >= most) {
                        rest.raised += shown[i].row.raised;
                        rest.resolved += shown[i].row.resolved;
                        continue;
                }
                board_print_row(shown[i].org->id, shown[i].org->name, &shown[i].row, end, out);
                lines++;
        }
        if (n > most) {
                board_print_row("others", "", &rest, end, out);
                lines++;
        }
        free(shown);
        return lines;
}

static void board_print_clock(const struct board_now *now, struct buffer *out) {
        day_t day = date_of_instant(now->clock);
        char text[DATE_TEXT + 1];

        date_format(day, text);
        buffer_printf(out, "%s %s", weekdays[date_weekday(day)], text);
}

void board_table(struct board *board, const struct board_now *now, bool tty, struct buffer *out, unsigned *ret_lines) {
        const char *end = tty ? "\033[K\n" : "\n";
        struct board_counts counts = board_counts(board);
        unsigned lines = 4;

        board_print_clock(now, out);
        buffer_printf(out, "   events in %zu of %zu   facts %lld   lag %lld%s", now->posted, now->events, (long long)now->facts, (long long)now->waiting, end);
        buffer_printf(out, "alerts raised %lld   resolved %lld   open %lld   announced %lld   reminded %lld%s", (long long)counts.raised,
                      (long long)counts.resolved, (long long)(counts.raised - counts.resolved), (long long)counts.announced, (long long)counts.reminded, end);
        buffer_printf(out, "delivered to %s over HTTP %lld%s", now->receiver, (long long)now->delivered, end);
        buffer_printf(out, "  %-22s %8s %8s %8s%s", "alerts to", "raised", "resolved", "open", end);
        lines += board_print_rows(board, BOARD_ROWS_MAX, end, out);
        *ret_lines = lines;
}

void board_line(struct board *board, const struct board_now *now, struct buffer *out) {
        struct board_counts counts = board_counts(board);

        board_print_clock(now, out);
        buffer_printf(out, "   events in %4zu of %zu   alerts raised %4lld, resolved %4lld, open %3lld   delivered %lld   lag %lld\n", now->posted, now->events,
                      (long long)counts.raised, (long long)counts.resolved, (long long)(counts.raised - counts.resolved), (long long)now->delivered,
                      (long long)now->waiting);
}

void board_alerts(struct board *board, struct buffer *out) {
        buffer_printf(out, "  %-22s %8s %8s %8s\n", "alerts to", "raised", "resolved", "open");
        (void) board_print_rows(board, SIZE_MAX, "\n", out);
}

void board_alerts_json(struct board *board, struct json_writer *w) {
        struct shown *shown = calloc(board->n + 1, sizeof(*shown));
        size_t n;

        if (!shown) {
                w->out->failed = true;
                return;
        }
        n = board_collect(board, shown);
        for (size_t i = 0; i < n; i++) {
                jsonw_key(w, shown[i].org->id);
                jsonw_open_object(w);
                jsonw_put_int(w, "raised", shown[i].row.raised);
                jsonw_put_int(w, "resolved", shown[i].row.resolved);
                jsonw_put_int(w, "open", shown[i].row.raised - shown[i].row.resolved);
                jsonw_close_object(w);
        }
        free(shown);
}
