/* SPDX-License-Identifier: EUPL-1.2 */

/* Columns and statements of an inbox table, from the schemas of what stands in an inbox. */

#include "connectors/inbox-table/inbox_sql.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "calendar/date.h"
#include "model/event_json.h"

#define NUMBER_MAX 24
#define QUOTED_MAX ((size_t)4 * POSTGRES_NAME_MAX)

/* The last columns of every table: where the record stood. */
static const char *const places[] = {"_topic", "_partition", "_offset"};

/* -- Names -- */

static bool inbox_leaves_out(const struct inbox_shape *shape, const char *field) {
        for (size_t i = 0; i < shape->leave_out.n; i++) {
                if (strcmp(shape->leave_out.items[i], field) == 0)
                        return true;
        }
        return false;
}

static bool inbox_is_field(const struct event_types *types, const char *name) {
        for (size_t i = 0; i < event_types_count(types); i++) {
                if (layout_slot(event_types_at(types, i)->layout, name) >= SLOT_REPLACES) /* what stands before it has a row's key and case */
                        return true;
        }
        return false;
}

int inbox_check_names(const struct inbox_shape *shape, const struct event_types *types, struct error *err) {
        CLEANUP(buffer_done) struct buffer name = BUFFER_INIT(QUOTED_MAX);

        for (size_t i = 0; i < event_types_count(types); i++) {
                buffer_clear(&name);
                inbox_table_name(shape, event_types_at(types, i), &name);
                if (postgres_name_valid(buffer_text(&name)))
                        continue;
                error_set(err, "table must be a name, or schema.name, of at most %d bytes with any " INBOX_KIND " filled in", POSTGRES_NAME_MAX);
                return -EINVAL;
        }
        for (size_t i = 0; i < shape->leave_out.n; i++) {
                if (shape->form == INBOX_FIELDS && inbox_is_field(types, shape->leave_out.items[i]))
                        continue;
                error_set(err, "leave_out: no event has a field '%.64s' that may be left out%s", shape->leave_out.items[i],
                          shape->form == INBOX_FIELDS ? "" : "; it goes with form: fields");
                return -EINVAL;
        }
        return 0;
}

void inbox_table_name(const struct inbox_shape *shape, const struct event_type *type, struct buffer *out) {
        const char *kind = strstr(shape->table, INBOX_KIND);

        if (!kind) {
                buffer_add_text(out, shape->table);
                return;
        }
        buffer_add(out, shape->table, (size_t)(kind - shape->table));
        for (const char *c = type->name; *c; c++)
                buffer_add_byte(out, *c == '-' ? '_' : (uint8_t)*c);
        buffer_add_text(out, kind + strlen(INBOX_KIND));
}

size_t inbox_columns(const struct inbox_shape *shape, const struct event_type *type, const char *ret[INBOX_COLUMNS_MAX]) {
        size_t n = 0;

        if (shape->form == INBOX_PAYLOAD) {
                ret[n++] = "event_id";
                ret[n++] = "kind";
                ret[n++] = "case_id";
                ret[n++] = "payload";
        } else {
                ret[n++] = "_kind";
                for (size_t i = 0; i < type->layout->n; i++) {
                        if (!inbox_leaves_out(shape, type->layout->fields[i].name))
                                ret[n++] = type->layout->fields[i].name;
                }
        }
        for (size_t i = 0; i < ELEMENTS(places); i++)
                ret[n++] = places[i];
        assert(n <= INBOX_COLUMNS_MAX);
        return n;
}

/* -- A record as texts -- */

static void inbox_begin_cell(struct inbox_cells *c) {
        c->at[c->n++] = (ptrdiff_t)c->bytes.n;
}

static void inbox_end_cell(struct inbox_cells *c) {
        buffer_add_byte(&c->bytes, '\0');
}

static void inbox_put_cell(struct inbox_cells *c, const char *text) {
        inbox_begin_cell(c);
        buffer_add_text(&c->bytes, text);
        inbox_end_cell(c);
}

static void inbox_put_number(struct inbox_cells *c, int64_t number) {
        char text[NUMBER_MAX];

        (void) snprintf(text, sizeof(text), "%" PRId64, number);
        inbox_put_cell(c, text);
}

