/* SPDX-License-Identifier: EUPL-1.2 */

/* Brings messages from a folder and a door, and sees that what follows from each is on the broker before it is over. */

#include "channel/reception.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vector.h"
#include "channel/xml.h"
#include "connect/intake.h"
#include "connect/runtime.h"

#define JOIN_AGAIN_MS 1000 /* while the topic of what is remembered is not there */
#define RETRY_AFTER "5"
#define PAUSED_RETRY_AFTER "60"

static const char *const reception_endings[] = {".xml", NULL};

/* Something that waited: over when all that follows from it is on the broker. */
struct work {
        char wait[CASE_KEYS_HASH + 1]; /* under which it waited; "": it goes on waiting */
        unsigned left;
};

/* A record on its way: an event, or a dead letter. */
struct outgoing {
        struct work *work;       /* NULL: it follows from what has just come */
        const char *type;        /* NULL: a dead letter; lives as long as the event types */
        const char *source;      /* lives as long as the organisations */
        char event_id[UUID_TEXT + 1];
        char *json;
        const char *code;        /* of a dead letter: a literal */
        struct error error;
        char value[RECEPTION_VALUE_MAX];
        int64_t place;
        enum { OUT_NEW, OUT_FLYING, OUT_DONE } state;
};

/* One message of the batch. */
struct taken {
        char *file;              /* NULL: it came over HTTP */
        struct door_request *request;
        struct reception_message message;
};

struct reception {
        struct reception_config config;
        const struct connector_env *env;
        struct folder *folder;
        struct door *door;
        struct case_keys *keys;  /* NULL: another process has the folder, as far as is known */
        struct arena *arena;
        struct folder_file held; /* the file by which the folder was found to be ours; no name: none */
        bool ready, quiet, absent;
        uint64_t generation;     /* of the keys, when what waits was looked at last */
        int64_t look_at, join_at, place;
        struct work *work;       /* what again() works at */
        VECTOR(struct outgoing *) outgoing;
        VECTOR(struct taken *) batch;
        VECTOR(struct door_request *) requests; /* whose bodies are there */
        struct metric *files;
};

/* -- Outgoing -- */

static struct outgoing *outgoing_add(struct reception *r) {
        struct outgoing *out = calloc(1, sizeof(*out));

        if (!out || vector_push(&r->outgoing, out) < 0) {
                free(out);
                return NULL;
        }
        out->work = r->work;
        out->place = r->place;
        if (r->work)
                r->work->left++;
        return out;
}

static void outgoing_free(struct outgoing *out) {
        free(out->json);
        free(out);
}

static void work_let_go(struct work *work) {
        if (work && --work->left == 0)
                free(work);
}

int reception_event(struct reception *r, const char *type, const char *source, const char *event_id, struct text json) {
        const struct event_type *found = event_types_find(r->env->types, text_of(type));
        const struct organisation *organisation = organisations_find(r->env->organisations, text_of(source));
        struct outgoing *out = outgoing_add(r);

        if (!out)
                return -ENOMEM;
        (void) snprintf(out->event_id, sizeof(out->event_id), "%s", event_id);
        out->json = text_dup(json);
        out->type = found ? found->name : NULL;
        out->source = organisation ? organisation->id : NULL;
        if (found && organisation)
                return out->json ? 0 : -ENOMEM;
        out->type = NULL;
        out->code = found ? "UNKNOWN_ORGANISATION" : "UNKNOWN_EVENT";
        error_set(&out->error, "%s: no such %s is configured", found ? source : type, found ? "organisation" : "event type");
        return 0;
}

int reception_letter(struct reception *r, const char *code, const char *error, const char *value) {
        struct outgoing *out = outgoing_add(r);

        if (!out)
                return -ENOMEM;
        out->code = code;
        error_set(&out->error, "%s", error);
        (void) snprintf(out->value, sizeof(out->value), "%s", value);
        return 0;
}

/* What cannot be an event after all becomes a dead letter, with the next turn. */
static void outgoing_spoil(struct outgoing *out, const struct problem *problem) {
        out->code = problem_rows[problem->kind].code;
        error_set(&out->error, "%s: %s", out->type, problem->n > 0 ? problem->mistakes[0].text : problem->detail.text);
        (void) snprintf(out->value, sizeof(out->value), "{\"event_id\":\"%s\"}", out->event_id);
        out->type = NULL;
}

