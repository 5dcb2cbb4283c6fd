/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Events as JSON lines
 *
 * The form in which events come from files and people: one JSON object a line, with "event" (the
 * type), the fields of its schema, and perhaps "key" (the record's key; default: its case_id); or
 * {"clock": "<RFC 3339>"}. Says of each line what it is or why it is refused, by the checks that need no case, in the
 * order in which they are agreed: MALFORMED, UNKNOWN_EVENT, BAD_VALUE, UNKNOWN_ORGANISATION, NOT_ALLOWED, KEY_MISMATCH. Knows nothing of
 * clocks, duplicates or Kafka: whoever reads decides what follows from a line.
 */

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/language.h"
#include "model/event.h"
#include "model/event_types.h"

#define LINES_BYTES_MAX ((size_t)64 * 1024) /* of one line, without its end: a longer one is MALFORMED */

#define LINES_CHUNK 4096 /* is read at once, at most */

enum line_kind { LINE_BLANK, LINE_CLOCK, LINE_EVENT, LINE_REFUSED };

struct line {
        enum line_kind kind;
        instant_t clock;      /* LINE_CLOCK */
        struct event event;   /* LINE_EVENT */
        struct text key;      /* LINE_EVENT: as written, or the case_id */
        enum refusal refusal; /* LINE_REFUSED: the first that holds, never REFUSAL_NONE */
        const char *field;    /* LINE_REFUSED: the field that is wrong, or NULL; borrowed from the schema */
        struct error error;   /* LINE_REFUSED: one sentence; never the value of a personal field */
        enum language language; /* of that sentence */
        json_t *object;       /* what texts of the event point into, if not into the arena; see line_done() */
};

/*
 * Reads one line, of at most LINES_BYTES_MAX bytes (a longer one is refused), into *ret, whose event
 * lives in @arena and in ret->object: call line_done() when it is no longer needed, whatever came out. @language: of what is said.
 */
void line_parse(const struct event_types *types, const struct organisations *orgs, struct text text, enum language language, struct arena *arena,
                struct line *ret);

/*
 * The same from MALFORMED on, for an event that came as a JSON value by another way: of type @name,
 * with the key @key (.s NULL: its case_id). @also: keys beside those of the schema that are no mistake, NULL-ended, or NULL.
 * *ret borrows @object: it must outlive it. ret->kind is LINE_EVENT or LINE_REFUSED.
 */
void line_from_json(const struct event_types *types, const struct organisations *orgs, const json_t *object, struct text name, struct text key,
                    const char *const *also, struct arena *arena, struct line *ret);

/*
 * The same from the values on, for an event that came as Avro, into *ret, which is zeros but for its language. The key is its case_id, in @arena.
 * Return: 0 or -ENOMEM.
 */
int line_from_event(const struct organisations *orgs, struct event event, struct arena *arena, struct line *ret) MUSTCHECK;

void line_done(struct line *line);

/* {"effect":"rejected","line":7,"code":…,"error":…}, and "field" when one is named: what is printed for a refusal, here or by the engine. */
void line_rejected_json(uint64_t number, enum refusal refusal, const char *field, const struct error *error, struct json_writer *w);

/* -- Reading lines from a stream -- */

struct lines {
        FILE *in;           /* borrowed */
        uint64_t number;    /* of the line last read, from 1; blank lines count */
        struct buffer line; /* at most LINES_BYTES_MAX bytes and one */
        struct text before; /* what was read of the stream already, without an end of line; borrowed */
        size_t used;        /* of the chunk, which is full of line ends behind that */
        char chunk[LINES_CHUNK];
};

#define LINES_INIT(stream) \
        { .in = (stream), .line = BUFFER_INIT(LINES_BYTES_MAX + 4096), .used = LINES_CHUNK }

enum { LINES_E_END = 1 };

/*
 * The next line without its end, borrowed until the next call; a byte order mark before the first is
 * left out, and of a line that is too long only so much is kept that line_parse() sees it.
 * Return: 0; LINES_E_END; negative errno (the stream failed; -ENOMEM).
 */
int lines_next(struct lines *lines, struct text *ret) MUSTCHECK;

/* Before the first of them: @before was read of the stream by whoever looked what it is. It holds no end of line, and is borrowed. */
void lines_begin(struct lines *lines, struct text before);
void lines_done(struct lines *lines); /* frees the buffer, leaves the stream */
