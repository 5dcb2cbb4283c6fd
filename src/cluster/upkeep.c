/* SPDX-License-Identifier: EUPL-1.2 */

/* Asks for the settings on which correctness rests, and judges them. */

#include "cluster/upkeep.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UPKEEP_POLICY "cleanup.policy"

static int upkeep_judge(const struct topic_wanted *topic, const char *policy, struct error *err) {
        if (strcmp(topic->name, TOPIC_CASE_STATE) == 0) {
                if (strcmp(policy, "compact") == 0)
                        return 0;
                error_set(err, "the topic %s has " UPKEEP_POLICY " '%s' and must have 'compact': so the broker deletes rows of cases that live. Set it "
                               "right at once (ketenwacht topics apply), look whether rows are gone (ketenwacht state stats), and start again",
                          topic->topic, policy);
                return UPKEEP_E_UNSOUND;
        }
        if (!strstr(policy, "compact"))
                return 0;
        error_set(err, "the topic %s has " UPKEEP_POLICY " '%s' and must have 'delete': so the broker keeps of each case the last event only. Set it right "
                       "at once (ketenwacht topics apply), have the publishers send again what is missing, and start again",
                  topic->topic, policy);
        return UPKEEP_E_UNSOUND;
}

int upkeep_check(struct admin *admin, const struct topics *topics, struct error *err) {
        static const struct admin_setting asked = {.name = UPKEEP_POLICY};
        CLEANUP(cleanup_free) struct admin_topic *of = calloc(topics->n + 1, sizeof(*of));
        CLEANUP(cleanup_free) const struct topic_wanted **wanted = calloc(topics->n + 1, sizeof(*wanted));
        CLEANUP(cleanup_free) const char **values = calloc(topics->n + 1, sizeof(*values));
        size_t n = 0;
        int r;

        if (!of || !wanted || !values) {
                error_set(err, "out of memory while the settings of topics were asked for");
                return -ENOMEM;
        }
        for (size_t i = 0; i < topics->n; i++) {
                if (!topics->items[i].by_case)
                        continue;
                wanted[n] = &topics->items[i];
                of[n++] = (struct admin_topic){.name = topics->items[i].topic, .settings = &asked, .settings_n = 1};
        }
        r = admin_settings(admin, of, n, values, err);
        if (r == ADMIN_E_UNSUPPORTED || r == ADMIN_E_NONE) /* the embedded broker keeps no settings; what a worker lacks it says itself */
                return 0;
        if (r)
                return r < 0 ? r : UPKEEP_E_UNKNOWN;
        for (size_t i = 0; i < n; i++) {
                r = values[i] ? upkeep_judge(wanted[i], values[i], err) : 0;
                if (r)
                        return r;
        }
        return 0;
}
