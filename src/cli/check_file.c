/* SPDX-License-Identifier: EUPL-1.2 */

/* One file as if it stood in the configuration: what it is, what is wrong with it, and what it holds. */

#include "cli/check_file.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/check_warn.h"
#include "cluster/broker_config.h"
#include "connect/file.h"
#include "connectors/connector.h"
#include "console/settings.h"
#include "model/protocols.h"

/* -- What it is -- */

static const char *const kind_names[CHECK_KINDS][LANGUAGES] = {
        [CHECK_PROTOCOL] = {"protocol", "protocol"},   [CHECK_STORIES] = {"stories", "verhalen"},     [CHECK_ORGANISATIONS] = {"organisations", "organisaties"},
        [CHECK_CALENDAR] = {"calendar", "kalender"},   [CHECK_CONNECTOR] = {"connector", "connector"}, [CHECK_COVERAGE] = {"coverage", "dekking"},
        [CHECK_BROKER] = {"broker", "broker"},         [CHECK_CONSOLE] = {"console", "console"},
        [CHECK_VERSION] = {"version", "versie"},
};

/* By the name that it has in a configuration. */
static bool kind_of_name(const char *path, enum check_kind *ret) {
        static const struct { const char *name; enum check_kind kind; } names[] = {
                {"organisations.yaml", CHECK_ORGANISATIONS}, {"calendar.yaml", CHECK_CALENDAR}, {"coverage.yaml", CHECK_COVERAGE},
                {"broker.yaml", CHECK_BROKER}, {"console.yaml", CHECK_CONSOLE}, {"version", CHECK_VERSION},
        };
        const char *name = file_name(path);
        size_t n = strlen(name), suffix = strlen(STORIES_SUFFIX);

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                if (strcmp(name, names[i].name) == 0) {
                        *ret = names[i].kind;
                        return true;
                }
        }
        *ret = CHECK_STORIES;
        return n > suffix && strcmp(name + n - suffix, STORIES_SUFFIX) == 0;
}

/* By keys that only such a file has: the first that stands in it. */
static const struct { const char *key; enum check_kind kind; } kind_keys[] = {
        {"stories", CHECK_STORIES},    {"connector", CHECK_CONNECTOR}, {"organisations", CHECK_ORGANISATIONS}, {"regions", CHECK_ORGANISATIONS},
        {"equated", CHECK_CALENDAR},   {"years", CHECK_CALENDAR},      {"protocol", CHECK_PROTOCOL},           {"norms", CHECK_PROTOCOL},
        {"routes", CHECK_PROTOCOL},    {"bootstrap", CHECK_BROKER},    {"kafka", CHECK_BROKER},                {"replication", CHECK_BROKER},
        {"users", CHECK_CONSOLE},      {"proxy", CHECK_CONSOLE},       {"R01", CHECK_COVERAGE},                {"G01", CHECK_COVERAGE},
};

static bool kind_of_keys(const struct yaml_node *root, enum check_kind *ret) {
        for (size_t i = 0; root->kind == YAML_MAPPING && i < ELEMENTS(kind_keys); i++) {
                if (yaml_get(root, kind_keys[i].key)) {
                        *ret = kind_keys[i].kind;
                        return true;
                }
        }
        return false;
}

/* By the folder that it stands in. */
static bool kind_of_folder(const char *path, enum check_kind *ret) {
        static const struct { const char *folder; enum check_kind kind; } folders[] = {{"protocols/", CHECK_PROTOCOL}, {"connectors/", CHECK_CONNECTOR}};
        size_t n = (size_t)(file_name(path) - path);

        for (size_t i = 0; i < ELEMENTS(folders); i++) {
                size_t tail = strlen(folders[i].folder);

                if (n < tail || strncmp(path + n - tail, folders[i].folder, tail) != 0 || (n > tail && path[n - tail - 1] != '/'))
                        continue;
                *ret = folders[i].kind;
                return true;
        }
        return false;
}

