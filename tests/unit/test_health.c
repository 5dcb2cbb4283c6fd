/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: an operator, a probe and Prometheus get the answers that health/health.h promises.
 * Method: the real server on a free port, asked by libcurl and by bare sockets; what /metrics
 * says goes through a reader of the exposition format of the test's own.
 */

#include <arpa/inet.h>
#include <check.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/metrics.h"
#include "health/health.h"

struct state {
        atomic_bool healthy;
        atomic_int reasons, notes;
        struct metric *lag;
};

static bool healthy(void *ctx) {
        return ((struct state *)ctx)->healthy;
}

static void ready(void *ctx, struct health_reasons *reasons) {
        struct state *s = ctx;

        for (int i = 0; i < s->reasons; i++)
                health_reason(reasons, "partition-behind", "partition %d is \"behind\"", i);
        for (int i = 0; i < s->notes; i++)
                health_note(reasons, "paused", "paused %d times", i);
}

static void refresh(void *ctx) {
        metric_set(((struct state *)ctx)->lag, 0, 42);
}

struct fixture {
        struct state state;
        struct metrics *metrics;
        struct health *health;
};

static void start(struct fixture *f) {
        static const char *const odd[] = {"a\"}b", "c\\", "d\ne"};
        static const int64_t bounds[] = {5, 50};
        struct metric *counter, *histogram;
        struct error err = {0};

        memset(f, 0, sizeof(*f));
        f->state.healthy = true;
        ck_assert_int_eq(metrics_new(&f->metrics), 0);
        ck_assert_int_eq(metrics_register(f->metrics, &(struct metric_row){.name = "kw_lag_seconds", .kind = METRIC_GAUGE, .help = "Lag."},
                                          &f->state.lag, &err), 0);
        ck_assert_int_eq(metrics_register(f->metrics, &(struct metric_row){.name = "kw_odd_total", .help = "Odd \\ names.", .labels = {{"odd", odd, 3}}},
                                          &counter, &err), 0);
        ck_assert_int_eq(metrics_register(f->metrics, &(struct metric_row){.name = "kw_wait_seconds", .kind = METRIC_HISTOGRAM, .help = "Wait.",
                                                                           .bounds = bounds, .n_bounds = 2, .per_unit = 1000}, &histogram, &err), 0);
        metric_add(counter, 1, 3);
        metric_observe(histogram, 0, 7);
        ck_assert_msg(health_start(&(struct health_config){.metrics = f->metrics, .healthy = healthy, .ready = ready, .refresh = refresh, .ctx = &f->state},
                                    &f->health, &err) == 0, "%s", err.text);
}

static void stop(struct fixture *f) {
        health_stop(f->health);
        metrics_free(f->metrics);
}

struct reply {
        long status;
        char type[64];
        char allow[64];
        struct buffer body;
};

static size_t take(char *bytes, size_t size, size_t n, void *ctx) {
        buffer_add(ctx, bytes, size * n);
        return size * n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *ctx) {
        static const char allow[] = "Allow: ";
        struct reply *r = ctx;
        size_t length = size * n, skip = sizeof(allow) - 1;

        if (length > skip + 2 && strncasecmp(bytes, allow, skip) == 0)
                snprintf(r->allow, sizeof(r->allow), "%.*s", (int)(length - skip - 2), bytes + skip);
        return length;
}

static void ask(struct fixture *f, const char *method, const char *path, struct reply *ret) {
        CURL *curl = curl_easy_init();
        char url[128], *type = NULL;

        *ret = (struct reply){.body = BUFFER_INIT(1 << 20)};
        snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", (unsigned)health_port(f->health), path);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ret->body);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, ret);
        if (strcmp(method, "HEAD") == 0)
                curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
        else
                curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
        if (strcmp(method, "POST") == 0)
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "a body that nobody wants");
        ck_assert_int_eq(curl_easy_perform(curl), CURLE_OK);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
        curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
        snprintf(ret->type, sizeof(ret->type), "%s", type ? type : "");
        curl_easy_cleanup(curl);
}

/* -- A reader of the text format, as strict as its specification -- */

static const char *read_name(const char *s) {
        ck_assert_msg(isalpha((unsigned char)*s) || *s == '_' || *s == ':', "no name: %.40s", s);
        while (isalnum((unsigned char)*s) || *s == '_' || *s == ':')
                s++;
        return s;
}

static const char *read_labels(const char *s) {
        do {
                s = read_name(s + 1);
                ck_assert_msg(s[0] == '=' && s[1] == '"', "no label value: %.40s", s);
                for (s += 2; *s != '"'; s++) {
                        ck_assert_msg(*s && *s != '\n', "a label value without end");
                        if (*s == '\\') {
                                s++;
                                ck_assert_msg(*s == '\\' || *s == '"' || *s == 'n', "no escape: \\%c", *s);
                        }
                }
                s++;
        } while (*s == ',');
        ck_assert_msg(*s == '}', "labels without end: %.40s", s);
        return s + 1;
}

