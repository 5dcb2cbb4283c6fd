/* SPDX-License-Identifier: EUPL-1.2 */

/* Whether a traceparent is well formed. */

#include "connect/trace.h"

/* Offsets in 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01; a later version may bring more behind a hyphen. */
enum { VERSION = 0, TRACE = 3, PARENT = 36, FLAGS = 53, LENGTH = 55, LENGTH_MAX = 128 };

static bool hex(struct text t, size_t from, size_t n, bool *ret_zero) {
        bool zero = true;

        for (size_t i = from; i < from + n; i++) {
                char c = t.s[i];

                if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
                        return false;
                zero = zero && c == '0';
        }
        if (ret_zero)
                *ret_zero = zero;
        return true;
}

bool trace_valid(struct text t) {
        bool no_trace, no_parent;

        if (t.n < LENGTH || t.n > LENGTH_MAX || t.s[TRACE - 1] != '-' || t.s[PARENT - 1] != '-' || t.s[FLAGS - 1] != '-')
                return false;
        if (!hex(t, VERSION, 2, NULL) || !hex(t, TRACE, 32, &no_trace) || !hex(t, PARENT, 16, &no_parent) || !hex(t, FLAGS, 2, NULL))
                return false;
        if (no_trace || no_parent || (t.s[0] == 'f' && t.s[1] == 'f'))
                return false;
        if (t.n == LENGTH)
                return true;
        if ((t.s[0] == '0' && t.s[1] == '0') || t.s[LENGTH] != '-')
                return false;
        for (size_t i = LENGTH; i < t.n; i++) {
                if (t.s[i] <= ' ' || t.s[i] > '~')
                        return false;
        }
        return true;
}
