/* SPDX-License-Identifier: EUPL-1.2 */

/* The one binary: finds the subcommand and hands over. */

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <yaml.h>

#include "base/text.h"
#include "cli/command.h"

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif

/* In the order in which a newcomer meets them. */
#define COMMANDS(X) \
        X(demo) \
        X(check) \
        X(replay) \
        X(explain) \
        X(report) \
        X(term) \
        X(topics) \
        X(publish) \
        X(tail) \
        X(export) \
        X(rules) \
        X(status) \
        X(trace) \
        X(state) \
        X(dead_letters) \
        X(audit) \
        X(connect) \
        X(ijw) \
        X(console) \
        X(schema) \
        X(decode) \
        X(bench) \
        X(mock)

#define DECLARE(name) extern const struct command command_##name;
COMMANDS(DECLARE)
#undef DECLARE

static const struct command *const commands[] = {
#define ROW(name) &command_##name,
        COMMANDS(ROW)
#undef ROW
        NULL,
};

static void print_help(FILE *out) {
        fprintf(out, "ketenwacht: watches over the agreements in Dutch youth protection\n\n"
                     "Usage: ketenwacht COMMAND [ARGUMENTS]\n\nCommands:\n");
        for (const struct command *const *c = commands; *c; c++)
                fprintf(out, "  %-14s %s\n", (*c)->name, (*c)->summary);
        fprintf(out, "\nEvery command takes --help, --config DIR (else KETENWACHT_CONFIG, else config) and --schemas DIR (else KETENWACHT_SCHEMAS,\n"
                     "else schemas).\n"
                     "ketenwacht --version names this build and the libraries it runs with.\n"
                     "Exit status: 0 done, 1 the answer is no, 2 wrong usage or configuration, 3 the broker or a peer failed.\n");
}

/*
 * For a report of a fault: the libraries are what the program found when it started, not what it was built with. avro-c is none of
 * them, and who looks for it is told where it is.
 */
static void print_version(void) {
        printf("ketenwacht %s\n", KETENWACHT_VERSION);
        printf("librdkafka %s, libcurl %s, libmicrohttpd %s, jansson %s, libyaml %s\n", rd_kafka_version_str(), curl_version_info(CURLVERSION_NOW)->version,
               MHD_get_version(), jansson_version_str(), yaml_get_version_string());
        printf("built with %s %s, allocator %s; Avro is ketenwacht's own (avro-c, %s when this was built, is only in ketenwacht-bench and in tests)\n",
               COMPILER, __VERSION__, KETENWACHT_ALLOCATOR, KETENWACHT_AVRO_C);
}

/* Says what there is when @word is none of it. */
static int fail_word(const char *word) {
        static const char *const others[] = {"help", "--help", "version", "--version"};
        struct nearest nearest = NEAREST_INIT(word);
        char hint[NEAREST_HINT_MAX];

        for (const struct command *const *c = commands; *c; c++)
                nearest_try(&nearest, (*c)->name);
        for (size_t i = 0; i < ELEMENTS(others); i++)
                nearest_try(&nearest, others[i]);
        fprintf(stderr, "ketenwacht: no command '%s'%s; ketenwacht --help lists them\n", word, nearest_hint(&nearest, hint));
        return EXIT_USAGE;
}

/* argv[0] is its name. */
static int run_command(const struct command *c, int argc, char **argv) {
        for (int i = 1; c->help && i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--help") != 0)
                        continue;
                if (c->help_on && i + 1 < argc)
                        return c->help_on(argv[i + 1]);
                fputs(c->help, stdout);
                return EXIT_DONE;
        }
        return c->run(argc, argv);
}

static const struct command *find_command(const char *name) {
        for (const struct command *const *c = commands; *c; c++) {
                if (strcmp((*c)->name, name) == 0)
                        return *c;
        }
        return NULL;
}

/* "help", "help COMMAND" and "help COMMAND TOPIC" say what COMMAND --help says. */
static int help(int argc, char **argv) {
        const struct command *c = argc > 1 ? find_command(argv[1]) : NULL;
        char option[] = "--help", *as_option[] = {argc > 1 ? argv[1] : NULL, option, argc > 2 ? argv[2] : NULL, NULL};

        if (c)
                return run_command(c, argc > 2 ? 3 : 2, as_option);
        if (argc > 1)
                return fail_word(argv[1]);
        print_help(stdout);
        return EXIT_DONE;
}

int main(int argc, char **argv) {
        const struct command *c;

        if (argc < 2) {
                print_help(stderr);
                return EXIT_USAGE;
        }
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
                return help(argc - 1, argv + 1);
        if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
                print_version();
                return command_flush("version");
        }
        c = find_command(argv[1]);
        return c ? run_command(c, argc - 1, argv + 1) : fail_word(argv[1]);
}
