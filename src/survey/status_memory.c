/* SPDX-License-Identifier: EUPL-1.2 */

/* Keeps what was read for `status`, and reads on from there. */

#include "survey/status_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"
#include "bus/positions.h"
#include "cluster/topics.h"
#include "connect/brake.h"
#include "connect/orders.h"

#define MEMORY_POLL_MS 100

/* A topic of which what comes is taken in. */
struct recall_topic {
        const char *topic;
        struct bus_reader *reader;
};

/* Dead letters of one code on one day. */
struct recall_code {
        day_t date;
        char *name; /* owned */
        int64_t n;
};

/* What is known of a connector. */
struct recall_connector {
        char *name; /* owned */
        bool looked; /* its deliveries are known */
        struct order order;
        bool stopped;
        struct status_stop stop;
};

struct status_memory {
        struct status_memory_config config;
        struct standing *standing;
        struct logs *logs;
        struct logs_view view;
        struct standing_group *groups;
        size_t groups_n;
        bool has_view;
        bool without_groups; /* the broker cannot be asked for them */
        struct order_codec *orders;
        struct delivery_codec *deliveries;
        struct recall_topic letters, ordered, delivered;
        VECTOR(struct recall_code) codes;
        struct table connectors; /* struct recall_connector, by name */
        uint64_t turn;           /* of deliveries */
        instant_t since;         /* from when on deliveries are followed */
};

int status_memory_new(const struct status_memory_config *config, struct status_memory **ret, struct error *err) {
        CLEANUP(status_memory_free_p) struct status_memory *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        m->config = *config;
        m->letters.topic = TOPIC_DEAD_LETTERS;
        m->ordered.topic = TOPIC_CONNECTOR_ORDERS;
        m->delivered.topic = TOPIC_DELIVERIES;
        r = order_codec_new(config->config->types, &m->orders, err);
        if (r == 0)
                r = delivery_codec_new(config->config->types, &m->deliveries, err);
        if (r == 0)
                r = logs_new(config->kafka, &m->logs, err);
        if (r)
                return error_trace(r, err);
        logs_heed(m->logs, config->enough);
        *ret = TAKE(m);
        return 0;
}

static void recall_drop_codes(struct status_memory *m, day_t before) {
        size_t kept = 0;

        for (size_t i = 0; i < m->codes.n; i++) {
                if (m->codes.items[i].date >= before)
                        m->codes.items[kept++] = m->codes.items[i];
                else
                        free(m->codes.items[i].name);
        }
        m->codes.n = kept;
}

struct status_memory *status_memory_free(struct status_memory *m) {
        struct recall_connector *connector;

        if (!m)
                return NULL;
        bus_reader_close(m->letters.reader);
        bus_reader_close(m->ordered.reader);
        bus_reader_close(m->delivered.reader);
        recall_drop_codes(m, INT32_MAX);
        vector_done(&m->codes);
        for (size_t i = 0; (connector = table_next(&m->connectors, &i));) {
                free(connector->name);
                free(connector);
        }
        table_done(&m->connectors);
        order_codec_free(m->orders);
        delivery_codec_free(m->deliveries);
        standing_free(m->standing);
        logs_free(m->logs);
        free(m);
        return NULL;
}

const struct standing_group *status_memory_groups(const struct status_memory *m, size_t *ret_n) {
        *ret_n = m->groups_n;
        return m->groups;
}

const struct logs_view *status_memory_view(const struct status_memory *m) {
        return m->has_view ? &m->view : NULL;
}

struct logs *status_memory_logs(struct status_memory *m) {
        return m->logs;
}

int status_memory_look(struct status_memory *m, bool any, struct standing **ret, struct standing_group **ret_groups, size_t *ret_n, struct error *err) {
        bool had = m->standing;
        int r;

        m->groups = NULL;
        m->groups_n = 0;
        m->has_view = false;
        if (m->standing) {
                r = standing_refresh(m->standing, err);
        } else {
                r = standing_new(m->config.kafka, m->config.enough, &m->standing, err);
        }
        if (r == 0 && any && !had)
                m->without_groups = standing_is_embedded(m->standing);
        if (r == 0 && !m->without_groups)
                r = standing_groups(m->standing, &m->groups, &m->groups_n, err);
        if (r == 0)
                r = logs_look(m->logs, &m->view, err);
        if (r)
                return error_trace(r, err);
        m->has_view = true;
        *ret = m->standing;
        *ret_groups = m->groups;
        *ret_n = m->groups_n;
        return 0;
}

/* -- Following a topic -- */

typedef int recall_take(struct status_memory *m, struct bus_record *record);

