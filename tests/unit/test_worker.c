/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the worker keeps what its header and the rules on telling promise: what is refused is kept and
 * told, a backlog is judged whole, the clock never goes back, versions never take turns.
 * Method: the bus in memory, a fake clock, a worker driven step by step; then the topics are read.
 */

#include "bus/murmur2.h"
#include "worker/sweep.h"
#include "worker_world.h"

static const char *const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/* -- Bad input -- */

static void spoil_string(struct event *event) {
        event->slots[layout_slot(event->type->layout, "worker")].s = text_of("Jan Jansen");
}
static void spoil_date(struct event *event) {
        event->slots[layout_slot(event->type->layout, "date")].i = -100000;
}
static void spoil_recorded(struct event *event) {
        event->slots[SLOT_RECORDED_AT].i = WORLD_START + 2 * FIXTURE_DAY;
}
static void spoil_source(struct event *event) {
        event->slots[SLOT_SOURCE].s = text_of("nobody");
}
static void spoil_publisher(struct event *event) {
        event->slots[SLOT_SOURCE].s = text_of("gm0001");
}
static void spoil_replaces(struct event *event) { /* another's fact: gi-b replaces what gi-a said */
        char id[UUID_TEXT + 1];

        event->slots[SLOT_SOURCE].s = text_of("gi-b");
        event->slots[SLOT_REPLACES].kind = SLOT_UUID;
        ck_assert(uuid_parse(fixture_id("good", id), UUID_TEXT, &event->slots[SLOT_REPLACES].u));
}
static void spoil_duplicate(struct event *event) { /* the id of the good one, and says something else */
        char id[UUID_TEXT + 1];

        ck_assert(uuid_parse(fixture_id("good", id), UUID_TEXT, &event->slots[SLOT_EVENT_ID].u));
}

static void body_none(struct buffer *b) {
        buffer_clear(b);
}
static void body_garbage(struct buffer *b) {
        buffer_clear(b);
        buffer_add_text(b, "{\"event\": \"protector-assigned\"}");
}
static void body_header(struct buffer *b) {
        b->n = 6;
}
static void body_fingerprint(struct buffer *b) {
        b->bytes[5] ^= 0xff;
}
static void body_confluent(struct buffer *b) {
        buffer_clear(b);
        buffer_add(b, "\0\0\0\0\7abc", 8);
}
static void body_short(struct buffer *b) {
        b->n -= 3;
}
static void body_long(struct buffer *b) {
        buffer_add_byte(b, 0);
}

static const struct {
        const char *why;
        void (*event)(struct event *);
        void (*body)(struct buffer *);
        const char *topic; /* NULL: protector-assigned */
        const char *key;   /* NULL: the case; "": none */
        const char *stage, *code, *told; /* told: whose inbox gets event-refused; NULL: nobody */
} bad[] = {
        {"no value at all", NULL, body_none, NULL, NULL, "frame", "UNDECODABLE", NULL},
        {"bytes that are no frame", NULL, body_garbage, NULL, NULL, "frame", "UNDECODABLE", NULL},
        {"a frame cut off", NULL, body_header, NULL, NULL, "frame", "UNDECODABLE", NULL},
        {"a schema that nobody knows", NULL, body_fingerprint, NULL, NULL, "frame", "UNKNOWN_SCHEMA", NULL},
        {"an id of a registry that is not there", NULL, body_confluent, NULL, NULL, "frame", "UNKNOWN_SCHEMA", NULL},
        {"the topic of another event", NULL, NULL, "plan-made", NULL, "frame", "UNKNOWN_SCHEMA", NULL},
        {"a body that ends too early", NULL, body_short, NULL, NULL, "decode", "UNDECODABLE", NULL},
        {"a body with something behind it", NULL, body_long, NULL, NULL, "decode", "UNDECODABLE", NULL},
        {"a string outside its domain", spoil_string, NULL, NULL, NULL, "check", "BAD_VALUE", "gi-a"},
        {"a date that no measure has", spoil_date, NULL, NULL, NULL, "check", "BAD_VALUE", "gi-a"},
        {"recorded more than a day ahead", spoil_recorded, NULL, NULL, NULL, "check", "BAD_VALUE", "gi-a"},
        {"a source that is no organisation", spoil_source, NULL, NULL, NULL, "check", "UNKNOWN_ORGANISATION", NULL},
        {"a municipality that assigns a protector", spoil_publisher, NULL, NULL, NULL, "check", "NOT_ALLOWED", "gm0001"},
        {"a key that is not the case", NULL, NULL, NULL, "00000000-0000-4000-8000-000000000000", "check", "KEY_MISMATCH", "gi-a"},
        {"no key", NULL, NULL, NULL, "", "check", "KEY_MISMATCH", "gi-a"},
        {"an id that has said something else", spoil_duplicate, NULL, NULL, NULL, "accept", "DUPLICATE_ID", "gi-a"},
        {"replacing what another said", spoil_replaces, NULL, NULL, NULL, "accept", "NOT_ALLOWED", "gi-b"},
};

