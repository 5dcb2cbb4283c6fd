/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What an iJw 3.2 message is made of: level 1 of its checks
 *
 * The trees, types and enumerations of JW301, 305, 307, 315, 317, 319 and of their return messages, in our own words: what the published XSDs
 * say of them is said here by tables, so that a message is held to it also where nobody has laid the XSDs.
 */

#include "base/error.h"
#include "channel/ijw.h"
#include "channel/xml.h"

#define IJW_KINDS 6
#define IJW_NUMBER_MAX 999999999 /* of an allocation */

/* Why a message is refused: level 1 or 2, the name of the rule, and a sentence with line and element, never with a value. */
struct ijw_refusal {
        int level;
        const char *rule; /* CS002; XSD: the tree, or a type of the published XSDs */
        struct error why;
};

/* A kind of message; the return message to it has the next number and code. */
struct ijw_kind {
        int number;        /* 301 */
        int code;          /* of BerichtCode: 436 */
        bool municipality; /* sends it; else a provider or GI does */
        const char *body;  /* Client or Antwoord */
        const struct ijw_class *class;
};
extern const struct ijw_kind ijw_kinds[IJW_KINDS];

enum { IJW_E_REFUSED = 1 };

/*
 * Finds which message it is and looks whether it is one. Return: 0, and *ret_answer says
 * whether it is the return message to one of that kind; IJW_E_REFUSED with *ret_refusal.
 */
int tree_check(struct xml *x, const struct ijw_kind **ret, bool *ret_answer, struct ijw_refusal *ret_refusal) MUSTCHECK;

/* Fills @ret. Return: IJW_E_REFUSED. */
int ijw_refuse(struct ijw_refusal *ret, int level, const char *rule, const struct xml_element *e, const char *why);
