/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* /afspraken: all agreements that are configured, and when and where each holds */

#include "console/exchange.h"

/* A list of pages, by name. */
void page_protocols(struct exchange *x);

/* The same of one, for lists and for its own page: "1 jan 2022 tot en met 31 dec 2023"; "Groningen, Drenthe", or that it holds everywhere. */
void protocols_validity(struct exchange *x, struct html *h, const struct protocol *protocol);
void protocols_regions(struct exchange *x, struct html *h, const struct protocol *protocol);

/* Keys "protocol", "title", "source", "valid_from", "valid_until" and "regions" into the object that is open. */
void protocols_put(const struct protocol *protocol, struct json_writer *w);
