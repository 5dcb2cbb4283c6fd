/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads rows and marks back into stores, says how far it is, and writes the marks that are missing. */

#include "worker/restore.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/vector.h"
#include "cluster/topics.h"
#include "worker/stray.h"

#define RESTORE_SAY_PERCENT 10 /* between two lines of progress of a partition … */
#define RESTORE_SAY_MS 5000 /* … or so long */

struct restore {
        struct partitions *parts;
        const atomic_bool *interrupted;
        struct error err;
        struct strays strays; /* rows that say nothing to this configuration */
};

static int restore_schema_mark(struct partition *p, const struct row_key *key) {
        struct {
                uint64_t *items;
                size_t n, capacity;
        } v = {p->found.schemas, p->found.n_schemas, p->found.schemas_capacity};
        int r = vector_push(&v, row_key_fingerprint(key));

        p->found.schemas = v.items;
        p->found.n_schemas = v.n;
        p->found.schemas_capacity = v.capacity;
        return r;
}

static int restore_imprint_mark(struct partition *p, const struct bus_record *row) {
        char *copy = malloc(row->value_n + 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, row->value, row->value_n);
        free(p->found.imprint);
        p->found.imprint = copy;
        p->found.imprint_n = row->value_n;
        return 0;
}

static int restore_version_mark(struct partition *p, const struct row_key *key, const struct bus_record *row, struct error *err) {
        int64_t number;

        if (row_key_is_imprint(key))
                return restore_imprint_mark(p, row);
        if (!text_to_int64((struct text){row->value, row->value_n}, &number) || number < 0 || number > INT32_MAX) {
                error_set(err, "partition %d of %s has a row v at offset %" PRId64 " that holds no number", row->partition, TOPIC_CASE_STATE, row->offset);
                return WORKER_E_CONFIG;
        }
        if (row_key_is_partitions(key)) {
                p->found.count = (int32_t)number;
                return 0;
        }
        p->found.versioned = true;
        if ((unsigned)number > p->found.version)
                p->found.version = (unsigned)number;
        return 0;
}

static int restore_row(void *ctx, const struct bus_record *row) {
        struct restore *restore = ctx;
        struct partition *p = partitions_find(restore->parts, row->partition);
        struct row_key key;
        bool mark = row_key_read(row->key, row->key_n, &key) == 0 && row_key_is_mark(&key);
        int r;

        if (!p)
                return 0;
        p->found.rows++;
        if (mark && !row->value)
                r = 0;
        else if (mark && key.kind == ROW_SCHEMA)
                r = restore_schema_mark(p, &key);
        else if (mark)
                r = restore_version_mark(p, &key, row, &restore->err);
        else
                r = strays_take(&restore->strays, p->store, row, &restore->err);
        if (r == -ENOMEM)
                error_set(&restore->err, "out of memory after %" PRIu64 " rows of partition %d of %s", p->found.rows, row->partition, TOPIC_CASE_STATE);
        return r;
}

/* Of all partitions together, for whoever asks this process how it is. */
static void restore_show_percent(const struct partitions *parts) {
        int64_t at = 0, end = 0;

        for (size_t i = 0; i < parts->n_owned; i++) {
                at += parts->owned[i]->found.at;
                end += parts->owned[i]->found.end;
        }
        meter_restored(&parts->ground->meter, end > 0 ? at * 100 / end : 100);
}

static int restore_progress(void *ctx, int32_t number, int64_t at, int64_t end) {
        struct restore *restore = ctx;
        const struct ground *g = restore->parts->ground;
        struct partition *p = partitions_find(restore->parts, number);
        int64_t now = ground_monotonic(g);
        unsigned percent;
        char text[64];

        if (atomic_load(restore->interrupted)) {
                error_set(&restore->err, "a stop was asked for while state was restored");
                return WORKER_E_INTERRUPTED;
        }
        if (!p || end <= 0)
                return 0;
        p->found.at = at < end ? at : end;
        p->found.end = end;
        restore_show_percent(restore->parts);
        percent = (unsigned)(p->found.at * 100 / end);
        if (percent == 100 || (percent < p->found.percent + RESTORE_SAY_PERCENT && now - p->found.percent_at < RESTORE_SAY_MS))
                return 0;
        p->found.percent = percent;
        p->found.percent_at = now;
        (void) snprintf(text, sizeof(text), "restoring partition %d: %u %%", number, percent);
        log_line(g->log, RESTORE_PROGRESS, LOG_STRING("instance", g->instance), LOG_INT("partition", number), LOG_INT("percent", percent),
                 LOG_STRING("text", text));
        return 0;
}

