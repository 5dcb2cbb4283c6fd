/* SPDX-License-Identifier: EUPL-1.2 */

/* Sorts norms by where they may hold, and their conditions by what they ask. */

#include "engine/starts.h"

#include <assert.h>
#include <errno.h>

#include "engine/condition.h"

/* -- Where cases lie -- */

/* Where a municipality lies, whatever the date: that of its rows, and of those that take its place. */
static size_t place_of(const struct starts *starts, const struct organisation *org) {
        size_t place = starts_place(starts, START_NOWHERE);

        for (unsigned step = 0; org && step <= SUCCESSORS_MAX; step++) {
                const struct organisation *successor = NULL;

                for (const struct organisation *row = org; row; row = row->next) {
                        place = starts_join(starts, place, row->region ? row->region->index : starts_place(starts, START_NOWHERE));
                        successor = row->successor;
                }
                org = successor;
        }
        return place;
}

static bool protocol_is_of_place(const struct scope *scope, const struct protocol *protocol, size_t place) {
        const struct organisations *orgs = scope->config->organisations;

        if (protocol->n_regions == 0 || place > regions_count(orgs) + START_NOWHERE)
                return true;
        for (size_t i = 0; place < regions_count(orgs) && i < protocol->n_regions; i++) {
                if (region_within(regions_at(orgs, place), protocol->regions[i]))
                        return true;
        }
        return false;
}

/* -- What is asked of a fact that may start a norm -- */

/* The number of a condition among those of its type, the same for all that ask alike. */
static int asked_number(struct start_asked *asked, const struct condition *condition, size_t *ret) {
        for (*ret = 0; *ret < asked->conditions.n; (*ret)++) {
                if (condition_equal(asked->conditions.items[*ret], condition))
                        return 0;
        }
        return vector_push(&asked->conditions, condition);
}

/* Those of its conditions whose answers stand in one word: of many others some stand elsewhere, and are asked later. */
static int start_ask(struct starts *starts, const struct norm *norm, struct start *start) {
        for (size_t i = 0; i < norm->when.n; i++) {
                size_t number;
                int r;

                if (norm->when.items[i].subject != CONDITION_SELF)
                        continue;
                r = asked_number(&starts->asked[start->type], &norm->when.items[i], &number);
                if (r)
                        return r;
                if (start->needs == 0)
                        start->word = (uint16_t)(number / 64);
                if (start->word == number / 64)
                        start->needs |= UINT64_C(1) << number % 64;
        }
        return 0;
}

void start_answers(const struct starts *starts, const struct event_type *type, const struct slot *slots, uint64_t *ret) {
        const struct start_asked *asked = &starts->asked[type->index];

        for (size_t i = 0; i < start_words(starts, type); i++)
                ret[i] = 0;
        for (size_t i = 0; i < asked->conditions.n; i++) {
                const struct condition *condition = asked->conditions.items[i];

                ret[i / 64] |= (uint64_t)condition_holds(condition, &slots[condition->slot]) << i % 64;
        }
}

/* -- Lists -- */

/* Puts a norm into the lists of the places where it may hold. @lists: of one type, by place. */
static int starts_put(struct starts *starts, const struct scope *scope, struct start_list *lists, const struct norm_scope *norm) {
        const struct start plain = {.scope = norm, .type = (uint16_t)norm->norm->starts.type->index};
        struct start start = plain;
        int r = start_ask(starts, norm->norm, &start);

        /* A repetition holds by its own date, and so does what holds on the day on which it is due. */
        start.holds_first = !norm->norm->repeats && !norm->norm->holds_on_due && !norm->norm->per_case && norm->norm->per < 0;
        for (size_t place = 0; r == 0 && place < starts->n_places; place++) {
                if (protocol_is_of_place(scope, norm->norm->protocol, place))
                        r = vector_push(&lists[place].of, place == starts_place(starts, START_PLAIN) ? plain : start);
        }
        return r;
}

static int starts_fill(struct starts *starts, const struct scope *scope) {
        const struct config *config = scope->config;
        int r = 0;

        for (size_t t = 0; t < starts->n_types; t++) {
                for (size_t i = 0; i < config->index[t].n_norms && r == 0; i++)
                        r = starts_put(starts, scope, &starts->from[t * starts->n_places], &scope->norms[t][i]);
                for (size_t i = 0; i < scope->bearings[t].norms.n && r == 0; i++)
                        r = starts_put(starts, scope, &starts->bears[t * starts->n_places], scope->bearings[t].norms.items[i]);
        }
        return r;
}

int starts_new(const struct scope *scope, struct starts **ret) {
        CLEANUP(starts_free_p) struct starts *starts = calloc(1, sizeof(*starts));
        const struct organisations *orgs = scope->config->organisations;
        int r;

        if (!starts)
                return -ENOMEM;
        starts->n_types = event_types_count(scope->config->types);
        starts->n_places = regions_count(orgs) + START_PLACES;
        starts->places = calloc(organisations_count(orgs) + 1, sizeof(*starts->places));
        starts->from = calloc(starts->n_types * starts->n_places + 1, sizeof(*starts->from));
        starts->bears = calloc(starts->n_types * starts->n_places + 1, sizeof(*starts->bears));
        starts->asked = calloc(starts->n_types + 1, sizeof(*starts->asked));
        if (!starts->places || !starts->from || !starts->bears || !starts->asked)
                return -ENOMEM;
        for (size_t i = 0; i < organisations_count(orgs); i++)
                starts->places[i] = (uint32_t)place_of(starts, organisations_at(orgs, i));
        r = starts_fill(starts, scope);
        if (r)
                return r;
        *ret = TAKE(starts);
        return 0;
}

struct starts *starts_free(struct starts *starts) {
        if (!starts)
                return NULL;
        for (size_t i = 0; i < starts->n_types * starts->n_places; i++) {
                if (starts->from)
                        vector_done(&starts->from[i].of);
                if (starts->bears)
                        vector_done(&starts->bears[i].of);
        }
        for (size_t t = 0; starts->asked && t < starts->n_types; t++)
                vector_done(&starts->asked[t].conditions);
        free(starts->places);
        free(starts->from);
        free(starts->bears);
        free(starts->asked);
        free(starts);
        return NULL;
}
