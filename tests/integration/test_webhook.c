/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an inbox reaches its receiver in order per case, whatever the receiver answers, and nothing is lost.
 * Method: a real receiver whose answers follow a script; what came is compared with what was agreed, and
 * so are the records in deliveries and dead-letters.
 */

#include "connect_fixture.h"
#include "connect/outward.h"
#include "inbox_fixture.h"
#include "receiver.h"

#define WAIT_MS 20
#define QUICK "first_delay: 10 ms\nlongest_delay: 40 ms\n"

static struct connecting c;
static struct receiver receiver;

static void setup(void) {
        connecting_up(&c, false);
        receiver_up(&receiver);
}

static void teardown(void) {
        connecting_down(&c);
        receiver_down(&receiver);
}

static void start(const char *more) {
        char yaml[1024];

        (void) snprintf(yaml, sizeof(yaml), "connector: webhook\norganisation: gm0014\nurl: http://127.0.0.1:%u/in\n%s", (unsigned)receiver.port, more);
        connecting_start(&c, yaml);
}

/* -- What stands in the inbox -- */

/* Events first … first + n - 1, over cases 1 … cases in turn. */
static void write_events(int first, int n, int cases) {
        inbox_write(&c, "gm0014", first, n, cases);
}

/* -- What became of it -- */

struct outcomes {
        struct delivery_codec *codec;
        size_t n[3], marks;
        int status[8], attempts[8]; /* by offset, of those that were not delivered */
};

static bool see_delivery(void *ctx, struct bus_record *record) {
        struct outcomes *o = ctx;
        struct delivery_record d;

        ck_assert(delivery_decode(o->codec, record->value, record->value_n, &d));
        ck_assert(text_is(d.organisation, "gm0014") && text_is(d.connector, "x"));
        if (d.outcome == DELIVERY_REFUSED && (d.status == DELIVERY_STATUS_GONE || d.status == 0)) { /* the brake on, and off */
                o->marks++;
                return false;
        }
        o->n[d.outcome]++;
        if (d.outcome != DELIVERY_DELIVERED && d.offset < (int64_t)ELEMENTS(o->status)) {
                o->status[d.offset] = d.status;
                o->attempts[d.offset] = d.attempts;
        }
        return false;
}

static struct outcomes outcomes(void) {
        struct outcomes o = {0};

        ck_ok(delivery_codec_new(c.types, &o.codec, &err));
        connecting_read(&c, TOPIC_DELIVERIES, see_delivery, &o);
        delivery_codec_free(o.codec);
        return o;
}

static void wait_for(bool (*holds)(size_t n), size_t n, const char *what) {
        const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};

        for (int64_t deadline = cluster_deadline(&c.cluster); !holds(n); (void) nanosleep(&pause, NULL))
                cluster_patience(&c.cluster, deadline, what);
}

static bool have_come(size_t n) {
        return receiver_count(&receiver, ANY_EVENT, 204) >= n;
}

/* Each of events 0 … n - 1; some may have come more than once. */
static bool all_have_come(size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (receiver_count(&receiver, (int)i, 204) == 0)
                        return false;
        }
        return true;
}

#define TAKEN 300 /* events that a receiver takes before it takes nothing more */

static bool next_was_asked(size_t n) {
        return receiver_count(&receiver, TAKEN, 0) >= n;
}

static bool are_over(size_t n) {
        struct outcomes o = outcomes();

        return o.n[0] + o.n[1] + o.n[2] >= n;
}

static bool is_braked(size_t yes) {
        return connecting_braked(&c) == (yes != 0);
}

/* Of every case, what was delivered first came in order. The first @skipped events never were. */
static void check_order(int n, int cases, int skipped) {
        int next[256];

        ck_assert_int_lt(cases, 256);
        for (int i = 0; i <= cases; i++)
                next[i] = i == 0 ? 0 : i <= skipped ? i - 1 + cases : i - 1;
        for (size_t i = 0; i < receiver.n; i++) {
                const struct seen *s = &receiver.seen[i];

                ck_assert_msg(s->number <= next[s->of_case], "event %d of case %d came before %d", s->number, s->of_case,
                              next[s->of_case]);
                if (s->status == 204 && s->number == next[s->of_case])
                        next[s->of_case] += cases;
        }
        for (int i = 1; i <= cases; i++)
                ck_assert_int_ge(next[i], n);
        ck_assert_uint_eq(receiver.wrong, 0);
}

