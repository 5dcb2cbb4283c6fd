/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads each option of a table as its type says, and writes the documentation of the table. */

#include "connect/settings.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

#define PATH_BYTES_MAX 4096
#define DOC_COLUMNS 100
#define DOC_INDENT 8

struct settings {
        struct reading r;
        const struct settings_source *source;
};

static void *field_of(const struct connector_option *option, void *ctx) {
        return (uint8_t *)ctx + option->offset;
}

static void print_duration(int64_t ms, struct buffer *out) {
        if (ms % HOUR_MS == 0)
                buffer_printf(out, "%" PRId64 " h", ms / HOUR_MS);
        else if (ms % 60000 == 0)
                buffer_printf(out, "%" PRId64 " min", ms / 60000);
        else if (ms % 1000 == 0)
                buffer_printf(out, "%" PRId64 " s", ms / 1000);
        else
                buffer_printf(out, "%" PRId64 " ms", ms);
}

/* What a value of this option must be, as a phrase. */
static void settings_describe(const struct connector_option *option, enum language language, struct buffer *out) {
        switch (option->type) {
        case OPTION_STRING:
                buffer_add_text(out, IN_LANGUAGE(language, "text", "tekst"));
                break;
        case OPTION_ORGANISATION:
                buffer_add_text(out, IN_LANGUAGE(language, "the id of an organisation", "de id van een organisatie"));
                break;
        case OPTION_INT:
                buffer_printf(out, IN_LANGUAGE(language, "a number from %" PRId64 " to %" PRId64, "een getal van %" PRId64 " tot en met %" PRId64), option->min,
                              option->max);
                break;
        case OPTION_BOOLEAN:
                buffer_add_text(out, IN_LANGUAGE(language, "true or false", "true (ja) of false (nee)"));
                break;
        case OPTION_DURATION:
                buffer_add_text(out, IN_LANGUAGE(language, "a duration from ", "een duur van "));
                print_duration(option->min, out);
                buffer_add_text(out, IN_LANGUAGE(language, " to ", " tot en met "));
                print_duration(option->max, out);
                buffer_add_text(out, " (500 ms, 10 seconds, 5 minutes, 1 hour)");
                break;
        case OPTION_CHOICE:
                for (size_t i = 0; option->choices[i]; i++)
                        buffer_printf(out, "%s%s", i == 0 ? "" : IN_LANGUAGE(language, " or ", " of "), option->choices[i]);
                break;
        case OPTION_SECRET:
                buffer_add_text(out, IN_LANGUAGE(language, "{file: PATH} or {env: NAME}, where the token stands",
                                                 "{file: PAD} of {env: NAAM}, waar het token staat"));
                break;
        case OPTION_PASSWORD:
                buffer_add_text(out, IN_LANGUAGE(language, "{file: PATH} or {env: NAME}, where the password stands",
                                                 "{file: PAD} of {env: NAAM}, waar het wachtwoord staat"));
                break;
        case OPTION_SECRETS:
                buffer_add_text(out, IN_LANGUAGE(language, "for each organisation {file: PATH} or {env: NAME}, where its tokens stand",
                                                 "voor iedere organisatie {file: PAD} of {env: NAAM}, waar haar tokens staan"));
                break;
        case OPTION_PATH:
                buffer_add_text(out, IN_LANGUAGE(language, "a path, from the folder of this file", "een pad, vanaf de map van dit bestand"));
                break;
        case OPTION_LIST:
                buffer_add_text(out, IN_LANGUAGE(language, "a list of texts, [a, b], none twice", "een lijst van teksten, [a, b], geen twee keer"));
                break;
        case OPTION_EACH:
                buffer_add_text(out, IN_LANGUAGE(language, "a list of organisations, [a, b], all, or a mapping with what differs, {a: {KEY: …}, b: {KEY: …}}",
                                                 "een lijst van organisaties, [a, b], all, of wat er per organisatie verschilt, {a: {SLEUTEL: …}, "
                                                 "b: {SLEUTEL: …}}"));
                break;
        case OPTION_PAIRS:
                buffer_add_text(out, IN_LANGUAGE(language, "pairs, {a: b}, no key twice", "paren, {a: b}, geen sleutel twee keer"));
                break;
        case OPTION_TABLE:
                buffer_add_text(out, IN_LANGUAGE(language, "a list, of which each item has keys of its own",
                                                 "een lijst waarvan ieder onderdeel eigen sleutels heeft"));
                break;
        }
}

