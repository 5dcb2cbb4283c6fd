/* SPDX-License-Identifier: EUPL-1.2 */

/* Events over HTTP, for the demonstration. */

#include "demo/post.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/name.h"

#define URL_MAX 256
#define HEADER_MAX 512
#define WAIT_MS 20 /* between two looks whether to stop */

struct publisher {
        char organisation[NAME_MAX_BYTES + 1];
        struct curl_slist *headers;
};

struct posting { /* one event under way */
        const struct tape_item *item; /* NULL: answered */
        CURL *easy;
        struct buffer answer;
        unsigned tries;
        int64_t again;  /* monotonic ms: when to try again; 0: under way */
        char reason[CURL_ERROR_SIZE];
};

struct post {
        struct post_config config;
        struct publisher *publishers;
        size_t n;
        CURLM *multi;
        struct posting postings[TAPE_WAVE_MAX];
        bool global;
};

static bool post_add_header(struct curl_slist **headers, const char *line) {
        struct curl_slist *longer = curl_slist_append(*headers, line);

        if (longer)
                *headers = longer;
        return longer != NULL;
}

static bool post_add_publisher(struct post *p, const struct post_token *token) {
        struct publisher *publisher = &p->publishers[p->n++];
        char line[HEADER_MAX];
        bool ok;

        (void) snprintf(publisher->organisation, sizeof(publisher->organisation), "%s", token->organisation);
        (void) snprintf(line, sizeof(line), "Authorization: Bearer %s", token->token);
        ok = post_add_header(&publisher->headers, line);
        explicit_bzero(line, sizeof(line));
        return ok && post_add_header(&publisher->headers, "Content-Type: application/json") && post_add_header(&publisher->headers, "Expect:");
}

static size_t post_keep_answer(char *bytes, size_t size, size_t n, void *ctx) {
        struct posting *posting = ctx;
        size_t room = POST_ANSWER_MAX - posting->answer.n;

        buffer_add(&posting->answer, bytes, size * n < room ? size * n : room);
        return size * n;
}

static bool post_open(struct posting *posting) {
        CURL *e = posting->easy = curl_easy_init();

        posting->answer = (struct buffer)BUFFER_INIT(POST_ANSWER_MAX + 64);
        return e && !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) && !curl_easy_setopt(e, CURLOPT_POST, 1L) &&
               !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)POST_TIMEOUT_MS) && !curl_easy_setopt(e, CURLOPT_PROXY, "") &&
               !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, post_keep_answer) && !curl_easy_setopt(e, CURLOPT_WRITEDATA, posting) &&
               !curl_easy_setopt(e, CURLOPT_PRIVATE, posting) && !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, posting->reason);
}

int post_new(const struct post_config *config, struct post **ret, struct error *err) {
        CLEANUP(post_free_p) struct post *p = calloc(1, sizeof(*p));

        error_set(err, "out of memory");
        if (!p)
                return -ENOMEM;
        p->config = *config;
        p->config.tokens = NULL;
        p->global = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        p->publishers = calloc(config->n + 1, sizeof(*p->publishers));
        p->multi = p->global ? curl_multi_init() : NULL;
        if (!p->publishers || !p->multi)
                return -ENOMEM;
        for (size_t i = 0; i < config->n; i++) {
                if (!post_add_publisher(p, &config->tokens[i]))
                        return -ENOMEM;
        }
        for (size_t i = 0; i < TAPE_WAVE_MAX; i++) {
                if (!post_open(&p->postings[i]))
                        return -ENOMEM;
        }
        *ret = TAKE(p);
        return 0;
}

struct post *post_free(struct post *p) {
        if (!p)
                return NULL;
        for (size_t i = 0; i < TAPE_WAVE_MAX; i++) {
                if (p->postings[i].easy)
                        curl_easy_cleanup(p->postings[i].easy);
                buffer_done(&p->postings[i].answer);
        }
        for (size_t i = 0; i < p->n; i++)
                curl_slist_free_all(p->publishers[i].headers); /* wiped by nobody: tokens of this run only */
        free(p->publishers);
        if (p->multi)
                (void) curl_multi_cleanup(p->multi);
        if (p->global)
                curl_global_cleanup();
        free(p);
        return NULL;
}

static struct curl_slist *post_headers(const struct post *p, const char *organisation) {
        for (size_t i = 0; i < p->n; i++) {
                if (strcmp(p->publishers[i].organisation, organisation) == 0)
                        return p->publishers[i].headers;
        }
        return NULL;
}

