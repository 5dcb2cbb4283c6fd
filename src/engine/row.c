/* SPDX-License-Identifier: EUPL-1.2 */

/* Makes the schemas of the rows of tellings from the table of their fields, and writes and reads the rows by it. */

#include "engine/row.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "avro/framing.h"
#include "avro/put.h"
#include "avro/record.h"

#define ROW_FIELDS_MAX 10
#define ROW_SCHEMA_BYTES_MAX 4096
#define ROW_VALUE_BYTES_MAX sizeof(struct uuid) /* of a field without its text: more than PUT_LONG_MAX and the byte of a union */

/* The kinds of rows, in the order of their schemas' rows s. */
static const struct row_kind_form {
        enum row_kind kind;
        enum telling_form form;
        const char *name, *doc;
} row_forms[] = {
        {ROW_OBLIGATION, TELLING_ROW_OBLIGATION, "Obligation", "An obligation that was announced: what was told about it last."},
        {ROW_ALERT, TELLING_ROW_ALERT, "Alert", "An alert that was raised, and whether it is open."},
        {ROW_COPY, TELLING_ROW_COPY, "Copy", "A copy of a fact that was told after the fact was accepted."},
        {ROW_CLOSED, TELLING_ROW_CLOSED, "Closed",
         "A case that was over and was forgotten: the day, and the latest instant at which anything was told in it."},
};

struct row_form { /* one kind of row */
        const struct telling_field *fields[ROW_FIELDS_MAX];
        size_t n;
        struct row_step { /* what writing needs of each field, beside one another */
                uint8_t type;
                bool nullable;
                uint16_t offset;
        } steps[ROW_FIELDS_MAX];
        uint16_t texts[ROW_FIELDS_MAX]; /* where the texts lie in a telling */
        size_t n_texts;
        struct schema_file *schema;
        struct layout *layout;
        struct program *program;
};

struct row_codec {
        struct row_form forms[ELEMENTS(row_forms)];
};

static_assert(ROW_VALUE_BYTES_MAX > PUT_LONG_MAX, "a number and its branch fit");

/* -- Schemas: frozen as the table makes them; tests hold the bytes -- */

static const char *row_type_json(enum layout_type type) {
        static const char *const types[] = {
                [LAYOUT_STRING] = "\"string\"",
                [LAYOUT_BOOLEAN] = "\"boolean\"",
                [LAYOUT_INT] = "\"int\"",
                [LAYOUT_LONG] = "\"long\"",
                [LAYOUT_DATE] = "{\"type\":\"int\",\"logicalType\":\"date\"}",
                [LAYOUT_TIMESTAMP] = "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}",
                [LAYOUT_UUID] = "{\"type\":\"fixed\",\"name\":\"Uuid\",\"size\":16,\"logicalType\":\"uuid\"}",
        };

        assert(type < ELEMENTS(types) && types[type]);
        return types[type];
}

/* Writes the schema and finds the fields of a form. */
static void row_schema_write(const struct row_kind_form *kind, struct row_form *form, struct buffer *out) {
        buffer_printf(out, "{\"type\":\"record\",\"name\":\"%s\",\"namespace\":\"nl.ketenwacht.row\",\"doc\":\"%s\",\"fields\":[", kind->name, kind->doc);
        for (size_t i = 0; i < TELLING_FIELDS; i++) {
                const struct telling_field *field = &telling_fields[i];

                if (!(field->rows >> kind->form & 1))
                        continue;
                assert(form->n < ROW_FIELDS_MAX);
                buffer_printf(out, "%s{\"name\":\"%s\",\"type\":%s%s%s}", form->n ? "," : "", field->name, field->nullable ? "[\"null\"," : "",
                              row_type_json(field->type), field->nullable ? "],\"default\":null" : "");
                form->steps[form->n] = (struct row_step){(uint8_t)field->type, field->nullable, field->offset};
                form->fields[form->n++] = field;
                if (field->type == LAYOUT_STRING)
                        form->texts[form->n_texts++] = field->offset;
        }
        buffer_add_text(out, "]}");
}

static int row_form_init(const struct row_kind_form *kind, struct row_form *form) {
        struct buffer json = BUFFER_INIT(ROW_SCHEMA_BYTES_MAX);
        struct error err = {0};
        int r;

        row_schema_write(kind, form, &json);
        r = json.failed ? -ENOMEM : schema_parse("row schema", (const char *)json.bytes, json.n, LANGUAGE_EN, &form->schema, &err);
        buffer_done(&json);
        if (r)
                return r;
        r = layout_new(form->schema, &form->layout, &err);
        if (r)
                return r;
        assert(form->layout->n == form->n);
        return program_new(form->schema, form->layout, &form->program, &err);
}

