/* SPDX-License-Identifier: EUPL-1.2 */

/* Writes the rows of a day, and lets its file appear when the day is over. */

#include "connectors/files-out/daybook.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/table.h"
#include "base/vector.h"
#include "calendar/date.h"

#define DAYBOOK_NAME_MAX 255
#define DAYBOOK_PARTS_MAX 1000 /* of one day */
#define DAYBOOK_IDS_MAX ((size_t)512 * 1024 * 1024)
#define DAYBOOK_PENDING_MAX ((size_t)64 * 1024 * 1024)
#define DAYBOOK_TMP ".csv.tmp"
#define DAYBOOK_KEPT_ENDING ".csv.kept"
#define DAYBOOK_END "\r\n"

struct daybook {
        char *path, *name;
        struct buffer header;
        struct clock clock;
        int fd, lock, file;  /* file: of today; -1: none yet */
        day_t day;           /* of .file */
        off_t written;       /* bytes of .file that stand */
        bool locked, read, failed; /* failed: the folder may be another one when it is looked at again */
        struct arena *arena; /* of ids */
        struct table ids;
        struct buffer pending;
};

static int daybook_fail(struct daybook *d, const char *what, struct error *err) {
        int e = errno ? errno : EIO;

        d->failed = true;
        error_set(err, "%s: %s: %s", d->path, what, strerror(e));
        return -e;
}

static day_t daybook_today(const struct daybook *d) {
        return date_of_instant(clock_realtime(&d->clock));
}

/* -- Opening -- */

static int daybook_open_folder(struct daybook *d, struct error *err) {
        d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (d->fd < 0)
                return daybook_fail(d, "cannot be opened as a folder", err);
        d->failed = false;
        return 0;
}

int daybook_open(const struct daybook_config *config, struct daybook **ret, struct error *err) {
        CLEANUP(daybook_free_p) struct daybook *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->fd = d->lock = d->file = -1;
        d->clock = config->clock;
        d->path = strdup(config->path);
        d->name = strdup(config->name);
        d->header = (struct buffer)BUFFER_INIT(DAYBOOK_ROW_MAX);
        d->pending = (struct buffer)BUFFER_INIT(DAYBOOK_PENDING_MAX);
        buffer_add(&d->header, config->header.s, config->header.n);
        buffer_add_text(&d->header, DAYBOOK_END);
        if (!d->path || !d->name || d->header.failed || arena_new(&d->arena, DAYBOOK_IDS_MAX) < 0)
                return -ENOMEM;
        r = daybook_open_folder(d, err);
        if (r < 0)
                return r;
        *ret = TAKE(d);
        return 0;
}

static void daybook_close_file(struct daybook *d) {
        if (d->file >= 0)
                close(d->file);
        d->file = -1;
        d->written = 0;
}

static void daybook_close_folder(struct daybook *d) {
        daybook_close_file(d);
        if (d->lock >= 0)
                close(d->lock);
        if (d->fd >= 0)
                close(d->fd);
        d->lock = d->fd = -1;
        d->locked = d->read = false;
}

struct daybook *daybook_free(struct daybook *d) {
        if (!d)
                return NULL;
        daybook_close_folder(d);
        table_done(&d->ids);
        arena_free(d->arena);
        buffer_done(&d->header);
        buffer_done(&d->pending);
        free(d->path);
        free(d->name);
        free(d);
        return NULL;
}

/* -- Names -- */

static void daybook_tmp(const struct daybook *d, day_t day, char ret[DAYBOOK_NAME_MAX + 1]) {
        char date[DATE_TEXT + 1];

        date_format(day, date);
        (void) snprintf(ret, DAYBOOK_NAME_MAX + 1, ".%s-%s" DAYBOOK_TMP, d->name, date);
}

/* "gm0014-2026-11-30.csv", ".gm0014-2026-11-30.2.csv.kept" */
static void daybook_part(const struct daybook *d, day_t day, unsigned part, bool kept, char ret[DAYBOOK_NAME_MAX + 1]) {
        char date[DATE_TEXT + 1], number[16] = "";

        date_format(day, date);
        if (part > 1)
                (void) snprintf(number, sizeof(number), ".%u", part);
        (void) snprintf(ret, DAYBOOK_NAME_MAX + 1, "%s%s-%s%s%s", kept ? "." : "", d->name, date, number, kept ? DAYBOOK_KEPT_ENDING : ".csv");
}

/* Whether a hidden name is one of ours with this ending, and of which day. */
static bool daybook_is_ours(const struct daybook *d, const char *file, const char *ending, day_t *ret_day) {
        size_t n = strlen(file), before = strlen(d->name) + 2, e = strlen(ending);

        return n >= before + DATE_TEXT + e && file[0] == '.' && strncmp(file + 1, d->name, before - 2) == 0 && file[before - 1] == '-' &&
               date_parse((struct text){file + before, DATE_TEXT}, ret_day) && strcmp(file + n - e, ending) == 0;
}

/* -- Ids -- */

