/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: who sends or reads as slowly as they like keeps no connection from others for ever; who waits for us is left alone.
 * Method: one connection at a time may stand; clients on the loopback that send a part, and a clock that the test moves.
 */

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/listening.h"

#define TURN_MS 5
#define TURNS_MAX 1000
#define TIMEOUT_MS 600000 /* of silence: not what is tried here … */
#define WHOLE_MS 700000 /* … but this */
#define WHOLE "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"
#define WAITS "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"

static struct {
        struct listening l;
        struct log log;
        char *log_text;
        size_t log_n;
        int port, over;
        struct MHD_Connection *waits;
        int64_t now;
} h;

static int64_t hand_time(void *ctx) {
        (void) ctx;
        return h.now;
}

static const struct clock_ops hand_ops = {.realtime_ms = hand_time, .monotonic_ms = hand_time};

static enum MHD_Result answer(struct MHD_Connection *connection) {
        struct MHD_Response *response = MHD_create_response_from_buffer(4, (void *)(uintptr_t)"here", MHD_RESPMEM_PERSISTENT);
        enum MHD_Result r = MHD_queue_response(connection, MHD_HTTP_OK, response);

        MHD_destroy_response(response);
        return r;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_n, void **state) {
        (void) cls;
        (void) method;
        (void) version;
        (void) upload;
        if (!*state) {
                *state = &h;
                return MHD_YES;
        }
        if (*upload_n > 0) {
                *upload_n = 0;
                return MHD_YES;
        }
        if (strcmp(url, "/wait") == 0 && !h.waits) {
                h.waits = connection;
                MHD_suspend_connection(connection);
                return MHD_YES;
        }
        return answer(connection);
}

static void on_over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        (void) cls;
        (void) connection;
        (void) why;
        h.over += *state != NULL;
        *state = NULL;
}

static void setup(void) {
        struct connector_env env = {.name = "x", .clock = {&hand_ops, NULL}, .log = &h.log};
        const char *at;
        struct error err;

        memset(&h, 0, sizeof(h));
        h.log = (struct log){.out = open_memstream(&h.log_text, &h.log_n), .clock = clock_system(), .level = LOG_LEVEL_INFO};
        h.l = (struct listening){.listen = "127.0.0.1:0", .connections = 1, .timeout = TIMEOUT_MS, .whole_within = WHOLE_MS};
        ck_assert_int_eq(listening_open(&h.l, &env, &(struct listening_handler){on_request, on_over, NULL}, &err), 0);
        ck_assert_int_eq(fflush(h.log.out), 0);
        at = strstr(h.log_text, "127.0.0.1:");
        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(sscanf(at, "127.0.0.1:%d", &h.port), 1);
}

static void teardown(void) {
        if (h.waits)
                MHD_resume_connection(h.waits);
        listening_close(&h.l);
        ck_assert_ptr_null(h.l.open);
        (void) fclose(h.log.out);
        free(h.log_text);
}

static int client(const char *text) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)h.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
        ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
        return fd;
}

static void turn(int times) {
        struct error err;

        for (int i = 0; i < times; i++)
                ck_assert_int_eq(listening_turn(&h.l, TURN_MS, &err), 0);
}

/* What comes at last: bytes of an answer, 0 at the end of the connection. */
static ssize_t comes(int fd) {
        char bytes[4096];
        ssize_t n = -1;

        for (int i = 0; i < TURNS_MAX && n < 0; i++) {
                turn(1);
                n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
                n = n < 0 && errno == ECONNRESET ? 0 : n;
        }
        ck_assert_msg(n >= 0, "nothing came");
        return n;
}

static bool stands(int fd) {
        char byte;

        turn(10);
        return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

/* Some more of it comes all the time, so it is never silent; but it is never there. */
static void dawdle(int fd, const char *bytes, size_t n, int64_t for_ms) {
        for (size_t i = 0; i < n; i++) {
                (void) send(fd, bytes + i, 1, MSG_NOSIGNAL);
                turn(2);
                h.now += for_ms / (int64_t)n;
                turn(1);
        }
}

/* Cut off in the midst of these, and then another is served. */
static const char *const parts[] = {
        "GET /no",
        "GET /now HTTP/1.1\r\nHost: a\r\nX-Long: aa",
        "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\naa",
        "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\naa",
};

START_TEST(test_who_is_slow_is_cut_off) {
        int slow = client(parts[_i]), other;

        dawdle(slow, "aaaaaaaaaa", 10, WHOLE_MS - 2 * LISTENING_SWEEP_MS);
        ck_assert(stands(slow));
        other = client(WHOLE);
        ck_assert(stands(other)); /* there is one connection, and it is taken */
        h.now += 2 * LISTENING_SWEEP_MS;
        ck_assert_int_eq(comes(slow), 0);
        ck_assert_int_gt(comes(other), 0);
        close(slow);
        close(other);
}
END_TEST

START_TEST(test_who_waits_for_us_is_left_alone) {
        int fd = client(WAITS);

        for (int i = 0; i < TURNS_MAX && !h.waits; i++)
                turn(1);
        for (int i = 0; i < 5; i++) {
                h.now += WHOLE_MS;
                turn(3);
        }
        ck_assert(stands(fd));
        MHD_resume_connection(h.waits);
        h.now += LISTENING_SWEEP_MS;
        ck_assert_int_gt(comes(fd), 0);
        close(fd);
}
END_TEST

/* Requests on one connection have their time each. */
START_TEST(test_a_connection_that_is_used_again_begins_anew) {
        int fd = client(WHOLE);

        ck_assert_int_gt(comes(fd), 0);
        for (int i = 0; i < 5; i++) {
                h.now += WHOLE_MS - 2 * LISTENING_SWEEP_MS;
                ck_assert(stands(fd));
                ck_assert_int_eq(send(fd, WHOLE, strlen(WHOLE), MSG_NOSIGNAL), (ssize_t)strlen(WHOLE));
                ck_assert_int_gt(comes(fd), 0);
        }
        ck_assert_int_eq(h.over, 6);
        h.now += WHOLE_MS + LISTENING_SWEEP_MS;
        ck_assert_int_eq(comes(fd), 0);
        close(fd);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("listening");
        SRunner *runner = srunner_create(suite);
        TCase *slow = tcase_create("slow");
        int failed;

        tcase_set_timeout(slow, 60);
        tcase_add_checked_fixture(slow, setup, teardown);
        tcase_add_loop_test(slow, test_who_is_slow_is_cut_off, 0, (int)ELEMENTS(parts));
        tcase_add_test(slow, test_who_waits_for_us_is_left_alone);
        tcase_add_test(slow, test_a_connection_that_is_used_again_begins_anew);
        suite_add_tcase(suite, slow);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
