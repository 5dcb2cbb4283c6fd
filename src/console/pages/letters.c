/* SPDX-License-Identifier: EUPL-1.2 */

/* /dode-letters: what could not be processed, by reason, topic and source; a list of it, and the way to sending it again. */

#include "console/pages/letters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/acts/redrive_job.h"
#include "console/letters_query.h"

#define LETTERS_PLACE_TEXT 40

struct letters_page {
        struct exchange *x;
        struct letters_query query;
        struct letters_index_status status;
        struct letters_index_place after, last;
        bool is_after, older; /* older: read from the topic, the oldest first */
        bool more, may_cases;
        size_t limit, n;
        struct html h;
        struct part_table table;
        struct json_writer w;
};

static const char *const letters_by_names[LETTERS_BYS] = {"code", "topic", "organisation"};

static const char *letters_place_text(const struct letters_index_place *place, char ret[LETTERS_PLACE_TEXT]) {
        (void) snprintf(ret, LETTERS_PLACE_TEXT, "%" PRId32 "/%" PRId64, place->partition, place->offset);
        return ret;
}

/* -- Lines -- */

/* Whoever may see no case learns which letter it is, and not of which child. */
static void letters_see_json(void *ctx, const struct letter_line *line) {
        struct letters_page *p = ctx;
        struct letter_line shown = *line;

        shown.has_case_id &= p->may_cases;
        shown.has_event_id &= p->may_cases;
        p->last = (struct letters_index_place){line->partition, line->offset};
        jsonw_open_object(&p->w);
        letter_line_put(&shown, &p->w);
        jsonw_close_object(&p->w);
}

static void letters_put_case(struct letters_page *p, const struct letter_line *line) {
        char id[UUID_TEXT + 1], href[UUID_TEXT + 16];

        part_cell_begin(&p->table);
        uuid_format(&line->case_id, id);
        (void) snprintf(href, sizeof(href), "/zaken/%s", id);
        if (line->has_case_id && p->may_cases)
                html_link(p->table.h, href, id);
        part_cell_end(&p->table);
}

static void letters_see_row(void *ctx, const struct letter_line *line) {
        struct letters_page *p = ctx;
        struct exchange *x = p->x;
        char place[LETTERS_PLACE_TEXT], href[LETTERS_PLACE_TEXT + 16];

        p->last = (struct letters_index_place){line->partition, line->offset};
        (void) snprintf(href, sizeof(href), "/dode-letters/%s", letters_place_text(&p->last, place));
        part_row_begin(&p->table, NULL);
        part_cell_link(&p->table, href, place);
        part_cell_instant(&p->table, line->at, x->now, x->language);
        part_cell_text(&p->table, line->good ? line->code : SAY(x, "no dead letter", "geen dode letter"));
        part_cell_text(&p->table, line->topic);
        part_cell_text(&p->table, line->organisation);
        if (p->may_cases)
                letters_put_case(p, line);
        part_cell_begin(&p->table);
        part_said(p->table.h, LANGUAGE_EN, line->error);
        part_cell_end(&p->table);
        part_cell_instant(&p->table, line->sent_at, x->now, x->language);
        part_row_end(&p->table);
}

/* -- From memory, or what is older from the topic -- */

static int letters_see_older(void *ctx, const struct letter *letter, struct error *err) {
        struct letters_page *p = ctx;
        struct letter_line line;

        (void) err;
        letter_line_make(letter, &line);
        if (p->is_after && line.partition == p->after.partition && line.offset <= p->after.offset)
                return 0;
        if (p->n == p->limit) {
                p->more = true;
                return 1;
        }
        p->n++;
        (p->x->json ? letters_see_json : letters_see_row)(p, &line);
        return 0;
}

