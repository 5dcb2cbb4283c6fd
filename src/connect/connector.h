/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a connector is: a table of operations and of options
 *
 * A connector translates between one outside system and our events, and nothing else. Reading its
 * file, Kafka, order, retries, back-off, dead letters, delivery records, metrics and stopping live
 * once, in the runtime. One thread: everything here is called on it, and calls nothing back from elsewhere.
 *
 * CONNECTOR_IN brings events in: turn() takes requests and hands events to runtime_submit(); settled()
 * says what became of each. CONNECTOR_OUT carries the records of inboxes out: deliver() begins a try,
 * turn() moves those under way along, and runtime_tried() says how each ended. CONNECTOR_THROUGH reads topics and says of each record, in judge(),
 * onto which topic it is passed on unchanged, or why not; what it says and the place of the record become true together.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "calendar/calendar.h"
#include "cluster/event_record.h"
#include "connect/cloudevent.h"
#include "connect/secret.h"
#include "model/event.h"
#include "model/event_types.h"

/* -- Options: what stands in the connector's file, and is documented from here -- */

enum option_type {
        OPTION_STRING,       /* const char * */
        OPTION_ORGANISATION, /* const struct organisation *: its id */
        OPTION_INT,          /* int64_t, between min and max */
        OPTION_BOOLEAN,      /* bool: true or false */
        OPTION_DURATION,     /* int64_t, ms, between min and max: "500 ms", "2 s", "5 minutes", "1 hour" */
        OPTION_CHOICE,       /* int: the place among choices */
        OPTION_SECRET,       /* struct secrets of one: {file: PATH} or {env: NAME}; as all secrets read again, in place and between turns, when it changes */
        OPTION_PASSWORD,     /* the same, of what somebody else has made up: any line of text */
        OPTION_SECRETS,      /* struct secrets: such a reference for each organisation */
        OPTION_PATH,         /* const char *: as it stands when it begins with /, else in the folder of the connector's file */
        OPTION_LIST,         /* struct option_list: [a, b], or one text */
        OPTION_PAIRS,        /* struct option_pairs: {a: b, …} */
        OPTION_TABLE,        /* struct option_table: a list of mappings, each with the options of @row */
        OPTION_EACH,         /* const struct yaml_node *, as long as the file is read: whose inboxes, and what differs (connect/file.h) */
};

#define OPTION_ITEMS_MAX 4096 /* of one list or mapping */

struct option_list {
        const char *const *items;
        size_t n;
};

struct option_pair {
        const char *key, *value;
};
struct option_pairs {
        const struct option_pair *items; /* in the order of the file; no key twice */
        size_t n;
};

struct option_table {
        void *rows; /* each of connector_option.row_size bytes, zeroed, with its options filled in */
        size_t n;
};

struct connector_option {
        const char *key, *fallback, *doc; /* fallback NULL: the key is required; "": it may be absent and stays zero */
        enum option_type type;
        size_t offset;                    /* into the connector's own context */
        int64_t min, max;
        const char *const *choices;       /* NULL behind the last */
        const struct connector_option *row; /* OPTION_TABLE: what a row may say, key NULL behind the last; no secrets, no table */
        size_t row_size;
};

/* -- Events in -- */

/* One event that may be published: every check that needs no case has been made. Borrowed for the call. */
struct submission {
        const struct event *event;
        struct text traceparent; /* valid, or empty */
};

/*
 * What came from outside and can never become an event: its dead letter. Borrowed for the call. Without a topic of its own it stands under
 * REJECTION_TOPIC and the connector's name, so that nobody sends it again: it is mended where it came from.
 */
#define REJECTION_TOPIC "outside." /* then the connector's name: kw-topic */
struct rejection {
        const char *stage;    /* frame, decode, check */
        const char *code;     /* a refusal code, or one of the connector's own: capitals */
        const char *error;    /* a sentence that names no value of a field */
        int64_t place;        /* where it stood outside: a row, a line; from 0: kw-offset */
        struct text key;      /* its case_id when that is known, else empty */
        struct text value;    /* unchanged, when it may stand on a topic; empty: it stays where it stood */
};

enum submitted {
        SUBMITTED_SENT,    /* all replicas have it */
        SUBMITTED_REFUSED, /* it is not on the broker, and will not be */
        SUBMITTED_OPEN,    /* the broker did not answer in time: nobody knows */
        SUBMITTED_OUTCOMES,
};

/* -- Events out -- */

/* One record to carry out. Borrowed for the call: deliver() takes what it needs. */
struct delivery {
        const struct cloudevent *ce;
        const struct organisation *organisation; /* whose inbox it comes from */
        void *target;            /* what the file says of this organisation: ops->target_options filled in; NULL: the connector has none */
        struct uuid delivery_id; /* the same for every try of this record */
        const char *topic;       /* where it stands; of one that is delivered again, where it stood */
        int32_t partition;
        int64_t offset;
        void *cookie;            /* for runtime_tried() */
};

enum tried {
        TRIED_DELIVERED,
        TRIED_AGAIN,   /* may go better another time: counts as a try */
        TRIED_LATER,   /* the target asks for a pause: counts as no try */
        TRIED_REFUSED, /* can never go better */
        TRIED_GONE,    /* the target wants nothing more: stop until an operator resumes */
        TRIED_LEFT,    /* this connector does not carry such records, as its file says: over, and nothing is told of it */
};

