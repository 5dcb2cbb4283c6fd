/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an id of a schema registry is asked for once, what is known goes on while the registry is away, nothing is taken for unknown that is not
 * known to be, and what is served is the writer's schema alone.
 * Method: a registry of our own on this machine that says what each test wants, and a clock by hand.
 */

#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/metrics.h"
#include "cluster/event_record.h"
#include "cluster/registry.h"
#include "cluster/registry_subjects.h"
#include "registry_stub.h"
#include "worker_fixture.h"

#define ID 42
#define GUID "6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11"
#define THREADS 8

static struct stub stub;
static struct event_types *types;
static struct registry_config config;
static struct registry *registry;
static char url[64], folder[64];
static int64_t now;

static int64_t hand_realtime(void *ctx) {
        (void)ctx;
        return 1700000000000 + now;
}

static int64_t hand_monotonic(void *ctx) {
        (void)ctx;
        return now;
}

static const struct clock_ops hand_ops = {hand_realtime, hand_monotonic};

static const char *environment(const char *name) {
        return strcmp(name, "SECRET") == 0 ? "hush-hush" : NULL;
}

static void open_registry(const char *cache) {
        struct error err = {0};
        const struct registry_options options = {
                .config = &config, .environment = environment, .cache = cache, .types = types, .clock = {&hand_ops, NULL}};

        registry = registry_free(registry);
        ck_assert_msg(registry_new(&options, &registry, &err) == 0, "%s", err.text);
}

static void setup(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        char path[4096];

        snprintf(path, sizeof(path), "%s/schemas", getenv("PROJECT_ROOT"));
        ck_assert_int_eq(event_types_read(path, &types, &mistakes), 0);
        mistakes_done(&mistakes);
        stub_init(&stub);
        snprintf(url, sizeof(url), "http://127.0.0.1:%u/api", (unsigned)stub.port);
        snprintf(folder, sizeof(folder), "/tmp/ketenwacht-registry-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        config = (struct registry_config){.url = url};
        open_registry(NULL);
}

static void teardown(void) {
        registry = registry_free(registry);
        stub_done(&stub);
        event_types_free(types);
        fixture_remove(folder);
}

/* The schema of measure-ended as somebody else's registry may have it. */
static json_t *schema_of(const char *event) {
        const struct event_type *type = event_types_find(types, text_of(event));
        json_t *schema = json_loads(schema_json(type->file), 0, NULL);

        ck_assert_ptr_nonnull(schema);
        return schema;
}

/* Serves it under a path; takes the schema over. */
static void serve(const char *path, json_t *schema, const char *more) {
        char *text = json_dumps(schema, JSON_COMPACT);
        json_t *answer = more ? json_loads(more, 0, NULL) : json_object();
        char *body;

        ck_assert_int_eq(json_object_set_new(answer, "schema", json_string(text)), 0);
        body = json_dumps(answer, JSON_COMPACT);
        stub_page(&stub, "GET", path, 200, body);
        free(body);
        free(text);
        json_decref(answer);
        json_decref(schema);
}

static int find(const struct schema_id *id, struct error *err) {
        const struct event_type *type = NULL;
        const struct program *program = NULL;
        int r = registry_ids(registry)->find(registry_ids(registry), id, &type, &program, err);

        ck_assert(r != 0 || (type == event_types_find(types, text_of("measure-ended")) && program));
        return r;
}

static int find_number(uint32_t number, struct error *err) {
        return find(&(struct schema_id){.number = number}, err);
}

static bool is_away(void) {
        char reason[REGISTRY_REASON_MAX];
        instant_t since;

        return registry_is_away(registry, reason, &since);
}

/* -- Found -- */

static void *find_in_thread(void *ctx) {
        struct error err;

        (void)ctx;
        ck_assert_int_eq(find_number(ID, &err), 0);
        return NULL;
}

START_TEST(an_id_is_asked_for_once_also_by_many) {
        pthread_t threads[THREADS];

        serve("/api/schemas/ids/42", schema_of("measure-ended"), NULL);
        for (int i = 0; i < THREADS; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, find_in_thread, NULL), 0);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        ck_assert_uint_eq(atomic_load(&stub.requests), 1);
}
END_TEST

