/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * For tests that put faults into a real broker: changes and deletes topics
 *
 *   topic_tool HOST:PORT set TOPIC NAME VALUE    one setting
 *   topic_tool HOST:PORT delete PREFIX           all topics whose names begin so
 *
 * Exit status: 0 done, 1 the broker refused or failed, 2 wrong usage.
 */

#include <stdio.h>
#include <string.h>

#include "bus/admin.h"
#include "bus/broker_config.h"

static int fail(const struct error *err) {
        fprintf(stderr, "topic_tool: %s\n", err->text);
        return 1;
}

static int set(struct admin *admin, const char *topic, const char *name, const char *value) {
        const struct admin_setting setting = {name, value};
        struct error err = {0};

        return admin_topic_set(admin, topic, &setting, 1, &err) ? fail(&err) : 0;
}

static int delete(struct admin *admin, const char *prefix) {
        const struct admin_topic *topics;
        struct error err = {0};
        size_t n;

        if (admin_topics(admin, &topics, &n, &err))
                return fail(&err);
        for (size_t i = 0; i < n; i++) {
                if (strncmp(topics[i].name, prefix, strlen(prefix)) == 0 && admin_topic_delete(admin, topics[i].name, &err))
                        return fail(&err);
        }
        return 0;
}

int main(int argc, char **argv) {
        struct broker_config config;
        struct kafka_config kafka;
        struct admin *admin;
        struct error err = {0};
        int status;

        if (!(argc == 6 && strcmp(argv[2], "set") == 0) && !(argc == 4 && strcmp(argv[2], "delete") == 0 && argv[3][0])) {
                fputs("usage: topic_tool HOST:PORT set TOPIC NAME VALUE | delete PREFIX\n", stderr);
                return 2;
        }
        broker_config_default(&config);
        broker_config_kafka(&config, argv[1], &kafka);
        kafka.clock = clock_system();
        if (admin_new(&kafka, &admin, &err))
                return fail(&err);
        status = argc == 6 ? set(admin, argv[3], argv[4], argv[5]) : delete(admin, argv[3]);
        admin_free(admin);
        return status;
}
