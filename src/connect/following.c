/* SPDX-License-Identifier: EUPL-1.2 */

/* The reader of the topics, and what is made of its records. */

#include "connect/following.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "bus/positions.h"
#include "cluster/topics.h"

#define FOLLOWING_RECORDS_A_TURN 2000
#define FOLLOWING_TOPICS_MORE 1 /* beside event topics and inboxes: dead-letters */

struct following {
        struct following_config config;
        const char **topics; /* event topics, dead-letters, inboxes */
        char *names;         /* of the inboxes */
        const struct event_type **types;
        size_t types_n, topics_n;
        struct bus_reader *reader; /* NULL: not reached, or it failed */
        struct fates *fates;
        bool restored;             /* all that stood there at opening is taken in */
        int64_t *inbox_ends;       /* [organisations]: the offset behind the latest record of each inbox that was seen */
        struct bus_part *parts;    /* of all event topics, and how far the workers are with each */
        int64_t *done;
        size_t parts_n;
        int64_t began_at;
        struct metric *ready, *events, *since;
};

/* -- Making it -- */

static int following_metrics(struct following *f, struct error *err) {
        const struct {
                struct metric **ret;
                struct metric_row row;
        } rows[] = {
                {&f->ready, {.name = "ketenwacht_desk_ready", .kind = METRIC_GAUGE,
                             .help = "1 when what became of events can be said, 0 while the topics are being read or the broker fails."}},
                {&f->events, {.name = "ketenwacht_desk_events", .kind = METRIC_GAUGE, .help = "Events of which it is known what became of them."}},
                {&f->since, {.name = "ketenwacht_desk_known_seconds", .kind = METRIC_GAUGE,
                             .help = "So far back events are known; less than a month when memory is too small for it.", .per_unit = 1000}},
        };

        for (size_t i = 0; f->config.metrics && i < ELEMENTS(rows); i++) {
                int r = metrics_register(f->config.metrics, &rows[i].row, rows[i].ret, err);

                if (r < 0)
                        return r;
        }
        metric_know(f->since, false);
        return 0;
}

/* Event topics, dead-letters, inboxes: in this order. */
static int following_list_topics(struct following *f) {
        size_t events = event_types_count(f->config.types), orgs = organisations_count(f->config.organisations), each = BUS_NAME_MAX + 1;

        f->topics = calloc(events + FOLLOWING_TOPICS_MORE + orgs, sizeof(*f->topics));
        f->types = calloc(events + 1, sizeof(*f->types));
        f->names = calloc(orgs + 1, each);
        if (!f->topics || !f->types || !f->names)
                return -ENOMEM;
        for (size_t i = 0; i < events; i++) {
                const struct event_type *type = event_types_at(f->config.types, i);

                if (type->output)
                        continue;
                f->types[f->types_n++] = type;
                f->topics[f->topics_n++] = type->name;
        }
        f->topics[f->topics_n++] = TOPIC_DEAD_LETTERS;
        for (size_t i = 0; i < orgs; i++) {
                (void) snprintf(f->names + i * each, each, TOPIC_INBOX_PREFIX "%s", organisations_at(f->config.organisations, i)->id);
                f->topics[f->topics_n++] = f->names + i * each;
        }
        return 0;
}

int following_new(const struct following_config *config, struct following **ret, struct error *err) {
        CLEANUP(following_free_p) struct following *f = calloc(1, sizeof(*f));
        size_t orgs = organisations_count(config->organisations);
        int r;

        if (!f)
                return -ENOMEM;
        f->config = *config;
        f->inbox_ends = calloc(orgs + 1, sizeof(*f->inbox_ends));
        if (!f->inbox_ends)
                return -ENOMEM;
        r = following_list_topics(f);
        if (r == 0)
                r = following_metrics(f, err);
        if (r)
                return r;
        *ret = TAKE(f);
        return 0;
}

struct following *following_free(struct following *f) {
        if (!f)
                return NULL;
        following_stop(f);
        free(f->topics);
        free(f->types);
        free(f->names);
        free(f->inbox_ends);
        free(f);
        return NULL;
}

/* -- Beginning and ending -- */

bool following_is_open(const struct following *f) {
        return f->reader != NULL;
}

bool following_is_restored(const struct following *f) {
        return f->restored;
}

void following_stop(struct following *f) {
        bus_reader_close(f->reader);
        f->reader = NULL;
        f->fates = fates_free(f->fates);
        f->restored = false;
        free(f->parts);
        free(f->done);
        f->parts = NULL;
        f->done = NULL;
        f->parts_n = 0;
        metric_set(f->ready, 0, 0);
        metric_know(f->since, false);
}

/* The parts of all event topics, in the order of the topics. */
static int following_list_parts(struct following *f) {
        const struct reader_positions *at = bus_reader_positions(f->reader);
        size_t n = 0;

        for (size_t t = 0; t < f->types_n; t++)
                n += (size_t)at->partitions[t];
        f->parts = calloc(n + 1, sizeof(*f->parts));
        f->done = calloc(n + 1, sizeof(*f->done));
        if (!f->parts || !f->done)
                return -ENOMEM;
        for (size_t t = 0; t < f->types_n; t++) {
                for (int32_t p = 0; p < at->partitions[t]; p++)
                        f->parts[f->parts_n++] = (struct bus_part){(uint32_t)t, p};
        }
        return 0;
}

