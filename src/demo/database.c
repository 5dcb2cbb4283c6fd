/* SPDX-License-Identifier: EUPL-1.2 */

/* Makes and counts what a connector fills, by the connector's own words. */

#include "demo/database.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/name.h"

#define DATABASE_SQL_MAX ((size_t)1 << 20)
#define DATABASE_TIMEOUT_MS 10000

/* One question. Return: 0, and it went well; -EIO with a sentence; -ENOMEM. */
static int database_ask(struct database *db, const char *sql, struct error *err) {
        struct postgres_answer answer = {0};
        int r = postgres_await(db->connection, err);

        if (r == 0)
                r = postgres_ask(db->connection, sql, NULL, 0);
        if (r == 0)
                r = postgres_await(db->connection, err);
        if (r < 0)
                return r;
        if (postgres_answered(db->connection, &answer) && answer.outcome == POSTGRES_WELL)
                return 0;
        error_set(err, "the municipality's database: %s", answer.reason);
        return -EIO;
}

static int database_make(struct database *db, const struct connect_file *file, const struct event_types *types, struct error *err) {
        const struct connector_env env = {.name = file->name, .types = types, .clock = clock_system(), .targets = file->targets, .targets_n = file->targets_n};
        CLEANUP(buffer_done) struct buffer sql = BUFFER_INIT(DATABASE_SQL_MAX);
        const struct connector_verb *verb = file->ops->verbs;
        int r = file->ops->check(file->ctx, &env, err);

        while (verb && verb->name && strcmp(verb->name, "ddl") != 0)
                verb++;
        buffer_add_text(&sql, "DROP TABLE IF EXISTS " DATABASE_TABLE "; ");
        if (r == 0)
                r = verb && verb->name ? verb->run(file->ctx, &env, &sql, err) : -ENOSYS;
        if (r == 0)
                r = sql.failed ? -ENOMEM : database_ask(db, buffer_text(&sql), err);
        return r;
}

int database_open(struct database *db, uint16_t port, const struct connect_file *file, const struct event_types *types, struct error *err) {
        const struct postgres_config config = {.options = &db->options, .name = "demo", .clock = clock_system()};
        int r;

        db->options = (struct postgres_options){.host = "127.0.0.1", .database = DATABASE_NAME, .user = DATABASE_USER, .port = port,
                                                .connect_timeout = DATABASE_TIMEOUT_MS, .timeout = DATABASE_TIMEOUT_MS};
        r = postgres_new(&config, &db->connection, err);
        return r < 0 ? r : database_make(db, file, types, err);
}

int64_t database_rows(struct database *db, int64_t before) {
        struct error err = {0};
        int64_t rows = before;

        if (!db->connection || database_ask(db, "SELECT count(*) FROM " DATABASE_TABLE, &err) < 0)
                return before;
        return text_to_int64(text_of(postgres_cell(db->connection, 0, 0)), &rows) ? rows : before;
}

int64_t database_rows_of(struct database *db, const char *kind) {
        CLEANUP(buffer_done) struct buffer sql = BUFFER_INIT(DATABASE_SQL_MAX);
        struct error err = {0};
        int64_t rows = 0;

        assert(name_is_kebab(kind)); /* one of ours: it needs no quotation */
        buffer_printf(&sql, "SELECT count(*) FROM " DATABASE_TABLE " WHERE kind = '%s'", kind);
        if (!db->connection || sql.failed || database_ask(db, buffer_text(&sql), &err) < 0)
                return 0;
        return text_to_int64(text_of(postgres_cell(db->connection, 0, 0)), &rows) ? rows : 0;
}

void database_close(struct database *db) {
        db->connection = postgres_free(db->connection);
}
