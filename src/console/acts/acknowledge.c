/* SPDX-License-Identifier: EUPL-1.2 */

/* From a form to an event that is published, and what the rules make of it. */

#include "console/acts/acknowledge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "calendar/explain.h"
#include "cluster/audit.h"
#include "cluster/event_record.h"
#include "connect/intake.h"

#define ACKNOWLEDGE_EVENT "alert-acknowledged"
#define ACKNOWLEDGE_BY_MAX 64       /* bytes of a function */
#define ACKNOWLEDGE_BODY_MAX 4096
#define ACKNOWLEDGE_WAIT_MS 1000    /* for what the rules say; then it is said later, on the page of the case */
#define ACKNOWLEDGE_SLICE_MS 50
#define ACKNOWLEDGE_NOTICE_MAX 400

void acknowledge_form(const struct exchange *x, struct html *h, const struct uuid *alert_id, const struct organisation *of) {
        char id[UUID_TEXT + 1], form[UUID_TEXT + 1];
        uint8_t random[16];
        struct uuid drawn;

        if (!exchange_may(x, ROLE_BEHEER) || (x->person->organisation && x->person->organisation != of) || random_bytes(random, sizeof(random)))
                return;
        drawn = uuid_v4(random);
        uuid_format(alert_id, id);
        uuid_format(&drawn, form);
        part_act_begin(h, "/meldingen/bevestigen", x->token);
        part_hidden(h, "alert", id);
        part_hidden(h, "form", form);
        part_field_required(h, "by", SAY(x, "Taken up by (a function, no name)", "Opgepakt door (functie, geen naam)"), NULL, ACKNOWLEDGE_BY_MAX);
        part_act_end(h, SAY(x, "Acknowledge", "Bevestig"), false);
}

/* -- Which alert -- */

struct acknowledging {
        struct exchange *x;
        struct uuid alert_id, event_id;
        const char *by;
        bool found;                /* it is open: */
        struct replica_alert alert; /* texts are not kept, but: */
        char protocol[BUS_NAME_MAX + 1];
        const struct organisation *source;
};

static void acknowledge_see(void *ctx, const struct replica_alert *alert) {
        struct acknowledging *a = ctx;

        if (!uuid_equal(&alert->alert_id, &a->alert_id))
                return;
        a->found = true;
        a->alert = *alert;
        (void) snprintf(a->protocol, sizeof(a->protocol), "%.*s", (int)alert->protocol.n, alert->protocol.s);
}

/* Return: whether the id is that of an alert at all. */
static bool acknowledge_find(struct acknowledging *a) {
        struct replica *replica = a->x->console->replica;
        struct replica_hit hits[REPLICA_HITS_MAX];
        bool known = false;
        size_t n;

        replica_lock(replica);
        n = replica_find(replica, &a->alert_id, hits);
        for (size_t i = 0; i < n && !a->found; i++) {
                const struct replica_alerts_filter filter = {.case_id = &hits[i].case_id};
                struct replica_alerts_page page;

                if (strcmp(hits[i].field, "alert_id") != 0)
                        continue;
                known = true;
                replica_alerts(replica, &filter, NULL, SIZE_MAX, acknowledge_see, a, &page);
        }
        replica_unlock(replica);
        return known;
}

/* What was asked. False: it was answered that it cannot be. */
static bool acknowledge_read(struct acknowledging *a) {
        struct exchange *x = a->x;
        const char *alert = web_form(x->request, "alert"), *form = web_form(x->request, "form");
        const struct organisation *own = x->person->organisation;
        char name[PERSON_NAME_MAX + 4 * UUID_TEXT];
        struct uuid drawn;
        bool known;
        int n;

        a->by = web_form(x->request, "by");
        if (!alert || !uuid_parse(alert, strlen(alert), &a->alert_id) || !form || !uuid_parse(form, strlen(form), &drawn)) {
                exchange_bad_query(x, alert && uuid_parse(alert, strlen(alert), &a->alert_id) ? "form" : "alert");
                return false;
        }
        if (!a->by || !a->by[strspn(a->by, " \t")] || strlen(a->by) > ACKNOWLEDGE_BY_MAX) {
                exchange_problem(x, 400, SAY(x, "Say by which function it is taken up, in 64 bytes at most; no name.",
                                             "Zeg door welke functie het is opgepakt, in ten hoogste 64 bytes; geen naam."));
                return false;
        }
        known = acknowledge_find(a);
        if (!known || (own && (!a->found || a->alert.organisation != own))) {
                exchange_not_found(x);
                return false;
        }
        if (!a->found) {
                exchange_problem(x, 409, SAY(x, "This alert is not open any more: nothing waits for an answer.",
                                             "Deze melding staat niet meer open: niets wacht op een antwoord."));
                return false;
        }
        a->source = own ? own : organisations_operators(x->console->config->organisations);
        n = snprintf(name, sizeof(name), "acknowledge|%s|%s|%s", alert, x->person->name, form);
        a->event_id = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n < sizeof(name) ? (size_t)n : sizeof(name) - 1);
        return true;
}

