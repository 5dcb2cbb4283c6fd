/* SPDX-License-Identifier: EUPL-1.2 */

/* From libyaml's events to a tree whose nodes know their lines, with everything refused that configuration does not need. */

#include "base/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "base/vector.h"

#define YAML_MARK "\xef\xbb\xbf" /* the byte order mark that some editors write */
#define YAML_ARENA_MAX ((size_t)256 * 1024 * 1024)

struct yaml_tree {
        struct arena *arena;
        const char *name;
        const struct yaml_node *root;
};

struct reader {
        struct yaml_tree *yaml;
        yaml_parser_t parser;
        enum language language;
        struct error *err;
        unsigned nodes;
        const char *text; /* the whole file, behind a byte order mark */
        size_t n;
};

static int at(const struct reader *r, yaml_mark_t mark, const char *what) {
        error_set(r->err, "%s:%zu:%zu: %s", r->yaml->name, mark.line + 1, mark.column + 1, what);
        return -EINVAL;
}

/* The line (from 0) of the file. */
static struct text yaml_line(const struct reader *r, size_t line) {
        const char *s = r->text, *end = r->text + r->n, *stop;

        for (; line > 0 && (stop = memchr(s, '\n', (size_t)(end - s))); line--)
                s = stop + 1;
        stop = line ? NULL : memchr(s, '\n', (size_t)(end - s));
        return (struct text){s, line ? 0 : (size_t)((stop ?: end) - s)};
}

static bool yaml_says(const yaml_parser_t *parser, const char *problem) {
        return parser->problem && strcmp(parser->problem, problem) == 0;
}

/* The mistakes that people make most, in their words; NULL: what libyaml says. @line: where it stands. */
static const char *yaml_plain(const struct reader *r, struct text line) {
        const yaml_parser_t *parser = &r->parser;
        size_t indent = 0;

        while (indent < line.n && line.s[indent] == ' ')
                indent++;
        if (indent < line.n && line.s[indent] == '\t')
                return IN_LANGUAGE(r->language, "a tab stands here; indent with spaces", "hier staat een tab; spring in met spaties");
        if (yaml_says(parser, "found character that cannot start any token"))
                return IN_LANGUAGE(r->language, "a text cannot begin with this character; put it between quotation marks",
                                   "een tekst kan niet met dit teken beginnen; zet de tekst tussen aanhalingstekens");
        if (yaml_says(parser, "mapping values are not allowed in this context") &&
            memmem(line.s, line.n < parser->problem_mark.column ? line.n : parser->problem_mark.column, ": ", 2))
                return IN_LANGUAGE(r->language, "a colon stands inside a text; put the text between quotation marks",
                                   "er staat een dubbele punt in een tekst; zet de tekst tussen aanhalingstekens");
        if (yaml_says(parser, "mapping values are not allowed in this context") || yaml_says(parser, "did not find expected key") ||
            yaml_says(parser, "did not find expected '-' indicator"))
                return IN_LANGUAGE(r->language, "this line is not indented as what it belongs to",
                                   "deze regel springt niet even ver in als de regels waar hij bij hoort");
        if (yaml_says(parser, "could not find expected ':'"))
                return IN_LANGUAGE(r->language, "a colon is missing behind this word, or the line above it is not finished",
                                   "achter dit woord ontbreekt een dubbele punt, of de regel erboven is niet af");
        return NULL;
}

/* What is opened and never closed, with the line where it is opened. Return: whether it was said. */
static bool yaml_unclosed(const struct reader *r) {
        static const struct {
                const char *problem;
                struct {
                        const char *opened, *closed;
                } said[LANGUAGES];
                bool list;
        } rows[] = {
                {"did not find expected ',' or '}'", {{"the {", "}"}, {"de {", "}"}}, true},
                {"did not find expected ',' or ']'", {{"the [", "]"}, {"de [", "]"}}, true},
                {"found unexpected end of stream", {{"the quotation mark", "another one"}, {"het aanhalingsteken", "een tweede"}}, false},
        };
        const yaml_parser_t *p = &r->parser;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (!yaml_says(p, rows[i].problem))
                        continue;
                error_set(r->err,
                          IN_LANGUAGE(r->language, "%s:%zu:%zu: %s of line %zu is not closed with %s before this%s",
                                      "%s:%zu:%zu: %s van regel %zu is niet met %s gesloten voor deze plaats%s"),
                          r->yaml->name, p->problem_mark.line + 1, p->problem_mark.column + 1, rows[i].said[r->language].opened, p->context_mark.line + 1,
                          rows[i].said[r->language].closed,
                          rows[i].list ? IN_LANGUAGE(r->language, ", or a comma is missing", ", of er ontbreekt een komma") : "");
                return true;
        }
        return false;
}

