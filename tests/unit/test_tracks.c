/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: track and trace from memory says to the letter what a reading of the topics says, whatever the order in which the topics come; it stays within its
 * bounds, forgets the oldest first and says so.
 * Method: records of two cases on a bus in memory, made as the product makes them; the JSON of every step from both is compared.
 */

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "avro/framing.h"
#include "bus/memory.h"
#include "cluster/audit.h"
#include "cluster/event_refused.h"
#include "cluster/topics.h"
#include "engine/row.h"
#include "model/row_key.h"
#include "model/row_schema.h"
#include "model_fixture.h"
#include "record_fixture.h"
#include "replica/tracks.h"
#include "survey/trail_say.h"

#define ID(n) "00000000-0000-4000-8000-0000000000" n
#define CASE_ID ID("01")
#define OTHER_CASE ID("02")
#define EVENT_ID ID("03")
#define OTHER_EVENT ID("04")
#define CONCERN ID("05")
#define ALERT ID("07")
#define RAISED ID("08")
#define T INT64_C(1696928400000)
#define PARTITIONS 3
#define ROUNDS_MAX 10000

static struct config config;
static struct arena *arena;
static struct memory *m;
static struct tracks *tracks;
static struct delivery_codec *deliveries;
static struct audit_codec *audits;
static instant_t now;
static int64_t posts; /* that stand on safety-raised, in the partition of both cases */

static instant_t tracks_time(void *ctx) {
        (void) ctx;
        return now;
}

static const struct clock_ops tracks_clock = {.realtime_ms = tracks_time, .monotonic_ms = tracks_time};

static void setup(void) {
        static const char *const single[] = {TOPIC_DEAD_LETTERS, TOPIC_DELIVERIES, TOPIC_AUDIT, TOPIC_INBOX_PREFIX "gm0014", TOPIC_INBOX_PREFIX "gi-jbn",
                                             TOPIC_INBOX_PREFIX "igj", TOPIC_OUTBOX_PREFIX "gi-jbn"};
        struct error err;

        project_parties(&config.organisations, &config.types);
        ck_assert_int_eq(arena_new(&arena, 256 << 20), 0);
        now = T + DAY_MS;
        ck_assert_int_eq(memory_new((struct clock){.ops = &tracks_clock}, &m), 0);
        for (size_t i = 0; i < ELEMENTS(single); i++)
                ck_assert_int_eq(memory_topic(m, single[i], 1), 0);
        ck_assert_int_eq(memory_topic(m, "safety-raised", PARTITIONS), 0);
        ck_assert_int_eq(memory_topic(m, TOPIC_CASE_STATE, PARTITIONS), 0);
        ck_assert_int_eq(delivery_codec_new(config.types, &deliveries, &err), 0);
        ck_assert_int_eq(audit_codec_new(config.types, &audits, &err), 0);
        posts = 0;
}

static void teardown(void) {
        tracks = tracks_free(tracks);
        delivery_codec_free(deliveries);
        audit_codec_free(audits);
        memory_free(m);
        event_types_free(config.types);
        organisations_free(config.organisations);
        config = (struct config){0};
        arena = arena_free(arena);
}

static struct uuid id_of(const char *text) {
        struct uuid id;

        ck_assert(uuid_parse(text, strlen(text), &id));
        return id;
}

/* -- Records -- */

static void append(struct bus_record record, const char *topic, instant_t at) {
        record.topic = topic;
        record.timestamp = at;
        ck_assert_int_eq(memory_append(m, &record), 0);
}

static struct bus_record make(const char *name, const char *fields, const char *event_id, const char *case_id, const char *source) {
        struct bus_record record = record_make(&(struct record_maker){arena, config.types, config.organisations}, name, fields, event_id, case_id, source);

        record.partition = BUS_BY_KEY;
        return record;
}

static struct bus_record safety(const char *event_id, const char *case_id) {
        return make("safety-raised", "{\"concern_id\":\"" CONCERN "\",\"date\":\"2023-10-10\"}", event_id, case_id, "gi-jbn");
}

static int32_t partition_of(const char *case_id) {
        struct bus_record record = {.partition = BUS_BY_KEY, .key = case_id, .key_n = UUID_TEXT};

        return bus_record_partition(&record, PARTITIONS, 0);
}

