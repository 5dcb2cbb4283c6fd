/* SPDX-License-Identifier: EUPL-1.2 */

/* GETs side by side over one libcurl multi handle. */

#include "connectors/nrc-in/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_read.h"
#include "channel/zgw.h"
#include "cluster/web_address.h"

#define FETCH_HEADER_MAX (ZGW_TOKEN_MAX + 64)
#define FETCH_HOST_MAX 300
#define FETCH_USER_AGENT "ketenwacht"

/* One GET that is under way, or a place for one. */
struct fetching {
        struct fetch *fetch;
        CURL *easy;
        struct curl_slist *headers;
        struct buffer body;
        const char *host;
        void *cookie; /* NULL: free */
};

struct fetch {
        struct fetch_config config;
        CURLM *multi;
        struct fetching *places; /* [config.parallel] */
        size_t n;                /* under way */
        bool global;
};

/* -- Which addresses -- */

/* "host" or, where the URL says a port, "host:port". Return: whether it has one. */
static bool fetch_host(const char *url, char ret[FETCH_HOST_MAX]) {
        char *host = NULL, *port = NULL;
        CURLU *parts = curl_url();
        bool right = parts && !curl_url_set(parts, CURLUPART_URL, url, 0) && !curl_url_get(parts, CURLUPART_HOST, &host, 0);
        int n = 0;

        if (right) {
                (void) curl_url_get(parts, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT); /* stays NULL when there is none */
                n = snprintf(ret, FETCH_HOST_MAX, "%s%s%s", host, port ? ":" : "", port ? port : "");
        }
        curl_free(host);
        curl_free(port);
        curl_url_cleanup(parts);
        return right && n < FETCH_HOST_MAX;
}

bool fetch_allows(const struct option_list *hosts, bool allow_http, const char *url, const char **ret_host) {
        char host[FETCH_HOST_MAX];
        struct error ignored = {0};

        if (web_address_check(url, allow_http, "", LANGUAGE_EN, &ignored) < 0 || !fetch_host(url, host))
                return false;
        for (size_t i = 0; i < hosts->n; i++) {
                if (strcasecmp(hosts->items[i], host) != 0)
                        continue;
                *ret_host = hosts->items[i];
                return true;
        }
        return false;
}

/* -- Opening and closing -- */

static size_t fetch_take_body(char *bytes, size_t size, size_t n, void *ctx) {
        struct fetching *g = ctx;

        buffer_add(&g->body, bytes, size * n);
        return g->body.failed ? 0 : size * n; /* 0 ends it */
}

static bool fetch_set_options(const struct fetch *f, struct fetching *g) {
        const struct fetch_config *c = &f->config;
        CURL *e = g->easy;

        return !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") && !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) &&
               !curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) && !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)c->timeout) &&
               !curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) && !curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) &&
               !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, fetch_take_body) && !curl_easy_setopt(e, CURLOPT_WRITEDATA, g) &&
               !curl_easy_setopt(e, CURLOPT_PRIVATE, g) && !curl_easy_setopt(e, CURLOPT_USERAGENT, FETCH_USER_AGENT) &&
               !curl_easy_setopt(e, CURLOPT_PROXY, c->proxy ? c->proxy : "") && /* "": not even that of the environment */
               (!c->ca_file || !curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file));
}

static int fetch_open_places(struct fetch *f) {
        f->places = calloc(f->config.parallel, sizeof(*f->places));
        if (!f->places)
                return -ENOMEM;
        for (size_t i = 0; i < f->config.parallel; i++) {
                struct fetching *g = &f->places[i];

                g->fetch = f;
                g->body = (struct buffer)BUFFER_INIT(FETCH_BYTES_MAX);
                g->easy = curl_easy_init();
                if (!g->easy || !fetch_set_options(f, g))
                        return -ENOMEM;
        }
        return 0;
}

int fetch_open(const struct fetch_config *config, struct fetch **ret, struct error *err) {
        struct fetch *f = calloc(1, sizeof(*f));
        int r = -ENOMEM;

        (void) err; /* only memory can fail */
        if (!f)
                return -ENOMEM;
        f->config = *config;
        f->global = curl_global_init(CURL_GLOBAL_DEFAULT) == 0;
        f->multi = f->global ? curl_multi_init() : NULL;
        if (f->multi)
                r = fetch_open_places(f);
        if (r < 0)
                f = fetch_free(f);
        *ret = f;
        return r;
}

