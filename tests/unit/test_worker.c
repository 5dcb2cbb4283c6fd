/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: the worker keeps what its header and the rules on telling promise: what is refused is kept and
 * told, a backlog is judged whole, the clock never goes back, versions never take turns.
 * Method: the bus in memory, a fake clock, a worker driven step by step; then the topics are read.
 */

#include "bus/murmur2.h"
#include "worker/sweep.h"
#include "worker_rows.h"

/* -- Stories -- */

static const struct rows_story stories[] = {
        {"the same again is no fact",
         "measure m case 1d\n"
         "worker a\n"
         "settle\n"
         "again\n"
         "settle\n"
         "-> facts 1 duplicates 1 dead 0 inbox.gm0001 1\n"},
        {"tellings go to their topic and to inboxes, with headers",
         "worker a\n"
         "settle\n"
         "measure m case 1d gi-b\n"
         "settle\n"
         "-> inbox.gm0001 1 plans 1 inbox.gi-b 1\n"
         "# A copy is the event itself, of the organisation that published it.\n"
         "-> header inbox.gm0001 ce_id =m\n"
         "-> header inbox.gm0001 ce_source urn:nld:oin:00000000000000000042\n"
         "-> header inbox.gm0001 ce_type nl.ketenwacht.measure-started.v1\n"
         "-> header inbox.gm0001 traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n"
         "# An announcement is the broker's, under the case's key, in the partition of the case.\n"
         "-> header plans ce_source urn:nld:oin:00000099000000000014:systeem:ketenwacht\n"
         "-> header plans ce_type nl.ketenwacht.plan-due.v1\n"
         "-> header plans content-type application/avro\n"
         "-> header plans traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n"
         "-> key plans =case\n"
         "-> beside plans measure-started\n"
         "-> same plans inbox.gi-b\n"},
        {"what falls due is told when it does",
         "worker a\n"
         "settle\n"
         "measure m case 0d\n"
         "settle\n"
         "-> plans 1 raised 0 inbox.gm0001 1 inbox.region-noord 0\n"
         "# reminded two days before\n"
         "clock 3d\n"
         "settle\n"
         "-> plans 2 raised 0 inbox.gm0001 1 inbox.region-noord 0\n"
         "# the day itself is in time\n"
         "clock 2d\n"
         "settle\n"
         "-> plans 2 raised 0 inbox.gm0001 1 inbox.region-noord 0\n"
         "# over at midnight\n"
         "clock 1d\n"
         "settle\n"
         "-> plans 2 raised 2 inbox.gm0001 2 inbox.region-noord 0\n"
         "# the second rung\n"
         "clock 5d\n"
         "settle\n"
         "-> plans 2 raised 3 inbox.gm0001 2 inbox.region-noord 1\n"
         "clock 29d\n"
         "settle\n"
         "-> plans 2 raised 3 inbox.gm0001 2 inbox.region-noord 1\n"
         "protector late case 1d\n"
         "settle\n"
         "-> resolved 3\n"},
        {"a backlog is judged whole",
         "# Overdue for weeks, and met by news that stands behind it; an alert would come and go inside.\n"
         "measure m case 40d\n"
         "protector p case 39d\n"
         "measure other open 40d gi-a gm0002\n"
         "worker a\n"
         "settle\n"
         "-> facts 3 plans 0 raised 3 resolved 0 inbox.gm0001 1\n"},
        {"old records make it behind again",
         "worker a\n"
         "settle\n"
         "measure m case 40d\n"
         "protector p case 39d\n"
         "# It stood still: what waits is older than behind_after.\n"
         "clock 11s\n"
         "settle\n"
         "-> facts 2 raised 0 inbox.gm0001 1\n"},
        {"a backlog read again is judged whole again",
         "# Both on one topic, so that they are read in this order: overdue for weeks, and then it was yesterday.\n"
         "recorded -1s\n"
         "measure m case 40d\n"
         "recorded 0s\n"
         "measure later-word case 1d\n"
         "worker a\n"
         "# The commit that follows catching up comes to nothing: what was read is a backlog once more.\n"
         "abort commit\n"
         "settle\n"
         "-> aborts 1 facts 2 raised 0 inbox.gm0001 1\n"},
        {"fresh records are judged one by one",
         "worker a\n"
         "settle\n"
         "measure m case 40d\n"
         "settle\n"
         "protector p case 39d\n"
         "settle\n"
         "-> raised 3 resolved 3\n"},
        {"a successor has the same state",
         "worker a\n"
         "settle\n"
         "load 7 0 40 each\n"
         "-> cases 40\n"
         "remember\n"
         "end\n"
         "compact all\n"
         "worker b\n"
         "settle\n"
         "-> as remembered\n"},
        {"an older version does not take turns",
         "with version 2\n"
         "worker a\n"
         "settle\n"
         "end\n"
         "with\n"
         "worker a\n"
         "fails config version 2\n"
         "with version 2\n"
         "worker a\n"
         "settle\n"
         "-> live 2\n"},
        {"an abort does not take the version away",
         "# What a new owner writes about version and schemas goes with its first transaction; when that comes to nothing it goes with the next.\n"
         "measure m case 1d\n"
         "with version 2\n"
         "worker a\n"
         "abort $\n"
         "settle\n"
         "-> aborts 1 facts 1\n"
         "end\n"
         "with\n"
         "worker a\n"
         "fails config version 2\n",
         {"produce", "commit"}},
        {"who is refused leaves at once",
         "with version 2\n"
         "worker b\n"
         "settle\n"
         "with\n"
         "worker a\n"
         "fails config version 2\n"
         "worker b\n"
         "# within less than a session the other has everything again\n"
         "steps 7s\n"
         "-> live 2\n"},
        {"as many partitions as the configuration says",
         "with partitions 3\n"
         "refused case-state has 2 partitions and the configuration says 3\n"
         "with partitions 2\n"
         "worker a\n"
         "settle\n"
         "-> live 2\n"},
        {"state is never guessed: another number of partitions",
         "row v partitions 3\n"
         "worker a\n"
         "fails config 3 partitions\n"
         "-> state 1\n"},
        {"state is never guessed: a version that is no number",
         "row v - x\n"
         "worker a\n"
         "fails config no number\n"
         "-> state 1\n"},
        {"two texts of one version never take turns",
         "row v imprint 1 00000000000000ff\n"
         "worker a\n"
         "fails config version 1 too\n"
         "-> state 1\n"
         "# of another version it says nothing, and the newer one takes its place\n"
         "with version 2\n"
         "worker b\n"
         "settle\n"
         "-> live 2\n"
         "end\n"
         "with version 2\n"
         "worker c\n"
         "settle\n"
         "-> live 2\n"
         "end\n"
         "row v imprint 2 00000000000000ff\n"
         "worker d\n"
         "fails config version 2 too\n"},
        {"state is never guessed: its rows are gone, and its inputs were read",
         "measure m case 1d\n"
         "worker a\n"
         "settle\n"
         "end\n"
         "cut case-state\n"
         "worker b\n"
         "fails config has lost its rows: \n"},
        {"state is never guessed: a copy that was never finished",
         "row v partitions 2147483647\n"
         "worker a\n"
         "fails config never finished\n"
         "-> state 1\n"},
        {"state is never guessed: a kind of row that nobody knows",
         "row q - 1\n"
         "worker a\n"
         "fails config offset 0\n"
         "-> state 1\n"},
        {"a stray row that was put aside counts no more, also while it stands there",
         "measure m case 1d\n"
         "worker a\n"
         "settle\n"
         "remember\n"
         "end\n"
         "row q - 1\n"
         "row f 0123456789abcdef 1\n"
         "row x - 1\n"
         "worker b\n"
         "fails config key 00000000-0000-0000-0000-000000000000 q 00000000-0000-0000-0000-000000000000: a row of kind 0x71\n"
         "row q -\n"
         "row x -\n"
         "worker c\n"
         "fails config f 30313233-3435-3637-3839-616263646566\n"
         "row f 0123456789abcdef\n"
         "worker d\n"
         "settle\n"
         "-> live 2\n"
         "-> as remembered\n"},
        {"state is never guessed: a fact that cannot be read",
         "row f 0123456789abcdef 1\n"
         "worker a\n"
         "fails config offset 0\n"
         "-> state 1\n"},
        {"once wants all partitions",
         "worker a\n"
         "settle\n"
         "with once\n"
         "worker b\n"
         "fails split\n"},
        {"once goes on when what it was to read is deleted under it",
         "measure m case 1d\n"
         "with once\n"
         "worker a\n"
         "until behind\n"
         "cut measure-started\n"
         "finish\n"
         "-> state >0\n"},
        {"metrics count what was committed",
         "with metrics\n"
         "worker a\n"
         "settle\n"
         "measure m case 1d\n"
         "garbage\n"
         "settle\n"
         "-> metric ketenwacht_events_total{topic=\"measure-started\"} 1\n"
         "-> metric ketenwacht_refused_total{code=\"UNDECODABLE\"} 1\n"
         "-> metric ketenwacht_told_total{kind=\"routed\"} 1\n"
         "-> metric ketenwacht_told_total{kind=\"plan-due\"} 1\n"
         "-> metric ketenwacht_partitions{state=\"live\"} 2\n"
         "-> metric ketenwacht_timers_pending 1\n"
         "-> metric ketenwacht_clock_away 0\n"
         "end\n"
         "-> metric ketenwacht_partitions{state=\"live\"} 0\n"
         "-> metric ketenwacht_timers_pending 0\n"},
        {"a case that fills up is said, and once full still takes what meets and what ends",
         "with metrics\n"
         "times 7999 measure m case 30d\n"
         "worker a\n"
         "settle\n"
         "-> facts-kept 7999 raised >0 resolved 0 open-alerts >0\n"
         "-> log case-fills 0\n"
         "measure first-said case 30d\n"
         "settle\n"
         "-> log case-fills 1\n"
         "-> metric ketenwacht_cases_filling_total 1\n"
         "crash\n"
         "times 2000 measure n case 30d\n"
         "worker b\n"
         "settle\n"
         "-> facts-kept 10000 dead 0\n"
         "-> log case-fills 5\n"
         "-> metric ketenwacht_cases_filling_total 5\n"
         "# Full: one more is refused, and its source hears of it.\n"
         "measure more case 30d\n"
         "settle\n"
         "-> facts-kept 10000 dead 1 open-alerts >0\n"
         "-> metric ketenwacht_refused_total{code=\"CASE_FULL\"} 1\n"
         "-> field inbox.gi-a code CASE_FULL\n"
         "protector p case 0d\n"
         "settle\n"
         "-> facts-kept 10001 dead 1 open-alerts 0\n"
         "ended e case 0d\n"
         "settle\n"
         "-> facts-kept 10002 dead 1\n"},
};

