/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads inboxes in the partition of a case, and keeps which places are about it. */

#include "survey/mail.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"
#include "bus/positions.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"


struct mail_inbox {
        char topic[BUS_NAME_MAX + 1]; /* the key in the table */
        uint32_t index;
        int32_t partition; /* of the case; -1: the topic is not there */
        int64_t next;      /* everything before it has been read */
};

struct mail_place { /* without holes: it is compared by its bytes */
        struct uuid event_id;
        int64_t offset;
        int32_t partition;
        uint32_t inbox;
};
_Static_assert(sizeof(struct mail_place) == sizeof(struct uuid) + 16, "a key without holes");

struct mail {
        struct bus *bus;
        char case_id[UUID_TEXT + 1];
        struct table inboxes, places;
};

int mail_new(struct bus *bus, const struct uuid *case_id, struct mail **ret) {
        struct mail *mail = calloc(1, sizeof(*mail));

        if (!mail)
                return -ENOMEM;
        mail->bus = bus;
        uuid_format(case_id, mail->case_id);
        *ret = mail;
        return 0;
}

static void mail_free_values(struct table *t) {
        void *value;

        for (size_t i = 0; (value = table_next(t, &i));)
                free(value);
        table_done(t);
}

struct mail *mail_free(struct mail *mail) {
        if (!mail)
                return NULL;
        mail_free_values(&mail->inboxes);
        mail_free_values(&mail->places);
        free(mail);
        return NULL;
}

/* A name that is too long for a topic is cut off, and no topic has it. */
static void mail_topic(const struct delivery_record *delivery, char ret[BUS_NAME_MAX + 1]) {
        snprintf(ret, BUS_NAME_MAX + 1, TOPIC_INBOX_PREFIX "%.*s", (int)delivery->organisation.n, delivery->organisation.s);
}

static struct mail_inbox *mail_inbox(const struct mail *mail, const struct delivery_record *delivery) {
        char topic[BUS_NAME_MAX + 1];

        mail_topic(delivery, topic);
        return table_get(&mail->inboxes, topic, strlen(topic));
}

bool mail_is_unread(const struct mail *mail, const struct delivery_record *delivery) {
        const struct mail_inbox *inbox = mail_inbox(mail, delivery);

        return !inbox || (delivery->partition == inbox->partition && delivery->offset >= inbox->next);
}

bool mail_has(const struct mail *mail, const struct delivery_record *delivery) {
        const struct mail_inbox *inbox = mail_inbox(mail, delivery);
        struct mail_place place = {.event_id = delivery->event_id, .offset = delivery->offset};

        if (!inbox || delivery->partition != inbox->partition)
                return false;
        place.partition = inbox->partition;
        place.inbox = inbox->index;
        return table_get(&mail->places, &place, sizeof(place)) != NULL;
}

static int mail_add_inbox(struct mail *mail, const struct delivery_record *delivery, struct mail_inbox **ret, struct error *err) {
        struct mail_inbox *inbox;

        if (mail->inboxes.n >= MAIL_INBOXES_MAX) {
                error_set(err, "deliveries names more than %d inboxes", MAIL_INBOXES_MAX);
                return -E2BIG;
        }
        inbox = calloc(1, sizeof(*inbox));
        if (!inbox)
                return -ENOMEM;
        mail_topic(delivery, inbox->topic);
        inbox->index = (uint32_t)mail->inboxes.n;
        inbox->partition = -1;
        if (table_put(&mail->inboxes, inbox->topic, strlen(inbox->topic), inbox)) {
                free(inbox);
                return -ENOMEM;
        }
        *ret = inbox;
        return 0;
}

struct mail_reading {
        struct mail *mail;
        const struct mail_inbox *inbox;
};

static int mail_take(void *ctx, struct bus_record *record, struct error *err) {
        const struct mail_reading *reading = ctx;
        const struct mail_inbox *inbox = reading->inbox;
        struct mail *mail = reading->mail;
        struct mail_place place = {.offset = record->offset, .partition = record->partition, .inbox = inbox->index}, *kept;
        const struct bus_header *id;

        if (!text_is(event_record_key(record), mail->case_id))
                return 0;
        if (bus_record_headers(record))
                return -ENOMEM;
        id = bus_record_header(record, EVENT_HEADER_ID);
        if (!id || !id->value || !uuid_parse(id->value, id->n, &place.event_id) || table_get(&mail->places, &place, sizeof(place)))
                return 0;
        if (mail->places.n >= MAIL_RECORDS_MAX) {
                error_set(err, "the inboxes hold more than %d records of the case", MAIL_RECORDS_MAX);
                return -E2BIG;
        }
        kept = malloc(sizeof(*kept));
        if (!kept)
                return -ENOMEM;
        *kept = place;
        if (table_put(&mail->places, kept, sizeof(*kept), kept) == 0)
                return 0;
        free(kept);
        return -ENOMEM;
}

/* The partition of the case, and that all of it has been read. */
static void mail_note(const struct mail *mail, const struct bus_reader *reader, struct mail_inbox *inbox) {
        const struct reader_positions *positions = bus_reader_positions(reader);
        int64_t first, end;

        if (positions->partitions[0] <= 0)
                return;
        inbox->partition = bus_record_partition(&(struct bus_record){.partition = BUS_BY_KEY, .key = mail->case_id, .key_n = UUID_TEXT},
                                                positions->partitions[0], 0);
        if (reader_positions_bounds(positions, (struct bus_part){0, inbox->partition}, &first, &end))
                inbox->next = end;
}

int mail_read(struct mail *mail, const struct delivery_record *delivery, struct error *err) {
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        struct mail_inbox *inbox = mail_inbox(mail, delivery);
        const char *topic;
        int r = inbox ? 0 : mail_add_inbox(mail, delivery, &inbox, err);

        if (r)
                return r;
        topic = inbox->topic;
        r = bus_reader_open(mail->bus,
                            &(struct bus_reader_config){.topics = &topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .key = mail->case_id,
                                                        .key_n = UUID_TEXT, .from = inbox->next > 0 ? BUS_FROM_OFFSET : BUS_FROM_BEGINNING,
                                                        .offset = inbox->next, .until_end = true, .some = true},
                            &reader, err);
        if (r == 0)
                r = bus_reader_each(reader, &(struct bus_reading){.record = mail_take, .ctx = &(struct mail_reading){mail, inbox}, .what = inbox->topic}, err);
        if (r)
                return error_trace(r, err);
        mail_note(mail, reader, inbox);
        return 0;
}
