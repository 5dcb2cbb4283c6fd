/* SPDX-License-Identifier: EUPL-1.2 */

/* The Kafka cluster as a struct bus, and which properties of librdkafka are ours to decide and which the operator's. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bus/kafka.h"
#include "bus/kafka/client.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/producer.h"
#include "bus/kafka/reader.h"
#include "bus/kafka/worker.h"

static const struct {
        const char *name, *why[LANGUAGES];
} refused[] = {
        {"bootstrap.servers", {"stands under the key bootstrap", "staat onder de sleutel bootstrap"}},
        {"metadata.broker.list", {"stands under the key bootstrap", "staat onder de sleutel bootstrap"}},
        {"group.id", {"follows from the prefix and the command", "volgt uit prefix en het commando"}},
        {"group.instance.id", {"follows from --instance", "volgt uit --instance"}},
        {"transactional.id", {"follows from the prefix and --instance", "volgt uit prefix en --instance"}},
        {"partition.assignment.strategy", {"decides who owns a case", "beslist bij wie een zaak is"}},
        {"partitioner", {"decides the partition of a case", "beslist over de partitie van een zaak"}},
        {"enable.auto.commit", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"auto.commit.enable", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"enable.auto.offset.store", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"auto.offset.reset", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"isolation.level", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"enable.idempotence", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"enable.gapless.guarantee", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"acks", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"request.required.acks", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"max.in.flight", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"max.in.flight.requests.per.connection", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"delivery.report.only.error", {"decides what is exactly once", "beslist of iets precies één keer gebeurt"}},
        {"enable.partition.eof", {"is how a worker knows that it has caught up", "zegt een worker dat hij bij is"}},
        {"allow.auto.create.topics", {"topics are made by ketenwacht topics apply", "topics maakt ketenwacht topics apply"}},
        {"client.id", {"is the name of the command", "is de naam van het commando"}},
        {"test.mock.num.brokers", {"the embedded broker is ketenwacht mock", "de ingebouwde broker is ketenwacht mock"}},
        {"plugin.library.paths", {"code is not loaded from configuration", "code komt niet uit de configuratie"}},
        {"interceptors", {"code is not loaded from configuration", "code komt niet uit de configuratie"}},
};

const char *kafka_property_refused(const char *name, enum language language) {
        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                if (strcmp(refused[i].name, name) == 0)
                        return refused[i].why[language];
        }
        return NULL;
}

static void property_unknown(rd_kafka_conf_t *conf, const char *name, enum language language, struct error *err) {
        struct nearest nearest = NEAREST_INIT(name);
        char hint[NEAREST_HINT_MAX];
        size_t n = 0;
        const char **all = rd_kafka_conf_dump(conf, &n);

        for (size_t i = 0; all && i + 1 < n; i += 2)
                nearest_try(&nearest, all[i]);
        error_set(err, IN_LANGUAGE(language, "librdkafka has no property '%s'%s", "librdkafka kent geen eigenschap '%s'%s"), name,
                  language_hint(language, &nearest, hint));
        if (all)
                rd_kafka_conf_dump_free(all, n);
}

int kafka_property_check(const char *name, const char *value, enum language language, struct error *err) {
        CLEANUP(rd_kafka_conf_destroy_p) rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char reason[KAFKA_TROUBLE_MAX];
        rd_kafka_conf_res_t res;

        if (!conf)
                return -ENOMEM;
        res = rd_kafka_conf_set(conf, name, value, reason, sizeof(reason));
        if (res == RD_KAFKA_CONF_OK)
                return 0;
        if (res == RD_KAFKA_CONF_UNKNOWN)
                property_unknown(conf, name, language, err);
        else
                error_set(err, IN_LANGUAGE(language, "librdkafka does not take '%s' so: %s", "librdkafka neemt '%s' zo niet aan: %s"), name, reason);
        return -EINVAL;
}

bool kafka_config_debugs(const struct kafka_config *config) {
        for (size_t i = 0; i < config->properties_n; i++) {
                if (strcmp(config->properties[i].name, "debug") == 0 && config->properties[i].value[0])
                        return true;
        }
        return false;
}

static struct bus *kafka_bus_free(struct bus *b) {
        struct kafka_bus *k = kafka_bus_of(b);

        for (size_t i = 0; k->properties && i < k->properties_n; i++) {
                free((char *)k->properties[i].name);
                free((char *)k->properties[i].value);
        }
        free(k->properties);
        free(k->bootstrap);
        free(k->prefix);
        free(k->client_id);
        free(k);
        return NULL;
}

static const struct bus_ops kafka_ops = {
        .name = "kafka",
        .worker_open = kafka_worker_open,
        .consumer_open = kafka_consumer_open,
        .producer_open = kafka_producer_open,
        .reader_open = kafka_reader_open,
        .free = kafka_bus_free,
};

static int take_properties(struct kafka_bus *k, const struct kafka_config *config, struct error *err) {
        k->properties = calloc(config->properties_n + 1, sizeof(*k->properties));
        if (!k->properties)
                return -ENOMEM;
        for (size_t i = 0; i < config->properties_n; i++) {
                const struct kafka_property *p = &config->properties[i];
                const char *why = kafka_property_refused(p->name, LANGUAGE_EN);
                int r;

                if (why) {
                        error_set(err, "the property %s of librdkafka cannot be set: it %s", p->name, why);
                        return -EINVAL;
                }
                r = kafka_property_check(p->name, p->value, LANGUAGE_EN, err);
                if (r)
                        return r;
                k->properties[k->properties_n++] = (struct kafka_property){strdup(p->name), strdup(p->value)};
                if (!k->properties[i].name || !k->properties[i].value)
                        return -ENOMEM;
        }
        return 0;
}

int kafka_bus_new(const struct kafka_config *config, struct bus **ret, struct error *err) {
        CLEANUP(bus_free_p) struct bus *bus = NULL;
        struct kafka_bus *k;
        int r;

        if (!config->bootstrap || !config->bootstrap[0]) {
                error_set(err, "no broker is configured: give --bootstrap HOST:PORT, KETENWACHT_BOOTSTRAP, or the key bootstrap in broker.yaml");
                return -EINVAL;
        }
        k = calloc(1, sizeof(*k));
        if (!k)
                return -ENOMEM;
        k->bus.ops = &kafka_ops;
        bus = &k->bus;
        k->clock = config->clock;
        k->log = config->log;
        k->embedded = config->embedded;
        k->debug = kafka_config_debugs(config);
        k->watchdog = config->watchdog;
        k->complaint = config->complaint;
        k->bootstrap = strdup(config->bootstrap);
        k->prefix = strdup(config->prefix ? config->prefix : "");
        k->client_id = strdup(config->client_id ? config->client_id : "ketenwacht");
        if (!k->bootstrap || !k->prefix || !k->client_id)
                return -ENOMEM;
        r = take_properties(k, config, err);
        if (r)
                return r;
        *ret = TAKE(bus);
        return 0;
}
