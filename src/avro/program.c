/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Compiles a program: for each value of the writer the steps that read it, or the reason why none do
 *
 * What is nested is not compiled where it stands but noted as a part, once for each pair of types, and its turn comes when what is
 * under way is done. So nothing here calls itself, however types hold one another.
 */

#include "avro/program.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "avro/match.h"
#include "base/buffer.h"
#include "base/table.h"
#include "base/vector.h"

#define PROGRAM_MEMORY_MAX ((size_t)16 * 1024 * 1024)
#define PROGRAM_PATH_MAX 256 /* bytes; of a longer one the end is kept */
#define PROGRAM_WORD_MAX (SCHEMA_NAME_MAX + 64)
#define PROGRAM_REASONS_MAX 4096
#define PROGRAM_REASON_MAX (PROGRAM_PATH_MAX + 4 * PROGRAM_WORD_MAX) /* one sentence: a place and four names at most */

struct program_pair { /* the key of a part: nothing but two pointers */
        const struct schema *writer, *reader;
};

/* Steps that stand together: of a record, of the items of an array or map; the first part is what stands outermost. */
struct program_part {
        struct program_pair pair;
        const char *path; /* where it stands first, for reasons: "" outermost, else "items[].address" */
        size_t number;    /* among the parts */
        uint32_t at;      /* its first step */
        bool value;       /* one value of the pair itself, not what it holds */
        bool ordered;     /* a record's steps fill the reader's fields one after another */
};

struct program_compile {
        VECTOR(struct op) ops;
        VECTOR(struct program_part *) parts;
        struct table known; /* of pairs to parts */
        struct arena *arena;
        const struct layout *layout; /* the reader's; NULL: it has none */
        struct buffer reasons, gaps; /* sentences with "; " between */
        enum language language;      /* of the sentences */
        const struct program_part *part; /* whose steps are being made */
        const char *field;               /* and of which field of it; "" outside records */
};

/* Adds to a list of sentences; what is too much is left out, the first ones say enough. */
#define program_note(list, ...)                                        \
        do {                                                   \
                if ((list)->n < PROGRAM_REASONS_MAX) {         \
                        if ((list)->n)                         \
                                buffer_add_text((list), "; "); \
                        buffer_printf((list), __VA_ARGS__);    \
                }                                              \
        } while (0)

/* The path of the value whose steps are being made: "items[].name"; "" outermost. */
static void program_path(const struct program_compile *c, char ret[PROGRAM_PATH_MAX + SCHEMA_NAME_MAX + 2]) {
        (void) snprintf(ret, PROGRAM_PATH_MAX + SCHEMA_NAME_MAX + 2, "%s%s%s", c->part->path, *c->part->path && *c->field ? "." : "", c->field);
}

/* "field 'items[].name'", or "the value". */
static const char *program_place(const struct program_compile *c, char ret[PROGRAM_REASON_MAX]) {
        char path[PROGRAM_PATH_MAX + SCHEMA_NAME_MAX + 2];

        program_path(c, path);
        if (*path)
                (void) snprintf(ret, PROGRAM_REASON_MAX, IN_LANGUAGE(c->language, "field '%s'", "veld '%s'"), path);
        else
                (void) snprintf(ret, PROGRAM_REASON_MAX, "%s", IN_LANGUAGE(c->language, "the value", "de waarde"));
        return ret;
}

/* Return: 0; -ENOMEM; -EINVAL when there are too many, and the reasons say so. */
static int program_emit(struct program_compile *c, struct op op) {
        if (c->ops.n == PROGRAM_OPS_MAX) {
                program_note(&c->reasons, IN_LANGUAGE(c->language, "this takes more than %d steps", "dit vraagt meer dan %d stappen"), PROGRAM_OPS_MAX);
                return -EINVAL;
        }
        op.field = c->field;
        return vector_push(&c->ops, op);
}

/* -- Values -- */

/* The type of the reader that takes a writer's, which is no union; NULL: none. */
static const struct schema *program_taker(const struct schema *writer, const struct schema *reader) {
        int branch;

        if (reader->kind != SCHEMA_UNION)
                return match_types(writer, reader) == MATCH_NOT ? NULL : reader;
        branch = match_branch(writer, reader);
        return branch < 0 ? NULL : reader->branches[branch];
}

/*
 * Whether a number or bytes would be read as what they do not say: both have a logical type that means something, and not the same
 * (milliseconds as microseconds, a decimal of another scale). A logical type that only one has takes nothing away from the value.
 */
