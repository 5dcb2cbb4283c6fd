/* SPDX-License-Identifier: EUPL-1.2 */

/* What is exported, from where to where: finds the kinds of records, plans what is to be read, and reads it part by part. */

#include "survey/export.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "avro/put.h"
#include "bus/positions.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "survey/export_state.h"

#define KEEP_EVERY 20000 /* data between two times that all is put on the disk */
#define KEEP_READ 200000 /* or offsets, when little of what is read is wanted */
#define UNION_BYTES_MAX SCHEMA_TEXT_MAX
#define PART_OVER 1       /* the rest of a part came after the export began */

/* One kind of record. */
struct export_stream {
        const char *name, *schema; /* borrowed */
        const struct event_type *type; /* NULL: a row, at @place of export_rows */
        size_t place;
        size_t file;
        int64_t branch; /* in the file's union; -1: it is no union */
};

struct export_part {
        size_t stream; /* whose topic it is; of EXPORT_STATE 0 */
        int32_t partition;
        int64_t begin, end;
};

struct exporting {
        const struct export_config *config;
        struct export_result *result;
        struct export_stream *streams;
        size_t n_streams;
        struct export_rows *rows; /* EXPORT_STATE */
        struct buffer schema;     /* of the union */
        char **paths;
        const char **schemas;
        size_t n_files;
        char notebook[EXPORT_PATH_MAX];
        json_t *asked;
        struct export_files *files;
        struct export_part *parts;
        size_t n_parts;
        struct export_place place;
        uint64_t kept, read, before, all; /* kept: exported when it was kept last; offsets of parts that are over, and of all */
};

static void exporting_done(struct exporting *e) {
        export_files_free(e->files);
        json_decref(e->asked);
        for (size_t i = 0; e->paths && i < e->n_files; i++)
                free(e->paths[i]);
        free(e->paths);
        free(e->schemas);
        free(e->parts);
        free(e->streams);
        export_rows_free(e->rows);
        buffer_done(&e->schema);
}

/* -- Kinds of records -- */

static bool export_has_type(enum export_kind kind, const struct event_type *type) {
        bool told = type->known == TYPE_PLAN_DUE || type->known == TYPE_ESCALATION_RAISED || type->known == TYPE_ESCALATION_RESOLVED;

        return kind == EXPORT_TELLINGS ? told : !type->output; /* other outputs have no topic */
}

bool export_knows(const struct event_types *types, enum export_kind kind, const char *name, struct nearest *nearest) {
        bool known = false;

        for (size_t i = 0; i < event_types_count(types); i++) {
                const struct event_type *type = event_types_at(types, i);

                if (!export_has_type(kind, type))
                        continue;
                nearest_try(nearest, type->name);
                known |= strcmp(type->name, name) == 0;
        }
        for (size_t i = 0; kind == EXPORT_STATE && i < EXPORT_ROWS; i++) {
                nearest_try(nearest, export_rows_name(i));
                known |= strcmp(export_rows_name(i), name) == 0;
        }
        return known;
}

static bool export_wants(const struct export_config *config, const char *name) {
        for (size_t i = 0; i < config->only_n; i++) {
                if (strcmp(config->only[i], name) == 0)
                        return true;
        }
        return config->only_n == 0;
}

static int export_list_streams(struct exporting *e) {
        const struct export_config *c = e->config;
        size_t types_n = event_types_count(c->types);
        int r = c->kind == EXPORT_STATE ? export_rows_new(c->types, &e->rows) : 0;

        e->streams = calloc(types_n + EXPORT_ROWS, sizeof(*e->streams));
        if (r || !e->streams)
                return -ENOMEM;
        for (size_t i = 0; i < types_n; i++) {
                const struct event_type *type = event_types_at(c->types, i);

                if (export_has_type(c->kind, type) && export_wants(c, type->name))
                        e->streams[e->n_streams++] = (struct export_stream){.name = type->name, .schema = schema_json(type->file), .type = type};
        }
        for (size_t i = 0; e->rows && i < EXPORT_ROWS; i++) {
                if (export_wants(c, export_rows_name(i)))
                        e->streams[e->n_streams++] = (struct export_stream){
                                .name = export_rows_name(i), .schema = export_rows_schema(e->rows, i), .place = i};
        }
        return 0;
}

