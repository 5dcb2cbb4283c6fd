/* SPDX-License-Identifier: EUPL-1.2 */

/* The broker in memory: what a test does to it and sees of it, and the bus that it is to others. */

#include <errno.h>
#include <string.h>

#include "bus/memory.h"
#include "bus/memory/client.h"
#include "bus/memory/group.h"
#include "bus/memory/log.h"
#include "bus/memory/worker.h"

static struct bus *memory_bus_free(struct bus *b) {
        (void)b; /* memory_free() frees it */
        return NULL;
}

static const struct bus_ops memory_ops = {
        .name = "memory",
        .worker_open = memory_worker_open,
        .consumer_open = memory_consumer_open,
        .producer_open = memory_producer_open,
        .reader_open = memory_reader_open,
        .free = memory_bus_free,
};

int memory_new(struct clock clock, struct memory **ret) {
        struct memory *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        m->bus.ops = &memory_ops;
        m->clock = clock;
        *ret = m;
        return 0;
}

struct memory *memory_free(struct memory *m) {
        if (!m)
                return NULL;
        memory_groups_done(m);
        memory_log_done(m);
        free(m);
        return NULL;
}

struct bus *memory_bus(struct memory *m) {
        return &m->bus;
}

int memory_topic(struct memory *m, const char *name, int32_t partitions) {
        return memory_topic_find(m, name) ? -EEXIST : memory_topic_new(m, name, partitions);
}

void memory_shuffle(struct memory *m, uint64_t seed) {
        m->seed = seed;
}

void memory_outcome(struct memory *m, enum bus_sent sent, size_t n) {
        m->outcome = sent;
        m->outcomes = n;
}

int memory_append(struct memory *m, const struct bus_record *record) {
        struct memory_topic *t = memory_topic_find(m, record->topic);
        int32_t partition = t ? bus_record_partition(record, t->n, 0) : -1;

        return partition < 0 ? -ENOENT : memory_write(m, t, partition, record, NULL, NULL);
}

int64_t memory_end(const struct memory *m, const char *topic, int32_t partition) {
        const struct memory_partition *p = memory_partition_find(m, topic, partition);

        return p ? memory_partition_end(p) : -1;
}

int64_t memory_stable(const struct memory *m, const char *topic, int32_t partition) {
        const struct memory_partition *p = memory_partition_find(m, topic, partition);

        return p ? p->stable : -1;
}

bool memory_record(const struct memory *m, const char *topic, int32_t partition, int64_t offset, bool uncommitted, struct bus_record *ret) {
        const struct memory_partition *p = memory_partition_find(m, topic, partition);
        int64_t next = offset;

        return p && offset >= p->first && memory_next(p, &next, uncommitted, ret) && ret->offset == offset;
}

int64_t memory_committed(const struct memory *m, const char *group, const char *topic, int32_t partition) {
        const struct memory_group *g = table_get(&m->groups, group, strlen(group));
        const struct memory_partition *p = memory_partition_find(m, topic, partition);

        return g && p ? memory_offset_get(g, p) : -1;
}

void memory_truncate(struct memory *m, const char *topic, int32_t partition, int64_t offset) {
        struct memory_partition *p = memory_partition_find(m, topic, partition);

        m->cuts++;
        if (p)
                memory_partition_truncate(p, offset);
}

void memory_renew(struct memory *m, const char *topic) {
        struct memory_topic *t = memory_topic_find(m, topic);

        m->cuts++;
        for (int32_t p = 0; t && p < t->n; p++)
                memory_partition_renew(m, &t->partitions[p]);
}

void memory_compact(struct memory *m, const char *topic, bool tombstones) {
        struct memory_topic *t = memory_topic_find(m, topic);

        for (int32_t p = 0; t && p < t->n; p++) {
                if (memory_partition_compact(&t->partitions[p], tombstones))
                        return; /* out of memory: less is compacted, which nobody may notice */
        }
}
