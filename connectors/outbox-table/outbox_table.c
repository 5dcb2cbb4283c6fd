/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * outbox-table: events from a table of a PostgreSQL database, in which its writer leaves them in the transaction of its own change
 *
 * One reader for a table, by an advisory lock; a second one waits. It takes the oldest rows and locks them, publishes, waits for the
 * acknowledgements, deletes (or marks) what was acknowledged, and commits; so nothing is lost whoever dies when, and what is repeated has the event_id
 * that it had. A number that rises is never remembered, because rows become visible when they are committed. A row that can be no event is moved aside,
 * and nothing waits for it. When a batch could not be deleted, the next one is published only after its end was rehearsed: else a table from which
 * nothing can be deleted would be published over and over.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "channel/postgres.h"
#include "connect/runtime.h"
#include "connectors/outbox-table/outbox_row.h"
#include "connectors/outbox-table/outbox_sql.h"

#define OUTBOX_BATCH_MAX 500
#define OUTBOX_SQL_MAX ((size_t)4 * 1024 * 1024)
#define OUTBOX_HOLD_MS 15000      /* rows that the broker has no room for are left alone after so long */
#define OUTBOX_MEND_MS 2000       /* before what only an operator can mend is tried again */
#define OUTBOX_INDEX_BITS 10      /* of a cookie: the row; above it the batch */

_Static_assert(OUTBOX_BATCH_MAX < 1 << OUTBOX_INDEX_BITS, "the place of a row fits in a cookie");

enum outbox_phase {
        OUTBOX_REST,    /* nothing is asked before .due */
        OUTBOX_LOOKS,   /* what the database has */
        OUTBOX_LOCKS,   /* whether it is ours to read */
        OUTBOX_BEGINS,
        OUTBOX_WAITS,   /* for rows: until .due, or a notification */
        OUTBOX_TAKES,
        OUTBOX_REHEARSES, /* whether they could be deleted, before they are published */
        OUTBOX_SENDS,   /* rows are on their way to the broker */
        OUTBOX_ENDS,    /* bad ones are moved aside, what was acknowledged is deleted, and that is committed */
        OUTBOX_UNDOES,  /* the transaction is given up */
};

enum outbox_fate {
        FATE_NONE,     /* not handed over yet */
        FATE_ASKED,    /* the broker has not answered */
        FATE_SENT,
        FATE_UNSENT,   /* it comes again, and what is behind it in its case with it */
        FATE_BAD_ASKED,
        FATE_BAD,      /* its dead letter stands */
};

/* A row of the batch; its texts stand in the answer. */
struct outbox_item {
        enum outbox_fate fate;
        const char *code; /* of a bad one */
        char *error;      /* its own */
};

struct outbox {
        /* options */
        struct postgres_options database;
        const struct organisation *organisation;
        const char *table, *refused, *aggregatetype, *notify;
        struct option_pairs columns;
        int64_t batch, poll;
        int then, language;
        /* the rest */
        const struct connector_env *env;
        struct postgres *pg;
        struct outbox_shape shape;
        struct outbox_reader reader;
        struct buffer sql, places, codes, errors;
        enum outbox_phase phase, next; /* next: after a rest */
        uint64_t session;
        int64_t due;        /* monotonic */
        bool quiet, woken, told_waits;
        bool doubtful, rehearsed; /* the last batch could not be deleted; this one could */
        struct outbox_item items[OUTBOX_BATCH_MAX];
        size_t n, handed, open; /* rows of the batch; handed over or passed; without an answer */
        uint64_t number;    /* of the batch */
        int64_t hold_until;
        instant_t complete_at, looked_at, oldest_at; /* nothing older than complete_at waits, but what oldest_at says; 0: nothing waits */
        struct log_pace pace;
        struct metric *oldest, *refusals, *published;
};

