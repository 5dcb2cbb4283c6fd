/* SPDX-License-Identifier: EUPL-1.2 */

/* Maps a file without a name. */

#include "base/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPILL_PAGE 4096 /* at least so much is mapped by a look */

int spill_new(struct spill *ret, const char *folder, size_t n, struct error *err) {
        int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), e = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)n);
        void *bytes = MAP_FAILED;

        *ret = (struct spill){0};
        if (e == 0) {
                bytes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
                e = bytes == MAP_FAILED ? errno : 0;
        }
        if (fd >= 0)
                close(fd);
        if (e) {
                error_set(err, "%s: no file of %zu MiB can be kept there: %s", folder, n >> 20, strerror(e));
                return -e;
        }
        (void) madvise(bytes, n, MADV_RANDOM); /* a look maps a page, not what stands around it */
        *ret = (struct spill){.bytes = bytes, .n = n};
        return 0;
}

void spill_done(struct spill *s) {
        if (s->bytes)
                (void) munmap(s->bytes, s->n);
        *s = (struct spill){0};
}

void spill_touch(struct spill *s, size_t n) {
        s->touched += n > SPILL_PAGE ? n : SPILL_PAGE;
        if (s->touched <= SPILL_TOUCHED_MAX)
                return;
        (void) madvise(s->bytes, s->n, MADV_DONTNEED); /* of a file that is shared: it stays in the file, and in the system's cache */
        s->touched = 0;
}
