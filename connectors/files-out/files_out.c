/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * files-out: inboxes as a CSV file for each day
 *
 * One row for each record, in columns that are named as the fields: the id of the delivery, the event, then the fields of all events, or those that the
 * file of the connector names. ';', CRLF and a byte order mark, so that a spreadsheet opens it as it is; what such a program would take for a formula
 * is guarded (channel/csv.h). A record is delivered when its row is on disk; the file itself appears when the day is over. How nothing is
 * written twice stands in connectors/files-out/daybook.h. A folder that takes nothing (full, gone, another process on it) is nobody's fault among the records:
 * they wait, and no try counts.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vector.h"
#include "calendar/date.h"
#include "channel/csv.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/files-out/daybook.h"

#define FILES_LOOK_MS 1000      /* between two looks at a folder that nothing is written to, and after one that failed */
#define FILES_COMPLAIN_MS 60000 /* between two lines in the log about a folder that takes nothing */
#define FILES_COLUMNS_MAX 1024
#define FILES_SEPARATOR ';'
#define FILES_ID "delivery_id"
#define FILES_EVENT "event"

struct files_target {
        const char *path;
};

/* The files of one organisation. */
struct files_book {
        struct daybook *daybook;
        int64_t look_at; /* monotonic ms */
};

struct files_out {
        struct option_list wanted; /* option */
        const struct connector_env *env;
        struct files_book *books;  /* [env->targets_n] */
        struct {
                void *cookie;
                struct files_book *book;
        } *under_way;              /* [env->parallel] */
        size_t n;
        const char **columns;      /* [columns_n], behind FILES_ID */
        size_t columns_n;
        struct buffer row;
        struct log_pace pace;
};

/* -- Columns -- */

static bool files_has_column(const struct files_out *f, const char *name) {
        for (size_t i = 0; i < f->columns_n; i++) {
                if (strcmp(f->columns[i], name) == 0)
                        return true;
        }
        return false;
}

static void files_add_columns(struct files_out *f, const struct event_type *type) {
        for (size_t i = 0; i < type->layout->n && f->columns_n < FILES_COLUMNS_MAX; i++) {
                if (!files_has_column(f, type->layout->fields[i].name))
                        f->columns[f->columns_n++] = type->layout->fields[i].name;
        }
}

/* Those that are wanted; else all: what ketenwacht tells goes first, since everybody gets that. */
static void files_find_columns(struct files_out *f) {
        const struct event_types *types = f->env->types;

        f->columns_n = 0;
        for (size_t i = 0; i < f->wanted.n && f->columns_n < FILES_COLUMNS_MAX; i++)
                f->columns[f->columns_n++] = f->wanted.items[i];
        if (f->wanted.n > 0)
                return;
        f->columns[f->columns_n++] = FILES_EVENT;
        for (int told = 1; told >= 0; told--) {
                for (size_t i = 0; i < event_types_count(types); i++) {
                        if (event_types_at(types, i)->output == (told == 1))
                                files_add_columns(f, event_types_at(types, i));
                }
        }
}

static bool files_is_field(const struct event_types *types, const char *name) {
        for (size_t i = 0; i < event_types_count(types); i++) {
                if (layout_slot(event_types_at(types, i)->layout, name) >= 0)
                        return true;
        }
        return strcmp(name, FILES_EVENT) == 0;
}

static int files_out_check(void *ctx, const struct connector_env *env, struct error *err) {
        const struct files_out *f = ctx;

        for (size_t i = 0; i < f->wanted.n; i++) {
                if (!files_is_field(env->types, f->wanted.items[i])) {
                        error_set(err, "columns: no event has a field '%s'; " FILES_EVENT " and the fields of schemas/ can stand there", f->wanted.items[i]);
                        return -EINVAL;
                }
        }
        return 0;
}

/* -- Opening -- */

static void files_header(const struct files_out *f, struct buffer *out) {
        buffer_add_text(out, CSV_BOM FILES_ID);
        for (size_t i = 0; i < f->columns_n; i++)
                buffer_printf(out, "%c%s", FILES_SEPARATOR, f->columns[i]);
}

static int files_open_books(struct files_out *f, struct error *err) {
        CLEANUP(buffer_done) struct buffer header = BUFFER_INIT(DAYBOOK_ROW_MAX);
        int r = 0;

        files_header(f, &header);
        if (header.failed)
                return -ENOMEM;
        for (size_t i = 0; i < f->env->targets_n && r == 0; i++) {
                const struct files_target *target = f->env->targets[i].options;
                const struct daybook_config config = {.path = target->path, .name = f->env->targets[i].organisation->id,
                                                      .header = {(const char *)header.bytes, header.n}, .clock = f->env->clock};

                f->books[i].look_at = 0;
                r = daybook_open(&config, &f->books[i].daybook, err);
        }
        return r == -ENOENT || r == -ENOTDIR || r == -EACCES ? -EINVAL : r;
}

