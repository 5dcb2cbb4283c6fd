/* SPDX-License-Identifier: EUPL-1.2 */

/* Writes values and defaults as plain JSON, logical types as people write them. */

#include "avro/plain.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/uuid.h"
#include "calendar/date.h"

#define SECOND_MS INT64_C(1000)
#define DAY_SECONDS (INSTANT_DAY / SECOND_MS)
#define SECOND_TEXT 19                                     /* YYYY-MM-DDTHH:MM:SS, without the offset behind it */
#define TIME_TEXT 18                                       /* HH:MM:SS.nnnnnnnnn */
#define DECIMAL_BYTES_MAX (SCHEMA_DIGITS_MAX * 416 / 1000 + 1) /* of SCHEMA_DIGITS_MAX digits */
#define DECIMAL_LIMBS_MAX (DECIMAL_BYTES_MAX / 4 + 1)
#define DECIMAL_GROUP 1000000000u /* of nine digits */
#define DECIMAL_TEXT_MAX (DECIMAL_LIMBS_MAX * 10 + SCHEMA_DIGITS_MAX + 4)

/* -- Times -- */

/* How many of a logical type's units make a second, and how many digits say them; 0: it is no time. */
static int64_t plain_unit(enum schema_logical logical, unsigned *ret_digits) {
        switch (logical) {
        case SCHEMA_TIME_MILLIS:
        case SCHEMA_TIMESTAMP_MILLIS:
        case SCHEMA_LOCAL_TIMESTAMP_MILLIS:
                *ret_digits = 3;
                return 1000;
        case SCHEMA_TIME_MICROS:
        case SCHEMA_TIMESTAMP_MICROS:
        case SCHEMA_LOCAL_TIMESTAMP_MICROS:
                *ret_digits = 6;
                return 1000000;
        case SCHEMA_TIMESTAMP_NANOS:
        case SCHEMA_LOCAL_TIMESTAMP_NANOS:
                *ret_digits = 9;
                return 1000000000;
        default:
                *ret_digits = 0;
                return 0;
        }
}

/* What is below a second, when it is not zero: ".004". Returns the place behind. */
static char *plain_write_fraction(char *p, int64_t fraction, unsigned digits) {
        if (fraction == 0)
                return p;
        *p++ = '.';
        return text_write_digits(p, (unsigned)fraction, digits);
}

static char *plain_write_time(char *p, int64_t seconds, int64_t fraction, unsigned digits) {
        p = text_write_digits(p, (unsigned)(seconds / 3600), 2);
        *p++ = ':';
        p = text_write_digits(p, (unsigned)(seconds / 60 % 60), 2);
        *p++ = ':';
        p = text_write_digits(p, (unsigned)(seconds % 60), 2);
        return plain_write_fraction(p, fraction, digits);
}

/* An instant, with Amsterdam's offset: the text to the second, and what is below it put before the offset. */
static char *plain_write_instant(char *p, int64_t seconds, int64_t fraction, unsigned digits) {
        char offset[sizeof("+HH:MM")];

        instant_format(seconds * SECOND_MS, p);
        p += SECOND_TEXT;
        memcpy(offset, p, sizeof(offset));
        p = plain_write_fraction(p, fraction, digits);
        memcpy(p, offset, sizeof(offset) - 1);
        return p + sizeof(offset) - 1;
}

/* Of any time but a date; false when the number says none that can be written. */
static bool plain_put_time(struct json_writer *w, enum schema_logical logical, int64_t i) {
        char text[INSTANT_TEXT + TIME_TEXT], *p = text;
        unsigned digits;
        int64_t unit = plain_unit(logical, &digits), seconds = i / unit, fraction = i % unit, day;

        if (fraction < 0) {
                seconds--;
                fraction += unit;
        }
        if (logical == SCHEMA_TIME_MILLIS || logical == SCHEMA_TIME_MICROS) {
                if (seconds < 0 || seconds >= DAY_SECONDS)
                        return false;
                p = plain_write_time(p, seconds, fraction, digits);
        } else if (seconds < INSTANT_TEXT_MIN / SECOND_MS || seconds >= INSTANT_TEXT_END / SECOND_MS) {
                return false;
        } else if (logical == SCHEMA_TIMESTAMP_MILLIS || logical == SCHEMA_TIMESTAMP_MICROS || logical == SCHEMA_TIMESTAMP_NANOS) {
                p = plain_write_instant(p, seconds, fraction, digits);
        } else {
                day = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
                date_format((day_t)day, text);
                p[DATE_TEXT] = 'T';
                p = plain_write_time(p + DATE_TEXT + 1, seconds - day * DAY_SECONDS, fraction, digits);
        }
        jsonw_text(w, (struct text){text, (size_t)(p - text)});
        return true;
}

