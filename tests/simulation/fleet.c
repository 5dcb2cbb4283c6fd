/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Workers as processes: started, stepped, killed, frozen, let go again
 *
 * A slot is a name under which a worker runs, as a supervisor would keep it. A frozen worker may get a
 * successor under its own name; when it is let go again it is a zombie, and has to find out. Whoever's step
 * fails is dead, as the process would be; the error must be one that something here has caused.
 */

#include <errno.h>
#include <inttypes.h>

#include "bus/memory/worker.h"
#include "simulation.h"
#include "engine/restore.h"

#define OTHERS_MS 400   /* most that the clock moves between two of their steps */
#define ONCE_STEPS 5000 /* of a run with --once, which takes some hundreds */

instant_t handle_wall(const struct handle *h) {
        return sim_now(h->s) + h->off;
}

instant_t handle_decides(const struct handle *h) {
        return h->once ? h->once_at : handle_wall(h);
}

const char *handle_name(const struct handle *h) {
        return h->name;
}

static instant_t wall(void *ctx) {
        return handle_wall(ctx);
}

static instant_t decides(void *ctx) {
        return handle_decides(ctx);
}

static int64_t monotonic(void *ctx) {
        return ((const struct handle *)ctx)->s->elapsed;
}

/* @once_at: NULL, or the instant of its --once. */
static struct handle *start(struct sim *s, unsigned slot, unsigned version, const instant_t *once_at) {
        static const struct bus_ops ops = {.name = "tap", .worker_open = tap_open};
        static const struct clock_ops wall_ops = {wall, monotonic}, deciding_ops = {decides, monotonic};
        static const char *const slots[SLOTS_FLEET] = {"a", "b", "c"};
        struct worker_config config = {
                .config = &s->rules->versions[version], .instance = slots[slot], .retention = s->retention, .once = once_at != NULL};
        struct error err = {0};
        struct handle *h = NULL;
        int r;

        for (size_t i = 0; i < HANDLES && !h; i++) {
                if (!s->handles[i].used)
                        h = &s->handles[i];
        }
        if (!h)
                return NULL;
        *h = (struct handle){.s = s, .used = true, .slot = slot, .version = version, .number = ++s->births, .bus.ops = &ops};
        (void) snprintf(h->name, sizeof(h->name), "%s%u", slots[slot], h->number);
        h->off = draw_between(s, -SECOND_MS, SECOND_MS);
        h->once = config.once;
        h->once_at = once_at ? *once_at : 0;
        config.bus = &h->bus;
        config.clock = (struct clock){&deciding_ops, h};
        config.real = (struct clock){&wall_ops, h};
        r = worker_new(&config, &h->worker, &err);
        if (r)
                sim_fail(s, "%s does not start: %s", h->name, err.text);
        sim_trace(s, "%s starts, version %u%s", h->name, version, h->once ? ", --once" : "");
        return h;
}

struct handle *fleet_start(struct sim *s, unsigned slot, unsigned version) {
        return start(s, slot, version, NULL);
}

static void bury(struct handle *h) {
        worker_free(h->worker);
        if (h->tap)
                tap_free(h->tap);
        h->worker = NULL;
        h->used = false;
}

/* kill -9: the bus hears nothing. */
void fleet_kill(struct sim *s, struct handle *h) {
        struct tap *tap = h->tap;

        sim_trace(s, "%s is killed", h->name);
        s->counts.deaths++;
        if (worker_take_bus(h->worker))
                memory_crash(tap->inner);
        bury(h);
}

/* The process ends by itself: it closes its handles, but does not leave the group. */
static void end(struct sim *s, struct handle *h) {
        sim_trace(s, "%s ends", h->name);
        s->counts.deaths++;
        bury(h);
}

void fleet_stop(struct sim *s, struct handle *h) {
        struct error err = {0};
        int r;

        sim_trace(s, "%s is stopped", h->name);
        h->stepping = true;
        r = worker_stop(h->worker, &err);
        if (r && !h->tap)
                sim_trace(s, "%s could not say goodbye: %s", h->name, err.text);
        bury(h);
}

void fleet_freeze(struct sim *s, struct handle *h) {
        sim_trace(s, "%s stands still", h->name);
        s->counts.frozen++;
        memory_freeze(h->tap->inner);
        h->frozen = true;
}

void fleet_thaw(struct sim *s, struct handle *h) {
        sim_trace(s, "%s moves again", h->name);
        h->frozen = false;
}

struct handle *fleet_of(struct sim *s, unsigned slot) {
        struct handle *found = NULL;

