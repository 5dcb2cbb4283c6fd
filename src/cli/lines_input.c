/* SPDX-License-Identifier: EUPL-1.2 */

/* Plays lines one by one, and leaves to the command what to say of those that are refused. */

#include "cli/lines_input.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/command.h"

#define LINE_ARENA_MAX ((size_t)4 * 1024 * 1024)

static void lines_refuse(const struct lines_input *input, uint64_t number, enum refusal refusal, const char *field, const struct error *err) {
        if (input->refused)
                input->refused(input->ctx, number, refusal, field, err);
}

static int lines_play_line(const struct lines_input *input, uint64_t number, const struct line *line, struct replay *replay) {
        struct error err = {0};
        int r;

        switch (line->kind) {
        case LINE_BLANK:
                return 0;
        case LINE_CLOCK:
                return line->clock > input->until ? 0 : replay_clock(replay, line->clock);
        case LINE_REFUSED:
                lines_refuse(input, number, line->refusal, line->field, &line->error);
                return 0;
        case LINE_EVENT:
                break;
        }
        if (line->event.slots[SLOT_RECORDED_AT].i > input->until)
                return 0;
        r = replay_event(replay, &line->event, &err);
        if (r <= 0)
                return r;
        lines_refuse(input, number, (enum refusal)r, NULL, &err);
        return 0;
}

/* How much of a file has been read, of 100; -1: nobody knows, as of a pipe. */
static int lines_part(FILE *in) {
        struct stat st;
        off_t at = ftello(in);

        if (at < 0 || fstat(fileno(in), &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
                return -1;
        return at >= st.st_size ? 100 : (int)(100 * at / st.st_size);
}

static void lines_progress(const struct lines_input *input, FILE *in, uint64_t number) {
        int part;

        if (!progress_due(input->progress))
                return;
        part = lines_part(in);
        if (part < 0)
                progress_say(input->progress, input->command, "%" PRIu64 " lines", number);
        else
                progress_say(input->progress, input->command, "%" PRIu64 " lines, %d %% of the file", number, part);
}

static int lines_play_file(const struct lines_input *input, FILE *in, const struct config *config, struct replay *replay) {
        struct lines lines = LINES_INIT(in);
        struct arena *arena;
        struct line line;
        struct text text;
        int r = arena_new(&arena, LINE_ARENA_MAX);

        if (r)
                return r;
        while ((r = lines_next(&lines, &text)) == 0) {
                arena_reset(arena);
                line_parse(config->types, config->organisations, text, LANGUAGE_EN, arena, &line);
                r = lines_play_line(input, lines.number, &line, replay);
                line_done(&line);
                if (r)
                        break;
                lines_progress(input, in, lines.number);
        }
        progress_clear(input->progress);
        lines_done(&lines);
        arena_free(arena);
        return r == LINES_E_END ? replay_end(replay) : r;
}

int lines_play(const struct lines_input *input, const struct config *config, struct replay *replay) {
        bool standard = !input->path || strcmp(input->path, "-") == 0;
        FILE *in = standard ? stdin : fopen(input->path, "re");
        struct error err = {0};
        char hint[FILE_HINT_MAX];
        int r;

        if (!in) {
                int e = errno;

                error_set(&err, "cannot open %s: %s%s", input->path, strerror(e), file_hint(input->path, e, LANGUAGE_EN, hint));
                return command_fail(input->command, EXIT_USAGE, &err);
        }
        r = lines_play_file(input, in, config, replay);
        if (!standard)
                (void) fclose(in); /* only read */
        if (r == 0)
                return EXIT_DONE;
        error_set(&err, "stopped at %s: %s", standard ? "standard input" : input->path, strerror(-r));
        return command_fail(input->command, r == -EISDIR ? EXIT_USAGE : EXIT_BROKER, &err);
}
