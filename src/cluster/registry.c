/* SPDX-License-Identifier: EUPL-1.2 */

/* Ids in a table; those that are new one by one: from the folder, else from the registry. */

#include "cluster/registry.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avro/fingerprint.h"
#include "base/buffer.h"
#include "base/table.h"
#include "bus/bus.h"
#include "cluster/registry_cache.h"
#include "cluster/registry_subjects.h"

_Static_assert(REGISTRY_FIND_MS < BUS_TRANSACTION_MS, "who finds while a transaction is open must still end it in time");

#define KEY_BYTES 17
#define NAME_MAX_BYTES (SCHEMA_ID_TEXT_MAX + 8)
#define PATH_MAX_BYTES 256

/* What one id stands for; never changed once it is in the table. */
struct registry_known {
        uint8_t key[KEY_BYTES];
        struct schema_file *file;
        struct program *program;       /* NULL: it is read as no event type here … */
        const struct event_type *type;
        char *unfit;                   /* … because of this */
};

struct registry {
        struct schema_ids ids; /* first: what find is given */
        struct registry_options o;
        struct registry_client *client;
        struct registry_cache *cache; /* NULL: memory only */
        bool cache_failed;            /* it was said */
        char *folder;                 /* what o.cache is; owned */
        pthread_mutex_t lock;         /* over what follows, for a moment */
        struct table known;
        struct {
                bool is;
                instant_t since;
                char reason[REGISTRY_REASON_MAX];
        } away;
        pthread_mutex_t asking;       /* over what follows, while the registry is asked: taken before lock */
        int64_t again_at, again_ms;   /* monotonic; how long the last back-off was: 0: there is none */
        struct {
                uint8_t key[KEY_BYTES];
                int64_t until;        /* monotonic */
        } unknown[REGISTRY_UNKNOWN_MAX];
        size_t unknown_at;
        struct {
                struct metric *requests, *away, *ids;
        } metrics;
};

enum registry_request { REQUEST_FOUND, REQUEST_UNKNOWN, REQUEST_FAILED, REQUESTS };
static const char *const request_names[REQUESTS] = {"found", "unknown", "failed"};

static struct registry *registry_of(struct schema_ids *ids) {
        return (struct registry *)ids;
}

static int64_t registry_now(const struct registry *g) {
        return clock_monotonic(&g->o.clock);
}

static void registry_key(const struct schema_id *id, uint8_t ret[KEY_BYTES]) {
        memset(ret, 0, KEY_BYTES);
        ret[0] = id->is_guid;
        if (id->is_guid)
                memcpy(ret + 1, id->guid.bytes, sizeof(id->guid.bytes));
        else
                memcpy(ret + 1, &id->number, sizeof(id->number));
}

/* -- Away and back -- */

static void registry_show_away(struct registry *g, const char *reason) {
        pthread_mutex_lock(&g->lock);
        if (reason && !g->away.is)
                g->away.since = clock_realtime(&g->o.clock);
        g->away.is = reason != NULL;
        if (reason)
                (void) snprintf(g->away.reason, sizeof(g->away.reason), "%.*s", REGISTRY_REASON_MAX - 1, reason);
        pthread_mutex_unlock(&g->lock);
        metric_set(g->metrics.away, 0, reason != NULL);
}

static void registry_goes(struct registry *g, const char *reason) {
        bool first = g->again_ms == 0;

        g->again_ms = first ? REGISTRY_AGAIN_MS : 2 * g->again_ms < REGISTRY_AGAIN_MAX_MS ? 2 * g->again_ms : REGISTRY_AGAIN_MAX_MS;
        g->again_at = registry_now(g) + g->again_ms;
        registry_show_away(g, reason);
        if (first)
                log_line(g->o.log, REGISTRY_AWAY, LOG_STRING("reason", reason));
}

static void registry_is_back(struct registry *g) {
        if (g->again_ms == 0)
                return;
        g->again_ms = g->again_at = 0;
        registry_show_away(g, NULL);
        log_line(g->o.log, REGISTRY_ANSWERS);
}