_Static_assert(7000 < BUS_SESSION_MS, "who is refused must be missed sooner than by its silence");

START_TEST(a_story_goes_as_its_rows_say) {
        rows_play_story(&stories[_i]);
}
END_TEST

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

/* -- Settled -- */

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

/* -- State -- */

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

START_TEST(rows_carry_their_schemas) {
        struct world *w = world_new();
        struct worker *worker = world_worker(w, "a");
        struct row_codec *codec;
        struct checker checker = checker_new(w->config);
        uint64_t fingerprint;
        const char *json;
        char text[FIXTURE_JSON];
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
        ck_assert_uint_eq(before, WORLD_PARTITIONS * (n + 3)); /* with version, number of partitions and imprint */
        row_codec_free(codec);
        fixture_measure(text, "measure", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, text);
        world_settle(w, worker);
        before += 2; /* the fact and its announcement, and no mark again */
        ck_assert_uint_eq(world_count(w, TOPIC_CASE_STATE, NULL), before);
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

/* -- What the calendar lacks -- */

/* A configuration in which five days are working days, and 2024 is not known, or is. */
static struct config *calendar_config(struct world *w, const char *name, bool knows) {
        static const char without[] = "equated: []\nyears: [2022, 2023]\n", with[] = "equated: []\nyears: [2022, 2023, 2024]\n";
        const char *days = strstr(FIXTURE_PROTOCOL, "term: 5 days") + strlen("term: 5 ");
        char folder[FIXTURE_PATH], protocols[FIXTURE_PATH], schemas[FIXTURE_PATH], text[sizeof(FIXTURE_PROTOCOL) + 16];
        int n = snprintf(text, sizeof(text), "%.*sworking %s", (int)(days - FIXTURE_PROTOCOL), FIXTURE_PROTOCOL, days);

        fixture_make(w->folder, name);
        fixture_config(world_path(w, name, folder), knows ? "2\n" : "1\n");
        fixture_write(folder, "calendar.yaml", knows ? with : without, strlen(knows ? with : without));
        fixture_write(fixture_path(protocols, folder, "protocols"), "proef.yaml", text, (size_t)n);
        return fixture_read_config(folder, fixture_schemas(schemas));
}

static void metrics_show(struct metrics *metrics, const char *line) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT((size_t)1 << 20);

        metrics_render(metrics, &out);
        ck_assert_msg(strstr(buffer_text(&out), line), "no %s", line);
}

