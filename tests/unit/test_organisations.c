/* SPDX-License-Identifier: EUPL-1.2 */

/* Goal: organisations.yaml is read whole, and every mistake is told with its place. Method: tables of small files. */

#include <errno.h>

#include "model/organisations.h"
#include "model_fixture.h"

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NO_URN \
        "urn must be urn:<namespace>:<name> of at most 255 characters, all of which may stand in a URI, such as " \
        "urn:nld:oin:00000099000000000014:systeem:ketenwacht"
#define OPERATORS "organisations:\n  - {id: operators, kind: operators}\n"

static int read_text(const struct scratch *s, const char *text, struct organisations **ret, struct mistakes *mistakes) {
        char path[SCRATCH_PATH];

        scratch_write(s, "o.yaml", text);
        return organisations_read(scratch_path(s, "o.yaml", path), ret, mistakes);
}

static const struct {
        const char *text, *mistake;
} mistake_rows[] = {
        {OPERATORS "  - {id: gm0014, kind: municipalty}\n", "3:24: no kind of organisation is called 'municipalty' (did you mean 'municipality'?); it can be "
         "municipality, gi, provider, region, council, veilig-thuis, purchaser, inspectorate, operators, other"},
        {OPERATORS "  - {id: gm0014, kind: municipality, regoin: x}\n", "3:38: an organisation has no key 'regoin' (did you mean 'region'?)"},
        {OPERATORS "  - {kind: gi}\n", "3:5: an organisation lacks the key 'id'"},
        {OPERATORS "  - {id: a}\n", "3:5: an organisation lacks the key 'kind'"},
        {OPERATORS "  - {id: 'a b', kind: gi}\n", "3:10: id 'a b' is not a name: 1 to 64 of A-Z a-z 0-9 . _ : / # -"},
        {OPERATORS "  - {id: 'a:b', kind: gi}\n", "3:10: id 'a:b' cannot name an inbox: only A-Z a-z 0-9 . _ -"},
        {OPERATORS "  - {id: local-team, kind: other}\n", "3:10: id 'local-team' has a meaning of its own in protocols; choose another"},
        {OPERATORS "  - gm0014\n", "3:5: an organisation must be a mapping of keys to values, not a single value"},
        {OPERATORS "  - {id: a, kind: municipality, region: groningn}\nregions:\n  - {id: groningen}\n",
         "3:41: region: no region 'groningn' (did you mean 'groningen'?); it can be groningen"},
        {OPERATORS "  - {id: gm1, kind: municipality, until: 2021-12-31, successor: gm22}\n  - {id: gm222, kind: municipality}\n",
         "3:65: successor: no organisation 'gm22' (did you mean 'gm222'?)"},
        {OPERATORS "  - {id: gm1, kind: municipality, successor: gm2}\n  - {id: gm2, kind: municipality}\n", "3:46: successor without until: 'gm1' never ends"},
        {OPERATORS "  - {id: gm1, kind: municipality, until: 2021-12-31, successor: gi1}\n  - {id: gi1, kind: gi}\n",
         "3:65: the successor of a municipality must be a municipality; 'gi1' is of kind gi"},
        {OPERATORS "  - {id: a, kind: gi, until: 2021-13-01}\n", "3:30: until '2021-13-01' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200"},
        {OPERATORS "  - {id: a, kind: gi, from: 2022-01-01, until: 2021-01-01}\n", "3:48: until lies before from"},
        {OPERATORS "  - {id: a, kind: gi, until: 2021-01-01}\n  - {id: a, kind: gi, from: 2021-01-01}\n",
         "4:5: 'a' has two rows that are valid on the same day; give each its own from and until"},
        {OPERATORS "  - {id: a, kind: gi, from: 2021-01-02}\n  - {id: a, kind: gi}\n",
         "4:5: 'a' has two rows that are valid on the same day; give each its own from and until"},
        {OPERATORS "  - {id: a, kind: gi, until: 2021-01-01}\n  - {id: a, kind: provider, from: 2021-01-02}\n", "4:5: 'a' is of kind gi in another row"},
        {OPERATORS "  - {id: a, kind: gi, until: 2021-01-01, successor: b}\n  - {id: a, kind: gi, from: 2022-01-01}\n  - {id: b, kind: gi}\n",
         "3:53: only the last row of 'a' may have a successor"},
        {OPERATORS "  - {id: a, kind: gi, roles: {account-holder: gm9}}\n", "3:47: account-holder: no organisation 'gm9'"},
        {OPERATORS "  - {id: a, kind: gi, roles: {municipality: a}}\n", "3:31: role 'municipality' is built in and cannot be given to anybody"},
        {OPERATORS "  - {id: a, kind: gi, roles: {gis: a}}\n", "3:31: role 'gis' is built in and cannot be given to anybody"},
        {OPERATORS "  - {id: a, kind: gi, roles: {gi: a}}\n", "3:31: role 'gi' is built in; only a region lists its GIs"},
        {OPERATORS "  - {id: a, kind: gi, roles: {b: a}}\n  - {id: b, kind: gi}\n", "3:31: role 'b' is the id of an organisation, which stands for itself"},
        {OPERATORS "  - {id: a, kind: gi}\nregions:\n  - {id: r, roles: {gi: [a, a]}}\n", "5:29: role 'gi' names 'a' twice"},
        {OPERATORS "  - {id: a, kind: gi}\nregions:\n  - {id: r, roles: {gi: []}}\n", "5:25: role 'gi' is given to nobody"},
        {OPERATORS "regions:\n  - {id: r, part_of: s}\n  - {id: s, part_of: r}\n", "4:22: region 'r' is part of itself"},
        {OPERATORS "regions:\n  - {id: r}\n  - {id: r}\n", "5:10: region 'r' stands here twice"},
        {OPERATORS "regions:\n  - {id: any}\n", "4:10: id 'any' means every region in protocols; choose another"},
        {OPERATORS "regions:\n  - {id: west, part_of: norde}\n  - {id: noord}\n",
         "4:25: part_of: no region 'norde' (did you mean 'noord'?); it can be west, noord"},
        {OPERATORS "region:\n  - {id: r}\n", "3:1: the file has no key 'region' (did you mean 'regions'?)"},
        {OPERATORS "  - {id: a, kind: gi, delivery: mail}\n", "3:33: delivery must be a mapping of keys to values, not a single value"},
        {OPERATORS "  - {id: a, kind: gi, urn: 'nl:oin:1'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:nld'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:nld:'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:n l:1'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:nld:oin:1 2'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:nld:oin:1\"'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:nld:naam:caf\xc3\xa9'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:nld:naam:%4'}\n", "3:28: " NO_URN},
        {OPERATORS "  - {id: a, kind: gi, urn: 'urn:nld:" LONG_64 LONG_64 LONG_64 LONG_64 "'}\n", "3:28: " NO_URN},
        {OPERATORS "ketenwacht: {urn: 'https://kw.example'}\n", "3:19: " NO_URN},
        {OPERATORS "ketenwacht: {urn: 'urn:nld:oin:1', url: x}\n", "3:36: ketenwacht has no key 'url' (did you mean 'urn'?)"},
        {OPERATORS "ketenwacht: {}\n", "3:13: ketenwacht lacks the key 'urn'"},
        {OPERATORS "ketenwacht: urn:nld:oin:1\n", "3:13: ketenwacht must be a mapping of keys to values, not a single value"},
        {"organisations:\n  - {id: a, kind: gi}\n", "1:1: no organisation of kind operators: what concerns nobody else must go to somebody"},
        {"organisations:\n  - {id: a, kind: operators, from: 2020-01-01}\n",
         "1:1: 'a' is where everything goes that concerns nobody else: it cannot have from or until"},
        {"regions: []\n", "1:1: the file lacks the key 'organisations'"},
        {"organisations: {a: b\n", "2:1: the { of line 1 is not closed with } before this, or a comma is missing"},
};

