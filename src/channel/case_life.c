/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads on the event topics which measures run in cases, and forgets what leads to those in which none has run for long. */

#include "channel/case_life.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "bus/positions.h"
#include "cluster/event_record.h"

#define CASE_LIFE_SINCE_MS (31 * DAY_MS) /* event topics are kept 30 days; what is older was learnt then */
#define CASE_LIFE_RECORDS_A_TURN 2000
#define CASE_LIFE_FORGET_MS HOUR_MS
#define CASE_LIFE_KIND "case"
#define CASE_LIFE_UNKNOWN_BEGIN "9999-12-31" /* of a measure of which only the end is known: it runs on no day */
#define ITEM_MAX 256

enum case_life_own { LIFE_MEASURE, LIFE_END, LIFE_OWN };
static const char *const life_topics[LIFE_OWN] = {[LIFE_MEASURE] = "measure-started", [LIFE_END] = "measure-ended"};

struct case_life {
        struct case_life_config config;
        struct bus_reader *reader; /* NULL: none of the types is configured */
        const char *topics[LIFE_OWN + CASE_LIFE_OTHERS_MAX];
        const struct event_type *types[LIFE_OWN + CASE_LIFE_OTHERS_MAX]; /* of the topics that are read */
        size_t what[LIFE_OWN + CASE_LIFE_OTHERS_MAX];                    /* LIFE_OWN and more: the connector's */
        size_t topics_n;
        int64_t forget_at;
        struct slot slots[LAYOUT_SLOTS_MAX];
};

static void life_add_topic(struct case_life *l, const char *name, size_t what) {
        const struct event_type *type = event_types_find(l->config.env->types, text_of(name));

        if (!type)
                return;
        l->topics[l->topics_n] = type->name;
        l->types[l->topics_n] = type;
        l->what[l->topics_n++] = what;
}

int case_life_new(const struct case_life_config *config, struct case_life **ret, struct error *err) {
        CLEANUP(case_life_free_p) struct case_life *l = calloc(1, sizeof(*l));
        struct bus_reader_config reader = {.partition = BUS_ALL_PARTITIONS,
                                           .from = BUS_FROM_INSTANT,
                                           .instant = clock_realtime(&config->env->clock) - CASE_LIFE_SINCE_MS,
                                           .some = true,
                                           .sparing = true};
        int r;

        assert(config->others_n <= CASE_LIFE_OTHERS_MAX && (config->take || config->others_n == 0));
        if (!l)
                return -ENOMEM;
        l->config = *config;
        for (size_t i = 0; i < config->others_n; i++)
                life_add_topic(l, config->others[i], LIFE_OWN + i);
        for (size_t i = 0; i < LIFE_OWN; i++)
                life_add_topic(l, life_topics[i], i);
        reader.topics = l->topics;
        reader.topics_n = l->topics_n;
        r = l->topics_n == 0 ? 0 : bus_reader_open(config->env->bus, &reader, &l->reader, err);
        if (r)
                return error_trace(r, err);
        *ret = TAKE(l);
        return 0;
}

struct case_life *case_life_free(struct case_life *l) {
        if (!l)
                return NULL;
        bus_reader_close(l->reader);
        free(l);
        return NULL;
}

/* -- Measures -- */

struct measure_item {
        char measure[UUID_TEXT + 1], from[DATE_TEXT + 2], until[DATE_TEXT + 2];
};

/* false: the item is none of ours. */
static bool measure_item_read(const char *item, struct measure_item *ret) {
        return case_keys_next_part(&item, ret->measure, sizeof(ret->measure)) && case_keys_next_part(&item, ret->from, sizeof(ret->from)) &&
               case_keys_next_part(&item, ret->until, sizeof(ret->until));
}

static bool measure_item_runs(const struct measure_item *m, const char *on) {
        return strcmp(m->from, on) <= 0 && (strcmp(m->until, CASE_KEYS_NOTHING) == 0 || strcmp(on, m->until) <= 0);
}

bool case_life_measure(const struct case_keys *keys, const char *case_id, const char *on, char ret[UUID_TEXT + 1]) {
        struct text row = case_keys_find(keys, CASE_LIFE_KIND, case_id);
        unsigned n = 0;

        ret[0] = '\0';
        for (const char *at = row.n ? row.s : NULL; at && *at; at = case_keys_next_item(at)) {
                struct measure_item m;

                if (!measure_item_read(at, &m) || !measure_item_runs(&m, on))
                        continue;
                memcpy(ret, m.measure, sizeof(m.measure));
                n++;
        }
        if (n != 1)
                ret[0] = '\0';
        return n == 1;
}

