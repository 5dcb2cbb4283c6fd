/* SPDX-License-Identifier: EUPL-1.2 */

/* What is known of one topic comes from memory; its records are read in a bounded time. */

#include "console/pages/flow_page.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/audit.h"
#include "console/acts/acts.h"
#include "console/overview.h"
#include "console/pages/flow_cells.h"
#include "console/pictures/picture_flow.h"
#include "console/tails.h"
#include "console/topic_reading.h"
#include "survey/view.h"

#define FLOW_COLUMNS(c) (c), ELEMENTS(c)
#define FLOW_RECORDS "/records"
#define FLOW_LIMIT 20
#define FLOW_HEX_SHOWN 32 /* digits: of 16 bytes */
#define FLOW_BACK 4   /* places that are read for one of the latest records */
#define FLOW_SHOWN_MAX 1500 /* characters of a value on the page */
#define FLOW_LINE_MAX VIEW_BYTES_MAX

struct flow_page {
        struct exchange *x;
        struct overview overview;
        const struct flows_topic *topic;
        char name[BUS_NAME_MAX + 1];
        bool clear, reads; /* personal fields are shown; records were asked for … */
        size_t latest;     /* … the latest so many; 0: from a place on */
        struct topic_question question;
        struct uuid id;
        struct view *view;
        struct buffer line;
        json_t *records;   /* array, as survey/view.h writes them */
        struct topic_found found;
        int end;           /* enum topic_reading_end; 0: nothing was read */
        char object[AUDIT_TEXT_MAX];
};

/* -- What is asked -- */

/* Of the address, or of the form that asks for the same with personal fields. */
static const char *flow_value(const struct flow_page *p, const char *name) {
        const char *value = p->clear ? web_form(p->x->request, name) : exchange_query(p->x, name);

        return value && *value ? value : NULL;
}

static bool flow_ask_number(const struct flow_page *p, const char *name, int64_t most, int64_t *ret) {
        const char *value = flow_value(p, name);

        return !value || (text_to_int64(text_of(value), ret) && *ret >= 0 && *ret <= most);
}

/* A date, a date and a time as a browser's field writes it, or an instant. */
static bool flow_ask_instant(const char *value, instant_t *ret) {
        char whole[INSTANT_TEXT + 1];
        day_t date;

        if (date_parse(text_of(value), &date)) {
                *ret = date_begin(date);
                return true;
        }
        if (strlen(value) == strlen("2026-01-31T12:00")) {
                instant_t near;

                (void) snprintf(whole, sizeof(whole), "%.16s:00Z", value);
                if (!instant_parse(text_of(whole), &near))
                        return false;
                *ret = near - instant_offset_minutes(near) * INT64_C(60000);
                return true;
        }
        return instant_parse(text_of(value), ret);
}

/* Where the latest records begin: of the partition that is asked for, else of the one in which the last came. */
static void flow_ask_latest(struct flow_page *p) {
        struct topic_question *q = &p->question;
        const struct logs_partition *at;

        if (q->partition == BUS_ALL_PARTITIONS) {
                q->partition = 0;
                for (int32_t i = 1; i < p->topic->partitions; i++) {
                        if (p->topic->last[i] > p->topic->last[q->partition])
                                q->partition = i;
                }
        }
        at = &p->topic->at[q->partition];
        p->latest = q->limit;
        q->offset = at->stable - FLOW_BACK * (int64_t)q->limit; /* markers of transactions stand between */
        if (q->offset < at->first)
                q->offset = at->first;
        if (q->offset < 0)
                q->offset = 0;
        q->limit = READING_FOUND_MAX;
}

