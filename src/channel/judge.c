/* SPDX-License-Identifier: EUPL-1.2 */

/* What a receiver's status means: a table in words, decided in one function. */

#include "channel/judge.h"

#include <stdio.h>

#include "connect/backoff.h"

static bool judge_is_redirection(int status) {
        return status >= 300 && status < 400;
}

/* Of 3xx and 4xx: what says nothing about the record. */
static bool judge_is_about_us(int status) {
        static const int statuses[] = {401, 403, 404, 405, 407, 408, 409, 421, 425};

        if (judge_is_redirection(status))
                return true;
        for (size_t i = 0; i < ELEMENTS(statuses); i++) {
                if (statuses[i] == status)
                        return true;
        }
        return false;
}

static void judge_pause(const char *retry_after, instant_t now, struct attempt *ret) {
        int64_t ms;

        if (retry_after && retry_after_parse(text_of(retry_after), now, &ms))
                ret->pause_ms = ms;
}

void judge_status(int status, const char *retry_after, instant_t now, struct attempt *ret) {
        *ret = (struct attempt){.outcome = TRIED_AGAIN, .status = status, .pause_ms = -1};
        if (status >= 200 && status < 300) {
                ret->outcome = TRIED_DELIVERED;
                return;
        }
        if (status == 410) {
                ret->outcome = TRIED_GONE;
        } else if (status == 429) {
                ret->outcome = TRIED_LATER;
                judge_pause(retry_after, now, ret);
        } else if (status == 503) {
                judge_pause(retry_after, now, ret);
        } else if (status >= 400 && status < 500 && !judge_is_about_us(status)) {
                ret->outcome = TRIED_REFUSED;
        }
        (void) snprintf(ret->reason, sizeof(ret->reason), "the receiver answered with HTTP status %d%s", status,
                        judge_is_redirection(status) ? ", a redirection, which is never followed; write the address that it leads to into the file" : "");
}

void judge_answer(const struct http_answer *answer, instant_t now, struct attempt *ret) {
        if (answer->kind == HTTP_ANSWERED) {
                judge_status(answer->status, http_answer_header(answer, "Retry-After"), now, ret);
                return;
        }
        *ret = (struct attempt){.outcome = answer->kind == HTTP_NO_TOKEN ? TRIED_LATER : TRIED_AGAIN, .pause_ms = -1};
        (void) snprintf(ret->reason, sizeof(ret->reason), "%s: %s", answer->kind == HTTP_NO_TOKEN ? "no access token" : "no answer", answer->reason);
}
