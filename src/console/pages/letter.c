/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * /dode-letters/<partition>/<offset>: one dead letter: what it says of itself, why it was refused, what would become of it now; its body with personal
 * fields masked, or with them for whoever says why, which stands in audit first
 */

#include "console/pages/letter.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cluster/audit.h"
#include "cluster/topics.h"
#include "console/acts/acts.h"
#include "console/letters_query.h"
#include "survey/view.h"

#define LETTER_HEX_SHOWN 32 /* digits of bytes that nobody can read, and so nobody can mask: enough for a frame, and for no personal data */
#define LETTER_OTHERS 20    /* letters of the same event that are listed */
#define LETTER_PLACE_TEXT 40

struct letter_page {
        struct exchange *x;
        bool clear;         /* personal fields too: it stands in audit */
        bool known;         /* the index has it */
        bool ready;         /* the index has all that stood there, and so knows what was sent again */
        struct letter_line line;
        json_t *record;     /* of view_record() */
        size_t bytes;
        const char *now;    /* code of letters_judge(), NULL: it would be taken */
        struct error why;
        char place[LETTER_PLACE_TEXT];
        char code[64], stage[64], topic[BUS_NAME_MAX + 1], connector[BUS_NAME_MAX + 1], organisation[LETTERS_ORGANISATION_MAX + 1];
        char error[DEAD_LETTER_ERROR_MAX + 1];
};

static bool letter_may_see(const struct letter_page *p) {
        return exchange_may(p->x, ROLE_ZAAK | ROLE_GEGEVENS);
}

/* -- Reading it -- */

static const char *letter_keep(char *ret, size_t n, const char *text) {
        if (!text)
                return NULL;
        (void) snprintf(ret, n, "%s", text);
        return ret;
}

static int letter_view(struct letter_page *p, const struct letter *letter, struct error *err) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(VIEW_BYTES_MAX);
        CLEANUP(view_free_p) struct view *view = NULL;
        int r = view_new(p->x->console->config->types, p->clear, &view, err);

        if (r == 0)
                r = view_record(view, letter->record, &text);
        if (r)
                return r;
        p->record = json_loadb(buffer_text(&text), text.n, 0, NULL);
        return p->record ? 0 : -ENOMEM;
}

/* What is kept of it outlives the record. */
static int letter_see(void *ctx, const struct letter *letter, struct error *err) {
        struct letter_page *p = ctx;
        const struct console *c = p->x->console;
        const struct letters_source source = {.bus = c->bus, .types = c->config->types, .organisations = c->config->organisations,
                                              .partitions = c->broker->partitions, .now = p->x->now};
        instant_t sent_at = p->line.sent_at;

        letter_line_make(letter, &p->line);
        p->line.sent_at = sent_at;
        p->line.code = letter_keep(p->code, sizeof(p->code), p->line.code);
        p->line.stage = letter_keep(p->stage, sizeof(p->stage), p->line.stage);
        p->line.topic = letter_keep(p->topic, sizeof(p->topic), p->line.topic);
        p->line.connector = letter_keep(p->connector, sizeof(p->connector), p->line.connector);
        p->line.organisation = letter_keep(p->organisation, sizeof(p->organisation), p->line.organisation);
        p->line.error = letter_keep(p->error, sizeof(p->error), p->line.error);
        p->bytes = letter->record->value_n;
        p->now = letters_judge(&source, letter, NULL, &p->why);
        return letter_view(p, letter, err);
}

static void letter_see_sent(void *ctx, const struct letter_line *line) {
        struct letter_page *p = ctx;

        p->known = true;
        p->line.sent_at = line->sent_at;
}

static int letter_see_older(void *ctx, const struct letter *letter, struct error *err) {
        struct letter_page *p = ctx;

        p->known = true;
        p->line.sent_at = letter->sent_at;
        return letter_see(ctx, letter, err);
}

/* Whether it was sent again is known of those in memory; of an older one the whole audit is read. Return: 0; LETTERS_E_NONE; negative errno. */
static int letter_read_at(struct letter_page *p, int32_t partition, int64_t offset, struct error *err) {
        const struct console *c = p->x->console;
        const struct letters_source source = {.bus = c->bus, .types = c->config->types, .organisations = c->config->organisations,
                                              .partitions = c->broker->partitions, .now = p->x->now};
        const struct letters_filter filter = {.one = true, .partition = partition, .offset = offset};
        struct letters_index_status status;
        int r;

        (void) letters_index_at(c->letters, (struct letters_index_place){partition, offset}, letter_see_sent, p);
        letters_index_status(c->letters, &status);
        p->ready = status.ready;
        if (p->known || !status.more) /* one that has just come was not sent again yet */
                return letters_one(&source, partition, offset, &(struct letters_visitor){letter_see, p}, err);
        if (!letters_index_claim(c->letters)) {
                error_set(err, "%s", SAY(p->x, "Somebody else has older letters read from the topic now. Try again in a moment.",
                                         "Iemand anders laat nu oudere letters uit het topic lezen. Probeer het zo weer."));
                return -EBUSY;
        }
        r = letters_each(&source, &filter, &(struct letters_visitor){letter_see_older, p}, err);
        letters_index_release(c->letters);
        return r == 0 && !p->known ? LETTERS_E_NONE : r;
}

