/* SPDX-License-Identifier: EUPL-1.2 */

/* Goes through every case, lets the listing that is asked for collect its lines, and puts them and their totals in order. */

#include "engine/listing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/name.h"
#include "engine/listing_lists.h"
#include "engine/listing_obligations.h"
#include "engine/told.h"

#define LISTING_ENTRIES_SHARE 2 /* of query.bytes_max: what is there only while a listing is made */

const char *const listing_names[LISTING_KINDS] = {
        [LISTING_NORMS] = "norms",       [LISTING_OBSTRUCTIONS] = "obstructions",   [LISTING_WAITING] = "waiting", [LISTING_UNPROTECTED] = "unprotected",
        [LISTING_HANDOVER] = "handover", [LISTING_LATE_VERDICTS] = "late-verdicts", [LISTING_TERMS] = "terms",
};
static const struct listing_spec *const listing_specs[LISTING_KINDS] = {
        [LISTING_NORMS] = &listing_norms,           [LISTING_OBSTRUCTIONS] = &listing_obstructions,
        [LISTING_WAITING] = &listing_waiting,       [LISTING_UNPROTECTED] = &listing_unprotected,
        [LISTING_HANDOVER] = &listing_handover,     [LISTING_LATE_VERDICTS] = &listing_late_verdicts,
        [LISTING_TERMS] = &listing_terms,
};
static const char *const by_words[] = {
        [BY_GI] = "gi", [BY_MUNICIPALITY] = "municipality", [BY_REGION] = "region", [BY_QUARTER] = "quarter", [BY_ORGANISATION] = "organisation",
};

/* --- what --by says --- */

static int listing_refuse_personal(const char *text, struct error *err) {
        error_set(err, "'%s' is personal data, which no report shows", text);
        return -EINVAL;
}

static int listing_refuse_event(const struct config *config, struct text name, struct error *err) {
        char word[NAME_SHOWN], hint[NEAREST_HINT_MAX] = "";
        struct nearest nearest;

        if (name_shown(name, word)) {
                nearest = (struct nearest)NEAREST_INIT(word);
                event_types_nearest(config->types, &nearest);
                (void) nearest_hint(&nearest, hint);
        }
        error_set(err, "no event '%.*s'%s; write event.field, like deviation-explained.reason", (int)name.n, name.s, hint);
        return -EINVAL;
}

static int listing_by_event(const struct config *config, const char *text, const char *dot, struct listing_by *ret, struct error *err) {
        struct text name = {text, (size_t)(dot - text)};
        const struct event_type *type = event_types_find(config->types, name);
        struct nearest nearest = NEAREST_INIT(dot + 1);
        char hint[NEAREST_HINT_MAX];
        int slot;

        if (!type || type->output)
                return listing_refuse_event(config, name, err);
        slot = layout_slot(type->layout, dot + 1);
        if (slot < 0) {
                for (size_t i = 0; i < type->layout->n; i++)
                        nearest_try(&nearest, type->layout->fields[i].name);
                error_set(err, "%s has no field '%s'%s", type->name, dot + 1, nearest_hint(&nearest, hint));
                return -EINVAL;
        }
        if (type->personal >> slot & 1)
                return listing_refuse_personal(text, err);
        *ret = (struct listing_by){.kind = BY_EVENT, .field = dot + 1, .type = type};
        return 0;
}

/* Whether lines of this listing may start from facts of a type. */
static bool listing_may_start(const struct config *config, enum listing_kind kind, const struct event_type *type) {
        if (listing_specs[kind]->starts)
                return strcmp(type->name, listing_specs[kind]->starts) == 0;
        return config->index[type->index].n_norms > 0;
}