START_TEST(test_cases_keep_their_order_under_failures) {
        enum { EVENTS = 120, CASES = 12 };

        for (int i = 0; i < EVENTS; i += 7)
                receiver_rule(&receiver, i, 1 + i % 3, i % 2 ? 500 : 408, NULL);
        write_events(0, EVENTS, CASES);
        start(QUICK);
        wait_for(have_come, EVENTS, "all deliveries");
        connecting_stop(&c, false);
        check_order(EVENTS, CASES, 0);
        ck_assert_uint_eq(outcomes().n[DELIVERY_DELIVERED], EVENTS);
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 204), EVENTS);
        start(QUICK); /* what was committed does not come again */
        write_events(EVENTS, 1, 1);
        wait_for(have_come, EVENTS + 1, "one more");
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 204), EVENTS + 1);
}
END_TEST

/* What must stand in dead-letters, by the offset in the inbox. */
struct letter {
        const char *stage, *code;
        struct buffer value;
        size_t found;
};

struct letters {
        struct letter *items;
        size_t n, found;
};

static bool see_letter(void *ctx, struct bus_record *record) {
        struct letters *letters = ctx;
        struct dead_letter_read read;
        struct letter *l;

        ck_assert(dead_letter_read(record, &read));
        ck_assert_str_eq(read.topic, TOPIC_INBOX_PREFIX "gm0014");
        ck_assert_int_eq(read.partition, 0);
        ck_assert_int_ge(read.offset, 0);
        ck_assert_uint_lt((size_t)read.offset, letters->n);
        l = &letters->items[read.offset];
        ck_assert_str_eq(read.stage, l->stage);
        ck_assert_str_eq(read.code, l->code);
        ck_assert(header_is(record, "ce_source", RECEIVER_SOURCE) && header_is(record, "traceparent", TRACE));
        ck_assert_uint_eq(record->value_n, l->value.n);
        ck_assert(l->value.n == 0 || memcmp(record->value, l->value.bytes, l->value.n) == 0);
        ck_assert_uint_eq(++l->found, 1);
        letters->found++;
        return false;
}

static void check_letters(struct letter *items, size_t n) {
        struct letters letters = {items, n, 0};

        connecting_read(&c, TOPIC_DEAD_LETTERS, see_letter, &letters);
        ck_assert_uint_eq(letters.found, n);
        for (size_t i = 0; i < n; i++)
                buffer_done(&items[i].value);
}

static bool is_stuck(size_t offset) {
        struct runtime_status status;

        runtime_status(c.runtime, &status);
        return status.stuck == 1 && status.stuck_offset == (int64_t)offset && status.stuck_tries > 1 && status.stuck_status == 500;
}

/* What the log says of the record that keeps the window full. */
static void check_log_of_stuck(void) {
        ck_assert_int_eq(fflush(c.log.out), 0);
        ck_assert_ptr_nonnull(strstr(c.log_text, "\"connect-blocked\""));
}

/* One record that is answered 500 for ever, and many of its case behind it, hold nobody else up: it is set aside, and its case goes on in order. */
START_TEST(test_one_that_always_fails_does_not_hold_up_others) {
        enum { EVENTS = WINDOW_RECORDS + 60, CASES = 12 };
        struct letter letter = {"deliver", "SET_ASIDE", BUFFER_INIT(65536), 0};

        receiver_rule(&receiver, 0, -1, 500, NULL);
        encode(&c, 0, 1, &letter.value);
        write_events(0, EVENTS, CASES);
        start("first_delay: 50 ms\nlongest_delay: 100 ms\nparallel: 32\ntries: 10000\n");
        wait_for(have_come, EVENTS - 1, "all others");
        wait_for(are_over, EVENTS, "all outcomes");
        ck_assert(!is_stuck(0));
        connecting_stop(&c, false);
        check_order(EVENTS, CASES, 1);
        ck_assert_uint_eq(outcomes().n[DELIVERY_PARKED], 1);
        ck_assert_int_ge(outcomes().attempts[0], OUTWARD_SET_ASIDE_TRIES);
        check_log_of_stuck();
        check_letters(&letter, 1);
}
END_TEST

