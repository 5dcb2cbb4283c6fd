/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Walks through both schemas at once. Only a record can hold itself, so each pair of records is looked at once and from
 * a list of those that wait: no depth of the schemas, whatever they refer to, becomes depth of the stack.
 */

#include "avro/compatible.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "avro/match.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/table.h"
#include "base/vector.h"

#define COMPATIBLE_MEMORY_MAX ((size_t)64 * 1024 * 1024)
#define COMPATIBLE_TEXT_MAX 1000   /* bytes of a reason; what is beyond is cut off */
#define COMPATIBLE_LISTED_MAX 12   /* symbols or fields that one reason names */
#define COMPATIBLE_WORD_MAX (SCHEMA_NAME_MAX + 64)

/* One step of a path, and those before it. */
struct place {
        const struct place *above;
        const char *before, *name, *behind; /* ".", "items", ""; "[", "int", "]" */
};

/* Two types that are to be looked at, each at its place. */
struct pair {
        const struct schema *writer, *reader;
        const struct place *at_writer, *at_reader;
};

struct pair_key {
        const struct schema *writer, *reader;
};

struct compatible {
        struct arena *arena;
        enum language language;
        VECTOR(struct compatible_reason) reasons;
        size_t n;                       /* of reasons, also those that are not kept */
        struct table seen;              /* struct pair_key to struct pair */
        VECTOR(const struct pair *) waiting; /* pairs of records, in the order in which they were found */
};

static int compatible_compare(struct compatible *c, const struct pair *pair);
static int compatible_note(struct compatible *c, enum compatible_code code, const struct pair *at, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* -- Places -- */

static const struct place *place_new(struct compatible *c, const struct place *above, const char *before, const char *name, const char *behind) {
        struct place *place = arena_alloc(c->arena, sizeof(*place));

        if (place)
                *place = (struct place){.above = above, .before = before, .name = name, .behind = behind};
        return place;
}

/* "field.items.name", in the arena; NULL without memory. */
static const char *place_text(const struct compatible *c, const struct place *place) {
        char text[COMPATIBLE_PATH_MAX + 1], *at = text + COMPATIBLE_PATH_MAX;
        const char *cut = "…";

        *at = '\0';
        for (; place; place = place->above) { /* from behind */
                const char *parts[] = {place->above || *place->before != '.' ? place->before : "", place->name, place->behind};
                size_t n = strlen(parts[0]) + strlen(parts[1]) + strlen(parts[2]);

                if (n + strlen(cut) > (size_t)(at - text)) {
                        at -= strlen(cut);
                        memcpy(at, cut, strlen(cut));
                        break;
                }
                for (size_t i = ELEMENTS(parts); i-- > 0;) {
                        at -= strlen(parts[i]);
                        memcpy(at, parts[i], strlen(parts[i]));
                }
        }
        return arena_copy(c->arena, at, (size_t)(text + COMPATIBLE_PATH_MAX - at));
}

/* -- Reasons -- */

static int compatible_note(struct compatible *c, enum compatible_code code, const struct pair *at, const char *fmt, ...) {
        char text[COMPATIBLE_TEXT_MAX];
        struct compatible_reason reason = {.code = code};
        va_list args;

        c->n++;
        if (c->reasons.n == COMPATIBLE_REASONS_MAX)
                return 0;
        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args); /* cut off when it is long */
        va_end(args);
        reason.writer = place_text(c, at->at_writer);
        reason.reader = place_text(c, at->at_reader);
        reason.text = arena_copy(c->arena, text, strlen(text));
        if (!reason.writer || !reason.reader || !reason.text)
                return -ENOMEM;
        return vector_push(&c->reasons, reason);
}

/* "int", "date", "record n.Name". */
static const char *compatible_word(const struct schema *s, char ret[COMPATIBLE_WORD_MAX]) {
        static const char *const kinds[] = {[SCHEMA_RECORD] = "record", [SCHEMA_ENUM] = "enum", [SCHEMA_FIXED] = "fixed"};
        const char *logical = schema_property_string(s->properties, "logicalType");

        if (logical && s->logical != SCHEMA_NOT_LOGICAL)
                (void) snprintf(ret, COMPATIBLE_WORD_MAX, "%.60s", logical); /* another's word may be of any length */
        else if (s->kind == SCHEMA_RECORD || s->kind == SCHEMA_ENUM || s->kind == SCHEMA_FIXED)
                (void) snprintf(ret, COMPATIBLE_WORD_MAX, "%s %s", kinds[s->kind], s->name);
        else
                (void) snprintf(ret, COMPATIBLE_WORD_MAX, "%s", s->name);
        return ret;
}

