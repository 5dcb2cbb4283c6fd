/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the verdict on two schemas is Avro's, stricter only where its header says so, with every reason and its place; and it is
 * what really happens to bytes. Method: the stored pairs, of which Java's own verdict is known;
 * rows of sentences; random flat pairs, of which each value that the writer may write is decoded; random nested pairs, of which the
 * program says the same before it has seen a byte, and random values of them are decoded.
 */

#include "avro_fixture.h"

#include "avro/compatible.h"
#include "avro/datum.h"
#include "base/file.h"

static struct schema_file *compatible_parse(const char *json, enum language language) {
        struct schema_file *file = NULL;
        struct error err;

        ck_assert_msg(schema_parse("x.avsc", json, strlen(json), language, &file, &err) == 0, "%s: %s", json, err.text);
        return file;
}

static struct compatible *compatible_ask(const struct schema_file *writer, const struct schema_file *reader) {
        struct compatible *verdict = NULL;
        struct error err;

        ck_assert_int_eq(compatible_new(writer, reader, &verdict, &err), 0);
        return verdict;
}

/* What the program says of two schemas before it sees a byte; NULL when they do not resolve, or it has gaps, as *ret_gaps says. */
static struct program *compatible_program(const struct schema_file *writer, const struct schema_file *reader, bool *ret_gaps) {
        struct program *program = NULL;
        struct error err;

        *ret_gaps = program_new_any(writer, reader, &program, &err) == 0 && *program_gaps(program);
        return program;
}

/* Where Avro has an objection so has the program; where the verdict has none at all, nor has it. Returns whether Avro has none. */
static bool compatible_agrees(const struct schema_file *writer, const struct schema_file *reader, const struct compatible *verdict, struct program **ret) {
        size_t refused = 0;
        bool gaps;

        *ret = compatible_program(writer, reader, &gaps);
        for (size_t i = 0; i < compatible_kept(verdict); i++)
                refused += !compatible_code_is_ours(compatible_reason(verdict, i)->code);
        if (refused)
                ck_assert_msg(!*ret || gaps, "%s\n%s", schema_json(writer), schema_json(reader));
        if (compatible_count(verdict) == 0)
                ck_assert_msg(*ret && !gaps, "%s\n%s", schema_json(writer), schema_json(reader));
        return refused == 0;
}

/* -- The stored pairs -- */

static void pair_holds(const json_t *pair) {
        const char *why = json_string_value(json_object_get(pair, "why"));
        char *written = json_dumps(json_object_get(pair, "writer"), JSON_ENCODE_ANY), *read = json_dumps(json_object_get(pair, "reader"), JSON_ENCODE_ANY);
        struct schema_file *writer = compatible_parse(written, LANGUAGE_EN), *reader = compatible_parse(read, LANGUAGE_EN);
        struct compatible *verdict = compatible_ask(writer, reader);
        bool wanted[COMPATIBLE_CODES] = {false}, got[COMPATIBLE_CODES] = {false};
        struct program *program;
        const json_t *code;
        size_t i;

        json_array_foreach(json_object_get(pair, "codes"), i, code) {
                for (enum compatible_code c = 0; c < COMPATIBLE_CODES; c++)
                        wanted[c] |= strcmp(compatible_code_word(c), json_string_value(code)) == 0;
        }
        for (i = 0; i < compatible_kept(verdict); i++)
                got[compatible_reason(verdict, i)->code] = true;
        for (enum compatible_code c = 0; c < COMPATIBLE_CODES; c++) {
                ck_assert_msg(wanted[c] == got[c], "%s: %s", why, compatible_code_word(c));
                if (got[c] && !compatible_code_is_ours(c)) /* whatever Avro refuses, Java does */
                        ck_assert_msg(json_is_false(json_object_get(pair, "reads")), "%s", why);
        }
        if (json_is_false(json_object_get(pair, "reads")))
                ck_assert_msg(compatible_count(verdict) > 0, "%s", why);
        (void) compatible_agrees(writer, reader, verdict, &program);
        program_free(program);
        compatible_free(verdict);
        schema_free(reader);
        schema_free(writer);
        free(read);
        free(written);
}