/* False: it was answered that it is not there, or cannot be read. */
static bool letter_open(struct letter_page *p) {
        struct error err = {0};
        int32_t partition;
        int64_t offset;
        int r;

        if (!letters_place_read(p->x->rest, &partition, &offset)) {
                exchange_not_found(p->x);
                return false;
        }
        (void) snprintf(p->place, sizeof(p->place), "%" PRId32 "/%" PRId64, partition, offset);
        r = letter_read_at(p, partition, offset, &err);
        if (r == LETTERS_E_NONE || r == -ENOENT)
                exchange_not_found(p->x);
        else if (r)
                exchange_problem(p->x, 503, err.text[0] ? err.text : strerror(-r));
        return r == 0;
}

/* -- What of its record may be shown -- */

/* Bytes that are of no known schema may be anybody's data: only their beginning is shown, unless all may be seen. */
static void letter_cut_hex(struct letter_page *p) {
        const char *hex = json_string_value(json_object_get(p->record, "hex"));

        if (!p->clear && hex && strlen(hex) > LETTER_HEX_SHOWN)
                (void) json_object_set_new(p->record, "hex", json_stringn(hex, LETTER_HEX_SHOWN));
}

static void letter_answer_json(struct letter_page *p) {
        CLEANUP(cleanup_free) void *record = NULL;
        struct letter_line shown = p->line;
        struct json_writer w = exchange_json(p->x);

        shown.has_case_id &= letter_may_see(p);
        shown.has_event_id &= letter_may_see(p);
        jsonw_open_object(&w);
        letter_line_put(&shown, &w);
        jsonw_put_int(&w, "bytes", (int64_t)p->bytes);
        letter_put_verdict(p->now, &p->why, &w);
        if (letter_may_see(p)) {
                letter_cut_hex(p);
                record = json_dumps(p->record, JSON_COMPACT);
                jsonw_key(&w, "record");
                jsonw_raw(&w, record ? record : "null");
        }
        jsonw_close_object(&w);
}

static void letter_put_terms(struct letter_page *p, struct html *h) {
        struct exchange *x = p->x;
        const struct letter_line *line = &p->line;
        char text[BUS_NAME_MAX + 64], id[UUID_TEXT + 1], number[PART_NUMBER_TEXT];

        part_terms_begin(h);
        part_term_begin(h, SAY(x, "Refused", "Geweigerd"));
        part_instant(h, line->at, x->now, x->language);
        part_term_end(h);
        if (line->good) {
                part_term(h, SAY(x, "Code and stage", "Code en stap"), (snprintf(text, sizeof(text), "%s (%s)", line->code, line->stage), text));
                part_term_begin(h, SAY(x, "Why", "Waarom"));
                part_said(h, LANGUAGE_EN, line->error);
                part_term_end(h);
                (void) snprintf(text, sizeof(text), "%s/%" PRId32 "/%" PRId64, line->topic, line->from_partition, line->from_offset);
                part_term(h, SAY(x, "Stood at", "Stond op"), text);
                part_term(h, SAY(x, "Sent again before it came here", "Opnieuw verstuurd voor het hier kwam"),
                          part_number(line->redriven, x->language, number));
                if (line->connector[0])
                        part_term(h, SAY(x, "Connector", "Connector"), line->connector);
        }
        part_term_begin(h, SAY(x, "Source or receiver", "Bron of ontvanger"));
        (void) snprintf(text, sizeof(text), "/organisaties/%s", line->organisation);
        if (line->organisation[0])
                html_link(h, text, line->organisation);
        else
                html_text(h, SAY(x, "cannot be said", "niet te zeggen"));
        part_term_end(h);
        uuid_format(&line->case_id, id);
        (void) snprintf(text, sizeof(text), "/zaken/%s", id);
        if (line->has_case_id && letter_may_see(p)) {
                part_term_begin(h, SAY(x, "Case", "Zaak"));
                html_link(h, text, id);
                part_term_end(h);
        }
        uuid_format(&line->event_id, id);
        (void) snprintf(text, sizeof(text), "/zaken?zoek=%s", id);
        if (line->has_event_id && letter_may_see(p)) {
                part_term_begin(h, SAY(x, "Event: track and trace", "Bericht: waar het is geweest"));
                html_link(h, text, id);
                part_term_end(h);
        }
        part_terms_end(h);
}

