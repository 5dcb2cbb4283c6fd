/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The OpenAPI document of what programs may ask, from the table of routes
 *
 * Whoever asks gets what they may ask for themselves. A new row of routes.c is in it by what it says of itself; a test asks each path of it and holds the
 * answer to it.
 */

#include "console/pages/openapi.h"

#include <stdio.h>
#include <string.h>

#include "connect/openapi_parts.h"
#include "connect/problem.h"
#include "console/routes.h"

#define DOCUMENT_VERSION "1"
#define ANSWER_PROBLEM "problem"

/* -- Words of a row: "name name" or "name:type name:type" -- */

struct openapi_word {
        struct text name, type; /* an empty type: none is said */
};

/* The next of them; *rest is what is behind it. Return: whether there is one. */
static bool openapi_next_word(const char **rest, struct openapi_word *ret) {
        const char *at = *rest + strspn(*rest, " ");
        size_t n = strcspn(at, " "), name = strcspn(at, ": ");

        *ret = (struct openapi_word){{at, name}, {at + name + 1, name < n ? n - name - 1 : 0}};
        *rest = at + n;
        return n > 0;
}

/* -- What is asked -- */

static void openapi_put_parameter(struct json_writer *w, struct text name, const char *in, const char *schema, const char *doc) {
        jsonw_open_object(w);
        jsonw_put_text(w, "name", name);
        jsonw_put_string(w, "in", in);
        jsonw_put_bool(w, "required", strcmp(in, "path") == 0);
        if (doc)
                jsonw_put_string(w, "description", doc);
        jsonw_key(w, "schema");
        jsonw_raw(w, schema);
        jsonw_close_object(w);
}

static void openapi_put_parameters(struct json_writer *w, const struct console_route *route) {
        struct openapi_word word;
        char limit[96];

        (void) snprintf(limit, sizeof(limit), "{\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d}", EXCHANGE_LIMIT_MAX, EXCHANGE_LIMIT);
        jsonw_key(w, "parameters");
        jsonw_open_array(w);
        if (route->behind)
                openapi_put_parameter(w, text_of(route->behind), "path", "{\"type\":\"string\"}", NULL);
        for (const char *rest = route->query ? route->query : ""; openapi_next_word(&rest, &word);) {
                if (text_equal(word.name, TEXT_OF("limit")))
                        openapi_put_parameter(w, word.name, "query", limit, "Rows of a page at most.");
                else if (text_equal(word.name, TEXT_OF("after")))
                        openapi_put_parameter(w, word.name, "query", "{\"type\":\"string\"}", "What the page before gave as `next`: the rows behind it.");
                else
                        openapi_put_parameter(w, word.name, "query", "{\"type\":\"string\"}", NULL);
        }
        jsonw_close_array(w);
}

/* -- What is answered -- */

static void openapi_put_members(struct json_writer *w, const struct console_route *route) {
        struct openapi_word word;

        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        for (const char *rest = route->members ? route->members : ""; openapi_next_word(&rest, &word);) {
                jsonw_key_text(w, word.name);
                jsonw_open_object(w);
                if (word.type.n > 0)
                        jsonw_put_text(w, "type", word.type);
                jsonw_close_object(w);
        }
        jsonw_close_object(w);
        jsonw_close_object(w);
}

static void openapi_put_answers(struct json_writer *w, const struct console_route *route) {
        static const unsigned bad[] = {400, 401, 404, 503};
        char status[16];

        jsonw_key(w, "responses");
        jsonw_open_object(w);
        jsonw_key(w, "200");
        jsonw_open_object(w);
        jsonw_put_string(w, "description", route->about);
        jsonw_key(w, "content");
        jsonw_open_object(w);
        jsonw_key(w, route->content ? route->content : "application/json");
        jsonw_open_object(w);
        if (!route->content) {
                jsonw_key(w, "schema");
                openapi_put_members(w, route);
        }
        jsonw_close_object(w);
        jsonw_close_object(w);
        jsonw_close_object(w);
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                (void) snprintf(status, sizeof(status), "%u", bad[i]);
                jsonw_key(w, status);
                openapi_reference(w, "responses", ANSWER_PROBLEM, "");
        }
        jsonw_close_object(w);
}

