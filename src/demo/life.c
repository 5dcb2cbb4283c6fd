/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What happens in one generated case. Each stage is a function; shares are in per cent. Never two throws of the
 * dice in one list of arguments or initialisers: compilers differ in which comes first.
 */

#include "demo/life.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define LINE_MAX_BYTES 4096
#define FIELDS_MAX_BYTES 512
#define MINUTE INT64_C(60000)
#define NEVER INT32_MAX
#define INSPECTION "inspectie-normen-2020" /* the protocol of the norms that the lives speak of */

struct id {
        char text[UUID_TEXT + 1];
};

struct referral {
        struct id id;
        char product[8];
        bool contracted;
        day_t issued, allocated; /* NEVER: not answered so */
};

struct life {
        struct dice dice;
        const struct life_sink *sink;
        struct buffer line;
        int r;                     /* sticky: the first failure */
        struct id case_id, measure;
        unsigned number;
        bool story;
        const char *gi, *kind;
        const char *municipality, *next_municipality; /* the second from @moved on */
        day_t verdict, informed, moved, ended;
        struct referral referral;  /* issued NEVER: none */
        day_t helped, closed;      /* help began; its referral was closed */
        struct tape_item last;     /* the event told last, to be posted again … */
        char last_json[LINE_MAX_BYTES]; /* … and its line */
};

struct share {
        const char *name;
        int percent;
};

static const char *life_pick(struct dice *d, const struct share *shares) {
        int roll = dice_between(d, 1, 100);

        while (roll > shares->percent) {
                roll -= shares->percent;
                shares++;
                assert(shares->name); /* they add up to 100 */
        }
        return shares->name;
}

static const struct share gis[] = {{"gi-jbn", 60}, {"gi-wss", 25}, {"gi-ljr", 15}, {0}};
static const struct share municipalities[] = {
        {"gm0014", 34}, {"gm1966", 8}, {"gm1979", 9}, {"gm1952", 10}, {"gm1895", 8}, {"gm0765", 5}, {"gm0037", 7}, {"gm0047", 6}, {"gm1969", 8},
        {"gm1950", 5},  {0},
};
static const struct share kinds[] = {
        {"OTS", 52}, {"VOTS", 9}, {"VOOGDIJ", 12}, {"JR_GEDWONGEN", 14}, {"GBM", 4}, {"VOORLOPIGE_VOOGDIJ", 4}, {"PREVENTIEF", 5}, {0},
};

/* -- Days -- */

static day_t life_working(day_t day) {
        enum weekday weekday = date_weekday(day);

        return weekday >= SATURDAY ? day + 7 - (day_t)weekday : day;
}

/* So many weekdays on; holidays are not known here, and need not be. */
static day_t life_weekdays_on(day_t day, int n) {
        for (day = life_working(day); n > 0; n--)
                day = life_working(day + 1);
        return day;
}

static day_t life_between(struct life *l, day_t day, int least, int most) {
        return life_working(day + dice_between(&l->dice, least, most));
}

static const char *life_responsible(const struct life *l, day_t day) {
        return day >= l->moved ? l->next_municipality : l->municipality;
}

/* -- Telling -- */

static struct id life_new_id(struct life *l) {
        struct uuid uuid = dice_uuid(&l->dice);
        struct id id;

        uuid_format(&uuid, id.text);
        return id;
}

/* "field=word field=word …": true and false are booleans, all else is text. */
static void life_put_fields(struct json_writer *w, char *fields) {
        char *rest = NULL;

        for (char *field = strtok_r(fields, " ", &rest); field; field = strtok_r(NULL, " ", &rest)) {
                char *value = strchr(field, '=');

                assert(value);
                *value++ = '\0';
                if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
                        jsonw_put_bool(w, field, *value == 't');
                else
                        jsonw_put_string(w, field, value);
        }
}

