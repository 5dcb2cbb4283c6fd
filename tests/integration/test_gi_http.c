/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: gi-http answers every kind of request as agreed, and what it accepted stands on the broker.
 * Method: real HTTP requests, one table of them with the whole answer; the broker taken away.
 */

#include <curl/curl.h>
#include <jansson.h>

#include "connect/intake.h"
#include "connect_fixture.h"

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define EVENT_ID "60a3d05e-e53c-5dbc-921a-806f98a46c8c"
#define CASE_ID "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define FIELDS(source, gi, more)                                                                                                        \
        "\"event_id\":\"" EVENT_ID "\",\"case_id\":\"" CASE_ID "\",\"source\":\"" source "\",\"occurred_at\":\"2022-10-09T11:00:00+02:00\","  \
        "\"recorded_at\":\"2022-10-10T11:00:00+02:00\",\"verdict_date\":\"2022-10-10\",\"informed_date\":\"2022-10-10\",\"gi\":\"" gi "\"," \
        "\"municipality\":\"gm0014\",\"measure_id\":\"7f0a320f-7e2d-50ba-959b-4131a3834d5d\"" more
#define GOOD "{" FIELDS("gi-jbn", "gi-jbn", ",\"kind\":\"OTS\"") "}"
#define CLOUDEVENT(type)                                                                                                         \
        "{\"specversion\":\"1.0\",\"id\":\"" EVENT_ID "\",\"type\":\"" type "\",\"source\":\"urn:ketenwacht:gi-jbn\",\"data\":" GOOD "}"

#define SERVER "connector: gi-http\nlisten: 127.0.0.1:0\ntokens: {gi-jbn: {env: JBN}, gm0014: {env: GM}}\norigins: [other.example, EVENTS.example.nl]\n"
#define JSON_TYPE "application/json"
#define CE_JSON "application/cloudevents+json"

static struct connecting c;
static char base[128];

/* The address stands in the log. */
static void start(const char *more) {
        static const char before[] = "\"address\":\"";
        char yaml[1024];
        char *at;

        connecting_up(&c, true);
        (void) snprintf(yaml, sizeof(yaml), SERVER "%s", more);
        connecting_start(&c, yaml);
        ck_assert_int_eq(fflush(c.log.out), 0);
        at = strstr(c.log_text, before);
        ck_assert_ptr_nonnull(at);
        at += sizeof(before) - 1;
        (void) snprintf(base, sizeof(base), "http://%.*s", (int)strcspn(at, "\""), at);
}

static void setup(void) {
        start("");
}

static void teardown(void) {
        connecting_down(&c);
}

/* -- A client -- */

struct request {
        const char *method, *path, *token, *type, *body;
        const char *headers[6];
        size_t padded; /* the body is made so long */
        bool chunked;
};

struct answer {
        long status;
        struct buffer body, headers;
        json_t *json;
};

static size_t take(char *bytes, size_t size, size_t n, void *ctx) {
        buffer_add(ctx, bytes, size * n);
        return size * n;
}

struct sending {
        const char *bytes;
        size_t left;
};

static size_t give(char *bytes, size_t size, size_t n, void *ctx) {
        struct sending *s = ctx;
        size_t part = s->left < size * n ? s->left : size * n;

        memcpy(bytes, s->bytes, part);
        s->bytes += part;
        s->left -= part;
        return part;
}

static struct curl_slist *add(struct curl_slist *list, const char *name, const char *value) {
        char line[512];

        (void) snprintf(line, sizeof(line), "%s: %s", name, value);
        return curl_slist_append(list, line);
}

static struct curl_slist *headers_of(const struct request *q) {
        struct curl_slist *list = NULL;
        char bearer[320];

        list = add(list, "Expect", "");
        if (q->type)
                list = add(list, "Content-Type", q->type);
        if (q->token) {
                (void) snprintf(bearer, sizeof(bearer), "Bearer %s", one_token(q->token) ? one_token(q->token) : q->token);
                list = add(list, "Authorization", bearer);
        }
        if (q->chunked)
                list = add(list, "Transfer-Encoding", "chunked");
        for (size_t i = 0; i < ELEMENTS(q->headers) && q->headers[i]; i++)
                list = curl_slist_append(list, q->headers[i]);
        return list;
}

/* Receivers in JavaScript refuse charset=UTF-8. */
static void assert_charset(const char *headers) {
        const char *type = strcasestr(headers, "content-type:"), *charset = type ? strcasestr(type, "charset") : NULL;

        ck_assert_msg((type || strstr(headers, " 204 ")) && (!charset || strncmp(charset, "charset=utf-8\r", 14) == 0), "%s", headers);
}

