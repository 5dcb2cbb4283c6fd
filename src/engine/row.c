/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/row.h"

#include <errno.h>
#include <string.h>

#include "avro/framing.h"
#include "avro/put.h"
#include "avro/record.h"

/* The schemas of the tellings' rows: frozen; a later one must be FULL_TRANSITIVE to these. */
static const char obligation_schema[] =
        "{\"type\":\"record\",\"name\":\"Obligation\",\"namespace\":\"nl.ketenwacht.row\","
        "\"doc\":\"An obligation that was announced: what was told about it last.\",\"fields\":["
        "{\"name\":\"protocol\",\"type\":\"string\"},{\"name\":\"norm\",\"type\":\"string\"},{\"name\":\"instance\",\"type\":\"string\"},"
        "{\"name\":\"due_date\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"
        "{\"name\":\"announced_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},"
        "{\"name\":\"told_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},"
        "{\"name\":\"reminders\",\"type\":\"long\"}]}";
static const char alert_schema[] =
        "{\"type\":\"record\",\"name\":\"Alert\",\"namespace\":\"nl.ketenwacht.row\","
        "\"doc\":\"An alert that was raised, and whether it is open.\",\"fields\":["
        "{\"name\":\"protocol\",\"type\":\"string\"},{\"name\":\"norm\",\"type\":\"string\"},{\"name\":\"instance\",\"type\":\"string\"},"
        "{\"name\":\"rung\",\"type\":\"int\"},{\"name\":\"due_date\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"
        "{\"name\":\"organisation\",\"type\":\"string\"},{\"name\":\"role\",\"type\":\"string\"},{\"name\":\"open\",\"type\":\"boolean\"},"
        "{\"name\":\"raised\",\"type\":\"long\"},"
        "{\"name\":\"told_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}]}";
static const char copy_schema[] =
        "{\"type\":\"record\",\"name\":\"Copy\",\"namespace\":\"nl.ketenwacht.row\","
        "\"doc\":\"A copy of a fact that was told after the fact was accepted.\",\"fields\":["
        "{\"name\":\"event_id\",\"type\":{\"type\":\"fixed\",\"name\":\"Uuid\",\"size\":16,\"logicalType\":\"uuid\"}},"
        "{\"name\":\"organisation\",\"type\":\"string\"},{\"name\":\"role\",\"type\":\"string\"},"
        "{\"name\":\"told_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}]}";
static const char closed_schema[] =
        "{\"type\":\"record\",\"name\":\"Closed\",\"namespace\":\"nl.ketenwacht.row\","
        "\"doc\":\"A case that was over and was forgotten: the day, and the latest instant at which anything was told in it.\",\"fields\":["
        "{\"name\":\"day\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"
        "{\"name\":\"told_at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null}]}";

enum obligation_slot {
        OBLIGATION_PROTOCOL, OBLIGATION_NORM, OBLIGATION_INSTANCE, OBLIGATION_DUE, OBLIGATION_ANNOUNCED, OBLIGATION_TOLD, OBLIGATION_REMINDERS,
        OBLIGATION_SLOTS,
};
enum alert_slot {
        ALERT_PROTOCOL, ALERT_NORM, ALERT_INSTANCE, ALERT_RUNG, ALERT_DUE, ALERT_ORGANISATION, ALERT_ROLE, ALERT_OPEN, ALERT_RAISED, ALERT_TOLD,
        ALERT_SLOTS,
};
enum copy_slot { COPY_EVENT, COPY_ORGANISATION, COPY_ROLE, COPY_TOLD, COPY_SLOTS };
enum closed_slot { CLOSED_DAY, CLOSED_TOLD, CLOSED_SLOTS };

struct form { /* one kind of row */
        struct schema_file *schema;
        struct layout *layout;
        struct program *program;
};

struct row_codec {
        struct form obligation, alert, copy, closed;
};

static int form_init(struct form *form, const char *json, size_t slots) {
        struct error err = {0};
        int r = schema_parse("row schema", json, strlen(json), &form->schema, &err);

        if (r == 0)
                r = layout_new(form->schema, &form->layout, &err);
        if (r == 0 && form->layout->n != slots)
                r = -EINVAL;
        if (r == 0)
                r = program_new(form->schema, form->layout, &form->program, &err);
        return r;
}

