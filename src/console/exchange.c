/* SPDX-License-Identifier: EUPL-1.2 */

/* The frame of every page, and the ways of answering. */

#include "console/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cluster/audit.h"
#include "console/access/auditor.h"
#include "console/assets/assets.h"
#include "console/routes.h"

#define EXCHANGE_NOTICE "notice" /* the cookie: what is said once, after an act */
#define EXCHANGE_NOTICE_MAX 512

/* -- Who asks -- */

bool exchange_host_is_local(const struct exchange *x) {
        bool many;
        const char *host = web_header_once(x->request, "Host", &many), *end;

        if (!host)
                return false;
        end = strrchr(host, ':');
        if (!end || strchr(end, ']')) /* of an IPv6 address, which stands in brackets */
                end = host + strlen(host);
        return console_is_local((struct text){host, (size_t)(end - host)});
}

bool exchange_is_secure(const struct exchange *x) {
        const char *origin = x->console->settings->origin;

        if (web_is_tls(x->request) || (origin && strncmp(origin, "https:", 6) == 0))
                return true;
        return !exchange_host_is_local(x);
}

/* -- What is asked -- */

const char *exchange_query(const struct exchange *x, const char *name) {
        const char *value = web_query(x->request, name);

        return value && *value ? value : NULL;
}

size_t exchange_limit(const struct exchange *x) {
        const char *value = exchange_query(x, "limit");
        int64_t n;

        if (!value || !text_to_int64(text_of(value), &n) || n < 1)
                return EXCHANGE_LIMIT;
        return n < EXCHANGE_LIMIT_MAX ? (size_t)n : EXCHANGE_LIMIT_MAX;
}

size_t exchange_after(const struct exchange *x) {
        const char *value = exchange_query(x, "after");
        int64_t n;

        return value && text_to_int64(text_of(value), &n) && n > 0 ? (size_t)n : 0;
}

bool exchange_is_csv(const struct exchange *x) {
        const char *form = exchange_query(x, "formaat"), *accept = web_header(x->request, "Accept");

        return (form && strcmp(form, "csv") == 0) || (accept && strncmp(accept, "text/csv", strlen("text/csv")) == 0);
}

const struct organisation *exchange_organisation(const struct exchange *x, const char *name, bool *ret_unknown) {
        const char *value = exchange_query(x, name);
        const struct organisation *found = value ? organisations_find(x->console->config->organisations, text_of(value)) : NULL;

        *ret_unknown = value && !found;
        return found;
}

struct exchange_linking {
        struct buffer out;
        const char *left_out;
        char mark;
};

static void exchange_link_put(struct exchange_linking *l, const char *name, const char *value) {
        buffer_add_byte(&l->out, (uint8_t)l->mark);
        html_percent(&l->out, text_of(name));
        buffer_add_byte(&l->out, '=');
        html_percent(&l->out, text_of(value));
        l->mark = '&';
}

static void exchange_link_keep(void *ctx, const char *name, const char *value) {
        struct exchange_linking *l = ctx;

        if (strcmp(name, "after") != 0 && strcmp(name, l->left_out) != 0)
                exchange_link_put(l, name, value);
}

const char *exchange_link_at(const struct exchange *x, const char *path, const char *name, const char *value, char ret[EXCHANGE_LINK_MAX]) {
        struct exchange_linking l = {.out = BUFFER_INIT(EXCHANGE_LINK_MAX), .left_out = name, .mark = '?'};

        buffer_add_text(&l.out, path);
        web_query_each(x->request, exchange_link_keep, &l);
        if (value)
                exchange_link_put(&l, name, value);
        /* One that is too long leads to the page without its query, rather than to another page. */
        (void) snprintf(ret, EXCHANGE_LINK_MAX, "%s", l.out.failed ? path : buffer_text(&l.out));
        buffer_done(&l.out);
        return ret;
}

const char *exchange_link(const struct exchange *x, const char *name, const char *value, char ret[EXCHANGE_LINK_MAX]) {
        return exchange_link_at(x, web_path(x->request), name, value, ret);
}

/* -- Pages -- */

