/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * inbox-table: an organisation's inbox as rows of a table in its PostgreSQL database
 *
 * One row for each record, by its event_id: what comes again is there already. Rows of one table go in one statement, which is committed before any of them
 * counts as delivered. A statement that the database refuses, or does not take now, is done again row by row, so that only the bad one is refused, or waits.
 * A database that is away is waited for, and costs no record a try.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/postgres.h"
#include "connect/runtime.h"
#include "connectors/inbox-table/inbox_sql.h"

#define INBOX_CELLS_MAX ((size_t)8 * 1024 * 1024)    /* of one record */
#define INBOX_BATCH_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define INBOX_SQL_MAX ((size_t)64 * 1024)
#define INBOX_MEND_MS 2000  /* before a table that did not fit is looked at again */
#define INBOX_AWAY_MS 200   /* least pause while there is no connection */

/* A record on its way. */
struct inbox_row {
        void *cookie;
        const struct event_type *type;
        bool flying; /* in the statement that is open */
        bool alone;  /* the statement that it was in was refused: it goes by itself */
        struct inbox_cells cells;
};

/* What is known of the table of a type. */
struct inbox_target {
        bool known;
        int64_t bad_until; /* it does not fit, for the reason; looked at again then */
        char reason[TRIED_REASON_MAX];
        struct inbox_plan *plan; /* NULL: not looked at */
};

enum inbox_phase { INBOX_READY, INBOX_BEGINS, INBOX_LOOKS, INBOX_INSERTS };

struct inbox {
        /* options */
        struct postgres_options database;
        const char *table;
        int form;
        struct option_list leave_out;
        /* the rest */
        const struct connector_env *env;
        struct postgres *pg;
        struct inbox_shape shape;
        struct inbox_target *targets; /* by type->index */
        struct inbox_row *rows;       /* [env->parallel], the oldest first */
        size_t n;
        enum inbox_phase phase;
        const struct event_type *looked_at;
        uint64_t session;
        struct buffer sql, name, values;
        struct log_pace pace;
};

static const char *const inbox_forms[] = {[INBOX_PAYLOAD] = "payload", [INBOX_FIELDS] = "fields", NULL};

/* -- How tries end -- */

/* Takes row @i out of the list, whose memory goes behind the others, and says how it ended. */
static void inbox_over(struct inbox *o, size_t i, enum tried outcome, int64_t pause_ms, const char *reason) {
        struct attempt attempt = {.outcome = outcome, .pause_ms = pause_ms};
        struct inbox_row row = o->rows[i];

        memmove(&o->rows[i], &o->rows[i + 1], (o->n - i - 1) * sizeof(*o->rows));
        o->n--;
        buffer_clear(&row.cells.bytes); /* holds what an event says */
        o->rows[o->n] = (struct inbox_row){.cells.bytes = row.cells.bytes};
        (void) snprintf(attempt.reason, sizeof(attempt.reason), "%s", reason);
        runtime_tried(o->env->runtime, row.cookie, &attempt);
}

/* All that fly, or all of a type. */
static void inbox_all_over(struct inbox *o, const struct event_type *type, enum tried outcome, const char *reason) {
        for (size_t i = o->n; i-- > 0;) {
                if (type ? o->rows[i].type == type : o->rows[i].flying)
                        inbox_over(o, i, outcome, -1, reason);
        }
}

static void inbox_complain(struct inbox *o, const char *reason) {
        if (log_pace(&o->pace, clock_monotonic(&o->env->clock), POSTGRES_SAY_MS))
                log_line(o->env->log, DATABASE_REFUSES, LOG_STRING("connector", o->env->name), LOG_STRING("reason", reason));
}

/* While there is no connection nothing is tried, and nothing counts as a try. */
static void inbox_put_off(struct inbox *o) {
        int64_t pause = postgres_pause(o->pg);
        char reason[TRIED_REASON_MAX];

        (void) snprintf(reason, sizeof(reason), "the database cannot be reached: %.140s", postgres_trouble(o->pg));
        for (size_t i = o->n; i-- > 0;)
                inbox_over(o, i, TRIED_LATER, pause > INBOX_AWAY_MS ? pause : INBOX_AWAY_MS, reason);
}

/* -- Asking -- */

static int inbox_ask(struct inbox *o, enum inbox_phase phase, const char *const *values, size_t n) {
        o->phase = phase;
        return o->sql.failed ? -ENOMEM : postgres_ask(o->pg, buffer_text(&o->sql), values, n);
}

