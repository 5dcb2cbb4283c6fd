/* SPDX-License-Identifier: EUPL-1.2 */

/* Plays lines one by one, or the data of a container in the order in which they were recorded; leaves to the command what to say of what is refused. */

#include "cli/lines_input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/vector.h"
#include "cli/command.h"
#include "cluster/event_record.h"
#include "model/event_input.h"
#include "model/event_scan.h"

#define LINE_ARENA_MAX ((size_t)4 * 1024 * 1024)
#define KEPT_BYTES_MAX ((size_t)16 << 30) /* of the events of a container: far more than are remembered of them when they are played */

/* One event of a container, until all are read. */
struct kept_event {
        instant_t recorded_at;
        uint64_t number; /* of its datum */
        size_t at;       /* where its bytes begin */
        size_t n;
};

enum { LINES_E_CONTAINER = 1 };

struct lines_playing {
        const struct lines_input *input;
        const struct config *config;
        struct replay *replay; /* NULL: lines_cast() */
        struct event_input *events;
        FILE *in;
        struct buffer bytes; /* of the events that are kept */
        VECTOR(struct kept_event) kept;
};

static void lines_refuse(const struct lines_input *input, uint64_t number, enum refusal refusal, const char *field, const struct error *err) {
        if (input->refused)
                input->refused(input->ctx, number, refusal, field, err);
}

static int lines_play_event(const struct lines_playing *p, uint64_t number, const struct event *event) {
        struct error err = {0};
        const struct uuid *case_id = &event->slots[SLOT_CASE_ID].u;
        int r;

        if (p->input->cast && !cast_plays(p->input->cast, case_id))
                return 0;
        if (p->input->cast)
                cast_enter(p->input->cast, case_id, replay_now(p->replay));
        r = replay_event(p->replay, event, &err);
        if (r <= 0)
                return r;
        lines_refuse(p->input, number, (enum refusal)r, NULL, &err);
        return 0;
}

/* For later: an event of a container. */
static int lines_keep(struct lines_playing *p, uint64_t number, const struct event *event) {
        struct kept_event kept = {.recorded_at = event->slots[SLOT_RECORDED_AT].i, .number = number, .at = p->bytes.n};

        event_record_encode(event, &p->bytes);
        kept.n = p->bytes.n - kept.at;
        return p->bytes.failed ? -ENOMEM : vector_push(&p->kept, kept);
}

/* Whether a line is of after what is played. */
static bool lines_are_over(const struct lines_playing *p, const struct line *line) {
        return (line->kind == LINE_CLOCK && line->clock > p->input->until) ||
               (line->kind == LINE_EVENT && line->event.slots[SLOT_RECORDED_AT].i > p->input->until);
}

static int lines_play_line(struct lines_playing *p, uint64_t number, const struct line *line) {
        if (lines_are_over(p, line))
                return 0;
        if (!p->replay)
                return cast_line(p->input->cast, line);
        switch (line->kind) {
        case LINE_BLANK:
                return 0;
        case LINE_CLOCK:
                return replay_clock(p->replay, line->clock);
        case LINE_REFUSED:
                lines_refuse(p->input, number, line->refusal, line->field, &line->error);
                return 0;
        case LINE_EVENT:
                break;
        }
        return event_input_is_container(p->events) ? lines_keep(p, number, &line->event) : lines_play_event(p, number, &line->event);
}

