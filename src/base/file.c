/* SPDX-License-Identifier: EUPL-1.2 */

/* Whole files into memory, and the names in a folder, with sentences that say which file and why not. */

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/vector.h"

#define FILE_YOUNG_NS INT64_C(2000000000) /* file systems stamp in steps */

/* The name in a folder that is nearest to @name, as a hint; "" when none is near. */
static const char *nearest_in_folder(const char *folder, const char *name, enum language language, char ret[NEAREST_HINT_MAX]) {
        struct nearest nearest = NEAREST_INIT(name);
        struct dirent *entry;
        char best[NAME_MAX + 1];
        DIR *d = opendir(folder);

        ret[0] = '\0';
        if (!d)
                return ret;
        for (size_t i = 0; i < FOLDER_NAMES_MAX && (entry = readdir(d)); i++) {
                if (entry->d_name[0] == '.')
                        continue;
                nearest_try(&nearest, entry->d_name);
                if (nearest.best == entry->d_name)
                        nearest.best = memcpy(best, entry->d_name, strlen(entry->d_name) + 1);
        }
        (void) closedir(d); /* only read */
        return language_hint(language, &nearest, ret);
}

/* The folder in which a path lies; false when it is too long. */
static bool file_folder(const char *path, char ret[PATH_MAX]) {
        const char *slash = strrchr(path, '/');

        return slash == path ? snprintf(ret, PATH_MAX, "/") > 0
                             : snprintf(ret, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".") < PATH_MAX;
}

const char *file_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

const char *file_hint(const char *path, int e, enum language language, char ret[FILE_HINT_MAX]) {
        char folder[PATH_MAX], parent[PATH_MAX], hint[NEAREST_HINT_MAX];

        ret[0] = '\0';
        if (e != ENOENT || !file_folder(path, folder))
                return ret;
        if (access(folder, F_OK) == 0)
                (void) snprintf(ret, FILE_HINT_MAX, "%s", nearest_in_folder(folder, file_name(path), language, hint));
        else if (file_folder(folder, parent))
                (void) snprintf(ret, FILE_HINT_MAX, IN_LANGUAGE(language, "; there is no folder %.128s%s", "; er is geen map %.128s%s"), folder,
                                nearest_in_folder(parent, file_name(folder), language, hint));
        return ret;
}

int file_read(const char *path, char **ret, size_t *ret_n, struct error *err) {
        struct buffer b = BUFFER_INIT(FILE_BYTES_MAX);
        FILE *f = fopen(path, "rbe");
        char hint[FILE_HINT_MAX];
        size_t got;
        int r = 0;

        if (!f) {
                r = -errno;
                error_set(err, "cannot open %s: %s%s", path, strerror(-r), file_hint(path, -r, LANGUAGE_EN, hint));
                return r;
        }
        do {
                uint8_t *p = buffer_reserve(&b, 65536);

                got = p ? fread(p, 1, 65536, f) : 0;
                b.n += got;
        } while (got > 0);
        if (ferror(f)) {
                r = errno ? -errno : -EIO;
                error_set(err, "cannot read %s: %s", path, strerror(-r));
        } else if (b.failed) {
                r = -EFBIG;
                error_set(err, "%s is larger than %zu bytes", path, FILE_BYTES_MAX);
        } else {
                (void) buffer_text(&b);
                r = b.failed ? -ENOMEM : 0;
        }
        (void) fclose(f); /* only read */
        if (r) {
                buffer_done(&b);
                return r;
        }
        *ret = (char *)b.bytes;
        *ret_n = b.n;
        return 0;
}

char **folder_names_free(char **names) {
        for (char **p = names; p && *p; p++)
                free(*p);
        free(names);
        return NULL;
}

static int by_name(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int folder_names(const char *path, const char *ending, char ***ret, size_t *ret_n, struct error *err) {
        VECTOR(char *) names = {0};
        size_t n_ending = strlen(ending);
        char hint[FILE_HINT_MAX];
        struct dirent *entry;
        int r = 0;
        DIR *d = opendir(path);

        if (!d) {
                r = -errno;
                error_set(err, "cannot open the folder %s: %s%s", path, strerror(-r), file_hint(path, -r, LANGUAGE_EN, hint));
                return r;
        }
        while (r == 0 && (entry = readdir(d))) {
                size_t n = strlen(entry->d_name);
                char *copy;

                if (n <= n_ending || strcmp(entry->d_name + n - n_ending, ending) != 0 || entry->d_name[0] == '.')
                        continue;
                if (names.n == FOLDER_NAMES_MAX) {
                        error_set(err, "the folder %s holds more than %d files", path, FOLDER_NAMES_MAX);
                        r = -E2BIG;
                        break;
                }
                copy = strdup(entry->d_name);
                r = copy ? vector_push(&names, copy) : -ENOMEM;
                if (r)
                        free(copy);
        }
        (void) closedir(d); /* only read */
        if (r == 0)
                r = vector_push(&names, NULL);
        if (r) {
                for (size_t i = 0; i < names.n; i++)
                        free(names.items[i]);
                vector_done(&names);
                return r;
        }
        qsort(names.items, names.n - 1, sizeof(*names.items), by_name);
        *ret = names.items;
        *ret_n = names.n - 1;
        return 0;
}

void file_error(const char *path, int e, enum language language, struct error *err) {
        char hint[FILE_HINT_MAX];

        error_set(err, IN_LANGUAGE(language, "cannot read %s: %s%s", "%s kan niet worden gelezen: %s%s"), path, language_errno(language, e),
                  file_hint(path, e < 0 ? -e : e, language, hint));
}

static int64_t file_ns(const struct timespec *t) {
        return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

bool file_mark_moved(const char *path, struct file_mark *mark) {
        struct file_mark now = {0};
        struct timespec clock = {0};
        struct stat st;
        bool moved;

        if (stat(path, &st) == 0) {
                (void) clock_gettime(CLOCK_REALTIME, &clock);
                now = (struct file_mark){.device = st.st_dev, .inode = st.st_ino, .size = st.st_size, .changed_ns = file_ns(&st.st_ctim)};
                now.young = file_ns(&clock) - now.changed_ns < FILE_YOUNG_NS;
        }
        moved = mark->young || now.device != mark->device || now.inode != mark->inode || now.size != mark->size || now.changed_ns != mark->changed_ns;
        *mark = now;
        return moved;
}
