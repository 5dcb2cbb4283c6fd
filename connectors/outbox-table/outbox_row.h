/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A row of an outbox, and whether it is an event
 *
 * What is wrong with it is said twice: to its writer, in whose table it is moved aside, with every mistake; and to everybody else by code and field
 * alone, since a payload may hold anything in any place.
 */

#include "base/arena.h"
#include "connect/intake.h"

#define OUTBOX_ERROR_MAX 2000 /* bytes of the sentences for its writer */

/* As it stands there; NULL: null. Borrowed. */
struct outbox_row {
        const char *id, *aggregateid, *type, *payload;
        size_t payload_n;
};

struct outbox_reader {
        const struct organisation *organisation; /* whose events these are */
        const struct organisations *organisations;
        const struct event_types *types;
        struct arena *arena;
        enum language language; /* of the sentences for the writer */
        struct problem problem; /* of the row that was read last */
};

struct outbox_mistake {
        const char *code;
        char error[OUTBOX_ERROR_MAX];    /* for the writer */
        char reason[ERROR_TEXT_MAX];     /* for everybody else: no value of a field */
};

/*
 * Reads and checks it. Return: true, and @ret is valid until intake_done() and the arena's reset; false: it can be no event, with @mistake, which may name
 * fields and values of its writer's own in .error alone.
 */
bool outbox_row_read(struct outbox_reader *reader, const struct outbox_row *row, instant_t now, struct intake *ret, struct outbox_mistake *mistake);
