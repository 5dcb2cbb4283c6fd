/* SPDX-License-Identifier: EUPL-1.2 */
#include "bench/latency.h"

#include <errno.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"

#define SETTLE_MS 1500       /* until a reader at the end stands there */
#define LAST_MS 3000         /* nothing has come for so long after the last event was sent: all is there */
#define KEYS_BYTES_MAX ((size_t)1 << 30)

struct start {
        instant_t at;
        bool told;
};

struct probe {
        struct site *site;
        struct site_sending sending;
        struct arena *arena;
        struct table starts;
        VECTOR(double) append;
        VECTOR(double) visible;
};

static int saw_start(struct probe *p, const struct bus_record *record) {
        struct start *start = arena_calloc(p->arena, 1, sizeof(*start));
        void *key = arena_copy(p->arena, record->key, record->key_n);

        if (!start || !key)
                return -ENOMEM;
        start->at = record->timestamp;
        return table_put(&p->starts, key, record->key_n, start);
}

static int saw_plan(struct probe *p, const struct bus_record *record, instant_t now) {
        struct start *start = table_get(&p->starts, record->key, record->key_n);
        int r;

        if (!start || start->told)
                return 0;
        start->told = true;
        r = vector_push(&p->append, (double)(record->timestamp - start->at));
        return r ? r : vector_push(&p->visible, (double)(now - start->at));
}

static int take(struct probe *p, struct bus_reader *reader, int timeout_ms, bool *got, struct error *err) {
        struct clock clock = clock_system();
        struct bus_event event;
        int r = bus_reader_poll(reader, timeout_ms, &event, err);

        *got = r == 0 && event.kind == BUS_RECORD;
        if (!*got || !event.record.key)
                return r;
        r = strcmp(event.record.topic, TOPIC_PLAN_DUE) == 0 ? saw_plan(p, &event.record, clock_realtime(&clock)) : saw_start(p, &event.record);
        if (r)
                error_set(err, "out of memory for the latencies; try fewer events");
        return r;
}

static int read_all(struct probe *p, struct bus_reader *reader, struct error *err) {
        struct clock clock = clock_system();
        int64_t last = clock_monotonic(&clock);
        int r = 0;

        while (r == 0 && (!atomic_load(&p->sending.ended) || clock_monotonic(&clock) - last < LAST_MS)) {
                bool got;

                r = take(p, reader, SITE_LOOK_MS, &got, err);
                if (got || !atomic_load(&p->sending.ended))
                        last = clock_monotonic(&clock);
                if (r == 0 && bench_stop_wait(p->site->stop, 0))
                        r = bench_stopped(err);
        }
        return r;
}

/* A reader at the end of topics, that stands there. */
static int open_reader(struct probe *p, struct bus_reader **ret, struct error *err) {
        static const char *const topics[] = {"measure-started", TOPIC_PLAN_DUE};
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_END};
        struct clock clock = clock_system();
        int64_t begin = clock_monotonic(&clock);
        int r = bus_reader_open(p->site->broker.bus, &config, ret, err);

        while (r == 0 && clock_monotonic(&clock) - begin < SETTLE_MS) {
                bool got;

                r = take(p, *ret, SITE_LOOK_MS, &got, err);
        }
        return r;
}

static struct latency_figures figures(double *values, size_t n) {
        double middle = bench_middle(values, n);

        return (struct latency_figures){middle, values[n * 99 / 100], values[n * 999 / 1000], values[n - 1]};
}

static int run(struct probe *p, uint64_t first, uint64_t cases, uint64_t rate, struct error *err) {
        struct bus_reader *reader = NULL;
        int r = open_reader(p, &reader, err);

        if (r == 0)
                r = site_send(p->site, first, cases, rate, &p->sending, err);
        if (r == 0) {
                struct error sending = {.text = ""};
                int sent;

                r = read_all(p, reader, err);
                sent = site_sent(&p->sending, r != 0, &sending);
                if (r == 0 && sent) {
                        *err = sending;
                        r = sent;
                }
        }
        bus_reader_close(reader);
        if (r == 0 && p->append.n == 0) {
                error_set(err, "no announcement came of any case that was started; does the configuration have a protocol that announces?");
                r = -ENODATA;
        }
        return r;
}

int latency_measure(struct site *site, uint64_t first, uint64_t rate, uint64_t seconds, struct latency *ret, struct error *err) {
        struct probe p = {.site = site};
        int r = arena_new(&p.arena, KEYS_BYTES_MAX);

        if (r)
                error_set(err, "out of memory");
        else
                r = run(&p, first, rate * seconds / BENCH_LOAD_FOUR_EVENTS + 1, rate, err);
        if (r == 0)
                *ret = (struct latency){.samples = p.append.n,
                                        .append = figures(p.append.items, p.append.n),
                                        .visible = figures(p.visible.items, p.visible.n),
                                        .events = p.sending.sent.events,
                                        .offered_per_s = p.sending.seconds > 0 ? (double)p.sending.sent.events / p.sending.seconds : 0};
        vector_done(&p.append);
        vector_done(&p.visible);
        table_done(&p.starts);
        arena_free(p.arena);
        return r;
}
