/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which topics and rights there have to be
 *
 * The set follows from the configuration alone: a topic for each event type, an inbox and an outbox
 * for each organisation, and those that every installation has. What a cluster lacks of it: topics_plan.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "bus/admin.h"
#include "cluster/broker_config.h"
#include "model/config.h"

/* Names without prefix. */
#define TOPIC_PLAN_DUE "plan-due"
#define TOPIC_ESCALATION_RAISED "escalation-raised"
#define TOPIC_ESCALATION_RESOLVED "escalation-resolved"
#define TOPIC_CASE_STATE "case-state"
#define TOPIC_DEAD_LETTERS "dead-letters"
#define TOPIC_DELIVERIES "deliveries"
#define TOPIC_REDELIVERIES "redeliveries" /* dead letters of connectors that are to be delivered again, each to its connector alone */
#define TOPIC_CONNECTOR_ORDERS "connector-orders" /* which connectors operators have paused: the latest order of each */
#define TOPIC_CONNECTOR_KEYS "connector-keys" /* what connectors remember: the latest row of each key (connect/kept.h) */
#define TOPIC_AUDIT "audit"               /* who did what, and why */
#define TOPIC_INBOX_PREFIX "inbox."   /* then the organisation's id */
#define TOPIC_OUTBOX_PREFIX "outbox."

#define TOPICS_GROUP_RULES "ketenwacht-rules" /* the group of all workers, without prefix */
#define TOPICS_GROUP_CONNECT "ketenwacht-connect-" /* then the connector's name */
#define TOPICS_GROUP_PAGES "ketenwacht-pages-"     /* then the id of an organisation that reads its inbox over HTTP: nobody joins it */

#define TOPICS_IDS "ketenwacht-" /* so begin all transactional ids, without prefix */

#define TOPICS_MAX 20000
#define TOPICS_BYTES_MAX ((size_t)64 * 1024 * 1024) /* enough of an arena for the most of them */
#define TOPIC_SETTINGS_MAX 8

struct topic_wanted {
        const char *name;  /* without prefix */
        const char *topic; /* with it */
        int32_t partitions;
        int16_t replication;
        bool by_case;      /* the partition of a case is the same in all of these: their number is one, and never changes */
        struct admin_setting settings[TOPIC_SETTINGS_MAX];
        size_t settings_n;
};

struct topics {
        const struct topic_wanted *items; /* sorted by name */
        size_t n;
        bool adopt; /* the configuration does not say how many partitions: what topics by case have already holds for all of them */
        const struct admin_acl *acls; /* empty when the configuration says nothing of rights */
        size_t acls_n;
};

/*
 * What there has to be for these event types and organisations (ids; operators among them: every
 * one has an inbox and an outbox). All memory in @arena. Return: 0; -EINVAL with a sentence: a name
 * that Kafka does not take, or two topics of one name; -ENOMEM.
 */
int topics_wanted(const struct broker_config *config, const char *const *events, size_t events_n, const char *const *organisations,
                  size_t organisations_n, struct arena *arena, struct topics *ret, struct error *err) MUSTCHECK;

/* The same for the event types and organisations of a configuration, whose names are borrowed. Return: as topics_wanted(). */
int topics_of_config(const struct config *config, const struct broker_config *broker, struct arena *arena, struct topics *ret, struct error *err) MUSTCHECK;