/* A receiver that takes no more loses nothing by it, though it took much before: whoever is first is not to blame. */
START_TEST(test_nothing_is_set_aside_when_everything_fails) {
        enum { EVENTS = TAKEN + WINDOW_RECORDS + 60, ROUNDS = 3 * OUTWARD_SET_ASIDE_TRIES };

        write_events(0, TAKEN, TAKEN);
        start(QUICK "parallel: 32\ntries: 10000\n");
        wait_for(have_come, TAKEN, "what it takes");
        receiver_rule(&receiver, ANY_EVENT, -1, 500, NULL);
        write_events(TAKEN, EVENTS - TAKEN, EVENTS);
        wait_for(is_stuck, TAKEN, "the word that a record keeps the window full");
        wait_for(next_was_asked, ROUNDS, "many tries of the first");
        receiver_no_rules(&receiver);
        wait_for(have_come, EVENTS, "all");
        connecting_stop(&c, false);
        ck_assert_uint_eq(outcomes().n[DELIVERY_PARKED], 0);
        check_log_of_stuck();
        ck_assert_ptr_nonnull(strstr(c.log_text, "\"connect-failing\""));
        ck_assert_ptr_nonnull(strstr(c.log_text, "the receiver answered with HTTP status 500"));
        ck_assert_ptr_nonnull(strstr(c.log_text, "\"connect-delivers\""));
}
END_TEST

START_TEST(test_what_cannot_be_delivered_is_parked_and_its_case_goes_on) {
        static const struct {
                unsigned status;
                const char *code;
                size_t tries;
        } rows[] = {
                {500, "UNDELIVERED", 3},
                {404, "UNDELIVERED", 3}, /* the address is wrong, not the record */
                {422, "REFUSED_BY_RECEIVER", 1},
        };
        enum { ROWS = ELEMENTS(rows), EVENTS = 5 * ROWS };
        struct letter letters[ROWS];
        struct outcomes o;

        for (int i = 0; i < ROWS; i++) {
                receiver_rule(&receiver, i, -1, rows[i].status, NULL);
                letters[i] = (struct letter){"deliver", rows[i].code, BUFFER_INIT(65536), 0};
                encode(&c, i, 1 + i, &letters[i].value);
        }
        write_events(0, EVENTS, ROWS);
        start(QUICK "tries: 3\n");
        wait_for(are_over, EVENTS, "all outcomes");
        connecting_stop(&c, false);
        check_order(EVENTS, ROWS, ROWS);
        o = outcomes();
        ck_assert_uint_eq(o.n[DELIVERY_DELIVERED], EVENTS - ROWS);
        ck_assert_uint_eq(o.n[DELIVERY_PARKED], 2);
        ck_assert_uint_eq(o.n[DELIVERY_REFUSED], 1);
        for (int i = 0; i < ROWS; i++) {
                ck_assert_uint_eq(receiver_count(&receiver, i, 0), rows[i].tries);
                ck_assert_int_eq(o.attempts[i], (int)rows[i].tries);
                ck_assert_int_eq(o.status[i], (int)rows[i].status);
        }
        check_letters(letters, ROWS);
}
END_TEST

