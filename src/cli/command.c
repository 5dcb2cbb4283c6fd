/* SPDX-License-Identifier: EUPL-1.2 */

/* What every command says and asks in the same way: a failure, a wrong argument, who acts and why. */

#include "cli/command.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

int command_fail(const char *name, int status, const struct error *err) {
        fprintf(stderr, "ketenwacht %s: %s\n", name, err->text[0] ? err->text : "failed without a reason; please report this");
        return status;
}

int command_usage(const char *name, const char *fmt, ...) {
        va_list args;

        fprintf(stderr, "ketenwacht %s: ", name);
        va_start(args, fmt);
        vfprintf(stderr, fmt, args);
        va_end(args);
        fprintf(stderr, "; see ketenwacht %s --help\n", name);
        return EXIT_USAGE;
}

static const char default_config[] = "config", default_schemas[] = "schemas";

static const char *command_environment(const char *variable, const char *otherwise) {
        const char *value = getenv(variable);

        return value && value[0] ? value : otherwise;
}

struct command_dirs command_dirs(void) {
        return (struct command_dirs){.config = command_environment(COMMAND_CONFIG, default_config),
                                     .schemas = command_environment(COMMAND_SCHEMAS, default_schemas)};
}

const char *command_dirs_origin(const char *folder, enum language language) {
        assert(folder);
        /* The very string of the environment: an option with the same text is another. */
        if (folder == getenv(COMMAND_CONFIG))
                return " (" COMMAND_CONFIG ")";
        if (folder == getenv(COMMAND_SCHEMAS))
                return " (" COMMAND_SCHEMAS ")";
        if ((folder != default_config && folder != default_schemas) || access(folder, F_OK) == 0)
                return "";
        return folder == default_config ? IN_LANGUAGE(language, " (not there; --config or " COMMAND_CONFIG " says where it is)",
                                                      " (niet gevonden; --config of " COMMAND_CONFIG " zegt waar het staat)")
                                        : IN_LANGUAGE(language, " (not there; --schemas or " COMMAND_SCHEMAS " says where they are)",
                                                      " (niet gevonden; --schemas of " COMMAND_SCHEMAS " zegt waar zij staan)");
}

int command_language(const char *name, const char *asked, enum language *ret) {
        static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

        *ret = LANGUAGE_EN;
        if (asked && !language_of_tag(text_of(asked), ret))
                return command_usage(name, "--lang is nl or en, not '%.40s'", asked);
        for (size_t i = 0; !asked && i < ELEMENTS(variables); i++) {
                const char *locale = getenv(variables[i]);

                if (!locale || !locale[0])
                        continue;
                if (!language_of_tag(text_of(locale), ret))
                        *ret = LANGUAGE_EN; /* C, POSIX, another language */
                break;
        }
        return 0;
}

int command_flush(const char *name) {
        struct error err;

        if (fflush(stdout) == 0 && !ferror(stdout))
                return EXIT_DONE;
        error_set(&err, "standard output cannot be written: %s", strerror(errno));
        return command_fail(name, EXIT_BROKER, &err);
}

int command_write(const char *name, struct buffer *out) {
        if (out->n)
                (void) fwrite(out->bytes, 1, out->n, stdout); /* command_flush() asks how it went */
        buffer_clear(out);
        return command_flush(name);
}

int command_beside(const char *program, char ret[COMMAND_PATH_MAX], struct error *err) {
        ssize_t n = readlink("/proc/self/exe", ret, COMMAND_PATH_MAX - 1);
        char *last;

        if (n <= 0) {
                error_set(err, "the path of this program cannot be found: /proc/self/exe: %s", strerror(errno));
                return -errno;
        }
        ret[n] = '\0';
        last = strrchr(ret, '/');
        if (!last || (size_t)(last + 1 - ret) + strlen(program) >= COMMAND_PATH_MAX) {
                error_set(err, "the path of this program is too long: %s", ret);
                return -ENAMETOOLONG;
        }
        (void) snprintf(last + 1, (size_t)(ret + COMMAND_PATH_MAX - last - 1), "%s", program);
        if (access(ret, X_OK) == 0)
                return 0;
        error_set(err, "the program %s is not to be had: %s; it is built and installed beside this one", ret, strerror(errno));
        return -errno;
}

/* -- Who acts, and why -- */

#define PASSWD_BYTES 4096

void command_user(char ret[COMMAND_USER_MAX + 1]) {
        char memory[PASSWD_BYTES];
        struct passwd entry, *found = NULL;

        if (getpwuid_r(getuid(), &entry, memory, sizeof(memory), &found) == 0 && found)
                (void) snprintf(ret, COMMAND_USER_MAX + 1, "%s", entry.pw_name);
        else
                (void) snprintf(ret, COMMAND_USER_MAX + 1, "%u", (unsigned)getuid());
}

int command_reason(const char *name, const char *needed_for, const char *reason) {
        if (!reason || !reason[0])
                return command_usage(name, "%s needs a --reason: it stands in audit", needed_for);
        if (strlen(reason) > COMMAND_REASON_MAX || !utf8_valid(reason, strlen(reason)))
                return command_usage(name, "--reason is one sentence of at most %d bytes of UTF-8", COMMAND_REASON_MAX);
        return EXIT_DONE;
}
