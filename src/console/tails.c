/* SPDX-License-Identifier: EUPL-1.2 */

/* Follows the topics that are watched, in turn, on one thread. */

#include "console/tails.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/loop.h"
#include "survey/view.h"

#define TAILS_REST_MS 50
#define TAIL_AT_ONCE 500      /* records of one topic that are taken before the next has its turn */
#define TAIL_AGAIN_MS 2000    /* after a failure */

struct tail {
        char topic[BUS_NAME_MAX + 1];
        struct web_stream *stream;
        int64_t watched;       /* monotonic: when it was asked for, or last had a watcher */
        /* The thread's own: */
        struct bus_reader *reader;
        int64_t second, again, alive; /* monotonic: when the present second began; not before; when something was said last */
        unsigned said, left_out;
        bool stale;            /* it has become another's: the reader is of the topic before */
};

struct tails {
        const struct console *console;
        struct loop loop;
        atomic_bool enough;
        struct view *view;      /* the thread's own; NULL: not made yet */
        pthread_mutex_t lock;   /* over the rows; the thread reads topics without it */
        struct tail *rows[TAILS_MAX];
        size_t n;
};

/* -- Saying -- */

static void tail_say(struct tail *tail, int64_t now, const char *event, const char *data, size_t n) {
        if (web_stream_say(tail->stream, event, (struct text){data, n}) == 0)
                tail->alive = now;
}

static void tail_say_left_out(struct tail *tail, int64_t now) {
        char data[64];
        int n = snprintf(data, sizeof(data), "{\"n\":%u}", tail->left_out);

        if (tail->left_out > 0)
                tail_say(tail, now, "left_out", data, (size_t)n);
        tail->left_out = 0;
}

static void tail_say_trouble(struct tail *tail, int64_t now, const char *why) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(2 * ERROR_TEXT_MAX);
        struct json_writer w = JSON_WRITER(&out);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "why", why);
        jsonw_close_object(&w);
        if (!out.failed)
                tail_say(tail, now, "trouble", (const char *)out.bytes, out.n);
}

/* Without what may be personal; of one that is too long its place alone. */
static void tail_say_record(struct tails *t, struct tail *tail, int64_t now, struct bus_record *record) {
        CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(VIEW_BYTES_MAX);
        json_t *root = view_record(t->view, record, &line) ? NULL : json_loadb((const char *)line.bytes, line.n, JSON_ALLOW_NUL, NULL);
        char *text;

        if (!root)
                return;
        (void) json_object_del(root, "hex");
        (void) json_object_del(root, "headers");
        if (json_is_object(json_object_get(root, "key")))
                (void) json_object_set_new(root, "key", json_null());
        text = json_dumps(root, JSON_COMPACT);
        if (text && strlen(text) > TAIL_BYTES_MAX) {
                free(text);
                (void) json_object_set_new(root, "value", json_null());
                text = json_dumps(root, JSON_COMPACT);
        }
        if (text)
                tail_say(tail, now, "record", text, strlen(text));
        free(text);
        json_decref(root);
}

/* -- Reading -- */

static void tail_close(struct tail *tail) {
        bus_reader_close(tail->reader);
        tail->reader = NULL;
}

static int tails_open_reader(struct tails *t, struct tail *tail, const char *topic, struct error *err) {
        const struct bus_reader_config config = {.topics = &topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_END, .enough = &t->enough};
        int r = t->view ? 0 : view_new(t->console->config->types, false, &t->view, err);

        return r ? r : bus_reader_open(t->console->bus, &config, &tail->reader, err);
}

static int tail_read(struct tails *t, struct tail *tail, int64_t now, struct error *err) {
        for (unsigned i = 0; i < TAIL_AT_ONCE; i++) {
                struct bus_event event;
                int r = bus_reader_poll(tail->reader, 0, &event, err);

                if (r || event.kind != BUS_RECORD)
                        return r;
                if (tail->said >= TAIL_PER_SECOND) {
                        tail->left_out++;
                        continue;
                }
                tail->said++;
                tail_say_record(t, tail, now, &event.record);
        }
        return 0;
}

static void tail_turn(struct tails *t, struct tail *tail, const char *topic) {
        int64_t now = clock_monotonic(&t->console->clock);
        struct error err = {0};
        int r = 0;

        if (now < tail->again)
                return;
        if (now - tail->second >= 1000) {
                tail_say_left_out(tail, now);
                tail->second = now;
                tail->said = 0;
        }
        if (!tail->reader)
                r = tails_open_reader(t, tail, topic, &err);
        if (r == 0)
                r = tail_read(t, tail, now, &err);
        if (r) {
                tail_close(tail);
                tail->again = now + TAIL_AGAIN_MS;
                tail_say_trouble(tail, now, err.text);
        }
        if (now - tail->alive < WEB_STREAM_ALIVE_MS)
                return;
        web_stream_keep_alive(tail->stream);
        tail->alive = now;
}

