/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: many webhooks go out of one process fast, in order and soon, at a cost that is known.
 * Method: a receiver for each organisation, on a port of its own; one connector, which is another process; events written to all inboxes in turn at a
 * steady rate. What came is counted, its order per case held to, its age taken at arrival; CPU and memory are the connector's.
 *
 *   fleet_load KETENWACHT FOLDER RECEIVERS RATE SECONDS     FOLDER: of organisations.yaml, with as many organisations or more
 *
 * Prints one JSON object. Exit status: 0, or 1 when something was lost, came twice or out of order.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inbox_fixture.h"

#define CASES 20
#define BUFFER_BYTES 16384
#define IN_US INT64_C(1000000)
#define STEP_NS 2000000
#define PATH_MAX_BYTES 512
#define WAIT_STEPS 60000

static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";

/* One connection of a receiver, or its listener. */
struct conversation {
        int s;
        bool listens;
        size_t receiver, n;
        char bytes[BUFFER_BYTES];
};

struct load {
        struct connecting c;
        const char *ketenwacht, *folder;
        size_t receivers, per_receiver, written;
        uint16_t *ports;
        int epoll;
        int64_t *sent_at;         /* [receivers * per_receiver], us */
        int64_t *ages;            /* the same, of what has arrived */
        int (*next)[CASES + 1];   /* [receivers] */
        atomic_size_t arrived;    /* each once */
        size_t repeated, disordered;
        pid_t pid;
};

static int64_t now_us(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * IN_US + t.tv_nsec / 1000;
}

/* -- Receivers: one thread -- */

static int number_behind(const char *bytes, const char *key) {
        const char *at = strstr(bytes, key);

        return at ? (int)strtol(at + strlen(key) + 24, NULL, 16) : -1;
}

static void take_event(struct load *l, size_t receiver, const char *body) {
        int number = number_behind(body, "\"event_id\":\""), of_case = number_behind(body, "\"case_id\":\"");
        size_t at = receiver * l->per_receiver + (size_t)number;

        if (number < 0 || (size_t)number >= l->per_receiver || of_case < 1 || of_case > CASES) {
                l->disordered++;
                return;
        }
        if (l->ages[at] > 0) {
                l->repeated++;
                return;
        }
        l->disordered += number != l->next[receiver][of_case];
        l->next[receiver][of_case] = number + CASES;
        l->ages[at] = now_us() - l->sent_at[at];
        (void) atomic_fetch_add(&l->arrived, 1);
}

/* Answers every request that is whole. */
static void take_bytes(struct load *l, struct conversation *k) {
        for (;;) {
                const char *end, *length;
                size_t head, body;

                k->bytes[k->n] = '\0';
                end = strstr(k->bytes, "\r\n\r\n");
                if (!end)
                        return;
                length = strcasestr(k->bytes, "content-length:");
                head = (size_t)(end - k->bytes) + 4;
                body = length ? (size_t)strtol(length + 15, NULL, 10) : 0;
                if (k->n < head + body)
                        return;
                take_event(l, k->receiver, k->bytes + head);
                if (write(k->s, answer, sizeof(answer) - 1) != sizeof(answer) - 1)
                        l->disordered++;
                memmove(k->bytes, k->bytes + head + body, k->n - head - body);
                k->n -= head + body;
        }
}

static void converse(struct load *l, int s, bool listens, size_t receiver) {
        struct conversation *k = calloc(1, sizeof(*k));

        if (!k)
                abort();
        k->s = s;
        k->listens = listens;
        k->receiver = receiver;
        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s, &(struct epoll_event){.events = EPOLLIN, .data.ptr = k}))
                abort();
}

static void *receive(void *ctx) {
        struct load *l = ctx;

        for (;;) {
                struct epoll_event events[64];
                int n = epoll_wait(l->epoll, events, (int)ELEMENTS(events), -1);

                for (int i = 0; i < n; i++) {
                        struct conversation *k = events[i].data.ptr;
                        ssize_t got;

                        if (k->listens) {
                                converse(l, accept(k->s, NULL, NULL), false, k->receiver);
                                continue;
                        }
                        got = read(k->s, k->bytes + k->n, sizeof(k->bytes) - 1 - k->n);
                        if (got <= 0) {
                                (void) close(k->s);
                                free(k);
                                continue;
                        }
                        k->n += (size_t)got;
                        take_bytes(l, k);
                }
        }
        return NULL;
}

