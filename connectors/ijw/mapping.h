/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * From parcels to events, by what is known of whose they are
 *
 * What is known are rows of channel/case_keys.h. Kinds of this connector:
 *   ref    (AGB, ReferentieAanbieder), or of any AGB     "case referral measure product", - for what is not known
 *   alloc  (municipality, ToewijzingNummer)              the same
 *   bsn    a child                                       "case"
 *   case   a case                                        the measures that run or ran in it (channel/case_life.h)
 *   pair   a start or stop, or an allocation             what was said of it, and what took that back
 *   made   an allocation, by its event_id                "case message;…": the messages that say it
 *   gone   the same, once it was taken back              "case message": the one that was refused
 *   msg    a message                                     its digest, and what was made of it
 *
 * Neither time nor order of arrival means anything: whatever comes first, the same events come out, because what belongs together finds one another in
 * these rows, and what does not yet know its case waits. The one exception stands in connectors/README.md.
 */

#include "connectors/ijw/parcel.h"

struct ijw_mapping {
        struct case_keys *keys;
        struct ijw_parties parties;
        const char *form;         /* of a referral: no message says it */
        int64_t wait_for;         /* ms; then nobody knows */
        int64_t allocation_within; /* ms; until then a better answer than the BSN's is waited for */
};

enum ijw_outcome {
        OUTCOME_DONE,    /* the events are all that it says; there may be none */
        OUTCOME_WAITS,   /* nobody knows yet */
        OUTCOME_NOBODY,  /* nobody knew in time, or it can never be: .code and .error */
        OUTCOME_MEASURE, /* the allocation is of the GI's own product: no help */
};

struct ijw_result {
        enum ijw_outcome outcome;
        json_t *events;    /* array of events as the JSON of replay, each with "event"; the caller's */
        const char *code, *error;
};

/*
 * @since: when it came first. Remembers what follows from it, and what others need; the same again changes nothing. Return: 0 or negative errno with a
 * sentence.
 */
int ijw_resolve(const struct ijw_mapping *m, const json_t *parcel, instant_t since, instant_t now, struct ijw_result *ret, struct error *err) MUSTCHECK;

/* A message that is to be remembered by its digest, for IJW_MESSAGE_OTHER. */
enum ijw_seen { IJW_MESSAGE_NEW, IJW_MESSAGE_AGAIN, IJW_MESSAGE_OTHER };
enum ijw_seen ijw_seen(const struct ijw_mapping *m, const struct ijw_parcels *parcels);
int ijw_remember(const struct ijw_mapping *m, const struct ijw_parcels *parcels, struct error *err) MUSTCHECK;

/* Of a parcel that came to nothing: a message of which nothing was made is remembered no longer. Return: 0 or negative errno. */
int ijw_forget(const struct ijw_mapping *m, const json_t *parcel, struct error *err) MUSTCHECK;

/* What others have said: a link by a referral or request. Return: 0 or negative errno. */
struct ijw_link {
        char case_id[UUID_TEXT + 1], referral[UUID_TEXT + 1], measure[UUID_TEXT + 1]; /* "": not known */
        char product[IJW_TEXT_MAX + 1];
};
int ijw_learn_link(const struct ijw_mapping *m, const char *agb, const char *reference, const struct ijw_link *link, struct error *err) MUSTCHECK;
