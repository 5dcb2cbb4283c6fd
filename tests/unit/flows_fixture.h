/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* For tests of pages, linked with wrap_flows: what flows would have seen of a broker is what the test puts into @picture; .turn 0: nothing was seen yet. */

#include "replica/flows.h"

static struct flows_picture picture;

void __wrap_flows_want(struct flows *f);
const struct flows_picture *__wrap_flows_borrow(struct flows *f);
void __wrap_flows_give_back(const struct flows_picture *given);
instant_t __wrap_flows_trouble(struct flows *f, char why[FLOWS_WHY_MAX]);

void __wrap_flows_want(struct flows *f) {
        (void) f;
}

const struct flows_picture *__wrap_flows_borrow(struct flows *f) {
        (void) f;
        return picture.turn ? &picture : NULL;
}

void __wrap_flows_give_back(const struct flows_picture *given) {
        (void) given;
}

instant_t __wrap_flows_trouble(struct flows *f, char why[FLOWS_WHY_MAX]) {
        (void) f;
        why[0] = '\0';
        return 0;
}
