/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht export`: what stands on the broker as Avro container files. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "calendar/date.h"
#include "cli/audited.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/progress.h"
#include "survey/export.h"

#define NAME "export"
#define TYPES_BYTES_MAX 4096
#define WHERE_BYTES_MAX 2048

struct exports {
        struct command_dirs dirs;
        const char *bootstrap, *from, *until, *codec, *types_text, *reason;
        bool events, tellings, state;
        char types_copy[TYPES_BYTES_MAX], path[EXPORT_PATH_MAX], where[WHERE_BYTES_MAX], user[COMMAND_USER_MAX + 1];
        const char *only[EXPORT_TYPES_MAX];
        struct export_config config;
        struct event_types *types;
        struct command_broker broker;
        struct progress progress;
};

static const char *const kind_names[] = {[EXPORT_EVENTS] = "events", [EXPORT_TELLINGS] = "tellings", [EXPORT_STATE] = "state"};

/* -- What is asked -- */

static int exports_instant(const char *option, const char *text, instant_t otherwise, instant_t *ret) {
        *ret = otherwise;
        if (!text || instant_or_date_parse(text_of(text), ret))
                return 0;
        return command_usage(NAME, "%s '%s' is neither a date nor an instant (2026-10-18T09:00:00+02:00)", option, text);
}

static int exports_period(struct exports *x) {
        int status;

        if (x->state && (x->from || x->until))
                return command_usage(NAME, "%s goes with --events and --tellings; --state is what stands now", x->from ? "--from" : "--until");
        status = exports_instant("--from", x->from, INT64_MIN, &x->config.from);
        if (status == 0)
                status = exports_instant("--until", x->until, INT64_MAX, &x->config.until);
        if (status == 0 && x->config.from >= x->config.until)
                return command_usage(NAME, "--from '%s' does not lie before --until '%s'", x->from, x->until);
        return status;
}

/* The words of --type, between commas. */
static int exports_types(struct exports *x) {
        char *rest = x->types_copy, *word;

        if (!x->types_text)
                return 0;
        if (snprintf(x->types_copy, sizeof(x->types_copy), "%s", x->types_text) >= (int)sizeof(x->types_copy))
                return command_usage(NAME, "--type is too long");
        while ((word = strsep(&rest, ","))) {
                if (!word[0])
                        return command_usage(NAME, "--type is one name, or some with commas between them");
                if (x->config.only_n == EXPORT_TYPES_MAX)
                        return command_usage(NAME, "--type names more than %d", EXPORT_TYPES_MAX);
                x->only[x->config.only_n++] = word;
        }
        x->config.only = x->only;
        return 0;
}

static int exports_codec(struct exports *x) {
        struct nearest nearest = NEAREST_INIT(x->codec ? x->codec : "");
        char hint[NEAREST_HINT_MAX];

        x->config.codec = CONTAINER_DEFLATE;
        if (!x->codec || (container_codec_find(text_of(x->codec), &x->config.codec) && x->config.codec != CONTAINER_ZSTANDARD))
                return 0;
        for (unsigned codec = 0; codec < CONTAINER_ZSTANDARD; codec++)
                nearest_try(&nearest, container_codec_names[codec]);
        return command_usage(NAME, "--codec '%s' is none of deflate, snappy and null%s", x->codec, nearest_hint(&nearest, hint));
}

/* Whether the files go to a folder: one that is there, or that a slash says is meant. */
static int exports_path(struct exports *x, const char *path) {
        size_t n = strlen(path);
        struct stat st;

        if (n + 1 >= sizeof(x->path))
                return command_usage(NAME, "the path is too long");
        x->config.folder = n > 1 && path[n - 1] == '/';
        (void) snprintf(x->path, sizeof(x->path), "%.*s", (int)(x->config.folder ? n - 1 : n), path); /* measured just before */
        x->config.path = x->path;
        if (stat(x->path, &st) == 0) {
                if (x->config.folder && !S_ISDIR(st.st_mode))
                        return command_usage(NAME, "%s is no folder", x->path);
                x->config.folder = S_ISDIR(st.st_mode);
        } else if (x->config.folder && mkdir(x->path, 0777)) {
                return command_usage(NAME, "the folder %s cannot be made: %s", x->path, strerror(errno));
        }
        return 0;
}

static int exports_check(struct exports *x, const char *const *arguments, int n) {
        int status = 0;

        if (x->events + x->tellings + x->state > 1)
                return command_usage(NAME, "say one of --events, --tellings and --state");
        if (n != 1)
                return command_usage(NAME, n ? "one FILE or FOLDER, not %d" : "a FILE or FOLDER is missing (%d arguments)", n);
        if (!x->config.personal && x->reason)
                return command_usage(NAME, "--reason goes with --personal");
        if (x->config.personal)
                status = command_reason(NAME, "--personal", x->reason);
        x->config.kind = x->tellings ? EXPORT_TELLINGS : x->state ? EXPORT_STATE : EXPORT_EVENTS;
        if (status == 0)
                status = exports_period(x);
        if (status == 0)
                status = exports_codec(x);
        if (status == 0)
                status = exports_types(x);
        return status ? status : exports_path(x, arguments[0]);
}

static int exports_arguments(int argc, char **argv, struct exports *x) {
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &x->dirs.config), OPTION_TEXT_ROW("--schemas", &x->dirs.schemas), OPTION_TEXT_ROW("--bootstrap", &x->bootstrap),
                OPTION_FLAG_ROW("--events", &x->events),      OPTION_FLAG_ROW("--tellings", &x->tellings),    OPTION_FLAG_ROW("--state", &x->state),
                OPTION_TEXT_ROW("--type", &x->types_text),    OPTION_TEXT_ROW("--from", &x->from),            OPTION_TEXT_ROW("--until", &x->until),
                OPTION_TEXT_ROW("--codec", &x->codec),        OPTION_TEXT_ROW("--reason", &x->reason),        OPTION_FLAG_ROW("--anew", &x->config.anew),
                OPTION_FLAG_ROW("--personal", &x->config.personal), OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, arguments, &n);

        return status ? status : exports_check(x, arguments, n);
}

/* -- Doing it -- */

static int exports_check_types(const struct exports *x) {
        for (size_t i = 0; i < x->config.only_n; i++) {
                struct nearest nearest = NEAREST_INIT(x->only[i]);
                char hint[NEAREST_HINT_MAX];

                if (!export_knows(x->types, x->config.kind, x->only[i], &nearest))
                        return command_usage(NAME, "--type: there are no %s called '%s'%s", kind_names[x->config.kind], x->only[i],
                                             nearest_hint(&nearest, hint));
        }
        return 0;
}

static void exports_watch(void *ctx, uint64_t read, uint64_t all) {
        struct exports *x = ctx;

        if (progress_due(&x->progress))
                progress_say(&x->progress, NAME, "%" PRIu64 " of %" PRIu64 " places read", read, all);
}

static int exports_audit(struct exports *x, struct error *err) {
        const struct clock clock = clock_system();
        char object[AUDIT_TEXT_MAX + 1];

        if (!x->config.personal)
                return 0;
        command_user(x->user);
        (void) snprintf(object, sizeof(object), "export of %s%s%s", kind_names[x->config.kind], x->types_text ? ": " : "", x->types_text ? x->types_text : "");
        return command_audited(&x->broker, x->types,
                             &(struct audit_record){.at = clock_realtime(&clock), .user = text_of(x->user), .action = TEXT_OF(AUDIT_EXPORT),
                                                    .object = text_of(object), .result = TEXT_OF(AUDIT_DONE), .reason = text_of(x->reason)},
                             err);
}

static int exports_conclude(struct exports *x, int r, const struct export_result *result, struct error *err) {
        progress_clear(&x->progress);
        if (r) {
                if (!err->text[0])
                        error_set(err, "%s", strerror(-r));
                return command_fail(NAME, r == -EINVAL || r == -EEXIST || r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, err);
        }
        if (result->resumed)
                fprintf(stderr, "ketenwacht " NAME ": went on where it was broken off; what came since is not in it\n");
        if (result->left_out)
                fprintf(stderr, "ketenwacht " NAME ": %" PRIu64 " records could not be read and are left out, the first: %s\n", result->left_out,
                        result->why.text);
        printf("{\"exported\":%" PRIu64 ",\"left_out\":%" PRIu64 ",\"files\":%zu}\n", result->exported, result->left_out, result->files);
        return command_flush(NAME);
}

static int exports(struct exports *x) {
        struct export_result result = {0};
        struct error err = {0};
        int r, status = command_schemas(NAME, &x->dirs, &x->types);

        if (status == 0)
                status = exports_check_types(x);
        if (status == 0)
                status = command_broker_read(NAME, x->dirs.config, x->bootstrap, NULL, &x->broker);
        if (status == 0)
                status = command_registry_open(&x->broker, x->types, NULL);
        if (status == 0)
                status = command_broker_open(NAME, &x->broker);
        if (status)
                return status;
        (void) snprintf(x->where, sizeof(x->where), "%s %s", x->broker.bootstrap ? x->broker.bootstrap : "", x->broker.config.prefix);
        x->config.bus = x->broker.bus;
        x->config.where = x->where;
        x->config.types = x->types;
        x->config.watch = exports_watch;
        x->config.ctx = x;
        r = exports_audit(x, &err);
        if (r == 0)
                r = export_run(&x->config, &result, &err);
        return exports_conclude(x, r, &result, &err);
}

static int exports_run(int argc, char **argv) {
        struct exports x = {.dirs = command_dirs(), .progress = progress_begin()};
        int status = exports_arguments(argc, argv, &x);

        if (status == 0)
                status = exports(&x);
        command_broker_done(&x.broker);
        event_types_free(x.types);
        return status;
}

const struct command command_export = {
        .name = NAME,
        .summary = "write what stands on the broker as Avro container files",
        .help = "Usage: ketenwacht export [--events|--tellings|--state] FILE.avro|FOLDER/ [--type NAME,…] [--from D] [--until D]\n"
                "                         [--codec deflate|snappy|null] [--personal --reason TEXT] [--anew]\n"
                "                         [--bootstrap HOST:PORT,…] [--config DIR] [--schemas DIR]\n\n"
                "For analysis without this program: DuckDB, pandas, Spark, and whatever else reads Avro container files.\n\n"
                "  --events    what was published, as it stands on the event topics (default): also what came twice or was refused later\n"
                "  --tellings  what ketenwacht told: plan-due, escalation-raised, escalation-resolved\n"
                "  --state     what counts now: the facts of all cases that are not forgotten, as the events that they were; and what was told of\n"
                "              them last: obligation, alert, copy, closed\n\n"
                "Into FOLDER/ goes one file for each type, a plain table by its own schema. Into FILE.avro goes one type (--type), or several:\n"
                "then its schema is a union of theirs. `replay` and `publish` take events and facts back from either. The order is that of types,\n"
                "partitions and places in them. Files take their places when all are whole. An export that was broken off goes on\n"
                "where it was when it is asked for again, and ends where it was to end.\n\n"
                "  --type NAME,…  only these: types of events, of --state also the other four\n"
                "  --from D       with recorded_at on or after this instant or date (its local midnight)\n"
                "  --until D      and before this one\n"
                "  --codec NAME   how blocks are packed (default: deflate)\n"
                "  --personal     with personal fields; without it they are null\n"
                "  --reason TEXT  why they are needed: it stands in audit before anything is read\n"
                "  --anew         forget what was broken off\n"
                "  --bootstrap LIST  the broker (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n"
                "  --config DIR      configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR     schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Prints last: {\"exported\":N,\"left_out\":N,\"files\":N}; left out is what no schema reads.\n"
                "Exit status: 0 done, 2 wrong usage or configuration, 3 the broker or the disk failed.\n",
        .run = exports_run,
};