bool daybook_has(const struct daybook *d, const struct uuid *id) {
        return table_get(&d->ids, id, sizeof(*id));
}

static int daybook_know(struct daybook *d, const struct uuid *id) {
        struct uuid *copy = arena_alloc(d->arena, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        *copy = *id;
        return table_put(&d->ids, copy, sizeof(*copy), copy);
}

/*
 * Reads the ids of a file. *ret_whole: so many of its bytes are whole lines; *ret_same: its first line is ours. Return: 0 or negative errno.
 */
static int daybook_read(struct daybook *d, const char *name, off_t *ret_whole, bool *ret_same, struct error *err) {
        CLEANUP(cleanup_free) void *memory = NULL;
        char *line = NULL;
        size_t capacity = 0;
        int fd = openat(d->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r = 0;
        FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
        struct uuid id;

        *ret_whole = 0;
        *ret_same = false;
        if (!f) {
                r = daybook_fail(d, "a file of rows cannot be read", err);
                if (fd >= 0)
                        close(fd);
                return r;
        }
        for (ssize_t n; r == 0 && (n = getline(&line, &capacity, f)) > 0 && line[n - 1] == '\n'; *ret_whole += n) {
                if (*ret_whole == 0)
                        *ret_same = (size_t)n == d->header.n && memcmp(line, d->header.bytes, d->header.n) == 0;
                else if (n > UUID_TEXT && uuid_parse(line, UUID_TEXT, &id))
                        r = daybook_know(d, &id);
        }
        memory = line;
        if (r == 0 && ferror(f))
                r = daybook_fail(d, "a file of rows cannot be read", err);
        (void) fclose(f);
        return r;
}

/* -- A day that is over -- */

/* Gives a file its second name. Return: 0: it has it, or the file system knows none; 1: another part has the name; negative errno. */
static int daybook_keep(struct daybook *d, const char *tmp, const char *kept, struct error *err) {
        struct stat a, b;

        if (linkat(d->fd, tmp, d->fd, kept, 0) == 0)
                return 0;
        if (errno == EEXIST && fstatat(d->fd, tmp, &a, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(d->fd, kept, &b, AT_SYMLINK_NOFOLLOW) == 0)
                return a.st_ino == b.st_ino && a.st_dev == b.st_dev ? 0 : 1;
        if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK)
                return 0;
        return daybook_fail(d, "a file of rows cannot get its second name", err);
}

static int daybook_appear(struct daybook *d, day_t day, struct error *err) {
        char tmp[DAYBOOK_NAME_MAX + 1], kept[DAYBOOK_NAME_MAX + 1], name[DAYBOOK_NAME_MAX + 1];

        daybook_tmp(d, day, tmp);
        for (unsigned part = 1; part < DAYBOOK_PARTS_MAX; part++) {
                int r;

                daybook_part(d, day, part, true, kept);
                daybook_part(d, day, part, false, name);
                if (faccessat(d->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        continue;
                r = daybook_keep(d, tmp, kept, err);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                if (fsync(d->fd) < 0 || renameat2(d->fd, tmp, d->fd, name, RENAME_NOREPLACE) < 0 || fsync(d->fd) < 0)
                        return daybook_fail(d, "the file of a day that is over cannot get its name", err);
                return 0;
        }
        error_set(err, "%s: too many files of one day", d->path);
        return -EEXIST;
}

/* -- Taking -- */

struct daybook_found {
        char name[DAYBOOK_NAME_MAX + 1];
        day_t day;
        bool kept;
};

/* Older ones first; parts of a day in any order. */
static int daybook_by_day(const void *a, const void *b) {
        const struct daybook_found *x = a, *y = b;

        return (x->day > y->day) - (x->day < y->day);
}

typedef VECTOR(struct daybook_found) daybook_list;

static int daybook_look(struct daybook *d, daybook_list *list, struct error *err) {
        int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

        if (!dir) {
                r = daybook_fail(d, "cannot be read", err);
                if (fd >= 0)
                        close(fd);
                return r;
        }
        for (const struct dirent *e = readdir(dir); e && r == 0; e = readdir(dir)) {
                struct daybook_found found = {.kept = true};

                if (!daybook_is_ours(d, e->d_name, DAYBOOK_KEPT_ENDING, &found.day)) {
                        found.kept = false;
                        if (!daybook_is_ours(d, e->d_name, DAYBOOK_TMP, &found.day))
                                continue;
                }
                (void) snprintf(found.name, sizeof(found.name), "%s", e->d_name);
                r = vector_push(list, found);
        }
        closedir(dir);
        if (list->n > 1)
                qsort(list->items, list->n, sizeof(*list->items), daybook_by_day);
        return r;
}

/* The rows of today go on; those of another day, or with other columns, are over. */
static int daybook_adopt(struct daybook *d, const struct daybook_found *found, struct error *err) {
        bool same;
        int r = daybook_read(d, found->name, &d->written, &same, err);

        if (r < 0)
                return r;
        d->file = openat(d->fd, found->name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
        if (d->file < 0 || ftruncate(d->file, d->written) < 0 || fsync(d->file) < 0)
                return daybook_fail(d, "the rows of a day cannot be gone on with", err);
        d->day = found->day;
        if (d->written == 0 || (same && found->day == daybook_today(d)))
                return 0;
        daybook_close_file(d);
        return daybook_appear(d, found->day, err);
}

static int daybook_read_all(struct daybook *d, struct error *err) {
        daybook_list list = {0};
        size_t kept = 0;
        int r = daybook_look(d, &list, err);

        table_done(&d->ids);
        d->ids = (struct table){0};
        arena_reset(d->arena);
        daybook_close_file(d);
        for (size_t i = list.n; i-- > 0 && r == 0;) { /* the latest kept ones stay */
                off_t whole;
                bool same;

                if (!list.items[i].kept)
                        continue;
                if (kept++ < DAYBOOK_KEPT)
                        r = daybook_read(d, list.items[i].name, &whole, &same, err);
                else
                        (void) unlinkat(d->fd, list.items[i].name, 0);
        }
        for (size_t i = 0; i < list.n && r == 0; i++) {
                if (!list.items[i].kept)
                        r = daybook_adopt(d, &list.items[i], err);
        }
        vector_done(&list);
        d->read = r == 0;
        return r;
}

int daybook_take(struct daybook *d, struct error *err) {
        char name[DAYBOOK_NAME_MAX + 1];
        int r = 0;

        if (d->failed) {
                daybook_close_folder(d);
                r = daybook_open_folder(d, err);
        }
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof(name), ".%s.lock", d->name);
        if (d->lock < 0)
                d->lock = openat(d->fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
        if (d->lock < 0)
                return daybook_fail(d, "nothing can be made in it", err);
        if (!d->locked && flock(d->lock, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK || errno == EINTR ? 0 : daybook_fail(d, "cannot be locked", err);
        d->locked = true;
        r = d->read || d->pending.n > 0 ? 0 : daybook_read_all(d, err); /* ids of what was added stand nowhere yet */
        return r < 0 ? r : 1;
}

/* -- Writing -- */

int daybook_add(struct daybook *d, const struct uuid *id, struct text row) {
        char text[UUID_TEXT + 1];

        uuid_format(id, text);
        buffer_add_text(&d->pending, text);
        buffer_add(&d->pending, row.s, row.n);
        buffer_add_text(&d->pending, DAYBOOK_END);
        return d->pending.failed ? -ENOMEM : daybook_know(d, id);
}

void daybook_drop(struct daybook *d) {
        if (d->pending.n > 0)
                d->read = false; /* ids of rows that do not stand there are known */
        buffer_clear(&d->pending);
}

static int daybook_write(const struct daybook *d, const struct buffer *b) {
        for (size_t done = 0; done < b->n;) {
                ssize_t n = write(d->file, b->bytes + done, b->n - done);

                if (n < 0 && errno != EINTR)
                        return -1;
                done += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

/* The file of today is open; one of another day has appeared. */
static int daybook_today_file(struct daybook *d, struct error *err) {
        char name[DAYBOOK_NAME_MAX + 1];
        struct stat s;
        int r = daybook_turn(d, err);

        if (r < 0 || d->file >= 0)
                return r;
        d->day = daybook_today(d);
        daybook_tmp(d, d->day, name);
        d->file = openat(d->fd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (d->file < 0 || fstat(d->file, &s) < 0 || fsync(d->fd) < 0)
                return daybook_fail(d, "rows cannot be written", err);
        d->written = s.st_size;
        return 0;
}

int daybook_flush(struct daybook *d, struct error *err) {
        off_t before;
        int r;

        if (d->pending.n == 0)
                return 0;
        r = daybook_today_file(d, err);
        before = d->written;
        if (r == 0 && ((before == 0 && daybook_write(d, &d->header) < 0) || daybook_write(d, &d->pending) < 0 || fdatasync(d->file) < 0)) {
                r = daybook_fail(d, "rows cannot be written", err);
                (void) ftruncate(d->file, before); /* else the next reading takes away what is not whole */
        }
        if (r < 0) {
                daybook_drop(d);
                return r;
        }
        d->written = before + (off_t)(d->pending.n + (before == 0 ? d->header.n : 0));
        buffer_clear(&d->pending);
        return 0;
}

int daybook_turn(struct daybook *d, struct error *err) {
        char name[DAYBOOK_NAME_MAX + 1];
        bool empty = d->written == 0;

        if (d->file < 0 || d->day == daybook_today(d))
                return 0;
        daybook_close_file(d);
        d->read = false; /* what is kept changes, and what fails now is tried again by daybook_take() */
        if (!empty)
                return daybook_appear(d, d->day, err);
        daybook_tmp(d, d->day, name);
        return unlinkat(d->fd, name, 0) < 0 ? daybook_fail(d, "an empty file cannot be removed", err) : 0;
}