static void compatible_list(struct buffer *list, size_t *n, const char *word) {
        if (++*n <= COMPATIBLE_LISTED_MAX)
                buffer_printf(list, "%s%s", *n > 1 ? ", " : "", word);
        else if (*n == COMPATIBLE_LISTED_MAX + 1)
                buffer_add_text(list, ", …");
}

/* -- What stands inside -- */

static int compatible_check_name(struct compatible *c, const struct pair *pair) {
        if (match_names(pair->writer, pair->reader))
                return 0;
        return compatible_note(c, COMPATIBLE_NAME, pair,
                               IN_LANGUAGE(c->language, "is written as %s and read as %s: neither its name nor an alias",
                                           "is geschreven als %s en wordt gelezen als %s: die naam is het niet, en geen alias"),
                               pair->writer->name, pair->reader->name);
}

static int compatible_check_symbols(struct compatible *c, const struct pair *pair) {
        CLEANUP(buffer_done) struct buffer missing = BUFFER_INIT(SCHEMA_TEXT_MAX);
        size_t n = 0;

        for (size_t i = 0; i < pair->writer->n_symbols; i++) {
                if (match_symbol(pair->writer->symbols[i], pair->reader) < 0)
                        compatible_list(&missing, &n, pair->writer->symbols[i]);
        }
        if (n == 0)
                return 0;
        return compatible_note(c, COMPATIBLE_SYMBOL, pair,
                               IN_LANGUAGE(c->language, "may be written as %s, which the reader does not know and has no default for",
                                           "kan worden geschreven als %s; de lezer kent die waarde niet en heeft er geen default voor"),
                               buffer_text(&missing));
}

/* What a logical type says beyond its word: of a decimal how many digits. */
static bool compatible_same_digits(const struct schema *writer, const struct schema *reader) {
        static const char *const keys[] = {"precision", "scale"};

        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                if (json_integer_value(schema_property(writer->properties, keys[i])) != json_integer_value(schema_property(reader->properties, keys[i])))
                        return false;
        }
        return true;
}

static int compatible_check_logical(struct compatible *c, const struct pair *pair) {
        const char *writer = schema_property_string(pair->writer->properties, "logicalType");
        const char *reader = schema_property_string(pair->reader->properties, "logicalType");

        if (!writer && !reader)
                return 0;
        if (!writer || !reader || strcmp(writer, reader) != 0)
                return compatible_note(c, COMPATIBLE_LOGICAL, pair,
                                       IN_LANGUAGE(c->language, "is written as %.60s and read as %.60s: another logical type is another meaning",
                                                   "is geschreven als %.60s en wordt gelezen als %.60s: een ander logicalType is een andere betekenis"),
                                       writer ? writer : pair->writer->name, reader ? reader : pair->reader->name);
        if (strcmp(writer, "decimal") != 0 || compatible_same_digits(pair->writer, pair->reader))
                return 0;
        return compatible_note(c, COMPATIBLE_LOGICAL, pair,
                               IN_LANGUAGE(c->language, "is a decimal of another precision or scale", "is een decimal met een andere precision of scale"));
}

/* A record is looked at once beside each other one. */
static int compatible_queue(struct compatible *c, const struct pair *pair) {
        struct pair_key key = {pair->writer, pair->reader}; /* two pointers: no padding */
        struct pair *copy;
        int r;

        if (table_get(&c->seen, &key, sizeof(key)))
                return 0;
        if (c->waiting.n == COMPATIBLE_PAIRS_MAX)
                return -E2BIG;
        copy = arena_alloc(c->arena, sizeof(*pair));
        if (!copy)
                return -ENOMEM;
        *copy = *pair;
        r = table_put(&c->seen, copy, sizeof(key), copy); /* it begins with its key */
        return r ? r : vector_push(&c->waiting, copy);
}

