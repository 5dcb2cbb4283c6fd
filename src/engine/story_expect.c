/* SPDX-License-Identifier: EUPL-1.2 */

/* What a story expects to be told, one telling for each organisation that a line names. */

#include "engine/story_expect.h"

#include <errno.h>
#include <string.h>

#include "calendar/reading.h"

#define EXAMPLE "2022-10-18 alert: {to: gm0014}"

typedef VECTOR(struct story_telling) tellings;

static bool expect_read_told(struct story_reading *s, const struct story_item *item, enum story_told *ret) {
        struct nearest nearest = NEAREST_INIT(item->word);
        char hint[NEAREST_HINT_MAX];

        for (unsigned i = 0; i < STORY_TELLINGS; i++) {
                if (strcmp(story_told_names[i], item->word) == 0) {
                        *ret = (enum story_told)i;
                        return true;
                }
                nearest_try(&nearest, story_told_names[i]);
        }
        reading_mistake(&s->r, item->head,
                        IN_READING(&s->r, "nothing that is told is called '%.80s'%s: copy, announcement, reminder, alert or resolved",
                                   "niets wat wordt verteld heet '%.80s'%s: copy, announcement, reminder, alert of resolved"),
                        item->word, reading_hint(&s->r, &nearest, hint));
        return false;
}

static void expect_check_keys(struct story_reading *s, const struct story_item *item, enum story_told told) {
        static const char *const keys[STORY_TELLINGS][8] = {
                [STORY_COPY] = {"event", "to"},
                [STORY_ANNOUNCEMENT] = {"norm", "instance", "due", "to"},
                [STORY_REMINDER] = {"norm", "instance", "due", "to"},
                [STORY_ALERT] = {"norm", "instance", "due", "rung", "to"},
                [STORY_RESOLVED] = {"norm", "instance", "rung", "reason", "to"},
        };

        reading_keys(&s->r, item->values, keys[told], item->word);
}

static bool expect_read_copy(struct story_reading *s, const struct story_item *item, struct story_telling *t) {
        const struct yaml_node *event = reading_required(&s->r, item->values, "event", "copy");

        if (!event || !reading_scalar(&s->r, event, "event"))
                return false;
        t->type = story_type(s, event, event->text);
        if (!t->type)
                return false;
        for (size_t i = 0; i < s->story->n_routes; i++) {
                if (s->story->routes[i] == t->type)
                        return true;
        }
        reading_mistake(&s->r, event,
                        IN_READING(&s->r, "the story does not look at copies of '%s'; name it under routes",
                                   "het verhaal kijkt niet naar kopieën van '%s'; noem het bij routes"),
                        t->type->name);
        return false;
}

static const struct norm *expect_read_norm(struct story_reading *s, const struct story_item *item) {
        const struct yaml_node *node = yaml_get(item->values, "norm");
        const struct norm *norm = node ? story_norm(s, node) : NULL;

        if (node && !norm)
                return NULL;
        for (size_t i = 0; i < s->story->n_norms; i++) {
                if (!node || s->story->norms[i] == norm)
                        return s->story->norms[i];
        }
        if (node)
                reading_mistake(&s->r, node,
                                IN_READING(&s->r, "the story does not look at the norm '%s'; name it under norm",
                                           "het verhaal kijkt niet naar de norm '%s'; noem haar bij norm"),
                                node->text);
        else
                reading_mistake(&s->r, item->head,
                                IN_READING(&s->r, "the story has no norm, so nothing but copies can be expected",
                                           "het verhaal heeft geen norm, dus er zijn alleen kopieën te verwachten"));
        return NULL;
}

