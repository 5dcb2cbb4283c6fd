/* SPDX-License-Identifier: EUPL-1.2 */

/* Elements of SVG with their attributes. */

#include "console/pictures/shapes.h"

#include <assert.h>
#include <stdio.h>

void shape_words(struct html *h, const char *class, double x, double y, const char *text) {
        html_begin(h, "text");
        html_attr(h, "class", class);
        html_attr_number(h, "x", x);
        html_attr_number(h, "y", y);
        html_text(h, text);
        html_end(h, "text");
}

void shape_words_cut(struct html *h, const char *class, double x, double y, const char *text, size_t characters) {
        char cut[SHAPE_CHARACTERS_MAX * 4 + 4]; /* bytes of the longest characters, of …, and the end */
        size_t n = 0, seen = 0;

        assert(characters <= SHAPE_CHARACTERS_MAX);
        for (; text[n]; n++) {
                if (((unsigned char)text[n] & 0xc0) != 0x80 && seen++ == characters)
                        break;
        }
        (void) snprintf(cut, sizeof(cut), "%.*s%s", (int)n, text, text[n] ? "\xe2\x80\xa6" : "");
        shape_words(h, class, x, y, cut);
}

void shape_line(struct html *h, const char *class, double x1, double y1, double x2, double y2) {
        html_begin(h, "line");
        html_attr(h, "class", class);
        html_attr_number(h, "x1", x1);
        html_attr_number(h, "y1", y1);
        html_attr_number(h, "x2", x2);
        html_attr_number(h, "y2", y2);
        html_end(h, "line");
}

void shape_box(struct html *h, const char *class, double x, double y, double width, double height) {
        html_begin(h, "rect");
        html_attr(h, "class", class);
        html_attr_number(h, "x", x);
        html_attr_number(h, "y", y);
        html_attr_number(h, "width", width);
        html_attr_number(h, "height", height);
        html_end(h, "rect");
}

void shape_path(struct html *h, const char *class, const char *d, double x, double y) {
        html_begin(h, "path");
        html_attr(h, "class", class);
        html_attrf(h, "transform", "translate(%.2f %.2f)", x, y);
        html_attr(h, "d", d);
        html_end(h, "path");
}
