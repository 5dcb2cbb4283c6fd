/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: what is posted is accepted or refused as agreed, every refusal names its field, and no personal value is repeated;
 * what is served describes itself.
 * Method: the project's own schemas and organisations; tables of small changes to one good event.
 */

#include <errno.h>

#include "calendar/date.h"
#include "connect/intake.h"
#include "connect/openapi.h"
#include "base/name.h"
#include "model_fixture.h"

#define EVENT_ID "60a3d05e-e53c-5dbc-921a-806f98a46c8c"
#define CASE_ID "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define NOW "2022-10-11T12:00:00+02:00"

/* Without the braces, so that rows can put something behind; what stands twice would be refused. */
#define ENVELOPE \
        "\"event_id\":\"" EVENT_ID "\",\"case_id\":\"" CASE_ID "\",\"source\":\"gi-jbn\",\"occurred_at\":\"2022-10-10T11:00:00+02:00\"," \
        "\"recorded_at\":\"2022-10-10T11:00:00+02:00\""
#define DATES "\"verdict_date\":\"2022-10-10\",\"informed_date\":\"2022-10-10\""
#define REST "\"gi\":\"gi-jbn\",\"kind\":\"OTS\",\"municipality\":\"gm0014\",\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\""
#define GOOD ENVELOPE "," DATES "," REST
#define CE(attributes) "{\"specversion\":\"1.0\",\"id\":\"" EVENT_ID "\"," attributes ",\"data\":{" GOOD "}}"
#define CE_TYPE "\"type\":\"nl.ketenwacht.measure-started.v1\""
#define CE_SOURCE "\"source\":\"urn:ketenwacht:gi-jbn\""

static struct organisations *orgs;
static struct event_types *types;
static struct arena *arena;

static void setup(void) {
        ck_assert_int_eq(arena_new(&arena, INTAKE_ARENA_MAX), 0);
        project_parties(&orgs, &types);
}

static void teardown(void) {
        types = event_types_free(types);
        orgs = organisations_free(orgs);
        arena = arena_free(arena);
}

static struct intake_request request_for(const char *event, enum intake_form form, const char *body) {
        struct intake_request request = {
                .type = event_types_find(types, text_of(event)),
                .caller = organisations_find(orgs, text_of("gi-jbn")),
                .form = form,
                .body = body,
                .n = strlen(body),
        };

        ck_assert(instant_parse(text_of(NOW), &request.now));
        return request;
}

/* -- What is accepted -- */

static const struct {
        enum intake_form form;
        const char *body, *id, *type, *source;
} forms[] = {
        {INTAKE_PLAIN, "{" GOOD "}", NULL, NULL, NULL},
        {INTAKE_PLAIN, "{\"event\":\"measure-started\",\"key\":\"" CASE_ID "\"," GOOD ",\"birth_date\":null}", NULL, NULL, NULL},
        {INTAKE_PLAIN, "\xef\xbb\xbf{" GOOD "}", NULL, NULL, NULL},
        {INTAKE_PLAIN, "{\"event\":null,\"key\":null," GOOD "}", NULL, NULL, NULL},
        {INTAKE_STRUCTURED, "\xef\xbb\xbf" CE(CE_TYPE "," CE_SOURCE), NULL, NULL, NULL},
        {INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE), NULL, NULL, NULL},
        /* Null is absent; another time than recorded_at is the library's; what else there is, is nobody's. */
        {INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE ",\"time\":null,\"datacontenttype\":null,\"traceparent\":null,\"subject\":null"), NULL, NULL, NULL},
        {INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE ",\"time\":\"2022-10-11T12:00:00.5Z\",\"subscriberReference\":[1]"), NULL, NULL, NULL},
        {INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE), EVENT_ID, "nl.ketenwacht.measure-started.v1", "urn:ketenwacht:gi-jbn"},
        {INTAKE_PLAIN, "{" GOOD "}", EVENT_ID, "nl.ketenwacht.measure-started.v1", "urn%3Aketenwacht%3agi-jbn"},
        {INTAKE_PLAIN, "{" GOOD "}", EVENT_ID, "\"nl.ketenwacht.measure-started.v1\"", "gi-jbn"},
        {INTAKE_STRUCTURED,
         CE(CE_TYPE ",\"source\":\"gi-jbn\",\"time\":\"2022-10-10T11:00:00Z\",\"datacontenttype\":\"application/json\""), NULL, NULL, NULL},
        {INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE ",\"subject\":\"x\",\"myextension\":\"y\",\"traceparent\":\"" TRACE "\""), NULL, NULL, NULL},
        {INTAKE_PLAIN, "{" GOOD "}", EVENT_ID, "nl.ketenwacht.measure-started.v1", "urn:ketenwacht:gi-jbn"},
};

START_TEST(test_every_form_gives_the_same_event) {
        struct intake_request request = request_for("measure-started", forms[_i].form, forms[_i].body);
        struct problem problem = {0};
        struct intake intake;
        char id[UUID_TEXT + 1];

        if (forms[_i].id)
                request.attributes = (struct intake_attributes){"1.0", forms[_i].id, forms[_i].source, forms[_i].type, NULL};
        ck_assert_msg(intake_read(&request, orgs, arena, &intake, &problem), "%s", problem.detail.text);
        uuid_format(&intake.event.slots[SLOT_EVENT_ID].u, id);
        ck_assert_str_eq(id, EVENT_ID);
        ck_assert_int_eq(intake.event.slots[layout_slot(intake.event.type->layout, "birth_date")].kind, SLOT_NULL);
        ck_assert_int_eq(intake.traceparent.n, strstr(forms[_i].body, TRACE) ? strlen(TRACE) : 0);
        intake_done(&intake);
}
END_TEST

/* -- What is refused -- */

