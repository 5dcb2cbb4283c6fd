/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What became of events
 *
 * By what stands on the topics: where an event was posted (event topics), whether the workers have done with that place (the offset that
 * their group committed), what they answered (event-refused in the inbox of its source, else the dead letter), and whose inboxes got a
 * copy. A place that is done with and was not answered holds the fact; a later one of the same event repeats it.
 *
 * Pure: knows no broker. Whoever fills it must ask in this order: the offsets of the group, then the ends of all topics, and answer when
 * all has been taken to there; otherwise a refusal may be missed. Only events of organisations that may ask are kept. Bounded: when it
 * would be larger than its maximum it forgets the oldest, whole days of it at once, so that of what is left nothing is missing.
 */

#include <stdbool.h>

#include "base/json.h"
#include "bus/bus.h"
#include "cluster/event_record.h"
#include "model/event_types.h"
#include "model/organisations.h"

#define FATES_BYTES_MAX ((size_t)256 * 1024 * 1024) /* room for about 700,000 events with three copies each */
#define FATE_PLACES_MAX 32     /* of one event that are kept: posted more often, only the number is */
#define FATE_TEXT_MAX 512      /* bytes of a sentence */
#define FATES_SKEW_MS (2 * HOUR_MS) /* between stamps of the source's and the workers' records, at most: see forgetting */

struct fates;

struct fates_config {
        const struct event_types *types;
        const struct organisations *organisations;
        const bool *asks;      /* [organisations_count()]: who may ask */
        size_t bytes_max;
        instant_t since;       /* nothing older is taken */
};

/* Copies @config; what it points to must outlive it. Return: 0 or -ENOMEM. */
int fates_new(const struct fates_config *config, struct fates **ret) MUSTCHECK;
struct fates *fates_free(struct fates *f); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct fates *, fates_free);

/*
 * Takes a record in (headers are loaded meanwhile): of the topic of @type, of the inbox of @to, of dead-letters. What cannot be read is left out. The
 * same record again changes nothing. Return: 0 or -ENOMEM.
 */
int fates_take_post(struct fates *f, const struct event_type *type, struct bus_record *record) MUSTCHECK;
int fates_take_inbox(struct fates *f, const struct organisation *to, struct bus_record *record) MUSTCHECK;
int fates_take_letter(struct fates *f, struct bus_record *record) MUSTCHECK;

/* The same of what was read already: a post, and what was answered to one (in event-refused: @told; else in the dead letter). */
struct fate_noted_post {
        const struct organisation *source;
        const struct event_type *type;
        struct uuid event_id, case_id;
        int32_t partition;
        int64_t offset;
        instant_t at;
};
struct fate_noted_answer {
        struct uuid place; /* event_refused_id() of the post */
        struct uuid event_id;
        instant_t at;
        bool told;
        struct text code, text;
};
int fates_note_post(struct fates *f, const struct fate_noted_post *post) MUSTCHECK;
int fates_note_answer(struct fates *f, const struct fate_noted_answer *answer) MUSTCHECK;

/* How far the workers are. */
struct fates_progress {
        /* The offset before which they are done with a partition of an event's topic; negative: with nothing, or it is not known. */
        int64_t (*done)(void *ctx, const struct event_type *type, int32_t partition);
        void *ctx;
};

enum fate_state { FATE_WAITING, FATE_FACT, FATE_DUPLICATE, FATE_REFUSED, FATE_STATES };
extern const char *const fate_state_names[FATE_STATES]; /* "waiting" … */

/* What became of one post. Borrowed: until the next record is taken in. */
struct fate_judged {
        const struct event_type *type;
        struct uuid case_id;
        int32_t partition;
        int64_t offset;
        instant_t at;
        enum fate_state state;
        const char *code, *text; /* FATE_REFUSED; else NULL */
        instant_t answered_at;
};

/*
 * What became of each post of @event_id of @source of which nothing can be missing, in the order of their stamps; of the first FATE_PLACES_MAX.
 * Return: how many; 0: it is not known.
 */
size_t fates_judge(const struct fates *f, const struct organisation *source, const struct uuid *event_id, const struct fates_progress *progress,
                   struct fate_judged ret[FATE_PLACES_MAX]);

/*
 * Writes what became of @event_id of @source, an object:
 *   {"event_id":…,"state":…,"posts":[{"event":…,"case_id":…,"at":…,"state":…,"code":…,"text":…,"answered_at":…}],"told":[{"to":…,"at":…}]}
 * state: waiting, fact, duplicate, refused (then with code and text, at both places); of the event that of its last post which is no
 * duplicate. Return: whether it is known.
 */
bool fates_tell(const struct fates *f, const struct organisation *source, const struct uuid *event_id, const struct fates_progress *progress,
                struct json_writer *w);

struct fates_stats {
        size_t events, bytes;
        instant_t since; /* it knows what was posted since then */
};
void fates_stats(const struct fates *f, struct fates_stats *ret);
