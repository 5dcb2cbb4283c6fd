/* SPDX-License-Identifier: EUPL-1.2 */

/* Asks in one direction or in both, and writes each reason as a line. */

#include "cli/schema_compatible.h"

#include <stdio.h>
#include <string.h>

#include "avro/compatible.h"
#include "base/json.h"
#include "cli/command.h"

/* Whether @reader reads what @writer writes. */
struct direction {
        const char *level;
        const struct schema_file *writer, *reader;
};

static void direction_write_json(const struct direction *d, const struct compatible *verdict, struct buffer *out) {
        char sentence[COMPATIBLE_SENTENCE_MAX];

        for (size_t i = 0; i < compatible_kept(verdict); i++) {
                const struct compatible_reason *reason = compatible_reason(verdict, i);
                struct json_writer w = JSON_WRITER(out);

                jsonw_open_object(&w);
                jsonw_put_string(&w, "level", d->level);
                jsonw_put_string(&w, "code", compatible_code_word(reason->code));
                jsonw_put_bool(&w, "avro", !compatible_code_is_ours(reason->code));
                jsonw_put_string(&w, "writer", reason->writer);
                jsonw_put_string(&w, "reader", reason->reader);
                jsonw_put_string(&w, "reason", compatible_sentence(verdict, i, sentence));
                jsonw_close_object(&w);
                buffer_add_byte(out, '\n');
        }
}

static void direction_write_text(const struct direction *d, const struct compatible *verdict, struct buffer *out) {
        enum language language = schema_language(d->reader);
        const char *writer = schema_name(d->writer), *reader = schema_name(d->reader);
        char sentence[COMPATIBLE_SENTENCE_MAX];
        size_t kept = compatible_kept(verdict), n = compatible_count(verdict);

        if (n == 0) {
                buffer_printf(out, IN_LANGUAGE(language, "%s: %s reads all that %s writes\n", "%s: %s leest alles wat %s schrijft\n"),
                              d->level, reader, writer);
                return;
        }
        buffer_printf(out, IN_LANGUAGE(language, "%s: %s does not read all that %s writes\n", "%s: %s leest niet alles wat %s schrijft\n"),
                      d->level, reader, writer);
        for (size_t i = 0; i < kept; i++)
                buffer_printf(out, "  %s\n", compatible_sentence(verdict, i, sentence));
        if (n > kept)
                buffer_printf(out, IN_LANGUAGE(language, "  and %zu more\n", "  en nog %zu\n"), n - kept);
}

static int direction_ask(const struct direction *d, bool json, size_t *n, struct buffer *out, struct error *err) {
        CLEANUP(compatible_free_p) struct compatible *verdict = NULL;

        if (compatible_new(d->writer, d->reader, &verdict, err))
                return EXIT_USAGE;
        *n += compatible_count(verdict);
        if (json)
                direction_write_json(d, verdict, out);
        else
                direction_write_text(d, verdict, out);
        return EXIT_DONE;
}

static int schema_level_unknown(const char *level, struct error *err) {
        static const char *const levels[] = {"BACKWARD", "FORWARD", "FULL"};
        struct nearest nearest = NEAREST_INIT(level);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; i < ELEMENTS(levels); i++) {
                if (strcmp(level, levels[i]) == 0)
                        return EXIT_DONE;
                nearest_try(&nearest, levels[i]);
        }
        error_set(err, "no level '%.64s'%s; it can be BACKWARD, FORWARD or FULL", level, nearest_hint(&nearest, hint));
        return EXIT_USAGE;
}

int schema_compatible(const struct schema_question *question, struct buffer *out, struct error *err) {
        CLEANUP(schema_free_p) struct schema_file *old = NULL, *new = NULL;
        struct json_writer w = JSON_WRITER(out);
        struct direction back, forth;
        size_t n = 0;

        if (schema_level_unknown(question->level, err))
                return EXIT_USAGE;
        if (schema_read(question->old, question->language, &old, err) || schema_read(question->new, question->language, &new, err))
                return EXIT_USAGE;
        back = (struct direction){.level = "BACKWARD", .writer = old, .reader = new};
        forth = (struct direction){.level = "FORWARD", .writer = new, .reader = old};
        if (strcmp(question->level, "FORWARD") != 0 && direction_ask(&back, question->json, &n, out, err))
                return EXIT_USAGE;
        if (strcmp(question->level, "BACKWARD") != 0 && direction_ask(&forth, question->json, &n, out, err))
                return EXIT_USAGE;
        if (question->json) {
                jsonw_open_object(&w);
                jsonw_put_string(&w, "level", question->level);
                jsonw_put_bool(&w, "compatible", n == 0);
                jsonw_put_int(&w, "reasons", (int64_t)n);
                jsonw_close_object(&w);
                buffer_add_byte(out, '\n');
        }
        return n ? EXIT_NO : EXIT_DONE;
}
