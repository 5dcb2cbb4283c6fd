/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht demo`: its arguments, environment and configuration; the rest is in src/demo. */

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "demo/chain.h"
#include "demo/run.h"
#include "demo/year.h"

#define SPEED_MAX 1000
#define ENV_DEFAULT ".cache/demo.env"
#define MAILS_DEFAULT ".cache/demo-mail"

struct demo_arguments {
        struct command_dirs dirs;
        bool verbose, print;
        struct demo_config run;
};

struct demo_texts { /* options as written */
        const char *seed, *cases, *speed, *port, *metrics, *console, *with, *postgres;
};

static bool demo_whole(const char *text, int64_t least, int64_t most, int64_t *ret) {
        return text_to_int64(text_of(text), ret) && *ret >= least && *ret <= most;
}

static int demo_read_port(const char *option, const char *text, uint16_t *ret) {
        int64_t number = 0;

        if (text && !demo_whole(text, 0, UINT16_MAX, &number))
                return command_usage("demo", "%s '%s' is no port; expected 0 (any that is free) to %d", option, text, UINT16_MAX);
        *ret = (uint16_t)number;
        return EXIT_DONE;
}

/* "mail,postgres": what takes part besides, separated by commas. */
static int demo_read_with(const char *text, unsigned *ret) {
        static const struct {
                const char *name;
                unsigned bit;
        } parts[] = {{"mail", CHAIN_WITH_MAIL}, {"postgres", CHAIN_WITH_POSTGRES}};

        while (text && *text) {
                const size_t n = strcspn(text, ",");
                struct text word = {text, n};
                size_t i = 0;

                while (i < ELEMENTS(parts) && !text_is(word, parts[i].name))
                        i++;
                if (i == ELEMENTS(parts))
                        return command_usage("demo", "--with '%.*s' is none of what can take part besides: mail, postgres", (int)n, text);
                *ret |= parts[i].bit;
                text += n + (text[n] == ',');
        }
        return EXIT_DONE;
}

static int demo_read_numbers(const struct demo_texts *t, struct demo_config *a) {
        int64_t number;

        if (t->seed && !demo_whole(t->seed, 0, INT64_MAX, &number))
                return command_usage("demo", "--seed '%s' is no whole number from 0 on", t->seed);
        a->seed = t->seed ? (uint64_t)number : YEAR_SEED_DEFAULT;
        if (t->cases && !demo_whole(t->cases, 1, YEAR_CASES_MAX, &number))
                return command_usage("demo", "--cases '%s' is not a number from 1 to %d", t->cases, YEAR_CASES_MAX);
        a->cases = t->cases ? (unsigned)number : YEAR_CASES_DEFAULT;
        a->has_metrics = t->metrics != NULL;
        if (demo_read_port("--port", t->port, &a->port) || demo_read_port("--metrics", t->metrics, &a->metrics_port) ||
            demo_read_port("--console", t->console, &a->console_port) || demo_read_port("--postgres", t->postgres, &a->postgres_port))
                return EXIT_USAGE;
        if (t->speed && !(text_to_double(text_of(t->speed), &a->weeks_per_second) && a->weeks_per_second >= 0 && a->weeks_per_second <= SPEED_MAX))
                return command_usage("demo", "--speed '%s' is not a number of weeks a second from 0 to %d", t->speed, SPEED_MAX);
        return 0;
}

/* Arguments are read, and nothing else. */
static int demo_with(struct demo_arguments *a) {
        CLEANUP(config_free_p) struct config *config = NULL;
        const struct log log = {.out = stderr, .clock = clock_system(), .level = a->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, .process = "demo"};
        const char *scratch = getenv("TMPDIR");
        struct command_broker broker = {0};
        struct error err = {0};
        int r, status = command_configuration("demo", &a->dirs, &config);

        a->run.config = config;
        a->run.config_folder = a->dirs.config;
        a->run.schemas_folder = a->dirs.schemas;
        a->run.log = &log;
        a->run.broker = &broker.config;
        a->run.scratch = scratch && scratch[0] ? scratch : "/tmp";
        /* The configured cluster is nobody's business here: it is the embedded one, or the one that was named. */
        if (status == EXIT_DONE && !a->print)
                status = command_broker_read("demo", a->dirs.config, a->run.bootstrap ? a->run.bootstrap : "embedded", &log, &broker);
        if (status == EXIT_DONE) {
                r = a->print ? demo_print(&a->run, &err) : demo_run(&a->run, &err);
                if (r)
                        status = command_fail("demo", r == DEMO_E_USAGE ? EXIT_USAGE : EXIT_BROKER, &err);
        }
        command_broker_done(&broker);
        return status;
}

static int demo_command(int argc, char **argv) {
        struct demo_arguments a = {.dirs = command_dirs(), .run = {.weeks_per_second = 1}};
        const char *arguments[OPTION_ARGUMENTS_MAX];
        struct demo_texts t = {0};
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &a.dirs.config), OPTION_TEXT_ROW("--schemas", &a.dirs.schemas),
                OPTION_TEXT_ROW("--seed", &t.seed),          OPTION_TEXT_ROW("--cases", &t.cases),
                OPTION_TEXT_ROW("--speed", &t.speed),        OPTION_TEXT_ROW("--port", &t.port),
                OPTION_TEXT_ROW("--metrics", &t.metrics),    OPTION_TEXT_ROW("--file", &a.run.file),
                OPTION_TEXT_ROW("--bootstrap", &a.run.bootstrap), OPTION_TEXT_ROW("--env", &a.run.env),
                OPTION_TEXT_ROW("--console", &t.console),        OPTION_TEXT_ROW("--with", &t.with),
                OPTION_TEXT_ROW("--postgres", &t.postgres),
                OPTION_FLAG_ROW("--keep", &a.run.keep),      OPTION_FLAG_ROW("--json", &a.run.json),
                OPTION_FLAG_ROW("--verbose", &a.verbose),    OPTION_FLAG_ROW("--print", &a.print),
                OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n)
                return command_usage("demo", "'%s' is one argument too many; a file goes with --file", arguments[0]);
        if (a.run.file && (t.seed || t.cases))
                return command_usage("demo", "--seed and --cases are of the generated year; leave them out with --file");
        if (a.run.env && !a.run.keep)
                return command_usage("demo", "--env goes with --keep");
        if (t.console && !a.run.keep)
                return command_usage("demo", "--console goes with --keep");
        if (!a.run.env)
                a.run.env = ENV_DEFAULT;
        a.run.mails = MAILS_DEFAULT;
        status = demo_read_with(t.with, &a.run.with);
        if (status == EXIT_DONE && !(a.run.with & CHAIN_WITH_POSTGRES) != !t.postgres)
                status = command_usage("demo", "--with postgres and --postgres PORT belong together; ops/demo --with postgres starts a database by itself");
        if (status == EXIT_DONE)
                status = demo_read_numbers(&t, &a.run);
        return status ? status : demo_with(&a);
}

const struct command command_demo = {
        .name = "demo",
        .summary = "Run the whole chain on an embedded broker, a week a second",
        .help = "Usage: ketenwacht demo [--keep] [--file EVENTS] [--seed N] [--cases N] [--speed N] [--bootstrap HOST:PORT,…]\n"
                "\n"
                "Starts an embedded broker, gi-http, the worker, a small municipality and a webhook to it, and posts a generated\n"
                "year of cases over HTTP, on a clock of a week a second. Shows what is told to whom, and at the end a summary and the\n"
                "story of one case. A day begins when all of the day before is processed, so the same seed gives the same summary.\n"
                "\n"
                "  --keep          afterwards let the clock go to the present and stay, with a console to look at it in a browser; where\n"
                "                  things are is written to .cache/demo.env\n"
                "  --env FILE      write it there instead\n"
                "  --file EVENTS   play this file instead: the lines of ketenwacht replay; - is standard input\n"
                "  --seed N        another year (default 1)\n"
                "  --cases N       cases in the generated year (default 200)\n"
                "  --speed N       weeks a second (default 1); 0: as fast as the chain goes\n"
                "  --bootstrap     a real broker; all topics and groups get the prefix demo-<process>. and are deleted at the end\n"
                "  --port N        of gi-http (default: any that is free)\n"
                "  --console PORT  of the console, with --keep (default: any that is free)\n"
                "  --with LIST     what takes part besides, separated by commas: mail (alerts to the municipality as mails, each a file in\n"
                "                  .cache/demo-mail), postgres (a row for each record of its inbox in a table; ops/demo starts the database)\n"
                "  --postgres PORT  with it: where a PostgreSQL listens on this machine, whose database zaken the role ketenwacht owns\n"
                "  --metrics PORT  answer /metrics, /healthz and /readyz on 127.0.0.1:PORT\n"
                "  --json          the summary as one JSON object, and nothing else\n"
                "  --print         only print the events of the generated year, as lines for ketenwacht replay\n"
                "  --verbose       the whole log on standard error, not only warnings\n"
                "  --config DIR, --schemas DIR  (else KETENWACHT_CONFIG and KETENWACHT_SCHEMAS, else config and schemas)\n"
                "\n"
                "Ctrl-C or SIGTERM ends it cleanly at any time. Exit status: 0 done or stopped, 2 wrong usage or configuration, 3 the\n"
                "broker or a port failed.\n",
        .run = demo_command,
};
