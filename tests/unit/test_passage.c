/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: of what stands in outboxes, what may be said goes on unchanged to the topic of its type, once and in order; what may not is kept, and told to the
 * organisation of the outbox; and both only together with the place that was read.
 * Method: `admission` by its own file on the bus in memory, with the project's schemas and organisations and a clock of the test's own.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/memory.h"
#include "calendar/date.h"
#include "cluster/event_refused.h"
#include "cluster/topics.h"
#include "connect/act.h"
#include "connect/passage.h"
#include "connectors/connector.h"
#include "model_fixture.h"
#include "record_fixture.h"

#define NAME "door"
#define GROUP TOPICS_GROUP_CONNECT NAME
#define PARTITIONS 4
#define TURNS 20
#define CASE_A "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
#define CASE_B "60a3d05e-e53c-5dbc-921a-806f98a46c8c"
#define EVENT_ID "7f0a320f-7e2d-50ba-959b-4131a3834d5d"
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define NO_ID "00000000-0000-0000-0000-000000000000"
#define NOW "2023-10-10T12:00:00+02:00"

static struct {
        instant_t at;
        int64_t ms;
} time_now;

static instant_t test_realtime(void *ctx) {
        (void) ctx;
        return time_now.at + time_now.ms;
}
static int64_t test_monotonic(void *ctx) {
        (void) ctx;
        return 1000 + time_now.ms;
}
static uint64_t test_random(void *ctx) {
        (void) ctx;
        return 0;
}
static const struct clock_ops test_clock_ops = {test_realtime, test_monotonic};

static struct organisations *orgs;
static struct event_types *types;
static struct arena *arena;
static struct memory *memory;
static struct connect_file *file;
static struct runtime *runtime;
static struct scratch scratch;
static struct record_maker maker;

static struct clock test_clock(void) {
        return (struct clock){&test_clock_ops, NULL};
}

static void make_topics(void) {
        static const char *const also[] = {TOPIC_DEAD_LETTERS, TOPIC_CONNECTOR_ORDERS, TOPIC_AUDIT, TOPIC_DELIVERIES};
        char name[128];

        for (size_t i = 0; i < ELEMENTS(also); i++)
                ck_assert_int_eq(memory_topic(memory, also[i], 1), 0);
        for (size_t i = 0; i < event_types_count(types); i++)
                ck_assert_int_eq(event_types_at(types, i)->output ? 0 : memory_topic(memory, event_types_at(types, i)->name, PARTITIONS), 0);
        for (size_t i = 0; i < organisations_count(orgs); i++) {
                (void) snprintf(name, sizeof(name), TOPIC_INBOX_PREFIX "%s", organisations_at(orgs, i)->id);
                ck_assert_int_eq(memory_topic(memory, name, 1), 0);
                (void) snprintf(name, sizeof(name), TOPIC_OUTBOX_PREFIX "%s", organisations_at(orgs, i)->id);
                ck_assert_int_eq(memory_topic(memory, name, 1), 0);
        }
}

/* A process's own: its connector stands in it. */
static struct connect_file *read_file(void) {
        CLEANUP(mistakes_done) struct mistakes mistakes = MISTAKES_INIT;
        struct connect_file *ret = NULL;
        char path[SCRATCH_PATH];

        ck_assert_msg(connect_file_read(scratch_path(&scratch, NAME ".yaml", path), connectors, orgs, NULL, &ret, &mistakes) == 0, "%s",
                      buffer_text(&mistakes.text));
        return ret;
}

static void setup(void) {

        ck_assert_int_eq(arena_new(&arena, 64 << 20), 0);
        project_parties(&orgs, &types);
        time_now.ms = 0;
        ck_assert(instant_parse(text_of(NOW), &time_now.at));
        ck_assert_int_eq(memory_new(test_clock(), &memory), 0);
        make_topics();
        maker = (struct record_maker){arena, types, orgs};
        scratch = scratch_new();
        scratch_write(&scratch, NAME ".yaml", "connector: admission\n");
        file = read_file();
}

