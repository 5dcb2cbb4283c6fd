/* SPDX-License-Identifier: EUPL-1.2 */

/* The demonstration: put together, fed, shown and taken down. */

#include "demo/run.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/configuration.h"
#include "demo/year.h"
#include "connect/runtime.h"
#include "connectors/connector.h"

#define TABLE_MS 200
#define TEXT_MAX ((size_t)1 << 20)
#define RECEIVER "gm0014"          /* Groningen */
#define RECEIVER_CONNECTOR "webhook"
#define WEEK_US 1000000.0

/* -- Signals, and what is shown meanwhile -- */

bool demo_stopped(void *ctx) {
        const struct timespec none = {0};
        struct demo *demo = ctx;

        if (!demo->stopped && sigtimedwait(&demo->signals, NULL, &none) > 0)
                demo->stopped = true;
        return demo->stopped;
}

static void fill_now(struct demo *demo, struct board_now *now) {
        const struct clock clock = demo_time_clock(&demo->time);
        struct worker_status status = chain_worker(demo->chain);
        int64_t processed = status.facts + status.duplicates + status.dead;

        *now = (struct board_now){
                .clock = clock_realtime(&clock),
                .posted = demo->feed.played,
                .events = demo->tape.n,
                .facts = status.facts,
                .waiting = (int64_t)demo->feed.accepted > processed ? (int64_t)demo->feed.accepted - processed : 0,
                .receiver = demo->receiver->id,
                .delivered = chain_delivered(demo->chain),
        };
}

static void show_table(struct demo *demo, const struct board_now *now) {
        buffer_clear(&demo->text);
        if (demo->lines)
                buffer_printf(&demo->text, "\033[%uA", demo->lines);
        board_table(&demo->board, now, true, &demo->text, &demo->lines);
        fputs(buffer_text(&demo->text), stdout);
        fflush(stdout);
}

static void show_line(struct demo *demo, const struct board_now *now, bool last) {
        int year, month, day;

        date_to_ymd(date_of_instant(now->clock), &year, &month, &day);
        if (month == demo->shown_month && !last)
                return;
        demo->shown_month = month;
        buffer_clear(&demo->text);
        board_line(&demo->board, now, &demo->text);
        fputs(buffer_text(&demo->text), stdout);
        fflush(stdout);
}

void demo_show(struct demo *demo, bool last) {
        const struct clock real = clock_system();
        int64_t at = clock_monotonic(&real);
        struct board_now now;

        if (demo->a->json || (!last && at - demo->shown_at < TABLE_MS))
                return;
        demo->shown_at = at;
        fill_now(demo, &now);
        if (demo->tty)
                show_table(demo, &now);
        else
                show_line(demo, &now, last);
}

void demo_pause(void *ctx, int ms) {
        const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
        struct demo *demo = ctx;

        if (sigtimedwait(&demo->signals, NULL, &wait) > 0)
                demo->stopped = true;
        if (demo->feed.post) /* it plays */
                demo_show(demo, false);
}

int demo_failed(struct demo *demo, int r, const struct error *err) {
        if (r == FEED_E_STOPPED) {
                demo->stopped = true;
                return EXIT_DONE;
        }
        return r ? command_fail("demo", EXIT_BROKER, err) : EXIT_DONE;
}

/* -- What is played -- */

static void refuse_line(void *ctx, uint64_t number, const struct line *line) {
        struct demo *demo = ctx;

        demo->rejected++;
        fprintf(stderr, "ketenwacht demo: line %llu is left out (%s): %s\n", (unsigned long long)number, refusal_codes[line->refusal], line->error.text);
}

static int read_file(struct demo *demo) {
        const char *path = demo->a->file;
        bool standard = strcmp(path, "-") == 0;
        FILE *in = standard ? stdin : fopen(path, "re");
        struct error err = {0};
        int r;

        if (!in) {
                error_set(&err, "%s cannot be opened: %s", path, strerror(errno));
                return command_fail("demo", EXIT_USAGE, &err);
        }
        r = tape_read(&demo->tape, in, demo->config->types, demo->config->organisations, refuse_line, demo, &err);
        if (!standard)
                (void) fclose(in); /* was read only */
        if (r == 0)
                return 0;
        error_prefix(&err, "%s", path);
        return command_fail("demo", EXIT_USAGE, &err);
}

static int make_tape(struct demo *demo) {
        struct error err = {0};
        int r = tape_init(&demo->tape);

        if (r == 0 && demo->a->file)
                return read_file(demo);
        if (r == 0)
                r = year_generate(demo->a->seed, demo->a->cases, &demo->tape);
        if (r == 0)
                return 0;
        error_set(&err, "the year cannot be generated: %s", strerror(-r));
        return command_fail("demo", EXIT_BROKER, &err);
}

