/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Groups of the broker in memory: members, generations, offsets
 *
 * A seat is what a handle has of its membership; the member itself stays while its session lasts, also when the handle is gone.
 */

#include "bus/memory/log.h"

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

struct memory_group_offset {
        struct memory_partition *partition;
        int64_t next;
};

struct memory_group {
        char *name;
        unsigned generation;
        bool preparing; /* members are asked to come back */
        VECTOR(struct memory_member *) members; /* in the order of their names */
        VECTOR(struct memory_group_offset) offsets;
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

/* The group of this name, made when there is none. Return: 0 or -ENOMEM. */
int memory_group_of(struct memory *m, const char *name, struct memory_group **ret) MUSTCHECK;

/* Takes a seat in a group, for @topics (copied). Return: 0 or -ENOMEM: memory_seat_done() is due in each case. */
int memory_seat_take(struct memory_seat *seat, struct memory *m, const char *group, const char *instance, struct memory_topic **topics,
                     size_t n) MUSTCHECK;

/* Frees what the handle has; the member stays, as after a crash. Zeros: no effect. */
void memory_seat_done(struct memory_seat *seat);

/* The handle's turn in the group. Return: 0 with the kind of event (BUS_NONE: none); -ESTALE: fenced, with a sentence; -ENOMEM. */
int memory_seat_turn(struct memory_seat *seat, enum bus_event_kind *ret, struct error *err) MUSTCHECK;

/* Whether the handle may commit for the generation it knows. */
bool memory_seat_valid(const struct memory_seat *seat);

/* Whether the next turn has something to say. */
bool memory_seat_moving(const struct memory_seat *seat);

/* Ends the membership, at once when @leave or without an instance, else by time; and memory_seat_done(). */
void memory_seat_leave(struct memory_seat *seat, bool leave);

/* The handle's process is dead, so that its session runs out, or lives again. */
void memory_seat_dead(struct memory_seat *seat, bool dead);

/* Its session is over. */
void memory_seat_lose(struct memory_seat *seat);

/* Asks all members to come back. */
void memory_group_shake(struct memory_group *g);

/* Throws out whose session is over by @now. */
void memory_groups_tick(struct memory *m, instant_t now);

/* Frees all groups. */
void memory_groups_done(struct memory *m);

/* What time has done since: to transactions and to members. At the beginning of every call on a handle. */
void memory_tick(struct memory *m);

/* The committed offset of a partition; -1: none. Setting returns 0 or -ENOMEM. */
int memory_offset_set(struct memory_group *g, struct memory_partition *p, int64_t next) MUSTCHECK;
int64_t memory_offset_get(const struct memory_group *g, const struct memory_partition *p);