/* Two types of one kind, or of which one is promoted to the other. */
static int compatible_check_inside(struct compatible *c, const struct pair *pair) {
        const struct schema *w = pair->writer, *r = pair->reader;
        struct pair items;
        int e = 0;

        if (w->kind == SCHEMA_RECORD || w->kind == SCHEMA_ENUM || w->kind == SCHEMA_FIXED)
                e = compatible_check_name(c, pair);
        if (e == 0 && w->kind == SCHEMA_FIXED && w->size != r->size)
                e = compatible_note(c, COMPATIBLE_SIZE, pair,
                                    IN_LANGUAGE(c->language, "is written with %zu bytes and read with %zu",
                                                "is geschreven met %zu bytes en wordt gelezen met %zu"),
                                    w->size, r->size);
        if (e == 0)
                e = compatible_check_logical(c, pair);
        if (e)
                return e;
        if (w->kind == SCHEMA_ENUM)
                return compatible_check_symbols(c, pair);
        if (w->kind == SCHEMA_RECORD)
                return compatible_queue(c, pair);
        if ((w->kind != SCHEMA_ARRAY && w->kind != SCHEMA_MAP) || w->kind != r->kind)
                return 0;
        items = (struct pair){.writer = w->items, .reader = r->items,
                .at_writer = place_new(c, pair->at_writer, ".", w->kind == SCHEMA_ARRAY ? "items" : "values", ""),
                .at_reader = place_new(c, pair->at_reader, ".", w->kind == SCHEMA_ARRAY ? "items" : "values", "")};
        return items.at_writer && items.at_reader ? compatible_compare(c, &items) : -ENOMEM;
}

/* Two types of which neither is a union. */
static int compatible_check_plain(struct compatible *c, const struct pair *pair) {
        if (match_types(pair->writer, pair->reader) == MATCH_UUID)
                return compatible_note(c, COMPATIBLE_UUID, pair,
                                       IN_LANGUAGE(c->language, "is a uuid in another form (text, 16 bytes), which only ketenwacht reads",
                                                   "is een uuid in een andere vorm (tekst, 16 bytes); dat leest alleen ketenwacht"));
        return compatible_check_inside(c, pair);
}

/* -- Unions -- */

/* Null and one other type is one type that may be null: its paths say nothing of it. */
static bool compatible_is_nullable(const struct schema *s) {
        return s->n_branches == 1 || (s->n_branches == 2 && (s->branches[0]->kind == SCHEMA_NULL || s->branches[1]->kind == SCHEMA_NULL));
}

static int compatible_step_branch(struct compatible *c, const struct schema *of, const struct schema *branch, const struct place **at) {
        if (compatible_is_nullable(of))
                return 0;
        *at = place_new(c, *at, "[", branch->name, "]");
        return *at ? 0 : -ENOMEM;
}

/* What of the reader takes a writer's type: a branch of its union, or itself, also when only what stands inside does not go together. NULL: nothing. */
static const struct schema *compatible_taker(const struct schema *writer, const struct schema *reader) {
        int branch;

        if (reader->kind != SCHEMA_UNION)
                return writer->kind == reader->kind || match_types(writer, reader) != MATCH_NOT ? reader : NULL;
        branch = match_branch(writer, reader);
        return branch < 0 ? NULL : reader->branches[branch];
}

static int compatible_note_misfit(struct compatible *c, const struct pair *pair, bool of_union) {
        char writer[COMPATIBLE_WORD_MAX], reader[COMPATIBLE_WORD_MAX];

        compatible_word(pair->writer, writer);
        compatible_word(pair->reader, reader);
        if (of_union)
                return compatible_note(c, COMPATIBLE_BRANCH, pair,
                                       IN_LANGUAGE(c->language, "may be written as %s, for which the reader has no place",
                                                   "kan worden geschreven als %s; daarvoor heeft de lezer geen plaats"),
                                       writer);
        if (pair->reader->kind == SCHEMA_UNION)
                return compatible_note(c, COMPATIBLE_BRANCH, pair,
                                       IN_LANGUAGE(c->language, "is written as %s, for which the reader's union has no place",
                                                   "is geschreven als %s; daarvoor heeft de union van de lezer geen plaats"),
                                       writer);
        return compatible_note(c, COMPATIBLE_TYPE, pair,
                               IN_LANGUAGE(c->language, "is written as %s and cannot be read as %s", "is geschreven als %s en niet te lezen als %s"),
                               writer, reader);
}

/* What Java does not find in a union, though it is called the same: records it knows by their fields. */
static int compatible_check_space(struct compatible *c, const struct pair *pair) {
        const struct schema *w = pair->writer, *r = pair->reader;

        if ((w->kind != SCHEMA_ENUM && w->kind != SCHEMA_FIXED) || w->kind != r->kind || match_full_names(w, r))
                return 0;
        return compatible_note(c, COMPATIBLE_SPACE, pair,
                               IN_LANGUAGE(c->language, "is written as %s and read as %s: in a union Java does not find what is of another namespace",
                                           "is geschreven als %s en wordt gelezen als %s: in een union vindt Java niets uit een andere namespace"),
                               w->name, r->name);
}

