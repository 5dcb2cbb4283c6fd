/* SPDX-License-Identifier: EUPL-1.2 */

/* Sending dead letters again: the dry run, the sending, and the page that says how it stands. */

#include "console/acts/redrive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/acts/acts.h"
#include "console/acts/redrive_job.h"

#define REDRIVE_PAGE "/dode-letters/opnieuw"
#define REDRIVE_WAIT_MS 500  /* what is over by then is shown at once */
#define REDRIVE_SHOWN 100    /* letters that were sent, as the page lists them */

/* -- Acts -- */

static void redrive_refuse_busy(struct exchange *x) {
        exchange_problem(x, 409, SAY(x, "Dead letters are being tried or sent already; one at a time. Wait until that is over, or stop it.",
                                     "Er worden al dode letters beproefd of verstuurd; dat kan een voor een. Wacht tot dat klaar is, of stop het."));
}

/* False: it was answered that it cannot be. */
static bool redrive_read_query(struct exchange *x, struct letters_query *ret) {
        const char *wrong = letters_query_read(x->request, web_form, ret);
        char text[LETTERS_QUERY_TEXT_MAX];

        if (!wrong && !letters_query_text(ret, text))
                wrong = "code";
        if (wrong)
                exchange_bad_query(x, wrong);
        return !wrong;
}

void redrive_act_try(struct exchange *x) {
        struct letters_query query;
        struct error err = {0};
        int r;

        if (!redrive_read_query(x, &query))
                return;
        r = redrive_job_try(x->console->redrive, &query, x->person, &err);
        if (r == REDRIVE_JOB_E_BUSY) {
                redrive_refuse_busy(x);
        } else if (r) {
                exchange_problem(x, 503, err.text);
        } else {
                redrive_job_wait(x->console->redrive, REDRIVE_WAIT_MS);
                web_answer_see(x->answer, REDRIVE_PAGE);
        }
}

_Static_assert(ACTS_REASON_MAX <= REDRIVE_REASON_MAX, "a reason that is taken can be kept");

/* Many are announced in audit before the first of them goes; one stands there in the transaction that sends it. */
static bool redrive_announce(struct exchange *x, const struct letters_query *query, const char *result, const char *reason) {
        char object[AUDIT_TEXT_MAX + 1], filter[LETTERS_QUERY_TEXT_MAX];

        if (query->filter.one)
                return true;
        (void) letters_query_text(query, filter); /* it was tried, so it fits */
        (void) snprintf(object, sizeof(object), LETTERS_INDEX_JOB "%s", filter);
        return exchange_audit_result(x, AUDIT_REDRIVE, object, result, reason);
}

static void redrive_begin(struct exchange *x, uint64_t tried, const struct letters_query *query, const char *reason) {
        struct error err = {0};
        int r;

        if (!redrive_announce(x, query, AUDIT_BEGUN, reason))
                return;
        r = redrive_job_send(x->console->redrive, tried, query, x->person, reason, &err);
        if (r && !redrive_announce(x, query, AUDIT_REFUSED, reason))
                return;
        if (r == REDRIVE_JOB_E_BUSY) {
                redrive_refuse_busy(x);
        } else if (r) {
                exchange_problem(x, r > 0 ? 409 : 503, r > 0 ? SAY(x, "Somebody else began something meanwhile; do the dry run again.",
                                                                 "Iemand anders is intussen iets begonnen; doe de proef opnieuw.") : err.text);
        } else {
                redrive_job_wait(x->console->redrive, REDRIVE_WAIT_MS);
                web_answer_see(x->answer, REDRIVE_PAGE);
        }
}

