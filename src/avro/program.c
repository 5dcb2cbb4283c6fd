/* SPDX-License-Identifier: EUPL-1.2 */

/* Compiles a program: for each field of the writer the steps that read it into the reader's slot, or the reason why none do. */

#include "avro/program.h"

#include <assert.h>
#include <errno.h>

#include "avro/match.h"
#include "base/buffer.h"
#include "base/vector.h"

#define PROGRAM_MEMORY_MAX ((size_t)16 * 1024 * 1024)
#define PROGRAM_REASONS_MAX 4096
#define PROGRAM_REASON_MAX (4 * (SCHEMA_NAME_MAX + 64)) /* one sentence: four names at most */

struct program_compile {
        VECTOR(struct op) ops;
        struct arena *arena;
        struct buffer reasons, gaps; /* sentences with "; " between */
        enum language language;      /* of the sentences */
        const char *field;           /* whose steps are being made */
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

static int program_emit(struct program_compile *c, struct op op) {
        op.field = c->field;
        return vector_push(&c->ops, op);
}

/* The step that reads @writer into a field, or OP_END when the types do not resolve. */
static enum op_code program_step_for(const struct schema *writer, const struct layout_field *f) {
        enum schema_kind w = writer->kind;

        if (match_types(writer, f->plain) == MATCH_NOT)
                return OP_END;
        switch (f->type) {
        case LAYOUT_BOOLEAN:
                return OP_BOOLEAN;
        case LAYOUT_INT:
        case LAYOUT_DATE:
                return OP_INT;
        case LAYOUT_LONG:
        case LAYOUT_TIMESTAMP:
                return w == SCHEMA_INT ? OP_INT : OP_LONG;
        case LAYOUT_FLOAT:
                return w == SCHEMA_INT ? OP_INT_TO_FLOAT : w == SCHEMA_LONG ? OP_LONG_TO_FLOAT : OP_FLOAT;
        case LAYOUT_DOUBLE:
                return w == SCHEMA_INT     ? OP_INT_TO_DOUBLE
                       : w == SCHEMA_LONG  ? OP_LONG_TO_DOUBLE
                       : w == SCHEMA_FLOAT ? OP_FLOAT
                                           : OP_DOUBLE;
        case LAYOUT_STRING:
                return OP_STRING;
        case LAYOUT_ENUM:
                return OP_ENUM;
        case LAYOUT_UUID:
        case LAYOUT_UUID_FIXED:
                return w == SCHEMA_FIXED ? OP_UUID_FIXED : OP_UUID_TEXT;
        }
        return OP_END;
}

static int program_emit_enum(struct program_compile *c, const struct schema *writer, const struct layout_field *f, uint8_t slot) {
        int32_t *map = arena_calloc(c->arena, writer->n_symbols, sizeof(*map));

        if (!map)
                return -ENOMEM;
        for (size_t i = 0; i < writer->n_symbols; i++) {
                map[i] = match_symbol(writer->symbols[i], f->plain);
                if (map[i] < 0)
                        program_note(&c->gaps,
                                     IN_LANGUAGE(c->language, "field '%s': the reader has no symbol %s", "veld '%s': de lezer kent de waarde %s niet"),
                                     c->field, writer->symbols[i]);
        }
        return program_emit(c, (struct op){.code = OP_ENUM, .slot = slot, .n = (uint32_t)writer->n_symbols, .symbols = map});
}

/* The step for a writer's type that is no union. Return: 0; 1 when it does not resolve; -ENOMEM. */
static int program_emit_plain(struct program_compile *c, const struct schema *writer, const struct layout_field *f, uint8_t slot) {
        enum op_code code;

        if (writer->kind == SCHEMA_NULL)
                return f->nullable ? program_emit(c, (struct op){.code = OP_NULL, .slot = slot}) : 1;
        code = program_step_for(writer, f);
        if (code == OP_END)
                return 1;
        if (code == OP_ENUM)
                return program_emit_enum(c, writer, f, slot);
        return program_emit(c, (struct op){.code = (uint8_t)code, .slot = slot});
}

/* Null and one other type that resolves: two steps. Return: as above. */
static int program_emit_nullable(struct program_compile *c, const struct schema *writer, const struct layout_field *f, uint8_t slot) {
        uint8_t null_branch = writer->branches[0]->kind == SCHEMA_NULL ? 0 : 1;
        enum op_code code = f->nullable ? OP_OPTIONAL : OP_REQUIRED;
        int r;

        if (writer->n_branches != 2 || writer->branches[null_branch]->kind != SCHEMA_NULL)
                return 1;
        if (program_step_for(writer->branches[1 - null_branch], f) == OP_END)
                return 1;
        if (!f->nullable)
                program_note(&c->gaps,
                             IN_LANGUAGE(c->language, "field '%s': the reader takes no null", "veld '%s': bij de lezer kan dit niet leeg zijn (null)"),
                             c->field);
        r = program_emit(c, (struct op){.code = (uint8_t)code, .slot = slot, .null_branch = null_branch});
        return r ? r : program_emit_plain(c, writer->branches[1 - null_branch], f, slot);
}

/* Any other union: each branch has steps of its own, and then goes on behind the last. Return: as above. */
static int program_emit_branches(struct program_compile *c, const struct schema *writer, const struct layout_field *f, uint8_t slot) {
        uint32_t *targets = arena_calloc(c->arena, writer->n_branches, sizeof(*targets));
        size_t first = c->ops.n, readable = 0;
        int r;

        if (!targets)
                return -ENOMEM;
        r = program_emit(c, (struct op){.code = OP_BRANCH, .n = (uint32_t)writer->n_branches, .targets = targets});
        for (size_t i = 0; i < writer->n_branches && r == 0; i++) {
                targets[i] = (uint32_t)c->ops.n;
                r = program_emit_plain(c, writer->branches[i], f, slot);
                if (r == 0)
                        readable++;
                if (r > 0) {
                        program_note(&c->gaps,
                                     IN_LANGUAGE(c->language, "field '%s': the reader has no place for %s", "veld '%s': de lezer heeft geen plaats voor %s"),
                                     c->field, writer->branches[i]->name);
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

static const char *program_word_of(const struct schema *s) {
        return s->logical == SCHEMA_NOT_LOGICAL ? s->name : schema_property_string(s->properties, "logicalType");
}

static int program_compile_field(struct program_compile *c, const struct schema_field *writer, const struct layout *reader, int slot) {
        const struct layout_field *f;
        int r;

        c->field = writer->name;
        if (slot < 0)
                return program_emit(c, (struct op){.code = OP_SKIP, .skip = writer->type});
        f = &reader->fields[slot];
        r = 1;
        if (writer->type->kind == SCHEMA_UNION) {
                r = program_emit_nullable(c, writer->type, f, (uint8_t)slot);
                if (r > 0)
                        r = program_emit_branches(c, writer->type, f, (uint8_t)slot);
        } else {
                r = program_emit_plain(c, writer->type, f, (uint8_t)slot);
        }
        if (r > 0) {
                program_note(&c->reasons,
                             IN_LANGUAGE(c->language, "field '%s' was written as %s and cannot be read as %s%s",
                                         "veld '%s' is geschreven als %s en niet te lezen als %s%s"),
                             f->name, program_word_of(writer->type), f->nullable ? IN_LANGUAGE(c->language, "null or ", "null of ") : "",
                             f->type == LAYOUT_ENUM ? f->plain->name : layout_type_word(f->type));
                r = 0;
        }
        return r;
}

static int program_compile_record(struct program_compile *c, const struct schema *writer, const struct layout *reader) {
        const struct schema *root = schema_root(reader->file); /* its fields are the slots */
        bool read[LAYOUT_SLOTS_MAX] = {false};
        int slots[SCHEMA_FIELDS_MAX], r = 0;

        if (!match_names(writer, root))
                program_note(&c->reasons, IN_LANGUAGE(c->language, "the writer's record is %s, not %s", "het record van de schrijver is %s, niet %s"),
                             schema_short_name(writer->name), schema_short_name(reader->name));
        match_fields(writer, root, slots);
        for (size_t i = 0; i < writer->n_fields && r == 0; i++) {
                if (slots[i] >= 0)
                        read[slots[i]] = true;
                r = program_compile_field(c, &writer->fields[i], reader, slots[i]);
        }
        for (size_t i = 0; i < reader->n && r == 0; i++) {
                const struct layout_field *f = &reader->fields[i];

                c->field = f->name;
                if (read[i])
                        continue;
                if (f->has_default)
                        r = program_emit(c, (struct op){.code = OP_DEFAULT, .slot = (uint8_t)i, .value = &f->default_value});
                else
                        program_note(&c->reasons,
                                     IN_LANGUAGE(c->language, "field '%s' was not written and has no default",
                                                 "veld '%s' is niet geschreven en heeft geen default"),
                                     f->name);
        }
        c->field = "";
        return r ? r : program_emit(c, (struct op){.code = OP_END});
}

static int program_compile_all(struct program_compile *c, const struct schema_file *writer, const struct layout *reader, struct program *program,
                       struct error *err) {
        int r = program_compile_record(c, schema_root(writer), reader);

        if (r)
                return r;
        if (c->reasons.failed || c->gaps.failed)
                return -ENOMEM;
        if (c->reasons.n) {
                error_set(err, IN_LANGUAGE(c->language, "what %s writes cannot be read as %s: %s", "wat %s schrijft, is niet te lezen als %s: %s"),
                          schema_name(writer), schema_name(reader->file), buffer_text(&c->reasons));
                return -EINVAL;
        }
        program->gaps = arena_copy(c->arena, c->gaps.bytes, c->gaps.n);
        program->ops = arena_alloc(c->arena, c->ops.n * sizeof(*c->ops.items));
        if (!program->gaps || !program->ops)
                return -ENOMEM;
        memcpy(program->ops, c->ops.items, c->ops.n * sizeof(*c->ops.items));
        return 0;
}

int program_new(const struct schema_file *writer, const struct layout *reader, struct program **ret, struct error *err) {
        struct program_compile c = {.language = schema_language(reader->file),
                            .reasons = BUFFER_INIT(PROGRAM_REASONS_MAX + PROGRAM_REASON_MAX),
                            .gaps = BUFFER_INIT(PROGRAM_REASONS_MAX + PROGRAM_REASON_MAX),
                            .field = ""};
        CLEANUP(program_free_p) struct program *program = NULL;
        int r;

        assert(writer && reader && ret);
        if (schema_root(writer)->kind != SCHEMA_RECORD) {
                error_set(err, IN_LANGUAGE(schema_language(reader->file), "%s: a record was expected, this is %s", "%s: hier hoort een record, en dit is %s"),
                          schema_name(writer), schema_root(writer)->name);
                return -EINVAL;
        }
        program = calloc(1, sizeof(*program));
        if (!program)
                return error_trace(-ENOMEM, err);
        r = arena_new(&program->arena, PROGRAM_MEMORY_MAX);
        if (r)
                return error_trace(r, err);
        c.arena = program->arena;
        r = program_compile_all(&c, writer, reader, program, err);
        vector_done(&c.ops);
        buffer_done(&c.reasons);
        buffer_done(&c.gaps);
        if (r)
                return error_trace(r, err);
        *ret = TAKE(program);
        return 0;
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
