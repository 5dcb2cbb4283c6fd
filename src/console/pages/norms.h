/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The reports over all cases: /normen, /api/norms
 *
 * What is asked stands in the address under the names that the options of `ketenwacht report` have, and which report under `report`. An organisation gets
 * only what it was told of, and as the municipality or GI that it is; who may see no case gets figures.
 */

#include "console/exchange.h"

/* Answers with the report, or 202 when it is being made; 400, 403, 404, 422 and 503 as problems. */
void page_norms(struct exchange *x);
