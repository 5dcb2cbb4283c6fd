/* SPDX-License-Identifier: EUPL-1.2 */

/* Topics of the demonstration: made, and deleted. */

#include "demo/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The embedded broker answers an empty fetch only after its full wait, and is not woken by what arrives:
 * so short waits. It is too old for some of what librdkafka asks of brokers, which is no news: errors only. The properties
 * that are configured are those of another cluster.
 */
static const struct kafka_property embedded_properties[] = {{"fetch.wait.max.ms", "10"}, {"log_level", "3"}};

static void place_describe(struct place *p, const char *bootstrap) {
        broker_config_kafka(&p->broker, bootstrap, &p->kafka);
        p->kafka.clock = clock_system();
        p->kafka.log = p->c.log;
}

static int place_open_embedded(struct place *p, struct error *err) {
        struct mock_topic *topics = arena_calloc(p->arena, p->topics.n + 1, sizeof(*topics));
        int r;

        if (!topics)
                return -ENOMEM;
        for (size_t i = 0; i < p->topics.n; i++)
                topics[i] = (struct mock_topic){p->topics.items[i].topic, p->topics.items[i].partitions};
        r = mock_new(1, topics, p->topics.n, &p->mock, err);
        if (r)
                return r;
        (void) snprintf(p->bootstrap, sizeof(p->bootstrap), "%s", mock_bootstrap(p->mock));
        p->broker.properties = embedded_properties;
        p->broker.properties_n = ELEMENTS(embedded_properties);
        place_describe(p, p->bootstrap);
        p->kafka.embedded = true;
        return 0;
}

static int place_refuse(int r, const char *topic, struct error *err) {
        if (r == ADMIN_E_EXISTS)
                error_set(err, "the topic %s is there already: another demonstration left it, delete it", topic);
        else if (r == ADMIN_E_UNSUPPORTED)
                error_set(err, "the broker cannot make topics: it is an embedded one; leave --bootstrap out");
        else if (r == ADMIN_E_FORBIDDEN)
                error_prefix(err, "the topic %s cannot be made", topic);
        return r > 0 ? -EACCES : r;
}

static int place_open_real(struct place *p, struct error *err) {
        int r;

        place_describe(p, p->c.bootstrap);
        r = admin_new(&p->kafka, &p->admin, err);
        while (r == 0 && p->made < p->topics.n) {
                const struct topic_wanted *topic = &p->topics.items[p->made];
                const struct admin_topic make = {.name = topic->topic,
                                                 .partitions = topic->partitions,
                                                 .replication = topic->replication,
                                                 .settings = topic->settings,
                                                 .settings_n = topic->settings_n};

                if (p->c.stopped(p->c.ctx))
                        return PLACE_E_STOPPED;
                r = admin_topic_make(p->admin, &make, err);
                if (r)
                        return place_refuse(r, topic->topic, err);
                p->made++;
        }
        return r;
}

int place_open(struct place *p, const struct place_config *config, struct error *err) {
        int r;

        *p = (struct place){.c = *config, .broker = *config->broker};
        r = arena_new(&p->arena, TOPICS_BYTES_MAX);
        if (r)
                return r;
        if (config->bootstrap)
                (void) snprintf(p->prefix, sizeof(p->prefix), "demo-%d.", config->process);
        p->broker.prefix = p->prefix;
        p->broker.acls.wanted = false; /* rights are for those who stay */
        r = topics_of_config(config->config, &p->broker, p->arena, &p->topics, err);
        if (r)
                return r;
        r = config->bootstrap ? place_open_real(p, err) : place_open_embedded(p, err);
        if (r)
                return r;
        r = watchdog_new(p->kafka.clock, p->kafka.log, NULL, NULL, &p->watchdog, err);
        if (r)
                return r;
        p->kafka.watchdog = p->watchdog;
        return kafka_bus_new(&p->kafka, &p->bus, err) ? PLACE_E_PROPERTIES : 0;
}

/* How many of this place's topics the broker shows. */
static int place_count_shown(struct place *p, size_t *ret, struct error *err) {
        const struct admin_topic *topics;
        size_t n;
        int r = admin_topics(p->admin, &topics, &n, err);

        *ret = 0;
        for (size_t i = 0; r == 0 && i < n; i++)
                *ret += strncmp(topics[i].name, p->prefix, strlen(p->prefix)) == 0;
        return r;
}

/* The broker's metadata follows a moment after a deletion: waits until it shows none of ours. */
static int place_wait_gone(struct place *p, struct error *err) {
        size_t shown = 0;

        for (unsigned look = 0; look < PLACE_LOOKS_MAX; look++) {
                int r = place_count_shown(p, &shown, err);

                if (r || shown == 0)
                        return r;
                p->c.pause(p->c.ctx, PLACE_LOOK_MS);
        }
        error_set(err, "%d seconds after they were deleted the broker still shows %zu topics that begin with %s", PLACE_LOOKS_MAX * PLACE_LOOK_MS / 1000,
                  shown, p->prefix);
        return -ETIMEDOUT;
}

/* Deletes all that can be; keeps the first reason why something could not. */
static int place_clean_up(struct place *p, struct error *err) {
        struct error each;
        char group[BUS_NAME_MAX + 1];
        int first = 0;

        for (size_t i = 0; i < p->c.n_groups; i++) {
                int r;

                (void) snprintf(group, sizeof(group), "%s%s", p->prefix, p->c.groups[i]);
                r = admin_group_delete(p->admin, group, &each);
                if (r && r != ADMIN_E_NONE && !first) {
                        error_set(err, "the group %s could not be deleted: %s", group, each.text);
                        first = r;
                }
        }
        for (size_t i = 0; i < p->made; i++) {
                int r = admin_topic_delete(p->admin, p->topics.items[i].topic, &each);

                if (r && r != ADMIN_E_NONE && !first) {
                        error_set(err, "the topic %s could not be deleted: %s; delete what begins with %s by hand", p->topics.items[i].topic, each.text,
                                  p->prefix);
                        first = r;
                }
        }
        if (!first && p->made)
                first = place_wait_gone(p, err);
        return first > 0 ? -EACCES : first;
}

int place_close(struct place *p, struct error *err) {
        int r;

        bus_free(p->bus);
        watchdog_free(p->watchdog);
        p->bus = NULL;
        p->watchdog = NULL;
        r = p->admin ? place_clean_up(p, err) : 0;
        p->admin = admin_free(p->admin);
        p->mock = mock_free(p->mock);
        p->arena = arena_free(p->arena);
        return r;
}
