/* SPDX-License-Identifier: EUPL-1.2 */

/* Asks for groups and what they have committed, and why a connector stands still. */

#include "survey/trail_readers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vector.h"
#include "bus/standing.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "connect/brake.h"
#include "connect/orders.h"

#define READERS_BYTES_MAX ((size_t)16 << 20) /* of their names */

struct readers_admission {
        const struct organisation *outbox;
        int64_t next;
};

struct trail_readers {
        struct arena *arena;
        VECTOR(struct trail_reader) readers;
        VECTOR(struct readers_admission) admissions;
};

struct trail_readers *trail_readers_free(struct trail_readers *readers) {
        if (!readers)
                return NULL;
        vector_done(&readers->readers);
        vector_done(&readers->admissions);
        arena_free(readers->arena);
        free(readers);
        return NULL;
}

/* -- Why -- */

#define READERS_LABEL_MAX 512

/* An order for the connector, or for its inbox of this organisation alone. */
static int readers_find_pause(const struct trail_readers_source *s, const char *connector, const struct organisation *inbox, bool *ret, struct error *err) {
        CLEANUP(order_codec_free_p) struct order_codec *codec = NULL;
        struct order order = {0};
        char alone[READERS_LABEL_MAX];
        int result;

        if (!event_types_other(s->config->types, TOPIC_CONNECTOR_ORDERS))
                return 0;
        result = order_codec_new(s->config->types, &codec, err);
        if (result == 0)
                result = orders_latest(s->bus, codec, connector, &order, err);
        *ret = order.pauses;
        (void) snprintf(alone, sizeof(alone), "%s" ORDER_SEPARATOR "%s", connector, inbox->id);
        if (result == 0 && !*ret)
                result = orders_latest(s->bus, codec, alone, &order, err);
        *ret |= order.pauses;
        return result == -ENOENT ? 0 : result;
}

static int readers_find_stop(const struct trail_readers_source *s, const char *connector, const struct organisation *inbox, bool *ret, struct error *err) {
        CLEANUP(delivery_codec_free_p) struct delivery_codec *codec = NULL;
        struct delivery_record gone;
        int result;

        if (!event_types_other(s->config->types, TOPIC_DELIVERIES))
                return 0;
        result = delivery_codec_new(s->config->types, &codec, err);
        if (result == 0)
                result = brake_find(s->bus, codec, connector, inbox->id, s->now, &gone, ret, err);
        return result == -ENOENT ? 0 : result;
}

/* Why what waits for a connector waits. */
static int readers_find_cause(const struct trail_readers_source *s, const struct standing_group *group, const char *connector,
                              const struct organisation *inbox, enum posting_cause *ret, struct error *err) {
        bool paused = false, stopped = false;
        int result = readers_find_pause(s, connector, inbox, &paused, err);

        if (result == 0 && !paused)
                result = readers_find_stop(s, connector, inbox, &stopped, err);
        *ret = paused ? POSTING_PAUSED : stopped ? POSTING_STOPPED : group->members == 0 ? POSTING_NOT_RUNNING : POSTING_FLOWS;
        return result;
}

/* -- Reading -- */

/* A group and one of what it reads: an inbox or, for admission, an outbox. */
static int readers_take_part(const struct trail_readers_source *s, struct trail_readers *readers, const struct standing_group *group,
                             const struct standing_part *part, struct error *err) {
        size_t connect = strlen(TOPICS_GROUP_CONNECT);
        bool is_connector = strncmp(group->name, TOPICS_GROUP_CONNECT, connect) == 0;
        struct trail_reader reader = {.partition = part->partition, .by = is_connector ? group->name + connect : group->name, .is_connector = is_connector,
                                      .next = part->committed, .cause = POSTING_FLOWS};
        const struct organisation *outbox = is_connector ? dead_letter_outbox(s->config->organisations, part->topic) : NULL;
        int r = outbox ? vector_push(&readers->admissions, (struct readers_admission){outbox, part->committed}) : 0;

        if (r || !dead_letter_is_of_inbox(part->topic))
                return r;
        reader.inbox = organisations_find(s->config->organisations, text_of(part->topic + strlen(TOPIC_INBOX_PREFIX)));
        if (!reader.inbox)
                return 0;
        if (is_connector && s->waits(s->ctx, reader.inbox, reader.partition, reader.next))
                r = readers_find_cause(s, group, reader.by, reader.inbox, &reader.cause, err);
        reader.by = arena_copy(readers->arena, reader.by, strlen(reader.by));
        if (r == 0)
                r = reader.by ? vector_push(&readers->readers, reader) : -ENOMEM;
        return r;
}

static int readers_take_groups(const struct trail_readers_source *s, struct trail_readers *readers, struct error *err) {
        CLEANUP(standing_free_p) struct standing *standing = NULL;
        struct standing_group *groups;
        size_t n;
        int r = standing_new(s->kafka, s->enough, &standing, err);

        if (r == 0)
                r = standing_groups(standing, &groups, &n, err);
        if (r)
                return r;
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; r == 0 && k < groups[i].n; k++)
                        r = readers_take_part(s, readers, &groups[i], &groups[i].parts[k], err);
        }
        return r;
}

int trail_readers_read(const struct trail_readers_source *source, struct trail_readers **ret, struct error *err) {
        CLEANUP(trail_readers_free_p) struct trail_readers *readers = calloc(1, sizeof(*readers));
        int r = readers ? arena_new(&readers->arena, READERS_BYTES_MAX) : -ENOMEM;

        if (r == 0)
                r = readers_take_groups(source, readers, err);
        if (r)
                return r;
        *ret = TAKE(readers);
        return 0;
}

/* -- Giving -- */

int trail_readers_give(const struct trail_readers *readers, struct trail *trail) {
        int r = 0;

        for (size_t i = 0; i < readers->admissions.n; i++)
                trail_take_admission(trail, readers->admissions.items[i].outbox, readers->admissions.items[i].next);
        for (size_t i = 0; r == 0 && i < readers->readers.n; i++) {
                if (trail_has_inbox(trail, readers->readers.items[i].inbox))
                        r = trail_take_reader(trail, &readers->readers.items[i]);
        }
        trail_know_readers(trail);
        return r;
}