enum outbox_then { OUTBOX_DELETE, OUTBOX_MARK };
static const char *const outbox_thens[] = {[OUTBOX_DELETE] = "delete", [OUTBOX_MARK] = "mark", NULL};
static const char *const outbox_languages[] = {[LANGUAGE_EN] = "en", [LANGUAGE_NL] = "nl", NULL};

static int64_t outbox_now(const struct outbox *o) {
        return clock_monotonic(&o->env->clock);
}

/* -- Its phases -- */

static void outbox_rest(struct outbox *o, enum outbox_phase next, int64_t ms) {
        o->phase = OUTBOX_REST;
        o->next = next;
        o->due = outbox_now(o) + ms;
}

static int outbox_ask(struct outbox *o, enum outbox_phase phase, const char *sql) {
        o->phase = phase;
        return postgres_ask(o->pg, sql, NULL, 0);
}

static int outbox_ask_sql(struct outbox *o, enum outbox_phase phase) {
        return o->sql.failed ? -ENOMEM : outbox_ask(o, phase, buffer_text(&o->sql));
}

static void outbox_complain(struct outbox *o, const char *reason) {
        if (log_pace(&o->pace, outbox_now(o), POSTGRES_SAY_MS))
                log_line(o->env->log, DATABASE_REFUSES, LOG_STRING("connector", o->env->name), LOG_STRING("reason", reason));
}

/* The batch is over, or lost with its session: answers that come later are of none. */
static void outbox_forget_batch(struct outbox *o) {
        for (size_t i = 0; i < o->n; i++) {
                free(o->items[i].error);
                o->items[i] = (struct outbox_item){0};
        }
        o->n = o->handed = o->open = 0;
        o->number++;
}

static int outbox_look(struct outbox *o) {
        buffer_clear(&o->sql);
        outbox_sql_look(&o->shape, &o->sql);
        return outbox_ask_sql(o, OUTBOX_LOOKS);
}

static int outbox_lock(struct outbox *o) {
        buffer_clear(&o->sql);
        outbox_sql_lock(&o->shape, &o->sql);
        return outbox_ask_sql(o, OUTBOX_LOCKS);
}

static int outbox_take(struct outbox *o) {
        o->woken = o->rehearsed = false;
        o->looked_at = clock_realtime(&o->env->clock);
        return outbox_ask(o, OUTBOX_TAKES, OUTBOX_SQL_TAKE);
}

static int outbox_give_up(struct outbox *o) {
        outbox_forget_batch(o);
        return outbox_ask(o, OUTBOX_UNDOES, "ROLLBACK");
}

/* -- A batch: to the broker -- */

static const char *outbox_cell(const struct outbox *o, size_t row, enum outbox_cell cell) {
        return postgres_cell(o->pg, row, cell);
}

/* Whether a row of this case, before @i, is left for another time. */
static bool outbox_case_waits(const struct outbox *o, size_t i) {
        for (size_t j = 0; j < i; j++) {
                const char *of, *other;

                if (o->items[j].fate != FATE_UNSENT) /* mostly all of them */
                        continue;
                of = outbox_cell(o, i, OUTBOX_CELL_CASE);
                other = outbox_cell(o, j, OUTBOX_CELL_CASE);
                if (of && other && strcmp(of, other) == 0)
                        return true;
        }
        return false;
}

static void *outbox_cookie(const struct outbox *o, size_t i) {
        return (void *)(uintptr_t)(o->number << OUTBOX_INDEX_BITS | i);
}

/* For its writer. Return: 0; -ENOMEM. */
static int outbox_keep_mistake(struct outbox_item *item, const struct outbox_mistake *mistake) {
        if (!item->error) {
                item->code = mistake->code;
                item->error = strdup(mistake->error);
        }
        return item->error ? 0 : -ENOMEM;
}