/* Return: 0; negative errno with a sentence: the broker is away, or somebody else reads. */
static int letters_put_list(struct letters_page *p, struct error *err) {
        const struct console *c = p->x->console;
        const struct letters_source source = {.bus = c->bus, .types = c->config->types, .organisations = c->config->organisations, .now = p->x->now};
        struct letters_filter filter = p->query.filter;
        bool known;
        int r;

        if (!p->older) {
                p->n = letters_index_each(c->letters, &filter, p->is_after ? &p->after : NULL, p->limit,
                                          p->x->json ? letters_see_json : letters_see_row, p, &p->more, &known);
                return 0;
        }
        if (!letters_index_claim(c->letters)) {
                error_set(err, "%s", SAY(p->x, "Somebody else has older letters read from the topic now. Try again in a moment.",
                                         "Iemand anders laat nu oudere letters uit het topic lezen. Probeer het zo weer."));
                return -EBUSY;
        }
        filter.until = p->status.oldest;
        r = letters_each(&source, &filter, &(struct letters_visitor){letters_see_older, p}, err);
        letters_index_release(c->letters);
        return r < 0 ? r : 0;
}

/* -- For programs -- */

static void letters_put_groups(struct letters_page *p, enum letters_index_by by) {
        struct letters_index_groups groups;

        letters_index_count(p->x->console->letters, &p->query.filter, by, &groups);
        jsonw_key(&p->w, letters_by_names[by]);
        jsonw_open_array(&p->w);
        for (size_t i = 0; i < groups.n; i++) {
                jsonw_open_object(&p->w);
                jsonw_key(&p->w, "name");
                if (groups.items[i].name)
                        jsonw_string(&p->w, groups.items[i].name);
                else
                        jsonw_null(&p->w);
                jsonw_put_int(&p->w, "letters", (int64_t)groups.items[i].n);
                jsonw_put_int(&p->w, "sent_again", (int64_t)groups.items[i].sent);
                instant_put_exact(&p->w, "latest", groups.items[i].latest);
                jsonw_close_object(&p->w);
        }
        jsonw_close_array(&p->w);
}

static void letters_answer_json(struct letters_page *p) {
        char place[LETTERS_PLACE_TEXT];
        struct error err = {0};

        p->w = exchange_json(p->x);
        jsonw_open_object(&p->w);
        jsonw_put_bool(&p->w, "complete", p->status.ready);
        if (p->status.more)
                instant_put_exact(&p->w, "older_than", p->status.oldest);
        jsonw_key(&p->w, "by");
        jsonw_open_object(&p->w);
        for (enum letters_index_by by = 0; by < LETTERS_BYS; by++)
                letters_put_groups(p, by);
        jsonw_close_object(&p->w);
        jsonw_key(&p->w, "letters");
        jsonw_open_array(&p->w);
        if (letters_put_list(p, &err)) {
                exchange_problem(p->x, 503, err.text);
                return;
        }
        jsonw_close_array(&p->w);
        if (p->more)
                jsonw_put_string(&p->w, "next", letters_place_text(&p->last, place));
        jsonw_close_object(&p->w);
}

/* -- For people -- */

static void letters_put_sentence(struct letters_page *p) {
        struct exchange *x = p->x;
        char all[PART_NUMBER_TEXT], sent[PART_NUMBER_TEXT];
        struct letters_index_groups groups;

        letters_index_count(x->console->letters, &p->query.filter, LETTERS_BY_CODE, &groups);
        part_notice_begin(&p->h, groups.all > groups.sent ? PART_WARNING : PART_GOOD);
        html_textf(&p->h, SAY(x, "%s letters, of which %s were sent again.", "%s letters, waarvan %s opnieuw verstuurd."),
                   part_number((int64_t)groups.all, x->language, all), part_number((int64_t)groups.sent, x->language, sent));
        part_notice_end(&p->h);
        if (!p->status.ready)
                part_notice(&p->h, PART_NOTE, SAY(x, "The topic is still being read.", "Het topic wordt nog gelezen."));
        if (p->status.why[0]) {
                part_notice_begin(&p->h, PART_WRONG);
                html_text(&p->h, SAY(x, "The topic cannot be read now; this is what was known: ",
                                     "Het topic kan nu niet gelezen worden; dit is wat bekend was: "));
                part_said(&p->h, LANGUAGE_EN, p->status.why);
                part_notice_end(&p->h);
        }
}

