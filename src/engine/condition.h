/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Conditions on the fields of one fact
 */

#include "model/protocol.h"

/* Whether one condition holds for the value of its field. */
bool condition_holds(const struct condition *condition, const struct slot *slot);

/* Whether all hold that are on the fact's own fields; conditions on other facts are taken to hold. @slots: of the fact. */
bool conditions_may_hold(const struct conditions *when, const struct slot *slots);
