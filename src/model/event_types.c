/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The folder of schemas: one event type per file, its row and its programs; its published versions; and what ends what
 */

#include "model/event_types.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "avro/canonical.h"
#include "avro/compatible.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/name.h"
#include "base/table.h"
#include "base/vector.h"
#include "model/published.h"
#include "model/row_schema.h"
#include "model/schema_words.h"

#define EVENT_TYPES_ARENA_MAX ((size_t)64 * 1024 * 1024)
/* Events are published as nl.ketenwacht.event.<Name>; nl.ketenwacht.<Name> is read as well, since partners' copies of the schemas have it. */
#define HOUSE "nl.ketenwacht."
#define EVENTS "event."
#define PATH_TEXT_MAX 4096
#define ENDING ".avsc"
#define ENDS "ketenwacht.ends"

/* The records on topics of our own that are no events. */
static const struct {
        const char *name, *record;
} other_records[] = {
        {"audit", HOUSE "audit.Audit"},
        {"connector-orders", HOUSE "order.ConnectorOrder"},
        {"deliveries", HOUSE "delivery.Delivery"},
};

/* Topics of ours without a schema in this folder. */
static const char *const other_topics[] = {"case-state", "dead-letters", "redeliveries"};

struct decoder {
        uint64_t fingerprint;  /* of the writer's schema: the key */
        const char *canonical; /* and its form */
        const struct event_type *type;
        const struct program *program;
};

struct known_version {
        const struct event_type *type;
        struct text number; /* "2" */
        uint64_t fingerprint;
};

struct event_types {
        struct arena *arena;                /* types, decoders, names */
        VECTOR(struct event_type *) all;    /* by name */
        VECTOR(struct known_version) versions; /* of the history, those of a type in their order */
        const struct event_type *known[TYPE_EVENT_REFUSED + 1];
        struct schema_ids *ids;             /* NULL: no registry; borrowed */
        struct link_names links;
        struct table by_name, others;       /* struct event_type; struct layout */
        struct table events, rows;          /* struct decoder by fingerprint */
        VECTOR(struct schema_file *) files; /* owned, as the next two */
        VECTOR(struct layout *) layouts;
        VECTOR(struct program *) programs;
};

struct event_types *event_types_free(struct event_types *types) {
        if (!types)
                return NULL;
        table_done(&types->by_name);
        table_done(&types->others);
        table_done(&types->events);
        table_done(&types->rows);
        for (size_t i = 0; i < types->programs.n; i++)
                program_free(types->programs.items[i]);
        for (size_t i = 0; i < types->layouts.n; i++)
                layout_free(types->layouts.items[i]);
        for (size_t i = 0; i < types->files.n; i++)
                schema_free(types->files.items[i]);
        vector_done(&types->programs);
        vector_done(&types->layouts);
        vector_done(&types->files);
        vector_done(&types->all);
        vector_done(&types->versions);
        arena_free(types->arena);
        free(types);
        return NULL;
}

size_t event_types_count(const struct event_types *types) {
        return types->all.n;
}

const struct event_type *event_types_at(const struct event_types *types, size_t index) {
        assert(index < types->all.n);
        return types->all.items[index];
}

const struct event_type *event_types_find(const struct event_types *types, struct text name) {
        return table_get(&types->by_name, name.s, name.n);
}

const struct event_type *event_types_known(const struct event_types *types, enum known_type known) {
        assert(known < ELEMENTS(types->known));
        return known == TYPE_OTHER ? NULL : types->known[known];
}

const struct layout *event_types_other(const struct event_types *types, const char *name) {
        return table_get(&types->others, name, strlen(name));
}

void event_types_nearest(const struct event_types *types, struct nearest *nearest) {
        for (size_t i = 0; i < types->all.n; i++) {
                if (!types->all.items[i]->output)
                        nearest_try(nearest, types->all.items[i]->name);
        }
}

static bool event_types_find_decoder(const struct table *table, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program) {
        const struct decoder *decoder = table_get(table, &fingerprint, sizeof(fingerprint));

        if (!decoder)
                return false;
        *ret_type = decoder->type;
        *ret_program = decoder->program;
        return true;
}

bool event_types_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program) {
        return event_types_find_decoder(&types->events, fingerprint, ret_type, ret_program);
}

void event_types_frame(struct event_types *types, const struct event_type *type, uint32_t schema_id) {
        assert(schema_id && type == types->all.items[type->index]);
        types->all.items[type->index]->schema_id = schema_id;
}

