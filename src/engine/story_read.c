/* SPDX-License-Identifier: EUPL-1.2 */

/* A file of stories: which protocol it is about, who acts when nobody is named, and the stories themselves. */

#include <errno.h>
#include <string.h>

#include "engine/story_parts.h"

#define STORIES_ARENA_MAX ((size_t)256 * 1024 * 1024)

typedef VECTOR(struct story) story_list;

static bool find_protocol(struct story_reading *s, const struct yaml_node *root) {
        const struct yaml_node *node = reading_required(&s->r, root, "protocol", "a file of stories");
        char hint[NEAREST_HINT_MAX];

        if (!node || !reading_scalar(&s->r, node, "protocol"))
                return false;
        struct nearest nearest = NEAREST_INIT(node->text);

        for (size_t i = 0; i < s->config->protocols.n; i++) {
                s->protocol = s->config->protocols.items[i];
                if (strcmp(s->protocol->name, node->text) == 0)
                        return true;
                nearest_try(&nearest, s->protocol->name);
        }
        reading_mistake(&s->r, node, "no protocol is called '%.80s'%s", node->text, nearest_hint(&nearest, hint));
        return false;
}

/* {gi: gi-jbn, municipality: gm0014}: who publishes, by kind. */
static void read_defaults(struct story_reading *s, const struct yaml_node *node) {
        if (!node || !reading_mapping(&s->r, node, "defaults"))
                return;
        for (size_t i = 0; i < node->n; i++) {
                struct nearest nearest = NEAREST_INIT(node->keys[i]->text);
                const struct organisation *org;
                char hint[NEAREST_HINT_MAX];
                enum organisation_kind kind;

                if (!organisation_kind_of(node->keys[i]->text, &kind)) {
                        for (unsigned k = 0; k < KINDS; k++)
                                nearest_try(&nearest, organisation_kind_names[k]);
                        reading_mistake(&s->r, node->keys[i], "no kind of organisation is called '%.80s'%s", node->keys[i]->text, nearest_hint(&nearest, hint));
                        continue;
                }
                org = story_organisation(s, node->items[i]);
                if (org && org->kind != kind)
                        reading_mistake(&s->r, node->items[i], "'%s' is of the kind %s, not %s", org->id, organisation_kind_names[org->kind],
                                        organisation_kind_names[kind]);
                else if (org)
                        s->defaults[kind] = org;
        }
}

static void read_norms(struct story_reading *s, const struct yaml_node *node) {
        if (!node)
                return;
        s->story->norms = reading_alloc(&s->r, reading_items(node), sizeof(*s->story->norms));
        for (size_t i = 0; s->story->norms && i < reading_items(node); i++) {
                const struct norm *norm = story_norm(s, reading_item(node, i));

                if (norm)
                        s->story->norms[s->story->n_norms++] = norm;
        }
}

static void read_routes(struct story_reading *s, const struct yaml_node *node) {
        if (!node)
                return;
        s->story->routes = reading_alloc(&s->r, reading_items(node), sizeof(*s->story->routes));
        for (size_t i = 0; s->story->routes && i < reading_items(node); i++) {
                const struct yaml_node *item = reading_item(node, i);
                const struct event_type *type = reading_scalar(&s->r, item, "routes") ? story_type(s, item, item->text) : NULL;

                if (type)
                        s->story->routes[s->story->n_routes++] = type;
        }
}

static void read_region(struct story_reading *s, const struct yaml_node *node) {
        char hint[NEAREST_HINT_MAX];

        if (!node || !reading_scalar(&s->r, node, "region"))
                return;
        struct nearest nearest = NEAREST_INIT(node->text);

        s->region = regions_find(s->config->organisations, text_of(node->text));
        s->story->region = s->region;
        if (s->region)
                return;
        regions_nearest(s->config->organisations, &nearest);
        reading_mistake(&s->r, node, "no region is called '%.80s'%s", node->text, nearest_hint(&nearest, hint));
}

static void read_instance(struct story_reading *s, const struct yaml_node *node) {
        if (!node || !reading_scalar(&s->r, node, "instance"))
                return;
        s->instance = node->text;
        s->story->instance = story_instance(s, node, node->text);
}

static bool read_title(struct story_reading *s, const struct yaml_node *node, const story_list *all) {
        const struct yaml_node *title = reading_required(&s->r, node, "story", "a story");

        s->story->title = title ? reading_text(&s->r, title, "story") : NULL;
        if (!s->story->title)
                return false;
        for (size_t i = 0; i < all->n; i++) {
                if (strcmp(all->items[i].title, s->story->title) != 0)
                        continue;
                reading_mistake(&s->r, title, "a story of this title stands already in line %u; with rows, put a <word> into the title",
                                all->items[i].node->line);
                return false;
        }
        return true;
}