static int inbox_begin(struct inbox *o) {
        buffer_clear(&o->sql);
        postgres_put_session(&o->sql, &o->database);
        return inbox_ask(o, INBOX_BEGINS, NULL, 0);
}

static const char *inbox_name(struct inbox *o, const struct event_type *type) {
        buffer_clear(&o->name);
        inbox_table_name(&o->shape, type, &o->name);
        return buffer_text(&o->name);
}

static int inbox_look(struct inbox *o, const struct event_type *type) {
        o->looked_at = type;
        buffer_clear(&o->sql);
        inbox_sql_look(inbox_name(o, type), &o->sql);
        return inbox_ask(o, INBOX_LOOKS, NULL, 0);
}

/* Which rows go with the oldest, or it alone. */
static void inbox_choose(struct inbox *o) {
        for (size_t i = 0; i < o->n; i++)
                o->rows[i].flying = i == 0 || (!o->rows[0].alone && !o->rows[i].alone && o->rows[i].type == o->rows[0].type);
}

/* Each column as an array of texts, one behind another in one buffer. */
static void inbox_write_values(struct inbox *o, size_t columns, size_t at[INBOX_COLUMNS_MAX]) {
        buffer_clear(&o->values);
        for (size_t column = 0; column < columns; column++) {
                char before = '{';

                at[column] = o->values.n;
                for (size_t i = 0; i < o->n; i++) {
                        if (!o->rows[i].flying)
                                continue;
                        buffer_add_byte(&o->values, (uint8_t)before);
                        postgres_put_element(&o->values, inbox_cell(&o->rows[i].cells, column));
                        before = ',';
                }
                buffer_add(&o->values, "}", sizeof("}"));
        }
}

static int inbox_insert(struct inbox *o) {
        const struct event_type *type = o->rows[0].type;
        const struct inbox_plan *plan = o->targets[type->index].plan;
        const char *values[INBOX_COLUMNS_MAX];
        size_t at[INBOX_COLUMNS_MAX];

        inbox_choose(o);
        inbox_write_values(o, plan->n, at);
        if (o->values.failed)
                return -ENOMEM;
        for (size_t i = 0; i < plan->n; i++)
                values[i] = (const char *)o->values.bytes + at[i];
        buffer_clear(&o->sql);
        inbox_sql_insert(inbox_name(o, type), plan, &o->sql);
        return inbox_ask(o, INBOX_INSERTS, values, plan->n);
}

/* -- Hearing -- */

static void inbox_target_is_bad(struct inbox *o, const struct event_type *type, const char *reason) {
        struct inbox_target *target = &o->targets[type->index];

        (void) snprintf(target->reason, sizeof(target->reason), "%s: %s", inbox_name(o, type), reason);
        target->known = false;
        target->bad_until = clock_monotonic(&o->env->clock) + INBOX_MEND_MS;
        inbox_complain(o, target->reason);
        inbox_all_over(o, type, TRIED_AGAIN, target->reason);
}

static int inbox_hear_look(struct inbox *o, size_t rows) {
        struct inbox_target *target = &o->targets[o->looked_at->index];
        struct error why = {0};

        if (!target->plan)
                target->plan = calloc(1, sizeof(*target->plan));
        if (!target->plan)
                return -ENOMEM;
        target->known = inbox_judge(&o->shape, o->looked_at, o->pg, rows, target->plan, &why) == 0;
        if (!target->known)
                inbox_target_is_bad(o, o->looked_at, why.text);
        return 0;
}

/* The database does not take one of them: each goes by itself. Return: whether there were several. */
static bool inbox_unroll(struct inbox *o) {
        size_t flying = 0;

        for (size_t i = 0; i < o->n; i++)
                flying += o->rows[i].flying;
        for (size_t i = 0; i < o->n && flying > 1; i++) {
                o->rows[i].alone |= o->rows[i].flying;
                o->rows[i].flying = false;
        }
        return flying > 1;
}

static void inbox_hear_insert(struct inbox *o, const struct postgres_answer *answer) {
        switch (answer->outcome) {
        case POSTGRES_WELL:
                inbox_all_over(o, NULL, TRIED_DELIVERED, "");
                return;
        case POSTGRES_DATA:
                if (!inbox_unroll(o))
                        inbox_all_over(o, NULL, TRIED_REFUSED, answer->reason);
                return;
        case POSTGRES_OPERATOR:
                inbox_target_is_bad(o, o->rows[0].type, answer->reason);
                return;
        case POSTGRES_AGAIN: /* because of one of them, maybe */
                if (!inbox_unroll(o))
                        inbox_all_over(o, NULL, TRIED_AGAIN, answer->reason);
                return;
        case POSTGRES_GONE:
                inbox_all_over(o, NULL, TRIED_AGAIN, answer->reason);
                return;
        }
}

