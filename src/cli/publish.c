/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht publish`: events from a file onto the broker, for operators and tests. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/publisher.h"
#include "cli/registry.h"
#include "cluster/upkeep.h"
#include "model/lines.h"

#define LINE_MAX_BYTES ((size_t)64 * 1024)

struct publish {
        struct command_dirs dirs;
        const char *bootstrap, *as, *path; /* path NULL: standard input */
        struct config *config;
        struct command_broker broker;
        struct buffer line;
        struct progress progress;
};

static void publish_print_rejected(void *ctx, uint64_t number, enum refusal refusal, const char *field, const struct error *err) {
        struct publish *p = ctx;
        struct json_writer w = JSON_WRITER(&p->line);

        buffer_clear(&p->line);
        line_rejected_json(number, refusal, field, err, &w);
        buffer_add_byte(&p->line, '\n');
        progress_clear(&p->progress);
        (void) fwrite(p->line.bytes, 1, p->line.n, stdout); /* a full disk is told at the end */
}

static void publish_print_progress(void *ctx, const struct publisher_result *r) {
        struct publish *p = ctx;

        if (progress_due(&p->progress))
                progress_say(&p->progress, "publish", "%" PRIu64 " lines, %" PRIu64 " published, %" PRIu64 " rejected", r->lines, r->published,
                             r->rejected);
}

static int publish_arguments(int argc, char **argv, struct publish *p) {
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &p->dirs.config),
                OPTION_TEXT_ROW("--schemas", &p->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &p->bootstrap),
                OPTION_TEXT_ROW("--as", &p->as),
                OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n > 1)
                return command_usage("publish", "one FILE at most, not %d", n);
        p->path = n == 1 && strcmp(arguments[0], "-") != 0 ? arguments[0] : NULL;
        return 0;
}

static int publish_find_as(const struct publish *p, const struct organisation **ret) {
        struct nearest nearest = NEAREST_INIT(p->as);
        char hint[NEAREST_HINT_MAX];

        *ret = NULL;
        if (!p->as)
                return 0;
        *ret = organisations_find(p->config->organisations, text_of(p->as));
        if (*ret)
                return 0;
        organisations_nearest(p->config->organisations, &nearest);
        return command_usage("publish", "--as: no organisation '%s'%s", p->as, nearest_hint(&nearest, hint));
}

/* The summary comes last, whatever happened before it. */
static int publish_conclude(struct publish *p, const struct publisher_result *result, int r, struct error *err) {
        progress_clear(&p->progress);
        if (result->foreign)
                fprintf(stderr, "ketenwacht publish: %" PRIu64 " events name another source than %s; admission will refuse them\n", result->foreign, p->as);
        printf("{\"published\":%" PRIu64 ",\"rejected\":%" PRIu64, result->published, result->rejected);
        if (result->open)
                printf(",\"open\":%" PRIu64, result->open);
        printf("}\n");
        if (fflush(stdout) != 0 || ferror(stdout)) {
                error_set(err, "standard output cannot be written: %s", strerror(errno));
                return command_fail("publish", EXIT_BROKER, err);
        }
        if (r == 0)
                return result->rejected ? EXIT_NO : EXIT_DONE;
        if (r == -EBADMSG && result->lines == 0)
                return command_fail("publish", EXIT_USAGE, err);
        error_prefix(err, "stopped behind line %" PRIu64, result->lines);
        if (result->open)
                fprintf(stderr, "ketenwacht publish: of %" PRIu64 " records it is open whether the broker has them; publish again, what is there counts once\n",
                        result->open);
        return command_fail("publish", r == -EBADMSG ? EXIT_USAGE : EXIT_BROKER, err);
}

/* Whether all that is published lies where a worker reads. Return: an exit status. */
static int publish_look(struct publish *p) {
        const struct publisher_result nothing = {0};
        CLEANUP(admin_free_p) struct admin *admin = NULL;
        struct error err = {0};
        int r;

        error_set(&err, "out of memory");
        r = admin_new(&p->broker.kafka, &admin, &err);
        if (r == 0) {
                admin_patience(admin, BUS_OPEN_MS);
                r = upkeep_partitions(admin, p->broker.config.prefix, p->config->types, &err);
        }
        if (r > 0)
                return command_fail("publish", EXIT_USAGE, &err);
        return r ? publish_conclude(p, &nothing, r, &err) : EXIT_DONE;
}

/* Everything from @in, whose lines are published to the broker that is open. */
static int publish_from(struct publish *p, const struct organisation *as, FILE *in) {
        const struct publisher publisher = {
                .bus = p->broker.bus,
                .types = p->config->types,
                .organisations = p->config->organisations,
                .as = as,
                .in = in,
                .name = p->path ? p->path : "standard input",
                .rejected = publish_print_rejected,
                .progress = publish_print_progress,
                .ctx = p,
        };
        struct publisher_result result;
        struct error err = {0};
        int r = publisher_run(&publisher, &result, &err);

        return publish_conclude(p, &result, r, &err);
}

static int publish(struct publish *p) {
        const struct organisation *as;
        struct error err = {0};
        FILE *in = stdin;
        int status = command_configuration("publish", &p->dirs, &p->config);

        if (status)
                return status;
        status = publish_find_as(p, &as);
        if (status)
                return status;
        status = command_broker_read("publish", p->dirs.config, p->bootstrap, NULL, &p->broker);
        if (status == EXIT_DONE)
                status = command_registry_open(&p->broker, p->config->types, NULL);
        if (status == EXIT_DONE)
                status = command_registry_frame(&p->broker, p->config->types);
        if (status)
                return status;
        if (p->path)
                in = fopen(p->path, "re");
        if (!in) {
                error_set(&err, "%s cannot be opened: %s", p->path, strerror(errno));
                return command_fail("publish", EXIT_USAGE, &err);
        }
        status = command_broker_open("publish", &p->broker);
        if (status == 0)
                status = publish_look(p);
        if (status == 0)
                status = publish_from(p, as, in);
        if (p->path)
                (void) fclose(in); /* only read */
        return status;
}

static int publish_run(int argc, char **argv) {
        struct publish p = {.dirs = command_dirs(), .line = BUFFER_INIT(LINE_MAX_BYTES), .progress = progress_begin()};
        int status = publish_arguments(argc, argv, &p);

        if (status == 0)
                status = publish(&p);
        command_broker_done(&p.broker);
        buffer_done(&p.line);
        config_free(p.config);
        return status;
}

const struct command command_publish = {
        .name = "publish",
        .summary = "put events from a file onto the broker",
        .help = "Usage: ketenwacht publish [FILE] [--as ORGANISATION] [--bootstrap HOST:PORT,...] [--config DIR] [--schemas DIR]\n\n"
                "Reads one event a line, the JSON lines of replay without its clock lines, from FILE (default, and with -: standard\n"
                "input); or an Avro container file, as `ketenwacht export` or any other program wrote it: known by its first bytes, of which\n"
                "each datum is one event, and the type that of its record. Checks each as every connector does, and writes the good ones to the\n"
                "topic of their event. A line or datum that is refused is printed with its number and the reason, the others go on:\n"
                "  {\"effect\":\"rejected\",\"line\":7,\"code\":\"BAD_VALUE\",\"error\":…}\n"
                "Waits until all replicas have acknowledged every record, and prints last:\n"
                "  {\"published\":120,\"rejected\":1}\n\n"
                "Writes nothing (2) when the event topics have not all as many partitions as case-state: a part would lie where no worker\n"
                "reads ('Partitions that were added' in config/README.md).\n\n"
                "Publishing a file again does no harm: an event that is known by its event_id counts once.\n\n"
                "  --as ORGANISATION  write to outbox.ORGANISATION, as its own Kafka client would\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR       configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR      schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Exit status: 0 all published, 1 some lines were rejected, 2 wrong usage or configuration, 3 the broker failed.\n",
        .run = publish_run,
};