static void form_done(struct form *form) {
        program_free(form->program);
        layout_free(form->layout);
        schema_free(form->schema);
}

int row_codec_new(struct row_codec **ret) {
        CLEANUP(row_codec_free_p) struct row_codec *codec = calloc(1, sizeof(*codec));
        int r = codec ? form_init(&codec->obligation, obligation_schema, OBLIGATION_SLOTS) : -ENOMEM;

        if (r == 0)
                r = form_init(&codec->alert, alert_schema, ALERT_SLOTS);
        if (r == 0)
                r = form_init(&codec->copy, copy_schema, COPY_SLOTS);
        if (r == 0)
                r = form_init(&codec->closed, closed_schema, CLOSED_SLOTS);
        if (r)
                return r;
        *ret = TAKE(codec);
        return 0;
}

struct row_codec *row_codec_free(struct row_codec *codec) {
        if (!codec)
                return NULL;
        form_done(&codec->obligation);
        form_done(&codec->alert);
        form_done(&codec->copy);
        form_done(&codec->closed);
        free(codec);
        return NULL;
}

static struct slot slot_text(struct text t) {
        return (struct slot){.kind = SLOT_STRING, .s = t};
}
static struct slot slot_int(int64_t i) {
        return (struct slot){.kind = SLOT_INT, .i = i};
}

static void form_write(const struct form *form, const struct slot *slots, struct buffer *out) {
        framing_write_single(form->layout->fingerprint, out);
        record_encode(form->layout, slots, out);
}

/* Room for the frame, the numbers and the texts of a row; the frame is written. NULL when there is none. */
static uint8_t *begin_row(const struct form *form, size_t texts, struct buffer *out) {
        uint8_t *p = buffer_reserve(out, FRAMING_SINGLE_BYTES + form->layout->n * PUT_LONG_MAX + texts);

        return p ? framing_put_single(p, form->layout->fingerprint) : NULL;
}

static void end_row(const uint8_t *end, struct buffer *out) {
        out->n = (size_t)(end - out->bytes);
}

/* Obligations and alerts are most of what is told: field by field, in the order of their schemas, which are frozen. */
void row_write_obligation(const struct row_codec *codec, const struct row_obligation *row, struct buffer *out) {
        uint8_t *p = begin_row(&codec->obligation, row->protocol.n + row->norm.n + row->instance.n, out);

        if (!p)
                return;
        p = put_text(p, row->protocol);
        p = put_text(p, row->norm);
        p = put_text(p, row->instance);
        p = put_long(p, row->due_date);
        p = put_long(p, row->announced_at);
        p = put_long(p, row->told_at);
        end_row(put_long(p, row->reminders), out);
}

void row_write_alert(const struct row_codec *codec, const struct row_alert *row, struct buffer *out) {
        size_t texts = row->protocol.n + row->norm.n + row->instance.n + row->organisation.n + row->role.n;
        uint8_t *p = begin_row(&codec->alert, texts, out);

        if (!p)
                return;
        p = put_text(p, row->protocol);
        p = put_text(p, row->norm);
        p = put_text(p, row->instance);
        p = put_long(p, row->rung);
        p = put_long(p, row->due_date);
        p = put_text(p, row->organisation);
        p = put_text(p, row->role);
        *p++ = row->open;
        p = put_long(p, row->raised);
        end_row(put_long(p, row->told_at), out);
}

void row_write_copy(const struct row_codec *codec, const struct row_copy *row, struct buffer *out) {
        const struct slot slots[COPY_SLOTS] = {
                [COPY_EVENT] = {.kind = SLOT_UUID, .u = row->event_id},
                [COPY_ORGANISATION] = slot_text(row->organisation),
                [COPY_ROLE] = slot_text(row->role),
                [COPY_TOLD] = slot_int(row->told_at),
        };

        form_write(&codec->copy, slots, out);
}

void row_write_closed(const struct row_codec *codec, const struct row_closed *row, struct buffer *out) {
        const struct slot slots[CLOSED_SLOTS] = {
                [CLOSED_DAY] = slot_int(row->day),
                [CLOSED_TOLD] = row->told_at == INSTANT_NEVER ? (struct slot){.kind = SLOT_NULL} : slot_int(row->told_at),
        };

        form_write(&codec->closed, slots, out);
}