void event_types_ask(struct event_types *types, struct schema_ids *ids) {
        types->ids = ids;
}

int event_types_decoder_of_id(const struct event_types *types, const struct schema_id *id, const struct event_type **ret_type,
                              const struct program **ret_program, struct error *err) {
        char name[SCHEMA_ID_TEXT_MAX];

        if (types->ids)
                return types->ids->find(types->ids, id, ret_type, ret_program, err);
        error_set(err, "schema %s is of a registry, and none is configured; name it in broker.yaml, or send Avro single-object encoding",
                  schema_id_print(id, name));
        return SCHEMA_IDS_E_NONE;
}

bool event_types_id_waits(const struct event_types *types, const struct schema_id *id) {
        const struct event_type *type;
        const struct program *program;
        struct error why;

        return event_types_decoder_of_id(types, id, &type, &program, &why) == SCHEMA_IDS_E_WAIT;
}

bool event_types_row_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program) {
        return event_types_find_decoder(&types->rows, fingerprint, ret_type, ret_program);
}

/* "b61714847ab38fa1 (now, 2)" */
static void event_types_write_fingerprint(const struct event_types *types, const struct event_type *type, uint64_t fingerprint, struct buffer *out) {
        const char *between = "";

        buffer_printf(out, "%016" PRIx64 " (", fingerprint);
        if (fingerprint == schema_fingerprint(type->file)) {
                buffer_add_text(out, "now");
                between = ", ";
        }
        for (size_t i = types->versions.n; i-- > 0;) {
                const struct known_version *v = &types->versions.items[i];

                if (v->type != type || v->fingerprint != fingerprint)
                        continue;
                buffer_printf(out, "%s%.*s", between, (int)v->number.n, v->number.s);
                between = ", ";
        }
        buffer_add_byte(out, ')');
}

void event_types_write_fingerprints(const struct event_types *types, const struct event_type *type, struct buffer *out) {
        uint64_t told[EVENT_FINGERPRINTS_TOLD] = {schema_fingerprint(type->file)};
        size_t n = 1;

        event_types_write_fingerprint(types, type, told[0], out);
        for (size_t i = types->versions.n; i-- > 0 && n < ELEMENTS(told);) {
                const struct known_version *v = &types->versions.items[i];
                bool again = v->type != type;

                for (size_t k = 0; k < n; k++)
                        again = again || told[k] == v->fingerprint;
                if (again)
                        continue;
                told[n++] = v->fingerprint;
                buffer_add_text(out, ", ");
                event_types_write_fingerprint(types, type, v->fingerprint, out);
        }
}

/* -- Layouts and programs: whatever succeeds belongs to the types -- */

static int event_types_keep_file(struct event_types *types, struct schema_file **file) {
        if (vector_push(&types->files, *file))
                return -ENOMEM;
        *file = NULL;
        return 0;
}

static int event_types_layout(struct event_types *types, const struct schema_file *file, const struct layout **ret, struct error *err) {
        CLEANUP(layout_free_p) struct layout *layout = NULL;
        int e = layout_new(file, &layout, err);

        if (e)
                return e;
        if (vector_push(&types->layouts, layout))
                return -ENOMEM;
        *ret = TAKE(layout);
        return 0;
}

static int event_types_row_layout(struct event_types *types, const struct schema_file *event, const struct layout **ret, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        const struct schema_file *kept;
        int e = row_schema_derive(event, &file, err);

        if (e)
                return e;
        kept = file;
        return event_types_keep_file(types, &file) ?: event_types_layout(types, kept, ret, err);
}

/*
 * Two schemas under one fingerprint: of one form, so of one type, they read the same bytes, and the first keeps the place: the current one,
 * or the older version. Of two forms it is a coincidence of the sum, and neither could be read for certain.
 */
static int event_types_put_decoder(struct event_types *types, struct table *table, const struct decoder *new, enum language language,
                                   struct error *err) {
        struct decoder *decoder = table_get(table, &new->fingerprint, sizeof(new->fingerprint));

        if (decoder && (decoder->type != new->type || strcmp(decoder->canonical, new->canonical) != 0)) {
                error_set(err, IN_LANGUAGE(language, "has the fingerprint of another schema, of %s", "heeft de fingerprint van een ander schema, van %s"),
                          decoder->type->name);
                return -EINVAL;
        }
        if (decoder)
                return 0;
        decoder = arena_calloc(types->arena, 1, sizeof(*decoder));
        if (!decoder)
                return -ENOMEM;
        *decoder = *new;
        return table_put(table, &decoder->fingerprint, sizeof(decoder->fingerprint), decoder);
}

