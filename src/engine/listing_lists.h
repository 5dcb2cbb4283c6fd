/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The listings that start from facts: help that stalls, children who wait or are not protected, handovers, late verdicts
 */

#include "engine/listing_line.h"

extern const struct listing_spec listing_obstructions, listing_waiting, listing_unprotected, listing_handover, listing_late_verdicts;
