/* SPDX-License-Identifier: EUPL-1.2 */

/* Writes headers and quoted-printable text, a line at a time, so that none is too long. */

#include "connectors/mail/mime.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "calendar/date.h"

#define QUOTED_MAX 76        /* characters of a line of quoted-printable, the sign of its break included */
#define ENCODED_WORD_MAX 75  /* characters of an encoded word */
#define ENCODED_BEGIN "=?UTF-8?Q?"
#define ENCODED_END "?="
#define ENCODED_BYTE 3       /* "=C3" */

static bool mime_is_control(char c) {
        return (unsigned char)c < ' ' || c == 0x7f;
}

static bool mime_is_plain(struct text word) {
        for (size_t i = 0; i < word.n; i++) {
                if ((unsigned char)word.s[i] >= 0x7f)
                        return false;
        }
        return word.n < 2 || memcmp(word.s, "=?", 2) != 0; /* what looks like an encoded word becomes one */
}

/* -- Headers -- */

struct mime_line {
        struct buffer *out;
        size_t column;
};

/* Begins a new line of the header when @n more characters and the blank before them have no room. */
static void mime_make_room(struct mime_line *line, size_t n) {
        if (line->column + 1 + n > MIME_LINE_MAX) {
                buffer_add_text(line->out, "\r\n");
                line->column = 0;
        }
        buffer_add_byte(line->out, ' ');
        line->column++;
}

static void mime_add_word(struct mime_line *line, struct text word) {
        mime_make_room(line, word.n);
        buffer_add(line->out, word.s, word.n);
        line->column += word.n;
}

static bool mime_stands_for_itself(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-/", c));
}

static size_t mime_encode_byte(char c, char ret[ENCODED_BYTE + 1]) {
        if (mime_stands_for_itself(c) || c == ' ') {
                ret[0] = c == ' ' ? '_' : c;
                ret[1] = '\0';
                return 1;
        }
        (void) snprintf(ret, ENCODED_BYTE + 1, "=%02X", (unsigned)(unsigned char)c);
        return ENCODED_BYTE;
}

/* All of @words, blanks included, as encoded words: none splits a character. */
static void mime_add_encoded(struct mime_line *line, struct text words) {
        char word[ENCODED_WORD_MAX + 1];
        size_t n = 0;

        for (size_t i = 0; i < words.n;) {
                size_t length = utf8_length(words.s + i, words.n - i), width = 0;
                char bytes[4][ENCODED_BYTE + 1];

                length = length ? length : 1;
                for (size_t k = 0; k < length; k++)
                        width += mime_encode_byte(words.s[i + k], bytes[k]);
                if (n + width + strlen(ENCODED_END) > ENCODED_WORD_MAX) {
                        memcpy(word + n, ENCODED_END, strlen(ENCODED_END));
                        mime_add_word(line, (struct text){word, n + strlen(ENCODED_END)});
                        n = 0;
                }
                if (n == 0) {
                        n = strlen(ENCODED_BEGIN);
                        memcpy(word, ENCODED_BEGIN, n);
                }
                for (size_t k = 0; k < length; k++) {
                        memcpy(word + n, bytes[k], strlen(bytes[k]));
                        n += strlen(bytes[k]);
                }
                i += length;
        }
        memcpy(word + n, ENCODED_END, strlen(ENCODED_END));
        mime_add_word(line, (struct text){word, n + strlen(ENCODED_END)});
}

/* The next word of a text, which is shortened by it; empty: there is none. */
static struct text mime_next_word(struct text *rest) {
        struct text word;
        size_t n = 0;

        while (rest->n > 0 && rest->s[0] == ' ')
                *rest = (struct text){rest->s + 1, rest->n - 1};
        while (n < rest->n && rest->s[n] != ' ')
                n++;
        word = (struct text){rest->s, n};
        *rest = (struct text){rest->s + n, rest->n - n};
        return word;
}

