/* SPDX-License-Identifier: EUPL-1.2 */

/* Workers as children on a place of a benchmark's own; see bench_site.h. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/site.h"

#define QUIET_SHARE 0.05 /* of one core: what an idle worker uses at most */

static int64_t now_ms(void) {
        struct clock clock = clock_system();

        return clock_monotonic(&clock);
}

int site_worker(struct site *s, unsigned threads, bool once, struct error *err) {
        struct site_worker *w = &s->workers[s->n_workers];
        int r;

        if (s->n_workers == SITE_WORKERS_MAX) {
                error_set(err, "more than %d worker processes", SITE_WORKERS_MAX);
                return -EINVAL;
        }
        (void) snprintf(w->instance, sizeof(w->instance), "bench-%zu", s->n_workers + 1);
        (void) snprintf(w->threads, sizeof(w->threads), "%u", threads);
        r = bench_child_start(&(struct bench_child_config){.argv = (const char *const[]){s->self, "rules", "--config", s->path, "--schemas",
                                                                                         s->arguments->dirs.schemas, "--bootstrap", s->bootstrap,
                                                                                         "--instance", w->instance, once ? "--once" : "--threads",
                                                                                         once ? NULL : w->threads, NULL},
                                                        .keep_output = once},
                              &w->child, err);
        if (r == 0)
                s->n_workers++;
        return r;
}

double site_cpu_s(const struct site *s) {
        double sum = 0;

        for (size_t i = 0; i < s->n_workers; i++)
                sum += s->workers[i].child.ended ? s->workers[i].child.cpu_s : bench_cpu_s(s->workers[i].child.pid);
        return sum;
}

static int look_at_children(struct site *s, struct error *err) {
        for (size_t i = 0; i < s->n_workers; i++) {
                if (!bench_child_wait(&s->workers[i].child, 0))
                        continue;
                error_set(err, "a worker ended with status %d; its reason is above", s->workers[i].child.status);
                return -EIO;
        }
        return 0;
}

static int wait_committed(struct site *s, int64_t events, struct error *err) {
        int64_t before = -1, moved = now_ms();

        for (;;) {
                int64_t sum;
                int r = admin_group_committed(s->admin, s->group, s->inputs, s->n_inputs, &sum, err);

                if (r == 0)
                        r = look_at_children(s, err);
                if (r)
                        return r > 0 ? -EACCES : r;
                if (sum >= events)
                        return 0;
                if (sum != before)
                        moved = now_ms();
                before = sum;
                if (now_ms() - moved > SITE_STUCK_MS) {
                        error_set(err, "nothing was committed for %d s, at %lld of %lld events", SITE_STUCK_MS / 1000, (long long)sum, (long long)events);
                        return -ETIMEDOUT;
                }
                if (bench_stop_wait(s->stop, SITE_LOOK_MS))
                        return bench_stopped(err);
        }
}

/* All is read when it is committed, but cases that were touched while behind may wait for their evaluation. */
static int wait_quiet(struct site *s, int64_t *ret, struct error *err) {
        int64_t since = now_ms(), began = since;
        double cpu = site_cpu_s(s);

        while (now_ms() - since < SITE_QUIET_MS) {
                double used = site_cpu_s(s) - cpu;

                if (used > QUIET_SHARE * SITE_QUIET_MS / 1000 * (double)s->n_workers) {
                        since = now_ms();
                        cpu += used;
                }
                if (now_ms() - began > SITE_STUCK_MS) {
                        error_set(err, "the workers do not come to rest");
                        return -ETIMEDOUT;
                }
                if (bench_stop_wait(s->stop, SITE_LOOK_MS))
                        return bench_stopped(err);
        }
        *ret = since;
        return 0;
}

int site_wait(struct site *s, int64_t events, int64_t since, double *ret_seconds, struct error *err) {
        int64_t done = 0;
        int r = wait_committed(s, events, err);

        if (r == 0)
                r = wait_quiet(s, &done, err);
        *ret_seconds = (double)(done - since) / 1000;
        return r;
}

int site_end(struct site *s, struct site_done *ret, struct error *err) {
        int r = 0;

        for (size_t i = 0; i < s->n_workers; i++)
                bench_child_signal(&s->workers[i].child, SIGTERM);
        for (size_t i = 0; i < s->n_workers; i++) {
                struct bench_child *child = &s->workers[i].child;

                if (r == 0)
                        r = bench_child_finish(child, s->stop, err);
                if (r == 0 && child->status != 0) {
                        error_set(err, "a worker ended with status %d; its reason is above", child->status);
                        r = -EIO;
                }
                ret->cpu_s += child->cpu_s;
                ret->rss_mb += child->rss_mb;
                bench_child_stop(child);
        }
        s->n_workers = 0;
        return r;
}
