/* SPDX-License-Identifier: EUPL-1.2 */

/* Elements, attributes and texts, escaped where they are written. */

#include "web/html.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void html_close_tag(struct html *h) {
        if (h->in_tag)
                buffer_add_byte(h->out, '>');
        h->in_tag = false;
}

void html_doctype(struct html *h) {
        assert(h->depth == 0);
        buffer_add_text(h->out, "<!DOCTYPE html>\n");
}

/* -- Escaping -- */

static const char *html_entity(unsigned char c) {
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '"':
                return "&quot;";
        case '\'':
                return "&#39;";
        default:
                return c < 0x20 && c != '\t' && c != '\n' && c != '\r' ? "\xef\xbf\xbd" : NULL;
        }
}

/* Bytes of a character that may stand there; 0: none of ours. */
static size_t html_character(struct text rest) {
        size_t n = utf8_length(rest.s, rest.n);

        /* U+FFFE and U+FFFF are UTF-8 and no characters */
        if (n == 3 && memcmp(rest.s, "\xef\xbf", 2) == 0 && ((unsigned char)rest.s[2] & 0xfe) == 0xbe)
                return 0;
        return n;
}

static void html_escape(struct buffer *out, struct text text) {
        size_t plain = 0;

        for (size_t i = 0; i < text.n;) {
                const char *entity = html_entity((unsigned char)text.s[i]);
                size_t n = entity ? 1 : html_character((struct text){text.s + i, text.n - i});

                if (!entity && n > 0) {
                        i += n;
                        continue;
                }
                buffer_add(out, text.s + plain, i - plain);
                buffer_add_text(out, entity ? entity : "\xef\xbf\xbd");
                i += n > 0 ? n : 1;
                plain = i;
        }
        buffer_add(out, text.s + plain, text.n - plain);
}

/* -- Elements -- */

void html_begin(struct html *h, const char *name) {
        assert(h->depth < HTML_DEPTH_MAX);
        html_close_tag(h);
        buffer_add_byte(h->out, '<');
        buffer_add_text(h->out, name);
        h->open[h->depth++] = name;
        h->in_tag = true;
}

void html_end(struct html *h, const char *name) {
        assert(h->depth > 0 && strcmp(h->open[h->depth - 1], name) == 0);
        html_close_tag(h);
        h->depth--;
        buffer_add_text(h->out, "</");
        buffer_add_text(h->out, name);
        buffer_add_byte(h->out, '>');
}

void html_void(struct html *h, const char *name) {
        html_close_tag(h);
        buffer_add_byte(h->out, '<');
        buffer_add_text(h->out, name);
        h->in_tag = true;
}

/* -- Attributes -- */

static void html_attr_of(struct html *h, const char *name, struct text value) {
        assert(h->in_tag);
        buffer_add_byte(h->out, ' ');
        buffer_add_text(h->out, name);
        buffer_add_text(h->out, "=\"");
        html_escape(h->out, value);
        buffer_add_byte(h->out, '"');
}

void html_attr(struct html *h, const char *name, const char *value) {
        if (value)
                html_attr_of(h, name, text_of(value));
}

/* What was cut may end within a character, which is written as one that is none. */
static struct text html_format(char ret[HTML_TEXT_MAX], const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static struct text html_format(char ret[HTML_TEXT_MAX], const char *fmt, va_list args) {
        int n = vsnprintf(ret, HTML_TEXT_MAX, fmt, args);

        return (struct text){ret, n < 0 ? 0 : (size_t)n < HTML_TEXT_MAX ? (size_t)n : HTML_TEXT_MAX - 1};
}

void html_attrf(struct html *h, const char *name, const char *fmt, ...) {
        char text[HTML_TEXT_MAX];
        va_list args;

        va_start(args, fmt);
        html_attr_of(h, name, html_format(text, fmt, args));
        va_end(args);
}

void html_attr_int(struct html *h, const char *name, int64_t value) {
        html_attrf(h, name, "%" PRId64, value);
}

void html_attr_number(struct html *h, const char *name, double value) {
        int64_t hundredths = (int64_t)llround(value * 100);
        int64_t whole = hundredths / 100, rest = hundredths < 0 ? -(hundredths % 100) : hundredths % 100;
        const char *sign = hundredths < 0 && whole == 0 ? "-" : "";

        if (rest == 0)
                html_attrf(h, name, "%" PRId64, whole);
        else if (rest % 10 == 0)
                html_attrf(h, name, "%s%" PRId64 ".%" PRId64, sign, whole, rest / 10);
        else
                html_attrf(h, name, "%s%" PRId64 ".%02" PRId64, sign, whole, rest);
}

void html_flag(struct html *h, const char *name, bool on) {
        assert(h->in_tag);
        if (!on)
                return;
        buffer_add_byte(h->out, ' ');
        buffer_add_text(h->out, name);
}

/* -- Texts -- */

void html_text_of(struct html *h, struct text text) {
        html_close_tag(h);
        html_escape(h->out, text);
}

void html_text(struct html *h, const char *text) {
        if (text)
                html_text_of(h, text_of(text));
}

void html_textf(struct html *h, const char *fmt, ...) {
        char text[HTML_TEXT_MAX];
        va_list args;

        va_start(args, fmt);
        html_text_of(h, html_format(text, fmt, args));
        va_end(args);
}

void html_element(struct html *h, const char *name, const char *class, const char *text) {
        html_begin(h, name);
        html_attr(h, "class", class);
        html_text(h, text);
        html_end(h, name);
}

void html_link(struct html *h, const char *href, const char *text) {
        html_begin(h, "a");
        html_attr(h, "href", href);
        html_text(h, text);
        html_end(h, "a");
}

void html_percent(struct buffer *out, struct text text) {
        static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

        for (size_t i = 0; i < text.n; i++) {
                if (memchr(kept, text.s[i], sizeof(kept) - 1))
                        buffer_add_byte(out, (uint8_t)text.s[i]);
                else
                        buffer_printf(out, "%%%02X", (unsigned char)text.s[i]);
        }
}
