/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Whose case something is that comes from outside without its case_id
 *
 * Messages of the chain name a child by its BSN, or a thing by numbers of others. A connector remembers, in its rows of `connector-keys`
 * (connect/kept.h), to which case they lead; never the BSN or the number itself, but the HMAC-SHA-256 of it under a key that stands elsewhere (a
 * plain hash of nine digits is none). What
 * nobody knows yet waits there too, with the instant since when, and is tried again whenever the table grew. So a restart needs no disk.
 *
 * Rows are in memory at once, and kept when the broker has them: case_keys_are_kept(). What was read outside is settled there only then.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "connect/connector.h"

#define CASE_KEYS_HASH 64                  /* hex digits */
#define CASE_KEYS_KEY_MAX 96               /* bytes of a row's key: a kind, a separator, a hash */
#define CASE_KEYS_VALUE_MAX ((size_t)16 * 1024)
#define CASE_KEYS_ROWS_MAX 4000000         /* in memory: about 200 bytes each */
#define CASE_KEYS_LIST_MAX ((size_t)64 * 1024 * 1024) /* bytes of a list of pairs */
#define CASE_KEYS_LOOK_MS 10000            /* between two looks for a new list */
#define CASE_KEYS_NOTHING "-"              /* a part of which nothing is known */
#define CASE_KEYS_BSN "bsn"                /* the kind of rows that the list makes */

struct case_keys;

struct case_keys_config {
        const struct connector_env *env; /* must outlive it */
        const struct secrets *key;       /* the first counts: 32 characters or more */
        const char *pairs;               /* file `bsn;case_id`, one child a line: read when it is there, removed when the broker has all of it; NULL: none */
        int64_t max_waiting;             /* beyond it case_keys_is_full() */
};

/* Begins to read what was kept. Return: 0; -EINVAL with a sentence: there is no key; -ENOENT: the topic is not there; other negative errno. */
int case_keys_new(const struct case_keys_config *config, struct case_keys **ret, struct error *err) MUSTCHECK;
struct case_keys *case_keys_free(struct case_keys *k); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct case_keys *, case_keys_free);

/* Reads what was kept by whoever has this connector's name, reads a new list, and sends what is to be kept. Does not block. Return: 0 or negative errno. */
int case_keys_turn(struct case_keys *k, struct error *err) MUSTCHECK;

/* Whether all that stood there at the beginning was read, and the list that was there then: before that nobody can be said to be unknown. */
bool case_keys_is_ready(const struct case_keys *k);

/* Whether the broker has every row. */
bool case_keys_are_kept(const struct case_keys *k);

/* For the connector's settled(). Return: true: @cookie was of a row, and that is done with; false: it is the connector's own. */
bool case_keys_settled(struct case_keys *k, void *cookie, enum submitted outcome);

/* -- Hashes -- */

/* HMAC-SHA-256(key, "<kind>|<what>") as hex, and a NUL. */
void case_keys_hash(const struct case_keys *k, const char *kind, struct text what, char ret[CASE_KEYS_HASH + 1]);

/* Nine digits that pass the eleven-test and are not all zero. */
bool bsn_is_valid(struct text t);

/* Whether nine such digits stand in @t with no letter or digit on either side. */
bool bsn_is_in(struct text t);

/* -- Rows -- */

/* The value of "<kind>|<hash>"; empty: there is none. Borrowed until the next put. */
struct text case_keys_find(const struct case_keys *k, const char *kind, const char *hash);

/* Puts or replaces; @value empty: forgets. No personal data. Return: 0; -ENOSPC with a sentence: too many rows; -ENOMEM. */
int case_keys_put(struct case_keys *k, const char *kind, const char *hash, struct text value, struct error *err) MUSTCHECK;

/* Values that say several things are items divided by semicolons, of parts divided by blanks. The item behind @at; NULL: it was the last. */
const char *case_keys_next_item(const char *at);

/* The part at *at, cut to @size bytes with its NUL; *at goes behind it. false: there is none, and @ret is "". */
bool case_keys_next_part(const char **at, char *ret, size_t size);

/*
 * Hands over the hash and value of each row of a kind, in no order; @take puts nothing. Return: 0, or what @take returned.
 */
int case_keys_each(const struct case_keys *k, const char *kind, int (*take)(void *ctx, const char *hash, struct text value), void *ctx) MUSTCHECK;

/* Rows in memory; of them, those in whose values this case stands are forgotten. Return: 0 or -ENOMEM. */
size_t case_keys_count(const struct case_keys *k);
int case_keys_forget(struct case_keys *k, const struct uuid *case_id, struct error *err) MUSTCHECK;

/* -- Waiting -- */

/* @id: a hash that says which; the same again keeps its first instant. @what: what is needed to try again. Return: as case_keys_put(). */
int case_keys_wait(struct case_keys *k, const char *id, instant_t since, struct text what, struct error *err) MUSTCHECK;
int case_keys_wait_over(struct case_keys *k, const char *id, struct error *err) MUSTCHECK;

/* What waits, the oldest first: as it was when case_keys_look() was called. Borrowed until the next such call; @what until the next put. */
struct case_keys_waiting {
        const char *id;
        instant_t since;
        struct text what;
};
int case_keys_look(struct case_keys *k, const struct case_keys_waiting **ret, size_t *ret_n) MUSTCHECK; /* 0 or -ENOMEM */

/* Counts puts of rows that are not of what waits: who has looked at it looks again when it has changed. */
uint64_t case_keys_generation(const struct case_keys *k);

/* How many wait, and whether those are as many as max_waiting, or more: take nothing new then. The log says so when it begins (C130). */
size_t case_keys_waiting_count(const struct case_keys *k);
bool case_keys_is_full(const struct case_keys *k);
