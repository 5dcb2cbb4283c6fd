/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Announcements, reminders and alerts: what should be told now, less what was told already
 *
 * Both come after view_obligations(). What memory lacks for sets failed.
 */

#include "engine/obligation.h"
#include "engine/roles.h"

/* Whom roles mean in what is told of an obligation now. */
static inline struct role_scope obligation_scope(const struct view *v, const struct obligation *o) {
        return (struct role_scope){.start = o->start, .each = o->each, .for_each = o->norm->each, .date = v->today, .present = true};
}

/* Due dates that are new or others than before, and reminders whose midnight has come. */
void view_tell_plans(struct view *v);

/* Alerts that are over, then those that are to be raised; one that stays is not told again. */
void view_tell_alerts(struct view *v);

/*
 * Until when an acknowledgement of this alert of the case, of whoever may give one, holds back the rungs above it, as of now; 0: none does. What is
 * acknowledged stays open. Looks only.
 */
instant_t view_acknowledged_until(struct view *v, const struct alert *alert);
