/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which page answers what, and who may ask: the one table of it
 *
 * A test goes through it with every role, method and form, so a new page is a row here and a function in pages/ or acts/.
 */

#include "console/exchange.h"

struct console_route {
        const char *path;     /* for people: "/zaken/"; one that ends in / has something behind it */
        const char *api;      /* for programs: "/api/cases/"; NULL: none */
        unsigned roles;       /* any of these; 0: whoever has come in */
        bool acts;            /* POST, with its token, and the right Origin; else GET */
        bool whole_chain;     /* not for those of an organisation: 404 */
        void (*answer)(struct exchange *x);
        const char *en, *nl;  /* in the menu; NULL: not there */
        const char *about;    /* of openapi.json, in English; NULL: not there */
        const char *behind;   /* the name there of what stands behind a path that ends in /: "case_id" */
        const char *query;    /* names of what is asked, blanks between them: "limit after norm"; with limit and after it is a list of pages */
        const char *members;  /* what the answer has, with types of JSON Schema: "at:string alerts:array next:string" */
        const char *content;  /* its media type; NULL: a JSON object */
};

extern const struct console_route console_routes[];
extern const size_t console_routes_n;

/*
 * The route of a path, of those that act or of the others; *ret_rest: what stands behind it, *ret_json: it is that for programs. Of several
 * that fit the longest. NULL: none.
 */
const struct console_route *routes_find(const char *path, bool acts, const char **ret_rest, bool *ret_json);

/* Whether this person may ask for it at all. */
bool routes_may(const struct console_route *route, const struct person *person);
