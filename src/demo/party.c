/* SPDX-License-Identifier: EUPL-1.2 */

/* Events to an outbox, and an inbox read, as the Kafka client of an organisation does. */

#include "demo/party.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"

#define PARTY_ARENA_MAX ((size_t)4 * 1024 * 1024)
#define PARTY_IDLE_MAX 3000 /* polls without a record, of PARTY_POLL_MS each, before something is wrong */

struct party {
        struct party_config c;
        char inbox[BUS_NAME_MAX + 1], outbox[BUS_NAME_MAX + 1];
        struct bus_producer *producer;
        struct bus_consumer *consumer;
        struct arena *arena;
        struct buffer body;
        struct party_counts counts;
        size_t refused;  /* by the broker, of what is written now */
};

static void party_settled(void *ctx, const struct bus_report *report) {
        struct party *party = ctx;

        party->refused += report->sent != BUS_SENT;
}

int party_open(const struct party_config *config, struct party **ret, struct error *err) {
        CLEANUP(party_free_p) struct party *party = calloc(1, sizeof(*party));
        const char *inbox = party ? party->inbox : NULL, *outbox = party ? party->outbox : NULL;
        const struct bus_producer_config producer = {.settled = party_settled, .ctx = party, .topics = &outbox, .topics_n = 1};
        const struct bus_consumer_config consumer = {.group = inbox, .topics = &inbox, .topics_n = 1};
        int r;

        if (!party)
                return -ENOMEM;
        party->c = *config;
        party->body = (struct buffer)BUFFER_INIT(BUS_RECORD_MAX);
        (void) snprintf(party->inbox, sizeof(party->inbox), TOPIC_INBOX_PREFIX "%s", config->organisation->id);
        (void) snprintf(party->outbox, sizeof(party->outbox), TOPIC_OUTBOX_PREFIX "%s", config->organisation->id);
        r = arena_new(&party->arena, PARTY_ARENA_MAX);
        if (r == 0)
                r = bus_producer_open(config->bus, &producer, &party->producer, err);
        if (r == 0)
                r = bus_consumer_open(config->bus, &consumer, &party->consumer, err);
        if (r)
                return r;
        *ret = TAKE(party);
        return 0;
}

struct party *party_free(struct party *party) {
        if (!party)
                return NULL;
        bus_producer_close(party->producer);
        bus_consumer_close(party->consumer, true);
        buffer_done(&party->body);
        arena_free(party->arena);
        free(party);
        return NULL;
}

bool party_owns(const struct party *party, const struct tape_item *item) {
        return party && item->source && strcmp(item->source, party->c.organisation->id) == 0;
}

struct party_counts party_counts(const struct party *party) {
        return party->counts;
}

/* -- Out -- */

static int party_send(struct party *party, const struct tape_item *item, struct error *err) {
        const struct config *config = party->c.config;
        struct event_record made;
        struct line line;
        int r;

        arena_reset(party->arena);
        line_parse(config->types, config->organisations, item->json, LANGUAGE_EN, party->arena, &line);
        assert(line.kind == LINE_EVENT); /* the tape has no others */
        r = event_record_make(&line.event, config->organisations, (struct text){0}, &party->body, &made);
        line_done(&line);
        if (r)
                return r;
        made.record.topic = party->outbox;
        return bus_producer_send(party->producer, &made.record, NULL, err);
}

int party_write(struct party *party, const struct tape_item *items, size_t n, struct error *err) {
        size_t left = 0;
        int r = 0;

        party->refused = 0;
        for (size_t i = 0; r == 0 && i < n; i++)
                r = party_send(party, &items[i], err);
        if (r == 0 && n > 0)
                r = bus_producer_flush(party->producer, PARTY_SENT_MS, &left, err);
        if (r < 0)
                return r;
        if (r || left > 0 || party->refused > 0) {
                error_set(err, "the broker did not take what %s wrote to its outbox", party->c.organisation->id);
                return -EIO;
        }
        party->counts.written += (int64_t)n;
        return 0;
}

/* -- In -- */

static int party_count_record(void *ctx, struct bus_record *record, struct error *err) {
        int64_t *n = ctx;

        (void)record;
        (void)err;
        ++*n;
        return 0;
}

/* How many records stand in the inbox. */
static int party_count_inbox(const struct party *party, int64_t *ret, struct error *err) {
        const char *inbox = party->inbox;
        const struct bus_reader_config config = {
                .topics = &inbox, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING, .until_end = true};
        const struct bus_reading reading = {.record = party_count_record, .ctx = ret, .what = inbox};
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        int r = bus_reader_open(party->c.bus, &config, &reader, err);

        *ret = 0;
        return r ? r : bus_reader_each(reader, &reading, err);
}

int party_collect(struct party *party, struct error *err) {
        unsigned idle = 0;
        int64_t wanted;
        int r = party_count_inbox(party, &wanted, err);

        while (r == 0 && party->counts.read < wanted && idle++ < PARTY_IDLE_MAX) {
                struct bus_event event;

                r = bus_consumer_poll(party->consumer, PARTY_POLL_MS, &event, err);
                if (r || event.kind != BUS_RECORD)
                        continue;
                idle = 0;
                party->counts.read++;
                r = bus_consumer_done(party->consumer, (struct bus_part){.partition = event.record.partition}, event.record.offset + 1);
        }
        if (r == 0 && party->counts.read < wanted) {
                error_set(err, "%s does not get what stands in its inbox", party->c.organisation->id);
                return -ETIMEDOUT;
        }
        if (r == 0)
                r = bus_consumer_commit(party->consumer, err);
        return r < 0 ? r : 0;
}
