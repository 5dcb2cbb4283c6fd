/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht tail`: what stands on topics and what comes, one JSON object a line. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "calendar/date.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/tail_avro.h"
#include "cluster/topics.h"
#include "connect/deliveries.h"
#include "survey/view.h"
#include "survey/mail.h"

#define STEP_MS 200      /* longest wait for a record: how soon a stop is noticed */
#define RECORDS_A_LOOK 64 /* records between two looks for a stop */

struct tail {
        struct command_dirs dirs;
        const char *bootstrap, *from_text, *case_text, *format;
        const char *topics[OPTION_ARGUMENTS_MAX];
        struct bus_reader_config reader_config;
        bool clear;
        struct uuid case_id;
        struct event_types *types;
        struct command_broker broker;
        struct view *view;
        struct tail_avro *avro; /* --format avro; NULL: lines of JSON */
        struct delivery_codec *codec; /* with mail: when deliveries of one case are looked for */
        struct mail *mail;
        struct bus_reader *reader;
        struct buffer line;
        struct stop stop;
};

static int tail_read_from(struct tail *t) {
        const char *from = t->from_text;
        struct bus_reader_config *c = &t->reader_config;

        if (!from || strcmp(from, "beginning") == 0) {
                c->from = BUS_FROM_BEGINNING;
        } else if (strcmp(from, "end") == 0) {
                c->from = BUS_FROM_END;
        } else if (instant_or_date_parse(text_of(from), &c->instant)) {
                c->from = BUS_FROM_INSTANT;
        } else {
                return command_usage("tail", "--from '%s' is none of beginning, end, an instant (2022-10-18T09:00:00+02:00) and a date", from);
        }
        return 0;
}

/* Records of all other topics stand under their case. */
static bool tail_has_own_keys(const char *topic) {
        return strcmp(topic, TOPIC_DELIVERIES) == 0 || strcmp(topic, TOPIC_DEAD_LETTERS) == 0 ||
               strncmp(topic, TOPIC_OUTBOX_PREFIX, strlen(TOPIC_OUTBOX_PREFIX)) == 0;
}

/* Only the partition of the case, where every topic has it in one. */
static void tail_narrow(struct tail *t) {
        for (size_t i = 0; i < t->reader_config.topics_n; i++) {
                if (tail_has_own_keys(t->topics[i]))
                        return;
        }
        t->reader_config.key = t->case_text;
        t->reader_config.key_n = t->case_text ? UUID_TEXT : 0;
}

static bool tail_is_avro(const struct tail *t) {
        return t->format && strcmp(t->format, "avro") == 0;
}

static int tail_arguments(int argc, char **argv, struct tail *t) {
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &t->dirs.config),
                OPTION_TEXT_ROW("--schemas", &t->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &t->bootstrap),
                OPTION_TEXT_ROW("--from", &t->from_text),
                OPTION_TEXT_ROW("--case", &t->case_text),
                OPTION_TEXT_ROW("--format", &t->format),
                OPTION_FLAG_ROW("--until-end", &t->reader_config.until_end),
                OPTION_FLAG_ROW("--uncommitted", &t->reader_config.uncommitted),
                OPTION_FLAG_ROW("--clear", &t->clear),
                OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, t->topics, &n);

        if (status)
                return status;
        if (n == 0)
                return command_usage("tail", "a TOPIC is missing, such as inbox.gm0014, measure-started or case-state");
        for (int i = 0; i < n; i++) {
                for (int j = 0; j < i; j++) {
                        if (strcmp(t->topics[i], t->topics[j]) == 0)
                                return command_usage("tail", "the topic %s stands there twice", t->topics[i]);
                }
        }
        if (t->case_text && !uuid_parse(t->case_text, strlen(t->case_text), &t->case_id))
                return command_usage("tail", "--case '%s' is no case_id; expected a UUID of 36 characters, lower case", t->case_text);
        for (int i = 0; t->case_text && i < n; i++) {
                if (strcmp(t->topics[i], TOPIC_AUDIT) == 0 || strcmp(t->topics[i], TOPIC_CONNECTOR_ORDERS) == 0)
                        return command_usage("tail", "%s says who did what, and of no record of which case it is; ketenwacht trace --case tells what became "
                                             "of all of a case", t->topics[i]);
        }
        if (t->format && strcmp(t->format, "json") != 0 && strcmp(t->format, "avro") != 0)
                return command_usage("tail", "--format '%s' is none of json and avro", t->format);
        if (tail_is_avro(t) && n > 1)
                return command_usage("tail", "--format avro writes one schema: name one topic, not %d", n);
        if (tail_is_avro(t) && isatty(STDOUT_FILENO))
                return command_usage("tail", "--format avro is not for a terminal: send it to a file or a program");
        t->reader_config.topics = t->topics;
        t->reader_config.topics_n = (size_t)n;
        t->reader_config.partition = BUS_ALL_PARTITIONS;
        tail_narrow(t);
        return tail_read_from(t);
}

/* What it takes to tell of which case a delivery is; schemas without deliveries have none to tell. */
static int tail_seek_deliveries(struct tail *t, struct error *err) {
        int r = 0;

        if (!t->case_text || !event_types_other(t->types, TOPIC_DELIVERIES))
                return 0;
        for (size_t i = 0; r == 0 && !t->mail && i < t->reader_config.topics_n; i++) {
                if (strcmp(t->topics[i], TOPIC_DELIVERIES) != 0)
                        continue;
                r = delivery_codec_new(t->types, &t->codec, err);
                if (r == 0)
                        r = mail_new(t->broker.bus, &t->case_id, &t->mail);
        }
        return r;
}

static int tail_open(struct tail *t) {
        struct error err = {0};
        int r = view_new(t->types, t->clear, &t->view, &err);

        if (r == 0)
                r = tail_seek_deliveries(t, &err);
        if (r == -ENOMEM)
                error_set(&err, "out of memory");
        if (r)
                return command_fail("tail", EXIT_BROKER, &err);
        /* Connecting may take long and has nothing to finish: a signal ends it at once. */
        stop_let_through();
        r = bus_reader_open(t->broker.bus, &t->reader_config, &t->reader, &err);
        stop_hold(&t->stop);
        if (r == -ENOMEM)
                error_set(&err, "out of memory");
        return r ? command_fail("tail", r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, &err) : 0;
}

static int tail_flush(struct tail *t, struct error *err) {
        if (t->avro)
                return tail_avro_flush(t->avro, err);
        if (fflush(stdout) == 0)
                return 0;
        error_set(err, "standard output cannot be written: %s", strerror(errno));
        return -EIO;
}

static int tail_is_delivery_of_case(struct tail *t, const struct bus_record *record, bool *ret, struct error *err) {
        struct delivery_record delivery;
        int r = 0;

        *ret = false;
        if (!delivery_decode(t->codec, record->value, record->value_n, &delivery))
                return 0;
        if (mail_is_unread(t->mail, &delivery)) {
                r = tail_flush(t, err);
                /* Reading an inbox may take long and has nothing to finish, as connecting. */
                stop_let_through();
                if (r == 0)
                        r = mail_read(t->mail, &delivery, err);
                stop_hold(&t->stop);
        }
        *ret = r == 0 && mail_has(t->mail, &delivery);
        return r;
}

static int tail_wants(struct tail *t, const struct bus_record *record, bool *ret, struct error *err) {
        if (t->mail && strcmp(record->topic, TOPIC_DELIVERIES) == 0)
                return tail_is_delivery_of_case(t, record, ret, err);
        *ret = !t->case_text || view_is_of_case(record, &t->case_id) ||
               (tail_has_own_keys(record->topic) && view_tells_case(t->view, record, &t->case_id));
        return 0;
}

static int tail_print(struct tail *t, struct bus_record *record, struct error *err) {
        bool wanted;
        int r = tail_wants(t, record, &wanted, err);

        if (r || !wanted)
                return r;
        if (t->avro)
                return tail_avro_record(t->avro, record, err);
        buffer_clear(&t->line);
        r = view_record(t->view, record, &t->line);
        buffer_add_byte(&t->line, '\n');
        if (r || t->line.failed) {
                error_set(err, "out of memory at %s, partition %d, offset %lld", record->topic, (int)record->partition, (long long)record->offset);
                return -ENOMEM;
        }
        if (fwrite(t->line.bytes, 1, t->line.n, stdout) != t->line.n) {
                error_set(err, "standard output cannot be written: %s", strerror(errno));
                return -EIO;
        }
        return 0;
}

/* Reads on until the end, a signal or a failure. What is printed is flushed as soon as there is nothing more at hand. */
static int tail_follow(struct tail *t, struct error *err) {
        int timeout_ms = 0;

        for (unsigned n = 1;; n++) {
                struct bus_event event;
                int r = bus_reader_poll(t->reader, timeout_ms, &event, err);

                if (r == 0 && event.kind == BUS_RECORD)
                        r = tail_print(t, &event.record, err);
                if (r || event.kind == BUS_END)
                        return r;
                if (event.kind == BUS_NONE && timeout_ms == 0)
                        r = tail_flush(t, err);
                if (r)
                        return r;
                if ((event.kind == BUS_NONE || n % RECORDS_A_LOOK == 0) && stop_wait(&t->stop, 0))
                        return 0;
                timeout_ms = event.kind == BUS_NONE ? STEP_MS : 0;
        }
}

static void tail_tell_left_out(const struct tail *t) {
        const struct error *why;
        uint64_t n = tail_avro_left_out(t->avro, &why);

        if (n > 0)
                fprintf(stderr, "ketenwacht tail: %ju records could not be read and are left out, the first: %s\n", (uintmax_t)n, why->text);
}

static int tail(struct tail *t) {
        struct error err = {0};
        int status = command_schemas("tail", &t->dirs, &t->types), r;

        if (status)
                return status;
        r = tail_is_avro(t) ? tail_avro_new(t->types, t->topics[0], t->clear, stdout, &t->avro, &err) : 0;
        if (r)
                return command_fail("tail", r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
        status = command_broker_read("tail", t->dirs.config, t->bootstrap, NULL, &t->broker);
        if (status)
                return status;
        status = command_registry_open(&t->broker, t->types, NULL);
        if (status == EXIT_DONE)
                status = command_broker_open("tail", &t->broker);
        if (status)
                return status;
        status = tail_open(t);
        if (status)
                return status;
        r = tail_follow(t, &err);
        bus_reader_close(t->reader);
        if (r == 0)
                r = tail_flush(t, &err);
        if (r == 0 && t->avro)
                tail_tell_left_out(t);
        if (r == -ENOMEM && !err.text[0])
                error_set(&err, "out of memory");
        return r ? command_fail("tail", EXIT_BROKER, &err) : EXIT_DONE;
}

static int tail_run(int argc, char **argv) {
        struct tail t = {.dirs = command_dirs(), .line = BUFFER_INIT(VIEW_BYTES_MAX)};
        int status = tail_arguments(argc, argv, &t);

        if (status)
                return status;
        stop_hold(&t.stop); /* before any thread begins, so that they inherit it */
        status = tail(&t);
        view_free(t.view);
        tail_avro_free(t.avro);
        mail_free(t.mail);
        delivery_codec_free(t.codec);
        command_broker_done(&t.broker);
        event_types_free(t.types);
        buffer_done(&t.line);
        return status;
}

const struct command command_tail = {
        .name = "tail",
        .summary = "show what stands on topics, and what comes",
        .help = "Usage: ketenwacht tail TOPIC… [--from beginning|end|INSTANT] [--until-end] [--case ID] [--clear] [--uncommitted]\n"
                "                       [--format json|avro] [--bootstrap HOST:PORT,...] [--config DIR] [--schemas DIR]\n\n"
                "Prints one record a line, and goes on until SIGINT or SIGTERM:\n"
                "  {\"topic\":…,\"partition\":…,\"offset\":…,\"timestamp\":…,\"key\":…,\"headers\":{…},\"event\":…,\"value\":{…}}\n"
                "Decodes events, what the broker tells, deliveries, dead letters, and the rows of case-state (with \"row\": fact,\n"
                "obligation, alert, copy, closed, schema or version, and a readable key CASE/KIND/ID). Bytes that it cannot decode come as\n"
                "\"hex\" with the \"error\", and never stop it. Joins no group: looking changes nothing.\n\n"
                "  --from WHERE       beginning (default), end, an instant (2022-10-18T09:00:00+02:00) or a date (its local midnight)\n"
                "  --until-end        stop at the ends that stand when it starts\n"
                "  --case ID          only this case; reads only its partition of each topic. Of dead-letters and outboxes, which stand under other\n"
                "                     keys too, also what names the case inside; of deliveries what an inbox holds (or held when it was read) for\n"
                "                     the case. With one of these three, topics are read in all their partitions. audit and connector-orders know no case\n"
                "  --clear            show personal fields; without it they are null. (Hex is never masked.)\n"
                "  --format avro      not lines but an Avro container file, of one topic: that of an event type, deliveries or audit. A block is written\n"
                "                     when there is nothing more at hand; what no schema reads is left out, and counted at the end\n"
                "  --uncommitted      also records of transactions that are open or were aborted\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR       where broker.yaml stands (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR      schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Topics are named without the configured prefix.\n"
                "Exit status: 0 stopped or at the end, 2 wrong usage (also: no such topic), 3 the broker failed.\n",
        .run = tail_run,
};
