/* SPDX-License-Identifier: EUPL-1.2 */

/* One line of the log: its row of log.def, the time, and the fields, in one write. */

#include "base/log.h"

#include <string.h>
#include <time.h>

#include "base/json.h"

#define LOG_LINE_MAX 8192

const struct log_row log_rows[LOG_IDS] = {
#define LOG_ROW(name, code, level, text) [LOG_##name] = {#name, code, text, LOG_LEVEL_##level},
#include "base/log.def"
#undef LOG_ROW
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static void event_name(const char *name, char ret[64]) {
        size_t i;

        for (i = 0; name[i] && i < 63; i++)
                ret[i] = name[i] == '_' ? '-' : (char)(name[i] | 0x20);
        ret[i] = '\0';
}

void log_fields(const struct log *log, enum log_id id, const struct log_field *fields) {
        struct buffer line = BUFFER_INIT(LOG_LINE_MAX);
        struct json_writer w = JSON_WRITER(&line);
        char event[64], stamp[40];
        struct tm tm;
        instant_t now;
        time_t seconds;

        if (!log || !log->out || log_rows[id].level < log->level)
                return;
        now = clock_realtime(&log->clock);
        seconds = (time_t)(now / 1000);
        (void) gmtime_r(&seconds, &tm);
        (void) snprintf(stamp, sizeof(stamp), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(now % 1000));
        event_name(log_rows[id].name, event);
        jsonw_open_object(&w);
        jsonw_put_string(&w, "time", stamp);
        jsonw_put_string(&w, "level", level_names[log_rows[id].level]);
        jsonw_put_string(&w, "id", log_rows[id].code);
        jsonw_put_string(&w, "event", event);
        if (log->process)
                jsonw_put_string(&w, "process", log->process);
        for (const struct log_field *f = fields; f->kind != LOG_FIELD_END; f++) {
                if (f->kind == LOG_FIELD_INT)
                        jsonw_put_int(&w, f->key, f->number);
                else
                        jsonw_put_string(&w, f->key, f->string ? f->string : "");
        }
        jsonw_close_object(&w);
        buffer_add_byte(&line, '\n');
        if (!line.failed)
                (void) fwrite(line.bytes, 1, line.n, log->out); /* a log that cannot be written has nowhere to say so */
        buffer_done(&line);
}
