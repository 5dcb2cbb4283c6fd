/* SPDX-License-Identifier: EUPL-1.2 */

/* A file of stories: which protocol it is about, who acts when nobody is named, and the stories themselves, each once for every row of values. */

#include "engine/story.h"

#include <errno.h>
#include <string.h>

#include "engine/story_expect.h"
#include "engine/story_given.h"

#define STORIES_ARENA_MAX ((size_t)256 * 1024 * 1024)
#define FILLED_MAX ((size_t)4096) /* bytes of one text with its values */

const char *const story_told_names[STORY_TELLINGS] = {"copy", "announcement", "reminder", "alert", "resolved"};

typedef VECTOR(struct story) story_list;

static bool story_find_protocol(struct story_reading *s, const struct yaml_node *root) {
        const struct yaml_node *node = reading_required(&s->r, root, "protocol", IN_READING(&s->r, "a file of stories", "een bestand met verhalen"));
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
        reading_mistake(&s->r, node, IN_READING(&s->r, "no protocol is called '%.80s'%s", "geen protocol heet '%.80s'%s"),
                        node->text, reading_hint(&s->r, &nearest, hint));
        return false;
}

/* {gi: gi-jbn, municipality: gm0014}: who publishes, by kind. */
static void story_read_defaults(struct story_reading *s, const struct yaml_node *node) {
        if (!node || !reading_mapping(&s->r, node, "defaults"))
                return;
        for (size_t i = 0; i < node->n; i++) {
                struct nearest nearest = NEAREST_INIT(node->keys[i]->text);
                const struct organisation *org;
                char hint[LANGUAGE_CHOICE_MAX];
                enum organisation_kind kind;

                if (!organisation_kind_of(node->keys[i]->text, &kind)) {
                        for (unsigned k = 0; k < KINDS; k++)
                                nearest_try(&nearest, organisation_kind_names[k]);
                        reading_mistake(&s->r, node->keys[i],
                                        IN_READING(&s->r, "no kind of organisation is called '%.80s'%s", "geen soort organisatie heet '%.80s'%s"),
                                        node->keys[i]->text, reading_choice(&s->r, &nearest, hint));
                        continue;
                }
                org = story_organisation(s, node->items[i]);
                if (org && org->kind != kind)
                        reading_mistake(&s->r, node->items[i], IN_READING(&s->r, "'%s' is of the kind %s, not %s", "'%s' is van de soort %s, niet %s"),
                                        org->id, organisation_kind_names[org->kind], organisation_kind_names[kind]);
                else if (org)
                        s->defaults[kind] = org;
        }
}

static void story_read_norms(struct story_reading *s, const struct yaml_node *node) {
        if (!node)
                return;
        s->story->norms = reading_alloc(&s->r, reading_items(node), sizeof(*s->story->norms));
        for (size_t i = 0; s->story->norms && i < reading_items(node); i++) {
                const struct norm *norm = story_norm(s, reading_item(node, i));

                if (norm)
                        s->story->norms[s->story->n_norms++] = norm;
        }
}

