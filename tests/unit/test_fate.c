/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what became of an event follows from places, answers, copies and how far the workers are, in whatever order they were taken in; nothing of
 * another's, and nothing half when memory is short.
 * Method: records made as the product makes them; each answer is compared as text, or by the members that the case is about.
 */

#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/mistakes.h"
#include "cluster/event_refused.h"
#include "cluster/topics.h"
#include "connect/fate.h"
#include "model_fixture.h"
#include "record_fixture.h"

#define EVENT_ID "60a3d05e-e53c-5dbc-921a-806f98a46c8c"
#define CASE_ID "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define OTHER_CASE "5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0c01"
#define NOW INT64_C(1700000000000)
#define SINCE (NOW - 31 * DAY_MS)

static struct event_types *types;
static struct organisations *orgs;
static struct fates *fates;
static struct arena *arena;
static bool asks[ORGANISATIONS_MAX];
static int64_t done;         /* of every partition */
static instant_t refused_at; /* what refuse() says */

static const struct organisation *org(const char *id) {
        const struct organisation *o = organisations_find(orgs, text_of(id));

        ck_assert_ptr_nonnull(o);
        return o;
}

static void begin(size_t bytes_max) {
        const struct fates_config config = {.types = types, .organisations = orgs, .asks = asks, .bytes_max = bytes_max, .since = SINCE};

        fates = fates_free(fates);
        ck_assert_int_eq(fates_new(&config, &fates), 0);
}

static void setup(void) {
        project_parties(&orgs, &types);
        ck_assert_int_eq(arena_new(&arena, 64 << 20), 0);
        asks[org("gi-jbn")->index] = asks[org("gm0014")->index] = true;
        done = 0;
        refused_at = NOW + 9;
        begin(FATES_BYTES_MAX);
}

static void teardown(void) {
        fates = fates_free(fates);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
}

/* -- Records -- */

static struct bus_record make(const char *name, const char *fields, const char *event_id, const char *case_id, const char *source) {
        return record_make(&(struct record_maker){arena, types, orgs}, name, fields, event_id, case_id, source);
}

#define SAFETY "{\"concern_id\":\"" OTHER_CASE "\",\"date\":\"2023-10-10\"}"

static struct bus_record safety(const char *event_id, const char *case_id, const char *source, int64_t offset, instant_t at) {
        struct bus_record record = make("safety-raised", SAFETY, event_id, case_id, source);

        record.partition = 1;
        record.offset = offset;
        record.timestamp = at;
        return record;
}

static void post(const char *event_id, const char *case_id, const char *source, int64_t offset, instant_t at) {
        struct bus_record record = safety(event_id, case_id, source, offset, at);

        ck_assert_int_eq(fates_take_post(fates, event_types_find(types, TEXT_OF("safety-raised")), &record), 0);
}

static void copy(const char *to, const char *case_id, const char *source) {
        struct bus_record record = safety(EVENT_ID, case_id, source, 7, NOW + 5);

        ck_assert_int_eq(fates_take_inbox(fates, org(to), &record), 0);
}

/* event-refused in the inbox of @to, of the record at @offset. */
static void refuse(const char *to, const char *refused, int64_t offset, const char *code) {
        char fields[256], id[UUID_TEXT + 1];
        struct uuid place, of;
        struct bus_record record;

        ck_assert(uuid_parse(refused, strlen(refused), &of));
        place = event_refused_id("safety-raised", 1, offset, &of);
        uuid_format(&place, id);
        (void) snprintf(fields, sizeof(fields), "{\"refused\":\"%s\",\"code\":\"%s\",\"text\":\"Nee: %s\"}", refused, code, code);
        record = make("event-refused", fields, id, CASE_ID, "ketenwacht");
        record.timestamp = refused_at;
        ck_assert_int_eq(fates_take_inbox(fates, org(to), &record), 0);
}

static void letter(int64_t offset, const char *code) {
        struct bus_record record = safety(EVENT_ID, CASE_ID, "gi-jbn", offset, NOW);
        struct dead_letter *made = arena_calloc(arena, 1, sizeof(*made));

        record.topic = "safety-raised";
        dead_letter_make(&record, &(struct dead_letter_why){.stage = "frame", .code = code, .error = "why not"}, made);
        made->record.timestamp = NOW + 8;
        ck_assert_int_eq(fates_take_letter(fates, &made->record), 0);
}

