/* SPDX-License-Identifier: EUPL-1.2 */

/* The thread that tries dead letters, or sends them again, and what is known of it meanwhile. */

#include "console/acts/redrive_job.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/loop.h"
#include "cluster/audit.h"
#include "console/access/auditor.h"
#include "replica/letters_index.h"

#define JOB_SLICE_MS 50

struct redrive_job {
        struct redrive_job_config config;
        struct loop loop;
        atomic_bool stop;          /* what runs */
        atomic_bool ends;          /* the process: what is cut off stays so for whoever looks next */
        char roles[PERSON_ROLES_TEXT], organisation[LETTERS_ORGANISATION_MAX + 1], address[WEB_ADDRESS_TEXT];
        pthread_mutex_t lock;      /* over what follows; what above it a thread that runs may read, nobody writes meanwhile */
        struct redrive_job_status status;
};

/* -- The thread -- */

static bool job_wait(void *ctx, int64_t ms) {
        struct redrive_job *job = ctx;

        for (; ms > 0 && !atomic_load(&job->stop); ms -= JOB_SLICE_MS)
                (void) nanosleep(&(struct timespec){.tv_nsec = (ms < JOB_SLICE_MS ? ms : JOB_SLICE_MS) * 1000000L}, NULL);
        return atomic_load(&job->stop);
}

static void job_progress(void *ctx, const struct redrive_result *so_far) {
        struct redrive_job *job = ctx;

        (void) pthread_mutex_lock(&job->lock);
        job->status.result = *so_far;
        (void) pthread_mutex_unlock(&job->lock);
}

static void job_say_end(struct redrive_job *job, int r) {
        const struct redrive_job_status *s = &job->status;
        char object[AUDIT_TEXT_MAX + 1], filter[LETTERS_QUERY_TEXT_MAX];

        if (s->dry_run || s->query.filter.one || atomic_load(&job->ends) || !letters_query_text(&s->query, filter))
                return;
        (void) snprintf(object, sizeof(object), LETTERS_INDEX_JOB "%s", filter);
        /* Where it cannot be written the job counts as cut off, which only says more than is so. */
        (void) !auditor_write(job->config.auditor,
                              &(struct audit_record){.at = clock_realtime(&job->config.clock), .user = text_of(s->by), .roles = text_of(job->roles),
                                                      .organisation = text_of(job->organisation), .address = text_of(job->address),
                                                      .action = TEXT_OF(AUDIT_REDRIVE), .object = text_of(object),
                                                      .result = text_of(r ? AUDIT_FAILED : s->result.stopped ? "STOPPED" : AUDIT_DONE),
                                                     .reason = text_of(s->reason)});
}

static int job_run(struct redrive_job *job, struct redrive_result *result, struct error *err) {
        const struct redrive_job_status *s = &job->status;
        const struct redrive redrive = {
                .source = {.bus = job->config.bus, .types = job->config.config->types, .organisations = job->config.config->organisations,
                           .partitions = job->config.partitions, .now = clock_realtime(&job->config.clock), .enough = &job->stop},
                .filter = s->query.filter,
                .by = s->by,
                .reason = s->reason,
                .roles = job->roles,
                .organisation = job->organisation,
                .address = job->address,
                .clock = job->config.clock,
                .per_second = job->config.per_second,
                .dry_run = s->dry_run,
                .wait = job_wait,
                .progress = job_progress,
                .ctx = job,
        };

        return redrive_run(&redrive, result, err);
}

/* All in one turn. What failed is told by the status, not by the loop. */
static int job_turn(void *ctx, bool *ret_done, struct error *err) {
        struct redrive_job *job = ctx;
        struct redrive_result result;
        struct error why = {0};
        int r = job_run(job, &result, &why);

        (void) err;
        *ret_done = true;
        if (r == -ECANCELED) {
                result.stopped = true;
                r = 0;
        }
        (void) pthread_mutex_lock(&job->lock);
        job->status.result = result;
        if (r)
                (void) snprintf(job->status.why, sizeof(job->status.why), "%s", why.text[0] ? why.text : strerror(-r));
        (void) pthread_mutex_unlock(&job->lock);
        job_say_end(job, r);
        (void) pthread_mutex_lock(&job->lock);
        job->status.ended = clock_realtime(&job->config.clock);
        job->status.running = false;
        (void) pthread_mutex_unlock(&job->lock);
        return 0;
}