void redrive_act_send(struct exchange *x) {
        const char *tried_text = web_form(x->request, "proef"), *reason;
        struct redrive_job_status status;
        struct letters_query query;
        int64_t tried = 0;

        if (!redrive_read_query(x, &query))
                return;
        reason = acts_reason(x);
        if (!reason) {
                acts_refuse_reason(x);
                return;
        }
        redrive_job_status(x->console->redrive, &status);
        if (tried_text && !text_to_int64(text_of(tried_text), &tried))
                exchange_bad_query(x, "proef");
        else if (status.running)
                redrive_refuse_busy(x);
        else if (query.filter.one)
                redrive_begin(x, 0, &query, reason);
        else if (tried < 1 || (uint64_t)tried != status.number || !status.dry_run || status.why[0] || status.result.stopped)
                exchange_problem(x, 409, SAY(x, "Do a dry run first, and send what it shows: this one is not the latest, or did not come to its end.",
                                             "Doe eerst een proef, en verstuur wat die toont: deze is niet de laatste, of kwam niet aan haar einde."));
        else
                redrive_begin(x, (uint64_t)tried, &status.query, reason);
}

void redrive_act_stop(struct exchange *x) {
        redrive_job_stop(x->console->redrive);
        redrive_job_wait(x->console->redrive, REDRIVE_WAIT_MS);
        web_answer_see(x->answer, REDRIVE_PAGE);
}

/* -- How it stands, for programs -- */

static void redrive_put(struct exchange *x, const struct redrive_job_status *s) {
        struct json_writer w = exchange_json(x);
        char filter[LETTERS_QUERY_TEXT_MAX] = "";

        jsonw_open_object(&w);
        jsonw_put_int(&w, "number", (int64_t)s->number);
        jsonw_put_string(&w, "state", s->running ? "RUNNING" : s->number ? "OVER" : "NONE");
        if (s->number) {
                (void) letters_query_text(&s->query, filter);
                jsonw_put_bool(&w, "dry_run", s->dry_run);
                jsonw_put_string(&w, "filter", filter);
                instant_put_exact(&w, "begun", s->begun);
                if (s->ended)
                        instant_put_exact(&w, "ended", s->ended);
                jsonw_put_string(&w, "user", s->by);
                jsonw_put_string(&w, "reason", s->reason);
                if (s->expected)
                        jsonw_put_int(&w, "expected", (int64_t)s->expected);
                jsonw_put_bool(&w, "stopped", s->result.stopped);
                if (s->why[0])
                        jsonw_put_string(&w, "error", s->why);
                jsonw_key(&w, "result");
                redrive_result_put(&s->result, s->dry_run, &w);
        }
        jsonw_close_object(&w);
}

/* -- And for people -- */

static void redrive_put_refused(struct exchange *x, struct html *h, const struct redrive_result *result) {
        const struct part_column columns[] = {{SAY(x, "Code", "Code"), PART_TEXT}, {SAY(x, "Letters", "Letters"), PART_NUMBER}};
        struct part_table t;

        if (result->refused_n == 0)
                return;
        part_table_begin(&t, h, "refused",
                         SAY(x, "Would be refused again, and stay where they are", "Zouden opnieuw worden geweigerd, en blijven waar ze zijn"),
                         columns, ELEMENTS(columns));
        for (size_t i = 0; i < result->refused_n; i++) {
                part_row_begin(&t, NULL);
                part_cell_text(&t, result->refused[i].code);
                part_cell_int(&t, (int64_t)result->refused[i].n, x->language);
                part_row_end(&t);
        }
        part_table_end(&t, "");
}

