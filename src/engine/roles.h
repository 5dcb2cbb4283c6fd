/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Whom a role means, in a case, on a date
 */

#include "engine/facts.h"

#define ADDRESSEES_MAX 128
struct addressee {
        const struct organisation *organisation;
        const struct role *role;
        bool fallback; /* the role means nobody: operators hear of it */
};
struct addressees {
        struct addressee items[ADDRESSEES_MAX];
        size_t n;
};
struct role_scope {
        const struct fact *start;       /* the starting or routed fact, or NULL */
        const struct organisation *each; /* for_each: first row, or NULL */
        enum each for_each;             /* what that is: under municipality and gi it is the municipality or the GI for every role */
        day_t date;                     /* on which roles resolve */
        bool present;                   /* that is today */
        bool waits;                     /* in routes: roles bound to a municipality wait for one */
};

/* Everyone whom the roles mean, each organisation once, in order; those beyond ADDRESSEES_MAX are left out. */
void view_addressees(struct view *v, const struct roles *roles, const struct role_scope *scope, struct addressees *ret);
