/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* One dead letter */

#include "console/exchange.h"

/* GET /dode-letters/<partition>/<offset>: personal fields are masked. */
void page_letter(struct exchange *x);
/* POST /dode-letters/inzien/<partition>/<offset>: with personal fields, once that stands in audit with the reason that was given. */
void page_letter_clear(struct exchange *x);