static void ask(const struct request *q, struct answer *ret) {
        struct curl_slist *headers = headers_of(q);
        struct buffer body = BUFFER_INIT(8 << 20);
        struct sending sending;
        CURL *e = curl_easy_init();
        char url[512];
        CURLcode code;

        *ret = (struct answer){.body = BUFFER_INIT(32 << 20), .headers = BUFFER_INIT(65536)};
        buffer_add_text(&body, q->body ? q->body : "");
        while (body.n < q->padded)
                buffer_add_byte(&body, ' ');
        sending = (struct sending){buffer_text(&body), body.n};
        (void) snprintf(url, sizeof(url), "%s%s", base, q->path);
        curl_easy_setopt(e, CURLOPT_URL, url);
        curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(e, CURLOPT_WRITEDATA, &ret->body);
        curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take);
        curl_easy_setopt(e, CURLOPT_HEADERDATA, &ret->headers);
        curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
        curl_easy_setopt(e, CURLOPT_PROXY, "");
        if (q->chunked) {
                curl_easy_setopt(e, CURLOPT_POST, 1L);
                curl_easy_setopt(e, CURLOPT_READFUNCTION, give);
                curl_easy_setopt(e, CURLOPT_READDATA, &sending);
        } else if (q->body) {
                curl_easy_setopt(e, CURLOPT_POSTFIELDS, sending.bytes);
                curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)sending.left);
        }
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, q->method);
        code = curl_easy_perform(e);
        ck_assert_msg(code == CURLE_OK, "%s %s: %s", q->method, q->path, curl_easy_strerror(code));
        curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &ret->status);
        curl_easy_cleanup(e);
        curl_slist_free_all(headers);
        buffer_done(&body);
        assert_charset(buffer_text(&ret->headers));
        ret->json = json_loadb((const char *)ret->body.bytes, ret->body.n, 0, NULL);
}

static void answer_done(struct answer *a) {
        json_decref(a->json);
        buffer_done(&a->body);
        buffer_done(&a->headers);
}

static const char *string_of(const struct answer *a, const char *key) {
        const char *s = json_string_value(json_object_get(a->json, key));

        return s ? s : "";
}

/* -- The table -- */

#define MS "/events/measure-started"
#define PROBE \
        "{\"kanaal\":\"test\",\"hoofdObject\":\"http://some.hoofdobject.nl/\",\"resource\":\"some_resource\",\"resourceUrl\":\"http://some.resource.nl/\"," \
        "\"actie\":\"create\",\"aanmaakdatum\":\"2019-01-01T12:00:00Z\",\"kenmerken\":{}}"

