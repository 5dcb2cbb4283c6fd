/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht state`: what the broker remembers of the cases, for an operator. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "base/uuid.h"
#include "base/vector.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/state_copy.h"
#include "cli/state_repair.h"
#include "cli/state_stats.h"
#include "survey/view.h"
#include "model/row_key.h"
#include "worker/live.h"

struct state_arguments {
        struct command_dirs dirs;
        const char *bootstrap;      /* or NULL */
        const char *case_text;      /* show */
        bool clear;                 /* show */
        bool text;                  /* stats */
        const char *from;           /* copy: the other configuration folder */
        const char *from_bootstrap; /* copy: or NULL */
        bool apply;                 /* repair */
        const char *reason;         /* repair: or NULL */
        struct uuid case_id;        /* of case_text */
};

/* -- show: the rows of one case, the last of each key -- */

#define ROWS_BYTES_MAX ((size_t)256 << 20) /* of one case: 10,000 facts and what was told of them are far below */

struct show {
        struct event_types *types;
        struct view *view;
        struct command_broker broker;
        struct arena *arena;             /* records and their bytes */
        struct table latest;             /* struct bus_record by key */
        VECTOR(struct bus_record *) rows;
};

static int show_keep(void *ctx, struct bus_record *record, struct error *err) {
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

static size_t show_place(const struct bus_record *record) {
        struct row_key key;

        return row_key_read(record->key, record->key_n, &key) == 0 ? row_kind_place(key.kind) : ROW_KINDS;
}

/* Facts first, then what was told, each in the order in which it was last written. */
static int show_by_kind(const void *a, const void *b) {
        const struct bus_record *x = *(const struct bus_record *const *)a, *y = *(const struct bus_record *const *)b;
        size_t place_x = show_place(x), place_y = show_place(y);

        if (place_x != place_y)
                return place_x < place_y ? -1 : 1;
        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int show_print(struct show *show, const struct state_arguments *a) {
        struct buffer line = BUFFER_INIT(VIEW_BYTES_MAX);
        struct error err = {0};
        size_t printed = 0;
        int r = 0;

        if (show->rows.n)
                qsort(show->rows.items, show->rows.n, sizeof(*show->rows.items), show_by_kind);
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
                return command_flush("state");
        error_set(&err, "the case %s is not known to the broker's case-state", a->case_text);
        return command_fail("state", EXIT_NO, &err);
}

static int show_case(struct show *show, const struct state_arguments *a) {
        struct live_rows rows = {.partition = BUS_ALL_PARTITIONS, .case_id = &a->case_id, .row = show_keep, .ctx = show};
        struct error err = {0};
        int r, status = command_schemas("state", &a->dirs, &show->types);

        if (status)
                return status;
        error_set(&err, "out of memory");
        r = view_new(show->types, a->clear, &show->view, &err);
        if (r)
                return command_fail("state", EXIT_USAGE, &err);
        status = command_broker_read("state", a->dirs.config, a->bootstrap, NULL, &show->broker);
        if (status)
                return status;
        status = command_broker_open("state", &show->broker);
        if (status)
                return status;
        error_set(&err, "out of memory");
        r = arena_new(&show->arena, ROWS_BYTES_MAX);
        if (r == 0)
                r = live_each(show->broker.bus, &rows, &err);
        return r ? command_fail("state", r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, &err) : show_print(show, a);
}

static int state_show(const struct state_arguments *a) {
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

/* -- The command -- */

static int state_run_stats(const struct state_arguments *a) {
        return state_stats(&a->dirs, a->bootstrap, a->text);
}

static int state_run_copy(const struct state_arguments *a) {
        return state_copy(&a->dirs, a->bootstrap, a->from, a->from_bootstrap);
}

static int state_run_repair(const struct state_arguments *a) {
        return state_repair(&a->dirs, a->bootstrap, a->apply ? a->reason : NULL);
}

enum part { PART_SHOW, PART_STATS, PART_COPY, PART_REPAIR, PARTS };

static const struct {
        const char *name;
        int (*run)(const struct state_arguments *a);
} parts[PARTS] = {
        [PART_SHOW] = {"show", state_show},
        [PART_STATS] = {"stats", state_run_stats},
        [PART_COPY] = {"copy", state_run_copy},
        [PART_REPAIR] = {"repair", state_run_repair},
};

/* What belongs to one part is a mistake with another. */
static int state_check(struct state_arguments *a, enum part part, const char *format) {
        if (part != PART_SHOW && (a->case_text || a->clear))
                return command_usage("state", "%s goes with show", a->case_text ? "--case" : "--clear");
        if (part != PART_STATS && format)
                return command_usage("state", "--format goes with stats");
        if (part != PART_COPY && (a->from || a->from_bootstrap))
                return command_usage("state", "%s goes with copy", a->from ? "--from" : "--from-bootstrap");
        if (part != PART_REPAIR && (a->apply || a->reason))
                return command_usage("state", "%s goes with repair", a->apply ? "--apply" : "--reason");
        if (part == PART_REPAIR && a->apply != (a->reason && a->reason[0]))
                return command_usage("state", "--apply and --reason TEXT go together: why the rows are put aside stands in their dead letters");
        if (part == PART_SHOW && !a->case_text)
                return command_usage("state", "say which case: --case ID");
        if (part == PART_SHOW && !uuid_parse(a->case_text, strlen(a->case_text), &a->case_id))
                return command_usage("state", "--case '%s' is no case_id; expected a UUID of 36 characters, lower case", a->case_text);
        if (part == PART_COPY && !a->from)
                return command_usage("state", "say from where: --from DIR, the configuration folder of the other case-state");
        if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
                return command_usage("state", "--format '%s' is none of json and text", format);
        a->text = format && strcmp(format, "text") == 0;
        return 0;
}

static int state_run(int argc, char **argv) {
        struct state_arguments a = {.dirs = command_dirs()};
        const char *arguments[OPTION_ARGUMENTS_MAX], *format = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &a.dirs.config),
                OPTION_TEXT_ROW("--schemas", &a.dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &a.bootstrap),
                OPTION_TEXT_ROW("--case", &a.case_text),
                OPTION_FLAG_ROW("--clear", &a.clear),
                OPTION_TEXT_ROW("--format", &format),
                OPTION_TEXT_ROW("--from", &a.from),
                OPTION_TEXT_ROW("--from-bootstrap", &a.from_bootstrap),
                OPTION_FLAG_ROW("--apply", &a.apply),
                OPTION_TEXT_ROW("--reason", &a.reason),
                OPTION_END_ROW,
        };
        struct nearest nearest;
        char hint[NEAREST_HINT_MAX];
        int n, status = options_read(argc, argv, rows, arguments, &n);
        unsigned part = 0;

        if (status)
                return status;
        if (n != 1)
                return command_usage("state", "say show, stats, copy or repair");
        nearest = (struct nearest)NEAREST_INIT(arguments[0]);
        for (; part < PARTS && strcmp(parts[part].name, arguments[0]) != 0; part++)
                nearest_try(&nearest, parts[part].name);
        if (part == PARTS)
                return command_usage("state", "no '%s' of state%s; say show, stats, copy or repair", arguments[0], nearest_hint(&nearest, hint));
        status = state_check(&a, (enum part)part, format);
        return status ? status : parts[part].run(&a);
}

const struct command command_state = {
        .name = "state",
        .summary = "show what the broker remembers: of one case, or in figures; copy or repair it",
        .help = "Usage: ketenwacht state show --case ID [--clear]\n"
                "       ketenwacht state stats [--format json|text]\n"
                "       ketenwacht state copy --from DIR [--from-bootstrap HOST:PORT,…]\n"
                "       ketenwacht state repair [--apply --reason TEXT]\n"
                "       each with [--bootstrap HOST:PORT,…] [--config DIR] [--schemas DIR]\n\n"
                "Reads what is committed in case-state, and joins no group.\n\n"
                "show   the rows of one case as they stand, one a line, in the form of `ketenwacht tail`: facts, obligations that\n"
                "       were announced, alerts, later copies; of a case that was forgotten the one row that is left.\n"
                "         --case ID    the case\n"
                "         --clear      show personal fields; without it they are null\n"
                "stats  one line for each partition and one for all (\"partition\":\"all\"): cases, facts, tellings by kind, cases that\n"
                "       were forgotten; rows on the topic that are live, superseded by later ones, or tombstones; bytes of keys and\n"
                "       values by kind of row; memory that a worker needs; the highest configuration version seen; and a checksum that is\n"
                "       the same for the same state, however it is divided.\n"
                "         --format text  the same as a table\n"
                "copy   copies all rows from the case-state of another configuration folder (its broker.yaml: other prefix, other\n"
                "       number of partitions, other cluster) into this one's, each to the partition of its case; then what no worker has\n"
                "       read there of the event topics, also in partitions that were added, to the event topics here. Nothing may be\n"
                "       working on either; this one must be new. Rows with a key of a foreign length are of no case: they are named, and left out.\n"
                "       Prints {\"copied\":N,\"partitions\":N,\"events\":N,\"left_out\":N}.\n"
                "         --from DIR             the configuration folder of the other\n"
                "         --from-bootstrap LIST  its broker (else KETENWACHT_BOOTSTRAP, else the broker.yaml there)\n"
                "repair shows the rows that no worker can read, foreign or damaged, one a line, because of which workers end with 2: partition,\n"
                "       offset, key, and why. A row that a newer program or schema wrote is none: bring program and schemas up to date first.\n"
                "         --apply        puts each aside: it goes unchanged to dead-letters (STRAY_ROW, with where it stood), and a tombstone\n"
                "                        of its key stands behind it, so that workers pass it over\n"
                "         --reason TEXT  with --apply: why; it stands in the dead letters\n\n"
                "  --bootstrap LIST  the broker (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n"
                "  --config DIR      configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR     schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Exit status: 0 done, 1 no such case, not to be copied into, or rows to repair, 2 wrong usage or configuration, 3 the broker failed.\n",
        .run = state_run,
};
