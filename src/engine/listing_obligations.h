/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The listings that start from obligations: how each norm was kept, and what is due for whom
 */

#include "engine/listing_line.h"

extern const struct listing_spec listing_norms, listing_terms;
