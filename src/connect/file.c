/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the file of a connector: which one it is and its name, then the options of the runtime and its own. */

#include "connect/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/name.h"
#include "base/reading.h"
#include "connect/window.h"

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
         .fallback = "",
         .doc = "Whose inbox is delivered; or say organisations.",
         .type = OPTION_ORGANISATION,
         .offset = offsetof(struct connect_out, organisation)},
        {.key = "organisations",
         .fallback = "",
         .doc = "Whose inboxes are delivered, when they are many: one process for all of them, each by itself, so that none waits for another's receiver.",
         .type = OPTION_EACH,
         .offset = offsetof(struct connect_out, organisations)},
        {.key = "parallel",
         .fallback = "8",
         .doc = "Cases of an organisation that are delivered side by side. Records of one case always go one after another.",
         .type = OPTION_INT,
         .offset = offsetof(struct connect_out, parallel),
         .min = 1,
         .max = WINDOW_RECORDS},
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

/* What may differ by organisation whatever the connector. */
static const struct connector_option connect_target_options[] = {
        {.key = "from",
         .fallback = "",
         .doc = "The connector, by its name, that delivered this inbox before: at the first start it is gone on where that one stopped, and its dead letters "
                "are taken when they are sent again. {organisation} in it stands for the organisation's id. End that connector first.",
         .type = OPTION_STRING,
         .offset = offsetof(struct connector_target, from)},
        {0},
};

const struct connector_option *connect_options_each(enum connector_direction direction) {
        return direction == CONNECTOR_OUT ? connect_target_options : connect_target_options + ELEMENTS(connect_target_options) - 1;
}

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

/* -- Whose inboxes -- */

static int make_targets(struct connect_file *file, size_t n) {
        file->targets = calloc(n + 1, sizeof(*file->targets));
        if (!file->targets)
                return -ENOMEM;
        for (; file->targets_n < n && file->ops->target_size > 0; file->targets_n++) {
                file->targets[file->targets_n].options = calloc(1, file->ops->target_size);
                if (!file->targets[file->targets_n].options)
                        return -ENOMEM;
        }
        file->targets_n = n;
        return 0;
}

/* One of many, by its id; NULL with a mistake. */
static const struct organisation *find_target(const struct connect_file *file, size_t n, struct reading *r, const struct settings_source *source,
                                              const struct yaml_node *node, const char *id) {
        const struct organisation *found = organisations_find(source->organisations, text_of(id));
        struct nearest nearest = NEAREST_INIT(id);
        char hint[NEAREST_HINT_MAX];

        if (!found) {
                organisations_nearest(source->organisations, &nearest);
                reading_mistake(r, node, IN_READING(r, "organisations: no organisation '%s'%s", "organisations: er is geen organisatie '%s'%s"), id,
                                reading_hint(r, &nearest, hint));
        }
        for (size_t i = 0; found && i < n; i++) {
                if (file->targets[i].organisation == found) {
                        reading_mistake(r, node, IN_READING(r, "organisations: '%s' stands there twice", "organisations: '%s' staat er twee keer"), id);
                        return NULL;
                }
        }
        return found;
}

/* "webhook-{organisation}" */
static int expand_from(struct connect_file *file, struct connector_target *target) {
        static const char place[] = "{organisation}";
        const char *at = target->from ? strstr(target->from, place) : NULL;

        if (!at)
                return 0;
        target->from = arena_printf(file->arena, "%.*s%s%s", (int)(at - target->from), target->from, target->organisation->id, at + sizeof(place) - 1);
        return target->from ? 0 : -ENOMEM;
}

/* @mapping: what differs, or NULL; @general: NULL, or what does not. */
static int read_target(struct connect_file *file, struct connector_target *target, const struct settings_source *source, const struct yaml_node *mapping,
                       const struct yaml_node *place, struct mistakes *mistakes) {
        const struct settings_target tables[] = {{connect_target_options, target}, {file->ops->target_options, target->options}};
        int r = settings_read_over(source, mapping, yaml_tree_root(source->yaml), place, tables, file->ops->target_options ? 2 : 1, mistakes);
        int e = expand_from(file, target);

        return e ? e : r;
}

static int read_all_targets(struct connect_file *file, struct reading *r, const struct settings_source *source) {
        int e = make_targets(file, organisations_count(source->organisations));

        for (size_t i = 0; e == 0 && i < file->targets_n; i++) {
                file->targets[i].organisation = organisations_at(source->organisations, i);
                e = read_target(file, &file->targets[i], source, NULL, file->out.organisations, r->mistakes);
        }
        return e;
}