static const struct {
        long status;
        const char *urn, *code, *field; /* of the problem; NULL: accepted */
        const char *header;             /* stands in the answer */
        struct request request;
} rows[] = {
        {202, NULL, NULL, NULL, "application/json", {"POST", MS, "JBN", JSON_TYPE, GOOD}},
        {202, NULL, NULL, NULL, NULL, {"POST", MS, "JBN", "application/json; charset=utf-8", GOOD, .headers = {"traceparent: " TRACE}}},
        {202, NULL, NULL, NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .chunked = true}},
        {202, NULL, NULL, NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .padded = INTAKE_BODY_MAX}},
        {202, NULL, NULL, NULL, NULL, {"POST", MS, "JBN", CE_JSON, CLOUDEVENT("nl.ketenwacht.measure-started.v1")}},
        {202, NULL, NULL, NULL, NULL,
         {"POST", MS, "JBN", JSON_TYPE, GOOD,
          .headers = {"ce-specversion: 1.0", "ce-id: " EVENT_ID, "ce-source: urn:ketenwacht:gi-jbn", "ce-type: nl.ketenwacht.measure-started.v1"}}},
        {401, "unauthorised", "UNAUTHORISED", NULL, NULL, {"POST", MS, NULL, JSON_TYPE, PROBE}},
        {204, NULL, NULL, NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, PROBE}},
        {422, "bad-value", "BAD_VALUE", "kanaal", NULL,
         {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-jbn", ",\"kind\":\"OTS\",\"kanaal\":\"test\"") "}"}},
        {204, NULL, NULL, NULL, "WebHook-Allowed-Origin: Events.example.nl\r\n",
         {"OPTIONS", MS, NULL, NULL, NULL, .headers = {"WebHook-Request-Origin: Events.example.nl"}}},
        {204, NULL, NULL, NULL, "WebHook-Allowed-Rate: *", {"OPTIONS", MS, NULL, NULL, NULL, .headers = {"WebHook-Request-Origin: events.example.nl"}}},
        {403, "not-allowed", "NOT_ALLOWED", NULL, NULL,
         {"OPTIONS", MS, NULL, NULL, NULL, .headers = {"WebHook-Request-Origin: events.example.nl.evil.example"}}},
        {404, "unknown-event", "UNKNOWN_EVENT", NULL, NULL,
         {"OPTIONS", "/events/measure-start", NULL, NULL, NULL, .headers = {"WebHook-Request-Origin: events.example.nl"}}},
        {405, "method-not-allowed", "METHOD", NULL, "Allow: POST", {"OPTIONS", MS, NULL, NULL, NULL}},
        {400, "malformed", "MALFORMED", NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, "{"}},
        {400, "malformed", "MALFORMED", NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, ""}},
        {400, "malformed", "MALFORMED", NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, "\"x\""}},
        {401, "unauthorised", "UNAUTHORISED", NULL, "WWW-Authenticate: Bearer", {"POST", MS, NULL, JSON_TYPE, GOOD}},
        {401, "unauthorised", "UNAUTHORISED", NULL, NULL, {"POST", MS, "wrong-wrong-wrong-wrong-wrong-wrong", JSON_TYPE, GOOD}},
        {403, "not-allowed", "NOT_ALLOWED", NULL, NULL, {"POST", MS, "GM", JSON_TYPE, GOOD}},
        {403, "not-allowed", "NOT_ALLOWED", NULL, NULL, {"POST", "/events/plan-due", "JBN", JSON_TYPE, GOOD}},
        {403, "not-allowed", "NOT_ALLOWED", "source", NULL,
         {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-wss", "gi-wss", ",\"kind\":\"OTS\"") "}"}},
        {403, "unknown-organisation", "UNKNOWN_ORGANISATION", "source", NULL,
         {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-none", "gi-jbn", ",\"kind\":\"OTS\"") "}"}},
        {403, "not-allowed", "NOT_ALLOWED", "gi", NULL, {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-wss", ",\"kind\":\"OTS\"") "}"}},
        {404, "unknown-event", "UNKNOWN_EVENT", NULL, NULL, {"POST", "/events/measure-start", "JBN", JSON_TYPE, GOOD}},
        {404, "unknown-event", "UNKNOWN_EVENT", NULL, NULL, {"POST", "/events/", "JBN", JSON_TYPE, GOOD}},
        {404, "not-found", "NOT_FOUND", NULL, NULL, {"GET", "/nothing", NULL, NULL, NULL}},
        {400, "bad-query", "BAD_QUERY", "media", NULL, {"GET", "/openapi.json?media=xml", NULL, NULL, NULL}},
        {405, "method-not-allowed", "METHOD", NULL, "Allow: POST", {"GET", MS, "JBN", NULL, NULL}},
        {405, "method-not-allowed", "METHOD", NULL, "Allow: POST", {"PUT", MS, "JBN", JSON_TYPE, GOOD}},
        {405, "method-not-allowed", "METHOD", NULL, "Allow: GET, HEAD", {"DELETE", "/openapi.json", NULL, NULL, NULL}},
        {413, "too-large", "TOO_LARGE", NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .padded = INTAKE_BODY_MAX + 1}},
        {413, "too-large", "TOO_LARGE", NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .padded = INTAKE_BODY_MAX + 1, .chunked = true}},
        {413, "too-large", "TOO_LARGE", NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .padded = 900000, .chunked = true}},
        {415, "media-type", "MEDIA_TYPE", NULL, NULL, {"POST", MS, "JBN", "text/plain", GOOD}},
        {415, "media-type", "MEDIA_TYPE", NULL, NULL, {"POST", MS, "JBN", "application/avro", GOOD}},
        {415, "media-type", "MEDIA_TYPE", NULL, NULL, {"POST", MS, "JBN", "", GOOD}},
        {415, "batch", "BATCH", NULL, NULL, {"POST", MS, "JBN", "application/cloudevents-batch+json", "[" CLOUDEVENT("nl.ketenwacht.measure-started.v1") "]"}},
        {415, "batch", "BATCH", NULL, "Content-Language: nl", {"POST", MS, "JBN", "application/cloudevents-batch+json; charset=UTF-8", "[]",
                                                               .headers = {"Accept-Language: nl"}}},
        {202, NULL, NULL, NULL, NULL,
         {"POST", MS, "JBN", "application/json; charset=UTF-8", GOOD,
          .headers = {"ce-specversion: 1.0", "ce-id: " EVENT_ID, "ce-source: urn%3Aketenwacht%3Agi-jbn", "ce-type: nl.ketenwacht.measure-started.v1",
                      "ce-time: 2022-10-11T08:00:00Z"}}},
        {422, "bad-value", "BAD_VALUE", "specversion", NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .headers = {"ce-id: " EVENT_ID, "ce-source: gi-jbn",
                                                              "ce-type: nl.ketenwacht.measure-started.v1"}}},
        {415, "media-type", "MEDIA_TYPE", NULL, NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .headers = {"Content-Encoding: gzip"}}},
        {422, "bad-value", "BAD_VALUE", "kind", NULL, {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-jbn", "") "}"}},
        {422, "bad-value", "BAD_VALUE", "kind", NULL, {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-jbn", ",\"kind\":\"OTTS\"") "}"}},
        {422, "bad-value", "BAD_VALUE", "birth_date", NULL,
         {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-jbn", ",\"kind\":\"OTS\",\"birth_date\":\"personal\"") "}"}},
        {422, "bad-value", "BAD_VALUE", "type", NULL, {"POST", MS, "JBN", CE_JSON, CLOUDEVENT("nl.ketenwacht.plan-made.v1")}},
        {422, "bad-value", "BAD_VALUE", "type", NULL, {"POST", MS, "JBN", JSON_TYPE, GOOD, .headers = {"ce-specversion: 1.0", "ce-id: " EVENT_ID}}},
        {422, "bad-value", "BAD_VALUE", "kind", "Content-Language: en", {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-jbn", "") "}"}},
        {422, "bad-value", "BAD_VALUE", "kind", "Content-Language: nl",
         {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-jbn", "") "}", .headers = {"Accept-Language: de, nl-BE;q=0.9, en;q=0.8"}}},
        {401, "unauthorised", "UNAUTHORISED", NULL, "Vary: Accept-Language", {"POST", MS, NULL, JSON_TYPE, GOOD, .headers = {"Accept-Language: nl"}}},
        {422, "key-mismatch", "KEY_MISMATCH", "key", NULL,
         {"POST", MS, "JBN", JSON_TYPE, "{" FIELDS("gi-jbn", "gi-jbn", ",\"kind\":\"OTS\",\"key\":\"" EVENT_ID "\"") "}"}},
};

static void check_row(size_t i) {
        struct answer a;
        char urn[128];

        ask(&rows[i].request, &a);
        ck_assert_msg(a.status == rows[i].status, "row %zu: %ld %s", i, a.status, buffer_text(&a.body));
        ck_assert_msg(!rows[i].header || strstr(buffer_text(&a.headers), rows[i].header), "row %zu: %s", i, buffer_text(&a.headers));
        ck_assert_ptr_null(strstr(buffer_text(&a.body), "personal\""));
        if (rows[i].code) {
                (void) snprintf(urn, sizeof(urn), "urn:ketenwacht:problem:%s", rows[i].urn);
                ck_assert_str_eq(string_of(&a, "type"), urn);
                ck_assert_str_eq(string_of(&a, "code"), rows[i].code);
                ck_assert_str_eq(string_of(&a, "field"), rows[i].field ? rows[i].field : "");
                ck_assert_int_eq(json_integer_value(json_object_get(a.json, "status")), rows[i].status);
                ck_assert_ptr_nonnull(strstr(buffer_text(&a.headers), "Content-Type: application/problem+json"));
        } else {
                ck_assert_str_eq(string_of(&a, "event_id"), a.status == 202 ? EVENT_ID : "");
        }
        answer_done(&a);
}

struct found {
        size_t n, traced;
        const struct event_types *types;
};

static bool see_event(void *ctx, struct bus_record *record) {
        struct found *found = ctx;
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err = {0};
        char id[UUID_TEXT + 1];

        ck_assert(record->key_n == strlen(CASE_ID) && memcmp(record->key, CASE_ID, record->key_n) == 0);
        ck_assert(header_is(record, "ce_id", EVENT_ID) && header_is(record, "ce_source", "urn:ketenwacht:gi-jbn"));
        ck_assert(header_is(record, "ce_type", "nl.ketenwacht.measure-started.v1") && header_is(record, "ce_specversion", "1.0"));
        ck_assert(header_is(record, "content-type", "application/avro") && header_is(record, "ce_time", "2022-10-10T09:00:00.000Z"));
        found->traced += header_is(record, "traceparent", TRACE);
        ck_assert_msg(event_record_read(found->types, NULL, record, slots, &event, &err) == 0, "%s", err.text);
        uuid_format(&slots[SLOT_EVENT_ID].u, id);
        ck_assert_str_eq(id, EVENT_ID);
        found->n++;
        return false;
}

START_TEST(test_every_answer) {
        struct found found = {.types = c.types};
        size_t accepted = 0;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                check_row(i);
                accepted += rows[i].status == 202;
        }
        connecting_read(&c, "measure-started", see_event, &found);
        ck_assert_uint_eq(found.n, accepted); /* what was accepted stands there, posted again each time, and nothing else */
        ck_assert_uint_eq(found.traced, 1);
        ck_assert_int_eq(fflush(c.log.out), 0);
        ck_assert_ptr_null(strstr(c.log_text, "jbn-jbn"));
        ck_assert_ptr_null(strstr(c.log_text, "personal"));
}
END_TEST

