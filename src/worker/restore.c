/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * A partition's rows, from case-state back into its store
 *
 * The bus reads them in the order that loses nothing (bus_worker_restore()). Rows of kind v say under
 * which configuration version and for how many partitions the state was written: a newer version,
 * or another number, is refused, because two versions must never take turns in telling and a case
 * must never be looked for in another partition than where it lies. Rows of kind s carry the schemas of
 * all other rows, so that the topic can be read by itself.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/vector.h"
#include "engine/restore.h"
#include "worker/inside.h"

#define PERCENT_STEP 10 /* between two lines of progress of a partition … */
#define PERCENT_MS 5000 /* … or so long */

struct restore {
        struct worker *w;
        struct error err;
        struct error unread; /* the first row that says nothing to this configuration; "": all do */
};

static int read_schema_mark(struct partition *p, const struct row_key *key) {
        struct {
                uint64_t *items;
                size_t n, capacity;
        } v = {p->schemas, p->n_schemas, p->schemas_capacity};
        int r = vector_push(&v, row_key_fingerprint(key));

        p->schemas = v.items;
        p->n_schemas = v.n;
        p->schemas_capacity = v.capacity;
        return r;
}

static int read_version_mark(struct partition *p, const struct row_key *key, const struct bus_record *row, struct error *err) {
        int64_t number;

        if (!text_to_int64((struct text){row->value, row->value_n}, &number) || number < 0 || number > INT32_MAX) {
                error_set(err, "partition %d of %s has a row v at offset %" PRId64 " that holds no number", row->partition, TOPIC_CASE_STATE, row->offset);
                return WORKER_E_CONFIG;
        }
        if (row_key_is_partitions(key)) {
                p->count = (int32_t)number;
                return 0;
        }
        p->versioned = true;
        if ((unsigned)number > p->version)
                p->version = (unsigned)number;
        return 0;
}

static int restore_row(void *ctx, const struct bus_record *row) {
        struct restore *restore = ctx;
        struct partition *p = restore->w->parts[row->partition];
        struct row_key key;
        bool mark = row_key_read(row->key, row->key_n, &key) == 0 && row_key_is_mark(&key);
        int r;

        if (!p || (restore->unread.text[0] && !mark))
                return 0;
        p->rows++;
        if (mark && !row->value)
                r = 0;
        else if (mark && key.kind == ROW_SCHEMA)
                r = read_schema_mark(p, &key);
        else if (mark)
                r = read_version_mark(p, &key, row, &restore->err);
        else
                r = store_restore(p->store, row->key, row->key_n, row->value, row->value_n, &restore->err);
        if (r == -EINVAL) {
                error_prefix(&restore->err, "partition %d of %s, offset %" PRId64, row->partition, TOPIC_CASE_STATE, row->offset);
                restore->unread = restore->err; /* a newer version may be why: its mark, wherever it stands, says so better */
                r = 0;
        }
        if (r == -ENOMEM)
                error_set(&restore->err, "out of memory after %" PRIu64 " rows of partition %d of %s", p->rows, row->partition, TOPIC_CASE_STATE);
        return r;
}

/* Of all partitions together, for whoever asks this process how it is. */
static void show_percent(struct worker *w) {
        int64_t at = 0, end = 0;

        for (size_t i = 0; i < w->n_owned; i++) {
                at += w->owned[i]->restored;
                end += w->owned[i]->restored_end;
        }
        atomic_store(&w->shown.restore_percent, end > 0 ? at * 100 / end : 100);
}

static int restore_progress(void *ctx, int32_t number, int64_t at, int64_t end) {
        struct restore *restore = ctx;
        struct worker *w = restore->w;
        struct partition *p = number >= 0 && number < w->n_parts ? w->parts[number] : NULL;
        int64_t now = worker_monotonic(w);
        unsigned percent;
        char text[64];

        if (atomic_load(&w->interrupted)) {
                error_set(&restore->err, "a stop was asked for while state was restored");
                return WORKER_E_INTERRUPTED;
        }
        if (!p || end <= 0)
                return 0;
        p->restored = at < end ? at : end;
        p->restored_end = end;
        show_percent(w);
        percent = (unsigned)(p->restored * 100 / end);
        if (percent == 100 || (percent < p->percent + PERCENT_STEP && now - p->percent_at < PERCENT_MS))
                return 0;
        p->percent = percent;
        p->percent_at = now;
        (void) snprintf(text, sizeof(text), "restoring partition %d: %u %%", number, percent);
        log_line(w->c.log, RESTORE_PROGRESS, LOG_STRING("instance", w->c.instance), LOG_INT("partition", number), LOG_INT("percent", percent),
                 LOG_STRING("text", text));
        return 0;
}

