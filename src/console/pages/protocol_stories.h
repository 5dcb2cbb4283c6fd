/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The titles of the stories beside a protocol (engine/story.h), and which norms each tests: read when it is asked for, and not played. */

#include "base/yaml.h"
#include "model/protocol.h"

#define PROTOCOL_STORIES_MAX 200 /* that a page shows of one norm */

struct protocol_stories {
        struct yaml_tree *yaml;
        const struct yaml_node *list; /* NULL: there are none */
        char path[512];
};

/* *ret is filled also when there is no such file, or it cannot be read: then it has none. protocol_stories_done() is due. */
void protocol_stories_open(const struct protocol *protocol, struct protocol_stories *ret);
void protocol_stories_done(struct protocol_stories *stories);

/* The title of the next story of a norm. @at: where the search goes on, 0 at first. NULL: no more. Borrowed. */
const char *protocol_stories_next(const struct protocol_stories *stories, const char *norm, size_t *at);
