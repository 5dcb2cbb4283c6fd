/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * ijw: messages of iJw 3.2 between municipalities, providers and GIs become events
 *
 * From a folder, or over HTTP. Messages are taken in batches: all events of a batch, and all that is remembered of it, are on the broker before a file is
 * moved or a request answered; a crash before that takes the batch again, and the same comes of it. What nobody knows the case of waits in
 * `connector-keys`, not here. Of two processes on one folder the second does nothing until the first has ended.
 */

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "channel/door.h"
#include "channel/folder.h"
#include "connect/intake.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/ijw/learn.h"

#define BATCH_MESSAGES 200                   /* of one batch */
#define BATCH_EVENTS 2000                    /* after so many nothing more is taken into it */
#define REQUESTS_MAX 200                     /* over HTTP that wait; more are answered 503 */
#define TRY_AGAIN_MS 10000                   /* between two looks at what waits, when nothing was learnt */
#define JOIN_AGAIN_MS 1000                   /* while the topic of what is remembered is not there */
#define LETTER_VALUE_MAX 512
#define IJW_PATH "/ijw"
#define IJW_RETRY_AFTER "5"

static const char *const ijw_endings[] = {".xml", NULL};
static const char *const ijw_forms[] = {"CONTRACTED", "CUSTOM", "STACKED", "PERSONAL_BUDGET", "UNCONTRACTED", NULL};
static const char *const ijw_measures[] = {"47", "48", "49"}; /* juvenile probation, child protection, preventive justice work */
static const char *const ijw_unknown[] = {"dead-letter", "drop", NULL};

/* What became of messages, as they are counted. */
enum counted { COUNT_MAPPED, COUNT_WAITS, COUNT_RECEIPT, COUNT_MEASURE, COUNT_MOVED, COUNT_NOTHING, COUNT_REPEATED, COUNT_REFUSED, COUNT_NOBODY, COUNTED };
static const char *const counted_names[COUNTED] = {"mapped", "waiting", "receipt", "measure-product", "moved", "nothing", "repeated", "refused", "nobody"};
static const char *const message_names[2 * IJW_KINDS + 1] = {"JW301", "JW302", "JW305", "JW306", "JW307", "JW308", "JW315",
                                                             "JW316", "JW317", "JW318", "JW319", "JW320", "unknown"};

/* Something that came, or waited: over when all that follows from it is on the broker. */
struct work {
        char wait[CASE_KEYS_HASH + 1]; /* it waited under this; "" when it has just come */
        unsigned left;
};

/* A record on its way: an event, or a dead letter. */
struct outgoing {
        struct work *work; /* NULL: of none */
        json_t *event;     /* NULL: a dead letter: */
        const char *code;
        struct error error;
        char value[LETTER_VALUE_MAX];
        int64_t place;
        enum { OUT_NEW, OUT_FLYING, OUT_DONE } state;
};

/* One message of the batch, and how it ended. */
struct taken {
        char *file;              /* NULL: it came over HTTP */
        struct door_request *request;
        bool refused;
        struct error why;
};

struct ijw {
        /* options */
        const char *folder_path, *pairs, *xsd;
        struct listening listening;
        struct secrets token, key;
        struct option_pairs agb;
        struct option_list measure_categories;
        int form, unknown;
        int64_t wait_for, allocation_within, max_waiting;
        /* the rest */
        const struct connector_env *env;
        struct folder *folder;
        struct door *door;
        struct case_keys *keys; /* NULL: another process has the folder, as far as is known */
        struct learn *learn;
        struct ijw_schemas *schemas;
        struct ijw_mapping mapping;
        struct arena *arena;
        struct folder_file held; /* the file by which the folder was found to be ours; no bytes: none */
        bool learnt, quiet, absent;
        int64_t join_at;
        uint64_t generation;     /* of the keys, when what waits was looked at last */
        int64_t look_at, place;
        VECTOR(struct outgoing *) outgoing;
        VECTOR(struct taken) batch;
        VECTOR(struct door_request *) requests; /* whose bodies are there */
        size_t flying;
        struct metric *messages, *waiting_files;
};

/* -- Outgoing -- */

static struct outgoing *outgoing_add(struct ijw *i, struct work *work) {
        struct outgoing *out = calloc(1, sizeof(*out));

        if (!out || vector_push(&i->outgoing, out) < 0) {
                free(out);
                return NULL;
        }
        out->work = work;
        if (work)
                work->left++;
        return out;
}

static void outgoing_free(struct outgoing *out) {
        json_decref(out->event);
        free(out);
}

