/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* What the parts of `ketenwacht check` share. */

#include "cli/options.h"
#include "model/config.h"
#include "base/mistakes.h"

#define CHECK_OUTPUT_MAX ((size_t)64 * 1024 * 1024)

struct check {
        struct command_dirs dirs;
        bool json, strict, coverage, stories, print;
        const char *story;                         /* only stories whose title holds this; NULL: all */
        const char *files[OPTION_ARGUMENTS_MAX];
        int n_files;
};

/* <config>/<name>, in @ret; NULL after the sentence when it is too long. */
#define CHECK_PATH_MAX 4096
const char *check_path(const struct check *check, const char *name, char ret[CHECK_PATH_MAX]);

/* Writes @out to standard output. Return: EXIT_DONE, or EXIT_BROKER after the sentence. */
int check_print(struct buffer *out);

/* Mistakes: one a line on standard error, with --json also on standard output. @where: the files they are in. Return: EXIT_USAGE. */
int check_mistakes(const struct check *check, struct mistakes *mistakes, const char *where);

/* The machine failed. Return: EXIT_BROKER after the sentence. */
int check_failed(int r);

/* The lines of a mistakes, as items of the open JSON array, or each after @before. */
void check_lines_json(struct mistakes *mistakes, struct json_writer *w);
void check_lines_text(struct mistakes *mistakes, const char *before, struct buffer *out);

/* check --coverage and check --stories. Return: an exit status. */
int check_coverage(const struct check *check, const struct config *config);
int check_stories(const struct check *check, const struct config *config);
