/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a connection to a database never keeps its caller waiting nor ends it, whatever stands at the other end; an error's class says whose it is to
 * mend; words of SQL cannot be left.
 * Method: a socket of the test's own that refuses, is silent, closes and answers garbage, and a clock that the test moves. What a real server does is in
 * integration/outbox_table.py, inbox_table.py and postgres_tls.py.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/postgres.h"
#include "model_fixture.h"

static int64_t hand_now;

static instant_t hand_realtime(void *ctx) {
        (void) ctx;
        return hand_now;
}

static const struct clock_ops hand_ops = {.realtime_ms = hand_realtime, .monotonic_ms = hand_realtime};

static struct postgres_options options = {.host = "127.0.0.1", .database = "d", .user = "u", .sslmode = POSTGRES_SSL_DISABLE, .connect_timeout = 5000,
                                          .timeout = 5000};

/* A socket that listens; its port stands in the options. */
static int listener(void) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, n) == 0 && listen(fd, 4) == 0 && getsockname(fd, (struct sockaddr *)&address, &n) == 0);
        options.port = ntohs(address.sin_port);
        return fd;
}

static struct postgres *connection(void) {
        const struct postgres_config config = {.options = &options, .name = "x", .clock = {.ops = &hand_ops}};
        struct postgres *p = NULL;
        struct error err = {0};

        hand_now = 1000;
        ck_assert_int_eq(postgres_new(&config, &p, &err), 0);
        return p;
}

enum peer { PEER_NONE, PEER_CLOSES, PEER_GARBAGE, PEER_SILENT, PEERS };

START_TEST(test_peers_that_are_none) {
        struct postgres *p;
        int listening = listener(), peer = -1;

        if (_i == PEER_NONE)
                ck_assert_int_eq(close(listening), 0);
        p = connection();
        (void) postgres_turn(p, 0);
        if (_i != PEER_NONE) {
                static const char garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

                ck_assert_int_eq(postgres_state(p), POSTGRES_CONNECTING);
                peer = accept(listening, NULL, NULL);
                ck_assert_int_ge(peer, 0);
                if (_i == PEER_GARBAGE)
                        ck_assert_int_eq(write(peer, garbage, sizeof(garbage) - 1), (ssize_t)sizeof(garbage) - 1);
                if (_i != PEER_SILENT)
                        ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
        }
        for (int i = 0; i < 100 && postgres_state(p) != POSTGRES_AWAY; i++) {
                (void) postgres_turn(p, 0);
                if (_i == PEER_SILENT && postgres_state(p) == POSTGRES_CONNECTING)
                        hand_now += 100;
                else if (postgres_state(p) == POSTGRES_CONNECTING)
                        (void) poll(NULL, 0, 1); /* the kernel hands over what was written */
        }
        ck_assert_int_eq(postgres_state(p), POSTGRES_AWAY);
        ck_assert_str_ne(postgres_trouble(p), "");
        ck_assert_ptr_null(strchr(postgres_trouble(p), '\n'));
        ck_assert_int_eq(postgres_pause(p), POSTGRES_PAUSE_MS);
        ck_assert_int_eq(postgres_turn(p, 0), POSTGRES_AWAY); /* not before its pause */
        hand_now += POSTGRES_PAUSE_MS;
        (void) postgres_turn(p, 0);
        ck_assert(postgres_state(p) == POSTGRES_CONNECTING || postgres_pause(p) == 2 * POSTGRES_PAUSE_MS);
        postgres_free(p);
        if (peer >= 0)
                (void) close(peer);
        if (_i != PEER_NONE)
                (void) close(listening);
}
END_TEST

/* The socket of ours that is connected to the port of the options; -1. */
static int socket_of_ours(void) {
        for (int fd = 3; fd < 256; fd++) {
                struct sockaddr_in address = {0};
                socklen_t n = sizeof(address);

                if (getpeername(fd, (struct sockaddr *)&address, &n) == 0 && address.sin_family == AF_INET && ntohs(address.sin_port) == options.port)
                        return fd;
        }
        return -1;
}

/* A machine that goes away without a word is missed within a minute or so, whether we say something or only listen. */
START_TEST(test_dead_machines_are_missed) {
        static const struct {
                int level, option, most;
        } rows[] = {
                {SOL_SOCKET, SO_KEEPALIVE, 1},
                {IPPROTO_TCP, TCP_KEEPIDLE, 30},
                {IPPROTO_TCP, TCP_KEEPINTVL, 10},
                {IPPROTO_TCP, TCP_KEEPCNT, 3},
                {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000},
        };
        int listening = listener(), fd = -1;
        struct postgres *p = connection();
        struct buffer sql = BUFFER_INIT(1024);

        (void) postgres_turn(p, 0);
        fd = socket_of_ours();
        ck_assert_int_ge(fd, 0);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int value = 0;
                socklen_t n = sizeof(value);

                ck_assert_int_eq(getsockopt(fd, rows[i].level, rows[i].option, &value, &n), 0);
                ck_assert_msg(value > 0 && value <= rows[i].most, "option %d is %d", rows[i].option, value);
        }
        postgres_put_session(&sql, &options); /* the server of us, too; else it keeps our locks for hours */
        ck_assert(strstr(buffer_text(&sql), "statement_timeout = 2500;") && strstr(buffer_text(&sql), "tcp_keepalives_idle = 30;") &&
                  strstr(buffer_text(&sql), "tcp_user_timeout = 30000;"));
        buffer_done(&sql);
        postgres_free(p);
        (void) close(listening);
}
END_TEST

