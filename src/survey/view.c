/* SPDX-License-Identifier: EUPL-1.2 */

/* Records of every topic as JSON: key, headers, and the value by whichever schema wrote it. */

#include "survey/view.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "calendar/date.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "engine/row.h"
#include "model/event_json.h"
#include "model/row_schema.h"

#define VIEW_OTHERS 2
static const char *const view_others[VIEW_OTHERS] = {TOPIC_DELIVERIES, TOPIC_AUDIT};

struct view {
        const struct event_types *types;
        struct view_other { /* records that are no events; without a layout: these schemas have none */
                const struct layout *layout;
                struct program *program;
        } others[VIEW_OTHERS];
        struct row_codec *rows;
        bool clear;
};

/* What was found of one value; slots point into the record. */
struct found {
        const char *event, *row;
        struct error err;
        bool good;
};

int view_new(const struct event_types *types, bool clear, struct view **ret, struct error *err) {
        CLEANUP(view_free_p) struct view *v = calloc(1, sizeof(*v));
        int r;

        if (!v)
                return -ENOMEM;
        v->types = types;
        v->clear = clear;
        r = row_codec_new(&v->rows);
        if (r < 0)
                return r;
        for (size_t i = 0; i < VIEW_OTHERS; i++) {
                struct view_other *other = &v->others[i];

                other->layout = event_types_other(types, view_others[i]);
                r = other->layout ? program_new(other->layout->file, other->layout, &other->program, err) : 0;
                if (r < 0)
                        return r;
        }
        *ret = TAKE(v);
        return 0;
}

struct view *view_free(struct view *view) {
        if (!view)
                return NULL;
        for (size_t i = 0; i < VIEW_OTHERS; i++)
                program_free(view->others[i].program);
        row_codec_free(view->rows);
        free(view);
        return NULL;
}

static void view_write_bytes(const void *bytes, size_t n, struct json_writer *w) {
        if (!bytes) {
                jsonw_null(w);
        } else if (utf8_valid(bytes, n)) {
                jsonw_text(w, (struct text){bytes, n});
        } else {
                jsonw_open_object(w);
                jsonw_key(w, "hex");
                jsonw_hex(w, (struct text){bytes, n});
                jsonw_close_object(w);
        }
}

/* -- Keys and headers -- */

/* Whether it is a row, of whatever kind. */
static bool view_read_row_key(const struct bus_record *record, struct row_key *ret) {
        return strcmp(record->topic, TOPIC_CASE_STATE) == 0 && row_key_read(record->key, record->key_n, ret) != ROW_KEY_E_LENGTH;
}

static void view_write_row_key(const struct row_key *key, struct json_writer *w) {
        char text[2 * UUID_TEXT + 8], case_id[UUID_TEXT + 1], id[UUID_TEXT + 1];
        int kind = (int)key->kind;

        uuid_format(&key->case_id, case_id);
        uuid_format(&key->id, id);
        snprintf(text, sizeof(text), "%s/%c/%s", case_id, kind < 0x7f && kind > 0x20 ? kind : '?', id);
        jsonw_string(w, text);
}

static bool view_same_name(const struct bus_header *a, const struct bus_header *b) {
        return strcmp(a->name, b->name) == 0;
}

static void view_write_headers(const struct bus_record *record, struct json_writer *w) {
        jsonw_open_object(w);
        for (size_t i = 0; i < record->headers_n; i++) {
                const struct bus_header *h = &record->headers[i];
                size_t before = 0, behind = i + 1;

                while (before < i && !view_same_name(&record->headers[before], h))
                        before++;
                if (before < i)
                        continue; /* stands in the list of the first of its name */
                while (behind < record->headers_n && !view_same_name(&record->headers[behind], h))
                        behind++;
                jsonw_key(w, h->name);
                if (behind == record->headers_n) {
                        view_write_bytes(h->value, h->n, w);
                        continue;
                }
                jsonw_open_array(w);
                for (size_t j = i; j < record->headers_n; j++) {
                        if (view_same_name(&record->headers[j], h))
                                view_write_bytes(record->headers[j].value, record->headers[j].n, w);
                }
                jsonw_close_array(w);
        }
        jsonw_close_object(w);
}

/* -- Values: each writes into @w only when it could decode all of it -- */

/* Avro takes any number for a date or an instant; one that no calendar has cannot be written as one. */
static bool view_dates_fit(const struct layout *layout, const struct slot *slots, struct error *err) {
        for (size_t i = 0; i < layout->n; i++) {
                bool date = layout->fields[i].type == LAYOUT_DATE, instant = layout->fields[i].type == LAYOUT_TIMESTAMP;

                if (slots[i].kind != SLOT_INT || (!date && !instant))
                        continue;
                if ((date && !date_valid((day_t)slots[i].i)) || (instant && !instant_valid(slots[i].i))) {
                        error_set(err, "%s: is no %s that an event can have", layout->fields[i].name, date ? "date" : "instant");
                        return false;
                }
        }
        return true;
}