static int outgoing_submit(struct reception *r, struct outgoing *out, struct error *err) {
        struct intake_request request = {.type = event_types_find(r->env->types, text_of(out->type)),
                                         .caller = organisations_find(r->env->organisations, text_of(out->source)),
                                         .body = out->json,
                                         .n = strlen(out->json),
                                         .now = clock_realtime(&r->env->clock),
                                         .language = LANGUAGE_EN};
        struct problem problem = {.language = LANGUAGE_EN};
        struct submission submission = {0};
        struct intake intake = {0};
        int e = RUNTIME_E_BUSY;

        arena_reset(r->arena);
        if (intake_allowed(request.type, request.caller, LANGUAGE_EN, &problem) && intake_read(&request, r->env->organisations, r->arena, &intake, &problem)) {
                submission.event = &intake.event;
                e = runtime_submit(r->env->runtime, &submission, out, err);
        } else {
                outgoing_spoil(out, &problem);
        }
        intake_done(&intake);
        return e;
}

static int outgoing_reject(struct reception *r, struct outgoing *out, struct error *err) {
        const struct rejection rejection = {.stage = "check", .code = out->code, .error = out->error.text, .place = out->place, .value = text_of(out->value)};

        return runtime_reject(r->env->runtime, &rejection, out, err);
}

static int outgoing_turn(struct reception *r, struct error *err) {
        for (size_t n = 0; n < r->outgoing.n; n++) {
                struct outgoing *out = r->outgoing.items[n];
                int e;

                if (out->state != OUT_NEW)
                        continue;
                e = out->type ? outgoing_submit(r, out, err) : outgoing_reject(r, out, err);
                if (e == RUNTIME_E_BUSY)
                        return 0;
                if (e)
                        return e;
                out->state = OUT_FLYING;
        }
        return 0;
}

static bool outgoing_is_over(const struct reception *r) {
        for (size_t n = 0; n < r->outgoing.n; n++) {
                if (r->outgoing.items[n]->state != OUT_DONE)
                        return false;
        }
        return true;
}

void reception_settled(struct reception *r, void *cookie, enum submitted outcome) {
        struct outgoing *out = cookie;

        if (r->keys && case_keys_settled(r->keys, cookie, outcome))
                return;
        out->state = outcome == SUBMITTED_SENT ? OUT_DONE : OUT_NEW; /* else again: the same event_id */
}

/* -- Batches -- */

static struct taken *taken_free(struct taken *t) {
        buffer_done(&t->message.reply);
        buffer_done(&t->message.written);
        free(t->file);
        free(t);
        return NULL;
}

/* @file, @request: where it came from, one of them. Return: 0 or negative errno. */
static int batch_take(struct reception *r, const char *file, struct door_request *request, const char *bytes, size_t n, struct error *err) {
        struct taken *t = calloc(1, sizeof(*t));
        int e;

        if (!t)
                return -ENOMEM;
        t->file = file ? strdup(file) : NULL;
        t->request = request;
        t->message = (struct reception_message){
                .bytes = bytes, .n = n, .place = r->place, .reply = BUFFER_INIT(RECEPTION_REPLY_MAX), .written = BUFFER_INIT(RECEPTION_REPLY_MAX)};
        if ((file && !t->file) || vector_push(&r->batch, t) < 0) {
                taken_free(t);
                return -ENOMEM;
        }
        e = r->config.take(r->config.ctx, &t->message, err);
        t->message.bytes = NULL; /* the caller's */
        r->place++;
        return e;
}

static int batch_files(struct reception *r, struct error *err) {
        while (r->folder && r->batch.n < RECEPTION_BATCH_MESSAGES && r->outgoing.n < RECEPTION_BATCH_RECORDS && !case_keys_is_full(r->keys)) {
                struct folder_file file = r->held;
                int e = file.name[0] ? 1 : folder_next(r->folder, &file, err);

                r->held = (struct folder_file){0};
                if (e <= 0)
                        return e;
                e = batch_take(r, file.name, NULL, file.bytes, file.n, err);
                free(file.bytes);
                if (e)
                        return e;
        }
        return 0;
}