static int next(struct reader *r, yaml_event_t *event) {
        const char *plain;
        yaml_mark_t mark;

        if (yaml_parser_parse(&r->parser, event))
                return 0;
        if (r->parser.error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        plain = r->parser.error == YAML_READER_ERROR ? NULL : yaml_plain(r, yaml_line(r, r->parser.problem_mark.line));
        if (plain)
                return at(r, r->parser.problem_mark, plain);
        if (yaml_unclosed(r))
                return -EINVAL;
        mark = r->parser.error == YAML_READER_ERROR ? r->parser.mark : r->parser.problem_mark;
        error_set(r->err, IN_LANGUAGE(r->language, "%s:%zu:%zu: %s", "%s:%zu:%zu: dit is geen YAML (%s)"), r->yaml->name, mark.line + 1, mark.column + 1,
                  r->parser.problem ? r->parser.problem : "not YAML");
        return -EINVAL;
}

static struct yaml_node *node_new(struct reader *r, enum yaml_kind kind, yaml_mark_t mark) {
        struct yaml_node *node = arena_calloc(r->yaml->arena, 1, sizeof(*node));

        if (!node)
                return NULL;
        node->kind = kind;
        node->line = (unsigned)mark.line + 1;
        node->column = (unsigned)mark.column + 1;
        node->text = "";
        return node;
}

static int read_node(struct reader *r, yaml_event_t *event, unsigned depth, const struct yaml_node **ret);

static int read_children(struct reader *r, struct yaml_node *node, yaml_event_type_t end, unsigned depth) {
        VECTOR(const struct yaml_node *) all = {0};
        size_t width = node->kind == YAML_MAPPING ? 2 : 1;
        yaml_event_t event;
        int e = 0;

        for (;;) {
                const struct yaml_node *child;

                e = next(r, &event);
                if (e || event.type == end)
                        break;
                e = read_node(r, &event, depth + 1, &child);
                if (e == 0)
                        e = vector_push(&all, child);
                if (e == 0 && width == 2 && all.n % 2 == 1 && child->kind != YAML_SCALAR)
                        e = at(r, event.start_mark, IN_LANGUAGE(r->language, "a key must be a word", "een sleutel moet een woord zijn"));
                yaml_event_delete(&event);
                if (e)
                        break;
        }
        if (e == 0) {
                yaml_event_delete(&event);
                node->n = all.n / width;
                node->items = arena_calloc(r->yaml->arena, node->n, sizeof(*node->items));
                node->keys = width == 2 ? arena_calloc(r->yaml->arena, node->n, sizeof(*node->keys)) : NULL;
                if (!node->items || (width == 2 && !node->keys))
                        e = -ENOMEM;
        }
        for (size_t i = 0; e == 0 && i < node->n; i++) {
                node->items[i] = all.items[i * width + width - 1];
                if (width == 2)
                        node->keys[i] = all.items[i * 2];
        }
        vector_done(&all);
        return e;
}

static int refuse_double_keys(struct reader *r, const struct yaml_node *node) {
        for (size_t i = 0; i < node->n; i++) {
                for (size_t j = 0; j < i; j++) {
                        if (strcmp(node->keys[i]->text, node->keys[j]->text) != 0)
                                continue;
                        error_set(r->err,
                                  IN_LANGUAGE(r->language, "%s:%u:%u: the key '%.60s' stands here twice (first in line %u)",
                                              "%s:%u:%u: de sleutel '%.60s' staat hier voor de tweede keer (eerst in regel %u)"),
                                  r->yaml->name, node->keys[i]->line, node->keys[i]->column, node->keys[i]->text, node->keys[j]->line);
                        return -EINVAL;
                }
        }
        return 0;
}

static int read_node(struct reader *r, yaml_event_t *event, unsigned depth, const struct yaml_node **ret) {
        struct yaml_node *node;
        int e = 0;

        if (depth > YAML_DEPTH_MAX)
                return at(r, event->start_mark, IN_LANGUAGE(r->language, "nested too deeply", "hier staan te veel lagen in elkaar"));
        if (++r->nodes > YAML_NODES_MAX)
                return at(r, event->start_mark, IN_LANGUAGE(r->language, "the file has too many values", "het bestand heeft te veel waarden"));
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                node = node_new(r, YAML_SCALAR, event->start_mark);
                if (!node)
                        return -ENOMEM;
                if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
                        return at(r, event->start_mark, IN_LANGUAGE(r->language, "a NUL character in a value", "er staat een NUL-teken in een waarde"));
                node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
                node->n = event->data.scalar.length;
                node->text = arena_copy(r->yaml->arena, event->data.scalar.value, node->n);
                e = node->text ? 0 : -ENOMEM;
                break;
        case YAML_SEQUENCE_START_EVENT:
                node = node_new(r, YAML_SEQUENCE, event->start_mark);
                e = node ? read_children(r, node, YAML_SEQUENCE_END_EVENT, depth) : -ENOMEM;
                break;
        case YAML_MAPPING_START_EVENT:
                node = node_new(r, YAML_MAPPING, event->start_mark);
                e = node ? read_children(r, node, YAML_MAPPING_END_EVENT, depth) : -ENOMEM;
                if (e == 0)
                        e = refuse_double_keys(r, node);
                break;
        default:
                return at(r, event->start_mark,
                          IN_LANGUAGE(r->language, "aliases (*name) are not allowed here; write the value out",
                                      "een verwijzing (*naam) kan hier niet; schrijf de waarde voluit"));
        }
        *ret = node;
        return e;
}

