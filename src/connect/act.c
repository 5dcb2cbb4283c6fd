/* SPDX-License-Identifier: EUPL-1.2 */

/* Acts of an operator on a connector: what stands there is read, and what follows is written in one transaction. */

#include "connect/act.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cluster/audit.h"
#include "cluster/topics.h"
#include "connect/brake.h"

#define ACT_ID "ketenwacht-connector-orders" /* of two acts at once one fails */
#define ACT_BYTES_MAX 65536
#define ACT_OBJECT "connector/"
#define ACT_OBJECT_MAX 512
#define ACT_RESUMED_REASON "resumed by an operator"

struct acting {
        const struct connector_act *act;
        instant_t now;
        struct order_codec *orders;
        struct delivery_codec *deliveries;
        struct audit_codec *audit;
        struct bus_producer *producer;
        char name[ACT_OBJECT_MAX]; /* for whom the order is */
        struct buffer body;
};

static int acting_open(struct acting *a, const struct connector_act *act, struct error *err) {
        int r;

        assert(act->by && strlen(act->by) <= ORDER_BY_MAX && (!act->reason || strlen(act->reason) <= ORDER_REASON_MAX));
        assert(!act->alone || act->organisation);
        *a = (struct acting){.act = act, .now = clock_realtime(&act->clock), .body = BUFFER_INIT(ACT_BYTES_MAX)};
        (void) snprintf(a->name, sizeof(a->name), "%s%s%s", act->connector, act->alone ? ORDER_SEPARATOR : "", act->alone ? act->organisation : "");
        r = order_codec_new(act->types, &a->orders, err);
        if (r == 0)
                r = delivery_codec_new(act->types, &a->deliveries, err);
        return r ? r : audit_codec_new(act->types, &a->audit, err);
}

static void acting_done(struct acting *a) {
        bus_producer_close(a->producer);
        buffer_done(&a->body);
        order_codec_free(a->orders);
        delivery_codec_free(a->deliveries);
        audit_codec_free(a->audit);
}

/* -- One transaction -- */

/* Opened late, so that who has nothing to do disturbs nobody. */
static int acting_begin(struct acting *a, struct error *err) {
        static const char *const topics[] = {TOPIC_AUDIT, TOPIC_CONNECTOR_ORDERS, TOPIC_DELIVERIES};
        const struct bus_producer_config config = {.transactional_id = ACT_ID, .topics = topics, .topics_n = ELEMENTS(topics)};

        return error_trace(bus_producer_open(a->act->bus, &config, &a->producer, err), err);
}

/* The record is of what stands in the body. */
static int acting_send(const struct acting *a, const struct bus_record *record, struct error *err) {
        int r = a->body.failed ? -ENOMEM : bus_producer_send(a->producer, record, NULL, err);

        if (r > 0)
                error_set(err, "the broker did not take the order for %s; try again", a->name);
        return r > 0 ? -EIO : r;
}

static struct text acting_text(const char *text) {
        return text_of(text ? text : "");
}

static int acting_audit(struct acting *a, const char *action, struct error *err) {
        char object[ACT_OBJECT_MAX + sizeof(ACT_OBJECT)];
        struct bus_record record;

        (void) snprintf(object, sizeof(object), ACT_OBJECT "%s", a->name);
        buffer_clear(&a->body);
        audit_encode(a->audit,
                     &(struct audit_record){.at = a->now, .user = text_of(a->act->by), .roles = acting_text(a->act->roles),
                                            .organisation = acting_text(a->act->of), .address = acting_text(a->act->address),
                                            .action = text_of(action), .object = text_of(object), .result = TEXT_OF(AUDIT_DONE),
                                            .reason = acting_text(a->act->reason)},
                     &a->body);
        record = audit_bus_record(&a->body);
        return acting_send(a, &record, err);
}

static int acting_order(struct acting *a, bool pauses, struct error *err) {
        struct order order = {.at = a->now, .pauses = pauses};
        struct bus_record record;

        (void) snprintf(order.by, sizeof(order.by), "%s", a->act->by);
        (void) snprintf(order.reason, sizeof(order.reason), "%s", a->act->reason ? a->act->reason : "");
        buffer_clear(&a->body);
        order_encode(a->orders, a->name, &order, &a->body);
        record = order_bus_record(a->name, &a->body);
        return acting_send(a, &record, err);
}

