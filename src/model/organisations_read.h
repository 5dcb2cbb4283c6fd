/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What organisations_read.c builds and organisations.c answers from (private to the two)
 */

#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"
#include "model/organisations.h"

struct organisations {
        struct arena *arena;                  /* rows, regions, texts */
        struct table by_id, by_region, by_case; /* struct organisation (first rows), struct region (twice) */
        VECTOR(struct organisation *) all;    /* first rows, by index */
        VECTOR(struct region *) regions;      /* by index */
        VECTOR(day_t) changes;
        const struct organisation *operators;
};