/* Whether this configuration may go on with what stands there. */
static int check_marks(const struct worker *w, const struct partition *p, struct error *err) {
        if (p->version > w->c.config->version) {
                error_set(err, "partition %d of %s has been worked on with configuration version %u, and this worker has version %u; bring its "
                               "configuration up to date (config/version)",
                          p->number, TOPIC_CASE_STATE, p->version, w->c.config->version);
                return WORKER_E_CONFIG;
        }
        if (p->count == ROW_PARTITIONS_COPYING) {
                error_set(err, "a copy into %s was begun and never finished; run ketenwacht state copy again", TOPIC_CASE_STATE);
                return WORKER_E_CONFIG;
        }
        if (p->count && p->count != w->n_parts) {
                error_set(err, "%s was written with %d partitions and has %d now, so cases would be looked for in the wrong place; partition counts never "
                               "change: make new topics under another prefix and copy the state there (ketenwacht state copy)",
                          TOPIC_CASE_STATE, p->count, w->n_parts);
                return WORKER_E_CONFIG;
        }
        return 0;
}

int restore_partitions(struct worker *w, const struct bus_part *parts, size_t n, struct error *err) {
        struct restore restore = {.w = w};
        struct bus_restore calls = {.ctx = &restore, .row = restore_row, .progress = restore_progress};
        int64_t begin = worker_monotonic(w);
        int r;

        for (size_t i = 0; i < w->n_owned; i++)
                w->owned[i]->percent_at = begin;
        r = bus_worker_restore(w->bus, parts, n, &calls, err);
        if (r && restore.err.text[0])
                error_set(err, "%s", restore.err.text);
        for (size_t i = 0; i < w->n_owned && r == 0; i++)
                r = check_marks(w, w->owned[i], err);
        if (r == 0 && restore.unread.text[0]) {
                error_set(err, "%s", restore.unread.text);
                r = WORKER_E_CONFIG;
        }
        for (size_t i = 0; i < w->n_owned && r == 0; i++) {
                struct partition *p = w->owned[i];

                store_commit(p->store);
                p->told_at = p->told_staged = store_told_latest(p->store);
                log_line(w->c.log, RESTORE_DONE, LOG_STRING("instance", w->c.instance), LOG_INT("partition", p->number), LOG_INT("rows", (int64_t)p->rows),
                         LOG_INT("ms", worker_monotonic(w) - begin));
        }
        return r;
}

static bool has_schema(const struct partition *p, uint64_t fingerprint) {
        for (size_t i = 0; i < p->n_schemas; i++) {
                if (p->schemas[i] == fingerprint)
                        return true;
        }
        return false;
}

static int write_mark(struct worker *w, struct partition *p, const struct row_key *mark, const void *value, size_t n, struct error *err) {
        uint8_t key[ROW_KEY_BYTES];

        row_key_write(mark, key);
        transaction_touch(w);
        return tell_state_row(w, p, key, sizeof(key), value, n, err);
}

static int write_number(struct worker *w, struct partition *p, const struct row_key *mark, int64_t number, struct error *err) {
        char text[24];
        int n = snprintf(text, sizeof(text), "%" PRId64, number);

        return write_mark(w, p, mark, text, (size_t)n, err);
}

int restore_write_marks(struct worker *w, struct partition *p, struct error *err) {
        const struct row_key version = row_key_of_version(), partitions = row_key_of_partitions();
        const char *json;
        uint64_t fingerprint;
        int r = 0;

        if (!p->versioned || p->version < w->c.config->version)
                r = write_number(w, p, &version, w->c.config->version, err);
        if (r == 0 && !p->count)
                r = write_number(w, p, &partitions, w->n_parts, err);
        for (size_t i = 0; r == 0 && row_schema_at(w->rows, w->c.config->types, i, &fingerprint, &json); i++) {
                const struct row_key schema = row_key_of_schema(fingerprint);

                if (!has_schema(p, fingerprint))
                        r = write_mark(w, p, &schema, json, strlen(json), err);
        }
        return r;
}
