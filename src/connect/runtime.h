/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The runtime: everything that connectors have in common
 *
 * In: an event that a connector submits goes to its topic with acks=all, under the deadline of
 * answer_within, and the connector hears what became of it.
 *
 * Out: reads inbox.<organisation>, of each organisation that its file names, as the group ketenwacht-connect-<name>, hands records to the
 * connector in order per case, each inbox by itself (connect/lane.h) (connect/window.h), tries again with back-off, parks in `dead-letters`
 * what cannot be delivered, writes one record to `deliveries` for every record that is over, and
 * only then counts it as settled: the committed offset follows the oldest that is not. A target that is gone (410)
 * puts the brake on: nothing more is tried until an operator resumes, also after a restart, because
 * the brake stands in `deliveries` (connect/brake.h).
 *
 * Through: reads topics as that group, and passes on what the connector lets through, or refuses it, in transactions that hold the place of what was
 * read (connect/passage.h). The transactional id is the group's name, so of two processes of one name the later one fences the other.
 *
 * An operator may pause any connector (connect/act.h): out and through, nothing is tried and nothing is read on; in, the connector asks
 * runtime_is_paused() before it takes something new. What is under way is finished.
 *
 * One thread opens, turns and stops; runtime_status() is for any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"
#include "connect/connector.h"
#include "connect/deliveries.h"
#include "connect/file.h"

#define RUNTIME_STOP_MS 10000    /* what is under way at a stop may take so long */
#define RUNTIME_COMMIT_MS 1000   /* between two commits of an offset that moved */
#define RUNTIME_RECORD_MS 1000   /* before what the broker did not take of dead-letters and deliveries is sent again */
#define RUNTIME_BATCH 500        /* records taken from the inbox in one turn */

enum { RUNTIME_E_BUSY = 1 };

struct runtime_config {
        const struct connect_file *file; /* its connector is opened; must outlive the runtime */
        struct bus *bus;
        const struct event_types *types;
        const struct organisations *organisations;
        const struct calendar *calendar; /* for who sends on working days; may be NULL */
        struct clock clock;
        uint64_t (*random)(void *ctx); /* for back-off */
        void *random_ctx;
        const struct log *log;   /* may be NULL */
        struct metrics *metrics; /* may be NULL */
};

/* Most tries at once of a connector that delivers: .parallel of its environment. 0: of others. */
size_t runtime_parallel(const struct connect_file *file);

/* Opens the connector and its handles on the bus. Return: 0; -EINVAL: the configuration is wrong; other negative errno: the broker or the machine. */
int runtime_open(const struct runtime_config *config, struct runtime **ret, struct error *err) MUSTCHECK;

/* Does what is to be done, waiting at most @timeout_ms for something to do. Return: 0; negative errno: the runtime is of no more use. */
int runtime_turn(struct runtime *r, int timeout_ms, struct error *err) MUSTCHECK;

/* Takes nothing new, finishes what is under way, commits and leaves the group. Return: 0; negative errno. */
int runtime_stop(struct runtime *r, struct error *err) MUSTCHECK;

/* Closes everything; without runtime_stop() before it like a crash. NULL ok; returns NULL. */
struct runtime *runtime_free(struct runtime *r);
DEFINE_CLEANUP(struct runtime *, runtime_free);

struct runtime_status {
        int64_t turned;   /* monotonic ms of the last turn */
        bool assigned;    /* OUT, THROUGH: what is read is ours; IN: always */
        bool paused;      /* by an operator */
        instant_t paused_since;
        bool unanswered;  /* IN: the broker did not acknowledge the latest event */
        size_t schemaless; /* OUT: inboxes that stand still before a record whose schema the registry cannot be asked for; THROUGH: topics */
        /* OUT: so many inboxes, and of the first of them whose it is: */
        size_t looking;   /* of which it is read in `deliveries` whether the brake is on */
        size_t halted;    /* paused by an operator, each alone */
        size_t braked;    /* that an operator must resume */
        const struct organisation *of_braked;
        size_t stuck;     /* of which a record has failed and keeps the window full */
        const struct organisation *of_stuck;
        int64_t stuck_offset;          /* of that record */
        int stuck_tries, stuck_status; /* how often it was tried, and what the target said last (0: nothing) */
        size_t waiting;   /* IN: events that wait for the broker; OUT: records in the windows */
};
void runtime_status(const struct runtime *r, struct runtime_status *ret);

/* -- For connectors -- */

/* Whether an operator has paused this connector, and since when. */
bool runtime_is_paused(const struct runtime *r, instant_t *ret_since);

/* Hands over an event. Return: 0, and settled() will say what became of it, not before this returns; RUNTIME_E_BUSY; negative errno. */
int runtime_submit(struct runtime *r, const struct submission *submission, void *cookie, struct error *err) MUSTCHECK;

/* Parks what can be no event: its dead letter. Return: as runtime_submit(). */
int runtime_reject(struct runtime *r, const struct rejection *rejection, void *cookie, struct error *err) MUSTCHECK;

/*
 * Keeps a row of the connector's own in TOPIC_CONNECTOR_KEYS, which outlives every restart; the latest of a @key counts. @value empty: forgets it. No
 * personal data in either: hashes and ids. OUT: the connector has settled(). Rows are read back by connect/kept.h. Return: as runtime_submit().
 */
int runtime_keep(struct runtime *r, struct text key, struct text value, void *cookie, struct error *err) MUSTCHECK;

/*
 * OUT: says what became of a record that the connector carried out by itself, and not by deliver(): its record in `deliveries`, of which connector and instant
 * are filled in by the caller. Return: as runtime_submit().
 */
int runtime_note(struct runtime *r, const struct delivery_record *delivery, void *cookie, struct error *err) MUSTCHECK;

/* OUT: whether this process is the one that delivers now: what it does by itself is done nowhere else. */
bool runtime_has_inbox(const struct runtime *r);

/* Says how a try ended. @cookie: of its delivery, not to be used afterwards. */
void runtime_tried(struct runtime *r, void *cookie, const struct attempt *attempt);
