/* SPDX-License-Identifier: EUPL-1.2 */

#include <string.h>

#include "bus/bus.h"

const struct bus_header *bus_record_header(const struct bus_record *record, const char *name) {
        for (size_t i = 0; i < record->headers_n; i++) {
                if (strcmp(record->headers[i].name, name) == 0)
                        return &record->headers[i];
        }
        return NULL;
}
