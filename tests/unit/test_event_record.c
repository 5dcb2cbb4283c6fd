/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an event becomes the record that the agreements say, and what is read is what was written; each way in which a
 * record cannot be read has its own outcome, code and sentence; a dead letter keeps the record and says why.
 * Method: events of the shipped schemas, made and read back; bodies broken in each way.
 */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/canonical.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "cluster/unknown_schema.h"
#include "model/event_json.h"

#define CASE "8a53d001-0000-4000-8000-000000000001"
#define EVENT "0b57d001-0000-4000-8000-000000000001"
#define STARTED \
        "{\"event_id\":\"" EVENT "\",\"case_id\":\"" CASE "\",\"occurred_at\":\"2022-03-04T06:06:07.089+01:00\"," \
        "\"recorded_at\":\"2022-03-04T10:00:01.089+01:00\",\"source\":\"gi-jbn\",\"measure_id\":\"3a53d001-0000-4000-8000-000000000001\"," \
        "\"kind\":\"OTS\",\"verdict_date\":\"2022-03-01\",\"informed_date\":\"2022-03-02\",\"gi\":\"gi-jbn\",\"municipality\":\"gm0014\"," \
        "\"birth_date\":\"2011-05-06\"}"
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct event_types *types;
static struct organisations *orgs;
static struct arena *arena;
static struct event started;
static json_t *started_json;
static struct buffer body;

static const struct bus_record *record_of(const struct buffer *b) {
        static struct bus_record record;

        record = (struct bus_record){.value = b->bytes, .value_n = b->n};
        return &record;
}

static void setup(void) {
        const char *root = getenv("PROJECT_ROOT"), *field;
        struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        char path[4096];

        body = (struct buffer)BUFFER_INIT(65536);
        snprintf(path, sizeof(path), "%s/config/organisations.yaml", root);
        ck_assert_int_eq(organisations_read(path, &orgs, &mistakes), 0);
        snprintf(path, sizeof(path), "%s/schemas", root);
        ck_assert_int_eq(event_types_read(path, &types, &mistakes), 0);
        mistakes_done(&mistakes);
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        started_json = json_loads(STARTED, 0, NULL);
        ck_assert_msg(event_from_json(event_types_find(types, text_of("measure-started")), orgs, started_json, NULL, arena, &started, &field, &err) == 0,
                      "%s", err.text);
}

static void teardown(void) {
        buffer_done(&body);
        json_decref(started_json);
        arena = arena_free(arena);
        types = event_types_free(types);
        orgs = organisations_free(orgs);
}

static const char *header_text(const struct bus_record *record, const char *name, char ret[128]) {
        const struct bus_header *h = bus_record_header(record, name);

        if (!h)
                return NULL;
        snprintf(ret, 128, "%.*s", (int)h->n, (const char *)h->value);
        return ret;
}

/* -- Out -- */

START_TEST(a_record_is_that_of_the_agreements_and_reads_back) {
        static const struct {
                const char *name, *value;
        } rows[] = {
                {"ce_specversion", "1.0"},
                {"ce_id", EVENT},
                {"ce_type", "nl.ketenwacht.measure-started.v1"},
                {"ce_time", "2022-03-04T09:00:01.089Z"}, /* when it was written down, not when it happened */
                {"content-type", "application/avro"},
                {"traceparent", TRACE},
        };
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event_record made;
        struct event event;
        struct error err;
        char text[128];

        buffer_add_text(&body, "left from before");
        ck_assert_int_eq(event_record_make(&started, orgs, text_of(TRACE), &body, &made), 0);
        ck_assert_str_eq(made.record.topic, "measure-started");
        ck_assert_int_eq(made.record.partition, BUS_BY_KEY);
        ck_assert(text_is(event_record_key(&made.record), CASE));
        ck_assert_uint_eq(made.record.headers_n, ELEMENTS(rows) + 1); /* and its source, below */
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                ck_assert_str_eq(header_text(&made.record, rows[i].name, text), rows[i].value);
        ck_assert(text_is(event_record_traceparent(&made.record), TRACE));
        ck_assert_int_eq(event_record_read(types, NULL, &made.record, slots, &event, &err), 0);
        ck_assert_ptr_eq(event.type, started.type);
        ck_assert_ptr_eq(event.slots, slots);
        for (size_t i = 0; i < started.type->layout->n; i++)
                ck_assert(slot_equal(&slots[i], &started.slots[i]));
}
END_TEST

