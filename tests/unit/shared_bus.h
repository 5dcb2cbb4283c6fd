/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The bus in memory for a reader on a thread of its own
 *
 * One lock lies over all that its readers do; a test that publishes, or drives a worker, takes it meanwhile. The broker can go away: then nothing comes
 * and no question is answered, and what was read stays read; and a log can be another one than what was read (-ESTALE), once.
 *
 * check tells its parent of every assertion, also of those that hold, and not two threads at a time: on other threads than the test's there are none.
 */

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "bus/bus.h"

#define SHARED_PATIENCE_MS 120000
#define SHARED_LOOK_MS 2

struct shared_bus {
        struct bus bus; /* what the thread is given */
        struct bus *inner;
        pthread_mutex_t lock;
        atomic_bool away, anew, missing;
        atomic_int opened; /* readers that were opened */
};

struct shared_reader {
        struct bus_reader reader;
        struct bus_reader *inner;
        struct shared_bus *s;
};

static inline void shared_pause(void) {
        const struct timespec look = {.tv_nsec = SHARED_LOOK_MS * 1000000L};

        (void) nanosleep(&look, NULL);
}

static inline void shared_lock(struct shared_bus *s) {
        if (pthread_mutex_lock(&s->lock))
                abort();
}
static inline void shared_unlock(struct shared_bus *s) {
        if (pthread_mutex_unlock(&s->lock))
                abort();
}

static inline int shared_poll(struct bus_reader *reader, int timeout_ms, struct bus_event *ret, struct error *err) {
        struct shared_reader *r = (struct shared_reader *)reader;
        int result = 0;

        ret->kind = BUS_NONE;
        if (atomic_exchange(&r->s->anew, false)) {
                error_set(err, "the log is another one");
                return -ESTALE;
        }
        shared_lock(r->s);
        if (!atomic_load(&r->s->away))
                result = bus_reader_poll(r->inner, 0, ret, err);
        shared_unlock(r->s);
        if (result == 0 && ret->kind == BUS_NONE && timeout_ms > 0)
                shared_pause(); /* as a broker keeps an empty fetch */
        return result;
}

static inline int shared_committed(struct bus_reader *reader, const struct bus_part *parts, size_t n, int64_t *ret, struct error *err) {
        struct shared_reader *r = (struct shared_reader *)reader;
        int result;

        shared_lock(r->s);
        result = bus_reader_committed(r->inner, parts, n, ret, err);
        shared_unlock(r->s);
        return result;
}

static inline int shared_look(struct bus_reader *reader, struct error *err) {
        struct shared_reader *r = (struct shared_reader *)reader;
        int result = -ECANCELED;

        error_set(err, "broken off");
        if (atomic_load(&r->s->away))
                return result;
        shared_lock(r->s);
        result = bus_reader_look(r->inner, err);
        shared_unlock(r->s);
        return result;
}

static inline int shared_since(struct bus_reader *reader, instant_t at, int64_t *ret, struct error *err) {
        struct shared_reader *r = (struct shared_reader *)reader;
        int result;

        shared_lock(r->s);
        result = bus_reader_since(r->inner, at, ret, err);
        shared_unlock(r->s);
        return result;
}

static inline const struct reader_positions *shared_positions(const struct bus_reader *reader) {
        return bus_reader_positions(((const struct shared_reader *)reader)->inner);
}

static inline void shared_close(struct bus_reader *reader) {
        struct shared_reader *r = (struct shared_reader *)reader;

        shared_lock(r->s);
        bus_reader_close(r->inner);
        shared_unlock(r->s);
        free(r);
}

static inline int shared_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) {
        static const struct bus_reader_ops ops = {.poll = shared_poll, .look = shared_look, .positions = shared_positions, .committed = shared_committed,
                                                  .since = shared_since, .close = shared_close};
        struct shared_bus *s = (struct shared_bus *)b;
        struct shared_reader *r;
        int result;

        if (atomic_load(&s->missing)) {
                error_set(err, "no broker answers at shared:1");
                return -ETIMEDOUT;
        }
        r = calloc(1, sizeof(*r));
        if (!r)
                abort();
        r->reader.ops = &ops;
        r->s = s;
        shared_lock(s);
        result = bus_reader_open(s->inner, config, &r->inner, err);
        shared_unlock(s);
        atomic_fetch_add(&s->opened, 1);
        if (result)
                free(r);
        else
                *ret = &r->reader;
        return result;
}

/* Nothing is written over it: as a broker that takes no record. */
static inline int shared_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) {
        (void) b;
        (void) config;
        (void) ret;
        error_set(err, "no broker answers at shared:1");
        return -ETIMEDOUT;
}

/* Over @inner, which must outlive it. */
static inline void shared_bus_init(struct shared_bus *s, struct bus *inner) {
        static const struct bus_ops ops = {.name = "shared", .producer_open = shared_producer_open, .reader_open = shared_reader_open};

        *s = (struct shared_bus){.bus = {&ops}, .inner = inner};
        ck_assert_int_eq(pthread_mutex_init(&s->lock, NULL), 0);
}

static inline void shared_bus_done(struct shared_bus *s) {
        ck_assert_int_eq(pthread_mutex_destroy(&s->lock), 0);
}
