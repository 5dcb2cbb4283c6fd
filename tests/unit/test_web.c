/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: nothing that is written into a page can become markup, tables and figures carry what assistive software needs, and the server keeps what
 * web/server.h and web/stream.h promise.
 * Method: the writer's bytes to the letter; the real server on a free port, asked by libcurl and by bare sockets.
 */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http_fixture.h"
#include "web/parts.h"
#include "web/server.h"
#include "web/stream.h"

/* -- The writer -- */

static void check_html(struct buffer *out, const char *expected) {
        ck_assert_str_eq(buffer_text(out), expected);
        buffer_done(out);
}

START_TEST(text_is_never_markup) {
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);

        html_begin(&h, "p");
        html_attr(&h, "title", "\"><script>'&");
        html_attr(&h, "lang", NULL);
        html_flag(&h, "hidden", true);
        html_flag(&h, "open", false);
        html_text(&h, "<b>&\"'</b>\n");
        html_textf(&h, "%s %d", "<i>", 3);
        html_end(&h, "p");
        check_html(&out, "<p title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\" hidden>&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;\n&lt;i&gt; 3</p>");
}
END_TEST

START_TEST(bytes_that_no_page_may_hold) {
        static const char text[] = "a\x01" "b\xff" "c\xef\xbf\xbe" "d\xe2\x82\xac";
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);

        html_text_of(&h, (struct text){text, sizeof(text) - 1});
        check_html(&out, "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "d\xe2\x82\xac");
}
END_TEST

START_TEST(elements_without_an_end) {
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);

        html_begin(&h, "p");
        html_void(&h, "br");
        html_text(&h, "x");
        html_void(&h, "input");
        html_attr(&h, "name", "a");
        html_end(&h, "p");
        check_html(&out, "<p><br>x<input name=\"a\"></p>");
}
END_TEST

START_TEST(numbers_of_coordinates) {
        static const struct {
                double value;
                const char *text;
        } rows[] = {{0, "0"}, {1.5, "1.5"}, {-0.25, "-0.25"}, {-1.5, "-1.5"}, {2.004, "2"}, {2.006, "2.01"}, {1e6, "1000000"}, {-0.001, "0"}};

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct buffer out = BUFFER_INIT(1 << 16);
                struct html h = HTML_WRITER(&out);
                char expected[64];

                html_begin(&h, "rect");
                html_attr_number(&h, "x", rows[i].value);
                html_end(&h, "rect");
                snprintf(expected, sizeof(expected), "<rect x=\"%s\"></rect>", rows[i].text);
                check_html(&out, expected);
        }
}
END_TEST

START_TEST(what_stands_in_an_address) {
        struct buffer out = BUFFER_INIT(1 << 16);

        html_percent(&out, text_of("a/b?c=d&e f\xe2\x82\xac-._~"));
        check_html(&out, "a%2Fb%3Fc%3Dd%26e%20f%E2%82%AC-._~");
}
END_TEST

/* -- Parts -- */

START_TEST(a_table_has_caption_and_headings) {
        static const struct part_column columns[] = {{"Naam", PART_TEXT}, {"Aantal", PART_NUMBER}};
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);
        struct part_table t;

        part_table_begin(&t, &h, "t1", "Twee", columns, 2);
        part_row_begin(&t, NULL);
        part_cell_text(&t, "<a>");
        part_cell_int(&t, 1234567, LANGUAGE_NL);
        part_row_end(&t);
        part_table_end(&t, "Er zijn er geen.");
        check_html(&out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"t1\"><table><caption id=\"t1\">Twee</caption><thead><tr>"
                         "<th scope=\"col\">Naam</th><th scope=\"col\" class=\"number\">Aantal</th></tr></thead><tbody><tr><th scope=\"row\">&lt;a&gt;</th>"
                         "<td class=\"number\">1.234.567</td></tr></tbody></table></div>");
}
END_TEST

START_TEST(a_table_without_rows_says_so) {
        static const struct part_column columns[] = {{"Naam", PART_TEXT}, {"Aantal", PART_NUMBER}};
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);
        struct part_table t;

        part_table_begin(&t, &h, "t1", "Twee", columns, 2);
        part_table_end(&t, "Er zijn er geen.");
        ck_assert_ptr_nonnull(strstr(buffer_text(&out), "<td colspan=\"2\" class=\"empty\">Er zijn er geen.</td>"));
        buffer_done(&out);
}
END_TEST