/* A sending again that began and of which no end is known: it runs in another console, or was cut off. */
static void letters_put_job(struct letters_page *p) {
        const struct letters_index_job *job = &p->status.job;
        struct exchange *x = p->x;
        struct redrive_job_status mine;
        char href[AUDIT_TEXT_MAX + 32];

        redrive_job_status(x->console->redrive, &mine);
        if (mine.running) {
                part_notice_begin(&p->h, PART_NOTE);
                html_link(&p->h, "/dode-letters/opnieuw",
                          SAY(x, "Letters are being tried or sent again now.", "Er worden nu letters beproefd of opnieuw verstuurd."));
                part_notice_end(&p->h);
        } else if (job->known && !job->over) {
                (void) snprintf(href, sizeof(href), "/dode-letters%s%s", job->filter[0] ? "?" : "", job->filter);
                part_notice_begin(&p->h, PART_WARNING);
                html_textf(&p->h,
                           SAY(x, "%s began to send letters again, and no end of it is known: it runs in another console, or it was cut off. Since ",
                               "%s begon letters opnieuw te versturen, en een einde is niet bekend: het loopt elders, of het is afgebroken. Sinds "),
                           job->user);
                part_instant(&p->h, job->begun, x->now, x->language);
                html_text(&p->h, ". ");
                html_link(&p->h, href, SAY(x, "Go on with these: nothing is sent twice", "Ga hiermee verder: niets wordt dubbel verstuurd"));
                part_notice_end(&p->h);
        }
}

