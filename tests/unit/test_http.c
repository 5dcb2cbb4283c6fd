/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: a request reaches a server with what it is to be known by, whatever the server of tokens does, and no secret is told to anybody else.
 * Method: a server of its own for both, whose answers follow a script; what came is compared with the standards' own words.
 */

#include <check.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "channel/http.h"
#include "channel/judge.h"
#include "channel/oauth2.h"
#include "model_fixture.h"

#define SECRET "a s3cret, with: signs&"
#define TURN_MS 20
#define TURNS_MAX 1000

/* -- A server: /token gives tokens T1, T2 …; everything else is what is asked for -- */

struct served {
        struct MHD_Daemon *daemon;
        char url[64], token_url[80];
        pthread_mutex_t lock;
        /* the script */
        unsigned token_status;
        const char *token_body; /* with # for the number; NULL: no answer that is HTTP */
        int right;              /* the number of the token that is taken; 0: any */
        unsigned status;
        const char *elsewhere; /* Location of every answer; NULL: none */
        /* what came */
        int tokens, asked;
        char authorization[512], key[512], form[512], basic[512], method[16];
};

static struct served server;

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *body) {
        struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
        enum MHD_Result r;

        MHD_add_response_header(response, "Retry-After", "7");
        if (server.elsewhere)
                MHD_add_response_header(response, "Location", server.elsewhere);
        r = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return r;
}

static const char *header_of(struct MHD_Connection *connection, const char *name) {
        const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

        return value ? value : "";
}

static enum MHD_Result give_token(struct MHD_Connection *connection, const struct buffer *body) {
        char text[512];

        (void) snprintf(server.form, sizeof(server.form), "%.*s", (int)body->n, body->n > 0 ? (const char *)body->bytes : "");
        (void) snprintf(server.basic, sizeof(server.basic), "%s", header_of(connection, "Authorization"));
        server.tokens++;
        if (!server.token_body)
                return MHD_NO; /* closes in the middle */
        (void) snprintf(text, sizeof(text), "%s", server.token_body);
        for (char *at = text; *at; at++)
                *at = *at == '#' ? (char)('0' + server.tokens) : *at;
        return reply(connection, server.token_status, text);
}

static enum MHD_Result take_request(struct MHD_Connection *connection, const char *method) {
        char right[64];

        server.asked++;
        (void) snprintf(server.method, sizeof(server.method), "%s", method);
        (void) snprintf(server.authorization, sizeof(server.authorization), "%s", header_of(connection, "Authorization"));
        (void) snprintf(server.key, sizeof(server.key), "%s", header_of(connection, "X-Api-Key"));
        (void) snprintf(right, sizeof(right), "Bearer T%d", server.right);
        return reply(connection, server.right && strcmp(server.authorization, right) != 0 ? 401 : server.status, "taken");
}

static enum MHD_Result serve(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload,
                             size_t *upload_n, void **state) {
        struct buffer *body = *state;
        enum MHD_Result r;

        (void) cls;
        (void) version;
        if (!body) {
                body = *state = calloc(1, sizeof(*body));
                *body = (struct buffer)BUFFER_INIT(65536);
                return MHD_YES;
        }
        if (*upload_n > 0) {
                buffer_add(body, upload, *upload_n);
                *upload_n = 0;
                return MHD_YES;
        }
        pthread_mutex_lock(&server.lock);
        r = strcmp(url, "/token") == 0 ? give_token(connection, body) : take_request(connection, method);
        pthread_mutex_unlock(&server.lock);
        return r;
}

static void served(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
        (void) cls;
        (void) connection;
        (void) why;
        if (*state)
                buffer_done(*state);
        free(*state);
        *state = NULL;
}

/* -- The client -- */

static struct http_options options;
static struct http *client;
static struct http_peer *peer;
static struct log quiet;
static char *log_text;
static size_t log_n;

static void setup(void) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        unsigned port;

        server = (struct served){.token_status = 200, .token_body = "{\"access_token\":\"T#\",\"token_type\":\"bearer\",\"expires_in\":3600}", .status = 200};
        ck_assert_int_eq(pthread_mutex_init(&server.lock, NULL), 0);
        server.daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, serve, NULL, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address,
                                         MHD_OPTION_NOTIFY_COMPLETED, served, NULL, MHD_OPTION_END);
        ck_assert_ptr_nonnull(server.daemon);
        port = MHD_get_daemon_info(server.daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
        (void) snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%u/in", port);
        (void) snprintf(server.token_url, sizeof(server.token_url), "http://127.0.0.1:%u/token", port);
        options = (struct http_options){.timeout = 10000, .connect_timeout = 10000};
        quiet = (struct log){.out = open_memstream(&log_text, &log_n), .clock = clock_system()};
}

