/* SPDX-License-Identifier: EUPL-1.2 */
#include "connect/settings.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define PATH_BYTES_MAX 4096
#define DOC_COLUMNS 100
#define DOC_INDENT 8

struct reading {
        const struct settings_source *source;
        struct mistakes *mistakes;
        int failed; /* -ENOMEM, or 0 */
};

static void *field_of(const struct connector_option *option, void *ctx) {
        return (uint8_t *)ctx + option->offset;
}

static const struct {
        const char *word;
        int64_t ms;
} units[] = {
        {"ms", 1}, {"millisecond", 1}, {"milliseconds", 1}, {"s", 1000}, {"second", 1000}, {"seconds", 1000},
        {"minute", 60000}, {"minutes", 60000}, {"hour", 3600000}, {"hours", 3600000},
};

bool settings_duration(struct text t, int64_t *ret_ms) {
        size_t digits = 0, from;
        int64_t n;

        while (digits < t.n && t.s[digits] >= '0' && t.s[digits] <= '9')
                digits++;
        if (!text_to_int64((struct text){t.s, digits}, &n) || n > INT32_MAX)
                return false;
        for (from = digits; from < t.n && t.s[from] == ' '; from++) {
        }
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                if (text_is((struct text){t.s + from, t.n - from}, units[i].word)) {
                        *ret_ms = n * units[i].ms;
                        return true;
                }
        }
        return false;
}

static void print_duration(int64_t ms, struct buffer *out) {
        if (ms % 3600000 == 0)
                buffer_printf(out, "%" PRId64 " h", ms / 3600000);
        else if (ms % 60000 == 0)
                buffer_printf(out, "%" PRId64 " min", ms / 60000);
        else if (ms % 1000 == 0)
                buffer_printf(out, "%" PRId64 " s", ms / 1000);
        else
                buffer_printf(out, "%" PRId64 " ms", ms);
}

/* What a value of this option must be, as a phrase. */
static void describe(const struct connector_option *option, struct buffer *out) {
        switch (option->type) {
        case OPTION_STRING:
                buffer_add_text(out, "text");
                break;
        case OPTION_ORGANISATION:
                buffer_add_text(out, "the id of an organisation");
                break;
        case OPTION_INT:
                buffer_printf(out, "a number from %" PRId64 " to %" PRId64, option->min, option->max);
                break;
        case OPTION_BOOLEAN:
                buffer_add_text(out, "true or false");
                break;
        case OPTION_DURATION:
                buffer_add_text(out, "a duration from ");
                print_duration(option->min, out);
                buffer_add_text(out, " to ");
                print_duration(option->max, out);
                buffer_add_text(out, " (500 ms, 10 seconds, 5 minutes, 1 hour)");
                break;
        case OPTION_CHOICE:
                for (size_t i = 0; option->choices[i]; i++)
                        buffer_printf(out, "%s%s", i == 0 ? "" : " or ", option->choices[i]);
                break;
        case OPTION_SECRET:
                buffer_add_text(out, "{file: PATH} or {env: NAME}, where the token stands");
                break;
        case OPTION_SECRETS:
                buffer_add_text(out, "for each organisation {file: PATH} or {env: NAME}, where its tokens stand");
                break;
        }
}

static void mistake(struct reading *r, const struct yaml_node *node, const struct connector_option *option) {
        CLEANUP(buffer_done) struct buffer expected = BUFFER_INIT(4096);

        describe(option, &expected);
        mistakes_at(r->mistakes, r->source->yaml, node, "%s must be %s", option->key, buffer_text(&expected));
}

/* -- Values -- */

