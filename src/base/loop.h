/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Loops on threads of their own, and the signals that end them
 *
 * A long-running process is a main thread that waits for a signal, and loops that are opened, turned and finished each on
 * a thread of its own. What a loop does is said by three calls, all made on its thread; what another thread may know of it
 * meanwhile is atomic. One loop that ends is the reason to end them all: whoever holds them asks and joins.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* -- Being told to stop -- */

struct stop {
        int signal; /* SIGINT or SIGTERM, as soon as it was seen; 0: none came */
};

/* Holds back SIGINT and SIGTERM in this thread and those that it starts from now on, so that stop_wait() alone takes them. */
void stop_hold(struct stop *stop);

/* Lets them through again, for a call that has nothing to finish; stop_hold() holds them back again. */
void stop_let_through(void);

/* Waits at most @timeout_ms for such a signal. Return: whether one ever came. */
bool stop_wait(struct stop *stop, int timeout_ms);

/* -- A loop -- */

struct loop_ops { /* on the loop's thread; 0, or what loop_outcome() says, with a sentence */
        int (*open)(void *ctx, struct error *err);
        int (*turn)(void *ctx, bool *ret_done, struct error *err); /* a short while; *ret_done is false when it is called */
        int (*finish)(void *ctx, struct error *err);               /* in good order; after a turn that failed it is not called. May be NULL */
        void (*interrupt)(void *ctx); /* on the thread that asks: open and turn must not take long any more. May be NULL */
};

struct loop { /* zeroed: not started */
        const struct loop_ops *ops;
        void *ctx;
        pthread_t thread;
        bool started;
        atomic_bool asked, opened, ended;
        _Atomic int64_t turned; /* monotonic ms: end of the last turn, or when it was started */
        int outcome;            /* these two: after ended */
        struct error err;
};

/* Starts it; @ctx is borrowed until it is joined. Return: 0; -EAGAIN with a sentence: no thread can be had, and the loop has ended with that. */
int loop_start(struct loop *loop, const struct loop_ops *ops, void *ctx, struct error *err) MUSTCHECK;

/* Asks for the end, and waits for it. Both do nothing for one that is not started or joined already. */
void loop_ask(struct loop *loop);
void loop_join(struct loop *loop);

/* From any thread. */
static inline bool loop_is_asked(const struct loop *loop) {
        return atomic_load(&loop->asked);
}
static inline bool loop_is_open(const struct loop *loop) { /* once open, it stays so */
        return atomic_load(&loop->opened);
}
static inline bool loop_has_ended(const struct loop *loop) {
        return atomic_load(&loop->ended);
}

/* How long ago the last turn ended. */
int64_t loop_quiet_ms(const struct loop *loop);

/* Of one that has ended: 0, or what its calls returned, with the sentence. */
int loop_outcome(const struct loop *loop, struct error *err) MUSTCHECK;
