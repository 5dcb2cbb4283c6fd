/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht check`: whether configuration, schemas and protocols fit together. */

#include "cli/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/contacts.h"

struct totals {
        size_t event_types, organisations, regions, protocols, norms, routes, assumed;
};

static struct totals count(const struct config *config) {
        struct totals t = {
                .organisations = organisations_count(config->organisations),
                .regions = regions_count(config->organisations),
                .protocols = config->protocols.n,
        };

        for (size_t i = 0; i < event_types_count(config->types); i++)
                t.event_types += !event_types_at(config->types, i)->output;
        for (size_t i = 0; i < config->protocols.n; i++) {
                t.norms += config->protocols.items[i]->n_norms;
                t.routes += config->protocols.items[i]->n_routes;
                t.assumed += config->protocols.items[i]->n_assumed;
        }
        return t;
}

static void write_totals(const struct config *config, struct mistakes *missing, struct buffer *out) {
        struct totals t = count(config);

        buffer_printf(out, "version %u: %zu event types, %zu organisations, %zu regions, %zu protocols, %zu norms, %zu routes, %zu assumed keys\n",
                      config->version, t.event_types, t.organisations, t.regions, t.protocols, t.norms, t.routes, t.assumed);
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_assumed; j++)
                        buffer_printf(out, "assumed: %s %s\n", p->name, p->assumed[j]);
        }
        check_lines_text(missing, "warning: ", out);
}

static void write_json(const struct config *config, struct mistakes *missing, bool ok, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        struct totals t = count(config);

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", ok);
        jsonw_put_int(&w, "version", config->version);
        jsonw_put_int(&w, "event_types", (int64_t)t.event_types);
        jsonw_put_int(&w, "organisations", (int64_t)t.organisations);
        jsonw_put_int(&w, "regions", (int64_t)t.regions);
        jsonw_put_int(&w, "protocols", (int64_t)t.protocols);
        jsonw_put_int(&w, "norms", (int64_t)t.norms);
        jsonw_put_int(&w, "routes", (int64_t)t.routes);
        jsonw_key(&w, "assumed");
        jsonw_open_array(&w);
        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_assumed; j++) {
                        jsonw_open_object(&w);
                        jsonw_put_string(&w, "protocol", p->name);
                        jsonw_put_string(&w, "key", p->assumed[j]);
                        jsonw_close_object(&w);
                }
        }
        jsonw_close_array(&w);
        jsonw_key(&w, "warnings");
        jsonw_open_array(&w);
        check_lines_json(missing, &w);
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
}

void check_lines_json(struct mistakes *mistakes, struct json_writer *w) {
        const char *line = buffer_text(&mistakes->text), *end;

        for (; (end = strchr(line, '\n')); line = end + 1)
                jsonw_text(w, (struct text){line, (size_t)(end - line)});
}

void check_lines_text(struct mistakes *mistakes, const char *before, struct buffer *out) {
        const char *line = buffer_text(&mistakes->text), *end;

        for (; (end = strchr(line, '\n')); line = end + 1) {
                buffer_add_text(out, before);
                buffer_add(out, line, (size_t)(end - line) + 1);
        }
}

const char *check_path(const struct check *check, const char *name, char ret[CHECK_PATH_MAX]) {
        if (snprintf(ret, CHECK_PATH_MAX, "%s/%s", check->dirs.config, name) < CHECK_PATH_MAX)
                return ret;
        (void) command_usage("check", "the name of the folder given by --config is too long");
        return NULL;
}

int check_print(struct buffer *out) {
        struct error err;
        bool written = !out->failed && fwrite(out->bytes, 1, out->n, stdout) == out->n && fflush(stdout) == 0;

        if (written)
                return EXIT_DONE;
        error_set(&err, "cannot write to standard output");
        return command_fail("check", EXIT_BROKER, &err);
}

int check_failed(int r) {
        struct error err;

        error_set(&err, "stopped: %s", strerror(-r));
        return command_fail("check", EXIT_BROKER, &err);
}

/* With --json {"ok":false,"mistakes":N,"lines":[…]} */
int check_mistakes(const struct check *check, struct mistakes *mistakes, const char *where) {
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        struct json_writer w = JSON_WRITER(&out);

        fputs(buffer_text(&mistakes->text), stderr);
        fprintf(stderr, "ketenwacht check: %zu mistake%s in %s; correct the lines above\n", mistakes->n, mistakes->n == 1 ? "" : "s", where);
        if (!check->json)
                return EXIT_USAGE;
        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", false);
        jsonw_put_int(&w, "mistakes", (int64_t)mistakes->n);
        jsonw_key(&w, "lines");
        jsonw_open_array(&w);
        check_lines_json(mistakes, &w);
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        buffer_add_byte(&out, '\n');
        (void) check_print(&out); /* the mistakes decide the status */
        buffer_done(&out);
        return EXIT_USAGE;
}

/* The configuration is without mistakes: what there is, and which contacts are missing. */
static int check_config(const struct check *check, const struct config *config) {
        struct mistakes missing = MISTAKES_INIT, mistakes = MISTAKES_INIT;
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        char path[CHECK_PATH_MAX];
        int status = EXIT_USAGE, r;

        if (check_path(check, "organisations.yaml", path)) {
                r = contacts_check(path, config, &missing, &mistakes);
                if (r == -EINVAL) {
                        status = check_mistakes(check, &mistakes, path);
                } else if (r) {
                        status = check_failed(r);
                } else {
                        bool ok = !check->strict || missing.n == 0;

                        check->json ? write_json(config, &missing, ok, &out) : write_totals(config, &missing, &out);
                        status = check_print(&out);
                        if (status == EXIT_DONE && !ok)
                                status = EXIT_NO;
                }
        }
        buffer_done(&out);
        mistakes_done(&mistakes);
        mistakes_done(&missing);
        return status;
}

static int check_all(const struct check *check) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        char where[2 * CHECK_PATH_MAX];
        int e = config_read(check->dirs.config, check->dirs.schemas, &config, &mistakes), status;

        (void) snprintf(where, sizeof(where), "%s and %s", check->dirs.config, check->dirs.schemas);
        if (e == -EINVAL) {
                status = check_mistakes(check, &mistakes, where);
        } else if (e) {
                error_set(&err, "cannot read %s: %s", where, strerror(-e));
                status = command_fail("check", EXIT_USAGE, &err);
        } else if (check->coverage) {
                status = check_coverage(check, config);
        } else {
                status = check->stories ? check_stories(check, config) : check_config(check, config);
        }
        mistakes_done(&mistakes);
        return status;
}

static int run(int argc, char **argv) {
        struct check check = {.dirs = COMMAND_DIRS_DEFAULT};
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &check.dirs.config),
                OPTION_TEXT_ROW("--schemas", &check.dirs.schemas),
                OPTION_FLAG_ROW("--json", &check.json),
                OPTION_FLAG_ROW("--strict", &check.strict),
                OPTION_FLAG_ROW("--coverage", &check.coverage),
                OPTION_FLAG_ROW("--stories", &check.stories),
                OPTION_TEXT_ROW("--story", &check.story),
                OPTION_FLAG_ROW("--print", &check.print),
                OPTION_END_ROW,
        };
        int status = options_read(argc, argv, rows, check.files, &check.n_files);

        if (status)
                return status;
        if (check.coverage && check.stories)
                return command_usage("check", "--coverage and --stories are two checks; ask for one");
        if (check.n_files && !check.stories)
                return command_usage("check", "takes no argument '%s' without --stories", check.files[0]);
        if ((check.print || check.story) && !check.stories)
                return command_usage("check", "%s goes with --stories", check.print ? "--print" : "--story");
        if (check.print && check.json)
                return command_usage("check", "--print prints lines of replay already; leave --json out");
        return check_all(&check);
}

const struct command command_check = {
        .name = "check",
        .summary = "read all configuration, schemas and protocols, and report every mistake",
        .help = "Usage: ketenwacht check [--strict] [--json]\n"
                "       ketenwacht check --coverage [--json]\n"
                "       ketenwacht check --stories [FILE…] [--story TEXT] [--print | --json] [--strict]\n\n"
                "Reads all configuration, schemas and protocols. Every mistake is one line on standard error: file, line and column,\n"
                "what was expected, and the nearest known word. Without mistakes it prints what there is, the keys that no source\n"
                "states (assumed), and a warning for each contact or deputy that a region asks for and nobody named.\n\n"
                "  --coverage     what became of every rule in the sources: norms, routes, reports, or why it is no rule\n"
                "                 (coverage.yaml); and which norms no rule names\n"
                "  --stories      play the stories beside the protocols (protocols/*.stories.yaml), or those in each FILE, and say\n"
                "                 what was told otherwise than expected; and which norms have fewer than three\n"
                "  --story TEXT   only stories with TEXT in their title\n"
                "  --print        do not play: print each story as the lines of ketenwacht replay\n"
                "  --strict       a warning is a no\n"
                "  --json         one JSON object on standard output\n"
                "  --config DIR   configuration (default config)\n"
                "  --schemas DIR  schemas (default schemas)\n\n"
                "Exit status: 0 all is well; 1 a rule has no row, a story failed, or with --strict a warning; 2 mistakes.\n",
        .run = run,
};
