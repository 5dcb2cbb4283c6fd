/* SPDX-License-Identifier: EUPL-1.2 */

/* Bars of what flowed: their height is the count, by the largest of them. */

#include "console/pictures/picture_flow.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "calendar/date.h"
#include "console/pictures/shapes.h"
#include "web/parts.h"

#define SMALL_BAR 7.0
#define SMALL_HEIGHT 22.0
#define LARGE_BAR 26.0
#define LARGE_HEIGHT 120.0
#define LARGE_BELOW 22.0  /* for instants */
#define LARGE_ABOVE 16.0  /* for the largest count */
#define BAR_LEAST 1.0     /* what is more than nothing is seen */
#define LABEL_EVERY 4
#define CLOCK_TEXT 8
#define DESCRIBED_MAX 1000

static const char *flow_clock(instant_t at, char ret[CLOCK_TEXT]) {
        char exact[INSTANT_TEXT + 1];

        instant_format_exact(at, exact);
        (void) snprintf(ret, CLOCK_TEXT, "%.5s", exact + DATE_TEXT + 1);
        return ret;
}

static int64_t flow_largest(const struct picture_flow *flow) {
        int64_t most = 0;

        for (unsigned i = 0; i < flow->n; i++)
                most = flow->counts[i] > most ? flow->counts[i] : most;
        return most;
}

static void flow_bars(struct html *h, const struct picture_flow *flow, double width, double top, double height) {
        int64_t most = flow_largest(flow);

        for (unsigned i = 0; i < flow->n; i++) {
                double tall = most > 0 ? height * (double)flow->counts[i] / (double)most : 0;

                if (flow->counts[i] <= 0)
                        continue;
                if (tall < BAR_LEAST)
                        tall = BAR_LEAST;
                shape_box(h, "main", i * width + 0.5, top + height - tall, width - 1, tall);
        }
        html_begin(h, "path");
        html_attr(h, "class", "axis");
        html_attrf(h, "d", "M0 %.1fH%.1f", top + height, flow->n * width);
        html_end(h, "path");
}

void picture_flow_small(struct html *h, const struct picture_flow *flow) {
        CLEANUP(buffer_done) struct buffer described = BUFFER_INIT(DESCRIBED_MAX);
        char clock[CLOCK_TEXT], number[PART_NUMBER_TEXT];

        assert(flow->n <= PICTURE_FLOW_MAX);
        if (flow->n == 0)
                return;
        buffer_printf(&described, IN_LANGUAGE(flow->language, "From %s, each %d minutes:", "Vanaf %s, per %d minuten:"), flow_clock(flow->from, clock),
                      (int)(flow->span_ms / 60000));
        for (unsigned i = 0; i < flow->n; i++)
                buffer_printf(&described, " %s%s", part_number(flow->counts[i], flow->language, number), i + 1 < flow->n ? "," : ".");
        part_spark_begin(h, flow->id, flow->title, buffer_text(&described), flow->n * SMALL_BAR, SMALL_HEIGHT + 1);
        flow_bars(h, flow, SMALL_BAR, 0, SMALL_HEIGHT);
        part_spark_end(h);
}

void picture_flow_large(struct html *h, const struct picture_flow *flow) {
        char described[DESCRIBED_MAX], clock[CLOCK_TEXT], number[PART_NUMBER_TEXT];
        const int64_t most = flow_largest(flow);

        assert(flow->n <= PICTURE_FLOW_MAX);
        if (flow->n == 0)
                return;
        (void) snprintf(described, sizeof(described),
                        IN_LANGUAGE(flow->language, "%u bars from %s on; the tallest is %s. The table has the same counts.",
                                    "%u staven vanaf %s; de hoogste is %s. In de tabel staan dezelfde aantallen."),
                        flow->n, flow_clock(flow->from, clock), part_number(most, flow->language, number));
        part_picture_begin(h, flow->id, flow->title, described, flow->n * LARGE_BAR, LARGE_ABOVE + LARGE_HEIGHT + LARGE_BELOW);
        html_begin(h, "g");
        html_attr(h, "aria-hidden", "true");
        flow_bars(h, flow, LARGE_BAR, LARGE_ABOVE, LARGE_HEIGHT);
        for (unsigned i = 0; i < flow->n; i++) {
                if (i % LABEL_EVERY == 0)
                        shape_words(h, "quiet start", i * LARGE_BAR, LARGE_ABOVE + LARGE_HEIGHT + LARGE_BELOW - 6,
                                   flow_clock(flow->from + (int64_t)i * flow->span_ms, clock));
                if (flow->counts[i] > 0 && flow->counts[i] == most)
                        shape_words(h, "middle", i * LARGE_BAR + LARGE_BAR / 2, LARGE_ABOVE - 3, number);
        }
        html_end(h, "g");
        part_picture_end(h);
}
