/* SPDX-License-Identifier: EUPL-1.2 */

/* Tokens: read from where the configuration says, compared in even time, wiped. */

#include "connect/secret.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/vector.h"

void secrets_done(struct secrets *s) {
        if (s->items)
                explicit_bzero(s->items, s->capacity * sizeof(*s->items));
        free(s->items);
        *s = (struct secrets){0};
}

static bool is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_token_character(char c) {
        return c != '\0' && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=", c);
}

/* Grows without leaving copies of tokens behind in freed memory. */
static int secrets_make_room(struct secrets *s) {
        size_t capacity = s->capacity ? s->capacity * 2 : SECRETS_EACH;
        struct secret *items;

        if (s->n < s->capacity)
                return 0;
        items = calloc(capacity, sizeof(*items));
        if (!items)
                return -ENOMEM;
        if (s->items) {
                memcpy(items, s->items, s->n * sizeof(*items));
                explicit_bzero(s->items, s->capacity * sizeof(*items));
                free(s->items);
        }
        s->items = items;
        s->capacity = capacity;
        return 0;
}

static int secrets_put(struct secrets *s, const char *owner, struct text secret) {
        int r = secrets_make_room(s);

        if (r < 0)
                return r;
        s->items[s->n] = (struct secret){.owner = owner, .n = secret.n};
        memcpy(s->items[s->n++].bytes, secret.s, secret.n);
        return 0;
}

static int add_one(struct secrets *s, const char *owner, struct text token, struct error *err) {
        if (token.n < SECRET_MIN || token.n > SECRET_MAX) {
                error_set(err, "a token has %d to %d characters, and one here has %zu; make one with: head -c 32 /dev/urandom | base64", SECRET_MIN,
                          SECRET_MAX, token.n);
                return -EINVAL;
        }
        for (size_t i = 0; i < token.n; i++) {
                if (!is_token_character(token.s[i])) {
                        error_set(err, "character %zu of a token is none of A-Z a-z 0-9 - . _ ~ + / =", i + 1);
                        return -EINVAL;
                }
        }
        if (secrets_find(s, token)) {
                error_set(err, "the same token stands elsewhere as well; each says whose it is, so none may stand twice");
                return -EINVAL;
        }
        if (s->n >= SECRETS_MAX) {
                error_set(err, "more than %d tokens", SECRETS_MAX);
                return -EINVAL;
        }
        return secrets_put(s, owner, token);
}

int secrets_add_password(struct secrets *s, struct text text, struct error *err) {
        while (text.n > 0 && (text.s[text.n - 1] == '\n' || text.s[text.n - 1] == '\r'))
                text.n--;
        if (text.n == 0 || text.n > SECRET_MAX) {
                error_set(err, "a password has 1 to %d bytes, and here are %zu", SECRET_MAX, text.n);
                return -EINVAL;
        }
        for (size_t i = 0; i < text.n; i++) {
                if ((unsigned char)text.s[i] < ' ' || text.s[i] == '\x7f') {
                        error_set(err, "byte %zu of a password is a control character; it stands alone, on one line", i + 1);
                        return -EINVAL;
                }
        }
        return secrets_put(s, NULL, text);
}

int secrets_add(struct secrets *s, const char *owner, struct text text, struct error *err) {
        size_t found = 0;

        for (size_t i = 0; i < text.n;) {
                size_t from;
                int r;

                while (i < text.n && is_space(text.s[i]))
                        i++;
                from = i;
                while (i < text.n && !is_space(text.s[i]))
                        i++;
                if (i == from)
                        break;
                if (++found > SECRETS_EACH) {
                        error_set(err, "more than %d tokens of one owner", SECRETS_EACH);
                        return -EINVAL;
                }
                r = add_one(s, owner, (struct text){text.s + from, i - from}, err);
                if (r < 0)
                        return r;
        }
        if (found > 0)
                return 0;
        error_set(err, "holds no token");
        return -EINVAL;
}

const struct secret *secrets_find(const struct secrets *s, struct text given) {
        const struct secret *found = NULL;
        char padded[SECRET_MAX + 1] = {0};

        if (given.n > SECRET_MAX)
                return NULL;
        if (given.n > 0)
                memcpy(padded, given.s, given.n);
        for (size_t i = 0; i < s->n; i++) {
                const volatile char *a = s->items[i].bytes, *b = padded; /* volatile: every byte is looked at */
                unsigned char differs = s->items[i].n != given.n;

                for (size_t j = 0; j < sizeof(padded); j++)
                        differs |= (unsigned char)(a[j] ^ b[j]);
                if (!differs)
                        found = &s->items[i];
        }
        explicit_bzero(padded, sizeof(padded));
        return found;
}

struct text secret_of_header(const char *authorization) {
        static const char scheme[] = "Bearer ";
        const char *at;

        if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
                return (struct text){0};
        for (at = authorization + sizeof(scheme) - 1; *at == ' '; at++) {
        }
        return text_of(at);
}
