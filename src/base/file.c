/* SPDX-License-Identifier: EUPL-1.2 */

/* Whole files into memory, and the names in a folder, with sentences that say which file and why not. */

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/vector.h"

const char *file_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

int file_read(const char *path, char **ret, size_t *ret_n, struct error *err) {
        struct buffer b = BUFFER_INIT(FILE_BYTES_MAX);
        FILE *f = fopen(path, "rbe");
        size_t got;
        int r = 0;

        if (!f) {
                r = -errno;
                error_set(err, "cannot open %s: %s", path, strerror(-r));
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
        struct dirent *entry;
        int r = 0;
        DIR *d = opendir(path);

        if (!d) {
                r = -errno;
                error_set(err, "cannot open the folder %s: %s", path, strerror(-r));
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
        error_set(err, IN_LANGUAGE(language, "cannot read %s: %s", "%s kan niet worden gelezen: %s"), path, language_errno(language, e));
}
