/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Requests to a schema registry: the REST interface of Confluent, as Apicurio and others speak it too
 *
 * One request at a time, each bounded in time and size. What is answered is told apart in three: it is there, it is not there, or the registry
 * could not say (nobody answers, 401, 5xx, a proxy's page), which is never taken for "not there". Knows no schema and no event. The
 * secret is read once, kept, and wiped; it stands in no log and no sentence. For one thread at a time.
 */

#include <jansson.h>

#include "base/text.h"
#include "cluster/registry_config.h"

#define REGISTRY_CONNECT_MS 1000
#define REGISTRY_CALL_MS 2000                               /* one request, connecting included */
#define REGISTRY_ANSWER_MAX ((size_t)4 * 1024 * 1024)       /* bytes of an answer */
#define REGISTRY_SECRET_MAX 4096                            /* bytes of a password or token */

enum registry_answer {
        REGISTRY_E_ABSENT = 1, /* the registry says in its own words that there is no such thing: err holds them */
        REGISTRY_E_REFUSED,    /* it was understood and is refused: 409 not compatible, 422 no schema: err holds why */
        REGISTRY_E_AWAY,       /* it could not say: err holds why */
        REGISTRY_E_NO_PAGE,    /* the same: 404, and not in the words of a registry */
};

struct registry_client;

/*
 * @environment gives the value of a variable, or NULL (NULL: there is none). Nothing is sent. Return: 0; -EINVAL with a sentence (the secret
 * cannot be read, or is no secret); -ENOMEM.
 */
int registry_client_new(const struct registry_config *config, const char *(*environment)(const char *name), struct registry_client **ret,
                        struct error *err) MUSTCHECK;
struct registry_client *registry_client_free(struct registry_client *client); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct registry_client *, registry_client_free);

/*
 * Sends @method ("GET", "POST", "PUT") for @path ("/subjects/x/versions"), with the object @body as JSON (NULL: without). Return: 0, *ret is what
 * was answered, for json_decref() (an object; of another kind: REGISTRY_E_AWAY); enum registry_answer with a sentence; -ENOMEM.
 */
int registry_client_ask(struct registry_client *client, const char *method, const char *path, const json_t *body, json_t **ret, struct error *err) MUSTCHECK;

/* Appends @text as part of a path: every byte that is not a letter, digit or one of - . _ ~ as %XX. */
struct buffer;
void registry_path_add(struct buffer *path, const char *text);
