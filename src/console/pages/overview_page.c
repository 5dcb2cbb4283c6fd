/* SPDX-License-Identifier: EUPL-1.2 */

/* How the chain stands, on one page: a sentence, figures, and a table of each kind of thing that runs, waits or was refused. */

#include "console/pages/overview_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/topics.h"
#include "console/acts/connector.h"
#include "console/live.h"
#include "console/overview.h"
#include "console/pages/flow_cells.h"

#define OVERVIEW_TOPICS_SHOWN 12
#define OVERVIEW_GROUPS_SHOWN 30
#define OVERVIEW_BOXES_SHOWN 20
#define OVERVIEW_JSON_MAX ((size_t)16 << 20)
#define OVERVIEW_COLUMNS(c) (c), ELEMENTS(c)

/* -- The sentence, and what else is wrong -- */

static void overview_say(const struct exchange *x, const struct overview *o, struct html *h) {
        const struct status_problems *problems = o->picture && !o->of ? &o->picture->problems[x->language] : NULL;
        char text[OVERVIEW_SENTENCE_MAX];

        part_notice_begin(h, overview_is_well(o) ? PART_GOOD : o->of ? PART_NOTE : PART_WRONG);
        part_live(h, SAY(x, "/sentence/en", "/sentence/nl"), NULL, overview_sentence(o, x->language, text));
        part_notice_end(h);
        if (!problems || problems->n < 2)
                return;
        html_begin(h, "ul");
        for (size_t i = 0; i < problems->n; i++) {
                html_begin(h, "li");
                html_textf(h, "%s (%s)", problems->items[i].sentence, problems->items[i].code);
                html_end(h, "li");
        }
        html_end(h, "ul");
}

static void overview_figures(const struct exchange *x, const struct overview *o, struct html *h) {
        const struct overview_waiting rules = overview_lag(o, FLOWS_RULES), connectors = overview_lag(o, FLOWS_CONNECTOR);
        char number[PART_NUMBER_TEXT];

        part_figures_begin(h, SAY(x, "Figures", "Cijfers"));
        part_figure(h, SAY(x, "events a second", "gebeurtenissen per seconde"), "/events", "rate",
                    flow_rate_text(overview_rate(o, OVERVIEW_EVENTS), x->language, number));
        part_figure(h, SAY(x, "messages to inboxes a second", "berichten naar inboxen per seconde"), "/told", "rate",
                    flow_rate_text(overview_rate(o, OVERVIEW_INBOXES), x->language, number));
        part_figure(h, SAY(x, "records wait for the workers", "records wachten op de workers"), "/rules/records", "number",
                    part_number(rules.waiting, x->language, number));
        part_figure(h, SAY(x, "records wait for connectors", "records wachten op connectoren"), "/connectors/records", "number",
                    part_number(connectors.waiting, x->language, number));
        part_figure(h, SAY(x, "open alerts", "open meldingen"), "/alerts/open", "number", part_number(o->open.all, x->language, number));
        part_figure(h, SAY(x, "refused since yesterday", "geweigerd sinds gisteren"), "/letters", "number",
                    part_number(overview_letters(o), x->language, number));
        part_figures_end(h);
}

/* -- Workers -- */

static void overview_versions(const struct exchange *x, const struct status_whole *status, struct html *h) {
        int64_t least = INT64_MAX, most = -1;

        for (size_t i = 0; i < status->versions_n; i++) {
                if (status->versions[i] < 0)
                        continue;
                least = status->versions[i] < least ? status->versions[i] : least;
                most = status->versions[i] > most ? status->versions[i] : most;
        }
        if (most < 0)
                html_text(h, SAY(x, "not known yet", "nog niet bekend"));
        else if (least == most)
                html_textf(h, SAY(x, "%" PRId64 "; this console has %" PRId64, "%" PRId64 "; deze console heeft %" PRId64), most, status->version);
        else
                html_textf(h, SAY(x, "%" PRId64 " to %" PRId64 "; this console has %" PRId64, "%" PRId64 " tot %" PRId64 "; deze console heeft %" PRId64),
                           least, most, status->version);
}