static bool program_misreads(const struct schema *writer, const struct schema *reader) {
        bool means = writer->logical != SCHEMA_NOT_LOGICAL && writer->logical != SCHEMA_OTHER_LOGICAL && reader->logical != SCHEMA_NOT_LOGICAL &&
                     reader->logical != SCHEMA_OTHER_LOGICAL;

        if (!means)
                return false;
        return writer->logical != reader->logical || (writer->logical == SCHEMA_DECIMAL && writer->scale != reader->scale);
}

/* The step that reads @writer as @reader, which match. */
static enum op_code program_step_for(const struct schema *writer, const struct schema *reader) {
        enum schema_kind w = writer->kind;

        switch (reader->kind) {
        case SCHEMA_NULL:
                return OP_NULL;
        case SCHEMA_BOOLEAN:
                return OP_BOOLEAN;
        case SCHEMA_INT:
                return OP_INT;
        case SCHEMA_LONG:
                return w == SCHEMA_INT ? OP_INT : OP_LONG;
        case SCHEMA_FLOAT:
                return w == SCHEMA_INT ? OP_INT_TO_FLOAT : w == SCHEMA_LONG ? OP_LONG_TO_FLOAT : OP_FLOAT;
        case SCHEMA_DOUBLE:
                return w == SCHEMA_INT     ? OP_INT_TO_DOUBLE
                       : w == SCHEMA_LONG  ? OP_LONG_TO_DOUBLE
                       : w == SCHEMA_FLOAT ? OP_FLOAT
                                           : OP_DOUBLE;
        case SCHEMA_STRING:
                return reader->logical != SCHEMA_UUID ? OP_STRING : w == SCHEMA_FIXED ? OP_UUID_FIXED : OP_UUID_TEXT;
        case SCHEMA_BYTES:
                return w == SCHEMA_STRING ? OP_STRING : OP_BYTES;
        case SCHEMA_ENUM:
                return OP_ENUM;
        case SCHEMA_FIXED:
                return reader->logical != SCHEMA_UUID ? OP_FIXED : w == SCHEMA_FIXED ? OP_UUID_FIXED : OP_UUID_TEXT;
        case SCHEMA_RECORD:
                return OP_RECORD;
        case SCHEMA_ARRAY:
                return OP_ARRAY;
        case SCHEMA_MAP:
                return OP_MAP;
        case SCHEMA_UNION:
                break;
        }
        assert(false); /* program_taker() gives none */
        return OP_REFUSE;
}

static int program_emit_enum(struct program_compile *c, const struct schema *writer, const struct schema *reader, struct op op) {
        int32_t *map = arena_calloc(c->arena, writer->n_symbols, sizeof(*map));
        char place[PROGRAM_REASON_MAX];

        if (!map)
                return -ENOMEM;
        for (size_t i = 0; i < writer->n_symbols; i++) {
                map[i] = match_symbol(writer->symbols[i], reader);
                if (map[i] < 0)
                        program_note(&c->gaps, IN_LANGUAGE(c->language, "%s: the reader has no symbol %s", "%s: de lezer kent de waarde %s niet"),
                                     program_place(c, place), writer->symbols[i]);
        }
        op.n = (uint32_t)writer->n_symbols;
        op.symbols = map;
        return program_emit(c, op);
}

/* The part of a pair, noted when it is new. Return: 0 or -ENOMEM. */
static int program_part_of(struct program_compile *c, struct program_pair pair, const char *path, const struct program_part **ret) {
        size_t n = strlen(path), cut = n > PROGRAM_PATH_MAX ? n - PROGRAM_PATH_MAX : 0;
        struct program_part *part = table_get(&c->known, &pair, sizeof(pair));
        int r;

        *ret = part;
        if (part)
                return 0;
        part = arena_calloc(c->arena, 1, sizeof(*part));
        if (!part)
                return -ENOMEM;
        part->pair = pair;
        part->path = arena_copy(c->arena, path + cut, n - cut);
        part->number = c->parts.n;
        if (!part->path)
                return -ENOMEM;
        r = table_put(&c->known, &part->pair, sizeof(part->pair), part);
        if (r)
                return r;
        *ret = part;
        return vector_push(&c->parts, part);
}

/* A record, array or map: for now the number of its part stands where its steps begin. */
static int program_emit_nested(struct program_compile *c, const struct schema *writer, const struct schema *reader, struct op op) {
        char path[PROGRAM_PATH_MAX + SCHEMA_NAME_MAX + 2], inside[sizeof(path) + 2];
        const struct program_part *part;
        int r;

        program_path(c, path);
        (void) snprintf(inside, sizeof(inside), "%s%s", path, op.code == OP_RECORD ? "" : op.code == OP_ARRAY ? "[]" : "{}");
        r = program_part_of(c, (struct program_pair){writer, reader}, inside, &part);
        if (r)
                return r;
        op.n = (uint32_t)part->number;
        return program_emit(c, op);
}

