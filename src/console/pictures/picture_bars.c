/* SPDX-License-Identifier: EUPL-1.2 */

/* Horizontal bars on one scale, from their figures. */

#include "console/pictures/picture_bars.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "console/pictures/shapes.h"
#include "web/parts.h"

/* In units of the picture, of which a letter is about seven wide. */
#define BARS_LABEL 270.0   /* before a bar */
#define BARS_WIDTH 400.0   /* of the longest */
#define BARS_NUMBERS 130.0 /* behind it */
#define BARS_ROW 22.0
#define BARS_TOP 26.0      /* the legend */
#define BARS_TALL 14.0     /* of the first part; each further one is four lower */
#define BARS_LABEL_CHARACTERS 36

static double bars_height(size_t part) {
        return BARS_TALL - 4.0 * (double)part;
}

static int64_t bars_total(const struct picture_bars *p, const struct picture_bar *bar) {
        int64_t total = 0;

        for (size_t i = 0; i < p->parts_n; i++) {
                assert(bar->values[i] >= 0);
                total += bar->values[i];
        }
        return total;
}

static void bars_numbers(struct html *h, const struct picture_bars *p, const struct picture_bar *bar, double x, double y) {
        char text[PICTURE_BARS_PARTS * (PART_NUMBER_TEXT + 4)] = "", number[PART_NUMBER_TEXT];
        size_t n = 0;

        for (size_t i = 0; i < p->parts_n; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " + " : "", part_number(bar->values[i], p->language, number));
        shape_words(h, "quiet", x + 6, y, text);
}

static void bars_row(struct html *h, const struct picture_bars *p, const struct picture_bar *bar, double top, int64_t longest) {
        double x = BARS_LABEL, middle = top + BARS_ROW / 2;

        shape_words_cut(h, "end", BARS_LABEL - 8, middle + 4, bar->label, BARS_LABEL_CHARACTERS); /* it stands whole in the table */
        for (size_t i = 0; i < p->parts_n; i++) {
                double width = longest ? BARS_WIDTH * (double)bar->values[i] / (double)longest : 0;

                if (bar->values[i])
                        shape_box(h, p->parts[i].class, x, middle - bars_height(i) / 2, width, bars_height(i));
                x += width;
        }
        bars_numbers(h, p, bar, x, middle + 4);
}

static void bars_legend(struct html *h, const struct picture_bars *p) {
        double x = BARS_LABEL;

        for (size_t i = 0; i < p->parts_n; i++) {
                shape_box(h, p->parts[i].class, x, (BARS_TOP - bars_height(i)) / 2, 18, bars_height(i));
                shape_words(h, "start", x + 24, BARS_TOP / 2 + 4, p->parts[i].word);
                x += 40 + 7 * (double)strlen(p->parts[i].word);
        }
}

static void bars_describe(const struct picture_bars *p, size_t n, char *ret, size_t size) {
        char shown[PART_NUMBER_TEXT], all[PART_NUMBER_TEXT];

        (void) snprintf(ret, size, IN_LANGUAGE(p->language, "%s bars of %s; the numbers stand behind each. The table has the same data.",
                                               "%s balken van %s; de aantallen staan achter elke balk. De tabel heeft dezelfde gegevens."),
                        part_number((int64_t)n, p->language, shown), part_number((int64_t)p->bars_n, p->language, all));
}

void picture_bars(struct html *h, const struct picture_bars *p) {
        size_t n = p->bars_n < PICTURE_BARS_MAX ? p->bars_n : PICTURE_BARS_MAX;
        int64_t longest = 0;
        char described[256];

        assert(p->parts_n > 0 && p->parts_n <= PICTURE_BARS_PARTS);
        if (n == 0)
                return;
        for (size_t i = 0; i < n; i++) {
                int64_t total = bars_total(p, &p->bars[i]);

                longest = total > longest ? total : longest;
        }
        bars_describe(p, n, described, sizeof(described));
        part_picture_begin(h, p->id, p->caption, described, BARS_LABEL + BARS_WIDTH + BARS_NUMBERS, BARS_TOP + BARS_ROW * (double)n + 6);
        html_begin(h, "g");
        html_attr(h, "aria-hidden", "true");
        bars_legend(h, p);
        for (size_t i = 0; i < n; i++)
                bars_row(h, p, &p->bars[i], BARS_TOP + BARS_ROW * (double)i, longest);
        html_end(h, "g");
        part_picture_end(h);
}