/* -- Paused -- */

static const struct {
        long status;
        const char *code, *header;
        struct request request;
} while_paused[] = {
        {503, "PAUSED", "Retry-After: 60", {"POST", MS, "JBN", JSON_TYPE, GOOD}},
        {503, "PAUSED", "Content-Language: nl", {"POST", MS, "JBN", JSON_TYPE, GOOD, .headers = {"Accept-Language: nl"}}},
        {503, "PAUSED", "Retry-After: 60", {"GET", "/events/" EVENT_ID, "JBN", NULL, NULL}},
        {503, "PAUSED", "Retry-After: 60", {"GET", "/inbox", "GM", NULL, NULL}},
        {401, "UNAUTHORISED", NULL, {"POST", MS, NULL, JSON_TYPE, GOOD}},
        {405, "METHOD", NULL, {"PUT", MS, "JBN", JSON_TYPE, GOOD}},
        {200, "", NULL, {"GET", "/openapi.json", NULL, NULL, NULL}},
};

static bool is_paused(void) {
        struct runtime_status status;

        runtime_status(c.runtime, &status);
        return status.paused;
}

static void await_paused(bool paused) {
        for (int64_t deadline = cluster_deadline(&c.cluster); is_paused() != paused;)
                cluster_patience(&c.cluster, deadline, "the order of an operator");
}