START_TEST(what_was_asked_is_known_to_the_next_process_too) {
        struct error err;

        serve("/api/schemas/ids/42", schema_of("measure-ended"), NULL);
        open_registry(folder);
        ck_assert_int_eq(find_number(ID, &err), 0);
        stub_stop(&stub);
        open_registry(folder);
        ck_assert_int_eq(find_number(ID, &err), 0);
        ck_assert_int_eq(find_number(ID + 1, &err), SCHEMA_IDS_E_WAIT);
        ck_assert_uint_eq(atomic_load(&stub.requests), 1);
        url[strlen(url) - 1]++; /* another registry: its ids are others */
        open_registry(folder);
        ck_assert_int_eq(find_number(ID, &err), SCHEMA_IDS_E_WAIT);
}
END_TEST

START_TEST(what_is_served_is_the_schema_of_the_writer_alone) {
        json_t *schema = schema_of("measure-ended"), *fields = json_object_get(schema, "fields"), *last = json_array_get(fields, json_array_size(fields) - 1);
        const struct event_type *type, *ours = event_types_find(types, text_of("measure-ended"));
        const struct program *program;
        struct error err;

        json_object_set_new(schema, "doc", json_string("theirs"));
        json_object_set_new(schema, "ketenwacht.publishers", json_pack("[s]", "municipality"));
        json_incref(last); /* their last field comes first: their order, our slots */
        json_array_remove(fields, json_array_size(fields) - 1);
        json_array_insert_new(fields, 0, last);
        serve("/api/schemas/ids/42", schema, "{\"schemaType\":\"AVRO\",\"references\":[]}");
        ck_assert_int_eq(registry_ids(registry)->find(registry_ids(registry), &(struct schema_id){.number = ID}, &type, &program, &err), 0);
        ck_assert_ptr_eq(type, ours);
        ck_assert_uint_eq(program->ops[0].slot, ours->layout->n - 1);
        ck_assert_str_ne(schema_root(type->file)->doc, "theirs");
}
END_TEST

/* -- Not there -- */

START_TEST(an_id_that_is_not_there_is_unknown_and_not_asked_for_at_once_again) {
        struct error err;

        ck_assert_int_eq(find_number(ID, &err), SCHEMA_IDS_E_UNKNOWN);
        ck_assert_ptr_nonnull(strstr(err.text, "the registry has no schema id 42"));
        ck_assert_int_eq(find_number(ID, &err), SCHEMA_IDS_E_UNKNOWN);
        ck_assert_uint_eq(atomic_load(&stub.requests), 1);
        ck_assert(!is_away());
        now += REGISTRY_UNKNOWN_MS;
        serve("/api/schemas/ids/42", schema_of("measure-ended"), NULL);
        ck_assert_int_eq(find_number(ID, &err), 0);
}
END_TEST

static const struct {
        const char *body, *says;
} unfit[] = {
        {"{\"schema\":\"\\\"string\\\"\"}", "the record string, schema id 42 of the registry, is of no event type here"},
        {"{\"schema\":\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"nl.ketenwacht.event.MeasureEndd\\\",\\\"fields\\\":[]}\"}",
         "(did you mean 'nl.ketenwacht.event.MeasureEnded'?)"},
        {"{\"schema\":\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"nl.ketenwacht.event.MeasureEnded\\\",\\\"fields\\\":[]}\"}", "event_id"},
        {"{\"schema\":\"{\"}", "schema id 42 of the registry"},
        {"{\"schema\":\"syntax = 'proto3';\",\"schemaType\":\"PROTOBUF\"}", "is PROTOBUF, and events are Avro"},
        {"{\"schema\":\"{}\",\"references\":[{\"name\":\"x\",\"subject\":\"x\",\"version\":1}]}", "refers to others"},
        {"{\"id\":42}", "is nothing, and events are Avro"},
};

