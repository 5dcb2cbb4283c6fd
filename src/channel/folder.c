/* SPDX-License-Identifier: EUPL-1.2 */

/* Looks into a folder, takes what is whole, and moves away what is over. */

#include "channel/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FOLDER_LOCK ".ketenwacht.lock"
#define FOLDER_HALF ".tmp"       /* behind the name of what is being written */
#define FOLDER_DOUBLES_MAX 10000 /* files of one name in done/ or refused/ */

static const char *const folder_ends[] = {[FOLDER_DONE] = "done", [FOLDER_REFUSED] = "refused"};

/* A name that was seen, and how the file was then. */
struct folder_entry {
        char *name;
        off_t size;
        struct timespec modified;
        int64_t since;   /* monotonic ms: it has been as it is, as far as we saw */
        bool out, seen;  /* handed over; in the look that is under way */
};

struct folder {
        struct folder_config config;
        char *path;
        int fd, lock;
        bool ours;
        struct folder_entry *entries; /* [n], in order of name */
        size_t n, capacity;
        int64_t look_at;
};

static int folder_fail(const struct folder *f, const char *what, struct error *err) {
        int e = errno ? errno : EIO;

        error_set(err, "%s: %s: %s", f->path, what, strerror(e));
        return -e;
}

/* -- Opening -- */

