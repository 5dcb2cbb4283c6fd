/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

#include "console/exchange.h"

/* /logboek: who saw or did what, the latest first, with a filter. */
void page_audit(struct exchange *x);