static void teardown(void) {
        client = http_free(client);
        if (server.daemon)
                MHD_stop_daemon(server.daemon);
        secrets_done(&options.token);
        secrets_done(&options.header_value);
        secrets_done(&options.client_secret);
        ck_assert_int_eq(fclose(quiet.out), 0);
        ck_assert_ptr_null(strstr(log_text, "s3cret"));
        ck_assert_ptr_null(strstr(log_text, "127.0.0.1"));
        free(log_text);
}

static void begin(void) {
        const struct http_config config = {.clock = clock_system(), .log = &quiet, .name = "x", .parallel = 8};
        struct error err = {0};

        ck_assert_msg(http_options_check(&options, server.url, &err) == 0, "%s", err.text);
        ck_assert_int_eq(http_new(&config, &client), 0);
        ck_assert_msg(http_peer_new(client, &options, &peer, &err) == 0, "%s", err.text);
}

static void be_client(void) {
        struct error err = {0};

        options.auth = HTTP_AUTH_OAUTH2;
        options.client_id = "us";
        options.token_url = server.token_url;
        ck_assert_int_eq(secrets_add_password(&options.client_secret, text_of(SECRET), &err), 0);
}

struct heard {
        int n;
        struct attempt attempt;
        char body[64], reason[ERROR_TEXT_MAX];
};

static void hear(void *ctx, const struct http_answer *answer) {
        struct heard *heard = ctx;

        heard->n++;
        judge_answer(answer, 0, &heard->attempt);
        (void) snprintf(heard->body, sizeof(heard->body), "%.*s%s", (int)answer->body.n, answer->body.s, answer->cut ? "…" : "");
        (void) snprintf(heard->reason, sizeof(heard->reason), "%s", answer->reason);
}

static struct heard ask(int times) {
        struct heard heard = {0};
        struct error err = {0};

        for (int i = 0; i < times; i++) {
                struct http_exchange *x = http_exchange_new(peer, "POST", server.url);

                ck_assert_ptr_nonnull(x);
                buffer_add_text(http_exchange_body(x), "{}");
                ck_assert_int_eq(http_start(x, 3, hear, &heard), 0);
        }
        for (int i = 0; heard.n < times; i++) {
                ck_assert_int_lt(i, TURNS_MAX);
                ck_assert_int_eq(http_turn(client, TURN_MS, &err), 0);
        }
        return heard;
}

/* -- Tests -- */

