/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The watchdog: a call that should have returned
 *
 * Some calls into librdkafka can hang whatever their own time-out says. A thread of its own looks
 * once a second whether a call that announced itself is over its limit; then it logs the call and
 * ends the process with exit status 3. The supervisor starts it anew and static membership gives it its
 * partitions back. Any number of threads may announce calls, each one at a time.
 */

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#define WATCHDOG_SLOTS 256     /* calls under way at once; beyond it calls go unwatched */
#define WATCHDOG_STEP_MS 1000

struct watchdog;

/* @clock: by which calls are timed. @fire: what to do with a call over its limit; NULL: log and _exit(3). Return: 0 or negative errno. */
int watchdog_new(struct clock clock, const struct log *log, void (*fire)(void *ctx, const char *call, int64_t ms), void *ctx,
                 struct watchdog **ret, struct error *err) MUSTCHECK;
struct watchdog *watchdog_free(struct watchdog *w); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct watchdog *, watchdog_free);

/* Announces a call (@call: a literal) that must be over in @limit_ms. Return: a token for watchdog_leave(). @w may be NULL. */
int watchdog_enter(struct watchdog *w, const char *call, int64_t limit_ms);

/* The call has returned. @token: of watchdog_enter(), also one of a call that goes unwatched (negative). */
void watchdog_leave(struct watchdog *w, int token);
