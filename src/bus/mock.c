/* SPDX-License-Identifier: EUPL-1.2 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "bus/mock.h"

struct mock {
        rd_kafka_t *rk; /* the cluster lives in a handle */
        rd_kafka_mock_cluster_t *cluster;
};

static void ignore_log(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
        (void)rk;
        (void)level;
        (void)facility;
        (void)text;
}

/*
 * The cluster answers what is asked of it ten times a second, however many ask (librdkafka 2.0.2). So topics
 * are made by many askers at once: sixty one after the other take six seconds.
 */
#define MAKERS 64

struct making {
        rd_kafka_mock_cluster_t *cluster;
        const struct mock_topic *topics;
        size_t n;
        atomic_size_t next;
        atomic_size_t wrong; /* the place of one that could not be made; n: none */
        atomic_int code;
};

static void *make_some(void *ctx) {
        struct making *making = ctx;

        for (size_t i; (i = atomic_fetch_add(&making->next, 1)) < making->n;) {
                rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(making->cluster, making->topics[i].name, making->topics[i].partitions, 1);

                if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                        continue;
                atomic_store(&making->code, code);
                atomic_store(&making->wrong, i);
        }
        return NULL;
}

static int make_topics(struct mock *m, const struct mock_topic *topics, size_t n, struct error *err) {
        struct making making = {.cluster = m->cluster, .topics = topics, .n = n};
        pthread_t makers[MAKERS];
        size_t started = 0, wrong;

        atomic_store(&making.wrong, n);
        while (started < MAKERS && started + 1 < n && pthread_create(&makers[started], NULL, make_some, &making) == 0)
                started++;
        (void)make_some(&making); /* also when no thread could be started */
        for (size_t i = 0; i < started; i++)
                (void)pthread_join(makers[i], NULL);
        wrong = atomic_load(&making.wrong);
        if (wrong == n)
                return 0;
        error_set(err, "the embedded broker cannot make the topic %s: %s", topics[wrong].name, rd_kafka_err2str(atomic_load(&making.code)));
        return -EIO;
}

int mock_new(const struct mock_topic *topics, size_t n, struct mock **ret, struct error *err) {
        struct mock *m = calloc(1, sizeof(*m));
        rd_kafka_conf_t *conf = m ? rd_kafka_conf_new() : NULL;
        char reason[256];

        if (!m || !conf) {
                free(m);
                return -ENOMEM;
        }
        rd_kafka_conf_set_log_cb(conf, ignore_log); /* it has no broker of its own and says so */
        m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
        if (!m->rk) {
                error_set(err, "the embedded broker cannot be started: %s", reason);
                rd_kafka_conf_destroy(conf);
                free(m);
                return -EIO;
        }
        m->cluster = rd_kafka_mock_cluster_new(m->rk, 1);
        if (!m->cluster) {
                error_set(err, "the embedded broker cannot be started: no port on 127.0.0.1 is free");
                mock_free(m);
                return -EIO;
        }
        if (make_topics(m, topics, n, err) < 0) {
                mock_free(m);
                return -EIO;
        }
        *ret = m;
        return 0;
}

struct mock *mock_free(struct mock *m) {
        if (!m)
                return NULL;
        if (m->cluster)
                rd_kafka_mock_cluster_destroy(m->cluster);
        rd_kafka_destroy(m->rk);
        free(m);
        return NULL;
}

const char *mock_bootstrap(const struct mock *m) {
        return rd_kafka_mock_cluster_bootstraps(m->cluster);
}
