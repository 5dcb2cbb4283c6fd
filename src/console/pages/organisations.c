/* SPDX-License-Identifier: EUPL-1.2 */

/* The list of organisations, and the page of one. */

#include "console/pages/organisations.h"

#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "cluster/topics.h"
#include "console/organisation_roles.h"
#include "console/overview.h"
#include "console/pages/deliveries_section.h"

#define ORGANISATIONS_HREF (sizeof("/meldingen?organisation=") + NAME_MAX_BYTES)

/* What each kind is called. */
static const struct {
        const char *en, *nl;
} organisations_kinds[KINDS] = {
        [KIND_MUNICIPALITY] = {"municipality", "gemeente"},
        [KIND_GI] = {"GI", "GI"},
        [KIND_PROVIDER] = {"provider", "aanbieder"},
        [KIND_REGION] = {"region", "regio"},
        [KIND_COUNCIL] = {"council", "Raad voor de Kinderbescherming"},
        [KIND_VEILIG_THUIS] = {"Veilig Thuis", "Veilig Thuis"},
        [KIND_PURCHASER] = {"purchaser", "inkooporganisatie"},
        [KIND_INSPECTORATE] = {"inspectorate", "inspectie"},
        [KIND_OPERATORS] = {"operators", "beheer"},
        [KIND_OTHER] = {"other", "anders"},
};

static const char *organisations_kind(const struct exchange *x, enum organisation_kind kind) {
        return SAY(x, organisations_kinds[kind].en, organisations_kinds[kind].nl);
}

/* The row that holds today, or the last one. */
static const struct organisation *organisations_present(const struct organisation *of, instant_t now) {
        const struct organisation *row = organisation_on(of, date_of_instant(now));

        for (; !row && of->next;)
                of = of->next;
        return row ? row : of;
}

/* -- One line -- */

struct organisations_line {
        const struct organisation *row; /* of the present */
        struct overview_waiting inbox;
        bool known;                     /* what stands in the inbox */
        struct replica_open open;
};

static struct organisations_line organisations_line_of(const struct overview *overview, const struct organisation *of, instant_t now) {
        struct organisations_line line = {.row = organisations_present(of, now), .known = overview->picture != NULL};
        struct overview one = *overview; /* its picture is lent by the caller */

        one.of = of;
        line.inbox = overview_inbox(&one);
        replica_lock(one.console->replica);
        replica_open_alerts(one.console->replica, of, &line.open);
        replica_unlock(one.console->replica);
        return line;
}

static void organisations_put_inbox(struct json_writer *w, const struct organisations_line *line) {
        if (!line->known)
                return;
        jsonw_key(w, "inbox");
        jsonw_open_object(w);
        jsonw_put_int(w, "waiting", line->inbox.waiting);
        if (line->inbox.oldest)
                instant_put_exact(w, "oldest", line->inbox.oldest);
        jsonw_close_object(w);
}

static void organisations_put_alerts(struct json_writer *w, const struct replica_open *open) {
        jsonw_key(w, "alerts");
        jsonw_open_object(w);
        jsonw_put_int(w, "open", open->all);
        overview_put_rungs(w, open);
        if (open->oldest)
                instant_put_exact(w, "oldest", open->oldest);
        jsonw_close_object(w);
}

static void organisations_put_head(struct json_writer *w, const struct organisation *row) {
        jsonw_put_string(w, "organisation", row->id);
        jsonw_put_string(w, "name", row->name);
        jsonw_put_string(w, "kind", organisation_kind_names[row->kind]);
        if (row->region)
                jsonw_put_string(w, "region", row->region->id);
}

/* -- The list -- */

struct organisations_page {
        struct exchange *x;
        struct html h;
        struct overview overview;
        enum organisation_kind kind;
        bool has_kind;
        const struct region *region;
        size_t from, to, n; /* of those that pass */
};

static bool organisations_pass(const struct organisations_page *p, const struct organisation *of) {
        const struct organisation *row = organisations_present(of, p->x->now);

        if (p->x->person->organisation && p->x->person->organisation->index != of->index)
                return false;
        if (p->has_kind && row->kind != p->kind)
                return false;
        return !p->region || (row->region && region_within(row->region, p->region));
}

