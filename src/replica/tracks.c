/* SPDX-License-Identifier: EUPL-1.2 */

/* The follower of the topics, and the trails that are made of what it keeps. */

#include "replica/tracks.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/utf8.h"
#include "bus/positions.h"
#include "cluster/audit.h"
#include "cluster/topics.h"
#include "survey/trail_readers.h"

#define TRACKS_RECORDS_A_TURN 2000
#define TRACKS_TURN_MS 200
#define TRACKS_PAUSE_MS 1000           /* after a failure */
#define TRACKS_PROGRESS_MS 2000        /* between two questions how far the workers are */
#define TRACKS_LACKING_MS 600000       /* after so long it is looked whether a topic is there now that was not */
#define TRACKS_READERS_MS 3000         /* between two questions who reads, and five times as long as the last one took */
#define TRACKS_READERS_SHARE 5
#define TRACKS_FITS 0.8                /* of what would fit if all of it were alike … */
#define TRACKS_CLOSE 0.9               /* … and so much of that is enough */
#define TRACKS_MARGIN_MS (2 * HOUR_MS) /* so far back is looked again after the broker was gone; what was seen is passed over */

/* Topics beside those of events, inboxes and outboxes, in this order. */
static const char *const tracks_others[] = {TOPIC_CASE_STATE, TOPIC_DEAD_LETTERS, TOPIC_AUDIT, TOPIC_DELIVERIES};
enum tracks_other { TRACKS_ROWS, TRACKS_LETTERS, TRACKS_AUDIT, TRACKS_DELIVERIES, TRACKS_OTHERS };

/* How far a partition was taken in. */
struct tracks_part {
        int64_t next;
        instant_t last; /* the stamp of the record before */
};

struct tracks {
        struct tracks_config config;
        /* The follower's own: */
        const char **topics; /* of events, inboxes, outboxes, others */
        char *names;
        const struct event_type **types;
        size_t types_n, topics_n, orgs_n;
        struct row_codec *rows;
        struct delivery_codec *deliveries;
        struct audit_codec *audit; /* these two: NULL, the schemas do not have them */
        struct bus_reader *reader;
        struct tracks_part **at;   /* [topics]: by partition */
        int32_t *partitions;       /* of those */
        struct bus_part *parts;    /* of event topics */
        int64_t *asked;            /* how far the workers are with those, while all is read to the ends that were looked at after it was asked */
        size_t parts_n;
        bool asks, failed; /* failed: and that was said */
        bool lacks;        /* some topic was not there when it was opened */
        int64_t opened_at;
        int64_t asked_at;
        instant_t from, reached_at; /* it reads from there on; when it last had all */
        instant_t wanted;           /* from there on it fits; 0: that is not known */
        bool crammed;               /* no later beginning is of use: the oldest are pushed out */
        struct letter letter;
        /* Under the lock: */
        pthread_mutex_t lock;
        struct digests *digests;
        int64_t *done;          /* [parts_n]: how far the workers are */
        int64_t *inbox_ends;    /* [organisations] */
        struct trail_readers *readers;
        enum tracks_state state;
        instant_t since, seen;
        char why[TRACKS_WHY_MAX], readers_why[TRACKS_WHY_MAX];
        struct metric *entries, *known;
        /* Threads: */
        struct loop follower, asker;
        int64_t ask_at;
        atomic_bool enough;
};

/* -- Made and ended -- */