static int event_types_compile(struct event_types *types, const struct schema_file *writer, const struct layout *reader, const struct program **ret,
                               struct error *err) {
        CLEANUP(program_free_p) struct program *program = NULL;
        int e = program_new(writer, reader, &program, err);

        if (e)
                return e;
        if (vector_push(&types->programs, program))
                return -ENOMEM;
        *ret = TAKE(program);
        return 0;
}

/* Events come from anybody's library: a writer's schema is known by all its spellings. */
static int event_types_add_decoder(struct event_types *types, const struct event_type *type, const struct schema_file *writer, struct error *err) {
        struct decoder decoder = {.type = type, .canonical = schema_canonical(writer)};
        struct canonical_fingerprint fingerprints[SPELLINGS];
        int e = event_types_compile(types, writer, type->layout, &decoder.program, err) ?: canonical_fingerprints(schema_root(writer), fingerprints);

        for (size_t i = 0; e == 0 && i < SPELLINGS; i++) {
                decoder.fingerprint = fingerprints[i].value;
                if (fingerprints[i].known)
                        e = event_types_put_decoder(types, &types->events, &decoder, schema_language(writer), err);
        }
        return e;
}

/* Rows are ours alone. */
static int event_types_add_row_decoder(struct event_types *types, const struct event_type *type, const struct schema_file *writer, struct error *err) {
        struct decoder decoder = {.type = type, .canonical = schema_canonical(writer), .fingerprint = schema_fingerprint(writer)};
        int e = event_types_compile(types, writer, type->row, &decoder.program, err);

        return e ? e : event_types_put_decoder(types, &types->rows, &decoder, schema_language(writer), err);
}

/*
 * -- What was published stays readable, and readers of then can read what is written now --
 *
 * FULL_TRANSITIVE: the current schema reads every published one and is read by it (avro/compatible.h), and keeps what fields
 * promised (model/published.h). The rows of old versions resolve as their events do.
 */

struct version {
        struct event_types *types;
        const struct event_type *type; /* NULL: of a record that is no event */
        const struct layout *current;
        const char *name, *path;
        struct mistakes *mistakes;
};

/* A mistake of the version is told; everything else is passed on. */
static int version_told(const struct version *v, int e, const char *what, const struct error *err) {
        if (e != -EINVAL)
                return e;
        mistakes_place(v->mistakes, v->path,
                       IN_LANGUAGE(v->mistakes->language, "%s.avsc is not compatible with this published version: %s: %s",
                                   "%s.avsc past niet bij deze gepubliceerde versie: %s: %s"),
                       v->name, what, err->text);
        return 0;
}

/* One of two directions: whether all that the writer may write is read. That a field means something else now has been told, once for both. */
static int version_check_direction(const struct version *v, const struct schema_file *writer, const struct schema_file *reader, const char *what) {
        CLEANUP(compatible_free_p) struct compatible *verdict = NULL;
        char sentence[COMPATIBLE_SENTENCE_MAX];
        struct error err = {0};
        int e = compatible_new(writer, reader, &verdict, &err);

        for (size_t i = 0; e == 0 && i < compatible_kept(verdict); i++) {
                enum compatible_code code = compatible_reason(verdict, i)->code;

                if (code == COMPATIBLE_LOGICAL || code == COMPATIBLE_UUID)
                        continue;
                error_set(&err, "%s", compatible_sentence(verdict, i, sentence));
                e = version_told(v, -EINVAL, what, &err);
        }
        return e;
}

static int version_keep_number(const struct version *v, uint64_t fingerprint) {
        const char *name = file_name(v->path);
        size_t n = strlen(name) - strlen(ENDING);
        struct known_version known = {.type = v->type, .number = {arena_copy(v->types->arena, name, n), n}, .fingerprint = fingerprint};

        return known.number.s ? vector_push(&v->types->versions, known) : -ENOMEM;
}

