/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A door at which requests over HTTP are taken and answered
 *
 * One thread, that of the connector. A request is shown to admit() when its headers are there: it is answered at once, or its body is collected, bounded, and
 * handed to take(). It waits, suspended, until door_answer(), which may come much later. So an answer can say what became of what was brought.
 * Knows nothing of what is brought, nor of who may bring it.
 */

#include <stdbool.h>

#include "base/buffer.h"
#include "channel/listening.h"
#include "connect/problem.h"

#define DOOR_DISCARD_MAX ((size_t)1024 * 1024) /* of a body that nobody wants any more, before the connection is cut */
#define DOOR_PROBLEM_MAX ((size_t)16 * 1024)

struct door;
struct door_request;

struct door_config {
        struct listening *listening; /* options of the connector: where; must outlive the door */
        const struct connector_env *env;
        size_t body_max; /* a larger one is answered with 413 */
        void *ctx;
        /* Its headers are there. door_answer() here answers without the body; else it is collected. */
        void (*admit)(void *ctx, struct door_request *q);
        /* Its body is there, until door_answer(), which may be called here or later. */
        void (*take)(void *ctx, struct door_request *q);
};

/* Begins to listen. Return: 0; -EINVAL: the address is wrong or taken; other negative errno. */
int door_open(const struct door_config *config, struct door **ret, struct error *err) MUSTCHECK;

/* Every request that take() was shown was answered by now. NULL ok; returns NULL. */
struct door *door_free(struct door *d);
DEFINE_CLEANUP(struct door *, door_free);

/* Lets requests proceed, waiting at most @timeout_ms. Return: 0 or negative errno. */
int door_turn(struct door *d, int timeout_ms, struct error *err) MUSTCHECK;

/* Takes no new connection. Return: whether no request is under way any more. */
bool door_quiesce(struct door *d);

/* -- A request, until its answer is given -- */

const char *door_method(const struct door_request *q); /* "POST" */
const char *door_path(const struct door_request *q);   /* decoded, without the query */
const char *door_header(const struct door_request *q, const char *name); /* NULL: it is not there */
struct text door_body(struct door_request *q); /* with a NUL behind it */

/* -- Answers -- */

struct door_answer {
        unsigned status;
        const char *content_type;  /* NULL: it has no body */
        struct text body;          /* copied */
        const char *extra, *value; /* one more header, or NULL */
};

/* Answers it, once; it is gone afterwards. */
void door_answer(struct door_request *q, const struct door_answer *answer);

/*
 * Answers with problem details (RFC 9457) and counts it. @row: of connect/problem.def, or the connector's own of that form. @detail: a sentence that says no
 * value of what came. @value: of the header that goes with the status: 405 Allow, 429 and 503 Retry-After; NULL: none.
 */
void door_refuse(struct door_request *q, const struct problem_row *row, const char *detail, const char *value);