void plain_put_int(struct json_writer *w, const struct schema *type, int64_t i) {
        char text[DATE_TEXT + 1];
        unsigned digits;

        if (type->logical == SCHEMA_NOT_LOGICAL) {
                jsonw_int(w, i);
        } else if (type->logical == SCHEMA_DATE && i >= INSTANT_TEXT_MIN / INSTANT_DAY - 1 && i <= INSTANT_TEXT_END / INSTANT_DAY) {
                date_format((day_t)i, text);
                jsonw_text(w, (struct text){text, DATE_TEXT});
        } else if (plain_unit(type->logical, &digits) == 0 || !plain_put_time(w, type->logical, i)) {
                jsonw_int(w, i);
        }
}

/* -- Numbers -- */

void plain_put_double(struct json_writer *w, const struct schema *type, double d) {
        if (isnan(d))
                jsonw_string(w, "NaN");
        else if (isinf(d))
                jsonw_string(w, d > 0 ? "Infinity" : "-Infinity");
        else if (type->kind == SCHEMA_FLOAT)
                jsonw_float(w, (float)d);
        else
                jsonw_double(w, d);
}

/* The digits of a number of @n limbs, the lowest first, which is used up; they end at @end. Returns where they begin; of zero there are none. */
static char *plain_write_limbs(uint32_t *limbs, size_t n, char *end) {
        char *p = end;

        while (n > 0) {
                uint64_t rest = 0;

                if (limbs[n - 1] == 0) {
                        n--;
                        continue;
                }
                for (size_t i = n; i-- > 0;) {
                        rest = rest << 32 | limbs[i];
                        limbs[i] = (uint32_t)(rest / DECIMAL_GROUP);
                        rest %= DECIMAL_GROUP;
                }
                p -= 9;
                (void) text_write_digits(p, (unsigned)rest, 9);
        }
        while (p < end && *p == '0')
                p++;
        return p;
}

/* A whole number, two's complement and the highest byte first, with a point before its last digits. */
static int plain_put_decimal(struct json_writer *w, const struct schema *type, struct text bytes) {
        const uint8_t *in = (const uint8_t *)bytes.s;
        char text[DECIMAL_TEXT_MAX], *end = text + sizeof(text), *p;
        uint32_t limbs[DECIMAL_LIMBS_MAX] = {0};
        bool negative = bytes.n > 0 && in[0] >= 0x80;
        uint8_t sign = negative ? 0xff : 0;
        size_t n = bytes.n, digits;

        if (n == 0)
                return PLAIN_E_DIGITS;
        for (; n > 1 && *in == sign; n--) /* bytes that only repeat the sign */
                in++;
        if (n > DECIMAL_BYTES_MAX)
                return PLAIN_E_DIGITS;
        for (size_t i = 0, carry = negative; i < DECIMAL_LIMBS_MAX; i++) { /* the amount: of a negative one what is missing to zero */
                uint64_t limb = 0;

                for (size_t k = 0; k < 4; k++) {
                        size_t at = 4 * i + k;

                        limb |= (uint64_t)(uint8_t)((at < n ? in[n - 1 - at] : sign) ^ sign) << (8 * k);
                }
                limb += carry;
                carry = limb >> 32;
                limbs[i] = (uint32_t)limb;
        }
        p = plain_write_limbs(limbs, DECIMAL_LIMBS_MAX, end);
        digits = (size_t)(end - p);
        if (digits > type->precision)
                return PLAIN_E_DIGITS;
        while ((size_t)(end - p) < type->scale + 1)
                *--p = '0';
        if (type->scale) {
                memmove(p - 1, p, (size_t)(end - p) - type->scale);
                p--;
                end[-(long)type->scale - 1] = '.';
        }
        if (negative)
                *--p = '-';
        jsonw_text(w, (struct text){p, (size_t)(end - p)});
        return 0;
}

/* -- Bytes -- */

static void plain_put_duration(struct json_writer *w, struct text bytes) {
        char text[64], *p = text;
        uint32_t parts[3]; /* months, days, milliseconds */

        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                memcpy(&parts[i], bytes.s + i * sizeof(parts[i]), sizeof(parts[i]));
                parts[i] = le32toh(parts[i]);
        }
        *p++ = 'P';
        if (parts[0])
                p += snprintf(p, 16, "%uM", parts[0]);
        if (parts[1])
                p += snprintf(p, 16, "%uD", parts[1]);
        if (parts[2] || p == text + 1) {
                p += snprintf(p, 16, "T%u", (unsigned)(parts[2] / SECOND_MS));
                p = plain_write_fraction(p, parts[2] % SECOND_MS, 3);
                *p++ = 'S';
        }
        jsonw_text(w, (struct text){text, (size_t)(p - text)});
}