static int version_add_decoders(const struct version *v, const struct schema_file *file) {
        const struct layout *row;
        struct error err = {0};
        int e = event_types_add_decoder(v->types, v->type, file, &err);

        if (e)
                return version_told(v, e, IN_LANGUAGE(v->mistakes->language, "it cannot be read", "ze is niet te lezen"), &err);
        e = event_types_row_layout(v->types, file, &row, &err);
        if (e == 0)
                e = event_types_add_row_decoder(v->types, v->type, row->file, &err);
        if (e == 0)
                e = version_keep_number(v, schema_fingerprint(file));
        return version_told(v, e, IN_LANGUAGE(v->mistakes->language, "its rows cannot be read", "haar rijen zijn niet te lezen"), &err);
}

static int version_check(const struct version *v, const struct schema_file *file) {
        const struct layout *published;
        struct error err = {0};
        size_t before = v->mistakes->n;
        int e;

        if (strcmp(schema_root(file)->name, v->current->name) != 0) {
                mistakes_place(v->mistakes, v->path, IN_LANGUAGE(v->mistakes->language, "is a version of %s, not of %s", "is een versie van %s, niet van %s"),
                               schema_root(file)->name, v->current->name);
                return 0;
        }
        e = event_types_layout(v->types, file, &published, &err);
        if (e)
                return version_told(v, e, IN_LANGUAGE(v->mistakes->language, "cannot be read", "is niet te lezen"), &err);
        published_check(v->current, published, v->path, v->mistakes);
        e = version_check_direction(v, v->current->file, file,
                                    IN_LANGUAGE(v->mistakes->language, "its readers cannot read what is written now",
                                                "wie deze versie leest, kan niet lezen wat nu wordt geschreven"));
        if (e == 0)
                e = version_check_direction(v, file, v->current->file,
                                            IN_LANGUAGE(v->mistakes->language, "what it wrote cannot be read now",
                                                        "wat met deze versie is geschreven, is nu niet te lezen"));
        return e || v->mistakes->n != before || !v->type ? e : version_add_decoders(v, file);
}

static int version_read(const struct version *v) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        const struct schema_file *kept;
        struct error err = {0};
        int e = schema_read(v->path, v->mistakes->language, &file, &err);

        if (e == -ENOMEM)
                return e;
        if (e) {
                mistakes_error(v->mistakes, &err);
                return 0;
        }
        kept = file;
        return event_types_keep_file(v->types, &file) ?: version_check(v, kept);
}

/* @current: the version that stands in no history, without a path. */
static int event_types_read_history(const struct version *current, const char *folder, size_t *ret_n) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char file[2 * PATH_TEXT_MAX];
        int e = published_names(folder, current->name, &names, ret_n, current->mistakes);

        for (size_t i = 0; e == 0 && i < *ret_n; i++) {
                struct version v = *current;

                (void) snprintf(file, sizeof(file), "%s/" PUBLISHED_FOLDER "/%s/%s", folder, v.name, names[i]); /* fits: the folder's own path did */
                v.path = file;
                e = version_read(&v);
        }
        return e;
}

static int event_types_read_histories(struct event_types *types, const char *folder, struct mistakes *mistakes) {
        char path[PATH_TEXT_MAX];
        int e = 0;
        size_t n;

        for (size_t i = 0; e == 0 && i < types->all.n; i++) {
                struct event_type *type = types->all.items[i];
                const struct version v = {.types = types, .type = type, .current = type->layout, .name = type->name, .mistakes = mistakes};

                e = event_types_read_history(&v, folder, &n);
                type->published = n > 0;
                (void) snprintf(path, sizeof(path), "%s/%s" ENDING, folder, type->name); /* it was read from there: it fits */
                if (!type->published)
                        schema_words_check_enums(type->layout, path, mistakes);
        }
        for (size_t i = 0; e == 0 && i < ELEMENTS(other_records); i++) {
                const char *name = other_records[i].name;
                const struct version v = {.types = types, .current = event_types_other(types, name), .name = name, .mistakes = mistakes};

                if (v.current)
                        e = event_types_read_history(&v, folder, &n);
        }
        return e;
}

/*
 * -- What ends what: the property ketenwacht.ends --
 *
 * A case is over when whatever can end in it has ended. Which facts those are the schemas say: the type of the
 * fact that ends names the types that it ends, so a new kind of measure or concern needs no C.
 */

static struct event_type *event_types_get(const struct event_types *types, const char *name) {
        return table_get(&types->by_name, name, strlen(name));
}

