/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Sending dead letters again: what is done about it, and how it stands */

#include "console/exchange.h"

/* POST /dode-letters/proef: counts what would be accepted of a filter. */
void redrive_act_try(struct exchange *x);
/* POST /dode-letters/opnieuw: sends what was tried, or one letter, with a reason. */
void redrive_act_send(struct exchange *x);
/* POST /dode-letters/stoppen */
void redrive_act_stop(struct exchange *x);
/* GET /dode-letters/opnieuw: how the latest stands. */
void redrive_page(struct exchange *x);
