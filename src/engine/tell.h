/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What is to be told: what should be told now, less what was told already
 */

#include "engine/obligation.h"
#include "engine/roles.h"

/* Copies of facts: by routes, and of corrections to whoever got what they correct. */
void view_tell_copies(struct view *v);

/* Announcements and reminders; alerts raised and resolved: after view_obligations(). */
void view_tell_plans(struct view *v);
void view_tell_alerts(struct view *v);

/* --- one Dutch sentence for a person, in the arena: what, by when, and why it comes to this organisation; no personal data --- */

const char *sentence_plan(struct view *v, const struct obligation *o, enum effect_stage stage, const struct addressee *to);
const char *sentence_raised(struct view *v, const struct obligation *o, unsigned rung, const struct addressee *to);
/* @o: the obligation that the alert was about, or NULL: it is not there any more. @norm: its name. */
const char *sentence_resolved(struct view *v, const char *norm, enum resolution reason, const struct obligation *o);