static void listen_all(struct load *l) {
        l->epoll = epoll_create1(EPOLL_CLOEXEC);
        for (size_t i = 0; i < l->receivers; i++) {
                struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
                socklen_t n = sizeof(address);
                int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

                ck_assert_int_ge(s, 0);
                ck_assert_int_eq(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
                ck_assert_int_eq(listen(s, 64), 0);
                ck_assert_int_eq(getsockname(s, (struct sockaddr *)&address, &n), 0);
                l->ports[i] = ntohs(address.sin_port);
                converse(l, s, true, i);
        }
}

/* -- The broker and the connector -- */

static void make_topics(struct load *l) {
        static const char *const own[] = {TOPIC_DEAD_LETTERS, TOPIC_DELIVERIES, TOPIC_REDELIVERIES, TOPIC_CONNECTOR_ORDERS, TOPIC_CONNECTOR_KEYS};
        char name[PATH_MAX_BYTES];
        struct admin *admin;

        ck_ok(admin_new(&l->c.cluster.config, &admin, &err));
        for (size_t i = 0; i < l->receivers + ELEMENTS(own); i++) {
                bool inbox = i < l->receivers;

                (void) snprintf(name, sizeof(name), "%s%s%s", l->c.cluster.prefix, inbox ? TOPIC_INBOX_PREFIX : "",
                                inbox ? organisations_at(l->c.orgs, i)->id : own[i - l->receivers]);
                ck_ok(admin_topic_make(admin, &(struct admin_topic){.name = name, .partitions = 1, .replication = 1}, &err));
        }
        admin_free(admin);
}

static void write_files(const struct load *l) {
        char path[PATH_MAX_BYTES];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/broker.yaml", l->folder);
        f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        (void) fprintf(f, "prefix: %s\n", l->c.cluster.prefix);
        (void) fclose(f);
        (void) snprintf(path, sizeof(path), "%s/fleet.yaml", l->folder);
        f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        (void) fputs("connector: webhook\norganisations:\n", f);
        for (size_t i = 0; i < l->receivers; i++)
                (void) fprintf(f, "  %s: {url: \"http://127.0.0.1:%u/in\"}\n", organisations_at(l->c.orgs, i)->id, (unsigned)l->ports[i]);
        (void) fclose(f);
}

static void begin(struct load *l) {
        char schemas[PATH_MAX_BYTES], file[PATH_MAX_BYTES], log[PATH_MAX_BYTES];

        (void) project_path("schemas", schemas);
        (void) snprintf(file, sizeof(file), "%s/fleet.yaml", l->folder);
        (void) snprintf(log, sizeof(log), "%s/connect.log", l->folder);
        l->pid = fork();
        if (l->pid == 0) {
                int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

                (void) dup2(out, 2);
                (void) execl(l->ketenwacht, "ketenwacht", "connect", file, "--config", l->folder, "--schemas", schemas, "--bootstrap",
                             l->c.cluster.bootstrap, (char *)NULL);
                _exit(127);
        }
        ck_assert_int_gt(l->pid, 0);
}

static long proc_number(pid_t pid, const char *what, const char *key) {
        char path[64], line[512];
        long number = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
        f = fopen(path, "r");
        ck_assert_ptr_nonnull(f);
        while (fgets(line, sizeof(line), f)) {
                if (strncmp(line, key, strlen(key)) == 0)
                        number = strtol(line + strlen(key), NULL, 10);
        }
        (void) fclose(f);
        return number;
}

/* CPU of the connector, in ms. */
static long cpu_ms(pid_t pid) {
        char path[64];
        unsigned long user = 0, kernel = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        f = fopen(path, "r");
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel), 2);
        (void) fclose(f);
        return (long)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}

/* -- Writing -- */

