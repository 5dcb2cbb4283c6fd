/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What each organisation should have been told, as a story says it
 */

#include "engine/story_reading.h"

/* Fills the story's expectations. Mistakes are reported with their place; r.e when memory is out. */
void story_read_expect(struct story_reading *s, const struct yaml_node *expect);
