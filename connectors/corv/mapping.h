/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * From a notification to court-decided, but for whose case it is
 *
 * Only the end of a case says what the court decided: "Zaak afgerond" with "Maatregel opgelegd" or "Geen maatregel opgelegd". One event for each decision;
 * without one that names none, as when no measure came, a single event of the day on which the status was set. What kind of measure it is and which GI
 * carries it out stand there as free words: they are taken by the patterns of the connector's file, as whole words and in any case of letters, the first in
 * the order of the file; what fits none is UNKNOWN, or null, and never guessed.
 *
 * Ids and instants come from the message, so that it says the same however often it comes.
 */

#include "base/json.h"
#include "connect/connector.h"
#include "connectors/corv/notice.h"

struct corv_words {
        const struct option_pairs *kinds;        /* pattern: kind of measure */
        const struct option_pairs *institutions; /* pattern: organisation */
};

struct corv_event {
        struct uuid event_id, decision_id;
        day_t date, ends;  /* DAY_NONE */
        bool imposed;
        const char *kind;  /* "UNKNOWN": no pattern fits */
        const char *gi;    /* NULL: no pattern fits */
        instant_t occurred_at, recorded_at;
};

/* Whether a word is a kind of measure of court-decided. */
bool corv_kind_is_known(const char *kind);

/* How many events it is; 0: it says nothing of a decision. At most NOTICE_DECISIONS_MAX. */
size_t corv_events(const struct notice *n);

/* The @i-th. */
void corv_event(const struct notice *n, const struct corv_words *words, size_t i, struct corv_event *ret);

/* Writes it as the JSON object of `replay`, for @case_id. @source, @municipality: organisations. */
void corv_event_write(const struct corv_event *e, const char *case_id, const char *source, const char *municipality, struct json_writer *w);
