/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * nrc-in: takes the notifications of a zaaksysteem (ZGW), as the receiver of a subscription
 *
 * A notification says only that something changed; the event is made from what stands at its addresses, as the rules of the file say. It is answered once
 * the broker has the event: 204. What the sender should send again gets another answer, since senders repeat whatever is no 2xx for about a day.
 * Notifications of one hoofdObject go one after another, in the order in which they came.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "channel/door.h"
#include "connect/intake.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/nrc-in/fetch.h"
#include "connectors/nrc-in/notification.h"
#include "connectors/nrc-in/recent.h"
#include "connectors/nrc-in/rules.h"

#define NRC_PATH "/notificaties"
#define NRC_BEARER "Bearer "
#define NRC_BUSY_MS 5                         /* while something is fetched, it is looked at so often */
#define NRC_GONE_MS INT64_C(600000)           /* what is not there so long after its notification never will be */
#define NRC_RETRY_AFTER "30"

enum arrival_phase { ARRIVAL_WAITS, ARRIVAL_FETCHES, ARRIVAL_PUBLISHES, ARRIVAL_REFUSED, ARRIVAL_PARKS };

/* One notification, from its body until its answer. */
struct arrival {
        struct nrc_in *in;
        struct door_request *q;
        struct arrival *next, *previous; /* in the order in which they came */
        enum arrival_phase phase;
        struct notification n; /* zeros: the body is none */
        const struct rule *rule;
        struct uuid id;
        enum rule_source fetching;
        json_t *sources[RULE_SOURCES];
        /* refused */
        const char *stage, *code;
        struct error why;
        const struct problem_row *row; /* how it is answered; NULL: 204, since repeating it changes nothing */
};

enum nrc_outcome { NRC_PUBLISHED, NRC_REPEATED, NRC_PROBE, NRC_UNMATCHED, NRC_REFUSED, NRC_UNFETCHED, NRC_UNSETTLED, NRC_OUTCOMES };
static const char *const nrc_outcomes[NRC_OUTCOMES] = {"published", "repeated", "probe", "unmatched", "refused", "unreachable", "unsettled"};

struct nrc_in {
        /* options */
        const struct organisation *organisation;
        struct listening listening;
        struct secrets token;
        struct option_table events;
        struct option_list hosts;
        struct http_options http; /* of the zaaksysteem */
        int64_t fetches;
        /* the rest */
        const struct connector_env *env;
        struct door *door;
        struct fetch *fetch;
        struct arena *arena; /* of one event that is being made */
        struct arrival *first, *last;
        struct recent recent;
        bool unreachable; /* the latest fetch failed, and that was said */
        int failure;      /* of the runtime: ends the connector */
        struct error failed;
        struct metric *counted;
};

static const struct problem_row nrc_bad_notification = {"BAD_NOTIFICATION", PROBLEM_URN "bad-notification", "The body is no notification",
                                                        "De inhoud is geen notificatie", 400};
static const struct problem_row nrc_unusable = {"UNUSABLE", PROBLEM_URN "unusable", "The notification cannot become an event",
                                                "De notificatie kan geen gebeurtenis worden", 400};
static const struct problem_row nrc_unreachable = {"UNREACHABLE", PROBLEM_URN "unreachable", "What the notification names cannot be fetched now",
                                                   "Waar de notificatie naar verwijst kan nu niet worden opgehaald", 502};

/* -- How notifications end -- */

static void nrc_count(const struct nrc_in *in, enum nrc_outcome outcome) {
        metric_add(in->counted, metric_series(in->counted, outcome, 0), 1);
}

/* Takes it off the list and frees it: its request is the caller's to answer. */
static struct door_request *arrival_end(struct arrival *a) {
        struct nrc_in *in = a->in;
        struct door_request *q = a->q;

        if (a->previous)
                a->previous->next = a->next;
        else
                in->first = a->next;
        if (a->next)
                a->next->previous = a->previous;
        else
                in->last = a->previous;
        for (enum rule_source s = 0; s < RULE_FETCHED; s++)
                json_decref(a->sources[s]);
        notification_done(&a->n);
        free(a);
        return q;
}

static void nrc_answer_taken(struct door_request *q) {
        const struct door_answer answer = {.status = 204};

        door_answer(q, &answer);
}

static void arrival_answer_refused(struct arrival *a) {
        const struct problem_row *row = a->row;
        struct error why = a->why;
        struct door_request *q;

        nrc_count(a->in, NRC_REFUSED);
        q = arrival_end(a);
        if (row)
                door_refuse(q, row, why.text, NULL);
        else
                nrc_answer_taken(q);
}

