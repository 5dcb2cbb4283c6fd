/* SPDX-License-Identifier: EUPL-1.2 */

/* Events in: from a connector to their topics, each with its deadline. */

#include "connect/inward.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "connect/kept.h"

#define REPORT_POLL_MS 1 /* while events wait, the broker's answers and the callers take turns */

/* One event on its way to the broker. Lives until its report, also when its submitter has had its answer. */
struct flight {
        struct flight *next, *previous; /* in order of deadline, while nobody was answered */
        void *cookie;
        int64_t deadline;
        bool answered;
};

static void flight_add(struct inward *in, struct flight *f) {
        f->previous = in->last;
        if (in->last)
                in->last->next = f;
        else
                in->first = f;
        in->last = f;
        in->waiting++;
}

static void flight_remove(struct inward *in, struct flight *f) {
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

static void inward_answer(struct inward *in, struct core *c, struct flight *f, enum submitted outcome) {
        flight_remove(in, f);
        f->answered = true;
        metric_add(c->metrics.submitted, metric_series(c->metrics.submitted, outcome, 0), 1);
        in->unanswered = outcome != SUBMITTED_SENT;
        c->ops->settled(c->ctx, f->cookie, outcome);
}

void inward_report(struct inward *in, struct core *c, const struct bus_report *report) {
        struct flight *f = report->cookie;

        if (!f->answered)
                inward_answer(in, c, f, report->sent == BUS_SENT ? SUBMITTED_SENT : report->sent == BUS_REFUSED ? SUBMITTED_REFUSED : SUBMITTED_OPEN);
        core_complain(c, report);
        in->open--;
        free(f);
}

/* Sends a record that @cookie waits for. */
static int inward_send(struct inward *in, struct core *c, const struct bus_record *record, void *cookie, struct error *err) {
        struct flight *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        *f = (struct flight){.cookie = cookie, .deadline = core_now(c) + c->config.file->in.answer_within};
        r = bus_producer_send(c->producer, record, f, err);
        if (r) {
                free(f);
                return r == BUS_E_FULL ? RUNTIME_E_BUSY : r;
        }
        flight_add(in, f);
        in->open++;
        return 0;
}

static bool inward_is_full(const struct inward *in, const struct core *c) {
        return in->open >= (size_t)c->config.file->in.in_flight;
}

int inward_submit(struct inward *in, struct core *c, const struct submission *submission, void *cookie, struct error *err) {
        struct event_record made;
        int r;

        if (inward_is_full(in, c))
                return RUNTIME_E_BUSY;
        r = event_record_make(submission->event, c->config.organisations, submission->traceparent, &c->bytes, &made);
        return r ? r : inward_send(in, c, &made.record, cookie, err);
}

int inward_reject(struct inward *in, struct core *c, const struct rejection *rejection, void *cookie, struct error *err) {
        CLEANUP(cleanup_free) void *memory = calloc(1, sizeof(struct dead_letter));
        struct dead_letter *letter = memory;
        char topic[BUS_NAME_MAX + 1];
        const struct bus_record original = {
                .topic = topic,
                .offset = rejection->place,
                .key = rejection->key.n > 0 ? rejection->key.s : NULL,
                .key_n = rejection->key.n,
                .value = rejection->value.n > 0 ? rejection->value.s : NULL,
                .value_n = rejection->value.n,
        };
        const struct dead_letter_why why = {
                .stage = rejection->stage, .code = rejection->code, .error = rejection->error, .connector = c->config.file->name};

        assert(rejection->place >= 0);
        if (!letter)
                return -ENOMEM;
        if (inward_is_full(in, c))
                return RUNTIME_E_BUSY;
        (void) snprintf(topic, sizeof(topic), REJECTION_TOPIC "%s", c->config.file->name);
        dead_letter_make(&original, &why, letter);
        log_line(c->config.log, CONNECT_REJECTED, LOG_STRING("connector", c->config.file->name), LOG_INT("place", rejection->place),
                 LOG_STRING("code", rejection->code), LOG_STRING("reason", rejection->error));
        return inward_send(in, c, &letter->record, cookie, err);
}

int inward_keep(struct inward *in, struct core *c, struct text key, struct text value, void *cookie, struct error *err) {
        struct bus_record record;
        int r;

        if (inward_is_full(in, c))
                return RUNTIME_E_BUSY;
        r = kept_record(&c->bytes, c->config.file->name, key, value, &record);
        return r ? r : inward_send(in, c, &record, cookie, err);
}

static void inward_answer_late(struct inward *in, struct core *c) {
        int64_t now = core_now(c);

        while (in->first && in->first->deadline <= now)
                inward_answer(in, c, in->first, SUBMITTED_OPEN);
}

int inward_turn(struct inward *in, struct core *c, int timeout_ms, struct error *err) {
        int r = bus_producer_poll(c->producer, in->open > 0 ? REPORT_POLL_MS : 0, err);

        if (r < 0)
                return error_trace(r, err);
        inward_answer_late(in, c);
        return c->ops->turn(c->ctx, in->open > 0 ? 0 : timeout_ms, err);
}

int inward_stop(struct inward *in, struct core *c, struct error *err) {
        int64_t until = core_now(c) + RUNTIME_STOP_MS;

        while (!c->ops->quiesce(c->ctx) || in->waiting > 0) {
                int r;

                if (core_now(c) >= until) {
                        log_line(c->config.log, CONNECT_STOPPED_EARLY, LOG_INT("waiting", (int64_t)in->waiting));
                        return 0;
                }
                r = inward_turn(in, c, REPORT_POLL_MS, err);
                if (r < 0)
                        return r;
        }
        return 0;
}
