/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * `ketenwacht schema compatible`: whether one schema may take the place of another
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/language.h"

#define SCHEMA_LEVEL_DEFAULT "FULL" /* as `ketenwacht check` asks of what is published */

struct schema_question {
        const char *old, *new;  /* paths */
        const char *level;      /* BACKWARD: the new one reads what the old one wrote; FORWARD: the old one what the new one writes; FULL: both */
        enum language language; /* of the reasons */
        bool json;
};

/* Writes the answer with every reason to @out. Return: EXIT_DONE, EXIT_NO, or EXIT_USAGE with the sentence in @err. */
int schema_compatible(const struct schema_question *question, struct buffer *out, struct error *err) MUSTCHECK;
