/* SPDX-License-Identifier: EUPL-1.2 */

/* A queue of records, and the thread that hands them to the broker and hears what became of each. */

#include "console/access/auditor.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/loop.h"
#include "cluster/topics.h"

#define AUDITOR_TURN_MS 500  /* how long the thread waits for something to do */
#define AUDITOR_POLL_MS 5    /* how long it waits for outcomes before it looks for new records */

enum auditor_state { AUDITOR_WAITS, AUDITOR_SENT, AUDITOR_TAKEN, AUDITOR_FAILED };

struct auditor_item {
        struct auditor_item *next;
        struct auditor *auditor;
        struct buffer body;
        enum auditor_state state;
        bool note;        /* nobody waits for it, and it is tried until it is taken */
        bool abandoned;   /* nobody waits for it any more */
        int64_t sent_at;
};

struct auditor {
        struct auditor_config config;
        struct audit_codec *codec;
        struct clock clock; /* the machine's: for waiting */
        struct loop loop;
        pthread_mutex_t lock;
        pthread_cond_t wake;    /* there is something to do */
        pthread_cond_t settled; /* something has its outcome */
        struct auditor_item *first, **end; /* in their order; taken out once they have their outcome */
        size_t notes_n, open_n; /* notes among them; records that were sent and have no outcome */
        bool stopping;
        bool away;              /* the last try to reach the broker failed */
        /* The thread's: */
        struct bus_producer *producer;
        int64_t try_at;
        struct error refused;   /* why the broker did not take a record; n_hops 0: it took all */
};

static int64_t auditor_now(const struct auditor *a) {
        return clock_monotonic(&a->clock);
}

static struct timespec auditor_until(int64_t ms) {
        return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* -- The queue; all under the lock -- */

static void auditor_take_out(struct auditor *a, struct auditor_item *item) {
        struct auditor_item **at = &a->first;

        while (*at != item)
                at = &(*at)->next;
        *at = item->next;
        if (a->end == &item->next)
                a->end = at;
        a->notes_n -= item->note;
        buffer_done(&item->body);
        free(item);
}

static struct auditor_item *auditor_put_in(struct auditor *a, const struct audit_record *record, bool note) {
        struct auditor_item *item = calloc(1, sizeof(*item));

        if (!item)
                return NULL;
        *item = (struct auditor_item){.auditor = a, .body = BUFFER_INIT(AUDITOR_RECORD_MAX), .note = note};
        audit_encode(a->codec, record, &item->body);
        if (item->body.failed) {
                buffer_done(&item->body);
                free(item);
                return NULL;
        }
        *a->end = item;
        a->end = &item->next;
        a->notes_n += note;
        pthread_cond_signal(&a->wake);
        return item;
}

/* What becomes of an item that was not taken: a note is tried again, and of another whoever waits is told. */
static void auditor_settle(struct auditor *a, struct auditor_item *item, bool taken) {
        a->open_n -= item->state == AUDITOR_SENT;
        item->state = taken ? AUDITOR_TAKEN : item->note ? AUDITOR_WAITS : AUDITOR_FAILED;
        if (item->abandoned || (item->note && taken))
                auditor_take_out(a, item);
        else if (!item->note)
                pthread_cond_broadcast(&a->settled);
}

/* The broker cannot be reached: whoever waits is told at once. */
static void auditor_fail_all(struct auditor *a) {
        struct auditor_item *next;

        for (struct auditor_item *item = a->first; item; item = next) {
                next = item->next;
                if (!item->note && item->state == AUDITOR_WAITS)
                        auditor_settle(a, item, false);
        }
}

/* Whether a record that was sent has had no outcome for longer than anybody waits. */
static bool auditor_is_silent(const struct auditor *a) {
        for (const struct auditor_item *item = a->first; item; item = item->next) {
                if (item->state == AUDITOR_SENT)
                        return auditor_now(a) - item->sent_at > AUDITOR_WAIT_MS;
        }
        return false;
}

/* -- Its thread -- */

static void auditor_on_settled(void *ctx, const struct bus_report *report) {
        struct auditor *a = ctx;

        if (report->sent != BUS_SENT)
                error_set(&a->refused, "%s", report->reason);
        pthread_mutex_lock(&a->lock);
        auditor_settle(a, report->cookie, report->sent == BUS_SENT);
        pthread_mutex_unlock(&a->lock);
}

static void auditor_say(struct auditor *a, bool away, const struct error *err) {
        size_t waiting;
        bool was;

        pthread_mutex_lock(&a->lock);
        was = a->away;
        a->away = away;
        waiting = a->notes_n;
        if (away)
                auditor_fail_all(a);
        pthread_mutex_unlock(&a->lock);
        if (away && !was)
                log_line(a->config.log, AUDIT_SILENT, LOG_STRING("reason", err->text), LOG_INT("waiting", (int64_t)waiting));
        else if (!away && was)
                log_line(a->config.log, AUDIT_TAKEN);
}

static void auditor_close(struct auditor *a) {
        bus_producer_close(a->producer); /* what has no outcome yet gets one */
        a->producer = NULL;
        a->refused = (struct error){0};
        a->try_at = auditor_now(a) + AUDITOR_AGAIN_MS;
}

/* @enough: NULL, or when it is true nobody waits for the broker any more. */
static void auditor_reach(struct auditor *a, const atomic_bool *enough) {
        static const char *const topics[] = {TOPIC_AUDIT};
        const struct bus_producer_config config = {
                .settled = auditor_on_settled, .ctx = a, .topics = topics, .topics_n = ELEMENTS(topics), .enough = enough};
        struct error err = {0};
        int r;

        if (auditor_now(a) < a->try_at)
                return;
        r = bus_producer_open(a->config.bus, &config, &a->producer, &err);
        if (r)
                auditor_close(a);
        auditor_say(a, r != 0, &err);
}

static struct auditor_item *auditor_next(struct auditor *a) {
        struct auditor_item *item;

