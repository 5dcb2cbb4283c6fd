/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Inputs that are not what was left in them: made anew, so that offsets run backwards, or cut before they were read, so that they jump
 *
 * What is gone is noted with its record: who had read it has to have a fact or a dead letter of it for ever, and of whatever nobody had read
 * somebody must have been told, by the bus, and the worker must have counted it. What a new log holds is read like any other, from its
 * beginning. As on Kafka, a new log that is longer than the old one was when somebody looks is not told apart from it; so its
 * publishers wait here until it has been found out.
 */

#include "simulation.h"

#include <inttypes.h>

#define AGAIN_PERCENT 70 /* of what stood in a log that is made anew is published again */

struct moved_log { /* an input, as far as anything was done to it */
        const char *topic;
        unsigned anew;                /* how often it was made anew */
        int64_t first[PARTITIONS_MAX];/* where it begins */
};

struct jump { /* as a worker was told */
        const struct moved_log *log;
        unsigned anew;                /* of the log, when it was told */
        int32_t partition;
        int64_t from, to;
        unsigned by;                  /* the number of the worker that has to say so with its next commit; 0: it has, or has lost the partition */
};

struct moves {
        VECTOR(struct moved_log *) logs;
        VECTOR(struct jump) jumps;
};

static struct moved_log *log_find(const struct sim *s, const char *topic) {
        for (size_t i = 0; i < s->moves->logs.n; i++) {
                if (strcmp(s->moves->logs.items[i]->topic, topic) == 0)
                        return s->moves->logs.items[i];
        }
        return NULL;
}

static struct moved_log *log_get(struct sim *s, const char *topic) {
        struct moved_log *log = log_find(s, topic);

        if (log)
                return log;
        log = arena_calloc(s->arena, 1, sizeof(*log));
        sim_check_memory(s, log);
        log->topic = sim_topic(s, topic);
        if (vector_push(&s->moves->logs, log))
                sim_check_memory(s, NULL);
        return log;
}

void moves_open(struct sim *s) {
        s->moves = arena_calloc(s->arena, 1, sizeof(*s->moves));
        sim_check_memory(s, s->moves);
}

void moves_close(struct sim *s) {
        vector_done(&s->moves->logs);
        vector_done(&s->moves->jumps);
}

unsigned moves_anew(const struct sim *s, const char *topic) {
        const struct moved_log *log = log_find(s, topic);

        return log ? log->anew : 0;
}

static int64_t begin_of(const struct sim *s, const char *topic, int32_t p) {
        const struct moved_log *log = log_find(s, topic);

        return log ? log->first[p] : 0;
}

static size_t input_of(const struct tap *tap, const char *topic) {
        size_t i = 0;

        while (i < tap->n_inputs && strcmp(tap->inputs[i], topic) != 0)
                i++;
        return i;
}

/* -- A new log must not be taken for the old one -- */

/* The place at which the old log is read on, by a worker that has not heard of the new one; INT64_MAX: nobody would. */
static int64_t old_place(const struct sim *s, const char *topic, int32_t p) {
        int64_t committed = memory_committed(s->memory, TOPICS_GROUP_RULES, topic, p);
        int64_t least = committed > memory_end(s->memory, topic, p) ? committed : INT64_MAX;

        for (size_t k = 0; k < HANDLES; k++) {
                const struct tap *tap = s->handles[k].used ? s->handles[k].tap : NULL;
                const int64_t *at = tap ? tap->inner->ops->positions(tap->inner, p) : NULL;
                size_t i = at ? input_of(tap, topic) : 0;

                if (at && tap->parts[p].old[i] && at[i] > 0 && at[i] < least)
                        least = at[i];
        }
        return least;
}

bool moves_full(const struct sim *s, const char *topic, int32_t partition) {
        return moves_anew(s, topic) && memory_end(s->memory, topic, partition) + 1 >= old_place(s, topic, partition);
}

bool moves_found_out(const struct sim *s, const char *topic) {
        for (int32_t p = 0; p < s->partitions; p++) {
                if (moves_anew(s, topic) && old_place(s, topic, p) != INT64_MAX)
                        return false;
        }
        return true;
}

/* -- What is done to them -- */

static bool all_found_out(const struct sim *s) {
        for (size_t i = 0; i < s->moves->logs.n; i++) {
                if (!moves_found_out(s, s->moves->logs.items[i]->topic))
                        return false;
        }
        return true;
}

