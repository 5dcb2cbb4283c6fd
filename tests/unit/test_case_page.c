/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the page of a case says what explain says, shows personal fields to nobody without a record of it, and to an organisation what it was told: all
 * else is, to the byte, as if it were not there.
 * Method: stories played onto a bus in memory, a replica beside it, the routes of the console behind the real server; each asker says in headers who it is.
 * What is written to the audit is caught where the auditor is asked.
 */

#include <jansson.h>
#include <pthread.h>

#include "bus/memory.h"
#include "cluster/audit.h"
#include "cluster/topics.h"
#include "console/access/auditor.h"
#include "console_fixture.h"
#include "engine/explain.h"
#include "engine/row.h"
#include "shared_bus.h"
#include "story_fixture.h"

#define OUT_MAX ((size_t)8 << 20)
#define NOBODY_THERE "/zaken/00000000-0000-4000-8000-000000000009"
#define MOVED "tests/stories/examples/05-moved/events.jsonl"
#define MOVED_CHILD "64c188d3-1bba-5277-be45-b2ec809548e2"
#define EACH "tests/stories/examples/12-for-each/events.jsonl"
#define EACH_CASE "cfd963df-c334-52be-81c5-50adb59309bc"
#define ENDED_CHILD "9665eb43-9d78-523d-8fc2-0620e218b0b6"
#define AGES "tests/stories/examples/10-repeats-and-ages/events.jsonl"
#define AGES_CHILD "ce0cf2e6-d016-5442-92cf-977245b9479c"
#define AGES_BORN "2006-02-28"

static const struct postings nothing_posted;
static struct config *config;
static struct replay *replay;
static struct memory *memory;
static struct shared_bus shared;
static struct replica *replica;
static struct tracks *tracks;
static struct console_site site;
static struct console console;
static instant_t now;
static pthread_mutex_t audit_lock = PTHREAD_MUTEX_INITIALIZER;
static bool audit_takes, forgets;
static unsigned viewed, personal;
static char reason_said[AUDIT_TEXT_MAX + 1];

/* -- In place of the auditor -- */

bool __wrap_auditor_write(struct auditor *a, const struct audit_record *record);
bool __wrap_auditor_note(struct auditor *a, const struct audit_record *record);

static bool audit_said(const struct audit_record *record) {
        bool takes;

        if (pthread_mutex_lock(&audit_lock))
                abort();
        takes = audit_takes;
        if (takes && text_equal(record->action, TEXT_OF(AUDIT_VIEW_CASE)))
                viewed++;
        if (takes && text_equal(record->action, TEXT_OF(AUDIT_VIEW_PERSONAL))) {
                personal++;
                (void) snprintf(reason_said, sizeof(reason_said), "%.*s", (int)record->reason.n, record->reason.s);
        }
        if (pthread_mutex_unlock(&audit_lock))
                abort();
        return takes;
}

bool __wrap_auditor_write(struct auditor *a, const struct audit_record *record) {
        (void) a;
        return audit_said(record);
}

bool __wrap_auditor_note(struct auditor *a, const struct audit_record *record) {
        (void) a;
        return audit_said(record);
}

/* -- The console, and who asks it -- */

static instant_t present(void *ctx) {
        (void) ctx;
        return now;
}

/* Rows of case-state as a worker would write them. */
static int append_rows(void *ctx, const struct outcome *outcome) {
        (void) ctx;
        for (size_t i = 0; i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];
                const struct bus_record record = {.topic = TOPIC_CASE_STATE, .key = row->key, .key_n = row->n_key, .value = row->value,
                                                  .value_n = row->n_value};

                ck_assert_int_eq(memory_append(memory, &record), 0);
        }
        return 0;
}

