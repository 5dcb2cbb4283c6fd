/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Files that are written beside their places, and the notebook from which they can be gone on with
 *
 * The notebook is lines of JSON: what was asked, what is to be read, then one for each time that all was put on the disk, of which the last whole one counts.
 */

#include "survey/export_files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PARTIAL ".partial"

struct export_file {
        char partial[EXPORT_PATH_MAX];
        FILE *out;
        struct container_writer *writer;
};

struct export_files {
        struct export_files_config config;
        FILE *notebook;
        size_t n; /* that are open */
        struct export_file *items;
};

struct export_files *export_files_free(struct export_files *files) {
        if (!files)
                return NULL;
        for (size_t i = 0; i < files->n; i++) {
                container_writer_free(files->items[i].writer);
                if (files->items[i].out)
                        (void) fclose(files->items[i].out); /* what counts was flushed and looked at */
        }
        if (files->notebook)
                (void) fclose(files->notebook);
        free(files->items);
        free(files);
        return NULL;
}

static int export_files_failed(int e, const char *path, const char *what, struct error *err) {
        error_set(err, "%s cannot be %s: %s", path, what, strerror(e ? e : EIO));
        return -(e ? e : EIO);
}

struct container_writer *export_files_writer(struct export_files *files, size_t i) {
        assert(i < files->n);
        return files->items[i].writer;
}

/* -- The notebook -- */

static int notebook_write(struct export_files *files, json_t *line, struct error *err) {
        CLEANUP(cleanup_free) char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

        json_decref(line);
        if (!text)
                return -ENOMEM;
        errno = 0;
        if (fprintf(files->notebook, "%s\n", text) > 0 && fflush(files->notebook) == 0 && fdatasync(fileno(files->notebook)) == 0)
                return 0;
        return export_files_failed(errno, files->config.notebook, "written", err);
}

/* The next line of the notebook, or NULL: the end, or one that was broken off. */
static json_t *notebook_read(char **rest) {
        char *line = *rest, *end = strchr(line, '\n');

        if (!end)
                return NULL;
        *end = '\0';
        *rest = end + 1;
        return json_loads(line, 0, NULL);
}

/* The whole of it, NUL behind it. */
static int notebook_load(struct export_files *files, char **ret, struct error *err) {
        struct buffer text = BUFFER_INIT(EXPORT_NOTEBOOK_MAX);
        char part[BUFSIZ];
        size_t n;

        errno = 0;
        while ((n = fread(part, 1, sizeof(part), files->notebook)) > 0)
                buffer_add(&text, part, n);
        buffer_add_byte(&text, '\0');
        if (!ferror(files->notebook) && !text.failed) {
                *ret = (char *)text.bytes;
                return 0;
        }
        buffer_done(&text);
        return export_files_failed(ferror(files->notebook) ? errno : ENOMEM, files->config.notebook, "read", err);
}

static json_t *notebook_place(struct export_files *files, const struct export_place *place) {
        json_t *sizes = json_array();

        for (size_t i = 0; i < files->n; i++)
                (void) json_array_append_new(sizes, json_integer((json_int_t)ftello(files->items[i].out)));
        return json_pack("{s:I,s:I,s:I,s:I,s:o}", "part", (json_int_t)place->part, "next", (json_int_t)place->next, "exported", (json_int_t)place->exported,
                         "left_out", (json_int_t)place->left_out, "sizes", sizes);
}

/* Takes over a line of how far it was, if it is one. */
static bool notebook_place_of(const struct export_files *files, const json_t *line, struct export_place *ret) {
        json_int_t part, next, exported, left_out;

        if (json_unpack((json_t *)(uintptr_t)line, "{s:I,s:I,s:I,s:I}", "part", &part, "next", &next, "exported", &exported, "left_out", &left_out) ||
            json_array_size(json_object_get(line, "sizes")) != files->config.n || part < 0)
                return false;
        *ret = (struct export_place){.part = (size_t)part, .next = next, .exported = (uint64_t)exported, .left_out = (uint64_t)left_out};
        return true;
}

/* -- Opening -- */

static int export_files_room(struct export_files *files) {
        files->items = calloc(files->config.n, sizeof(*files->items));
        return files->items ? 0 : -ENOMEM;
}

static int export_file_path(struct export_files *files, struct error *err) {
        struct export_file *file = &files->items[files->n];

        if (snprintf(file->partial, sizeof(file->partial), "%s" PARTIAL, files->config.paths[files->n]) < (int)sizeof(file->partial))
                return 0;
        error_set(err, "%s: a path of so many bytes is too long", files->config.paths[files->n]);
        return -ENAMETOOLONG;
}

/* Takes up one file where it was: behind @size bytes. */
static int export_file_resume(struct export_files *files, off_t size, struct error *err) {
        struct export_file *file = &files->items[files->n];
        int r = export_file_path(files, err);

        if (r)
                return r;
        file->out = fopen(file->partial, "r+e");
        if (!file->out)
                return export_files_failed(errno, file->partial, "gone on with; say --anew to begin anew", err);
        files->n++;
        if (fseeko(file->out, 0, SEEK_END) || ftello(file->out) < size) {
                error_set(err, "%s is shorter than it was; say --anew to begin anew", file->partial);
                return -ESTALE;
        }
        if (ftruncate(fileno(file->out), size) || fseeko(file->out, size, SEEK_SET))
                return export_files_failed(errno, file->partial, "gone on with", err);
        return container_writer_resume(file->out, files->config.schemas[files->n - 1], files->config.codec, &file->writer);
}