static int outbox_reject(struct outbox *o, size_t i, const struct outbox_mistake *mistake, struct error *err) {
        const char *position = outbox_cell(o, i, OUTBOX_CELL_POSITION), *of = outbox_cell(o, i, OUTBOX_CELL_CASE);
        struct rejection rejection = {.stage = "check", .code = mistake->code, .error = mistake->reason};
        struct uuid case_id;
        int r;

        if (!position || !text_to_int64(text_of(position), &rejection.place) || rejection.place < 0)
                rejection.place = 0;
        if (of && uuid_parse(of, strlen(of), &case_id)) /* anything else may be a person's number */
                rejection.key = text_of(of);
        r = outbox_keep_mistake(&o->items[i], mistake);
        if (r < 0)
                return r;
        r = runtime_reject(o->env->runtime, &rejection, outbox_cookie(o, i), err);
        if (r == 0)
                o->items[i].fate = FATE_BAD_ASKED;
        return r;
}

/* As outbox_row_read(). */
static bool outbox_read(struct outbox *o, size_t i, struct intake *ret, struct outbox_mistake *mistake) {
        const struct outbox_row row = {
                .id = outbox_cell(o, i, OUTBOX_CELL_ID),
                .aggregateid = outbox_cell(o, i, OUTBOX_CELL_CASE),
                .type = outbox_cell(o, i, OUTBOX_CELL_TYPE),
                .payload = outbox_cell(o, i, OUTBOX_CELL_PAYLOAD),
                .payload_n = text_of(outbox_cell(o, i, OUTBOX_CELL_PAYLOAD)).n,
        };

        return outbox_row_read(&o->reader, &row, clock_realtime(&o->env->clock), ret, mistake);
}

/* Whether it is ours to hand over now. */
static bool outbox_is_to_be_had(const struct outbox *o, size_t i) {
        return outbox_cell(o, i, OUTBOX_CELL_TAKEN)[0] == 't' && !outbox_case_waits(o, i);
}

/* Hands over one row. Return: 0; RUNTIME_E_BUSY: it stays for a later turn; negative errno. */
static int outbox_hand_over(struct outbox *o, size_t i, struct error *err) {
        struct outbox_mistake mistake = {0};
        struct submission submission;
        struct intake intake;
        int r;

        if (!outbox_is_to_be_had(o, i)) {
                o->items[i].fate = FATE_UNSENT;
                return 0;
        }
        if (!outbox_read(o, i, &intake, &mistake)) {
                r = outbox_reject(o, i, &mistake, err);
        } else {
                submission = (struct submission){.event = &intake.event, .traceparent = intake.traceparent};
                r = runtime_submit(o->env->runtime, &submission, outbox_cookie(o, i), err);
                if (r == 0)
                        o->items[i].fate = FATE_ASKED;
                intake_done(&intake);
        }
        if (r == 0)
                o->open++;
        return r;
}

/* What the broker has no room for in time is left in the table, and with it what is behind it. */
static void outbox_leave_rest(struct outbox *o) {
        for (; o->handed < o->n; o->handed++)
                o->items[o->handed].fate = FATE_UNSENT;
}

static void outbox_add(struct buffer *array, const char *text) {
        buffer_add_byte(array, array->n == 0 ? '{' : ',');
        postgres_put_element(array, text);
}

/* The rows of these fates, as arrays for SQL. Return: how many. */
static size_t outbox_list(struct outbox *o, enum outbox_fate fate) {
        size_t n = 0;

        buffer_clear(&o->places);
        buffer_clear(&o->codes);
        buffer_clear(&o->errors);
        for (size_t i = 0; i < o->n; i++) {
                if (o->items[i].fate != fate || (fate == FATE_SENT && outbox_case_waits(o, i)))
                        continue;
                outbox_add(&o->places, outbox_cell(o, i, OUTBOX_CELL_PLACE));
                if (fate == FATE_BAD) {
                        outbox_add(&o->codes, o->items[i].code);
                        outbox_add(&o->errors, o->items[i].error);
                }
                n++;
        }
        buffer_add_text(&o->places, n > 0 ? "}" : "{}");
        buffer_add_text(&o->codes, n > 0 ? "}" : "{}");
        buffer_add_text(&o->errors, n > 0 ? "}" : "{}");
        return n;
}

