/* SPDX-License-Identifier: EUPL-1.2 */

/* Tokens: read from where the configuration says, compared in even time, wiped. */

#include "connect/secret.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/vector.h"

struct secret_place {
        char *path; /* NULL: it is no file */
        const char *owner;
        bool password;
        struct file_mark mark;
};

static void secrets_wipe(struct secrets *s) {
        if (s->items)
                explicit_bzero(s->items, s->capacity * sizeof(*s->items));
        free(s->items);
        s->items = NULL;
        s->n = s->capacity = 0;
}

void secrets_done(struct secrets *s) {
        secrets_wipe(s);
        for (size_t i = 0; i < s->places_n; i++)
                free(s->places[i].path);
        free(s->places);
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

/* -- Reading them again -- */

int secrets_remember(struct secrets *s, size_t first, const char *path, const char *owner, bool password) {
        struct secret_place *places = realloc(s->places, (s->places_n + 1) * sizeof(*places));
        struct secret_place place = {.owner = owner, .password = password};

        if (!places)
                return -ENOMEM;
        s->places = places;
        if (path) {
                place.path = strdup(path);
                if (!place.path)
                        return -ENOMEM;
                (void) file_mark_moved(path, &place.mark); /* what was written just before the look is looked at once more */
        }
        for (size_t i = first; i < s->n; i++)
                s->items[i].place = s->places_n;
        s->places[s->places_n++] = place;
        return 0;
}

static int secrets_add_place(struct secrets *s, const struct secrets *old, size_t place, struct error *err) {
        const struct secret_place *p = &old->places[place];
        size_t n = 0, first = s->n;
        char *text = NULL;
        int r = 0;

        if (p->path) {
                r = file_read(p->path, &text, &n, err);
                if (r == 0)
                        r = p->password ? secrets_add_password(s, (struct text){text, n}, err) : secrets_add(s, p->owner, (struct text){text, n}, err);
                if (text)
                        explicit_bzero(text, n);
                free(text);
                if (r == -EINVAL)
                        error_prefix(err, "%s", p->path);
        }
        for (size_t i = 0; !p->path && r == 0 && i < old->n; i++) {
                if (old->items[i].place == place)
                        r = secrets_put(s, old->items[i].owner, (struct text){old->items[i].bytes, old->items[i].n});
        }
        for (size_t i = first; i < s->n; i++)
                s->items[i].place = place;
        return r;
}

static bool secrets_differ(const struct secrets *a, const struct secrets *b) {
        bool differ = a->n != b->n;

        for (size_t i = 0; !differ && i < a->n; i++)
                differ = a->items[i].place != b->items[i].place || memcmp(a->items[i].bytes, b->items[i].bytes, sizeof(a->items[i].bytes)) != 0;
        return differ;
}

int secrets_renew(struct secrets *s, struct error *err) {
        struct secrets fresh = {0};
        bool moved = false, differ;
        int r = 0;

        for (size_t i = 0; i < s->places_n; i++)
                moved |= s->places[i].path && file_mark_moved(s->places[i].path, &s->places[i].mark);
        for (size_t i = 0; moved && r == 0 && i < s->places_n; i++)
                r = secrets_add_place(&fresh, s, i, err);
        differ = moved && r == 0 && secrets_differ(s, &fresh);
        if (!differ) {
                secrets_wipe(&fresh);
                return r;
        }
        secrets_wipe(s);
        s->items = fresh.items;
        s->n = fresh.n;
        s->capacity = fresh.capacity;
        return SECRETS_NEW;
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
