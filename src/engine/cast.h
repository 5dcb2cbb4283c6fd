/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Who must play so that one case stands as it stands when all of them do
 *
 * Of other cases a case knows nothing but the clock that they move (engine/replay.h), and it looks at the clock only when a fact of its own comes,
 * and at the end. So of all that came before such a moment only the event that was recorded last matters, if it is accepted: its case plays too,
 * and says whether it is. When it was refused, or repeats what was known, nobody knows who moved the clock: then all must play
 * (cast_held). Lines are gone through twice, first to find the cast. Only there for speed: explaining a case of a year of the country takes
 * a twentieth of the time and a seventh of the memory (tests/cli/explain_alone.py: the same to the byte).
 */

#include "base/clock.h"
#include "base/uuid.h"
#include "model/lines.h"

struct cast;

/* Return: 0 or -ENOMEM. */
int cast_new(const struct uuid *case_id, struct cast **ret) MUSTCHECK;
struct cast *cast_free(struct cast *cast); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct cast *, cast_free);

/* The first time: each line in its order, those that are refused too, and the end. Return: 0 or -ENOMEM. */
int cast_line(struct cast *cast, const struct line *line) MUSTCHECK;
int cast_end(struct cast *cast) MUSTCHECK;

/* Whether the events of a case are played. */
bool cast_plays(const struct cast *cast, const struct uuid *case_id);

/* The second time: before each event that is played, and at the end. @now: the clock of the replay; INSTANT_NEVER: it did not start. */
void cast_enter(struct cast *cast, const struct uuid *case_id, instant_t now);
void cast_leave(struct cast *cast, instant_t now);

/* After the second time: whether the clock stood at each moment where it stands when all play. */
bool cast_held(const struct cast *cast);
