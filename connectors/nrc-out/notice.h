/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A record of an inbox as a ZGW notification, and what a server of notifications says of one
 *
 * Poor in information, as the standard wants it: kanaal, hoofdObject <base>/cases/<case_id>, resource (the name of the event), resourceUrl
 * <base>/<event>/<event_id>, which is by what a repetition is known, actie create, aanmaakdatum and kenmerken, all texts, without personal data:
 * organisation, case, occurred_at, by which a receiver can sort, and norm, protocol and rung where the event has them.
 */

#include "base/json.h"
#include "connect/connector.h"

#define NOTICE_ACTION "create"
#define NOTICE_SOURCE_MAX 100 /* characters of "source" that receivers take; a longer one is left out */

/* The names of the kenmerken; NULL behind the last. */
extern const char *const notice_marks[];

struct notice {
        const char *kanaal;
        struct text base;      /* without a slash at its end */
        const char *organisation;
        const struct cloudevent *ce;
        instant_t created;     /* aanmaakdatum */
};

/* The aanmaakdatum of a record, when nothing speaks against it: recorded_at, and never later than @now. */
instant_t notice_created(const struct event *event, instant_t now);

/* Appends its JSON. */
void notice_write(const struct notice *n, struct buffer *out);

/* -- What is said of one with 400 -- */

enum notice_refusal {
        NOTICE_REFUSED, /* this one can never be taken */
        NOTICE_CHANNEL, /* the channel is not there, or with other filters: an operator mends that */
        NOTICE_FUTURE,  /* its aanmaakdatum lies in the future of the server's clock */
};

#define NOTICE_CODES_MAX 80

/*
 * Reads problem details of an NRC: code, and those of invalidParams. @ret_codes: the codes, as far as they are words, with blanks between; "" when there are
 * none. It may be no JSON at all.
 */
enum notice_refusal notice_judge(struct text body, char ret_codes[NOTICE_CODES_MAX]);