START_TEST(test_what_we_are_known_by) {
        struct error err = {0};
        struct heard heard;

        begin();
        heard = ask(1);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_DELIVERED);
        ck_assert_str_eq(heard.body, "tak…");
        ck_assert_str_eq(server.authorization, "");
        ck_assert_int_eq(secrets_add(&options.token, NULL, text_of("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &err), 0); /* as if its file had changed */
        (void) ask(1);
        ck_assert_str_eq(server.authorization, "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        options.auth = HTTP_AUTH_HEADER;
        options.header_name = "X-Api-Key";
        ck_assert_int_eq(secrets_add_password(&options.header_value, text_of(SECRET), &err), 0);
        (void) ask(1);
        ck_assert_str_eq(server.authorization, "");
        ck_assert_str_eq(server.key, SECRET);
        options.auth = HTTP_AUTH_ZGW;
        options.client_id = "us";
        ck_assert_int_eq(secrets_add_password(&options.client_secret, text_of(SECRET), &err), 0);
        (void) ask(1);
        ck_assert_int_eq(strncmp(server.authorization, "Bearer eyJ", 10), 0);
}
END_TEST

/* The header's id and secret are percent-encoded, then base64: RFC 6749 2.3.1. */
START_TEST(test_one_token_serves_all_until_its_end) {
        be_client();
        options.scope = "a b";
        begin();
        (void) ask(5);
        (void) ask(5);
        ck_assert_int_eq(server.tokens, 1);
        ck_assert_int_eq(server.asked, 10);
        ck_assert_str_eq(server.authorization, "Bearer T1");
        ck_assert_str_eq(server.form, "grant_type=client_credentials&scope=a%20b");
        ck_assert_str_eq(server.basic, "Basic dXM6YSUyMHMzY3JldCUyQyUyMHdpdGglM0ElMjBzaWducyUyNg==");
}
END_TEST

START_TEST(test_a_token_that_ends_soon_is_not_kept) {
        server.token_body = "{\"access_token\":\"T#\",\"expires_in\":2}";
        be_client();
        options.client_in = HTTP_CLIENT_IN_BODY;
        begin();
        (void) ask(5);
        ck_assert_int_eq(server.tokens, 1);
        (void) ask(1);
        ck_assert_int_eq(server.tokens, 2);
        ck_assert_str_eq(server.basic, "");
        ck_assert_str_eq(server.form, "grant_type=client_credentials&client_id=us&client_secret=a%20s3cret%2C%20with%3A%20signs%26");
}
END_TEST

START_TEST(test_a_401_renews_once) {
        struct heard heard;

        be_client();
        begin();
        (void) ask(1);
        server.right = 2; /* T1 was withdrawn */
        heard = ask(5);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_DELIVERED);
        ck_assert_int_eq(server.tokens, 2);
        server.right = 99; /* none is right any more: a try, and an operator's */
        server.asked = 0;
        heard = ask(1);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_AGAIN);
        ck_assert_int_eq(heard.attempt.status, 401);
        ck_assert_int_eq(server.asked, 2);
        ck_assert_int_eq(server.tokens, 3);
}
END_TEST

static const struct {
        unsigned status;
        const char *body, *told;
} token_faults[] = {
        {401, "{\"error\":\"invalid_client\",\"error_description\":\"" SECRET "\"}", "HTTP status 401, invalid_client"},
        {500, "s3cret", "HTTP status 500"},
        {200, "s3cret", "something else than a JSON object"},
        {200, "{\"access_token\":\"\"}", "no access_token"},
        {200, "{\"access_token\":\"a\\r\\nb: s3cret\"}", "can stand in no header"},
        {200, "{\"access_token\":\"T1\",\"token_type\":\"mac\"}", "another type"},
        {302, "", "HTTP status 302"},
        {0, NULL, "token_url does not answer"},
};

/* No record is to blame, so no try is counted; and it goes on by itself when the server of tokens does. */
START_TEST(test_without_a_token_nothing_is_asked) {
        struct heard heard;

        server.token_status = token_faults[_i].status;
        server.token_body = token_faults[_i].body;
        be_client();
        begin();
        heard = ask(3);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_LATER);
        ck_assert_msg(strstr(heard.reason, token_faults[_i].told), "%s", heard.reason);
        ck_assert_ptr_null(strstr(heard.attempt.reason, "s3cret"));
        ck_assert_int_eq(server.tokens, 1);
        ck_assert_int_eq(server.asked, 0);
        server.token_status = 200;
        server.token_body = "{\"access_token\":\"T#\",\"expires_in\":\"3600\"}";
        heard = ask(3);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_DELIVERED);
        ck_assert_int_eq(server.tokens, 2);
        ck_assert_int_eq(fflush(quiet.out), 0);
        ck_assert_ptr_nonnull(strstr(log_text, "C119"));
}
END_TEST

static const struct {
        const char *expires_in;
        int64_t keep_ms;
} lives[] = {
        {"3600", 3570000}, {"\"3600\"", 3570000}, {"3600.5", 3570000}, {"31", 1000}, {"30", 0}, {"2", 0}, {"null", 0}, {"-5", 0}, {"\"soon\"", 0},
        {"99999999999", OAUTH2_LIFE_MAX_MS - OAUTH2_EARLY_MS}, {"[]", 0},
};

START_TEST(test_how_long_tokens_hold) {
        struct buffer token = BUFFER_INIT(OAUTH2_TOKEN_MAX);
        struct error err = {0};
        char text[128];
        int64_t keep = -1;

        (void) snprintf(text, sizeof(text), "{\"access_token\":\"T\",\"expires_in\":%s}", lives[_i].expires_in);
        ck_assert_int_eq(oauth2_answer_read(200, text_of(text), &token, &keep, &err), 0);
        ck_assert_int_eq(keep, lives[_i].keep_ms);
        buffer_done(&token);
}
END_TEST