/* So that the bad one and the good ones before and after go through the same partition. */
static int32_t case_partition(void) {
        char id[UUID_TEXT + 1];

        return murmur2_partition(fixture_id("case", id), UUID_TEXT, WORLD_PARTITIONS);
}

/* Appends the bad one; what was appended in *ret. */
static void append_bad(struct world *w, size_t row, struct buffer *body, char key[UUID_TEXT + 1], struct bus_record *ret) {
        static const struct bus_header headers[] = {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 55}, {"x-own", "kept", 4}};
        char json[FIXTURE_JSON];

        fixture_protector(json, "bad", "case", "gi-a", w->now, 1);
        arena_reset(w->arena);
        struct event event = fixture_event(w->config, json, w->arena);

        if (bad[row].event)
                bad[row].event(&event);
        fixture_encode(&event, body);
        if (bad[row].body)
                bad[row].body(body);
        uuid_format(&event.slots[SLOT_CASE_ID].u, key);
        if (bad[row].key)
                (void) snprintf(key, UUID_TEXT + 1, "%s", bad[row].key);
        *ret = (struct bus_record){.topic = bad[row].topic ? bad[row].topic : "protector-assigned",
                                   .partition = case_partition(),
                                   .key = key[0] ? key : NULL,
                                   .key_n = strlen(key),
                                   .value = body->n ? body->bytes : NULL,
                                   .value_n = body->n,
                                   .headers = headers,
                                   .headers_n = 2};
        world_append(w, ret);
}

static void check_refused_event(struct world *w, size_t row) {
        char inbox[64], id[UUID_TEXT + 1];
        struct bus_record record;

        if (!bad[row].told)
                return;
        (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", bad[row].told);
        ck_assert_uint_ge(world_count(w, inbox, &record), 1);
        arena_reset(w->arena);
        struct event event = fixture_decode(w->config, record.value, record.value_n, w->arena);

        ck_assert_str_eq(event.type->name, "event-refused");
        ck_assert(text_is(fixture_text(&event, "code"), bad[row].code));
        ck_assert(text_is(event.slots[SLOT_SOURCE].s, "ketenwacht"));
        struct uuid refused = event.slots[layout_slot(event.type->layout, "refused")].u;

        uuid_format(&refused, id);
        ck_assert_str_eq(id, fixture_id(strcmp(bad[row].code, "DUPLICATE_ID") == 0 ? "good" : "bad", (char[UUID_TEXT + 1]){0}));
        ck_assert_ptr_null(memmem(fixture_text(&event, "text").s, fixture_text(&event, "text").n, "Jansen", 6));
        ck_assert_uint_gt(event_record_traceparent(&record).n, 0);
}

START_TEST(bad_input_is_kept_and_told) {
        struct buffer body = BUFFER_INIT(1 << 20);
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct bus_record appended, letter;
        struct dead_letter_read why;
        struct worker_status status;
        char json[FIXTURE_JSON], key[UUID_TEXT + 1];

        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        fixture_protector(json, "good", "case", "gi-a", w->now, 0);
        world_publish(w, json);
        world_settle(w, worker);
        append_bad(w, (size_t)_i, &body, key, &appended);
        world_settle(w, worker);
        fixture_ended(json, "after", "case", "gi-a", w->now, 0);
        world_publish(w, json);
        world_settle(w, worker);

        ck_assert_msg(world_count(w, TOPIC_DEAD_LETTERS, &letter) == 1, "%s", bad[_i].why);
        ck_assert_uint_eq(letter.value_n, appended.value_n);
        ck_assert(appended.value_n == 0 || memcmp(letter.value, appended.value, appended.value_n) == 0);
        ck_assert_uint_eq(letter.key_n, appended.key_n);
        ck_assert(appended.key_n == 0 || memcmp(letter.key, appended.key, appended.key_n) == 0);
        ck_assert(dead_letter_read(&letter, &why));
        ck_assert_str_eq(why.topic, appended.topic);
        ck_assert_str_eq(why.stage, bad[_i].stage);
        ck_assert_str_eq(why.code, bad[_i].code);
        ck_assert_int_eq(why.partition, case_partition());
        ck_assert_ptr_null(strstr(why.error, "Jansen"));
        ck_assert_ptr_nonnull(bus_record_header(&letter, "x-own"));
        check_refused_event(w, (size_t)_i);
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, 3); /* the good ones, before and after */
        ck_assert_int_eq(status.dead, 1);
        world_end(worker);
        buffer_done(&body);
        world_done(w);
}
END_TEST

