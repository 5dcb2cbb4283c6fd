/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What both forms of an explanation share
 *
 * Internal to the engine.
 */

#include "engine/obligation.h"

struct explanation {
        struct view view;
        const char *norm; /* only this one, or NULL */
};

struct upcoming { /* what comes next if nothing happens */
        instant_t at;
        unsigned rung; /* 0: a reminder */
        const struct roles *roles;
};

int explanation_open(struct explanation *x, struct engine *engine, struct store *store, struct casefile *file, instant_t now, const char *norm) MUSTCHECK;
bool explanation_wants(const struct explanation *x, const struct obligation *o);
/* How its date came about; false when there is nothing to compute. */
bool explanation_trace(struct explanation *x, const struct obligation *o, struct trace *ret);
const struct announcement *explanation_announcement(const struct explanation *x, const struct obligation *o);
/* The date that decided which version of the agreement holds. DAY_NONE: none, as long as the due date is not known. */
day_t explanation_holding(const struct obligation *o);
bool explanation_next(struct explanation *x, const struct obligation *o, struct upcoming *ret);
