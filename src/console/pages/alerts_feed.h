/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Open alerts of one organisation as a feed: /meldingen/<organisation>.atom
 *
 * Atom (RFC 4287), for who wants to watch from elsewhere. An entry is an open alert under its alert_id, updated when it is raised again; one that is resolved
 * is not there any more. The ALERTS_FEED_MAX that were raised last, the latest first. No personal data: norm, rung, dates and the id of the case.
 */

#include "console/exchange.h"

#define ALERTS_FEED_MAX 200

/* The feed; 404 for what is none of theirs. EXPORT stands in audit first. */
void page_alerts_feed(struct exchange *x);
