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
#include "cli/report_print.h"
#include "engine/listing.h"

#define OUTPUT_MAX ((size_t)4 << 30)
#define TERMS_DAYS 28 /* terms without --until: so many days ahead */

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_TEXT, FORMATS };
static const char *const format_names[FORMATS] = {"json", "csv", "text"};

struct arguments {
        struct command_dirs dirs;
        const char *path, *bootstrap;
        const char *at, *started_from, *started_until, *region, *gi, *municipality, *organisation, *norm, *by, *from, *until, *format_text;
        enum format format;
};

/* What people read above a list, and by what its totals are made below it. */
static const struct {
        const char *title, *by[2];
} titles[LISTING_KINDS] = {
        [LISTING_NORMS] = {"Normen", {NULL}},
        [LISTING_OBSTRUCTIONS] = {"Obstructies bij de inzet en uitvoering van jeugdhulp", {"kind"}},
        [LISTING_WAITING] = {"Kinderen die wachten op passende hulp", {"reason", "municipality"}},
        [LISTING_UNPROTECTED] = {"Onvoldoende beschermde kinderen", {"municipality"}},
        [LISTING_HANDOVER] = {"Overdracht na het einde van de maatregel", {"gi"}},
        [LISTING_LATE_VERDICTS] = {"Uitspraken die later bij de GI bekend werden", {"gi", "kind"}},
        [LISTING_TERMS] = {"Termijnen", {"organisation"}},
};

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
        for (size_t i = 0; i < ELEMENTS(titles[0].by) && titles[query.kind].by[i]; i++) {
                CLEANUP(listing_free_p) struct listing *listing = NULL;
                struct error err = {0};
                int status;

                if (listing_by_read(engine_config(engine), query.kind, titles[query.kind].by[i], &query.by, &err))
                        return EXIT_DONE; /* schemas without this event have nothing to total */
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

static int report_print(const struct arguments *a, struct engine *engine, struct store *store, const struct listing_query *query) {
        CLEANUP(listing_free_p) struct listing *listing = NULL;
        bool split = query->by.kind != BY_NOTHING;
        char day[DATE_DUTCH_MAX];
        int status = report_make(engine, store, query, &listing);

        if (status)
                return status;
        if (a->format == FORMAT_TEXT)
                printf("%s, stand op %s\n\n", titles[query->kind].title, date_dutch(date_of_instant(query->at), day));
        status = report_print_table(split && query->kind != LISTING_NORMS ? &listing->totals : &listing->list, a->format);
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

/* terms without --until looks ahead from the instant. */
static void report_complete(struct listing_query *query, const struct arguments *a, instant_t at) {
        query->at = at;
        if (query->kind == LISTING_TERMS && !a->until)
                query->due_until = date_of_instant(at) + TERMS_DAYS;
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
                report_complete(query, a, replay_now(replay));
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
        report_complete(query, a, query->at == INSTANT_NEVER ? clock_realtime(&clock) : query->at);
        status = command_cases("report", &a->dirs, a->bootstrap, NULL, store);
        return status ? status : report_print(a, engine, store, query);
}

/* --- what was asked --- */

static int report_read_date(const char *option, const char *text, day_t *ret) {
        *ret = DAY_NONE;
        if (!text || date_parse(text_of(text), ret))
                return 0;
        return command_usage("report", "%s: '%s' is no date; write one like 2023-06-15", option, text);
}

static int report_read_organisation(const struct config *config, const char *option, const char *id, const struct organisation **ret) {
        struct nearest nearest = NEAREST_INIT(id);
        char hint[NEAREST_HINT_MAX];

        if (!id)
                return 0;
        *ret = organisations_find(config->organisations, text_of(id));
        if (*ret)
                return 0;
        organisations_nearest(config->organisations, &nearest);
        return command_usage("report", "%s: no organisation '%s'%s", option, id, nearest_hint(&nearest, hint));
}

static int report_read_region(const struct config *config, const char *id, const struct region **ret) {
        struct nearest nearest = NEAREST_INIT(id);
        char hint[NEAREST_HINT_MAX];

        if (!id)
                return 0;
        *ret = regions_find(config->organisations, text_of(id));
        if (*ret)
                return 0;
        regions_nearest(config->organisations, &nearest);
        return command_usage("report", "--region: no region '%s'%s", id, nearest_hint(&nearest, hint));
}

static int report_read_norm(const struct config *config, const char *name) {
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; name && i < config->protocols.n; i++) {
                const struct protocol *protocol = config->protocols.items[i];

                for (size_t j = 0; j < protocol->n_norms; j++) {
                        if (strcmp(protocol->norms[j].name, name) == 0)
                                return 0;
                        nearest_try(&nearest, protocol->norms[j].name);
                }
        }
        return name ? command_usage("report", "--norm: no norm '%s'%s", name, nearest_hint(&nearest, hint)) : 0;
}

/* Options that mean nothing to a report are a mistake, not to be passed over. */
static int report_refuse_others(const struct arguments *a, enum listing_kind kind) {
        bool norms = kind == LISTING_NORMS || kind == LISTING_TERMS, period = kind == LISTING_TERMS || kind == LISTING_HANDOVER;

        if (a->norm && !norms)
                return command_usage("report", "--norm goes with norms and terms, not with %s", listing_names[kind]);
        if ((a->from || a->until) && !period)
                return command_usage("report", "--from and --until go with terms and handover, not with %s; there is --started-from", listing_names[kind]);
        if (a->organisation && kind != LISTING_TERMS)
                return command_usage("report", "--organisation goes with terms, not with %s; there are --gi and --municipality", listing_names[kind]);
        return 0;
}

/* The parts that need no configuration. */
static int report_read_plain(struct arguments *a, struct listing_query *query) {
        size_t format = 0;
        int status = report_refuse_others(a, query->kind);

        query->at = INSTANT_NEVER;
        if (status)
                return status;
        if (a->at && !instant_parse(text_of(a->at), &query->at))
                return command_usage("report", "--at: '%s' is no instant; write one like 2023-06-15T12:00:00+02:00", a->at);
        while (a->format_text && format < FORMATS && strcmp(format_names[format], a->format_text) != 0)
                format++;
        if (format == FORMATS)
                return command_usage("report", "--format: json, csv or text, not '%s'", a->format_text);
        a->format = (enum format)format;
        status = report_read_date("--started-from", a->started_from, &query->started_from);
        if (status == 0)
                status = report_read_date("--started-until", a->started_until, &query->started_until);
        if (status == 0)
                status = report_read_date("--from", a->from, &query->due_from);
        if (status == 0)
                status = report_read_date("--until", a->until, &query->due_until);
        if (query->kind == LISTING_HANDOVER) { /* the period in which measures ended */
                query->started_from = a->from ? query->due_from : query->started_from;
                query->started_until = a->until ? query->due_until : query->started_until;
        }
        return status;
}

static int report_read_configured(const struct arguments *a, const struct config *config, struct listing_query *query) {
        struct error err = {0};
        int status = report_read_region(config, a->region, &query->region);

        if (status == 0)
                status = report_read_organisation(config, "--gi", a->gi, &query->gi);
        if (status == 0)
                status = report_read_organisation(config, "--municipality", a->municipality, &query->municipality);
        if (status == 0)
                status = report_read_organisation(config, "--organisation", a->organisation, &query->organisation);
        if (status == 0)
                status = report_read_norm(config, a->norm);
        query->norm = a->norm;
        if (status == 0 && a->by && listing_by_read(config, query->kind, a->by, &query->by, &err))
                status = command_usage("report", "%s", err.text);
        return status;
}

static int report_read_kind(const char *name, enum listing_kind *ret) {
        struct nearest nearest = NEAREST_INIT(name ? name : "");
        char hint[NEAREST_HINT_MAX];

        for (int kind = 0; name && kind < LISTING_KINDS; kind++) {
                nearest_try(&nearest, listing_names[kind]);
                *ret = (enum listing_kind)kind;
                if (strcmp(listing_names[kind], name) == 0)
                        return 0;
        }
        if (!name)
                return command_usage("report", "which report: norms, obstructions, waiting, unprotected, handover, late-verdicts or terms");
        return command_usage("report", "no report '%s'%s", name, nearest_hint(&nearest, hint));
}

static int report_run(int argc, char **argv) {
        struct arguments a = {.dirs = command_dirs()};
        struct listing_query query = {0};
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &a.dirs.config),           OPTION_TEXT_ROW("--schemas", &a.dirs.schemas),
                OPTION_TEXT_ROW("--at", &a.at),                        OPTION_TEXT_ROW("--bootstrap", &a.bootstrap),
                OPTION_TEXT_ROW("--started-from", &a.started_from),    OPTION_TEXT_ROW("--started-until", &a.started_until),
                OPTION_TEXT_ROW("--region", &a.region),                OPTION_TEXT_ROW("--gi", &a.gi),
                OPTION_TEXT_ROW("--municipality", &a.municipality),    OPTION_TEXT_ROW("--organisation", &a.organisation),
                OPTION_TEXT_ROW("--norm", &a.norm),                    OPTION_TEXT_ROW("--by", &a.by),
                OPTION_TEXT_ROW("--from", &a.from),                    OPTION_TEXT_ROW("--until", &a.until),
                OPTION_TEXT_ROW("--format", &a.format_text),           OPTION_END_ROW,
        };
        CLEANUP(config_free_p) struct config *config = NULL;
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n > 2)
                return command_usage("report", "a report and one FILE at most, not %d arguments", n);
        status = report_read_kind(n ? arguments[0] : NULL, &query.kind);
        if (status)
                return status;
        status = report_read_plain(&a, &query);
        if (status)
                return status;
        status = command_configuration("report", &a.dirs, &config);
        if (status)
                return status;
        status = report_read_configured(&a, config, &query);
        if (status)
                return status;
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
