/* SPDX-License-Identifier: EUPL-1.2 */

/* Delays between tries, and Retry-After in its four forms. */

#include "connect/backoff.h"

#include <string.h>

#include "calendar/date.h"

#define SECOND_MS 1000
#define DAY_SECONDS 86400
#define PIVOT_YEAR 70 /* two-digit years of RFC 850 from here on are of the last century */

int64_t backoff_delay(const struct backoff *b, unsigned tries, uint64_t random) {
        int64_t delay = b->first_ms;

        for (unsigned i = 1; i < tries && delay < b->longest_ms; i++)
                delay = delay > b->longest_ms / 2 ? b->longest_ms : delay * 2;
        if (delay > b->longest_ms)
                delay = b->longest_ms;
        return delay - delay / 2 + (int64_t)(random % (uint64_t)(delay / 2 + 1));
}

/* A date taken apart at spaces, commas and hyphens: at most "Sunday 06 Nov 1994 08:49:37 GMT". */
#define WORDS_MAX 6
struct words {
        struct text items[WORDS_MAX];
        size_t n;
};

static bool split(struct text t, struct words *ret) {
        ret->n = 0;
        for (size_t i = 0; i < t.n;) {
                size_t from;

                while (i < t.n && (t.s[i] == ' ' || t.s[i] == ',' || t.s[i] == '-'))
                        i++;
                from = i;
                while (i < t.n && t.s[i] != ' ' && t.s[i] != ',' && t.s[i] != '-')
                        i++;
                if (i == from)
                        break;
                if (ret->n == WORDS_MAX)
                        return false;
                ret->items[ret->n++] = (struct text){t.s + from, i - from};
        }
        return true;
}

static bool retry_after_number(struct text t, int64_t min, int64_t max, int64_t *ret) {
        return t.n > 0 && t.n <= 4 && t.s[0] != '-' && text_to_int64(t, ret) && *ret >= min && *ret <= max;
}

static bool read_month(struct text t, int *ret) {
        static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

        for (int i = 0; t.n == 3 && i < 12; i++) {
                if (memcmp(names + 3 * i, t.s, 3) == 0) {
                        *ret = i + 1;
                        return true;
                }
        }
        return false;
}

/* "08:49:37"; a leap second is read as the next one. */
static bool read_time(struct text t, int64_t *ret_seconds) {
        int64_t h, m, s;

        if (t.n != 8 || t.s[2] != ':' || t.s[5] != ':')
                return false;
        if (!retry_after_number((struct text){t.s, 2}, 0, 23, &h) || !retry_after_number((struct text){t.s + 3, 2}, 0, 59, &m) ||
            !retry_after_number((struct text){t.s + 6, 2}, 0, 60, &s))
                return false;
        *ret_seconds = h * 3600 + m * 60 + s;
        return true;
}

static bool read_http_date(struct text t, instant_t *ret) {
        int64_t day, year, seconds;
        struct words w;
        int month;

        if (!split(t, &w))
                return false;
        if (w.n == 6 && text_is(w.items[5], "GMT")) { /* Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT */
                if (!retry_after_number(w.items[1], 1, 31, &day) || !read_month(w.items[2], &month) || !retry_after_number(w.items[3], 0, 9999, &year) ||
                    !read_time(w.items[4], &seconds))
                        return false;
                if (w.items[3].n == 2)
                        year += year < PIVOT_YEAR ? 2000 : 1900;
        } else if (w.n == 5) { /* Sun Nov  6 08:49:37 1994 */
                if (!read_month(w.items[1], &month) || !retry_after_number(w.items[2], 1, 31, &day) || !read_time(w.items[3], &seconds) ||
                    !retry_after_number(w.items[4], 0, 9999, &year))
                        return false;
        } else {
                return false;
        }
        if (year < 1 || day > date_month_days((int)year, month))
                return false;
        *ret = ((int64_t)date_from_ymd((int)year, month, (int)day) * DAY_SECONDS + seconds) * SECOND_MS;
        return true;
}

bool retry_after_parse(struct text value, instant_t now, int64_t *ret_ms) {
        int64_t seconds;
        instant_t at;

        while (value.n > 0 && (value.s[0] == ' ' || value.s[0] == '\t'))
                value = (struct text){value.s + 1, value.n - 1};
        while (value.n > 0 && (value.s[value.n - 1] == ' ' || value.s[value.n - 1] == '\t'))
                value.n--;
        if (text_to_int64(value, &seconds)) {
                if (seconds < 0)
                        return false;
                *ret_ms = seconds > RETRY_AFTER_MAX_MS / SECOND_MS ? RETRY_AFTER_MAX_MS : seconds * SECOND_MS;
                return true;
        }
        if (!read_http_date(value, &at))
                return false;
        *ret_ms = at <= now ? 0 : at - now > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : at - now;
        return true;
}
