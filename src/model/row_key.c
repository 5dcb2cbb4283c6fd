/* SPDX-License-Identifier: EUPL-1.2 */

/* The kinds of rows with their names, and the keys of those that belong to no case. */

#include "model/row_key.h"

#include <assert.h>

#include "base/vector.h"

#define PARTITIONS "partitions"
#define IMPRINT "imprint"

static_assert(sizeof(PARTITIONS) <= sizeof(struct uuid) && sizeof(IMPRINT) <= sizeof(struct uuid), "the id of a mark has room for its word");

const struct row_kind_name row_kinds[ROW_KINDS] = {
        {ROW_FACT, "fact"},     {ROW_OBLIGATION, "obligation"}, {ROW_ALERT, "alert"},     {ROW_COPY, "copy"},
        {ROW_CLOSED, "closed"}, {ROW_SCHEMA, "schema"},         {ROW_VERSION, "version"},
};

size_t row_kind_place(enum row_kind kind) {
        size_t i = 0;

        while (i < ROW_KINDS && row_kinds[i].kind != kind)
                i++;
        return i;
}

bool row_key_is_of_case(const void *bytes, size_t n, const struct uuid *case_id) {
        return n == ROW_KEY_BYTES && memcmp(bytes, case_id->bytes, sizeof(case_id->bytes)) == 0;
}

struct row_key row_key_of_schema(uint64_t fingerprint) {
        struct row_key key = {.kind = ROW_SCHEMA};

        for (unsigned i = 0; i < sizeof(fingerprint); i++)
                key.id.bytes[i] = (uint8_t)(fingerprint >> (8 * i));
        return key;
}

struct row_key row_key_of_version(void) {
        return (struct row_key){.kind = ROW_VERSION};
}

struct row_key row_key_of_partitions(void) {
        struct row_key key = {.kind = ROW_VERSION};

        memcpy(key.id.bytes, PARTITIONS, strlen(PARTITIONS));
        return key;
}

struct row_key row_key_of_imprint(void) {
        struct row_key key = {.kind = ROW_VERSION};

        memcpy(key.id.bytes, IMPRINT, strlen(IMPRINT));
        return key;
}

uint64_t row_key_fingerprint(const struct row_key *key) {
        uint64_t fingerprint = 0;

        assert(key->kind == ROW_SCHEMA);
        for (unsigned i = 0; i < sizeof(fingerprint); i++)
                fingerprint |= (uint64_t)key->id.bytes[i] << (8 * i);
        return fingerprint;
}

bool row_key_is_partitions(const struct row_key *key) {
        const struct row_key partitions = row_key_of_partitions();

        return key->kind == ROW_VERSION && uuid_equal(&key->case_id, &partitions.case_id) && uuid_equal(&key->id, &partitions.id);
}

bool row_key_is_imprint(const struct row_key *key) {
        const struct row_key imprint = row_key_of_imprint();

        return key->kind == ROW_VERSION && uuid_equal(&key->case_id, &imprint.case_id) && uuid_equal(&key->id, &imprint.id);
}
