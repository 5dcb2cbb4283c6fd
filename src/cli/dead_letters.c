/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht dead-letters`: what could not be processed; shown, judged anew and sent again. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/loop.h"
#include "cli/audited.h"
#include "cli/broker.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/progress.h"
#include "cluster/topics.h"
#include "survey/view.h"
#include "survey/redrive.h"

#define NAME "dead-letters"
#define LIST_LIMIT 100        /* letters that list prints, unless something else is said */
#define LIST_LIMIT_MAX 100000
_Static_assert(COMMAND_REASON_MAX <= REDRIVE_REASON_MAX, "a reason that is taken can be kept");
#define LINE_BYTES_MAX ((size_t)64 * 1024)

struct dead_letters {
        struct command_dirs dirs;
        const char *bootstrap, *from, *limit_text, *per_second_text;
        bool json, value, dry_run;
        const char *reason, *connector;
        int64_t limit;
        struct redrive redrive; /* its source and filter serve list and show too */
        char user[COMMAND_USER_MAX + 1];
        struct config *config;
        struct command_broker broker;
        struct buffer line;
        struct stop stop;
        struct progress progress;
        uint64_t seen;          /* list, show: letters that passed */
};

/* -- What is asked -- */

static int letters_number(const char *option, const char *text, int64_t max, int64_t *ret) {
        if (!text || (text_to_int64(text_of(text), ret) && *ret > 0 && *ret <= max))
                return 0;
        return command_usage(NAME, "%s '%s' is not a whole number from 1 to %" PRId64, option, text, max);
}

/* PARTITION/OFFSET, as list prints it; or OFFSET, of partition 0. */
static int letters_place(const char *text, struct letters_filter *filter) {
        const char *slash = strchr(text, '/');
        int64_t partition = 0;

        filter->one = true;
        if ((!slash || text_to_int64((struct text){text, (size_t)(slash - text)}, &partition)) &&
            text_to_int64(text_of(slash ? slash + 1 : text), &filter->offset) && filter->offset >= 0 && partition >= 0 && partition <= INT32_MAX) {
                filter->partition = (int32_t)partition;
                return 0;
        }
        return command_usage(NAME, "'%s' is no dead letter; list prints them as PARTITION/OFFSET", text);
}

static int letters_from(const char *text, instant_t *ret) {
        day_t day;

        if (!text || instant_parse(text_of(text), ret))
                return 0;
        if (!date_parse(text_of(text), &day))
                return command_usage(NAME, "--from '%s' is neither an instant (2026-10-18T09:00:00+02:00) nor a date", text);
        *ret = date_begin(day);
        return 0;
}

enum letters_act { LETTERS_LIST, LETTERS_SHOW, LETTERS_REPLAY, LETTERS_ACTS };
static const char *const act_names[LETTERS_ACTS] = {"list", "show", "replay"};

static int letters_find_act(const char *text, enum letters_act *ret) {
        struct nearest nearest = NEAREST_INIT(text);
        char hint[NEAREST_HINT_MAX];

        for (enum letters_act act = 0; act < LETTERS_ACTS; act++) {
                nearest_try(&nearest, act_names[act]);
                *ret = act;
                if (strcmp(text, act_names[act]) == 0)
                        return 0;
        }
        return command_usage(NAME, "'%s' is none of list, show and replay%s", text, nearest_hint(&nearest, hint));
}

static int letters_check(struct dead_letters *d, enum letters_act act, const char *const *arguments, int n) {
        int status = letters_from(d->from, &d->redrive.filter.from);

        if (status == 0)
                status = letters_number("--limit", d->limit_text, LIST_LIMIT_MAX, &d->limit);
        if (status == 0)
                status = letters_number("--per-second", d->per_second_text, REDRIVE_PER_SECOND_MAX, &d->redrive.per_second);
        if (status)
                return status;
        if (n > (act == LETTERS_LIST ? 1 : 2))
                return command_usage(NAME, "'%s' is one argument too many", arguments[n - 1]);
        if (act == LETTERS_SHOW && n < 2)
                return command_usage(NAME, "which? list prints them as PARTITION/OFFSET");
        if (n == 2)
                status = letters_place(arguments[1], &d->redrive.filter);
        if (status == 0 && act == LETTERS_SHOW && d->value)
                status = command_reason(NAME, "show --value", d->reason);
        if (status == 0 && act == LETTERS_REPLAY && !d->dry_run)
                status = command_reason(NAME, "replay", d->reason);
        return status;
}

static int letters_arguments(int argc, char **argv, struct dead_letters *d, enum letters_act *ret_act) {
        const char *arguments[OPTION_ARGUMENTS_MAX];
        struct letters_filter *filter = &d->redrive.filter;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &d->dirs.config), OPTION_TEXT_ROW("--schemas", &d->dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &d->bootstrap), OPTION_TEXT_ROW("--code", &filter->code),
                OPTION_TEXT_ROW("--stage", &filter->stage), OPTION_TEXT_ROW("--topic", &filter->topic),
                OPTION_TEXT_ROW("--organisation", &filter->organisation), OPTION_TEXT_ROW("--from", &d->from),
                OPTION_TEXT_ROW("--limit", &d->limit_text), OPTION_TEXT_ROW("--per-second", &d->per_second_text),
                OPTION_TEXT_ROW("--reason", &d->reason), OPTION_TEXT_ROW("--connector", &d->connector),
                OPTION_FLAG_ROW("--json", &d->json), OPTION_FLAG_ROW("--value", &d->value),
                OPTION_FLAG_ROW("--dry-run", &d->dry_run), OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n == 0)
                return command_usage(NAME, "say list, show or replay");
        status = letters_find_act(arguments[0], ret_act);
        return status ? status : letters_check(d, *ret_act, arguments, n);
}

/* -- Opening -- */

static int letters_check_organisation(const struct dead_letters *d) {
        const char *id = d->redrive.filter.organisation;
        struct nearest nearest = NEAREST_INIT(id ? id : "");
        char hint[NEAREST_HINT_MAX];

        if (!id || organisations_find(d->config->organisations, text_of(id)))
                return 0;
        organisations_nearest(d->config->organisations, &nearest);
        return command_usage(NAME, "--organisation: no organisation '%s'%s", id, nearest_hint(&nearest, hint));
}

static int letters_open(struct dead_letters *d) {
        struct redrive *redrive = &d->redrive;
        int status = command_configuration(NAME, &d->dirs, &d->config);

        if (status == EXIT_DONE)
                status = letters_check_organisation(d);
        if (status == EXIT_DONE)
                status = command_broker_read(NAME, d->dirs.config, d->bootstrap, NULL, &d->broker);
        if (status == EXIT_DONE)
                status = command_registry_open(&d->broker, d->config->types, NULL);
        if (status == EXIT_DONE)
                status = command_broker_open(NAME, &d->broker);
        if (status)
                return status;
        command_user(d->user);
        redrive->clock = clock_system();
        redrive->source = (struct letters_source){
                .bus = d->broker.bus,
                .types = d->config->types,
                .organisations = d->config->organisations,
                .partitions = d->broker.config.partitions,
                .now = clock_realtime(&redrive->clock),
        };
        redrive->connector = d->connector;
        redrive->by = d->user;
        redrive->reason = d->reason;
        redrive->dry_run = d->dry_run;
        return EXIT_DONE;
}

static int letters_failed(int r, struct error *err) {
        if (!err->text[0])
                error_set(err, "%s", strerror(-r));
        return command_fail(NAME, r == -ENOENT ? EXIT_USAGE : EXIT_BROKER, err);
}

/* -- One letter, for people -- */

static void letters_line(const struct dead_letters *d, const struct letter *letter, struct buffer *out) {
        char at[INSTANT_TEXT + 1], id[UUID_TEXT + 1];

        (void) d;
        instant_format(letter->record->timestamp, at);
        buffer_printf(out, "%" PRId32 "/%" PRId64 "  %s  ", letter->record->partition, letter->record->offset, at);
        if (letter->good)
                buffer_printf(out, "%s (%s)  %s/%" PRId32 "/%" PRId64, letter->read.code, letter->read.stage, letter->read.topic, letter->read.partition,
                              letter->read.offset);
        else
                buffer_printf(out, "without the headers of a dead letter");
        if (letter->organisation[0])
                buffer_printf(out, "  %s", letter->organisation);
        uuid_format(&letter->case_id, id);
        if (letter->has_case_id)
                buffer_printf(out, "  case %s", id);
        instant_format(letter->sent_at, at);
        if (letter->sent_at)
                buffer_printf(out, "  sent again %s", at);
        if (letter->good)
                buffer_printf(out, "\n    %s", letter->read.error);
}

static int letters_print(struct dead_letters *d, struct error *err) {
        buffer_add_byte(&d->line, '\n');
        if (d->line.failed) {
                error_set(err, "out of memory while a line was written");
                return -ENOMEM;
        }
        return fwrite(d->line.bytes, 1, d->line.n, stdout) == d->line.n ? 0 : -EIO;
}

/* -- list -- */

static int list_letter(void *ctx, const struct letter *letter, struct error *err) {
        struct dead_letters *d = ctx;
        struct json_writer w = JSON_WRITER(&d->line);
        struct letter_line line;

        if (d->seen++ >= (uint64_t)d->limit)
                return 0;
        buffer_clear(&d->line);
        letter_line_make(letter, &line);
        if (d->json) {
                jsonw_open_object(&w);
                letter_line_put(&line, &w);
                jsonw_close_object(&w);
        } else {
                letters_line(d, letter, &d->line);
        }
        return letters_print(d, err);
}

static int letters_list(struct dead_letters *d) {
        const struct letters_visitor visitor = {.letter = list_letter, .ctx = d};
        struct error err = {0};
        int r = letters_each(&d->redrive.source, &d->redrive.filter, &visitor, &err);

        if (r)
                return letters_failed(r, &err);
        if (d->seen > (uint64_t)d->limit)
                fprintf(stderr, "ketenwacht " NAME ": %" PRIu64 " more; say --limit, or which ones\n", d->seen - (uint64_t)d->limit);
        return command_flush(NAME);
}

/* -- show -- */

/* What is seen of personal data stands in audit before it is shown. */
static int show_audit(struct dead_letters *d, const struct letter *letter, struct error *err) {
        char object[LETTERS_OBJECT_MAX];

        letters_object(letter->record, object);
        return command_audited(&d->broker, d->config->types,
                             &(struct audit_record){.at = d->redrive.source.now, .user = text_of(d->user), .action = TEXT_OF(AUDIT_VIEW_PERSONAL),
                                                    .object = text_of(object), .result = TEXT_OF(AUDIT_DONE), .reason = text_of(d->reason)},
                             err);
}

static int show_value(struct dead_letters *d, const struct letter *letter, struct error *err) {
        CLEANUP(view_free_p) struct view *view = NULL;
        int r = show_audit(d, letter, err);

        if (r == 0)
                r = view_new(d->config->types, true, &view, err);
        if (r)
                return r;
        buffer_clear(&d->line);
        r = view_record(view, letter->record, &d->line);
        return r ? r : letters_print(d, err);
}

static int show_letter(void *ctx, const struct letter *letter, struct error *err) {
        struct dead_letters *d = ctx;
        struct json_writer w = JSON_WRITER(&d->line);
        struct error why = {0};
        const char *code = letters_judge(&d->redrive.source, letter, d->connector, &why);
        struct letter_line line;
        int r;

        d->seen++;
        buffer_clear(&d->line);
        letter_line_make(letter, &line);
        jsonw_open_object(&w);
        letter_line_put(&line, &w);
        jsonw_put_int(&w, "bytes", (int64_t)letter->record->value_n);
        letter_put_verdict(code, &why, &w);
        jsonw_close_object(&w);
        r = letters_print(d, err);
        return r == 0 && d->value ? show_value(d, letter, err) : r;
}

/* The topic is read from its beginning to where it stands: nobody asks often. */
static int letters_show(struct dead_letters *d) {
        const struct letters_visitor visitor = {.letter = show_letter, .ctx = d};
        struct error err = {0};
        int r = letters_each(&d->redrive.source, &d->redrive.filter, &visitor, &err);

        if (r)
                return letters_failed(r, &err);
        if (d->seen == 0) {
                error_set(&err, "%s has no letter %" PRId32 "/%" PRId64 " any more, or not yet", TOPIC_DEAD_LETTERS, d->redrive.filter.partition,
                          d->redrive.filter.offset);
                return command_fail(NAME, EXIT_NO, &err);
        }
        return command_flush(NAME);
}

/* -- replay -- */

static bool replay_wait(void *ctx, int64_t ms) {
        struct dead_letters *d = ctx;

        return stop_wait(&d->stop, (int)ms);
}

static void replay_progress(void *ctx, const struct redrive_result *so_far) {
        struct dead_letters *d = ctx;

        if (progress_due(&d->progress))
                progress_say(&d->progress, NAME, "%" PRIu64 " sent again", so_far->sent);
}

static int letters_replay(struct dead_letters *d) {
        struct json_writer w = JSON_WRITER(&d->line);
        struct redrive_result result;
        struct error err = {0};
        int r, status;

        d->progress = progress_begin();
        d->redrive.wait = replay_wait;
        d->redrive.progress = replay_progress;
        d->redrive.ctx = d;
        r = redrive_run(&d->redrive, &result, &err);
        progress_clear(&d->progress);
        buffer_clear(&d->line);
        redrive_result_put(&result, d->dry_run, &w);
        status = letters_print(d, &err) ? EXIT_BROKER : command_flush(NAME);
        if (r)
                return letters_failed(r, &err);
        if (status)
                return status;
        if (result.stopped || (d->redrive.filter.one && result.matched == 0)) {
                error_set(&err, result.stopped ? "stopped before the end; run it again to go on" : "there is no such letter, or it does not pass the filter");
                return command_fail(NAME, EXIT_NO, &err);
        }
        return result.refused_n > 0 ? EXIT_NO : EXIT_DONE;
}

static int letters_run(int argc, char **argv) {
        struct dead_letters d = {
                .dirs = command_dirs(), .limit = LIST_LIMIT, .redrive = {.per_second = REDRIVE_PER_SECOND}, .line = BUFFER_INIT(VIEW_BYTES_MAX)};
        static int (*const acts[LETTERS_ACTS])(struct dead_letters *) = {letters_list, letters_show, letters_replay};
        enum letters_act act = LETTERS_LIST;
        int status = letters_arguments(argc, argv, &d, &act);

        if (status)
                return status;
        if (act == LETTERS_REPLAY)
                stop_hold(&d.stop); /* before any thread begins, so that all inherit it */
        status = letters_open(&d);
        if (status == EXIT_DONE)
                status = acts[act](&d);
        buffer_done(&d.line);
        command_broker_done(&d.broker);
        config_free(d.config);
        return status;
}

const struct command command_dead_letters = {
        .name = NAME,
        .summary = "show what could not be processed, and send it again",
        .help = "Usage: ketenwacht dead-letters list [FILTER…] [--limit N] [--json]\n"
                "       ketenwacht dead-letters show PARTITION/OFFSET [--value --reason TEXT]\n"
                "       ketenwacht dead-letters replay [PARTITION/OFFSET] [FILTER…] --dry-run\n"
                "       ketenwacht dead-letters replay [PARTITION/OFFSET] [FILTER…] --reason TEXT [--per-second N] [--connector NAME]\n\n"
                "list prints the letters that pass the filter, oldest first: place, when, code and stage, where they stood, whose, and why; and when\n"
                "they were sent again. Nothing of their values. show prints one of them as JSON, with what would become of it now (\"now\": ACCEPTED\n"
                "or a code); with --value also its record, personal fields included, which stands in audit with the reason first.\n\n"
                "replay sends letters again, unchanged, in their order: to the topic and partition where they stood (what admission refused: to the\n"
                "outbox, where it is judged anew); those that a connector could not\n"
                "deliver to that connector alone, whoever else reads the inbox (deliveries says who did it and why). Each is counted in the header\n"
                "kw-redriven; one that came back three times is not sent any more (LOOP). What would be refused again by today's schemas and\n"
                "configuration stays where it is; what only its case can refuse comes back as a new letter. Each stands in audit, in the same\n"
                "transaction, so that what was cut off goes on when it is run again, and nothing is sent twice. Prints\n"
                "{\"letters\":N,\"sent\":N,\"already_sent\":N,\"refused\":{CODE:N,…}}, with --dry-run \"would_be_sent\", and then nothing is sent.\n\n"
                "  FILTER             --code CODE, --stage STAGE (frame, decode, check, accept, deliver), --topic TOPIC (where they stood),\n"
                "                     --organisation ID (whose inbox, or who published), --from INSTANT or DATE (letters written since)\n"
                "  --limit N          list at most so many (default 100); the rest is counted\n"
                "  --json             one JSON object a line\n"
                "  --reason TEXT      why; one sentence, without personal data\n"
                "  --per-second N     send no more than so many (default 100)\n"
                "  --connector NAME   of letters from before they named theirs (NO_CONNECTOR)\n"
                "  --bootstrap LIST   the broker; otherwise KETENWACHT_BOOTSTRAP, otherwise broker.yaml\n"
                "  --config DIR       configuration (default config)\n"
                "  --schemas DIR      schemas (default schemas)\n\n"
                "Exit status: 0 done, 1 no such letter, or some would be refused and stay, or stopped before the end, 2 wrong usage or configuration\n"
                "(also: a topic is not there), 3 the broker failed.\n",
        .run = letters_run,
};