        pthread_mutex_lock(&a->lock);
        for (item = a->first; item && item->state != AUDITOR_WAITS; item = item->next)
                ;
        if (item) {
                item->state = AUDITOR_SENT;
                item->sent_at = auditor_now(a);
                a->open_n++;
        }
        pthread_mutex_unlock(&a->lock);
        return item;
}

/* Hands on what waits, and hears what became of what was handed on. */
static int auditor_send(struct auditor *a, struct error *err) {
        struct auditor_item *item;
        int r = 0;

        while (r == 0 && (item = auditor_next(a))) {
                struct bus_record record = audit_bus_record(&item->body);

                r = bus_producer_send(a->producer, &record, item, err);
                if (r) {
                        pthread_mutex_lock(&a->lock);
                        auditor_settle(a, item, false);
                        pthread_mutex_unlock(&a->lock);
                }
        }
        if (r >= 0)
                r = bus_producer_poll(a->producer, AUDITOR_POLL_MS, err);
        if (r == 0 && a->refused.n_hops) {
                *err = a->refused;
                r = -EIO;
        }
        return r;
}

static void auditor_rest(struct auditor *a) {
        struct timespec until = auditor_until(auditor_now(a) + AUDITOR_TURN_MS);

        pthread_mutex_lock(&a->lock);
        if (!a->stopping && a->open_n == 0 && (!a->producer || !a->first))
                (void) pthread_cond_timedwait(&a->wake, &a->lock, &until);
        pthread_mutex_unlock(&a->lock);
}

static int auditor_turn(void *ctx, bool *ret_done, struct error *err) {
        struct auditor *a = ctx;
        struct error said = {0};

        (void) err;
        *ret_done = false;
        if (!a->producer)
                auditor_reach(a, &a->loop.asked);
        if (a->producer && auditor_send(a, &said)) {
                auditor_close(a);
                auditor_say(a, true, &said);
        }
        auditor_rest(a);
        return 0;
}

static int auditor_finish(void *ctx, struct error *err) {
        struct auditor *a = ctx;
        int64_t until;
        bool left = true;
        int r = 0;

        if (!a->producer && !a->away && a->first) /* stopped before it came to it; nobody puts anything in any more */
                auditor_reach(a, NULL);
        until = auditor_now(a) + AUDITOR_END_MS;
        while (a->producer && r == 0 && left && auditor_now(a) < until) {
                r = auditor_send(a, err);
                pthread_mutex_lock(&a->lock);
                left = a->first;
                pthread_mutex_unlock(&a->lock);
        }
        bus_producer_close(a->producer);
        a->producer = NULL;
        return 0;
}

static int auditor_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static void auditor_interrupt(void *ctx) {
        struct auditor *a = ctx;

        pthread_mutex_lock(&a->lock);
        a->stopping = true;
        pthread_cond_signal(&a->wake);
        pthread_mutex_unlock(&a->lock);
}

static const struct loop_ops auditor_ops = {.open = auditor_open, .turn = auditor_turn, .finish = auditor_finish, .interrupt = auditor_interrupt};

int auditor_new(const struct auditor_config *config, struct auditor **ret, struct error *err) {
        struct auditor *a = calloc(1, sizeof(*a));
        pthread_condattr_t attr;
        int r;

        if (!a)
                return -ENOMEM;
        a->config = *config;
        a->clock = clock_system();
        a->end = &a->first;
        pthread_mutex_init(&a->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&a->wake, &attr);
        pthread_cond_init(&a->settled, &attr);
        pthread_condattr_destroy(&attr);
        r = audit_codec_new(config->types, &a->codec, err);
        if (r == 0)
                r = loop_start(&a->loop, &auditor_ops, a, err);
        if (r) {
                auditor_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

struct auditor *auditor_free(struct auditor *a) {
        if (!a)
                return NULL;
        loop_ask(&a->loop);
        loop_join(&a->loop);
        if (a->first)
                log_line(a->config.log, AUDIT_LEFT, LOG_INT("records", (int64_t)a->notes_n));
        while (a->first)
                auditor_take_out(a, a->first);
        audit_codec_free(a->codec);
        pthread_cond_destroy(&a->settled);
        pthread_cond_destroy(&a->wake);
        pthread_mutex_destroy(&a->lock);
        free(a);
        return NULL;
}

/* -- For all others -- */

bool auditor_write(struct auditor *a, const struct audit_record *record) {
        struct auditor_item *item = NULL;
        struct timespec until = auditor_until(auditor_now(a) + AUDITOR_WAIT_MS);
        bool taken = false;

        pthread_mutex_lock(&a->lock);
        if (!a->away && !a->stopping && !auditor_is_silent(a))
                item = auditor_put_in(a, record, false);
        while (item && (item->state == AUDITOR_WAITS || item->state == AUDITOR_SENT)) {
                if (pthread_cond_timedwait(&a->settled, &a->lock, &until))
                        break;
        }
        if (item && item->state == AUDITOR_SENT) { /* the thread has lent it to the producer */
                item->abandoned = true;
        } else if (item) {
                taken = item->state == AUDITOR_TAKEN;
                auditor_take_out(a, item);
        }
        pthread_mutex_unlock(&a->lock);
        return taken;
}

bool auditor_note(struct auditor *a, const struct audit_record *record) {
        bool taken = false;

        pthread_mutex_lock(&a->lock);
        if (!a->stopping && a->notes_n < AUDITOR_NOTES_MAX)
                taken = auditor_put_in(a, record, true);
        pthread_mutex_unlock(&a->lock);
        return taken;
}
