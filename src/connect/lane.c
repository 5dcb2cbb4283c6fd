/* SPDX-License-Identifier: EUPL-1.2 */

/* The queue of lanes that were stirred, the instants at which others wake, and the share of each. */

#include "connect/lane.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/topics.h"

static size_t lanes_spare(size_t inboxes, size_t parallel) {
        size_t each = parallel - 1, all = inboxes * each, most = each > LANES_SPARE ? each : LANES_SPARE;

        return all < most ? all : most;
}

size_t lanes_capacity(size_t inboxes, size_t parallel) {
        return inboxes + lanes_spare(inboxes, parallel);
}

static size_t lanes_bytes_each(size_t inboxes) {
        size_t each = LANES_BYTES / inboxes;

        return each > WINDOW_BYTES ? WINDOW_BYTES : each < LANES_BYTES_MIN ? LANES_BYTES_MIN : each;
}

static void lane_clear(struct lane *lane) {
        window_clear(&lane->window);
        lane->window.next[WINDOW_AGAIN] = lane->again_from;
        lane->due = 0;
        lane->committed = lane->missed = LANE_NOTHING;
        lane->stuck.offset = LANE_NOT_STUCK;
        lane->schemaless = lane->dry = lane->stirred = false;
        lane->next = NULL;
        lane->timer = (struct heap_slot){0};
}

int lanes_open(struct lanes *lanes, const struct connect_file *file, const struct organisations *organisations) {
        assert(file->targets_n > 0 && file->out.parallel > 0);
        *lanes = (struct lanes){.organisations = organisations, .parallel = (size_t)file->out.parallel};
        lanes->items = calloc(file->targets_n, sizeof(*lanes->items));
        lanes->places = calloc(organisations_count(organisations) + 1, sizeof(*lanes->places));
        if (!lanes->items || !lanes->places)
                return -ENOMEM;
        lanes->n = file->targets_n;
        lanes->spare = lanes_spare(lanes->n, lanes->parallel);
        for (size_t i = 0; i < lanes->n; i++) {
                struct lane *lane = &lanes->items[i];

                lane->target = &file->targets[i];
                lanes->places[lane->target->organisation->index] = (uint32_t)i + 1;
                (void) snprintf(lane->inbox, sizeof(lane->inbox), TOPIC_INBOX_PREFIX "%s", lane->target->organisation->id);
                window_init(&lane->window, lanes_bytes_each(lanes->n));
                lane->again_from = LANE_NOTHING;
                lane_clear(lane);
        }
        return 0;
}

void lanes_done(struct lanes *lanes) {
        for (size_t i = 0; i < lanes->n; i++)
                window_done(&lanes->items[i].window);
        heap_done(&lanes->timers);
        free(lanes->items);
        free(lanes->places);
        *lanes = (struct lanes){0};
}

void lanes_clear(struct lanes *lanes) {
        heap_done(&lanes->timers);
        lanes->timers = (struct heap){0};
        lanes->first = lanes->last = NULL;
        lanes->flying = lanes->spare_used = 0;
        for (size_t i = 0; i < lanes->n; i++)
                lane_clear(&lanes->items[i]);
}

struct lane *lanes_find(const struct lanes *lanes, const char *inbox) {
        const size_t prefix = strlen(TOPIC_INBOX_PREFIX);
        const struct organisation *organisation =
                strncmp(inbox, TOPIC_INBOX_PREFIX, prefix) == 0 ? organisations_find(lanes->organisations, text_of(inbox + prefix)) : NULL;
        uint32_t place = organisation ? lanes->places[organisation->index] : 0;

        return place ? &lanes->items[place - 1] : NULL;
}

/* -- Whose turn it is -- */

void lanes_stir(struct lanes *lanes, struct lane *lane) {
        if (lane->stirred)
                return;
        lane->stirred = true;
        lane->next = NULL;
        if (lanes->last)
                lanes->last->next = lane;
        else
                lanes->first = lane;
        lanes->last = lane;
}

static struct lane *lane_of_timer(struct heap_slot *slot) {
        return (struct lane *)((char *)slot - offsetof(struct lane, timer));
}

void lanes_wake(struct lanes *lanes, int64_t now) {
        const struct heap_entry *e;

        while ((e = heap_first(&lanes->timers)) && e->at <= now) {
                struct lane *lane = lane_of_timer(e->slot);

                heap_remove(&lanes->timers, e->slot);
                lanes_stir(lanes, lane);
        }
        heap_settle(&lanes->timers);
}

struct lane *lanes_take(struct lanes *lanes) {
        struct lane *lane = lanes->first;

        if (!lane)
                return NULL;
        lanes->first = lane->next;
        if (!lanes->first)
                lanes->last = NULL;
        lane->next = NULL;
        lane->stirred = false;
        return lane;
}

int lanes_sleep(struct lanes *lanes, struct lane *lane, int64_t until) {
        return heap_set(&lanes->timers, &lane->timer, until);
}

int64_t lanes_wait(const struct lanes *lanes, int64_t now) {
        const struct heap_entry *e;

        if (lanes->first)
                return 0;
        e = heap_first(&lanes->timers);
        return !e ? WINDOW_NEVER : e->at <= now ? 0 : e->at - now;
}

/* -- Shares -- */

static bool lane_fails(const struct lanes *lanes, const struct lane *lane) {
        return lane->failures >= lanes->parallel;
}

bool lanes_may_fly(const struct lanes *lanes, const struct lane *lane) {
        size_t spare = lanes->n > 1 && lane_fails(lanes, lane) ? lanes->spare / 2 : lanes->spare;

        return lane->window.flying == 0 || (lane->window.flying < lanes->parallel && lanes->spare_used < spare);
}

void lanes_fly(struct lanes *lanes, const struct lane *lane) {
        lanes->flying++;
        lanes->spare_used += lane->window.flying > 0;
        assert(lanes->spare_used <= lanes->spare);
}

void lanes_land(struct lanes *lanes, const struct lane *lane) {
        assert(lanes->flying > 0);
        lanes->flying--;
        lanes->spare_used -= lane->window.flying > 0;
}
