/* SPDX-License-Identifier: EUPL-1.2 */

/* The thread that follows case-state, and the locks between it and those who look. */

#include "replica/replica.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/loop.h"
#include "base/allocator.h"
#include "base/vector.h"
#include "bus/positions.h"
#include "cluster/topics.h"
#include "engine/tell.h"
#include "engine/told.h"
#include "engine/world.h"
#include "model/row_key.h"
#include "replica/cases.h"
#include "replica/gauges.h"

#define REPLICA_POLL_MS 100    /* how soon a stop is noticed */
#define REPLICA_GAUGES_MS 1000 /* between two looks at all counts */
#define REPLICA_GIVE_MS 10000  /* between two times that memory which was used for reading is given back */

/* By what a partition of case-state was written last. */
struct replica_version {
        int64_t version; /* -1: not known */
        struct status_imprint imprint;
};

struct replica {
        struct replica_config config;
        struct loop loop;
        atomic_bool enough; /* calls that the broker does not answer end at once: as soon as it was reached, and at a stop */
        /* Who wants the lock waits at the gate, so that the thread that reads cannot take it again and again before them. */
        pthread_mutex_t gate, lock;
        struct engine *engine; /* these two: under the lock */
        struct cases *cases;
        /* The thread's own: */
        struct bus_reader *reader; /* NULL: not reached, or it failed */
        struct gauges *gauges;
        int64_t again, look_at, began, gauges_at, give_at; /* monotonic */
        int64_t answered, heard;       /* monotonic: when it said last where case-state ends; and when anything came of it */
        instant_t told;                /* as in its status; INT64_MIN: nothing */
        bool restored;                 /* all that stood there at the beginning was taken in */
        char differs[REPLICA_WHY_MAX]; /* the workers decide by another configuration, as a partition says; "" */
        int32_t differs_in;
        /* Told: */
        _Atomic uint64_t rows, turn;
        pthread_mutex_t telling;       /* over: */
        struct replica_status status;
        VECTOR(struct replica_version) versions; /* by partition of case-state */
};

static int64_t replica_monotonic(const struct replica *r) {
        return clock_monotonic(&r->config.clock);
}

/* -- The locks -- */

static void replica_must(int r) {
        assert(r == 0);
        (void) r;
}

void replica_lock(struct replica *r) {
        replica_must(pthread_mutex_lock(&r->gate));
        replica_must(pthread_mutex_lock(&r->lock));
        replica_must(pthread_mutex_unlock(&r->gate));
}

void replica_unlock(struct replica *r) {
        replica_must(pthread_mutex_unlock(&r->lock));
}

/* -- How it stands -- */

void replica_status(const struct replica *r, struct replica_status *ret) {
        struct replica *own = (struct replica *)(uintptr_t)r;

        replica_must(pthread_mutex_lock(&own->telling));
        *ret = own->status;
        replica_must(pthread_mutex_unlock(&own->telling));
        ret->rows = atomic_load(&own->rows);
        ret->turn = atomic_load(&own->turn);
}

/* Says how it stands now. @why: NULL: as it was. */
static void replica_tell(struct replica *r, enum replica_state state, unsigned percent, const char *why) {
        struct replica_status *s = &r->status;
        bool changed;

        replica_must(pthread_mutex_lock(&r->telling));
        changed = s->state != state || s->percent != percent || (why && strcmp(s->why, why) != 0);
        if (s->state != state)
                s->since = clock_realtime(&r->config.clock);
        s->state = state;
        s->percent = percent;
        if (why)
                (void) snprintf(s->why, sizeof(s->why), "%s", why);
        replica_must(pthread_mutex_unlock(&r->telling));
        if (changed)
                atomic_fetch_add(&r->turn, 1);
}

/* What is wrong while it reads: what it cannot read, else that others decide by another configuration. */
static void replica_tell_strays(struct replica *r) {
        struct error why = {0};
        size_t strays;
        bool whole;

        replica_lock(r);
        strays = cases_strays(r->cases, NULL);
        if (strays && strays != r->status.strays)
                (void) cases_strays(r->cases, &why);
        whole = cases_are_whole(r->cases);
        replica_unlock(r);
        replica_must(pthread_mutex_lock(&r->telling));
        r->status.strays = strays;
        r->status.whole = whole;
        replica_must(pthread_mutex_unlock(&r->telling));
        replica_tell(r, r->status.state, r->status.percent, !strays ? r->differs : why.text[0] ? why.text : NULL);
}

