/* SPDX-License-Identifier: EUPL-1.2 */

/* How an id is called in sentences. */

#include "model/schema_ids.h"

#include <inttypes.h>
#include <stdio.h>

const char *schema_id_print(const struct schema_id *id, char ret[SCHEMA_ID_TEXT_MAX]) {
        char guid[UUID_TEXT + 1];

        if (id->is_guid) {
                uuid_format(&id->guid, guid);
                (void) snprintf(ret, SCHEMA_ID_TEXT_MAX, "GUID %s", guid);
        } else {
                (void) snprintf(ret, SCHEMA_ID_TEXT_MAX, "id %" PRIu32, id->number);
        }
        return ret;
}
