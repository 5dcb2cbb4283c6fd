/* SPDX-License-Identifier: EUPL-1.2 */

/* config/coverage.yaml: which norms, routes and reports carry each rule, held against what there is. */

#include "model/coverage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "calendar/reading.h"

const char *const coverage_list_names[COVERAGE_LISTS] = {"norms", "routes", "reports"};

struct reader {
        struct reading r;
        const struct config *config;
        const char *const *reports;
        struct coverage *coverage;
};

static const struct protocol *coverage_find_protocol(const struct config *config, struct text name, struct nearest *nearest) {
        for (size_t i = 0; i < config->protocols.n; i++) {
                if (text_is(name, config->protocols.items[i]->name))
                        return config->protocols.items[i];
                nearest_try(nearest, config->protocols.items[i]->name);
        }
        return NULL;
}

static bool protocol_has_norm(const struct protocol *p, const char *name, struct nearest *nearest) {
        for (size_t i = 0; i < p->n_norms; i++) {
                if (strcmp(p->norms[i].name, name) == 0)
                        return true;
                nearest_try(nearest, p->norms[i].name);
        }
        return false;
}

static bool protocol_has_route(const struct protocol *p, const char *name, struct nearest *nearest) {
        for (size_t i = 0; i < p->n_routes; i++) {
                if (strcmp(p->routes[i].type->name, name) == 0)
                        return true;
                nearest_try(nearest, p->routes[i].type->name);
        }
        return false;
}

/* "protocol/norm", or "protocol/event" of a route. */
static void coverage_check_part(struct reader *c, const struct yaml_node *node, enum coverage_list list) {
        const char *slash = strchr(node->text, '/'), *name = slash ? slash + 1 : node->text, *what = list == COVERAGE_NORMS ? "norm" : "route";
        struct text before = {node->text, slash ? (size_t)(slash - node->text) : 0};
        char word[NEAREST_HINT_MAX], hint[NEAREST_HINT_MAX];
        struct nearest protocol = NEAREST_INIT(word), part = NEAREST_INIT(name);
        const struct protocol *p;

        if (!slash) {
                reading_mistake(&c->r, node,
                                IN_READING(&c->r, "a %s is written as protocol/%s, not '%.80s'", "een %s schrijft u als protocol/%s, niet als '%.80s'"),
                                what, list == COVERAGE_NORMS ? "norm" : IN_READING(&c->r, "event", "gebeurtenis"), node->text);
                return;
        }
        (void) snprintf(word, sizeof(word), "%.*s", (int)(before.n < sizeof(word) ? before.n : sizeof(word) - 1), before.s);
        p = coverage_find_protocol(c->config, before, &protocol);
        if (!p)
                reading_mistake(&c->r, node, IN_READING(&c->r, "no protocol is called '%.80s'%s", "geen protocol heet '%.80s'%s"),
                                word, reading_hint(&c->r, &protocol, hint));
        else if (list == COVERAGE_NORMS ? !protocol_has_norm(p, name, &part) : !protocol_has_route(p, name, &part))
                reading_mistake(&c->r, node, IN_READING(&c->r, "%s has no %s '%.80s'%s", "%s heeft geen %s '%.80s'%s"),
                                p->name, list == COVERAGE_NORMS ? "norm" : IN_READING(&c->r, "route for", "route voor"), name,
                                reading_hint(&c->r, &part, hint));
}

static void coverage_check_name(struct reader *c, const struct yaml_node *node, enum coverage_list list) {
        struct nearest nearest = NEAREST_INIT(node->text);
        char hint[LANGUAGE_CHOICE_MAX];

        if (list != COVERAGE_REPORTS) {
                coverage_check_part(c, node, list);
                return;
        }
        for (const char *const *known = c->reports; *known; known++) {
                if (strcmp(*known, node->text) == 0)
                        return;
                nearest_try(&nearest, *known);
        }
        reading_mistake(&c->r, node, IN_READING(&c->r, "no report is called '%.80s'%s", "geen overzicht heet '%.80s'%s"),
                        node->text, reading_choice(&c->r, &nearest, hint));
}

static void coverage_read_list(struct reader *c, const struct yaml_node *node, enum coverage_list list, struct coverage_row *row) {
        const char **items;

        if (!reading_sequence(&c->r, node, coverage_list_names[list]))
                return;
        items = reading_alloc(&c->r, node->n, sizeof(*items));
        if (!items)
                return;
        row->lists[list].items = items;
        for (size_t i = 0; i < node->n; i++) {
                const char *name = reading_text(&c->r, node->items[i], coverage_list_names[list]);

                if (!name)
                        continue;
                coverage_check_name(c, node->items[i], list);
                for (size_t j = 0; j < row->lists[list].n; j++) {
                        if (strcmp(items[j], name) == 0)
                                reading_mistake(&c->r, node->items[i],
                                                IN_READING(&c->r, "'%.80s' stands in this row twice", "'%.80s' staat twee keer in deze rij"),
                                                name);
                }
                items[row->lists[list].n++] = name;
        }
}

