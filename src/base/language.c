/* SPDX-License-Identifier: EUPL-1.2 */

/* Which language somebody reads, by tags, locales and headers. */

#include "base/language.h"

#include <stdio.h>
#include <strings.h>

#define QUALITY_ONE 1000 /* q=1, in thousandths: a q-value has three digits at most */

static const char *const language_tags[LANGUAGES] = {[LANGUAGE_EN] = "en", [LANGUAGE_NL] = "nl"};

const char *language_tag(enum language language) {
        return language_tags[language];
}

bool language_of_tag(struct text tag, enum language *ret) {
        for (int i = 0; i < LANGUAGES; i++) {
                size_t n = strlen(language_tags[i]);

                if (tag.n < n || strncasecmp(tag.s, language_tags[i], n) != 0 || (tag.n > n && !strchr("-_.@", tag.s[n])))
                        continue;
                *ret = (enum language)i;
                return true;
        }
        return false;
}

static struct text language_trim(struct text t) {
        while (t.n > 0 && (t.s[0] == ' ' || t.s[0] == '\t'))
                t = (struct text){t.s + 1, t.n - 1};
        while (t.n > 0 && (t.s[t.n - 1] == ' ' || t.s[t.n - 1] == '\t'))
                t.n--;
        return t;
}

/* Cuts off what stands before the first @mark, and leaves in @rest what stands behind it. */
static struct text language_cut(struct text *rest, char mark) {
        const char *end = rest->n > 0 ? memchr(rest->s, mark, rest->n) : NULL;
        struct text head = {rest->s, end ? (size_t)(end - rest->s) : rest->n};

        *rest = end ? (struct text){end + 1, rest->n - head.n - 1} : (struct text){0};
        return language_trim(head);
}

/* Of "q=0.8", in thousandths; what is none says nothing against its language. */
static unsigned language_quality(struct text parameter) {
        unsigned quality = 0, digit = QUALITY_ONE;

        if (parameter.n < 3 || strncasecmp(parameter.s, "q=", 2) != 0)
                return QUALITY_ONE;
        for (size_t i = 2; i < parameter.n && digit > 0; i++) {
                if (parameter.s[i] == '.')
                        continue;
                if (parameter.s[i] < '0' || parameter.s[i] > '9')
                        return QUALITY_ONE;
                quality += (unsigned)(parameter.s[i] - '0') * digit;
                digit /= 10;
        }
        return quality < QUALITY_ONE ? quality : QUALITY_ONE;
}

enum language language_of_accept(const char *header, enum language fallback) {
        struct text rest = text_of(header);
        enum language best = fallback, language;
        unsigned best_quality = 0;

        while (rest.n > 0) {
                struct text range = language_cut(&rest, ',');
                struct text tag = language_cut(&range, ';');
                unsigned quality = language_quality(language_trim(range));

                if (text_is(tag, "*"))
                        language = fallback;
                else if (!language_of_tag(tag, &language))
                        continue;
                if (quality > best_quality) {
                        best = language;
                        best_quality = quality;
                }
        }
        return best;
}

const char *language_hint(enum language language, const struct nearest *nearest, char ret[NEAREST_HINT_MAX]) {
        if (language == LANGUAGE_EN)
                return nearest_hint(nearest, ret);
        ret[0] = '\0';
        if (nearest->best)
                (void) snprintf(ret, NEAREST_HINT_MAX, " (bedoelde u '%s'?)", nearest->best);
        return ret;
}