/* How far their clock has come, and what the broker's says of it. */
static void overview_clock(const struct exchange *x, const struct replica_status *replica, struct html *h) {
        int64_t late = replica->written - replica->told;

        if (!replica->told) {
                html_text(h, SAY(x, "nothing was told yet", "er is nog niets gemeld"));
                return;
        }
        html_text(h, SAY(x, "something was told last ", "het laatst is iets gemeld "));
        part_instant(h, replica->told, x->now, x->language);
        if (!replica->written)
                return;
        html_text(h, SAY(x, "; the broker had it ", "; de broker had het "));
        part_age(h, late < 0 ? -late : late, x->language);
        html_text(h, late < 0 ? SAY(x, " earlier, by its own clock: one of the two is wrong",
                                    " eerder, volgens zijn eigen klok: een van de twee loopt verkeerd")
                              : SAY(x, " later, by its own clock", " later, volgens zijn eigen klok"));
}

static void overview_workers(const struct exchange *x, const struct overview *o, struct html *h) {
        const struct flows_group *group = flows_group_of(o->picture, TOPICS_GROUP_RULES);
        const struct status_consumer *rules = NULL;

        for (size_t i = 0; i < o->picture->status.consumers_n; i++) {
                if (o->picture->status.consumers[i].kind == STATUS_RULES)
                        rules = &o->picture->status.consumers[i];
        }
        html_element(h, "h2", NULL, SAY(x, "Workers", "Workers"));
        if (!rules) {
                html_element(h, "p", NULL, SAY(x, "This broker cannot be asked who reads: it is the embedded one.",
                                               "Deze broker kan niet gevraagd worden wie er leest: het is de ingebouwde."));
                return;
        }
        part_terms_begin(h);
        part_term_begin(h, SAY(x, "Instances", "Instanties"));
        html_textf(h, "%zu", rules->members);
        if (group && group->state == STANDING_MOVING)
                part_mark(h, PART_WARNING, SAY(x, " sharing out", " aan het verdelen"));
        part_term_end(h);
        part_term_begin(h, SAY(x, "Partitions", "Partities"));
        html_textf(h, SAY(x, "%zu, of which %zu without a reader", "%zu, waarvan %zu zonder lezer"), rules->partitions, status_unowned(rules));
        part_term_end(h);
        part_term_begin(h, SAY(x, "Version of the configuration", "Versie van de configuratie"));
        overview_versions(x, &o->picture->status, h);
        part_term_end(h);
        part_term_begin(h, SAY(x, "Clock", "Klok"));
        overview_clock(x, &o->replica, h);
        part_term_end(h);
        part_term_begin(h, SAY(x, "Rebalances seen", "Herverdelingen gezien"));
        html_textf(h, "%" PRIu64, group ? group->rebalances : 0);
        if (group && group->rebalanced_at) {
                html_text(h, SAY(x, "; the last ", "; de laatste "));
                part_instant(h, group->rebalanced_at, x->now, x->language);
                html_text(h, SAY(x, ", with partitions without a reader for about ", ", met partities zonder lezer gedurende ongeveer "));
                part_age(h, group->rebalance_ms, x->language);
        }
        part_term_end(h);
        part_terms_end(h);
}

/* -- Flows and lag -- */

static void overview_topic_row(struct exchange *x, struct part_table *t, const struct flows_topic *topic, size_t i) {
        char pointer[FLOW_POINTER_MAX], number[PART_NUMBER_TEXT];

        part_row_begin(t, NULL);
        flow_cell_topic(t, topic->name);
        part_cell_live(t, flow_pointer("topics", topic->name, "rate", pointer), "rate", flow_rate_text(topic->per_second, x->language, number));
        flow_cell_hour(t, x, topic, i);
        flow_cell_age(t, x, topic->newest, flow_pointer("topics", topic->name, "last", pointer));
        part_row_end(t);
}