/* It can be no event: its dead letter is written, once, and then it is answered. */
static void arrival_refuse(struct arrival *a, const char *stage, const char *code, const struct problem_row *row) {
        a->phase = ARRIVAL_REFUSED;
        a->stage = stage;
        a->code = code;
        a->row = row;
}

static void arrival_put_off(struct arrival *a, const struct problem_row *row, enum nrc_outcome outcome, const char *detail) {
        nrc_count(a->in, outcome);
        door_refuse(arrival_end(a), row, detail, row->status == 503 ? NRC_RETRY_AFTER : NULL);
}

/* -- Fetching -- */

/* Once when it begins, and when it is over: of each one the sender hears. */
static void nrc_tell_fetched(struct nrc_in *in, const struct fetched *fetched) {
        if (fetched->json && in->unreachable)
                log_line(in->env->log, NRC_ANSWERS, LOG_STRING("connector", in->env->name), LOG_STRING("host", fetched->host));
        else if (!fetched->json && !in->unreachable)
                log_line(in->env->log, NRC_UNREACHABLE, LOG_STRING("connector", in->env->name), LOG_STRING("host", fetched->host),
                         LOG_INT("status", fetched->status), LOG_STRING("reason", fetched->reason));
        in->unreachable = !fetched->json;
}

static void nrc_fetched(void *ctx, void *cookie, struct fetched *fetched) {
        struct nrc_in *in = ctx;
        struct arrival *a = cookie;
        bool gone = fetched->status == 404 || fetched->status == 410;

        a->phase = ARRIVAL_WAITS;
        if (fetched->json) {
                a->sources[a->fetching] = fetched->json;
                nrc_tell_fetched(in, fetched);
        } else if (gone && clock_realtime(&in->env->clock) - a->n.created > NRC_GONE_MS) {
                error_set(&a->why, "what %s names was not there any more (HTTP status %d)", a->fetching == RULE_MAIN ? "hoofdObject" : "resourceUrl",
                          fetched->status);
                arrival_refuse(a, "check", "GONE", NULL);
        } else {
                char detail[FETCH_REASON_MAX + 64];

                if (!gone)
                        nrc_tell_fetched(in, fetched);
                (void) snprintf(detail, sizeof(detail), "%s: %s; send the notification again", a->fetching == RULE_MAIN ? "hoofdObject" : "resourceUrl",
                                fetched->reason);
                arrival_put_off(a, &nrc_unreachable, NRC_UNFETCHED, detail);
        }
}

/* What is still to be fetched; RULE_FETCHED: nothing. */
static enum rule_source arrival_lacks(const struct arrival *a) {
        enum rule_source s = 0;

        while (s < RULE_FETCHED && (a->sources[s] || !rule_needs(a->rule, s)))
                s++;
        return s;
}

static void arrival_fetch(struct arrival *a, enum rule_source source) {
        struct nrc_in *in = a->in;
        int r = fetch_begin(in->fetch, source == RULE_MAIN ? a->n.hoofd_object : a->n.resource_url, a, &in->failed);

        if (r < 0) {
                in->failure = r;
        } else if (r == FETCH_E_HOST) {
                error_set(&a->why, "%s leads to a host that is not among the hosts of this connector, or not by https",
                          source == RULE_MAIN ? "hoofdObject" : "resourceUrl");
                arrival_refuse(a, "check", "HOST_NOT_NAMED", &nrc_unusable);
        } else if (r == 0) {
                a->phase = ARRIVAL_FETCHES;
                a->fetching = source;
        }
}

/* -- From the notification to the event -- */

/* The mistake is told by field and code: what stands there may be anything. */
static void arrival_refuse_event(struct arrival *a, const struct problem *problem) {
        const char *field = problem->n > 0 ? event_mistake_field(&problem->mistakes[0]) : NULL;
        const char *code = problem->n > 0 ? refusal_codes[problem->mistakes[0].refusal] : problem_rows[problem->kind].code;

        error_set(&a->why, "the rule for %s, %s, %s makes no %s: %s%s (%zu mistakes)", a->rule->kanaal, a->rule->resource, a->rule->actie.items[0],
                  a->rule->event, field ? "look at " : "no field is wrong by itself", field ? field : "", problem->n);
        arrival_refuse(a, "check", code, &nrc_unusable);
}

