/* SPDX-License-Identifier: EUPL-1.2 */

/* Words by number and numbers by word; instances in 18 bytes. */

#include "engine/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

void pool_done(struct pool *pool) {
        for (uint32_t i = 0; i < pool->n; i++)
                free((char *)pool->words[i].s);
        free(pool->words);
        table_done(&pool->by_text);
        *pool = (struct pool){0};
}

uint32_t pool_find(const struct pool *pool, struct text word) {
        /* The table's value is the number and one, since no value may be NULL. */
        uintptr_t found = (uintptr_t)table_get(&pool->by_text, word.s, word.n);

        return found ? (uint32_t)(found - 1) : POOL_NONE;
}

int pool_intern(struct pool *pool, struct text word, uint32_t *ret) {
        uint32_t number = pool_find(pool, word);
        char *copy;
        int r;

        if (number != POOL_NONE) {
                *ret = number;
                return 0;
        }
        if (pool->n == pool->capacity) {
                uint32_t capacity = pool->capacity ? pool->capacity * 2 : 64;
                struct text *words = realloc(pool->words, capacity * sizeof(*words));

                if (!words)
                        return -ENOMEM;
                pool->words = words;
                pool->capacity = capacity;
        }
        copy = malloc(word.n + 1);
        if (!copy)
                return -ENOMEM;
        if (word.n)
                memcpy(copy, word.s, word.n);
        copy[word.n] = '\0';
        r = table_put(&pool->by_text, copy, word.n, (void *)((uintptr_t)pool->n + 1));
        if (r) {
                free(copy);
                return r;
        }
        pool->words[pool->n] = (struct text){copy, word.n};
        *ret = pool->n++;
        return 0;
}

struct text pool_text(const struct pool *pool, uint32_t number) {
        assert(number < pool->n);
        return pool->words[number];
}

const char *pool_word(const struct pool *pool, uint32_t number) {
        return pool_text(pool, number).s;
}

int instance_key_of(struct pool *pool, struct text instance, struct instance_key *ret) {
        struct instance_key key = {0};
        struct uuid u;
        int64_t link = 0;
        uint32_t number;
        int r;

        if (instance.n >= UUID_TEXT && uuid_parse(instance.s, UUID_TEXT, &u)) {
                struct text rest = {instance.s + UUID_TEXT + 1, instance.n - UUID_TEXT - 1};

                if (instance.n == UUID_TEXT ||
                    (instance.s[UUID_TEXT] == '#' && text_to_int64(rest, &link) && link > 1 && link < INSTANCE_INTERNED && rest.s[0] != '0')) {
                        memcpy(key.bytes, u.bytes, sizeof(key.bytes));
                        key.link = (uint16_t)link;
                        *ret = key;
                        return 0;
                }
        }
        r = pool_intern(pool, instance, &number);
        if (r)
                return r;
        memcpy(key.bytes, &number, sizeof(number));
        key.link = INSTANCE_INTERNED;
        *ret = key;
        return 0;
}

void instance_key_format(const struct pool *pool, const struct instance_key *key, char ret[INSTANCE_TEXT_MAX]) {
        uint32_t number;

        if (key->link == INSTANCE_INTERNED) {
                memcpy(&number, key->bytes, sizeof(number));
                (void) snprintf(ret, INSTANCE_TEXT_MAX, "%s", pool_word(pool, number));
                return;
        }
        uuid_format((const struct uuid *)key->bytes, ret);
        if (key->link)
                (void) snprintf(ret + UUID_TEXT, INSTANCE_TEXT_MAX - UUID_TEXT, "#%u", key->link);
}