/* Whether @name is the family itself, or one of a histogram's parts. */
static bool belongs(const char *name, size_t n, const char *family, const char *type) {
        static const char *const parts[] = {"_bucket", "_sum", "_count"};
        size_t length = strlen(family);

        if (strcmp(type, "histogram") != 0)
                return n == length && memcmp(name, family, n) == 0;
        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                if (n == length + strlen(parts[i]) && memcmp(name, family, length) == 0 && memcmp(name + length, parts[i], n - length) == 0)
                        return true;
        }
        return false;
}

/* Reads all of a text; returns how many samples it has. */
static size_t read_exposition(const char *s) {
        char family[128] = "", type[32] = "", helped[128] = "";
        size_t samples = 0;
        const char *end;

        while (*s) {
                end = strchr(s, '\n');
                ck_assert_msg(end, "the last line has no end");
                if (strncmp(s, "# HELP ", 7) == 0) {
                        snprintf(helped, sizeof(helped), "%.*s", (int)(read_name(s + 7) - s - 7), s + 7);
                } else if (strncmp(s, "# TYPE ", 7) == 0) {
                        ck_assert_int_eq(sscanf(s + 7, "%127s %31s", family, type), 2);
                        ck_assert_str_eq(family, helped);
                        ck_assert(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 || strcmp(type, "histogram") == 0);
                } else {
                        const char *after = read_name(s);
                        char *number_end;

                        ck_assert_msg(belongs(s, (size_t)(after - s), family, type), "a sample of no family: %.60s", s);
                        if (*after == '{')
                                after = read_labels(after);
                        ck_assert_int_eq(*after, ' ');
                        (void) strtod(after + 1, &number_end);
                        ck_assert_msg(number_end > after + 1 && number_end == end, "no number: %.60s", after);
                        samples++;
                }
                s = end + 1;
        }
        return samples;
}

START_TEST(test_metrics) {
        struct fixture f;
        struct reply r;

        start(&f);
        ask(&f, "GET", "/metrics", &r);
        ck_assert_int_eq(r.status, 200);
        ck_assert_str_eq(r.type, METRICS_CONTENT_TYPE);
        ck_assert_uint_eq(read_exposition(buffer_text(&r.body)), 1 + 3 + 5 + 3);
        ck_assert_ptr_nonnull(strstr(buffer_text(&r.body), "\nkw_lag_seconds 42\n"));
        ck_assert_ptr_nonnull(strstr(buffer_text(&r.body), "\nkw_wait_seconds_bucket{le=\"0.05\"} 1\n"));
        ck_assert_ptr_null(strstr(buffer_text(&r.body), "\nprocess_resident_memory_bytes 0\n"));
        buffer_done(&r.body);
        ask(&f, "HEAD", "/metrics", &r);
        ck_assert_int_eq(r.status, 200);
        ck_assert_uint_eq(r.body.n, 0);
        buffer_done(&r.body);
        stop(&f);
}
END_TEST

START_TEST(test_health) {
        struct fixture f;
        struct reply r;

        start(&f);
        ask(&f, "GET", "/healthz", &r);
        ck_assert_int_eq(r.status, 200);
        ck_assert_str_eq(buffer_text(&r.body), "{\"status\":\"alive\"}");
        buffer_done(&r.body);
        f.state.healthy = false;
        ask(&f, "GET", "/healthz?verbose", &r);
        ck_assert_int_eq(r.status, 503);
        buffer_done(&r.body);
        stop(&f);
}
END_TEST

START_TEST(test_ready) {
        struct fixture f;
        struct reply r;
        json_t *body;

        start(&f);
        ask(&f, "GET", "/readyz", &r);
        ck_assert_int_eq(r.status, 200);
        ck_assert_str_eq(buffer_text(&r.body), "{\"status\":\"ready\",\"reasons\":[]}");
        buffer_done(&r.body);
        f.state.notes = 1; /* something to say, and still ready */
        ask(&f, "GET", "/readyz", &r);
        ck_assert_int_eq(r.status, 200);
        ck_assert_str_eq(buffer_text(&r.body), "{\"status\":\"ready\",\"reasons\":[],\"notes\":[{\"code\":\"paused\",\"text\":\"paused 0 times\"}]}");
        buffer_done(&r.body);
        f.state.notes = HEALTH_REASONS_MAX + 3;
        f.state.reasons = HEALTH_REASONS_MAX + 3;
        ask(&f, "GET", "/readyz", &r);
        ck_assert_int_eq(r.status, 503);
        ck_assert_str_eq(r.type, "application/json");
        body = json_loads(buffer_text(&r.body), 0, NULL);
        ck_assert_str_eq(json_string_value(json_object_get(body, "status")), "not ready");
        ck_assert_uint_eq(json_array_size(json_object_get(body, "reasons")), HEALTH_REASONS_MAX);
        ck_assert_uint_eq(json_array_size(json_object_get(body, "notes")), HEALTH_REASONS_MAX);
        ck_assert_int_eq(json_integer_value(json_object_get(body, "left_out")), 3);
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(body, "reasons"), 1), "text")), "partition 1 is \"behind\"");
        json_decref(body);
        buffer_done(&r.body);
        stop(&f);
}
END_TEST

