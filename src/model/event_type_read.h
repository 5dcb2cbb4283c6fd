/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What event_type_read.c builds and event_type.c answers from (private to the files event_type*.c)
 */

#include "base/arena.h"
#include "base/table.h"
#include "base/vector.h"
#include "model/event_type.h"

struct decoder {
        uint64_t fingerprint; /* of the writer's schema: the key */
        const struct event_type *type;
        const struct program *program;
};

struct event_types {
        struct arena *arena;                /* types, decoders, names */
        VECTOR(struct event_type *) all;    /* by name */
        const struct event_type *known[TYPE_EVENT_REFUSED + 1];
        struct table by_name, others;       /* struct event_type; struct layout */
        struct table events, rows;          /* struct decoder by fingerprint */
        VECTOR(struct schema_file *) files; /* owned, as the next two */
        VECTOR(struct layout *) layouts;
        VECTOR(struct program *) programs;
};

/*
 * Fills @type from its schema: envelope, custom properties, fields with a meaning. Mistakes go to
 * @mistakes under @path.
 */
void event_type_describe(struct event_type *type, const char *path, struct mistakes *mistakes);

/*
 * The published versions of one type, history/<event>/<n>.avsc under @folder: each must be readable with
 * the current one and the other way round, and gets its decoders. Return: 0, negative errno; mistakes go to @mistakes.
 */
int event_type_history(struct event_types *types, const struct event_type *type, const char *folder, struct mistakes *mistakes) MUSTCHECK;

/*
 * What each type ends (ketenwacht.ends), once all types are there: fills ended_by of the others. Mistakes go to
 * @mistakes. Return: 0 or -ENOMEM.
 */
int event_types_ends(struct event_types *types, const char *folder, struct mistakes *mistakes) MUSTCHECK;

/* Helpers of both readers: whatever succeeds belongs to @types. Return: 0; -EINVAL with a sentence; negative errno. */
int event_types_keep_file(struct event_types *types, struct schema_file **file) MUSTCHECK;
int event_types_layout(struct event_types *types, const struct schema_file *file, const struct layout **ret, struct error *err) MUSTCHECK;
int event_types_row_layout(struct event_types *types, const struct schema_file *event, const struct layout **ret, struct error *err) MUSTCHECK;
int event_types_add_decoder(struct event_types *types, struct table *table, const struct event_type *type, const struct schema_file *writer,
                            const struct layout *reader, struct error *err) MUSTCHECK;