/* false: 400 was answered. */
static bool flow_ask(struct flow_page *p) {
        struct topic_question *q = &p->question;
        const char *id = flow_value(p, "id"), *from = flow_value(p, "van"), *name = NULL;
        int64_t partition = BUS_ALL_PARTITIONS, limit = FLOW_LIMIT;

        *q = (struct topic_question){.topic = p->name, .partition = BUS_ALL_PARTITIONS, .offset = -1, .key = flow_value(p, "sleutel")};
        if (!flow_ask_number(p, "partitie", p->topic->partitions - 1, &partition))
                name = "partitie";
        else if (!flow_ask_number(p, "offset", INT64_MAX, &q->offset) || (q->offset >= 0 && partition < 0))
                name = "offset";
        else if (!flow_ask_number(p, "limit", READING_FOUND_MAX / FLOW_BACK, &limit) || limit == 0)
                name = "limit";
        else if (id && !uuid_parse(id, strlen(id), &p->id))
                name = "id";
        else if (from && !flow_ask_instant(from, &q->from))
                name = "van";
        if (name) {
                exchange_bad_query(p->x, name);
                return false;
        }
        q->partition = (int32_t)partition;
        q->limit = (size_t)limit;
        q->id = id ? &p->id : NULL;
        p->reads = q->key || q->id || q->from || q->offset >= 0 || flow_value(p, "lees") || p->x->json || p->clear;
        if (p->reads && !q->key && !q->id && !q->from && q->offset < 0)
                flow_ask_latest(p);
        return true;
}

/* -- Reading -- */

/* As survey/view.h has it; bytes that nobody could decode may be personal: unless those are shown, so many as tell what wrote them. */
static int flow_see(void *ctx, struct bus_record *record) {
        struct flow_page *p = ctx;
        json_t *root;

        buffer_clear(&p->line);
        if (view_record(p->view, record, &p->line))
                return -ENOMEM;
        root = json_loadb((const char *)p->line.bytes, p->line.n, JSON_ALLOW_NUL, NULL);
        if (!root)
                return -ENOMEM;
        (void) json_object_set_new(root, "bytes", json_integer((json_int_t)record->value_n));
        if (!p->clear) {
                const char *hex = json_string_value(json_object_get(root, "hex"));

                if (hex && strlen(hex) > FLOW_HEX_SHOWN)
                        (void) json_object_set_new(root, "hex", json_stringn(hex, FLOW_HEX_SHOWN));
                if (json_is_object(json_object_get(root, "key")))
                        (void) json_object_set_new(root, "key", json_null());
        }
        return json_array_append_new(p->records, root) ? -ENOMEM : 0;
}

static const char *flow_busy(const struct exchange *x) {
        return SAY(x, "Others are reading topics at this moment; ask again in a few seconds.",
                   "Anderen lezen nu topics; vraag het over een paar seconden opnieuw.");
}

/* false: it was answered that it cannot be read. */
static bool flow_read(struct flow_page *p) {
        struct exchange *x = p->x;
        struct error err = {0};
        int r = view_new(x->console->config->types, p->clear, &p->view, &err);

        p->records = json_array();
        if (r == 0 && p->records)
                r = topic_read(x->console->readings, x->console->bus, &x->console->clock, &p->question, flow_see, p, &p->found, &err);
        if (r == TOPIC_READING_BUSY || r < 0 || !p->records) {
                exchange_problem(x, 503, r == TOPIC_READING_BUSY ? flow_busy(x) : err.text[0] ? err.text
                                 : SAY(x, "The topic could not be read now.", "Het topic kon nu niet gelezen worden."));
                return false;
        }
        p->end = r;
        while (p->latest && json_array_size(p->records) > p->latest)
                (void) json_array_remove(p->records, 0);
        return true;
}

/* Where it can be read on: behind the last record, of one partition. */
static bool flow_goes_on(const struct flow_page *p) {
        return (p->end == TOPIC_READING_LIMIT || p->end == TOPIC_READING_LATE) && p->found.next >= 0 && (p->question.partition >= 0 || p->question.key);
}

/* -- The page: what is known of it -- */