static void settings_mistake(struct settings *s, const struct yaml_node *node, const struct connector_option *option) {
        CLEANUP(buffer_done) struct buffer expected = BUFFER_INIT(4096);

        settings_describe(option, s->r.mistakes->language, &expected);
        reading_mistake(&s->r, node, IN_READING(&s->r, "%s must be %s", "%s moet %s zijn"), option->key, buffer_text(&expected));
}

/* -- Values -- */

static void set_duration(struct settings *s, const struct connector_option *option, const struct yaml_node *node, int64_t *field) {
        struct span span;

        if (span_parse(text_of(node->text), span_clock, SPAN_CLOCK_UNITS, &span) || span.count < 0 || span.count > option->max / span.unit->value ||
            span.count * span.unit->value < option->min)
                settings_mistake(s, node, option);
        else
                *field = span.count * span.unit->value;
}

static void set_choice(struct settings *s, const struct connector_option *option, const struct yaml_node *node, int *field) {
        for (int i = 0; option->choices[i]; i++) {
                if (strcmp(node->text, option->choices[i]) == 0) {
                        *field = i;
                        return;
                }
        }
        settings_mistake(s, node, option);
}

static void set_organisation(struct settings *s, const struct connector_option *option, const struct yaml_node *node, void *field) {
        const struct organisation *found = organisations_find(s->source->organisations, text_of(node->text));
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];

        if (found) {
                *(const struct organisation **)field = found;
                return;
        }
        organisations_nearest(s->source->organisations, &nearest);
        reading_mistake(&s->r, node, IN_READING(&s->r, "%s: no organisation '%s'%s", "%s: er is geen organisatie '%s'%s"),
                        option->key, node->text, reading_hint(&s->r, &nearest, hint));
}

/* The text that a {file: PATH} or {env: NAME} stands for; *ret is the caller's to wipe and free. @path: where, "": in no file. */
static bool secret_text(struct reading *r, const struct yaml_node *node, const char *folder, const char *(*environment)(const char *name), char **ret,
                        size_t *ret_n, char path[PATH_BYTES_MAX]) {
        const struct yaml_node *file = yaml_get(node, "file"), *env = yaml_get(node, "env"), *at = file ? file : env;
        struct error err = {0};
        const char *value;

        path[0] = '\0';
        if (file) {
                bool absolute = file->text[0] == '/' || !folder;

                (void) snprintf(path, PATH_BYTES_MAX, "%s%s%s", absolute ? "" : folder, absolute ? "" : "/", file->text);
                if (file_read(path, ret, ret_n, &err) < 0) {
                        reading_mistake(r, at, IN_READING(r, "the token cannot be read: %s", "het token kan niet worden gelezen: %s"), err.text);
                        return false;
                }
                return true;
        }
        value = environment(env->text);
        if (!value) {
                reading_mistake(r, at,
                                IN_READING(r, "the environment has no variable %s, in which a token should stand",
                                           "in de omgeving is geen variabele %s, waarin een token hoort te staan"),
                                env->text);
                return false;
        }
        *ret = strdup(value);
        *ret_n = strlen(value);
        if (!*ret)
                r->e = -ENOMEM;
        return *ret != NULL;
}

/* @owner: of tokens; NULL: there is only one. @type: OPTION_PASSWORD, or tokens. */
static void read_secret(struct reading *r, const struct yaml_node *node, const char *folder, const char *(*environment)(const char *name), const char *key,
                        const char *owner, enum option_type type, struct secrets *ret) {
        const bool password = type == OPTION_PASSWORD;
        size_t n = 0, first = ret->n;
        char path[PATH_BYTES_MAX];
        struct error err = {0};
        char *text = NULL;
        int e;

        if (node->kind != YAML_MAPPING || node->n != 1 || node->items[0]->kind != YAML_SCALAR || (!yaml_get(node, "file") && !yaml_get(node, "env"))) {
                reading_mistake(r, node,
                                IN_READING(r, "%s must be {file: PATH} or {env: NAME}; a token itself does not belong in a configuration file",
                                           "%s moet {file: PAD} of {env: NAAM} zijn; een token zelf hoort niet in een bestand van de configuratie"),
                                owner ? owner : key);
                return;
        }
        if (!environment || !secret_text(r, node, folder, environment, &text, &n, path))
                return;
        e = password ? secrets_add_password(ret, (struct text){text, n}, &err) : secrets_add(ret, owner, (struct text){text, n}, &err);
        explicit_bzero(text, n);
        free(text);
        if (e == 0)
                e = secrets_remember(ret, first, path[0] ? path : NULL, owner, password);
        if (e == -EINVAL)
                reading_mistake(r, node->items[0], "%s%s%s: %s", key, owner ? IN_READING(r, " of ", " van ") : "", owner ? owner : "", err.text);
        else if (e < 0)
                r->e = e;
}