static const char *instant_text(instant_t at, instant_t now, enum language language, char ret[256]) {
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);

        part_instant(&h, at, now, language);
        snprintf(ret, 256, "%s", buffer_text(&out));
        buffer_done(&out);
        return ret;
}

START_TEST(instants_as_people_write_them) {
        const instant_t now = 1774796400000; /* 2026-03-29T17:00:00+02:00, the day on which the clock went forward */
        char text[256];

        ck_assert_str_eq(instant_text(now - 60000, now, LANGUAGE_NL, text),
                         "<time datetime=\"2026-03-29T16:59:00+02:00\" title=\"2026-03-29T16:59:00+02:00\">16:59</time>");
        ck_assert_ptr_nonnull(strstr(instant_text(now - 20 * HOUR_MS, now, LANGUAGE_NL, text), ">gisteren 20:00<"));
        ck_assert_ptr_nonnull(strstr(instant_text(now - 20 * HOUR_MS, now, LANGUAGE_EN, text), ">yesterday 20:00<"));
        ck_assert_ptr_nonnull(strstr(instant_text(now - 60 * HOUR_MS, now, LANGUAGE_NL, text), ">27 mrt 2026 04:00<"));
        ck_assert_ptr_nonnull(strstr(instant_text(now + 24 * HOUR_MS, now, LANGUAGE_EN, text), ">30 Mar 2026 17:00<"));
}
END_TEST

START_TEST(numbers_as_people_write_them) {
        char text[PART_NUMBER_TEXT];

        ck_assert_str_eq(part_number(0, LANGUAGE_NL, text), "0");
        ck_assert_str_eq(part_number(-1000, LANGUAGE_NL, text), "-1.000");
        ck_assert_str_eq(part_number(INT64_MIN, LANGUAGE_EN, text), "-9,223,372,036,854,775,808");
        ck_assert_str_eq(part_bytes(999, LANGUAGE_NL, text), "999 B");
        ck_assert_str_eq(part_bytes(3400000, LANGUAGE_NL, text), "3,4 MB");
        ck_assert_str_eq(part_bytes(34000000, LANGUAGE_EN, text), "34 MB");
}
END_TEST

START_TEST(figures_that_change_say_where_they_come_from) {
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);

        part_live(&h, "/lag/records", "number", "1.234");
        part_live(&h, "/state", NULL, "goed");
        check_html(&out, "<span data-live=\"/lag/records\" data-form=\"number\">1.234</span><span data-live=\"/state\">goed</span>");
}
END_TEST

START_TEST(a_picture_says_what_it_shows) {
        struct buffer out = BUFFER_INIT(1 << 16);
        struct html h = HTML_WRITER(&out);

        part_picture_begin(&h, "p1", "Leven", "Een balk; de tabel zegt hetzelfde.", 100, 50);
        part_picture_end(&h);
        check_html(&out, "<figure><figcaption>Leven</figcaption><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" id=\"p1\" viewBox=\"0 0 100 50\" "
                         "width=\"100\" height=\"50\"><title>Leven</title><desc>Een balk; de tabel zegt hetzelfde.</desc></svg></figure>");
}
END_TEST

/* -- The server -- */

struct site {
        struct web_server *server;
        struct web_stream *stream;
        atomic_int handled;
        pthread_mutex_t gate; /* /slow waits for it */
};

static void add_value(void *ctx, const char *name, const char *value) {
        buffer_printf(ctx, "[%s=%s]", name, value);
}

