/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* What the tests of records share: schemas out of literals, bytes out of hex, slots as words. */

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "avro/record.h"

#define FIXTURE_UUID "6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11"
#define FIXTURE_UUID_HEX "6f1d2c1e8a535d0b9b572f0f6f0c7a11"
#define FIXTURE_BYTES_MAX 65536

/* A record R of the fields in @fields. */
static inline struct schema_file *fixture_schema(const char *fields) {
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX);
        struct schema_file *file = NULL;
        struct error err = {0};

        buffer_printf(&b, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[%s]}", fields);
        ck_assert_msg(schema_parse("x.avsc", buffer_text(&b), b.n, LANGUAGE_EN, &file, &err) == 0, "%s: %s", fields, err.text);
        buffer_done(&b);
        return file;
}

static inline struct layout *fixture_layout(const struct schema_file *file) {
        struct layout *layout = NULL;
        struct error err = {0};

        ck_assert_msg(layout_new(file, &layout, &err) == 0, "%s", err.text);
        return layout;
}

static inline struct program *fixture_program(const struct schema_file *writer, const struct layout *reader) {
        struct program *program = NULL;
        struct error err = {0};

        ck_assert_msg(program_new(writer, reader, &program, &err) == 0, "%s", err.text);
        return program;
}

/* "0a 6162" to bytes; spaces count for nothing. */
static inline size_t fixture_hex(const char *hex, uint8_t *ret) {
        size_t n = 0;
        int high = -1;

        for (; *hex; hex++) {
                const char *digits = "0123456789abcdef", *at = strchr(digits, *hex);

                if (*hex == ' ')
                        continue;
                ck_assert_ptr_nonnull(at);
                if (high < 0) {
                        high = (int)(at - digits);
                        continue;
                }
                ret[n++] = (uint8_t)(high << 4 | (int)(at - digits));
                high = -1;
        }
        ck_assert_int_lt(high, 0);
        return n;
}

/* A slot as a word: null, true, i5, d1.5, s:text, u:uuid. */
static inline const char *fixture_word(const struct slot *slot, char *ret, size_t size) {
        char uuid[UUID_TEXT + 1];

        switch (slot->kind) {
        case SLOT_NULL:
                snprintf(ret, size, "null");
                break;
        case SLOT_BOOLEAN:
                snprintf(ret, size, slot->i ? "true" : "false");
                break;
        case SLOT_INT:
                snprintf(ret, size, "i%" PRId64, slot->i);
                break;
        case SLOT_DOUBLE:
                snprintf(ret, size, "d%.17g", slot->d);
                break;
        case SLOT_STRING:
                snprintf(ret, size, "s:%.*s", (int)slot->s.n, slot->s.s);
                break;
        case SLOT_UUID:
                uuid_format(&slot->u, uuid);
                snprintf(ret, size, "u:%s", uuid);
                break;
        }
        return ret;
}