static void restore_jumped(void *ctx, const struct bus_jump *jump) {
        struct restore *restore = ctx;

        meter_jumped(&restore->parts->ground->meter, jump);
}

/* Keeps the one that was read furthest, to name it. */
static void restore_left(void *ctx, const struct bus_part *part, int64_t offset) {
        struct restore *restore = ctx;
        struct partition *p = partitions_find(restore->parts, part->partition);

        if (!p || offset <= p->found.read_to)
                return;
        p->found.read_input = part->index;
        p->found.read_to = offset;
}

/* The marks are written with the first offsets that are committed, and compaction keeps them: offsets without marks say that rows are gone. */
static int restore_check_rows(const struct partitions *parts, const struct partition *p, struct error *err) {
        if (p->found.versioned || p->found.read_to == 0)
                return 0;
        error_set(err,
                  "partition %d of %s has lost its rows: %s is read to offset %" PRId64 ", and nothing says under which configuration; the topic was deleted "
                  "and made again, or emptied, so what is known and was told is gone. Bring it back from a copy (ketenwacht state copy), or see "
                  "'When case-state is lost' in config/README.md",
                  p->number, TOPIC_CASE_STATE, parts->ground->topics.inputs[p->found.read_input], p->found.read_to);
        return WORKER_E_CONFIG;
}

/* What was said of the configuration of this very version; false: nothing, as by a program that did not know of imprints yet. */
static bool restore_has_imprint(const struct partition *p, unsigned version, uint64_t *ret) {
        unsigned of;

        return p->found.imprint && imprint_head((struct text){p->found.imprint, p->found.imprint_n}, &of, ret) && of == version;
}

/* Two configurations of the same version would take turns in telling. */
static int restore_check_imprint(const struct config *config, const struct partition *p, struct error *err) {
        CLEANUP(buffer_done) struct buffer files = BUFFER_INIT(ERROR_TEXT_MAX);
        uint64_t fingerprint;

        if (!restore_has_imprint(p, config->version, &fingerprint) || fingerprint == config->imprint.fingerprint)
                return 0;
        imprint_differ(&config->imprint, (struct text){p->found.imprint, p->found.imprint_n}, &files);
        error_set(err, "partition %d of %s has been worked on with another configuration that is version %u too; raise config/version when this one is newer, "
                       "else bring it up to date; what differs: %s",
                  p->number, TOPIC_CASE_STATE, config->version, buffer_text(&files));
        return WORKER_E_CONFIG;
}

/* Whether this configuration may go on with what stands there. */
static int restore_check_marks(const struct partitions *parts, const struct partition *p, struct error *err) {
        if (restore_check_rows(parts, p, err))
                return WORKER_E_CONFIG;
        if (p->found.version > parts->ground->config->version) {
                error_set(err, "partition %d of %s has been worked on with configuration version %u, and this worker has version %u; bring its "
                               "configuration up to date (config/version)",
                          p->number, TOPIC_CASE_STATE, p->found.version, parts->ground->config->version);
                return WORKER_E_CONFIG;
        }
        if (restore_check_imprint(parts->ground->config, p, err))
                return WORKER_E_CONFIG;
        if (p->found.count == ROW_PARTITIONS_COPYING) {
                error_set(err, "a copy into %s was begun and never finished; run ketenwacht state copy again", TOPIC_CASE_STATE);
                return WORKER_E_CONFIG;
        }
        if (p->found.count && p->found.count != parts->n) {
                error_set(err, "%s was written with %d partitions and has %d now, so cases would be looked for in the wrong place; partition counts never "
                               "change: make new topics under another prefix and copy the state there (ketenwacht state copy)",
                          TOPIC_CASE_STATE, p->found.count, parts->n);
                return WORKER_E_CONFIG;
        }
        return 0;
}