/* Answers with all that it was asked. */
static void handle(void *ctx, const struct web_request *r, struct web_answer *a) {
        struct site *site = ctx;
        const char *once;
        int64_t after;
        bool many;

        atomic_fetch_add(&site->handled, 1);
        if (strcmp(web_path(r), "/stream") == 0) {
                ck_assert(text_to_int64(text_of(web_query(r, "after")), &after));
                a->stream = site->stream;
                a->stream_after = (uint64_t)after;
                return;
        }
        if (strcmp(web_path(r), "/slow") == 0) {
                pthread_mutex_lock(&site->gate);
                buffer_add_text(&a->body, "slow");
                pthread_mutex_unlock(&site->gate);
                return;
        }
        if (strcmp(web_path(r), "/see") == 0) {
                web_answer_see(a, "/there");
                return;
        }
        a->content_type = "text/plain; charset=utf-8";
        buffer_printf(&a->body, "%s %s ", web_method(r), web_path(r));
        web_query_each(r, add_value, &a->body);
        once = web_header_once(r, "x-once", &many);
        buffer_printf(&a->body, " form=%s cookie=%s once=%s many=%d address=%s", web_form(r, "a") ? web_form(r, "a") : "-",
                      web_cookie(r, "c") ? web_cookie(r, "c") : "-", once ? once : "-", many, web_address(r));
}

static void site_start(struct site *site) {
        struct error err = {0};

        memset(site, 0, sizeof(*site));
        pthread_mutex_init(&site->gate, NULL);
        ck_assert_int_eq(web_stream_new(&site->stream), 0);
        ck_assert_msg(web_server_start(&(struct web_server_config){.address = "127.0.0.1", .handle = handle, .ctx = site}, &site->server, &err) == 0, "%s",
                      err.text);
}

static void site_stop(struct site *site) {
        web_server_stop(site->server);
        web_stream_free(site->stream);
}

static void check_answer(struct site *site, const struct http_question *question, long status, const char *body) {
        struct http_question q = *question;
        struct http_reply reply;

        q.port = web_server_port(site->server);
        http_ask(&q, &reply);
        ck_assert_int_eq(reply.status, status);
        if (body)
                ck_assert_str_eq(buffer_text(&reply.body), body);
        http_done(&reply);
}

START_TEST(a_request_is_read_whole) {
        static const char *const headers[] = {"Cookie: b=1; c=2", "X-Once: one", NULL};
        static const char *const twice[] = {"X-Once: one", "X-Once: two", NULL};
        struct site site;

        site_start(&site);
        check_answer(&site, &(struct http_question){.path = "/a%20b?x=1&y&x=%26", .headers = headers}, 200,
                     "GET /a b [x=1][y=][x=&] form=- cookie=2 once=one many=0 address=127.0.0.1");
        check_answer(&site, &(struct http_question){.path = "/", .form = "b=1&a=x+y%3D%26&a=2", .headers = twice}, 200,
                     "POST /  form=x y=& cookie=- once=- many=1 address=127.0.0.1");
        check_answer(&site, &(struct http_question){.path = "/", .method = "HEAD"}, 200, "");
        check_answer(&site, &(struct http_question){.path = "/", .method = "DELETE"}, 200, NULL);
        site_stop(&site);
}
END_TEST

START_TEST(bodies_that_are_no_forms_reach_no_page) {
        static const char *const json[] = {"Content-Type: application/json", NULL};
        struct site site;
        char *large = malloc(WEB_FORM_MAX + 10);

        memset(large, 'a', WEB_FORM_MAX + 9);
        large[1] = '=';
        large[WEB_FORM_MAX + 9] = '\0';
        site_start(&site);
        check_answer(&site, &(struct http_question){.path = "/", .form = "{}", .headers = json}, 400, NULL);
        check_answer(&site, &(struct http_question){.path = "/", .form = "no-equals"}, 400, NULL);
        check_answer(&site, &(struct http_question){.path = "/", .form = "a=%zz"}, 400, NULL);
        check_answer(&site, &(struct http_question){.path = "/", .form = "a=%00"}, 400, NULL);
        check_answer(&site, &(struct http_question){.path = "/", .form = large}, 413, NULL);
        ck_assert_int_eq(atomic_load(&site.handled), 0);
        site_stop(&site);
        free(large);
}
END_TEST

