/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What was published: the folder history, and what a schema of today owes to each version there
 *
 * history/<name>/<n>.avsc holds every version of <name>.avsc, numbered from 1 without a gap. Versions are frozen and stay.
 */

#include "avro/layout.h"
#include "base/mistakes.h"

#define PUBLISHED_FOLDER "history"

/*
 * The names of the versions of a schema, in their order, NULL behind them; free with folder_names_free(). What else stands in that folder, and a
 * number that is missing, is a mistake. Without a folder there are none. Return: 0 or a negative errno with a sentence in mistakes->failure.
 */
int published_names(const char *folder, const char *name, char ***ret, size_t *ret_n, struct mistakes *mistakes) MUSTCHECK;

/*
 * Looks for versions of what is there no more: tells of every folder in history without its schema among @names (their file names, @n of them), and
 * of files that stand beside those folders. Return: 0 or a negative errno with a sentence in mistakes->failure.
 */
int published_check_folders(const char *folder, char *const *names, size_t n, struct mistakes *mistakes) MUSTCHECK;

/*
 * Tells what a field of @published, which stands at @path, promised and the same field of @current does not keep: its meaning (a date stays
 * a date), its default, the default of its enum, the name of its enum or fixed, its aliases. Whether the bytes resolve is not looked at.
 */
void published_check(const struct layout *current, const struct layout *published, const char *path, struct mistakes *mistakes);