bool registry_is_away(struct registry *registry, char ret_reason[REGISTRY_REASON_MAX], instant_t *ret_since) {
        bool is;

        pthread_mutex_lock(&registry->lock);
        is = registry->away.is;
        *ret_since = registry->away.since;
        memcpy(ret_reason, registry->away.reason, REGISTRY_REASON_MAX);
        pthread_mutex_unlock(&registry->lock);
        return is;
}

/* -- Ids that the registry does not have -- */

static void registry_note_unknown(struct registry *g, const uint8_t key[KEY_BYTES]) {
        size_t at = g->unknown_at++ % REGISTRY_UNKNOWN_MAX;

        memcpy(g->unknown[at].key, key, KEY_BYTES);
        g->unknown[at].until = registry_now(g) + REGISTRY_UNKNOWN_MS;
}

static bool registry_is_unknown(const struct registry *g, const uint8_t key[KEY_BYTES]) {
        int64_t now = registry_now(g);

        for (size_t i = 0; i < REGISTRY_UNKNOWN_MAX; i++) {
                if (g->unknown[i].until > now && memcmp(g->unknown[i].key, key, KEY_BYTES) == 0)
                        return true;
        }
        return false;
}

/* -- What is served -- */

static struct registry_known *registry_known_free(struct registry_known *known) {
        if (!known)
                return NULL;
        program_free(known->program);
        schema_free(known->file);
        free(known->unfit);
        free(known);
        return NULL;
}
DEFINE_CLEANUP(struct registry_known *, registry_known_free);

/* "the record nl.x.MeasureStartd of schema id 7 is of no event type here (did you mean …?)" */
static void registry_say_no_type(const struct registry *g, const char *record, const char *name, struct error *why) {
        struct nearest nearest = NEAREST_INIT(record);
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; i < event_types_count(g->o.types); i++)
                nearest_try(&nearest, event_types_at(g->o.types, i)->layout->name);
        error_set(why, "the record %.200s, schema %s of the registry, is of no event type here%s", record, name, nearest_hint(&nearest, hint));
}

/* Reads what was served into @known. Return: 0; -EINVAL with a sentence when it cannot be read as an event; -ENOMEM. */
static int registry_compile(const struct registry *g, const char *name, const json_t *served, struct registry_known *known, struct error *why) {
        const char *text = json_string_value(json_object_get(served, "schema"));
        const char *kind = json_string_value(json_object_get(served, "schemaType"));
        char called[SCHEMA_ID_TEXT_MAX + 32];
        int r;

        (void) snprintf(called, sizeof(called), "schema %s of the registry", name);
        if (!text || (kind && strcmp(kind, "AVRO") != 0)) {
                error_set(why, "%s is %.32s, and events are Avro", called, kind ? kind : "nothing");
                return -EINVAL;
        }
        if (json_array_size(json_object_get(served, "references")) > 0) {
                error_set(why, "%s refers to others, and the schema of an event stands by itself", called);
                return -EINVAL;
        }
        r = schema_parse(called, text, strlen(text), LANGUAGE_EN, &known->file, why);
        if (r)
                return r;
        if (schema_root(known->file)->kind == SCHEMA_RECORD)
                known->type = event_types_of_record(g->o.types, schema_root(known->file)->name);
        if (known->type)
                return program_new(known->file, known->type->layout, &known->program, why);
        registry_say_no_type(g, schema_root(known->file)->name, name, why);
        return -EINVAL;
}

