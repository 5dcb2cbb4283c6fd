/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The trail of an id: the way of every record that is about it, from its source to the receivers' answers
 *
 * A case, an event, or anything that events name by an id (measure_id, alert_id …). Joined of what stands on the topics: where an event was
 * published, whether the workers made a fact of it (connect/fate.h), the row that remembers it, whose inboxes got what, what came of each
 * delivery, dead letters and what was sent again of them, and how far those who read inboxes have come.
 *
 * Pure: knows no broker. Whoever fills it (survey/trail_read.h) gives it every record of the cases in question, first the topics of events,
 * inboxes and facts, then dead letters, then deliveries and readers, and joins. Which of it is about the id is found out when all is there.
 */

#include "base/arena.h"
#include "bus/bus.h"
#include "connect/deliveries.h"
#include "connect/fate.h"
#include "engine/posting.h"
#include "survey/letters.h"
#include "survey/trail_digest.h"

#define TRAIL_CASES_MAX 16                        /* in which one id occurs */
#define TRAIL_STEPS_MAX 200000                    /* before those of other ids are left out */
#define TRAIL_BYTES_MAX ((size_t)512 * 1024 * 1024)

/* -- Of what -- */

/*
 * The id that people call so: "case", "measure", "measure-id", "measure_id"; borrowed from the schemas. NULL: no event has it; then the
 * nearest was tried with @nearest, in the form of options ("--measure").
 */
const char *trail_field(const struct event_types *types, const char *word, struct nearest *nearest);

/* -- One step of it -- */

enum trail_kind {
        TRAIL_WRITTEN,    /* stands in the outbox of its organisation */
        TRAIL_PUBLISHED,  /* stands on its topic, by whichever way it came */
        TRAIL_FACT,       /* stands in case-state: it was accepted */
        TRAIL_TOLD,       /* stands in an inbox */
        TRAIL_DELIVERY,   /* a connector is done with a record of an inbox, for good or for now */
        TRAIL_LETTER,     /* a dead letter of it */
        TRAIL_SENT_AGAIN, /* that dead letter was sent again by an operator */
        TRAIL_KINDS,
};
extern const char *const trail_kind_names[TRAIL_KINDS]; /* "written" … */

struct trail_step {
        enum trail_kind kind;
        instant_t at;                        /* the stamp of its record; DELIVERY: of the answer */
        const char *topic;                   /* where it stands; DELIVERY: the place in the inbox that it is of */
        int32_t partition;
        int64_t offset;
        const struct event_type *type;       /* NULL: it cannot be read, or that is not known */
        struct uuid event_id, case_id;       /* zeros: not known */
        const struct organisation *source;   /* WRITTEN: whose outbox; PUBLISHED: who says to have published it; NULL: unknown */
        const struct organisation *receiver; /* TOLD, DELIVERY: whose inbox; else NULL */
        int64_t redriven;                    /* PUBLISHED: so often sent again by operators before it came here */
        bool admitted;                       /* WRITTEN, where that is known (judged): admission has read past it */
        bool judged;                         /* PUBLISHED: it is known what became of it: */
        enum fate_state state;
        const char *code, *text;             /* refused, and why: of the post, the dead letter, or the refusal that was told; or NULL */
        const struct posting *posting;       /* TOLD */
        const char *role;                    /* TOLD: in which role, as protocols call it; NULL: not known */
        const char *word;                    /* TOLD of a norm: ANNOUNCED, MET_LATE …; or NULL */
        int64_t rung;                        /* TOLD of an alert; else 0 */
        struct uuid refused;                 /* TOLD, event-refused: the event */
        struct posting_outcome outcome;      /* DELIVERY */
        const char *stage;                   /* LETTER, SENT_AGAIN: at which it failed; or NULL */
};

/* -- Filling -- */

struct trail;

struct trail_config {
        const struct event_types *types;
        const struct organisations *organisations;
        struct trail_wanted wanted;
};

/* Copies @config; what it points to must outlive it. Return: 0 or -ENOMEM. */
int trail_new(const struct trail_config *config, struct trail **ret) MUSTCHECK;
struct trail *trail_free(struct trail *t); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct trail *, trail_free);

/* One more case; again: no effect. Return: 0; -E2BIG: more than TRAIL_CASES_MAX; -ENOMEM. */
int trail_add_case(struct trail *t, const struct uuid *case_id) MUSTCHECK;
size_t trail_cases(const struct trail *t, const struct uuid *ret[TRAIL_CASES_MAX]);

/*
 * Takes a record in (headers are loaded meanwhile): of the topic of @type, of the outbox of @from, of the inbox of @to, a row of case-state. Of other
 * cases and what cannot be read: left out. Each record once. Return: 0; -E2BIG: more than TRAIL_STEPS_MAX; -ENOMEM.
 */
int trail_take_post(struct trail *t, const struct event_type *type, struct bus_record *record) MUSTCHECK;
int trail_take_outbox(struct trail *t, const struct organisation *from, struct bus_record *record) MUSTCHECK;
int trail_take_inbox(struct trail *t, const struct organisation *to, struct bus_record *record) MUSTCHECK;
int trail_take_row(struct trail *t, const struct bus_record *record) MUSTCHECK;

/* After those. A dead letter that is of none of the events, cases and records that were taken in is left out, likewise a delivery. */
int trail_take_letter(struct trail *t, const struct letter *letter) MUSTCHECK;
int trail_take_delivery(struct trail *t, const struct delivery_record *delivery) MUSTCHECK;

/* The same of what was read before, in the same order. Of posts, outboxes, inboxes and rows those of other cases must not be given. Copies @digest. */
int trail_take(struct trail *t, const struct trail_digest *digest) MUSTCHECK;

/* Deliveries of anything that was taken in were made then or later; INSTANT_NEVER: there can be none. */
instant_t trail_deliveries_since(const struct trail *t);

/* Whether anything was taken in that stands in this inbox. */
bool trail_has_inbox(const struct trail *t, const struct organisation *inbox);

/* Somebody who reads an inbox. */
struct trail_reader {
        const struct organisation *inbox;
        int32_t partition;
        const char *by;      /* a connector's name, or a group's */
        bool is_connector;
        int64_t next;        /* everything before it is done with; negative: nothing */
        enum posting_cause cause; /* why it does not come further */
};
/* Copies @reader. Return: 0 or -ENOMEM. */
int trail_take_reader(struct trail *t, const struct trail_reader *reader) MUSTCHECK;

/* A connector has admitted, or refused, all before @next of the outbox of @from. */
void trail_take_admission(struct trail *t, const struct organisation *from, int64_t next);

/* All who read were taken in: an inbox without any is read by nobody. Without it that is not known. */
void trail_know_readers(struct trail *t);

/* -- Joining -- */

/* After all. @progress: how far the workers are, asked before the topics were read. Return: 0 or -ENOMEM. */
int trail_join(struct trail *t, const struct fates_progress *progress) MUSTCHECK;

/* What is about the id, in the order of time; and of it what stands in inboxes. Borrowed from @t, after trail_join(). */
const struct trail_step *const *trail_steps(const struct trail *t, size_t *ret_n);
struct postings trail_postings(const struct trail *t);