static const struct {
        const char *method, *path;
        long status;
        const char *allow;
} problems_rows[] = {
        {"GET", "/", 404, ""},
        {"GET", "/metrics/", 404, ""},
        {"GET", "/..%2fetc%2fpasswd", 404, ""},
        {"POST", "/nothing", 404, ""},
        {"POST", "/metrics", 405, "GET, HEAD"},
        {"PUT", "/readyz", 405, "GET, HEAD"},
        {"DELETE", "/healthz", 405, "GET, HEAD"},
};

START_TEST(test_problems) {
        struct fixture f;
        struct reply r;
        json_t *body;

        start(&f);
        ask(&f, problems_rows[_i].method, problems_rows[_i].path, &r);
        ck_assert_int_eq(r.status, problems_rows[_i].status);
        ck_assert_str_eq(r.type, "application/problem+json");
        ck_assert_str_eq(r.allow, problems_rows[_i].allow);
        body = json_loads(buffer_text(&r.body), 0, NULL);
        ck_assert_int_eq(json_integer_value(json_object_get(body, "status")), problems_rows[_i].status);
        ck_assert_ptr_nonnull(json_string_value(json_object_get(body, "type")));
        ck_assert_ptr_nonnull(json_string_value(json_object_get(body, "title")));
        ck_assert_ptr_nonnull(json_string_value(json_object_get(body, "detail")));
        json_decref(body);
        buffer_done(&r.body);
        stop(&f);
}
END_TEST

static int connect_bare(struct fixture *f) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(health_port(f->health)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        return fd;
}

/* Bytes that are no HTTP, connections that say nothing: the next one is served, and stopping is not held up. */
START_TEST(test_rude_clients) {
        static const char garbage[] = "\x16\x03\x01\x02 no http\r\n\r\n";
        char header[HEALTH_CONNECTION_BYTES * 2], bytes[512];
        struct fixture f;
        struct reply r;
        int silent, rude, huge;

        start(&f);
        silent = connect_bare(&f);
        rude = connect_bare(&f);
        ck_assert_int_eq(send(rude, garbage, sizeof(garbage), MSG_NOSIGNAL), (int)sizeof(garbage));
        while (recv(rude, bytes, sizeof(bytes), 0) > 0)
                ;
        huge = connect_bare(&f);
        memset(header, 'x', sizeof(header));
        memcpy(header, "GET /healthz HTTP/1.1\r\nh: ", 26);
        (void) send(huge, header, sizeof(header), MSG_NOSIGNAL); /* the server may hang up before it is all there */
        ssize_t n = recv(huge, bytes, sizeof(bytes) - 1, 0);
        ck_assert(n <= 0 || strncmp(bytes, "HTTP/1.1 4", 10) == 0);
        ask(&f, "GET", "/healthz", &r);
        ck_assert_int_eq(r.status, 200);
        buffer_done(&r.body);
        stop(&f);
        ck_assert_int_le(recv(silent, bytes, sizeof(bytes), 0), 0);
        close(silent);
        close(rude);
        close(huge);
}
END_TEST

START_TEST(test_addresses) {
        struct fixture f;
        struct metrics *other;
        struct health *second = NULL;
        struct error err = {0};

        start(&f);
        ck_assert_int_eq(metrics_new(&other), 0);
        ck_assert_int_eq(health_start(&(struct health_config){.metrics = other, .address = "localhost"}, &second, &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "'localhost'"));
        ck_assert_int_eq(health_start(&(struct health_config){.metrics = other, .port = health_port(f.health)}, &second, &err), -EADDRINUSE);
        ck_assert_ptr_null(second);
        metrics_free(other);
        stop(&f);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("health");
        TCase *t = tcase_create("health");
        SRunner *runner;
        int failed;

        curl_global_init(CURL_GLOBAL_DEFAULT);
        tcase_set_timeout(t, 60);
        tcase_add_test(t, test_metrics);
        tcase_add_test(t, test_health);
        tcase_add_test(t, test_ready);
        tcase_add_loop_test(t, test_problems, 0, (int)ELEMENTS(problems_rows));
        tcase_add_test(t, test_rude_clients);
        tcase_add_test(t, test_addresses);
        suite_add_tcase(suite, t);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
