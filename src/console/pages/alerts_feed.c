/* SPDX-License-Identifier: EUPL-1.2 */

/* The latest open alerts of one organisation, as Atom. */

#include "console/pages/alerts_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/explain.h"
#include "cluster/audit.h"
#include "console/pages/alerts.h"
#include "engine/pool.h"

#define FEED_ENDING ".atom"
#define FEED_BASE_MAX 512

struct feed_item {
        struct replica_alert alert;
        char instance[INSTANCE_TEXT_MAX]; /* its text: what is shown lends it for that call alone */
};

struct feed_page {
        struct exchange *x;
        const struct organisation *of;
        char base[FEED_BASE_MAX]; /* how readers call this console: https://host */
        struct feed_item latest[ALERTS_FEED_MAX]; /* a ring */
        size_t seen, n;
        struct html h;
};

/* -- Which alerts -- */

static const struct organisation *feed_organisation(const struct exchange *x) {
        size_t n = strlen(x->rest), ending = strlen(FEED_ENDING);
        const struct organisation *of;

        if (n <= ending || strcmp(x->rest + n - ending, FEED_ENDING) != 0)
                return NULL;
        of = organisations_find(x->console->config->organisations, (struct text){x->rest, n - ending});
        return of && (!x->person->organisation || x->person->organisation->index == of->index) ? of : NULL;
}

static void feed_see(void *ctx, const struct replica_alert *alert) {
        struct feed_page *p = ctx;
        struct feed_item *item = &p->latest[p->seen++ % ALERTS_FEED_MAX];

        item->alert = *alert;
        (void) snprintf(item->instance, sizeof(item->instance), "%.*s", (int)alert->instance.n, alert->instance.s);
        item->alert.instance = text_of(item->instance);
}

/* The other texts of the alerts are the replica's: they are written while its lock is held. */
static const struct replica_alert *feed_at(const struct feed_page *p, size_t place) {
        return &p->latest[(p->seen - 1 - place) % ALERTS_FEED_MAX].alert;
}

/* -- Atom: every element has an end, so it is XML as well -- */

static void feed_instant(struct feed_page *p, const char *name, instant_t at) {
        char text[INSTANT_TEXT + 1];

        instant_format_exact(at, text);
        html_element(&p->h, name, NULL, text);
}

static void feed_link(struct feed_page *p, const char *rel, const char *type, const char *path) {
        html_begin(&p->h, "link");
        html_attr(&p->h, "rel", rel);
        html_attr(&p->h, "type", type);
        html_attrf(&p->h, "href", "%s%s", p->base, path);
        html_end(&p->h, "link");
}

static void feed_entry(struct feed_page *p, const struct replica_alert *alert) {
        char id[UUID_TEXT + 1], path[UUID_TEXT + sizeof("/zaken/")], day[DATE_DUTCH_MAX];
        const char *title = alerts_norm_title(p->x->console->config, alert->protocol, alert->norm);

        html_begin(&p->h, "entry");
        uuid_format(&alert->alert_id, id);
        html_begin(&p->h, "id");
        html_textf(&p->h, "urn:uuid:%s", id);
        html_end(&p->h, "id");
        html_begin(&p->h, "title");
        html_textf(&p->h, "%.*s: trede %d", title ? (int)strlen(title) : (int)alert->norm.n, title ? title : alert->norm.s, alert->rung);
        html_end(&p->h, "title");
        feed_instant(p, "updated", alert->since);
        uuid_format(&alert->case_id, id);
        (void) snprintf(path, sizeof(path), "/zaken/%s", id);
        feed_link(p, "alternate", "text/html", path);
        html_begin(&p->h, "category");
        html_attr(&p->h, "scheme", "urn:ketenwacht:norm");
        html_attrf(&p->h, "term", "%.*s/%.*s", (int)alert->protocol.n, alert->protocol.s, (int)alert->norm.n, alert->norm.s);
        html_end(&p->h, "category");
        html_begin(&p->h, "summary");
        html_textf(&p->h, "Uiterlijk op %s; gemeld als %.*s. Zaak %s, kenmerk %.*s.", date_dutch(alert->due_date, day), (int)alert->role.n, alert->role.s, id,
                   (int)alert->instance.n, alert->instance.s);
        html_end(&p->h, "summary");
        html_end(&p->h, "entry");
}

static void feed_write(struct feed_page *p) {
        char path[sizeof("/meldingen/?organisation=") + 128];

        p->x->answer->content_type = "application/atom+xml; charset=utf-8";
        p->h = (struct html)HTML_WRITER(&p->x->answer->body);
        html_begin(&p->h, "feed");
        html_attr(&p->h, "xmlns", "http://www.w3.org/2005/Atom");
        html_attr(&p->h, "xml:lang", "nl");
        html_begin(&p->h, "id");
        html_textf(&p->h, "urn:ketenwacht:meldingen:%s", p->of->id);
        html_end(&p->h, "id");
        html_begin(&p->h, "title");
        html_textf(&p->h, "Open meldingen aan %s", p->of->name);
        html_end(&p->h, "title");
        feed_instant(p, "updated", p->n ? feed_at(p, 0)->since : p->x->now);
        html_begin(&p->h, "author");
        html_element(&p->h, "name", NULL, "ketenwacht");
        html_end(&p->h, "author");
        (void) snprintf(path, sizeof(path), "/meldingen/%s" FEED_ENDING, p->of->id);
        feed_link(p, "self", "application/atom+xml", path);
        (void) snprintf(path, sizeof(path), "/meldingen?organisation=%s", p->of->id);
        feed_link(p, "alternate", "text/html", path);
        for (size_t i = 0; i < p->n; i++)
                feed_entry(p, feed_at(p, i));
        html_end(&p->h, "feed");
}

/* -- The page -- */

static void feed_call(struct feed_page *p) {
        const struct exchange *x = p->x;
        const char *origin = x->console->settings->origin, *host;
        bool many;

        host = web_header_once(x->request, "Host", &many);
        if (origin)
                (void) snprintf(p->base, sizeof(p->base), "%s", origin);
        else
                (void) snprintf(p->base, sizeof(p->base), "%s://%s", exchange_is_secure(x) ? "https" : "http", host ? host : "localhost");
}

void page_alerts_feed(struct exchange *x) {
        const struct organisation *of = feed_organisation(x);
        struct replica_alerts_page page;
        struct feed_page *p;

        if (!of) {
                exchange_not_found(x);
                return;
        }
        if (!exchange_audit(x, AUDIT_EXPORT, "alerts", NULL))
                return;
        p = calloc(1, sizeof(*p));
        if (!p) {
                exchange_problem(x, 503, SAY(x, "There is no memory for this feed now.", "Er is nu geen geheugen voor deze feed."));
                return;
        }
        p->x = x;
        p->of = of;
        feed_call(p);
        replica_lock(x->console->replica);
        replica_alerts(x->console->replica, &(struct replica_alerts_filter){.organisation = of}, NULL, REPLICA_ALERTS_MAX, feed_see, p, &page);
        p->n = p->seen < ALERTS_FEED_MAX ? p->seen : ALERTS_FEED_MAX;
        feed_write(p);
        replica_unlock(x->console->replica);
        free(p);
}