static void overview_flows(struct exchange *x, const struct overview *o, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Topic", "Topic"), PART_TEXT},
                                              {SAY(x, "A second, over a minute", "Per seconde, over een minuut"), PART_NUMBER},
                                              {SAY(x, "Last hour", "Laatste uur"), PART_TEXT},
                                              {SAY(x, "Last record ago", "Laatste record, geleden"), PART_NUMBER}};
        const struct flows_topic *topics[OVERVIEW_TOPICS_SHOWN];
        size_t n = overview_topics(o, topics, ELEMENTS(topics));
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Flows", "Stromen"));
        part_table_begin(&t, h, "flows", SAY(x, "Topics through which most came in a day; markers of transactions are counted too",
                                             "Topics waar op een dag het meest doorheen kwam; markeringen van transacties tellen mee"),
                         OVERVIEW_COLUMNS(columns));
        for (size_t i = 0; i < n; i++)
                overview_topic_row(x, &t, topics[i], i);
        part_table_end(&t, SAY(x, "Nothing came in a day.", "Er kwam een dag lang niets."));
        if (!o->of)
                part_more(h, "/stromen", x->language);
}

static void overview_group_row(struct exchange *x, const struct overview *o, struct part_table *t, const struct flows_group *group) {
        const struct standing_part *part = o->of ? overview_inbox_part(o, group) : NULL;
        char pointer[FLOW_POINTER_MAX];

        part_row_begin(t, NULL);
        part_cell_text(t, group->name);
        flow_cell_number(t, x, (int64_t)group->members, flow_pointer("groups", group->name, "members", pointer));
        flow_cell_number(t, x, part ? part->waiting : group->waiting, flow_pointer("groups", group->name, "waiting", pointer));
        flow_cell_age(t, x, part ? part->oldest : group->oldest, flow_pointer("groups", group->name, "oldest", pointer));
        flow_cell_number(t, x, (int64_t)group->unowned, flow_pointer("groups", group->name, "unowned", pointer));
        part_row_end(t);
}

static void overview_lags(struct exchange *x, const struct overview *o, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Who reads", "Wie leest"), PART_TEXT}, {SAY(x, "Members", "Leden"), PART_NUMBER},
                                              {SAY(x, "Records that wait", "Wachtende records"), PART_NUMBER},
                                              {SAY(x, "Age of the next", "Leeftijd van het volgende"), PART_NUMBER},
                                              {SAY(x, "Partitions without a reader", "Partities zonder lezer"), PART_NUMBER}};
        const struct flows_group *groups[OVERVIEW_GROUPS_SHOWN];
        size_t n = overview_groups(o, groups, ELEMENTS(groups));
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Lag", "Achterstand"));
        part_table_begin(&t, h, "lag", SAY(x, "What is not read yet, for whom most waits first; markers of transactions are no records",
                                           "Wat nog niet gelezen is, voor wie het meest wacht eerst; markeringen van transacties zijn geen records"),
                         OVERVIEW_COLUMNS(columns));
        for (size_t i = 0; i < n; i++)
                overview_group_row(x, o, &t, groups[i]);
        part_table_end(&t, SAY(x, "Nobody reads.", "Niemand leest."));
        if (!o->of && o->picture->groups_n > n)
                part_more(h, "/stromen", x->language);
}

/* -- What is not collected, refused, stopped -- */

static int overview_box_order(const void *a, const void *b) {
        const struct status_box *x = a, *y = b;

        return x->oldest != y->oldest ? (x->oldest < y->oldest ? -1 : 1) : strcmp(x->organisation, y->organisation);
}

