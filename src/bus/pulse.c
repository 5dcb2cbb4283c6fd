/* SPDX-License-Identifier: EUPL-1.2 */

/* The thread that asks the broker whether it is there. */

#include "bus/pulse.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "bus/kafka/client.h"

struct pulse {
        struct kafka_client client; /* first: librdkafka's callbacks */
        struct bus *bus;
        const struct log *log;
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t wake;
        bool stop;                       /* under the mutex */
        _Atomic int64_t answered;        /* monotonic */
        _Atomic instant_t answered_at;
};

/* From any thread. */
bool pulse_is_silent(const struct pulse *p, instant_t *ret_since) {
        if (!p)
                return false;
        *ret_since = atomic_load(&p->answered_at);
        return clock_monotonic(&p->client.bus->clock) - atomic_load(&p->answered) >= PULSE_SILENT_MS;
}

static void pulse_note(struct pulse *p) {
        atomic_store(&p->answered_at, clock_realtime(&p->client.bus->clock));
        atomic_store(&p->answered, clock_monotonic(&p->client.bus->clock));
}

static void pulse_ask(struct pulse *p) {
        CLEANUP(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code = rd_kafka_metadata(p->client.rk, 0, NULL, &metadata, PULSE_ANSWER_MS);

        rd_kafka_poll(p->client.rk, 0); /* delivers why there is no connection */
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
                pulse_note(p);
}

/* Waits until the next question is due. Returns whether there is one. */
static bool pulse_wait(struct pulse *p) {
        const struct clock real = clock_system();
        int64_t until = clock_monotonic(&real) + PULSE_MS; /* the condition lives by the machine's own clock */
        bool stop;

        pthread_mutex_lock(&p->mutex);
        if (!p->stop)
                pthread_cond_timedwait(&p->wake, &p->mutex, &(struct timespec){until / 1000, until % 1000 * 1000000});
        stop = p->stop;
        pthread_mutex_unlock(&p->mutex);
        return !stop;
}

/*
 * @locality a thread of its own, from pulse_new() to pulse_free()
 * @locks none while it asks
 */
static void *pulse_run(void *arg) {
        struct pulse *p = arg;
        bool silent = false;

        do {
                instant_t since;
                bool now;

                pulse_ask(p);
                now = pulse_is_silent(p, &since);
                if (now && !silent)
                        log_line(p->log, BROKER_SILENT, LOG_INT("seconds", PULSE_SILENT_MS / 1000), LOG_STRING("reason", p->client.trouble));
                if (!now && silent)
                        log_line(p->log, BROKER_ANSWERS);
                silent = now;
        } while (pulse_wait(p));
        return NULL;
}

static int pulse_start(struct pulse *p, struct error *err) {
        pthread_condattr_t attr;
        int r;

        pthread_mutex_init(&p->mutex, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&p->wake, &attr);
        pthread_condattr_destroy(&attr);
        r = pthread_create(&p->thread, NULL, pulse_run, p);
        if (r == 0)
                return 0;
        error_set(err, "the thread that asks whether the broker answers cannot be started: %s", strerror(r));
        pthread_cond_destroy(&p->wake);
        pthread_mutex_destroy(&p->mutex);
        return -r;
}

static void pulse_close(struct pulse *p) {
        kafka_client_close(&p->client);
        bus_free(p->bus);
        free(p);
}

int pulse_new(const struct kafka_config *config, struct pulse **ret, struct error *err) {
        struct pulse *p = calloc(1, sizeof(*p));
        const struct kafka_client_options options = {.role = KAFKA_ADMIN, .opaque = p};
        struct kafka_config quiet = *config;
        int r;

        if (!p)
                return -ENOMEM;
        p->log = config->log;
        quiet.log = NULL; /* the clients that work complain already */
        r = kafka_bus_new(&quiet, &p->bus, err);
        if (r == 0)
                r = kafka_client_open(&p->client, kafka_bus_of(p->bus), &options, err);
        if (r == 0) {
                pulse_note(p);
                r = pulse_start(p, err);
        }
        if (r) {
                pulse_close(p);
                return r;
        }
        *ret = p;
        return 0;
}

struct pulse *pulse_free(struct pulse *p) {
        if (!p)
                return NULL;
        pthread_mutex_lock(&p->mutex);
        p->stop = true;
        pthread_cond_signal(&p->wake);
        pthread_mutex_unlock(&p->mutex);
        pthread_join(p->thread, NULL);
        pthread_cond_destroy(&p->wake);
        pthread_mutex_destroy(&p->mutex);
        pulse_close(p);
        return NULL;
}