/* Hands on what stands in l->line. */
static void life_hand_on(struct life *l, instant_t at, const char *source, const char *event) {
        struct tape_item item = {.at = at, .source = source, .event = event, .json = {buffer_text(&l->line), l->line.n}};

        if (l->line.failed || l->line.n >= sizeof(l->last_json)) {
                l->r = -ENOMEM;
                return;
        }
        if (!uuid_parse(l->case_id.text, UUID_TEXT, &item.case_id))
                assert(!"an id of our own");
        l->r = l->sink->add(l->sink->ctx, &item);
        l->last = item;
        memcpy(l->last_json, item.json.s, item.json.n);
        l->last.json.s = l->last_json;
}

/*
 * @source writes down what happened on a day, within two hours; the fields behind the envelope as in put_fields(). Nothing
 * is told of a measure that has ended. Returns the event's id.
 */
static struct id life_say(struct life *l, day_t day, const char *source, const char *event, const char *fmt, ...) PRINTF_LIKE(5, 6);
static struct id life_say(struct life *l, day_t day, const char *source, const char *event, const char *fmt, ...) {
        struct json_writer w = JSON_WRITER(&l->line);
        instant_t occurred = date_begin(day) + dice_between(&l->dice, 9 * 60, 14 * 60) * MINUTE;
        instant_t recorded = occurred + dice_between(&l->dice, 2, 110) * MINUTE;
        struct id id = life_new_id(l);
        char fields[FIELDS_MAX_BYTES];
        va_list args;
        int n;

        if (l->r || day > l->ended)
                return id;
        va_start(args, fmt);
        n = vsnprintf(fields, sizeof(fields), fmt, args);
        va_end(args);
        assert(n >= 0 && (size_t)n < sizeof(fields));
        buffer_clear(&l->line);
        jsonw_open_object(&w);
        jsonw_put_string(&w, "event", event);
        jsonw_put_string(&w, "event_id", id.text);
        jsonw_put_string(&w, "case_id", l->case_id.text);
        jsonw_put_string(&w, "source", source);
        instant_put(&w, "occurred_at", occurred);
        instant_put(&w, "recorded_at", recorded);
        life_put_fields(&w, fields);
        jsonw_close_object(&w);
        life_hand_on(l, recorded, source, event);
        return id;
}

/* A date as a field; room for the few of one event. */
struct dated {
        char text[DATE_TEXT + 1];
};
static struct dated life_dated(day_t day) {
        struct dated d;

        date_format(day, d.text);
        return d;
}
#define DATE(day) life_dated(day).text

/* The connector is not sure and posts the last event again, hours later: it counts once. */
static void life_post_again(struct life *l) {
        struct tape_item again = l->last;

        if (l->r || !again.source)
                return;
        again.at += dice_between(&l->dice, 150, 400) * MINUTE;
        l->r = l->sink->add(l->sink->ctx, &again);
}

/* -- The stages -- */

static void life_begin(struct life *l) {
        bool bounded = strcmp(l->kind, "VOOGDIJ") != 0;
        int months = strcmp(l->kind, "VOTS") == 0 || strcmp(l->kind, "VOORLOPIGE_VOOGDIJ") == 0 ? 3 : 12;
        char ends[40] = "";
        day_t birth = l->verdict - dice_between(&l->dice, 300, 17 * 365);

        if (bounded)
                (void) snprintf(ends, sizeof(ends), " ends_on=%s", DATE(l->verdict + months * 61 / 2));
        (void) life_say(l, l->informed, l->gi, "measure-started",
                        "measure_id=%s kind=%s verdict_date=%s informed_date=%s%s gi=%s municipality=%s birth_date=%s reference=Z-2022-%05u", l->measure.text,
                        l->kind, DATE(l->verdict), DATE(l->informed), ends, l->gi, l->municipality, DATE(birth), l->number + 1);
        if (dice_chance(&l->dice, 3))
                life_post_again(l);
}

static struct id life_assign(struct life *l, day_t day, const char *role, bool working_with_family, const char *reason) {
        return life_say(l, day, l->gi, "protector-assigned", "measure_id=%s date=%s worker=w-%d role=%s working_with_family=%s reason=%s",
                        l->measure.text, DATE(day), dice_between(&l->dice, 1000, 1999), role, working_with_family ? "true" : "false", reason);
}

