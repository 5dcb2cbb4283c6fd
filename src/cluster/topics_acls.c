/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Who may what
 *
 * The worker reads the facts and writes what it tells; connectors write the facts; an organisation
 * reads its inbox and writes its outbox and nothing else; operators may all. Only workers and operators read case-state.
 */

#include <errno.h>
#include <string.h>

#include "cluster/topics_parts.h"

#define ACLS_FIXED 40
#define ACLS_OF_ORGANISATION 3

struct builder {
        const struct broker_config *config;
        struct arena *arena;
        struct admin_acl *items;
        size_t n;
        bool failed;
};

static void grant(struct builder *b, const char *principal, enum admin_operation operation, enum admin_resource resource, const char *name,
                  bool prefixed) {
        char *full = arena_printf(b->arena, "%s%s", b->config->prefix, name);

        if (!full) {
                b->failed = true;
                return;
        }
        /* All there is, without a prefix of ours: a prefix of nothing is spelled as a star. */
        if (prefixed && !full[0])
                b->items[b->n++] = (struct admin_acl){.resource = resource, .name = "*", .principal = principal, .operation = operation};
        else
                b->items[b->n++] = (struct admin_acl){
                        .resource = resource, .name = full, .prefixed = prefixed, .principal = principal, .operation = operation};
}

static void grant_worker(struct builder *b, const char *const *events, size_t events_n) {
        static const char *const written[] = {TOPIC_PLAN_DUE, TOPIC_ESCALATION_RAISED, TOPIC_ESCALATION_RESOLVED, TOPIC_DEAD_LETTERS, TOPIC_CASE_STATE};
        const char *worker = b->config->acls.worker;

        if (!worker)
                return;
        for (size_t i = 0; i < events_n; i++)
                grant(b, worker, ADMIN_READ, ADMIN_TOPIC, events[i], false);
        for (size_t i = 0; i < ELEMENTS(written); i++)
                grant(b, worker, ADMIN_WRITE, ADMIN_TOPIC, written[i], false);
        grant(b, worker, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_INBOX_PREFIX, true);
        grant(b, worker, ADMIN_READ, ADMIN_TOPIC, TOPIC_CASE_STATE, false);
        grant(b, worker, ADMIN_READ, ADMIN_GROUP, TOPICS_GROUP_RULES, false);
}

static void grant_connectors(struct builder *b, const char *const *events, size_t events_n) {
        const char *connectors = b->config->acls.connectors;

        if (!connectors)
                return;
        for (size_t i = 0; i < events_n; i++)
                grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, events[i], false);
        grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_INBOX_PREFIX, true);
        grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_INBOX_PREFIX, true); /* event-refused, by admission */
        grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_OUTBOX_PREFIX, true);
        grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_DEAD_LETTERS, false);
        grant(b, connectors, ADMIN_WRITE, ADMIN_TOPIC, TOPIC_DELIVERIES, false);
        grant(b, connectors, ADMIN_READ, ADMIN_TOPIC, TOPIC_DELIVERIES, false);
        grant(b, connectors, ADMIN_READ, ADMIN_GROUP, TOPICS_GROUP_CONNECT, true);
}

/* "User:{id}" with the id put in; NULL: out of memory. */
static char *principal_of(const struct builder *b, const char *id) {
        const char *form = b->config->acls.organisations, *at = strstr(form, "{id}");

        return at ? arena_printf(b->arena, "%.*s%s%s", (int)(at - form), form, id, at + strlen("{id}")) : NULL;
}

static void grant_organisation(struct builder *b, const char *id) {
        char *principal = principal_of(b, id), *inbox = arena_printf(b->arena, TOPIC_INBOX_PREFIX "%s", id),
             *outbox = arena_printf(b->arena, TOPIC_OUTBOX_PREFIX "%s", id);

        if (!principal || !inbox || !outbox) {
                b->failed = true;
                return;
        }
        grant(b, principal, ADMIN_READ, ADMIN_TOPIC, inbox, false);
        grant(b, principal, ADMIN_READ, ADMIN_GROUP, inbox, false); /* its own group: called as its inbox */
        grant(b, principal, ADMIN_WRITE, ADMIN_TOPIC, outbox, false);
}

int topics_acls(const struct broker_config *config, const char *const *events, size_t events_n, const char *const *organisations,
                size_t organisations_n, struct arena *arena, struct topics *ret) {
        struct builder b = {.config = config, .arena = arena};

        if (!config->acls.wanted)
                return 0;
        b.items = arena_calloc(arena, ACLS_FIXED + 2 * events_n + ACLS_OF_ORGANISATION * organisations_n, sizeof(*b.items));
        if (!b.items)
                return -ENOMEM;
        grant_worker(&b, events, events_n);
        grant_connectors(&b, events, events_n);
        if (config->acls.operators) {
                grant(&b, config->acls.operators, ADMIN_ALL, ADMIN_TOPIC, "", true);
                grant(&b, config->acls.operators, ADMIN_ALL, ADMIN_GROUP, "", true);
        }
        for (size_t i = 0; config->acls.organisations && i < organisations_n; i++)
                grant_organisation(&b, organisations[i]);
        ret->acls = b.items;
        ret->acls_n = b.n;
        return b.failed ? -ENOMEM : 0;
}
