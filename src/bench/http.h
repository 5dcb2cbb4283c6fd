/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A client of one connection, to measure a server on this machine with
 *
 * Small, blocking, and without anything that takes time beside the server: a request goes out as one write, the answer is read to its end and forgotten.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

#define BENCH_HTTP_HEAD_MAX 16384  /* bytes of status line and headers */
#define BENCH_HTTP_PATH_MAX 1024
#define BENCH_HTTP_WAIT_S 30       /* for an answer */

struct bench_http {
        uint16_t port;
        int fd; /* -1: none */
};

#define BENCH_HTTP(p) ((struct bench_http){.port = (p), .fd = -1})
void bench_http_done(struct bench_http *http); /* closes it */

struct bench_http_answer {
        int status;
        size_t bytes; /* of the body */
        int64_t ns;   /* from before the request was written until the answer was there */
        char *body;   /* owned by the caller, when it was wanted; with a NUL behind it */
};

/* GET; connects when it must. Return: 0; negative errno with a sentence. */
int bench_http_get(struct bench_http *http, const char *path, bool keep_body, struct bench_http_answer *ret, struct error *err) MUSTCHECK;

/* Asks for a stream that never ends and leaves it to the caller to read from ret->fd, which does not block. Return: as above. */
int bench_http_stream(uint16_t port, const char *path, struct bench_http *ret, struct error *err) MUSTCHECK;