START_TEST(test_mistakes) {
        struct scratch s = scratch_new();
        struct organisations *orgs = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        char expected[512];

        ck_assert_int_eq(read_text(&s, mistake_rows[_i].text, &orgs, &mistakes), -EINVAL);
        (void) snprintf(expected, sizeof(expected), "o.yaml:%s", mistake_rows[_i].mistake);
        assert_report(&s, &mistakes, expected);
        organisations_free(orgs);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_circle_of_successors_is_told_once) {
        struct scratch s = scratch_new();
        struct organisations *orgs = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_int_eq(read_text(&s, OPERATORS "  - {id: a, kind: gi, until: 2020-12-31, successor: b}\n"
                                                 "  - {id: b, kind: gi, until: 2021-12-31, successor: a}\n", &orgs, &mistakes), -EINVAL);
        assert_report(&s, &mistakes, "o.yaml:3:53: 'a' succeeds itself");
        organisations_free(orgs);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_every_mistake_of_a_file_is_told) {
        struct scratch s = scratch_new();
        struct organisations *orgs = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_int_eq(read_text(&s, OPERATORS "  - {id: a, kind: gy}\n  - {id: b, kind: gi, region: x}\n  - {id: c, kind: gi, roles: {z: q}}\n",
                &orgs, &mistakes),
                         -EINVAL);
        ck_assert_uint_eq(mistakes.n, 3);
        ck_assert_ptr_nonnull(orgs); /* what could be read */
        ck_assert_ptr_nonnull(organisations_find(orgs, text_of("b")));
        organisations_free(orgs);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

static const char world[] =
        "organisations:\n"
        "  - {id: gm0398, kind: municipality, name: Heerhugowaard, region: alkmaar, until: 2021-12-31, successor: gm1980}\n"
        "  - {id: gm1980, kind: municipality, name: Dijk en Waard, region: alkmaar, from: 2022-01-01, roles: {local-team: [team, gm1980]}}\n"
        "  - {id: gm0457, kind: municipality, region: gooi, from: 2015-01-01, until: 2019-12-31}\n"
        "  - {id: gm0457, kind: municipality, region: alkmaar, from: 2020-01-01, until: 2022-03-23}\n"
        "  - {id: team, kind: other, urn: 'urn:nl:oin:00000001', contacts: [{name: balie, deputy: loket}], delivery: {webhook: 'https://x'}}\n"
        "  - {id: operators, kind: operators, name: Beheer}\n"
        "regions:\n"
        "  - {id: alkmaar, name: Alkmaar, part_of: noord-holland, roles: {region: team}}\n"
        "  - {id: gooi, part_of: noord-holland}\n"
        "  - {id: noord-holland}\n";

START_TEST(test_what_was_read_answers) {
        struct scratch s = scratch_new();
        struct organisations *orgs = NULL;
        struct mistakes mistakes = MISTAKES_INIT;
        const struct organisation *heer, *dijk, *weesp;
        const struct region *alkmaar, *noord;
        const struct role_entry *entry;
        char text[UUID_TEXT + 1];
        const day_t *changes;
        size_t n;

        ck_assert_int_eq(read_text(&s, world, &orgs, &mistakes), 0);
        ck_assert_uint_eq(organisations_count(orgs), 5);
        heer = organisations_find(orgs, text_of("gm0398"));
        dijk = organisations_find(orgs, text_of("gm1980"));
        weesp = organisations_find(orgs, text_of("gm0457"));
        ck_assert_ptr_null(organisations_find(orgs, text_of("gm039")));
        ck_assert_ptr_eq(organisations_at(orgs, heer->index), heer);
        ck_assert_ptr_eq(heer->successor, dijk);
        ck_assert_str_eq(heer->urn, "urn:ketenwacht:gm0398");
        ck_assert_str_eq(organisations_find(orgs, text_of("team"))->urn, "urn:nl:oin:00000001");
        ck_assert_str_eq(organisations_operators(orgs)->id, "operators");

        ck_assert_ptr_eq(organisation_follow(heer, date_from_ymd(2021, 12, 31)), heer);
        ck_assert_ptr_eq(organisation_follow(heer, date_from_ymd(2022, 1, 1)), dijk);
        ck_assert_ptr_null(organisation_on(heer, date_from_ymd(2022, 1, 1)));
        ck_assert_ptr_null(organisation_follow(dijk, date_from_ymd(2021, 12, 31)));
        ck_assert_ptr_null(organisation_follow(weesp, date_from_ymd(2022, 3, 24)));
        ck_assert_ptr_null(organisation_follow(weesp, date_from_ymd(2014, 12, 31)));
        ck_assert_str_eq(organisation_on(weesp, date_from_ymd(2019, 12, 31))->region->id, "gooi");
        ck_assert_str_eq(organisation_on(weesp, date_from_ymd(2020, 1, 1))->region->id, "alkmaar");

        alkmaar = regions_find(orgs, text_of("alkmaar"));
        noord = regions_find(orgs, text_of("noord-holland"));
        ck_assert(region_within(alkmaar, noord) && region_within(alkmaar, alkmaar) && !region_within(noord, alkmaar));
        uuid_format(&alkmaar->case_id, text);
        ck_assert_ptr_eq(regions_find_case(orgs, &alkmaar->case_id), alkmaar);
        ck_assert_str_eq(alkmaar->name, "Alkmaar");
        ck_assert_str_eq(noord->name, "noord-holland");

        entry = role_find(dijk->roles, dijk->n_roles, "local-team");
        ck_assert_uint_eq(entry->n, 2);
        ck_assert_ptr_eq(entry->organisations[1], dijk);
        ck_assert(organisations_have_role(orgs, "region") && !organisations_have_role(orgs, "gi"));

        changes = organisations_changes(orgs, &n);
        ck_assert_uint_eq(n, 4); /* 2015-01-01, 2020-01-01 (also the day after an until), 2022-01-01 (twice), 2022-03-24 */
        ck_assert_int_eq(changes[0], date_from_ymd(2015, 1, 1));
        ck_assert_int_eq(changes[3], date_from_ymd(2022, 3, 24));
        organisations_free(orgs);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

static const struct {
        const char *text, *urn;
} own_urns[] = {
        {"", "urn:ketenwacht:ketenwacht"},
        {"ketenwacht: {urn: 'urn:nld:oin:00000099000000000014:systeem:ketenwacht'}\n", "urn:nld:oin:00000099000000000014:systeem:ketenwacht"},
        {"ketenwacht: {urn: 'urn:x-test:a/b(c)%20;d=e?+f#g'}\n", "urn:x-test:a/b(c)%20;d=e?+f#g"},
};

START_TEST(test_what_ketenwacht_itself_is_called) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(65536);
        struct mistakes mistakes = MISTAKES_INIT;
        struct scratch s = scratch_new();
        struct organisations *orgs = NULL;

        buffer_printf(&text, OPERATORS "%s", own_urns[_i].text);
        ck_assert_msg(read_text(&s, buffer_text(&text), &orgs, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_str_eq(organisations_broker_urn(orgs), own_urns[_i].urn);
        ck_assert_str_eq(organisations_broker_urn(NULL), "urn:ketenwacht:ketenwacht");
        organisations_free(orgs);
        mistakes_done(&mistakes);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_region_case_is_the_uuid_of_the_contract) {
        char path[SCRATCH_PATH], text[UUID_TEXT + 1];
        struct organisations *orgs = NULL;
        struct mistakes mistakes = MISTAKES_INIT;

        ck_assert_int_eq(organisations_read(project_path("tests/stories/examples/config/organisations.yaml", path), &orgs, &mistakes), 0);
        uuid_format(&regions_find(orgs, text_of("gooi-en-vechtstreek"))->case_id, text);
        ck_assert_str_eq(text, "8b825536-292b-5419-8b89-e996029302f9");
        organisations_free(orgs);
        mistakes_done(&mistakes);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("organisations");
        TCase *tcase = tcase_create("organisations");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_loop_test(tcase, test_mistakes, 0, ELEMENTS(mistake_rows));
        tcase_add_test(tcase, test_circle_of_successors_is_told_once);
        tcase_add_test(tcase, test_every_mistake_of_a_file_is_told);
        tcase_add_test(tcase, test_what_was_read_answers);
        tcase_add_loop_test(tcase, test_what_ketenwacht_itself_is_called, 0, ELEMENTS(own_urns));
        tcase_add_test(tcase, test_region_case_is_the_uuid_of_the_contract);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