/* Somebody takes up the alert of a norm: this holds back the rungs above. */
static void life_acknowledge(struct life *l, day_t day, const char *norm, const char *organisation) {
        char name[256];
        struct uuid alert;
        struct id id;
        int n = snprintf(name, sizeof(name), "%s|%s|%s|%s|1|%s", l->case_id.text, INSPECTION, norm, l->measure.text, organisation);

        assert(n > 0 && (size_t)n < sizeof(name));
        alert = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);
        uuid_format(&alert, id.text);
        (void) life_say(l, day, organisation, "alert-acknowledged", "alert_id=%s by=team-%d", id.text, dice_between(&l->dice, 1, 9));
}

static void life_withdraw(struct life *l, day_t day, struct id wrong, const char *reason) {
        (void) life_say(l, day, l->gi, "event-withdrawn", "withdrawn=%s reason=%s", wrong.text, reason);
}

static void life_protector(struct life *l) {
        static const struct share ways[] = {{"in-time", 70}, {"desk", 8}, {"ccp", 8}, {"late", 11}, {"wrong-day", 3}, {0}};
        const char *way = l->story ? "desk" : life_pick(&l->dice, ways);
        day_t late = life_weekdays_on(l->informed, l->story ? 14 : dice_between(&l->dice, 7, 24));
        struct id first;

        if (strcmp(way, "in-time") == 0) {
                (void) life_assign(l, life_weekdays_on(l->informed, dice_between(&l->dice, 1, 4)), "FIXED", true, "FIRST");
        } else if (strcmp(way, "desk") == 0) {
                (void) life_assign(l, life_weekdays_on(l->informed, 2), "DUTY_DESK", false, "FIRST");
                if (l->story || dice_chance(&l->dice, 40))
                        life_acknowledge(l, life_weekdays_on(l->informed, 8), "protector-assigned", l->municipality);
                (void) life_assign(l, late, "FIXED", true, "PLANNED");
        } else if (strcmp(way, "ccp") == 0) {
                (void) life_assign(l, life_weekdays_on(l->informed, 3), "CCP", dice_chance(&l->dice, 70), "FIRST");
                (void) life_assign(l, life_weekdays_on(l->informed, dice_between(&l->dice, 9, 30)), "FIXED", true, "PLANNED");
        } else if (strcmp(way, "late") == 0) {
                if (dice_chance(&l->dice, 40))
                        life_acknowledge(l, life_weekdays_on(l->informed, 7), "protector-assigned", l->municipality);
                (void) life_assign(l, late, "FIXED", true, "FIRST");
        } else { /* written down for the wrong case: withdrawn, and the term that had ended well is open again */
                first = life_assign(l, life_weekdays_on(l->informed, 2), "FIXED", true, "FIRST");
                life_withdraw(l, life_weekdays_on(l->informed, 9), first, "WRONG_CASE");
                (void) life_assign(l, life_weekdays_on(l->informed, 12), "FIXED", true, "FIRST");
        }
        if (dice_chance(&l->dice, 12)) { /* the worker falls ill or leaves */
                day_t day = life_between(l, l->informed, 60, 200);

                (void) life_assign(l, day, "FIXED", true, dice_chance(&l->dice, 50) ? "ILLNESS" : "TURNOVER");
        }
}

static void life_first_contact(struct life *l) {
        day_t day = life_weekdays_on(l->informed, dice_chance(&l->dice, 78) && !l->story ? dice_between(&l->dice, 1, 4) : dice_between(&l->dice, 6, 15));

        if (dice_chance(&l->dice, 12)) { /* only the child, or only a parent: the law asks for both */
                bool child = dice_chance(&l->dice, 50);

                (void) life_say(l, day, l->gi, "first-contact-held", "measure_id=%s date=%s worker=w-%d with_child=%s with_parent=%s", l->measure.text,
                                DATE(day), dice_between(&l->dice, 1000, 1999), child ? "true" : "false", child ? "false" : "true");
                day = life_weekdays_on(day, dice_between(&l->dice, 1, 6));
        }
        (void) life_say(l, day, l->gi, "first-contact-held", "measure_id=%s date=%s worker=w-%d with_child=true with_parent=true", l->measure.text, DATE(day),
                        dice_between(&l->dice, 1000, 1999));
}