START_TEST(the_same_again_is_no_fact) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct worker_status status;
        char json[FIXTURE_JSON];

        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        world_publish(w, json);
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, 1);
        ck_assert_int_eq(status.duplicates, 1);
        ck_assert_int_eq(status.dead, 0);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 1);
        world_end(worker);
        world_done(w);
}
END_TEST

/* -- Telling -- */

static const char *header_text(const struct bus_record *record, const char *name, char ret[256]) {
        const struct bus_header *header = bus_record_header(record, name);

        ck_assert_msg(header != NULL, "no header %s", name);
        (void) snprintf(ret, 256, "%.*s", (int)header->n, (const char *)header->value);
        return ret;
}

START_TEST(tellings_go_to_topic_and_inbox_with_headers) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct bus_record plan, copy, inbox;
        char json[FIXTURE_JSON], text[256], key[UUID_TEXT + 1];

        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-b", "gm0001", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", &copy), 1);
        ck_assert_uint_eq(world_count(w, TOPIC_PLAN_DUE, &plan), 1);
        ck_assert_uint_eq(world_count(w, "inbox.gi-b", &inbox), 1);

        /* A copy is the event itself, of the organisation that published it. */
        ck_assert_str_eq(header_text(&copy, "ce_id", text), fixture_id("measure", (char[UUID_TEXT + 1]){0}));
        ck_assert_str_eq(header_text(&copy, "ce_source", text), "urn:nld:oin:00000000000000000042");
        ck_assert_str_eq(header_text(&copy, "ce_type", text), "nl.ketenwacht.measure-started.v1");
        ck_assert_str_eq(header_text(&copy, "traceparent", text), trace);
        /* An announcement is the broker's, under the case's key, in the partition of the case. */
        ck_assert_str_eq(header_text(&plan, "ce_source", text), "urn:ketenwacht:ketenwacht");
        ck_assert_str_eq(header_text(&plan, "ce_type", text), "nl.ketenwacht.plan-due.v1");
        ck_assert_str_eq(header_text(&plan, "content-type", text), "application/avro");
        ck_assert_str_eq(header_text(&plan, "traceparent", text), trace);
        fixture_id("case", key);
        ck_assert(plan.key_n == UUID_TEXT && memcmp(plan.key, key, UUID_TEXT) == 0);
        ck_assert_int_eq(memory_end(w->memory, "measure-started", plan.partition) > 0, 1);
        ck_assert(inbox.value_n == plan.value_n && memcmp(inbox.value, plan.value, plan.value_n) == 0);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(what_falls_due_is_told_when_it_does) {
        static const struct {
                int days; /* forward to noon of that day */
                size_t plans, raised, gm, region;
                const char *why;
        } rows[] = {
                {0, 1, 0, 0, 0, "announced at once"},     {3, 2, 0, 0, 0, "reminded two days before"}, {5, 2, 0, 0, 0, "the day itself is in time"},
                {6, 2, 2, 1, 0, "over at midnight"},      {11, 2, 3, 1, 1, "the second rung"},         {40, 2, 3, 1, 1, "nothing more"},
        };
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        char json[FIXTURE_JSON];
        int day = 0;

        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 0);
        world_publish(w, json);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                world_forward(w, (rows[i].days - day) * FIXTURE_DAY);
                day = rows[i].days;
                world_settle(w, worker);
                ck_assert_msg(world_count(w, TOPIC_PLAN_DUE, NULL) == rows[i].plans, "%s: plans", rows[i].why);
                ck_assert_msg(world_count(w, TOPIC_ESCALATION_RAISED, NULL) == rows[i].raised, "%s: raised", rows[i].why);
                ck_assert_msg(world_count(w, "inbox.gm0001", NULL) == rows[i].gm + 1, "%s: inbox of the municipality", rows[i].why);
                ck_assert_msg(world_count(w, "inbox.region-noord", NULL) == rows[i].region, "%s: inbox of the region", rows[i].why);
        }
        fixture_protector(json, "late", "case", "gi-a", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RESOLVED, NULL), 3);
        world_end(worker);
        world_done(w);
}
END_TEST

#define SETTLED_CASES (2 * SWEEP_CASES + 10)

