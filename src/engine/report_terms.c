/* SPDX-License-Identifier: EUPL-1.2 */

/* A working list: what is due in a period, for each organisation that hears of it. */

#include <string.h>

#include "engine/report_parts.h"

enum {
        T_ORGANISATION, T_DUE, T_DAYS, T_STATUS, T_NORM, T_HEARS, T_ROLE, T_GI, T_MUNICIPALITY, T_REGION, T_CASE, T_INSTANCE, T_PROTOCOL, T_COLUMNS,
};
static const struct listing_column columns[T_COLUMNS] = {
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
static const int sort[] = {T_ORGANISATION + 1, T_DUE + 1, T_CASE + 1, T_PROTOCOL + 1, T_NORM + 1, T_INSTANCE + 1, 0};

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
        const struct role_scope scope = {.start = o->start, .each = o->each, .date = run->view.today, .present = true};
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

static void collect(struct listing_run *run) {
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
        .columns = columns, .n_columns = T_COLUMNS, .sort = sort, .collect = collect, .flags = {{"overdue", "te laat", COLUMN_PLAIN}},
};