START_TEST(a_schema_from_which_no_event_is_read_says_why) {
        struct error err;

        stub_page(&stub, "GET", "/api/schemas/ids/42", 200, unfit[_i].body);
        for (int i = 0; i < 2; i++) {
                ck_assert_int_eq(find_number(ID, &err), SCHEMA_IDS_E_UNFIT);
                ck_assert_msg(strstr(err.text, unfit[_i].says), "%s", err.text);
        }
        ck_assert_uint_eq(atomic_load(&stub.requests), 1);
}
END_TEST

/* -- Away -- */

static const unsigned aways[] = {0 /* nobody listens */, 200, 301, 401, 403, 404, 429, 500, 503};

START_TEST(a_registry_that_cannot_say_is_away_and_what_is_known_goes_on) {
        struct error err;
        uint16_t port = stub.port;

        serve("/api/schemas/ids/42", schema_of("measure-ended"), NULL);
        serve("/api/schemas/ids/43", schema_of("measure-ended"), NULL);
        ck_assert_int_eq(find_number(ID, &err), 0);
        if (aways[_i])
                stub_everything(&stub, aways[_i]);
        else
                stub_stop(&stub);
        ck_assert_int_eq(find_number(43, &err), SCHEMA_IDS_E_WAIT);
        ck_assert_msg(strstr(err.text, "schema id 43 is not known here, and cannot be asked for: ") && strstr(err.text, url), "%s", err.text);
        ck_assert(is_away());
        ck_assert_int_eq(find_number(ID, &err), 0);
        if (aways[_i])
                stub_everything(&stub, 0);
        else
                stub_start(&stub, port);
        ck_assert_int_eq(find_number(43, &err), SCHEMA_IDS_E_WAIT); /* it is not asked so soon */
        now += REGISTRY_AGAIN_MS;
        ck_assert_int_eq(find_number(43, &err), 0);
        ck_assert(!is_away());
}
END_TEST

START_TEST(one_that_stays_away_is_asked_less_and_less) {
        unsigned requests = 0;
        struct error err;

        stub_everything(&stub, 500);
        for (now = 0; now < 600000; now += 500) /* ten minutes, two ids, twice a second */
                ck_assert_int_eq(find_number(now % 1000 ? 43 : ID, &err), SCHEMA_IDS_E_WAIT);
        requests = atomic_load(&stub.requests);
        ck_assert_uint_ge(requests, 600000 / REGISTRY_AGAIN_MAX_MS);
        ck_assert_uint_le(requests, 600000 / REGISTRY_AGAIN_MAX_MS + 5);
}
END_TEST

/* -- GUIDs -- */

static const struct {
        unsigned guid, config; /* how the two are answered; 0: in the registry's own words that there is none */
        int r;
} guids[] = {
        {200, 0, 0},
        {0, 0, SCHEMA_IDS_E_UNKNOWN},
        {404, 200, SCHEMA_IDS_E_UNKNOWN}, /* a registry without GUIDs */
        {404, 404, SCHEMA_IDS_E_WAIT},    /* no registry at all */
        {404, 500, SCHEMA_IDS_E_WAIT},
        {500, 200, SCHEMA_IDS_E_WAIT},
};

START_TEST(guids_are_found_as_numbers_are) {
        struct schema_id id = {.is_guid = true};
        struct error err;

        ck_assert(uuid_parse(GUID, UUID_TEXT, &id.guid));
        if (guids[_i].guid == 200)
                serve("/api/schemas/guids/" GUID, schema_of("measure-ended"), NULL);
        else if (guids[_i].guid)
                stub_page(&stub, "GET", "/api/schemas/guids/" GUID, guids[_i].guid, "");
        if (guids[_i].config)
                stub_page(&stub, "GET", "/api/config", guids[_i].config, guids[_i].config == 200 ? "{\"compatibilityLevel\":\"NONE\"}" : "");
        ck_assert_int_eq(find(&id, &err), guids[_i].r);
}
END_TEST

