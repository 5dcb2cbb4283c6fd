/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* `ketenwacht decode` of a container file, which brings the schema of who wrote it. */

#include "base/language.h"

#define DECODE_HELD ((size_t)256 * 1024) /* bytes of lines that are held back, of datums without a container too */

/*
 * Prints every datum of the file @path ("-": standard input) as a line of JSON, read by the schema in @reader_path, or when that is NULL by its own.
 * Return: an exit status; the sentence has been printed when it is not EXIT_DONE.
 */
int decode_container(const char *path, const char *reader_path, enum language language);
