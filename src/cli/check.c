/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht check`: whether configuration, schemas, protocols, rules and stories fit together. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/vector.h"
#include "cli/check_file.h"
#include "cli/check_say.h"
#include "cli/check_warn.h"
#include "cli/topics.h"
#include "engine/listing.h"
#include "engine/story_play.h"
#include "model/config.h"
#include "model/coverage.h"
#include "model/protocols.h"

/* -- What there is -- */

struct check_totals {
        size_t event_types, organisations, regions, protocols, norms, routes, assumed;
};

static struct check_totals check_count(const struct config *config) {
        struct check_totals t = {
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

static void check_write_totals(const struct check *check, const struct config *config, struct mistakes *missing, struct buffer *out) {
        struct check_totals t = check_count(config);

        buffer_printf(out,
                      IN_LANGUAGE(check->language,
                                  "version %u: %zu event types, %zu organisations, %zu regions, %zu protocols, %zu norms, %zu routes, %zu assumed keys\n",
                                  "versie %u: %zu soorten gebeurtenissen, %zu organisaties, %zu regio's, %zu protocollen, %zu normen, %zu routes, "
                                  "%zu sleutels naar eigen keuze\n"),
                      config->version, t.event_types, t.organisations, t.regions, t.protocols, t.norms, t.routes, t.assumed);
        for (size_t i = 0; i < event_types_count(config->types); i++) {
                const struct event_type *type = event_types_at(config->types, i);

                if (type->published || type->output)
                        continue;
                buffer_add_text(out, IN_LANGUAGE(check->language, "new: ", "nieuw: ")); /* what is wrong in it can still be changed */
                event_type_write_taken(type, check->language, out);
        }
        for (size_t i = 0; check->assumed && i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_assumed; j++)
                        buffer_printf(out, IN_LANGUAGE(check->language, "assumed: %s %s\n", "eigen keuze: %s %s\n"), p->name, p->assumed[j]);
        }
        check_lines_text(missing, IN_LANGUAGE(check->language, "warning: ", "let op: "), out);
}

static void check_write_json(const struct config *config, struct mistakes *missing, bool ok, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        struct check_totals t = check_count(config);

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

/* The configuration is without mistakes: what there is, and which contacts are missing. */
static int check_config(const struct check *check, const struct config *config) {
        struct mistakes missing = MISTAKES_IN(check->language), mistakes = MISTAKES_IN(check->language);
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        char path[CHECK_PATH_MAX], calendar[CHECK_PATH_MAX];
        int status = EXIT_USAGE, r;

        if (check_path(check, "organisations.yaml", path) && check_path(check, "calendar.yaml", calendar)) {
                r = check_warn(config, path, calendar, &missing, &mistakes);
                if (r == -EINVAL) {
                        status = check_mistakes(check, &mistakes, path);
                } else if (r) {
                        status = check_failed(check, r);
                } else {
                        bool ok = !check->strict || missing.n == 0;

                        check->json ? check_write_json(config, &missing, ok, &out) : check_write_totals(check, config, &missing, &out);
                        status = check_print(check, &out);
                        if (status == EXIT_DONE && !ok)
                                status = EXIT_NO;
                }
        }
        buffer_done(&out);
        mistakes_done(&mistakes);
        mistakes_done(&missing);
        return status;
}

/* -- With --coverage: what became of every rule in the sources -- */

#define COVERAGE_ARENA_MAX ((size_t)64 * 1024 * 1024)

static void coverage_write_row(const struct coverage_row *row, struct buffer *out) {
        const char *between = "  ";

        buffer_add_text(out, row->id);
        for (unsigned list = 0; list < COVERAGE_LISTS; list++) {
                if (row->lists[list].n == 0)
                        continue;
                buffer_printf(out, "%s%s:", between, coverage_list_names[list]);
                for (size_t i = 0; i < row->lists[list].n; i++)
                        buffer_printf(out, "%s %s", i ? "," : "", row->lists[list].items[i]);
                between = "; ";
        }
        buffer_add_byte(out, '\n');
}

static void coverage_write_text(const struct check *check, const struct coverage *coverage, struct buffer *out) {
        for (unsigned i = 0; i < COVERAGE_ROWS; i++) {
                const struct coverage_row *row = &coverage->rows[i];

                if (row->no_rule)
                        buffer_printf(out, IN_LANGUAGE(check->language, "%s  no rule: %s\n", "%s  geen regel: %s\n"), row->id, row->no_rule);
                else if (coverage_row_empty(row))
                        buffer_printf(out,
                                      IN_LANGUAGE(check->language, "%s  nothing: name what guards this rule, or say with no_rule why it is none\n",
                                                  "%s  niets: noem wat deze regel bewaakt, of zeg met no_rule waarom het er geen is\n"),
                                      row->id);
                else
                        coverage_write_row(row, out);
        }
        for (size_t i = 0; i < coverage->n_unnamed; i++)
                buffer_printf(out, IN_LANGUAGE(check->language, "no rule names: %s/%s\n", "bij geen regel genoemd: %s/%s\n"),
                              coverage->unnamed[i]->protocol->name, coverage->unnamed[i]->name);
        buffer_printf(out,
                      IN_LANGUAGE(check->language, "%d rules, %zu without a row that says anything; %zu norm%s that no rule names\n",
                                  "%d regels, %zu zonder een rij die iets zegt; %zu norm%s bij geen regel genoemd\n"),
                      COVERAGE_ROWS, coverage->n_empty, coverage->n_unnamed, coverage->n_unnamed == 1 ? "" : IN_LANGUAGE(check->language, "s", "en"));
}

static void coverage_write_json_row(const struct coverage_row *row, struct json_writer *w) {
        jsonw_open_object(w);
        jsonw_put_string(w, "id", row->id);
        for (unsigned list = 0; list < COVERAGE_LISTS; list++) {
                jsonw_key(w, coverage_list_names[list]);
                jsonw_open_array(w);
                for (size_t i = 0; i < row->lists[list].n; i++)
                        jsonw_string(w, row->lists[list].items[i]);
                jsonw_close_array(w);
        }
        jsonw_key(w, "no_rule");
        row->no_rule ? jsonw_string(w, row->no_rule) : jsonw_null(w);
        jsonw_close_object(w);
}

static void coverage_write_json(const struct coverage *coverage, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", coverage->n_empty == 0);
        jsonw_key(&w, "rules");
        jsonw_open_array(&w);
        for (unsigned i = 0; i < COVERAGE_ROWS; i++)
                coverage_write_json_row(&coverage->rows[i], &w);
        jsonw_close_array(&w);
        jsonw_key(&w, "empty");
        jsonw_open_array(&w);
        for (unsigned i = 0; i < COVERAGE_ROWS; i++) {
                if (coverage_row_empty(&coverage->rows[i]))
                        jsonw_string(&w, coverage->rows[i].id);
        }
        jsonw_close_array(&w);
        jsonw_key(&w, "unnamed_norms");
        jsonw_open_array(&w);
        for (size_t i = 0; i < coverage->n_unnamed; i++) {
                jsonw_open_object(&w);
                jsonw_put_string(&w, "protocol", coverage->unnamed[i]->protocol->name);
                jsonw_put_string(&w, "norm", coverage->unnamed[i]->name);
                jsonw_close_object(&w);
        }
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
}

static int check_coverage(const struct check *check, const struct config *config) {
        const char *reports[LISTING_KINDS + 1] = {0};
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        struct mistakes mistakes = MISTAKES_IN(check->language);
        struct coverage coverage;
        char own[CHECK_PATH_MAX];
        const char *path;
        struct arena *arena;
        int status, r;

        if (!check->file && !check_path(check, "coverage.yaml", own))
                return EXIT_USAGE;
        path = check->file ? check->file : own;
        for (unsigned i = 0; i < LISTING_KINDS; i++)
                reports[i] = listing_names[i];
        r = arena_new(&arena, COVERAGE_ARENA_MAX);
        if (r)
                return check_failed(check, r);
        r = coverage_read(path, config, reports, arena, &coverage, &mistakes);
        if (r == -EINVAL) {
                status = check_mistakes(check, &mistakes, path);
        } else if (r) {
                status = check_failed(check, r);
        } else {
                check->json ? coverage_write_json(&coverage, &out) : coverage_write_text(check, &coverage, &out);
                status = check_print(check, &out);
                if (status == EXIT_DONE && coverage.n_empty)
                        status = EXIT_NO;
        }
        buffer_done(&out);
        mistakes_done(&mistakes);
        arena_free(arena);
        return status;
}

/* -- With --stories: what protocols tell, compared with what their authors expect -- */

struct few { /* a norm that has too few stories */
        const struct norm *norm;
        size_t stories;
};

struct stories_run {
        const struct check *check;
        const struct config *config;
        struct mistakes mistakes, failures;
        VECTOR(struct stories *) files;
        VECTOR(struct few) few;
        size_t played, failed;
};

static int stories_read_file(struct stories_run *run, const char *path) {
        struct stories *stories;
        int r = stories_read(path, run->config, &stories, &run->mistakes);

        if (r == -EINVAL)
                return 0;
        if (r)
                return r;
        r = vector_push(&run->files, stories);
        if (r)
                stories_free(stories);
        return r;
}

static int stories_read_folder(struct stories_run *run, const char *folder) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char path[CHECK_PATH_MAX];
        struct error err = {0};
        size_t n;
        int r = folder_names(folder, STORIES_SUFFIX, &names, &n, &err);

        if (r == -ENOMEM)
                return r;
        if (r) {
                file_error(folder, r, run->check->language, &err);
                mistakes_error(&run->mistakes, &err);
                return 0;
        }
        for (size_t i = 0; r == 0 && i < n; i++) {
                if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]) >= (int)sizeof(path))
                        mistakes_place(&run->mistakes, folder,
                                       IN_LANGUAGE(run->check->language, "the name of this folder is too long", "de naam van deze map is te lang"));
                else
                        r = stories_read_file(run, path);
        }
        return r;
}

static int stories_read_all(struct stories_run *run) {
        char folder[CHECK_PATH_MAX];
        int r = 0;

        if (run->check->n_files == 0)
                return check_path(run->check, "protocols", folder) ? stories_read_folder(run, folder) : -ENAMETOOLONG;
        for (int i = 0; r == 0 && i < run->check->n_files; i++)
                r = stories_read_file(run, run->check->files[i]);
        return r;
}

static bool stories_chosen(const struct stories_run *run, const struct story *story) {
        return !run->check->story || strstr(story->title, run->check->story);
}

static int stories_play_all(struct stories_run *run) {
        for (size_t i = 0; i < run->files.n; i++) {
                const struct stories *stories = run->files.items[i];

                for (size_t j = 0; j < stories->n; j++) {
                        int r = stories_chosen(run, &stories->items[j]) ? story_play(stories, &stories->items[j], run->config, &run->failures) : 0;

                        if (r < 0)
                                return r;
                        run->played += stories_chosen(run, &stories->items[j]);
                        run->failed += r == STORY_E_FAILED;
                }
        }
        return 0;
}

/* Each story as lines of replay, a blank line between two. */
static void stories_print_all(const struct stories_run *run, struct buffer *out) {
        for (size_t i = 0; i < run->files.n; i++) {
                for (size_t j = 0; j < run->files.items[i]->n; j++) {
                        const struct story *story = &run->files.items[i]->items[j];

                        if (!stories_chosen(run, story))
                                continue;
                        if (out->n)
                                buffer_add_byte(out, '\n');
                        for (size_t k = 0; k < story->n_lines; k++)
                                buffer_printf(out, "%s\n", story->lines[k].text);
                }
        }
}

static size_t stories_of_norm(const struct stories_run *run, const struct norm *norm) {
        size_t n = 0;

        for (size_t i = 0; i < run->files.n; i++) {
                for (size_t j = 0; j < run->files.items[i]->n; j++) {
                        const struct story *story = &run->files.items[i]->items[j];

                        for (size_t k = 0; k < story->n_norms; k++)
                                n += story->norms[k] == norm;
                }
        }
        return n;
}

/* With files given, only their protocols are asked. */
static bool stories_asked(const struct stories_run *run, const struct protocol *protocol) {
        for (size_t i = 0; i < run->files.n; i++) {
                if (run->files.items[i]->protocol == protocol)
                        return true;
        }
        return run->check->n_files == 0;
}

static int stories_find_few(struct stories_run *run, size_t *ret_telling) {
        *ret_telling = 0;
        for (size_t i = 0; !run->check->story && i < run->config->protocols.n; i++) {
                const struct protocol *p = run->config->protocols.items[i];

                for (size_t j = 0; stories_asked(run, p) && j < p->n_norms; j++) {
                        size_t n = stories_of_norm(run, &p->norms[j]);

                        if (!story_wanted(&p->norms[j]))
                                continue;
                        (*ret_telling)++;
                        if (n < STORIES_PER_NORM && vector_push(&run->few, (struct few){&p->norms[j], n}))
                                return -ENOMEM;
                }
        }
        return 0;
}

static const char *stories_noun(enum language language, size_t n) {
        return n == 1 ? IN_LANGUAGE(language, "story", "verhaal") : IN_LANGUAGE(language, "stories", "verhalen");
}

static void stories_write_text(struct stories_run *run, size_t telling, struct buffer *out) {
        enum language language = run->check->language;

        check_lines_text(&run->failures, "", out);
        for (size_t i = 0; i < run->few.n; i++) {
                const struct few *few = &run->few.items[i];

                buffer_printf(out,
                              IN_LANGUAGE(language, "warning: %s: norm '%s' tells and has %zu %s; it wants %d: met, missed, the exception\n",
                                          "let op: %s: norm '%s' vertelt iets en heeft %zu %s; dat moeten er %d zijn: op tijd, te laat, de uitzondering\n"),
                              few->norm->protocol->file, few->norm->name, few->stories, stories_noun(language, few->stories), STORIES_PER_NORM);
        }
        buffer_printf(out, IN_LANGUAGE(language, "%zu %s, %zu failed", "%zu %s, %zu mislukt"), run->played, stories_noun(language, run->played), run->failed);
        if (!run->check->story)
                buffer_printf(out,
                              IN_LANGUAGE(language, "; %zu %s, %zu of them in fewer than %d stories", "; %zu %s iets, %zu daarvan in minder dan %d verhalen"),
                              telling,
                              telling == 1 ? IN_LANGUAGE(language, "norm tells", "norm vertelt") : IN_LANGUAGE(language, "norms tell", "normen vertellen"),
                              run->few.n, STORIES_PER_NORM);
        buffer_add_byte(out, '\n');
}

static void stories_write_json(struct stories_run *run, size_t telling, bool ok, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", ok);
        jsonw_put_int(&w, "stories", (int64_t)run->played);
        jsonw_put_int(&w, "failed", (int64_t)run->failed);
        jsonw_key(&w, "lines");
        jsonw_open_array(&w);
        check_lines_json(&run->failures, &w);
        jsonw_close_array(&w);
        jsonw_put_int(&w, "telling_norms", (int64_t)telling);
        jsonw_key(&w, "few");
        jsonw_open_array(&w);
        for (size_t i = 0; i < run->few.n; i++) {
                jsonw_open_object(&w);
                jsonw_put_string(&w, "protocol", run->few.items[i].norm->protocol->name);
                jsonw_put_string(&w, "norm", run->few.items[i].norm->name);
                jsonw_put_int(&w, "stories", (int64_t)run->few.items[i].stories);
                jsonw_close_object(&w);
        }
        jsonw_close_array(&w);
        jsonw_close_object(&w);
        buffer_add_byte(out, '\n');
}

/* All files are read and without mistakes. */
static int stories_judge(struct stories_run *run, struct buffer *out) {
        size_t telling = 0;
        bool ok;
        int r;

        if (run->check->print) {
                stories_print_all(run, out);
                return check_print(run->check, out);
        }
        r = stories_play_all(run);
        if (r == 0)
                r = stories_find_few(run, &telling);
        if (r)
                return check_failed(run->check, r);
        ok = run->failed == 0 && (!run->check->strict || run->few.n == 0);
        run->check->json ? stories_write_json(run, telling, ok, out) : stories_write_text(run, telling, out);
        r = check_print(run->check, out);
        return r == EXIT_DONE && !ok ? EXIT_NO : r;
}

static int check_stories(const struct check *check, const struct config *config) {
        struct stories_run run = {.check = check, .config = config, .mistakes = MISTAKES_IN(check->language), .failures = MISTAKES_IN(check->language)};
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        int status, r = stories_read_all(&run);

        if (r)
                status = r == -ENAMETOOLONG ? EXIT_USAGE : check_failed(check, r);
        else if (run.mistakes.n)
                status = check_mistakes(check, &run.mistakes, IN_LANGUAGE(check->language, "the stories", "de verhalen"));
        else
                status = stories_judge(&run, &out);
        for (size_t i = 0; i < run.files.n; i++)
                stories_free(run.files.items[i]);
        vector_done(&run.files);
        vector_done(&run.few);
        buffer_done(&out);
        mistakes_done(&run.mistakes);
        mistakes_done(&run.failures);
        return status;
}

/* -- The command -- */

static int check_whole(const struct check *check) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct mistakes mistakes = MISTAKES_IN(check->language);
        struct error err = {0};
        char where[2 * CHECK_PATH_MAX];
        int e = config_read(check->dirs.config, check->dirs.schemas, &config, &mistakes), status;

        (void) snprintf(where, sizeof(where), IN_LANGUAGE(check->language, "%s%s and %s%s", "%s%s en %s%s"), check->dirs.config,
                        command_dirs_origin(check->dirs.config, check->language), check->dirs.schemas,
                        command_dirs_origin(check->dirs.schemas, check->language));
        if (e == 0)
                e = check_console(check, config, &mistakes);
        if (e == -EINVAL) {
                status = check->file ? check_file_mistakes(check, &mistakes) : check_mistakes(check, &mistakes, where);
        } else if (e) {
                file_error(where, e, check->language, &err);
                status = command_fail("check", EXIT_USAGE, &err);
        } else if (check->coverage) {
                status = check_coverage(check, config);
        } else {
                status = check->stories ? check_stories(check, config) : check_config(check, config);
        }
        mistakes_done(&mistakes);
        return status;
}

/* One file, within its configuration. */
static int check_one(struct check *check) {
        enum check_kind kind;
        int status;

        check->file = check->files[0];
        status = check_file_kind(check, &kind);
        if (status)
                return status;
        check->stories = kind == CHECK_STORIES;
        check->coverage = kind == CHECK_COVERAGE;
        return check->stories || check->coverage ? check_whole(check) : check_file(check, kind);
}

static int check_run(int argc, char **argv) {
        struct check check = {.dirs = command_dirs()};
        const char *lang = NULL, *bootstrap = NULL;
        bool broker = false;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &check.dirs.config),
                OPTION_TEXT_ROW("--schemas", &check.dirs.schemas),
                OPTION_TEXT_ROW("--lang", &lang),
                OPTION_FLAG_ROW("--json", &check.json),
                OPTION_FLAG_ROW("--strict", &check.strict),
                OPTION_FLAG_ROW("--assumed", &check.assumed),
                OPTION_FLAG_ROW("--coverage", &check.coverage),
                OPTION_FLAG_ROW("--stories", &check.stories),
                OPTION_TEXT_ROW("--story", &check.story),
                OPTION_FLAG_ROW("--print", &check.print),
                OPTION_FLAG_ROW("--broker", &broker),
                OPTION_TEXT_ROW("--bootstrap", &bootstrap),
                OPTION_END_ROW,
        };
        int status = options_read(argc, argv, rows, check.files, &check.n_files);

        if (status == 0)
                status = command_language("check", lang, &check.language);
        if (status)
                return status;
        if (check.coverage && check.stories)
                return command_usage("check", "--coverage and --stories are two checks; ask for one");
        if (check.n_files && check.coverage)
                return command_usage("check", "--coverage takes no file '%s'; check %s does", check.files[0], check.files[0]);
        if (check.n_files > 1 && !check.stories)
                return command_usage("check", "one FILE at a time, not %d", check.n_files);
        if ((check.print || check.story) && !check.stories)
                return command_usage("check", "%s goes with --stories", check.print ? "--print" : "--story");
        if (check.print && check.json)
                return command_usage("check", "--print prints lines of replay already; leave --json out");
        if (bootstrap && !broker)
                return command_usage("check", "--bootstrap goes with --broker");
        if (broker && (check.n_files || check.coverage || check.stories || check.json))
                return command_usage("check", "--broker compares all of the configuration with the broker, in words; leave the rest out");
        status = check.n_files && !check.stories ? check_one(&check) : check_whole(&check);
        return broker && status == EXIT_DONE ? topics_compare(&check.dirs, bootstrap) : status;
}

const struct command command_check = {
        .name = "check",
        .summary = "read all configuration, schemas and protocols, and report every mistake",
        .help = "Usage: ketenwacht check [--assumed] [--strict] [--json]\n"
                "       ketenwacht check --broker [--bootstrap HOST:PORT,…] [--strict]\n"
                "       ketenwacht check FILE [--strict] [--json]\n"
                "       ketenwacht check --coverage [--json]\n"
                "       ketenwacht check --stories [FILE…] [--story TEXT] [--print | --json] [--strict]\n\n"
                "Reads all configuration, schemas and protocols. Every mistake is one line on standard error: file, line and column,\n"
                "what was expected, and the nearest known word. Without mistakes it prints one line of what there is, a warning\n"
                "for each contact or deputy that a region asks for and nobody named, one for what a protocol may say and hardly means (rungs\n"
                "out of order of time, a reminder longer than its term, days on a term in hours …), and one for a calendar that ends within\n"
                "a year of today.\n\n"
                "With FILE it checks that file within its configuration and speaks of nothing else: a protocol (with the keys that no source\n"
                "states), stories (which it plays), the organisations, the calendar, a connector, coverage.yaml, broker.yaml, console.yaml or\n"
                "version. One that stands elsewhere is checked as if it stood there, in the place of the one of its name. Tokens of a connector\n"
                "and what the console keeps secret are not read.\n\n"
                "  --broker       and compare it with the broker, and with the registry when there is one: what topics plan would say\n"
                "  --bootstrap LIST  where the broker is (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n"
                "  --assumed      also the keys that no source states, of each protocol\n"
                "  --coverage     what became of every rule in the sources: norms, routes, reports, or why it is no rule\n"
                "                 (coverage.yaml); and which norms no rule names\n"
                "  --stories      play the stories beside the protocols (protocols/*.stories.yaml), or those in each FILE, and say\n"
                "                 what was told otherwise than expected; and which norms have fewer than three\n"
                "  --story TEXT   only stories with TEXT in their title\n"
                "  --print        do not play: print each story as the lines of ketenwacht replay\n"
                "  --strict       a warning is a no\n"
                "  --json         one JSON object on standard output\n"
                "  --lang nl|en   say it in Dutch or in English (else as the locale has it: LC_ALL, LC_MESSAGES, LANG)\n"
                "  --config DIR   configuration (else KETENWACHT_CONFIG, else config)\n"
                "  --schemas DIR  schemas (else KETENWACHT_SCHEMAS, else schemas)\n\n"
                "Exit status: 0 all is well; 1 a rule has no row, a story failed, the broker differs, or with --strict a warning; 2 mistakes;\n"
                "3 the broker failed.\n",
        .run = check_run,
};
