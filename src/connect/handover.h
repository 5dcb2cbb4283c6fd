/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Handing over: an inbox that another connector delivered is gone on with where that one stopped
 *
 * What a connector has delivered stands under its name, as its group's offsets. So one that takes the inbox over, of which the file says `from:`, takes
 * the other's offsets for its own, once: when it has none of that inbox itself. It also takes what was parked by the other and is sent again.
 */

#include "connect/core.h"
#include "connect/lane.h"

/* Before @group is joined. Return: 0; negative errno with a sentence: the broker. */
int handover_take(const struct core *c, struct lanes *lanes, const char *group, struct error *err) MUSTCHECK;