static void put(const char *to, struct bus_record record, instant_t at) {
        record.partition = 0;
        append(record, arena_printf(arena, TOPIC_INBOX_PREFIX "%s", to), at);
}

static struct bus_record raised(void) {
        return make("escalation-raised", "{\"alert_id\":\"" ALERT "\",\"protocol\":\"p\",\"norm\":\"n\",\"instance\":\"" CONCERN "\",\"rung\":2,"
                    "\"due_date\":\"2023-10-11\",\"organisation\":\"gm0014\",\"role\":\"municipality\",\"text\":\"Te laat.\"}", RAISED, CASE_ID, "ketenwacht");
}

static struct bus_record refusal(const char *event_id, int64_t offset, const char *code, const char *text) {
        struct uuid of = id_of(event_id), place = event_refused_id("safety-raised", partition_of(CASE_ID), offset, &of);
        char id[UUID_TEXT + 1];

        uuid_format(&place, id);
        return make("event-refused", arena_printf(arena, "{\"refused\":\"%s\",\"code\":\"%s\",\"text\":\"%s\"}", event_id, code, text), id, CASE_ID,
                    "ketenwacht");
}

static void row(enum row_kind kind, const char *event_id, const char *case_id, const struct buffer *body, instant_t at) {
        const struct row_key key = {.case_id = id_of(case_id), .kind = kind, .id = id_of(event_id)};
        uint8_t bytes[ROW_KEY_BYTES];

        row_key_write(&key, bytes);
        append((struct bus_record){.partition = partition_of(case_id), .key = bytes, .key_n = sizeof(bytes), .value = body->bytes, .value_n = body->n},
               TOPIC_CASE_STATE, at);
}

static void fact(const char *event_id, const char *case_id, const char *copies, instant_t at) {
        const struct event_type *type = event_types_find(config.types, TEXT_OF("safety-raised"));
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        struct slot slots[LAYOUT_SLOTS_MAX], cells[LAYOUT_SLOTS_MAX] = {0};
        struct bus_record event = safety(event_id, case_id);
        struct event read;
        struct error err;

        ck_assert_int_eq(event_record_read(config.types, type, &event, slots, &read, &err), 0);
        memcpy(cells, slots + ROW_SKIPPED, (type->layout->n - ROW_SKIPPED) * sizeof(*cells));
        cells[row_copies_slot(type)] = (struct slot){.kind = SLOT_STRING, .s = text_of(copies)};
        framing_write_single(type->row->fingerprint, &body);
        record_encode(type->row, cells, &body);
        row(ROW_FACT, event_id, case_id, &body, at);
}

static void later_copy(const char *event_id, const char *to, const char *role, instant_t at) {
        const struct telling copy = {.event_id = id_of(event_id), .organisation = text_of(to), .role = text_of(role), .told_at = at};
        CLEANUP(row_codec_free_p) struct row_codec *codec = NULL;
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);

        ck_assert_int_eq(row_codec_new(&codec), 0);
        row_write(codec, ROW_COPY, &copy, &body);
        row(ROW_COPY, event_id, CASE_ID, &body, at);
}

static void letter(struct bus_record record, const char *topic, int32_t partition, int64_t offset, const char *code, instant_t at) {
        struct dead_letter made;

        record.topic = topic;
        record.partition = partition;
        record.offset = offset;
        dead_letter_make(&record, &(struct dead_letter_why){"check", code, "not so", NULL}, &made);
        made.record.partition = 0;
        append(made.record, TOPIC_DEAD_LETTERS, at);
}

static void sent_again(int64_t offset, instant_t stamp, instant_t at) {
        const struct bus_record of = {.partition = 0, .offset = offset, .timestamp = stamp};
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);
        char object[LETTERS_OBJECT_MAX];

        letters_object(&of, object);
        audit_encode(audits, &(struct audit_record){.at = at, .user = TEXT_OF("iemand"), .action = TEXT_OF(AUDIT_REDRIVE), .object = text_of(object),
                                                    .result = TEXT_OF(AUDIT_DONE), .reason = TEXT_OF("proef")}, &body);
        append(audit_bus_record(&body), TOPIC_AUDIT, at);
}