static int batch_requests(struct reception *r, struct error *err) {
        int e = 0;
        size_t n;

        for (n = 0; n < r->requests.n && e == 0; n++) {
                struct text body = door_body(r->requests.items[n]);

                e = batch_take(r, NULL, r->requests.items[n], body.s, body.n, err);
        }
        if (n > 0)
                memmove(r->requests.items, r->requests.items + n, (r->requests.n - n) * sizeof(*r->requests.items));
        r->requests.n -= n;
        return e;
}

static int batch_again(struct reception *r, const struct case_keys_waiting *w, struct error *err) {
        struct work *work = calloc(1, sizeof(*work));
        int e;

        if (!work)
                return -ENOMEM;
        (void) snprintf(work->wait, sizeof(work->wait), "%s", w->id);
        work->left = 1; /* this look */
        r->work = work;
        e = r->config.again(r->config.ctx, w, err);
        r->work = NULL;
        if (e == 1)
                work->wait[0] = '\0';
        if (e == 0 && work->left == 1)
                e = case_keys_wait_over(r->keys, work->wait, err);
        work_let_go(work);
        return e < 0 ? e : 0;
}

/* What waits, once more: when something was learnt, and now and then, because it grows old. */
static int batch_waiting(struct reception *r, struct error *err) {
        const struct case_keys_waiting *waiting;
        int64_t now = clock_monotonic(&r->env->clock);
        size_t n;
        int e;

        if (case_keys_generation(r->keys) == r->generation && now < r->look_at)
                return 0;
        r->look_at = now + RECEPTION_TRY_AGAIN_MS;
        r->generation = case_keys_generation(r->keys);
        e = case_keys_look(r->keys, &waiting, &n);
        for (size_t i = 0; e == 0 && i < n; i++)
                e = batch_again(r, &waiting[i], err);
        return e;
}

/* All records are on the broker: what waited for one of them waits no longer. */
static int batch_over(struct reception *r, struct error *err) {
        int e = 0;

        for (size_t n = 0; n < r->outgoing.n; n++) {
                struct work *work = r->outgoing.items[n]->work;

                if (work && work->left == 1 && work->wait[0] && e == 0)
                        e = case_keys_wait_over(r->keys, work->wait, err);
                work_let_go(work);
                outgoing_free(r->outgoing.items[n]);
        }
        r->outgoing.n = 0;
        return e;
}

static int batch_settle(struct reception *r, struct error *err) {
        while (r->batch.n > 0) {
                struct taken *t = r->batch.items[0];
                const struct reception_message *m = &t->message;
                int e = 0;

                if (m->written.n > 0)
                        e = folder_put(r->config.answers, m->written_as, (struct text){(const char *)m->written.bytes, m->written.n}, err);
                if (e < 0)
                        return e;
                if (t->file)
                        e = folder_settle(r->folder, t->file, m->refused ? FOLDER_REFUSED : FOLDER_DONE, NULL, err);
                else
                        door_answer(t->request, &(struct door_answer){.status = m->status,
                                                                      .content_type = m->content_type,
                                                                      .body = {(const char *)m->reply.bytes, m->reply.n}});
                if (e < 0)
                        return e;
                taken_free(t);
                memmove(r->batch.items, r->batch.items + 1, --r->batch.n * sizeof(*r->batch.items));
        }
        return 0;
}

/* -- Turning -- */

/* Whether this process takes part: it has the folder, where there is one. */
static int reception_join(struct reception *r, struct error *err) {
        const struct reception_options *o = r->config.options;
        const struct case_keys_config config = {.env = r->env, .key = &o->key, .pairs = o->pairs, .max_waiting = o->max_waiting};
        int64_t now = clock_monotonic(&r->env->clock);
        int e = 0;

        if (now < r->join_at)
                return 0;
        if (r->folder && !r->held.name[0])
                e = folder_next(r->folder, &r->held, err);
        if (e < 0 || (r->folder && folder_is_taken(r->folder)))
                return e < 0 ? e : 0;
        e = case_keys_new(&config, &r->keys, err);
        if (e == -ENOENT && !r->absent)
                log_line(r->env->log, CASE_KEYS_ABSENT, LOG_STRING("connector", r->env->name));
        r->absent = e == -ENOENT;
        r->join_at = now + JOIN_AGAIN_MS;
        if (e)
                return r->absent ? 0 : e;
        return r->config.begin ? r->config.begin(r->config.ctx, r->keys, err) : 0;
}

