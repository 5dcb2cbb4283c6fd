/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Whether a receiver lets us send to it (CloudEvents 1.0, HTTP Web Hooks, section 4), and how often
 *
 * Asked by OPTIONS with WebHook-Request-Origin, before the first message and again every HANDSHAKE_MS. It is a yes when the answer is 2xx and
 * WebHook-Allowed-Origin is our origin or *; WebHook-Allowed-Rate says how many requests a minute it bears. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#define HANDSHAKE_MS INT64_C(3600000)
#define HANDSHAKE_RATE_MAX 1000000 /* a minute: more is no limit */

struct handshake {
        bool allowed;
        int64_t every_ms;   /* between two requests; 0: as many as we like */
        int64_t until;      /* monotonic: it is asked again from here on; 0: it was never asked */
        int64_t next;       /* monotonic: no request before this */
};

/* What an answer with these headers says (NULL: not there), at @now. */
void handshake_read(struct handshake *h, int status, const char *allowed_origin, const char *allowed_rate, const char *origin, int64_t now);

/* How long the next request must wait: 0: not at all, and it is counted as sent. */
int64_t handshake_wait(struct handshake *h, int64_t now);
