/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The cluster's own affairs: topics, their settings, rights, groups
 *
 * Names are as on the wire here, with the prefix: an administrator sees what is there. Every call
 * waits, at most BUS_CALL_MS. The mock cluster knows none of this but listing: ADMIN_E_UNSUPPORTED.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/kafka.h"

enum admin_outcome {
        ADMIN_E_UNSUPPORTED = 1, /* the broker does not know this request: the embedded one, most likely */
        ADMIN_E_FORBIDDEN,       /* this principal may not; the sentence says what */
        ADMIN_E_EXISTS,
        ADMIN_E_NONE,            /* no such topic or group */
};

struct admin_setting {
        const char *name, *value;
};

struct admin_topic {
        const char *name;
        int32_t partitions;
        int16_t replication;
        const struct admin_setting *settings; /* listing: those asked for, with the value in force; making: those to set */
        size_t settings_n;
};

enum admin_resource { ADMIN_TOPIC, ADMIN_GROUP };
enum admin_operation { ADMIN_READ, ADMIN_WRITE, ADMIN_DESCRIBE, ADMIN_DESCRIBE_CONFIGS, ADMIN_DELETE, ADMIN_ALL };

/* One thing that a principal may do from anywhere. */
struct admin_acl {
        enum admin_resource resource;
        const char *name;
        bool prefixed;
        const char *principal;
        enum admin_operation operation;
};

struct admin;

/* Copies @config; reaches nothing yet. Return: 0; negative errno, with a sentence where it is not for memory. */
int admin_new(const struct kafka_config *config, struct admin **ret, struct error *err) MUSTCHECK;
struct admin *admin_free(struct admin *a); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct admin *, admin_free);

/* How long one request may take from now on; as long as BUS_CALL_MS unless this is said. */
void admin_patience(struct admin *a, int ms);

/* All topics that may be seen, sorted by name, without settings. Borrowed until the next listing. Return: 0; negative errno. */
int admin_topics(struct admin *a, const struct admin_topic **ret, size_t *ret_n, struct error *err) MUSTCHECK;

/* The values in force of the settings named in topic->settings; writes settings_n texts to @ret, borrowed until the next call (NULL: unknown).
 * Return: 0; ADMIN_E_; negative errno. */
int admin_settings(struct admin *a, const struct admin_topic *topics, size_t n, const char **ret, struct error *err) MUSTCHECK;

/* Makes a topic with its settings, and waits until the broker shows it. Return: 0; ADMIN_E_EXISTS, _UNSUPPORTED, _FORBIDDEN; negative errno. */
int admin_topic_make(struct admin *a, const struct admin_topic *topic, struct error *err) MUSTCHECK;

/* Sets these settings, leaves the others that were set on the topic as they are, and waits until the broker shows it.
 * Return: 0; ADMIN_E_NONE, _UNSUPPORTED, _FORBIDDEN; negative errno. */
int admin_topic_set(struct admin *a, const char *topic, const struct admin_setting *settings, size_t n, struct error *err) MUSTCHECK;

/* Return: 0; ADMIN_E_NONE, _UNSUPPORTED, _FORBIDDEN; negative errno. */
int admin_topic_delete(struct admin *a, const char *topic, struct error *err) MUSTCHECK;
int admin_group_delete(struct admin *a, const char *group, struct error *err) MUSTCHECK;

/* The sum of the offsets that a group has committed in these topics; 0 for a group that is not there. Return: 0; ADMIN_E_UNSUPPORTED, _FORBIDDEN;
 * negative errno. */
int admin_group_committed(struct admin *a, const char *group, const char *const *topics, size_t n, int64_t *ret, struct error *err) MUSTCHECK;

/* All rights on topics and groups. Borrowed until the next call. Return: 0; ADMIN_E_UNSUPPORTED (also: the broker keeps none), _FORBIDDEN; negative errno. */
int admin_acls(struct admin *a, const struct admin_acl **ret, size_t *ret_n, struct error *err) MUSTCHECK;

/* Gives a right; one that is there already is no matter. Return: 0; ADMIN_E_UNSUPPORTED, _FORBIDDEN; negative errno. */
int admin_acl_make(struct admin *a, const struct admin_acl *acl, struct error *err) MUSTCHECK;