/* The step for a writer's type that is no union. Return: 0; 1 when it does not resolve; -ENOMEM, -EINVAL. */
static int program_emit_plain(struct program_compile *c, const struct schema *writer, const struct schema *reader, uint16_t slot) {
        const struct schema *taker = program_taker(writer, reader);
        struct op op = {.slot = slot, .type = taker};

        if (!taker || (!c->layout && program_misreads(writer, taker)))
                return 1;
        op.code = (uint8_t)program_step_for(writer, taker);
        if (op.code == OP_ENUM)
                return program_emit_enum(c, writer, taker, op);
        if (op.code == OP_RECORD || op.code == OP_ARRAY || op.code == OP_MAP)
                return program_emit_nested(c, writer, taker, op);
        return program_emit(c, op);
}

/* Null and one other type that resolves: two steps. Return: as above. */
static int program_emit_nullable(struct program_compile *c, const struct schema *writer, const struct schema *reader, uint16_t slot) {
        uint8_t null_branch = writer->branches[0]->kind == SCHEMA_NULL ? 0 : 1;
        const struct schema *taker;
        char place[PROGRAM_REASON_MAX];
        bool takes;
        int r;

        if (writer->n_branches != 2 || writer->branches[null_branch]->kind != SCHEMA_NULL)
                return 1;
        taker = program_taker(writer->branches[1 - null_branch], reader);
        if (!taker || (!c->layout && program_misreads(writer->branches[1 - null_branch], taker)))
                return 1;
        takes = program_taker(writer->branches[null_branch], reader) != NULL;
        if (!takes)
                program_note(&c->gaps, IN_LANGUAGE(c->language, "%s: the reader takes no null", "%s: bij de lezer kan dit niet leeg zijn (null)"),
                             program_place(c, place));
        r = program_emit(c, (struct op){.code = takes ? OP_OPTIONAL : OP_REQUIRED, .slot = slot, .null_branch = null_branch});
        return r ? r : program_emit_plain(c, writer->branches[1 - null_branch], reader, slot);
}

/* Any other union: each branch has steps of its own, and then goes on behind the last. Return: as above. */
static int program_emit_branches(struct program_compile *c, const struct schema *writer, const struct schema *reader, uint16_t slot) {
        uint32_t *targets = arena_calloc(c->arena, writer->n_branches, sizeof(*targets));
        size_t first = c->ops.n, readable = 0;
        char place[PROGRAM_REASON_MAX];
        int r;

        if (!targets)
                return -ENOMEM;
        r = program_emit(c, (struct op){.code = OP_BRANCH, .n = (uint32_t)writer->n_branches, .targets = targets});
        for (size_t i = 0; i < writer->n_branches && r == 0; i++) {
                targets[i] = (uint32_t)c->ops.n;
                r = program_emit_plain(c, writer->branches[i], reader, slot);
                if (r == 0)
                        readable++;
                if (r > 0) {
                        program_note(&c->gaps, IN_LANGUAGE(c->language, "%s: the reader has no place for %s", "%s: de lezer heeft geen plaats voor %s"),
                                     program_place(c, place), writer->branches[i]->name);
                        r = program_emit(c, (struct op){.code = OP_REFUSE});
                }
                if (r == 0)
                        r = program_emit(c, (struct op){.code = OP_JUMP});
        }
        if (r)
                return r;
        for (size_t i = first; i < c->ops.n; i++) {
                if (c->ops.items[i].code == OP_JUMP)
                        c->ops.items[i].n = (uint32_t)c->ops.n;
        }
        return readable ? 0 : 1;
}

/* A type as people call it. */
static const char *program_word_of(const struct schema *s, char ret[PROGRAM_WORD_MAX]) {
        if (s->logical == SCHEMA_DECIMAL)
                (void) snprintf(ret, PROGRAM_WORD_MAX, "decimal(%u,%u)", s->precision, s->scale);
        else if (s->logical == SCHEMA_NOT_LOGICAL || s->logical == SCHEMA_OTHER_LOGICAL)
                (void) snprintf(ret, PROGRAM_WORD_MAX, "%s", s->name);
        else
                (void) snprintf(ret, PROGRAM_WORD_MAX, "%s", schema_property_string(s->properties, "logicalType"));
        return ret;
}

