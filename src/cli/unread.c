/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads the event topics whole, and passes over what the workers' group is done with. */

#include "cli/unread.h"

#include <errno.h>
#include <stdlib.h>

#include "bus/positions.h"
#include "cluster/topics.h"

#define UNREAD_PATIENCE 120 /* seconds: longer than a transaction stays open */

struct unread_run {
        const struct unread *u;
        const char **topics;
        size_t topics_n;
        struct bus_reader *reader;
        struct bus_part *parts; /* of all topics, in order */
        int64_t *done;          /* of each part */
        size_t *begins;         /* [topics]: the place of a topic's first part */
        size_t parts_n;
};

static int unread_list_topics(struct unread_run *run) {
        size_t n = event_types_count(run->u->types);

        run->topics = calloc(n + 1, sizeof(*run->topics));
        run->begins = calloc(n + 1, sizeof(*run->begins));
        if (!run->topics || !run->begins)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct event_type *type = event_types_at(run->u->types, i);

                if (!type->output)
                        run->topics[run->topics_n++] = type->name;
        }
        return 0;
}

/* How far each partition is read. */
static int unread_look(struct unread_run *run, struct error *err) {
        const struct reader_positions *at = bus_reader_positions(run->reader);
        size_t n = 0;

        for (size_t t = 0; t < run->topics_n; t++) {
                run->begins[t] = n;
                n += (size_t)at->partitions[t];
        }
        run->parts = calloc(n + 1, sizeof(*run->parts));
        run->done = calloc(n + 1, sizeof(*run->done));
        if (!run->parts || !run->done)
                return -ENOMEM;
        for (size_t t = 0; t < run->topics_n; t++) {
                for (int32_t p = 0; p < at->partitions[t]; p++)
                        run->parts[run->parts_n++] = (struct bus_part){(uint32_t)t, p};
        }
        return bus_reader_committed(run->reader, run->parts, run->parts_n, run->done, err);
}

static int unread_record(void *ctx, struct bus_record *record, struct error *err) {
        const struct unread_run *run = ctx;
        int r;

        if (record->offset < run->done[run->begins[record->index] + (size_t)record->partition])
                return 0;
        r = bus_record_headers(record);
        return r ? r : run->u->record(run->u->ctx, record, err);
}

static int unread_read(struct unread_run *run, struct error *err) {
        const struct bus_reader_config config = {.topics = run->topics, .topics_n = run->topics_n, .partition = BUS_ALL_PARTITIONS,
                                                 .from = BUS_FROM_BEGINNING, .until_end = true, .some = true, .group = TOPICS_GROUP_RULES};
        int r = bus_reader_open(run->u->bus, &config, &run->reader, err);

        if (r == 0)
                r = unread_look(run, err);
        if (r == 0)
                r = bus_reader_each(run->reader, &(struct bus_reading){.record = unread_record, .ctx = run, .what = "the event topics",
                                                                       .patience = UNREAD_PATIENCE}, err);
        return r;
}

int unread_each(const struct unread *u, struct error *err) {
        struct unread_run run = {.u = u};
        int r = unread_list_topics(&run);

        if (r == 0 && run.topics_n > 0)
                r = unread_read(&run, err);
        bus_reader_close(run.reader);
        free(run.topics);
        free(run.begins);
        free(run.parts);
        free(run.done);
        return r;
}
