/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Acknowledging an open alert
 *
 * Publishes `alert-acknowledged` of the person's organisation, or of operators, by the checks of everything that comes in; so the rules judge it as any other.
 * Who presses the button of one form twice says it once: its event_id follows from alert, person and form.
 */

#include "console/exchange.h"

/* The form, for whoever may do it: acts, and is of @of, who has the alert (NULL: not configured any more), or of no organisation. Else nothing. */
void acknowledge_form(const struct exchange *x, struct html *h, const struct uuid *alert_id, const struct organisation *of);

/* POST /meldingen/bevestigen */
void acknowledge_act(struct exchange *x);