static void replica_tell_away(struct replica *r, const char *why) {
        if (r->status.state != REPLICA_AWAY || strcmp(r->status.why, why) != 0)
                log_line(r->config.log, REPLICA_AWAY, LOG_STRING("reason", why));
        replica_tell(r, REPLICA_AWAY, r->restored ? 100 : r->status.percent, why);
}

/* -- The configuration that the workers decide by -- */

/* NULL: out of memory, and it is not known. Under the lock of telling. */
static struct replica_version *replica_version_of(struct replica *r, int32_t partition) {
        while (partition >= 0 && r->versions.n <= (size_t)partition) {
                if (vector_push(&r->versions, (struct replica_version){.version = -1}))
                        return NULL;
        }
        return partition < 0 ? NULL : &r->versions.items[partition];
}

static void replica_note_version(struct replica *r, const struct row_key *key, const struct bus_record *row) {
        const struct text text = {row->value, row->value_n};
        struct replica_version *of;
        unsigned version;

        replica_must(pthread_mutex_lock(&r->telling));
        of = replica_version_of(r, row->partition);
        if (of && row_key_is_imprint(key)) {
                of->imprint.is_known = imprint_head(text, &version, &of->imprint.fingerprint);
                of->imprint.version = of->imprint.is_known ? version : 0;
        } else if (of && !text_to_int64(text, &of->version)) {
                of->version = -1;
        }
        replica_must(pthread_mutex_unlock(&r->telling));
}

int replica_versions(struct replica *r, struct arena *arena, struct status_known *ret) {
        struct status_imprint *imprints;
        int64_t *versions;
        size_t n;

        replica_must(pthread_mutex_lock(&r->telling));
        n = r->versions.n;
        versions = arena_calloc(arena, n + 1, sizeof(*versions));
        imprints = arena_calloc(arena, n + 1, sizeof(*imprints));
        for (size_t p = 0; versions && imprints && p < n; p++) {
                versions[p] = r->versions.items[p].version;
                imprints[p] = r->versions.items[p].imprint;
        }
        replica_must(pthread_mutex_unlock(&r->telling));
        ret->versions = versions;
        ret->imprints = imprints;
        ret->versions_n = n;
        return versions && imprints ? 0 : -ENOMEM;
}

static void replica_take_version(struct replica *r, const struct bus_record *row) {
        unsigned own = r->config.config->version;
        int64_t version;

        if (!text_to_int64((struct text){row->value, row->value_n}, &version) || version <= own)
                return;
        r->differs_in = row->partition;
        (void) snprintf(r->differs, sizeof(r->differs),
                        "the workers decide by configuration version %" PRId64 " and the console has version %u, so what it explains may differ from what they "
                        "told; bring its configuration up to date and start it again", version, own);
}

static void replica_take_imprint(struct replica *r, const struct bus_record *row) {
        CLEANUP(buffer_done) struct buffer files = BUFFER_INIT(ERROR_TEXT_MAX);
        const struct config *config = r->config.config;
        const struct text text = {row->value, row->value_n};
        uint64_t fingerprint;
        unsigned version;

        if (!imprint_head(text, &version, &fingerprint) || version != config->version)
                return;
        if (fingerprint == config->imprint.fingerprint) {
                if (r->differs_in == row->partition)
                        r->differs[0] = '\0';
                return;
        }
        r->differs_in = row->partition;
        imprint_differ(&config->imprint, text, &files);
        (void) snprintf(r->differs, sizeof(r->differs),
                        "the workers decide by another configuration that is version %u too, so what the console explains may differ from what they told; what "
                        "differs: %s", version, buffer_text(&files));
}

static void replica_take_mark(struct replica *r, const struct row_key *key, const struct bus_record *row) {
        if (!row->value || key->kind != ROW_VERSION || row_key_is_partitions(key))
                return;
        replica_note_version(r, key, row);
        if (row_key_is_imprint(key))
                replica_take_imprint(r, row);
        else
                replica_take_version(r, row);
}

/* -- Reading -- */