static int recall_read(struct status_memory *m, struct recall_topic *t, recall_take *take, struct error *err) {
        int64_t idle = 0;
        int r = bus_reader_look(t->reader, err);

        while (r == 0 && !reader_positions_reached(bus_reader_positions(t->reader))) {
                struct bus_event event;

                r = bus_reader_poll(t->reader, MEMORY_POLL_MS, &event, err);
                if (r == 0 && event.kind == BUS_RECORD)
                        r = take(m, &event.record);
                idle = r == 0 && event.kind == BUS_NONE ? idle + MEMORY_POLL_MS : 0;
                if (m->config.enough && atomic_load(m->config.enough))
                        return -ECANCELED;
                if (idle < BUS_CALL_MS)
                        continue;
                error_set(err, "%s: the broker was silent for %d s", t->topic, BUS_CALL_MS / 1000);
                return -ETIMEDOUT;
        }
        return r;
}

/* To its present end. What fails is closed: the next time begins anew. */
static int recall_follow(struct status_memory *m, struct recall_topic *t, instant_t from, recall_take *take, void (*forget)(struct status_memory *m),
                         struct error *err) {
        const struct bus_reader_config config = {.topics = &t->topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS, .instant = from,
                                                 .from = from > 0 ? BUS_FROM_INSTANT : BUS_FROM_BEGINNING, .sparing = true,
                                                 .enough = m->config.enough};
        int r = 0;

        if (!t->reader) {
                if (forget)
                        forget(m);
                r = bus_reader_open(m->config.bus, &config, &t->reader, err);
        }
        if (r == 0)
                r = recall_read(m, t, take, err);
        if (r == 0)
                return 0;
        bus_reader_close(t->reader);
        t->reader = NULL;
        return error_trace(r, err);
}

/* -- Dead letters -- */

static int recall_count_code(struct status_memory *m, day_t date, const char *name, size_t n) {
        struct recall_code code = {.date = date, .n = 1};
        size_t of_day = 0;

        for (size_t i = 0; i < m->codes.n; i++) {
                struct recall_code *found = &m->codes.items[i];

                of_day += found->date == date ? 1 : 0;
                if (found->date == date && strlen(found->name) == n && memcmp(found->name, name, n) == 0) {
                        found->n++;
                        return 0;
                }
        }
        if (of_day >= STATUS_CODES_MAX && !text_is((struct text){name, n}, STATUS_CODE_OTHERS)) /* what the header says is not ours */
                return recall_count_code(m, date, STATUS_CODE_OTHERS, strlen(STATUS_CODE_OTHERS));
        code.name = text_dup((struct text){name, n});
        if (!code.name || vector_push(&m->codes, code)) {
                free(code.name);
                return -ENOMEM;
        }
        return 0;
}

static int recall_take_letter(struct status_memory *m, struct bus_record *record) {
        const struct bus_header *code;

        if (bus_record_headers(record))
                return -ENOMEM;
        code = bus_record_header(record, "kw-code");
        return code && code->value && code->n <= BUS_NAME_MAX ? recall_count_code(m, date_of_instant(record->timestamp), code->value, code->n)
                                                             : recall_count_code(m, date_of_instant(record->timestamp), "-", 1);
}

static void recall_forget_codes(struct status_memory *m) {
        recall_drop_codes(m, INT32_MAX);
}

static int recall_code_order(const void *a, const void *b) {
        return strcmp(((const struct status_count *)a)->name, ((const struct status_count *)b)->name);
}

/* The days together. */
static int recall_keep_codes(const struct status_memory *m, struct arena *arena, const struct status_count **ret, size_t *ret_n) {
        struct status_count *counts = arena_calloc(arena, m->codes.n + 1, sizeof(*counts));
        size_t n = 0;

        if (!counts)
                return -ENOMEM;
        for (size_t i = 0; i < m->codes.n; i++) {
                const struct recall_code *code = &m->codes.items[i];
                size_t k = 0;

                while (k < n && strcmp(counts[k].name, code->name) != 0)
                        k++;
                if (k == n) {
                        counts[n].name = arena_copy(arena, code->name, strlen(code->name));
                        if (!counts[n++].name)
                                return -ENOMEM;
                }
                counts[k].n += code->n;
        }
        qsort(counts, n, sizeof(*counts), recall_code_order);
        *ret = counts;
        *ret_n = n;
        return 0;
}

int status_memory_letters(struct status_memory *m, day_t since, struct arena *arena, const struct status_count **ret, size_t *ret_n, struct error *err) {
        int r = recall_follow(m, &m->letters, date_begin(since), recall_take_letter, recall_forget_codes, err);

        recall_drop_codes(m, since);
        return r ? r : recall_keep_codes(m, arena, ret, ret_n);
}

/* -- Connectors -- */

static struct recall_connector *recall_connector_of(struct status_memory *m, struct text name) {
        struct recall_connector *connector = table_get(&m->connectors, name.s, name.n);

        if (connector || m->connectors.n >= STATUS_CONNECTORS_MAX)
                return connector;
        connector = calloc(1, sizeof(*connector));
        if (!connector)
                return NULL;
        connector->name = text_dup(name);
        if (connector->name && table_put(&m->connectors, connector->name, name.n, connector) == 0)
                return connector;
        free(connector->name);
        free(connector);
        return NULL;
}

