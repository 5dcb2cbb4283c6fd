/* SPDX-License-Identifier: EUPL-1.2 */

/* Sends dead letters again: a transaction for some of them, with what remembers it. */

#include "survey/redrive.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/audit.h"
#include "cluster/topics.h"
#include "connect/deliveries.h"

#define REDRIVE_ID "ketenwacht-dead-letters"
#define REDRIVE_STOPPED 1   /* ends the reading */
#define BODY_BYTES_MAX 65536
#define FULL_POLL_MS 100
#define FULL_TRIES_MAX 300  /* polls of a queue that stays full */
#define REASON_BYTES_MAX (REDRIVE_REASON_MAX + 128)

struct redriving {
        const struct redrive *redrive;
        struct redrive_result *result;
        struct audit_codec *audit;
        struct delivery_codec *deliveries;
        struct bus_producer *producer;
        struct redriven *record;
        struct buffer body;
        unsigned open;      /* letters in the open transaction */
        int64_t began;      /* monotonic, of its first */
};

static void redrive_count_refused(struct redrive_result *result, const char *code) {
        size_t i = 0;

        while (i < result->refused_n && strcmp(result->refused[i].code, code) != 0)
                i++;
        if (i == REDRIVE_CODES_MAX)
                i--; /* with the last */
        if (i == result->refused_n) {
                result->refused_n++;
                (void) snprintf(result->refused[i].code, sizeof(result->refused[i].code), "%s", i + 1 < REDRIVE_CODES_MAX ? code : "OTHERS");
        }
        result->refused[i].n++;
}

/* -- One transaction -- */

static int redrive_send(struct redriving *d, const struct bus_record *record, struct error *err) {
        for (unsigned i = 0; i < FULL_TRIES_MAX; i++) {
                int r = bus_producer_send(d->producer, record, NULL, err);

                if (r == BUS_E_FULL)
                        r = bus_producer_poll(d->producer, FULL_POLL_MS, err);
                else if (r <= 0)
                        return r;
                if (r == BUS_E_ABORTED) {
                        error_set(err, "the broker ended the transaction; run it again, nothing is sent twice");
                        return -EIO;
                }
                if (r)
                        return r;
        }
        error_set(err, "the queue to the broker stays full; run it again, nothing is sent twice");
        return -ETIMEDOUT;
}

static int redrive_commit(struct redriving *d, struct error *err) {
        const struct redrive *redrive = d->redrive;
        int64_t due;
        int r;

        if (d->open == 0)
                return 0;
        r = bus_producer_commit(d->producer, NULL, err);
        if (r == BUS_E_ABORTED) {
                error_set(err, "the broker did not take the last %u; run it again, nothing is sent twice", d->open);
                return bus_producer_abort(d->producer, NULL, err) ?: -EIO;
        }
        if (r)
                return r;
        d->result->sent += d->open;
        due = d->began + d->open * INT64_C(1000) / redrive->per_second - clock_monotonic(&redrive->clock);
        d->open = 0;
        if (redrive->progress)
                redrive->progress(redrive->ctx, d->result);
        d->result->stopped = redrive->wait(redrive->ctx, due > 0 ? due : 0);
        return d->result->stopped ? REDRIVE_STOPPED : 0;
}

/* -- One letter -- */

static struct text redrive_text(const char *text) {
        return text_of(text ? text : "");
}

static int redrive_audit(struct redriving *d, const struct letter *letter, instant_t now, struct error *err) {
        char object[LETTERS_OBJECT_MAX];
        struct bus_record record;

        letters_object(letter->record, object);
        buffer_clear(&d->body);
        audit_encode(d->audit,
                     &(struct audit_record){.at = now, .user = text_of(d->redrive->by), .roles = redrive_text(d->redrive->roles),
                                            .organisation = redrive_text(d->redrive->organisation), .address = redrive_text(d->redrive->address),
                                            .action = TEXT_OF(AUDIT_REDRIVE), .object = text_of(object), .result = TEXT_OF(AUDIT_DONE),
                                            .reason = text_of(d->redrive->reason)},
                     &d->body);
        if (d->body.failed)
                return -ENOMEM;
        record = audit_bus_record(&d->body);
        return redrive_send(d, &record, err);
}

/* What `deliveries` says of a record that is to be delivered again: parked, without a try. */
static int redrive_delivery(struct redriving *d, const struct letter *letter, const char *connector, instant_t now, struct error *err) {
        char reason[REASON_BYTES_MAX];
        const int n = snprintf(reason, sizeof(reason), DELIVERY_AGAIN "%s: %s", d->redrive->by, d->redrive->reason);
        struct bus_record record;
        const struct delivery_record delivery = {
                .delivered_at = now,
                .organisation = text_of(letter->organisation),
                .connector = text_of(connector),
                .partition = letter->read.partition,
                .offset = letter->read.offset,
                .event_id = letter->has_event_id ? letter->event_id : (struct uuid){{0}},
                .outcome = DELIVERY_PARKED,
                .reason = text_of(reason),
        };

        assert(n > 0 && (size_t)n < sizeof(reason));
        buffer_clear(&d->body);
        delivery_encode(d->deliveries, &delivery, &d->body);
        if (d->body.failed)
                return -ENOMEM;
        record = delivery_bus_record(connector, &d->body);
        return redrive_send(d, &record, err);
}

