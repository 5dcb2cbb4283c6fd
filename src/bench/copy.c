/* SPDX-License-Identifier: EUPL-1.2 */

/* A configuration of a benchmark's own: the same, but for what broker.yaml says of names and partitions. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "bench/child.h"

#define BROKER_YAML_MAX ((size_t)1 << 20)

/* Whether a line of broker.yaml says what the copy says otherwise. */
static bool is_ours(const char *line, size_t n) {
        static const char *const keys[] = {"prefix:", "partitions:"};

        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                if (n >= strlen(keys[i]) && strncmp(line, keys[i], strlen(keys[i])) == 0)
                        return true;
        }
        return false;
}

static void describe_broker(const char *path, const char *prefix, int partitions, struct buffer *out) {
        struct error none;
        char *text = NULL;
        size_t n = 0;

        if (file_read(path, &text, &n, &none))
                n = 0; /* all its keys may be absent, and so may it */
        for (size_t at = 0; at < n;) {
                const char *end = memchr(text + at, '\n', n - at);
                size_t length = end ? (size_t)(end - text) - at : n - at;

                if (!is_ours(text + at, length)) {
                        buffer_add(out, text + at, length);
                        buffer_add_byte(out, '\n');
                }
                at += length + 1;
        }
        free(text);
        if (prefix)
                buffer_printf(out, "prefix: \"%s\"\n", prefix);
        if (partitions)
                buffer_printf(out, "partitions: %d\n", partitions);
}

int bench_copy_configuration(const char *from, const char *to, const char *prefix, int partitions, struct bench_stop *stop, struct error *err) {
        struct buffer out = BUFFER_INIT(BROKER_YAML_MAX);
        char all[BENCH_PATH_MAX], path[BENCH_PATH_MAX];
        bool good;
        FILE *f;
        int r;

        if (snprintf(all, sizeof(all), "%s/.", from) >= BENCH_PATH_MAX || snprintf(path, sizeof(path), "%s/broker.yaml", to) >= BENCH_PATH_MAX) {
                error_set(err, "the path %s or %s is too long", from, to);
                return -ENAMETOOLONG;
        }
        r = bench_child_run((const char *const[]){"cp", "-RL", all, to, NULL}, stop, err);
        if (r == 0)
                r = bench_child_run((const char *const[]){"chmod", "-R", "u+w", to, NULL}, stop, err);
        if (r)
                return r;
        describe_broker(path, prefix, partitions, &out);
        f = out.failed ? NULL : fopen(path, "w");
        good = f && fwrite(out.bytes, 1, out.n, f) == out.n;
        if (f && fclose(f))
                good = false;
        buffer_done(&out);
        if (good)
                return 0;
        error_set(err, "cannot write %s", path);
        return -EIO;
}