/* Says that it is nothing that is known, with the nearest key that would tell what it is. Return: EXIT_USAGE. */
static int kind_unknown(const struct check *check, const struct yaml_node *root) {
        char hint[NEAREST_HINT_MAX] = "";
        struct error err;

        for (size_t i = 0; root && root->kind == YAML_MAPPING && i < root->n && !hint[0]; i++) {
                struct nearest nearest = NEAREST_INIT(root->keys[i]->text);

                for (size_t k = 0; k < ELEMENTS(kind_keys); k++)
                        nearest_try(&nearest, kind_keys[k].key);
                (void) language_hint(check->language, &nearest, hint);
        }
        error_set(&err,
                  IN_LANGUAGE(check->language,
                              "%s is nothing that check knows%s: a protocol has the key protocol, stories have stories, a connector has connector; "
                              "organisations.yaml, calendar.yaml, coverage.yaml, broker.yaml, console.yaml and version are known by their names",
                              "%s is niets dat check kent%s: een protocol heeft de sleutel protocol, verhalen hebben stories, een connector heeft connector; "
                              "organisations.yaml, calendar.yaml, coverage.yaml, broker.yaml, console.yaml en version zijn te herkennen aan hun naam"),
                  check->file, hint);
        return command_fail("check", EXIT_USAGE, &err);
}

static bool kind_is_schema(const char *path) {
        size_t n = strlen(path);

        return n > strlen(".avsc") && strcmp(path + n - strlen(".avsc"), ".avsc") == 0;
}

int check_file_kind(const struct check *check, enum check_kind *ret) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct mistakes mistakes = MISTAKES_IN(check->language);
        struct error err = {0};
        int e = yaml_tree_read(check->file, check->language, &yaml, &err), status = EXIT_DONE;

        if (e && e != -EINVAL)
                return command_fail("check", EXIT_USAGE, &err);
        if (kind_is_schema(check->file)) {
                error_set(&err,
                          IN_LANGUAGE(check->language, "%s is a schema; ketenwacht check reads all of them together (--schemas DIR)",
                                      "%s is een schema; ketenwacht check leest ze allemaal samen (--schemas MAP)"),
                          check->file);
                return command_fail("check", EXIT_USAGE, &err);
        }
        if (kind_of_name(check->file, ret) || (yaml && kind_of_keys(yaml_tree_root(yaml), ret)) || kind_of_folder(check->file, ret))
                return EXIT_DONE;
        if (e == 0)
                return kind_unknown(check, yaml_tree_root(yaml));
        mistakes_error(&mistakes, &err);
        status = check_mistakes(check, &mistakes, check->file);
        mistakes_done(&mistakes);
        return status;
}

/* -- What is wrong with it -- */

/* The lines that begin with its name, in @ret. */
static void own_lines(const struct check *check, struct mistakes *all, struct mistakes *ret) {
        const char *line = buffer_text(&all->text), *end;
        size_t n = strlen(check->file);

        for (; (end = strchr(line, '\n')); line = end + 1) {
                if (strncmp(line, check->file, n) != 0 || line[n] != ':')
                        continue;
                buffer_add(&ret->text, line, (size_t)(end - line) + 1);
                ret->n++;
        }
}

int check_file_mistakes(const struct check *check, struct mistakes *mistakes) {
        struct mistakes own = MISTAKES_IN(check->language);
        int status = EXIT_USAGE;
        struct error err;

        own_lines(check, mistakes, &own);
        if (own.n) {
                status = check_mistakes(check, &own, check->file);
        } else {
                error_set(&err,
                          IN_LANGUAGE(check->language,
                                      "%s has no mistake of its own, but %s with it has %zu, so not all of it can be judged; ketenwacht check tells them",
                                      "%s heeft zelf geen vergissing, maar %s heeft er daarmee %zu, dus niet alles ervan is te beoordelen; "
                                      "ketenwacht check noemt ze"),
                          check->file, check->dirs.config, mistakes->n);
                status = command_fail("check", EXIT_USAGE, &err);
        }
        mistakes_done(&own);
        return status;
}

