/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Organisations: /organisaties, /organisaties/<id>, and their twins
 *
 * Of each its inbox and who reads it, deliveries, open alerts, the roles that it has and where they come from, contacts, and from when until when it is what it
 * is. Somebody of an organisation sees that one alone.
 */

#include "console/exchange.h"

/* The list: filters kind and region in the address. */
void page_organisations(struct exchange *x);

/* One of them. */
void page_organisation(struct exchange *x);
