/* SPDX-License-Identifier: EUPL-1.2 */

/* All topics and groups, as flows last saw them: a page of tables, and its twin. */

#include "console/pages/flows_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "console/overview.h"
#include "console/pages/flow_cells.h"

#define FLOWS_COLUMNS(c) (c), ELEMENTS(c)
#define FLOWS_GROUPS_SHOWN 200

/* -- Kafka itself -- */

static void flows_page_brokers(struct exchange *x, const struct flows_picture *picture, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Broker", "Broker"), PART_TEXT}, {SAY(x, "Address", "Adres"), PART_TEXT},
                                              {SAY(x, "Leads partitions", "Leidt partities"), PART_NUMBER}};
        struct part_table t;

        html_element(h, "h2", NULL, "Kafka");
        part_table_begin(&t, h, "brokers", SAY(x, "Brokers", "Brokers"), FLOWS_COLUMNS(columns));
        for (size_t i = 0; i < picture->brokers_n; i++) {
                const struct logs_broker *broker = &picture->brokers[i];
                int64_t leads = 0;

                for (size_t k = 0; k < picture->topics_n; k++) {
                        for (int32_t p = 0; p < picture->topics[k].partitions; p++)
                                leads += picture->topics[k].at[p].leader == broker->id;
                }
                part_row_begin(&t, NULL);
                part_cell_textf(&t, "%d", (int)broker->id);
                part_cell_textf(&t, "%s:%d", broker->host, broker->port);
                part_cell_int(&t, leads, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "No broker is known.", "Er is geen broker bekend."));
}

static void flows_page_troubles(struct exchange *x, const struct flows_picture *picture, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Topic", "Topic"), PART_TEXT}, {SAY(x, "Partition", "Partitie"), PART_NUMBER},
                                              {SAY(x, "What is wrong", "Wat er mis is"), PART_TEXT},
                                              {SAY(x, "Copies in step", "Bijgewerkte kopieën"), PART_TEXT},
                                              {SAY(x, "Since", "Sinds"), PART_TEXT}, {SAY(x, "Held back", "Tegengehouden"), PART_NUMBER}};
        const char *const words[STATUS_TROUBLES] = {
                [STATUS_LEADERLESS] = SAY(x, "no leader", "geen leider"),
                [STATUS_UNDER_REPLICATED] = SAY(x, "copies are missing", "kopieën ontbreken"),
                [STATUS_UNDECIDED] = SAY(x, "a transaction is open", "een transactie staat open"),
        };
        struct part_table t;

        part_table_begin(&t, h, "troubles", SAY(x, "Partitions with which Kafka is not well", "Partities waarmee het Kafka niet goed gaat"),
                         FLOWS_COLUMNS(columns));
        for (size_t i = 0; i < picture->status.troubles_n && i < FLOWS_GROUPS_SHOWN; i++) {
                const struct status_trouble *trouble = &picture->status.troubles[i];

                part_row_begin(&t, NULL);
                part_cell_text(&t, trouble->topic);
                part_cell_int(&t, trouble->partition, x->language);
                part_cell_text(&t, words[trouble->kind]);
                part_cell_textf(&t, SAY(x, "%d of %d", "%d van %d"), trouble->in_sync, trouble->replicas);
                part_cell_instant(&t, trouble->since, x->now, x->language);
                part_cell_int(&t, trouble->held, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "Every partition has a leader and all of its copies, and no transaction hangs.",
                               "Elke partitie heeft een leider en al haar kopieën, en er hangt geen transactie."));
}

/* -- Topics -- */

static void flows_page_kept(struct exchange *x, struct part_table *t, const struct flows_topic *topic) {
        part_cell_begin(t);
        if (topic->cleanup && strstr(topic->cleanup, "compact"))
                html_text(t->h, SAY(x, "the latest of each key", "het laatste per sleutel"));
        else if (topic->retention_ms > 0)
                part_age(t->h, topic->retention_ms, x->language);
        else if (topic->retention_ms == -1)
                html_text(t->h, SAY(x, "for ever", "altijd"));
        part_cell_end(t);
}

static void flows_page_topic(struct exchange *x, struct part_table *t, const struct flows_topic *topic, size_t i) {
        char pointer[FLOW_POINTER_MAX], number[PART_NUMBER_TEXT];

        part_row_begin(t, NULL);
        flow_cell_topic(t, topic->name);
        part_cell_int(t, topic->partitions, x->language);
        part_cell_live(t, flow_pointer("topics", topic->name, "rate", pointer), "rate", flow_rate_text(topic->per_second, x->language, number));
        flow_cell_hour(t, x, topic, i);
        if (topic->stands < 0)
                part_cell_text(t, NULL);
        else
                part_cell_int(t, topic->stands, x->language);
        if (topic->bytes_about < 0)
                part_cell_text(t, NULL);
        else
                part_cell_text(t, part_bytes(topic->bytes_about, x->language, number));
        flows_page_kept(x, t, topic);
        part_cell_instant(t, topic->newest, x->now, x->language);
        part_row_end(t);
}

