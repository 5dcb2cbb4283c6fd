/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Advice: what a protocol may say and what can hardly be meant
 *
 * Everything here is allowed and does what it says: a partner list without a municipality of the region, `gi` in a region's norm, a reminder
 * that comes before its term begins, legal rolling of an agreement, rungs out of order, days on a term in hours. Decides nothing.
 */

#include "base/mistakes.h"
#include "model/config.h"

/* Tells each to @warnings, with its file and norm, and what will happen. */
void protocols_advise(const struct config *config, struct mistakes *warnings);
