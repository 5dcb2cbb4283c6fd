/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The latest dead letters, in memory: for lists that are asked for again and again
 *
 * Follows `dead-letters`, and `audit` for what was sent again, on a thread of its own and without a group. Keeps what their headers say, no value; of
 * the latest LETTERS_INDEX_MAX. Older ones are found in the topic (survey/letters.h). When the broker fails it says so, keeps what it knows and goes
 * on by itself.
 *
 * From any thread. What a visitor gets is lent for the call, with the index locked: it may write into memory, and wait for nothing.
 */

#include "cluster/audit.h"
#include "model/config.h"
#include "survey/letters.h"

#define LETTERS_INDEX_MAX 50000                /* letters; a few hundred bytes each */
#define LETTERS_INDEX_WORDS_MAX 4096           /* different codes, stages, topics, connectors and organisations; later ones are "…" */
#define LETTERS_INDEX_ERROR_MAX ((size_t)240)  /* bytes of a sentence that are kept */
#define LETTERS_INDEX_GROUPS_MAX 40            /* of one kind that are counted by themselves; the rest together */

struct letters_index;

struct letters_index_config {
        const struct config *config;
        struct bus *bus;
        struct clock clock;
};

/* What @config points to must outlive it. It reads nothing before it is started or turned. Return: 0; -EINVAL with a sentence; -ENOMEM. */
int letters_index_new(const struct letters_index_config *config, struct letters_index **ret, struct error *err) MUSTCHECK;
/* Starts its thread. Return: 0; -EAGAIN with a sentence. */
int letters_index_start(struct letters_index *index, struct error *err) MUSTCHECK;
struct letters_index *letters_index_free(struct letters_index *index); /* also while the broker does not answer; NULL ok; returns NULL */
DEFINE_CLEANUP(struct letters_index *, letters_index_free);

/* One turn of the thread, for whoever has none: takes up what has come, waiting @timeout_ms at most. */
void letters_index_turn(struct letters_index *index, int timeout_ms);

/* A sending again of many, as audit tells of it: letters_index_sending(). */
struct letters_index_job {
        bool known, over;
        instant_t begun;
        char filter[AUDIT_TEXT_MAX + 1]; /* "code=…&topic=…" */
        char user[AUDIT_TEXT_MAX + 1], reason[AUDIT_TEXT_MAX + 1];
};

struct letters_index_status {
        bool ready;        /* all that stood there when it began has been read */
        bool more;         /* there are older ones that it does not have … */
        instant_t oldest;  /* … than this */
        size_t n;
        uint64_t turn;     /* rises whenever anything has changed */
        char why[ERROR_TEXT_MAX]; /* "": the topics can be read */
        struct letters_index_job job; /* the latest */
};
void letters_index_status(struct letters_index *index, struct letters_index_status *ret);

/*
 * What is older is read from the topic, which takes long: by one at a time, so that they cannot hold up everybody else. Return: false: somebody does; else
 * letters_index_release() is due.
 */
bool letters_index_claim(struct letters_index *index) MUSTCHECK;
void letters_index_release(struct letters_index *index);

struct letters_index_place {
        int32_t partition;
        int64_t offset;
};

/*
 * Those that pass, the latest first, behind @after (NULL: from the first), @limit of them at most. Return: how many were given to @see; *ret_more: there are
 * more of them in the index; *ret_known: @after is in it.
 */
size_t letters_index_each(struct letters_index *index, const struct letters_filter *filter, const struct letters_index_place *after, size_t limit,
                          void (*see)(void *ctx, const struct letter_line *line), void *ctx, bool *ret_more, bool *ret_known);

/* The one at @place. Return: whether it is in the index, and was given to @see. */
bool letters_index_at(struct letters_index *index, struct letters_index_place place, void (*see)(void *ctx, const struct letter_line *line), void *ctx);

/* Those of one event, the latest first, @limit at most: where it came back, and from where it was sent again. */
size_t letters_index_of_event(struct letters_index *index, const struct uuid *event_id, size_t limit, void (*see)(void *ctx, const struct letter_line *line),
                              void *ctx);

enum letters_index_by { LETTERS_BY_CODE, LETTERS_BY_TOPIC, LETTERS_BY_ORGANISATION, LETTERS_BYS };

struct letters_index_group {
        const char *name;   /* lent as long as the index lives; "": cannot be said; NULL: all others together */
        uint64_t n, sent;   /* letters; of these sent again */
        instant_t latest;
};

struct letters_index_groups {
        size_t n;
        struct letters_index_group items[LETTERS_INDEX_GROUPS_MAX + 1]; /* the most first */
        uint64_t all, sent;
};

/* Counts those that pass, by what is asked. */
void letters_index_count(struct letters_index *index, const struct letters_filter *filter, enum letters_index_by by, struct letters_index_groups *ret);

/* What a sending again of many is called in audit, beside its filter: whoever begins one writes it, and whoever has ended it. */
#define LETTERS_INDEX_JOB "dead-letters?"