static void life_agree_course(struct life *l, day_t day, bool carried) {
        (void) life_say(l, day, l->gi, "course-agreed", "measure_id=%s date=%s goals=true help=true with_family=%s with_network=%s with_professionals=true",
                        l->measure.text, DATE(day), carried ? "true" : "false", carried ? "true" : "false");
}

static void life_explain_deviation(struct life *l, day_t day, const char *norm, const char *reason) {
        (void) life_say(l, day, l->gi, "deviation-explained", "norm=%s instance=%s date=%s reason=%s parents_agree=true youth_agree=true", norm,
                        l->measure.text, DATE(day), reason);
}

static void life_course(struct life *l) {
        static const struct share ways[] = {{"in-time", 66}, {"late", 18}, {"explained", 9}, {"never", 7}, {0}};
        static const struct share plans[] = {{"RISK_ANALYSIS", 40}, {"SAFETY", 35}, {"FAMILY_GROUP", 25}, {0}};
        const char *way = l->story ? "in-time" : life_pick(&l->dice, ways);
        bool waived = dice_chance(&l->dice, 14);
        day_t day;

        if (dice_chance(&l->dice, 60)) {
                const char *plan = life_pick(&l->dice, plans), *network = dice_chance(&l->dice, 60) ? "true" : "false";

                day = life_between(l, l->informed, 10, 28);
                (void) life_say(l, day, l->gi, "plan-made",
                                "measure_id=%s date=%s kind=%s with_family=true with_network=%s with_professionals=true with_local_team=%s roles_named=true",
                                l->measure.text, DATE(day), plan, network, dice_chance(&l->dice, 50) ? "true" : "false");
        }
        if (waived) {
                day = life_between(l, l->informed, 6, 20);
                (void) life_say(l, day, l->gi, "family-plan-waived", "measure_id=%s date=%s reason=PARENTS_DECLINE", l->measure.text, DATE(day));
        }
        if (strcmp(way, "in-time") == 0) {
                day = life_between(l, l->informed, 20, 38);
                life_agree_course(l, day, dice_chance(&l->dice, 85));
        } else if (strcmp(way, "late") == 0) {
                day = life_between(l, l->informed, 45, 80);
                life_agree_course(l, day, dice_chance(&l->dice, 70));
        } else if (strcmp(way, "explained") == 0) {
                day = life_between(l, l->informed, 35, 50);
                life_explain_deviation(l, day, "course-set", dice_chance(&l->dice, 50) ? "FAMILY_CONFLICT" : "CIRCUMSTANCES");
                life_agree_course(l, life_between(l, l->informed, 60, 90), true);
        }
}

/* -- Help -- */

static void life_answer(struct life *l, struct referral *r, day_t day, const char *who, const char *outcome, const char *reason) {
        (void) life_say(l, day, who, "referral-answered", "referral_id=%s date=%s outcome=%s reason=%s reference=B-%d", r->id.text, DATE(day), outcome, reason,
                        dice_between(&l->dice, 10000, 99999));
        if (strcmp(outcome, "ALLOCATED") == 0)
                r->allocated = day;
}

static void life_answer_elsewhere(struct life *l, struct referral *r) {
        const char *here = life_responsible(l, r->issued), *there = here;
        day_t day = life_weekdays_on(r->issued, dice_between(&l->dice, 2, 4));

        while (strcmp(there, here) == 0)
                there = life_pick(&l->dice, municipalities);
        (void) life_say(l, day, here, "referral-answered", "referral_id=%s date=%s outcome=REJECTED reason=RESIDENCE responsible_municipality=%s", r->id.text,
                        DATE(day), there);
        life_answer(l, r, life_between(l, day, 6, 24), there, "ALLOCATED", "NONE");
}

/* The GI and the municipality talk about it: at the start of care that is not contracted, or while a child waits. */
static void life_consult(struct life *l, const struct referral *r, day_t day, const char *subject) {
        (void) life_say(l, day, l->gi, "consultation-held", "subject=%s measure_id=%s referral_id=%s date=%s with_whom=%s level=WORKER agreed=true", subject,
                        l->measure.text, r->id.text, DATE(day), life_responsible(l, day));
}