/* The reader's: with "null or ", and what tells the two uuids apart. */
static const char *program_wanted(const struct program_compile *c, const struct schema *s, char ret[PROGRAM_WORD_MAX]) {
        const char *null = "", *bytes = "";
        char word[PROGRAM_WORD_MAX];

        for (size_t i = 0; s->kind == SCHEMA_UNION && s->n_branches == 2 && i < 2; i++) {
                if (s->branches[i]->kind != SCHEMA_NULL)
                        continue;
                null = IN_LANGUAGE(c->language, "null or ", "null of ");
                s = s->branches[1 - i];
        }
        if (s->kind == SCHEMA_FIXED && s->logical == SCHEMA_UUID)
                bytes = " (16 bytes)";
        (void) snprintf(ret, PROGRAM_WORD_MAX, "%s%.*s%s", null, PROGRAM_WORD_MAX - 32, program_word_of(s, word), bytes);
        return ret;
}

/* The steps of one value of any type. What does not resolve becomes a reason. Return: 0; -ENOMEM, -EINVAL. */
static int program_compile_value(struct program_compile *c, const struct schema *writer, const struct schema *reader, uint16_t slot) {
        char place[PROGRAM_REASON_MAX], written[PROGRAM_WORD_MAX], wanted[PROGRAM_WORD_MAX];
        int r = 1;

        if (writer->kind == SCHEMA_UNION) {
                r = program_emit_nullable(c, writer, reader, slot);
                if (r > 0)
                        r = program_emit_branches(c, writer, reader, slot);
        } else {
                r = program_emit_plain(c, writer, reader, slot);
        }
        if (r <= 0)
                return r;
        program_note(&c->reasons, IN_LANGUAGE(c->language, "%s was written as %s and cannot be read as %s", "%s is geschreven als %s en niet te lezen als %s"),
                     program_place(c, place), program_word_of(writer, written), program_wanted(c, reader, wanted));
        return 0;
}

/* -- Records -- */

/* What was not written. */
static int program_compile_default(struct program_compile *c, const struct schema *reader, size_t field) {
        const struct schema_field *f = &reader->fields[field];
        struct op op = {.code = OP_DEFAULT, .slot = (uint16_t)field, .type = f->type};
        char place[PROGRAM_REASON_MAX];

        c->field = f->name;
        if (f->default_value) {
                op.value = c->layout ? &c->layout->fields[field].default_value : NULL;
                return program_emit(c, op);
        }
        program_note(&c->reasons, IN_LANGUAGE(c->language, "%s was not written and has no default", "%s is niet geschreven en heeft geen default"),
                     program_place(c, place));
        return 0;
}

static int program_compile_record(struct program_compile *c, const struct schema *writer, const struct schema *reader, bool *ret_ordered) {
        bool read[SCHEMA_FIELDS_MAX] = {false};
        int slots[SCHEMA_FIELDS_MAX], last = -1, r = 0;

        *ret_ordered = true;
        match_fields(writer, reader, slots);
        for (size_t i = 0; i < writer->n_fields && r == 0; i++) {
                c->field = writer->fields[i].name;
                if (slots[i] < 0) {
                        r = program_emit(c, (struct op){.code = OP_SKIP, .skip = writer->fields[i].type});
                        continue;
                }
                *ret_ordered = *ret_ordered && slots[i] > last;
                last = slots[i];
                read[slots[i]] = true;
                r = program_compile_value(c, writer->fields[i].type, reader->fields[slots[i]].type, (uint16_t)slots[i]);
        }
        for (size_t i = 0; i < reader->n_fields && r == 0; i++) {
                if (read[i])
                        continue;
                *ret_ordered = *ret_ordered && (int)i > last;
                last = (int)i;
                r = program_compile_default(c, reader, i);
        }
        return r;
}

/* -- All of it -- */

static int program_compile_part(struct program_compile *c, struct program_part *part) {
        const struct schema *writer = part->pair.writer, *reader = part->pair.reader;
        int r;

        part->at = (uint32_t)c->ops.n;
        c->part = part;
        c->field = "";
        if (part->value)
                r = program_compile_value(c, writer, reader, 0);
        else if (reader->kind == SCHEMA_RECORD)
                r = program_compile_record(c, writer, reader, &part->ordered);
        else
                r = program_compile_value(c, writer->items, reader->items, 0);
        c->field = "";
        return r ? r : program_emit(c, (struct op){.code = OP_END});
}