static void view_write_event(const struct view *v, const struct event *event, struct json_writer *w, struct found *found) {
        assert(!found->good);
        found->good = true;
        found->event = event->type->name;
        jsonw_open_object(w);
        event_to_json(event, !v->clear, w);
        jsonw_close_object(w);
}

/* A record of the schema as it stands, as an event of a type that there is not: for its JSON. */
static void view_value_other(const struct view *v, size_t place, const struct framing *f, struct json_writer *w, struct found *found) {
        const struct view_other *other = &v->others[place];
        const struct event_type type = {.name = view_others[place], .layout = other->layout};
        struct slot slots[LAYOUT_SLOTS_MAX];
        const struct event event = {.type = &type, .slots = slots};

        if (record_decode(other->program, f->body, f->n, slots, &found->err) == 0 && view_dates_fit(other->layout, slots, &found->err))
                view_write_event(v, &event, w, found);
}

static void view_value_event(const struct view *v, const struct bus_record *record, struct json_writer *w, struct found *found) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct framing f = framing_read(record->value, record->value_n);
        struct event event;

        for (size_t i = 0; i < VIEW_OTHERS; i++) {
                if (v->others[i].layout && f.kind == FRAMING_SINGLE && f.id == v->others[i].layout->fingerprint) {
                        view_value_other(v, i, &f, w, found);
                        return;
                }
        }
        if (event_record_read(v->types, NULL, record, slots, &event, &found->err) == 0 &&
                 view_dates_fit(event.type->layout, slots, &found->err))
                view_write_event(v, &event, w, found);
}

/* "organisation role" pairs, one a line. */
static void view_write_copies(const struct slot *copies, struct json_writer *w) {
        struct text rest = copies->kind == SLOT_STRING ? copies->s : (struct text){0}, organisation, role;

        jsonw_key(w, "copies");
        jsonw_open_array(w);
        while (row_copies_next(&rest, &organisation, &role)) {
                jsonw_open_object(w);
                jsonw_put_text(w, "organisation", organisation);
                if (role.s)
                        jsonw_put_text(w, "role", role);
                jsonw_close_object(w);
        }
        jsonw_close_array(w);
}

static void view_value_fact(const struct view *v, const struct row_key *key, const struct bus_record *record, struct json_writer *w, struct found *found) {
        struct slot row[LAYOUT_SLOTS_MAX], slots[LAYOUT_SLOTS_MAX];
        const struct slot *told_at;
        struct event event = {.slots = slots};
        const struct program *program;
        struct framing f;

        if (event_record_frame(record->value, record->value_n, &f, &found->err))
                return;
        if (!event_types_row_decoder(v->types, f.id, &event.type, &program)) {
                error_set(&found->err, "no schema here has rows of the fingerprint %016" PRIx64, f.id);
                return;
        }
        if (record_decode(program, f.body, f.n, row, &found->err) || !view_dates_fit(event.type->row, row, &found->err))
                return;
        slots[SLOT_EVENT_ID] = (struct slot){.kind = SLOT_UUID, .u = key->id};
        slots[SLOT_CASE_ID] = (struct slot){.kind = SLOT_UUID, .u = key->case_id};
        memcpy(slots + ROW_SKIPPED, row, (event.type->layout->n - ROW_SKIPPED) * sizeof(*row));
        found->good = true;
        found->event = event.type->name;
        told_at = &row[row_told_at_slot(event.type)];
        jsonw_open_object(w);
        event_to_json(&event, !v->clear, w);
        view_write_copies(&row[row_copies_slot(event.type)], w);
        if (told_at->kind == SLOT_INT)
                instant_put_exact(w, "told_at", told_at->i);
        jsonw_close_object(w);
}

/* A row of a telling: announced obligation, alert, copy, or a case that was forgotten. */
static void view_value_telling(const struct view *v, enum row_kind kind, const struct bus_record *record, struct json_writer *w, struct found *found) {
        struct telling row;

        if (row_read(v->rows, kind, record->value, record->value_n, &row, &found->err))
                return;
        if ((kind == ROW_OBLIGATION || kind == ROW_ALERT) && !date_valid(row.due_date)) {
                error_set(&found->err, "due_date: is no date that a calendar has");
                return;
        }
        found->good = true;
        jsonw_open_object(w);
        row_to_json(kind, &row, w);
        jsonw_close_object(w);
}