static void coverage_read_row(struct reader *c, const struct yaml_node *node, struct coverage_row *row) {
        static const char *const keys[] = {"norms", "routes", "reports", "no_rule", NULL};
        const struct yaml_node *no_rule;

        if (reading_is_null(node) || !reading_mapping(&c->r, node, IN_READING(&c->r, "a row", "een rij")))
                return;
        reading_keys(&c->r, node, keys, IN_READING(&c->r, "a row", "een rij"));
        for (unsigned list = 0; list < COVERAGE_LISTS; list++) {
                const struct yaml_node *value = yaml_get(node, coverage_list_names[list]);

                if (value)
                        coverage_read_list(c, value, list, row);
        }
        no_rule = yaml_get(node, "no_rule");
        if (!no_rule)
                return;
        if (!coverage_row_empty(row))
                reading_mistake(&c->r, no_rule,
                                IN_READING(&c->r, "a row says either what guards the rule, or with no_rule why it is none",
                                           "een rij zegt óf wat de regel bewaakt, óf met no_rule waarom het geen regel is"));
        row->no_rule = reading_text(&c->r, no_rule, "no_rule");
}

static void coverage_name_rows(struct coverage *coverage) {
        for (unsigned i = 0; i < COVERAGE_ROWS; i++) {
                bool rule = i < COVERAGE_RULES;

                (void) snprintf(coverage->rows[i].id, sizeof(coverage->rows[i].id), "%c%02u", rule ? 'R' : 'G', (rule ? i : i - COVERAGE_RULES) % 100 + 1);
        }
}

static void coverage_read_rows(struct reader *c, const struct yaml_node *root) {
        if (!reading_mapping(&c->r, root, IN_READING(&c->r, "the coverage", "het bestand")))
                return;
        for (size_t i = 0; i < root->n; i++) {
                struct nearest nearest = NEAREST_INIT(root->keys[i]->text);
                struct coverage_row *row = c->coverage->rows, *end = row + COVERAGE_ROWS;
                char hint[NEAREST_HINT_MAX];

                for (; row < end && strcmp(row->id, root->keys[i]->text) != 0; row++)
                        nearest_try(&nearest, row->id);
                if (row < end)
                        coverage_read_row(c, root->items[i], row);
                else
                        reading_mistake(&c->r, root->keys[i],
                                        IN_READING(&c->r, "no rule has the id '%.80s': R01 to R%02d and G01 to G%02d%s",
                                                   "geen regel heeft het nummer '%.80s': R01 tot en met R%02d en G01 tot en met G%02d%s"),
                                        root->keys[i]->text, COVERAGE_RULES, COVERAGE_AGREEMENTS, reading_hint(&c->r, &nearest, hint));
        }
}

static bool coverage_is_named(const struct coverage *coverage, const struct norm *norm) {
        size_t n = strlen(norm->protocol->name);

        for (unsigned i = 0; i < COVERAGE_ROWS; i++) {
                for (size_t j = 0; j < coverage->rows[i].lists[COVERAGE_NORMS].n; j++) {
                        const char *item = coverage->rows[i].lists[COVERAGE_NORMS].items[j];

                        if (strncmp(item, norm->protocol->name, n) == 0 && item[n] == '/' && strcmp(item + n + 1, norm->name) == 0)
                                return true;
                }
        }
        return false;
}

static void coverage_find_unnamed(struct reader *c) {
        struct coverage *coverage = c->coverage;
        size_t all = 0;

        for (size_t i = 0; i < c->config->protocols.n; i++)
                all += c->config->protocols.items[i]->n_norms;
        coverage->unnamed = reading_alloc(&c->r, all, sizeof(*coverage->unnamed));
        for (size_t i = 0; coverage->unnamed && i < c->config->protocols.n; i++) {
                const struct protocol *p = c->config->protocols.items[i];

                for (size_t j = 0; j < p->n_norms; j++) {
                        if (!coverage_is_named(coverage, &p->norms[j]))
                                coverage->unnamed[coverage->n_unnamed++] = &p->norms[j];
                }
        }
        for (unsigned i = 0; i < COVERAGE_ROWS; i++)
                coverage->n_empty += coverage_row_empty(&coverage->rows[i]);
}

int coverage_read(const char *path, const struct config *config, const char *const *reports, struct arena *arena, struct coverage *ret,
                  struct mistakes *mistakes) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct reader c = {.config = config, .reports = reports, .coverage = ret};
        struct error err = {0};
        size_t before = mistakes->n;
        int e = yaml_tree_read(path, mistakes->language, &yaml, &err);

        memset(ret, 0, sizeof(*ret));
        if (e == -ENOMEM)
                return e;
        if (e) {
                mistakes_error(mistakes, &err);
                return -EINVAL;
        }
        c.r = (struct reading){.yaml = yaml, .mistakes = mistakes, .arena = arena};
        coverage_name_rows(ret);
        coverage_read_rows(&c, yaml_tree_root(yaml));
        coverage_find_unnamed(&c);
        if (c.r.e)
                return c.r.e;
        return mistakes->n == before ? 0 : -EINVAL;
}