static void overview_boxes(struct exchange *x, const struct overview *o, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Organisation", "Organisatie"), PART_TEXT}, {SAY(x, "Records", "Records"), PART_NUMBER},
                                              {SAY(x, "Since", "Sinds"), PART_TEXT}};
        size_t n = o->picture->status.inboxes_n;
        CLEANUP(cleanup_free) void *memory = calloc(n + 1, sizeof(struct status_box));
        struct status_box *boxes = memory;
        struct part_table t;

        if (!boxes)
                return;
        if (n > 0)
                memcpy(boxes, o->picture->status.inboxes, n * sizeof(*boxes));
        qsort(boxes, n, sizeof(*boxes), overview_box_order);
        html_element(h, "h2", NULL, SAY(x, "Inboxes that nobody collects", "Inboxen die niemand ophaalt"));
        part_table_begin(&t, h, "boxes", SAY(x, "Inboxes that nobody ever read, those that wait longest first",
                                             "Inboxen die niemand ooit las, die het langst wachten eerst"), OVERVIEW_COLUMNS(columns));
        for (size_t i = 0; i < n && i < OVERVIEW_BOXES_SHOWN; i++) {
                char href[FLOW_POINTER_MAX];

                (void) snprintf(href, sizeof(href), "/organisaties/%.200s", boxes[i].organisation); /* ids have no letter that must be escaped */
                part_row_begin(&t, NULL);
                part_cell_link(&t, href, boxes[i].organisation);
                part_cell_int(&t, boxes[i].waiting, x->language);
                part_cell_instant(&t, boxes[i].oldest, x->now, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "Every inbox in which something stands has a reader.", "Elke inbox waarin iets staat heeft een lezer."));
        if (n > OVERVIEW_BOXES_SHOWN)
                part_more(h, "/organisaties", x->language);
}

static void overview_letters_block(struct exchange *x, const struct overview *o, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Code", "Code"), PART_TEXT}, {SAY(x, "Records", "Records"), PART_NUMBER}};
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Dead letters", "Dode letters"));
        part_table_begin(&t, h, "letters", SAY(x, "What was refused since the beginning of yesterday, by its code",
                                               "Wat sinds begin gisteren geweigerd werd, naar code"), OVERVIEW_COLUMNS(columns));
        for (size_t i = 0; i < o->picture->status.letters_n; i++) {
                part_row_begin(&t, NULL);
                part_cell_text(&t, o->picture->status.letters[i].name);
                part_cell_int(&t, o->picture->status.letters[i].n, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "Nothing was refused.", "Er is niets geweigerd."));
        part_more(h, "/dode-letters", x->language);
}

static void overview_delivery_row(struct exchange *x, struct part_table *t, const char *connector, const char *how, instant_t since, const char *why) {
        struct connector_row row;

        part_row_begin(t, NULL);
        part_cell_text(t, connector);
        part_cell_text(t, how);
        part_cell_instant(t, since, x->now, x->language);
        part_cell_text(t, why);
        if (exchange_may(x, ROLE_BEHEER)) {
                part_cell_begin(t);
                if (connectors_find(x->console->connectors, connector, &row))
                        connector_resume_form(x, t->h, &row);
                part_cell_end(t);
        }
        part_row_end(t);
}

/* Of an organisation only those that read its inbox; of one of several inboxes that a connector delivers only its own. */
static bool overview_is_shown(const struct overview *o, const char *connector) {
        const char *separator = strstr(connector, ORDER_SEPARATOR);
        char group[BUS_NAME_MAX + 1];
        const struct flows_group *found;

        if (!o->of)
                return true;
        if (separator)
                return strcmp(separator + strlen(ORDER_SEPARATOR), o->of->id) == 0;
        (void) snprintf(group, sizeof(group), TOPICS_GROUP_CONNECT "%.200s", connector);
        found = flows_group_of(o->picture, group);
        return found && overview_inbox_part(o, found);
}

