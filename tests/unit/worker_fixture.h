/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * For tests of the worker, on the bus in memory and on Kafka alike
 *
 * A small configuration on disk; events from JSON to bytes; a load of many cases from a seed; and a
 * checker that is told every committed record of state and outputs and then compares: every fact once,
 * nothing told twice, the alerts that are open those that an engine finds which has read it all at once.
 */

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/table.h"
#include "base/vector.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "worker/worker.h"
#include "model/event_json.h"

#define FIXTURE_PATH 512

/* -- Files -- */

/* <folder>/<name> */
static inline const char *fixture_path(char ret[FIXTURE_PATH], const char *folder, const char *name) {
        ck_assert_int_lt(snprintf(ret, FIXTURE_PATH, "%s/%s", folder, name), FIXTURE_PATH);
        return ret;
}

static inline void fixture_write(const char *folder, const char *name, const char *text, size_t n) {
        char path[FIXTURE_PATH];
        FILE *f;

        f = fopen(fixture_path(path, folder, name), "w");
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(text, 1, n, f), n);
        ck_assert_int_eq(fclose(f), 0);
}

static inline void fixture_make(const char *folder, const char *name) {
        char path[FIXTURE_PATH];

        ck_assert_int_eq(mkdir(fixture_path(path, folder, name), 0700), 0);
}

/* The files of one folder with this ending, into another. */
static inline void fixture_copy(const char *from, const char *ending, const char *to) {
        char path[FIXTURE_PATH], **names;
        struct error err;
        size_t n;

        ck_assert_int_eq(folder_names(from, ending, &names, &n, &err), 0);
        for (size_t i = 0; i < n; i++) {
                char *text;
                size_t bytes;

                ck_assert_msg(file_read(fixture_path(path, from, names[i]), &text, &bytes, &err) == 0, "%s", err.text);
                fixture_write(to, names[i], text, bytes);
                free(text);
        }
        folder_names_free(names);
}

static inline const char *fixture_schemas(char ret[FIXTURE_PATH]) {
        return fixture_path(ret, getenv("PROJECT_ROOT"), "schemas");
}

/* A folder with all that is in it. */
static inline void fixture_remove(const char *folder) {
        char path[FIXTURE_PATH], **names;
        struct error err;
        size_t n;

        if (folder_names(folder, "", &names, &n, &err))
                return;
        for (size_t i = 0; i < n; i++) {
                if (names[i][0] != '.' && unlink(fixture_path(path, folder, names[i])) != 0)
                        fixture_remove(path);
        }
        folder_names_free(names);
        (void) rmdir(folder);
}

/* -- Configuration -- */

#define FIXTURE_ORGANISATIONS                                                                      \
        "organisations:\n"                                                                         \
        "  - {id: gm0001, kind: municipality, name: Een, region: noord,\n"                         \
        "     contacts: [{function: lokaal-team, for: [gi, noord], mailbox: team, deputy: team-2}]}\n" \
        "  - {id: gm0002, kind: municipality, name: Twee, region: noord}\n"                        \
        "  - {id: gi-a, kind: gi, name: A}\n"                                                      \
        "  - {id: gi-b, kind: gi, name: B, urn: 'urn:nld:oin:00000000000000000042'}\n"             \
        "  - {id: region-noord, kind: region, name: Noord}\n"                                      \
        "  - {id: operators, kind: operators, name: Beheer}\n"                                     \
        "ketenwacht: {urn: 'urn:nld:oin:00000099000000000014:systeem:ketenwacht'}\n"               \
        "regions:\n"                                                                               \
        "  - {id: noord, name: Noord, roles: {region: region-noord, gi: [gi-a, gi-b]}}\n"