static void life_consult_on_form(struct life *l, const struct referral *r, const char *form) {
        static const char *const subjects[][2] = {
                {"CUSTOM", "CUSTOM_CARE"}, {"STACKED", "STACKED_CARE"}, {"PERSONAL_BUDGET", "PERSONAL_BUDGET"}, {"UNCONTRACTED", "UNCONTRACTED_CARE"}};

        for (size_t i = 0; i < ELEMENTS(subjects); i++) {
                if (strcmp(form, subjects[i][0]) != 0)
                        continue;
                if (dice_chance(&l->dice, 75))
                        life_consult(l, r, r->issued, subjects[i][1]);
                else if (dice_chance(&l->dice, 60))
                        life_consult(l, r, life_weekdays_on(r->issued, dice_between(&l->dice, 2, 9)), subjects[i][1]);
        }
}

static struct referral life_refer(struct life *l) {
        static const struct share forms[] = {{"CONTRACTED", 74}, {"CUSTOM", 16}, {"STACKED", 4}, {"PERSONAL_BUDGET", 4}, {"UNCONTRACTED", 2}, {0}};
        static const struct share ways[] = {{"in-time", 76}, {"late", 9}, {"investigated", 6}, {"elsewhere", 6}, {"never", 3}, {0}};
        struct referral r = {.id = life_new_id(l), .allocated = NEVER};
        const char *form = l->story ? "CONTRACTED" : life_pick(&l->dice, forms), *way = l->story ? "in-time" : life_pick(&l->dice, ways), *who;
        int product = dice_between(&l->dice, 40, 54), code;
        day_t day;

        r.contracted = strcmp(form, "CONTRACTED") == 0;
        r.issued = life_between(l, l->informed, 14, 45);
        who = life_responsible(l, r.issued);
        code = dice_between(&l->dice, 1, 20);
        (void) snprintf(r.product, sizeof(r.product), "%dA%02d", product, code);
        (void) life_say(l, r.issued, l->gi, "referral-issued", "referral_id=%s measure_id=%s date=%s product=%s form=%s", r.id.text, l->measure.text,
                        DATE(r.issued), r.product, form);
        if (dice_chance(&l->dice, 3))
                life_post_again(l);
        life_consult_on_form(l, &r, form);
        if (strcmp(way, "in-time") == 0) {
                life_answer(l, &r, life_weekdays_on(r.issued, dice_between(&l->dice, 1, 4)), who, "ALLOCATED", "NONE");
        } else if (strcmp(way, "late") == 0) {
                life_answer(l, &r, life_weekdays_on(r.issued, dice_between(&l->dice, 7, 20)), who, "ALLOCATED", "NONE");
        } else if (strcmp(way, "investigated") == 0) {
                day = life_weekdays_on(r.issued, 3);
                life_answer(l, &r, day, who, "UNDER_INVESTIGATION", "RESIDENCE");
                life_answer(l, &r, life_between(l, day, 7, 20), who, "ALLOCATED", "NONE");
        } else if (strcmp(way, "elsewhere") == 0) {
                life_answer_elsewhere(l, &r);
        }
        if (strcmp(form, "CUSTOM") == 0 && r.allocated != NEVER) {
                bool approved = dice_chance(&l->dice, 70);

                day = life_weekdays_on(r.allocated, dice_between(&l->dice, 1, 8));
                (void) life_say(l, day, life_responsible(l, day), "care-decided", "referral_id=%s measure_id=%s date=%s decision=%s budget_holder=NONE",
                                r.id.text, l->measure.text, DATE(day), approved ? "APPROVED" : "REFUSED");
                if (!approved)
                        r.allocated = day + 14;
        }
        return r;
}