static void deliver(const char *to, const char *by, const char *event_id, int64_t offset, enum delivery_outcome outcome, int status, int attempts,
                    const char *reason, instant_t at) {
        const struct delivery_record delivery = {.delivered_at = at, .organisation = text_of(to), .connector = text_of(by), .offset = offset,
                                                 .event_id = id_of(event_id), .outcome = outcome, .status = status, .attempts = attempts,
                                                 .reason = text_of(reason)};
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(65536);

        delivery_encode(deliveries, &delivery, &body);
        append(delivery_bus_record(by, &body), TOPIC_DELIVERIES, at);
}

/* The workers are done with all before @next of the cases' partition. */
static void commit(int64_t next) {
        static const char *const topics[] = {"safety-raised"};
        const struct bus_reader_config reading = {.topics = topics, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_END};
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        struct error err;

        ck_assert_int_eq(bus_reader_open(memory_bus(m), &reading, &reader, &err), 0);
        ck_assert_int_eq(bus_reader_commit(reader, TOPICS_GROUP_RULES, (struct bus_part){0, partition_of(CASE_ID)}, next, &err), 0);
}

static void post(const char *event_id, const char *case_id, instant_t at) {
        append(safety(event_id, case_id), "safety-raised", at);
        posts++;
}

/* -- What happens, one thing after the other -- */

static void junk_letter(const char *case_id, instant_t at) {
        struct bus_record junk = safety(EVENT_ID, CASE_ID);

        junk.value = "junk";
        junk.value_n = 4;
        junk.key = case_id;
        junk.key_n = case_id ? UUID_TEXT : 0;
        letter(junk, "safety-raised", 1, 70, "UNDECODABLE", at);
}

/* The next thing; false: that was all. */
static bool happen(unsigned step) {
        switch (step) {
        case 0: /* what stands in the outbox, and is admitted */
                append((struct bus_record){.partition = 0, .key = CASE_ID, .key_n = UUID_TEXT, .value = safety(EVENT_ID, CASE_ID).value,
                                           .value_n = safety(EVENT_ID, CASE_ID).value_n}, TOPIC_OUTBOX_PREFIX "gi-jbn", T - 5);
                return true;
        case 1:
                post(EVENT_ID, CASE_ID, T);
                return true;
        case 2: /* the same again, and another thing under its id */
                post(EVENT_ID, CASE_ID, T + 3);
                post(EVENT_ID, CASE_ID, T + 4);
                return true;
        case 3:
                fact(EVENT_ID, CASE_ID, "igj inspectorate\ngm0014 municipality", T + 1);
                put("gm0014", safety(EVENT_ID, CASE_ID), T + 2);
                return true;
        case 4:
                put("gi-jbn", refusal(EVENT_ID, 2, "DUPLICATE_ID", "Er is al een andere gebeurtenis met dit kenmerk: café."), T + 5);
                letter(safety(EVENT_ID, CASE_ID), "safety-raised", partition_of(CASE_ID), 2, "DUPLICATE_ID", T + 5);
                commit(3);
                return true;
        case 5:
                put("gm0014", raised(), T + 20);
                put("igj", safety(EVENT_ID, CASE_ID), T + 21);
                later_copy(EVENT_ID, "gi-jbn", "gi", T + 22);
                put("gi-jbn", safety(EVENT_ID, CASE_ID), T + 22);
                return true;
        case 6:
                deliver("gm0014", "hook", EVENT_ID, 0, DELIVERY_DELIVERED, 204, 3, "", T + 25);
                deliver("gm0014", "hook", RAISED, 1, DELIVERY_REFUSED, 400, 1, "no", T + 31);
                deliver("igj", "hook", RAISED, 0, DELIVERY_DELIVERED, 204, 1, "", T + 33); /* another stood there before */
                letter(raised(), TOPIC_INBOX_PREFIX "gm0014", 0, 1, "REFUSED_BY_RECEIVER", T + 31);
                return true;
        case 7: /* what an operator sends again */
                sent_again(1, T + 31, T + 40);
                deliver("gm0014", "hook", RAISED, 1, DELIVERY_PARKED, 0, 0, DELIVERY_AGAIN "iemand: proef", T + 40);
                deliver("gm0014", "hook", RAISED, 1, DELIVERY_DELIVERED, 204, 1, "", T + 41);
                return true;
        case 8: /* of another case, also under the event's id; and what nobody can read */
                post(OTHER_EVENT, OTHER_CASE, T + 50);
                put("gm0014", safety(OTHER_EVENT, OTHER_CASE), T + 51);
                letter(safety(EVENT_ID, OTHER_CASE), "safety-raised", 1, 60, "BAD_VALUE", T + 52);
                return true;
        case 9:
                junk_letter(NULL, T + 60);
                junk_letter(CASE_ID, T + 61);
                junk_letter(OTHER_CASE, T + 62);
                return true;
        case 10: /* waits for the rules */
                post(ID("0b"), CASE_ID, T + 70);
                return true;
        default:
                return false;
        }
}