START_TEST(test_bytes_that_cannot_be_read_are_parked) {
        static const struct {
                const char *bytes, *code;
                size_t n;
        } rows[] = {
                {"hello", "UNDECODABLE", 5},
                {"\xC3\x01\x01\x02\x03\x04\x05\x06\x07\x08rest", "UNKNOWN_SCHEMA", 14},
                {"", "UNDECODABLE", 0},
                {NULL, "UNDECODABLE", 0}, /* a good beginning, cut off */
        };
        enum { ROWS = ELEMENTS(rows) };
        struct letter letters[ROWS];
        size_t sent;
        struct writing w = begin_writing(&c, TOPIC_INBOX_PREFIX "gm0014", &sent);

        for (int i = 0; i < ROWS; i++) {
                struct buffer *value = &letters[i].value;

                letters[i] = (struct letter){"decode", rows[i].code, BUFFER_INIT(65536), 0};
                if (rows[i].bytes)
                        buffer_add(value, rows[i].bytes, rows[i].n);
                else
                        encode(&c, i, 1, value);
                value->n -= rows[i].bytes ? 0 : 4;
                put(&w, 1, value->bytes ? (const void *)value->bytes : "", value->n, i);
        }
        end_writing(&w);
        write_events(ROWS, 1, 1);
        start(QUICK);
        wait_for(are_over, ROWS + 1, "all outcomes");
        connecting_stop(&c, false);
        ck_assert_uint_eq(outcomes().n[DELIVERY_PARKED], ROWS);
        ck_assert_uint_eq(receiver_count(&receiver, ROWS, 204), 1);
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 0), 1);
        check_letters(letters, ROWS);
}
END_TEST

static const unsigned statuses[] = {429, 503};

START_TEST(test_a_pause_is_for_everything_and_counts_as_no_try) {
        int64_t first = 0, next = 0;

        receiver_rule(&receiver, 0, 1, statuses[_i], "1");
        write_events(0, 6, 3);
        start(_i == 0 ? QUICK "tries: 1\nparallel: 1\n" : QUICK "tries: 2\nparallel: 1\n");
        wait_for(have_come, 6, "all deliveries");
        connecting_stop(&c, false);
        first = receiver.seen[0].at;
        next = receiver.seen[1].at;
        ck_assert_uint_eq(receiver.seen[0].status, statuses[_i]);
        ck_assert_int_ge(next - first, 900); /* of the second that was asked for: nothing came sooner */
        check_order(6, 3, 0);
        ck_assert_uint_eq(outcomes().n[DELIVERY_DELIVERED], 6);
}
END_TEST

static struct act_resumed resume(int expected) {
        struct act_resumed resumed = {.offset = -1};

        ck_assert_int_eq(connecting_order(&c, false, "gm0014", &resumed), expected);
        return resumed;
}

START_TEST(test_gone_stops_until_an_operator_resumes) {
        struct act_resumed resumed;
        size_t asked;

        receiver_rule(&receiver, ANY_EVENT, -1, 410, NULL);
        write_events(0, 30, 30);
        start(QUICK);
        wait_for(is_braked, 1, "the brake");
        connecting_stop(&c, false);
        asked = receiver_count(&receiver, ANY_EVENT, 0);
        ck_assert_uint_le(asked, 8); /* only what was under way already */
        receiver_no_rules(&receiver);
        start(QUICK); /* a restart does not resume */
        wait_for(is_braked, 1, "the brake after a restart");
        write_events(30, 5, 30);
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 0), asked);
        ck_assert_uint_eq(outcomes().n[DELIVERY_REFUSED], 0);
        resumed = resume(0);
        /* Whichever of those under way was answered first. */
        ck_assert(resumed.was_stopped && !resumed.was_paused && resumed.offset >= 0 && (size_t)resumed.offset < asked);
        wait_for(is_braked, 0, "the brake to be off");
        wait_for(have_come, 35, "all deliveries");
        wait_for(are_over, 35, "all outcomes");
        (void) resume(ACT_E_NOTHING);
        ck_assert_uint_eq(outcomes().marks, 2); /* the mark and its end */
        connecting_stop(&c, false);
        check_order(30, 30, 0);
}
END_TEST

static bool is_paused(size_t yes) {
        struct runtime_status status;

        runtime_status(c.runtime, &status);
        return status.assigned && status.paused == (yes != 0);
}

static int64_t turned_last;

static bool has_turned(size_t n) {
        struct runtime_status status;

        (void) n;
        runtime_status(c.runtime, &status);
        return status.turned != turned_last;
}

