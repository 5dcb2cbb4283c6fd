/* SPDX-License-Identifier: EUPL-1.2 */

/* The steps of generated cases, as tables. */

#include "bench/load_steps.h"

const struct load_step load_four[FOUR_STEPS] = {
        [FOUR_STARTED] = {"measure-started", "ends_on=* birth_date=*", .share = 100},
        [FOUR_PROTECTOR] = {"protector-assigned", "", .share = 90},
        [FOUR_CONTACT] = {"first-contact-held", "", .share = 90},
        [FOUR_COURSE] = {"course-agreed", "", .share = 85},
        [FOUR_HELP] = {"help-started", "", .share = 70},
        [FOUR_ENDED] = {"measure-ended", "", .share = 70},
};

enum year_step {
        STARTED, PROTECTOR, CONTACT, FAMILY_PLAN, WAIVED, COURSE, REFERRAL, ANSWER, WAITING, HELP, JUDGED, EXPLAINED, CONSULTED, OBSTRUCTED, STEP_ASKED,
        STEP_TAKEN, RESOLVED, CONCERN, TEAM, INCIDENT, MOVED, PRIOR_HELP, INFORMED, OTHER_PROTECTOR, SAFETY_PLAN, PROGRESS, REVIEWED, ADVICE, EXTENDED,
        ENDED, HANDOVER,
};

const struct load_step load_year[] = {
        [STARTED] = {"measure-started", "ends_on=* birth_date=*", false, 100, STARTED, 0, 0, 0, 0, 0},
        [PROTECTOR] = {"protector-assigned", "role=FIXED reason=FIRST", false, 96, STARTED, 0, 6, 14, 8, 45},
        [CONTACT] = {"first-contact-held", "", false, 95, PROTECTOR, 0, 3, 12, 8, 40},
        [FAMILY_PLAN] = {"plan-made", "kind=FAMILY_GROUP", false, 45, PROTECTOR, 8, 42, 15, 45, 90},
        [WAIVED] = {"family-plan-waived", "", false, 10, PROTECTOR, 5, 30, 0, 0, 0},
        [COURSE] = {"course-agreed", "", false, 90, PROTECTOR, 14, 40, 20, 44, 110},
        [REFERRAL] = {"referral-issued", "product=45A04", false, 75, PROTECTOR, 10, 50, 0, 0, 0},
        [ANSWER] = {"referral-answered", "outcome=ALLOCATED reason=NONE", true, 94, REFERRAL, 1, 6, 15, 9, 40},
        [WAITING] = {"help-waitlisted", "referral_id=* reason=QUEUE", false, 35, REFERRAL, 3, 21, 0, 0, 0},
        [HELP] = {"help-started", "referral_id=* route=REGULAR", false, 86, REFERRAL, 10, 60, 30, 75, 200},
        [JUDGED] = {"help-judged", "referral_id=*", false, 65, HELP, 14, 80, 0, 0, 0},
        [EXPLAINED] = {"deviation-explained", "norm=help-started reason=WAITING_LIST", false, 22, WAITING, 40, 95, 0, 0, 0},
        [CONSULTED] = {"consultation-held", "subject=SAFETY with_whom=local-team level=WORKER", false, 35, STARTED, 10, 240, 0, 0, 0},
        [OBSTRUCTED] = {"obstruction-reported", "kind=WAITING_TOO_LONG", false, 14, WAITING, 10, 60, 0, 0, 0},
        [STEP_ASKED] = {"obstruction-step-requested", "step=EXPERT_TEAM", false, 85, OBSTRUCTED, 1, 12, 0, 0, 0},
        [STEP_TAKEN] = {"obstruction-step-taken", "step=EXPERT_TEAM", true, 80, STEP_ASKED, 2, 14, 25, 15, 60},
        [RESOLVED] = {"obstruction-resolved", "", false, 65, STEP_TAKEN, 3, 50, 0, 0, 0},
        [CONCERN] = {"safety-raised", "municipality=*", false, 7, STARTED, 15, 260, 0, 0, 0},
        [TEAM] = {"local-team-involved", "concern_id=*", true, 75, CONCERN, 0, 5, 20, 6, 21},
        [INCIDENT] = {"incident-reported", "kind=VIOLENCE municipality=*", false, 1, STARTED, 5, 300, 0, 0, 0},
        [MOVED] = {"residence-changed", "basis=MOVED", false, 9, STARTED, 20, 300, 0, 0, 0},
        [PRIOR_HELP] = {"prior-help-shared", "", true, 55, STARTED, 1, 10, 25, 11, 35},
        [INFORMED] = {"family-informed", "subject=DATA_SHARED", false, 85, PRIOR_HELP, 1, 9, 20, 11, 25},
        [OTHER_PROTECTOR] = {"protector-assigned", "role=FIXED reason=TURNOVER", false, 17, PROTECTOR, 40, 300, 0, 0, 0},
        [SAFETY_PLAN] = {"plan-made", "kind=SAFETY concern_id=*", false, 60, CONCERN, 1, 20, 0, 0, 0},
        [PROGRESS] = {"progress-reported", "", false, 25, STARTED, 150, 182, 15, 190, 230},
        [REVIEWED] = {"plan-reviewed", "", false, 50, COURSE, 150, 320, 0, 0, 0},
        [ADVICE] = {"advice-given", "to=COUNCIL kind=NON_EXTENSION", false, 20, STARTED, 270, 305, 20, 306, 340},
        [EXTENDED] = {"measure-extended", "", false, 40, STARTED, 330, 364, 0, 0, 0},
        [ENDED] = {"measure-ended", "reason=EXPIRED", false, 45, STARTED, 90, 364, 0, 0, 0},
        [HANDOVER] = {"handover-held", "", false, 75, ENDED, 2, 13, 30, 15, 40},
};
const size_t load_year_n = sizeof(load_year) / sizeof(load_year[0]);

_Static_assert(sizeof(load_year) / sizeof(load_year[0]) <= LOAD_STEPS_MAX, "every step has a place");
