/* SPDX-License-Identifier: EUPL-1.2 */

/* The log of the broker in memory: topics, their records, transactions. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bus/memory/log.h"

#define CHUNK_BYTES ((size_t)32 << 10) /* a larger record has one of its own */

static void delete_entry(struct memory_partition *p, struct memory_entry *e) {
        struct memory_chunk *chunk = e->chunk;

        if (!e->bytes)
                return;
        e->bytes = NULL;
        if (--chunk->live)
                return;
        chunk->used = 0;
        if (chunk != p->filling)
                free(chunk);
}

static void topic_free(struct memory_topic *t) {
        for (int32_t i = 0; t->partitions && i < t->n; i++) {
                struct memory_partition *p = &t->partitions[i];

                for (size_t k = 0; k < p->entries.n; k++)
                        delete_entry(p, &p->entries.items[k]);
                free(p->filling);
                vector_done(&p->entries);
        }
        free(t->partitions);
        free(t->name);
        free(t);
}

void memory_log_done(struct memory *m) {
        struct memory_topic *t;

        for (size_t i = 0; (t = table_next(&m->topics, &i));)
                topic_free(t);
        table_done(&m->topics);
        while (m->txns) {
                struct memory_txn *next = m->txns->next;

                vector_done(&m->txns->touched);
                free(m->txns->id);
                free(m->txns);
                m->txns = next;
        }
        while (m->fates) {
                struct memory_fate *next = m->fates->next;

                free(m->fates);
                m->fates = next;
        }
}

int memory_topic_new(struct memory *m, const char *name, int32_t partitions) {
        struct memory_topic *t = calloc(1, sizeof(*t));
        int r;

        assert(partitions > 0 && !memory_topic_find(m, name));
        if (!t)
                return -ENOMEM;
        t->n = partitions;
        t->name = strdup(name);
        t->partitions = calloc((size_t)partitions, sizeof(*t->partitions));
        r = t->name && t->partitions ? table_put(&m->topics, t->name, strlen(t->name), t) : -ENOMEM;
        if (r) {
                topic_free(t);
                return r;
        }
        for (int32_t p = 0; p < partitions; p++) {
                t->partitions[p].topic = t;
                t->partitions[p].number = p;
        }
        return 0;
}

struct memory_topic *memory_topic_find(const struct memory *m, const char *name) {
        return table_get(&m->topics, name, strlen(name));
}

int memory_topic_find_all(const struct memory *m, const char *const *names, size_t n, struct memory_topic **ret, struct error *err) {
        for (size_t i = 0; i < n; i++) {
                ret[i] = memory_topic_find(m, names[i]);
                if (!ret[i]) {
                        error_set(err, "the broker lacks the topic %s", names[i]);
                        return -ENOENT;
                }
        }
        return 0;
}

/* Room for a record of @n bytes in the chunk that is being filled, or a new one. Return: 0 or -ENOMEM. */
static int chunk_room(struct memory_partition *p, size_t n) {
        struct memory_chunk *chunk = p->filling;
        size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;

        if (chunk && chunk->size - chunk->used >= n)
                return 0;
        chunk = malloc(sizeof(*chunk) + size);
        if (!chunk)
                return -ENOMEM;
        if (p->filling && p->filling->live == 0)
                free(p->filling);
        *chunk = (struct memory_chunk){.size = size};
        p->filling = chunk;
        return 0;
}

static size_t packed_size(const struct bus_record *record) {
        size_t n = record->headers_n * sizeof(struct bus_header) + record->key_n + record->value_n;

        for (size_t i = 0; i < record->headers_n; i++)
                n += strlen(record->headers[i].name) + 1 + record->headers[i].n;
        return n + alignof(struct bus_header) - n % alignof(struct bus_header); /* at least one byte: an empty record is no deleted one */
}

/* One block in the partition's chunk: the headers, then key and value, then what the headers point to. Return: 0 or -ENOMEM. */
static int pack(struct memory_partition *p, const struct bus_record *record, struct memory_entry *ret) {
        size_t n = packed_size(record);
        struct bus_header *headers;
        uint8_t *at;

        if (chunk_room(p, n))
                return -ENOMEM;
        ret->chunk = p->filling;
        ret->bytes = p->filling->bytes + p->filling->used;
        p->filling->used += n;
        p->filling->live++;
        headers = (struct bus_header *)(void *)ret->bytes;
        at = ret->bytes + record->headers_n * sizeof(*headers);
        if (record->key_n)
                memcpy(at, record->key, record->key_n);
        at += record->key_n;
        if (record->value_n)
                memcpy(at, record->value, record->value_n);
        at += record->value_n;
        for (size_t i = 0; i < record->headers_n; i++) {
                const struct bus_header *h = &record->headers[i];
                size_t name = strlen(h->name) + 1;

                memcpy(at, h->name, name);
                if (h->n)
                        memcpy(at + name, h->value, h->n);
                headers[i] = (struct bus_header){.name = (char *)at, .value = h->value ? at + name : NULL, .n = h->n};
                at += name + h->n;
        }
        return 0;
}