static const struct {
        enum problem_kind kind;
        const char *field;
        enum intake_form form;
        const char *body;
} refused[] = {
        {PROBLEM_MALFORMED, NULL, INTAKE_PLAIN, ""},
        {PROBLEM_MALFORMED, NULL, INTAKE_PLAIN, "{"},
        {PROBLEM_MALFORMED, NULL, INTAKE_PLAIN, "[]"},
        {PROBLEM_MALFORMED, NULL, INTAKE_PLAIN, "{\"a\":1,\"a\":2}"},
        {PROBLEM_MALFORMED, NULL, INTAKE_PLAIN, "{" GOOD "} x"},
        {PROBLEM_BAD_VALUE, "event", INTAKE_PLAIN, "{\"event\":\"plan-made\"," GOOD "}"},
        {PROBLEM_BAD_VALUE, "event", INTAKE_PLAIN, "{\"event\":7," GOOD "}"},
        {PROBLEM_BAD_VALUE, "informed_date", INTAKE_PLAIN, "{" ENVELOPE ",\"verdict_date\":\"2022-10-10\"," REST "}"},
        {PROBLEM_BAD_VALUE, "verdict_date", INTAKE_PLAIN, "{" ENVELOPE ",\"verdict_date\":\"2022-02-30\",\"informed_date\":\"2022-10-10\"," REST "}"},
        {PROBLEM_BAD_VALUE, "informed_date", INTAKE_PLAIN, "{" ENVELOPE ",\"verdict_date\":\"2022-10-10\",\"informed_date\":null," REST "}"},
        {PROBLEM_BAD_VALUE, "birth_date", INTAKE_PLAIN, "{" GOOD ",\"birth_date\":\"secret-2011\"}"},
        {PROBLEM_BAD_VALUE, "reference", INTAKE_PLAIN, "{" GOOD ",\"reference\":\"Jan secret de Vries\"}"},
        {PROBLEM_BAD_VALUE, "colour", INTAKE_PLAIN, "{" GOOD ",\"colour\":\"blue\"}"},
        {PROBLEM_BAD_VALUE, NULL, INTAKE_PLAIN, "{" GOOD ",\"secret person\":\"blue\"}"},
        {PROBLEM_BAD_VALUE, "recorded_at", INTAKE_PLAIN,
         "{\"event_id\":\"" EVENT_ID "\",\"case_id\":\"" CASE_ID "\",\"source\":\"gi-jbn\",\"occurred_at\":\"2022-10-10T11:00:00+02:00\","
         "\"recorded_at\":\"2022-10-12T12:00:01+02:00\"," DATES "," REST "}"},
        {PROBLEM_UNKNOWN_ORGANISATION, "source", INTAKE_PLAIN,
         "{\"event_id\":\"" EVENT_ID "\",\"case_id\":\"" CASE_ID "\",\"source\":\"gi-none\",\"occurred_at\":\"2022-10-10T11:00:00+02:00\","
         "\"recorded_at\":\"2022-10-10T11:00:00+02:00\"," DATES "," REST "}"},
        {PROBLEM_NOT_ALLOWED, "source", INTAKE_PLAIN,
         "{\"event_id\":\"" EVENT_ID "\",\"case_id\":\"" CASE_ID "\",\"source\":\"gi-wss\",\"occurred_at\":\"2022-10-10T11:00:00+02:00\","
         "\"recorded_at\":\"2022-10-10T11:00:00+02:00\"," DATES "," REST "}"},
        {PROBLEM_NOT_ALLOWED, "gi", INTAKE_PLAIN,
         "{" ENVELOPE "," DATES ",\"gi\":\"gi-wss\",\"kind\":\"OTS\",\"municipality\":\"gm0014\",\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\"}"},
        {PROBLEM_KEY_MISMATCH, "key", INTAKE_PLAIN, "{\"key\":\"" EVENT_ID "\"," GOOD "}"},
        {PROBLEM_BAD_VALUE, "key", INTAKE_PLAIN, "{\"key\":1," GOOD "}"},
        {PROBLEM_BAD_VALUE, "type", INTAKE_STRUCTURED, CE("\"type\":\"nl.ketenwacht.plan-made.v1\"," CE_SOURCE)},
        {PROBLEM_BAD_VALUE, "type", INTAKE_STRUCTURED, CE(CE_SOURCE)},
        {PROBLEM_BAD_VALUE, "type", INTAKE_STRUCTURED, CE("\"type\":5," CE_SOURCE)},
        {PROBLEM_BAD_VALUE, "source", INTAKE_STRUCTURED, CE(CE_TYPE)},
        {PROBLEM_NOT_ALLOWED, "source", INTAKE_STRUCTURED, CE(CE_TYPE ",\"source\":\"urn:ketenwacht:gi-wss\"")},
        {PROBLEM_BAD_VALUE, "time", INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE ",\"time\":\"yesterday\"")},
        {PROBLEM_BAD_VALUE, "time", INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE ",\"time\":1665392400")},
        {PROBLEM_BAD_VALUE, "specversion", INTAKE_STRUCTURED,
         "{\"specversion\":null,\"id\":\"" EVENT_ID "\"," CE_TYPE "," CE_SOURCE ",\"data\":{" GOOD "}}"},
        {PROBLEM_BAD_VALUE, "datacontenttype", INTAKE_STRUCTURED, CE(CE_TYPE "," CE_SOURCE ",\"datacontenttype\":\"text/xml\"")},
        {PROBLEM_BAD_VALUE, "specversion", INTAKE_STRUCTURED, "{\"id\":\"" EVENT_ID "\"," CE_TYPE "," CE_SOURCE ",\"data\":{" GOOD "}}"},
        {PROBLEM_BAD_VALUE, "id", INTAKE_STRUCTURED, "{\"specversion\":\"1.0\",\"id\":\"" CASE_ID "\"," CE_TYPE "," CE_SOURCE ",\"data\":{" GOOD "}}"},
        {PROBLEM_BAD_VALUE, "id", INTAKE_STRUCTURED, "{\"specversion\":\"1.0\"," CE_TYPE "," CE_SOURCE ",\"data\":{" GOOD "}}"},
        {PROBLEM_BAD_VALUE, "data", INTAKE_STRUCTURED, "{\"specversion\":\"1.0\",\"id\":\"" EVENT_ID "\"," CE_TYPE "," CE_SOURCE "}"},
        {PROBLEM_BAD_VALUE, "data", INTAKE_STRUCTURED, "{\"specversion\":\"1.0\",\"id\":\"" EVENT_ID "\"," CE_TYPE "," CE_SOURCE ",\"data\":\"x\"}"},
        {PROBLEM_BAD_VALUE, "data_base64", INTAKE_STRUCTURED,
         "{\"specversion\":\"1.0\",\"id\":\"" EVENT_ID "\"," CE_TYPE "," CE_SOURCE ",\"data_base64\":\"e30=\"}"},
        {PROBLEM_BAD_VALUE, "verdict_date", INTAKE_STRUCTURED,
         "{\"specversion\":\"1.0\",\"id\":\"" EVENT_ID "\"," CE_TYPE "," CE_SOURCE ",\"data\":{" ENVELOPE ",\"informed_date\":\"2022-10-10\"," REST "}}"},
};