START_TEST(test_a_pause_is_answered_as_one) {
        struct found found = {.types = c.types};
        struct act_resumed resumed = {0};

        ck_assert_int_eq(connecting_order(&c, true, NULL, NULL), 0);
        await_paused(true);
        for (size_t i = 0; i < ELEMENTS(while_paused); i++) {
                struct answer a;

                ask(&while_paused[i].request, &a);
                ck_assert_msg(a.status == while_paused[i].status, "row %zu: %ld %s", i, a.status, buffer_text(&a.body));
                ck_assert_str_eq(string_of(&a, "code"), while_paused[i].code);
                ck_assert_msg(!while_paused[i].header || strstr(buffer_text(&a.headers), while_paused[i].header), "row %zu: %s", i, buffer_text(&a.headers));
                ck_assert_ptr_null(strstr(buffer_text(&a.body), "onderhoud")); /* why is not for everybody */
                answer_done(&a);
        }
        ck_assert_int_eq(connecting_order(&c, false, NULL, &resumed), 0);
        ck_assert(resumed.was_paused && !resumed.was_stopped);
        await_paused(false);
        check_row(0);
        connecting_read(&c, "measure-started", see_event, &found);
        ck_assert_uint_eq(found.n, 1);
}
END_TEST

/* -- What is asked -- */