/* The row that a worker leaves of a case that is forgotten. */
static void append_closed(void) {
        const struct telling closed = {.day = date_from_ymd(2024, 7, 1), .told_at = INT64_C(1700000000000)};
        struct buffer value = BUFFER_INIT(1024);
        struct row_codec *codec;
        struct row_key key = {.kind = ROW_CLOSED};
        uint8_t bytes[ROW_KEY_BYTES];

        ck_assert_int_eq(row_codec_new(&codec), 0);
        ck_assert(uuid_parse(ENDED_CHILD, UUID_TEXT, &key.case_id));
        row_key_write(&key, bytes);
        row_write(codec, ROW_CLOSED, &closed, &value);
        ck_assert_int_eq(memory_append(memory, &(struct bus_record){.topic = TOPIC_CASE_STATE, .key = bytes, .key_n = sizeof(bytes), .value = value.bytes,
                                                                    .value_n = value.n}), 0);
        buffer_done(&value);
        row_codec_free(codec);
}

static void await_replica(void) {
        struct replica_status status;

        for (replica_status(replica, &status); status.state != REPLICA_LIVE; replica_status(replica, &status))
                shared_pause();
}

static void begin(const char *story) {
        static const struct clock_ops ops = {present, present};
        static const struct console_settings settings;
        const struct clock clock = {&ops, NULL};
        struct error err = {0};

        now = INT64_C(1600000000000);
        config = story_config("tests/stories/examples/config");
        ck_assert_int_eq(memory_new(clock, &memory), 0);
        ck_assert_int_eq(memory_topic(memory, TOPIC_CASE_STATE, 1), 0);
        replay = story_play(config, story, append_rows, NULL);
        now = replay_now(replay);
        shared_bus_init(&shared, memory_bus(memory));
        ck_assert_msg(replica_new(&(struct replica_config){.config = config, .bus = &shared.bus, .clock = clock}, &replica, &err) == 0, "%s", err.text);
        if (forgets)
                append_closed();
        await_replica();
        ck_assert_msg(tracks_new(&(struct tracks_config){.config = config, .bus = &shared.bus, .clock = clock}, &tracks, &err) == 0, "%s", err.text);
        console = (struct console){.tracks = tracks, .config = config, .settings = &settings, .clock = clock, .replica = replica};
        console_site_begin(&site, &console, now);
        audit_takes = true;
        viewed = personal = 0;
}

static void teardown(void) {
        console_site_end(&site);
        replica = replica_free(replica);
        tracks = tracks_free(tracks);
        shared_bus_done(&shared);
        memory = memory_free(memory);
        replay = replay_free(replay);
        config = config_free(config);
}

static struct http_reply ask(const char *roles, const char *organisation, const char *path, const char *form) {
        return console_site_ask(&site, roles, organisation, path, form, NULL);
}

static struct casefile *case_of(const char *id) {
        struct uuid uuid;

        ck_assert(uuid_parse(id, UUID_TEXT, &uuid));
        return store_find(replay_store(replay), &uuid);
}

/* -- Whoever may see all of it -- */

/* Every line of the explanation stands on the page, and the picture with its table. */
START_TEST(the_page_says_what_explain_says) {
        struct http_reply reply;
        struct buffer text = BUFFER_INIT(OUT_MAX), escaped = BUFFER_INIT(OUT_MAX);
        struct html h = HTML_WRITER(&escaped);
        const char *line, *end;

        begin(MOVED);
        reply = ask("zaak", NULL, "/zaken/" MOVED_CHILD, NULL);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_int_eq(explain_text(replay_engine(replay), replay_store(replay), case_of(MOVED_CHILD), now, NULL, NULL, &text), 0);
        html_text(&h, strstr(buffer_text(&text), "\n\n") + 2);
        line = strchr(buffer_text(&escaped), '\n') + 1; /* behind the title of the first obligation */
        for (; (end = strchr(line, '\n')); line = end + 1) {
                char one[1024];

                (void) snprintf(one, sizeof(one), "%.*s", (int)(end - line), line);
                ck_assert_msg(console_site_says(&reply, one), "no '%s'", one);
        }
        ck_assert(console_site_says(&reply, "<svg") && console_site_says(&reply, "role=\"img\"") && console_site_says(&reply, "Wat het beeld laat zien"));
        ck_assert(console_site_says(&reply, ">Hilversum</a> (gm0402)") && console_site_says(&reply, ">GI Noordzee</a> (gi-noordzee)"));
        ck_assert(console_site_says(&reply, "lang=\"nl\">  norm protector-assigned"));
        ck_assert_uint_eq(viewed, 1);
        http_done(&reply);
        reply = ask("zaak", NULL, NOBODY_THERE, NULL);
        ck_assert_int_eq(reply.status, 404);
        ck_assert_uint_eq(viewed, 1);
        http_done(&reply);
        buffer_done(&text);
        buffer_done(&escaped);
}
END_TEST