static int export_files_other(const struct export_files *files, struct error *err) {
        error_set(err, "an export of something else was broken off here (%s): ask for that again and it goes on, or say --anew", files->config.notebook);
        return -EEXIST;
}

/* Goes on behind the last line of the notebook that is whole; without one nothing was kept. */
static int export_files_go_on(struct export_files *files, char *rest, json_t **ret_plan, struct export_place *ret_place, struct error *err) {
        json_t *plan = notebook_read(&rest), *line, *last = NULL;
        int r = 0;

        while ((line = notebook_read(&rest))) {
                json_decref(last);
                last = line;
        }
        if (!plan || !last || !notebook_place_of(files, last, ret_place)) {
                json_decref(plan);
                json_decref(last);
                return EXPORT_FILES_NEW;
        }
        for (size_t i = 0; r == 0 && i < files->config.n; i++)
                r = export_file_resume(files, (off_t)json_integer_value(json_array_get(json_object_get(last, "sizes"), i)), err);
        /* What stood there is written anew, so that nothing stands behind a line that was broken off. */
        if (r == 0 && ftruncate(fileno(files->notebook), 0))
                r = export_files_failed(errno, files->config.notebook, "written", err);
        if (r == 0)
                r = notebook_write(files, json_deep_copy(files->config.asked), err) ?: notebook_write(files, json_deep_copy(plan), err) ?:
                                                                                    notebook_write(files, json_incref(last), err);
        json_decref(last);
        if (r)
                json_decref(plan);
        else
                *ret_plan = plan;
        return r;
}

static int export_files_look(struct export_files *files, json_t **ret_plan, struct export_place *ret_place, struct error *err) {
        CLEANUP(cleanup_free) char *text = NULL;
        int r = notebook_load(files, &text, err);
        char *rest = text;
        json_t *asked;

        if (r)
                return r;
        if (files->config.anew || !*rest)
                return EXPORT_FILES_NEW;
        asked = notebook_read(&rest);
        r = !asked ? EXPORT_FILES_NEW : json_equal(asked, files->config.asked) ? 0 : export_files_other(files, err);
        json_decref(asked);
        return r ? r : export_files_go_on(files, rest, ret_plan, ret_place, err);
}

int export_files_open(const struct export_files_config *config, struct export_files **ret, json_t **ret_plan, struct export_place *ret_place,
                      struct error *err) {
        CLEANUP(export_files_free_p) struct export_files *files = calloc(1, sizeof(*files));
        int r;

        assert(config->n > 0 && config->n <= EXPORT_FILES_MAX);
        error_set(err, "out of memory");
        if (!files)
                return -ENOMEM;
        files->config = *config;
        files->notebook = fopen(config->notebook, "a+e");
        if (!files->notebook)
                return export_files_failed(errno, config->notebook, "written", err);
        if (flock(fileno(files->notebook), LOCK_EX | LOCK_NB)) {
                error_set(err, "another process exports to there at the moment (%s)", config->notebook);
                return -EEXIST;
        }
        r = export_files_room(files);
        if (r == 0)
                r = export_files_look(files, ret_plan, ret_place, err);
        if (r == 0 || r == EXPORT_FILES_NEW)
                *ret = TAKE(files);
        return r;
}

int export_files_begin(struct export_files *files, const json_t *plan, struct error *err) {
        int r = 0;

        assert(files->n == 0);
        if (ftruncate(fileno(files->notebook), 0))
                return export_files_failed(errno, files->config.notebook, "written", err);
        r = notebook_write(files, json_deep_copy(files->config.asked), err) ?: notebook_write(files, json_deep_copy(plan), err);
        while (r == 0 && files->n < files->config.n) {
                struct export_file *file = &files->items[files->n];

                r = export_file_path(files, err);
                if (r)
                        return r;
                file->out = fopen(file->partial, "we");
                if (!file->out)
                        return export_files_failed(errno, file->partial, "written", err);
                files->n++;
                r = container_writer_begin(file->out, files->config.schemas[files->n - 1], files->config.codec, &file->writer, err);
                if (r)
                        error_prefix(err, "%s", file->partial);
        }
        return r;
}

/* -- Keeping -- */

static int export_files_sync(struct export_files *files, struct error *err) {
        for (size_t i = 0; i < files->n; i++) {
                struct export_file *file = &files->items[i];
                int r = container_writer_flush(file->writer, err);

                if (r) {
                        error_prefix(err, "%s", file->partial);
                        return r;
                }
                if (fdatasync(fileno(file->out)))
                        return export_files_failed(errno, file->partial, "written", err);
        }
        return 0;
}

int export_files_keep(struct export_files *files, const struct export_place *place, struct error *err) {
        int r = export_files_sync(files, err);

        return r ? r : notebook_write(files, notebook_place(files, place), err);
}

int export_files_finish(struct export_files *files, const struct export_place *place, struct error *err) {
        int r = export_files_keep(files, place, err);

        for (size_t i = 0; r == 0 && i < files->n; i++) {
                if (rename(files->items[i].partial, files->config.paths[i]))
                        r = export_files_failed(errno, files->config.paths[i], "put in its place", err);
        }
        if (r == 0 && unlink(files->config.notebook))
                r = export_files_failed(errno, files->config.notebook, "removed", err);
        return r;
}
