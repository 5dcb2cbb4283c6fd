/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The OpenAPI 3.1 document of what is served, made from the schemas
 *
 * One path for each event type that may be published: types, formats, symbols, docs, what may be
 * null and what is required, from the schema; the problem responses from problem.def. A new schema is
 * in the document at the next start. And the two paths that are read: what became of an event, and the inbox.
 */

#include "base/buffer.h"
#include "model/event_types.h"

#define OPENAPI_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* Appends the document. @version: that of the program. */
void openapi_write(const struct event_types *types, const char *version, struct buffer *out);