START_TEST(a_traceparent_that_is_none_is_not_passed_on) {
        char longest[EVENT_TRACEPARENT_MAX + 1];
        struct event_headers headers;

        memset(longest, 'x', sizeof(longest));
        event_headers_make(&started, orgs, (struct text){0}, &headers);
        ck_assert_uint_eq(headers.n, EVENT_HEADERS - 1);
        event_headers_make(&started, orgs, (struct text){longest, EVENT_TRACEPARENT_MAX}, &headers);
        ck_assert_uint_eq(headers.n, EVENT_HEADERS);
        event_headers_make(&started, orgs, (struct text){longest, sizeof(longest)}, &headers);
        ck_assert_uint_eq(headers.n, EVENT_HEADERS - 1);
}
END_TEST

/* On the way in as well: what is too long to be one, or has no value. */
START_TEST(a_traceparent_that_cannot_be_one_is_not_seen) {
        char longest[EVENT_TRACEPARENT_MAX + 1] = "x";
        struct bus_header header = {"traceparent", longest, EVENT_TRACEPARENT_MAX};
        const struct bus_record record = {.headers = &header, .headers_n = 1}, none = {0};

        ck_assert_uint_eq(event_record_traceparent(&record).n, EVENT_TRACEPARENT_MAX);
        header.n++;
        ck_assert_uint_eq(event_record_traceparent(&record).n, 0);
        header = (struct bus_header){"traceparent", NULL, 0};
        ck_assert_uint_eq(event_record_traceparent(&record).n, 0);
        ck_assert_uint_eq(event_record_traceparent(&none).n, 0);
}
END_TEST

static const struct source {
        const char *id, *urn;
        bool known; /* whether the organisations are asked at all */
} sources[] = {
        {"ketenwacht", "urn:ketenwacht:ketenwacht", true}, {"ketenwacht", "urn:ketenwacht:ketenwacht", false},
        {"gi-jbn", NULL, true}, /* what its row says */    {"gi-jbn", "urn:ketenwacht:gi-jbn", false},
        {"gone-since", "urn:ketenwacht:gone-since", true},
};

START_TEST(the_source_is_the_urn_of_who_published) {
        const struct source *row = &sources[_i];
        struct event_headers headers;
        const char *urn = row->urn ? row->urn : organisations_find(orgs, text_of(row->id))->urn;

        started.slots[SLOT_SOURCE].s = text_of(row->id);
        event_headers_make(&started, row->known ? orgs : NULL, (struct text){0}, &headers);
        ck_assert_str_eq(headers.source, urn);
        ck_assert_str_eq(headers.items[2].name, "ce_source");
        ck_assert_uint_eq(headers.items[2].n, strlen(urn));
        ck_assert_ptr_eq(headers.items[2].value, headers.source);
}
END_TEST

START_TEST(a_source_of_any_length_fits_or_is_cut_off) {
        char name[2 * EVENT_HEADER_SOURCE_MAX];
        struct event_headers headers;

        memset(name, 'a', sizeof(name));
        for (size_t n = 0; n <= sizeof(name); n++) {
                started.slots[SLOT_SOURCE].s = (struct text){name, n};
                event_headers_make(&started, orgs, (struct text){0}, &headers);
                ck_assert_uint_eq(strlen(headers.source), 15 + n < EVENT_HEADER_SOURCE_MAX ? 15 + n : EVENT_HEADER_SOURCE_MAX - 1);
        }
}
END_TEST

static const struct moment {
        instant_t time;
        const char *text; /* NULL: no such header */
} moments[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1709164800000), "2024-02-29T00:00:00.000Z"},
        {INT64_C(4133980799999), "2100-12-31T23:59:59.999Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_C(253402300800000), NULL},
        {INT64_C(-62167219200001), NULL},
        {INT64_MIN, NULL},
        {INT64_MAX, NULL},
};

