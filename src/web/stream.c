/* SPDX-License-Identifier: EUPL-1.2 */

/* A ring of messages that were said, and of each watcher how far it has read. */

#include "web/stream.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/buffer.h"

struct web_message {
        char *bytes; /* owned */
        size_t n;
};

struct web_stream {
        pthread_mutex_t lock;
        struct web_message kept[WEB_STREAM_KEPT]; /* of id i at i % WEB_STREAM_KEPT */
        uint64_t last;                            /* id of the latest; 0: none */
        struct web_watcher *watchers;
        unsigned watchers_n;
};

struct web_watcher {
        struct web_stream *stream;
        struct web_watcher *next;
        uint64_t at;    /* the message that is being read, or comes next */
        size_t offset;  /* in it */
        unsigned alive; /* lines of comment that are due */
        bool asleep;
        void (*wake)(void *ctx);
        void *ctx;
};

int web_stream_new(struct web_stream **ret) {
        struct web_stream *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        pthread_mutex_init(&s->lock, NULL);
        *ret = s;
        return 0;
}

struct web_stream *web_stream_free(struct web_stream *s) {
        if (!s)
                return NULL;
        assert(s->watchers_n == 0);
        for (size_t i = 0; i < WEB_STREAM_KEPT; i++)
                free(s->kept[i].bytes);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}

static void web_stream_wake_all(struct web_stream *s) {
        for (struct web_watcher *w = s->watchers; w; w = w->next) {
                if (w->asleep)
                        w->wake(w->ctx);
                w->asleep = false;
        }
}

int web_stream_say(struct web_stream *s, const char *event, struct text data) {
        CLEANUP(buffer_done) struct buffer message = BUFFER_INIT(WEB_STREAM_MESSAGE_MAX);
        struct web_message *place;

        assert(!memchr(data.s, '\n', data.n));
        pthread_mutex_lock(&s->lock);
        buffer_printf(&message, "id: %" PRIu64 "\nevent: %s\ndata: ", s->last + 1, event);
        buffer_add(&message, data.s, data.n);
        buffer_add_text(&message, "\n\n");
        if (!message.failed) {
                place = &s->kept[++s->last % WEB_STREAM_KEPT];
                free(place->bytes);
                *place = (struct web_message){(char *)message.bytes, message.n};
                message = (struct buffer)BUFFER_INIT(0); /* its bytes are the ring's */
                web_stream_wake_all(s);
                pthread_mutex_unlock(&s->lock);
                return 0;
        }
        pthread_mutex_unlock(&s->lock);
        return data.n > WEB_STREAM_MESSAGE_MAX / 2 ? -E2BIG : -ENOMEM;
}

void web_stream_keep_alive(struct web_stream *s) {
        pthread_mutex_lock(&s->lock);
        for (struct web_watcher *w = s->watchers; w; w = w->next)
                w->alive = 1;
        web_stream_wake_all(s);
        pthread_mutex_unlock(&s->lock);
}

unsigned web_stream_watchers(struct web_stream *s) {
        unsigned n;

        pthread_mutex_lock(&s->lock);
        n = s->watchers_n;
        pthread_mutex_unlock(&s->lock);
        return n;
}

int web_stream_join(struct web_stream *s, uint64_t after, void (*wake)(void *ctx), void *ctx, struct web_watcher **ret) {
        struct web_watcher *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        *w = (struct web_watcher){.stream = s, .wake = wake, .ctx = ctx, .alive = 1};
        pthread_mutex_lock(&s->lock);
        /* Who has nothing yet gets the latest, which says how all stands; an id that was never given is of another process. */
        w->at = after == 0 || after > s->last ? (s->last ? s->last : 1) : after + 1;
        w->next = s->watchers;
        s->watchers = w;
        s->watchers_n++;
        pthread_mutex_unlock(&s->lock);
        *ret = w;
        return 0;
}

struct web_watcher *web_stream_leave(struct web_watcher *w) {
        struct web_stream *s;

        if (!w)
                return NULL;
        s = w->stream;
        pthread_mutex_lock(&s->lock);
        for (struct web_watcher **at = &s->watchers; *at; at = &(*at)->next) {
                if (*at == w) {
                        *at = w->next;
                        s->watchers_n--;
                        break;
                }
        }
        pthread_mutex_unlock(&s->lock);
        free(w);
        return NULL;
}

/*
 * A comment, which stands between messages; without a blank line, for which some clients (httpx-sse 0.4.3, sseclient 0.0.27) hand out an empty
 * event. It also says at once that the stream flows.
 */
static size_t web_stream_read_alive(struct web_watcher *w, char *bytes, size_t n) {
        static const char comment[] = ":\n";

        if (!w->alive || w->offset || n < sizeof(comment) - 1)
                return 0;
        memcpy(bytes, comment, sizeof(comment) - 1);
        w->alive = 0;
        return sizeof(comment) - 1;
}

size_t web_stream_read(struct web_watcher *w, void *bytes, size_t n, void (*rest)(void *ctx)) {
        struct web_stream *s = w->stream;
        bool lost = false;
        size_t done;

        pthread_mutex_lock(&s->lock);
        if (s->last >= WEB_STREAM_KEPT && w->at <= s->last - WEB_STREAM_KEPT) {
                w->at = s->last - WEB_STREAM_KEPT + 1;
                lost = w->offset > 0;
                w->offset = 0;
        }
        done = lost ? WEB_STREAM_LOST : web_stream_read_alive(w, bytes, n);
        while (!lost && w->at <= s->last && done < n) {
                const struct web_message *m = &s->kept[w->at % WEB_STREAM_KEPT];
                size_t part = m->n - w->offset < n - done ? m->n - w->offset : n - done;

                memcpy((char *)bytes + done, m->bytes + w->offset, part);
                done += part;
                w->offset += part;
                if (w->offset == m->n) {
                        w->at++;
                        w->offset = 0;
                }
        }
        if (done == 0) {
                w->asleep = true;
                rest(w->ctx);
        }
        pthread_mutex_unlock(&s->lock);
        return done;
}
