/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * One seed: the adversary draws what happens next, until it has had enough; then all comes to rest and is judged
 */

#include <inttypes.h>

#include "bus/memory/worker.h"
#include "simulation.h"

#define TURNS_LEAST 100
#define TURNS_MOST 600
#define BURST_STEPS 30        /* of workers, in one turn */
#define REST_ROUNDS 40        /* rounds in which nothing happens any more */
#define ROUNDS_MAX 20000      /* until then */
#define WAKE_ROUNDS 4000      /* without rest, after which there is news again */
#define MOVING_PERCENT 30     /* of the seeds: inputs are made anew, and cut before they were read */
#define ONCE_TRIES 3          /* of a run with --once; in the last one nothing goes wrong */
#define AFTERWARDS_MS (30 * DAY_MS) /* longer than any acknowledgement holds */

/* -- What may happen -- */

static void publish(struct sim *s) {
        load_publish(s, 1 + (unsigned)draw(s, chance(s, 80) ? 6 : 30));
}

static void step_some(struct sim *s) {
        unsigned n = 1 + (unsigned)draw(s, BURST_STEPS);

        for (unsigned i = 0; i < n; i++) {
                struct handle *h = fleet_draw(s);

                if (h)
                        fleet_step(s, h);
                else
                        sim_forward(s, SECOND_MS);
        }
}

static void step_long(struct sim *s) {
        for (unsigned i = 0; i < 4; i++)
                step_some(s);
}

static void leap(struct sim *s) {
        static const int64_t most[] = {MINUTE_MS, HOUR_MS, 12 * HOUR_MS, 3 * DAY_MS, 12 * DAY_MS, 40 * DAY_MS};
        size_t n = s->retention.count ? ELEMENTS(most) : ELEMENTS(most) - 1; /* the longest so that retentions are over */
        int64_t ms = draw_between(s, 1, most[draw(s, n)]);

        s->counts.leaps++;
        sim_forward(s, ms);
        sim_trace(s, "the clock moves on by %" PRId64 " s", ms / SECOND_MS);
}

static unsigned version_of(struct sim *s) { /* of who is started: mostly the latest */
        return s->version > 1 && chance(s, 15) ? s->version - 1 : s->version;
}

static void start(struct sim *s) {
        unsigned slot = (unsigned)draw(s, SLOTS_FLEET);

        if (!fleet_of(s, slot))
                (void) fleet_start(s, slot, version_of(s)); /* with no room for it, another time */
}

/* A second one under a name that is taken: two fence each other. */
static void start_twin(struct sim *s) {
        struct handle *h = fleet_draw(s);

        if (h && chance(s, 30))
                (void) fleet_start(s, h->slot, version_of(s));
}

static void kill_one(struct sim *s) {
        struct handle *h = fleet_draw(s);

        if (h)
                fleet_kill(s, h);
}

static void stop_one(struct sim *s) {
        struct handle *h = fleet_draw(s);

        if (h)
                fleet_stop(s, h);
}

static void freeze_one(struct sim *s) {
        struct handle *h = fleet_draw(s);

        if (!h)
                return;
        fleet_freeze(s, h);
        if (chance(s, 50)) /* its supervisor thinks that it is gone */
                (void) fleet_start(s, h->slot, version_of(s));
        if (chance(s, 70))
                sim_forward(s, draw_between(s, SECOND_MS, 2 * BUS_SESSION_MS));
}

static void thaw_one(struct sim *s) {
        for (size_t i = 0; i < HANDLES; i++) {
                if (s->handles[i].used && s->handles[i].frozen && chance(s, 50)) {
                        fleet_thaw(s, &s->handles[i]);
                        return;
                }
        }
}