/* What would become of it; and of one that was sent again, when. */
static void letter_put_now(struct letter_page *p, struct html *h) {
        struct exchange *x = p->x;

        html_element(h, "h2", NULL, SAY(x, "If it were sent again now", "Als hij nu opnieuw verstuurd werd"));
        if (!p->ready)
                part_notice(h, PART_NOTE, SAY(x, "Whether it was sent again is still being read; it goes no second time.",
                                              "Of hij al opnieuw verstuurd is wordt nog gelezen; een tweede keer gaat hij niet."));
        if (p->line.sent_at) {
                part_notice_begin(h, PART_NOTE);
                html_text(h, SAY(x, "It was sent again already, and goes no second time: ", "Hij is al opnieuw verstuurd, en gaat geen tweede keer: "));
                part_instant(h, p->line.sent_at, x->now, x->language);
                part_notice_end(h);
        } else if (p->now) {
                part_notice_begin(h, PART_WRONG);
                html_textf(h, SAY(x, "It would be refused again: %s, ", "Hij zou opnieuw worden geweigerd: %s, "), p->now);
                part_said(h, LANGUAGE_EN, p->why.text);
                part_notice_end(h);
        } else {
                part_notice(h, PART_GOOD, SAY(x, "It would be accepted by today's schemas and organisations; only its case can still refuse it.",
                                              "Hij zou worden aangenomen door de schema's en organisaties van nu; alleen zijn zaak kan hem nog weigeren."));
        }
        if (!exchange_may(x, ROLE_BEHEER) || p->now || p->line.sent_at)
                return;
        part_act_begin(h, "/dode-letters/opnieuw", x->token);
        part_hidden(h, "letter", p->place);
        acts_put_reason(x, h, NULL);
        part_act_end(h, SAY(x, "Send again", "Verstuur opnieuw"), true);
}

static void letter_put_value(struct letter_page *p, struct html *h, const char *key, const json_t *value, const struct event_type *type) {
        CLEANUP(cleanup_free) void *text = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        int slot = type ? layout_slot(type->layout, key) : -1;

        if (json_is_null(value) && !p->clear && slot >= 0 && (type->personal >> slot & 1))
                part_mark(h, PART_NOTE, SAY(p->x, "masked", "afgeschermd"));
        else
                html_text(h, json_is_string(value) ? json_string_value(value) : text);
}

static void letter_put_object(struct letter_page *p, struct html *h, const char *id, const char *caption, json_t *object, const struct event_type *type) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {{SAY(x, "Name", "Naam"), PART_TEXT}, {SAY(x, "Value", "Waarde"), PART_TEXT}};
        struct part_table t;
        const char *key;
        json_t *value;

        part_table_begin(&t, h, id, caption, columns, ELEMENTS(columns));
        json_object_foreach(object, key, value) {
                /* Headers that others made may say anything: whoever may see no case sees ours. */
                if (!letter_may_see(p) && strncmp(key, "kw-", 3) != 0)
                        continue;
                part_row_begin(&t, NULL);
                part_cell_text(&t, key);
                part_cell_begin(&t);
                letter_put_value(p, h, key, value, type);
                part_cell_end(&t);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "None.", "Geen."));
}

static void letter_put_body(struct letter_page *p, struct html *h) {
        struct exchange *x = p->x;
        json_t *value = json_object_get(p->record, "value");
        const char *event = json_string_value(json_object_get(p->record, "event")), *hex = json_string_value(json_object_get(p->record, "hex"));
        const char *error = json_string_value(json_object_get(p->record, "error"));

        letter_put_object(p, h, "headers", SAY(x, "Headers", "Headers"), json_object_get(p->record, "headers"), NULL);
        if (!letter_may_see(p))
                return;
        html_element(h, "h2", NULL, SAY(x, "Body", "Inhoud"));
        if (json_is_object(value)) {
                letter_put_object(p, h, "body", event ? event : SAY(x, "Body", "Inhoud"), value,
                                  event ? event_types_find(x->console->config->types, text_of(event)) : NULL);
                return;
        }
        letter_cut_hex(p);
        hex = json_string_value(json_object_get(p->record, "hex"));
        part_terms_begin(h);
        part_term_begin(h, SAY(x, "Cannot be read", "Niet te lezen"));
        part_said(h, LANGUAGE_EN, error ? error : "");
        part_term_end(h);
        part_term_begin(h, SAY(x, "Bytes, as hex", "Bytes, als hex"));
        html_element(h, "code", "hex", hex ? hex : "");
        if (!p->clear && hex && strlen(hex) < 2 * p->bytes)
                html_textf(h, SAY(x, " … %zu bytes; the rest may hold personal data", " … %zu bytes; de rest kan persoonsgegevens bevatten"), p->bytes);
        part_term_end(h);
        part_terms_end(h);
}

