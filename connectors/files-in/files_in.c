/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * files-in: events from files that one organisation puts into a folder
 *
 * A file is judged whole before anything of it is published. With more wrong lines than bad_percent it is refused whole; else its good lines are
 * published in their order, and each wrong one becomes a dead letter that says which line it was and why, without the line itself. When all
 * that stands on the broker the file is moved away, with a report beside it. Who is killed before that begins the file again: the event_ids are
 * the same, so all of it counts once; a wrong line may then have a second dead letter.
 *
 * One file at a time, a thousand lines in a turn.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vector.h"
#include "channel/folder.h"
#include "connect/runtime.h"
#include "connectors/connector.h"
#include "connectors/files-in/sheet.h"

#define FILES_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of one file */
#define FILES_REPORT_MAX ((size_t)64 * 1024 * 1024)
#define FILES_TURN 1000 /* lines of one turn */
#define FILES_WHOLE 0   /* cookie of the dead letter of a whole file; those of lines are one more than their place */
#define FILES_ARENA_MAX ((size_t)16 * 1024 * 1024)

enum files_state { FILES_GOOD, FILES_WRONG, FILES_FLYING_GOOD, FILES_FLYING_WRONG, FILES_OVER };

struct files_line {
        const char *s;
        uint32_t n, number;
        enum files_state state;
};

enum files_phase {
        FILES_IDLE,
        FILES_JUDGING,
        FILES_SENDING,
        FILES_REFUSING, /* the whole file */
};

enum files_count { FILES_PUBLISHED, FILES_REJECTED, FILES_COUNTS };
static const char *const files_counts[] = {[FILES_PUBLISHED] = "published", [FILES_REJECTED] = "rejected"};

struct files_in {
        /* options */
        const struct organisation *organisation;
        const char *path;
        int64_t bad_percent;
        int language;
        /* the rest */
        const struct connector_env *env;
        struct folder *folder;
        struct folder_file file;
        struct sheet *sheet;
        instant_t now;            /* of the file: a line is judged twice, and alike */
        VECTOR(struct files_line) lines;
        size_t at;                /* of the lines: where sending goes on */
        size_t wrong, flying, refused_late;
        enum files_phase phase;
        struct error why;         /* REFUSING */
        struct buffer report;
        struct arena *arena;
        bool told;                /* REFUSING: its dead letter is under way, or stands */
        bool stopping, waits;
        struct metric *files, *counted, *waiting;
};

/* -- Opening -- */

static int files_metrics(struct files_in *f, struct error *err) {
        static const char *const ends[] = {[FOLDER_DONE] = "done", [FOLDER_REFUSED] = "refused"};
        const struct {
                struct metric **ret;
                struct metric_row row;
        } rows[] = {
                {&f->files, {.name = "ketenwacht_files_total", .kind = METRIC_COUNTER, .help = "Files that were taken in, by where they were moved.",
                             .labels = {{"end", ends, ELEMENTS(ends)}}}},
                {&f->counted, {.name = "ketenwacht_files_lines_total", .kind = METRIC_COUNTER, .help = "Lines of files that are over, by what became of them.",
                               .labels = {{"outcome", files_counts, ELEMENTS(files_counts)}}}},
                {&f->waiting, {.name = "ketenwacht_files_waiting", .kind = METRIC_GAUGE, .help = "Files in the folder that are not over."}},
        };
        int r = 0;

        for (size_t i = 0; f->env->metrics && i < ELEMENTS(rows) && r == 0; i++)
                r = metrics_register(f->env->metrics, &rows[i].row, rows[i].ret, err);
        return r;
}

static int files_in_open(void *ctx, const struct connector_env *env, struct error *err) {
        struct files_in *f = ctx;
        const struct folder_config config = {.path = f->path, .endings = sheet_endings, .bytes_max = FILES_BYTES_MAX, .clock = env->clock};
        int r;

        f->env = env;
        f->stopping = f->waits = false;
        f->phase = FILES_IDLE;
        f->flying = f->lines.n = 0;
        f->report = (struct buffer)BUFFER_INIT(FILES_REPORT_MAX);
        f->sheet = calloc(1, sizeof(*f->sheet));
        r = f->sheet ? arena_new(&f->arena, FILES_ARENA_MAX) : -ENOMEM;
        if (r == 0)
                r = files_metrics(f, err);
        if (r == 0)
                r = folder_open(&config, &f->folder, err);
        return r == -ENOENT || r == -ENOTDIR || r == -EACCES ? -EINVAL : r;
}

