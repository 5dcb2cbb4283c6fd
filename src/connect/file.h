/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The file of one connector
 *
 *   connector: webhook        # which one; `ketenwacht connect --list` names them
 *   name: webhook-gm0014      # default: the file's name; also the consumer group's, behind ketenwacht-connect-
 *   …                         # the options of the runtime for this direction, and the connector's own
 *
 * Of a connector that delivers, `organisation: gm0014` names whose inbox, or `organisations:` many: a list, `all` (that are configured), or a mapping
 * of what differs, {gm0014: {url: …}, gm0037: {…}}, of the options that may (target_options); what is not said there is taken from the top.
 *
 * Everything that can be set is in tables, so `connect --help NAME` is always complete.
 */

#include "connect/settings.h"

#define FILE_ARENA_MAX ((size_t)4 * 1024 * 1024)

/* What the runtime does for every connector of a direction. */
struct connect_in {
        int64_t in_flight;     /* events that wait for the broker at once */
        int64_t answer_within; /* ms; then the outcome is open */
};

struct connect_out {
        const struct organisation *organisation; /* whose inbox, when it is one: .targets of the file has one or many */
        const struct yaml_node *organisations;   /* while the file is read */
        int64_t parallel, tries;
        int64_t first_delay, longest_delay; /* ms */
};

/* The options of that, by direction: key NULL behind the last; through has none. */
const struct connector_option *connect_options(enum connector_direction direction);

/* Those that may differ by organisation, whatever the connector, of a struct connector_target; in the same way. */
const struct connector_option *connect_options_each(enum connector_direction direction);

struct connect_file {
        const char *name;
        const struct connector_ops *ops;
        void *ctx; /* of the connector, options filled in, not yet open */
        struct connect_in in;
        struct connect_out out;
        struct connector_target *targets; /* OUT: whose inboxes are delivered, and what is said of each */
        size_t targets_n;
        struct arena *arena; /* owns the texts */
};

/*
 * Reads a connector's file. @table: all connectors, NULL behind the last. @organisations must outlive *ret. @environment: where tokens may stand;
 * NULL: tokens are not looked for, also not in files, for who gives orders to a connector and never opens it.
 * Return: 0; -EINVAL with every mistake in @mistakes; negative errno with one there.
 */
int connect_file_read(const char *path, const struct connector_ops *const *table, const struct organisations *organisations,
                      const char *(*environment)(const char *name), struct connect_file **ret, struct mistakes *mistakes) MUSTCHECK;
struct connect_file *connect_file_free(struct connect_file *file); /* NULL ok; the connector is closed by then; returns NULL */
DEFINE_CLEANUP(struct connect_file *, connect_file_free);

/* Appends what the file of this connector may say, for a person. */
void connect_file_document(const struct connector_ops *ops, struct buffer *out);