static void life_obstruct(struct life *l, const struct referral *r, day_t day) {
        struct id id = life_new_id(l);
        bool content = dice_chance(&l->dice, 60), agreed = dice_chance(&l->dice, 50);
        day_t step = life_weekdays_on(day, dice_chance(&l->dice, 70) ? dice_between(&l->dice, 2, 4) : dice_between(&l->dice, 7, 12));

        (void) life_say(l, day, l->gi, "obstruction-reported", "obstruction_id=%s measure_id=%s referral_id=%s date=%s kind=WAITING_TOO_LONG care_content=%s",
                        id.text, l->measure.text, r->id.text, DATE(day), content ? "true" : "false");
        (void) life_say(l, step, l->gi, "obstruction-step-taken", "obstruction_id=%s date=%s step=MANAGEMENT agreed=%s", id.text, DATE(step),
                        agreed ? "true" : "false");
        if (!agreed) {
                step = life_weekdays_on(step, dice_between(&l->dice, 4, 14));
                (void) life_say(l, step, "expertteam-groningen", "obstruction-step-taken", "obstruction_id=%s date=%s step=EXPERT_TEAM agreed=true", id.text,
                                DATE(step));
        }
        step = life_between(l, step, 5, 25);
        (void) life_say(l, step, l->gi, "obstruction-resolved", "obstruction_id=%s date=%s help_found=true", id.text, DATE(step));
}

static void life_help(struct life *l) {
        struct referral r = l->referral = life_refer(l);
        bool waits = dice_chance(&l->dice, 36), breakthrough = dice_chance(&l->dice, 6);
        day_t day, start = life_between(l, l->verdict, 40, 86);

        if (waits) {
                day = life_between(l, r.issued, 8, 20);
                start = life_between(l, l->verdict, 80, 150);
                (void) life_say(l, day, l->gi, "help-waitlisted", "measure_id=%s referral_id=%s date=%s reason=%s expected_on=%s", l->measure.text, r.id.text,
                                DATE(day), dice_chance(&l->dice, 60) ? "QUEUE" : "NO_OFFER", DATE(start));
                if (dice_chance(&l->dice, 55))
                        life_consult(l, &r, life_weekdays_on(day, dice_between(&l->dice, 3, 14)), "CUSTOM_CARE");
                if (dice_chance(&l->dice, 35))
                        life_obstruct(l, &r, life_between(l, day, 20, 45));
        }
        if (!l->story && dice_chance(&l->dice, 9)) { /* all agree to wait with help, or it never comes */
                if (dice_chance(&l->dice, 60))
                        life_explain_deviation(l, life_between(l, l->verdict, 60, 95), "help-started", "JOINT_NO_HELP");
                return;
        }
        l->helped = start;
        (void) life_say(l, start, l->gi, "help-started", "measure_id=%s referral_id=%s date=%s route=%s", l->measure.text, r.id.text, DATE(start),
                        breakthrough ? "BREAKTHROUGH" : "REGULAR");
        if (dice_chance(&l->dice, 70)) {
                bool fits = dice_chance(&l->dice, 80);

                day = life_between(l, start, 1, 30);
                (void) life_say(l, day, l->gi, "help-judged", "measure_id=%s referral_id=%s date=%s fits_professional=%s fits_family=%s matches_plan=%s",
                    l->measure.text,
                            r.id.text, DATE(day), fits ? "true" : "false", dice_chance(&l->dice, 75) ? "true" : "false", fits ? "true" : "false");
        }
        if (dice_chance(&l->dice, 30)) {
                day = l->closed = life_between(l, start, 80, 200);
                (void) life_say(l, day, l->gi, "referral-closed", "referral_id=%s measure_id=%s date=%s reason=HELP_ENDED", r.id.text, l->measure.text,
                                DATE(day));
        }
}

/* -- What happens beside it -- */

static void life_move(struct life *l) {
        day_t day;

        if (l->moved == NEVER)
                return;
        day = life_between(l, l->moved, 0, 14);
        (void) life_say(l, day, dice_chance(&l->dice, 60) ? l->gi : l->next_municipality, "residence-changed",
                        "municipality=%s valid_from=%s basis=MOVED", l->next_municipality, DATE(l->moved));
}