START_TEST(test_refusals_name_their_field) {
        struct intake_request request = request_for("measure-started", refused[_i].form, refused[_i].body);
        struct buffer out = BUFFER_INIT(65536);
        struct problem problem = {0};
        struct intake intake;
        json_t *json;

        ck_assert(!intake_read(&request, orgs, arena, &intake, &problem));
        intake_done(&intake);
        ck_assert_str_eq(problem_rows[problem.kind].code, problem_rows[refused[_i].kind].code);
        problem_write(&problem, &out);
        ck_assert_ptr_null(strstr(buffer_text(&out), "secret"));
        json = json_loadb((const char *)out.bytes, out.n, 0, NULL);
        ck_assert_ptr_nonnull(json);
        ck_assert_uint_eq((unsigned)json_integer_value(json_object_get(json, "status")), problem_rows[problem.kind].status);
        ck_assert_ptr_nonnull(json_string_value(json_object_get(json, "detail")));
        if (refused[_i].field)
                ck_assert_str_eq(json_string_value(json_object_get(json, "field")), refused[_i].field);
        else
                ck_assert_ptr_null(json_object_get(json, "field"));
        json_decref(json);
        buffer_done(&out);
}
END_TEST

/* -- Everything at once -- */

/* The errors of a problem as "pointer code detail\n", then "+more". */
static void write_told(const struct problem *problem, struct buffer *out) {
        CLEANUP(buffer_done) struct buffer text = BUFFER_INIT(1 << 20);
        size_t i;
        json_t *json, *error, *more;

        problem_write(problem, &text);
        json = json_loadb((const char *)text.bytes, text.n, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_ptr_nonnull(json);
        json_array_foreach(json_object_get(json, "errors"), i, error) {
                const char *pointer = json_string_value(json_object_get(error, "pointer"));

                buffer_printf(out, "%s %s %s\n", pointer ? pointer : "-", json_string_value(json_object_get(error, "code")),
                              json_string_value(json_object_get(error, "detail")));
        }
        if (i > 0) { /* what is one mistake for who reads one is the first of all */
                error = json_array_get(json_object_get(json, "errors"), 0);
                ck_assert_int_eq(json_equal(json_object_get(json, "detail"), json_object_get(error, "detail")), 1);
                ck_assert_int_eq(json_equal(json_object_get(json, "code"), json_object_get(error, "code")), 1);
                ck_assert_pstr_eq(json_string_value(json_object_get(json, "field")), json_string_value(json_object_get(error, "field")));
        }
        more = json_object_get(json, "more");
        if (more)
                buffer_printf(out, "+%" JSON_INTEGER_FORMAT "\n", json_integer_value(more));
        json_decref(json);
}

#define KINDS_TEXT \
        "OTS, VOTS, VOOGDIJ, VOORLOPIGE_VOOGDIJ, TIJDELIJKE_VOOGDIJ, PREVENTIEF, JR_GEDWONGEN, JR_VRIJWILLIG, ITB_HARDE_KERN, ITB_CRIEM, STP, " \
        "GBM, GBM_VOORBEREIDING"

static const struct {
        enum intake_form form;
        enum language language;
        bool binary; /* with ce- headers that are all wrong */
        const char *body, *told;
} all_at_once[] = {
        /* Missing, null, wrong type, a word in another case, a field that is misspelt, an organisation that nobody knows: in the order of the schema. */
        {INTAKE_PLAIN, LANGUAGE_EN, false,
         "{\"event_id\":\"x\",\"case_id\":\"" CASE_ID "\",\"source\":\"gi-jbn\",\"occurred_at\":null,\"recorded_at\":7,"
         "\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\","
         "\"kind\":\"ots\",\"verdict_date\":\"2022-10-10\",\"informd_date\":\"2022-10-10\",\"gi\":\"gi-jbn\",\"municipality\":\"0014\"}",
         "#/event_id BAD_VALUE event_id: 'x' is not a uuid: 36 characters, lower case\n"
         "#/occurred_at BAD_VALUE occurred_at: may not be null\n"
         "#/recorded_at BAD_VALUE recorded_at: must be a string\n"
         "#/kind BAD_VALUE kind: 'ots' is none of its values (did you mean 'OTS'?); it can be " KINDS_TEXT "\n"
         "#/informed_date BAD_VALUE informed_date: is missing\n"
         "#/informd_date BAD_VALUE measure-started has no field 'informd_date' (did you mean 'informed_date'?)\n"
         "#/municipality BAD_VALUE municipality: no organisation is called '0014' (did you mean 'gm0014'?)\n"},
        {INTAKE_PLAIN, LANGUAGE_NL, false,
         "{\"event\":\"plan-made\",\"key\":\"" EVENT_ID "\"," ENVELOPE "," DATES ",\"kind\":\"OTSS\",\"gi\":\"gi-wss\",\"municipality\":\"gm014\","
         "\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\",\"birth_date\":\"secret\"}",
         "#/event BAD_VALUE event: dit adres neemt measure-started aan; laat event weg, of stuur het naar het adres dat erbij hoort\n"
         "#/kind BAD_VALUE kind: 'OTSS' is geen van de waarden (bedoelde u 'OTS'?); het kan zijn " KINDS_TEXT "\n"
         "#/birth_date BAD_VALUE birth_date: is geen datum: JJJJ-MM-DD, uit de jaren 1900 tot en met 2200\n"
         "#/municipality BAD_VALUE municipality: geen organisatie heet 'gm014' (bedoelde u 'gm0014'?)\n"
         "#/gi NOT_ALLOWED gi: moet gi-jbn zelf zijn, de bron\n"
         "#/key KEY_MISMATCH key: moet de case_id zijn; key mag worden weggelaten\n"},
        /* Both envelopes, each with its place. */
        {INTAKE_STRUCTURED, LANGUAGE_EN, false,
         "{\"specversion\":1,\"id\":\"" EVENT_ID "\"," CE_SOURCE ",\"data\":{" ENVELOPE "," DATES "," REST ",\"a/b#c\":1}}",
         "#/specversion BAD_VALUE specversion: must be a string\n"
         "#/type BAD_VALUE type: must be nl.ketenwacht.measure-started.v1 at this address\n"
         "#/data/a~1b%23c BAD_VALUE measure-started has no field 'a/b#c'\n"},
        {INTAKE_STRUCTURED, LANGUAGE_EN, false, "{\"specversion\":\"1.0\",\"data\":[]}",
         "#/type BAD_VALUE type: must be nl.ketenwacht.measure-started.v1 at this address\n"
         "#/source BAD_VALUE source: must be urn:ketenwacht:gi-jbn, of whom this token is\n"
         "#/id BAD_VALUE id: is missing; it is the event_id\n"
         "#/data BAD_VALUE data: must be the event as a JSON object\n"},
        {INTAKE_PLAIN, LANGUAGE_EN, true, "{" GOOD ",\"colour\":1}",
         "- BAD_VALUE type: must be nl.ketenwacht.measure-started.v1 at this address\n"
         "- NOT_ALLOWED source: must be urn:ketenwacht:gi-jbn, of whom this token is\n"
         "- BAD_VALUE time: is not an instant in RFC 3339\n"
         "#/colour BAD_VALUE measure-started has no field 'colour'\n"
         "- BAD_VALUE id: must be the event_id of the data\n"},
        /* A number that no field can hold is the field's mistake, as in replay. */
        {INTAKE_PLAIN, LANGUAGE_EN, false, "{" GOOD ",\"reference\":123456789012345678901234567890}", "#/reference BAD_VALUE reference: must be a string\n"},
        {INTAKE_PLAIN, LANGUAGE_EN, false, "\xef\xbb\xbf{" GOOD ",\"key\":7}", "#/key BAD_VALUE key: must be a string\n"},
};

START_TEST(test_all_mistakes_are_told_at_once) {
        struct intake_request request = request_for("measure-started", all_at_once[_i].form, all_at_once[_i].body);
        CLEANUP(buffer_done) struct buffer told = BUFFER_INIT(1 << 20);
        struct problem problem = {0};
        struct intake intake;

        request.language = all_at_once[_i].language;
        if (all_at_once[_i].binary)
                request.attributes = (struct intake_attributes){"1.0", CASE_ID, "urn:ketenwacht:gi-wss", "nl.ketenwacht.plan-made.v1", "yesterday"};
        ck_assert(!intake_read(&request, orgs, arena, &intake, &problem));
        intake_done(&intake); /* what is told does not need the body any more */
        write_told(&problem, &told);
        ck_assert_str_eq(buffer_text(&told), all_at_once[_i].told);
}
END_TEST

/* A header is forgotten, or says otherwise than the body that it repeats. */
static const struct {
        enum intake_form form;
        struct intake_attributes attributes;
        const char *told;
} headers_at_odds[] = {
        {INTAKE_PLAIN, {NULL, EVENT_ID, "gi-jbn", "nl.ketenwacht.measure-started.v1", NULL}, "- BAD_VALUE specversion: must be 1.0\n"},
        {INTAKE_PLAIN, {.time = "2022-10-10T11:00:00+02:00"},
         "- BAD_VALUE specversion: must be 1.0\n- BAD_VALUE type: must be nl.ketenwacht.measure-started.v1 at this address\n"
         "- BAD_VALUE source: must be urn:ketenwacht:gi-jbn, of whom this token is\n- BAD_VALUE id: is missing; it is the event_id\n"},
        {INTAKE_PLAIN, {"1.0", "%36%30a3d05e-e53c-5dbc-921a-806f98a46c8", "gi-jbn", "nl.ketenwacht.measure-started.v1", NULL},
         "- BAD_VALUE id: must be the event_id of the data\n"},
        {INTAKE_STRUCTURED, {.id = CASE_ID}, "- BAD_VALUE id: the ce- header says otherwise than the body\n"},
        {INTAKE_STRUCTURED, {.time = "2022-10-10T11:00:00+02:00"}, "- BAD_VALUE time: the ce- header says otherwise than the body\n"},
        {INTAKE_STRUCTURED, {.type = "nl.ketenwacht.plan-made.v1", .specversion = "1.0"}, "- BAD_VALUE type: the ce- header says otherwise than the body\n"},
};

START_TEST(test_headers_at_odds_are_told) {
        const char *body = headers_at_odds[_i].form == INTAKE_PLAIN ? "{" GOOD "}" : CE(CE_TYPE "," CE_SOURCE);
        struct intake_request request = request_for("measure-started", headers_at_odds[_i].form, body);
        CLEANUP(buffer_done) struct buffer told = BUFFER_INIT(1 << 20);
        struct problem problem = {0};
        struct intake intake;

        request.attributes = headers_at_odds[_i].attributes;
        ck_assert(!intake_read(&request, orgs, arena, &intake, &problem));
        intake_done(&intake);
        write_told(&problem, &told);
        ck_assert_str_eq(buffer_text(&told), headers_at_odds[_i].told);
}
END_TEST

START_TEST(test_mistakes_beyond_the_maximum_are_counted) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(INTAKE_BODY_MAX), told = BUFFER_INIT(1 << 20);
        struct intake_request request;
        struct problem problem = {0};
        struct intake intake;

        buffer_add_text(&body, "{" GOOD);
        for (int i = 0; i < EVENT_MISTAKES_MAX + 980; i++)
                buffer_printf(&body, ",\"unknown_%d\":1", i);
        buffer_add_byte(&body, '}');
        request = request_for("measure-started", INTAKE_PLAIN, buffer_text(&body));
        ck_assert(!intake_read(&request, orgs, arena, &intake, &problem));
        write_told(&problem, &told);
        ck_assert_ptr_nonnull(strstr(buffer_text(&told), "\n+980\n"));
        intake_done(&intake);
}
END_TEST