static int tracks_list_topics(struct tracks *t) {
        const struct organisations *orgs = t->config.config->organisations;
        const struct event_types *types = t->config.config->types;
        size_t types_n = event_types_count(types), each = BUS_NAME_MAX + 1;

        t->orgs_n = organisations_count(orgs);
        t->topics = calloc(types_n + 2 * t->orgs_n + TRACKS_OTHERS, sizeof(*t->topics));
        t->types = calloc(types_n + 1, sizeof(*t->types));
        t->names = calloc(2 * t->orgs_n + 1, each);
        t->inbox_ends = calloc(t->orgs_n + 1, sizeof(*t->inbox_ends));
        if (!t->topics || !t->types || !t->names || !t->inbox_ends)
                return -ENOMEM;
        for (size_t i = 0; i < types_n; i++) {
                const struct event_type *type = event_types_at(types, i);

                if (type->output)
                        continue;
                t->types[t->types_n++] = type;
                t->topics[t->topics_n++] = type->name;
        }
        for (size_t i = 0; i < 2 * t->orgs_n; i++) {
                (void) snprintf(t->names + i * each, each, "%s%s", i < t->orgs_n ? TOPIC_INBOX_PREFIX : TOPIC_OUTBOX_PREFIX,
                                organisations_at(orgs, i % t->orgs_n)->id);
                t->topics[t->topics_n++] = t->names + i * each;
        }
        for (size_t i = 0; i < TRACKS_OTHERS; i++)
                t->topics[t->topics_n++] = tracks_others[i];
        t->at = calloc(t->topics_n, sizeof(*t->at));
        t->partitions = calloc(t->topics_n, sizeof(*t->partitions));
        return t->at && t->partitions ? 0 : -ENOMEM;
}

static int tracks_codecs(struct tracks *t, struct error *err) {
        const struct event_types *types = t->config.config->types;
        int r = row_codec_new(&t->rows);

        if (r == 0 && event_types_other(types, TOPIC_DELIVERIES))
                r = delivery_codec_new(types, &t->deliveries, err);
        if (r == 0 && event_types_other(types, TOPIC_AUDIT))
                r = audit_codec_new(types, &t->audit, err);
        return r;
}

static int tracks_metrics(struct tracks *t, struct error *err) {
        const struct metric_row entries = {.name = "ketenwacht_tracks_entries", .kind = METRIC_GAUGE,
                                           .help = "Records of which track and trace is kept in memory."};
        const struct metric_row known = {.name = "ketenwacht_tracks_known_seconds", .kind = METRIC_GAUGE, .per_unit = 1000,
                                         .help = "So far back track and trace is answered from memory; what is older is read from the topics."};
        int r = t->config.metrics ? metrics_register(t->config.metrics, &entries, &t->entries, err) : 0;

        if (r == 0 && t->config.metrics)
                r = metrics_register(t->config.metrics, &known, &t->known, err);
        return r;
}

/* In a file when there is room for one, else in memory. */
static int tracks_make_room(struct tracks *t) {
        struct digests_config digests = {.types = t->config.config->types,
                                         .organisations = t->config.config->organisations,
                                         .bytes = t->config.bytes ? t->config.bytes : DIGESTS_BYTES,
                                         .cases_max = DIGESTS_CASES_MAX};
        struct spill spill = {0};
        struct error why = {0};
        int r = t->config.scratch ? spill_new(&spill, t->config.scratch, DIGESTS_FILE_BYTES, &why) : 0;

        if (r < 0)
                log_line(t->config.log, TRACKS_CRAMPED, LOG_STRING("reason", why.text), LOG_INT("bytes", (int64_t)digests.bytes));
        if (spill.bytes) {
                digests.bytes = DIGESTS_FILE_BYTES;
                digests.spill = &spill;
        }
        r = digests_new(&digests, &t->digests);
        spill_done(&spill); /* taken over, unless there was no memory */
        return r;
}

int tracks_new(const struct tracks_config *config, struct tracks **ret, struct error *err) {
        struct tracks *made = calloc(1, sizeof(*made));
        CLEANUP(tracks_free_p) struct tracks *t = NULL;
        int r;

        if (!made)
                return -ENOMEM;
        if (pthread_mutex_init(&made->lock, NULL)) {
                free(made);
                return -ENOMEM;
        }
        t = made;
        t->config = *config;
        r = tracks_list_topics(t);
        if (r == 0)
                r = tracks_make_room(t);
        if (r == 0)
                r = tracks_codecs(t, err);
        if (r == 0)
                r = tracks_metrics(t, err);
        if (r)
                return r;
        *ret = TAKE(t);
        return 0;
}

/* Lets go of the broker. */
static void tracks_stop(struct tracks *t) {
        bus_reader_close(t->reader);
        t->reader = NULL;
        t->asks = false;
}

