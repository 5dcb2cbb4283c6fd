/* SPDX-License-Identifier: EUPL-1.2 */

#include <errno.h>
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
        for (size_t i = 0; i < n; i++) {
                rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(m->cluster, topics[i].name, topics[i].partitions, 1);

                if (code) {
                        error_set(err, "the embedded broker cannot make the topic %s: %s", topics[i].name, rd_kafka_err2str(code));
                        mock_free(m);
                        return -EIO;
                }
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
