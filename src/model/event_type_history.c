/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What was published stays readable, and readers of then can read what is written now
 *
 * FULL_TRANSITIVE: the current schema resolves with every published one in both directions, and no
 * field changes what it means (a date stays a date). The rows of old versions resolve as their events do.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "model/event_type_read.h"

#define PATH_TEXT_MAX 4096

struct version {
        struct event_types *types;
        const struct event_type *type;
        const char *path;
        struct mistakes *mistakes;
};

static void check_meaning(const struct version *v, const struct layout *published) {
        const struct layout *current = v->type->layout;

        for (size_t i = 0; i < published->n; i++) {
                int slot = layout_slot(current, published->fields[i].name);

                if (slot >= 0 && current->fields[slot].type != published->fields[i].type)
                        mistakes_place(v->mistakes, v->path, "%s was published as %s and is %s in %s.avsc now", published->fields[i].name,
                                     layout_type_word(published->fields[i].type), layout_type_word(current->fields[slot].type), v->type->name);
        }
}

/* A mistake of the version is told; everything else is passed on. */
static int told(const struct version *v, int e, const char *what, const struct error *err) {
        if (e != -EINVAL)
                return e;
        mistakes_place(v->mistakes, v->path, "%s.avsc is not compatible with this published version: %s: %s", v->type->name, what, err->text);
        return 0;
}

/* One of two directions: whether all that the writer may write is read. */
static int check_direction(const struct version *v, const struct schema_file *writer, const struct layout *reader, const char *what) {
        CLEANUP(program_free_p) struct program *program = NULL;
        struct error err = {0};
        int e = program_new(writer, reader, &program, &err);

        if (e)
                return told(v, e, what, &err);
        if (program_gaps(program)[0] == '\0')
                return 0;
        error_set(&err, "%s", program_gaps(program));
        return told(v, -EINVAL, what, &err);
}

static int check_version(const struct version *v, const struct schema_file *file) {
        const struct layout *published, *row;
        struct error err = {0};
        size_t before = v->mistakes->n;
        int e;

        if (strcmp(schema_root(file)->name, schema_root(v->type->file)->name) != 0) {
                mistakes_place(v->mistakes, v->path, "is a version of %s, not of %s", schema_root(file)->name, schema_root(v->type->file)->name);
                return 0;
        }
        e = event_types_layout(v->types, file, &published, &err);
        if (e)
                return told(v, e, "cannot be read", &err);
        check_meaning(v, published);
        e = check_direction(v, v->type->file, published, "its readers cannot read what is written now");
        if (e == 0)
                e = check_direction(v, file, v->type->layout, "what it wrote cannot be read now");
        if (e || v->mistakes->n != before)
                return e;
        e = event_types_add_decoder(v->types, &v->types->events, v->type, file, v->type->layout, &err);
        if (e == 0)
                e = event_types_row_layout(v->types, file, &row, &err);
        if (e == 0)
                e = event_types_add_decoder(v->types, &v->types->rows, v->type, row->file, v->type->row, &err);
        return told(v, e, "it cannot be read", &err);
}

static bool is_number(const char *name) {
        size_t n = strspn(name, "0123456789");

        return n > 0 && n <= 9 && name[0] != '0' && strcmp(name + n, ".avsc") == 0;
}

static int read_version(struct version *v, const char *name) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        const struct schema_file *kept;
        struct error err = {0};
        int e;

        if (!is_number(name)) {
                mistakes_place(v->mistakes, v->path, "a published version is called by its number: 1.avsc");
                return 0;
        }
        e = schema_read(v->path, &file, &err);
        if (e == -EINVAL) {
                mistakes_error(v->mistakes, &err);
                return 0;
        }
        if (e)
                return e;
        kept = file;
        return event_types_keep_file(v->types, &file) ?: check_version(v, kept);
}

int event_type_history(struct event_types *types, const struct event_type *type, const char *folder, struct mistakes *mistakes) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char path[PATH_TEXT_MAX], file[2 * PATH_TEXT_MAX];
        struct error err = {0};
        size_t n;
        int e;

        if (snprintf(path, sizeof(path), "%s/history/%s", folder, type->name) >= (int)sizeof(path)) {
                mistakes_place(mistakes, folder, "the name of this folder is too long");
                return 0;
        }
        e = folder_names(path, ".avsc", &names, &n, &err);
        if (e)
                return e == -ENOENT ? 0 : e;
        for (size_t i = 0; e == 0 && i < n; i++) {
                struct version v = {.types = types, .type = type, .path = file, .mistakes = mistakes};

                (void) snprintf(file, sizeof(file), "%s/%s", path, names[i]); /* fits: names are 255 bytes at most */
                e = read_version(&v, names[i]);
        }
        return e;
}
