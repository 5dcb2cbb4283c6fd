/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The log: one JSON line per thing that an operator may act upon
 *
 * {"time":…,"level":…,"id":"W104","event":"restore-done", fields…} on standard error. Ids are stable
 * for ever and explained in ops/log.md; src/base/log.def has one row for each. Fields are names,
 * numbers, offsets and ids, never payloads and never personal data. Libraries below the worker do
 * not log, they return errors.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

enum log_id {
#define LOG_ROW(name, code, level, text) LOG_##name,
#include "base/log.def"
#undef LOG_ROW
        LOG_IDS
};

struct log {
        FILE *out;
        struct clock clock;
        enum log_level level; /* lower ones are left out */
        const char *process;  /* "rules", "connect gi-http" …; may be NULL */
};

/* One field of a line; a list of them ends with LOG_END. */
struct log_field {
        const char *key;
        enum { LOG_FIELD_END, LOG_FIELD_STRING, LOG_FIELD_INT } kind;
        const char *string;
        int64_t number;
};
#define LOG_STRING(k, s) ((struct log_field){.key = (k), .kind = LOG_FIELD_STRING, .string = (s)})
#define LOG_INT(k, i) ((struct log_field){.key = (k), .kind = LOG_FIELD_INT, .number = (i)})

/* Writes one line, as one write; @log may be NULL (then nothing). Thread-safe as stdio is. */
void log_fields(const struct log *log, enum log_id id, const struct log_field *fields);
#define log_line(log, id, ...) \
        log_fields((log), LOG_##id, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(,)(struct log_field){0}})

/* For what can happen thousands of times a second: said at most once in a while, with how often it happened. Zeroed at the start. */
struct log_pace {
        uint64_t quiet; /* times since the last line */
        int64_t said;   /* monotonic: when that was; 0: never */
};

/* One more time, at @now (monotonic, ms). Return: how many the line that is to be written now tells of; 0: write none. */
static inline uint64_t log_pace(struct log_pace *pace, int64_t now, int64_t every_ms) {
        uint64_t n = ++pace->quiet;

        if (pace->said && now - pace->said < every_ms)
                return 0;
        *pace = (struct log_pace){.said = now ? now : 1};
        return n;
}

/* The rows, for the documentation's test. */
struct log_row {
        const char *name, *code, *text;
        enum log_level level;
};
extern const struct log_row log_rows[LOG_IDS];
