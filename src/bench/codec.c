/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench codec`: one event, bytes to slots and back, and to JSON; and nested in others, to JSON
 *
 * Several different records in turn, so that no branch is learned by heart. avro-c does the same work,
 * from the bytes to the same slots and back, by a generic value that is kept and filled again, its
 * fastest way.
 */

#include <avro.h>
#include <errno.h>
#include <stdio.h>

#include "avro/datum.h"
#include "avro/record.h"
#include "base/clock.h"
#include "base/json.h"
#include "bench/bench.h"

#define EVENT "safety-raised" /* ten fields of most kinds */
#define RECORDS 64
#define PASSES_OURS 1500 /* over all records, in one round */
#define PASSES_THEIRS 150
#define PASSES_JSON 300
#define RECORD_BYTES_MAX 4096
#define LISTS 8 /* of nested records: a map of lists of records, in a record */
#define NESTED_BYTES_MAX ((size_t)RECORDS * RECORD_BYTES_MAX)
#define PATH_BYTES_MAX 4096

struct codec {
        struct schema_file *file;
        struct layout *layout;
        struct program *program;
        struct buffer bytes[RECORDS], out;
        struct slot slots[RECORDS][LAYOUT_SLOTS_MAX];
        char texts[RECORDS][LAYOUT_SLOTS_MAX][16];
        struct schema_file *nested_file;
        struct program *nested;
        struct buffer nested_bytes, json; /* all records in one; JSON of one or of all */
        struct datum_memory memory;
        avro_schema_t schema;
        avro_value_iface_t *iface;
        avro_value_t value;
        avro_reader_t reader;
        avro_writer_t writer;
        char written[RECORD_BYTES_MAX];
};

struct figures {
        double decode, encode, their_decode, their_encode, json, nested;
};

/* Numbers that look like an event's: the next one of a fixed sequence. */
static uint64_t codec_next(uint64_t *state) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return *state >> 33;
}

static struct slot codec_plausible(const struct layout_field *f, uint64_t *state, char text[16]) {
        struct slot slot = {.kind = SLOT_INT};
        uint64_t bits = codec_next(state);

        if (f->nullable && bits % 3 == 0)
                return (struct slot){.kind = SLOT_NULL};
        switch (f->type) {
        case LAYOUT_BOOLEAN:
                return (struct slot){.kind = SLOT_BOOLEAN, .i = (int64_t)(bits & 1)};
        case LAYOUT_FLOAT:
        case LAYOUT_DOUBLE:
                return (struct slot){.kind = SLOT_DOUBLE, .d = (double)(float)bits};
        case LAYOUT_STRING:
                (void) snprintf(text, 16, "gm%04u", (unsigned)(bits % 10000)); /* seven bytes */
                return (struct slot){.kind = SLOT_STRING, .s = text_of(text)};
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                slot.kind = SLOT_UUID;
                for (size_t i = 0; i < sizeof(slot.u.bytes); i++)
                        slot.u.bytes[i] = (uint8_t)codec_next(state);
                return slot;
        case LAYOUT_ENUM:
                slot.i = (int64_t)(bits % f->n_symbols);
                return slot;
        case LAYOUT_TIMESTAMP:
                slot.i = INT64_C(1640991600000) + (int64_t)bits; /* from 2022 on */
                return slot;
        default:
                slot.i = 18993 + (int64_t)(bits % 1000);
                return slot;
        }
}

static void codec_done(struct codec *c) {
        for (size_t i = 0; i < RECORDS; i++)
                buffer_done(&c->bytes[i]);
        buffer_done(&c->out);
        buffer_done(&c->nested_bytes);
        buffer_done(&c->json);
        datum_memory_done(&c->memory);
        program_free(c->nested);
        schema_free(c->nested_file);
        if (c->value.iface)
                avro_value_decref(&c->value);
        if (c->writer)
                avro_writer_free(c->writer);
        if (c->reader)
                avro_reader_free(c->reader);
        if (c->iface)
                avro_value_iface_decref(c->iface);
        if (c->schema)
                avro_schema_decref(c->schema);
        program_free(c->program);
        layout_free(c->layout);
        schema_free(c->file);
}

/* ---- avro-c: one field of its value from a slot and back. Return: 0, or its errno. ---- */

static int theirs_set(avro_value_t *v, const struct layout_field *f, const struct slot *slot) {
        char uuid[UUID_TEXT + 1];

        switch (f->type) {
        case LAYOUT_BOOLEAN:
                return avro_value_set_boolean(v, (int)slot->i);
        case LAYOUT_INT:
        case LAYOUT_DATE:
                return avro_value_set_int(v, (int32_t)slot->i);
        case LAYOUT_LONG:
        case LAYOUT_TIMESTAMP:
                return avro_value_set_long(v, slot->i);
        case LAYOUT_ENUM:
                return avro_value_set_enum(v, (int)slot->i);
        case LAYOUT_FLOAT:
                return avro_value_set_float(v, (float)slot->d);
        case LAYOUT_DOUBLE:
                return avro_value_set_double(v, slot->d);
        case LAYOUT_STRING: /* with the NUL behind it */
                return avro_value_set_string_len(v, (char *)slot->s.s, slot->s.n + 1);
        case LAYOUT_UUID:
                uuid_format(&slot->u, uuid);
                return avro_value_set_string_len(v, uuid, sizeof(uuid));
        case LAYOUT_UUID_FIXED:
                return avro_value_set_fixed(v, (void *)slot->u.bytes, sizeof(slot->u.bytes));
        }
        return EINVAL;
}

static int theirs_get_text(avro_value_t *v, const struct layout_field *f, struct slot *ret) {
        const char *text;
        size_t n;
        int r = avro_value_get_string(v, &text, &n);

        if (r)
                return r;
        if (f->type == LAYOUT_STRING) {
                *ret = (struct slot){.kind = SLOT_STRING, .s = {text, n - 1}};
                return 0;
        }
        ret->kind = SLOT_UUID;
        return uuid_parse(text, n - 1, &ret->u) ? 0 : EINVAL;
}

static int theirs_get(avro_value_t *v, const struct layout_field *f, struct slot *ret) {
        const void *bytes;
        int32_t narrow = 0;
        int choice = 0, r;
        float single;
        size_t n;

        ret->kind = SLOT_INT;
        switch (f->type) {
        case LAYOUT_BOOLEAN:
                ret->kind = SLOT_BOOLEAN;
                r = avro_value_get_boolean(v, &choice);
                ret->i = choice;
                return r;
        case LAYOUT_INT:
        case LAYOUT_DATE:
                r = avro_value_get_int(v, &narrow);
                ret->i = narrow;
                return r;
        case LAYOUT_LONG:
        case LAYOUT_TIMESTAMP:
                return avro_value_get_long(v, &ret->i);
        case LAYOUT_ENUM:
                r = avro_value_get_enum(v, &choice);
                ret->i = choice;
                return r;
        case LAYOUT_FLOAT:
                ret->kind = SLOT_DOUBLE;
                r = avro_value_get_float(v, &single);
                ret->d = r ? 0 : (double)single;
                return r;
        case LAYOUT_DOUBLE:
                ret->kind = SLOT_DOUBLE;
                return avro_value_get_double(v, &ret->d);
        case LAYOUT_UUID_FIXED:
                ret->kind = SLOT_UUID;
                r = avro_value_get_fixed(v, &bytes, &n);
                if (r == 0)
                        memcpy(ret->u.bytes, bytes, sizeof(ret->u.bytes));
                return r;
        default:
                return theirs_get_text(v, f, ret);
        }
}

static int theirs_encode(struct codec *c, size_t record) {
        int r = avro_value_reset(&c->value);

        for (size_t i = 0; i < c->layout->n && r == 0; i++) {
                const struct layout_field *f = &c->layout->fields[i];
                const struct slot *slot = &c->slots[record][i];
                avro_value_t field = {0}, branch;
                bool null = slot->kind == SLOT_NULL;

                r = avro_value_get_by_index(&c->value, i, &field, NULL);
                branch = field;
                if (r == 0 && f->nullable)
                        r = avro_value_set_branch(&field, null ? f->null_branch : 1 - f->null_branch, &branch);
                if (r == 0)
                        r = null ? avro_value_set_null(&branch) : theirs_set(&branch, f, slot);
        }
        avro_writer_reset(c->writer);
        return r ? r : avro_value_write(c->writer, &c->value);
}

static int theirs_decode(struct codec *c, size_t record, struct slot *slots) {
        int r = avro_value_reset(&c->value);

        avro_reader_memory_set_source(c->reader, (char *)c->bytes[record].bytes, (int64_t)c->bytes[record].n);
        if (r == 0)
                r = avro_value_read(c->reader, &c->value);
        for (size_t i = 0; i < c->layout->n && r == 0; i++) {
                const struct layout_field *f = &c->layout->fields[i];
                avro_value_t field = {0}, branch;
                int index = 0;

                r = avro_value_get_by_index(&c->value, i, &field, NULL);
                branch = field;
                if (r == 0 && f->nullable)
                        r = avro_value_get_discriminant(&field, &index);
                if (r == 0 && f->nullable && index == f->null_branch) {
                        slots[i].kind = SLOT_NULL;
                        continue;
                }
                if (r == 0 && f->nullable)
                        r = avro_value_get_current_branch(&field, &branch);
                if (r == 0)
                        r = theirs_get(&branch, f, &slots[i]);
        }
        return r;
}

static int theirs_open(struct codec *c, struct error *err) {
        const char *json = schema_json(c->file);
        struct slot slots[LAYOUT_SLOTS_MAX];
        size_t k;

        if (avro_schema_from_json_length(json, strlen(json), &c->schema)) {
                error_set(err, "avro-c does not take the schema of " EVENT ": %s", avro_strerror());
                return EXIT_USAGE;
        }
        c->iface = avro_generic_class_from_schema(c->schema);
        c->reader = avro_reader_memory(c->written, 0);
        c->writer = avro_writer_memory(c->written, sizeof(c->written));
        if (!c->iface || !c->reader || !c->writer || avro_generic_value_new(c->iface, &c->value)) {
                error_set(err, "avro-c makes no value of " EVENT ": %s", avro_strerror());
                return EXIT_USAGE;
        }
        for (size_t i = 0; i < RECORDS; i++) {
                if (theirs_decode(c, i, slots))
                        break;
                for (k = 0; k < c->layout->n && slot_equal(&slots[k], &c->slots[i][k]); k++)
                        ;
                if (k < c->layout->n || theirs_encode(c, i) || (size_t)avro_writer_tell(c->writer) != c->bytes[i].n)
                        break;
                if (memcmp(c->written, c->bytes[i].bytes, c->bytes[i].n) != 0)
                        break;
                if (i == RECORDS - 1)
                        return EXIT_DONE;
        }
        error_set(err, "avro-c and we do not agree about a " EVENT "; please report this");
        return EXIT_NO;
}

/* The same records once more: {"lists": {"0": [record, …], …}}. */
static int codec_open_nested(struct codec *c, struct error *err) {
        struct buffer schema = BUFFER_INIT(SCHEMA_TEXT_MAX), *out = &c->nested_bytes;
        int r;

        buffer_printf(&schema,
                      "{\"type\":\"record\",\"name\":\"Nested\",\"fields\":[{\"name\":\"lists\",\"type\":{\"type\":\"map\",\"values\":{\"type\":\"array\","
                      "\"items\":%s}}}]}",
                      schema_json(c->file));
        r = schema_parse("nested", buffer_text(&schema), schema.n, LANGUAGE_EN, &c->nested_file, err);
        buffer_done(&schema);
        if (r || program_new_any(c->nested_file, c->nested_file, &c->nested, err))
                return EXIT_USAGE;
        out->max = NESTED_BYTES_MAX;
        c->json.max = 2 * DATUM_JSON_MAX;
        buffer_add_byte(out, LISTS << 1);
        for (unsigned i = 0; i < LISTS; i++) {
                buffer_printf(out, "%c%u%c", 1 << 1, i, RECORDS / LISTS << 1);
                for (size_t k = i * RECORDS / LISTS; k < (i + 1) * RECORDS / LISTS; k++)
                        buffer_add(out, c->bytes[k].bytes, c->bytes[k].n);
                buffer_add_byte(out, 0);
        }
        buffer_add_byte(out, 0);
        if (out->failed)
                error_set(err, "there is no memory for the records");
        return out->failed ? EXIT_NO : EXIT_DONE;
}

static int codec_open(struct codec *c, const char *schemas, struct error *err) {
        char path[PATH_BYTES_MAX];
        uint64_t state = 2022;

        if ((size_t)snprintf(path, sizeof(path), "%s/" EVENT ".avsc", schemas) >= sizeof(path)) {
                error_set(err, "the path of the schemas is too long");
                return EXIT_USAGE;
        }
        if (schema_read(path, LANGUAGE_EN, &c->file, err) || layout_new(c->file, &c->layout, err) || program_new(c->file, c->layout, &c->program, err))
                return EXIT_USAGE;
        c->out.max = RECORD_BYTES_MAX;
        for (size_t i = 0; i < RECORDS; i++) {
                for (size_t k = 0; k < c->layout->n; k++)
                        c->slots[i][k] = codec_plausible(&c->layout->fields[k], &state, c->texts[i][k]);
                c->bytes[i].max = RECORD_BYTES_MAX;
                record_encode(c->layout, c->slots[i], &c->bytes[i]);
                if (c->bytes[i].failed) {
                        error_set(err, "there is no memory for the records");
                        return EXIT_NO;
                }
        }
        if (codec_open_nested(c, err))
                return EXIT_USAGE;
        return theirs_open(c, err);
}

/* Nanoseconds a record since @start. */
static double codec_each(int64_t start, size_t passes) {
        return (double)(clock_cpu_ns() - start) / (double)(passes * RECORDS);
}

/* What is measured of ours, under names of their own: tests/bench/instructions.py counts their instructions. */
__attribute__((noinline)) static int bench_codec_decode(struct codec *c, struct slot *slots) {
        int wrong = 0;

        for (size_t pass = 0; pass < PASSES_OURS; pass++) {
                for (size_t i = 0; i < RECORDS; i++)
                        wrong |= record_decode(c->program, c->bytes[i].bytes, c->bytes[i].n, slots, NULL);
        }
        return wrong;
}

__attribute__((noinline)) static int bench_codec_encode(struct codec *c) {
        int wrong = 0;

        for (size_t pass = 0; pass < PASSES_OURS; pass++) {
                for (size_t i = 0; i < RECORDS; i++) {
                        buffer_clear(&c->out);
                        record_encode(c->layout, c->slots[i], &c->out);
                        wrong |= c->out.n != c->bytes[i].n;
                }
        }
        return wrong;
}

__attribute__((noinline)) static int bench_codec_json(struct codec *c) {
        int wrong = 0;
        size_t n;

        for (size_t pass = 0; pass < PASSES_JSON; pass++) {
                for (size_t i = 0; i < RECORDS; i++) {
                        buffer_clear(&c->json);
                        wrong |= datum_to_json(c->program, c->bytes[i].bytes, c->bytes[i].n, 0, &c->memory, &c->json, &n, NULL);
                }
        }
        return wrong;
}

static int bench_codec_nested(struct codec *c) {
        int wrong = 0;
        size_t n;

        for (size_t pass = 0; pass < PASSES_JSON; pass++) {
                buffer_clear(&c->json);
                wrong |= datum_to_json(c->nested, c->nested_bytes.bytes, c->nested_bytes.n, 0, &c->memory, &c->json, &n, NULL);
        }
        return wrong;
}

/* One round of everything; false when something went wrong, which it cannot with these bytes. */
static bool codec_measure(struct codec *c, struct figures *ret) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        int64_t start = clock_cpu_ns();
        int wrong = bench_codec_decode(c, slots);

        ret->decode = codec_each(start, PASSES_OURS);
        start = clock_cpu_ns();
        wrong |= bench_codec_encode(c);
        ret->encode = codec_each(start, PASSES_OURS);
        start = clock_cpu_ns();
        for (size_t pass = 0; pass < PASSES_THEIRS; pass++) {
                for (size_t i = 0; i < RECORDS; i++)
                        wrong |= theirs_decode(c, i, slots);
        }
        ret->their_decode = codec_each(start, PASSES_THEIRS);
        start = clock_cpu_ns();
        for (size_t pass = 0; pass < PASSES_THEIRS; pass++) {
                for (size_t i = 0; i < RECORDS; i++)
                        wrong |= theirs_encode(c, i);
        }
        ret->their_encode = codec_each(start, PASSES_THEIRS);
        start = clock_cpu_ns();
        wrong |= bench_codec_json(c);
        ret->json = codec_each(start, PASSES_JSON);
        start = clock_cpu_ns();
        wrong |= bench_codec_nested(c);
        ret->nested = codec_each(start, PASSES_JSON);
        return wrong == 0;
}

static void codec_print(const struct codec *c, const struct figures *f, bool json) {
        size_t bytes = 0;

        if (json) {
                printf("{\"decode_ns\":%.1f,\"encode_ns\":%.1f,\"avro_c_decode_ns\":%.1f,\"avro_c_encode_ns\":%.1f,\"json_ns\":%.1f,\"nested_json_ns\":%.1f}\n",
                       f->decode, f->encode, f->their_decode, f->their_encode, f->json, f->nested);
                return;
        }
        for (size_t i = 0; i < RECORDS; i++)
                bytes += c->bytes[i].n;
        printf("One " EVENT " of %zu fields and %zu bytes, CPU time:\n\n", c->layout->n, bytes / RECORDS);
        printf("          ketenwacht      avro-c     ratio\n");
        printf("decode  %9.1f ns %8.1f ns %8.1fx\n", f->decode, f->their_decode, f->their_decode / f->decode);
        printf("encode  %9.1f ns %8.1f ns %8.1fx\n", f->encode, f->their_encode, f->their_encode / f->encode);
        printf("\nTo JSON %8.1f ns a field; as one of %d in lists in a map in a record %8.1f ns, %.2f times as much\n", f->json / (double)c->layout->n,
               RECORDS, f->nested / (double)c->layout->n, f->nested / f->json);
}

static int codec_rounds(struct codec *c, size_t rounds, struct figures *ret, struct error *err) {
        double decode[BENCH_ROUNDS_MAX], encode[BENCH_ROUNDS_MAX], their_decode[BENCH_ROUNDS_MAX], their_encode[BENCH_ROUNDS_MAX];
        double json[BENCH_ROUNDS_MAX], nested[BENCH_ROUNDS_MAX];

        for (size_t i = 0; i < rounds; i++) {
                struct figures f;

                if (!codec_measure(c, &f)) {
                        error_set(err, "a record did not come back as it was; please report this");
                        return EXIT_NO;
                }
                decode[i] = f.decode;
                encode[i] = f.encode;
                their_decode[i] = f.their_decode;
                their_encode[i] = f.their_encode;
                json[i] = f.json;
                nested[i] = f.nested;
        }
        *ret = (struct figures){bench_middle(decode, rounds), bench_middle(encode, rounds), bench_middle(their_decode, rounds),
                                bench_middle(their_encode, rounds), bench_middle(json, rounds), bench_middle(nested, rounds)};
        return EXIT_DONE;
}

static int codec_run(int argc, char **argv, struct error *err) {
        struct bench_arguments arguments = BENCH_ARGUMENTS_DEFAULT;
        const char *text = NULL;
        const struct option_row options[] = {BENCH_OPTION_ROWS(&arguments), OPTION_TEXT_ROW("--rounds", &text), OPTION_END_ROW};
        int64_t rounds = BENCH_ROUNDS;
        struct codec *c;
        struct figures figures;
        int status = bench_options(argc, argv, options);

        if (status)
                return status;
        status = bench_number(argv[0], "--rounds", text, 1, BENCH_ROUNDS_MAX, &rounds);
        if (status)
                return status;
        c = calloc(1, sizeof(*c));
        if (!c) {
                error_set(err, "there is no memory for the records");
                return EXIT_NO;
        }
        status = codec_open(c, arguments.dirs.schemas, err);
        if (status == EXIT_DONE)
                status = codec_rounds(c, (size_t)rounds, &figures, err);
        if (status == EXIT_DONE)
                codec_print(c, &figures, arguments.json);
        codec_done(c);
        free(c);
        return status;
}

const struct bench bench_codec = {
        .name = "codec",
        .summary = "one event, bytes to slots and back, beside avro-c; to JSON, flat and nested",
        .help = "Usage: ketenwacht bench codec [--json] [--schemas DIR] [--rounds N]\n\n"
                "One event of ten fields, bytes to slots and back, beside avro-c's generic values doing the same; CPU time. Then the same event\n"
                "to JSON, and as one of 64 that stand in lists in a map in a record: what nesting costs.\n"
                "--json: {\"decode_ns\", \"encode_ns\", \"avro_c_decode_ns\", \"avro_c_encode_ns\", \"json_ns\", \"nested_json_ns\"}\n\n"
                "  --rounds N     measure so often; the middle one counts (default 9)\n",
        .run = codec_run,
};
