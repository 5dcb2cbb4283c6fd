/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/report.h"

#include <errno.h>
#include <string.h>

#include "engine/report_parts.h"

const char *const listing_names[LISTING_KINDS] = {
        [LISTING_NORMS] = "norms",       [LISTING_OBSTRUCTIONS] = "obstructions",   [LISTING_WAITING] = "waiting", [LISTING_UNPROTECTED] = "unprotected",
        [LISTING_HANDOVER] = "handover", [LISTING_LATE_VERDICTS] = "late-verdicts", [LISTING_TERMS] = "terms",
};
static const struct listing_spec *const specs[LISTING_KINDS] = {
        [LISTING_NORMS] = &listing_norms,           [LISTING_OBSTRUCTIONS] = &listing_obstructions,
        [LISTING_WAITING] = &listing_waiting,       [LISTING_UNPROTECTED] = &listing_unprotected,
        [LISTING_HANDOVER] = &listing_handover,     [LISTING_LATE_VERDICTS] = &listing_late_verdicts,
        [LISTING_TERMS] = &listing_terms,
};
static const char *const by_words[] = {
        [BY_GI] = "gi", [BY_MUNICIPALITY] = "municipality", [BY_REGION] = "region", [BY_QUARTER] = "quarter", [BY_ORGANISATION] = "organisation",
};

const struct norm listing_norm_none = {.name = "", .per = -1};

/* --- what --by says --- */

static int personal(const char *text, struct error *err) {
        error_set(err, "--by: '%s' is personal data, which no report shows", text);
        return -EINVAL;
}

static int read_event_field(const struct config *config, const char *text, const char *dot, struct listing_by *ret, struct error *err) {
        struct text name = {text, (size_t)(dot - text)};
        const struct event_type *type = event_types_find(config->types, name);
        struct nearest nearest = NEAREST_INIT(dot + 1);
        char hint[NEAREST_HINT_MAX];
        int slot;

        if (!type || type->output) {
                error_set(err, "--by: no event '%.*s'; write event.field, like deviation-explained.reason", (int)name.n, name.s);
                return -EINVAL;
        }
        slot = layout_slot(type->layout, dot + 1);
        if (slot < 0) {
                for (size_t i = 0; i < type->layout->n; i++)
                        nearest_try(&nearest, type->layout->fields[i].name);
                error_set(err, "--by: %s has no field '%s'%s", type->name, dot + 1, nearest_hint(&nearest, hint));
                return -EINVAL;
        }
        if (type->personal >> slot & 1)
                return personal(text, err);
        *ret = (struct listing_by){.kind = BY_EVENT, .field = dot + 1, .type = type};
        return 0;
}

/* Whether lines of this report may start from facts of a type. */
static bool may_start(const struct config *config, enum listing_kind kind, const struct event_type *type) {
        if (specs[kind]->starts)
                return strcmp(type->name, specs[kind]->starts) == 0;
        return config->index[type->index].n_norms > 0;
}

static int read_field(const struct config *config, enum listing_kind kind, const char *text, struct listing_by *ret, struct error *err) {
        struct nearest nearest = NEAREST_INIT(text);
        char hint[NEAREST_HINT_MAX];
        bool found = false;

        for (size_t i = BY_GI; i < ELEMENTS(by_words); i++)
                nearest_try(&nearest, by_words[i]);
        for (size_t t = 0; t < event_types_count(config->types); t++) {
                const struct event_type *type = event_types_at(config->types, t);

                if (!may_start(config, kind, type))
                        continue;
                for (size_t i = 0; i < type->layout->n; i++) {
                        nearest_try(&nearest, type->layout->fields[i].name);
                        if (strcmp(type->layout->fields[i].name, text) != 0)
                                continue;
                        if (type->personal >> i & 1)
                                return personal(text, err);
                        found = true;
                }
        }
        if (!found) {
                error_set(err, "--by: no value '%s' to split by%s; write gi, municipality, region, quarter, a field of the starting fact, or event.field", text,
                          nearest_hint(&nearest, hint));
                return -EINVAL;
        }
        *ret = (struct listing_by){.kind = BY_FIELD, .field = text};
        return 0;
}

