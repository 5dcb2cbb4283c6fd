/* SPDX-License-Identifier: EUPL-1.2 */

/* What one organisation was told of a case: what stands in it, and announcements by going back to their instants. */

#include "engine/told.h"

#include <errno.h>
#include <string.h>

#include "engine/roles.h"
#include "engine/tell.h"
#include "model/row_schema.h"

#define TOLD_ARENA_MAX ((size_t)64 << 20)

struct hearing {            /* an announcement, and which of what it stands for the organisation heard */
        instant_t at[REMINDERS_MAX + 1]; /* [0]: when it was announced, [i]: when reminder i fell due; 0: it did not, or is not known */
        const struct role *role;
        const struct norm *norm;
        uint64_t heard;     /* bit 0: the announcement, bit i: reminder i */
};

struct telling_back {
        struct told *told;
        struct engine *engine;
        struct store *store;
        struct casefile *casefile;
        const struct organisation *of;
        struct hearing *hearings; /* one for each announcement of the case */
        instant_t *moments;       /* that are gone back to, the latest first */
        size_t n_moments;
        size_t facts_left;
};

/* -- Announcements and reminders: as they were decided at their instant -- */

static const struct obligation *told_obligation(const struct view *v, const struct announcement *a) {
        for (size_t i = 0; i < v->n_obligations; i++) {
                if (v->obligations[i].pool_norm == a->norm && instance_key_equal(&v->obligations[i].key, &a->instance))
                        return &v->obligations[i];
        }
        return NULL;
}

/* The role in which the organisation is one of those whom these roles mean; NULL: it is not. */
static const struct role *told_role(struct view *v, const struct obligation *o, const struct roles *roles, const struct organisation *of) {
        const struct role_scope scope = obligation_scope(v, o);
        struct addressees to;

        view_addressees(v, roles, &scope, &to);
        for (size_t i = 0; i < to.n; i++) {
                if (to.items[i].organisation->index == of->index)
                        return to.items[i].role;
        }
        return NULL;
}

static bool told_falls(const struct hearing *hearing, instant_t at) {
        for (size_t i = 0; i <= REMINDERS_MAX; i++) {
                if (hearing->at[i] == at)
                        return true;
        }
        return false;
}

/* What of this announcement fell in the instant of the view. */
static void told_judge(struct telling_back *t, struct view *v, const struct announcement *a, struct hearing *hearing) {
        const struct obligation *o = told_falls(hearing, v->now) ? told_obligation(v, a) : NULL;

        if (!o || o->due.state != DUE_KNOWN || o->due.date != a->due)
                return;
        hearing->norm = o->norm;
        for (unsigned i = 0; i <= o->norm->n_reminders; i++) {
                const struct role *role;

                if (i > 0 && hearing->at[0] == v->now && a->reminders & 1u << (i - 1)) {
                        instant_t at = reminder_due(v, o, &o->norm->reminders[i - 1]);

                        hearing->at[i] = at == INSTANT_NEVER ? 0 : at;
                }
                if (hearing->at[i] != v->now)
                        continue;
                role = told_role(v, o, i ? &o->norm->reminders[i - 1].to : &o->norm->announce, t->of);
                if (!role)
                        continue;
                hearing->heard |= UINT64_C(1) << i;
                if (!hearing->role)
                        hearing->role = role;
        }
}

static int told_go_back(struct telling_back *t, instant_t at) {
        const struct tellings *told = &t->casefile->told;
        struct view v;
        int r;

        arena_reset(t->engine->arena);
        r = view_open_past(&v, t->engine, t->store, t->casefile, at);
        if (r)
                return r;
        view_obligations(&v);
        for (uint32_t i = 0; i < told->n_announcements && !v.failed; i++)
                told_judge(t, &v, &told->announcements[i], &t->hearings[i]);
        return v.failed ? -ENOMEM : 0;
}

static int told_later_first(const void *a, const void *b) {
        const instant_t *x = a, *y = b;

        return *x < *y ? 1 : *x > *y ? -1 : 0;
}

