/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * A small municipality: takes what `webhook` delivers, and counts it
 *
 * Answers every POST with 204 and knows a repetition by the id of the CloudEvent, in its header or in its
 * body. One thread of its own on 127.0.0.1; connections, bodies and memory are bounded.
 */

#include <stdint.h>

#include "base/error.h"

#define RECEIVER_CONNECTIONS_MAX 64
#define RECEIVER_BODY_MAX ((size_t)4 << 20)
#define RECEIVER_IDS_MAX 2000000

struct receiver;

/* Return: 0; negative errno with a sentence. */
int receiver_start(struct receiver **ret, struct error *err) MUSTCHECK;
struct receiver *receiver_stop(struct receiver *receiver); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct receiver *, receiver_stop);

/* The port on which it listens, chosen by the system. */
uint16_t receiver_port(const struct receiver *receiver);

/* Deliveries with an id of their own, and those that came again. From any thread. */
struct receiver_counts {
        int64_t deliveries, repeated;
};
struct receiver_counts receiver_counts(struct receiver *receiver);
