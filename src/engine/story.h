/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Stories: protocols as their authors test them
 *
 * A file <protocol>.stories.yaml beside a protocol tells in each story what happened, until when the clock runs, and
 * what each organisation should have been told; config/protocols/README.md has the form. A story is compiled to the
 * very JSON lines that `ketenwacht replay` reads, and played by the engine in virtual time (story_play.h). Reading finds
 * mistakes of form and of words, each with its place; playing finds what was told otherwise than expected.
 */

#include "base/mistakes.h"
#include "base/yaml.h"
#include "engine/effect.h"
#include "model/config.h"

#define STORIES_MAX 2000          /* in one file, each row of `rows` counted */
#define STORY_LINES_MAX 500       /* of `given` */
#define STORY_EXPECTATIONS_MAX 2000
#define STORIES_PER_NORM 3        /* a norm that tells wants this many: met, missed, the exception */

enum story_told { STORY_COPY, STORY_ANNOUNCEMENT, STORY_REMINDER, STORY_ALERT, STORY_RESOLVED, STORY_TELLINGS };
extern const char *const story_told_names[STORY_TELLINGS]; /* copy, announcement, reminder, alert, resolved */

/* One thing told to one organisation, as expected or as it went. */
struct story_telling {
        enum story_told told;
        const struct yaml_node *node;  /* expected: where it stands; else NULL */
        day_t day;
        int minute;                    /* of the day, local; -1: expected at any */
        const struct event_type *type; /* STORY_COPY */
        const char *norm, *instance;   /* instance NULL: any */
        unsigned rung;                 /* STORY_ALERT, STORY_RESOLVED: from 1 */
        day_t due;                     /* DAY_NONE: any */
        enum resolution reason;        /* STORY_RESOLVED */
        const char *to;
};

struct story_line {
        const char *text;              /* a JSON line of replay */
        const struct yaml_node *node;  /* where it stands */
};

struct story {
        const char *title;
        const struct yaml_node *node, *expect; /* where the story and its expectations begin */
        const struct norm **norms; size_t n_norms;         /* whose tellings are compared, all of them */
        const struct event_type **routes; size_t n_routes; /* whose copies are compared, all of them */
        const char *instance;                              /* only tellings about it; NULL: about any */
        const struct story_line *lines; size_t n_lines;    /* the last one is the clock; of a region that is alive the first one too */
        const struct story_telling *expected; size_t n_expected;
        const struct region *region;                       /* about a region, or NULL */
        struct uuid case_id;
};

struct stories {
        const struct protocol *protocol;
        struct yaml_tree *yaml;
        struct arena *arena;
        const struct story *items;
        size_t n;
};

/*
 * Reads one file; @config must outlive what comes out. Return: 0; -EINVAL when there is a mistake (also when the file
 * cannot be read), all told to @mistakes; -ENOMEM.
 */
int stories_read(const char *path, const struct config *config, struct stories **ret, struct mistakes *mistakes) MUSTCHECK;
struct stories *stories_free(struct stories *stories); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct stories *, stories_free);

/* Whether a norm tells anything: then it wants stories. */
static inline bool story_wanted(const struct norm *norm) {
        return norm->announce.n || norm->n_reminders || norm->n_rungs;
}
