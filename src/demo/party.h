/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * An organisation with a Kafka client of its own, for the demonstration
 *
 * It takes part through two topics alone, as its credentials would have it: it writes its events to its outbox, where `admission` finds
 * them, and reads what it is told in its inbox, as the group of that name. One thread.
 */

#include "bus/bus.h"
#include "demo/tape.h"
#include "model/config.h"

#define PARTY_SENT_MS 10000 /* for the broker to acknowledge what is written */
#define PARTY_POLL_MS 20

struct party;

struct party_config {
        const struct config *config; /* must outlive it */
        struct bus *bus;
        const struct organisation *organisation;
};

/* Joins the group of its inbox. Return: 0; -ENOMEM; negative errno with a sentence. */
int party_open(const struct party_config *config, struct party **ret, struct error *err) MUSTCHECK;
struct party *party_free(struct party *party); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct party *, party_free);

/* Whether an item of the tape is its own. NULL: nobody. */
bool party_owns(const struct party *party, const struct tape_item *item);

/* Writes @n items of its own in their order, and waits until all are acknowledged. Return: 0; negative errno with a sentence. */
int party_write(struct party *party, const struct tape_item *items, size_t n, struct error *err) MUSTCHECK;

/* Reads all that stands in its inbox now, waiting for it, and says to the broker that it is done with it. Return: 0; negative errno with a sentence. */
int party_collect(struct party *party, struct error *err) MUSTCHECK;

/* What it wrote, and what it read. */
struct party_counts {
        int64_t written, read;
};
struct party_counts party_counts(const struct party *party);
