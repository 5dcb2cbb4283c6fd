/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht explain`: why a case stands where it stands. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/lines_input.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "engine/explain.h"
#include "survey/trail_read.h"

#define OUTPUT_MAX ((size_t)64 * 1024 * 1024)

struct arguments {
        struct command_dirs dirs;
        const char *path, *norm, *bootstrap;
        struct uuid case_id;
        instant_t at; /* INSTANT_NEVER: when the file ends */
        bool json;
};

static int explain_untold(void *ctx, const struct outcome *outcome) {
        (void) ctx;
        (void) outcome;
        return 0;
}

/* @postings: how what was told stands in inboxes, or NULL. */
static int explain_print(const struct arguments *a, struct engine *engine, struct store *store, const struct postings *postings, instant_t at) {
        struct casefile *file = store_find(store, &a->case_id);
        struct buffer out = BUFFER_INIT(OUTPUT_MAX);
        char closed[DATE_TEXT + 1];
        struct error err = {0};
        day_t day;
        int r;

        if (store_closed(store, &a->case_id, &day)) {
                date_format(day, closed);
                error_set(&err, "the case was closed on %s, and what was known of it is forgotten", closed);
                return command_fail("explain", EXIT_NO, &err);
        }
        if (!file) {
                error_set(&err, "the case is not %s", a->path ? "in the file" : "known to the broker's case-state");
                return command_fail("explain", EXIT_NO, &err);
        }
        if (a->json)
                r = explain_json(engine, store, file, at, a->norm, postings, &out);
        else
                r = explain_text(engine, store, file, at, a->norm, postings, &out);
        if (r >= 0) {
                fputs(buffer_text(&out), stdout);
                if (a->json)
                        fputc('\n', stdout);
        }
        buffer_done(&out);
        if (r >= 0)
                return r == EXPLAIN_E_NONE ? EXIT_NO : EXIT_DONE;
        error_set(&err, "cannot explain the case: %s", strerror(-r));
        return command_fail("explain", EXIT_BROKER, &err);
}

static int explain_no_start(int r) {
        struct error err = {0};

        error_set(&err, "cannot start: %s", strerror(-r));
        return command_fail("explain", EXIT_BROKER, &err);
}

/* @cast: NULL: everybody plays. */
static int explain_play(const struct arguments *a, const struct config *config, struct cast *cast, struct replay **ret) {
        struct progress progress = progress_begin();
        const struct lines_input input = {.command = "explain", .path = a->path, .progress = &progress, .until = a->at, .cast = cast};
        CLEANUP(replay_free_p) struct replay *replay = NULL;
        int r = replay_new(config, INSTANT_NEVER, explain_untold, NULL, &replay), status;

        if (r)
                return explain_no_start(r);
        status = lines_play(&input, config, replay);
        if (status == EXIT_DONE && a->at != INSTANT_NEVER && replay_clock(replay, a->at))
                status = EXIT_BROKER;
        *ret = TAKE(replay);
        return status;
}

/* Plays the file: only who matters to the case, when that can be found. */
static int explain_play_case(const struct arguments *a, const struct config *config, struct replay **ret) {
        struct progress progress = progress_begin();
        CLEANUP(cast_free_p) struct cast *cast = NULL;
        bool known = false;
        int r = cast_new(&a->case_id, &cast), status;

        if (r)
                return explain_no_start(r);
        status = lines_cast(&(const struct lines_input){.command = "explain", .path = a->path, .progress = &progress, .until = a->at, .cast = cast}, config,
                            &known);
        if (status == EXIT_DONE)
                status = explain_play(a, config, known ? cast : NULL, ret);
        if (status != EXIT_DONE || !known || cast_held(cast))
                return status;
        *ret = replay_free(*ret);
        return explain_play(a, config, NULL, ret);
}

static int explain_file(const struct arguments *a, const struct config *config) {
        CLEANUP(replay_free_p) struct replay *replay = NULL;
        int status = explain_play_case(a, config, &replay);

        if (status != EXIT_DONE)
                return status;
        return explain_print(a, replay_engine(replay), replay_store(replay), NULL, a->at == INSTANT_NEVER ? replay_now(replay) : a->at);
}

/* How what was told to whom stands: nothing at all when the case is not there, which is said with its explanation. */
static int explain_read_trail(const struct arguments *a, const struct config *config, struct trail **ret) {
        struct command_wait wait = {.progress = progress_begin(), .name = "explain"};
        const struct live_watch watch = {.read = command_wait_read, .ctx = &wait};
        const struct trail_wanted wanted = {.field = "case_id", .id = a->case_id};
        const struct clock clock = clock_system();
        struct command_broker broker = {0};
        struct error err = {0}, readers;
        int r, status = command_broker_read("explain", a->dirs.config, a->bootstrap, NULL, &broker);

        if (status == EXIT_DONE)
                status = command_registry_open(&broker, config->types, NULL);
        if (status == EXIT_DONE)
                status = command_broker_open("explain", &broker);
        if (status == EXIT_DONE) {
                r = trail_read(&(struct trail_source){config, broker.bus, &broker.kafka, &watch, clock_realtime(&clock)}, &wanted, ret, &readers, &err);
                progress_clear(&wait.progress);
                if (r == 0 && readers.text[0])
                        fprintf(stderr, "ketenwacht explain: who reads the inboxes is not known: %s\n", readers.text);
                if (r < 0 && !err.text[0])
                        error_set(&err, "what became of what was told cannot be read: %s", strerror(-r));
                if (r < 0)
                        status = command_fail("explain", EXIT_BROKER, &err);
        }
        command_broker_done(&broker);
        return status;
}

static int explain_live(const struct arguments *a, const struct config *config) {
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        CLEANUP(trail_free_p) struct trail *trail = NULL;
        const struct clock clock = clock_system();
        struct postings postings = {0};
        int r = engine_new(config, &engine), status;

        if (r == 0)
                r = store_new(engine, &store);
        if (r)
                return explain_no_start(r);
        status = command_cases("explain", &a->dirs, a->bootstrap, &a->case_id, store);
        if (status == EXIT_DONE && store_find(store, &a->case_id))
                status = explain_read_trail(a, config, &trail);
        if (trail)
                postings = trail_postings(trail);
        return status ? status : explain_print(a, engine, store, &postings, a->at == INSTANT_NEVER ? clock_realtime(&clock) : a->at);
}

static int explain_run(int argc, char **argv) {
        struct arguments a = {.dirs = command_dirs(), .at = INSTANT_NEVER};
        const char *arguments[OPTION_ARGUMENTS_MAX], *case_text = NULL, *at_text = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &a.dirs.config), OPTION_TEXT_ROW("--schemas", &a.dirs.schemas),
                OPTION_TEXT_ROW("--case", &case_text),       OPTION_TEXT_ROW("--norm", &a.norm),
                OPTION_TEXT_ROW("--at", &at_text),           OPTION_TEXT_ROW("--bootstrap", &a.bootstrap),
                OPTION_FLAG_ROW("--json", &a.json),          OPTION_END_ROW,
        };
        CLEANUP(config_free_p) struct config *config = NULL;
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n > 1)
                return command_usage("explain", "one FILE at most, not %d", n);
        if (!case_text || !uuid_parse(case_text, strlen(case_text), &a.case_id))
                return command_usage("explain", "--case needs a case_id: 36 characters, lower case");
        if (at_text && !instant_parse(text_of(at_text), &a.at))
                return command_usage("explain", "--at: '%s' is no instant; write one like 2023-06-15T12:00:00+02:00", at_text);
        a.path = n ? arguments[0] : NULL;
        status = command_configuration("explain", &a.dirs, &config);
        if (status)
                return status;
        return a.path ? explain_file(&a, config) : explain_live(&a, config);
}

const struct command command_explain = {
        .name = "explain",
        .summary = "Say why a case stands where it stands",
        .help = "Usage: ketenwacht explain [FILE] --case ID [--norm NORM] [--at INSTANT] [--json] [--bootstrap HOST:PORT,…]\n"
                "\n"
                "Says of each obligation of the case: its status, the facts it rests on, every step of its date, which\n"
                "protocol and which municipality and why, what was told to whom, and what comes next.\n"
                "Without FILE the case is read from the broker, and with it how each record that was told stands: in the inbox since, delivered\n"
                "(status, tries), refused, collected, or waiting, and for whom. FILE holds what ketenwacht replay reads (- is standard input).\n"
                "\n"
                "  --norm NORM    only this norm; when it asks nothing of this case: why not (status 1)\n"
                "  --at INSTANT   as it stood then (default: the present; with FILE, when the file ends)\n"
                "  --json         one JSON object in place of Dutch text\n"
                "  --bootstrap    the broker (default: KETENWACHT_BOOTSTRAP, then broker.yaml)\n"
                "  --config DIR, --schemas DIR  (else KETENWACHT_CONFIG and KETENWACHT_SCHEMAS, else config and schemas)\n",
        .run = explain_run,
};