START_TEST(the_time_of_an_event_is_written_in_full_or_left_out) {
        struct event_headers headers;
        char text[128];

        started.slots[SLOT_RECORDED_AT].i = moments[_i].time;
        event_headers_make(&started, orgs, (struct text){0}, &headers);
        ck_assert_uint_eq(headers.n, moments[_i].text ? EVENT_HEADERS - 1 : EVENT_HEADERS - 2);
        ck_assert_str_eq(headers.time, moments[_i].text ? moments[_i].text : "");
        if (moments[_i].text)
                ck_assert_str_eq(header_text(&(struct bus_record){.headers = headers.items, .headers_n = headers.n}, "ce_time", text), moments[_i].text);
}
END_TEST

START_TEST(a_type_of_any_length_fits_or_is_cut_off) {
        char name[2 * EVENT_HEADER_TYPE_MAX], type[EVENT_HEADER_TYPE_MAX];

        for (size_t n = 0; n < sizeof(name); n++) {
                memset(name, 'a', n);
                name[n] = '\0';
                event_header_type(name, type);
                ck_assert_uint_eq(strncmp(type, "nl.ketenwacht.", 14), 0);
                ck_assert_uint_lt(strlen(type), sizeof(type));
                ck_assert_str_eq(type + strlen(type) - 3, ".v1");
                if (n <= BUS_NAME_MAX)
                        ck_assert_uint_eq(strlen(type), 14 + n + 3);
        }
}
END_TEST

START_TEST(a_body_without_room_is_said) {
        struct buffer small = BUFFER_INIT(40);
        struct event_record made;

        ck_assert_int_eq(event_record_make(&started, orgs, (struct text){0}, &small, &made), -ENOMEM);
        buffer_done(&small);
}
END_TEST

/* -- In -- */

/* Whose library wrote it does not decide whether it counts: of every event, as every library would name its schema. */
START_TEST(a_record_of_any_library_is_read) {
        struct canonical_fingerprint fingerprints[SPELLINGS];
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        event_record_encode(&started, &body);
        ck_assert_int_eq(canonical_fingerprints(schema_root(started.type->file), fingerprints), 0);
        for (unsigned i = 0; i < SPELLINGS; i++) {
                framing_put_single(body.bytes, fingerprints[i].value);
                ck_assert_int_eq(event_record_read(types, started.type, record_of(&body), slots, &event, &err), 0);
                ck_assert(event.type == started.type && slot_equal(&slots[SLOT_EVENT_ID], &started.slots[SLOT_EVENT_ID]));
        }
        for (size_t k = 0; k < event_types_count(types); k++) {
                const struct event_type *type = event_types_at(types, k), *found = NULL;
                const struct program *program;

                ck_assert_int_eq(canonical_fingerprints(schema_root(type->file), fingerprints), 0);
                for (unsigned i = 0; i < SPELLINGS; i++)
                        ck_assert(event_types_decoder(types, fingerprints[i].value, &found, &program) && found == type);
        }
}
END_TEST

#define BY_SOMEBODY "\xc3\x01\x01\x02\x03\x04\x05\x06\x07\x08"

static const struct broken {
        const char *bytes; /* NULL: none at all */
        size_t n;
        int r;
        const char *stage, *code, *says;
} broken[] = {
        {NULL, 0, EVENT_RECORD_E_UNFRAMED, "frame", "UNDECODABLE", "C3 01"},
        {"", 0, EVENT_RECORD_E_UNFRAMED, "frame", "UNDECODABLE", "C3 01"},
        {"hello", 5, EVENT_RECORD_E_UNFRAMED, "frame", "UNDECODABLE", "C3 01"},
        {"\xc3\x01\x01\x02", 4, EVENT_RECORD_E_UNFRAMED, "frame", "UNDECODABLE", "C3 01"},
        {"\x00\x00\x00\x00\x2axyz", 8, EVENT_RECORD_E_REGISTRY, "frame", "UNKNOWN_SCHEMA", "id 42 "},
        {BY_SOMEBODY "xyz", 13, EVENT_RECORD_E_SCHEMA, "frame", "UNKNOWN_SCHEMA", "0807060504030201"},
};

