/* SPDX-License-Identifier: EUPL-1.2 */

/* Goes through the JSON of a schema, record, fields and their types, with the words that may stand at each. */

#include "model/schema_words.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "ketenwacht."
#define WORD_BYTES_MIN 3  /* shorter ones are near to anything */
#define WORD_BYTES_LONG 6 /* from here on two letters may be wrong */

static const char *const record_words[] = {"type", "name", "namespace", "doc", "aliases", "fields", NULL};
static const char *const field_words[] = {"name", "type", "doc", "default", "order", "aliases", NULL};
static const char *const enum_words[] = {"type", "name", "namespace", "doc", "aliases", "symbols", "default", NULL};
static const char *const fixed_words[] = {"type", "name", "namespace", "doc", "aliases", "size", "logicalType", NULL};
static const char *const primitive_words[] = {"type", "logicalType", NULL};

struct words {
        const char *where; /* the name of a field; NULL: the record */
        const char *path;
        struct mistakes *mistakes;
};

static const char *words_where(const struct words *w) {
        return w->where ? w->where : IN_LANGUAGE(w->mistakes->language, "the record", "het record");
}

/* A word that is none of Avro's and so near to one that nothing else can be meant. */
static void words_check_key(const struct words *w, const char *key, const char *const *known) {
        struct nearest nearest = NEAREST_INIT(key);
        size_t n = strlen(key);
        char hint[NEAREST_HINT_MAX];

        for (const char *const *k = known; *k; k++) {
                if (strcmp(*k, key) == 0)
                        return;
                nearest_try(&nearest, *k);
        }
        if (n < WORD_BYTES_MIN || !nearest.best || nearest.distance > NEAREST_STEP * (n < WORD_BYTES_LONG ? 1 : 2))
                return;
        mistakes_place(w->mistakes, w->path,
                       IN_LANGUAGE(w->mistakes->language, "%s: Avro knows no '%.60s'%s, and would pass over it",
                                   "%s: Avro kent geen '%.60s'%s, en zou het overslaan"),
                       words_where(w), key, language_hint(w->mistakes->language, &nearest, hint));
}

static void words_check(const struct words *w, const json_t *properties, const char *const *known) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)properties, key, value)
                words_check_key(w, key, known);
}

static void words_check_type(const struct words *w, const struct schema *type) {
        const char *key;
        json_t *value;

        words_check(w, type->properties, type->kind == SCHEMA_ENUM ? enum_words : type->kind == SCHEMA_FIXED ? fixed_words : primitive_words);
        json_object_foreach((json_t *)type->properties, key, value) {
                if (strncmp(key, PREFIX, strlen(PREFIX)) == 0)
                        mistakes_place(w->mistakes, w->path,
                                       IN_LANGUAGE(w->mistakes->language, "%s: '%.60s' stands on its type, where nobody looks: put it beside the name",
                                                   "%s: '%.60s' staat bij het type, waar niemand kijkt: zet het naast de naam"),
                                       w->where, key);
        }
}

/* "event" and "key" of JSON lines, which no field can have as well; those that rows add. */
static void words_check_name(const struct words *w) {
        static const char *const taken[] = {"event", "key", "clock", "copies", "told_at"};

        for (size_t i = 0; i < ELEMENTS(taken); i++) {
                if (strcmp(taken[i], w->where) == 0)
                        mistakes_place(w->mistakes, w->path,
                                       IN_LANGUAGE(w->mistakes->language,
                                                   "%s: ketenwacht uses this name itself beside the fields; call the field something else",
                                                   "%s: ketenwacht gebruikt deze naam zelf naast de velden; geef het veld een andere naam"),
                                       w->where);
        }
}

void schema_words_check(const struct layout *layout, const char *path, struct mistakes *mistakes) {
        struct words w = {.path = path, .mistakes = mistakes};

        assert(layout && path && mistakes);
        words_check(&w, schema_root(layout->file)->properties, record_words);
        for (size_t i = 0; i < layout->n; i++) {
                const struct layout_field *f = &layout->fields[i];

                w.where = f->name;
                words_check(&w, f->field->properties, field_words);
                words_check_type(&w, f->plain);
                words_check_name(&w);
        }
}

/* "budget_holder" behind "nl.ketenwacht.event.CareDecided": nl.ketenwacht.event.CareDecidedBudgetHolder. */
static void words_enum_name(const char *record, const char *field, char ret[2 * SCHEMA_NAME_MAX]) {
        bool first = true;
        size_t n = (size_t)snprintf(ret, SCHEMA_NAME_MAX + 1, "%s", record);

        for (; *field && n < 2 * SCHEMA_NAME_MAX - 1; field++) {
                if (*field != '_')
                        ret[n++] = (char)(first ? toupper((unsigned char)*field) : *field);
                first = *field == '_';
        }
        ret[n] = '\0';
}

void schema_words_check_enums(const struct layout *layout, const char *path, struct mistakes *mistakes) {
        assert(layout && path && mistakes);
        for (size_t i = 0; i < layout->n; i++) {
                const struct layout_field *f = &layout->fields[i];
                char expected[2 * SCHEMA_NAME_MAX];
                bool again = false;

                if (f->type != LAYOUT_ENUM)
                        continue;
                for (size_t k = 0; k < i; k++)
                        again = again || layout->fields[k].plain == f->plain;
                words_enum_name(layout->name, f->name, expected);
                if (!again && strcmp(f->plain->name, expected) != 0)
                        mistakes_place(mistakes, path,
                                       IN_LANGUAGE(mistakes->language, "%s: its enum must be called %s, not %s", "%s: de enum moet %s heten, niet %s"),
                                       f->name, expected, f->plain->name);
        }
}
