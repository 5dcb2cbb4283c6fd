/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Name and password in a header (RFC 7617), for programs that cannot fill in a form: readers of feeds
 *
 * Taken for feeds alone: all else of the console is for sessions, which end.
 */

#include <stdbool.h>
#include <stddef.h>

#define BASIC_TEXT_MAX 512 /* bytes of both */

struct basic {
        char text[BASIC_TEXT_MAX + 1];
        const char *name, *password; /* in it */
};

/* Whether a path is that of a feed: /meldingen/<organisation>.atom. */
bool basic_is_feed(const char *path);

/* Reads the value of Authorization (NULL: there is none). false: it is no name and password. Clear *ret when it was used. */
bool basic_read(const char *header, struct basic *ret);