int listing_by_read(const struct config *config, enum listing_kind kind, const char *text, struct listing_by *ret, struct error *err) {
        const char *dot = strchr(text, '.');

        for (size_t i = BY_GI; i < ELEMENTS(by_words); i++) {
                if (strcmp(by_words[i], text) == 0 && (i != BY_ORGANISATION || kind == LISTING_TERMS)) {
                        *ret = (struct listing_by){.kind = (enum listing_by_kind)i};
                        return 0;
                }
        }
        return dot ? read_event_field(config, text, dot, ret, err) : read_field(config, kind, text, ret, err);
}

static const struct fact *latest_joined(struct listing_run *run, const struct obligation *o, const struct event_type *type) {
        const struct fact_list *list = view_list(&run->view, type);
        const struct fact *latest = NULL;

        if (o->start && o->start->type == type)
                return o->start;
        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];

                if (!obligation_joins(o, fact))
                        continue;
                if (!latest || fact->own > latest->own || (fact->own == latest->own && uuid_compare(&fact->event_id, &latest->event_id) > 0))
                        latest = fact;
        }
        return latest;
}

static struct listing_cell quarter(struct listing_run *run, day_t date) {
        int year, month, day;
        const char *text;

        date_to_ymd(date, &year, &month, &day);
        text = arena_printf(run->arena, "%d-Q%d", year, (month + 2) / 3);
        run->failed |= !text;
        return cell_text(text);
}

struct listing_cell listing_by_value(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope,
                                     const struct organisation *organisation) {
        const struct listing_by *by = &run->query->by;

        switch (by->kind) {
        case BY_NOTHING:
                break;
        case BY_GI:
                return cell_organisation(scope->gi);
        case BY_MUNICIPALITY:
                return cell_organisation(scope->municipality);
        case BY_REGION:
                return cell_region(scope->region);
        case BY_QUARTER:
                return quarter(run, o->from);
        case BY_ORGANISATION:
                return cell_organisation(organisation);
        case BY_FIELD:
                return cell_field(run, o->start, by->field);
        case BY_EVENT:
                return cell_field(run, latest_joined(run, o, by->type), by->field);
        }
        return (struct listing_cell){0};
}

/* --- the case at hand --- */

struct listing_scope listing_scope_of(struct listing_run *run, const struct obligation *o) {
        struct view *v = &run->view;
        struct listing_scope scope = {0};

        if (o->each) {
                const struct organisation *row = view_follow(v, o->each, v->today, false);

                if (o->each->kind == KIND_GI)
                        scope.gi = row ? row : o->each;
                if (o->each->kind == KIND_MUNICIPALITY)
                        scope.municipality = row;
        } else if (!v->region) {
                const struct organisation *gi = view_gi(v, o->start);

                scope.gi = view_follow(v, gi, v->today, false);
                if (!scope.gi)
                        scope.gi = gi;
                scope.municipality = view_municipality(v, v->today, false);
        }
        scope.region = v->region;
        if (scope.municipality && !v->region)
                scope.region = scope.municipality->region;
        return scope;
}

/* Whether an organisation is the one that was asked for, or took its place. */
static bool is_asked(const struct view *v, const struct organisation *asked, const struct organisation *org) {
        const struct organisation *present = organisation_follow(asked, v->today);

        return org && (org->index == asked->index || (present && org->index == present->index));
}

bool listing_wants(const struct listing_run *run, const struct obligation *o, const struct listing_scope *scope) {
        const struct listing_query *q = run->query;

        if (q->started_from != DAY_NONE && o->from < q->started_from)
                return false;
        if (q->started_until != DAY_NONE && o->from > q->started_until)
                return false;
        if (q->region && (!scope->region || !region_within(scope->region, q->region)))
                return false;
        if (q->gi && !is_asked(&run->view, q->gi, scope->gi))
                return false;
        return !q->municipality || is_asked(&run->view, q->municipality, scope->municipality);
}