static void flow_kept(const struct exchange *x, const struct flows_topic *topic, struct html *h) {
        char number[PART_NUMBER_TEXT];

        part_terms_begin(h);
        part_term_begin(h, SAY(x, "Kept for", "Bewaard"));
        if (topic->cleanup && strstr(topic->cleanup, "compact"))
                html_text(h, SAY(x, "the latest of each key", "het laatste per sleutel"));
        else if (topic->retention_ms > 0)
                part_age(h, topic->retention_ms, x->language);
        else
                html_text(h, topic->retention_ms == -1 ? SAY(x, "for ever", "altijd") : SAY(x, "not known", "niet bekend"));
        part_term_end(h);
        part_term_begin(h, SAY(x, "Bytes of a partition, at most", "Bytes per partitie, hoogstens"));
        html_text(h, topic->retention_bytes > 0 ? part_bytes(topic->retention_bytes, x->language, number) : SAY(x, "no bound", "geen grens"));
        part_term_end(h);
        part_term_begin(h, SAY(x, "Bytes of records, about", "Bytes aan records, ongeveer"));
        if (topic->bytes_about < 0)
                html_text(h, SAY(x, "not known", "niet bekend"));
        else if (topic->stands == 0)
                html_text(h, SAY(x, "none stands here", "er staat niets"));
        else
                html_textf(h, SAY(x, "%s, unpacked and once, if all are as large as the %" PRId64 " that were looked at",
                                  "%s, uitgepakt en enkel, als alle zo groot zijn als de %" PRId64 " waarnaar gekeken is"),
                           part_bytes(topic->bytes_about, x->language, number), topic->sampled);
        part_term_end(h);
        part_term(h, SAY(x, "Bytes on the broker", "Bytes op de broker"),
                  SAY(x, "a client cannot ask this; kafka-log-dirs.sh on a broker says it",
                      "dat kan een client niet vragen; kafka-log-dirs.sh op een broker zegt het"));
        part_terms_end(h);
}

static void flow_partition_row(const struct flow_page *p, struct part_table *t, int32_t i) {
        const struct logs_partition *at = &p->topic->at[i];
        char href[512];

        part_row_begin(t, NULL);
        (void) snprintf(href, sizeof(href), "%.400s?partitie=%d&lees=1", web_path(p->x->request), (int)i);
        part_cell_begin(t);
        if (exchange_may(p->x, ROLE_ZAAK | ROLE_GEGEVENS) && at->leader >= 0)
                html_link(t->h, href, SAY(p->x, "latest records", "laatste records"));
        html_textf(t->h, " %d", (int)i);
        part_cell_end(t);
        part_cell_begin(t);
        if (at->leader < 0)
                part_mark(t->h, PART_WRONG, SAY(p->x, "nobody", "niemand"));
        else
                html_textf(t->h, "%d", (int)at->leader);
        part_cell_end(t);
        part_cell_textf(t, SAY(p->x, "%d of %d", "%d van %d"), at->in_sync, at->replicas);
        part_cell_int(t, at->first, p->x->language);
        part_cell_int(t, at->stable, p->x->language);
        part_cell_begin(t);
        if (at->end > at->stable && at->stable >= 0) {
                html_textf(t->h, "%" PRId64, at->end - at->stable);
                if (at->open_since) {
                        html_text(t->h, SAY(p->x, " since ", " sinds "));
                        part_instant(t->h, at->open_since, p->x->now, p->x->language);
                }
        }
        part_cell_end(t);
        part_cell_instant(t, p->topic->last[i], p->x->now, p->x->language);
        part_row_end(t);
}

static void flow_partitions(const struct flow_page *p, struct html *h) {
        const struct exchange *x = p->x;
        const struct part_column columns[] = {{SAY(x, "Partition", "Partitie"), PART_TEXT}, {SAY(x, "Leader", "Leider"), PART_TEXT},
                                              {SAY(x, "Copies in step", "Bijgewerkte kopieën"), PART_TEXT}, {SAY(x, "Begins at", "Begint bij"), PART_NUMBER},
                                              {SAY(x, "Ends at", "Eindigt bij"), PART_NUMBER}, {SAY(x, "Undecided", "Onbeslist"), PART_NUMBER},
                                              {SAY(x, "Last record", "Laatste record"), PART_TEXT}};
        struct part_table t;

        part_table_begin(&t, h, "partitions", SAY(x, "Partitions; undecided is what stands in transactions that are open",
                                                  "Partities; onbeslist is wat in transacties staat die nog open zijn"), FLOW_COLUMNS(columns));
        for (int32_t i = 0; i < p->topic->partitions; i++)
                flow_partition_row(p, &t, i);
        part_table_end(&t, NULL);
}

