/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* For tests of servers: one request by libcurl, and all of its answer. */

#include <check.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

#define HTTP_HEADERS_BYTES 8192
#define HTTP_BODY_BYTES ((size_t)64 << 20)
#define HTTP_WAIT_S 60L

struct http_question {
        uint16_t port;
        const char *method;              /* NULL: GET, or POST with a form */
        const char *path;                /* with its query */
        const char *form;                /* body, already encoded; NULL: none */
        const char *const *headers;      /* "Name: value"; NULL-ended; NULL: none */
};

struct http_reply {
        long status;
        char headers[HTTP_HEADERS_BYTES]; /* as they came, with their line ends */
        size_t headers_n;
        struct buffer body;
};

static inline size_t http_take(char *bytes, size_t size, size_t n, void *ctx) {
        buffer_add(ctx, bytes, size * n);
        return size * n;
}

static inline size_t http_take_header(char *bytes, size_t size, size_t n, void *ctx) {
        struct http_reply *reply = ctx;

        if (n > 5 && strncmp(bytes, "HTTP/", 5) == 0)
                reply->headers_n = 0; /* of the last answer of several */
        ck_assert_uint_lt(reply->headers_n + size * n, sizeof(reply->headers));
        memcpy(reply->headers + reply->headers_n, bytes, size * n);
        reply->headers_n += size * n;
        reply->headers[reply->headers_n] = '\0';
        return size * n;
}

/* The answer, whatever it is; http_done() afterwards. */
static inline void http_ask(const struct http_question *q, struct http_reply *ret) {
        struct curl_slist *headers = NULL;
        CURL *curl = curl_easy_init();
        char url[4096];

        ck_assert_ptr_nonnull(curl);
        *ret = (struct http_reply){.body = BUFFER_INIT(HTTP_BODY_BYTES)};
        ck_assert_int_lt(snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", (unsigned)q->port, q->path), (int)sizeof(url));
        for (size_t i = 0; q->headers && q->headers[i]; i++)
                headers = curl_slist_append(headers, q->headers[i]);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, HTTP_WAIT_S);
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, http_take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ret->body);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, http_take_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, ret);
        if (q->form)
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->form);
        if (q->method && strcmp(q->method, "HEAD") == 0)
                curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        else if (q->method)
                curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
        ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
}

static inline void http_done(struct http_reply *reply) {
        buffer_done(&reply->body);
}

/* The value of a header, in @ret; "": it is not there. */
static inline const char *http_header(const struct http_reply *reply, const char *name, char ret[1024]) {
        size_t n = strlen(name);

        ret[0] = '\0';
        for (const char *line = reply->headers; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
                        (void) snprintf(ret, 1024, "%.*s", (int)strcspn(line + n + 2, "\r\n"), line + n + 2);
                        break;
                }
        }
        return ret;
}
