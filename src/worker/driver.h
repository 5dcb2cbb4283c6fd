/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A worker on a thread of its own: opened, stepped until it is asked to stop, stopped
 *
 * Whatever runs workers for real does it by this: `rules`, the demonstration. Tests and the simulator step one themselves.
 */

#include "base/loop.h"
#include "worker/worker.h"

#define WORKER_STUCK_MS 150000 /* a worker that has not turned for so long is not healthy: longer than any call may take */

struct worker_driver;

/*
 * @config is copied, what it points to is borrowed until worker_driver_free(). @step_ms: longest wait of one step, which is how soon a stop or
 * a moved clock is noticed. The worker is made on its thread: what worker_new() answers is the loop's outcome.
 * Return: 0; -ENOMEM or -EAGAIN with a sentence.
 */
int worker_driver_start(const struct worker_config *config, int step_ms, struct worker_driver **ret, struct error *err) MUSTCHECK;

/* Asks, joins, and frees the worker. NULL ok; returns NULL. */
struct worker_driver *worker_driver_free(struct worker_driver *driver);
DEFINE_CLEANUP(struct worker_driver *, worker_driver_free);

/* To ask and join it, and to look at it. Being asked during a restore, it ends with WORKER_E_INTERRUPTED. */
struct loop *worker_driver_loop(struct worker_driver *driver);

/* -- From any thread -- */

/* All zero before the worker stands. */
void worker_driver_status(const struct worker_driver *driver, struct worker_status *ret);

/* Whether it lives and its loop turns: restoring may take as long as it takes, and connecting is bounded by BUS_OPEN_MS. */
bool worker_driver_is_healthy(const struct worker_driver *driver);

/* Of one that has ended, with .once: everything was read, evaluated and committed. */
bool worker_driver_is_done(const struct worker_driver *driver);
