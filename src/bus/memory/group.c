/* SPDX-License-Identifier: EUPL-1.2 */

/* Groups of the broker in memory: members, generations and offsets. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/memory/group.h"

static void member_free(struct memory_member *member) {
        vector_done(&member->parts);
        free(member->topics);
        free(member);
}

void memory_groups_done(struct memory *m) {
        struct memory_group *g;

        for (size_t i = 0; (g = table_next(&m->groups, &i));) {
                for (size_t k = 0; k < g->members.n; k++)
                        member_free(g->members.items[k]);
                vector_done(&g->members);
                vector_done(&g->offsets);
                free(g->name);
                free(g);
        }
        table_done(&m->groups);
}

int memory_group_of(struct memory *m, const char *name, struct memory_group **ret) {
        struct memory_group *g = table_get(&m->groups, name, strlen(name));
        int r;

        *ret = g;
        if (g)
                return 0;
        g = calloc(1, sizeof(*g));
        if (!g)
                return -ENOMEM;
        g->name = strdup(name);
        r = g->name ? table_put(&m->groups, g->name, strlen(g->name), g) : -ENOMEM;
        if (r) {
                free(g->name);
                free(g);
                return r;
        }
        *ret = g;
        return 0;
}

int memory_offset_set(struct memory_group *g, struct memory_partition *p, int64_t next) {
        for (size_t i = 0; i < g->offsets.n; i++) {
                if (g->offsets.items[i].partition == p) {
                        g->offsets.items[i].next = next;
                        return 0;
                }
        }
        return vector_push(&g->offsets, ((struct memory_group_offset){p, next}));
}

int64_t memory_offset_get(const struct memory_group *g, const struct memory_partition *p) {
        for (size_t i = 0; i < g->offsets.n; i++) {
                if (g->offsets.items[i].partition == p)
                        return g->offsets.items[i].next;
        }
        return -1;
}

void memory_group_shake(struct memory_group *g) {
        g->preparing = true;
        for (size_t i = 0; i < g->members.n; i++) {
                struct memory_member *member = g->members.items[i];

                member->rejoined = member->generation == 0; /* who has nothing need not let go first */
                member->told = member->due = false;
        }
}

static bool subscribes(const struct memory_member *member, const struct memory_topic *t) {
        for (size_t i = 0; i < member->topics_n; i++) {
                if (member->topics[i] == t)
                        return true;
        }
        return false;
}

/* Range: the partitions of a topic in order, in equal runs, to its members in the order of their names. */
static int assign_topic(struct memory_group *g, struct memory_topic *t) {
        int32_t members = 0, at = 0, place = 0;
        int r = 0;

        for (size_t i = 0; i < g->members.n; i++)
                members += subscribes(g->members.items[i], t);
        for (size_t i = 0; r == 0 && i < g->members.n; i++) {
                struct memory_member *member = g->members.items[i];
                int32_t run;

                if (!subscribes(member, t))
                        continue;
                run = t->n / members + (place++ < t->n % members);
                for (int32_t end = at + run; r == 0 && at < end; at++)
                        r = vector_push(&member->parts, ((struct memory_assigned){t, at}));
        }
        return r;
}

/* All are back: a new generation. */
static int group_complete(struct memory_group *g) {
        int r = 0;

        g->preparing = false;
        g->generation++;
        for (size_t i = 0; i < g->members.n; i++) {
                g->members.items[i]->parts.n = 0;
                g->members.items[i]->due = true;
        }
        for (size_t i = 0; i < g->members.n; i++) {
                struct memory_member *member = g->members.items[i];

                for (size_t k = 0; r == 0 && k < member->topics_n; k++) {
                        bool done = false;

                        for (size_t before = 0; before < i; before++)
                                done |= subscribes(g->members.items[before], member->topics[k]);
                        if (!done)
                                r = assign_topic(g, member->topics[k]);
                }
        }
        return r;
}

static bool all_back(const struct memory_group *g) {
        for (size_t i = 0; i < g->members.n; i++) {
                if (!g->members.items[i]->rejoined)
                        return false;
        }
        return true;
}

static void remove_member(struct memory *m, struct memory_member *member) {
        struct memory_group *g = member->group;
        size_t at = 0;

        while (g->members.items[at] != member)
                at++;
        memmove(&g->members.items[at], &g->members.items[at + 1], (g->members.n - at - 1) * sizeof(struct memory_member *));
        g->members.n--;
        if (member->dead_since != INSTANT_NEVER)
                m->dead--;
        member_free(member);
        memory_group_shake(g);
}

static int add_member(struct memory_seat *seat) {
        struct memory_member *member = calloc(1, sizeof(*member));
        struct memory_group *g = seat->group;
        size_t at;

        if (!member)
                return -ENOMEM;
        member->group = g;
        member->dead_since = INSTANT_NEVER;
        member->is_static = seat->instance != NULL;
        if (seat->instance)
                snprintf(member->name, sizeof(member->name), "%s", seat->instance);
        else
                snprintf(member->name, sizeof(member->name), "~%010llu", (unsigned long long)seat->m->members + 1);
        member->topics = calloc(seat->topics_n + 1, sizeof(*member->topics));
        if (!member->topics || vector_push(&g->members, member)) {
                free(member->topics);
                free(member);
                return -ENOMEM;
        }
        memcpy(member->topics, seat->topics, seat->topics_n * sizeof(*member->topics));
        member->topics_n = seat->topics_n;
        for (at = g->members.n - 1; at > 0 && strcmp(g->members.items[at - 1]->name, member->name) > 0; at--)
                g->members.items[at] = g->members.items[at - 1];
        g->members.items[at] = member;
        seat->member = member;
        seat->incarnation = member->incarnation = ++seat->m->members;
        memory_group_shake(g);
        return 0;
}

