/* SPDX-License-Identifier: EUPL-1.2 */

/* Goes through the files of a folder and of its history, and writes what each is known by on the wire. */

#include "model/fingerprints.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FINGERPRINTS_PATH_MAX 4096
#define ENDING ".avsc"
#define ABOUT                                                                                                                                      \
        "CRC-64-AVRO of every schema, in each spelling that libraries have. wire: the eight bytes behind C3 01 of a record, as they stand there. " \
        "version null: the current schema. Made by: ketenwacht schema fingerprint --all"

struct fingerprints {
        const char *folder;
        struct buffer *out;
        bool some; /* a schema stands there already */
};

void fingerprint_format(uint64_t fingerprint, struct fingerprint_text *ret) {
        (void) snprintf(ret->number, sizeof(ret->number), "%016" PRIx64, fingerprint); /* sixteen digits always, here and below */
        (void) snprintf(ret->wire, sizeof(ret->wire), "%016" PRIx64, __builtin_bswap64(fingerprint));
}

int fingerprints_put(const struct schema_file *file, struct json_writer *w) {
        struct canonical_fingerprint fingerprints[SPELLINGS];
        struct fingerprint_text text;
        int r = canonical_fingerprints(schema_root(file), fingerprints);

        if (r)
                return r;
        jsonw_key(w, "fingerprints");
        jsonw_open_object(w);
        for (size_t i = 0; i < SPELLINGS; i++) {
                if (!fingerprints[i].known)
                        continue;
                fingerprint_format(fingerprints[i].value, &text);
                jsonw_key(w, spelling_name((enum spelling)i));
                jsonw_open_object(w);
                jsonw_put_string(w, "number", text.number);
                jsonw_put_string(w, "wire", text.wire);
                jsonw_close_object(w);
        }
        jsonw_close_object(w);
        return 0;
}

/* @version: 0 is the current one. */
static int fingerprints_write_file(struct fingerprints *f, struct text name, int64_t version, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        struct json_writer w = JSON_WRITER(f->out);
        char path[FINGERPRINTS_PATH_MAX];
        const char *inside = path + strlen(f->folder) + 1;
        int r = version ? snprintf(path, sizeof(path), "%s/history/%.*s/%" PRId64 ENDING, f->folder, (int)name.n, name.s, version)
                        : snprintf(path, sizeof(path), "%s/%.*s" ENDING, f->folder, (int)name.n, name.s);

        if (r >= (int)sizeof(path)) {
                error_set(err, "the path of the schemas is too long");
                return -ENAMETOOLONG;
        }
        r = schema_read(path, LANGUAGE_EN, &file, err);
        if (r)
                return r;
        buffer_add_text(f->out, f->some ? ",\n    " : "\n    ");
        f->some = true;
        jsonw_open_object(&w);
        jsonw_put_text(&w, "name", name);
        jsonw_key(&w, "version");
        version ? jsonw_int(&w, version) : jsonw_null(&w);
        jsonw_put_string(&w, "file", inside);
        jsonw_put_string(&w, "record", schema_root(file)->name);
        r = fingerprints_put(file, &w);
        jsonw_close_object(&w);
        return r;
}

/* By number: a shorter one is less. */
static int fingerprints_order(const void *a, const void *b) {
        const char *const *one = a, *const *other = b;
        size_t n = strlen(*one), m = strlen(*other);

        return n == m ? strcmp(*one, *other) : n < m ? -1 : 1;
}

static int fingerprints_write_history(struct fingerprints *f, struct text name, struct error *err) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char path[FINGERPRINTS_PATH_MAX];
        size_t n;
        int r;

        if (snprintf(path, sizeof(path), "%s/history/%.*s", f->folder, (int)name.n, name.s) >= (int)sizeof(path)) {
                error_set(err, "the path of the schemas is too long");
                return -ENAMETOOLONG;
        }
        r = folder_names(path, ENDING, &names, &n, err);
        if (r)
                return r == -ENOENT ? 0 : r;
        qsort(names, n, sizeof(*names), fingerprints_order);
        for (size_t i = 0; i < n && r == 0; i++) {
                int64_t version;

                if (!text_to_int64((struct text){names[i], strlen(names[i]) - strlen(ENDING)}, &version) || version < 1) {
                        error_set(err, "%s/%s: a published version is called by its number: 1" ENDING, path, names[i]);
                        return -EINVAL;
                }
                r = fingerprints_write_file(f, name, version, err);
        }
        return r;
}

int fingerprints_write(const char *folder, struct buffer *out, struct error *err) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        struct fingerprints f = {.folder = folder, .out = out};
        struct json_writer w = JSON_WRITER(out);
        size_t n;
        int r;

        assert(folder && out);
        r = folder_names(folder, ENDING, &names, &n, err);
        if (r)
                return r;
        buffer_add_text(out, "{\n  \"about\": ");
        jsonw_string(&w, ABOUT);
        buffer_add_text(out, ",\n  \"spellings\": {");
        for (unsigned i = 0; i < SPELLINGS; i++) {
                w = (struct json_writer)JSON_WRITER(out);
                buffer_printf(out, "%s\n    \"%s\": ", i ? "," : "", spelling_name((enum spelling)i));
                jsonw_string(&w, spelling_libraries((enum spelling)i));
        }
        buffer_add_text(out, "\n  },\n  \"schemas\": [");
        for (size_t i = 0; i < n && r == 0; i++) {
                struct text name = {names[i], strlen(names[i]) - strlen(ENDING)};

                r = fingerprints_write_history(&f, name, err);
                if (r == 0)
                        r = fingerprints_write_file(&f, name, 0, err);
        }
        buffer_add_text(out, "\n  ]\n}\n");
        return r == 0 && out->failed ? -ENOMEM : r;
}