static void teardown(void) {
        runtime = runtime_free(runtime);
        connect_file_free(file);
        memory_free(memory);
        event_types_free(types);
        organisations_free(orgs);
        arena_free(arena);
        scratch_remove(&scratch);
}

static struct runtime *open_runtime(void) {
        const struct runtime_config config = {
                .file = file, .bus = memory_bus(memory), .types = types, .organisations = orgs, .clock = test_clock(), .random = test_random};
        struct runtime *opened = NULL;
        struct error err = {0};

        ck_assert_msg(runtime_open(&config, &opened, &err) == 0, "%s", err.text);
        return opened;
}

/* Until all that stands there is through, and committed. */
static void turn_all(void) {
        for (unsigned i = 0; i < TURNS; i++) {
                struct error err = {0};

                ck_assert_msg(runtime_turn(runtime, 0, &err) == 0, "%s", err.text);
                time_now.ms += PASSAGE_PAUSE_MS;
        }
}

static struct bus_record safety(const char *event_id, const char *case_id, const char *source) {
        return record_make(&maker, "safety-raised", "{\"concern_id\":\"" CASE_B "\",\"date\":\"2023-10-10\",\"municipality\":\"gm0014\"}", event_id,
                           case_id, source);
}

static void put(const char *organisation, struct bus_record record) {
        char topic[128];

        (void) snprintf(topic, sizeof(topic), TOPIC_OUTBOX_PREFIX "%s", organisation);
        record.topic = topic;
        record.partition = 0;
        ck_assert_int_eq(memory_append(memory, &record), 0);
}

/* The @n-th committed record of a topic, over its partitions. Return: whether it is there. */
static bool record_at(const char *topic, int32_t partitions, size_t n, struct bus_record *ret) {
        for (int32_t p = 0; p < partitions; p++) {
                for (int64_t offset = 0; offset < memory_end(memory, topic, p); offset++) {
                        if (memory_record(memory, topic, p, offset, false, ret) && n-- == 0)
                                return true;
                }
        }
        return false;
}

static size_t count_of(const char *topic, int32_t partitions) {
        struct bus_record record;
        size_t n = 0;

        while (record_at(topic, partitions, n, &record))
                n++;
        return n;
}

static bool is_same(const struct bus_record *a, const struct bus_record *b) {
        return a->key_n == b->key_n && a->value_n == b->value_n && memcmp(a->key, b->key, a->key_n) == 0 && memcmp(a->value, b->value, a->value_n) == 0;
}

/* -- What may be said -- */

START_TEST(test_what_may_be_said_goes_on_unchanged) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn"), second = safety(CASE_B, CASE_A, "gm0014"), got;
        /* None of them says what the record is: that stands in its body. */
        const struct bus_header headers[] = {{"ce_type", "nl.ketenwacht.measure-started.v1", 32}, {"traceparent", TRACE, sizeof(TRACE) - 1}, {"own", NULL, 0}};

        record.headers = headers;
        record.headers_n = ELEMENTS(headers);
        put("gi-jbn", record);
        second.headers_n = 0;
        put("gm0014", second);
        runtime = open_runtime();
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 2);
        ck_assert(record_at("safety-raised", PARTITIONS, 0, &got)); /* outboxes in the order of organisations */
        if (got.headers_n == 0) {
                ck_assert(is_same(&got, &second));
                ck_assert(record_at("safety-raised", PARTITIONS, 1, &got));
        }
        ck_assert(is_same(&got, &record));
        ck_assert_uint_eq(got.headers_n, ELEMENTS(headers));
        for (size_t i = 0; i < ELEMENTS(headers); i++) {
                ck_assert_str_eq(got.headers[i].name, headers[i].name);
                ck_assert_uint_eq(got.headers[i].n, headers[i].n);
                ck_assert(!headers[i].value == !got.headers[i].value);
                ck_assert(!headers[i].value || memcmp(got.headers[i].value, headers[i].value, headers[i].n) == 0);
        }
        ck_assert_uint_eq(count_of(TOPIC_DEAD_LETTERS, 1), 0);
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), 1);
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gm0014", 0), 1);
}
END_TEST

