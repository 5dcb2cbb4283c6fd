/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Options: from a connector's YAML file into its context, and from the table into its documentation
 */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/mistakes.h"
#include "base/reading.h"
#include "base/yaml.h"
#include "connect/connector.h"
#include "connect/secret.h"

/* Where options come from. */
struct settings_source {
        const struct yaml_tree *yaml;
        const char *folder;                          /* paths are relative to it; the file's own */
        const struct organisations *organisations;
        const char *(*environment)(const char *name); /* NULL: tokens are not looked for, and their places stay empty */
        struct arena *arena;                         /* texts live there */
};

/* A table and the context that it fills. */
struct settings_target {
        const struct connector_option *options;
        void *ctx;
};

/*
 * Fills the targets from a mapping; those without a context are only known, and filled by settings_read_over(). Keys in @also (NULL behind
 * the last) belong to others. Every mistake goes into @mistakes with its place and the nearest known key. Return: 0; -EINVAL when there
 * was a mistake; -ENOMEM.
 */
int settings_read(const struct settings_source *source, const struct yaml_node *mapping, const char *const *also, const struct settings_target *targets,
                 size_t n, struct mistakes *mistakes) MUSTCHECK;

/*
 * Fills the targets with what differs, and from @general with what does not. @mapping NULL: nothing differs; mistakes are told at @place then. Return: as
 * settings_read().
 */
int settings_read_over(const struct settings_source *source, const struct yaml_node *mapping, const struct yaml_node *general,
                       const struct yaml_node *place, const struct settings_target *targets, size_t n, struct mistakes *mistakes) MUSTCHECK;

/*
 * Adds to @ret the tokens that {file: PATH} or {env: NAME} stands for, whose @owner is (NULL: there is only one); for options, and for other files of
 * configuration. @key names them in a mistake. @folder: paths are relative to it, NULL: as they stand. @environment NULL: they are not looked for.
 */
void settings_read_secret(struct reading *r, const struct yaml_node *node, const char *folder, const char *(*environment)(const char *name), const char *key,
                          const char *owner, struct secrets *ret);

/* Lets go of what settings_read() allocated in a context: secrets are wiped. */
void settings_done(const struct connector_option *options, void *ctx);

/*
 * Reads the secrets of a context again whose files have changed, in place, and logs it (C117); what cannot be used leaves the old ones there, and is logged too
 * (C118). @connector: its name.
 */
void settings_renew(const struct connector_option *options, void *ctx, const char *connector, const struct log *log);

/* The value of a key; NULL: there is none. */
const char *option_pairs_find(const struct option_pairs *pairs, struct text key);

/* Appends the documentation of a table: for each option key, kind, default and doc, for a person. */
void settings_document(const struct connector_option *options, struct buffer *out);