/* A name is asked for without waiting: what does not come in time is a trouble like any other. */
START_TEST(test_names_are_not_waited_for) {
        struct postgres_options named = options;
        const struct postgres_config config = {.options = &named, .name = "x", .clock = {.ops = &hand_ops}};
        struct postgres *p = NULL;
        struct error err = {0};

        hand_now = 1000;
        named.host = "nergens.invalid";
        named.port = 5432;
        ck_assert_int_eq(postgres_new(&config, &p, &err), 0);
        (void) postgres_turn(p, 0);
        hand_now += named.connect_timeout;
        (void) postgres_turn(p, 0);
        ck_assert_int_eq(postgres_state(p), POSTGRES_AWAY);
        ck_assert(strstr(postgres_trouble(p), "address"));
        postgres_free(p);
}
END_TEST

static const struct {
        const char *sqlstate;
        enum postgres_outcome outcome;
} states[] = {
        {"22001", POSTGRES_DATA},     {"23502", POSTGRES_DATA},     {"23514", POSTGRES_DATA},     {"54000", POSTGRES_DATA},  {"P0001", POSTGRES_DATA},
        {"ZK001", POSTGRES_DATA},     {"99001", POSTGRES_DATA},     {"58030", POSTGRES_AGAIN},    {"72000", POSTGRES_AGAIN}, {"0B000", POSTGRES_AGAIN},
        {"40001", POSTGRES_AGAIN},    {"40P01", POSTGRES_AGAIN},    {"53300", POSTGRES_AGAIN},    {"57P01", POSTGRES_AGAIN}, {"55P03", POSTGRES_AGAIN},
        {"08006", POSTGRES_AGAIN},    {"XX000", POSTGRES_AGAIN},    {"42P01", POSTGRES_OPERATOR}, {"42501", POSTGRES_OPERATOR},
        {"42703", POSTGRES_OPERATOR}, {"3D000", POSTGRES_OPERATOR}, {"28P01", POSTGRES_OPERATOR}, {"25006", POSTGRES_OPERATOR},
};

START_TEST(test_outcomes) {
        ck_assert_int_eq(postgres_outcome_of(states[_i].sqlstate), states[_i].outcome);
}
END_TEST

START_TEST(test_words_stay_words) {
        static const struct {
                void (*put)(struct buffer *out, const char *text);
                const char *text, *sql;
        } rows[] = {
                {postgres_put_name, "outbox", "\"outbox\""},
                {postgres_put_name, "zaken.out\"box", "\"zaken\".\"out\"\"box\""},
                {postgres_put_column, "a.b", "\"a.b\""},
                {postgres_put_text, "it's", "'it''s'"},
                {postgres_put_text, "\\'; DROP", " E'\\\\''; DROP'"},
                {postgres_put_element, "a\"b\\c,}", "\"a\\\"b\\\\c,}\""},
                {postgres_put_element, "NULL", "\"NULL\""},
                {postgres_put_element, NULL, "NULL"},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct buffer out = BUFFER_INIT(1024);

                rows[i].put(&out, rows[i].text);
                ck_assert_str_eq(buffer_text(&out), rows[i].sql);
                buffer_done(&out);
        }
        ck_assert(postgres_name_valid("a") && postgres_name_valid("a.b"));
        ck_assert(!postgres_name_valid("") && !postgres_name_valid("a.") && !postgres_name_valid(".a") && !postgres_name_valid("a.b.c"));
}
END_TEST

START_TEST(test_options_fit_together) {
        const struct {
                struct postgres_options options;
                const char *told; /* NULL: they do */
        } rows[] = {
                {{.host = "db.example.nl"}, NULL},
                {{.host = "a,b"}, "one server"},
                {{.host = "a", .certificate = "c"}, "belong together"},
                {{.host = "a", .ca_file = "c", .sslmode = POSTGRES_SSL_DISABLE}, "disable"},
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct error err = {0};

                ck_assert_int_eq(postgres_check(&rows[i].options, &err), rows[i].told ? -EINVAL : 0);
                ck_assert(!rows[i].told || strstr(err.text, rows[i].told));
        }
}
END_TEST

int main(void) {
        Suite *suite = suite_create("postgres");
        SRunner *runner = srunner_create(suite);
        TCase *all = tcase_create("postgres");
        int failed;

        tcase_add_loop_test(all, test_peers_that_are_none, 0, PEERS);
        tcase_add_test(all, test_dead_machines_are_missed);
        tcase_add_test(all, test_names_are_not_waited_for);
        tcase_add_loop_test(all, test_outcomes, 0, (int)ELEMENTS(states));
        tcase_add_test(all, test_words_stay_words);
        tcase_add_test(all, test_options_fit_together);
        suite_add_tcase(suite, all);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
