/* SPDX-License-Identifier: EUPL-1.2 */

/* libcurl, one handle that keeps its connection; JSON by jansson. */

#include "cluster/registry_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"

#define MEDIA_TYPE "application/vnd.schemaregistry.v1+json"
#define USER_AGENT "ketenwacht"
#define URL_MAX 4096
#define SAID_MAX 300 /* bytes of the registry's own words that are repeated */

struct registry_client {
        const struct registry_config *config; /* borrowed */
        CURL *easy;
        struct curl_slist *headers;
        char *secret;
        struct buffer answer;
        bool global;
};

/* -- The secret -- */

static bool registry_is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int registry_secret_take(struct registry_client *c, const char *from, size_t n, struct error *err) {
        while (n > 0 && registry_is_space(from[n - 1])) /* the end of the line in a file */
                n--;
        if (n == 0 || n > REGISTRY_SECRET_MAX || memchr(from, '\n', n) || memchr(from, '\0', n)) {
                error_set(err, "the secret of the registry must be one line of 1 to %d bytes", REGISTRY_SECRET_MAX);
                return -EINVAL;
        }
        c->secret = text_dup((struct text){from, n});
        return c->secret ? 0 : -ENOMEM;
}

static int registry_secret_read(struct registry_client *c, const char *(*environment)(const char *name), struct error *err) {
        const char *value = c->config->secret_env && environment ? environment(c->config->secret_env) : NULL;
        char *text = NULL;
        size_t n;
        int r;

        if (c->config->secret_env && !value) {
                error_set(err, "the environment has no variable %s, in which the secret of the registry should stand", c->config->secret_env);
                return -EINVAL;
        }
        if (c->config->secret_env)
                return registry_secret_take(c, value, strlen(value), err);
        if (!c->config->secret_file)
                return 0;
        r = file_read(c->config->secret_file, &text, &n, err);
        if (r) {
                error_prefix(err, "the secret of the registry cannot be read");
                return r == -ENOMEM ? r : -EINVAL;
        }
        r = registry_secret_take(c, text, n, err);
        explicit_bzero(text, n);
        free(text);
        return r;
}

/* -- The handle -- */

static size_t registry_take_answer(char *bytes, size_t size, size_t n, void *ctx) {
        struct registry_client *c = ctx;

        buffer_add(&c->answer, bytes, size * n);
        return c->answer.failed ? 0 : size * n;
}

static bool registry_add_header(struct registry_client *c, const char *line) {
        struct curl_slist *longer = curl_slist_append(c->headers, line);

        if (longer)
                c->headers = longer;
        return longer != NULL;
}

static bool registry_set_auth(struct registry_client *c) {
        CURL *e = c->easy;

        if (!c->secret)
                return true;
        if (c->config->user)
                return !curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) && !curl_easy_setopt(e, CURLOPT_USERNAME, c->config->user) &&
                       !curl_easy_setopt(e, CURLOPT_PASSWORD, c->secret);
        return !curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) && !curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, c->secret);
}

static bool registry_set_options(struct registry_client *c) {
        CURL *e = c->easy;

        return registry_add_header(c, "Accept: " MEDIA_TYPE ", application/json") && registry_add_header(c, "Content-Type: " MEDIA_TYPE) &&
               registry_add_header(c, "Expect:") && !curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers) &&
               !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") && !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) &&
               !curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) && !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)REGISTRY_CALL_MS) &&
               !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)REGISTRY_CONNECT_MS) && !curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) &&
               !curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) && !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, registry_take_answer) &&
               !curl_easy_setopt(e, CURLOPT_WRITEDATA, c) && !curl_easy_setopt(e, CURLOPT_USERAGENT, USER_AGENT) &&
               !curl_easy_setopt(e, CURLOPT_PROXY, "") && /* not even that of the environment */
               (!c->config->ca || !curl_easy_setopt(e, CURLOPT_CAINFO, c->config->ca)) && registry_set_auth(c);
}

int registry_client_new(const struct registry_config *config, const char *(*environment)(const char *name), struct registry_client **ret, struct error *err) {
        CLEANUP(registry_client_free_p) struct registry_client *c = calloc(1, sizeof(*c));
        int r;

        error_set(err, "out of memory");
        if (!c)
                return -ENOMEM;
        c->config = config;
        c->answer = (struct buffer)BUFFER_INIT(REGISTRY_ANSWER_MAX);
        r = registry_secret_read(c, environment, err);
        if (r)
                return r;
        if (curl_global_init(CURL_GLOBAL_DEFAULT))
                return -ENOMEM;
        c->global = true;
        c->easy = curl_easy_init();
        if (!c->easy || !registry_set_options(c))
                return -ENOMEM;
        *ret = TAKE(c);
        return 0;
}

