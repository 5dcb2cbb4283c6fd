/* SPDX-License-Identifier: EUPL-1.2 */

/* The demonstration: put together, fed, shown, told the end of, and taken down. */

#include "demo/run.h"

#include <assert.h>
#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/loop.h"
#include "cluster/topics.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "console/process.h"
#include "health/health.h"
#include "demo/feed.h"
#include "demo/party.h"
#include "demo/place.h"
#include "demo/watch.h"
#include "demo/year.h"
#include "engine/explain.h"
#include "worker/live.h"

#define TABLE_MS 200
#define TEXT_MAX ((size_t)1 << 20)
#define SCRATCH_MAX 256
#define RECEIVER "gm0014"               /* Groningen */
#define RECEIVER_CONNECTOR "webhook"
/* What others of the chain say (demo/life.h), and the norms that follow from it: the summary tells what came of them. */
static const char *const others_events[] = {"court-decided", "allocation-requested", "help-ended"};
static const char *const others_norms[] = {"verdict-taken-up", "allocation-answered", "allocation-decided", NULL};
#define OTHERS_NORMS (ELEMENTS(others_norms) - 1)

#define MAIL_GROUP TOPICS_GROUP_CONNECT "mail"
#define DATABASE_GROUP TOPICS_GROUP_CONNECT "inbox-table"
#define CLIENT "gi-wss"                 /* has a Kafka client of its own: takes part through its outbox and inbox alone */
#define CLIENT_INBOX TOPIC_INBOX_PREFIX CLIENT
#define ADMISSION_GROUP TOPICS_GROUP_CONNECT "admission"
#define RECEIVER_LOOK_MS 20             /* between two looks at what the municipality got */
#define KEEP_LOOK_MS 200
#define STORY_NORM "protector-assigned" /* of the generated year: the one that the story is about */
#define WEEK_US 1000000.0

struct demo {
        const struct demo_config *c;
        bool tty;
        struct stop stop;
        bool stopped;          /* a signal came */
        struct tape tape;
        const struct organisation *receiver;
        const char *const *publishers;
        size_t n_publishers;
        char scratch[SCRATCH_MAX];
        char receiver_group[BUS_NAME_MAX + 1];
        const char *groups[6];
        size_t n_groups;
        struct place place;
        struct board board;
        struct hand_clock time;
        struct metrics *metrics;
        struct health *health;
        struct console_settings console_settings;
        struct console_process *console; /* with --keep */
        struct chain *chain;
        struct post *post;
        struct party *party;   /* NULL: nobody of the tape has a client of its own */
        struct feed feed;
        uint64_t rejected;     /* lines and events that were not taken */
        /* showing */
        unsigned lines;        /* of the table that stands on the terminal */
        int64_t shown_at;      /* monotonic ms */
        int shown_month;
        struct buffer text;
};

static bool demo_has_mail(const struct demo *demo) {
        return demo->c->with & CHAIN_WITH_MAIL;
}

static bool demo_has_database(const struct demo *demo) {
        return demo->c->with & CHAIN_WITH_POSTGRES;
}

/* -- Signals, and what is shown meanwhile -- */

/* feed->stopped */
static bool demo_stopped(void *ctx) {
        struct demo *demo = ctx;

        demo->stopped |= stop_wait(&demo->stop, 0);
        return demo->stopped;
}

