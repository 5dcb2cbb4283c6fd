/* SPDX-License-Identifier: EUPL-1.2 */

/* The Kafka cluster as a struct bus. */

#include <errno.h>
#include <string.h>

#include "bus/kafka/parts.h"

static struct bus *kafka_free(struct bus *b) {
        struct kafka_bus *k = (struct kafka_bus *)b;

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
        .free = kafka_free,
};

static int take_properties(struct kafka_bus *k, const struct kafka_config *config, struct error *err) {
        k->properties = calloc(config->properties_n + 1, sizeof(*k->properties));
        if (!k->properties)
                return -ENOMEM;
        for (size_t i = 0; i < config->properties_n; i++) {
                const struct kafka_property *p = &config->properties[i];
                const char *why = kafka_property_refused(p->name);
                int r;

                if (why) {
                        error_set(err, "the property %s of librdkafka cannot be set: it %s", p->name, why);
                        return -EINVAL;
                }
                r = kafka_property_check(p->name, p->value, err);
                if (r)
                        return r;
                k->properties[k->properties_n++] = (struct kafka_property){strdup(p->name), strdup(p->value)};
                if (!k->properties[i].name || !k->properties[i].value)
                        return -ENOMEM;
        }
        return 0;
}

int kafka_bus_new(const struct kafka_config *config, struct bus **ret, struct error *err) {
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
        k->clock = config->clock;
        k->log = config->log;
        k->watchdog = config->watchdog;
        k->bootstrap = strdup(config->bootstrap);
        k->prefix = strdup(config->prefix ? config->prefix : "");
        k->client_id = strdup(config->client_id ? config->client_id : "ketenwacht");
        r = k->bootstrap && k->prefix && k->client_id ? take_properties(k, config, err) : -ENOMEM;
        if (r) {
                kafka_free(&k->bus);
                return r;
        }
        *ret = &k->bus;
        return 0;
}
