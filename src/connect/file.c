/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the file of a connector: which one it is and its name, then the options of the runtime and its own. */

#include "connect/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/name.h"
#include "base/reading.h"

#define FILE_NAME_MAX 200 /* the group's name fits in one of Kafka's */

static const struct connector_option connect_in_options[] = {
        {.key = "in_flight",
         .fallback = "1000",
         .doc = "Events that may wait for the broker at once; beyond it callers are asked to come back later.",
         .type = OPTION_INT,
         .offset = offsetof(struct connect_in, in_flight),
         .min = 1,
         .max = 10000},
        {.key = "answer_within",
         .fallback = "5 s",
         .doc = "How long a caller waits for the broker. Then the outcome is open, the caller is told so, and posts again with the same event_id.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct connect_in, answer_within),
         .min = 100,
         .max = 60000},
        {0},
};

static const struct connector_option connect_out_options[] = {
        {.key = "organisation",
         .doc = "Whose inbox is delivered.",
         .type = OPTION_ORGANISATION,
         .offset = offsetof(struct connect_out, organisation)},
        {.key = "parallel",
         .fallback = "8",
         .doc = "Cases that are delivered side by side. Records of one case always go one after another.",
         .type = OPTION_INT,
         .offset = offsetof(struct connect_out, parallel),
         .min = 1,
         .max = 64},
        {.key = "tries",
         .fallback = "40",
         .doc = "Tries of one record; after the last it is parked in dead-letters and its case goes on. With the default delays the last try is about "
                "a day after the first.",
         .type = OPTION_INT,
         .offset = offsetof(struct connect_out, tries),
         .min = 1,
         .max = 10000},
        {.key = "first_delay",
         .fallback = "1 s",
         .doc = "Delay before the second try; it doubles with each further one, and half of it is left to chance.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct connect_out, first_delay),
         .min = 1,
         .max = HOUR_MS},
        {.key = "longest_delay",
         .fallback = "1 hour",
         .doc = "The delay does not grow beyond this.",
         .type = OPTION_DURATION,
         .offset = offsetof(struct connect_out, longest_delay),
         .min = 1,
         .max = DAY_MS},
        {0},
};

const struct connector_option *connect_options(enum connector_direction direction) {
        static const struct connector_option none[] = {{0}};

        return direction == CONNECTOR_IN ? connect_in_options : direction == CONNECTOR_OUT ? connect_out_options : none;
}

/* "config/connectors/webhook-gm0014.yaml": "webhook-gm0014" */
static struct text base_name(const char *path) {
        static const char ending[] = ".yaml";
        const char *slash = strrchr(path, '/');
        struct text t = text_of(slash ? slash + 1 : path);

        if (t.n > sizeof(ending) - 1 && strcmp(t.s + t.n - (sizeof(ending) - 1), ending) == 0)
                t.n -= sizeof(ending) - 1;
        return t;
}

static const char *folder_of(const char *path, struct arena *arena) {
        const char *slash = strrchr(path, '/');

        return slash ? arena_copy(arena, path, (size_t)(slash - path) + (slash == path)) : ".";
}

static void find_connector(struct connect_file *file, struct reading *r, const struct connector_ops *const *table) {
        const struct yaml_node *root = yaml_tree_root(r->yaml), *node = yaml_get(root, "connector");
        struct nearest nearest = NEAREST_INIT(node ? node->text : "");
        char hint[LANGUAGE_CHOICE_MAX];

        if (!node) {
                reading_mistake(r, root,
                                IN_READING(r, "'connector' is missing: which connector this is, as `ketenwacht connect --list` names it",
                                           "'connector' ontbreekt: welke connector dit is, zoals `ketenwacht connect --list` hem noemt"));
                return;
        }
        if (!reading_scalar(r, node, "connector"))
                return;
        for (size_t i = 0; table[i]; i++) {
                nearest_try(&nearest, table[i]->name);
                if (strcmp(table[i]->name, node->text) == 0)
                        file->ops = table[i];
        }
        if (!file->ops)
                reading_mistake(r, node, IN_READING(r, "no connector '%s'%s", "er is geen connector '%s'%s"), node->text, reading_choice(r, &nearest, hint));
}

static void read_file_name(struct connect_file *file, struct reading *r, const char *path) {
        const struct yaml_node *node = yaml_get(yaml_tree_root(r->yaml), "name");
        struct text name = node ? text_of(node->text) : base_name(path);

        if (name_valid_topic(name) && name.n <= FILE_NAME_MAX) {
                file->name = arena_copy(r->arena, name.s, name.n);
                if (!file->name)
                        r->e = -ENOMEM;
                return;
        }
        reading_mistake(r, node ? node : yaml_tree_root(r->yaml),
                        IN_READING(r, "name: must be 1 to 64 of A-Z a-z 0-9 . _ -; it is part of the consumer group's name",
                                   "name: moet 1 tot 64 tekens uit A-Z a-z 0-9 . _ - zijn; het is een deel van de naam van de consumer group"));
}