/* Return: 0; SCHEMA_IDS_E_UNFIT: there are too many; -ENOMEM. */
static int registry_know(struct registry *g, const uint8_t key[KEY_BYTES], const char *name, const json_t *served, const struct registry_known **ret,
                         struct error *err) {
        CLEANUP(registry_known_free_p) struct registry_known *known = calloc(1, sizeof(*known));
        struct error why = {0};
        int r;

        if (!known)
                return -ENOMEM;
        if (g->known.n >= REGISTRY_IDS_MAX) { /* only who holds asking adds */
                error_set(err, "schema %s of the registry would be one more than the %d ids that a process knows", name, REGISTRY_IDS_MAX);
                return SCHEMA_IDS_E_UNFIT;
        }
        memcpy(known->key, key, KEY_BYTES);
        r = registry_compile(g, name, served, known, &why);
        if (r == -EINVAL) {
                known->program = program_free(known->program);
                known->unfit = strdup(why.text);
        }
        if (r == -ENOMEM || (r && !known->unfit))
                return -ENOMEM;
        pthread_mutex_lock(&g->lock);
        r = table_put(&g->known, known->key, KEY_BYTES, known);
        pthread_mutex_unlock(&g->lock);
        if (r)
                return r;
        metric_set(g->metrics.ids, 0, (int64_t)g->known.n);
        *ret = TAKE(known);
        return 0;
}

/* -- Asking -- */

static void registry_keep(struct registry *g, const char *name, const json_t *served) {
        struct error err;

        if (!g->cache || registry_cache_put(g->cache, name, served, &err) == 0 || g->cache_failed)
                return;
        g->cache_failed = true;
        log_line(g->o.log, REGISTRY_CACHE, LOG_STRING("folder", g->o.cache), LOG_STRING("reason", err.text));
}

/* A registry may know no GUIDs at all, and say so by a page that is not there: whether it answers otherwise. */
static int registry_ask_twice(struct registry *g, const char *path, json_t **ret, struct error *err) {
        json_t *config;
        struct error other;
        int r = registry_client_ask(g->client, "GET", "/config", NULL, &config, &other);

        if (r)
                return REGISTRY_E_AWAY;
        json_decref(config);
        r = registry_client_ask(g->client, "GET", path, NULL, ret, err);
        if (r != REGISTRY_E_NO_PAGE)
                return r;
        error_set(err, "the registry answers, and has no schemas by GUID");
        return REGISTRY_E_ABSENT;
}

/* Return: 0; SCHEMA_IDS_E_WAIT, SCHEMA_IDS_E_UNKNOWN; -ENOMEM. */
static int registry_request(struct registry *g, const struct schema_id *id, const char *name, json_t **ret, struct error *err) {
        char path[PATH_MAX_BYTES], guid[UUID_TEXT + 1], text[SCHEMA_ID_TEXT_MAX];
        struct error why = {0};
        enum registry_request said;
        int r;

        uuid_format(&id->guid, guid);
        if (id->is_guid)
                (void) snprintf(path, sizeof(path), "/schemas/guids/%s", guid);
        else
                (void) snprintf(path, sizeof(path), "/schemas/ids/%" PRIu32, id->number);
        r = registry_client_ask(g->client, "GET", path, NULL, ret, &why);
        if (r == REGISTRY_E_NO_PAGE && id->is_guid)
                r = registry_ask_twice(g, path, ret, &why);
        if (r < 0)
                return r;
        said = r == 0 ? REQUEST_FOUND : r == REGISTRY_E_ABSENT ? REQUEST_UNKNOWN : REQUEST_FAILED;
        metric_add(g->metrics.requests, metric_series(g->metrics.requests, said, 0), 1);
        if (r && r != REGISTRY_E_ABSENT) {
                registry_goes(g, why.text);
                error_set(err, "schema %s is not known here, and cannot be asked for: %s", schema_id_print(id, text), why.text);
                return SCHEMA_IDS_E_WAIT;
        }
        registry_is_back(g);
        if (r == 0) {
                registry_keep(g, name, *ret);
                return 0;
        }
        error_set(err, "the registry has no schema %s: %s", schema_id_print(id, text), why.text);
        return SCHEMA_IDS_E_UNKNOWN;
}

/* From the folder, where another process may put it while we wait; else from the registry. Return: as above. */
static int registry_fetch(struct registry *g, const struct schema_id *id, const char *name, json_t **ret, struct error *err) {
        char text[SCHEMA_ID_TEXT_MAX];
        int r;

        *ret = g->cache ? registry_cache_get(g->cache, name) : NULL;
        if (*ret)
                return 0;
        if (g->again_ms && registry_now(g) < g->again_at) {
                error_set(err, "schema %s is not known here, and cannot be asked for: %s", schema_id_print(id, text), g->away.reason);
                return SCHEMA_IDS_E_WAIT;
        }
        if (!g->cache)
                return registry_request(g, id, name, ret, err);
        registry_cache_lock(g->cache);
        *ret = registry_cache_get(g->cache, name);
        r = *ret ? 0 : registry_request(g, id, name, ret, err);
        registry_cache_unlock(g->cache);
        return r;
}