/* A row has brought the workers' clock further. Workers that are behind tell nothing, so what they tell was said at their present. */
static void replica_note_clock(struct replica *r, instant_t told, const struct bus_record *row) {
        r->told = told;
        replica_must(pthread_mutex_lock(&r->telling));
        r->status.told = told;
        r->status.written = row->stamp == BUS_STAMP_APPENDED ? row->timestamp : 0;
        replica_must(pthread_mutex_unlock(&r->telling));
}

static int replica_take(struct replica *r, const struct bus_record *row, struct error *err) {
        struct row_key key;
        instant_t told;
        int result;

        atomic_fetch_add(&r->rows, 1);
        if (row_key_read(row->key, row->key_n, &key) == 0 && row_key_is_mark(&key)) {
                replica_take_mark(r, &key, row);
                return 0;
        }
        replica_lock(r);
        result = cases_take(r->cases, row, err);
        told = store_told_latest(cases_store(r->cases));
        replica_unlock(r);
        if (told > r->told)
                replica_note_clock(r, told, row);
        atomic_fetch_add(&r->turn, 1);
        return result;
}

/* Nothing is known any more. Return: 0 or -ENOMEM. */
static int replica_empty(struct replica *r) {
        struct cases *cases, *old;
        int result = cases_new(r->engine, &cases);

        if (result)
                return result;
        replica_lock(r);
        old = r->cases;
        r->cases = cases;
        replica_unlock(r);
        cases_free(old);
        r->restored = false;
        r->differs[0] = '\0';
        r->told = INT64_MIN;
        replica_must(pthread_mutex_lock(&r->telling));
        r->status.told = r->status.written = 0;
        replica_must(pthread_mutex_unlock(&r->telling));
        atomic_store(&r->rows, 0);
        atomic_fetch_add(&r->turn, 1);
        return 0;
}

static void replica_leave(struct replica *r) {
        bus_reader_close(r->reader);
        r->reader = NULL;
}

/* Reaches for the broker; what was known is lent until it answers. Return: 0; negative errno with a sentence. */
static int replica_reach(struct replica *r, struct error *err) {
        static const char *const topics[] = {TOPIC_CASE_STATE};
        const struct bus_reader_config config = {
                .topics = topics, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .from = BUS_FROM_BEGINNING, .sparing = true,
                .enough = &r->enough};
        int result;

        atomic_store(&r->enough, false);
        if (loop_is_asked(&r->loop)) /* it was asked before this, and would have been forgotten */
                atomic_store(&r->enough, true);
        result = bus_reader_open(r->config.bus, &config, &r->reader, err);
        if (result)
                return result;
        atomic_store(&r->enough, true); /* from now on no question waits longer than rows may be late */
        r->began = r->answered = r->heard = replica_monotonic(r);
        r->look_at = r->began + REPLICA_LOOK_MS;
        result = replica_empty(r);
        if (result)
                error_set(err, "out of memory");
        else
                replica_tell(r, REPLICA_RESTORING, 0, "");
        return result;
}

/* Of all partitions together: how much of what stood there is read. */
static unsigned replica_percent(const struct replica *r) {
        const struct reader_positions *at = bus_reader_positions(r->reader);
        int64_t read = 0, all = 0;

        for (int32_t p = 0; p < at->partitions[0]; p++) {
                const struct reader_position *one = &at->at[0][p];

                if (one->end <= one->first)
                        continue;
                all += one->end - one->first;
                read += (one->next < one->end ? one->next : one->end) - one->first;
        }
        return all > 0 && read < all ? (unsigned)(read * 100 / all) : 100;
}

/* Everything that stood there is taken in. Return: 0 or -ENOMEM. */
static int replica_come_alive(struct replica *r, struct error *err) {
        int result;

        replica_lock(r);
        result = cases_enliven(r->cases);
        replica_unlock(r);
        if (result) {
                error_set(err, "out of memory");
                return result;
        }
        r->restored = true;
        log_line(r->config.log, REPLICA_LIVE, LOG_INT("rows", (int64_t)atomic_load(&r->rows)), LOG_INT("ms", replica_monotonic(r) - r->began));
        return 0;
}

