/* SPDX-License-Identifier: EUPL-1.2 */

/* The embedded broker: librdkafka's mock cluster, made quick where 2.0.2 waits for nothing. */

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "bus/kafka/handles.h"
#include "bus/mock.h"

#define NUDGES_MAX 1000000 /* a millisecond each */
#define DESCRIPTORS_MAX 4096 /* of this process that are looked at */

struct mock {
        rd_kafka_t *rk; /* the cluster lives in a handle */
        rd_kafka_mock_cluster_t *cluster;
};

/*
 * @locality any thread of librdkafka
 * @locks none
 */
static void ignore_log(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
        (void)rk;
        (void)level;
        (void)facility;
        (void)text;
}

/* 127.0.0.1 and the port that the cluster's last broker listens on. Return: false when it cannot be told. */
static bool address_of(const struct mock *m, struct sockaddr_in *ret) {
        const char *bootstrap = mock_bootstrap(m), *colon = strrchr(bootstrap, ':');
        int64_t port;

        *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (!colon || !text_to_int64(text_of(colon + 1), &port) || port <= 0 || port > UINT16_MAX)
                return false;
        ret->sin_port = htons((uint16_t)port);
        return true;
}

/*
 * The cluster answers two requests at a time in two small packets, of which the second waits 40 ms for
 * the acknowledgement of the first: every transaction would. Its listening socket is found among ours, and what it
 * accepts inherits that nothing waits. Without it all is the same, only slower: so it never fails.
 */
static void send_at_once(const struct mock *m) {
        struct sockaddr_in wanted;

        if (!address_of(m, &wanted))
                return;
        for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
                struct sockaddr_in at = {0};
                socklen_t at_n = sizeof(at), listens_n = sizeof(int);
                int listens = 0, on = 1;

                if (getsockname(fd, (struct sockaddr *)&at, &at_n) || at.sin_family != AF_INET || at.sin_port != wanted.sin_port)
                        continue;
                if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_n) == 0 && listens)
                        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        }
}

/*
 * The cluster's thread of 2.0.2 may miss that a topic is to be made, when the request comes while it
 * reads the wake-up of the one before; it then sleeps for a second. Anything that comes over a
 * connection wakes it: so while topics are made, one sends the bytes of a request that never ends.
 */
struct nudger {
        pthread_t thread;
        int fd;
        atomic_bool stop;
};

/*
 * @locality a thread of its own, while topics are made
 * @locks none: the socket is its own until it is joined, @stop is atomic
 */
static void *nudge(void *arg) {
        struct nudger *n = arg;
        uint32_t size = htonl(2 * NUDGES_MAX);

        if (send(n->fd, &size, sizeof(size), MSG_NOSIGNAL) != sizeof(size))
                return NULL;
        for (unsigned i = 0; i < NUDGES_MAX && !atomic_load(&n->stop); i++) {
                if (send(n->fd, "", 1, MSG_NOSIGNAL) != 1)
                        break;
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        return NULL;
}

/* Without it topics are made all the same, slowly: so it may fail. Return: whether it runs. */
static bool nudger_start(struct nudger *n, const struct mock *m) {
        struct sockaddr_in address;

        atomic_init(&n->stop, false);
        n->fd = -1;
        if (!address_of(m, &address))
                return false;
        n->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (n->fd >= 0 && connect(n->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
            pthread_create(&n->thread, NULL, nudge, n) == 0)
                return true;
        if (n->fd >= 0)
                close(n->fd);
        return false;
}

static void nudger_stop(struct nudger *n) {
        atomic_store(&n->stop, true);
        pthread_join(n->thread, NULL);
        close(n->fd);
}

static int make_topics(struct mock *m, const struct mock_topic *topics, size_t n, struct error *err) {
        struct nudger nudger;
        bool nudging = nudger_start(&nudger, m);
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

        for (size_t i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < n; i++) {
                assert(topics[i].partitions > 0);
                code = rd_kafka_mock_topic_create(m->cluster, topics[i].name, topics[i].partitions, 1);
                if (code)
                        error_set(err, "the embedded broker cannot make the topic %s: %s", topics[i].name, rd_kafka_err2str(code));
        }
        if (nudging)
                nudger_stop(&nudger);
        return code ? -EIO : 0;
}

int mock_new(int brokers, const struct mock_topic *topics, size_t n, struct mock **ret, struct error *err) {
        CLEANUP(mock_free_p) struct mock *m = calloc(1, sizeof(*m));
        CLEANUP(rd_kafka_conf_destroy_p) rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char reason[256];
        int r;

        assert(brokers > 0);
        if (!m || !conf)
                return -ENOMEM;
        rd_kafka_conf_set_log_cb(conf, ignore_log); /* it has no broker of its own and says so */
        m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
        if (!m->rk) {
                error_set(err, "the embedded broker cannot be started: %s", reason);
                return -EIO;
        }
        conf = NULL; /* librdkafka's now */
        m->cluster = rd_kafka_mock_cluster_new(m->rk, brokers);
        if (!m->cluster) {
                error_set(err, "the embedded broker cannot be started: no port on 127.0.0.1 is free");
                return -EIO;
        }
        send_at_once(m);
        r = make_topics(m, topics, n, err);
        if (r)
                return r;
        *ret = TAKE(m);
        return 0;
}

struct mock *mock_free(struct mock *m) {
        if (!m)
                return NULL;
        if (m->cluster)
                rd_kafka_mock_cluster_destroy(m->cluster);
        if (m->rk)
                rd_kafka_destroy(m->rk);
        free(m);
        return NULL;
}

const char *mock_bootstrap(const struct mock *m) {
        return rd_kafka_mock_cluster_bootstraps(m->cluster);
}

struct rd_kafka_mock_cluster_s *mock_cluster(const struct mock *m) {
        return m->cluster;
}
