/* SPDX-License-Identifier: EUPL-1.2 */

/* What a node of a configuration file must be, and the sentence for each way in which it is not. */

#include "base/reading.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "base/name.h"

/* How much of a wrong value a mistake repeats. */
#define SHOWN "%.80s"

void *reading_alloc(struct reading *r, size_t count, size_t size) {
        void *p;

        assert(r->arena);
        p = arena_calloc(r->arena, count ? count : 1, size);

        if (!p)
                r->e = -ENOMEM;
        return p;
}

const char *reading_copy(struct reading *r, const char *text) {
        const char *copy;

        assert(r->arena && text);
        copy = arena_copy(r->arena, text, strlen(text));
        if (!copy)
                r->e = -ENOMEM;
        return copy;
}

static bool reading_kind(struct reading *r, const struct yaml_node *node, enum yaml_kind kind, const char *what) {
        const char *const names[] = {
                [YAML_SCALAR] = IN_READING(r, "a single value", "één waarde"),
                [YAML_SEQUENCE] = IN_READING(r, "a list", "een lijst"),
                [YAML_MAPPING] = IN_READING(r, "a mapping of keys to values", "een groep sleutels met waarden"),
        };

        if (node->kind == kind)
                return true;
        reading_mistake(r, node, IN_READING(r, "%s must be %s, not %s", "%s moet %s zijn, niet %s"), what, names[kind], names[node->kind]);
        return false;
}

bool reading_mapping(struct reading *r, const struct yaml_node *node, const char *what) {
        return reading_kind(r, node, YAML_MAPPING, what);
}

bool reading_sequence(struct reading *r, const struct yaml_node *node, const char *what) {
        return reading_kind(r, node, YAML_SEQUENCE, what);
}

bool reading_scalar(struct reading *r, const struct yaml_node *node, const char *what) {
        return reading_kind(r, node, YAML_SCALAR, what);
}

void reading_keys(struct reading *r, const struct yaml_node *mapping, const char *const *known, const char *what) {
        for (size_t i = 0; i < mapping->n; i++) {
                struct nearest nearest = NEAREST_INIT(mapping->keys[i]->text);
                char hint[NEAREST_HINT_MAX];
                const char *const *k = known;

                for (; *k && strcmp(*k, mapping->keys[i]->text) != 0; k++)
                        nearest_try(&nearest, *k);
                if (!*k)
                        reading_mistake(r, mapping->keys[i], IN_READING(r, "%s has no key '" SHOWN "'%s", "%s kent geen sleutel '" SHOWN "'%s"), what,
                                        mapping->keys[i]->text, reading_hint(r, &nearest, hint));
        }
}

const struct yaml_node *reading_required(struct reading *r, const struct yaml_node *mapping, const char *key, const char *what) {
        const struct yaml_node *node = yaml_get(mapping, key);

        if (!node)
                reading_mistake(r, mapping, IN_READING(r, "%s lacks the key '%s'", "%s mist de sleutel '%s'"), what, key);
        return node;
}

bool reading_is_null(const struct yaml_node *node) {
        return node->kind == YAML_SCALAR && !node->quoted && (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const char *reading_text(struct reading *r, const struct yaml_node *node, const char *what) {
        if (!reading_scalar(r, node, what))
                return NULL;
        if (reading_is_null(node) || node->text[0] == '\0') {
                reading_mistake(r, node, IN_READING(r, "%s is empty", "%s is leeg"), what);
                return NULL;
        }
        return reading_copy(r, node->text);
}

const char *reading_name(struct reading *r, const struct yaml_node *node, const char *what) {
        if (!reading_scalar(r, node, what))
                return NULL;
        if (reading_is_null(node) || !name_valid(text_of(node->text))) {
                reading_mistake(r, node,
                                IN_READING(r, "%s '" SHOWN "' is not a name: 1 to 64 of A-Z a-z 0-9 . _ : / # -",
                                           "%s '" SHOWN "' is geen naam: 1 tot 64 tekens uit A-Z a-z 0-9 . _ : / # -"),
                                what, node->text);
                return NULL;
        }
        return reading_copy(r, node->text);
}

bool reading_flag(struct reading *r, const struct yaml_node *node, const char *what, bool *ret) {
        if (!reading_scalar(r, node, what))
                return false;
        if (!node->quoted && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)) {
                *ret = node->text[0] == 't';
                return true;
        }
        reading_mistake(r, node, IN_READING(r, "%s must be true or false, not '" SHOWN "'", "%s moet true (ja) of false (nee) zijn, niet '" SHOWN "'"), what,
                        node->text);
        return false;
}

bool reading_number(struct reading *r, const struct yaml_node *node, const char *what, int64_t least, int64_t most, int64_t *ret) {
        int64_t value;

        assert(least <= most);
        if (!reading_scalar(r, node, what))
                return false;
        if (node->quoted) {
                reading_mistake(r, node,
                                IN_READING(r, "%s must be a number from %" PRId64 " to %" PRId64 ", without quotes",
                                           "%s moet een getal van %" PRId64 " tot en met %" PRId64 " zijn, zonder aanhalingstekens"),
                                what, least, most);
                return false;
        }
        if (text_to_int64(text_of(node->text), &value) && value >= least && value <= most) {
                *ret = value;
                return true;
        }
        reading_mistake(r, node,
                        IN_READING(r, "%s must be a number from %" PRId64 " to %" PRId64 ", not '" SHOWN "'",
                                   "%s moet een getal van %" PRId64 " tot en met %" PRId64 " zijn, niet '" SHOWN "'"),
                        what, least, most, node->text);
        return false;
}

bool reading_count(struct reading *r, const struct yaml_node *node, const char *what, unsigned least, unsigned most, unsigned *ret) {
        int64_t value;

        if (!reading_number(r, node, what, least, most, &value))
                return false;
        *ret = (unsigned)value;
        return true;
}

bool reading_span(struct reading *r, const struct yaml_node *node, const char *what, const struct span_unit *units, size_t n, struct span *ret) {
        char hint[NEAREST_HINT_MAX];
        int e;

        if (!reading_scalar(r, node, what))
                return false;
        e = span_parse(text_of(node->text), units, n, ret);
        if (e == 0 && ret->count >= 1)
                return true;
        if (e == SPAN_E_UNIT)
                reading_mistake(r, node, IN_READING(r, "%s: '" SHOWN "' is no unit that fits here%s", "%s: '" SHOWN "' is geen eenheid die hier past%s"), what,
                                ret->word.s, span_hint(ret, units, n, r->mistakes->language, hint));
        else
                reading_mistake(r, node,
                                IN_READING(r, "%s: '" SHOWN "' is not a number from 1 and a unit, as in '10 %s'",
                                           "%s: '" SHOWN "' is geen getal vanaf 1 met een eenheid, zoals in '10 %s'"),
                                what, node->text, units[0].many);
        return false;
}

int reading_end(const struct reading *r, size_t before) {
        assert(r->e <= 0 && r->mistakes->n >= before);
        if (r->e)
                return r->e;
        return r->mistakes->n > before ? -EINVAL : 0;
}
