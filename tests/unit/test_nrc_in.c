/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a ZGW notification is read as the standard has it, finds its rule, and becomes the event that the rule says, the same for every repetition.
 * Method: tables of bodies, of URLs and of sources; the events of the project.
 */

#include <errno.h>

#include "connect/intake.h"
#include "connectors/nrc-in/rules.h"
#include "model_fixture.h"

#define ZAAK "https://zaken.example.nl/api/v1/zaken/1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define STATUS "https://zaken.example.nl/api/v1/statussen/7f0a320f-7e2d-50ba-959b-4131a3834d5d"
#define CREATED "2022-10-10T11:00:00.123456+02:00"
#define NOTIFICATION(kanaal, resource, actie, more) \
        "{\"kanaal\":\"" kanaal "\",\"hoofdObject\":\"" ZAAK "\",\"resource\":\"" resource "\",\"resourceUrl\":\"" STATUS "\",\"actie\":\"" actie \
        "\",\"aanmaakdatum\":\"" CREATED "\"" more "}"
#define GOOD NOTIFICATION("zaken", "status", "create", ",\"source\":\"urn:nld:x\",\"kenmerken\":{\"zaaktype\":\"ots\"}")

static struct organisations *orgs;
static struct event_types *types;

static void setup(void) {
        project_parties(&orgs, &types);
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

/* -- Notifications -- */

static const struct {
        const char *body, *wrong;
} bodies[] = {
        {GOOD, NULL},
        {NOTIFICATION("zaken", "status", "create", ""), NULL},
        {NOTIFICATION("zaken", "status", "create", ",\"kenmerken\":null"), NULL},
        {"\xEF\xBB\xBF" GOOD, NULL},
        {"[]", "object"},
        {"{\"kanaal\":", "JSON"},
        {NOTIFICATION("", "status", "create", ""), "kanaal must be a text of 1 to 50"},
        {NOTIFICATION("zaken", "status", "create", ",\"kenmerken\":[]"), "kenmerken must be an object"},
        {"{\"kanaal\":\"zaken\"}", "hoofdObject must be"},
        {"{\"kanaal\":\"a\",\"hoofdObject\":\"b\",\"resource\":\"c\",\"resourceUrl\":\"d\",\"actie\":\"e\",\"aanmaakdatum\":\"2022-10-10\"}",
         "aanmaakdatum must be an instant"},
        {"{\"kanaal\":\"a\",\"hoofdObject\":\"b\",\"resource\":\"c\",\"resourceUrl\":\"d\",\"actie\":7,\"aanmaakdatum\":\"2022-10-10\"}", "actie must be"},
};

START_TEST(test_notifications_are_read) {
        struct notification n = {0};
        struct error err = {0};
        bool right = notification_read(text_of(bodies[_i].body), &n, &err);

        ck_assert_msg(right == !bodies[_i].wrong, "%s", err.text);
        if (right)
                ck_assert_str_eq(n.resource_url, STATUS);
        else
                ck_assert_msg(strstr(err.text, bodies[_i].wrong), "%s", err.text);
        notification_done(&n);
}
END_TEST

static const struct {
        const char *url, *last;
} lasts[] = {
        {ZAAK, "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"}, {"https://a/b/c/?x=/y", "c"}, {"https://a/b#/c", "b"}, {"https://a/", ""}, {"https://a", ""},
        {"a/b", ""},
        {"", ""},
};

START_TEST(test_last_segment) {
        struct text last = notification_last(lasts[_i].url);

        ck_assert_uint_eq(last.n, strlen(lasts[_i].last));
        ck_assert_int_eq(last.n ? memcmp(last.s, lasts[_i].last, last.n) : 0, 0);
}
END_TEST

static struct uuid id_of(const char *body, const char *organisation) {
        struct notification n = {0};
        struct error err = {0};
        struct uuid id;

        ck_assert_msg(notification_read(text_of(body), &n, &err), "%s", err.text);
        id = notification_event_id(&n, organisation);
        notification_done(&n);
        return id;
}

START_TEST(test_a_repetition_has_the_same_id) {
        struct uuid id = id_of(GOOD, "gi-jbn"), other;

        other = id_of(NOTIFICATION("zaken", "status", "create", ""), "gi-jbn"); /* kenmerken say nothing of which it is */
        ck_assert(uuid_equal(&id, &other));
        other = id_of(GOOD, "gi-ljr");
        ck_assert(!uuid_equal(&id, &other));
        other = id_of(NOTIFICATION("zaken", "status", "update", ""), "gi-jbn");
        ck_assert(!uuid_equal(&id, &other));
        other = id_of(NOTIFICATION("zaken", "zaak", "create", ""), "gi-jbn");
        ck_assert(!uuid_equal(&id, &other));
}
END_TEST

/* -- Rules -- */

#define FIELD(key, value) \
        { key, value }
#define ACTIES(...) \
        {(const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)}
static const struct option_pair fields[] = {
        FIELD("measure_id", "notification.resourceUrl | last"), FIELD("kind", "=OTS"), FIELD("verdict_date", "datumStatusGezet | date"),
        FIELD("informed_date", "resource.kennis.0.datum"), FIELD("gi", "=gi-jbn"), FIELD("municipality", "hoofdObject.gemeente"), FIELD("ends_on", "eind"),
};
static const struct option_pair marks[] = {FIELD("zaaktype", "ots")}, others[] = {FIELD("zaaktype", "voogdij")};
static struct rule rules[] = {
        {.kanaal = "zaken", .resource = "status", .actie = ACTIES("create", "partial_update"), .event = "measure-ended", .kenmerken = {others, 1}},
        {.kanaal = "zaken", .resource = "status", .actie = ACTIES("create", "partial_update"), .event = "measure-started", .kenmerken = {marks, 1},
         .fields = {fields, ELEMENTS(fields)}},
        {.kanaal = "zaken", .resource = "zaak", .actie = ACTIES("destroy"), .event = "measure-ended"},
};
static const struct option_table table = {rules, ELEMENTS(rules)};

static const struct {
        const char *body;
        int rule;
} found[] = {
        {GOOD, 1},
        {NOTIFICATION("zaken", "status", "create", ",\"kenmerken\":{\"zaaktype\":\"voogdij\"}"), 0},
        {NOTIFICATION("zaken", "status", "create", ",\"kenmerken\":{\"zaaktype\":7}"), -1},
        {NOTIFICATION("zaken", "status", "create", ""), -1},
        {NOTIFICATION("zaken", "status", "update", ",\"kenmerken\":{\"zaaktype\":\"ots\"}"), -1},
        {NOTIFICATION("documenten", "status", "create", ",\"kenmerken\":{\"zaaktype\":\"ots\"}"), -1},
        {NOTIFICATION("zaken", "status", "partial_update", ",\"kenmerken\":{\"zaaktype\":\"ots\"}"), 1},
        {NOTIFICATION("zaken", "zaak", "destroy", ""), 2},
};

START_TEST(test_the_first_rule_that_fits) {
        struct notification n = {0};
        struct error err = {0};

        ck_assert(notification_read(text_of(found[_i].body), &n, &err));
        ck_assert_ptr_eq(rules_find(&table, &n), found[_i].rule < 0 ? NULL : &rules[found[_i].rule]);
        notification_done(&n);
}
END_TEST

START_TEST(test_what_a_rule_fetches) {
        ck_assert(rule_needs(&rules[1], RULE_RESOURCE) && rule_needs(&rules[1], RULE_MAIN) && rule_needs(&rules[1], RULE_NOTIFICATION));
        ck_assert(!rule_needs(&rules[2], RULE_RESOURCE) && !rule_needs(&rules[2], RULE_MAIN));
        ck_assert(rules_fetch(&table));
}
END_TEST

/* The event that the rule makes is one that may be published. */
START_TEST(test_a_rule_makes_an_event) {
        const struct event_type *type = event_types_find(types, text_of("measure-started"));
        struct intake_request request = {.type = type, .caller = organisations_find(orgs, text_of("gi-jbn")), .form = INTAKE_PLAIN};
        json_t *sources[RULE_SOURCES] = {0}, *event;
        struct problem problem = {0};
        struct notification n = {0};
        struct intake intake;
        struct arena *arena;
        char *body, day[DATE_TEXT + 1];

        ck_assert_int_eq(arena_new(&arena, INTAKE_ARENA_MAX), 0);
        ck_assert(notification_read(text_of(GOOD), &n, &(struct error){0}));
        sources[RULE_NOTIFICATION] = n.json;
        sources[RULE_RESOURCE] = json_loads("{\"datumStatusGezet\":\"2022-10-09T22:30:00Z\",\"kennis\":[{\"datum\":\"2022-10-10\"}],\"eind\":null}", 0, NULL);
        sources[RULE_MAIN] = json_loads("{\"gemeente\":\"gm0014\"}", 0, NULL);
        event = rule_event(&rules[1], type, &n, "gi-jbn", sources);
        body = json_dumps(event, JSON_COMPACT);
        request.body = body;
        request.n = strlen(body);
        request.now = n.created;
        ck_assert_msg(intake_read(&request, orgs, arena, &intake, &problem), "%s: %s", body, problem.mistakes[0].text);
        date_format((day_t)intake.event.slots[layout_slot(type->layout, "verdict_date")].i, day);
        ck_assert_str_eq(day, "2022-10-10"); /* of half past midnight here */
        ck_assert_int_eq(intake.event.slots[SLOT_RECORDED_AT].i, n.created);
        ck_assert_int_eq(intake.event.slots[layout_slot(type->layout, "ends_on")].kind, SLOT_NULL);
        intake_done(&intake);
        free(body);
        json_decref(event);
        json_decref(sources[RULE_RESOURCE]);
        json_decref(sources[RULE_MAIN]);
        notification_done(&n);
        arena_free(arena);
}
END_TEST

static const struct {
        const char *kanaal, *event, *key, *value, *told;
} wrong[] = {
        {"zaken", "measure-started", "kind", "=OTS", NULL},
        {"zaken", "measure-started", "case_id", "zaak | last", NULL},
        {"test", "measure-started", "kind", "=OTS", "probes"},
        {"zaken", "measure-startd", "kind", "=OTS", "no event type 'measure-startd' (did you mean 'measure-started'?)"},
        {"zaken", "escalation-raised", "norm", "x", "gi-jbn may not publish"},
        {"zaken", "court-decided", "kind", "x", "gi-jbn may not publish"},
        {"zaken", "measure-started", "knid", "x", "measure-started has no field 'knid' (did you mean 'kind'?)"},
        {"zaken", "measure-started", "event_id", "x", "event_id is made here"},
        {"zaken", "measure-started", "source", "x", "source is made here"},
        {"zaken", "measure-started", "kind", "=", "is no source"},
        {"zaken", "measure-started", "kind", "a..b", "is no source"},
        {"zaken", "measure-started", "kind", ".a", "is no source"},
        {"zaken", "measure-started", "kind", "a.", "is no source"},
        {"zaken", "measure-started", "kind", "resource.", "is no source"},
        {"zaken", "measure-started", "kind", "a | first", "is no source"},
};

START_TEST(test_rules_that_cannot_be_meant) {
        const struct option_pair field = {wrong[_i].key, wrong[_i].value};
        struct rule rule = {.kanaal = wrong[_i].kanaal, .resource = "status", .actie = ACTIES("create"), .event = wrong[_i].event, .fields = {&field, 1}};
        struct option_table one = {&rule, 1};
        struct error err = {0};
        int r = rules_check(&one, types, organisations_find(orgs, text_of("gi-jbn")), &err);

        ck_assert_int_eq(r, wrong[_i].told ? -EINVAL : 0);
        if (wrong[_i].told)
                ck_assert_msg(strstr(err.text, wrong[_i].told) && strstr(err.text, "status, create"), "%s", err.text);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("nrc-in");
        TCase *t = tcase_create("nrc-in");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, test_notifications_are_read, 0, ELEMENTS(bodies));
        tcase_add_loop_test(t, test_last_segment, 0, ELEMENTS(lasts));
        tcase_add_test(t, test_a_repetition_has_the_same_id);
        tcase_add_loop_test(t, test_the_first_rule_that_fits, 0, ELEMENTS(found));
        tcase_add_test(t, test_what_a_rule_fetches);
        tcase_add_test(t, test_a_rule_makes_an_event);
        tcase_add_loop_test(t, test_rules_that_cannot_be_meant, 0, ELEMENTS(wrong));
        suite_add_tcase(suite, t);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
