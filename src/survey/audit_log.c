/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the topic `audit` to its end. */

#include "survey/audit_log.h"

#include "calendar/date.h"
#include "cluster/topics.h"

bool audit_filter_passes(const struct audit_filter *f, const struct audit_record *record) {
        if (record->at < f->from || (f->until && record->at >= f->until))
                return false;
        if ((f->user && !text_is(record->user, f->user)) || (f->action && !text_is(record->action, f->action)))
                return false;
        if (f->organisation && !text_is(record->organisation, f->organisation))
                return false;
        return !f->object || (record->object.n > 0 && memmem(record->object.s, record->object.n, f->object, strlen(f->object)));
}

static void audit_put_text(struct json_writer *w, const char *key, struct text text) {
        jsonw_key(w, key);
        text.n > 0 ? jsonw_text(w, text) : jsonw_null(w);
}

void audit_record_put(const struct audit_record *record, struct json_writer *w) {
        char event_id[UUID_TEXT + 1];

        uuid_format(&record->event_id, event_id);
        jsonw_open_object(w);
        jsonw_put_string(w, "event_id", event_id);
        instant_put_exact(w, "at", record->at);
        jsonw_put_text(w, "user", record->user);
        audit_put_text(w, "roles", record->roles);
        audit_put_text(w, "organisation", record->organisation);
        audit_put_text(w, "address", record->address);
        jsonw_put_text(w, "action", record->action);
        jsonw_put_text(w, "object", record->object);
        jsonw_put_text(w, "result", record->result);
        audit_put_text(w, "reason", record->reason);
        jsonw_close_object(w);
}

static void audit_add(struct buffer *out, const char *before, struct text text, const char *after) {
        if (text.n == 0)
                return;
        buffer_add_text(out, before);
        for (size_t i = 0; i < text.n; i++) /* a line is a line, whatever somebody typed */
                buffer_add_byte(out, (unsigned char)text.s[i] < ' ' || text.s[i] == 0x7f ? ' ' : (uint8_t)text.s[i]);
        buffer_add_text(out, after);
}

void audit_record_say(const struct audit_record *record, struct buffer *out) {
        char at[INSTANT_TEXT + 1];

        instant_format_exact(record->at, at);
        buffer_add_text(out, at);
        audit_add(out, "  ", record->user, "");
        audit_add(out, " (", record->organisation, ")");
        audit_add(out, "  ", record->action, "");
        audit_add(out, "  ", record->object, "");
        if (!text_is(record->result, AUDIT_DONE))
                audit_add(out, "  ", record->result, "");
        audit_add(out, "  \"", record->reason, "\"");
        audit_add(out, "  [", record->address, "]");
        buffer_add_byte(out, '\n');
}

struct audit_log {
        const struct audit_log_reading *reading;
        struct audit_codec *codec;
};

static int audit_log_take(void *ctx, struct bus_record *record, struct error *err) {
        const struct audit_log *log = ctx;
        struct audit_record said;

        if (!audit_decode(log->codec, record->value, record->value_n, &said) || !audit_filter_passes(log->reading->filter, &said))
                return 0;
        return log->reading->take(log->reading->ctx, &said, record->offset, err);
}

int audit_log_read(const struct audit_log_reading *reading, struct error *err) {
        static const char *const topics[] = {TOPIC_AUDIT};
        const struct bus_reader_config config = {
                .topics = topics,
                .topics_n = ELEMENTS(topics),
                .partition = BUS_ALL_PARTITIONS,
                .from = reading->filter->from > HOUR_MS ? BUS_FROM_INSTANT : BUS_FROM_BEGINNING,
                .instant = reading->filter->from - HOUR_MS, /* it is stamped when it is written, by a clock that may be another one */
                .until_end = true,
        };
        CLEANUP(audit_codec_free_p) struct audit_codec *codec = NULL;
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        struct audit_log log = {.reading = reading};
        const struct bus_reading each = {.record = audit_log_take, .ctx = &log, .what = TOPIC_AUDIT};
        int r = audit_codec_new(reading->types, &codec, err);

        log.codec = codec;
        if (r == 0)
                r = bus_reader_open(reading->bus, &config, &reader, err);
        return error_trace(r ? r : bus_reader_each(reader, &each, err), err);
}
