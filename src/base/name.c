/* SPDX-License-Identifier: EUPL-1.2 */

/* What a name may be made of, on the bus and in configuration, and how a wrong one is shown. */

#include "base/name.h"

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

const char *name_shown(struct text t, char ret[NAME_SHOWN]) {
        if (!name_valid(t))
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
