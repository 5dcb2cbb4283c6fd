/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Playing a story in virtual time, and comparing what was told with what was expected
 */

#include "engine/story.h"

enum { STORY_E_FAILED = 1 };

/*
 * Plays a story and says into @mistakes, with its place, what was expected and not told (and what was told instead), and
 * what was told and not expected. Return: 0; STORY_E_FAILED; -ENOMEM.
 */
int story_play(const struct stories *stories, const struct story *story, const struct config *config, struct mistakes *mistakes) MUSTCHECK;
