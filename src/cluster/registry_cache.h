/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What a schema registry said, kept on disk: a file for each answer, in a folder for each registry
 *
 * An id stands for the same schema for ever, so it is asked once for all processes that share the folder, also when several want it at
 * once. A file that cannot be read counts as not there. Who makes a registry anew, so that its ids stand for other schemas, empties the folder.
 */

#include <jansson.h>

#include "base/error.h"

#define REGISTRY_CACHE_WAIT_MS 2000 /* longest wait for another process that asks the same registry */

struct registry_cache;

/* Makes the folder of @url in @folder, with those above it. Return: 0; negative errno with a sentence. */
int registry_cache_new(const char *folder, const char *url, struct registry_cache **ret, struct error *err) MUSTCHECK;
struct registry_cache *registry_cache_free(struct registry_cache *cache); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct registry_cache *, registry_cache_free);

/* What is kept as @name (a file's name), for json_decref(); NULL: nothing. */
json_t *registry_cache_get(const struct registry_cache *cache, const char *name);

/* Keeps it, whole or not at all. Return: 0; negative errno with a sentence. */
int registry_cache_put(const struct registry_cache *cache, const char *name, const json_t *object, struct error *err) MUSTCHECK;

/* Only one process at a time, so that one asks and the others find it here; after REGISTRY_CACHE_WAIT_MS they ask all the same. */
void registry_cache_lock(struct registry_cache *cache);
void registry_cache_unlock(struct registry_cache *cache);
