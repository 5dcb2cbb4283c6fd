/* SPDX-License-Identifier: EUPL-1.2 */

/* The table of pages and acts, and finding a row of it. */

#include "console/routes.h"

#include <string.h>

#include "console/acts/personal.h"
#include "console/pages/alerts.h"
#include "console/pages/alerts_feed.h"
#include "console/pages/case_page.h"
#include "console/pages/norms.h"
#include "console/pages/openapi.h"
#include "console/pages/organisations.h"
#include "console/acts/acknowledge.h"
#include "console/acts/connector.h"
#include "console/acts/redrive.h"
#include "console/pages/audit.h"
#include "console/pages/flow_page.h"
#include "console/pages/flows_page.h"
#include "console/pages/letter.h"
#include "console/pages/letters.h"
#include "console/pages/overview_page.h"
#include "console/pages/search.h"
#include "console/pages/protocol.h"
#include "console/pages/protocols.h"

const struct console_route console_routes[] = {
        {.path = "/", .api = "/api/overview", .answer = page_overview, .en = "Overview", .nl = "Overzicht",
         .about = "How the whole chain stands, and what is wrong: what `status --json` says, flows and lag. For an organisation its own inbox and alerts.",
         .members = "at:string ok:boolean sentence:string open_alerts:object status:object clock:object topics:array groups:array waiting:integer "
                    "oldest:string"},
        {.path = "/api/stream", .answer = page_stream},
        {.path = "/api/stream/", .roles = ROLE_ZAAK | ROLE_GEGEVENS, .whole_chain = true, .answer = page_flow_stream},
        {.path = "/stromen", .api = "/api/topics", .roles = ROLE_META, .whole_chain = true, .answer = page_flows, .en = "Flows", .nl = "Stromen",
         .about = "Topics, who reads them and how far, and how Kafka itself is.", .query = "q limit after",
         .members = "at:string took_ms:integer topics:array next:string groups:array brokers:array"},
        {.path = "/stromen/", .api = "/api/topics/", .roles = ROLE_META, .whole_chain = true, .answer = page_flow, .behind = "topic",
         .about = "One topic; with /records behind it the records that stand there, personal fields left out: the latest, or those of a key, an event_id, from "
                  "a time or a place on.",
         .query = "partitie offset van sleutel id limit",
         .members = "topic:string internal:boolean stands:integer bytes_about:integer sampled:integer per_second:number last:string retention_ms:integer "
                    "retention_bytes:integer cleanup:string hour:object day:object partitions:array end:string looked_at:integer records:array next:object"},
        {.path = "/stromen/", .acts = true, .roles = ROLE_GEGEVENS, .whole_chain = true, .answer = page_flow_clear},
        {.path = "/organisaties", .api = "/api/organisations", .answer = page_organisations, .en = "Organisations", .nl = "Organisaties",
         .about = "Organisations: what waits in their inboxes, and how many alerts they have.", .query = "kind region limit after",
         .members = "at:string organisations:array next"},
        {.path = "/organisaties/", .api = "/api/organisations/", .answer = page_organisation, .behind = "organisation",
         .about = "One organisation: its inbox and who reads it, deliveries, open alerts, roles, contacts and validity.",
         .members = "at:string organisation:string name:string kind:string region:string urn:string inbox:object readers:array alerts:object "
                    "deliveries:array roles:array contacts:array rows:array"},
        {.path = "/zaken", .api = "/api/cases", .roles = ROLE_ZAAK | ROLE_GEGEVENS, .answer = page_search, .en = "Cases", .nl = "Zaken",
         .about = "In which cases an id occurs: a case_id, event_id, alert_id, or any other *_id of events; for who may see such fields also a reference.",
         .query = "zoek", .members = "hits:array whole:boolean"},
        {.path = "/zaken/", .api = "/api/cases/", .roles = ROLE_ZAAK | ROLE_GEGEVENS, .answer = page_case, .behind = "case_id",
         .about = "One case: what `explain --json` says of it, its open alerts, and its messages, the latest first. For an organisation what it was told. "
                  "With ?trace=topics 202 with Retry-After while the topics are being read.",
         .query = "limit after obligations trace step id",
         .members = "case_id:string at:string facts:array facts_total:integer next:string municipality:string region:string gi:string residence:array "
                    "copies:array obligations:array alerts:array alerts_total:integer "
                    "obligations_total:integer obligations_next:integer told_to:string whole:boolean closed_on:string trace:object"},
        {.path = "/zaken/", .acts = true, .roles = ROLE_GEGEVENS, .whole_chain = true, .answer = act_personal},
        {.path = "/meldingen/", .roles = ROLE_ZAAK | ROLE_GEGEVENS, .answer = page_alerts_feed},
        {.path = "/meldingen/bevestigen", .roles = ROLE_BEHEER, .acts = true, .answer = acknowledge_act},
        {.path = "/meldingen", .api = "/api/alerts", .roles = ROLE_META | ROLE_ZAAK | ROLE_GEGEVENS, .answer = page_alerts, .en = "Alerts", .nl = "Meldingen",
         .about = "Open alerts, the oldest first; who may see no case, and ?show=counts: how many of each organisation, norm and rung.",
         .query = "organisation protocol norm rung older-than show limit after",
         .members = "at:string matched:integer alerts:array counts:array next"},
        {.path = "/dode-letters", .api = "/api/dead-letters", .whole_chain = true, .answer = page_letters, .en = "Dead letters", .nl = "Dode letters",
         .about = "What could not be processed: by code, topic and source, and a list of it, the latest first.",
         .query = "code stage topic organisation from sent older limit after",
         .members = "complete:boolean older_than:string by:object letters:array next:string"},
        {.path = "/dode-letters/", .api = "/api/dead-letters/", .whole_chain = true, .answer = page_letter,
         .about = "One dead letter by its partition and offset, and what would become of it if it were sent again now.", .behind = "place",
         .members = "letter:string at:string code:string stage:string topic:string partition:integer offset:integer redriven:integer "
                    "connector:string organisation:string event_id:string case_id:string error:string sent_again:string bytes:integer now:string "
                    "now_error:string record:object"},
        {.path = "/dode-letters/inzien/", .roles = ROLE_GEGEVENS, .whole_chain = true, .acts = true, .answer = page_letter_clear},
        {.path = "/dode-letters/proef", .roles = ROLE_BEHEER, .whole_chain = true, .acts = true, .answer = redrive_act_try},
        {.path = "/dode-letters/opnieuw", .roles = ROLE_BEHEER, .whole_chain = true, .acts = true, .answer = redrive_act_send},
        {.path = "/dode-letters/stoppen", .roles = ROLE_BEHEER, .whole_chain = true, .acts = true, .answer = redrive_act_stop},
        {.path = "/dode-letters/opnieuw", .api = "/api/dead-letters/redrive", .roles = ROLE_BEHEER, .whole_chain = true, .answer = redrive_page,
         .about = "How the latest sending again of dead letters stands.",
         .members = "number:integer state:string dry_run:boolean filter:string begun:string ended:string user:string reason:string expected:integer "
                    "stopped:boolean error:string result:object"},
        {.path = "/verbindingen/pauzeren", .roles = ROLE_BEHEER, .acts = true, .answer = connector_act_pause},
        {.path = "/verbindingen/hervatten", .roles = ROLE_BEHEER, .acts = true, .answer = connector_act_resume},
        {.path = "/normen", .api = "/api/norms", .roles = ROLE_META | ROLE_ZAAK | ROLE_GEGEVENS, .answer = page_norms, .en = "Norms", .nl = "Normen",
         .about = "A report over all cases, as `ketenwacht report`; 202 with Retry-After while it is being made.",
         .query = "report at started-from started-until region gi municipality organisation norm by from until limit after",
         .members = "report:string at:string anew:boolean items:array next"},
        {.path = "/afspraken", .api = "/api/protocols", .whole_chain = true, .answer = page_protocols, .en = "Agreements", .nl = "Afspraken",
         .about = "The agreements that are configured, by their names.", .query = "limit after", .members = "protocols:array next:string"},
        {.path = "/afspraken/", .api = "/api/protocols/", .whole_chain = true, .answer = page_protocol, .behind = "protocol",
         .about = "One agreement in words: each norm with its reminders, its rungs, the stories that test it and its other versions.",
         .members = "protocol:string title:string source:string valid_from:string valid_until:string regions:array assumed:array norms:array routes:array"},
        {.path = "/logboek", .api = "/api/audit", .roles = ROLE_BEHEER, .answer = page_audit, .en = "Audit", .nl = "Logboek",
         .about = "Who saw or did what, and why, the latest first. People of an organisation see what its own people did.",
         .query = "user action object organisation from until older limit after", .members = "audit:array next:string older:boolean"},
        {.path = "/openapi.json", .answer = page_openapi},
};
const size_t console_routes_n = ELEMENTS(console_routes);

