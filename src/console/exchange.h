/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * One exchange: what somebody asks of a page, and the answer
 *
 * A page is one function, which serves people (HTML) and programs (JSON) alike: it finds what there is to say once, and writes it in the form that was asked
 * for. Its row in routes.c says who may ask.
 */

#include "base/language.h"
#include "console/access/person.h"
#include "console/ground.h"
#include "web/parts.h"
#include "web/server.h"

#define EXCHANGE_LIMIT 50        /* lines of a list, unless ?limit= says otherwise … */
#define EXCHANGE_LIMIT_MAX 1000  /* … at most so many */
#define EXCHANGE_LINK_MAX 2048

struct exchange {
        const struct console *console;
        const struct web_request *request;
        struct web_answer *answer;
        const struct person *person;
        enum language language;
        bool json;         /* a program asks */
        const char *rest;  /* of the path, behind that of the route: an id, "" */
        const char *token; /* that a form which acts must carry */
        bool logged_in;    /* at this console, and so can log out */
        instant_t now;
};

#define SAY(x, en, nl) IN_LANGUAGE((x)->language, en, nl)

/* -- Who asks -- */

static inline bool exchange_may(const struct exchange *x, enum person_role role) {
        return x->person->roles & role;
}

/* Whether somebody does: not so on the login page. */
static inline bool exchange_is_somebody(const struct exchange *x) {
        return x->person->name[0];
}

/* Whether the browser asks this machine by a name or address of its own. */
bool exchange_host_is_local(const struct exchange *x);

/* Whether cookies are for TLS alone: always, but where a browser asks this machine itself without it. */
bool exchange_is_secure(const struct exchange *x);

/* -- What is asked -- */

/* A value of the query; NULL when it is not there or empty. */
const char *exchange_query(const struct exchange *x, const char *name);
/* ?limit=, between 1 and EXCHANGE_LIMIT_MAX. */
size_t exchange_limit(const struct exchange *x);
/* ?after= of a list that is counted: behind so many rows; 0: from the first. */
size_t exchange_after(const struct exchange *x);
/* Whether a table is asked for: ?formaat=csv, or Accept: text/csv. */
bool exchange_is_csv(const struct exchange *x);
/* An organisation by ?@name=; *ret_unknown: it is there, and there is none of that id. */
const struct organisation *exchange_organisation(const struct exchange *x, const char *name, bool *ret_unknown);

/*
 * The address of this page with another value in its query (@value NULL: without it), the rest as it was but for `after`, in @ret. For links to more
 * and to other forms. Returns @ret.
 */
const char *exchange_link(const struct exchange *x, const char *name, const char *value, char ret[EXCHANGE_LINK_MAX]);
/* The same at another path: of the twin for programs, as far as both take the same. */
const char *exchange_link_at(const struct exchange *x, const char *path, const char *name, const char *value, char ret[EXCHANGE_LINK_MAX]);

/*
 * Says in `audit` that this person sees or does something, before it is shown or done. @action: one of cluster/audit.h; @object: on what, by its id, without
 * personal data; @reason: as it was typed in, or NULL. Sights of cases, searches, logins and logouts are written a moment later (access/auditor.h), all
 * else stands there when this returns. false: it cannot be said, and 503 has been answered: show and do nothing.
 * An act whose own transaction writes its record needs no other.
 */
bool exchange_audit(struct exchange *x, const char *action, const char *object, const char *reason) MUSTCHECK;
/* The same with another result than that it is done: AUDIT_BEGUN … */
bool exchange_audit_result(struct exchange *x, const char *action, const char *object, const char *result, const char *reason) MUSTCHECK;

/* -- Answering -- */

/* Begins a page for people: the head, the way around, the title. @title: also of the window. Everything until exchange_page_end() is its <main>. */
void exchange_page_begin(struct exchange *x, struct html *h, const char *title);
void exchange_page_end(struct exchange *x, struct html *h);

/* Begins an answer for programs. */
struct json_writer exchange_json(struct exchange *x);

/* A table of another form: CSV with a name under which it is saved. Write into x->answer->body. */
void exchange_csv(struct exchange *x, const char *name);

/*
 * Says that it is not to be had: a page, or problem details (RFC 9457). @detail: a sentence of what, why and what to do. Whatever was written before is gone.
 * 404 is also the answer to whoever may not know that something is there: say it in the same words.
 */
void exchange_problem(struct exchange *x, unsigned status, const char *detail);
void exchange_not_found(struct exchange *x);
/* 405. @allowed: the methods that are, with commas. */
void exchange_refuse_method(struct exchange *x, const char *allowed);
void exchange_bad_query(struct exchange *x, const char *name);

/* After an act: whoever posted is sent to @location, where @notice is shown once. */
void exchange_done(struct exchange *x, const char *location, const char *notice);
