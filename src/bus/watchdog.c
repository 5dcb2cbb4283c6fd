/* SPDX-License-Identifier: EUPL-1.2 */

/* The thread that ends the process when a call has not returned for too long. */

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus/watchdog.h"

#define STATUS_BROKER_FAILED 3

struct slot {
        const char *call; /* NULL: free */
        int64_t since, limit;
};

struct watchdog {
        const struct log *log;
        void (*fire)(void *ctx, const char *call, int64_t ms);
        void *ctx;
        struct clock clock;
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t wake;
        bool stop;
        struct slot slots[WATCHDOG_SLOTS];
};

/*
 * @locality the watchdog's thread
 * @locks the mutex is held: whoever announces a call now waits
 */
static void end_process(struct watchdog *w, const char *call, int64_t ms) {
        if (w->fire) {
                w->fire(w->ctx, call, ms);
                return;
        }
        log_line(w->log, WATCHDOG, LOG_STRING("call", call), LOG_INT("ms", ms));
        fprintf(stderr, "ketenwacht: the call %s has not returned for %lld ms; the process ends so that a fresh one can take over\n", call,
                (long long)ms);
        _exit(STATUS_BROKER_FAILED);
}

/*
 * @locality a thread of its own, from watchdog_new() to watchdog_free()
 * @locks holds the mutex but while it waits
 */
static void *watch(void *arg) {
        struct watchdog *w = arg;
        struct clock real = clock_system();

        pthread_mutex_lock(&w->mutex);
        while (!w->stop) {
                int64_t now = clock_monotonic(&real) + WATCHDOG_STEP_MS; /* the condition lives by the machine's own clock */

                pthread_cond_timedwait(&w->wake, &w->mutex, &(struct timespec){now / 1000, now % 1000 * 1000000});
                now = clock_monotonic(&w->clock);
                for (size_t i = 0; !w->stop && i < WATCHDOG_SLOTS; i++) {
                        struct slot *slot = &w->slots[i];

                        if (slot->call && now - slot->since > slot->limit) {
                                const char *call = slot->call;

                                slot->call = NULL; /* once */
                                end_process(w, call, now - slot->since);
                        }
                }
        }
        pthread_mutex_unlock(&w->mutex);
        return NULL;
}

int watchdog_new(struct clock clock, const struct log *log, void (*fire)(void *ctx, const char *call, int64_t ms), void *ctx, struct watchdog **ret,
                 struct error *err) {
        struct watchdog *w = calloc(1, sizeof(*w));
        pthread_condattr_t attr;
        int r;

        if (!w)
                return -ENOMEM;
        w->log = log;
        w->fire = fire;
        w->ctx = ctx;
        w->clock = clock;
        pthread_mutex_init(&w->mutex, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&w->wake, &attr);
        pthread_condattr_destroy(&attr);
        r = pthread_create(&w->thread, NULL, watch, w);
        if (r) {
                error_set(err, "the watchdog's thread cannot be started: %s", strerror(r));
                pthread_cond_destroy(&w->wake);
                pthread_mutex_destroy(&w->mutex);
                free(w);
                return -r;
        }
        *ret = w;
        return 0;
}

struct watchdog *watchdog_free(struct watchdog *w) {
        if (!w)
                return NULL;
        pthread_mutex_lock(&w->mutex);
        w->stop = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->mutex);
        pthread_join(w->thread, NULL);
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->mutex);
        free(w);
        return NULL;
}

int watchdog_enter(struct watchdog *w, const char *call, int64_t limit_ms) {
        int token = -1;

        if (!w)
                return token;
        assert(call && limit_ms >= 0);
        pthread_mutex_lock(&w->mutex);
        for (int i = 0; i < WATCHDOG_SLOTS && token < 0; i++) {
                if (!w->slots[i].call) {
                        w->slots[i] = (struct slot){call, clock_monotonic(&w->clock), limit_ms};
                        token = i;
                }
        }
        pthread_mutex_unlock(&w->mutex);
        return token;
}

void watchdog_leave(struct watchdog *w, int token) {
        if (!w || token < 0)
                return;
        assert(token < WATCHDOG_SLOTS);
        pthread_mutex_lock(&w->mutex);
        w->slots[token].call = NULL;
        pthread_mutex_unlock(&w->mutex);
}
