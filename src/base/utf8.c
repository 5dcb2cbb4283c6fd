/* SPDX-License-Identifier: EUPL-1.2 */

/* Whether bytes are UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

size_t utf8_length(const char *s, size_t n) {
        const unsigned char *p = (const unsigned char *)s;
        unsigned char low = 0x80, high = 0xbf;
        size_t length;

        if (p[0] < 0x80)
                return 1;
        if (p[0] >= 0xc2 && p[0] <= 0xdf)
                length = 2;
        else if (p[0] >= 0xe0 && p[0] <= 0xef)
                length = 3;
        else if (p[0] >= 0xf0 && p[0] <= 0xf4)
                length = 4;
        else
                return 0;
        if (length > n)
                return 0;
        if (p[0] == 0xe0)
                low = 0xa0;
        else if (p[0] == 0xed)
                high = 0x9f;
        else if (p[0] == 0xf0)
                low = 0x90;
        else if (p[0] == 0xf4)
                high = 0x8f;
        if (p[1] < low || p[1] > high)
                return 0;
        for (size_t i = 2; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        }
        return length;
}

bool utf8_valid(const char *s, size_t n) {
        size_t i = 0;

        while (i < n) {
                uint64_t word;
                size_t length;

                if (n - i >= 8) { /* mostly plain ASCII: eight at a time */
                        memcpy(&word, s + i, 8);
                        if ((word & 0x8080808080808080u) == 0) {
                                i += 8;
                                continue;
                        }
                }
                length = utf8_length(s + i, n - i);
                if (length == 0)
                        return false;
                i += length;
        }
        return true;
}

size_t utf8_cut(const char *s, size_t n, size_t max) {
        if (n <= max)
                return n;
        while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
                max--;
        return max;
}

size_t utf8_count(const char *s, size_t n) {
        size_t count = 0;

        for (size_t i = 0; i < n; count++) {
                size_t length = utf8_length(s + i, n - i);

                i += length ? length : 1;
        }
        return count;
}