/* Which calls may be spoiled, and how. A late call is one in which nothing is evaluated meanwhile. */
static const struct {
        enum call call;
        enum harm harm;
        unsigned most; /* calls before it */
} faults[] = {
        {CALL_POLL, HARM_DIES_BEFORE, 40},      {CALL_POLL, HARM_DIES_AFTER, 40},      {CALL_POLL, HARM_LATE, 40},
        {CALL_POLL, HARM_STANDS_STILL, 40},     {CALL_RESTORE, HARM_DIES_BEFORE, 1},   {CALL_RESTORE, HARM_DIES_AFTER, 1},
        {CALL_RESTORE, HARM_LATE, 1},           {CALL_RESTORE, HARM_STANDS_STILL, 1},  {CALL_ENDS, HARM_DIES_BEFORE, 4},
        {CALL_ENDS, HARM_DIES_AFTER, 4},        {CALL_START, HARM_DIES_BEFORE, 1},     {CALL_START, HARM_DIES_AFTER, 1},
        {CALL_START, HARM_LATE, 1},             {CALL_START, HARM_STANDS_STILL, 1},    {CALL_PRODUCE, HARM_DIES_BEFORE, 30},
        {CALL_PRODUCE, HARM_DIES_AFTER, 30},    {CALL_PRODUCE, HARM_ABORTED, 30},      {CALL_PRODUCE, HARM_ABORTED, 3},
        {CALL_COMMIT, HARM_DIES_BEFORE, 4},     {CALL_COMMIT, HARM_DIES_AFTER, 4},     {CALL_COMMIT, HARM_DIES_AFTER, 1},
        {CALL_COMMIT, HARM_ABORTED, 4},         {CALL_COMMIT, HARM_ABORTED, 1},        {CALL_COMMIT, HARM_LATE, 4},
        {CALL_COMMIT, HARM_STANDS_STILL, 4},    {CALL_ABORT, HARM_DIES_BEFORE, 1},     {CALL_ABORT, HARM_DIES_AFTER, 1},
        {CALL_ABORT, HARM_LATE, 1},
};

static void arm_fault(struct sim *s) {
        struct handle *h = fleet_draw(s);
        size_t i = draw(s, ELEMENTS(faults));

        if (h && h->tap->fault.call == CALL_NONE)
                h->tap->fault = (struct fault){faults[i].call, faults[i].harm, (unsigned)draw(s, faults[i].most)};
}

/* The group changes its mind, or throws one out. */
static void rebalance(struct sim *s) {
        struct handle *h = fleet_draw(s);

        if (h && memory_fault(h->tap->inner, chance(s, 60) ? MEMORY_REBALANCE : MEMORY_LOSE))
                sim_check_memory(s, NULL);
}

/* … and it hears of it only after it has acted on what it was answered last. */
static void throw_out(struct sim *s) {
        struct handle *h = fleet_draw(s);

        if (h && h->tap->fault.call == CALL_NONE)
                h->tap->fault = (struct fault){CALL_POLL, HARM_THROWN_OUT, (unsigned)draw(s, 40)};
}

static void compact(struct sim *s) {
        s->counts.compactions++;
        memory_compact(s->memory, TOPIC_CASE_STATE, chance(s, 50));
        sim_trace(s, "case-state is compacted");
}

/* A wall clock that jumps, or comes back. */
static void jump(struct sim *s) {
        static const int64_t most[] = {MINUTE_MS, 50 * MINUTE_MS, 90 * MINUTE_MS, DAY_MS, 20 * DAY_MS};
        struct handle *h = fleet_draw(s);
        int64_t by = most[draw(s, ELEMENTS(most))];

        if (!h)
                return;
        h->off = chance(s, 50) ? draw_between(s, -SECOND_MS, SECOND_MS) : draw_between(s, -by, by);
        s->counts.jumps++;
        sim_trace(s, "the clock of %s is %+" PRId64 " s off", handle_name(h), h->off / SECOND_MS);
}

static void shuffle(struct sim *s) {
        memory_shuffle(s->memory, chance(s, 70) ? chance_next(&s->dice) | 1 : 0);
}

static void check_state(struct sim *s) {
        struct handle *h = fleet_draw(s);

        if (h)
                fleet_check_state(s, h);
}

/* News ends of a case, so that it is forgotten some day; and comes all the same. */
static void end_case(struct sim *s) {
        if (s->retention.count)
                load_end_case(s);
}

static void repeat_late(struct sim *s) {
        if (s->retention.count)
                load_repeat(s);
}

static void kill_all(struct sim *s) { /* but who stands still: that one comes back */
        for (size_t i = 0; i < HANDLES; i++) {
                if (s->handles[i].used && !s->handles[i].frozen)
                        fleet_kill(s, &s->handles[i]);
        }
}

