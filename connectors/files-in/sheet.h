/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A file of events: its lines, and the event that each stands for
 *
 * Two forms, known by the ending of the name: JSON lines as `ketenwacht replay` reads them (.jsonl, .ndjson, .json), and CSV (.csv, .txt) with a line of
 * field names, ';' or ',', with or without a byte order mark. In CSV an empty value is one that is not there; a date may be DD-MM-YYYY, an
 * instant also a date, or a date and a time, of Amsterdam (of the hour that comes twice the first); yes or no is true, false, ja, nee, waar or onwaar.
 *
 * The type of an event is what the line says under `event`, else what the file's name begins with: measure-started.csv, measure-started-2026-11.csv.
 * Where the line says no `source`, it is the organisation whose file it is. Where it says no `event_id`, it is the UUIDv5 of
 * `file|organisation|type|the whole line`: a file that comes twice counts once, and a line that was changed is another event. Of a type with an
 * identity the one that was recorded last counts; of another, `replaces` must say what it corrects.
 *
 * No sentence names the value of a personal field.
 */

#include <jansson.h>

#include "base/arena.h"
#include "base/name.h"
#include "channel/csv.h"
#include "model/event.h"
#include "model/event_types.h"

#define SHEET_LINE_MAX ((size_t)64 * 1024) /* bytes */
#define SHEET_LINES_MAX 1000000            /* of one file, without the empty ones */

extern const char *const sheet_endings[]; /* NULL behind the last */

/* What every line of a file is judged by. */
struct sheet_rules {
        const struct event_types *types;
        const struct organisations *organisations;
        const struct organisation *from; /* whose files these are */
        instant_t now;
        enum language language;          /* of what is said about mistakes */
};

struct sheet {
        struct text bytes;
        const struct event_type *type; /* by the file's name; NULL: each line says its own */
        bool csv;
        char separator;
        char names[CSV_CELLS_MAX][NAME_MAX_BYTES + 1]; /* of columns */
        size_t columns, at, line;      /* where the next line begins, and how many were passed */
};

struct sheet_line {
        struct text text; /* without its end */
        size_t number;    /* from 1, empty ones and the line of names counted */
};

/* Why a line is no event. */
struct sheet_refusal {
        const char *code; /* as in the contract */
        struct error why;
};

/* What a line says. */
struct sheet_event {
        struct event event; /* in the arena, and in: */
        json_t *json;
};

/* Begins to read a file, whose bytes must outlive @ret. Return: 0; -EINVAL: no line of it can be read, with why. */
int sheet_open(const char *name, struct text bytes, const struct sheet_rules *rules, struct arena *arena, struct sheet *ret, struct error *why) MUSTCHECK;

/* The next line that is not empty. False: there is none. */
bool sheet_next(struct sheet *s, struct sheet_line *ret);

/*
 * The event of a line: all that can be said without its case is in order. sheet_event_done() is due. False: it is none, and *ret_refusal says why.
 */
bool sheet_read(const struct sheet *s, const struct sheet_rules *rules, struct text line, struct arena *arena, struct sheet_event *ret,
                struct sheet_refusal *ret_refusal) MUSTCHECK;
void sheet_event_done(struct sheet_event *e);
