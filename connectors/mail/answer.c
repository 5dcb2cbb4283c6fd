/* SPDX-License-Identifier: EUPL-1.2 */

/* Decides by the reply and the step at which it came, not by what the library made of it. */

#include "connectors/mail/answer.h"

#include <stdio.h>

const char *const smtp_step_names[SMTP_STEPS] = {"connecting", "TLS", "login", "MAIL", "RCPT", "DATA"};
const char *const smtp_meaning_names[SMTP_MEANINGS] = {"taken", "refused", "put-off", "cut-off", "paused", "wrong"};

#define SMTP_STATUS_CLOSING 421
#define SMTP_STATUS_GO_ON 354
#define SMTP_STATUS_TOO_LARGE 552

static bool smtp_is_about_login(int status) {
        return status == 530 || status == 534 || status == 535 || status == 538;
}

enum smtp_meaning smtp_judge(const struct smtp_answer *answer) {
        int kind = answer->status / 100;

        if (answer->ended)
                return SMTP_TAKEN;
        if (answer->status == SMTP_STATUS_CLOSING)
                return SMTP_PAUSED;
        if (answer->step < SMTP_MAIL || smtp_is_about_login(answer->status))
                return SMTP_WRONG;
        if (kind == 4)
                return SMTP_PUT_OFF;
        if (kind == 5)
                return answer->step == SMTP_MAIL && answer->status != SMTP_STATUS_TOO_LARGE ? SMTP_WRONG : SMTP_REFUSED;
        if (answer->step == SMTP_DATA && kind == 2)
                return SMTP_TAKEN; /* DATA itself is answered with 354 */
        return answer->step == SMTP_DATA && answer->status == SMTP_STATUS_GO_ON ? SMTP_PUT_OFF : SMTP_CUT_OFF;
}

void smtp_answer_print(const struct smtp_answer *answer, char ret[TRIED_REASON_MAX]) {
        const char *step = smtp_step_names[answer->step];

        if (answer->ended)
                (void) snprintf(ret, TRIED_REASON_MAX, "the mail server took it");
        else if (answer->step == SMTP_DATA && answer->status == SMTP_STATUS_GO_ON)
                (void) snprintf(ret, TRIED_REASON_MAX, "the mail server did not say whether it took it: %s", answer->reason);
        else if (answer->status >= 400)
                (void) snprintf(ret, TRIED_REASON_MAX, "the mail server answered %d at %s", answer->status, step);
        else
                (void) snprintf(ret, TRIED_REASON_MAX, "the mail server gave no good answer at %s: %s", step, answer->reason);
}