/* For whoever may see personal fields: a form that asks why. */
static void letter_put_sight(struct letter_page *p, struct html *h) {
        struct exchange *x = p->x;
        char action[LETTER_PLACE_TEXT + 32];

        if (p->clear || !exchange_may(x, ROLE_GEGEVENS))
                return;
        (void) snprintf(action, sizeof(action), "/dode-letters/inzien/%s", p->place);
        part_act_begin(h, action, x->token);
        acts_put_reason(x, h, SAY(x, "Why do you want to see the personal data?", "Waarom wilt u de persoonsgegevens zien?"));
        part_act_end(h, SAY(x, "Show, and note it in the audit", "Toon, en zet het in het logboek"), false);
}

struct letter_others {
        struct letter_page *p;
        struct part_table table;
};

static void letter_see_other(void *ctx, const struct letter_line *line) {
        struct letter_others *o = ctx;
        char place[LETTER_PLACE_TEXT], href[LETTER_PLACE_TEXT + 16];
        struct exchange *x = o->p->x;

        (void) snprintf(place, sizeof(place), "%" PRId32 "/%" PRId64, line->partition, line->offset);
        (void) snprintf(href, sizeof(href), "/dode-letters/%s", place);
        part_row_begin(&o->table, NULL);
        part_cell_link(&o->table, href, place);
        part_cell_instant(&o->table, line->at, x->now, x->language);
        part_cell_text(&o->table, line->code);
        part_cell_int(&o->table, line->redriven, x->language);
        part_cell_instant(&o->table, line->sent_at, x->now, x->language);
        part_row_end(&o->table);
}

/* The same event as other letters: where it came back. */
static void letter_put_others(struct letter_page *p, struct html *h) {
        struct exchange *x = p->x;
        const struct part_column columns[] = {{SAY(x, "Letter", "Letter"), PART_TEXT}, {SAY(x, "Refused", "Geweigerd"), PART_TEXT},
                                              {SAY(x, "Code", "Code"), PART_TEXT},
                                              {SAY(x, "Times sent again before", "Keren eerder opnieuw verstuurd"), PART_NUMBER},
                                              {SAY(x, "Sent again", "Opnieuw verstuurd"), PART_TEXT}};
        struct letter_others others = {.p = p};

        if (!p->line.has_event_id)
                return;
        part_table_begin(&others.table, h, "others", SAY(x, "Letters of this event, this one among them", "Letters van dit bericht, ook deze"), columns,
                         ELEMENTS(columns));
        (void) letters_index_of_event(x->console->letters, &p->line.event_id, LETTER_OTHERS, letter_see_other, &others);
        part_table_end(&others.table, SAY(x, "None in memory.", "Geen in het geheugen."));
}

static void letter_answer_page(struct letter_page *p) {
        struct exchange *x = p->x;
        char title[LETTER_PLACE_TEXT + 32];
        struct html h;

        (void) snprintf(title, sizeof(title), SAY(x, "Dead letter %s", "Dode letter %s"), p->place);
        exchange_page_begin(x, &h, title);
        letter_put_terms(p, &h);
        letter_put_now(p, &h);
        letter_put_body(p, &h);
        letter_put_sight(p, &h);
        letter_put_others(p, &h);
        exchange_page_end(x, &h);
}

void page_letter(struct exchange *x) {
        struct letter_page p = {.x = x};

        if (letter_open(&p)) {
                if (x->json)
                        letter_answer_json(&p);
                else
                        letter_answer_page(&p);
        }
        json_decref(p.record);
}

void page_letter_clear(struct exchange *x) {
        struct letter_page p = {.x = x, .clear = true};
        const char *reason = acts_reason(x);
        char object[LETTERS_OBJECT_MAX];

        if (!reason) {
                acts_refuse_reason(x);
        } else if (letter_open(&p)) {
                (void) snprintf(object, sizeof(object), TOPIC_DEAD_LETTERS "/%s@%" PRId64, p.place, p.line.at);
                if (exchange_audit(x, AUDIT_VIEW_PERSONAL, object, reason))
                        letter_answer_page(&p);
        }
        json_decref(p.record);
}
