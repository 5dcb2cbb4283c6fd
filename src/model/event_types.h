/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * All event types, read from the folder of schemas
 *
 * Finds a type by its name and by the fingerprint of a body, with the program that decodes it. Immutable after loading.
 */

#include "model/event_type.h"
#include "model/schema_ids.h"

#define EVENT_TYPES_MAX 512

struct event_types;

/*
 * Reads every .avsc in a folder, and history/<event>/<n>.avsc, whose bodies stay readable.
 * A record whose name does not fit its file, an envelope that is not one, a current schema that is
 * not FULL_TRANSITIVE to its history … is a mistake in @mistakes and -EINVAL.
 * deliveries, audit and connector-orders are no events, and kept apart: see event_types_other().
 */
int event_types_read(const char *folder, struct event_types **ret, struct mistakes *mistakes) MUSTCHECK;
struct event_types *event_types_free(struct event_types *types);
DEFINE_CLEANUP(struct event_types *, event_types_free);

/*
 * What is told must have its schema: a missing one of plan-due, escalation-raised and escalation-resolved is a mistake of @folder. Without
 * event-refused, publishers are told of no refusal.
 */
void event_types_check_outputs(const struct event_types *types, const char *folder, struct mistakes *mistakes);

/* How many there are, and each of them: by place, by name (NULL: none), by what the contract knows it as. Borrowed. */
size_t event_types_count(const struct event_types *types);
const struct event_type *event_types_at(const struct event_types *types, size_t index); /* sorted by name */
const struct event_type *event_types_find(const struct event_types *types, struct text name);
const struct event_type *event_types_known(const struct event_types *types, enum known_type known); /* or NULL */
const struct layout *event_types_other(const struct event_types *types, const char *name); /* "deliveries"; or NULL */

/* Offers the names of the types that may be published to a search for the nearest word. */
void event_types_nearest(const struct event_types *types, struct nearest *nearest);

/* The type and program for a body's fingerprint, current or from the history, in any spelling (avro/canonical.h); false when unknown. */
bool event_types_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program);
/*
 * The same for the id of a schema registry, by whom event_types_ask() named. Return: 0; enum schema_ids_error with a sentence.
 */
int event_types_decoder_of_id(const struct event_types *types, const struct schema_id *id, const struct event_type **ret_type,
                              const struct program **ret_program, struct error *err) MUSTCHECK;
/* Whether that cannot be said now, so that a record with the id waits on. */
bool event_types_id_waits(const struct event_types *types, const struct schema_id *id);
/* Whom to ask for it (NULL: nobody, as at first); borrowed. Before @types are shared with other threads. */
void event_types_ask(struct event_types *types, struct schema_ids *ids);

/* From now on events of this type are written with the id of a registry, not 0, before them; before @types are shared with other threads. */
void event_types_frame(struct event_types *types, const struct event_type *type, uint32_t schema_id);

/* The type whose events are written as the record of this full name; NULL: none. */
const struct event_type *event_types_of_record(const struct event_types *types, const char *full);

/*
 * Appends by which fingerprints of the specification a type is known, and as what: "b61714847ab38fa1 (now, 2), 0dc26a9e7fb6bc24 (1)", the newest first
 * and few of them. They have other spellings, too: fingerprints.json.
 */
#define EVENT_FINGERPRINTS_TOLD 3
void event_types_write_fingerprints(const struct event_types *types, const struct event_type *type, struct buffer *out);

/* As event_types_decoder(), for rows of case-state. Later versions of rows resolve as events do. */
bool event_types_row_decoder(const struct event_types *types, uint64_t fingerprint, const struct event_type **ret_type, const struct program **ret_program);
