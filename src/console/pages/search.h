/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Finding a case */

#include "console/exchange.h"

/* /zaken?zoek=: one case in which it occurs is gone to, of several there is a list. */
void page_search(struct exchange *x);