/* Gives those that are on this page to @see. */
static void organisations_each(struct organisations_page *p, void (*see)(void *ctx, const struct organisations_line *line), void *ctx) {
        const struct organisations *all = p->x->console->config->organisations;

        p->n = 0;
        for (size_t i = 0; i < organisations_count(all); i++) {
                const struct organisation *of = organisations_at(all, i);

                if (!organisations_pass(p, of))
                        continue;
                if (p->n >= p->from && p->n < p->to) {
                        struct organisations_line line = organisations_line_of(&p->overview, of, p->x->now);

                        see(ctx, &line);
                }
                p->n++;
        }
}

static void organisations_see_json(void *ctx, const struct organisations_line *line) {
        struct json_writer *w = ctx;

        jsonw_open_object(w);
        organisations_put_head(w, line->row);
        organisations_put_inbox(w, line);
        organisations_put_alerts(w, &line->open);
        jsonw_close_object(w);
}

static void organisations_json(struct organisations_page *p) {
        struct json_writer w = exchange_json(p->x);
        char next[32];

        jsonw_open_object(&w);
        instant_put_exact(&w, "at", p->x->now);
        jsonw_key(&w, "organisations");
        jsonw_open_array(&w);
        organisations_each(p, organisations_see_json, &w);
        jsonw_close_array(&w);
        (void) snprintf(next, sizeof(next), "%zu", p->to);
        jsonw_key(&w, "next");
        p->to < p->n ? jsonw_string(&w, next) : jsonw_null(&w);
        jsonw_close_object(&w);
}

struct organisations_table {
        const struct exchange *x;
        struct part_table t;
};

static void organisations_cell_waiting(struct organisations_table *d, const struct organisations_line *line) {
        if (line->known)
                part_cell_int(&d->t, line->inbox.waiting, d->x->language);
        else
                part_cell_text(&d->t, SAY(d->x, "not known", "niet bekend"));
        part_cell_instant(&d->t, line->inbox.oldest, d->x->now, d->x->language);
}

static void organisations_see_row(void *ctx, const struct organisations_line *line) {
        struct organisations_table *d = ctx;
        const struct exchange *x = d->x;
        char href[ORGANISATIONS_HREF];

        part_row_begin(&d->t, NULL);
        (void) snprintf(href, sizeof(href), "/organisaties/%s", line->row->id);
        part_cell_begin(&d->t);
        html_begin(d->t.h, "a");
        html_attr(d->t.h, "href", href);
        part_said(d->t.h, LANGUAGE_NL, line->row->name);
        html_end(d->t.h, "a");
        part_cell_end(&d->t);
        part_cell_text(&d->t, line->row->id);
        part_cell_text(&d->t, organisations_kind(x, line->row->kind));
        part_cell_text(&d->t, line->row->region ? line->row->region->name : NULL);
        organisations_cell_waiting(d, line);
        part_cell_int(&d->t, line->open.all, x->language);
        part_cell_instant(&d->t, line->open.oldest, x->now, x->language);
        part_row_end(&d->t);
}

static void organisations_filter(struct organisations_page *p) {
        struct exchange *x = p->x;
        const struct organisations *all = x->console->config->organisations;
        struct part_choice kinds[KINDS + 1] = {{"", SAY(x, "all", "alle")}};

        for (size_t k = 0; k < KINDS; k++)
                kinds[k + 1] = (struct part_choice){organisation_kind_names[k], organisations_kind(x, (enum organisation_kind)k)};
        part_filter_begin(&p->h, "/organisaties", SAY(x, "Which organisations", "Welke organisaties"));
        part_select(&p->h, "kind", SAY(x, "Kind", "Soort"), p->has_kind ? organisation_kind_names[p->kind] : "", kinds, ELEMENTS(kinds));
        if (regions_count(all) > 0)
                part_field(&p->h, "region", SAY(x, "Region (id)", "Regio (id)"), p->region ? p->region->id : NULL);
        part_filter_end(&p->h, x->language);
}

