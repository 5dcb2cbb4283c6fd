/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht state stats`: how much there is, on the topic and in the memory of a worker
 *
 * Each partition is read into a store of its own, as a worker would, and dropped before the next: so this needs
 * the memory of one partition. What is live follows from what the store holds, and the rest of the rows was replaced.
 */

#include "cli/state_stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "engine/restore.h"
#include "model/row_key.h"
#include "worker/live.h"
#include "worker/stray.h"

#define LINE_BYTES_MAX ((size_t)64 * 1024)

struct weight { /* rows with a value as they stand on the topic, superseded ones too */
        uint64_t rows, key_bytes, value_bytes;
};

struct count { /* of one partition, or of all */
        struct weight weights[ROW_KINDS]; /* by place in row_kinds */
        struct store_stats stats;
        uint64_t tombstones, tombstone_bytes, live, checksum;
        int64_t version; /* -1: no worker was here */
        int64_t partitions; /* of case-state, as the last row says; 0: none does */
};

struct stats_reading {
        struct store *store;
        struct strays strays;
        struct count *count;
};

static int stats_read_mark(struct stats_reading *reading, const struct row_key *key, const struct bus_record *record, struct error *err) {
        int64_t number;

        if (row_key_is_imprint(key))
                return 0;
        if (!text_to_int64((struct text){record->value, record->value_n}, &number)) {
                error_set(err, "partition %d of case-state has a row v at offset %" PRId64 " that holds no number", record->partition, record->offset);
                return -EINVAL;
        }
        if (row_key_is_partitions(key))
                reading->count->partitions = number;
        else if (number > reading->count->version)
                reading->count->version = number;
        return 0;
}

static int stats_count_row(void *ctx, struct bus_record *record, struct error *err) {
        struct stats_reading *reading = ctx;
        struct count *count = reading->count;
        struct row_key key;
        bool known = row_key_read(record->key, record->key_n, &key) == 0;

        if (!record->value) {
                count->tombstones++;
                count->tombstone_bytes += record->key_n;
        } else if (known) {
                struct weight *weight = &count->weights[row_kind_place(key.kind)];

                weight->rows++;
                weight->key_bytes += record->key_n;
                weight->value_bytes += record->value_n;
        }
        if (known && row_key_is_mark(&key))
                return record->value && key.kind == ROW_VERSION ? stats_read_mark(reading, &key, record, err) : 0;
        return strays_take(&reading->strays, reading->store, record, err);
}

static void stats_conclude(struct count *count, const struct store *store) {
        const struct store_stats *s = &count->stats;

        count->stats = store_stats(store);
        count->checksum = store_checksum(store);
        /* Of the worker's own rows: a schema is written once, and of the two numbers the last one counts. */
        count->live = s->facts + s->announcements + s->alerts + s->copies + s->closed + count->weights[row_kind_place(ROW_SCHEMA)].rows +
                      (count->version >= 0) + (count->partitions > 0);
}

static void stats_add(struct count *all, const struct count *one) {
        for (size_t i = 0; i < ROW_KINDS; i++) {
                all->weights[i].rows += one->weights[i].rows;
                all->weights[i].key_bytes += one->weights[i].key_bytes;
                all->weights[i].value_bytes += one->weights[i].value_bytes;
        }
        all->stats.cases += one->stats.cases;
        all->stats.facts += one->stats.facts;
        all->stats.announcements += one->stats.announcements;
        all->stats.alerts += one->stats.alerts;
        all->stats.open_alerts += one->stats.open_alerts;
        all->stats.copies += one->stats.copies;
        all->stats.closed += one->stats.closed;
        all->stats.bytes += one->stats.bytes;
        all->stats.bytes_facts += one->stats.bytes_facts;
        all->stats.bytes_tellings += one->stats.bytes_tellings;
        all->stats.bytes_closed += one->stats.bytes_closed;
        all->tombstones += one->tombstones;
        all->tombstone_bytes += one->tombstone_bytes;
        all->live += one->live;
        all->checksum += one->checksum;
        all->version = one->version > all->version ? one->version : all->version;
}

static struct weight stats_sum(const struct count *count) {
        struct weight all = {.key_bytes = count->tombstone_bytes};

        for (size_t i = 0; i < ROW_KINDS; i++) {
                all.rows += count->weights[i].rows;
                all.key_bytes += count->weights[i].key_bytes;
                all.value_bytes += count->weights[i].value_bytes;
        }
        return all;
}

/* -- JSON -- */

static void stats_put_size(struct json_writer *w, const char *key, uint64_t n) {
        jsonw_put_int(w, key, (int64_t)n);
}

static void stats_put_topic(struct json_writer *w, const struct count *count) {
        jsonw_key(w, "topic");
        jsonw_open_object(w);
        for (size_t i = 0; i < ROW_KINDS; i++) {
                jsonw_key(w, row_kinds[i].name);
                jsonw_open_object(w);
                stats_put_size(w, "rows", count->weights[i].rows);
                stats_put_size(w, "key_bytes", count->weights[i].key_bytes);
                stats_put_size(w, "value_bytes", count->weights[i].value_bytes);
                jsonw_close_object(w);
        }
        jsonw_close_object(w);
}

static int stats_print_json(const struct count *count, int32_t partition) {
        struct buffer line = BUFFER_INIT(LINE_BYTES_MAX);
        struct json_writer w = JSON_WRITER(&line);
        const struct store_stats *s = &count->stats;
        struct weight all = stats_sum(count);
        struct error err;
        char checksum[17];

        jsonw_open_object(&w);
        if (partition >= 0)
                jsonw_put_int(&w, "partition", partition);
        else
                jsonw_put_string(&w, "partition", "all");
        stats_put_size(&w, "cases", s->cases);
        stats_put_size(&w, "closed", s->closed);
        stats_put_size(&w, "facts", s->facts);
        stats_put_size(&w, "announcements", s->announcements);
        stats_put_size(&w, "alerts", s->alerts);
        stats_put_size(&w, "open_alerts", s->open_alerts);
        stats_put_size(&w, "copies", s->copies);
        stats_put_size(&w, "live_rows", count->live);
        stats_put_size(&w, "superseded_rows", all.rows > count->live ? all.rows - count->live : 0);
        stats_put_size(&w, "tombstones", count->tombstones);
        stats_put_size(&w, "key_bytes", all.key_bytes);
        stats_put_size(&w, "value_bytes", all.value_bytes);
        stats_put_topic(&w, count);
        stats_put_size(&w, "memory_bytes", s->bytes);
        stats_put_size(&w, "memory_bytes_tellings", s->bytes_tellings);
        stats_put_size(&w, "memory_bytes_closed", s->bytes_closed);
        jsonw_key(&w, "version");
        if (count->version >= 0)
                jsonw_int(&w, count->version);
        else
                jsonw_null(&w);
        (void) snprintf(checksum, sizeof(checksum), "%016" PRIx64, count->checksum);
        jsonw_put_string(&w, "checksum", checksum);
        jsonw_close_object(&w);
        puts(buffer_text(&line));
        error_set(&err, "out of memory while the figures were printed");
        bool failed = line.failed;

        buffer_done(&line);
        return failed ? command_fail("state", EXIT_BROKER, &err) : 0;
}

/* -- Text -- */

static double stats_per(double bytes, uint64_t n) {
        return n ? bytes / (double)n : 0;
}

static void stats_print_text(const struct count *count, int32_t partition) {
        const struct store_stats *s = &count->stats;
        struct weight all = stats_sum(count);
        char name[16] = "all";

        if (partition == 0)
                printf("%9s %10s %10s %10s %10s %10s %10s %10s %11s %11s %11s %11s %11s %8s\n", "partition", "cases", "closed", "facts", "announced", "alerts",
                       "open", "copies", "live rows", "superseded", "tombstones", "topic KiB", "memory KiB", "version");
        if (partition >= 0)
                (void) snprintf(name, sizeof(name), "%d", partition);
        printf("%9s %10zu %10zu %10zu %10zu %10zu %10zu %10zu %11" PRIu64 " %11" PRIu64 " %11" PRIu64 " %11" PRIu64 " %11zu ", name, s->cases, s->closed,
               s->facts, s->announcements, s->alerts, s->open_alerts, s->copies, count->live, all.rows > count->live ? all.rows - count->live : 0,
               count->tombstones, (all.key_bytes + all.value_bytes) / 1024, s->bytes / 1024);
        if (count->version >= 0)
                printf("%8" PRId64 "\n", count->version);
        else
                printf("%8s\n", "-");
}

static void stats_print_sizes(const struct count *all) {
        const struct weight *facts = &all->weights[row_kind_place(ROW_FACT)];
        const struct store_stats *s = &all->stats;
        uint64_t tellings = s->announcements + s->alerts + s->copies, rows = 0;
        double topic = 0;

        for (size_t i = 0; i < ROW_KINDS; i++) {
                if (row_kinds[i].kind != ROW_OBLIGATION && row_kinds[i].kind != ROW_ALERT && row_kinds[i].kind != ROW_COPY)
                        continue;
                rows += all->weights[i].rows;
                topic += (double)(all->weights[i].key_bytes + all->weights[i].value_bytes);
        }
        printf("\na fact      %7.1f bytes of key and value on the topic, %7.1f bytes in memory with its share of the case\n",
               stats_per((double)(facts->key_bytes + facts->value_bytes), facts->rows),
               stats_per((double)(s->bytes - s->bytes_tellings - s->bytes_closed), s->facts));
        printf("a telling   %7.1f bytes of key and value on the topic, %7.1f bytes in memory\n", stats_per(topic, rows),
               stats_per((double)s->bytes_tellings, tellings));
        printf("checksum    %016" PRIx64 "\n", all->checksum);
}

/* -- The command -- */

static int stats_partition(struct engine *engine, struct bus *bus, int32_t partitions, int32_t partition, struct count *ret) {
        CLEANUP(store_free_p) struct store *store = NULL;
        struct stats_reading reading = {.count = ret};
        struct live_rows rows = {.partition = partition, .row = stats_count_row, .ctx = &reading};
        const struct stray *stray;
        struct error err = {0};
        int r = store_new(engine, &store);

        *ret = (struct count){.version = -1};
        error_set(&err, "out of memory");
        reading.store = store;
        if (r == 0)
                r = live_each(bus, &rows, &err);
        stray = r == 0 ? strays_first(&reading.strays) : NULL;
        if (stray) {
                strays_say(stray, &err);
                r = -EINVAL;
        }
        strays_done(&reading.strays);
        if (r)
                return command_fail("state", r == -EINVAL || r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, &err);
        stats_conclude(ret, store);
        if (ret->partitions == 0 || ret->partitions == partitions)
                return 0;
        if (ret->partitions == ROW_PARTITIONS_COPYING)
                error_set(&err, "a copy into case-state was begun and never finished; run ketenwacht state copy again");
        else
                error_set(&err, "case-state was written with %" PRId64 " partitions, and broker.yaml says %d; set it back", ret->partitions, partitions);
        return command_fail("state", EXIT_USAGE, &err);
}

static int stats_all(const struct command_dirs *dirs, const char *bootstrap, bool text, struct config **config, struct engine **engine,
                     struct command_broker *broker) {
        struct count one, all = {.version = -1};
        struct error err = {0};
        int status = command_configuration("state", dirs, config);

        if (status)
                return status;
        status = command_broker_read("state", dirs->config, bootstrap, NULL, broker);
        if (status)
                return status;
        status = command_broker_open("state", broker);
        if (status)
                return status;
        error_set(&err, "out of memory");
        if (engine_new(*config, engine))
                return command_fail("state", EXIT_BROKER, &err);
        for (int32_t p = 0; p < broker->config.partitions && status == 0; p++) {
                status = stats_partition(*engine, broker->bus, broker->config.partitions, p, &one);
                if (status)
                        return status;
                stats_add(&all, &one);
                if (text)
                        stats_print_text(&one, p);
                else
                        status = stats_print_json(&one, p);
        }
        if (status)
                return status;
        if (!text)
                return stats_print_json(&all, -1) ?: command_flush("state");
        stats_print_text(&all, -1);
        stats_print_sizes(&all);
        return command_flush("state");
}

int state_stats(const struct command_dirs *dirs, const char *bootstrap, bool text) {
        struct command_broker broker = {0};
        struct config *config = NULL;
        struct engine *engine = NULL;
        int status = stats_all(dirs, bootstrap, text, &config, &engine, &broker);

        engine_free(engine);
        command_broker_done(&broker);
        config_free(config);
        return status;
}
