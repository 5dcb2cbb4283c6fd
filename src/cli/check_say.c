/* SPDX-License-Identifier: EUPL-1.2 */

/* What `ketenwacht check` says of mistakes, as text or JSON, and how it ends. */

#include "cli/check_say.h"

#include <stdio.h>
#include <string.h>

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
        (void) command_usage("check", IN_LANGUAGE(check->language, "the name of the folder given by --config is too long",
                                                  "de naam van de map bij --config is te lang"));
        return NULL;
}

int check_print(const struct check *check, struct buffer *out) {
        struct error err;
        bool written = !out->failed && fwrite(out->bytes, 1, out->n, stdout) == out->n && fflush(stdout) == 0;

        if (written)
                return EXIT_DONE;
        error_set(&err, IN_LANGUAGE(check->language, "cannot write to standard output", "kan niet naar de standaarduitvoer schrijven"));
        return command_fail("check", EXIT_BROKER, &err);
}

int check_failed(const struct check *check, int r) {
        struct error err;

        error_set(&err, IN_LANGUAGE(check->language, "stopped: %s", "gestopt: %s"), language_errno(check->language, r));
        return command_fail("check", EXIT_BROKER, &err);
}

int check_mistakes(const struct check *check, struct mistakes *mistakes, const char *where) {
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        struct json_writer w = JSON_WRITER(&out);

        fputs(buffer_text(&mistakes->text), stderr);
        fprintf(stderr,
                IN_LANGUAGE(check->language, "ketenwacht check: %zu mistake%s in %s; correct the lines above\n",
                            "ketenwacht check: %zu vergissing%s in %s; verbeter de regels hierboven\n"),
                mistakes->n, mistakes->n == 1 ? "" : IN_LANGUAGE(check->language, "s", "en"), where);
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
        (void) check_print(check, &out); /* the mistakes decide the status */
        buffer_done(&out);
        return EXIT_USAGE;
}