/* By when it was recorded; what was at once, as it stands in the file. */
static int lines_by_recorded(const void *a, const void *b) {
        const struct kept_event *x = a, *y = b;

        if (x->recorded_at != y->recorded_at)
                return x->recorded_at < y->recorded_at ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

static int lines_play_kept(struct lines_playing *p) {
        int r = 0;

        if (p->kept.n)
                qsort(p->kept.items, p->kept.n, sizeof(*p->kept.items), lines_by_recorded);
        for (size_t i = 0; r == 0 && i < p->kept.n; i++) {
                const struct kept_event *kept = &p->kept.items[i];
                const struct bus_record record = {.value = p->bytes.bytes + kept->at, .value_n = kept->n};
                struct slot slots[LAYOUT_SLOTS_MAX];
                struct error err = {0};
                struct event event;

                if (event_record_read(p->config->types, NULL, &record, slots, &event, &err))
                        return -EIO; /* nobody but us wrote these */
                r = lines_play_event(p, kept->number, &event);
                if (r == 0 && progress_due(p->input->progress))
                        progress_say(p->input->progress, p->input->command, "%zu of %zu events", i + 1, p->kept.n);
        }
        return r;
}

/* How much of a file has been read, of 100; -1: nobody knows, as of a pipe. */
static int lines_part(FILE *in) {
        struct stat st;
        off_t at = ftello(in);

        if (at < 0 || fstat(fileno(in), &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
                return -1;
        return at >= st.st_size ? 100 : (int)(100 * at / st.st_size);
}

static void lines_progress(const struct lines_playing *p, uint64_t number) {
        int part;

        if (!progress_due(p->input->progress))
                return;
        part = lines_part(p->in);
        if (part < 0)
                progress_say(p->input->progress, p->input->command, "%" PRIu64 " lines", number);
        else
                progress_say(p->input->progress, p->input->command, "%" PRIu64 " lines, %d %% of the file", number, part);
}

static int lines_play_each(struct lines_playing *p, struct arena *arena, struct error *err) {
        for (;;) {
                struct line line;
                int r;

                arena_reset(arena);
                r = event_input_next(p->events, arena, &line, err);
                if (r)
                        return r == EVENT_INPUT_E_END ? 0 : r;
                r = lines_play_line(p, event_input_number(p->events), &line);
                line_done(&line);
                if (r) {
                        error_set(err, "%s", strerror(-r));
                        return r == -EINVAL ? -EIO : r;
                }
                lines_progress(p, event_input_number(p->events));
        }
}

/* Whether a line is of a case that does not play. */
static bool lines_pass(void *ctx, struct text line) {
        struct uuid case_id;

        return event_scan_case(line, &case_id) && !cast_plays(ctx, &case_id);
}

static int lines_end(struct lines_playing *p) {
        int r;

        if (!p->replay)
                return cast_end(p->input->cast);
        r = lines_play_kept(p) ?: replay_end(p->replay);
        if (p->input->cast)
                cast_leave(p->input->cast, replay_now(p->replay));
        return r;
}

static int lines_play_file(struct lines_playing *p, const char *name, struct error *err) {
        const struct event_input_config config = {.in = p->in, .name = name, .types = p->config->types, .orgs = p->config->organisations,
                                                  .passes = p->replay && p->input->cast ? lines_pass : NULL, .ctx = p->input->cast};
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        int r = event_input_open(&config, &p->events, err);

        if (r)
                return r;
        if (!p->replay && event_input_is_container(p->events))
                return LINES_E_CONTAINER;
        error_set(err, "out of memory");
        r = arena_new(&arena, LINE_ARENA_MAX);
        if (r == 0)
                r = lines_play_each(p, arena, err);
        if (r == 0) {
                r = lines_end(p);
                error_set(err, "%s", strerror(-r));
        }
        progress_clear(p->input->progress);
        return r;
}

static int lines_play_open(const struct lines_input *input, const struct config *config, struct replay *replay, FILE *in, const char *name,
                           struct error *err) {
        struct lines_playing p = {.input = input, .config = config, .replay = replay, .in = in, .bytes = BUFFER_INIT(KEPT_BYTES_MAX)};
        int r = lines_play_file(&p, name, err);

        event_input_free(p.events);
        buffer_done(&p.bytes);
        vector_done(&p.kept);
        return r;
}

static bool lines_are_standard(const struct lines_input *input) {
        return !input->path || strcmp(input->path, "-") == 0;
}

/* @replay: NULL: lines_cast(). *ret_container: it is one, and was not gone through. Return: an exit status. */
static int lines_go(const struct lines_input *input, const struct config *config, struct replay *replay, bool *ret_container) {
        bool standard = lines_are_standard(input);
        const char *name = standard ? "standard input" : input->path;
        FILE *in = standard ? stdin : fopen(input->path, "re");
        struct error err = {0};
        char hint[FILE_HINT_MAX];
        int r;

        if (!in) {
                int e = errno;

                error_set(&err, "cannot open %s: %s%s", input->path, strerror(e), file_hint(input->path, e, LANGUAGE_EN, hint));
                return command_fail(input->command, EXIT_USAGE, &err);
        }
        r = lines_play_open(input, config, replay, in, name, &err);
        if (!standard)
                (void) fclose(in); /* only read */
        *ret_container = r == LINES_E_CONTAINER;
        if (r >= 0)
                return EXIT_DONE;
        if (r != -EINVAL)
                error_set(&err, "stopped at %s: %s", name, strerror(-r));
        return command_fail(input->command, r == -EISDIR || r == -EINVAL ? EXIT_USAGE : EXIT_BROKER, &err);
}

int lines_play(const struct lines_input *input, const struct config *config, struct replay *replay) {
        bool container;

        return lines_go(input, config, replay, &container);
}

int lines_cast(const struct lines_input *input, const struct config *config, bool *ret_known) {
        bool container = false;
        struct stat st;
        int status;

        *ret_known = false;
        if (lines_are_standard(input) || stat(input->path, &st) || !S_ISREG(st.st_mode))
                return EXIT_DONE;
        status = lines_go(input, config, NULL, &container);
        *ret_known = status == EXIT_DONE && !container;
        return status;
}
