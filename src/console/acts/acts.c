/* SPDX-License-Identifier: EUPL-1.2 */

/* What all acts ask for. */

#include "console/acts/acts.h"

#include <string.h>

#include "base/utf8.h"

const char *acts_reason(const struct exchange *x) {
        const char *reason = web_form(x->request, "reason");
        size_t n = reason ? strlen(reason) : 0;

        if (n == 0 || n > ACTS_REASON_MAX || strspn(reason, " \t") == n || !utf8_valid(reason, n))
                return NULL;
        for (size_t i = 0; i < n; i++) {
                if ((unsigned char)reason[i] < ' ')
                        return NULL;
        }
        return reason;
}

void acts_put_reason(const struct exchange *x, struct html *h, const char *label) {
        part_field_required(h, "reason", label ? label : SAY(x, "Why? One sentence, without personal data", "Waarom? E\xc3\xa9n zin, zonder persoonsgegevens"),
                            NULL, ACTS_REASON_MAX);
}

void acts_refuse_reason(struct exchange *x) {
        exchange_problem(x, 400, SAY(x, "Say why, in one sentence without personal data, of 300 bytes at most: it stands in the audit.",
                                     "Zeg waarom, in \xc3\xa9\xc3\xa9n zin zonder persoonsgegevens, van ten hoogste 300 bytes: het staat in het logboek."));
}
