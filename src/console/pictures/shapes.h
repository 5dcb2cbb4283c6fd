/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* What pictures are drawn of: words, lines, boxes and paths, each of a class of the stylesheet. Pure. */

#include "web/html.h"

#define SHAPE_CHARACTERS_MAX 120 /* of words that are cut */

/* Words; whether they begin, end or have their middle at @x says the class. */
void shape_words(struct html *h, const char *class, double x, double y, const char *text);
/* Of a text that has more than so many characters (SHAPE_CHARACTERS_MAX at most) the beginning, with … behind it. */
void shape_words_cut(struct html *h, const char *class, double x, double y, const char *text, size_t characters);

/* A line from one point to another; a box by its upper left corner; a path whose origin is moved to (x, y). */
void shape_line(struct html *h, const char *class, double x1, double y1, double x2, double y2);
void shape_box(struct html *h, const char *class, double x, double y, double width, double height);
void shape_path(struct html *h, const char *class, const char *d, double x, double y);
