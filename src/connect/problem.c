/* SPDX-License-Identifier: EUPL-1.2 */

/* The table of problems, and how one is written. */

#include "connect/problem.h"

#include <stdio.h>

#include "base/json.h"

#define POINTER_MAX 320

const struct problem_row problem_rows[PROBLEMS] = {
        [PROBLEM_NONE] = {"", "", "", 200},
#define PROBLEM_ROW(name, status, urn, title) [PROBLEM_##name] = {#name, PROBLEM_URN urn, title, status},
#include "connect/problem.def"
#undef PROBLEM_ROW
};

static void write_errors(const struct problem *problem, struct json_writer *w) {
        char pointer[POINTER_MAX];

        (void) snprintf(pointer, sizeof(pointer), "#%s/%s", problem->within, problem->field);
        jsonw_key(w, "errors");
        jsonw_open_array(w);
        jsonw_open_object(w);
        jsonw_put_string(w, "pointer", pointer);
        jsonw_put_string(w, "detail", problem->detail.text);
        jsonw_close_object(w);
        jsonw_close_array(w);
}

void problem_write(const struct problem *problem, struct buffer *out) {
        const struct problem_row *row = &problem_rows[problem->kind];
        struct json_writer w = JSON_WRITER(out);

        jsonw_open_object(&w);
        jsonw_put_string(&w, "type", row->urn);
        jsonw_put_string(&w, "title", row->title);
        jsonw_put_int(&w, "status", row->status);
        if (problem->detail.text[0])
                jsonw_put_string(&w, "detail", problem->detail.text);
        jsonw_put_string(&w, "code", row->code);
        if (problem->field)
                jsonw_put_string(&w, "field", problem->field);
        if (problem->next) {
                jsonw_put_string(&w, "next", problem->next);
                if (problem->to >= problem->from) {
                        jsonw_put_int(&w, "from", problem->from);
                        jsonw_put_int(&w, "to", problem->to);
                }
        }
        if (problem->field && problem->within)
                write_errors(problem, &w);
        jsonw_close_object(&w);
}
