/* SPDX-License-Identifier: EUPL-1.2 */

/* JSON objects from outside, and what is wrong with those that are none. */

#include "base/json_read.h"

#include <stdio.h>
#include <string.h>

#include "base/name.h"

#define WHERE_MAX 64

static const char *json_wrong(const json_error_t *e, enum json_place place, enum language language) {
        switch (json_error_code(e)) {
        case json_error_invalid_utf8:
                return IN_LANGUAGE(language, "it is not UTF-8 there", "staat iets dat geen UTF-8 is");
        case json_error_premature_end_of_input:
                return IN_LANGUAGE(language, "it ends in the middle of a value; is a bracket or a quote missing?",
                                   "houdt het op midden in een waarde; ontbreekt er een haakje of een aanhalingsteken?");
        case json_error_end_of_input_expected:
                if (place == JSON_OF_LINE)
                        return IN_LANGUAGE(language, "something stands behind the object; write one object a line",
                                           "staat er iets achter het object; schrijf een object per regel");
                return IN_LANGUAGE(language, "something stands behind the object; post one event at a time",
                                   "staat er iets achter het object; stuur een gebeurtenis per keer");
        case json_error_duplicate_key:
                return IN_LANGUAGE(language, "a key stands there for the second time", "staat een veld voor de tweede keer");
        case json_error_null_character:
        case json_error_null_byte_in_key:
                return IN_LANGUAGE(language, "it has a NUL character there", "staat een NUL-teken");
        case json_error_numeric_overflow:
                return IN_LANGUAGE(language, "a number there is too large", "staat een getal dat te groot is");
        default:
                return IN_LANGUAGE(language, "it is no JSON there", "staat iets dat geen JSON is");
        }
}

/* By its byte in a text of one line, as machines write; by line and column where people look. */
static void json_syntax_error(const json_error_t *e, enum json_place place, enum language language, struct error *err) {
        char where[WHERE_MAX];

        if (e->line > 1)
                (void) snprintf(where, sizeof(where), IN_LANGUAGE(language, "line %d, column %d", "regel %d, kolom %d"), e->line, e->column);
        else
                (void) snprintf(where, sizeof(where), "byte %d", e->position);
        error_set(err, IN_LANGUAGE(language, "not a JSON object: at %s %s", "geen JSON-object: op %s %s"), where, json_wrong(e, place, language));
}

static bool json_key_is_known(const char *key, const char *const *known, const char **ret_nearest) {
        struct nearest nearest = NEAREST_INIT(key);

        for (; *known; known++) {
                if (strcmp(*known, key) == 0)
                        return true;
                nearest_try(&nearest, *known);
        }
        *ret_nearest = nearest.best;
        return false;
}

const char *json_key_meant(const json_t *object, const char *wanted, const char *const *known) {
        char shown[NAME_SHOWN];
        unsigned looked = 0;
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)object, key, value) {
                const char *nearest = NULL;

                if (++looked > JSON_KEYS_LOOKED)
                        break;
                if (!json_key_is_known(key, known, &nearest) && nearest && strcmp(nearest, wanted) == 0 && name_shown(text_of(key), shown))
                        return key;
        }
        return NULL;
}

json_t *json_read_object(struct text text, enum json_place place, enum language language, struct error *err) {
        static const char mark[] = "\xef\xbb\xbf";
        size_t skip = text.n >= sizeof(mark) - 1 && memcmp(text.s, mark, sizeof(mark) - 1) == 0 ? sizeof(mark) - 1 : 0;
        json_error_t e;
        json_t *object = json_loadb(text.s + skip, text.n - skip, JSON_REJECT_DUPLICATES, &e);

        if (!object && json_error_code(&e) == json_error_numeric_overflow) /* an object all the same: a field will be refused for it */
                object = json_loadb(text.s + skip, text.n - skip, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &e);
        if (!object) {
                json_syntax_error(&e, place, language, err);
                return NULL;
        }
        if (json_is_object(object))
                return object;
        json_decref(object);
        if (place == JSON_OF_LINE)
                error_set(err, IN_LANGUAGE(language, "not a JSON object; write one event a line, as {\"event\":\"measure-started\", …}",
                                           "geen JSON-object; schrijf een gebeurtenis per regel, als {\"event\":\"measure-started\", …}"));
        else
                error_set(err, IN_LANGUAGE(language, "not a JSON object; the body is the event itself, as {\"event_id\":…, \"case_id\":…, …}",
                                           "geen JSON-object; de inhoud is de gebeurtenis zelf, als {\"event_id\":…, \"case_id\":…, …}"));
        return NULL;
}