int folder_open(const struct folder_config *config, struct folder **ret, struct error *err) {
        CLEANUP(folder_free_p) struct folder *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->config = *config;
        f->fd = f->lock = -1;
        f->path = strdup(config->path);
        if (!f->path)
                return -ENOMEM;
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (f->fd < 0)
                return folder_fail(f, "cannot be opened as a folder", err);
        for (size_t i = 0; i < ELEMENTS(folder_ends); i++) {
                if (mkdirat(f->fd, folder_ends[i], 0770) < 0 && errno != EEXIST)
                        return folder_fail(f, "nothing can be made in it", err);
        }
        f->lock = openat(f->fd, FOLDER_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
        if (f->lock < 0)
                return folder_fail(f, FOLDER_LOCK, err);
        *ret = TAKE(f);
        return 0;
}

struct folder *folder_free(struct folder *f) {
        if (!f)
                return NULL;
        for (size_t i = 0; i < f->n; i++)
                free(f->entries[i].name);
        free(f->entries);
        if (f->lock >= 0)
                close(f->lock);
        if (f->fd >= 0)
                close(f->fd);
        free(f->path);
        free(f);
        return NULL;
}

/* -- Looking -- */

static bool folder_is_wanted(const struct folder *f, const char *name) {
        size_t n = strlen(name);

        if (name[0] == '.' || n > FOLDER_NAME_MAX)
                return false;
        for (size_t i = 0; f->config.endings[i]; i++) {
                size_t e = strlen(f->config.endings[i]);

                if (n > e && strcasecmp(name + n - e, f->config.endings[i]) == 0)
                        return true;
        }
        return false;
}

static int folder_by_name(const void *a, const void *b) {
        return strcmp(((const struct folder_entry *)a)->name, ((const struct folder_entry *)b)->name);
}

static struct folder_entry *folder_find(const struct folder *f, size_t n, const char *name) {
        const struct folder_entry key = {.name = (char *)name};

        return n > 0 ? bsearch(&key, f->entries, n, sizeof(key), folder_by_name) : NULL;
}

static struct folder_entry *folder_add(struct folder *f, const char *name) {
        if (f->n == f->capacity) {
                size_t capacity = f->capacity ? f->capacity * 2 : 64;
                struct folder_entry *more = realloc(f->entries, capacity * sizeof(*more));

                if (!more)
                        return NULL;
                f->entries = more;
                f->capacity = capacity;
        }
        f->entries[f->n] = (struct folder_entry){.name = strdup(name)};
        return f->entries[f->n].name ? &f->entries[f->n++] : NULL;
}

/* @known: so many entries stand in order, from the look before. Return: 0 or -ENOMEM. */
static int folder_see(struct folder *f, size_t known, const char *name) {
        struct folder_entry *e = folder_find(f, known, name);
        struct stat s;

        if (fstatat(f->fd, name, &s, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(s.st_mode))
                return 0;
        if (!e)
                e = folder_add(f, name);
        if (!e)
                return -ENOMEM;
        if (e->since == 0 || e->size != s.st_size || e->modified.tv_sec != s.st_mtim.tv_sec || e->modified.tv_nsec != s.st_mtim.tv_nsec)
                e->since = clock_monotonic(&f->config.clock);
        e->size = s.st_size;
        e->modified = s.st_mtim;
        e->seen = true;
        return 0;
}

/* Those that are gone are forgotten. */
static void folder_sweep(struct folder *f) {
        size_t n = 0;

        for (size_t i = 0; i < f->n; i++) {
                if (f->entries[i].seen)
                        f->entries[n++] = f->entries[i];
                else
                        free(f->entries[i].name);
        }
        f->n = n;
        if (n > 1)
                qsort(f->entries, n, sizeof(*f->entries), folder_by_name);
}

static int folder_look(struct folder *f, struct error *err) {
        int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        size_t known = f->n;

        if (!dir) {
                r = folder_fail(f, "cannot be read", err);
                if (fd >= 0)
                        close(fd);
                return r;
        }
        for (size_t i = 0; i < known; i++)
                f->entries[i].seen = false;
        for (const struct dirent *d = readdir(dir); d && r == 0 && f->n < FOLDER_FILES_MAX; d = readdir(dir)) {
                if (folder_is_wanted(f, d->d_name))
                        r = folder_see(f, known, d->d_name);
        }
        closedir(dir);
        folder_sweep(f);
        return r;
}

/* -- Taking -- */

static bool folder_is_whole(const struct folder *f, const struct folder_entry *e) {
        int64_t age = clock_realtime(&f->config.clock) - ((int64_t)e->modified.tv_sec * 1000 + e->modified.tv_nsec / 1000000);

        return !e->out && (age >= FOLDER_STILL_MS || clock_monotonic(&f->config.clock) - e->since >= FOLDER_STILL_MS);
}

static int folder_read(const struct folder *f, const struct folder_entry *e, struct folder_file *ret, struct error *err) {
        CLEANUP(cleanup_free) void *memory = NULL;
        size_t done = 0;
        int fd;

        (void) snprintf(ret->name, sizeof(ret->name), "%s", e->name);
        ret->n = (size_t)e->size;
        ret->at = (instant_t)e->modified.tv_sec * 1000 + e->modified.tv_nsec / 1000000;
        ret->bytes = NULL;
        if (ret->n > f->config.bytes_max)
                return 1;
        fd = openat(f->fd, e->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : folder_fail(f, "a file in it cannot be opened", err);
        memory = malloc(ret->n + 1);
        while (memory && done < ret->n) {
                ssize_t got = read(fd, (char *)memory + done, ret->n - done);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        break;
                done += (size_t)got;
        }
        close(fd);
        if (!memory)
                return -ENOMEM;
        if (done < ret->n)
                return 0; /* it became shorter, or cannot be read now: the next look sees how it is */
        ((char *)memory)[done] = '\0';
        ret->bytes = TAKE(memory);
        return 1;
}

int folder_next(struct folder *f, struct folder_file *ret, struct error *err) {
        int64_t now = clock_monotonic(&f->config.clock);
        int r;

        if (!f->ours && now < f->look_at)
                return 0;
        if (!f->ours && flock(f->lock, LOCK_EX | LOCK_NB) < 0) {
                f->look_at = now + FOLDER_LOOK_MS;
                return errno == EWOULDBLOCK || errno == EINTR ? 0 : folder_fail(f, FOLDER_LOCK, err);
        }
        f->ours = true;
        for (int looked = 0;; looked++) {
                for (size_t i = 0; i < f->n; i++) {
                        struct folder_entry *e = &f->entries[i];

                        if (!folder_is_whole(f, e))
                                continue;
                        r = folder_read(f, e, ret, err);
                        if (r < 0)
                                return r;
                        e->out = r > 0;
                        if (r > 0)
                                return 1;
                }
                if (looked || now < f->look_at)
                        return 0;
                r = folder_look(f, err);
                f->look_at = now + FOLDER_LOOK_MS;
                if (r < 0)
                        return r;
        }
}

bool folder_is_taken(const struct folder *f) {
        return !f->ours;
}

size_t folder_waiting(const struct folder *f) {
        return f->n;
}

void folder_forget(struct folder *f, const char *name) {
        struct folder_entry *e = folder_find(f, f->n, name);

        if (e)
                e->out = false;
}

/* -- Moving away -- */

/* "a.xml", 2: "a.2.xml" */
static void folder_numbered(const char *name, unsigned number, char ret[FOLDER_NAME_MAX + 1]) {
        const char *dot = strrchr(name, '.');
        int stem = dot ? (int)(dot - name) : (int)strlen(name);
        char tail[32];
        int n = snprintf(tail, sizeof(tail), ".%u", number);

        if (stem + n + (int)strlen(dot ? dot : "") > FOLDER_NAME_MAX)
                stem = FOLDER_NAME_MAX - n - (int)strlen(dot ? dot : "");
        (void) snprintf(ret, FOLDER_NAME_MAX + 1, "%.*s%s%s", stem, name, tail, dot ? dot : "");
}

static void folder_drop(struct folder *f, const char *name) {
        struct folder_entry *e = folder_find(f, f->n, name);

        if (!e)
                return;
        free(e->name);
        f->n--;
        memmove(e, e + 1, (size_t)(f->entries + f->n - e) * sizeof(*e));
}

static int folder_move(const struct folder *f, const char *name, int to, char as[FOLDER_NAME_MAX + 1], struct error *err) {
        int r = -1;

        (void) snprintf(as, FOLDER_NAME_MAX + 1, "%s", name);
        for (unsigned number = 2; r < 0 && number < FOLDER_DOUBLES_MAX; number++) {
                r = renameat2(f->fd, name, to, as, RENAME_NOREPLACE);
                if (r < 0 && errno == ENOENT)
                        return 0;
                if (r < 0 && errno != EEXIST)
                        return folder_fail(f, "a file cannot be moved away", err);
                if (r < 0)
                        folder_numbered(name, number, as);
        }
        if (r < 0)
                return folder_fail(f, "too many files of one name were moved away", err);
        return fsync(to) < 0 || fsync(f->fd) < 0 ? folder_fail(f, "what was moved is not on disk", err) : 0;
}

/* The name that folder_move() will find for it. Only one process moves files here, so it stays free. */
static int folder_find_free(const struct folder *f, const char *name, int to, char as[FOLDER_NAME_MAX + 1], struct error *err) {
        struct stat s;

        (void) snprintf(as, FOLDER_NAME_MAX + 1, "%s", name);
        for (unsigned number = 2; number < FOLDER_DOUBLES_MAX; number++) {
                if (fstatat(to, as, &s, AT_SYMLINK_NOFOLLOW) < 0)
                        return errno == ENOENT ? 0 : folder_fail(f, "a file in it cannot be looked at", err);
                folder_numbered(name, number, as);
        }
        error_set(err, "%s: too many files of one name were moved away", f->path);
        return -EEXIST;
}

/* Return: 0, and all of it is on disk; -1 and errno. */
static int folder_write(int to, const char *as, const void *bytes, size_t n) {
        const char *from = bytes;
        int fd = openat(to, as, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0660), r = fd < 0 ? -1 : 0;

        while (r == 0 && n > 0) {
                ssize_t done = write(fd, from, n);

                if (done < 0 && errno != EINTR)
                        r = -1;
                from += done > 0 ? done : 0;
                n -= done > 0 ? (size_t)done : 0;
        }
        if (r == 0)
                r = fsync(fd);
        if (fd >= 0 && close(fd) < 0)
                r = -1;
        return r;
}

int folder_report(struct folder *f, const char *name, enum folder_end end, const void *bytes, size_t n, struct error *err) {
        int to = openat(f->fd, folder_ends[end], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char as[FOLDER_NAME_MAX + 1], report[FOLDER_NAME_MAX + sizeof(FOLDER_REPORT)], made[sizeof(report) + sizeof(FOLDER_HALF)];
        int r;

        if (to < 0)
                return folder_fail(f, folder_ends[end], err);
        r = folder_find_free(f, name, to, as, err);
        (void) snprintf(report, sizeof(report), "%.*s" FOLDER_REPORT, FOLDER_NAME_MAX - (int)sizeof(FOLDER_REPORT FOLDER_HALF), as);
        (void) snprintf(made, sizeof(made), "%s" FOLDER_HALF, report);
        if (r == 0 && (folder_write(to, made, bytes, n) < 0 || renameat(to, made, to, report) < 0 || fsync(to) < 0))
                r = folder_fail(f, "the report of a file cannot be written", err);
        close(to);
        return r;
}

int folder_settle(struct folder *f, const char *name, enum folder_end end, char *ret_path, struct error *err) {
        int to = openat(f->fd, folder_ends[end], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char as[FOLDER_NAME_MAX + 1];
        int r;

        if (to < 0)
                return folder_fail(f, folder_ends[end], err);
        r = folder_move(f, name, to, as, err);
        close(to);
        if (r < 0)
                return r;
        folder_drop(f, name);
        if (ret_path)
                (void) snprintf(ret_path, FOLDER_PATH_MAX, "%s/%s/%s", f->path, folder_ends[end], as);
        return 0;
}

/* -- Files for others -- */

static int put_fail(const char *path, struct error *err) {
        int e = errno ? errno : EIO;

        error_set(err, "%s: a file cannot be written into it: %s", path, strerror(e));
        return -e;
}

int folder_is_writable(const char *path, struct error *err) {
        struct stat s;

        errno = 0;
        if (stat(path, &s) == 0 && !S_ISDIR(s.st_mode))
                errno = ENOTDIR;
        return errno || access(path, W_OK | X_OK) < 0 ? put_fail(path, err) : 0;
}

static int put_bytes(int fd, struct text bytes) {
        for (size_t done = 0; done < bytes.n;) {
                ssize_t n = write(fd, bytes.s + done, bytes.n - done);

                if (n < 0 && errno != EINTR)
                        return -1;
                done += n > 0 ? (size_t)n : 0;
        }
        return fsync(fd);
}

int folder_put(const char *path, const char *name, struct text bytes, struct error *err) {
        char beside[FOLDER_NAME_MAX + 1];
        int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, r = 0;

        if (folder < 0)
                return put_fail(path, err);
        (void) snprintf(beside, sizeof(beside), ".%.*s.tmp", FOLDER_NAME_MAX - 5, name);
        fd = openat(folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (fd < 0 || put_bytes(fd, bytes) < 0 || renameat(folder, beside, folder, name) < 0 || fsync(folder) < 0)
                r = put_fail(path, err);
        if (fd >= 0)
                close(fd);
        close(folder);
        return r;
}
