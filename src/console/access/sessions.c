/* SPDX-License-Identifier: EUPL-1.2 */

/* A table of sessions, searched from end to end: it is short. */

#include "console/access/sessions.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>

#include "base/clock.h"

#define SESSION_TOKEN_BYTES 32

_Static_assert(SESSION_TOKEN_TEXT == sodium_base64_ENCODED_LEN(SESSION_TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING), "a token has room");

struct session {
        const struct console_user *user; /* NULL: free */
        unsigned char id[SESSION_ID_BYTES];
        int64_t begun, used;
};

struct sessions {
        pthread_mutex_t lock;
        int64_t idle_ms, longest_ms;
        struct session rows[SESSIONS_MAX];
};

int sessions_new(int64_t idle_ms, int64_t longest_ms, struct sessions **ret) {
        struct sessions *s = sodium_init() < 0 ? NULL : calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        pthread_mutex_init(&s->lock, NULL);
        s->idle_ms = idle_ms;
        s->longest_ms = longest_ms;
        *ret = s;
        return 0;
}

struct sessions *sessions_free(struct sessions *s) {
        if (s) {
                pthread_mutex_destroy(&s->lock);
                sodium_memzero(s, sizeof(*s));
        }
        free(s);
        return NULL;
}

static void session_id(const char *token, unsigned char ret[SESSION_ID_BYTES]) {
        (void) crypto_generichash(ret, SESSION_ID_BYTES, (const unsigned char *)token, strlen(token), NULL, 0);
}

static bool session_is_over(const struct sessions *s, const struct session *session, int64_t now) {
        return !session->user || now - session->used >= s->idle_ms || now - session->begun >= s->longest_ms;
}

/* Where a new one of @user goes: in the place of one that is over, or was used longest ago; of the user's own, when these are too many. */
static struct session *sessions_room(struct sessions *s, const struct console_user *user, int64_t now) {
        struct session *any = NULL, *own = NULL;
        size_t own_n = 0;

        for (size_t i = 0; i < SESSIONS_MAX; i++) {
                struct session *session = &s->rows[i];

                if (session_is_over(s, session, now))
                        *session = (struct session){0};
                if (session->user == user) {
                        own_n++;
                        if (!own || session->used < own->used)
                                own = session;
                }
                if (!any || (any->user && (!session->user || session->used < any->used)))
                        any = session;
        }
        return own_n >= SESSIONS_EACH ? own : any;
}

int sessions_begin(struct sessions *s, const struct console_user *user, int64_t now, char ret_token[SESSION_TOKEN_TEXT]) {
        unsigned char bytes[SESSION_TOKEN_BYTES];
        struct session *session;
        int r = random_bytes(bytes, sizeof(bytes));

        if (r)
                return r;
        (void) sodium_bin2base64(ret_token, SESSION_TOKEN_TEXT, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        sodium_memzero(bytes, sizeof(bytes));
        pthread_mutex_lock(&s->lock);
        session = sessions_room(s, user, now);
        *session = (struct session){.user = user, .begun = now, .used = now};
        session_id(ret_token, session->id);
        pthread_mutex_unlock(&s->lock);
        return 0;
}

static struct session *sessions_of(struct sessions *s, const unsigned char id[SESSION_ID_BYTES]) {
        for (size_t i = 0; i < SESSIONS_MAX; i++) {
                if (s->rows[i].user && sodium_memcmp(s->rows[i].id, id, SESSION_ID_BYTES) == 0)
                        return &s->rows[i];
        }
        return NULL;
}

const struct console_user *sessions_find(struct sessions *s, const char *token, int64_t now, bool use, unsigned char ret_id[SESSION_ID_BYTES]) {
        const struct console_user *user = NULL;
        struct session *session;

        session_id(token, ret_id);
        pthread_mutex_lock(&s->lock);
        session = sessions_of(s, ret_id);
        if (session && session_is_over(s, session, now)) {
                *session = (struct session){0};
        } else if (session) {
                session->used = use ? now : session->used;
                user = session->user;
        }
        pthread_mutex_unlock(&s->lock);
        return user;
}

void sessions_end(struct sessions *s, const char *token) {
        unsigned char id[SESSION_ID_BYTES];
        struct session *session;

        session_id(token, id);
        pthread_mutex_lock(&s->lock);
        session = sessions_of(s, id);
        if (session)
                *session = (struct session){0};
        pthread_mutex_unlock(&s->lock);
}