/* Behind the mark of the stop, as the connector's latest record: so the brake is off. */
static int acting_release(struct acting *a, const struct delivery_record *gone, struct error *err) {
        struct delivery_record released = *gone;
        struct bus_record record;

        released.delivered_at = a->now;
        released.organisation = text_of(a->act->organisation);
        released.connector = text_of(a->act->connector);
        released.status = 0;
        released.attempts = 0;
        released.reason = TEXT_OF(ACT_RESUMED_REASON);
        buffer_clear(&a->body);
        delivery_encode(a->deliveries, &released, &a->body);
        record = delivery_bus_record(a->act->connector, &a->body);
        return acting_send(a, &record, err);
}

static int acting_commit(const struct acting *a, struct error *err) {
        int r = bus_producer_commit(a->producer, NULL, err);

        if (r > 0)
                error_set(err, "the broker did not take the order for %s; try again", a->name);
        return r > 0 ? -EIO : r;
}

/* Whether the only inbox of a connector was paused as if it were one of several (by who saw only it): then that order is the one that holds. */
static int acting_find_alone(struct acting *a, struct order *latest, struct error *err) {
        char alone[ACT_OBJECT_MAX];
        struct order order;
        int r;

        if (latest->pauses || !a->act->organisation || a->act->alone)
                return 0;
        (void) snprintf(alone, sizeof(alone), "%s" ORDER_SEPARATOR "%s", a->act->connector, a->act->organisation);
        r = orders_latest(a->act->bus, a->orders, alone, &order, err);
        if (r || !order.pauses)
                return r;
        *latest = order;
        memcpy(a->name, alone, sizeof(alone));
        return 0;
}

/* -- Pausing -- */

static int acting_pause(struct acting *a, struct error *err) {
        char since[INSTANT_TEXT + 1];
        struct order latest;
        int r = orders_latest(a->act->bus, a->orders, a->name, &latest, err);

        if (r == 0)
                r = acting_find_alone(a, &latest, err);
        if (r)
                return r;
        if (latest.pauses) {
                instant_format(latest.at, since);
                error_set(err, "%s is paused already, since %s by %s: %s", a->name, since, latest.by, latest.reason);
                return ACT_E_NOTHING;
        }
        r = acting_begin(a, err);
        if (r == 0)
                r = acting_audit(a, AUDIT_PAUSE, err);
        if (r == 0)
                r = acting_order(a, true, err);
        return r ? r : acting_commit(a, err);
}

int act_pause(const struct connector_act *act, struct error *err) {
        struct acting a;
        int r;

        assert(act->reason && act->reason[0]);
        r = acting_open(&a, act, err);
        if (r == 0)
                r = acting_pause(&a, err);
        acting_done(&a);
        return r;
}

/* -- Going on -- */

static int acting_resume(struct acting *a, struct act_resumed *ret, struct error *err) {
        struct delivery_record gone = {0};
        struct order latest;
        int r = orders_latest(a->act->bus, a->orders, a->name, &latest, err);

        if (r == 0)
                r = acting_find_alone(a, &latest, err);
        if (r == 0 && a->act->organisation)
                r = brake_find(a->act->bus, a->deliveries, a->act->connector, a->act->organisation, a->now, &gone, &ret->was_stopped, err);
        if (r)
                return r;
        ret->was_paused = latest.pauses;
        ret->paused_since = latest.at;
        ret->offset = gone.offset;
        if (!ret->was_paused && !ret->was_stopped) {
                error_set(err, "%s is not paused, and was not stopped by its target; there is nothing to resume", a->name);
                return ACT_E_NOTHING;
        }
        r = acting_begin(a, err);
        if (r == 0)
                r = acting_audit(a, AUDIT_RESUME, err);
        if (r == 0 && ret->was_paused)
                r = acting_order(a, false, err);
        if (r == 0 && ret->was_stopped)
                r = acting_release(a, &gone, err);
        return r ? r : acting_commit(a, err);
}

int act_resume(const struct connector_act *act, struct act_resumed *ret, struct error *err) {
        struct acting a;
        int r = acting_open(&a, act, err);

        *ret = (struct act_resumed){0};
        if (r == 0)
                r = acting_resume(&a, ret, err);
        acting_done(&a);
        return r;
}