static void organisations_show(struct organisations_page *p) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Organisation", "Organisatie"), PART_TEXT}, {SAY(x, "Id", "Id"), PART_TEXT}, {SAY(x, "Kind", "Soort"), PART_TEXT},
                {SAY(x, "Region", "Regio"), PART_TEXT}, {SAY(x, "Waits in its inbox", "Wacht in haar inbox"), PART_NUMBER},
                {SAY(x, "Oldest since", "Oudste sinds"), PART_TEXT}, {SAY(x, "Open alerts", "Open meldingen"), PART_NUMBER},
                {SAY(x, "Oldest alert", "Oudste melding"), PART_TEXT},
        };
        struct organisations_table d = {.x = x};
        char more[EXCHANGE_LINK_MAX], after[32];

        exchange_page_begin(x, &p->h, SAY(x, "Organisations", "Organisaties"));
        if (!x->person->organisation)
                organisations_filter(p);
        part_table_begin(&d.t, &p->h, "organisations", SAY(x, "Organisations, as they are configured today", "Organisaties, zoals vandaag geconfigureerd"),
                         columns, ELEMENTS(columns));
        organisations_each(p, organisations_see_row, &d);
        part_table_end(&d.t, SAY(x, "None fits.", "Er past er geen."));
        (void) snprintf(after, sizeof(after), "%zu", p->to);
        part_more(&p->h, p->to < p->n ? exchange_link(x, "after", after, more) : NULL, x->language);
        exchange_page_end(x, &p->h);
}

void page_organisations(struct exchange *x) {
        struct organisations_page p = {.x = x, .from = exchange_after(x)};
        const char *kind = exchange_query(x, "kind"), *region = exchange_query(x, "region");

        p.to = p.from + exchange_limit(x);
        p.has_kind = kind != NULL;
        if (kind && !organisation_kind_of(kind, &p.kind)) {
                exchange_bad_query(x, "kind");
                return;
        }
        p.region = region ? regions_find(x->console->config->organisations, text_of(region)) : NULL;
        if (region && !p.region) {
                exchange_bad_query(x, "region");
                return;
        }
        overview_begin(x->console, NULL, &p.overview);
        if (x->json)
                organisations_json(&p);
        else
                organisations_show(&p);
        overview_end(&p.overview);
}

/* -- One -- */

struct organisation_page {
        struct exchange *x;
        struct html h;
        struct part_table t;
        struct json_writer w;
        const struct organisation *of, *row;
        struct overview overview;
        struct organisations_line line;
};

static const char *organisation_dates(const struct organisation *row, char ret[2 * DATE_TEXT + 8]) {
        char from[DATE_TEXT + 1] = "\xe2\x80\xa6", until[DATE_TEXT + 1] = "\xe2\x80\xa6";

        if (row->from != INT32_MIN)
                date_format(row->from, from);
        if (row->until != INT32_MAX)
                date_format(row->until, until);
        (void) snprintf(ret, 2 * DATE_TEXT + 8, "%s \xe2\x80\x93 %s", from, until);
        return ret;
}

static void organisation_head(struct organisation_page *p) {
        struct exchange *x = p->x;
        char href[ORGANISATIONS_HREF], text[256], number[PART_NUMBER_TEXT];

        part_terms_begin(&p->h);
        part_term(&p->h, SAY(x, "Id", "Id"), p->of->id);
        part_term(&p->h, SAY(x, "Kind", "Soort"), organisations_kind(x, p->row->kind));
        part_term(&p->h, SAY(x, "Region", "Regio"), p->row->region ? p->row->region->name : NULL);
        part_term(&p->h, "URN", p->row->urn);
        part_term_begin(&p->h, SAY(x, "Open alerts", "Open meldingen"));
        (void) snprintf(href, sizeof(href), "/meldingen?organisation=%s", p->of->id);
        (void) snprintf(text, sizeof(text), SAY(x, "%s open", "%s open"), part_number(p->line.open.all, x->language, number));
        html_link(&p->h, href, text);
        if (p->line.open.oldest) {
                html_text(&p->h, SAY(x, ", the oldest since ", ", de oudste sinds "));
                part_instant(&p->h, p->line.open.oldest, x->now, x->language);
        }
        part_term_end(&p->h);
        part_terms_end(&p->h);
}

