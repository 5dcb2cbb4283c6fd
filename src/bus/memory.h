/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A broker in memory, for tests and the simulator
 *
 * Keeps the promises of the real one that our correctness rests on: partitions and offsets,
 * transactions with read_committed and the last stable offset, offsets committed inside a
 * transaction, groups with generations, static members and sessions, fencing by the epoch of a
 * transactional id, time-outs of transactions. Lives in one thread and in the clock it is given:
 * nothing happens but inside a call, and the same calls make the same history. A handle that is open
 * counts as alive however far the clock is moved; time runs out for the crashed and the frozen.
 *
 * A rebalance takes its turns as on Kafka: a join or a leave asks all members to come back; each
 * polls BUS_REVOKED, and with its next poll has rejoined; when all have (or their session is
 * over), each polls BUS_ASSIGNED. So polls in between answer BUS_NONE: a test polls its workers in turns.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "bus/bus.h"

struct memory;

/* @clock: what sessions, transactions and timestamps live by. Return: 0 or -ENOMEM. */
int memory_new(struct clock clock, struct memory **ret) MUSTCHECK;
struct memory *memory_free(struct memory *m); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct memory *, memory_free);

/* The bus; lives as long as @m, and is not freed by itself. */
struct bus *memory_bus(struct memory *m);

/* Makes a topic. Return: 0, -EEXIST, -ENOMEM. */
int memory_topic(struct memory *m, const char *name, int32_t partitions) MUSTCHECK;

/* Appends a committed record (topic by name; partition or BUS_BY_KEY), as a connector would. timestamp 0: the clock's. Return: 0, -ENOENT, -ENOMEM. */
int memory_append(struct memory *m, const struct bus_record *record) MUSTCHECK;

/* The end of a partition and its last stable offset. -1: no such partition. */
int64_t memory_end(const struct memory *m, const char *topic, int32_t partition);
int64_t memory_stable(const struct memory *m, const char *topic, int32_t partition);

/*
 * The record at @offset as a read_committed (or, with @uncommitted, any) reader sees it; borrowed for
 * the life of @m, headers loaded. Return: true; false when there is none: a marker, aborted, open, or beyond.
 */
bool memory_record(const struct memory *m, const char *topic, int32_t partition, int64_t offset, bool uncommitted, struct bus_record *ret);

/* The committed offset of a group, or -1. */
int64_t memory_committed(const struct memory *m, const char *group, const char *topic, int32_t partition);

/*
 * Deletes a topic's rows that a later row of the same key replaces, as compaction would; @tombstones: also what is
 * left of deleted keys. Offsets stay. Only committed rows below the last stable offset are touched.
 */
void memory_compact(struct memory *m, const char *topic, bool tombstones);

/* Drops everything below @offset, as retention would, but nothing that is not stable. */
void memory_truncate(struct memory *m, const char *topic, int32_t partition, int64_t offset);

/* Deletes a topic and makes it again, empty. What groups have committed of it stays. */
void memory_renew(struct memory *m, const char *topic);

/* The order in which workers and consumers get waiting records of several partitions: 0: one after the other; else drawn by this seed. */
void memory_shuffle(struct memory *m, uint64_t seed);

/* The next @n records of plain producers have this outcome; those with BUS_OPEN are there all the same. */
void memory_outcome(struct memory *m, enum bus_sent sent, size_t n);
