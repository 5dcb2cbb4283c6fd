/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench console`: what looking costs
 *
 * On topics of its own a worker makes the state of a load; a console, a child with nothing shared, reads it and is asked for every page of its table, over
 * the loopback, one request after another. Its memory is held against what the stores alone take. Then a hundred watch its stream while events come, and
 * backlogs are drained with the console beside the worker and with it stopped, in turns.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/allocator.h"
#include "base/vector.h"
#include "bench/http.h"
#include "bench/site.h"
#include "console/assets/assets.h"
#include "console/routes.h"
#include "engine/case.h"
#include "engine/facts.h"
#include "engine/world.h"
#include "worker/live.h"

#define CASES_DEFAULT 200000
#define REQUESTS_DEFAULT 300
#define WATCHERS_DEFAULT 100
#define WATCHERS_MAX 400
#define SECONDS_DEFAULT 15
#define RATE_DEFAULT 200
#define ROUNDS_DEFAULT 2
#define ROUNDS_MAX 20
#define BACKLOG_PART 10      /* the backlog of a round is one of so many parts of the load */
#define BACKLOG_LEAST 200    /* cases */
#define SAMPLE_MAX 500       /* cases whose pages are asked for, in turns */
#define WARM_REQUESTS 3      /* of each page, that do not count */
#define PAGES_MAX 64
#define WARM_MS 5000         /* of events before their share of CPU counts */
#define BUSY_TRIES 200       /* of a page that answers 503: what stands in the audit first has its own pace */
#define READY_S 600          /* for the console to read all that stands there */
#define TRACKS_LOOK_MS 2000 /* within which something of the ways is read, while any of it is to be read */
#define STREAM_PATH "/api/stream"
#define LOG_MAX 65536        /* bytes of the console's log in which its ports stand */

struct page {
        char path[BENCH_HTTP_PATH_MAX]; /* as the table of routes has it; what stands behind it by its name: /zaken/{case_id} */
        const char *base, *behind;
        double p50, p99, most; /* ms */
        size_t bytes;          /* the largest answer */
};

struct sample {
        struct uuid case_id, event_id, measure_id;
};

/* What draining a backlog took in each round; CPU in microseconds an event. */
struct drains {
        double per_s[ROUNDS_MAX], worker_us[ROUNDS_MAX], broker_us[ROUNDS_MAX], console_us[ROUNDS_MAX];
};

/* Of each figure that in the middle of all rounds. */
struct drained {
        double per_s, worker_us, broker_us, console_us;
};

struct console_bench {
        struct bench_arguments arguments;
        const char *bootstrap;
        int64_t cases, requests, watchers, seconds, rate, rounds, broker;
        const struct config *config;
        struct stop stop;
        struct site site;
        struct bench_child console;
        char log[128];
        uint16_t port, metrics_port;
        struct bench_load_result load;
        uint64_t cases_sent;
        VECTOR(struct sample) samples;
        /* what came out */
        size_t facts, store_cases;
        double store_mb, rss_mb, ready_s, tracked, tracked_s; /* tracked: records of which the way is kept */
        struct page floor, pages[PAGES_MAX];
        size_t pages_n;
        double idle_share, alone_share, watched_share; /* CPU of one core */
        uint64_t stream_bytes;
        struct drains without, with;
};

static int64_t viewing_now(void) {
        struct clock clock = clock_system();

        return clock_monotonic(&clock);
}

/* Waits so long. Return: 0; -EINTR with a sentence after a stop. */
static int viewing_pause(struct console_bench *b, int64_t ms, struct error *err) {
        int64_t until = viewing_now() + ms;

        for (int64_t left = ms; left > 0; left = until - viewing_now()) {
                if (stop_wait(&b->stop, (int)(left < SITE_LOOK_MS ? left : SITE_LOOK_MS)))
                        return bench_stopped(err);
        }
        return 0;
}

/* -- The state, and what is asked of it -- */

/* One life of `rules --once`. Return: 0 or negative errno with a sentence; *ret_s: how long it lived; *ret_cpu_s: what it used. */
static int viewing_drain(struct console_bench *b, double *ret_s, double *ret_cpu_s, struct error *err) {
        struct bench_child *child = &b->site.workers[0].child;
        int r = site_worker(&b->site, 1, true, err);

        if (r == 0)
                r = bench_child_finish(child, &b->stop, err);
        if (r)
                return r;
        *ret_s = child->life_s;
        *ret_cpu_s = child->cpu_s;
        if (child->status != 0) {
                error_set(err, "rules --once ended with status %d; its reason is above", child->status);
                r = -EIO;
        }
        bench_child_stop(child);
        b->site.n_workers = 0;
        return r;
}

/* Ids of its first fact that names a measure, if there is one. */
static struct sample viewing_sample_of(struct engine *engine, const struct casefile *file) {
        struct sample sample = {.case_id = file->id};
        const struct fact_header *header;
        uint32_t offset = 0;

        arena_reset(engine->arena);
        while ((header = casefile_next_fact(file, &offset))) {
                const struct event_type *type = event_types_at(engine_config(engine)->types, header->type);
                const struct slot *slots = type->links[LINK_MEASURE] >= 0 ? fact_decode(engine, file, header) : NULL;

                if (!slots || slots[type->links[LINK_MEASURE]].kind != SLOT_UUID)
                        continue;
                sample.event_id = header->event_id;
                sample.measure_id = slots[type->links[LINK_MEASURE]].u;
                break;
        }
        return sample;
}

static int viewing_sample(struct console_bench *b, struct engine *engine, const struct store *store) {
        const struct casefile *file;
        size_t n = 0, every;
        int r = 0;

        every = b->store_cases / SAMPLE_MAX + 1;
        for (size_t i = 0; r == 0 && (file = store_iterate(store, &i)); n++) {
                if (n % every == 0 && file->n_facts)
                        r = vector_push(&b->samples, viewing_sample_of(engine, file));
        }
        return r;
}

/* What the stores alone take of the allocator, by the very code that the console reads with; and cases to ask for. */
static int viewing_weigh(struct console_bench *b, struct error *err) {
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        size_t before = allocator_used();
        struct store_stats stats;
        int r = engine_new(b->config, &engine);

        if (r == 0)
                r = store_new(engine, &store);
        if (r == 0)
                r = live_read(b->site.broker.bus, NULL, NULL, store, err);
        if (r)
                return r;
        stats = store_stats(store);
        b->facts = stats.facts;
        b->store_cases = stats.cases;
        b->store_mb = (double)(allocator_used() - before) / 1e6;
        return viewing_sample(b, engine, store);
}

/* -- The console -- */

/* The number that stands at @text; negative: none does. */
static double viewing_number(const char *text) {
        double number;

        return text_to_double((struct text){text, strspn(text, "0123456789.")}, &number) ? number : -1;
}

/* The number behind "port": in the line of the log that holds @event; 0: it is not there yet. */
static uint16_t viewing_port_of(const char *text, const char *event) {
        const char *line = strstr(text, event), *port = line ? strstr(line, "\"port\":") : NULL;
        double number = port ? viewing_number(port + strlen("\"port\":")) : 0;

        return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

static int viewing_read_ports(struct console_bench *b) {
        CLEANUP(cleanup_free) char *text = NULL;
        struct error unread;
        size_t n;

        if (file_read(b->log, &text, &n, &unread))
                return -EAGAIN;
        b->port = viewing_port_of(text, "console-listens");
        b->metrics_port = viewing_port_of(text, "health-listens");
        return b->port && b->metrics_port ? 0 : -EAGAIN;
}

static int viewing_begin(struct console_bench *b, struct error *err) {
        const struct bench_child_config config = {
                .argv = (const char *const[]){b->site.ketenwacht, "console", "--open-on-localhost", "--port", "0", "--metrics", "0", "--config", b->site.path,
                                              "--schemas", b->arguments.dirs.schemas, "--bootstrap", b->site.bootstrap, NULL},
                .log = b->log};
        int64_t begin = viewing_now();
        int r;

        (void) snprintf(b->log, sizeof(b->log), "%s/console.log", b->site.folder);
        r = bench_child_start(&config, &b->console, err);
        while (r == 0 && viewing_read_ports(b)) {
                r = viewing_pause(b, SITE_LOOK_MS, err);
                if (r == 0 && (bench_child_wait(&b->console, 0) || viewing_now() - begin > READY_S * INT64_C(1000))) {
                        error_set(err, "the console does not start; its log is %s", b->log);
                        return -EIO;
                }
        }
        return r;
}

/* The value of a gauge of the console; negative: it has none. */
static double viewing_gauge(struct console_bench *b, const char *name) {
        struct bench_http http = BENCH_HTTP(b->metrics_port);
        struct bench_http_answer answer;
        struct error unread;
        double value = -1;

        if (bench_http_get(&http, "/metrics", true, &answer, &unread) == 0 && answer.body) {
                for (const char *line = answer.body; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ')
                                value = viewing_number(line + strlen(name) + 1);
                }
                free(answer.body);
        }
        bench_http_done(&http);
        return value;
}

/* Until it uses next to no CPU: all that it follows is read. */
static int viewing_settle(struct console_bench *b, struct error *err) {
        int64_t begin = viewing_now();
        double cpu = bench_cpu_s(b->console.pid), used = 1;
        int r = 0;

        while (r == 0 && used > 0.1) {
                r = viewing_pause(b, 1000, err);
                used = bench_cpu_s(b->console.pid) - cpu;
                cpu += used;
                if (viewing_now() - begin > READY_S * INT64_C(1000)) {
                        error_set(err, "the console does not come to rest");
                        return -ETIMEDOUT;
                }
        }
        return r;
}

static int viewing_await(struct console_bench *b, struct error *err) {
        int64_t begin = viewing_now();
        int r = 0;

        while (r == 0 && viewing_gauge(b, "ketenwacht_replica_live") != 1) {
                r = viewing_pause(b, SITE_LOOK_MS, err);
                if (viewing_now() - begin > READY_S * INT64_C(1000)) {
                        error_set(err, "the console has not read case-state in %d s; its log is %s", READY_S, b->log);
                        return -ETIMEDOUT;
                }
        }
        b->ready_s = (double)(viewing_now() - begin) / 1000;
        return r ? r : viewing_settle(b, err);
}

/* Until the ways of all records are known: it reads them in the background, and what it costs then is not what it costs later. */
static int viewing_await_tracks(struct console_bench *b, struct error *err) {
        int64_t begin = viewing_now();
        double before = -1;
        int r = 0;

        for (b->tracked = viewing_gauge(b, "ketenwacht_tracks_entries"); r == 0 && b->tracked > before && viewing_now() - begin < READY_S * INT64_C(1000);
             b->tracked = viewing_gauge(b, "ketenwacht_tracks_entries")) {
                before = b->tracked;
                r = viewing_pause(b, TRACKS_LOOK_MS, err);
        }
        b->tracked_s = (double)(viewing_now() - begin) / 1000;
        return r;
}

/* Resident memory of a process in MB; 0: it is gone. */
static double viewing_rss_mb(pid_t pid) {
        char path[64], line[256];
        double kb = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        f = fopen(path, "r");
        while (f && fgets(line, sizeof(line), f)) {
                if (strncmp(line, "VmRSS:", 6) == 0)
                        kb = viewing_number(line + 6 + strspn(line + 6, " \t"));
        }
        if (f)
                (void) fclose(f);
        return kb * 1024 / 1e6;
}

/* -- Pages -- */

/* What is asked for in place of the name of what stands behind a path; false: the bench knows nothing of that name. */
static bool viewing_fill(const struct console_bench *b, const struct page *page, size_t turn, char ret[BENCH_HTTP_PATH_MAX]) {
        const struct sample *sample = b->samples.n ? &b->samples.items[turn % b->samples.n] : NULL;
        const struct organisations *orgs = b->config->organisations;
        char id[UUID_TEXT + 1];
        const char *word = NULL;

        if (!page->behind) {
                word = "";
        } else if (strstr(page->behind, "_id") && sample) {
                uuid_format(strcmp(page->behind, "case_id") == 0 ? &sample->case_id : strcmp(page->behind, "event_id") == 0 ? &sample->event_id
                                                                                                                          : &sample->measure_id, id);
                word = id;
        } else if (strcmp(page->behind, "topic") == 0) {
                word = "measure-started";
        } else if (strcmp(page->behind, "organisation") == 0) {
                word = organisations_at(orgs, turn % organisations_count(orgs))->id;
        } else if (strcmp(page->behind, "protocol") == 0 && b->config->protocols.n) {
                word = b->config->protocols.items[turn % b->config->protocols.n]->name;
        }
        return word && (size_t)snprintf(ret, BENCH_HTTP_PATH_MAX, "%s%s", page->base, word) < BENCH_HTTP_PATH_MAX;
}

/* Asks until it is not 503. Return: as bench_http_get(); -EINTR after a stop. */
static int viewing_ask(struct console_bench *b, struct bench_http *http, const char *path, struct bench_http_answer *ret, struct error *err) {
        for (unsigned i = 0;; i++) {
                int r = bench_http_get(http, path, false, ret, err);

                if (r || ret->status != 503 || i == BUSY_TRIES)
                        return r;
                r = viewing_pause(b, SITE_LOOK_MS, err);
                if (r)
                        return r;
        }
}

static int viewing_measure_page(struct console_bench *b, struct bench_http *http, struct page *page, struct error *err) {
        CLEANUP(cleanup_free) double *ms = calloc((size_t)b->requests, sizeof(*ms));
        char path[BENCH_HTTP_PATH_MAX];
        int r = ms ? 0 : -ENOMEM;

        for (int64_t i = -WARM_REQUESTS; r == 0 && i < b->requests; i++) {
                struct bench_http_answer answer;

                if (!viewing_fill(b, page, (size_t)(i + WARM_REQUESTS), path))
                        return -ENOENT;
                r = viewing_ask(b, http, path, &answer, err);
                if (r == 0 && (answer.status < 200 || answer.status >= 400)) { /* a search that finds one leads there */
                        error_set(err, "%s answers %d", path, answer.status);
                        return -EBADMSG;
                }
                if (r == 0 && i >= 0)
                        ms[i] = (double)answer.ns / 1e6;
                if (r == 0 && answer.bytes > page->bytes)
                        page->bytes = answer.bytes;
                if (r == 0 && stop_wait(&b->stop, 0))
                        r = bench_stopped(err);
        }
        if (r)
                return r;
        page->p50 = bench_middle(ms, (size_t)b->requests);
        page->p99 = ms[b->requests * 99 / 100];
        page->most = ms[b->requests - 1];
        return 0;
}

/* One more page; what nobody knows anything of is left out. */
static int viewing_add_page(struct console_bench *b, struct bench_http *http, const char *base, const char *behind, struct error *err) {
        struct page *page = &b->pages[b->pages_n];
        int r;

        *page = (struct page){.base = base, .behind = behind};
        (void) snprintf(page->path, sizeof(page->path), behind ? "%s{%s}" : "%s", base, behind);
        bench_say("asks for %s", page->path);
        r = viewing_measure_page(b, http, page, err);
        if (r == 0)
                b->pages_n++;
        else if (r == -ENOENT)
                bench_say("%s is not measured: nothing is known that stands there", page->path);
        return r == -ENOENT ? 0 : r;
}

static int viewing_measure_pages(struct console_bench *b, struct error *err) {
        static const struct {
                const char *base, *behind;
        } asked[] = {{"/zaken?zoek=", "case_id"}, {"/zaken?zoek=", "event_id"}, {"/zaken?zoek=", "measure_id"}, {"/meldingen?organisation=", "organisation"}};
        struct bench_http http = BENCH_HTTP(b->port);
        int r;

        b->floor = (struct page){.base = assets_path(ASSET_STYLE)};
        r = viewing_measure_page(b, &http, &b->floor, err);
        for (size_t i = 0; r == 0 && i < console_routes_n && b->pages_n < PAGES_MAX; i++) {
                const struct console_route *route = &console_routes[i];
                bool goes_on = route->path[1] && route->path[strlen(route->path) - 1] == '/';

                if (!route->acts && strcmp(route->path, STREAM_PATH) != 0 && (!goes_on || route->behind))
                        r = viewing_add_page(b, &http, route->path, goes_on ? route->behind : NULL, err);
        }
        for (size_t i = 0; r == 0 && i < ELEMENTS(asked) && b->pages_n < PAGES_MAX; i++)
                r = viewing_add_page(b, &http, asked[i].base, asked[i].behind, err);
        bench_http_done(&http);
        return r;
}

/* -- Watchers -- */

struct watchers {
        struct bench_http *items;
        struct pollfd *fds;
        size_t n;
};

static void viewing_watchers_done(struct watchers *w) {
        for (size_t i = 0; i < w->n; i++)
                bench_http_done(&w->items[i]);
        free(w->items);
        free(w->fds);
}

static int viewing_watchers_open(struct console_bench *b, struct watchers *w, struct error *err) {
        int r = 0;

        w->items = calloc((size_t)b->watchers + 1, sizeof(*w->items));
        w->fds = calloc((size_t)b->watchers + 1, sizeof(*w->fds));
        if (!w->items || !w->fds)
                return -ENOMEM;
        for (int64_t i = 0; r == 0 && i < b->watchers; i++) {
                r = bench_http_stream(b->port, STREAM_PATH, &w->items[w->n], err);
                if (r == 0) {
                        w->fds[w->n] = (struct pollfd){.fd = w->items[w->n].fd, .events = POLLIN};
                        w->n++;
                }
        }
        return r;
}

/* Reads what they are sent for so long. */
static int viewing_watch(struct console_bench *b, struct watchers *w, int64_t ms, struct error *err) {
        int64_t until = viewing_now() + ms;
        char piece[LOG_MAX];

        while (viewing_now() < until) {
                (void) poll(w->fds, w->n, SITE_LOOK_MS);
                for (size_t i = 0; i < w->n; i++) {
                        ssize_t got = w->fds[i].revents ? read(w->fds[i].fd, piece, sizeof(piece)) : -1;

                        if (got == 0) {
                                error_set(err, "the console ended a stream");
                                return -EPIPE;
                        }
                        b->stream_bytes += got > 0 ? (uint64_t)got : 0;
                }
                if (stop_wait(&b->stop, 0))
                        return bench_stopped(err);
        }
        return 0;
}

/* The CPU that the console uses of one core, while so many watch. */
static int viewing_share(struct console_bench *b, struct watchers *w, double *ret, struct error *err) {
        double cpu = bench_cpu_s(b->console.pid);
        int64_t begin = viewing_now();
        int r = viewing_watch(b, w, b->seconds * 1000, err);

        *ret = (bench_cpu_s(b->console.pid) - cpu) * 1000 / (double)(viewing_now() - begin);
        return r;
}

/* Nobody; then all, while events come at a rate to a live worker. */
static int viewing_measure_watchers(struct console_bench *b, struct error *err) {
        uint64_t cases = (uint64_t)(b->rate * (3 * b->seconds + 30) / BENCH_LOAD_FOUR_EVENTS + 1);
        CLEANUP(viewing_watchers_done) struct watchers w = {0};
        struct site_sending sending;
        struct site_done done = {0};
        struct watchers nobody = {0};
        struct error sent = {.text = ""};
        int r = viewing_share(b, &nobody, &b->idle_share, err);

        if (r == 0)
                r = site_worker(&b->site, 1, false, err);
        if (r == 0)
                r = site_send(&b->site, b->cases_sent, cases, (uint64_t)b->rate, &sending, err);
        if (r)
                return r;
        b->cases_sent += cases;
        bench_say("nobody watches, then %lld do, %lld events a second", (long long)b->watchers, (long long)b->rate);
        r = viewing_pause(b, b->seconds * 1000 < WARM_MS ? b->seconds * 1000 : WARM_MS, err);
        if (r == 0)
                r = viewing_share(b, &nobody, &b->alone_share, err);
        if (r == 0)
                r = viewing_watchers_open(b, &w, err);
        if (r == 0)
                r = viewing_share(b, &w, &b->watched_share, err);
        if (site_sent(&sending, true, &sent) && r == 0) {
                *err = sent;
                r = -EIO;
        }
        return r ? r : site_end(&b->site, &done, err);
}

/* -- What it costs the worker -- */

static double viewing_broker_s(const struct console_bench *b) {
        return b->broker ? bench_cpu_s((pid_t)b->broker) : 0;
}

static int viewing_round(struct console_bench *b, bool beside, struct drains *ret, int64_t i, struct error *err) {
        uint64_t cases = (uint64_t)b->cases / BACKLOG_PART;
        struct bench_load_result load;
        double seconds = 0, worker = 0, broker, console;
        int r;

        if (cases < BACKLOG_LEAST)
                cases = BACKLOG_LEAST;
        bench_child_signal(&b->console, SIGCONT);
        r = site_load(&b->site, b->cases_sent, cases, 0, &load, err);
        b->cases_sent += cases;
        if (r == 0)
                r = viewing_settle(b, err); /* what it missed while it was stopped must not cost this round */
        if (r)
                return r;
        if (!beside)
                bench_child_signal(&b->console, SIGSTOP);
        broker = viewing_broker_s(b);
        console = bench_cpu_s(b->console.pid);
        r = viewing_drain(b, &seconds, &worker, err);
        ret->broker_us[i] = (viewing_broker_s(b) - broker) * 1e6 / (double)load.events;
        ret->console_us[i] = (bench_cpu_s(b->console.pid) - console) * 1e6 / (double)load.events;
        ret->worker_us[i] = worker * 1e6 / (double)load.events;
        ret->per_s[i] = seconds > 0 ? (double)load.events / seconds : 0;
        bench_child_signal(&b->console, SIGCONT);
        return r;
}

/* In turns that change, without and with and with and without, so that what grows or warms up meanwhile weighs on both alike. */
static int viewing_measure_cost(struct console_bench *b, struct error *err) {
        int r = 0;

        for (int64_t i = 0; r == 0 && i < b->rounds; i++) {
                bench_say("round %lld of %lld: drains a backlog with the console stopped, and beside it", (long long)i + 1, (long long)b->rounds);
                r = viewing_round(b, i % 2, i % 2 ? &b->with : &b->without, i, err);
                if (r == 0)
                        r = viewing_round(b, i % 2 == 0, i % 2 ? &b->without : &b->with, i, err);
        }
        return r;
}

static struct drained viewing_middle(const struct console_bench *b, struct drains *of) {
        size_t n = (size_t)b->rounds;

        return (struct drained){bench_middle(of->per_s, n), bench_middle(of->worker_us, n), bench_middle(of->broker_us, n), bench_middle(of->console_us, n)};
}

/* -- The command -- */

static int viewing_measure(struct console_bench *b, struct error *err) {
        double seconds, cpu;
        int r;

        bench_say("sends %lld cases", (long long)b->cases);
        r = site_load(&b->site, 0, (uint64_t)b->cases, 0, &b->load, err);
        b->cases_sent = (uint64_t)b->cases;
        if (r == 0) {
                bench_say("a worker makes their state");
                r = viewing_drain(b, &seconds, &cpu, err);
        }
        if (r == 0)
                r = viewing_weigh(b, err);
        if (r == 0) {
                bench_say("a console reads it");
                r = viewing_begin(b, err);
        }
        if (r == 0)
                r = viewing_await(b, err);
        if (r == 0) {
                bench_say("and the ways of all records");
                r = viewing_await_tracks(b, err);
        }
        if (r == 0)
                r = viewing_measure_pages(b, err);
        b->rss_mb = viewing_rss_mb(b->console.pid);
        if (r == 0 && b->watchers)
                r = viewing_measure_watchers(b, err);
        return r || !b->rounds ? r : viewing_measure_cost(b, err);
}

static void viewing_print_json_cost(struct console_bench *b) {
        struct drained without, with;

        if (!b->rounds)
                return;
        without = viewing_middle(b, &b->without);
        with = viewing_middle(b, &b->with);
        printf(",\"worker\":{\"without_per_s\":%.0f,\"with_per_s\":%.0f,\"ratio\":%.3f,\"without_us\":%.2f,\"with_us\":%.2f,\"console_us\":%.2f",
               without.per_s, with.per_s, with.per_s / without.per_s, without.worker_us, with.worker_us, with.console_us);
        if (b->broker)
                printf(",\"broker_without_us\":%.2f,\"broker_with_us\":%.2f", without.broker_us, with.broker_us);
        printf("}");
}

static void viewing_print_json(struct console_bench *b) {
        printf("{\"cases\":%zu,\"facts\":%zu,\"ready_s\":%.2f,\"rss_mb\":%.1f,\"store_mb\":%.1f,\"beside_mb\":%.1f,", b->store_cases, b->facts, b->ready_s,
               b->rss_mb, b->store_mb, b->rss_mb - b->store_mb);
        printf("\"floor_ms\":{\"p50\":%.3f,\"p99\":%.3f},\"pages\":[", b->floor.p50, b->floor.p99);
        for (size_t i = 0; i < b->pages_n; i++)
                printf("%s{\"path\":\"%s\",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"bytes\":%zu}", i ? "," : "", b->pages[i].path, b->pages[i].p50,
                       b->pages[i].p99, b->pages[i].most, b->pages[i].bytes);
        printf("]");
        if (b->watchers)
                printf(",\"watchers\":{\"n\":%lld,\"rate\":%lld,\"idle_share\":%.4f,\"alone_share\":%.4f,\"watched_share\":%.4f,\"share\":%.4f,"
                       "\"bytes\":%llu}",
                       (long long)b->watchers, (long long)b->rate, b->idle_share, b->alone_share, b->watched_share, b->watched_share - b->alone_share,
                       (unsigned long long)b->stream_bytes);
        viewing_print_json_cost(b);
        printf("}\n");
}

static void viewing_print_text_cost(struct console_bench *b) {
        struct drained without, with;

        if (!b->rounds)
                return;
        without = viewing_middle(b, &b->without);
        with = viewing_middle(b, &b->with);
        printf("a worker drains %.0f events/s without a console and %.0f beside one: %.3f of it\n", without.per_s, with.per_s,
               with.per_s / without.per_s);
        printf("CPU an event: worker %.2f us without and %.2f beside, the console %.2f\n", without.worker_us, with.worker_us, with.console_us);
        if (b->broker)
                printf("  broker %.2f us without and %.2f beside\n", without.broker_us, with.broker_us);
}

static void viewing_print_text(struct console_bench *b) {
        printf("%zu cases, %zu facts: all read in %.1f s; %.0f MB, of which the stores %.0f and the rest %.0f\n", b->store_cases, b->facts, b->ready_s,
               b->rss_mb, b->store_mb, b->rss_mb - b->store_mb);
        printf("of %.0f records the way is kept, %.0f s later\n", b->tracked, b->tracked_s);
        printf("%-40s p50 %7.2f ms  p99 %7.2f ms\n", "(the style sheet: what a request costs)", b->floor.p50, b->floor.p99);
        for (size_t i = 0; i < b->pages_n; i++)
                printf("%-40s p50 %7.2f ms  p99 %7.2f ms  most %7.2f ms  %7.1f kB\n", b->pages[i].path, b->pages[i].p50, b->pages[i].p99, b->pages[i].most,
                       (double)b->pages[i].bytes / 1000);
        if (b->watchers)
                printf("CPU of one core: %.1f %% with nothing to do; at %lld events/s %.1f %%, and with %lld watchers %.1f %%\n", 100 * b->idle_share,
                       (long long)b->rate, 100 * b->alone_share, (long long)b->watchers, 100 * b->watched_share);
        viewing_print_text_cost(b);
}

static int viewing_whole(struct console_bench *b, const struct config *config, struct error *err) {
        struct error last = {.text = ""};
        int status, r = 0;

        b->config = config;
        stop_hold(&b->stop);
        bench_say("makes topics");
        status = site_open(&b->site, &b->arguments, b->bootstrap, config, 1, &b->stop, err);
        if (status == 0)
                r = viewing_measure(b, err);
        if (r)
                status = r == -EBADMSG ? EXIT_NO : EXIT_BROKER;
        if (r && !err->text[0])
                error_set(err, "%s", strerror(-r));
        bench_child_signal(&b->console, SIGCONT);
        bench_child_stop(&b->console);
        if (site_close(&b->site, &last))
                bench_say("%s", last.text);
        if (status == 0 && b->arguments.json)
                viewing_print_json(b);
        else if (status == 0)
                viewing_print_text(b);
        vector_done(&b->samples);
        return status;
}

static int viewing_read_options(int argc, char **argv, struct console_bench *b) {
        const char *cases = NULL, *requests = NULL, *watchers = NULL, *seconds = NULL, *rate = NULL, *rounds = NULL, *broker = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&b->arguments), OPTION_TEXT_ROW("--bootstrap", &b->bootstrap), OPTION_TEXT_ROW("--cases", &cases),
                OPTION_TEXT_ROW("--requests", &requests), OPTION_TEXT_ROW("--watchers", &watchers), OPTION_TEXT_ROW("--seconds", &seconds),
                OPTION_TEXT_ROW("--rate", &rate), OPTION_TEXT_ROW("--rounds", &rounds),
                OPTION_TEXT_ROW("--broker-process", &broker), OPTION_END_ROW,
        };
        const struct bench_number_row numbers[] = {
                {"--cases", &cases, 1, BENCH_LOAD_CASES_MAX / 2, &b->cases},
                {"--requests", &requests, 1, 1000000, &b->requests},
                {"--watchers", &watchers, 0, WATCHERS_MAX, &b->watchers},
                {"--seconds", &seconds, 1, 3600, &b->seconds},
                {"--rate", &rate, 1, BENCH_LOAD_RATE_MAX, &b->rate},
                {"--rounds", &rounds, 0, ROUNDS_MAX, &b->rounds},
                {"--broker-process", &broker, 1, INT32_MAX, &b->broker},
        };
        int status = bench_options(argc, argv, options);

        return status ? status : bench_numbers(argv[0], numbers, ELEMENTS(numbers));
}

static int viewing_run(int argc, char **argv, struct error *err) {
        CLEANUP(cleanup_free) struct console_bench *b = calloc(1, sizeof(*b));
        CLEANUP(config_free_p) struct config *config = NULL;
        int status;

        if (!b) {
                error_set(err, "out of memory");
                return EXIT_BROKER;
        }
        *b = (struct console_bench){.arguments = BENCH_ARGUMENTS_DEFAULT, .cases = CASES_DEFAULT, .requests = REQUESTS_DEFAULT, .watchers = WATCHERS_DEFAULT,
                                    .seconds = SECONDS_DEFAULT, .rate = RATE_DEFAULT, .rounds = ROUNDS_DEFAULT};
        status = viewing_read_options(argc, argv, b);
        if (status == 0)
                status = bench_configuration(&b->arguments, &config, err);
        return status ? status : viewing_whole(b, config, err);
}

const struct bench bench_console = {
        .name = "console",
        .summary = "the console: pages, memory, watchers, and what it costs the worker",
        .help = "Usage: ketenwacht bench console [--bootstrap LIST] [--cases N] [--requests N] [--watchers N] [--seconds S] [--rate N] [--rounds N]\n"
                "                                [--broker-process N] [--json] [--config DIR] [--schemas DIR]\n\n"
                "On topics of its own (bench-<process>-1.…), which are deleted at the end, a worker makes the state of generated cases (bench load).\n"
                "A console reads it, as a child, and is asked for every page, one request after another, over the loopback: the time of each is that\n"
                "of the server and of the request itself, which the style sheet shows alone. Its memory is held against what the stores alone take.\n"
                "Then events come at a rate, nobody watches the stream and then many do; and backlogs are drained by `rules --once` with\n"
                "the console stopped and beside it, in turns.\n"
                "--json: {\"cases\", \"facts\", \"ready_s\", \"rss_mb\", \"store_mb\", \"beside_mb\", \"floor_ms\": {\"p50\", \"p99\"},\n"
                "\"pages\": [{\"path\", \"p50_ms\", \"p99_ms\", \"max_ms\", \"bytes\"}], \"watchers\": {\"n\", \"rate\", \"idle_share\", \"alone_share\",\n"
                "\"watched_share\", \"share\", \"bytes\"}, \"worker\": {\"without_per_s\", \"with_per_s\", \"ratio\", \"without_us\", \"with_us\",\n"
                "\"console_us\"}}: shares are of one core, us of CPU an event; with --broker-process also \"broker_without_us\" and \"broker_with_us\"\n\n"
                "  --bootstrap LIST    the broker (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n"
                "  --cases N           of five events each (default 200000: a million facts)\n"
                "  --requests N        of each page (default 300)\n"
                "  --watchers N        of the stream at once (default 100); 0: it is not measured\n"
                "  --seconds S         for each share of CPU (default 15)\n"
                "  --rate N            events a second meanwhile (default 200)\n"
                "  --rounds N          of draining a tenth of the load, twice each (default 2); 0: it is not measured\n"
                "  --broker-process N  process number of the broker, when it runs here: its CPU time is told as well\n",
        .run = viewing_run,
};