static int outgoing_letter(struct ijw *i, struct work *work, const char *code, const char *error, const char *value) {
        struct outgoing *out = outgoing_add(i, work);

        if (!out)
                return -ENOMEM;
        out->code = code;
        error_set(&out->error, "%s", error);
        (void) snprintf(out->value, sizeof(out->value), "%s", value);
        out->place = i->place;
        return 0;
}

/* Reads the event as it would be read from anybody, and makes a dead letter of what is none. */
static int outgoing_submit(struct ijw *i, struct outgoing *out, struct error *err) {
        CLEANUP(cleanup_free) void *body = json_dumps(out->event, JSON_COMPACT);
        struct intake_request request = {.body = body, .n = body ? strlen(body) : 0, .now = clock_realtime(&i->env->clock), .language = LANGUAGE_EN};
        struct problem problem = {.language = LANGUAGE_EN};
        struct submission submission = {0};
        struct intake intake = {0};
        int r;

        if (!body)
                return -ENOMEM;
        request.type = event_types_find(i->env->types, text_of(parcel_text(out->event, "event")));
        request.caller = organisations_find(i->env->organisations, text_of(parcel_text(out->event, "source")));
        arena_reset(i->arena);
        if (request.type && request.caller && intake_allowed(request.type, request.caller, LANGUAGE_EN, &problem) &&
            intake_read(&request, i->env->organisations, i->arena, &intake, &problem)) {
                submission.event = &intake.event;
                r = runtime_submit(i->env->runtime, &submission, out, err);
                intake_done(&intake);
                return r;
        }
        intake_done(&intake);
        out->code = problem.kind ? problem_rows[problem.kind].code : "UNKNOWN_EVENT";
        error_set(&out->error, "IJW mapping: %s: %s", parcel_text(out->event, "event"),
                  problem.n > 0 ? problem.mistakes[0].text : problem.kind ? problem.detail.text : "no such event type is configured");
        (void) snprintf(out->value, sizeof(out->value), "{\"event_id\":\"%s\"}", parcel_text(out->event, "event_id"));
        json_decref(out->event);
        out->event = NULL;
        return RUNTIME_E_BUSY; /* as a letter, with the next turn */
}

static int outgoing_reject(struct ijw *i, struct outgoing *out, struct error *err) {
        const struct rejection rejection = {.stage = "check", .code = out->code, .error = out->error.text, .place = out->place, .value = text_of(out->value)};

        return runtime_reject(i->env->runtime, &rejection, out, err);
}

static int outgoing_turn(struct ijw *i, struct error *err) {
        for (size_t n = 0; n < i->outgoing.n; n++) {
                struct outgoing *out = i->outgoing.items[n];
                int r;

                if (out->state != OUT_NEW)
                        continue;
                r = out->event ? outgoing_submit(i, out, err) : outgoing_reject(i, out, err);
                if (r == RUNTIME_E_BUSY)
                        return 0;
                if (r)
                        return r;
                out->state = OUT_FLYING;
                i->flying++;
        }
        return 0;
}

static bool outgoing_is_over(const struct ijw *i) {
        for (size_t n = 0; n < i->outgoing.n; n++) {
                if (i->outgoing.items[n]->state != OUT_DONE)
                        return false;
        }
        return true;
}

static void ijw_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct ijw *i = ctx;
        struct outgoing *out = cookie;

        if (i->keys && case_keys_settled(i->keys, cookie, outcome))
                return;
        i->flying--;
        out->state = outcome == SUBMITTED_SENT ? OUT_DONE : OUT_NEW; /* else again: the same event_id */
}

/* -- What came -- */

static void ijw_count(const struct ijw *i, const struct ijw_message *m, enum counted what) {
        size_t message = m && m->kind ? (size_t)(m->kind - ijw_kinds) * 2 + m->answer : ELEMENTS(message_names) - 1;

        metric_add(i->messages, metric_series(i->messages, message, what), 1);
}

/* What a dead letter may hold of a message: its header, as far as that is of no person. */
static void header_write(const struct ijw_message *m, char ret[LETTER_VALUE_MAX]) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(LETTER_VALUE_MAX);
        struct json_writer w = JSON_WRITER(&out);
        char dated[DATE_TEXT + 1];

        ret[0] = '\0';
        if (!m || !m->kind)
                return;
        jsonw_open_object(&w);
        jsonw_put_int(&w, "message", ijw_message_number(m));
        jsonw_put_text(&w, "sender", m->sender);
        jsonw_put_text(&w, "receiver", m->receiver);
        if (!bsn_is_in(m->identification) && !(m->bsn[0] && memmem(m->identification.s, m->identification.n, m->bsn, strlen(m->bsn))))
                jsonw_put_text(&w, "identification", m->identification);
        date_format(m->dated, dated);
        jsonw_put_string(&w, "dated", dated);
        jsonw_close_object(&w);
        if (!out.failed)
                (void) snprintf(ret, LETTER_VALUE_MAX, "%s", buffer_text(&out));
}