static void life_incident(struct life *l) {
        static const struct share incidents[] = {{"CALAMITY", 20}, {"VIOLENCE", 30}, {"PUBLICITY_FEARED", 30}, {"PUBLICITY", 20}, {0}};
        struct id id = life_new_id(l);
        day_t day = life_between(l, l->informed, 30, 250), contact = dice_chance(&l->dice, 70) ? day : life_weekdays_on(day, 1);

        if (l->story || !dice_chance(&l->dice, 6))
                return;
        (void) life_say(l, day, l->gi, "incident-reported", "incident_id=%s date=%s kind=%s", id.text, DATE(day), life_pick(&l->dice, incidents));
        (void) life_say(l, contact, l->gi, "consultation-held",
                        "subject=INCIDENT measure_id=%s incident_id=%s date=%s with_whom=%s level=%s agreed=true", l->measure.text, id.text, DATE(contact),
                        life_responsible(l, contact), dice_chance(&l->dice, 30) ? "BOARD" : "MANAGEMENT");
}

static void life_advise(struct life *l) {
        day_t day = life_between(l, l->informed, 120, 300);

        if (dice_chance(&l->dice, 15))
                (void) life_say(l, day, l->gi, "advice-given", "measure_id=%s date=%s to=COUNCIL kind=%s", l->measure.text, DATE(day),
                                dice_chance(&l->dice, 60) ? "EXTENSION" : "NON_EXTENSION");
}

/* The municipality says which help there was before, and the family hears that it did. */
static void life_share(struct life *l) {
        day_t day = life_weekdays_on(l->informed, dice_chance(&l->dice, 75) ? dice_between(&l->dice, 2, 9) : dice_between(&l->dice, 12, 25));

        if (!l->story && dice_chance(&l->dice, 15))
                return;
        (void) life_say(l, day, life_responsible(l, day), "prior-help-shared", "measure_id=%s date=%s", l->measure.text, DATE(day));
        if (dice_chance(&l->dice, 15))
                return;
        day = life_weekdays_on(day, dice_chance(&l->dice, 80) ? dice_between(&l->dice, 1, 8) : dice_between(&l->dice, 11, 20));
        (void) life_say(l, day, l->gi, "family-informed", "measure_id=%s date=%s subject=DATA_SHARED", l->measure.text, DATE(day));
}

static void life_end(struct life *l) {
        day_t day = l->ended;
        const char *team;

        if (day == NEVER)
                return;
        (void) life_say(l, day, l->gi, "measure-ended", "measure_id=%s date=%s reason=%s", l->measure.text, DATE(day),
                        dice_chance(&l->dice, 60) ? "EXPIRED" : "ENDED_EARLY");
        l->ended = NEVER;
        team = life_responsible(l, day);
        if (dice_chance(&l->dice, 75)) {
                const char *who = dice_chance(&l->dice, 80) ? l->gi : team, *receiver = dice_chance(&l->dice, 50) ? "true" : "false";

                day = life_between(l, day, 3, dice_chance(&l->dice, 70) ? 13 : 30);
                (void) life_say(l, day, who, "handover-held",
                                "measure_id=%s date=%s with_local_team=true with_receiver=%s with_family=true results=true risks=true relapse=%s network=true",
                                l->measure.text, DATE(day), receiver, dice_chance(&l->dice, 60) ? "true" : "false");
        }
}

/* -- What others of the chain say -- */

#define OTHERS_SEED UINT64_C(0x6f7468657273) /* they have dice of their own */
#define PROVIDER "aanbieder-voorbeeld"
#define COUNCIL "rvdk"

/* The council passes the verdict of a measure of child protection on. */
static void life_verdict(struct life *l) {
        static const char *const protection[] = {"OTS", "VOTS", "VOOGDIJ", "VOORLOPIGE_VOOGDIJ"};
        struct id decision = life_new_id(l);
        bool told = dice_chance(&l->dice, 60);

        for (size_t i = 0; i < ELEMENTS(protection); i++) {
                if (strcmp(l->kind, protection[i]) == 0 && (told || l->story))
                        (void) life_say(l, l->verdict, COUNCIL, "court-decided", "decision_id=%s date=%s kind=%s imposed=true gi=%s municipality=%s",
                                        decision.text, DATE(l->verdict), l->kind, l->gi, l->municipality);
        }
}