/* Whether the group has an offset of any input of a partition: then it has one of each. */
static bool has_begun(const struct sim *s, int32_t p) {
        for (size_t i = 0; i < s->topics.n; i++) {
                if (memory_committed(s->memory, TOPICS_GROUP_RULES, s->topics.items[i], p) >= 0)
                        return true;
        }
        return false;
}

/* Notes what goes of a partition: all that stands below @end; INT64_MAX: the log itself. */
static void note_gone(struct sim *s, const char *topic, int32_t p, int64_t end) {
        int64_t read = memory_committed(s->memory, TOPICS_GROUP_RULES, topic, p);
        bool begun = end == INT64_MAX ? read > 0 : has_begun(s, p); /* of a log of which nothing was read nobody can tell that it is another */

        for (size_t i = 0; i < s->published.n; i++) {
                struct input *input = s->published.items[i];
                struct bus_record record;

                if (input->topic != topic || input->partition != p || input->anew != moves_anew(s, topic) || input->offset >= end)
                        continue;
                if (input->gone) { /* cut before */
                        input->begun &= begun;
                        continue;
                }
                input->gone = true;
                input->stood = memory_record(s->memory, topic, p, input->offset, false, &record);
                input->read = input->offset < read;
                input->begun = begun;
        }
}

/* Whoever reads it is at a place of the old log, and knows nothing of how far the new one reaches. */
static void note_old(struct sim *s, const char *topic) {
        for (size_t k = 0; k < HANDLES; k++) {
                struct tap *tap = s->handles[k].used ? s->handles[k].tap : NULL;
                size_t i = tap ? input_of(tap, topic) : 0;

                for (int32_t p = 0; tap && p < s->partitions; p++) {
                        tap->parts[p].old[i] = true;
                        tap->parts[p].ends[i] = 0;
                }
        }
}

void moves_renew(struct sim *s) {
        const char *topic = load_topic(s);
        size_t n = s->published.n;

        if (!all_found_out(s))
                return;
        load_hurry(s);
        for (int32_t p = 0; p < s->partitions; p++)
                note_gone(s, topic, p, INT64_MAX);
        memory_renew(s->memory, topic);
        note_old(s, topic);
        log_get(s, topic)->anew++;
        memset(log_get(s, topic)->first, 0, sizeof(log_get(s, topic)->first));
        s->counts.renewed++;
        sim_trace(s, "%s is made anew", topic);
        for (size_t i = 0; i < n; i++) { /* its sources begin at the beginning */
                const struct input *input = s->published.items[i];

                if (input->topic == topic && input->gone && chance(s, AGAIN_PERCENT))
                        load_again(s, input);
        }
}

void moves_cut(struct sim *s) {
        const char *topic = load_topic(s);
        struct moved_log *log = log_get(s, topic);
        int32_t p = (int32_t)draw(s, (uint64_t)s->partitions);
        int64_t stable, to;

        if (!moves_found_out(s, topic))
                return;
        if (chance(s, 60)) /* news that nobody reads in time */
                load_publish(s, 6);
        stable = memory_stable(s->memory, topic, p);
        if (stable <= log->first[p])
                return;
        to = chance(s, 60) ? stable : draw_between(s, log->first[p] + 1, stable);
        note_gone(s, topic, p, to);
        memory_truncate(s->memory, topic, p, to);
        log->first[p] = to;
        s->counts.cut++;
        sim_trace(s, "%s[%d] is cut below %" PRId64, topic, p, to);
}

/* -- What a worker hears of it -- */

/* Whether what was read before is to be read on at another place. */
static bool has_moved(const struct sim *s, const char *topic, int32_t p, int64_t *ret_from) {
        *ret_from = memory_committed(s->memory, TOPICS_GROUP_RULES, topic, p);
        return *ret_from >= 0 && (*ret_from < begin_of(s, topic, p) || *ret_from > memory_end(s->memory, topic, p));
}

