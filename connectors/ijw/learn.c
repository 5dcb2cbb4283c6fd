/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads on the event topics which reference belongs to which case, and which measures run in it. */

#include "connectors/ijw/learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/positions.h"
#include "cluster/event_record.h"

#define LEARN_SINCE_MS (31 * DAY_MS) /* event topics are kept 30 days; what is older was learnt then */
#define LEARN_RECORDS_A_TURN 2000
#define LEARN_FORGET_MS HOUR_MS

enum learnt { LEARNT_REFERRAL, LEARNT_REQUEST, LEARNT_MEASURE, LEARNT_END, LEARNT_TOPICS };
static const char *const learn_topics[LEARNT_TOPICS] = {
        [LEARNT_REFERRAL] = "referral-issued", [LEARNT_REQUEST] = "allocation-requested", [LEARNT_MEASURE] = "measure-started",
        [LEARNT_END] = "measure-ended",
};

struct learn {
        const struct connector_env *env;
        const struct ijw_mapping *mapping;
        struct bus_reader *reader; /* NULL: none of the types is configured */
        const char *topics[LEARNT_TOPICS];
        const struct event_type *types[LEARNT_TOPICS]; /* of the topics that are read */
        enum learnt what[LEARNT_TOPICS];
        size_t topics_n;
        int64_t forget_at;
        struct slot slots[LAYOUT_SLOTS_MAX];
};

int learn_new(const struct connector_env *env, const struct ijw_mapping *mapping, struct learn **ret, struct error *err) {
        CLEANUP(learn_free_p) struct learn *l = calloc(1, sizeof(*l));
        struct bus_reader_config config = {.partition = BUS_ALL_PARTITIONS,
                                           .from = BUS_FROM_INSTANT,
                                           .instant = clock_realtime(&env->clock) - LEARN_SINCE_MS,
                                           .some = true,
                                           .sparing = true};
        int r;

        if (!l)
                return -ENOMEM;
        l->env = env;
        l->mapping = mapping;
        for (size_t i = 0; i < LEARNT_TOPICS; i++) {
                const struct event_type *type = event_types_find(env->types, text_of(learn_topics[i]));

                if (!type)
                        continue;
                l->topics[l->topics_n] = type->name;
                l->types[l->topics_n] = type;
                l->what[l->topics_n++] = (enum learnt)i;
        }
        config.topics = l->topics;
        config.topics_n = l->topics_n;
        r = l->topics_n == 0 ? 0 : bus_reader_open(env->bus, &config, &l->reader, err);
        if (r)
                return error_trace(r, err);
        *ret = TAKE(l);
        return 0;
}

struct learn *learn_free(struct learn *l) {
        if (!l)
                return NULL;
        bus_reader_close(l->reader);
        free(l);
        return NULL;
}

/* -- Fields -- */

static day_t learn_day(const struct event *event, const char *field) {
        const struct slot *slot = event_slot(event, field, SLOT_INT);

        return slot ? (day_t)slot->i : DAY_NONE;
}

/* -- What is learnt -- */

/* Under every AGB code of the provider; of one that is not named, or has none, under any. */
static int learn_reference(const struct learn *l, struct text provider, struct text reference, const struct ijw_link *link, struct error *err) {
        const struct option_pairs *agb = l->mapping->parties.agb;
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
                r = ijw_learn_link(l->mapping, agb->items[i].key, text, link, err);
        }
        return r || some ? r : ijw_learn_link(l->mapping, "*", text, link, err);
}

static int learn_event(const struct learn *l, enum learnt what, const struct event *event, struct error *err) {
        struct ijw_link link = {0};
        int r;

        event_id_text(event, "case_id", link.case_id);
        event_id_text(event, "measure_id", link.measure);
        if (what == LEARNT_MEASURE)
                return ijw_learn_measure(l->mapping, link.case_id, link.measure, learn_day(event, "verdict_date"), DAY_NONE, err);
        if (what == LEARNT_END)
                return ijw_learn_measure(l->mapping, link.case_id, link.measure, DAY_NONE, learn_day(event, "date"), err);
        event_id_text(event, "referral_id", link.referral);
        r = learn_reference(l, event_text(event, "provider"), event_text(event, "reference"), &link, err);
        if (r == 0 && what == LEARNT_REFERRAL) /* a provider that copies our id makes the chain explain itself */
                r = ijw_learn_link(l->mapping, "*", link.referral, &link, err);
        return r;
}

static int learn_take(struct learn *l, const struct bus_record *record, struct error *err) {
        struct error unread = {0};
        struct event event;

        if (event_record_read(l->env->types, l->types[record->index], record, l->slots, &event, &unread) != 0)
                return 0; /* the worker says so */
        return learn_event(l, l->what[record->index], &event, err);
}

/* Now and then: the cases of which all measures ended long ago. */
static int learn_forget(struct learn *l, struct error *err) {
        int64_t now = clock_monotonic(&l->env->clock);

        if (now < l->forget_at)
                return 0;
        l->forget_at = now + LEARN_FORGET_MS;
        return ijw_forget_cases(l->mapping, date_of_instant(clock_realtime(&l->env->clock)), err);
}

int learn_turn(struct learn *l, bool *ret_all, struct error *err) {
        *ret_all = true;
        for (unsigned i = 0; l->reader && i < LEARN_RECORDS_A_TURN; i++) {
                struct bus_event event = {.kind = BUS_NONE};
                int r = bus_reader_poll(l->reader, 0, &event, err);

                if (r == 0 && event.kind == BUS_RECORD)
                        r = learn_take(l, &event.record, err);
                if (r)
                        return error_trace(r, err);
                if (event.kind != BUS_RECORD)
                        break;
        }
        if (l->reader)
                *ret_all = reader_positions_reached(bus_reader_positions(l->reader));
        return *ret_all ? learn_forget(l, err) : 0;
}