/* A writer's type that is no union, though it may be a branch of @of (NULL: it is none). */
static int compatible_check_one(struct compatible *c, const struct pair *pair, const struct schema *of) {
        struct pair inner = *pair;
        int e = 0;

        inner.reader = compatible_taker(pair->writer, pair->reader);
        if (!inner.reader)
                return compatible_note_misfit(c, pair, of != NULL);
        if (of)
                e = compatible_step_branch(c, of, inner.writer, &inner.at_writer);
        if (e == 0 && pair->reader->kind == SCHEMA_UNION)
                e = compatible_step_branch(c, pair->reader, inner.reader, &inner.at_reader);
        if (e == 0 && pair->reader->kind == SCHEMA_UNION)
                e = compatible_check_space(c, &inner);
        return e ? e : compatible_check_plain(c, &inner);
}

static int compatible_compare(struct compatible *c, const struct pair *pair) {
        int e = 0;

        if (pair->writer->kind != SCHEMA_UNION)
                return compatible_check_one(c, pair, NULL);
        for (size_t i = 0; i < pair->writer->n_branches && e == 0; i++) {
                struct pair inner = *pair;

                inner.writer = pair->writer->branches[i];
                e = compatible_check_one(c, &inner, pair->writer);
        }
        return e;
}

/* -- Fields -- */

static const struct place *place_field(struct compatible *c, const struct place *above, const struct schema_field *field) {
        return place_new(c, above, ".", field->name, "");
}

/* Which of the fields of @record are meant by @field of the other side: as reader by its name and aliases, as writer by its name. */
static size_t compatible_meant(const struct schema *record, const struct schema_field *field, bool reads, struct buffer *names) {
        size_t n = 0;

        for (size_t i = 0; i < record->n_fields; i++) {
                const struct schema_field *other = &record->fields[i];

                if (reads ? match_field_means(field, other->name) : match_field_means(other, field->name))
                        compatible_list(names, &n, other->name);
        }
        return n;
}

static bool compatible_has_aliases(const struct schema *record) {
        for (size_t i = 0; i < record->n_fields; i++) {
                if (schema_property(record->fields[i].properties, "aliases"))
                        return true;
        }
        return false;
}

/* Aliases by which more than one field is meant, on either side. */
static int compatible_check_aliases(struct compatible *c, const struct pair *pair) {
        for (unsigned side = 0; side < 2 && compatible_has_aliases(pair->reader); side++) {
                const struct schema *from = side ? pair->writer : pair->reader, *to = side ? pair->reader : pair->writer;

                for (size_t i = 0; i < from->n_fields; i++) {
                        CLEANUP(buffer_done) struct buffer names = BUFFER_INIT(SCHEMA_TEXT_MAX);
                        struct pair at = *pair;
                        const struct place **place = side ? &at.at_writer : &at.at_reader;
                        int e;

                        if (compatible_meant(to, &from->fields[i], side == 0, &names) < 2)
                                continue;
                        *place = place_field(c, *place, &from->fields[i]);
                        if (!*place)
                                return -ENOMEM;
                        e = compatible_note(c, COMPATIBLE_ALIAS, &at,
                                            side ? IN_LANGUAGE(c->language, "is meant by several fields of the reader (%s), by their names and aliases",
                                                               "is bij de lezer met meer dan één veld bedoeld (%s), door naam en aliases")
                                                 : IN_LANGUAGE(c->language, "means by its name and aliases several fields that are written (%s)",
                                                               "bedoelt met naam en aliases meer dan één geschreven veld (%s)"),
                                            buffer_text(&names));
                        if (e)
                                return e;
                }
        }
        return 0;
}

static int compatible_check_field(struct compatible *c, const struct pair *pair, const struct schema_field *writer, const struct schema_field *reader) {
        struct pair inner = {.writer = writer->type, .reader = reader->type, .at_writer = place_field(c, pair->at_writer, writer),
                .at_reader = place_field(c, pair->at_reader, reader)};

        return inner.at_writer && inner.at_reader ? compatible_compare(c, &inner) : -ENOMEM;
}

static int compatible_check_absent(struct compatible *c, const struct pair *pair, const struct schema_field *reader) {
        struct pair at = *pair;

        if (reader->default_value)
                return 0;
        for (size_t i = 0; i < pair->writer->n_fields; i++) {
                if (match_field_means(reader, pair->writer->fields[i].name)) /* another field has taken it: that is told of the alias */
                        return 0;
        }
        at.at_reader = place_field(c, pair->at_reader, reader);
        if (!at.at_reader)
                return -ENOMEM;
        return compatible_note(c, COMPATIBLE_DEFAULT, &at,
                               IN_LANGUAGE(c->language, "is not written and has no default", "wordt niet geschreven en heeft geen default"));
}

