/* SPDX-License-Identifier: EUPL-1.2 */

/* A ring of ids, found by a table. */

#include "connectors/nrc-in/recent.h"

#include <stdlib.h>

const struct recent_row *recent_find(const struct recent *r, const struct uuid *id) {
        return r->n > 0 ? table_get(&r->table, id->bytes, sizeof(id->bytes)) : NULL;
}

void recent_put(struct recent *r, const struct uuid *id, bool refused) {
        struct recent_row *row = r->n > 0 ? table_get(&r->table, id->bytes, sizeof(id->bytes)) : NULL;

        if (row) {
                row->refused = refused;
                return;
        }
        if (!r->rows)
                r->rows = calloc(RECENT_MAX, sizeof(*r->rows));
        if (!r->rows)
                return;
        row = &r->rows[r->at];
        if (r->n == RECENT_MAX)
                (void) table_remove(&r->table, row->id.bytes, sizeof(row->id.bytes));
        *row = (struct recent_row){*id, refused};
        if (table_put(&r->table, row->id.bytes, sizeof(row->id.bytes), row) < 0)
                return; /* and the place is taken by the next */
        r->at = (r->at + 1) % RECENT_MAX;
        if (r->n < RECENT_MAX)
                r->n++;
}

void recent_done(struct recent *r) {
        table_done(&r->table);
        free(r->rows);
        *r = (struct recent){0};
}
