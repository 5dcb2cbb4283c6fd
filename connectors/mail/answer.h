/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a mail server's answer means for a mail to one recipient
 *
 *   421, at any step                       a pause for everything
 *   before MAIL: whatever                  connection, TLS or login are wrong, not the mail: a pause for everything that grows, and no try is counted
 *   530 534 535 538                        so is a login that is asked for or refused later
 *   4xx                                    put off: this mail not before a minute
 *   552 at MAIL, 5xx at RCPT and DATA      refused
 *   other 5xx at MAIL                      the sender is wrong, not the mail: as before MAIL
 *   2xx behind DATA                        taken
 *   354 and then nothing                   nobody knows: the same mail again, by its Message-ID a repetition
 */

#include <stdbool.h>

#include "connect/connector.h"

/* How far a mail had come when the answer was given. */
enum smtp_step { SMTP_CONNECT, SMTP_TLS, SMTP_LOGIN, SMTP_MAIL, SMTP_RCPT, SMTP_DATA, SMTP_STEPS };
extern const char *const smtp_step_names[SMTP_STEPS]; /* "connecting", "TLS" … as they stand in a sentence */

struct smtp_answer {
        enum smtp_step step;
        int status;         /* the last reply, 0: none came */
        bool ended;         /* the conversation went as it should */
        const char *reason; /* when it did not: in the words of the library, without addresses */
};

enum smtp_meaning {
        SMTP_TAKEN,
        SMTP_REFUSED,
        SMTP_PUT_OFF,    /* 4xx, or nobody knows */
        SMTP_CUT_OFF,    /* no answer, in the middle of a mail */
        SMTP_PAUSED,     /* 421 */
        SMTP_WRONG,      /* what an operator mends */
        SMTP_MEANINGS,
};
extern const char *const smtp_meaning_names[SMTP_MEANINGS]; /* for a metric: "taken" … */

/* What follows from it, by the table above. */
enum smtp_meaning smtp_judge(const struct smtp_answer *answer);

/* One sentence on it, of TRIED_REASON_MAX bytes at most: "the mail server answered 550 at RCPT". */
void smtp_answer_print(const struct smtp_answer *answer, char ret[TRIED_REASON_MAX]);
