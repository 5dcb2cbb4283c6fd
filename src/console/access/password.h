/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Passwords, of which only an argon2id hash is kept
 *
 * All hashes cost the same, so that the time of a wrong login does not say whether there is such a user. From any thread; each call takes PASSWORD_BYTES of
 * memory and a tenth of a second of one core, so whoever calls for others bounds how many at once.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

#define PASSWORD_MIN 12         /* characters, as people count them */
#define PASSWORD_MAX 256        /* bytes */
#define PASSWORD_HASH_MAX 128   /* with the NUL */
#define PASSWORD_BYTES ((size_t)64 * 1024 * 1024)

/* Makes the hash of a password. Return: 0; -EINVAL with a sentence that does not repeat it: too short, too long, no UTF-8; -ENOMEM. */
int password_make(struct text password, char ret[PASSWORD_HASH_MAX], struct error *err) MUSTCHECK;

/* Whether this is a hash that password_make() makes: another form, or other costs, are none. */
bool password_is_hash(const char *hash);

/* Whether the password is that of the hash. @hash NULL: there is no such user; it takes as long, and says no. */
bool password_verify(const char *hash, struct text password);