static void inbox_put_uuid(struct inbox_cells *c, const struct uuid *u) {
        char text[UUID_TEXT + 1];

        uuid_format(u, text);
        inbox_put_cell(c, text);
}

static void inbox_put_slot(struct inbox_cells *c, const struct layout_field *field, const struct slot *slot) {
        struct json_writer number = JSON_WRITER(&c->bytes);
        char text[INSTANT_TEXT + 1];

        if (slot->kind == SLOT_NULL) {
                c->at[c->n++] = -1;
                return;
        }
        switch (field->type) {
        case LAYOUT_BOOLEAN:
                inbox_put_cell(c, slot->i ? "true" : "false");
                return;
        case LAYOUT_INT:
        case LAYOUT_LONG:
                inbox_put_number(c, slot->i);
                return;
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                inbox_begin_cell(c);
                jsonw_double(&number, slot->d);
                inbox_end_cell(c);
                return;
        case LAYOUT_STRING:
                inbox_begin_cell(c);
                buffer_add(&c->bytes, slot->s.s, slot->s.n);
                inbox_end_cell(c);
                return;
        case LAYOUT_ENUM:
                inbox_put_cell(c, field->symbols[slot->i]);
                return;
        case LAYOUT_DATE:
                date_format((day_t)slot->i, text);
                inbox_put_cell(c, text);
                return;
        case LAYOUT_TIMESTAMP:
                instant_format_exact(slot->i, text);
                inbox_put_cell(c, text);
                return;
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                inbox_put_uuid(c, &slot->u);
                return;
        }
}

static void inbox_put_payload(struct inbox_cells *c, const struct event *event) {
        struct json_writer json = JSON_WRITER(&c->bytes);

        inbox_begin_cell(c);
        jsonw_open_object(&json);
        event_to_json(event, false, &json);
        jsonw_close_object(&json);
        inbox_end_cell(c);
}

void inbox_cells_write(const struct inbox_shape *shape, const struct delivery *delivery, struct inbox_cells *ret) {
        const struct event *event = delivery->ce->event;
        const struct layout *layout = event->type->layout;

        buffer_clear(&ret->bytes);
        ret->n = 0;
        if (shape->form == INBOX_PAYLOAD) {
                inbox_put_uuid(ret, &event->slots[SLOT_EVENT_ID].u);
                inbox_put_cell(ret, event->type->name);
                inbox_put_uuid(ret, &event->slots[SLOT_CASE_ID].u);
                inbox_put_payload(ret, event);
        } else {
                inbox_put_cell(ret, event->type->name);
                for (size_t i = 0; i < layout->n; i++) {
                        if (!inbox_leaves_out(shape, layout->fields[i].name))
                                inbox_put_slot(ret, &layout->fields[i], &event->slots[i]);
                }
        }
        inbox_put_cell(ret, delivery->topic);
        inbox_put_number(ret, delivery->partition);
        inbox_put_number(ret, delivery->offset);
}

const char *inbox_cell(const struct inbox_cells *cells, size_t column) {
        assert(column < cells->n);
        return cells->at[column] < 0 ? NULL : (const char *)cells->bytes.bytes + cells->at[column];
}

/* -- Looking -- */

enum look_cell { LOOK_NAME, LOOK_TYPE, LOOK_MUST, LOOK_RIGHT };

void inbox_sql_look(const char *table, struct buffer *out) {
        CLEANUP(buffer_done) struct buffer name = BUFFER_INIT(QUOTED_MAX);

        postgres_put_name(&name, table);
        buffer_add_text(out, "SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', "
                             "has_table_privilege(a.attrelid, 'INSERT') AND has_table_privilege(a.attrelid, 'SELECT') "
                             "FROM pg_attribute a WHERE a.attrelid = to_regclass(");
        postgres_put_text(out, buffer_text(&name));
        buffer_add_text(out, ") AND a.attnum > 0 AND NOT a.attisdropped");
}

static bool inbox_is_column(const struct inbox_plan *plan, const char *name) {
        for (size_t i = 0; i < plan->n; i++) {
                if (strcmp(plan->columns[i], name) == 0)
                        return true;
        }
        return false;
}

