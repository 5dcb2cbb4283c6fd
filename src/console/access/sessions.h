/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Sessions of people who logged in at the console itself
 *
 * A session is a random token in the browser's cookie, of which only a hash is kept here, in memory: after a restart everybody logs in again. It ends when
 * nothing was asked for a while, after a whole working day at the latest, and when somebody logs out. Bounded: whoever begins one too many ends the one
 * that was used longest ago, first of the same user. From any thread.
 */

#include "console/settings.h"

#define SESSIONS_MAX 2048
#define SESSIONS_EACH 8        /* of one user */
#define SESSION_TOKEN_TEXT 44  /* with the NUL */
#define SESSION_ID_BYTES 32

struct sessions;

/* Return: 0 or -ENOMEM. */
int sessions_new(int64_t idle_ms, int64_t longest_ms, struct sessions **ret) MUSTCHECK;
struct sessions *sessions_free(struct sessions *s); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct sessions *, sessions_free);

/* Begins one of @user (borrowed for as long as @s) at @now (monotonic). Return: 0; negative errno: no random bytes. */
int sessions_begin(struct sessions *s, const struct console_user *user, int64_t now, char ret_token[SESSION_TOKEN_TEXT]) MUSTCHECK;

/*
 * Whose session this is. @use: it goes on with that; false: a page asks by itself, with nobody before it. @ret_id: what the session is known by here, for
 * tokens of its forms. NULL: there is none, or it is over.
 */
const struct console_user *sessions_find(struct sessions *s, const char *token, int64_t now, bool use, unsigned char ret_id[SESSION_ID_BYTES]);

/* Ends it; none: nothing happens. */
void sessions_end(struct sessions *s, const char *token);
