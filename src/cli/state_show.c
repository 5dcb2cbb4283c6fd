/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht state show`: the rows of one case, the last of each key. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"
#include "cli/live.h"
#include "cli/state.h"
#include "console/view.h"
#include "engine/row.h"

#define ROWS_BYTES_MAX ((size_t)256 << 20) /* of one case: 10,000 facts and what was told of them are far below */

struct show {
        struct event_types *types;
        struct view *view;
        struct command_broker broker;
        struct arena *arena;             /* records and their bytes */
        struct table latest;             /* struct bus_record by key */
        VECTOR(struct bus_record *) rows;
};

/* Only the schemas: this must also serve whoever mends a protocol. */
static int read_schemas(struct show *show, const struct state_arguments *a) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        int r = event_types_read(a->dirs.schemas, &show->types, &mistakes);

        if (r) {
                fputs(buffer_text(&mistakes.text), stderr);
                error_set(&err, "the schemas in %s cannot be used: %s", a->dirs.schemas, r == -EINVAL ? "mend what is said above" : strerror(-r));
        } else {
                error_set(&err, "out of memory");
                r = view_new(show->types, a->clear, &show->view, &err);
        }
        mistakes_done(&mistakes);
        return r ? command_fail("state", EXIT_USAGE, &err) : 0;
}

static int keep(void *ctx, struct bus_record *record, struct error *err) {
        struct show *show = ctx;
        struct bus_record *row = table_get(&show->latest, record->key, record->key_n);
        int r = 0;

        error_set(err, "out of memory: the case has more rows than fit");
        if (!row) {
                row = arena_calloc(show->arena, 1, sizeof(*row));
                if (row)
                        row->key = arena_copy(show->arena, record->key, record->key_n);
                if (!row || !row->key)
                        return -ENOMEM;
                row->key_n = record->key_n;
                r = table_put(&show->latest, row->key, row->key_n, row) ?: vector_push(&show->rows, row);
                if (r)
                        return r;
        }
        row->topic = "case-state";
        row->partition = record->partition;
        row->offset = record->offset;
        row->timestamp = record->timestamp;
        row->stamp = record->stamp;
        row->value_n = record->value_n;
        row->value = record->value ? arena_copy(show->arena, record->value, record->value_n) : NULL;
        return record->value && !row->value ? -ENOMEM : 0;
}

/* Facts first, then what was told, each in the order in which it was last written. */
static int by_kind(const void *a, const void *b) {
        static const char order[] = {ROW_FACT, ROW_OBLIGATION, ROW_ALERT, ROW_COPY, ROW_CLOSED, '\0'};
        const struct bus_record *x = *(const struct bus_record *const *)a, *y = *(const struct bus_record *const *)b;
        const char *place_x = strchr(order, ((const char *)x->key)[16]), *place_y = strchr(order, ((const char *)y->key)[16]);

        if (place_x != place_y)
                return !place_x ? 1 : !place_y ? -1 : place_x < place_y ? -1 : 1;
        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int print(struct show *show, const struct state_arguments *a) {
        struct buffer line = BUFFER_INIT(VIEW_BYTES_MAX);
        struct error err = {0};
        size_t printed = 0;
        int r = 0;

        if (show->rows.n)
                qsort(show->rows.items, show->rows.n, sizeof(*show->rows.items), by_kind);
        for (size_t i = 0; i < show->rows.n && r == 0; i++) {
                if (!show->rows.items[i]->value)
                        continue;
                buffer_clear(&line);
                r = view_record(show->view, show->rows.items[i], &line);
                if (r == 0)
                        puts(buffer_text(&line));
                printed++;
        }
        buffer_done(&line);
        if (r) {
                error_set(&err, "out of memory while a row was printed");
                return command_fail("state", EXIT_BROKER, &err);
        }
        if (printed)
                return state_flush();
        error_set(&err, "the case %s is not known to the broker's case-state", a->case_text);
        return command_fail("state", EXIT_NO, &err);
}

static int show_case(struct show *show, const struct state_arguments *a) {
        struct live_rows rows = {.partition = BUS_ALL_PARTITIONS, .case_id = &a->case_id, .row = keep, .ctx = show};
        struct error err = {0};
        int r, status = read_schemas(show, a);

        if (status == 0)
                status = command_broker_read("state", a->dirs.config, a->bootstrap, NULL, &show->broker);
        if (status == 0)
                status = command_broker_open("state", &show->broker);
        if (status)
                return status;
        error_set(&err, "out of memory");
        r = arena_new(&show->arena, ROWS_BYTES_MAX);
        if (r == 0)
                r = live_each(show->broker.bus, &rows, &err);
        return r ? command_fail("state", r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, &err) : print(show, a);
}

int state_show(const struct state_arguments *a) {
        struct show show = {0};
        int status = show_case(&show, a);

        table_done(&show.latest);
        vector_done(&show.rows);
        arena_free(show.arena);
        view_free(show.view);
        command_broker_done(&show.broker);
        event_types_free(show.types);
        return status;
}