static bool set_scalar(const struct connector_option *option, struct text t, bool quoted, void *field) {
        int64_t n;

        switch (option->type) {
        case OPTION_INT:
                if (quoted || !text_to_int64(t, &n) || n < option->min || n > option->max)
                        return false;
                *(int64_t *)field = n;
                return true;
        case OPTION_DURATION:
                if (!settings_duration(t, &n) || n < option->min || n > option->max)
                        return false;
                *(int64_t *)field = n;
                return true;
        case OPTION_BOOLEAN:
                *(bool *)field = text_is(t, "true");
                return !quoted && (text_is(t, "true") || text_is(t, "false"));
        case OPTION_CHOICE:
                for (int i = 0; option->choices[i]; i++) {
                        if (text_is(t, option->choices[i])) {
                                *(int *)field = i;
                                return true;
                        }
                }
                return false;
        default:
                return false;
        }
}

static void set_organisation(struct reading *r, const struct connector_option *option, const struct yaml_node *node, void *field) {
        const struct organisation *found = organisations_find(r->source->organisations, text_of(node->text));
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[NEAREST_HINT_MAX];

        if (found) {
                *(const struct organisation **)field = found;
                return;
        }
        organisations_nearest(r->source->organisations, &nearest);
        mistakes_at(r->mistakes, r->source->yaml, node, "%s: no organisation '%s'%s", option->key, node->text, nearest_hint(&nearest, hint));
}

/* The text that a {file: PATH} or {env: NAME} stands for; *ret is the caller's to wipe and free. */
static bool secret_text(struct reading *r, const struct yaml_node *node, char **ret, size_t *ret_n) {
        const struct yaml_node *file = yaml_get(node, "file"), *env = yaml_get(node, "env"), *at = file ? file : env;
        char path[PATH_BYTES_MAX];
        struct error err = {0};
        const char *value;

        if (file) {
                bool absolute = file->text[0] == '/' || !r->source->folder;

                (void) snprintf(path, sizeof(path), "%s%s%s", absolute ? "" : r->source->folder, absolute ? "" : "/", file->text);
                if (file_read(path, ret, ret_n, &err) < 0) {
                        mistakes_at(r->mistakes, r->source->yaml, at, "the token cannot be read: %s", err.text);
                        return false;
                }
                return true;
        }
        value = r->source->environment ? r->source->environment(env->text) : NULL;
        if (!value) {
                mistakes_at(r->mistakes, r->source->yaml, at, "the environment has no variable %s, in which a token should stand", env->text);
                return false;
        }
        *ret = strdup(value);
        *ret_n = strlen(value);
        if (!*ret)
                r->failed = -ENOMEM;
        return *ret != NULL;
}

static void set_secret(struct reading *r, const struct connector_option *option, const struct yaml_node *node, const char *owner,
                       struct secrets *field) {
        char *text = NULL;
        struct error err = {0};
        size_t n = 0;
        int e;

        if (node->kind != YAML_MAPPING || node->n != 1 || node->items[0]->kind != YAML_SCALAR || (!yaml_get(node, "file") && !yaml_get(node, "env"))) {
                mistakes_at(r->mistakes, r->source->yaml, node,
                            "%s must be {file: PATH} or {env: NAME}; a token itself does not belong in a configuration file",
                            owner ? owner : option->key);
                return;
        }
        if (!secret_text(r, node, &text, &n))
                return;
        e = secrets_add(field, owner, (struct text){text, n}, &err);
        explicit_bzero(text, n);
        free(text);
        if (e == -EINVAL)
                mistakes_at(r->mistakes, r->source->yaml, node->items[0], "%s%s%s: %s", option->key, owner ? " of " : "", owner ? owner : "", err.text);
        else if (e < 0)
                r->failed = e;
}

static void set_secrets(struct reading *r, const struct connector_option *option, const struct yaml_node *node, struct secrets *field) {
        if (node->kind != YAML_MAPPING || node->n == 0) {
                mistake(r, node, option);
                return;
        }
        for (size_t i = 0; i < node->n; i++) {
                const struct organisation *owner = NULL;

                set_organisation(r, option, node->keys[i], &owner);
                if (owner)
                        set_secret(r, option, node->items[i], owner->id, field);
        }
}

