/* SPDX-License-Identifier: EUPL-1.2 */

/* The rows of one partition, the last of each key, and how they become records. */

#include "survey/export_state.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "avro/record.h"
#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"
#include "cluster/event_record.h"
#include "model/row_schema.h"

#define ROWS_BYTES_MAX ((size_t)64 << 30) /* of one partition: what a worker remembers of it is far below */
#define SCHEMA_BYTES_MAX 8192

static const struct {
        enum row_kind kind;
        enum telling_form form;
        const char *name, *record, *doc;
        bool alert; /* the id of the key is alert_id */
} export_rows_kinds[EXPORT_ROWS] = {
        {ROW_OBLIGATION, TELLING_ROW_OBLIGATION, "obligation", "Obligation", "Aangekondigde verplichting: what was told about it last.", false},
        {ROW_ALERT, TELLING_ROW_ALERT, "alert", "Alert", "Escalatie die is gemeld, and whether it is open.", true},
        {ROW_COPY, TELLING_ROW_COPY, "copy", "Copy", "Kopie van een feit that was told after the fact was accepted.", false},
        {ROW_CLOSED, TELLING_ROW_CLOSED, "closed", "Closed", "Zaak die is afgesloten en vergeten.", false},
};

struct kept_row {
        uint8_t key[ROW_KEY_BYTES];
        const void *value; /* NULL: a tombstone */
        size_t n;
        int64_t offset;
};

struct export_rows {
        const struct event_types *types;
        struct row_codec *codec;
        struct {
                struct schema_file *file;
                struct layout *layout;
        } kinds[EXPORT_ROWS];
        struct arena *arena; /* of the rows */
        struct table by_key; /* struct kept_row */
        VECTOR(struct kept_row *) all;
};

static void export_rows_forget(struct export_rows *rows) {
        table_done(&rows->by_key);
        vector_done(&rows->all);
        memset(&rows->by_key, 0, sizeof(rows->by_key));
        memset(&rows->all, 0, sizeof(rows->all));
        if (rows->arena)
                arena_reset(rows->arena);
}

struct export_rows *export_rows_free(struct export_rows *rows) {
        if (!rows)
                return NULL;
        export_rows_forget(rows);
        for (size_t i = 0; i < EXPORT_ROWS; i++) {
                layout_free(rows->kinds[i].layout);
                schema_free(rows->kinds[i].file);
        }
        row_codec_free(rows->codec);
        arena_free(rows->arena);
        free(rows);
        return NULL;
}

/* -- Schemas: the ids of the key, then the fields of the row, as people write types -- */

static const char *export_rows_type(enum layout_type type) {
        switch (type) {
        case LAYOUT_BOOLEAN:
                return "\"boolean\"";
        case LAYOUT_DATE:
                return "{\"type\":\"int\",\"logicalType\":\"date\"}";
        case LAYOUT_TIMESTAMP:
                return "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}";
        case LAYOUT_UUID:
                return "{\"type\":\"string\",\"logicalType\":\"uuid\"}";
        case LAYOUT_STRING:
                return "\"string\"";
        default:
                return "\"long\"";
        }
}

static void export_rows_write_schema(size_t place, struct buffer *out) {
        static const char uuid[] = "{\"type\":\"string\",\"logicalType\":\"uuid\"}";

        buffer_printf(out, "{\"type\":\"record\",\"name\":\"%s\",\"namespace\":\"nl.ketenwacht.state\",\"doc\":\"%s\",\"fields\":[",
                      export_rows_kinds[place].record, export_rows_kinds[place].doc);
        buffer_printf(out, "{\"name\":\"case_id\",\"type\":%s}", uuid);
        if (export_rows_kinds[place].alert)
                buffer_printf(out, ",{\"name\":\"alert_id\",\"type\":%s}", uuid);
        for (size_t i = 0; i < TELLING_FIELDS; i++) {
                const struct telling_field *field = &telling_fields[i];

                if (!(field->rows >> export_rows_kinds[place].form & 1))
                        continue;
                buffer_printf(out, ",{\"name\":\"%s\",\"type\":%s%s%s%s}", field->name, field->nullable ? "[\"null\"," : "", export_rows_type(field->type),
                              field->nullable ? "],\"default\":null" : "",
                              field->places ? ",\"doc\":\"One bit for each reminder that was told for this due date: the lowest is the first.\"" : "");
        }
        buffer_add_text(out, "]}");
}

static int export_rows_make(struct export_rows *rows, size_t place) {
        CLEANUP(buffer_done) struct buffer json = BUFFER_INIT(SCHEMA_BYTES_MAX);
        struct error err;
        int r;

        export_rows_write_schema(place, &json);
        r = json.failed ? -ENOMEM : schema_parse(export_rows_kinds[place].name, buffer_text(&json), json.n, LANGUAGE_EN, &rows->kinds[place].file, &err);
        if (r == 0)
                r = layout_new(rows->kinds[place].file, &rows->kinds[place].layout, &err);
        assert(r == 0 || r == -ENOMEM); /* it is our own */
        return r;
}