static void flow_readers(const struct flow_page *p, struct html *h) {
        const struct exchange *x = p->x;
        const struct part_column columns[] = {{SAY(x, "Group", "Groep"), PART_TEXT}, {SAY(x, "Partition", "Partitie"), PART_NUMBER},
                                              {SAY(x, "Read up to", "Gelezen tot"), PART_NUMBER},
                                              {SAY(x, "Records that wait", "Wachtende records"), PART_NUMBER},
                                              {SAY(x, "Next since", "Volgende sinds"), PART_TEXT}, {SAY(x, "Reader", "Lezer"), PART_TEXT}};
        const struct flows_picture *picture = p->overview.picture;
        size_t shown = 0;
        struct part_table t;

        part_table_begin(&t, h, "readers", SAY(x, "Who reads it", "Wie het leest"), FLOW_COLUMNS(columns));
        for (size_t g = 0; g < picture->groups_n; g++) {
                for (size_t i = 0; i < picture->groups[g].parts_n && shown < EXCHANGE_LIMIT_MAX; i++) {
                        const struct standing_part *part = &picture->groups[g].parts[i];

                        if (strcmp(part->topic, p->name) != 0)
                                continue;
                        shown++;
                        part_row_begin(&t, NULL);
                        part_cell_text(&t, picture->groups[g].name);
                        part_cell_int(&t, part->partition, x->language);
                        if (part->committed < 0)
                                part_cell_text(&t, NULL);
                        else
                                part_cell_int(&t, part->committed, x->language);
                        part_cell_int(&t, part->waiting, x->language);
                        part_cell_instant(&t, part->oldest, x->now, x->language);
                        part_cell_text(&t, part->owned ? SAY(x, "yes", "ja") : SAY(x, "nobody", "niemand"));
                        part_row_end(&t);
                }
        }
        part_table_end(&t, SAY(x, "Nobody.", "Niemand."));
}

static void flow_day(const struct flow_page *p, struct html *h) {
        const struct exchange *x = p->x;
        const struct part_column columns[] = {{SAY(x, "From", "Vanaf"), PART_TEXT}, {SAY(x, "Places in the log", "Plaatsen in het log"), PART_NUMBER}};
        const struct flow_history *day = &p->topic->day;
        const struct picture_flow flow = {.id = "day", .title = SAY(x, "The last day, by the hour", "De laatste dag, per uur"), .language = x->language,
                                          .counts = day->counts, .n = day->n, .from = day->n ? flow_history_at(day, 0) : 0, .span_ms = day->span_ms};
        struct part_table t;

        if (day->n == 0)
                return;
        picture_flow_large(h, &flow);
        part_table_begin(&t, h, "hours", SAY(x, "The last day, by the hour; markers of transactions are counted too",
                                             "De laatste dag, per uur; markeringen van transacties tellen mee"), FLOW_COLUMNS(columns));
        for (unsigned i = day->n; i-- > 0;) {
                if (day->counts[i] == 0)
                        continue;
                part_row_begin(&t, NULL);
                part_cell_instant(&t, flow_history_at(day, i), x->now, x->language);
                part_cell_int(&t, day->counts[i], x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "Nothing came.", "Er kwam niets."));
}

/* -- The page: records -- */

static void flow_form(const struct flow_page *p, struct html *h) {
        const struct exchange *x = p->x;

        part_filter_begin(h, web_path(x->request), SAY(x, "Read records", "Lees records"));
        part_field(h, "sleutel", SAY(x, "Key (a case_id): reads one partition", "Sleutel (een case_id): leest één partitie"), flow_value(p, "sleutel"));
        part_field(h, "id", "event_id", flow_value(p, "id"));
        part_field_kind(h, "datetime-local", "van", SAY(x, "From", "Vanaf"), flow_value(p, "van"), NULL, false);
        part_field(h, "partitie", SAY(x, "Partition", "Partitie"), flow_value(p, "partitie"));
        part_field(h, "offset", SAY(x, "From offset", "Vanaf offset"), flow_value(p, "offset"));
        part_filter_end(h, x->language);
}

static const char *flow_text(const json_t *record, const char *name) {
        return json_string_value(json_object_get(record, name));
}