/* -- Files -- */

/* One file for all: of several kinds a union, in which each name must be defined once. */
static int export_one_file(struct exporting *e, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        struct error why = {0};
        int r;

        buffer_add_byte(&e->schema, '[');
        for (size_t i = 0; i < e->n_streams; i++) {
                e->streams[i].branch = e->n_streams > 1 ? (int64_t)i : -1;
                buffer_printf(&e->schema, "%s%s", i ? "," : "", e->streams[i].schema);
        }
        buffer_add_byte(&e->schema, ']');
        e->schemas[0] = e->n_streams > 1 ? buffer_text(&e->schema) : e->streams[0].schema;
        e->paths[0] = strdup(e->config->path);
        e->n_files = 1;
        if (e->schema.failed || !e->paths[0])
                return -ENOMEM;
        r = schema_parse("the union", e->schemas[0], strlen(e->schemas[0]), LANGUAGE_EN, &file, &why);
        if (r == -EINVAL)
                error_set(err, "these types cannot stand in one file: %s; export them to a folder, or each by itself with --type", why.text);
        return r;
}

static int export_folder(struct exporting *e, struct error *err) {
        for (size_t i = 0; i < e->n_streams; i++) {
                e->streams[i].file = i;
                e->streams[i].branch = -1;
                e->schemas[i] = e->streams[i].schema;
                if (asprintf(&e->paths[i], "%s/%s.avro", e->config->path, e->streams[i].name) < 0)
                        return -ENOMEM;
                e->n_files++;
        }
        if (e->n_files <= EXPORT_FILES_MAX)
                return 0;
        error_set(err, "%zu files at once are too many; say which types with --type", e->n_files);
        return -EINVAL;
}

static int export_list_files(struct exporting *e, struct error *err) {
        int n = snprintf(e->notebook, sizeof(e->notebook), e->config->folder ? "%s/.export" : "%s.export", e->config->path), r;

        if (n >= (int)sizeof(e->notebook)) {
                error_set(err, "the path is too long: %.200s…", e->config->path);
                return -EINVAL;
        }
        e->paths = calloc(e->n_streams, sizeof(*e->paths));
        e->schemas = calloc(e->n_streams, sizeof(*e->schemas));
        if (!e->paths || !e->schemas)
                return -ENOMEM;
        r = e->config->folder ? export_folder(e, err) : export_one_file(e, err);
        e->result->files = e->n_files;
        return r;
}

/* What makes one export another: kinds with their schemas, period, and from where. */
static int export_ask(struct exporting *e) {
        const struct export_config *c = e->config;
        json_t *kinds = json_array();

        for (size_t i = 0; i < e->n_streams; i++)
                (void) json_array_append_new(kinds, json_pack("[s,s]", e->streams[i].name, e->streams[i].schema));
        e->asked = json_pack("{s:i,s:s,s:o,s:I,s:I,s:b,s:s,s:b}", "kind", (int)c->kind, "where", c->where, "kinds", kinds, "from", (json_int_t)c->from, "until",
                             (json_int_t)c->until, "personal", (int)c->personal, "codec", container_codec_names[c->codec], "folder", (int)c->folder);
        return e->asked && json_array_size(kinds) == e->n_streams ? 0 : -ENOMEM;
}

/* -- What is to be read -- */

/* The topics of an export, by stream; of the state there is one. */
static size_t export_topics(const struct exporting *e, const char **ret) {
        static const char state[] = TOPIC_CASE_STATE;
        size_t n = e->rows ? 1 : e->n_streams;

        for (size_t i = 0; i < n; i++)
                ret[i] = e->rows ? state : e->streams[i].name;
        return n;
}

/* Everything that stands there now, in the order of streams and partitions. */
static int export_look(struct exporting *e, const char *const *topics, size_t topics_n, json_t *plan, struct error *err) {
        const struct bus_reader_config config = {.topics = topics, .topics_n = topics_n, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING,
                                                 .until_end = true, .some = !e->rows};
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        int r = bus_reader_open(e->config->bus, &config, &reader, err);

        if (r)
                return r;
        for (size_t topic = 0; topic < topics_n; topic++) {
                struct bus_part part = {.index = (uint32_t)topic};
                int64_t begin, end;

                for (; reader_positions_bounds(bus_reader_positions(reader), part, &begin, &end); part.partition++) {
                        if (begin < end && json_array_append_new(plan, json_pack("[I,i,I,I]", (json_int_t)topic, (int)part.partition, (json_int_t)begin,
                                                                                 (json_int_t)end)))
                                return -ENOMEM;
                }
        }
        return 0;
}

