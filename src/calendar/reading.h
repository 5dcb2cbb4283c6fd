/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Dates and terms in a YAML file of configuration; the rest of reading is in base/reading.h
 */

#include "base/reading.h"
#include "calendar/term.h"

/* A scalar that must be a date, or one step of a term ("5 working days"). False: reported with its place. */
bool reading_date(struct reading *r, const struct yaml_node *node, const char *what, day_t *ret);
bool reading_step(struct reading *r, const struct yaml_node *node, struct term_step *ret);
