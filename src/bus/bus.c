/* SPDX-License-Identifier: EUPL-1.2 */

/* What every bus does alike with a record, and with all records of a reader. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/murmur2.h"

#define READING_POLL_MS 1000 /* the patience of a reading is counted in these */

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

int bus_reader_each(struct bus_reader *r, const struct bus_reading *reading, struct error *err) {
        unsigned patience = reading->patience ? reading->patience : BUS_READING_PATIENCE;

        for (unsigned idle = 0; idle < patience;) {
                struct bus_event event;
                int result = bus_reader_poll(r, READING_POLL_MS, &event, err);

                if (result == 0 && event.kind == BUS_RECORD)
                        result = reading->record(reading->ctx, &event.record, err);
                if (result || event.kind == BUS_END)
                        return result;
                idle = event.kind == BUS_RECORD ? 0 : idle + 1;
        }
        error_set(err, "the broker has sent nothing of %s for %u seconds", reading->what, patience);
        return -ETIMEDOUT;
}
