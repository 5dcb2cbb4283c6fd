/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht status`: how the chain stands, by what the broker alone knows; for people and for a monitoring check. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "survey/status_read.h"

#define OUTPUT_BYTES_MAX ((size_t)64 << 20)

struct status_command {
        struct command_dirs dirs;
        const char *bootstrap;
        bool json;
        struct status_limits limits;
        struct config *config;
        struct command_broker broker;
        struct arena *arena;
};

static int status_set_limit(const char *option, const char *value, int64_t *ret) {
        if (!value)
                return 0;
        if (!text_to_int64(text_of(value), ret) || *ret < 0)
                return command_usage("status", "%s '%s' is not a whole number of 0 or more", option, value);
        return 0;
}

static int status_arguments(int argc, char **argv, struct status_command *c) {
        const char *arguments[OPTION_ARGUMENTS_MAX], *late = NULL, *collect = NULL, *letters = NULL, *calendar = NULL, *hanging = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &c->dirs.config), OPTION_TEXT_ROW("--schemas", &c->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &c->bootstrap), OPTION_FLAG_ROW("--json", &c->json),
                OPTION_TEXT_ROW("--late", &late), OPTION_TEXT_ROW("--collect", &collect),
                OPTION_TEXT_ROW("--dead-letters", &letters), OPTION_TEXT_ROW("--calendar", &calendar),
                OPTION_TEXT_ROW("--hanging", &hanging), OPTION_END_ROW,
        };
        int n = 0, status = options_read(argc, argv, rows, arguments, &n);

        if (status == 0 && n > 0)
                status = command_usage("status", "'%s' is one argument too many", arguments[0]);
        if (status == 0)
                status = status_set_limit("--late", late, &c->limits.late_s);
        if (status == 0)
                status = status_set_limit("--collect", collect, &c->limits.collect_s);
        if (status == 0)
                status = status_set_limit("--dead-letters", letters, &c->limits.letters);
        if (status == 0)
                status = status_set_limit("--hanging", hanging, &c->limits.hanging_s);
        return status ? status : status_set_limit("--calendar", calendar, &c->limits.calendar_days);
}

static int status_print(const struct status_command *c, const struct status_whole *status, const struct status_problems *problems) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(OUTPUT_BYTES_MAX);
        struct error err;
        int flushed;

        if (c->json)
                status_put_json(status, problems, &out);
        else
                status_put_text(status, problems, &out);
        if (c->json)
                buffer_add_byte(&out, '\n');
        if (out.failed) {
                error_set(&err, "out of memory while the answer was written");
                return command_fail("status", EXIT_BROKER, &err);
        }
        fputs(buffer_text(&out), stdout);
        flushed = command_flush("status");
        return flushed ? flushed : problems->n > 0 ? EXIT_NO : EXIT_DONE;
}

static int status_ask(struct status_command *c) {
        const struct clock clock = clock_system();
        struct command_wait wait = {.progress = progress_begin(), .name = "status"};
        const struct live_watch watch = {.read = command_wait_read, .ctx = &wait};
        struct status_source source;
        struct status_problems problems;
        struct error err = {0};
        struct status_whole status;
        int exit = command_configuration("status", &c->dirs, &c->config), r;

        if (exit == EXIT_DONE)
                exit = command_broker_read("status", c->dirs.config, c->bootstrap, NULL, &c->broker);
        if (exit == EXIT_DONE)
                exit = command_broker_open("status", &c->broker);
        if (exit)
                return exit;
        source = (struct status_source){.config = c->config, .kafka = &c->broker.kafka, .bus = c->broker.bus, .at = clock_realtime(&clock), .watch = &watch};
        r = arena_new(&c->arena, STATUS_BYTES_MAX);
        if (r == 0)
                r = status_read(&source, c->arena, &status, &err);
        progress_clear(&wait.progress);
        if (r == 0)
                r = status_judge(&status, &c->limits, LANGUAGE_EN, c->arena, &problems);
        if (r) {
                if (!err.text[0])
                        error_set(&err, "the broker could not be asked: %s", strerror(-r));
                return command_fail("status", EXIT_BROKER, &err);
        }
        return status_print(c, &status, &problems);
}

static int status_run(int argc, char **argv) {
        struct status_command c = {.dirs = command_dirs(), .limits = STATUS_LIMITS_DEFAULT};
        int exit = status_arguments(argc, argv, &c);

        if (exit == EXIT_DONE)
                exit = status_ask(&c);
        arena_free(c.arena);
        command_broker_done(&c.broker);
        config_free(c.config);
        return exit;
}

const struct command command_status = {
        .name = "status",
        .summary = "ask the broker what waits, for whom and since when, and what is wrong",
        .help = "Usage: ketenwacht status [--json] [--late S] [--collect S] [--dead-letters N] [--calendar DAYS] [--hanging S]\n"
                "                         [--bootstrap HOST:PORT,...]\n\n"
                "Asks the broker alone, so it also answers when a worker or a connector is gone. Joins no group and changes nothing. Says what is\n"
                "wrong first; then for the workers, for each connector and for each group that reads an inbox: its members, partitions without\n"
                "an owner, how many records wait (markers of transactions are none) and how old the oldest is; inboxes that nobody ever\n"
                "collected, outboxes that nobody ever read; stopped and paused connectors; partitions with which Kafka itself is not well; open alerts by\n"
                "organisation; dead letters by code since yesterday; the version of the configuration by which each partition was written; the\n"
                "first day that the calendar does not know.\n\n"
                "Wrong (with the code that --json gives it) is:\n"
                "  NO_TOPIC           a topic is not there\n"
                "  NO_OWNER           nobody reads for the workers' group or for a connector that once ran, or partitions of it have no owner\n"
                "  LATE               what waits for workers or a connector is older than --late seconds (default 300), for a group of an\n"
                "                     organisation older than --collect seconds (default 86400)\n"
                "  NOT_COLLECTED      an inbox that nobody ever read has a record older than --collect seconds\n"
                "  NOT_ADMITTED       an outbox that nobody ever read has a record older than --late seconds\n"
                "  LOST               records were removed before they were read\n"
                "  STOPPED            a target answered 410, and nobody has resumed its connector\n"
                "  PAUSED             an operator paused a connector, and nobody has resumed it; by whom and why is said\n"
                "  DEAD_LETTERS       more than --dead-letters since the beginning of yesterday (default 0)\n"
                "  VERSION            the configuration at hand is older than the workers'\n"
                "  CALENDAR           the calendar ends within --calendar days (default 365)\n"
                "  LEADERLESS         no broker leads a partition, so nobody can read or write it\n"
                "  UNDER_REPLICATED   a partition has fewer copies in step than it should\n"
                "  HANGING            a transaction has been open for longer than --hanging seconds (default 120), and nobody reads on behind it\n\n"
                "  --json             one JSON object, on one line\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR       configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR      schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Exit status: 0 all is well, 1 something is wrong, 2 wrong usage or configuration, 3 the broker does not answer.\n",
        .run = status_run,
};