/* It has had its time to do what it must not do. */
static void let_turn(void) {
        for (int i = 0; i < 20; i++) {
                wait_for(has_turned, 0, "a turn");
                struct runtime_status status;

                runtime_status(c.runtime, &status);
                turned_last = status.turned;
        }
}

static bool is_tried_again(size_t n) {
        return receiver_count(&receiver, 20, 0) >= n;
}

START_TEST(test_paused_by_an_operator_until_an_operator_resumes) {
        size_t tries;

        ck_assert_int_eq(connecting_order(&c, true, "gm0014", NULL), 0); /* one that never ran */
        write_events(0, 20, 5);
        start(QUICK);
        wait_for(is_paused, 1, "the inbox of a connector that is paused");
        let_turn();
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 0), 0);
        ck_assert(resume(0).was_paused);
        wait_for(have_come, 20, "the first deliveries");
        receiver_rule(&receiver, 20, -1, 500, NULL);
        write_events(20, 1, 5);
        wait_for(is_tried_again, 2, "tries of one that fails");
        ck_assert_int_eq(connecting_order(&c, true, "gm0014", NULL), 0); /* one that runs, and holds a record that is to be tried again */
        wait_for(is_paused, 1, "the pause");
        let_turn();
        tries = receiver_count(&receiver, 20, 0);
        write_events(21, 19, 5);
        let_turn();
        ck_assert_uint_eq(receiver_count(&receiver, 20, 0), tries);
        receiver_no_rules(&receiver);
        connecting_stop(&c, false);
        start(QUICK);
        wait_for(is_paused, 1, "the pause after a restart");
        let_turn();
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 204), 20);
        ck_assert_int_eq(connecting_order(&c, true, "gm0014", NULL), ACT_E_NOTHING);
        ck_assert(!resume(0).was_stopped);
        wait_for(is_paused, 0, "that it goes on");
        wait_for(are_over, 40, "all outcomes");
        (void) resume(ACT_E_NOTHING);
        connecting_stop(&c, false);
        check_order(40, 5, 0);
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 204), 40); /* each once */
        ck_assert_uint_eq(receiver_count(&receiver, 20, 0), tries + 1);
        ck_assert_uint_eq(outcomes().n[DELIVERY_DELIVERED], 40);
}
END_TEST

START_TEST(test_a_crash_loses_nothing) {
        enum { EVENTS = 200, CASES = 10 };

        write_events(0, EVENTS, CASES);
        for (int i = 0; i < EVENTS; i += 19)
                receiver_rule(&receiver, i, 2, 503, NULL);
        start(QUICK "parallel: 4\n");
        wait_for(have_come, EVENTS / 4, "a quarter");
        connecting_stop(&c, true);
        start(QUICK "parallel: 4\n");
        wait_for(have_come, EVENTS / 2, "a half");
        connecting_stop(&c, true);
        start(QUICK "parallel: 4\n");
        write_events(EVENTS, 1, 1);
        wait_for(all_have_come, EVENTS + 1, "every event");
        connecting_stop(&c, false);
        check_order(EVENTS, CASES, 0);
}
END_TEST

START_TEST(test_binary_mode_token_and_one_key_for_every_try) {
        receiver.binary = true;
        receiver.token = "jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn";
        receiver_rule(&receiver, 1, 2, 500, NULL);
        write_events(0, 3, 1);
        start(QUICK "mode: binary\ntoken: {env: JBN}\n");
        wait_for(have_come, 3, "three deliveries");
        connecting_stop(&c, false);
        check_order(3, 1, 0);
        ck_assert_uint_eq(receiver.n, 5);
        ck_assert_str_eq(receiver.seen[1].key, receiver.seen[2].key);
        ck_assert_str_eq(receiver.seen[1].key, receiver.seen[3].key);
        ck_assert_str_ne(receiver.seen[0].key, receiver.seen[1].key);
        ck_assert_uint_eq(strlen(receiver.seen[0].key), UUID_TEXT + 2);
        ck_assert_int_eq(fflush(c.log.out), 0);
        ck_assert_ptr_null(strstr(c.log_text, "jbn-jbn"));
}
END_TEST

