/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Who asks, before any page does anything
 *
 * Somebody is whom a proxy names (access/proxy.h), or who has a session (access/sessions.h), or everybody on --open-on-localhost. Who is nobody gets the
 * login page whatever was asked, so that nothing is told of what there is; a program gets 401. Readers of feeds may send name and password each time
 * (access/basic.h). What acts needs the token of its form and comes from a page of ours by its Origin.
 */

#include "console/exchange.h"

#define ACCESS_TOKEN_TEXT 44 /* with the NUL */
#define ACCESS_LOGINS_MAX 2  /* at once: each takes PASSWORD_BYTES and a core for a tenth of a second, and pages go on beside them */

struct access;

/* @console is borrowed; its settings and clock. Return: 0 or -ENOMEM. */
int access_new(const struct console *console, struct access **ret) MUSTCHECK;
struct access *access_free(struct access *a); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct access *, access_free);

/* What an exchange borrows of access_judge(). */
struct access_pass {
        struct person person;
        char token[ACCESS_TOKEN_TEXT];
};

/*
 * Says who asks: x->person, x->token and x->logged_in are set, from *pass. false: it is answered, which is so for /inloggen and /uitloggen, and for whoever
 * is nobody.
 */
bool access_judge(struct access *a, struct exchange *x, struct access_pass *pass) MUSTCHECK;

/* Whether this request may act: its token is that of our form, and its Origin ours. false: 403 has been answered. */
bool access_may_act(const struct access *a, struct exchange *x) MUSTCHECK;
