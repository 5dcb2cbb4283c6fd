/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Deliveries, as a section of the page of an organisation: each connector of its inbox, how it stands, and what may be done about it */

#include "console/exchange.h"
#include "replica/connectors.h"

/* Writes the section, @of: whose inbox. Pausing and letting go on are forms in it, for whoever may. */
void deliveries_section(struct exchange *x, struct html *h, const struct organisation *of);

/* Of programs: the member "deliveries" of an open object. */
void deliveries_section_put(struct exchange *x, struct json_writer *w, const struct organisation *of);
