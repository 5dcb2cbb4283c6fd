/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* /afspraken/<protocol>: one agreement, readable without its file */

#include "console/exchange.h"

/* For whoever may see the whole chain; another name answers exchange_not_found(). */
void page_protocol(struct exchange *x);
