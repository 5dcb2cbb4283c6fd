/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The pages, one file each. Each takes an exchange that its route allows, and answers it. */

#include "console/exchange.h"

/* Each: the page that its name says, of the path that is said here or in routes.c. */
void page_organisations(struct exchange *x);
void page_organisation(struct exchange *x);
