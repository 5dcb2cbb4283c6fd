/* SPDX-License-Identifier: EUPL-1.2 */

/* The way of the records of a case, as a table. */

#include "console/pages/trace_section.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/facts.h"
#include "survey/trail_say.h"

#define TRACE_SENTENCE_MAX ((size_t)16 * 1024)
#define TRACE_FROM "trace"
#define TRACE_TOPICS "topics"
#define TRACE_AGAIN_S 1
#define TRACE_BUSY_S 10

/* -- Which steps -- */

bool trace_step_is_about(const struct trail_step *step, const struct uuid *id) {
        char text[UUID_TEXT + 1];

        if (uuid_equal(&step->event_id, id) || uuid_equal(&step->refused, id))
                return true;
        if (!step->posting)
                return false;
        uuid_format(id, text);
        return uuid_equal(&step->posting->alert_id, id) || (step->posting->instance && strcmp(step->posting->instance, text) == 0);
}

bool trace_step_is_of(const struct trail_step *step, const struct organisation *of) {
        switch (step->kind) {
        case TRAIL_WRITTEN:
        case TRAIL_PUBLISHED:
                return step->source && step->source->index == of->index;
        case TRAIL_TOLD:
        case TRAIL_DELIVERY:
                return step->receiver && step->receiver->index == of->index;
        case TRAIL_FACT:
        case TRAIL_LETTER:
        case TRAIL_SENT_AGAIN:
        case TRAIL_KINDS:
                break;
        }
        return false;
}

static bool trace_fact_names(const struct fact *fact, const struct uuid *id) {
        for (size_t i = 0; i < fact->type->layout->n; i++) {
                if (fact->slots[i].kind == SLOT_UUID && uuid_equal(&fact->slots[i].u, id))
                        return true;
        }
        return false;
}

/* The facts of the case that name what was looked for, as a measure; when they cannot be found nothing more is marked. */
static void trace_name(const struct exchange *x, const struct uuid *case_id, struct trace_view *trace) {
        struct replica *replica = x->console->replica;
        struct casefile *casefile;
        struct view v;

        replica_lock(replica);
        casefile = store_find(replica_store(replica), case_id);
        if (casefile && view_open(&v, replica_engine(replica), replica_store(replica), casefile, replica_now(replica)) == 0)
                trace->named_by = calloc(v.n + 1, sizeof(*trace->named_by));
        for (size_t i = 0; trace->named_by && i < v.n; i++) {
                if (trace_fact_names(&v.facts[i], &trace->id))
                        trace->named_by[trace->named_by_n++] = v.facts[i].event_id;
        }
        replica_unlock(replica);
}

static bool trace_finds(const struct trace_view *trace, const struct trail_step *step) {
        if (!trace->has_id)
                return false;
        for (size_t i = 0; i < trace->named_by_n; i++) {
                if (uuid_equal(&trace->named_by[i], &step->event_id))
                        return true;
        }
        return trace_step_is_about(step, &trace->id);
}

static int trace_choose(const struct exchange *x, struct trace_view *trace) {
        const struct trail_step *const *steps;
        size_t n;

        steps = trail_steps(trace->trail, &n);
        trace->steps = calloc(n + 1, sizeof(*trace->steps));
        if (!trace->steps)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                if (!x->person->organisation || trace_step_is_of(steps[i], x->person->organisation))
                        trace->steps[trace->n++] = steps[i];
        }
        return 0;
}

/* -- Finding -- */

/* It is being read: programs are told when to ask again, a browser does so by itself. */
static void trace_wait(struct exchange *x) {
        x->answer->status = 202;
        web_answer_header(x->answer, "Retry-After", "%d", TRACE_AGAIN_S);
        if (x->json) {
                struct json_writer w = exchange_json(x);

                jsonw_open_object(&w);
                jsonw_put_string(&w, "state", "in_making");
                jsonw_close_object(&w);
        } else {
                struct html h;

                web_answer_header(x->answer, "Refresh", "%d", TRACE_AGAIN_S);
                exchange_page_begin(x, &h, SAY(x, "Track and trace", "De weg van elk bericht"));
                part_notice(&h, PART_NOTE, SAY(x, "The topics are being read. This page asks again by itself.",
                                               "De topics worden gelezen. Deze pagina vraagt het vanzelf opnieuw."));
                exchange_page_end(x, &h);
        }
}