/* -- Comparing -- */

static void follow(size_t bytes) {
        const struct tracks_config wanted = {.config = &config, .bus = memory_bus(m), .clock = {.ops = &tracks_clock}, .bytes = bytes};
        struct error err;

        ck_assert_int_eq(tracks_new(&wanted, &tracks, &err), 0);
}

/* Until all that stands there is known, and how far the workers are. */
static void catch_up(void) {
        struct tracks_status status;
        struct error err = {0};

        now += 10000;
        for (unsigned i = 0; i < ROUNDS_MAX; i++) {
                ck_assert_msg(tracks_turn(tracks, 0, &err) == 0, "%s", err.text);
                tracks_status(tracks, &status);
                if (status.state == TRACKS_LIVE && status.seen == now)
                        return;
        }
        ck_abort_msg("not reached");
}

static size_t print(const struct trail *trail, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        size_t n;
        const struct trail_step *const *steps = trail_steps(trail, &n);

        for (size_t i = 0; i < n; i++) {
                trail_put_step(steps[i], &w);
                w = (struct json_writer)JSON_WRITER(out);
                buffer_add_byte(out, '\n');
        }
        ck_assert(!out->failed);
        return n;
}

/* Return: how many steps. */
static size_t expect_same(const char *case_id) {
        const struct trail_source source = {.config = &config, .bus = memory_bus(m), .now = now};
        const struct trail_wanted wanted = {"case_id", id_of(case_id)};
        CLEANUP(buffer_done) struct buffer from_topics = BUFFER_INIT(1 << 20), from_memory = BUFFER_INIT(1 << 20);
        CLEANUP(trail_free_p) struct trail *read = NULL, *kept = NULL;
        struct error readers, err = {0};
        size_t n;

        ck_assert_msg(trail_read(&source, &wanted, &read, &readers, &err) == 0, "%s", err.text);
        ck_assert_int_eq(tracks_trail(tracks, &wanted.id, &kept), 0);
        n = print(read, &from_topics);
        ck_assert_uint_eq(print(kept, &from_memory), n);
        ck_assert_str_eq(buffer_text(&from_memory), buffer_text(&from_topics));
        ck_assert_uint_eq(trail_postings(kept).n, trail_postings(read).n);
        return n;
}

/* As a letter says of a step: whatever is compared, it was there. */
static void expect_kinds(const char *case_id) {
        struct uuid id = id_of(case_id);
        CLEANUP(trail_free_p) struct trail *kept = NULL;
        const struct trail_step *const *steps;
        bool there[TRAIL_KINDS] = {0}, states[FATE_STATES] = {0};
        size_t n;

        ck_assert_int_eq(tracks_trail(tracks, &id, &kept), 0);
        steps = trail_steps(kept, &n);
        for (size_t i = 0; i < n; i++) {
                there[steps[i]->kind] = true;
                if (steps[i]->kind == TRAIL_PUBLISHED && steps[i]->judged)
                        states[steps[i]->state] = true;
        }
        for (size_t i = 0; i < TRAIL_KINDS; i++)
                ck_assert_msg(there[i], "no %s", trail_kind_names[i]);
        for (size_t i = 0; i < FATE_STATES; i++)
                ck_assert_msg(states[i], "none is %s", fate_state_names[i]);
}

