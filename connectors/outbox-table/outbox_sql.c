/* SPDX-License-Identifier: EUPL-1.2 */

/* Statements over an outbox table whose names are configured, and the sentences about what it lacks. */

#include "connectors/outbox-table/outbox_sql.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LOCK_CLASS "1802987361" /* of our advisory locks: the upper half of the key, before the table's oid */
#define QUOTED_MAX ((size_t)4 * POSTGRES_NAME_MAX)

const char *const outbox_columns[OUTBOX_COLUMNS] = {
        [OUTBOX_ID] = "id",
        [OUTBOX_AGGREGATETYPE] = "aggregatetype",
        [OUTBOX_AGGREGATEID] = "aggregateid",
        [OUTBOX_TYPE] = "type",
        [OUTBOX_PAYLOAD] = "payload",
        [OUTBOX_POSITION] = "position",
        [OUTBOX_CREATED_AT] = "created_at",
        [OUTBOX_PUBLISHED_AT] = "published_at",
};

const char *outbox_order_text(enum outbox_order order) {
        switch (order) {
        case OUTBOX_BY_COMMIT:
                return "in the order of commits";
        case OUTBOX_BY_POSITION:
                return "of those that are found together in the order of writing: that of commits where writers of one case wait for one another, or where "
                       "track_commit_timestamp is on";
        case OUTBOX_BY_TRANSACTION:
                break;
        }
        return "of those that are found together by the age of their transactions: add the column position, or set track_commit_timestamp, for a better one";
}

/* -- Names -- */

static int outbox_rename(struct outbox_shape *shape, const struct option_pair *pair, struct error *err) {
        struct nearest nearest = NEAREST_INIT(pair->key);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; i < OUTBOX_COLUMNS; i++) {
                nearest_try(&nearest, outbox_columns[i]);
                if (strcmp(outbox_columns[i], pair->key) != 0)
                        continue;
                shape->names[i] = pair->value;
                return 0;
        }
        error_set(err, "columns: an outbox has no column '%.64s'%s", pair->key, nearest_hint(&nearest, hint));
        return -EINVAL;
}

int outbox_name(struct outbox_shape *shape, const struct option_pairs *pairs, struct error *err) {
        const char *const tables[][2] = {{"table", shape->table}, {"refused", shape->refused}, {"notify", shape->channel}};
        int r = 0;

        memcpy(shape->names, outbox_columns, sizeof(shape->names));
        for (size_t i = 0; i < pairs->n && r == 0; i++)
                r = outbox_rename(shape, &pairs->items[i], err);
        for (size_t i = 0; i < ELEMENTS(tables) && r == 0; i++) {
                if (postgres_name_valid(tables[i][1]))
                        continue;
                error_set(err, "%s must be a name, or schema.name, of at most %d bytes", tables[i][0], POSTGRES_NAME_MAX);
                r = -EINVAL;
        }
        for (size_t i = 0; i < OUTBOX_COLUMNS && r == 0; i++) {
                if (strlen(shape->names[i]) <= POSTGRES_NAME_MAX)
                        continue;
                error_set(err, "columns: the name of %s is longer than %d bytes", outbox_columns[i], POSTGRES_NAME_MAX);
                r = -EINVAL;
        }
        return r;
}

/* The table's name as the text that to_regclass() takes. */
static void outbox_put_regclass(struct buffer *out, const char *table) {
        struct buffer name = BUFFER_INIT(QUOTED_MAX);

        postgres_put_name(&name, table);
        buffer_add_text(out, "to_regclass(");
        postgres_put_text(out, buffer_text(&name));
        buffer_add_text(out, ")");
        buffer_done(&name);
}

static void outbox_put(const struct outbox_shape *shape, enum outbox_column column, const char *before, const char *behind, struct buffer *out) {
        buffer_add_text(out, before);
        postgres_put_column(out, shape->names[column]);
        buffer_add_text(out, behind);
}

/* -- Looking -- */

enum look_cell { LOOK_NAME, LOOK_TYPE, LOOK_COMMITS, LOOK_RIGHTS, LOOK_REFUSED, LOOK_REFUSED_RIGHTS };