bool mime_write_header(struct buffer *out, const char *name, const char *value) {
        struct mime_line line = {out, strlen(name) + 1};
        struct text rest = text_of(value), word = {0};

        for (size_t i = 0; i < rest.n; i++) {
                if (mime_is_control(rest.s[i]))
                        return false;
        }
        buffer_printf(out, "%s:", name);
        for (word = mime_next_word(&rest); word.n > 0; word = mime_next_word(&rest)) {
                struct text all = word;

                if (mime_is_plain(word)) {
                        mime_add_word(&line, word);
                        continue;
                }
                /* Blanks between encoded words do not count, so words that follow one another are encoded as one. */
                for (struct text ahead = rest, next = mime_next_word(&ahead); next.n > 0 && !mime_is_plain(next); next = mime_next_word(&ahead)) {
                        all.n = (size_t)(next.s + next.n - all.s);
                        rest = ahead;
                }
                mime_add_encoded(&line, all);
        }
        buffer_add_text(out, "\r\n");
        return true;
}

/* -- The body -- */

/* How @c stands in a line of which @last says that it ends there; @first: that it begins there. */
static size_t mime_quote_byte(char c, bool first, bool last, char ret[ENCODED_BYTE + 1]) {
        bool plain = (unsigned char)c > ' ' && (unsigned char)c < 0x7f && c != '=' && !(c == '.' && first);

        if (mime_is_control(c))
                c = '?';
        if (plain || c == '?' || (c == ' ' && !last)) {
                ret[0] = c;
                ret[1] = '\0';
                return 1;
        }
        (void) snprintf(ret, ENCODED_BYTE + 1, "=%02X", (unsigned)(unsigned char)c);
        return ENCODED_BYTE;
}

static void mime_write_quoted_line(struct buffer *out, struct text line) {
        size_t column = 0;

        for (size_t i = 0; i < line.n; i++) {
                char bytes[ENCODED_BYTE + 1];
                size_t n = mime_quote_byte(line.s[i], column == 0, i + 1 == line.n, bytes);

                if (column + n + 1 > QUOTED_MAX) {
                        buffer_add_text(out, "=\r\n");
                        column = 0;
                        n = mime_quote_byte(line.s[i], true, i + 1 == line.n, bytes);
                }
                buffer_add(out, bytes, n);
                column += n;
        }
        buffer_add_text(out, "\r\n");
}

void mime_write_quoted(struct buffer *out, struct text text) {
        while (text.n > 0) {
                const char *end = memchr(text.s, '\n', text.n);
                size_t n = end ? (size_t)(end - text.s) : text.n;

                mime_write_quoted_line(out, (struct text){text.s, n});
                n += end ? 1 : 0;
                text = (struct text){text.s + n, text.n - n};
        }
}

static size_t mime_width(struct text word) {
        size_t n = 0;

        for (size_t i = 0; i < word.n; i++)
                n += ((unsigned char)word.s[i] & 0xc0) != 0x80; /* not a later byte of a character */
        return n;
}

void mime_wrap(struct buffer *out, struct text text, unsigned columns) {
        size_t column = 0;

        for (struct text word = mime_next_word(&text); word.n > 0; word = mime_next_word(&text)) {
                size_t n = mime_width(word);

                if (column > 0)
                        buffer_add_byte(out, column + 1 + n > columns ? '\n' : ' ');
                column = column > 0 && column + 1 + n <= columns ? column + 1 + n : n;
                buffer_add(out, word.s, word.n);
        }
        buffer_add_byte(out, '\n');
}

const char *mime_date(instant_t at, char ret[MIME_DATE_MAX]) {
        static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
        static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        day_t date = date_of_instant(at);
        int offset = instant_offset_minutes(at), year, month, day;
        int64_t seconds = (at / 1000 + offset * INT64_C(60)) % 86400;

        date_to_ymd(date, &year, &month, &day);
        (void) snprintf(ret, MIME_DATE_MAX, "%s, %02d %s %04d %02d:%02d:%02d +%02d%02d", weekdays[date_weekday(date)], day, months[month - 1], year,
                        (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60), offset / 60, offset % 60);
        return ret;
}