START_TEST(memory_says_what_the_topics_say) {
        for (unsigned i = 0; happen(i); i++)
                ;
        follow(0);
        catch_up();
        ck_assert_uint_ge(expect_same(CASE_ID), 20);
        ck_assert_uint_ge(expect_same(OTHER_CASE), 4);
        expect_kinds(CASE_ID);
}
END_TEST

/* Whatever came before the other, and whatever was known at any moment. */
START_TEST(at_every_moment) {
        follow(0);
        for (unsigned i = 0; happen(i); i++) {
                catch_up();
                ck_assert_uint_ge(expect_same(CASE_ID), 1);
        }
        expect_same(OTHER_CASE);
        expect_kinds(CASE_ID);
}
END_TEST

START_TEST(nothing_is_known_of_an_unknown_case) {
        struct uuid id = id_of(ID("ff"));
        CLEANUP(trail_free_p) struct trail *kept = NULL;
        size_t n;

        follow(0);
        catch_up();
        ck_assert_int_eq(tracks_trail(tracks, &id, &kept), 0);
        (void) trail_steps(kept, &n);
        ck_assert_uint_eq(n, 0);
}
END_TEST

/* Also what was refused, of which no fact tells. */
START_TEST(an_event_leads_to_its_cases) {
        struct uuid found[DIGESTS_FOUND_MAX], id = id_of(ID("0b")), first = id_of(CASE_ID), second = id_of(OTHER_CASE);

        for (unsigned i = 0; happen(i); i++)
                ;
        follow(0);
        catch_up();
        ck_assert_uint_eq(tracks_find(tracks, &id, found), 1);
        ck_assert(uuid_equal(&found[0], &first));
        id = id_of(EVENT_ID);
        ck_assert_uint_eq(tracks_find(tracks, &id, found), 2);
        ck_assert(uuid_equal(&found[0], &second) || uuid_equal(&found[1], &second));
        id = id_of(RAISED);
        ck_assert_uint_eq(tracks_find(tracks, &id, found), 1);
        id = id_of(ID("ff"));
        ck_assert_uint_eq(tracks_find(tracks, &id, found), 0);
}
END_TEST

/* -- Bounds -- */

/* @n posts of as many cases, so many milliseconds apart, the last one at @last. */
static void post_burst(unsigned n, instant_t last, int64_t apart) {
        struct bus_record record = safety(EVENT_ID, CASE_ID);

        for (unsigned i = 0; i < n; i++) {
                char case_id[UUID_TEXT + 1];

                (void) snprintf(case_id, sizeof(case_id), "00000000-0000-4000-9000-%012x", i);
                record.key = case_id;
                record.partition = BUS_BY_KEY;
                append(record, "safety-raised", last - (instant_t)(n - 1 - i) * apart);
        }
}

/* The same, a minute apart. */
static void post_many(unsigned n, instant_t last) {
        post_burst(n, last, 60000);
}

static bool is_known(const char *case_id) {
        struct uuid id = id_of(case_id);
        CLEANUP(trail_free_p) struct trail *kept = NULL;
        size_t n;

        ck_assert_int_eq(tracks_trail(tracks, &id, &kept), 0);
        (void) trail_steps(kept, &n);
        return n > 0;
}

START_TEST(the_oldest_are_forgotten_first) {
        struct tracks_status status;

        follow(DIGESTS_BYTES_MIN);
        post_many(1, now - 25 * DAY_MS);
        catch_up();
        ck_assert(is_known("00000000-0000-4000-9000-000000000000"));
        tracks_status(tracks, &status);
        ck_assert_int_eq(status.since, now - TRACKS_SINCE_MS);
        post_many(30000, now);
        catch_up();
        tracks_status(tracks, &status);
        ck_assert_uint_gt(status.kept.forgotten, 0);
        ck_assert_uint_le(status.kept.bytes, DIGESTS_BYTES_MIN);
        ck_assert_uint_eq(status.kept.entries + status.kept.forgotten, 30001);
        ck_assert(!is_known("00000000-0000-4000-9000-000000000001"));
        ck_assert(is_known("00000000-0000-4000-9000-00000000752f"));
        ck_assert_int_gt(status.since, now - TRACKS_SINCE_MS);
        ck_assert_int_lt(status.since, now - 60000);
}
END_TEST

