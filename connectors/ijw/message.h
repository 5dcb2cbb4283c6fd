/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An iJw message, read and checked
 *
 * Levels 1 and 2 of the chain's own checks: the tree and its types (connectors/ijw/tree.h), and the rules inside one message. What passes is as much as
 * becomes an event or a key, and nothing else: no name, no birth date, no address. The BSN is in memory as long as the message is.
 */

#include "base/arena.h"
#include "base/clock.h"
#include "calendar/date.h"
#include "connectors/ijw/tree.h"

#define IJW_CODES_MAX 20     /* of a return message that are told; the rest is counted */
#define IJW_PRODUCTS_MAX 5000 /* of one message; the chain's own bound is its bytes */

/* One product of a message, or its request (317), or its answer (319). Texts are empty and dates DAY_NONE where the message has none. */
struct ijw_product {
        struct text reference;  /* ReferentieAanbieder, byte for byte */
        int64_t number;         /* ToewijzingNummer; -1: none */
        struct text category, code;
        struct text referrer;   /* Type of Verwijzer */
        struct text reason;     /* RedenWijziging, RedenBeeindiging, RedenAfwijzingVerzoek */
        struct text municipality; /* of Woonplaatsbeginsel */
        char status;            /* StatusAanlevering, VerzoekAntwoord; '\0': none */
        day_t begins, ends;     /* of the allocation, of the help */
        instant_t decided;      /* Toewijzingsdatum and Toewijzingstijd; INSTANT_NEVER: none */
        day_t decided_on;       /* Toewijzingsdatum */
};

struct ijw_message {
        struct xml *xml; /* holds the texts */
        struct arena *arena;
        const struct ijw_kind *kind;
        bool answer;             /* the return message to one of that kind: sender, receiver and identification are of what is answered */
        struct text sender, receiver, identification;
        day_t dated;             /* Dagtekening */
        day_t answered;          /* DagtekeningRetour, of a return message */
        char bsn[10];            /* "" when it has none: 319, return messages */
        const struct ijw_product *products;
        size_t n;
        const int64_t *numbers;  /* 317: every ToewijzingNummer that it names */
        size_t numbers_n;
        char codes[IJW_CODES_MAX][5]; /* of a return message: those that are a fault, each once */
        size_t codes_n;
};

/*
 * Reads @bytes, which may be of a stranger. @today: no message is dated later. @schema: of the published XSDs, where somebody has laid them; NULL. Return:
 * 0; IJW_E_REFUSED with *ret_refusal, and *ret then holds the header when that could be read, else NULL; -EIO: the XSD is of no use; -ENOMEM.
 */
struct ijw_schemas;
int ijw_message_read(const char *bytes, size_t n, day_t today, const struct ijw_schemas *schemas, struct ijw_message **ret, struct ijw_refusal *ret_refusal,
                     struct error *err) MUSTCHECK;

/* Wipes what was of a person. NULL ok; returns NULL. */
struct ijw_message *ijw_message_free(struct ijw_message *m);
DEFINE_CLEANUP(struct ijw_message *, ijw_message_free);

/* The number people call it by: 315, or 316 of its return message; its code: 446. */
int ijw_message_number(const struct ijw_message *m);
int ijw_message_code(const struct ijw_message *m);

/* The published XSDs in a folder: JW301.xsd … JW320.xsd beside basisschema.xsd. Return: 0; -EINVAL with a sentence: one cannot be built; -ENOMEM. */
int ijw_schemas_open(const char *folder, struct ijw_schemas **ret, struct error *err) MUSTCHECK;
struct ijw_schemas *ijw_schemas_free(struct ijw_schemas *s); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct ijw_schemas *, ijw_schemas_free);
