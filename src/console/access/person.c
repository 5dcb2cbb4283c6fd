/* SPDX-License-Identifier: EUPL-1.2 */

/* The names of roles. */

#include "console/access/person.h"

#include <stdio.h>

#include "base/cleanup.h"

const char *const person_role_names[PERSON_ROLES] = {"meta", "zaak", "gegevens", "beheer"};

unsigned person_role_read(struct text name, struct nearest *nearest) {
        for (unsigned i = 0; i < PERSON_ROLES; i++) {
                if (text_is(name, person_role_names[i]))
                        return 1u << i;
                if (nearest)
                        nearest_try(nearest, person_role_names[i]);
        }
        return 0;
}

const char *person_roles_text(unsigned roles, char ret[PERSON_ROLES_TEXT]) {
        size_t n = 0;

        ret[0] = '\0';
        for (unsigned i = 0; i < PERSON_ROLES; i++) {
                if (roles & 1u << i)
                        n += (size_t)snprintf(ret + n, PERSON_ROLES_TEXT - n, "%s%s", n ? " " : "", person_role_names[i]);
        }
        return ret;
}
