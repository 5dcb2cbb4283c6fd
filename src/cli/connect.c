/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht connect`: runs one connector, from its file, until it is told to stop; or gives it an operator's order. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/json.h"
#include "bus/pulse.h"
#include "cli/broker.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/upkeep.h"
#include "cluster/upkeep.h"
#include "connect/act.h"
#include "connect/driver.h"
#include "connectors/connector.h"
#include "health/health.h"

#define STEP_MS 100          /* longest wait of one turn: how soon a stop is noticed */
#define LOOK_MS 50           /* between two looks of the main thread */
#define FOLDER_PATH_MAX 4096
#define ACT_LINE_MAX 1024
#define READY_TEXT_MAX 512
#define VERB_TEXT_MAX ((size_t)1 << 20)
#define CONNECT_CHECK "check"

_Static_assert(COMMAND_USER_MAX <= ORDER_BY_MAX && COMMAND_REASON_MAX <= ORDER_REASON_MAX, "what a command takes can be kept");

struct connect {
        struct command_dirs dirs;
        const char *path, *bootstrap, *metrics_text, *reason;
        const char *organisation; /* of whom alone the order is; NULL: the connector */
        const char *verb; /* "check", or one of connectors; NULL: the connector runs, or gets an order */
        bool list, pause, resume, try;
        int64_t metrics_port; /* -1: none */
        struct organisations *organisations;
        struct calendar *calendar;
        struct event_types *types;
        struct connect_file *file;
        struct command_broker broker;
        struct metrics *metrics;
        struct health *health;
        struct pulse *pulse; /* with the door of health */
        struct runtime_driver *driver;
        const char **inboxes; /* whose are delivered */
        struct command_upkeep upkeep;
        struct log log;
        struct stop stop;
};

static bool connect_acts(const struct connect *c) {
        return c->pause || c->resume;
}

static int connect_check_act(const struct connect *c) {
        if (c->verb && (connect_acts(c) || c->metrics_text || c->bootstrap))
                return command_usage("connect", "%s needs no broker, and runs nothing: it takes --config and --schemas", c->verb);
        if (c->try && (!c->verb || strcmp(c->verb, CONNECT_CHECK) != 0))
                return command_usage("connect", "--try goes with check: ketenwacht connect check --try FILE");
        if (c->pause && c->resume)
                return command_usage("connect", "--pause or --resume, not both");
        if (c->reason && !connect_acts(c))
                return command_usage("connect", "--reason goes with --pause and --resume");
        if (c->metrics_text && connect_acts(c))
                return command_usage("connect", "--metrics is for a connector that runs; --pause and --resume only give it an order");
        if (c->organisation && !connect_acts(c))
                return command_usage("connect", "--organisation goes with --pause and --resume: of which inbox alone, of those that FILE names");
        return c->pause || c->reason ? command_reason("connect", "--pause", c->reason) : EXIT_DONE;
}

static const struct connector_verb *connect_find_verb(const struct connector_ops *ops, const char *name) {
        for (const struct connector_verb *v = ops->verbs; v && v->name; v++) {
                if (strcmp(v->name, name) == 0)
                        return v;
        }
        return NULL;
}

/* A verb of any connector: whether this one has it is said when its file was read. */
static bool connect_is_verb(const char *text) {
        if (strcmp(text, CONNECT_CHECK) == 0)
                return true;
        for (size_t i = 0; connectors[i]; i++) {
                if (strcmp(text, CONNECTOR_VERB_TRY) != 0 && connect_find_verb(connectors[i], text))
                        return true;
        }
        return false;
}

/* Who only gives an order, or prints what stands in the file, has none of its secrets, and needs none. */
static bool connect_wants_secrets(const struct connect *c) {
        for (size_t i = 0; c->verb && connectors[i]; i++) {
                const struct connector_verb *verb = connect_find_verb(connectors[i], c->verb);

                if (verb && verb->offline)
                        return false;
        }
        return !connect_acts(c);
}

static int connect_arguments(int argc, char **argv, struct connect *c) {
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &c->dirs.config),
                OPTION_TEXT_ROW("--schemas", &c->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &c->bootstrap),
                OPTION_TEXT_ROW("--metrics", &c->metrics_text),
                OPTION_FLAG_ROW("--list", &c->list),
                OPTION_FLAG_ROW("--try", &c->try),
                OPTION_FLAG_ROW("--pause", &c->pause),
                OPTION_FLAG_ROW("--resume", &c->resume),
                OPTION_TEXT_ROW("--reason", &c->reason),
                OPTION_TEXT_ROW("--organisation", &c->organisation),
                OPTION_END_ROW,
        };
        const char *arguments[OPTION_ARGUMENTS_MAX];
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status || (c->list && n == 0))
                return status;
        c->verb = n > 0 && connect_is_verb(arguments[0]) ? arguments[0] : NULL;
        if (n != (c->verb ? 2 : 1))
                return command_usage("connect", n <= 1 ? "the FILE of a connector is missing, such as config/connectors/gi-http.yaml"
                                                       : "one FILE at a time: each connector is a process of its own");
        c->path = arguments[n - 1];
        c->metrics_port = -1;
        if (c->metrics_text && (!text_to_int64(text_of(c->metrics_text), &c->metrics_port) || c->metrics_port < 0 || c->metrics_port > UINT16_MAX))
                return command_usage("connect", "--metrics '%s' is no port; expected 0 (any that is free) to %d", c->metrics_text, UINT16_MAX);
        return connect_check_act(c);
}

/* -- What there is -- */

static int list_connectors(void) {
        for (size_t i = 0; connectors[i]; i++)
                printf("%-12s %s\n", connectors[i]->name, connectors[i]->summary);
        return EXIT_DONE;
}

static int help_on(const char *topic) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(1 << 20);
        struct nearest nearest = NEAREST_INIT(topic);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; connectors[i]; i++) {
                nearest_try(&nearest, connectors[i]->name);
                if (strcmp(connectors[i]->name, topic) == 0) {
                        connect_file_document(connectors[i], &text);
                        fputs(buffer_text(&text), stdout);
                        return EXIT_DONE;
                }
        }
        return command_usage("connect", "no connector '%s'%s", topic, nearest_hint(&nearest, hint));
}

/* -- What is configured -- */

static const char *environment(const char *name) {
        return getenv(name);
}

static int connect_read_all(struct connect *c, struct mistakes *mistakes) {
        char path[FOLDER_PATH_MAX];
        int r;

        if ((size_t)snprintf(path, sizeof(path), "%s/organisations.yaml", c->dirs.config) >= sizeof(path)) {
                mistakes_place(mistakes, "--config", IN_LANGUAGE(mistakes->language, "the path of the folder is too long", "het pad van de map is te lang"));
                return -EINVAL;
        }
        r = organisations_read(path, &c->organisations, mistakes);
        (void) snprintf(path, sizeof(path), "%s/calendar.yaml", c->dirs.config); /* is shorter */
        if (r == 0 && access(path, F_OK) == 0)
                r = calendar_read(path, &c->calendar, mistakes);
        if (r == 0)
                r = event_types_read(c->dirs.schemas, &c->types, mistakes);
        return r ? r : connect_file_read(c->path, connectors, c->organisations, connect_wants_secrets(c) ? environment : NULL, &c->file, mistakes);
}

static int connect_open_registry(struct connect *c) {
        struct error err;
        int status;

        if (metrics_new(&c->metrics)) {
                error_set(&err, "out of memory");
                return command_fail("connect", EXIT_BROKER, &err);
        }
        status = command_registry_open(&c->broker, c->types, c->metrics);
        return status || connect_acts(c) ? status : command_registry_frame(&c->broker, c->types);
}

static int connect_read(struct connect *c) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        int status = EXIT_DONE;

        if (connect_read_all(c, &mistakes)) {
                fputs(buffer_text(&mistakes.text), stderr);
                error_set(&err, "%s cannot be used; mend what is said above", c->path);
                status = command_fail("connect", EXIT_USAGE, &err);
        }
        mistakes_done(&mistakes);
        return status;
}

static int configure(struct connect *c) {
        int status = connect_read(c);

        if (status == EXIT_DONE)
                status = command_broker_read("connect", c->dirs.config, c->bootstrap, &c->log, &c->broker);
        if (status == EXIT_DONE)
                status = connect_open_registry(c);
        return status ? status : command_broker_open("connect", &c->broker);
}

/* -- Verbs: without a broker, and without running it -- */

static int connect_run_verb(struct connect *c) {
        const struct connector_ops *ops = c->file->ops;
        const bool check = strcmp(c->verb, CONNECT_CHECK) == 0;
        const struct connector_verb *verb = check ? (c->try ? connect_find_verb(ops, CONNECTOR_VERB_TRY) : NULL) : connect_find_verb(ops, c->verb);
        const struct connector_env env = {
                .name = c->file->name,
                .types = c->types,
                .organisations = c->organisations,
                .calendar = c->calendar,
                .clock = clock_system(),
                .log = &c->log,
                .parallel = runtime_parallel(c->file),
                .targets = c->file->targets,
                .targets_n = c->file->targets_n,
        };
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(VERB_TEXT_MAX);
        struct error err = {0};
        int r;

        if (!verb && (c->try || !check))
                return command_usage("connect", "%s has nothing to %s", ops->name, c->try ? CONNECTOR_VERB_TRY : c->verb);
        r = ops->check ? ops->check(c->file->ctx, &env, &err) : 0;
        if (r == 0 && verb)
                r = verb->run(c->file->ctx, &env, &out, &err);
        if (r < 0) {
                if (!err.text[0])
                        error_set(&err, "%s: %s", c->file->name, strerror(-r));
                return command_fail("connect", r == -EINVAL ? EXIT_USAGE : EXIT_NO, &err);
        }
        fputs(buffer_text(&out), stdout);
        if (check)
                printf("%s: %s, ready to run\n", c->file->name, ops->name);
        return command_flush("connect");
}

/* -- Orders of an operator -- */

static void act_put(const struct connect *c, const struct act_resumed *resumed) {
        CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(ACT_LINE_MAX);
        struct json_writer w = JSON_WRITER(&line);
        char since[INSTANT_TEXT + 1];

        jsonw_open_object(&w);
        jsonw_put_string(&w, c->pause ? "paused" : "resumed", c->file->name);
        if (c->organisation)
                jsonw_put_string(&w, "organisation", c->organisation);
        instant_format(resumed->paused_since, since);
        if (resumed->was_paused)
                jsonw_put_string(&w, "paused_since", since);
        if (resumed->was_stopped)
                jsonw_put_int(&w, "inbox_offset", resumed->offset);
        jsonw_close_object(&w);
        puts(buffer_text(&line));
}

/* Whose inbox is meant: *ret is NULL when it is all that the connector does. */
static int act_find(const struct connect *c, const char **ret) {
        const struct connect_file *file = c->file;
        struct nearest nearest = NEAREST_INIT(c->organisation);
        char hint[NEAREST_HINT_MAX];

        *ret = file->targets_n == 1 ? file->targets[0].organisation->id : NULL;
        for (size_t i = 0; c->organisation && i < file->targets_n; i++) {
                *ret = file->targets[i].organisation->id;
                if (strcmp(*ret, c->organisation) == 0)
                        return EXIT_DONE;
                nearest_try(&nearest, *ret);
        }
        return c->organisation ? command_usage("connect", "%s delivers nothing to '%s'%s", file->name, c->organisation, nearest_hint(&nearest, hint))
                               : EXIT_DONE;
}

static int act(struct connect *c) {
        char user[COMMAND_USER_MAX + 1];
        struct connector_act order = {
                .bus = c->broker.bus,
                .types = c->types,
                .connector = c->file->name,
                .alone = c->organisation && c->file->targets_n > 1,
                .by = user,
                .reason = c->reason,
                .clock = clock_system(),
        };
        struct act_resumed resumed = {0};
        struct error err = {0};
        int r = act_find(c, &order.organisation);

        if (r)
                return r;
        command_user(user);
        r = c->pause ? act_pause(&order, &err) : act_resume(&order, &resumed, &err);
        if (r)
                return command_fail("connect", r == ACT_E_NOTHING ? EXIT_NO : EXIT_BROKER, &err);
        act_put(c, &resumed);
        return command_flush("connect");
}

/* -- Questions about health, on its thread -- */

static bool is_healthy(void *ctx) {
        const struct connect *c = ctx;

        return runtime_driver_is_healthy(c->driver);
}

/* Of one inbox it makes the process unready; of several it is a note, as long as others are delivered. */
static void ready_say(const struct connect *c, struct health_reasons *reasons, size_t n, const char *code, const char *text) {
        const size_t all = c->file->targets_n;

        if (n < all)
                health_note(reasons, code, "%s; so %zu of its %zu inboxes", text, n, all);
        else
                health_reason(reasons, code, "%s%s", text, all > 1 ? "; so all of its inboxes" : "");
}

static void ready_inboxes(const struct connect *c, struct health_reasons *reasons, const struct runtime_status *status) {
        char text[READY_TEXT_MAX];

        if (status->braked > 0) {
                (void) snprintf(text, sizeof(text), "the target of %s%s%s wants nothing more; ketenwacht connect --resume goes on", c->file->name,
                                c->file->targets_n > 1 ? " for " : "", c->file->targets_n > 1 ? status->of_braked->id : "");
                ready_say(c, reasons, status->braked, "stopped", text);
        }
        if (status->stuck > 0) {
                (void) snprintf(text, sizeof(text),
                                "the record at offset %lld of the inbox of %s has failed %d times (last answer: %d), and what comes behind it waits; ask the "
                                "receiver why",
                                (long long)status->stuck_offset, status->of_stuck->id, status->stuck_tries, status->stuck_status);
                ready_say(c, reasons, status->stuck, "window-full", text);
        }
        if (status->halted > 0)
                health_note(reasons, "paused", "an operator paused %zu of the %zu inboxes of %s; ketenwacht status says which, who and why", status->halted,
                            c->file->targets_n, c->file->name);
}

static void is_ready(void *ctx, struct health_reasons *reasons) {
        const struct connect *c = ctx;
        struct runtime_status status;
        char paused[INSTANT_TEXT + 1];
        instant_t since;

        runtime_driver_status(c->driver, &status);
        if (pulse_is_silent(c->pulse, &since))
                health_reason_silent(reasons, c->broker.bootstrap, since);
        if (!status.assigned)
                health_reason(reasons, "joining", "%s does not have its %s: it joins, or another process of this name has it", c->file->name,
                               c->file->ops->direction == CONNECTOR_OUT ? "inbox" : "outboxes");
        if (status.looking > 0)
                health_reason(reasons, "looking", "%s reads in deliveries whether it was stopped", c->file->name);
        instant_format(status.paused_since, paused);
        if (status.paused)
                health_note(reasons, "paused", "an operator paused %s at %s; ketenwacht status says who and why, ketenwacht connect --resume lets it go on",
                             c->file->name, paused);
        ready_inboxes(c, reasons, &status);
        if (status.schemaless > 0)
                command_registry_reason(&c->broker, reasons, c->file->name, 1);
        if (status.unanswered)
                health_reason(reasons, "unanswered", "the broker did not acknowledge the latest event of %s", c->file->name);
}

static int start_console(struct connect *c) {
        const struct health_config config = {
                .port = (uint16_t)c->metrics_port, .metrics = c->metrics, .healthy = is_healthy, .ready = is_ready, .ctx = c, .log = &c->log};
        struct error err = {0};

        if (c->metrics_port < 0)
                return EXIT_DONE;
        if (pulse_new(&c->broker.kafka, &c->pulse, &err) < 0)
                return command_fail("connect", EXIT_BROKER, &err);
        if (health_start(&config, &c->health, &err) < 0)
                return command_fail("connect", EXIT_USAGE, &err);
        return EXIT_DONE;
}

/* -- Running -- */

/* Whether the topics are divided as both sides of them take it: who publishes by case, and who delivers from an inbox. */
static int connect_look(void *ctx, struct admin *admin, struct error *err) {
        const struct connect *c = ctx;
        const char *prefix = c->broker.config.prefix;

        if (c->file->ops->direction == CONNECTOR_OUT)
                return upkeep_inboxes(admin, prefix, c->inboxes, c->file->targets_n, err);
        return upkeep_partitions(admin, prefix, c->types, err);
}

static int open_upkeep(struct connect *c) {
        c->inboxes = calloc(c->file->targets_n + 1, sizeof(*c->inboxes));
        if (!c->inboxes)
                return command_fail("connect", EXIT_BROKER, &(struct error){.text = "out of memory"});
        for (size_t i = 0; i < c->file->targets_n; i++)
                c->inboxes[i] = c->file->targets[i].organisation->id;
        c->upkeep = (struct command_upkeep){.look = connect_look, .ctx = c, .log = &c->log};
        return command_upkeep_open("connect", &c->broker.kafka, &c->upkeep);
}

/* Hundreds of receivers are hundreds of connections; what may be had is taken, and the machine says when it is too little. */
static void connect_raise_files(const struct connect *c) {
        struct rlimit files;

        if (c->file->targets_n < 2 || getrlimit(RLIMIT_NOFILE, &files))
                return;
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
}

static int open_runtime(struct connect *c) {
        struct runtime_config config = {
                .file = c->file,
                .bus = c->broker.bus,
                .types = c->types,
                .organisations = c->organisations,
                .calendar = c->calendar,
                .clock = clock_system(),
                .log = &c->log,
        };
        struct loop *loop;
        struct error err = {0};
        int r;

        config.metrics = c->metrics;
        connect_raise_files(c);
        r = runtime_driver_start(&config, STEP_MS, &c->driver, &err);
        if (r) {
                if (!err.text[0])
                        error_set(&err, "%s: %s", c->file->name, strerror(-r));
                return command_fail("connect", EXIT_BROKER, &err);
        }
        loop = runtime_driver_loop(c->driver);
        while (!loop_is_open(loop) && !loop_has_ended(loop)) /* a stop that is asked for meanwhile waits: opening is bounded */
                (void) stop_wait(&c->stop, c->stop.signal ? 0 : LOOK_MS);
        if (loop_is_open(loop))
                return start_console(c);
        r = loop_outcome(loop, &err);
        return command_fail("connect", r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
}

static int run_until_stopped(struct connect *c) {
        struct loop *loop = runtime_driver_loop(c->driver);
        char way[ERROR_WAY_MAX];
        struct error err = {0};
        int status;

        log_line(&c->log, STARTED, LOG_STRING("connector", c->file->name), LOG_STRING("kind", c->file->ops->name));
        while (!loop_has_ended(loop) && command_upkeep_sound(&c->upkeep) && !stop_wait(&c->stop, LOOK_MS))
                ;
        if (c->stop.signal)
                log_line(&c->log, STOPPING, LOG_INT("signal", c->stop.signal));
        loop_ask(loop);
        loop_join(loop);
        if (loop_outcome(loop, &err)) {
                log_line(&c->log, FAILED, LOG_STRING("connector", c->file->name), LOG_STRING("error", err.text), LOG_STRING("way", error_way(&err, way)));
                return command_fail("connect", EXIT_BROKER, &err);
        }
        status = command_upkeep_conclude("connect", c->file->name, &c->upkeep);
        if (status == EXIT_DONE)
                log_line(&c->log, STOPPED);
        return status;
}

static void done(struct connect *c) {
        health_stop(c->health);
        pulse_free(c->pulse);
        command_upkeep_done(&c->upkeep);
        free(c->inboxes);
        runtime_driver_free(c->driver);
        metrics_free(c->metrics);
        command_broker_done(&c->broker);
        connect_file_free(c->file);
        event_types_free(c->types);
        organisations_free(c->organisations);
        calendar_free(c->calendar);
}

static int run_connect(int argc, char **argv) {
        struct connect c = {.dirs = command_dirs(), .log = {.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_INFO, .process = "connect"}};
        int status = connect_arguments(argc, argv, &c);

        if (status || c.list)
                return status ? status : list_connectors();
        if (c.verb) {
                status = connect_read(&c);
                if (status == EXIT_DONE)
                        status = connect_run_verb(&c);
                done(&c);
                return status;
        }
        stop_hold(&c.stop); /* before any thread begins, so that all inherit it */
        status = configure(&c);
        if (status == EXIT_DONE && connect_acts(&c))
                status = act(&c);
        else if (status == EXIT_DONE)
                status = open_upkeep(&c);
        if (status == EXIT_DONE && !connect_acts(&c))
                status = open_runtime(&c);
        if (status == EXIT_DONE && !connect_acts(&c))
                status = run_until_stopped(&c);
        done(&c);
        return status;
}

const struct command command_connect = {
        .name = "connect",
        .summary = "run a connector: events in over HTTP or from outboxes, inboxes out to webhooks",
        .help = "Usage: ketenwacht connect FILE [--bootstrap HOST:PORT,...] [--metrics PORT]\n"
                "       ketenwacht connect check FILE [--try]\n"
                "       ketenwacht connect VERB FILE\n"
                "       ketenwacht connect --pause FILE [--organisation ID] --reason TEXT [--bootstrap HOST:PORT,...]\n"
                "       ketenwacht connect --resume FILE [--organisation ID] [--reason TEXT] [--bootstrap HOST:PORT,...]\n"
                "       ketenwacht connect --list\n"
                "       ketenwacht connect --help NAME\n\n"
                "Runs the connector that FILE describes (config/connectors/) until SIGTERM or SIGINT; then it finishes what is under way,\n"
                "commits and leaves its group. Each connector is a process of its own.\n\n"
                "  check              reads FILE and says every mistake in it; needs no broker and runs nothing\n"
                "  --try              with check: asks the outside system as well, without effect there; status 1 when it does not do\n"
                "  VERB               what else a connector can do with its file, such as print tables or register a channel: --help NAME says it\n"
                "  --list             the connectors there are\n"
                "  --help NAME        every key that the file of this connector may hold\n"
                "  --pause            the connector stands still until it is resumed, in the process that runs (within seconds) and in every later\n"
                "                     one: webhook delivers nothing, admission admits nothing, gi-http answers 503 with Retry-After. readyz,\n"
                "                     ketenwacht status and the log say so. Prints {\"paused\":NAME}; status 1 when it is paused already\n"
                "  --resume           what was paused goes on, and so does what a target stopped by answering 410: where it stopped. Prints\n"
                "                     {\"resumed\":NAME,\"paused_since\":INSTANT,\"inbox_offset\":N}, of the last two what applies; status 1 when it\n"
                "                     was neither paused nor stopped\n"
                "  --organisation ID  of a FILE that names several organisations: the inbox of this one alone is paused or resumed. What its receiver\n"
                "                     stopped is resumed in no other way\n"
                "  --reason TEXT      why; it stands in audit with the name of the account, and of a pause in ketenwacht status\n"
                "  --metrics PORT     answer /metrics, /healthz and /readyz on 127.0.0.1:PORT; 0 takes any port, see the log\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR       configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR      schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "It ends with status 2 when topics were given partitions, so that events would lie where no worker, or no connector, reads\n"
                "('Partitions that were added' in config/README.md).\n\n"
                "The log goes to standard error, one JSON object a line (ops/log.md explains each).\n"
                "Exit status: 0 stopped, paused, resumed, listed or right, 1 there was nothing to pause or resume, or the outside system does not do\n"
                "what it is asked, 2 the configuration is wrong, 3 the broker failed.\n",
        .run = run_connect,
        .help_on = help_on,
};