static int make_targets(struct connect_file *file) {
        file->targets = calloc(1, sizeof(*file->targets));
        if (!file->targets)
                return -ENOMEM;
        file->targets_n = 1;
        if (file->ops->target_size == 0)
                return 0;
        file->targets[0].options = calloc(1, file->ops->target_size);
        return file->targets[0].options ? 0 : -ENOMEM;
}

static int read_options(struct connect_file *file, const struct settings_source *source, struct mistakes *mistakes) {
        static const char *const also[] = {"connector", "name", NULL};
        bool in = file->ops->direction == CONNECTOR_IN;
        struct settings_target targets[3] = {
                {connect_options(file->ops->direction), in ? (void *)&file->in : (void *)&file->out},
                {file->ops->options, NULL},
        };
        int r;

        file->ctx = calloc(1, file->ops->ctx_size ? file->ops->ctx_size : 1);
        if (!file->ctx)
                return -ENOMEM;
        targets[1].ctx = file->ctx;
        r = file->ops->direction == CONNECTOR_OUT ? make_targets(file) : 0;
        if (r < 0)
                return r;
        if (file->ops->target_options)
                targets[2] = (struct settings_target){file->ops->target_options, file->targets[0].options};
        r = settings_read(source, yaml_tree_root(source->yaml), also, targets, file->ops->target_options ? 3 : 2, mistakes);
        if (file->targets_n > 0)
                file->targets[0].organisation = file->out.organisation;
        if (r == 0 && file->out.longest_delay < file->out.first_delay) {
                mistakes_at(mistakes, source->yaml, yaml_tree_root(source->yaml),
                            IN_LANGUAGE(mistakes->language, "longest_delay must not be shorter than first_delay",
                                        "longest_delay mag niet korter zijn dan first_delay"));
                return -EINVAL;
        }
        return r;
}

static int read_tree(struct connect_file *file, const char *path, const struct connector_ops *const *table, struct settings_source *source,
                     struct mistakes *mistakes) {
        struct reading r = {.yaml = source->yaml, .mistakes = mistakes, .arena = file->arena};
        size_t before = mistakes->n;
        int e;

        if (reading_mapping(&r, yaml_tree_root(source->yaml), IN_READING(&r, "the file", "het bestand"))) {
                read_file_name(file, &r, path);
                find_connector(file, &r, table);
        }
        if (r.e || !file->ops)
                return reading_end(&r, before);
        source->arena = file->arena;
        source->folder = folder_of(path, file->arena);
        if (!source->folder)
                return -ENOMEM;
        e = read_options(file, source, mistakes);
        return e ? e : reading_end(&r, before);
}

int connect_file_read(const char *path, const struct connector_ops *const *table, const struct organisations *organisations,
                      const char *(*environment)(const char *name), struct connect_file **ret, struct mistakes *mistakes) {
        CLEANUP(connect_file_free_p) struct connect_file *file = NULL;
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct settings_source source = {.organisations = organisations, .environment = environment};
        struct error err = {0};
        int r;

        r = yaml_tree_read(path, mistakes->language, &yaml, &err);
        if (r < 0) {
                mistakes_error(mistakes, &err);
                return r;
        }
        source.yaml = yaml;
        file = calloc(1, sizeof(*file));
        r = file ? arena_new(&file->arena, FILE_ARENA_MAX) : -ENOMEM;
        if (r == 0)
                r = read_tree(file, path, table, &source, mistakes);
        if (r < 0)
                return r;
        *ret = TAKE(file);
        return 0;
}

struct connect_file *connect_file_free(struct connect_file *file) {
        if (!file)
                return NULL;
        if (file->ctx)
                settings_done(file->ops->options, file->ctx);
        for (size_t i = 0; i < file->targets_n; i++) {
                if (file->targets[i].options && file->ops->target_options)
                        settings_done(file->ops->target_options, file->targets[i].options);
                free(file->targets[i].options);
        }
        free(file->targets);
        free(file->ctx);
        arena_free(file->arena);
        free(file);
        return NULL;
}

void connect_file_document(const struct connector_ops *ops, struct buffer *out) {
        buffer_printf(out, "%s: %s\n\nIts file, config/connectors/NAME.yaml, may say:\n\n", ops->name, ops->summary);
        buffer_printf(out, "  connector: %s\n  name: text; default the file's own name\n", ops->name);
        buffer_add_text(out, "        Part of the consumer group's name and of what is logged.\n");
        settings_document(connect_options(ops->direction), out);
        settings_document(ops->options, out);
        if (ops->target_options)
                settings_document(ops->target_options, out);
        for (const struct connector_verb *v = ops->verbs; v && v->name; v++)
                buffer_printf(out, "\n`ketenwacht connect %s%s FILE`: %s\n", strcmp(v->name, CONNECTOR_VERB_TRY) == 0 ? "check --" : "", v->name, v->doc);
}
