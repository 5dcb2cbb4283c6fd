/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Listening for requests over HTTP, on the connector's own thread
 *
 * libmicrohttpd, bounded in connections, headers and silence, and turned by listening_turn(). What requests are is the matter of who listens: channel/door.h
 * for those that only take something, a connector of its own handler for more.
 */

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "connect/connector.h"

#define LISTENING_HEADER_BYTES 16384 /* request line and headers */

struct listening {
        /* options of the connector */
        const char *listen; /* "127.0.0.1:8080" or "[::1]:8080" */
        int64_t connections, per_address, timeout;
        /* the rest */
        struct MHD_Daemon *daemon;
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

/* Begins to listen, and logs where (C101). Return: 0; -EINVAL: the address is wrong or taken; other negative errno. */
int listening_open(struct listening *l, const struct connector_env *env, const struct listening_handler *handler, struct error *err) MUSTCHECK;

/* Cuts every connection; none is suspended any more, but for those just resumed. May be called without listening_open(), and twice. */
void listening_close(struct listening *l);

/* Lets requests proceed, waiting at most @timeout_ms. Return: 0 or negative errno. */
int listening_turn(struct listening *l, int timeout_ms, struct error *err) MUSTCHECK;

/* Takes no new connection from now on. */
void listening_quiesce(struct listening *l);