static int take_refuse(struct ijw *i, struct taken *t, const struct ijw_message *m, const char *code, const char *why) {
        char value[LETTER_VALUE_MAX];

        t->refused = true;
        error_set(&t->why, "%s", why);
        header_write(m, value);
        ijw_count(i, m, COUNT_REFUSED);
        return outgoing_letter(i, NULL, code, why, value);
}

/* @work: it waited; NULL: it has just come, and waits from now on when nobody knows. *ret_counted: what became of it. Return: 0 or negative errno. */
static int parcel_take(struct ijw *i, const json_t *parcel, const char *id, instant_t since, struct work *work, enum counted *ret_counted, struct error *err) {
        instant_t now = clock_realtime(&i->env->clock);
        CLEANUP(cleanup_free) void *text = NULL;
        struct ijw_result result;
        char value[LETTER_VALUE_MAX];
        int r = ijw_resolve(&i->mapping, parcel, since, now, &result, err);

        if (r)
                return r;
        *ret_counted = result.outcome == OUTCOME_MEASURE ? COUNT_MEASURE : result.outcome == OUTCOME_NOBODY ? COUNT_NOBODY : COUNT_MAPPED;
        for (size_t n = 0; r == 0 && n < json_array_size(result.events); n++) {
                struct outgoing *out = outgoing_add(i, work);

                r = out ? 0 : -ENOMEM;
                if (out)
                        out->event = json_incref(json_array_get(result.events, n));
        }
        if (r == 0 && result.outcome == OUTCOME_WAITS) {
                *ret_counted = COUNT_WAITS;
                text = json_dumps(parcel, JSON_COMPACT);
                r = text ? case_keys_wait(i->keys, id, since, text_of(text), err) : -ENOMEM;
                if (work)
                        work->wait[0] = '\0'; /* it goes on waiting */
        }
        if (r == 0 && result.outcome == OUTCOME_NOBODY) {
                (void) snprintf(value, sizeof(value), "{\"said\":\"%s\",\"event_id\":\"%s\"}", parcel_text(parcel, "do"), parcel_text(parcel, "id"));
                if (i->unknown == 0 || strcmp(result.code, "DELETION_REFUSED") == 0)
                        r = outgoing_letter(i, work, result.code, result.error, value);
                if (r == 0)
                        r = ijw_forget(&i->mapping, parcel, err);
        }
        json_decref(result.events);
        return r;
}

static int parcels_take(struct ijw *i, const struct ijw_message *m, const struct ijw_parcels *parcels, struct error *err) {
        enum counted all = COUNT_MAPPED, one = COUNT_MAPPED;
        char id[CASE_KEYS_HASH + 1], name[2 * CASE_KEYS_HASH];
        size_t n;
        const json_t *parcel;

        json_array_foreach(parcels->items, n, parcel) {
                int r;

                (void) snprintf(name, sizeof(name), "%s|%zu|%d", parcels->message, n, m->answer);
                case_keys_hash(i->keys, "wait", text_of(name), id);
                r = parcel_take(i, parcel, id, clock_realtime(&i->env->clock), NULL, &one, err);
                if (r)
                        return r;
                all = one == COUNT_WAITS || n == 0 ? one : all;
        }
        ijw_count(i, m, all);
        return 0;
}

/* A message that its receiver refused, with the codes. */
static int return_letter(struct ijw *i, const struct ijw_message *m) {
        CLEANUP(buffer_done) struct buffer why = BUFFER_INIT(ERROR_TEXT_MAX);
        char value[LETTER_VALUE_MAX];

        buffer_printf(&why, "IJW %d: its receiver refused the message; codes", ijw_message_number(m));
        for (size_t n = 0; n < m->codes_n; n++)
                buffer_printf(&why, " %s", m->codes[n]);
        header_write(m, value);
        return outgoing_letter(i, NULL, "RETURNED", buffer_text(&why), value);
}

