/* SPDX-License-Identifier: EUPL-1.2 */

/* One function for each key of registry:, in a table. */

#include "cluster/registry_config.h"

#include <errno.h>
#include <string.h>

#include "cluster/web_address.h"

struct registry_reading {
        struct reading *r;
        struct registry_config *config;
};

static void registry_read_text(struct registry_reading *g, const struct yaml_node *node, const char *key, const char **ret) {
        if (reading_text(g->r, node, key))
                *ret = reading_copy(g->r, node->text);
}

static void registry_read_url(struct registry_reading *g, const struct yaml_node *node) {
        char *copy;

        if (!reading_text(g->r, node, "url"))
                return;
        copy = (char *)reading_copy(g->r, node->text);
        for (size_t n = copy ? strlen(copy) : 0; n > 0 && copy[n - 1] == '/'; n--)
                copy[n - 1] = '\0';
        g->config->url = copy;
}

static void registry_read_ca(struct registry_reading *g, const struct yaml_node *node) {
        registry_read_text(g, node, "ca", &g->config->ca);
}

static void registry_read_cache(struct registry_reading *g, const struct yaml_node *node) {
        registry_read_text(g, node, "cache", &g->config->cache);
}

static void registry_read_allow_http(struct registry_reading *g, const struct yaml_node *node) {
        (void) reading_flag(g->r, node, "allow_http", &g->config->allow_http);
}

/* The place of a word in @words. False: it is none of them, which is told. */
static bool registry_read_word(struct registry_reading *g, const struct yaml_node *node, const char *key, const char *const words[2], unsigned *ret) {
        struct nearest nearest;
        char choice[LANGUAGE_CHOICE_MAX];

        if (!reading_scalar(g->r, node, key))
                return false;
        nearest = (struct nearest)NEAREST_INIT(node->text);
        for (*ret = 0; *ret < 2; ++*ret) {
                if (strcmp(node->text, words[*ret]) == 0)
                        return true;
                nearest_try(&nearest, words[*ret]);
        }
        reading_mistake(g->r, node, IN_READING(g->r, "%s: unknown word '%s'%s", "%s: onbekend woord '%s'%s"), key, node->text,
                        reading_choice(g->r, &nearest, choice));
        return false;
}

static void registry_read_framing(struct registry_reading *g, const struct yaml_node *node) {
        static const char *const words[] = {[REGISTRY_SINGLE] = "single", [REGISTRY_CONFLUENT] = "confluent"};
        unsigned which;

        if (registry_read_word(g, node, "framing", words, &which))
                g->config->framing = (enum registry_framing)which;
}

static void registry_read_naming(struct registry_reading *g, const struct yaml_node *node) {
        static const char *const words[] = {[REGISTRY_BY_TOPIC] = "topic", [REGISTRY_BY_RECORD] = "record"};
        unsigned which;

        if (registry_read_word(g, node, "naming", words, &which))
                g->config->naming = (enum registry_naming)which;
}

/* Where a secret stands, which is not looked at here. */
static void registry_read_secret(struct registry_reading *g, const struct yaml_node *node, const char *key) {
        const struct yaml_node *file = node->kind == YAML_MAPPING ? yaml_get(node, "file") : NULL;
        const struct yaml_node *env = node->kind == YAML_MAPPING ? yaml_get(node, "env") : NULL;

        if (node->kind != YAML_MAPPING || node->n != 1 || (!file && !env))
                reading_mistake(g->r, node,
                                IN_READING(g->r, "%s must be {file: PATH} or {env: NAME}; a secret itself does not belong in a configuration file",
                                           "%s moet {file: PAD} of {env: NAAM} zijn; een geheim zelf hoort niet in een bestand van de configuratie"),
                                key);
        else if (file)
                registry_read_text(g, file, "file", &g->config->secret_file);
        else
                registry_read_text(g, env, "env", &g->config->secret_env);
}

static void registry_read_auth(struct registry_reading *g, const struct yaml_node *node) {
        static const char *const known[] = {"user", "password", "token", NULL};
        const struct yaml_node *user, *password, *token;

        if (!reading_mapping(g->r, node, "auth"))
                return;
        reading_keys(g->r, node, known, "auth");
        user = yaml_get(node, "user");
        password = yaml_get(node, "password");
        token = yaml_get(node, "token");
        if (token ? user || password : !user || !password) {
                reading_mistake(g->r, node,
                                IN_READING(g->r, "auth must be {user: NAME, password: …} or {token: …}",
                                           "auth moet {user: NAAM, password: …} of {token: …} zijn"));
                return;
        }
        if (user)
                registry_read_text(g, user, "user", &g->config->user);
        if (g->config->user && strchr(g->config->user, ':')) /* RFC 7617: the first colon ends it */
                reading_mistake(g->r, user,
                                IN_READING(g->r, "user: '%s' holds a colon, which no user's name can",
                                           "user: '%s' bevat een dubbele punt; dat kan niet in een gebruikersnaam"),
                                g->config->user);
        registry_read_secret(g, token ? token : password, token ? "token" : "password");
}

static const struct {
        const char *key;
        void (*read)(struct registry_reading *g, const struct yaml_node *node);
} registry_keys[] = {
        {"url", registry_read_url},
        {"auth", registry_read_auth},
        {"ca", registry_read_ca},
        {"allow_http", registry_read_allow_http},
        {"framing", registry_read_framing},
        {"naming", registry_read_naming},
        {"cache", registry_read_cache},
};

void registry_config_read(struct reading *r, const struct yaml_node *node, struct registry_config *ret) {
        struct registry_reading g = {.r = r, .config = ret};
        const char *known[ELEMENTS(registry_keys) + 1] = {0};
        struct error err = {0};
        int e;

        if (!reading_mapping(r, node, "registry"))
                return;
        for (size_t i = 0; i < ELEMENTS(registry_keys); i++)
                known[i] = registry_keys[i].key;
        reading_keys(r, node, known, "registry");
        for (size_t i = 0; i < ELEMENTS(registry_keys); i++) {
                const struct yaml_node *value = yaml_get(node, registry_keys[i].key);

                if (value)
                        registry_keys[i].read(&g, value);
        }
        if (!reading_required(r, node, "url", "registry") || !ret->url)
                return;
        e = web_address_check(ret->url, ret->allow_http, "auth", r->mistakes->language, &err);
        if (e == -EINVAL)
                reading_mistake(r, yaml_get(node, "url"), "%s", err.text);
        else if (e)
                r->e = e;
}