static int tails_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int tails_turn(void *ctx, bool *ret_done, struct error *err) {
        struct tails *t = ctx;
        size_t n;

        (void) ret_done;
        (void) err;
        nanosleep(&(struct timespec){.tv_nsec = TAILS_REST_MS * 1000000L}, NULL);
        pthread_mutex_lock(&t->lock);
        n = t->n;
        pthread_mutex_unlock(&t->lock);
        for (size_t i = 0; i < n && !atomic_load(&t->enough); i++) {
                char topic[BUS_NAME_MAX + 1];
                struct tail *tail = t->rows[i]; /* a row stays where it is */
                bool watched, stale;

                pthread_mutex_lock(&t->lock);
                watched = web_stream_watchers(tail->stream) > 0;
                if (watched)
                        tail->watched = clock_monotonic(&t->console->clock);
                stale = tail->stale;
                tail->stale = false;
                (void) snprintf(topic, sizeof(topic), "%s", tail->topic);
                pthread_mutex_unlock(&t->lock);
                if (stale || !watched)
                        tail_close(tail);
                if (watched)
                        tail_turn(t, tail, topic);
        }
        return 0;
}

static void tails_interrupt(void *ctx) {
        struct tails *t = ctx;

        atomic_store(&t->enough, true);
}

static const struct loop_ops tails_ops = {.open = tails_open, .turn = tails_turn, .interrupt = tails_interrupt};

/* -- Rows -- */

static struct tail *tail_new(void) {
        struct tail *tail = calloc(1, sizeof(*tail));

        if (tail && web_stream_new(&tail->stream)) {
                free(tail);
                tail = NULL;
        }
        return tail;
}

/* One that nobody has watched for long: whoever asked for its stream has come by now, or never will. */
static struct tail *tails_idle(struct tails *t, int64_t now) {
        for (size_t i = 0; i < t->n; i++) {
                if (web_stream_watchers(t->rows[i]->stream) == 0 && now - t->rows[i]->watched > TAIL_IDLE_MS)
                        return t->rows[i];
        }
        return NULL;
}

static struct tail *tails_row(struct tails *t, const char *topic, int64_t now) {
        struct tail *tail;

        for (size_t i = 0; i < t->n; i++) {
                if (strcmp(t->rows[i]->topic, topic) == 0)
                        return t->rows[i];
        }
        if (t->n < TAILS_MAX) {
                tail = tail_new();
                if (tail)
                        t->rows[t->n++] = tail;
        } else {
                struct web_stream *fresh = NULL;

                tail = tails_idle(t, now);
                if (tail && web_stream_new(&fresh) == 0) { /* what the old one kept is of another topic */
                        web_stream_free(tail->stream);
                        tail->stream = fresh;
                        tail->stale = true;
                } else {
                        tail = NULL;
                }
        }
        if (tail)
                (void) snprintf(tail->topic, sizeof(tail->topic), "%s", topic);
        return tail;
}

struct web_stream *tails_stream(struct tails *t, const char *topic) {
        int64_t now = clock_monotonic(&t->console->clock);
        struct web_stream *stream = NULL;
        struct tail *tail;
        struct error err;

        pthread_mutex_lock(&t->lock);
        tail = t->loop.started || loop_start(&t->loop, &tails_ops, t, &err) == 0 ? tails_row(t, topic, now) : NULL;
        if (tail) {
                tail->watched = now;
                stream = tail->stream;
        }
        pthread_mutex_unlock(&t->lock);
        return stream;
}

int tails_new(const struct console *console, struct tails **ret) {
        struct tails *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->console = console;
        pthread_mutex_init(&t->lock, NULL);
        *ret = t;
        return 0;
}

void tails_stop(struct tails *t) {
        if (!t)
                return;
        loop_ask(&t->loop);
        loop_join(&t->loop);
        for (size_t i = 0; i < t->n; i++)
                tail_close(t->rows[i]);
}

struct tails *tails_free(struct tails *t) {
        if (!t)
                return NULL;
        tails_stop(t);
        for (size_t i = 0; i < t->n; i++) {
                web_stream_free(t->rows[i]->stream);
                free(t->rows[i]);
        }
        view_free(t->view);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return NULL;
}