struct tracks *tracks_free(struct tracks *t) {
        if (!t)
                return NULL;
        atomic_store(&t->enough, true);
        loop_ask(&t->follower);
        loop_ask(&t->asker);
        loop_join(&t->follower);
        loop_join(&t->asker);
        tracks_stop(t);
        for (size_t i = 0; t->at && i < t->topics_n; i++)
                free(t->at[i]);
        trail_readers_free(t->readers);
        digests_free(t->digests);
        row_codec_free(t->rows);
        delivery_codec_free(t->deliveries);
        audit_codec_free(t->audit);
        free(t->at);
        free(t->partitions);
        free(t->parts);
        free(t->asked);
        free(t->done);
        free(t->inbox_ends);
        free(t->topics);
        free(t->types);
        free(t->names);
        (void) pthread_mutex_destroy(&t->lock);
        free(t);
        return NULL;
}

static void tracks_lock(struct tracks *t) {
        (void) pthread_mutex_lock(&t->lock);
}

static void tracks_unlock(struct tracks *t) {
        (void) pthread_mutex_unlock(&t->lock);
}

/* -- Beginning -- */

/* Topics that are made later are not seen by a reader that is open. */
static int tracks_find_lacking(struct tracks *t, struct error *err) {
        const struct reader_positions *at = bus_reader_positions(t->reader);

        t->opened_at = clock_monotonic(&t->config.clock);
        t->lacks = false;
        for (size_t i = 0; i < t->topics_n; i++)
                t->lacks |= at->partitions[i] == 0;
        if (at->partitions[t->types_n + 2 * t->orgs_n + TRACKS_ROWS] > 0)
                return 0;
        error_set(err, "there is no topic " TOPIC_CASE_STATE "; ketenwacht topics apply makes it");
        return -ENOENT;
}