void settings_read_secret(struct reading *r, const struct yaml_node *node, const char *folder, const char *(*environment)(const char *name), const char *key,
                          const char *owner, struct secrets *ret) {
        read_secret(r, node, folder, environment, key, owner, OPTION_SECRETS, ret);
}

static void set_secret(struct settings *s, const struct connector_option *option, const struct yaml_node *node, const char *owner, struct secrets *field) {
        read_secret(&s->r, node, s->source->folder, s->source->environment, option->key, owner, option->type, field);
}

static void set_secrets(struct settings *s, const struct connector_option *option, const struct yaml_node *node, struct secrets *field) {
        if (node->kind != YAML_MAPPING || node->n == 0) {
                settings_mistake(s, node, option);
                return;
        }
        for (size_t i = 0; i < node->n; i++) {
                const struct organisation *owner = NULL;

                set_organisation(s, option, node->keys[i], &owner);
                if (owner)
                        set_secret(s, option, node->items[i], owner->id, field);
        }
}

static void set_path(struct settings *s, const struct yaml_node *node, const char **field) {
        const char *folder = s->source->folder;

        *field = node->text[0] == '/' || !folder ? reading_copy(&s->r, node->text) : arena_printf(s->r.arena, "%s/%s", folder, node->text);
        if (!*field)
                s->r.e = -ENOMEM;
}

static void set_list(struct settings *s, const struct connector_option *option, const struct yaml_node *node, struct option_list *field) {
        size_t n = reading_items(node);
        const char **items = n <= OPTION_ITEMS_MAX ? reading_alloc(&s->r, n ? n : 1, sizeof(*items)) : NULL;

        for (size_t i = 0; i < n && items; i++) {
                const struct yaml_node *item = reading_item(node, i);
                bool right = item->kind == YAML_SCALAR && item->text[0] != '\0';

                for (size_t j = 0; right && j < i; j++)
                        right = strcmp(items[j], item->text) != 0;
                if (!right) {
                        settings_mistake(s, item, option);
                        return;
                }
                items[i] = reading_copy(&s->r, item->text);
                if (!items[i])
                        return;
        }
        if (items)
                *field = (struct option_list){items, n};
        else if (!s->r.e)
                settings_mistake(s, node, option);
}

static void set_pairs(struct settings *s, const struct connector_option *option, const struct yaml_node *node, struct option_pairs *field) {
        bool fits = node->kind == YAML_MAPPING && node->n <= OPTION_ITEMS_MAX;
        struct option_pair *items = fits ? reading_alloc(&s->r, node->n ? node->n : 1, sizeof(*items)) : NULL;

        for (size_t i = 0; items && i < node->n; i++) {
                if (node->items[i]->kind != YAML_SCALAR || node->items[i]->text[0] == '\0') {
                        settings_mistake(s, node->items[i], option);
                        return;
                }
                items[i] = (struct option_pair){reading_copy(&s->r, node->keys[i]->text), reading_copy(&s->r, node->items[i]->text)};
                if (!items[i].key || !items[i].value)
                        return;
        }
        if (items)
                *field = (struct option_pairs){items, node->n};
        else if (!s->r.e)
                settings_mistake(s, node, option);
}

static void set_table(struct settings *s, const struct connector_option *option, const struct yaml_node *node, struct option_table *field);

