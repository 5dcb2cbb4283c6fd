/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht trace`: the way of every record that is about an id, from its source to the receivers' answers. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "calendar/explain.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "survey/trail_read.h"
#include "survey/trail_say.h"

#define NAME "trace"
#define LINE_BYTES_MAX ((size_t)64 * 1024) /* of one step */
#define WORD_MAX 64
#define TRACE_MINUTE_MS 60000
#define TRACE_ARGUMENTS_MAX 64

struct tracer {
        struct command_dirs dirs;
        const char *bootstrap;
        bool json;
        const char *word, *id; /* of --measure ID */
        struct trail_wanted wanted;
        struct config *config;
        struct command_broker broker;
        struct progress progress;
        instant_t printed;     /* the instant above the last step */
};

/* -- What is asked -- */

/* The option that an argument is, with its value in the next one (*ret_valued) or not; NULL: none of these. */
static const struct option_row *tracer_option(const struct option_row *rows, const char *arg, bool *ret_valued) {
        for (const struct option_row *row = rows; row->kind != OPTION_END; row++) {
                size_t n = strlen(row->name);

                *ret_valued = row->kind == OPTION_TEXT && strcmp(arg, row->name) == 0;
                if (strncmp(arg, row->name, n) == 0 && (arg[n] == '\0' || arg[n] == '='))
                        return row;
        }
        return NULL;
}

/* Takes --measure ID out, of whatever name: which ids there are stands in the schemas. The rest goes to @rest. */
static int tracer_take_id(int argc, char **argv, const struct option_row *rows, struct tracer *c, char **rest, int *rest_n) {
        *rest_n = 0;
        for (int i = 0; i < argc; i++) {
                bool valued;
                char *value;

                if (*rest_n + 2 >= TRACE_ARGUMENTS_MAX)
                        return command_usage(NAME, "more than %d arguments", TRACE_ARGUMENTS_MAX);
                if (i == 0 || strncmp(argv[i], "--", 2) != 0 || argv[i][2] == '\0' || tracer_option(rows, argv[i], &valued)) {
                        rest[(*rest_n)++] = argv[i];
                        if (i > 0 && tracer_option(rows, argv[i], &valued) && valued && i + 1 < argc)
                                rest[(*rest_n)++] = argv[++i];
                        continue;
                }
                if (c->word)
                        return command_usage(NAME, "one id, not both %s and %s", c->word, argv[i]);
                c->word = argv[i];
                value = strchr(argv[i], '=');
                if (value)
                        *value++ = '\0';
                else if (i + 1 < argc)
                        value = argv[++i];
                if (!value)
                        return command_usage(NAME, "the option %s needs a value", c->word);
                c->id = value;
        }
        return 0;
}

static int tracer_arguments(int argc, char **argv, struct tracer *c) {
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &c->dirs.config), OPTION_TEXT_ROW("--schemas", &c->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &c->bootstrap), OPTION_FLAG_ROW("--json", &c->json), OPTION_END_ROW,
        };
        char *rest[TRACE_ARGUMENTS_MAX];
        const char *arguments[OPTION_ARGUMENTS_MAX];
        int n = 0, rest_n, status = tracer_take_id(argc, argv, rows, c, rest, &rest_n);

        if (status == 0)
                status = options_read(rest_n, rest, rows, arguments, &n);
        if (status)
                return status;
        if (n > 0)
                return command_usage(NAME, "'%s' is one argument too many; an id is said with its name, as --case %s", arguments[0], arguments[0]);
        if (!c->word)
                return command_usage(NAME, "an id is missing: --case ID, --event ID, or another that events have, such as --measure ID");
        if (!uuid_parse(c->id, strlen(c->id), &c->wanted.id))
                return command_usage(NAME, "%s '%s' is no id; expected a UUID of 36 characters, lower case", c->word, c->id);
        return 0;
}

/* Which field of events it is; of a name that is none the nearest, of ids and of options. */
static int tracer_find_field(struct tracer *c) {
        static const char *const options[] = {"--config", "--schemas", "--bootstrap", "--json", "--help"};
        char field[WORD_MAX], hint[NEAREST_HINT_MAX], option_hint[NEAREST_HINT_MAX];
        struct nearest nearest = NEAREST_INIT(field), nearest_option = NEAREST_INIT(c->word);

        (void) snprintf(field, sizeof(field), "%s_id", c->word + 2);
        for (char *p = field; *p; p++)
                *p = *p == '-' ? '_' : *p;
        c->wanted.field = trail_field(c->config->types, c->word + 2, &nearest);
        if (c->wanted.field)
                return 0;
        for (size_t i = 0; i < ELEMENTS(options); i++)
                nearest_try(&nearest_option, options[i]);
        (void) nearest_hint(&nearest, hint);
        return command_usage(NAME, "no option '%s', and no event has such an id%s", c->word, hint[0] ? hint : nearest_hint(&nearest_option, option_hint));
}

/* -- Printing -- */

/* Steps of one instant stand below it. */
static void tracer_line(struct tracer *c, const struct trail_step *step, struct buffer *out) {
        instant_t minute = step->at - step->at % TRACE_MINUTE_MS;
        const struct uuid none = {{0}};
        char id[UUID_TEXT + 1];

        if (minute != c->printed) {
                instant_print_dutch(step->at, out);
                buffer_add_text(out, "\n");
        }
        c->printed = minute;
        buffer_add_text(out, "  ");
        trail_say_step(step, c->config->organisations, LANGUAGE_NL, out);
        buffer_add_text(out, "\n    ");
        trail_say_place(step, out);
        uuid_format(&step->event_id, id);
        if (!uuid_equal(&step->event_id, &none))
                buffer_printf(out, ", bericht %s", id);
}

static int tracer_print(struct tracer *c, const struct trail *trail) {
        CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(LINE_BYTES_MAX);
        const struct trail_step *const *steps;
        struct error err;
        size_t n;

        steps = trail_steps(trail, &n);
        c->printed = INSTANT_NEVER;
        for (size_t i = 0; i < n; i++) {
                struct json_writer w = JSON_WRITER(&line);

                buffer_clear(&line);
                if (c->json)
                        trail_put_step(steps[i], &w);
                else
                        tracer_line(c, steps[i], &line);
                buffer_add_byte(&line, '\n');
                if (line.failed) {
                        error_set(&err, "out of memory while a line was written");
                        return command_fail(NAME, EXIT_BROKER, &err);
                }
                if (fwrite(line.bytes, 1, line.n, stdout) != line.n)
                        break; /* said by command_flush() */
        }
        return command_flush(NAME);
}

static void tracer_read_progress(void *ctx, uint64_t records) {
        struct tracer *c = ctx;

        if (progress_due(&c->progress))
                progress_say(&c->progress, NAME, "%" PRIu64 " records read", records);
}

static int tracer_ask(struct tracer *c) {
        const struct clock clock = clock_system();
        const struct live_watch watch = {.read = tracer_read_progress, .ctx = c};
        const struct trail_source source = {.config = c->config, .bus = c->broker.bus, .kafka = &c->broker.kafka, .watch = &watch,
                                            .now = clock_realtime(&clock)};
        CLEANUP(trail_free_p) struct trail *trail = NULL;
        struct error err = {0}, readers;
        int r;

        c->progress = progress_begin();
        r = trail_read(&source, &c->wanted, &trail, &readers, &err);
        progress_clear(&c->progress);
        if (r == TRAIL_E_NONE) {
                error_set(&err, "nothing on the broker is about %s %s", c->wanted.field, c->id);
                return command_fail(NAME, EXIT_NO, &err);
        }
        if (r) {
                if (!err.text[0])
                        error_set(&err, "the broker could not be asked: %s", strerror(-r));
                return command_fail(NAME, EXIT_BROKER, &err);
        }
        if (readers.text[0])
                fprintf(stderr, "ketenwacht " NAME ": who reads the inboxes is not known: %s\n", readers.text);
        return tracer_print(c, trail);
}

static int tracer_run(int argc, char **argv) {
        struct tracer c = {.dirs = command_dirs()};
        int status = tracer_arguments(argc, argv, &c);

        if (status == EXIT_DONE)
                status = command_configuration(NAME, &c.dirs, &c.config);
        if (status == EXIT_DONE)
                status = tracer_find_field(&c);
        if (status == EXIT_DONE)
                status = command_broker_read(NAME, c.dirs.config, c.bootstrap, NULL, &c.broker);
        if (status == EXIT_DONE)
                status = command_registry_open(&c.broker, c.config->types, NULL);
        if (status == EXIT_DONE)
                status = command_broker_open(NAME, &c.broker);
        if (status == EXIT_DONE)
                status = tracer_ask(&c);
        command_broker_done(&c.broker);
        config_free(c.config);
        return status;
}

const struct command command_trace = {
        .name = NAME,
        .summary = "tell the way of a record from its source to the receiver's answer",
        .help = "Usage: ketenwacht trace --case ID|--event ID|--<id> ID [--json] [--bootstrap HOST:PORT,…]\n\n"
                "Tells in the order of time everything that is about an id: where an event was written or came in and what became of it, the row\n"
                "of case-state that remembers it, the inboxes in which it or what follows from it stands, how each delivery ended (status, tries)\n"
                "or for whom it waits and why, dead letters, and what of them was sent again. Joins no group and changes nothing. Personal fields\n"
                "are never shown.\n\n"
                "  --case ID          all of one case\n"
                "  --event ID         one event or telling: its posts and copies, what replaces, withdraws or refuses it, and what is told of norms\n"
                "                     whose instance it is\n"
                "  --<id> ID          what names any other id of events: --measure, --referral, --obstruction, --incident, --concern, --request,\n"
                "                     --decision, --alert, and whatever else the schemas have as a field <id>_id\n"
                "  --json             one JSON object a line in place of Dutch text: \"step\" is written (to an outbox, with \"state\": waiting for\n"
                "                     admission, or read), published (with \"state\": waiting, fact, duplicate, refused), fact, told (with\n"
                "                     \"delivery\", the latest of each reader), delivery, dead-letter or sent-again\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR       configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR      schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "An id that is no case_id is looked for in all topics and facts first, which takes as long as reading them does.\n"
                "Exit status: 0 done, 1 nothing is about the id, 2 wrong usage or configuration, 3 the broker failed.\n",
        .run = tracer_run,
};