static int recall_take_order(struct status_memory *m, struct bus_record *record) {
        struct recall_connector *connector;
        struct text name;
        struct order order;

        if (!record->value || !order_decode(m->orders, record->value, record->value_n, &name, &order))
                return 0;
        connector = recall_connector_of(m, name);
        if (!connector)
                return -ENOMEM;
        connector->order = order;
        return 0;
}

static void recall_forget_orders(struct status_memory *m) {
        struct recall_connector *connector;

        for (size_t i = 0; (connector = table_next(&m->connectors, &i));)
                connector->order = (struct order){0};
}

static int recall_pause_order(const void *a, const void *b) {
        return strcmp(((const struct status_pause *)a)->connector, ((const struct status_pause *)b)->connector);
}

int status_memory_pauses(struct status_memory *m, struct arena *arena, const struct status_pause **ret, size_t *ret_n, struct error *err) {
        int r = recall_follow(m, &m->ordered, 0, recall_take_order, recall_forget_orders, err);
        struct status_pause *pauses = r ? NULL : arena_calloc(arena, m->connectors.n + 1, sizeof(*pauses));
        const struct recall_connector *connector;
        size_t n = 0;

        if (!pauses)
                return r ? r : -ENOMEM;
        for (size_t i = 0; (connector = table_next(&m->connectors, &i));) {
                struct status_pause *pause = &pauses[n];

                if (!connector->order.pauses)
                        continue;
                *pause = (struct status_pause){.connector = arena_copy(arena, connector->name, strlen(connector->name)),
                                               .by = arena_copy(arena, connector->order.by, strlen(connector->order.by)),
                                               .reason = arena_copy(arena, connector->order.reason, strlen(connector->order.reason)),
                                               .since = connector->order.at};
                if (!pause->connector || !pause->by || !pause->reason)
                        return -ENOMEM;
                n++;
        }
        qsort(pauses, n, sizeof(*pauses), recall_pause_order);
        *ret = pauses;
        *ret_n = n;
        return 0;
}

#define RECALL_LABEL_MAX 512

/* What is known of the inbox of one organisation stands under the name that orders for it alone have. */
static struct text recall_label(struct text connector, struct text organisation, char ret[RECALL_LABEL_MAX]) {
        (void) snprintf(ret, RECALL_LABEL_MAX, "%.*s" ORDER_SEPARATOR "%.*s", (int)connector.n, connector.s, (int)organisation.n, organisation.s);
        return text_of(ret);
}

static void recall_note_stop(struct recall_connector *connector, const struct delivery_record *latest) {
        connector->looked = true;
        connector->stopped = latest->outcome == DELIVERY_REFUSED && latest->status == DELIVERY_STATUS_GONE;
        connector->stop = (struct status_stop){connector->name, latest->delivered_at, latest->offset};
}

/* Only of who was asked about: for the others it is found when they are. */
static int recall_take_delivery(struct status_memory *m, struct bus_record *record) {
        struct delivery_record delivery;
        struct recall_connector *connector;
        char name[RECALL_LABEL_MAX];
        struct text label;

        if (!record->value || !delivery_decode(m->deliveries, record->value, record->value_n, &delivery))
                return 0;
        label = recall_label(delivery.connector, delivery.organisation, name);
        connector = table_get(&m->connectors, label.s, label.n);
        if (connector && connector->looked)
                recall_note_stop(connector, &delivery);
        return 0;
}

/* What was missed while nobody followed is found anew. */
static void recall_forget_stops(struct status_memory *m) {
        struct recall_connector *connector;

        for (size_t i = 0; (connector = table_next(&m->connectors, &i));)
                connector->looked = false;
}

int status_memory_deliveries(struct status_memory *m, instant_t now, struct error *err) {
        if (m->turn++ == 0) { /* who asks once follows nothing */
                m->since = now;
                return 0;
        }
        if (!m->delivered.reader)
                m->since = now;
        return recall_follow(m, &m->delivered, m->since, recall_take_delivery, recall_forget_stops, err);
}

int status_memory_stop(struct status_memory *m, const char *connector, const char *organisation, instant_t now, struct status_stop *ret, bool *ret_on,
                       struct error *err) {
        char name[RECALL_LABEL_MAX];
        struct recall_connector *known = recall_connector_of(m, recall_label(text_of(connector), text_of(organisation), name));
        struct delivery_record latest;
        bool on = false;
        int r;

        if (!known)
                return -ENOMEM;
        if (!known->looked) {
                r = brake_find(m->config.bus, m->deliveries, connector, organisation, now, &latest, &on, err);
                if (r)
                        return r;
                known->looked = true;
                known->stopped = false;
                if (on)
                        recall_note_stop(known, &latest);
        }
        *ret_on = known->stopped;
        *ret = known->stop;
        return 0;
}
