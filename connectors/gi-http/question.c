/* SPDX-License-Identifier: EUPL-1.2 */

/* Questions over HTTP: what stands in the address, and what an answer is called. */

#include "connectors/gi-http/question.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool question_event_id(const char *name, struct uuid *ret) {
        return uuid_parse(name, strlen(name), ret);
}

/* -- What stands behind the question mark -- */

#define QUERY_DETAIL_MAX 96

struct query {
        struct desk_question *question;
        struct problem *problem;
};

static bool query_refuse(struct query *q, const char *field, const char *detail) {
        q->problem->kind = PROBLEM_BAD_QUERY;
        q->problem->field = field;
        error_set(&q->problem->detail, "%s: %s", field, detail);
        return false;
}

static bool query_after(struct query *q, const char *value) {
        if (inbox_cursor_read(text_of(value), q->question->who, &q->question->cursor))
                return true;
        return query_refuse(q, "after", IN_LANGUAGE(q->problem->language,
                            "this is no cursor of your inbox; take the address of the link as it is, or leave after out to begin anew",
                            "dit is geen cursor van uw postvak; neem het adres van de link over zoals het is, of laat after weg om opnieuw te beginnen"));
}

static bool query_limit(struct query *q, const char *value) {
        int64_t n;
        char detail[QUERY_DETAIL_MAX];

        if (text_to_int64(text_of(value), &n) && n >= 1 && n <= INBOX_PAGE_MAX) {
                q->question->limit = (size_t)n;
                return true;
        }
        (void) snprintf(detail, sizeof(detail), IN_LANGUAGE(q->problem->language, "a number of events, from 1 to %d",
                                                            "een aantal gebeurtenissen, van 1 tot en met %d"),
                        INBOX_PAGE_MAX);
        return query_refuse(q, "limit", detail);
}

static bool query_wait(struct query *q, const char *value) {
        int64_t n;
        char detail[QUERY_DETAIL_MAX];

        if (text_to_int64(text_of(value), &n) && n >= 0 && n <= DESK_WAIT_MAX_MS / 1000) {
                q->question->wait_ms = n * 1000;
                return true;
        }
        (void) snprintf(detail, sizeof(detail), IN_LANGUAGE(q->problem->language, "a number of seconds, from 0 to %d",
                                                            "een aantal seconden, van 0 tot en met %d"),
                        DESK_WAIT_MAX_MS / 1000);
        return query_refuse(q, "wait", detail);
}

static const struct {
        const char *key;
        bool (*read)(struct query *q, const char *value);
} query_keys[] = {{"after", query_after}, {"limit", query_limit}, {"wait", query_wait}};

static enum MHD_Result query_take(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value) {
        struct nearest nearest = NEAREST_INIT(key);
        char hint[NEAREST_HINT_MAX];
        struct query *q = ctx;

        (void) kind;
        for (size_t i = 0; i < ELEMENTS(query_keys); i++) {
                nearest_try(&nearest, query_keys[i].key);
                if (strcmp(query_keys[i].key, key) == 0)
                        return query_keys[i].read(q, value ? value : "") ? MHD_YES : MHD_NO;
        }
        q->problem->kind = PROBLEM_BAD_QUERY;
        error_set(&q->problem->detail,
                  IN_LANGUAGE(q->problem->language, "there are after, limit and wait, and something else was given%s",
                              "er zijn after, limit en wait, en er is iets anders gegeven%s"),
                  language_hint(q->problem->language, &nearest, hint));
        return MHD_NO;
}

bool question_inbox(struct MHD_Connection *connection, struct desk_question *ret, struct problem *problem) {
        struct query q = {ret, problem};

        ret->kind = DESK_INBOX;
        ret->cursor = (struct inbox_cursor)INBOX_CURSOR_BEGINNING;
        ret->limit = INBOX_PAGE_DEFAULT;
        ret->wait_ms = 0;
        (void) MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, query_take, &q);
        return problem->kind == PROBLEM_NONE;
}

/* -- Answers -- */

void question_next(const struct desk_question *question, const struct inbox_cursor *cursor, char ret[QUESTION_LINK_MAX]) {
        char after[INBOX_CURSOR_TEXT + 1];
        int n;

        inbox_cursor_write(cursor, question->who, after);
        n = snprintf(ret, QUESTION_LINK_MAX, QUESTION_INBOX "?after=%s", after);
        if (question->limit != INBOX_PAGE_DEFAULT)
                (void) snprintf(ret + n, QUESTION_LINK_MAX - (size_t)n, "&limit=%zu", question->limit);
}

void question_problem(const struct desk_answer *answer, const char *next, struct problem *ret) {
        switch (answer->outcome) {
        case DESK_ANSWERED:
                return;
        case DESK_UNKNOWN:
                ret->kind = PROBLEM_NOT_FOUND;
                error_set(&ret->detail,
                          IN_LANGUAGE(ret->language,
                                      "no event of this event_id was posted by your organisation in the last month; an event_id is written in lower case",
                                      "uw organisatie stuurde de afgelopen maand geen gebeurtenis met deze event_id; een event_id heeft kleine letters"));
                return;
        case DESK_CUT:
                ret->kind = PROBLEM_CURSOR_GONE;
                ret->next = next;
                ret->from = answer->from;
                ret->to = answer->to;
                error_set(&ret->detail,
                          IN_LANGUAGE(ret->language,
                                      "places %" PRId64 " to %" PRId64 " of your inbox were removed before you read them; next is where it goes on, and "
                                      "the operators know what stood there",
                                      "plaatsen %" PRId64 " tot en met %" PRId64 " van uw postvak zijn verwijderd voordat u ze las; bij next gaat het verder, "
                                      "en de beheerders weten wat er stond"),
                          answer->from, answer->to);
                return;
        case DESK_ANEW:
                ret->kind = PROBLEM_CURSOR_GONE;
                ret->next = next;
                ret->to = -1;
                error_set(&ret->detail,
                          IN_LANGUAGE(ret->language,
                                      "your inbox was made anew since this cursor was given; next is its beginning, and what comes again has the same id",
                                      "uw postvak is opnieuw gemaakt sinds deze cursor; next is het begin, en wat opnieuw komt heeft dezelfde id"));
                return;
        case DESK_NOT_NOW:
                ret->kind = PROBLEM_READING;
                error_set(&ret->detail, "%s",
                          IN_LANGUAGE(ret->language, answer->why.text, "wat er op de broker staat, kan nu niet worden gelezen; vraag het opnieuw"));
                return;
        }
}
