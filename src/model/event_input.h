/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Events from a file: JSON lines, or an Avro container file
 *
 * Which of both it is its first bytes say. Of a container each datum is what a line is: the same checks in the same order, the same codes. Its
 * schema, or each branch of a union, is that of an event type in whichever version, by the name of the record; anybody may have written it.
 * A datum that cannot be an event is refused and the next ones go on, as lines do; bytes in which the next datum cannot be found end the file.
 */

#include "avro/container.h"
#include "model/lines.h"

struct event_input;

struct event_input_config {
        FILE *in;         /* borrowed */
        const char *name; /* of the file, in sentences; borrowed */
        const struct event_types *types;
        const struct organisations *orgs;
        bool (*passes)(void *ctx, struct text line); /* lines that nobody wants to be read come as blank ones; NULL: none */
        void *ctx;
};

enum { EVENT_INPUT_E_END = 1 };

/*
 * Reads as far as it takes to know what it is. Return: 0; -EINVAL with a sentence: a container that is damaged, or in which no event can be; negative
 * errno with a sentence.
 */
int event_input_open(const struct event_input_config *config, struct event_input **ret, struct error *err) MUSTCHECK;
struct event_input *event_input_free(struct event_input *input); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct event_input *, event_input_free);

/* Whether it is a container: its events stand in any order, and among them are no clock lines. */
bool event_input_is_container(const struct event_input *input);

/* The number of the line or datum that was read last, from 1. */
uint64_t event_input_number(const struct event_input *input);

/*
 * The next line or datum, in the form of a line: line_done() when it is no longer needed, before the next. Its event lives in @arena and in the input.
 * Return: 0; EVENT_INPUT_E_END; -EINVAL with a sentence: the file is damaged; negative errno with a sentence.
 */
int event_input_next(struct event_input *input, struct arena *arena, struct line *ret, struct error *err) MUSTCHECK;