/* What we do not fill must be able to stay empty. */
static int inbox_judge_rest(const struct inbox_plan *plan, const struct postgres *p, size_t rows, struct error *err) {
        for (size_t i = 0; i < rows; i++) {
                const char *name = postgres_cell(p, i, LOOK_NAME);

                if (postgres_cell(p, i, LOOK_MUST)[0] != 't' || inbox_is_column(plan, name))
                        continue;
                error_set(err, "its column %.64s may not be null, has no default, and no field is called so; let it be null", name);
                return -EINVAL;
        }
        return 0;
}

int inbox_judge(const struct inbox_shape *shape, const struct event_type *type, const struct postgres *p, size_t rows, struct inbox_plan *ret,
                struct error *err) {
        ret->n = inbox_columns(shape, type, ret->columns);
        if (rows == 0) {
                error_set(err, "there is no such table; `ketenwacht connect ddl FILE` prints it");
                return -EINVAL;
        }
        if (postgres_cell(p, 0, LOOK_RIGHT)[0] != 't') {
                error_set(err, "%s may not INSERT and SELECT there; `ketenwacht connect ddl FILE` prints the rights", shape->user);
                return -EINVAL;
        }
        for (size_t i = 0; i < ret->n; i++) {
                ret->types[i][0] = '\0';
                for (size_t j = 0; j < rows && !ret->types[i][0]; j++) {
                        if (strcmp(postgres_cell(p, j, LOOK_NAME), ret->columns[i]) == 0)
                                (void) snprintf(ret->types[i], INBOX_TYPE_MAX, "%s", postgres_cell(p, j, LOOK_TYPE));
                }
                if (ret->types[i][0])
                        continue;
                error_set(err, "it has no column %s, in which %s of %s belongs; add it, nullable%s", ret->columns[i], ret->columns[i], type->name,
                          shape->form == INBOX_FIELDS ? ", or name it in leave_out" : "");
                return -EINVAL;
        }
        return inbox_judge_rest(ret, p, rows, err);
}

void inbox_sql_insert(const char *table, const struct inbox_plan *plan, struct buffer *out) {
        buffer_add_text(out, "INSERT INTO ");
        postgres_put_name(out, table);
        for (size_t i = 0; i < plan->n; i++) {
                buffer_add_text(out, i == 0 ? " (" : ", ");
                postgres_put_column(out, plan->columns[i]);
        }
        buffer_add_text(out, ") SELECT");
        for (size_t i = 0; i < plan->n; i++)
                buffer_printf(out, "%s u.c%zu::%s", i == 0 ? "" : ",", i, plan->types[i]);
        for (size_t i = 0; i < plan->n; i++)
                buffer_printf(out, "%s$%zu::text[]", i == 0 ? " FROM unnest(" : ", ", i + 1);
        for (size_t i = 0; i < plan->n; i++)
                buffer_printf(out, "%sc%zu", i == 0 ? ") AS u(" : ", ", i);
        buffer_add_text(out, ") ON CONFLICT (event_id) DO NOTHING");
}

/* -- Making them -- */

static const char *inbox_type_of(const struct layout_field *field) {
        switch (field->type) {
        case LAYOUT_BOOLEAN:
                return "boolean";
        case LAYOUT_INT:
                return "integer";
        case LAYOUT_LONG:
                return "bigint";
        case LAYOUT_FLOAT:
                return "real";
        case LAYOUT_DOUBLE:
                return "double precision";
        case LAYOUT_DATE:
                return "date";
        case LAYOUT_TIMESTAMP:
                return "timestamptz";
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                return "uuid";
        case LAYOUT_STRING:
        case LAYOUT_ENUM:
                break;
        }
        return "text";
}

static void inbox_ddl_column(const char *name, const char *type, struct buffer *out) {
        buffer_add_text(out, "        ");
        postgres_put_column(out, name);
        buffer_printf(out, " %s", type);
}

static void inbox_ddl_begin(const char *table, struct buffer *out) {
        buffer_add_text(out, "CREATE TABLE ");
        postgres_put_name(out, table);
        buffer_add_text(out, " (\n");
}