static const struct {
        const char *body, *en, *nl;
} no_json[] = {
        {"{\"a\":1,\n \"secret\":1,\n \"secret\":2}", "line 3, column 9 a key stands there for the second time",
         "regel 3, kolom 9 staat een veld voor de tweede keer"},
        {"{\"a\":\"secret\\u0000\"}", "byte 19 it has a NUL character there", "byte 19 staat een NUL-teken"},
        {"{\"a\":1e999}", "a number there is too large", "staat een getal dat te groot is"},
        {"{\"a\":\"secret\xff\"}", "it is not UTF-8 there", "staat iets dat geen UTF-8 is"},
        {"{\"a\":1", "it ends in the middle of a value", "houdt het op midden in een waarde"},
        {"{} {}", "something stands behind the object", "staat er iets achter het object"},
        {"\xef\xbb\xbf[]", "the body is the event itself", "de inhoud is de gebeurtenis zelf"},
};

START_TEST(test_what_is_no_json_is_told_as_replay_tells_it) {
        for (int nl = 0; nl < 2; nl++) {
                struct intake_request request = request_for("measure-started", INTAKE_PLAIN, no_json[_i].body);
                const char *want = nl ? no_json[_i].nl : no_json[_i].en;
                struct problem problem = {0};
                struct intake intake;

                request.language = nl ? LANGUAGE_NL : LANGUAGE_EN;
                ck_assert(!intake_read(&request, orgs, arena, &intake, &problem));
                ck_assert_int_eq(problem.kind, PROBLEM_MALFORMED);
                ck_assert_msg(strstr(problem.detail.text, want), "'%s' is not in: %s", want, problem.detail.text);
                ck_assert_ptr_null(strstr(problem.detail.text, "secret"));
                intake_done(&intake);
        }
}
END_TEST

