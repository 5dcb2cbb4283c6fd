/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* The records of one topic as an Avro container file on a stream: what `tail --format avro` writes. */

#include <stdio.h>

#include "bus/bus.h"
#include "model/event_types.h"

struct tail_avro;

/*
 * Begins the file on @out (borrowed). @topic: of an event type, or of records of our own that have a schema (deliveries, audit); @clear: personal fields too.
 * Return: 0; -EINVAL with a sentence: it holds records of several schemas, or of none; other negative errno with a sentence.
 */
int tail_avro_new(const struct event_types *types, const char *topic, bool clear, FILE *out, struct tail_avro **ret, struct error *err) MUSTCHECK;
struct tail_avro *tail_avro_free(struct tail_avro *t); /* NULL ok; returns NULL */

/* Adds a record; one that no schema reads is counted. Return: 0; negative errno with a sentence. */
int tail_avro_record(struct tail_avro *t, const struct bus_record *record, struct error *err) MUSTCHECK;

/* Writes what there is. Return: 0; negative errno with a sentence. */
int tail_avro_flush(struct tail_avro *t, struct error *err) MUSTCHECK;

/* How many were left out; *why: of the first, with its place. */
uint64_t tail_avro_left_out(const struct tail_avro *t, const struct error **why);
