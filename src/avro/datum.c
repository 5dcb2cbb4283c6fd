/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Bytes to JSON by running a program
 *
 * What is nested calls itself, as deep as DATUM_DEPTH_MAX. Where fields were written in another order than the reader's, the text of each
 * is found again when the record is whole, and moved.
 */

#include "avro/datum.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "avro/cursor.h"
#include "avro/plain.h"
#include "base/json.h"

#define DATUM_PATH_MAX 256 /* bytes; of a longer one the end is kept */

static_assert(DATUM_DEPTH_MAX <= JSON_DEPTH_MAX, "the writer asserts its own bound");
static_assert((int)DATUM_E_SHORT == (int)CURSOR_E_SHORT && (int)DATUM_E_VALUE == (int)CURSOR_E_VALUE, "what the cursor says is handed on");

struct datum_walk {
        const struct program *program;
        struct cursor c;
        struct cursor_bounds bounds;
        struct json_writer w; /* its depth is the walk's */
        struct datum_memory *memory;
        size_t json_end;      /* how large the buffer may become */
        const char *large;    /* DATUM_E_LARGE: which bound */
        char path[DATUM_PATH_MAX];
        size_t path_at;       /* it is written from its end on, on the way up */
};

/* The record whose fields are being written; outside one record is NULL. */
struct datum_fields {
        const struct schema *record;
        bool moved;       /* the order is not the reader's: spans are kept */
        size_t spans;     /* of the first field */
        size_t last;      /* the field that was begun last; none: SIZE_MAX */
};

static int datum_steps(struct datum_walk *d, const struct op *op, struct datum_fields *fields);

static int datum_large(struct datum_walk *d, const char *what) {
        d->large = what;
        return DATUM_E_LARGE;
}

/* -- Where it is wrong -- */

static void datum_path_add(struct datum_walk *d, const char *part) {
        size_t n = strlen(part);

        if (n > d->path_at)
                return;
        d->path_at -= n;
        memcpy(d->path + d->path_at, part, n);
}

static void datum_path_field(struct datum_walk *d, const char *name) {
        char next = d->path[d->path_at];

        if (!*name)
                return;
        if (d->path_at < sizeof(d->path) - 1 && next != '[' && next != '{')
                datum_path_add(d, ".");
        datum_path_add(d, name);
}

static void datum_path_item(struct datum_walk *d, bool map, uint64_t number) {
        char text[32], next = d->path[d->path_at];

        if (d->path_at < sizeof(d->path) - 1 && next != '[' && next != '{')
                datum_path_add(d, ".");
        (void) snprintf(text, sizeof(text), map ? "{%" PRIu64 "}" : "[%" PRIu64 "]", number);
        datum_path_add(d, text);
}

/* -- Records -- */

/* The key of a value that comes next. */
static void datum_key(struct datum_walk *d, struct datum_fields *fields, size_t slot) {
        if (fields->moved) {
                struct datum_span *spans = &d->memory->spans.items[fields->spans];

                if (fields->last != SIZE_MAX)
                        spans[fields->last].end = d->w.out->n;
                spans[slot].start = d->w.out->n + (fields->last != SIZE_MAX); /* behind the comma */
                fields->last = slot;
        }
        jsonw_key(&d->w, fields->record->fields[slot].name);
}

/* Puts the fields, which stand from the first one's start to the end of the buffer, into the reader's order. */
static int datum_move(struct datum_walk *d, struct datum_fields *fields, size_t start) {
        struct datum_span *spans = d->memory->spans.items + fields->spans;
        struct buffer *out = d->w.out, *moved = &d->memory->moved;

        if (out->failed || fields->last == SIZE_MAX)
                return 0;
        spans[fields->last].end = out->n;
        buffer_clear(moved);
        buffer_add(moved, out->bytes + start, out->n - start);
        if (moved->failed)
                return -ENOMEM;
        out->n = start;
        for (size_t i = 0; i < fields->record->n_fields; i++) {
                assert(spans[i].end >= spans[i].start && spans[i].start >= start); /* each field was written, once */
                if (i)
                        buffer_add_byte(out, ',');
                buffer_add(out, moved->bytes + (spans[i].start - start), spans[i].end - spans[i].start);
        }
        return 0;
}

