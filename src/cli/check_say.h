/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What `ketenwacht check` was asked, and how it says what is wrong or missing
 */

#include "base/json.h"
#include "base/mistakes.h"
#include "cli/options.h"

#define CHECK_OUTPUT_MAX ((size_t)64 * 1024 * 1024)
#define CHECK_PATH_MAX 4096

struct check {
        struct command_dirs dirs;
        enum language language; /* of all that is said */
        bool assumed, json, strict, coverage, stories, print;
        const char *story;                         /* only stories whose title holds this; NULL: all */
        const char *files[OPTION_ARGUMENTS_MAX];
        int n_files;
        const char *file;                          /* the one that is spoken of; NULL: all there is */
};

/* The lines of @mistakes, as items of the open JSON array. */
void check_lines_json(struct mistakes *mistakes, struct json_writer *w);

/* The lines of @mistakes, each after @before. */
void check_lines_text(struct mistakes *mistakes, const char *before, struct buffer *out);

/* <config>/<name>, in @ret; NULL after the sentence when it is too long. */
const char *check_path(const struct check *check, const char *name, char ret[CHECK_PATH_MAX]);

/* Writes @out to standard output. Return: EXIT_DONE, or EXIT_BROKER after the sentence. */
int check_print(const struct check *check, struct buffer *out);

/* The machine failed. Return: EXIT_BROKER after the sentence. */
int check_failed(const struct check *check, int r);

/* Mistakes: one a line on standard error, with --json also {"ok":false,"mistakes":N,"lines":[…]}. @where: the files they are in. Return: EXIT_USAGE. */
int check_mistakes(const struct check *check, struct mistakes *mistakes, const char *where);
