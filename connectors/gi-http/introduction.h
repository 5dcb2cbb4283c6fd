/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What senders ask before they send
 *
 *   OPTIONS with WebHook-Request-Origin            may this origin send here (CloudEvents 1.0, HTTP Web Hooks, section 4)
 *   POST of {"kanaal":"test", …} without event_id  the probe of an Open Notificaties when somebody subscribes: sent without authorisation, which must be
 *                                                  401, and with it, which must be 204; nothing is published
 */

#include <stdbool.h>

#include "base/text.h"
#include "connect/connector.h"

/* Whether @origin stands among @origins: compared whole, as names of hosts are, without regard to case. */
bool introduction_allows(const struct option_list *origins, const char *origin);

/* Whether a body is such a probe. */
bool introduction_is_probe(struct text body);
