/* SPDX-License-Identifier: EUPL-1.2 */

/* The runtime: opens a connector with what its direction needs, lets it turn, and stops it. */

#include "connect/runtime.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "connect/core.h"
#include "connect/hold.h"
#include "connect/inward.h"
#include "connect/outward.h"
#include "connect/passage.h"

struct runtime {
        struct core core;
        struct hold hold;
        struct inward in;
        struct outward out;
        struct passage through;
        uint64_t obeyed; /* changes of hold */
        /* runtime_status() */
        atomic_llong turned;
        atomic_size_t waiting, looking, braked, stuck, schemaless, halted;
        _Atomic(const struct organisation *) of_braked, of_stuck;
        atomic_llong stuck_offset;
        atomic_int stuck_tries, stuck_status;
        atomic_llong paused_since;
        atomic_bool assigned, paused, unanswered;
};

static bool runtime_is(const struct runtime *r, enum connector_direction direction) {
        return r->core.ops->direction == direction;
}

static void runtime_on_report(void *ctx, const struct bus_report *report) {
        struct runtime *r = ctx;

        if (runtime_is(r, CONNECTOR_IN))
                inward_report(&r->in, &r->core, report);
        else
                outward_report(&r->out, &r->core, report);
}

/* What any thread may ask for, as it stands between two turns. */
static void runtime_show(struct runtime *r) {
        const bool in = runtime_is(r, CONNECTOR_IN), out = runtime_is(r, CONNECTOR_OUT);
        size_t waiting = in ? r->in.waiting : out ? r->out.seen.waiting : r->through.records;

        atomic_store(&r->waiting, waiting);
        atomic_store(&r->assigned, in || r->out.assigned || r->through.assigned);
        atomic_store(&r->unanswered, r->in.unanswered);
        atomic_store(&r->looking, r->out.seen.looking);
        atomic_store(&r->of_braked, r->out.seen.of_braked);
        atomic_store(&r->braked, r->out.seen.braked);
        atomic_store(&r->paused_since, r->core.paused_since);
        atomic_store(&r->paused, r->core.paused);
        metric_set(r->core.metrics.paused, 0, r->core.paused);
        atomic_store(&r->halted, r->out.seen.halted);
        atomic_store(&r->schemaless, out ? r->out.seen.schemaless : r->through.held.n);
        atomic_store(&r->stuck_offset, r->out.seen.stuck_offset);
        atomic_store(&r->stuck_tries, r->out.seen.stuck_tries);
        atomic_store(&r->stuck_status, r->out.seen.stuck_status);
        atomic_store(&r->of_stuck, r->out.seen.of_stuck);
        atomic_store(&r->stuck, r->out.seen.stuck);
        metric_set(r->core.metrics.waiting, 0, (int64_t)waiting);
        atomic_store(&r->turned, core_now(&r->core));
}

static void runtime_obey(struct runtime *r) {
        r->core.paused = hold_is_on(&r->hold);
        r->core.paused_since = r->core.paused ? r->hold.whole.latest.at : 0;
        if (!runtime_is(r, CONNECTOR_OUT) || r->obeyed == r->hold.changes || r->out.lanes.n == 0)
                return;
        r->obeyed = r->hold.changes;
        for (size_t i = 0; i < r->hold.inboxes_n; i++)
                outward_halt(&r->out, i, hold_is_on_inbox(&r->hold, i));
}

static int runtime_open_all(struct runtime *r, const struct runtime_config *config, struct error *err) {
        int e = core_open(&r->core, config, runtime_on_report, r, err);

        if (e == 0)
                e = hold_open(&r->hold, config, err);
        if (e < 0)
                return e;
        if (runtime_is(r, CONNECTOR_OUT))
                e = outward_open(&r->out, &r->core, err);
        runtime_obey(r);
        if (e == 0 && r->core.ops->check)
                e = r->core.ops->check(r->core.ctx, &r->core.env, err);
        if (e == 0)
                e = r->core.ops->open(r->core.ctx, &r->core.env, err);
        return e == 0 && runtime_is(r, CONNECTOR_THROUGH) ? passage_open(&r->through, &r->core, err) : e;
}

size_t runtime_parallel(const struct connect_file *file) {
        return file->targets_n > 0 ? lanes_capacity(file->targets_n, (size_t)file->out.parallel) : 0;
}

int runtime_open(const struct runtime_config *config, struct runtime **ret, struct error *err) {
        CLEANUP(runtime_free_p) struct runtime *r = calloc(1, sizeof(*r));
        int e;

        if (!r)
                return -ENOMEM;
        r->core.env = (struct connector_env){
                .runtime = r,
                .bus = config->bus,
                .name = config->file->name,
                .types = config->types,
                .organisations = config->organisations,
                .calendar = config->calendar,
                .clock = config->clock,
                .log = config->log,
                .metrics = config->metrics,
                .parallel = runtime_parallel(config->file),
                .targets = config->file->targets,
                .targets_n = config->file->targets_n,
        };
        e = runtime_open_all(r, config, err);
        if (e < 0)
                return e;
        runtime_show(r);
        *ret = TAKE(r);
        return 0;
}

