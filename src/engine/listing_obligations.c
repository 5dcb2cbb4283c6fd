/* SPDX-License-Identifier: EUPL-1.2 */

/* Norms: per protocol and norm, how many were in order and how many not. Terms: what is due in a period, for each organisation that hears of it. */

#include "engine/listing_obligations.h"

#include <string.h>

/* -- Norms -- */

struct tally { /* one line of norms */
        const struct norm *norm;
        struct listing_cell by;
        uint64_t in_order, not_in_order, explained, running, lapsed;
};

enum standing { IN_ORDER, NOT_IN_ORDER, RUNNING, LAPSED };

/*
 * How an obligation counts. An explanation before the due date is over leaves it running; one that lapsed
 * after its due date was not in time; an unbroken limit is in order while it runs, a broken one stays not in order.
 */
static enum standing norms_standing(const struct view *v, const struct obligation *o) {
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

static struct tally *norms_tally(struct listing_run *run, const struct norm *norm, const struct listing_cell *by) {
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

static void norms_collect(struct listing_run *run) {
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
                run->found = true;
                if (run->tries)
                        return;
                by = listing_by_value(run, o, &scope, NULL);
                tally = norms_tally(run, o->norm, &by);
                if (!tally)
                        return;
                standing = norms_standing(v, o);
                tally->in_order += standing == IN_ORDER;
                tally->not_in_order += standing == NOT_IN_ORDER;
                tally->explained += standing == NOT_IN_ORDER && o->excuse;
                tally->running += standing == RUNNING;
                tally->lapsed += standing == LAPSED;
        }
}

enum { PROTOCOL, NORM, TOTAL, COUNT_IN_ORDER, COUNT_NOT_IN_ORDER, EXPLAINED, COUNT_RUNNING, COUNT_LAPSED, BY, COLUMNS };

static const struct listing_column norms_columns[COLUMNS] = {
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
static const int norms_sort[] = {PROTOCOL + 1, NORM + 1, BY + 1, 0};

static void norms_finish(struct listing_run *run) {
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

const struct listing_spec listing_norms = {.columns = norms_columns, .n_columns = COLUMNS, .sort = norms_sort, .collect = norms_collect,
                                          .finish = norms_finish};

/* -- Terms -- */

enum {
        T_ORGANISATION, T_DUE, T_DAYS, T_STATUS, T_NORM, T_HEARS, T_ROLE, T_GI, T_MUNICIPALITY, T_REGION, T_CASE, T_INSTANCE, T_PROTOCOL, T_COLUMNS,
};
static const struct listing_column terms_columns[T_COLUMNS] = {
        {"organisation", "organisatie", COLUMN_GROUP},
        {"due_date", "uiterlijk", COLUMN_PLAIN},
        {"days", "dagen", COLUMN_PLAIN},
        {"status", "stand", COLUMN_PLAIN},
        {"norm", "norm", COLUMN_PLAIN},
        {"hears", "hoort ervan", COLUMN_PLAIN},
        {"role", "als", COLUMN_PLAIN},
        {"gi", "GI", COLUMN_PLAIN},
        {"municipality", "gemeente", COLUMN_PLAIN},
        {"region", "regio", COLUMN_MACHINE},
        {"case_id", "zaak", COLUMN_PLAIN},
        {"instance", "kenmerk", COLUMN_MACHINE},
        {"protocol", "afspraak", COLUMN_MACHINE},
};
static const int terms_sort[] = {T_ORGANISATION + 1, T_DUE + 1, T_CASE + 1, T_PROTOCOL + 1, T_NORM + 1, T_INSTANCE + 1, 0};

struct hearer {
        const struct organisation *organisation;
        const char *role;
        const char *hears; /* "announcement", "rung 1"; NULL: nobody is told, it is the GI's to do */
};
struct hearers {
        struct hearer items[ADDRESSEES_MAX];
        size_t n;
};

static void add_hearers(struct listing_run *run, const struct obligation *o, const struct roles *roles, const char *hears, struct hearers *to) {
        const struct role_scope scope = {.start = o->start, .each = o->each, .for_each = o->norm->each, .date = run->view.today, .present = true};
        struct addressees found;

        view_addressees(&run->view, roles, &scope, &found);
        for (size_t i = 0; i < found.n; i++) {
                size_t j = 0;

                while (j < to->n && to->items[j].organisation->index != found.items[i].organisation->index)
                        j++;
                if (j == to->n && to->n < ADDRESSEES_MAX)
                        to->items[to->n++] = (struct hearer){found.items[i].organisation, found.items[i].role->name, hears};
        }
}

/* Everyone whom the announcement and the rungs mean now, each once, for the first of them. */
static void find_hearers(struct listing_run *run, const struct obligation *o, struct hearers *to) {
        const struct norm *norm = o->norm;

        to->n = 0;
        add_hearers(run, o, &norm->announce, "announcement", to);
        for (size_t i = 0; i < norm->n_rungs; i++) {
                const char *rung = arena_printf(run->arena, "rung %zu", i + 1);

                run->failed |= !rung;
                if (rung && conditions_hold(&run->view, &norm->rungs[i].when, o, false))
                        add_hearers(run, o, &norm->rungs[i].to, rung, to);
        }
}

static void add_term(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope, const struct hearer *hearer) {
        struct listing_entry *entry;

        if (run->query->organisation && (!hearer->organisation || hearer->organisation->index != run->query->organisation->index))
                return;
        entry = listing_add(run);
        if (!entry)
                return;
        entry->by = listing_by_value(run, o, scope, hearer->organisation);
        entry->flags[0] = o->status == STATUS_OVERDUE;
        entry->has_days = true;
        entry->days = o->due.date - run->view.today;
        entry->cells[T_ORGANISATION] = cell_organisation(hearer->organisation);
        entry->cells[T_DUE] = cell_date(o->due.date);
        entry->cells[T_DAYS] = cell_int(entry->days);
        entry->cells[T_STATUS] = cell_text(status_names[o->status]);
        entry->cells[T_NORM] = cell_text(o->norm->name);
        entry->cells[T_NORM].name = o->norm->title;
        entry->cells[T_HEARS] = cell_text(hearer->hears);
        entry->cells[T_ROLE] = cell_text(hearer->role);
        entry->cells[T_GI] = cell_organisation(scope->gi);
        entry->cells[T_MUNICIPALITY] = cell_organisation(scope->municipality);
        entry->cells[T_REGION] = cell_region(scope->region);
        entry->cells[T_CASE] = cell_uuid(run, &entry->case_id);
        entry->cells[T_INSTANCE] = cell_text(arena_copy(run->arena, o->instance, strlen(o->instance)));
        entry->cells[T_PROTOCOL] = cell_text(o->norm->protocol->name);
}

/* What is still to be done: not met, not lapsed. A broken limit cannot be mended, and is no term. */
static bool is_due(const struct listing_run *run, const struct obligation *o) {
        const struct listing_query *q = run->query;

        if (o->due.state != DUE_KNOWN || o->norm->timing == TIMING_LIMIT)
                return false;
        if (o->status != STATUS_RUNNING && o->status != STATUS_OVERDUE && o->status != STATUS_EXPLAINED)
                return false;
        if (q->norm && strcmp(o->norm->name, q->norm) != 0)
                return false;
        return (q->due_from == DAY_NONE || o->due.date >= q->due_from) && (q->due_until == DAY_NONE || o->due.date <= q->due_until);
}

static void terms_collect(struct listing_run *run) {
        struct view *v = &run->view;
        struct hearers *hearers;

        view_obligations(v);
        hearers = view_alloc(v, 1, sizeof(*hearers));
        for (size_t i = 0; hearers && i < v->n_obligations && !run->failed; i++) {
                const struct obligation *o = &v->obligations[i];
                struct listing_scope scope;

                if (!is_due(run, o))
                        continue;
                scope = listing_scope_of(run, o);
                if (!listing_wants(run, o, &scope))
                        continue;
                find_hearers(run, o, hearers);
                if (hearers->n == 0) /* nobody is told: then it stands with whom it is to do */
                        hearers->items[hearers->n++] = (struct hearer){.organisation = o->each ? o->each : scope.gi};
                for (size_t j = 0; j < hearers->n; j++)
                        add_term(run, o, &scope, &hearers->items[j]);
        }
}

const struct listing_spec listing_terms = {
        .columns = terms_columns, .n_columns = T_COLUMNS, .sort = terms_sort, .collect = terms_collect, .flags = {{"overdue", "te laat", COLUMN_PLAIN}},
};