/* Room for the partitions of each topic; of those that were there, what was taken in stays. */
static int tracks_grow(struct tracks *t) {
        const struct reader_positions *at = bus_reader_positions(t->reader);
        size_t n = 0;

        for (size_t i = 0; i < t->topics_n; i++) {
                size_t was = (size_t)t->partitions[i], is = (size_t)at->partitions[i];
                struct tracks_part *grown;

                n += i < t->types_n ? is : 0;
                if (is <= was)
                        continue;
                grown = realloc(t->at[i], is * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                memset(grown + was, 0, (is - was) * sizeof(*grown));
                t->at[i] = grown;
                t->partitions[i] = at->partitions[i];
        }
        tracks_lock(t);
        free(t->parts);
        free(t->asked);
        free(t->done);
        t->parts = calloc(n + 1, sizeof(*t->parts));
        t->asked = calloc(n + 1, sizeof(*t->asked));
        t->done = calloc(n + 1, sizeof(*t->done));
        t->parts_n = 0;
        for (size_t i = 0; t->parts && t->done && i < t->types_n; i++) {
                for (int32_t p = 0; p < at->partitions[i]; p++) {
                        t->done[t->parts_n] = BUS_NOT_COMMITTED;
                        t->parts[t->parts_n++] = (struct bus_part){(uint32_t)i, p};
                }
        }
        tracks_unlock(t);
        return t->parts && t->asked && t->done ? 0 : -ENOMEM;
}

/* Forgets all that was taken in, and begins anew, with what came since @from; 0: as far back as all is wanted. */
static void tracks_anew(struct tracks *t, instant_t from) {
        tracks_stop(t);
        t->wanted = from;
        t->reached_at = 0;
        t->crammed = false;
        tracks_lock(t);
        digests_clear(t->digests);
        memset(t->inbox_ends, 0, t->orgs_n * sizeof(*t->inbox_ends));
        t->since = 0;
        tracks_unlock(t);
        for (size_t i = 0; i < t->topics_n; i++) {
                if (t->partitions[i] > 0)
                        memset(t->at[i], 0, (size_t)t->partitions[i] * sizeof(*t->at[i]));
        }
}

/* Whether a log, of which the end was looked at just now, ends before what was taken in of it: it is another. */
static bool tracks_is_other(const struct tracks *t) {
        int64_t first, end;

        for (size_t i = 0; i < t->topics_n; i++) {
                for (int32_t p = 0; p < t->partitions[i]; p++) {
                        if (reader_positions_bounds(bus_reader_positions(t->reader), (struct bus_part){(uint32_t)i, p}, &first, &end) &&
                            end < t->at[i][p].next)
                                return true;
                }
        }
        return false;
}

/* How far the workers are, then the ends: when all is read to there, no refusal of what they are done with is missing. */
static int tracks_look(struct tracks *t, struct error *err) {
        int r = bus_reader_committed(t->reader, t->parts, t->parts_n, t->asked, err);

        if (r == 0)
                r = bus_reader_look(t->reader, err);
        t->asked_at = clock_monotonic(&t->config.clock);
        t->asks = r == 0;
        return r;
}

static int tracks_begin(struct tracks *t, struct error *err) {
        instant_t now = clock_realtime(&t->config.clock);
        struct bus_reader_config config = {.topics = t->topics, .topics_n = t->topics_n, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_INSTANT,
                                           .some = true, .sparing = true, .group = TOPICS_GROUP_RULES, .enough = &t->enough};
        int r;

        if (t->reached_at == 0)
                t->from = t->wanted > 0 ? t->wanted : now - TRACKS_SINCE_MS;
        config.instant = t->reached_at ? t->reached_at - TRACKS_MARGIN_MS : t->from;
        r = bus_reader_open(t->config.bus, &config, &t->reader, err);
        if (r == 0)
                r = tracks_find_lacking(t, err);
        if (r == 0)
                r = tracks_grow(t);
        if (r == 0 && tracks_is_other(t)) {
                tracks_anew(t, 0);
                return tracks_begin(t, err); /* of what is forgotten no log is another */
        }
        if (r == 0)
                r = tracks_look(t, err);
        if (r)
                return r;
        tracks_lock(t);
        t->since = t->from;
        if (t->reached_at == 0)
                t->state = TRACKS_READING;
        tracks_unlock(t);
        return 0;
}

/* -- Taking in -- */

static void tracks_keep(struct tracks *t, int r, const struct uuid *case_id, const struct trail_digest *digest) {
        if (r != 1)
                return;
        tracks_lock(t);
        digests_keep(t->digests, case_id, digest);
        tracks_unlock(t);
}

static int tracks_take_event(struct tracks *t, const struct trail_digester *by, struct bus_record *record) {
        const struct organisations *orgs = t->config.config->organisations;
        size_t at = record->index - (record->index < t->types_n ? 0 : t->types_n);
        struct trail_digest digest;
        struct uuid case_id;
        int r;

        if (record->index >= t->types_n && at < t->orgs_n) {
                tracks_lock(t);
                t->inbox_ends[at] = record->offset + 1;
                tracks_unlock(t);
        }
        if (!record->key || !uuid_parse(record->key, record->key_n, &case_id))
                return 0;
        if (record->index < t->types_n)
                r = trail_digest_post(by, t->types[record->index], record, &digest);
        else if (at < t->orgs_n)
                r = trail_digest_inbox(by, organisations_at(orgs, at), record, &digest);
        else
                r = trail_digest_outbox(by, organisations_at(orgs, at - t->orgs_n), record, &digest);
        tracks_keep(t, r, &case_id, &digest);
        return r < 0 ? r : 0;
}

static int tracks_take_row(struct tracks *t, const struct trail_digester *by, const struct bus_record *record) {
        struct trail_digest digest;
        struct row_key key;
        int r;

        if (row_key_read(record->key, record->key_n, &key))
                return 0;
        r = trail_digest_row(by, record, &digest);
        tracks_keep(t, r, &key.case_id, &digest);
        return r < 0 ? r : 0;
}

static int tracks_take_letter(struct tracks *t, const struct trail_digester *by, struct bus_record *record) {
        const struct letters_source source = {.types = by->types, .organisations = by->organisations};
        const struct uuid none = {{0}};
        struct trail_digest digest;
        int r = bus_record_headers(record);

        if (r)
                return r;
        letter_read(&source, record, &t->letter);
        r = trail_digest_letter(by, &t->letter, &digest);
        tracks_keep(t, r, uuid_equal(&digest.case_id, &none) ? NULL : &digest.case_id, &digest);
        return r < 0 ? r : 0;
}

static void tracks_take_audit(struct tracks *t, const struct bus_record *record) {
        struct audit_record act;
        struct letter_place letter;

        if (!t->audit || !audit_decode(t->audit, record->value, record->value_n, &act) || !text_is(act.action, AUDIT_REDRIVE) ||
            !text_is(act.result, AUDIT_DONE) || !letters_object_read(act.object, &letter))
                return;
        tracks_lock(t);
        digests_keep_sent(t->digests, &letter, act.at);
        tracks_unlock(t);
}

static int tracks_take_delivery(struct tracks *t, const struct trail_digester *by, const struct bus_record *record) {
        struct delivery_record delivery;
        struct trail_digest digest;
        int r = t->deliveries && delivery_decode(t->deliveries, record->value, record->value_n, &delivery) ? trail_digest_delivery(by, &delivery, &digest) : 0;

        tracks_keep(t, r, NULL, &digest);
        return r < 0 ? r : 0;
}

/* Whether a record was taken in before; *ret_other: another stands there now. */
static bool tracks_has(struct tracks *t, const struct bus_record *record, bool *ret_other) {
        struct tracks_part *part = &t->at[record->index][record->partition];

        *ret_other = record->offset == part->next - 1 && record->timestamp != part->last;
        if (record->offset < part->next)
                return true;
        *part = (struct tracks_part){record->offset + 1, record->timestamp};
        return false;
}

static int tracks_take(struct tracks *t, struct bus_record *record) {
        const struct config *config = t->config.config;
        const struct trail_digester by = {config->types, config->organisations, t->rows, NULL};
        size_t others = t->types_n + 2 * t->orgs_n;

        if (record->index < others)
                return tracks_take_event(t, &by, record);
        switch ((enum tracks_other)(record->index - others)) {
        case TRACKS_ROWS:
                return tracks_take_row(t, &by, record);
        case TRACKS_LETTERS:
                return tracks_take_letter(t, &by, record);
        case TRACKS_AUDIT:
                tracks_take_audit(t, record);
                return 0;
        case TRACKS_DELIVERIES:
                return tracks_take_delivery(t, &by, record);
        case TRACKS_OTHERS:
                break;
        }
        return 0;
}

/* All that stood there when it was looked last is taken in: what the workers had done with then can be judged now. */
static void tracks_reach(struct tracks *t) {
        const struct reader_positions *at = bus_reader_positions(t->reader);
        int64_t first, end;

        t->asks = t->failed = false;
        t->reached_at = clock_realtime(&t->config.clock);
        tracks_lock(t);
        for (size_t i = 0; i < t->parts_n; i++) { /* what is committed beyond the end is of a log that is no more */
                bool is = reader_positions_bounds(at, t->parts[i], &first, &end) && t->asked[i] <= end;

                t->done[i] = is ? t->asked[i] : BUS_NOT_COMMITTED;
        }
        t->state = TRACKS_LIVE;
        t->seen = t->reached_at;
        t->why[0] = '\0';
        tracks_unlock(t);
}

static void tracks_show(struct tracks *t) {
        struct tracks_status status;

        tracks_status(t, &status);
        metric_set(t->entries, 0, (int64_t)status.kept.entries);
        if (status.since)
                metric_set(t->known, 0, clock_realtime(&t->config.clock) - status.since);
        metric_know(t->known, status.since != 0);
}

/* Offsets that were read, markers and what else is no record among them. */
static int64_t tracks_passed(const struct tracks *t) {
        const struct reader_positions *at = bus_reader_positions(t->reader);
        int64_t passed = 0;

        for (size_t i = 0; i < t->topics_n; i++) {
                for (int32_t p = 0; p < at->partitions[i]; p++)
                        passed += at->at[i][p].first >= 0 && at->at[i][p].next > at->at[i][p].first ? at->at[i][p].next - at->at[i][p].first : 0;
        }
        return passed;
}

/*
 * The earliest instant since which no more stands there than fits, in a tenth more or less: what was read says how much that is, the broker where. When all
 * that would fit is nothing, since so much came at one instant, that instant. INSTANT_NEVER: the broker does not know.
 */
static int tracks_fitting(struct tracks *t, const struct digests_stats *kept, instant_t *ret, struct error *err) {
        double room = TRACKS_FITS * (double)tracks_passed(t) * (double)kept->entries / (double)(kept->entries + kept->forgotten);
        instant_t too_early = t->from, late = clock_realtime(&t->config.clock);
        int64_t fit = 0;

        while (late - too_early > 1 && (double)fit < TRACKS_CLOSE * room) {
                instant_t middle = too_early + (late - too_early) / 2;
                int64_t n;
                int r = bus_reader_since(t->reader, middle, &n, err);

                if (r)
                        return r;
                if (n < 0) {
                        *ret = INSTANT_NEVER;
                        return 0;
                }
                if ((double)n > room) {
                        too_early = middle;
                } else {
                        late = middle;
                        fit = n;
                }
        }
        *ret = fit > 0 ? late : too_early;
        return 0;
}

/* What does not fit at first is read from later on; where that is no use, what is read later pushes out the rest. */
static int tracks_judge_room(struct tracks *t, bool *ret_anew, struct error *err) {
        struct digests_stats kept;
        instant_t from;
        int r;

        *ret_anew = false;
        digests_stats(t->digests, &kept);
        if (t->reached_at || t->crammed || kept.forgotten == 0)
                return 0;
        r = tracks_fitting(t, &kept, &from, err);
        if (r)
                return r;
        t->crammed = from == INSTANT_NEVER || from <= t->from;
        *ret_anew = !t->crammed;
        if (*ret_anew)
                tracks_anew(t, from);
        return 0;
}

static int tracks_turn_once(struct tracks *t, int timeout_ms, struct error *err) {
        int r = t->reader ? 0 : tracks_begin(t, err);

        for (size_t i = 0; r == 0 && i < TRACKS_RECORDS_A_TURN; i++) {
                struct bus_event event;
                bool other = false, anew = false;

                r = bus_reader_poll(t->reader, timeout_ms, &event, err);
                if (r || event.kind != BUS_RECORD)
                        break;
                if (!tracks_has(t, &event.record, &other))
                        r = tracks_take(t, &event.record);
                if (other)
                        tracks_anew(t, 0);
                else if (r == 0)
                        r = tracks_judge_room(t, &anew, err);
                if (r || other || anew)
                        return r;
                timeout_ms = 0;
        }
        if (r)
                return r;
        if (t->asks && reader_positions_reached(bus_reader_positions(t->reader)))
                tracks_reach(t);
        if (t->asks || clock_monotonic(&t->config.clock) - t->asked_at < TRACKS_PROGRESS_MS)
                return 0;
        if (t->lacks && clock_monotonic(&t->config.clock) - t->opened_at >= TRACKS_LACKING_MS) {
                tracks_stop(t);
                return 0;
        }
        r = tracks_look(t, err);
        if (r == 0 && tracks_is_other(t))
                tracks_anew(t, 0);
        return r;
}

static void tracks_say(const struct error *err, int r, char ret[TRACKS_WHY_MAX]) {
        struct text why = text_of(err->text[0] ? err->text : strerror(-r));

        why.n = utf8_cut(why.s, why.n, TRACKS_WHY_MAX - 1);
        memcpy(ret, why.s, why.n);
        ret[why.n] = '\0';
}

int tracks_turn(struct tracks *t, int timeout_ms, struct error *err) {
        int r = tracks_turn_once(t, timeout_ms, err);

        if (r) {
                tracks_stop(t);
                tracks_lock(t);
                t->state = TRACKS_AWAY;
                tracks_say(err, r, t->why);
                tracks_unlock(t);
        }
        tracks_show(t);
        return r;
}

/* -- Who reads -- */

static bool tracks_waits(void *ctx, const struct organisation *inbox, int32_t partition, int64_t next) {
        struct tracks *t = ctx;
        bool waits;

        (void) partition; /* an inbox has one */
        tracks_lock(t);
        waits = next < t->inbox_ends[inbox->index];
        tracks_unlock(t);
        return waits;
}

void tracks_ask(struct tracks *t) {
        const struct trail_readers_source source = {.config = t->config.config, .bus = t->config.bus, .kafka = t->config.kafka,
                                                    .now = clock_realtime(&t->config.clock), .waits = tracks_waits, .ctx = t, .enough = &t->enough};
        struct trail_readers *readers = NULL, *old;
        struct error err = {0};
        int r = t->config.kafka ? trail_readers_read(&source, &readers, &err) : 0;

        tracks_lock(t);
        old = t->readers;
        t->readers = readers;
        t->readers_why[0] = '\0';
        if (r)
                tracks_say(&err, r, t->readers_why);
        tracks_unlock(t);
        trail_readers_free(old);
}

/* -- Threads -- */

static int tracks_nothing(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static void tracks_interrupt(void *ctx) {
        struct tracks *t = ctx;

        atomic_store(&t->enough, true);
}

/* A while, less when it is to end. */
static void tracks_wait(const struct tracks *t, int64_t ms) {
        for (int64_t slept = 0; slept < ms && !atomic_load(&t->enough); slept += TRACKS_TURN_MS)
                (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = TRACKS_TURN_MS * 1000000L}, NULL);
}

static int tracks_follow(void *ctx, bool *ret_done, struct error *err) {
        struct tracks *t = ctx;
        int r = tracks_turn(t, TRACKS_TURN_MS, err);

        (void) ret_done;
        if (r == 0 || atomic_load(&t->enough))
                return 0;
        if (!t->failed)
                log_line(t->config.log, TRACKS_FAILED, LOG_STRING("error", t->why));
        t->failed = true;
        tracks_wait(t, TRACKS_PAUSE_MS);
        return 0;
}

static int tracks_ask_now(void *ctx, bool *ret_done, struct error *err) {
        struct tracks *t = ctx;
        int64_t now = clock_monotonic(&t->config.clock);

        (void) ret_done;
        (void) err;
        if (now < t->ask_at) {
                tracks_wait(t, TRACKS_TURN_MS);
                return 0;
        }
        tracks_ask(t);
        t->ask_at = clock_monotonic(&t->config.clock);
        t->ask_at += TRACKS_READERS_MS + TRACKS_READERS_SHARE * (t->ask_at - now);
        return 0;
}

int tracks_start(struct tracks *t, struct error *err) {
        static const struct loop_ops follow = {tracks_nothing, tracks_follow, NULL, tracks_interrupt};
        static const struct loop_ops ask = {tracks_nothing, tracks_ask_now, NULL, tracks_interrupt};
        int r = loop_start(&t->follower, &follow, t, err);

        return r || !t->config.kafka ? r : loop_start(&t->asker, &ask, t, err);
}

/* -- What is known -- */

void tracks_status(struct tracks *t, struct tracks_status *ret) {
        tracks_lock(t);
        *ret = (struct tracks_status){.state = t->state, .since = t->since, .seen = t->seen, .readers_known = t->readers != NULL};
        digests_stats(t->digests, &ret->kept);
        if (t->since && ret->kept.since >= t->since)
                ret->since = ret->kept.since + 1;
        memcpy(ret->why, t->why, sizeof(ret->why));
        memcpy(ret->readers_why, t->readers_why, sizeof(ret->readers_why));
        tracks_unlock(t);
}

static int64_t tracks_done(void *ctx, const struct event_type *type, int32_t partition) {
        const struct tracks *t = ctx;

        for (size_t i = 0; i < t->parts_n; i++) {
                if (t->types[t->parts[i].index] == type && t->parts[i].partition == partition)
                        return t->done[i];
        }
        return BUS_NOT_COMMITTED;
}

static int tracks_join(struct tracks *t, const struct uuid *case_id, struct trail *trail) {
        const struct fates_progress progress = {tracks_done, t};
        int r = trail_add_case(trail, case_id);

        if (r == 0)
                r = digests_give(t->digests, case_id, trail);
        if (r == 0 && t->readers)
                r = trail_readers_give(t->readers, trail);
        return r ? r : trail_join(trail, &progress);
}

int tracks_trail(struct tracks *t, const struct uuid *case_id, struct trail **ret) {
        const struct trail_config config = {t->config.config->types, t->config.config->organisations, {"case_id", *case_id}};
        CLEANUP(trail_free_p) struct trail *trail = NULL;
        int r = trail_new(&config, &trail);

        if (r)
                return r;
        tracks_lock(t);
        r = tracks_join(t, case_id, trail);
        tracks_unlock(t);
        if (r)
                return r;
        *ret = TAKE(trail);
        return 0;
}

size_t tracks_find(struct tracks *t, const struct uuid *event_id, struct uuid ret[DIGESTS_FOUND_MAX]) {
        size_t n;

        tracks_lock(t);
        n = digests_find(t->digests, event_id, ret);
        tracks_unlock(t);
        return n;
}