static void flow_record_value(const struct flow_page *p, struct html *h, const json_t *record) {
        const json_t *value = json_object_get(record, "value");
        const char *error = flow_text(record, "error"), *hex = flow_text(record, "hex");
        char *text = json_is_null(value) || !value ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        char number[PART_NUMBER_TEXT];

        if (text)
                html_textf(h, "%.*s%s", FLOW_SHOWN_MAX, text, strlen(text) > FLOW_SHOWN_MAX ? " …" : "");
        else if (!error)
                html_text(h, SAY(p->x, "nothing (a tombstone)", "niets (een grafsteen)"));
        if (error) {
                part_mark(h, PART_WARNING, SAY(p->x, "cannot be decoded: ", "niet te lezen: "));
                part_said(h, LANGUAGE_EN, error);
                html_textf(h, " (%s) ", part_bytes(json_integer_value(json_object_get(record, "bytes")), p->x->language, number));
        }
        if (hex) {
                html_begin(h, "code");
                html_textf(h, "%.*s%s", FLOW_SHOWN_MAX, hex, strlen(hex) > FLOW_SHOWN_MAX ? " …" : "");
                html_end(h, "code");
        }
        free(text);
}

static void flow_record_row(const struct flow_page *p, struct part_table *t, const json_t *record) {
        const char *at = flow_text(record, "timestamp");
        instant_t stamp = 0;

        part_row_begin(t, NULL);
        part_cell_textf(t, "%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(record, "partition")),
                        json_integer_value(json_object_get(record, "offset")));
        if (at && !instant_parse(text_of(at), &stamp))
                stamp = 0;
        part_cell_instant(t, stamp, p->x->now, p->x->language);
        part_cell_text(t, flow_text(record, "key"));
        part_cell_text(t, flow_text(record, "event"));
        part_cell_begin(t);
        flow_record_value(p, t->h, record);
        part_cell_end(t);
        part_row_end(t);
}

static void flow_reading_end(const struct flow_page *p, struct html *h) {
        const struct exchange *x = p->x;
        char link[EXCHANGE_LINK_MAX + 64], number[PART_NUMBER_TEXT];

        html_begin(h, "p");
        html_textf(h, SAY(x, "Records looked at: %s. ", "Records bekeken: %s. "), part_number((int64_t)p->found.looked_at, x->language, number));
        if (p->end == TOPIC_READING_LATE)
                html_text(h, SAY(x, "Then the time was over: there may be more. ", "Toen was de tijd om: er kan meer zijn. "));
        if (p->end == TOPIC_READING_LATE && p->found.reached > 0 && !flow_goes_on(p)) {
                html_text(h, SAY(x, "It came as far as ", "Het kwam tot "));
                part_instant(h, p->found.reached, x->now, x->language);
        }
        html_end(h, "p");
        if (!flow_goes_on(p) || p->clear)
                return;
        (void) snprintf(link, sizeof(link), "%.900s?partitie=%d&offset=%" PRId64, web_path(x->request), (int)p->found.partition, p->found.next);
        if (p->question.key) {
                CLEANUP(buffer_done) struct buffer key = BUFFER_INIT(EXCHANGE_LINK_MAX / 2);
                size_t n = strlen(link);

                html_percent(&key, text_of(p->question.key));
                (void) snprintf(link + n, sizeof(link) - n, "&sleutel=%.900s", buffer_text(&key));
        }
        part_more(h, link, x->language);
}

/* What was read now with personal fields: a form that asks for a reason. */
static void flow_clear_form(const struct flow_page *p, struct html *h) {
        static const char *const names[] = {"sleutel", "id", "van", "partitie", "offset", "limit"};
        const struct exchange *x = p->x;

        if (!exchange_may(x, ROLE_GEGEVENS) || json_array_size(p->records) == 0)
                return;
        part_act_begin(h, web_path(x->request), x->token);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (exchange_query(x, names[i]))
                        part_hidden(h, names[i], exchange_query(x, names[i]));
        }
        part_field_required(h, "reason", SAY(x, "Why you want to see personal fields; it stands in the audit",
                                             "Waarom u persoonsgegevens wilt zien; dat komt in het logboek"), NULL, AUDIT_TEXT_MAX);
        part_act_end(h, SAY(x, "Show personal fields", "Toon persoonsgegevens"), false);
}

