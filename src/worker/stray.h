/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Rows of case-state that say nothing to this program: foreign, damaged, of an unknown kind
 *
 * What a case is may never be guessed, so as long as one stands there its partition is not worked on. A row counts no more when a later one
 * of its key can be read, or is a tombstone: that is how `ketenwacht state repair` puts it aside.
 */

#include <stdbool.h>

#include "base/table.h"
#include "bus/bus.h"
#include "engine/store.h"

#define STRAYS_MAX 100000          /* of one reading; more are not told apart, and refused */
#define STRAYS_KEPT_MAX 1000       /* of which the values are kept, when asked for */
#define STRAY_KEY_TEXT 128

struct stray {
        int32_t partition;
        int64_t offset;
        instant_t timestamp;
        const uint8_t *key; /* within .place */
        void *place, *value; /* owned; value: NULL when it is not kept */
        size_t key_n, value_n;
        struct error why;
};

struct strays {
        bool keeps;             /* values too; set by the owner */
        struct table by_key;    /* struct stray */
        size_t kept;            /* values that were kept */
};

void strays_done(struct strays *s);

/* Gives a row, not a mark, to @store, or notes that it cannot be read. Return: 0; -ENOMEM, -E2BIG (beyond STRAYS_MAX), with a sentence. */
int strays_take(struct strays *s, struct store *store, const struct bus_record *row, struct error *err) MUSTCHECK;

/* Notes a row whose key has a foreign length, for whoever has no store; a tombstone of it takes it back. Return: as strays_take(). */
int strays_take_foreign(struct strays *s, const struct bus_record *row, struct error *err) MUSTCHECK;

/* Iterates as table_next(). */
const struct stray *strays_next(const struct strays *s, size_t *at);

/* The first by partition and offset, or NULL. */
const struct stray *strays_first(const struct strays *s);

/* Where it stands, why it cannot be read and what to do, as one sentence. */
void strays_say(const struct stray *stray, struct error *err);

/* The key as people read it: case_id, kind, id; or its first bytes. Returns @ret. */
const char *stray_key_text(const struct stray *stray, char ret[STRAY_KEY_TEXT]);