static bool expect_read_reason(struct story_reading *s, const struct story_item *item, struct story_telling *t) {
        const struct yaml_node *node = reading_required(&s->r, item->values, "reason", "resolved");
        char hint[LANGUAGE_CHOICE_MAX];

        if (!node || !reading_scalar(&s->r, node, "reason"))
                return false;
        struct nearest nearest = NEAREST_INIT(node->text);

        for (unsigned i = 0; i < RESOLUTIONS; i++) {
                if (strcmp(resolution_names[i], node->text) == 0) {
                        t->reason = (enum resolution)i;
                        return true;
                }
                nearest_try(&nearest, resolution_names[i]);
        }
        reading_mistake(&s->r, node, IN_READING(&s->r, "an alert is not resolved for '%.80s'%s", "een signaal wordt niet ingetrokken om '%.80s'%s"),
                        node->text, reading_choice(&s->r, &nearest, hint));
        return false;
}

static bool expect_read_of_norm(struct story_reading *s, const struct story_item *item, struct story_telling *t) {
        const struct yaml_node *due = yaml_get(item->values, "due"), *rung = yaml_get(item->values, "rung"), *instance = yaml_get(item->values, "instance");
        const struct norm *norm = expect_read_norm(s, item);

        if (!norm)
                return false;
        t->norm = norm->name;
        t->due = DAY_NONE;
        t->rung = 1;
        if (due && !reading_date(&s->r, due, "due", &t->due))
                return false;
        if (rung && norm->n_rungs == 0) {
                reading_mistake(&s->r, rung, IN_READING(&s->r, "the norm '%s' has no rungs", "de norm '%s' heeft geen treden"), norm->name);
                return false;
        }
        if (rung && !reading_count(&s->r, rung, "rung", 1, (unsigned)norm->n_rungs, &t->rung))
                return false;
        if (instance) {
                t->instance = reading_scalar(&s->r, instance, "instance") ? story_instance(s, instance, instance->text) : NULL;
                if (!t->instance)
                        return false;
        }
        return t->told != STORY_RESOLVED || expect_read_reason(s, item, t);
}

static void expect_add_each(struct story_reading *s, const struct story_item *item, struct story_telling t, tellings *all) {
        const struct yaml_node *to = reading_required(&s->r, item->values, "to", item->word);

        for (size_t i = 0; to && i < reading_items(to); i++) {
                const struct organisation *org = story_organisation(s, reading_item(to, i));

                if (!org)
                        continue;
                t.to = org->id;
                if (vector_push(all, t))
                        s->r.e = -ENOMEM;
        }
}

static void expect_read_one(struct story_reading *s, const struct yaml_node *node, tellings *all) {
        struct story_telling t = {0};
        struct story_item item;

        if (!story_item_read(s, node, EXAMPLE, &item) || !expect_read_told(s, &item, &t.told))
                return;
        if (!item.values) {
                reading_mistake(&s->r, item.head, IN_READING(&s->r, "must say to whom, as in '%s'", "hier hoort aan wie, zoals in '%s'"), EXAMPLE);
                return;
        }
        expect_check_keys(s, &item, t.told);
        t.node = item.head;
        t.day = item.when.day;
        t.minute = item.when.minute;
        if (t.told == STORY_COPY ? expect_read_copy(s, &item, &t) : expect_read_of_norm(s, &item, &t))
                expect_add_each(s, &item, t, all);
}

void story_read_expect(struct story_reading *s, const struct yaml_node *expect) {
        struct story_telling *copy;
        tellings all = {0};

        if (!reading_sequence(&s->r, expect, "expect"))
                return;
        for (size_t i = 0; i < expect->n && s->r.e == 0 && all.n <= STORY_EXPECTATIONS_MAX; i++)
                expect_read_one(s, expect->items[i], &all);
        if (all.n > STORY_EXPECTATIONS_MAX)
                reading_mistake(&s->r, expect, IN_READING(&s->r, "more than %d expectations", "meer dan %d verwachtingen"), STORY_EXPECTATIONS_MAX);
        copy = reading_alloc(&s->r, all.n, sizeof(*copy));
        if (copy && all.n)
                memcpy(copy, all.items, all.n * sizeof(*copy));
        if (copy) {
                s->story->expected = copy;
                s->story->n_expected = all.n;
        }
        vector_done(&all);
}