static const struct {
        const char *caller, *event;
        bool ok;
} publishers[] = {
        {"gi-jbn", "measure-started", true},
        {"gm0014", "measure-started", false},
        {"gm0014", "local-team-involved", true},
        {"gi-jbn", "plan-due", false}, /* the broker alone tells it */
        {"operators", "alert-acknowledged", true},
};

START_TEST(test_who_may_publish) {
        struct problem problem = {0};

        ck_assert_int_eq(intake_allowed(event_types_find(types, text_of(publishers[_i].event)),
                                        organisations_find(orgs, text_of(publishers[_i].caller)), LANGUAGE_EN, &problem),
                         publishers[_i].ok);
        ck_assert_int_eq(problem.kind, publishers[_i].ok ? PROBLEM_NONE : PROBLEM_NOT_ALLOWED);
}
END_TEST

static const struct {
        const char *type;
        int form; /* -1: none */
} media_types_rows[] = {
        {"application/json", INTAKE_PLAIN},
        {"Application/JSON; charset=UTF-8", INTAKE_PLAIN},
        {"application/json;charset=\"utf-8\"; profile=x", INTAKE_PLAIN},
        {"application/cloudevents+json; charset=utf-8", INTAKE_STRUCTURED},
        {"application/json; charset=latin1", -1},
        {"application/cloudevents-batch+json", -1},
        {"Application/CloudEvents-Batch+JSON; charset=utf-8", -1},
        {"application/jsonx", -1},
        {"text/json", -1},
        {"", -1},
        {NULL, -1},
};

START_TEST(test_media_types) {
        enum intake_form form;

        bool batch = media_types_rows[_i].type && strcasestr(media_types_rows[_i].type, "batch");

        if (media_types_rows[_i].form < 0) {
                ck_assert_int_eq(intake_media_type(media_types_rows[_i].type, &form), batch ? PROBLEM_BATCH : PROBLEM_MEDIA_TYPE);
                return;
        }
        ck_assert_int_eq(intake_media_type(media_types_rows[_i].type, &form), PROBLEM_NONE);
        ck_assert_int_eq((int)form, media_types_rows[_i].form);
}
END_TEST

/* -- OpenAPI -- */

static void has_reference(const json_t *document, const json_t *reference) {
        char path[320];
        const json_t *at = document;
        char *rest = path, *part;

        (void) snprintf(path, sizeof(path), "%s", json_string_value(json_object_get(reference, "$ref")) + 2);
        while (at && (part = strtok_r(rest, "/", &rest)))
                at = json_object_get(at, part);
        ck_assert_ptr_nonnull(at);
}

#define TODAY "2022-10-10"

static day_t day_of(const char *text) {
        day_t day;

        ck_assert(date_parse(text_of(text), &day));
        return day;
}

static void write_openapi(bool json_only, struct buffer *out) {
        openapi_write(&(struct openapi_config){.types = types, .organisations = orgs, .day = day_of(TODAY), .version = "1", .json_only = json_only}, out);
}

