/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht report`: what all cases together say. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "calendar/explain.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/lines_input.h"
#include "cli/options.h"
#include "survey/report_print.h"
#include "survey/report_query.h"

#define OUTPUT_MAX ((size_t)4 << 30)

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_TEXT, FORMATS };
static const char *const format_names[FORMATS] = {"json", "csv", "text"};

struct arguments {
        struct command_dirs dirs;
        const char *path, *bootstrap, *format_text;
        struct report_asked asked;
        enum format format;
};

static const struct report_voice report_voice = {.language = LANGUAGE_EN, .prefix = "--"};

static int report_fail(int r, const char *what) {
        struct error err = {0};

        error_set(&err, "%s: %s", what, strerror(-r));
        return command_fail("report", EXIT_BROKER, &err);
}

/* --- printing --- */

static int report_print_table(const struct listing_table *table, enum format format) {
        struct buffer out = BUFFER_INIT(OUTPUT_MAX);
        bool failed;

        if (format == FORMAT_JSON)
                report_print_json(table, &out);
        else if (format == FORMAT_CSV)
                report_print_csv(table, &out);
        else
                report_print_text(table, &out);
        failed = out.failed;
        if (!failed && out.n)
                failed = fwrite(out.bytes, 1, out.n, stdout) != out.n;
        buffer_done(&out);
        return failed ? report_fail(-ENOMEM, "cannot print the report") : EXIT_DONE;
}

static int report_make(struct engine *engine, struct store *store, const struct listing_query *query, struct listing **ret) {
        int r = listing_make(engine, store, query, ret);

        return r ? report_fail(r, "cannot make the report") : EXIT_DONE;
}

/* For people: totals below the list, by what matters most. */
static int report_print_totals(struct engine *engine, struct store *store, struct listing_query query) {
        for (size_t i = 0; i < ELEMENTS(report_titles[0].by) && report_titles[query.kind].by[i]; i++) {
                CLEANUP(listing_free_p) struct listing *listing = NULL;
                struct error err = {0};
                int status;

                if (listing_by_read(engine_config(engine), query.kind, report_titles[query.kind].by[i], &query.by, &err))
                        return EXIT_DONE; /* schemas without this event have nothing to total */
                query.totals = true;
                status = report_make(engine, store, &query, &listing);
                if (status)
                        return status;
                if (listing->totals.n_rows == 0)
                        return EXIT_DONE;
                puts("");
                status = report_print_table(&listing->totals, FORMAT_TEXT);
                if (status)
                        return status;
        }
        return EXIT_DONE;
}

static int report_print(const struct arguments *a, struct engine *engine, struct store *store, struct listing_query *query) {
        CLEANUP(listing_free_p) struct listing *listing = NULL;
        bool split = query->by.kind != BY_NOTHING;
        char day[DATE_DUTCH_MAX];
        int status;

        query->totals = split && query->kind != LISTING_NORMS;
        status = report_make(engine, store, query, &listing);
        if (status)
                return status;
        if (a->format == FORMAT_TEXT)
                printf("%s, stand op %s\n\n", report_titles[query->kind].nl, date_dutch(date_of_instant(query->at), day));
        status = report_print_table(query->totals ? &listing->totals : &listing->list, a->format);
        if (status == EXIT_DONE && a->format == FORMAT_TEXT && !split)
                status = report_print_totals(engine, store, *query);
        return status;
}

/* --- where the cases come from --- */

static int report_untold(void *ctx, const struct outcome *outcome) {
        (void) ctx;
        (void) outcome;
        return 0;
}

static int report_file(const struct arguments *a, const struct config *config, struct listing_query *query) {
        struct progress progress = progress_begin();
        const struct lines_input input = {.command = "report", .path = a->path, .progress = &progress, .until = query->at};
        struct replay *replay = NULL;
        int r = replay_new(config, query->at, report_untold, NULL, &replay), status;
        struct error err = {0};

        if (r)
                return report_fail(r, "cannot start");
        status = lines_play(&input, config, replay);
        if (status == EXIT_DONE && replay_now(replay) == INSTANT_NEVER) {
                error_set(&err, "%s holds no event that is accepted; say with --at from which instant to look", a->path);
                status = command_fail("report", EXIT_NO, &err);
        }
        if (status == EXIT_DONE) {
                report_query_seen(query, &a->asked, replay_now(replay));
                status = report_print(a, replay_engine(replay), replay_store(replay), query);
        }
        replay_free(replay);
        return status;
}

static int report_live(const struct arguments *a, const struct config *config, struct listing_query *query) {
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        const struct clock clock = clock_system();
        int r = engine_new(config, &engine), status;

        if (r == 0)
                r = store_new(engine, &store);
        if (r)
                return report_fail(r, "cannot start");
        report_query_seen(query, &a->asked, query->at == INSTANT_NEVER ? clock_realtime(&clock) : query->at);
        status = command_cases("report", &a->dirs, a->bootstrap, NULL, store);
        return status ? status : report_print(a, engine, store, query);
}

/* --- what was asked --- */

static int report_refused(const struct error *err) {
        return command_usage("report", "%s", err->text);
}

/* The parts that need no configuration. */
static int report_read_plain(struct arguments *a, struct listing_query *query) {
        struct error err = {0};
        size_t format = 0;

        if (report_query_plain(&a->asked, &report_voice, query, &err))
                return report_refused(&err);
        while (a->format_text && format < FORMATS && strcmp(format_names[format], a->format_text) != 0)
                format++;
        if (format == FORMATS)
                return command_usage("report", "--format: json, csv or text, not '%s'", a->format_text);
        a->format = (enum format)format;
        return EXIT_DONE;
}

static int report_run(int argc, char **argv) {
        struct arguments a = {.dirs = command_dirs()};
        struct listing_query query = {0};
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &a.dirs.config),           OPTION_TEXT_ROW("--schemas", &a.dirs.schemas),
                OPTION_TEXT_ROW("--at", &a.asked.at),                        OPTION_TEXT_ROW("--bootstrap", &a.bootstrap),
                OPTION_TEXT_ROW("--started-from", &a.asked.started_from),    OPTION_TEXT_ROW("--started-until", &a.asked.started_until),
                OPTION_TEXT_ROW("--region", &a.asked.region),                OPTION_TEXT_ROW("--gi", &a.asked.gi),
                OPTION_TEXT_ROW("--municipality", &a.asked.municipality),    OPTION_TEXT_ROW("--organisation", &a.asked.organisation),
                OPTION_TEXT_ROW("--norm", &a.asked.norm),                    OPTION_TEXT_ROW("--by", &a.asked.by),
                OPTION_TEXT_ROW("--from", &a.asked.from),                    OPTION_TEXT_ROW("--until", &a.asked.until),
                OPTION_TEXT_ROW("--format", &a.format_text),           OPTION_END_ROW,
        };
        CLEANUP(config_free_p) struct config *config = NULL;
        struct error err = {0};
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n > 2)
                return command_usage("report", "a report and one FILE at most, not %d arguments", n);
        if (report_kind_read(n ? arguments[0] : NULL, &query.kind, &err))
                return report_refused(&err);
        status = report_read_plain(&a, &query);
        if (status)
                return status;
        status = command_configuration("report", &a.dirs, &config);
        if (status)
                return status;
        if (report_query_configured(&a.asked, config, &report_voice, &query, &err))
                return report_refused(&err);
        a.path = n > 1 ? arguments[1] : NULL;
        return a.path ? report_file(&a, config, &query) : report_live(&a, config, &query);
}

const struct command command_report = {
        .name = "report",
        .summary = "Say what all cases together say: norms, waiting children, terms …",
        .help = "Usage: ketenwacht report REPORT [FILE] [--at INSTANT] [OPTIONS]\n"
                "\n"
                "  norms          per protocol and norm: total, in order, not in order (of these explained), running, lapsed\n"
                "  obstructions   obstructions with their steps: the agenda of the contract talks\n"
                "  waiting        children who wait for help: since when, why, until when\n"
                "  unprotected    children reported as not protected enough and not yet protected again, per municipality\n"
                "  handover       measures that ended: when the case was handed over, and what was missing\n"
                "  late-verdicts  days from a verdict until the GI knew of it\n"
                "  terms          what is due, per organisation that hears of it (default: all that is open and due within 28 days)\n"
                "\n"
                "Without FILE the cases are read from the broker. FILE holds what ketenwacht replay reads (- is standard input).\n"
                "\n"
                "  --at INSTANT            facts recorded at or before it, seen from it (default: the present; with FILE, its last event)\n"
                "  --started-from DATE, --started-until DATE  only what counts from a date in this period\n"
                "  --region R, --gi G, --municipality M       only theirs, as it is at the instant\n"
                "  --norm NORM             only this norm (norms, terms)\n"
                "  --organisation O        only what this one hears of (terms)\n"
                "  --from DATE, --until DATE  due in this period (terms), ended in it (handover)\n"
                "  --by FIELD              norms: split each line; other reports: totals instead of the list. FIELD is gi, municipality,\n"
                "                          region, quarter, organisation (terms), a field of the starting fact, or event.field\n"
                "  --format json|csv|text  (default: json)\n"
                "  --bootstrap             the broker (default: KETENWACHT_BOOTSTRAP, then broker.yaml)\n"
                "  --config DIR, --schemas DIR  (else KETENWACHT_CONFIG and KETENWACHT_SCHEMAS, else config and schemas)\n",
        .run = report_run,
};
