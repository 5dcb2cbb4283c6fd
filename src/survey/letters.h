/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Dead letters: what stands in `dead-letters`, and what would become of it now
 *
 * Reads the topic once, without a group, and beside it `audit`, which remembers what was sent again. Holds one letter at a time, and of
 * those that were sent again their place. Sending them: survey/redrive.h.
 */

#include "base/json.h"
#include "bus/bus.h"
#include "calendar/date.h"
#include "cluster/event_record.h"
#include "model/event.h"

#define LETTERS_SENT_BYTES_MAX ((size_t)128 << 20) /* of memory for what was sent again: about a million letters */
#define LETTERS_ORGANISATION_MAX 64
#define LETTERS_OBJECT_MAX 96                      /* "dead-letters/0/123@1700000000000", with its end */

struct letters_source {
        struct bus *bus;
        const struct event_types *types;
        const struct organisations *organisations;
        int32_t partitions; /* of topics by case */
        instant_t now;
        const atomic_bool *enough; /* NULL; or once it is true, reading ends with -ECANCELED: for a stop */
};

/* Which letters; NULL: any. */
struct letters_filter {
        const char *code, *stage, *topic; /* as their headers say; topic: where they stood */
        const char *organisation;         /* whose inbox, or who published it */
        instant_t from;                   /* written then or later; 0: all */
        instant_t until;                  /* and not later than this; 0: all */
        instant_t sent_from;              /* only those that were sent again, then or later; 0: all */
        bool unsent;                      /* only those that were not sent again */
        bool returned;                    /* only those that came back after they were */
        bool one;                         /* only this one: */
        int32_t partition;
        int64_t offset;
};

struct letter {
        struct bus_record *record;      /* of dead-letters; headers loaded */
        bool good;                      /* it has the headers that every dead letter has, and @read is of them */
        struct dead_letter_read read;
        bool has_event_id, has_case_id; /* as far as headers and key say it */
        struct uuid event_id, case_id;
        char organisation[LETTERS_ORGANISATION_MAX + 1]; /* whose inbox, or who published it; empty: cannot be said */
        instant_t sent_at;              /* sent again then; 0: not */
};

/* What its headers and key say of it, and no value of a field. Texts are borrowed of what it is made of. */
struct letter_line {
        int32_t partition;              /* of dead-letters */
        int64_t offset;
        instant_t at, sent_at;          /* written; sent again, 0: not */
        bool good;                      /* these are there: */
        const char *code, *stage, *topic, *connector, *error; /* connector: "", none is named */
        int32_t from_partition;         /* where it stood */
        int64_t from_offset, redriven;
        const char *organisation;       /* "": cannot be said */
        bool has_event_id, has_case_id;
        struct uuid event_id, case_id;
};

struct letters_visitor {
        int (*letter)(void *ctx, const struct letter *letter, struct error *err); /* borrowed for the call; not 0: ends the reading with it */
        void *ctx;
};

/*
 * Every letter that passes the filter, up to the end that stands now, each partition in its order. Return: 0; what the visitor returned; -ENOENT with a
 * sentence: the topic is not there; other negative errno with a sentence.
 */
int letters_each(const struct letters_source *source, const struct letters_filter *filter, const struct letters_visitor *visitor, struct error *err) MUSTCHECK;

/*
 * One letter, read at its place alone: without whether it was sent again (letter.sent_at is 0). Return: as letters_each(); LETTERS_E_NONE: there is none
 * at this place any more, or not yet.
 */
enum { LETTERS_E_NONE = 1 };
int letters_one(const struct letters_source *source, int32_t partition, int64_t offset, const struct letters_visitor *visitor, struct error *err) MUSTCHECK;

/*
 * Whether it would be taken if it were sent again now, by today's schemas and organisations, as far as can be said without its case.
 * @connector: of letters that name none; or NULL. Return: NULL, it would; else why not, as a code, with a sentence.
 */
const char *letters_judge(const struct letters_source *source, const struct letter *letter, const char *connector, struct error *ret_why);

/* What @record (of dead-letters, headers loaded) says, without whether it was sent again. Borrows it. */
void letter_read(const struct letters_source *source, struct bus_record *record, struct letter *ret);

/* What it says, in @ret, which borrows from it. */
void letter_line_make(const struct letter *letter, struct letter_line *ret);

/* Whether it passes, but for @filter->one. */
bool letter_line_passes(const struct letter_line *line, const struct letters_filter *filter);

/* The members of an object: "letter" (its place), "at", "code" … */
void letter_line_put(const struct letter_line *line, struct json_writer *w);

/* What would become of it: "now" (ACCEPTED, or the code of letters_judge()) and "now_error". @code: NULL, it would be taken. */
void letter_put_verdict(const char *code, const struct error *why, struct json_writer *w);

/* What `audit` calls it. The stamp makes it another when dead-letters was made anew. */
struct letter_place {
        int64_t offset;
        instant_t stamp;
        int32_t partition;
};
void letters_object(const struct bus_record *record, char ret[LETTERS_OBJECT_MAX]);
/* Reads it back; false: it is none. */
bool letters_object_read(struct text object, struct letter_place *ret);