START_TEST(test_events_of_a_case_keep_their_order) {
        enum { MANY = 700 }; /* more than one turn takes */
        char ids[MANY][UUID_TEXT + 1];
        struct bus_record got;

        for (int i = 0; i < MANY; i++) {
                (void) snprintf(ids[i], sizeof(ids[i]), "00000000-0000-4000-8000-%012d", i);
                put("gi-jbn", safety(ids[i], CASE_A, "gi-jbn"));
        }
        runtime = open_runtime();
        turn_all();
        for (size_t i = 0; i < MANY; i++) {
                const struct bus_header *id;

                ck_assert(record_at("safety-raised", PARTITIONS, i, &got));
                id = bus_record_header(&got, EVENT_HEADER_ID);
                ck_assert(id && memcmp(id->value, ids[i], UUID_TEXT) == 0);
        }
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), MANY);
}
END_TEST

/* -- What waits -- */

static int registry_answer; /* of the registry, for every id */

static int find_id(struct schema_ids *ids, const struct schema_id *id, const struct event_type **ret_type, const struct program **ret_program,
                   struct error *err) {
        (void) ids;
        (void) id;
        error_set(err, "as the test says");
        if (registry_answer == 0)
                ck_assert(event_types_decoder(types, event_types_find(types, text_of("safety-raised"))->layout->fingerprint, ret_type, ret_program));
        return registry_answer;
}

/* The same record by an id of a registry. */
static struct bus_record by_id(struct bus_record record) {
        size_t skipped = FRAMING_SINGLE_BYTES - FRAMING_CONFLUENT_BYTES;
        char *bytes = arena_copy(arena, record.value, record.value_n);

        memcpy(bytes + skipped, "\0\0\0\0\7", FRAMING_CONFLUENT_BYTES);
        record.value = bytes + skipped;
        record.value_n -= skipped;
        return record;
}

static const int never_there[] = {0, SCHEMA_IDS_E_UNKNOWN};

START_TEST(test_what_the_registry_cannot_say_waits_in_its_outbox) {
        static const char *const ids[] = {CASE_B, EVENT_ID, CASE_A};
        struct schema_ids registry = {.find = find_id};
        struct bus_record got;

        event_types_ask(types, &registry);
        registry_answer = SCHEMA_IDS_E_WAIT;
        put("gi-jbn", safety(ids[0], CASE_A, "gi-jbn"));
        put("gi-jbn", by_id(safety(ids[1], CASE_A, "gi-jbn")));
        put("gi-jbn", safety(ids[2], CASE_A, "gi-jbn"));
        put("gm0014", safety(EVENT_ID, CASE_B, "gm0014"));
        runtime = open_runtime();
        turn_all();
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), 1); /* up to it … */
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gm0014", 0), 1); /* … and others go on */
        runtime = runtime_free(runtime);
        runtime = open_runtime(); /* a successor waits too */
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 2);
        ck_assert_uint_eq(count_of(TOPIC_DEAD_LETTERS, 1), 0);
        registry_answer = never_there[_i];
        turn_all();
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), 3);
        ck_assert_uint_eq(count_of(TOPIC_DEAD_LETTERS, 1), registry_answer ? 1 : 0);
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), registry_answer ? 3 : 4);
        for (size_t i = 0, found = 0; registry_answer == 0 && record_at("safety-raised", PARTITIONS, i, &got); i++) { /* in order */
                if (memcmp(bus_record_header(&got, EVENT_HEADER_SOURCE)->value, "urn:ketenwacht:gm0014", 21) != 0)
                        ck_assert_mem_eq(bus_record_header(&got, EVENT_HEADER_ID)->value, ids[found++], UUID_TEXT);
        }
}
END_TEST

