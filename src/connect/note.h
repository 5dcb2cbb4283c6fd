/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a connector that carries records out writes besides: rows that it remembers, and what became of records that went out together
 *
 * A few may wait for the broker at once; what becomes of each is told to the connector by its settled().
 */

#include "connect/core.h"
#include "connect/deliveries.h"

#define NOTES_MAX 64 /* that wait for the broker at once */

struct note {
        void *cookie;
        bool open;
};

struct notes { /* zeroed memory has none */
        struct note items[NOTES_MAX];
        size_t open;
};

/* A row of TOPIC_CONNECTOR_KEYS, as runtime_keep(). Return: 0; RUNTIME_E_BUSY; negative errno. */
int notes_keep(struct notes *notes, struct core *c, struct text key, struct text value, void *cookie, struct error *err) MUSTCHECK;

/* A record of `deliveries`. Return: as notes_keep(). */
int notes_deliver(struct notes *notes, struct core *c, const struct delivery_codec *codec, const struct delivery_record *delivery, void *cookie,
                  struct error *err) MUSTCHECK;

/* Takes the broker's word on one of them to the connector. Return: whether it was one. */
bool notes_report(struct notes *notes, struct core *c, const struct bus_report *report);
