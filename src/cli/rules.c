/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht rules`: the worker as a process
 *
 * Each worker has a thread of its own (worker/driver.h); the main thread waits for signals and for a worker that
 * ends, and then ends them all. The door of health looks at what the workers show of themselves.
 */

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/text.h"
#include "bus/pulse.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/upkeep.h"
#include "cluster/upkeep.h"
#include "health/health.h"
#include "worker/driver.h"

#define THREADS_MAX 64
#define INSTANCE_MAX 100
#define STEP_MS 100 /* longest wait of one step: how soon a stop is noticed */
#define LOOK_MS 200 /* between two looks of the main thread */

struct rules {
        struct command_dirs dirs;
        const char *bootstrap;
        char instance[INSTANCE_MAX + 1];
        unsigned threads;
        bool once, has_metrics;
        uint16_t metrics_port;
        struct hand_clock now;         /* once: stands still */
        struct stop stop;
        struct log log;
        struct config *config;
        struct command_broker broker;
        struct arena *arena;
        struct topics topics; /* in the arena */
        struct command_upkeep upkeep;
        struct metrics *metrics;
        struct worker_metrics *worker_metrics;
        struct health *health;
        struct pulse *pulse; /* with the door of health */
        struct worker_driver *_Atomic drivers[THREADS_MAX]; /* of .threads workers; NULL: not started */
        char instances[THREADS_MAX][INSTANCE_MAX + 16];
};

/* -- Arguments -- */

static bool rules_number_in(const char *text, int64_t least, int64_t most, int64_t *ret) {
        return text_to_int64(text_of(text), ret) && *ret >= least && *ret <= most;
}

static bool rules_good_instance(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= INSTANCE_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static int rules_set_instance(struct rules *run, const char *name) {
        if (!rules_good_instance(name))
                return command_usage("rules", "--instance '%s' is no name; expected 1 to %d of A-Z a-z 0-9 . _ -", name, INSTANCE_MAX);
        (void) snprintf(run->instance, sizeof(run->instance), "%s", name);
        return 0;
}

static int rules_set_threads(struct rules *run, const char *value) {
        int64_t number;

        if (!rules_number_in(value, 1, THREADS_MAX, &number))
                return command_usage("rules", "--threads '%s' is not a number from 1 to %d", value, THREADS_MAX);
        run->threads = (unsigned)number;
        return 0;
}

static int rules_set_metrics(struct rules *run, const char *value) {
        int64_t number;

        if (!rules_number_in(value, 0, UINT16_MAX, &number))
                return command_usage("rules", "--metrics '%s' is no port; expected 0 (any that is free) to %d", value, UINT16_MAX);
        run->has_metrics = true;
        run->metrics_port = (uint16_t)number;
        return 0;
}

static int rules_set_host_as_instance(struct rules *run) {
        char host[INSTANCE_MAX + 1] = "";

        if (gethostname(host, sizeof(host) - 1) || !rules_good_instance(host))
                return command_usage("rules", "the name of this machine cannot serve as the worker's; say --instance NAME");
        return rules_set_instance(run, host);
}

static int rules_read_arguments(int argc, char **argv, struct rules *run) {
        const char *arguments[OPTION_ARGUMENTS_MAX], *instance = NULL, *threads = NULL, *metrics = NULL, *now = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &run->dirs.config), OPTION_TEXT_ROW("--schemas", &run->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &run->bootstrap), OPTION_TEXT_ROW("--instance", &instance), OPTION_TEXT_ROW("--threads", &threads),
                OPTION_TEXT_ROW("--metrics", &metrics), OPTION_FLAG_ROW("--once", &run->once), OPTION_TEXT_ROW("--now", &now), OPTION_END_ROW,
        };
        struct clock real = clock_system();
        instant_t at = clock_realtime(&real);
        int n = 0, status = options_read(argc, argv, rows, arguments, &n);

        if (status == 0 && n > 0)
                status = command_usage("rules", "'%s' is one argument too many", arguments[0]);
        if (status == 0 && threads)
                status = rules_set_threads(run, threads);
        if (status == 0 && metrics)
                status = rules_set_metrics(run, metrics);
        if (status == 0)
                status = instance ? rules_set_instance(run, instance) : rules_set_host_as_instance(run);
        if (status == 0 && now && !instant_parse(text_of(now), &at))
                status = command_usage("rules", "--now '%s' is no instant; expected RFC 3339, as in 2023-06-15T12:00:00+02:00", now);
        if (status == 0 && now && !run->once)
                status = command_usage("rules", "--now goes with --once; without it the worker lives in the present");
        if (status == 0 && run->once && run->threads > 1)
                status = command_usage("rules", "--once reads with one thread; leave --threads out");
        hand_clock_put(&run->now, at);
        return status;
}

/* -- Questions about health, on its thread -- */

static bool rules_is_healthy(void *ctx) {
        const struct rules *run = ctx;

        for (unsigned i = 0; i < run->threads; i++) {
                const struct worker_driver *driver = atomic_load(&run->drivers[i]);

                if (driver && !worker_driver_is_healthy(driver))
                        return false;
        }
        return true;
}

static void rules_is_ready(void *ctx, struct health_reasons *reasons) {
        const struct rules *run = ctx;
        instant_t since;

        if (pulse_is_silent(run->pulse, &since))
                health_reason_silent(reasons, run->broker.bootstrap, since);

        for (unsigned i = 0; i < run->threads; i++) {
                struct worker_driver *driver = atomic_load(&run->drivers[i]);
                const char *instance = run->instances[i];
                struct worker_status status;

                if (!driver || !loop_is_open(worker_driver_loop(driver))) {
                        health_reason(reasons, "connecting", "%s has not reached the broker yet", instance);
                        continue;
                }
                worker_driver_status(driver, &status);
                if (status.restoring)
                        health_reason(reasons, "restoring", "%s restores the state of %d partitions: %d %%", instance, (int)status.restoring,
                                       (int)status.restore_percent);
                else if (!status.assigned)
                        health_reason(reasons, "joining", "%s waits for its partitions", instance);
                if (status.standing)
                        command_registry_reason(&run->broker, reasons, instance, status.standing);
                if (status.clock_away)
                        health_reason(reasons, "clock-away", "%s has a clock more than an hour from the broker's, and tells nothing", instance);
        }
}

/* Lag is known while the broker answers and every worker has its partitions restored. */
static void rules_refresh(void *ctx) {
        const struct rules *run = ctx;
        instant_t since;
        bool known = !pulse_is_silent(run->pulse, &since);

        for (unsigned i = 0; known && i < run->threads; i++) {
                struct worker_driver *driver = atomic_load(&run->drivers[i]);
                struct worker_status status = {0};

                if (driver)
                        worker_driver_status(driver, &status);
                known = status.assigned && status.restoring == 0;
        }
        worker_metrics_know_lag(run->worker_metrics, known);
}

/* -- The process -- */

static int rules_start_console(struct rules *run) {
        struct health_config config = {
                .port = run->metrics_port, .metrics = run->metrics, .healthy = rules_is_healthy, .ready = rules_is_ready,
                .refresh = rules_refresh, .ctx = run, .log = &run->log};
        struct error err = {0};

        if (!run->has_metrics)
                return 0;
        if (pulse_new(&run->broker.kafka, &run->pulse, &err))
                return command_fail("rules", EXIT_BROKER, &err);
        if (health_start(&config, &run->health, &err))
                return command_fail("rules", EXIT_USAGE, &err);
        return 0;
}

static int rules_prepare(struct rules *run) {
        struct error err = {0};
        int status = command_configuration("rules", &run->dirs, &run->config);

        if (status)
                return status;
        status = command_broker_read("rules", run->dirs.config, run->bootstrap, &run->log, &run->broker);
        if (status == 0)
                status = command_broker_open("rules", &run->broker);
        if (status)
                return status;
        if (metrics_new(&run->metrics) || worker_metrics_new(run->metrics, run->config, &run->worker_metrics, &err)) {
                if (!err.text[0])
                        error_set(&err, "out of memory");
                return command_fail("rules", EXIT_USAGE, &err);
        }
        status = command_registry_open(&run->broker, run->config->types, run->metrics);
        if (status == EXIT_DONE)
                status = command_registry_frame(&run->broker, run->config->types);
        return status ? status : rules_start_console(run);
}

static int rules_start_worker(struct rules *run, unsigned i, struct error *err) {
        const struct worker_config config = {
                .config = run->config,
                .bus = run->broker.bus,
                .clock = run->once ? hand_clock(&run->now) : clock_system(),
                .real = clock_system(),
                .log = &run->log,
                .metrics = run->worker_metrics,
                .instance = run->instances[i],
                .behind_after_ms = run->broker.config.behind_after_ms,
                .partitions = run->broker.config.partitions_said ? run->broker.config.partitions : 0,
                .retention = command_retention(&run->broker.config),
                .once = run->once,
        };
        struct worker_driver *driver;
        int r = worker_driver_start(&config, STEP_MS, &driver, err);

        if (r)
                return r;
        atomic_store(&run->drivers[i], driver);
        return 0;
}

/* The loop of a worker, or NULL when it is not started. */
static struct loop *rules_loop(const struct rules *run, unsigned i) {
        struct worker_driver *driver = atomic_load(&run->drivers[i]);

        return driver ? worker_driver_loop(driver) : NULL;
}

static bool rules_any_ended(const struct rules *run) {
        for (unsigned i = 0; i < run->threads; i++) {
                if (loop_has_ended(rules_loop(run, i)))
                        return true;
        }
        return false;
}

static bool rules_any_open(const struct rules *run) {
        for (unsigned i = 0; i < run->threads; i++) {
                if (rules_loop(run, i) && loop_is_open(rules_loop(run, i)))
                        return true;
        }
        return false;
}

/* -- The settings of topics -- */

static int rules_look(void *ctx, struct admin *admin, struct error *err) {
        const struct rules *run = ctx;

        return upkeep_check(admin, &run->topics, err);
}

/* Return: an exit status. */
static int rules_open_upkeep(struct rules *run) {
        struct error err = {0};
        int r = arena_new(&run->arena, TOPICS_BYTES_MAX);

        if (r == 0)
                r = topics_of_config(run->config, &run->broker.config, run->arena, &run->topics, &err);
        if (r) {
                if (!err.text[0])
                        error_set(&err, "out of memory");
                return command_fail("rules", r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
        }
        run->upkeep = (struct command_upkeep){.look = rules_look, .ctx = run, .log = &run->log};
        return command_upkeep_open("rules", &run->broker.kafka, &run->upkeep);
}

static bool rules_go_on(struct rules *run) {
        return !rules_any_ended(run) && command_upkeep_sound(&run->upkeep);
}

static void rules_wait_for_end(struct rules *run) {
        while (rules_go_on(run) && !stop_wait(&run->stop, LOOK_MS))
                ;
        if (run->stop.signal)
                log_line(&run->log, STOPPING, LOG_INT("signal", run->stop.signal));
}

static void rules_stop_workers(struct rules *run) {
        for (unsigned i = 0; i < run->threads; i++) {
                if (rules_loop(run, i))
                        loop_ask(rules_loop(run, i));
        }
        for (unsigned i = 0; i < run->threads; i++) {
                struct loop *loop = rules_loop(run, i);

                if (!loop)
                        continue;
                /* One that still waits for the broker has nothing to finish, and may wait as long as BUS_OPEN_MS. */
                if (run->stop.signal && !loop_has_ended(loop) && !rules_any_open(run)) {
                        log_line(&run->log, STOPPED);
                        _exit(run->once ? EXIT_BROKER : EXIT_DONE);
                }
                loop_join(loop);
        }
}

static int rules_failed(const struct rules *run, unsigned i, int r, const struct error *err) {
        char way[ERROR_WAY_MAX];

        log_line(&run->log, FAILED, LOG_STRING("instance", run->instances[i]), LOG_STRING("error", err->text), LOG_STRING("way", error_way(err, way)));
        return command_fail("rules", r == WORKER_E_CONFIG || r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, err); /* EINVAL: partitions that differ */
}

static int rules_print_once(const struct rules *run) {
        struct worker_driver *driver = atomic_load(&run->drivers[0]);
        struct worker_status status;
        struct error err;

        if (!worker_driver_is_done(driver)) {
                error_set(&err, "stopped before everything was read; nothing is wrong, run it again");
                return command_fail("rules", EXIT_BROKER, &err);
        }
        worker_driver_status(driver, &status);
        printf("{\"facts\":%lld,\"told\":%lld,\"dead\":%lld}\n", (long long)status.facts, (long long)status.told, (long long)status.dead);
        return EXIT_DONE;
}

/* The exit status of the process: of the first worker that went wrong. */
static int rules_conclude(const struct rules *run) {
        int status = command_upkeep_conclude("rules", run->instance, &run->upkeep);

        if (status)
                return status;
        for (unsigned i = 0; i < run->threads; i++) {
                struct error err = {0};
                int r = loop_outcome(rules_loop(run, i), &err);

                if (r && (r != WORKER_E_INTERRUPTED || run->once))
                        return rules_failed(run, i, r, &err);
        }
        log_line(&run->log, STOPPED);
        return run->once ? rules_print_once(run) : EXIT_DONE;
}

static int rules_drive_workers(struct rules *run) {
        for (unsigned i = 0; i < run->threads; i++) {
                struct error err = {0};
                int r = rules_start_worker(run, i, &err);

                if (r) {
                        rules_stop_workers(run);
                        return rules_failed(run, i, r, &err);
                }
        }
        rules_wait_for_end(run);
        rules_stop_workers(run);
        return rules_conclude(run);
}

static void rules_done(struct rules *run) {
        health_stop(run->health);
        pulse_free(run->pulse);
        for (unsigned i = 0; i < run->threads; i++)
                worker_driver_free(atomic_load(&run->drivers[i]));
        worker_metrics_free(run->worker_metrics);
        metrics_free(run->metrics);
        command_upkeep_done(&run->upkeep);
        arena_free(run->arena);
        command_broker_done(&run->broker);
        config_free(run->config);
}

static int rules_work(struct rules *run) {
        int status;

        stop_hold(&run->stop); /* before any thread begins, so that they inherit it */
        /*
         * A record's memory is taken by one thread of librdkafka and given back by another, or by the worker. Without tcmalloc (meson.build)
         * the C library would make an arena for each thread: they wait for each other and grow by a page at a time.
         */
        (void) mallopt(M_ARENA_MAX, (int)run->threads);
        for (unsigned i = 0; i < run->threads; i++)
                (void) snprintf(run->instances[i], sizeof(run->instances[i]), "%s-%u", run->instance, i + 1);
        status = rules_prepare(run);
        if (status == EXIT_DONE)
                status = rules_open_upkeep(run);
        if (status)
                return status;
        log_line(&run->log, STARTED, LOG_STRING("instance", run->instance), LOG_INT("threads", run->threads), LOG_INT("version", run->config->version));
        return rules_drive_workers(run);
}

static int rules_run(int argc, char **argv) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct rules));
        struct rules *run = memory;
        int status;

        if (!run) {
                struct error err;

                error_set(&err, "out of memory");
                return command_fail("rules", EXIT_BROKER, &err);
        }
        *run = (struct rules){.dirs = command_dirs(),
                            .threads = 1,
                            .log = {.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_INFO, .process = "rules"}};
        status = rules_read_arguments(argc, argv, run);
        if (status)
                return status;
        status = rules_work(run);
        rules_done(run);
        return status;
}

const struct command command_rules = {
        .name = "rules",
        .summary = "run the worker: facts in, announcements and alerts out",
        .help = "Usage: ketenwacht rules [--threads N] [--instance NAME] [--bootstrap HOST:PORT,...] [--metrics PORT]\n"
                "       ketenwacht rules --once [--now INSTANT] [--instance NAME] [--bootstrap HOST:PORT,...]\n\n"
                "Reads the event topics, decides what is to be told, and writes it, exactly once. Runs until SIGTERM or SIGINT; then it\n"
                "finishes its transaction and leaves the group. Start more of them, each with a name of its own, to divide the work.\n\n"
                "  --threads N        workers in this process (default 1); each needs a core\n"
                "  --instance NAME    this process's name, the same at every start (default: the name of the machine). Two of one name fence\n"
                "                     each other: the older one ends with status 3\n"
                "  --metrics PORT     answer /metrics, /healthz and /readyz on 127.0.0.1:PORT; 0 takes any port, see the log\n"
                "  --once             read to the ends that stand now, evaluate every case once, commit, print {\"facts\":N,\"told\":N,\"dead\":N}\n"
                "                     and end; status 3 when another worker had a part of the partitions\n"
                "  --now INSTANT      the clock of --once, RFC 3339 (default: the present)\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR       configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR      schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "The log goes to standard error, one JSON object a line (ops/log.md explains each).\n"
                "Exit status: 0 stopped or done, 2 the configuration is wrong or older than the one in case-state, or case-state or an event topic\n"
                "has a cleanup.policy with which events would be forgotten (topics plan), 3 the broker failed.\n",
        .run = rules_run,
};
