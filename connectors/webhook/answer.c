/* SPDX-License-Identifier: EUPL-1.2 */

/* What a receiver's status means: a table in words, decided in one function. */

#include "connectors/webhook/answer.h"

#include <stdio.h>

#include "connect/backoff.h"

/* Of 3xx and 4xx: what says nothing about the record. */
static bool is_about_us(int status) {
        static const int statuses[] = {401, 403, 404, 405, 407, 408, 409, 421, 425};

        if (status >= 300 && status < 400)
                return true;
        for (size_t i = 0; i < ELEMENTS(statuses); i++) {
                if (statuses[i] == status)
                        return true;
        }
        return false;
}

static void pause_of(const char *retry_after, instant_t now, struct attempt *ret) {
        int64_t ms;

        if (retry_after && retry_after_parse(text_of(retry_after), now, &ms))
                ret->pause_ms = ms;
}

void webhook_judge(int status, const char *retry_after, instant_t now, struct attempt *ret) {
        *ret = (struct attempt){.outcome = TRIED_AGAIN, .status = status, .pause_ms = -1};
        if (status >= 200 && status < 300) {
                ret->outcome = TRIED_DELIVERED;
                return;
        }
        if (status == 410) {
                ret->outcome = TRIED_GONE;
        } else if (status == 429) {
                ret->outcome = TRIED_LATER;
                pause_of(retry_after, now, ret);
        } else if (status == 503) {
                pause_of(retry_after, now, ret);
        } else if (status >= 400 && status < 500 && !is_about_us(status)) {
                ret->outcome = TRIED_REFUSED;
        }
        (void) snprintf(ret->reason, sizeof(ret->reason), "the receiver answered with HTTP status %d", status);
}

void webhook_judge_failure(const char *reason, struct attempt *ret) {
        *ret = (struct attempt){.outcome = TRIED_AGAIN, .pause_ms = -1};
        (void) snprintf(ret->reason, sizeof(ret->reason), "no answer: %s", reason);
}
