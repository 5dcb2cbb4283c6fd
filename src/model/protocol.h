/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Protocols: the agreements, compiled
 *
 * One YAML file per protocol version. Immutable after loading.
 */

#include "model/norm.h"

struct partner { const struct organisation *organisation; day_t from, until; };

struct protocol {
        const char *name, *title, *source, *file;
        const struct region **regions; size_t n_regions; /* none: any */
        day_t from, until;               /* inclusive; until INT32_MAX when open */
        bool has_hold; struct term_step hold; /* acknowledgement_holds */
        bool has_partners;
        const struct partner *partners; size_t n_partners;
        const struct route *routes; size_t n_routes;
        const struct norm *norms; size_t n_norms;
        const char **assumed; size_t n_assumed; /* "valid", "protector-assigned.escalate" … */
};

struct protocols {
        const struct protocol **items; /* sorted by name */
        size_t n;
};
