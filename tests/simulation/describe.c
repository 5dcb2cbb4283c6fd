/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * A record that a worker wrote as one line of text, to compare and to read
 *
 * For the naive model the line holds what the model can know: all fields but the sentence for people. For
 * the model that is an engine from scratch it ends with a hash of the bytes: not one may differ.
 */

#include <inttypes.h>

#include "cluster/event_record.h"
#include "simulation.h"

#define FNV_BASE 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

struct line *lines_add(struct lines *lines) {
        if (vector_push(&lines->v, (struct line){0}))
                abort();
        return &lines->v.items[lines->v.n - 1];
}

static int by_text(const void *a, const void *b) {
        return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

void lines_sort(struct lines *lines) {
        if (lines->v.n > 1)
                qsort(lines->v.items, lines->v.n, sizeof(*lines->v.items), by_text);
}

const char *short_id(const struct uuid *id, char ret[UUID_TEXT + 1]) {
        uuid_format(id, ret);
        ret[8] = '\0';
        return ret;
}

static uint64_t hash(const void *bytes, size_t n) {
        const uint8_t *p = bytes;
        uint64_t h = FNV_BASE;

        for (size_t i = 0; i < n; i++)
                h = (h ^ p[i]) * FNV_PRIME;
        return h;
}

/* -- Events -- */

static void write_slot(const struct layout_field *field, const struct slot *slot, struct buffer *out) {
        char text[UUID_TEXT + 1], date[DATE_TEXT + 1];

        switch (slot->kind) {
        case SLOT_NULL:
                buffer_add_text(out, "-");
                break;
        case SLOT_UUID:
                buffer_add_text(out, short_id(&slot->u, text));
                break;
        case SLOT_STRING:
                buffer_add(out, slot->s.s, slot->s.n);
                break;
        case SLOT_INT:
                if (field->type == LAYOUT_DATE) {
                        date_format((day_t)slot->i, date);
                        buffer_add_text(out, date);
                } else if (field->type == LAYOUT_ENUM) {
                        buffer_add_text(out, field->symbols[slot->i]);
                } else {
                        buffer_printf(out, "%" PRId64, slot->i);
                }
                break;
        case SLOT_BOOLEAN:
        case SLOT_DOUBLE:
                buffer_printf(out, "%" PRId64, slot->i);
                break;
        }
}

/* "field=value" for all but the sentence, which is for people. */
static void write_fields(const struct event *event, struct buffer *out) {
        for (size_t i = 0; i < event->type->layout->n; i++) {
                const struct layout_field *field = &event->type->layout->fields[i];

                if (strcmp(field->name, "text") == 0 || strcmp(field->name, "source") == 0 || i == SLOT_REPLACES)
                        continue;
                buffer_printf(out, " %s=", field->name);
                write_slot(field, &event->slots[i], out);
        }
}

static void describe_refused(const struct event *event, const char *topic, struct line *ret) {
        char id[UUID_TEXT + 1], refused[UUID_TEXT + 1];
        const struct slot *code = &event->slots[layout_slot(event->type->layout, "code")];

        (void) snprintf(ret->text, sizeof(ret->text), "%s event-refused %s of %s %.*s at %" PRId64, topic, short_id(&event->slots[SLOT_EVENT_ID].u, id),
                        short_id(&event->slots[layout_slot(event->type->layout, "refused")].u, refused), (int)code->s.n, code->s.s,
                        event->slots[SLOT_RECORDED_AT].i);
}

static void describe_event(struct sim *s, const struct bus_record *record, bool exact, struct line *ret) {
        struct buffer text = BUFFER_INIT(LINE_MAX_BYTES - 1);
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        if (event_record_read(s->config->types, NULL, record, slots, &event, &err))
                sim_fail(s, "a record for %s cannot be decoded: %s", record->topic, err.text);
        if (event.type->known == TYPE_EVENT_REFUSED) {
                describe_refused(&event, record->topic, ret);
                return;
        }
        ret->case_id = slots[SLOT_CASE_ID].u;
        ret->telling = true;
        buffer_printf(&text, "%s %s", record->topic, event.type->name);
        write_fields(&event, &text);
        if (exact) { /* room for the hash, whatever comes before it */
                text.n = text.n < LINE_MAX_BYTES - 32 ? text.n : LINE_MAX_BYTES - 32;
                text.failed = false;
                buffer_printf(&text, " #%016" PRIx64, hash(record->value, record->value_n));
        }
        (void) snprintf(ret->text, sizeof(ret->text), "%s", buffer_text(&text));
        buffer_done(&text);
}

/* -- Rows of state -- */

static void describe_values(struct sim *s, const struct bus_record *record, const struct row_codec *codec, struct buffer *out) {
        const uint8_t *key = record->key;
        char date[DATE_TEXT + 1];
        struct telling o;
        struct telling x;
        struct telling a;
        struct error err;

        if (key[16] == ROW_OBLIGATION && row_read(codec, ROW_OBLIGATION, record->value, record->value_n, &o, &err) == 0) {
                date_format(o.due_date, date);
                buffer_printf(out, " %.*s %.8s due=%s announced=%" PRId64 " told=%" PRId64 " reminders=%u", (int)o.norm.n, o.norm.s, o.instance.s, date,
                              o.announced_at, o.told_at, (unsigned)o.reminders);
        } else if (key[16] == ROW_ALERT && row_read(codec, ROW_ALERT, record->value, record->value_n, &a, &err) == 0) {
                date_format(a.due_date, date);
                buffer_printf(out, " %.*s %.8s rung=%u to=%.*s due=%s %s raised=%u told=%" PRId64, (int)a.norm.n, a.norm.s, a.instance.s, a.rung,
                              (int)a.organisation.n, a.organisation.s, date, a.open ? "open" : "closed", (unsigned)a.raised, a.told_at);
        } else if (key[16] == ROW_CLOSED && row_read(codec, ROW_CLOSED, record->value, record->value_n, &x, &err) == 0) {
                date_format(x.day, date);
                buffer_printf(out, " day=%s told=%" PRId64, date, x.told_at == INSTANT_NEVER ? 0 : x.told_at);
        } else if (key[16] != ROW_FACT) {
                sim_fail(s, "a row of kind %c cannot be read", key[16]);
        }
}

static void describe_row(struct sim *s, const struct bus_record *record, bool exact, struct line *ret) {
        const uint8_t *key = record->key;
        struct buffer text = BUFFER_INIT(LINE_MAX_BYTES - 1);
        char case_id[UUID_TEXT + 1], id[UUID_TEXT + 1];
        static const struct uuid nobody;
        struct uuid own;

        memcpy(ret->case_id.bytes, key, sizeof(ret->case_id.bytes));
        memcpy(own.bytes, key + 17, sizeof(own.bytes));
        buffer_printf(&text, TOPIC_CASE_STATE " %c %s %s", key[16], short_id(&ret->case_id, case_id), short_id(&own, id));
        if (!record->value)
                buffer_add_text(&text, " gone");
        else if (exact)
                buffer_printf(&text, " #%016" PRIx64, hash(record->value, record->value_n));
        else if (!uuid_equal(&ret->case_id, &nobody))
                describe_values(s, record, s->rules->codec, &text);
        ret->telling = (key[16] != ROW_FACT || !record->value) && !uuid_equal(&ret->case_id, &nobody);
        (void) snprintf(ret->text, sizeof(ret->text), "%s", buffer_text(&text));
        buffer_done(&text);
}

/* -- Dead letters -- */

static const char *header_text(const struct bus_record *record, const char *name, char *ret, size_t size) {
        const struct bus_header *header = bus_record_header(record, name);

        (void) snprintf(ret, size, "%.*s", header ? (int)header->n : 1, header ? (const char *)header->value : "?");
        return ret;
}

static void describe_dead(const struct bus_record *record, struct line *ret) {
        char topic[BUS_NAME_MAX + 1], partition[16], offset[24], code[40];

        (void) snprintf(ret->text, sizeof(ret->text), TOPIC_DEAD_LETTERS " %s[%s]@%s %s", header_text(record, "kw-topic", topic, sizeof(topic)),
                        header_text(record, "kw-partition", partition, sizeof(partition)), header_text(record, "kw-offset", offset, sizeof(offset)),
                        header_text(record, "kw-code", code, sizeof(code)));
}

void describe(struct sim *s, const struct bus_record *record, bool exact, struct line *ret) {
        ret->topic = sim_topic(s, record->topic);
        if (strcmp(record->topic, TOPIC_CASE_STATE) == 0)
                describe_row(s, record, exact, ret);
        else if (strcmp(record->topic, TOPIC_DEAD_LETTERS) == 0)
                describe_dead(record, ret);
        else
                describe_event(s, record, exact, ret);
}

/* The instant of one row; 0: it has none, or is of a kind that is left out. */
static instant_t row_told_at(struct sim *s, const struct row *row) {
        struct telling o;
        struct telling x;
        struct telling a;
        struct error err;

        if (row->key[16] == ROW_OBLIGATION && row_read(s->rules->codec, ROW_OBLIGATION, row->value, row->n, &o, &err) == 0)
                return o.told_at;
        if (row->key[16] == ROW_ALERT && row_read(s->rules->codec, ROW_ALERT, row->value, row->n, &a, &err) == 0)
                return a.told_at;
        if (row->key[16] == ROW_CLOSED && row_read(s->rules->codec, ROW_CLOSED, row->value, row->n, &x, &err) == 0 && x.told_at != INSTANT_NEVER)
                return x.told_at;
        return 0;
}

instant_t rows_told_at(struct sim *s, const struct ledger_part *part) {
        instant_t latest = 0;

        for (size_t i = 0; i < part->cases.n; i++) {
                const struct ledger_case *c = part->cases.items[i];

                for (size_t k = 0; k < c->rows.n; k++) {
                        instant_t at = row_told_at(s, &c->rows.items[k]);

                        latest = at > latest ? at : latest;
                }
        }
        return latest;
}