/* Each goes with those of other cases that are there, in order of its case; a refusal of all is asked again of each. */
START_TEST(test_batches_are_taken_apart_when_they_are_refused) {
        enum { EVENTS = 240, CASES = 24 };
        struct letter letter = {"deliver", "REFUSED_BY_RECEIVER", BUFFER_INIT(65536), 0};
        struct outcomes o;

        receiver.batch = true;
        receiver_rule(&receiver, 0, -1, 422, NULL); /* poison */
        receiver_rule(&receiver, 30, 2, 503, NULL);
        receiver_rule(&receiver, 60, 1, 415, NULL); /* is the file's fault, not the record's */
        encode(&c, 0, 1, &letter.value);
        write_events(0, EVENTS, CASES);
        start(QUICK "batch: 10\nparallel: 24\n");
        wait_for(are_over, EVENTS, "all outcomes");
        connecting_stop(&c, false);
        check_order(EVENTS, CASES, 1);
        o = outcomes();
        ck_assert_uint_eq(o.n[DELIVERY_DELIVERED], EVENTS - 1);
        ck_assert_uint_eq(o.n[DELIVERY_REFUSED], 1);
        ck_assert_uint_gt(receiver.largest, 1);
        ck_assert_uint_le(receiver.largest, 10);
        check_letters(&letter, 1);
}
END_TEST

static bool was_asked(size_t n) {
        return receiver.asked >= n;
}

/* Nothing is sent before the receiver lets us; no try is counted while it does not, nor while it bears no more. */
START_TEST(test_a_receiver_is_asked_before_it_gets_anything) {
        struct outcomes o;

        write_events(0, 4, 4);
        receiver.allows = "other.example.nl";
        receiver.rate = "600"; /* one every 100 ms: most are given back at first */
        start(QUICK "tries: 1\nhandshake: true\norigin: ketenwacht.example.nl\n");
        wait_for(was_asked, 3, "three questions");
        ck_assert_uint_eq(receiver.requests, 0);
        receiver.allows = "KETENWACHT.example.nl";
        wait_for(are_over, 4, "all outcomes");
        connecting_stop(&c, false);
        o = outcomes();
        ck_assert_uint_eq(o.n[DELIVERY_DELIVERED], 4);
        ck_assert_uint_eq(receiver.requests, 4);
        ck_assert_uint_eq(receiver.wrong, 0);
        ck_assert_int_eq(fflush(c.log.out), 0);
        ck_assert_ptr_nonnull(strstr(c.log_text, "\"connect-not-allowed\""));
}
END_TEST

/* While there is no access token nothing is sent and no try is counted; what ends soon is asked for anew. */
START_TEST(test_access_tokens_are_fetched_and_their_server_may_be_away) {
        enum { EVENTS = 30 };
        char more[512];

        receiver.token = "access-access-access";
        receiver.withheld = 3;
        write_events(0, EVENTS, 3);
        (void) snprintf(more, sizeof(more),
                        QUICK "tries: 1\nauth: oauth2\nclient_id: ketenwacht\nclient_secret: {env: JBN}\ntoken_url: http://127.0.0.1:%u/token\n",
                        (unsigned)receiver.port);
        start(more);
        wait_for(are_over, EVENTS, "all outcomes");
        connecting_stop(&c, false);
        check_order(EVENTS, 3, 0);
        ck_assert_uint_eq(outcomes().n[DELIVERY_DELIVERED], EVENTS);
        ck_assert_uint_eq(receiver_count(&receiver, ANY_EVENT, 204), EVENTS);
        ck_assert_uint_gt(receiver.tokens, receiver.withheld + 1);
        ck_assert_int_eq(fflush(c.log.out), 0);
        ck_assert_ptr_nonnull(strstr(c.log_text, "\"connect-no-token\""));
        ck_assert_ptr_null(strstr(c.log_text, "access-access"));
        ck_assert_ptr_null(strstr(c.log_text, "jbn-jbn"));
}
END_TEST

