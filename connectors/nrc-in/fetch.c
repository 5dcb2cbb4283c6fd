/* SPDX-License-Identifier: EUPL-1.2 */

/* GETs side by side by the one HTTP client of connectors; and which addresses may be fetched at all. */

#include "connectors/nrc-in/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_read.h"
#include "cluster/web_address.h"

#define FETCH_HOST_MAX 300

/* One GET that is under way, or a place for one. */
struct fetching {
        struct fetch *fetch;
        const char *host;
        void *cookie; /* NULL: free */
};

struct fetch {
        struct fetch_config config;
        struct http *http;
        struct http_peer *peer;
        struct fetching *places; /* [config.parallel] */
        size_t n;                /* under way */
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

int fetch_open(const struct fetch_config *config, struct fetch **ret, struct error *err) {
        const struct http_config http = {.clock = config->env->clock, .log = config->env->log, .name = config->env->name, .parallel = config->parallel};
        struct fetch *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->config = *config;
        f->places = calloc(config->parallel, sizeof(*f->places));
        r = f->places ? http_new(&http, &f->http) : -ENOMEM;
        if (r == 0)
                r = http_peer_new(f->http, config->options, &f->peer, err);
        if (r < 0)
                f = fetch_free(f);
        *ret = f;
        return r;
}

struct fetch *fetch_free(struct fetch *f) {
        if (!f)
                return NULL;
        http_free(f->http);
        free(f->places);
        free(f);
        return NULL;
}

/* -- One GET -- */

static void fetch_judge(const struct http_answer *answer, struct fetched *ret) {
        struct error ignored = {0};

        ret->status = answer->status;
        if (answer->kind != HTTP_ANSWERED)
                (void) snprintf(ret->reason, sizeof(ret->reason), "no answer: %s", answer->reason);
        else if (answer->status != 200)
                (void) snprintf(ret->reason, sizeof(ret->reason), "the answer was HTTP status %d", answer->status);
        else if (answer->cut)
                (void) snprintf(ret->reason, sizeof(ret->reason), "more than %zu bytes stand there", FETCH_BYTES_MAX);
        else
                ret->json = json_read_object(answer->body, JSON_OF_BODY, LANGUAGE_EN, &ignored);
        if (!ret->json && !ret->reason[0])
                (void) snprintf(ret->reason, sizeof(ret->reason), "the answer is no JSON object");
}

static void fetch_answered(void *ctx, const struct http_answer *answer) {
        struct fetching *g = ctx;
        struct fetched fetched = {.host = g->host};
        void *cookie = g->cookie;

        fetch_judge(answer, &fetched);
        g->cookie = NULL;
        g->fetch->n--;
        g->fetch->config.done(g->fetch->config.ctx, cookie, &fetched);
}

int fetch_begin(struct fetch *f, const char *url, void *cookie, struct error *err) {
        struct http_exchange *x;
        struct fetching *g = NULL;
        const char *host;
        int r;

        (void) err; /* only memory can fail */
        if (!fetch_allows(&f->config.hosts, f->config.options->allow_http, url, &host))
                return FETCH_E_HOST;
        for (size_t i = 0; !g && i < f->config.parallel; i++) {
                if (!f->places[i].cookie)
                        g = &f->places[i];
        }
        if (!g)
                return FETCH_E_FULL;
        x = http_exchange_new(f->peer, "GET", url);
        if (!x)
                return -ENOMEM;
        http_exchange_header(x, "Accept: application/json");
        *g = (struct fetching){f, host, cookie};
        r = http_start(x, FETCH_BYTES_MAX, fetch_answered, g);
        if (r < 0)
                g->cookie = NULL;
        else
                f->n++;
        return r;
}

/* -- Trying -- */

/* What one host said. */
struct fetch_probe {
        bool there, answered;
        int status;
        char reason[FETCH_REASON_MAX];
};

static void fetch_probed(void *ctx, const struct http_answer *answer) {
        struct fetch_probe *p = ctx;

        p->there = true;
        p->answered = answer->kind == HTTP_ANSWERED;
        p->status = answer->status;
        (void) snprintf(p->reason, sizeof(p->reason), "%s", answer->reason);
}

static int fetch_try_host(struct fetch *f, const char *host, struct buffer *out, struct error *err) {
        struct fetch_probe probe = {0};
        struct http_exchange *x;
        char url[FETCH_HOST_MAX];
        const char *named;
        int r;

        (void) snprintf(url, sizeof(url), "http://%s/", host);
        if (!fetch_allows(&f->config.hosts, f->config.options->allow_http, url, &named)) /* https, but where http is what may be used */
                (void) snprintf(url, sizeof(url), "https://%s/", host);
        x = http_exchange_new(f->peer, "GET", url);
        r = x ? http_start(x, 0, fetch_probed, &probe) : -ENOMEM;
        while (r == 0 && !probe.there)
                r = http_turn(f->http, FETCH_TRY_MS, err);
        if (r < 0)
                return r;
        if (!probe.answered) {
                error_set(err, "hosts: %s does not answer: %s", host, probe.reason);
                return -EIO;
        }
        buffer_printf(out, "%s: answers (HTTP status %d)\n", host, probe.status);
        return 0;
}

int fetch_try(struct fetch *f, struct buffer *out, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < f->config.hosts.n; i++)
                r = fetch_try_host(f, f->config.hosts.items[i], out, err);
        return r;
}

int fetch_turn(struct fetch *f, struct error *err) {
        return f->n > 0 ? error_trace(http_turn(f->http, 0, err), err) : 0;
}
