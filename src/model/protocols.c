/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the folder of protocols, and compares them: one norm name never stands in two that can hold at once. */

#include "model/protocols.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/vector.h"
#include "model/compile.h"

#define PATH_TEXT_MAX 4096

/* A protocol and the file that it came from, until all have been compared. */
struct draft {
        struct protocol *protocol;
        struct yaml_tree *yaml;
        const struct yaml_node **norms; /* node of each norm, owned by the tree */
};

struct drafts {
        VECTOR(struct draft) all;
        const struct event_types *types;
        const struct organisations *orgs;
        struct arena *arena;
        struct mistakes *mistakes;
};

static int read_one(struct drafts *d, const char *path) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct compiling c = {.types = d->types, .orgs = d->orgs};
        struct draft draft = {0};
        struct error err = {0};
        int e = yaml_tree_read(path, &yaml, &err);

        if (e == -EINVAL) {
                mistakes_error(d->mistakes, &err);
                return 0;
        }
        if (e)
                return e;
        draft.protocol = arena_calloc(d->arena, 1, sizeof(*draft.protocol));
        if (!draft.protocol)
                return -ENOMEM;
        c.r = (struct reading){.yaml = yaml, .mistakes = d->mistakes, .arena = d->arena};
        c.protocol = draft.protocol;
        e = compile_protocol(&c, yaml_tree_root(yaml), &draft.norms);
        draft.yaml = yaml;
        if (e == 0)
                e = vector_push(&d->all, draft);
        if (e == 0)
                yaml = NULL; /* the draft has it */
        return e;
}

static bool regions_meet(const struct protocol *a, const struct protocol *b) {
        if (a->n_regions == 0 || b->n_regions == 0)
                return true;
        for (size_t i = 0; i < a->n_regions; i++) {
                for (size_t j = 0; j < b->n_regions; j++) {
                        if (region_within(a->regions[i], b->regions[j]) || region_within(b->regions[j], a->regions[i]))
                                return true;
                }
        }
        return false;
}

static void compare(struct drafts *d, const struct draft *a, const struct draft *b) {
        if (a->protocol->from > b->protocol->until || b->protocol->from > a->protocol->until || !regions_meet(a->protocol, b->protocol))
                return;
        for (size_t i = 0; i < b->protocol->n_norms; i++) {
                for (size_t j = 0; j < a->protocol->n_norms; j++) {
                        const char *name = b->protocol->norms[i].name;

                        if (!name[0] || strcmp(name, a->protocol->norms[j].name) != 0)
                                continue;
                        mistakes_at(d->mistakes, b->yaml, yaml_get(b->norms[i], "norm"),
                                  "norm '%s' stands also in %s, which can hold on the same day for the same child or region; give it another name", name,
                                  a->protocol->name);
                }
        }
}

static int by_name(const void *a, const void *b) {
        return strcmp((*(const struct protocol *const *)a)->name, (*(const struct protocol *const *)b)->name);
}

static int finish(struct drafts *d, struct protocols *ret) {
        const struct protocol **items = arena_calloc(d->arena, d->all.n ? d->all.n : 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < d->all.n; i++) {
                for (size_t j = 0; j < i; j++)
                        compare(d, &d->all.items[j], &d->all.items[i]);
                items[i] = d->all.items[i].protocol;
        }
        qsort(items, d->all.n, sizeof(*items), by_name);
        *ret = (struct protocols){.items = items, .n = d->all.n};
        return 0;
}

/* Stories lie beside the protocols they test and are none themselves. */
static bool is_stories(const char *name) {
        size_t n = strlen(name), suffix = strlen(STORIES_SUFFIX);

        return n >= suffix && strcmp(name + n - suffix, STORIES_SUFFIX) == 0;
}

static int read_folder(struct drafts *d, const char *folder) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char path[PATH_TEXT_MAX];
        struct error err = {0};
        size_t n;
        int e = folder_names(folder, ".yaml", &names, &n, &err);

        if (e)
                return e == -ENOENT ? 0 : e;
        if (n > PROTOCOLS_MAX) {
                mistakes_place(d->mistakes, folder, "more than %d protocols", PROTOCOLS_MAX);
                return 0;
        }
        for (size_t i = 0; e == 0 && i < n; i++) {
                if (is_stories(names[i]))
                        continue;
                if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]) >= (int)sizeof(path))
                        mistakes_place(d->mistakes, folder, "the name of this folder is too long");
                else
                        e = read_one(d, path);
        }
        return e;
}

int protocols_read(const char *folder, const struct event_types *types, const struct organisations *orgs, struct arena *arena,
                   struct protocols *ret, struct mistakes *mistakes) {
        struct drafts d = {.types = types, .orgs = orgs, .arena = arena, .mistakes = mistakes};
        size_t before = mistakes->n;
        int e;

        *ret = (struct protocols){0};
        e = read_folder(&d, folder);
        if (e == 0)
                e = finish(&d, ret);
        for (size_t i = 0; i < d.all.n; i++)
                yaml_tree_free(d.all.items[i].yaml);
        vector_done(&d.all);
        if (e)
                return e;
        return mistakes->n == before ? 0 : -EINVAL;
}