/* The name of the file in which an id is kept. */
static const char *registry_file(const struct schema_id *id, char ret[NAME_MAX_BYTES]) {
        char text[SCHEMA_ID_TEXT_MAX];

        (void) snprintf(ret, NAME_MAX_BYTES, "%s.json", schema_id_print(id, text));
        *strchr(ret, ' ') = '-';
        return ret;
}

/* With asking. Return: 0; enum schema_ids_error with a sentence; -ENOMEM. */
static int registry_learn(struct registry *g, const struct schema_id *id, const uint8_t key[KEY_BYTES], const struct registry_known **ret, struct error *err) {
        char name[NAME_MAX_BYTES], text[SCHEMA_ID_TEXT_MAX];
        json_t *served = NULL;
        int r;

        if (registry_is_unknown(g, key)) {
                error_set(err, "the registry has no schema %s", schema_id_print(id, text));
                return SCHEMA_IDS_E_UNKNOWN;
        }
        r = registry_fetch(g, id, registry_file(id, name), &served, err);
        if (r == SCHEMA_IDS_E_UNKNOWN)
                registry_note_unknown(g, key);
        if (r == 0)
                r = registry_know(g, key, schema_id_print(id, text), served, ret, err);
        json_decref(served);
        return r;
}

static const struct registry_known *registry_get(struct registry *g, const uint8_t key[KEY_BYTES]) {
        const struct registry_known *known;

        pthread_mutex_lock(&g->lock);
        known = table_get(&g->known, key, KEY_BYTES);
        pthread_mutex_unlock(&g->lock);
        return known;
}

static int registry_find(struct schema_ids *ids, const struct schema_id *id, const struct event_type **ret_type, const struct program **ret_program,
                         struct error *err) {
        struct registry *g = registry_of(ids);
        const struct registry_known *known;
        uint8_t key[KEY_BYTES];
        int r = 0;

        registry_key(id, key);
        known = registry_get(g, key);
        if (!known) {
                pthread_mutex_lock(&g->asking);
                known = registry_get(g, key); /* another thread may have asked meanwhile */
                if (!known)
                        r = registry_learn(g, id, key, &known, err);
                pthread_mutex_unlock(&g->asking);
        }
        if (r == -ENOMEM) {
                error_set(err, "out of memory while a schema of the registry was read");
                return SCHEMA_IDS_E_WAIT;
        }
        if (r)
                return r;
        if (!known->program) {
                error_set(err, "%s", known->unfit);
                return SCHEMA_IDS_E_UNFIT;
        }
        *ret_type = known->type;
        *ret_program = known->program;
        return 0;
}

/* -- Our own -- */

/* The name under which our id of a type is kept: another text, or another subject, has another. */
static void registry_own_file(const struct registry_subjects *s, const struct event_type *type, char ret[NAME_MAX_BYTES]) {
        const char *text = schema_json(type->file);

        (void) snprintf(ret, NAME_MAX_BYTES, "own-%d-%016" PRIx64 "-%016" PRIx64 ".json", (int)s->config->naming, fingerprint_crc64(text, strlen(text)),
                        fingerprint_crc64(s->prefix, strlen(s->prefix)));
}

