/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the folder of schemas: one event type per file, its row, its programs. */

#include "model/event_type_read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "model/row.h"

#define EVENT_TYPES_ARENA_MAX ((size_t)64 * 1024 * 1024)
/* Events are published as nl.ketenwacht.event.<Name>; nl.ketenwacht.<Name> is read as well, since partners' copies of the
 * schemas have it. A deeper namespace holds other records. */
#define HOUSE "nl.ketenwacht."
#define EVENTS "event."
#define PATH_TEXT_MAX 4096
#define ENDING ".avsc"

int event_types_keep_file(struct event_types *types, struct schema_file **file) {
        if (vector_push(&types->files, *file))
                return -ENOMEM;
        *file = NULL;
        return 0;
}

int event_types_layout(struct event_types *types, const struct schema_file *file, const struct layout **ret, struct error *err) {
        CLEANUP(layout_free_p) struct layout *layout = NULL;
        int e = layout_new(file, &layout, err);

        if (e)
                return e;
        if (vector_push(&types->layouts, layout))
                return -ENOMEM;
        *ret = TAKE(layout);
        return 0;
}

int event_types_row_layout(struct event_types *types, const struct schema_file *event, const struct layout **ret, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        const struct schema_file *kept;
        int e = row_schema_derive(event, &file, err);

        if (e)
                return e;
        kept = file;
        return event_types_keep_file(types, &file) ?: event_types_layout(types, kept, ret, err);
}

int event_types_add_decoder(struct event_types *types, struct table *table, const struct event_type *type, const struct schema_file *writer,
                            const struct layout *reader, struct error *err) {
        CLEANUP(program_free_p) struct program *program = NULL;
        uint64_t fingerprint = schema_fingerprint(writer);
        struct decoder *decoder;
        int e = program_new(writer, reader, &program, err);

        if (e)
                return e;
        decoder = table_get(table, &fingerprint, sizeof(fingerprint));
        if (decoder && decoder->type != type) {
                error_set(err, "has the fingerprint of %s", decoder->type->name);
                return -EINVAL;
        }
        if (decoder)
                return 0;
        decoder = arena_calloc(types->arena, 1, sizeof(*decoder));
        if (!decoder || vector_push(&types->programs, program))
                return -ENOMEM;
        *decoder = (struct decoder){.fingerprint = fingerprint, .type = type, .program = TAKE(program)};
        return table_put(table, &decoder->fingerprint, sizeof(decoder->fingerprint), decoder);
}

/* -EINVAL with a sentence is a mistake of the file; everything else is passed on. */
static int told(int e, const struct error *err, const char *path, struct mistakes *mistakes) {
        if (e != -EINVAL)
                return e;
        mistakes_place(mistakes, path, "%s", err->text);
        return 0;
}

static int compile(struct event_types *types, struct event_type *type, struct error *err) {
        int e = event_types_layout(types, type->file, &type->layout, err);

        if (e == 0)
                e = event_types_row_layout(types, type->file, &type->row, err);
        if (e == 0)
                e = event_types_add_decoder(types, &types->events, type, type->file, type->layout, err);
        if (e == 0)
                e = event_types_add_decoder(types, &types->rows, type, type->row->file, type->row, err);
        return e;
}

static int add_event(struct event_types *types, const char *name, const struct schema_file *file, const char *path, struct mistakes *mistakes) {
        char pascal[NAME_MAX_BYTES];
        struct event_type *type = arena_calloc(types->arena, 1, sizeof(*type));
        struct error err = {0};
        int e;

        if (!type)
                return -ENOMEM;
        if (!name_is_kebab(name)) {
                mistakes_place(mistakes, path, "an event is called by lower-case words with hyphens: measure-started" ENDING);
                return 0;
        }
        type->name = arena_copy(types->arena, name, strlen(name));
        type->file = file;
        if (!type->name)
                return -ENOMEM;
        name_pascal(name, pascal, sizeof(pascal));
        if (strcmp(schema_short_name(schema_root(file)->name), pascal) != 0)
                mistakes_place(mistakes, path, "the record of %s must be called " HOUSE EVENTS "%s, not %s", name, pascal, schema_root(file)->name);
        e = compile(types, type, &err);
        if (e)
                return told(e, &err, path, mistakes);
        event_type_describe(type, path, mistakes);
        e = table_put(&types->by_name, type->name, strlen(type->name), type) ?: vector_push(&types->all, type);
        if (e == 0 && type->known != TYPE_OTHER)
                types->known[type->known] = type;
        return e;
}