/* Where it stands after what was read. */
static int replica_judge(struct replica *r, struct error *err) {
        bool reached = reader_positions_reached(bus_reader_positions(r->reader));
        int result = reached && !r->restored ? replica_come_alive(r, err) : 0;

        if (result)
                return result;
        if (replica_monotonic(r) - r->heard >= REPLICA_SILENT_MS) {
                replica_tell_away(r, "the broker does not answer; what is shown is what stood there when it did");
                return 0;
        }
        if (r->status.state == REPLICA_AWAY)
                log_line(r->config.log, REPLICA_ANSWERED);
        replica_tell(r, r->restored ? REPLICA_LIVE : REPLICA_RESTORING, r->restored ? 100 : replica_percent(r),
                     r->status.state == REPLICA_AWAY ? "" : NULL);
        if (!reached || !r->restored)
                return 0;
        replica_must(pthread_mutex_lock(&r->telling));
        r->status.seen = clock_realtime(&r->config.clock) - (replica_monotonic(r) - r->answered);
        replica_must(pthread_mutex_unlock(&r->telling));
        return 0;
}

/* Asks where the topic ends now; that the broker does not answer at once is no failure: its silence is judged by how long it lasts. */
static void replica_look(struct replica *r) {
        struct error unanswered;

        r->look_at = replica_monotonic(r) + REPLICA_LOOK_MS;
        if (bus_reader_look(r->reader, &unanswered) == 0)
                r->answered = r->heard = replica_monotonic(r);
}

static int replica_read(struct replica *r, struct error *err) {
        int timeout_ms = REPLICA_POLL_MS;
        uint64_t before = atomic_load(&r->rows);
        int result = 0;

        for (size_t i = 0; i < REPLICA_ROWS_A_TURN; i++) {
                struct bus_event event;

                result = bus_reader_poll(r->reader, timeout_ms, &event, err);
                if (result == 0 && event.kind == BUS_RECORD)
                        result = replica_take(r, &event.record, err);
                if (result || event.kind != BUS_RECORD)
                        break;
                timeout_ms = 0;
        }
        if (result)
                return result;
        if (replica_monotonic(r) >= r->look_at)
                replica_look(r);
        if (atomic_load(&r->rows) != before) {
                r->heard = replica_monotonic(r);
                replica_tell_strays(r);
        }
        return replica_judge(r, err);
}

static void replica_rest(void) {
        const struct timespec pause = {.tv_nsec = REPLICA_POLL_MS * 1000000L};

        (void) nanosleep(&pause, NULL);
}

/* What this thread, and those beside it in the process, have read of the topics was in memory once and is free now. */
static void replica_give(struct replica *r) {
        int64_t now = replica_monotonic(r);

        if (!r->restored || now < r->give_at)
                return;
        r->give_at = now + REPLICA_GIVE_MS;
        allocator_give_back();
}

static void replica_show(struct replica *r) {
        int64_t now = replica_monotonic(r);
        size_t index;

        if (!r->gauges || now < r->gauges_at)
                return;
        r->gauges_at = now + REPLICA_GAUGES_MS;
        replica_lock(r);
        gauges_show(r->gauges, r->cases, clock_realtime(&r->config.clock));
        index = cases_index_bytes(r->cases);
        replica_unlock(r);
        gauges_show_state(r->gauges, r->status.state == REPLICA_LIVE, atomic_load(&r->rows), r->status.strays, index);
}

/* Whatever the broker does, the thread goes on: what it knows is lent, and it says what is wrong. */
static int replica_turn(void *ctx, bool *ret_done, struct error *err) {
        struct replica *r = ctx;
        int result;

        (void) ret_done;
        replica_show(r);
        replica_give(r);
        if (!r->reader && replica_monotonic(r) < r->again) {
                replica_rest();
                return 0;
        }
        result = r->reader ? replica_read(r, err) : replica_reach(r, err);
        if (result == 0)
                return 0;
        replica_leave(r);
        if (loop_is_asked(&r->loop))
                return 0;
        r->again = replica_monotonic(r) + (result == -ESTALE ? 0 : REPLICA_AGAIN_MS);
        replica_tell_away(r, err->text);
        *err = (struct error){0};
        return 0;
}

static int replica_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static int replica_finish(void *ctx, struct error *err) {
        (void) err;
        replica_leave(ctx); /* a handle belongs to the thread that opened it */
        return 0;
}

static void replica_interrupt(void *ctx) {
        struct replica *r = ctx;

        atomic_store(&r->enough, true);
}

static const struct loop_ops replica_loop = {.open = replica_open, .turn = replica_turn, .finish = replica_finish, .interrupt = replica_interrupt};