#define FIXTURE_PROTOCOL                                                                           \
        "protocol: proef\n"                                                                        \
        "title: Proef\n"                                                                           \
        "source: S0\n"                                                                             \
        "region: noord\n"                                                                          \
        "valid: {from: 2020-01-01}\n"                                                              \
        "acknowledgement_holds: 5 days\n"                                                          \
        "routes:\n"                                                                                \
        "  - {event: measure-started, to: [municipality], basis: proef}\n"                         \
        "norms:\n"                                                                                 \
        "  - norm: protector\n"                                                                    \
        "    title: Jeugdbeschermer binnen vijf dagen\n"                                           \
        "    basis: {kind: inspection, ref: proef}\n"                                              \
        "    starts: measure-started.informed_date\n"                                              \
        "    term: 5 days\n"                                                                       \
        "    met_by:\n"                                                                            \
        "      - protector-assigned: {role: FIXED}\n"                                              \
        "    ends_with: measure-ended\n"                                                           \
        "    announce: [gi]\n"                                                                     \
        "    remind:\n"                                                                            \
        "      - {before: 2 days, to: [gi]}\n"                                                     \
        "    escalate:\n"                                                                          \
        "      - {after: 0 days, to: [gi, municipality]}\n"                                        \
        "      - {after: 5 days, to: [region]}\n"

/* A configuration folder in @folder (which exists), of this version. */
static inline void fixture_config(const char *folder, const char *version) {
        static const char calendar[] = "equated: []\nyears: [2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 2027, 2028]\n";
        char protocols[FIXTURE_PATH];

        fixture_write(folder, "organisations.yaml", FIXTURE_ORGANISATIONS, strlen(FIXTURE_ORGANISATIONS));
        fixture_write(folder, "calendar.yaml", calendar, strlen(calendar));
        fixture_write(folder, "version", version, strlen(version));
        fixture_make(folder, "protocols");
        fixture_write(fixture_path(protocols, folder, "protocols"), "proef.yaml", FIXTURE_PROTOCOL, strlen(FIXTURE_PROTOCOL));
}

static inline struct config *fixture_read_config(const char *folder, const char *schemas) {
        struct mistakes mistakes = MISTAKES_INIT;
        struct config *config = NULL;
        int r = config_read(folder, schemas, &config, &mistakes);

        ck_assert_msg(r == 0, "%s", buffer_text(&mistakes.text));
        mistakes_done(&mistakes);
        return config;
}

/* -- Events -- */

/* A JSON object of an event, its values checked as a connector would. Slots in @arena. */
static inline struct event fixture_event(const struct config *config, const char *json, struct arena *arena) {
        static const char *const also[] = {"event", NULL};
        json_error_t where;
        json_t *object = json_loads(json, 0, &where);
        struct event event = {0};
        struct error err;
        const char *field;

        ck_assert_msg(object, "%s in %s", where.text, json);
        const struct event_type *type = event_types_find(config->types, text_of(json_string_value(json_object_get(object, "event"))));

        ck_assert_ptr_nonnull(type);
        ck_assert_msg(event_from_json(type, config->organisations, object, also, arena, &event, &field, &err) == REFUSAL_NONE, "%s in %s", err.text, json);
        for (size_t i = 0; i < type->layout->n; i++) { /* views into the object, which goes */
                struct slot *slot = &event.slots[i];

                if (slot->kind == SLOT_STRING)
                        slot->s.s = arena_copy(arena, slot->s.s, slot->s.n);
        }
        json_decref(object);
        return event;
}

static inline void fixture_encode(const struct event *event, struct buffer *out) {
        buffer_clear(out);
        event_record_encode(event, out);
        ck_assert(!out->failed);
}

/* Any event type that is an input or an output, from its bytes. */
static inline struct event fixture_decode(const struct config *config, const void *value, size_t n, struct arena *arena) {
        struct slot *slots = arena_calloc(arena, LAYOUT_SLOTS_MAX, sizeof(*slots));
        struct event event;
        struct error err;

        ck_assert_ptr_nonnull(slots);
        ck_assert_msg(event_record_read(config->types, NULL, &(struct bus_record){.value = value, .value_n = n}, slots, &event, &err) == 0, "%s", err.text);
        return event;
}

