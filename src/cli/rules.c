/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht rules`: the worker as a process
 *
 * Each thread drives a worker of its own; the main thread waits for signals and for a worker that
 * ends, and then ends them all. The console looks at what the workers show of themselves.
 */

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "console/server.h"
#include "worker/worker.h"

#define THREADS_MAX 64
#define INSTANCE_MAX 100
#define STEP_MS 100              /* longest wait of one step: how soon a stop is noticed */
#define LOOK_MS 200              /* between two looks of the main thread */
#define STUCK_MS 150000          /* a worker whose loop has not turned for so long is not healthy: longer than any call may take */

struct seat {
        struct run *run;
        pthread_t thread;
        bool started;
        char instance[INSTANCE_MAX + 16];
        struct worker *_Atomic worker; /* shown to other threads once it is made */
        _Atomic int64_t turned;        /* monotonic ms: end of the last step */
        atomic_bool ended;
        int outcome;                   /* after ended */
        struct error err;
};

struct run {
        struct command_dirs dirs;
        const char *bootstrap;
        char instance[INSTANCE_MAX + 1];
        unsigned threads;
        bool once, has_metrics, asked; /* asked: to stop, by a signal */
        uint16_t metrics_port;
        instant_t now;                 /* once: where the clock stands still */
        struct log log;
        struct config *config;
        struct command_broker broker;
        struct metrics *metrics;
        struct worker_metrics *worker_metrics;
        struct console *console;
        atomic_bool stop;
        struct seat seats[THREADS_MAX];
};

/* -- Arguments -- */

static bool number_in(const char *text, int64_t least, int64_t most, int64_t *ret) {
        return text_to_int64(text_of(text), ret) && *ret >= least && *ret <= most;
}

static bool good_instance(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= INSTANCE_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static int set_instance(struct run *run, const char *name) {
        if (!good_instance(name))
                return command_usage("rules", "--instance '%s' is no name; expected 1 to %d of A-Z a-z 0-9 . _ -", name, INSTANCE_MAX);
        (void) snprintf(run->instance, sizeof(run->instance), "%s", name);
        return 0;
}

static int set_threads(struct run *run, const char *value) {
        int64_t number;

        if (!number_in(value, 1, THREADS_MAX, &number))
                return command_usage("rules", "--threads '%s' is not a number from 1 to %d", value, THREADS_MAX);
        run->threads = (unsigned)number;
        return 0;
}

static int set_metrics(struct run *run, const char *value) {
        int64_t number;

        if (!number_in(value, 0, UINT16_MAX, &number))
                return command_usage("rules", "--metrics '%s' is no port; expected 0 (any that is free) to %d", value, UINT16_MAX);
        run->has_metrics = true;
        run->metrics_port = (uint16_t)number;
        return 0;
}

static int set_host_as_instance(struct run *run) {
        char host[INSTANCE_MAX + 1] = "";

        if (gethostname(host, sizeof(host) - 1) || !good_instance(host))
                return command_usage("rules", "the name of this machine cannot serve as the worker's; say --instance NAME");
        return set_instance(run, host);
}

static int read_arguments(int argc, char **argv, struct run *run) {
        const char *arguments[OPTION_ARGUMENTS_MAX], *instance = NULL, *threads = NULL, *metrics = NULL, *now = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &run->dirs.config), OPTION_TEXT_ROW("--schemas", &run->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &run->bootstrap), OPTION_TEXT_ROW("--instance", &instance), OPTION_TEXT_ROW("--threads", &threads),
                OPTION_TEXT_ROW("--metrics", &metrics), OPTION_FLAG_ROW("--once", &run->once), OPTION_TEXT_ROW("--now", &now), OPTION_END_ROW,
        };
        int n = 0, status = options_read(argc, argv, rows, arguments, &n);

        if (status == 0 && n > 0)
                status = command_usage("rules", "'%s' is one argument too many", arguments[0]);
        if (status == 0 && threads)
                status = set_threads(run, threads);
        if (status == 0 && metrics)
                status = set_metrics(run, metrics);
        if (status == 0)
                status = instance ? set_instance(run, instance) : set_host_as_instance(run);
        if (status == 0 && now && !instant_parse(text_of(now), &run->now))
                status = command_usage("rules", "--now '%s' is no instant; expected RFC 3339, as in 2023-06-15T12:00:00+02:00", now);
        if (status == 0 && now && !run->once)
                status = command_usage("rules", "--now goes with --once; without it the worker lives in the present");
        if (status == 0 && run->once && run->threads > 1)
                status = command_usage("rules", "--once reads with one thread; leave --threads out");
        return status;
}

/* -- One worker -- */

static instant_t standing_now(void *ctx) {
        return ((const struct run *)ctx)->now;
}

static int64_t standing_monotonic(void *ctx) {
        struct clock real = clock_system();

        (void) ctx;
        return clock_monotonic(&real);
}

static const struct clock_ops standing_ops = {.realtime_ms = standing_now, .monotonic_ms = standing_monotonic};

static int drive(struct seat *seat) {
        struct run *run = seat->run;
        struct clock real = clock_system();
        struct worker *worker = NULL;
        struct worker_config config = {
                .config = run->config,
                .bus = run->broker.bus,
                .clock = run->once ? (struct clock){.ops = &standing_ops, .ctx = run} : real,
                .real = real,
                .log = &run->log,
                .metrics = run->worker_metrics,
                .instance = seat->instance,
                .behind_after_ms = run->broker.config.behind_after_ms,
                .partitions = run->broker.config.partitions_said ? run->broker.config.partitions : 0,
                .retention = command_retention(&run->broker.config),
                .once = run->once,
        };
        int r = worker_new(&config, &worker, &seat->err);

        if (r)
                return r;
        atomic_store(&seat->worker, worker);
        while (!atomic_load(&run->stop) && !worker_done(worker)) {
                r = worker_step(worker, STEP_MS, &seat->err);
                if (r)
                        return r;
                atomic_store(&seat->turned, clock_monotonic(&real));
        }
        return worker_stop(worker, &seat->err);
}

static void *thread_main(void *ctx) {
        struct seat *seat = ctx;

        seat->outcome = drive(seat);
        atomic_store(&seat->ended, true);
        return NULL;
}

/* -- The console's questions, on its thread -- */

static bool is_healthy(void *ctx) {
        struct run *run = ctx;
        struct clock real = clock_system();

        for (unsigned i = 0; i < run->threads; i++) {
                struct worker *worker = atomic_load(&run->seats[i].worker);
                struct worker_status status;

                if (atomic_load(&run->seats[i].ended))
                        return false;
                if (!worker)
                        continue; /* still connecting: bounded by BUS_OPEN_MS */
                worker_status(worker, &status);
                if (status.restoring == 0 && clock_monotonic(&real) - atomic_load(&run->seats[i].turned) > STUCK_MS)
                        return false;
        }
        return true;
}

static void is_ready(void *ctx, struct console_reasons *reasons) {
        struct run *run = ctx;

        for (unsigned i = 0; i < run->threads; i++) {
                const char *instance = run->seats[i].instance;
                struct worker *worker = atomic_load(&run->seats[i].worker);
                struct worker_status status;

                if (!worker) {
                        console_reason(reasons, "connecting", "%s has not reached the broker yet", instance);
                        continue;
                }
                worker_status(worker, &status);
                if (status.restoring)
                        console_reason(reasons, "restoring", "%s restores the state of %d partitions: %d %%", instance, (int)status.restoring,
                                       (int)status.restore_percent);
                else if (!status.assigned)
                        console_reason(reasons, "joining", "%s waits for its partitions", instance);
                if (status.clock_away)
                        console_reason(reasons, "clock-away", "%s has a clock more than an hour from the broker's, and tells nothing", instance);
        }
}

/* -- The process -- */

static int start_console(struct run *run) {
        struct console_config config = {
                .port = run->metrics_port, .metrics = run->metrics, .healthy = is_healthy, .ready = is_ready, .ctx = run};
        struct error err = {0};

        if (!run->has_metrics)
                return 0;
        if (console_start(&config, &run->console, &err))
                return command_fail("rules", EXIT_USAGE, &err);
        log_line(&run->log, CONSOLE_LISTENS, LOG_INT("port", console_port(run->console)));
        return 0;
}

static int prepare(struct run *run) {
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
        return start_console(run);
}

static int start_threads(struct run *run) {
        struct clock real = clock_system();

        for (unsigned i = 0; i < run->threads; i++) {
                struct seat *seat = &run->seats[i];

                seat->run = run;
                atomic_store(&seat->turned, clock_monotonic(&real));
                (void) snprintf(seat->instance, sizeof(seat->instance), "%s-%u", run->instance, i + 1);
                if (pthread_create(&seat->thread, NULL, thread_main, seat)) {
                        error_set(&seat->err, "a thread could not be started; look at the limits of this machine");
                        seat->outcome = -EAGAIN;
                        atomic_store(&seat->ended, true);
                        return -1;
                }
                seat->started = true;
        }
        return 0;
}

static bool any_ended(const struct run *run) {
        for (unsigned i = 0; i < run->threads; i++) {
                if (atomic_load(&run->seats[i].ended))
                        return true;
        }
        return false;
}

static void wait_for_end(struct run *run, const sigset_t *signals) {
        const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};

        while (!any_ended(run)) {
                int signal = sigtimedwait(signals, NULL, &look);

                if (signal > 0) {
                        run->asked = true;
                        log_line(&run->log, STOPPING, LOG_INT("signal", signal));
                        return;
                }
        }
}

static bool any_worker(struct run *run) {
        for (unsigned i = 0; i < run->threads; i++) {
                if (atomic_load(&run->seats[i].worker))
                        return true;
        }
        return false;
}

static void stop_threads(struct run *run) {
        atomic_store(&run->stop, true);
        for (unsigned i = 0; i < run->threads; i++) {
                struct worker *worker = atomic_load(&run->seats[i].worker);

                if (worker)
                        worker_interrupt(worker);
        }
        for (unsigned i = 0; i < run->threads; i++) {
                struct seat *seat = &run->seats[i];

                if (!seat->started)
                        continue;
                /* One that still waits for the broker has nothing to finish, and may wait as long as BUS_OPEN_MS. */
                if (run->asked && !atomic_load(&seat->ended) && !any_worker(run)) {
                        log_line(&run->log, STOPPED);
                        _exit(run->once ? EXIT_BROKER : EXIT_DONE);
                }
                (void) pthread_join(seat->thread, NULL); /* fails only for threads that are not ours */
        }
}

/* The exit status of the process: of the first worker that went wrong. */
static int conclude(struct run *run) {
        for (unsigned i = 0; i < run->threads; i++) {
                const struct seat *seat = &run->seats[i];

                if (seat->outcome == 0 || (seat->outcome == WORKER_E_INTERRUPTED && !run->once))
                        continue;
                log_line(&run->log, FAILED, LOG_STRING("instance", seat->instance), LOG_STRING("error", seat->err.text));
                return command_fail("rules", seat->outcome == WORKER_E_CONFIG ? EXIT_USAGE : EXIT_BROKER, &seat->err);
        }
        log_line(&run->log, STOPPED);
        if (run->once) {
                struct worker *worker = atomic_load(&run->seats[0].worker);
                struct worker_status status;
                struct error err;

                if (!worker_done(worker)) {
                        error_set(&err, "stopped before everything was read; nothing is wrong, run it again");
                        return command_fail("rules", EXIT_BROKER, &err);
                }
                worker_status(worker, &status);
                printf("{\"facts\":%lld,\"told\":%lld,\"dead\":%lld}\n", (long long)status.facts, (long long)status.told, (long long)status.dead);
        }
        return EXIT_DONE;
}

static void done(struct run *run) {
        console_stop(run->console);
        for (unsigned i = 0; i < run->threads; i++)
                worker_free(atomic_load(&run->seats[i].worker));
        worker_metrics_free(run->worker_metrics);
        metrics_free(run->metrics);
        command_broker_done(&run->broker);
        config_free(run->config);
}

static int rules(struct run *run) {
        sigset_t signals;
        int status;

        /* Blocked before any thread begins, so that they inherit it and the main thread alone takes them. */
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) pthread_sigmask(SIG_BLOCK, &signals, NULL);
        /*
         * A record's memory is taken by one thread of librdkafka and given back by another, or by the worker. Without tcmalloc (meson.build)
         * the C library would make an arena for each thread: they wait for each other and grow by a page at a time.
         */
        (void) mallopt(M_ARENA_MAX, (int)run->threads);
        status = prepare(run);
        if (status)
                return status;
        log_line(&run->log, STARTED, LOG_STRING("instance", run->instance), LOG_INT("threads", run->threads), LOG_INT("version", run->config->version));
        if (start_threads(run) == 0)
                wait_for_end(run, &signals);
        stop_threads(run);
        return conclude(run);
}

static int run_rules(int argc, char **argv) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct run));
        struct run *run = memory;
        int status;

        if (!run) {
                struct error err;

                error_set(&err, "out of memory");
                return command_fail("rules", EXIT_BROKER, &err);
        }
        *run = (struct run){.dirs = COMMAND_DIRS_DEFAULT,
                            .threads = 1,
                            .log = {.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_INFO, .process = "rules"}};
        run->now = clock_realtime(&run->log.clock);
        status = read_arguments(argc, argv, run);
        if (status)
                return status;
        status = rules(run);
        done(run);
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
                "  --config DIR       configuration (default config)\n"
                "  --schemas DIR      schemas (default schemas)\n\n"
                "The log goes to standard error, one JSON object a line (ops/log.md explains each).\n"
                "Exit status: 0 stopped or done, 2 the configuration is wrong or older than the one in case-state, 3 the broker failed.\n",
        .run = run_rules,
};