static void organisation_inbox_row(struct organisation_page *p, const struct flows_group *group) {
        const struct standing_part *part = overview_inbox_part(&p->overview, group);
        struct exchange *x = p->x;

        part_row_begin(&p->t, NULL);
        part_cell_text(&p->t, group->name);
        part_cell_int(&p->t, (int64_t)group->members, x->language);
        part_cell_int(&p->t, part ? part->waiting : 0, x->language);
        part_cell_instant(&p->t, part ? part->oldest : 0, x->now, x->language);
        part_cell_int(&p->t, part ? part->lost : 0, x->language);
        part_row_end(&p->t);
}

static void organisation_inbox(struct organisation_page *p) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Who reads (group)", "Wie leest (groep)"), PART_TEXT}, {SAY(x, "Members now", "Leden nu"), PART_NUMBER},
                {SAY(x, "Waits", "Wacht"), PART_NUMBER}, {SAY(x, "Oldest since", "Oudste sinds"), PART_TEXT}, {SAY(x, "Lost", "Verloren"), PART_NUMBER},
        };
        const struct flows_group *groups[OVERVIEW_READERS_MAX];
        size_t n = overview_groups(&p->overview, groups, ELEMENTS(groups));
        char number[PART_NUMBER_TEXT];

        html_element(&p->h, "h2", NULL, SAY(x, "Inbox", "Inbox"));
        if (!p->line.known) {
                part_notice(&p->h, PART_NOTE, SAY(x, "What waits is not known yet: the broker was not looked at.",
                                                  "Wat er wacht is nog niet bekend: de broker is nog niet bekeken."));
                return;
        }
        html_begin(&p->h, "p");
        if (p->line.inbox.waiting) {
                html_textf(&p->h, SAY(x, "%s%s records wait in ", "%s%s records wachten in "), p->line.inbox.more ? SAY(x, "about ", "ongeveer ") : "",
                           part_number(p->line.inbox.waiting, x->language, number));
                html_textf(&p->h, TOPIC_INBOX_PREFIX "%s", p->of->id);
                if (p->line.inbox.oldest) {
                        html_text(&p->h, SAY(x, ", the oldest since ", ", de oudste sinds "));
                        part_instant(&p->h, p->line.inbox.oldest, x->now, x->language);
                }
                html_text(&p->h, ".");
        } else {
                html_text(&p->h, SAY(x, "Nothing waits: all was collected.", "Er wacht niets: alles is opgehaald."));
        }
        html_end(&p->h, "p");
        if (p->overview.picture->groups_unknown)
                part_notice(&p->h, PART_NOTE, SAY(x, "This broker does not say who reads.", "Deze broker zegt niet wie er leest."));
        part_table_begin(&p->t, &p->h, "readers", SAY(x, "Who reads this inbox", "Wie deze inbox leest"), columns, ELEMENTS(columns));
        for (size_t i = 0; i < n; i++)
                organisation_inbox_row(p, groups[i]);
        part_table_end(&p->t, SAY(x, "No group ever read it.", "Geen enkele groep heeft haar ooit gelezen."));
}

/* Where a role comes from: "gm0014 (2021-01-01 – …)", "regio groningen", "protocol". */
static const char *organisation_origin(const struct exchange *x, const struct organisation_role *role, char ret[256]) {
        char dates[2 * DATE_TEXT + 8];

        if (role->row)
                (void) snprintf(ret, 256, SAY(x, "row of %s, %s", "regel van %s, %s"), role->row->id, organisation_dates(role->row, dates));
        else if (role->region)
                (void) snprintf(ret, 256, SAY(x, "region %s", "regio %s"), role->region->id);
        else
                (void) snprintf(ret, 256, "%s", SAY(x, "named by the protocol itself", "door de afspraak zelf genoemd"));
        return ret;
}

