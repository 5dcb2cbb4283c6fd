/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Copies of facts that are to be told now: by the routes of protocols, and of corrections to whoever got what they correct
 */

#include "engine/facts.h"

/* Tells all copies that are wanted and were not told. What memory lacks for sets failed. */
void view_tell_copies(struct view *v);
