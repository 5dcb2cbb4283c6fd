/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One page of an inbox, as a batch of CloudEvents, and the cursor behind it
 *
 * A cursor says where the next page begins, and which record stood before it: so a log that was made anew is noticed, and one that was
 * cut before it was read. It holds no more than a place, stays good as long as the log does, and is of one organisation's inbox.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "bus/bus.h"
#include "model/event_types.h"
#include "model/organisations.h"

#define INBOX_PAGE_DEFAULT 100 /* events */
#define INBOX_PAGE_MAX 1000
#define INBOX_PAGE_BYTES ((size_t)2 * 1024 * 1024)       /* a page ends behind the event with which it is so large */
#define INBOX_PAGE_BYTES_MAX ((size_t)16 * 1024 * 1024)  /* of its buffer: the largest record still fits behind it */
#define INBOX_PAGE_MS 10000    /* to read one */
#define INBOX_CURSOR_TEXT 66

struct inbox_cursor {
        int64_t next;       /* offset of the first record that was not read; negative: from the beginning, wherever that is */
        int64_t last;       /* of the record before it; negative: none was read */
        uint8_t witness[8]; /* of that record */
};
#define INBOX_CURSOR_BEGINNING {.next = -1, .last = -1}

/* Text for an address, and back. Return: false: it is no cursor of this organisation's inbox. */
void inbox_cursor_write(const struct inbox_cursor *cursor, const struct organisation *owner, char ret[INBOX_CURSOR_TEXT + 1]);
bool inbox_cursor_read(struct text text, const struct organisation *owner, struct inbox_cursor *ret);

struct inbox_reading {
        struct bus *bus;
        const struct event_types *types;
        const struct organisations *organisations;
        struct clock clock;
        const struct organisation *owner; /* of the inbox */
        size_t limit;                     /* events, at most */
        const atomic_bool *enough;        /* of a struct bus_reader_config; may be NULL */
};

struct inbox_page {
        size_t n;
        int64_t from, to; /* INBOX_E_CUT: the offsets that are gone, inclusive */
};

enum inbox_outcome {
        INBOX_E_CUT = 1, /* records behind the cursor were removed before they were read; *cursor: from the first that is left */
        INBOX_E_ANEW,    /* the log is not the one that the cursor is of; *cursor: from its beginning */
        INBOX_E_LATE,    /* the broker did not give it in time */
};

/*
 * Reads the records behind *cursor that are committed, appends them to @out as a JSON array of CloudEvents, and moves *cursor behind them.
 * What no schema here can read goes along as it is (data_base64). Waits for the broker. Return: 0; an outcome above, with nothing appended;
 * negative errno with a sentence.
 */
int inbox_page_read(const struct inbox_reading *reading, struct inbox_cursor *cursor, struct buffer *out, struct inbox_page *ret, struct error *err) MUSTCHECK;