static const struct {
        long status;
        const char *code, *header;
        struct request request;
} asked[] = {
        {401, "UNAUTHORISED", "WWW-Authenticate: Bearer", {"GET", "/events/" EVENT_ID, NULL, NULL, NULL}},
        {401, "UNAUTHORISED", "WWW-Authenticate: Bearer", {"GET", "/inbox", "wrong-wrong-wrong-wrong-wrong-wrong", NULL, NULL}},
        {404, "NOT_FOUND", NULL, {"GET", "/events/" CASE_ID, "JBN", NULL, NULL}},
        {405, "METHOD", "Allow: GET, HEAD", {"DELETE", "/events/" EVENT_ID, "JBN", NULL, NULL}},
        {405, "METHOD", "Allow: GET, HEAD", {"POST", "/inbox", "JBN", JSON_TYPE, GOOD}},
        {404, "UNKNOWN_EVENT", NULL, {"POST", "/events/" EVENT_ID, "JBN", JSON_TYPE, GOOD}},
        {400, "BAD_QUERY", NULL, {"GET", "/inbox?after=0123", "GM", NULL, NULL}},
        {400, "BAD_QUERY", NULL, {"GET", "/inbox?limit=1001", "GM", NULL, NULL}},
        {400, "BAD_QUERY", NULL, {"GET", "/inbox?limit=", "GM", NULL, NULL}},
        {400, "BAD_QUERY", NULL, {"GET", "/inbox?wait=-1", "GM", NULL, NULL}},
        {400, "BAD_QUERY", NULL, {"GET", "/inbox?until=3", "GM", NULL, NULL}},
        {503, "READING", "Retry-After: ", {"GET", "/inbox", "JBN", NULL, NULL}}, /* has no inbox here */
        {200, NULL, "Content-Type: application/cloudevents-batch+json", {"GET", "/inbox", "GM", NULL, NULL}},
        {200, NULL, "Link: </inbox?after=", {"GET", "/inbox?limit=1&wait=0", "GM", NULL, NULL}},
};

/* The desk reads all topics once before it answers. */
static void await_desk(void) {
        int64_t deadline = cluster_deadline(&c.cluster);

        do {
                cluster_patience(&c.cluster, deadline, "the desk");
                ck_assert_int_eq(fflush(c.log.out), 0);
        } while (!strstr(c.log_text, "\"desk-ready\""));
}

START_TEST(test_every_question) {
        await_desk();
        for (size_t i = 0; i < ELEMENTS(asked); i++) {
                struct answer a;

                ask(&asked[i].request, &a);
                ck_assert_msg(a.status == asked[i].status, "row %zu: %ld %s", i, a.status, buffer_text(&a.body));
                ck_assert_str_eq(string_of(&a, "code"), asked[i].code ? asked[i].code : "");
                ck_assert_msg(!asked[i].header || strstr(buffer_text(&a.headers), asked[i].header), "row %zu: %s", i, buffer_text(&a.headers));
                answer_done(&a);
        }
}
END_TEST

/* What a worker commits, without one: the group is done with all that stands on a topic. */
static void work_through(const char *topic) {
        const char *const topics[] = {topic};
        int64_t deadline = cluster_deadline(&c.cluster);
        struct bus_consumer *consumer;
        struct bus_event event;

        ck_ok(bus_consumer_open(c.cluster.bus, &(struct bus_consumer_config){.group = TOPICS_GROUP_RULES, .topics = topics, .topics_n = 1}, &consumer, &err));
        do {
                cluster_patience(&c.cluster, deadline, "a record to work on");
                ck_ok(bus_consumer_poll(consumer, TURN_MS, &event, &err));
        } while (event.kind != BUS_RECORD);
        ck_assert_int_eq(bus_consumer_done(consumer, (struct bus_part){0, event.record.partition}, event.record.offset + 1), 0);
        ck_ok(bus_consumer_commit(consumer, &err));
        bus_consumer_close(consumer, true);
}

/* A record of @from, unchanged, in the inbox of gm0014: a copy that was told. */
static bool copy_to_inbox(void *ctx, struct bus_record *record) {
        struct bus_record copied = *record;
        struct bus_producer *p;
        size_t sent = 0, left = 1;

        (void) ctx;
        copied.topic = TOPIC_INBOX_PREFIX "gm0014";
        copied.partition = 0;
        ck_ok(bus_producer_open(c.cluster.bus, &(struct bus_producer_config){.settled = count_report, .ctx = &sent}, &p, &err));
        ck_ok(bus_producer_send(p, &copied, NULL, &err));
        ck_ok(bus_producer_flush(p, PATIENCE_MS, &left, &err));
        ck_assert_uint_eq(sent, 1);
        bus_producer_close(p);
        return true;
}

static void check_state(const char *state, const char *told) {
        struct answer a;

        ask(&(struct request){"GET", "/events/" EVENT_ID, "JBN", NULL, NULL}, &a);
        ck_assert_int_eq(a.status, 200);
        ck_assert_str_eq(string_of(&a, "state"), state);
        ck_assert_msg(!told == (json_array_size(json_object_get(a.json, "told")) == 0), "%s", buffer_text(&a.body));
        ck_assert(!told || strstr(buffer_text(&a.body), told));
        answer_done(&a);
}