static void arrival_hand_over(struct arrival *a, const struct intake *intake) {
        const struct submission submission = {&intake->event, (struct text){0}};
        struct nrc_in *in = a->in;
        int r = runtime_submit(in->env->runtime, &submission, a, &in->failed);

        if (r < 0)
                in->failure = r;
        else if (r == 0)
                a->phase = ARRIVAL_PUBLISHES; /* else it is handed over in a later turn */
}

static void arrival_publish(struct arrival *a) {
        struct nrc_in *in = a->in;
        const struct event_type *type = event_types_find(in->env->types, text_of(a->rule->event));
        CLEANUP(cleanup_free) char *body = NULL;
        struct problem problem = {0};
        struct intake_request request = {.type = type, .caller = in->organisation, .form = INTAKE_PLAIN, .now = clock_realtime(&in->env->clock)};
        struct intake intake;
        json_t *event;

        a->sources[RULE_NOTIFICATION] = a->n.json;
        event = rule_event(a->rule, type, &a->n, in->organisation->id, a->sources);
        body = event ? json_dumps(event, JSON_COMPACT) : NULL;
        json_decref(event);
        if (!body) {
                in->failure = -ENOMEM;
                return;
        }
        request.body = body;
        request.n = strlen(body);
        arena_reset(in->arena);
        if (intake_read(&request, in->env->organisations, in->arena, &intake, &problem))
                arrival_hand_over(a, &intake);
        else
                arrival_refuse_event(a, &problem);
        intake_done(&intake);
}

/* Its dead letter holds nothing of it: there may be anything in it. */
static void arrival_park(struct arrival *a) {
        struct nrc_in *in = a->in;
        const struct recent_row *known = recent_find(&in->recent, &a->id);
        const struct rejection rejection = {
                .stage = a->stage, .code = a->code, .error = a->why.text, .place = clock_realtime(&in->env->clock)};
        int r;

        if (known && known->refused) {
                arrival_answer_refused(a);
                return;
        }
        r = runtime_reject(in->env->runtime, &rejection, a, &in->failed);
        if (r < 0)
                in->failure = r;
        else if (r == 0)
                a->phase = ARRIVAL_PARKS;
}

/* Whether an earlier one of the same hoofdObject is not over. */
static bool arrival_is_behind(const struct arrival *a) {
        for (const struct arrival *b = a->previous; b; b = b->previous) {
                if (b->n.hoofd_object && strcmp(b->n.hoofd_object, a->n.hoofd_object) == 0)
                        return true;
        }
        return false;
}

/* Does what can be done for it now. It may be gone afterwards. */
static void arrival_step(struct arrival *a) {
        enum rule_source lacks;

        if (a->phase == ARRIVAL_WAITS && !arrival_is_behind(a)) {
                lacks = arrival_lacks(a);
                if (lacks < RULE_FETCHED)
                        arrival_fetch(a, lacks);
                else
                        arrival_publish(a);
        }
        if (a->phase == ARRIVAL_REFUSED)
                arrival_park(a);
}

static void nrc_step_all(struct nrc_in *in) {
        struct arrival *next;

        for (struct arrival *a = in->first; a && !in->failure; a = next) {
                next = a->next;
                arrival_step(a);
        }
}

static void nrc_in_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct nrc_in *in = ctx;
        struct arrival *a = cookie;

        if (outcome != SUBMITTED_SENT) {
                arrival_put_off(a, &problem_rows[PROBLEM_BROKER], NRC_UNSETTLED, "the broker did not take it in time; send the notification again");
        } else if (a->phase == ARRIVAL_PARKS) {
                recent_put(&in->recent, &a->id, true);
                arrival_answer_refused(a);
        } else {
                recent_put(&in->recent, &a->id, false);
                nrc_count(in, NRC_PUBLISHED);
                nrc_answer_taken(arrival_end(a));
        }
}

/* -- At the door -- */

/* The value is compared whole: it is what was given as auth of the subscription, to the letter. */
static bool nrc_is_known(const struct nrc_in *in, const struct door_request *q) {
        const char *value = door_header(q, "Authorization");

        return value && strncmp(value, NRC_BEARER, sizeof(NRC_BEARER) - 1) == 0 &&
               secrets_find(&in->token, text_of(value + sizeof(NRC_BEARER) - 1)) != NULL;
}