/* -- Our own schemas -- */

static const struct event_type *ended(void) {
        return event_types_find(types, text_of("measure-ended"));
}

static struct registry_subjects subjects(void) {
        return (struct registry_subjects){registry_client_of(registry), &config, "try."};
}

/* What the registry answers to who asks for our text: this schema (taken over), with an id. */
static void serve_subject(const char *path, json_t *schema) {
        char *text = json_dumps(schema, JSON_COMPACT), *body;
        json_t *answer = json_pack("{s:i,s:s}", "id", ID, "schema", text);

        body = json_dumps(answer, JSON_COMPACT);
        stub_page(&stub, "POST", path, 200, body);
        free(body);
        free(text);
        json_decref(answer);
        json_decref(schema);
}

START_TEST(a_subject_is_ours_when_its_fingerprint_is) {
        const struct registry_subjects s = subjects();
        struct registry_subject subject;
        struct error err = {0};
        json_t *schema = schema_of("measure-ended");

        ck_assert_int_eq(registry_subject_look(&s, ended(), &subject, &err), 0);
        ck_assert_str_eq(subject.name, "try.measure-ended-value");
        ck_assert(subject.id == 0 && !subject.guarded);
        stub_page(&stub, "GET", "/api/config/try.measure-ended-value", 200, "{\"compatibilityLevel\":\"FULL_TRANSITIVE\"}");
        serve_subject("/api/subjects/try.measure-ended-value", json_incref(schema));
        ck_assert_int_eq(registry_subject_look(&s, ended(), &subject, &err), 0);
        ck_assert(subject.id == ID && subject.guarded && !subject.older);
        json_object_set_new(schema, "doc", json_string("of old")); /* the same id, and the old text stays */
        serve_subject("/api/subjects/try.measure-ended-value", schema);
        ck_assert_int_eq(registry_subject_look(&s, ended(), &subject, &err), 0);
        ck_assert(subject.id == ID && subject.older);
        serve_subject("/api/subjects/try.measure-ended-value", schema_of("measure-started"));
        ck_assert_int_eq(registry_subject_look(&s, ended(), &subject, &err), REGISTRY_E_REFUSED);
        ck_assert_ptr_nonnull(strstr(err.text, "another schema as ours"));
        config.naming = REGISTRY_BY_RECORD;
        ck_assert_int_eq(registry_subject_look(&s, ended(), &subject, &err), 0);
        ck_assert_str_eq(subject.name, "nl.ketenwacht.event.MeasureEnded");
        stub_everything(&stub, 500);
        ck_assert_int_eq(registry_subject_look(&s, ended(), &subject, &err), REGISTRY_E_AWAY);
}
END_TEST

START_TEST(what_the_registry_refuses_is_said_in_its_words) {
        const struct registry_subjects s = subjects();
        struct registry_subject subject;
        struct error err = {0};
        json_t *sent;

        stub_page(&stub, "PUT", "/api/config/try.measure-ended-value", 200, "{\"compatibility\":\"FULL_TRANSITIVE\"}");
        stub_page(&stub, "POST", "/api/subjects/try.measure-ended-value/versions", 409, "{\"error_code\":409,\"message\":\"field x was there\"}");
        ck_assert_int_eq(registry_subject_look(&s, ended(), &subject, &err), 0);
        ck_assert_int_eq(registry_subject_register(&s, ended(), &subject, &err), REGISTRY_E_REFUSED);
        ck_assert_ptr_nonnull(strstr(err.text, "try.measure-ended-value: the registry refuses: field x was there"));
        sent = json_loads(stub.body, 0, NULL); /* our text, to the letter */
        ck_assert_str_eq(json_string_value(json_object_get(sent, "schema")), schema_json(ended()->file));
        json_decref(sent);
}
END_TEST

