/* SPDX-License-Identifier: EUPL-1.2 */

/* Cells of tables about topics and who reads them. */

#include "console/pages/flow_cells.h"

#include <stdio.h>

#include "console/pictures/picture_flow.h"

#define FLOW_HREF_MAX 1024

const char *flow_pointer(const char *of, const char *name, const char *figure, char ret[FLOW_POINTER_MAX]) {
        int n = snprintf(ret, FLOW_POINTER_MAX, "/%s/", of);

        for (; *name && n < FLOW_POINTER_MAX - 64; name++) { /* RFC 6901 */
                if (*name == '~' || *name == '/') {
                        ret[n++] = '~';
                        ret[n++] = *name == '~' ? '0' : '1';
                } else {
                        ret[n++] = *name;
                }
        }
        (void) snprintf(ret + n, (size_t)(FLOW_POINTER_MAX - n), "/%s", figure);
        return ret;
}

const char *flow_rate_text(double per_second, enum language language, char ret[PART_NUMBER_TEXT]) {
        int64_t tenths = (int64_t)(per_second * 10 + 0.5);

        if (tenths >= 100)
                return part_number((tenths + 5) / 10, language, ret);
        (void) snprintf(ret, PART_NUMBER_TEXT, "%d%s%d", (int)(tenths / 10), IN_LANGUAGE(language, ".", ","), (int)(tenths % 10));
        return ret;
}

void flow_cell_age(struct part_table *t, const struct exchange *x, instant_t since, const char *pointer) {
        part_cell_begin(t);
        if (since > 0)
                part_live_age(t->h, pointer, x->now - since, x->language);
        else
                part_live(t->h, pointer, "age", "\xe2\x80\x93");
        part_cell_end(t);
}

void flow_cell_number(struct part_table *t, const struct exchange *x, int64_t n, const char *pointer) {
        char number[PART_NUMBER_TEXT];

        part_cell_live(t, pointer, "number", part_number(n, x->language, number));
}

void flow_cell_hour(struct part_table *t, const struct exchange *x, const struct flows_topic *topic, size_t i) {
        char id[32], title[FLOW_POINTER_MAX];
        const struct picture_flow flow = {.id = id, .title = title, .language = x->language, .counts = topic->hour.counts, .n = topic->hour.n,
                                          .from = flow_history_at(&topic->hour, 0), .span_ms = topic->hour.span_ms};

        (void) snprintf(id, sizeof(id), "hour-%zu", i);
        (void) snprintf(title, sizeof(title), SAY(x, "Last hour of %s", "Laatste uur van %s"), topic->name);
        part_cell_begin(t);
        if (topic->hour.n > 0)
                picture_flow_small(t->h, &flow);
        part_cell_end(t);
}

void flow_cell_topic(struct part_table *t, const char *name) {
        CLEANUP(buffer_done) struct buffer href = BUFFER_INIT(FLOW_HREF_MAX);

        buffer_add_text(&href, "/stromen/");
        html_percent(&href, text_of(name));
        part_cell_link(t, buffer_text(&href), name);
}