/* -- Publishing -- */

static void acknowledge_put_id(struct json_writer *w, const char *key, const struct uuid *id) {
        char text[UUID_TEXT + 1];

        uuid_format(id, text);
        jsonw_put_string(w, key, text);
}

/* The event as its source would send it. */
static void acknowledge_write(const struct acknowledging *a, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "event", ACKNOWLEDGE_EVENT);
        acknowledge_put_id(&w, "event_id", &a->event_id);
        acknowledge_put_id(&w, "case_id", &a->alert.case_id);
        jsonw_put_string(&w, "source", a->source->id);
        instant_put_exact(&w, "occurred_at", a->x->now);
        instant_put_exact(&w, "recorded_at", a->x->now);
        acknowledge_put_id(&w, "alert_id", &a->alert_id);
        jsonw_put_string(&w, "by", a->by);
        jsonw_close_object(&w);
}

static void acknowledge_settled(void *ctx, const struct bus_report *report) {
        *(enum bus_sent *)ctx = report->sent;
}

/* Waits until all replicas have it. Return: 0; negative errno with a sentence: it is not known to be there. */
static int acknowledge_publish(const struct acknowledging *a, const struct event *event, struct error *err) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(BUS_RECORD_MAX);
        enum bus_sent sent = BUS_OPEN;
        CLEANUP(bus_producer_close_p) struct bus_producer *producer = NULL;
        static const char *const topics[] = {ACKNOWLEDGE_EVENT};
        const struct bus_producer_config config = {.settled = acknowledge_settled, .ctx = &sent, .topics = topics, .topics_n = ELEMENTS(topics)};
        struct event_record made;
        size_t left;
        int r = bus_producer_open(a->x->console->bus, &config, &producer, err);

        if (r == 0)
                r = event_record_make(event, a->x->console->config->organisations, (struct text){0}, &body, &made);
        if (r == 0)
                r = bus_producer_send(producer, &made.record, NULL, err);
        if (r == 0)
                r = bus_producer_flush(producer, BUS_MESSAGE_MS, &left, err);
        if (r == 0 && sent != BUS_SENT)
                error_set(err, "the broker did not take the acknowledgement");
        return r < 0 ? r : r > 0 || sent != BUS_SENT ? -EIO : 0;
}

/* -- What the rules make of it -- */

/* Whether the agreement says at all that an acknowledgement holds anything back. */
static bool acknowledge_can_hold(const struct acknowledging *a) {
        const struct protocols *all = &a->x->console->config->protocols;

        for (size_t i = 0; i < all->n; i++) {
                if (strcmp(all->items[i]->name, a->protocol) == 0 && all->items[i]->has_hold)
                        return true;
        }
        return false;
}

/* Until when it holds, as the replica learns it of the workers; 0: not known in time. */
static instant_t acknowledge_wait(const struct acknowledging *a) {
        struct replica *replica = a->x->console->replica;
        instant_t until = 0;

        for (int ms = 0; ms < ACKNOWLEDGE_WAIT_MS && !until; ms += ACKNOWLEDGE_SLICE_MS) {
                (void) nanosleep(&(struct timespec){.tv_nsec = ACKNOWLEDGE_SLICE_MS * 1000000L}, NULL);
                replica_lock(replica);
                until = replica_acknowledged_until(replica, &a->alert);
                replica_unlock(replica);
        }
        return until;
}