/* Whoever leads the clock goes on when the worker says that it has come so far: by then everything due is told and committed. */
START_TEST(settled_is_all_told) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct worker_status status, later;
        char json[FIXTURE_JSON], measure[32], word[32];

        world_settle(w, worker);
        for (int i = 0; i < SETTLED_CASES; i++) { /* more than one sweep takes, all due at the same midnights */
                (void) snprintf(measure, sizeof(measure), "measure-%d", i);
                (void) snprintf(word, sizeof(word), "case-%d", i);
                fixture_measure(json, measure, word, "gi-a", "gm0001", w->now, 0);
                world_publish(w, json);
        }
        world_settle(w, worker);
        for (int day = 0; day < 13; day++) {
                unsigned steps = 0;
                instant_t target;

                world_forward(w, FIXTURE_DAY);
                target = w->now;
                do { /* steps take time */
                        world_step(w, worker);
                        worker_status(worker, &status);
                        ck_assert_uint_lt(++steps, WORLD_STEPS_MAX);
                        ck_assert_int_le(status.settled_at, w->now);
                } while (status.settled_at < target);
                world_settle(w, worker);
                worker_status(worker, &later);
                ck_assert_int_eq(status.told, later.told);
                ck_assert_int_eq(status.transactions, later.transactions);
        }
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 3 * SETTLED_CASES); /* there was something to tell */
        world_end(worker);
        world_done(w);
}
END_TEST

/* -- Behind -- */

START_TEST(a_backlog_is_judged_whole) {
        struct world *w = world_new();
        struct worker *worker;
        struct worker_status status;
        char json[FIXTURE_JSON];

        /* Overdue for weeks, and met by news that stands behind it; an alert would come and go inside. */
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 40);
        world_publish(w, json);
        fixture_protector(json, "protector", "case", "gi-a", w->now, 39);
        world_publish(w, json);
        fixture_measure(json, "other", "open", "gi-a", "gm0002", w->now, 40);
        world_publish(w, json);
        worker = world_worker(w, "a");
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, 3);
        ck_assert_uint_eq(world_count(w, TOPIC_PLAN_DUE, NULL), 0);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 3); /* of the open one, all rungs */
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RESOLVED, NULL), 0);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 1); /* the copy */
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(old_records_make_it_behind_again) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        char json[FIXTURE_JSON];

        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 40);
        world_publish(w, json);
        fixture_protector(json, "protector", "case", "gi-a", w->now, 39);
        world_publish(w, json);
        world_forward(w, 11000); /* the worker stood still: what waits is older than behind_after */
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 0);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 1);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(a_backlog_read_again_is_judged_whole_again) {
        struct world *w = world_new();
        struct worker *worker;
        struct worker_status status;
        char json[FIXTURE_JSON];

        /* Both on one topic, so that they are read in this order: overdue for weeks, and then it was yesterday. */
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now - 1000, 40);
        world_publish(w, json);
        fixture_measure(json, "later word", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        worker = world_worker(w, "a");
        /* The commit that follows catching up comes to nothing: what was read is a backlog once more. */
        ck_assert_int_eq(memory_fault(worker_bus(worker), MEMORY_COMMIT_ABORTED), 0);
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.aborts, 1);
        ck_assert_int_eq(status.facts, 2);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 0);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 1);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(fresh_records_are_judged_one_by_one) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        char json[FIXTURE_JSON];

        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 40);
        world_publish(w, json);
        world_settle(w, worker);
        fixture_protector(json, "protector", "case", "gi-a", w->now, 39);
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 3);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RESOLVED, NULL), 3);
        world_end(worker);
        world_done(w);
}
END_TEST

/* -- Clock -- */

START_TEST(the_clock_of_a_partition_never_goes_back) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct bus_record record;
        char json[FIXTURE_JSON];
        instant_t told;

        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, TOPIC_PLAN_DUE, &record), 1);
        told = fixture_decode(w->config, record.value, record.value_n, w->arena).slots[SLOT_RECORDED_AT].i;
        world_end(worker);

        w->now -= 1800000; /* set back by half an hour; a new worker, too, keeps to what stands in the state */
        worker = world_worker(w, "a");
        world_settle(w, worker);
        fixture_measure(json, "second", "case", "gi-a", "gm0001", told + 60000, 2); /* the later word, and so the one that counts */
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 2);
        for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
                for (int64_t offset = 0; offset < memory_end(w->memory, TOPIC_PLAN_DUE, p); offset++) {
                        if (!memory_record(w->memory, TOPIC_PLAN_DUE, p, offset, false, &record))
                                continue;
                        arena_reset(w->arena);
                        struct event event = fixture_decode(w->config, record.value, record.value_n, w->arena);

                        ck_assert_int_ge(event.slots[SLOT_RECORDED_AT].i, told);
                }
        }
        world_end(worker);
        world_done(w);
}
END_TEST

static const int64_t offs[] = {-2 * 3600 * 1000, 2 * 3600 * 1000}; /* two hours slow, and fast */

