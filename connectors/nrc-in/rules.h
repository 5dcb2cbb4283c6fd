/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Rules: which notification becomes which event, and where its fields come from
 *
 * A rule has kanaal, resource and one or more values of actie, and perhaps kenmerken that must be equal; the first of the file that fits counts. Each field
 * of the event comes from a source:
 *
 *   resource.PATH     of what stands at resourceUrl; "resource." may be left out
 *   hoofdObject.PATH  of what stands at hoofdObject
 *   notification.PATH of the notification itself
 *   =TEXT             always this
 *
 * PATH is names with dots between, a number for an item of a list; behind it "| last" is the last segment of a URL and "| date" the local date of an
 * instant. What is not there, or null, is left out. event_id and source are never taken from there; without a rule of their own occurred_at and recorded_at
 * are the aanmaakdatum, and case_id is the last segment of hoofdObject.
 */

#include <jansson.h>

#include "connect/connector.h"
#include "connectors/nrc-in/notification.h"

struct rule { /* a row of the option "events" */
        const char *kanaal, *resource, *event;
        struct option_list actie; /* one of these */
        struct option_pairs kenmerken, fields;
};

enum rule_source { RULE_RESOURCE, RULE_MAIN, RULE_NOTIFICATION, RULE_SOURCES };
#define RULE_FETCHED RULE_NOTIFICATION /* those before it are fetched */

/* Whether all rules can be meant. Return: 0, or -EINVAL with the first that cannot. */
int rules_check(const struct option_table *rules, const struct event_types *types, const struct organisation *source, struct error *err) MUSTCHECK;

/* The rule for a notification; NULL: there is none. */
const struct rule *rules_find(const struct option_table *rules, const struct notification *n);

/* Whether a rule takes fields from this source. */
bool rule_needs(const struct rule *rule, enum rule_source source);

/* Whether any of them fetches anything. */
bool rules_fetch(const struct option_table *rules);

/*
 * The event as plain JSON, as far as the sources say it: @sources by enum rule_source, NULL where none was fetched. The caller owns it; NULL: no memory.
 */
json_t *rule_event(const struct rule *rule, const struct event_type *type, const struct notification *n, const char *organisation,
                   json_t *const sources[RULE_SOURCES]);