void outbox_sql_look(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "SELECT a.attname, format_type(a.atttypid, NULL), current_setting('track_commit_timestamp'), "
                             "has_table_privilege(a.attrelid, 'SELECT') AND has_table_privilege(a.attrelid, 'UPDATE') AND "
                             "has_table_privilege(a.attrelid, 'DELETE'), ");
        outbox_put_regclass(out, shape->refused);
        buffer_add_text(out, " IS NOT NULL, coalesce(has_table_privilege(");
        outbox_put_regclass(out, shape->refused);
        buffer_add_text(out, ", 'INSERT'), false) FROM pg_attribute a WHERE a.attrelid = ");
        outbox_put_regclass(out, shape->table);
        buffer_add_text(out, " AND a.attnum > 0 AND NOT a.attisdropped");
}

static bool is_yes(const char *cell) {
        return cell && cell[0] == 't';
}

/* What all rows of the answer say alike. */
static int judge_rights(const struct outbox_shape *shape, const struct postgres *p, struct error *err) {
        if (!is_yes(postgres_cell(p, 0, LOOK_RIGHTS)))
                error_set(err, "%s may not SELECT, UPDATE (to lock rows) and DELETE in %s; `ketenwacht connect ddl FILE` prints the rights", shape->user,
                          shape->table);
        else if (!is_yes(postgres_cell(p, 0, LOOK_REFUSED)))
                error_set(err, "there is no table %s, into which rows are moved that can be no event; `ketenwacht connect ddl FILE` prints it",
                          shape->refused);
        else if (!is_yes(postgres_cell(p, 0, LOOK_REFUSED_RIGHTS)))
                error_set(err, "%s may not INSERT into %s; `ketenwacht connect ddl FILE` prints the rights", shape->user, shape->refused);
        else
                return 0;
        return -EINVAL;
}

int outbox_judge(struct outbox_shape *shape, const struct postgres *p, size_t rows, struct error *err) {
        if (rows == 0) {
                error_set(err, "there is no table %s; `ketenwacht connect ddl FILE` prints it", shape->table);
                return -EINVAL;
        }
        memset(shape->has, 0, sizeof(shape->has));
        for (size_t i = 0; i < rows; i++) {
                for (size_t j = 0; j < OUTBOX_COLUMNS; j++)
                        shape->has[j] |= strcmp(postgres_cell(p, i, LOOK_NAME), shape->names[j]) == 0;
                if (strcmp(postgres_cell(p, i, LOOK_NAME), shape->names[OUTBOX_CREATED_AT]) == 0)
                        shape->zoned = strcmp(postgres_cell(p, i, LOOK_TYPE), "timestamp with time zone") == 0;
        }
        for (size_t j = 0; j < OUTBOX_COLUMNS; j++) {
                if (shape->has[j] || (j >= OUTBOX_DEBEZIUM && !(j == OUTBOX_PUBLISHED_AT && shape->mark)))
                        continue;
                error_set(err, "%s has no column %s; columns: says how it is called otherwise, and `ketenwacht connect ddl FILE` prints the table",
                          shape->table, shape->names[j]);
                return -EINVAL;
        }
        shape->order = strcmp(postgres_cell(p, 0, LOOK_COMMITS), "on") == 0 ? OUTBOX_BY_COMMIT
                       : shape->has[OUTBOX_POSITION]                       ? OUTBOX_BY_POSITION
                                                                           : OUTBOX_BY_TRANSACTION;
        return judge_rights(shape, p, err);
}

void outbox_sql_lock(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "SELECT pg_try_advisory_lock((" LOCK_CLASS "::bigint << 32) + ");
        outbox_put_regclass(out, shape->table);
        buffer_add_text(out, "::oid::bigint)");
}

/* -- A session -- */