static bool exchange_stands_at(const struct exchange *x, const struct console_route *route) {
        size_t n = strlen(route->path);

        return strncmp(web_path(x->request), route->path, n) == 0 && (web_path(x->request)[n] == '\0' || (n > 1 && web_path(x->request)[n] == '/'));
}

static void exchange_menu(const struct exchange *x, struct html *h) {
        if (!exchange_is_somebody(x))
                return;
        html_begin(h, "nav");
        html_attr(h, "aria-label", SAY(x, "Pages", "Pagina's"));
        html_begin(h, "ul");
        for (size_t i = 0; i < console_routes_n; i++) {
                const struct console_route *route = &console_routes[i];

                if (!route->nl || !routes_may(route, x->person))
                        continue;
                html_begin(h, "li");
                html_begin(h, "a");
                html_attr(h, "href", route->path);
                html_attr(h, "aria-current", exchange_stands_at(x, route) ? "page" : NULL);
                html_text(h, SAY(x, route->en, route->nl));
                html_end(h, "a");
                html_end(h, "li");
        }
        html_end(h, "ul");
        html_end(h, "nav");
}

static void exchange_search(const struct exchange *x, struct html *h) {
        if (!exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS))
                return;
        html_begin(h, "form");
        html_attr(h, "class", "search");
        html_attr(h, "role", "search");
        html_attr(h, "method", "get");
        html_attr(h, "action", "/zaken");
        html_attr(h, "aria-label", SAY(x, "Find a case", "Zoek een zaak"));
        html_void(h, "input");
        html_attr(h, "type", "search");
        html_attr(h, "name", "zoek");
        html_attr(h, "id", "search");
        html_attr(h, "aria-label", SAY(x, "Id of a case, event, measure, alert…", "Kenmerk van een zaak, bericht, maatregel, melding…"));
        html_attr(h, "placeholder", SAY(x, "Id of a case, event, measure, alert…", "Kenmerk van een zaak, bericht, maatregel, melding…"));
        html_begin(h, "button");
        html_attr(h, "type", "submit");
        html_text(h, SAY(x, "Find", "Zoek"));
        html_end(h, "button");
        html_end(h, "form");
}

static void exchange_who(const struct exchange *x, struct html *h) {
        if (!exchange_is_somebody(x))
                return;
        html_begin(h, "div");
        html_attr(h, "class", "who");
        html_text(h, x->person->name);
        if (x->person->organisation)
                html_textf(h, " (%s)", x->person->organisation->name);
        if (x->logged_in) {
                part_act_begin(h, "/uitloggen", x->token);
                part_act_end(h, SAY(x, "Log out", "Uitloggen"), false);
        }
        html_end(h, "div");
}

static void exchange_head(struct html *h, const char *title) {
        html_begin(h, "head");
        html_void(h, "meta");
        html_attr(h, "charset", "utf-8");
        html_void(h, "meta");
        html_attr(h, "name", "viewport");
        html_attr(h, "content", "width=device-width, initial-scale=1");
        html_begin(h, "title");
        html_textf(h, "%s \xe2\x80\x93 ketenwacht", title);
        html_end(h, "title");
        html_void(h, "link");
        html_attr(h, "rel", "stylesheet");
        html_attr(h, "href", assets_path(ASSET_STYLE));
        html_void(h, "link");
        html_attr(h, "rel", "icon");
        html_attr(h, "href", assets_path(ASSET_ICON));
        html_begin(h, "script");
        html_attr(h, "src", assets_path(ASSET_SCRIPT));
        html_flag(h, "defer", true);
        html_end(h, "script");
        html_end(h, "head");
}

