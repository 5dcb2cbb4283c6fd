/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: several inboxes go out of one process as if each had one of its own: in order, nothing lost, and nobody waits for another's receiver.
 * Method: three receivers, one that never answers, one that fails and one that is well; kill -9, orders for one, a receiver that wants nothing more,
 * and a process that takes the places of others.
 */

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connect/window.h"
#include "inbox_fixture.h"

#define WAIT_MS 20
#define CASES 5
#define EVENTS 60
#define PARALLEL 4
#define QUICK "parallel: 4\nfirst_delay: 10 ms\nlongest_delay: 40 ms\ntries: 10000\n"

static struct connecting c;
static struct receiver good, bad;
static struct receiver *asked; /* of whom it is waited for */

static void setup(void) {
        connecting_up(&c, false);
        receiver_up(&good);
        receiver_up(&bad);
}

static void teardown(void) {
        connecting_down(&c);
        receiver_down(&good);
        receiver_down(&bad);
}

static void wait_for(bool (*holds)(size_t n), size_t n, const char *what) {
        const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};

        for (int64_t deadline = cluster_deadline(&c.cluster); !holds(n); (void) nanosleep(&pause, NULL))
                cluster_patience(&c.cluster, deadline, what);
}

/* Each of events 0 … n - 1; some may have come more than once. */
static bool all_have_come(size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (receiver_count(asked, (int)i, 204) == 0)
                        return false;
        }
        return true;
}

static bool have_been_tried(size_t n) {
        return receiver_count(asked, ANY_EVENT, 0) >= n;
}

static void wait_come(struct receiver *r, size_t n, const char *what) {
        asked = r;
        wait_for(all_have_come, n, what);
}

static void wait_tried(struct receiver *r, size_t n) {
        asked = r;
        wait_for(have_been_tried, n, "tries");
}

static struct runtime_status status_now(void) {
        struct runtime_status status;

        runtime_status(c.runtime, &status);
        return status;
}

static bool are_braked(size_t n) {
        return status_now().braked == n && status_now().looking == 0;
}

static bool are_halted(size_t n) {
        return status_now().halted == n;
}

/* Of every case, what was taken first came in order. */
static void check_order(const struct receiver *r, int n) {
        int next[CASES + 2] = {[CASES + 1] = INT_MAX}; /* the last: of what was sent again, in no order with these */

        for (int i = 1; i <= CASES; i++)
                next[i] = i - 1;
        for (size_t i = 0; i < r->n; i++) {
                const struct seen *s = &r->seen[i];

                ck_assert_msg(s->number <= next[s->of_case], "event %d of case %d came before %d", s->number, s->of_case, next[s->of_case]);
                if (s->status == 204 && s->number == next[s->of_case])
                        next[s->of_case] += CASES;
        }
        for (int i = 1; i <= CASES; i++)
                ck_assert_int_ge(next[i], n);
        ck_assert_uint_eq(r->wrong, 0);
}

/* A dead letter of a connector that is sent again: the event stood in an inbox, and may be told again. */
static void send_again(const char *connector, const char *inbox, int number) {
        struct buffer value = BUFFER_INIT(65536);
        char key[UUID_TEXT + 1];
        struct uuid case_id = uuid_of(CASES + 1);
        struct bus_header headers[] = {{"ce_source", RECEIVER_SOURCE, strlen(RECEIVER_SOURCE)}, {"ce_time", "2022-10-09T09:00:00.000Z", 24},
                                       {"kw-connector", connector, strlen(connector)}, {"kw-topic", inbox, strlen(inbox)},
                                       {"kw-partition", "0", 1}, {"kw-offset", "1", 1}};
        struct bus_record record = {.topic = TOPIC_REDELIVERIES, .key = key, .key_n = UUID_TEXT, .headers = headers, .headers_n = ELEMENTS(headers)};
        struct writing w;
        size_t sent;

        w = begin_writing(&c, TOPIC_REDELIVERIES, &sent);
        uuid_format(&case_id, key);
        encode(&c, number, CASES + 1, &value);
        record.value = value.bytes;
        record.value_n = value.n;
        ck_ok(bus_producer_send(w.producer, &record, NULL, &err));
        end_writing(&w);
        buffer_done(&value);
}