static bool reception_is_paused(const struct reception *r) {
        instant_t since;

        return runtime_is_paused(r->env->runtime, &since);
}

static bool reception_takes(const struct reception *r) {
        return r->keys && r->ready && case_keys_is_ready(r->keys);
}

static int reception_work(struct reception *r, struct error *err) {
        int e = case_keys_turn(r->keys, err);

        r->ready = true;
        if (e == 0 && r->config.turn)
                e = r->config.turn(r->config.ctx, &r->ready, err);
        if (e == 0)
                e = outgoing_turn(r, err);
        if (e || !reception_takes(r) || !outgoing_is_over(r))
                return e;
        if (r->outgoing.n > 0)
                return batch_over(r, err);
        if (!case_keys_are_kept(r->keys))
                return 0;
        e = batch_settle(r, err);
        if (e == 0 && !r->quiet && !reception_is_paused(r))
                e = batch_waiting(r, err);
        if (e == 0 && !r->quiet && !reception_is_paused(r))
                e = batch_files(r, err);
        return e ? e : batch_requests(r, err);
}

static bool reception_is_idle(const struct reception *r) {
        return r->batch.n == 0 && r->outgoing.n == 0 && r->requests.n == 0 && (!r->keys || case_keys_are_kept(r->keys));
}

int reception_turn(struct reception *r, int timeout_ms, struct error *err) {
        int e = r->keys ? 0 : reception_join(r, err);

        if (e == 0 && r->keys)
                e = reception_work(r, err);
        if (e)
                return e;
        metric_set(r->files, 0, r->folder ? (int64_t)folder_waiting(r->folder) : 0);
        timeout_ms = reception_is_idle(r) && (r->ready || !r->keys) ? timeout_ms : 0;
        if (r->door)
                return door_turn(r->door, timeout_ms, err);
        (void) poll(NULL, 0, timeout_ms);
        return 0;
}

bool reception_quiesce(struct reception *r) {
        r->quiet = true;
        return (!r->door || door_quiesce(r->door)) && reception_is_idle(r);
}

/* -- Over HTTP -- */

static bool reception_is_xml(const char *content_type) {
        static const char *const types[] = {"application/xml", "text/xml"};

        for (size_t n = 0; content_type && n < ELEMENTS(types); n++) {
                size_t length = strlen(types[n]);

                if (strncasecmp(content_type, types[n], length) == 0 && strchr("; ", content_type[length])) /* strchr() finds the end, too */
                        return true;
        }
        return false;
}

static void reception_put_off(struct reception *r, struct door_request *q, enum problem_kind kind) {
        const char *after = kind == PROBLEM_PAUSED ? PAUSED_RETRY_AFTER : RETRY_AFTER;
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(RECEPTION_REPLY_MAX);
        struct door_answer answer = {.extra = "Retry-After", .value = after};

        if (!r->config.put_off) {
                door_refuse(q, &problem_rows[kind],
                            kind == PROBLEM_PAUSED ? "the operators have paused this connector" : "it cannot be taken now: post it again", after);
                return;
        }
        answer.status = r->config.put_off(r->config.ctx, &problem_rows[kind], &out, &answer.content_type);
        answer.body = (struct text){(const char *)out.bytes, out.n};
        door_answer(q, &answer);
}

static void reception_admit(void *ctx, struct door_request *q) {
        struct reception *r = ctx;
        char detail[RECEPTION_PATH_MAX + 32];

        (void) snprintf(detail, sizeof(detail), "there is POST %s", r->config.path);
        if (strcmp(door_path(q), r->config.path) != 0)
                door_refuse(q, &problem_rows[PROBLEM_NOT_FOUND], detail, NULL);
        else if (strcmp(door_method(q), "POST") != 0)
                door_refuse(q, &problem_rows[PROBLEM_METHOD], "messages are posted", "POST");
        else if (!secrets_find(&r->config.options->token, secret_of_header(door_header(q, "Authorization"))))
                door_refuse(q, &problem_rows[PROBLEM_UNAUTHORISED], "send Authorization: Bearer with the token of this connector", NULL);
        else if (!reception_is_xml(door_header(q, "Content-Type")))
                door_refuse(q, &problem_rows[PROBLEM_MEDIA_TYPE], r->config.what, NULL);
        else if (reception_is_paused(r))
                reception_put_off(r, q, PROBLEM_PAUSED);
        else if (!reception_takes(r) || r->requests.n >= RECEPTION_REQUESTS_MAX || case_keys_is_full(r->keys))
                reception_put_off(r, q, PROBLEM_BUSY);
}