static int message_take(struct ijw *i, struct taken *t, const struct ijw_message *m, struct error *err) {
        static const enum counted counted[] = {
                [SAID_RECEIPT] = COUNT_RECEIPT, [SAID_MEASURE] = COUNT_MEASURE, [SAID_MOVED] = COUNT_MOVED, [SAID_NOTHING] = COUNT_NOTHING};
        struct ijw_parcels parcels;
        struct error why = {0};
        int r = ijw_parcels_make(m, &i->mapping.parties, i->keys, &parcels, &why);

        if (r == PARCEL_E_ORGANISATION)
                return take_refuse(i, t, m, "UNKNOWN_ORGANISATION", why.text);
        if (r)
                return r;
        if (parcels.said != SAID_PARCELS) {
                ijw_count(i, m, counted[parcels.said]);
        } else if (!m->answer && ijw_seen(&i->mapping, &parcels) == IJW_MESSAGE_OTHER) {
                r = take_refuse(i, t, m, "BAD_VALUE", "IJW 9056: level 3, Identificatie: the sender used it before, for a message that says something else");
        } else {
                r = m->answer ? return_letter(i, m) : ijw_remember(&i->mapping, &parcels, err);
                if (r == 0)
                        r = parcels_take(i, m, &parcels, err);
        }
        json_decref(parcels.items);
        return r;
}

/* One message, from its bytes to what is on its way because of it. */
static int bytes_take(struct ijw *i, struct taken *t, const char *bytes, size_t n, struct error *err) {
        CLEANUP(ijw_message_free_p) struct ijw_message *m = NULL;
        struct ijw_refusal refusal = {0};
        day_t today = date_of_instant(clock_realtime(&i->env->clock));
        int r;

        if (bytes)
                r = ijw_message_read(bytes, n, today, i->schemas, &m, &refusal, err);
        else
                r = ijw_message_read("", XML_BYTES_MAX + 1, today, NULL, &m, &refusal, err); /* it is too large to be read at all */
        i->place++;
        if (r == IJW_E_REFUSED)
                return take_refuse(i, t, m, refusal.level == 1 ? "LEVEL_1" : "LEVEL_2", refusal.why.text);
        return r ? r : message_take(i, t, m, err);
}

/* -- Batches -- */

static int batch_file(struct ijw *i, struct folder_file *file, struct error *err) {
        struct taken t = {.file = strdup(file->name)};
        int r = t.file ? bytes_take(i, &t, file->bytes, file->n, err) : -ENOMEM;

        free(file->bytes);
        *file = (struct folder_file){0};
        if (r == 0)
                r = vector_push(&i->batch, t);
        if (r)
                free(t.file);
        return r;
}

static int batch_files(struct ijw *i, struct error *err) {
        while (i->folder && i->batch.n < BATCH_MESSAGES && i->outgoing.n < BATCH_EVENTS && !case_keys_is_full(i->keys)) {
                struct folder_file file = i->held;
                int r = file.name[0] ? 1 : folder_next(i->folder, &file, err);

                i->held = (struct folder_file){0};
                if (r <= 0)
                        return r;
                r = batch_file(i, &file, err);
                if (r)
                        return r;
        }
        return 0;
}

static int batch_requests(struct ijw *i, struct error *err) {
        for (size_t n = 0; n < i->requests.n; n++) {
                struct taken t = {.request = i->requests.items[n]};
                struct text body = door_body(t.request);
                int r = bytes_take(i, &t, body.s, body.n, err);

                if (r == 0)
                        r = vector_push(&i->batch, t);
                if (r)
                        return r;
        }
        i->requests.n = 0;
        return 0;
}

/* What waits, once more: when something was learnt, and now and then, because it grows old. */
static int batch_waiting(struct ijw *i, struct error *err) {
        const struct case_keys_waiting *waiting;
        int64_t now = clock_monotonic(&i->env->clock);
        size_t n;
        int r;

        if (case_keys_generation(i->keys) == i->generation && now < i->look_at)
                return 0;
        i->look_at = now + TRY_AGAIN_MS;
        i->generation = case_keys_generation(i->keys);
        r = case_keys_look(i->keys, &waiting, &n);
        for (size_t at = 0; r == 0 && at < n; at++) {
                json_t *parcel = json_loadb(waiting[at].what.s, waiting[at].what.n, JSON_REJECT_DUPLICATES, NULL);
                struct work *work = calloc(1, sizeof(*work));
                enum counted counted;

                if (!work)
                        return -ENOMEM;
                (void) snprintf(work->wait, sizeof(work->wait), "%s", waiting[at].id);
                work->left = 1; /* this look */
                r = parcel ? parcel_take(i, parcel, waiting[at].id, waiting[at].since, work, &counted, err) : 0;
                json_decref(parcel);
                if (r == 0 && work->wait[0] && work->left == 1)
                        r = case_keys_wait_over(i->keys, work->wait, err);
                if (--work->left == 0)
                        free(work);
        }
        return r;
}

