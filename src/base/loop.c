/* SPDX-License-Identifier: EUPL-1.2 */

/* Runs a loop's calls in their order on a thread, and takes the signals that ask for its end. */

#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"

/* -- Being told to stop -- */

static void stop_signals(sigset_t *ret) {
        (void) sigemptyset(ret);
        (void) sigaddset(ret, SIGINT);
        (void) sigaddset(ret, SIGTERM);
}

static void stop_mask(int how) {
        sigset_t signals;
        int r;

        stop_signals(&signals);
        r = pthread_sigmask(how, &signals, NULL);
        assert(r == 0);
}

void stop_hold(struct stop *stop) {
        stop->signal = 0;
        stop_mask(SIG_BLOCK);
}

void stop_let_through(void) {
        stop_mask(SIG_UNBLOCK);
}

bool stop_wait(struct stop *stop, int timeout_ms) {
        const struct timespec wait = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
        sigset_t signals;
        int signal;

        assert(timeout_ms >= 0);
        stop_signals(&signals);
        if (stop->signal)
                return true;
        signal = sigtimedwait(&signals, NULL, &wait);
        if (signal > 0)
                stop->signal = signal;
        return signal > 0;
}

/* -- A loop -- */

static int64_t loop_now(void) {
        struct clock real = clock_system();

        return clock_monotonic(&real);
}

static int loop_run(struct loop *loop) {
        bool done = false;
        int r = loop->ops->open(loop->ctx, &loop->err);

        if (r)
                return r;
        atomic_store(&loop->opened, true);
        while (!done && !loop_is_asked(loop)) {
                r = loop->ops->turn(loop->ctx, &done, &loop->err);
                if (r)
                        return r;
                atomic_store(&loop->turned, loop_now());
        }
        return loop->ops->finish ? loop->ops->finish(loop->ctx, &loop->err) : 0;
}

static void *loop_main(void *ctx) {
        struct loop *loop = ctx;

        loop->outcome = loop_run(loop);
        atomic_store(&loop->ended, true);
        return NULL;
}

int loop_start(struct loop *loop, const struct loop_ops *ops, void *ctx, struct error *err) {
        assert(!loop->started && !loop_has_ended(loop));
        assert(ops->open && ops->turn);
        loop->ops = ops;
        loop->ctx = ctx;
        atomic_store(&loop->turned, loop_now());
        if (pthread_create(&loop->thread, NULL, loop_main, loop) == 0) {
                loop->started = true;
                return 0;
        }
        error_set(err, "a thread could not be started; look at the limits of this machine");
        loop->err = *err;
        loop->outcome = -EAGAIN;
        atomic_store(&loop->ended, true);
        return -EAGAIN;
}

void loop_ask(struct loop *loop) {
        if (!loop->started)
                return;
        atomic_store(&loop->asked, true);
        if (loop->ops->interrupt)
                loop->ops->interrupt(loop->ctx);
}

void loop_join(struct loop *loop) {
        if (!loop->started)
                return;
        (void) pthread_join(loop->thread, NULL); /* fails only for threads that are not ours */
        loop->started = false;
        assert(loop_has_ended(loop));
}

int64_t loop_quiet_ms(const struct loop *loop) {
        return loop_now() - atomic_load(&loop->turned);
}

int loop_outcome(const struct loop *loop, struct error *err) {
        assert(loop_has_ended(loop));
        if (loop->outcome)
                *err = loop->err;
        return loop->outcome;
}