static bool has_come(size_t number) {
        return receiver_count(asked, (int)number, 204) > 0;
}

/* Each to the receiver of its inbox, of this connector and of those whose places it took, and of nobody else. */
START_TEST(test_what_is_sent_again_finds_its_inbox) {
        enum { OF_GOOD = 901, OF_BAD, OF_BEFORE, OF_OTHERS, LAST };
        char yaml[512];

        (void) snprintf(yaml, sizeof(yaml),
                        "connector: webhook\norganisations:\n  gm0014: {url: 'http://127.0.0.1:%u/in'}\n"
                        "  gm0037: {url: 'http://127.0.0.1:%u/in', from: before}\n" QUICK,
                        (unsigned)good.port, (unsigned)bad.port);
        connecting_start(&c, yaml);
        send_again("x", TOPIC_INBOX_PREFIX "gm0014", OF_GOOD);
        send_again("x", TOPIC_INBOX_PREFIX "gm0037", OF_BAD);
        send_again("before", TOPIC_INBOX_PREFIX "gm0037", OF_BEFORE);
        send_again("before", TOPIC_INBOX_PREFIX "gm0014", OF_OTHERS);
        send_again("x", TOPIC_INBOX_PREFIX "gm0014", LAST);
        asked = &good;
        wait_for(has_come, LAST, "the last of one");
        asked = &bad;
        wait_for(has_come, OF_BEFORE, "that of the connector before");
        connecting_stop(&c, false);
        connecting_start(&c, yaml); /* what is over does not come again */
        inbox_write(&c, "gm0014", 0, 1, CASES);
        wait_come(&good, 1, "what comes after a restart");
        connecting_stop(&c, false);
        ck_assert_uint_eq(good.n, 3);
        ck_assert_uint_eq(bad.n, 2);
        ck_assert(receiver_count(&good, OF_GOOD, 204) == 1 && receiver_count(&bad, OF_BAD, 204) == 1 && receiver_count(&bad, OF_BEFORE, 204) == 1);
}
END_TEST

static bool are_stuck(size_t n) {
        return status_now().stuck == n;
}

/* What is sent again stands in one log for all: what finds no room is passed over, and read again when there is room. */
START_TEST(test_one_that_is_full_holds_up_nothing_that_is_sent_again) {
        enum { MANY = WINDOW_RECORDS + 20, OF_BAD = 5001, OF_GOOD };
        char yaml[512];

        receiver_rule(&bad, ANY_EVENT, -1, 500, NULL);
        inbox_write(&c, "gm0037", 0, MANY, CASES);
        (void) snprintf(yaml, sizeof(yaml),
                        "connector: webhook\norganisations:\n  gm0014: {url: 'http://127.0.0.1:%u/in'}\n  gm0037: {url: 'http://127.0.0.1:%u/in'}\n" QUICK,
                        (unsigned)good.port, (unsigned)bad.port);
        connecting_start(&c, yaml);
        wait_for(are_stuck, 1, "a window that is full");
        ck_assert_str_eq(status_now().of_stuck->id, "gm0037");
        send_again("x", TOPIC_INBOX_PREFIX "gm0037", OF_BAD);
        send_again("x", TOPIC_INBOX_PREFIX "gm0014", OF_GOOD);
        asked = &good;
        wait_for(has_come, OF_GOOD, "what is sent again to one that has room");
        ck_assert_uint_eq(receiver_count(&bad, OF_BAD, 0), 0);
        connecting_stop(&c, false); /* what was missed is not passed */
        connecting_start(&c, yaml);
        wait_for(are_stuck, 1, "a window that is full again");
        receiver_no_rules(&bad);
        wait_come(&bad, MANY, "all that waited");
        wait_for(has_come, OF_BAD, "what was missed");
        connecting_stop(&c, false);
        check_order(&bad, MANY);
}
END_TEST

static uint16_t port_of(int s) {
        struct sockaddr_in address = {0};
        socklen_t n = sizeof(address);

        ck_assert_int_eq(getsockname(s, (struct sockaddr *)&address, &n), 0);
        return ntohs(address.sin_port);
}

