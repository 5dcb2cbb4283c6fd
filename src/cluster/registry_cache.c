/* SPDX-License-Identifier: EUPL-1.2 */

/* Files of JSON, each written beside its place and then renamed. */

#include "cluster/registry_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "avro/fingerprint.h"
#include "base/clock.h"
#include "base/file.h"

#define PATH_BYTES_MAX 4096
#define TURN_MS 5 /* between two tries for the lock */

struct registry_cache {
        char folder[PATH_BYTES_MAX - 256];
        int lock; /* file; -1: none */
};

static int registry_cache_failed(const char *path, int e, struct error *err) {
        error_set(err, "%s: %s", path, strerror(e));
        return -e;
}

/* Makes every folder of a path. */
static int registry_cache_make(char *path, struct error *err) {
        for (char *slash = path + 1;; slash++) {
                bool last = *slash == '\0';

                if (*slash != '/' && !last)
                        continue;
                *slash = '\0';
                if (mkdir(path, 0700) && errno != EEXIST)
                        return registry_cache_failed(path, errno, err);
                if (last)
                        return 0;
                *slash = '/';
        }
}

int registry_cache_new(const char *folder, const char *url, struct registry_cache **ret, struct error *err) {
        CLEANUP(registry_cache_free_p) struct registry_cache *c = calloc(1, sizeof(*c));
        char path[PATH_BYTES_MAX];
        int r;

        if (!c)
                return registry_cache_failed(folder, ENOMEM, err);
        c->lock = -1;
        if ((size_t)snprintf(c->folder, sizeof(c->folder), "%s/%016" PRIx64, folder, fingerprint_crc64(url, strlen(url))) >= sizeof(c->folder))
                return registry_cache_failed(folder, ENAMETOOLONG, err);
        r = registry_cache_make(c->folder, err);
        if (r)
                return r;
        (void) snprintf(path, sizeof(path), "%s/lock", c->folder); /* fits: the folder leaves room */
        c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (c->lock < 0)
                return registry_cache_failed(path, errno, err);
        *ret = TAKE(c);
        return 0;
}

struct registry_cache *registry_cache_free(struct registry_cache *cache) {
        if (cache && cache->lock >= 0)
                (void) close(cache->lock);
        free(cache);
        return NULL;
}

static const char *registry_cache_path(const struct registry_cache *c, const char *name, char ret[PATH_BYTES_MAX]) {
        (void) snprintf(ret, PATH_BYTES_MAX, "%s/%.200s", c->folder, name);
        return ret;
}

json_t *registry_cache_get(const struct registry_cache *cache, const char *name) {
        CLEANUP(cleanup_free) void *owned = NULL;
        char path[PATH_BYTES_MAX], *text;
        json_t *object;
        size_t n;

        if (file_read(registry_cache_path(cache, name, path), &text, &n, NULL))
                return NULL;
        owned = text;
        object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
        if (json_is_object(object))
                return object;
        json_decref(object);
        return NULL;
}

static int registry_cache_write(FILE *file, const json_t *object) {
        return json_dumpf(object, file, JSON_COMPACT) || fflush(file) || fsync(fileno(file)) ? -errno : 0;
}

int registry_cache_put(const struct registry_cache *cache, const char *name, const json_t *object, struct error *err) {
        char path[PATH_BYTES_MAX], beside[PATH_BYTES_MAX + 8];
        FILE *file;
        int fd, r;

        (void) snprintf(beside, sizeof(beside), "%s.XXXXXX", registry_cache_path(cache, name, path));
        fd = mkostemp(beside, O_CLOEXEC);
        if (fd < 0)
                return registry_cache_failed(beside, errno, err);
        file = fdopen(fd, "w");
        r = file ? registry_cache_write(file, object) : -errno;
        if (file)
                (void) fclose(file); /* it was flushed */
        else
                (void) close(fd);
        if (r == 0 && rename(beside, path) == 0)
                return 0;
        if (r == 0)
                r = -errno;
        (void) unlink(beside);
        return registry_cache_failed(path, r ? -r : EIO, err);
}

void registry_cache_lock(struct registry_cache *cache) {
        struct clock clock = clock_system();
        int64_t until = clock_monotonic(&clock) + REGISTRY_CACHE_WAIT_MS;

        while (flock(cache->lock, LOCK_EX | LOCK_NB) && (errno == EWOULDBLOCK || errno == EINTR) && clock_monotonic(&clock) < until)
                (void) poll(NULL, 0, TURN_MS);
}

void registry_cache_unlock(struct registry_cache *cache) {
        (void) flock(cache->lock, LOCK_UN);
}
