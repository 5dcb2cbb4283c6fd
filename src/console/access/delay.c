/* SPDX-License-Identifier: EUPL-1.2 */

/* A bounded table of wrong tries, by keyed hashes of names and addresses. */

#include "console/access/delay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>

#define DELAY_FIRST_MS INT64_C(1000)
#define DELAY_NETWORK_BYTES 8 /* of an IPv6 address */

struct delay_row {
        uint64_t key;   /* 0: free */
        unsigned wrong; /* tries */
        int64_t last;
};

struct delay {
        pthread_mutex_t lock;
        unsigned char secret[crypto_shorthash_KEYBYTES];
        struct delay_row rows[DELAY_SETS][DELAY_WAYS];
};

int delay_new(struct delay **ret) {
        struct delay *d = sodium_init() < 0 ? NULL : calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        pthread_mutex_init(&d->lock, NULL);
        randombytes_buf(d->secret, sizeof(d->secret));
        *ret = d;
        return 0;
}

struct delay *delay_free(struct delay *d) {
        if (d)
                pthread_mutex_destroy(&d->lock);
        free(d);
        return NULL;
}

static uint64_t delay_hash(const struct delay *d, const void *bytes, size_t n, uint64_t kind) {
        unsigned char hash[crypto_shorthash_BYTES];
        uint64_t key;

        (void) crypto_shorthash(hash, bytes, n, d->secret);
        memcpy(&key, hash, sizeof(key));
        key ^= kind;
        return key ? key : 1;
}

static uint64_t delay_key_of_name(const struct delay *d, struct text name) {
        return delay_hash(d, name.s, name.n, 0);
}

static uint64_t delay_key_of_address(const struct delay *d, const char *address) {
        struct in6_addr v6;

        if (inet_pton(AF_INET6, address, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6))
                return delay_hash(d, &v6, DELAY_NETWORK_BYTES, UINT64_MAX);
        return delay_hash(d, address, strlen(address), UINT64_MAX);
}

/* When the next try may be made, of so many wrong ones. */
static int64_t delay_until(const struct delay_row *row, unsigned free_n) {
        int64_t wait = DELAY_FIRST_MS;

        if (row->wrong < free_n)
                return 0;
        for (unsigned i = free_n; i < row->wrong && wait < DELAY_MAX_MS; i++)
                wait *= 2;
        return row->last + (wait < DELAY_MAX_MS ? wait : DELAY_MAX_MS);
}

/* The row of a key, which takes the place of the one that is over first. */
static struct delay_row *delay_row(struct delay *d, uint64_t key, int64_t now) {
        struct delay_row *set = d->rows[key % DELAY_SETS], *oldest = set;

        for (size_t i = 0; i < DELAY_WAYS; i++) {
                if (set[i].key && now - set[i].last >= DELAY_FORGET_MS)
                        set[i] = (struct delay_row){0};
                if (set[i].key == key)
                        return &set[i];
                if (oldest->key && (!set[i].key || set[i].last < oldest->last))
                        oldest = &set[i];
        }
        *oldest = (struct delay_row){.key = key, .last = now};
        return oldest;
}

static void delay_count(struct delay_row *row, int64_t now) {
        row->wrong++;
        row->last = now;
}

/* Under the lock. */
static int64_t delay_ask(struct delay *d, uint64_t name, uint64_t address, int64_t now) {
        int64_t until = delay_until(delay_row(d, name, now), DELAY_NAME_FREE);

        if (until <= now)
                until = delay_until(delay_row(d, address, now), DELAY_ADDRESS_FREE);
        if (until > now)
                return until - now;
        delay_count(delay_row(d, name, now), now);
        delay_count(delay_row(d, address, now), now);
        return 0;
}

int64_t delay_try(struct delay *d, struct text name, const char *address, int64_t now) {
        int64_t wait;

        pthread_mutex_lock(&d->lock);
        wait = delay_ask(d, delay_key_of_name(d, name), delay_key_of_address(d, address), now);
        pthread_mutex_unlock(&d->lock);
        return wait;
}

static struct delay_row *delay_find(struct delay *d, uint64_t key) {
        struct delay_row *set = d->rows[key % DELAY_SETS];

        for (size_t i = 0; i < DELAY_WAYS; i++) {
                if (set[i].key == key)
                        return &set[i];
        }
        return NULL;
}

void delay_right(struct delay *d, struct text name, const char *address) {
        struct delay_row *of_name, *of_address;

        pthread_mutex_lock(&d->lock);
        of_name = delay_find(d, delay_key_of_name(d, name));
        of_address = delay_find(d, delay_key_of_address(d, address));
        if (of_name)
                *of_name = (struct delay_row){0};
        if (of_address && of_address->wrong)
                of_address->wrong--;
        pthread_mutex_unlock(&d->lock);
}