/* All that follows from @work is on the broker: it waits no longer. */
static int batch_over_waiting(struct ijw *i, struct error *err) {
        int r = 0;

        for (size_t n = 0; n < i->outgoing.n; n++) {
                struct outgoing *out = i->outgoing.items[n];
                struct work *work = out->work;

                out->work = NULL;
                if (!work || --work->left > 0)
                        continue;
                if (r == 0 && work->wait[0])
                        r = case_keys_wait_over(i->keys, work->wait, err);
                free(work);
        }
        for (size_t n = 0; n < i->outgoing.n; n++)
                outgoing_free(i->outgoing.items[n]);
        i->outgoing.n = 0;
        return r;
}

static void request_answer(const struct taken *t) {
        static const struct problem_row refused = {"REFUSED", PROBLEM_URN "ijw-refused", "The message is refused", "Het bericht is geweigerd", 422};
        static const char taken[] = "{\"taken\":true}";
        const struct door_answer answer = {.status = 202, .content_type = "application/json", .body = TEXT_OF(taken)};

        if (t->refused)
                door_refuse(t->request, &refused, t->why.text, NULL);
        else
                door_answer(t->request, &answer);
}

static int batch_settle(struct ijw *i, struct error *err) {
        for (size_t n = 0; n < i->batch.n; n++) {
                struct taken *t = &i->batch.items[n];
                int r = 0;

                if (t->file)
                        r = folder_settle(i->folder, t->file, t->refused ? FOLDER_REFUSED : FOLDER_DONE, NULL, err);
                else if (t->request)
                        request_answer(t);
                t->request = NULL;
                if (r < 0)
                        return r;
                free(t->file);
                t->file = NULL;
        }
        i->batch.n = 0;
        return 0;
}

/* -- Turning -- */

/* Whether this process takes part: it has the folder, where there is one. */
static int ijw_join(struct ijw *i, struct error *err) {
        const struct case_keys_config config = {.env = i->env, .key = &i->key, .pairs = i->pairs, .max_waiting = i->max_waiting};
        int64_t now = clock_monotonic(&i->env->clock);
        int r = 0;

        if (now < i->join_at)
                return 0;
        if (i->folder && !i->held.name[0])
                r = folder_next(i->folder, &i->held, err);
        if (r < 0 || (i->folder && folder_is_taken(i->folder)))
                return r;
        r = case_keys_new(&config, &i->keys, err);
        if (r == -ENOENT && !i->absent)
                log_line(i->env->log, CASE_KEYS_ABSENT, LOG_STRING("connector", i->env->name));
        i->absent = r == -ENOENT;
        i->join_at = now + JOIN_AGAIN_MS;
        i->mapping.keys = i->keys;
        return i->absent ? 0 : r ? r : learn_new(i->env, &i->mapping, &i->learn, err);
}

static bool ijw_is_paused(const struct ijw *i) {
        instant_t since;

        return runtime_is_paused(i->env->runtime, &since);
}

static int ijw_work(struct ijw *i, struct error *err) {
        int r = case_keys_turn(i->keys, err);

        if (r == 0)
                r = learn_turn(i->learn, &i->learnt, err);
        if (r == 0)
                r = outgoing_turn(i, err);
        if (r || !case_keys_is_ready(i->keys) || !i->learnt || !outgoing_is_over(i))
                return r;
        if (i->outgoing.n > 0)
                return batch_over_waiting(i, err);
        if (!case_keys_are_kept(i->keys))
                return 0;
        r = batch_settle(i, err);
        if (r == 0 && !i->quiet && !ijw_is_paused(i))
                r = batch_waiting(i, err);
        if (r == 0 && !i->quiet && !ijw_is_paused(i))
                r = batch_files(i, err);
        return r ? r : batch_requests(i, err);
}

static bool ijw_is_idle(const struct ijw *i) {
        return i->batch.n == 0 && i->outgoing.n == 0 && i->requests.n == 0 && (!i->keys || case_keys_are_kept(i->keys));
}

static int ijw_turn(void *ctx, int timeout_ms, struct error *err) {
        struct ijw *i = ctx;
        int r = i->keys ? 0 : ijw_join(i, err);

        if (r == 0 && i->keys)
                r = ijw_work(i, err);
        if (r)
                return r;
        metric_set(i->waiting_files, 0, i->folder ? (int64_t)folder_waiting(i->folder) : 0);
        timeout_ms = ijw_is_idle(i) && i->learnt ? timeout_ms : 0;
        if (i->door)
                return door_turn(i->door, timeout_ms, err);
        (void) poll(NULL, 0, timeout_ms);
        return 0;
}

