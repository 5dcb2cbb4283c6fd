/* SPDX-License-Identifier: EUPL-1.2 */

/* What every part of an evaluation uses: memory, ids, effects and rows. */

#include "engine/view.h"

#include <assert.h>
#include <string.h>

#define ENGINE_NAME_MAX 1024 /* of what an id is made of: ids of at most 64 characters each */

void *view_alloc(struct view *v, size_t count, size_t size) {
        void *p = arena_calloc(v->arena, count, size);

        if (!p)
                v->failed = true;
        return p;
}

void *view_add(struct view *v, void *items, size_t *n, size_t *capacity, size_t size) {
        void *array;
        char *item;

        memcpy(&array, items, sizeof(array));
        if (*n == *capacity) {
                size_t more = *capacity ? *capacity * 2 : 16;
                void *p = arena_alloc(v->arena, more * size);

                if (!p) {
                        v->failed = true;
                        return NULL;
                }
                if (*n)
                        memcpy(p, array, *n * size);
                memcpy(items, &p, sizeof(p));
                array = p;
                *capacity = more;
        }
        item = (char *)array + (*n)++ * size;
        memset(item, 0, size);
        return item;
}

struct text view_case_id(struct view *v) {
        if (!v->case_id[0])
                uuid_format(&v->casefile->id, v->case_id);
        return (struct text){v->case_id, UUID_TEXT};
}

/* Parts joined by bars, at @p; returns the place behind. */
static char *name_join(char *p, const struct text *parts, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (i)
                        *p++ = '|';
                p = text_write(p, parts[i]);
        }
        return p;
}

static size_t name_length(const struct text *parts, size_t n) {
        size_t length = n;

        for (size_t i = 0; i < n; i++)
                length += parts[i].n;
        assert(length <= ENGINE_NAME_MAX); /* ids are of 64 characters at most */
        return length;
}

struct uuid engine_id(const struct text *parts, size_t n) {
        char name[ENGINE_NAME_MAX];
        size_t length = name_length(parts, n);

        (void) name_join(name, parts, n);
        return uuid_v5(&uuid_namespace_ketenwacht, name, length - 1);
}

struct text view_name(struct view *v, const struct text *parts, size_t n) {
        char *name = arena_alloc(v->arena, name_length(parts, n));

        if (!name) {
                v->failed = true;
                return (struct text){0};
        }
        return (struct text){name, (size_t)(name_join(name, parts, n) - name)};
}

struct uuid *view_ids(struct view *v, const struct text *names, size_t n) {
        struct uuid *ids = v->failed ? NULL : view_alloc(v, n, sizeof(*ids));

        if (ids)
                uuid_v5_all(&uuid_namespace_ketenwacht, names, n, ids);
        return ids;
}

struct text number_text(uint32_t number, char ret[NUMBER_TEXT_MAX]) {
        char *end = ret + NUMBER_TEXT_MAX, *p = end;

        do {
                *--p = (char)('0' + number % 10);
                number /= 10;
        } while (number);
        return (struct text){p, (size_t)(end - p)};
}

struct effect *view_effect(struct view *v, enum effect_kind kind) {
        struct effect *effect = view_add(v, &v->effects, &v->n_effects, &v->effects_capacity, sizeof(*effect));

        if (!effect)
                return NULL;
        effect->kind = kind;
        effect->told.recorded_at = v->now;
        effect->told.case_id = v->casefile->id;
        effect->told.source = TEXT_OF(ORGANISATION_BROKER);
        store_told(v->store, v->now);
        return effect;
}

/* Returns where the id stands in the key; NULL: failed. */
static uint8_t *row_add(struct view *v, enum row_kind kind, const struct uuid *id) {
        struct row_change *row = view_add(v, &v->rows, &v->n_rows, &v->rows_capacity, sizeof(*row));
        uint8_t *key = arena_alloc(v->arena, ROW_KEY_BYTES);
        struct buffer *scratch = &v->engine->scratch;

        if (row && key && !scratch->failed) {
                row_key_write(&(struct row_key){.case_id = v->casefile->id, .kind = kind, .id = *id}, key);
                row->key = key;
                row->n_key = ROW_KEY_BYTES;
                row->value = (const uint8_t *)arena_copy(v->arena, scratch->bytes, scratch->n);
                row->n_value = scratch->n;
        }
        if (!row || !key || scratch->failed || !row->value) {
                v->failed = true;
                key = NULL;
        }
        buffer_clear(scratch);
        return key ? key + ROW_KEY_BYTES - sizeof(id->bytes) : NULL;
}

void view_row(struct view *v, enum row_kind kind, const struct uuid *id) {
        (void) row_add(v, kind, id);
}

void view_row_named(struct view *v, enum row_kind kind, struct text name) {
        static const struct uuid none = {{0}};
        uint8_t *key = row_add(v, kind, &none);
        struct later_id *later = key ? view_add(v, &v->later, &v->n_later, &v->later_capacity, sizeof(*later)) : NULL;

        if (later)
                *later = (struct later_id){.name = name, .key = key};
}

void view_name_effect(struct view *v, struct text name) {
        struct later_id *later = view_add(v, &v->later, &v->n_later, &v->later_capacity, sizeof(*later));

        assert(v->n_effects > 0);
        if (later)
                *later = (struct later_id){.name = name, .effect = v->n_effects - 1};
}

void view_settle_ids(struct view *v) {
        struct text *names = v->n_later ? view_alloc(v, v->n_later, sizeof(*names)) : NULL;
        const struct uuid *ids;

        for (size_t i = 0; names && i < v->n_later; i++)
                names[i] = v->later[i].name;
        ids = names ? view_ids(v, names, v->n_later) : NULL;
        for (size_t i = 0; ids && i < v->n_later; i++) {
                if (v->later[i].key)
                        memcpy(v->later[i].key, ids[i].bytes, sizeof(ids[i].bytes));
                else
                        v->effects[v->later[i].effect].told.event_id = ids[i];
        }
        v->n_later = 0;
}

struct uuid announcement_id(const struct pool *pool, const struct announcement *a) {
        char instance[INSTANCE_TEXT_MAX];

        instance_key_format(pool, &a->instance, instance);
        return ENGINE_ID(pool_text(pool, a->norm), text_of(instance)); /* "protocol|norm" is one word there: the same bytes */
}

struct uuid copy_id(const struct pool *pool, const struct copy *copy) {
        char event_id[UUID_TEXT + 1];

        uuid_format(&copy->event_id, event_id);
        return ENGINE_ID(((struct text){event_id, UUID_TEXT}), pool_text(pool, copy->organisation));
}