START_TEST(a_clock_far_from_the_brokers_tells_nothing) {
        struct world *w = world_new();
        struct worker *worker;
        struct worker_status status;
        char json[FIXTURE_JSON];

        w->off = offs[_i];
        worker = world_worker(w, "a");
        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 40);
        world_publish(w, json);
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert(status.clock_away);
        ck_assert_int_eq(status.facts, 1);
        ck_assert_int_eq(status.told, 0);
        w->off = 0; /* set right: the next record shows it */
        fixture_measure(json, "other", "other", "gi-a", "gm0002", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert(!status.clock_away);
        ck_assert_uint_eq(world_count(w, TOPIC_ESCALATION_RAISED, NULL), 3);
        ck_assert_uint_eq(world_count(w, "inbox.gm0002", NULL), 1);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(what_was_kept_silent_is_told_with_the_next_fact) {
        struct world *w = world_new();
        struct worker *worker;
        struct bus_record record;
        char json[FIXTURE_JSON];

        w->off = -2 * 3600 * 1000; /* nothing is told, so nothing evaluates the case before its next fact does */
        worker = world_worker(w, "a");
        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-b", "gm0001", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 0);
        w->off = 0;
        fixture_protector(json, "protector", "case", "gi-b", w->now, 0);
        world_publish(w, json);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", &record), 1);
        arena_reset(w->arena);
        struct event event = fixture_decode(w->config, record.value, record.value_n, w->arena);

        ck_assert_str_eq(event.type->name, "measure-started");
        ck_assert(text_is(event.slots[SLOT_SOURCE].s, "gi-b"));
        ck_assert(text_is(fixture_text(&event, "municipality"), "gm0001"));
        world_end(worker);
        world_done(w);
}
END_TEST

/* -- State -- */

START_TEST(a_successor_has_the_same_state) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct worker_census before, after;
        size_t told;
        char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];

        world_settle(w, worker);
        for (unsigned c = 0; c < 40; c++) {
                size_t n = fixture_load_case(7, c, w->now, json);

                for (size_t i = 0; i < n; i++)
                        world_publish(w, json[i]);
                world_settle(w, worker);
        }
        worker_census(worker, &before);
        told = world_count(w, "inbox.gi-a", NULL) + world_count(w, "inbox.gm0001", NULL);
        world_end(worker);
        memory_compact(w->memory, TOPIC_CASE_STATE, true);
        worker = world_worker(w, "b");
        world_settle(w, worker);
        worker_census(worker, &after);
        ck_assert_uint_eq(before.cases, 40);
        ck_assert_uint_eq(after.facts, before.facts);
        ck_assert_uint_eq(after.open_alerts, before.open_alerts);
        ck_assert_uint_eq(after.checksum, before.checksum);
        ck_assert_uint_eq(world_count(w, "inbox.gi-a", NULL) + world_count(w, "inbox.gm0001", NULL), told);
        world_end(worker);
        world_done(w);
}
END_TEST

/* Reads another configuration of the same world. */
static struct config *other_config(struct world *w, const char *name, const char *version) {
        char path[FIXTURE_PATH], schemas[FIXTURE_PATH];

        fixture_make(w->folder, name);
        fixture_config(world_path(w, name, path), version);
        return fixture_read_config(path, fixture_schemas(schemas));
}

/* Steps until the worker gives up; its outcome. */
static int step_to_end(struct world *w, const struct worker_config *config, struct error *err) {
        struct worker *worker;
        int r = worker_new(config, &worker, err);

        ck_assert_msg(r == 0, "%s", err->text);
        for (unsigned i = 0; i < 1000 && r == 0; i++)
                r = world_try(w, worker, err);
        worker_free(worker);
        return r;
}

START_TEST(an_older_version_does_not_take_turns) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct config *second = other_config(w, "second", "2\n");
        struct worker *worker;
        struct error err = {0};

        config.config = second;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        world_settle(w, worker);
        world_end(worker);
        config.config = w->config;
        ck_assert_int_eq(step_to_end(w, &config, &err), WORKER_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(err.text, "version 2"));
        config.config = second; /* the newer one goes on */
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        world_settle(w, worker);
        world_end(worker);
        config_free(second);
        world_done(w);
}
END_TEST

static const enum memory_fault early[] = {MEMORY_PRODUCE_ABORTED, MEMORY_COMMIT_ABORTED};

/* What a new owner writes about version and schemas goes with its first transaction; when that comes to nothing it goes with the next. */
START_TEST(an_abort_does_not_take_the_version_away) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct config *second = other_config(w, "second", "2\n");
        struct worker *worker;
        struct worker_status status;
        struct error err = {0};
        char json[FIXTURE_JSON];

        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        config.config = second;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        ck_assert_int_eq(memory_fault(worker_bus(worker), early[_i]), 0);
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.aborts, 1);
        ck_assert_int_eq(status.facts, 1);
        world_end(worker);
        config.config = w->config;
        ck_assert_int_eq(step_to_end(w, &config, &err), WORKER_E_CONFIG);
        ck_assert_ptr_nonnull(strstr(err.text, "version 2"));
        config_free(second);
        world_done(w);
}
END_TEST

