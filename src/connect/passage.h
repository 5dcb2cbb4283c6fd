/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Records through: read from topics, judged, and passed on in one transaction with their place
 *
 * A record that the connector lets through goes on as it is, key, value and headers, to the partition of its key. One that it refuses goes
 * unchanged to `dead-letters`, and event-refused into the inbox of whoever is told. Both stand there with the offset up to which was read, or neither: so
 * a process that dies, is fenced or loses its partitions leaves nothing twice and nothing out, and order per key is that of the topic read.
 * A transaction ends when nothing waits, or when it is PASSAGE_AGE_MS old or full, and never within PASSAGE_PAUSE_MS of the last one unless it is full.
 */

#include "base/vector.h"
#include "connect/core.h"

#define PASSAGE_PAUSE_MS 100                           /* as the worker's: more often, the broker still writes the markers of the last one */
#define PASSAGE_AGE_MS 110                             /* a transaction's first record waits no longer */
#define PASSAGE_RECORDS 50000                          /* of one transaction, and … */
#define PASSAGE_BYTES ((size_t)64 * 1024 * 1024)       /* … bytes */
#define PASSAGE_ABORTS_MAX 100                         /* aborted transactions in a row, then the connector gives up */
#define PASSAGE_LOOK_MS 200                            /* between two looks whether a schema that a record waits for can be had */
#define PASSAGE_HEADERS_MAX (BUS_HEADERS_MAX - 1)      /* of a record: with more it could not be passed on unchanged */

_Static_assert(PASSAGE_AGE_MS * 10 < BUS_TRANSACTION_MS, "a transaction must end long before the broker ends it");
_Static_assert(PASSAGE_RECORDS < BUS_PRODUCE_MESSAGES && PASSAGE_BYTES + BUS_OUTPUT_MAX < BUS_PRODUCE_KBYTES * (size_t)1024,
               "a transaction must fit in the queue to the broker");

/* A part that stands still before a record whose schema the registry cannot be asked for; what was read before it is committed. */
struct passage_held {
        struct bus_part part;
        int64_t offset;
        struct schema_id schema;
};

struct passage {
        struct bus_consumer *consumer;
        struct dead_letter letter; /* the latest */
        struct verdict verdict;    /* likewise */
        int64_t *next;             /* of each input: behind what was read or seen to be none */
        const char **inputs, **inboxes; /* topics: what is read; of each organisation, by its index */
        char *names;               /* of the inboxes */
        size_t inputs_n;
        bool assigned, paused;
        bool open;                 /* something was read since the last commit */
        int64_t first, committed;  /* monotonic: when the first of it was read; end of the last commit */
        int64_t age;               /* ms: of that first record, by the broker's stamp, when it was read */
        size_t records, bytes;     /* of the open transaction */
        uint64_t passed, refused[REFUSALS_HARD]; /* likewise, by what became of them */
        unsigned aborts;           /* in a row */
        struct log_pace refusals;
        VECTOR(struct passage_held) held;
        int64_t looked;            /* monotonic: at what is held */
};

/* @p is zeros; the connector is open. Takes up the connector's transactional id, then joins its group. Return: 0; -ENOMEM; negative errno with a sentence. */
int passage_open(struct passage *p, struct core *c, struct error *err) MUSTCHECK;

/* Lets what waits through, waiting at most @timeout_ms for something to come. Return: 0 or negative errno. */
int passage_turn(struct passage *p, struct core *c, int timeout_ms, struct error *err) MUSTCHECK;

/* Commits what was read and leaves the group. Return: 0 or negative errno. */
int passage_stop(struct passage *p, struct core *c, struct error *err) MUSTCHECK;

/* Lets go of everything, the membership included. No effect on zeros. */
void passage_close(struct passage *p);
