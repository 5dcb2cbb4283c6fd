/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Showing the personal fields of one case */

#include "console/exchange.h"

/* POST /zaken/<case_id>: the page of the case with its personal fields, once the reason in the form stands in the audit. */
void act_personal(struct exchange *x);
