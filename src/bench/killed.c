/* SPDX-License-Identifier: EUPL-1.2 */
#include "bench/killed.h"

#include <errno.h>
#include <signal.h>

#define FLOW_MS 1500          /* of output before a kill: the worker is in the midst of its work */
#define LOAD_SECONDS_MAX 3600 /* no measurement takes so long; the load is stopped before */

struct round {
        struct site *site;
        struct bus_reader *reader;
        struct clock clock;
};

/* Reads until a committed announcement that the broker stamped at @since or later. Return: as bus_reader_poll(). */
static int next_output(struct round *r, instant_t since, struct error *err) {
        int64_t begin = clock_monotonic(&r->clock);

        for (;;) {
                struct bus_event event;
                int result = bus_reader_poll(r->reader, SITE_LOOK_MS, &event, err);

                if (result)
                        return result;
                if (event.kind == BUS_RECORD && event.record.timestamp >= since)
                        return 0;
                if (bench_stop_wait(r->site->stop, 0))
                        return bench_stopped(err);
                if (clock_monotonic(&r->clock) - begin > SITE_STUCK_MS) {
                        error_set(err, "no announcement came for %d s after a kill", SITE_STUCK_MS / 1000);
                        return -ETIMEDOUT;
                }
        }
}

static int flow(struct round *r, struct error *err) {
        int64_t begin = clock_monotonic(&r->clock);
        int result = 0;

        while (result == 0 && clock_monotonic(&r->clock) - begin < FLOW_MS)
                result = next_output(r, clock_realtime(&r->clock), err);
        return result;
}

static int kill_once(struct round *r, double *ret_s, struct error *err) {
        struct site *site = r->site;
        instant_t killed;
        int64_t started;
        int result = flow(r, err);

        if (result)
                return result;
        bench_child_signal(&site->workers[0].child, SIGKILL);
        bench_child_stop(&site->workers[0].child);
        site->n_workers = 0;
        killed = clock_realtime(&r->clock);
        started = clock_monotonic(&r->clock);
        result = site_worker(site, 1, false, err);
        if (result == 0)
                result = next_output(r, killed, err);
        *ret_s = (double)(clock_monotonic(&r->clock) - started) / 1000;
        return result;
}

static int rounds(struct round *r, size_t times, struct killed *ret, struct error *err) {
        double seconds[KILLED_TIMES_MAX];
        int result = 0;

        for (size_t i = 0; result == 0 && i < times; i++)
                result = kill_once(r, &seconds[i], err);
        if (result)
                return result;
        ret->times = times;
        ret->middle_s = bench_middle(seconds, times);
        ret->least_s = seconds[0];
        ret->most_s = seconds[times - 1];
        return 0;
}

int killed_measure(struct site *site, uint64_t first, uint64_t rate, size_t times, struct killed *ret, struct error *err) {
        static const char *const topics[] = {TOPIC_PLAN_DUE};
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_END};
        struct round round = {.site = site, .clock = clock_system()};
        struct site_sending sending;
        struct error sent = {.text = ""};
        int r = bus_reader_open(site->broker.bus, &config, &round.reader, err);

        if (r == 0)
                r = site_send(site, first, rate * LOAD_SECONDS_MAX / BENCH_LOAD_FOUR_EVENTS, rate, &sending, err);
        if (r == 0) {
                int s;

                r = rounds(&round, times, ret, err);
                s = site_sent(&sending, true, &sent);
                if (r == 0 && s) {
                        *err = sent;
                        r = s;
                }
        }
        bus_reader_close(round.reader);
        return r;
}