static int print_tape(const struct demo *demo) {
        for (size_t i = 0; i < demo->tape.n; i++)
                printf("%.*s\n", (int)demo->tape.items[i].json.n, demo->tape.items[i].json.s);
        return EXIT_DONE;
}

/* Whoever publishes on the tape, and with --keep all who might try it themselves: municipalities and GIs of the tape are among them. */
static int find_publishers(struct demo *demo) {
        const struct organisations *orgs = demo->config->organisations;
        const char *const *sources;
        struct error err = {0};
        size_t n;

        if (tape_sources(&demo->tape, &sources, &n)) {
                error_set(&err, "out of memory");
                return command_fail("demo", EXIT_BROKER, &err);
        }
        for (size_t i = 0; i < n; i++) {
                if (organisations_find(orgs, text_of(sources[i])))
                        continue;
                error_set(&err, "the generated year speaks of %s, whom %s/organisations.yaml does not know; play events of your own with --file", sources[i],
                          demo->a->dirs.config);
                return command_fail("demo", EXIT_USAGE, &err);
        }
        demo->publishers = (const char **)(uintptr_t)sources;
        demo->n_publishers = n;
        demo->receiver = organisations_find(orgs, text_of(RECEIVER));
        for (size_t i = 0; !demo->receiver && i < organisations_count(orgs); i++) {
                if (organisations_at(orgs, i)->kind == KIND_MUNICIPALITY)
                        demo->receiver = organisations_at(orgs, i);
        }
        if (!demo->receiver)
                demo->receiver = organisations_operators(orgs);
        return 0;
}

/* -- Up and down -- */

static int make_scratch(struct demo *demo) {
        const char *parent = getenv("TMPDIR");
        struct error err;

        if (!parent || !parent[0])
                parent = "/tmp";
        if ((size_t)snprintf(demo->scratch, sizeof(demo->scratch), "%s/ketenwacht-demo-XXXXXX", parent) < sizeof(demo->scratch) && mkdtemp(demo->scratch))
                return 0;
        demo->scratch[0] = '\0';
        error_set(&err, "no scratch folder can be made in %s: %s", parent, strerror(errno));
        return command_fail("demo", EXIT_BROKER, &err);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st;
        (void) flag;
        (void) ftw;
        return remove(path);
}

static int open_place(struct demo *demo) {
        const struct place_config config = {.config = demo->config,
                                            .bootstrap = demo->a->bootstrap,
                                            .process = getpid(),
                                            .log = &demo->log,
                                            .groups = demo->groups,
                                            .n_groups = ELEMENTS(demo->groups),
                                            .stopped = demo_stopped,
                                            .pause = demo_pause,
                                            .ctx = demo};
        struct error err = {0};
        int r, status;

        (void) snprintf(demo->receiver_group, sizeof(demo->receiver_group), "%s%s", RUNTIME_GROUP, RECEIVER_CONNECTOR);
        demo->groups[0] = TOPICS_GROUP_RULES;
        demo->groups[1] = demo->receiver_group;
        /* The configured cluster is nobody's business here: it is the embedded one, or the one that was named. */
        status = command_broker_read("demo", demo->a->dirs.config, demo->a->bootstrap ? demo->a->bootstrap : "embedded", &demo->log, &demo->broker);
        if (status)
                return status;
        r = place_open(&demo->place, &config, &demo->broker.config, &demo->broker.kafka, &err);
        if (r == PLACE_E_STOPPED)
                return EXIT_DONE;
        return r ? command_fail("demo", EXIT_BROKER, &err) : command_broker_open("demo", &demo->broker);
}

static void is_ready(void *ctx, struct console_reasons *reasons) {
        struct demo *demo = ctx;

        if (!demo->chain || !chain_ready(demo->chain))
                console_reason(reasons, "starting", "not everyone has joined yet, or something waits to be read");
}

static int start_console(struct demo *demo, struct error *err) {
        const struct console_config config = {.port = demo->a->metrics_port, .metrics = demo->metrics, .ready = is_ready, .ctx = demo};
        int r = console_start(&config, &demo->console, err);

        if (r == 0)
                log_line(&demo->log, CONSOLE_LISTENS, LOG_INT("port", console_port(demo->console)));
        return r;
}

static int start_chain(struct demo *demo, struct error *err) {
        struct chain_config config = {
                .config = demo->config,
                .connectors = connectors,
                .bus = demo->broker.bus,
                .time = &demo->time,
                .log = &demo->log,
                .board = &demo->board,
                .folder = demo->scratch,
                .instance = "demo",
                .receiver = demo->receiver,
                .publishers = demo->publishers,
                .n_publishers = demo->n_publishers,
                .port = demo->a->port,
                .behind_after_ms = demo->broker.config.behind_after_ms,
        };
        int r = board_init(&demo->board, demo->config->organisations);

        if (r == 0)
                r = metrics_new(&demo->metrics);
        config.metrics = demo->metrics;
        if (r == 0)
                r = chain_start(&config, &demo->chain, err);
        if (r == 0 && demo->a->has_metrics)
                r = start_console(demo, err);
        return r;
}