static int export_take_plan(struct exporting *e, const json_t *plan, struct error *err) {
        e->n_parts = json_array_size(plan);
        e->parts = calloc(e->n_parts + 1, sizeof(*e->parts));
        if (!e->parts)
                return -ENOMEM;
        for (size_t i = 0; i < e->n_parts; i++) {
                struct export_part *part = &e->parts[i];
                json_int_t stream, begin, end;

                if (json_unpack(json_array_get(plan, i), "[I,i,I,I]", &stream, &part->partition, &begin, &end) || stream < 0 ||
                    (size_t)stream >= e->n_streams) {
                        error_set(err, "%s is not as an export wrote it; say --anew", e->notebook);
                        return -EINVAL;
                }
                *part = (struct export_part){(size_t)stream, part->partition, begin, end};
                e->all += (uint64_t)(end - begin);
        }
        return 0;
}

static int export_open_files(struct exporting *e, struct error *err) {
        const struct export_files_config config = {.notebook = e->notebook, .asked = e->asked, .codec = e->config->codec,
                                                   .paths = (const char *const *)e->paths, .schemas = e->schemas, .n = e->n_files, .anew = e->config->anew};
        const char *topics[EVENT_TYPES_MAX + EXPORT_ROWS];
        json_t *plan = NULL;
        int r = export_files_open(&config, &e->files, &plan, &e->place, err);

        e->result->resumed = r == 0;
        if (r == EXPORT_FILES_NEW) {
                plan = json_array();
                r = plan ? export_look(e, topics, export_topics(e, topics), plan, err) : -ENOMEM;
                if (r == 0)
                        r = export_files_begin(e->files, plan, err);
        }
        if (r == 0)
                r = export_take_plan(e, plan, err);
        json_decref(plan);
        return r;
}

/* -- Data -- */

static void export_leave_out(struct exporting *e, const char *topic, int32_t partition, int64_t offset, const struct error *why) {
        if (e->place.left_out++ == 0)
                error_set(&e->result->why, "%s, partition %" PRId32 ", offset %" PRId64 ": %s", topic, partition, offset, why->text);
}

static int export_put(struct exporting *e, const struct export_stream *stream, const struct layout *layout, const struct slot *slots, struct error *err) {
        struct container_writer *writer = export_files_writer(e->files, stream->file);
        struct buffer *out = container_writer_buffer(writer);

        if (stream->branch >= 0) {
                uint8_t *p = buffer_reserve(out, PUT_LONG_MAX);

                if (p)
                        out->n = (size_t)(put_long(p, stream->branch) - out->bytes);
        }
        record_encode(layout, slots, out);
        e->place.exported++;
        return container_writer_added(writer, err);
}

static int export_put_event(struct exporting *e, const struct export_stream *stream, const struct event *event, struct error *err) {
        if (!e->config->personal)
                event_hide_personal(event);
        return export_put(e, stream, event->type->layout, event->slots, err);
}

/* -- Reading -- */

static int export_keep(struct exporting *e, struct error *err) {
        e->kept = e->place.exported;
        return export_files_keep(e->files, &e->place, err);
}

static void export_watch(struct exporting *e, const struct export_part *part, int64_t offset) {
        if (e->config->watch)
                e->config->watch(e->config->ctx, e->before + (uint64_t)(offset - part->begin), e->all);
}

