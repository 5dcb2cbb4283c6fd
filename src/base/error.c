/* SPDX-License-Identifier: EUPL-1.2 */

/* The sentence of an error and its way up, in memory of the caller's. */

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERROR_MARK 0x65727231u /* what memory that was never written will hardly hold */

static void error_begin(struct error *err) {
        err->mark = ERROR_MARK;
        err->n_hops = 0;
}

static void error_hop(struct error *err, const char *file, int line) {
        if (err->n_hops < ERROR_HOPS_MAX)
                err->hops[err->n_hops++] = (struct error_hop){file, line};
}

void error_set_at(struct error *err, const char *file, int line, const char *fmt, ...) {
        va_list args;

        if (!err)
                return;
        va_start(args, fmt);
        (void) vsnprintf(err->text, sizeof(err->text), fmt, args); /* a cut sentence is still a sentence */
        va_end(args);
        error_begin(err);
        error_hop(err, file, line);
}

void error_prefix(struct error *err, const char *fmt, ...) {
        char rest[ERROR_TEXT_MAX];
        va_list args;
        size_t n;

        if (!err)
                return;
        memcpy(rest, err->text, sizeof(rest));
        va_start(args, fmt);
        (void) vsnprintf(err->text, sizeof(err->text), fmt, args);
        va_end(args);
        n = strlen(err->text);
        (void) snprintf(err->text + n, sizeof(err->text) - n, ": %s", rest);
}

void error_pass(int r, struct error *err, const char *file, int line) {
        if (!err)
                return;
        if (err->mark != ERROR_MARK) {
                (void) snprintf(err->text, sizeof(err->text), "%s", r < 0 ? strerror(-r) : "");
                error_begin(err);
        }
        error_hop(err, file, line);
}

/* The name below the root of the sources: it is compiled from a folder beside it. */
static const char *error_file(const char *file) {
        while (strncmp(file, "../", 3) == 0)
                file += 3;
        return file;
}

const char *error_way(const struct error *err, char ret[ERROR_WAY_MAX]) {
        size_t n = 0;

        ret[0] = '\0';
        for (unsigned i = 0; err->mark == ERROR_MARK && i < err->n_hops && n < ERROR_WAY_MAX; i++)
                n += (size_t)snprintf(ret + n, ERROR_WAY_MAX - n, "%s%s:%d", i ? " < " : "", error_file(err->hops[i].file), err->hops[i].line);
        return ret;
}