/* The provider asks the municipality for the allocation, and says when its help ended. */
static void life_provide(struct life *l) {
        static const struct share reasons[] = {{"AS_PLANNED", 62}, {"CLIENT", 12}, {"AGREED", 14}, {"PROVIDER", 5}, {"OTHER_PROVIDER", 7}, {0}};
        struct id request = life_new_id(l);
        bool asked = dice_chance(&l->dice, 55), told = dice_chance(&l->dice, 60), temporary = dice_chance(&l->dice, 4);
        const char *reason = l->story ? "AS_PLANNED" : life_pick(&l->dice, reasons);
        day_t asks = life_weekdays_on(l->referral.issued, dice_between(&l->dice, 0, 1)), starts = l->helped == NEVER ? asks + 28 : l->helped;
        day_t ends = l->closed == NEVER ? life_between(l, starts, 70, 190) : l->closed;

        if (l->referral.contracted && (asked || l->story))
                (void) life_say(l, asks, PROVIDER, "allocation-requested",
                                "request_id=%s referral_id=%s measure_id=%s date=%s product=%s provider=" PROVIDER " municipality=%s starts_on=%s kind=REQUEST",
                                request.text, l->referral.id.text, l->measure.text, DATE(asks), l->referral.product, life_responsible(l, asks), DATE(starts));
        if (l->helped != NEVER && (told || l->story))
                (void) life_say(l, ends, PROVIDER, "help-ended", "measure_id=%s referral_id=%s date=%s provider=" PROVIDER " reason=%s temporary=%s",
                                l->measure.text, l->referral.id.text, DATE(ends), reason, temporary && !l->story ? "true" : "false");
}

/* -- A life -- */

static void life_be_born(struct life *l) {
        struct dice *d = &l->dice;
        day_t first;

        (void) date_parse(text_of(YEAR_FIRST), &first);
        l->case_id = life_new_id(l);
        l->measure = life_new_id(l);
        l->gi = l->story ? "gi-jbn" : life_pick(d, gis);
        l->kind = l->story ? "OTS" : life_pick(d, kinds);
        l->municipality = l->story ? "gm0014" : life_pick(d, municipalities);
        l->next_municipality = l->municipality;
        l->informed = l->story ? first + 35 : life_working(first + dice_between(d, 0, 330));
        l->verdict = l->informed - (dice_chance(d, 85) ? dice_between(d, 0, 6) : dice_between(d, 10, 25));
        l->moved = l->ended = l->helped = l->closed = l->referral.issued = NEVER;
        if (!l->story && dice_chance(d, 9)) {
                l->moved = l->informed + dice_between(d, 20, 200);
                while (l->next_municipality == l->municipality)
                        l->next_municipality = life_pick(d, municipalities);
        }
        if (strcmp(l->kind, "VOTS") == 0 && dice_chance(d, 60))
                l->ended = life_working(l->verdict + 91);
        else if (!l->story && dice_chance(d, 10))
                l->ended = life_between(l, l->informed, 100, 300);
}

struct uuid life_case(uint64_t seed, unsigned number) {
        struct dice dice = dice_of(seed, number);

        return dice_uuid(&dice); /* the first that be_born() draws */
}

int life_tell(uint64_t seed, unsigned number, const struct life_sink *sink) {
        struct life l = {.dice = dice_of(seed, number), .sink = sink, .line = BUFFER_INIT(LINE_MAX_BYTES), .number = number, .story = number == 0};

        day_t ended;

        life_be_born(&l);
        ended = l.ended;
        life_begin(&l);
        life_protector(&l);
        life_first_contact(&l);
        life_course(&l);
        if (strcmp(l.kind, "PREVENTIEF") != 0)
                life_help(&l);
        life_move(&l);
        life_incident(&l);
        life_advise(&l);
        life_share(&l);
        life_end(&l);
        l.dice = dice_of(seed ^ OTHERS_SEED, number);
        l.ended = ended;
        life_verdict(&l);
        if (l.referral.issued != NEVER)
                life_provide(&l);
        buffer_done(&l.line);
        return l.r;
}
