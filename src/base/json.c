/* SPDX-License-Identifier: EUPL-1.2 */

/* JSON written straight into a buffer: commas, escapes and numbers, with nothing allocated on the way. */

#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/utf8.h"

/* Room for a value of at most @n bytes, behind its comma; NULL when the buffer has failed. The caller adds to out->n. */
static uint8_t *json_begin(struct json_writer *w, size_t n) {
        bool comma = !w->keyed && w->some[w->depth];
        uint8_t *p = buffer_reserve(w->out, n + 1);

        w->some[w->depth] = true;
        w->keyed = false;
        if (p && comma) {
                *p++ = ',';
                w->out->n++;
        }
        return p;
}

static void open_(struct json_writer *w, char c) {
        uint8_t *p = json_begin(w, 1);

        if (p) {
                *p = (uint8_t)c;
                w->out->n++;
        }
        assert(w->depth < JSON_DEPTH_MAX);
        w->some[++w->depth] = false;
}

static void close_(struct json_writer *w, char c) {
        assert(w->depth > 0 && !w->keyed);
        w->depth--;
        buffer_add_byte(w->out, (uint8_t)c);
}

void jsonw_open_object(struct json_writer *w) {
        open_(w, '{');
}
void jsonw_close_object(struct json_writer *w) {
        close_(w, '}');
}
void jsonw_open_array(struct json_writer *w) {
        open_(w, '[');
}
void jsonw_close_array(struct json_writer *w) {
        close_(w, ']');
}

/* A value that is JSON already. */
static void jsonw_raw_text(struct json_writer *w, struct text json) {
        uint8_t *p = json_begin(w, json.n);

        if (!p)
                return;
        memcpy(p, json.s, json.n);
        w->out->n += json.n;
}

static void json_escape(struct buffer *out, struct text t) {
        size_t plain = 0, i = 0;

        while (i < t.n) {
                unsigned char c = (unsigned char)t.s[i];
                size_t length;

                if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
                        i++;
                        continue;
                }
                length = utf8_length(t.s + i, t.n - i);
                if (c >= 0x80 && length > 0) {
                        i += length;
                        continue;
                }
                buffer_add(out, t.s + plain, i - plain);
                if (c >= 0x80)
                        buffer_add_text(out, "\xef\xbf\xbd");
                else if (c == '"' || c == '\\')
                        buffer_printf(out, "\\%c", c);
                else if (c == '\n')
                        buffer_add_text(out, "\\n");
                else
                        buffer_printf(out, "\\u%04x", c);
                plain = ++i;
        }
        buffer_add(out, t.s + plain, i - plain);
}

/* Eight bytes none of which needs an escape: ASCII, no control character, neither " nor \\. */
static inline bool json_word_plain(uint64_t x) {
        const uint64_t ones = UINT64_C(0x0101010101010101);
        uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\';

        /* Subtracting makes the highest bit of each byte that is too small; bytes before it, which might borrow from it, have theirs then. */
        return ((x | (x - ones * 0x20) | (quote - ones) | (slash - ones)) & ones << 7) == 0;
}

static bool json_plain(struct text t) {
        uint64_t word;

        if (t.n < sizeof(word)) {
                word = UINT64_C(0x2020202020202020);
                memcpy(&word, t.s, t.n);
                return json_word_plain(word);
        }
        for (size_t i = 0; i + sizeof(word) < t.n; i += sizeof(word)) {
                memcpy(&word, t.s + i, sizeof(word));
                if (!json_word_plain(word))
                        return false;
        }
        memcpy(&word, t.s + t.n - sizeof(word), sizeof(word));
        return json_word_plain(word);
}

void jsonw_text(struct json_writer *w, struct text t) {
        bool plain = t.n == 0 || json_plain(t);
        uint8_t *p = json_begin(w, plain ? t.n + 2 : 2);

        if (!p)
                return;
        *p++ = '"';
        if (plain) {
                p = (uint8_t *)text_write((char *)p, t);
                *p = '"';
                w->out->n += t.n + 2;
                return;
        }
        w->out->n++;
        json_escape(w->out, t);
        buffer_add_byte(w->out, '"');
}

void jsonw_string(struct json_writer *w, const char *s) {
        jsonw_text(w, text_of(s));
}

void jsonw_key_text(struct json_writer *w, struct text key) {
        jsonw_text(w, key);
        buffer_add_byte(w->out, ':');
        w->keyed = true;
}

void jsonw_key(struct json_writer *w, const char *key) {
        jsonw_key_text(w, text_of(key));
}

void jsonw_int(struct json_writer *w, int64_t i) {
        uint64_t amount = i < 0 ? -(uint64_t)i : (uint64_t)i;
        char digits[24], *end = digits + sizeof(digits), *p = end;

        do {
                *--p = (char)('0' + amount % 10);
                amount /= 10;
        } while (amount);
        if (i < 0)
                *--p = '-';
        jsonw_raw_text(w, (struct text){p, (size_t)(end - p)});
}

void jsonw_double(struct json_writer *w, double d) {
        char digits[32];

        if (!isfinite(d)) {
                jsonw_null(w);
                return;
        }
        for (int precision = 15; precision <= 17; precision++) {
                (void) snprintf(digits, sizeof(digits), "%.*g", precision, d);
                if (strtod(digits, NULL) == d)
                        break;
        }
        jsonw_raw(w, digits);
}

void jsonw_float(struct json_writer *w, float f) {
        char digits[32];

        if (!isfinite(f)) {
                jsonw_null(w);
                return;
        }
        for (int precision = 6; precision <= 9; precision++) {
                (void) snprintf(digits, sizeof(digits), "%.*g", precision, (double)f);
                if (strtof(digits, NULL) == f)
                        break;
        }
        jsonw_raw(w, digits);
}

void jsonw_hex(struct json_writer *w, struct text bytes) {
        static const char digits[] = "0123456789abcdef";
        uint8_t *p = json_begin(w, 2 * bytes.n + 2);

        if (!p)
                return;
        *p++ = '"';
        for (size_t i = 0; i < bytes.n; i++) {
                *p++ = (uint8_t)digits[(uint8_t)bytes.s[i] >> 4];
                *p++ = (uint8_t)digits[(uint8_t)bytes.s[i] & 15];
        }
        *p = '"';
        w->out->n += 2 * bytes.n + 2;
}

void jsonw_bool(struct json_writer *w, bool b) {
        jsonw_raw(w, b ? "true" : "false");
}

void jsonw_null(struct json_writer *w) {
        jsonw_raw(w, "null");
}

void jsonw_raw(struct json_writer *w, const char *json) {
        jsonw_raw_text(w, text_of(json));
}

void jsonw_put_text(struct json_writer *w, const char *key, struct text t) {
        jsonw_key(w, key);
        jsonw_text(w, t);
}
void jsonw_put_string(struct json_writer *w, const char *key, const char *s) {
        jsonw_key(w, key);
        jsonw_string(w, s);
}
void jsonw_put_int(struct json_writer *w, const char *key, int64_t i) {
        jsonw_key(w, key);
        jsonw_int(w, i);
}
void jsonw_put_bool(struct json_writer *w, const char *key, bool b) {
        jsonw_key(w, key);
        jsonw_bool(w, b);
}
