/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Posting events to gi-http, as the systems of GIs and municipalities do
 *
 * One wave at a time, its events side by side, each with the bearer token of its publisher. A 503 or a
 * connection that breaks leaves it open what became of the event, so it is posted again with the same
 * event_id, as the agreement with publishers says.
 */

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "demo/tape.h"

#define POST_TRIES_MAX 30
#define POST_PAUSE_MS 500    /* before an event is posted again */
#define POST_TIMEOUT_MS 10000
#define POST_ANSWER_MAX 4096 /* bytes of an answer that are kept */

struct post;

struct post_token {
        const char *organisation, *token;
};

struct post_config {
        uint16_t port;                   /* of gi-http on 127.0.0.1 */
        const struct post_token *tokens; /* one for each publisher; borrowed until post_new() returns */
        size_t n;
        struct clock clock;
        bool (*stopped)(void *ctx);      /* asked often: true ends a wave */
        void (*refused)(void *ctx, const struct tape_item *item, long status, const char *answer); /* an answer that no repetition can change */
        void *ctx;
};

int post_new(const struct post_config *config, struct post **ret, struct error *err) MUSTCHECK; /* 0; -ENOMEM */
struct post *post_free(struct post *post); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct post *, post_free);

enum { POST_E_STOPPED = 1 };

/*
 * Posts @n items (at most TAPE_WAVE_MAX) and waits for all answers. *accepted: how many were.
 * Return: 0; POST_E_STOPPED; negative errno with a sentence: gi-http does not take an event after all tries.
 */
int post_wave(struct post *post, const struct tape_item *items, size_t n, size_t *accepted, struct error *err) MUSTCHECK;
