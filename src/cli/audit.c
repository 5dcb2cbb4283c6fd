/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht audit`: who saw or did what, and why. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "calendar/date.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "survey/audit_log.h"

#define NAME "audit"
#define AUDIT_OUTPUT_MAX ((size_t)64 * 1024) /* before it is written */

struct audit_command {
        struct command_dirs dirs;
        const char *bootstrap, *case_text, *from, *until;
        bool json;
        struct audit_filter filter;
        char case_id[UUID_TEXT + 1];
        struct event_types *types;
        struct command_broker broker;
        struct buffer out;
        int written; /* an exit status */
};

static int audit_read_instant(const char *option, const char *text, instant_t *ret) {
        if (!text || instant_or_date_parse(text_of(text), ret))
                return EXIT_DONE;
        return command_usage(NAME, "%s '%s' is neither a date nor an instant (2026-10-18T09:00:00+02:00)", option, text);
}

static int audit_arguments(int argc, char **argv, struct audit_command *c) {
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &c->dirs.config),   OPTION_TEXT_ROW("--schemas", &c->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &c->bootstrap),  OPTION_TEXT_ROW("--case", &c->case_text),
                OPTION_TEXT_ROW("--user", &c->filter.user),     OPTION_TEXT_ROW("--action", &c->filter.action),
                OPTION_TEXT_ROW("--from", &c->from),            OPTION_TEXT_ROW("--until", &c->until),
                OPTION_FLAG_ROW("--json", &c->json),            OPTION_END_ROW,
        };
        struct uuid case_id;
        int n = 0, status = options_read(argc, argv, rows, arguments, &n);

        if (status == EXIT_DONE && n > 0)
                status = command_usage(NAME, "'%s' is one argument too many", arguments[0]);
        if (status == EXIT_DONE && c->case_text && !uuid_parse(c->case_text, strlen(c->case_text), &case_id))
                status = command_usage(NAME, "--case '%s' is no UUID", c->case_text);
        if (status == EXIT_DONE)
                status = audit_read_instant("--from", c->from, &c->filter.from);
        if (status == EXIT_DONE)
                status = audit_read_instant("--until", c->until, &c->filter.until);
        if (status == EXIT_DONE && c->case_text) {
                uuid_format(&case_id, c->case_id); /* as it is written there */
                c->filter.object = c->case_id;
        }
        return status;
}

static int audit_print(void *ctx, const struct audit_record *record, int64_t offset, struct error *err) {
        struct audit_command *c = ctx;
        struct json_writer w = JSON_WRITER(&c->out);

        (void) offset;
        (void) err;
        if (c->json) {
                audit_record_put(record, &w);
                buffer_add_byte(&c->out, '\n');
        } else {
                audit_record_say(record, &c->out);
        }
        c->written = command_write(NAME, &c->out);
        return c->written ? -ECANCELED : 0;
}

static int audit_ask(struct audit_command *c) {
        struct audit_log_reading reading = {.filter = &c->filter, .take = audit_print, .ctx = c};
        struct error err = {0};
        int status = command_schemas(NAME, &c->dirs, &c->types), r;

        if (status == EXIT_DONE)
                status = command_broker_read(NAME, c->dirs.config, c->bootstrap, NULL, &c->broker);
        if (status == EXIT_DONE)
                status = command_broker_open(NAME, &c->broker);
        if (status)
                return status;
        reading.bus = c->broker.bus;
        reading.types = c->types;
        r = audit_log_read(&reading, &err);
        if (r == 0 || c->written)
                return c->written;
        return command_fail(NAME, EXIT_BROKER, &err);
}

static int audit_run(int argc, char **argv) {
        struct audit_command c = {.dirs = command_dirs(), .out = BUFFER_INIT(AUDIT_OUTPUT_MAX)};
        int status = audit_arguments(argc, argv, &c);

        if (status == EXIT_DONE)
                status = audit_ask(&c);
        buffer_done(&c.out);
        command_broker_done(&c.broker);
        event_types_free(c.types);
        return status;
}

const struct command command_audit = {
        .name = NAME,
        .summary = "say who saw or did what, and why",
        .help = "Usage: ketenwacht audit [--case ID] [--user U] [--action A] [--from D] [--until D] [--json]\n\n"
                "Prints what stands in audit, the oldest first: who logged in at the console, which cases and personal fields were shown to whom, what was\n"
                "exported, and every act with its reason. A line each: when, who (of which organisation), what, on what, what came of it when it was not\n"
                "done, the reason, and from which address. Sights of personal fields and acts stand there before anything was shown or done.\n"
                "ketenwacht tail audit prints the same with where it stands, and goes on.\n\n"
                "  --case ID         what was about this case\n"
                "  --user U          what this user did; of a command the name of the account\n"
                "  --action A        LOGIN, LOGIN_FAILED, LOGOUT, VIEW_CASE, VIEW_PERSONAL, SEARCH, EXPORT, REDRIVE, PAUSE, RESUME, ACKNOWLEDGE …\n"
                "  --from D          on or after this instant or date (its local midnight)\n"
                "  --until D         before it\n"
                "  --json            one JSON object a line, with the fields of schemas/audit.avsc\n"
                "  --bootstrap LIST  the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR      where broker.yaml stands (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR     schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Exit status: 0 all was printed, 2 wrong usage or configuration, 3 the broker failed.\n",
        .run = audit_run,
};