static bool ijw_quiesce(void *ctx) {
        struct ijw *i = ctx;

        i->quiet = true;
        return (!i->door || door_quiesce(i->door)) && ijw_is_idle(i);
}

/* -- Over HTTP -- */

static bool is_xml(const char *content_type) {
        static const char *const types[] = {"application/xml", "text/xml"};

        for (size_t n = 0; content_type && n < ELEMENTS(types); n++) {
                size_t length = strlen(types[n]);

                if (strncasecmp(content_type, types[n], length) == 0 && strchr("; ", content_type[length])) /* strchr() finds the end, too */
                        return true;
        }
        return false;
}

static void ijw_admit(void *ctx, struct door_request *q) {
        const struct ijw *i = ctx;

        if (strcmp(door_path(q), IJW_PATH) != 0)
                door_refuse(q, &problem_rows[PROBLEM_NOT_FOUND], "there is POST /ijw", NULL);
        else if (strcmp(door_method(q), "POST") != 0)
                door_refuse(q, &problem_rows[PROBLEM_METHOD], "messages are posted", "POST");
        else if (!secrets_find(&i->token, secret_of_header(door_header(q, "Authorization"))))
                door_refuse(q, &problem_rows[PROBLEM_UNAUTHORISED], "send Authorization: Bearer with the token of this connector", NULL);
        else if (!is_xml(door_header(q, "Content-Type")))
                door_refuse(q, &problem_rows[PROBLEM_MEDIA_TYPE], "send one bare iJw message as application/xml", NULL);
        else if (ijw_is_paused(i))
                door_refuse(q, &problem_rows[PROBLEM_PAUSED], "the operators have paused this connector", "60");
        else if (!i->keys || !case_keys_is_ready(i->keys) || !i->learnt || i->requests.n >= REQUESTS_MAX || case_keys_is_full(i->keys))
                door_refuse(q, &problem_rows[PROBLEM_BUSY], "it cannot be taken now: post it again", IJW_RETRY_AFTER);
}

static void ijw_take(void *ctx, struct door_request *q) {
        struct ijw *i = ctx;

        if (vector_push(&i->requests, q) < 0)
                door_refuse(q, &problem_rows[PROBLEM_BUSY], "it cannot be taken now: post it again", IJW_RETRY_AFTER);
}

/* -- Opening and closing -- */

static int ijw_check_agb(const struct ijw *i, struct error *err) {
        for (size_t n = 0; n < i->agb.n; n++) {
                const struct option_pair *pair = &i->agb.items[n];
                const struct organisation *org = organisations_find(i->env->organisations, text_of(pair->value));

                if (strlen(pair->key) != 8 || strspn(pair->key, "0123456789") != 8) {
                        error_set(err, "agb: '%s' is no AGB code: eight digits, in quotation marks", pair->key);
                        return -EINVAL;
                }
                if (!org || (org->kind != KIND_GI && org->kind != KIND_PROVIDER)) {
                        error_set(err, "agb: '%s' is no provider and no GI of organisations.yaml", pair->value);
                        return -EINVAL;
                }
        }
        return 0;
}

static int ijw_check(void *ctx, const struct connector_env *env, struct error *err) {
        struct ijw *i = ctx;

        i->env = env;
        if (!i->folder_path && !i->listening.listen) {
                error_set(err, "folder, listen: say at least one of them; messages come by nothing else");
                return -EINVAL;
        }
        if (i->listening.listen && i->token.n == 0) {
                error_set(err, "token: who posts to listen needs one");
                return -EINVAL;
        }
        for (size_t n = 0; n < i->measure_categories.n; n++) {
                if (strlen(i->measure_categories.items[n]) != 2 || strspn(i->measure_categories.items[n], "0123456789") != 2) {
                        error_set(err, "measure_categories: '%s' is no category of two digits", i->measure_categories.items[n]);
                        return -EINVAL;
                }
        }
        if (i->listening.listen && listening_check(&i->listening, err) < 0)
                return -EINVAL;
        return ijw_check_agb(i, err);
}

static int ijw_metrics(struct ijw *i, struct error *err) {
        const struct metric_row messages = {.name = "ketenwacht_ijw_messages_total",
                                            .kind = METRIC_COUNTER,
                                            .help = "iJw messages by kind and what became of them.",
                                            .labels = {{"message", message_names, ELEMENTS(message_names)}, {"result", counted_names, COUNTED}}};
        const struct metric_row files = {.name = "ketenwacht_ijw_files", .kind = METRIC_GAUGE, .help = "Files in the folder that are not over."};
        int r;

        if (!i->env->metrics)
                return 0;
        r = metrics_register(i->env->metrics, &messages, &i->messages, err);
        return r ? r : metrics_register(i->env->metrics, &files, &i->waiting_files, err);
}

