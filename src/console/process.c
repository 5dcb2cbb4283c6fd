/* SPDX-License-Identifier: EUPL-1.2 */

/* Makes the parts, starts the server, and takes each request to its page. */

#include "console/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "console/access/access.h"
#include "console/access/auditor.h"
#include "console/acts/redrive_job.h"
#include "console/assets/assets.h"
#include "console/exchange.h"
#include "console/live.h"
#include "console/routes.h"
#include "console/tails.h"
#include "console/topic_reading.h"
#include "replica/audit_index.h"

struct console_process {
        struct console console;
        struct readings readings;
        struct access *access;
        struct web_server *server;
};

/* -- A request -- */

static void console_process_route(const struct access *access, struct exchange *x) {
        const char *method = web_method(x->request), *other;
        bool acts = strcmp(method, "POST") == 0, json;
        const struct console_route *route = routes_find(web_path(x->request), acts, &x->rest, &x->json);

        if (!acts && strcmp(method, "GET") != 0) {
                exchange_refuse_method(x, "GET, HEAD, POST");
                return;
        }
        if (route && routes_may(route, x->person)) {
                if (!acts || access_may_act(access, x))
                        route->answer(x);
        } else if (!route && routes_find(web_path(x->request), !acts, &other, &json)) {
                exchange_refuse_method(x, acts ? "GET, HEAD" : "POST");
        } else {
                exchange_not_found(x);
        }
}

void console_process_answer(struct console_process *process, const struct web_request *request, struct web_answer *answer) {
        const struct console *console = &process->console;
        struct access_pass pass;
        struct exchange x = {
                .console = console,
                .request = request,
                .answer = answer,
                .language = language_of_accept(web_header(request, "Accept-Language"), LANGUAGE_NL),
                .json = strncmp(web_path(request), "/api/", 5) == 0,
                .now = clock_realtime(&console->clock),
        };

        if (assets_answer(request, answer))
                return;
        if (access_judge(process->access, &x, &pass))
                console_process_route(process->access, &x);
}

static void console_process_handle(void *ctx, const struct web_request *request, struct web_answer *answer) {
        console_process_answer(ctx, request, answer);
}

/* -- Starting and stopping -- */

/* What looks at the broker, and what keeps pages fresh from it. */
static int console_process_watch(struct console_process *p, const struct console_process_config *config, struct error *err) {
        int r = live_new(&p->console, &p->console.live);

        if (r == 0)
                r = tails_new(&p->console, &p->console.tails);
        if (r == 0)
                r = flows_new(&(struct flows_config){.config = config->config, .kafka = config->kafka, .bus = config->bus, .clock = config->clock,
                                                     .log = config->log, .metrics = config->metrics, .known = live_known, .ctx = p->console.live},
                              &p->console.flows, err);
        return r ? r : live_start(p->console.live, err);
}

int console_process_start(const struct console_process_config *config, struct console_process **ret, struct error *err) {
        CLEANUP(console_process_stop_p) struct console_process *p = calloc(1, sizeof(*p));
        const struct web_server_config server = {
                .address = config->settings->address,
                .unix_path = config->settings->unix_path,
                .port = config->settings->port,
                .certificate = config->settings->certificate,
                .key = config->settings->key,
                .handle = console_process_handle,
                .ctx = p,
        };
        int r;

        if (!p)
                return -ENOMEM;
        p->console = (struct console){
                .config = config->config,
                .broker = config->broker,
                .settings = config->settings,
                .kafka = config->kafka,
                .bus = config->bus,
                .clock = config->clock,
                .log = config->log,
                .metrics = config->metrics,
        };
        p->console.readings = &p->readings;
        r = replica_new(&(struct replica_config){.config = config->config, .bus = config->bus, .clock = config->clock, .log = config->log,
                                                 .metrics = config->metrics}, &p->console.replica, err);
        if (r == 0)
                r = reports_new(p->console.replica, config->clock, &p->console.reports, err);
        if (r)
                return r;
        r = letters_index_new(&(struct letters_index_config){.config = config->config, .bus = config->bus, .clock = config->clock}, &p->console.letters, err);
        if (r == 0)
                r = letters_index_start(p->console.letters, err);
        if (r == 0)
                r = connectors_new(&(struct connectors_config){.config = config->config, .bus = config->bus, .clock = config->clock},
                                   &p->console.connectors, err);
        if (r == 0)
                r = connectors_start(p->console.connectors, err);
        if (r == 0)
                r = tracks_new(&(struct tracks_config){.config = config->config, .bus = config->bus, .kafka = config->kafka, .clock = config->clock,
                                                       .scratch = config->settings->scratch, .log = config->log, .metrics = config->metrics},
                               &p->console.tracks, err);
        if (r == 0)
                r = tracks_start(p->console.tracks, err);
        if (r == 0)
                r = trail_job_new(&(struct trail_job_config){.config = config->config, .bus = config->bus, .kafka = config->kafka, .clock = config->clock},
                                  &p->console.trails, err);
        if (r == 0)
                r = console_process_watch(p, config, err);
        if (r == 0)
                r = auditor_new(&(struct auditor_config){.bus = config->bus, .types = config->config->types, .log = config->log}, &p->console.auditor, err);
        if (r == 0)
                r = audit_index_new(&(struct audit_index_config){.bus = config->bus, .types = config->config->types}, &p->console.audit, err);
        if (r == 0)
                r = access_new(&p->console, &p->access);
        if (r == 0)
                r = redrive_job_new(&(struct redrive_job_config){.config = config->config, .bus = config->bus, .clock = config->clock,
                                                                 .auditor = p->console.auditor, .partitions = config->broker->partitions,
                                                                 .per_second = config->settings->redrive_per_second ?: CONSOLE_REDRIVE_PER_SECOND},
                                    &p->console.redrive);
        if (r == 0)
                r = web_server_start(&server, &p->server, err);
        if (r)
                return r;
        *ret = TAKE(p);
        return 0;
}

uint16_t console_process_port(const struct console_process *process) {
        return web_server_port(process->server);
}

struct console_process *console_process_stop(struct console_process *process) {
        if (!process)
                return NULL;
        web_server_stop(process->server);
        access_free(process->access);
        audit_index_free(process->console.audit);
        redrive_job_free(process->console.redrive);
        auditor_free(process->console.auditor);
        live_stop(process->console.live);
        flows_free(process->console.flows);
        live_free(process->console.live);
        trail_job_free(process->console.trails);
        tails_free(process->console.tails);
        tracks_free(process->console.tracks);
        connectors_free(process->console.connectors);
        letters_index_free(process->console.letters);
        reports_free(process->console.reports);
        replica_free(process->console.replica);
        free(process);
        return NULL;
}
