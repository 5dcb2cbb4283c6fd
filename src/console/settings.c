/* SPDX-License-Identifier: EUPL-1.2 */

/* One function for each key of console.yaml, in tables; then what keys must be to each other. */

#include "console/settings.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/reading.h"
#include "connect/settings.h"
#include "console/access/password.h"

#define PATH_BYTES_MAX 4096
#define IDLE_MIN_MS INT64_C(60000)
#define UNIX_PREFIX "unix:"

struct console_reading {
        struct reading r;
        const struct console_settings_source *source;
        const char *folder; /* paths are relative to it */
        struct console_settings *settings;
};

struct console_key {
        const char *key;
        void (*read)(struct console_reading *c, const struct yaml_node *node);
};

#define CONSOLE_KEYS_MAX 12

/* Reads the keys of a mapping by its table, and tells those that are not in it. */
static void console_read_keys(struct console_reading *c, const struct yaml_node *node, const struct console_key *keys, size_t n, const char *what) {
        const char *known[CONSOLE_KEYS_MAX + 1] = {0};

        assert(n <= CONSOLE_KEYS_MAX);
        if (!reading_mapping(&c->r, node, what))
                return;
        for (size_t i = 0; i < n; i++)
                known[i] = keys[i].key;
        reading_keys(&c->r, node, known, what);
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *value = yaml_get(node, keys[i].key);

                if (value)
                        keys[i].read(c, value);
        }
}

/* -- Where it listens -- */