int export_rows_new(const struct event_types *types, struct export_rows **ret) {
        CLEANUP(export_rows_free_p) struct export_rows *rows = calloc(1, sizeof(*rows));
        int r;

        if (!rows)
                return -ENOMEM;
        rows->types = types;
        r = row_codec_new(&rows->codec) ?: arena_new(&rows->arena, ROWS_BYTES_MAX);
        for (size_t i = 0; r == 0 && i < EXPORT_ROWS; i++)
                r = export_rows_make(rows, i);
        if (r)
                return r;
        *ret = TAKE(rows);
        return 0;
}

enum row_kind export_rows_kind(size_t place) {
        assert(place < EXPORT_ROWS);
        return export_rows_kinds[place].kind;
}

const char *export_rows_name(size_t place) {
        assert(place < EXPORT_ROWS);
        return export_rows_kinds[place].name;
}

const char *export_rows_schema(const struct export_rows *rows, size_t place) {
        assert(place < EXPORT_ROWS);
        return schema_json(rows->kinds[place].file);
}

/* -- Remembering -- */

int export_rows_keep(struct export_rows *rows, const struct bus_record *record) {
        struct row_key key;
        struct kept_row *row;

        if (row_key_read(record->key, record->key_n, &key) || row_key_is_mark(&key))
                return 0; /* of no case, or of a later version; what is foreign `state repair` tells */
        row = table_get(&rows->by_key, record->key, record->key_n);
        if (!row) {
                int r;

                row = arena_calloc(rows->arena, 1, sizeof(*row));
                if (!row)
                        return -ENOMEM;
                memcpy(row->key, record->key, ROW_KEY_BYTES);
                r = table_put(&rows->by_key, row->key, ROW_KEY_BYTES, row) ?: vector_push(&rows->all, row);
                if (r)
                        return r;
        }
        row->offset = record->offset;
        row->n = record->value_n;
        row->value = record->value ? arena_copy(rows->arena, record->value, record->value_n) : NULL;
        return record->value && !row->value ? -ENOMEM : 0;
}

/* -- Telling -- */

static int export_rows_by_key(const void *a, const void *b) {
        const struct kept_row *x = *(const struct kept_row *const *)a, *y = *(const struct kept_row *const *)b;

        return memcmp(x->key, y->key, ROW_KEY_BYTES);
}

static int export_rows_fact(const struct export_rows *rows, const struct row_key *key, const struct kept_row *kept, struct event *ret, struct error *why) {
        struct slot row[LAYOUT_SLOTS_MAX];
        const struct program *program;
        struct framing f;

        if (event_record_frame(kept->value, kept->n, &f, why))
                return -EINVAL;
        if (!event_types_row_decoder(rows->types, f.id, &ret->type, &program)) {
                error_set(why, "no schema here has rows of the fingerprint %016" PRIx64, f.id);
                return -EINVAL;
        }
        if (record_decode(program, f.body, f.n, row, why))
                return -EINVAL;
        ret->slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = key->id};
        ret->slots[SLOT_CASE_ID] = (struct slot){.kind = SLOT_UUID, .u = key->case_id};
        memcpy(ret->slots + ROW_SKIPPED, row, (ret->type->layout->n - ROW_SKIPPED) * sizeof(*row));
        return 0;
}

static int export_rows_telling(const struct export_rows *rows, size_t place, const struct row_key *key, const struct kept_row *kept, struct slot *slots,
                               struct error *why) {
        struct telling telling;
        size_t n = 0;
        int r = row_read(rows->codec, key->kind, kept->value, kept->n, &telling, why);

        if (r)
                return r;
        slots[n++] = (struct slot){.kind = SLOT_UUID, .u = key->case_id};
        if (export_rows_kinds[place].alert)
                slots[n++] = (struct slot){.kind = SLOT_UUID, .u = key->id};
        for (size_t i = 0; i < TELLING_FIELDS; i++) {
                if (telling_fields[i].rows >> export_rows_kinds[place].form & 1)
                        slots[n++] = telling_slot(&telling, &telling_fields[i]);
        }
        assert(n == rows->kinds[place].layout->n);
        return 0;
}

static int export_rows_tell(struct export_rows *rows, const struct kept_row *kept, int (*row)(void *ctx, const struct export_row *row, struct error *err),
                            void *ctx, struct error *err) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event = {.slots = slots};
        struct export_row told = {.slots = slots, .offset = kept->offset};
        struct error why = {0};
        struct row_key key;
        int r = row_key_read(kept->key, ROW_KEY_BYTES, &key);

        assert(r == 0);
        if (key.kind == ROW_FACT) {
                r = export_rows_fact(rows, &key, kept, &event, &why);
                told.event = &event;
        } else {
                while (export_rows_kinds[told.place].kind != key.kind)
                        told.place++;
                told.layout = rows->kinds[told.place].layout;
                r = export_rows_telling(rows, told.place, &key, kept, slots, &why);
        }
        if (r)
                told = (struct export_row){.why = &why, .offset = kept->offset};
        return row(ctx, &told, err);
}

int export_rows_each(struct export_rows *rows, int (*row)(void *ctx, const struct export_row *row, struct error *err), void *ctx, struct error *err) {
        int r = 0;

        if (rows->all.n)
                qsort(rows->all.items, rows->all.n, sizeof(*rows->all.items), export_rows_by_key);
        for (size_t i = 0; r == 0 && i < rows->all.n; i++) {
                if (rows->all.items[i]->value)
                        r = export_rows_tell(rows, rows->all.items[i], row, ctx, err);
        }
        export_rows_forget(rows);
        return r;
}
