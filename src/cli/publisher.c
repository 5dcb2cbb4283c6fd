/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/publisher.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "model/lines.h"

#define LINE_ARENA_MAX ((size_t)4 << 20)
#define VALUE_MAX ((size_t)1 << 20)
#define WAIT_MS 100
#define WAITS_MAX (2 * BUS_CALL_MS / WAIT_MS) /* each record has its outcome sooner */

struct run {
        const struct publisher *p;
        struct publisher_result *result;
        struct bus_producer *producer;
        struct arena *arena;
        struct buffer value;
        uint64_t sent, settled;
        struct error failure; /* of the first record that was not acknowledged */
};

static void on_settled(void *ctx, const struct bus_report *report) {
        struct run *run = ctx;

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
static int wait_for_outcomes(struct run *run, uint64_t most, struct error *err) {
        for (unsigned waits = 0; run->sent - run->settled > most; waits++) {
                int r = waits < WAITS_MAX ? bus_producer_poll(run->producer, WAIT_MS, err) : -ETIMEDOUT;

                if (r == -ETIMEDOUT)
                        error_set(err, "the broker acknowledged nothing for %d seconds", WAITS_MAX * WAIT_MS / 1000);
                if (r)
                        return r;
        }
        return 0;
}

static int publisher_send(struct run *run, const struct bus_record *record, struct error *err) {
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

static int publish_event(struct run *run, const struct line *line, struct error *err) {
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
        if (r == 0 && run->p->as && !text_is(event->slots[SLOT_SOURCE].s, run->p->as->id))
                run->result->foreign++;
        return r;
}

static void reject(struct run *run, const struct line *line, enum refusal refusal, const struct error *err) {
        run->result->rejected++;
        run->p->rejected(run->p->ctx, run->result->lines, refusal, line->field, err);
}

static int publish_line(struct run *run, struct text text, struct error *err) {
        struct error clock_error;
        struct line line;
        int r = 0;

        arena_reset(run->arena);
        line_parse(run->p->types, run->p->organisations, text, run->arena, &line);
        switch (line.kind) {
        case LINE_BLANK:
                break;
        case LINE_CLOCK:
                error_set(&clock_error, "a clock line means something to replay only; leave it out, the worker lives in the present");
                reject(run, &line, REFUSAL_MALFORMED, &clock_error);
                break;
        case LINE_REFUSED:
                reject(run, &line, line.refusal, &line.error);
                break;
        case LINE_EVENT:
                r = publish_event(run, &line, err);
                break;
        }
        line_done(&line);
        return r;
}

static int publish_all(struct run *run, struct lines *lines, struct error *err) {
        struct text text;
        int r;

        while ((r = lines_next(lines, &text)) == 0) {
                run->result->lines = lines->number;
                r = publish_line(run, text, err);
                if (r == 0 && lines->number % PUBLISHER_PROGRESS_LINES == 0) {
                        r = bus_producer_poll(run->producer, 0, err);
                        if (run->p->progress)
                                run->p->progress(run->p->ctx, run->result);
                }
                if (r == 0 && run->sent - run->settled >= PUBLISHER_IN_FLIGHT_MAX)
                        r = wait_for_outcomes(run, PUBLISHER_IN_FLIGHT_MAX / 2, err);
                if (r || run->result->open > 0)
                        return r;
        }
        if (r != LINES_E_END)
                error_set(err, "line %" PRIu64 " cannot be read: %s", lines->number + 1, strerror(-r));
        return r == LINES_E_END ? 0 : r;
}

/* Waits for the last outcomes; what has none then is open. */
static int finish(struct run *run, int r, struct error *err) {
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

int publisher_run(const struct publisher *p, struct publisher_result *ret, struct error *err) {
        struct run run = {.p = p, .result = ret, .value = BUFFER_INIT(VALUE_MAX)};
        struct lines lines = LINES_INIT(p->in);
        int r = arena_new(&run.arena, LINE_ARENA_MAX);

        memset(ret, 0, sizeof(*ret));
        if (r == 0)
                r = bus_producer_open(p->bus, &(struct bus_producer_config){.settled = on_settled, .ctx = &run}, &run.producer, err);
        if (r == 0)
                r = finish(&run, publish_all(&run, &lines, err), err);
        lines_done(&lines);
        buffer_done(&run.value);
        arena_free(run.arena);
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        return r;
}