static int ijw_open_ways(struct ijw *i, struct error *err) {
        const struct folder_config folder = {.path = i->folder_path, .endings = ijw_endings, .bytes_max = XML_BYTES_MAX, .clock = i->env->clock};
        const struct door_config door = {
                .listening = &i->listening, .env = i->env, .body_max = XML_BYTES_MAX, .ctx = i, .admit = ijw_admit, .take = ijw_take};
        int r = 0;

        if (i->folder_path && folder_open(&folder, &i->folder, err) < 0)
                return -EINVAL; /* it is the file that names it */
        if (i->listening.listen)
                r = door_open(&door, &i->door, err);
        return r;
}

static int ijw_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct ijw *i = ctx;
        int r;

        i->env = env;
        if (i->measure_categories.n == 0)
                i->measure_categories = (struct option_list){ijw_measures, ELEMENTS(ijw_measures)};
        i->mapping = (struct ijw_mapping){.parties = {.organisations = env->organisations, .agb = &i->agb, .measure_categories = &i->measure_categories},
                                          .form = ijw_forms[i->form],
                                          .wait_for = i->wait_for,
                                          .allocation_within = i->allocation_within};
        r = arena_new(&i->arena, INTAKE_ARENA_MAX);
        if (r == 0)
                r = ijw_metrics(i, err);
        if (r == 0 && i->xsd)
                r = ijw_schemas_open(i->xsd, &i->schemas, err);
        return r ? r : ijw_open_ways(i, err);
}

static void ijw_drop_requests(struct ijw *i) {
        for (size_t n = 0; n < i->requests.n; n++)
                door_refuse(i->requests.items[n], &problem_rows[PROBLEM_BROKER], "the connector ends: post it again", IJW_RETRY_AFTER);
        for (size_t n = 0; n < i->batch.n; n++) {
                if (i->batch.items[n].request)
                        door_refuse(i->batch.items[n].request, &problem_rows[PROBLEM_BROKER], "the connector ends: post it again", IJW_RETRY_AFTER);
                free(i->batch.items[n].file);
        }
        vector_done(&i->requests);
        vector_done(&i->batch);
}

static void ijw_close(void *ctx) {
        struct ijw *i = ctx;
        struct error err;

        ijw_drop_requests(i);
        for (size_t n = 0; n < i->outgoing.n; n++) {
                struct work *work = i->outgoing.items[n]->work;

                if (work && --work->left == 0)
                        free(work);
                outgoing_free(i->outgoing.items[n]);
        }
        vector_done(&i->outgoing);
        if (i->door && door_turn(i->door, 0, &err) < 0) /* the answers go out */
                log_line(i->env->log, CONNECT_STOPPED_EARLY, LOG_INT("waiting", 0));
        i->door = door_free(i->door);
        i->folder = folder_free(i->folder);
        free(i->held.bytes);
        i->held = (struct folder_file){0};
        i->learn = learn_free(i->learn);
        i->keys = case_keys_free(i->keys);
        i->schemas = ijw_schemas_free(i->schemas);
        i->arena = arena_free(i->arena);
        i->learnt = i->quiet = i->absent = false;
        i->join_at = 0;
        i->flying = 0;
}

/* Whether what it needs is there: the folder, the XSDs, a list of pairs. */
static int ijw_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        const struct ijw *i = ctx;
        CLEANUP(ijw_schemas_free_p) struct ijw_schemas *schemas = NULL;
        CLEANUP(folder_free_p) struct folder *folder = NULL;
        const struct folder_config config = {.path = i->folder_path, .endings = ijw_endings, .bytes_max = XML_BYTES_MAX, .clock = env->clock};
        int r = i->folder_path ? folder_open(&config, &folder, err) : 0;

        if (r == 0 && i->xsd)
                r = ijw_schemas_open(i->xsd, &schemas, err);
        if (r == 0 && i->folder_path)
                buffer_printf(out, "folder: %s can be written\n", i->folder_path);
        if (r == 0 && i->xsd)
                buffer_printf(out, "xsd: every schema in %s can be built\n", i->xsd);
        return r;
}

static const struct connector_verb ijw_verbs[] = {
        {CONNECTOR_VERB_TRY, "looks whether the folder can be written and the XSDs can be built.", ijw_try},
        {0},
};