static int job_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

/* -- Beginning -- */

/* Locked. */
static int job_begin(struct redrive_job *job, const struct letters_query *query, const struct person *by, const char *reason, bool dry_run,
                     struct error *err) {
        static const struct loop_ops ops = {.open = job_open, .turn = job_turn};
        struct redrive_job_status *s = &job->status;
        const struct redrive_job_status before = *s;
        struct letters_query asked = *query; /* it may be that of the status */
        int r;

        loop_join(&job->loop); /* of the one before, which is over */
        job->loop = (struct loop){0};
        atomic_store(&job->stop, false);
        *s = (struct redrive_job_status){.number = before.number + 1, .running = true, .dry_run = dry_run, .begun = clock_realtime(&job->config.clock)};
        s->expected = dry_run || query->filter.one ? 0 : before.result.sent;
        letters_query_copy(&asked, &s->query);
        (void) snprintf(s->by, sizeof(s->by), "%s", by->name);
        (void) snprintf(s->reason, sizeof(s->reason), "%s", reason);
        (void) person_roles_text(by->roles, job->roles);
        (void) snprintf(job->organisation, sizeof(job->organisation), "%s", by->organisation ? by->organisation->id : "");
        (void) snprintf(job->address, sizeof(job->address), "%s", by->address);
        r = loop_start(&job->loop, &ops, job, err);
        if (r)
                s->running = false;
        return r;
}

int redrive_job_try(struct redrive_job *job, const struct letters_query *query, const struct person *by, struct error *err) {
        int r = REDRIVE_JOB_E_BUSY;

        (void) pthread_mutex_lock(&job->lock);
        if (!job->status.running) {
                struct letters_query asked;

                letters_query_copy(query, &asked);
                asked.filter.until = clock_realtime(&job->config.clock);
                r = job_begin(job, &asked, by, "", true, err);
        }
        (void) pthread_mutex_unlock(&job->lock);
        return r;
}

int redrive_job_send(struct redrive_job *job, uint64_t tried, const struct letters_query *query, const struct person *by, const char *reason,
                     struct error *err) {
        const struct redrive_job_status *s = &job->status;
        int r;

        assert(tried || query->filter.one);
        (void) pthread_mutex_lock(&job->lock);
        if (s->running)
                r = REDRIVE_JOB_E_BUSY;
        else if (tried && (tried != s->number || !s->dry_run || s->why[0] || s->result.stopped))
                r = REDRIVE_JOB_E_OTHER;
        else
                r = job_begin(job, tried ? &s->query : query, by, reason, false, err);
        (void) pthread_mutex_unlock(&job->lock);
        return r;
}

void redrive_job_stop(struct redrive_job *job) {
        (void) pthread_mutex_lock(&job->lock);
        if (job->status.running)
                atomic_store(&job->stop, true);
        (void) pthread_mutex_unlock(&job->lock);
}

void redrive_job_status(struct redrive_job *job, struct redrive_job_status *ret) {
        (void) pthread_mutex_lock(&job->lock);
        *ret = job->status;
        letters_query_copy(&job->status.query, &ret->query);
        (void) pthread_mutex_unlock(&job->lock);
}

void redrive_job_wait(struct redrive_job *job, int ms) {
        for (bool running = true; running && ms > 0; ms -= JOB_SLICE_MS) {
                (void) pthread_mutex_lock(&job->lock);
                running = job->status.running;
                (void) pthread_mutex_unlock(&job->lock);
                if (running)
                        (void) nanosleep(&(struct timespec){.tv_nsec = JOB_SLICE_MS * 1000000L}, NULL);
        }
}

/* -- Life -- */

int redrive_job_new(const struct redrive_job_config *config, struct redrive_job **ret) {
        struct redrive_job *job = calloc(1, sizeof(*job));

        if (!job)
                return -ENOMEM;
        job->config = *config;
        (void) pthread_mutex_init(&job->lock, NULL);
        *ret = job;
        return 0;
}

struct redrive_job *redrive_job_free(struct redrive_job *job) {
        if (!job)
                return NULL;
        atomic_store(&job->ends, true);
        atomic_store(&job->stop, true);
        loop_join(&job->loop);
        (void) pthread_mutex_destroy(&job->lock);
        free(job);
        return NULL;
}
