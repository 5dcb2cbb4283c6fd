/* SPDX-License-Identifier: EUPL-1.2 */

/* The engine with a clock of its own: what falls due between two lines happens at its own instant. */

#include "engine/replay.h"

#include <assert.h>
#include <errno.h>

struct replay {
        struct engine *engine;
        struct store *store;
        instant_t now, settle;
        replay_told told;
        void *ctx;
};

int replay_new(const struct config *config, instant_t settle, replay_told told, void *ctx, struct replay **ret) {
        CLEANUP(replay_free_p) struct replay *replay = calloc(1, sizeof(*replay));
        int r;

        if (!replay)
                return -ENOMEM;
        replay->now = INSTANT_NEVER;
        replay->settle = settle;
        replay->told = told;
        replay->ctx = ctx;
        r = engine_new(config, &replay->engine);
        if (r)
                return r;
        r = store_new(replay->engine, &replay->store);
        if (r == 0 && settle != INSTANT_NEVER)
                r = store_enliven(replay->store, NULL, NULL, INSTANT_TOUCHED);
        if (r)
                return r;
        *ret = TAKE(replay);
        return 0;
}

struct replay *replay_free(struct replay *replay) {
        if (!replay)
                return NULL;
        store_free(replay->store);
        engine_free(replay->engine);
        free(replay);
        return NULL;
}

static int replay_evaluate(struct replay *replay, struct casefile *casefile, instant_t at) {
        const struct outcome *outcome;
        int r = engine_evaluate(replay->engine, replay->store, casefile, at, &outcome);

        if (r)
                return r;
        store_commit(replay->store);
        return replay->told(replay->ctx, outcome);
}

/* Everything that falls due until @until, each at its own instant. */
static int replay_advance(struct replay *replay, instant_t until) {
        struct casefile *casefile;
        instant_t at;
        int r = replay->now == INSTANT_NEVER ? store_enliven(replay->store, NULL, NULL, until) : 0; /* the clock starts */

        if (r)
                return r;
        while ((at = store_next(replay->store, &casefile)) <= until && casefile) {
                r = replay_evaluate(replay, casefile, at);
                if (r)
                        return r;
        }
        if (replay->now == INSTANT_NEVER || until > replay->now)
                replay->now = until;
        return 0;
}

int replay_clock(struct replay *replay, instant_t at) {
        if (replay->settle != INSTANT_NEVER)
                return 0;
        return replay->now != INSTANT_NEVER && at <= replay->now ? 0 : replay_advance(replay, at);
}

/* Whether the event would be accepted, without anything happening: rejected lines and duplicates do not move the clock. */
static int replay_probe(struct replay *replay, const struct event *event, bool *ret_duplicate, struct error *err) {
        const struct outcome *outcome;
        instant_t now = replay->now == INSTANT_NEVER ? event->slots[SLOT_RECORDED_AT].i : replay->now;
        int r = engine_event(replay->engine, replay->store, event, now, false, &outcome, err);

        store_rollback(replay->store);
        if (r)
                return r;
        *ret_duplicate = outcome->duplicate;
        return 0;
}

int replay_event(struct replay *replay, const struct event *event, struct error *err) {
        const struct outcome *outcome;
        instant_t recorded_at = event->slots[SLOT_RECORDED_AT].i;
        bool settling = replay->settle != INSTANT_NEVER, duplicate = false;
        int r = 0;

        if (!settling && (replay->now == INSTANT_NEVER || recorded_at > replay->now)) {
                r = replay_probe(replay, event, &duplicate, err);
                if (r)
                        return r;
                r = duplicate ? 0 : replay_advance(replay, recorded_at);
                if (r)
                        return r;
        }
        r = engine_event(replay->engine, replay->store, event, settling ? replay->settle : replay->now, !settling, &outcome, err);
        if (r)
                return r;
        store_commit(replay->store);
        return settling || (outcome->duplicate && !outcome->remark) ? 0 : replay->told(replay->ctx, outcome);
}

int replay_end(struct replay *replay) {
        struct casefile *casefile;
        int r;

        if (replay->settle == INSTANT_NEVER)
                return 0;
        replay->now = replay->settle;
        while ((casefile = store_touched(replay->store))) {
                r = replay_evaluate(replay, casefile, replay->settle);
                if (r)
                        return r;
        }
        return 0;
}

struct engine *replay_engine(struct replay *replay) {
        return replay->engine;
}

struct store *replay_store(struct replay *replay) {
        return replay->store;
}

instant_t replay_now(const struct replay *replay) {
        return replay->now;
}