static json_t *ask_json(const char *roles, const char *organisation, const char *path) {
        struct http_reply reply = ask(roles, organisation, path, NULL);
        json_t *object;

        ck_assert_int_eq(reply.status, 200);
        object = json_loads(buffer_text(&reply.body), 0, NULL);
        ck_assert_ptr_nonnull(object);
        http_done(&reply);
        return object;
}

START_TEST(json_has_what_explain_has) {
        struct buffer out = BUFFER_INIT(OUT_MAX);
        json_t *page, *explained, *value;
        const char *key;

        begin(MOVED);
        ck_assert_int_eq(explain_json(replay_engine(replay), replay_store(replay), case_of(MOVED_CHILD), now, NULL, &nothing_posted, &out), 0);
        explained = json_loads(buffer_text(&out), 0, NULL);
        page = ask_json("zaak", NULL, "/api/cases/" MOVED_CHILD);
        json_object_foreach(explained, key, value)
                ck_assert_msg(json_equal(value, json_object_get(page, key)), "%s differs", key);
        ck_assert_int_eq(json_integer_value(json_object_get(page, "facts_total")), 2);
        ck_assert_uint_eq(json_array_size(json_object_get(page, "facts")), 2);
        ck_assert_uint_eq(json_array_size(json_object_get(page, "alerts")), 4); /* rung 1: GI and municipality; rung 2: municipality and region */
        json_decref(page);
        page = ask_json("zaak", NULL, "/api/cases/" MOVED_CHILD "?limit=1");
        ck_assert_uint_eq(json_array_size(json_object_get(page, "facts")), 1);
        ck_assert_str_eq(json_string_value(json_object_get(page, "next")), "2");
        ck_assert_uint_eq(json_array_size(json_object_get(page, "alerts")), 1); /* the others are counted */
        ck_assert_int_eq(json_integer_value(json_object_get(page, "alerts_total")), 4);
        json_decref(page);
        page = ask_json("zaak", NULL, "/api/cases/" MOVED_CHILD "?limit=1&after=2");
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(page, "facts"), 0), "event")), "measure-started");
        ck_assert_ptr_null(json_object_get(page, "next"));
        json_decref(page);
        json_decref(explained);
        buffer_done(&out);
}
END_TEST

START_TEST(what_is_no_number_is_refused) {
        static const char *const paths[] = {"/zaken/" MOVED_CHILD "?after=x", "/zaken/" MOVED_CHILD "?obligations=-1", "/api/cases/" MOVED_CHILD "?after=0"};

        begin(MOVED);
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                struct http_reply reply = ask("zaak", NULL, paths[i], NULL);

                ck_assert_int_eq(reply.status, 400);
                http_done(&reply);
        }
}
END_TEST

/* Obligations have pages too, in the order of explain. */
START_TEST(obligations_have_pages) {
        struct buffer out = BUFFER_INIT(OUT_MAX);
        json_t *explained, *all, *page;
        size_t seen = 0, total;

        begin(EACH);
        ck_assert_int_eq(explain_json(replay_engine(replay), replay_store(replay), case_of(EACH_CASE), now, NULL, &nothing_posted, &out), 0);
        explained = json_loads(buffer_text(&out), 0, NULL);
        all = json_object_get(explained, "obligations");
        total = json_array_size(all);
        ck_assert_uint_gt(total, 2);
        for (json_int_t first = 0; seen < total; first++) {
                char path[128];
                json_t *part;

                (void) snprintf(path, sizeof(path), "/api/cases/" EACH_CASE "?limit=1&obligations=%lld", (long long)first);
                page = ask_json("zaak", NULL, path);
                part = json_object_get(page, "obligations");
                ck_assert_uint_eq(json_array_size(part), 1);
                ck_assert(json_equal(json_array_get(part, 0), json_array_get(all, seen)));
                ck_assert_uint_eq((size_t)json_integer_value(json_object_get(page, "obligations_total")), total);
                ck_assert_int_eq(json_integer_value(json_object_get(page, "obligations_next")), ++seen < total ? first + 1 : 0);
                json_decref(page);
        }
        page = ask_json("zaak", NULL, "/api/cases/" EACH_CASE "?obligations=1000");
        ck_assert_uint_eq(json_array_size(json_object_get(page, "obligations")), 0);
        json_decref(page);
        json_decref(explained);
        buffer_done(&out);
}
END_TEST

