/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Everything that is wrong with one event, for whoever wrote it
 *
 * Each mistake has its code, its field and one sentence in the language of the reader. The functions that
 * judge go on after a mistake: what was said to be wrong is not judged again. The first mistake is the one
 * that counts where only one can be told, in the order of the contract. No sentence holds the value of a personal field.
 */

#include "base/error.h"
#include "base/language.h"
#include "base/name.h"
#include "base/text.h"
#include "model/event.h"

#define EVENT_MISTAKES_MAX 20 /* of one event that are told; those beyond are counted */

struct event_mistake {
        enum refusal refusal;
        const char *field;    /* of the schema, or a literal; NULL: key, when that is not "" */
        char key[NAME_SHOWN]; /* a field that the schema does not know; "": none, or no name that may be repeated */
        const char *within;   /* as it stood in struct event_mistakes */
        char text[ERROR_TEXT_MAX];
};

struct event_mistakes {
        enum language language;
        const char *within;          /* where fields stand in what was sent, for whoever tells of them; borrowed, may be NULL */
        struct event_mistake *items; /* the caller's: room for so many */
        size_t room, n;              /* n: found, also those beyond the room */
        uint64_t wrong;              /* one bit per slot: something was said of it */
};

/* Of the type's slot @slot, or of a field by name (NULL: of the event as a whole). Beyond the room it only counts. Return: false. */
bool event_mistakes_add_slot(struct event_mistakes *m, const struct event_type *type, size_t slot, enum refusal refusal, const char *fmt, ...)
        PRINTF_LIKE(5, 6);
bool event_mistakes_add(struct event_mistakes *m, enum refusal refusal, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* A field that no schema knows; it is repeated when it is a name. Return: false. */
bool event_mistakes_add_key(struct event_mistakes *m, struct text key, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Whether nothing was said of this slot. */
bool event_mistakes_clear(const struct event_mistakes *m, int slot);

/* How many are told of those that were found. */
size_t event_mistakes_told(const struct event_mistakes *m);

/* The field of a mistake, or NULL. */
const char *event_mistake_field(const struct event_mistake *mistake);

/* The first of @m for those who tell one: its code, and what it says; REFUSAL_NONE leaves @err alone. */
enum refusal event_mistakes_first(const struct event_mistakes *m, const char **ret_field, struct error *err);