/* -- Made and ended -- */

int replica_new(const struct replica_config *config, struct replica **ret, struct error *err) {
        CLEANUP(replica_free_p) struct replica *r = calloc(1, sizeof(*r));
        int result;

        if (!r)
                return -ENOMEM;
        r->config = *config;
        replica_must(pthread_mutex_init(&r->gate, NULL));
        replica_must(pthread_mutex_init(&r->lock, NULL));
        replica_must(pthread_mutex_init(&r->telling, NULL));
        r->status = (struct replica_status){.state = REPLICA_AWAY, .since = clock_realtime(&config->clock), .whole = true};
        (void) snprintf(r->status.why, sizeof(r->status.why), "the broker was not reached yet");
        result = engine_new(config->config, &r->engine);
        if (result == 0)
                result = cases_new(r->engine, &r->cases);
        if (result == 0 && config->metrics)
                result = gauges_new(config->metrics, config->config, &r->gauges, err);
        if (result == 0)
                result = loop_start(&r->loop, &replica_loop, r, err);
        if (result)
                return result;
        *ret = TAKE(r);
        return 0;
}

struct replica *replica_free(struct replica *r) {
        if (!r)
                return NULL;
        loop_ask(&r->loop);
        loop_join(&r->loop);
        gauges_free(r->gauges);
        cases_free(r->cases);
        engine_free(r->engine);
        vector_done(&r->versions);
        (void) pthread_mutex_destroy(&r->gate);
        (void) pthread_mutex_destroy(&r->lock);
        (void) pthread_mutex_destroy(&r->telling);
        free(r);
        return NULL;
}

/* -- Between lock and unlock -- */

instant_t replica_now(const struct replica *r) {
        instant_t now = clock_realtime(&r->config.clock), told = store_told_latest(cases_store(r->cases));

        return told > now ? told : now;
}

struct engine *replica_engine(struct replica *r) {
        return r->engine;
}

struct store *replica_store(struct replica *r) {
        return cases_store(r->cases);
}

bool replica_was_told(struct replica *r, struct casefile *casefile, const struct organisation *of) {
        CLEANUP(told_done) struct told told;

        return told_open(&told, r->engine, cases_store(r->cases), casefile, of, replica_now(r)) == 0 && told_some(&told);
}

size_t replica_find(struct replica *r, const struct uuid *id, struct replica_hit ret[REPLICA_HITS_MAX]) {
        return cases_find(r->cases, id, ret);
}

size_t replica_find_reference(struct replica *r, struct text reference, struct replica_hit ret[REPLICA_HITS_MAX]) {
        return cases_find_reference(r->cases, reference, ret);
}

void replica_alerts(struct replica *r, const struct replica_alerts_filter *filter, const struct replica_alert *after, size_t limit,
                    void (*see)(void *ctx, const struct replica_alert *alert), void *ctx, struct replica_alerts_page *ret) {
        cases_alerts(r->cases, filter, after, limit, see, ctx, ret);
}

void replica_open_alerts(struct replica *r, const struct organisation *of, struct replica_open *ret) {
        cases_open_alerts(r->cases, of, ret);
}

void replica_open_each(struct replica *r, void (*see)(void *ctx, const struct organisation *of, struct text protocol, struct text norm,
                                                      const struct replica_open *open), void *ctx) {
        cases_open_each(r->cases, see, ctx);
}

instant_t replica_acknowledged_until(struct replica *r, const struct replica_alert *alert) {
        struct casefile *casefile = store_find(cases_store(r->cases), &alert->case_id);
        const struct alert *own = NULL;
        instant_t until;
        struct view v;

        for (uint32_t i = 0; casefile && i < casefile->told.n_alerts; i++) {
                if (uuid_equal(&casefile->told.alerts[i].id, &alert->alert_id))
                        own = &casefile->told.alerts[i];
        }
        arena_reset(r->engine->arena);
        if (!own || view_open(&v, r->engine, cases_store(r->cases), casefile, replica_now(r)))
                return 0;
        view_obligations(&v);
        until = v.failed ? 0 : view_acknowledged_until(&v, own);
        return v.failed ? 0 : until;
}

void replica_memory(struct replica *r, struct replica_memory *ret) {
        cases_memory(r->cases, ret);
}
