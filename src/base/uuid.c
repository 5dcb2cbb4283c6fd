/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/uuid.h"

#include "base/sha1.h"

const struct uuid uuid_namespace_ketenwacht = {
        {0x6f, 0x1d, 0x2c, 0x1e, 0x8a, 0x53, 0x5d, 0x0b, 0x9b, 0x57, 0x2f, 0x0f, 0x6f, 0x0c, 0x7a, 0x11}};

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

static bool is_dash(size_t i) {
        return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(const char *text, size_t n, struct uuid *ret) {
        struct uuid u;
        size_t at = 0;

        if (n != UUID_TEXT)
                return false;
        for (size_t i = 0; i < UUID_TEXT;) {
                if (is_dash(i)) {
                        if (text[i++] != '-')
                                return false;
                        continue;
                }
                int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

                if (high < 0 || low < 0)
                        return false;
                u.bytes[at++] = (uint8_t)(high << 4 | low);
                i += 2;
        }
        *ret = u;
        return true;
}

void uuid_format(const struct uuid *u, char ret[UUID_TEXT + 1]) {
        static const char digits[] = "0123456789abcdef";
        char *p = ret;

        for (size_t i = 0; i < 16; i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        *p++ = '-';
                *p++ = digits[u->bytes[i] >> 4];
                *p++ = digits[u->bytes[i] & 15];
        }
        *p = '\0';
}

static void uuid_stamp(struct uuid *u, unsigned version) {
        u->bytes[6] = (uint8_t)((u->bytes[6] & 0x0f) | version << 4);
        u->bytes[8] = (uint8_t)((u->bytes[8] & 0x3f) | 0x80);
}

struct uuid uuid_v5(const struct uuid *ns, const void *name, size_t n) {
        uint8_t digest[SHA1_BYTES];
        struct sha1 sha;
        struct uuid u;

        sha1_init(&sha);
        sha1_add(&sha, ns->bytes, sizeof(ns->bytes));
        sha1_add(&sha, name, n);
        sha1_end(&sha, digest);
        memcpy(u.bytes, digest, sizeof(u.bytes));
        uuid_stamp(&u, 5);
        return u;
}

struct uuid uuid_v4(const uint8_t random[16]) {
        struct uuid u;

        memcpy(u.bytes, random, sizeof(u.bytes));
        uuid_stamp(&u, 4);
        return u;
}
