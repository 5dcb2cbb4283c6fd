/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Pausing a connector, and letting it go on
 *
 * As `connect --pause` and `connect --resume` do (connect/act.h). Who belongs to an organisation does it to what delivers its own inbox; of all others
 * they learn nothing.
 */

#include "console/exchange.h"
#include "replica/connectors.h"

/* The forms that fit how it stands, for whoever may use them; else nothing. */
void connector_pause_form(const struct exchange *x, struct html *h, const struct connector_row *row);  /* unless it is paused */
void connector_resume_form(const struct exchange *x, struct html *h, const struct connector_row *row); /* when it is paused, or stopped by its receiver */

/* POST /verbindingen/pauzeren */
void connector_act_pause(struct exchange *x);
/* POST /verbindingen/hervatten */
void connector_act_resume(struct exchange *x);