static void trace_refuse(struct exchange *x, int r, const struct error *err) {
        const char *memory = SAY(x, "There is not enough memory for the way of so many records; ask for one of them with `ketenwacht trace`.",
                                 "Er is niet genoeg geheugen voor de weg van zo veel berichten; vraag er een met `ketenwacht trace`.");

        if (r == -EBUSY)
                exchange_problem(x, 503, SAY(x, "Somebody else has the topics read now; ask again in a moment.",
                                             "Iemand anders laat de topics nu lezen; vraag het zo nog eens."));
        else
                exchange_problem(x, 503, err->text[0] ? err->text : memory);
        web_answer_header(x->answer, "Retry-After", "%d", TRACE_BUSY_S);
}

static int trace_read_topics(const struct exchange *x, const struct uuid *case_id, struct trace_view *ret, struct error *err) {
        int r = trail_job_ask(x->console->trails, case_id, &ret->trail, err);

        ret->from_topics = r == 0;
        return r == TRAIL_E_NONE ? tracks_trail(x->console->tracks, case_id, &ret->trail) : r;
}

/* Nobody has the topics read for what they cannot see. */
static bool trace_is_worth(const struct exchange *x, const struct uuid *case_id) {
        struct replica *replica = x->console->replica;
        struct casefile *casefile;
        bool is;

        if (!x->person->organisation)
                return true;
        replica_lock(replica);
        casefile = store_find(replica_store(replica), case_id);
        is = casefile && replica_was_told(replica, casefile, x->person->organisation);
        replica_unlock(replica);
        return is;
}

bool trace_view_open(struct exchange *x, const struct uuid *case_id, struct trace_view *ret) {
        const char *id = exchange_query(x, TRACE_ID), *from = exchange_query(x, TRACE_FROM);
        bool topics = from && strcmp(from, TRACE_TOPICS) == 0 && trace_is_worth(x, case_id);
        struct error err = {0};
        int r;

        *ret = (struct trace_view){.has_id = id != NULL};
        if (id && !uuid_parse(id, strlen(id), &ret->id)) {
                exchange_bad_query(x, TRACE_ID);
                return false;
        }
        tracks_status(x->console->tracks, &ret->status);
        r = topics ? trace_read_topics(x, case_id, ret, &err) : tracks_trail(x->console->tracks, case_id, &ret->trail);
        if (r == 0)
                r = trace_choose(x, ret); /* those that this person may see */
        if (r == 0 && ret->has_id && !uuid_equal(&ret->id, case_id))
                trace_name(x, case_id, ret);
        if (r == -EINPROGRESS)
                trace_wait(x);
        else if (r)
                trace_refuse(x, r, &err);
        return r == 0;
}

void trace_view_done(struct trace_view *trace) {
        free(trace->steps);
        free(trace->named_by);
        trail_free(trace->trail);
        *trace = (struct trace_view){0};
}

struct postings trace_view_postings(const struct trace_view *trace) {
        return trail_postings(trace->trail);
}

/* The number of the first step on this page: what is asked; else where what was looked for stands; else the last page. */
static size_t trace_first(const struct exchange *x, const struct trace_view *trace, size_t rows) {
        const char *value = exchange_query(x, TRACE_STEP);
        int64_t first;

        if (value && text_to_int64(text_of(value), &first) && first >= 0)
                return (uint64_t)first < trace->n ? (size_t)first : trace->n;
        for (size_t i = 0; trace->has_id && i < trace->n; i++) {
                if (trace_finds(trace, trace->steps[i]))
                        return i - i % rows;
        }
        return x->json || trace->n <= rows ? 0 : trace->n - rows;
}

/* -- For people -- */

static enum part_mark trace_mark_of(enum posting_state state, enum posting_cause cause) {
        switch (state) {
        case POSTING_DELIVERED:
        case POSTING_COLLECTED:
                return PART_GOOD;
        case POSTING_REFUSED:
        case POSTING_PARKED:
                return PART_WRONG;
        case POSTING_UNREAD:
                return PART_WARNING;
        case POSTING_WAITS:
                return cause == POSTING_FLOWS ? PART_NOTE : PART_WARNING;
        case POSTING_AGAIN:
        case POSTING_STATES:
                break;
        }
        return PART_NOTE;
}

static enum part_mark trace_mark(const struct trail_step *step) {
        enum part_mark worst = PART_GOOD;

