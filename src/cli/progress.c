/* SPDX-License-Identifier: EUPL-1.2 */

/* The line that says how far long work has come, on a terminal only. */

#include "cli/progress.h"

#include <assert.h>
#include <stdarg.h>
#include <unistd.h>

#define LINE_ANEW "\r\033[K" /* to its beginning, and what stands there goes */

struct progress progress_begin(void) {
        struct progress p = {.clock = clock_system(), .out = isatty(STDERR_FILENO) == 1 ? stderr : NULL};

        p.next = clock_monotonic(&p.clock) + PROGRESS_AFTER_MS;
        return p;
}

bool progress_due(struct progress *p) {
        return p->out && clock_monotonic(&p->clock) >= p->next;
}

void progress_say(struct progress *p, const char *name, const char *fmt, ...) {
        va_list args;

        assert(p->out && name && fmt);
        fprintf(p->out, LINE_ANEW "ketenwacht %s: ", name);
        va_start(args, fmt);
        vfprintf(p->out, fmt, args);
        va_end(args);
        (void) fflush(p->out);
        p->stands = true;
        p->next = clock_monotonic(&p->clock) + PROGRESS_EVERY_MS;
}

void progress_clear(struct progress *p) {
        if (!p->stands)
                return;
        fputs(LINE_ANEW, p->out);
        (void) fflush(p->out);
        p->stands = false;
}