static void set_option(struct settings *s, const struct connector_option *option, const struct yaml_node *node, void *ctx) {
        void *field = field_of(option, ctx);

        if (option->type == OPTION_SECRET || option->type == OPTION_PASSWORD) {
                set_secret(s, option, node, NULL, field);
                return;
        }
        if (option->type == OPTION_SECRETS) {
                set_secrets(s, option, node, field);
                return;
        }
        if (option->type == OPTION_LIST) {
                set_list(s, option, node, field);
                return;
        }
        if (option->type == OPTION_PAIRS) {
                set_pairs(s, option, node, field);
                return;
        }
        if (option->type == OPTION_TABLE) {
                set_table(s, option, node, field);
                return;
        }
        if (option->type == OPTION_EACH) {
                *(const struct yaml_node **)field = node;
                return;
        }
        if (node->kind != YAML_SCALAR || node->text[0] == '\0') {
                settings_mistake(s, node, option);
                return;
        }
        switch (option->type) {
        case OPTION_PATH:
                set_path(s, node, field);
                return;
        case OPTION_STRING:
                *(const char **)field = reading_copy(&s->r, node->text);
                return;
        case OPTION_ORGANISATION:
                set_organisation(s, option, node, field);
                return;
        case OPTION_INT:
                (void) reading_number(&s->r, node, option->key, option->min, option->max, field);
                return;
        case OPTION_BOOLEAN:
                (void) reading_flag(&s->r, node, option->key, field);
                return;
        case OPTION_DURATION:
                set_duration(s, option, node, field);
                return;
        case OPTION_CHOICE:
                set_choice(s, option, node, field);
                return;
        case OPTION_SECRET:
        case OPTION_PASSWORD:
        case OPTION_SECRETS:
        case OPTION_LIST:
        case OPTION_PAIRS:
        case OPTION_TABLE:
        case OPTION_EACH:
                break;
        }
}

/* The fallback is a literal of the table, and right: the conformance test holds that. It is read like any value. */
static void set_fallback(struct settings *s, const struct connector_option *option, void *ctx) {
        struct yaml_node node = {.kind = YAML_SCALAR, .text = option->fallback};
        size_t before = s->r.mistakes->n;

        if (option->fallback[0] == '\0')
                return;
        set_option(s, option, &node, ctx);
        assert(s->r.mistakes->n == before);
}

/* What a mapping does not say stands in @general, when there is one. */
static void read_table(struct settings *s, const struct yaml_node *mapping, const struct yaml_node *general, const struct settings_target *target) {
        for (const struct connector_option *o = target->options; o->key; o++) {
                const struct yaml_node *node = yaml_get(mapping, o->key);

                if (!node && general)
                        node = yaml_get(general, o->key);
                if (node)
                        set_option(s, o, node, target->ctx);
                else if (o->fallback)
                        set_fallback(s, o, target->ctx);
                else
                        reading_mistake(&s->r, mapping, IN_READING(&s->r, "'%s' is missing: %s", "'%s' ontbreekt: %s"), o->key,
                                        IN_READING(&s->r, o->doc, "ketenwacht connect --help NAAM legt uit wat hier hoort"));
        }
}

/* The keys that somebody knows; NULL behind the last. NULL when there is no memory. */
static const char **known_keys(struct settings *s, const char *const *also, const struct settings_target *targets, size_t n) {
        const char **keys;
        size_t count = 0;

        for (size_t i = 0; also && also[i]; i++)
                count++;
        for (size_t i = 0; i < n; i++) {
                for (const struct connector_option *o = targets[i].options; o->key; o++)
                        count++;
        }
        keys = reading_alloc(&s->r, count + 1, sizeof(*keys));
        if (!keys)
                return NULL;
        count = 0;
        for (size_t i = 0; also && also[i]; i++)
                keys[count++] = also[i];
        for (size_t i = 0; i < n; i++) {
                for (const struct connector_option *o = targets[i].options; o->key; o++)
                        keys[count++] = o->key;
        }
        return keys;
}

static void set_table(struct settings *s, const struct connector_option *option, const struct yaml_node *node, struct option_table *field) {
        size_t n = node->kind == YAML_SEQUENCE ? node->n : 0;
        struct settings_target row = {.options = option->row};
        const char **keys = known_keys(s, NULL, &row, 1);
        uint8_t *rows = n > 0 && n <= OPTION_ITEMS_MAX ? reading_alloc(&s->r, n, option->row_size) : NULL;

        if (!rows && !s->r.e)
                settings_mistake(s, node, option);
        for (size_t i = 0; rows && keys && i < n; i++) {
                if (!reading_mapping(&s->r, node->items[i], option->key))
                        continue;
                row.ctx = rows + i * option->row_size;
                reading_keys(&s->r, node->items[i], keys, option->key);
                read_table(s, node->items[i], NULL, &row);
        }
        if (rows)
                *field = (struct option_table){rows, n};
}

