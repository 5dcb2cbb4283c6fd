/* SPDX-License-Identifier: EUPL-1.2 */

/* Records of one schema, block by block. */

#include "cli/tail_avro.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "avro/container_write.h"
#include "base/name.h"
#include "cluster/event_record.h"
#include "cluster/own_record.h"
#include "cluster/topics.h"

struct tail_avro {
        const struct event_types *types;
        const struct event_type *type; /* NULL: records of our own */
        struct own_codec own;
        bool clear;
        struct container_writer *writer;
        uint64_t left_out;
        struct error why;
};

struct tail_avro *tail_avro_free(struct tail_avro *t) {
        if (!t)
                return NULL;
        container_writer_free(t->writer);
        own_codec_done(&t->own);
        free(t);
        return NULL;
}

/* Neither an event type nor anything with a schema of its own: says what to do instead. */
static int tail_avro_refuse(const struct event_types *types, const char *topic, struct error *err) {
        struct nearest nearest = NEAREST_INIT(topic);
        char hint[NEAREST_HINT_MAX];

        if (strncmp(topic, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0 || strncmp(topic, TOPIC_OUTBOX_PREFIX, strlen(TOPIC_OUTBOX_PREFIX)) == 0) {
                error_set(err, "%s holds events of several types, and a container file has one schema: name the topic of one event type, such as "
                          TOPIC_PLAN_DUE ", or see ketenwacht export", topic);
        } else if (strcmp(topic, TOPIC_CASE_STATE) == 0) {
                error_set(err, "%s holds rows of several kinds, and a container file has one schema: ketenwacht export --state writes them", topic);
        } else {
                for (size_t i = 0; i < event_types_count(types); i++)
                        nearest_try(&nearest, event_types_at(types, i)->name);
                error_set(err, "%s is the topic of no event type%s, and a container file has one schema", topic, nearest_hint(&nearest, hint));
        }
        return -EINVAL;
}

int tail_avro_new(const struct event_types *types, const char *topic, bool clear, FILE *out, struct tail_avro **ret, struct error *err) {
        struct tail_avro *t = calloc(1, sizeof(*t));
        const struct schema_file *file = NULL;
        int r = 0;

        error_set(err, "out of memory");
        if (!t)
                return -ENOMEM;
        t->types = types;
        t->clear = clear;
        t->type = event_types_find(types, text_of(topic));
        if (t->type)
                file = t->type->file;
        else if (!event_types_other(types, topic))
                r = tail_avro_refuse(types, topic, err);
        else if ((r = own_codec_open(types, topic, NULL, 0, &t->own, err)) == 0)
                file = t->own.layout->file;
        if (r == 0)
                r = container_writer_begin(out, schema_json(file), CONTAINER_DEFLATE, &t->writer, err);
        if (r)
                tail_avro_free(t);
        else
                *ret = t;
        return r;
}

/* Slots of the record, by the schema of the topic. */
static bool tail_avro_read(struct tail_avro *t, const struct bus_record *record, struct slot slots[LAYOUT_SLOTS_MAX], struct error *why) {
        struct event event;

        if (!t->type) {
                error_set(why, "it is no record of %s", record->topic);
                return own_record_read(&t->own, record->value, record->value_n, slots);
        }
        if (event_record_read(t->types, t->type, record, slots, &event, why))
                return false;
        if (!t->clear)
                event_hide_personal(&event);
        return true;
}

int tail_avro_record(struct tail_avro *t, const struct bus_record *record, struct error *err) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct error why = {0};

        if (tail_avro_read(t, record, slots, &why)) {
                record_encode(t->type ? t->type->layout : t->own.layout, slots, container_writer_buffer(t->writer));
                return container_writer_added(t->writer, err);
        }
        if (t->left_out++ == 0)
                error_set(&t->why, "%s, partition %" PRId32 ", offset %" PRId64 ": %s", record->topic, record->partition, record->offset, why.text);
        return 0;
}

int tail_avro_flush(struct tail_avro *t, struct error *err) {
        int r = container_writer_flush(t->writer, err);

        if (r)
                error_prefix(err, "standard output");
        return r;
}

uint64_t tail_avro_left_out(const struct tail_avro *t, const struct error **why) {
        *why = &t->why;
        return t->left_out;
}
