/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht console`: pages for people, and JSON for their programs. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/allocator.h"
#include "bus/pulse.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/console_user.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "console/process.h"
#include "health/health.h"

#define NAME "console"
#define CONSOLE_LOOK_MS 1000
#define CONSOLE_PATH_MAX 4096
#define CONSOLE_SETTINGS_BYTES ((size_t)16 << 20)

struct console_run {
        struct command_dirs dirs;
        const char *bootstrap, *path;
        bool open, has_metrics;
        uint16_t port, metrics_port;
        struct config *config;
        struct arena *arena;
        struct console_settings settings;
        struct command_broker broker;
        struct metrics *metrics;
        struct pulse *pulse;
        struct health *health;
        struct console_process *process;
        struct stop stop;
        struct log log;
};

/* -- Arguments -- */

static int console_read_port(const char *option, const char *value, uint16_t *ret) {
        int64_t number;

        if (!text_to_int64(text_of(value), &number) || number < 0 || number > UINT16_MAX)
                return command_usage(NAME, "%s '%s' is no port; expected 0 (any that is free) to %d", option, value, UINT16_MAX);
        *ret = (uint16_t)number;
        return EXIT_DONE;
}

static int console_read_arguments(int argc, char **argv, struct console_run *run) {
        const char *arguments[OPTION_ARGUMENTS_MAX], *metrics = NULL, *port = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &run->dirs.config), OPTION_TEXT_ROW("--schemas", &run->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &run->bootstrap), OPTION_TEXT_ROW("--metrics", &metrics), OPTION_TEXT_ROW("--port", &port),
                OPTION_FLAG_ROW("--open-on-localhost", &run->open), OPTION_END_ROW,
        };
        int n = 0, status = options_read(argc, argv, rows, arguments, &n);

        if (status == EXIT_DONE && n > 1)
                status = command_usage(NAME, "'%s' is one argument too many", arguments[1]);
        if (status == EXIT_DONE && run->open && n > 0)
                status = command_usage(NAME, "--open-on-localhost needs no file: everybody who reaches it may do everything");
        if (status == EXIT_DONE && port && !run->open)
                status = command_usage(NAME, "--port goes with --open-on-localhost; otherwise the file says where to listen");
        if (status == EXIT_DONE && metrics) {
                run->has_metrics = true;
                status = console_read_port("--metrics", metrics, &run->metrics_port);
        }
        if (status == EXIT_DONE && port)
                status = console_read_port("--port", port, &run->port);
        run->path = n > 0 ? arguments[0] : NULL;
        return status;
}

/* -- Health -- */

static void console_is_ready(void *ctx, struct health_reasons *reasons) {
        const struct console_run *run = ctx;
        instant_t since;

        if (pulse_is_silent(run->pulse, &since))
                health_reason_silent(reasons, run->broker.bootstrap, since);
}

static int console_open_health(struct console_run *run) {
        struct health_config config = {.port = run->metrics_port, .metrics = run->metrics, .ready = console_is_ready, .ctx = run, .log = &run->log};
        struct error err = {0};

        if (!run->has_metrics)
                return EXIT_DONE;
        if (pulse_new(&run->broker.kafka, &run->pulse, &err))
                return command_fail(NAME, EXIT_BROKER, &err);
        if (health_start(&config, &run->health, &err))
                return command_fail(NAME, EXIT_USAGE, &err);
        return EXIT_DONE;
}

/* -- The process -- */

static const char *console_environment(const char *name) {
        return getenv(name);
}

static int console_read_settings(struct console_run *run) {
        const struct console_settings_source source = {.organisations = run->config->organisations, .environment = console_environment};
        struct mistakes mistakes = MISTAKES_INIT;
        char path[CONSOLE_PATH_MAX];
        struct error err = {0};
        int r;

        if (run->open) {
                console_settings_open(run->port, &run->settings);
                return EXIT_DONE;
        }
        if (!run->path && (size_t)snprintf(path, sizeof(path), "%s/console.yaml", run->dirs.config) >= sizeof(path))
                return command_usage(NAME, "the name of the configuration folder is too long");
        r = console_settings_read(run->path ? run->path : path, &source, run->arena, &run->settings, &mistakes);
        if (r == 0)
                return EXIT_DONE;
        if (mistakes.n) {
                (void) fputs(buffer_text(&mistakes.text), stderr);
                error_set(&err, "the console does not start; correct the lines above (--open-on-localhost goes without a file)");
        } else {
                error_set(&err, "%s", strerror(-r));
        }
        mistakes_done(&mistakes);
        return command_fail(NAME, r == -ENOMEM ? EXIT_BROKER : EXIT_USAGE, &err);
}

static int console_prepare(struct console_run *run) {
        struct error err = {0};
        int status = command_configuration(NAME, &run->dirs, &run->config);

        if (status == EXIT_DONE && arena_new(&run->arena, CONSOLE_SETTINGS_BYTES)) {
                error_set(&err, "out of memory");
                status = command_fail(NAME, EXIT_BROKER, &err);
        }
        if (status == EXIT_DONE)
                status = console_read_settings(run);
        if (status == EXIT_DONE)
                status = command_broker_read(NAME, run->dirs.config, run->bootstrap, &run->log, &run->broker);
        if (status == EXIT_DONE)
                status = command_broker_open(NAME, &run->broker);
        if (status == EXIT_DONE && metrics_new(&run->metrics)) {
                error_set(&err, "out of memory");
                status = command_fail(NAME, EXIT_BROKER, &err);
        }
        if (status == EXIT_DONE)
                status = command_registry_open(&run->broker, run->config->types, run->metrics);
        return status == EXIT_DONE ? console_open_health(run) : status;
}

static int console_serve(struct console_run *run) {
        const struct console_process_config config = {
                .config = run->config,
                .broker = &run->broker.config,
                .settings = &run->settings,
                .kafka = &run->broker.kafka,
                .bus = run->broker.bus,
                .clock = clock_system(),
                .log = &run->log,
                .metrics = run->metrics,
        };
        struct error err = {0};
        int r;

        r = console_process_start(&config, &run->process, &err);
        if (r) {
                if (!err.text[0])
                        error_set(&err, "%s", strerror(-r));
                return command_fail(NAME, r == -ENOMEM || r == -EAGAIN ? EXIT_BROKER : EXIT_USAGE, &err);
        }
        log_line(&run->log, CONSOLE_LISTENS, LOG_STRING("address", run->settings.unix_path ? run->settings.unix_path : run->settings.address),
                 LOG_INT("port", console_process_port(run->process)));
        while (!stop_wait(&run->stop, CONSOLE_LOOK_MS))
                ;
        log_line(&run->log, STOPPING, LOG_INT("signal", run->stop.signal));
        run->process = console_process_stop(run->process);
        log_line(&run->log, STOPPED);
        return EXIT_DONE;
}

static void console_done(struct console_run *run) {
        console_process_stop(run->process);
        health_stop(run->health);
        pulse_free(run->pulse);
        command_broker_done(&run->broker);
        metrics_free(run->metrics);
        console_settings_done(&run->settings);
        arena_free(run->arena);
        config_free(run->config);
}

static int console_run(int argc, char **argv) {
        struct console_run run = {.dirs = command_dirs(),
                                  .port = CONSOLE_PORT,
                                  .log = {.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_INFO, .process = NAME}};
        int status;

        if (argc > 1 && strcmp(argv[1], "user") == 0)
                return console_user_run(argc - 1, argv + 1);
        status = console_read_arguments(argc, argv, &run);
        if (status != EXIT_DONE)
                return status;
        allocator_keep_little();
        stop_hold(&run.stop); /* before any thread begins, so that they inherit it */
        status = console_prepare(&run);
        if (status == EXIT_DONE)
                status = console_serve(&run);
        console_done(&run);
        return status;
}

const struct command command_console = {
        .name = NAME,
        .summary = "run the console: pages for operators, policy officers and organisations",
        .help = "Usage: ketenwacht console [FILE] [--bootstrap HOST:PORT,...] [--metrics PORT]\n"
                "       ketenwacht console --open-on-localhost [--port PORT] [--bootstrap HOST:PORT,...]\n"
                "       ketenwacht console user NAME --roles ROLE,... [--organisation ID]\n\n"
                "Shows what stands on the broker: the chain, its cases, alerts, refused letters and norms, to people in a browser and as JSON to\n"
                "programs (/openapi.json says what). Joins no group and stops nobody; two of them beside each other are fine. Without a broker it\n"
                "starts, says so on every page, and goes on by itself. Runs until SIGTERM or SIGINT.\n\n"
                "user asks for a password twice, without showing it, and prints the line that lets NAME in, for users: in FILE. From a pipe it takes\n"
                "the password as one line, asked once.\n\n"
                "  FILE                  where to listen, and who may see what (default: console.yaml in the configuration)\n"
                "  --open-on-localhost   without a file: on 127.0.0.1 only, and whoever reaches it may do everything. For a demonstration\n"
                "  --port PORT           of --open-on-localhost (default 8081); 0 takes any port, see the log\n"
                "  --roles LIST          of user: what NAME may: meta (figures), zaak (cases), gegevens (personal fields too), beheer (acts)\n"
                "  --organisation ID     of user: NAME sees that organisation's part of the chain and nothing else\n"
                "  --metrics PORT        answer /metrics, /healthz and /readyz on 127.0.0.1:PORT; 0 takes any port, see the log\n"
                "  --bootstrap LIST      the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR          configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR         schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "The log goes to standard error, one JSON object a line (ops/log.md explains each).\n"
                "Exit status: 0 stopped, 2 the configuration is wrong, 3 the machine or the broker failed.\n",
        .run = console_run,
};
