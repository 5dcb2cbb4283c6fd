/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* What a step of a trail says, for a person and for a program: the same words for the command line and for pages. */

#include "base/language.h"
#include "survey/trail.h"

/* One sentence without its instant and its place: "ingekomen: … van …: aanvaard", "came in: … of …: accepted". */
void trail_say_step(const struct trail_step *step, const struct organisations *organisations, enum language language, struct buffer *out);

/* Its place: "inbox.gm0014/0/7". */
void trail_say_place(const struct trail_step *step, struct buffer *out);

/* An object: "step", "at", "event", … */
void trail_put_step(const struct trail_step *step, struct json_writer *w);
