/* SPDX-License-Identifier: EUPL-1.2 */

/* A place on a broker: topics made, filled and deleted; and workers as children on it. */

#include "bench/site.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int site_folder(struct site *s, struct error *err) {
        (void) snprintf(s->folder, sizeof(s->folder), "/tmp/ketenwacht-bench-XXXXXX");
        if (!mkdtemp(s->folder)) {
                s->folder[0] = '\0';
                error_set(err, "no folder can be made in /tmp: %s", strerror(errno));
                return -errno;
        }
        (void) snprintf(s->path, sizeof(s->path), "%s/config", s->folder);
        return bench_copy_configuration(s->arguments->dirs.config, s->path, s->prefix, SITE_PARTITIONS, s->stop, err);
}

/* -- Topics -- */

static int site_list_inputs(struct site *s) {
        size_t n = event_types_count(s->config->types);

        s->inputs = arena_calloc(s->arena, n + 1, sizeof(*s->inputs));
        for (size_t i = 0; s->inputs && i < n; i++) {
                const struct event_type *type = event_types_at(s->config->types, i);

                if (type->output)
                        continue;
                s->inputs[s->n_inputs] = arena_printf(s->arena, "%s%s", s->prefix, type->name);
                if (!s->inputs[s->n_inputs++])
                        return -ENOMEM;
        }
        return s->inputs ? 0 : -ENOMEM;
}

static int site_make_topics(struct site *s, struct error *err) {
        int r = admin_new(&s->broker.kafka, &s->admin, err);

        while (r == 0 && s->made < s->topics.n) {
                const struct topic_wanted *t = &s->topics.items[s->made];
                const struct admin_topic make = {.name = t->topic,
                                                 .partitions = t->partitions,
                                                 .replication = t->replication,
                                                 .settings = t->settings,
                                                 .settings_n = t->settings_n};

                if (stop_wait(s->stop, 0))
                        return bench_stopped(err);
                r = admin_topic_make(s->admin, &make, err);
                if (r > 0) {
                        error_prefix(err, "the topic %s cannot be made", t->topic);
                        return -EACCES;
                }
                s->made++;
        }
        return r;
}

int site_open(struct site *s, const struct bench_arguments *arguments, const char *bootstrap, const struct config *config, unsigned number,
              struct stop *stop, struct error *err) {
        int status, r;

        *s = (struct site){.arguments = arguments, .config = config, .stop = stop};
        s->log = (struct log){.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_WARNING, .process = "bench"};
        (void) snprintf(s->prefix, sizeof(s->prefix), "bench-%d-%u.", (int)getpid(), number);
        (void) snprintf(s->group, sizeof(s->group), "%s%s", s->prefix, TOPICS_GROUP_RULES);
        r = command_beside("ketenwacht", s->ketenwacht, err);
        if (r == 0)
                r = site_folder(s, err);
        if (r)
                return EXIT_NO;
        status = command_broker_read("bench", s->path, bootstrap, &s->log, &s->broker);
        if (status)
                return status;
        status = command_broker_open("bench", &s->broker);
        if (status)
                return status;
        (void) snprintf(s->bootstrap, sizeof(s->bootstrap), "%s", s->broker.bootstrap);
        s->broker.config.acls.wanted = false; /* rights are for those who stay */
        r = arena_new(&s->arena, TOPICS_BYTES_MAX);
        if (r == 0)
                r = topics_of_config(config, &s->broker.config, s->arena, &s->topics, err);
        if (r == 0)
                r = site_list_inputs(s);
        if (r == 0)
                r = site_make_topics(s, err);
        if (r == -ENOMEM && !err->text[0])
                error_set(err, "out of memory");
        return r ? EXIT_BROKER : 0;
}

static int site_delete_topics(struct site *s, struct error *err) {
        struct error each;
        int first = 0, r = admin_group_delete(s->admin, s->group, &each);

        if (r && r != ADMIN_E_NONE)
                bench_say("the group %s stays, without topics, until the broker forgets it: %s", s->group, each.text);
        for (size_t i = 0; i < s->made; i++) {
                r = admin_topic_delete(s->admin, s->topics.items[i].topic, &each);
                if (r && r != ADMIN_E_NONE && !first) {
                        error_set(err, "the topic %s could not be deleted: %s; delete what begins with %s by hand", s->topics.items[i].topic,
                                  each.text, s->prefix);
                        first = r;
                }
        }
        return first > 0 ? -EACCES : first;
}

int site_close(struct site *s, struct error *err) {
        struct error each;
        int r;

        for (size_t i = 0; i < s->n_workers; i++)
                bench_child_stop(&s->workers[i].child);
        r = s->admin ? site_delete_topics(s, err) : 0;
        s->admin = admin_free(s->admin);
        command_broker_done(&s->broker);
        s->arena = arena_free(s->arena);
        if (s->folder[0] && bench_child_run((const char *const[]){"rm", "-rf", s->folder, NULL}, s->stop, &each))
                bench_say("the folder %s stays: %s", s->folder, each.text);
        return r;
}

