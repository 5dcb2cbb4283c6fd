/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* All dead letters */

#include "console/exchange.h"

/* GET /dode-letters: grouped, filtered, page by page. */
void page_letters(struct exchange *x);