int row_codec_new(struct row_codec **ret) {
        CLEANUP(row_codec_free_p) struct row_codec *codec = calloc(1, sizeof(*codec));

        if (!codec)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTS(row_forms); i++) {
                int r = row_form_init(&row_forms[i], &codec->forms[i]);

                if (r)
                        return r;
        }
        *ret = TAKE(codec);
        return 0;
}

struct row_codec *row_codec_free(struct row_codec *codec) {
        if (!codec)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(row_forms); i++) {
                program_free(codec->forms[i].program);
                layout_free(codec->forms[i].layout);
                schema_free(codec->forms[i].schema);
        }
        free(codec);
        return NULL;
}

/* The place of a kind in row_forms. */
static size_t row_form_place(enum row_kind kind) {
        size_t i = 0;

        while (i < ELEMENTS(row_forms) && row_forms[i].kind != kind)
                i++;
        assert(i < ELEMENTS(row_forms)); /* facts and marks have no telling */
        return i;
}

/* -- Values -- */

/* Writes one field; there is room. Returns the place behind. */
static inline uint8_t *row_put_field(uint8_t *p, struct row_step step, const void *at) {
        int64_t number;

        switch (step.type) {
        case LAYOUT_STRING:
                return put_text(p, *(const struct text *)at);
        case LAYOUT_UUID:
                memcpy(p, at, sizeof(struct uuid));
                return p + sizeof(struct uuid);
        case LAYOUT_BOOLEAN:
                *p++ = *(const bool *)at;
                return p;
        case LAYOUT_DATE:
                number = *(const day_t *)at;
                break;
        case LAYOUT_TIMESTAMP:
                number = *(const instant_t *)at;
                if (!step.nullable)
                        break;
                *p++ = number == INSTANT_NEVER ? 0 : 2; /* the branch, as a long */
                if (number == INSTANT_NEVER)
                        return p;
                break;
        default:
                number = *(const unsigned *)at;
        }
        return put_long(p, number);
}

void row_write(const struct row_codec *codec, enum row_kind kind, const struct telling *row, struct buffer *out) {
        const struct row_form *form = &codec->forms[row_form_place(kind)];
        size_t room = FRAMING_SINGLE_BYTES + form->n * ROW_VALUE_BYTES_MAX;
        uint8_t *p;

        for (size_t i = 0; i < form->n_texts; i++)
                room += ((const struct text *)((const char *)row + form->texts[i]))->n;
        p = buffer_reserve(out, room);
        if (!p)
                return;
        p = framing_put_single(p, form->layout->fingerprint);
        for (size_t i = 0; i < form->n; i++)
                p = row_put_field(p, form->steps[i], (const char *)row + form->steps[i].offset);
        out->n = (size_t)(p - out->bytes);
}

int row_read(const struct row_codec *codec, enum row_kind kind, const void *value, size_t n, struct telling *ret, struct error *err) {
        const struct row_form *form = &codec->forms[row_form_place(kind)];
        struct framing f = framing_read(value, n);
        struct slot slots[ROW_FIELDS_MAX];

        if (f.kind != FRAMING_SINGLE || f.id != form->layout->fingerprint) {
                error_set(err, "a row of %s was written with a schema that this version does not know", form->layout->name);
                return -EINVAL;
        }
        if (record_decode(form->program, f.body, f.n, slots, err))
                return -EINVAL;
        *ret = (struct telling){0};
        for (size_t i = 0; i < form->n; i++)
                telling_set(ret, form->fields[i], &slots[i]);
        if (kind == ROW_CLOSED && (ret->day <= 0 || !date_valid(ret->day))) {
                error_set(err, "a closed case's row has a day on which no case can have been closed");
                return -EINVAL;
        }
        return 0;
}

void row_to_json(enum row_kind kind, const struct telling *row, struct json_writer *w) {
        telling_row_to_json(row, row_forms[row_form_place(kind)].form, w);
}

bool row_schema_at(const struct row_codec *codec, const struct event_types *types, size_t i, uint64_t *ret_fingerprint, const char **ret_json) {
        const struct layout *layout = NULL;

        if (i < ELEMENTS(row_forms))
                layout = codec->forms[i].layout;
        for (size_t t = 0, at = ELEMENTS(row_forms); !layout && t < event_types_count(types); t++) {
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