static bool event_types_share_an_id(const struct event_type *a, const struct event_type *b) {
        for (size_t i = 0; i < LINKS_MAX; i++) {
                if (a->links[i] >= 0 && b->links[i] >= 0)
                        return true;
        }
        return false;
}

static int event_type_end(struct event_types *types, const struct event_type *by, const char *name, const char *path, struct mistakes *mistakes) {
        struct event_type *type = event_types_get(types, name);
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];
        const struct event_type **more;

        if (!type || type->output) {
                event_types_nearest(types, &nearest);
                mistakes_place(mistakes, path, IN_LANGUAGE(mistakes->language, ENDS ": no event is called '%.60s'%s", ENDS ": geen gebeurtenis heet '%.60s'%s"),
                               name, language_hint(mistakes->language, &nearest, hint));
                return 0;
        }
        if (type == by || !event_types_share_an_id(type, by)) {
                mistakes_place(mistakes, path,
                               IN_LANGUAGE(mistakes->language,
                                           ENDS ": %s cannot end %s: a fact ends others, by an id that both types have",
                                           ENDS ": %s kan %s niet beëindigen: dat kan alleen met een andere gebeurtenis, door een nummer dat beide hebben"),
                               by->name, type->name);
                return 0;
        }
        more = arena_calloc(types->arena, type->n_ended_by + 1, sizeof(struct event_type *));
        if (!more)
                return -ENOMEM;
        for (size_t i = 0; i < type->n_ended_by; i++) {
                if (type->ended_by[i] == by) {
                        mistakes_place(mistakes, path, IN_LANGUAGE(mistakes->language, ENDS ": %s stands there twice", ENDS ": %s staat daar twee keer"), name);
                        return 0;
                }
                more[i] = type->ended_by[i];
        }
        more[type->n_ended_by++] = by;
        type->ended_by = more;
        return 0;
}

static int event_types_read_ends(struct event_types *types, const char *folder, struct mistakes *mistakes) {
        int r = 0;

        for (size_t i = 0; i < types->all.n && r == 0; i++) {
                const struct event_type *by = types->all.items[i];
                const json_t *value = schema_property(schema_root(by->file)->properties, ENDS), *item;
                char path[PATH_TEXT_MAX];
                size_t k;

                if (!value)
                        continue;
                (void) snprintf(path, sizeof(path), "%s/%s.avsc", folder, by->name); /* it was read from there: it fits */
                if (!json_is_array(value) || json_array_size(value) == 0)
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language, ENDS " must be a list of events; leave it out when this ends nothing",
                                                   ENDS " moet een lijst van gebeurtenissen zijn; laat het weg als dit niets beëindigt"));
                json_array_foreach(value, k, item) {
                        if (!json_is_string(item))
                                mistakes_place(mistakes, path,
                                               IN_LANGUAGE(mistakes->language, ENDS ": an event must be named by a string",
                                                           ENDS ": een gebeurtenis moet een string zijn"));
                        else if (r == 0)
                                r = event_type_end(types, by, json_string_value(item), path, mistakes);
                }
        }
        return r;
}

/* -- Files -- */

/* -EINVAL with a sentence is a mistake of the file; everything else is passed on. */
static int event_types_told(int e, const struct error *err, const char *path, struct mistakes *mistakes) {
        if (e != -EINVAL)
                return e;
        mistakes_place(mistakes, path, "%s", err->text);
        return 0;
}

static int event_type_compile(struct event_types *types, struct event_type *type, struct error *err) {
        int e = event_types_layout(types, type->file, &type->layout, err);

        if (e)
                return e;
        e = event_types_row_layout(types, type->file, &type->row, err);
        if (e)
                return e;
        e = event_types_add_decoder(types, type, type->file, err);
        return e ? e : event_types_add_row_decoder(types, type, type->row->file, err);
}

/* talk-1 and talk1 are both Talk1. */
static void event_types_check_twin(const struct event_types *types, const struct event_type *type, const char *path, struct mistakes *mistakes) {
        for (size_t i = 0; i < types->all.n; i++) {
                const struct event_type *other = types->all.items[i];

                if (strcmp(schema_root(other->file)->name, schema_root(type->file)->name) == 0)
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language, "%s.avsc has a record %s as well: call one of these events something else",
                                                   "ook %s.avsc heeft een record %s: geef een van deze gebeurtenissen een andere naam"),
                                       other->name, schema_root(other->file)->name);
        }
}

