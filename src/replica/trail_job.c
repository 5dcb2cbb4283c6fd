/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads one trail after the other from the topics, for whoever asks again. */

#include "replica/trail_job.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/loop.h"

#define TRAIL_JOB_LOOK_NS 50000000L /* between two looks whether there is something to read */

enum trail_job_state { JOB_IDLE, JOB_WANTED, JOB_READING, JOB_DONE };

struct trail_job {
        struct trail_job_config config;
        struct loop loop;
        atomic_bool enough;
        pthread_mutex_t lock;
        /* Under it: */
        enum trail_job_state state;
        struct uuid case_id;
        struct trail *trail;
        int outcome;
        struct error err;
        int64_t done_at;
};

static void trail_job_lock(struct trail_job *job) {
        (void) pthread_mutex_lock(&job->lock);
}

static void trail_job_unlock(struct trail_job *job) {
        (void) pthread_mutex_unlock(&job->lock);
}

/* -- Its thread -- */

static int trail_job_begin(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static bool trail_job_take(struct trail_job *job, struct uuid *ret) {
        bool wanted;

        trail_job_lock(job);
        wanted = job->state == JOB_WANTED;
        if (wanted) {
                job->state = JOB_READING;
                *ret = job->case_id;
        }
        trail_job_unlock(job);
        return wanted;
}

static int trail_job_turn(void *ctx, bool *ret_done, struct error *err) {
        struct trail_job *job = ctx;
        const struct trail_source source = {.config = job->config.config, .bus = job->config.bus, .kafka = job->config.kafka,
                                            .now = clock_realtime(&job->config.clock), .enough = &job->enough};
        struct trail_wanted wanted = {.field = "case_id"};
        struct error readers, why = {0};
        struct trail *trail = NULL;
        int r;

        (void) ret_done;
        (void) err;
        if (!trail_job_take(job, &wanted.id)) {
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = TRAIL_JOB_LOOK_NS}, NULL);
                return 0;
        }
        r = trail_read(&source, &wanted, &trail, &readers, &why);
        trail_job_lock(job);
        job->state = JOB_DONE;
        job->trail = trail;
        job->outcome = r;
        job->err = why;
        job->done_at = clock_monotonic(&job->config.clock);
        trail_job_unlock(job);
        return 0;
}

static void trail_job_interrupt(void *ctx) {
        struct trail_job *job = ctx;

        atomic_store(&job->enough, true);
}

int trail_job_new(const struct trail_job_config *config, struct trail_job **ret, struct error *err) {
        static const struct loop_ops ops = {trail_job_begin, trail_job_turn, NULL, trail_job_interrupt};
        struct trail_job *made = calloc(1, sizeof(*made));
        CLEANUP(trail_job_free_p) struct trail_job *job = NULL;
        int r;

        if (!made)
                return -ENOMEM;
        if (pthread_mutex_init(&made->lock, NULL)) {
                free(made);
                return -ENOMEM;
        }
        job = made;
        job->config = *config;
        r = loop_start(&job->loop, &ops, job, err);
        if (r)
                return r;
        *ret = TAKE(job);
        return 0;
}

struct trail_job *trail_job_free(struct trail_job *job) {
        if (!job)
                return NULL;
        loop_ask(&job->loop);
        loop_join(&job->loop);
        trail_free(job->trail);
        (void) pthread_mutex_destroy(&job->lock);
        free(job);
        return NULL;
}

/* -- Asking -- */

/* Under the lock; there is none that others wait for. */
static int trail_job_want(struct trail_job *job, const struct uuid *case_id) {
        job->trail = trail_free(job->trail);
        job->case_id = *case_id;
        job->state = JOB_WANTED;
        return -EINPROGRESS;
}

static int trail_job_give(struct trail_job *job, struct trail **ret, struct error *err) {
        *ret = TAKE(job->trail);
        *err = job->err;
        job->state = JOB_IDLE;
        return job->outcome;
}

int trail_job_ask(struct trail_job *job, const struct uuid *case_id, struct trail **ret, struct error *err) {
        bool same;
        int r;

        trail_job_lock(job);
        same = uuid_equal(&job->case_id, case_id);
        if (job->state == JOB_DONE && same)
                r = trail_job_give(job, ret, err);
        else if (job->state == JOB_IDLE || (job->state == JOB_DONE && clock_monotonic(&job->config.clock) - job->done_at >= TRAIL_JOB_KEPT_MS))
                r = trail_job_want(job, case_id);
        else
                r = same ? -EINPROGRESS : -EBUSY;
        trail_job_unlock(job);
        return r;
}