/* -- What may not -- */

/* One change to a good record of gi-jbn's, and what follows. */
static struct bus_record spoil_source(void) {
        return safety(EVENT_ID, CASE_A, "gi-wss");
}
static struct bus_record spoil_kind(void) {
        return record_make(&maker, "local-team-involved", "{\"date\":\"2023-10-10\",\"worker\":\"w-1\"}", EVENT_ID, CASE_A, "gi-jbn");
}
static struct bus_record spoil_own(void) {
        return record_make(&maker, "measure-started",
                           "{\"measure_id\":\"" EVENT_ID "\",\"kind\":\"OTS\",\"verdict_date\":\"2023-10-10\",\"informed_date\":\"2023-10-10\","
                           "\"gi\":\"gi-wss\",\"municipality\":\"gm0014\"}", EVENT_ID, CASE_A, "gi-jbn");
}
static struct bus_record spoil_key(void) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");

        record.key = CASE_B;
        return record;
}
static struct bus_record spoil_no_key(void) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");

        record.key = NULL;
        record.key_n = 0;
        return record;
}
static struct bus_record spoil_body(void) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");

        record.value_n -= 3;
        return record;
}
static struct bus_record spoil_tombstone(void) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");

        record.value = NULL;
        record.value_n = 0;
        return record;
}
static struct bus_record spoil_frame(void) {
        return (struct bus_record){.key = "Jan", .key_n = 3, .value = "{\"event\":1}", .value_n = 11};
}
static struct bus_record spoil_schema(void) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");
        char *value = (char *)record.value;

        value[5] ^= 1;
        return record;
}
static struct bus_record spoil_ahead(void) {
        instant_t day = time_now.at - 2 * DAY_MS;

        time_now.at = day; /* so the record is of the day after tomorrow */
        return safety(EVENT_ID, CASE_A, "gi-jbn");
}
static struct bus_record spoil_output(void) {
        struct bus_record about = {.topic = "outbox.gi-jbn"};
        const struct event_refused what = {.code = REFUSAL_BAD_VALUE, .sentence = "x", .case_id = {.bytes = {1}}, .record = &about, .at = time_now.at};
        struct event_record *made = arena_calloc(arena, 1, sizeof(*made));
        struct buffer body = BUFFER_INIT(65536);
        struct event event;

        ck_assert_int_eq(event_refused_make(types, &what, arena, &event), 0);
        ck_assert(uuid_parse(EVENT_ID, UUID_TEXT, &event.slots[SLOT_EVENT_ID].u));
        event.slots[SLOT_SOURCE].s = TEXT_OF("gi-jbn");
        ck_assert_int_eq(event_record_make(&event, orgs, (struct text){0}, &body, made), 0);
        made->record.value = arena_copy(arena, (const char *)body.bytes, body.n);
        buffer_done(&body);
        return made->record;
}
static struct bus_record spoil_size(void) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");

        record.value_n = BUS_RECORD_MAX; /* one that the broker took because it was compressed */
        record.value = arena_calloc(arena, 1, record.value_n);
        return record;
}
static struct bus_record spoil_size_beyond(void) {
        struct bus_record record = spoil_size();

        record.value_n = 2 * BUS_RECORD_MAX;
        record.value = arena_calloc(arena, 1, record.value_n);
        return record;
}
static struct bus_record spoil_headers(void) {
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");
        struct bus_header *headers = arena_calloc(arena, BUS_HEADERS_MAX, sizeof(*headers));

        for (size_t i = 0; i < BUS_HEADERS_MAX; i++)
                headers[i].name = "x";
        record.headers = headers;
        record.headers_n = BUS_HEADERS_MAX;
        return record;
}

