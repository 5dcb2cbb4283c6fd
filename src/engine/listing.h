/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Listings: what all cases together say, seen from an instant
 *
 * Facts recorded at or before the instant, judged as they stood then. A listing is a table of cells, one
 * line per thing (an obstruction, a waiting child, something due), and on request totals by a value; norms are
 * totals from the start. Knows no format: survey/report_print.h writes JSON, CSV or Dutch text of it. No cell ever holds
 * a field that is marked as personal. Looks only; tells nothing.
 */

#include "engine/engine.h"

#define LISTING_ARENA_MAX ((size_t)2 << 30)

enum listing_kind {
        LISTING_NORMS,         /* per protocol and norm: in order and not, in the form of the inspection's table */
        LISTING_OBSTRUCTIONS,  /* the agenda of the contract talks */
        LISTING_WAITING,       /* children who wait for help now */
        LISTING_UNPROTECTED,   /* children reported as not protected enough, and not yet protected again */
        LISTING_HANDOVER,      /* measures that ended: was the case handed over, when, and what was missing */
        LISTING_LATE_VERDICTS, /* from verdict to the GI's knowledge of it */
        LISTING_TERMS,         /* what is due, per organisation that hears of it */
        LISTING_KINDS,
};
extern const char *const listing_names[LISTING_KINDS]; /* as commands call them: "late-verdicts" */

/* By which value lines are split, or totals are made. */
enum listing_by_kind {
        BY_NOTHING,
        BY_GI,           /* whom the role gi means at the instant */
        BY_MUNICIPALITY, /* whom the role municipality means at the instant */
        BY_REGION,       /* where that municipality lies */
        BY_QUARTER,      /* of the date that it counts from: 2020-Q4 */
        BY_ORGANISATION, /* LISTING_TERMS: who hears of it */
        BY_FIELD,        /* a field of the starting fact */
        BY_EVENT,        /* a field of the latest fact of a type that joins, by its own date, then event_id */
};
struct listing_by {
        enum listing_by_kind kind;
        const char *field;             /* BY_FIELD, BY_EVENT */
        const struct event_type *type; /* BY_EVENT */
};

struct listing_query {
        enum listing_kind kind;
        instant_t at;
        day_t started_from, started_until; /* the date that it counts from, inclusive; DAY_NONE: open */
        day_t due_from, due_until;         /* LISTING_TERMS: inclusive; DAY_NONE: open */
        const struct region *region;       /* of the municipality at the instant, or a part of it; NULL: all */
        const struct organisation *gi, *municipality, *organisation; /* first rows; NULL: all */
        const char *norm;                  /* LISTING_NORMS, LISTING_TERMS: only this one, or NULL */
        struct listing_by by;
        const struct organisation *told_to; /* first row: only cases of which it was told something (engine/told.h); NULL: all */
        bool totals;                       /* only these, and not the list: of all but LISTING_NORMS, with .by; a fraction of the memory */
        size_t bytes_max;                  /* of the listing, about; 0: LISTING_ARENA_MAX */
};

/*
 * Reads what --by says: gi, municipality, region, quarter, organisation, a field of the starting fact, or event.field. @text must outlive *ret.
 * Return: 0; -EINVAL with a sentence (unknown, or personal).
 */
int listing_by_read(const struct config *config, enum listing_kind kind, const char *text, struct listing_by *ret, struct error *err) MUSTCHECK;

enum cell_kind { CELL_NULL, CELL_TEXT, CELL_INT, CELL_BOOLEAN, CELL_DATE, CELL_LIST };
struct listing_item {
        const char *word;
        day_t date;   /* DAY_NONE: the item is the word alone */
        bool has_agreed, agreed;
};
struct listing_cell {
        enum cell_kind kind;
        union {
                const char *text;
                int64_t i; /* CELL_INT, CELL_BOOLEAN, CELL_DATE (days) */
                struct {
                        const struct listing_item *items;
                        size_t n;
                } list;
        };
        const char *name; /* CELL_TEXT: what people call it (of an organisation, a norm), or NULL */
};

enum column_use {
        COLUMN_PLAIN,
        COLUMN_GROUP,   /* for people: lines with the same value stand together under it */
        COLUMN_MACHINE, /* not for people */
};
struct listing_column {
        const char *key;     /* of JSON and CSV */
        const char *heading; /* Dutch, for people */
        enum column_use use;
};

#define LISTING_COLUMNS_MAX 24
struct listing_table {
        struct listing_column columns[LISTING_COLUMNS_MAX];
        size_t n_columns;
        const struct listing_cell **rows; /* n_columns cells each, sorted */
        size_t n_rows;
};

struct listing {
        struct listing_table list;
        struct listing_table totals; /* of all but LISTING_NORMS, when the query says by what; else no columns */
        /* not for users */
        struct arena *arena;
};

/*
 * Goes through every case. What the listing shows is its own, or borrowed from the configuration. Return: 0; -ENOMEM, also when it comes to more than
 * query.bytes_max.
 */
int listing_make(struct engine *engine, struct store *store, const struct listing_query *query, struct listing **ret) MUSTCHECK;
struct listing *listing_free(struct listing *listing); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct listing *, listing_free);

/* -- The same in steps, for who must let others have the store in between -- */

struct listing_run;

/*
 * Remembers which cases there are. What comes to the store between steps is not in the listing unless it is of one of them and the instant is not before it; a
 * case that goes meanwhile is left out. @query is copied, what it points to is borrowed. Return: 0; -ENOMEM.
 */
int listing_begin(const struct store *store, const struct listing_query *query, struct listing_run **ret) MUSTCHECK;
/* Goes through so many cases more. Return: 1: there are more; 0: all were seen; -ENOMEM as above, and it is to be given up. */
int listing_step(struct listing_run *run, struct engine *engine, struct store *store, size_t cases) MUSTCHECK;
/* How many were seen, of how many. */
void listing_progress(const struct listing_run *run, size_t *ret_done, size_t *ret_all);
/* Puts it in order, once all were seen; needs neither engine nor store, and nothing but listing_run_free() is called of the run then. Return: 0; -ENOMEM. */
int listing_end(struct listing_run *run, struct listing **ret) MUSTCHECK;
struct listing_run *listing_run_free(struct listing_run *run); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct listing_run *, listing_run_free);
