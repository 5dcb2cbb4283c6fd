/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Writing HTML, and SVG in it
 *
 * Front to back into a buffer, as JSON is (base/json.h). Texts and the values of attributes are escaped here, so that nobody who writes a page can
 * forget it; there is no way to write markup but element by element. Elements that are begun are ended in their order, which is asserted.
 *
 *         html_begin(h, "p");
 *         html_attr(h, "class", "wrong");
 *         html_text(h, "a < b");
 *         html_end(h, "p");
 *
 * Bytes that are no UTF-8 or that XML 1.0 does not allow are written as U+FFFD.
 */

#include <stdbool.h>

#include "base/buffer.h"
#include "base/text.h"

#define HTML_DEPTH_MAX 32
#define HTML_TEXT_MAX 1024 /* of one html_textf() or html_attrf(): what is longer is cut */

struct html {
        struct buffer *out;
        unsigned depth;
        const char *open[HTML_DEPTH_MAX]; /* names of elements that are begun */
        bool in_tag;                      /* attributes may still come */
        unsigned fields;                  /* of forms: web/parts.h numbers them */
};

#define HTML_WRITER(buffer) \
        { .out = (buffer) }

/* The line before everything. */
void html_doctype(struct html *h);

/* Begins an element; attributes come next, then what is in it. Names are borrowed until it is ended. */
void html_begin(struct html *h, const char *name);
void html_end(struct html *h, const char *name);
/* An element that has nothing in it and no end: input, link, meta, br, hr, img. Attributes come next. */
void html_void(struct html *h, const char *name);

/* An attribute, directly behind the beginning of its element. NULL: it is left out. */
void html_attr(struct html *h, const char *name, const char *value);
void html_attrf(struct html *h, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
void html_attr_int(struct html *h, const char *name, int64_t value);
void html_attr_number(struct html *h, const char *name, double value); /* two decimals at most, as coordinates have them */
void html_flag(struct html *h, const char *name, bool on); /* an attribute without a value, such as required */

/* Text. */
void html_text(struct html *h, const char *text); /* NULL: nothing */
void html_text_of(struct html *h, struct text text);
void html_textf(struct html *h, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* An element with one text in it. @class: NULL or its class. */
void html_element(struct html *h, const char *name, const char *class, const char *text);
/* A link. */
void html_link(struct html *h, const char *href, const char *text);

/* Appends @text with % before what may not stand in a part of a path or in a query. */
void html_percent(struct buffer *out, struct text text);
