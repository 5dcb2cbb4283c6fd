/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * W3C trace context: only what is well formed is passed on
 */

#include <stdbool.h>

#include "base/text.h"

/* Whether this is a traceparent: version-trace-parent-flags in lower-case hex, ids not all zero, version not ff. */
bool trace_valid(struct text traceparent);