int settings_read(const struct settings_source *source, const struct yaml_node *mapping, const char *const *also, const struct settings_target *targets,
                  size_t n, struct mistakes *mistakes) {
        struct settings s = {.r = {.yaml = source->yaml, .mistakes = mistakes, .arena = source->arena}, .source = source};
        size_t before = mistakes->n;
        const char **keys;

        assert(mapping->kind == YAML_MAPPING);
        keys = known_keys(&s, also, targets, n);
        if (!keys)
                return s.r.e;
        reading_keys(&s.r, mapping, keys, IN_READING(&s.r, "this connector", "deze connector"));
        for (size_t i = 0; i < n; i++) {
                if (targets[i].ctx)
                        read_table(&s, mapping, NULL, &targets[i]);
        }
        return reading_end(&s.r, before);
}

int settings_read_over(const struct settings_source *source, const struct yaml_node *mapping, const struct yaml_node *general,
                       const struct yaml_node *place, const struct settings_target *targets, size_t n, struct mistakes *mistakes) {
        struct settings s = {.r = {.yaml = source->yaml, .mistakes = mistakes, .arena = source->arena}, .source = source};
        const struct yaml_node nothing = {.kind = YAML_MAPPING, .line = place->line, .column = place->column};
        const char **keys = mapping ? known_keys(&s, NULL, targets, n) : NULL;
        size_t before = mistakes->n;

        if (mapping && !keys)
                return s.r.e;
        if (mapping)
                reading_keys(&s.r, mapping, keys, IN_READING(&s.r, "this organisation", "deze organisatie"));
        for (size_t i = 0; i < n; i++)
                read_table(&s, mapping ? mapping : &nothing, general, &targets[i]);
        return reading_end(&s.r, before);
}

static bool settings_is_secret(const struct connector_option *o) {
        return o->type == OPTION_SECRET || o->type == OPTION_PASSWORD || o->type == OPTION_SECRETS;
}

void settings_done(const struct connector_option *options, void *ctx) {
        for (const struct connector_option *o = options; o->key; o++) {
                if (settings_is_secret(o))
                        secrets_done(field_of(o, ctx));
        }
}

void settings_renew(const struct connector_option *options, void *ctx, const char *connector, const struct log *log) {
        for (const struct connector_option *o = options; o->key; o++) {
                struct error err = {0};
                int r = settings_is_secret(o) ? secrets_renew(field_of(o, ctx), &err) : 0;

                if (r == SECRETS_NEW)
                        log_line(log, CONNECT_SECRET_NEW, LOG_STRING("connector", connector), LOG_STRING("key", o->key));
                else if (r < 0)
                        log_line(log, CONNECT_SECRET_UNREAD, LOG_STRING("connector", connector), LOG_STRING("key", o->key), LOG_STRING("reason", err.text));
        }
}

const char *option_pairs_find(const struct option_pairs *pairs, struct text key) {
        for (size_t i = 0; i < pairs->n; i++) {
                if (text_is(key, pairs->items[i].key))
                        return pairs->items[i].value;
        }
        return NULL;
}

/* -- Documentation -- */

static void wrap(const char *text, struct buffer *out) {
        size_t column = 0;

        while (*text) {
                size_t n = strcspn(text, " ");

                if (column > 0 && column + 1 + n > DOC_COLUMNS - DOC_INDENT) {
                        buffer_add_byte(out, '\n');
                        column = 0;
                }
                buffer_printf(out, "%*s%.*s", column == 0 ? DOC_INDENT : 1, "", (int)n, text);
                column += n + (column > 0);
                text += n;
                while (*text == ' ')
                        text++;
        }
        buffer_add_byte(out, '\n');
}

/* @within: stands before each key. */
static void document_table(const struct connector_option *options, const char *within, struct buffer *out) {
        for (const struct connector_option *o = options; o->key; o++) {
                buffer_printf(out, "  %s%s: ", within, o->key);
                settings_describe(o, LANGUAGE_EN, out);
                if (!o->fallback)
                        buffer_add_text(out, "; required");
                else if (o->fallback[0])
                        buffer_printf(out, "; default %s", o->fallback);
                buffer_add_byte(out, '\n');
                wrap(o->doc, out);
                if (o->type == OPTION_TABLE)
                        document_table(o->row, "  - ", out);
        }
}

void settings_document(const struct connector_option *options, struct buffer *out) {
        document_table(options, "", out);
}