/* What holds for every page: that anybody may do everything, that the broker is away, that not all is read yet; and what an act has brought about. */
static void exchange_notices(struct exchange *x, struct html *h) {
        const char *notice = web_cookie(x->request, EXCHANGE_NOTICE);
        struct replica_status status;

        if (x->console->settings->open_on_localhost)
                part_notice(h, PART_WRONG, SAY(x, "This console is open: whoever reaches this address may see and do everything. For a demonstration only.",
                                               "Deze console staat open: wie dit adres bereikt, mag alles zien en doen. Alleen voor een demonstratie."));
        replica_status(x->console->replica, &status);
        if (status.state == REPLICA_AWAY) {
                part_notice_begin(h, PART_WRONG);
                html_text(h, SAY(x, "The broker does not answer; what is shown here may be old. This console goes on by itself. Since ",
                                 "De broker antwoordt niet; wat hier staat kan oud zijn. Deze console gaat vanzelf verder. Sinds "));
                part_instant(h, status.since, x->now, x->language);
                html_begin(h, "span");
                html_attr(h, "data-reload", "/away");
                html_end(h, "span");
                part_notice_end(h);
        } else if (status.state == REPLICA_RESTORING) {
                part_notice_begin(h, PART_NOTE);
                html_textf(h, SAY(x, "Not everything is read yet: %u %%.", "Nog niet alles is gelezen: %u %%."), status.percent);
                part_notice_end(h);
        }
        if (notice && strlen(notice) <= EXCHANGE_NOTICE_MAX) {
                part_notice(h, PART_NOTE, notice);
                web_answer_header(x->answer, "Set-Cookie", EXCHANGE_NOTICE "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
        }
}

void exchange_page_begin(struct exchange *x, struct html *h, const char *title) {
        assert(!x->json && x->answer->body.n == 0);
        x->answer->content_type = "text/html; charset=utf-8";
        *h = (struct html)HTML_WRITER(&x->answer->body);
        html_doctype(h);
        html_begin(h, "html");
        html_attr(h, "lang", language_tag(x->language));
        exchange_head(h, title);
        html_begin(h, "body");
        html_attr(h, "data-stream", exchange_is_somebody(x) ? "/api/stream" : NULL);
        html_begin(h, "a");
        html_attr(h, "class", "skip");
        html_attr(h, "href", "#main");
        html_text(h, SAY(x, "To the contents", "Naar de inhoud"));
        html_end(h, "a");
        html_begin(h, "header");
        html_begin(h, "a");
        html_attr(h, "class", "home");
        html_attr(h, "href", "/");
        html_text(h, "ketenwacht");
        html_end(h, "a");
        exchange_search(x, h);
        exchange_who(x, h);
        exchange_menu(x, h);
        html_end(h, "header");
        html_begin(h, "main");
        html_attr(h, "id", "main");
        exchange_notices(x, h);
        html_element(h, "h1", NULL, title);
}

void exchange_page_end(struct exchange *x, struct html *h) {
        html_end(h, "main");
        html_begin(h, "footer");
        html_begin(h, "p");
        html_text(h, SAY(x, "As of ", "Stand van "));
        part_instant(h, x->now, x->now, x->language);
        html_end(h, "p");
        html_end(h, "footer");
        html_end(h, "body");
        html_end(h, "html");
}

/* -- Other forms -- */

struct json_writer exchange_json(struct exchange *x) {
        x->answer->content_type = "application/json";
        return (struct json_writer)JSON_WRITER(&x->answer->body);
}

void exchange_csv(struct exchange *x, const char *name) {
        x->answer->content_type = "text/csv; charset=utf-8";
        web_answer_header(x->answer, "Content-Disposition", "attachment; filename=\"%s.csv\"", name);
}

/* -- What is not to be had -- */

static const char *exchange_title(const struct exchange *x, unsigned status) {
        switch (status) {
        case 401:
                return SAY(x, "Not logged in", "Niet ingelogd");
        case 400:
                return SAY(x, "Bad Request", "Onjuiste vraag");
        case 403:
                return SAY(x, "Forbidden", "Niet toegestaan");
        case 404:
                return SAY(x, "Not Found", "Niet gevonden");
        case 405:
                return SAY(x, "Method Not Allowed", "Zo kan het niet gevraagd worden");
        case 409:
                return SAY(x, "Conflict", "Kan nu niet");
        case 429:
                return SAY(x, "Too Many Requests", "Te vaak");
        case 503:
                return SAY(x, "Service Unavailable", "Nu niet beschikbaar");
        default:
                return SAY(x, "Not possible", "Niet mogelijk");
        }
}

void exchange_problem(struct exchange *x, unsigned status, const char *detail) {
        assert(status >= 400);
        buffer_clear(&x->answer->body);
        x->answer->status = status;
        if (x->json) {
                struct json_writer w = JSON_WRITER(&x->answer->body);

                x->answer->content_type = "application/problem+json";
                jsonw_open_object(&w);
                jsonw_put_string(&w, "type", "about:blank");
                jsonw_put_string(&w, "title", exchange_title(x, status));
                jsonw_put_int(&w, "status", status);
                jsonw_put_string(&w, "detail", detail);
                jsonw_close_object(&w);
        } else {
                struct html h;

                exchange_page_begin(x, &h, exchange_title(x, status));
                html_element(&h, "p", NULL, detail);
                exchange_page_end(x, &h);
        }
}

void exchange_not_found(struct exchange *x) {
        exchange_problem(x, 404, SAY(x, "There is nothing here, or it is not for you to see.", "Hier is niets, of het is niet voor u te zien."));
}

/* -- Audit -- */

static bool exchange_is_note(const char *action) {
        static const char *const notes[] = {AUDIT_VIEW_CASE, AUDIT_VIEW_AUDIT, AUDIT_SEARCH, AUDIT_LOGIN, AUDIT_LOGIN_FAILED, AUDIT_LOGOUT};

        for (size_t i = 0; i < ELEMENTS(notes); i++) {
                if (strcmp(notes[i], action) == 0)
                        return true;
        }
        return false;
}

bool exchange_audit_result(struct exchange *x, const char *action, const char *object, const char *result, const char *reason) {
        const struct person *person = x->person;
        char roles[PERSON_ROLES_TEXT];
        const struct audit_record record = {
                .at = x->now,
                .user = text_of(person->name),
                .roles = text_of(person_roles_text(person->roles, roles)),
                .organisation = text_of(person->organisation ? person->organisation->id : ""),
                .address = text_of(person->address),
                .action = text_of(action),
                .object = {object, strnlen(object, AUDIT_TEXT_MAX)},
                .result = text_of(result),
                .reason = {reason, reason ? strnlen(reason, AUDIT_TEXT_MAX) : 0},
        };
        struct auditor *auditor = x->console->auditor;

        if (exchange_is_note(action) ? auditor_note(auditor, &record) : auditor_write(auditor, &record))
                return true;
        exchange_problem(x, 503,
                         SAY(x,
                             "This must stand in the audit before it is shown or done, and the broker does not take it. Nothing was shown or done; try again "
                             "in a moment.",
                             "Dit moet in het logboek staan voor het getoond of gedaan wordt, en de broker neemt het niet aan. Er is niets getoond of gedaan; "
                             "probeer het zo weer."));
        web_answer_header(x->answer, "Retry-After", "5");
        return false;
}

bool exchange_audit(struct exchange *x, const char *action, const char *object, const char *reason) {
        return exchange_audit_result(x, action, object, strcmp(action, AUDIT_LOGIN_FAILED) == 0 ? AUDIT_REFUSED : AUDIT_DONE, reason);
}

void exchange_refuse_method(struct exchange *x, const char *allowed) {
        exchange_problem(x, 405, SAY(x, "This address cannot be asked in this way.", "Dit adres kan niet op deze manier gevraagd worden."));
        web_answer_header(x->answer, "Allow", "%s", allowed);
}

void exchange_bad_query(struct exchange *x, const char *name) {
        char detail[256];

        (void) snprintf(detail, sizeof(detail), SAY(x, "The value of '%s' in this address is none that can stand there.",
                                                    "De waarde van '%s' in dit adres is er geen die daar kan staan."), name);
        exchange_problem(x, 400, detail);
}

void exchange_done(struct exchange *x, const char *location, const char *notice) {
        CLEANUP(buffer_done) struct buffer said = BUFFER_INIT(4 * EXCHANGE_NOTICE_MAX);

        html_percent(&said, (struct text){notice, strlen(notice) < EXCHANGE_NOTICE_MAX ? strlen(notice) : EXCHANGE_NOTICE_MAX});
        web_answer_see(x->answer, location);
        web_answer_header(x->answer, "Set-Cookie", EXCHANGE_NOTICE "=%s; Path=/; Max-Age=30; HttpOnly; SameSite=Strict%s", buffer_text(&said),
                          exchange_is_secure(x) ? "; Secure" : "");
}