static int files_out_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct files_out *f = ctx;

        f->env = env;
        f->n = 0;
        f->row = (struct buffer)BUFFER_INIT(DAYBOOK_ROW_MAX);
        f->books = calloc(env->targets_n, sizeof(*f->books));
        f->under_way = calloc(env->parallel, sizeof(*f->under_way));
        f->columns = calloc(FILES_COLUMNS_MAX, sizeof(*f->columns));
        if (!f->books || !f->under_way || !f->columns)
                return -ENOMEM;
        files_find_columns(f);
        return files_open_books(f, err);
}

static void files_out_abandon(void *ctx) {
        struct files_out *f = ctx;

        for (size_t i = 0; f->books && i < f->env->targets_n; i++) {
                if (f->books[i].daybook)
                        daybook_drop(f->books[i].daybook);
        }
        f->n = 0;
}

static void files_out_close(void *ctx) {
        struct files_out *f = ctx;

        for (size_t i = 0; f->books && i < f->env->targets_n; i++)
                daybook_free(f->books[i].daybook);
        free(f->books);
        free(f->under_way);
        free(f->columns);
        f->books = NULL;
        f->under_way = NULL;
        f->columns = NULL;
        f->n = 0;
        buffer_done(&f->row);
}

/* -- Rows -- */

static void files_put_slot(const struct layout_field *field, const struct slot *slot, struct buffer *out) {
        char text[INSTANT_TEXT + UUID_TEXT + 1];

        switch (field->type) {
        case LAYOUT_BOOLEAN:
                buffer_add_text(out, slot->i ? "true" : "false");
                return;
        case LAYOUT_INT:
        case LAYOUT_LONG:
                buffer_printf(out, "%lld", (long long)slot->i);
                return;
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                buffer_printf(out, "%.17g", slot->d);
                return;
        case LAYOUT_STRING:
                csv_put(out, FILES_SEPARATOR, slot->s);
                return;
        case LAYOUT_ENUM:
                buffer_add_text(out, field->symbols[slot->i]);
                return;
        case LAYOUT_DATE:
                date_format((day_t)slot->i, text);
                break;
        case LAYOUT_TIMESTAMP:
                instant_format_exact(slot->i, text);
                break;
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                uuid_format(&slot->u, text);
                break;
        }
        buffer_add_text(out, text);
}

static void files_put_row(struct files_out *f, const struct event *event) {
        const struct layout *layout = event->type->layout;

        buffer_clear(&f->row);
        for (size_t i = 0; i < f->columns_n; i++) {
                int slot = layout_slot(layout, f->columns[i]);

                buffer_add_byte(&f->row, FILES_SEPARATOR);
                if (strcmp(f->columns[i], FILES_EVENT) == 0)
                        buffer_add_text(&f->row, event->type->name);
                else if (slot >= 0 && event->slots[slot].kind != SLOT_NULL)
                        files_put_slot(&layout->fields[slot], &event->slots[slot], &f->row);
        }
}

/* -- Tries -- */

/* The folder takes nothing now: the record waits. */
static void files_later(struct files_out *f, void *cookie, const struct error *why) {
        struct attempt attempt = {.outcome = TRIED_LATER, .pause_ms = FILES_LOOK_MS};
        uint64_t times = log_pace(&f->pace, clock_monotonic(&f->env->clock), FILES_COMPLAIN_MS);

        (void) snprintf(attempt.reason, sizeof(attempt.reason), "%.*s", TRIED_REASON_MAX - 1, why->text);
        if (times > 0)
                log_line(f->env->log, CONNECT_FOLDER_FAILS, LOG_STRING("connector", f->env->name), LOG_STRING("reason", why->text),
                         LOG_INT("times", (int64_t)times));
        runtime_tried(f->env->runtime, cookie, &attempt);
}

static struct files_book *files_book_of(const struct files_out *f, const struct delivery *delivery) {
        for (size_t i = 0; i < f->env->targets_n; i++) {
                if (f->env->targets[i].options == delivery->target)
                        return &f->books[i];
        }
        return NULL;
}