/* A region is a case too: no municipality is responsible for it. */
START_TEST(a_region_is_a_case_too) {
        struct http_reply reply;
        json_t *page;

        begin("tests/stories/examples/09-region/events.jsonl");
        reply = console_site_ask(&site, "zaak", NULL, "/zaken/8b825536-292b-5419-8b89-e996029302f9", NULL, "en");
        ck_assert_int_eq(reply.status, 200);
        ck_assert(console_site_says(&reply, "<h1>Gooi en Vechtstreek</h1>") && console_site_says(&reply, "Obligations, and why"));
        ck_assert(!console_site_says(&reply, "Responsible municipality") && console_site_says(&reply, "<svg"));
        http_done(&reply);
        page = ask_json("zaak", NULL, "/api/cases/8b825536-292b-5419-8b89-e996029302f9");
        ck_assert_str_eq(json_string_value(json_object_get(page, "region")), "gooi-en-vechtstreek");
        ck_assert_ptr_null(json_object_get(page, "municipality"));
        json_decref(page);
}
END_TEST

/* One that is over and forgotten says so, but to an organisation, which may not know that there was one. */
START_TEST(a_case_that_is_forgotten_says_so) {
        struct http_reply reply;
        json_t *page;

        forgets = true;
        begin(MOVED);
        reply = ask("zaak", NULL, "/zaken/" ENDED_CHILD, NULL);
        ck_assert_int_eq(reply.status, 200);
        ck_assert(console_site_says(&reply, "wat ervan bekend was, is vergeten") && console_site_says(&reply, "1 jul 2024"));
        ck_assert(!console_site_says(&reply, "Toon persoonsgegevens"));
        http_done(&reply);
        page = ask_json("zaak", NULL, "/api/cases/" ENDED_CHILD);
        ck_assert_str_eq(json_string_value(json_object_get(page, "closed_on")), "2024-07-01");
        json_decref(page);
        reply = ask("zaak", "gm0375", "/zaken/" ENDED_CHILD, NULL);
        ck_assert_int_eq(reply.status, 404);
        http_done(&reply);
        reply = ask("gegevens", NULL, "/zaken/" ENDED_CHILD, "reason=overleg");
        ck_assert_int_eq(reply.status, 404);
        http_done(&reply);
}
END_TEST

/* -- Personal fields -- */

/* A birth date is a field, the beginning of a term and of a bar: none of the three is shown. */
START_TEST(personal_fields_are_masked) {
        static const char *const paths[] = {"/zaken/" AGES_CHILD, "/api/cases/" AGES_CHILD};

        begin(AGES);
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                struct http_reply reply = ask("zaak gegevens", NULL, paths[i], NULL);

                ck_assert_int_eq(reply.status, 200);
                ck_assert(!console_site_says(&reply, AGES_BORN) && !console_site_says(&reply, "28 februari 2006") && !console_site_says(&reply, "28 feb 2006"));
                http_done(&reply);
        }
}
END_TEST