static int compatible_check_record(struct compatible *c, const struct pair *pair) {
        const struct schema *w = pair->writer, *r = pair->reader;
        int taken[SCHEMA_FIELDS_MAX], e = compatible_check_aliases(c, pair);

        match_fields(w, r, taken);
        for (size_t i = 0; i < r->n_fields && e == 0; i++) {
                size_t from = 0;

                while (from < w->n_fields && taken[from] != (int)i)
                        from++;
                e = from < w->n_fields ? compatible_check_field(c, pair, &w->fields[from], &r->fields[i]) : compatible_check_absent(c, pair, &r->fields[i]);
        }
        return e;
}

/* -- The question -- */

int compatible_new(const struct schema_file *writer, const struct schema_file *reader, struct compatible **ret, struct error *err) {
        CLEANUP(compatible_free_p) struct compatible *c = NULL;
        struct pair root;
        int e;

        assert(writer && reader && ret);
        root = (struct pair){.writer = schema_root(writer), .reader = schema_root(reader)};
        c = calloc(1, sizeof(*c));
        if (!c)
                return error_trace(-ENOMEM, err);
        c->language = schema_language(reader);
        e = arena_new(&c->arena, COMPATIBLE_MEMORY_MAX);
        if (e == 0)
                e = compatible_compare(c, &root);
        for (size_t i = 0; i < c->waiting.n && e == 0; i++)
                e = compatible_check_record(c, c->waiting.items[i]);
        if (e == -E2BIG)
                error_set(err, IN_LANGUAGE(c->language, "%s and %s have more than %d pairs of records", "%s en %s hebben meer dan %d paren van records"),
                          schema_name(writer), schema_name(reader), COMPATIBLE_PAIRS_MAX);
        if (e)
                return error_trace(e, err);
        *ret = TAKE(c);
        return 0;
}

struct compatible *compatible_free(struct compatible *c) {
        if (!c)
                return NULL;
        table_done(&c->seen);
        vector_done(&c->waiting);
        vector_done(&c->reasons);
        arena_free(c->arena);
        free(c);
        return NULL;
}

size_t compatible_count(const struct compatible *compatible) {
        return compatible->n;
}

size_t compatible_kept(const struct compatible *compatible) {
        return compatible->reasons.n;
}

const struct compatible_reason *compatible_reason(const struct compatible *compatible, size_t index) {
        assert(index < compatible->reasons.n);
        return &compatible->reasons.items[index];
}

const char *compatible_code_word(enum compatible_code code) {
        static const char *const words[] = {
                [COMPATIBLE_TYPE] = "TYPE",       [COMPATIBLE_NAME] = "NAME",     [COMPATIBLE_SIZE] = "SIZE",
                [COMPATIBLE_DEFAULT] = "DEFAULT", [COMPATIBLE_SYMBOL] = "SYMBOL", [COMPATIBLE_BRANCH] = "BRANCH",
                [COMPATIBLE_LOGICAL] = "LOGICAL", [COMPATIBLE_ALIAS] = "ALIAS",   [COMPATIBLE_SPACE] = "SPACE",
                [COMPATIBLE_UUID] = "UUID",
        };

        assert(code < ELEMENTS(words));
        return words[code];
}

bool compatible_code_is_ours(enum compatible_code code) {
        return code == COMPATIBLE_LOGICAL || code == COMPATIBLE_ALIAS || code == COMPATIBLE_SPACE || code == COMPATIBLE_UUID;
}

const char *compatible_sentence(const struct compatible *compatible, size_t index, char ret[COMPATIBLE_SENTENCE_MAX]) {
        const struct compatible_reason *reason = compatible_reason(compatible, index);
        bool absent = reason->code == COMPATIBLE_DEFAULT || (reason->code == COMPATIBLE_ALIAS && strlen(reason->reader) > strlen(reason->writer));
        const char *first = absent ? reason->reader : reason->writer, *second = absent ? reason->writer : reason->reader;
        enum language language = compatible->language;

        if (absent || strcmp(first, second) == 0 || reason->code == COMPATIBLE_ALIAS) {
                if (*first)
                        (void) snprintf(ret, COMPATIBLE_SENTENCE_MAX, IN_LANGUAGE(language, "field '%s' %s", "veld '%s' %s"), first, reason->text);
                else
                        (void) snprintf(ret, COMPATIBLE_SENTENCE_MAX, IN_LANGUAGE(language, "the whole %s", "het geheel %s"), reason->text);
                return ret;
        }
        (void) snprintf(ret, COMPATIBLE_SENTENCE_MAX, IN_LANGUAGE(language, "field '%s' (read as '%s') %s", "veld '%s' (gelezen als '%s') %s"),
                        first, second, reason->text);
        return ret;
}
