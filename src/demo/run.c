/* SPDX-License-Identifier: EUPL-1.2 */

/* The demonstration: put together, fed, shown, told the end of, and taken down. */

#include "demo/run.h"

#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/configuration.h"
#include "cli/live.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "demo/watch.h"
#include "demo/year.h"
#include "engine/explain.h"

/* -- The end: what came of it, the story of a case, and staying on -- */

#define ENV_DEFAULT ".cache/demo.env"
#define KEEP_LOOK_MS 200
#define STORY_NORM "protector-assigned" /* of the generated year: the one that the story is about */

/* -- What came of it: read once more from the topics, so that nothing depends on how fast the watcher was -- */

static int count_again(struct demo *demo, struct board *board, struct error *err) {
        char inbox[BUS_NAME_MAX + 1];
        const struct watch_config config = {.bus = demo->broker.bus, .types = demo->config->types, .board = board, .inbox = inbox, .until_end = true};

        (void) snprintf(inbox, sizeof(inbox), "%s%s", TOPIC_INBOX_PREFIX, demo->receiver->id);
        return watch_run(&config, err);
}

static bool is_delivered(struct feed *feed) {
        struct demo *demo = feed->ctx;

        return chain_delivered(demo->chain) >= board_counts(&demo->board).receiver_inbox;
}

static int64_t copies_of(const struct worker_status *status, const struct board_counts *counts) {
        return status->told - counts->announced - counts->reminded - counts->raised - counts->resolved;
}

static void print_summary(struct demo *demo, struct board *board) {
        struct board_counts counts = board_counts(board);
        struct worker_status status = chain_worker(demo->chain);
        char from[DATE_TEXT + 1], to[DATE_TEXT + 1];

        date_format(date_of_instant(demo->tape.items[0].at), from);
        date_format(date_of_instant(demo->tape.items[demo->tape.n - 1].at), to);
        printf("\nFrom %s to %s", from, to);
        if (!demo->a->file)
                printf(": a generated year of %u cases, seed %llu", demo->a->cases, (unsigned long long)demo->a->seed);
        printf("\n\n  events posted     %6zu   of these %lld facts, %lld posted again (count once), %lld to dead-letters, %llu not taken\n", demo->tape.n,
               (long long)status.facts, (long long)status.duplicates, (long long)counts.dead, (unsigned long long)demo->rejected);
        printf("  told              %6lld   copies %lld, announcements %lld, reminders %lld, alerts %lld, resolutions %lld\n", (long long)status.told,
               (long long)copies_of(&status, &counts), (long long)counts.announced, (long long)counts.reminded, (long long)counts.raised,
               (long long)counts.resolved);
        printf("  open alerts       %6lld\n", (long long)(counts.raised - counts.resolved));
        printf("  over HTTP         %6lld   records of inbox.%s, all delivered to the municipality in order\n\n", (long long)chain_delivered(demo->chain),
               demo->receiver->id);
        buffer_clear(&demo->text);
        board_alerts(board, &demo->text);
        fputs(buffer_text(&demo->text), stdout);
}

static void print_summary_json(struct demo *demo, struct board *board) {
        struct board_counts counts = board_counts(board);
        struct worker_status status = chain_worker(demo->chain);
        struct json_writer w = JSON_WRITER(&demo->text);

        buffer_clear(&demo->text);
        jsonw_open_object(&w);
        jsonw_put_int(&w, "posted", (int64_t)demo->tape.n);
        jsonw_put_int(&w, "facts", status.facts);
        jsonw_put_int(&w, "duplicates", status.duplicates);
        jsonw_put_int(&w, "dead", counts.dead);
        jsonw_put_int(&w, "not_taken", (int64_t)demo->rejected);
        jsonw_put_int(&w, "copies", copies_of(&status, &counts));
        jsonw_put_int(&w, "announced", counts.announced);
        jsonw_put_int(&w, "reminded", counts.reminded);
        jsonw_put_int(&w, "raised", counts.raised);
        jsonw_put_int(&w, "resolved", counts.resolved);
        jsonw_put_int(&w, "delivered", chain_delivered(demo->chain));
        jsonw_key(&w, "alerts");
        jsonw_open_object(&w);
        board_alerts_json(board, &w);
        jsonw_close_object(&w);
        jsonw_close_object(&w);
        printf("%s\n", buffer_text(&demo->text));
}

/* -- The story of one case, as `explain` tells it from the live state -- */