/* Takes connections and never says anything. */
static int silent_up(void) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int s = socket(AF_INET, SOCK_STREAM, 0);

        ck_assert_int_ge(s, 0);
        ck_assert_int_eq(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(listen(s, 64), 0);
        return s;
}

static void start(uint16_t of_gm0014, uint16_t of_gm0037, uint16_t of_gm1895) {
        char yaml[1024];

        (void) snprintf(yaml, sizeof(yaml),
                        "connector: webhook\norganisations:\n  gm0014: {url: 'http://127.0.0.1:%u/in'}\n  gm0037: {url: 'http://127.0.0.1:%u/in'}\n"
                        "  gm1895: {url: 'http://127.0.0.1:%u/in', timeout: 5 minutes}\n" QUICK,
                        (unsigned)of_gm0014, (unsigned)of_gm0037, (unsigned)of_gm1895);
        connecting_start(&c, yaml);
}

START_TEST(test_one_that_is_silent_and_one_that_fails_hold_nobody_up) {
        struct receiver late;
        int silent = silent_up();

        receiver_rule(&bad, ANY_EVENT, -1, 500, NULL);
        inbox_write(&c, "gm1895", 0, EVENTS, CASES);
        start(good.port, bad.port, port_of(silent));
        ck_assert_int_eq(poll(&(struct pollfd){.fd = silent, .events = POLLIN}, 1, PATIENCE_MS), 1); /* it has all the tries that it may have */
        inbox_write(&c, "gm0037", 0, EVENTS, CASES);
        inbox_write(&c, "gm0014", 0, EVENTS, CASES);
        wait_come(&good, EVENTS / 2, "half for the one that is well");
        connecting_stop(&c, true);
        start(good.port, bad.port, port_of(silent));
        wait_come(&good, EVENTS, "all for the one that is well");
        wait_tried(&bad, 2 * EVENTS);
        receiver_no_rules(&bad);
        wait_come(&bad, EVENTS, "all for the one that failed");
        inbox_write(&c, "gm0014", EVENTS, CASES, CASES);
        wait_come(&good, EVENTS + CASES, "what came since");
        connecting_stop(&c, true); /* while five minutes of silence last */
        receiver_up(&late);
        start(good.port, bad.port, late.port);
        wait_come(&late, EVENTS, "all for the one that was silent");
        connecting_stop(&c, false);
        check_order(&good, EVENTS + CASES);
        check_order(&bad, EVENTS);
        check_order(&late, EVENTS);
        ck_assert_uint_eq(receiver_count(&late, ANY_EVENT, 204), EVENTS); /* each once: nothing of it was over before */
        receiver_down(&late);
        (void) close(silent);
}
END_TEST

START_TEST(test_one_alone_is_paused_or_gone) {
        struct act_resumed resumed = {0};

        start(good.port, bad.port, good.port);
        inbox_write(&c, "gm0037", 0, CASES, CASES);
        wait_come(&bad, CASES, "what comes before the pause");
        ck_assert_int_eq(connecting_order_one(&c, true, "gm0037", true, NULL), 0);
        wait_for(are_halted, 1, "the pause of one");
        inbox_write(&c, "gm0037", CASES, CASES, CASES);
        inbox_write(&c, "gm0014", 0, EVENTS, CASES);
        wait_come(&good, EVENTS, "what others get meanwhile");
        connecting_stop(&c, false);
        start(good.port, bad.port, good.port);
        wait_for(are_halted, 1, "the pause, which outlives the process"); /* told since the first turn; nothing is tried before it */
        inbox_write(&c, "gm0014", EVENTS, CASES, CASES);
        wait_come(&good, EVENTS + CASES, "what others get after a restart");
        ck_assert_uint_eq(receiver_count(&bad, ANY_EVENT, 0), CASES);
        receiver_rule(&bad, ANY_EVENT, -1, 410, NULL);
        ck_assert_int_eq(connecting_order_one(&c, false, "gm0037", true, &resumed), 0);
        ck_assert(resumed.was_paused && !resumed.was_stopped);
        wait_for(are_braked, 1, "the stop of one");
        ck_assert_str_eq(status_now().of_braked->id, "gm0037");
        inbox_write(&c, "gm0014", EVENTS + CASES, CASES, CASES);
        wait_come(&good, EVENTS + 2 * CASES, "what others get beside one that is gone");
        connecting_stop(&c, false);
        start(good.port, bad.port, good.port);
        wait_for(are_braked, 1, "the stop after a restart, though others delivered since");
        receiver_no_rules(&bad);
        ck_assert_int_eq(connecting_order_one(&c, false, "gm0014", true, &resumed), ACT_E_NOTHING);
        ck_assert_int_eq(connecting_order_one(&c, false, "gm0037", true, &resumed), 0);
        ck_assert(resumed.was_stopped && resumed.offset >= CASES && resumed.offset < CASES + PARALLEL);
        ck_assert_uint_le(receiver_count(&bad, ANY_EVENT, 410), PARALLEL); /* those under way when the first said so, and none since */
        wait_come(&bad, 2 * CASES, "what waited");
        connecting_stop(&c, false);
        check_order(&good, EVENTS + 2 * CASES);
        check_order(&bad, 2 * CASES);
}
END_TEST