static int redrive_letter(struct redriving *d, const struct letter *letter, struct error *err) {
        instant_t now = clock_realtime(&d->redrive->clock);
        const char *connector = NULL;
        int r;

        if (dead_letter_is_of_inbox(letter->read.topic))
                connector = letter->read.connector[0] ? letter->read.connector : d->redrive->connector;
        if (d->open == 0)
                d->began = clock_monotonic(&d->redrive->clock);
        redriven_make(letter->record, &letter->read, connector, d->record);
        r = redrive_send(d, &d->record->record, err);
        if (r == 0)
                r = redrive_audit(d, letter, now, err);
        if (r == 0 && connector)
                r = redrive_delivery(d, letter, connector, now, err);
        if (r)
                return r;
        d->open++;
        return d->open >= REDRIVE_BATCH || d->open >= d->redrive->per_second ? redrive_commit(d, err) : 0;
}

/* A dry run sends nothing, and so is asked only now and then whether it is to stop. */
static bool redrive_pause(struct redriving *d) {
        if (d->redrive->progress)
                d->redrive->progress(d->redrive->ctx, d->result);
        d->result->stopped = d->redrive->wait && d->redrive->wait(d->redrive->ctx, 0);
        return d->result->stopped;
}

static int redrive_see(void *ctx, const struct letter *letter, struct error *err) {
        struct redriving *d = ctx;
        const char *code;
        struct error why;

        d->result->matched++;
        if (letter->sent_at) {
                d->result->already++;
                return 0;
        }
        if (d->redrive->dry_run && d->result->matched % REDRIVE_BATCH == 0 && redrive_pause(d))
                return REDRIVE_STOPPED;
        code = letters_judge(&d->redrive->source, letter, d->redrive->connector, &why);
        if (code) {
                redrive_count_refused(d->result, code);
                return 0;
        }
        if (d->redrive->dry_run) {
                d->result->sent++;
                return 0;
        }
        return redrive_letter(d, letter, err);
}

/* -- All -- */

/* Taking up the transactional id ends what another left open, so that `audit` says all that was sent when it is read after it. */
static int redrive_open(struct redriving *d, struct error *err) {
        static const char *const topics[] = {TOPIC_AUDIT, TOPIC_DELIVERIES, TOPIC_REDELIVERIES};
        const struct bus_producer_config config = {.transactional_id = REDRIVE_ID, .topics = topics, .topics_n = ELEMENTS(topics)};
        int r = audit_codec_new(d->redrive->source.types, &d->audit, err);

        if (r == 0)
                r = delivery_codec_new(d->redrive->source.types, &d->deliveries, err);
        if (r)
                return r;
        d->record = calloc(1, sizeof(*d->record));
        return d->record ? bus_producer_open(d->redrive->source.bus, &config, &d->producer, err) : -ENOMEM;
}

int redrive_run(const struct redrive *redrive, struct redrive_result *ret, struct error *err) {
        struct redriving d = {.redrive = redrive, .result = ret, .body = BUFFER_INIT(BODY_BYTES_MAX)};
        const struct letters_visitor visitor = {.letter = redrive_see, .ctx = &d};
        int r = 0;

        assert(redrive->per_second > 0 && (redrive->dry_run || (redrive->by && redrive->reason && strlen(redrive->reason) <= REDRIVE_REASON_MAX)));
        *ret = (struct redrive_result){0};
        if (!redrive->dry_run)
                r = redrive_open(&d, err);
        if (r == 0)
                r = letters_each(&redrive->source, &redrive->filter, &visitor, err);
        if (r == 0)
                r = redrive_commit(&d, err);
        bus_producer_close(d.producer);
        free(d.record);
        buffer_done(&d.body);
        delivery_codec_free(d.deliveries);
        audit_codec_free(d.audit);
        return r == REDRIVE_STOPPED ? 0 : r;
}

void redrive_result_put(const struct redrive_result *result, bool dry_run, struct json_writer *w) {
        jsonw_open_object(w);
        jsonw_put_int(w, "letters", (int64_t)result->matched);
        jsonw_put_int(w, dry_run ? "would_be_sent" : "sent", (int64_t)result->sent);
        jsonw_put_int(w, "already_sent", (int64_t)result->already);
        jsonw_key(w, "refused");
        jsonw_open_object(w);
        for (size_t i = 0; i < result->refused_n; i++)
                jsonw_put_int(w, result->refused[i].code, (int64_t)result->refused[i].n);
        jsonw_close_object(w);
        jsonw_close_object(w);
}
