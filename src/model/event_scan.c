/* SPDX-License-Identifier: EUPL-1.2 */

/* Goes through a line once: keys in the order of the schema are compared where they stand, values go into their slots. In doubt it gives up. */

#include "model/event_scan.h"

#include <assert.h>
#include <string.h>

#include "model/event_json.h"

#define SCAN_DIGITS_MAX 18 /* of a number that surely fits */

struct scan {
        const char *p, *end; /* end: a NUL stands there, which no part of JSON is */
};

static void scan_space(struct scan *s) {
        while (*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n')
                s->p++;
}

static bool scan_is(struct scan *s, char c) {
        if (*s->p != c)
                return false;
        s->p++;
        return true;
}

/* A string of ASCII without escapes. */
static bool scan_string(struct scan *s, struct text *ret) {
        const char *from, *p;

        if (!scan_is(s, '"'))
                return false;
        from = p = s->p;
        while ((unsigned char)*p >= ' ' && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
                p++;
        if (*p != '"')
                return false;
        *ret = (struct text){from, (size_t)(p - from)};
        s->p = p + 1;
        return true;
}

static bool scan_word(struct scan *s, const char *word, size_t n) {
        if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
                return false;
        s->p += n;
        return true;
}
#define SCAN_WORD(s, word) scan_word((s), (word), sizeof(word) - 1)

static bool scan_whole_number(struct scan *s, int64_t *ret) {
        bool negative = scan_is(s, '-');
        const char *from = s->p;
        int64_t value = 0;

        while (*s->p >= '0' && *s->p <= '9' && s->p - from <= SCAN_DIGITS_MAX)
                value = value * 10 + (*s->p++ - '0');
        if (s->p == from || s->p - from > SCAN_DIGITS_MAX || (*from == '0' && s->p - from > 1) || *s->p == '.' || *s->p == 'e' || *s->p == 'E')
                return false;
        *ret = negative ? -value : value;
        return true;
}

/* What is not null. Fractions are left to the other reader. */
static bool scan_value(struct scan *s, const struct layout_field *field, struct slot *ret) {
        struct text text;
        bool truth;

        switch (field->type) {
        case LAYOUT_BOOLEAN:
                truth = SCAN_WORD(s, "true");
                *ret = (struct slot){.kind = SLOT_BOOLEAN, .i = truth};
                return truth || SCAN_WORD(s, "false");
        case LAYOUT_INT:
        case LAYOUT_LONG:
                *ret = (struct slot){.kind = SLOT_INT};
                return scan_whole_number(s, &ret->i) && (field->type == LAYOUT_LONG || (ret->i >= INT32_MIN && ret->i <= INT32_MAX));
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return false;
        default:
                return scan_string(s, &text) && event_json_slot(field, text, ret);
        }
}

/* Which field comes, its key up to the colon; -1: "key"; -2: none that is known. @expected: the one that comes when they stand in order. */
enum { SCAN_KEY = -1, SCAN_UNKNOWN = -2 };

static int scan_field(struct scan *s, const struct layout *layout, size_t expected) {
        struct text key;
        int slot = SCAN_UNKNOWN;

        if (!scan_string(s, &key))
                return SCAN_UNKNOWN;
        for (size_t i = 0; i < layout->n && slot == SCAN_UNKNOWN; i++) {
                size_t at = expected + i < layout->n ? expected + i : expected + i - layout->n;

                if (text_is(key, layout->fields[at].name))
                        slot = (int)at;
        }
        if (slot == SCAN_UNKNOWN && text_is(key, "key"))
                slot = SCAN_KEY;
        scan_space(s);
        if (!scan_is(s, ':'))
                return SCAN_UNKNOWN;
        scan_space(s);
        return slot;
}

/* The fields behind the name of the event, up to the end of the line. */
static bool scan_fields(struct scan *s, const struct event *event, struct text *ret_key) {
        const struct layout *layout = event->type->layout;
        uint64_t seen = 0;
        size_t expected = 0;

        for (scan_space(s); scan_is(s, ','); scan_space(s)) {
                int slot;

                scan_space(s);
                slot = scan_field(s, layout, expected);
                if (slot == SCAN_KEY && !ret_key->s && scan_string(s, ret_key))
                        continue;
                if (slot < 0 || seen >> slot & 1)
                        return false;
                seen |= (uint64_t)1 << slot;
                expected = (size_t)slot + 1;
                if (SCAN_WORD(s, "null") ? !layout->fields[slot].nullable : !scan_value(s, &layout->fields[slot], &event->slots[slot]))
                        return false;
        }
        if (!scan_is(s, '}'))
                return false;
        scan_space(s);
        for (size_t i = 0; i < layout->n; i++) {
                if (!(seen >> i & 1) && !layout->fields[i].nullable)
                        return false;
        }
        return s->p == s->end;
}

bool event_scan_case(struct text line, struct uuid *ret) {
        const char *key, *end = line.s + line.n;
        static const char word[] = "\"case_id\"";

        /* Without escapes each quote begins or ends a string: the word is a key, or the line is no JSON. A second one, or one within a value, is refused. */
        if (line.n == 0 || memchr(line.s, '\\', line.n))
                return false;
        key = memmem(line.s, line.n, word, sizeof(word) - 1);
        if (!key)
                return false;
        for (key += sizeof(word) - 1; key < end && (*key == ' ' || *key == ':'); key++)
                ;
        return end - key > UUID_TEXT + 1 && key[0] == '"' && key[UUID_TEXT + 1] == '"' && uuid_parse(key + 1, UUID_TEXT, ret);
}

bool event_scan(const struct event_types *types, struct text line, struct arena *arena, struct event *ret, struct text *ret_key) {
        const char *copy = arena_copy(arena, line.s, line.n); /* a NUL stands behind it */
        struct scan s = {copy, copy + line.n};
        struct text name, key = {0};
        struct event event;

        static_assert(LAYOUT_SLOTS_MAX <= 64 && SLOT_NULL == 0, "a bit for each slot; cleared slots are null");
        if (!copy)
                return false;
        scan_space(&s);
        if (!scan_is(&s, '{'))
                return false;
        scan_space(&s);
        if (!scan_string(&s, &name) || !text_is(name, "event"))
                return false;
        scan_space(&s);
        if (!scan_is(&s, ':'))
                return false;
        scan_space(&s);
        if (!scan_string(&s, &name))
                return false;
        event.type = event_types_find(types, name);
        event.slots = event.type ? arena_calloc(arena, event.type->layout->n, sizeof(*event.slots)) : NULL;
        if (!event.slots || !scan_fields(&s, &event, &key))
                return false;
        *ret = event;
        *ret_key = key;
        return true;
}
