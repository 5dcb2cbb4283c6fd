/* SPDX-License-Identifier: EUPL-1.2 */

/* Goes through rows, regions and protocols. */

#include "console/organisation_roles.h"

#include <stdio.h>
#include <string.h>

/* Whom a protocol looks for: a role by its word, or an organisation that it names. */
struct roles_wanted {
        const char *word;
        const struct organisation *named;
};

static bool roles_have(const struct roles *roles, const struct roles_wanted *wanted) {
        for (size_t i = 0; i < roles->n; i++) {
                const struct role *role = &roles->items[i];

                if (wanted->named ? role->kind == ROLE_ORGANISATION && role->organisation == wanted->named
                                  : role->kind != ROLE_ORGANISATION && strcmp(role->name, wanted->word) == 0)
                        return true;
        }
        return false;
}

static bool roles_norm_has(const struct norm *norm, const struct roles_wanted *wanted) {
        bool has = roles_have(&norm->announce, wanted);

        for (size_t i = 0; !has && i < norm->n_reminders; i++)
                has = roles_have(&norm->reminders[i].to, wanted);
        for (size_t i = 0; !has && i < norm->n_rungs; i++)
                has = roles_have(&norm->rungs[i].to, wanted);
        return has;
}

static bool roles_protocol_has(const struct protocol *protocol, const struct roles_wanted *wanted) {
        bool has = false;

        for (size_t i = 0; !has && i < protocol->n_norms; i++)
                has = roles_norm_has(&protocol->norms[i], wanted);
        for (size_t i = 0; !has && i < protocol->n_routes; i++)
                has = roles_have(&protocol->routes[i].to, wanted);
        return has;
}

static void roles_protocols(const struct config *config, const struct roles_wanted *wanted, char ret[ORGANISATION_ROLE_PROTOCOLS]) {
        size_t n = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *protocol = config->protocols.items[i];
                size_t more = strlen(protocol->name) + 2;

                if (n + more >= ORGANISATION_ROLE_PROTOCOLS || !roles_protocol_has(protocol, wanted))
                        continue;
                n += (size_t)snprintf(ret + n, ORGANISATION_ROLE_PROTOCOLS - n, "%s%s", n ? ", " : "", protocol->name);
        }
}

struct roles_seeing {
        const struct config *config;
        const struct organisation *of;
        void (*see)(void *ctx, const struct organisation_role *role);
        void *ctx;
};

static void roles_see(const struct roles_seeing *s, const struct role_entry *entries, size_t n, const struct organisation *row, const struct region *region) {
        for (size_t i = 0; i < n; i++) {
                struct organisation_role role = {.role = entries[i].role, .row = row, .region = region};
                bool is = false;

                for (size_t k = 0; !is && k < entries[i].n; k++)
                        is = entries[i].organisations[k]->index == s->of->index;
                if (!is)
                        continue;
                roles_protocols(s->config, &(struct roles_wanted){.word = role.role}, role.protocols);
                s->see(s->ctx, &role);
        }
}

void organisation_roles_each(const struct config *config, const struct organisation *of, void (*see)(void *ctx, const struct organisation_role *role),
                             void *ctx) {
        const struct roles_seeing s = {config, of, see, ctx};
        struct organisation_role named = {.role = of->id};

        for (size_t i = 0; i < organisations_count(config->organisations); i++) {
                for (const struct organisation *row = organisations_at(config->organisations, i); row; row = row->next)
                        roles_see(&s, row->roles, row->n_roles, row, NULL);
        }
        for (size_t i = 0; i < regions_count(config->organisations); i++) {
                const struct region *region = regions_at(config->organisations, i);

                roles_see(&s, region->roles, region->n_roles, NULL, region);
        }
        roles_protocols(config, &(struct roles_wanted){.named = of}, named.protocols);
        if (named.protocols[0])
                see(ctx, &named);
}
