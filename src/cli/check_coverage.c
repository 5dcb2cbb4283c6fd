/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht check --coverage`: what became of every rule in the sources. */

#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/check.h"
#include "engine/report.h"
#include "model/coverage.h"

#define COVERAGE_ARENA_MAX ((size_t)64 * 1024 * 1024)

static void write_row(const struct coverage_row *row, struct buffer *out) {
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

static void write_text(const struct coverage *coverage, struct buffer *out) {
        for (unsigned i = 0; i < COVERAGE_ROWS; i++) {
                const struct coverage_row *row = &coverage->rows[i];

                if (row->no_rule)
                        buffer_printf(out, "%s  no rule: %s\n", row->id, row->no_rule);
                else if (coverage_row_empty(row))
                        buffer_printf(out, "%s  nothing: name what guards this rule, or say with no_rule why it is none\n", row->id);
                else
                        write_row(row, out);
        }
        for (size_t i = 0; i < coverage->n_unnamed; i++)
                buffer_printf(out, "no rule names: %s/%s\n", coverage->unnamed[i]->protocol->name, coverage->unnamed[i]->name);
        buffer_printf(out, "%d rules, %zu without a row that says anything; %zu norm%s that no rule names\n", COVERAGE_ROWS, coverage->n_empty,
                      coverage->n_unnamed, coverage->n_unnamed == 1 ? "" : "s");
}

static void write_json_row(const struct coverage_row *row, struct json_writer *w) {
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

static void write_json(const struct coverage *coverage, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", coverage->n_empty == 0);
        jsonw_key(&w, "rules");
        jsonw_open_array(&w);
        for (unsigned i = 0; i < COVERAGE_ROWS; i++)
                write_json_row(&coverage->rows[i], &w);
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

int check_coverage(const struct check *check, const struct config *config) {
        const char *reports[LISTING_KINDS + 1] = {0};
        struct buffer out = BUFFER_INIT(CHECK_OUTPUT_MAX);
        struct mistakes mistakes = MISTAKES_INIT;
        struct coverage coverage;
        char path[CHECK_PATH_MAX];
        struct arena *arena;
        int status, r;

        if (!check_path(check, "coverage.yaml", path))
                return EXIT_USAGE;
        for (unsigned i = 0; i < LISTING_KINDS; i++)
                reports[i] = listing_names[i];
        r = arena_new(&arena, COVERAGE_ARENA_MAX);
        if (r)
                return check_failed(r);
        r = coverage_read(path, config, reports, arena, &coverage, &mistakes);
        if (r == -EINVAL) {
                status = check_mistakes(check, &mistakes, path);
        } else if (r) {
                status = check_failed(r);
        } else {
                check->json ? write_json(&coverage, &out) : write_text(&coverage, &out);
                status = check_print(&out);
                if (status == EXIT_DONE && coverage.n_empty)
                        status = EXIT_NO;
        }
        buffer_done(&out);
        mistakes_done(&mistakes);
        arena_free(arena);
        return status;
}
