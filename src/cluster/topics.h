/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Which topics there have to be, and what a cluster lacks of them
 *
 * The wanted set follows from the configuration alone; the plan is the difference with what stands
 * on the cluster. A plan never deletes a topic and never changes a number of partitions: the
 * partition of a case depends on it for ever, so that is refused with a sentence.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "bus/admin.h"
#include "cluster/broker_config.h"

/* Names without prefix. */
#define TOPIC_PLAN_DUE "plan-due"
#define TOPIC_ESCALATION_RAISED "escalation-raised"
#define TOPIC_ESCALATION_RESOLVED "escalation-resolved"
#define TOPIC_CASE_STATE "case-state"
#define TOPIC_DEAD_LETTERS "dead-letters"
#define TOPIC_DELIVERIES "deliveries"
#define TOPIC_INBOX_PREFIX "inbox."   /* then the organisation's id */
#define TOPIC_OUTBOX_PREFIX "outbox."

#define TOPICS_GROUP_RULES "ketenwacht-rules" /* the group of all workers, without prefix */
#define TOPICS_GROUP_CONNECT "ketenwacht-connect-" /* then the connector's name */

#define TOPICS_MAX 20000
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

enum topics_step_kind {
        TOPICS_MAKE,       /* the topic is not there */
        TOPICS_SET,        /* settings differ: before and after */
        TOPICS_REFUSE,     /* another number of partitions, or fewer replicas: nothing that we may change */
        TOPICS_GRANT,      /* a right is not there */
};

struct topics_step {
        enum topics_step_kind kind;
        const struct topic_wanted *topic; /* all but GRANT */
        const struct admin_acl *acl;      /* GRANT */
        struct admin_setting settings[TOPIC_SETTINGS_MAX]; /* SET: those that differ */
        const char *before[TOPIC_SETTINGS_MAX];            /* SET: what stands there; NULL: unknown */
        size_t settings_n;
        int32_t partitions;               /* REFUSE: what stands there */
        int16_t replication;
};

struct topics_plan {
        const struct topics_step *steps;
        size_t n, refused;
};

/* What stands on a cluster; settings and acls as admin_ functions list them. Topics sorted by name. */
struct topics_found {
        const struct admin_topic *topics;
        size_t n;
        const struct admin_acl *acls;
        size_t acls_n;
};

/*
 * The difference. A topic that is not by case may have more partitions than wanted: records of a case stay in order, by their
 * key. Pure; memory in @arena. Return: 0 or -ENOMEM.
 */
int topics_plan(const struct topics *wanted, const struct topics_found *found, struct arena *arena, struct topics_plan *ret) MUSTCHECK;

/* One step as a sentence for a person, without a line end. */
void topics_step_print(const struct topics_step *step, struct buffer *out);

/* Looks at the cluster and plans. Return: 0; ADMIN_E_UNSUPPORTED: the embedded broker, which needs no plan; ADMIN_E_FORBIDDEN; negative errno. */
int topics_look(struct admin *admin, const struct topics *wanted, struct arena *arena, struct topics_plan *ret, struct error *err) MUSTCHECK;

/* Does one step. Return: 0; ADMIN_E_; -EINVAL for a refused one; negative errno. */
int topics_apply(struct admin *admin, const struct topics_step *step, struct error *err) MUSTCHECK;
