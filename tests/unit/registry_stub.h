/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* A schema registry of a test: what it answers stands in a table of paths, and what it was asked is counted. */

#include <check.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define STUB_PAGES_MAX 128
#define STUB_BODY_MAX 65536

struct stub_page {
        char method[8], path[256];
        unsigned status;
        char *body; /* owned */
};

struct stub {
        struct MHD_Daemon *daemon;
        uint16_t port;
        pthread_mutex_t lock;
        struct stub_page pages[STUB_PAGES_MAX]; /* what is not here: 404 and error_code 40403 */
        size_t n;
        unsigned everything;        /* not 0: every answer has this status, and no JSON */
        atomic_uint requests;
        char authorization[256];    /* of the last request */
        char body[STUB_BODY_MAX];   /* of the last request that had one */
};

struct stub_upload {
        size_t n;
        char bytes[STUB_BODY_MAX];
};

static inline enum MHD_Result stub_send(struct MHD_Connection *connection, unsigned status, const char *body) {
        struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
        enum MHD_Result r = MHD_queue_response(connection, status, response);

        MHD_destroy_response(response);
        return r;
}

/* With the lock. */
static inline enum MHD_Result stub_answer(struct stub *s, struct MHD_Connection *connection, const char *path, const char *method) {
        const char *authorization = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");

        snprintf(s->authorization, sizeof(s->authorization), "%s", authorization ? authorization : "");
        if (s->everything)
                return stub_send(connection, s->everything, "<html>no</html>");
        for (size_t i = s->n; i-- > 0;) {
                if (strcmp(s->pages[i].path, path) == 0 && strcmp(s->pages[i].method, method) == 0)
                        return stub_send(connection, s->pages[i].status, s->pages[i].body);
        }
        return stub_send(connection, 404, "{\"error_code\":40403,\"message\":\"there is none\"}");
}

static inline enum MHD_Result stub_on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                                              const char *bytes, size_t *n, void **at) {
        struct stub_upload *upload = *at;
        struct stub *s = ctx;
        enum MHD_Result r;

        (void)version;
        if (!upload) {
                *at = calloc(1, sizeof(*upload));
                return *at ? MHD_YES : MHD_NO;
        }
        if (*n) {
                if (upload->n + *n < sizeof(upload->bytes))
                        memcpy(upload->bytes + upload->n, bytes, *n);
                upload->n += *n;
                *n = 0;
                return MHD_YES;
        }
        pthread_mutex_lock(&s->lock);
        if (upload->n)
                memcpy(s->body, upload->bytes, sizeof(s->body));
        r = stub_answer(s, connection, path, method);
        pthread_mutex_unlock(&s->lock);
        atomic_fetch_add(&s->requests, 1);
        free(upload);
        *at = NULL;
        return r;
}

/* On @port, or with 0 on any that is free. */
static inline void stub_start(struct stub *s, uint16_t port) {
        s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, port, NULL, NULL, stub_on_request, s, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
                                     MHD_OPTION_END);
        ck_assert_ptr_nonnull(s->daemon);
        s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static inline void stub_stop(struct stub *s) {
        if (s->daemon)
                MHD_stop_daemon(s->daemon);
        s->daemon = NULL;
}

static inline void stub_init(struct stub *s) {
        memset(s, 0, sizeof(*s));
        ck_assert_int_eq(pthread_mutex_init(&s->lock, NULL), 0);
        stub_start(s, 0);
}

static inline void stub_done(struct stub *s) {
        stub_stop(s);
        for (size_t i = 0; i < s->n; i++)
                free(s->pages[i].body);
        pthread_mutex_destroy(&s->lock);
}

/* From now on @method of @path is answered so. */
static inline void stub_page(struct stub *s, const char *method, const char *path, unsigned status, const char *body) {
        pthread_mutex_lock(&s->lock);
        ck_assert_uint_lt(s->n, STUB_PAGES_MAX);
        struct stub_page *page = &s->pages[s->n++];

        snprintf(page->method, sizeof(page->method), "%s", method);
        snprintf(page->path, sizeof(page->path), "%s", path);
        page->status = status;
        page->body = strdup(body);
        ck_assert_ptr_nonnull(page->body);
        pthread_mutex_unlock(&s->lock);
}

static inline void stub_everything(struct stub *s, unsigned status) {
        pthread_mutex_lock(&s->lock);
        s->everything = status;
        pthread_mutex_unlock(&s->lock);
}
