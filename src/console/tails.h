/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What comes on a topic, as it comes: one reader and one stream for however many watch it
 *
 * A second has so many records at most, and says how many it left out. Personal fields are left out, and bytes that nobody can decode too. Who watches nobody
 * any more is let go. One thread, which starts with the first that is watched.
 */

#include "console/ground.h"
#include "web/stream.h"

#define TAILS_MAX 8            /* topics that are watched at once */
#define TAIL_PER_SECOND 20     /* records of one topic; others are only counted */
#define TAIL_BYTES_MAX 16384   /* of one record; of a longer one its place alone is said */
#define TAIL_IDLE_MS 60000     /* so long after the last watcher its place may be another's */

struct tails;

/* Borrows @console. Return: 0 or -ENOMEM. */
int tails_new(const struct console *console, struct tails **ret) MUSTCHECK;
/* Ends its thread. The streams stay until the server has stopped. NULL ok. */
void tails_stop(struct tails *t);
struct tails *tails_free(struct tails *t); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct tails *, tails_free);

/*
 * The stream of a topic that is there: messages "record" (as survey/view.h, without hex), "left_out" ({"n":…}, records that were too many) and "trouble"
 * ({"why":…}). NULL: TAILS_MAX others are watched, or nothing more can be had. From any thread.
 */
struct web_stream *tails_stream(struct tails *t, const char *topic);
