/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Fetching what a notification names
 *
 * A GET with a ZGW token, to hosts that the file names and to no other, since who notifies chooses the address. Bounded in bytes, time and number, without
 * redirects, and kept nowhere. Several go side by side.
 */

#include <jansson.h>

#include "channel/http.h"
#include "connect/connector.h"

#define FETCH_BYTES_MAX ((size_t)1024 * 1024)
#define FETCH_REASON_MAX 200
#define FETCH_TRY_MS 50 /* between two looks while hosts are tried */

struct fetch;

/* How one ended. */
struct fetched {
        json_t *json;  /* an object, the receiver's to keep; NULL: it did not come */
        int status;    /* 0: no answer came */
        const char *host;             /* as the file names it */
        char reason[FETCH_REASON_MAX]; /* why not, in one sentence without the address; "" */
};

struct fetch_config {
        const struct connector_env *env;
        struct option_list hosts; /* "zaken.example.nl", "127.0.0.1:8000": with its port where that is not the scheme's */
        const struct http_options *options; /* how we are known there; borrowed */
        size_t parallel;
        void *ctx;
        void (*done)(void *ctx, void *cookie, struct fetched *fetched); /* called in fetch_turn() */
};

int fetch_open(const struct fetch_config *config, struct fetch **ret, struct error *err) MUSTCHECK; /* 0; negative errno */
struct fetch *fetch_free(struct fetch *f); /* forgets those under way; NULL ok; returns NULL */

/* Whether the host of an address is one of these, by https, or by http where that is allowed. *ret_host: as the file has it. */
bool fetch_allows(const struct option_list *hosts, bool allow_http, const char *url, const char **ret_host);

enum { FETCH_E_FULL = 1, FETCH_E_HOST };

/* Begins one. Return: 0; FETCH_E_FULL: try again later; FETCH_E_HOST: it may not be fetched; negative errno. */
int fetch_begin(struct fetch *f, const char *url, void *cookie, struct error *err) MUSTCHECK;

/*
 * Asks the root of each host for anything, and writes a line for each into @out. Any answer will do: what may be fetched there nobody knows before a
 * notification comes. Return: 0; -EIO: one does not answer, with a sentence; other negative errno.
 */
int fetch_try(struct fetch *f, struct buffer *out, struct error *err) MUSTCHECK;

/* Those under way proceed. Return: 0 or negative errno. */
int fetch_turn(struct fetch *f, struct error *err) MUSTCHECK;