/* The topics behind ?after=, of those that have ?q= in their name. Returns how many of @ret; *ret_next: NULL, or the last, behind which there are more. */
static size_t flows_page_choose(const struct exchange *x, const struct flows_picture *picture, const struct flows_topic **ret, const char **ret_next) {
        const char *after = exchange_query(x, "after"), *q = exchange_query(x, "q");
        size_t limit = exchange_limit(x), n = 0;

        *ret_next = NULL;
        for (size_t i = 0; i < picture->topics_n; i++) {
                const struct flows_topic *topic = &picture->topics[i];

                if ((after && strcmp(topic->name, after) <= 0) || (q && !strstr(topic->name, q)))
                        continue;
                if (n == limit) {
                        *ret_next = ret[n - 1]->name;
                        break;
                }
                ret[n++] = topic;
        }
        return n;
}

static void flows_page_topics(struct exchange *x, const struct flows_topic *const *topics, size_t n, const char *next, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Topic", "Topic"), PART_TEXT}, {SAY(x, "Partitions", "Partities"), PART_NUMBER},
                                              {SAY(x, "A second, over a minute", "Per seconde, over een minuut"), PART_NUMBER},
                                              {SAY(x, "Last hour", "Laatste uur"), PART_TEXT},
                                              {SAY(x, "Places in the log", "Plaatsen in het log"), PART_NUMBER},
                                              {SAY(x, "Bytes, about", "Bytes, ongeveer"), PART_NUMBER},
                                              {SAY(x, "Kept for", "Bewaard"), PART_TEXT}, {SAY(x, "Last record", "Laatste record"), PART_TEXT}};
        char link[EXCHANGE_LINK_MAX];
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Topics", "Topics"));
        part_filter_begin(h, "/stromen", SAY(x, "Find a topic", "Zoek een topic"));
        part_field(h, "q", SAY(x, "In its name", "In de naam"), exchange_query(x, "q"));
        part_filter_end(h, x->language);
        part_table_begin(&t, h, "topics",
                         SAY(x, "Topics by name; places are records and markers of transactions. How many bytes they take a client cannot ask",
                             "Topics op naam; plaatsen zijn records en markeringen van transacties. Hoeveel bytes dat zijn kan een client niet vragen"),
                         FLOWS_COLUMNS(columns));
        for (size_t i = 0; i < n; i++)
                flows_page_topic(x, &t, topics[i], i);
        part_table_end(&t, SAY(x, "There is no such topic.", "Zo'n topic is er niet."));
        part_more(h, next ? exchange_link(x, "after", next, link) : NULL, x->language);
}

/* -- Who reads -- */

static const char *flows_page_kind(const struct exchange *x, enum flows_kind kind) {
        switch (kind) {
        case FLOWS_RULES:
                return SAY(x, "workers", "workers");
        case FLOWS_CONNECTOR:
                return SAY(x, "connector", "connector");
        case FLOWS_PAGES:
                return SAY(x, "reads over HTTP", "leest over HTTP");
        case FLOWS_ORGANISATION:
                return SAY(x, "organisation", "organisatie");
        case FLOWS_OTHER:
                break;
        }
        return SAY(x, "other", "anders");
}

static void flows_page_state(const struct exchange *x, struct part_table *t, const struct flows_group *group) {
        part_cell_begin(t);
        if (group->state == STANDING_MOVING)
                part_mark(t->h, PART_WARNING, SAY(x, "sharing out", "aan het verdelen"));
        else if (group->members == 0)
                part_mark(t->h, group->kind == FLOWS_ORGANISATION || group->kind == FLOWS_PAGES || group->kind == FLOWS_OTHER ? PART_NOTE : PART_WRONG,
                          SAY(x, "nobody", "niemand"));
        else if (group->unowned > 0)
                part_mark(t->h, PART_WARNING, SAY(x, "partitions without a reader", "partities zonder lezer"));
        else
                part_mark(t->h, PART_GOOD, SAY(x, "reads", "leest"));
        part_cell_end(t);
}

static void flows_page_rebalances(const struct exchange *x, struct part_table *t, const struct flows_group *group) {
        part_cell_begin(t);
        if (group->rebalances > 0) {
                html_textf(t->h, "%" PRIu64 " (", group->rebalances);
                part_age(t->h, group->rebalances_ms, x->language);
                html_text(t->h, ")");
        }
        part_cell_end(t);
}

