/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A stream of server-sent events: written once, for however many watch
 *
 * Messages have rising ids; the latest WEB_STREAM_KEPT are kept, so that a watcher that comes again goes on where it was. One that is too far behind is
 * sent on from the oldest that there is. From any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/cleanup.h"

#define WEB_STREAM_KEPT 64
#define WEB_STREAM_MESSAGE_MAX ((size_t)256 * 1024)
#define WEB_STREAM_ALIVE_MS 15000 /* a line of comment, when nothing was said for so long */

struct web_stream;

/* Return: 0 or -ENOMEM. */
int web_stream_new(struct web_stream **ret) MUSTCHECK;
struct web_stream *web_stream_free(struct web_stream *s); /* after the server has stopped; NULL ok; returns NULL */
DEFINE_CLEANUP(struct web_stream *, web_stream_free);

/* Sends a message to everybody who watches: @event a name, @data without line ends. Return: 0; -ENOMEM or -E2BIG: it is not sent. */
int web_stream_say(struct web_stream *s, const char *event, struct text data) MUSTCHECK;

/* Sends the line of comment. Whoever owns the stream calls it every WEB_STREAM_ALIVE_MS when it said nothing. */
void web_stream_keep_alive(struct web_stream *s);

/* How many watch. */
unsigned web_stream_watchers(struct web_stream *s);

/* -- For the server -- */

/*
 * A watcher. @wake is called when there is something behind what it has, on the thread that says it, with the stream locked; web_stream_leave() ends it.
 * Return: 0 or -ENOMEM.
 */
struct web_watcher;
int web_stream_join(struct web_stream *s, uint64_t after, void (*wake)(void *ctx), void *ctx, struct web_watcher **ret) MUSTCHECK;
struct web_watcher *web_stream_leave(struct web_watcher *w); /* NULL ok; returns NULL */

/*
 * Copies what the watcher has not got yet, @n bytes at most. Return: how many; 0: nothing is there, and @rest was called with the stream locked, so that no
 * wake can be lost; WEB_STREAM_LOST: the message that it was in the midst of is not kept any more, and it must come again.
 */
#define WEB_STREAM_LOST SIZE_MAX
size_t web_stream_read(struct web_watcher *w, void *bytes, size_t n, void (*rest)(void *ctx));