static void redrive_put_counts(struct exchange *x, struct html *h, const struct redrive_job_status *s) {
        char number[PART_NUMBER_TEXT], of[PART_NUMBER_TEXT];

        part_terms_begin(h);
        part_term_begin(h, s->dry_run ? SAY(x, "Would be accepted", "Zouden worden aangenomen") : SAY(x, "Sent again", "Opnieuw verstuurd"));
        html_text(h, part_number((int64_t)s->result.sent, x->language, number));
        if (s->expected)
                html_textf(h, SAY(x, " of %s", " van %s"), part_number((int64_t)s->expected, x->language, of));
        part_term_end(h);
        part_term(h, SAY(x, "Sent again earlier", "Al eerder opnieuw verstuurd"), part_number((int64_t)s->result.already, x->language, number));
        part_term(h, SAY(x, "Looked at", "Bekeken"), part_number((int64_t)s->result.matched, x->language, number));
        part_term(h, SAY(x, "By", "Door"), s->by);
        if (s->reason[0])
                part_term(h, SAY(x, "Reason", "Reden"), s->reason);
        part_term_begin(h, SAY(x, "Begun", "Begonnen"));
        part_instant(h, s->begun, x->now, x->language);
        part_term_end(h);
        if (s->ended) {
                part_term_begin(h, SAY(x, "Over", "Klaar"));
                part_instant(h, s->ended, x->now, x->language);
                part_term_end(h);
        }
        part_terms_end(h);
        redrive_put_refused(x, h, &s->result);
}

static void redrive_put_sentence(struct exchange *x, struct html *h, const struct redrive_job_status *s) {
        if (s->running)
                part_notice(h, PART_NOTE, s->dry_run ? SAY(x, "The dry run is under way; nothing is sent.", "De proef loopt; er wordt niets verstuurd.")
                                                     : SAY(x, "Being sent. You may leave this page.", "Wordt verstuurd. U kunt deze pagina verlaten."));
        else if (s->why[0]) {
                part_notice_begin(h, PART_WRONG);
                html_text(h, SAY(x, "It broke off; what was sent stands, and who does it again goes on where it was: ",
                                 "Het is afgebroken; wat verstuurd is staat vast, en wie het opnieuw doet gaat verder waar het was: "));
                part_said(h, LANGUAGE_EN, s->why);
                part_notice_end(h);
        } else if (s->result.stopped)
                part_notice(h, PART_WARNING, SAY(x, "Stopped before its end; who does it again goes on where it was, and sends nothing twice.",
                                                 "Gestopt voor het einde; wie het opnieuw doet gaat verder waar het was, en verstuurt niets dubbel."));
        else
                part_notice(h, PART_GOOD, s->dry_run ? SAY(x, "The dry run is over; nothing was sent.", "De proef is klaar; er is niets verstuurd.")
                                                     : SAY(x, "All that could be sent was sent.", "Alles wat verstuurd kon worden is verstuurd."));
}

/* What may come next: sending what was tried, stopping what runs. */
static void redrive_put_forms(struct exchange *x, struct html *h, const struct redrive_job_status *s) {
        char number[PART_NUMBER_TEXT];

        if (s->running) {
                const struct part_link again[] = {{REDRIVE_PAGE, SAY(x, "Look again", "Kijk opnieuw")}};

                part_links(h, SAY(x, "Progress", "Voortgang"), again, ELEMENTS(again));
                part_act_begin(h, "/dode-letters/stoppen", x->token);
                part_act_end(h, SAY(x, "Stop", "Stop"), true);
        } else if (s->dry_run && !s->why[0] && !s->result.stopped && s->result.sent > 0) {
                (void) snprintf(number, sizeof(number), "%" PRIu64, s->number);
                part_act_begin(h, REDRIVE_PAGE, x->token);
                part_hidden(h, "proef", number);
                acts_put_reason(x, h, NULL);
                part_act_end(h, SAY(x, "Send these again", "Verstuur deze opnieuw"), true);
        }
}

struct redrive_listing {
        struct exchange *x;
        struct part_table table;
};

