/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Hash table from bytes to pointers
 *
 * Open addressing, grows by doubling. Keys are borrowed: they must live as long as their entry,
 * usually inside the value. Order of iteration is not defined: never let it decide anything.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct table_entry {
        const void *key;
        uint32_t n;
        uint32_t hash;
        void *value; /* NULL: free */
};

struct table {
        struct table_entry *entries;
        size_t n, capacity;
};

/* What bytes come to, for whoever keeps a table of another kind (base/chains.h). */
uint32_t table_hash(const void *key, size_t n);

void table_done(struct table *t); /* frees the entries, not what they point to */

/* The value under the key, or NULL. */
void *table_get(const struct table *t, const void *key, size_t n);

/* Puts or replaces; @value is not NULL. Return: 0 or -ENOMEM. */
int table_put(struct table *t, const void *key, size_t n, void *value) MUSTCHECK;

/* Takes the entry out; returns its value or NULL. */
void *table_remove(struct table *t, const void *key, size_t n);

/* Iterates: for (size_t i = 0; (value = table_next(t, &i));) */
void *table_next(const struct table *t, size_t *at);