/* One process for an inbox each, then one for both, with another name. */
START_TEST(test_one_takes_the_places_of_others) {
        char yaml[512];

        inbox_write(&c, "gm0014", 0, EVENTS, CASES);
        inbox_write(&c, "gm0037", 0, CASES, CASES);
        (void) snprintf(yaml, sizeof(yaml), "connector: webhook\nname: of-gm0014\norganisation: gm0014\nurl: http://127.0.0.1:%u/in\n" QUICK,
                        (unsigned)good.port);
        connecting_start(&c, yaml);
        wait_come(&good, EVENTS, "the one before");
        connecting_stop(&c, false);
        inbox_write(&c, "gm0014", EVENTS, CASES, CASES);
        (void) snprintf(yaml, sizeof(yaml),
                        "connector: webhook\norganisations: [gm0037, gm0014]\nfrom: 'of-{organisation}'\nurl: http://127.0.0.1:%u/in\n" QUICK,
                        (unsigned)bad.port);
        for (int i = 0; i < 2; i++) { /* the second time its own place counts */
                connecting_start(&c, yaml);
                inbox_write(&c, "gm0014", EVENTS + (1 + i) * CASES, CASES, CASES);
                asked = &bad;
                wait_come(&bad, CASES, "the inbox that nobody delivered before");
                for (int k = 0; k < (2 + i) * CASES; k++) {
                        const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};

                        for (int64_t deadline = cluster_deadline(&c.cluster); !receiver_count(&bad, EVENTS + k, 204); (void) nanosleep(&pause, NULL))
                                cluster_patience(&c.cluster, deadline, "what the one before had not delivered");
                }
                connecting_stop(&c, false);
        }
        ck_assert_uint_eq(receiver_count(&bad, ANY_EVENT, 204), CASES + 3 * CASES); /* none that the one before had delivered, none twice */
        ck_assert_uint_eq(receiver_count(&good, ANY_EVENT, 204), EVENTS);
        ck_assert_int_eq(fflush(c.log.out), 0);
        ck_assert_ptr_nonnull(strstr(c.log_text, "\"connect-took-over\""));
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("webhooks");
        SRunner *runner = srunner_create(suite);
        TCase *tc = tcase_create("webhooks");
        int failed;

        if (!cluster_chosen(argc, argv))
                return CLUSTER_SKIPPED;
        tcase_set_timeout(tc, 120);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, test_one_that_is_silent_and_one_that_fails_hold_nobody_up);
        tcase_add_test(tc, test_one_alone_is_paused_or_gone);
        tcase_add_test(tc, test_one_takes_the_places_of_others);
        tcase_add_test(tc, test_what_is_sent_again_finds_its_inbox);
        tcase_add_test(tc, test_one_that_is_full_holds_up_nothing_that_is_sent_again);
        suite_add_tcase(suite, tc);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