static const json_t *row_of(const json_t *rows, const char *id) {
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                if (strcmp(json_string_value(json_object_get(row, "id")), id) == 0)
                        return row;
        }
        return NULL;
}

START_TEST(test_openapi_says_whom_a_field_can_name) {
        struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);
        const json_t *row;
        json_t *document;
        char id[UUID_TEXT + 1];

        write_openapi(false, &out);
        document = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_uint_eq(json_array_size(json_object_get(document, "x-organisations")), organisations_count(orgs));
        row = row_of(json_object_get(document, "x-organisations"), "gm0014");
        ck_assert_str_eq(json_string_value(json_object_get(row, "name")), organisations_find(orgs, text_of("gm0014"))->name);
        ck_assert_str_eq(json_string_value(json_object_get(row, "kind")), "municipality");
        ck_assert_str_eq(json_string_value(json_object_get(row, "urn")), organisations_find(orgs, text_of("gm0014"))->urn);
        ck_assert_str_eq(json_string_value(json_object_get(document, "x-source")), "urn:ketenwacht:ketenwacht");
        ck_assert_uint_eq(json_array_size(json_object_get(document, "x-regions")), regions_count(orgs));
        uuid_format(&regions_find(orgs, text_of("groningen"))->case_id, id);
        ck_assert_str_eq(json_string_value(json_object_get(row_of(json_object_get(document, "x-regions"), "groningen"), "case_id")), id);
        uuid_format(&uuid_namespace_ketenwacht, id);
        ck_assert_str_eq(json_string_value(json_object_get(document, "x-case-namespace")), id);
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(document, "servers"), 0), "url")), "/");
        json_decref(document);
        buffer_done(&out);
}
END_TEST

/* A dot in a schema's name makes a module of what stands before it in some generators, and 45 classes of one name. */
START_TEST(test_openapi_names_schemas_without_dots) {
        struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);
        json_t *document, *schema;
        const char *name;

        write_openapi(false, &out);
        document = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL);
        json_object_foreach(json_object_get(json_object_get(document, "components"), "schemas"), name, schema)
                ck_assert_msg(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name), "%s", name);
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "\"measure-started--cloudevent\""));
        json_decref(document);
        buffer_done(&out);
}
END_TEST

START_TEST(test_openapi_with_one_media_type_a_body) {
        struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);
        json_t *document, *path;
        const char *name;
        size_t posts = 0;

        write_openapi(true, &out);
        document = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL);
        json_object_foreach(json_object_get(document, "paths"), name, path) {
                json_t *post = json_object_get(path, "post"), *content;

                if (!post)
                        continue;
                content = json_object_get(json_object_get(post, "requestBody"), "content");
                ck_assert_uint_eq(json_object_size(content), 1);
                has_reference(document, json_object_get(json_object_get(content, "application/json"), "schema"));
                posts++;
        }
        ck_assert_uint_gt(posts, 0);
        ck_assert_ptr_null(strstr(buffer_text(&out), "-cloudevent\""));
        json_decref(document);
        buffer_done(&out);
}
END_TEST

/* The only example of a schema, and that the door takes it from @caller in that form. */
static const json_t *example_is_taken(const json_t *schemas, const char *event, const char *suffix, enum intake_form form,
                                      const struct organisation *caller) {
        char name[128], *body;
        struct intake_request request;
        struct problem problem = {0};
        struct intake intake;
        const json_t *list;

        (void) snprintf(name, sizeof(name), "%s%s", event, suffix);
        list = json_object_get(json_object_get(schemas, name), "examples");
        ck_assert_msg(json_array_size(list) == 1, "%s", name);
        body = json_dumps(json_array_get(list, 0), 0);
        request = request_for(event, form, body);
        request.caller = caller;
        arena_reset(arena);
        ck_assert_msg(intake_read(&request, orgs, arena, &intake, &problem), "%s: %s: %s", name, problem.detail.text, body);
        intake_done(&intake);
        free(body);
        return json_array_get(list, 0);
}

/* One organisation of each kind alone may post: all that its kind publishes has an example of its own, which is taken in both forms. */
START_TEST(test_openapi_examples_are_taken) {
        struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);
        const struct organisation *caller = NULL;
        json_t *document;
        const json_t *schemas;
        bool *callers = calloc(organisations_count(orgs), sizeof(*callers));
        size_t published = 0;

        for (size_t i = 0; i < organisations_count(orgs) && !caller; i++) {
                const struct organisation *org = organisations_at(orgs, organisations_count(orgs) - 1 - i);

                if ((int)org->kind == _i && organisation_on(org, day_of(TODAY)))
                        caller = org;
        }
        if (caller)
                callers[caller->index] = true;
        openapi_write(&(struct openapi_config){.types = types, .organisations = orgs, .callers = callers, .day = day_of(TODAY), .version = "1"}, &out);
        document = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL);
        schemas = json_object_get(json_object_get(document, "components"), "schemas");
        for (size_t i = 0; i < event_types_count(types); i++) {
                const struct event_type *type = event_types_at(types, i);

                if (!caller || type->output || !(type->publishers & 1u << caller->kind))
                        continue;
                ck_assert_str_eq(json_string_value(json_object_get(example_is_taken(schemas, type->name, "", INTAKE_PLAIN, caller), "source")), caller->id);
                (void) example_is_taken(schemas, type->name, "--cloudevent", INTAKE_STRUCTURED, caller);
                published++;
        }
        ck_assert(!caller || published > 0);
        json_decref(document);
        buffer_done(&out);
        free(callers);
}
END_TEST