/* Goes back to each instant that is new among those of @first up to @last of each hearing. */
static int told_visit(struct telling_back *t, size_t first, size_t last) {
        size_t n = t->casefile->told.n_announcements, from = t->n_moments, all = 0;
        instant_t *moments = arena_calloc(t->told->arena, n * (last - first + 1) + 1, sizeof(*moments));
        int r = 0;

        if (!moments)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                for (size_t j = first; j <= last; j++) {
                        if (t->hearings[i].at[j])
                                moments[all++] = t->hearings[i].at[j];
                }
        }
        if (all)
                qsort(moments, all, sizeof(*moments), told_later_first);
        for (size_t i = 0; i < all && r == 0; i++) {
                if (i && moments[i] == moments[i - 1])
                        continue;
                if (t->n_moments - from == TOLD_MOMENTS_MAX || t->facts_left < t->casefile->n_facts) {
                        t->told->whole = false;
                        break;
                }
                t->n_moments++;
                t->facts_left -= t->casefile->n_facts;
                r = told_go_back(t, moments[i]);
        }
        return r;
}

static int told_announced(struct telling_back *t) {
        const struct tellings *told = &t->casefile->told;
        int r;

        t->hearings = arena_calloc(t->told->arena, (size_t)told->n_announcements + 1, sizeof(*t->hearings));
        if (!t->hearings)
                return -ENOMEM;
        for (uint32_t i = 0; i < told->n_announcements; i++)
                t->hearings[i].at[0] = told->announcements[i].announced_at;
        r = told_visit(t, 0, 0);
        return r ? r : told_visit(t, 1, REMINDERS_MAX);
}

/* -- Norms: what was heard of one obligation, side by side -- */

struct told_norms {
        struct told_norm *items;
        struct {
                uint32_t norm;
                struct instance_key instance;
        } *keys;
        size_t n;
};

static const struct norm *told_configured(const struct config *config, struct text protocol, const char *norm) {
        const struct norm *found = NULL;

        for (size_t i = 0; i < config->protocols.n; i++) {
                const struct protocol *p = config->protocols.items[i];

                for (size_t j = 0; j < p->n_norms && text_equal(text_of(p->name), protocol); j++) {
                        if (strcmp(p->norms[j].name, norm) == 0)
                                found = &p->norms[j];
                }
        }
        return found;
}

/* The place of an obligation, made when it is not there. NULL: memory is out. */
static struct told_norm *told_norm_of(struct telling_back *t, struct told_norms *norms, uint32_t norm, const struct instance_key *instance) {
        struct text word = pool_text(&t->engine->pool, norm);
        const char *bar = memchr(word.s, '|', word.n); /* protocol|norm */
        char text[INSTANCE_TEXT_MAX];
        struct told_norm *item;

        for (size_t i = 0; i < norms->n; i++) {
                if (norms->keys[i].norm == norm && instance_key_equal(&norms->keys[i].instance, instance))
                        return &norms->items[i];
        }
        if (!bar)
                return NULL;
        item = &norms->items[norms->n];
        norms->keys[norms->n].norm = norm;
        norms->keys[norms->n++].instance = *instance;
        instance_key_format(&t->engine->pool, instance, text);
        item->protocol = arena_copy(t->told->arena, word.s, (size_t)(bar - word.s));
        item->norm = arena_copy(t->told->arena, bar + 1, word.n - (size_t)(bar - word.s) - 1);
        item->instance = arena_copy(t->told->arena, text, strlen(text));
        if (!item->protocol || !item->norm || !item->instance)
                return NULL;
        item->of = told_configured(t->engine->config, text_of(item->protocol), item->norm);
        return item;
}

/* Each alert to its obligation, in two goes: how many, then which. */
static int told_hear_alerts(struct telling_back *t, struct told_norms *norms) {
        const struct tellings *told = &t->casefile->told;
        const struct alert **room = arena_calloc(t->told->arena, (size_t)told->n_alerts + 1, sizeof(const struct alert *));
        uint32_t word = pool_find(&t->engine->pool, text_of(t->of->id));

        for (uint32_t i = 0; room && i < told->n_alerts; i++) {
                const struct alert *alert = &told->alerts[i];
                struct told_norm *of = alert->organisation == word ? told_norm_of(t, norms, alert->norm, &alert->instance) : NULL;

                if (alert->organisation == word && !of)
                        return -ENOMEM;
                if (of && !of->role)
                        of->role = pool_word(&t->engine->pool, alert->role);
                if (of)
                        of->n_alerts++;
        }
        for (size_t i = 0; room && i < norms->n; i++) {
                norms->items[i].alerts = room;
                room += norms->items[i].n_alerts;
                norms->items[i].n_alerts = 0;
        }
        for (uint32_t i = 0; room && i < told->n_alerts; i++) {
                const struct alert *alert = &told->alerts[i];
                struct told_norm *of = alert->organisation == word ? told_norm_of(t, norms, alert->norm, &alert->instance) : NULL;

                if (of)
                        of->alerts[of->n_alerts++] = alert;
        }
        return room ? 0 : -ENOMEM;
}