static void overview_deliveries(struct exchange *x, const struct overview *o, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Connector", "Connector"), PART_TEXT}, {SAY(x, "How it stands", "Hoe het staat"), PART_TEXT},
                                              {SAY(x, "Since", "Sinds"), PART_TEXT}, {SAY(x, "Why", "Waarom"), PART_TEXT},
                                              {SAY(x, "Act", "Doen"), PART_TEXT} /* for who acts */};
        const struct status_whole *s = &o->picture->status;
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Deliveries", "Leveringen"));
        part_table_begin(&t, h, "deliveries", SAY(x, "Deliveries that stand still or are slow", "Leveringen die stilstaan of traag zijn"),
                         columns,
                         ELEMENTS(columns) - !exchange_may(x, ROLE_BEHEER));
        for (size_t i = 0; i < s->stops_n; i++) {
                if (overview_is_shown(o, s->stops[i].connector))
                        overview_delivery_row(x, &t, s->stops[i].connector, SAY(x, "stopped", "gestopt"), s->stops[i].since,
                                              SAY(x, "its target answered 410", "het doel antwoordde 410"));
        }
        for (size_t i = 0; i < s->pauses_n; i++) {
                if (overview_is_shown(o, s->pauses[i].connector))
                        overview_delivery_row(x, &t, s->pauses[i].connector, SAY(x, "paused", "gepauzeerd"), s->pauses[i].since,
                                              o->of ? SAY(x, "by an operator", "door een beheerder") : s->pauses[i].reason);
        }
        for (size_t i = 0; i < o->picture->groups_n; i++) {
                const struct flows_group *group = &o->picture->groups[i];
                const struct standing_part *part = o->of ? overview_inbox_part(o, group) : NULL; /* what waits for others is not theirs to see */
                instant_t oldest = part ? part->oldest : group->oldest;

                if (group->kind == FLOWS_CONNECTOR && oldest && x->now - oldest > STATUS_LATE_S * INT64_C(1000) &&
                    overview_is_shown(o, group->name + strlen(TOPICS_GROUP_CONNECT)))
                        overview_delivery_row(x, &t, group->name + strlen(TOPICS_GROUP_CONNECT), SAY(x, "slow", "traag"), oldest,
                                              SAY(x, "the next record has waited since then", "sindsdien wacht het volgende record"));
        }
        part_table_end(&t, SAY(x, "All deliveries run.", "Alle leveringen lopen."));
}

static void overview_alerts(struct exchange *x, const struct overview *o, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Rung", "Trede"), PART_TEXT}, {SAY(x, "Open", "Open"), PART_NUMBER}};
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Open alerts", "Open meldingen"));
        part_table_begin(&t, h, "alerts", SAY(x, "Open alerts by rung of the ladder", "Open meldingen naar trede van de ladder"), OVERVIEW_COLUMNS(columns));
        for (int i = 0; i < REPLICA_RUNGS; i++) {
                if (o->open.by_rung[i] == 0)
                        continue;
                part_row_begin(&t, NULL);
                part_cell_textf(&t, i + 1 < REPLICA_RUNGS ? "%d" : SAY(x, "%d or higher", "%d of hoger"), i + 1);
                part_cell_int(&t, o->open.by_rung[i], x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "No alert is open.", "Er staat geen melding open."));
        part_more(h, "/meldingen", x->language);
}

/* -- The page -- */

static void overview_show(struct exchange *x, const struct overview *o) {
        bool technical = exchange_may(x, ROLE_META);
        struct html h;

        exchange_page_begin(x, &h, SAY(x, "Overview", "Overzicht"));
        overview_say(x, o, &h);
        if (!o->of && technical && o->picture) {
                overview_figures(x, o, &h);
                overview_workers(x, o, &h);
        }
        if (o->picture && (o->of || technical)) {
                if (!o->of)
                        overview_flows(x, o, &h);
                overview_lags(x, o, &h);
                if (!o->of)
                        overview_boxes(x, o, &h);
                overview_deliveries(x, o, &h);
                if (!o->of)
                        overview_letters_block(x, o, &h);
        }
        overview_alerts(x, o, &h);
        exchange_page_end(x, &h);
}

