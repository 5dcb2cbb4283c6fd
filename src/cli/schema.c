/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht schema`: what events look like, and by which fingerprint their bytes are known. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/schemas.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/schema_compatible.h"
#include "model/fingerprints.h"

#define PATH_BYTES_MAX 4096
#define OUTPUT_MAX ((size_t)4 * 1024 * 1024)
#define TYPE_DEPTH_MAX 4 /* of a type in words; deeper ones are cut short */
#define ENDING ".avsc"
#define PROPERTY_PREFIX "ketenwacht."

struct arguments {
        struct command_dirs dirs;
        bool json, all;
        const char *level, *lang; /* of compatible; NULL: not given */
        enum language language;
        const char *operand, *other; /* NAME or FILE, and a second one; NULL: none */
};

struct verb {
        const char *name, *operand; /* operand: what it is called, or NULL when there is none */
        int operands;
        bool json, all, level;      /* knows --json; --all, in place of the operand; --level and --lang */
        int (*run)(const struct arguments *a, struct buffer *out, struct error *err);
};

/* ---- list ---- */

static int schema_list_one(const struct arguments *a, const char *file_name, struct buffer *out, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        struct json_writer w = JSON_WRITER(out);
        char path[PATH_BYTES_MAX];
        struct fingerprint_text fingerprint;
        int n_name = (int)(strlen(file_name) - strlen(ENDING));

        if ((size_t)snprintf(path, sizeof(path), "%s/%s", a->dirs.schemas, file_name) >= sizeof(path)) {
                error_set(err, "the path of the schemas is too long");
                return EXIT_USAGE;
        }
        if (schema_read(path, LANGUAGE_EN, &file, err))
                return EXIT_USAGE;
        fingerprint_format(schema_fingerprint(file), &fingerprint);
        if (!a->json) {
                buffer_printf(out, "%-28.*s %s  %s\n", n_name, file_name, fingerprint.number, schema_root(file)->doc);
                return EXIT_DONE;
        }
        jsonw_open_object(&w);
        jsonw_put_text(&w, "name", (struct text){file_name, (size_t)n_name});
        jsonw_put_string(&w, "fingerprint", fingerprint.number);
        jsonw_put_string(&w, "wire", fingerprint.wire);
        jsonw_put_string(&w, "record", schema_root(file)->name);
        jsonw_put_string(&w, "doc", schema_root(file)->doc);
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
        return EXIT_DONE;
}

static int schema_list(const struct arguments *a, struct buffer *out, struct error *err) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        int status = EXIT_DONE;
        struct error one;
        size_t n;

        if (folder_names(a->dirs.schemas, ENDING, &names, &n, err))
                return EXIT_USAGE;
        for (size_t i = 0; i < n; i++) { /* the others are told all the same; the first mistake is the answer */
                int r = schema_list_one(a, names[i], out, &one);

                if (r && status == EXIT_DONE) {
                        status = r;
                        *err = one;
                }
        }
        if (n == 0) {
                error_set(err, "the folder %s%s holds no %s files; --schemas or " COMMAND_SCHEMAS " says where they are", a->dirs.schemas,
                          command_dirs_origin(a->dirs.schemas, LANGUAGE_EN), ENDING);
                status = EXIT_USAGE;
        }
        return status;
}

/* ---- show ---- */

static void schema_write_type(const struct schema *s, unsigned depth, struct buffer *out) {
        const struct schema *other;

        if (depth > TYPE_DEPTH_MAX) {
                buffer_add_text(out, "…");
        } else if (s->logical != SCHEMA_NOT_LOGICAL) {
                buffer_add_text(out, schema_property_string(s->properties, "logicalType"));
                if (s->kind == SCHEMA_FIXED)
                        buffer_printf(out, " (%zu bytes)", s->size);
        } else if (s->kind == SCHEMA_UNION && s->n_branches == 2 && (s->branches[0]->kind == SCHEMA_NULL || s->branches[1]->kind == SCHEMA_NULL)) {
                other = s->branches[s->branches[0]->kind == SCHEMA_NULL];
                schema_write_type(other, depth + 1, out);
                buffer_add_byte(out, '?');
        } else if (s->kind == SCHEMA_UNION) {
                for (size_t i = 0; i < s->n_branches; i++) {
                        buffer_add_text(out, i ? " | " : "");
                        schema_write_type(s->branches[i], depth + 1, out);
                }
        } else if (s->kind == SCHEMA_ARRAY || s->kind == SCHEMA_MAP) {
                buffer_add_text(out, s->kind == SCHEMA_ARRAY ? "list of " : "map of ");
                schema_write_type(s->items, depth + 1, out);
        } else if (s->kind == SCHEMA_FIXED) {
                buffer_printf(out, "%s (%zu bytes)", s->name, s->size);
        } else {
                buffer_add_text(out, s->kind == SCHEMA_ENUM ? "enum" : s->name);
        }
}

/* The symbols of an enum, plain or nullable, or nothing. */
static void schema_write_symbols(const struct schema *s, struct buffer *out) {
        for (size_t i = 0; s->kind == SCHEMA_UNION && i < s->n_branches; i++)
                schema_write_symbols(s->branches[i], out);
        if (s->kind != SCHEMA_ENUM)
                return;
        buffer_add_text(out, "      one of ");
        for (size_t i = 0; i < s->n_symbols; i++)
                buffer_printf(out, "%s%s", i ? ", " : "", s->symbols[i]);
        if (s->default_symbol)
                buffer_printf(out, "; any other is read as %s", s->default_symbol);
        buffer_add_byte(out, '\n');
}

static void schema_write_json(const char *before, const char *key, const json_t *value, struct buffer *out) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        if (text)
                buffer_printf(out, "%s%s: %s\n", before, key, text);
        else
                out->failed = true;
        free(text);
}

/* Our own properties. */
static void schema_write_properties(const char *before, const json_t *properties, struct buffer *out) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)properties, key, value) {
                if (strncmp(key, PROPERTY_PREFIX, strlen(PROPERTY_PREFIX)) == 0)
                        schema_write_json(before, key, value, out);
        }
}

static void schema_write(const struct schema_file *file, struct buffer *out) {
        const struct schema *root = schema_root(file);
        struct buffer type = BUFFER_INIT(OUTPUT_MAX);

        schema_write_type(root, 0, &type);
        buffer_printf(out, "%s\n", buffer_text(&type));
        if (*root->doc)
                buffer_printf(out, "%s\n", root->doc);
        buffer_printf(out, "fingerprint: %016" PRIx64 "\n", schema_fingerprint(file));
        schema_write_properties("", root->properties, out);
        for (size_t i = 0; i < root->n_fields; i++) {
                const struct schema_field *f = &root->fields[i];

                buffer_clear(&type);
                schema_write_type(f->type, 0, &type);
                buffer_printf(out, "%s  %-22s %-18s %s\n", i ? "" : "\n", f->name, buffer_text(&type), f->doc);
                schema_write_symbols(f->type, out);
                if (f->default_value && !json_is_null(f->default_value))
                        schema_write_json("      ", "default", f->default_value, out);
                schema_write_properties("      ", f->properties, out);
        }
        schema_write_symbols(root, out);
        buffer_done(&type);
}

/* "no event 'x' in schemas (did you mean 'y'?)" */
static int schema_unknown(const struct arguments *a, struct error *err) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        struct nearest nearest = NEAREST_INIT(a->operand);
        char hint[NEAREST_HINT_MAX];
        size_t n;

        if (folder_names(a->dirs.schemas, ENDING, &names, &n, err))
                return EXIT_USAGE;
        for (size_t i = 0; i < n; i++) {
                names[i][strlen(names[i]) - strlen(ENDING)] = '\0';
                nearest_try(&nearest, names[i]);
        }
        error_set(err, "no schema '%.64s' in %s%s%s; ketenwacht schema list names them", a->operand, a->dirs.schemas,
                  command_dirs_origin(a->dirs.schemas, LANGUAGE_EN), nearest_hint(&nearest, hint));
        return EXIT_USAGE;
}

static int schema_show(const struct arguments *a, struct buffer *out, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        char path[PATH_BYTES_MAX];
        int r;

        if (strchr(a->operand, '/') || (size_t)snprintf(path, sizeof(path), "%s/%s" ENDING, a->dirs.schemas, a->operand) >= sizeof(path))
                return schema_unknown(a, err);
        r = schema_read(path, LANGUAGE_EN, &file, err);
        if (r == -ENOENT)
                return schema_unknown(a, err);
        if (r)
                return EXIT_USAGE;
        schema_write(file, out);
        return EXIT_DONE;
}

/* ---- fingerprint, canonical ---- */

static int schema_print_all(const struct arguments *a, struct buffer *out, struct error *err) {
        int r = fingerprints_write(a->dirs.schemas, out, err);

        if (r == -ENOMEM)
                out->failed = true;
        return r && r != -ENOMEM ? EXIT_USAGE : EXIT_DONE;
}

/* For programs: {"record", "fingerprints"}. */
static void schema_put_fingerprints(const struct schema_file *file, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "record", schema_root(file)->name);
        if (fingerprints_put(file, &w))
                out->failed = true;
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
}

static int schema_print_fingerprint(const struct arguments *a, struct buffer *out, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;
        struct canonical_fingerprint fingerprints[SPELLINGS] = {0};

        if (a->all)
                return schema_print_all(a, out, err);
        if (schema_read(a->operand, LANGUAGE_EN, &file, err))
                return EXIT_USAGE;
        if (a->json) {
                schema_put_fingerprints(file, out);
                return EXIT_DONE;
        }
        if (canonical_fingerprints(schema_root(file), fingerprints))
                out->failed = true;
        for (size_t i = 0; i < SPELLINGS; i++) {
                struct fingerprint_text text;

                if (!fingerprints[i].known)
                        continue;
                fingerprint_format(fingerprints[i].value, &text);
                buffer_printf(out, "%s  %s  %s\n", text.number, text.wire, spelling_libraries((enum spelling)i));
        }
        return EXIT_DONE;
}

static int schema_print_canonical(const struct arguments *a, struct buffer *out, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *file = NULL;

        if (schema_read(a->operand, LANGUAGE_EN, &file, err))
                return EXIT_USAGE;
        buffer_add_text(out, schema_canonical(file));
        buffer_add_byte(out, '\n');
        return EXIT_DONE;
}

/* ---- compatible ---- */

static int schema_print_compatible(const struct arguments *a, struct buffer *out, struct error *err) {
        const struct schema_question question = {.old = a->operand, .new = a->other, .level = a->level ? a->level : SCHEMA_LEVEL_DEFAULT,
                .language = a->language, .json = a->json};

        return schema_compatible(&question, out, err);
}

/* ---- register ---- */

/* At the registry of broker.yaml; of which nothing else is wanted. */
static int schema_register(const struct arguments *a, struct buffer *out, struct error *err) {
        CLEANUP(event_types_free_p) struct event_types *types = NULL;
        struct command_broker broker = {0};
        size_t registered = 0;
        int status = command_schemas("schema", &a->dirs, &types);

        if (status == EXIT_DONE)
                status = command_broker_read("schema", a->dirs.config, "none", NULL, &broker);
        if (status == EXIT_DONE && !broker.config.registry.url) {
                error_set(err, "%s/broker.yaml%s names no registry; write registry: {url: https://…}", a->dirs.config,
                          command_dirs_origin(a->dirs.config, LANGUAGE_EN));
                status = EXIT_USAGE;
        }
        if (status == EXIT_DONE)
                status = command_registry_open(&broker, types, NULL);
        if (status == EXIT_DONE)
                status = command_registry_subjects(&broker, types, true, &registered);
        if (status == EXIT_DONE)
                buffer_printf(out, "%zu schemas, %zu registered or guarded\n", event_types_count(types), registered);
        command_broker_done(&broker);
        return status;
}

/* ---- The command ---- */

static const struct verb verbs[] = {
        {.name = "list", .json = true, .run = schema_list},
        {.name = "show", .operand = "NAME", .operands = 1, .run = schema_show},
        {.name = "fingerprint", .operand = "FILE", .operands = 1, .json = true, .all = true, .run = schema_print_fingerprint},
        {.name = "canonical", .operand = "FILE", .operands = 1, .run = schema_print_canonical},
        {.name = "register", .run = schema_register},
        {.name = "compatible", .operand = "OLD NEW", .operands = 2, .json = true, .level = true, .run = schema_print_compatible},
};

static int schema_run_verb(const struct verb *verb, const struct arguments *a) {
        struct buffer out = BUFFER_INIT(OUTPUT_MAX);
        struct error err = {.text = ""};
        int status = verb->run(a, &out, &err);

        if (out.failed && status == EXIT_DONE) {
                error_set(&err, "the answer is larger than %zu bytes", OUTPUT_MAX);
                status = EXIT_USAGE;
        }
        if (fwrite(out.bytes, 1, out.n, stdout) != out.n || fflush(stdout)) {
                error_set(&err, "cannot write to standard output: %s", strerror(errno));
                status = EXIT_BROKER;
        }
        buffer_done(&out);
        return status && status != EXIT_NO && err.text[0] ? command_fail("schema", status, &err) : status; /* without a sentence it has been said */
}

static int schema_run_words(const struct verb *verb, struct arguments *a, const char *const *words, int n) {
        const char *operand = a->all ? NULL : verb->operand;
        int status;

        if (a->all && !verb->all)
                return command_usage("schema", "%s knows no --all", verb->name);
        if (a->json && !verb->json)
                return command_usage("schema", "%s knows no --json", verb->name);
        if ((a->level || a->lang) && !verb->level)
                return command_usage("schema", "%s knows no %s", verb->name, a->level ? "--level" : "--lang");
        if (n != (operand ? 1 + verb->operands : 1))
                return command_usage("schema", "%s%s takes %s", verb->name, a->all ? " --all" : "", operand ? operand : "nothing more");
        status = command_language("schema", a->lang, &a->language);
        if (status)
                return status;
        a->operand = operand ? words[1] : NULL;
        a->other = n > 2 ? words[2] : NULL;
        return schema_run_verb(verb, a);
}

static int schema_run(int argc, char **argv) {
        struct arguments a = {.dirs = command_dirs()};
        const struct option_row options[] = {
                OPTION_TEXT_ROW("--config", &a.dirs.config),
                OPTION_TEXT_ROW("--schemas", &a.dirs.schemas),
                OPTION_FLAG_ROW("--json", &a.json),
                OPTION_FLAG_ROW("--all", &a.all),
                OPTION_TEXT_ROW("--level", &a.level),
                OPTION_TEXT_ROW("--lang", &a.lang),
                OPTION_END_ROW,
        };
        const char *words[OPTION_ARGUMENTS_MAX];
        char hint[NEAREST_HINT_MAX];
        struct nearest nearest;
        int n, status = options_read(argc, argv, options, words, &n);

        if (status)
                return status;
        if (n == 0)
                return command_usage("schema", "say what: list, show NAME, fingerprint FILE, canonical FILE, compatible OLD NEW or register");
        nearest = (struct nearest)NEAREST_INIT(words[0]);
        for (size_t i = 0; i < ELEMENTS(verbs); i++) {
                nearest_try(&nearest, verbs[i].name);
                if (strcmp(verbs[i].name, words[0]) != 0)
                        continue;
                return schema_run_words(&verbs[i], &a, words, n);
        }
        return command_usage("schema", "no '%s' of schemas%s", words[0], nearest_hint(&nearest, hint));
}

const struct command command_schema = {
        .name = "schema",
        .summary = "list, show, fingerprint and compare schemas",
        .help = "Usage: ketenwacht schema list [--json]\n"
                "       ketenwacht schema show NAME\n"
                "       ketenwacht schema fingerprint FILE [--json]\n"
                "       ketenwacht schema fingerprint --all\n"
                "       ketenwacht schema canonical FILE\n"
                "       ketenwacht schema register\n"
                "       ketenwacht schema compatible OLD NEW [--level BACKWARD|FORWARD|FULL] [--json]\n\n"
                "  list         every schema of the folder: name, fingerprint, what it is\n"
                "  show         one of them to read: fields, types, what they mean, properties; T? may be null\n"
                "  fingerprint  CRC-64-AVRO of the Parsing Canonical Form, a line for each way in which libraries spell that: the number, sixteen\n"
                "               hex digits; its bytes as they stand on the wire behind C3 01, which is reversed; and whose it is. The first is\n"
                "               the specification's, and what ketenwacht writes; all are read. --all: schemas/fingerprints.json, of the folder\n"
                "  canonical    the Parsing Canonical Form itself\n"
                "  register     every schema of the folder at the registry of broker.yaml, guarded by the level FULL_TRANSITIVE: a line for each that\n"
                "               was not so. A second time it changes nothing; topics apply does it too\n"
                "  compatible   whether NEW, a file, may take the place of OLD, and every reason why not; schemas of any shape\n\n"
                "Options:\n"
                "  --schemas DIR  where the schemas are (else KETENWACHT_SCHEMAS, else schemas)\n"
                "  --config DIR   where the configuration is (else KETENWACHT_CONFIG, else config)\n"
                "  --level LEVEL  of compatible: BACKWARD, NEW reads all that OLD writes; FORWARD, OLD all that NEW writes; FULL, both (the default)\n"
                "  --lang LANG    of compatible: nl or en (else LC_ALL, LC_MESSAGES, LANG, else en)\n"
                "  --json         of list: one object a line, {\"name\", \"fingerprint\", \"wire\", \"record\", \"doc\"};\n"
                "                 of fingerprint: {\"record\", \"fingerprints\": {\"specification\": {\"number\", \"wire\"}, …}};\n"
                "                 of compatible: for each reason {\"level\", \"code\", \"avro\", \"writer\", \"reader\", \"reason\"}, with the path on both\n"
                "                 sides and avro false where Avro itself has no objection, and last {\"level\", \"compatible\", \"reasons\"}\n\n"
                "Exit status: 0 done, 1 not compatible, or refused by the registry, 2 wrong usage, or a schema that is not there or not right, 3 the\n"
                "registry cannot be asked.\n",
        .run = schema_run,
};
