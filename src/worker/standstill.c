/* SPDX-License-Identifier: EUPL-1.2 */

/* A short list, gone through whole: an input of a partition stands in it once. */

#include "worker/standstill.h"

#include <assert.h>
#include <errno.h>

void standstill_done(struct standstill *s) {
        vector_done(&s->items);
}

static void standstill_show(struct standstill *s) {
        meter_standing(&s->ground->meter, (int64_t)s->items.n);
}

int standstill_hold(struct standstill *s, struct partition *p, const struct bus_record *record, const struct schema_id *id, struct error *err) {
        const struct standing standing = {{record->index, record->partition}, *id};

        assert(p->number == record->partition);
        if (vector_push(&s->items, standing)) {
                error_set(err, "out of memory while a record was held back");
                return -ENOMEM;
        }
        bus_worker_hold(s->ground->bus, record);
        partition_stand(s->parts, p);
        standstill_show(s);
        return 0;
}

int standstill_look(struct standstill *s, struct error *err) {
        size_t left = 0;

        if (s->items.n == 0 || s->ground->now.monotonic - s->looked < STANDSTILL_LOOK_MS)
                return 0;
        for (size_t i = 0; i < s->items.n; i++) {
                const struct standing standing = s->items.items[i];
                int r;

                if (event_types_id_waits(s->ground->config->types, &standing.id)) {
                        s->items.items[left++] = standing;
                        continue;
                }
                r = bus_worker_resume(s->ground->bus, &standing.part, 1, err);
                if (r)
                        return error_trace(r, err); /* the group moved, or the end: what is left in the list goes with it */
                partition_go_on(partitions_find(s->parts, standing.part.partition));
        }
        s->items.n = left;
        ground_look(s->ground); /* the registry may have taken its time */
        s->looked = s->ground->now.monotonic;
        standstill_show(s);
        return 0;
}

void standstill_forget(struct standstill *s) {
        for (size_t i = 0; i < s->items.n; i++) {
                struct partition *p = partitions_find(s->parts, s->items.items[i].part.partition);

                if (p)
                        partition_go_on(p);
        }
        s->items.n = 0;
        standstill_show(s);
}
