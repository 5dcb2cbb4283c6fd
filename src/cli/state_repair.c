/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht state repair`: rows of case-state that cannot be read are shown, and put aside
 *
 * Each partition is read as a worker reads it (worker/stray.h). Putting a row aside is first a dead letter that holds it, with where it
 * stood and why, and when that is acknowledged a tombstone of its key: from then on workers pass it over, and compaction removes it. Done twice it
 * leaves a second dead letter and nothing worse.
 */

#include "cli/state_repair.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "model/row_key.h"
#include "worker/live.h"
#include "worker/stray.h"

#define LINE_BYTES_MAX ((size_t)64 * 1024)
#define WAIT_MS 1000
#define WAITS_MAX 30 /* seconds without an acknowledgement */

struct repair {
        struct command_broker broker;
        struct config *config;
        struct engine *engine;
        struct store *store; /* of the partition that is read */
        struct strays strays;
        struct bus_producer *producer;
        const char *reason;  /* or NULL */
        size_t shown, aside;
        bool settled, refused;
        struct error failure;
};

static void repair_settled(void *ctx, const struct bus_report *report) {
        struct repair *repair = ctx;

        repair->settled = true;
        repair->refused = report->sent != BUS_SENT;
        if (repair->refused)
                error_set(&repair->failure, "a record was not acknowledged: %s; run it again", report->reason ? report->reason : "no answer came");
}

static int repair_take(void *ctx, struct bus_record *record, struct error *err) {
        struct repair *repair = ctx;
        struct row_key key;

        if (row_key_read(record->key, record->key_n, &key) == 0 && row_key_is_mark(&key))
                return 0;
        return strays_take(&repair->strays, repair->store, record, err);
}

/* Sends one record and waits until it stands there. Return: 0; negative errno with a sentence. */
static int repair_send(struct repair *repair, const struct bus_record *record, struct error *err) {
        int r;

        repair->settled = repair->refused = false;
        r = bus_producer_send(repair->producer, record, NULL, err);
        for (unsigned waits = 0; r == 0 && !repair->settled && waits < WAITS_MAX; waits++)
                r = bus_producer_poll(repair->producer, WAIT_MS, err);
        if (r)
                return r < 0 ? r : -EIO;
        if (!repair->settled) {
                error_set(err, "the broker acknowledged nothing for %d seconds; run it again", WAITS_MAX * WAIT_MS / 1000);
                return -ETIMEDOUT;
        }
        if (repair->refused)
                *err = repair->failure;
        return repair->refused ? -EIO : 0;
}

static int repair_put_aside(struct repair *repair, const struct stray *stray, struct error *err) {
        struct bus_record row = {.topic = TOPIC_CASE_STATE, .partition = stray->partition, .offset = stray->offset, .key = stray->key,
                                 .key_n = stray->key_n, .value = stray->value, .value_n = stray->value_n};
        struct dead_letter_why why = {.stage = "state", .code = "STRAY_ROW"};
        struct dead_letter letter;
        struct error text = {0};
        int r;

        error_set(&text, "%s; put aside: %s", stray->why.text, repair->reason);
        why.error = text.text;
        dead_letter_make(&row, &why, &letter);
        r = repair_send(repair, &letter.record, err);
        if (r)
                return r;
        row.value = NULL;
        row.value_n = 0;
        r = repair_send(repair, &row, err);
        repair->aside += r == 0;
        return r;
}

static void repair_show(struct repair *repair, const struct stray *stray, struct buffer *line) {
        struct json_writer w = JSON_WRITER(line);
        char key[STRAY_KEY_TEXT];

        buffer_clear(line);
        jsonw_open_object(&w);
        jsonw_put_int(&w, "partition", stray->partition);
        jsonw_put_int(&w, "offset", stray->offset);
        jsonw_put_string(&w, "key", stray_key_text(stray, key));
        jsonw_put_string(&w, "problem", stray->why.text);
        jsonw_close_object(&w);
        puts(buffer_text(line));
        repair->shown++;
}

static int repair_partition(struct repair *repair, int32_t partition, struct buffer *line, struct error *err) {
        const struct live_rows rows = {.partition = partition, .row = repair_take, .ctx = repair};
        const struct stray *stray;
        int r = store_new(repair->engine, &repair->store);

        if (r == 0)
                r = live_each(repair->broker.bus, &rows, err);
        for (size_t i = 0; r == 0 && (stray = strays_next(&repair->strays, &i));) {
                repair_show(repair, stray, line);
                if (repair->reason && stray->value)
                        r = repair_put_aside(repair, stray, err);
        }
        strays_done(&repair->strays);
        repair->strays = (struct strays){.keeps = true};
        repair->store = store_free(repair->store);
        return r;
}

static int repair_open(struct repair *repair, const struct command_dirs *dirs, const char *bootstrap, struct error *err) {
        static const char *const topics[] = {TOPIC_CASE_STATE, TOPIC_DEAD_LETTERS};
        const struct bus_producer_config config = {.settled = repair_settled, .ctx = repair, .topics = topics, .topics_n = 2};
        int status = command_configuration("state", dirs, &repair->config);

        if (status == 0)
                status = command_broker_read("state", dirs->config, bootstrap, NULL, &repair->broker);
        if (status == 0)
                status = command_broker_open("state", &repair->broker);
        if (status)
                return status;
        if (engine_new(repair->config, &repair->engine))
                return command_fail("state", EXIT_BROKER, err);
        if (repair->reason) {
                int r = bus_producer_open(repair->broker.bus, &config, &repair->producer, err);

                return r ? command_fail("state", r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, err) : 0;
        }
        return 0;
}

static int repair_all(struct repair *repair, struct error *err) {
        CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(LINE_BYTES_MAX);
        int r = 0;

        for (int32_t p = 0; p < repair->broker.config.partitions && r == 0; p++)
                r = repair_partition(repair, p, &line, err);
        if (r)
                return command_fail("state", r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, err);
        if (command_flush("state"))
                return EXIT_BROKER;
        if (repair->shown == repair->aside)
                return EXIT_DONE;
        error_set(err, repair->reason ? "%zu of %zu rows still stand there; run it again" : "%zu of %zu rows of case-state cannot be read; with --apply "
                       "--reason TEXT they are put aside, into dead-letters", repair->shown - repair->aside, repair->shown);
        return command_fail("state", EXIT_NO, err);
}

int state_repair(const struct command_dirs *dirs, const char *bootstrap, const char *reason) {
        struct repair repair = {.reason = reason, .strays.keeps = true};
        struct error err = {0};
        int status;

        error_set(&err, "out of memory");
        status = repair_open(&repair, dirs, bootstrap, &err);
        if (status == 0)
                status = repair_all(&repair, &err);
        bus_producer_close(repair.producer);
        command_broker_done(&repair.broker);
        engine_free(repair.engine);
        config_free(repair.config);
        return status;
}
