/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Dates in a YAML file of configuration; the rest of reading is in base/reading.h, steps of terms in term.h
 */

#include "base/reading.h"
#include "calendar/date.h"

/* A scalar that must be a date. False: reported with its place. */
bool reading_date(struct reading *r, const struct yaml_node *node, const char *what, day_t *ret);