static const struct {
        struct bus_record (*spoil)(void);
        const char *stage, *code, *refused, *said;
        bool cut; /* the letter has no value */
} refusals[] = {
        {spoil_source, "check", "NOT_ALLOWED", EVENT_ID, "source: this is the outbox of gi-jbn"},
        {spoil_kind, "check", "NOT_ALLOWED", EVENT_ID, "local-team-involved"},
        {spoil_own, "check", "NOT_ALLOWED", EVENT_ID, "gi: must be gi-jbn itself"},
        {spoil_key, "check", "KEY_MISMATCH", EVENT_ID, "the key of the record must be the case_id"},
        {spoil_no_key, "check", "KEY_MISMATCH", EVENT_ID, "the key of the record must be the case_id"},
        {spoil_ahead, "check", "BAD_VALUE", EVENT_ID, "recorded_at lies more than a day ahead"},
        {spoil_output, "check", "NOT_ALLOWED", EVENT_ID, "event-refused"},
        {spoil_body, "decode", "UNDECODABLE", EVENT_ID, ""},
        {spoil_tombstone, "frame", "UNDECODABLE", EVENT_ID, "does not begin with C3 01"},
        {spoil_frame, "frame", "UNDECODABLE", NO_ID, "does not begin with C3 01"},
        {spoil_schema, "frame", "UNKNOWN_SCHEMA", EVENT_ID, "no schema here has the fingerprint"},
        {spoil_size, "frame", "TOO_LARGE", EVENT_ID, "when it is not compressed"},
        {spoil_size_beyond, "frame", "TOO_LARGE", EVENT_ID, "when it is not compressed", true},
        {spoil_headers, "frame", "TOO_LARGE", EVENT_ID, "more than 255 headers"},
};

/* A header of a dead letter is this text. */
static void has_header(const struct bus_record *record, const char *name, const char *text) {
        const struct bus_header *h = bus_record_header(record, name);

        ck_assert_msg(h && text_is((struct text){h->value, h->n}, text), "%s is %.*s", name, h ? (int)h->n : 0, h ? (const char *)h->value : "");
}

static void check_told(const char *refused, const char *code, const char *said) {
        const struct event_type *type = event_types_known(types, TYPE_EVENT_REFUSED);
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct bus_record record;
        char id[UUID_TEXT + 1];
        struct error err = {0};
        struct event event;
        struct text text;

        ck_assert_uint_eq(count_of("inbox.gi-jbn", 1), 1);
        ck_assert_uint_eq(count_of("inbox.gi-wss", 1), 0); /* whoever a record names has nothing to do with it */
        ck_assert(record_at("inbox.gi-jbn", 1, 0, &record));
        ck_assert_int_eq(event_record_read(types, type, &record, slots, &event, &err), 0);
        uuid_format(&slots[layout_slot(type->layout, "refused")].u, id);
        ck_assert_str_eq(id, refused);
        ck_assert(text_is(slots[layout_slot(type->layout, "code")].s, code));
        text = slots[layout_slot(type->layout, "text")].s;
        ck_assert_msg(memmem(text.s, text.n, said, strlen(said)), "%.*s", (int)text.n, text.s);
        ck_assert_ptr_nonnull(memmem(text.s, text.n, "(outbox.gi-jbn, offset 0)", 25)); /* where it stood, for who knows no id of it */
        ck_assert_ptr_null(memmem(text.s, text.n, "Jan", 3));
}

