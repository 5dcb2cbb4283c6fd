/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a cluster lacks of the topics and rights that there have to be, and doing it
 *
 * A plan never deletes a topic and never changes a number of partitions: the partition of a case
 * depends on it for ever, so that is refused with a sentence.
 */

#include "base/buffer.h"
#include "cluster/topics.h"

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
