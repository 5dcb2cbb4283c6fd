/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * How each connector stands: what it delivered last, what failed, what stopped it, and who paused it
 *
 * Follows `deliveries` and `connector-orders` on a thread of its own and without a group. Of each connector one row, of CONNECTORS_MAX at most. A
 * connector that takes in and was never given an order has none: nothing on the broker names it.
 *
 * From any thread. What a visitor gets is lent for the call, with all of it locked: it may write into memory, and wait for nothing.
 */

#include "connect/orders.h"
#include "model/config.h"

#define CONNECTORS_MAX 20000      /* names; later ones are not known */
#define CONNECTOR_REASON_MAX 200  /* bytes of a reason that are kept */
#define CONNECTOR_ORGANISATION_MAX 64
#define CONNECTOR_NAME_MAX (BUS_NAME_MAX + CONNECTOR_ORGANISATION_MAX + 1)

struct connectors;

struct connectors_config {
        const struct config *config;
        struct bus *bus;
        struct clock clock;
};

/* A connector or, when it delivers several inboxes, one of these. */
struct connector_row {
        char connector[BUS_NAME_MAX + 1];
        char name[CONNECTOR_NAME_MAX + 1];   /* the connector's; of one of several inboxes "name/organisation", as orders for it alone have it */
        bool many;                           /* it is one of several inboxes */
        char organisation[CONNECTOR_ORGANISATION_MAX + 1]; /* whose inbox it delivers; "": it never delivered anything */
        uint64_t delivered, refused, parked; /* records, of what stands there; what an operator sent again is none of these */
        instant_t delivered_at;              /* the last of them; 0: none */
        struct {
                instant_t at;                /* 0: none */
                int64_t offset;              /* in its inbox */
                int status;                  /* of the receiver; 0: no answer */
                bool parked;
                char reason[CONNECTOR_REASON_MAX + 1];
        } failed;                            /* the last that was refused or parked */
        instant_t stopped_at;                /* its receiver said that it is gone, and it goes on when somebody resumes it; 0: not */
        struct order order;                  /* the one that pauses it, or else the latest; .pauses: it stands still by it */
        struct order whole, alone;           /* the latest that is for all that the connector does, and for this inbox alone */
};

/* What @config points to must outlive it. It reads nothing before it is started or turned. Return: 0; -EINVAL with a sentence; -ENOMEM. */
int connectors_new(const struct connectors_config *config, struct connectors **ret, struct error *err) MUSTCHECK;
/* Starts its thread. Return: 0; -EAGAIN with a sentence. */
int connectors_start(struct connectors *c, struct error *err) MUSTCHECK;
struct connectors *connectors_free(struct connectors *c); /* also while the broker does not answer; NULL ok; returns NULL */
DEFINE_CLEANUP(struct connectors *, connectors_free);

/* One turn of the thread, for whoever has none: takes up what has come, waiting @timeout_ms at most. */
void connectors_turn(struct connectors *c, int timeout_ms);

/* Whether all that stood there when it began has been read. */
bool connectors_ready(struct connectors *c);

/* Each, in the order of names; of @organisation alone when it is not NULL. */
void connectors_each(struct connectors *c, const char *organisation, void (*see)(void *ctx, const struct connector_row *row), void *ctx);

/* The one of this name, or of connector and organisation as orders for an inbox alone have it, copied. Return: false: none is known. */
bool connectors_find(struct connectors *c, const char *name, struct connector_row *ret);