static void organisation_see_role(void *ctx, const struct organisation_role *role) {
        struct organisation_page *p = ctx;
        char origin[256];

        part_row_begin(&p->t, NULL);
        part_cell_text(&p->t, role->role);
        part_cell_text(&p->t, organisation_origin(p->x, role, origin));
        part_cell_text(&p->t, role->protocols[0] ? role->protocols : SAY(p->x, "none", "geen"));
        part_row_end(&p->t);
}

static void organisation_roles(struct organisation_page *p) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Role", "Rol"), PART_TEXT}, {SAY(x, "Comes from", "Komt van"), PART_TEXT},
                {SAY(x, "Protocols that look for it", "Afspraken die haar zoeken"), PART_TEXT},
        };

        html_element(&p->h, "h2", NULL, SAY(x, "Roles", "Rollen"));
        part_table_begin(&p->t, &p->h, "roles", SAY(x, "Roles that it has by configuration; those of a case (gi, municipality) follow from its events",
                                                    "Rollen die zij door configuratie heeft; die van een zaak (gi, municipality) volgen uit haar berichten"),
                         columns, ELEMENTS(columns));
        organisation_roles_each(x->console->config, p->of, organisation_see_role, p);
        part_table_end(&p->t, SAY(x, "None.", "Geen."));
}

static void organisation_rows(struct organisation_page *p) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Valid", "Geldig"), PART_TEXT}, {SAY(x, "Name", "Naam"), PART_TEXT}, {SAY(x, "Region", "Regio"), PART_TEXT},
                {SAY(x, "Then", "Daarna"), PART_TEXT},
        };
        char dates[2 * DATE_TEXT + 8];

        html_element(&p->h, "h2", NULL, SAY(x, "Validity", "Geldigheid"));
        part_table_begin(&p->t, &p->h, "rows", SAY(x, "Rows of organisations.yaml", "Regels van organisations.yaml"), columns, ELEMENTS(columns));
        for (const struct organisation *row = p->of; row; row = row->next) {
                part_row_begin(&p->t, NULL);
                part_cell_text(&p->t, organisation_dates(row, dates));
                part_cell_text(&p->t, row->name);
                part_cell_text(&p->t, row->region ? row->region->name : NULL);
                part_cell_text(&p->t, row->successor ? row->successor->name : NULL);
                part_row_end(&p->t);
        }
        part_table_end(&p->t, "");
}

static void organisation_contacts(struct organisation_page *p) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {
                {SAY(x, "Function", "Functie"), PART_TEXT}, {SAY(x, "For whom", "Voor wie"), PART_TEXT}, {SAY(x, "Mailbox", "Postvak"), PART_TEXT},
                {SAY(x, "Deputy", "Vervanger"), PART_TEXT},
        };

        html_element(&p->h, "h2", NULL, SAY(x, "Contacts", "Contacten"));
        part_table_begin(&p->t, &p->h, "contacts", SAY(x, "Who can be reached for what", "Wie waarvoor te bereiken is"), columns, ELEMENTS(columns));
        for (size_t i = 0; i < p->row->n_contacts; i++) {
                const struct organisation_contact *contact = &p->row->contacts[i];

                part_row_begin(&p->t, NULL);
                part_cell_text(&p->t, contact->function);
                part_cell_text(&p->t, contact->for_whom ? contact->for_whom : SAY(x, "everyone", "iedereen"));
                part_cell_text(&p->t, contact->mailbox);
                part_cell_text(&p->t, contact->deputy);
                part_row_end(&p->t);
        }
        part_table_end(&p->t, SAY(x, "None are configured.", "Er zijn er geen geconfigureerd."));
}

static void organisation_show(struct organisation_page *p) {
        exchange_page_begin(p->x, &p->h, p->row->name);
        organisation_head(p);
        organisation_inbox(p);
        deliveries_section(p->x, &p->h, p->of);
        organisation_roles(p);
        organisation_contacts(p);
        organisation_rows(p);
        exchange_page_end(p->x, &p->h);
}

/* -- One, for programs -- */

