/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which municipality was responsible: found when a view is opened; what it says is in facts.h
 */

#include "engine/facts.h"

void view_residence(struct view *v);