/* @from DAY_NONE: only its end is known; @until DAY_NONE: only its begin. */
static int life_learn_measure(const struct case_life *l, const char *case_id, const char *measure, day_t from, day_t until, struct error *err) {
        CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(CASE_KEYS_VALUE_MAX);
        struct text row = case_keys_find(l->config.keys, CASE_LIFE_KIND, case_id);
        struct measure_item known = {.from = CASE_LIFE_UNKNOWN_BEGIN, .until = CASE_KEYS_NOTHING};
        char item[ITEM_MAX];

        for (const char *at = row.n ? row.s : NULL; at && *at; at = case_keys_next_item(at)) {
                struct measure_item m;

                if (measure_item_read(at, &m) && strcmp(m.measure, measure) == 0)
                        known = m;
                else
                        buffer_printf(&all, "%.*s;", (int)strcspn(at, ";"), at);
        }
        if (from != DAY_NONE)
                date_format(from, known.from);
        if (until != DAY_NONE)
                date_format(until, known.until);
        (void) snprintf(item, sizeof(item), "%s %s %s", measure, known.from, known.until);
        if (row.n > 0 && strstr(row.s, item))
                return 0;
        buffer_add_text(&all, item);
        return all.failed ? 0 : case_keys_put(l->config.keys, CASE_LIFE_KIND, case_id, (struct text){(const char *)all.bytes, all.n}, err);
}

static day_t life_day(const struct event *event, const char *field) {
        const struct slot *slot = event_slot(event, field, SLOT_INT);

        return slot ? (day_t)slot->i : DAY_NONE;
}

/* -- What comes -- */

static int life_take(struct case_life *l, const struct bus_record *record, struct error *err) {
        char case_id[UUID_TEXT + 1] = "", measure[UUID_TEXT + 1] = "";
        size_t what = l->what[record->index];
        struct error unread = {0};
        struct event event;

        if (event_record_read(l->config.env->types, l->types[record->index], record, l->slots, &event, &unread) != 0)
                return 0; /* the worker says so */
        if (what >= LIFE_OWN)
                return l->config.take(l->config.ctx, what - LIFE_OWN, &event, err);
        event_id_text(&event, "case_id", case_id);
        event_id_text(&event, "measure_id", measure);
        if (what == LIFE_MEASURE)
                return life_learn_measure(l, case_id, measure, life_day(&event, "verdict_date"), DAY_NONE, err);
        return life_learn_measure(l, case_id, measure, DAY_NONE, life_day(&event, "date"), err);
}

/* -- Forgetting -- */

struct ended {
        char before[DATE_TEXT + 1];
        VECTOR(struct uuid) cases;
};

static int ended_look(void *ctx, const char *case_id, struct text value) {
        struct ended *e = ctx;
        struct uuid id;

        for (const char *at = value.s; at && *at; at = case_keys_next_item(at)) {
                struct measure_item m;

                if (measure_item_read(at, &m) && (strcmp(m.until, CASE_KEYS_NOTHING) == 0 || strcmp(m.until, e->before) >= 0))
                        return 0;
        }
        return uuid_parse(case_id, strlen(case_id), &id) ? vector_push(&e->cases, id) : 0;
}

static int life_forget_cases(struct case_life *l, struct error *err) {
        struct ended e = {0};
        int r;

        date_format(date_of_instant(clock_realtime(&l->config.env->clock)) - (day_t)l->config.forget_days, e.before);
        r = case_keys_each(l->config.keys, CASE_LIFE_KIND, ended_look, &e);
        for (size_t i = 0; r == 0 && i < e.cases.n; i++) {
                char case_id[UUID_TEXT + 1];

                r = case_keys_forget(l->config.keys, &e.cases.items[i], err);
                uuid_format(&e.cases.items[i], case_id);
                if (r == 0)
                        r = case_keys_put(l->config.keys, CASE_LIFE_KIND, case_id, (struct text){0}, err); /* its own row does not name it */
        }
        vector_done(&e.cases);
        return r;
}

static int life_forget(struct case_life *l, struct error *err) {
        int64_t now = clock_monotonic(&l->config.env->clock);

        if (now < l->forget_at)
                return 0;
        l->forget_at = now + CASE_LIFE_FORGET_MS;
        return life_forget_cases(l, err);
}

int case_life_turn(struct case_life *l, bool *ret_all, struct error *err) {
        *ret_all = true;
        for (unsigned i = 0; l->reader && i < CASE_LIFE_RECORDS_A_TURN; i++) {
                struct bus_event event = {.kind = BUS_NONE};
                int r = bus_reader_poll(l->reader, 0, &event, err);

                if (r == 0 && event.kind == BUS_RECORD)
                        r = life_take(l, &event.record, err);
                if (r)
                        return error_trace(r, err);
                if (event.kind != BUS_RECORD)
                        break;
        }
        if (l->reader)
                *ret_all = reader_positions_reached(bus_reader_positions(l->reader));
        return *ret_all ? life_forget(l, err) : 0;
}
