/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The files of an export while they grow
 *
 * Each grows beside its place (FILE.partial) and takes it, with all others, when all are whole: whoever looks sees what was there or what is
 * new, never a half. A notebook beside them says what was asked for, what is to be read, and now and then how far it is, so that an export that was
 * broken off goes on where that stands. Knows no events: whoever exports puts data into the writers.
 */

#include <jansson.h>

#include "avro/container_write.h"

#define EXPORT_PATH_MAX 4096
#define EXPORT_FILES_MAX 600 /* of one export: one for each event type, and the rows */
#define EXPORT_NOTEBOOK_MAX ((size_t)64 * 1024 * 1024)

struct export_files_config {
        const char *notebook; /* its path */
        const json_t *asked;  /* what the export is to be: another one does not go on */
        enum container_codec codec;
        const char *const *paths, *const *schemas; /* where each file goes, and the JSON of its schema */
        size_t n;
        bool anew; /* what was broken off is of no use */
};

/* How far an export is. */
struct export_place {
        size_t part;  /* of what is to be read, which is being read */
        int64_t next; /* in it */
        uint64_t exported, left_out;
};

struct export_files;

enum export_files_outcome { EXPORT_FILES_NEW = 1 };

/*
 * Takes up an export that was broken off. All of @config is borrowed. Return: 0 with what was to be read (*ret_plan, the caller's), and how far it was;
 * EXPORT_FILES_NEW: there is none, and export_files_begin() comes next; -EEXIST with a sentence: one of another kind was broken off there, or one is under
 * way; other negative errno with a sentence.
 */
int export_files_open(const struct export_files_config *config, struct export_files **ret, json_t **ret_plan, struct export_place *ret_place,
                      struct error *err) MUSTCHECK;

/* Begins all files; @plan: what is to be read. Return: 0; negative errno with a sentence. */
int export_files_begin(struct export_files *files, const json_t *plan, struct error *err) MUSTCHECK;

/* Where data of one of the files go. */
struct container_writer *export_files_writer(struct export_files *files, size_t i);

/* Everything up to @place is on the disk, and an export that is broken off later goes on there. Return: 0; negative errno with a sentence. */
int export_files_keep(struct export_files *files, const struct export_place *place, struct error *err) MUSTCHECK;

/* All is there: the files take their places, and the notebook goes. Return: 0; negative errno with a sentence. */
int export_files_finish(struct export_files *files, const struct export_place *place, struct error *err) MUSTCHECK;

struct export_files *export_files_free(struct export_files *files); /* NULL ok; returns NULL; what was kept stays */
DEFINE_CLEANUP(struct export_files *, export_files_free);