static void files_forget(struct files_in *f) {
        free(f->file.bytes);
        f->file.bytes = NULL;
        f->lines.n = f->at = f->wrong = f->refused_late = 0;
        f->told = false;
        f->phase = FILES_IDLE;
        buffer_clear(&f->report);
}

static void files_in_close(void *ctx) {
        struct files_in *f = ctx;

        files_forget(f);
        f->folder = folder_free(f->folder);
        f->arena = arena_free(f->arena);
        free(f->sheet);
        f->sheet = NULL;
        vector_done(&f->lines);
        buffer_done(&f->report);
}

/* -- The report -- */

static void files_report_line(struct files_in *f, size_t number, const char *code, const char *why) {
        char text[24] = "";

        if (number > 0)
                (void) snprintf(text, sizeof(text), "%zu", number);
        csv_put(&f->report, ';', text_of(text));
        buffer_add_byte(&f->report, ';');
        csv_put(&f->report, ';', text_of(code));
        buffer_add_byte(&f->report, ';');
        csv_put(&f->report, ';', text_of(why));
        buffer_add_text(&f->report, "\r\n");
}

/* The last line says how it ended. */
static void files_report_end(struct files_in *f, enum folder_end end) {
        const size_t rejected = f->wrong + f->refused_late;
        struct error said;

        if (end == FOLDER_REFUSED)
                error_set(&said, IN_LANGUAGE(f->language, "%s; nothing of this file was published", "%s; uit dit bestand is niets aangeboden"), f->why.text);
        else
                error_set(&said, IN_LANGUAGE(f->language, "published: %zu lines; refused: %zu", "aangeboden: %zu regels; geweigerd: %zu"),
                          f->lines.n - rejected, rejected);
        files_report_line(f, 0, end == FOLDER_REFUSED ? "REFUSED" : "PUBLISHED", said.text);
}

/* -- Beginning and ending a file -- */

static struct sheet_rules files_rules(const struct files_in *f) {
        return (struct sheet_rules){.types = f->env->types, .organisations = f->env->organisations, .from = f->organisation,
                                    .now = f->now, .language = (enum language)f->language};
}

static int files_end(struct files_in *f, enum folder_end end, struct error *err) {
        const size_t rejected = f->wrong + f->refused_late;
        int r;

        files_report_end(f, end);
        if (f->report.failed)
                return -ENOMEM;
        r = folder_report(f->folder, f->file.name, end, f->report.bytes, f->report.n, err);
        if (r == 0)
                r = folder_settle(f->folder, f->file.name, end, NULL, err);
        if (r < 0)
                return error_trace(r, err);
        metric_add(f->files, metric_series(f->files, end, 0), 1);
        metric_add(f->counted, metric_series(f->counted, FILES_REJECTED, 0), end == FOLDER_DONE ? (int64_t)rejected : (int64_t)f->lines.n);
        if (end == FOLDER_DONE)
                metric_add(f->counted, metric_series(f->counted, FILES_PUBLISHED, 0), (int64_t)(f->lines.n - rejected));
        log_line(f->env->log, CONNECT_FILE_OVER, LOG_STRING("connector", f->env->name), LOG_STRING("end", end == FOLDER_DONE ? "done" : "refused"),
                 LOG_INT("lines", (int64_t)f->lines.n), LOG_INT("wrong", (int64_t)rejected));
        files_forget(f);
        return 0;
}

static void files_refuse(struct files_in *f) {
        f->phase = FILES_REFUSING;
}

static int files_begin(struct files_in *f, struct error *err) {
        int r = folder_next(f->folder, &f->file, err);
        struct sheet_rules rules;

        metric_set(f->waiting, 0, (int64_t)folder_waiting(f->folder));
        if (r <= 0)
                return r < 0 ? error_trace(r, err) : 0;
        buffer_add_text(&f->report, CSV_BOM "line;code;error\r\n");
        f->phase = FILES_JUDGING;
        f->why.text[0] = '\0';
        if (!f->file.bytes) {
                error_set(&f->why, IN_LANGUAGE(f->language, "the file is larger than %zu bytes", "het bestand is groter dan %zu bytes"), FILES_BYTES_MAX);
                files_refuse(f);
                return 0;
        }
        f->now = clock_realtime(&f->env->clock);
        rules = files_rules(f);
        arena_reset(f->arena);
        r = sheet_open(f->file.name, (struct text){f->file.bytes, f->file.n}, &rules, f->arena, f->sheet, &f->why);
        if (r == -EINVAL)
                files_refuse(f);
        return r == -EINVAL ? 0 : r;
}