/* -- What it holds -- */

static const struct protocol *own_protocol(const struct check *check, const struct config *config) {
        for (size_t i = 0; i < config->protocols.n; i++) {
                if (strcmp(config->protocols.items[i]->file, check->file) == 0)
                        return config->protocols.items[i];
        }
        assert(!"a protocol that was read without a mistake");
        return NULL;
}

static void write_holds(const struct check *check, enum check_kind kind, const struct config *config, struct buffer *out) {
        const struct protocol *p;

        buffer_printf(out, "%s: ", check->file);
        switch (kind) {
        case CHECK_PROTOCOL:
                p = own_protocol(check, config);
                buffer_printf(out, IN_LANGUAGE(check->language, "protocol %s, %zu norms, %zu routes, %zu assumed keys\n",
                                               "protocol %s, %zu normen, %zu routes, %zu sleutels naar eigen keuze\n"),
                              p->name, p->n_norms, p->n_routes, p->n_assumed);
                for (size_t i = 0; i < p->n_assumed; i++)
                        buffer_printf(out, IN_LANGUAGE(check->language, "assumed: %s %s\n", "eigen keuze: %s %s\n"), p->name, p->assumed[i]);
                return;
        case CHECK_ORGANISATIONS:
                buffer_printf(out, IN_LANGUAGE(check->language, "%zu organisations, %zu regions\n", "%zu organisaties, %zu regio's\n"),
                              organisations_count(config->organisations), regions_count(config->organisations));
                return;
        case CHECK_VERSION:
                buffer_printf(out, IN_LANGUAGE(check->language, "version %u\n", "versie %u\n"), config->version);
                return;
        default:
                buffer_printf(out, IN_LANGUAGE(check->language, "%s without mistakes\n", "%s zonder vergissingen\n"), kind_names[kind][check->language]);
        }
}

static void write_json(const struct check *check, enum check_kind kind, const struct config *config, struct mistakes *warnings, bool ok, struct buffer *out) {
        const struct protocol *p = kind == CHECK_PROTOCOL ? own_protocol(check, config) : NULL;
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", ok);
        jsonw_put_string(&w, "file", check->file);
        jsonw_put_string(&w, "kind", kind_names[kind][LANGUAGE_EN]);
        if (p) {
                jsonw_put_int(&w, "norms", (int64_t)p->n_norms);
                jsonw_put_int(&w, "routes", (int64_t)p->n_routes);
                jsonw_key(&w, "assumed");
                jsonw_open_array(&w);
                for (size_t i = 0; i < p->n_assumed; i++)
                        jsonw_string(&w, p->assumed[i]);
                jsonw_close_array(&w);
        }
        jsonw_key(&w, "warnings");
        jsonw_open_array(&w);
        check_lines_json(warnings, &w);
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
}

/* Without mistakes. Return: an exit status. */
static int file_print(const struct check *check, enum check_kind kind, const struct config *config, struct mistakes *warnings) {
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        bool ok = !check->strict || warnings->n == 0;
        int status;

        if (check->json) {
                write_json(check, kind, config, warnings, ok, &out);
        } else {
                write_holds(check, kind, config, &out);
                check_lines_text(warnings, IN_LANGUAGE(check->language, "warning: ", "let op: "), &out);
        }
        status = check_print(check, &out);
        buffer_done(&out);
        return status == EXIT_DONE && !ok ? EXIT_NO : status;
}

/* -- Within its configuration -- */

