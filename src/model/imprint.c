/* SPDX-License-Identifier: EUPL-1.2 */

/* Digests of the files of a configuration, as text and back, and which of them differ. */

#include "model/imprint.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/fingerprint.h"
#include "base/file.h"

#define IMPRINT_PATH_MAX 4096
#define IMPRINT_LINE_MAX 1024 /* of a file as text; names of files are at most 255 bytes */

struct imprint_reading {
        struct arena *arena;
        struct imprint *ret;
        struct mistakes *mistakes;
        size_t room; /* files that have room in ret->files */
};

static int imprint_add(struct imprint_reading *reading, const char *folder, const char *inside, const char *name) {
        struct imprint *ret = reading->ret;
        CLEANUP(cleanup_free) char *bytes = NULL;
        char path[IMPRINT_PATH_MAX], shown[IMPRINT_PATH_MAX];
        struct error err = {0};
        size_t n;
        int r;

        if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= IMPRINT_PATH_MAX || snprintf(shown, sizeof(shown), "%s%s", inside, name) >= IMPRINT_PATH_MAX)
                return 0; /* reading it has been a mistake already */
        r = file_read(path, &bytes, &n, &err);
        if (r == -ENOENT)
                return 0;
        if (r) {
                reading->mistakes->failure = err;
                return r;
        }
        assert(ret->n < reading->room);
        ret->files[ret->n].name = arena_copy(reading->arena, shown, strlen(shown));
        ret->files[ret->n].digest = fingerprint_crc64(bytes, n);
        return ret->files[ret->n++].name ? 0 : -ENOMEM;
}

static int imprint_list(struct imprint_reading *reading, const char *folder, const char *ending, char ***ret, size_t *ret_n) {
        struct error err = {0};
        int r = folder_names(folder, ending, ret, ret_n, &err);

        if (r == 0 || r == -ENOENT)
                return 0;
        reading->mistakes->failure = err;
        return r;
}

int imprint_read(const char *config_dir, const char *schemas_dir, struct arena *arena, struct imprint *ret, struct mistakes *mistakes) {
        struct imprint_reading reading = {.arena = arena, .ret = ret, .mistakes = mistakes};
        CLEANUP(folder_names_free_p) char **protocols = NULL;
        CLEANUP(folder_names_free_p) char **schemas = NULL;
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(SIZE_MAX / 2);
        char folder[IMPRINT_PATH_MAX];
        size_t protocols_n = 0, schemas_n = 0;
        int r;

        *ret = (struct imprint){0};
        if (snprintf(folder, sizeof(folder), "%s/protocols", config_dir) >= IMPRINT_PATH_MAX)
                return 0;
        r = imprint_list(&reading, folder, ".yaml", &protocols, &protocols_n);
        if (r == 0)
                r = imprint_list(&reading, schemas_dir, ".avsc", &schemas, &schemas_n);
        if (r)
                return r;
        reading.room = 2 + protocols_n + schemas_n;
        ret->files = arena_calloc(arena, reading.room, sizeof(*ret->files));
        if (!ret->files)
                return -ENOMEM;
        r = imprint_add(&reading, config_dir, "", "calendar.yaml");
        if (r == 0)
                r = imprint_add(&reading, config_dir, "", "organisations.yaml");
        for (size_t i = 0; i < protocols_n && r == 0; i++)
                r = imprint_add(&reading, folder, "protocols/", protocols[i]);
        for (size_t i = 0; i < schemas_n && r == 0; i++)
                r = imprint_add(&reading, schemas_dir, "schemas/", schemas[i]);
        for (size_t i = 0; i < ret->n && r == 0; i++)
                buffer_printf(&text, "%s %016" PRIx64 "\n", ret->files[i].name, ret->files[i].digest);
        ret->fingerprint = fingerprint_crc64(text.bytes, text.n);
        return r ? r : text.failed ? -ENOMEM : 0;
}

void imprint_write(const struct imprint *imprint, unsigned version, struct buffer *out) {
        size_t begin = out->n;

        buffer_printf(out, "%u %016" PRIx64, version, imprint->fingerprint);
        for (size_t i = 0; i < imprint->n && out->n - begin + IMPRINT_LINE_MAX < IMPRINT_BYTES_MAX; i++)
                buffer_printf(out, "\n%s %016" PRIx64, imprint->files[i].name, imprint->files[i].digest);
}

/* -- Back -- */

/* The next line, cut in two at its last space; false at the end, or at a line that is none. */
static bool imprint_line(struct text *rest, struct text *ret_name, uint64_t *ret_digest) {
        static const char digits[] = "0123456789abcdef";
        const char *end = rest->n ? memchr(rest->s, '\n', rest->n) : NULL;
        size_t n = end ? (size_t)(end - rest->s) : rest->n;
        uint64_t digest = 0;

        if (n < IMPRINT_DIGEST_TEXT + 2 || rest->s[n - IMPRINT_DIGEST_TEXT - 1] != ' ')
                return false;
        for (size_t i = n - IMPRINT_DIGEST_TEXT; i < n; i++) {
                const char *digit = memchr(digits, rest->s[i], sizeof(digits) - 1);

                if (!digit)
                        return false;
                digest = digest << 4 | (uint64_t)(digit - digits);
        }
        *ret_digest = digest;
        *ret_name = (struct text){rest->s, n - IMPRINT_DIGEST_TEXT - 1};
        *rest = end ? (struct text){end + 1, rest->n - n - 1} : (struct text){rest->s + n, 0};
        return true;
}

bool imprint_head(struct text text, unsigned *ret_version, uint64_t *ret_fingerprint) {
        struct text version;
        int64_t number;

        if (!imprint_line(&text, &version, ret_fingerprint) || !text_to_int64(version, &number) || number < 1 || number > INT32_MAX)
                return false;
        *ret_version = (unsigned)number;
        return true;
}

static bool imprint_has(struct text text, const char *name, uint64_t digest, bool *ret_named) {
        struct text found;
        uint64_t of;

        *ret_named = false;
        if (!imprint_line(&text, &found, &of))
                return false;
        while (imprint_line(&text, &found, &of)) {
                if (found.n != strlen(name) || memcmp(found.s, name, found.n) != 0)
                        continue;
                *ret_named = true;
                return of == digest;
        }
        return false;
}

static void imprint_name(struct buffer *out, size_t *n, struct text name, const char *how) {
        if ((*n)++ < IMPRINT_NAMED_MAX)
                buffer_printf(out, "%s%.*s (%s)", *n > 1 ? ", " : "", (int)name.n, name.s, how);
}

void imprint_differ(const struct imprint *imprint, struct text text, struct buffer *out) {
        struct text name;
        uint64_t digest;
        size_t n = 0;
        bool named;

        for (size_t i = 0; i < imprint->n; i++) {
                if (!imprint_has(text, imprint->files[i].name, imprint->files[i].digest, &named))
                        imprint_name(out, &n, text_of(imprint->files[i].name), named ? "another text" : "only here");
        }
        (void)imprint_line(&text, &name, &digest); /* the head */
        while (imprint_line(&text, &name, &digest)) {
                bool here = false;

                for (size_t i = 0; i < imprint->n && !here; i++)
                        here = name.n == strlen(imprint->files[i].name) && memcmp(name.s, imprint->files[i].name, name.n) == 0;
                if (!here)
                        imprint_name(out, &n, name, "not here");
        }
        if (n > IMPRINT_NAMED_MAX)
                buffer_printf(out, " and %zu more", n - IMPRINT_NAMED_MAX);
        if (n == 0)
                buffer_add_text(out, "a file that is not named there");
}