START_TEST(personal_fields_are_shown_with_a_reason_that_stands_in_the_audit) {
        struct http_reply reply;

        begin(AGES);
        reply = ask("zaak", NULL, "/zaken/" AGES_CHILD, NULL);
        ck_assert(!console_site_says(&reply, "Toon persoonsgegevens"));
        http_done(&reply);
        reply = ask("gegevens", NULL, "/zaken/" AGES_CHILD, NULL);
        ck_assert(console_site_says(&reply, "Toon persoonsgegevens") && console_site_says(&reply, "afgeschermd"));
        http_done(&reply);
        reply = ask("zaak beheer meta", NULL, "/zaken/" AGES_CHILD, "reason=overleg");
        ck_assert_int_eq(reply.status, 404);
        http_done(&reply);
        reply = ask("gegevens", NULL, "/zaken/" AGES_CHILD, "reason=+%20");
        ck_assert_int_eq(reply.status, 400);
        ck_assert(!console_site_says(&reply, AGES_BORN));
        http_done(&reply);
        ck_assert_uint_eq(personal, 0);
        reply = ask("gegevens", NULL, "/zaken/" AGES_CHILD, "reason=overleg+met+de+GI");
        ck_assert_int_eq(reply.status, 200);
        ck_assert(console_site_says(&reply, AGES_BORN) && console_site_says(&reply, "28 februari 2006") && !console_site_says(&reply, "afgeschermd"));
        ck_assert_uint_eq(personal, 1);
        ck_assert_str_eq(reason_said, "overleg met de GI");
        http_done(&reply);
        audit_takes = false;
        reply = ask("gegevens", NULL, "/zaken/" AGES_CHILD, "reason=overleg");
        ck_assert_int_eq(reply.status, 503);
        ck_assert(!console_site_says(&reply, AGES_BORN));
        http_done(&reply);
        reply = ask("gegevens", NULL, NOBODY_THERE, "reason=overleg");
        ck_assert_int_eq(reply.status, 404);
        http_done(&reply);
}
END_TEST

/* -- Organisations -- */

/* A municipality that had one alert, and lost it when the child moved, sees that and nothing of others. */
START_TEST(an_organisation_sees_what_it_was_told) {
        static const char *const others[] = {"gm0402", "gm0375", "Hilversum", "Beverwijk", "region-ijmond", "Start van een kinderbeschermingsmaatregel",
                                             "begonnen met", "Responsible", "Verantwoordelijke gemeente"};
        struct http_reply reply;
        json_t *page;

        begin(MOVED);
        reply = ask("zaak", "gm0453", "/zaken/" MOVED_CHILD, NULL);
        ck_assert_int_eq(reply.status, 200);
        ck_assert(console_site_says(&reply, "melding opgelost") && console_site_says(&reply, "U hoorde het als") && console_site_says(&reply, "<svg"));
        for (size_t i = 0; i < ELEMENTS(others); i++)
                ck_assert_msg(!console_site_says(&reply, others[i]), "%s", others[i]);
        http_done(&reply);
        page = ask_json("zaak", "gm0453", "/api/cases/" MOVED_CHILD);
        ck_assert_uint_eq(json_array_size(json_object_get(page, "obligations")), 1);
        ck_assert_uint_eq(json_array_size(json_object_get(page, "facts")), 0);
        ck_assert_uint_eq(json_array_size(json_object_get(page, "alerts")), 0);
        ck_assert_ptr_null(json_object_get(page, "residence"));
        json_decref(page);
        page = ask_json("zaak", "gm0375", "/api/cases/" MOVED_CHILD);
        ck_assert_uint_eq(json_array_size(json_object_get(page, "facts")), 1);
        json_decref(page);
}
END_TEST