bool console_is_local(struct text host) {
        struct in_addr v4;
        char copy[INET_ADDRSTRLEN];

        if (text_is(host, "localhost") || text_is(host, "::1") || text_is(host, "[::1]"))
                return true;
        if (host.n == 0 || host.n >= sizeof(copy))
                return false;
        memcpy(copy, host.s, host.n);
        copy[host.n] = '\0';
        return inet_pton(AF_INET, copy, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool console_is_address(const char *text) {
        struct in6_addr any;

        return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static void console_read_listen(struct console_reading *c, const struct yaml_node *node) {
        const char *colon;
        char host[INET6_ADDRSTRLEN + 2];
        size_t n;
        int64_t port;
        bool bracketed;

        if (!reading_text(&c->r, node, "listen"))
                return;
        if (strncmp(node->text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
                const char *path = node->text + strlen(UNIX_PREFIX);

                if (path[0] == '/' && strlen(path) < sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
                        c->settings->address = NULL;
                        c->settings->unix_path = reading_copy(&c->r, path);
                } else {
                        reading_mistake(&c->r, node,
                                        IN_READING(&c->r, "listen: '%.120s' is no path of a socket: it begins with / and has at most %zu bytes",
                                                   "listen: '%.120s' is geen pad van een socket: dat begint met / en telt hoogstens %zu bytes"),
                                        path, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
                }
                return;
        }
        colon = strrchr(node->text, ':');
        n = colon ? (size_t)(colon - node->text) : 0;
        bracketed = n > 2 && node->text[0] == '[' && node->text[n - 1] == ']';
        if (n > 0 && n < sizeof(host) && text_to_int64(text_of(colon + 1), &port) && port >= 0 && port <= UINT16_MAX) {
                (void) snprintf(host, sizeof(host), "%.*s", (int)(n - (bracketed ? 2 : 0)), node->text + bracketed);
                if (console_is_address(host) && bracketed == !!strchr(host, ':')) {
                        c->settings->address = reading_copy(&c->r, host);
                        c->settings->port = (uint16_t)port;
                        return;
                }
        }
        reading_mistake(&c->r, node,
                        IN_READING(&c->r,
                                   "listen: '%.80s' is no numeric address with a port; write 127.0.0.1:8081, [::1]:8081 or "
                                   "unix:/run/ketenwacht/console.sock",
                                   "listen: '%.80s' is geen adres in cijfers met een poort; schrijf 127.0.0.1:8081, [::1]:8081 of "
                                   "unix:/run/ketenwacht/console.sock"),
                        node->text);
}

/* What stands in the file that the node names; NULL: told, or not looked for. */
static const char *console_read_file(struct console_reading *c, const struct yaml_node *node, const char *what) {
        char path[PATH_BYTES_MAX];
        char *text = NULL;
        const char *copy;
        struct error err = {0};
        size_t n;

        if (!reading_text(&c->r, node, what) || !c->source->environment)
                return NULL;
        (void) snprintf(path, sizeof(path), "%s%s%s", node->text[0] == '/' ? "" : c->folder, node->text[0] == '/' ? "" : "/", node->text);
        if (file_read(path, &text, &n, &err)) {
                reading_mistake(&c->r, node, "%s: %s", what, err.text);
                return NULL;
        }
        copy = reading_copy(&c->r, text);
        explicit_bzero(text, n);
        free(text);
        return copy;
}

static void console_read_certificate(struct console_reading *c, const struct yaml_node *node) {
        c->settings->certificate = console_read_file(c, node, "certificate");
}

static void console_read_key(struct console_reading *c, const struct yaml_node *node) {
        c->settings->key = console_read_file(c, node, "key");
}

static void console_read_tls(struct console_reading *c, const struct yaml_node *node) {
        static const struct console_key keys[] = {{"certificate", console_read_certificate}, {"key", console_read_key}};

        console_read_keys(c, node, keys, ELEMENTS(keys), "tls");
        if (node->kind == YAML_MAPPING) {
                (void) reading_required(&c->r, node, "certificate", "tls");
                (void) reading_required(&c->r, node, "key", "tls");
        }
}

static void console_read_origin(struct console_reading *c, const struct yaml_node *node) {
        const char *host = NULL;

        if (!reading_scalar(&c->r, node, "origin"))
                return;
        if (strncmp(node->text, "https://", 8) == 0)
                host = node->text + 8;
        else if (strncmp(node->text, "http://", 7) == 0)
                host = node->text + 7;
        if (!host || !*host || host[strcspn(host, "/?# @ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
                reading_mistake(&c->r, node,
                                IN_READING(&c->r, "origin: '%.120s' is not how a browser writes it: https:// and a host in lower case, and nothing behind it",
                                           "origin: '%.120s' is niet zoals een browser het schrijft: https:// en een naam in kleine letters, niets erachter"),
                                node->text);
        else
                c->settings->origin = reading_copy(&c->r, node->text);
}

/* -- Sessions -- */

static void console_read_span(struct console_reading *c, const struct yaml_node *node, const char *what, int64_t most, int64_t *ret) {
        struct span span;

        if (!reading_span(&c->r, node, what, span_clock + 1, SPAN_CLOCK_UNITS - 1, &span))
                return;
        if (span.count > most / span.unit->value || span.count * span.unit->value < IDLE_MIN_MS)
                reading_mistake(&c->r, node,
                                IN_READING(&c->r, "%s: '%s' is not between a minute and %d hours", "%s: '%s' ligt niet tussen een minuut en %d uur"), what,
                                node->text, (int)(most / HOUR_MS));
        else
                *ret = span.count * span.unit->value;
}

static void console_read_idle(struct console_reading *c, const struct yaml_node *node) {
        console_read_span(c, node, "idle", CONSOLE_LONGEST_MS, &c->settings->idle_ms);
}

static void console_read_longest(struct console_reading *c, const struct yaml_node *node) {
        console_read_span(c, node, "longest", CONSOLE_LONGEST_MS, &c->settings->longest_ms);
}

static void console_read_sessions(struct console_reading *c, const struct yaml_node *node) {
        static const struct console_key keys[] = {{"idle", console_read_idle}, {"longest", console_read_longest}};

        console_read_keys(c, node, keys, ELEMENTS(keys), "sessions");
}

static void console_read_redrive(struct console_reading *c, const struct yaml_node *node) {
        (void) reading_number(&c->r, node, "redrive_per_second", 1, CONSOLE_REDRIVE_PER_SECOND_MAX, &c->settings->redrive_per_second);
}

/* -- What somebody may do -- */

static unsigned console_read_roles(struct console_reading *c, const struct yaml_node *mapping, const char *what) {
        const struct yaml_node *node = reading_required(&c->r, mapping, "roles", what);
        unsigned roles = 0;

        if (!node || !reading_sequence(&c->r, node, "roles"))
                return 0;
        if (node->n == 0)
                reading_mistake(&c->r, node,
                                IN_READING(&c->r, "roles is empty: name one or more of meta, zaak, gegevens and beheer",
                                           "roles is leeg: noem een of meer van meta, zaak, gegevens en beheer"));
        for (size_t i = 0; i < node->n; i++) {
                struct nearest nearest = NEAREST_INIT(node->items[i]->text);
                char choice[LANGUAGE_CHOICE_MAX];
                unsigned role = person_role_read(text_of(node->items[i]->text), &nearest);

                if (role == 0)
                        reading_mistake(&c->r, node->items[i], IN_READING(&c->r, "no role is called '%.80s'%s", "geen rol heet '%.80s'%s"),
                                        node->items[i]->text, reading_choice(&c->r, &nearest, choice));
                roles |= role;
        }
        return roles & ROLE_GEGEVENS ? roles | ROLE_ZAAK : roles; /* personal fields are those of cases */
}

static const struct organisation *console_read_organisation(struct console_reading *c, const struct yaml_node *mapping) {
        const struct yaml_node *node = yaml_get(mapping, "organisation");
        const struct organisation *found;
        struct nearest nearest;
        char hint[NEAREST_HINT_MAX];

        if (!node || !reading_scalar(&c->r, node, "organisation"))
                return NULL;
        found = organisations_find(c->source->organisations, text_of(node->text));
        if (found)
                return found;
        nearest = (struct nearest)NEAREST_INIT(node->text);
        organisations_nearest(c->source->organisations, &nearest);
        reading_mistake(&c->r, node, IN_READING(&c->r, "no organisation is called '%.80s'%s", "geen organisatie heet '%.80s'%s"), node->text,
                        reading_hint(&c->r, &nearest, hint));
        return NULL;
}

/* -- Users -- */

/* The node of each user's name before @n, for one that stands twice. */
static bool console_user_is_new(struct console_reading *c, const struct yaml_node *node, const char *name, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (c->settings->users[i].name && strcmp(c->settings->users[i].name, name) == 0) {
                        reading_mistake(&c->r, node, IN_READING(&c->r, "user '%s' stands twice", "gebruiker '%s' staat er twee keer"), name);
                        return false;
                }
        }
        return true;
}

static void console_read_user(struct console_reading *c, const struct yaml_node *node, struct console_user *user, size_t before) {
        static const char *const known[] = {"name", "roles", "organisation", "password", NULL};
        const char *what = IN_READING(&c->r, "a user", "een gebruiker");
        const struct yaml_node *name, *password;

        if (!reading_mapping(&c->r, node, what))
                return;
        reading_keys(&c->r, node, known, what);
        name = reading_required(&c->r, node, "name", what);
        if (name && reading_text(&c->r, name, "name")) {
                if (!person_name_valid(text_of(name->text)))
                        reading_mistake(&c->r, name,
                                        IN_READING(&c->r, "name: nobody can be called this: at most %d bytes, no space at its ends",
                                                   "name: zo kan niemand heten: hoogstens %d bytes, geen spatie aan begin of eind"),
                                        PERSON_NAME_MAX);
                else if (console_user_is_new(c, name, name->text, before))
                        user->name = reading_copy(&c->r, name->text);
        }
        user->roles = console_read_roles(c, node, what);
        user->organisation = console_read_organisation(c, node);
        password = reading_required(&c->r, node, "password", what);
        if (!password || !reading_scalar(&c->r, password, "password"))
                return;
        if (password_is_hash(password->text))
                user->password = reading_copy(&c->r, password->text);
        else /* it is not repeated: it might be the password itself */
                reading_mistake(&c->r, password,
                                IN_READING(&c->r, "password is no hash as ketenwacht console user makes it; a password itself does not belong here",
                                           "password is geen hash zoals ketenwacht console user die maakt; een wachtwoord zelf hoort hier niet"));
}

static void console_read_users(struct console_reading *c, const struct yaml_node *node) {
        struct console_user *users;

        if (!reading_sequence(&c->r, node, "users"))
                return;
        if (node->n > CONSOLE_USERS_MAX) {
                reading_mistake(&c->r, node, IN_READING(&c->r, "users: more than %d; let a login site keep them (proxy)",
                                                        "users: meer dan %d; laat een inlogsite ze bijhouden (proxy)"), CONSOLE_USERS_MAX);
                return;
        }
        users = reading_alloc(&c->r, node->n, sizeof(*users));
        if (!users)
                return;
        c->settings->users = users;
        for (size_t i = 0; i < node->n; i++)
                console_read_user(c, node->items[i], &users[i], i);
        c->settings->users_n = node->n;
}

/* -- Proxy -- */

static void console_read_header(struct console_reading *c, const struct yaml_node *node, const char *what, const char **ret) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

        if (!reading_text(&c->r, node, what))
                return;
        if (node->text[strspn(node->text, allowed)] || strlen(node->text) > CONSOLE_HEADER_MAX)
                reading_mistake(&c->r, node,
                                IN_READING(&c->r, "%s: '%.80s' is no name of a header: at most %d of A-Z a-z 0-9 -",
                                           "%s: '%.80s' is geen naam van een header: hoogstens %d tekens uit A-Z a-z 0-9 -"),
                                what, node->text, CONSOLE_HEADER_MAX);
        else
                *ret = reading_copy(&c->r, node->text);
}

static void console_read_user_header(struct console_reading *c, const struct yaml_node *node) {
        console_read_header(c, node, "user_header", &c->settings->user_header);
}

static void console_read_groups_header(struct console_reading *c, const struct yaml_node *node) {
        console_read_header(c, node, "groups_header", &c->settings->groups_header);
}

static void console_read_secret_header(struct console_reading *c, const struct yaml_node *node) {
        console_read_header(c, node, "secret_header", &c->settings->secret_header);
}

static void console_read_secret(struct console_reading *c, const struct yaml_node *node) {
        settings_read_secret(&c->r, node, c->folder, c->source->environment, "secret", NULL, &c->settings->secrets);
}

static void console_read_from(struct console_reading *c, const struct yaml_node *node) {
        const char **proxies;

        if (!reading_sequence(&c->r, node, "from"))
                return;
        if (node->n > CONSOLE_ADDRESSES_MAX) {
                reading_mistake(&c->r, node, IN_READING(&c->r, "from: more than %d addresses", "from: meer dan %d adressen"), CONSOLE_ADDRESSES_MAX);
                return;
        }
        proxies = reading_alloc(&c->r, node->n, sizeof(*proxies));
        if (!proxies)
                return;
        c->settings->proxies = proxies;
        for (size_t i = 0; i < node->n; i++) {
                if (!console_is_address(node->items[i]->text)) {
                        reading_mistake(&c->r, node->items[i],
                                        IN_READING(&c->r, "from: '%.80s' is no numeric address of one machine",
                                                   "from: '%.80s' is geen adres in cijfers van één machine"),
                                        node->items[i]->text);
                        continue;
                }
                proxies[c->settings->proxies_n++] = reading_copy(&c->r, node->items[i]->text);
        }
}

static void console_read_groups(struct console_reading *c, const struct yaml_node *node) {
        static const char *const known[] = {"roles", "organisation", NULL};
        const char *what = IN_READING(&c->r, "a group", "een groep");
        struct console_group *groups;

        if (!reading_mapping(&c->r, node, "groups"))
                return;
        if (node->n > CONSOLE_GROUPS_MAX) {
                reading_mistake(&c->r, node, IN_READING(&c->r, "groups: more than %d", "groups: meer dan %d"), CONSOLE_GROUPS_MAX);
                return;
        }
        groups = reading_alloc(&c->r, node->n, sizeof(*groups));
        if (!groups)
                return;
        c->settings->groups = groups;
        c->settings->groups_n = node->n;
        for (size_t i = 0; i < node->n; i++) {
                const struct yaml_node *value = node->items[i];

                groups[i].name = reading_copy(&c->r, node->keys[i]->text);
                if (strchr(node->keys[i]->text, ','))
                        reading_mistake(&c->r, node->keys[i],
                                        IN_READING(&c->r, "groups: a name with a comma can never come: commas stand between names",
                                                   "groups: een naam met een komma kan nooit komen: komma's staan tussen namen"));
                if (!reading_mapping(&c->r, value, what))
                        continue;
                reading_keys(&c->r, value, known, what);
                groups[i].roles = console_read_roles(c, value, what);
                groups[i].organisation = console_read_organisation(c, value);
        }
}

static void console_read_proxy(struct console_reading *c, const struct yaml_node *node) {
        static const struct console_key keys[] = {
                {"user_header", console_read_user_header}, {"groups_header", console_read_groups_header}, {"secret_header", console_read_secret_header},
                {"secret", console_read_secret},           {"from", console_read_from},                   {"groups", console_read_groups},
        };

        c->settings->has_proxy = true;
        console_read_keys(c, node, keys, ELEMENTS(keys), "proxy");
        if (node->kind == YAML_MAPPING)
                (void) reading_required(&c->r, node, "secret", "proxy");
}

/* -- What keys must be to each other -- */

static void console_check_proxy(struct console_reading *c, const struct yaml_node *proxy) {
        const struct console_settings *s = c->settings;
        const char *const names[] = {s->user_header, s->groups_header, s->secret_header};

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (strcasecmp(names[i], names[(i + 1) % ELEMENTS(names)]) == 0) {
                        reading_mistake(&c->r, proxy, IN_READING(&c->r, "proxy: two of its headers have the same name '%s'",
                                                                 "proxy: twee van de headers hebben dezelfde naam '%s'"), names[i]);
                        break;
                }
        }
        if (!s->unix_path && s->proxies_n == 0)
                reading_mistake(&c->r, proxy,
                                IN_READING(&c->r, "proxy: nobody is believed: listen on unix:/PATH, or name the addresses of the proxy under from",
                                           "proxy: niemand wordt geloofd: luister op unix:/PAD, of noem de adressen van de proxy onder from"));
        if (s->groups_n == 0 && s->users_n == 0)
                reading_mistake(&c->r, proxy,
                                IN_READING(&c->r, "proxy: without groups nobody can do anything; say what each group of the login site may do",
                                           "proxy: zonder groups mag niemand iets; zeg wat elke groep van de inlogsite mag"));
}

static void console_read_scratch(struct console_reading *c, const struct yaml_node *node) {
        const char *text = reading_text(&c->r, node, "scratch");

        if (text)
                c->settings->scratch = strcmp(text, "none") == 0 ? NULL : text;
}

static void console_check_whole(struct console_reading *c, const struct yaml_node *root) {
        const struct yaml_node *users = yaml_get(root, "users"), *proxy = yaml_get(root, "proxy"), *listen = yaml_get(root, "listen");
        const struct console_settings *s = c->settings;
        bool local = s->unix_path || (s->address && console_is_local(text_of(s->address)));

        if (s->idle_ms > s->longest_ms)
                reading_mistake(&c->r, yaml_get(root, "sessions"),
                                IN_READING(&c->r, "sessions: idle is longer than longest", "sessions: idle is langer dan longest"));
        if (!proxy && (!users || (users->kind == YAML_SEQUENCE && users->n == 0)))
                reading_mistake(&c->r, root,
                                IN_READING(&c->r, "nobody can come in: give users (ketenwacht console user NAME makes the line) or proxy",
                                           "niemand kan binnenkomen: geef users (ketenwacht console user NAAM maakt de regel) of proxy"));
        if (proxy && proxy->kind == YAML_MAPPING)
                console_check_proxy(c, proxy);
        if (s->users_n && !local && !yaml_get(root, "tls") && (!s->origin || strncmp(s->origin, "https:", 6) != 0))
                reading_mistake(&c->r, listen,
                                IN_READING(&c->r, "listen: passwords would go over the network readable for all: give tls, or the https origin of a proxy",
                                           "listen: wachtwoorden zouden leesbaar over het netwerk gaan: geef tls, of de https-origin van een proxy"));
}

static void console_read_root(struct console_reading *c, const struct yaml_node *root) {
        static const struct console_key keys[] = {
                {"listen", console_read_listen},     {"tls", console_read_tls},     {"origin", console_read_origin},
                {"sessions", console_read_sessions}, {"users", console_read_users}, {"proxy", console_read_proxy},
                {"redrive_per_second", console_read_redrive}, {"scratch", console_read_scratch},
        };

        console_read_keys(c, root, keys, ELEMENTS(keys), IN_READING(&c->r, "the file", "het bestand"));
        if (root->kind == YAML_MAPPING)
                console_check_whole(c, root);
}

static void console_settings_default(struct console_settings *ret) {
        *ret = (struct console_settings){
                .address = "127.0.0.1",
                .port = CONSOLE_PORT,
                .idle_ms = CONSOLE_IDLE_MS,
                .longest_ms = CONSOLE_LONGEST_MS,
                .redrive_per_second = CONSOLE_REDRIVE_PER_SECOND,
                .scratch = CONSOLE_SCRATCH,
                .user_header = "X-Forwarded-User",
                .groups_header = "X-Forwarded-Groups",
                .secret_header = "X-Console-Secret",
        };
}

void console_settings_open(uint16_t port, struct console_settings *ret) {
        console_settings_default(ret);
        ret->port = port;
        ret->open_on_localhost = true;
}

int console_settings_read(const char *path, const struct console_settings_source *source, struct arena *arena, struct console_settings *ret,
                          struct mistakes *mistakes) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct console_reading c = {.r = {.mistakes = mistakes, .arena = arena}, .source = source, .settings = ret};
        struct error err = {0};
        size_t before = mistakes->n;
        int r;

        console_settings_default(ret);
        r = yaml_tree_read(path, mistakes->language, &yaml, &err);
        if (r) {
                mistakes_error(mistakes, &err);
                return r;
        }
        c.r.yaml = yaml;
        c.folder = arena_printf(arena, "%.*s.", (int)(file_name(path) - path), path);
        if (!c.folder)
                return -ENOMEM;
        console_read_root(&c, yaml_tree_root(yaml));
        return reading_end(&c.r, before);
}

void console_settings_done(struct console_settings *settings) {
        secrets_done(&settings->secrets);
}
