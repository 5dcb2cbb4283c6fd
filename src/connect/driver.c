/* SPDX-License-Identifier: EUPL-1.2 */

/* A loop whose turns are those of a connector's runtime. */

#include "connect/driver.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct runtime_driver {
        struct loop loop;
        struct runtime_config config;
        int step_ms;
        struct runtime *_Atomic runtime; /* shown to other threads once it is open */
};

/* For the spread of back-off only: without the system's source it is not spread. */
static uint64_t driver_random(void *ctx) {
        uint64_t bits = 0;

        (void) ctx;
        return random_bytes(&bits, sizeof(bits)) < 0 ? 0 : bits;
}

static int driver_open_runtime(void *ctx, struct error *err) {
        struct runtime_driver *driver = ctx;
        struct runtime *runtime;
        int r = runtime_open(&driver->config, &runtime, err);

        if (r) {
                if (!err->text[0])
                        error_set(err, "%s: %s", driver->config.file->name, strerror(-r));
                return r;
        }
        atomic_store(&driver->runtime, runtime);
        return 0;
}

static int driver_turn(void *ctx, bool *ret_done, struct error *err) {
        struct runtime_driver *driver = ctx;

        (void) ret_done; /* a connector is never done */
        return runtime_turn(atomic_load(&driver->runtime), driver->step_ms, err);
}

static int driver_stop(void *ctx, struct error *err) {
        struct runtime_driver *driver = ctx;

        return runtime_stop(atomic_load(&driver->runtime), err);
}

static const struct loop_ops runtime_ops = {.open = driver_open_runtime, .turn = driver_turn, .finish = driver_stop};

int runtime_driver_start(const struct runtime_config *config, int step_ms, struct runtime_driver **ret, struct error *err) {
        CLEANUP(runtime_driver_free_p) struct runtime_driver *driver = calloc(1, sizeof(*driver));
        int r;

        assert(step_ms > 0);
        if (!driver) {
                error_set(err, "out of memory while a connector was started");
                return -ENOMEM;
        }
        driver->config = *config;
        if (!driver->config.random)
                driver->config.random = driver_random;
        driver->step_ms = step_ms;
        r = loop_start(&driver->loop, &runtime_ops, driver, err);
        if (r)
                return r;
        *ret = TAKE(driver);
        return 0;
}

struct runtime_driver *runtime_driver_free(struct runtime_driver *driver) {
        if (!driver)
                return NULL;
        loop_ask(&driver->loop);
        loop_join(&driver->loop);
        runtime_free(atomic_load(&driver->runtime));
        free(driver);
        return NULL;
}

struct loop *runtime_driver_loop(struct runtime_driver *driver) {
        return &driver->loop;
}

void runtime_driver_status(const struct runtime_driver *driver, struct runtime_status *ret) {
        const struct runtime *runtime = atomic_load(&driver->runtime);

        *ret = (struct runtime_status){.stuck = -1};
        if (runtime)
                runtime_status(runtime, ret);
}

bool runtime_driver_is_healthy(const struct runtime_driver *driver) {
        if (loop_has_ended(&driver->loop))
                return false;
        return !loop_is_open(&driver->loop) || loop_quiet_ms(&driver->loop) <= RUNTIME_STUCK_MS;
}