static int inbox_hear(struct inbox *o, const struct postgres_answer *answer) {
        const enum inbox_phase phase = o->phase;

        o->phase = INBOX_READY;
        if (phase == INBOX_INSERTS) {
                if (o->n > 0 && o->rows[0].flying) /* else they were abandoned */
                        inbox_hear_insert(o, answer);
                return 0;
        }
        if (answer->outcome == POSTGRES_WELL)
                return phase == INBOX_LOOKS ? inbox_hear_look(o, answer->rows) : 0;
        if (phase == INBOX_LOOKS && answer->outcome != POSTGRES_GONE)
                inbox_target_is_bad(o, o->looked_at, answer->reason);
        return 0;
}

/* -- Turning -- */

/* What is to be asked now, in a session that may be asked. */
static int inbox_proceed(struct inbox *o) {
        while (o->n > 0) {
                const struct event_type *type = o->rows[0].type;
                struct inbox_target *target = &o->targets[type->index];

                if (target->known)
                        return inbox_insert(o);
                if (clock_monotonic(&o->env->clock) >= target->bad_until)
                        return inbox_look(o, type);
                inbox_all_over(o, type, TRIED_AGAIN, target->reason);
        }
        return 0;
}

/* A session that knows nothing; the tables may have changed meanwhile. */
static int inbox_renew(struct inbox *o) {
        o->session = postgres_session(o->pg);
        for (size_t i = 0; i < event_types_count(o->env->types); i++) {
                o->targets[i].known = false;
                o->targets[i].bad_until = 0;
        }
        return inbox_begin(o);
}

static int inbox_turn(void *ctx, int timeout_ms, struct error *err) {
        struct inbox *o = ctx;
        struct postgres_answer answer;
        int r = 0;

        (void) err; /* only memory can fail */
        if (postgres_state(o->pg) == POSTGRES_IDLE && o->n > 0)
                timeout_ms = 0; /* there is something to ask */
        (void) postgres_turn(o->pg, timeout_ms);
        if (postgres_answered(o->pg, &answer))
                r = inbox_hear(o, &answer);
        if (r == 0 && postgres_state(o->pg) == POSTGRES_IDLE)
                r = postgres_session(o->pg) != o->session ? inbox_renew(o) : inbox_proceed(o);
        if (r == 0 && postgres_state(o->pg) == POSTGRES_AWAY && postgres_trouble(o->pg)[0])
                inbox_put_off(o);
        return r;
}

static int inbox_deliver(void *ctx, const struct delivery *delivery, struct error *err) {
        struct inbox *o = ctx;
        struct inbox_row *row = &o->rows[o->n];

        if (o->n >= o->env->parallel) {
                error_set(err, "more tries at once than were agreed; please report this");
                return -EBUSY;
        }
        row->cells.bytes.max = INBOX_CELLS_MAX;
        inbox_cells_write(&o->shape, delivery, &row->cells);
        if (row->cells.bytes.failed)
                return -ENOMEM;
        row->cookie = delivery->cookie;
        row->type = delivery->ce->event->type;
        row->flying = row->alone = false;
        o->n++;
        return 0;
}

/* The answer of a statement that is open comes all the same, and is of nobody. */
static void inbox_abandon(void *ctx) {
        struct inbox *o = ctx;

        for (size_t i = 0; i < o->n; i++) {
                buffer_clear(&o->rows[i].cells.bytes);
                o->rows[i].flying = false;
        }
        o->n = 0;
}

/* -- Opening -- */

static int inbox_check(void *ctx, const struct connector_env *env, struct error *err) {
        struct inbox *o = ctx;
        int r = postgres_check(&o->database, err);

        o->shape = (struct inbox_shape){.table = o->table, .user = o->database.user, .form = (enum inbox_form)o->form, .leave_out = o->leave_out};
        return r < 0 ? r : inbox_check_names(&o->shape, env->types, err);
}