static int form_read(const struct form *form, const void *value, size_t n, struct slot *slots, struct error *err) {
        struct framing f = framing_read(value, n);

        if (f.kind != FRAMING_SINGLE || f.id != form->layout->fingerprint) {
                error_set(err, "a row of %s was written with a schema that this version does not know", form->layout->name);
                return -EINVAL;
        }
        return record_decode(form->program, f.body, f.n, slots, err) ? -EINVAL : 0;
}

int row_read_obligation(const struct row_codec *codec, const void *value, size_t n, struct row_obligation *ret, struct error *err) {
        struct slot slots[OBLIGATION_SLOTS];
        int r = form_read(&codec->obligation, value, n, slots, err);

        if (r)
                return r;
        *ret = (struct row_obligation){
                .protocol = slots[OBLIGATION_PROTOCOL].s,
                .norm = slots[OBLIGATION_NORM].s,
                .instance = slots[OBLIGATION_INSTANCE].s,
                .due_date = (day_t)slots[OBLIGATION_DUE].i,
                .announced_at = slots[OBLIGATION_ANNOUNCED].i,
                .told_at = slots[OBLIGATION_TOLD].i,
                .reminders = (uint32_t)slots[OBLIGATION_REMINDERS].i,
        };
        return 0;
}

int row_read_alert(const struct row_codec *codec, const void *value, size_t n, struct row_alert *ret, struct error *err) {
        struct slot slots[ALERT_SLOTS];
        int r = form_read(&codec->alert, value, n, slots, err);

        if (r)
                return r;
        *ret = (struct row_alert){
                .protocol = slots[ALERT_PROTOCOL].s,
                .norm = slots[ALERT_NORM].s,
                .instance = slots[ALERT_INSTANCE].s,
                .organisation = slots[ALERT_ORGANISATION].s,
                .role = slots[ALERT_ROLE].s,
                .rung = (unsigned)slots[ALERT_RUNG].i,
                .due_date = (day_t)slots[ALERT_DUE].i,
                .open = slots[ALERT_OPEN].i != 0,
                .raised = (uint32_t)slots[ALERT_RAISED].i,
                .told_at = slots[ALERT_TOLD].i,
        };
        return 0;
}

int row_read_copy(const struct row_codec *codec, const void *value, size_t n, struct row_copy *ret, struct error *err) {
        struct slot slots[COPY_SLOTS];
        int r = form_read(&codec->copy, value, n, slots, err);

        if (r)
                return r;
        *ret = (struct row_copy){
                .event_id = slots[COPY_EVENT].u,
                .organisation = slots[COPY_ORGANISATION].s,
                .role = slots[COPY_ROLE].s,
                .told_at = slots[COPY_TOLD].i,
        };
        return 0;
}

int row_read_closed(const struct row_codec *codec, const void *value, size_t n, struct row_closed *ret, struct error *err) {
        struct slot slots[CLOSED_SLOTS];
        int r = form_read(&codec->closed, value, n, slots, err);

        if (r)
                return r;
        if (slots[CLOSED_DAY].i <= 0 || !date_valid((day_t)slots[CLOSED_DAY].i)) {
                error_set(err, "a closed case's row has a day on which no case can have been closed");
                return -EINVAL;
        }
        *ret = (struct row_closed){.day = (day_t)slots[CLOSED_DAY].i,
                                   .told_at = slots[CLOSED_TOLD].kind == SLOT_INT ? slots[CLOSED_TOLD].i : INSTANT_NEVER};
        return 0;
}

bool row_schema_at(const struct row_codec *codec, const struct event_types *types, size_t i, uint64_t *ret_fingerprint, const char **ret_json) {
        const struct form *const forms[] = {&codec->obligation, &codec->alert, &codec->copy, &codec->closed};
        const struct layout *layout = NULL;

        if (i < ELEMENTS(forms))
                layout = forms[i]->layout;
        for (size_t t = 0, at = ELEMENTS(forms); !layout && t < event_types_count(types); t++) {
                const struct event_type *type = event_types_at(types, t);

                if (!type->output && at++ == i)
                        layout = type->row;
        }
        if (!layout)
                return false;
        *ret_fingerprint = layout->fingerprint;
        *ret_json = schema_json(layout->file);
        return true;
}
