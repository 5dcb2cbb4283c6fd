/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading one norm and one route
 */

#include "model/reference_read.h"

/* One item of norms. Mistakes are reported and what had one is left empty; memory that is out stands in c->r.e. */
void norm_read(struct norm_reading *c, const struct yaml_node *node, struct norm *ret);

/* One item of routes, in the same way. */
void route_read(struct norm_reading *c, const struct yaml_node *node, struct route *ret);