/* Ties go by what comes next: rows of one transaction have one time of commit. */
static void outbox_put_order(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, " ORDER BY ");
        if (shape->order == OUTBOX_BY_COMMIT)
                buffer_add_text(out, "pg_xact_commit_timestamp(o.xmin) NULLS FIRST, ");
        if (shape->has[OUTBOX_POSITION])
                outbox_put(shape, OUTBOX_POSITION, "o.", "", out);
        else
                buffer_add_text(out, "age(o.xmin) DESC, o.cmin::text::bigint, o.ctid");
}

/* " FROM outbox o WHERE …": the rows that are ours and wait. */
static void outbox_put_waiting(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, " FROM ");
        postgres_put_name(out, shape->table);
        outbox_put(shape, OUTBOX_AGGREGATETYPE, " o WHERE o.", " = ", out);
        postgres_put_text(out, shape->aggregatetype);
        if (shape->mark)
                outbox_put(shape, OUTBOX_PUBLISHED_AT, " AND o.", " IS NULL", out);
}

static void outbox_put_created(const struct outbox_shape *shape, struct buffer *out) {
        if (!shape->has[OUTBOX_CREATED_AT]) {
                buffer_add_text(out, "NULL::bigint");
                return;
        }
        outbox_put(shape, OUTBOX_CREATED_AT, "(extract(epoch FROM o.", shape->zoned ? ") * 1000)::bigint" : " AT TIME ZONE 'UTC') * 1000)::bigint", out);
}

/*
 * The oldest rows, and which of them we have locked. SKIP LOCKED alone would pass over a row that somebody looks at, and take what comes behind it in its
 * case; so it is said of each whether it was to be had.
 */
static void outbox_put_take(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "PREPARE kw_take AS WITH batch AS MATERIALIZED (SELECT s.*, row_number() OVER () AS kw_n FROM (SELECT o.ctid AS kw_place");
        outbox_put(shape, OUTBOX_ID, ", o.", " AS kw_id", out);
        outbox_put(shape, OUTBOX_AGGREGATEID, ", o.", " AS kw_case", out);
        outbox_put(shape, OUTBOX_TYPE, ", o.", " AS kw_type", out);
        outbox_put(shape, OUTBOX_PAYLOAD, ", o.", " AS kw_payload, ", out);
        if (shape->has[OUTBOX_POSITION])
                outbox_put(shape, OUTBOX_POSITION, "o.", " AS kw_position, ", out);
        else
                buffer_add_text(out, "0 AS kw_position, ");
        outbox_put_created(shape, out);
        buffer_add_text(out, " AS kw_created");
        outbox_put_waiting(shape, out);
        outbox_put_order(shape, out);
        buffer_printf(out, " LIMIT %" PRId64 ") s), held AS MATERIALIZED (SELECT o.ctid AS kw_place FROM ", shape->batch);
        postgres_put_name(out, shape->table);
        buffer_add_text(out, " o WHERE o.ctid = ANY(ARRAY(SELECT kw_place FROM batch)) FOR UPDATE SKIP LOCKED) "
                             "SELECT b.kw_place::text, b.kw_id::text, b.kw_case::text, b.kw_type::text, b.kw_payload::text, b.kw_position, b.kw_created, "
                             "h.kw_place IS NOT NULL FROM batch b LEFT JOIN held h USING (kw_place) ORDER BY b.kw_n; ");
}

static void outbox_put_done(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, shape->mark ? "PREPARE kw_done(tid[]) AS UPDATE " : "PREPARE kw_done(tid[]) AS DELETE FROM ");
        postgres_put_name(out, shape->table);
        if (shape->mark)
                outbox_put(shape, OUTBOX_PUBLISHED_AT, " SET ", " = now()", out);
        buffer_add_text(out, " WHERE ctid = ANY($1); ");
}

static void outbox_put_refuse(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "PREPARE kw_refuse(tid[], text[], text[]) AS WITH gone AS (DELETE FROM ");
        postgres_put_name(out, shape->table);
        buffer_add_text(out, " o USING unnest($1, $2, $3) AS u(kw_place, kw_code, kw_error) WHERE o.ctid = u.kw_place RETURNING ");
        for (size_t i = 0; i < OUTBOX_DEBEZIUM; i++)
                outbox_put(shape, (enum outbox_column)i, "o.", ", ", out);
        buffer_add_text(out, "u.kw_code, u.kw_error) INSERT INTO ");
        postgres_put_name(out, shape->refused);
        for (size_t i = 0; i < OUTBOX_DEBEZIUM; i++)
                outbox_put(shape, (enum outbox_column)i, i == 0 ? " (" : ", ", "", out);
        buffer_add_text(out, ", code, error, refused_at) SELECT gone.*, now() FROM gone; ");
}

