/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_set(struct error *err, const char *fmt, ...) {
        va_list args;

        if (!err)
                return;
        va_start(args, fmt);
        (void) vsnprintf(err->text, sizeof(err->text), fmt, args); /* a cut sentence is still a sentence */
        va_end(args);
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