/* Otherwise the topic that is read last would push out what is newest of the others. */
START_TEST(what_does_not_fit_at_first_is_read_from_later_on) {
        struct tracks_status status;

        post_many(30000, now); /* of 20 days */
        for (unsigned i = 0; happen(i); i++)
                ;
        now = T + DAY_MS;
        follow(DIGESTS_BYTES_MIN);
        catch_up();
        tracks_status(tracks, &status);
        ck_assert_uint_eq(status.kept.forgotten, 0);
        ck_assert_int_gt(status.since, now - TRACKS_SINCE_MS / 2);
        ck_assert_uint_gt(status.kept.bytes, DIGESTS_BYTES_MIN / 3);
        ck_assert(is_known("00000000-0000-4000-9000-00000000752f"));
}
END_TEST

static const int64_t bursts[] = {1, 0}; /* milliseconds between two records */

/* A month of which all came in half a minute, or at one instant: as much of it as fits, and not nothing. */
START_TEST(of_a_burst_that_does_not_fit_the_latest_are_kept) {
        const int64_t apart = bursts[_i];
        const instant_t last = now - 10 * DAY_MS;
        struct tracks_status status;

        post_burst(30000, last, apart);
        follow(DIGESTS_BYTES_MIN);
        catch_up();
        tracks_status(tracks, &status);
        ck_assert_uint_gt(status.kept.bytes, DIGESTS_BYTES_MIN / 3);
        ck_assert(is_known("00000000-0000-4000-9000-00000000752f"));
        ck_assert_int_gt(status.since, last - 30000 * apart);
        ck_assert_int_le(status.since, last + (apart ? 0 : 1));
        if (apart)
                ck_assert_uint_eq(status.kept.forgotten, 0);
}
END_TEST

/* Where entries are kept: in memory, and in a file of which all is let go of many times meanwhile. */
static const char *const places[] = {NULL, "/var/tmp"};

START_TEST(of_more_cases_than_have_a_place_the_oldest_go) {
        struct spill spill = {0};
        const struct digests_config wanted = {config.types, config.organisations, DIGESTS_BYTES_MIN, 100, places[_i] ? &spill : NULL};
        struct error err = {0};
        CLEANUP(digests_free_p) struct digests *d = NULL;
        struct digests_stats stats;
        struct uuid id = id_of(CASE_ID), found[DIGESTS_FOUND_MAX];

        if (places[_i])
                ck_assert_msg(spill_new(&spill, places[_i], DIGESTS_BYTES_MIN, &err) == 0, "%s", err.text);
        ck_assert_int_eq(digests_new(&wanted, &d), 0);
        ck_assert_ptr_null(spill.bytes);
        for (unsigned i = 0; i < 1000; i++) {
                const struct trail_digest digest = {.kind = TRAIL_DIGEST_POST, .at = T + i, .offset = i, .event_id = {{(uint8_t)(i >> 8), (uint8_t)i, 1}},
                                                    .type = event_types_find(config.types, TEXT_OF("safety-raised"))};

                id.bytes[0] = (uint8_t)(i >> 8);
                id.bytes[1] = (uint8_t)i;
                digests_keep(d, &id, &digest);
                ck_assert_uint_eq(digests_find(d, &digest.event_id, found), 1);
        }
        digests_stats(d, &stats);
        ck_assert_uint_le(stats.cases, 100);
        ck_assert_uint_eq(stats.entries + stats.forgotten, 1000);
        ck_assert_int_gt(stats.since, T);
}
END_TEST

START_TEST(without_room_on_disk_as_much_as_fits_is_in_memory) {
        char *text = NULL;
        size_t n = 0;
        struct log log = {.out = open_memstream(&text, &n), .clock = clock_system(), .level = LOG_LEVEL_INFO};
        const struct tracks_config wanted = {
                .config = &config, .bus = memory_bus(m), .clock = {.ops = &tracks_clock}, .scratch = "/nonexistent/ketenwacht", .log = &log};
        struct tracks_status status;
        struct error err;

        ck_assert_int_eq(tracks_new(&wanted, &tracks, &err), 0);
        for (unsigned i = 0; happen(i); i++)
                ;
        catch_up();
        tracks_status(tracks, &status);
        ck_assert_uint_gt(status.kept.entries, 0);
        ck_assert_int_eq(fclose(log.out), 0);
        ck_assert_msg(strstr(text, "\"tracks-cramped\"") && strstr(text, "/nonexistent/ketenwacht"), "%s", text);
        free(text);
}
END_TEST

