/* SPDX-License-Identifier: EUPL-1.2 */

/* Whether conditions on the fields of one fact hold. */

#include "engine/condition.h"

static bool is_one_of(const struct condition *c, const struct slot *slot) {
        for (size_t i = 0; i < c->n_values; i++) {
                if (slot_equal(slot, &c->values[i]))
                        return true;
        }
        return false;
}

bool condition_holds(const struct condition *c, const struct slot *slot) {
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

bool conditions_may_hold(const struct conditions *when, const struct slot *slots) {
        for (size_t i = 0; i < when->n; i++) {
                if (when->items[i].subject == CONDITION_SELF && !condition_holds(&when->items[i], &slots[when->items[i].slot]))
                        return false;
        }
        return true;
}