static int site_send_all(struct site_sending *sending) {
        CLEANUP(bench_load_free_p) struct bench_load *load = NULL;
        struct site *s = sending->site;
        struct clock clock = clock_system();
        const struct bench_load_config config = {.config = s->config,
                                                 .shape = BENCH_LOAD_FOUR,
                                                 .cases = sending->cases,
                                                 .first = sending->first,
                                                 .seed = BENCH_LOAD_SEED,
                                                 .now = clock_realtime(&clock),
                                                 .stop = &sending->stop};
        int64_t begin;
        int r = bench_load_new(&config, &load, &sending->err);

        begin = clock_monotonic(&clock);
        if (r == 0)
                r = bench_load_write(load, s->broker.bus, sending->rate, &clock, &sending->sent, &sending->err);
        sending->seconds = (double)(clock_monotonic(&clock) - begin) / 1000;
        return r;
}

static void *site_send_main(void *ctx) {
        struct site_sending *sending = ctx;

        sending->result = site_send_all(sending);
        atomic_store(&sending->ended, true);
        return NULL;
}

int site_send(struct site *s, uint64_t first, uint64_t cases, uint64_t rate, struct site_sending *ret, struct error *err) {
        *ret = (struct site_sending){.site = s, .first = first, .cases = cases, .rate = rate};
        if (pthread_create(&ret->thread, NULL, site_send_main, ret) == 0)
                return 0;
        error_set(err, "a thread could not be started; look at the limits of this machine");
        return -EAGAIN;
}

int site_sent(struct site_sending *sending, bool stop, struct error *err) {
        atomic_store(&sending->stop, stop);
        (void) pthread_join(sending->thread, NULL); /* fails only for threads that are not ours */
        if (stop || sending->result == 0)
                return 0;
        *err = sending->err;
        return sending->result;
}

int site_load(struct site *s, uint64_t first, uint64_t cases, uint64_t rate, struct bench_load_result *ret, struct error *err) {
        struct site_sending sending;
        bool stop = false;
        int r = site_send(s, first, cases, rate, &sending, err);

        if (r)
                return r;
        while (!stop && !atomic_load(&sending.ended))
                stop = stop_wait(s->stop, SITE_LOOK_MS);
        r = site_sent(&sending, stop, err);
        *ret = sending.sent;
        return stop ? bench_stopped(err) : r;
}

/* -- Workers -- */

#define QUIET_SHARE 0.05 /* of one core: what an idle worker uses at most */

static int64_t site_now_ms(void) {
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
        r = bench_child_start(&(struct bench_child_config){.argv = (const char *const[]){s->ketenwacht, "rules", "--config", s->path, "--schemas",
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

static int site_look(struct site *s, struct error *err) {
        for (size_t i = 0; i < s->n_workers; i++) {
                if (!bench_child_wait(&s->workers[i].child, 0))
                        continue;
                error_set(err, "a worker ended with status %d; its reason is above", s->workers[i].child.status);
                return -EIO;
        }
        return 0;
}

static int site_wait_committed(struct site *s, int64_t events, struct error *err) {
        int64_t before = -1, moved = site_now_ms();

        for (;;) {
                int64_t sum;
                int r = admin_group_committed(s->admin, s->group, s->inputs, s->n_inputs, &sum, err);

                if (r == 0)
                        r = site_look(s, err);
                if (r)
                        return r > 0 ? -EACCES : r;
                if (sum >= events)
                        return 0;
                if (sum != before)
                        moved = site_now_ms();
                before = sum;
                if (site_now_ms() - moved > SITE_STUCK_MS) {
                        error_set(err, "nothing was committed for %d s, at %lld of %lld events", SITE_STUCK_MS / 1000, (long long)sum, (long long)events);
                        return -ETIMEDOUT;
                }
                if (stop_wait(s->stop, SITE_LOOK_MS))
                        return bench_stopped(err);
        }
}

/* All is read when it is committed, but cases that were touched while behind may wait for their evaluation. */
static int site_wait_quiet(struct site *s, int64_t *ret, struct error *err) {
        int64_t since = site_now_ms(), began = since;
        double cpu = site_cpu_s(s);

        while (site_now_ms() - since < SITE_QUIET_MS) {
                double used = site_cpu_s(s) - cpu;

                if (used > QUIET_SHARE * SITE_QUIET_MS / 1000 * (double)s->n_workers) {
                        since = site_now_ms();
                        cpu += used;
                }
                if (site_now_ms() - began > SITE_STUCK_MS) {
                        error_set(err, "the workers do not come to rest");
                        return -ETIMEDOUT;
                }
                if (stop_wait(s->stop, SITE_LOOK_MS))
                        return bench_stopped(err);
        }
        *ret = since;
        return 0;
}

int site_wait(struct site *s, int64_t events, int64_t since, double *ret_seconds, struct error *err) {
        int64_t done = 0;
        int r = site_wait_committed(s, events, err);

        if (r == 0)
                r = site_wait_quiet(s, &done, err);
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
