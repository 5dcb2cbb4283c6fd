/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht check --stories`: what protocols tell, compared with what their authors expect. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/vector.h"
#include "cli/check.h"
#include "engine/story.h"
#include "model/protocols.h"

struct few { /* a norm that has too few stories */
        const struct norm *norm;
        size_t stories;
};

struct run {
        const struct check *check;
        const struct config *config;
        struct mistakes mistakes, failures;
        VECTOR(struct stories *) files;
        VECTOR(struct few) few;
        size_t played, failed;
};

/* -- Reading -- */

static int read_file(struct run *run, const char *path) {
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

static int read_folder(struct run *run, const char *folder) {
        CLEANUP(folder_names_free_p) char **names = NULL;
        char path[CHECK_PATH_MAX];
        struct error err = {0};
        size_t n;
        int r = folder_names(folder, STORIES_SUFFIX, &names, &n, &err);

        if (r == -ENOMEM)
                return r;
        if (r) {
                mistakes_error(&run->mistakes, &err);
                return 0;
        }
        for (size_t i = 0; r == 0 && i < n; i++) {
                if (snprintf(path, sizeof(path), "%s/%s", folder, names[i]) >= (int)sizeof(path))
                        mistakes_place(&run->mistakes, folder, "the name of this folder is too long");
                else
                        r = read_file(run, path);
        }
        return r;
}

static int read_all(struct run *run) {
        char folder[CHECK_PATH_MAX];
        int r = 0;

        if (run->check->n_files == 0)
                return check_path(run->check, "protocols", folder) ? read_folder(run, folder) : -ENAMETOOLONG;
        for (int i = 0; r == 0 && i < run->check->n_files; i++)
                r = read_file(run, run->check->files[i]);
        return r;
}

static bool chosen(const struct run *run, const struct story *story) {
        return !run->check->story || strstr(story->title, run->check->story);
}

/* -- Playing -- */

static int play_all(struct run *run) {
        for (size_t i = 0; i < run->files.n; i++) {
                const struct stories *stories = run->files.items[i];

                for (size_t j = 0; j < stories->n; j++) {
                        int r = chosen(run, &stories->items[j]) ? story_play(stories, &stories->items[j], run->config, &run->failures) : 0;

                        if (r < 0)
                                return r;
                        run->played += chosen(run, &stories->items[j]);
                        run->failed += r == STORY_E_FAILED;
                }
        }
        return 0;
}

/* Each story as lines of replay, a blank line between two. */
static void print_all(const struct run *run, struct buffer *out) {
        for (size_t i = 0; i < run->files.n; i++) {
                for (size_t j = 0; j < run->files.items[i]->n; j++) {
                        const struct story *story = &run->files.items[i]->items[j];

                        if (!chosen(run, story))
                                continue;
                        if (out->n)
                                buffer_add_byte(out, '\n');
                        for (size_t k = 0; k < story->n_lines; k++)
                                buffer_printf(out, "%s\n", story->lines[k].text);
                }
        }
}

/* -- Norms with too few stories -- */

static size_t stories_of(const struct run *run, const struct norm *norm) {
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
static bool asked(const struct run *run, const struct protocol *protocol) {
        for (size_t i = 0; i < run->files.n; i++) {
                if (run->files.items[i]->protocol == protocol)
                        return true;
        }
        return run->check->n_files == 0;
}

static int find_few(struct run *run, size_t *ret_telling) {
        *ret_telling = 0;
        for (size_t i = 0; !run->check->story && i < run->config->protocols.n; i++) {
                const struct protocol *p = run->config->protocols.items[i];

                for (size_t j = 0; asked(run, p) && j < p->n_norms; j++) {
                        size_t n = stories_of(run, &p->norms[j]);

                        if (!story_wanted(&p->norms[j]))
                                continue;
                        (*ret_telling)++;
                        if (n < STORIES_PER_NORM && vector_push(&run->few, (struct few){&p->norms[j], n}))
                                return -ENOMEM;
                }
        }
        return 0;
}

/* -- Saying -- */

static const char *plural(size_t n, const char *one, const char *more) {
        return n == 1 ? one : more;
}

static void write_text(struct run *run, size_t telling, struct buffer *out) {
        check_lines_text(&run->failures, "", out);
        for (size_t i = 0; i < run->few.n; i++) {
                const struct few *few = &run->few.items[i];

                buffer_printf(out, "warning: %s: norm '%s' tells and has %zu %s; it wants %d: met, missed, the exception\n", few->norm->protocol->file,
                              few->norm->name, few->stories, plural(few->stories, "story", "stories"), STORIES_PER_NORM);
        }
        buffer_printf(out, "%zu %s, %zu failed", run->played, plural(run->played, "story", "stories"), run->failed);
        if (!run->check->story)
                buffer_printf(out, "; %zu %s, %zu of them in fewer than %d stories", telling, plural(telling, "norm tells", "norms tell"), run->few.n,
                              STORIES_PER_NORM);
        buffer_add_byte(out, '\n');
}

static void write_json(struct run *run, size_t telling, bool ok, struct buffer *out) {
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
static int judge(struct run *run, struct buffer *out) {
        size_t telling = 0;
        bool ok;
        int r;

        if (run->check->print) {
                print_all(run, out);
                return check_print(out);
        }
        r = play_all(run);
        if (r == 0)
                r = find_few(run, &telling);
        if (r)
                return check_failed(r);
        ok = run->failed == 0 && (!run->check->strict || run->few.n == 0);
        run->check->json ? write_json(run, telling, ok, out) : write_text(run, telling, out);
        r = check_print(out);
        return r == EXIT_DONE && !ok ? EXIT_NO : r;
}

int check_stories(const struct check *check, const struct config *config) {
        struct run run = {.check = check, .config = config, .mistakes = MISTAKES_INIT, .failures = MISTAKES_INIT};
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        int status, r = read_all(&run);

        if (r)
                status = r == -ENAMETOOLONG ? EXIT_USAGE : check_failed(r);
        else if (run.mistakes.n)
                status = check_mistakes(check, &run.mistakes, "the stories");
        else
                status = judge(&run, &out);
        for (size_t i = 0; i < run.files.n; i++)
                stories_free(run.files.items[i]);
        vector_done(&run.files);
        vector_done(&run.few);
        buffer_done(&out);
        mistakes_done(&run.mistakes);
        mistakes_done(&run.failures);
        return status;
}
