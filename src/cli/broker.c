/* SPDX-License-Identifier: EUPL-1.2 */

/* Finds the broker of a command: command line, environment, configuration. */

#include "cli/broker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "worker/live.h"

#define BROKER_ARENA_MAX ((size_t)8 << 20)
#define BROKER_PATH_MAX 4096

static int broker_read_config(const char *name, const char *config_dir, struct command_broker *broker) {
        CLEANUP(mistakes_done) struct mistakes mistakes = MISTAKES_INIT;
        struct error err = {0};
        char path[BROKER_PATH_MAX];
        int r;

        error_set(&err, "out of memory");
        if (arena_new(&broker->arena, BROKER_ARENA_MAX))
                return command_fail(name, EXIT_BROKER, &err);
        if ((size_t)snprintf(path, sizeof(path), "%s/broker.yaml", config_dir) >= sizeof(path))
                return command_usage(name, "the path of the configuration folder is too long");
        r = broker_config_read(path, broker->arena, &broker->config, &mistakes);
        if (r == 0)
                return 0;
        fputs(buffer_text(&mistakes.text), stderr);
        error_set(&err, "%s%s cannot be used; mend what is said above", path, command_dirs_origin(config_dir, LANGUAGE_EN));
        return command_fail(name, EXIT_USAGE, &err);
}

/*
 * "[thrd:HOST:PORT/bootstrap]: HOST:PORT/bootstrap: Failed to resolve …": what stands behind the thread.
 *
 * @locality any thread of librdkafka
 * @locks none
 */
static void broker_complains(void *ctx, const char *text) {
        struct command_broker *broker = ctx;
        const char *thread = strncmp(text, "[thrd:", strlen("[thrd:")) == 0 ? strstr(text, "]: ") : NULL;

        if (!atomic_exchange(&broker->complained, true))
                fprintf(stderr, "ketenwacht %s: no answer yet: %s; trying again\n", broker->name, thread ? thread + strlen("]: ") : text);
}

int command_broker_read(const char *name, const char *config_dir, const char *bootstrap, const struct log *log, struct command_broker *ret) {
        const char *environment = getenv(COMMAND_BOOTSTRAP);
        int status;

        *ret = (struct command_broker){0};
        status = broker_read_config(name, config_dir, ret);
        if (status)
                return status;
        if (!bootstrap && environment && environment[0])
                bootstrap = environment;
        ret->bootstrap = bootstrap ? bootstrap : ret->config.bootstrap;
        broker_config_kafka(&ret->config, ret->bootstrap, &ret->kafka);
        ret->kafka.clock = clock_system();
        ret->kafka.log = log;
        ret->name = name;
        if (!log)
                ret->kafka.complaint = (struct kafka_complaint){broker_complains, ret};
        if (!log && kafka_config_debugs(&ret->kafka)) {
                ret->log = (struct log){.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_INFO, .process = name};
                ret->kafka.log = &ret->log;
        }
        if (ret->bootstrap && ret->bootstrap[0])
                return 0;
        return command_usage(name, "no broker is given; say --bootstrap HOST:PORT, set %s, or write bootstrap: in %s/broker.yaml%s", COMMAND_BOOTSTRAP,
                             config_dir, command_dirs_origin(config_dir, LANGUAGE_EN));
}

int command_broker_open(const char *name, struct command_broker *broker) {
        struct error err = {0};
        int r = watchdog_new(broker->kafka.clock, broker->kafka.log, NULL, NULL, &broker->watchdog, &err);

        if (r)
                return command_fail(name, EXIT_BROKER, &err);
        broker->kafka.watchdog = broker->watchdog;
        r = kafka_bus_new(&broker->kafka, &broker->bus, &err);
        if (r)
                return command_fail(name, EXIT_USAGE, &err);
        return 0;
}

struct term_step command_retention(const struct broker_config *config) {
        static const enum term_unit units[] = {
                [BROKER_DAYS] = TERM_DAYS, [BROKER_WEEKS] = TERM_WEEKS, [BROKER_MONTHS] = TERM_MONTHS, [BROKER_YEARS] = TERM_YEARS};

        return (struct term_step){units[config->retention.unit], config->retention.n};
}

void command_broker_done(struct command_broker *broker) {
        bus_free(broker->bus);
        registry_free(broker->registry);
        watchdog_free(broker->watchdog);
        arena_free(broker->arena);
        *broker = (struct command_broker){0};
}

void command_wait_read(void *ctx, uint64_t records) {
        struct command_wait *wait = ctx;

        if (progress_due(&wait->progress))
                progress_say(&wait->progress, wait->name, "%" PRIu64 " records read", records);
}

int command_cases(const char *name, const struct command_dirs *dirs, const char *bootstrap, const struct uuid *case_id, struct store *store) {
        struct command_wait wait = {.progress = progress_begin(), .name = name};
        const struct live_watch watch = {.read = command_wait_read, .ctx = &wait};
        struct command_broker broker = {0};
        struct error err = {0};
        int r, status = command_broker_read(name, dirs->config, bootstrap, NULL, &broker);

        if (status == EXIT_DONE)
                status = command_broker_open(name, &broker);
        if (status == EXIT_DONE) {
                r = live_read(broker.bus, case_id, &watch, store, &err);
                progress_clear(&wait.progress);
                if (r)
                        status = command_fail(name, EXIT_BROKER, &err);
        }
        command_broker_done(&broker);
        return status;
}