void outbox_sql_begin(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "DEALLOCATE ALL; LISTEN ");
        postgres_put_column(out, shape->channel);
        buffer_add_text(out, "; ");
        outbox_put_take(shape, out);
        outbox_put_done(shape, out);
        outbox_put_refuse(shape, out);
}

static void outbox_put_execute_done(const char *places, struct buffer *out) {
        buffer_add_text(out, "EXECUTE kw_done(");
        postgres_put_text(out, places);
        buffer_add_text(out, "); ");
}

void outbox_sql_done(const char *places, struct buffer *out) {
        outbox_put_execute_done(places, out);
        buffer_add_text(out, "COMMIT");
}

/* What is checked when a transaction ends is checked here. */
void outbox_sql_rehearse(const char *refuse, const char *places, struct buffer *out) {
        buffer_add_text(out, "SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT kw_rehearsal; ");
        buffer_add_text(out, refuse);
        outbox_put_execute_done(places, out);
        buffer_add_text(out, "ROLLBACK TO kw_rehearsal");
}

void outbox_sql_refuse(const char *places, const char *codes, const char *errors, struct buffer *out) {
        buffer_add_text(out, "EXECUTE kw_refuse(");
        postgres_put_text(out, places);
        buffer_add_text(out, ", ");
        postgres_put_text(out, codes);
        buffer_add_text(out, ", ");
        postgres_put_text(out, errors);
        buffer_add_text(out, "); ");
}

void outbox_sql_count(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "SELECT count(*)");
        outbox_put_waiting(shape, out);
}

/* -- Making it -- */

static void outbox_put_line(const struct outbox_shape *shape, enum outbox_column column, const char *rest, struct buffer *out) {
        outbox_put(shape, column, "        ", " ", out);
        buffer_add_text(out, rest);
        buffer_add_byte(out, '\n');
}

static void outbox_put_grants(const struct outbox_shape *shape, struct buffer *out) {
        const char *dot = strchr(shape->table, '.');

        if (dot) {
                buffer_add_text(out, "GRANT USAGE ON SCHEMA ");
                buffer_printf(out, "\"%.*s\" TO ", (int)(dot - shape->table), shape->table);
                postgres_put_column(out, shape->user);
                buffer_add_text(out, ";\n");
        }
        buffer_add_text(out, "-- What ketenwacht may do, and nothing else. UPDATE is what locking a row takes.\nGRANT SELECT, UPDATE, DELETE ON ");
        postgres_put_name(out, shape->table);
        buffer_add_text(out, " TO ");
        postgres_put_column(out, shape->user);
        buffer_add_text(out, ";\nGRANT INSERT ON ");
        postgres_put_name(out, shape->refused);
        buffer_add_text(out, " TO ");
        postgres_put_column(out, shape->user);
        buffer_add_text(out, ";\n");
}

/* The function is called after the table, in its schema. */
static void outbox_put_trigger(const struct outbox_shape *shape, struct buffer *out) {
        struct buffer name = BUFFER_INIT(QUOTED_MAX);

        buffer_printf(&name, "%s_notify", shape->table);
        buffer_add_text(out, "-- Wakes the connector at once; without it rows are found within `poll`. NOTIFY makes commits of writers go one after another.\n"
                             "CREATE FUNCTION ");
        postgres_put_name(out, buffer_text(&name));
        buffer_add_text(out, "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify(");
        postgres_put_text(out, shape->channel);
        buffer_add_text(out, ", ''); RETURN NULL; END $$;\nCREATE TRIGGER ketenwacht_notify AFTER INSERT ON ");
        postgres_put_name(out, shape->table);
        buffer_add_text(out, " FOR EACH STATEMENT EXECUTE FUNCTION ");
        postgres_put_name(out, buffer_text(&name));
        buffer_add_text(out, "();\n\n");
        buffer_done(&name);
}

