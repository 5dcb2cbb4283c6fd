/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The first page, and the stream that keeps pages fresh. */

#include "console/exchange.h"

/* / and /api/overview: is anything wrong, and what; of an organisation how its own inbox stands. */
void page_overview(struct exchange *x);

/* /api/stream: server-sent events, "overview" as overview_put_message() writes it. ?after= is the id of the last that a watcher has, as Last-Event-ID. */
void page_stream(struct exchange *x);