/* A registry that knows 42 and a GUID, both of which wrote what we write; 7 it cannot be asked for now. */
static const struct uuid known_guid = {{0x6f, 0x1d, 0x2c, 0x1e, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};

static int find_id(struct schema_ids *ids, const struct schema_id *id, const struct event_type **ret_type, const struct program **ret_program,
                   struct error *err) {
        (void)ids;
        error_set(err, "of the registry");
        if (id->is_guid ? !uuid_equal(&id->guid, &known_guid) : id->number != 42)
                return !id->is_guid && id->number == 7 ? SCHEMA_IDS_E_WAIT : id->number == 8 ? SCHEMA_IDS_E_UNFIT : SCHEMA_IDS_E_UNKNOWN;
        ck_assert(event_types_decoder(types, started.type->layout->fingerprint, ret_type, ret_program));
        return 0;
}

#define GUID "\x6f\x1d\x2c\x1e\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"

static const struct by_id {
        const char *frame; /* before the body */
        size_t frame_n;
        const char *header;
        size_t header_n;
        int r;
} by_ids[] = {
        {"\0\0\0\0\x2a", 5, NULL, 0, 0},
        {"\0\0\0\0\x2b", 5, NULL, 0, EVENT_RECORD_E_SCHEMA},
        {"\0\0\0\0\x07", 5, NULL, 0, EVENT_RECORD_E_WAIT},
        {"\0\0\0\0\x08", 5, NULL, 0, EVENT_RECORD_E_UNFIT},
        {"", 0, "\1" GUID, 17, 0},
        {"", 0, "\0\0\0\0\x2a", 5, 0},
        {"", 0, "\0\0\0\0\x07", 5, EVENT_RECORD_E_WAIT},
        {"", 0, "\1\1" GUID, 17, EVENT_RECORD_E_SCHEMA},
        {"", 0, "\1" GUID, 16, EVENT_RECORD_E_UNFRAMED}, /* no id: cut short, or of another kind */
        {"", 0, "\2" GUID, 17, EVENT_RECORD_E_UNFRAMED},
        {"", 0, "\0\0\0\0", 4, EVENT_RECORD_E_UNFRAMED},
        {"\0\0\0\0\x2a", 5, "\1" GUID, 17, EVENT_RECORD_E_BODY}, /* the header goes before: a frame is part of the body then */
        {"\0\0\0\0\x2a", 5, "\2" GUID, 17, 0},
};

START_TEST(bodies_are_read_by_the_ids_of_a_registry) {
        const struct by_id *row = &by_ids[_i];
        struct schema_ids ids = {.find = find_id};
        const struct bus_header headers[] = {{"other", "\1" GUID, 17}, {EVENT_HEADER_SCHEMA_ID, row->header, row->header_n}};
        struct buffer whole = BUFFER_INIT(4096);
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct bus_record record;
        struct error err = {0};
        struct event event;
        int r;

        event_types_ask(types, &ids);
        event_record_encode(&started, &body);
        buffer_add(&whole, row->frame, row->frame_n);
        buffer_add(&whole, body.bytes + FRAMING_SINGLE_BYTES, body.n - FRAMING_SINGLE_BYTES);
        record = (struct bus_record){.value = whole.bytes, .value_n = whole.n, .headers = headers, .headers_n = row->header ? 2 : 1};
        r = event_record_read(types, NULL, &record, slots, &event, &err);
        ck_assert_int_eq(r, row->r);
        if (r == 0) {
                ck_assert(event.type == started.type);
                for (size_t i = 0; i < started.type->layout->n; i++)
                        ck_assert(slot_equal(&slots[i], &started.slots[i]));
        } else {
                bool no_schema = r != EVENT_RECORD_E_UNFRAMED && r != EVENT_RECORD_E_BODY;

                ck_assert_int_eq(event_record_refusal(r), no_schema ? REFUSAL_UNKNOWN_SCHEMA : REFUSAL_UNDECODABLE);
        }
        event_types_ask(types, NULL);
        buffer_done(&whole);
}
END_TEST

START_TEST(what_is_written_by_an_id_is_read_by_it) {
        struct schema_ids ids = {.find = find_id};
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct error err = {0};
        struct event event;

        event_types_ask(types, &ids);
        event_types_frame(types, started.type, 42);
        event_record_encode(&started, &body);
        ck_assert_mem_eq(body.bytes, "\0\0\0\0\x2a", 5);
        ck_assert_int_eq(event_record_read(types, started.type, record_of(&body), slots, &event, &err), 0);
        ck_assert(slot_equal(&slots[SLOT_EVENT_ID], &started.slots[SLOT_EVENT_ID]));
        event_types_ask(types, NULL);
}
END_TEST

START_TEST(types_are_found_by_the_names_of_records) {
        ck_assert(event_types_of_record(types, "nl.ketenwacht.event.MeasureStarted") == started.type);
        ck_assert(event_types_of_record(types, "nl.ketenwacht.MeasureStarted") == started.type); /* partners' copies */
        ck_assert_ptr_null(event_types_of_record(types, "nl.ketenwacht.row.MeasureStarted"));
        ck_assert_ptr_null(event_types_of_record(types, "MeasureStarted"));
        ck_assert_ptr_null(event_types_of_record(types, "nl.ketenwacht.event.Measure"));
}
END_TEST

START_TEST(what_cannot_be_read_says_why) {
        const struct broken *row = &broken[_i];
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        ck_assert_int_eq(event_record_read(types, NULL, &(struct bus_record){.value = row->bytes, .value_n = row->n}, slots, &event, &err), row->r);
        ck_assert_str_eq(event_record_stage(row->r), row->stage);
        ck_assert_str_eq(refusal_codes[event_record_refusal(row->r)], row->code);
        ck_assert_msg(strstr(err.text, row->says) != NULL, "%s", err.text);
}
END_TEST

#define UNKNOWN "no schema here has the fingerprint 0807060504030201 (on the wire 0102030405060708); "
#define STARTED_KNOWN "measure-started is known by b61714847ab38fa1 (now, 1): write by one of these, or add the writer's schema to history/measure-started"

static const struct meant {
        const char *type, *expected, *says; /* type: what ce_type says; NULL: it is not there; "-": headers are not loaded */
} meanings[] = {
        {"nl.ketenwacht.measure-started.v1", NULL, UNKNOWN STARTED_KNOWN},
        {"nl.ketenwacht.measure-started.v1", "plan-made", UNKNOWN STARTED_KNOWN},
        {"measure-started", "plan-made", UNKNOWN STARTED_KNOWN},
        {"nl.ketenwacht.mesure-started.v1", "plan-made", UNKNOWN "no event is called 'mesure-started' as its ce_type says; " STARTED_KNOWN},
        {"nl.voorbeeld.iets.heel-anders", "measure-started",
         UNKNOWN "no event is called 'nl.voorbeeld.iets.heel-anders' as its ce_type says; " STARTED_KNOWN},
        {"nl.voorbeeld.iets.heel-anders", NULL,
         UNKNOWN "no event is called 'nl.voorbeeld.iets.heel-anders' as its ce_type says; add the writer's schema to the schemas folder or its history"},
        {"Jan de Vries, geboren 5 mei", NULL, UNKNOWN "add the writer's schema to the schemas folder or its history"}, /* no name: not repeated */
        {NULL, "measure-started", UNKNOWN STARTED_KNOWN},
        {"-", "measure-started", UNKNOWN STARTED_KNOWN},
        {NULL, NULL, UNKNOWN "add the writer's schema to the schemas folder or its history"},
};

START_TEST(an_unknown_schema_is_told_with_those_that_are_known) {
        const struct meant *row = &meanings[_i];
        const struct bus_header header = {.name = "ce_type", .value = row->type, .n = row->type ? strlen(row->type) : 0};
        const struct bus_record loaded = {.headers = &header, .headers_n = row->type ? 1 : 0}, unloaded = {0};
        const struct event_type *expected = row->expected ? event_types_find(types, text_of(row->expected)) : NULL;
        struct error err;

        unknown_schema_say(types, expected, row->type && strcmp(row->type, "-") == 0 ? &unloaded : &loaded, UINT64_C(0x0807060504030201), &err);
        ck_assert_str_eq(err.text, row->says);
}
END_TEST

START_TEST(what_is_read_by_no_schema_says_so_by_its_headers) {
        const struct bus_header header = {.name = "ce_type", .value = "nl.ketenwacht.measure-started.v1", .n = 32};
        const struct bus_record record = {.value = BY_SOMEBODY "xyz", .value_n = 13, .headers = &header, .headers_n = 1};
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        ck_assert_int_eq(event_record_read(types, NULL, &record, slots, &event, &err), EVENT_RECORD_E_SCHEMA);
        ck_assert_str_eq(err.text, UNKNOWN STARTED_KNOWN);
}
END_TEST

START_TEST(a_body_of_another_event_is_none_of_this_topic) {
        const struct event_type *expected = event_types_find(types, text_of("plan-made"));
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        event_record_encode(&started, &body);
        ck_assert_int_eq(event_record_read(types, expected, record_of(&body), slots, &event, &err), EVENT_RECORD_E_OTHER);
        ck_assert_str_eq(event_record_stage(EVENT_RECORD_E_OTHER), "frame");
        ck_assert_int_eq(event_record_refusal(EVENT_RECORD_E_OTHER), REFUSAL_UNKNOWN_SCHEMA);
        ck_assert_str_eq(err.text, "the body is of measure-started, and this is the topic of plan-made");
        ck_assert_int_eq(event_record_read(types, started.type, record_of(&body), slots, &event, &err), 0);
}
END_TEST

START_TEST(a_body_that_is_cut_off_anywhere_is_not_read) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        event_record_encode(&started, &body);
        for (size_t n = FRAMING_SINGLE_BYTES; n < body.n; n++)
                ck_assert_int_eq(event_record_read(types, NULL, &(struct bus_record){.value = body.bytes, .value_n = n}, slots, &event, &err),
                                 EVENT_RECORD_E_BODY);
        buffer_add_byte(&body, 0);
        ck_assert_int_eq(event_record_read(types, NULL, record_of(&body), slots, &event, &err), EVENT_RECORD_E_BODY);
        ck_assert_str_eq(event_record_stage(EVENT_RECORD_E_BODY), "decode");
        ck_assert_int_eq(event_record_refusal(EVENT_RECORD_E_BODY), REFUSAL_UNDECODABLE);
}
END_TEST

