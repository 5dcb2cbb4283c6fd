/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Norms in words: what an agreement says, for people who do not read its file
 *
 * Each key that a norm has, in the order of the table of keys, as one text. In Dutch events are called as their schemas call them, with their name; in
 * English by their name alone.
 */

#include "base/buffer.h"
#include "base/language.h"
#include "model/protocol.h"

#define NORM_WORDS_MAX 4096 /* bytes of one text */

struct norm_line {
        const char *key;   /* as protocols write it: "met_by" */
        const char *label; /* what it is: "gehaald door" */
        const char *text;  /* borrowed during the call */
        bool assumed;      /* the protocol says that no source has it */
};

/* Gives each key that the norm has to @see. Return: 0; -ENOMEM; what @see returned when it was not 0, and then at once. */
int norm_say(const struct norm *norm, enum language language, int (*see)(void *ctx, const struct norm_line *line), void *ctx) MUSTCHECK;

/* Whether the protocol says that no source has this: "valid", or a key of a norm. @norm: NULL, of the protocol itself. */
bool protocol_assumes(const struct protocol *protocol, const struct norm *norm, const char *key);

/* "kind niet PREVENTIEF of JR_VRIJWILLIG, er is een measure-extended". @self: the type whose fields conditions without an event are of; NULL: there is none. */
void conditions_print(const struct conditions *when, const struct event_type *self, enum language language, struct buffer *out);

/* "GI, gemeente" */
void roles_print(const struct roles *roles, enum language language, struct buffer *out);

/* "5 werkdagen", "5 working days", without a sign; "6 weken, dan 3 dagen". */
void term_step_say(struct term_step step, enum language language, struct buffer *out);
void term_say(const struct term *term, enum language language, struct buffer *out);

/* What an organisation or a program calls the kind of a source, in words: "wet" of statute. */
const char *basis_words(const char *kind, enum language language);

/* The value of a field as people read it: symbols and texts as they are, dates in Dutch. */
void slot_value_print(const struct layout_field *field, const struct slot *slot, struct buffer *out);