START_TEST(test_what_may_not_be_said_is_kept_and_told) {
        struct bus_record spoilt = refusals[_i].spoil(), letter;
        struct bus_record good = safety(CASE_B, CASE_A, "gi-jbn"), got;
        size_t own = spoilt.headers_n;

        put("gi-jbn", spoilt);
        if (refusals[_i].spoil != spoil_ahead)
                put("gi-jbn", good);
        runtime = open_runtime();
        turn_all();
        ck_assert_uint_eq(count_of(TOPIC_DEAD_LETTERS, 1), 1);
        ck_assert(record_at(TOPIC_DEAD_LETTERS, 1, 0, &letter));
        has_header(&letter, "kw-topic", "outbox.gi-jbn");
        has_header(&letter, "kw-offset", "0");
        has_header(&letter, "kw-stage", refusals[_i].stage);
        has_header(&letter, "kw-code", refusals[_i].code);
        ck_assert_uint_eq(letter.headers_n, own + 6);
        ck_assert_uint_eq(letter.key_n, spoilt.key_n);
        ck_assert(!letter.value == (!spoilt.value || refusals[_i].cut));
        ck_assert(refusals[_i].cut ||
                  (letter.value_n == spoilt.value_n && (spoilt.value_n == 0 || memcmp(letter.value, spoilt.value, spoilt.value_n) == 0)));
        check_told(refusals[_i].refused, refusals[_i].code, refusals[_i].said);
        if (refusals[_i].spoil != spoil_ahead) { /* and what comes behind it goes on */
                ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 1);
                ck_assert(record_at("safety-raised", PARTITIONS, 0, &got) && is_same(&got, &good));
        }
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), memory_end(memory, "outbox.gi-jbn", 0));
}
END_TEST

/* -- Once -- */

START_TEST(test_what_was_not_committed_is_read_again) {
        struct error err = {0};

        put("gi-jbn", safety(EVENT_ID, CASE_A, "gi-jbn"));
        put("gi-jbn", spoil_source());
        runtime = open_runtime();
        turn_all(); /* the first commit */
        put("gi-jbn", safety(CASE_B, CASE_A, "gi-jbn"));
        put("gi-jbn", spoil_kind());
        ck_assert_int_eq(runtime_turn(runtime, 0, &err), 0); /* reads them, and commits */
        put("gi-jbn", safety(CASE_A, CASE_A, "gi-jbn"));
        ck_assert_int_eq(runtime_turn(runtime, 0, &err), 0); /* too soon for another commit */
        ck_assert_int_gt(memory_end(memory, "safety-raised", 0) + memory_end(memory, "safety-raised", 1) + memory_end(memory, "safety-raised", 2) +
                         memory_end(memory, "safety-raised", 3), 2);
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 2);
        runtime = runtime_free(runtime); /* as when it is killed */
        runtime = open_runtime();
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 3);
        ck_assert_uint_eq(count_of(TOPIC_DEAD_LETTERS, 1), 2);
        ck_assert_uint_eq(count_of("inbox.gi-jbn", 1), 2);
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), 5);
}
END_TEST

START_TEST(test_two_of_one_name_do_not_both_go_on) {
        struct connect_file *of_first = file;
        struct error err = {0};
        struct runtime *first;
        int r = 0;

        runtime = open_runtime();
        turn_all();
        put("gi-jbn", safety(EVENT_ID, CASE_A, "gi-jbn"));
        ck_assert_int_eq(runtime_turn(runtime, 0, &err), 0);
        first = runtime;
        file = read_file();
        runtime = open_runtime();
        put("gi-jbn", safety(CASE_B, CASE_A, "gi-jbn"));
        for (unsigned i = 0; i < TURNS && r == 0; i++) {
                time_now.ms += PASSAGE_PAUSE_MS;
                r = runtime_turn(first, 0, &err);
        }
        ck_assert_int_lt(r, 0);
        runtime_free(first);
        connect_file_free(of_first);
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 2);
}
END_TEST

