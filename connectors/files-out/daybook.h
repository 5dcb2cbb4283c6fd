/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A file of rows for each day, that appears when the day is over
 *
 * Rows of today stand in .<name>-<day>.csv.tmp, which is only added to; what was flushed is on disk. When the day is over (local midnight, or the next
 * start) it becomes <name>-<day>.csv by one rename, so that whoever fetches files never sees half of one. A part of a day that had to
 * be closed before its end (other columns after a restart) is followed by <name>-<day>.2.csv.
 *
 * Nothing is written twice, whenever a process is killed: each row begins with an id that is the same for every try of a record, and before a day's file
 * appears it gets a second, hidden name, .<name>-<day>.csv.kept, which stays when the file itself is fetched and removed. Who
 * begins reads the ids of today and of the last DAYBOOK_KEPT files from there; of the records that a killed process had written and not yet
 * counted as delivered none is older. A row that was cut off in the middle is taken away. On a file system without hard links there are no
 * second names: what was written just before midnight may then be written again after a crash.
 *
 * Of two processes on one file the second waits (a lock on .<name>.lock).
 */

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"

#define DAYBOOK_KEPT 2
#define DAYBOOK_ROW_MAX ((size_t)1024 * 1024) /* bytes */

struct daybook;

struct daybook_config {
        const char *path, *name; /* of the folder; what files begin with, a name. Copied */
        struct text header;      /* the first line without its end, the BOM included. Copied */
        struct clock clock;
};

/* Opens the folder and nothing in it. Return: 0; -ENOENT, -ENOTDIR, -EACCES …, with a sentence; -ENOMEM. */
int daybook_open(const struct daybook_config *config, struct daybook **ret, struct error *err) MUSTCHECK;
struct daybook *daybook_free(struct daybook *d); /* what was added and not flushed is forgotten; NULL ok; returns NULL */
DEFINE_CLEANUP(struct daybook *, daybook_free);

/*
 * Takes the files, when no other process has them: reads what stands there, and lets days appear that are over. Cheap when they are taken already. After
 * something failed the folder is opened anew: it may have been made, or mounted, again.
 * Return: 1: ours; 0: another process has them; negative errno with a sentence.
 */
int daybook_take(struct daybook *d, struct error *err) MUSTCHECK;

/* Whether a row of this id was added, now or before. The files are ours. */
bool daybook_has(const struct daybook *d, const struct uuid *id);

/* Adds a row, without its end and its id, which comes before it; daybook_flush() writes it. Return: 0; -ENOMEM. */
int daybook_add(struct daybook *d, const struct uuid *id, struct text row) MUSTCHECK;

/* Forgets what was added since the last flush. */
void daybook_drop(struct daybook *d);

/* All that was added is on disk when this returns 0; negative errno with a sentence: nothing of it stands there, and it is forgotten. */
int daybook_flush(struct daybook *d, struct error *err) MUSTCHECK;

/* Lets the file of a day that is over appear. Return: 0 or negative errno with a sentence. */
int daybook_turn(struct daybook *d, struct error *err) MUSTCHECK;
