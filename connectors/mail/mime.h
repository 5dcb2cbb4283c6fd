/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The form of a mail: headers and a plain body as every server and every reader takes them
 *
 * ASCII only, lines of at most MIME_LINE_MAX characters that end with CR LF, no line that begins with a dot. Pure. All write into a buffer, which fails
 * when there is no room (base/buffer.h).
 */

#include <stdbool.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"

#define MIME_LINE_MAX 78 /* without CR LF */
#define MIME_DATE_MAX 40

/*
 * "Name: value": folded between words; words that are no printable ASCII as encoded words (RFC 2047). Return: false, and nothing is written: the value has a
 * control character, and would become more than one header.
 */
bool mime_write_header(struct buffer *out, const char *name, const char *value) MUSTCHECK;

/* The body: lines of @text, which end with a newline, quoted-printable (RFC 2045). Control characters but the newline become question marks. */
void mime_write_quoted(struct buffer *out, struct text text);

/* Puts a newline in place of blanks, so that no line has more than @columns characters (UTF-8) unless a word is longer. */
void mime_wrap(struct buffer *out, struct text text, unsigned columns);

/* "Mon, 07 Feb 2022 10:50:00 +0100": local time. */
const char *mime_date(instant_t at, char ret[MIME_DATE_MAX]);