static inline struct text fixture_text(const struct event *event, const char *field) {
        int slot = layout_slot(event->type->layout, field);

        ck_assert_int_ge(slot, 0);
        return event->slots[slot].s;
}

/* The id of something: the same word, the same id. */
static inline const char *fixture_id(const char *word, char ret[UUID_TEXT + 1]) {
        struct uuid id = uuid_v5(&uuid_namespace_ketenwacht, word, strlen(word));

        uuid_format(&id, ret);
        return ret;
}

#define FIXTURE_JSON 1024
#define FIXTURE_DAY ((int64_t)24 * 3600 * 1000)

/* The envelope of an event, up to and with the comma before its own fields. */
static inline int fixture_envelope(char ret[FIXTURE_JSON], const char *event, const char *id, const char *case_word, const char *source, instant_t recorded) {
        char event_id[UUID_TEXT + 1], case_id[UUID_TEXT + 1], at[INSTANT_TEXT + 1];

        fixture_id(id, event_id);
        fixture_id(case_word, case_id);
        instant_format_exact(recorded, at);
        return snprintf(ret, FIXTURE_JSON,
                        "{\"event\":\"%s\",\"event_id\":\"%s\",\"case_id\":\"%s\",\"source\":\"%s\",\"occurred_at\":\"%s\",\"recorded_at\":\"%s\",", event,
                        event_id, case_id, source, at, at);
}

/* A measure of a case, of which the GI was informed so many days before @recorded. Its measure_id is that of the case's word. */
static inline void fixture_measure(char ret[FIXTURE_JSON], const char *id, const char *case_word, const char *gi, const char *municipality,
                                   instant_t recorded, int days_ago) {
        char measure[UUID_TEXT + 1], word[128], date[DATE_TEXT + 1];
        int n = fixture_envelope(ret, "measure-started", id, case_word, gi, recorded);

        (void) snprintf(word, sizeof(word), "measure|%s", case_word);
        date_format(date_of_instant(recorded) - days_ago, date);
        (void) snprintf(ret + n, FIXTURE_JSON - (size_t)n,
                        "\"measure_id\":\"%s\",\"kind\":\"OTS\",\"verdict_date\":\"%s\",\"informed_date\":\"%s\",\"gi\":\"%s\",\"municipality\":\"%s\"}",
                        fixture_id(word, measure), date, date, gi, municipality);
}

static inline void fixture_protector(char ret[FIXTURE_JSON], const char *id, const char *case_word, const char *gi, instant_t recorded, int days_ago) {
        char measure[UUID_TEXT + 1], word[128], date[DATE_TEXT + 1];
        int n = fixture_envelope(ret, "protector-assigned", id, case_word, gi, recorded);

        (void) snprintf(word, sizeof(word), "measure|%s", case_word);
        date_format(date_of_instant(recorded) - days_ago, date);
        (void) snprintf(ret + n, FIXTURE_JSON - (size_t)n,
                        "\"measure_id\":\"%s\",\"date\":\"%s\",\"worker\":\"w-17\",\"role\":\"FIXED\",\"working_with_family\":true,\"reason\":\"FIRST\"}",
                        fixture_id(word, measure), date);
}

static inline void fixture_ended(char ret[FIXTURE_JSON], const char *id, const char *case_word, const char *gi, instant_t recorded, int days_ago) {
        char measure[UUID_TEXT + 1], word[128], date[DATE_TEXT + 1];
        int n = fixture_envelope(ret, "measure-ended", id, case_word, gi, recorded);

        (void) snprintf(word, sizeof(word), "measure|%s", case_word);
        date_format(date_of_instant(recorded) - days_ago, date);
        (void) snprintf(ret + n, FIXTURE_JSON - (size_t)n, "\"measure_id\":\"%s\",\"date\":\"%s\",\"reason\":\"EXPIRED\"}", fixture_id(word, measure), date);
}

