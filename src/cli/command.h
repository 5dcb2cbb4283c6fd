/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Subcommands
 *
 * Each is one file with one struct command, listed in main.c. A command reads its arguments with
 * options_read(), writes results to standard output and one sentence per error to standard error
 * (command_fail), and returns an exit status.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/language.h"

enum exit_status {
        EXIT_DONE = 0,   /* done */
        EXIT_NO = 1,     /* the answer is no */
        EXIT_USAGE = 2,  /* wrong usage or configuration */
        EXIT_BROKER = 3, /* the broker or a peer failed */
};

struct command {
        const char *name;
        const char *summary; /* one line, for ketenwacht --help */
        const char *help;    /* the whole text of ketenwacht NAME --help; NULL: the command answers to --help itself */
        int (*run)(int argc, char **argv); /* argv[0] is the command's name */
        int (*help_on)(const char *topic); /* ketenwacht NAME --help TOPIC; returns an exit status; NULL: there are no topics */
};

/* What every command takes: --config DIR, --schemas DIR (and for those with a broker --bootstrap LIST). */
struct command_dirs {
        const char *config, *schemas;
};

/* Where both are unless an option says so: KETENWACHT_CONFIG and KETENWACHT_SCHEMAS, else config and schemas here. Borrowed from the environment. */
#define COMMAND_CONFIG "KETENWACHT_CONFIG"
#define COMMAND_SCHEMAS "KETENWACHT_SCHEMAS"
struct command_dirs command_dirs(void);

/*
 * Who named a folder, for a sentence in which it cannot be used: " (KETENWACHT_CONFIG)"; for the default when it is not there what would
 * name it; "" for an option.
 */
const char *command_dirs_origin(const char *folder, enum language language);

/*
 * The language for whoever reads what the command @name prints: @asked (--lang: nl or en), or when that is NULL that of the locale
 * (LC_ALL, else LC_MESSAGES, else LANG), else English. Return: 0, or EXIT_USAGE after the sentence.
 */
int command_language(const char *name, const char *asked, enum language *ret) MUSTCHECK;

/* "ketenwacht NAME: sentence" on standard error; returns @status. */
int command_fail(const char *name, int status, const struct error *err);

/* A wrong option or argument: the sentence and a pointer to --help; returns EXIT_USAGE. */
int command_usage(const char *name, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Writes @out to standard output, where it is cleared, and flushes that. Return: as command_flush(). */
int command_write(const char *name, struct buffer *out) MUSTCHECK;

/* Writes what stands in standard output's buffer. Return: EXIT_DONE, or EXIT_BROKER after the sentence. */
int command_flush(const char *name) MUSTCHECK;

/* -- Who acts, and why: what stands in audit -- */

#define COMMAND_USER_MAX 64    /* bytes */
#define COMMAND_REASON_MAX 300 /* bytes */

/* The name of the account that runs this, or its number. */
void command_user(char ret[COMMAND_USER_MAX + 1]);

/* Whether @reason is one that can stand in audit; @needed_for: what cannot be done without one. Return: EXIT_DONE, or EXIT_USAGE after the sentence. */
int command_reason(const char *name, const char *needed_for, const char *reason) MUSTCHECK;

#define COMMAND_PATH_MAX 4096

/* The path of a program that is installed beside this one. Return: 0; negative errno with a sentence when it is not there. */
int command_beside(const char *program, char ret[COMMAND_PATH_MAX], struct error *err) MUSTCHECK;
