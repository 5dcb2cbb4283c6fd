/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What keeps pages fresh: a stream of figures for all who watch the whole chain, and one for each organisation that is watched
 *
 * One thread, whoever watches: a message when figures have changed, two a second at most. It is also what flows asks of the cases, and what breaks off
 * readings that take too long.
 */

#include "console/ground.h"
#include "web/stream.h"

#define LIVE_PERIOD_MS 450 /* between two messages of one stream, at least: with one a second a record that just missed it were on the page too late */
#define LIVE_LOOK_MS 50    /* how often it is looked whether anything has changed */

struct live;

/* Borrows @console, of which flows may come later. Return: 0 or -ENOMEM. */
int live_new(const struct console *console, struct live **ret) MUSTCHECK;
/* Starts its thread. Return: 0; -EAGAIN with a sentence. */
int live_start(struct live *live, struct error *err) MUSTCHECK;
/* Ends its thread. The streams stay until the server has stopped. NULL ok. */
void live_stop(struct live *live);
struct live *live_free(struct live *live); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct live *, live_free);

/* The stream of an organisation, or of the whole chain, its latest message as fresh as can be. NULL: out of memory. From any thread. */
struct web_stream *live_stream(struct live *live, const struct organisation *of);

/* What flows asks of who follows case-state: struct flows_config. @ctx: struct live. */
bool live_known(void *ctx, struct arena *arena, struct status_known *ret);