static void demo_fill_now(struct demo *demo, struct board_now *now) {
        const struct clock clock = hand_clock(&demo->time);
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

static void demo_show_table(struct demo *demo, const struct board_now *now) {
        buffer_clear(&demo->text);
        if (demo->lines)
                buffer_printf(&demo->text, "\033[%uA", demo->lines);
        board_table(&demo->board, now, true, &demo->text, &demo->lines);
        fputs(buffer_text(&demo->text), stdout);
        fflush(stdout);
}

static void demo_show_line(struct demo *demo, const struct board_now *now, bool last) {
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

/* Shows the table or a line, once more. */
static void demo_show(struct demo *demo, bool last) {
        const struct clock real = clock_system();
        int64_t at = clock_monotonic(&real);
        struct board_now now;

        if (demo->c->json || (!last && at - demo->shown_at < TABLE_MS))
                return;
        demo->shown_at = at;
        demo_fill_now(demo, &now);
        if (demo->tty)
                demo_show_table(demo, &now);
        else
                demo_show_line(demo, &now, last);
}

/* feed->pause */
static void demo_pause(void *ctx, int ms) {
        struct demo *demo = ctx;

        demo->stopped |= stop_wait(&demo->stop, ms);
        if (demo->feed.post) /* it plays */
                demo_show(demo, false);
}

/* For what a feed_ function returned: a stop is no failure. Return: 0, demo->stopped saying whether to go on; negative errno. */
static int demo_outcome(struct demo *demo, int r) {
        demo->stopped |= r == FEED_E_STOPPED;
        return r == FEED_E_STOPPED ? 0 : r;
}

/* -- What is played -- */

static void demo_refuse_line(void *ctx, uint64_t number, const struct line *line) {
        struct demo *demo = ctx;

        demo->rejected++;
        fprintf(stderr, "ketenwacht demo: line %llu is left out (%s): %s\n", (unsigned long long)number, refusal_codes[line->refusal], line->error.text);
}

static int demo_read_file(struct demo *demo, struct error *err) {
        const char *path = demo->c->file;
        bool standard = strcmp(path, "-") == 0;
        FILE *in = standard ? stdin : fopen(path, "re");
        int r;

        if (!in) {
                error_set(err, "%s cannot be opened: %s", path, strerror(errno));
                return DEMO_E_USAGE;
        }
        r = tape_read(&demo->tape, in, demo->c->config->types, demo->c->config->organisations, demo_refuse_line, demo, err);
        if (!standard)
                (void) fclose(in); /* was read only */
        if (r == 0)
                return 0;
        error_prefix(err, "%s", path);
        return DEMO_E_USAGE;
}

static int demo_make_tape(struct demo *demo, struct error *err) {
        int r = tape_init(&demo->tape);

        if (r == 0 && demo->c->file)
                return demo_read_file(demo, err);
        if (r == 0)
                r = year_generate(demo->c->seed, demo->c->cases, &demo->tape);
        if (r)
                error_set(err, "the year cannot be generated: %s", strerror(-r));
        return r;
}

/* Whoever publishes on the tape, and with --keep all who might try it themselves: municipalities and GIs of the tape are among them. */
static int demo_find_publishers(struct demo *demo, struct error *err) {
        const struct organisations *orgs = demo->c->config->organisations;

        if (tape_sources(&demo->tape, &demo->publishers, &demo->n_publishers)) {
                error_set(err, "out of memory");
                return -ENOMEM;
        }
        for (size_t i = 0; i < demo->n_publishers; i++) {
                if (organisations_find(orgs, text_of(demo->publishers[i])))
                        continue;
                error_set(err, "the generated year speaks of %s, whom %s/organisations.yaml does not know; play events of your own with --file",
                          demo->publishers[i], demo->c->config_folder);
                return DEMO_E_USAGE;
        }
        demo->receiver = organisations_find(orgs, text_of(RECEIVER));
        for (size_t i = 0; !demo->receiver && i < organisations_count(orgs); i++) {
                if (organisations_at(orgs, i)->kind == KIND_MUNICIPALITY)
                        demo->receiver = organisations_at(orgs, i);
        }
        if (!demo->receiver)
                demo->receiver = organisations_operators(orgs);
        return 0;
}

/* -- Up -- */

static int demo_make_scratch(struct demo *demo, struct error *err) {
        const char *parent = demo->c->scratch;
        int r;

        errno = ENAMETOOLONG;
        if ((size_t)snprintf(demo->scratch, sizeof(demo->scratch), "%s/ketenwacht-demo-XXXXXX", parent) < sizeof(demo->scratch) && mkdtemp(demo->scratch))
                return 0;
        r = -errno;
        demo->scratch[0] = '\0';
        error_set(err, "no scratch folder can be made in %s: %s", parent, strerror(-r));
        return r;
}

static void demo_name_groups(struct demo *demo) {
        (void) snprintf(demo->receiver_group, sizeof(demo->receiver_group), "%s%s", TOPICS_GROUP_CONNECT, RECEIVER_CONNECTOR);
        demo->groups[demo->n_groups++] = TOPICS_GROUP_RULES;
        demo->groups[demo->n_groups++] = demo->receiver_group;
        demo->groups[demo->n_groups++] = ADMISSION_GROUP;
        demo->groups[demo->n_groups++] = CLIENT_INBOX; /* as a group */
        if (demo_has_mail(demo))
                demo->groups[demo->n_groups++] = MAIL_GROUP;
        if (demo_has_database(demo))
                demo->groups[demo->n_groups++] = DATABASE_GROUP;
}

static int demo_open_place(struct demo *demo, struct error *err) {
        struct place_config config = {.config = demo->c->config,
                                            .broker = demo->c->broker,
                                            .bootstrap = demo->c->bootstrap,
                                            .process = getpid(),
                                            .log = demo->c->log,
                                            .groups = demo->groups,
                                            .stopped = demo_stopped,
                                            .pause = demo_pause,
                                            .ctx = demo};
        int r;

        demo_name_groups(demo);
        config.n_groups = demo->n_groups;
        r = place_open(&demo->place, &config, err);
        if (r == PLACE_E_STOPPED)
                return 0; /* demo->stopped says so */
        return r == PLACE_E_PROPERTIES ? DEMO_E_USAGE : r;
}

static void demo_is_ready(void *ctx, struct health_reasons *reasons) {
        struct demo *demo = ctx;

        if (!demo->chain || !chain_ready(demo->chain))
                health_reason(reasons, "starting", "not everyone has joined yet, or something waits to be read");
}

static int demo_start_health(struct demo *demo, struct error *err) {
        const struct health_config config = {
                .port = demo->c->metrics_port, .metrics = demo->metrics, .ready = demo_is_ready, .ctx = demo, .log = demo->c->log};

        return health_start(&config, &demo->health, err);
}

static int demo_start_chain(struct demo *demo, struct error *err) {
        struct chain_config config = {
                .config = demo->c->config,
                .connectors = connectors,
                .bus = demo->place.bus,
                .time = &demo->time,
                .log = demo->c->log,
                .board = &demo->board,
                .folder = demo->scratch,
                .instance = "demo",
                .receiver = demo->receiver,
                .publishers = demo->publishers,
                .n_publishers = demo->n_publishers,
                .port = demo->c->port,
                .with = demo->c->with,
                .mails = demo->c->mails,
                .mail_norms = others_norms,
                .postgres_port = demo->c->postgres_port,
                .behind_after_ms = demo->c->broker->behind_after_ms,
        };
        int r = board_init(&demo->board, demo->c->config->organisations);

        if (r == 0)
                r = metrics_new(&demo->metrics);
        config.metrics = demo->metrics;
        if (r == 0)
                r = chain_start(&config, &demo->chain, err);
        if (r == 0 && demo->c->has_metrics)
                r = demo_start_health(demo, err);
        return r;
}

static bool demo_chain_ready(struct feed *feed) {
        return chain_ready(feed->chain);
}

static void demo_refuse_event(void *ctx, const struct tape_item *item, long status, const char *answer) {
        struct demo *demo = ctx;

        demo->rejected++;
        fprintf(stderr, "ketenwacht demo: gi-http answered %ld to %s of %s: %s\n", status, item->event, item->source, answer);
}

static int demo_start_post(struct demo *demo, struct error *err) {
        struct post_config config = {
                .port = chain_port(demo->chain), .clock = clock_system(), .stopped = demo_stopped, .refused = demo_refuse_event, .ctx = demo};

        config.tokens = chain_tokens(demo->chain, &config.n);
        return post_new(&config, &demo->post, err);
}

/* Of a generated year one of the publishers posts nothing. */
static int demo_open_party(struct demo *demo, struct error *err) {
        const struct party_config config = {.config = demo->c->config, .bus = demo->place.bus,
                                            .organisation = organisations_find(demo->c->config->organisations, TEXT_OF(CLIENT))};

        for (size_t i = 0; config.organisation && i < demo->n_publishers; i++) {
                if (strcmp(demo->publishers[i], CLIENT) == 0)
                        return party_open(&config, &demo->party, err);
        }
        return 0;
}

/* Return: 0, demo->stopped saying whether to go on; negative errno with a sentence. */
static int demo_play(struct demo *demo, struct error *err) {
        int r;

        hand_clock_put(&demo->time, demo->tape.items[0].at);
        r = demo_start_chain(demo, err);
        if (r)
                return r;
        demo->feed = (struct feed){
                .tape = &demo->tape,
                .chain = demo->chain,
                .time = &demo->time,
                .day_us = demo->c->weeks_per_second > 0 ? (int64_t)(WEEK_US / demo->c->weeks_per_second / 7) : 0,
                .stopped = demo_stopped,
                .pause = demo_pause,
                .ctx = demo,
        };
        r = feed_wait(&demo->feed, demo_chain_ready, "the chain did not come up", err);
        if (r)
                return demo_outcome(demo, r);
        r = demo_start_post(demo, err);
        if (r == 0)
                r = demo_open_party(demo, err);
        if (r)
                return r;
        demo->feed.post = demo->post;
        demo->feed.party = demo->party;
        return demo_outcome(demo, feed_run(&demo->feed, err));
}

/* -- What came of it: read once more from the topics, so that nothing depends on how fast the watcher was -- */

static int demo_count_again(struct demo *demo, struct board *board, struct error *err) {
        char inbox[BUS_NAME_MAX + 1];
        const struct watch_config config = {.bus = demo->place.bus, .types = demo->c->config->types, .board = board, .inbox = inbox, .until_end = true};

        (void) snprintf(inbox, sizeof(inbox), "%s%s", TOPIC_INBOX_PREFIX, demo->receiver->id);
        return watch_run(&config, err);
}

static bool demo_delivered(struct feed *feed) {
        struct demo *demo = feed->ctx;

        return chain_delivered(demo->chain) >= board_counts(&demo->board).receiver_inbox;
}

/* One mail for each alert and each resolution. */
static bool demo_mailed(struct feed *feed) {
        struct demo *demo = feed->ctx;
        struct board_row row = board_row(&demo->board, demo->receiver);

        return chain_mails(demo->chain) >= row.raised + row.resolved;
}

/* A row for each record of the inbox. */
static bool demo_written_down(struct feed *feed) {
        struct demo *demo = feed->ctx;

        return chain_rows(demo->chain) >= board_counts(&demo->board).receiver_inbox;
}

/* Waits until the watcher has seen all of the inbox, and the municipality has got it. Return: as feed_wait(). */
static int demo_wait_delivered(struct demo *demo, struct board *all, struct error *err) {
        int64_t wanted = board_counts(all).receiver_inbox;

        while (board_counts(&demo->board).receiver_inbox < wanted) {
                int r = chain_failed(demo->chain, err);

                if (r)
                        return r;
                if (demo_stopped(demo))
                        return FEED_E_STOPPED;
                demo_pause(demo, RECEIVER_LOOK_MS);
        }
        if (demo_has_mail(demo)) {
                int r = feed_wait(&demo->feed, demo_mailed, "not every alert became a mail", err);

                if (r)
                        return r;
        }
        if (demo_has_database(demo)) {
                int r = feed_wait(&demo->feed, demo_written_down, "the database did not get the inbox", err);

                if (r)
                        return r;
        }
        return feed_wait(&demo->feed, demo_delivered, "the webhook did not deliver the inbox", err);
}

static int64_t demo_copies(const struct worker_status *status, const struct board_counts *counts) {
        return status->told - counts->announced - counts->reminded - counts->raised - counts->resolved;
}

/* By which other ways the municipality heard, and what of it came from the court and from providers. */
static void demo_print_others(struct demo *demo) {
        if (demo_has_mail(demo)) {
                printf("  by mail           %6lld   alerts and resolutions of %s, one mail each, in %s\n", (long long)chain_mails(demo->chain),
                       demo->receiver->id, demo->c->mails);
                for (size_t i = 0; i < OTHERS_NORMS; i++)
                        printf("                    %6lld   of them on %s\n", (long long)chain_mails_of(demo->chain, i), others_norms[i]);
        }
        if (demo_has_database(demo)) {
                printf("  in a database     %6lld   rows of the table inbox of %s, one for each of these records\n", (long long)chain_rows(demo->chain),
                       demo->receiver->id);
                for (size_t i = 0; i < ELEMENTS(others_events); i++)
                        printf("                    %6lld   of them %s\n", (long long)chain_rows_of(demo->chain, others_events[i]), others_events[i]);
        }
}

static void demo_print_summary(struct demo *demo, struct board *board) {
        struct board_counts counts = board_counts(board);
        struct worker_status status = chain_worker(demo->chain);
        char from[DATE_TEXT + 1], to[DATE_TEXT + 1];

        date_format(date_of_instant(demo->tape.items[0].at), from);
        date_format(date_of_instant(demo->tape.items[demo->tape.n - 1].at), to);
        printf("\nFrom %s to %s", from, to);
        if (!demo->c->file)
                printf(": a generated year of %u cases, seed %llu", demo->c->cases, (unsigned long long)demo->c->seed);
        printf("\n\n  events posted     %6zu   of these %lld facts, %lld posted again (count once), %lld to dead-letters, %llu not taken\n", demo->tape.n,
               (long long)status.facts, (long long)status.duplicates, (long long)counts.dead, (unsigned long long)demo->rejected);
        printf("  told              %6lld   copies %lld, announcements %lld, reminders %lld, alerts %lld, resolutions %lld\n", (long long)status.told,
               (long long)demo_copies(&status, &counts), (long long)counts.announced, (long long)counts.reminded, (long long)counts.raised,
               (long long)counts.resolved);
        printf("  open alerts       %6lld\n", (long long)(counts.raised - counts.resolved));
        printf("  over HTTP         %6lld   records of inbox.%s, all delivered to the municipality in order\n", (long long)chain_delivered(demo->chain),
               demo->receiver->id);
        demo_print_others(demo);
        if (demo->party)
                printf("  by Kafka          %6lld   records of inbox.%s, read by it itself; it wrote %lld events to outbox.%s, and posted none\n",
                       (long long)party_counts(demo->party).read, CLIENT, (long long)party_counts(demo->party).written, CLIENT);
        printf("\n");
        buffer_clear(&demo->text);
        board_alerts(board, &demo->text);
        fputs(buffer_text(&demo->text), stdout);
}

static void demo_put_others(struct demo *demo, struct json_writer *w) {
        if (demo_has_mail(demo)) {
                jsonw_put_int(w, "mailed", chain_mails(demo->chain));
                jsonw_key(w, "mailed_on");
                jsonw_open_object(w);
                for (size_t i = 0; i < OTHERS_NORMS; i++)
                        jsonw_put_int(w, others_norms[i], chain_mails_of(demo->chain, i));
                jsonw_close_object(w);
        }
        if (demo_has_database(demo)) {
                jsonw_put_int(w, "rows", chain_rows(demo->chain));
                jsonw_key(w, "rows_of");
                jsonw_open_object(w);
                for (size_t i = 0; i < ELEMENTS(others_events); i++)
                        jsonw_put_int(w, others_events[i], chain_rows_of(demo->chain, others_events[i]));
                jsonw_close_object(w);
        }
}

static void demo_print_summary_json(struct demo *demo, struct board *board) {
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
        jsonw_put_int(&w, "copies", demo_copies(&status, &counts));
        jsonw_put_int(&w, "announced", counts.announced);
        jsonw_put_int(&w, "reminded", counts.reminded);
        jsonw_put_int(&w, "raised", counts.raised);
        jsonw_put_int(&w, "resolved", counts.resolved);
        jsonw_put_int(&w, "delivered", chain_delivered(demo->chain));
        demo_put_others(demo, &w);
        if (demo->party) {
                jsonw_put_int(&w, "written", party_counts(demo->party).written);
                jsonw_put_int(&w, "collected", party_counts(demo->party).read);
        }
        jsonw_key(&w, "alerts");
        jsonw_open_object(&w);
        board_alerts_json(board, &w);
        jsonw_close_object(&w);
        jsonw_close_object(&w);
        printf("%s\n", buffer_text(&demo->text));
}

/* The story of one case, as `explain` tells it from the live state. */
static int demo_tell_story(struct demo *demo, struct error *err) {
        const struct clock clock = hand_clock(&demo->time);
        struct uuid story = demo->c->file ? demo->tape.items[0].case_id : year_story(demo->c->seed);
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        char text[UUID_TEXT + 1];
        struct casefile *file;
        int r = engine_new(demo->c->config, &engine);

        if (r)
                return r;
        r = store_new(engine, &store);
        if (r)
                return r;
        r = live_read(demo->place.bus, &story, NULL, store, err);
        if (r)
                return r;
        file = store_find(store, &story);
        if (!file)
                return 0; /* a file whose first case was refused */
        buffer_clear(&demo->text);
        r = explain_text(engine, store, file, clock_realtime(&clock), demo->c->file ? NULL : STORY_NORM, NULL, &demo->text);
        if (r == EXPLAIN_E_NONE) { /* protocols of one's own may not have that norm */
                buffer_clear(&demo->text);
                r = explain_text(engine, store, file, clock_realtime(&clock), NULL, NULL, &demo->text);
        }
        if (r) {
                error_set(err, "the story of a case cannot be told: %s", strerror(-r));
                return r;
        }
        uuid_format(&story, text);
        printf("\nThe story of one case, as ketenwacht explain --case %s%s%s tells it:\n\n%s", text, demo->c->file ? "" : " --norm ",
               demo->c->file ? "" : STORY_NORM, buffer_text(&demo->text));
        return 0;
}

/* Return: as feed_wait(). */
static int demo_conclude_on(struct demo *demo, struct board *board, struct error *err) {
        int r = board_init(board, demo->c->config->organisations);

        if (r)
                return r;
        r = demo_count_again(demo, board, err);
        if (r)
                return r;
        r = demo_wait_delivered(demo, board, err);
        if (r == 0 && demo->party)
                r = party_collect(demo->party, err);
        if (r)
                return r;
        demo_show(demo, true);
        if (demo->c->json) {
                demo_print_summary_json(demo, board);
        } else {
                demo_print_summary(demo, board);
                r = demo_tell_story(demo, err);
        }
        fflush(stdout);
        return r;
}

/* Everything is fed: waits for the deliveries, prints the summary and the story. Return: as demo_play(). */
static int demo_conclude(struct demo *demo, struct error *err) {
        struct board board = {0};
        int r = demo_conclude_on(demo, &board, err);

        board_done(&board);
        return demo_outcome(demo, r);
}

/* -- Staying on -- */

static const char *demo_token(const struct demo *demo, const char *organisation) {
        size_t n;
        const struct post_token *tokens = chain_tokens(demo->chain, &n);

        for (size_t i = 0; i < n; i++) {
                if (strcmp(tokens[i].organisation, organisation) == 0)
                        return tokens[i].token;
        }
        return n ? tokens[0].token : "";
}

static const char *demo_bootstrap(const struct demo *demo) {
        return demo->c->bootstrap ? demo->c->bootstrap : demo->place.bootstrap;
}

/* A line of shell that sets a variable to any text at all. */
static void demo_write_export(FILE *f, const char *name, const char *value) {
        fprintf(f, "export %s='", name);
        for (; *value; value++) {
                if (*value == '\'')
                        fputs("'\\''", f);
                else
                        fputc(*value, f);
        }
        fputs("'\n", f);
}

/* The same for a folder, which stays the same wherever the shell that reads it stands. */
static void demo_write_folder(FILE *f, const char *name, const char *folder) {
        char absolute[PATH_MAX];

        demo_write_export(f, name, realpath(folder, absolute) ? absolute : folder);
}

static int demo_write_env(const struct demo *demo, struct error *err) {
        char self[PATH_MAX] = "";
        FILE *f;
        bool ok;

        (void) mkdir(".cache", 0777); /* usually there; the next call says what is wrong if not */
        (void) umask(077);            /* tokens are in it */
        f = fopen(demo->c->env, "we");
        if (!f) {
                error_set(err, "%s cannot be written: %s; choose another with --env", demo->c->env, strerror(errno));
                return -errno;
        }
        if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
                self[0] = '\0';
        fprintf(f, "# Where the demonstration of process %d is. It goes when it ends.\n", getpid());
        demo_write_export(f, "KETENWACHT_BOOTSTRAP", demo_bootstrap(demo));
        demo_write_folder(f, "KETENWACHT_CONFIG", demo->c->config_folder);
        demo_write_folder(f, "KETENWACHT_SCHEMAS", demo->c->schemas_folder);
        fprintf(f, "export GI_HTTP=http://127.0.0.1:%u\n", chain_port(demo->chain));
        demo_write_export(f, "GI_TOKEN", demo_token(demo, "gi-jbn"));
        demo_write_export(f, "MUNICIPALITY_TOKEN", demo_token(demo, demo->receiver->id));
        fprintf(f, "export CONSOLE=http://127.0.0.1:%u\n", console_process_port(demo->console));
        demo_write_folder(f, "KETENWACHT_BIN", dirname(self));
        fputs("export PATH=\"$KETENWACHT_BIN:$PATH\"\n", f);
        ok = !ferror(f);
        ok = fclose(f) == 0 && ok;
        if (ok)
                return 0;
        error_set(err, "%s cannot be written", demo->c->env);
        return -EIO;
}

/* What the chain did, for people to look at: the demonstration's is open to whoever reaches it, which is this machine. */
static int demo_start_console(struct demo *demo, struct error *err) {
        const struct console_process_config config = {
                .config = demo->c->config,
                .broker = &demo->place.broker,
                .settings = &demo->console_settings,
                .kafka = &demo->place.kafka,
                .bus = demo->place.bus,
                .clock = hand_clock(&demo->time),
                .log = demo->c->log,
                .metrics = demo->metrics,
        };
        int r;

        demo->console_settings = (struct console_settings){.address = "127.0.0.1", .port = demo->c->console_port, .open_on_localhost = true};
        r = console_process_start(&config, &demo->console, err);
        if (r && !err->text[0])
                error_set(err, "the console cannot be started: %s", strerror(-r));
        return r;
}

/* Lets the clock go and waits for a signal. Return: as demo_play(). */
static int demo_keep(struct demo *demo, struct error *err) {
        int r;

        demo->feed.post = NULL; /* nothing is played any more */
        hand_clock_let_go(&demo->time);
        r = demo_outcome(demo, feed_settle(&demo->feed, err));
        if (r || demo->stopped)
                return r;
        r = demo_start_console(demo, err);
        if (r == 0)
                r = demo_write_env(demo, err);
        if (r)
                return r;
        fprintf(stderr, "\nThe clock shows the present now, and all that fell due until today is told. Look at it in a browser:\n\n"
                        "  http://127.0.0.1:%u/\n\n"
                        "In another terminal:\n\n"
                        "  . %s      # broker %s, gi-http http://127.0.0.1:%u\n\n"
                        "Then try the lines of README.md. Ctrl-C ends it.\n",
                console_process_port(demo->console), demo->c->env, demo_bootstrap(demo), chain_port(demo->chain));
        while (r == 0 && !demo_stopped(demo)) {
                demo_pause(demo, KEEP_LOOK_MS);
                r = chain_failed(demo->chain, err);
        }
        (void) unlink(demo->c->env); /* gone already is fine */
        return r;
}

/* -- The run -- */

/* Return: as demo_run(). */
static int demo_run_all(struct demo *demo, struct error *err) {
        int r;

        if (!demo->c->json) {
                printf("Starting %s, worker, gi-http, admission, webhook and a small municipality …\n",
                       demo->c->bootstrap ? "on the broker" : "an embedded broker");
                fflush(stdout);
        }
        r = demo_make_scratch(demo, err);
        if (r)
                return r;
        r = demo_open_place(demo, err);
        if (r || demo->stopped)
                return r;
        r = demo_play(demo, err);
        if (r || demo->stopped)
                return r;
        r = demo_conclude(demo, err);
        if (r || demo->stopped || !demo->c->keep)
                return r;
        return demo_keep(demo, err);
}

static int demo_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st;
        (void) flag;
        (void) ftw;
        return remove(path);
}

/* Return: @r, or the first failure of taking down when that is 0, with its sentence. */
static int demo_take_down(struct demo *demo, int r, struct error *err) {
        struct error each = {0};
        int stopped;

        console_process_stop(demo->console);
        health_stop(demo->health);
        demo->feed.post = NULL; /* nothing is shown any more */
        post_free(demo->post);
        party_free(demo->party);
        stopped = chain_stop(demo->chain, &each);
        if (stopped && r == 0) {
                *err = each;
                r = stopped;
        }
        chain_free(demo->chain);
        metrics_free(demo->metrics);
        board_done(&demo->board);
        stopped = place_close(&demo->place, &each);
        if (stopped && r == 0) {
                *err = each;
                r = stopped;
        }
        if (demo->scratch[0])
                (void) nftw(demo->scratch, demo_remove, 8, FTW_DEPTH | FTW_PHYS); /* what is left is among what is temporary */
        tape_done(&demo->tape);
        buffer_done(&demo->text);
        return r;
}

static int demo_prepare(struct demo *demo, const struct demo_config *config, struct error *err) {
        int r;

        assert(config->config && config->config_folder);
        *demo = (struct demo){.c = config, .tty = isatty(STDOUT_FILENO) == 1, .text = BUFFER_INIT(TEXT_MAX)};
        stop_hold(&demo->stop); /* before any thread begins, so that all inherit it and the main thread alone takes them */
        r = demo_make_tape(demo, err);
        return r ? r : demo_find_publishers(demo, err);
}

int demo_run(const struct demo_config *config, struct error *err) {
        struct demo demo;
        int r = demo_prepare(&demo, config, err);

        assert(config->broker && config->log && config->scratch && (config->env || !config->keep));
        if (r == 0)
                r = demo_run_all(&demo, err);
        if (demo.stopped && demo.feed.played < demo.tape.n)
                fprintf(stderr, "ketenwacht demo: stopped after %zu of %zu events\n", demo.feed.played, demo.tape.n);
        return demo_take_down(&demo, r, err);
}

int demo_print(const struct demo_config *config, struct error *err) {
        struct demo demo;
        int r = demo_prepare(&demo, config, err);

        for (size_t i = 0; r == 0 && i < demo.tape.n; i++)
                printf("%.*s\n", (int)demo.tape.items[i].json.n, demo.tape.items[i].json.s);
        return demo_take_down(&demo, r, err);
}
