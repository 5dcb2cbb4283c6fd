/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A ZGW notification, as the receiver of a subscription gets it
 *
 * {kanaal, hoofdObject, resource, resourceUrl, actie, aanmaakdatum, kenmerken}; other fields are met and passed over. It carries no id, so what it says
 * is what tells it from another.
 */

#include <jansson.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"

#define NOTIFICATION_BODY_MAX ((size_t)64 * 1024)
#define NOTIFICATION_PROBE "test" /* the kanaal of what a server of notifications sends when somebody subscribes */

struct notification {
        json_t *json;
        const char *kanaal, *resource, *actie, *hoofd_object, *resource_url; /* borrowed from it */
        instant_t created; /* aanmaakdatum */
};

/*
 * Reads one. @ret is the caller's to notification_done(). Return: true; false: it is none, with a sentence that names fields and no value.
 */
bool notification_read(struct text body, struct notification *ret, struct error *err) MUSTCHECK;
void notification_done(struct notification *n); /* zeros: nothing to be done */

/* The id of the event that it becomes: the same for every repetition, wherever it comes from. */
struct uuid notification_event_id(const struct notification *n, const char *organisation);

/* The last segment of a URL's path; empty when it has none. Borrowed. */
struct text notification_last(const char *url);