static void set_option(struct reading *r, const struct connector_option *option, const struct yaml_node *node, void *ctx) {
        void *field = field_of(option, ctx);

        switch (option->type) {
        case OPTION_SECRET:
                set_secret(r, option, node, NULL, field);
                return;
        case OPTION_SECRETS:
                set_secrets(r, option, node, field);
                return;
        default:
                break;
        }
        if (node->kind != YAML_SCALAR || node->text[0] == '\0') {
                mistake(r, node, option);
        } else if (option->type == OPTION_ORGANISATION) {
                set_organisation(r, option, node, field);
        } else if (option->type == OPTION_STRING) {
                *(const char **)field = arena_copy(r->source->arena, node->text, strlen(node->text));
                if (!*(const char **)field)
                        r->failed = -ENOMEM;
        } else if (!set_scalar(option, text_of(node->text), node->quoted, field)) {
                mistake(r, node, option);
        }
}

/* The fallback is a literal of the table, and right: the conformance test holds that. */
static void set_fallback(const struct connector_option *option, void *ctx) {
        bool ok = true;

        if (option->fallback[0] == '\0')
                return;
        if (option->type == OPTION_STRING)
                *(const char **)field_of(option, ctx) = option->fallback;
        else
                ok = set_scalar(option, text_of(option->fallback), false, field_of(option, ctx));
        assert(ok);
        (void) ok;
}

static void read_table(struct reading *r, const struct yaml_node *mapping, const struct settings_target *target) {
        for (const struct connector_option *o = target->options; o->key; o++) {
                const struct yaml_node *node = yaml_get(mapping, o->key);

                if (node)
                        set_option(r, o, node, target->ctx);
                else if (o->fallback)
                        set_fallback(o, target->ctx);
                else
                        mistakes_at(r->mistakes, r->source->yaml, mapping, "'%s' is missing: %s", o->key, o->doc);
        }
}

/* -- Keys that nobody knows -- */

static bool known(const char *key, const char *const *also, const struct settings_target *targets, size_t n, struct nearest *nearest) {
        for (; also && *also; also++) {
                nearest_try(nearest, *also);
                if (strcmp(*also, key) == 0)
                        return true;
        }
        for (size_t i = 0; i < n; i++) {
                for (const struct connector_option *o = targets[i].options; o->key; o++) {
                        nearest_try(nearest, o->key);
                        if (strcmp(o->key, key) == 0)
                                return true;
                }
        }
        return false;
}

int settings_read(const struct settings_source *source, const struct yaml_node *mapping, const char *const *also, const struct settings_target *targets,
                 size_t n, struct mistakes *mistakes) {
        struct reading r = {.source = source, .mistakes = mistakes};
        char hint[NEAREST_HINT_MAX];
        size_t before = mistakes->n;

        for (size_t i = 0; i < mapping->n; i++) {
                struct nearest nearest = NEAREST_INIT(mapping->keys[i]->text);

                if (!known(mapping->keys[i]->text, also, targets, n, &nearest))
                        mistakes_at(mistakes, source->yaml, mapping->keys[i], "no option '%s'%s", mapping->keys[i]->text, nearest_hint(&nearest, hint));
        }
        for (size_t i = 0; i < n; i++)
                read_table(&r, mapping, &targets[i]);
        if (r.failed)
                return r.failed;
        return mistakes->n > before ? -EINVAL : 0;
}

void settings_done(const struct connector_option *options, void *ctx) {
        for (const struct connector_option *o = options; o->key; o++) {
                if (o->type == OPTION_SECRET || o->type == OPTION_SECRETS)
                        secrets_done(field_of(o, ctx));
        }
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

void settings_document(const struct connector_option *options, struct buffer *out) {
        for (const struct connector_option *o = options; o->key; o++) {
                buffer_printf(out, "  %s: ", o->key);
                describe(o, out);
                if (!o->fallback)
                        buffer_add_text(out, "; required");
                else if (o->fallback[0])
                        buffer_printf(out, "; default %s", o->fallback);
                buffer_add_byte(out, '\n');
                wrap(o->doc, out);
        }
}