static int datum_record_moved(struct datum_walk *d, const struct op *op, struct datum_fields *fields) {
        size_t start = d->w.out->n, n = op->type->n_fields;
        int r = vector_reserve(&d->memory->spans, n);

        if (r)
                return r;
        fields->moved = true;
        fields->spans = d->memory->spans.n;
        fields->last = SIZE_MAX;
        for (size_t i = 0; i < n; i++)
                d->memory->spans.items[d->memory->spans.n++] = (struct datum_span){0, 0};
        r = datum_steps(d, d->program->ops + op->n, fields);
        if (r == 0)
                r = datum_move(d, fields, start);
        d->memory->spans.n = fields->spans;
        return r;
}

static int datum_record(struct datum_walk *d, const struct op *op) {
        struct datum_fields fields = {.record = op->type};
        int r;

        if (d->w.depth == DATUM_DEPTH_MAX)
                return datum_large(d, "records, arrays and maps stand in one another deeper than the 32 levels that are read");
        if (d->w.out->failed || d->w.out->n > d->json_end) /* a record that takes no bytes may hold many */
                return datum_large(d, "its JSON is larger than the 64 MiB that are written");
        jsonw_open_object(&d->w);
        r = op->ordered ? datum_steps(d, d->program->ops + op->n, &fields) : datum_record_moved(d, op, &fields);
        if (r == 0)
                jsonw_close_object(&d->w);
        return r;
}

/* -- Arrays and maps -- */

static int datum_item(struct datum_walk *d, const struct op *op) {
        struct datum_fields none = {.record = NULL};
        const uint8_t *before = d->c.p;
        struct text key;
        int r = 0;

        if (op->code == OP_MAP) {
                r = cursor_string(&d->c, d->bounds.text_max, &key);
                if (r)
                        return r;
                jsonw_key_text(&d->w, key);
        }
        r = datum_steps(d, d->program->ops + op->n, &none);
        if (r)
                return r;
        if (d->w.out->failed || d->w.out->n > d->json_end)
                return datum_large(d, "its JSON is larger than the 64 MiB that are written");
        if (d->c.p == before && d->bounds.empty_left-- == 0)
                return datum_large(d, "more than the 1,000,000 items that are read take no bytes");
        return 0;
}

static int datum_items(struct datum_walk *d, const struct op *op) {
        uint64_t number = 0;
        int r = 0;

        for (;;) {
                const uint8_t *end;
                int64_t count;

                r = cursor_block(&d->c, d->bounds.items_max, &count, &end);
                if (r || count == 0)
                        return r;
                for (; count > 0; count--, number++) {
                        r = datum_item(d, op);
                        if (r) {
                                datum_path_item(d, op->code == OP_MAP, number);
                                return r;
                        }
                }
                if (end && d->c.p != end)
                        return DATUM_E_VALUE;
        }
}

static int datum_collection(struct datum_walk *d, const struct op *op) {
        int r;

        if (d->w.depth == DATUM_DEPTH_MAX)
                return datum_large(d, "records, arrays and maps stand in one another deeper than the 32 levels that are read");
        if (op->code == OP_MAP)
                jsonw_open_object(&d->w);
        else
                jsonw_open_array(&d->w);
        r = datum_items(d, op);
        if (r)
                return r; /* nothing is written any more */
        if (op->code == OP_MAP)
                jsonw_close_object(&d->w);
        else
                jsonw_close_array(&d->w);
        return 0;
}

/* -- Values -- */

/* Bytes that stand at @before. */
static int datum_bytes(struct datum_walk *d, const struct schema *type, struct text bytes, const uint8_t *before) {
        if (plain_put_bytes(&d->w, type, bytes) == 0)
                return 0;
        d->c.p = before;
        return DATUM_E_VALUE;
}