static void organisation_put_date(struct json_writer *w, const char *key, day_t date) {
        char text[DATE_TEXT + 1];

        if (date == INT32_MIN || date == INT32_MAX)
                return;
        date_format(date, text);
        jsonw_put_string(w, key, text);
}

static void organisation_put_role(void *ctx, const struct organisation_role *role) {
        struct organisation_page *p = ctx;

        jsonw_open_object(&p->w);
        jsonw_put_string(&p->w, "role", role->role);
        if (role->row) {
                jsonw_put_string(&p->w, "organisation", role->row->id);
                organisation_put_date(&p->w, "from", role->row->from);
                organisation_put_date(&p->w, "until", role->row->until);
        }
        if (role->region)
                jsonw_put_string(&p->w, "region", role->region->id);
        jsonw_put_string(&p->w, "protocols", role->protocols);
        jsonw_close_object(&p->w);
}

static void organisation_put_rows(struct organisation_page *p) {
        jsonw_key(&p->w, "rows");
        jsonw_open_array(&p->w);
        for (const struct organisation *row = p->of; row; row = row->next) {
                jsonw_open_object(&p->w);
                jsonw_put_string(&p->w, "name", row->name);
                organisation_put_date(&p->w, "from", row->from);
                organisation_put_date(&p->w, "until", row->until);
                if (row->region)
                        jsonw_put_string(&p->w, "region", row->region->id);
                if (row->successor)
                        jsonw_put_string(&p->w, "successor", row->successor->id);
                jsonw_close_object(&p->w);
        }
        jsonw_close_array(&p->w);
}

static void organisation_put_contacts(struct organisation_page *p) {
        jsonw_key(&p->w, "contacts");
        jsonw_open_array(&p->w);
        for (size_t i = 0; i < p->row->n_contacts; i++) {
                const struct organisation_contact *contact = &p->row->contacts[i];

                jsonw_open_object(&p->w);
                jsonw_put_string(&p->w, "function", contact->function);
                if (contact->for_whom)
                        jsonw_put_string(&p->w, "for", contact->for_whom);
                jsonw_put_string(&p->w, "mailbox", contact->mailbox);
                if (contact->deputy)
                        jsonw_put_string(&p->w, "deputy", contact->deputy);
                jsonw_close_object(&p->w);
        }
        jsonw_close_array(&p->w);
}

static void organisation_put_readers(struct organisation_page *p) {
        const struct flows_group *groups[OVERVIEW_READERS_MAX];
        size_t n = overview_groups(&p->overview, groups, ELEMENTS(groups));

        jsonw_key(&p->w, "readers");
        jsonw_open_array(&p->w);
        for (size_t i = 0; i < n; i++)
                jsonw_string(&p->w, groups[i]->name);
        jsonw_close_array(&p->w);
}

static void organisation_json(struct organisation_page *p) {
        p->w = exchange_json(p->x);
        jsonw_open_object(&p->w);
        instant_put_exact(&p->w, "at", p->x->now);
        organisations_put_head(&p->w, p->row);
        jsonw_put_string(&p->w, "urn", p->row->urn);
        organisations_put_inbox(&p->w, &p->line);
        organisation_put_readers(p);
        organisations_put_alerts(&p->w, &p->line.open);
        deliveries_section_put(p->x, &p->w, p->of);
        jsonw_key(&p->w, "roles");
        jsonw_open_array(&p->w);
        organisation_roles_each(p->x->console->config, p->of, organisation_put_role, p);
        jsonw_close_array(&p->w);
        organisation_put_contacts(p);
        organisation_put_rows(p);
        jsonw_close_object(&p->w);
}

void page_organisation(struct exchange *x) {
        struct organisation_page p = {.x = x, .of = organisations_find(x->console->config->organisations, text_of(x->rest))};

        if (!p.of || (x->person->organisation && x->person->organisation->index != p.of->index)) {
                exchange_not_found(x);
                return;
        }
        p.row = organisations_present(p.of, x->now);
        overview_begin(x->console, p.of, &p.overview);
        p.line = organisations_line_of(&p.overview, p.of, x->now);
        if (x->json)
                organisation_json(&p);
        else
                organisation_show(&p);
        overview_end(&p.overview);
}