/* One story, its row filled in. */
static void read_story(struct story_reading *file, const struct yaml_node *node, story_list *all) {
        static const char *const keys[] = {"story", "norm", "routes", "region", "instance", "defaults", "given", "clock", "expect", NULL};
        struct story story = {.node = node};
        struct story_reading s = *file;
        const struct yaml_node *given = reading_required(&s.r, node, "given", "a story"), *clock = reading_required(&s.r, node, "clock", "a story"),
                               *expect = reading_required(&s.r, node, "expect", "a story");

        s.story = &story;
        reading_keys(&s.r, node, keys, "a story");
        if (!read_title(&s, node, all) || !given || !clock || !expect)
                return;
        read_defaults(&s, yaml_get(node, "defaults"));
        read_norms(&s, yaml_get(node, "norm"));
        read_routes(&s, yaml_get(node, "routes"));
        read_region(&s, yaml_get(node, "region"));
        if (!yaml_get(node, "norm") && !yaml_get(node, "routes"))
                reading_mistake(&s.r, node, "the story has neither norm nor routes, so it looks at nothing");
        story.expect = expect;
        story_collect_labels(&s, given);
        read_instance(&s, yaml_get(node, "instance"));
        story_read_given(&s, given, clock);
        story_read_expect(&s, expect);
        vector_done(&s.labels);
        vector_done(&s.events);
        if (s.r.e == 0 && vector_push(all, story))
                s.r.e = -ENOMEM;
        file->r.e = s.r.e;
}

/* The same mapping without one key. */
static const struct yaml_node *without(struct reading *r, const struct yaml_node *mapping, const char *key) {
        struct yaml_node *copy = reading_alloc(r, 1, sizeof(*copy));

        if (!copy)
                return NULL;
        *copy = *mapping;
        copy->n = 0;
        copy->keys = reading_alloc(r, mapping->n, sizeof(*copy->keys));
        copy->items = reading_alloc(r, mapping->n, sizeof(*copy->items));
        for (size_t i = 0; copy->keys && copy->items && i < mapping->n; i++) {
                if (strcmp(mapping->keys[i]->text, key) == 0)
                        continue;
                copy->keys[copy->n] = mapping->keys[i];
                copy->items[copy->n++] = mapping->items[i];
        }
        return copy->keys && copy->items ? copy : NULL;
}

/* A story once for each of its rows; after a row with mistakes the others would only repeat them. */
static void read_rows(struct story_reading *s, const struct yaml_node *node, const struct yaml_node *rows, story_list *all) {
        const struct yaml_node *rest = without(&s->r, node, "rows");
        size_t before = s->r.mistakes->n;

        if (!rest || !reading_sequence(&s->r, rows, "rows"))
                return;
        if (rows->n == 0)
                reading_mistake(&s->r, rows, "rows has no row, so the story would not be told at all");
        for (size_t i = 0; i < rows->n && s->r.e == 0 && s->r.mistakes->n == before; i++) {
                const struct yaml_node *filled;

                if (!reading_mapping(&s->r, rows->items[i], "a row"))
                        return;
                filled = story_fill(&s->r, rest, rows->items[i]);
                if (filled && s->r.mistakes->n == before)
                        read_story(s, filled, all);
        }
}

static void read_root(struct story_reading *s, const struct yaml_node *root, story_list *all) {
        static const char *const keys[] = {"protocol", "defaults", "stories", NULL};
        const struct yaml_node *list;

        if (!reading_mapping(&s->r, root, "a file of stories"))
                return;
        reading_keys(&s->r, root, keys, "a file of stories");
        list = reading_required(&s->r, root, "stories", "a file of stories");
        if (!find_protocol(s, root) || !list || !reading_sequence(&s->r, list, "stories"))
                return;
        read_defaults(s, yaml_get(root, "defaults"));
        for (size_t i = 0; i < list->n && s->r.e == 0; i++) {
                const struct yaml_node *node = list->items[i], *rows = yaml_get(node, "rows");

                if (!reading_mapping(&s->r, node, "a story"))
                        continue;
                if (all->n >= STORIES_MAX) {
                        reading_mistake(&s->r, node, "more than %d stories in one file", STORIES_MAX);
                        return;
                }
                if (rows)
                        read_rows(s, node, rows, all);
                else
                        read_story(s, node, all);
        }
}

static int keep(struct stories *stories, const story_list *all) {
        struct story *items = arena_calloc(stories->arena, all->n ? all->n : 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        if (all->n)
                memcpy(items, all->items, all->n * sizeof(*items));
        stories->items = items;
        stories->n = all->n;
        return 0;
}

int stories_read(const char *path, const struct config *config, struct stories **ret, struct mistakes *mistakes) {
        CLEANUP(stories_free_p) struct stories *stories = calloc(1, sizeof(*stories));
        struct story_reading s = {.config = config};
        const char *slash = strrchr(path, '/');
        size_t before = mistakes->n;
        struct error err = {0};
        story_list all = {0};
        int e;

        if (!stories)
                return -ENOMEM;
        e = arena_new(&stories->arena, STORIES_ARENA_MAX);
        if (e == 0)
                e = yaml_tree_read(path, &stories->yaml, &err);
        if (e == -ENOMEM)
                return e;
        if (e) {
                mistakes_error(mistakes, &err);
                return -EINVAL;
        }
        s.file = slash ? slash + 1 : path;
        s.r = (struct reading){.yaml = stories->yaml, .mistakes = mistakes, .arena = stories->arena};
        read_root(&s, yaml_tree_root(stories->yaml), &all);
        stories->protocol = s.protocol;
        e = s.r.e ? s.r.e : keep(stories, &all);
        vector_done(&all);
        if (e)
                return e;
        if (mistakes->n != before)
                return -EINVAL;
        *ret = TAKE(stories);
        return 0;
}

struct stories *stories_free(struct stories *stories) {
        if (!stories)
                return NULL;
        yaml_tree_free(stories->yaml);
        arena_free(stories->arena);
        free(stories);
        return NULL;
}