START_TEST(test_an_event_and_who_was_told) {
        struct answer a, again;
        const json_t *first;

        await_desk();
        ask(&(struct request){"POST", MS, "JBN", JSON_TYPE, GOOD, .headers = {"traceparent: " TRACE}}, &a);
        ck_assert_int_eq(a.status, 202);
        answer_done(&a);
        check_state("waiting", NULL); /* at once: what was acknowledged is known */
        work_through("measure-started");
        check_state("fact", NULL);
        connecting_read(&c, "measure-started", copy_to_inbox, NULL);
        check_state("fact", "\"to\":\"gm0014\"");
        ask(&(struct request){"GET", "/inbox", "GM", NULL, NULL}, &a);
        ck_assert_uint_eq(json_array_size(a.json), 1);
        first = json_array_get(a.json, 0);
        ck_assert_str_eq(json_string_value(json_object_get(first, "id")), EVENT_ID);
        ck_assert_str_eq(json_string_value(json_object_get(first, "source")), "urn:ketenwacht:gi-jbn");
        ck_assert_str_eq(json_string_value(json_object_get(first, "type")), "nl.ketenwacht.measure-started.v1");
        ck_assert_str_eq(json_string_value(json_object_get(first, "traceparent")), TRACE);
        ck_assert_str_eq(json_string_value(json_object_get(first, "time")), "2022-10-10T09:00:00.000Z"); /* recorded_at */
        ck_assert_str_eq(json_string_value(json_object_get(json_object_get(first, "data"), "gi")), "gi-jbn");
        ask(&(struct request){"GET", "/inbox?wait=0", "GM", NULL, NULL}, &again); /* reading takes nothing away */
        ck_assert(json_equal(a.json, again.json));
        answer_done(&again);
        answer_done(&a);
        ask(&(struct request){"GET", "/events/" EVENT_ID, "GM", NULL, NULL}, &a);
        ck_assert_int_eq(a.status, 404); /* was told, and is not its source */
        answer_done(&a);
}
END_TEST

/* Posts the example of a schema as whoever it names; whether there is one. */
static bool post_example(const json_t *schemas, const char *event, const char *suffix, const char *type) {
        char path[128], name[128];
        const json_t *example, *source;
        struct answer a;
        char *body;

        (void) snprintf(name, sizeof(name), "%s%s", event, suffix);
        (void) snprintf(path, sizeof(path), "/events/%s", event);
        example = json_array_get(json_object_get(json_object_get(schemas, name), "examples"), 0);
        if (!example)
                return false;
        source = json_object_get(*suffix ? json_object_get(example, "data") : example, "source");
        body = json_dumps(example, 0);
        ask(&(struct request){"POST", path, strcmp(json_string_value(source), "gi-jbn") == 0 ? "JBN" : "GM", type, body}, &a);
        ck_assert_msg(a.status == 202, "%s: %ld %s", name, a.status, buffer_text(&a.body));
        answer_done(&a);
        free(body);
        return true;
}

/* Who is not let in is told why, as far as that helps nobody else; and what became of something is not asked by a word. */
static const struct {
        const char *path, *authorization, *detail;
        long status;
} hints[] = {
        {"/inbox", NULL, "send Authorization: Bearer", 401},
        {"/inbox", "Authorization: jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn", "must say Bearer, a space", 401},
        {"/inbox", "Authorization: Basic amJuOmpibg==", "must say Bearer, a space", 401},
        {"/inbox", "Authorization: Bearer ", "must say Bearer, a space", 401},
        {"/inbox", "Authorization: Bearer jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn-jb", "no organisation has this token here", 401},
        {"/events/60A3D05E-E53C-5DBC-921A-806F98A46C8C", NULL, "a UUID of 36 characters, lower case", 404},
        {"/events/measure-start", NULL, "a UUID of 36 characters, lower case", 404},
        {"/events/measure-started", NULL, "events are posted: use POST", 405},
};

START_TEST(test_hints) {
        struct answer a;

        ask(&(struct request){"GET", hints[_i].path, .headers = {hints[_i].authorization}}, &a);
        ck_assert_int_eq(a.status, hints[_i].status);
        ck_assert_msg(strstr(string_of(&a, "detail"), hints[_i].detail), "%s", string_of(&a, "detail"));
        answer_done(&a);
}
END_TEST

