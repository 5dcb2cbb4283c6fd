/* SPDX-License-Identifier: EUPL-1.2 */

/* Takes "10 seconds" apart: sign and digits, spaces, and a word that must stand in a table. */

#include "base/span.h"

#include <assert.h>
#include <strings.h>

const struct span_unit span_clock[SPAN_CLOCK_UNITS] = {
        {"millisecond", "milliseconds", "ms", 1},
        {"second", "seconds", "s", 1000},
        {"minute", "minutes", NULL, 60000},
        {"hour", "hours", NULL, 3600000},
};

/* The number at the beginning: [+-]digits. Return: how many characters it takes; 0: there is none. */
static size_t span_count(struct text t, int64_t *ret) {
        size_t sign = t.n > 0 && (t.s[0] == '+' || t.s[0] == '-'), n = sign;

        while (n < t.n && t.s[n] >= '0' && t.s[n] <= '9')
                n++;
        if (n == sign)
                return 0;
        if (!text_to_int64((struct text){t.s + sign, n - sign}, ret))
                *ret = INT64_MAX;
        else if (t.s[0] == '-')
                *ret = -*ret;
        return n;
}

int span_parse(struct text t, const struct span_unit *units, size_t n, struct span *ret) {
        size_t digits, from;

        assert(units && n > 0 && ret);
        *ret = (struct span){0};
        digits = span_count(t, &ret->count);
        if (digits == 0)
                return SPAN_E_NUMBER;
        for (from = digits; from < t.n && t.s[from] == ' '; from++) {
        }
        ret->word = (struct text){t.s + from, t.n - from};
        if (ret->word.n == 0)
                return SPAN_E_BARE;
        for (size_t i = 0; i < n; i++) {
                bool brief = units[i].brief && text_is(ret->word, units[i].brief);

                if (!brief && (from == digits || (!text_is(ret->word, units[i].one) && !text_is(ret->word, units[i].many))))
                        continue;
                ret->unit = &units[i];
                return 0;
        }
        return from == digits ? SPAN_E_NUMBER : SPAN_E_UNIT;
}

/* What people say for units that have another name here: in Dutch, or as others do in English. */
static const struct {
        const char *word, *many; /* many: as in the table of whoever reads */
} other_words[] = {
        {"workday", "working days"},      {"workdays", "working days"},     {"work days", "working days"}, {"business day", "working days"},
        {"business days", "working days"}, {"werkdag", "working days"},     {"werkdagen", "working days"}, {"dag", "days"},
        {"dagen", "days"},                {"weken", "weeks"},               {"maand", "months"},           {"maanden", "months"},
        {"jaar", "years"},                {"jaren", "years"},               {"uur", "hours"},              {"uren", "hours"},
        {"minuut", "minutes"},            {"minuten", "minutes"},           {"seconde", "seconds"},        {"seconden", "seconds"},
};

/* The unit of which @word is another word; NULL: none of these. */
static const char *span_meant(const char *word, const struct span_unit *units, size_t n) {
        for (size_t i = 0; i < ELEMENTS(other_words); i++) {
                if (strcasecmp(other_words[i].word, word) != 0)
                        continue;
                for (size_t j = 0; j < n; j++) {
                        if (strcmp(units[j].many, other_words[i].many) == 0)
                                return units[j].many;
                }
        }
        return NULL;
}

const char *span_hint(const struct span *span, const struct span_unit *units, size_t n, enum language language, char ret[NEAREST_HINT_MAX]) {
        struct nearest nearest = NEAREST_INIT(span->word.s);

        assert(span->word.s && span->word.s[span->word.n] == '\0');
        nearest.best = span_meant(span->word.s, units, n);
        if (nearest.best)
                return language_hint(language, &nearest, ret);
        for (size_t i = 0; i < n; i++) {
                nearest_try(&nearest, units[i].many);
                nearest_try(&nearest, units[i].one);
        }
        return language_hint(language, &nearest, ret);
}