#define TRIED_REASON_MAX 200

struct attempt {
        enum tried outcome;
        int status;                    /* the receiver's answer, 0 when none came */
        int64_t pause_ms;              /* asked for by the receiver, for everything; -1: none */
        int64_t wait_ms;               /* TRIED_AGAIN: this record not before; 0: as soon as its back-off is over */
        char reason[TRIED_REASON_MAX]; /* one sentence without data of the event; delivered: what must be noted all the same, mostly "" */
};

/* -- Events through -- */

/* What becomes of a record that was read. */
struct verdict {
        const char *topic;               /* onto which it is passed on, unchanged, by its key; NULL: it is refused: */
        const char *stage;               /* frame, decode, check */
        enum refusal code;
        struct error why;                /* a sentence that names no value of a field */
        const struct organisation *told; /* who hears of the refusal */
        bool waits;                      /* nothing of this: its topic stands still until the registry says what @schema is, and it is judged again */
        struct schema_id schema;
        struct uuid event_id, case_id;   /* as far as the record says them; else zeros */
};

/* -- The table -- */

struct runtime; /* connect/runtime.h */

/* OUT: an organisation whose inbox is delivered, and what the file says of it. */
struct connector_target {
        const struct organisation *organisation;
        void *options; /* ops->target_size bytes, zeroed, with ops->target_options filled in; NULL when that is 0 */
        const char *from; /* the name of the connector whose place it takes over (connect/handover.h); NULL: of none */
};

/* What a connector may use; lives as long as it is open. */
struct connector_env {
        struct runtime *runtime;
        struct bus *bus;   /* to look at what stands there (connect/desk.h); events go and come by the runtime */
        const char *name;  /* of this connector, from its file */
        const struct event_types *types;
        const struct organisations *organisations;
        const struct calendar *calendar; /* NULL: it is not known */
        struct clock clock;
        const struct log *log;
        struct metrics *metrics; /* may be NULL */
        size_t parallel;         /* CONNECTOR_OUT: most tries under way at once, of all organisations */
        const struct connector_target *targets; /* CONNECTOR_OUT */
        size_t targets_n;
};

/*
 * What `ketenwacht connect VERB FILE` does with a connector that is not open, on no broker: env->runtime and env->bus are NULL. @out: what is
 * printed. Return: 0; -EINVAL: the configuration is wrong; other negative errno: the outside system does not do what was asked, with a sentence.
 */
struct connector_verb {
        const char *name; /* "ddl", "register"; CONNECTOR_VERB_TRY */
        const char *doc;  /* what it does, for --help */
        int (*run)(void *ctx, const struct connector_env *env, struct buffer *out, struct error *err);
        bool offline;     /* asks nobody outside: secrets are not looked for, in any connector that has this verb */
};
#define CONNECTOR_VERB_TRY "try" /* `connect check --try`: asks the outside system, without effect there, whether it would take or give anything */

enum connector_direction { CONNECTOR_IN, CONNECTOR_OUT, CONNECTOR_THROUGH };

struct connector_ops {
        const char *name, *summary;
        enum connector_direction direction;
        size_t ctx_size; /* the runtime allocates and zeroes it, then fills in the options */
        const struct connector_option *options; /* key NULL behind the last */
        const struct connector_option *target_options; /* OUT: what may differ by organisation; NULL: nothing may */
        size_t target_size;
        const struct connector_verb *verbs; /* name NULL behind the last; NULL: none */
        /*
         * Whether what its file says fits together, without a look outside; before open(). env->runtime and env->bus may be NULL. NULL: there is nothing
         * to check. Return: 0; -EINVAL with a sentence; other negative errno.
         */
        int (*check)(void *ctx, const struct connector_env *env, struct error *err);
        int (*open)(void *ctx, const struct connector_env *env, struct error *err); /* 0; -EINVAL: configuration; negative errno */
        void (*close)(void *ctx);  /* also after an open() that failed, and twice */
        /* Lets the outside world proceed, waiting at most @timeout_ms for it. Return: 0; negative errno ends the connector. */
        int (*turn)(void *ctx, int timeout_ms, struct error *err); /* THROUGH: none */
        /* IN: takes nothing new from now on. Return: true when nothing is under way any more. Called until then. */
        bool (*quiesce)(void *ctx);
        /* What became of what was submitted; OUT: of what was kept (runtime_keep()) or noted (runtime_note()). */
        void (*settled)(void *ctx, void *cookie, enum submitted outcome);
        /* OUT: begins a try; its end comes by runtime_tried(), in turn() or at once. Return: 0; negative errno ends the connector. */
        int (*deliver)(void *ctx, const struct delivery *delivery, struct error *err);
        /* OUT: forgets every try under way, without runtime_tried(). */
        void (*abandon)(void *ctx);
        /* THROUGH: the @i-th topic that is read; NULL behind the last. Lives as long as the connector is open. */
        const char *(*input)(void *ctx, size_t i);
        /* THROUGH: what becomes of a record, of which key and value are there, and headers when they were loaded (bus_record_headers()). .why of *ret
         * has an empty text. Return: 0; negative errno ends the connector. */
        int (*judge)(void *ctx, struct bus_record *record, struct verdict *ret, struct error *err);
};