static bool nrc_is_json(const struct door_request *q) {
        const char *encoding = door_header(q, "Content-Encoding");
        enum intake_form form;

        return intake_media_type(door_header(q, "Content-Type"), &form) == PROBLEM_NONE && form == INTAKE_PLAIN &&
               (!encoding || strcasecmp(encoding, "identity") == 0);
}

static void nrc_admit(void *ctx, struct door_request *q) {
        const struct nrc_in *in = ctx;

        if (strcmp(door_path(q), NRC_PATH) != 0)
                door_refuse(q, &problem_rows[PROBLEM_NOT_FOUND], "notifications are posted to " NRC_PATH, NULL);
        else if (strcmp(door_method(q), "POST") != 0)
                door_refuse(q, &problem_rows[PROBLEM_METHOD], "notifications are posted", "POST");
        else if (!nrc_is_known(in, q))
                door_refuse(q, &problem_rows[PROBLEM_UNAUTHORISED], "Authorization must be the auth of the subscription, to the letter", NULL);
        else if (runtime_is_paused(in->env->runtime, &(instant_t){0}))
                door_refuse(q, &problem_rows[PROBLEM_PAUSED], "the operators have paused this for a while; send the notification again", NRC_RETRY_AFTER);
        else if (!nrc_is_json(q))
                door_refuse(q, &problem_rows[PROBLEM_MEDIA_TYPE], "a notification is application/json, in UTF-8, not compressed", NULL);
}

static struct arrival *nrc_add(struct nrc_in *in, struct door_request *q) {
        struct arrival *a = calloc(1, sizeof(*a));

        if (!a)
                return NULL;
        *a = (struct arrival){.in = in, .q = q, .previous = in->last};
        if (in->last)
                in->last->next = a;
        else
                in->first = a;
        in->last = a;
        return a;
}

/* Whether it is answered without any ado. */
static bool nrc_answer_at_once(struct nrc_in *in, struct door_request *q, const struct notification *n, const struct uuid *id) {
        const struct recent_row *known = recent_find(&in->recent, id);
        enum nrc_outcome outcome = NRC_OUTCOMES;

        if (strcmp(n->kanaal, NOTIFICATION_PROBE) == 0)
                outcome = NRC_PROBE;
        else if (!rules_find(&in->events, n))
                outcome = NRC_UNMATCHED;
        else if (known && !known->refused)
                outcome = NRC_REPEATED;
        if (outcome == NRC_OUTCOMES)
                return false;
        nrc_count(in, outcome);
        nrc_answer_taken(q);
        return true;
}

static void nrc_take(void *ctx, struct door_request *q) {
        struct nrc_in *in = ctx;
        struct text body = door_body(q);
        struct notification n = {0};
        struct error why = {0};
        bool right = notification_read(body, &n, &why);
        struct uuid id = right ? notification_event_id(&n, in->organisation->id) : uuid_v5(&uuid_namespace_ketenwacht, body.s, body.n);
        struct arrival *a;

        if (right && nrc_answer_at_once(in, q, &n, &id)) {
                notification_done(&n);
                return;
        }
        a = nrc_add(in, q);
        if (!a) {
                notification_done(&n);
                door_refuse(q, &problem_rows[PROBLEM_BUSY], "no memory is left; send the notification again", NRC_RETRY_AFTER);
                return;
        }
        a->n = n;
        a->id = id;
        a->rule = right ? rules_find(&in->events, &n) : NULL;
        a->why = why;
        if (!right)
                arrival_refuse(a, "decode", "BAD_NOTIFICATION", &nrc_bad_notification);
        arrival_step(a);
}

/* -- The connector -- */

static int nrc_in_check(void *ctx, const struct connector_env *env, struct error *err) {
        struct nrc_in *in = ctx;
        int r = listening_check(&in->listening, err);

        in->http.auth = in->http.client_id ? HTTP_AUTH_ZGW : HTTP_AUTH_BEARER; /* of no token */
        in->http.connect_timeout = in->http.timeout;
        if (r == 0)
                r = rules_check(&in->events, env->types, in->organisation, err);
        if (r < 0)
                return r;
        if (rules_fetch(&in->events) && in->hosts.n == 0)
                error_set(err, "hosts: name the hosts from which the rules of events fetch, such as [zaken.example.nl]");
        else if (!in->http.client_id != (in->http.client_secret.n == 0))
                error_set(err, "client_id and client_secret go together: both, or neither");
        else
                return 0;
        return -EINVAL;
}