START_TEST(events_are_framed_by_our_ids_also_while_the_registry_is_away) {
        char path[256];
        struct error err = {0};

        open_registry(folder);
        ck_assert_int_eq(registry_frame(registry, "", types, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "run ketenwacht schema register"));
        for (size_t i = 0; i < event_types_count(types); i++) {
                snprintf(path, sizeof(path), "/api/subjects/%s-value", event_types_at(types, i)->name);
                serve_subject(path, schema_of(event_types_at(types, i)->name));
        }
        ck_assert_msg(registry_frame(registry, "", types, &err) == 0, "%s", err.text);
        stub_stop(&stub);
        open_registry(folder);
        ck_assert_msg(registry_frame(registry, "", types, &err) == 0, "%s", err.text);
        ck_assert_uint_eq(ended()->schema_id, ID);
        ck_assert_int_eq(registry_frame(registry, "other.", types, &err), -EIO); /* other subjects */
}
END_TEST

/* -- Secrets -- */

static const struct {
        const char *user, *env, *file, *authorization; /* NULL: it does not open */
} secrets[] = {
        {NULL, NULL, NULL, ""},
        {"me", "SECRET", NULL, "Basic bWU6aHVzaC1odXNo"},
        {NULL, "SECRET", NULL, "Bearer hush-hush"},
        {NULL, NULL, "one\n", "Bearer one"},
        {NULL, NULL, "\n", NULL},
        {NULL, NULL, "one\ntwo\n", NULL},
        {NULL, "NO_SECRET", NULL, NULL},
};

START_TEST(a_secret_is_sent_and_never_said) {
        const struct registry_options options = {
                .config = &config, .environment = environment, .types = types, .clock = {&hand_ops, NULL}};
        char path[128];
        struct error err = {0};

        config.user = secrets[_i].user;
        config.secret_env = secrets[_i].env;
        if (secrets[_i].file) {
                FILE *out;

                snprintf(path, sizeof(path), "%s/secret", folder);
                out = fopen(path, "w");
                ck_assert(out && fputs(secrets[_i].file, out) >= 0 && fclose(out) == 0);
                config.secret_file = path;
        }
        registry = registry_free(registry);
        if (!secrets[_i].authorization) {
                ck_assert_int_eq(registry_new(&options, &registry, &err), -EINVAL);
                ck_assert_ptr_null(strstr(err.text, "two"));
                return;
        }
        ck_assert_msg(registry_new(&options, &registry, &err) == 0, "%s", err.text);
        stub_everything(&stub, 403);
        ck_assert_int_eq(find_number(ID, &err), SCHEMA_IDS_E_WAIT);
        ck_assert_str_eq(stub.authorization, secrets[_i].authorization);
        ck_assert_ptr_nonnull(strstr(err.text, "does not let us in"));
        ck_assert_ptr_null(strstr(err.text, "hush"));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("registry");
        const struct {
                const TTest *test;
                int rows; /* 0: one */
        } tests[] = {
                {an_id_is_asked_for_once_also_by_many, 0},
                {what_was_asked_is_known_to_the_next_process_too, 0},
                {what_is_served_is_the_schema_of_the_writer_alone, 0},
                {an_id_that_is_not_there_is_unknown_and_not_asked_for_at_once_again, 0},
                {a_schema_from_which_no_event_is_read_says_why, ELEMENTS(unfit)},
                {a_registry_that_cannot_say_is_away_and_what_is_known_goes_on, ELEMENTS(aways)},
                {one_that_stays_away_is_asked_less_and_less, 0},
                {guids_are_found_as_numbers_are, ELEMENTS(guids)},
                {a_subject_is_ours_when_its_fingerprint_is, 0},
                {what_the_registry_refuses_is_said_in_its_words, 0},
                {events_are_framed_by_our_ids_also_while_the_registry_is_away, 0},
                {a_secret_is_sent_and_never_said, ELEMENTS(secrets)},
        };
        TCase *tc = tcase_create("registry");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_loop_test(tc, tests[i].test, 0, tests[i].rows ? tests[i].rows : 1);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