static int told_hear(struct telling_back *t) {
        const struct tellings *told = &t->casefile->told;
        size_t room = (size_t)told->n_announcements + told->n_alerts + 1;
        struct told_norms norms = {.items = arena_calloc(t->told->arena, room, sizeof(*norms.items)),
                                   .keys = arena_calloc(t->told->arena, room, sizeof(*norms.keys))};
        int r;

        if (!norms.items || !norms.keys)
                return -ENOMEM;
        for (uint32_t i = 0; i < told->n_announcements; i++) {
                const struct hearing *hearing = &t->hearings[i];
                struct told_norm *of;

                if (!hearing->heard)
                        continue;
                of = told_norm_of(t, &norms, told->announcements[i].norm, &told->announcements[i].instance);
                if (!of)
                        return -ENOMEM;
                of->of = hearing->norm;
                of->announcement = &told->announcements[i];
                of->announced = hearing->heard & 1;
                of->reminders = (uint32_t)(hearing->heard >> 1);
                of->heard_at = hearing->at;
                of->role = hearing->role->name;
        }
        r = told_hear_alerts(t, &norms);
        t->told->norms = norms.items;
        t->told->n_norms = norms.n;
        return r;
}

/* -- Copies -- */

/* Return: whether there was room. */
static bool told_add_copy(struct view *v, struct told_copy **items, size_t *n, size_t *capacity, const struct told_copy *copy) {
        struct told_copy *room = copy->role ? view_add(v, items, n, capacity, sizeof(*room)) : NULL;

        if (!room)
                return false;
        *room = *copy;
        return true;
}

static int told_copies(struct telling_back *t) {
        struct view *v = &t->told->view;
        uint32_t word = pool_find(&t->engine->pool, text_of(t->of->id));
        struct told_copy *items = NULL;
        size_t n = 0, capacity = 0;

        for (size_t i = 0; i < v->n; i++) {
                struct text rest = v->facts[i].copies, org, role;
                bool here = false;

                while (row_copies_next(&rest, &org, &role)) {
                        if (here || !text_equal(org, text_of(t->of->id)))
                                continue;
                        here = true;
                        if (!told_add_copy(v, &items, &n, &capacity, &(struct told_copy){&v->facts[i], arena_copy(v->arena, role.s, role.n), 0}))
                                return -ENOMEM;
                }
                for (uint32_t j = 0; !here && word != POOL_NONE && j < v->casefile->told.n_copies; j++) {
                        const struct copy *copy = &v->casefile->told.copies[j];

                        if (copy->organisation != word || !uuid_equal(&copy->event_id, &v->facts[i].event_id))
                                continue;
                        here = true;
                        if (!told_add_copy(v, &items, &n, &capacity,
                                           &(struct told_copy){&v->facts[i], pool_word(&t->engine->pool, copy->role), copy->told_at}))
                                return -ENOMEM;
                }
        }
        t->told->copies = items;
        t->told->n_copies = n;
        return 0;
}

int told_open(struct told *ret, struct engine *engine, struct store *store, struct casefile *casefile, const struct organisation *of, instant_t now) {
        struct telling_back t = {.told = ret, .engine = engine, .store = store, .casefile = casefile, .of = of, .facts_left = TOLD_FACTS_MAX};
        int r;

        *ret = (struct told){.whole = true};
        r = arena_new(&ret->arena, TOLD_ARENA_MAX);
        if (r == 0)
                r = told_announced(&t);
        if (r == 0)
                r = told_hear(&t);
        if (r)
                return r;
        arena_reset(engine->arena);
        r = view_open(&ret->view, engine, store, casefile, now);
        return r ? r : told_copies(&t);
}

void told_done(struct told *told) {
        told->arena = arena_free(told->arena);
}
