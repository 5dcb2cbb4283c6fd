/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Bearer tokens, and the comparison that does not say how far it came
 *
 * Tokens stand in files or in the environment, never in the configuration itself; they are wiped when
 * they are let go. A file or variable may hold a few, one a line, so that a new one can be handed out
 * before the old one is withdrawn. Never logged, never in an error. What stands in a file is read again when the file changes
 * (secrets_renew()); then the list of its secrets is another one, so no secret is held on to between two turns.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define SECRET_MIN 32   /* characters: what cannot be guessed */
#define SECRET_MAX 256
#define SECRETS_EACH 4  /* in one file or variable */
#define SECRETS_MAX 4096

struct secret {
        const char *owner;  /* organisation; borrowed; NULL when there is only one owner */
        size_t n;
        size_t place; /* among the places of its list, when it is from one that is remembered */
        char bytes[SECRET_MAX + 1]; /* zeros behind the token */
};

struct secret_place;

/* Zeroed memory is an empty list. */
struct secrets {
        struct secret *items;
        size_t n, capacity;
        struct secret_place *places; /* where they are from */
        size_t places_n;
};

void secrets_done(struct secrets *s); /* wipes and frees; empty again */

/*
 * Adds the tokens in @text: separated by white space, SECRET_MIN to SECRET_MAX of A-Z a-z 0-9 - . _ ~ + / =.
 * Return: 0; -EINVAL with a sentence (none, too many, too short, a wrong character, a token that is there already); -ENOMEM.
 */
int secrets_add(struct secrets *s, const char *owner, struct text text, struct error *err) MUSTCHECK;

/*
 * Adds what an outside system knows us by, made up there: all of @text but the end of its line, 1 to SECRET_MAX bytes without a control character.
 * Return: as above.
 */
int secrets_add_password(struct secrets *s, struct text text, struct error *err) MUSTCHECK;

/*
 * Remembers where the secrets from the @first on, just added and the last, are from, for secrets_renew(): the file at @path (copied), or NULL, where
 * nothing changes. Return: 0 or -ENOMEM.
 */
int secrets_remember(struct secrets *s, size_t first, const char *path, const char *owner, bool password) MUSTCHECK;

/*
 * Reads again the files that have changed since. Return: SECRETS_NEW: others hold now; 0: the same do; negative errno with a sentence: a file that has changed
 * cannot be used, and all stay as they are.
 */
#define SECRETS_NEW 1
int secrets_renew(struct secrets *s, struct error *err) MUSTCHECK;

/* The owner of a token that was given, or NULL. The time it takes depends on the number of tokens alone. */
const struct secret *secrets_find(const struct secrets *s, struct text given);

/* The token of "Bearer TOKEN" (the scheme in any case), or an empty text. */
struct text secret_of_header(const char *authorization);