static void redrive_see_sent(void *ctx, const struct letter_line *line) {
        struct redrive_listing *l = ctx;
        char place[LETTERS_OBJECT_MAX], href[LETTERS_OBJECT_MAX + 32], id[UUID_TEXT + 1];

        (void) snprintf(place, sizeof(place), "%" PRId32 "/%" PRId64, line->partition, line->offset);
        (void) snprintf(href, sizeof(href), "/dode-letters/%s", place);
        part_row_begin(&l->table, NULL);
        part_cell_link(&l->table, href, place);
        part_cell_text(&l->table, line->topic);
        part_cell_text(&l->table, line->organisation);
        part_cell_instant(&l->table, line->sent_at, l->x->now, l->x->language);
        part_cell_begin(&l->table);
        uuid_format(&line->event_id, id);
        (void) snprintf(href, sizeof(href), "/zaken?zoek=%s", id);
        if (line->has_event_id && exchange_may(l->x, ROLE_ZAAK | ROLE_GEGEVENS))
                html_link(l->table.h, href, SAY(l->x, "track and trace", "waar het staat"));
        part_cell_end(&l->table);
        part_row_end(&l->table);
}

/* Where what was sent stands now; and how much of it came back. */
static void redrive_put_sent(struct exchange *x, struct html *h, const struct redrive_job_status *s) {
        const struct part_column columns[] = {{SAY(x, "Letter", "Letter"), PART_TEXT}, {SAY(x, "Topic", "Topic"), PART_TEXT},
                                              {SAY(x, "Source or receiver", "Bron of ontvanger"), PART_TEXT}, {SAY(x, "Sent", "Verstuurd"), PART_TEXT},
                                              {SAY(x, "Now", "Nu"), PART_TEXT}};
        struct redrive_listing l = {.x = x};
        struct letters_filter filter = s->query.filter;
        struct letters_index_groups back;
        char number[PART_NUMBER_TEXT];
        bool more, known;

        filter.sent_from = s->begun;
        filter.unsent = false;
        part_table_begin(&l.table, h, "sent", SAY(x, "Sent again, the latest first", "Opnieuw verstuurd, de laatste eerst"), columns, ELEMENTS(columns));
        (void) letters_index_each(x->console->letters, &filter, NULL, REDRIVE_SHOWN, redrive_see_sent, &l, &more, &known);
        part_table_end(&l.table, SAY(x, "None is known yet.", "Nog geen bekend."));
        letters_index_count(x->console->letters, &(struct letters_filter){.from = s->begun, .returned = true}, LETTERS_BY_CODE, &back);
        html_begin(h, "p");
        html_textf(h, SAY(x, "Letters that came back since: %s. ", "Sindsdien teruggekomen letters: %s. "),
                   part_number((int64_t)back.all, x->language, number));
        if (back.all > 0)
                html_link(h, "/dode-letters?sent=back", SAY(x, "Which these are", "Welke dat zijn"));
        html_end(h, "p");
}

void redrive_page(struct exchange *x) {
        char filter[LETTERS_QUERY_TEXT_MAX] = "", href[LETTERS_QUERY_TEXT_MAX + 32];
        struct redrive_job_status s;
        struct html h;

        redrive_job_status(x->console->redrive, &s);
        if (x->json) {
                redrive_put(x, &s);
                return;
        }
        exchange_page_begin(x, &h, SAY(x, "Sending dead letters again", "Dode letters opnieuw versturen"));
        if (s.number) {
                (void) letters_query_text(&s.query, filter);
                (void) snprintf(href, sizeof(href), "/dode-letters%s%s", filter[0] ? "?" : "", filter);
                redrive_put_sentence(x, &h, &s);
                html_begin(&h, "p");
                html_link(&h, href, filter[0] ? SAY(x, "The letters that this is about", "De letters waar dit over gaat")
                                              : SAY(x, "All dead letters", "Alle dode letters"));
                html_end(&h, "p");
                redrive_put_counts(x, &h, &s);
                redrive_put_forms(x, &h, &s);
                if (!s.dry_run)
                        redrive_put_sent(x, &h, &s);
        } else {
                html_begin(&h, "p");
                html_text(&h, SAY(x, "Nothing was tried or sent since this console began. ", "Er is niets beproefd of verstuurd sinds deze console begon. "));
                html_link(&h, "/dode-letters", SAY(x, "Dead letters", "Dode letters"));
                html_end(&h, "p");
        }
        exchange_page_end(x, &h);
}