/* Whether @path is that of a row; behind one that ends in / something stands. */
static bool routes_match(const char *of, const char *path, const char **ret_rest) {
        size_t n = strlen(of);

        if (n > 1 && of[n - 1] == '/') {
                *ret_rest = path + n;
                return strncmp(path, of, n) == 0 && path[n];
        }
        *ret_rest = "";
        return strcmp(path, of) == 0;
}

/* The longest that fits. */
const struct console_route *routes_find(const char *path, bool acts, const char **ret_rest, bool *ret_json) {
        const struct console_route *best = NULL;
        size_t best_n = 0;

        for (size_t i = 0; i < console_routes_n; i++) {
                const struct console_route *route = &console_routes[i];
                const char *const paths[] = {route->path, route->api};

                for (size_t k = 0; k < ELEMENTS(paths); k++) {
                        const char *rest;

                        if (!paths[k] || route->acts != acts || !routes_match(paths[k], path, &rest) || strlen(paths[k]) < best_n)
                                continue;
                        best = route;
                        best_n = strlen(paths[k]);
                        *ret_rest = rest;
                        *ret_json = k == 1 || strncmp(path, "/api/", 5) == 0; /* streams have no other form */
                }
        }
        return best;
}

bool routes_may(const struct console_route *route, const struct person *person) {
        if (route->whole_chain && person->organisation)
                return false;
        return route->roles == 0 || (route->roles & person->roles);
}