static void overview_put_alerts(const struct overview *o, struct json_writer *w) {
        jsonw_key(w, "open_alerts");
        jsonw_open_object(w);
        jsonw_put_int(w, "all", o->open.all);
        overview_put_rungs(w, &o->open);
        jsonw_close_object(w);
}

static void overview_put_clock(const struct replica_status *replica, struct json_writer *w) {
        jsonw_key(w, "clock");
        jsonw_open_object(w);
        if (replica->told)
                instant_put_exact(w, "told", replica->told);
        if (replica->written)
                instant_put_exact(w, "written", replica->written);
        jsonw_close_object(w);
}

/* What `ketenwacht status --json` says, from memory. */
static void overview_put_status(const struct exchange *x, const struct overview *o, struct json_writer *w) {
        CLEANUP(buffer_done) struct buffer status = BUFFER_INIT(OVERVIEW_JSON_MAX);

        status_put_json(&o->picture->status, &o->picture->problems[x->language], &status);
        jsonw_key(w, "status");
        if (status.failed)
                jsonw_null(w);
        else
                jsonw_raw(w, buffer_text(&status));
}

static void overview_put_lists(const struct overview *o, struct json_writer *w) {
        const struct flows_topic *topics[OVERVIEW_TOPICS_MAX];
        const struct flows_group *groups[OVERVIEW_GROUPS_MAX];
        size_t n = overview_topics(o, topics, ELEMENTS(topics));

        jsonw_key(w, "topics");
        jsonw_open_array(w);
        for (size_t i = 0; i < n; i++)
                overview_put_topic(w, topics[i]);
        jsonw_close_array(w);
        n = overview_groups(o, groups, ELEMENTS(groups));
        jsonw_key(w, "groups");
        jsonw_open_array(w);
        for (size_t i = 0; i < n; i++)
                overview_put_group(w, groups[i]);
        jsonw_close_array(w);
}

static void overview_answer_json(struct exchange *x, const struct overview *o) {
        struct json_writer w = exchange_json(x);
        char text[OVERVIEW_SENTENCE_MAX];

        jsonw_open_object(&w);
        instant_put_exact(&w, "at", o->picture ? o->picture->at : x->now);
        jsonw_put_bool(&w, "ok", overview_is_well(o));
        jsonw_put_string(&w, "sentence", overview_sentence(o, x->language, text));
        overview_put_alerts(o, &w);
        if (o->of) {
                struct overview_waiting inbox = overview_inbox(o);

                jsonw_put_int(&w, "waiting", inbox.waiting);
                if (inbox.oldest)
                        instant_put(&w, "oldest", inbox.oldest);
        } else if (o->picture && exchange_may(x, ROLE_META)) {
                overview_put_status(x, o, &w);
                overview_put_clock(&o->replica, &w);
                overview_put_lists(o, &w);
        }
        jsonw_close_object(&w);
}

void page_overview(struct exchange *x) {
        struct overview o;

        overview_begin(x->console, x->person->organisation, &o);
        if (x->json)
                overview_answer_json(x, &o);
        else
                overview_show(x, &o);
        overview_end(&o);
}

/* -- The stream -- */

void page_stream(struct exchange *x) {
        const char *after = exchange_query(x, "after") ?: web_header(x->request, "Last-Event-ID");
        struct web_stream *stream = NULL;
        int64_t id = 0;

        if (x->console->live && (x->person->organisation || exchange_may(x, ROLE_META)))
                stream = live_stream(x->console->live, x->person->organisation);
        if (!stream) {
                exchange_not_found(x);
                return;
        }
        if (after && (!text_to_int64(text_of(after), &id) || id < 0))
                id = 0;
        x->answer->stream = stream;
        x->answer->stream_after = (uint64_t)id;
}