/* -- Dead letters -- */

START_TEST(a_dead_letter_keeps_the_record_says_why_and_can_be_read_back) {
        static const struct bus_header own[] = {{"ce_id", "1", 1}, {"kw-code", "FORGED", 6}, {"x", NULL, 0}};
        const struct bus_record original = {.topic = "measure-started", .partition = 3, .offset = 12345678901, .key = "k", .key_n = 1,
                                            .value = "body", .value_n = 4, .headers = own, .headers_n = ELEMENTS(own)};
        const struct dead_letter_why why = {.stage = "check", .code = "BAD_VALUE", .error = "the field kind", .connector = "hook"};
        struct dead_letter letter;
        struct dead_letter_read read;
        char text[128];

        dead_letter_make(&original, &why, &letter);
        ck_assert_str_eq(letter.record.topic, TOPIC_DEAD_LETTERS);
        ck_assert_int_eq(letter.record.partition, BUS_BY_KEY);
        ck_assert(letter.record.key == original.key && letter.record.key_n == 1);
        ck_assert(letter.record.value == original.value && letter.record.value_n == 4);
        ck_assert_uint_eq(letter.record.headers_n, 2 + DEAD_LETTER_HEADERS); /* the record's own, but not what it forged */
        ck_assert_str_eq(header_text(&letter.record, "ce_id", text), "1");
        ck_assert_str_eq(header_text(&letter.record, "kw-code", text), "BAD_VALUE");
        ck_assert(dead_letter_read(&letter.record, &read));
        ck_assert_str_eq(read.topic, original.topic);
        ck_assert_int_eq(read.partition, 3);
        ck_assert_int_eq(read.offset, original.offset);
        ck_assert_str_eq(read.stage, why.stage);
        ck_assert_str_eq(read.code, why.code);
        ck_assert_str_eq(read.error, why.error);
        ck_assert_str_eq(read.connector, "hook");
        ck_assert_int_eq(read.redriven, 0);
        ck_assert(!dead_letter_read(&original, &read));
}
END_TEST

