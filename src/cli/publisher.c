/* SPDX-License-Identifier: EUPL-1.2 */

/* Events onto the broker, with as many under way at a time as it takes. */

#include "cli/publisher.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "model/event_input.h"

#define LINE_ARENA_MAX ((size_t)4 << 20)
#define VALUE_MAX ((size_t)1 << 20)
#define WAIT_MS 100
#define WAITS_MAX (2 * BUS_CALL_MS / WAIT_MS) /* each record has its outcome sooner */

struct publishing {
        const struct publisher *p;
        struct publisher_result *result;
        struct bus_producer *producer;
        struct arena *arena;
        struct buffer value;
        uint64_t sent, settled;
        struct error failure; /* of the first record that was not acknowledged */
};

static void publisher_on_settled(void *ctx, const struct bus_report *report) {
        struct publishing *run = ctx;

        run->settled++;
        if (report->sent == BUS_SENT) {
                run->result->published++;
                return;
        }
        if (run->result->open++ == 0)
                error_set(&run->failure, "line %ju was not acknowledged: %s", (uintmax_t)(uintptr_t)report->cookie,
                          report->reason ? report->reason : "no answer came");
}

/* Waits until no more than @most records lack their outcome. */
static int publisher_wait(struct publishing *run, uint64_t most, struct error *err) {
        for (unsigned waits = 0; run->sent - run->settled > most; waits++) {
                int r = waits < WAITS_MAX ? bus_producer_poll(run->producer, WAIT_MS, err) : -ETIMEDOUT;

                if (r == -ETIMEDOUT)
                        error_set(err, "the broker acknowledged nothing for %d seconds", WAITS_MAX * WAIT_MS / 1000);
                if (r)
                        return r;
        }
        return 0;
}

static int publisher_send(struct publishing *run, const struct bus_record *record, struct error *err) {
        for (unsigned tries = 0; tries < WAITS_MAX; tries++) {
                int r = bus_producer_send(run->producer, record, (void *)(uintptr_t)run->result->lines, err);

                if (r == 0)
                        run->sent++;
                if (r != BUS_E_FULL)
                        return r;
                r = bus_producer_poll(run->producer, WAIT_MS, err);
                if (r)
                        return r;
        }
        error_set(err, "the queue to the broker stays full");
        return -ETIMEDOUT;
}

static int publisher_event(struct publishing *run, const struct line *line, struct error *err) {
        const struct event *event = &line->event;
        char topic[BUS_NAME_MAX + 1];
        struct event_record made;
        int r = event_record_make(event, run->p->organisations, (struct text){0}, &run->value, &made);

        if (r)
                return r;
        if (run->p->as) {
                snprintf(topic, sizeof(topic), TOPIC_OUTBOX_PREFIX "%s", run->p->as->id);
                made.record.topic = topic;
        }
        r = publisher_send(run, &made.record, err);
        if (r)
                return r;
        if (run->p->as && !text_is(event->slots[SLOT_SOURCE].s, run->p->as->id))
                run->result->foreign++;
        return 0;
}

static void publisher_reject(struct publishing *run, const struct line *line, enum refusal refusal, const struct error *err) {
        run->result->rejected++;
        run->p->rejected(run->p->ctx, run->result->lines, refusal, line->field, err);
}

static int publisher_line(struct publishing *run, const struct line *line, struct error *err) {
        struct error clock_error;

        switch (line->kind) {
        case LINE_BLANK:
                break;
        case LINE_CLOCK:
                error_set(&clock_error, "a clock line means something to replay only; leave it out, the worker lives in the present");
                publisher_reject(run, line, REFUSAL_MALFORMED, &clock_error);
                break;
        case LINE_REFUSED:
                publisher_reject(run, line, line->refusal, &line->error);
                break;
        case LINE_EVENT:
                return publisher_event(run, line, err);
        }
        return 0;
}

/* After each line: outcomes are taken in now and then, and waited for when many are open. */
static int publisher_pace(struct publishing *run, struct error *err) {
        if (run->result->lines % PUBLISHER_PROGRESS_LINES == 0) {
                int r = bus_producer_poll(run->producer, 0, err);

                if (run->p->progress)
                        run->p->progress(run->p->ctx, run->result);
                if (r)
                        return r;
        }
        if (run->sent - run->settled < PUBLISHER_IN_FLIGHT_MAX)
                return 0;
        return publisher_wait(run, PUBLISHER_IN_FLIGHT_MAX / 2, err);
}

static int publisher_lines(struct publishing *run, struct event_input *input, struct error *err) {
        for (;;) {
                struct line line;
                int r;

                arena_reset(run->arena);
                r = event_input_next(input, run->arena, &line, err);
                if (r)
                        return r == EVENT_INPUT_E_END ? 0 : r == -EINVAL ? -EBADMSG : r;
                run->result->lines = event_input_number(input);
                r = publisher_line(run, &line, err);
                line_done(&line);
                if (r == 0)
                        r = publisher_pace(run, err);
                if (r || run->result->open > 0)
                        return r;
        }
}

/* Waits for the last outcomes; what has none then is open. */
static int publisher_finish(struct publishing *run, int r, struct error *err) {
        struct error ignored = {0};
        size_t left = 0;
        int flushed = bus_producer_flush(run->producer, BUS_CALL_MS, &left, r ? &ignored : err);

        bus_producer_close(run->producer); /* says of every record left that it is open */
        run->producer = NULL;
        if (r)
                return r;
        if (run->result->open > 0) {
                *err = run->failure;
                return -EIO;
        }
        return flushed;
}

static int publisher_begin(struct publishing *run, struct error *err) {
        const struct event_input_config config = {
                .in = run->p->in, .name = run->p->name, .types = run->p->types, .orgs = run->p->organisations};
        CLEANUP(event_input_free_p) struct event_input *input = NULL;
        int r = event_input_open(&config, &input, err);

        if (r)
                return r == -EINVAL ? -EBADMSG : r;
        r = arena_new(&run->arena, LINE_ARENA_MAX);
        if (r)
                return r;
        r = bus_producer_open(run->p->bus, &(struct bus_producer_config){.settled = publisher_on_settled, .ctx = run}, &run->producer, err);
        return r ? r : publisher_finish(run, publisher_lines(run, input, err), err);
}

int publisher_run(const struct publisher *p, struct publisher_result *ret, struct error *err) {
        struct publishing run = {.p = p, .result = ret, .value = BUFFER_INIT(VALUE_MAX)};
        int r;

        assert(p->bus && p->types && p->organisations && p->in && p->name && p->rejected);
        memset(ret, 0, sizeof(*ret));
        r = publisher_begin(&run, err);
        buffer_done(&run.value);
        arena_free(run.arena);
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        return r;
}
