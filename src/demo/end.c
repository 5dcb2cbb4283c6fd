/* SPDX-License-Identifier: EUPL-1.2 */

/* The end of the demonstration: what came of it, the story of a case, and staying on. */

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "demo/watch.h"
#include "demo/year.h"
#include "demo/run.h"
#include "cli/live.h"
#include "engine/explain.h"

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