/* -- Answers -- */

static int64_t done_everywhere(void *ctx, const struct event_type *type, int32_t partition) {
        (void) ctx;
        ck_assert_str_eq(type->name, "safety-raised");
        ck_assert_int_eq(partition, 1);
        return done;
}

/* "fact: fact duplicate > gm0014 rvdk", "refused BAD_VALUE: refused >", or "unknown". */
static const char *tell(const char *source, const char *event_id) {
        const struct fates_progress progress = {done_everywhere, NULL};
        struct buffer text = BUFFER_INIT(1 << 20), said = BUFFER_INIT(1 << 20);
        struct json_writer w = JSON_WRITER(&text);
        struct uuid id;
        json_t *json, *item;
        size_t i;
        const char *ret;

        ck_assert(uuid_parse(event_id, UUID_TEXT, &id));
        if (!fates_tell(fates, org(source), &id, &progress, &w))
                return "unknown";
        json = json_loadb(buffer_text(&text), text.n, 0, NULL);
        ck_assert_msg(json != NULL, "%s", buffer_text(&text));
        ck_assert_str_eq(json_string_value(json_object_get(json, "event_id")), event_id);
        buffer_add_text(&said, json_string_value(json_object_get(json, "state")));
        if (json_object_get(json, "code"))
                buffer_printf(&said, " %s (%s)", json_string_value(json_object_get(json, "code")), json_string_value(json_object_get(json, "text")));
        buffer_add_byte(&said, ':');
        json_array_foreach(json_object_get(json, "posts"), i, item)
                buffer_printf(&said, " %s", json_string_value(json_object_get(item, "state")));
        if (json_object_get(json, "more_posts"))
                buffer_printf(&said, " +%d", (int)json_integer_value(json_object_get(json, "more_posts")));
        json_array_foreach(json_object_get(json, "told"), i, item)
                buffer_printf(&said, "%s%s", i == 0 ? " > " : " ", json_string_value(json_object_get(item, "to")));
        json_decref(json);
        ret = arena_copy(arena, buffer_text(&said), said.n);
        buffer_done(&said);
        buffer_done(&text);
        return ret;
}

START_TEST(how_far_the_workers_are_decides) {
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "unknown");
        post(EVENT_ID, CASE_ID, "gi-jbn", 4, NOW);
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "waiting: waiting");
        done = BUS_NOT_COMMITTED;
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "waiting: waiting");
        done = 4; /* the next to be read is this one */
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "waiting: waiting");
        done = 5;
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact");
        post(EVENT_ID, CASE_ID, "gi-jbn", 9, NOW + 3);
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "waiting: fact waiting");
        done = 10;
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact duplicate");
        post(EVENT_ID, CASE_ID, "gi-jbn", 9, NOW + 3); /* the same record again */
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact duplicate");
        post(EVENT_ID, OTHER_CASE, "gi-jbn", 6, NOW + 1); /* another case knows nothing of it: a fact too */
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact fact duplicate");
}
END_TEST

START_TEST(an_answer_is_of_its_place_and_event) {
        done = 20;
        refuse("gi-jbn", EVENT_ID, 4, "BAD_VALUE"); /* before the record that it answers: topics are read in any order */
        post(EVENT_ID, CASE_ID, "gi-jbn", 4, NOW);
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "refused BAD_VALUE (Nee: BAD_VALUE): refused");
        post(EVENT_ID, CASE_ID, "gi-jbn", 5, NOW + 1);
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: refused fact");
        refuse("gi-jbn", EVENT_ID, 6, "WITHDRAWN");
        post(EVENT_ID, CASE_ID, "gi-jbn", 6, NOW + 2);
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "refused WITHDRAWN (Nee: WITHDRAWN): refused fact refused");
        refuse("gi-jbn", OTHER_CASE, 5, "BAD_VALUE"); /* of an event that stood there in a topic that is no more */
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "refused WITHDRAWN (Nee: WITHDRAWN): refused fact refused");
}
END_TEST