static void append_row(struct world *w, char kind, const char *id, const void *value, size_t n) {
        uint8_t key[ROW_KEY_BYTES] = {0};

        key[16] = (uint8_t)kind;
        memcpy(key + 17, id, strlen(id));
        world_append(w, &(struct bus_record){
                                .topic = TOPIC_CASE_STATE, .partition = 0, .key = key, .key_n = sizeof(key), .value = value, .value_n = n});
}

static const struct {
        const char *why;
        char kind;
        const char *id, *value, *says;
} rows[] = {
        {"another number of partitions", 'v', "partitions", "3", "3 partitions"},
        {"a version that is no number", 'v', "", "x", "no number"},
        {"a copy that was never finished", 'v', "partitions", "2147483647", "never finished"},
        {"a kind of row that nobody knows", 'q', "", "1", "offset 0"},
        {"a fact that cannot be read", 'f', "0123456789abcdef", "1", "offset 0"},
};

START_TEST(who_is_refused_leaves_at_once) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "b");
        struct config *second = other_config(w, "second", "2\n");
        struct worker *newer, *older;
        struct worker_status status;
        struct error err = {0};
        int r = 0;

        config.config = second;
        ck_assert_int_eq(worker_new(&config, &newer, &err), 0);
        world_settle(w, newer);
        config.config = w->config;
        config.instance = "a";
        ck_assert_int_eq(worker_new(&config, &older, &err), 0);
        for (unsigned i = 0; i < WORLD_STEPS_MAX && r == 0; i++) {
                world_step(w, newer);
                r = world_try(w, older, &err);
        }
        ck_assert_int_eq(r, WORKER_E_CONFIG);
        worker_free(older);
        for (unsigned i = 0; i < BUS_SESSION_MS / WORLD_STEP_MS / 2; i++) /* within less than a session the other has everything again */
                world_step(w, newer);
        worker_status(newer, &status);
        ck_assert_int_eq(status.live, WORLD_PARTITIONS);
        world_end(newer);
        config_free(second);
        world_done(w);
}
END_TEST

START_TEST(as_many_partitions_as_the_configuration_says) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct worker *worker;
        struct error err = {0};

        config.partitions = WORLD_PARTITIONS + 1;
        ck_assert_int_eq(worker_new(&config, &worker, &err), WORKER_E_CONFIG);
        ck_assert_msg(strstr(err.text, "case-state has 2 partitions and the configuration says 3") != NULL, "%s", err.text);
        config.partitions = WORLD_PARTITIONS;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        world_end(worker);
        world_done(w);
}
END_TEST

START_TEST(state_is_never_guessed) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct error err = {0};

        append_row(w, rows[_i].kind, rows[_i].id, rows[_i].value, strlen(rows[_i].value));
        ck_assert_msg(step_to_end(w, &config, &err) == WORKER_E_CONFIG, "%s", rows[_i].why);
        ck_assert_msg(strstr(err.text, rows[_i].says) != NULL, "%s: %s", rows[_i].why, err.text);
        ck_assert_uint_eq(world_count(w, TOPIC_CASE_STATE, NULL), 1); /* nothing was added */
        world_done(w);
}
END_TEST

START_TEST(rows_carry_their_schemas) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct row_codec *codec;
        struct checker checker = checker_new(w->config);
        uint64_t fingerprint;
        const char *json;
        size_t n = 0, before;

        world_settle(w, worker);
        before = world_count(w, TOPIC_CASE_STATE, NULL);
        world_check(w, &checker);
        ck_assert_int_eq(row_codec_new(&codec), 0);
        for (; row_schema_at(codec, w->config->types, n, &fingerprint, &json); n++) {
                uint8_t key[ROW_KEY_BYTES] = {0};

                key[16] = ROW_SCHEMA;
                for (unsigned i = 0; i < 8; i++)
                        key[17 + i] = (uint8_t)(fingerprint >> (8 * i));
                const struct seen_entry *entry = table_get(&checker.state.table, key, sizeof(key));

                ck_assert_ptr_nonnull(entry);
                ck_assert(entry->n == strlen(json) && memcmp(entry->value, json, entry->n) == 0);
        }
        ck_assert_uint_eq(before, WORLD_PARTITIONS * (n + 2)); /* with version and number of partitions */
        row_codec_free(codec);
        world_end(worker);
        worker = world_worker(w, "a"); /* and once is enough */
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, TOPIC_CASE_STATE, NULL), before);
        world_end(worker);
        checker_done(&checker);
        world_done(w);
}
END_TEST

/* -- A new event type is a new file -- */