static int datum_text(struct datum_walk *d, const struct op *op) {
        const uint8_t *before = d->c.p;
        struct uuid uuid;
        struct text text;
        int r = op->code == OP_BYTES ? cursor_blob(&d->c, d->bounds.text_max, &text) : cursor_string(&d->c, d->bounds.text_max, &text);

        if (r)
                return r;
        if (op->type->kind == SCHEMA_BYTES)
                return datum_bytes(d, op->type, text, before);
        if (op->type->kind == SCHEMA_FIXED && !uuid_parse(text.s, text.n, &uuid)) { /* read as 16 bytes it must be one */
                d->c.p = before;
                return DATUM_E_VALUE;
        }
        jsonw_text(&d->w, text); /* string; or uuid, which is a text as it was written */
        return 0;
}

static int datum_fixed(struct datum_walk *d, const struct op *op, size_t n) {
        static const struct schema uuid = {.kind = SCHEMA_FIXED, .logical = SCHEMA_UUID, .size = sizeof(struct uuid)};
        const uint8_t *bytes;
        int r = cursor_bytes(&d->c, n, &bytes);

        if (r)
                return r;
        return datum_bytes(d, op->code == OP_UUID_FIXED ? &uuid : op->type, (struct text){(const char *)bytes, n}, bytes);
}

static int datum_enum(struct datum_walk *d, const struct op *op) {
        const uint8_t *before = d->c.p;
        size_t index;
        int r = cursor_index(&d->c, op->n, &index);

        if (r)
                return r;
        if (op->symbols[index] < 0) {
                d->c.p = before;
                return DATUM_E_VALUE;
        }
        jsonw_string(&d->w, op->type->symbols[op->symbols[index]]);
        return 0;
}

static int datum_whole(struct datum_walk *d, const struct op *op) {
        bool narrow = op->code == OP_INT || op->code == OP_INT_TO_FLOAT || op->code == OP_INT_TO_DOUBLE;
        int64_t i;
        int r = narrow ? cursor_int(&d->c, &i) : cursor_long(&d->c, &i);

        if (r)
                return r;
        if (op->type->kind == SCHEMA_FLOAT || op->type->kind == SCHEMA_DOUBLE)
                plain_put_double(&d->w, op->type, op->type->kind == SCHEMA_FLOAT ? (double)(float)i : (double)i);
        else
                plain_put_int(&d->w, op->type, i);
        return 0;
}

static int datum_default(struct datum_walk *d, const struct op *op, const struct datum_fields *fields) {
        int r = plain_put_default(&d->w, op->type, fields->record->fields[op->slot].default_value);

        return r == PLAIN_E_DIGITS  ? DATUM_E_VALUE
               : r == PLAIN_E_DEPTH ? datum_large(d, "a default stands deeper than the 32 levels that are written")
                                    : r;
}

static int datum_value(struct datum_walk *d, const struct op *op, const struct datum_fields *fields) {
        int64_t i;
        double number;
        int r;

        switch (op->code) {
        case OP_NULL:
                jsonw_null(&d->w);
                return 0;
        case OP_BOOLEAN:
                r = cursor_boolean(&d->c, &i);
                if (r == 0)
                        jsonw_bool(&d->w, i != 0);
                return r;
        case OP_FLOAT:
        case OP_DOUBLE:
                r = op->code == OP_FLOAT ? cursor_float(&d->c, &number) : cursor_double(&d->c, &number);
                if (r == 0)
                        plain_put_double(&d->w, op->type, number);
                return r;
        case OP_ENUM:
                return datum_enum(d, op);
        case OP_UUID_FIXED:
                return datum_fixed(d, op, sizeof(struct uuid));
        case OP_FIXED:
                return datum_fixed(d, op, op->type->size);
        case OP_BYTES:
        case OP_STRING:
        case OP_UUID_TEXT:
                return datum_text(d, op);
        case OP_DEFAULT:
                return datum_default(d, op, fields);
        case OP_RECORD:
                return datum_record(d, op);
        case OP_ARRAY:
        case OP_MAP:
                return datum_collection(d, op);
        default:
                return datum_whole(d, op);
        }
}

/* -- The steps -- */

