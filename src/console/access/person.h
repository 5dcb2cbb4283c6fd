/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Who asks, and what for: the roles of people. */

#include <stdbool.h>

#include "base/json.h"
#include "model/organisations.h"
#include "web/server.h"

#define PERSON_NAME_MAX 64 /* bytes */

enum person_role {
        ROLE_META = 1,      /* figures and technical data, no case */
        ROLE_ZAAK = 2,      /* cases, personal fields masked */
        ROLE_GEGEVENS = 4,  /* personal fields too, each sight in the audit */
        ROLE_BEHEER = 8,    /* acts */
};
#define PERSON_ROLES 4

/* "meta", "zaak", "gegevens", "beheer". */
extern const char *const person_role_names[PERSON_ROLES];

struct person {
        char name[PERSON_NAME_MAX + 1];
        unsigned roles;                          /* of enum person_role */
        const struct organisation *organisation; /* of which they see the part of the chain; NULL: all of it */
        char address[WEB_ADDRESS_TEXT];          /* from which they came */
};

/* The role of this name; 0: there is none, and the nearest was tried with @nearest (may be NULL). */
unsigned person_role_read(struct text name, struct nearest *nearest);

/* "meta zaak", as it stands in audit. Room for all. */
#define PERSON_ROLES_TEXT 40
const char *person_roles_text(unsigned roles, char ret[PERSON_ROLES_TEXT]);

/* Whether somebody may be called so: 1 to PERSON_NAME_MAX bytes of UTF-8, without control characters, and no space at either end. */
bool person_name_valid(struct text name);
