/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a receiver's answer over HTTP means for a record
 *
 *   2xx                      delivered
 *   410                      the target wants nothing more: stop until an operator resumes
 *   429                      a pause for everything, as long as Retry-After says; no try is counted
 *   no access token          the same: nothing was asked of the receiver, and an operator can mend it
 *   408 409 425, 5xx, none   may go better: another try; Retry-After of a 503 is a pause for everything as well
 *   401 403 404 405 407 421, 3xx   the address or the token is wrong, not the record: another try, since an operator can mend it
 *   other 4xx                this record is not wanted: refused at once
 */

#include "channel/http.h"

/* @retry_after: the header's value, or NULL. Fills @ret. */
void judge_status(int status, const char *retry_after, instant_t now, struct attempt *ret);

/* The same of an answer, or of none. */
void judge_answer(const struct http_answer *answer, instant_t now, struct attempt *ret);
