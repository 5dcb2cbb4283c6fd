/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What the files of the memory bus share; not for other folders
 */

#include <stdalign.h>

#include "base/table.h"
#include "base/vector.h"
#include "bus/memory.h"

/* -- memory_log.c: topics and transactions -- */

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

struct memory_group;

struct memory {
        struct bus bus;
        struct clock clock;
        struct table topics; /* by name */
        struct table groups;
        struct memory_txn *txns;
        struct memory_fate *fates;
        uint64_t seed;
        size_t dead;              /* crashed or frozen members and transactions: time may be running out for someone */
        enum bus_sent outcome;    /* of the next outcomes plain records */
        size_t outcomes;
        uint64_t members;         /* handles that took a seat so far */
};

static inline struct memory *memory_of(struct bus *b) {
        return (struct memory *)b;
}

struct memory_topic *memory_find(const struct memory *m, const char *name);
int memory_find_all(const struct memory *m, const char *const *names, size_t n, struct memory_topic **ret, struct error *err) MUSTCHECK;
int32_t memory_choose(const struct memory_topic *t, const struct bus_record *record); /* the partition; -1: there is none */
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

/* Takes up a transactional id: aborts what is open under it and fences who had it. *epoch: the new owner's. */
int memory_txn_take(struct memory *m, const char *id, struct memory_txn **ret, unsigned *epoch) MUSTCHECK;
int memory_txn_end(struct memory *m, struct memory_txn *txn, enum memory_state state); /* no effect when nothing is open */
void memory_txn_end_all(struct memory *m, struct memory_partition *p); /* aborts whatever is open there, as time would */

/* What time has done since. At the beginning of every call on a handle. */
void memory_tick(struct memory *m);

/* -- memory_group.c: members and offsets -- */

struct memory_assigned {
        struct memory_topic *topic;
        int32_t partition;
};

/* One membership. The handle that holds it may be gone while its session lasts. */
struct memory_member {
        char name[64];            /* instance, or a number */
        bool is_static;
        struct memory_group *group;
        struct memory_topic **topics;
        size_t topics_n;
        uint64_t incarnation;     /* the handle that holds it; never the same twice */
        instant_t dead_since;     /* INSTANT_NEVER: alive */
        unsigned generation;      /* of the assignment it has taken up; 0: none */
        bool rejoined, told, due; /* in this rebalance; was told to let go; has an assignment to take up */
        VECTOR(struct memory_assigned) parts;
};

struct memory_offset {
        struct memory_partition *partition;
        int64_t next;
};

struct memory_group {
        char *name;
        unsigned generation;
        bool preparing; /* members are asked to come back */
        VECTOR(struct memory_member *) members; /* in the order of their names */
        VECTOR(struct memory_offset) offsets;
};

/* What a handle knows of its membership. */
struct memory_seat {
        struct memory *m;
        struct memory_group *group;
        struct memory_member *member; /* NULL: not joined, or thrown out */
        uint64_t incarnation;
        char *instance;               /* NULL: none */
        struct memory_topic **topics;
        size_t topics_n;
        bool letting_go;              /* REVOKED or LOST was handed out */
        bool had;                     /* has had an assignment since it last let go */
};

int memory_sit(struct memory_seat *seat, struct memory *m, const char *group, const char *instance, struct memory_topic **topics,
               size_t n) MUSTCHECK;
/* The handle's turn in the group. Return: 0 with the kind of event (BUS_NONE: none); -ESTALE: fenced. */
int memory_seat_turn(struct memory_seat *seat, enum bus_event_kind *ret, struct error *err) MUSTCHECK;
bool memory_seat_valid(const struct memory_seat *seat); /* may commit for the generation it knows */
bool memory_seat_moving(const struct memory_seat *seat); /* the next turn has something to say */
void memory_seat_leave(struct memory_seat *seat, bool leave);
void memory_seat_dead(struct memory_seat *seat, bool dead);
void memory_group_shake(struct memory_group *g); /* asks all members to come back */
void memory_seat_lose(struct memory_seat *seat);
void memory_groups_tick(struct memory *m, instant_t now);
void memory_groups_done(struct memory *m);

int memory_offset_set(struct memory_group *g, struct memory_partition *p, int64_t next) MUSTCHECK;
int64_t memory_offset_get(const struct memory_group *g, const struct memory_partition *p); /* -1: none */

/* -- the handles -- */

int memory_worker_open(struct bus *b, const struct bus_worker_config *config, struct bus_worker **ret, struct error *err) MUSTCHECK;
int memory_consumer_open(struct bus *b, const struct bus_consumer_config *config, struct bus_consumer **ret, struct error *err) MUSTCHECK;
int memory_producer_open(struct bus *b, const struct bus_producer_config *config, struct bus_producer **ret, struct error *err) MUSTCHECK;
int memory_reader_open(struct bus *b, const struct bus_reader_config *config, struct bus_reader **ret, struct error *err) MUSTCHECK;

/* For a producer's transaction: whether the consumer may commit; commits what is done; goes back. */
bool memory_consumer_valid(struct bus_consumer *c);
int memory_consumer_apply(struct bus_consumer *c) MUSTCHECK;
void memory_consumer_rewind(struct bus_consumer *c);

/* Splitmix: the next number of a seed. */
static inline uint64_t memory_draw(uint64_t *seed) {
        uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
}
