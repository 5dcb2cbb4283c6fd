/* SPDX-License-Identifier: EUPL-1.2 */

/* All that is known of a case: where the child lived, obligations with their dates, what was told of each and what comes next. */

#include "engine/life.h"

#include <errno.h>
#include <string.h>

static bool life_wants(const struct life *life, const struct obligation *o) {
        return !life->norm || strcmp(o->norm->name, life->norm) == 0;
}

static void life_reside(struct life *life) {
        struct view *v = &life->view;
        struct life_residence *items = v->n_statements ? view_alloc(v, v->n_statements, sizeof(*items)) : NULL;

        life->municipality = v->region ? NULL : view_municipality(v, v->today, true);
        life->gi = v->region ? NULL : view_follow(v, view_gi(v, NULL), v->today, true);
        for (size_t i = 0; items && i < v->n_statements; i++) {
                const struct organisation *then = v->statements[i].municipality;

                items[i] = (struct life_residence){&v->statements[i], then, view_follow(v, then, v->today, true)};
        }
        life->residences = items;
        life->n_residences = items ? v->n_statements : 0;
}

/* -- What was told of each, found by what it is of -- */

/* The place of the obligation in life->obligations; SIZE_MAX: there is none. */
static size_t life_place(const struct life *life, const struct chains *chains, uint32_t norm, const struct instance_key *instance) {
        uint32_t hash = chains_are_many(chains) ? instance_hash(norm, instance) : 0;

        for (uint32_t i = chains_first(chains, hash); i != CHAINS_END; i = chains_next(chains, i)) {
                const struct obligation *o = life->obligations[i].o;

                if (o->pool_norm == norm && instance_key_equal(instance, &o->key))
                        return i;
        }
        return SIZE_MAX;
}

static void life_announce(struct life *life, const struct chains *chains) {
        const struct tellings *told = &life->view.casefile->told;

        for (uint32_t i = 0; i < told->n_announcements; i++) {
                size_t at = life_place(life, chains, told->announcements[i].norm, &told->announcements[i].instance);

                if (at != SIZE_MAX)
                        life->obligations[at].announcement = &told->announcements[i];
        }
}

/* Each alert to its obligation, in two goes: how many, then which. */
static void life_alert(struct life *life, const struct chains *chains) {
        struct view *v = &life->view;
        const struct tellings *told = &v->casefile->told;
        const struct alert **room = told->n_alerts ? view_alloc(v, told->n_alerts, sizeof(const struct alert *)) : NULL;
        size_t *places = told->n_alerts ? view_alloc(v, told->n_alerts, sizeof(*places)) : NULL;

        if (!room || !places)
                return;
        for (uint32_t i = 0; i < told->n_alerts; i++) {
                places[i] = life_place(life, chains, told->alerts[i].norm, &told->alerts[i].instance);
                if (places[i] != SIZE_MAX)
                        life->obligations[places[i]].n_alerts++;
        }
        for (size_t i = 0; i < life->n_obligations; i++) {
                life->obligations[i].alerts = room;
                room += life->obligations[i].n_alerts;
                life->obligations[i].n_alerts = 0;
        }
        life->others = room;
        for (uint32_t i = 0; i < told->n_alerts; i++) {
                struct life_obligation *of = places[i] == SIZE_MAX ? NULL : &life->obligations[places[i]];

                if (of)
                        of->alerts[of->n_alerts++] = &told->alerts[i];
                else if (!life->norm)
                        life->others[life->n_others++] = &told->alerts[i];
        }
}

/* -- Reminders and rungs -- */

/* What would come while an explanation counts comes when it is over, if it ends. */
static instant_t life_postponed(const struct obligation *o, instant_t at) {
        instant_t over;

        if (o->status != STATUS_EXPLAINED)
                return at;
        over = o->excused_until == INT32_MAX ? INSTANT_NEVER : date_over(o->excused_until);
        return at < over ? over : at;
}

static bool life_rung_told(const struct life_obligation *of, size_t rung) {
        for (size_t i = 0; i < of->n_alerts; i++) {
                if (of->alerts[i]->rung == rung)
                        return true;
        }
        return false;
}

