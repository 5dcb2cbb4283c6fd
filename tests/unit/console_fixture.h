/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* For tests of pages: the routes of the console behind the real server; each asker says in headers which roles they have, and of which organisation. */

#include "console/routes.h"
#include "http_fixture.h"

#define CONSOLE_HEADER 64

struct console_site {
        struct console *console;
        struct web_server *server;
        instant_t now;
};

static inline unsigned console_site_roles(const char *words) {
        unsigned roles = 0;

        for (size_t i = 0; words && i < PERSON_ROLES; i++) {
                if (strstr(words, person_role_names[i]))
                        roles |= 1u << i;
        }
        return roles;
}

static inline void console_site_handle(void *ctx, const struct web_request *request, struct web_answer *answer) {
        const struct console_site *site = ctx;
        const char *organisation = web_header(request, "X-Organisation");
        struct person person = {.name = "test", .roles = console_site_roles(web_header(request, "X-Roles"))};
        struct exchange x = {.console = site->console, .request = request, .answer = answer, .person = &person, .token = "t", .now = site->now,
                             .language = language_of_accept(web_header(request, "Accept-Language"), LANGUAGE_NL)};
        const struct console_route *route = routes_find(web_path(request), strcmp(web_method(request), "POST") == 0, &x.rest, &x.json);

        if (organisation)
                person.organisation = organisations_find(site->console->config->organisations, text_of(organisation));
        if (route && routes_may(route, &person))
                route->answer(&x);
        else
                exchange_not_found(&x);
}

/* @console must outlive it; its replica, tracks and whatever else the pages ask for stand. */
static inline void console_site_begin(struct console_site *site, struct console *console, instant_t now) {
        const struct web_server_config config = {.address = "127.0.0.1", .handle = console_site_handle, .ctx = site};
        struct error err = {0};

        *site = (struct console_site){.console = console, .now = now};
        ck_assert_msg(web_server_start(&config, &site->server, &err) == 0, "%s", err.text);
}

static inline void console_site_end(struct console_site *site) {
        site->server = web_server_stop(site->server);
}

/* @organisation: NULL, the whole chain; @form: posted, NULL: asked for; @language: NULL, Dutch. http_done() is the caller's. */
static inline struct http_reply console_site_ask(const struct console_site *site, const char *roles, const char *organisation, const char *path,
                                                 const char *form, const char *language) {
        char as[CONSOLE_HEADER], of[CONSOLE_HEADER], in[CONSOLE_HEADER];
        const char *headers[] = {as, in, organisation ? of : NULL, NULL};
        struct http_reply reply;

        (void) snprintf(as, sizeof(as), "X-Roles: %s", roles);
        (void) snprintf(in, sizeof(in), "Accept-Language: %s", language ? language : "nl");
        (void) snprintf(of, sizeof(of), "X-Organisation: %s", organisation ? organisation : "");
        http_ask(&(struct http_question){.port = web_server_port(site->server), .path = path, .form = form, .headers = headers}, &reply);
        return reply;
}

static inline bool console_site_says(struct http_reply *reply, const char *what) {
        return strstr(buffer_text(&reply->body), what) != NULL;
}
