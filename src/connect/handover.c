/* SPDX-License-Identifier: EUPL-1.2 */

/* Looks for inboxes that the group has no offset of, and gives it that of another. */

#include "connect/handover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/topics.h"

struct handover {
        const struct core *c;
        struct lanes *lanes;
        const char *group;
        const char **topics; /* the inboxes, and what is to be delivered again */
        struct bus_reader *reader;
        int64_t *mine;       /* likewise: as far as the group has them */
        int64_t again;       /* what another had of what is to be delivered again: the least; BUS_NOT_COMMITTED */
};

static int handover_ask(const struct handover *h, const char *group, const char *const *topics, size_t n, int64_t *ret, struct bus_reader **ret_reader,
                        struct error *err) {
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = n, .partition = 0, .from = BUS_FROM_END, .some = true, .sparing = true, .group = group};
        CLEANUP(cleanup_free) void *memory = calloc(n, sizeof(struct bus_part));
        CLEANUP(bus_reader_close_p) struct bus_reader *reader = NULL;
        struct bus_part *parts = memory;
        int r = parts ? bus_reader_open(h->c->config.bus, &config, &reader, err) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n; i++)
                parts[i].index = (uint32_t)i;
        if (r == 0)
                r = bus_reader_committed(reader, parts, n, ret, err);
        if (r == 0 && ret_reader)
                *ret_reader = TAKE(reader);
        return r;
}

static int handover_of(struct handover *h, size_t i, struct error *err) {
        struct lane *lane = &h->lanes->items[i];
        const char *topics[] = {lane->inbox, TOPIC_REDELIVERIES};
        char group[BUS_NAME_MAX + 1], label[CORE_LABEL_MAX];
        int64_t theirs[ELEMENTS(topics)];
        int r;

        (void) snprintf(group, sizeof(group), TOPICS_GROUP_CONNECT "%s", lane->target->from);
        r = handover_ask(h, group, topics, ELEMENTS(topics), theirs, NULL, err);
        if (r || theirs[0] == BUS_NOT_COMMITTED)
                return r;
        r = bus_reader_commit(h->reader, h->group, (struct bus_part){.index = (uint32_t)i}, theirs[0], err);
        if (r) /* another process of this name has begun already */
                return r < 0 ? r : 0;
        lane->again_from = theirs[1];
        if (theirs[1] != BUS_NOT_COMMITTED && (h->again == BUS_NOT_COMMITTED || theirs[1] < h->again))
                h->again = theirs[1];
        log_line(h->c->config.log, CONNECT_TOOK_OVER, LOG_STRING("connector", core_label(h->c, lane->target->organisation, label)),
                 LOG_STRING("from", lane->target->from), LOG_INT("offset", theirs[0]));
        return 0;
}

static int handover_all(struct handover *h, struct error *err) {
        size_t n = h->lanes->n;
        int r = handover_ask(h, h->group, h->topics, n + 1, h->mine, &h->reader, err);

        for (size_t i = 0; r == 0 && i < n; i++) {
                if (h->lanes->items[i].target->from && h->mine[i] == BUS_NOT_COMMITTED)
                        r = handover_of(h, i, err);
        }
        if (r || h->again == BUS_NOT_COMMITTED || h->mine[n] != BUS_NOT_COMMITTED)
                return r;
        r = bus_reader_commit(h->reader, h->group, (struct bus_part){.index = (uint32_t)n}, h->again, err);
        return r < 0 ? r : 0;
}

int handover_take(const struct core *c, struct lanes *lanes, const char *group, struct error *err) {
        struct handover h = {.c = c, .lanes = lanes, .group = group, .again = BUS_NOT_COMMITTED};
        bool any = false;
        int r;

        for (size_t i = 0; i < lanes->n; i++)
                any |= lanes->items[i].target->from != NULL;
        if (!any)
                return 0;
        h.topics = calloc(lanes->n + 1, sizeof(*h.topics));
        h.mine = calloc(lanes->n + 1, sizeof(*h.mine));
        for (size_t i = 0; h.topics && i < lanes->n; i++)
                h.topics[i] = lanes->items[i].inbox;
        if (h.topics)
                h.topics[lanes->n] = TOPIC_REDELIVERIES;
        r = h.topics && h.mine ? handover_all(&h, err) : -ENOMEM;
        bus_reader_close(h.reader);
        free(h.topics);
        free(h.mine);
        return error_trace(r, err);
}
