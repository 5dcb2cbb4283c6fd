/* SPDX-License-Identifier: EUPL-1.2 */

/* What every bus does alike with a record. */

#include <assert.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/murmur2.h"

const struct bus_header *bus_record_header(const struct bus_record *record, const char *name) {
        for (size_t i = 0; i < record->headers_n; i++) {
                if (strcmp(record->headers[i].name, name) == 0)
                        return &record->headers[i];
        }
        return NULL;
}

int32_t bus_record_partition(const struct bus_record *record, int32_t partitions, uint32_t turn) {
        assert(partitions > 0);
        if (record->partition == BUS_BY_KEY)
                return record->key ? murmur2_partition(record->key, record->key_n, partitions) : (int32_t)(turn % (uint32_t)partitions);
        return record->partition >= 0 && record->partition < partitions ? record->partition : -1;
}