static void inbox_ddl_end(const struct inbox_shape *shape, const char *table, struct buffer *out) {
        inbox_ddl_column("_topic", "text NOT NULL,\n", out);
        inbox_ddl_column("_partition", "integer NOT NULL,\n", out);
        inbox_ddl_column("_offset", "bigint NOT NULL -- its place, in the order in which it was told\n);\nGRANT INSERT, SELECT ON ", out);
        postgres_put_name(out, table);
        buffer_add_text(out, " TO ");
        postgres_put_column(out, shape->user);
        buffer_add_text(out, ";\n\n");
}

static void inbox_ddl_payload(const struct inbox_shape *shape, const char *table, struct buffer *out) {
        inbox_ddl_begin(table, out);
        inbox_ddl_column("event_id", "uuid PRIMARY KEY, -- what comes again is there already, and changes nothing\n", out);
        inbox_ddl_column("kind", "text NOT NULL, -- escalation-raised, plan-due, measure-started …\n", out);
        inbox_ddl_column("case_id", "uuid NOT NULL,\n", out);
        inbox_ddl_column("payload", "jsonb NOT NULL, -- the record, as `ketenwacht tail` prints its value\n", out);
        inbox_ddl_end(shape, table, out);
}

/* The column of a field. In a table of one kind what is never null is said so; of several kinds only the envelope is in all. */
static void inbox_ddl_field(const struct event_type *type, size_t slot, bool alone, struct buffer *out) {
        const struct layout_field *field = &type->layout->fields[slot];
        bool must = !field->nullable && (alone || slot < SLOT_REPLACES);

        inbox_ddl_column(field->name, inbox_type_of(field), out);
        buffer_add_text(out, slot == SLOT_EVENT_ID ? " PRIMARY KEY,\n" : must ? " NOT NULL,\n" : ",\n");
}

/* Whether a type before @index has a field of this name: its column stands already. */
static bool inbox_ddl_stands(const struct event_types *types, size_t index, const char *field) {
        for (size_t i = 0; i < index; i++) {
                if (layout_slot(event_types_at(types, i)->layout, field) >= 0)
                        return true;
        }
        return false;
}

/* The fields of types from @first, @n of them, in one table. */
static void inbox_ddl_fields(const struct inbox_shape *shape, const struct event_types *types, size_t first, size_t n, const char *table,
                             struct buffer *out) {
        inbox_ddl_begin(table, out);
        inbox_ddl_column("_kind", "text NOT NULL, -- escalation-raised, plan-due, measure-started …\n", out);
        for (size_t i = first; i < first + n; i++) {
                const struct event_type *type = event_types_at(types, i);

                for (size_t slot = 0; slot < type->layout->n; slot++) {
                        const char *field = type->layout->fields[slot].name;

                        if (!inbox_leaves_out(shape, field) && !(n > 1 && inbox_ddl_stands(types, i, field)))
                                inbox_ddl_field(type, slot, n == 1, out);
                }
        }
        inbox_ddl_end(shape, table, out);
}

void inbox_sql_ddl(const struct inbox_shape *shape, const struct event_types *types, struct buffer *out) {
        CLEANUP(buffer_done) struct buffer table = BUFFER_INIT(QUOTED_MAX);
        const size_t all = event_types_count(types), n = strstr(shape->table, INBOX_KIND) ? all : 1;

        buffer_add_text(out, "-- What an organisation is told. Nothing of this is made by ketenwacht itself: read it, change what you like (types too: a\n"
                             "-- value is cast to the type of its column), and run it as the owner of your tables. A field that is new later needs a new,\n"
                             "-- nullable column; until it is there, records with that field wait, and the log says so.\n\n");
        for (size_t i = 0; i < n; i++) {
                buffer_clear(&table);
                inbox_table_name(shape, event_types_at(types, i), &table);
                if (shape->form == INBOX_PAYLOAD)
                        inbox_ddl_payload(shape, buffer_text(&table), out);
                else
                        inbox_ddl_fields(shape, types, i, n == 1 ? all : 1, buffer_text(&table), out);
        }
}
