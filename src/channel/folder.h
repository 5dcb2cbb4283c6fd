/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A folder in which files arrive, one after another in the order of their names
 *
 * Taken is a regular file (no link, none whose name begins with a dot) with one of the endings that is whole: renamed in, so that it has been
 * as it is for FOLDER_STILL_MS by its own clock, or unchanged for so long while we looked. When everything in it is over it is moved to done/ or
 * refused/ in the folder, which are made when they are not there; a name that is taken there gets a number before its ending. A crash before that
 * takes it again, so what is made of a file must be the same the second time.
 *
 * Of two processes on one folder the second waits: it gets no file until the first has ended (a lock on .ketenwacht.lock).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#define FOLDER_STILL_MS 2000
#define FOLDER_LOOK_MS 1000      /* between two looks at a folder without files that can be taken */
#define FOLDER_FILES_MAX 100000  /* of one look; more are seen by the next */
#define FOLDER_NAME_MAX 255
#define FOLDER_PATH_MAX 4096

struct folder;

struct folder_config {
        const char *path;            /* copied */
        const char *const *endings;  /* ".xml", ".csv"; NULL behind the last; must outlive the folder */
        size_t bytes_max;            /* a larger file is handed over without its bytes */
        struct clock clock;
};

/* Return: 0; -ENOENT, -ENOTDIR, -EACCES …: it is not a folder in which we may write, with a sentence; -ENOMEM. */
int folder_open(const struct folder_config *config, struct folder **ret, struct error *err) MUSTCHECK;
struct folder *folder_free(struct folder *f); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct folder *, folder_free);

struct folder_file {
        char name[FOLDER_NAME_MAX + 1];
        char *bytes;   /* NUL behind them; NULL: larger than config.bytes_max. The caller's to free */
        size_t n;      /* its size */
        instant_t at;  /* when it was last written, by its file system */
};

/*
 * The next file. The same one is not handed over again before folder_settle(), and one that was not settled comes again after folder_forget() or
 * a restart. Return: 1: in *ret; 0: none that can be taken now, or another process has the folder; negative errno with a sentence.
 */
int folder_next(struct folder *f, struct folder_file *ret, struct error *err) MUSTCHECK;

/* Whether another process has the folder, as it was at the latest folder_next(). */
bool folder_is_taken(const struct folder *f);

/* Files that were seen at the latest look and wait. */
size_t folder_waiting(const struct folder *f);

/* It may be handed over again: what was to be done with it could not be. */
void folder_forget(struct folder *f, const char *name);

enum folder_end { FOLDER_DONE, FOLDER_REFUSED };

/*
 * Writes what is to be said of a file where folder_settle() will move it: beside it, under its name and FOLDER_REPORT, in place of an older one of
 * that name. Before folder_settle(), so that a crash between them writes it again. Return: 0, and it is on disk; negative errno.
 */
#define FOLDER_REPORT ".report.csv"
int folder_report(struct folder *f, const char *name, enum folder_end end, const void *bytes, size_t n, struct error *err) MUSTCHECK;

/*
 * Moves a file away, on disk before this returns. @ret_path: where it stands now, FOLDER_PATH_MAX; may be NULL. Of one that somebody else removed
 * nothing is left to do. Return: 0 or negative errno.
 */
int folder_settle(struct folder *f, const char *name, enum folder_end end, char *ret_path, struct error *err) MUSTCHECK;

/* -- Files for others -- */

/* Whether files can be written into the folder at @path. Return: 0, or negative errno with a sentence. */
int folder_is_writable(const char *path, struct error *err) MUSTCHECK;

/*
 * Writes a file of @name into the folder at @path: under another name that begins with a dot and ends in .tmp, on disk, then renamed, so that nobody sees half
 * of it. One of that name is replaced. Return: 0, or negative errno with a sentence.
 */
int folder_put(const char *path, const char *name, struct text bytes, struct error *err) MUSTCHECK;