const struct fact_list *listing_facts(const struct listing_run *run, const char *name) {
        static const struct fact_list none;
        const struct event_type *type = event_types_find(run->view.config->types, text_of(name));

        return type ? view_list(&run->view, type) : &none;
}

const struct slot *listing_slot(const struct fact *fact, const char *field) {
        int slot = layout_slot(fact->type->layout, field);

        return slot >= 0 ? &fact->slots[slot] : NULL;
}

struct listing_entry *listing_add(struct listing_run *run) {
        struct listing_entry entry = {.listed = true};

        if (run->view.file)
                entry.case_id = run->view.file->id;
        entry.cells = arena_calloc(run->arena, run->spec->n_columns, sizeof(*entry.cells));
        if (!entry.cells || vector_push(&run->entries, entry)) {
                run->failed = true;
                return NULL;
        }
        return &run->entries.items[run->entries.n - 1];
}

/* --- in order --- */

int listing_compare(const struct listing_cell *a, const struct listing_cell *b) {
        if (a->kind != b->kind)
                return a->kind == CELL_NULL ? 1 : b->kind == CELL_NULL ? -1 : a->kind < b->kind ? -1 : 1;
        if (a->kind == CELL_TEXT)
                return strcmp(a->text, b->text);
        if (a->kind == CELL_NULL || a->kind == CELL_LIST)
                return 0;
        return a->i < b->i ? -1 : a->i > b->i;
}

static int by_spec(const void *a, const void *b, void *ctx) {
        const struct listing_entry *x = a, *y = b;
        const struct listing_run *run = ctx;
        int r = 0;

        for (const int *at = run->spec->sort; r == 0 && *at; at++) {
                int column = (*at < 0 ? -*at : *at) - 1;

                r = listing_compare(&x->cells[column], &y->cells[column]);
                if (*at < 0)
                        r = -r;
        }
        for (size_t i = 0; r == 0 && i < run->spec->n_columns; i++) /* whatever is left: the order must not be chance */
                r = listing_compare(&x->cells[i], &y->cells[i]);
        return r;
}

static void list(struct listing_run *run) {
        struct listing_table *table = &run->listing->list;

        memcpy(table->columns, run->spec->columns, run->spec->n_columns * sizeof(*table->columns));
        table->n_columns = run->spec->n_columns;
        if (run->query->kind == LISTING_NORMS && run->query->by.kind == BY_NOTHING)
                table->n_columns--; /* the last one is the value by which lines are split */
        if (run->entries.n)
                qsort_r(run->entries.items, run->entries.n, sizeof(*run->entries.items), by_spec, run);
        table->rows = arena_calloc(run->arena, run->entries.n, sizeof(*table->rows));
        run->failed |= !table->rows;
        for (size_t i = 0; !run->failed && i < run->entries.n; i++) {
                if (run->entries.items[i].listed)
                        table->rows[table->n_rows++] = run->entries.items[i].cells;
        }
}

/* --- totals --- */

enum { TOTALS_BY, TOTALS_TOTAL, TOTALS_CASES, TOTALS_FLAGS };

static int by_value(const void *a, const void *b) {
        const struct listing_entry *x = a, *y = b;
        int r = listing_compare(&x->by, &y->by);

        return r ? r : uuid_compare(&x->case_id, &y->case_id);
}

