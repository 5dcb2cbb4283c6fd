/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the language of protocols, whole: every key compiles to what the engine reads, and every mistake is told
 * with its place, what was expected and the nearest known word. Method: tables of small files beside one good one,
 * with the project's own schemas and the organisations of the examples.
 */

#include <errno.h>

#include "model/protocols.h"
#include "model_fixture.h"

#define ARENA_MAX ((size_t)16 << 20)

static struct organisations *orgs;
static struct event_types *types;
static struct arena *arena;

static void setup(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        char path[SCRATCH_PATH];

        ck_assert_int_eq(arena_new(&arena, ARENA_MAX), 0);
        ck_assert_int_eq(organisations_read(project_path("tests/stories/examples/config/organisations.yaml", path), &orgs, &mistakes), 0);
        ck_assert_int_eq(event_types_read(project_path("schemas", path), &types, &mistakes), 0);
        mistakes_done(&mistakes);
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
}

/* Lines 1 to 3; then lines 4 to 6 of a norm that lacks everything else. */
#define KINDS_OF_MEASURE \
        "; it can be OTS, VOTS, VOOGDIJ, VOORLOPIGE_VOOGDIJ, TIJDELIJKE_VOOGDIJ, PREVENTIEF, JR_GEDWONGEN, JR_VRIJWILLIG, ITB_HARDE_KERN, ITB_CRIEM, " \
        "STP, GBM, GBM_VOORBEREIDING"
#define HEAD "protocol: p\nregion: gooi-en-vechtstreek\nvalid: {from: 2022-01-01}\n"
#define NORM HEAD "norms:\n  - norm: n\n    basis: {kind: vision, ref: x}\n"
#define S "    starts: measure-started.informed_date\n"
#define P "    starts: protocol\n"
#define T "    term: 5 days\n"
#define M "    met_by: [course-agreed]\n"
#define GOOD "norms:\n  - norm: n\n    basis: {kind: vision, ref: x}\n" S T M

