/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench compare`: beside a Kafka Streams program and a floor, on one broker and the same input
 *
 * The measuring is done by the kit in --peers: it starts a broker, generates the input, runs bare librdkafka (the
 * floor), the Streams program and this binary in turns, and judges what came out. It runs in a copy, because it is somebody else's:
 * first as it is, with its protocol of four deadlines; then with our schemas and all our protocols, for which it has no judge.
 */

#include "bench/compare_result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "bench/bench.h"
#include "bench/child.h"

#define CASES_DEFAULT 200000
#define RUNS_DEFAULT 3
#define RATE_DEFAULT 2000
#define SECONDS_DEFAULT 30
#define PORT_DEFAULT 29692
#define FILE_MAX ((size_t)1 << 20)
#define STEPS_MAX 64

/* New topics need a moment before a transaction may write them: more of it than the kit takes, for busy machines. */
#define MORE_PATIENCE "s/^\\([[:space:]]*\\)sleep 1\\>/\\1sleep 3/"

/* Which of the kit's runs are ours to compare. */
#define RUNS_OF_FOUR "^(ks-rocksdb|ketenwacht|floor-1|floor-1-as-ketenwacht|floor-1-as-peer|ks-restart-rocksdb|ketenwacht-restart)$"
#define RUNS_OF_ALL "^(ketenwacht|floor-1-as-ketenwacht)$"

struct compare {
        struct bench_arguments arguments;
        const char *peers, *place, *steps; /* as given */
        int64_t cases, runs, rate, seconds, port;
        struct stop stop;
        struct compare_result result;
        char ketenwacht[COMMAND_PATH_MAX]; /* the program that is measured */
        char from[BENCH_PATH_MAX], lab[BENCH_PATH_MAX], config[BENCH_PATH_MAX], schemas[BENCH_PATH_MAX];
};

/* -- Files -- */

static int compare_path(char ret[BENCH_PATH_MAX], const char *folder, const char *name, struct error *err) {
        if (snprintf(ret, BENCH_PATH_MAX, "%s/%s", folder, name) < BENCH_PATH_MAX)
                return 0;
        error_set(err, "the path %s/%s is too long", folder, name);
        return -ENAMETOOLONG;
}

static int compare_write(const char *path, const void *bytes, size_t n, struct error *err) {
        FILE *f = fopen(path, "w");
        bool good = f && fwrite(bytes, 1, n, f) == n;

        if (f && fclose(f))
                good = false;
        if (good)
                return 0;
        error_set(err, "cannot write %s: %s", path, strerror(errno));
        return -EIO;
}

/* A copy of the kit in the lab, which may be written. */
static int kit_copy(struct compare *c, const char *name, char ret[BENCH_PATH_MAX], struct error *err) {
        char from[BENCH_PATH_MAX], script[BENCH_PATH_MAX];
        int r = compare_path(ret, c->lab, name, err);

        if (r)
                return r;
        r = compare_path(from, c->from, ".", err);
        if (r)
                return r;
        r = compare_path(script, ret, "run-all", err);
        if (r)
                return r;
        r = bench_child_run((const char *const[]){"rm", "-rf", ret, NULL}, &c->stop, err);
        if (r)
                return r;
        r = bench_child_run((const char *const[]){"cp", "-Rp", from, ret, NULL}, &c->stop, err);
        if (r)
                return r;
        r = bench_child_run((const char *const[]){"chmod", "-R", "u+w", ret, NULL}, &c->stop, err);
        if (r)
                return r;
        return bench_child_run((const char *const[]){"sed", "-i", MORE_PATIENCE, script, NULL}, &c->stop, err);
}

/* Our schemas of the same names in place of the kit's: the same fields in the same order, under our own names. */
static int kit_put_schemas(struct compare *c, const char *kit, struct error *err) {
        char folder[BENCH_PATH_MAX], ours[BENCH_PATH_MAX], **names;
        size_t n;
        int r = compare_path(folder, kit, "schemas", err);

        if (r)
                return r;
        r = folder_names(folder, ".avsc", &names, &n, err);
        if (r)
                return r;
        for (size_t i = 0; r == 0 && i < n; i++) {
                r = compare_path(ours, c->schemas, names[i], err);
                if (r == 0)
                        r = bench_child_run((const char *const[]){"cp", "-f", ours, folder, NULL}, &c->stop, err);
        }
        folder_names_free(names);
        return r;
}

/* Whether a line of the kit's organisations is one that the configuration has, or none at all. */
static bool kit_keeps(const struct config *config, const char *line, size_t n) {
        static const char id[] = "{id: ";
        const char *at = memmem(line, n, id, sizeof(id) - 1), *end;

        if (!at)
                return true;
        at += sizeof(id) - 1;
        end = memchr(at, ',', n - (size_t)(at - line));
        return end && organisations_find(config->organisations, (struct text){at, (size_t)(end - at)});
}

/* Events come from the kit's organisations: those that the configuration does not have would all be refused. */
static int kit_put_organisations(const char *kit, const struct config *config, struct error *err) {
        struct buffer out = BUFFER_INIT(FILE_MAX);
        char path[BENCH_PATH_MAX], *text;
        size_t n;
        int r = compare_path(path, kit, "config/organisations.yaml", err);

        if (r)
                return r;
        r = file_read(path, &text, &n, err);
        if (r)
                return r;
        for (size_t at = 0; at < n;) {
                const char *end = memchr(text + at, '\n', n - at);
                size_t length = end ? (size_t)(end - text) + 1 - at : n - at;

                if (kit_keeps(config, text + at, length))
                        buffer_add(&out, text + at, length);
                at += length;
        }
        free(text);
        r = out.failed ? -ENOMEM : compare_write(path, out.bytes, out.n, err);
        buffer_done(&out);
        return r;
}

/* -- The kit -- */

struct kit_run {
        const char *steps, *only, *check, *config, *schemas; /* NULL: the kit's own */
};

static int kit_set(struct buffer *out, size_t at[STEPS_MAX], size_t *n, const char *name, const char *value) {
        at[(*n)++] = out->n;
        buffer_printf(out, "%s=%s", name, value);
        buffer_add_byte(out, '\0');
        return out->failed ? -ENOMEM : 0;
}

static int kit_set_number(struct buffer *out, size_t at[STEPS_MAX], size_t *n, const char *name, int64_t value) {
        char text[32];

        (void) snprintf(text, sizeof(text), "%lld", (long long)value);
        return kit_set(out, at, n, name, text);
}

/* Settings of run-all, explained at its top. */
static int kit_settings(const struct compare *c, const struct kit_run *run, struct buffer *out, const char *ret[STEPS_MAX + 1]) {
        size_t at[STEPS_MAX], n = 0;
        int r = kit_set(out, at, &n, "LAB", c->lab) | kit_set(out, at, &n, "KETENWACHT", c->ketenwacht) | kit_set(out, at, &n, "STEPS", run->steps) |
                kit_set(out, at, &n, "ONLY", run->only) | kit_set(out, at, &n, "CHECK", run->check) | kit_set_number(out, at, &n, "CASES", c->cases) |
                kit_set_number(out, at, &n, "REPS", c->runs) | kit_set_number(out, at, &n, "RATE", c->rate) |
                kit_set_number(out, at, &n, "SECONDS_OF_LOAD", c->seconds) | kit_set_number(out, at, &n, "PORT", c->port);

        if (run->config)
                r |= kit_set(out, at, &n, "KETENWACHT_CONFIG", run->config);
        if (run->schemas)
                r |= kit_set(out, at, &n, "KETENWACHT_SCHEMAS", run->schemas);
        if (r)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                ret[i] = (const char *)out->bytes + at[i];
        ret[n] = NULL;
        return 0;
}

/* Runs a copy of the kit to its end; its words go to our standard error. */
static int kit_run(struct compare *c, const char *kit, const struct kit_run *run, struct compare_figures *ret, struct error *err) {
        struct buffer out = BUFFER_INIT(FILE_MAX);
        const char *environment[STEPS_MAX + 1];
        char results[BENCH_PATH_MAX], said[BENCH_PATH_MAX];
        struct bench_child child = {0};
        int r = compare_path(results, c->lab, "results", err);

        if (r == 0)
                r = compare_path(said, c->lab, "stderr", err);
        if (r == 0)
                r = compare_write(results, "", 0, err);
        if (r == 0)
                r = kit_settings(c, run, &out, environment);
        if (r == 0)
                r = bench_child_start(&(struct bench_child_config){.argv = (const char *const[]){"./run-all", NULL}, .set = environment, .folder = kit},
                                      &child, err);
        if (r == 0)
                r = bench_child_finish(&child, &c->stop, err);
        bench_child_stop(&child); /* also a broker that is on its way out */
        buffer_done(&out);
        if (r == 0 && child.status > 1) {
                error_set(err, "the kit in %s ended with status %d; the reasons of its programs are in %s", kit, child.status, said);
                r = -EIO;
        }
        if (r == 0 && child.status == 1)
                c->result.right = false; /* a verdict, or a program that failed: the lines above say which */
        return r ? r : compare_read(results, ret, err);
}

static int compare_run_four(struct compare *c, struct error *err) {
        char kit[BENCH_PATH_MAX];
        int r = kit_copy(c, "kit", kit, err);

        if (r)
                return r;
        bench_say("four deadlines: %s; %lld cases, %lld times; the kit's own lines follow", c->steps, (long long)c->cases, (long long)c->runs);
        return kit_run(c, kit, &(struct kit_run){.steps = c->steps, .only = RUNS_OF_FOUR, .check = "first"}, &c->result.four, err);
}

static int compare_run_all(struct compare *c, const struct config *config, struct error *err) {
        char kit[BENCH_PATH_MAX], own[BENCH_PATH_MAX];
        int r = kit_copy(c, "kit-all", kit, err);

        /* A configuration that leaves the number of partitions to the topics that the kit makes. */
        if (r)
                return r;
        r = compare_path(own, c->lab, "config-all", err);
        if (r)
                return r;
        r = bench_child_run((const char *const[]){"rm", "-rf", own, NULL}, &c->stop, err);
        if (r)
                return r;
        r = bench_copy_configuration(c->config, own, NULL, 0, &c->stop, err);
        if (r)
                return r;
        r = kit_put_schemas(c, kit, err);
        if (r)
                return r;
        r = kit_put_organisations(kit, config, err);
        if (r)
                return r;
        bench_say("all %zu protocols of %s: drain; the kit's own lines follow", config->protocols.n, c->config);
        return kit_run(c, kit,
                       &(struct kit_run){.steps = "drain", .only = RUNS_OF_ALL, .check = "none", .config = own, .schemas = c->schemas},
                       &c->result.all, err);
}

/* -- The command -- */

/* The kit runs elsewhere: paths must not depend on where we are. */
static int compare_absolute(const char *path, char ret[BENCH_PATH_MAX], struct error *err) {
        if (realpath(path, ret))
                return 0;
        error_set(err, "cannot find %s: %s", path, strerror(errno));
        return -errno;
}

static int compare_find(struct compare *c, struct error *err) {
        char script[BENCH_PATH_MAX];
        int r = compare_absolute(c->peers, c->from, err);

        if (r == 0)
                r = compare_path(script, c->from, "run-all", err);
        if (r == 0 && access(script, X_OK)) {
                error_set(err, "%s is not there; --peers names the folder of the kit that has the Streams program and the floor", script);
                r = -ENOENT;
        }
        if (r == 0 && mkdir(c->place, 0700) && errno != EEXIST) {
                error_set(err, "cannot make the folder %s: %s", c->place, strerror(errno));
                r = -errno;
        }
        if (r)
                return r;
        r = compare_absolute(c->place, c->lab, err);
        if (r)
                return r;
        r = compare_absolute(c->arguments.dirs.config, c->config, err);
        if (r)
                return r;
        r = compare_absolute(c->arguments.dirs.schemas, c->schemas, err);
        return r ? r : command_beside("ketenwacht", c->ketenwacht, err);
}

static int compare_measure(struct compare *c, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        int status = bench_configuration(&c->arguments, &config, err);

        if (status)
                return status;
        if (compare_find(c, err))
                return EXIT_USAGE;
        stop_hold(&c->stop);
        c->result.cases = (unsigned long long)c->cases;
        c->result.runs = (unsigned)c->runs;
        c->result.right = true;
        if (compare_run_four(c, err) || compare_run_all(c, config, err))
                return EXIT_BROKER;
        compare_print(&c->result, c->arguments.json);
        if (c->result.right)
                return EXIT_DONE;
        error_set(err, "a verdict was wrong or a program failed: see the lines above, and stderr in %s", c->lab);
        return EXIT_NO;
}

static int compare_arguments(int argc, char **argv, struct compare *c) {
        const char *cases = NULL, *runs = NULL, *rate = NULL, *seconds = NULL, *port = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&c->arguments), OPTION_TEXT_ROW("--peers", &c->peers), OPTION_TEXT_ROW("--cases", &cases),
                OPTION_TEXT_ROW("--runs", &runs), OPTION_TEXT_ROW("--rate", &rate), OPTION_TEXT_ROW("--seconds", &seconds),
                OPTION_TEXT_ROW("--port", &port), OPTION_TEXT_ROW("--lab", &c->place), OPTION_TEXT_ROW("--steps", &c->steps), OPTION_END_ROW,
        };
        const struct bench_number_row numbers[] = {
                {"--cases", &cases, 100, 10000000, &c->cases},
                {"--runs", &runs, 1, COMPARE_RUNS_MAX, &c->runs},
                {"--rate", &rate, 1, 1000000, &c->rate},
                {"--seconds", &seconds, 1, 86400, &c->seconds},
                {"--port", &port, 1024, 65534, &c->port},
        };
        int status;

        c->arguments = (struct bench_arguments)BENCH_ARGUMENTS_DEFAULT;
        c->place = "/tmp/ketenwacht-compare";
        c->steps = "drain restart latency";
        c->cases = CASES_DEFAULT, c->runs = RUNS_DEFAULT, c->rate = RATE_DEFAULT, c->seconds = SECONDS_DEFAULT, c->port = PORT_DEFAULT;
        status = bench_options(argc, argv, options);
        if (status == 0 && !c->peers)
                status = command_usage(argv[0], "say where the kit with the others is: --peers DIR");
        if (status)
                return status;
        return bench_numbers(argv[0], numbers, ELEMENTS(numbers));
}

static int compare_run(int argc, char **argv, struct error *err) {
        struct compare *c = calloc(1, sizeof(*c));
        int status;

        if (!c) {
                error_set(err, "out of memory");
                return EXIT_NO;
        }
        status = compare_arguments(argc, argv, c);
        if (status == 0)
                status = compare_measure(c, err);
        free(c);
        return status;
}

const struct bench bench_compare = {
        .name = "compare",
        .summary = "beside a Kafka Streams program and bare librdkafka, on one broker",
        .help = "Usage: ketenwacht bench compare --peers DIR [--cases N] [--runs N] [--json] [OPTION...]\n\n"
                "Runs three programs in turns on one broker and the same input: bare librdkafka that moves the same bytes (the floor), this\n"
                "binary, and a Kafka Streams program, by the kit in DIR; first with a protocol of four deadlines, then, without\n"
                "Streams, with all protocols of --config. Takes an hour at the default size; every step is said on standard error.\n"
                "Needs a JDK 17, Maven, gcc, make, Python 3, kcat and jq. SIGINT stops all that was started.\n\n"
                "CPU is user and system time of the process: of the floor and of Streams from the first record to the last commit, of\n"
                "ketenwacht its whole life. The floor is the one that writes as many and as large records as ketenwacht does.\n"
                "--json: {\"floor\"|\"ketenwacht\"|\"streams\": {\"client_us_per_event\", \"events_per_s\", \"rss_mb\", \"restart_s\", \"p99_ms\", …,\n"
                "\"spread\": {KEY: [min, median, max]}}, \"floor_as_streams\", \"ratios\", \"all_protocols\": {\"floor\", \"ketenwacht\", \"ratios\"}};\n"
                "null: not measured, or it does not apply.\n\n"
                "Options:\n"
                "  --peers DIR    the kit; nothing is written there\n"
                "  --cases N      how many cases, of five events each (default 200000)\n"
                "  --runs N       how often each is run (default 3)\n"
                "  --rate N       events a second for latency (default 2000)\n"
                "  --seconds N    how long (default 30)\n"
                "  --steps LIST   of \"drain restart latency\" (default all)\n"
                "  --lab DIR      where it builds and works (default /tmp/ketenwacht-compare); kept, so that a second time begins sooner\n"
                "  --port N       of the broker, and the next one (default 29692)\n",
        .run = compare_run,
};
