/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A connector's runtime on a thread of its own: opened, turned until it is asked to stop, stopped
 *
 * Whatever runs connectors for real does it by this: `connect`, the demonstration. Tests turn a runtime themselves.
 */

#include "base/loop.h"
#include "connect/runtime.h"

#define RUNTIME_STUCK_MS 90000 /* a turn that takes longer is not healthy: above every time-out of a call to the broker */

struct runtime_driver;

/*
 * @config is copied, what it points to is borrowed until runtime_driver_free(); without .random the machine's is used. @step_ms: longest wait of
 * one turn, which is how soon a stop is noticed. The runtime is opened on its thread: what runtime_open() answers is the
 * loop's outcome. Return: 0; -ENOMEM or -EAGAIN with a sentence.
 */
int runtime_driver_start(const struct runtime_config *config, int step_ms, struct runtime_driver **ret, struct error *err) MUSTCHECK;

/* Asks, joins, and closes the runtime. NULL ok; returns NULL. */
struct runtime_driver *runtime_driver_free(struct runtime_driver *driver);
DEFINE_CLEANUP(struct runtime_driver *, runtime_driver_free);

/* To ask and join it, and to look at it. */
struct loop *runtime_driver_loop(struct runtime_driver *driver);

/* -- From any thread -- */

/* All zero before the runtime is open, but that nothing is stuck. */
void runtime_driver_status(const struct runtime_driver *driver, struct runtime_status *ret);

/* Whether it lives and its loop turns; opening is bounded by BUS_OPEN_MS. */
bool runtime_driver_is_healthy(const struct runtime_driver *driver);