static int nrc_in_metrics(struct nrc_in *in, struct error *err) {
        const struct metric_row row = {.name = "ketenwacht_nrc_notifications_total",
                                       .kind = METRIC_COUNTER,
                                       .help = "Notifications that came, by what became of them.",
                                       .labels = {{"outcome", nrc_outcomes, ELEMENTS(nrc_outcomes)}}};

        return in->env->metrics ? metrics_register(in->env->metrics, &row, &in->counted, err) : 0;
}

static int nrc_in_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct nrc_in *in = ctx;
        const struct fetch_config fetch = {.env = env, .hosts = in->hosts, .options = &in->http, .parallel = (size_t)in->fetches, .ctx = in,
                                           .done = nrc_fetched};
        const struct door_config door = {.listening = &in->listening, .env = env, .body_max = NOTIFICATION_BODY_MAX, .ctx = in, .admit = nrc_admit,
                                         .take = nrc_take};
        int r;

        in->env = env;
        in->failure = 0;
        r = nrc_in_metrics(in, err);
        if (r == 0)
                r = arena_new(&in->arena, INTAKE_ARENA_MAX);
        if (r == 0)
                r = fetch_open(&fetch, &in->fetch, err);
        return r == 0 ? error_trace(door_open(&door, &in->door, err), err) : r;
}

/* What was handed to the broker was settled before; what is still fetched comes again. */
static void nrc_in_close(void *ctx) {
        struct nrc_in *in = ctx;

        in->fetch = fetch_free(in->fetch);
        while (in->first)
                arrival_put_off(in->first, &problem_rows[PROBLEM_BUSY], NRC_UNSETTLED, "the process stops; send the notification again");
        in->door = door_free(in->door);
        in->arena = arena_free(in->arena);
        recent_done(&in->recent);
}

static int nrc_in_turn(void *ctx, int timeout_ms, struct error *err) {
        struct nrc_in *in = ctx;
        int r = fetch_turn(in->fetch, err);

        if (r < 0)
                return error_trace(r, err);
        nrc_step_all(in);
        if (in->first && timeout_ms > NRC_BUSY_MS)
                timeout_ms = NRC_BUSY_MS;
        r = door_turn(in->door, timeout_ms, err);
        if (r < 0)
                return error_trace(r, err);
        if (in->failure)
                *err = in->failed;
        return in->failure;
}

static bool nrc_in_quiesce(void *ctx) {
        struct nrc_in *in = ctx;

        return door_quiesce(in->door);
}

static int nrc_in_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        struct nrc_in *in = ctx;
        const struct fetch_config config = {.env = env, .hosts = in->hosts, .options = &in->http, .parallel = 1};
        struct fetch *fetch = NULL;
        int r = fetch_open(&config, &fetch, err);

        if (r == 0)
                r = fetch_try(fetch, out, err);
        fetch_free(fetch);
        return r;
}

static const struct connector_verb verbs[] = {
        {CONNECTOR_VERB_TRY, "Asks each of the hosts whether it answers.", nrc_in_try},
        {0},
};

