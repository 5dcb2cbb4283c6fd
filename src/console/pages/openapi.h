/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The OpenAPI document of what programs may ask */

#include "console/exchange.h"

/* /openapi.json: what the person of @x may ask for. */
void page_openapi(struct exchange *x);