static int tell_story(struct demo *demo) {
        const struct clock clock = demo_time_clock(&demo->time);
        struct uuid story = demo->a->file ? demo->tape.items[0].case_id : year_story(demo->a->seed);
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        char text[UUID_TEXT + 1];
        struct casefile *file;
        struct error err = {0};
        int status, r = engine_new(demo->config, &engine);

        if (r == 0)
                r = store_new(engine, &store);
        status = r ? 0 : live_read("demo", demo->broker.bus, &story, store);
        if (status)
                return status;
        file = r ? NULL : store_find(store, &story);
        if (!file && r == 0)
                return 0; /* a file whose first case was refused */
        buffer_clear(&demo->text);
        if (r == 0)
                r = explain_text(engine, store, file, clock_realtime(&clock), demo->a->file ? NULL : STORY_NORM, &demo->text);
        if (r == -ENOENT) /* protocols of one's own may not have that norm */
                r = explain_text(engine, store, file, clock_realtime(&clock), NULL, &demo->text);
        if (r) {
                error_set(&err, "the story of a case cannot be told: %s", strerror(-r));
                return command_fail("demo", EXIT_BROKER, &err);
        }
        uuid_format(&story, text);
        printf("\nThe story of one case, as ketenwacht explain --case %s%s%s tells it:\n\n%s", text, demo->a->file ? "" : " --norm ",
               demo->a->file ? "" : STORY_NORM, buffer_text(&demo->text));
        return 0;
}

int demo_end(struct demo *demo) {
        struct board board = {0};
        struct error err = {0};
        int r = board_init(&board, demo->config->organisations), status;

        if (r == 0)
                r = count_again(demo, &board, &err);
        if (r == 0) {
                int64_t wanted = board_counts(&board).receiver_inbox;

                while (r == 0 && board_counts(&demo->board).receiver_inbox < wanted && !demo_stopped(demo)) {
                        demo_pause(demo, KEEP_LOOK_MS / 10);
                        r = chain_failed(demo->chain, &err);
                }
        }
        if (r == 0)
                r = feed_wait(&demo->feed, is_delivered, "the webhook did not deliver the inbox", &err);
        status = demo_failed(demo, r, &err);
        if (status == 0 && !demo->stopped) {
                demo_show(demo, true);
                if (demo->a->json)
                        print_summary_json(demo, &board);
                else
                        print_summary(demo, &board);
                if (!demo->a->json)
                        status = tell_story(demo);
                fflush(stdout);
        }
        board_done(&board);
        return status;
}

/* -- Staying on -- */

static const char *token_of(const struct demo *demo, const char *organisation) {
        size_t n;
        const struct post_token *tokens = chain_tokens(demo->chain, &n);

        for (size_t i = 0; i < n; i++) {
                if (strcmp(tokens[i].organisation, organisation) == 0)
                        return tokens[i].token;
        }
        return n ? tokens[0].token : "";
}

static int write_env(const struct demo *demo, const char *path, struct error *err) {
        char self[PATH_MAX] = "";
        FILE *f;
        bool ok;

        (void) mkdir(".cache", 0777); /* usually there; the next call says what is wrong if not */
        (void) umask(077);            /* tokens are in it */
        f = fopen(path, "we");
        if (!f) {
                error_set(err, "%s cannot be written: %s; choose another with --env", path, strerror(errno));
                return -errno;
        }
        if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
                self[0] = '\0';
        fprintf(f, "# Where the demonstration of process %d is. It goes when it ends.\n", getpid());
        fprintf(f, "export KETENWACHT_BOOTSTRAP=%s\n", demo->broker.bootstrap && demo->a->bootstrap ? demo->a->bootstrap : demo->place.bootstrap);
        fprintf(f, "export GI_HTTP=http://127.0.0.1:%u\n", chain_port(demo->chain));
        fprintf(f, "export GI_TOKEN=%s\n", token_of(demo, "gi-jbn"));
        fprintf(f, "export MUNICIPALITY_TOKEN=%s\n", token_of(demo, demo->receiver->id));
        fprintf(f, "export PATH='%s':\"$PATH\"\n", dirname(self));
        ok = !ferror(f);
        ok = fclose(f) == 0 && ok;
        if (!ok)
                error_set(err, "%s cannot be written", path);
        return ok ? 0 : -EIO;
}

int demo_keep(struct demo *demo) {
        const char *path = demo->a->env ? demo->a->env : ENV_DEFAULT;
        struct error err = {0};
        int r;

        demo->feed.post = NULL; /* nothing is played any more */
        atomic_store(&demo->time.real, true);
        r = feed_settle(&demo->feed, &err);
        if (r == 0)
                r = write_env(demo, path, &err);
        if (r == 0) {
                fprintf(stderr, "\nThe clock shows the present now, and all that fell due until today is told. In another terminal:\n\n"
                                "  . %s      # broker %s, gi-http http://127.0.0.1:%u\n\n"
                                "Then try the lines of README.md. Ctrl-C ends it.\n",
                        path, demo->a->bootstrap ? demo->a->bootstrap : demo->place.bootstrap, chain_port(demo->chain));
                while (r == 0 && !demo_stopped(demo)) {
                        demo_pause(demo, KEEP_LOOK_MS);
                        r = chain_failed(demo->chain, &err);
                }
                (void) unlink(path); /* gone already is fine */
        }
        return demo_failed(demo, r, &err);
}

/* -- The run -- */

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