void moves_jumped(struct tap *tap, const struct bus_jump *jump) {
        struct sim *s = tap->h->s;
        const char *topic = tap->inputs[jump->part.index];
        int32_t p = jump->part.partition;
        int64_t from;
        bool moved = has_moved(s, topic, p, &from);

        if (from < 0) { /* nothing is committed: it was to be read there next */
                from = tap->parts[p].next[jump->part.index];
                moved = from < begin_of(s, topic, p) || from > memory_end(s->memory, topic, p);
        } else {
                tap->parts[p].jumps++;
        }
        if (!moved || jump->from != from || jump->to != begin_of(s, topic, p))
                sim_fail(s, "%s is told that %s[%d] goes on at %" PRId64 " instead of %" PRId64 ", and it was read to %" PRId64 " and begins at %" PRId64,
                         handle_name(tap->h), topic, p, jump->to, jump->from, from, begin_of(s, topic, p));
        if (vector_push(&s->moves->jumps, ((struct jump){log_get(s, topic), moves_anew(s, topic), p, jump->from, jump->to, tap->h->number})))
                sim_check_memory(s, NULL);
        if (jump->to < jump->from) {
                s->counts.backwards++;
        } else {
                s->counts.forwards++;
                tap->passed += jump->to - jump->from;
        }
        sim_trace(s, "%s is told that %s[%d] goes on at %" PRId64 " instead of %" PRId64, handle_name(tap->h), topic, p, jump->to, jump->from);
}

void moves_restored(struct tap *tap, int32_t p) {
        struct sim *s = tap->h->s;
        unsigned want = 0;
        int64_t from;

        for (size_t i = 0; i < tap->n_inputs; i++) {
                want += has_moved(s, tap->inputs[i], p, &from);
                tap->parts[p].old[i] = false;
        }
        if (tap->parts[p].jumps != want)
                sim_fail(s, "%s is told of %u inputs of partition %d that they are not what was left, and %u are not", handle_name(tap->h),
                         tap->parts[p].jumps, p, want);
}

void moves_restoring(struct tap *tap, int32_t p) {
        struct moves *moves = tap->h->s->moves;

        tap->parts[p].jumps = 0;
        for (size_t i = 0; i < moves->jumps.n; i++) {
                if (moves->jumps.items[i].by == tap->h->number && moves->jumps.items[i].partition == p)
                        moves->jumps.items[i].by = 0;
        }
}

/* Whether the worker has read @log to @offset since it was told where it goes on: the number that it left may come again. */
static bool moves_has_read_to(const struct tap *tap, const struct moved_log *log, const int64_t *positions, int64_t offset) {
        for (size_t i = 0; i < tap->n_inputs; i++) {
                if (strcmp(tap->inputs[i], log->topic) == 0)
                        return positions[i] == offset;
        }
        return false;
}

/* Else whoever comes next would be sent to a place that is none, or is one of another log by then. */
void moves_committed(const struct tap *tap) {
        struct sim *s = tap->h->s;

        for (size_t i = 0; i < s->moves->jumps.n; i++) {
                struct jump *jump = &s->moves->jumps.items[i];
                const int64_t *positions;

                if (jump->by != tap->h->number || !tap->parts[jump->partition].owned || !tap->parts[jump->partition].started)
                        continue;
                positions = tap->inner->ops->positions(tap->inner, jump->partition);
                if (!positions) /* let go, and nothing of it is said any more */
                        continue;
                if (!moves_has_read_to(tap, jump->log, positions, jump->from) &&
                    memory_committed(s->memory, TOPICS_GROUP_RULES, jump->log->topic, jump->partition) == jump->from)
                        sim_fail(s, "%s has committed, and the group still has %" PRId64 " of %s[%d], which goes on at %" PRId64, handle_name(tap->h),
                                 jump->from, jump->log->topic, jump->partition, jump->to);
                jump->by = 0;
        }
}

void moves_check_counted(const struct tap *tap) {
        struct worker_status status;

        worker_status(tap->h->worker, &status);
        if (status.passed != tap->passed)
                sim_fail(tap->h->s, "%s says that %" PRId64 " offsets were gone before they were read, and was told of %" PRId64, handle_name(tap->h),
                         status.passed, tap->passed);
}

bool moves_was_told(const struct sim *s, const struct input *input) {
        for (size_t i = 0; i < s->moves->jumps.n; i++) {
                const struct jump *jump = &s->moves->jumps.items[i];

                if (jump->log->topic != input->topic || jump->partition != input->partition)
                        continue;
                if (jump->anew > input->anew || (jump->anew == input->anew && jump->from <= input->offset && input->offset < jump->to))
                        return true;
        }
        return !input->begun;
}
