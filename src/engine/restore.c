/* SPDX-License-Identifier: EUPL-1.2 */

/* Rows of case-state back into memory, and a checksum over what is there. */

#include "engine/restore.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "avro/framing.h"
#include "engine/view.h"

/* The number of a telling's norm: "protocol|norm". */
static int restore_norm(struct engine *engine, struct text protocol, struct text norm, uint32_t *ret) {
        size_t n = protocol.n + 1 + norm.n;
        char *word = arena_alloc(engine->arena, n);

        if (!word)
                return -ENOMEM;
        memcpy(word, protocol.s, protocol.n);
        word[protocol.n] = '|';
        memcpy(word + protocol.n + 1, norm.s, norm.n);
        return pool_intern(&engine->pool, (struct text){word, n}, ret);
}

static int restore_fact(struct store *store, struct casefile *casefile, const struct uuid *id, const void *value, size_t n, struct error *err) {
        struct engine *engine = store->engine;
        struct framing f = framing_read(value, n);
        const struct event_type *type;
        const struct program *program;
        struct slot *slots;
        unsigned traits;

        if (f.kind != FRAMING_SINGLE || !event_types_row_decoder(engine->config->types, f.id, &type, &program)) {
                error_set(err, "a fact's row was written with a schema (%016llx) that is not in the schemas folder", (unsigned long long)f.id);
                return -EINVAL;
        }
        if (casefile_find_fact(casefile, id))
                return 0; /* a fact's row never changes: this is the same one again */
        slots = arena_alloc(engine->arena, (type->layout->n + ROW_ADDED) * sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        slots += ROW_SKIPPED; /* event slots begin before those of a row */
        if (record_decode(program, f.body, f.n, slots, err))
                return -EINVAL;
        if (slots[row_told_at_slot(type)].kind == SLOT_INT)
                store_told(store, slots[row_told_at_slot(type)].i);
        traits = fact_traits(&engine->scope, type, slots - ROW_SKIPPED);
        if (f.id == type->row->fingerprint)
                return casefile_add_fact(store, casefile, id, type, traits, f.body, f.n);
        buffer_clear(&engine->scratch); /* an older row: kept in today's form */
        record_encode(type->row, slots, &engine->scratch);
        return engine->scratch.failed ? -ENOMEM : casefile_add_fact(store, casefile, id, type, traits, engine->scratch.bytes, engine->scratch.n);
}

static int restore_obligation(struct store *store, struct casefile *casefile, const void *value, size_t n, struct error *err) {
        struct engine *engine = store->engine;
        struct announcement *a = NULL;
        struct instance_key key;
        struct telling row;
        uint32_t norm;
        int r = row_read(engine->codec, ROW_OBLIGATION, value, n, &row, err);

        if (r)
                return r;
        r = restore_norm(engine, row.protocol, row.norm, &norm) ?: instance_key_of(&engine->pool, row.instance, &key);
        if (r)
                return r;
        for (uint32_t i = 0; i < casefile->told.n_announcements; i++) {
                if (casefile->told.announcements[i].norm == norm && instance_key_equal(&casefile->told.announcements[i].instance, &key))
                        a = &casefile->told.announcements[i];
        }
        if (!a)
                a = casefile_add_announcement(casefile);
        if (!a)
                return -ENOMEM;
        *a = (struct announcement){
                .norm = norm, .due = row.due_date, .instance = key, .reminders = row.reminders, .announced_at = row.announced_at, .told_at = row.told_at};
        store_told(store, row.told_at);
        return 0;
}

static int restore_alert(struct store *store, struct casefile *casefile, const struct uuid *id, const void *value, size_t n, struct error *err) {
        struct engine *engine = store->engine;
        struct alert *alert = NULL, restored = {.id = *id};
        struct telling row;
        int r = row_read(engine->codec, ROW_ALERT, value, n, &row, err);

        if (r)
                return r;
        r = restore_norm(engine, row.protocol, row.norm, &restored.norm) ?: instance_key_of(&engine->pool, row.instance, &restored.instance);
        if (r)
                return r;
        r = pool_intern(&engine->pool, row.organisation, &restored.organisation) ?: pool_intern(&engine->pool, row.role, &restored.role);
        if (r)
                return r;
        restored.rung = (uint16_t)row.rung;
        restored.due = row.due_date;
        restored.open = row.open;
        restored.raised = row.raised;
        restored.told_at = row.told_at;
        for (uint32_t i = 0; i < casefile->told.n_alerts; i++) {
                if (uuid_equal(&casefile->told.alerts[i].id, id))
                        alert = &casefile->told.alerts[i];
        }
        if (!alert)
                alert = casefile_add_alert(casefile);
        if (!alert)
                return -ENOMEM;
        *alert = restored;
        store_told(store, row.told_at);
        return 0;
}

static int restore_copy(struct store *store, struct casefile *casefile, const void *value, size_t n, struct error *err) {
        struct engine *engine = store->engine;
        struct copy *copy, restored = {0};
        struct telling row;
        int r = row_read(engine->codec, ROW_COPY, value, n, &row, err);

        if (r)
                return r;
        r = pool_intern(&engine->pool, row.organisation, &restored.organisation) ?: pool_intern(&engine->pool, row.role, &restored.role);
        if (r)
                return r;
        restored.event_id = row.event_id;
        restored.told_at = row.told_at;
        store_told(store, row.told_at);
        for (uint32_t i = 0; i < casefile->told.n_copies; i++) {
                if (uuid_equal(&casefile->told.copies[i].event_id, &restored.event_id) && casefile->told.copies[i].organisation == restored.organisation)
                        return 0;
        }
        copy = casefile_add_copy(casefile);
        if (!copy)
                return -ENOMEM;
        *copy = restored;
        return 0;
}

static int restore_closed(struct store *store, const struct uuid *case_id, const void *value, size_t n, struct error *err) {
        struct casefile *casefile = store_find(store, case_id);
        struct telling row;
        int r;

        if (!value) { /* an operator's: the case may begin anew */
                closed_remove(&store->closed, case_id);
                return 0;
        }
        r = row_read(store->engine->codec, ROW_CLOSED, value, n, &row, err);
        if (r)
                return r;
        r = closed_put(&store->closed, case_id, row.day);
        if (r)
                return r;
        if (row.told_at != INSTANT_NEVER)
                store_told(store, row.told_at);
        store_commit(store);
        if (casefile)
                store_drop(store, casefile);
        return 0;
}

/* Takes item @i out of an array. */
static void take_item(void *items, uint32_t i, uint32_t *n, size_t size) {
        char *array = items;

        (*n)--;
        memmove(array + i * size, array + (i + 1) * size, (*n - i) * size);
}

static void drop_announcement(struct engine *engine, struct tellings *told, const struct uuid *id) {
        for (uint32_t i = 0; i < told->n_announcements; i++) {
                struct uuid own = announcement_id(&engine->pool, &told->announcements[i]);

                if (uuid_equal(&own, id)) {
                        take_item(told->announcements, i, &told->n_announcements, sizeof(*told->announcements));
                        return;
                }
        }
}

static void drop_alert(struct tellings *told, const struct uuid *id) {
        for (uint32_t i = 0; i < told->n_alerts; i++) {
                if (uuid_equal(&told->alerts[i].id, id)) {
                        take_item(told->alerts, i, &told->n_alerts, sizeof(*told->alerts));
                        return;
                }
        }
}

static void drop_copy(struct engine *engine, struct tellings *told, const struct uuid *id) {
        for (uint32_t i = 0; i < told->n_copies; i++) {
                struct uuid own = copy_id(&engine->pool, &told->copies[i]);

                if (uuid_equal(&own, id)) {
                        take_item(told->copies, i, &told->n_copies, sizeof(*told->copies));
                        return;
                }
        }
}

/* @casefile: NULL when nothing of the case is there, or any more. */
static int restore_tombstone(struct store *store, struct casefile *casefile, const struct row_key *row, struct error *err) {
        struct tellings *told = casefile ? &casefile->told : NULL;

        switch (row->kind) {
        case ROW_FACT:
                if (casefile)
                        casefile_drop_fact(store, casefile, &row->id);
                break;
        case ROW_OBLIGATION:
                if (casefile)
                        drop_announcement(store->engine, told, &row->id);
                break;
        case ROW_ALERT:
                if (casefile)
                        drop_alert(told, &row->id);
                break;
        case ROW_COPY:
                if (casefile)
                        drop_copy(store->engine, told, &row->id);
                break;
        default:
                error_set(err, "a tombstone of kind 0x%02x in case-state, which this version does not know", row->kind);
                return -EINVAL;
        }
        if (casefile && casefile->n_facts + told->n_announcements + told->n_alerts + told->n_copies == 0)
                store_drop(store, casefile);
        return 0;
}

int store_restore(struct store *store, const void *key, size_t n_key, const void *value, size_t n_value, struct error *err) {
        struct casefile *casefile;
        struct row_key row;
        int r;

        assert(store && key && (value || n_value == 0));
        r = row_key_read(key, n_key, &row);
        if (r == ROW_KEY_E_LENGTH) {
                error_set(err, "a key of %zu bytes in case-state; keys have %d", n_key, ROW_KEY_BYTES);
                return -EINVAL;
        }
        arena_reset(store->engine->arena);
        if (row.kind == ROW_CLOSED)
                return restore_closed(store, &row.case_id, value, n_value, err);
        casefile = store_find(store, &row.case_id);
        if (!value)
                return restore_tombstone(store, casefile, &row, err);
        if (!casefile && store->closed.n && closed_day(&store->closed, &row.case_id) != CLOSED_NONE) {
                error_set(err, "a row of a case that was closed before it; nothing may follow but tombstones");
                return -EINVAL;
        }
        r = casefile ? 0 : store_case(store, &row.case_id, &casefile);
        if (r)
                return r;
        switch (row.kind) {
        case ROW_FACT:
                r = restore_fact(store, casefile, &row.id, value, n_value, err);
                break;
        case ROW_OBLIGATION:
                r = restore_obligation(store, casefile, value, n_value, err);
                break;
        case ROW_ALERT:
                r = restore_alert(store, casefile, &row.id, value, n_value, err);
                break;
        case ROW_COPY:
                r = restore_copy(store, casefile, value, n_value, err);
                break;
        default:
                error_set(err, "a row of kind 0x%02x in case-state, which this version does not know", row.kind);
                r = -EINVAL;
        }
        if (r == 0)
                r = store_schedule(store, casefile, INSTANT_TOUCHED);
        store_commit(store); /* what is restored was committed */
        return r;
}

static uint64_t checksum_mix(uint64_t h, const void *bytes, size_t n) {
        const uint8_t *p = bytes;

        for (size_t i = 0; i < n; i++)
                h = (h ^ p[i]) * 0x100000001b3u;
        return h ^ h >> 29;
}

static uint64_t checksum_tellings(const struct engine *engine, const struct casefile *casefile, uint64_t seed) {
        const struct tellings *told = &casefile->told;
        char instance[INSTANCE_TEXT_MAX];
        uint64_t sum = 0;

        for (uint32_t i = 0; i < told->n_announcements; i++) {
                const struct announcement *a = &told->announcements[i];
                const char *norm = pool_word(&engine->pool, a->norm);
                int64_t numbers[] = {a->due, a->announced_at, a->told_at, a->reminders};

                instance_key_format(&engine->pool, &a->instance, instance);
                sum += checksum_mix(checksum_mix(checksum_mix(seed ^ 1, norm, strlen(norm)), instance, strlen(instance)), numbers, sizeof(numbers));
        }
        for (uint32_t i = 0; i < told->n_alerts; i++) {
                const struct alert *a = &told->alerts[i];
                int64_t numbers[] = {a->due, a->rung, a->open, a->raised, a->told_at};

                sum += checksum_mix(checksum_mix(seed ^ 2, a->id.bytes, sizeof(a->id.bytes)), numbers, sizeof(numbers));
        }
        for (uint32_t i = 0; i < told->n_copies; i++) {
                const char *org = pool_word(&engine->pool, told->copies[i].organisation);

                sum += checksum_mix(checksum_mix(seed ^ 3, told->copies[i].event_id.bytes, sizeof(struct uuid)), org, strlen(org));
        }
        return sum;
}

uint64_t store_checksum(const struct store *store) {
        const struct casefile *casefile;
        uint64_t sum = 0;

        for (size_t i = 0; (casefile = table_next(&store->cases, &i));) {
                uint64_t seed = checksum_mix(0xcbf29ce484222325u, casefile->id.bytes, sizeof(casefile->id.bytes));
                const struct fact_header *header;
                uint32_t offset = 0;

                while ((header = casefile_next_fact(casefile, &offset)))
                        sum += checksum_mix(checksum_mix(seed, header->event_id.bytes, sizeof(struct uuid)), header + 1, header->n);
                sum += checksum_tellings(store->engine, casefile, seed);
        }
        for (size_t i = 0; i < store->closed.capacity; i++) {
                const struct closed_entry *entry = &store->closed.entries[i];

                if (entry->day != CLOSED_NONE)
                        sum += checksum_mix(checksum_mix(0xcbf29ce484222325u, entry->id.bytes, sizeof(entry->id.bytes)), &entry->day, sizeof(entry->day));
        }
        return sum;
}
