/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What comes behind facts that decide already
 *
 * Most norms ask for the earliest fact of a type, or for the first few. What is later than those changes nothing that they say, so the time that
 * an event takes does not grow with how often a case has its like.
 */

#include <stdbool.h>

#include "engine/case.h"
#include "engine/world.h"

#define COVER_FACTS_MAX 8  /* more facts than so many are not asked for before a new one */
#define COVER_LOOKS_MAX 16 /* facts of its type that are looked at, the first that came: a bound for what looking costs */

/*
 * Whether whatever looks at facts of the type of @fresh says the same with it and without it, because facts that came before stand before it for
 * everything that it could be taken for. Its case has had no correction (TRAIT_MEASURE alone), and facts of its type can be covered (bearing.cover).
 * Decodes into the engine's arena; when memory is out, the answer is no.
 */
bool fresh_is_covered(struct engine *engine, const struct casefile *casefile, const struct fresh *fresh) MUSTCHECK;
