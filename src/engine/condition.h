/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Conditions on the fields of one fact: here, so that they are tested where they are asked
 */

#include "model/protocol.h"

/* Whether a value is one of those that the condition lists. */
static inline bool condition_lists(const struct condition *c, const struct slot *slot) {
        for (size_t i = 0; i < c->n_values; i++) {
                if (slot_equal(slot, &c->values[i]))
                        return true;
        }
        return false;
}

/* Whether the condition holds for the value of its field. */
static inline bool condition_holds(const struct condition *c, const struct slot *slot) {
        switch (c->test) {
        case TEST_IS:
                return slot->kind != SLOT_NULL && condition_lists(c, slot);
        case TEST_NOT:
                return slot->kind == SLOT_NULL || !condition_lists(c, slot);
        case TEST_PRESENT:
                return slot->kind != SLOT_NULL;
        case TEST_ABSENT:
                return slot->kind == SLOT_NULL;
        }
        return false;
}

/* Whether two conditions are one: they hold for the same facts. */
static inline bool condition_equal(const struct condition *a, const struct condition *b) {
        if (a->subject != b->subject || a->test != b->test || a->type != b->type || a->slot != b->slot || a->n_values != b->n_values)
                return false;
        for (size_t i = 0; i < a->n_values; i++) {
                if (!slot_equal(&a->values[i], &b->values[i]))
                        return false;
        }
        return true;
}

/* The same of all. */
static inline bool conditions_equal(const struct conditions *a, const struct conditions *b) {
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++) {
                if (!condition_equal(&a->items[i], &b->items[i]))
                        return false;
        }
        return true;
}

/* Whether all hold that are on the fact's own fields; conditions on other facts are taken to hold. @slots: of the fact. */
static inline bool conditions_may_hold(const struct conditions *when, const struct slot *slots) {
        for (size_t i = 0; i < when->n; i++) {
                if (when->items[i].subject == CONDITION_SELF && !condition_holds(&when->items[i], &slots[when->items[i].slot]))
                        return false;
        }
        return true;
}
