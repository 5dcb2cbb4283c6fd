/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which roles an organisation has, and where each comes from
 *
 * By a row of an organisation or by a region in organisations.yaml, or because a protocol names it itself; and which protocols look for that role. Roles
 * that follow from a case (gi, municipality) stand nowhere, and are not told. Of the configuration alone.
 */

#include "model/config.h"

#define ORGANISATION_ROLE_PROTOCOLS 300 /* bytes of the names of protocols; what does not fit is left out */

struct organisation_role {
        const char *role;                /* its word; of a protocol that names the organisation: its id */
        const struct organisation *row;  /* the row that gives it; or */
        const struct region *region;     /* the region; neither: a protocol */
        char protocols[ORGANISATION_ROLE_PROTOCOLS]; /* that look for it, with commas between them */
};

/* Gives each to @see: by rows, by regions, by protocols, in the order of the files. @of: first row. */
void organisation_roles_each(const struct config *config, const struct organisation *of, void (*see)(void *ctx, const struct organisation_role *role),
                             void *ctx);