START_TEST(headers_of_every_answer) {
        static const struct {
                const char *name, *value;
        } rows[] = {{"X-Content-Type-Options", "nosniff"},
                    {"Cache-Control", "no-store"},
                    {"Referrer-Policy", "same-origin"},
                    {"Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
                                                "form-action 'self'; frame-ancestors 'none'"}};
        static const char *const paths[] = {"/", "/see"};
        struct site site;
        struct http_reply reply;
        char value[1024];

        site_start(&site);
        for (size_t p = 0; p < ELEMENTS(paths); p++) {
                http_ask(&(struct http_question){.port = web_server_port(site.server), .path = paths[p]}, &reply);
                for (size_t i = 0; i < ELEMENTS(rows); i++)
                        ck_assert_str_eq(http_header(&reply, rows[i].name, value), rows[i].value);
                ck_assert_int_eq(reply.status, p == 0 ? 200 : 303);
                ck_assert_str_eq(http_header(&reply, "Location", value), p == 0 ? "" : "/there");
                http_done(&reply);
        }
        site_stop(&site);
}
END_TEST

START_TEST(a_socket_in_the_file_system) {
        char path[] = "/tmp/ketenwacht-web-XXXXXX", socket_path[64];
        static const char request[] = "GET / HTTP/1.0\r\n\r\n";
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct web_server *server, *again;
        struct error err = {0};
        struct site site = {0};
        char answer[4096] = "";
        size_t n = 0;
        ssize_t r;
        int fd;

        ck_assert_ptr_nonnull(mkdtemp(path));
        snprintf(socket_path, sizeof(socket_path), "%s/s", path);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
        /* One that a process left behind is in nobody's way. */
        ck_assert_int_eq(web_server_start(&(struct web_server_config){.unix_path = socket_path, .handle = handle, .ctx = &site}, &again, &err), 0);
        ck_assert_int_eq(web_server_start(&(struct web_server_config){.unix_path = socket_path, .handle = handle, .ctx = &site}, &server, &err), 0);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
        while (n + 1 < sizeof(answer) && (r = read(fd, answer + n, sizeof(answer) - 1 - n)) > 0)
                n += (size_t)r;
        ck_assert_ptr_nonnull(strstr(answer, "address=unix"));
        close(fd);
        web_server_stop(server);
        web_server_stop(again);
        ck_assert_int_ne(access(socket_path, F_OK), 0);
        rmdir(path);
}
END_TEST

START_TEST(what_cannot_be_listened_on) {
        struct web_server *server = NULL, *other = NULL;
        struct error err = {0};
        struct site site = {0};

        ck_assert_int_eq(web_server_start(&(struct web_server_config){.address = "localhost", .handle = handle, .ctx = &site}, &server, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "localhost"));
        ck_assert_int_eq(web_server_start(&(struct web_server_config){.address = "127.0.0.1", .handle = handle, .ctx = &site}, &server, &err), 0);
        ck_assert_int_eq(web_server_start(&(struct web_server_config){.address = "127.0.0.1", .port = web_server_port(server), .handle = handle, .ctx = &site},
                                          &other, &err), -EADDRINUSE);
        ck_assert_int_eq(web_server_start(&(struct web_server_config){.address = "127.0.0.1", .certificate = "no", .key = "no", .handle = handle,
                                                                      .ctx = &site}, &other, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "certificate"));
        web_server_stop(server);
}
END_TEST

/* While one page waits for something, all others are answered, whoever came over which connection; and what is being answered at a stop is sent. */
struct waiting {
        struct site *site;
        pthread_t thread;
        char body[64];
};

static void *ask_slowly(void *ctx) {
        struct waiting *w = ctx;
        struct http_reply reply;

        http_ask(&(struct http_question){.port = web_server_port(w->site->server), .path = "/slow"}, &reply);
        snprintf(w->body, sizeof(w->body), "%s", buffer_text(&reply.body));
        http_done(&reply);
        return NULL;
}

static void *stop_server(void *ctx) {
        struct site *site = ctx;

        web_server_stop(site->server);
        return NULL;
}

