/* SPDX-License-Identifier: EUPL-1.2 */

/* Finds in the chain's own events which reference belongs to which case. */

#include "connectors/ijw/learn.h"

#include <stdio.h>

enum { LEARNT_REFERRAL, LEARNT_REQUEST };
const char *const learn_types[LEARN_TYPES] = {[LEARNT_REFERRAL] = "referral-issued", [LEARNT_REQUEST] = "allocation-requested"};

/* Under every AGB code of the provider; of one that is not named, or has none, under any. */
static int learn_reference(const struct ijw_mapping *m, struct text provider, struct text reference, const struct ijw_link *link, struct error *err) {
        const struct option_pairs *agb = m->parties.agb;
        char text[IJW_TEXT_MAX + 1];
        bool some = false;
        int r = 0;

        if (reference.n == 0 || reference.n > IJW_TEXT_MAX)
                return 0;
        (void) snprintf(text, sizeof(text), "%.*s", (int)reference.n, reference.s);
        for (size_t i = 0; r == 0 && i < agb->n; i++) {
                if (!text_is(provider, agb->items[i].value))
                        continue;
                some = true;
                r = ijw_learn_link(m, agb->items[i].key, text, link, err);
        }
        return r || some ? r : ijw_learn_link(m, "*", text, link, err);
}

int learn_event(const struct ijw_mapping *mapping, size_t which, const struct event *event, struct error *err) {
        struct ijw_link link = {0};
        int r;

        event_id_text(event, "case_id", link.case_id);
        event_id_text(event, "measure_id", link.measure);
        event_id_text(event, "referral_id", link.referral);
        r = learn_reference(mapping, event_text(event, "provider"), event_text(event, "reference"), &link, err);
        if (r == 0 && which == LEARNT_REFERRAL) /* a provider that copies our id makes the chain explain itself */
                r = ijw_learn_link(mapping, "*", link.referral, &link, err);
        return r;
}