/* Return: as registry_frame(). */
static int registry_own(struct registry *g, const struct registry_subjects *s, const struct event_type *type, uint32_t *ret, struct error *err) {
        struct registry_subject subject;
        char name[NAME_MAX_BYTES];
        json_t *kept;
        int r;

        registry_own_file(s, type, name);
        kept = g->cache ? registry_cache_get(g->cache, name) : NULL;
        *ret = (uint32_t)json_integer_value(json_object_get(kept, "id"));
        json_decref(kept);
        if (*ret)
                return 0;
        r = registry_subject_look(s, type, &subject, err);
        if (r)
                return r < 0 ? r : r == REGISTRY_E_AWAY ? -EIO : -EINVAL;
        if (subject.id == 0) {
                error_set(err, "the schema of %s is not registered as %s, and framing is confluent; run ketenwacht schema register", type->name, subject.name);
                return -EINVAL;
        }
        *ret = subject.id;
        kept = json_pack("{s:I}", "id", (json_int_t)subject.id);
        if (!kept)
                return -ENOMEM;
        registry_keep(g, name, kept);
        json_decref(kept);
        return 0;
}

int registry_frame(struct registry *registry, const char *prefix, struct event_types *types, struct error *err) {
        const struct registry_subjects s = {registry->client, registry->o.config, prefix};

        assert(types == registry->o.types);
        for (size_t i = 0; i < event_types_count(types); i++) {
                uint32_t id;
                int r = registry_own(registry, &s, event_types_at(types, i), &id, err);

                if (r)
                        return r;
                event_types_frame(types, event_types_at(types, i), id);
        }
        return 0;
}

struct registry_client *registry_client_of(struct registry *registry) {
        return registry->client;
}

/* -- Making one -- */

static int registry_register(struct registry *g, struct error *err) {
        const struct {
                struct metric **ret;
                struct metric_row row;
        } rows[] = {
                {&g->metrics.requests,
                 {.name = "ketenwacht_registry_requests_total", .kind = METRIC_COUNTER, .help = "Schema ids that the registry was asked for, by what it said.",
                  .labels = {{"outcome", request_names, REQUESTS}}}},
                {&g->metrics.away,
                 {.name = "ketenwacht_registry_away", .kind = METRIC_GAUGE, .help = "1 when the schema registry could not say what it was asked last."}},
                {&g->metrics.ids, {.name = "ketenwacht_registry_ids", .kind = METRIC_GAUGE, .help = "Schema ids that this process knows."}},
        };
        int r = 0;

        for (size_t i = 0; r == 0 && g->o.metrics && i < ELEMENTS(rows); i++)
                r = metrics_register(g->o.metrics, &rows[i].row, rows[i].ret, err);
        return r;
}

int registry_new(const struct registry_options *options, struct registry **ret, struct error *err) {
        CLEANUP(registry_free_p) struct registry *g = calloc(1, sizeof(*g));
        struct error why;
        int r;

        error_set(err, "out of memory");
        assert(options->config->url && options->types && options->clock.ops);
        if (!g)
                return -ENOMEM;
        g->ids.find = registry_find;
        g->o = *options;
        g->o.cache = options->config->cache ? options->config->cache : options->cache;
        if (g->o.cache)
                g->o.cache = g->folder = strdup(g->o.cache);
        if ((options->config->cache || options->cache) && !g->folder)
                return -ENOMEM;
        if (pthread_mutex_init(&g->lock, NULL) || pthread_mutex_init(&g->asking, NULL))
                return -ENOMEM;
        r = registry_register(g, err);
        if (r == 0)
                r = registry_client_new(options->config, options->environment, &g->client, err);
        if (r)
                return r;
        if (g->o.cache && registry_cache_new(g->o.cache, options->config->url, &g->cache, &why)) {
                g->cache_failed = true;
                log_line(g->o.log, REGISTRY_CACHE, LOG_STRING("folder", g->o.cache), LOG_STRING("reason", why.text));
        }
        *ret = TAKE(g);
        return 0;
}

struct registry *registry_free(struct registry *registry) {
        struct registry_known *known;

        if (!registry)
                return NULL;
        for (size_t i = 0; (known = table_next(&registry->known, &i));)
                registry_known_free(known);
        table_done(&registry->known);
        registry_client_free(registry->client);
        registry_cache_free(registry->cache);
        free(registry->folder);
        pthread_mutex_destroy(&registry->lock);
        pthread_mutex_destroy(&registry->asking);
        free(registry);
        return NULL;
}

struct schema_ids *registry_ids(struct registry *registry) {
        return &registry->ids;
}
