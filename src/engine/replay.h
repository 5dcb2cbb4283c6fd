/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The engine in virtual time
 *
 * The clock starts at the first accepted event (or at a clock line before it) and only moves forward,
 * to each accepted event's recorded_at or to a clock line; everything that falls due on the way happens
 * at its own instant, before the event. Rejected events and duplicates do not move it. Settling is a
 * worker that was behind: every event is accepted without telling, then every case is evaluated once.
 */

#include "engine/engine.h"

struct replay;

/* Called with each outcome; its effects are valid during the call. */
typedef int (*replay_told)(void *ctx, const struct outcome *outcome);

/* @settle: INSTANT_NEVER for virtual time, else the instant at which all is judged. Return: 0 or -ENOMEM. */
int replay_new(const struct config *config, instant_t settle, replay_told told, void *ctx, struct replay **ret) MUSTCHECK;
struct replay *replay_free(struct replay *replay);
DEFINE_CLEANUP(struct replay *, replay_free);

/* One checked event. Return: 0; a positive enum refusal with a sentence; what told returned; negative errno. */
int replay_event(struct replay *replay, const struct event *event, struct error *err) MUSTCHECK;

/* A clock line: moves the clock, never back. No effect when settling. */
int replay_clock(struct replay *replay, instant_t at) MUSTCHECK;

/* After the last line: settles; in virtual time nothing happens. */
int replay_end(struct replay *replay) MUSTCHECK;

/* For whoever looks at the cases afterwards. The clock: INSTANT_NEVER when it never started. */
struct engine *replay_engine(struct replay *replay);
struct store *replay_store(struct replay *replay);
instant_t replay_now(const struct replay *replay);
