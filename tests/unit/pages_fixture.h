/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * For tests of pages: a worker's cases on the bus in memory, a replica of them, and a server that answers by the table of routes for whomever the test says
 *
 * Who comes in is the test's own: no login, no session. `audit` is the test's too (auditor_write, auditor_note), so that it can be asked what was said
 * there, and can refuse. Config, clock and cases are those of worker_world.h.
 */

#include "bus/kafka.h"
#include "console/access/auditor.h"
#include "console/routes.h"
#include "http_fixture.h"
#include "replica/reports.h"
#include "shared_bus.h"
#include "worker_world.h"

#define PAGES_AUDITED_MAX 2048

struct pages {
        struct world *world;
        struct worker *worker;
        struct shared_bus shared;
        struct hand_clock hand;
        struct console_settings settings;
        struct console console;
        struct web_server *server;
        struct person person;
        struct http_reply reply;
        char audited[PAGES_AUDITED_MAX]; /* "EXPORT alerts\n" … */
        bool refuses;                    /* the auditor */
};
static struct pages pages;

static bool pages_take_down(const struct audit_record *record) {
        size_t n = strlen(pages.audited);

        (void) snprintf(pages.audited + n, sizeof(pages.audited) - n, "%.*s %.*s\n", (int)record->action.n, record->action.s,
                        (int)record->object.n, record->object.s);
        return !pages.refuses;
}

bool auditor_write(struct auditor *a, const struct audit_record *record) {
        (void) a;
        return pages_take_down(record);
}

bool auditor_note(struct auditor *a, const struct audit_record *record) {
        (void) a;
        return pages_take_down(record);
}

static void pages_answer(void *ctx, const struct web_request *request, struct web_answer *answer) {
        struct exchange x = {.console = &pages.console, .request = request, .answer = answer, .person = &pages.person, .token = "token",
                             .language = language_of_accept(web_header(request, "Accept-Language"), LANGUAGE_NL), .now = atomic_load(&pages.hand.at)};
        const struct console_route *route = routes_find(web_path(request), strcmp(web_method(request), "POST") == 0, &x.rest, &x.json);

        (void) ctx;
        if (route && routes_may(route, &pages.person))
                route->answer(&x);
        else
                exchange_not_found(&x);
}

static inline void pages_come(unsigned roles, const char *organisation) {
        pages.person = (struct person){.name = "anna", .roles = roles};
        if (organisation)
                pages.person.organisation = organisations_find(pages.world->config->organisations, text_of(organisation));
        ck_assert(!organisation || pages.person.organisation);
}

static inline void pages_setup(void) {
        const struct web_server_config config = {.address = "127.0.0.1", .handle = pages_answer};
        struct error err = {0};

        pages = (struct pages){0};
        pages.world = world_new();
        pages.worker = world_worker(pages.world, "a");
        shared_bus_init(&pages.shared, memory_bus(pages.world->memory));
        pages.hand.at = pages.world->now;
        pages.console = (struct console){.config = pages.world->config, .settings = &pages.settings, .bus = &pages.shared.bus,
                                         .clock = hand_clock(&pages.hand)};
        ck_assert_int_eq(replica_new(&(struct replica_config){.config = pages.console.config, .bus = pages.console.bus, .clock = pages.console.clock},
                                     &pages.console.replica, &err), 0);
        ck_assert_int_eq(reports_new(pages.console.replica, pages.console.clock, &pages.console.reports, &err), 0);
        ck_assert_msg(web_server_start(&config, &pages.server, &err) == 0, "%s", err.text);
        pages_come(ROLE_META | ROLE_ZAAK, NULL);
}

static inline void pages_teardown(void) {
        http_done(&pages.reply);
        pages.server = web_server_stop(pages.server);
        pages.console.reports = reports_free(pages.console.reports);
        pages.console.replica = replica_free(pages.console.replica);
        world_end(pages.worker);
        shared_bus_done(&pages.shared);
        world_done(pages.world);
}

/* An event is published, decided on, and the clock moved so far. */
static inline void pages_publish(const char *json, int64_t forward_ms) {
        shared_lock(&pages.shared);
        if (json)
                world_publish(pages.world, json);
        world_forward(pages.world, forward_ms);
        world_settle(pages.world, pages.worker);
        shared_unlock(&pages.shared);
        hand_clock_put(&pages.hand, pages.world->now);
}

/* Until the replica has so many facts, and so many alerts are open. */
static inline void pages_await(size_t facts, int64_t alerts) {
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + SHARED_PATIENCE_MS;
        struct replica_open open = {0};
        size_t n = 0;

        for (;;) {
                replica_lock(pages.console.replica);
                n = store_stats(replica_store(pages.console.replica)).facts;
                replica_open_alerts(pages.console.replica, NULL, &open);
                replica_unlock(pages.console.replica);
                if (n == facts && open.all == alerts)
                        return;
                ck_assert_msg(clock_monotonic(&clock) < deadline, "%zu facts, %" PRId64 " alerts", n, open.all);
                shared_pause();
        }
}

/* Asks, and returns the body: valid until the next question. */
static inline const char *pages_ask_as(const char *path, const char *const *headers, long status) {
        const struct http_question question = {.port = web_server_port(pages.server), .path = path, .headers = headers};

        http_done(&pages.reply);
        http_ask(&question, &pages.reply);
        ck_assert_msg(pages.reply.status == status, "%s: %ld %s", path, pages.reply.status, buffer_text(&pages.reply.body));
        return buffer_text(&pages.reply.body);
}

static inline const char *pages_ask(const char *path, long status) {
        return pages_ask_as(path, NULL, status);
}

/* The same with a form. */
static inline const char *pages_post(const char *path, const char *form, long status) {
        const struct http_question question = {.port = web_server_port(pages.server), .path = path, .form = form};

        http_done(&pages.reply);
        http_ask(&question, &pages.reply);
        ck_assert_msg(pages.reply.status == status, "%s: %ld %s", path, pages.reply.status, buffer_text(&pages.reply.body));
        return buffer_text(&pages.reply.body);
}

/* The same until a report is made: 202 is asked again. */
static inline const char *pages_ask_report(const char *path, long status) {
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + SHARED_PATIENCE_MS;
        const struct http_question question = {.port = web_server_port(pages.server), .path = path};

        do {
                ck_assert_msg(clock_monotonic(&clock) < deadline, "%s: never made", path);
                http_done(&pages.reply);
                http_ask(&question, &pages.reply);
                shared_pause();
        } while (pages.reply.status == 202);
        ck_assert_msg(pages.reply.status == status, "%s: %ld %s", path, pages.reply.status, buffer_text(&pages.reply.body));
        return buffer_text(&pages.reply.body);
}

static inline size_t pages_count(const char *in, const char *what) {
        size_t n = 0;

        for (; (in = strstr(in, what)); in += strlen(what))
                n++;
        return n;
}
