/* SPDX-License-Identifier: EUPL-1.2 */

/* The roles of people, by name and in one text. */

#include "console/access/person.h"

#include <stdio.h>

#include "base/utf8.h"

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
        int n = 0;

        ret[0] = '\0';
        for (unsigned i = 0; i < PERSON_ROLES; i++) {
                if (roles & 1u << i)
                        n += snprintf(ret + n, PERSON_ROLES_TEXT - (size_t)n, "%s%s", n ? " " : "", person_role_names[i]);
        }
        return ret;
}

bool person_name_valid(struct text name) {
        if (name.n == 0 || name.n > PERSON_NAME_MAX || !utf8_valid(name.s, name.n) || name.s[0] == ' ' || name.s[name.n - 1] == ' ')
                return false;
        for (size_t i = 0; i < name.n; i++) {
                if ((unsigned char)name.s[i] < ' ' || name.s[i] == 0x7f)
                        return false;
        }
        return true;
}