/* The whole fleet dies, and somebody makes good what was missed: by hand, until it is done. */
static void run_once(struct sim *s) {
        static const int64_t most[] = {0, 0, 12 * HOUR_MS, 3 * DAY_MS}; /* its instant from the present, as --now says */
        int64_t off = most[draw(s, ELEMENTS(most))];
        unsigned done = s->counts.once;

        for (unsigned tries = 1; s->once && s->counts.once == done; tries++) {
                struct fault fault = {0};
                size_t i = draw(s, ELEMENTS(faults));
                bool last = tries == ONCE_TRIES;

                if (tries > ONCE_TRIES)
                        sim_fail(s, "nothing goes wrong, and a run with --once is not done");
                kill_all(s);
                sim_forward(s, 2 * BUS_SESSION_MS + draw_between(s, 0, HOUR_MS));
                if (!last && chance(s, 50))
                        fault = (struct fault){faults[i].call, faults[i].harm, (unsigned)draw(s, faults[i].most)};
                if (!fleet_once(s, (unsigned)draw(s, SLOTS_FLEET), last ? s->version : version_of(s), sim_now(s) + draw_between(s, -off / 3, off), &fault))
                        return; /* so many stand still */
        }
}

/* Workers that are started from now on have other rules. */
static void upgrade(struct sim *s) {
        if (s->version == VERSIONS || !chance(s, 10))
                return;
        s->version++;
        s->counts.upgrades++;
        sim_trace(s, "version %u is rolled out", s->version);
}

static const struct {
        void (*happens)(struct sim *s);
        unsigned weight;
} turns[] = {
        {step_some, 40}, {step_long, 25}, {publish, 30},   {leap, 16},    {start, 14},  {arm_fault, 22}, {kill_one, 3},    {stop_one, 3},
        {freeze_one, 4}, {thaw_one, 5},   {start_twin, 2}, {rebalance, 4}, {compact, 4}, {jump, 5},       {check_state, 10}, {shuffle, 4},
        {upgrade, 3},    {end_case, 7},   {repeat_late, 3}, {run_once, 2}, {moves_renew, 4}, {moves_cut, 10},
        {throw_out, 5},
};
#define TURNS_MOVING 3 /* of them, the last ones: in seeds whose inputs move */

static void turn(struct sim *s) {
        size_t n = ELEMENTS(turns) - (s->moving ? 0 : TURNS_MOVING);
        unsigned sum = 0;
        uint64_t at;

        for (size_t i = 0; i < n; i++)
                sum += turns[i].weight;
        at = draw(s, sum);
        for (size_t i = 0; i < n; i++) {
                if (at < turns[i].weight) {
                        turns[i].happens(s);
                        return;
                }
                at -= turns[i].weight;
        }
}

/* -- The end -- */

static void mend(struct sim *s) {
        s->quiet = true;
        sim_trace(s, "from now on nothing goes wrong");
        for (size_t i = 0; i < HANDLES; i++) {
                struct handle *h = &s->handles[i];

                if (!h->used)
                        continue;
                h->frozen = false;
                h->off = 0;
                h->tap->fault = (struct fault){0};
                if (h->version != s->version)
                        fleet_kill(s, h);
        }
        if (!fleet_draw(s) && !fleet_start(s, 0, s->version))
                sim_fail(s, "no room for a worker");
}

/* Whether every partition is live with somebody, and nobody has anything to tell. */
static bool at_rest(struct sim *s) {
        int64_t live = 0;

        for (size_t i = 0; i < HANDLES; i++) {
                struct worker_status status;

                if (!s->handles[i].used)
                        continue;
                worker_status(s->handles[i].worker, &status);
                if (status.restoring || status.behind || !status.assigned || (status.live && status.clock_away) || (status.live && s->handles[i].tap->open))
                        return false;
                live += status.live;
        }
        return live == s->partitions;
}

_Noreturn static void fail_restless(struct sim *s) {
        for (size_t i = 0; i < HANDLES; i++) {
                struct worker_status status;

                if (!s->handles[i].used)
                        continue;
                worker_status(s->handles[i].worker, &status);
                fprintf(stderr, "%s, version %u: %" PRId64 " partitions restoring, %" PRId64 " behind, %" PRId64 " live; %" PRId64 " records to read; %s, %s\n",
                        handle_name(&s->handles[i]), s->handles[i].version, status.restoring, status.behind, status.live, status.lag_records,
                        status.clock_away ? "its clock is away" : "its clock is right", s->handles[i].tap->open ? "a transaction is open" : "nothing is open");
        }
        sim_fail(s, "the workers do not come to rest");
}