static int runtime_turn_direction(struct runtime *r, int timeout_ms, struct error *err) {
        switch (r->core.ops->direction) {
        case CONNECTOR_IN:
                return inward_turn(&r->in, &r->core, timeout_ms, err);
        case CONNECTOR_OUT:
                return outward_turn(&r->out, &r->core, timeout_ms, err);
        case CONNECTOR_THROUGH:
                break;
        }
        return passage_turn(&r->through, &r->core, timeout_ms, err);
}

int runtime_turn(struct runtime *r, int timeout_ms, struct error *err) {
        int e = hold_turn(&r->hold, &r->core.config, err);

        runtime_obey(r);
        core_renew(&r->core);
        if (e == 0)
                e = runtime_turn_direction(r, timeout_ms, err);
        runtime_show(r);
        return e < 0 ? e : core_failed(&r->core, err);
}

static int runtime_stop_direction(struct runtime *r, struct error *err) {
        switch (r->core.ops->direction) {
        case CONNECTOR_IN:
                return inward_stop(&r->in, &r->core, err);
        case CONNECTOR_OUT:
                return outward_stop(&r->out, &r->core, err);
        case CONNECTOR_THROUGH:
                break;
        }
        return passage_stop(&r->through, &r->core, err);
}

int runtime_stop(struct runtime *r, struct error *err) {
        int e = runtime_stop_direction(r, err);

        return e < 0 ? e : core_failed(&r->core, err);
}

struct runtime *runtime_free(struct runtime *r) {
        if (!r)
                return NULL;
        core_close(&r->core); /* first: what is open is reported while the connector still stands */
        if (runtime_is(r, CONNECTOR_OUT))
                outward_close(&r->out, &r->core);
        passage_close(&r->through);
        r->core.ops->close(r->core.ctx);
        hold_close(&r->hold);
        core_done(&r->core);
        free(r);
        return NULL;
}

int runtime_submit(struct runtime *r, const struct submission *submission, void *cookie, struct error *err) {
        assert(runtime_is(r, CONNECTOR_IN));
        return inward_submit(&r->in, &r->core, submission, cookie, err);
}

int runtime_reject(struct runtime *r, const struct rejection *rejection, void *cookie, struct error *err) {
        assert(runtime_is(r, CONNECTOR_IN));
        return inward_reject(&r->in, &r->core, rejection, cookie, err);
}

int runtime_keep(struct runtime *r, struct text key, struct text value, void *cookie, struct error *err) {
        assert(!runtime_is(r, CONNECTOR_THROUGH));
        return runtime_is(r, CONNECTOR_IN) ? inward_keep(&r->in, &r->core, key, value, cookie, err)
                                           : notes_keep(&r->out.notes, &r->core, key, value, cookie, err);
}

int runtime_note(struct runtime *r, const struct delivery_record *delivery, void *cookie, struct error *err) {
        assert(runtime_is(r, CONNECTOR_OUT));
        return notes_deliver(&r->out.notes, &r->core, r->out.codec, delivery, cookie, err);
}

bool runtime_has_inbox(const struct runtime *r) {
        return runtime_is(r, CONNECTOR_OUT) && r->out.assigned && !r->out.stopping;
}

bool runtime_is_paused(const struct runtime *r, instant_t *ret_since) {
        *ret_since = r->core.paused_since;
        return r->core.paused;
}

void runtime_tried(struct runtime *r, void *cookie, const struct attempt *attempt) {
        assert(runtime_is(r, CONNECTOR_OUT));
        outward_tried(&r->out, &r->core, cookie, attempt);
}

void runtime_status(const struct runtime *r, struct runtime_status *ret) {
        *ret = (struct runtime_status){
                .turned = atomic_load(&r->turned),
                .assigned = atomic_load(&r->assigned),
                .looking = atomic_load(&r->looking),
                .braked = atomic_load(&r->braked),
                .paused = atomic_load(&r->paused),
                .paused_since = atomic_load(&r->paused_since),
                .unanswered = atomic_load(&r->unanswered),
                .schemaless = atomic_load(&r->schemaless),
                .halted = atomic_load(&r->halted),
                .of_braked = atomic_load(&r->of_braked),
                .of_stuck = atomic_load(&r->of_stuck),
                .stuck = atomic_load(&r->stuck),
                .stuck_offset = atomic_load(&r->stuck_offset),
                .stuck_tries = atomic_load(&r->stuck_tries),
                .stuck_status = atomic_load(&r->stuck_status),
                .waiting = atomic_load(&r->waiting),
        };
}