START_TEST(a_page_that_waits_holds_up_no_other) {
        struct waiting waiting[WEB_THREADS - 1];
        struct site site;
        pthread_t stopping;

        site_start(&site);
        pthread_mutex_lock(&site.gate);
        for (size_t i = 0; i < ELEMENTS(waiting); i++) {
                waiting[i].site = &site;
                ck_assert_int_eq(pthread_create(&waiting[i].thread, NULL, ask_slowly, &waiting[i]), 0);
        }
        while (atomic_load(&site.handled) < (int)ELEMENTS(waiting))
                sched_yield();
        for (int i = 0; i < 20; i++)
                check_answer(&site, &(struct http_question){.path = "/quick"}, 200, NULL);
        ck_assert_int_eq(pthread_create(&stopping, NULL, stop_server, &site), 0);
        pthread_mutex_unlock(&site.gate);
        for (size_t i = 0; i < ELEMENTS(waiting); i++) {
                pthread_join(waiting[i].thread, NULL);
                ck_assert_str_eq(waiting[i].body, "slow");
        }
        pthread_join(stopping, NULL);
        web_stream_free(site.stream);
}
END_TEST

/* -- Streams -- */

#define WATCHERS 100
#define WAIT_MS 60000

static int watch(const struct site *site, const char *after) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(web_server_port(site->server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        char request[128];
        int n = snprintf(request, sizeof(request), "GET /stream?after=%s HTTP/1.1\r\nHost: x\r\n\r\n", after);

        ck_assert_int_eq(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
        ck_assert_int_eq(write(fd, request, (size_t)n), n);
        return fd;
}

/* Reads until @what was seen; "" in its place: until the end. */
static void expect(int fd, const char *what) {
        char seen[65536] = "";
        size_t n = 0;

        for (;;) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                ssize_t r;

                if (*what && strstr(seen, what))
                        return;
                ck_assert_msg(poll(&p, 1, WAIT_MS) == 1, "'%s' did not come; '%.200s' did", what, seen);
                r = read(fd, seen + n, sizeof(seen) - 1 - n);
                if (r <= 0)
                        break;
                n += (size_t)r;
                seen[n] = '\0';
        }
        ck_assert_msg(!*what, "the stream ended before '%s'; '%.200s' came", what, seen);
}

START_TEST(everybody_sees_what_is_said_once) {
        struct site site;
        int fds[WATCHERS];

        site_start(&site);
        ck_assert_int_eq(web_stream_say(site.stream, "old", text_of("{}")), 0);
        for (size_t i = 0; i < WATCHERS; i++)
                fds[i] = watch(&site, "1");
        for (size_t i = 0; i < WATCHERS; i++)
                expect(fds[i], ":\n"); /* the server has it; no blank line, which some clients take for the end of an event */
        ck_assert_uint_eq(web_stream_watchers(site.stream), WATCHERS);
        ck_assert_int_eq(web_stream_say(site.stream, "figures", text_of("{\"a\":1}")), 0);
        for (size_t i = 0; i < WATCHERS; i++)
                expect(fds[i], "id: 2\nevent: figures\ndata: {\"a\":1}\n\n");
        web_stream_keep_alive(site.stream);
        for (size_t i = 0; i < WATCHERS; i++)
                expect(fds[i], ":\n\r\n");
        web_server_stop(site.server); /* with all of them asleep */
        ck_assert_uint_eq(web_stream_watchers(site.stream), 0);
        for (size_t i = 0; i < WATCHERS; i++) {
                expect(fds[i], "");
                close(fds[i]);
        }
        web_stream_free(site.stream);
}
END_TEST

/* Who may not watch any more, because a session is over, does not for ever. */
START_TEST(a_stream_ends_some_time) {
        struct site site = {0};
        struct error err = {0};
        char some[4096];
        int fd;

        ck_assert_int_eq(web_stream_new(&site.stream), 0);
        ck_assert_int_eq(
                web_server_start(&(struct web_server_config){.address = "127.0.0.1", .stream_ms = 1, .handle = handle, .ctx = &site}, &site.server, &err), 0);
        fd = watch(&site, "0");
        for (ssize_t n = 1; n > 0;) { /* it looks when there is something to send */
                struct pollfd p = {.fd = fd, .events = POLLIN};

                web_stream_keep_alive(site.stream);
                if (poll(&p, 1, 10) == 1)
                        n = read(fd, some, sizeof(some));
        }
        close(fd);
        site_stop(&site);
}
END_TEST

START_TEST(who_comes_again_goes_on_where_it_was) {
        struct site site;
        char first[64];
        int fd;

        site_start(&site);
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(web_stream_say(site.stream, "a", text_of(i == 0 ? "1" : i == 1 ? "2" : "3")), 0);
        fd = watch(&site, "1");
        expect(fd, "id: 2\nevent: a\ndata: 2\n\nid: 3\nevent: a\ndata: 3\n\n");
        close(fd);
        fd = watch(&site, "0"); /* new: the latest */
        expect(fd, ":\nid: 3\n");
        close(fd);
        fd = watch(&site, "77"); /* of another process */
        expect(fd, "id: 3\nevent: a\ndata: 3\n\n");
        close(fd);
        for (int i = 0; i < 2 * WEB_STREAM_KEPT; i++)
                ck_assert_int_eq(web_stream_say(site.stream, "b", text_of("x")), 0);
        fd = watch(&site, "1"); /* too far behind: the oldest there is */
        snprintf(first, sizeof(first), "id: %d\nevent: b", 3 + WEB_STREAM_KEPT + 1);
        expect(fd, first);
        close(fd);
        site_stop(&site);
}
END_TEST

static void wake_nobody(void *ctx) {
        (void) ctx;
}

START_TEST(a_message_that_was_lost_in_its_midst_is_no_message) {
        struct web_watcher *watcher;
        struct web_stream *stream;
        char bytes[8];

        ck_assert_int_eq(web_stream_new(&stream), 0);
        ck_assert_int_eq(web_stream_say(stream, "long", text_of("0123456789")), 0);
        ck_assert_int_eq(web_stream_join(stream, 0, wake_nobody, NULL, &watcher), 0);
        ck_assert_uint_eq(web_stream_read(watcher, bytes, sizeof(bytes), wake_nobody), sizeof(bytes)); /* the comment, and a part */
        for (int i = 0; i < WEB_STREAM_KEPT; i++)
                ck_assert_int_eq(web_stream_say(stream, "a", text_of("x")), 0);
        ck_assert_uint_eq(web_stream_read(watcher, bytes, sizeof(bytes), wake_nobody), WEB_STREAM_LOST);
        web_stream_leave(watcher);
        web_stream_free(stream);
}
END_TEST

START_TEST(too_long_for_a_message) {
        struct web_stream *stream;
        char *large = calloc(1, WEB_STREAM_MESSAGE_MAX + 1);

        memset(large, 'x', WEB_STREAM_MESSAGE_MAX);
        ck_assert_int_eq(web_stream_new(&stream), 0);
        ck_assert_int_eq(web_stream_say(stream, "a", text_of(large)), -E2BIG);
        ck_assert_int_eq(web_stream_say(stream, "a", text_of("x")), 0);
        web_stream_free(stream);
        free(large);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("web");
        TCase *t = tcase_create("web");
        SRunner *runner;
        int failed;

        curl_global_init(CURL_GLOBAL_ALL);
        tcase_set_timeout(t, 120);
        tcase_add_test(t, text_is_never_markup);
        tcase_add_test(t, bytes_that_no_page_may_hold);
        tcase_add_test(t, elements_without_an_end);
        tcase_add_test(t, numbers_of_coordinates);
        tcase_add_test(t, what_stands_in_an_address);
        tcase_add_test(t, a_table_has_caption_and_headings);
        tcase_add_test(t, a_table_without_rows_says_so);
        tcase_add_test(t, instants_as_people_write_them);
        tcase_add_test(t, numbers_as_people_write_them);
        tcase_add_test(t, figures_that_change_say_where_they_come_from);
        tcase_add_test(t, a_picture_says_what_it_shows);
        tcase_add_test(t, a_request_is_read_whole);
        tcase_add_test(t, bodies_that_are_no_forms_reach_no_page);
        tcase_add_test(t, headers_of_every_answer);
        tcase_add_test(t, a_socket_in_the_file_system);
        tcase_add_test(t, what_cannot_be_listened_on);
        tcase_add_test(t, a_page_that_waits_holds_up_no_other);
        tcase_add_test(t, everybody_sees_what_is_said_once);
        tcase_add_test(t, a_stream_ends_some_time);
        tcase_add_test(t, who_comes_again_goes_on_where_it_was);
        tcase_add_test(t, a_message_that_was_lost_in_its_midst_is_no_message);
        tcase_add_test(t, too_long_for_a_message);
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