static void rest(struct sim *s) {
        unsigned quiet = 0;
        uint64_t commits = s->commits;

        for (unsigned i = 0; i < ROUNDS_MAX && quiet < REST_ROUNDS; i++) {
                bool some = false;

                for (size_t k = 0; k < HANDLES; k++) {
                        if (s->handles[k].used)
                                fleet_step(s, &s->handles[k]);
                        some |= s->handles[k].used;
                }
                if (!some)
                        (void) fleet_start(s, 0, s->version); /* all were zombies */
                if (i % WAKE_ROUNDS == WAKE_ROUNDS - 1) /* who got a partition when its news was read does not know that its clock is right again */
                        load_wake(s);
                sim_forward(s, STEP_MS);
                quiet = at_rest(s) && s->commits == commits ? quiet + 1 : 0;
                commits = s->commits;
        }
        if (quiet < REST_ROUNDS)
                fail_restless(s);
}

/* Lets time pass until whatever an acknowledgement holds back is due, judges, and ends the workers in good order. */
static void conclude(struct sim *s) {
        mend(s);
        load_wake(s);
        rest(s);
        sim_forward(s, AFTERWARDS_MS);
        while (naive_date_of(sim_now(s) - MINUTE_MS) != naive_date_of(sim_now(s) + MINUTE_MS))
                sim_forward(s, MINUTE_MS); /* so near to midnight the day depends on whom one asks */
        load_wake(s);
        rest(s);
        for (size_t i = 0; i < HANDLES; i++) {
                if (s->handles[i].used)
                        fleet_check_state(s, &s->handles[i]);
        }
        verdict(s);
        for (size_t i = 0; i < HANDLES; i++) {
                if (s->handles[i].used)
                        fleet_stop(s, &s->handles[i]);
        }
}

static void add_counts(struct counts *sum, const struct counts *more) {
        unsigned *to = (unsigned *)sum;
        const unsigned *from = (const unsigned *)more;

        for (size_t i = 0; i < sizeof(*sum) / sizeof(unsigned); i++)
                to[i] += from[i];
}

static const char *const retention_units[] = {[TERM_DAYS] = "days", [TERM_WEEKS] = "weeks", [TERM_MONTHS] = "months"};

/* So short that cases are forgotten in the middle of it all; in half of the seeds none is. */
static struct term_step draw_retention(struct sim *s) {
        static const struct term_step longest[] = {{TERM_DAYS, 3}, {TERM_DAYS, 20}, {TERM_WEEKS, 2}, {TERM_MONTHS, 1}};
        struct term_step retention = longest[draw(s, ELEMENTS(longest))];

        retention.count = 1 + (int)draw(s, (uint64_t)retention.count);
        if (chance(s, 50))
                retention.count = 0;
        return retention;
}

/* By a dice of its own: the other seeds are what they were before. */
static bool draw_moving(uint64_t seed) {
        uint64_t dice = ~seed;

        return chance_next(&dice) % 100 < MOVING_PERCENT;
}

uint64_t run_seed(uint64_t seed, struct rules rules[PROFILES], bool verbose, struct counts *sum) {
        struct sim s = {.seed = seed, .dice = seed, .verbose = verbose};
        unsigned n;

        s.profile = chance(&s, 60) ? PROFILE_DEADLINES : PROFILE_BUNDLED;
        s.rules = &rules[s.profile];
        s.partitions = 1 + (int32_t)draw(&s, PARTITIONS_MAX);
        s.version = 1 + (unsigned)draw(&s, 2);
        s.config = &s.rules->versions[1];
        s.retention = draw_retention(&s);
        s.once = chance(&s, 35);
        s.moving = draw_moving(seed);
        world_open(&s);
        memory_shuffle(s.memory, chance(&s, 70) ? chance_next(&s.dice) | 1 : 0);
        sim_trace(&s, "seed %" PRIu64 ": %s, %d partitions%s; cases that are over are kept for %d %s", seed,
                  s.profile == PROFILE_DEADLINES ? "four deadlines" : "bundled protocols", s.partitions, s.moving ? ", inputs that move" : "",
                  s.retention.count, s.retention.count ? retention_units[s.retention.unit] : "(for ever)");
        n = TURNS_LEAST + (unsigned)draw(&s, TURNS_MOST - TURNS_LEAST);
        for (unsigned i = 0; i < n; i++)
                turn(&s);
        conclude(&s);
        sim_trace(&s, "done: %" PRId64 " steps, %" PRIu64 " commits, %zu records published, %zu told; trace %016" PRIx64, s.steps, s.commits, s.published.n,
                  s.told.n, s.trace);
        s.counts.facts = (unsigned)s.published.n;
        add_counts(sum, &s.counts);
        world_close(&s);
        return s.trace;
}
