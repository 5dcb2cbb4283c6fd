/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht state copy`: the rows of one case-state into another
 *
 * For another number of partitions, another prefix or another cluster: rows do not depend on where they stand, but for
 * the partition of their case. Tellings come along, so nothing is told again. Each partition that is written says first that a
 * copy is under way, so that no worker takes half of one for the whole, and last how many partitions there are and the highest
 * configuration version that was seen. What no worker has read of the event topics comes along, unchanged, to the topics of the same names.
 * A row whose key is of a foreign length belongs to no case: it is named, counted and left where it stands, for `state repair`.
 * A copy that failed is simply done again: the same rows, written twice, are the same state, and an event counts once.
 */

#include "cli/state_copy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/murmur2.h"
#include "cluster/topics.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/progress.h"
#include "cli/unread.h"
#include "model/row_key.h"
#include "worker/live.h"
#include "worker/stray.h"

#define WAIT_MS 1000
#define WAITS_MAX 60        /* seconds without an acknowledgement before the broker counts as gone */
#define IN_FLIGHT_MAX 20000 /* rows without one */
#define NUMBER_MAX 24
#define LEFT_OUT_SAID_MAX 20 /* rows that are named; all are counted */

struct target_mark { /* what the rows v of a partition that is to be written say */
        int64_t partitions;
        bool cases;
};

struct copy {
        struct command_broker from, to;
        struct bus_producer *producer;
        struct target_mark *marks; /* by partition of the target */
        int64_t version;           /* highest seen; -1: none */
        uint64_t sent, settled, copied, events;
        struct event_types *types;
        struct progress progress;
        struct strays left_out;
        bool refused;
        struct error failure;      /* of the first row that the broker refused */
};

static void copy_settled(void *ctx, const struct bus_report *report) {
        struct copy *copy = ctx;

        copy->settled++;
        if (report->sent == BUS_SENT || copy->refused)
                return;
        copy->refused = true;
        error_set(&copy->failure, "a record was not acknowledged: %s; run it again", report->reason ? report->reason : "no answer came");
}

static int copy_wait(struct copy *copy, uint64_t most, struct error *err) {
        uint64_t before = copy->settled;

        for (unsigned waits = 0; copy->sent - copy->settled > most && !copy->refused;) {
                int r = bus_producer_poll(copy->producer, WAIT_MS, err);

                if (r)
                        return r;
                waits = copy->settled == before ? waits + 1 : 0;
                before = copy->settled;
                if (waits >= WAITS_MAX) {
                        error_set(err, "the broker acknowledged nothing for %d seconds; run it again", WAITS_MAX * WAIT_MS / 1000);
                        return -ETIMEDOUT;
                }
        }
        if (copy->refused)
                *err = copy->failure;
        return copy->refused ? -EIO : 0;
}

static int copy_send(struct copy *copy, const struct bus_record *record, struct error *err) {
        int r = copy->sent - copy->settled < IN_FLIGHT_MAX ? 0 : copy_wait(copy, IN_FLIGHT_MAX / 2, err);

        for (unsigned tries = 0; r == 0 && tries < WAITS_MAX; tries++) {
                r = bus_producer_send(copy->producer, record, NULL, err);
                if (r != BUS_E_FULL) {
                        copy->sent += r == 0;
                        return r;
                }
                r = bus_producer_poll(copy->producer, WAIT_MS, err);
        }
        if (r == 0)
                error_set(err, "the queue to the broker stays full; run it again");
        return r ? r : -ETIMEDOUT;
}

static int copy_send_row(struct copy *copy, int32_t partition, const void *key, const void *value, size_t n, struct error *err) {
        const struct bus_record row = {
                .topic = TOPIC_CASE_STATE, .partition = partition, .key = key, .key_n = ROW_KEY_BYTES, .value = value, .value_n = n};

        return copy_send(copy, &row, err);
}

/* -- The worker's own rows -- */

static int copy_send_number(struct copy *copy, int32_t partition, struct row_key mark, int64_t number, struct error *err) {
        uint8_t key[ROW_KEY_BYTES];
        char text[NUMBER_MAX];

        row_key_write(&mark, key);
        return copy_send_row(copy, partition, key, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, number), err);
}

static int copy_send_marks(struct copy *copy, int64_t partitions, struct error *err) {
        int r = 0;

        for (int32_t p = 0; p < copy->to.config.partitions && r == 0; p++) {
                r = copy_send_number(copy, p, row_key_of_partitions(), partitions, err);
                if (r == 0 && partitions != ROW_PARTITIONS_COPYING && copy->version >= 0)
                        r = copy_send_number(copy, p, row_key_of_version(), copy->version, err);
        }
        return r ? r : copy_wait(copy, 0, err);
}

/* -- Rows -- */

static int copy_look(void *ctx, struct bus_record *record, struct error *err) {
        struct copy *copy = ctx;
        struct target_mark *mark = &copy->marks[record->partition < copy->to.config.partitions ? record->partition : 0];
        struct row_key key;

        if (record->partition >= copy->to.config.partitions) {
                error_set(err, "case-state has a partition %d there, and broker.yaml says %d; set it right", record->partition, copy->to.config.partitions);
                return -EINVAL;
        }
        if (row_key_read(record->key, record->key_n, &key) == 0 && row_key_is_partitions(&key)) {
                if (!record->value || !text_to_int64((struct text){record->value, record->value_n}, &mark->partitions))
                        mark->partitions = -1;
        } else {
                mark->cases = true;
        }
        return 0;
}

static int copy_row(void *ctx, struct bus_record *record, struct error *err) {
        struct copy *copy = ctx;
        char text[UUID_TEXT + 1];
        struct row_key key;
        int64_t number;
        int r;

        if (progress_due(&copy->progress))
                progress_say(&copy->progress, "state", "%" PRIu64 " rows copied", copy->copied);
        if (row_key_read(record->key, record->key_n, &key) == ROW_KEY_E_LENGTH)
                return strays_take_foreign(&copy->left_out, record, err); /* of no case, so there is no place for it */
        if (key.kind == ROW_VERSION) {
                if (!row_key_is_partitions(&key) && !row_key_is_imprint(&key) && record->value &&
                    text_to_int64((struct text){record->value, record->value_n}, &number) &&
                    number > copy->version)
                        copy->version = number;
                return 0;
        }
        if (key.kind == ROW_SCHEMA)
                return 0; /* whoever works on it next writes those that it uses */
        uuid_format(&key.case_id, text);
        r = copy_send_row(copy, murmur2_partition(text, UUID_TEXT, copy->to.config.partitions), record->key, record->value, record->value_n, err);
        copy->copied += r == 0;
        return r;
}

/* -- The command -- */

static int copy_open(struct copy *copy, const struct command_dirs *dirs, const char *bootstrap, const char *from, const char *from_bootstrap) {
        int status = command_broker_read("state", from, from_bootstrap, NULL, &copy->from);

        if (status)
                return status;
        status = command_broker_read("state", dirs->config, bootstrap, NULL, &copy->to);
        if (status)
                return status;
        if (strcmp(copy->from.bootstrap, copy->to.bootstrap) == 0 && strcmp(copy->from.config.prefix, copy->to.config.prefix) == 0)
                return command_usage("state", "%s and %s name the same case-state; give the new one another prefix in broker.yaml", from, dirs->config);
        status = command_broker_open("state", &copy->from);
        return status ? status : command_broker_open("state", &copy->to);
}

/* New, or left by a copy that failed. Return: 0, or the exit status. */
static int copy_check_target(struct copy *copy) {
        const struct live_rows rows = {.partition = BUS_ALL_PARTITIONS, .row = copy_look, .ctx = copy};
        struct error err = {0};
        int r = live_each(copy->to.bus, &rows, &err);

        if (r)
                return command_fail("state", r == -ENOENT || r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
        for (int32_t p = 0; p < copy->to.config.partitions; p++) {
                if (copy->marks[p].partitions == ROW_PARTITIONS_COPYING || (copy->marks[p].partitions == 0 && !copy->marks[p].cases))
                        continue;
                error_set(&err, "%scase-state is in use already: partition %d has rows; copy into new topics, under a prefix of their own",
                          copy->to.config.prefix, p);
                return command_fail("state", EXIT_NO, &err);
        }
        return 0;
}

/* An event that no worker has read, unchanged, to the partition of its case there. */
static int copy_event(void *ctx, struct bus_record *record, struct error *err) {
        struct copy *copy = ctx;
        const struct bus_record event = {.topic = record->topic, .partition = BUS_BY_KEY, .key = record->key, .key_n = record->key_n,
                                         .value = record->value, .value_n = record->value_n, .headers = record->headers, .headers_n = record->headers_n};
        int r = copy_send(copy, &event, err);

        copy->events += r == 0;
        if (progress_due(&copy->progress))
                progress_say(&copy->progress, "state", "%" PRIu64 " rows and %" PRIu64 " events copied", copy->copied, copy->events);
        return r;
}

static int copy_events(struct copy *copy, struct error *err) {
        const struct unread unread = {.bus = copy->from.bus, .types = copy->types, .record = copy_event, .ctx = copy};

        return unread_each(&unread, err);
}

static int copy_all(struct copy *copy, struct error *err) {
        static const char *const topics[] = {TOPIC_CASE_STATE};
        const struct bus_producer_config config = {.settled = copy_settled, .ctx = copy, .topics = topics, .topics_n = 1};
        const struct live_rows rows = {.partition = BUS_ALL_PARTITIONS, .row = copy_row, .ctx = copy};
        int r = bus_producer_open(copy->to.bus, &config, &copy->producer, err);

        if (r)
                return r;
        r = copy_send_marks(copy, ROW_PARTITIONS_COPYING, err);
        if (r)
                return r;
        r = live_each(copy->from.bus, &rows, err);
        if (r == 0)
                r = copy_events(copy, err);
        progress_clear(&copy->progress);
        if (r)
                return r;
        r = copy_wait(copy, 0, err);
        return r ? r : copy_send_marks(copy, copy->to.config.partitions, err);
}

/* Rows that say nothing to any worker: they stay where they were. Return: how many. */
static size_t copy_say_left_out(const struct copy *copy) {
        const struct stray *stray;
        size_t n = 0;

        for (size_t i = 0; (stray = strays_next(&copy->left_out, &i));) {
                struct error said = {0};

                strays_say(stray, &said);
                if (n++ < LEFT_OUT_SAID_MAX)
                        fprintf(stderr, "ketenwacht state: left out: %s\n", said.text);
        }
        if (n > LEFT_OUT_SAID_MAX)
                fprintf(stderr, "ketenwacht state: left out: %zu more\n", n - LEFT_OUT_SAID_MAX);
        return n;
}

static int copy_run(struct copy *copy) {
        struct error err = {0};
        int r, status;

        error_set(&err, "out of memory");
        copy->marks = calloc((size_t)copy->to.config.partitions, sizeof(*copy->marks));
        if (!copy->marks)
                return command_fail("state", EXIT_BROKER, &err);
        status = copy_check_target(copy);
        if (status)
                return status;
        r = copy_all(copy, &err);
        if (r)
                return command_fail("state", r == -ENOENT || r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
        printf("{\"copied\":%" PRIu64 ",\"partitions\":%d,\"events\":%" PRIu64 ",\"left_out\":%zu}\n", copy->copied, copy->to.config.partitions,
               copy->events, copy_say_left_out(copy));
        return command_flush("state");
}

int state_copy(const struct command_dirs *dirs, const char *bootstrap, const char *from, const char *from_bootstrap) {
        struct copy copy = {.version = -1, .progress = progress_begin()};
        int status = command_schemas("state", dirs, &copy.types);

        if (status == 0)
                status = copy_open(&copy, dirs, bootstrap, from, from_bootstrap);
        if (status == 0)
                status = copy_run(&copy);
        bus_producer_close(copy.producer);
        strays_done(&copy.left_out);
        command_broker_done(&copy.to);
        command_broker_done(&copy.from);
        event_types_free(copy.types);
        free(copy.marks);
        return status;
}