static const char wish_schema[] =
        "{\"type\":\"record\",\"name\":\"WishHeard\",\"namespace\":\"nl.ketenwacht.event\",\"doc\":\"Wens gehoord.\","
        "\"ketenwacht.publishers\":[\"gi\"],\"fields\":["
        "{\"name\":\"event_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"},\"doc\":\"d\"},"
        "{\"name\":\"case_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"},\"doc\":\"d\"},"
        "{\"name\":\"source\",\"type\":\"string\",\"doc\":\"d\"},"
        "{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"d\"},"
        "{\"name\":\"recorded_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"d\"},"
        "{\"name\":\"replaces\",\"type\":[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}],\"default\":null,\"doc\":\"d\"},"
        "{\"name\":\"measure_id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"},\"doc\":\"d\"},"
        "{\"name\":\"date\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"},\"doc\":\"d\"}]}";

START_TEST(a_new_event_type_needs_no_code) {
        static const char protocol[] = "protocol: wens\ntitle: Wens\nsource: S0\nregion: noord\nvalid: {from: 2020-01-01}\n"
                                       "routes:\n  - {event: wish-heard, to: [municipality], basis: proef}\n";
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct config *before = w->config;
        struct worker_status status;
        char config[FIXTURE_PATH], schemas[FIXTURE_PATH], project[FIXTURE_PATH], json[FIXTURE_JSON], measure[UUID_TEXT + 1];

        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        world_end(worker);

        fixture_make(w->folder, "schemas");
        world_path(w, "schemas", schemas);
        fixture_copy(fixture_schemas(project), ".avsc", schemas);
        fixture_write(schemas, "wish-heard.avsc", wish_schema, strlen(wish_schema));
        fixture_make(w->folder, "second");
        fixture_config(world_path(w, "second", config), "2\n");
        fixture_write(fixture_path(project, config, "protocols"), "wens.yaml", protocol, strlen(protocol));
        w->config = fixture_read_config(config, schemas);
        world_topics(w);
        worker = world_worker(w, "a");
        world_settle(w, worker);
        int n = fixture_envelope(json, "wish-heard", "wish", "case", "gi-a", w->now);

        (void) snprintf(json + n, sizeof(json) - (size_t)n, "\"measure_id\":\"%s\",\"date\":\"2024-02-28\"}", fixture_id("measure|case", measure));
        world_publish(w, json);
        world_settle(w, worker);
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, 1);
        ck_assert_int_eq(status.dead, 0);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 2);
        world_end(worker);
        worker = world_worker(w, "a"); /* and its row is restored */
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, "inbox.gm0001", NULL), 2);
        world_end(worker);
        struct worker_config older = world_worker_config(w, "a"); /* who cannot read the row is told why: its configuration is too old */
        struct error err = {0};

        older.config = before;
        ck_assert_int_eq(step_to_end(w, &older, &err), WORKER_E_CONFIG);
        ck_assert_msg(strstr(err.text, "configuration version 2") != NULL, "%s", err.text);
        config_free(before);
        world_done(w);
}
END_TEST

/* -- Once -- */

START_TEST(once_reads_evaluates_and_stops) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct checker checker = checker_new(w->config);
        struct worker_status status;
        struct worker *worker;
        struct error err = {0};
        char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];

        for (unsigned c = 0; c < 30; c++) {
                size_t n = fixture_load_case(11, c, w->now, json);

                for (size_t i = 0; i < n; i++) {
                        world_publish(w, json[i]);
                        checker_event(&checker, json[i], w->now);
                }
        }
        world_append(w, &(struct bus_record){.topic = "plan-made", .partition = 0, .value = "x", .value_n = 1});
        config.once = true;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        for (unsigned i = 0; i < 1000 && !worker_done(worker); i++)
                world_step(w, worker);
        ck_assert(worker_done(worker));
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, (int64_t)checker.facts);
        ck_assert_int_gt(status.told, 0);
        ck_assert_int_eq(status.dead, 1);
        world_end(worker);
        world_check(w, &checker);
        checker_done(&checker);
        world_done(w);
}
END_TEST

static int nobody_sees_it(struct bus_worker *worker, struct error *err) {
        (void)worker;
        error_set(err, "nobody sees it");
        return -EIO;
}

START_TEST(once_is_done_when_everybody_sees_what_it_committed) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct worker_status status;
        struct bus_worker_ops ops;
        struct worker *worker;
        struct error err = {0};
        char json[FIXTURE_JSON];
        int r = 0;

        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        config.once = true;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        ops = *worker_bus(worker)->ops;
        ops.settle = nobody_sees_it;
        worker_bus(worker)->ops = &ops;
        for (unsigned i = 0; i < 1000 && r == 0; i++) {
                ck_assert(!worker_done(worker));
                r = world_try(w, worker, &err);
        }
        ck_assert_int_eq(r, -EIO);
        ck_assert_str_eq(err.text, "nobody sees it");
        ck_assert(!worker_done(worker));
        worker_status(worker, &status);
        ck_assert_int_eq(status.facts, 1); /* it is committed all the same */
        worker_free(worker);
        world_done(w);
}
END_TEST