static int export_read_event(void *ctx, struct bus_record *record, struct error *err) {
        struct exporting *e = ctx;
        const struct export_part *part = &e->parts[e->place.part];
        const struct export_stream *stream = &e->streams[part->stream];
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error why;
        int r = 0;

        if (record->offset >= part->end)
                return PART_OVER;
        if (event_record_read(e->config->types, stream->type, record, slots, &event, &why))
                export_leave_out(e, record->topic, record->partition, record->offset, &why);
        else if (slots[SLOT_RECORDED_AT].i >= e->config->from && slots[SLOT_RECORDED_AT].i < e->config->until)
                r = export_put_event(e, stream, &event, err);
        e->place.next = record->offset + 1;
        export_watch(e, part, record->offset);
        if (r == 0 && (e->place.exported - e->kept >= KEEP_EVERY || ++e->read >= KEEP_READ)) {
                e->read = 0;
                r = export_keep(e, err);
        }
        return r;
}

static int export_read_row(void *ctx, struct bus_record *record, struct error *err) {
        struct exporting *e = ctx;
        const struct export_part *part = &e->parts[e->place.part];

        (void) err;
        if (record->offset >= part->end)
                return PART_OVER;
        export_watch(e, part, record->offset);
        return export_rows_keep(e->rows, record);
}

static int export_tell_row(void *ctx, const struct export_row *row, struct error *err) {
        struct exporting *e = ctx;
        const struct event_type *type = row->event ? row->event->type : NULL;

        if (row->why) {
                export_leave_out(e, TOPIC_CASE_STATE, e->parts[e->place.part].partition, row->offset, row->why);
                return 0;
        }
        for (size_t i = 0; i < e->n_streams; i++) {
                const struct export_stream *stream = &e->streams[i];

                if (type && stream->type == type)
                        return export_put_event(e, stream, row->event, err);
                if (!type && !stream->type && stream->place == row->place)
                        return export_put(e, stream, row->layout, row->slots, err);
        }
        return 0; /* not asked for */
}

static int export_read_part(struct exporting *e, struct error *err) {
        const struct export_part *part = &e->parts[e->place.part];
        const char *topics[] = {e->rows ? TOPIC_CASE_STATE : e->streams[part->stream].name};
        struct bus_reader_config config = {.topics = topics, .topics_n = 1, .partition = part->partition, .from = BUS_FROM_OFFSET, .offset = e->place.next,
                                           .until_end = true};
        const struct bus_reading reading = {.record = e->rows ? export_read_row : export_read_event, .ctx = e, .what = topics[0]};
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        int r = bus_reader_open(e->config->bus, &config, &reader, err);

        if (r == 0)
                r = bus_reader_each(reader, &reading, err);
        if (r == PART_OVER)
                r = 0;
        if (r == 0 && e->rows)
                r = export_rows_each(e->rows, export_tell_row, e, err);
        return r;
}

static int export_read(struct exporting *e, struct error *err) {
        for (size_t i = 0; i < e->place.part && i < e->n_parts; i++)
                e->before += (uint64_t)(e->parts[i].end - e->parts[i].begin);
        e->kept = e->place.exported;
        while (e->place.part < e->n_parts) {
                const struct export_part *part = &e->parts[e->place.part];
                int r;

                if (e->place.next < part->begin)
                        e->place.next = part->begin;
                r = e->place.next < part->end ? export_read_part(e, err) : 0;
                if (r)
                        return r;
                e->before += (uint64_t)(part->end - part->begin);
                e->place.part++;
                e->place.next = 0;
                if (e->rows && e->place.exported - e->kept >= KEEP_EVERY && (r = export_keep(e, err)))
                        return r;
        }
        return export_files_finish(e->files, &e->place, err);
}

int export_run(const struct export_config *config, struct export_result *ret, struct error *err) {
        CLEANUP(exporting_done) struct exporting e = {.config = config, .result = ret, .schema = BUFFER_INIT(UNION_BYTES_MAX)};
        int r;

        assert(config->bus && config->where && config->types && config->path && config->only_n <= EXPORT_TYPES_MAX);
        *ret = (struct export_result){0};
        error_set(err, "out of memory");
        r = export_list_streams(&e);
        if (r == 0 && e.n_streams == 0) {
                error_set(err, "there is nothing of that kind");
                r = -EINVAL;
        }
        if (r == 0)
                r = export_list_files(&e, err);
        if (r == 0)
                r = export_ask(&e);
        if (r == 0)
                r = export_open_files(&e, err);
        if (r == 0)
                r = export_read(&e, err);
        ret->exported = e.place.exported;
        ret->left_out = e.place.left_out;
        return r;
}