static inline void fixture_withdrawn(char ret[FIXTURE_JSON], const char *id, const char *case_word, const char *gi, instant_t recorded, const char *what) {
        char named[UUID_TEXT + 1];
        int n = fixture_envelope(ret, "event-withdrawn", id, case_word, gi, recorded);

        (void) snprintf(ret + n, FIXTURE_JSON - (size_t)n, "\"withdrawn\":\"%s\",\"reason\":\"MISTAKE\"}", fixture_id(what, named));
}

/* -- A load -- */

static inline uint64_t fixture_random(uint64_t *state) { /* splitmix64 */
        uint64_t z = (*state += 0x9e3779b97f4a7c15u);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
}

#define FIXTURE_CASE_EVENTS 6

/*
 * The events of case number @c of a load: a measure, and by chance a protector, an end, a withdrawal of
 * either, and the same event again. As JSON lines in @ret; returns how many.
 */
static inline size_t fixture_load_case(uint64_t seed, unsigned c, instant_t now, char ret[FIXTURE_CASE_EVENTS][FIXTURE_JSON]) {
        uint64_t random = seed * 1000003 + c;
        char word[64], id[96], other[96];
        const char *gi = fixture_random(&random) % 2 ? "gi-a" : "gi-b", *municipality = fixture_random(&random) % 2 ? "gm0001" : "gm0002";
        int ago = (int)(fixture_random(&random) % 60);
        size_t n = 0;

        (void) snprintf(word, sizeof(word), "%" PRIu64 "|%u", seed, c);
        (void) snprintf(id, sizeof(id), "started|%s", word);
        fixture_measure(ret[n++], id, word, gi, municipality, now, ago);
        if (fixture_random(&random) % 2) {
                (void) snprintf(id, sizeof(id), "protector|%s", word);
                fixture_protector(ret[n++], id, word, gi, now - 1000, (int)(fixture_random(&random) % (unsigned)(ago + 1)));
                if (fixture_random(&random) % 4 == 0) {
                        (void) snprintf(other, sizeof(other), "withdrawn|%s", word);
                        fixture_withdrawn(ret[n++], other, word, gi, now - 500, id);
                }
        }
        if (fixture_random(&random) % 5 == 0) {
                (void) snprintf(id, sizeof(id), "ended|%s", word);
                fixture_ended(ret[n++], id, word, gi, now - 200, (int)(fixture_random(&random) % (unsigned)(ago + 1)));
        }
        if (fixture_random(&random) % 3 == 0) {
                (void) memcpy(ret[n], ret[fixture_random(&random) % n], FIXTURE_JSON);
                n++;
        }
        return n;
}

/* -- The checker -- */

struct seen { /* by key; the key is copied */
        struct table table;
        struct arena *arena;
};
struct seen_entry {
        unsigned times;
        const void *value; /* of the last one */
        size_t n;
};

static inline struct seen seen_new(void) {
        struct seen seen = {0};

        ck_assert_int_eq(arena_new(&seen.arena, (size_t)1 << 30), 0);
        return seen;
}

static inline void seen_done(struct seen *seen) {
        table_done(&seen->table);
        arena_free(seen->arena);
}

static inline struct seen_entry *seen_add(struct seen *seen, const void *key, size_t n_key, const void *value, size_t n) {
        struct seen_entry *entry = table_get(&seen->table, key, n_key);

        if (!entry) {
                entry = arena_calloc(seen->arena, 1, sizeof(*entry));
                ck_assert_ptr_nonnull(entry);
                ck_assert_int_eq(table_put(&seen->table, arena_copy(seen->arena, key, n_key), n_key, entry), 0);
        }
        entry->times++;
        entry->value = value ? arena_copy(seen->arena, value, n) : NULL;
        entry->n = n;
        return entry;
}

struct checker {
        const struct config *config;
        struct seen state, told, alerts; /* rows by key; "topic|event_id"; alerts that are open, by alert_id */
        struct engine *engine;           /* reads everything at once, and tells nothing */
        struct store *store;
        struct arena *arena;
        size_t facts;                    /* distinct events fed */
        size_t n_told;
};

