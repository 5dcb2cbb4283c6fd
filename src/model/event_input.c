/* SPDX-License-Identifier: EUPL-1.2 */

/* Lines and data from one door. */

#include "model/event_input.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"

/* What one branch of the container's schema is: the schema itself when it is no union. */
struct input_branch {
        struct schema_file *own;         /* of a union: the branch by itself */
        const struct schema_file *file;
        const struct event_type *type;   /* NULL: no event type */
        struct program *program;         /* NULL: no event type */
};

struct event_input {
        struct event_input_config config;
        struct lines lines;
        struct container *container; /* NULL: lines */
        struct input_branch *branches;
        size_t n_branches;
        bool is_union;
        struct container_block block;
        size_t at;      /* in the block */
        uint64_t taken; /* data of the block */
        uint64_t number;
};

struct event_input *event_input_free(struct event_input *input) {
        if (!input)
                return NULL;
        for (size_t i = 0; i < input->n_branches; i++) {
                program_free(input->branches[i].program);
                schema_free(input->branches[i].own);
        }
        free(input->branches);
        container_free(input->container);
        lines_done(&input->lines);
        free(input);
        return NULL;
}

bool event_input_is_container(const struct event_input *input) {
        return input->container != NULL;
}

uint64_t event_input_number(const struct event_input *input) {
        return input->container ? input->number : input->lines.number;
}

/* -- Which events the schema of a container can hold -- */

/* The event type whose record is called so, in whichever namespace: partners' copies of the schemas have their own. */
static const struct event_type *input_find_type(const struct event_types *types, const char *record) {
        for (size_t i = 0; i < event_types_count(types); i++) {
                const struct event_type *type = event_types_at(types, i);

                if (strcmp(schema_short_name(type->layout->name), schema_short_name(record)) == 0)
                        return type;
        }
        return NULL;
}

static int input_resolve(struct event_input *input, struct input_branch *branch, struct error *err) {
        const struct schema *root = schema_root(branch->file);
        struct error why = {0};
        int r;

        branch->type = root->kind == SCHEMA_RECORD ? input_find_type(input->config.types, root->name) : NULL;
        if (!branch->type)
                return 0;
        r = program_new(branch->file, branch->type->layout, &branch->program, &why);
        if (r == -EINVAL)
                error_set(err, "%s: its %s is not the one of %s.avsc: %s", input->config.name, root->name, branch->type->name, why.text);
        return r;
}

/* A branch of a union as a schema of its own. */
static int input_split(struct event_input *input, struct input_branch *branch, const json_t *json, struct error *err) {
        CLEANUP(cleanup_free) char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
        struct error why = {0};
        int r = text ? schema_parse(input->config.name, text, strlen(text), LANGUAGE_EN, &branch->own, &why) : -ENOMEM;

        if (r == -EINVAL)
                error_set(err, "%s: a branch of its union cannot be read by itself: %s", input->config.name, why.text);
        branch->file = branch->own;
        return r;
}

static int input_union(struct event_input *input, const struct schema_file *file, struct error *err) {
        json_t *json = json_loads(schema_json(file), JSON_DECODE_ANY, NULL);
        int r = json_is_array(json) && json_array_size(json) == input->n_branches ? 0 : -EINVAL;

        if (r)
                error_set(err, "%s: its union is not written as a list of types", input->config.name);
        for (size_t i = 0; r == 0 && i < input->n_branches; i++) {
                r = input_split(input, &input->branches[i], json_array_get(json, i), err);
                if (r == 0)
                        r = input_resolve(input, &input->branches[i], err);
        }
        json_decref(json);
        return r;
}

/* In none of its branches is an event: says what stands there. */
static int input_no_event(const struct event_input *input, struct error *err) {
        const struct schema *root = schema_root(input->branches[0].file);
        struct nearest nearest = NEAREST_INIT(schema_short_name(root->name));
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; i < event_types_count(input->config.types); i++) {
                const struct event_type *type = event_types_at(input->config.types, i);

                if (!type->output)
                        nearest_try(&nearest, schema_short_name(type->layout->name));
        }
        error_set(err, "%s: holds no events: what stands in it is called %.100s, and no schema describes an event of that record%s", input->config.name,
                  root->name, nearest_hint(&nearest, hint));
        return -EINVAL;
}

static int input_open_container(struct event_input *input, struct error *err) {
        int r = container_open(input->config.in, input->config.name, &input->container, err);
        const struct schema_file *file = r ? NULL : container_schema(input->container);
        const struct schema *root = r ? NULL : schema_root(file);

        if (r)
                return r;
        input->is_union = root->kind == SCHEMA_UNION;
        input->n_branches = input->is_union ? root->n_branches : 1;
        input->branches = calloc(input->n_branches ? input->n_branches : 1, sizeof(*input->branches));
        if (!input->branches)
                return -ENOMEM;
        input->branches[0].file = file;
        r = input->is_union ? input_union(input, file, err) : input_resolve(input, &input->branches[0], err);
        for (size_t i = 0; r == 0 && i < input->n_branches; i++) {
                if (input->branches[i].type)
                        return 0;
        }
        return r ? r : input_no_event(input, err);
}

/* -- Opening -- */

/* What stands at the beginning goes to the container, or back for the lines: no line of JSON begins with the first letter of the magic. */
static int input_look(struct event_input *input, struct error *err) {
        static const char magic[] = CONTAINER_MAGIC;
        size_t n = 0;
        int c = 0;

        for (; n < CONTAINER_MAGIC_BYTES; n++) {
                c = getc_unlocked(input->config.in);
                if (c != magic[n])
                        break;
        }
        if (n == CONTAINER_MAGIC_BYTES)
                return input_open_container(input, err);
        if (c != EOF)
                (void) ungetc(c, input->config.in); /* the one byte that always goes back */
        lines_begin(&input->lines, (struct text){magic, n});
        return 0;
}

