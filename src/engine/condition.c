/* SPDX-License-Identifier: EUPL-1.2 */

/* Which facts join an obligation, and whether its conditions hold. */

#include <string.h>

#include "engine/parts.h"

static bool is_one_of(const struct condition *c, const struct slot *slot) {
        for (size_t i = 0; i < c->n_values; i++) {
                if (slot_equal(slot, &c->values[i]))
                        return true;
        }
        return false;
}

static bool test_slot(const struct condition *c, const struct slot *slot) {
        switch (c->test) {
        case TEST_IS:
                return slot->kind != SLOT_NULL && is_one_of(c, slot);
        case TEST_NOT:
                return slot->kind == SLOT_NULL || !is_one_of(c, slot);
        case TEST_PRESENT:
                return slot->kind != SLOT_NULL;
        case TEST_ABSENT:
                return slot->kind == SLOT_NULL;
        }
        return false;
}

bool conditions_hold_self(const struct conditions *when, const struct fact *fact) {
        for (size_t i = 0; i < when->n; i++) {
                if (!test_slot(&when->items[i], &fact->slots[when->items[i].slot]))
                        return false;
        }
        return true;
}

bool conditions_may_hold(const struct conditions *when, const struct slot *slots) {
        for (size_t i = 0; i < when->n; i++) {
                if (when->items[i].subject == CONDITION_SELF && !test_slot(&when->items[i], &slots[when->items[i].slot]))
                        return false;
        }
        return true;
}

/* Of the ids that both types have, one must be equal and none may differ; types that share none always join. */
bool facts_join(const struct fact *start, const struct fact *fact) {
        bool shared = false, equal = false;

        for (unsigned i = 0; i < LINKS; i++) {
                int a = start->type->links[i], b = fact->type->links[i];

                if (a < 0 || b < 0)
                        continue;
                shared = true;
                if (start->slots[a].kind != SLOT_UUID || fact->slots[b].kind != SLOT_UUID)
                        continue;
                if (!uuid_equal(&start->slots[a].u, &fact->slots[b].u))
                        return false;
                equal = true;
        }
        return equal || !shared;
}

/* In a norm for each organisation only the facts about that one join. */
static bool is_about(const struct fact *fact, const struct organisation *each) {
        struct text id = fact_text(fact, fact->type->known == TYPE_PROTOCOL_ADOPTED ? FIELD_PARTNER : FIELD_ORGANISATION);

        return text_is(id, each->id);
}

bool obligation_joins(const struct obligation *o, const struct fact *fact) {
        if (fact->type->known == TYPE_DEVIATION_EXPLAINED || fact->type->known == TYPE_TERM_AGREED)
                return text_is(fact_text(fact, FIELD_NORM), o->norm->name) && text_is(fact_text(fact, FIELD_INSTANCE), o->instance);
        if (o->each)
                return is_about(fact, o->each);
        if (!o->start || o->norm->per_case)
                return true;
        return facts_join(o->start, fact);
}

static bool holds_for_event(struct view *v, const struct condition *c, const struct obligation *o) {
        const struct fact_list *list = view_list(v, c->type);
        bool some = false;

        for (size_t i = 0; i < list->n; i++) {
                if (!obligation_joins(o, list->items[i]))
                        continue;
                some = true;
                if (c->subject == CONDITION_FACT || test_slot(c, &list->items[i]->slots[c->slot]))
                        return c->subject != CONDITION_FACT || c->test == TEST_PRESENT;
        }
        return c->subject == CONDITION_FACT && !some && c->test == TEST_ABSENT;
}

bool conditions_hold(struct view *v, const struct conditions *when, const struct obligation *o, bool self_only) {
        for (size_t i = 0; i < when->n; i++) {
                const struct condition *c = &when->items[i];

                if (c->subject == CONDITION_SELF) {
                        if (!o->start || !test_slot(c, &o->start->slots[c->slot]))
                                return false;
                } else if (!self_only && !holds_for_event(v, c, o)) {
                        return false;
                }
        }
        return true;
}