/* -- A broker that is not what was left -- */

START_TEST(a_log_made_anew_is_read_anew) {
        struct error err = {0};

        for (unsigned i = 0; happen(i); i++)
                ;
        follow(0);
        catch_up();
        memory_renew(m, "safety-raised");
        memory_renew(m, TOPIC_INBOX_PREFIX "gm0014");
        post(EVENT_ID, CASE_ID, T + 90);
        for (unsigned i = 0; i < 3; i++) {
                now += 20000;
                if (tracks_turn(tracks, 0, &err))
                        break; /* the reader says that it is another log; the next turn begins anew */
        }
        catch_up();
        ck_assert_uint_ge(expect_same(CASE_ID), 5);
}
END_TEST

START_TEST(what_comes_between_two_looks_makes_no_other_log) {
        struct tracks_status status;
        struct error err = {0};
        uint64_t entries;

        follow(0);
        for (unsigned i = 0; happen(i); i++) {
                catch_up();
                tracks_status(tracks, &status);
                entries = status.kept.entries;
                post(ID("0c"), CASE_ID, T + 80 + i);
                ck_assert_int_eq(tracks_turn(tracks, 0, &err), 0);
                tracks_status(tracks, &status);
                ck_assert_uint_eq(status.kept.entries, entries + 1);
        }
}
END_TEST

/* An inbox of an organisation that is new. */
START_TEST(a_topic_may_come_later) {
        struct error err = {0};

        for (unsigned i = 0; happen(i); i++)
                ;
        follow(0);
        catch_up();
        ck_assert_int_eq(memory_topic(m, TOPIC_INBOX_PREFIX "rvdk", 1), 0);
        put("rvdk", safety(EVENT_ID, CASE_ID), now);
        now += HOUR_MS;
        ck_assert_int_eq(tracks_turn(tracks, 0, &err), 0);
        catch_up();
        ck_assert_uint_ge(expect_same(CASE_ID), 20);
}
END_TEST

START_TEST(without_a_state_it_waits_for_one) {
        struct tracks_status status;
        struct memory *bare;
        struct error err = {0};

        ck_assert_int_eq(memory_new((struct clock){.ops = &tracks_clock}, &bare), 0);
        ck_assert_int_eq(tracks_new(&(struct tracks_config){.config = &config, .bus = memory_bus(bare), .clock = {.ops = &tracks_clock}}, &tracks, &err), 0);
        ck_assert_int_eq(tracks_turn(tracks, 0, &err), -ENOENT);
        tracks_status(tracks, &status);
        ck_assert_int_eq(status.state, TRACKS_AWAY);
        ck_assert_ptr_nonnull(strstr(status.why, "topics apply"));
        ck_assert_int_eq(memory_topic(bare, TOPIC_CASE_STATE, 1), 0);
        catch_up();
        tracks = tracks_free(tracks);
        memory_free(bare);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("tracks");
        TCase *tcase = tcase_create("tracks");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, memory_says_what_the_topics_say);
        tcase_add_test(tcase, at_every_moment);
        tcase_add_test(tcase, nothing_is_known_of_an_unknown_case);
        tcase_add_test(tcase, an_event_leads_to_its_cases);
        tcase_add_test(tcase, the_oldest_are_forgotten_first);
        tcase_add_test(tcase, what_does_not_fit_at_first_is_read_from_later_on);
        tcase_add_loop_test(tcase, of_a_burst_that_does_not_fit_the_latest_are_kept, 0, ELEMENTS(bursts));
        tcase_add_loop_test(tcase, of_more_cases_than_have_a_place_the_oldest_go, 0, (int)ELEMENTS(places));
        tcase_add_test(tcase, without_room_on_disk_as_much_as_fits_is_in_memory);
        tcase_add_test(tcase, a_log_made_anew_is_read_anew);
        tcase_add_test(tcase, what_comes_between_two_looks_makes_no_other_log);
        tcase_add_test(tcase, a_topic_may_come_later);
        tcase_add_test(tcase, without_a_state_it_waits_for_one);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