        for (size_t i = 0; i < HANDLES; i++) {
                struct handle *h = &s->handles[i];

                if (h->used && !h->frozen && h->slot == slot && (!found || h->number > found->number))
                        found = h;
        }
        return found;
}

struct handle *fleet_draw(struct sim *s) {
        struct handle *running[HANDLES];
        size_t n = 0;

        for (size_t i = 0; i < HANDLES; i++) {
                if (s->handles[i].used && !s->handles[i].frozen && !s->handles[i].stepping)
                        running[n++] = &s->handles[i];
        }
        return n ? running[draw(s, n)] : NULL;
}

/* -- A step -- */

/* A worker of an older version refuses a partition that a newer one has had: rightly? */
static void check_refusal(struct sim *s, const struct handle *h, const char *text) {
        for (int32_t p = 0; p < s->partitions; p++) {
                if (h->tap->parts[p].owned && s->truth[p].version > h->version) {
                        s->counts.refusals_of_version++;
                        return;
                }
        }
        sim_fail(s, "%s of version %u refuses its configuration: %s", h->name, h->version, text);
}

static void check_death(struct sim *s, const struct handle *h, int r, const char *text) {
        sim_trace(s, "%s: %d, %s", h->name, r, text);
        if (r == WORKER_E_CONFIG) {
                check_refusal(s, h, text);
        } else if (r == -ESTALE) {
                s->counts.zombies++;
        } else if (r == WORKER_E_SPLIT && h->tap->harmed) { /* others had the time to take its partitions */
                sim_trace(s, "%s has to share", h->name);
        } else if (!h->tap->killed) {
                sim_fail(s, "%s fails and nobody has done anything to it: %d, %s", h->name, r, text);
        }
}

static bool all_live(const struct handle *h, const struct worker_status *status) {
        int64_t owned = 0;

        for (int32_t p = 0; p < h->s->partitions; p++)
                owned += h->tap->parts[p].owned;
        return status->assigned && status->restoring == 0 && status->behind == 0 && status->live == owned && !status->clock_away;
}

/* All that fell due is told, says the worker. @before: up to when it said so already. */
static void check_settled(struct sim *s, struct handle *h, const struct worker_status *status, instant_t before) {
        uint64_t now = s->commits * 1000003 + (uint64_t)(handle_decides(h) / MINUTE_MS);

        if (handle_decides(h) > h->latest)
                h->latest = handle_decides(h);
        /* Under a clock that has gone back things would look as they were: nothing falls due by that. */
        if (status->settled_at != handle_decides(h) || status->settled_at == before || h->checked == now || handle_decides(h) < h->latest)
                return;
        h->checked = now;
        window_settled(h->tap);
}

void fleet_step(struct sim *s, struct handle *h) {
        struct worker_status status;
        struct error err = {0};
        instant_t settled_at;
        int r;

        s->steps++;
        worker_status(h->worker, &status);
        h->live = all_live(h, &status);
        settled_at = status.settled_at;
        h->stepping = true;
        r = worker_step(h->worker, 0, &err);
        h->stepping = false;
        if (r) {
                check_death(s, h, r, err.text);
                if (chance(s, 50))
                        fleet_kill(s, h);
                else
                        end(s, h);
                return;
        }
        window_end(h->tap); /* before the clock moves */
        window_looked(h->tap);
        moves_check_counted(h->tap);
        worker_status(h->worker, &status);
        if (h->tap->belief != BELIEF_NONE && status.clock_away != (h->tap->belief == BELIEF_AWAY))
                sim_fail(s, "%s says that its clock is %s, and it is %+" PRId64 " ms from the broker's", h->name, status.clock_away ? "away" : "right", h->off);
        check_settled(s, h, &status, settled_at);
        sim_forward(s, 1 + (int64_t)draw(s, STEP_MS));
}

/* -- --once -- */

/* No record below @end is left to read; what was aborted is none. */
static void check_read(struct sim *s, const struct handle *h, const char *topic, int32_t p, int64_t end) {
        int64_t read = memory_committed(s->memory, TOPICS_GROUP_RULES, topic, p);
        struct bus_record record;

        for (int64_t offset = read > 0 ? read : 0; offset < end; offset++) {
                if (memory_record(s->memory, topic, p, offset, false, &record))
                        sim_fail(s, "%s is done with --once, and has not read %s[%d]@%" PRId64, h->name, topic, p, offset);
        }
}