/* What an organisation takes back itself was never said. */
START_TEST(test_what_was_aborted_is_never_passed_on) {
        const struct bus_producer_config config = {.transactional_id = "theirs"};
        struct bus_record record = safety(EVENT_ID, CASE_A, "gi-jbn");
        struct bus_producer *theirs;
        struct error err = {0};

        record.topic = "outbox.gi-jbn";
        record.partition = 0;
        ck_assert_int_eq(bus_producer_open(memory_bus(memory), &config, &theirs, &err), 0);
        ck_assert_int_eq(bus_producer_send(theirs, &record, NULL, &err), 0);
        runtime = open_runtime();
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 0);
        ck_assert_int_eq(bus_producer_abort(theirs, NULL, &err), 0);
        ck_assert_int_eq(bus_producer_send(theirs, &record, NULL, &err), 0);
        ck_assert_int_eq(bus_producer_commit(theirs, NULL, &err), 0);
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 1);
        ck_assert_uint_eq(count_of(TOPIC_DEAD_LETTERS, 1), 0);
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), memory_end(memory, "outbox.gi-jbn", 0)); /* markers and all: nothing waits */
        bus_producer_close(theirs);
}
END_TEST

/* What was removed before it was read is counted; what is there is read. */
START_TEST(test_an_outbox_that_was_cut) {
        struct error err = {0};

        put("gi-jbn", safety(EVENT_ID, CASE_A, "gi-jbn"));
        runtime = open_runtime();
        turn_all();
        ck_assert_int_eq(runtime_stop(runtime, &err), 0);
        runtime = runtime_free(runtime);
        put("gi-jbn", safety(CASE_A, CASE_A, "gi-jbn"));
        put("gi-jbn", safety(CASE_B, CASE_A, "gi-jbn"));
        memory_truncate(memory, "outbox.gi-jbn", 0, 2);
        runtime = open_runtime();
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 2);
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), 3);
}
END_TEST

/* An outbox that was deleted and made again is another one, and is read from its beginning. */
START_TEST(test_an_outbox_that_was_made_anew) {
        put("gi-jbn", safety(EVENT_ID, CASE_A, "gi-jbn"));
        put("gi-jbn", safety(CASE_A, CASE_A, "gi-jbn"));
        runtime = open_runtime();
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 2);
        memory_renew(memory, "outbox.gi-jbn");
        put("gi-jbn", safety(CASE_B, CASE_A, "gi-jbn"));
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 3);
        ck_assert_int_eq(memory_committed(memory, GROUP, "outbox.gi-jbn", 0), 1);
}
END_TEST

START_TEST(test_an_operator_stops_it) {
        const struct connector_act act = {
                .bus = memory_bus(memory), .types = types, .connector = NAME, .by = "jansen", .reason = "onderhoud", .clock = test_clock()};
        struct runtime_status status;
        struct act_resumed resumed;
        struct error err = {0};

        runtime = open_runtime();
        turn_all();
        ck_assert_int_eq(act_pause(&act, &err), 0);
        turn_all();
        put("gi-jbn", safety(EVENT_ID, CASE_A, "gi-jbn"));
        turn_all();
        runtime_status(runtime, &status);
        ck_assert(status.paused && status.assigned);
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 0);
        time_now.ms += 1000;
        ck_assert_int_eq(act_resume(&act, &resumed, &err), 0);
        turn_all();
        ck_assert_uint_eq(count_of("safety-raised", PARTITIONS), 1);
        ck_assert_int_eq(runtime_stop(runtime, &err), 0);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("passage");
        TCase *tc = tcase_create("passage");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, 120);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, test_what_may_be_said_goes_on_unchanged);
        tcase_add_test(tc, test_events_of_a_case_keep_their_order);
        tcase_add_loop_test(tc, test_what_the_registry_cannot_say_waits_in_its_outbox, 0, ELEMENTS(never_there));
        tcase_add_loop_test(tc, test_what_may_not_be_said_is_kept_and_told, 0, ELEMENTS(refusals));
        tcase_add_test(tc, test_what_was_not_committed_is_read_again);
        tcase_add_test(tc, test_two_of_one_name_do_not_both_go_on);
        tcase_add_test(tc, test_what_was_aborted_is_never_passed_on);
        tcase_add_test(tc, test_an_outbox_that_was_cut);
        tcase_add_test(tc, test_an_outbox_that_was_made_anew);
        tcase_add_test(tc, test_an_operator_stops_it);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
