/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Cells that pages about flows have in common: figures that stay fresh, ages, the last hour as a picture. */

#include "console/exchange.h"
#include "replica/flows.h"

#define FLOW_POINTER_MAX 320

/* A JSON pointer to a figure of something by its name, in the message of the stream: "/topics/plan-due/rate". Returns @ret. */
const char *flow_pointer(const char *of, const char *name, const char *figure, char ret[FLOW_POINTER_MAX]);

/* A rate, with one decimal as long as that says something. Returns @ret. */
const char *flow_rate_text(double per_second, enum language language, char ret[PART_NUMBER_TEXT]);

/* Cells: the age of what waits longest (since 0: a dash), a number, both kept fresh; the picture of the last hour, @i making it unique. */
void flow_cell_age(struct part_table *t, const struct exchange *x, instant_t since, const char *pointer);
void flow_cell_number(struct part_table *t, const struct exchange *x, int64_t n, const char *pointer);
void flow_cell_hour(struct part_table *t, const struct exchange *x, const struct flows_topic *topic, size_t i);

/* A cell with a link to the topic's page. */
void flow_cell_topic(struct part_table *t, const char *name);
