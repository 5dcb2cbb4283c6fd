/* SPDX-License-Identifier: EUPL-1.2 */

/* Showing the personal fields of one case: with a reason, which stands in the audit before anything is shown. */

#include "console/acts/personal.h"

#include "cluster/audit.h"
#include "console/acts/acts.h"
#include "console/pages/case_page.h"

void act_personal(struct exchange *x) {
        const char *reason = acts_reason(x);
        char object[UUID_TEXT + 1];
        struct uuid id;

        if (!case_exists(x, &id)) {
                exchange_not_found(x);
                return;
        }
        if (!reason) {
                acts_refuse_reason(x);
                return;
        }
        uuid_format(&id, object);
        if (exchange_audit(x, AUDIT_VIEW_PERSONAL, object, reason))
                case_answer(x, true);
}
