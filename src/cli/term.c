/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht term`: on which date, or at which instant, a term ends, and why. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"
#include "calendar/calendar.h"
#include "calendar/explain.h"
#include "calendar/term.h"
#include "cli/command.h"
#include "cli/options.h"

#define OUTPUT_MAX ((size_t)256 * 1024)
#define TRACE_ARENA_MAX ((size_t)256 * 1024)
#define PATH_TEXT_MAX 4096

struct arguments {
        struct command_dirs dirs;
        const char *from; /* DATE or INSTANT */
        struct term term;
        bool explain, json;
};

struct end {
        bool hours;
        day_t date, from_date;
        instant_t at, from_at; /* in hours */
};

static int term_read_step(const char *text, struct arguments *a) {
        struct error err = {0};

        if (a->term.n == TERM_STEPS_MAX)
                return command_usage("term", "more than %d steps", TERM_STEPS_MAX);
        if (term_step_parse(text, LANGUAGE_EN, &a->term.steps[a->term.n], &err)) {
                bool bare = *text && strspn(text, "+-0123456789") == strlen(text);

                return command_usage("term", "%s%s", err.text, bare ? "; put the whole step into quotes" : "");
        }
        a->term.n++;
        return 0;
}

static int term_arguments(int argc, char **argv, struct arguments *a) {
        const char *words[OPTION_ARGUMENTS_MAX], *roll = "none";
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--roll", &roll),           OPTION_FLAG_ROW("--explain", &a->explain),       OPTION_FLAG_ROW("--json", &a->json),
                OPTION_TEXT_ROW("--config", &a->dirs.config), OPTION_TEXT_ROW("--schemas", &a->dirs.schemas), OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, words, &n);

        if (status)
                return status;
        if (strcmp(roll, "legal") != 0 && strcmp(roll, "none") != 0)
                return command_usage("term", "--roll '%s' is unknown; expected 'legal' or 'none'", roll);
        a->term.legal = strcmp(roll, "legal") == 0;
        if (n == 0)
                return command_usage("term", "the date is missing; expected DATE STEP…, as in 2020-05-15 \"5 working days\"");
        a->from = words[0];
        if (n == 1)
                return command_usage("term", "a step is missing behind %s; expected a number and a unit in quotes, as in \"5 working days\"", a->from);
        for (int i = 1; i < n; i++) {
                status = term_read_step(words[i], a);
                if (status)
                        return status;
        }
        return 0;
}

static int term_check_arguments(const struct arguments *a, struct end *end) {
        bool is_date = date_parse(text_of(a->from), &end->from_date), is_instant = instant_parse(text_of(a->from), &end->from_at);
        struct error err = {0};

        if (!is_date && !is_instant)
                return command_usage("term", "'%s' is neither a date (YYYY-MM-DD, %d to %d) nor an instant (2022-03-22T18:00:00+01:00, %d to %d)", a->from,
                                     DATE_YEAR_MIN, DATE_YEAR_MAX, INSTANT_YEAR_MIN, INSTANT_YEAR_MAX);
        if (term_check(&a->term, LANGUAGE_EN, &err) || (a->term.legal && term_check_legal(&a->term, LANGUAGE_EN, &err)))
                return command_usage("term", "%s", err.text);
        end->hours = term_in_hours(&a->term);
        if (end->hours && is_date)
                return command_usage("term", "hours are counted from an instant, not from a day: write the time too, as in %sT09:00:00+02:00", a->from);
        if (!end->hours && is_instant)
                return command_usage("term", "only hours are counted from an instant: write the date alone, as in 2022-03-22");
        return 0;
}

static int term_fail_range(const struct arguments *a, bool hours) {
        struct error err;

        error_set(&err, "the term from %s leaves the years %d to %d, which are all that is computed", a->from, hours ? INSTANT_YEAR_MIN : DATE_YEAR_MIN,
                  DATE_YEAR_MAX);
        return command_fail("term", EXIT_USAGE, &err);
}

static int term_fail_memory(void) {
        struct error err;

        error_set(&err, "out of memory");
        return command_fail("term", EXIT_USAGE, &err);
}

static int term_read_calendar(const struct arguments *a, char path[PATH_TEXT_MAX], struct calendar **ret) {
        CLEANUP(mistakes_done) struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        int n = snprintf(path, PATH_TEXT_MAX, "%s/calendar.yaml", a->dirs.config);

        if (n >= PATH_TEXT_MAX)
                return command_usage("term", "the path given with --config is too long");
        if (calendar_read(path, ret, &mistakes) == 0)
                return 0;
        fputs(buffer_text(&mistakes.text), stderr);
        error_set(&err, "%s%s cannot be used; mend what is said above", path, command_dirs_origin(a->dirs.config, LANGUAGE_EN));
        return command_fail("term", EXIT_USAGE, &err);
}

static int term_compute(const struct arguments *a, const struct calendar *cal, const char *path, struct trace *trace, struct end *end) {
        struct error err;
        int year = 0, e;

        if (end->hours)
                return term_hours_end(a->term.steps[0], end->from_at, &end->at) ? term_fail_range(a, true) : 0;
        e = term_end(cal, &a->term, end->from_date, trace, &end->date, &year);
        if (e == TERM_E_RANGE)
                return term_fail_range(a, false);
        if (e == TERM_E_YEAR) {
                error_set(&err, "the term from %s needs a day of %d, a year that %s does not have; list the year there with its equated days", a->from, year,
                          path);
                return command_fail("term", EXIT_USAGE, &err);
        }
        return e ? term_fail_memory() : 0;
}

static int term_print_explanation(const struct arguments *a, const struct calendar *cal, const struct trace *trace, const struct end *end, struct buffer *out) {
        if (end->hours)
                return term_hours_print(a->term.steps[0], end->from_at, end->at, out);
        return trace_print(trace, cal, out);
}

/* {"date":…} or {"instant":…}; with --explain also the calculation and its sentences. */
static int term_print_json(const struct arguments *a, const struct calendar *cal, const struct trace *trace, const struct end *end, const char *result,
                           struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        struct buffer sentences = BUFFER_INIT(OUTPUT_MAX);
        int e = 0;

        jsonw_open_object(&w);
        jsonw_put_string(&w, end->hours ? "instant" : "date", result);
        if (a->explain) {
                e = term_print_explanation(a, cal, trace, end, &sentences);
                if (!end->hours) {
                        jsonw_key(&w, "calculation");
                        trace_print_json(trace, cal, &w);
                }
                if (sentences.n)
                        sentences.n--; /* the last line break */
                jsonw_put_text(&w, "explanation", (struct text){(const char *)sentences.bytes, sentences.n});
        }
        jsonw_close_object(&w);
        buffer_add_text(out, "\n");
        buffer_done(&sentences);
        return e;
}

static int term_print(const struct arguments *a, const struct calendar *cal, const struct trace *trace, const struct end *end) {
        struct buffer out = BUFFER_INIT(OUTPUT_MAX);
        char result[INSTANT_TEXT + 1];
        int e = 0, status = EXIT_DONE;

        if (end->hours)
                instant_format_exact(end->at, result);
        else
                date_format(end->date, result);
        if (a->json) {
                e = term_print_json(a, cal, trace, end, result, &out);
        } else {
                buffer_printf(&out, "%s\n", result);
                if (a->explain)
                        e = term_print_explanation(a, cal, trace, end, &out);
        }
        if (e || out.failed)
                status = term_fail_memory();
        else
                fputs(buffer_text(&out), stdout);
        buffer_done(&out);
        return status;
}

static int term_run(int argc, char **argv) {
        struct arguments a = {.dirs = command_dirs()};
        CLEANUP(calendar_free_p) struct calendar *cal = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        char path[PATH_TEXT_MAX];
        struct trace trace = {0};
        struct end end = {0};
        int status = term_arguments(argc, argv, &a);

        if (status)
                return status;
        status = term_check_arguments(&a, &end);
        if (status)
                return status;
        status = term_read_calendar(&a, path, &cal);
        if (status)
                return status;
        if (arena_new(&arena, TRACE_ARENA_MAX))
                return term_fail_memory();
        trace.arena = arena;
        status = term_compute(&a, cal, path, a.explain ? &trace : NULL, &end);
        return status ? status : term_print(&a, cal, &trace, &end);
}

const struct command command_term = {
        .name = "term",
        .summary = "print the date on which a term ends, and why",
        .help = "Usage: ketenwacht term DATE STEP… [--roll legal] [--explain] [--json] [--config DIR]\n\n"
                "Prints the last day of a term that is counted from DATE (YYYY-MM-DD); the day itself does not count.\n"
                "A STEP is a number and a unit, in quotes: days, weeks, months, years, working days or hours. Several\n"
                "steps are applied in order; a negative one counts back. Hours are counted from an instant in the place\n"
                "of DATE (2022-03-22T18:00:00+01:00), and an instant is printed.\n\n"
                "  --roll legal   move the end as the Algemene termijnenwet does (articles 1 and 2)\n"
                "  --explain      say in Dutch how the date came about\n"
                "  --json         print one JSON object: date or instant; with --explain the calculation too\n"
                "  --config DIR   where calendar.yaml stands (else KETENWACHT_CONFIG, else config)\n\n"
                "Holidays and equated days come from calendar.yaml. A term that needs a day of a year that is not listed\n"
                "there is refused: exit status 2.\n\n"
                "  ketenwacht term 2020-05-15 \"5 working days\"           2020-05-26\n"
                "  ketenwacht term 2008-02-29 \"18 years\" \"-6 months\"     2025-08-28\n"
                "  ketenwacht term 2024-03-28 \"6 weeks\" --roll legal     2024-05-13\n",
        .run = term_run,
};