static int event_types_add_event(struct event_types *types, const char *name, const struct schema_file *file, const char *path, struct mistakes *mistakes) {
        char pascal[NAME_MAX_BYTES];
        struct event_type *type = arena_calloc(types->arena, 1, sizeof(*type));
        struct error err = {0};
        int e;

        if (!type)
                return -ENOMEM;
        if (!name_is_kebab(name)) {
                mistakes_place(mistakes, path,
                               IN_LANGUAGE(mistakes->language, "an event is called by lower-case words with hyphens: measure-started" ENDING,
                                           "een gebeurtenis heet met kleine letters en streepjes: measure-started" ENDING));
                return 0;
        }
        type->name = arena_copy(types->arena, name, strlen(name));
        type->file = file;
        if (!type->name)
                return -ENOMEM;
        name_pascal(name, pascal, sizeof(pascal));
        if (strcmp(schema_short_name(schema_root(file)->name), pascal) != 0)
                mistakes_place(mistakes, path,
                               IN_LANGUAGE(mistakes->language, "the record of %s must be called " HOUSE EVENTS "%s, not %s",
                                           "het record van %s moet " HOUSE EVENTS "%s heten, niet %s"),
                               name, pascal, schema_root(file)->name);
        event_types_check_twin(types, type, path, mistakes);
        e = event_type_compile(types, type, &err);
        if (e)
                return event_types_told(e, &err, path, mistakes);
        event_type_describe(type, &types->links, path, mistakes);
        schema_words_check(type->layout, path, mistakes);
        e = table_put(&types->by_name, type->name, strlen(type->name), type) ?: vector_push(&types->all, type);
        if (e == 0 && type->known != TYPE_OTHER)
                types->known[type->known] = type;
        return e;
}

static int event_types_add_other(struct event_types *types, const char *name, const struct schema_file *file, const char *path, struct mistakes *mistakes) {
        const struct layout *layout;
        struct error err = {0};
        const char *kept = arena_copy(types->arena, name, strlen(name));
        int e;

        if (!kept)
                return -ENOMEM;
        e = event_types_layout(types, file, &layout, &err);
        if (e)
                return event_types_told(e, &err, path, mistakes);
        return table_put(&types->others, kept, strlen(kept), (void *)layout);
}

/* The full name that the record of another topic of ours has, or NULL. */
static const char *event_types_other_record(const char *name) {
        for (size_t i = 0; i < ELEMENTS(other_records); i++) {
                if (strcmp(other_records[i].name, name) == 0)
                        return other_records[i].record;
        }
        return NULL;
}

static bool event_types_is_event(const char *full) {
        if (strncmp(full, HOUSE, strlen(HOUSE)) != 0)
                return false;
        full += strlen(HOUSE);
        return !strchr(full + (strncmp(full, EVENTS, strlen(EVENTS)) == 0 ? strlen(EVENTS) : 0), '.');
}

/* A record that is neither an event nor one of ours would be nobody's: no topic would be made for it, and what it was meant for not be known. */
static bool event_types_check_record(const char *name, const char *full, const char *path, struct mistakes *mistakes) {
        const char *other = event_types_other_record(name);
        char pascal[NAME_MAX_BYTES];

        for (size_t i = 0; i < ELEMENTS(other_topics); i++) {
                if (strcmp(other_topics[i], name) == 0) {
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language, "an event cannot be called %s: that is a topic of ketenwacht itself",
                                                   "een gebeurtenis kan niet %s heten: dat is een topic van ketenwacht zelf"),
                                       name);
                        return false;
                }
        }
        if (other ? strcmp(full, other) == 0 : event_types_is_event(full))
                return true;
        name_pascal(name, pascal, sizeof(pascal));
        mistakes_place(mistakes, path,
                       IN_LANGUAGE(mistakes->language, "the record of %s must be called %s%s, not %s", "het record van %s moet %s%s heten, niet %s"), name,
                       other ? other : HOUSE EVENTS, other ? "" : pascal, full);
        return false;
}

const struct event_type *event_types_of_record(const struct event_types *types, const char *full) {
        if (!event_types_is_event(full))
                return NULL;
        for (size_t i = 0; i < types->all.n; i++) {
                if (strcmp(schema_short_name(types->all.items[i]->layout->name), schema_short_name(full)) == 0)
                        return types->all.items[i];
        }
        return NULL;
}

