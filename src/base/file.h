/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Reading files and folders whole
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/language.h"

#define FILE_BYTES_MAX ((size_t)16 * 1024 * 1024) /* configuration, not data */
#define FOLDER_NAMES_MAX 4096

/* The name of a file without its folders; points into @path. */
const char *file_name(const char *path);

/* Reads a whole file, NUL behind it. Return: 0, or negative errno with a sentence in @err. *ret is the caller's to free. */
int file_read(const char *path, char **ret, size_t *ret_n, struct error *err) MUSTCHECK;

/*
 * The names in a folder that end in @ending, sorted, NULL behind them. A folder that is not there
 * is -ENOENT. Free with folder_names_free().
 */
int folder_names(const char *path, const char *ending, char ***ret, size_t *ret_n, struct error *err) MUSTCHECK;
char **folder_names_free(char **names);
DEFINE_CLEANUP(char **, folder_names_free);

/*
 * What to add to a sentence about a path that could not be opened because of errno @e: when it does not exist, the name in its folder that is
 * nearest, or that there is no such folder; else "". Begins with what separates it from that sentence.
 */
#define FILE_HINT_MAX 320
const char *file_hint(const char *path, int e, enum language language, char ret[FILE_HINT_MAX]);

/* Says in @language what file_read() or folder_names() could not do: @e is what it returned. */
void file_error(const char *path, int e, enum language language, struct error *err);

/* What tells one state of a file from another, also when another file was renamed or linked into its place. Zeros: none was seen. */
struct file_mark {
        uint64_t device, inode;
        int64_t size, changed_ns; /* also when only its rights were */
        bool young; /* it was written so shortly before the look that one more write might not show */
};

/*
 * Whether the file at @path may be another than it was when @mark was taken, which then is taken anew. A file that went away is another; one that stays
 * away is not.
 */
bool file_mark_moved(const char *path, struct file_mark *mark);
