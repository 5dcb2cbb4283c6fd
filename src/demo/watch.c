/* SPDX-License-Identifier: EUPL-1.2 */

/* From topics to the board. */

#include "demo/watch.h"

#include <errno.h>
#include <string.h>

#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "model/event_types.h"

#define POLL_MS 100 /* how soon a stop is noticed */

enum place { PLACE_PLAN_DUE, PLACE_RAISED, PLACE_RESOLVED, PLACE_DEAD, PLACE_INBOX, PLACES };

static int watch_count_event(const struct watch_config *config, const struct bus_record *record, struct error *err) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct error why;
        struct event event;

        if (event_record_read(config->types, NULL, record, slots, &event, &why)) {
                error_set(err, "what stands on %s at offset %lld cannot be read by our own schemas: %s", record->topic, (long long)record->offset, why.text);
                return -EPROTO;
        }
        board_event(config->board, &event);
        return 0;
}

static int watch_count_record(const struct watch_config *config, const struct bus_record *record, struct error *err) {
        switch (record->index) {
        case PLACE_DEAD:
                board_count(config->board, BOARD_DEAD);
                return 0;
        case PLACE_INBOX:
                board_count(config->board, BOARD_RECEIVER_INBOX);
                return 0;
        default:
                return watch_count_event(config, record, err);
        }
}

int watch_run(const struct watch_config *config, struct error *err) {
        const char *const topics[PLACES] = {[PLACE_PLAN_DUE] = TOPIC_PLAN_DUE, [PLACE_RAISED] = TOPIC_ESCALATION_RAISED,
                                            [PLACE_RESOLVED] = TOPIC_ESCALATION_RESOLVED, [PLACE_DEAD] = TOPIC_DEAD_LETTERS,
                                            [PLACE_INBOX] = config->inbox};
        const struct bus_reader_config wanted = {
                .topics = topics, .topics_n = PLACES, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING, .until_end = config->until_end};
        struct bus_reader *reader = NULL;
        struct bus_event event = {0};
        int r = bus_reader_open(config->bus, &wanted, &reader, err);

        while (r == 0 && event.kind != BUS_END && !(config->stop && atomic_load(config->stop))) {
                r = bus_reader_poll(reader, POLL_MS, &event, err);
                if (r == 0 && event.kind == BUS_RECORD)
                        r = watch_count_record(config, &event.record, err);
        }
        bus_reader_close(reader);
        return r;
}
