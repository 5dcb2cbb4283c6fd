/* SPDX-License-Identifier: EUPL-1.2 */

/* A loop whose turns are a worker's steps. */

#include "worker/driver.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct worker_driver {
        struct loop loop;
        struct worker_config config;
        int step_ms;
        struct worker *_Atomic worker; /* shown to other threads once it is made */
};

static int driver_open(void *ctx, struct error *err) {
        struct worker_driver *driver = ctx;
        struct worker *worker;
        int r = worker_new(&driver->config, &worker, err);

        if (r)
                return r;
        atomic_store(&driver->worker, worker);
        return 0;
}

static int driver_step(void *ctx, bool *ret_done, struct error *err) {
        struct worker_driver *driver = ctx;
        struct worker *worker = atomic_load(&driver->worker);
        int r = worker_step(worker, driver->step_ms, err);

        *ret_done = worker_done(worker);
        return r;
}

static int driver_finish(void *ctx, struct error *err) {
        struct worker_driver *driver = ctx;

        return worker_stop(atomic_load(&driver->worker), err);
}

static void driver_interrupt(void *ctx) {
        struct worker_driver *driver = ctx;
        struct worker *worker = atomic_load(&driver->worker);

        if (worker)
                worker_interrupt(worker);
}

static const struct loop_ops driver_ops = {.open = driver_open, .turn = driver_step, .finish = driver_finish, .interrupt = driver_interrupt};

int worker_driver_start(const struct worker_config *config, int step_ms, struct worker_driver **ret, struct error *err) {
        CLEANUP(worker_driver_free_p) struct worker_driver *driver = calloc(1, sizeof(*driver));
        int r;

        assert(step_ms > 0);
        if (!driver) {
                error_set(err, "out of memory while a worker was started");
                return -ENOMEM;
        }
        driver->config = *config;
        driver->step_ms = step_ms;
        r = loop_start(&driver->loop, &driver_ops, driver, err);
        if (r)
                return r;
        *ret = TAKE(driver);
        return 0;
}

struct worker_driver *worker_driver_free(struct worker_driver *driver) {
        if (!driver)
                return NULL;
        loop_ask(&driver->loop);
        loop_join(&driver->loop);
        worker_free(atomic_load(&driver->worker));
        free(driver);
        return NULL;
}

struct loop *worker_driver_loop(struct worker_driver *driver) {
        return &driver->loop;
}

void worker_driver_status(const struct worker_driver *driver, struct worker_status *ret) {
        const struct worker *worker = atomic_load(&driver->worker);

        *ret = (struct worker_status){0};
        if (worker)
                worker_status(worker, ret);
}

bool worker_driver_is_healthy(const struct worker_driver *driver) {
        struct worker_status status;

        if (loop_has_ended(&driver->loop))
                return false;
        if (!loop_is_open(&driver->loop))
                return true;
        worker_driver_status(driver, &status);
        return status.restoring > 0 || loop_quiet_ms(&driver->loop) <= WORKER_STUCK_MS;
}

bool worker_driver_is_done(const struct worker_driver *driver) {
        const struct worker *worker = atomic_load(&driver->worker);

        assert(loop_has_ended(&driver->loop));
        return worker && worker_done(worker);
}