static void write_token(const char *token, char path[PATH_BYTES]) {
        char fresh[PATH_BYTES + 8];
        FILE *f;

        (void) snprintf(path, PATH_BYTES, "%s/token", c.folder);
        (void) snprintf(fresh, sizeof(fresh), "%s.new", path);
        f = fopen(fresh, "w");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_ge(fputs(token, f), 0);
        ck_assert_int_eq(fclose(f), 0);
        ck_assert_int_eq(rename(fresh, path), 0);
}

/* The receiver wants another token from one moment to the next: soon it gets it, without a restart, and nothing is lost meanwhile. */
START_TEST(test_a_token_is_changed_while_it_runs) {
        char path[PATH_BYTES];
        size_t wrong, n = 1;

        receiver.token = "jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn-jbn";
        write_token(receiver.token, path);
        write_events(0, 1, 1);
        start(QUICK "token: {file: token}\n");
        wait_for(have_come, 1, "the first");
        ck_assert_uint_eq(receiver.wrong, 0);
        receiver.token = "new-new-new-new-new-new-new-new-new";
        write_token(receiver.token, path);
        do {
                wrong = receiver.wrong;
                write_events((int)n, 1, 1);
                wait_for(have_come, ++n, "one more");
        } while (receiver.wrong > wrong);
        write_token("too short", path); /* a mistake leaves what holds */
        wrong = receiver.wrong;
        write_events((int)n, 3, 1);
        wait_for(have_come, n + 3, "three more");
        ck_assert_uint_eq(receiver.wrong, wrong);
        connecting_stop(&c, false);
        ck_assert_int_eq(remove(path), 0);
        ck_assert_int_eq(fflush(c.log.out), 0);
        ck_assert_ptr_nonnull(strstr(c.log_text, "\"connect-secret-new\""));
        ck_assert_ptr_null(strstr(c.log_text, "new-new"));
        ck_assert_ptr_null(strstr(c.log_text, "jbn-jbn"));
}
END_TEST

START_TEST(test_a_receiver_that_is_not_there_is_tried_again) {
        write_events(0, 2, 1);
        receiver_down(&receiver);
        start(QUICK "tries: 2\n");
        wait_for(are_over, 2, "two outcomes");
        connecting_stop(&c, false);
        ck_assert_uint_eq(outcomes().n[DELIVERY_PARKED], 2);
        ck_assert_int_eq(outcomes().status[0], 0);
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("webhook");
        SRunner *runner = srunner_create(suite);
        TCase *tc = tcase_create("webhook");
        int failed;

        if (!cluster_chosen(argc, argv))
                return CLUSTER_SKIPPED;
        tcase_set_timeout(tc, 120);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, test_cases_keep_their_order_under_failures);
        tcase_add_test(tc, test_one_that_always_fails_does_not_hold_up_others);
        tcase_add_test(tc, test_nothing_is_set_aside_when_everything_fails);
        tcase_add_test(tc, test_what_cannot_be_delivered_is_parked_and_its_case_goes_on);
        tcase_add_test(tc, test_bytes_that_cannot_be_read_are_parked);
        tcase_add_loop_test(tc, test_a_pause_is_for_everything_and_counts_as_no_try, 0, (int)ELEMENTS(statuses));
        tcase_add_test(tc, test_gone_stops_until_an_operator_resumes);
        tcase_add_test(tc, test_paused_by_an_operator_until_an_operator_resumes);
        tcase_add_test(tc, test_a_crash_loses_nothing);
        tcase_add_test(tc, test_binary_mode_token_and_one_key_for_every_try);
        tcase_add_test(tc, test_batches_are_taken_apart_when_they_are_refused);
        tcase_add_test(tc, test_a_receiver_is_asked_before_it_gets_anything);
        tcase_add_test(tc, test_access_tokens_are_fetched_and_their_server_may_be_away);
        tcase_add_test(tc, test_a_token_is_changed_while_it_runs);
        tcase_add_test(tc, test_a_receiver_that_is_not_there_is_tried_again);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