static void acknowledge_answer(struct acknowledging *a) {
        struct exchange *x = a->x;
        const bool can_hold = acknowledge_can_hold(a);
        const instant_t until = can_hold ? acknowledge_wait(a) : 0;
        char notice[ACKNOWLEDGE_NOTICE_MAX], location[UUID_TEXT + 16], id[UUID_TEXT + 1], date[DATE_DUTCH_MAX], iso[DATE_TEXT + 1];

        if (!can_hold) {
                (void) snprintf(notice, sizeof(notice), "%s", SAY(x, "Acknowledged. The agreement does not say that this holds anything back.",
                                                                  "Bevestigd. De afspraak zegt niet dat dit iets tegenhoudt."));
        } else if (until) {
                date_format(date_of_instant(until), iso);
                (void) snprintf(notice, sizeof(notice), SAY(x, "Acknowledged. Rungs above %d are held back until %s; what was raised stays raised.",
                                                            "Bevestigd. Treden boven %d worden tegengehouden tot %s; wat gemeld is blijft staan."),
                                a->alert.rung, SAY(x, iso, date_dutch(date_of_instant(until), date)));
        } else {
                (void) snprintf(notice, sizeof(notice), "%s",
                                SAY(x, "Acknowledged. The rules will judge it: while it holds, higher rungs wait; what was raised stays.",
                                    "Bevestigd. De regels oordelen erover: zolang het geldt wachten hogere treden; wat gemeld is blijft."));
        }
        uuid_format(&a->alert.case_id, id);
        (void) snprintf(location, sizeof(location), "/zaken/%s", id);
        exchange_done(x, exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS) ? location : "/meldingen", notice);
}

static void acknowledge_refuse(struct exchange *x, const struct problem *problem) {
        char detail[ERROR_TEXT_MAX + 64];

        (void) snprintf(detail, sizeof(detail), "%s", problem->n > 0 ? problem->mistakes[0].text : problem->detail.text);
        exchange_problem(x, 400, detail);
}

/* Read and checked as what comes in from elsewhere. */
static void acknowledge_submit(struct acknowledging *a, const struct event_type *type, struct arena *arena) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(ACKNOWLEDGE_BODY_MAX);
        struct exchange *x = a->x;
        struct problem problem = {.language = x->language};
        struct intake_request request = {.type = type, .caller = a->source, .form = INTAKE_PLAIN, .now = x->now, .language = x->language};
        char object[UUID_TEXT + 1];
        struct intake intake = {0};
        struct error err = {0};

        acknowledge_write(a, &body);
        request.body = buffer_text(&body);
        request.n = body.n;
        uuid_format(&a->alert.case_id, object);
        if (!intake_allowed(type, a->source, x->language, &problem) ||
            !intake_read(&request, x->console->config->organisations, arena, &intake, &problem)) {
                acknowledge_refuse(x, &problem);
        } else if (exchange_audit(x, AUDIT_ACKNOWLEDGE, object, NULL)) {
                if (acknowledge_publish(a, &intake.event, &err)) {
                        /* What stands there says that it was done; where the broker takes neither, a second try of the same form says so again. */
                        if (exchange_audit_result(x, AUDIT_ACKNOWLEDGE, object, AUDIT_FAILED, NULL))
                                exchange_problem(x, 503,
                                                 SAY(x, "The broker did not take the acknowledgement; press the button of the same form again: it counts once.",
                                                     "De broker nam de bevestiging niet aan; druk in hetzelfde formulier weer op de knop: het telt een keer."));
                } else {
                        acknowledge_answer(a);
                }
        }
        intake_done(&intake);
}

void acknowledge_act(struct exchange *x) {
        struct acknowledging a = {.x = x};
        const struct event_type *type = event_types_find(x->console->config->types, text_of(ACKNOWLEDGE_EVENT));
        CLEANUP(arena_free_p) struct arena *arena = NULL;

        if (!acknowledge_read(&a))
                return;
        if (!type || arena_new(&arena, INTAKE_ARENA_MAX))
                exchange_problem(x, 503, SAY(x, "Acknowledgements cannot be taken here.", "Bevestigen kan hier niet."));
        else
                acknowledge_submit(&a, type, arena);
}