static void letters_put_group_table(struct letters_page *p, enum letters_index_by by) {
        struct exchange *x = p->x;
        const char *const captions[LETTERS_BYS] = {SAY(x, "By code", "Naar code"), SAY(x, "By topic", "Naar topic"),
                                                   SAY(x, "By source or receiver", "Naar bron of ontvanger")};
        const char *const headings[LETTERS_BYS] = {SAY(x, "Code", "Code"), SAY(x, "Topic", "Topic"), SAY(x, "Organisation", "Organisatie")};
        const struct part_column columns[] = {{headings[by], PART_TEXT}, {SAY(x, "Letters", "Letters"), PART_NUMBER},
                                              {SAY(x, "Sent again", "Opnieuw verstuurd"), PART_NUMBER}, {SAY(x, "Latest", "Laatste"), PART_TEXT}};
        struct letters_index_groups groups;
        char href[EXCHANGE_LINK_MAX], id[32];
        struct part_table t;

        letters_index_count(x->console->letters, &p->query.filter, by, &groups);
        (void) snprintf(id, sizeof(id), "by-%s", letters_by_names[by]);
        part_table_begin(&t, &p->h, id, captions[by], columns, ELEMENTS(columns));
        for (size_t i = 0; i < groups.n; i++) {
                const struct letters_index_group *group = &groups.items[i];

                part_row_begin(&t, NULL);
                if (group->name && group->name[0])
                        part_cell_link(&t, exchange_link(x, letters_by_names[by], group->name, href), group->name);
                else
                        part_cell_text(&t, group->name ? SAY(x, "cannot be said", "niet te zeggen") : SAY(x, "all others", "alle andere"));
                part_cell_int(&t, (int64_t)group->n, x->language);
                part_cell_int(&t, (int64_t)group->sent, x->language);
                part_cell_instant(&t, group->latest, x->now, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, SAY(x, "None.", "Geen."));
}

static int letters_put_table(struct letters_page *p, struct error *err) {
        struct exchange *x = p->x;
        struct part_column columns[8];
        size_t n = 0;
        int r;

        columns[n++] = (struct part_column){SAY(x, "Letter", "Letter"), PART_TEXT};
        columns[n++] = (struct part_column){SAY(x, "Since", "Sinds"), PART_TEXT};
        columns[n++] = (struct part_column){SAY(x, "Code", "Code"), PART_TEXT};
        columns[n++] = (struct part_column){SAY(x, "Topic", "Topic"), PART_TEXT};
        columns[n++] = (struct part_column){SAY(x, "Source or receiver", "Bron of ontvanger"), PART_TEXT};
        if (p->may_cases)
                columns[n++] = (struct part_column){SAY(x, "Case", "Zaak"), PART_TEXT};
        columns[n++] = (struct part_column){SAY(x, "Why", "Waarom"), PART_TEXT};
        columns[n++] = (struct part_column){SAY(x, "Sent again", "Opnieuw verstuurd"), PART_TEXT};
        part_table_begin(&p->table, &p->h, "letters",
                         p->older ? SAY(x, "Older letters, read from the topic, the oldest first", "Oudere letters, gelezen uit het topic, de oudste eerst")
                                  : SAY(x, "Letters, the latest first", "Letters, de laatste eerst"),
                         columns, n);
        r = letters_put_list(p, err);
        part_table_end(&p->table, SAY(x, "No letter is like that.", "Geen letter is zo."));
        return r;
}

/* More of what is in memory; and behind the last of it what is older. */
static void letters_put_more(struct letters_page *p) {
        struct exchange *x = p->x;
        char place[LETTERS_PLACE_TEXT], href[EXCHANGE_LINK_MAX];

        if (p->more) {
                part_more(&p->h, exchange_link(x, "after", letters_place_text(&p->last, place), href), x->language);
        } else if (!p->older && p->status.more) {
                html_begin(&p->h, "p");
                html_text(&p->h, SAY(x, "Letters from before this are not in memory: ", "Letters van daarvoor staan niet in het geheugen: "));
                html_link(&p->h, exchange_link(x, "older", "1", href),
                          SAY(x, "read them from the topic, which takes a while", "lees ze uit het topic, dat duurt even"));
                html_end(&p->h, "p");
        }
}

static void letters_put_try(struct letters_page *p) {
        struct exchange *x = p->x;
        const struct part_link links[] = {
                {"/dode-letters/opnieuw", SAY(x, "How the latest dry run or sending stands", "Hoe de laatste proef of verzending staat")},
        };

        if (!exchange_may(x, ROLE_BEHEER))
                return;
        html_element(&p->h, "h2", NULL, SAY(x, "Send again", "Opnieuw versturen"));
        html_element(&p->h, "p", NULL,
                     SAY(x, "First a dry run: how many of the letters that pass this filter would be accepted now, and why others not. It sends nothing.",
                         "Eerst een proef: hoeveel van de letters in dit filter nu zouden worden aangenomen, en waarom andere niet. Die verstuurt niets."));
        part_act_begin(&p->h, "/dode-letters/proef", x->token);
        letters_query_hidden(&p->query, &p->h);
        part_act_end(&p->h, SAY(x, "Dry run", "Proef"), false);
        part_links(&p->h, SAY(x, "Sending again", "Opnieuw versturen"), links, ELEMENTS(links));
}

static void letters_answer_page(struct letters_page *p) {
        struct exchange *x = p->x;
        struct error err = {0};

        exchange_page_begin(x, &p->h, SAY(x, "Dead letters", "Dode letters"));
        letters_put_sentence(p);
        letters_put_job(p);
        part_filter_begin(&p->h, "/dode-letters", SAY(x, "Filter", "Filter"));
        letters_query_fields(x, &p->query, &p->h);
        part_filter_end(&p->h, x->language);
        for (enum letters_index_by by = 0; by < LETTERS_BYS; by++)
                letters_put_group_table(p, by);
        if (letters_put_table(p, &err)) {
                exchange_problem(x, 503, err.text);
                return;
        }
        letters_put_more(p);
        letters_put_try(p);
        exchange_page_end(x, &p->h);
}

void page_letters(struct exchange *x) {
        struct letters_page p = {.x = x, .limit = exchange_limit(x), .may_cases = exchange_may(x, ROLE_ZAAK | ROLE_GEGEVENS)};
        const char *wrong = letters_query_read(x->request, web_query, &p.query), *after = exchange_query(x, "after");

        if (!wrong && after && !letters_place_read(after, &p.after.partition, &p.after.offset))
                wrong = "after";
        if (wrong) {
                exchange_bad_query(x, wrong);
                return;
        }
        p.is_after = after != NULL;
        letters_index_status(x->console->letters, &p.status);
        p.older = exchange_query(x, "older") && p.status.more;
        if (x->json)
                letters_answer_json(&p);
        else
                letters_answer_page(&p);
}