static void write_one(struct load *l, struct writing *w, size_t receiver, int number, struct buffer *value) {
        char inbox[BUS_NAME_MAX + 1];

        (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%s", organisations_at(l->c.orgs, receiver)->id);
        w->inbox = inbox;
        buffer_clear(value);
        encode(&l->c, number, 1 + number % CASES, value);
        l->sent_at[receiver * l->per_receiver + (size_t)number] = now_us();
        put(w, 1 + number % CASES, value->bytes, value->n, number);
        l->written++;
}

static void wait_arrived(struct load *l, size_t n) {
        const struct timespec step = {.tv_nsec = STEP_NS};

        for (int i = 0; i < WAIT_STEPS && atomic_load(&l->arrived) < n; i++)
                (void) nanosleep(&step, NULL);
}

/* Events first … end - 1 of every receiver, in turn; @rate 0: as fast as may be. */
static void write_all(struct load *l, struct writing *w, int first, int end, int64_t rate) {
        struct buffer value = BUFFER_INIT(65536);
        int64_t began = now_us(), n = 0;

        for (int number = first; number < end; number++) {
                for (size_t i = 0; i < l->receivers; i++, n++) {
                        const struct timespec step = {.tv_nsec = STEP_NS};

                        while (rate > 0 && n * IN_US / rate > now_us() - began)
                                (void) nanosleep(&step, NULL);
                        write_one(l, w, i, number, &value);
                }
                ck_ok(bus_producer_poll(w->producer, 0, &err));
        }
        buffer_done(&value);
}

static int compare_ages(const void *a, const void *b) {
        const int64_t *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

static void measure(struct load *l, struct writing *w, int64_t rate) {
        size_t all = l->receivers * l->per_receiver, idle_kb;
        int64_t began, took;
        long cpu;

        write_all(l, w, 0, 1, 0); /* so that every connection stands, and everything is known */
        wait_arrived(l, l->receivers);
        idle_kb = (size_t)proc_number(l->pid, "status", "VmRSS:");
        cpu = cpu_ms(l->pid);
        began = now_us();
        write_all(l, w, 1, (int)l->per_receiver, rate);
        wait_arrived(l, all);
        took = now_us() - began;
        cpu = cpu_ms(l->pid) - cpu;
        qsort(l->ages + l->receivers, all - l->receivers, sizeof(*l->ages), compare_ages);
        printf("{\"receivers\":%zu,\"written\":%zu,\"arrived\":%zu,\"repeated\":%zu,\"out_of_order\":%zu,\"a_second\":%lld,\"cpu_ms\":%ld,"
               "\"a_cpu_second\":%lld,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f,\"idle_mb\":%.1f,\"peak_mb\":%.1f}\n",
               l->receivers, l->written, atomic_load(&l->arrived), l->repeated, l->disordered, (long long)((int64_t)(all - l->receivers) * IN_US / took), cpu,
               (long long)(cpu > 0 ? (int64_t)(all - l->receivers) * 1000 / cpu : 0), (double)l->ages[l->receivers + (all - l->receivers) / 2] / 1000,
               (double)l->ages[l->receivers + (all - l->receivers) * 99 / 100] / 1000, (double)l->ages[all - 1] / 1000, (double)idle_kb / 1024,
               (double)proc_number(l->pid, "status", "VmHWM:") / 1024);
}

static struct load l;
static int64_t rate, seconds;

static void prepare(void) {
        struct mistakes mistakes = MISTAKES_INIT;
        char path[PATH_MAX_BYTES];

        (void) snprintf(path, sizeof(path), "%s/organisations.yaml", l.folder);
        ck_assert_msg(organisations_read(path, &l.c.orgs, &mistakes) == 0, "%s", buffer_text(&mistakes.text));
        ck_assert_int_eq(event_types_read(project_path("schemas", path), &l.c.types, &mistakes), 0);
        ck_assert_uint_ge(organisations_count(l.c.orgs), l.receivers);
        l.per_receiver = 1 + (size_t)(rate * seconds) / l.receivers;
        l.ports = calloc(l.receivers, sizeof(*l.ports));
        l.sent_at = calloc(l.receivers * l.per_receiver, sizeof(*l.sent_at));
        l.ages = calloc(l.receivers * l.per_receiver, sizeof(*l.ages));
        l.next = calloc(l.receivers, sizeof(*l.next));
        ck_assert(l.ports && l.sent_at && l.ages && l.next);
        for (size_t i = 0; i < l.receivers; i++) {
                for (int k = 1; k <= CASES; k++)
                        l.next[i][k] = k - 1;
        }
}

START_TEST(test_a_fleet_is_in_order_and_loses_nothing) {
        struct writing w;
        pthread_t thread;
        size_t sent;
        int status;

        prepare();
        cluster_up(&l.c.cluster, NULL, 0);
        make_topics(&l);
        listen_all(&l);
        ck_assert_int_eq(pthread_create(&thread, NULL, receive, &l), 0);
        write_files(&l);
        begin(&l);
        w = begin_writing(&l.c, "", &sent);
        measure(&l, &w, rate);
        end_writing(&w);
        (void) kill(l.pid, SIGTERM);
        ck_assert_int_eq(waitpid(l.pid, &status, 0), l.pid);
        ck_assert_int_eq(status, 0);
        ck_assert_uint_eq(l.disordered, 0);
        ck_assert_uint_eq(l.repeated, 0);
        ck_assert_uint_eq(atomic_load(&l.arrived), l.written);
}
END_TEST

int main(int argc, char **argv) {
        char kind[] = "kafka";
        Suite *suite = suite_create("fleet");
        SRunner *runner = srunner_create(suite);
        TCase *tc = tcase_create("fleet");
        int failed;

        if (argc != 6 || !cluster_chosen(2, (char *[]){argv[0], kind}))
                return CLUSTER_SKIPPED;
        l.ketenwacht = argv[1];
        l.folder = argv[2];
        l.receivers = (size_t)strtol(argv[3], NULL, 10);
        rate = strtol(argv[4], NULL, 10);
        seconds = strtol(argv[5], NULL, 10);
        tcase_set_timeout(tc, 0);
        tcase_add_test(tc, test_a_fleet_is_in_order_and_loses_nothing);
        suite_add_tcase(suite, tc);
        srunner_set_fork_status(runner, CK_NOFORK);
        srunner_run_all(runner, CK_MINIMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