/* -- The document -- */

static void openapi_put_path(struct json_writer *w, const struct console_route *route) {
        char path[OPENAPI_REFERENCE_MAX], page[OPENAPI_REFERENCE_MAX], braces[OPENAPI_REFERENCE_MAX] = "";

        if (route->behind)
                (void) snprintf(braces, sizeof(braces), "{%s}", route->behind);
        (void) snprintf(path, sizeof(path), "%s%s", route->api, braces);
        (void) snprintf(page, sizeof(page), "%s%s", route->path, braces);
        jsonw_key(w, path);
        jsonw_open_object(w);
        jsonw_key(w, "get");
        jsonw_open_object(w);
        jsonw_put_string(w, "summary", route->about);
        if (strcmp(route->path, route->api) != 0)
                jsonw_put_string(w, "x-page", page);
        openapi_put_parameters(w, route);
        openapi_put_answers(w, route);
        jsonw_close_object(w);
        jsonw_close_object(w);
}

static void openapi_put_components(struct json_writer *w) {
        jsonw_key(w, "components");
        jsonw_open_object(w);
        jsonw_key(w, "securitySchemes");
        jsonw_raw(w, "{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"session\",\"description\":"
                     "\"Of who has logged in; behind a login site its headers say who asks.\"}}");
        jsonw_key(w, "responses");
        jsonw_raw(w, "{\"" ANSWER_PROBLEM "\":{\"description\":\"Problem details (RFC 9457): what is wrong, and what to do.\",\"content\":{\""
                     PROBLEM_CONTENT_TYPE "\":{\"schema\":{\"$ref\":\"#/components/schemas/" ANSWER_PROBLEM "\"}}}}}");
        jsonw_key(w, "schemas");
        jsonw_open_object(w);
        jsonw_key(w, ANSWER_PROBLEM);
        jsonw_open_object(w);
        jsonw_put_string(w, "type", "object");
        jsonw_key(w, "required");
        jsonw_raw(w, "[\"type\",\"title\",\"status\",\"detail\"]");
        jsonw_key(w, "properties");
        jsonw_open_object(w);
        openapi_property(w, "type", "string", "about:blank: the status says which kind it is.");
        openapi_property(w, "title", "string", "The kind of problem, for a person.");
        openapi_property(w, "status", "integer", "The HTTP status once more.");
        openapi_property(w, "detail", "string", "What is wrong with this request. Never repeats personal data.");
        jsonw_close_object(w);
        jsonw_close_object(w);
        jsonw_close_object(w);
        jsonw_close_object(w);
}

void page_openapi(struct exchange *x) {
        struct json_writer w = exchange_json(x);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "openapi", OPENAPI_VERSION);
        openapi_info(&w, "ketenwacht: the console", DOCUMENT_VERSION,
                     "What the pages of the console show, for programs: the chain and how it stands, cases, alerts, dead letters, norms. Each path is the twin "
                     "of a page (x-page). Lists are pages: `limit` says how long, `next` of an answer is what `after` of the question for the one behind it "
                     "must be; without `next` it was the last. Titles and details are Dutch unless Accept-Language asks for English. There are the paths "
                     "that whoever asks for this document may ask.");
        jsonw_key(&w, "servers");
        jsonw_raw(&w, "[{\"url\":\"/\",\"description\":\"Where this document was read.\"}]");
        jsonw_key(&w, "security");
        jsonw_raw(&w, "[{\"session\":[]}]");
        jsonw_key(&w, "paths");
        jsonw_open_object(&w);
        for (size_t i = 0; i < console_routes_n; i++) {
                const struct console_route *route = &console_routes[i];

                if (route->api && route->about && !route->acts && routes_may(route, x->person))
                        openapi_put_path(&w, route);
        }
        jsonw_close_object(&w);
        openapi_put_components(&w);
        jsonw_close_object(&w);
}