static int event_types_add_file(struct event_types *types, const char *folder, const char *file_name, struct mistakes *mistakes) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        char path[PATH_TEXT_MAX], name[256];
        const struct schema_file *kept;
        struct error err = {0};
        int e;

        if (snprintf(path, sizeof(path), "%s/%s", folder, file_name) >= (int)sizeof(path) ||
            snprintf(name, sizeof(name), "%.*s", (int)(strlen(file_name) - strlen(ENDING)), file_name) >= (int)sizeof(name)) {
                mistakes_place(mistakes, folder, IN_LANGUAGE(mistakes->language, "a name in this folder is too long", "een naam in deze map is te lang"));
                return 0;
        }
        e = schema_read(path, mistakes->language, &file, &err);
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
                mistakes_place(mistakes, path,
                               IN_LANGUAGE(mistakes->language, "the schema of an event must be a record",
                                           "het schema van een gebeurtenis moet een record zijn"));
                return 0;
        }
        if (!event_types_check_record(name, schema_root(kept)->name, path, mistakes))
                return 0;
        if (event_types_other_record(name))
                return event_types_add_other(types, name, kept, path, mistakes);
        return event_types_add_event(types, name, kept, path, mistakes);
}

static int event_types_order(const void *a, const void *b) {
        return strcmp((*(const struct event_type *const *)a)->name, (*(const struct event_type *const *)b)->name);
}

void event_types_check_outputs(const struct event_types *types, const char *folder, struct mistakes *mistakes) {
        static const enum known_type wanted[] = {TYPE_PLAN_DUE, TYPE_ESCALATION_RAISED, TYPE_ESCALATION_RESOLVED};

        for (size_t i = 0; i < ELEMENTS(wanted); i++) {
                if (!types->known[wanted[i]])
                        mistakes_place(mistakes, folder,
                                       IN_LANGUAGE(mistakes->language, "%s" ENDING " is missing: ketenwacht tells it",
                                                   "%s" ENDING " ontbreekt: ketenwacht vertelt dit"),
                                       known_type_name(wanted[i]));
        }
}

static int event_types_read_folder(struct event_types *types, const char *folder, struct mistakes *mistakes) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        struct error err = {0};
        size_t n;
        int e = folder_names(folder, ENDING, &names, &n, &err);

        if (e == -ENOENT) {
                file_error(folder, e, mistakes->language, &err);
                mistakes_error(mistakes, &err);
                return 0;
        }
        if (e)
                return e;
        if (n == 0)
                mistakes_place(mistakes, folder,
                               IN_LANGUAGE(mistakes->language, "no schema here: every event type is a file <event>" ENDING,
                                           "hier staat geen schema: iedere soort gebeurtenis is een bestand <gebeurtenis>" ENDING));
        if (n > EVENT_TYPES_MAX) {
                mistakes_place(mistakes, folder, IN_LANGUAGE(mistakes->language, "more than %d schemas", "meer dan %d schema's"), EVENT_TYPES_MAX);
                return 0;
        }
        for (size_t i = 0; e == 0 && i < n; i++)
                e = event_types_add_file(types, folder, names[i], mistakes);
        if (e == 0 && types->all.n > 0)
                qsort(types->all.items, types->all.n, sizeof(*types->all.items), event_types_order);
        for (size_t i = 0; e == 0 && i < types->all.n; i++)
                types->all.items[i]->index = (unsigned)i;
        if (e == 0)
                e = event_types_read_histories(types, folder, mistakes);
        if (e == 0)
                e = published_check_folders(folder, names, n, mistakes);
        return e ? e : event_types_read_ends(types, folder, mistakes);
}

int event_types_read(const char *folder, struct event_types **ret, struct mistakes *mistakes) {
        CLEANUP(event_types_free_p) struct event_types *types = calloc(1, sizeof(*types));
        size_t before = mistakes->n;
        int e;

        *ret = NULL;
        if (!types)
                return -ENOMEM;
        for (; types->links.n < LINKS; types->links.n++)
                types->links.items[types->links.n] = link_fields[types->links.n];
        e = arena_new(&types->arena, EVENT_TYPES_ARENA_MAX);
        if (e == 0)
                e = event_types_read_folder(types, folder, mistakes);
        if (e)
                return e;
        if (mistakes->n != before)
                return -EINVAL;
        *ret = TAKE(types);
        return 0;
}
