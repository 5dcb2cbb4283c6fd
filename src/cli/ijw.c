/* SPDX-License-Identifier: EUPL-1.2 */

/* `ketenwacht ijw validate`: what is wrong with messages of iJw, as the connector would say it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/options.h"
#include "connectors/ijw/message.h"

#define VALIDATE_LINE_MAX ((size_t)16 * 1024)
#define VALIDATE_VERB "validate"

struct validation {
        const char *xsd;
        bool json;
        struct ijw_schemas *schemas;
        bool refused;
};

/* A whole file, or -EFBIG beyond what a message may have. */
static int validate_load(const char *path, char **ret, size_t *ret_n) {
        FILE *f = fopen(path, "re");
        char *bytes = f ? malloc(XML_BYTES_MAX + 2) : NULL;
        int e = f ? ENOMEM : errno;

        if (bytes) {
                *ret_n = fread(bytes, 1, XML_BYTES_MAX + 1, f);
                e = ferror(f) ? errno : 0;
                bytes[*ret_n] = '\0';
        }
        if (f)
                fclose(f);
        if (e)
                free(bytes);
        else
                *ret = bytes;
        return -e;
}

static void validate_print(const struct validation *v, const char *path, const struct ijw_message *m, const struct ijw_refusal *refusal) {
        CLEANUP(buffer_done) struct buffer line = BUFFER_INIT(VALIDATE_LINE_MAX);
        struct json_writer w = JSON_WRITER(&line);

        if (!v->json) {
                if (refusal)
                        printf("%s: %s\n", path, refusal->why.text);
                else
                        printf("%s: JW%d, right\n", path, ijw_message_number(m));
                return;
        }
        jsonw_open_object(&w);
        jsonw_put_string(&w, "file", path);
        if (m && m->kind)
                jsonw_put_int(&w, "message", ijw_message_number(m));
        jsonw_put_bool(&w, "right", !refusal);
        if (refusal) {
                jsonw_put_int(&w, "level", refusal->level);
                jsonw_put_string(&w, "rule", refusal->rule);
                jsonw_put_string(&w, "reason", refusal->why.text);
        }
        jsonw_close_object(&w);
        puts(buffer_text(&line));
}

static int validate_file(struct validation *v, const char *path) {
        CLEANUP(ijw_message_free_p) struct ijw_message *m = NULL;
        CLEANUP(cleanup_free) void *bytes = NULL;
        struct ijw_refusal refusal = {0};
        const struct clock clock = clock_system();
        struct error err = {0};
        char *read = NULL;
        size_t n = 0;
        int r = validate_load(path, &read, &n);

        bytes = read;
        if (r) {
                error_set(&err, "%s: %s", path, r == -EISDIR ? "it is a folder; name the files in it" : strerror(-r));
                return command_fail("ijw", EXIT_USAGE, &err);
        }
        r = ijw_message_read(bytes, n, date_of_instant(clock_realtime(&clock)), v->schemas, &m, &refusal, &err);
        if (r < 0) {
                if (!err.text[0])
                        error_set(&err, "%s: %s", path, strerror(-r));
                return command_fail("ijw", EXIT_USAGE, &err);
        }
        v->refused |= r == IJW_E_REFUSED;
        validate_print(v, path, m, r == IJW_E_REFUSED ? &refusal : NULL);
        return EXIT_DONE;
}

static int run_ijw(int argc, char **argv) {
        const char *words[OPTION_ARGUMENTS_MAX];
        struct validation v = {0};
        const struct option_row rows[] = {OPTION_TEXT_ROW("--xsd", &v.xsd), OPTION_FLAG_ROW("--json", &v.json), OPTION_END_ROW};
        struct error err = {0};
        int n, status = options_read(argc, argv, rows, words, &n);

        if (status)
                return status;
        if (n < 2 || strcmp(words[0], VALIDATE_VERB) != 0)
                return command_usage("ijw", "expected validate FILE..., the messages to look at");
        if (v.xsd && ijw_schemas_open(v.xsd, &v.schemas, &err) < 0)
                return command_fail("ijw", EXIT_USAGE, &err);
        for (int i = 1; status == EXIT_DONE && i < n; i++)
                status = validate_file(&v, words[i]);
        ijw_schemas_free(v.schemas);
        if (status == EXIT_DONE)
                status = command_flush("ijw");
        return status ? status : v.refused ? EXIT_NO : EXIT_DONE;
}

const struct command command_ijw = {
        .name = "ijw",
        .summary = "say what is wrong with messages of iJw",
        .help = "Usage: ketenwacht ijw validate FILE... [--xsd FOLDER] [--json]\n\n"
                "Holds messages of iJw 3.2 (JW301, 305, 307, 315, 317, 319 and their return messages) to what the connector ijw asks of them: level 1,\n"
                "the tree, its types and codes, and level 2, the rules inside one message. It says level, rule, line and element, never a value. Needs no\n"
                "broker and no configuration.\n\n"
                "  --xsd FOLDER       also the published XSDs, JW301.xsd to JW320.xsd beside basisschema.xsd\n"
                "  --json             one JSON object a line: file, message, right, and level, rule, reason of what is not\n\n"
                "Exit status: 0 all are right, 1 one is not, 2 a file cannot be read, or an XSD cannot be built.\n",
        .run = run_ijw,
};