START_TEST(a_dead_letter_has_room_for_ours_whatever_the_record_brings) {
        struct bus_header own[BUS_HEADERS_MAX + DEAD_LETTER_HEADERS + 1];
        const struct bus_record original = {.topic = "t", .headers = own, .headers_n = ELEMENTS(own)};
        struct dead_letter letter;
        struct dead_letter_read read;

        for (size_t i = 0; i < ELEMENTS(own); i++)
                own[i] = (struct bus_header){"x", "1", 1};
        dead_letter_make(&original, &(struct dead_letter_why){.stage = "s", .code = "c", .error = "e"}, &letter);
        ck_assert_uint_eq(letter.record.headers_n, BUS_HEADERS_MAX + DEAD_LETTER_HEADERS - 1); /* no connector is to be named */
        ck_assert(dead_letter_read(&letter.record, &read));
}
END_TEST

START_TEST(a_long_error_is_cut_between_characters) {
        static char error[2 * DEAD_LETTER_ERROR_MAX];
        const struct bus_record original = {.topic = "t"};
        struct dead_letter letter;
        struct dead_letter_read read;

        error[0] = 'a';
        for (size_t i = 1; i + 2 < sizeof(error); i += 2)
                memcpy(error + i, "é", 2);
        dead_letter_make(&original, &(struct dead_letter_why){.stage = "s", .code = "c", .error = error}, &letter);
        ck_assert_uint_eq(letter.headers[letter.record.headers_n - 1].n, DEAD_LETTER_ERROR_MAX - 1);
        ck_assert(dead_letter_read(&letter.record, &read));
}
END_TEST

