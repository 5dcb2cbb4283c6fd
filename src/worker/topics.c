/* SPDX-License-Identifier: EUPL-1.2 */

/* Lists the topics of a worker: those of every event type, and of every organisation. */

#include "worker/topics.h"

#include <assert.h>
#include <errno.h>

#include "base/arena.h"
#include "bus/bus.h"
#include "cluster/topics.h"

#define TOPICS_NAMES_MAX ((size_t)8 << 20)

static int topics_add_inputs(const struct config *config, struct worker_topics *t) {
        size_t n = event_types_count(config->types);

        t->inputs = arena_calloc(t->arena, n + 1, sizeof(*t->inputs));
        t->types = arena_calloc(t->arena, n + 1, sizeof(struct event_type *));
        if (!t->inputs || !t->types)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct event_type *type = event_types_at(config->types, i);

                if (type->output)
                        continue;
                t->inputs[t->n_inputs] = type->name;
                t->types[t->n_inputs++] = type;
        }
        return 0;
}

static int topics_add_outputs(const struct config *config, struct worker_topics *t) {
        size_t n = organisations_count(config->organisations);

        t->outputs = arena_calloc(t->arena, OUTPUT_INBOXES + n, sizeof(*t->outputs));
        if (!t->outputs)
                return -ENOMEM;
        t->outputs[OUTPUT_STATE] = TOPIC_CASE_STATE;
        t->outputs[OUTPUT_DEAD_LETTERS] = TOPIC_DEAD_LETTERS;
        t->outputs[OUTPUT_PLAN_DUE] = TOPIC_PLAN_DUE;
        t->outputs[OUTPUT_RAISED] = TOPIC_ESCALATION_RAISED;
        t->outputs[OUTPUT_RESOLVED] = TOPIC_ESCALATION_RESOLVED;
        for (size_t i = 0; i < n; i++) {
                t->outputs[OUTPUT_INBOXES + i] = arena_printf(t->arena, TOPIC_INBOX_PREFIX "%s", organisations_at(config->organisations, i)->id);
                if (!t->outputs[OUTPUT_INBOXES + i])
                        return -ENOMEM;
        }
        t->n_outputs = OUTPUT_INBOXES + n;
        assert(t->n_outputs <= BUS_TOPICS_MAX);
        return 0;
}

int worker_topics_list(const struct config *config, struct worker_topics *ret, struct error *err) {
        static const enum known_type needed[] = {TYPE_PLAN_DUE, TYPE_ESCALATION_RAISED, TYPE_ESCALATION_RESOLVED};
        int r;

        assert(config && ret);
        *ret = (struct worker_topics){0};
        for (size_t i = 0; i < ELEMENTS(needed); i++) {
                if (!event_types_known(config->types, needed[i])) {
                        error_set(err, "the schemas lack plan-due, escalation-raised or escalation-resolved; put back the .avsc files that ketenwacht ships");
                        return -EINVAL;
                }
        }
        if (OUTPUT_INBOXES + organisations_count(config->organisations) > BUS_TOPICS_MAX) {
                error_set(err, "config/organisations.yaml has %zu organisations, and a worker can write the inboxes of %d; divide them over installations",
                          organisations_count(config->organisations), BUS_TOPICS_MAX - OUTPUT_INBOXES);
                return -EINVAL;
        }
        r = arena_new(&ret->arena, TOPICS_NAMES_MAX);
        if (r == 0)
                r = topics_add_inputs(config, ret);
        if (r == 0)
                r = topics_add_outputs(config, ret);
        if (r) {
                worker_topics_done(ret);
                error_set(err, "out of memory while the worker's topics were listed");
        }
        return r;
}

void worker_topics_done(struct worker_topics *topics) {
        arena_free(topics->arena);
        *topics = (struct worker_topics){0};
}