static int listing_by_field(const struct config *config, enum listing_kind kind, const char *text, struct listing_by *ret, struct error *err) {
        struct nearest nearest = NEAREST_INIT(text);
        char hint[NEAREST_HINT_MAX];
        bool found = false;

        for (size_t i = BY_GI; i < ELEMENTS(by_words); i++)
                nearest_try(&nearest, by_words[i]);
        for (size_t t = 0; t < event_types_count(config->types); t++) {
                const struct event_type *type = event_types_at(config->types, t);

                if (!listing_may_start(config, kind, type))
                        continue;
                for (size_t i = 0; i < type->layout->n; i++) {
                        nearest_try(&nearest, type->layout->fields[i].name);
                        if (strcmp(type->layout->fields[i].name, text) != 0)
                                continue;
                        if (type->personal >> i & 1)
                                return listing_refuse_personal(text, err);
                        found = true;
                }
        }
        if (!found) {
                error_set(err, "no value '%s' to split by%s; write gi, municipality, region, quarter, a field of the starting fact, or event.field", text,
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
        return dot ? listing_by_event(config, text, dot, ret, err) : listing_by_field(config, kind, text, ret, err);
}

/* --- in order --- */

static int listing_order_by_spec(const void *a, const void *b, void *ctx) {
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

static void listing_put_in_order(struct listing_run *run) {
        struct listing_table *table = &run->listing->list;

        memcpy(table->columns, run->spec->columns, run->spec->n_columns * sizeof(*table->columns));
        table->n_columns = run->spec->n_columns;
        if (run->query->kind == LISTING_NORMS && run->query->by.kind == BY_NOTHING)
                table->n_columns--; /* the last one is the value by which lines are split */
        if (run->entries.n)
                qsort_r(run->entries.items, run->entries.n, sizeof(*run->entries.items), listing_order_by_spec, run);
        table->rows = arena_calloc(run->arena, run->entries.n, sizeof(*table->rows));
        run->failed |= !table->rows;
        for (size_t i = 0; !run->failed && i < run->entries.n; i++) {
                if (run->entries.items[i].listed)
                        table->rows[table->n_rows++] = run->entries.items[i].cells;
        }
}

/* --- totals --- */

enum { TOTALS_BY, TOTALS_TOTAL, TOTALS_CASES, TOTALS_FLAGS };

static int listing_order_by_value(const void *a, const void *b) {
        const struct listing_entry *x = a, *y = b;
        int r = listing_compare(&x->by, &y->by);

        return r ? r : uuid_compare(&x->case_id, &y->case_id);
}

static int listing_order_by_number(const void *a, const void *b) {
        const int64_t *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

/* One line of totals: entries with the same value, ordered by case. The median is the lower of two middles. */
static const struct listing_cell *listing_total_line(struct listing_run *run, const struct listing_entry *entries, size_t n) {
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
                qsort(days, n_days, sizeof(*days), listing_order_by_number);
                cells[at] = cell_int(days[(n_days - 1) / 2]);
                cells[at + 1] = cell_int(days[n_days - 1]);
        }
        return cells;
}

static void listing_put_totals(struct listing_run *run) {
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
                qsort(run->entries.items, run->entries.n, sizeof(*run->entries.items), listing_order_by_value);
        table->rows = arena_calloc(run->arena, run->entries.n, sizeof(*table->rows));
        run->failed |= !table->rows;
        for (size_t i = 0, n; !run->failed && i < run->entries.n; i += n) {
                for (n = 1; i + n < run->entries.n && listing_compare(&entries[i].by, &entries[i + n].by) == 0;)
                        n++;
                table->rows[table->n_rows++] = listing_total_line(run, &entries[i], n);
        }
}

/* --- all of it --- */

static int listing_remember_cases(struct listing_run *run, const struct store *store) {
        const struct casefile *casefile;

        for (size_t i = 0; (casefile = store_iterate(store, &i));) {
                if (vector_push(&run->cases, casefile->id))
                        return -ENOMEM;
        }
        return 0;
}

int listing_begin(const struct store *store, const struct listing_query *query, struct listing_run **ret) {
        CLEANUP(listing_run_free_p) struct listing_run *run = calloc(1, sizeof(*run));
        int r;

        assert(query->kind < LISTING_KINDS && (!query->totals || (query->kind != LISTING_NORMS && query->by.kind != BY_NOTHING)));
        if (!run)
                return -ENOMEM;
        run->asked = *query;
        run->query = &run->asked;
        run->spec = listing_specs[query->kind];
        run->listing = calloc(1, sizeof(*run->listing));
        if (!run->listing)
                return -ENOMEM;
        r = arena_new(&run->listing->arena, query->bytes_max ? query->bytes_max : LISTING_ARENA_MAX);
        if (r)
                return r;
        run->arena = run->listing->arena;
        r = listing_remember_cases(run, store);
        if (r)
                return r;
        *ret = TAKE(run);
        return 0;
}

/* A text that outlives the case at hand: each once. */
static const char *listing_intern(struct listing_run *run, const char *text) {
        size_t n = strlen(text);
        char *kept = table_get(&run->tallies, text, n);

        if (kept)
                return kept;
        kept = arena_copy(run->listing->arena, text, n);
        if (!kept || table_put(&run->tallies, kept, n, kept))
                run->failed = true;
        return kept;
}

/* Of the entries of one case what totals are made of: the rest lies in the arena of the case. */
static void listing_keep_totals(struct listing_run *run, size_t from) {
        for (size_t i = from; i < run->entries.n && !run->failed; i++) {
                struct listing_entry *entry = &run->entries.items[i];

                entry->cells = NULL;
                entry->listed = false;
                if (entry->by.kind == CELL_TEXT)
                        entry->by.text = listing_intern(run, entry->by.text);
        }
}

static int listing_open(struct listing_run *run, struct engine *engine, struct store *store, struct casefile *casefile) {
        size_t before = run->entries.n;
        int r;

        arena_reset(engine->arena);
        r = view_open_past(&run->view, engine, store, casefile, run->query->at);
        run->arena = run->query->totals ? engine->arena : run->listing->arena;
        if (r == 0 && view_lives(&run->view))
                run->spec->collect(run);
        run->arena = run->listing->arena;
        if (run->query->totals)
                listing_keep_totals(run, before);
        return r == 0 && (run->failed || run->view.failed) ? -ENOMEM : r;
}

/* Whether a case of which something would be listed (that is asked first: it costs less) is one of which the organisation was told. Return: 1, 0 or -ENOMEM. */
static int listing_was_told(struct listing_run *run, struct engine *engine, struct store *store, struct casefile *casefile) {
        const instant_t latest = store_told_latest(store); /* what it was told later than the listing's instant, it may see in it too */
        size_t before = run->entries.n;
        struct told told;
        int r;

        run->tries = true;
        run->found = false;
        r = listing_open(run, engine, store, casefile);
        run->tries = false;
        run->entries.n = before;
        if (r || !run->found)
                return r;
        arena_reset(engine->arena);
        r = told_open(&told, engine, store, casefile, run->query->told_to, latest > run->query->at ? latest : run->query->at);
        if (r == 0)
                r = told_some(&told);
        told_done(&told);
        return r;
}

int listing_step(struct listing_run *run, struct engine *engine, struct store *store, size_t cases) {
        size_t end = cases < run->cases.n - run->at ? run->at + cases : run->cases.n;
        int r = 0;

        for (; r == 0 && run->at < end; run->at++) {
                struct casefile *casefile = store_find(store, &run->cases.items[run->at]);

                if (!casefile)
                        continue;
                r = run->query->told_to ? listing_was_told(run, engine, store, casefile) : 1;
                if (r == 1)
                        r = listing_open(run, engine, store, casefile);
                if (r == 0 && run->asked.bytes_max && run->entries.n * sizeof(*run->entries.items) > LISTING_ENTRIES_SHARE * run->asked.bytes_max)
                        r = -ENOMEM;
        }
        run->view = (struct view){0}; /* it is the engine's, which may have changed before the next step */
        return r ? r : run->at < run->cases.n;
}

void listing_progress(const struct listing_run *run, size_t *ret_done, size_t *ret_all) {
        *ret_done = run->at;
        *ret_all = run->cases.n;
}

int listing_end(struct listing_run *run, struct listing **ret) {
        assert(run->at == run->cases.n);
        if (run->spec->finish)
                run->spec->finish(run);
        if (!run->query->totals)
                listing_put_in_order(run);
        if (run->query->kind != LISTING_NORMS && run->query->by.kind != BY_NOTHING)
                listing_put_totals(run);
        if (run->failed)
                return -ENOMEM;
        *ret = TAKE(run->listing);
        return 0;
}

struct listing_run *listing_run_free(struct listing_run *run) {
        if (!run)
                return NULL;
        vector_done(&run->cases);
        vector_done(&run->entries);
        table_done(&run->tallies);
        listing_free(run->listing);
        free(run);
        return NULL;
}

int listing_make(struct engine *engine, struct store *store, const struct listing_query *query, struct listing **ret) {
        CLEANUP(listing_run_free_p) struct listing_run *run = NULL;
        int r = listing_begin(store, query, &run);

        if (r == 0)
                r = listing_step(run, engine, store, SIZE_MAX);
        return r ? r : listing_end(run, ret);
}

struct listing *listing_free(struct listing *listing) {
        if (!listing)
                return NULL;
        arena_free(listing->arena);
        free(listing);
        return NULL;
}