/* All rows are there: may this configuration go on with them? */
static int restore_judge(struct restore *restore, struct error *err) {
        const struct partitions *parts = restore->parts;
        const struct stray *stray;

        for (size_t i = 0; i < parts->n_owned; i++) {
                int r = restore_check_marks(parts, parts->owned[i], err);

                if (r)
                        return r;
        }
        stray = strays_first(&restore->strays); /* a newer version may be why: its mark, wherever it stands, says so better */
        if (!stray)
                return 0;
        strays_say(stray, err);
        return WORKER_E_CONFIG;
}

int restore_partitions(struct partitions *parts, const struct bus_part *of, size_t n, const atomic_bool *interrupted, struct error *err) {
        const struct ground *g = parts->ground;
        struct restore restore = {.parts = parts, .interrupted = interrupted};
        struct bus_restore calls = {.ctx = &restore, .row = restore_row, .progress = restore_progress, .jumped = restore_jumped, .left = restore_left};
        int64_t begin = ground_monotonic(g);
        int r;

        assert(n == parts->n_owned);
        for (size_t i = 0; i < parts->n_owned; i++) {
                assert(parts->owned[i]->state == PARTITION_RESTORING);
                parts->owned[i]->found.percent_at = begin;
        }
        r = bus_worker_restore(g->bus, of, n, &calls, err);
        if (r) {
                if (restore.err.text[0])
                        *err = restore.err;
                r = error_trace(r, err);
        }
        r = r ? r : restore_judge(&restore, err);
        strays_done(&restore.strays);
        if (r)
                return r;
        for (size_t i = 0; i < parts->n_owned; i++) {
                struct partition *p = parts->owned[i];

                store_commit(p->store);
                log_line(g->log, RESTORE_DONE, LOG_STRING("instance", g->instance), LOG_INT("partition", p->number),
                         LOG_INT("rows", (int64_t)p->found.rows), LOG_INT("ms", ground_monotonic(g) - begin));
        }
        return 0;
}

static bool restore_has_schema(const struct partition *p, uint64_t fingerprint) {
        for (size_t i = 0; i < p->found.n_schemas; i++) {
                if (p->found.schemas[i] == fingerprint)
                        return true;
        }
        return false;
}

static int restore_write_mark(struct teller *teller, const struct partition *p, const struct row_key *mark, const void *value, size_t n,
                              struct error *err) {
        uint8_t key[ROW_KEY_BYTES];

        row_key_write(mark, key);
        return tell_row(teller, p->number, key, sizeof(key), value, n, err);
}

static int restore_write_number(struct teller *teller, const struct partition *p, const struct row_key *mark, int64_t number, struct error *err) {
        char text[24];
        int n = snprintf(text, sizeof(text), "%" PRId64, number);

        return restore_write_mark(teller, p, mark, text, (size_t)n, err);
}

static int restore_write_imprint(struct teller *teller, const struct partition *p, struct error *err) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(IMPRINT_BYTES_MAX);
        const struct config *config = teller->ground->config;
        const struct row_key mark = row_key_of_imprint();
        uint64_t fingerprint;

        if (restore_has_imprint(p, config->version, &fingerprint))
                return 0;
        imprint_write(&config->imprint, config->version, &text);
        return text.failed ? -ENOMEM : restore_write_mark(teller, p, &mark, text.bytes, text.n, err);
}

int restore_write_marks(struct teller *teller, const struct partition *p, const struct row_codec *rows, int32_t partitions, struct error *err) {
        const struct config *config = teller->ground->config;
        const struct row_key version = row_key_of_version(), count = row_key_of_partitions();
        const char *json;
        uint64_t fingerprint;
        int r = 0;

        if (!p->found.versioned || p->found.version < config->version)
                r = restore_write_number(teller, p, &version, config->version, err);
        if (r == 0 && !p->found.count)
                r = restore_write_number(teller, p, &count, partitions, err);
        if (r == 0)
                r = restore_write_imprint(teller, p, err);
        for (size_t i = 0; r == 0 && row_schema_at(rows, config->types, i, &fingerprint, &json); i++) {
                const struct row_key schema = row_key_of_schema(fingerprint);

                if (!restore_has_schema(p, fingerprint))
                        r = restore_write_mark(teller, p, &schema, json, strlen(json), err);
        }
        return r;
}
