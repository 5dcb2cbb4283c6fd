/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What is given in a story: each event becomes a JSON line of replay, with everything filled in that the story leaves out
 */

#include "engine/story_reading.h"

/* Fills the story's lines, the clock last. Mistakes are reported with their place; r.e when memory is out. */
void story_read_given(struct story_reading *s, const struct yaml_node *given, const struct yaml_node *clock);
