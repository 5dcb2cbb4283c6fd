/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Schema ids: what the number or the GUID of a schema registry stands for
 *
 * An operation, so that reading an event knows no network: who has a registry (cluster/registry.h) gives it to event_types_ask(). What a
 * registry serves is the schema of the writer alone: defaults, properties and layout are those of our own file.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"

struct event_type;
struct program;

struct schema_id {
        bool is_guid;
        uint32_t number;  /* not is_guid */
        struct uuid guid; /* is_guid */
};

enum schema_ids_error {
        SCHEMA_IDS_E_NONE = 1, /* no registry is configured */
        SCHEMA_IDS_E_WAIT,     /* the registry cannot be asked now: keep the record and try again */
        SCHEMA_IDS_E_UNKNOWN,  /* the registry answers, and has no such schema */
        SCHEMA_IDS_E_UNFIT,    /* it has one that no event type here can be read from */
};

struct schema_ids {
        /*
         * The type and the program by which a body is read that was written with @id; both live as long as this. May take some seconds when the id is
         * new. From any thread. Return: 0; enum schema_ids_error with a sentence.
         */
        int (*find)(struct schema_ids *ids, const struct schema_id *id, const struct event_type **ret_type, const struct program **ret_program,
                    struct error *err);
};

#define SCHEMA_ID_TEXT_MAX 64
/* "id 42", "GUID 6f1d2c1e-…"; returns @ret. */
const char *schema_id_print(const struct schema_id *id, char ret[SCHEMA_ID_TEXT_MAX]);