START_TEST(test_a_try_ends_when_nobody_is_there) {
        struct heard heard;

        begin();
        MHD_stop_daemon(server.daemon);
        server.daemon = NULL;
        heard = ask(2);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_AGAIN);
        ck_assert_int_eq(heard.attempt.status, 0);
        ck_assert_ptr_null(strstr(heard.attempt.reason, "127.0.0.1"));
}
END_TEST

static const struct {
        const char *answer;
        bool holds; /* says nothing more, and does not close */
        enum tried outcome;
} bad_receivers[] = {
        {"", false, TRIED_AGAIN},
        {"rubbish\r\n\r\n", false, TRIED_AGAIN},
        {"HTTP/1.1 2", false, TRIED_AGAIN},
        {"HTTP/1.1 200 OK\r\nServ", false, TRIED_AGAIN}, /* libcurl takes this for an answer */
        {"HTTP/1.1 200 OK\r\nServer: x\r\n", false, TRIED_AGAIN},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n", false, TRIED_AGAIN},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", false, TRIED_DELIVERED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n\r\n1\r\na\r\n0\r\nDigest: x\r\n\r\n", false, TRIED_DELIVERED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false, TRIED_AGAIN}, /* closes in the middle: whether it was stored nobody knows */
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true, TRIED_AGAIN},
        {"H", true, TRIED_AGAIN},
        {"HTTP/1.1 204 No Content\r\n\r\n", true, TRIED_DELIVERED},
};

/* Takes one connection and answers it as it is told; ends when the client has closed it. */
static void *receive_badly(void *ctx) {
        const int *listening = ctx;
        int fd = accept(*listening, NULL, NULL);
        char bytes[4096];
        bool said = false;

        while (fd >= 0 && recv(fd, bytes, sizeof(bytes), 0) > 0) {
                if (!said)
                        (void) send(fd, bad_receivers[server.right].answer, strlen(bad_receivers[server.right].answer), MSG_NOSIGNAL);
                if (!said && !bad_receivers[server.right].holds)
                        (void) shutdown(fd, SHUT_WR);
                said = true;
        }
        (void) close(fd);
        return NULL;
}

START_TEST(test_bad_receivers) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);
        int listening = socket(AF_INET, SOCK_STREAM, 0);
        pthread_t thread;

        ck_assert_int_eq(bind(listening, (const struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address, &n), 0);
        ck_assert_int_eq(listen(listening, 1), 0);
        server.right = _i;
        ck_assert_int_eq(pthread_create(&thread, NULL, receive_badly, &listening), 0);
        (void) snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%u/in", (unsigned)ntohs(address.sin_port));
        options.timeout = bad_receivers[_i].outcome == TRIED_AGAIN && bad_receivers[_i].holds ? 200 : 10000;
        begin();
        ck_assert_int_eq(ask(1).attempt.outcome, bad_receivers[_i].outcome);
        client = http_free(client);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        (void) close(listening);
}
END_TEST

/* Not even those that keep method and body: where they lead nobody has agreed to. Followed, 301 and 302 would be an empty GET that counts as delivered. */
static const unsigned redirections[] = {301, 302, 303, 307, 308};

START_TEST(test_redirections_are_failures_and_never_followed) {
        struct heard heard;

        server.status = redirections[_i];
        server.elsewhere = server.url;
        begin();
        heard = ask(1);
        ck_assert_int_eq(server.asked, 1);
        ck_assert_str_eq(server.method, "POST");
        ck_assert_int_eq(heard.attempt.outcome, TRIED_AGAIN);
        ck_assert_int_eq(heard.attempt.status, (int)redirections[_i]);
        ck_assert_msg(strstr(heard.attempt.reason, "never followed; write the address"), "%s", heard.attempt.reason);
        ck_assert_ptr_null(strstr(heard.attempt.reason, "127.0.0.1"));
        client = http_free(client);
        server.token_status = redirections[_i];
        server.elsewhere = server.token_url;
        be_client();
        begin();
        heard = ask(1);
        ck_assert_int_eq(server.tokens, 1);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_LATER);
        ck_assert_msg(strstr(heard.attempt.reason, "into token_url"), "%s", heard.attempt.reason);
}
END_TEST

