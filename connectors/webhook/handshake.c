/* SPDX-License-Identifier: EUPL-1.2 */

/* What a receiver's headers allow, and the pace that they ask for: one request after another, evenly. */

#include "connectors/webhook/handshake.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define MINUTE_MS 60000

/* A rate that cannot be read is none, as when there is none. */
static int64_t handshake_every(const char *rate) {
        int64_t n;

        if (!rate || !text_to_int64(text_of(rate), &n) || n <= 0 || n > HANDSHAKE_RATE_MAX)
                return 0;
        return (MINUTE_MS + n - 1) / n;
}

void handshake_read(struct handshake *h, int status, const char *allowed_origin, const char *allowed_rate, const char *origin, int64_t now) {
        const bool named = allowed_origin && (strcmp(allowed_origin, "*") == 0 || strcasecmp(allowed_origin, origin) == 0);

        h->allowed = named && status >= 200 && status < 300;
        h->every_ms = h->allowed ? handshake_every(allowed_rate) : 0;
        h->until = now + HANDSHAKE_MS;
}

int64_t handshake_wait(struct handshake *h, int64_t now) {
        if (h->every_ms == 0)
                return 0;
        if (now < h->next)
                return h->next - now;
        h->next = now + h->every_ms;
        return 0;
}
