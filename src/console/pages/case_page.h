/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* One case, for whoever may see all of it; and what one organisation was told of it. */

#include "console/exchange.h"

/* /zaken/<case_id> */
void page_case(struct exchange *x);

/*
 * Answers with the page of the case of x->rest, or its JSON; what is not there, or not for this person, as exchange_not_found(). @clear: personal
 * fields too, for who may see them and has said why: the caller has written that to `audit`.
 */
void case_answer(struct exchange *x, bool clear);

/* Whether there is such a case for this person: for an act that has to say so before it is done. */
bool case_exists(struct exchange *x, struct uuid *ret_id);