/* What comes, when that is asked for. */
static void flow_tail(const struct flow_page *p, struct html *h) {
        const struct exchange *x = p->x;
        const char *path = web_path(x->request);
        char address[BUS_NAME_MAX + 64];

        if (p->clear || !exchange_query(x, "volg")) {
                (void) snprintf(address, sizeof(address), "%.*s?volg=1", BUS_NAME_MAX, path);
                html_begin(h, "p");
                html_link(h, address, SAY(x, "Follow what comes", "Volg wat er komt"));
                html_end(h, "p");
                return;
        }
        (void) snprintf(address, sizeof(address), "/api/stream/%s", p->name);
        html_begin(h, "p");
        html_textf(h, SAY(x, "What comes, %d records a second at most; personal fields are left out.",
                          "Wat er komt, hoogstens %d records per seconde; persoonsgegevens zijn weggelaten."), TAIL_PER_SECOND);
        html_end(h, "p");
        part_tail(h, address, SAY(x, "What comes", "Wat er komt"),
                  SAY(x, "Without a script this list stays empty: read records instead.", "Zonder script blijft deze lijst leeg: lees dan records."));
}

static void flow_records(const struct flow_page *p, struct html *h) {
        const struct exchange *x = p->x;
        const struct part_column columns[] = {{SAY(x, "Place", "Plaats"), PART_TEXT}, {SAY(x, "Stamp", "Stempel"), PART_TEXT},
                                              {SAY(x, "Key", "Sleutel"), PART_TEXT},
                                              {SAY(x, "Kind", "Soort"), PART_TEXT}, {SAY(x, "Contents", "Inhoud"), PART_TEXT}};
        struct part_table t;

        html_element(h, "h2", NULL, SAY(x, "Records", "Records"));
        if (!exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS)) {
                html_element(h, "p", NULL, SAY(x, "What stands in records is for who may see cases.", "Wat in records staat is voor wie zaken mag zien."));
                return;
        }
        flow_form(p, h);
        flow_tail(p, h);
        if (p->end == 0)
                return;
        part_table_begin(&t, h, "records", p->clear ? SAY(x, "Records, with personal fields", "Records, met persoonsgegevens")
                                                    : SAY(x, "Records; personal fields are left out", "Records; persoonsgegevens zijn weggelaten"),
                         FLOW_COLUMNS(columns));
        for (size_t i = 0; i < json_array_size(p->records); i++)
                flow_record_row(p, &t, json_array_get(p->records, i));
        part_table_end(&t, SAY(x, "Nothing was found.", "Er is niets gevonden."));
        flow_reading_end(p, h);
        if (!p->clear)
                flow_clear_form(p, h);
}

static void flow_show(struct flow_page *p) {
        struct html h;

        exchange_page_begin(p->x, &h, p->name);
        flow_records(p, &h);
        html_element(&h, "h2", NULL, SAY(p->x, "Partitions", "Partities"));
        flow_partitions(p, &h);
        flow_readers(p, &h);
        flow_kept(p->x, p->topic, &h);
        html_element(&h, "h2", NULL, SAY(p->x, "A day", "Een dag"));
        flow_day(p, &h);
        exchange_page_end(p->x, &h);
}

/* -- For programs -- */

static const char *flow_end_name(int end) {
        return end == TOPIC_READING_WHOLE ? "whole" : end == TOPIC_READING_LIMIT ? "limit" : "late";
}

static void flow_answer_records(struct flow_page *p) {
        struct json_writer w = exchange_json(p->x);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "topic", p->name);
        jsonw_put_string(&w, "end", flow_end_name(p->end));
        jsonw_put_int(&w, "looked_at", (int64_t)p->found.looked_at);
        jsonw_key(&w, "records");
        jsonw_open_array(&w);
        for (size_t i = 0; i < json_array_size(p->records); i++) {
                char *text = json_dumps(json_array_get(p->records, i), JSON_COMPACT);

                if (text)
                        jsonw_raw(&w, text);
                free(text);
        }
        jsonw_close_array(&w);
        if (flow_goes_on(p)) {
                jsonw_key(&w, "next");
                jsonw_open_object(&w);
                jsonw_put_int(&w, "partitie", p->found.partition);
                jsonw_put_int(&w, "offset", p->found.next);
                jsonw_close_object(&w);
        }
        jsonw_close_object(&w);
}