int plain_put_bytes(struct json_writer *w, const struct schema *type, struct text bytes) {
        struct uuid uuid;
        char text[UUID_TEXT];

        assert(type->kind == SCHEMA_BYTES || type->kind == SCHEMA_FIXED);
        assert(type->kind == SCHEMA_BYTES || bytes.n == type->size);
        switch (type->logical) {
        case SCHEMA_DECIMAL:
                return plain_put_decimal(w, type, bytes);
        case SCHEMA_DURATION:
                plain_put_duration(w, bytes);
                return 0;
        case SCHEMA_UUID:
                memcpy(uuid.bytes, bytes.s, sizeof(uuid.bytes));
                uuid_write(&uuid, text);
                jsonw_text(w, (struct text){text, sizeof(text)});
                return 0;
        default:
                jsonw_hex(w, bytes);
                return 0;
        }
}

/* -- Defaults -- */

/* Bytes stand in a schema as text, one character up to U+00FF for each: checked by the parser. */
static int plain_put_default_bytes(struct json_writer *w, const struct schema *type, const json_t *value) {
        const unsigned char *s = (const unsigned char *)json_string_value(value), *end = s + json_string_length(value);
        struct buffer bytes = BUFFER_INIT(SCHEMA_TEXT_MAX);
        int r;

        while (s < end) {
                buffer_add_byte(&bytes, *s < 0x80 ? *s : (uint8_t)((*s & 3) << 6 | (s[1] & 0x3f)));
                s += *s < 0x80 ? 1 : 2;
        }
        r = bytes.failed ? -ENOMEM : plain_put_bytes(w, type, (struct text){bytes.n ? (const char *)bytes.bytes : "", bytes.n});
        buffer_done(&bytes);
        return r;
}

static int plain_put_default_items(struct json_writer *w, const struct schema *type, const json_t *value) {
        const char *key;
        json_t *item;
        size_t i;
        int r = 0;

        if (type->kind == SCHEMA_ARRAY) {
                jsonw_open_array(w);
                json_array_foreach(value, i, item)
                        r = r ? r : plain_put_default(w, type->items, item);
                jsonw_close_array(w);
                return r;
        }
        jsonw_open_object(w);
        json_object_foreach((json_t *)value, key, item) {
                if (r)
                        break;
                jsonw_key(w, key);
                r = plain_put_default(w, type->items, item);
        }
        jsonw_close_object(w);
        return r;
}

static int plain_put_default_record(struct json_writer *w, const struct schema *type, const json_t *value) {
        int r = 0;

        jsonw_open_object(w);
        for (size_t i = 0; i < type->n_fields && r == 0; i++) {
                const struct schema_field *f = &type->fields[i];
                const json_t *member = json_object_get(value, f->name);

                jsonw_key(w, f->name);
                r = plain_put_default(w, f->type, member ? member : f->default_value);
        }
        jsonw_close_object(w);
        return r;
}

int plain_put_default(struct json_writer *w, const struct schema *type, const json_t *value) {
        if (w->out->failed) { /* defaults of defaults grow by themselves: no further */
                jsonw_null(w);
                return 0;
        }
        switch (type->kind) {
        case SCHEMA_NULL:
                jsonw_null(w);
                return 0;
        case SCHEMA_BOOLEAN:
                jsonw_bool(w, json_is_true(value));
                return 0;
        case SCHEMA_INT:
        case SCHEMA_LONG:
                plain_put_int(w, type, json_integer_value(value));
                return 0;
        case SCHEMA_FLOAT:
        case SCHEMA_DOUBLE:
                plain_put_double(w, type, json_number_value(value));
                return 0;
        case SCHEMA_STRING:
        case SCHEMA_ENUM:
                jsonw_text(w, (struct text){json_string_value(value), json_string_length(value)});
                return 0;
        case SCHEMA_BYTES:
        case SCHEMA_FIXED:
                return plain_put_default_bytes(w, type, value);
        case SCHEMA_UNION:
                return plain_put_default(w, schema_default_branch(type, value), value); /* the parser found one */
        case SCHEMA_RECORD:
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
                break;
        }
        if (w->depth >= JSON_DEPTH_MAX)
                return PLAIN_E_DEPTH;
        return type->kind == SCHEMA_RECORD ? plain_put_default_record(w, type, value) : plain_put_default_items(w, type, value);
}
