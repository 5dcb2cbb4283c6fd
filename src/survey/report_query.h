/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What is asked of a report, as people write it: by options of a command, or in the address of a page
 *
 * Both have the same names ("started-from"), and the same sentences when something is wrong.
 */

#include "base/language.h"
#include "engine/listing.h"

#define REPORT_TERMS_DAYS 28 /* terms without until: so many days ahead */

struct report_asked { /* texts as they were written; NULL: not said. Borrowed by the query */
        const char *at, *started_from, *started_until, *region, *gi, *municipality, *organisation, *norm, *by, *from, *until;
};

/* How to speak of it. */
struct report_voice {
        enum language language;
        const char *prefix; /* before a name: "--" of an option, "" */
};

/* What people read above a list, and by what its totals are made below it. */
struct report_title {
        const char *en, *nl;
        const char *by[2]; /* NULL: no more */
};
extern const struct report_title report_titles[LISTING_KINDS];

/* The report of this name; NULL is none. Return: 0; -EINVAL with a sentence. */
int report_kind_read(const char *name, enum listing_kind *ret, struct error *err) MUSTCHECK;

/*
 * The parts that need no configuration, into a query that has its kind and else is empty; what means nothing to that report is refused, not passed over.
 * ret->at: INSTANT_NEVER when it was not said; report_query_seen() says it then. Return: 0; -EINVAL with a sentence.
 */
int report_query_plain(const struct report_asked *asked, const struct report_voice *voice, struct listing_query *ret, struct error *err) MUSTCHECK;

/* The others: names of what is configured. Return: 0; -EINVAL with a sentence. */
int report_query_configured(const struct report_asked *asked, const struct config *config, const struct report_voice *voice, struct listing_query *ret,
                            struct error *err) MUSTCHECK;

/* From which instant it is seen; terms without until look ahead from there. */
void report_query_seen(struct listing_query *query, const struct report_asked *asked, instant_t at);