/* What there was when it began is read, judged and committed. */
static void check_once(struct sim *s, struct handle *h) {
        for (int32_t p = 0; p < s->partitions; p++) {
                const struct tap_part *part = &h->tap->parts[p];

                if (!part->owned || part->view.serial != s->truth[p].serial || part->view.dirty)
                        sim_fail(s, "%s is done with --once, and partition %d is not its own or not committed", h->name, p);
                for (size_t i = 0; i < h->tap->n_inputs; i++)
                        check_read(s, h, h->tap->inputs[i], p, part->ends[i]);
        }
        window_settled(h->tap);
        fleet_check_state(s, h);
        s->counts.once++;
        sim_trace(s, "%s is done with --once", h->name);
}

bool fleet_once(struct sim *s, unsigned slot, unsigned version, instant_t at, const struct fault *fault) {
        struct handle *h = start(s, slot, version, &at), *other;
        unsigned number;

        if (!h)
                return false;
        number = h->number;
        h->tap->fault = *fault;
        for (unsigned i = 0; h->used && h->number == number && !worker_done(h->worker); i++) {
                if (i == ONCE_STEPS)
                        sim_fail(s, "%s does not come to an end with --once", h->name);
                fleet_step(s, h);
                other = chance(s, 20) ? fleet_draw(s) : NULL; /* who came while it stood still: nobody has its partitions before that one polls */
                if (other && other != h)
                        fleet_step(s, other);
        }
        if (!h->used || h->number != number)
                return true; /* it has failed, as it had to */
        check_once(s, h);
        fleet_stop(s, h);
        return true;
}

void fleet_others(struct sim *s, struct handle *but, unsigned steps) {
        s->nested++;
        for (unsigned i = 0; i < steps; i++) {
                struct handle *h = fleet_draw(s);

                if (!h && chance(s, 10)) /* the supervisor of another slot */
                        h = fleet_start(s, (but->slot + 1 + (unsigned)draw(s, SLOTS_FLEET - 1)) % SLOTS_FLEET, s->version);
                if (h)
                        fleet_step(s, h);
                sim_forward(s, (int64_t)draw(s, OTHERS_MS));
        }
        s->nested--;
}

/* -- Its state -- */

/* Whoever restores a partition knows when something was told there for the last time, also if that case was forgotten. */
static void check_floor(struct sim *s, int32_t p, instant_t restored) {
        instant_t told = s->truth[p].told_at;

        /* Of the bundled protocols an obligation that nobody hears of has a row as well. */
        if (told > 0 && (restored < told || (restored > told && s->profile == PROFILE_DEADLINES)))
                sim_fail(s, "something was told of partition %d at %" PRId64 ", and whoever restores it takes %" PRId64 " for the last time", p, told,
                         restored);
}

void fleet_check_state(struct sim *s, struct handle *h) {
        struct worker_census census;
        int32_t owned = 0;
        uint64_t checksum = 0;
        size_t facts = 0, closed = 0;

        if (h->tap->open || h->tap->window.open)
                return; /* its store is ahead of what is committed */
        worker_census(h->worker, &census);
        for (int32_t p = 0; p < s->partitions; p++)
                owned += h->tap->parts[p].owned && h->tap->parts[p].started;
        if (census.partitions != owned)
                return; /* let go of some, and has not polled since */
        for (int32_t p = 0; p < s->partitions; p++) {
                struct store *store = NULL;
                struct error err;

                if (!h->tap->parts[p].owned || !h->tap->parts[p].started)
                        continue;
                if (h->tap->parts[p].view.serial != s->truth[p].serial)
                        return; /* a zombie that does not know it yet */
                if (store_new(s->rules->engines[h->version], &store))
                        sim_check_memory(s, NULL);
                for (size_t i = 0; i < s->truth[p].cases.n; i++) {
                        const struct ledger_case *c = s->truth[p].cases.items[i];

                        facts += c->facts.n;
                        closed += c->closed;
                        for (size_t k = 0; k < c->rows.n; k++) {
                                if (store_restore(store, c->rows.items[k].key, ROW_KEY_BYTES, c->rows.items[k].value, c->rows.items[k].n, &err))
                                        sim_fail(s, "a row that was committed cannot be restored: %s", err.text);
                        }
                }
                checksum += store_checksum(store);
                check_floor(s, p, store_told_latest(store));
                store_free(store);
        }
        s->counts.checksums++;
        if (census.facts != facts || census.closed != closed)
                sim_fail(s, "%s holds %zu facts and knows %zu cases that were forgotten, and %zu and %zu were committed", h->name, census.facts,
                         census.closed, facts, closed);
        if (census.checksum != checksum)
                sim_fail(s, "%s holds another state than a restore would give it", h->name);
}
