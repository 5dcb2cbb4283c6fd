/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The OpenAPI 3.1 document of what is served, made from the schemas
 *
 * One path for each event type that may be published, in each form in which it is taken; its schema is that of connect/event_schema.h,
 * the problem responses those of problem.def. A new schema is in the document at the next start; so are the organisations and regions
 * that a field can name. And the two paths that are read: what became of an event, and the inbox, with the schemas of what stands there.
 * Schemas and operations are called as the event types are; those of ours have two hyphens in their names, as no event type has.
 */

#include "base/buffer.h"
#include "calendar/date.h"
#include "model/event_types.h"

#define OPENAPI_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct openapi_config {
        const struct event_types *types;
        const struct organisations *organisations; /* listed with their names, and the regions with their cases */
        const bool *callers;                       /* by organisation's index: who can post here, and so is the source of examples; NULL: anybody */
        day_t day;                                 /* on which what stands in the examples happened */
        const char *version;                       /* of the program */
        bool json_only;                            /* of every body that is posted plain JSON alone, for generators that fail on two media types */
};

/* Appends the document. */
void openapi_write(const struct openapi_config *config, struct buffer *out);