static int files_out_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        const struct attempt delivered = {.outcome = TRIED_DELIVERED, .pause_ms = -1};
        struct files_out *f = ctx;
        struct files_book *book = files_book_of(f, delivery);
        struct error why = {0};
        int r;

        if (!book || f->n == f->env->parallel) {
                error_set(err, "more tries at once, or for others, than were agreed; please report this");
                return -EBUSY;
        }
        r = daybook_take(book->daybook, &why);
        if (r == 0)
                error_set(&why, "another process writes the files of %s", delivery->organisation->id);
        if (r <= 0) {
                files_later(f, delivery->cookie, &why);
                return 0;
        }
        if (daybook_has(book->daybook, &delivery->delivery_id)) {
                runtime_tried(f->env->runtime, delivery->cookie, &delivered);
                return 0;
        }
        files_put_row(f, delivery->ce->event);
        if (f->row.failed || daybook_add(book->daybook, &delivery->delivery_id, (struct text){(const char *)f->row.bytes, f->row.n}) < 0)
                return -ENOMEM;
        f->under_way[f->n].cookie = delivery->cookie;
        f->under_way[f->n++].book = book;
        return 0;
}

/* Tells how the tries of one book ended; others stay. */
static void files_tell(struct files_out *f, const struct files_book *book, bool written, const struct error *why) {
        const struct attempt delivered = {.outcome = TRIED_DELIVERED, .pause_ms = -1};
        size_t left = 0, n = f->n;

        for (size_t i = 0; i < n; i++) {
                if (f->under_way[i].book != book)
                        f->under_way[left++] = f->under_way[i];
                else if (written)
                        runtime_tried(f->env->runtime, f->under_way[i].cookie, &delivered);
                else
                        files_later(f, f->under_way[i].cookie, why);
        }
        f->n = left;
}

/* Without a row to write: a day that is over appears, and files that another process had are taken when it ends. */
static void files_look(struct files_out *f, struct files_book *book) {
        int64_t now = clock_monotonic(&f->env->clock);
        struct error why = {0};
        uint64_t times;

        if (now < book->look_at)
                return;
        book->look_at = now + FILES_LOOK_MS;
        if (daybook_turn(book->daybook, &why) == 0 && daybook_take(book->daybook, &why) >= 0)
                return;
        times = log_pace(&f->pace, now, FILES_COMPLAIN_MS);
        if (times > 0)
                log_line(f->env->log, CONNECT_FOLDER_FAILS, LOG_STRING("connector", f->env->name), LOG_STRING("reason", why.text),
                         LOG_INT("times", (int64_t)times));
}

static int files_out_turn(void *ctx, int timeout_ms, struct error *err) {
        struct files_out *f = ctx;

        (void) timeout_ms; /* nothing is waited for: what was handed over is written at once */
        (void) err;
        for (size_t i = 0; i < f->env->targets_n; i++) {
                struct files_book *book = &f->books[i];
                struct error why = {0};
                int r = daybook_flush(book->daybook, &why);

                if (f->n > 0)
                        files_tell(f, book, r == 0, &why);
                files_look(f, book);
        }
        return 0;
}

/* -- What its file may say -- */

static int files_out_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        (void) ctx;
        for (size_t i = 0; i < env->targets_n; i++) {
                const struct files_target *target = env->targets[i].options;

                if (access(target->path, R_OK | W_OK | X_OK) < 0) {
                        int e = errno;

                        error_set(err, "%s: files cannot be written here: %s", target->path, strerror(e));
                        return -e;
                }
                buffer_printf(out, "%s: the files of %s can be written\n", target->path, env->targets[i].organisation->id);
        }
        return 0;
}

static const struct connector_option files_out_options[] = {
        {.key = "columns",
         .fallback = "",
         .doc = "The fields that become columns, in this order, behind " FILES_ID "; " FILES_EVENT " is the event's name. Default: all fields of all events.",
         .type = OPTION_LIST,
         .offset = offsetof(struct files_out, wanted)},
        {0},
};

static const struct connector_option files_target_options[] = {
        {.key = "folder",
         .doc = "Where the files appear: <organisation>-<day>.csv, when the day is over. Names that begin with a dot are not for who fetches them.",
         .type = OPTION_PATH,
         .offset = offsetof(struct files_target, path)},
        {0},
};

static const struct connector_verb files_out_verbs[] = {
        {CONNECTOR_VERB_TRY, "looks whether files can be written to the folder.", files_out_try},
        {0},
};

const struct connector_ops connector_files_out = {
        .name = "files-out",
        .summary = "writes inboxes as CSV files, one for each day",
        .direction = CONNECTOR_OUT,
        .ctx_size = sizeof(struct files_out),
        .options = files_out_options,
        .target_options = files_target_options,
        .target_size = sizeof(struct files_target),
        .verbs = files_out_verbs,
        .check = files_out_check,
        .open = files_out_open,
        .close = files_out_close,
        .turn = files_out_turn,
        .deliver = files_out_deliver,
        .abandon = files_out_abandon,
};