/* What it was not told answers, to the byte, as what is not there; a case that is not there too; and there is nothing it may press. */
START_TEST(all_else_is_not_there) {
        static const char *const paths[] = {"/zaken/", "/api/cases/"};
        char path[128];

        begin(MOVED);
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                struct http_reply told_nothing, nothing_there;

                (void) snprintf(path, sizeof(path), "%s" MOVED_CHILD, paths[i]);
                told_nothing = ask("zaak gegevens beheer meta", "gm0396", path, NULL);
                (void) snprintf(path, sizeof(path), "%s00000000-0000-4000-8000-000000000009", paths[i]);
                nothing_there = ask("zaak gegevens beheer meta", "gm0396", path, NULL);
                ck_assert_int_eq(told_nothing.status, 404);
                ck_assert_int_eq(nothing_there.status, 404);
                ck_assert_str_eq(buffer_text(&told_nothing.body), buffer_text(&nothing_there.body));
                http_done(&told_nothing);
                http_done(&nothing_there);
        }
        ck_assert_uint_eq(viewed, 0);
        {
                struct http_reply reply = ask("gegevens", "gm0453", "/zaken/" MOVED_CHILD, "reason=overleg");

                ck_assert_int_eq(reply.status, 404);
                ck_assert_uint_eq(personal, 0);
                http_done(&reply);
        }
}
END_TEST

/* -- Acknowledging -- */

#define FORM_ID "00000000-0000-4000-8000-00000000000f"

static void see_alert(void *ctx, const struct replica_alert *alert) {
        *(struct replica_alert *)ctx = *alert;
}

static struct replica_alert first_alert(void) {
        struct replica_alerts_page page;
        struct replica_alert alert;

        replica_lock(replica);
        replica_alerts(replica, &(struct replica_alerts_filter){0}, NULL, 1, see_alert, &alert, &page);
        replica_unlock(replica);
        ck_assert_uint_eq(page.n, 1);
        return alert;
}

static void check_acknowledged(const char *roles, const char *organisation, const char *alert, const char *form, const char *by, long status) {
        char fields[256];
        struct http_reply reply;

        (void) snprintf(fields, sizeof(fields), "alert=%s&form=%s&by=%s", alert, form, by);
        reply = ask(roles, organisation, "/meldingen/bevestigen", fields);
        ck_assert_msg(reply.status == status, "%s of %s, %s: %ld, not %ld", roles, organisation ? organisation : "all", fields, reply.status, status);
        http_done(&reply);
}

START_TEST(nothing_is_acknowledged_that_may_not_be) {
        struct replica_alert alert;
        const char *own, *other;
        char id[UUID_TEXT + 1];

        begin(MOVED);
        alert = first_alert();
        uuid_format(&alert.alert_id, id);
        own = alert.organisation->id;
        other = organisations_at(config->organisations, alert.organisation->index ? 0 : 1)->id;
        audit_takes = false;
        check_acknowledged("zaak gegevens meta", NULL, id, FORM_ID, "regie", 404);
        check_acknowledged("beheer", other, id, FORM_ID, "regie", 404);
        check_acknowledged("beheer", NULL, FORM_ID, FORM_ID, "regie", 404);
        check_acknowledged("beheer", NULL, id, "", "regie", 400);
        check_acknowledged("beheer", NULL, "x", FORM_ID, "regie", 400);
        check_acknowledged("beheer", NULL, id, FORM_ID, "+", 400);
        check_acknowledged("beheer", NULL, id, FORM_ID, "regie", 503); /* the audit does not take it: nothing was published, or there is no bus to do it on */
        check_acknowledged("beheer", own, id, FORM_ID, "wijkteam", 503);
}
END_TEST

int main(void) {
        Suite *s = suite_create("case_page");
        TCase *t = tcase_create("case_page");
        SRunner *runner;
        int failed;

        tcase_set_timeout(t, 120);
        tcase_add_checked_fixture(t, NULL, teardown);
        tcase_add_test(t, the_page_says_what_explain_says);
        tcase_add_test(t, json_has_what_explain_has);
        tcase_add_test(t, what_is_no_number_is_refused);
        tcase_add_test(t, obligations_have_pages);
        tcase_add_test(t, a_region_is_a_case_too);
        tcase_add_test(t, a_case_that_is_forgotten_says_so);
        tcase_add_test(t, personal_fields_are_masked);
        tcase_add_test(t, personal_fields_are_shown_with_a_reason_that_stands_in_the_audit);
        tcase_add_test(t, an_organisation_sees_what_it_was_told);
        tcase_add_test(t, all_else_is_not_there);
        tcase_add_test(t, nothing_is_acknowledged_that_may_not_be);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
