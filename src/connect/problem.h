/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Problem details (RFC 9457): why a request was not accepted
 *
 * {"type":"urn:ketenwacht:problem:bad-value","title":…,"status":422,"detail":…,"code":"BAD_VALUE",
 *  "field":"municipality","errors":[{"pointer":"#/municipality","detail":…,"code":"BAD_VALUE","field":"municipality"}, …],"more":3}
 *
 * code is the same word as in dead letters and event-refused where both can occur. Of several mistakes the
 * problem itself is the first; errors has all, at most EVENT_MISTAKES_MAX, and "more" says how many it leaves out. detail names
 * fields and never repeats the value of a personal one.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/language.h"
#include "model/event_mistakes.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"
#define PROBLEM_URN "urn:ketenwacht:problem:"

enum problem_kind {
        PROBLEM_NONE,
#define PROBLEM_ROW(name, status, urn, title, title_nl) PROBLEM_##name,
#include "connect/problem.def"
#undef PROBLEM_ROW
        PROBLEMS,
};

struct problem_row {
        const char *code, *urn, *title, *title_nl;
        unsigned status;
};
extern const struct problem_row problem_rows[PROBLEMS];

struct problem {
        enum problem_kind kind;
        enum language language;
        const char *field;   /* the parameter of the address that is at fault; NULL: none */
        struct error detail; /* "": none, or it stands in the mistakes */
        size_t n;            /* mistakes of the event, also those that are not told */
        struct event_mistake mistakes[EVENT_MISTAKES_MAX];
        const char *next;    /* CURSOR_GONE: the address at which it goes on */
        int64_t from, to;    /* the same: what is gone, inclusive; to < from: that is not known */
};

/* Begins to collect the mistakes of an event in this problem, which must not move while that lasts. */
struct event_mistakes problem_mistakes(struct problem *problem, enum language language);

/* What they make of it: the first says which problem it is. Return: whether there were none. */
bool problem_of_mistakes(struct problem *problem, const struct event_mistakes *m);

/* Appends one without mistakes, of a row that need not stand in problem.def: what a connector of its own answers. */
void problem_write_row(const struct problem_row *row, enum language language, const char *detail, struct buffer *out);

/* Appends the JSON. */
void problem_write(const struct problem *problem, struct buffer *out);