static struct memory_member *find_static(const struct memory_group *g, const char *instance) {
        for (size_t i = 0; instance && i < g->members.n; i++) {
                if (g->members.items[i]->is_static && strcmp(g->members.items[i]->name, instance) == 0)
                        return g->members.items[i];
        }
        return NULL;
}

/* A static name that comes back takes its place with what it had, and nobody else notices. */
static int seat_join(struct memory_seat *seat) {
        struct memory_member *member = find_static(seat->group, seat->instance);

        if (!member)
                return add_member(seat);
        if (member->dead_since != INSTANT_NEVER)
                seat->m->dead--;
        member->dead_since = INSTANT_NEVER;
        seat->member = member;
        seat->incarnation = member->incarnation = ++seat->m->members;
        if (member->group->preparing)
                member->rejoined = true;
        else
                member->due = true;
        return 0;
}

int memory_seat_take(struct memory_seat *seat, struct memory *m, const char *group, const char *instance, struct memory_topic **topics,
                     size_t n) {
        int r;

        seat->m = m;
        seat->topics = calloc(n + 1, sizeof(*seat->topics));
        seat->instance = instance ? strdup(instance) : NULL;
        if (!seat->topics || (instance && !seat->instance))
                return -ENOMEM;
        memcpy(seat->topics, topics, n * sizeof(*topics));
        seat->topics_n = n;
        r = memory_group_of(m, group, &seat->group);
        return r ? r : seat_join(seat);
}

void memory_seat_done(struct memory_seat *seat) {
        free(seat->instance);
        free(seat->topics);
        *seat = (struct memory_seat){0};
}

/* Whether the membership still is this handle's: it may have run out, or gone to another of the same name. */
static bool is_seated(const struct memory_seat *seat) {
        for (size_t i = 0; seat->member && i < seat->group->members.n; i++) {
                if (seat->group->members.items[i] == seat->member)
                        return seat->member->incarnation == seat->incarnation;
        }
        return false;
}

static bool seat_is_fenced(const struct memory_seat *seat) {
        const struct memory_member *other = find_static(seat->group, seat->instance);

        return other && (other != seat->member || other->incarnation != seat->incarnation);
}

static int turn_preparing(struct memory_seat *seat, enum bus_event_kind *ret) {
        struct memory_member *member = seat->member;

        if (!member->rejoined && seat->had && !member->told) {
                member->told = true;
                seat->letting_go = true;
                *ret = BUS_REVOKED;
                return 0;
        }
        member->rejoined = true;
        seat->had = false;
        return all_back(seat->group) ? group_complete(seat->group) : 0;
}

int memory_seat_turn(struct memory_seat *seat, enum bus_event_kind *ret, struct error *err) {
        int r = 0;

        *ret = BUS_NONE;
        seat->letting_go = false;
        if (!is_seated(seat)) {
                if (seat_is_fenced(seat)) {
                        error_set(err, "another process works under the name '%s' and has taken over from this one; give each its own --instance",
                                  seat->instance);
                        return -ESTALE;
                }
                seat->member = NULL;
                if (seat->had) {
                        seat->had = false;
                        seat->letting_go = true;
                        *ret = BUS_LOST;
                        return 0;
                }
                r = seat_join(seat);
        }
        if (r == 0 && seat->group->preparing)
                r = turn_preparing(seat, ret);
        if (r == 0 && *ret == BUS_NONE && !seat->group->preparing && seat->member->due) {
                seat->member->due = false;
                seat->member->generation = seat->group->generation;
                seat->had = true;
                *ret = BUS_ASSIGNED;
        }
        return r;
}

bool memory_seat_valid(const struct memory_seat *seat) {
        return is_seated(seat) && seat->member->generation && seat->member->generation == seat->group->generation && seat->had;
}

bool memory_seat_moving(const struct memory_seat *seat) {
        return !is_seated(seat) || seat->group->preparing || seat->member->due;
}

void memory_seat_lose(struct memory_seat *seat) {
        if (is_seated(seat))
                remove_member(seat->m, seat->member);
        seat->member = NULL;
}

void memory_seat_dead(struct memory_seat *seat, bool dead) {
        struct memory_member *member = seat->member;

        if (!is_seated(seat) || (member->dead_since != INSTANT_NEVER) == dead)
                return;
        member->dead_since = dead ? clock_realtime(&seat->m->clock) : INSTANT_NEVER;
        if (dead)
                seat->m->dead++;
        else
                seat->m->dead--;
}

void memory_seat_leave(struct memory_seat *seat, bool leave) {
        if (is_seated(seat)) {
                if (leave || !seat->instance)
                        remove_member(seat->m, seat->member);
                else
                        memory_seat_dead(seat, true);
        }
        memory_seat_done(seat);
}

void memory_groups_tick(struct memory *m, instant_t now) {
        struct memory_group *g;

        for (size_t i = 0; (g = table_next(&m->groups, &i));) {
                for (size_t k = g->members.n; k-- > 0;) {
                        struct memory_member *member = g->members.items[k];

                        if (member->dead_since != INSTANT_NEVER && now - member->dead_since >= BUS_SESSION_MS)
                                remove_member(m, member);
                }
        }
}

void memory_tick(struct memory *m) {
        instant_t now;

        if (m->dead == 0)
                return;
        now = clock_realtime(&m->clock);
        memory_txns_tick(m, now);
        memory_groups_tick(m, now);
}
