/* SPDX-License-Identifier: EUPL-1.2 */

/* Hashes of passwords, by libsodium. */

#include "console/access/password.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/utf8.h"

_Static_assert(PASSWORD_HASH_MAX == crypto_pwhash_argon2id_STRBYTES, "a hash has room");
_Static_assert(PASSWORD_BYTES == crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE, "what a hash takes is said");

/* Of a password that nobody has. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$m34ev7jL3FVX8l6raZl9KA$PAsvkuXjNsWYurOcLS5m2xfgzyA1pNGbvkyqQvvRFmA";

static size_t password_characters(struct text password) {
        size_t n = 0;

        for (size_t at = 0; at < password.n; n++)
                at += utf8_length(password.s + at, password.n - at);
        return n;
}

int password_make(struct text password, char ret[PASSWORD_HASH_MAX], struct error *err) {
        if (password.n > PASSWORD_MAX || !utf8_valid(password.s, password.n) || memchr(password.s, 0, password.n)) {
                error_set(err, "a password is text of at most %d bytes", PASSWORD_MAX);
                return -EINVAL;
        }
        if (password_characters(password) < PASSWORD_MIN) {
                error_set(err, "a password has at least %d characters; a few words that do not belong together are easier to remember than signs",
                          PASSWORD_MIN);
                return -EINVAL;
        }
        if (sodium_init() < 0 || crypto_pwhash_argon2id_str(ret, password.s, password.n, crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                                                            crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE))
                return -ENOMEM;
        return 0;
}

bool password_is_hash(const char *hash) {
        return sodium_init() >= 0 && crypto_pwhash_argon2id_str_needs_rehash(hash, crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                                                                             crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) == 0;
}

bool password_verify(const char *hash, struct text password) {
        bool same;

        if (sodium_init() < 0 || password.n > PASSWORD_MAX)
                return false;
        assert(hash || password_is_hash(nobody));
        same = crypto_pwhash_argon2id_str_verify(hash ? hash : nobody, password.s, password.n) == 0;
        return hash && same;
}