static const struct {
        const char *event, *field, *value; /* NULL: null */
        enum organisation_kind kind;       /* that is named, when there is no value but "" */
} example_fields[] = {
        {"measure-started", "informed_date", TODAY, 0},
        {"measure-started", "kind", "OTS", 0},
        {"measure-started", "replaces", NULL, 0},
        {"measure-started", "birth_date", NULL, 0}, /* personal, and not needed */
        {"measure-extended", "ends_on", "2023-04-10", 0},
        {"protector-assigned", "worker", "worker-1", 0},
        {"measure-started", "source", "", KIND_GI},
        {"measure-started", "gi", "", KIND_GI},
        {"measure-started", "municipality", "", KIND_MUNICIPALITY},
        {"prior-help-shared", "source", "", KIND_MUNICIPALITY},
        {"referral-answered", "responsible_municipality", "", KIND_MUNICIPALITY},
};

static json_t *open_document(json_t **ret_schemas) {
        struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);
        json_t *document;

        write_openapi(false, &out);
        document = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL);
        *ret_schemas = json_object_get(json_object_get(document, "components"), "schemas");
        buffer_done(&out);
        return document;
}

START_TEST(test_openapi_examples_name_what_there_is) {
        json_t *schemas, *document = open_document(&schemas);
        const json_t *example = json_array_get(json_object_get(json_object_get(schemas, example_fields[_i].event), "examples"), 0);
        const char *field = example_fields[_i].field, *wanted = example_fields[_i].value, *value = json_string_value(json_object_get(example, field));

        if (!wanted)
                ck_assert_msg(json_is_null(json_object_get(example, field)), "%s", field);
        else if (*wanted)
                ck_assert_msg(value && strcmp(value, wanted) == 0, "%s: %s", field, value ? value : "nothing");
        else
                ck_assert_int_eq(organisation_on(organisations_find(orgs, text_of(value)), day_of(TODAY))->kind, example_fields[_i].kind);
        json_decref(document);
}
END_TEST

/* Together they are a story: of one case and one measure, each under an id of its own, and the same when made again. */
START_TEST(test_openapi_examples_are_a_story) {
        static const char *const shared[] = {"case_id", "measure_id", "source", "gi"};
        json_t *schemas, *again, *document = open_document(&schemas), *other = open_document(&again);
        const json_t *start = json_array_get(json_object_get(json_object_get(schemas, "measure-started"), "examples"), 0);
        const json_t *end = json_array_get(json_object_get(json_object_get(schemas, "measure-ended"), "examples"), 0);

        for (size_t i = 0; i < ELEMENTS(shared); i++)
                ck_assert(!json_object_get(end, shared[i]) || json_equal(json_object_get(start, shared[i]), json_object_get(end, shared[i])));
        ck_assert(!json_equal(json_object_get(start, "event_id"), json_object_get(end, "event_id")));
        ck_assert(json_equal(schemas, again));
        json_decref(document);
        json_decref(other);
}
END_TEST

/* An event type with nothing but its envelope. */
static void write_event_type(const struct scratch *s, const char *name) {
        char file[128], text[2048], record[128];

        name_pascal(name, record, sizeof(record));
        (void) snprintf(file, sizeof(file), "%s.avsc", name);
        (void) snprintf(text, sizeof(text),
                        "{\"type\":\"record\",\"name\":\"%s\",\"namespace\":\"nl.ketenwacht.event\",\"doc\":\"Proef.\",\"fields\":["
                        "{\"name\":\"event_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"},\"doc\":\"Proef.\"},"
                        "{\"name\":\"case_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"},\"doc\":\"Proef.\"},"
                        "{\"name\":\"source\",\"type\":\"string\",\"doc\":\"Proef.\"},"
                        "{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Proef.\"},"
                        "{\"name\":\"recorded_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Proef.\"},"
                        "{\"name\":\"replaces\",\"type\":[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}],\"default\":null,\"doc\":\"Proef.\"}]}",
                        record);
        scratch_write(s, file, text);
}

static const char *const read_paths[] = {"/events/{event_id}", "/inbox"};

START_TEST(test_openapi_has_every_event_and_field) {
        struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);
        json_t *document;
        size_t published = 0;

        write_openapi(false, &out);
        document = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_ptr_nonnull(document);
        for (size_t i = 0; i < event_types_count(types); i++) {
                const struct event_type *type = event_types_at(types, i);
                json_t *schema = json_object_get(json_object_get(json_object_get(document, "components"), "schemas"), type->name), *post, *response;
                const char *status;
                char path[128];

                (void) snprintf(path, sizeof(path), "/events/%s", type->name);
                post = json_object_get(json_object_get(json_object_get(document, "paths"), path), "post");
                ck_assert_int_eq(post != NULL, !type->output);
                if (type->output)
                        continue;
                published++;
                ck_assert_uint_eq(json_object_size(json_object_get(schema, "properties")), type->layout->n + 2); /* event and key beside the fields */
                json_object_foreach(json_object_get(post, "responses"), status, response) {
                        if (strcmp(status, "202") != 0)
                                has_reference(document, response);
                }
        }
        for (size_t i = 0; i < ELEMENTS(read_paths); i++) {
                json_t *get = json_object_get(json_object_get(json_object_get(document, "paths"), read_paths[i]), "get"), *response;
                const char *status;

                ck_assert_ptr_nonnull(json_object_get(json_object_get(get, "responses"), "200"));
                json_object_foreach(json_object_get(get, "responses"), status, response) {
                        if (strcmp(status, "200") != 0)
                                has_reference(document, response);
                }
        }
        ck_assert_uint_eq(json_object_size(json_object_get(document, "paths")), published + ELEMENTS(read_paths));
        json_decref(document);
        buffer_done(&out);
}
END_TEST