static bool is_chain_ready(struct feed *feed) {
        return chain_ready(feed->chain);
}

static void refuse_event(void *ctx, const struct tape_item *item, long status, const char *answer) {
        struct demo *demo = ctx;

        demo->rejected++;
        fprintf(stderr, "ketenwacht demo: gi-http answered %ld to %s of %s: %s\n", status, item->event, item->source, answer);
}

static int start_post(struct demo *demo, struct error *err) {
        struct post_config config = {.port = chain_port(demo->chain), .clock = clock_system(), .stopped = demo_stopped, .refused = refuse_event, .ctx = demo};

        config.tokens = chain_tokens(demo->chain, &config.n);
        return post_new(&config, &demo->post, err);
}

static int play(struct demo *demo) {
        struct error err = {0};
        int r;

        demo_time_set(&demo->time, demo->tape.items[0].at);
        r = start_chain(demo, &err);
        demo->feed = (struct feed){
                .tape = &demo->tape,
                .chain = demo->chain,
                .time = &demo->time,
                .day_us = demo->a->weeks_per_second > 0 ? (int64_t)(WEEK_US / demo->a->weeks_per_second / 7) : 0,
                .stopped = demo_stopped,
                .pause = demo_pause,
                .ctx = demo,
        };
        if (r == 0)
                r = feed_wait(&demo->feed, is_chain_ready, "the chain did not come up", &err);
        if (r == 0)
                r = start_post(demo, &err);
        demo->feed.post = demo->post;
        if (r == 0)
                r = feed_run(&demo->feed, &err);
        return demo_failed(demo, r, &err);
}

static int run_all(struct demo *demo) {
        int status;

        if (!demo->a->json) {
                printf("Starting %s, worker, gi-http, webhook and a small municipality …\n", demo->a->bootstrap ? "on the broker" : "an embedded broker");
                fflush(stdout);
        }
        status = make_scratch(demo);
        if (status == 0)
                status = open_place(demo);
        if (status == 0 && !demo->stopped)
                status = play(demo);
        if (status == 0 && !demo->stopped)
                status = demo_end(demo);
        if (status == 0 && !demo->stopped && demo->a->keep)
                status = demo_keep(demo);
        if (demo->stopped && demo->feed.played < demo->tape.n)
                fprintf(stderr, "ketenwacht demo: stopped after %zu of %zu events\n", demo->feed.played, demo->tape.n);
        return status;
}

static int take_down(struct demo *demo, int status) {
        struct error err = {0};

        console_stop(demo->console);
        demo->feed.post = NULL; /* nothing is shown any more */
        post_free(demo->post);
        if (chain_stop(demo->chain, &err) && status == EXIT_DONE)
                status = command_fail("demo", EXIT_BROKER, &err);
        chain_free(demo->chain);
        metrics_free(demo->metrics);
        board_done(&demo->board);
        command_broker_done(&demo->broker);
        if (demo->place.arena && place_close(&demo->place, &err) && status == EXIT_DONE)
                status = command_fail("demo", EXIT_BROKER, &err);
        if (demo->scratch[0])
                (void) nftw(demo->scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* what is left is among what is temporary */
        tape_done(&demo->tape);
        config_free(demo->config);
        buffer_done(&demo->text);
        return status;
}

static void block_signals(struct demo *demo) {
        /* Before any thread begins, so that all inherit it and the main thread alone takes them. */
        (void) sigemptyset(&demo->signals);
        (void) sigaddset(&demo->signals, SIGTERM);
        (void) sigaddset(&demo->signals, SIGINT);
        (void) pthread_sigmask(SIG_BLOCK, &demo->signals, NULL);
}

int demo_run(const struct demo_arguments *arguments) {
        struct demo demo = {
                .a = arguments,
                .tty = isatty(STDOUT_FILENO) == 1,
                .log = {.out = stderr, .clock = clock_system(), .level = arguments->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, .process = "demo"},
                .text = BUFFER_INIT(TEXT_MAX),
        };
        int status;

        block_signals(&demo);
        status = command_configuration("demo", &arguments->dirs, &demo.config);
        if (status == 0)
                status = make_tape(&demo);
        if (status == 0)
                status = find_publishers(&demo);
        if (status == 0)
                status = arguments->print ? print_tape(&demo) : run_all(&demo);
        return take_down(&demo, status);
}