static int add_other(struct event_types *types, const char *name, const struct schema_file *file, const char *path, struct mistakes *mistakes) {
        const struct layout *layout;
        struct error err = {0};
        const char *kept = arena_copy(types->arena, name, strlen(name));
        int e;

        if (!kept)
                return -ENOMEM;
        e = event_types_layout(types, file, &layout, &err);
        if (e)
                return told(e, &err, path, mistakes);
        return table_put(&types->others, kept, strlen(kept), (void *)layout);
}

static bool is_event(const char *full) {
        if (strncmp(full, HOUSE, strlen(HOUSE)) != 0)
                return false;
        full += strlen(HOUSE);
        return strncmp(full, EVENTS, strlen(EVENTS)) == 0 || !strchr(full, '.');
}

static int add_file(struct event_types *types, const char *folder, const char *file_name, struct mistakes *mistakes) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        char path[PATH_TEXT_MAX], name[256];
        const struct schema_file *kept;
        struct error err = {0};
        int e;

        if (snprintf(path, sizeof(path), "%s/%s", folder, file_name) >= (int)sizeof(path) ||
            snprintf(name, sizeof(name), "%.*s", (int)(strlen(file_name) - strlen(ENDING)), file_name) >= (int)sizeof(name)) {
                mistakes_place(mistakes, folder, "a name in this folder is too long");
                return 0;
        }
        e = schema_read(path, &file, &err);
        if (e == -EINVAL) {
                mistakes_error(mistakes, &err);
                return 0;
        }
        if (e)
                return e;
        kept = file;
        e = event_types_keep_file(types, &file);
        if (e)
                return e;
        if (schema_root(kept)->kind != SCHEMA_RECORD) {
                mistakes_place(mistakes, path, "the schema of an event must be a record");
                return 0;
        }
        if (is_event(schema_root(kept)->name))
                return add_event(types, name, kept, path, mistakes);
        return add_other(types, name, kept, path, mistakes);
}

static int by_name(const void *a, const void *b) {
        return strcmp((*(const struct event_type *const *)a)->name, (*(const struct event_type *const *)b)->name);
}

static int read_folder(struct event_types *types, const char *folder, struct mistakes *mistakes) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        struct error err = {0};
        size_t n;
        int e = folder_names(folder, ENDING, &names, &n, &err);

        if (e == -ENOENT) {
                mistakes_error(mistakes, &err);
                return 0;
        }
        if (e)
                return e;
        if (n == 0)
                mistakes_place(mistakes, folder, "no schema here: every event type is a file <event>" ENDING);
        if (n > EVENT_TYPES_MAX) {
                mistakes_place(mistakes, folder, "more than %d schemas", EVENT_TYPES_MAX);
                return 0;
        }
        for (size_t i = 0; e == 0 && i < n; i++)
                e = add_file(types, folder, names[i], mistakes);
        if (e == 0 && types->all.n > 0)
                qsort(types->all.items, types->all.n, sizeof(*types->all.items), by_name);
        for (size_t i = 0; e == 0 && i < types->all.n; i++) {
                types->all.items[i]->index = (unsigned)i;
                e = event_type_history(types, types->all.items[i], folder, mistakes);
        }
        return e ? e : event_types_ends(types, folder, mistakes);
}

int event_types_read(const char *folder, struct event_types **ret, struct mistakes *mistakes) {
        CLEANUP(event_types_free_p) struct event_types *types = calloc(1, sizeof(*types));
        size_t before = mistakes->n;
        int e;

        *ret = NULL;
        if (!types)
                return -ENOMEM;
        e = arena_new(&types->arena, EVENT_TYPES_ARENA_MAX);
        if (e == 0)
                e = read_folder(types, folder, mistakes);
        if (e)
                return e;
        if (mistakes->n != before)
                return -EINVAL;
        *ret = TAKE(types);
        return 0;
}