/* -- All of it -- */

/* The topic of the address; of a program *ret_records: its records. false: it was answered that there is none. */
static bool flow_open(struct flow_page *p, bool *ret_records) {
        struct exchange *x = p->x;
        size_t n = strlen(x->rest), tail = strlen(FLOW_RECORDS);
        char text[OVERVIEW_SENTENCE_MAX];

        *ret_records = x->json && n > tail && strcmp(x->rest + n - tail, FLOW_RECORDS) == 0;
        overview_begin(x->console, NULL, &p->overview);
        (void) snprintf(p->name, sizeof(p->name), "%.*s", (int)(*ret_records ? n - tail : n), x->rest);
        if (!p->overview.picture) {
                exchange_problem(x, 503, overview_sentence(&p->overview, x->language, text));
                return false;
        }
        p->topic = flows_topic_of(p->overview.picture, p->name);
        if (!p->topic || p->topic->internal)
                exchange_not_found(x);
        return p->topic && !p->topic->internal;
}

static void flow_done(struct flow_page *p) {
        overview_end(&p->overview);
        view_free(p->view);
        buffer_done(&p->line);
        json_decref(p->records);
}

/* What is said in the audit of a reading: where, and of which key when that is the id of a case. */
static const char *flow_object(struct flow_page *p) {
        struct uuid key;
        bool of_case = p->question.key && uuid_parse(p->question.key, strlen(p->question.key), &key);

        (void) snprintf(p->object, sizeof(p->object), "%s%s%s", p->name, of_case ? " " : "", of_case ? p->question.key : "");
        return p->object;
}

void page_flow(struct exchange *x) {
        CLEANUP(flow_done) struct flow_page p = {.x = x, .line = BUFFER_INIT(FLOW_LINE_MAX)};
        bool records;

        if (!flow_open(&p, &records))
                return;
        if (x->json && !records) {
                struct json_writer w = exchange_json(x);

                overview_put_topic(&w, p.topic);
                return;
        }
        if (records && !exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS)) {
                exchange_not_found(x);
                return;
        }
        if (!flow_ask(&p))
                return;
        if (p.reads && exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS) && (!exchange_audit(x, AUDIT_SEARCH, flow_object(&p), NULL) || !flow_read(&p)))
                return;
        if (records)
                flow_answer_records(&p);
        else
                flow_show(&p);
}

void page_flow_stream(struct exchange *x) {
        struct overview o;
        const struct flows_topic *topic;
        bool found;

        overview_begin(x->console, NULL, &o);
        topic = o.picture ? flows_topic_of(o.picture, x->rest) : NULL;
        found = topic && !topic->internal;
        overview_end(&o);
        if (!found) {
                exchange_not_found(x);
                return;
        }
        if (!exchange_audit(x, AUDIT_SEARCH, x->rest, NULL))
                return;
        x->answer->stream = tails_stream(x->console->tails, x->rest);
        if (!x->answer->stream)
                exchange_problem(x, 503, SAY(x, "Too many topics are followed at this moment; look at records instead, or try again in a minute.",
                                             "Er worden nu te veel topics gevolgd; lees records, of probeer het over een minuut opnieuw."));
}

void page_flow_clear(struct exchange *x) {
        CLEANUP(flow_done) struct flow_page p = {.x = x, .clear = true, .line = BUFFER_INIT(FLOW_LINE_MAX)};
        const char *reason = acts_reason(x);
        bool records;

        if (!reason) {
                acts_refuse_reason(x);
                return;
        }
        if (!flow_open(&p, &records) || !flow_ask(&p))
                return;
        if (exchange_audit(x, AUDIT_VIEW_PERSONAL, flow_object(&p), reason) && flow_read(&p))
                flow_show(&p);
}
