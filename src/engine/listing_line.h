/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Lines of a listing in the making: the case at hand, whom it belongs to, and the cells of a line
 *
 * For those who collect lines (listing_lists.h, listing_obligations.h) and listing.c, which puts them in order.
 */

#include "base/table.h"
#include "base/vector.h"
#include "engine/listing.h"
#include "engine/obligation.h"
#include "engine/roles.h"

struct listing_entry {         /* one line of a list */
        struct listing_cell *cells;
        struct listing_cell by;
        struct uuid case_id;
        bool listed;           /* false: in the totals only */
        bool flags[2];         /* what the listing counts: see struct listing_spec */
        bool has_days;
        int64_t days;
};

struct listing_run {
        struct listing_query asked;
        const struct listing_query *query; /* the same */
        const struct listing_spec *spec;
        struct listing *listing;
        struct arena *arena; /* the listing's; while only totals are made of a case: the engine's */
        VECTOR(struct uuid) cases; /* all that there were at the beginning */
        size_t at;           /* the next of them */
        struct view view;    /* the case at hand */
        VECTOR(struct listing_entry) entries;
        struct table tallies; /* of listing_obligations.c: struct tally, by norm and value; of totals alone: their texts */
        bool tries, found;    /* it is only looked whether anything of the case would be listed; it would */
        bool failed;          /* memory is out */
};

/* Whom something belongs to, at the instant. */
struct listing_scope {
        const struct organisation *gi, *municipality; /* rows valid then, or NULL */
        const struct region *region;
};

struct listing_spec {
        const struct listing_column *columns;
        size_t n_columns;
        const int *sort;      /* columns from 1, negative: descending; ended by 0 */
        struct listing_column flags[2]; /* columns of the totals; key NULL: none */
        void (*collect)(struct listing_run *run);
        const char *starts;   /* the type that its lines start from; NULL: any that a norm starts from */
        void (*finish)(struct listing_run *run); /* when every case has been seen; NULL: nothing */
};

/* Whom an obligation of the case at hand belongs to. */
struct listing_scope listing_scope_of(struct listing_run *run, const struct obligation *o);
/* Whether the filters of the query let it through, but for the norm. */
bool listing_wants(const struct listing_run *run, const struct obligation *o, const struct listing_scope *scope);
/* The value by which it is split. @organisation: who hears of it, or NULL. */
struct listing_cell listing_by_value(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope,
                                     const struct organisation *organisation);
/* A line of spec->n_columns cleared cells, listed; NULL: memory is out. */
struct listing_entry *listing_add(struct listing_run *run);
/* Compares two cells: null last. */
int listing_compare(const struct listing_cell *a, const struct listing_cell *b);

/* What a list is about, in the form in which obligations join facts: a starting fact and a date. */
extern const struct norm listing_norm_none;
static inline struct obligation listing_about(const struct fact *start, day_t from) {
        return (struct obligation){.norm = &listing_norm_none, .start = start, .from = from, .instance = ""};
}
/* The counting facts of a type by its name; none when the schemas have no such type. */
const struct fact_list *listing_facts(const struct listing_run *run, const char *type);
/* A field by its name; NULL: the type has none. */
const struct slot *listing_slot(const struct fact *fact, const char *field);

/* Cells. */
struct listing_cell cell_text(const char *text); /* NULL: null */
struct listing_cell cell_int(int64_t i);
struct listing_cell cell_boolean(bool b);
struct listing_cell cell_date(day_t date); /* DAY_NONE: null */
struct listing_cell cell_organisation(const struct organisation *org);
struct listing_cell cell_region(const struct region *region);
struct listing_cell cell_uuid(struct listing_run *run, const struct uuid *id);
/* A field of a fact as JSON would say it; the name of an organisation with it. Null when there is none, and when it is personal. */
struct listing_cell cell_field(struct listing_run *run, const struct fact *fact, const char *field);
/* Who published it. */
struct listing_cell cell_source(struct listing_run *run, const struct fact *fact);