/* The statement that moves aside what is bad. Return: how many. */
static size_t outbox_put_bad(struct outbox *o, struct buffer *out) {
        size_t bad = outbox_list(o, FATE_BAD);

        buffer_clear(out);
        if (bad > 0)
                outbox_sql_refuse(buffer_text(&o->places), buffer_text(&o->codes), buffer_text(&o->errors), out);
        return bad;
}

/* As if all went well: what is bad would be moved aside, the rest deleted. It is taken once more afterwards, since the answer with its rows is gone. */
static int outbox_rehearse(struct outbox *o) {
        CLEANUP(buffer_done) struct buffer refuse = BUFFER_INIT(OUTBOX_SQL_MAX);

        for (size_t i = 0; i < o->n; i++) {
                struct outbox_mistake mistake = {0};
                struct intake intake;
                int r = 0;

                o->items[i].fate = outbox_is_to_be_had(o, i) ? FATE_SENT : FATE_UNSENT;
                if (o->items[i].fate == FATE_UNSENT)
                        continue;
                if (outbox_read(o, i, &intake, &mistake)) {
                        intake_done(&intake);
                        continue;
                }
                o->items[i].fate = FATE_BAD;
                r = outbox_keep_mistake(&o->items[i], &mistake);
                if (r < 0)
                        return r;
        }
        (void) outbox_put_bad(o, &refuse);
        (void) outbox_list(o, FATE_SENT);
        buffer_clear(&o->sql);
        outbox_sql_rehearse(buffer_text(&refuse), buffer_text(&o->places), &o->sql);
        outbox_forget_batch(o);
        return refuse.failed || o->places.failed ? -ENOMEM : outbox_ask_sql(o, OUTBOX_REHEARSES);
}

/* Moves aside what is bad, deletes what was acknowledged, and commits. */
static int outbox_end(struct outbox *o) {
        size_t bad = outbox_put_bad(o, &o->sql), sent;

        sent = outbox_list(o, FATE_SENT);
        outbox_sql_done(buffer_text(&o->places), &o->sql);
        metric_add(o->refusals, 0, (int64_t)bad);
        metric_add(o->published, 0, (int64_t)sent);
        return o->places.failed || o->codes.failed || o->errors.failed ? -ENOMEM : outbox_ask_sql(o, OUTBOX_ENDS);
}

static int outbox_send(struct outbox *o, struct error *err) {
        while (o->handed < o->n) {
                int r = outbox_hand_over(o, o->handed, err);

                if (r < 0)
                        return r;
                if (r == RUNTIME_E_BUSY) {
                        if (outbox_now(o) < o->hold_until)
                                return 0;
                        outbox_leave_rest(o);
                        break;
                }
                o->handed++;
        }
        return o->open > 0 ? 0 : outbox_end(o);
}

static void outbox_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct outbox *o = ctx;
        const uintptr_t number = (uintptr_t)cookie;
        struct outbox_item *item = &o->items[number & (((uintptr_t)1 << OUTBOX_INDEX_BITS) - 1)];

        if (number >> OUTBOX_INDEX_BITS != (o->number & (UINTPTR_MAX >> OUTBOX_INDEX_BITS)))
                return; /* of a batch that was given up: its rows come again */
        assert(item->fate == FATE_ASKED || item->fate == FATE_BAD_ASKED);
        o->open--;
        if (outcome != SUBMITTED_SENT)
                item->fate = FATE_UNSENT;
        else
                item->fate = item->fate == FATE_ASKED ? FATE_SENT : FATE_BAD;
}

/* -- What the database answers -- */

