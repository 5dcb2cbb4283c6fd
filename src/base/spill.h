/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Memory that stands in a file: so much disk, and as much memory as the system has to spare
 *
 * For what is large, looked at seldom and made anew after a restart. The file has no name, so nobody else can open it, and goes with the process. All
 * of its disk is had at once, so that no write can find it full. What the process has touched it lets go of now and then, and the system keeps it in its
 * cache of files for as long as it likes: it never counts against the process for more than SPILL_TOUCHED_MAX. One thread at a time.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

#define SPILL_TOUCHED_MAX ((size_t)2 << 20)

struct spill {
        uint8_t *bytes; /* NULL: there is none */
        size_t n, touched;
};

/* @n bytes in a file in @folder. Return: 0; negative errno with a sentence: there is no such folder, or not so much room there. */
int spill_new(struct spill *ret, const char *folder, size_t n, struct error *err) MUSTCHECK;
void spill_done(struct spill *s); /* no effect on zeros */

/* @n bytes are looked at or written: what was touched before may be let go of, so this comes first. */
void spill_touch(struct spill *s, size_t n);
