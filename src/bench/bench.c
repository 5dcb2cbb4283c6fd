/* SPDX-License-Identifier: EUPL-1.2 */

/* What every benchmark needs: its options, its configuration, saying how far it is, and the middle of what was measured. */

#include "bench/bench.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/configuration.h"

static int bench_ascending(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double bench_middle(double *values, size_t n) {
        assert(values && n > 0);
        qsort(values, n, sizeof(*values), bench_ascending);
        return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int bench_options(int argc, char **argv, const struct option_row *rows) {
        const char *words[OPTION_ARGUMENTS_MAX];
        int n, status = options_read(argc, argv, rows, words, &n);

        if (status == 0 && n > 0)
                status = command_usage(argv[0], "'%s' is one argument too many", words[0]);
        return status;
}

int bench_number(const char *name, const char *option, const char *text, int64_t least, int64_t most, int64_t *ret) {
        int64_t number;

        if (!text)
                return 0;
        if (!text_to_int64(text_of(text), &number) || number < least || number > most)
                return command_usage(name, "%s '%s' is not a number from %lld to %lld", option, text, (long long)least, (long long)most);
        *ret = number;
        return 0;
}

int bench_numbers(const char *name, const struct bench_number_row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int status = bench_number(name, rows[i].option, *rows[i].text, rows[i].least, rows[i].most, rows[i].ret);

                if (status)
                        return status;
        }
        return 0;
}

int bench_configuration(const struct bench_arguments *arguments, struct config **ret, struct error *err) {
        int status = command_configuration("bench", &arguments->dirs, ret);

        if (status)
                error_set(err, "the benchmark needs a configuration without mistakes");
        return status;
}

void bench_say(const char *fmt, ...) {
        va_list args;

        fputs("bench: ", stderr);
        va_start(args, fmt);
        vfprintf(stderr, fmt, args);
        va_end(args);
        fputc('\n', stderr);
}

int64_t bench_rss_bytes(void) {
        long long pages = 0;
        FILE *f = fopen("/proc/self/statm", "r");

        if (!f)
                return 0;
        if (fscanf(f, "%*d %lld", &pages) != 1)
                pages = 0;
        (void) fclose(f);
        return pages * sysconf(_SC_PAGESIZE);
}