static inline struct checker checker_new(const struct config *config) {
        struct checker c = {.config = config, .state = seen_new(), .told = seen_new(), .alerts = seen_new()};

        ck_assert_int_eq(arena_new(&c.arena, (size_t)64 << 20), 0);
        ck_assert_int_eq(engine_new(config, &c.engine), 0);
        ck_assert_int_eq(store_new(c.engine, &c.store), 0);
        return c;
}

static inline void checker_done(struct checker *c) {
        seen_done(&c->state);
        seen_done(&c->told);
        seen_done(&c->alerts);
        store_free(c->store);
        engine_free(c->engine);
        arena_free(c->arena);
}

/* What was published. */
static inline void checker_event(struct checker *c, const char *json, instant_t now) {
        const struct outcome *outcome;
        struct error err;

        arena_reset(c->arena);
        struct event event = fixture_event(c->config, json, c->arena);

        ck_assert_msg(engine_event(c->engine, c->store, &event, now, false, &outcome, &err) == 0, "%s", err.text);
        if (!outcome->duplicate)
                c->facts++;
}

/* A committed row of case-state. */
static inline void checker_row(struct checker *c, const void *key, size_t n_key, const void *value, size_t n) {
        struct seen_entry *entry = seen_add(&c->state, key, n_key, value, n);

        ck_assert_uint_eq(n_key, ROW_KEY_BYTES);
        if (((const uint8_t *)key)[16] == ROW_FACT)
                ck_assert_msg(entry->times == 1, "a fact's row was written %u times", entry->times);
}

/* A committed record of an output topic or an inbox. */
static inline void checker_told(struct checker *c, const char *topic, const void *value, size_t n) {
        char key[BUS_NAME_MAX + 64], id[UUID_TEXT + 1];

        arena_reset(c->arena);
        struct event event = fixture_decode(c->config, value, n, c->arena);

        uuid_format(&event.slots[SLOT_EVENT_ID].u, id);
        int bytes = snprintf(key, sizeof(key), "%s|%s", topic, id);

        c->n_told++;
        ck_assert_msg(seen_add(&c->told, key, (size_t)bytes, NULL, 0)->times == 1, "%s stands twice in %s", id, topic);
}

/* Compares, at the instant at which the worker last stood. */
static inline void checker_compare(struct checker *c, instant_t now) {
        struct row_codec *codec;
        struct casefile *casefile;
        size_t facts = 0, open = 0, want = 0;

        for (size_t i = 0; (casefile = store_iterate(c->store, &i));) {
                const struct outcome *outcome;

                ck_assert_int_eq(engine_evaluate(c->engine, c->store, casefile, now, &outcome), 0);
                for (size_t k = 0; k < outcome->n_effects; k++) {
                        if (outcome->effects[k].kind == EFFECT_RAISED)
                                (void) seen_add(&c->alerts, &outcome->effects[k].told.alert_id, sizeof(struct uuid), NULL, 0);
                }
        }
        want = c->alerts.table.n;
        ck_assert_int_eq(row_codec_new(&codec), 0);
        for (size_t i = 0; i < c->state.table.capacity; i++) {
                const struct table_entry *at = &c->state.table.entries[i];
                const struct seen_entry *entry = at->value;
                struct telling alert;
                struct error err;

                if (!entry)
                        continue;
                facts += ((const uint8_t *)at->key)[16] == ROW_FACT;
                if (((const uint8_t *)at->key)[16] != ROW_ALERT)
                        continue;
                ck_assert_msg(row_read(codec, ROW_ALERT, entry->value, entry->n, &alert, &err) == 0, "%s", err.text);
                if (!alert.open)
                        continue;
                open++;
                ck_assert_msg(table_get(&c->alerts.table, (const uint8_t *)at->key + 17, sizeof(struct uuid)) != NULL,
                              "an alert is open that should not be: %.*s", (int)alert.instance.n, alert.instance.s);
        }
        row_codec_free(codec);
        ck_assert_uint_eq(facts, c->facts);
        ck_assert_uint_eq(open, want);
}
