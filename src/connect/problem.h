/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Problem details (RFC 9457): why a request was not accepted
 *
 * {"type":"urn:ketenwacht:problem:bad-value","title":…,"status":422,"detail":…,"code":"BAD_VALUE",
 *  "field":"municipality","errors":[{"pointer":"#/municipality","detail":…}]}
 *
 * code is the same word as in dead letters and event-refused where both can occur. detail names
 * fields and never repeats the value of a personal one.
 */

#include "base/buffer.h"
#include "base/error.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"
#define PROBLEM_URN "urn:ketenwacht:problem:"

enum problem_kind {
        PROBLEM_NONE,
#define PROBLEM_ROW(name, status, urn, title) PROBLEM_##name,
#include "connect/problem.def"
#undef PROBLEM_ROW
        PROBLEMS,
};

struct problem_row {
        const char *code, *urn, *title;
        unsigned status;
};
extern const struct problem_row problem_rows[PROBLEMS];

struct problem {
        enum problem_kind kind;
        const char *field;   /* the field or attribute that is at fault; NULL: none */
        const char *within;  /* where the field stands in the body: "" or "/data"; NULL: not in the body */
        struct error detail; /* "": none */
        const char *next;    /* CURSOR_GONE: the address at which it goes on */
        int64_t from, to;    /* the same: what is gone, inclusive; to < from: that is not known */
};

/* Appends the JSON. */
void problem_write(const struct problem *problem, struct buffer *out);