START_TEST(a_dead_letter_answers_where_nobody_could_be_told) {
        post(EVENT_ID, CASE_ID, "gi-jbn", 4, NOW);
        letter(4, "UNKNOWN_SCHEMA");
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "refused UNKNOWN_SCHEMA (why not): refused");
        refuse("gi-jbn", EVENT_ID, 4, "BAD_VALUE");
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "refused BAD_VALUE (Nee: BAD_VALUE): refused"); /* for people */
        letter(4, "UNKNOWN_SCHEMA");
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "refused BAD_VALUE (Nee: BAD_VALUE): refused");
}
END_TEST

START_TEST(each_hears_of_its_own) {
        done = 20;
        post(EVENT_ID, CASE_ID, "gi-jbn", 4, NOW);
        post(EVENT_ID, CASE_ID, "gi-wss", 5, NOW);
        ck_assert_str_eq(tell("gm0014", EVENT_ID), "unknown");
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact");
        refuse("gi-wss", EVENT_ID, 4, "BAD_VALUE"); /* in the inbox of one who does not ask here */
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact");
        ck_assert_str_eq(tell("gi-wss", EVENT_ID), "unknown"); /* has no token, so nothing of it is kept */
}
END_TEST

START_TEST(copies_are_told_once_each) {
        done = 20;
        copy("gm0014", CASE_ID, "gi-jbn");
        post(EVENT_ID, CASE_ID, "gi-jbn", 4, NOW);
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact > gm0014");
        copy("gm0014", CASE_ID, "gi-jbn");
        copy("rvdk", CASE_ID, "gi-jbn");
        copy("igj", CASE_ID, "gi-wss"); /* another's event of the same id */
        ck_assert_str_eq(tell("gi-jbn", EVENT_ID), "fact: fact > gm0014 rvdk");
}
END_TEST

START_TEST(what_is_posted_very_often_is_only_counted) {
        done = 1000;
        for (int i = 0; i < FATE_PLACES_MAX + 5; i++)
                post(EVENT_ID, CASE_ID, "gi-jbn", i, NOW + i);
        ck_assert_ptr_nonnull(strstr(tell("gi-jbn", EVENT_ID), " +5"));
        ck_assert(strncmp(tell("gi-jbn", EVENT_ID), "fact: fact duplicate ", 21) == 0);
}
END_TEST

#define MANY 2000

START_TEST(the_oldest_are_forgotten_whole) {
        struct fates_stats stats;
        char id[UUID_TEXT + 1];
        size_t known = 0;

        done = 2 * MANY;
        begin(MANY / 4 * 300);
        for (int i = MANY; i-- > 0;) { /* the youngest first */
                (void) snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", i);
                refused_at = SINCE + DAY_MS + i * (30 * DAY_MS / MANY) - HOUR_MS; /* by a worker whose clock is behind */
                if (i % 2 == 0)
                        refuse("gi-jbn", id, i, "BAD_VALUE");
                post(id, CASE_ID, "gi-jbn", i, refused_at + HOUR_MS);
                fates_stats(fates, &stats);
                ck_assert_uint_le(stats.bytes, MANY / 4 * 300);
        }
        ck_assert_int_gt(stats.since, SINCE);
        for (int i = 0; i < MANY; i++) {
                const char *told;

                (void) snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", i);
                told = tell("gi-jbn", id);
                if (strcmp(told, "unknown") == 0) {
                        ck_assert_uint_eq(known, 0); /* those from an instant on are known, and all of these */
                        continue;
                }
                known++;
                ck_assert_str_eq(told, i % 2 == 0 ? "refused BAD_VALUE (Nee: BAD_VALUE): refused" : "fact: fact");
        }
        ck_assert_uint_gt(known, MANY / 20);
        ck_assert_uint_lt(known, MANY / 2);
}
END_TEST

int main(void) {
        Suite *s = suite_create("fate");
        TCase *t = tcase_create("fate");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, how_far_the_workers_are_decides);
        tcase_add_test(t, an_answer_is_of_its_place_and_event);
        tcase_add_test(t, a_dead_letter_answers_where_nobody_could_be_told);
        tcase_add_test(t, each_hears_of_its_own);
        tcase_add_test(t, copies_are_told_once_each);
        tcase_add_test(t, what_is_posted_very_often_is_only_counted);
        tcase_add_test(t, the_oldest_are_forgotten_whole);
        suite_add_tcase(s, t);
        runner = srunner_create(s);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