static int inbox_open(void *ctx, const struct connector_env *env, struct error *err) {
        const struct postgres_config config = {.options = &((struct inbox *)ctx)->database, .name = env->name, .clock = env->clock, .log = env->log,
                                               .metrics = env->metrics};
        struct inbox *o = ctx;

        o->env = env;
        o->n = 0;
        o->session = 0;
        o->phase = INBOX_READY;
        o->sql = (struct buffer)BUFFER_INIT(INBOX_SQL_MAX);
        o->name = (struct buffer)BUFFER_INIT(INBOX_SQL_MAX);
        o->values = (struct buffer)BUFFER_INIT(INBOX_BATCH_BYTES_MAX);
        o->targets = calloc(event_types_count(env->types), sizeof(*o->targets));
        o->rows = calloc(env->parallel, sizeof(*o->rows));
        if (!o->targets || !o->rows)
                return -ENOMEM;
        return error_trace(postgres_new(&config, &o->pg, err), err);
}

static void inbox_close(void *ctx) {
        struct inbox *o = ctx;

        o->pg = postgres_free(o->pg);
        for (size_t i = 0; o->rows && i < o->env->parallel; i++)
                buffer_done(&o->rows[i].cells.bytes);
        for (size_t i = 0; o->targets && i < event_types_count(o->env->types); i++)
                free(o->targets[i].plan);
        free(o->rows);
        free(o->targets);
        o->rows = NULL;
        o->targets = NULL;
        o->n = 0;
        buffer_done(&o->sql);
        buffer_done(&o->name);
        buffer_done(&o->values);
}

/* -- Verbs -- */

static int inbox_ddl(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct inbox *o = ctx;

        (void) err;
        inbox_sql_ddl(&o->shape, env->types, out);
        return out->failed ? -ENOMEM : 0;
}

/* One table. Return: 0; -EIO with a sentence; -ENOMEM. */
static int inbox_try_table(struct inbox *o, const struct event_type *type, struct error *err) {
        CLEANUP(cleanup_free) void *plan = calloc(1, sizeof(struct inbox_plan));
        struct postgres_answer answer;
        int r = plan ? postgres_await(o->pg, err) : -ENOMEM;

        if (r == 0)
                r = inbox_look(o, type);
        if (r == 0)
                r = postgres_await(o->pg, err);
        if (r < 0)
                return r;
        if (!postgres_answered(o->pg, &answer) || answer.outcome != POSTGRES_WELL) {
                error_set(err, "%s", answer.reason);
                return -EIO;
        }
        if (inbox_judge(&o->shape, type, o->pg, answer.rows, plan, err) == 0)
                return 0;
        error_prefix(err, "%s", inbox_name(o, type));
        return -EIO;
}

static int inbox_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct inbox *o = ctx;
        int r = inbox_open(o, env, err);

        for (size_t i = 0; i < event_types_count(env->types) && r == 0; i++)
                r = inbox_try_table(o, event_types_at(env->types, i), err);
        if (r == 0)
                buffer_printf(out, "%s: takes every kind of record\n", o->table);
        inbox_close(o);
        return r;
}

static const struct connector_verb inbox_verbs[] = {
        {CONNECTOR_VERB_TRY, "connects, and looks whether tables, columns and rights are there for every kind of record.", inbox_try},
        {"ddl", "prints the tables as SQL, with comments, and the rights on them; nothing is made by itself.", inbox_ddl, .offline = true},
        {0},
};

static const struct connector_option options[] = {
        POSTGRES_OPTION_ROWS(struct inbox, database),
        {.key = "table",
         .fallback = "inbox",
         .doc = "The table, with its schema when that is not in the role's search_path. With {kind} in it, as in inbox_{kind}, each kind of record has a "
                "table: inbox_escalation_raised.",
         .type = OPTION_STRING,
         .offset = offsetof(struct inbox, table)},
        {.key = "form",
         .fallback = "payload",
         .doc = "payload: the record as one jsonb, beside event_id, kind and case_id. fields: a column for each field, of its name.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct inbox, form),
         .choices = inbox_forms},
        {.key = "leave_out",
         .fallback = "",
         .doc = "With form: fields, the fields that have no column on purpose, such as birth_date.",
         .type = OPTION_LIST,
         .offset = offsetof(struct inbox, leave_out)},
        {0},
};

const struct connector_ops connector_inbox_table = {
        .name = "inbox-table",
        .summary = "delivers one organisation's inbox to a table of its PostgreSQL database",
        .direction = CONNECTOR_OUT,
        .ctx_size = sizeof(struct inbox),
        .options = options,
        .verbs = inbox_verbs,
        .check = inbox_check,
        .open = inbox_open,
        .close = inbox_close,
        .turn = inbox_turn,
        .deliver = inbox_deliver,
        .abandon = inbox_abandon,
};