static void advance_stable(struct memory *m, struct memory_partition *p) {
        p->stable = memory_partition_end(p);
        for (struct memory_txn *txn = m->txns; p->open && txn; txn = txn->next) {
                for (size_t i = 0; i < txn->touched.n; i++) {
                        if (txn->touched.items[i].partition == p && txn->touched.items[i].first < p->stable)
                                p->stable = txn->touched.items[i].first;
                }
        }
}

static int begin_if_needed(struct memory *m, struct memory_txn *txn) {
        if (txn->fate)
                return 0;
        txn->fate = calloc(1, sizeof(*txn->fate));
        if (!txn->fate)
                return -ENOMEM;
        txn->fate->next = m->fates;
        m->fates = txn->fate;
        return 0;
}

static int touch(struct memory_txn *txn, struct memory_partition *p) {
        for (size_t i = txn->touched.n; i-- > 0;) {
                if (txn->touched.items[i].partition == p)
                        return 0;
        }
        if (vector_push(&txn->touched, ((struct memory_touch){p, memory_partition_end(p)})))
                return -ENOMEM;
        p->open++;
        return 0;
}

int memory_write(struct memory *m, struct memory_topic *t, int32_t partition, const struct bus_record *record, struct memory_txn *txn,
                 int64_t *ret) {
        struct memory_partition *p = &t->partitions[partition];
        struct memory_entry entry = {
                .timestamp = record->timestamp ? record->timestamp : clock_realtime(&m->clock),
                .key_n = (uint32_t)record->key_n,
                .value_n = (uint32_t)record->value_n,
                .headers_n = (uint16_t)record->headers_n,
                .has_key = record->key != NULL,
                .has_value = record->value != NULL,
        };
        int r = pack(p, record, &entry);

        if (r == 0 && txn)
                r = begin_if_needed(m, txn);
        if (r == 0 && txn)
                r = touch(txn, p);
        if (r == 0) {
                entry.fate = txn ? txn->fate : NULL;
                r = vector_push(&p->entries, entry);
        }
        if (r) {
                delete_entry(p, &entry);
                return r;
        }
        if (p->open == 0)
                p->stable = memory_partition_end(p);
        if (ret)
                *ret = memory_partition_end(p) - 1;
        return 0;
}

static bool is_visible(const struct memory_entry *e, bool uncommitted) {
        return e->bytes && (!e->fate || uncommitted || e->fate->state == MEMORY_COMMITTED);
}

static void view(const struct memory_partition *p, int64_t offset, struct bus_record *ret) {
        const struct memory_entry *e = &p->entries.items[offset];
        const uint8_t *key = e->bytes + e->headers_n * sizeof(struct bus_header);

        *ret = (struct bus_record){
                .topic = p->topic->name,
                .partition = p->number,
                .offset = offset,
                .timestamp = e->timestamp,
                .stamp = BUS_STAMP_APPENDED,
                .key = e->has_key ? key : NULL,
                .key_n = e->key_n,
                .value = e->has_value ? key + e->key_n : NULL,
                .value_n = e->value_n,
                .headers = (const struct bus_header *)(const void *)e->bytes,
                .headers_n = e->headers_n,
        };
}

bool memory_next(const struct memory_partition *p, int64_t *next, bool uncommitted, struct bus_record *ret) {
        int64_t end = uncommitted ? memory_partition_end(p) : p->stable;

        if (*next < p->first)
                *next = p->first;
        for (; *next < end; ++*next) {
                if (!is_visible(&p->entries.items[*next], uncommitted))
                        continue;
                view(p, *next, ret);
                ++*next;
                return true;
        }
        return false;
}

struct memory_partition *memory_partition_find(const struct memory *m, const char *topic, int32_t partition) {
        struct memory_topic *t = memory_topic_find(m, topic);

        return t && partition >= 0 && partition < t->n ? &t->partitions[partition] : NULL;
}