static void outbox_put_index(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "CREATE INDEX ON ");
        postgres_put_name(out, shape->table);
        outbox_put(shape, OUTBOX_POSITION, " (", ")", out);
        if (shape->mark)
                outbox_put(shape, OUTBOX_PUBLISHED_AT, " WHERE ", " IS NULL", out);
        buffer_add_text(out, ";\n\n");
}

static void outbox_put_table(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "-- Write a row in the transaction of your own change; when that commits, the event is on its way.\nCREATE TABLE ");
        postgres_put_name(out, shape->table);
        buffer_add_text(out, " (\n");
        outbox_put_line(shape, OUTBOX_ID, "uuid PRIMARY KEY, -- the event_id; a row that is written again counts once", out);
        buffer_add_text(out, "        ");
        postgres_put_column(out, shape->names[OUTBOX_AGGREGATETYPE]);
        buffer_add_text(out, " varchar(255) NOT NULL DEFAULT ");
        postgres_put_text(out, shape->aggregatetype);
        buffer_add_text(out, ", -- rows with another one are left to others\n");
        outbox_put_line(shape, OUTBOX_AGGREGATEID, "varchar(255) NOT NULL, -- the case_id", out);
        outbox_put_line(shape, OUTBOX_TYPE, "varchar(255) NOT NULL, -- the event type, such as measure-started", out);
        outbox_put_line(shape, OUTBOX_PAYLOAD, "jsonb NOT NULL, -- the event, as `ketenwacht replay` reads it", out);
        outbox_put_line(shape, OUTBOX_CREATED_AT, "timestamptz NOT NULL DEFAULT clock_timestamp(), -- says how old the oldest row is", out);
        if (shape->mark)
                outbox_put_line(shape, OUTBOX_PUBLISHED_AT, "timestamptz, -- set by ketenwacht; delete such rows when you like", out);
        outbox_put_line(shape, OUTBOX_POSITION, "bigint GENERATED ALWAYS AS IDENTITY -- the order of writing", out);
        buffer_add_text(out, ");\n");
}

static void outbox_put_refused(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "-- Rows that can be no event, moved here with a code and a sentence. To send one again: mend it, and move it back.\n"
                             "CREATE TABLE ");
        postgres_put_name(out, shape->refused);
        buffer_add_text(out, " (\n");
        outbox_put_line(shape, OUTBOX_ID, "uuid,", out);
        outbox_put_line(shape, OUTBOX_AGGREGATETYPE, "varchar(255),", out);
        outbox_put_line(shape, OUTBOX_AGGREGATEID, "varchar(255),", out);
        outbox_put_line(shape, OUTBOX_TYPE, "varchar(255),", out);
        outbox_put_line(shape, OUTBOX_PAYLOAD, "jsonb,", out);
        buffer_add_text(out, "        refused_at timestamptz NOT NULL,\n        code text NOT NULL, -- BAD_VALUE, UNKNOWN_EVENT, NOT_ALLOWED …\n"
                             "        error text NOT NULL\n);\n\n");
}

void outbox_sql_ddl(const struct outbox_shape *shape, struct buffer *out) {
        buffer_add_text(out, "-- The outbox of a writer. Nothing of this is made by ketenwacht itself: read it, change what you like, and run it as the\n"
                             "-- owner of your tables. The first five columns are those of Debezium's outbox router, which may read the same table.\n\n"
                             "-- Rows of one case are published in the order of their commits when the server keeps the time of commits:\n"
                             "-- ALTER SYSTEM SET track_commit_timestamp = on;   -- and a restart. Without it: in the order of writing.\n\n");
        outbox_put_table(shape, out);
        outbox_put_index(shape, out);
        outbox_put_refused(shape, out);
        outbox_put_trigger(shape, out);
        outbox_put_grants(shape, out);
}