/* stream start, document start, node, document end, stream end */
static int read_document(struct reader *r) {
        yaml_event_t event;
        int e = next(r, &event);

        if (e)
                return e;
        yaml_event_delete(&event);
        e = next(r, &event);
        if (e)
                return e;
        if (event.type == YAML_STREAM_END_EVENT) {
                yaml_event_delete(&event);
                r->yaml->root = node_new(r, YAML_MAPPING, (yaml_mark_t){0});
                return r->yaml->root ? 0 : -ENOMEM;
        }
        yaml_event_delete(&event);
        e = next(r, &event);
        if (e)
                return e;
        e = read_node(r, &event, 0, &r->yaml->root);
        yaml_event_delete(&event);
        if (e)
                return e;
        for (unsigned i = 0; i < 2; i++) {
                e = next(r, &event);
                if (e)
                        return e;
                if (i == 1 && event.type != YAML_STREAM_END_EVENT)
                        e = at(r, event.start_mark,
                               IN_LANGUAGE(r->language, "a second document; one file holds one", "hier begint een tweede document; een bestand heeft er één"));
                yaml_event_delete(&event);
        }
        return e;
}

int yaml_tree_parse(const char *name, const char *text, size_t n, enum language language, struct yaml_tree **ret, struct error *err) {
        size_t mark = n >= sizeof(YAML_MARK) - 1 && memcmp(text, YAML_MARK, sizeof(YAML_MARK) - 1) == 0 ? sizeof(YAML_MARK) - 1 : 0;
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = calloc(1, sizeof(*yaml));
        struct reader r = {.yaml = yaml, .language = language, .err = err, .text = text + mark, .n = n - mark};
        int e;

        if (!yaml)
                return -ENOMEM;
        e = arena_new(&yaml->arena, YAML_ARENA_MAX);
        if (e)
                return e;
        yaml->name = arena_copy(yaml->arena, name, strlen(name));
        if (!yaml->name || !yaml_parser_initialize(&r.parser))
                return -ENOMEM;
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.text, r.n);
        e = read_document(&r);
        yaml_parser_delete(&r.parser);
        if (e)
                return e;
        *ret = TAKE(yaml);
        return 0;
}

int yaml_tree_read(const char *path, enum language language, struct yaml_tree **ret, struct error *err) {
        char *text;
        size_t n;
        int e = file_read(path, &text, &n, err);

        if (e) {
                file_error(path, e, language, err);
                return e;
        }
        e = yaml_tree_parse(path, text, n, language, ret, err);
        free(text);
        return e;
}

struct yaml_tree *yaml_tree_free(struct yaml_tree *yaml) {
        if (!yaml)
                return NULL;
        arena_free(yaml->arena);
        free(yaml);
        return NULL;
}

const struct yaml_node *yaml_tree_root(const struct yaml_tree *yaml) {
        return yaml->root;
}

const char *yaml_tree_name(const struct yaml_tree *yaml) {
        return yaml->name;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key) {
        if (!mapping || mapping->kind != YAML_MAPPING)
                return NULL;
        for (size_t i = 0; i < mapping->n; i++) {
                if (strcmp(mapping->keys[i]->text, key) == 0)
                        return mapping->items[i];
        }
        return NULL;
}