static int by_number(const void *a, const void *b) {
        const int64_t *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

/* One line of totals: entries with the same value, ordered by case. The median is the lower of two middles. */
static const struct listing_cell *total_of(struct listing_run *run, const struct listing_entry *entries, size_t n) {
        struct listing_cell *cells = arena_calloc(run->arena, LISTING_COLUMNS_MAX, sizeof(*cells));
        int64_t *days = arena_calloc(run->arena, n, sizeof(*days)), cases = 0, flagged[ELEMENTS(run->spec->flags)] = {0};
        size_t n_days = 0, at = TOTALS_FLAGS;

        if (!cells || !days) {
                run->failed = true;
                return NULL;
        }
        for (size_t i = 0; i < n; i++) {
                cases += i == 0 || !uuid_equal(&entries[i].case_id, &entries[i - 1].case_id);
                for (size_t f = 0; f < ELEMENTS(flagged); f++)
                        flagged[f] += entries[i].flags[f];
                if (entries[i].has_days)
                        days[n_days++] = entries[i].days;
        }
        cells[TOTALS_BY] = entries[0].by;
        cells[TOTALS_TOTAL] = cell_int((int64_t)n);
        cells[TOTALS_CASES] = cell_int(cases);
        for (size_t f = 0; f < ELEMENTS(flagged); f++) {
                if (run->spec->flags[f].key)
                        cells[at++] = cell_int(flagged[f]);
        }
        if (n_days) {
                qsort(days, n_days, sizeof(*days), by_number);
                cells[at] = cell_int(days[(n_days - 1) / 2]);
                cells[at + 1] = cell_int(days[n_days - 1]);
        }
        return cells;
}

static void total(struct listing_run *run) {
        static const struct listing_column first[] = {{"by", "uitgesplitst naar", COLUMN_PLAIN}, {"total", "totaal", COLUMN_PLAIN},
                                                     {"cases", "kinderen", COLUMN_PLAIN}},
                                           last[] = {{"median_days", "mediaan dagen", COLUMN_PLAIN}, {"longest_days", "langste dagen", COLUMN_PLAIN}};
        struct listing_table *table = &run->listing->totals;
        const struct listing_entry *entries = run->entries.items;

        for (size_t i = 0; i < ELEMENTS(first); i++)
                table->columns[table->n_columns++] = first[i];
        for (size_t i = 0; i < ELEMENTS(run->spec->flags); i++) {
                if (run->spec->flags[i].key)
                        table->columns[table->n_columns++] = run->spec->flags[i];
        }
        for (size_t i = 0; i < ELEMENTS(last); i++)
                table->columns[table->n_columns++] = last[i];
        if (run->entries.n)
                qsort(run->entries.items, run->entries.n, sizeof(*run->entries.items), by_value);
        table->rows = arena_calloc(run->arena, run->entries.n, sizeof(*table->rows));
        run->failed |= !table->rows;
        for (size_t i = 0, n; !run->failed && i < run->entries.n; i += n) {
                for (n = 1; i + n < run->entries.n && listing_compare(&entries[i].by, &entries[i + n].by) == 0;)
                        n++;
                table->rows[table->n_rows++] = total_of(run, &entries[i], n);
        }
}

/* --- all of it --- */

static int collect(struct listing_run *run, struct engine *engine, struct store *store) {
        struct casefile *file;
        int r;

        for (size_t i = 0; (file = store_iterate(store, &i));) {
                arena_reset(engine->arena);
                r = view_open_past(&run->view, engine, store, file, run->query->at);
                if (r)
                        return r;
                if (run->view.n)
                        run->spec->collect(run);
                if (run->failed || run->view.failed)
                        return -ENOMEM;
        }
        run->view = (struct view){0};
        return 0;
}

int listing_make(struct engine *engine, struct store *store, const struct listing_query *query, struct listing **ret) {
        CLEANUP(listing_free_p) struct listing *listing = calloc(1, sizeof(*listing));
        struct listing_run run = {.query = query, .spec = specs[query->kind], .listing = listing};
        int r;

        if (!listing)
                return -ENOMEM;
        r = arena_new(&listing->arena, LISTING_ARENA_MAX);
        if (r)
                return r;
        run.arena = listing->arena;
        r = collect(&run, engine, store);
        if (r == 0 && query->kind == LISTING_NORMS)
                listing_norms_finish(&run);
        if (r == 0)
                list(&run);
        if (r == 0 && query->kind != LISTING_NORMS && query->by.kind != BY_NOTHING)
                total(&run);
        if (r == 0 && run.failed)
                r = -ENOMEM;
        vector_done(&run.entries);
        table_done(&run.tallies);
        if (r == 0)
                *ret = TAKE(listing);
        return r;
}

struct listing *listing_free(struct listing *listing) {
        if (!listing)
                return NULL;
        arena_free(listing->arena);
        free(listing);
        return NULL;
}