START_TEST(once_wants_all_partitions) {
        struct world *w = world_new();
        struct worker *first = world_worker(w, "a"), *worker;
        struct worker_config config = world_worker_config(w, "b");
        struct error err = {0};
        int r = 0;

        world_settle(w, first);
        config.once = true;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        for (unsigned i = 0; i < 1000 && r == 0; i++) {
                world_step(w, first);
                r = world_try(w, worker, &err);
        }
        ck_assert_int_eq(r, WORKER_E_SPLIT);
        worker_free(worker);
        worker_free(first);
        world_done(w);
}
END_TEST

/* -- Metrics -- */

START_TEST(metrics_count_what_was_committed) {
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct buffer text = BUFFER_INIT(1 << 20);
        struct metrics *metrics;
        struct worker_metrics *worker_metrics;
        struct worker *worker;
        struct error err = {0};
        char json[FIXTURE_JSON];

        ck_assert_int_eq(metrics_new(&metrics), 0);
        ck_assert_int_eq(worker_metrics_new(metrics, w->config, &worker_metrics, &err), 0);
        config.metrics = worker_metrics;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        world_settle(w, worker);
        fixture_measure(json, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        world_append(w, &(struct bus_record){.topic = "plan-made", .partition = 0, .value = "x", .value_n = 1});
        world_settle(w, worker);
        metrics_render(metrics, &text);
        static const char *const lines[] = {
                "ketenwacht_events_total{topic=\"measure-started\"} 1\n", "ketenwacht_refused_total{code=\"UNDECODABLE\"} 1\n",
                "ketenwacht_told_total{kind=\"routed\"} 1\n",             "ketenwacht_told_total{kind=\"plan-due\"} 1\n",
                "ketenwacht_partitions{state=\"live\"} 2\n",              "ketenwacht_timers_pending 1\n",
                "ketenwacht_clock_away 0\n",
        };
        for (size_t i = 0; i < ELEMENTS(lines); i++)
                ck_assert_msg(strstr(buffer_text(&text), lines[i]) != NULL, "no %sin\n%s", lines[i], buffer_text(&text));
        world_end(worker);
        buffer_clear(&text);
        metrics_render(metrics, &text);
        ck_assert_ptr_nonnull(strstr(buffer_text(&text), "ketenwacht_partitions{state=\"live\"} 0\n"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&text), "ketenwacht_timers_pending 0\n"));
        buffer_done(&text);
        worker_metrics_free(worker_metrics);
        metrics_free(metrics);
        world_done(w);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("worker");
        const struct {
                const char *name;
                const TTest *test;
                int rows; /* 0: one */
        } cases[] = {
                {"bad input", bad_input_is_kept_and_told, ELEMENTS(bad)},
                {"duplicate", the_same_again_is_no_fact, 0},
                {"telling", tellings_go_to_topic_and_inbox_with_headers, 0},
                {"timers", what_falls_due_is_told_when_it_does, 0},
                {"timers", settled_is_all_told, 0},
                {"behind", a_backlog_is_judged_whole, 0},
                {"behind again", old_records_make_it_behind_again, 0},
                {"behind after an abort", a_backlog_read_again_is_judged_whole_again, 0},
                {"live", fresh_records_are_judged_one_by_one, 0},
                {"clock", the_clock_of_a_partition_never_goes_back, 0},
                {"clock away", a_clock_far_from_the_brokers_tells_nothing, ELEMENTS(offs)},
                {"kept silent", what_was_kept_silent_is_told_with_the_next_fact, 0},
                {"restore", a_successor_has_the_same_state, 0},
                {"version", an_older_version_does_not_take_turns, 0},
                {"version after an abort", an_abort_does_not_take_the_version_away, ELEMENTS(early)},
                {"refused", who_is_refused_leaves_at_once, 0},
                {"partitions", as_many_partitions_as_the_configuration_says, 0},
                {"rows", state_is_never_guessed, ELEMENTS(rows)},
                {"schemas", rows_carry_their_schemas, 0},
                {"new type", a_new_event_type_needs_no_code, 0},
                {"once", once_reads_evaluates_and_stops, 0},
                {"once settled", once_is_done_when_everybody_sees_what_it_committed, 0},
                {"once split", once_wants_all_partitions, 0},
                {"metrics", metrics_count_what_was_committed, 0},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                TCase *tc = tcase_create(cases[i].name);

                tcase_set_timeout(tc, 60);
                tcase_add_loop_test(tc, cases[i].test, 0, cases[i].rows ? cases[i].rows : 1);
                suite_add_tcase(suite, tc);
        }
        SRunner *runner = srunner_create(suite);

        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);

        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
