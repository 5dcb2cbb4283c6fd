/* SPDX-License-Identifier: EUPL-1.2 */

/* Follows the orders of one connector. */

#include "connect/hold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/positions.h"
#include "cluster/topics.h"
#include "connect/core.h"

#define HOLD_POLL_MS 20
#define HOLD_RECORDS_A_TURN 1000

/* An order that was read comes to hold. One that is read again after a failure is no news. */
static void hold_obey(struct hold *h, struct hold_order *o, const struct runtime_config *config, const char *label) {
        bool was_on = o->latest.pauses;
        char since[INSTANT_TEXT + 1];

        if (o->newest.at == o->latest.at && o->newest.pauses == o->latest.pauses)
                return;
        h->changes++;
        o->latest = o->newest;
        instant_format(o->latest.at, since);
        if (o->latest.pauses)
                log_line(config->log, CONNECT_HALTED, LOG_STRING("connector", label), LOG_STRING("since", since), LOG_STRING("reason", o->latest.reason));
        else if (was_on)
                log_line(config->log, CONNECT_GOES_ON, LOG_STRING("connector", label), LOG_STRING("reason", o->latest.reason));
}

/* "webhooks/gm0014", of the connector webhooks. */
static struct hold_order *hold_find(struct hold *h, const struct runtime_config *config, struct text key) {
        const size_t name = strlen(config->file->name), separator = strlen(ORDER_SEPARATOR);

        if (text_is(key, config->file->name))
                return &h->whole;
        if (key.n <= name + separator || memcmp(key.s, config->file->name, name) != 0 || memcmp(key.s + name, ORDER_SEPARATOR, separator) != 0)
                return NULL;
        for (size_t i = 0; i < h->inboxes_n; i++) {
                if (text_is((struct text){key.s + name + separator, key.n - name - separator}, config->file->targets[i].organisation->id))
                        return &h->inboxes[i];
        }
        return NULL;
}

static void hold_take(struct hold *h, const struct runtime_config *config, const struct bus_record *record) {
        struct hold_order *o = hold_find(h, config, (struct text){record->key, record->key_n});
        struct text connector;
        struct order order;

        if (o && order_decode(h->codec, record->value, record->value_n, &connector, &order))
                o->newest = order;
}

static void hold_obey_all(struct hold *h, const struct runtime_config *config) {
        char label[CORE_LABEL_MAX];

        hold_obey(h, &h->whole, config, config->file->name);
        for (size_t i = 0; i < h->inboxes_n; i++) {
                (void) snprintf(label, sizeof(label), "%s" ORDER_SEPARATOR "%s", config->file->name, config->file->targets[i].organisation->id);
                hold_obey(h, &h->inboxes[i], config, label);
        }
}

/* Older orders that still stand there never come to hold: only what is the newest once all is read. Return: 0 or negative errno. */
static int hold_read(struct hold *h, const struct runtime_config *config, int timeout_ms, struct error *err) {
        struct bus_event event = {.kind = BUS_RECORD};
        bool news = false;

        for (unsigned i = 0; i < HOLD_RECORDS_A_TURN && event.kind == BUS_RECORD; i++) {
                int r = bus_reader_poll(h->reader, timeout_ms, &event, err);

                if (r)
                        return error_trace(r, err);
                if (event.kind == BUS_RECORD)
                        hold_take(h, config, &event.record);
                news |= event.kind == BUS_RECORD;
        }
        news |= !h->reached;
        h->reached |= reader_positions_reached(bus_reader_positions(h->reader));
        if (h->reached && news)
                hold_obey_all(h, config);
        return 0;
}

static int hold_begin(struct hold *h, const struct runtime_config *config, struct error *err) {
        static const char *const topics[] = {TOPIC_CONNECTOR_ORDERS};
        const struct bus_reader_config reader = {.topics = topics, .topics_n = ELEMENTS(topics), .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING};

        h->reached = false;
        h->whole.newest = h->whole.latest;
        for (size_t i = 0; i < h->inboxes_n; i++)
                h->inboxes[i].newest = h->inboxes[i].latest;
        return error_trace(bus_reader_open(config->bus, &reader, &h->reader, err), err);
}

int hold_open(struct hold *h, const struct runtime_config *config, struct error *err) {
        int64_t until = clock_monotonic(&config->clock) + BUS_CALL_MS;
        int r = order_codec_new(config->types, &h->codec, err);

        h->inboxes = calloc(config->file->targets_n + 1, sizeof(*h->inboxes));
        if (r == 0 && !h->inboxes)
                r = -ENOMEM;
        h->inboxes_n = h->inboxes ? config->file->targets_n : 0;
        if (r == 0)
                r = hold_begin(h, config, err);
        while (r == 0 && !h->reached && clock_monotonic(&config->clock) < until)
                r = hold_read(h, config, HOLD_POLL_MS, err);
        if (r == 0 && !h->reached) {
                error_set(err, "%s cannot be read: nothing came from the broker for %d s", TOPIC_CONNECTOR_ORDERS, BUS_CALL_MS / 1000);
                return -ETIMEDOUT;
        }
        return r;
}

int hold_turn(struct hold *h, const struct runtime_config *config, struct error *err) {
        struct error why = {0};
        int r = 0;

        if (!h->reader && clock_monotonic(&config->clock) < h->again)
                return 0;
        if (!h->reader)
                r = hold_begin(h, config, &why);
        if (r == 0)
                r = hold_read(h, config, 0, &why);
        if (r == -ENOMEM)
                *err = why;
        if (r == 0 || r == -ENOMEM)
                return r;
        log_line(config->log, CONNECT_ORDERS_UNREAD, LOG_STRING("connector", config->file->name), LOG_STRING("reason", why.text));
        bus_reader_close(h->reader);
        h->reader = NULL;
        h->again = clock_monotonic(&config->clock) + HOLD_AGAIN_MS;
        return 0;
}

void hold_close(struct hold *h) {
        bus_reader_close(h->reader);
        h->reader = NULL;
        h->codec = order_codec_free(h->codec);
        free(h->inboxes);
        h->inboxes = NULL;
        h->inboxes_n = 0;
}
