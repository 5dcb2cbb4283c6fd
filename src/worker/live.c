/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads case-state to its end, without joining a group: for commands that look, not for the worker that owns. */

#include "worker/live.h"

#include <errno.h>
#include <string.h>

#include "cluster/topics.h"
#include "model/row_key.h"
#include "worker/stray.h"

static bool live_wants(const struct bus_record *record, const struct uuid *case_id) {
        return !case_id || row_key_is_of_case(record->key, record->key_n, case_id);
}

struct live_run {
        const struct live_rows *rows;
        uint64_t records;
};

static int live_take(void *ctx, struct bus_record *record, struct error *err) {
        struct live_run *run = ctx;
        const struct live_rows *rows = run->rows;

        run->records++;
        if (rows->watch)
                rows->watch->read(rows->watch->ctx, run->records);
        return live_wants(record, rows->case_id) ? rows->row(rows->ctx, record, err) : 0;
}

int live_each(struct bus *bus, const struct live_rows *rows, struct error *err) {
        static const char *const topics[] = {TOPIC_CASE_STATE};
        struct bus_reader_config config = {
                .topics = topics, .topics_n = 1, .partition = rows->partition, .from = BUS_FROM_BEGINNING, .until_end = true};
        struct live_run run = {.rows = rows};
        struct bus_reader *reader;
        char text[UUID_TEXT + 1];
        int r;

        if (rows->case_id) {
                uuid_format(rows->case_id, text);
                config.partition = BUS_ALL_PARTITIONS;
                config.key = text;
                config.key_n = UUID_TEXT;
        }
        r = bus_reader_open(bus, &config, &reader, err);
        if (r)
                return r;
        r = bus_reader_each(reader, &(struct bus_reading){.record = live_take, .ctx = &run, .what = TOPIC_CASE_STATE}, err);
        bus_reader_close(reader);
        return r;
}

struct live_reading {
        struct store *store;
        struct strays strays;
};

static int live_restore(void *ctx, struct bus_record *record, struct error *err) {
        struct live_reading *reading = ctx;
        struct row_key key;

        if (row_key_read(record->key, record->key_n, &key) == ROW_KEY_E_LENGTH || row_key_is_mark(&key))
                return 0;
        return strays_take(&reading->strays, reading->store, record, err);
}

static bool live_is_read(void *ctx, const struct uuid *case_id) {
        return !ctx || uuid_equal(ctx, case_id);
}

int live_read(struct bus *bus, const struct uuid *case_id, const struct live_watch *watch, struct store *store, struct error *err) {
        struct live_reading reading = {.store = store};
        const struct live_rows rows = {.partition = BUS_ALL_PARTITIONS, .case_id = case_id, .row = live_restore, .ctx = &reading, .watch = watch};
        int r = live_each(bus, &rows, err);
        const struct stray *stray = r == 0 ? strays_first(&reading.strays) : NULL;

        if (stray) {
                strays_say(stray, err);
                r = -EINVAL;
        }
        strays_done(&reading.strays);
        if (r == 0 && store_enliven(store, live_is_read, (void *)case_id, INSTANT_TOUCHED)) {
                error_set(err, "out of memory while cases were read");
                r = -ENOMEM;
        }
        return r;
}