/* Three measures for which no due date can be computed; then one of them is withdrawn, and another, in the second of two transactions. */
static void wait_for_the_year(struct world *w, struct worker *worker, struct metrics *metrics) {
        char json[FIXTURE_JSON];

        world_settle(w, worker);
        fixture_measure(json, "m", "case", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        fixture_measure(json, "n", "other", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        fixture_measure(json, "o", "third", "gi-a", "gm0001", w->now, 1);
        world_publish(w, json);
        world_settle(w, worker);
        world_forward(w, 2 * FIXTURE_DAY);
        world_settle(w, worker);
        metrics_show(metrics, "ketenwacht_calendar_lacks_cases{year=\"2024\"} 3\n");
        fixture_withdrawn(json, "first", "third", "gi-a", w->now, "o");
        world_publish(w, json);
        world_settle(w, worker);
        world_forward(w, FIXTURE_DAY);
        world_settle(w, worker);
        metrics_show(metrics, "ketenwacht_calendar_lacks_cases{year=\"2024\"} 2\n");
        ck_assert_uint_eq(world_count(w, "plan-due", NULL), 0); /* nothing is guessed */
        fixture_withdrawn(json, "gone", "case", "gi-a", w->now, "m");
        world_publish(w, json);
        ck_assert_int_eq(memory_fault(worker_bus(worker), MEMORY_COMMIT_ABORTED), 0);
        world_settle(w, worker);
        world_forward(w, FIXTURE_DAY);
        world_settle(w, worker);
        metrics_show(metrics, "ketenwacht_calendar_lacks_cases{year=\"2024\"} 1\n");
}

START_TEST(what_the_calendar_lacks_is_counted_and_said) {
        struct world *w = world_new();
        struct config *without = calendar_config(w, "without", false), *with = calendar_config(w, "with", true);
        struct worker_config config = world_worker_config(w, "a");
        struct log log = {.clock = world_clock(w), .level = LOG_LEVEL_INFO};
        struct worker_metrics *worker_metrics;
        struct metrics *metrics;
        struct worker *worker;
        struct error err = {0};
        char *said = NULL;
        size_t said_n;

        log.out = open_memstream(&said, &said_n);
        ck_assert_int_eq(metrics_new(&metrics), 0);
        ck_assert_int_eq(worker_metrics_new(metrics, without, &worker_metrics, &err), 0);
        config.config = without;
        config.metrics = worker_metrics;
        config.log = &log;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        wait_for_the_year(w, worker, metrics);
        world_end(worker);
        metrics_show(metrics, "ketenwacht_calendar_lacks_cases{year=\"2024\"} 0\n"); /* none of ours any more */
        ck_assert_int_eq(fclose(log.out), 0);
        ck_assert_msg(strstr(said, "\"calendar-lacks\"") && strstr(said, "\"cases\":3,\"year\":2024"), "%s", said);
        free(said);
        config.config = with; /* the year is there: what waited has its dates */
        config.metrics = NULL;
        config.log = NULL;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        world_settle(w, worker);
        ck_assert_uint_eq(world_count(w, "plan-due", NULL), 1);
        world_end(worker);
        worker_metrics_free(worker_metrics);
        metrics_free(metrics);
        config_free(without);
        config_free(with);
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

START_TEST(once_names_every_record_that_it_refuses) {
        enum { REFUSED = 12 };
        struct world *w = world_new();
        struct worker_config config = world_worker_config(w, "a");
        struct log log = {.clock = world_clock(w), .level = LOG_LEVEL_INFO};
        struct worker *worker;
        struct error err = {0};
        char *said = NULL, place[40];
        size_t said_n;

        for (unsigned i = 0; i < REFUSED; i++)
                world_append(w, &(struct bus_record){.topic = "plan-made", .partition = 0, .value = "x", .value_n = 1});
        log.out = open_memstream(&said, &said_n);
        config.log = &log;
        config.once = true;
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        for (unsigned i = 0; i < 1000 && !worker_done(worker); i++)
                world_step(w, worker);
        ck_assert(worker_done(worker));
        world_end(worker);
        ck_assert_int_eq(fclose(log.out), 0);
        for (int i = 0; i < REFUSED; i++) {
                (void) snprintf(place, sizeof(place), "\"offset\":%d,\"stage\":\"frame\"", i);
                ck_assert_msg(strstr(said, place), "%s: %s", place, said);
        }
        free(said);
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

int main(void) {
        Suite *suite = suite_create("worker");
        const struct {
                const char *name;
                const TTest *test;
                int rows; /* 0: one */
        } cases[] = {
                {"stories", a_story_goes_as_its_rows_say, ELEMENTS(stories)},
                {"bad input", bad_input_is_kept_and_told, ELEMENTS(bad)},
                {"timers", settled_is_all_told, 0},
                {"schemas", rows_carry_their_schemas, 0},
                {"new type", a_new_event_type_needs_no_code, 0},
                {"calendar", what_the_calendar_lacks_is_counted_and_said, 0},
                {"once", once_reads_evaluates_and_stops, 0},
                {"once refuses", once_names_every_record_that_it_refuses, 0},
                {"once settled", once_is_done_when_everybody_sees_what_it_committed, 0},
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