static void flows_page_groups(struct exchange *x, const struct overview *o, struct html *h) {
        const struct part_column columns[] = {{SAY(x, "Group", "Groep"), PART_TEXT}, {SAY(x, "Kind", "Soort"), PART_TEXT},
                                              {SAY(x, "State", "Toestand"), PART_TEXT}, {SAY(x, "Members", "Leden"), PART_NUMBER},
                                              {SAY(x, "Records that wait", "Wachtende records"), PART_NUMBER},
                                              {SAY(x, "Age of the next", "Leeftijd van het volgende"), PART_NUMBER},
                                              {SAY(x, "Removed unread", "Ongelezen verwijderd"), PART_NUMBER},
                                              {SAY(x, "Without a reader", "Zonder lezer"), PART_NUMBER}, {SAY(x, "Rebalances", "Herverdelingen"), PART_TEXT}};
        const struct flows_group *groups[FLOWS_GROUPS_SHOWN];
        size_t n = overview_groups(o, groups, ELEMENTS(groups));
        char pointer[FLOW_POINTER_MAX];
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Who reads", "Wie leest"));
        part_table_begin(&t, h, "groups",
                         SAY(x, "Consumer groups, ours and others', for which most waits first; of rebalances: seen by this console, and how "
                             "long partitions had no reader in all",
                             "Groepen die lezen, van ons en van anderen, voor wie het meest wacht eerst; van herverdelingen: door deze console gezien, en hoe "
                             "lang partities in totaal geen lezer hadden"),
                         FLOWS_COLUMNS(columns));
        for (size_t i = 0; i < n; i++) {
                part_row_begin(&t, NULL);
                part_cell_text(&t, groups[i]->name);
                part_cell_text(&t, flows_page_kind(x, groups[i]->kind));
                flows_page_state(x, &t, groups[i]);
                flow_cell_number(&t, x, (int64_t)groups[i]->members, flow_pointer("groups", groups[i]->name, "members", pointer));
                flow_cell_number(&t, x, groups[i]->waiting, flow_pointer("groups", groups[i]->name, "waiting", pointer));
                flow_cell_age(&t, x, groups[i]->oldest, flow_pointer("groups", groups[i]->name, "oldest", pointer));
                part_cell_int(&t, groups[i]->lost, x->language);
                flow_cell_number(&t, x, (int64_t)groups[i]->unowned, flow_pointer("groups", groups[i]->name, "unowned", pointer));
                flows_page_rebalances(x, &t, groups[i]);
                part_row_end(&t);
        }
        part_table_end(&t, o->picture->groups_unknown
                                   ? SAY(x, "The embedded broker cannot be asked who reads.", "De ingebouwde broker kan niet gevraagd worden wie leest.")
                                   : SAY(x, "Nobody reads.", "Niemand leest."));
}

static void flows_page_answer_json(struct exchange *x, const struct overview *o, const struct flows_topic *const *topics, size_t n, const char *next) {
        const struct flows_group *groups[FLOWS_GROUPS_SHOWN];
        size_t groups_n = overview_groups(o, groups, ELEMENTS(groups));
        struct json_writer w = exchange_json(x);

        jsonw_open_object(&w);
        instant_put_exact(&w, "at", o->picture->at);
        jsonw_put_int(&w, "took_ms", o->picture->took_ms);
        jsonw_key(&w, "topics");
        jsonw_open_array(&w);
        for (size_t i = 0; i < n; i++)
                overview_put_topic(&w, topics[i]);
        jsonw_close_array(&w);
        if (next)
                jsonw_put_string(&w, "next", next);
        jsonw_key(&w, "groups");
        jsonw_open_array(&w);
        for (size_t i = 0; i < groups_n; i++)
                overview_put_group(&w, groups[i]);
        jsonw_close_array(&w);
        jsonw_key(&w, "brokers");
        jsonw_open_array(&w);
        for (size_t i = 0; i < o->picture->brokers_n; i++) {
                jsonw_open_object(&w);
                jsonw_put_int(&w, "broker", o->picture->brokers[i].id);
                jsonw_put_string(&w, "host", o->picture->brokers[i].host);
                jsonw_put_int(&w, "port", o->picture->brokers[i].port);
                jsonw_close_object(&w);
        }
        jsonw_close_array(&w);
        jsonw_close_object(&w);
}

static void flows_page_show(struct exchange *x, const struct overview *o, const struct flows_topic *const *topics, size_t n, const char *next) {
        struct html h;

        exchange_page_begin(x, &h, SAY(x, "Flows", "Stromen"));
        flows_page_topics(x, topics, n, next, &h);
        flows_page_groups(x, o, &h);
        flows_page_brokers(x, o->picture, &h);
        flows_page_troubles(x, o->picture, &h);
        exchange_page_end(x, &h);
}

void page_flows(struct exchange *x) {
        CLEANUP(cleanup_free) void *memory = calloc(exchange_limit(x) + 1, sizeof(struct flows_topic *));
        const struct flows_topic **topics = memory;
        struct overview o;
        const char *next;
        size_t n;

        overview_begin(x->console, NULL, &o);
        if (!o.picture || !topics) {
                char text[OVERVIEW_SENTENCE_MAX];

                exchange_problem(x, 503, overview_sentence(&o, x->language, text));
        } else {
                n = flows_page_choose(x, o.picture, topics, &next);
                if (x->json)
                        flows_page_answer_json(x, &o, topics, n, next);
                else
                        flows_page_show(x, &o, topics, n, next);
        }
        overview_end(&o);
}