static int following_begin(struct following *f, struct error *err) {
        instant_t now = clock_realtime(&f->config.clock);
        const struct fates_config fates = {.types = f->config.types,
                                           .organisations = f->config.organisations,
                                           .asks = f->config.asks,
                                           .bytes_max = FATES_BYTES_MAX,
                                           .since = now - FOLLOWING_SINCE_MS};
        const struct bus_reader_config config = {.topics = f->topics,
                                                 .topics_n = f->topics_n,
                                                 .partition = BUS_ALL_PARTITIONS,
                                                 .from = BUS_FROM_INSTANT,
                                                 .instant = fates.since,
                                                 .some = true,
                                                 .group = TOPICS_GROUP_RULES,
                                                 .enough = f->config.enough};
        int r = fates_new(&fates, &f->fates);

        f->began_at = clock_monotonic(&f->config.clock);
        if (r == 0)
                r = bus_reader_open(f->config.bus, &config, &f->reader, err);
        return r ? r : following_list_parts(f);
}

/* -- Taking in -- */

static int following_take(struct following *f, struct bus_record *record) {
        const struct organisation *to;

        if (record->index < f->types_n)
                return fates_take_post(f->fates, f->types[record->index], record);
        if (record->index == f->types_n)
                return fates_take_letter(f->fates, record);
        to = organisations_at(f->config.organisations, record->index - f->types_n - FOLLOWING_TOPICS_MORE);
        f->inbox_ends[to->index] = record->offset + 1;
        return fates_take_inbox(f->fates, to, record);
}

static void following_show(struct following *f) {
        struct fates_stats stats;

        fates_stats(f->fates, &stats);
        metric_set(f->events, 0, (int64_t)stats.events);
        metric_set(f->since, 0, clock_realtime(&f->config.clock) - stats.since);
        metric_know(f->since, true);
        if (f->restored || !following_has_reached(f))
                return;
        f->restored = true;
        metric_set(f->ready, 0, 1);
        log_line(f->config.log, DESK_READY, LOG_STRING("connector", f->config.name), LOG_INT("events", (int64_t)stats.events),
                 LOG_INT("bytes", (int64_t)stats.bytes), LOG_INT("ms", clock_monotonic(&f->config.clock) - f->began_at));
}

int following_turn(struct following *f, int timeout_ms, struct error *err) {
        int r = f->reader ? 0 : following_begin(f, err);

        for (size_t i = 0; r == 0 && i < FOLLOWING_RECORDS_A_TURN; i++) {
                struct bus_event event;

                r = bus_reader_poll(f->reader, timeout_ms, &event, err);
                if (r == 0 && event.kind == BUS_RECORD)
                        r = following_take(f, &event.record);
                if (r || event.kind != BUS_RECORD)
                        break;
                timeout_ms = 0;
        }
        if (r)
                return r;
        following_show(f);
        return 0;
}

/* -- What became of an event -- */

static int64_t following_done(void *ctx, const struct event_type *type, int32_t partition) {
        const struct following *f = ctx;

        for (size_t i = 0; i < f->parts_n; i++) {
                if (f->types[f->parts[i].index] == type && f->parts[i].partition == partition)
                        return f->done[i];
        }
        return BUS_NOT_COMMITTED;
}

/* What is committed beyond the end is of a log that is no more. */
static void following_judge_done(struct following *f) {
        int64_t first, end;

        for (size_t i = 0; i < f->parts_n; i++) {
                if (!reader_positions_bounds(bus_reader_positions(f->reader), f->parts[i], &first, &end) || f->done[i] > end)
                        f->done[i] = BUS_NOT_COMMITTED;
        }
}

int following_look(struct following *f, struct error *err) {
        int r;

        assert(f->restored);
        r = bus_reader_committed(f->reader, f->parts, f->parts_n, f->done, err);
        if (r == 0)
                r = bus_reader_look(f->reader, err);
        if (r)
                return r;
        following_judge_done(f);
        return 0;
}

bool following_has_reached(const struct following *f) {
        return reader_positions_reached(bus_reader_positions(f->reader));
}

bool following_tell(const struct following *f, const struct organisation *who, const struct uuid *event_id, struct json_writer *w) {
        const struct fates_progress progress = {following_done, (void *)(uintptr_t)f};

        return fates_tell(f->fates, who, event_id, &progress, w);
}

/* -- Inboxes -- */

int64_t following_inbox_end(const struct following *f, const struct organisation *of) {
        return f->inbox_ends[of->index];
}

int following_say_read(struct following *f, const struct organisation *of, int64_t next, struct error *err) {
        char group[BUS_NAME_MAX + 1];

        assert(f->reader);
        (void) snprintf(group, sizeof(group), TOPICS_GROUP_PAGES "%s", of->id);
        return bus_reader_commit(f->reader, group, (struct bus_part){(uint32_t)(f->types_n + FOLLOWING_TOPICS_MORE + of->index), 0}, next, err);
}