void memory_partition_truncate(struct memory_partition *p, int64_t offset) {
        for (; p->first < offset && p->first < p->stable; p->first++)
                delete_entry(p, &p->entries.items[p->first]);
}

void memory_partition_renew(struct memory *m, struct memory_partition *p) {
        memory_txn_end_all(m, p);
        for (size_t k = 0; k < p->entries.n; k++)
                delete_entry(p, &p->entries.items[k]);
        p->entries.n = 0;
        p->first = p->stable = 0;
}

int memory_partition_compact(struct memory_partition *p, bool tombstones) {
        struct table latest = {0}; /* key to entry, from the end backwards */
        int r = 0;

        for (int64_t offset = p->stable; r == 0 && offset-- > p->first;) {
                struct memory_entry *e = &p->entries.items[offset];
                const uint8_t *key = e->bytes + e->headers_n * sizeof(struct bus_header);

                if (!is_visible(e, false) || !e->has_key)
                        continue;
                if (table_get(&latest, key, e->key_n))
                        delete_entry(p, e);
                else
                        r = table_put(&latest, key, e->key_n, e);
        }
        for (int64_t offset = p->first; r == 0 && tombstones && offset < p->stable; offset++) {
                struct memory_entry *e = &p->entries.items[offset];

                if (is_visible(e, false) && !e->has_value)
                        delete_entry(p, e);
        }
        table_done(&latest);
        return r;
}

int memory_txn_end(struct memory *m, struct memory_txn *txn, enum memory_state state) {
        int r = 0;

        if (!txn->fate)
                return 0;
        txn->fate->state = state;
        txn->fate = NULL;
        for (size_t i = 0; i < txn->touched.n; i++) {
                struct memory_partition *p = txn->touched.items[i].partition;

                p->open--;
                if (vector_push(&p->entries, (struct memory_entry){0})) /* the marker takes an offset too */
                        r = -ENOMEM;
        }
        for (size_t n = txn->touched.n; n > 0; n--) {
                struct memory_partition *p = txn->touched.items[n - 1].partition;

                txn->touched.n = n - 1; /* no longer holds the partition back */
                advance_stable(m, p);
        }
        return r;
}

void memory_txn_end_all(struct memory *m, struct memory_partition *p) {
        for (struct memory_txn *txn = m->txns; txn && p->open; txn = txn->next) {
                bool here = false;

                for (size_t i = 0; i < txn->touched.n; i++)
                        here |= txn->touched.items[i].partition == p;
                if (here) {
                        txn->epoch++;
                        (void) memory_txn_end(m, txn, MEMORY_ABORTED); /* without its marker nobody misses anything */
                }
        }
}

int memory_txn_check(const struct memory_txn *txn, unsigned epoch, struct error *err) {
        if (txn->epoch == epoch)
                return 0;
        error_set(err, "another process works under the transactional id '%s', or its transaction was too old", txn->id);
        return -ESTALE;
}

void memory_txn_dead(struct memory *m, struct memory_txn *txn, bool dead) {
        if ((txn->dead_since != INSTANT_NEVER) == dead)
                return;
        txn->dead_since = dead ? clock_realtime(&m->clock) : INSTANT_NEVER;
        if (dead)
                m->dead++;
        else
                m->dead--;
}

int memory_txn_take(struct memory *m, const char *id, struct memory_txn **ret, unsigned *epoch) {
        struct memory_txn *txn = m->txns;
        int r;

        while (txn && strcmp(txn->id, id) != 0)
                txn = txn->next;
        if (!txn) {
                txn = calloc(1, sizeof(*txn));
                if (!txn)
                        return -ENOMEM;
                txn->dead_since = INSTANT_NEVER;
                txn->id = strdup(id);
                if (!txn->id) {
                        free(txn);
                        return -ENOMEM;
                }
                txn->next = m->txns;
                m->txns = txn;
        }
        memory_txn_dead(m, txn, false);
        r = memory_txn_end(m, txn, MEMORY_ABORTED);
        *epoch = ++txn->epoch;
        *ret = txn;
        return r;
}

void memory_txns_tick(struct memory *m, instant_t now) {
        for (struct memory_txn *txn = m->txns; txn; txn = txn->next) {
                if (txn->dead_since != INSTANT_NEVER && txn->fate && now - txn->dead_since >= BUS_TRANSACTION_MS) {
                        txn->epoch++; /* as the coordinator does: a zombie cannot go on with it */
                        (void) memory_txn_end(m, txn, MEMORY_ABORTED); /* without its marker nobody misses anything */
                }
        }
}
