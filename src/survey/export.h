/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What stands on the broker as container files, for whoever analyses it without our program
 *
 * Events, what was told, or the state: each kind of record by its own schema, as it stands in schemas, doc and logical types included. Into a folder,
 * one file for each kind: then every file is a plain table. Or into one file: of one kind the same, of several a union of them. The order is that of kinds,
 * partitions and places in them, whatever the broker does, so the same records make the same file. What is read was committed and stood there when the
 * export began; broken off, it goes on where it was (survey/export_files.h).
 */

#include "bus/bus.h"
#include "model/event_types.h"
#include "survey/export_files.h"

#define EXPORT_TYPES_MAX 64 /* that are asked for by name */

enum export_kind { EXPORT_EVENTS, EXPORT_TELLINGS, EXPORT_STATE };

struct export_config {
        struct bus *bus;
        const char *where; /* of the broker, prefix included: an export goes on only there */
        const struct event_types *types;
        enum export_kind kind;
        const char *const *only; /* names of event types, of EXPORT_STATE also of rows (obligation, alert, copy, closed); none: all */
        size_t only_n;
        instant_t from, until; /* recorded_at from the one to before the other; not of EXPORT_STATE */
        bool personal;         /* personal fields too; without it they are null */
        enum container_codec codec;
        const char *path;
        bool folder; /* that path is one, which is there */
        bool anew;
        void (*watch)(void *ctx, uint64_t read, uint64_t all); /* offsets; may be NULL */
        void *ctx;
};

struct export_result {
        uint64_t exported, left_out; /* left out: what no schema reads */
        bool resumed;
        size_t files;
        struct error why; /* of the first that was left out, with its place */
};

/*
 * Writes the files. Return: 0; -EINVAL with a sentence: what is asked for is not to be had so; -EEXIST: as export_files_open(); -ENOENT: no such topic; other
 * negative errno with a sentence.
 */
int export_run(const struct export_config *config, struct export_result *ret, struct error *err) MUSTCHECK;

/* Whether a kind of record is called so, of what @kind can export; else it is offered to @nearest which there are. */
bool export_knows(const struct event_types *types, enum export_kind kind, const char *name, struct nearest *nearest);