/* -- Judging -- */

/* All lines were judged. */
static void files_decide(struct files_in *f) {
        if (f->wrong * 100 <= (size_t)f->bad_percent * f->lines.n) {
                f->phase = FILES_SENDING;
                f->at = 0;
                return;
        }
        error_set(&f->why, IN_LANGUAGE(f->language, "%zu of %zu lines are wrong, and at most %lld %% may be",
                                       "%zu van de %zu regels zijn fout, en het mag hoogstens %lld %% zijn"),
                  f->wrong, f->lines.n, (long long)f->bad_percent);
        files_refuse(f);
}

static int files_judge(struct files_in *f) {
        const struct sheet_rules rules = files_rules(f);
        struct sheet_refusal refusal;
        struct sheet_event event;
        struct sheet_line line;

        for (size_t i = 0; i < FILES_TURN; i++) {
                if (!sheet_next(f->sheet, &line)) {
                        files_decide(f);
                        return 0;
                }
                if (f->lines.n == SHEET_LINES_MAX) {
                        error_set(&f->why, IN_LANGUAGE(f->language, "the file has more than %d lines", "het bestand heeft meer dan %d regels"),
                                  SHEET_LINES_MAX);
                        files_refuse(f);
                        return 0;
                }
                if (vector_push(&f->lines, (struct files_line){.s = line.text.s, .n = (uint32_t)line.text.n, .number = (uint32_t)line.number}) < 0)
                        return -ENOMEM;
                arena_reset(f->arena);
                if (sheet_read(f->sheet, &rules, line.text, f->arena, &event, &refusal)) {
                        sheet_event_done(&event);
                        continue;
                }
                f->wrong++;
                f->lines.items[f->lines.n - 1].state = FILES_WRONG;
                files_report_line(f, line.number, refusal.code, refusal.why.text);
        }
        return 0;
}

/* -- Sending -- */

/* Hands one line over. Return: 0; RUNTIME_E_BUSY; negative errno. */
static int files_send(struct files_in *f, struct files_line *line, struct error *err) {
        const struct sheet_rules rules = files_rules(f);
        void *cookie = (void *)(uintptr_t)(line - f->lines.items + 1);
        struct sheet_refusal refusal;
        struct sheet_event event;
        int r;

        arena_reset(f->arena);
        if (sheet_read(f->sheet, &rules, (struct text){line->s, line->n}, f->arena, &event, &refusal)) {
                r = runtime_submit(f->env->runtime, &(struct submission){.event = &event.event}, cookie, err);
                sheet_event_done(&event);
        } else {
                r = runtime_reject(f->env->runtime, &(struct rejection){.stage = "check", .code = refusal.code, .error = refusal.why.text,
                                                                        .place = line->number}, cookie, err);
        }
        if (r == 0) {
                line->state = line->state == FILES_WRONG ? FILES_FLYING_WRONG : FILES_FLYING_GOOD;
                f->flying++;
        }
        return r;
}

static int files_send_some(struct files_in *f, struct error *err) {
        for (size_t i = 0; i < FILES_TURN && f->at < f->lines.n; f->at++) {
                struct files_line *line = &f->lines.items[f->at];
                int r;

                if (line->state > FILES_WRONG)
                        continue;
                r = files_send(f, line, err);
                if (r == RUNTIME_E_BUSY)
                        return 0;
                if (r < 0)
                        return error_trace(r, err);
                i++;
        }
        return f->at == f->lines.n && f->flying == 0 ? files_end(f, FOLDER_DONE, err) : 0;
}

/* One dead letter for the whole file, and then it goes. */
static int files_send_refusal(struct files_in *f, struct error *err) {
        int r;

        if (f->told)
                return f->flying == 0 ? files_end(f, FOLDER_REFUSED, err) : 0;
        r = runtime_reject(f->env->runtime, &(struct rejection){.stage = "frame", .code = "FILE_REFUSED", .error = f->why.text}, (void *)FILES_WHOLE, err);
        if (r < 0)
                return error_trace(r, err);
        f->told = r == 0;
        f->flying += f->told;
        return 0;
}

