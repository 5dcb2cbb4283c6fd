/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Listening for requests over HTTP, on the connector's own thread
 *
 * libmicrohttpd, bounded in connections, headers, silence and slowness, and turned by listening_turn(). What requests are is the matter of who listens:
 * channel/door.h for those that only take something, a connector of its own handler for more.
 */

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "connect/connector.h"

#define LISTENING_HEADER_BYTES 16384 /* request line and headers */
#define LISTENING_WHOLE_MS 60000     /* a request is here within so long, and an answer taken; else the connection is cut, however often something moves */
#define LISTENING_SWEEP_MS 1000      /* between two looks for those that are not */

struct listened;

struct listening {
        /* options of the connector */
        const char *listen; /* "127.0.0.1:8080" or "[::1]:8080" */
        int64_t connections, per_address, timeout;
        /* the rest */
        int64_t whole_within; /* in place of LISTENING_WHOLE_MS, for bodies that may be large; 0: that */
        struct MHD_Daemon *daemon;
        struct clock clock;
        struct listened *open; /* every connection */
        int64_t swept;
        MHD_RequestCompletedCallback over; /* of who listens */
        void *ctx;
        bool quiet; /* takes no new connection */
};

/* Who gets the requests; libmicrohttpd says what these are called with. */
struct listening_handler {
        MHD_AccessHandlerCallback request;
        MHD_RequestCompletedCallback over;
        void *ctx;
};

/* Whether the address can be one. Return: 0, or -EINVAL with a sentence. */
int listening_check(const struct listening *l, struct error *err) MUSTCHECK;

/*
 * Begins to listen, and logs where (C101). @l stays where it is until listening_close(). Time that a request is suspended does not count against it.
 * Return: 0; -EINVAL: the address is wrong or taken; other negative errno.
 */
int listening_open(struct listening *l, const struct connector_env *env, const struct listening_handler *handler, struct error *err) MUSTCHECK;

/* Cuts every connection; none is suspended any more, but for those just resumed. May be called without listening_open(), and twice. */
void listening_close(struct listening *l);

/* Lets requests proceed, waiting at most @timeout_ms. Return: 0 or negative errno. */
int listening_turn(struct listening *l, int timeout_ms, struct error *err) MUSTCHECK;

/* Takes no new connection from now on. */
void listening_quiesce(struct listening *l);