int event_input_open(const struct event_input_config *config, struct event_input **ret, struct error *err) {
        CLEANUP(event_input_free_p) struct event_input *input = calloc(1, sizeof(*input));
        int r;

        assert(config->in && config->name && config->types && config->orgs);
        error_set(err, "%s: out of memory", config->name);
        if (!input)
                return -ENOMEM;
        *input = (struct event_input){.config = *config, .lines = LINES_INIT(config->in)};
        r = input_look(input, err);
        if (r)
                return r;
        *ret = TAKE(input);
        return 0;
}

/* -- One after another -- */

static int input_damaged(const struct event_input *input, const char *what, struct error *err) {
        error_set(err, "%s: datum %" PRIu64 ", in the block at byte %" PRIu64 ": %s", input->config.name, input->number, input->block.at, what);
        return -EINVAL;
}

/* Passes over a datum that is no event. What is no datum ends the file: @why, when something was said of it already. */
static int input_pass(struct event_input *input, const struct input_branch *branch, const char *why, size_t *ret_n, struct error *err) {
        static const char *const meanings[] = {[RECORD_E_SHORT] = "the block ends in it", [RECORD_E_VALUE] = "its bytes are none of its schema"};
        int r = record_skip_first(schema_root(branch->file), input->block.bytes + input->at, input->block.n - input->at, ret_n);

        if (r)
                return input_damaged(input, why ? why : meanings[r], err);
        input->at += *ret_n;
        return 0;
}

static void input_refuse(struct line *line, enum refusal refusal) {
        line->kind = LINE_REFUSED;
        line->refusal = refusal;
}

static int input_unknown(struct event_input *input, const struct input_branch *branch, struct line *line, struct error *err) {
        size_t n;
        int r = input_pass(input, branch, NULL, &n, err);

        error_set(&line->error, "no schema describes an event of this record");
        input_refuse(line, REFUSAL_UNKNOWN_EVENT);
        return r;
}

/* A datum that the program of its type does not take: when it is a sound one of its writer, then the next one goes on. */
static int input_unfit(struct event_input *input, const struct input_branch *branch, struct slot *slots, const struct error *why, struct line *line,
                       struct error *err) {
        const uint8_t *p = input->block.bytes + input->at;
        size_t n;
        int r = input_pass(input, branch, why->text, &n, err);

        if (r)
                return r;
        if (record_decode(branch->program, p, n, slots, &line->error) == 0) /* the sentence again, with the bytes of the datum alone */
                return input_damaged(input, why->text, err);
        input_refuse(line, REFUSAL_BAD_VALUE);
        return 0;
}

static int input_decode(struct event_input *input, const struct input_branch *branch, struct arena *arena, struct line *line, struct error *err) {
        struct slot *slots = arena_calloc(arena, LAYOUT_SLOTS_MAX, sizeof(*slots));
        struct error why = {0};
        size_t n;

        if (!slots)
                return -ENOMEM;
        if (record_decode_first(branch->program, input->block.bytes + input->at, input->block.n - input->at, slots, &n, &why))
                return input_unfit(input, branch, slots, &why, line, err);
        input->at += n;
        return line_from_event(input->config.orgs, (struct event){.type = branch->type, .slots = slots}, arena, line);
}

/* Which branch comes, by the index before it. */
static int input_branch(struct event_input *input, const struct input_branch **ret, struct error *err) {
        size_t index = 0;

        *ret = NULL;
        if (input->is_union) {
                size_t n;

                if (record_index_first(input->block.bytes + input->at, input->block.n - input->at, input->n_branches, &index, &n))
                        return input_damaged(input, "no branch of its union has that index", err);
                input->at += n;
        }
        *ret = &input->branches[index];
        return 0;
}

static int input_next_datum(struct event_input *input, struct arena *arena, struct line *ret, struct error *err) {
        const struct input_branch *branch;
        int r;

        if (input->taken == input->block.count) {
                if (input->at != input->block.n)
                        return input_damaged(input, "bytes are left over behind it", err);
                r = container_next(input->container, &input->block, err);
                if (r)
                        return r == CONTAINER_E_END ? EVENT_INPUT_E_END : r;
                input->at = 0;
                input->taken = 0;
        }
        input->number = input->block.first + input->taken++;
        r = input_branch(input, &branch, err);
        if (r)
                return r;
        return branch->type ? input_decode(input, branch, arena, ret, err) : input_unknown(input, branch, ret, err);
}

static int input_next_line(struct event_input *input, struct arena *arena, struct line *ret, struct error *err) {
        struct text text;
        int r = lines_next(&input->lines, &text);

        if (r == LINES_E_END)
                return EVENT_INPUT_E_END;
        if (r)
                error_set(err, "line %" PRIu64 " cannot be read: %s", input->lines.number + 1, strerror(-r));
        else if (input->config.passes && input->config.passes(input->config.ctx, text))
                ret->kind = LINE_BLANK;
        else
                line_parse(input->config.types, input->config.orgs, text, LANGUAGE_EN, arena, ret);
        return r;
}

int event_input_next(struct event_input *input, struct arena *arena, struct line *ret, struct error *err) {
        int r;

        memset(ret, 0, sizeof(*ret));
        error_set(err, "%s: out of memory", input->config.name);
        r = input->container ? input_next_datum(input, arena, ret, err) : input_next_line(input, arena, ret, err);
        if (r)
                line_done(ret);
        return r;
}