static void files_in_settled(void *ctx, void *cookie, enum submitted outcome) {
        struct files_in *f = ctx;
        size_t place = (size_t)(uintptr_t)cookie;
        struct files_line *line;

        f->flying--;
        if (place == FILES_WHOLE) {
                f->told = outcome != SUBMITTED_OPEN;
                return;
        }
        line = &f->lines.items[place - 1];
        if (outcome == SUBMITTED_OPEN) { /* the same again, under the same event_id */
                line->state = line->state == FILES_FLYING_WRONG ? FILES_WRONG : FILES_GOOD;
                if (place - 1 < f->at)
                        f->at = place - 1;
                return;
        }
        if (outcome == SUBMITTED_REFUSED && line->state == FILES_FLYING_GOOD) {
                f->refused_late++;
                files_report_line(f, line->number, "NOT_TAKEN",
                                  IN_LANGUAGE(f->language, "the broker does not take this event", "de broker neemt deze gebeurtenis niet aan"));
        }
        line->state = FILES_OVER;
}

/* -- Turning -- */

static int files_in_turn(void *ctx, int timeout_ms, struct error *err) {
        struct files_in *f = ctx;
        instant_t since;
        bool paused = f->env->runtime && runtime_is_paused(f->env->runtime, &since);

        if (f->phase == FILES_IDLE && !f->stopping && !paused) {
                int r = files_begin(f, err);

                if (r < 0)
                        return r;
        }
        if (f->phase == FILES_IDLE || f->stopping || paused) {
                (void) poll(NULL, 0, timeout_ms);
                return 0;
        }
        switch (f->phase) {
        case FILES_JUDGING:
                return files_judge(f);
        case FILES_SENDING:
                return files_send_some(f, err);
        case FILES_REFUSING:
                return files_send_refusal(f, err);
        case FILES_IDLE:
                break;
        }
        return 0;
}

static bool files_in_quiesce(void *ctx) {
        struct files_in *f = ctx;

        f->stopping = true;
        return f->flying == 0;
}

/* -- What its file may say -- */

static int files_in_try(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err) {
        const struct files_in *f = ctx;

        (void) env;
        if (access(f->path, R_OK | W_OK | X_OK) < 0) {
                int e = errno;

                error_set(err, "%s: files cannot be taken from here and moved away: %s", f->path, strerror(e));
                return -e;
        }
        buffer_printf(out, "%s: files can be taken and moved away\n", f->path);
        return 0;
}

static const char *const files_languages[] = {[LANGUAGE_EN] = "en", [LANGUAGE_NL] = "nl", NULL};

static const struct connector_option files_in_options[] = {
        {.key = "organisation",
         .doc = "Whose files these are. source in them is this organisation, or is left out.",
         .type = OPTION_ORGANISATION,
         .offset = offsetof(struct files_in, organisation)},
        {.key = "folder",
         .doc = "Where the files come, whole: written under another name and renamed, or unchanged for two seconds. done/ and refused/ are made in it.",
         .type = OPTION_PATH,
         .offset = offsetof(struct files_in, path)},
        {.key = "bad_percent",
         .fallback = "5",
         .doc = "Of a file with more wrong lines than this nothing is published.",
         .type = OPTION_INT,
         .offset = offsetof(struct files_in, bad_percent),
         .min = 0,
         .max = 100},
        {.key = "language",
         .fallback = "nl",
         .doc = "In which the report says what is wrong.",
         .type = OPTION_CHOICE,
         .offset = offsetof(struct files_in, language),
         .choices = files_languages},
        {0},
};

static const struct connector_verb files_in_verbs[] = {
        {CONNECTOR_VERB_TRY, "looks whether files can be taken from the folder and moved away.", files_in_try},
        {0},
};

const struct connector_ops connector_files_in = {
        .name = "files-in",
        .summary = "events from files of one organisation: CSV or JSON lines in a folder",
        .direction = CONNECTOR_IN,
        .ctx_size = sizeof(struct files_in),
        .options = files_in_options,
        .verbs = files_in_verbs,
        .open = files_in_open,
        .close = files_in_close,
        .turn = files_in_turn,
        .quiesce = files_in_quiesce,
        .settled = files_in_settled,
};
