/* SPDX-License-Identifier: EUPL-1.2 */

/* Asks for a password without showing it, and prints the line of a user. */

#include "cli/console_user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mistakes.h"
#include "cli/options.h"
#include "console/access/password.h"
#include "console/access/person.h"

#define NAME "console user"
#define CONSOLE_USER_PATH_MAX 4096
#define CONSOLE_USER_LINE_MAX (PASSWORD_MAX + 3) /* one too many, the line end, the NUL */
#define CONSOLE_USER_INTERRUPT 3                 /* Ctrl-C, which is no signal while nothing is shown */

struct console_user_asked {
        struct command_dirs dirs;
        const char *name, *roles, *organisation;
        unsigned role_set;
};

/* -- What is asked for -- */

static int console_user_read_roles(struct console_user_asked *asked) {
        for (const char *at = asked->roles; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
                size_t n = strcspn(at, ",");
                char word[32];
                struct nearest nearest = NEAREST_INIT(word);
                char choice[LANGUAGE_CHOICE_MAX];
                unsigned role;

                (void) snprintf(word, sizeof(word), "%.*s", (int)n, at);
                role = person_role_read(text_of(word), &nearest);
                if (!role)
                        return command_usage(NAME, "no role is called '%s'%s", word, language_choice(LANGUAGE_EN, &nearest, choice));
                asked->role_set |= role;
        }
        return EXIT_DONE;
}

static int console_user_check_organisation(const struct console_user_asked *asked) {
        CLEANUP(organisations_free_p) struct organisations *organisations = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        struct nearest nearest = NEAREST_INIT(asked->organisation);
        char path[CONSOLE_USER_PATH_MAX], hint[NEAREST_HINT_MAX];
        struct error err;
        int r;

        if (!asked->organisation)
                return EXIT_DONE;
        if ((size_t)snprintf(path, sizeof(path), "%s/organisations.yaml", asked->dirs.config) >= sizeof(path))
                return command_usage(NAME, "the name of the configuration folder is too long");
        r = organisations_read(path, &organisations, &mistakes);
        (void) fputs(buffer_text(&mistakes.text), stderr);
        mistakes_done(&mistakes);
        if (r) {
                error_set(&err, "%s cannot be read, so it is not known whether '%s' is an organisation", path, asked->organisation);
                return command_fail(NAME, EXIT_USAGE, &err);
        }
        if (organisations_find(organisations, text_of(asked->organisation)))
                return EXIT_DONE;
        organisations_nearest(organisations, &nearest);
        return command_usage(NAME, "no organisation is called '%s'%s", asked->organisation, nearest_hint(&nearest, hint));
}

static int console_user_read(int argc, char **argv, struct console_user_asked *asked) {
        const char *arguments[OPTION_ARGUMENTS_MAX];
        const struct option_row rows[] = {
                OPTION_TEXT_ROW("--config", &asked->dirs.config),
                OPTION_TEXT_ROW("--roles", &asked->roles),
                OPTION_TEXT_ROW("--organisation", &asked->organisation),
                OPTION_END_ROW,
        };
        int n = 0, status = options_read(argc, argv, rows, arguments, &n);

        if (status)
                return status;
        if (n != 1)
                return command_usage(NAME, "give the one NAME that is let in");
        if (!asked->roles)
                return command_usage(NAME, "say with --roles what %s may: meta, zaak, gegevens, beheer, with commas between them", arguments[0]);
        asked->name = arguments[0];
        if (!person_name_valid(text_of(asked->name)))
                return command_usage(NAME, "nobody can be called this: at most %d bytes, no space at its ends", PERSON_NAME_MAX);
        status = console_user_read_roles(asked);
        return status ? status : console_user_check_organisation(asked);
}

/* -- The password -- */

/* One line without its end. false: there is none. */
static bool console_user_line(char ret[CONSOLE_USER_LINE_MAX]) {
        if (!fgets(ret, CONSOLE_USER_LINE_MAX, stdin))
                return false;
        ret[strcspn(ret, "\r\n")] = '\0';
        return !strchr(ret, CONSOLE_USER_INTERRUPT);
}

static bool console_user_ask(const char *question, char ret[CONSOLE_USER_LINE_MAX]) {
        struct termios shown, hidden;
        bool asked;

        if (tcgetattr(STDIN_FILENO, &shown))
                return false;
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)) /* before it is asked: what is typed at once is neither shown nor lost */
                return false;
        (void) fputs(question, stderr);
        asked = console_user_line(ret);
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        (void) fputc('\n', stderr);
        return asked;
}

/* Return: an exit status. */
static int console_user_password(char ret[CONSOLE_USER_LINE_MAX]) {
        char again[CONSOLE_USER_LINE_MAX] = "";
        struct error err;
        bool same;

        if (!isatty(STDIN_FILENO)) {
                if (console_user_line(ret))
                        return EXIT_DONE;
                error_set(&err, "there is no password on standard input; write it as one line");
                return command_fail(NAME, EXIT_USAGE, &err);
        }
        if (!console_user_ask("Password: ", ret) || !console_user_ask("Once more: ", again)) {
                error_set(&err, "no password was given");
                return command_fail(NAME, EXIT_USAGE, &err);
        }
        same = strcmp(ret, again) == 0;
        explicit_bzero(again, sizeof(again));
        if (same)
                return EXIT_DONE;
        error_set(&err, "the two passwords differ; nothing is printed");
        return command_fail(NAME, EXIT_USAGE, &err);
}

/* -- The line -- */

static int console_user_print(const struct console_user_asked *asked, const char *hash) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(4096);
        struct json_writer name = JSON_WRITER(&out);
        const char *between = "";

        buffer_add_text(&out, "  - {name: ");
        jsonw_string(&name, asked->name); /* which is how YAML quotes, too */
        buffer_add_text(&out, ", roles: [");
        for (unsigned i = 0; i < PERSON_ROLES; i++) {
                if (!(asked->role_set & 1u << i))
                        continue;
                buffer_printf(&out, "%s%s", between, person_role_names[i]);
                between = ", ";
        }
        buffer_add_text(&out, "]");
        if (asked->organisation)
                buffer_printf(&out, ", organisation: %s", asked->organisation);
        buffer_printf(&out, ", password: \"%s\"}\n", hash);
        return command_write(NAME, &out);
}

int console_user_run(int argc, char **argv) {
        struct console_user_asked asked = {.dirs = command_dirs()};
        char password[CONSOLE_USER_LINE_MAX] = "", hash[PASSWORD_HASH_MAX];
        struct error err = {0};
        int status = console_user_read(argc, argv, &asked), r;

        if (status == EXIT_DONE)
                status = console_user_password(password);
        if (status)
                return status;
        r = password_make(text_of(password), hash, &err);
        explicit_bzero(password, sizeof(password));
        if (r) {
                if (r == -ENOMEM)
                        error_set(&err, "out of memory: a hash takes %zu bytes", PASSWORD_BYTES);
                return command_fail(NAME, r == -ENOMEM ? EXIT_BROKER : EXIT_USAGE, &err);
        }
        return console_user_print(&asked, hash);
}