/* A part of the configuration itself. */
static int file_check_part(const struct check *check, enum check_kind kind) {
        static const int parts[CHECK_KINDS] = {[CHECK_PROTOCOL] = CONFIG_PART_PROTOCOL, [CHECK_ORGANISATIONS] = CONFIG_PART_ORGANISATIONS,
                                               [CHECK_CALENDAR] = CONFIG_PART_CALENDAR, [CHECK_VERSION] = CONFIG_PART_VERSION};
        struct mistakes mistakes = MISTAKES_IN(check->language), all = MISTAKES_IN(check->language), own = MISTAKES_IN(check->language);
        const struct config_stand_in stand_in = {.part = parts[kind], .path = check->file};
        CLEANUP(config_free_p) struct config *config = NULL;
        char organisations[CHECK_PATH_MAX], calendar[CHECK_PATH_MAX];
        int status = EXIT_USAGE, r;

        if (!check_path(check, "organisations.yaml", organisations) || !check_path(check, "calendar.yaml", calendar))
                return EXIT_USAGE;
        r = config_read_with(check->dirs.config, check->dirs.schemas, &stand_in, &config, &mistakes);
        if (r == 0)
                r = check_warn(config, kind == CHECK_ORGANISATIONS ? check->file : organisations, kind == CHECK_CALENDAR ? check->file : calendar, &all,
                               &mistakes);
        if (r == -EINVAL) {
                status = check_file_mistakes(check, &mistakes);
        } else if (r) {
                status = check_failed(check, r);
        } else {
                own_lines(check, &all, &own);
                status = file_print(check, kind, config, &own);
        }
        mistakes_done(&mistakes);
        mistakes_done(&all);
        mistakes_done(&own);
        return status;
}

/* Reads check->file, which needs @arena, or @organisations beside it, or both; what is secret is not read. Return: as its reader. */
static int file_read_beside(const struct check *check, enum check_kind kind, const struct organisations *organisations, struct arena *arena,
                            struct mistakes *mistakes) {
        CLEANUP(connect_file_free_p) struct connect_file *file = NULL;
        const struct console_settings_source source = {.organisations = organisations};
        struct console_settings console;
        struct broker_config broker;
        int r;

        if (kind == CHECK_BROKER)
                return broker_config_read(check->file, arena, &broker, mistakes);
        if (kind == CHECK_CONNECTOR)
                return connect_file_read(check->file, connectors, organisations, NULL, &file, mistakes);
        r = console_settings_read(check->file, &source, arena, &console, mistakes);
        console_settings_done(&console);
        return r;
}

int check_console(const struct check *check, const struct config *config, struct mistakes *mistakes) {
        const struct console_settings_source source = {.organisations = config->organisations};
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct console_settings console;
        char path[CHECK_PATH_MAX];
        int r;

        if (!check_path(check, "console.yaml", path) || access(path, F_OK))
                return 0;
        r = arena_new(&arena, FILE_ARENA_MAX);
        if (r)
                return r;
        r = console_settings_read(path, &source, arena, &console, mistakes);
        console_settings_done(&console);
        return r;
}

/* The file of a connector, of the broker, or of the console: what these need of the rest is who is who. */
static int file_check_beside(const struct check *check, enum check_kind kind) {
        CLEANUP(organisations_free_p) struct organisations *organisations = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct mistakes mistakes = MISTAKES_IN(check->language), none = MISTAKES_IN(check->language);
        char path[CHECK_PATH_MAX];
        int status, r;

        if (!check_path(check, "organisations.yaml", path))
                return EXIT_USAGE;
        r = arena_new(&arena, FILE_ARENA_MAX);
        if (r == 0 && kind != CHECK_BROKER)
                r = organisations_read(path, &organisations, &mistakes);
        if (r == 0)
                r = file_read_beside(check, kind, organisations, arena, &mistakes);
        if (r && mistakes.n)
                status = check_file_mistakes(check, &mistakes);
        else
                status = r ? check_failed(check, r) : file_print(check, kind, NULL, &none);
        mistakes_done(&mistakes);
        mistakes_done(&none);
        return status;
}

int check_file(const struct check *check, enum check_kind kind) {
        assert(kind != CHECK_STORIES && kind != CHECK_COVERAGE);
        return kind == CHECK_CONNECTOR || kind == CHECK_BROKER || kind == CHECK_CONSOLE ? file_check_beside(check, kind) : file_check_part(check, kind);
}
