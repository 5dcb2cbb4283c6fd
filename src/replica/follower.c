/* SPDX-License-Identifier: EUPL-1.2 */

/* A reader that is opened again whenever it fails. */

#include "replica/follower.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "bus/positions.h"

#define FOLLOWER_POLL_MS 200

void follower_init(struct follower *f, const struct follower_config *config) {
        assert(config->topics_n > 0 && config->topics_n <= FOLLOWER_TOPICS_MAX);
        *f = (struct follower){.config = *config};
}

static int follower_open(struct follower *f, struct error *err) {
        const struct bus_reader_config config = {.topics = f->config.topics, .topics_n = f->config.topics_n, .partition = BUS_ALL_PARTITIONS,
                                                 .from = BUS_FROM_BEGINNING, .some = true, .sparing = true, .enough = &f->loop.asked};
        int r = bus_reader_open(f->config.bus, &config, &f->reader, err);

        f->reached = false;
        if (r == 0)
                f->config.failed(f->config.ctx, false, "");
        return r;
}

static int follower_read(struct follower *f, int timeout_ms, struct error *err) {
        struct bus_event event = {.kind = BUS_RECORD};

        for (unsigned i = 0; i < FOLLOWER_RECORDS_A_TURN && event.kind == BUS_RECORD; i++) {
                int r = bus_reader_poll(f->reader, timeout_ms, &event, err);

                if (r == 0 && event.kind == BUS_RECORD)
                        r = bus_record_headers(&event.record);
                if (r == 0 && event.kind == BUS_RECORD)
                        r = f->config.record(f->config.ctx, &event.record, err);
                if (r)
                        return error_trace(r, err);
        }
        if (!f->reached && reader_positions_reached(bus_reader_positions(f->reader))) {
                f->reached = true;
                f->config.reached(f->config.ctx);
        }
        return 0;
}

void follower_turn(struct follower *f, int timeout_ms) {
        struct error err = {0};
        int r = f->reader ? 0 : follower_open(f, &err);

        if (r == 0)
                r = follower_read(f, timeout_ms, &err);
        if (r == 0)
                return;
        bus_reader_close(f->reader);
        f->reader = NULL;
        f->again = clock_monotonic(&f->config.clock) + FOLLOWER_AGAIN_MS;
        f->config.failed(f->config.ctx, r == -ESTALE, err.text);
}

/* -- The thread -- */

static int follower_begin(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int follower_go_on(void *ctx, bool *ret_done, struct error *err) {
        struct follower *f = ctx;

        (void) ret_done;
        (void) err;
        if (!f->reader && clock_monotonic(&f->config.clock) < f->again)
                (void) nanosleep(&(struct timespec){.tv_nsec = FOLLOWER_POLL_MS * 1000000L}, NULL);
        else
                follower_turn(f, FOLLOWER_POLL_MS);
        return 0;
}

int follower_start(struct follower *f, struct error *err) {
        static const struct loop_ops ops = {.open = follower_begin, .turn = follower_go_on};

        return loop_start(&f->loop, &ops, f, err);
}

void follower_done(struct follower *f) {
        loop_ask(&f->loop);
        loop_join(&f->loop);
        bus_reader_close(f->reader);
        f->reader = NULL;
}