static void fetch_let_go(struct fetching *g) {
        if (g->cookie) {
                (void) curl_multi_remove_handle(g->fetch->multi, g->easy);
                g->fetch->n--;
        }
        g->cookie = NULL;
        curl_slist_free_all(g->headers);
        g->headers = NULL;
        buffer_done(&g->body);
}

struct fetch *fetch_free(struct fetch *f) {
        if (!f)
                return NULL;
        for (size_t i = 0; f->places && i < f->config.parallel; i++) {
                fetch_let_go(&f->places[i]);
                if (f->places[i].easy)
                        curl_easy_cleanup(f->places[i].easy);
        }
        free(f->places);
        if (f->multi)
                (void) curl_multi_cleanup(f->multi);
        if (f->global)
                curl_global_cleanup();
        free(f);
        return NULL;
}

/* -- One GET -- */

static bool fetch_add_header(struct fetching *g, const char *line) {
        struct curl_slist *longer = curl_slist_append(g->headers, line);

        if (longer)
                g->headers = longer;
        return longer != NULL;
}

static bool fetch_headers(const struct fetch *f, struct fetching *g) {
        CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(FETCH_HEADER_MAX);
        const struct fetch_config *c = &f->config;
        bool ok = fetch_add_header(g, "Accept: application/json");

        if (!ok || !c->client_id || !c->secret || c->secret->n == 0)
                return ok;
        buffer_add_text(&line, "Authorization: Bearer ");
        zgw_token_write(&(struct zgw_client){c->client_id, (struct text){c->secret->items[0].bytes, c->secret->items[0].n}, c->user_id, c->user_representation},
                        clock_realtime(&c->env->clock), &line);
        ok = !line.failed && fetch_add_header(g, buffer_text(&line));
        if (line.bytes)
                explicit_bzero(line.bytes, line.n);
        return ok;
}

int fetch_begin(struct fetch *f, const char *url, void *cookie, struct error *err) {
        struct fetching *g = NULL;
        const char *host;

        (void) err; /* only memory can fail */
        if (!fetch_allows(&f->config.hosts, f->config.allow_http, url, &host))
                return FETCH_E_HOST;
        for (size_t i = 0; !g && i < f->config.parallel; i++) {
                if (!f->places[i].cookie)
                        g = &f->places[i];
        }
        if (!g)
                return FETCH_E_FULL;
        if (!fetch_headers(f, g) || curl_easy_setopt(g->easy, CURLOPT_URL, url) || curl_easy_setopt(g->easy, CURLOPT_HTTPHEADER, g->headers) ||
            curl_multi_add_handle(f->multi, g->easy))
                return -ENOMEM;
        g->cookie = cookie;
        g->host = host;
        f->n++;
        return 0;
}

static void fetch_judge(struct fetching *g, CURLcode code, struct fetched *ret) {
        struct error err = {0};
        long status = 0;

        (void) curl_easy_getinfo(g->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 when none came */
        ret->status = (int)status;
        ret->host = g->host;
        if (g->body.failed)
                (void) snprintf(ret->reason, sizeof(ret->reason), "more than %zu bytes stand there", FETCH_BYTES_MAX);
        else if (code != CURLE_OK)
                (void) snprintf(ret->reason, sizeof(ret->reason), "no answer: %s", curl_easy_strerror(code));
        else if (status != 200)
                (void) snprintf(ret->reason, sizeof(ret->reason), "the answer was HTTP status %ld", status);
        else
                ret->json = json_read_object((struct text){buffer_text(&g->body), g->body.n}, JSON_OF_BODY, LANGUAGE_EN, &err);
        if (!ret->json && !ret->reason[0])
                (void) snprintf(ret->reason, sizeof(ret->reason), "the answer is no JSON object");
}

int fetch_turn(struct fetch *f, struct error *err) {
        int running, left;
        CURLMsg *message;

        if (f->n == 0)
                return 0;
        if (curl_multi_perform(f->multi, &running) != CURLM_OK) {
                error_set(err, "the HTTP client does not run any more; the process must be started again");
                return -EIO;
        }
        while ((message = curl_multi_info_read(f->multi, &left))) {
                CURLcode code = message->data.result;
                struct fetched fetched = {0};
                struct fetching *g = NULL;
                void *cookie;

                if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&g) || !g)
                        continue;
                fetch_judge(g, code, &fetched);
                cookie = g->cookie;
                fetch_let_go(g); /* ends the life of message */
                f->config.done(f->config.ctx, cookie, &fetched);
        }
        return 0;
}

size_t fetch_count(const struct fetch *f) {
        return f->n;
}