static int post_begin(struct post *p, struct posting *posting, struct error *err) {
        const struct tape_item *item = posting->item;
        struct curl_slist *headers = post_headers(p, item->source);
        char url[URL_MAX];

        assert(headers); /* every publisher on the tape has a token */
        (void) snprintf(url, sizeof(url), "http://127.0.0.1:%u/events/%s", p->config.port, item->event);
        buffer_clear(&posting->answer);
        posting->tries++;
        posting->again = 0;
        if (!curl_easy_setopt(posting->easy, CURLOPT_URL, url) && !curl_easy_setopt(posting->easy, CURLOPT_HTTPHEADER, headers) &&
            !curl_easy_setopt(posting->easy, CURLOPT_POSTFIELDS, item->json.s) &&
            !curl_easy_setopt(posting->easy, CURLOPT_POSTFIELDSIZE, (long)item->json.n) && curl_multi_add_handle(p->multi, posting->easy) == CURLM_OK)
                return 0;
        error_set(err, "out of memory");
        return -ENOMEM;
}

static int post_try_later(struct post *p, struct posting *posting, CURLcode code, long status, struct error *err) {
        if (posting->tries >= POST_TRIES_MAX) {
                if (code)
                        error_set(err, "gi-http on port %u does not answer: %s", p->config.port, posting->reason);
                else
                        error_set(err, "gi-http did not take %s after %u tries (status %ld): the broker does not answer", posting->item->event,
                                  posting->tries, status);
                return -EIO;
        }
        posting->again = clock_monotonic(&p->config.clock) + POST_PAUSE_MS;
        return 0;
}

static int post_settle(struct post *p, struct posting *posting, CURLcode code, size_t *accepted, struct error *err) {
        long status = 0;

        (void) curl_multi_remove_handle(p->multi, posting->easy);
        (void) curl_easy_getinfo(posting->easy, CURLINFO_RESPONSE_CODE, &status);
        if (code != CURLE_OK || status >= 500)
                return post_try_later(p, posting, code, status, err);
        if (status == 202)
                (*accepted)++;
        else
                p->config.refused(p->config.ctx, posting->item, status, buffer_text(&posting->answer));
        posting->item = NULL;
        return 0;
}

static int post_take_answers(struct post *p, size_t *accepted, struct error *err) {
        CURLMsg *message;
        int left, r = 0;

        while (r == 0 && (message = curl_multi_info_read(p->multi, &left))) {
                CURLcode code = message->data.result;
                char *posting = NULL;

                if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &posting))
                        continue;
                r = post_settle(p, (struct posting *)(void *)posting, code, accepted, err);
        }
        return r;
}

/* Posts again what is due; *ret_left: events without an answer. */
static int post_look_around(struct post *p, size_t n, size_t *ret_left, struct error *err) {
        int64_t now = clock_monotonic(&p->config.clock);
        int r = 0;

        *ret_left = 0;
        for (size_t i = 0; r == 0 && i < n; i++) {
                struct posting *posting = &p->postings[i];

                *ret_left += posting->item != NULL;
                if (posting->item && posting->again && posting->again <= now)
                        r = post_begin(p, posting, err);
        }
        return r;
}

static int post_turn(struct post *p, size_t *accepted, struct error *err) {
        int running;

        if (curl_multi_perform(p->multi, &running) == CURLM_OK && post_take_answers(p, accepted, err) == 0)
                return 0;
        if (!err->text[0])
                error_set(err, "HTTP does not work on this machine");
        return -EIO;
}

static void post_abandon(struct post *p) {
        for (size_t i = 0; i < TAPE_WAVE_MAX; i++) {
                if (p->postings[i].item)
                        (void) curl_multi_remove_handle(p->multi, p->postings[i].easy); /* not under way: nothing happens */
                p->postings[i].item = NULL;
        }
}

int post_wave(struct post *p, const struct tape_item *items, size_t n, size_t *accepted, struct error *err) {
        size_t left = n;
        int r = 0;

        assert(n <= TAPE_WAVE_MAX);
        *accepted = 0;
        err->text[0] = '\0';
        for (size_t i = 0; r == 0 && i < n; i++) {
                p->postings[i].item = &items[i];
                p->postings[i].tries = 0;
                r = post_begin(p, &p->postings[i], err);
        }
        while (r == 0 && left > 0) {
                if (p->config.stopped(p->config.ctx))
                        r = POST_E_STOPPED;
                if (r == 0)
                        r = post_turn(p, accepted, err);
                if (r == 0)
                        r = post_look_around(p, n, &left, err);
                if (r == 0 && left > 0)
                        (void) curl_multi_poll(p->multi, NULL, 0, WAIT_MS, NULL); /* a wait that fails is a short one */
        }
        if (r)
                post_abandon(p);
        return r;
}
