/* SPDX-License-Identifier: EUPL-1.2 */

/* The table of problems, and how one is written. */

#include "connect/problem.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"

#define POINTER_MAX 1024

const struct problem_row problem_rows[PROBLEMS] = {
        [PROBLEM_NONE] = {"", "", "", "", 200},
#define PROBLEM_ROW(name, status, urn, title, title_nl) [PROBLEM_##name] = {#name, PROBLEM_URN urn, title, title_nl, status},
#include "connect/problem.def"
#undef PROBLEM_ROW
};

struct event_mistakes problem_mistakes(struct problem *problem, enum language language) {
        problem->language = language;
        return (struct event_mistakes){.language = language, .items = problem->mistakes, .room = ELEMENTS(problem->mistakes)};
}

static enum problem_kind problem_of_refusal(enum refusal refusal) {
        switch (refusal) {
        case REFUSAL_MALFORMED:
                return PROBLEM_MALFORMED;
        case REFUSAL_UNKNOWN_EVENT:
                return PROBLEM_UNKNOWN_EVENT;
        case REFUSAL_UNKNOWN_ORGANISATION:
                return PROBLEM_UNKNOWN_ORGANISATION;
        case REFUSAL_NOT_ALLOWED:
                return PROBLEM_NOT_ALLOWED;
        case REFUSAL_KEY_MISMATCH:
                return PROBLEM_KEY_MISMATCH;
        default:
                return PROBLEM_BAD_VALUE;
        }
}

bool problem_of_mistakes(struct problem *problem, const struct event_mistakes *m) {
        assert(m->items == problem->mistakes);
        problem->n = m->n;
        if (m->n > 0)
                problem->kind = problem_of_refusal(m->items[0].refusal);
        return m->n == 0;
}

/* A JSON pointer as the fragment of an address: RFC 6901, section 6. Names have no other characters that want it. */
static void write_pointer(const char *within, const char *field, struct json_writer *w) {
        CLEANUP(buffer_done) struct buffer pointer = BUFFER_INIT(POINTER_MAX);

        buffer_printf(&pointer, "#%s/", within);
        for (const char *c = field; *c; c++) {
                if (*c == '/')
                        buffer_add_text(&pointer, "~1");
                else if (*c == '#')
                        buffer_add_text(&pointer, "%23");
                else
                        buffer_add_byte(&pointer, (uint8_t)*c);
        }
        jsonw_put_string(w, "pointer", buffer_text(&pointer));
}

static void write_error(const struct event_mistake *mistake, struct json_writer *w) {
        const char *field = event_mistake_field(mistake);

        jsonw_open_object(w);
        if (field && mistake->within)
                write_pointer(mistake->within, field, w);
        jsonw_put_string(w, "detail", mistake->text);
        jsonw_put_string(w, "code", refusal_codes[mistake->refusal]);
        if (field)
                jsonw_put_string(w, "field", field);
        jsonw_close_object(w);
}

static void write_mistakes(const struct problem *problem, struct json_writer *w) {
        const char *field = event_mistake_field(&problem->mistakes[0]);
        size_t told = problem->n < ELEMENTS(problem->mistakes) ? problem->n : ELEMENTS(problem->mistakes);

        if (field)
                jsonw_put_string(w, "field", field);
        if (!field && problem->n == 1)
                return;
        jsonw_key(w, "errors");
        jsonw_open_array(w);
        for (size_t i = 0; i < told; i++)
                write_error(&problem->mistakes[i], w);
        jsonw_close_array(w);
        if (problem->n > told)
                jsonw_put_int(w, "more", (int64_t)(problem->n - told));
}

static void problem_open(const struct problem_row *row, enum language language, const char *detail, struct json_writer *w) {
        jsonw_open_object(w);
        jsonw_put_string(w, "type", row->urn);
        jsonw_put_string(w, "title", IN_LANGUAGE(language, row->title, row->title_nl));
        jsonw_put_int(w, "status", row->status);
        if (detail[0])
                jsonw_put_string(w, "detail", detail);
        jsonw_put_string(w, "code", row->code);
}

void problem_write_row(const struct problem_row *row, enum language language, const char *detail, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);

        problem_open(row, language, detail, &w);
        jsonw_close_object(&w);
}

void problem_write(const struct problem *problem, struct buffer *out) {
        const char *detail = problem->n > 0 ? problem->mistakes[0].text : problem->detail.text;
        struct json_writer w = JSON_WRITER(out);

        problem_open(&problem_rows[problem->kind], problem->language, detail, &w);
        if (problem->field)
                jsonw_put_string(&w, "field", problem->field);
        if (problem->next) {
                jsonw_put_string(&w, "next", problem->next);
                if (problem->to >= problem->from) {
                        jsonw_put_int(&w, "from", problem->from);
                        jsonw_put_int(&w, "to", problem->to);
                }
        }
        if (problem->n > 0)
                write_mistakes(problem, &w);
        jsonw_close_object(&w);
}
