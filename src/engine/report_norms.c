/* SPDX-License-Identifier: EUPL-1.2 */

/* Per protocol and norm: how many were in order, and how many not. */

#include <string.h>

#include "engine/report_parts.h"

enum standing { IN_ORDER, NOT_IN_ORDER, RUNNING, LAPSED };

/*
 * How an obligation counts. An explanation before the due date is over leaves it running; one that lapsed
 * after its due date was not in time; an unbroken limit is in order while it runs, a broken one stays not in order.
 */
static enum standing standing_of(const struct view *v, const struct obligation *o) {
        bool limit = o->norm->timing == TIMING_LIMIT;

        switch (o->status) {
        case STATUS_MET_IN_TIME:
                return IN_ORDER;
        case STATUS_MET_LATE:
        case STATUS_OVERDUE:
                return NOT_IN_ORDER;
        case STATUS_EXPLAINED:
                return o->due.state == DUE_KNOWN && o->due.over <= v->now ? NOT_IN_ORDER : RUNNING;
        case STATUS_LAPSED:
                return limit || (o->due.state == DUE_KNOWN && o->ended_date > o->due.date) ? NOT_IN_ORDER : LAPSED;
        case STATUS_RUNNING:
        case STATUSES:
                break;
        }
        return limit ? IN_ORDER : RUNNING;
}

static struct tally *tally_of(struct listing_run *run, const struct norm *norm, const struct listing_cell *by) {
        struct buffer key = BUFFER_INIT(1024);
        struct tally *tally = NULL;
        const char *copy;

        buffer_add(&key, &norm, sizeof(norm)); /* the norm itself: two versions of one name are two lines */
        buffer_add_byte(&key, (uint8_t)by->kind);
        if (by->kind == CELL_TEXT)
                buffer_add_text(&key, by->text);
        else if (by->kind != CELL_NULL)
                buffer_add(&key, &by->i, sizeof(by->i));
        if (!key.failed)
                tally = table_get(&run->tallies, key.bytes, key.n);
        if (!tally && !key.failed) {
                copy = arena_copy(run->arena, key.bytes, key.n);
                tally = arena_calloc(run->arena, 1, sizeof(*tally));
                if (tally)
                        *tally = (struct tally){.norm = norm, .by = *by};
                if (!copy || (tally && table_put(&run->tallies, copy, key.n, tally)))
                        tally = NULL;
        }
        run->failed |= !tally;
        buffer_done(&key);
        return tally;
}

static void collect(struct listing_run *run) {
        struct view *v = &run->view;

        view_obligations(v);
        for (size_t i = 0; i < v->n_obligations && !run->failed; i++) {
                const struct obligation *o = &v->obligations[i];
                struct listing_scope scope = listing_scope_of(run, o);
                struct listing_cell by;
                struct tally *tally;
                enum standing standing;

                if ((run->query->norm && strcmp(o->norm->name, run->query->norm) != 0) || !listing_wants(run, o, &scope))
                        continue;
                by = listing_by_value(run, o, &scope, NULL);
                tally = tally_of(run, o->norm, &by);
                if (!tally)
                        return;
                standing = standing_of(v, o);
                tally->in_order += standing == IN_ORDER;
                tally->not_in_order += standing == NOT_IN_ORDER;
                tally->explained += standing == NOT_IN_ORDER && o->excused;
                tally->running += standing == RUNNING;
                tally->lapsed += standing == LAPSED;
        }
}

enum { PROTOCOL, NORM, TOTAL, COUNT_IN_ORDER, COUNT_NOT_IN_ORDER, EXPLAINED, COUNT_RUNNING, COUNT_LAPSED, BY, COLUMNS };

static const struct listing_column columns[COLUMNS] = {
        [PROTOCOL] = {"protocol", "afspraak", COLUMN_GROUP},
        [NORM] = {"norm", "norm", COLUMN_PLAIN},
        [TOTAL] = {"total", "totaal", COLUMN_PLAIN},
        [COUNT_IN_ORDER] = {"in_order", "op orde", COLUMN_PLAIN},
        [COUNT_NOT_IN_ORDER] = {"not_in_order", "niet op orde", COLUMN_PLAIN},
        [EXPLAINED] = {"explained", "waarvan toegelicht", COLUMN_PLAIN},
        [COUNT_RUNNING] = {"running", "loopt nog", COLUMN_PLAIN},
        [COUNT_LAPSED] = {"lapsed", "vervallen", COLUMN_PLAIN},
        [BY] = {"by", "uitgesplitst naar", COLUMN_PLAIN},
};
static const int sort[] = {PROTOCOL + 1, NORM + 1, BY + 1, 0};

const struct listing_spec listing_norms = {.columns = columns, .n_columns = COLUMNS, .sort = sort, .collect = collect};

void listing_norms_finish(struct listing_run *run) {
        const struct tally *tally;

        for (size_t i = 0; !run->failed && (tally = table_next(&run->tallies, &i));) {
                struct listing_entry *entry = listing_add(run);

                if (!entry)
                        return;
                entry->cells[PROTOCOL] = cell_text(tally->norm->protocol->name);
                entry->cells[PROTOCOL].name = tally->norm->protocol->title;
                entry->cells[NORM] = cell_text(tally->norm->name);
                entry->cells[NORM].name = tally->norm->title;
                entry->cells[TOTAL] = cell_int((int64_t)(tally->in_order + tally->not_in_order));
                entry->cells[COUNT_IN_ORDER] = cell_int((int64_t)tally->in_order);
                entry->cells[COUNT_NOT_IN_ORDER] = cell_int((int64_t)tally->not_in_order);
                entry->cells[EXPLAINED] = cell_int((int64_t)tally->explained);
                entry->cells[COUNT_RUNNING] = cell_int((int64_t)tally->running);
                entry->cells[COUNT_LAPSED] = cell_int((int64_t)tally->lapsed);
                entry->cells[BY] = tally->by;
        }
}
