/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What is true: of each partition the cases with their facts, their tellings and their rows
 *
 * The same structure holds the truth, which only a commit changes, and what a worker thinks while its
 * transaction is open: its view. A view begins as a copy of the truth, becomes the truth with a commit and is
 * copied from it again after an abort. Copying is all there is to it. What a case waits for is its worker's own
 * affair (forget.c) and not copied.
 */

#include "simulation.h"

/* Copies a vector. Out of memory ends the process: there is nobody to tell. */
#define COPY(to, from)                                                                             \
        do {                                                                                       \
                (to)->n = 0;                                                                       \
                if ((from)->n && vector_reserve((to), (from)->n))                                  \
                        abort();                                                                   \
                if ((from)->n)                                                                     \
                        memcpy((to)->items, (from)->items, (from)->n * sizeof(*(from)->items));    \
                (to)->n = (from)->n;                                                               \
        } while (0)

void case_copy(struct ledger_case *to, const struct ledger_case *from) {
        to->id = from->id;
        to->dirty = from->dirty;
        to->closed = from->closed;
        COPY(&to->facts, &from->facts);
        COPY(&to->buried, &from->buried);
        COPY(&to->rows, &from->rows);
        COPY(&to->told.plans, &from->told.plans);
        COPY(&to->told.alerts, &from->told.alerts);
}

void case_done(struct ledger_case *c) {
        vector_done(&c->facts);
        vector_done(&c->buried);
        vector_done(&c->rows);
        vector_done(&c->told.plans);
        vector_done(&c->told.alerts);
}

struct ledger_case *ledger_find(const struct ledger_part *part, const struct uuid *id) {
        for (size_t i = 0; i < part->cases.n; i++) {
                if (uuid_equal(&part->cases.items[i]->id, id))
                        return part->cases.items[i];
        }
        return NULL;
}

struct ledger_case *ledger_get(struct ledger_part *part, const struct uuid *id) {
        struct ledger_case *c = ledger_find(part, id);

        if (c)
                return c;
        c = calloc(1, sizeof(*c));
        if (!c || vector_push(&part->cases, c))
                abort();
        c->id = *id;
        return c;
}

/* Takes out a row of a case, for its tombstone. */
static void take_row(struct ledger_part *part, const struct uuid *case_id, size_t i) {
        struct ledger_case *c = ledger_find(part, case_id);

        if (!c)
                abort(); /* marks have no tombstones */
        memmove(&c->rows.items[i], &c->rows.items[i + 1], (c->rows.n - i - 1) * sizeof(*c->rows.items));
        c->rows.n--;
}

void ledger_put_row(struct ledger_part *part, const struct row *row) {
        static const struct uuid nobody;
        struct uuid case_id;
        struct row *rows;
        size_t n;

        memcpy(case_id.bytes, row->key, sizeof(case_id.bytes));
        part->dirty = true;
        if (uuid_equal(&case_id, &nobody)) {
                rows = part->marks.items;
                n = part->marks.n;
        } else {
                struct ledger_case *c = ledger_get(part, &case_id);

                c->dirty = true;
                rows = c->rows.items;
                n = c->rows.n;
        }
        for (size_t i = 0; i < n; i++) {
                if (memcmp(rows[i].key, row->key, ROW_KEY_BYTES) == 0) {
                        if (row->value)
                                rows[i] = *row;
                        else
                                take_row(part, &case_id, i);
                        return;
                }
        }
        if (!row->value)
                return;
        if (uuid_equal(&case_id, &nobody) ? vector_push(&part->marks, *row) : vector_push(&ledger_get(part, &case_id)->rows, *row))
                abort();
}

static void take_frame(struct ledger_part *to, const struct ledger_part *from) {
        COPY(&to->marks, &from->marks);
        to->told_at = from->told_at;
        to->version = from->version;
        to->serial = from->serial;
        to->dirty = false;
}

void ledger_copy(struct ledger_part *to, const struct ledger_part *from) {
        ledger_done(to);
        take_frame(to, from);
        for (size_t i = 0; i < from->cases.n; i++) {
                struct ledger_case *c = ledger_get(to, &from->cases.items[i]->id);

                case_copy(c, from->cases.items[i]);
                c->dirty = false;
        }
}

void ledger_take(struct ledger_part *to, struct ledger_part *from) {
        static const struct ledger_case nothing;

        for (size_t i = 0; i < from->cases.n; i++) {
                struct ledger_case *c = ledger_get(to, &from->cases.items[i]->id);

                if (from->cases.items[i]->dirty || c->dirty)
                        case_copy(c, from->cases.items[i]);
                c->dirty = from->cases.items[i]->dirty = false;
        }
        for (size_t i = 0; i < to->cases.n; i++) { /* cases that never were: empty */
                struct ledger_case *c = to->cases.items[i], empty = nothing;

                if (!c->dirty)
                        continue;
                empty.id = c->id;
                case_copy(c, &empty);
        }
        take_frame(to, from);
        from->dirty = false;
}

void ledger_done(struct ledger_part *part) {
        for (size_t i = 0; i < part->cases.n; i++) {
                case_done(part->cases.items[i]);
                free(part->cases.items[i]);
        }
        vector_done(&part->cases);
        vector_done(&part->marks);
        *part = (struct ledger_part){0};
}
