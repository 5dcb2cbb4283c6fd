/* SPDX-License-Identifier: EUPL-1.2 */

/* A place on a broker: topics made, filled, and deleted. */

#include "bench/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static int make_folder(struct site *s, struct error *err) {
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

static int list_inputs(struct site *s) {
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

static int make_topics(struct site *s, struct error *err) {
        int r = admin_new(&s->broker.kafka, &s->admin, err);

        while (r == 0 && s->made < s->topics.n) {
                const struct topic_wanted *t = &s->topics.items[s->made];
                const struct admin_topic make = {.name = t->topic,
                                                 .partitions = t->partitions,
                                                 .replication = t->replication,
                                                 .settings = t->settings,
                                                 .settings_n = t->settings_n};

                if (bench_stop_wait(s->stop, 0))
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
              struct bench_stop *stop, struct error *err) {
        int status, r;

        *s = (struct site){.arguments = arguments, .config = config, .stop = stop};
        s->log = (struct log){.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_WARNING, .process = "bench"};
        (void) snprintf(s->prefix, sizeof(s->prefix), "bench-%d-%u.", (int)getpid(), number);
        (void) snprintf(s->group, sizeof(s->group), "%s%s", s->prefix, TOPICS_GROUP_RULES);
        r = bench_self(s->self, err);
        if (r == 0)
                r = make_folder(s, err);
        if (r)
                return EXIT_NO;
        status = command_broker_read("bench", s->path, bootstrap, &s->log, &s->broker);
        if (status == 0)
                status = command_broker_open("bench", &s->broker);
        if (status)
                return status;
        (void) snprintf(s->bootstrap, sizeof(s->bootstrap), "%s", s->broker.bootstrap);
        s->broker.config.acls.wanted = false; /* rights are for those who stay */
        r = arena_new(&s->arena, TOPICS_BYTES_MAX);
        if (r == 0)
                r = topics_of_config(config, &s->broker.config, s->arena, &s->topics, err);
        if (r == 0)
                r = list_inputs(s);
        if (r == 0)
                r = make_topics(s, err);
        if (r == -ENOMEM && !err->text[0])
                error_set(err, "out of memory");
        return r ? EXIT_BROKER : 0;
}

static int delete_topics(struct site *s, struct error *err) {
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
        r = s->admin ? delete_topics(s, err) : 0;
        s->admin = admin_free(s->admin);
        command_broker_done(&s->broker);
        s->arena = arena_free(s->arena);
        if (s->folder[0] && bench_child_run((const char *const[]){"rm", "-rf", s->folder, NULL}, s->stop, &each))
                bench_say("the folder %s stays: %s", s->folder, each.text);
        return r;
}

static int send_all(struct site_sending *sending) {
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

static void *send_main(void *ctx) {
        struct site_sending *sending = ctx;

        sending->result = send_all(sending);
        atomic_store(&sending->ended, true);
        return NULL;
}

int site_send(struct site *s, uint64_t first, uint64_t cases, uint64_t rate, struct site_sending *ret, struct error *err) {
        *ret = (struct site_sending){.site = s, .first = first, .cases = cases, .rate = rate};
        if (pthread_create(&ret->thread, NULL, send_main, ret) == 0)
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
                stop = bench_stop_wait(s->stop, SITE_LOOK_MS);
        r = site_sent(&sending, stop, err);
        *ret = sending.sent;
        return stop ? bench_stopped(err) : r;
}