static const struct {
        const char *field, *json;
} openapi_fields[] = {
        {"event_id", "\"event_id\":{\"type\":\"string\",\"format\":\"uuid\",\"pattern\":"},
        {"birth_date", "\"birth_date\":{\"type\":[\"string\",\"null\"],\"format\":\"date\",\"pattern\":\"^((19|20|21)[0-9]{2}|2200)-"},
        {"kind", "\"type\":\"string\",\"enum\":[\"OTS\",\"VOTS\","},
        {"occurred_at", "\"occurred_at\":{\"type\":\"string\",\"format\":\"date-time\","},
        {"agreed", "\"agreed\":{\"type\":\"boolean\","},
        {"recorded_at", "At most a day ahead of the clock here.\""},
        {"date of action-completed", "Datum van afronding. At most a day after recorded_at.\""},
        {"gi", "When the source is of kind gi: the source itself.\""},
        {"municipality", "\"x-organisation\":true,\"description\":"},
        {"event", "\"event\":{\"type\":[\"string\",\"null\"],\"enum\":[\"measure-started\",null],"},
        {"what ketenwacht tells", "\"plan-due\":{\"type\":\"object\","},
};

/* A word that is no region here is none in the document either. */
START_TEST(test_openapi_says_which_regions_a_field_can_name) {
        json_t *schemas, *document = open_document(&schemas);
        const json_t *region = json_object_get(json_object_get(json_object_get(schemas, "meeting-held"), "properties"), "region");

        ck_assert_uint_eq(json_array_size(json_object_get(region, "enum")), regions_count(orgs));
        ck_assert_str_eq(json_string_value(json_array_get(json_object_get(region, "enum"), 0)), regions_at(orgs, 0)->id);
        json_decref(document);
}
END_TEST

/* What stands in the document under a name of ours: event types of those names take none of them. */
static const char *const names_of_ours[] = {
        "problem", "mistake", "accepted", "fate", "message", "inbox", "inbox-page", "answer-problem", "what-became-of-event", "ce-type", "openapi",
        "wish-made-cloudevent", "plan-made-cloudevent",
};

START_TEST(test_openapi_has_room_for_event_types_of_any_name) {
        CLEANUP(mistakes_done) struct mistakes mistakes = MISTAKES_INIT;
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);
        struct scratch s = scratch_new();
        json_t *document, *path, *operation, *seen = json_object();
        const char *name, *method;

        for (size_t i = 0; i < ELEMENTS(names_of_ours); i++)
                write_event_type(&s, names_of_ours[i]);
        write_event_type(&s, "wish-made");
        write_event_type(&s, "plan-made");
        types = event_types_free(types);
        ck_assert_msg(event_types_read(s.path, &types, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        write_openapi(false, &out);
        document = json_loadb((const char *)out.bytes, out.n, JSON_REJECT_DUPLICATES, NULL); /* none stands twice */
        ck_assert_ptr_nonnull(document);
        for (size_t i = 0; i < ELEMENTS(names_of_ours); i++)
                ck_assert_ptr_nonnull(json_object_get(json_object_get(json_object_get(document, "components"), "schemas"), names_of_ours[i]));
        json_object_foreach(json_object_get(document, "paths"), name, path) {
                json_object_foreach(path, method, operation) {
                        const char *id = json_string_value(json_object_get(operation, "operationId"));

                        ck_assert_msg(!json_object_get(seen, id), "%s", id);
                        ck_assert_int_eq(json_object_set_new(seen, id, json_true()), 0);
                }
        }
        ck_assert_uint_eq(json_object_size(seen), ELEMENTS(names_of_ours) + 2 + ELEMENTS(read_paths));
        json_decref(seen);
        json_decref(document);
        scratch_remove(&s);
}
END_TEST

START_TEST(test_openapi_fields_say_what_the_schema_says) {
        struct buffer out = BUFFER_INIT(OPENAPI_BYTES_MAX);

        write_openapi(false, &out);
        ck_assert_msg(strstr(buffer_text(&out), openapi_fields[_i].json), "%s", openapi_fields[_i].field);
        buffer_done(&out);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("connect_intake");
        SRunner *runner = srunner_create(suite);
        TCase *intake = tcase_create("intake"), *openapi = tcase_create("openapi");
        int failed;

        tcase_add_checked_fixture(intake, setup, teardown);
        tcase_add_checked_fixture(openapi, setup, teardown);
        tcase_add_loop_test(intake, test_every_form_gives_the_same_event, 0, (int)ELEMENTS(forms));
        tcase_add_loop_test(intake, test_refusals_name_their_field, 0, (int)ELEMENTS(refused));
        tcase_add_loop_test(intake, test_all_mistakes_are_told_at_once, 0, (int)ELEMENTS(all_at_once));
        tcase_add_loop_test(intake, test_headers_at_odds_are_told, 0, (int)ELEMENTS(headers_at_odds));
        tcase_add_test(intake, test_mistakes_beyond_the_maximum_are_counted);
        tcase_add_loop_test(intake, test_what_is_no_json_is_told_as_replay_tells_it, 0, (int)ELEMENTS(no_json));
        tcase_add_loop_test(intake, test_who_may_publish, 0, (int)ELEMENTS(publishers));
        tcase_add_loop_test(intake, test_media_types, 0, (int)ELEMENTS(media_types_rows));
        tcase_add_test(openapi, test_openapi_says_whom_a_field_can_name);
        tcase_add_test(openapi, test_openapi_with_one_media_type_a_body);
        tcase_add_test(openapi, test_openapi_names_schemas_without_dots);
        tcase_add_loop_test(openapi, test_openapi_examples_are_taken, 0, KINDS);
        tcase_add_loop_test(openapi, test_openapi_examples_name_what_there_is, 0, (int)ELEMENTS(example_fields));
        tcase_add_test(openapi, test_openapi_examples_are_a_story);
        tcase_add_test(openapi, test_openapi_has_every_event_and_field);
        tcase_add_test(openapi, test_openapi_has_room_for_event_types_of_any_name);
        tcase_add_test(openapi, test_openapi_says_which_regions_a_field_can_name);
        tcase_add_loop_test(openapi, test_openapi_fields_say_what_the_schema_says, 0, (int)ELEMENTS(openapi_fields));
        suite_add_tcase(suite, intake);
        suite_add_tcase(suite, openapi);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
