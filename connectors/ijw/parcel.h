/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What an iJw message says, without who it is about
 *
 * A message becomes parcels, one for each thing that it says and that can matter: JSON objects of hashes, ids of organisations, dates and codes, with
 * nothing of a person in them. So they may wait in `connector-keys` until somebody knows their case, and the message itself is let go of.
 */

#include <jansson.h>

#include "channel/case_keys.h"
#include "connectors/ijw/message.h"
#include "model/organisations.h"

#define IJW_TEXT_MAX 64 /* of our strings */

/* What the connector's file says of others. */
struct ijw_parties {
        const struct organisations *organisations;
        const struct option_pairs *agb;            /* AGB code: organisation */
        const struct option_list *measure_categories;
};

enum ijw_said {
        SAID_PARCELS,  /* in *ret */
        SAID_RECEIPT,  /* a return message without a fault */
        SAID_MEASURE,  /* nothing but the GI's own products: no help */
        SAID_MOVED,    /* nothing but allocations that end because the child or the municipality moved */
        SAID_NOTHING,  /* nothing that becomes an event: a GI's request whose referrer is another */
};

struct ijw_parcels {
        enum ijw_said said;
        json_t *items;                 /* array of objects; the caller's */
        char message[CASE_KEYS_HASH + 1]; /* what the message is known by: of a return message, what is answered */
        char digest[CASE_KEYS_HASH + 1];  /* of all that matters in it */
};

enum { PARCEL_E_ORGANISATION = 1 };

/* Return: 0; PARCEL_E_ORGANISATION with a sentence: a code is of no organisation that is configured; -ENOMEM. */
int ijw_parcels_make(const struct ijw_message *m, const struct ijw_parties *parties, const struct case_keys *keys, struct ijw_parcels *ret,
                     struct error *err) MUSTCHECK;

/* The namespace of what this connector names: UUIDv5 of "ijw" in ketenwacht's own. */
struct uuid ijw_namespace(void);

/*
 * A text of others in our alphabet: as it stands when it can; else x: and the hex of its bytes; else, when that is too long for us, h: and the first 32
 * hex digits of its SHA-256.
 */
void ijw_encode(struct text t, char ret[IJW_TEXT_MAX + 1]);

/* A text of a parcel; NULL: it has none. */
const char *parcel_text(const json_t *parcel, const char *name);

/* Whether this category is of the GI's own products. */
bool ijw_is_measure(const struct ijw_parties *parties, const char *category, size_t n);