int main(void) {
        Suite *suite = suite_create("event_record");
        TCase *tc = tcase_create("event_record");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, a_record_is_that_of_the_agreements_and_reads_back);
        tcase_add_test(tc, a_traceparent_that_is_none_is_not_passed_on);
        tcase_add_test(tc, a_traceparent_that_cannot_be_one_is_not_seen);
        tcase_add_loop_test(tc, the_source_is_the_urn_of_who_published, 0, (int)ELEMENTS(sources));
        tcase_add_test(tc, a_source_of_any_length_fits_or_is_cut_off);
        tcase_add_loop_test(tc, the_time_of_an_event_is_written_in_full_or_left_out, 0, (int)ELEMENTS(moments));
        tcase_add_test(tc, a_type_of_any_length_fits_or_is_cut_off);
        tcase_add_test(tc, a_body_without_room_is_said);
        tcase_add_test(tc, a_record_of_any_library_is_read);
        tcase_add_loop_test(tc, what_cannot_be_read_says_why, 0, (int)ELEMENTS(broken));
        tcase_add_loop_test(tc, an_unknown_schema_is_told_with_those_that_are_known, 0, (int)ELEMENTS(meanings));
        tcase_add_loop_test(tc, bodies_are_read_by_the_ids_of_a_registry, 0, ELEMENTS(by_ids));
        tcase_add_test(tc, what_is_written_by_an_id_is_read_by_it);
        tcase_add_test(tc, types_are_found_by_the_names_of_records);
        tcase_add_test(tc, what_is_read_by_no_schema_says_so_by_its_headers);
        tcase_add_test(tc, a_body_of_another_event_is_none_of_this_topic);
        tcase_add_test(tc, a_body_that_is_cut_off_anywhere_is_not_read);
        tcase_add_test(tc, a_dead_letter_keeps_the_record_says_why_and_can_be_read_back);
        tcase_add_test(tc, a_dead_letter_has_room_for_ours_whatever_the_record_brings);
        tcase_add_test(tc, a_long_error_is_cut_between_characters);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