static int read_each_target(struct connect_file *file, struct reading *r, const struct settings_source *source) {
        const struct yaml_node *node = file->out.organisations;
        const bool mapping = node->kind == YAML_MAPPING;
        int e = make_targets(file, node->n), result = 0;

        for (size_t i = 0; e == 0 && i < node->n; i++) {
                const struct yaml_node *item = node->items[i];
                struct connector_target *target = &file->targets[i];
                bool nothing = !mapping || (item->kind == YAML_SCALAR && !item->text[0]);

                if (!mapping && !reading_scalar(r, item, "organisations"))
                        return -EINVAL;
                if (mapping && !nothing && !reading_mapping(r, item, node->keys[i]->text))
                        return -EINVAL;
                target->organisation = find_target(file, i, r, source, mapping ? node->keys[i] : item, mapping ? node->keys[i]->text : item->text);
                if (!target->organisation) {
                        result = -EINVAL;
                        continue;
                }
                e = read_target(file, target, source, nothing ? NULL : item, mapping ? node->keys[i] : item, r->mistakes);
                if (e == -EINVAL)
                        result = e;
                e = e == -EINVAL ? 0 : e;
        }
        return e ? e : result;
}

static int read_targets(struct connect_file *file, struct reading *r, const struct settings_source *source) {
        const struct yaml_node *root = yaml_tree_root(source->yaml), *many = file->out.organisations;
        int e;

        if (many && file->out.organisation) {
                reading_mistake(r, many, IN_READING(r, "organisation or organisations, not both", "organisation of organisations, niet allebei"));
                return -EINVAL;
        }
        if (many && many->kind == YAML_SCALAR && strcmp(many->text, "all") == 0)
                return read_all_targets(file, r, source);
        if (many && many->kind != YAML_SCALAR && many->n > 0)
                return read_each_target(file, r, source);
        if (many) {
                reading_mistake(r, many,
                                IN_READING(r, "organisations must be a list of organisations, [a, b], all, or a mapping with what differs, {a: {KEY: …}}",
                                           "organisations moet een lijst van organisaties zijn, [a, b], all, of wat er per organisatie verschilt, "
                                           "{a: {SLEUTEL: …}}"));
                return -EINVAL;
        }
        if (!file->out.organisation) {
                if (!yaml_get(root, "organisation")) /* else it is told what is wrong with it */
                        reading_mistake(r, root, IN_READING(r, "'organisation' or 'organisations' is missing: whose inbox is delivered",
                                                            "'organisation' of 'organisations' ontbreekt: wiens inbox wordt bezorgd"));
                return -EINVAL;
        }
        e = make_targets(file, 1);
        if (e)
                return e;
        file->targets[0].organisation = file->out.organisation;
        return read_target(file, &file->targets[0], source, NULL, root, r->mistakes);
}

static int read_options(struct connect_file *file, const struct settings_source *source, struct reading *reading) {
        static const char *const also[] = {"connector", "name", NULL};
        struct mistakes *mistakes = reading->mistakes;
        bool in = file->ops->direction == CONNECTOR_IN, out = file->ops->direction == CONNECTOR_OUT;
        struct settings_target targets[4] = {
                {connect_options(file->ops->direction), in ? (void *)&file->in : (void *)&file->out},
                {file->ops->options, NULL},
                {connect_options_each(file->ops->direction), NULL},
                {file->ops->target_options, NULL},
        };
        int r, e;

        file->ctx = calloc(1, file->ops->ctx_size ? file->ops->ctx_size : 1);
        if (!file->ctx)
                return -ENOMEM;
        targets[1].ctx = file->ctx;
        r = settings_read(source, yaml_tree_root(source->yaml), also, targets, file->ops->target_options ? 4 : 3, mistakes);
        e = out && (r == 0 || r == -EINVAL) ? read_targets(file, reading, source) : 0;
        file->out.organisations = NULL; /* it ends with the file */
        r = r ? r : e;
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
        e = read_options(file, source, &r);
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
        settings_document(connect_options_each(ops->direction), out);
        settings_document(ops->options, out);
        if (ops->target_options)
                settings_document(ops->target_options, out);
        for (const struct connector_verb *v = ops->verbs; v && v->name; v++)
                buffer_printf(out, "\n`ketenwacht connect %s%s FILE`: %s\n", strcmp(v->name, CONNECTOR_VERB_TRY) == 0 ? "check --" : "", v->name, v->doc);
}