static void story_read_routes(struct story_reading *s, const struct yaml_node *node) {
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

static void story_read_region(struct story_reading *s, const struct yaml_node *node) {
        char hint[LANGUAGE_CHOICE_MAX];

        if (!node || !reading_scalar(&s->r, node, "region"))
                return;
        struct nearest nearest = NEAREST_INIT(node->text);

        s->region = regions_find(s->config->organisations, text_of(node->text));
        s->story->region = s->region;
        if (s->region)
                return;
        regions_nearest(s->config->organisations, &nearest);
        reading_mistake(&s->r, node, IN_READING(&s->r, "no region is called '%.80s'%s", "geen regio heet '%.80s'%s"),
                        node->text, reading_choice(&s->r, &nearest, hint));
}

static void story_read_instance(struct story_reading *s, const struct yaml_node *node) {
        if (!node || !reading_scalar(&s->r, node, "instance"))
                return;
        s->instance = node->text;
        s->story->instance = story_instance(s, node, node->text);
}

static bool story_read_title(struct story_reading *s, const struct yaml_node *node, const story_list *all) {
        const struct yaml_node *title = reading_required(&s->r, node, "story", IN_READING(&s->r, "a story", "een verhaal"));

        s->story->title = title ? reading_text(&s->r, title, "story") : NULL;
        if (!s->story->title)
                return false;
        for (size_t i = 0; i < all->n; i++) {
                if (strcmp(all->items[i].title, s->story->title) != 0)
                        continue;
                reading_mistake(&s->r, title,
                                IN_READING(&s->r, "a story of this title stands already in line %u; with rows, put a <word> into the title",
                                           "een verhaal met deze titel staat al in regel %u; zet bij rows een <woord> in de titel"),
                                all->items[i].node->line);
                return false;
        }
        return true;
}

/* One story, its row filled in. */
static void story_read_one(struct story_reading *file, const struct yaml_node *node, story_list *all) {
        static const char *const keys[] = {"story", "norm", "routes", "region", "instance", "defaults", "given", "clock", "expect", NULL};
        struct story story = {.node = node};
        struct story_reading s = *file;
        const char *what = IN_READING(&s.r, "a story", "een verhaal");
        const struct yaml_node *given = reading_required(&s.r, node, "given", what), *clock = reading_required(&s.r, node, "clock", what),
                               *expect = reading_required(&s.r, node, "expect", what);

        s.story = &story;
        reading_keys(&s.r, node, keys, what);
        if (!story_read_title(&s, node, all) || !given || !clock || !expect)
                return;
        story_read_defaults(&s, yaml_get(node, "defaults"));
        story_read_norms(&s, yaml_get(node, "norm"));
        story_read_routes(&s, yaml_get(node, "routes"));
        story_read_region(&s, yaml_get(node, "region"));
        if (!yaml_get(node, "norm") && !yaml_get(node, "routes"))
                reading_mistake(&s.r, node,
                                IN_READING(&s.r, "the story has neither norm nor routes, so it looks at nothing",
                                           "het verhaal heeft geen norm en geen routes, dus het kijkt nergens naar"));
        story.expect = expect;
        story_collect_labels(&s, given);
        story_read_instance(&s, yaml_get(node, "instance"));
        story_read_given(&s, given, clock);
        story_read_expect(&s, expect);
        vector_done(&s.labels);
        vector_done(&s.events);
        if (s.r.e == 0 && vector_push(all, story))
                s.r.e = -ENOMEM;
        file->r.e = s.r.e;
}

/* -- Rows: one story told for several -- */

static bool story_is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The length of "<word>" at @text, brackets included; 0 when there is none. */
static size_t story_place_at(const char *text) {
        size_t n = 1;

        if (text[0] != '<')
                return 0;
        while (story_is_word(text[n]))
                n++;
        return n > 1 && text[n] == '>' ? n + 1 : 0;
}

/* The value of "<word>", or NULL: reported at @node. */
static const struct yaml_node *story_row_value(struct reading *r, const struct yaml_node *node, const char *place, size_t n, const struct yaml_node *row) {
        const char *word = arena_copy(r->arena, place + 1, n - 2);
        char hint[NEAREST_HINT_MAX];
        const struct yaml_node *value;

        if (!word) {
                r->e = -ENOMEM;
                return NULL;
        }
        value = yaml_get(row, word);
        if (!value) {
                struct nearest nearest = NEAREST_INIT(word);

                for (size_t i = 0; i < row->n; i++)
                        nearest_try(&nearest, row->keys[i]->text);
                reading_mistake(r, node, IN_READING(r, "<%.80s> has no value in the row of line %u%s", "<%.80s> heeft geen waarde in de rij van regel %u%s"),
                                word, row->line, reading_hint(r, &nearest, hint));
        }
        return value;
}

static const char *story_fill_text(struct reading *r, const struct yaml_node *node, const struct yaml_node *row) {
        struct buffer out = BUFFER_INIT(FILLED_MAX);
        const char *filled;

        for (const char *p = node->text; *p;) {
                size_t n = story_place_at(p);
                const struct yaml_node *value = n ? story_row_value(r, node, p, n, row) : NULL;

                if (!n) {
                        buffer_add_byte(&out, (uint8_t)*p++);
                        continue;
                }
                if (value && value->kind == YAML_SCALAR)
                        buffer_add_text(&out, value->text);
                else if (value)
                        reading_mistake(r, node,
                                        IN_READING(r, "a list can replace a whole value only, not a part of it",
                                                   "een lijst kan alleen een hele waarde vervangen, niet een deel ervan"));
                p += n;
        }
        if (out.failed)
                reading_mistake(r, node,
                                IN_READING(r, "too long when its row is filled in: at most %zu characters",
                                           "te lang als de rij is ingevuld: hoogstens %zu tekens"),
                                FILLED_MAX);
        filled = reading_copy(r, buffer_text(&out));
        buffer_done(&out);
        return filled;
}

static const struct yaml_node *story_fill_scalar(struct reading *r, const struct yaml_node *node, const struct yaml_node *row) {
        size_t whole = story_place_at(node->text);
        struct yaml_node *copy;

        if (!strchr(node->text, '<'))
                return node;
        copy = reading_alloc(r, 1, sizeof(*copy));
        if (!copy)
                return NULL;
        *copy = *node;
        if (whole && node->text[whole] == '\0') {
                const struct yaml_node *value = story_row_value(r, node, node->text, whole, row);

                if (value)
                        *copy = *value;
                copy->line = node->line;
                copy->column = node->column;
                return copy;
        }
        copy->text = story_fill_text(r, node, row);
        if (!copy->text)
                return NULL;
        copy->n = strlen(copy->text);
        return copy;
}

static void story_refuse_double_key(struct reading *r, const struct yaml_node *mapping, size_t at) {
        for (size_t i = 0; i < at; i++) {
                if (strcmp(mapping->keys[i]->text, mapping->keys[at]->text) == 0)
                        reading_mistake(r, mapping->keys[at],
                                        IN_READING(r, "the key '%.60s' stands here twice when the row is filled in",
                                                   "de sleutel '%.60s' staat hier twee keer als de rij is ingevuld"),
                                        mapping->keys[at]->text);
        }
}

/* A copy of @node in which every <word> stands for the value of that word in @row. NULL: r->e is set. */
static const struct yaml_node *story_fill(struct reading *r, const struct yaml_node *node, const struct yaml_node *row) {
        struct yaml_node *copy;

        if (node->kind == YAML_SCALAR)
                return story_fill_scalar(r, node, row);
        copy = reading_alloc(r, 1, sizeof(*copy));
        if (!copy)
                return NULL;
        *copy = *node;
        copy->items = reading_alloc(r, node->n, sizeof(*copy->items));
        if (!copy->items)
                return NULL;
        if (node->kind == YAML_MAPPING) {
                copy->keys = reading_alloc(r, node->n, sizeof(*copy->keys));
                if (!copy->keys)
                        return NULL;
        }
        for (size_t i = 0; i < node->n; i++) {
                copy->items[i] = story_fill(r, node->items[i], row);
                if (copy->keys)
                        copy->keys[i] = story_fill(r, node->keys[i], row);
                if (!copy->items[i] || (copy->keys && !copy->keys[i]))
                        return NULL;
                if (copy->keys)
                        story_refuse_double_key(r, copy, i);
        }
        return copy;
}

/* The same mapping without one key. */
static const struct yaml_node *story_without(struct reading *r, const struct yaml_node *mapping, const char *key) {
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
static void story_read_rows(struct story_reading *s, const struct yaml_node *node, const struct yaml_node *rows, story_list *all) {
        const struct yaml_node *rest = story_without(&s->r, node, "rows");
        size_t before = s->r.mistakes->n;

        if (!rest || !reading_sequence(&s->r, rows, "rows"))
                return;
        if (rows->n == 0)
                reading_mistake(&s->r, rows,
                                IN_READING(&s->r, "rows has no row, so the story would not be told at all",
                                           "rows heeft geen rij, dus het verhaal zou niet worden verteld"));
        for (size_t i = 0; i < rows->n && s->r.e == 0 && s->r.mistakes->n == before; i++) {
                const struct yaml_node *filled;

                if (!reading_mapping(&s->r, rows->items[i], IN_READING(&s->r, "a row", "een rij")))
                        return;
                filled = story_fill(&s->r, rest, rows->items[i]);
                if (filled && s->r.mistakes->n == before)
                        story_read_one(s, filled, all);
        }
}

/* -- The file -- */

static void story_read_root(struct story_reading *s, const struct yaml_node *root, story_list *all) {
        static const char *const keys[] = {"protocol", "defaults", "stories", NULL};
        const struct yaml_node *list;

        if (!reading_mapping(&s->r, root, IN_READING(&s->r, "a file of stories", "een bestand met verhalen")))
                return;
        reading_keys(&s->r, root, keys, IN_READING(&s->r, "a file of stories", "een bestand met verhalen"));
        list = reading_required(&s->r, root, "stories", IN_READING(&s->r, "a file of stories", "een bestand met verhalen"));
        if (!story_find_protocol(s, root) || !list || !reading_sequence(&s->r, list, "stories"))
                return;
        story_read_defaults(s, yaml_get(root, "defaults"));
        for (size_t i = 0; i < list->n && s->r.e == 0; i++) {
                const struct yaml_node *node = list->items[i], *rows = yaml_get(node, "rows");

                if (!reading_mapping(&s->r, node, IN_READING(&s->r, "a story", "een verhaal")))
                        continue;
                if (all->n >= STORIES_MAX) {
                        reading_mistake(&s->r, node, IN_READING(&s->r, "more than %d stories in one file", "meer dan %d verhalen in een bestand"), STORIES_MAX);
                        return;
                }
                if (rows)
                        story_read_rows(s, node, rows, all);
                else
                        story_read_one(s, node, all);
        }
}

static int stories_keep(struct stories *stories, const story_list *all) {
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
                e = yaml_tree_read(path, mistakes->language, &stories->yaml, &err);
        if (e == -ENOMEM)
                return e;
        if (e) {
                mistakes_error(mistakes, &err);
                return -EINVAL;
        }
        s.file = slash ? slash + 1 : path;
        s.r = (struct reading){.yaml = stories->yaml, .mistakes = mistakes, .arena = stories->arena};
        story_read_root(&s, yaml_tree_root(stories->yaml), &all);
        stories->protocol = s.protocol;
        e = s.r.e ? s.r.e : stories_keep(stories, &all);
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
