/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * registry: of config/broker.yaml, the schema registry that others' clients write and read by
 *
 *   registry:
 *     url: https://registry.example.nl/apis/ccompat/v7   # where /subjects and /schemas stand
 *     auth: {token: {file: /etc/ketenwacht/registry.token}}      # or {user: NAME, password: {env: NAME}}; absent: none
 *     ca: /etc/ketenwacht/registry-ca.pem                # absent: those of the system
 *     allow_http: false
 *     framing: single                                    # what we write: single or confluent. Both are always read
 *     naming: topic                                      # subjects: <topic>-value, or the full name of the record
 *     cache: /var/cache/ketenwacht/registry              # absent: where the environment keeps caches
 *
 * A secret never stands here: a file or a variable of the environment holds it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/reading.h"

enum registry_framing { REGISTRY_SINGLE, REGISTRY_CONFLUENT };
enum registry_naming { REGISTRY_BY_TOPIC, REGISTRY_BY_RECORD };

struct registry_config {
        const char *url; /* without / at its end; NULL: no registry is configured */
        const char *user; /* NULL: a bearer token, or nothing at all */
        const char *secret_file, *secret_env; /* where the password or the token stands: one of them, or neither */
        const char *ca;
        bool allow_http;
        enum registry_framing framing;
        enum registry_naming naming;
        const char *cache; /* a folder; NULL: the caller's choice */
};

/* Reads the mapping under registry:. What is wrong is told; @ret is complete when nothing was. */
void registry_config_read(struct reading *r, const struct yaml_node *node, struct registry_config *ret);
