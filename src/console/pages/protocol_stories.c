/* SPDX-License-Identifier: EUPL-1.2 */

/* Which stories test a norm. */

#include "console/pages/protocol_stories.h"

#include <stdio.h>
#include <string.h>

#define PROTOCOL_SUFFIX ".yaml"
#define PROTOCOL_STORIES_SUFFIX ".stories.yaml"

void protocol_stories_open(const struct protocol *protocol, struct protocol_stories *ret) {
        size_t n = strlen(protocol->file), suffix = strlen(PROTOCOL_SUFFIX);
        struct error err = {0};

        *ret = (struct protocol_stories){0};
        if (n < suffix || strcmp(protocol->file + n - suffix, PROTOCOL_SUFFIX) != 0)
                return;
        if ((size_t)snprintf(ret->path, sizeof(ret->path), "%.*s" PROTOCOL_STORIES_SUFFIX, (int)(n - suffix), protocol->file) >= sizeof(ret->path))
                return;
        if (yaml_tree_read(ret->path, LANGUAGE_EN, &ret->yaml, &err))
                return;
        ret->list = yaml_tree_root(ret->yaml)->kind == YAML_MAPPING ? yaml_get(yaml_tree_root(ret->yaml), "stories") : NULL;
        if (ret->list && ret->list->kind != YAML_SEQUENCE)
                ret->list = NULL;
}

void protocol_stories_done(struct protocol_stories *stories) {
        stories->yaml = yaml_tree_free(stories->yaml);
        stories->list = NULL;
}

/* `norm` is a name or a list of them. */
static bool protocol_stories_is_of(const struct yaml_node *story, const char *norm) {
        const struct yaml_node *names = yaml_get(story, "norm");

        if (names && names->kind == YAML_SCALAR)
                return strcmp(names->text, norm) == 0;
        for (size_t i = 0; names && names->kind == YAML_SEQUENCE && i < names->n; i++) {
                if (strcmp(names->items[i]->text, norm) == 0)
                        return true;
        }
        return false;
}

const char *protocol_stories_next(const struct protocol_stories *stories, const char *norm, size_t *at) {
        while (stories->list && *at < stories->list->n) {
                const struct yaml_node *story = stories->list->items[(*at)++], *title;

                if (story->kind != YAML_MAPPING || !protocol_stories_is_of(story, norm))
                        continue;
                title = yaml_get(story, "story");
                if (title && title->kind == YAML_SCALAR)
                        return title->text;
        }
        return NULL;
}
