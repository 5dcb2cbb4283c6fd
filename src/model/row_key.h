/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Keys of the rows of case-state
 *
 * 33 bytes: case_id (16), one kind byte, an id (16). row_key_write() and row_key_read() are the only ones that know it; they are
 * here because every row that is told or restored goes through them.
 *   f  a fact; id = its event_id
 *   o  an announced obligation; id = UUIDv5 of protocol|norm|instance
 *   a  an alert; id = alert_id
 *   c  a later copy of a fact; id = UUIDv5 of event_id|organisation
 *   x  a case that was forgotten; id of zeros
 * and of no case (case_id of zeros), the marks of whoever writes the rows:
 *   s  a schema of these rows; id = fingerprint, 8 bytes little-endian, 8 of zero; value: its JSON
 *   v  the highest configuration version seen; id of zeros; value: decimal text
 *      and, with the id "partitions" (zeros behind it), for how many partitions of case-state its rows were written
 *      and, with the id "imprint", the version and the imprint of the configuration (model/imprint.h), as text
 * What values hold stands in engine/row.h, that of a fact in model/row_schema.h.
 */

#include <assert.h>

#include "base/uuid.h"

#define ROW_KEY_BYTES 33
#define ROW_PARTITIONS_COPYING INT32_MAX /* so many partitions: a copy into this topic has begun and is not done (ketenwacht state copy) */

enum row_kind { ROW_FACT = 'f', ROW_OBLIGATION = 'o', ROW_ALERT = 'a', ROW_COPY = 'c', ROW_CLOSED = 'x', ROW_SCHEMA = 's', ROW_VERSION = 'v' };

/* Every kind with the name that people read, in the order in which people are shown them. */
#define ROW_KINDS 7
struct row_kind_name {
        enum row_kind kind;
        const char *name;
};
extern const struct row_kind_name row_kinds[ROW_KINDS];

/* The place of a kind in row_kinds, or ROW_KINDS when no kind has that byte. */
size_t row_kind_place(enum row_kind kind);

struct row_key {
        struct uuid case_id;
        enum row_kind kind;
        struct uuid id;
};

/* Writes all bytes of a key. */
static inline void row_key_write(const struct row_key *key, uint8_t ret[ROW_KEY_BYTES]) {
        static_assert(2 * sizeof(struct uuid) + 1 == ROW_KEY_BYTES, "a key is two UUIDs and a kind");
        assert((unsigned)key->kind <= UINT8_MAX);
        memcpy(ret, key->case_id.bytes, sizeof(key->case_id.bytes));
        ret[sizeof(struct uuid)] = (uint8_t)key->kind;
        memcpy(ret + sizeof(struct uuid) + 1, key->id.bytes, sizeof(key->id.bytes));
}

enum row_key_error {
        ROW_KEY_E_LENGTH = 1, /* not as long as a key */
        ROW_KEY_E_KIND,       /* of a kind that this version does not know: *ret has all the same what stands there */
};

/* Reads @n bytes from outside. Return: 0 or enum row_key_error. */
MUSTCHECK static inline int row_key_read(const void *bytes, size_t n, struct row_key *ret) {
        const uint8_t *p = bytes;

        if (n != ROW_KEY_BYTES)
                return ROW_KEY_E_LENGTH;
        memcpy(ret->case_id.bytes, p, sizeof(ret->case_id.bytes));
        ret->kind = (enum row_kind)p[sizeof(struct uuid)];
        memcpy(ret->id.bytes, p + sizeof(struct uuid) + 1, sizeof(ret->id.bytes));
        switch (ret->kind) {
        case ROW_FACT:
        case ROW_OBLIGATION:
        case ROW_ALERT:
        case ROW_COPY:
        case ROW_CLOSED:
        case ROW_SCHEMA:
        case ROW_VERSION:
                return 0;
        }
        return ROW_KEY_E_KIND;
}

/* Whether these bytes are a key of this case. */
bool row_key_is_of_case(const void *bytes, size_t n, const struct uuid *case_id);

/* Whether it belongs to no case but to whoever writes rows: s and v. Nothing in a store follows from such rows. */
static inline bool row_key_is_mark(const struct row_key *key) {
        return key->kind == ROW_SCHEMA || key->kind == ROW_VERSION;
}

/* The keys of the marks. */
struct row_key row_key_of_schema(uint64_t fingerprint);
struct row_key row_key_of_version(void);
struct row_key row_key_of_partitions(void);
struct row_key row_key_of_imprint(void);

/* What a mark says: of which schema (kind s), and whether it is the number of partitions or the imprint (else, kind v, the version). */
uint64_t row_key_fingerprint(const struct row_key *key);
bool row_key_is_partitions(const struct row_key *key);
bool row_key_is_imprint(const struct row_key *key);
