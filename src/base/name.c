/* SPDX-License-Identifier: EUPL-1.2 */

/* What a name may be made of, on the bus and in configuration, and how a wrong one is shown. */

#include "base/name.h"

#define LOCAL_MAX 64        /* bytes, of an address before its @ */
#define DOMAIN_MAX 253
#define DOMAIN_WORD_MAX 63
#define BSN_DIGITS 9

static bool letter_or_digit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_of(struct text t, const char *marks) {
        if (t.n == 0 || t.n > NAME_MAX_BYTES)
                return false;
        for (size_t i = 0; i < t.n; i++) {
                if (!letter_or_digit(t.s[i]) && (t.s[i] == '\0' || !strchr(marks, t.s[i])))
                        return false;
        }
        return true;
}

bool name_valid(struct text t) {
        return all_of(t, "._:/#-");
}

/* Whether eight or nine digits stand in a row, no more and no fewer: a BSN, which is written without its first zero at times, or a mistyped one. */
static bool name_has_person(struct text t) {
        size_t digits = 0;

        for (size_t i = 0; i <= t.n; i++) {
                if (i < t.n && t.s[i] >= '0' && t.s[i] <= '9') {
                        digits++;
                        continue;
                }
                if (digits == BSN_DIGITS || digits == BSN_DIGITS - 1)
                        return true;
                digits = 0;
        }
        return false;
}

const char *name_shown(struct text t, char ret[NAME_SHOWN]) {
        if (!name_valid(t) || name_has_person(t))
                return NULL;
        memcpy(ret, t.s, t.n);
        ret[t.n] = '\0';
        return ret;
}

bool name_valid_topic(struct text t) {
        return all_of(t, "._-") && !text_is(t, ".") && !text_is(t, "..");
}

bool name_is_kebab(const char *name) {
        size_t n = strlen(name);

        if (n == 0 || n > NAME_MAX_BYTES || name[0] < 'a' || name[0] > 'z' || name[n - 1] == '-')
                return false;
        for (size_t i = 0; i < n; i++) {
                if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || (name[i] == '-' && name[i + 1] != '-')))
                        return false;
        }
        return true;
}

/* Words between single dots, of letters, digits and @marks; none longer than @most. */
static bool name_is_dotted(struct text t, const char *marks, size_t most) {
        size_t word = 0;

        for (size_t i = 0; i < t.n; i++) {
                bool dot = t.s[i] == '.';

                if (!dot && !letter_or_digit(t.s[i]) && (t.s[i] == '\0' || !strchr(marks, t.s[i])))
                        return false;
                if (dot && word == 0)
                        return false;
                word = dot ? 0 : word + 1;
                if (word > most)
                        return false;
        }
        return word > 0;
}

bool name_is_domain(struct text t) {
        if (t.n > DOMAIN_MAX || !name_is_dotted(t, "-", DOMAIN_WORD_MAX))
                return false;
        for (size_t i = 0; i < t.n; i++) {
                bool edge = i == 0 || i + 1 == t.n || t.s[i - 1] == '.' || t.s[i + 1] == '.';

                if (t.s[i] == '-' && edge)
                        return false;
        }
        return true;
}

bool name_is_mailbox(struct text t) {
        const char *at = t.n > 0 && t.n <= MAILBOX_MAX ? memchr(t.s, '@', t.n) : NULL;
        size_t local = at ? (size_t)(at - t.s) : 0;

        return local > 0 && local <= LOCAL_MAX && name_is_dotted((struct text){t.s, local}, "!#$%&'*+-/=?^_`{|}~", LOCAL_MAX) &&
               name_is_domain((struct text){at + 1, t.n - local - 1});
}

void name_pascal(const char *kebab, char *ret, size_t size) {
        bool upper = true;
        size_t n = 0;

        for (; *kebab && n + 1 < size; kebab++) {
                if (*kebab == '-') {
                        upper = true;
                        continue;
                }
                ret[n++] = upper && *kebab >= 'a' && *kebab <= 'z' ? (char)(*kebab - 'a' + 'A') : *kebab;
                upper = false;
        }
        ret[n] = '\0';
}