/* What is under way when the connector stops is forgotten, waiting for a token or not. */
START_TEST(test_exchanges_are_forgotten) {
        struct heard heard = {0};
        struct http_exchange *x;

        be_client();
        begin();
        x = http_exchange_new(peer, "POST", server.url);
        ck_assert_int_eq(http_start(x, 0, hear, &heard), 0);
        x = http_exchange_new(peer, "OPTIONS", server.url);
        http_exchange_header(x, "Origin: a\r\nb: c");
        ck_assert_int_eq(http_start(x, 0, hear, &heard), -EINVAL);
        http_abandon(client);
        heard = ask(1);
        ck_assert_int_eq(heard.n, 1);
        ck_assert_int_eq(heard.attempt.outcome, TRIED_DELIVERED);
}
END_TEST

static const struct {
        struct http_options o;
        const char *url, *told; /* told NULL: it is right */
} checks[] = {
        {{0}, "https://a.example/", NULL},
        {{0}, "http://a.example/", "plain http"},
        {{.auth = HTTP_AUTH_HEADER}, "https://a.example/", "needs header_name"},
        {{.auth = HTTP_AUTH_OAUTH2, .client_id = "us"}, "https://a.example/", "needs token_url"},
        {{.auth = HTTP_AUTH_OAUTH2, .token_url = "https://b.example/"}, "https://a.example/", "needs client_id"},
        {{.auth = HTTP_AUTH_ZGW, .client_id = "us"}, "https://a.example/", "needs client_secret"},
        {{.scope = "a"}, "https://a.example/", "scope does not go with auth: bearer"},
        {{.client_key = "k.pem"}, "https://a.example/", "go together"},
};

START_TEST(test_options_fit_together) {
        struct error err = {0};

        ck_assert_int_eq(http_options_check(&checks[_i].o, checks[_i].url, &err), checks[_i].told ? -EINVAL : 0);
        ck_assert_msg(!checks[_i].told || strstr(err.text, checks[_i].told), "%s", err.text);
}
END_TEST

/* A certificate that is not there is an operator's mistake at the start, and leaves the old one in its place afterwards. */
START_TEST(test_certificates_are_read_again) {
        struct scratch s = scratch_new();
        char certificate[SCRATCH_PATH], key[SCRATCH_PATH];
        const struct http_config config = {.clock = clock_system(), .log = &quiet, .name = "x", .parallel = 8};
        struct error err = {0};

        options.client_certificate = scratch_path(&s, "c.pem", certificate);
        options.client_key = scratch_path(&s, "k.pem", key);
        ck_assert_int_eq(http_new(&config, &client), 0);
        ck_assert_int_eq(http_peer_new(client, &options, &peer, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "c.pem"));
        client = http_free(client);
        scratch_write(&s, "c.pem", "certificate");
        scratch_write(&s, "k.pem", "key");
        begin();
        ck_assert_int_eq(ask(1).attempt.outcome, TRIED_DELIVERED);
        scratch_remove(&s);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("http");
        SRunner *runner = srunner_create(suite);
        TCase *tcase = tcase_create("http");
        int failed;

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, test_what_we_are_known_by);
        tcase_add_test(tcase, test_one_token_serves_all_until_its_end);
        tcase_add_test(tcase, test_a_token_that_ends_soon_is_not_kept);
        tcase_add_test(tcase, test_a_401_renews_once);
        tcase_add_loop_test(tcase, test_without_a_token_nothing_is_asked, 0, (int)ELEMENTS(token_faults));
        tcase_add_loop_test(tcase, test_how_long_tokens_hold, 0, (int)ELEMENTS(lives));
        tcase_add_test(tcase, test_a_try_ends_when_nobody_is_there);
        tcase_add_loop_test(tcase, test_bad_receivers, 0, (int)ELEMENTS(bad_receivers));
        tcase_add_loop_test(tcase, test_redirections_are_failures_and_never_followed, 0, (int)ELEMENTS(redirections));
        tcase_add_test(tcase, test_exchanges_are_forgotten);
        tcase_add_loop_test(tcase, test_options_fit_together, 0, (int)ELEMENTS(checks));
        tcase_add_test(tcase, test_certificates_are_read_again);
        suite_add_tcase(suite, tcase);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