static const struct connector_option ijw_options[] = {
        {.key = "folder",
         .fallback = "",
         .doc = "Where messages arrive as files that end in .xml, one message each, renamed in or left alone for two seconds. They go on to done/ or refused/ "
                "in it.",
         .type = OPTION_PATH,
         .offset = offsetof(struct ijw, folder_path)},
        {.key = "listen",
         .fallback = "",
         .doc = "Numeric address and port at which POST /ijw takes one message as application/xml; port 0 is any that is free, see the log. Plain HTTP: let a "
                "reverse proxy on this machine do TLS.",
         .type = OPTION_STRING,
         .offset = offsetof(struct ijw, listening.listen)},
        {.key = "token",
         .fallback = "",
         .doc = "Bearer tokens of who posts: one to four, of at least 32 characters. Needed with listen.",
         .type = OPTION_SECRET,
         .offset = offsetof(struct ijw, token)},
        {.key = "key",
         .doc = "Key under which BSNs, references and numbers of allocations are hashed: 32 characters or more, made with openssl rand -hex 32. Another key "
                "needs the list of pairs again.",
         .type = OPTION_SECRET,
         .offset = offsetof(struct ijw, key)},
        {.key = "agb",
         .doc = "Which organisation an AGB code is, of each provider and GI: {'98900001': aanbieder-voorbeeld}. A sender who stands not there is refused.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct ijw, agb)},
        {.key = "pairs",
         .fallback = "",
         .doc = "File of lines bsn;case_id that a GI hands over, for children of whom no reference is known. Read when it is there, and removed once the "
                "broker has the hashes of all of it.",
         .type = OPTION_PATH,
         .offset = offsetof(struct ijw, pairs)},
        {.key = "measure_categories",
         .fallback = "",
         .doc = "Product categories that are the GI's own work and no help; when it is left out ['47', '48', '49'].",
         .type = OPTION_LIST,
         .offset = offsetof(struct ijw, measure_categories)},
        {.key = "form",
         .fallback = "CONTRACTED",
         .doc = "Form of a referral that a GI's own JW315 makes; no message says it.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct ijw, form),
         .choices = ijw_forms},
        {.key = "wait_for",
         .fallback = "336 hours",
         .doc = "What nobody knows the case of waits so long: 14 days.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct ijw, wait_for),
         .min = 1000,
         .max = 366 * DAY_MS},
        {.key = "allocation_within",
         .fallback = "24 hours",
         .doc = "So long a message waits for the referral or allocation that it names before the BSN alone says whose it is.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct ijw, allocation_within),
         .min = 0,
         .max = 366 * DAY_MS},
        {.key = "max_waiting",
         .fallback = "100000",
         .doc = "When so much waits nothing new is taken, and the log says so.",
         .type = OPTION_INT,
         .offset = offsetof(struct ijw, max_waiting),
         .min = 1,
         .max = 1000000},
        {.key = "unknown",
         .fallback = "dead-letter",
         .doc = "What becomes of what nobody knew within wait_for: dead-letter, or drop, where most of the traffic is about children without a measure.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct ijw, unknown),
         .choices = ijw_unknown},
        {.key = "xsd",
         .fallback = "",
         .doc = "Folder with the published XSDs, JW301.xsd to JW320.xsd beside basisschema.xsd; without it the connector's own reader holds messages to the "
                "same trees, types and codes.",
         .type = OPTION_PATH,
         .offset = offsetof(struct ijw, xsd)},
        {.key = "connections",
         .fallback = "50",
         .doc = "Connections at once; more wait in the queue of the operating system.",
         .type = OPTION_INT,
         .offset = offsetof(struct ijw, listening.connections),
         .min = 1,
         .max = 1000},
        {.key = "per_address",
         .fallback = "0",
         .doc = "Connections at once from one address; 0 is without a limit, as behind a reverse proxy.",
         .type = OPTION_INT,
         .offset = offsetof(struct ijw, listening.per_address),
         .min = 0,
         .max = 1000},
        {.key = "timeout",
         .fallback = "60 s",
         .doc = "A connection on which nothing moves for so long is closed; rounded up to whole seconds.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct ijw, listening.timeout),
         .min = 1000,
         .max = 600000},
        {0},
};

const struct connector_ops connector_ijw = {
        .name = "ijw",
        .summary = "messages of iJw 3.2 between municipalities, providers and GIs become events",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct ijw),
        .options = ijw_options,
        .verbs = ijw_verbs,
        .check = ijw_check,
        .open = ijw_open,
        .close = ijw_close,
        .turn = ijw_turn,
        .quiesce = ijw_quiesce,
        .settled = ijw_settled,
};