static const struct {
        const char *text, *mistake;
} mistake_rows[] = {
        /* the file */
        {"- a\n", "1:1: a protocol must be a mapping of keys to values, not a list"},
        {"protocol: q\nregion: any\nvalid: {from: 2022-01-01}\n" GOOD, "1:11: the file is called p.yaml, so the protocol is called p, not 'q'"},
        {"region: any\nvalid: {from: 2022-01-01}\n" GOOD, "1:1: a protocol lacks the key 'protocol'"},
        {"protocol: p\nvalid: {from: 2022-01-01}\n" GOOD, "1:1: a protocol lacks the key 'region'"},
        {"protocol: p\nregion: any\n" GOOD, "1:1: a protocol lacks the key 'valid'"},
        {"protocol: p\nregion: any\nvalid: {until: 2022-01-01}\n" GOOD, "3:8: valid lacks the key 'from'"},
        {"protocol: p\nregion: any\nvalid: {from: 2022-01-01, untill: 2023-01-01}\n" GOOD, "3:27: valid has no key 'untill' (did you mean 'until'?)"},
        {"protocol: p\nregion: any\nvalid: {from: 2022-01-01, until: 2021-12-31}\n" GOOD, "3:34: until of valid lies before from"},
        {"protocol: p\nregion: any\nvalid: {from: 01-01-2022}\n" GOOD, "3:15: from '01-01-2022' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {"protocol: p\nregion: ijmont\nvalid: {from: 2022-01-01}\n" GOOD, "2:9: no region is called 'ijmont' (did you mean 'ijmond'?); it can be "
         "noord-holland, ijmond, gooi-en-vechtstreek, amstelland, any"},
        {"protocol: p\nregion: [ijmond, any]\nvalid: {from: 2022-01-01}\n" GOOD, "2:18: any stands alone: it means every region"},
        {"protocol: p\nregion: [ijmond, ijmond]\nvalid: {from: 2022-01-01}\n" GOOD, "2:18: 'ijmond' stands here twice"},
        {"protocol: p\nregion: []\nvalid: {from: 2022-01-01}\n" GOOD, "2:9: region names at least one region, or any"},
        {HEAD, "1:1: a protocol without norms and routes says nothing"},
        {HEAD "norm: []\n" GOOD, "4:1: a protocol has no key 'norm' (did you mean 'norms'?)"},
        {HEAD "title:\n" GOOD, "4:7: title is empty"},
        {HEAD "assumed: [region, until]\n" GOOD, "4:19: no key 'until' stands here that could be assumed"},
        {HEAD "assumed: [vaild]\n" GOOD, "4:11: no key 'vaild' stands here that could be assumed (did you mean 'valid'?)"},
        {HEAD "acknowledgement_holds: 24 hours\n" GOOD, "4:24: a hold lasts until a date is over: no hours"},
        {HEAD "acknowledgement_holds: -1 day\n" GOOD, "4:24: a hold does not count back"},
        {HEAD "partners: [{organisation: gm0401}]\n" GOOD, "4:27: no organisation 'gm0401' (did you mean 'gm0402'?)"},
        {HEAD "partners: [{organisation: gm0402, since: 2022-01-01}]\n" GOOD, "4:35: a partner has no key 'since'"},
        {HEAD "partners: [{organisation: gm0402, until: 2022-06-30}, {organisation: gm0402, from: 2022-06-30}]\n" GOOD,
         "4:55: 'gm0402' is a partner twice on the same day"},
        {HEAD "partners: []\n" GOOD, "4:11: partners names 1 to 2000 organisations; without the key it is everyone there"},
        /* routes */
        {HEAD "routes:\n  - {event: measure-startd, to: [gi], basis: x}\n", "5:13: no event is called 'measure-startd' (did you mean 'measure-started'?)"},
        {HEAD "routes:\n  - {event: plan-due, to: [gi], basis: x}\n",
         "5:13: plan-due is what the broker tells; a protocol names only what organisations publish"},
        {HEAD "routes:\n  - {event: measure-started, to: [gi]}\n", "5:5: a route lacks the key 'basis'"},
        {HEAD "routes:\n  - {event: measure-started, basis: x}\n", "5:5: a route lacks the key 'to'"},
        {HEAD "routes:\n  - {event: measure-started.ends_on, to: [gi], basis: x}\n", "5:13: a route copies the whole event: no date field here"},
        {HEAD "routes:\n  - {event: measure-started, to: [gi], basis: x, follow: true}\n", "5:50: a route has no key 'follow' (did you mean 'follows'?)"},
        {HEAD "routes:\n  - {event: measure-started, to: [gi], basis: x, follows: yes}\n", "5:59: follows must be true or false, not 'yes'"},
        {HEAD "routes:\n  - {event: meeting-held, to: [region], basis: x, follows: true}\n",
         "5:60: meeting-held is an event of a region, which does not move"},
        {HEAD "routes:\n  - {event: measure-started, to: [gi], basis: x, when: {kind: OTZ}}\n",
         "5:63: 'OTZ' is no value of kind (did you mean 'OTS'?)" KINDS_OF_MEASURE},
        {HEAD "routes:\n  - {event: measure-started, to: [gi], basis: x, when: {help-started.route: REGULAR}}\n",
         "5:57: conditions here look at the measure-started itself: fields without a dot"},
        {HEAD "routes:\n  - {event: measure-started, to: [referral-issued.provider], basis: x}\n",
         "5:35: only a field of measure-started can say whom this is for, not one of referral-issued"},
        {HEAD "routes:\n  - {event: measure-started, to: [measure-started.kind], basis: x}\n", "5:35: kind of measure-started does not name an organisation"},
        {HEAD "routes:\n  - {event: measure-started, to: [measure-started.municipalty], basis: x}\n",
         "5:35: measure-started has no field 'municipalty' (did you mean 'municipality'?)"},
        /* roles */
        {NORM S T M "    announce: [account-holdr]\n", "10:16: nobody can have the role 'account-holdr' (did you mean 'account-holder'?); it can be "
         "gi, gis, municipality, previous-municipality, operators, local-team, management, expert-team, region, account-holder"},
        {NORM S T M "    announce: [gi, gi]\n", "10:20: 'gi' stands here twice"},
        {NORM S T M "    announce: [inspectorate]\n",
         "10:16: 'inspectorate' is a kind of organisation, and nobody has it as a role: give it in the roles of a region, or name an organisation"},
        {NORM S T M "    announce: [partner]\n", "10:16: 'partner' is the role of a norm with for_each: partner only"},
        {NORM S T M "    announce: {gi: x}\n", "10:15: announce must be a list, not a mapping of keys to values"},
        {NORM S T M "    escalate: [{after: 0 days, to: []}]\n", "10:36: to names 1 to 64 roles"},
        {NORM P "    term: 1 year\n    met_by: [meeting-held]\n    announce: [meeting-held.region]\n",
         "10:16: there is no starting fact here of which meeting-held.region could be a field"},
        /* norms */
        {HEAD "norms:\n  - basis: {kind: vision, ref: x}\n" S T M, "5:5: a norm lacks the key 'norm'"},
        {HEAD "norms:\n  - norm: a b\n    basis: {kind: vision, ref: x}\n" S T M, "5:11: norm 'a b' is not a name: 1 to 64 of A-Z a-z 0-9 . _ : / # -"},
        {HEAD GOOD "  - norm: n\n    basis: {kind: vision, ref: x}\n" S T M, "10:11: norm 'n' stands in this file twice"},
        {HEAD "norms:\n  - norm: n\n" S T M, "5:5: a norm lacks the key 'basis'"},
        {HEAD "norms:\n  - norm: n\n    basis: {kind: law, ref: x}\n" S T M,
         "6:19: the kind of a basis is statute, inspection, agreement, vision or agenda, not 'law'"},
        {HEAD "norms:\n  - norm: n\n    basis: {kind: agrement, ref: x}\n" S T M,
         "6:19: the kind of a basis is statute, inspection, agreement, vision or agenda, not 'agrement' (did you mean 'agreement'?)"},
        {HEAD "norms:\n  - norm: n\n    basis: {kind: vision}\n" S T M, "6:12: basis lacks the key 'ref'"},
        {NORM T M, "5:5: a norm lacks the key 'starts'"},
        {NORM "    starts: measure-started.informed\n" T M, "7:13: measure-started has no field 'informed' (did you mean 'informed_date'?)"},
        {NORM "    starts: measure-started.gi\n" T M, "7:13: gi of measure-started is not a date"},
        {NORM "    starts: protocal\n" T M, "7:13: no event is called 'protocal'"},
        {NORM S T M "    escalates: []\n", "10:5: a norm has no key 'escalates' (did you mean 'escalate'?)"},
        {NORM S T M "    assumed: [remind]\n", "10:15: no key 'remind' stands here that could be assumed"},
        /* when it is due */
        {NORM S M, "5:5: the norm 'n' is never due: it needs one of term, due_with, limit, quota, due"},
        {NORM S T M "    due_with: help-started\n", "10:5: due_with stands in the place of term: a norm is due by one of them"},
        {NORM S "    term: 5 workdays\n" M,
                 "8:11: 'workdays' is no unit of time (did you mean 'working days'?); expected days, weeks, months, years, working days or hours"},
        {NORM S "    term: [24 hours, 1 day]\n" M, "8:11: a step in hours stands alone: hours end at an instant, other steps at the end of a day"},
        {NORM S "    term: []\n" M, "8:11: a term has 1 to 8 steps"},
        {NORM S "    term: -24 hours\n" M, "8:11: a term in hours does not count back"},
        {NORM P "    term: 24 hours\n    met_by: [meeting-held]\n",
         "8:11: a protocol starts on a date: no term in hours or at once counts from it"},
        {NORM S T "    roll: legaal\n" M, "9:11: roll is none or legal, not 'legaal' (did you mean 'legal'?)"},
        {NORM S "    term: 5 working days\n    roll: legal\n" M,
                 "9:11: '5 working days' cannot roll: the Algemene termijnenwet does not move terms in working days, which end on one; "
         "let it end where it ends (roll: none)"},
        {NORM S "    term: at once\n    roll: legal\n" M, "9:11: only a term rolls"},
        {NORM S T M "    explained_by: deviation-explained\n    after_explanation: restrat\n    escalate: [{after: 0 days, to: [gi]}]\n",
         "11:24: after_explanation is continue or restart, not 'restrat' (did you mean 'restart'?)"},
        {NORM S T M "    after_explanation: restart\n    escalate: [{after: 0 days, to: [gi]}]\n",
         "10:24: after_explanation says how the ladder goes on after an explanation, so it needs explained_by and escalate"},
        {NORM S T "    since: begin\n" M, "9:12: since is start, not 'begin'"},
        {NORM P "    term: 1 year\n    since: start\n    met_by: [meeting-held]\n",
         "9:12: since: start needs a fact that starts the norm, not the protocol"},
        {NORM S "    term: at once\n    sooner: true\n" M,
         "9:13: only a due date can be brought forward, not a limit, a quota, hours or at once"},
        {NORM S "    due_with: help-started\n    repeats: true\n" M,
         "9:14: what repeats needs a term in days, weeks, months, years or working days, and met_by"},
        {NORM S T "    per: measure\n" M, "9:10: measure-started has no field 'measure' (did you mean 'measure_id'?)"},
        {NORM S T "    per: kind\n" M, "9:10: per is case or an id field of measure-started, and 'kind' is neither"},
        {NORM S T "    per: case_id\n" M, "9:10: write per: case"},
        {NORM S T "    per: event_id\n" M, "9:10: per is case or an id field of measure-started, and 'event_id' is neither"},
        {NORM P "    term: 1 year\n    per: case\n    met_by: [meeting-held]\n",
         "9:10: per needs a fact that starts the norm; with starts: protocol write for_each"},
        {NORM S T "    not_before: {starts: measure-started.birth_date}\n" M, "9:17: not_before lacks the key 'term'"},
        {NORM S T "    not_before: {starts: measure-started.birth_date, term: 2 hours}\n" M, "9:60: not_before is a date: no term in hours"},
        {NORM S "    term: at once\n    not_before: {starts: measure-started.birth_date, term: 1 day}\n" M,
         "9:17: not_before goes with a term in days, weeks, months, years or working days"},
        {NORM S T "    holds_on: start\n" M, "9:15: holds_on is due, not 'start'; without it the date of the starting fact decides"},
        {NORM S "    limit: {event: protector-assigned}\n", "8:12: a limit lacks the key 'at_most'"},
        {NORM S "    limit: {event: protector-assigned, at_most: -1}\n", "8:49: at_most must be a number from 0 to 1000, not '-1'"},
        {NORM S "    limit: {event: protector-assigned, at_most: 1}\n" M, "9:13: limit stands in the place of met_by"},
        {NORM S "    limit: {event: protector-assigned, at_most: 1}\n    announce: [gi]\n",
         "9:15: a limit has no due date until it is broken, so there is nothing to announce"},
        {NORM S "    limit: {event: protector-assigned, at_most: 1}\n    remind: [{before: 1 day, to: [gi]}]\n",
         "9:13: nobody can be reminded: a limit or a norm at once is over as soon as it is due"},
        {NORM S "    quota: {event: meeting-held, at_least: 1, per: year}\n",
         "8:12: a quota counts in calendar years, so it starts from the protocol; write starts: protocol|"
         "8:20: meeting-held is an event of a region and never joins a norm that starts from measure-started"},
        {NORM P "    quota: {event: meeting-held, at_least: 1, per: month}\n", "8:52: a quota is per year, not per 'month'"},
        {NORM P "    quota: {event: meeting-held, at_least: 0, per: year}\n", "8:44: at_least must be a number from 1 to 1000, not '0'"},
        {NORM P "    quota: {event: meeting-held, at_least: 1, per: year}\n    term: 1 year\n",
         "9:5: term stands in the place of quota: a norm is due by one of them"},
        {NORM S "    due: 2024-06-30\n" M, "8:10: a fixed date starts from nothing that happens to a child; write starts: protocol"},
        {NORM P "    due: 30 juni\n    met_by: [meeting-held]\n", "8:10: due '30 juni' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {NORM S T "    for_each: gi\n" M, "9:15: for_each goes with starts: protocol only"},
        {NORM P "    due: 2024-06-30\n    for_each: everyone\n    met_by: [contacts-confirmed]\n",
                 "9:15: for_each is municipality, gi, partner or part, not 'everyone'"},
        {NORM P "    due: 2024-06-30\n    for_each: partner\n    met_by: [protocol-adopted]\n", "9:15: for_each: partner needs the partners of the protocol"},
        {NORM P "    due: 2024-06-30\n    for_each: part\n    met_by: [contacts-confirmed]\n",
         "9:15: for_each: part needs regions that are part_of a region of this protocol, with the role region"},
        {"protocol: p\nregion: ijmond\nvalid: {from: 2022-01-01}\nnorms:\n  - norm: n\n    basis: {kind: vision, ref: x}\n" P
         "    due: 2024-06-30\n    for_each: gi\n    met_by: [contacts-confirmed]\n", "9:15: for_each: gi needs the role gi at a region of this protocol"},
        {NORM P "    due: 2024-06-30\n    for_each: municipality\n    met_by: [meeting-held]\n",
         "10:14: meeting-held has no field organisation, so it never joins a norm for each municipality"},
        /* facts */
        {NORM S T, "5:5: nothing meets the norm 'n': it needs met_by"},
        {NORM S T "    met_by: []\n", "9:13: met_by names no event; leave it out"},
        {NORM S T "    met_by: [cource-agreed]\n", "9:14: no event is called 'cource-agreed' (did you mean 'course-agreed'?)"},
        {NORM S T "    met_by: [course-agreed: {goal: true}]\n", "9:30: course-agreed has no field 'goal' (did you mean 'goals'?)"},
        {NORM S T "    met_by: [course-agreed: {goals: ja}]\n", "9:37: goals must be true or false, not 'ja'"},
        {NORM S T "    met_by: [course-agreed: {}]\n", "9:29: no condition stands here; leave it out"},
        {NORM S T "    met_by: {course-agreed: {goals: true}, plan-made: {kind: SAFETY}}\n",
         "9:13: met_by: each item is one event, bare or with its conditions: {event: {field: value}}"},
        {NORM S T "    met_by: [meeting-held]\n", "9:14: meeting-held is an event of a region and never joins a norm that starts from measure-started"},
        {NORM S T M "    ends_with: measure-end\n", "10:16: no event is called 'measure-end' (did you mean 'measure-ended'?)"},
        {NORM S T M "    explained_by: [deviation-explained: {source: gi}]\n",
         "10:50: 'gi' is a kind of organisation; source names one organisation by its id"},
        {NORM S T M "    explained_by: [deviation-explained: {source: gi-dune}]\n", "10:50: source: no organisation 'gi-dune' (did you mean 'gi-duin'?)"},
        /* conditions */
        {NORM S "    when: {kin: OTS}\n" T M, "8:12: 'kin' is neither a field of measure-started nor an event (did you mean 'kind'?)"},
        {NORM S "    when: {measure-extendet: absent}\n" T M,
         "8:12: 'measure-extendet' is neither a field of measure-started nor an event (did you mean 'measure-extended'?)"},
        {NORM S "    when: {measure-extended: true}\n" T M,
         "8:30: measure-extended is an event: it is present or absent; for a field of it write measure-extended.field"},
        {NORM S "    when: {help-started.rute: REGULAR}\n" T M, "8:12: help-started has no field 'rute' (did you mean 'route'?)"},
        {NORM S "    when: {kind: absent}\n" T M, "8:18: kind of measure-started is never absent"},
        {NORM S "    when: {ends_on: {not: absent}}\n" T M, "8:27: 'absent' stands alone, not among values"},
        {NORM S "    when: {ends_on: null}\n" T M, "8:21: null equals nothing; write ends_on: absent"},
        {NORM S "    when: {ends_on: tomorrow}\n" T M, "8:21: ends_on is a date, and 'tomorrow' is none"},
        {NORM S "    when: {measure_id: 12}\n" T M, "8:24: measure_id is a uuid, and '12' is none"},
        {NORM S "    when: {kind: {is: OTS}}\n" T M, "8:18: a condition is a value, a list of values, {not: …}, present or absent"},
        {NORM S "    when: {kind: []}\n" T M, "8:18: a list of values has 1 to 64 of them"},
        {NORM S "    when: {kind: [OTS, OTS]}\n" T M, "8:24: 'OTS' stands here twice"},
        {NORM S "    when: {reference: a b}\n" T M, "8:23: the value 'a b' is not a name: 1 to 64 of A-Z a-z 0-9 . _ : / # -"},
        {NORM P "    when: {kind: BOARD}\n    term: 1 year\n    met_by: [meeting-held]\n",
         "8:12: 'kind' is no event, and there is no starting fact whose field it could be"},
        /* reminders and rungs */
        {NORM S T M "    remind: [{after: 1 day, to: [gi]}]\n", "10:15: a reminder has no key 'after'|10:14: a reminder lacks the key 'before'"},
        {NORM S T M "    remind: [{before: -1 day, to: [gi]}]\n", "10:23: a reminder comes before the due date: no negative step"},
        {NORM S T M "    remind: [{before: 6 hours, to: [gi]}]\n", "10:23: a reminder in hours needs a term in hours"},
        {NORM S T M "    escalate: [{after: 6 hours, to: [gi]}]\n", "10:24: a rung in hours needs a term in hours or at once"},
        {NORM S T M "    escalate: [{after: -1 day, to: [gi]}]\n", "10:24: a rung comes after the due date: no negative step"},
        {NORM S T M "    escalate: [{after: 0 days}]\n", "10:16: a rung lacks the key 'to'"},
        {NORM S T M "    escalate: [{after: 0 days, to: [gi], when: {kind: OTZ}}]\n",
         "10:55: 'OTZ' is no value of kind (did you mean 'OTS'?)" KINDS_OF_MEASURE},
        {NORM S T M "    escalate: {after: 0 days, to: [gi]}\n", "10:15: escalate must be a list, not a mapping of keys to values"},
};

static int read_text(const struct scratch *s, const char *text, struct protocols *ret, struct mistakes *mistakes) {
        scratch_write(s, "p.yaml", text);
        return protocols_read(s->path, NULL, types, orgs, arena, ret, mistakes);
}

/* "1:2: a|3:4: b" as the lines of a report. */
static void assert_lines(const struct scratch *s, struct mistakes *mistakes, const char *expected) {
        char lines[2048];
        size_t n = 0;

        while (*expected) {
                size_t length = strcspn(expected, "|");

                n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s/p.yaml:%.*s\n", s->path, (int)length, expected);
                expected += length + (expected[length] == '|');
        }
        ck_assert_str_eq(buffer_text(&mistakes->text), lines);
}

/* 'gis' is whom a region lists, so somebody must list them. */
START_TEST(nobody_lists_the_gis) {
        struct organisations *listed = orgs, *none = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        struct scratch scratch = scratch_new();
        struct protocols protocols = {0};
        char path[SCRATCH_PATH];

        scratch_write(&scratch, "organisations.yaml",
                      "organisations:\n  - {id: o, kind: operators, name: Beheer}\nregions:\n  - {id: gooi-en-vechtstreek, name: Gooi}\n");
        scratch_folder(&scratch, "protocols");
        scratch_write(&scratch, "protocols/p.yaml", NORM P "    due: 2023-01-01\n    met_by: [meeting-held]\n    announce: [gis]\n");
        ck_assert_int_eq(organisations_read(scratch_path(&scratch, "organisations.yaml", path), &none, &mistakes), 0);
        ck_assert_int_eq(protocols_read(scratch_path(&scratch, "protocols", path), NULL, types, none, arena, &protocols, &mistakes), -EINVAL);
        assert_report(&scratch, &mistakes,
                      "protocols/p.yaml:10:16: 'gis' is every GI of the region, and no region lists its GIs: give it roles: {gi: [...]}");
        ck_assert_int_eq(protocols_read(scratch_path(&scratch, "protocols", path), NULL, types, listed, arena, &protocols, &mistakes), 0);
        mistakes_done(&mistakes);
        organisations_free(none);
        scratch_remove(&scratch);
}
END_TEST

START_TEST(test_mistakes) {
        struct scratch s = scratch_new();
        struct protocols protocols;
        struct mistakes mistakes = MISTAKES_INIT;
        int r = read_text(&s, mistake_rows[_i].text, &protocols, &mistakes);

        assert_lines(&s, &mistakes, mistake_rows[_i].mistake);
        ck_assert_int_eq(r, -EINVAL);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_a_good_norm_has_no_mistakes) {
        struct scratch s = scratch_new();
        struct protocols protocols;
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_msg(read_text(&s, HEAD GOOD, &protocols, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_uint_eq(protocols.n, 1);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

/* --- two protocols --- */

static const struct {
        const char *a, *b; /* region and valid of each */
        bool refused;
} pairs[] = {
        {"region: ijmond\nvalid: {from: 2022-01-01}\n", "region: ijmond\nvalid: {from: 2023-01-01}\n", true},
        {"region: ijmond\nvalid: {from: 2022-01-01, until: 2022-12-31}\n", "region: ijmond\nvalid: {from: 2023-01-01}\n", false},
        {"region: ijmond\nvalid: {from: 2022-01-01, until: 2023-01-01}\n", "region: ijmond\nvalid: {from: 2023-01-01}\n", true},
        {"region: ijmond\nvalid: {from: 2022-01-01}\n", "region: any\nvalid: {from: 2022-01-01}\n", true},
        {"region: ijmond\nvalid: {from: 2022-01-01}\n", "region: noord-holland\nvalid: {from: 2022-01-01}\n", true},
        {"region: noord-holland\nvalid: {from: 2022-01-01}\n", "region: [amstelland, ijmond]\nvalid: {from: 2022-01-01}\n", true},
        {"region: ijmond\nvalid: {from: 2022-01-01}\n", "region: [amstelland, gooi-en-vechtstreek]\nvalid: {from: 2022-01-01}\n", false},
};

START_TEST(test_one_norm_name_in_two_protocols) {
        struct scratch s = scratch_new();
        struct protocols protocols;
        struct mistakes mistakes = MISTAKES_INIT;
        char text[1024];

        (void) snprintf(text, sizeof(text), "protocol: a\n%s%s", pairs[_i].a, GOOD);
        scratch_write(&s, "a.yaml", text);
        (void) snprintf(text, sizeof(text), "protocol: b\n%s%s", pairs[_i].b, GOOD);
        scratch_write(&s, "b.yaml", text);
        ck_assert_int_eq(protocols_read(s.path, NULL, types, orgs, arena, &protocols, &mistakes), pairs[_i].refused ? -EINVAL : 0);
        if (pairs[_i].refused)
                assert_report(&s, &mistakes,
                              "b.yaml:5:11: norm 'n' stands also in a, which can hold on the same day for the same child or region; give it another name");
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_every_mistake_of_every_file) {
        struct scratch s = scratch_new();
        struct protocols protocols;
        struct mistakes mistakes = MISTAKES_INIT;

        scratch_write(&s, "a.yaml", "protocol: a\nregion: nowhere\nvalid: {from: x}\nnorms:\n  - norm: n\n    basis: {kind: vision, ref: x}\n" T M);
        scratch_write(&s, "b.yaml", "protocol: b\nregion: [\n");
        ck_assert_int_eq(protocols_read(s.path, NULL, types, orgs, arena, &protocols, &mistakes), -EINVAL);
        ck_assert_uint_eq(mistakes.n, 4);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

/* --- what the keys compile to --- */

static const char full[] =
        "protocol: p\n"
        "title: Alles\n"
        "source: S0\n"
        "region: [gooi-en-vechtstreek, amstelland]\n"
        "valid: {from: 2022-01-01, until: 2023-12-31}\n"
        "assumed: [valid]\n"
        "acknowledgement_holds: 5 working days\n"
        "partners:\n"
        "  - {organisation: gm0402, from: 2022-01-01, until: 2022-06-30}\n"
        "  - {organisation: gi-duin, from: 2022-02-01}\n"
        "routes:\n"
        "  - {event: referral-issued, when: {form: {not: [CUSTOM, STACKED]}}, to: [referral-issued.provider, igj], basis: S0, follows: true, personal: true}\n"
        "norms:\n"
        "  - norm: all\n"
        "    title: Een\n"
        "    basis: {kind: inspection, ref: norm 1}\n"
        "    assumed: [escalate, not_before.term]\n"
        "    starts: measure-started.birth_date\n"
        "    when: {kind: [OTS, VOTS], birth_date: present, source: gi-duin, help-started.route: {not: REGULAR}, measure-extended: absent}\n"
        "    term: [18 years, -6 months]\n"
        "    since: start\n"
        "    sooner: true\n"
        "    repeats: true\n"
        "    per: measure_id\n"
        "    not_before: {starts: measure-started.informed_date, term: 2 weeks}\n"
        "    holds_on: due\n"
        "    met_by: [protector-assigned: {role: FIXED, working_with_family: true}, plan-made, measure-extended.ends_on]\n"
        "    explained_by: deviation-explained\n"
        "    after_explanation: restart\n"
        "    ends_with: {measure-ended: {reason: {not: REPLACED}}}\n"
        "    announce: []\n"
        "    remind: [{before: 2 working days, to: gi}]\n"
        "    escalate:\n"
        "      - {after: 0 days, to: [gi, municipality, previous-municipality, operators]}\n"
        "      - {after: 1 week, to: [local-team, management, account-holder, measure-started.municipality], when: {kind: OTS}}\n"
        "  - {norm: once, basis: {kind: vision, ref: x}, starts: safety-raised, term: at once, met_by: local-team-involved, per: case,\n"
        "     escalate: [{after: 24 hours, to: [gi]}]}\n"
        "  - {norm: hours, basis: {kind: vision, ref: x}, starts: incident-reported.date, term: 24 hours, met_by: consultation-held,\n"
        "     remind: [{before: 6 hours, to: [gi]}]}\n"
        "  - {norm: with, basis: {kind: statute, ref: x}, starts: referral-issued.date, due_with: help-started, met_by: care-decided}\n"
        "  - {norm: limit, basis: {kind: agenda, ref: x}, starts: measure-started.informed_date, limit: {event: protector-assigned, when: {reason: "
        "ILLNESS}, at_most: 1}}\n"
        "  - {norm: quota, basis: {kind: agreement, ref: x}, starts: protocol, quota: {event: meeting-held, when: {kind: BOARD}, at_least: 2, per: year}}\n"
        "  - {norm: due, basis: {kind: agreement, ref: x}, starts: protocol, due: 2023-06-30, for_each: partner, met_by: protocol-adopted, escalate: "
        "[{after: 0 days, to: [partner, region]}]}\n"
        "  - {norm: legal, basis: {kind: agreement, ref: x}, starts: measure-ended, term: 2 weeks, roll: legal, met_by: handover-held}\n";

static const struct norm *norm_named(const struct protocol *p, const char *name) {
        for (size_t i = 0; i < p->n_norms; i++) {
                if (strcmp(p->norms[i].name, name) == 0)
                        return &p->norms[i];
        }
        ck_abort_msg("no norm %s", name);
        return NULL;
}

static const struct protocol *read_full(const struct scratch *s) {
        static struct protocols protocols;
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_msg(read_text(s, full, &protocols, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        return protocols.items[0];
}

START_TEST(test_the_file_compiles) {
        struct scratch s = scratch_new();
        const struct protocol *p = read_full(&s);
        const struct route *route = &p->routes[0];
        static const char *const assumed[] = {"valid", "all.escalate", "all.not_before.term"};

        ck_assert_str_eq(p->name, "p");
        ck_assert_str_eq(p->title, "Alles");
        ck_assert_uint_eq(p->n_regions, 2);
        ck_assert_str_eq(p->regions[1]->id, "amstelland");
        ck_assert_int_eq(p->from, date_from_ymd(2022, 1, 1));
        ck_assert_int_eq(p->until, date_from_ymd(2023, 12, 31));
        ck_assert(p->has_hold && p->hold.unit == TERM_WORKING_DAYS && p->hold.count == 5);
        ck_assert(p->has_partners && p->n_partners == 2);
        ck_assert_int_eq(p->partners[0].until, date_from_ymd(2022, 6, 30));
        ck_assert_int_eq(p->partners[1].until, INT32_MAX);
        ck_assert_str_eq(p->partners[1].organisation->id, "gi-duin");
        ck_assert_uint_eq(p->n_assumed, ELEMENTS(assumed));
        for (size_t i = 0; i < ELEMENTS(assumed); i++)
                ck_assert_str_eq(p->assumed[i], assumed[i]);

        ck_assert_uint_eq(p->n_routes, 1);
        ck_assert_ptr_eq(route->protocol, p);
        ck_assert_str_eq(route->type->name, "referral-issued");
        ck_assert(route->follows && route->personal);
        ck_assert_uint_eq(route->when.n, 1);
        ck_assert_int_eq(route->when.items[0].test, TEST_NOT);
        ck_assert_uint_eq(route->when.items[0].n_values, 2);
        ck_assert_int_eq(route->to.items[0].kind, ROLE_FIELD);
        ck_assert_int_eq(route->to.items[0].slot, layout_slot(route->type->layout, "provider"));
        ck_assert_int_eq(route->to.items[1].kind, ROLE_ORGANISATION);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_conditions_compile) {
        struct scratch s = scratch_new();
        const struct norm *n = norm_named(read_full(&s), "all");
        const struct event_type *started = event_types_known(types, TYPE_MEASURE_STARTED);
        const struct condition *c = n->when.items;

        ck_assert_uint_eq(n->when.n, 5);
        ck_assert(c[0].subject == CONDITION_SELF && c[0].test == TEST_IS && c[0].n_values == 2);
        ck_assert_int_eq(c[0].slot, layout_slot(started->layout, "kind"));
        ck_assert_int_eq(c[0].values[0].i, 0); /* OTS */
        ck_assert_int_eq(c[0].values[1].i, 1); /* VOTS */
        ck_assert(c[1].test == TEST_PRESENT && c[1].n_values == 0);
        ck_assert(c[2].slot == SLOT_SOURCE && c[2].values[0].kind == SLOT_STRING && text_is(c[2].values[0].s, "gi-duin"));
        ck_assert(c[3].subject == CONDITION_EVENT && c[3].test == TEST_NOT && strcmp(c[3].type->name, "help-started") == 0);
        ck_assert_int_eq(c[3].slot, layout_slot(c[3].type->layout, "route"));
        ck_assert(c[4].subject == CONDITION_FACT && c[4].test == TEST_ABSENT && strcmp(c[4].type->name, "measure-extended") == 0);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_a_norm_compiles) {
        struct scratch s = scratch_new();
        const struct norm *n = norm_named(read_full(&s), "all");
        static const enum role_kind kinds[] = {ROLE_GI, ROLE_MUNICIPALITY, ROLE_PREVIOUS_MUNICIPALITY, ROLE_ORGANISATION}; /* operators is an id here */
        static const enum role_kind second[] = {ROLE_NAMED, ROLE_NAMED, ROLE_NAMED, ROLE_FIELD};

        ck_assert_str_eq(n->title, "Een");
        ck_assert_str_eq(n->basis_kind, "inspection");
        ck_assert_str_eq(n->basis_ref, "norm 1");
        ck_assert(!n->starts_protocol && n->starts.type->known == TYPE_MEASURE_STARTED);
        ck_assert_int_eq(n->starts.date, layout_slot(n->starts.type->layout, "birth_date"));
        ck_assert(n->timing == TIMING_TERM && n->term.n == 2 && n->term.steps[1].unit == TERM_MONTHS && n->term.steps[1].count == -6);
        ck_assert(!n->term.legal && n->since_start && n->sooner && n->repeats && n->holds_on_due && n->explanation_restarts && !n->per_case);
        ck_assert_int_eq(n->per, n->starts.type->links[LINK_MEASURE]);
        ck_assert(n->has_not_before && n->not_before_term.steps[0].unit == TERM_WEEKS);
        ck_assert_int_eq(n->not_before.date, layout_slot(n->starts.type->layout, "informed_date"));
        ck_assert_uint_eq(n->met_by.n, 3);
        ck_assert_uint_eq(n->met_by.items[0].when.n, 2);
        ck_assert(n->met_by.items[0].when.items[1].values[0].kind == SLOT_BOOLEAN && n->met_by.items[0].when.items[1].values[0].i == 1);
        ck_assert_int_eq(n->met_by.items[1].date, -1);
        ck_assert_int_eq(n->met_by.items[2].date, layout_slot(n->met_by.items[2].type->layout, "ends_on"));
        ck_assert(n->explained_by.n == 1 && n->explained_by.items[0].type->known == TYPE_DEVIATION_EXPLAINED);
        ck_assert(n->ends_with.n == 1 && n->ends_with.items[0].when.items[0].test == TEST_NOT);
        ck_assert_uint_eq(n->announce.n, 0);
        ck_assert(n->n_reminders == 1 && n->reminders[0].before.count == 2 && n->reminders[0].to.n == 1);
        ck_assert_uint_eq(n->n_rungs, 2);
        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                ck_assert_int_eq(n->rungs[0].to.items[i].kind, kinds[i]);
        for (size_t i = 0; i < ELEMENTS(second); i++)
                ck_assert_int_eq(n->rungs[1].to.items[i].kind, second[i]);
        ck_assert(n->rungs[1].after.unit == TERM_WEEKS && n->rungs[1].when.n == 1 && n->rungs[0].when.n == 0);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_the_other_timings_compile) {
        struct scratch s = scratch_new();
        const struct protocol *p = read_full(&s);
        const struct norm *once = norm_named(p, "once"), *hours = norm_named(p, "hours"), *with = norm_named(p, "with"), *limit = norm_named(p, "limit");
        const struct norm *quota = norm_named(p, "quota"), *due = norm_named(p, "due"), *legal = norm_named(p, "legal");

        ck_assert(once->timing == TIMING_AT_ONCE && once->per_case && once->per == -1 && once->starts.date == -1);
        ck_assert_str_eq(once->title, "once");
        ck_assert(hours->timing == TIMING_HOURS && hours->term.steps[0].count == 24 && hours->reminders[0].before.unit == TERM_HOURS);
        ck_assert(with->timing == TIMING_DUE_WITH && strcmp(with->due_with.type->name, "help-started") == 0 && with->due_with.date == -1);
        ck_assert(limit->timing == TIMING_LIMIT && limit->n_limits == 1 && limit->limits[0].at_most == 1 && limit->limits[0].event.when.n == 1);
        ck_assert(quota->timing == TIMING_QUOTA && quota->starts_protocol && quota->at_least == 2 && quota->quota.when.n == 1 && !quota->starts.type);
        ck_assert(due->timing == TIMING_DUE && due->each == EACH_PARTNER && due->due == date_from_ymd(2023, 6, 30));
        ck_assert(due->rungs[0].to.items[0].kind == ROLE_EACH && due->rungs[0].to.items[1].kind == ROLE_NAMED);
        ck_assert(legal->term.legal && quota->each == EACH_NONE && legal->index == 7 && legal->protocol == p);
        scratch_remove(&s);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("protocol");
        TCase *tcase = tcase_create("protocol");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, nobody_lists_the_gis);
        tcase_add_loop_test(tcase, test_mistakes, 0, ELEMENTS(mistake_rows));
        tcase_add_test(tcase, test_a_good_norm_has_no_mistakes);
        tcase_add_loop_test(tcase, test_one_norm_name_in_two_protocols, 0, ELEMENTS(pairs));
        tcase_add_test(tcase, test_every_mistake_of_every_file);
        tcase_add_test(tcase, test_the_file_compiles);
        tcase_add_test(tcase, test_conditions_compile);
        tcase_add_test(tcase, test_a_norm_compiles);
        tcase_add_test(tcase, test_the_other_timings_compile);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