/* How old the oldest row is, as far as the table says it; else it is not older than the look that last saw everything. */
static void outbox_date(struct outbox *o, size_t rows) {
        instant_t oldest = rows > 0 ? o->complete_at : 0;
        bool known = false;

        for (size_t i = 0; i < rows; i++) {
                const char *created = outbox_cell(o, i, OUTBOX_CELL_CREATED);
                int64_t at;

                if (!created || !text_to_int64(text_of(created), &at))
                        continue;
                oldest = !known || at < oldest ? at : oldest;
                known = true;
        }
        o->oldest_at = oldest;
        if (rows < (size_t)o->batch)
                o->complete_at = o->looked_at;
}

static int outbox_hear_look(struct outbox *o, size_t rows) {
        struct error why = {0};

        if (outbox_judge(&o->shape, o->pg, rows, &why) < 0) {
                outbox_complain(o, why.text);
                outbox_rest(o, OUTBOX_LOOKS, OUTBOX_MEND_MS);
                return 0;
        }
        return outbox_lock(o);
}

static int outbox_hear_lock(struct outbox *o) {
        const char *cell = postgres_cell(o->pg, 0, 0);

        if (!cell || cell[0] != 't') {
                if (!o->told_waits)
                        log_line(o->env->log, OUTBOX_WAITS, LOG_STRING("connector", o->env->name), LOG_STRING("table", o->table));
                o->told_waits = true;
                outbox_rest(o, OUTBOX_LOCKS, o->poll);
                return 0;
        }
        o->told_waits = false;
        buffer_clear(&o->sql);
        postgres_put_session(&o->sql, &o->database);
        outbox_sql_begin(&o->shape, &o->sql);
        return outbox_ask_sql(o, OUTBOX_BEGINS);
}

static int outbox_hear_begun(struct outbox *o) {
        o->pace = (struct log_pace){0};
        log_line(o->env->log, OUTBOX_READS, LOG_STRING("connector", o->env->name), LOG_STRING("table", o->table),
                 LOG_STRING("order", outbox_order_text(o->shape.order)));
        o->phase = OUTBOX_WAITS; /* LISTEN stands: what was committed before is looked for at once */
        o->due = outbox_now(o);
        return 0;
}

static int outbox_hear_taken(struct outbox *o, size_t rows) {
        outbox_date(o, rows);
        outbox_forget_batch(o);
        if (rows == 0)
                return outbox_ask(o, OUTBOX_ENDS, "COMMIT");
        o->n = rows < OUTBOX_BATCH_MAX ? rows : OUTBOX_BATCH_MAX;
        if (o->doubtful && !o->rehearsed)
                return outbox_rehearse(o);
        o->hold_until = outbox_now(o) + OUTBOX_HOLD_MS;
        o->phase = OUTBOX_SENDS;
        return 0;
}

/* The next batch comes at once when this one was full and went well; what the broker did not take waits for the next look. */
static int outbox_hear_ended(struct outbox *o) {
        bool again = o->n == (size_t)o->batch || o->woken;

        for (size_t i = 0; i < o->n && again; i++)
                again = o->items[i].fate != FATE_UNSENT;
        outbox_forget_batch(o);
        o->doubtful = false;
        o->phase = OUTBOX_WAITS;
        o->due = outbox_now(o) + (again ? 0 : o->poll);
        return 0;
}

/* It did not go well: whose it is to mend, and when it is tried again. */
static int outbox_hear_failure(struct outbox *o, const struct postgres_answer *answer) {
        bool mend = answer->outcome != POSTGRES_AGAIN;

        if (answer->outcome == POSTGRES_GONE) {
                outbox_forget_batch(o);
                outbox_rest(o, OUTBOX_LOOKS, 0);
                return 0;
        }
        outbox_complain(o, answer->reason);
        o->doubtful |= o->phase == OUTBOX_ENDS;
        if (o->phase != OUTBOX_UNDOES && postgres_in_transaction(o->pg))
                return outbox_give_up(o);
        outbox_forget_batch(o);
        outbox_rest(o, OUTBOX_LOOKS, mend ? OUTBOX_MEND_MS : o->poll);
        return 0;
}