START_TEST(test_stored_pairs) {
        char path[1024], *text = NULL, *line, *rest = NULL;
        struct error err;
        size_t n, pairs = 0;

        snprintf(path, sizeof(path), "%s/tests/unit/avro_pairs.jsonl", getenv("PROJECT_ROOT"));
        ck_assert_msg(file_read(path, &text, &n, &err) == 0, "%s", err.text);
        for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), pairs++) {
                json_t *pair = json_loads(line, 0, NULL);

                ck_assert_ptr_nonnull(pair);
                pair_holds(pair);
                json_decref(pair);
        }
        ck_assert_uint_gt(pairs, 150);
        free(text);
}
END_TEST

/* -- Sentences -- */

#define KIND(symbols) "{\"type\":\"enum\",\"name\":\"Kind\",\"symbols\":[" symbols "]}"
#define CASE(fields) "{\"type\":\"record\",\"name\":\"n.Case\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define MAP(values) "{\"type\":\"map\",\"values\":" values "}"
#define CHILD(fields) "{\"type\":\"record\",\"name\":\"Child\",\"fields\":[" fields "]}"

static const struct {
        const char *writer, *reader, *en, *nl;
} sentences[] = {
        {"\"int\"", "\"string\"", "the whole is written as int and cannot be read as string", "het geheel is geschreven als int en niet te lezen als string"},
        {CASE(FIELD("children", LIST(CHILD(FIELD("kind", KIND("\"A\",\"B\",\"C\"")))))), CASE(FIELD("children", LIST(CHILD(FIELD("kind", KIND("\"B\"")))))),
         "field 'children.items.kind' may be written as A, C, which the reader does not know and has no default for",
         "veld 'children.items.kind' kan worden geschreven als A, C; de lezer kent die waarde niet en heeft er geen default voor"},
        {CASE(FIELD("by", MAP(CHILD("")))), CASE(FIELD("by", MAP(CHILD(FIELD("n", "\"int\""))))), "field 'by.values.n' is not written and has no default",
         "veld 'by.values.n' wordt niet geschreven en heeft geen default"},
        {CASE(FIELD("old", "\"string\"")), CASE("{\"name\":\"new\",\"type\":\"int\",\"aliases\":[\"old\"]}"),
         "field 'old' (read as 'new') is written as string and cannot be read as int",
         "veld 'old' (gelezen als 'new') is geschreven als string en niet te lezen als int"},
        {CASE(FIELD("who", "[\"null\"," CHILD(FIELD("a", "\"long\"")) "]")), CASE(FIELD("who", "[\"null\"," CHILD(FIELD("a", "\"int\"")) "]")),
         "field 'who.a' is written as long and cannot be read as int", "veld 'who.a' is geschreven als long en niet te lezen als int"},
        {CASE(FIELD("who", "[\"null\",\"int\"," CHILD(FIELD("a", "\"long\"")) "]")),
         CASE(FIELD("who", "[\"null\",\"int\"," CHILD(FIELD("a", "\"int\"")) "]")),
         "field 'who[n.Child].a' is written as long and cannot be read as int", "veld 'who[n.Child].a' is geschreven als long en niet te lezen als int"},
        {CASE(FIELD("who", "[\"null\",\"int\"]")), CASE(FIELD("who", "\"int\"")), "field 'who' may be written as null, for which the reader has no place",
         "veld 'who' kan worden geschreven als null; daarvoor heeft de lezer geen plaats"},
        {CASE(FIELD("a", "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}")),
         CASE(FIELD("a", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}")),
         "field 'a' is written as timestamp-millis and read as timestamp-micros: another logical type is another meaning",
         "veld 'a' is geschreven als timestamp-millis en wordt gelezen als timestamp-micros: een ander logicalType is een andere betekenis"},
        {CASE(FIELD("a", "\"int\"") "," FIELD("b", "\"int\"")), CASE("{\"name\":\"c\",\"type\":\"int\",\"aliases\":[\"a\",\"b\"]}"),
         "field 'c' means by its name and aliases several fields that are written (a, b)",
         "veld 'c' bedoelt met naam en aliases meer dan één geschreven veld (a, b)"},
};

START_TEST(test_sentences) {
        for (enum language language = 0; language < LANGUAGES; language++) {
                struct schema_file *writer = compatible_parse(sentences[_i].writer, language), *reader = compatible_parse(sentences[_i].reader, language);
                struct compatible *verdict = compatible_ask(writer, reader);
                char sentence[COMPATIBLE_SENTENCE_MAX];

                ck_assert_uint_eq(compatible_count(verdict), 1);
                ck_assert_str_eq(compatible_sentence(verdict, 0, sentence), language == LANGUAGE_NL ? sentences[_i].nl : sentences[_i].en);
                compatible_free(verdict);
                schema_free(reader);
                schema_free(writer);
        }
}
END_TEST

START_TEST(test_paths_of_both_sides) {
        struct schema_file *writer = compatible_parse(CASE(FIELD("old", LIST(CHILD(FIELD("a", "\"long\""))))), LANGUAGE_EN);
        struct schema_file *reader = compatible_parse(CASE("{\"name\":\"new\",\"aliases\":[\"old\"],\"type\":" LIST(CHILD(
                                                                   "{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"a\"]}," FIELD("c", "\"int\""))) "}"),
                                                      LANGUAGE_EN);
        struct compatible *verdict = compatible_ask(writer, reader);

        ck_assert_uint_eq(compatible_count(verdict), 2);
        ck_assert_str_eq(compatible_reason(verdict, 0)->writer, "old.items.a");
        ck_assert_str_eq(compatible_reason(verdict, 0)->reader, "new.items.b");
        ck_assert_str_eq(compatible_reason(verdict, 1)->writer, "old.items");
        ck_assert_str_eq(compatible_reason(verdict, 1)->reader, "new.items.c");
        compatible_free(verdict);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

/* -- Bounds -- */

static struct schema_file *many_fields(const char *type) {
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX);
        struct schema_file *file;

        for (size_t i = 0; i < COMPATIBLE_REASONS_MAX + 10; i++)
                buffer_printf(&b, "%s{\"name\":\"f%zu\",\"type\":\"%s\"}", i ? "," : "", i, type);
        file = fixture_schema(buffer_text(&b));
        buffer_done(&b);
        return file;
}

START_TEST(test_reasons_are_counted_and_not_all_kept) {
        struct schema_file *writer = many_fields("string"), *reader = many_fields("int");
        struct compatible *verdict = compatible_ask(writer, reader);

        ck_assert_uint_eq(compatible_count(verdict), COMPATIBLE_REASONS_MAX + 10);
        ck_assert_uint_eq(compatible_kept(verdict), COMPATIBLE_REASONS_MAX);
        compatible_free(verdict);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

/* Records of one ring: each holds the next, and the last the first. All are called R, so that any two go together. */
static struct schema_file *ring(size_t n, const char *leaf) {
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX);
        struct schema_file *file;

        for (size_t i = 0; i < n; i++)
                buffer_printf(&b, "{\"type\":\"record\",\"name\":\"n%zu.R\",\"fields\":[%s{\"name\":\"a_rather_long_name_of_a_field\",\"type\":[\"null\",", i,
                              i == n - 1 ? leaf : "");
        buffer_add_text(&b, "\"n0.R\"");
        for (size_t i = 0; i < n; i++)
                buffer_add_text(&b, "]}]}");
        file = compatible_parse(buffer_text(&b), LANGUAGE_EN);
        buffer_done(&b);
        return file;
}

/* Rings of 12 and 13 meet in 156 pairs; what differs lies so deep that its path is cut off in front. */
START_TEST(test_rings_come_to_an_end) {
        struct schema_file *writer = ring(12, "{\"name\":\"x\",\"type\":\"long\"},"), *reader = ring(13, "{\"name\":\"x\",\"type\":\"int\"},");
        struct compatible *verdict = compatible_ask(writer, reader);
        size_t types = 0;

        for (size_t i = 0; i < compatible_kept(verdict); i++) {
                const struct compatible_reason *reason = compatible_reason(verdict, i);

                ck_assert_uint_le(strlen(reason->writer), COMPATIBLE_PATH_MAX);
                if (reason->code != COMPATIBLE_TYPE)
                        continue;
                types++; /* the last of the one beside the last of the other */
                ck_assert_int_eq(strncmp(reason->writer, "…", strlen("…")), 0);
        }
        ck_assert_uint_eq(types, 1);
        compatible_free(verdict);
        schema_free(reader);
        schema_free(writer);
}
END_TEST

/* -- What really happens to bytes -- */

#define UUID_HEX "4836663164326331652d386135332d356430622d396235372d326630663666306337613131"

/* Types that an event may have or a writer may write, with every kind of value; % is a letter of the field, so that names differ. */
static const struct {
        const char *json, *values; /* hex, with | between */
        bool flat;
} types[] = {
        {"\"boolean\"", "00|01", true},
        {"\"int\"", "0a", true},
        {"\"long\"", "0a", true},
        {"\"float\"", "0000c03f", true},
        {"\"double\"", "000000000000f03f", true},
        {"\"string\"", UUID_HEX, true},
        {"\"bytes\"", UUID_HEX, false},
        {"{\"type\":\"string\",\"logicalType\":\"uuid\"}", UUID_HEX, true},
        {"{\"type\":\"int\",\"logicalType\":\"date\"}", "0a", true},
        {"{\"type\":\"enum\",\"name\":\"E%\",\"symbols\":[\"A\",\"B\"]}", "00|02", true},
        {"{\"type\":\"enum\",\"name\":\"E%\",\"symbols\":[\"C\",\"B\",\"A\"]}", "00|02|04", true},
        {"{\"type\":\"enum\",\"name\":\"E%\",\"symbols\":[\"B\",\"D\"],\"default\":\"D\"}", "00|02", true},
        {"{\"type\":\"enum\",\"name\":\"F%\",\"symbols\":[\"A\",\"B\"],\"aliases\":[\"E%\"]}", "00|02", true},
        {"[\"null\",\"int\"]", "00|020a", true},
        {"[\"long\",\"null\"]", "000a|02", true},
        {"[\"null\",\"string\"]", "00|02" UUID_HEX, true},
        {"[\"null\",{\"type\":\"enum\",\"name\":\"E%\",\"symbols\":[\"B\",\"C\"]}]", "00|0200|0202", true},
        {"[\"int\",\"string\"]", "000a|02" UUID_HEX, false},
        {"[\"null\",\"int\",\"boolean\"]", "00|020a|0401", false},
        {"[\"int\",\"double\"]", "000a|02000000000000f03f", false},
        {"\"null\"", "", false},
        {"{\"type\":\"array\",\"items\":\"int\"}", "00|020a00", false},
};

#define AGREE_FIELDS 3

struct agree_side {
        int types[AGREE_FIELDS]; /* -1: it has no such field */
        struct schema_file *file;
};

static unsigned agree_dice(unsigned *state, unsigned n) {
        *state = *state * 1103515245 + 12345;
        return *state / 65536 % n;
}

static void agree_make(struct agree_side *side, unsigned *dice, bool reads) {
        struct buffer b = BUFFER_INIT(FIXTURE_BYTES_MAX);

        for (int i = 0; i < AGREE_FIELDS; i++) {
                unsigned t = agree_dice(dice, (unsigned)ELEMENTS(types));
                bool renamed = reads && agree_dice(dice, 4) == 0;

                side->types[i] = -1;
                if (agree_dice(dice, 4) == 0 || (reads && !types[t].flat))
                        continue;
                side->types[i] = (int)t;
                buffer_printf(&b, "%s{\"name\":\"%s%c\",%s%.*s%s\"type\":", b.n ? "," : "", renamed ? "new_" : "", 'a' + i, renamed ? "\"aliases\":[\"" : "",
                              renamed ? 1 : 0, &"abc"[i], renamed ? "\"]," : "");
                for (const char *p = types[t].json; *p; p++)
                        buffer_add_byte(&b, *p == '%' ? (uint8_t)('a' + i) : (uint8_t)*p);
                buffer_add_text(&b, reads && agree_dice(dice, 3) == 0 && strcmp(types[t].json, "\"int\"") == 0 ? ",\"default\":3}" : "}");
        }
        side->file = fixture_schema(buffer_text(&b));
        buffer_done(&b);
}

/* The @nth value of a type; false when it has not so many. */
static bool agree_value(int type, size_t nth, char hex[256]) {
        const char *at = types[type].values;
        size_t n;

        for (; nth > 0; nth--) {
                at = strchr(at, '|');
                if (!at)
                        return false;
                at++;
        }
        n = strcspn(at, "|");
        snprintf(hex, 256, "%.*s", (int)n, at);
        return true;
}

/* Whether the program reads the first value of each field, but of one field each that there is. */
static bool agree_reads_all(const struct agree_side *writer, const struct program *program) {
        for (int changed = 0; changed < AGREE_FIELDS; changed++) {
                char hex[256], all[1024];

                for (size_t nth = 0; writer->types[changed] >= 0 && agree_value(writer->types[changed], nth, hex); nth++) {
                        struct slot slots[LAYOUT_SLOTS_MAX];
                        uint8_t bytes[512];
                        struct error err;
                        size_t n = 0;

                        all[0] = '\0';
                        for (int i = 0; i < AGREE_FIELDS; i++) {
                                if (writer->types[i] < 0)
                                        continue;
                                ck_assert(agree_value(writer->types[i], i == changed ? nth : 0, hex));
                                n += (size_t)snprintf(all + n, sizeof(all) - n, "%s", hex);
                        }
                        if (record_decode(program, bytes, fixture_hex(all, bytes), slots, &err))
                                return false;
                }
        }
        return true;
}

#define AGREE_PAIRS 4000

START_TEST(test_the_verdict_is_what_happens) {
        unsigned dice = 20260613, read = 0;

        for (unsigned round = 0; round < AGREE_PAIRS; round++) {
                struct agree_side writer, reader;
                struct compatible *verdict;
                struct layout *layout;
                struct program *program = NULL;
                struct error err;
                size_t refused = 0;
                bool happens;

                agree_make(&writer, &dice, false);
                agree_make(&reader, &dice, true);
                layout = fixture_layout(reader.file);
                verdict = compatible_ask(writer.file, reader.file);
                for (size_t i = 0; i < compatible_kept(verdict); i++)
                        refused += !compatible_code_is_ours(compatible_reason(verdict, i)->code);
                happens = program_new(writer.file, layout, &program, &err) == 0 && agree_reads_all(&writer, program);
                read += happens;
                ck_assert_msg(happens == (refused == 0), "round %u\n%s\n%s\n%s", round, schema_json(writer.file), schema_json(reader.file), err.text);
                program_free(program);
                compatible_free(verdict);
                layout_free(layout);
                schema_free(reader.file);
                schema_free(writer.file);
        }
        ck_assert_uint_gt(read, AGREE_PAIRS / 20); /* both answers come up */
        ck_assert_uint_lt(read, AGREE_PAIRS - AGREE_PAIRS / 20);
}
END_TEST

/* -- Random nested pairs -- */

#define NESTED_PAIRS 3000
#define NESTED_VALUES 8
#define NESTED_DEPTH 4

/* One schema of a pair. What stands at a place follows from @shape and the place, so that both sides are much alike; @changes is the reader's own chance. */
struct nested {
        struct buffer out;
        unsigned shape, changes;
        bool reads;
};

static bool nested_change(struct nested *n, unsigned in) {
        return n->reads && agree_dice(&n->changes, in) == 0;
}

static void nested_type(struct nested *n, unsigned place, unsigned depth);

static void nested_record(struct nested *n, unsigned place, unsigned depth) {
        static const char *const orders[] = {"012", "210", "102"};
        const char *order = orders[nested_change(n, 4) ? agree_dice(&n->changes, 3) : 0];
        bool first = true;

        buffer_printf(&n->out, "{\"type\":\"record\",\"name\":\"%sR%u\",\"fields\":[", nested_change(n, 40) ? "n." : "", place);
        for (; *order; order++) {
                unsigned at = 3 * place + 1 + (unsigned)(*order - '0');
                bool renamed = nested_change(n, 10);

                if (nested_change(n, 10))
                        continue;
                buffer_printf(&n->out, "%s{\"name\":\"%sf%c\",", first ? "" : ",", renamed ? "new_" : "", *order);
                buffer_add_text(&n->out, "\"type\":");
                first = false;
                if (depth > 0 && (n->shape ^ at) % 7 == 0)
                        buffer_printf(&n->out, "[\"null\",\"R%u\"]", place); /* itself: a tree, or a list */
                else
                        nested_type(n, at, depth + 1);
                if (renamed)
                        buffer_printf(&n->out, ",\"aliases\":[\"f%c\"]", *order);
                buffer_add_byte(&n->out, '}');
        }
        if (nested_change(n, 8))
                buffer_printf(&n->out, "%s{\"name\":\"added\",\"type\":\"long\"%s}", first ? "" : ",", nested_change(n, 2) ? ",\"default\":7" : "");
        buffer_add_text(&n->out, "]}");
}

static void nested_plain(struct nested *n, unsigned place) {
        static const char *const words[] = {"boolean", "int", "long", "float", "double", "string", "bytes", "null"};
        unsigned word = nested_change(n, 12) ? agree_dice(&n->changes, ELEMENTS(words)) : (n->shape ^ place * 7) % ELEMENTS(words);

        if ((n->shape ^ place * 5) % 5 == 0 && !nested_change(n, 20))
                buffer_printf(&n->out, "{\"type\":\"enum\",\"name\":\"E%u\",\"symbols\":[\"B\",\"A\"%s]%s}", place, nested_change(n, 4) ? "" : ",\"C\"",
                              nested_change(n, 4) ? ",\"default\":\"A\"" : "");
        else if ((n->shape ^ place * 3) % 9 == 0)
                buffer_printf(&n->out, "{\"type\":\"fixed\",\"name\":\"F%u\",\"size\":%d}", place, nested_change(n, 20) ? 3 : 2);
        else
                buffer_printf(&n->out, "\"%s\"", words[word]);
}

static void nested_type(struct nested *n, unsigned place, unsigned depth) {
        unsigned kind = (n->shape ^ place * 11) % 6;

        if (depth >= NESTED_DEPTH || kind >= 4) {
                nested_plain(n, place);
        } else if (kind == 0) {
                nested_record(n, place, depth);
        } else if (kind == 3) { /* a union: of null, or of more, in any order */
                const char *more = (n->shape ^ place) % 2 ? ",{\"type\":\"map\",\"values\":\"float\"}" : "";
                bool turned = nested_change(n, 4), without = nested_change(n, 8);

                buffer_add_text(&n->out, turned || without ? "[" : "[\"null\",");
                nested_record(n, place, depth);
                buffer_printf(&n->out, "%s%s]", nested_change(n, 8) ? "" : more, turned && !without ? ",\"null\"" : "");
        } else {
                buffer_printf(&n->out, "{\"type\":\"%s\",\"%s\":", kind == 1 ? "array" : "map", kind == 1 ? "items" : "values");
                nested_type(n, 3 * place + 1, depth + 1);
                buffer_add_byte(&n->out, '}');
        }
}

/* A value of the type, at random; the deeper the smaller. */
static void nested_value(const struct schema *s, unsigned *dice, unsigned depth, struct buffer *out) {
        unsigned pick = agree_dice(dice, 3);

        switch (s->kind) {
        case SCHEMA_NULL:
                return;
        case SCHEMA_BOOLEAN:
                buffer_add_byte(out, (uint8_t)(pick % 2));
                return;
        case SCHEMA_INT:
        case SCHEMA_LONG:
                buffer_add(out, (const uint8_t *)"\x85\x01\x09" + (pick % 2 ? 2 : 0), pick % 2 ? 1 : 2);
                return;
        case SCHEMA_FLOAT:
        case SCHEMA_DOUBLE:
                buffer_add(out, "\0\0\0\0\0\0\xf0\x3f", s->kind == SCHEMA_FLOAT ? 4 : 8);
                return;
        case SCHEMA_BYTES:
        case SCHEMA_STRING:
                buffer_add(out, "\x06\xc3\xab" "x", 4);
                return;
        case SCHEMA_FIXED:
                buffer_add(out, "\x01\x02\x03", s->size);
                return;
        case SCHEMA_ENUM:
                buffer_add_byte(out, (uint8_t)(agree_dice(dice, (unsigned)s->n_symbols) << 1));
                return;
        case SCHEMA_UNION:
                pick = depth > 8 ? 0 : agree_dice(dice, (unsigned)s->n_branches);
                buffer_add_byte(out, (uint8_t)(pick << 1));
                nested_value(s->branches[pick], dice, depth + 1, out);
                return;
        case SCHEMA_RECORD:
                for (size_t i = 0; i < s->n_fields; i++)
                        nested_value(s->fields[i].type, dice, depth + 1, out);
                return;
        case SCHEMA_ARRAY:
        case SCHEMA_MAP:
                pick = depth > 8 ? 0 : pick;
                if (pick)
                        buffer_add_byte(out, (uint8_t)(pick << 1));
                for (; pick > 0; pick--) {
                        if (s->kind == SCHEMA_MAP)
                                buffer_add(out, "\x02k", 2);
                        nested_value(s->items, dice, depth + 1, out);
                }
                buffer_add_byte(out, 0);
                return;
        }
}

/* What the program read of random values. Returns how many it refused. */
static size_t nested_decode(const struct schema_file *writer, const struct program *program, unsigned *dice) {
        struct buffer bytes = BUFFER_INIT(DATUM_BYTES_MAX), out = BUFFER_INIT(2 * DATUM_JSON_MAX);
        struct datum_memory memory = {0};
        size_t refused = 0, taken = 0;

        for (int i = 0; i < NESTED_VALUES; i++) {
                struct error err;
                int r;

                buffer_clear(&bytes);
                buffer_clear(&out);
                nested_value(schema_root(writer), dice, 0, &bytes);
                r = datum_to_json(program, buffer_text(&bytes), bytes.n, 0, &memory, &out, &taken, &err);
                refused += r != 0;
                if (r == 0) {
                        json_t *json = json_loadb((const char *)out.bytes, out.n, JSON_DECODE_ANY, NULL);

                        ck_assert_uint_eq(taken, bytes.n);
                        ck_assert_msg(json, "%s\n%s", schema_json(writer), buffer_text(&out));
                        json_decref(json);
                }
        }
        datum_memory_done(&memory);
        buffer_done(&bytes);
        buffer_done(&out);
        return refused;
}

START_TEST(test_the_verdict_on_nested_ones_is_what_happens) {
        unsigned dice = 20261130, read = 0;

        for (unsigned round = 0; round < NESTED_PAIRS; round++) {
                struct nested w = {.out = BUFFER_INIT(FIXTURE_BYTES_MAX), .shape = agree_dice(&dice, 30000)};
                struct nested r = {.out = BUFFER_INIT(FIXTURE_BYTES_MAX), .shape = w.shape, .changes = agree_dice(&dice, 30000), .reads = true};
                struct schema_file *writer, *reader;
                struct compatible *verdict;
                struct program *program;

                nested_type(&w, 0, 0);
                nested_type(&r, 0, 0);
                writer = compatible_parse(buffer_text(&w.out), LANGUAGE_EN);
                reader = compatible_parse(buffer_text(&r.out), LANGUAGE_EN);
                verdict = compatible_ask(writer, reader);
                if (compatible_agrees(writer, reader, verdict, &program) && program) {
                        read++;
                        ck_assert_msg(nested_decode(writer, program, &dice) == 0, "round %u\n%s\n%s", round, schema_json(writer), schema_json(reader));
                } else if (program) {
                        (void) nested_decode(writer, program, &dice); /* some of it */
                }
                program_free(program);
                compatible_free(verdict);
                schema_free(reader);
                schema_free(writer);
                buffer_done(&r.out);
                buffer_done(&w.out);
        }
        ck_assert_uint_gt(read, NESTED_PAIRS / 20); /* both answers come up */
        ck_assert_uint_lt(read, NESTED_PAIRS - NESTED_PAIRS / 20);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("compatible");
        TCase *tcase = tcase_create("compatible");
        SRunner *runner;
        int failed;

        tcase_add_test(tcase, test_stored_pairs);
        tcase_add_loop_test(tcase, test_sentences, 0, ELEMENTS(sentences));
        tcase_add_test(tcase, test_paths_of_both_sides);
        tcase_add_test(tcase, test_reasons_are_counted_and_not_all_kept);
        tcase_add_test(tcase, test_rings_come_to_an_end);
        tcase_add_test(tcase, test_the_verdict_is_what_happens);
        tcase_add_test(tcase, test_the_verdict_on_nested_ones_is_what_happens);
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