        switch (step->kind) {
        case TRAIL_WRITTEN:
                return step->judged && !step->admitted ? PART_WARNING : PART_GOOD;
        case TRAIL_PUBLISHED:
                return !step->judged ? PART_NOTE : step->state == FATE_REFUSED ? PART_WRONG : step->state == FATE_WAITING ? PART_WARNING : PART_GOOD;
        case TRAIL_FACT:
                return PART_GOOD;
        case TRAIL_TOLD:
                if (step->posting->n == 0)
                        return PART_NOTE;
                for (size_t i = 0; i < step->posting->n; i++) {
                        enum part_mark mark = trace_mark_of(step->posting->outcomes[i].state, step->posting->outcomes[i].cause);

                        if (mark == PART_WRONG || worst == PART_GOOD)
                                worst = mark;
                }
                return worst;
        case TRAIL_DELIVERY:
                return trace_mark_of(step->outcome.state, POSTING_FLOWS);
        case TRAIL_LETTER:
                return PART_WRONG;
        case TRAIL_SENT_AGAIN:
        case TRAIL_KINDS:
                break;
        }
        return PART_NOTE;
}

static const char *trace_kind(const struct exchange *x, enum trail_kind kind) {
        static const char *const en[TRAIL_KINDS] = {[TRAIL_WRITTEN] = "outbox",   [TRAIL_PUBLISHED] = "came in",    [TRAIL_FACT] = "recorded",
                                                    [TRAIL_TOLD] = "inbox",       [TRAIL_DELIVERY] = "delivery",    [TRAIL_LETTER] = "dead letter",
                                                    [TRAIL_SENT_AGAIN] = "sent again"};
        static const char *const nl[TRAIL_KINDS] = {[TRAIL_WRITTEN] = "uitvak",   [TRAIL_PUBLISHED] = "ingekomen",  [TRAIL_FACT] = "vastgelegd",
                                                    [TRAIL_TOLD] = "postvak",     [TRAIL_DELIVERY] = "bezorging",   [TRAIL_LETTER] = "dode letter",
                                                    [TRAIL_SENT_AGAIN] = "opnieuw ingezonden"};

        return SAY(x, en[kind], nl[kind]);
}

/* @found: it is about what was looked for; @first: and no other was before it. */
static void trace_row(const struct exchange *x, struct part_table *t, const struct trail_step *step, bool found, bool first) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(TRACE_SENTENCE_MAX);
        const struct uuid none = {{0}};
        char id[UUID_TEXT + 1];

        part_row_begin(t, found && first ? TRACE_FOUND : NULL);
        part_cell_instant(t, step->at, x->now, x->language);
        part_cell_begin(t);
        part_mark(t->h, trace_mark(step), trace_kind(x, step->kind));
        if (found) {
                html_text(t->h, " ");
                part_mark(t->h, PART_NOTE, SAY(x, "looked for", "gezocht"));
        }
        part_cell_end(t);
        trail_say_step(step, x->console->config->organisations, x->language, &text);
        part_cell_text(t, buffer_text(&text));
        buffer_clear(&text);
        trail_say_place(step, &text);
        part_cell_text(t, buffer_text(&text));
        uuid_format(&step->event_id, id);
        part_cell_text(t, uuid_equal(&step->event_id, &none) ? NULL : id);
        part_row_end(t);
}

/* Where it is from, how far back that goes, and what is not known. */
static void trace_about(const struct exchange *x, struct html *h, const struct trace_view *trace) {
        const struct tracks_status *status = &trace->status;
        char link[EXCHANGE_LINK_MAX];

        html_begin(h, "p");
        if (trace->from_topics) {
                html_text(h, SAY(x, "Read from the topics, as they stand now. ", "Gelezen van de topics, zoals ze er nu staan. "));
                html_link(h, exchange_link(x, TRACE_FROM, NULL, link), SAY(x, "From memory", "Uit het geheugen"));
        } else {
                if (status->since) {
                        html_text(h, SAY(x, "What stands on the topics since ", "Wat op de topics staat sinds "));
                        part_instant(h, status->since, x->now, x->language);
                        html_text(h, SAY(x, "; what is older is not kept here. ", "; wat ouder is, wordt hier niet onthouden. "));
                }
                html_link(h, exchange_link(x, TRACE_FROM, TRACE_TOPICS, link),
                          SAY(x, "Read the topics (takes longer)", "Lees de topics (duurt langer)"));
        }
        html_end(h, "p");
        if (!trace->from_topics && status->state == TRACKS_READING)
                part_notice(h, PART_NOTE, SAY(x, "Not all of it is read yet.", "Nog niet alles daarvan is gelezen."));
        if (!trace->from_topics && status->state == TRACKS_AWAY) {
                part_notice_begin(h, PART_WARNING);
                if (status->seen) {
                        html_text(h, SAY(x, "The broker does not answer; this is as it was ", "De broker antwoordt niet; dit is zoals het was "));
                        part_instant(h, status->seen, x->now, x->language);
                } else {
                        html_text(h, SAY(x, "The broker does not answer; nothing is known yet.", "De broker antwoordt niet; er is nog niets bekend."));
                }
                part_notice_end(h);
        }
        if (!trace->from_topics && status->readers_why[0])
                part_notice(h, PART_NOTE, SAY(x, "Who reads the inboxes is not known: the broker does not say.",
                                              "Wie de postvakken leest, is niet bekend: de broker zegt het niet."));
}