static int outbox_hear(struct outbox *o, const struct postgres_answer *answer) {
        if (answer->outcome != POSTGRES_WELL)
                return outbox_hear_failure(o, answer);
        switch (o->phase) {
        case OUTBOX_LOOKS:
                return outbox_hear_look(o, answer->rows);
        case OUTBOX_LOCKS:
                return outbox_hear_lock(o);
        case OUTBOX_BEGINS:
                return outbox_hear_begun(o);
        case OUTBOX_TAKES:
                return outbox_hear_taken(o, answer->rows);
        case OUTBOX_REHEARSES:
                o->rehearsed = true;
                return outbox_ask(o, OUTBOX_TAKES, OUTBOX_SQL_TAKE);
        case OUTBOX_ENDS:
                return outbox_hear_ended(o);
        case OUTBOX_UNDOES:
                outbox_rest(o, OUTBOX_LOOKS, o->poll);
                return 0;
        case OUTBOX_REST:
        case OUTBOX_WAITS:
        case OUTBOX_SENDS:
                break;
        }
        assert(false); /* nothing is asked in these */
        return 0;
}

/* -- Turning -- */

/* Whether nothing new is taken: at a stop, or because an operator paused us. */
static bool outbox_is_held(const struct outbox *o) {
        instant_t since;

        return o->quiet || runtime_is_paused(o->env->runtime, &since);
}

/* What is to be asked now, in a session that may be asked. */
static int outbox_proceed(struct outbox *o, struct error *err) {
        const bool due = outbox_now(o) >= o->due;

        switch (o->phase) {
        case OUTBOX_REST:
                return !due ? 0 : o->next == OUTBOX_LOCKS ? outbox_lock(o) : outbox_look(o);
        case OUTBOX_WAITS:
                if ((!due && !o->woken) || outbox_is_held(o))
                        return 0;
                return outbox_take(o);
        case OUTBOX_SENDS:
                return outbox_send(o, err);
        default:
                return 0;
        }
}

static void outbox_measure(const struct outbox *o) {
        int64_t age = o->oldest_at ? clock_realtime(&o->env->clock) - o->oldest_at : 0;

        metric_set(o->oldest, 0, age > 0 ? age : 0);
}

static int outbox_patience(const struct outbox *o, int timeout_ms) {
        int64_t left = o->due - outbox_now(o);

        if (o->phase == OUTBOX_SENDS)
                return 0;
        if (postgres_state(o->pg) != POSTGRES_IDLE || (o->phase == OUTBOX_WAITS && outbox_is_held(o)))
                return timeout_ms;
        if (o->phase == OUTBOX_WAITS && o->woken)
                return 0;
        return left < 0 ? 0 : left < timeout_ms ? (int)left : timeout_ms;
}

static int outbox_turn(void *ctx, int timeout_ms, struct error *err) {
        struct outbox *o = ctx;
        struct postgres_answer answer;
        int r = 0;

        (void) postgres_turn(o->pg, outbox_patience(o, timeout_ms));
        o->woken |= postgres_was_notified(o->pg);
        if (postgres_session(o->pg) != o->session) { /* a session that knows nothing: the batch of the one before comes again */
                o->session = postgres_session(o->pg);
                outbox_forget_batch(o);
                outbox_rest(o, OUTBOX_LOOKS, 0);
        }
        if (postgres_answered(o->pg, &answer))
                r = outbox_hear(o, &answer);
        if (r == 0 && postgres_state(o->pg) == POSTGRES_IDLE)
                r = outbox_proceed(o, err);
        outbox_measure(o);
        return r;
}

static bool outbox_quiesce(void *ctx) {
        struct outbox *o = ctx;

        o->quiet = true;
        return postgres_state(o->pg) == POSTGRES_AWAY || postgres_state(o->pg) == POSTGRES_CONNECTING || o->phase == OUTBOX_REST || o->phase == OUTBOX_WAITS;
}