static void reception_collect(void *ctx, struct door_request *q) {
        struct reception *r = ctx;

        if (vector_push(&r->requests, q) < 0)
                reception_put_off(r, q, PROBLEM_BUSY);
}

/* -- Opening and closing -- */

int reception_check(const struct reception_options *o, struct error *err) {
        if (!o->folder && !o->listening.listen) {
                error_set(err, "folder, listen: say at least one of them; messages come by nothing else");
                return -EINVAL;
        }
        if (o->listening.listen && o->token.n == 0) {
                error_set(err, "token: who posts to listen needs one");
                return -EINVAL;
        }
        return o->listening.listen ? listening_check(&o->listening, err) : 0;
}

static struct folder_config reception_folder(const struct reception_options *o, const struct connector_env *env) {
        return (struct folder_config){.path = o->folder, .endings = reception_endings, .bytes_max = XML_BYTES_MAX, .clock = env->clock};
}

int reception_open(const struct reception_config *config, struct reception **ret, struct error *err) {
        CLEANUP(reception_free_p) struct reception *r = calloc(1, sizeof(*r));
        struct reception_options *o = config->options;
        const struct folder_config folder = reception_folder(o, config->env);
        const struct metric_row files = {.name = "ketenwacht_reception_files", .kind = METRIC_GAUGE, .help = "Files in the folder that are not over."};
        int e;

        assert(strlen(config->path) < RECEPTION_PATH_MAX);
        if (!r)
                return -ENOMEM;
        r->config = *config;
        r->env = config->env;
        e = arena_new(&r->arena, INTAKE_ARENA_MAX);
        if (e == 0 && r->env->metrics)
                e = metrics_register(r->env->metrics, &files, &r->files, err);
        if (e == 0 && config->answers && folder_is_writable(config->answers, err) < 0)
                e = -EINVAL;
        if (e == 0 && o->folder && folder_open(&folder, &r->folder, err) < 0)
                e = -EINVAL; /* it is the file that names it */
        o->listening.whole_within = RECEPTION_WHOLE_MS;
        if (e == 0 && o->listening.listen)
                e = door_open(&(struct door_config){.listening = &o->listening,
                                                    .env = r->env,
                                                    .body_max = XML_BYTES_MAX,
                                                    .ctx = r,
                                                    .admit = reception_admit,
                                                    .take = reception_collect},
                              &r->door, err);
        if (e)
                return e;
        *ret = TAKE(r);
        return 0;
}

static void reception_drop(struct reception *r) {
        for (size_t n = 0; n < r->requests.n; n++)
                reception_put_off(r, r->requests.items[n], PROBLEM_BROKER);
        for (size_t n = 0; n < r->batch.n; n++) {
                if (r->batch.items[n]->request)
                        reception_put_off(r, r->batch.items[n]->request, PROBLEM_BROKER);
                taken_free(r->batch.items[n]);
        }
        for (size_t n = 0; n < r->outgoing.n; n++) {
                work_let_go(r->outgoing.items[n]->work);
                outgoing_free(r->outgoing.items[n]);
        }
        vector_done(&r->requests);
        vector_done(&r->batch);
        vector_done(&r->outgoing);
}

struct reception *reception_free(struct reception *r) {
        struct error err;

        if (!r)
                return NULL;
        reception_drop(r);
        if (r->door && door_turn(r->door, 0, &err) < 0) /* the answers go out */
                log_line(r->env->log, CONNECT_STOPPED_EARLY, LOG_INT("waiting", 0));
        door_free(r->door);
        folder_free(r->folder);
        free(r->held.bytes);
        case_keys_free(r->keys);
        arena_free(r->arena);
        free(r);
        return NULL;
}

int reception_try(const struct reception_options *o, const struct connector_env *env, struct buffer *out, struct error *err) {
        const struct folder_config config = reception_folder(o, env);
        CLEANUP(folder_free_p) struct folder *folder = NULL;
        int e = o->folder ? folder_open(&config, &folder, err) : 0;

        if (e == 0 && o->folder)
                buffer_printf(out, "folder: %s can be written\n", o->folder);
        return e;
}