static void view_value_schema(const struct bus_record *record, struct json_writer *w, struct found *found) {
        json_t *schema = json_loadb(record->value, record->value_n, JSON_DECODE_ANY, NULL);
        char *text = schema ? json_dumps(schema, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

        found->good = text != NULL;
        if (text)
                jsonw_raw(w, text);
        else
                error_set(&found->err, "the schema is no JSON");
        free(text);
        json_decref(schema);
}

static void view_value_version(const struct row_key *key, const struct bus_record *record, struct json_writer *w, struct found *found) {
        int64_t version;

        if (row_key_is_imprint(key)) { /* the program's own text, of names and digests */
                found->good = utf8_valid(record->value, record->value_n);
                if (found->good)
                        jsonw_text(w, (struct text){record->value, record->value_n});
                else
                        error_set(&found->err, "the imprint is no text");
                return;
        }
        found->good = text_to_int64((struct text){record->value, record->value_n}, &version);
        if (found->good)
                jsonw_int(w, version);
        else
                error_set(&found->err, "the version is no number");
}

static void view_value_row(const struct view *v, const struct row_key *key, const struct bus_record *record, struct json_writer *w, struct found *found) {
        size_t place = row_kind_place(key->kind);

        found->row = place < ROW_KINDS ? row_kinds[place].name : NULL;
        switch (key->kind) {
        case ROW_FACT:
                view_value_fact(v, key, record, w, found);
                break;
        case ROW_OBLIGATION:
        case ROW_ALERT:
        case ROW_COPY:
        case ROW_CLOSED:
                view_value_telling(v, key->kind, record, w, found);
                break;
        case ROW_SCHEMA:
                view_value_schema(record, w, found);
                break;
        case ROW_VERSION:
                view_value_version(key, record, w, found);
                break;
        default:
                error_set(&found->err, "the key is of no kind of row that is known");
        }
}

static void view_write_value(const struct view *v, const struct bus_record *record, struct json_writer *w) {
        struct buffer value = BUFFER_INIT(w->out->max);
        struct json_writer inner = JSON_WRITER(&value);
        struct found found = {0};
        struct row_key key;

        if (!record->value)
                found.good = true; /* a tombstone */
        else if (view_read_row_key(record, &key))
                view_value_row(v, &key, record, &inner, &found);
        else
                view_value_event(v, record, &inner, &found);
        jsonw_key(w, "event");
        if (found.event)
                jsonw_string(w, found.event);
        else
                jsonw_null(w);
        if (found.row)
                jsonw_put_string(w, "row", found.row);
        jsonw_key(w, "value");
        jsonw_raw(w, found.good && record->value ? buffer_text(&value) : "null");
        if (value.failed)
                w->out->failed = true;
        buffer_done(&value);
        if (found.good)
                return;
        jsonw_key(w, "hex");
        jsonw_hex(w, (struct text){record->value, record->value_n});
        jsonw_put_string(w, "error", found.err.text);
}

int view_record(struct view *view, struct bus_record *record, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        struct row_key key;
        int r;

        assert(record->topic && !out->failed);
        r = bus_record_headers(record);
        if (r < 0)
                return r;
        jsonw_open_object(&w);
        jsonw_put_string(&w, "topic", record->topic);
        jsonw_put_int(&w, "partition", record->partition);
        jsonw_put_int(&w, "offset", record->offset);
        if (record->stamp != BUS_STAMP_NONE) {
                instant_put_exact(&w, "timestamp", record->timestamp);
        } else {
                jsonw_key(&w, "timestamp");
                jsonw_null(&w);
        }
        jsonw_key(&w, "key");
        if (view_read_row_key(record, &key))
                view_write_row_key(&key, &w);
        else
                view_write_bytes(record->key, record->key_n, &w);
        jsonw_key(&w, "headers");
        view_write_headers(record, &w);
        view_write_value(view, record, &w);
        jsonw_close_object(&w);
        return out->failed ? -ENOMEM : 0;
}

bool view_is_of_case(const struct bus_record *record, const struct uuid *case_id) {
        char text[UUID_TEXT + 1];
        struct row_key key;

        if (view_read_row_key(record, &key))
                return uuid_equal(&key.case_id, case_id);
        uuid_format(case_id, text);
        return record->key_n == UUID_TEXT && memcmp(record->key, text, UUID_TEXT) == 0;
}

bool view_tells_case(const struct view *view, const struct bus_record *record, const struct uuid *case_id) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        return event_record_read(view->types, NULL, record, slots, &event, &err) == 0 &&
               uuid_equal(&slots[SLOT_CASE_ID].u, case_id);
}