/* -- Opening -- */

static int outbox_check(void *ctx, const struct connector_env *env, struct error *err) {
        struct outbox *o = ctx;
        int r = postgres_check(&o->database, err);

        (void) env;
        o->shape = (struct outbox_shape){.table = o->table, .refused = o->refused, .aggregatetype = o->aggregatetype, .channel = o->notify,
                                         .user = o->database.user, .batch = o->batch, .mark = o->then == OUTBOX_MARK};
        return r < 0 ? r : outbox_name(&o->shape, &o->columns, err);
}

static int outbox_metrics(struct outbox *o, struct error *err) {
        const struct {
                struct metric_row row;
                struct metric **metric;
        } rows[] = {
                {{.name = "ketenwacht_outbox_oldest_seconds", .kind = METRIC_GAUGE, .per_unit = 1000,
                  .help = "Age of the oldest row of the outbox table that waits, at most."}, &o->oldest},
                {{.name = "ketenwacht_outbox_refused_total", .kind = METRIC_COUNTER, .help = "Rows of the outbox table that were moved aside."}, &o->refusals},
                {{.name = "ketenwacht_outbox_published_total", .kind = METRIC_COUNTER, .help = "Rows of the outbox table that the broker has."}, &o->published},
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(rows) && r == 0 && o->env->metrics; i++)
                r = metrics_register(o->env->metrics, &rows[i].row, rows[i].metric, err);
        return r;
}

static int outbox_connection(struct outbox *o, const struct connector_env *env, struct error *err) {
        const struct postgres_config config = {.options = &o->database, .name = env->name, .clock = env->clock, .log = env->log, .metrics = env->metrics};

        o->env = env;
        o->sql = o->places = o->codes = o->errors = (struct buffer)BUFFER_INIT(OUTBOX_SQL_MAX);
        return error_trace(postgres_new(&config, &o->pg, err), err);
}

static int outbox_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct outbox *o = ctx;
        int r = outbox_connection(o, env, err);

        o->reader = (struct outbox_reader){.organisation = o->organisation, .organisations = env->organisations, .types = env->types,
                                           .language = (enum language)o->language};
        o->quiet = o->woken = o->told_waits = o->doubtful = o->rehearsed = false;
        o->session = 0;
        o->complete_at = clock_realtime(&env->clock);
        o->oldest_at = 0;
        if (r == 0)
                r = arena_new(&o->reader.arena, INTAKE_ARENA_MAX);
        if (r == 0)
                r = outbox_metrics(o, err);
        outbox_rest(o, OUTBOX_LOOKS, 0);
        return r;
}

static void outbox_close(void *ctx) {
        struct outbox *o = ctx;

        if (o->pg)
                outbox_forget_batch(o);
        o->pg = postgres_free(o->pg);
        o->reader.arena = arena_free(o->reader.arena);
        buffer_done(&o->sql);
        buffer_done(&o->places);
        buffer_done(&o->codes);
        buffer_done(&o->errors);
}

/* -- Verbs -- */

static int outbox_ddl(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct outbox *o = ctx;

        (void) env;
        (void) err;
        outbox_sql_ddl(&o->shape, out);
        return out->failed ? -ENOMEM : 0;
}

/* One question of a verb. Return: 0, and *ret went well; -EIO with a sentence; -ENOMEM. */
static int outbox_try_ask(struct outbox *o, struct postgres_answer *ret, struct error *err) {
        int r = o->sql.failed ? -ENOMEM : postgres_await(o->pg, err);

        if (r == 0)
                r = postgres_ask(o->pg, buffer_text(&o->sql), NULL, 0);
        if (r == 0)
                r = postgres_await(o->pg, err);
        if (r < 0)
                return r;
        if (!postgres_answered(o->pg, ret) || ret->outcome != POSTGRES_WELL) {
                error_set(err, "%s: %s", o->table, ret->reason);
                return -EIO;
        }
        return 0;
}