/* Those that read no value themselves. *op is moved to the step before the next one. */
static int datum_branch(struct datum_walk *d, const struct op **op, struct datum_fields *fields) {
        const struct op *at = *op;
        const uint8_t *before = d->c.p;
        size_t index;
        int r;

        if (at->code == OP_REFUSE)
                return DATUM_E_VALUE;
        if (at->code == OP_JUMP) {
                *op = d->program->ops + at->n - 1;
                return 0;
        }
        r = cursor_index(&d->c, at->code == OP_BRANCH ? at->n : 2, &index);
        if (r)
                return r;
        if (at->code == OP_BRANCH) {
                *op = d->program->ops + at->targets[index] - 1;
        } else if (index == at->null_branch && at->code == OP_REQUIRED) {
                d->c.p = before;
                return DATUM_E_VALUE;
        } else if (index == at->null_branch) {
                if (fields->record)
                        datum_key(d, fields, at->slot);
                jsonw_null(&d->w);
                (*op)++;
        }
        return 0;
}

static int datum_steps(struct datum_walk *d, const struct op *op, struct datum_fields *fields) {
        int r;

        for (;; op++) {
                switch (op->code) {
                case OP_END:
                        return 0;
                case OP_OPTIONAL:
                case OP_REQUIRED:
                case OP_BRANCH:
                case OP_JUMP:
                case OP_REFUSE:
                        r = datum_branch(d, &op, fields);
                        break;
                case OP_SKIP:
                        r = cursor_skip(&d->c, op->skip, d->w.depth, &d->bounds);
                        break;
                default:
                        if (fields->record)
                                datum_key(d, fields, op->slot);
                        r = datum_value(d, op, fields);
                        break;
                }
                if (r) {
                        datum_path_field(d, op->field);
                        return r;
                }
        }
}

/* -- All of it -- */

static int datum_refused(const struct datum_walk *d, int r, uint64_t at, struct error *err) {
        const char *why = r == DATUM_E_SHORT ? "the bytes end too early" : r == DATUM_E_LARGE ? d->large : "not a value that can stand here";

        if (r == -ENOMEM)
                error_set(err, "there is no memory for what stands at byte %" PRIu64, at);
        else if (d->path[d->path_at])
                error_set(err, "field '%s', byte %" PRIu64 ": %s", d->path + d->path_at, at, why);
        else
                error_set(err, "byte %" PRIu64 ": %s", at, why);
        return r;
}

int datum_to_json(const struct program *program, const void *bytes, size_t n, uint64_t offset, struct datum_memory *memory, struct buffer *out,
                  size_t *ret_n, struct error *err) {
        struct datum_walk d = {.program = program,
                               .c = {.p = bytes, .end = (const uint8_t *)bytes + n},
                               .bounds = {DATUM_DEPTH_MAX, DATUM_BYTES_MAX, DATUM_BYTES_MAX, DATUM_EMPTY_MAX},
                               .w = JSON_WRITER(out),
                               .memory = memory,
                               .json_end = out->n + DATUM_JSON_MAX,
                               .path_at = DATUM_PATH_MAX - 1};
        struct datum_fields none = {.record = NULL};
        size_t before = out->n;
        int r;

        assert(program && memory && ret_n && (bytes || n == 0) && !out->failed);
        d.path[DATUM_PATH_MAX - 1] = '\0';
        memory->moved.max = DATUM_JSON_MAX * 2;
        memory->spans.n = 0;
        r = program->root.code == OP_RECORD ? datum_record(&d, &program->root) : datum_steps(&d, program->ops, &none);
        if (r == 0 && (out->failed || out->n > d.json_end))
                r = datum_large(&d, "its JSON is larger than the 64 MiB that are written");
        if (r == 0) {
                *ret_n = (size_t)(d.c.p - (const uint8_t *)bytes);
                return 0;
        }
        out->n = before;
        out->failed = false;
        return datum_refused(&d, r, offset + (uint64_t)(d.c.p - (const uint8_t *)bytes), err);
}

void datum_memory_done(struct datum_memory *memory) {
        vector_done(&memory->spans);
        buffer_done(&memory->moved);
}
