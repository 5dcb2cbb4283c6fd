/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht replay`: events from a file, effects to standard output, in virtual time. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/configuration.h"
#include "cli/lines_input.h"
#include "cli/options.h"

#define LINE_MAX_BYTES ((size_t)1024 * 1024)

struct replay_output {
        struct buffer line;
        struct progress progress;
};

static int replay_print(struct replay_output *out) {
        struct buffer *line = &out->line;

        progress_clear(&out->progress);
        buffer_add_byte(line, '\n');
        if (line->failed)
                return -ENOMEM;
        return fwrite(line->bytes, 1, line->n, stdout) == line->n ? 0 : -EIO;
}

static int replay_print_told(void *ctx, const struct outcome *outcome) {
        struct replay_output *out = ctx;
        int r = 0;

        for (size_t i = 0; r == 0 && i < outcome->n_effects; i++) {
                struct json_writer w = JSON_WRITER(&out->line);

                buffer_clear(&out->line);
                effect_to_json(&outcome->effects[i], &w);
                r = replay_print(out);
        }
        if (r == 0 && outcome->remark) {
                struct json_writer w = JSON_WRITER(&out->line);

                buffer_clear(&out->line);
                remark_to_json(outcome->remark, &w);
                r = replay_print(out);
        }
        return r;
}

static void replay_refused(void *ctx, uint64_t number, enum refusal refusal, const char *field, const struct error *err) {
        struct replay_output *out = ctx;
        struct json_writer w = JSON_WRITER(&out->line);

        buffer_clear(&out->line);
        line_rejected_json(number, refusal, field, err, &w);
        (void) replay_print(out); /* a full disk shows at the next effect and at the end */
}

static int replay_play(const char *path, const struct config *config, instant_t settle) {
        struct replay_output out = {.line = BUFFER_INIT(LINE_MAX_BYTES), .progress = progress_begin()};
        const struct lines_input input = {
                .command = "replay", .path = path, .refused = replay_refused, .ctx = &out, .progress = &out.progress, .until = INSTANT_NEVER};
        struct replay *replay = NULL;
        struct error err = {0};
        int status = EXIT_BROKER;
        int r = replay_new(config, settle, replay_print_told, &out, &replay);

        if (r == 0)
                status = lines_play(&input, config, replay);
        else
                error_set(&err, "cannot start: %s", strerror(-r));
        replay_free(replay);
        buffer_done(&out.line);
        if (r)
                return command_fail("replay", EXIT_BROKER, &err);
        if (status == EXIT_DONE && fflush(stdout) != 0) {
                error_set(&err, "cannot write to standard output: %s", strerror(errno));
                return command_fail("replay", EXIT_BROKER, &err);
        }
        return status;
}

static int replay_run(int argc, char **argv) {
        struct command_dirs dirs = command_dirs();
        const char *arguments[OPTION_ARGUMENTS_MAX], *settle_text = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &dirs.config),
                OPTION_TEXT_ROW("--schemas", &dirs.schemas),
                OPTION_TEXT_ROW("--settle", &settle_text),
                OPTION_END_ROW,
        };
        CLEANUP(config_free_p) struct config *config = NULL;
        instant_t settle = INSTANT_NEVER;
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n > 1)
                return command_usage("replay", "one FILE at most, not %d", n);
        if (settle_text && !instant_parse(text_of(settle_text), &settle))
                return command_usage("replay", "--settle: '%s' is no instant; write one like 2023-06-15T12:00:00+02:00", settle_text);
        status = command_configuration("replay", &dirs, &config);
        return status ? status : replay_play(n ? arguments[0] : NULL, config, settle);
}

const struct command command_replay = {
        .name = "replay",
        .summary = "Play events from a file and print what would be told",
        .help = "Usage: ketenwacht replay [FILE] [--settle INSTANT] [--config DIR] [--schemas DIR]\n"
                "\n"
                "Reads one JSON object a line from FILE (default, and with -: standard input):\n"
                "  {\"event\":\"measure-started\",\"event_id\":…,\"case_id\":…, …}   an event; a missing nullable field is null\n"
                "  {\"clock\":\"2022-11-10T00:00:00+01:00\"}                     moves the clock\n"
                "and prints one effect a line, in order of time: routed, plan-due, escalation-raised,\n"
                "escalation-resolved, rejected for a line that was refused, and event-refused for one that was taken\n"
                "but has no effect that its source could expect.\n"
                "\n"
                "FILE may as well be an Avro container file, of one event type or of a union of some, whoever wrote it; its first bytes say\n"
                "that it is one. Its events are played in the order of their recorded_at, since they may stand in any; what is rejected\n"
                "is printed first, and \"line\" is the number of the datum.\n"
                "\n"
                "The clock is virtual. It starts at the first accepted event, moves to each event's recorded_at or to\n"
                "a clock line, never back; what falls due on the way happens at its own instant.\n"
                "\n"
                "  --settle INSTANT   accept every line first, then judge every case once, at this instant\n"
                "  --config DIR, --schemas DIR  (else KETENWACHT_CONFIG and KETENWACHT_SCHEMAS, else config and schemas)\n",
        .run = replay_run,
};