static int outbox_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct outbox *o = ctx;
        struct postgres_answer answer;
        int r = outbox_connection(o, env, err);

        if (r == 0) {
                outbox_sql_look(&o->shape, &o->sql);
                r = outbox_try_ask(o, &answer, err);
        }
        if (r == 0 && outbox_judge(&o->shape, o->pg, answer.rows, err) < 0)
                r = -EIO;
        if (r == 0) {
                buffer_clear(&o->sql);
                outbox_sql_count(&o->shape, &o->sql);
                r = outbox_try_ask(o, &answer, err);
        }
        if (r == 0)
                buffer_printf(out, "%s: %s rows wait; they are read %s\n", o->table, postgres_cell(o->pg, 0, 0), outbox_order_text(o->shape.order));
        outbox_close(o);
        return r;
}

static const struct connector_verb outbox_verbs[] = {
        {CONNECTOR_VERB_TRY, "connects, and looks whether tables, columns and rights are there, how many rows wait, and in which order they would be read.",
         outbox_try},
        {"ddl", "prints the tables as SQL, with comments, and the rights on them; nothing is made by itself.", outbox_ddl, .offline = true},
        {0},
};

static const struct connector_option options[] = {
        {.key = "organisation",
         .doc = "Whose events these are: `source` of each must be this organisation.",
         .type = OPTION_ORGANISATION,
         .offset = offsetof(struct outbox, organisation)},
        POSTGRES_OPTION_ROWS(struct outbox, database),
        {.key = "table",
         .fallback = "outbox",
         .doc = "The table, with its schema when that is not in the role's search_path: zaken.outbox.",
         .type = OPTION_STRING,
         .offset = offsetof(struct outbox, table)},
        {.key = "refused",
         .fallback = "outbox_refused",
         .doc = "The table into which rows are moved that can be no event, with code and sentence, for their writer to see.",
         .type = OPTION_STRING,
         .offset = offsetof(struct outbox, refused)},
        {.key = "columns",
         .fallback = "",
         .doc = "Columns that are called otherwise than id, aggregatetype, aggregateid, type, payload (these five must be there), position, created_at and "
                "published_at: {aggregateid: case_id, payload: event}.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct outbox, columns)},
        {.key = "aggregatetype",
         .fallback = "case",
         .doc = "Only rows of this aggregatetype are taken; others are left to others.",
         .type = OPTION_STRING,
         .offset = offsetof(struct outbox, aggregatetype)},
        {.key = "then",
         .fallback = "delete",
         .doc = "What becomes of a row that was published: it is deleted, or marked in published_at.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct outbox, then),
         .choices = outbox_thens},
        {.key = "notify",
         .fallback = "outbox",
         .doc = "Channel of the NOTIFY that wakes the connector; without one, rows are found within poll.",
         .type = OPTION_STRING,
         .offset = offsetof(struct outbox, notify)},
        {.key = "poll",
         .fallback = "1 s",
         .doc = "It looks so often in any case.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct outbox, poll),
         .min = 100,
         .max = 60000},
        {.key = "batch",
         .fallback = "500",
         .doc = "Rows that are taken, published and deleted in one transaction.",
         .type = OPTION_INT,
         .offset = offsetof(struct outbox, batch),
         .min = 1,
         .max = OUTBOX_BATCH_MAX},
        {.key = "language",
         .fallback = "nl",
         .doc = "Language of the sentences in the table of refused rows.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct outbox, language),
         .choices = outbox_languages},
        {0},
};

const struct connector_ops connector_outbox_table = {
        .name = "outbox-table",
        .summary = "events from a table of a PostgreSQL database, written there in the transaction of the change",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct outbox),
        .options = options,
        .verbs = outbox_verbs,
        .check = outbox_check,
        .open = outbox_open,
        .close = outbox_close,
        .turn = outbox_turn,
        .quiesce = outbox_quiesce,
        .settled = outbox_settled,
};