/* What stands outermost: two records by their fields at once, else a value of whatever type. */
static int program_begin(struct program_compile *c, const struct schema *writer, const struct schema *reader) {
        bool records = writer->kind == SCHEMA_RECORD && reader->kind == SCHEMA_RECORD;
        const struct program_part *known;
        struct program_part *part;

        if (records && !match_names(writer, reader))
                program_note(&c->reasons, IN_LANGUAGE(c->language, "the writer's record is %s, not %s", "het record van de schrijver is %s, niet %s"),
                             schema_short_name(writer->name), schema_short_name(reader->name));
        if (records)
                return program_part_of(c, (struct program_pair){writer, reader}, "", &known);
        part = arena_calloc(c->arena, 1, sizeof(*part)); /* not among those that are known: an array holds its items, this is the array */
        if (!part)
                return -ENOMEM;
        *part = (struct program_part){.pair = {writer, reader}, .path = "", .value = true};
        return vector_push(&c->parts, part);
}

static int program_finish(struct program_compile *c, struct program *program) {
        const struct program_part *first = c->parts.items[0];

        for (size_t i = 0; i < c->ops.n; i++) {
                struct op *op = &c->ops.items[i];

                if (op->code != OP_RECORD && op->code != OP_ARRAY && op->code != OP_MAP)
                        continue;
                if (op->code == OP_RECORD)
                        op->ordered = c->parts.items[op->n]->ordered;
                op->n = c->parts.items[op->n]->at;
        }
        program->root = (struct op){.code = first->value ? OP_END : OP_RECORD, .ordered = first->ordered, .field = "", .type = first->pair.reader};
        program->gaps = arena_copy(c->arena, c->gaps.bytes, c->gaps.n);
        program->ops = arena_alloc(c->arena, c->ops.n * sizeof(*c->ops.items));
        if (!program->gaps || !program->ops)
                return -ENOMEM;
        memcpy(program->ops, c->ops.items, c->ops.n * sizeof(*c->ops.items));
        return 0;
}

static int program_compile_all(struct program_compile *c, const struct schema_file *writer, const struct schema_file *reader, struct program *program,
                               struct error *err) {
        int r = program_begin(c, schema_root(writer), schema_root(reader));

        for (size_t i = 0; r == 0 && i < c->parts.n; i++) /* more may come meanwhile */
                r = program_compile_part(c, c->parts.items[i]);
        if (r == -ENOMEM || c->reasons.failed || c->gaps.failed)
                return -ENOMEM;
        if (c->reasons.n) {
                error_set(err, IN_LANGUAGE(c->language, "what %s writes cannot be read as %s: %s", "wat %s schrijft, is niet te lezen als %s: %s"),
                          schema_name(writer), schema_name(reader), buffer_text(&c->reasons));
                return -EINVAL;
        }
        return program_finish(c, program);
}

static int program_make(const struct schema_file *writer, const struct schema_file *reader, const struct layout *layout, struct program **ret,
                        struct error *err) {
        struct program_compile c = {.language = schema_language(reader),
                            .layout = layout,
                            .reasons = BUFFER_INIT(PROGRAM_REASONS_MAX + PROGRAM_REASON_MAX),
                            .gaps = BUFFER_INIT(PROGRAM_REASONS_MAX + PROGRAM_REASON_MAX),
                            .field = ""};
        CLEANUP(program_free_p) struct program *program = calloc(1, sizeof(*program));
        int r;

        if (!program)
                return error_trace(-ENOMEM, err);
        r = arena_new(&program->arena, PROGRAM_MEMORY_MAX);
        if (r)
                return error_trace(r, err);
        c.arena = program->arena;
        r = program_compile_all(&c, writer, reader, program, err);
        vector_done(&c.ops);
        vector_done(&c.parts);
        table_done(&c.known);
        buffer_done(&c.reasons);
        buffer_done(&c.gaps);
        if (r)
                return error_trace(r, err);
        *ret = TAKE(program);
        return 0;
}

int program_new(const struct schema_file *writer, const struct layout *reader, struct program **ret, struct error *err) {
        assert(writer && reader && ret);
        if (schema_root(writer)->kind != SCHEMA_RECORD) {
                error_set(err, IN_LANGUAGE(schema_language(reader->file), "%s: a record was expected, this is %s", "%s: hier hoort een record, en dit is %s"),
                          schema_name(writer), schema_root(writer)->name);
                return -EINVAL;
        }
        return program_make(writer, reader->file, reader, ret, err);
}

int program_new_any(const struct schema_file *writer, const struct schema_file *reader, struct program **ret, struct error *err) {
        assert(writer && reader && ret);
        return program_make(writer, reader, NULL, ret, err);
}

struct program *program_free(struct program *program) {
        if (!program)
                return NULL;
        arena_free(program->arena);
        free(program);
        return NULL;
}

const char *program_gaps(const struct program *program) {
        return program->gaps;
}