static void life_steps(struct life *life, struct life_obligation *of) {
        struct view *v = &life->view;
        const struct norm *norm = of->o->norm;
        struct life_step *reminders, *rungs;

        if (of->o->due.state != DUE_KNOWN)
                return;
        reminders = view_alloc(v, norm->n_reminders + 1, sizeof(*reminders));
        rungs = view_alloc(v, norm->n_rungs + 1, sizeof(*rungs));
        if (!reminders || !rungs)
                return;
        for (size_t i = 0; i < norm->n_reminders; i++)
                reminders[i] = (struct life_step){.at = reminder_due(v, of->o, &norm->reminders[i]), .roles = &norm->reminders[i].to,
                                                  .told = of->announcement && of->announcement->reminders & 1u << i};
        for (size_t i = 0; i < norm->n_rungs; i++) {
                instant_t fell, at = rung_due(v, of->o, &norm->rungs[i], &fell);

                /* Of what never may be it is due from the beginning of time on; what people are told is when that was. */
                rungs[i] = (struct life_step){.at = at == INT64_MIN ? fell : at, .roles = &norm->rungs[i].to, .told = life_rung_told(of, i + 1)};
        }
        of->reminders = reminders;
        of->rungs = rungs;
}

static void life_expect(const struct life *life, struct life_obligation *of) {
        const struct obligation *o = of->o;
        instant_t now = life->view.now;

        of->next.at = INSTANT_NEVER;
        if (!of->rungs || (o->status != STATUS_RUNNING && o->status != STATUS_OVERDUE && o->status != STATUS_EXPLAINED))
                return;
        for (size_t i = 0; o->status == STATUS_RUNNING && i < o->norm->n_reminders; i++) {
                if (of->reminders[i].at > now && of->reminders[i].at < of->next.at)
                        of->next = (struct life_next){.at = of->reminders[i].at, .roles = of->reminders[i].roles};
        }
        for (size_t i = 0; i < o->norm->n_rungs; i++) {
                instant_t at = life_postponed(o, of->rungs[i].at);

                if (at > now && at < of->next.at)
                        of->next = (struct life_next){.at = at, .rung = (unsigned)i + 1, .roles = of->rungs[i].roles};
        }
}

/* -- All of it -- */

/* For which date it was looked at which version of the agreement holds. */
static day_t life_holding(const struct obligation *o) {
        if (o->norm->holds_on_due)
                return o->due.state == DUE_KNOWN ? o->due.date : DAY_NONE;
        return o->start && o->link <= 1 ? o->start->own : o->from;
}

static void life_oblige(struct life *life) {
        struct view *v = &life->view;
        const struct tellings *told = &v->casefile->told;
        struct chains chains;

        life->obligations = view_alloc(v, v->n_obligations + 1, sizeof(*life->obligations));
        if (!life->obligations || chains_open(&chains, v->arena, v->n_obligations, (size_t)told->n_announcements + told->n_alerts)) {
                v->failed = true;
                return;
        }
        for (size_t i = 0; i < v->n_obligations; i++) {
                const struct obligation *o = &v->obligations[i];
                struct life_obligation *of = &life->obligations[life->n_obligations];

                if (!life_wants(life, o))
                        continue;
                *of = (struct life_obligation){.o = o, .holding = life_holding(o)};
                of->municipality = v->region || of->holding == DAY_NONE ? NULL : view_municipality(v, of->holding, false);
                chains_add(&chains, chains_are_many(&chains) ? instance_hash(o->pool_norm, &o->key) : 0);
                life->n_obligations++;
        }
        life_announce(life, &chains);
        life_alert(life, &chains);
        for (size_t i = 0; i < life->n_obligations && !v->failed; i++) {
                life_steps(life, &life->obligations[i]);
                life_expect(life, &life->obligations[i]);
        }
}

int life_open(struct life *ret, struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const char *norm) {
        struct view *v = &ret->view;
        int r;

        arena_reset(engine->arena);
        *ret = (struct life){.norm = norm, .absences = {.norm = norm}};
        r = view_open(v, engine, store, casefile, now);
        if (r)
                return r;
        v->absences = norm ? &ret->absences : NULL;
        view_obligations(v);
        if (norm)
                absences_settle(v);
        v->absences = NULL;
        life_reside(ret);
        if (!v->failed)
                life_oblige(ret);
        return v->failed ? -ENOMEM : 0;
}