struct registry_client *registry_client_free(struct registry_client *client) {
        if (!client)
                return NULL;
        if (client->easy)
                curl_easy_cleanup(client->easy);
        curl_slist_free_all(client->headers);
        if (client->global)
                curl_global_cleanup();
        if (client->secret)
                explicit_bzero(client->secret, strlen(client->secret));
        free(client->secret);
        buffer_done(&client->answer);
        free(client);
        return NULL;
}

/* -- One request -- */

void registry_path_add(struct buffer *path, const char *text) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

        for (; *text; text++) {
                if (strchr(plain, *text))
                        buffer_add_byte(path, (uint8_t)*text);
                else
                        buffer_printf(path, "%%%02X", (unsigned)(unsigned char)*text);
        }
}

/* What an answer that is no success means. @object: what was answered, when it is one. */
static int registry_judge(const struct registry_client *c, long status, const json_t *object, struct error *err) {
        const json_t *code = json_object_get(object, "error_code");
        const char *said = json_string_value(json_object_get(object, "message"));

        if (!said)
                said = "";
        if (status == 404 && json_is_integer(code) && json_integer_value(code) >= 40400 && json_integer_value(code) < 40500) {
                error_set(err, "the registry says: %.*s", SAID_MAX, said);
                return REGISTRY_E_ABSENT;
        }
        if (status == 409 || status == 422) {
                error_set(err, "the registry refuses: %.*s", SAID_MAX, said);
                return REGISTRY_E_REFUSED;
        }
        if (status == 401 || status == 403)
                error_set(err, "the registry at %s does not let us in (HTTP status %ld); see auth in broker.yaml", c->config->url, status);
        else if (status != 404)
                error_set(err, "the registry at %s answers with HTTP status %ld%s%.*s", c->config->url, status, said[0] ? ": " : "", SAID_MAX, said);
        else
                error_set(err, "what answers at %s is no registry (HTTP status 404 without an error_code); see url in broker.yaml", c->config->url);
        return status == 404 ? REGISTRY_E_NO_PAGE : REGISTRY_E_AWAY;
}

static int registry_send(struct registry_client *c, const char *method, const char *path, const char *body, long *ret_status, struct error *err) {
        char url[URL_MAX];
        CURLcode code;
        CURL *e = c->easy;

        if ((size_t)snprintf(url, sizeof(url), "%s%s", c->config->url, path) >= sizeof(url)) {
                error_set(err, "the address of a request to the registry has more than %d bytes", URL_MAX);
                return REGISTRY_E_AWAY;
        }
        buffer_clear(&c->answer);
        if (curl_easy_setopt(e, CURLOPT_URL, url) || curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method) ||
            (body ? curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) || curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, body)
                  : curl_easy_setopt(e, CURLOPT_HTTPGET, 1L)))
                return -ENOMEM;
        code = curl_easy_perform(e);
        if (code != CURLE_OK) {
                error_set(err, "the registry at %s does not answer: %s", c->config->url, curl_easy_strerror(code));
                return REGISTRY_E_AWAY;
        }
        return curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, ret_status) ? -ENOMEM : 0;
}

int registry_client_ask(struct registry_client *client, const char *method, const char *path, const json_t *body, json_t **ret, struct error *err) {
        CLEANUP(cleanup_free) void *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        json_t *object;
        long status;
        int r;

        if (body && !text)
                return -ENOMEM;
        r = registry_send(client, method, path, text, &status, err);
        if (r)
                return r;
        object = json_loadb((const char *)client->answer.bytes, client->answer.n, JSON_REJECT_DUPLICATES, NULL);
        if (status >= 200 && status < 300 && json_is_object(object)) {
                *ret = object;
                return 0;
        }
        if (status >= 200 && status < 300) {
                error_set(err, "what answers at %s is no registry (HTTP status %ld without a JSON object); see url in broker.yaml", client->config->url,
                          status);
                r = REGISTRY_E_AWAY;
        } else {
                r = registry_judge(client, status, json_is_object(object) ? object : NULL, err);
        }
        json_decref(object);
        return r;
}
