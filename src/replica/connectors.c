/* SPDX-License-Identifier: EUPL-1.2 */

/* Follows deliveries and orders, and keeps of each connector how it stands. */

#include "replica/connectors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"
#include "base/vector.h"
#include "cluster/topics.h"
#include "connect/deliveries.h"
#include "replica/follower.h"

struct connector_kept {
        struct connector_row row;
        char inbox[CONNECTOR_NAME_MAX + 1]; /* its key among those that deliver */
};

struct connectors {
        struct follower follower;
        struct delivery_codec *deliveries;
        struct order_codec *orders;
        pthread_mutex_t lock; /* over what follows */
        struct table by_name;  /* rows, by their names */
        struct table by_inbox; /* rows that deliver, by connector and organisation */
        struct table first;    /* of each connector its first row, by its name */
        VECTOR(struct connector_row *) rows; /* in the order of names; each the first of a struct connector_kept */
        bool ready;
};

/* -- Rows -- */

static size_t connectors_place(const struct connectors *c, const char *name) {
        size_t low = 0, high = c->rows.n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(c->rows.items[middle]->name, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void connectors_insert(struct connectors *c, struct connector_row *row) {
        size_t at = connectors_place(c, row->name);

        memmove(c->rows.items + at + 1, c->rows.items + at, (c->rows.n - at) * sizeof(struct connector_row *));
        c->rows.items[at] = row;
        c->rows.n++;
}

/* "webhooks", of a row that is one of several: "webhooks/gm0014". */
static void connectors_call(struct connector_row *row) {
        if (row->many)
                (void) snprintf(row->name, sizeof(row->name), "%s" ORDER_SEPARATOR "%s", row->connector, row->organisation);
        else
                (void) snprintf(row->name, sizeof(row->name), "%s", row->connector);
}

static int connectors_add(struct connectors *c, struct text connector, struct text organisation, bool many, struct connector_row **ret) {
        struct connector_kept *kept = calloc(1, sizeof(*kept));
        struct connector_row *row = kept ? &kept->row : NULL;

        if (!row || vector_reserve(&c->rows, 1)) {
                free(row);
                return -ENOMEM;
        }
        memcpy(row->connector, connector.s, connector.n);
        if (organisation.n > 0)
                memcpy(row->organisation, organisation.s, organisation.n);
        row->many = many;
        connectors_call(row);
        if (table_put(&c->by_name, row->name, strlen(row->name), row)) {
                free(row);
                return -ENOMEM;
        }
        connectors_insert(c, row);
        *ret = row;
        return table_get(&c->first, row->connector, connector.n) ? 0 : table_put(&c->first, row->connector, connector.n, row);
}

/* Another inbox of its connector was seen: it is called by its own from now on. */
static int connectors_rename(struct connectors *c, struct connector_row *row) {
        size_t at = connectors_place(c, row->name);

        (void) table_remove(&c->by_name, row->name, strlen(row->name));
        memmove(c->rows.items + at, c->rows.items + at + 1, (c->rows.n - at - 1) * sizeof(struct connector_row *));
        c->rows.n--;
        row->many = true;
        connectors_call(row);
        connectors_insert(c, row);
        return table_put(&c->by_name, row->name, strlen(row->name), row);
}

static bool connectors_may_keep(const struct connectors *c, struct text connector, struct text organisation) {
        return connector.n > 0 && connector.n <= BUS_NAME_MAX && !memchr(connector.s, '\0', connector.n) && organisation.n <= CONNECTOR_ORGANISATION_MAX &&
               !memchr(organisation.s ? organisation.s : "", '\0', organisation.n) && c->rows.n < CONNECTORS_MAX;
}

/* A row of an inbox that has none yet: that of the connector when it has no inbox yet, else a new one. */
static int connectors_take_inbox(struct connectors *c, struct text connector, struct text organisation, struct connector_row **ret) {
        struct connector_row *first = table_get(&c->first, connector.s, connector.n);
        int r = 0;

        if (first && !first->organisation[0]) {
                memcpy(first->organisation, organisation.s, organisation.n);
                *ret = first;
                return 0;
        }
        if (first && !first->many)
                r = connectors_rename(c, first);
        if (r == 0)
                r = connectors_add(c, connector, organisation, first != NULL, ret);
        if (r == 0 && first)
                (*ret)->whole = first->whole;
        return r;
}

/* *ret is NULL for a name that cannot be kept. @organisation empty: the connector itself. */
static int connectors_row(struct connectors *c, struct text connector, struct text organisation, struct connector_row **ret) {
        char key[CONNECTOR_NAME_MAX + 1];
        int n, r;

        *ret = NULL;
        if (organisation.n == 0) {
                *ret = table_get(&c->first, connector.s, connector.n);
                return *ret || !connectors_may_keep(c, connector, organisation) ? 0 : connectors_add(c, connector, organisation, false, ret);
        }
        if (connector.n > BUS_NAME_MAX || organisation.n > CONNECTOR_ORGANISATION_MAX)
                return 0;
        n = snprintf(key, sizeof(key), "%.*s" ORDER_SEPARATOR "%.*s", (int)connector.n, connector.s, (int)organisation.n, organisation.s);
        *ret = table_get(&c->by_inbox, key, (size_t)n);
        if (*ret || !connectors_may_keep(c, connector, organisation))
                return 0;
        r = connectors_take_inbox(c, connector, organisation, ret);
        if (r)
                return r;
        memcpy(((struct connector_kept *)*ret)->inbox, key, (size_t)n);
        return table_put(&c->by_inbox, ((struct connector_kept *)*ret)->inbox, (size_t)n, *ret);
}

static void connectors_see_failure(struct connector_row *row, const struct delivery_record *d) {
        row->failed.at = d->delivered_at;
        row->failed.offset = d->offset;
        row->failed.status = d->status;
        row->failed.parked = d->outcome == DELIVERY_PARKED;
        (void) snprintf(row->failed.reason, sizeof(row->failed.reason), "%.*s", (int)(d->reason.n < CONNECTOR_REASON_MAX ? d->reason.n : CONNECTOR_REASON_MAX),
                        d->reason.s ? d->reason.s : "");
}

/*
 * A brake is on while its mark is the latest of all but what stands there without a try because an operator sent a dead letter again, which is no delivery
 * (connect/deliveries.h); nor is what takes the brake off, a refusal that nobody gave.
 */
static void connectors_see_delivery(struct connector_row *row, const struct delivery_record *d) {
        const bool untried = d->outcome == DELIVERY_PARKED && d->attempts == 0;
        const bool again = untried && d->reason.n >= strlen(DELIVERY_AGAIN) && memcmp(d->reason.s, DELIVERY_AGAIN, strlen(DELIVERY_AGAIN)) == 0;
        const bool released = d->outcome == DELIVERY_REFUSED && d->attempts == 0 && d->status == 0;

        if (!untried)
                row->stopped_at = d->outcome == DELIVERY_REFUSED && d->status == DELIVERY_STATUS_GONE ? d->delivered_at : 0;
        if (again || released)
                return;
        row->delivered += d->outcome == DELIVERY_DELIVERED;
        row->refused += d->outcome == DELIVERY_REFUSED;
        row->parked += d->outcome == DELIVERY_PARKED;
        if (d->outcome == DELIVERY_DELIVERED)
                row->delivered_at = d->delivered_at;
        else
                connectors_see_failure(row, d);
}

/* What pauses it comes first. */
static void connectors_see_orders(struct connector_row *row) {
        row->order = row->whole.pauses ? row->whole : row->alone.pauses ? row->alone : row->whole.at > row->alone.at ? row->whole : row->alone;
}

static int connectors_take_order(struct connectors *c, struct text name, const struct order *order) {
        const char *separator = memmem(name.s, name.n, ORDER_SEPARATOR, strlen(ORDER_SEPARATOR));
        struct text connector = separator ? (struct text){name.s, (size_t)(separator - name.s)} : name, organisation = {0};
        struct connector_row *row;
        int r;

        if (separator)
                organisation = (struct text){separator + strlen(ORDER_SEPARATOR), name.n - connector.n - strlen(ORDER_SEPARATOR)};
        r = connectors_row(c, connector, organisation, &row);
        if (r || !row)
                return r;
        if (separator) {
                row->alone = *order;
                connectors_see_orders(row);
                return 0;
        }
        row->whole = *order;
        connectors_see_orders(row);
        for (size_t i = 0; row->many && i < c->rows.n; i++) {
                struct connector_row *of = c->rows.items[i];

                if (strcmp(of->connector, row->connector) != 0)
                        continue;
                of->whole = *order;
                connectors_see_orders(of);
        }
        return 0;
}

static int connectors_take_locked(struct connectors *c, const struct bus_record *record) {
        struct connector_row *row = NULL;
        struct delivery_record delivery;
        struct order order;
        struct text name;
        int r = 0;

        if (strcmp(record->topic, TOPIC_DELIVERIES) == 0) {
                if (!delivery_decode(c->deliveries, record->value, record->value_n, &delivery))
                        return 0;
                r = connectors_row(c, delivery.connector, delivery.organisation, &row);
                if (r || !row)
                        return r;
                connectors_see_orders(row);
                connectors_see_delivery(row, &delivery);
        } else if (order_decode(c->orders, record->value, record->value_n, &name, &order)) {
                r = connectors_take_order(c, name, &order);
        }
        return r;
}

/* -- Following -- */

static int connectors_take(void *ctx, struct bus_record *record, struct error *err) {
        struct connectors *c = ctx;
        int r;

        (void) pthread_mutex_lock(&c->lock);
        r = connectors_take_locked(c, record);
        (void) pthread_mutex_unlock(&c->lock);
        if (r)
                error_set(err, "no memory for a connector");
        return r;
}

static void connectors_reached(void *ctx) {
        struct connectors *c = ctx;

        (void) pthread_mutex_lock(&c->lock);
        c->ready = true;
        (void) pthread_mutex_unlock(&c->lock);
}

static void connectors_forget(struct connectors *c) {
        for (size_t i = 0; i < c->rows.n; i++)
                free(c->rows.items[i]);
        table_done(&c->by_name);
        table_done(&c->by_inbox);
        table_done(&c->first);
        c->by_name = c->by_inbox = c->first = (struct table){0};
        c->rows.n = 0;
}

/* What is read once more would be counted once more, so each opening begins with nothing. */
static void connectors_failed(void *ctx, bool anew, const char *why) {
        struct connectors *c = ctx;

        (void) anew;
        (void) pthread_mutex_lock(&c->lock);
        if (!why[0]) {
                connectors_forget(c);
                c->ready = false;
        }
        (void) pthread_mutex_unlock(&c->lock);
}

void connectors_turn(struct connectors *c, int timeout_ms) {
        follower_turn(&c->follower, timeout_ms);
}

/* -- Life -- */

int connectors_new(const struct connectors_config *config, struct connectors **ret, struct error *err) {
        static const char *const topics[] = {TOPIC_DELIVERIES, TOPIC_CONNECTOR_ORDERS};
        CLEANUP(connectors_free_p) struct connectors *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        (void) pthread_mutex_init(&c->lock, NULL);
        follower_init(&c->follower, &(struct follower_config){.bus = config->bus, .clock = config->clock, .topics = topics, .topics_n = ELEMENTS(topics),
                                                              .record = connectors_take, .reached = connectors_reached, .failed = connectors_failed, .ctx = c});
        r = delivery_codec_new(config->config->types, &c->deliveries, err);
        if (r == 0)
                r = order_codec_new(config->config->types, &c->orders, err);
        if (r)
                return r;
        *ret = TAKE(c);
        return 0;
}

int connectors_start(struct connectors *c, struct error *err) {
        return follower_start(&c->follower, err);
}

struct connectors *connectors_free(struct connectors *c) {
        if (!c)
                return NULL;
        follower_done(&c->follower);
        connectors_forget(c);
        vector_done(&c->rows);
        delivery_codec_free(c->deliveries);
        order_codec_free(c->orders);
        (void) pthread_mutex_destroy(&c->lock);
        free(c);
        return NULL;
}

/* -- Asking -- */

bool connectors_ready(struct connectors *c) {
        bool ready;

        (void) pthread_mutex_lock(&c->lock);
        ready = c->ready;
        (void) pthread_mutex_unlock(&c->lock);
        return ready;
}

void connectors_each(struct connectors *c, const char *organisation, void (*see)(void *ctx, const struct connector_row *row), void *ctx) {
        (void) pthread_mutex_lock(&c->lock);
        for (size_t i = 0; i < c->rows.n; i++) {
                if (!organisation || strcmp(c->rows.items[i]->organisation, organisation) == 0)
                        see(ctx, c->rows.items[i]);
        }
        (void) pthread_mutex_unlock(&c->lock);
}

bool connectors_find(struct connectors *c, const char *name, struct connector_row *ret) {
        const struct connector_row *row;

        (void) pthread_mutex_lock(&c->lock);
        row = table_get(&c->by_name, name, strlen(name));
        if (!row)
                row = table_get(&c->by_inbox, name, strlen(name)); /* the only inbox, by the name that orders for it alone have */
        if (row)
                *ret = *row;
        (void) pthread_mutex_unlock(&c->lock);
        return row != NULL;
}