static void trace_pages(const struct exchange *x, struct html *h, const struct trace_view *trace, size_t first, size_t last) {
        char earlier[EXCHANGE_LINK_MAX], later[EXCHANGE_LINK_MAX], number[24];
        struct part_link links[2];
        size_t n = 0;

        (void) snprintf(number, sizeof(number), "%zu", first > TRACE_ROWS ? first - TRACE_ROWS : 0);
        if (first > 0)
                links[n++] = (struct part_link){exchange_link(x, TRACE_STEP, number, earlier), SAY(x, "Earlier steps", "Eerdere stappen")};
        (void) snprintf(number, sizeof(number), "%zu", last);
        if (last < trace->n)
                links[n++] = (struct part_link){exchange_link(x, TRACE_STEP, number, later), SAY(x, "Later steps", "Latere stappen")};
        if (n > 0)
                part_links(h, SAY(x, "More steps", "Meer stappen"), links, n);
}

void trace_section(struct exchange *x, struct html *h, const struct trace_view *trace) {
        const struct part_column columns[] = {
                {SAY(x, "When", "Wanneer"), PART_TEXT}, {SAY(x, "Step", "Stap"), PART_TEXT},       {SAY(x, "What", "Wat"), PART_TEXT},
                {SAY(x, "Place", "Plaats"), PART_TEXT}, {SAY(x, "Message", "Bericht"), PART_TEXT},
        };
        size_t first = trace_first(x, trace, TRACE_ROWS), last = first + TRACE_ROWS < trace->n ? first + TRACE_ROWS : trace->n;
        struct part_table t;
        bool any = false;

        html_begin(h, "section");
        html_attr(h, "id", "trace");
        html_attr(h, "aria-labelledby", "trace-heading");
        html_begin(h, "h2");
        html_attr(h, "id", "trace-heading");
        html_text(h, SAY(x, "Track and trace", "De weg van elk bericht"));
        html_end(h, "h2");
        trace_about(x, h, trace);
        part_table_begin(&t, h, "trace-steps", SAY(x, "From the source to the receiver's answer, in the order of time",
                                                   "Van de bron tot het antwoord van de ontvanger, in de tijd"), columns, ELEMENTS(columns));
        for (size_t i = first; i < last; i++) {
                bool found = trace_finds(trace, trace->steps[i]);

                trace_row(x, &t, trace->steps[i], found, !any);
                any |= found;
        }
        part_table_end(&t, SAY(x, "Nothing is known of its way.", "Van de weg is niets bekend."));
        trace_pages(x, h, trace, first, last);
        html_end(h, "section");
}

/* -- For programs -- */

void trace_view_put(const struct exchange *x, const struct trace_view *trace, struct json_writer *w) {
        size_t limit = exchange_limit(x), first = trace_first(x, trace, limit), last = first + limit < trace->n ? first + limit : trace->n;

        jsonw_key(w, "trace");
        jsonw_open_object(w);
        jsonw_put_string(w, "from", trace->from_topics ? TRACE_TOPICS : "memory");
        if (!trace->from_topics && trace->status.since)
                instant_put_exact(w, "since", trace->status.since);
        if (!trace->from_topics && trace->status.seen)
                instant_put_exact(w, "seen", trace->status.seen);
        jsonw_put_int(w, "total", (int64_t)trace->n);
        jsonw_put_int(w, "first", (int64_t)first);
        jsonw_key(w, "steps");
        jsonw_open_array(w);
        for (size_t i = first; i < last; i++)
                trail_put_step(trace->steps[i], w);
        jsonw_close_array(w);
        if (last < trace->n)
                jsonw_put_int(w, "next_step", (int64_t)last);
        jsonw_close_object(w);
}