START_TEST(test_examples_are_accepted) {
        const json_t *schemas;
        struct answer a;

        ask(&(struct request){"GET", "/openapi.json", NULL, NULL, NULL}, &a);
        schemas = json_object_get(json_object_get(a.json, "components"), "schemas");
        for (size_t i = 0; i < event_types_count(c.types); i++) {
                const char *event = event_types_at(c.types, i)->name;

                if (event_types_at(c.types, i)->output)
                        continue;
                ck_assert_msg(post_example(schemas, event, "", JSON_TYPE), "%s", event);
                ck_assert_msg(post_example(schemas, event, "--cloudevent", CE_JSON), "%s", event);
        }
        answer_done(&a);
}
END_TEST

START_TEST(test_what_can_be_read) {
        struct answer a;

        ask(&(struct request){"GET", "/openapi.json", NULL, NULL, NULL}, &a);
        ck_assert_int_eq(a.status, 200);
        ck_assert_str_eq(string_of(&a, "openapi"), "3.1.0");
        ck_assert_ptr_nonnull(json_object_get(json_object_get(a.json, "paths"), MS));
        ck_assert_ptr_nonnull(json_object_get(json_object_get(json_object_get(a.json, "paths"), "/events/{event_id}"), "get"));
        ck_assert_ptr_nonnull(json_object_get(json_object_get(json_object_get(a.json, "paths"), "/inbox"), "get"));
        answer_done(&a);
        ask(&(struct request){"GET", "/openapi.json?media=json", NULL, NULL, NULL}, &a);
        ck_assert_int_eq(a.status, 200);
        ck_assert_ptr_nonnull(json_object_get(json_object_get(a.json, "paths"), MS));
        ck_assert_ptr_null(strstr(buffer_text(&a.body), "application/cloudevents+json"));
        answer_done(&a);
        ask(&(struct request){"GET", "/", NULL, NULL, NULL}, &a);
        ck_assert_int_eq(a.status, 200);
        ck_assert_ptr_nonnull(strstr(buffer_text(&a.body), "/openapi.json"));
        answer_done(&a);
        ask(&(struct request){"GET", "/", .headers = {"Accept-Language: nl"}}, &a);
        ck_assert_ptr_nonnull(strstr(buffer_text(&a.headers), "Content-Language: nl"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&a.body), "een gebeurtenis, als application/json"));
        answer_done(&a);
}
END_TEST

START_TEST(test_a_broker_that_is_gone_leaves_the_outcome_open) {
        const struct request post = {"POST", MS, "JBN", JSON_TYPE, GOOD};
        struct answer a;

        start("answer_within: 300 ms\nin_flight: 1\n");
        if (c.cluster.mock) { /* a real one is not ours to stop */
                c.cluster.mock = mock_free(c.cluster.mock);
                ask(&post, &a);
                ck_assert_int_eq(a.status, 503);
                ck_assert_str_eq(string_of(&a, "code"), "BROKER");
                ck_assert_ptr_nonnull(strstr(buffer_text(&a.headers), "Retry-After: "));
                ck_assert_ptr_nonnull(strstr(string_of(&a, "detail"), "same event_id"));
                answer_done(&a);
                ask(&post, &a); /* the first has no outcome yet, and one is all that may be under way */
                ck_assert_int_eq(a.status, 503);
                ck_assert_str_eq(string_of(&a, "code"), "BUSY");
                answer_done(&a);
                ask(&(struct request){"GET", "/events/" EVENT_ID, "JBN", NULL, NULL}, &a);
                ck_assert_int_eq(a.status, 503); /* not 404: nobody knows */
                ck_assert_str_eq(string_of(&a, "code"), "READING");
                ck_assert_ptr_nonnull(strstr(buffer_text(&a.headers), "Retry-After: "));
                answer_done(&a);
        }
        connecting_down(&c);
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("gi-http");
        SRunner *runner = srunner_create(suite);
        TCase *served = tcase_create("served"), *broken = tcase_create("broken");
        int failed;

        if (!cluster_chosen(argc, argv))
                return CLUSTER_SKIPPED;
        tcase_set_timeout(served, 120);
        tcase_set_timeout(broken, 120);
        tcase_add_checked_fixture(served, setup, teardown);
        tcase_add_test(served, test_every_answer);
        tcase_add_test(served, test_a_pause_is_answered_as_one);
        tcase_add_test(served, test_every_question);
        tcase_add_test(served, test_an_event_and_who_was_told);
        tcase_add_loop_test(served, test_hints, 0, (int)ELEMENTS(hints));
        tcase_add_test(served, test_examples_are_accepted);
        tcase_add_test(served, test_what_can_be_read);
        tcase_add_test(broken, test_a_broker_that_is_gone_leaves_the_outcome_open);
        suite_add_tcase(suite, served);
        suite_add_tcase(suite, broken);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
