/* SPDX-License-Identifier: EUPL-1.2 */

/* Events in: from a connector to their topics, each with its deadline. */

#include <errno.h>
#include <string.h>

#include "avro/framing.h"
#include "connect/runtime_parts.h"

#define REPORT_POLL_MS 1 /* while events wait, the broker's answers and the callers take turns */

static void list_add(struct runtime_in *in, struct flight *f) {
        f->previous = in->last;
        if (in->last)
                in->last->next = f;
        else
                in->first = f;
        in->last = f;
        in->waiting++;
}

static void list_remove(struct runtime_in *in, struct flight *f) {
        if (f->previous)
                f->previous->next = f->next;
        else
                in->first = f->next;
        if (f->next)
                f->next->previous = f->previous;
        else
                in->last = f->previous;
        in->waiting--;
}

static void answer(struct runtime *r, struct flight *f, enum submitted outcome) {
        list_remove(&r->in, f);
        f->answered = true;
        metric_add(r->metrics.submitted, metric_series(r->metrics.submitted, outcome, 0), 1);
        atomic_store(&r->unanswered, outcome != SUBMITTED_SENT);
        r->ops->settled(r->ctx, f->cookie, outcome);
}

void runtime_in_report(struct runtime *r, const struct bus_report *report) {
        struct flight *f = report->cookie;

        if (!f->answered)
                answer(r, f, report->sent == BUS_SENT ? SUBMITTED_SENT : report->sent == BUS_REFUSED ? SUBMITTED_REFUSED : SUBMITTED_OPEN);
        runtime_complain(r, report);
        r->in.open--;
        free(f);
}

static int send_event(struct runtime *r, const struct submission *submission, struct flight *f, struct error *err) {
        const struct event *event = submission->event;
        struct text source_id = event->slots[SLOT_SOURCE].s;
        const struct organisation *source = organisations_find(r->config.organisations, source_id);
        const struct cloudevent ce = {
                .id = event->slots[SLOT_EVENT_ID].u,
                .source = source ? source->urn : "",
                .event = event->type->name,
                .time = event->slots[SLOT_OCCURRED_AT].i,
                .traceparent = submission->traceparent.s,
                .traceparent_n = submission->traceparent.n,
        };
        struct cloudevent_headers headers;
        char key[UUID_TEXT + 1];
        struct bus_record record = {.topic = event->type->name, .partition = BUS_BY_KEY, .key = key, .key_n = UUID_TEXT};

        uuid_format(&event->slots[SLOT_CASE_ID].u, key);
        headers_cloudevent(&ce, &headers);
        buffer_clear(&r->bytes);
        framing_write_single(event->type->layout->fingerprint, &r->bytes);
        record_encode(event->type->layout, event->slots, &r->bytes);
        if (r->bytes.failed)
                return -ENOMEM;
        record.value = r->bytes.bytes;
        record.value_n = r->bytes.n;
        record.headers = headers.headers;
        record.headers_n = headers.n;
        return bus_producer_send(r->producer, &record, f, err);
}

int runtime_submit(struct runtime *r, const struct submission *submission, void *cookie, struct error *err) {
        struct flight *f;
        int e;

        if (r->in.open >= (size_t)r->config.file->in.in_flight)
                return RUNTIME_E_BUSY;
        f = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (struct flight){.runtime = r, .cookie = cookie, .deadline = runtime_now(r) + r->config.file->in.answer_within};
        e = send_event(r, submission, f, err);
        if (e) {
                free(f);
                return e == BUS_E_FULL ? RUNTIME_E_BUSY : e;
        }
        list_add(&r->in, f);
        r->in.open++;
        return 0;
}

static void answer_late(struct runtime *r) {
        int64_t now = runtime_now(r);

        while (r->in.first && r->in.first->deadline <= now)
                answer(r, r->in.first, SUBMITTED_OPEN);
}

int runtime_in_turn(struct runtime *r, int timeout_ms, struct error *err) {
        int e = bus_producer_poll(r->producer, r->in.open > 0 ? REPORT_POLL_MS : 0, err);

        if (e < 0)
                return e;
        answer_late(r);
        return r->ops->turn(r->ctx, r->in.open > 0 ? 0 : timeout_ms, err);
}

int runtime_in_stop(struct runtime *r, struct error *err) {
        int64_t until = runtime_now(r) + RUNTIME_STOP_MS;

        while (!r->ops->quiesce(r->ctx) || r->in.waiting > 0) {
                int e;

                if (runtime_now(r) >= until) {
                        log_line(r->config.log, CONNECT_STOPPED_EARLY, LOG_INT("waiting", (int64_t)r->in.waiting));
                        return 0;
                }
                e = runtime_in_turn(r, REPORT_POLL_MS, err);
                if (e < 0)
                        return e;
        }
        return 0;
}
