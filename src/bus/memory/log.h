/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The log of the broker in memory: topics, their records, transactions
 *
 * Partitions and offsets, what a reader may see of them, the last stable offset, and transactional ids with their epochs. Knows
 * nothing of groups and of handles.
 */

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/table.h"
#include "base/vector.h"
#include "bus/bus.h"

enum memory_state { MEMORY_OPEN, MEMORY_COMMITTED, MEMORY_ABORTED };

/* What became of a transaction; all its entries point here. Lives as long as the broker. */
struct memory_fate {
        enum memory_state state;
        struct memory_fate *next;
};

/* Where the bytes of records of one partition stand, one after another. Goes when none of them is left and it is full. */
struct memory_chunk {
        size_t live;              /* records in it that are not deleted */
        size_t used, size;        /* of bytes */
        alignas(struct bus_header) uint8_t bytes[];
};

struct memory_entry {
        uint8_t *bytes;           /* headers, then key, value, and the bytes of the headers; NULL: a marker, or deleted */
        struct memory_chunk *chunk; /* that they stand in */
        struct memory_fate *fate; /* NULL: committed at once */
        instant_t timestamp;
        uint32_t key_n, value_n;
        uint16_t headers_n;
        bool has_key, has_value;
};

struct memory_partition {
        struct memory_topic *topic;
        int32_t number;
        VECTOR(struct memory_entry) entries; /* by offset */
        struct memory_chunk *filling;        /* the chunk that takes the next record; NULL: none yet */
        int64_t first, stable;               /* oldest offset; last stable offset */
        size_t open;                         /* transactions that have written here and are open */
};

struct memory_topic {
        char *name;
        int32_t n;
        struct memory_partition *partitions;
};

struct memory_touch {
        struct memory_partition *partition;
        int64_t first; /* its first entry of this transaction */
};

/* A transactional id, with its transaction if one is open. Lives as long as the broker. */
struct memory_txn {
        char *id;
        unsigned epoch;
        instant_t dead_since; /* INSTANT_NEVER: its process lives */
        struct memory_fate *fate; /* NULL: nothing is open */
        VECTOR(struct memory_touch) touched;
        struct memory_txn *next;
};

/* The broker. bus/memory.c makes and frees it. */
struct memory {
        struct bus bus; /* first: memory_of() */
        struct clock clock;
        struct table topics; /* by name */
        struct table groups; /* by name: bus/memory/group.h */
        struct memory_txn *txns;
        struct memory_fate *fates;
        uint64_t seed;
        unsigned cuts;            /* how often a log was cut or made anew: handles look whether it was theirs */
        size_t dead;              /* crashed or frozen members and transactions: time may be running out for someone */
        enum bus_sent outcome;    /* of the next @outcomes plain records */
        size_t outcomes;
        uint64_t members;         /* handles that took a seat so far */
};

static inline struct memory *memory_of(struct bus *b) {
        return (struct memory *)b;
}

/* Frees all topics and transactions. */
void memory_log_done(struct memory *m);

/* Return: 0 or -ENOMEM. */
int memory_topic_new(struct memory *m, const char *name, int32_t partitions) MUSTCHECK;

/* NULL: no such topic, or partition of it. */
struct memory_topic *memory_topic_find(const struct memory *m, const char *name);
struct memory_partition *memory_partition_find(const struct memory *m, const char *topic, int32_t partition);

/* Finds all of @names. Return: 0; -ENOENT with a sentence. */
int memory_topic_find_all(const struct memory *m, const char *const *names, size_t n, struct memory_topic **ret, struct error *err) MUSTCHECK;

/* Appends a record, in a transaction (which it opens if needed) or committed at once (@txn NULL); *ret, unless NULL: its offset. Return: 0 or -ENOMEM. */
int memory_write(struct memory *m, struct memory_topic *t, int32_t partition, const struct bus_record *record, struct memory_txn *txn,
                 int64_t *ret) MUSTCHECK;

/*
 * The next record that a reader may see at *next or later; *next moves past it and past what is never handed
 * out. Return: whether there is one.
 */
bool memory_next(const struct memory_partition *p, int64_t *next, bool uncommitted, struct bus_record *ret);

static inline int64_t memory_partition_end(const struct memory_partition *p) {
        return (int64_t)p->entries.n;
}

/* Drops what stands below @offset and below the last stable offset. */
void memory_partition_truncate(struct memory_partition *p, int64_t offset);

/* Drops all that stands there, as when the topic is deleted and made again: offsets begin at 0. Transactions that wrote there are aborted. */
void memory_partition_renew(struct memory *m, struct memory_partition *p);

/* Drops rows that a later one of the same key replaces, and with @tombstones those too. Return: 0; -ENOMEM: some are left. */
int memory_partition_compact(struct memory_partition *p, bool tombstones) MUSTCHECK;

/* Takes up a transactional id: aborts what is open under it and fences who had it. *epoch: the new owner's. Return: 0 or -ENOMEM. */
int memory_txn_take(struct memory *m, const char *id, struct memory_txn **ret, unsigned *epoch) MUSTCHECK;

/* 0; -ESTALE with a sentence: the id has gone to another since, or the broker has aborted what was too old. */
int memory_txn_check(const struct memory_txn *txn, unsigned epoch, struct error *err) MUSTCHECK;

/* Commits or aborts; no effect when nothing is open. Return: 0 or -ENOMEM: it is done, but for a marker, which some need not care for. */
int memory_txn_end(struct memory *m, struct memory_txn *txn, enum memory_state state);

/* The process of a transaction is dead (its time begins to run) or lives. */
void memory_txn_dead(struct memory *m, struct memory_txn *txn, bool dead);

/* Aborts whatever is open in a partition, as time would. */
void memory_txn_end_all(struct memory *m, struct memory_partition *p);

/* Aborts what was open for too long by @now. */
void memory_txns_tick(struct memory *m, instant_t now);

/* Splitmix: the next number of a seed. */
static inline uint64_t memory_draw(uint64_t *seed) {
        uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
}