static const struct connector_option rule_options[] = {
        {.key = "kanaal", .doc = "Of the notification: equal to the letter.", .type = OPTION_STRING, .offset = offsetof(struct rule, kanaal)},
        {.key = "resource", .doc = "Of the notification: equal to the letter.", .type = OPTION_STRING, .offset = offsetof(struct rule, resource)},
        {.key = "actie",
         .doc = "Of the notification: create, update, destroy, or several: [update, partial_update], since many zaaksystemen call a change by PATCH so.",
         .type = OPTION_LIST,
         .offset = offsetof(struct rule, actie)},
        {.key = "kenmerken",
         .fallback = "",
         .doc = "Of the notification: those that must be there and equal to the letter.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct rule, kenmerken)},
        {.key = "event", .doc = "The event that it becomes.", .type = OPTION_STRING, .offset = offsetof(struct rule, event)},
        {.key = "fields",
         .fallback = "",
         .doc = "Where the fields of the event come from: a path in what stands at resourceUrl (betrokkene.0.url), in hoofdObject.PATH or notification.PATH, "
                "or =TEXT; behind a path | last for the last segment of a URL, or | date for the local date of an instant. Without it: occurred_at and "
                "recorded_at are the aanmaakdatum, case_id the last segment of hoofdObject.",
         .type = OPTION_PAIRS,
         .offset = offsetof(struct rule, fields)},
        {0},
};

static const struct connector_option options[] = {
        {.key = "organisation",
         .doc = "Whose zaaksysteem notifies: the source of every event.",
         .type = OPTION_ORGANISATION,
         .offset = offsetof(struct nrc_in, organisation)},
        {.key = "listen",
         .fallback = "127.0.0.1:8081",
         .doc = "Numeric address and port at which POST /notificaties is taken; port 0 is any that is free, see the log. Plain HTTP: let a reverse proxy on "
                "this machine do TLS.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_in, listening.listen)},
        {.key = "token",
         .doc = "By which the sender of notifications is known: the auth of the subscription is Bearer, a space, and this. One to four, so that a new one can "
                "be handed out before the old one is withdrawn.",
         .type = OPTION_SECRET,
         .offset = offsetof(struct nrc_in, token)},
        {.key = "events",
         .doc = "Which notification becomes which event. The first rule that fits counts; what fits none is answered 204 and passed over.",
         .type = OPTION_TABLE,
         .offset = offsetof(struct nrc_in, events),
         .row = rule_options,
         .row_size = sizeof(struct rule)},
        {.key = "hosts",
         .fallback = "",
         .doc = "The hosts from which resources are fetched, with the port where that is not the usual one; from no others.",
         .type = OPTION_LIST,
         .offset = offsetof(struct nrc_in, hosts)},
        {.key = "client_id",
         .fallback = "",
         .doc = "By which the zaaksysteem knows us when something is fetched (ZGW token); without it no token is sent.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_in, http.client_id)},
        {.key = "client_secret",
         .fallback = "",
         .doc = "With which these tokens are signed, shared with the zaaksysteem.",
         .type = OPTION_PASSWORD,
         .offset = offsetof(struct nrc_in, http.client_secret)},
        {.key = "user_id",
         .fallback = "",
         .doc = "Who is said to fetch, for the audit trail of the zaaksysteem.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_in, http.user_id)},
        {.key = "user_representation",
         .fallback = "",
         .doc = "The same in words.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_in, http.user_representation)},
        {.key = "fetches",
         .fallback = "8",
         .doc = "Resources that are fetched side by side.",
         .type = OPTION_INT,
         .offset = offsetof(struct nrc_in, fetches),
         .min = 1,
         .max = 64},
        {.key = "fetch_timeout",
         .fallback = "10 s",
         .doc = "Fetching one resource may take so long.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct nrc_in, http.timeout),
         .min = 100,
         .max = 60000},
        {.key = "ca_file",
         .fallback = "",
         .doc = "Certificates, in PEM, of those who may vouch for the zaaksysteem; default those of the system.",
         .type = OPTION_PATH,
         .offset = offsetof(struct nrc_in, http.ca_file)},
        {.key = "proxy",
         .fallback = "",
         .doc = "HTTP proxy on the way to it, such as http://proxy:3128; the environment's is not used.",
         .type = OPTION_STRING,
         .offset = offsetof(struct nrc_in, http.proxy)},
        {.key = "allow_http",
         .fallback = "false",
         .doc = "Allows plain http to another machine, for a network that is protected otherwise.",
         .type = OPTION_BOOLEAN,
         .offset = offsetof(struct nrc_in, http.allow_http)},
        {.key = "connections",
         .fallback = "200",
         .doc = "Connections at once, and so notifications that wait; more wait in the queue of the operating system.",
         .type = OPTION_INT,
         .offset = offsetof(struct nrc_in, listening.connections),
         .min = 1,
         .max = 2000},
        {.key = "per_address",
         .fallback = "0",
         .doc = "Connections at once from one address; 0 is without a limit, as behind a reverse proxy.",
         .type = OPTION_INT,
         .offset = offsetof(struct nrc_in, listening.per_address),
         .min = 0,
         .max = 2000},
        {.key = "timeout",
         .fallback = "10 s",
         .doc = "A connection on which nothing moves for so long is closed; rounded up to whole seconds. A whole request has a minute.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct nrc_in, listening.timeout),
         .min = 1000,
         .max = 600000},
        {0},
};

const struct connector_ops connector_nrc_in = {
        .name = "nrc-in",
        .summary = "takes the notifications of a zaaksysteem (ZGW), and publishes what they are about",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct nrc_in),
        .options = options,
        .verbs = verbs,
        .check = nrc_in_check,
        .open = nrc_in_open,
        .close = nrc_in_close,
        .turn = nrc_in_turn,
        .quiesce = nrc_in_quiesce,
        .settled = nrc_in_settled,
};
