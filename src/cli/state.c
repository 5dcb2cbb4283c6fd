/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht state`: what the broker remembers of the cases, for an operator. */

#include "cli/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

int state_flush(void) {
        struct error err;

        if (fflush(stdout) == 0 && !ferror(stdout))
                return EXIT_DONE;
        error_set(&err, "standard output cannot be written: %s", strerror(errno));
        return command_fail("state", EXIT_BROKER, &err);
}

enum part { PART_SHOW, PART_STATS, PART_COPY, PARTS };

static const struct {
        const char *name;
        int (*run)(const struct state_arguments *a);
} parts[PARTS] = {
        [PART_SHOW] = {"show", state_show},
        [PART_STATS] = {"stats", state_stats},
        [PART_COPY] = {"copy", state_copy},
};

/* What belongs to one part is a mistake with another. */
static int check(struct state_arguments *a, enum part part, const char *format) {
        if (part != PART_SHOW && (a->case_text || a->clear))
                return command_usage("state", "%s goes with show", a->case_text ? "--case" : "--clear");
        if (part != PART_STATS && format)
                return command_usage("state", "--format goes with stats");
        if (part != PART_COPY && (a->from || a->from_bootstrap))
                return command_usage("state", "%s goes with copy", a->from ? "--from" : "--from-bootstrap");
        if (part == PART_SHOW && !a->case_text)
                return command_usage("state", "say which case: --case ID");
        if (part == PART_SHOW && !uuid_parse(a->case_text, strlen(a->case_text), &a->case_id))
                return command_usage("state", "--case '%s' is no case_id; expected a UUID of 36 characters, lower case", a->case_text);
        if (part == PART_COPY && !a->from)
                return command_usage("state", "say from where: --from DIR, the configuration folder of the other case-state");
        if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
                return command_usage("state", "--format '%s' is none of json and text", format);
        a->text = format && strcmp(format, "text") == 0;
        return 0;
}

static int run(int argc, char **argv) {
        struct state_arguments a = {.dirs = COMMAND_DIRS_DEFAULT};
        const char *arguments[OPTION_ARGUMENTS_MAX], *format = NULL;
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &a.dirs.config),
                OPTION_TEXT_ROW("--schemas", &a.dirs.schemas),
                OPTION_TEXT_ROW("--bootstrap", &a.bootstrap),
                OPTION_TEXT_ROW("--case", &a.case_text),
                OPTION_FLAG_ROW("--clear", &a.clear),
                OPTION_TEXT_ROW("--format", &format),
                OPTION_TEXT_ROW("--from", &a.from),
                OPTION_TEXT_ROW("--from-bootstrap", &a.from_bootstrap),
                OPTION_END_ROW,
        };
        int n, status = options_read(argc, argv, rows, arguments, &n);
        unsigned part = 0;

        if (status)
                return status;
        while (n == 1 && part < PARTS && strcmp(parts[part].name, arguments[0]) != 0)
                part++;
        if (n != 1 || part == PARTS)
                return command_usage("state", "say show, stats or copy");
        status = check(&a, (enum part)part, format);
        return status ? status : parts[part].run(&a);
}

const struct command command_state = {
        .name = "state",
        .summary = "show what the broker remembers: of one case, or in figures; or copy it",
        .help = "Usage: ketenwacht state show --case ID [--clear]\n"
                "       ketenwacht state stats [--format json|text]\n"
                "       ketenwacht state copy --from DIR [--from-bootstrap HOST:PORT,…]\n"
                "       each with [--bootstrap HOST:PORT,…] [--config DIR] [--schemas DIR]\n\n"
                "Reads what is committed in case-state, and joins no group.\n\n"
                "show   the rows of one case as they stand, one a line, in the form of `ketenwacht tail`: facts, obligations that\n"
                "       were announced, alerts, later copies; of a case that was forgotten the one row that is left.\n"
                "         --case ID    the case\n"
                "         --clear      show personal fields; without it they are null\n"
                "stats  one line for each partition and one for all (\"partition\":\"all\"): cases, facts, tellings by kind, cases that\n"
                "       were forgotten; rows on the topic that are live, superseded by later ones, or tombstones; bytes of keys and\n"
                "       values by kind of row; memory that a worker needs; the highest configuration version seen; and a checksum that is\n"
                "       the same for the same state, however it is divided.\n"
                "         --format text  the same as a table\n"
                "copy   copies all rows from the case-state of another configuration folder (its broker.yaml: other prefix, other\n"
                "       number of partitions, other cluster) into this one's, each to the partition of its case. Nothing may be working on\n"
                "       either; this one must be new. Prints {\"copied\":N,\"partitions\":N}.\n"
                "         --from DIR             the configuration folder of the other\n"
                "         --from-bootstrap LIST  its broker (else KETENWACHT_BOOTSTRAP, else the broker.yaml there)\n\n"
                "  --bootstrap LIST  the broker (else KETENWACHT_BOOTSTRAP, else broker.yaml)\n"
                "  --config DIR      configuration (default config)\n"
                "  --schemas DIR     schemas (default schemas)\n\n"
                "Exit status: 0 done, 1 no such case, or not to be copied into, 2 wrong usage or configuration, 3 the broker failed.\n",
        .run = run,
};
