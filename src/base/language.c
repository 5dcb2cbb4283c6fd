/* SPDX-License-Identifier: EUPL-1.2 */

/* Which language somebody reads, by tags, locales and headers. */

#include "base/language.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
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

/* What a header wants of each language: 0 is none of it. */
struct language_wish {
        bool named;
        unsigned quality, place; /* of those that are wanted as much the one that is named first */
};

enum language language_of_accept(const char *header, enum language fallback) {
        struct language_wish wishes[LANGUAGES] = {0};
        struct text rest = text_of(header);
        unsigned others = 0, place = 0;
        enum language best = fallback, language;

        while (rest.n > 0) {
                struct text range = language_cut(&rest, ',');
                struct text tag = language_cut(&range, ';');
                unsigned quality = language_quality(language_trim(range));

                place++;
                if (text_is(tag, "*"))
                        others = quality > others ? quality : others;
                else if (language_of_tag(tag, &language) && (!wishes[language].named || quality > wishes[language].quality))
                        wishes[language] = (struct language_wish){.named = true, .quality = quality, .place = place};
        }
        for (language = 0; language < LANGUAGES; language++) { /* a star is all that is not named */
                if (!wishes[language].named)
                        wishes[language] = (struct language_wish){.quality = others, .place = place + 1};
        }
        for (language = 0; language < LANGUAGES; language++) {
                const struct language_wish *wish = &wishes[language], *than = &wishes[best];

                if (wish->quality > than->quality || (wish->quality > 0 && wish->quality == than->quality && wish->place < than->place))
                        best = language;
        }
        return best;
}

const char *language_errno(enum language language, int e) {
        switch (-e) {
        case ENOENT:
                return IN_LANGUAGE(language, "it does not exist", "het bestaat niet");
        case EACCES:
        case EPERM:
                return IN_LANGUAGE(language, "you may not read it", "u mag het niet lezen");
        case EISDIR:
                return IN_LANGUAGE(language, "it is a folder", "het is een map");
        case ENOTDIR:
                return IN_LANGUAGE(language, "a part of this path is no folder", "een deel van dit pad is geen map");
        case EFBIG:
                return IN_LANGUAGE(language, "it is too large", "het is te groot");
        default:
                return strerror(-e);
        }
}

const char *language_hint(enum language language, const struct nearest *nearest, char ret[NEAREST_HINT_MAX]) {
        if (language == LANGUAGE_EN)
                return nearest_hint(nearest, ret);
        ret[0] = '\0';
        if (nearest->best)
                (void) snprintf(ret, NEAREST_HINT_MAX, " (bedoelde u '%s'?)", nearest->best);
        return ret;
}

const char *language_choice(enum language language, const struct nearest *nearest, char ret[LANGUAGE_CHOICE_MAX]) {
        char hint[NEAREST_HINT_MAX];
        size_t n;

        n = (size_t)snprintf(ret, LANGUAGE_CHOICE_MAX, "%s", language_hint(language, nearest, hint));
        if (nearest->n > NEAREST_FEW)
                return ret;
        for (size_t i = 0; i < nearest->n && n < LANGUAGE_CHOICE_MAX; i++)
                n += (size_t)snprintf(ret + n, LANGUAGE_CHOICE_MAX - n, "%s%s", i > 0 ? ", " : IN_LANGUAGE(language, "; it can be ", "; het kan zijn "),
                                      nearest->known[i]);
        return ret;
}
