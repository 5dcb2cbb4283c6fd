/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * What workers do, as rows of text: one command a line, and lines that begin with -> say what must be so then
 *
 * A story begins in a new world (worker_world.h) with no worker. "with" says how the workers that start from then on are made; there
 * may be several, by name, and what speaks of a worker means the one that was named last. Words stand for ids: the same word, the
 * same case or event. Terms are 3s, 30m, 11h, 40d, 2y (365 days), with a sign where they may go back.
 *
 *   with once | keep 2y | partitions 3 | version 2 | metrics      and "with" alone: as at the start
 *   worker NAME               makes it, or names it again
 *   settle | steps N|TERM     until it rests; so many steps, or for so long
 *   finish                    a worker with once, until it is done
 *   until FIELD               steps until this field of its status is not 0
 *   fails config|split|-errno TEXT   steps of all workers until this one ends so, with TEXT in its sentence; it is gone then
 *   refused TEXT              a worker that cannot be made: WORKER_E_CONFIG, with TEXT in the sentence
 *   end | crash               stops it in good order; kill -9
 *   abort commit|produce      the next one comes to nothing
 *   clock TERM                all clocks go on
 *   decides TERM | real TERM  the clock that decides jumps; the real clock is off by this
 *   recorded TERM             from now on events say that they were recorded so long before or after now; 0s: now
 *   measure ID CASE DAYS [GI [MUNICIPALITY]]    who was informed so many days ago; protector, ended: likewise, without the last
 *   times N WHAT ID CASE DAYS   N of measure, protector or ended, each with an ID of its own
 *   again                     the last event once more
 *   load SEED FROM TO [each]  cases of a load (fixture_load_case); each: it settles after each case
 *   garbage                   a record that is no event
 *   row KIND ID VALUE         into partition 0 of case-state; VALUE is the rest of the line; without one: a tombstone
 *   compact [all]             case-state; all: tombstones too
 *   cut TOPIC                 all its records are deleted, as retention would
 *   remember                  the census and how much was told, for "-> as remembered"
 *   # …                       nothing
 *
 *   -> NAME N [NAME N …]      numbers, each N, >N or <N: of the worker's status and census (rows_status_number, rows_census_number), and the
 *                             records of a topic: plans, raised, resolved, state, or the name of any
 *   -> left CASE KIND N       rows of a case that are left; KIND * is any
 *   -> log EVENT N            how often the log of this world has said it
 *   -> metric LINE            stands in the metrics
 *   -> header TOPIC NAME VALUE       of the last record of a topic; VALUE is the rest of the line, or the id of a word: =WORD
 *   -> key TOPIC VALUE               its key
 *   -> field TOPIC FIELD VALUE       of its event: a string; of the field "event": its type
 *   -> beside TOPIC TOPIC            the last records stand in the same partition
 *   -> ordered TOPIC          recorded_at never goes back within a partition
 *   -> last TOPIC not before TOPIC   by recorded_at
 *   -> same TOPIC TOPIC       the last records have the same value
 *   -> as remembered
 */

#include <ctype.h>

#include "base/metrics.h"
#include "bus/memory/worker.h"
#include "worker_world.h"

#define ROWS_WORKERS 4
#define ROWS_WORDS 12

struct rows_worker {
        char name[128];
        struct worker *worker; /* NULL: gone */
};

struct rows {
        struct world *w;
        struct worker_config with;
        struct config *second;     /* configuration version 2; NULL: not read */
        struct rows_worker workers[ROWS_WORKERS];
        struct rows_worker *at;    /* the one that was named last */
        char json[FIXTURE_JSON];   /* the last event */
        int64_t recorded;
        struct worker_census remembered;
        size_t remembered_told;
        struct log log;
        char *said;
        size_t said_n;
        struct metrics *metrics;
        struct worker_metrics *worker_metrics;
        const char *story;         /* its name */
        char line[256];            /* the row … */
        char words[ROWS_WORDS][128]; /* … in words … */
        const char *rest[ROWS_WORDS]; /* … and what stands from each word on */
        size_t n;
};

static inline void rows_check(const struct rows *r, bool is, const char *why) {
        ck_assert_msg(is, "%s: \"%s\": %s", r->story, r->line, why);
}

/* -- Words -- */

static inline bool rows_is(const struct rows *r, size_t i, const char *word) {
        return i < r->n && strcmp(r->words[i], word) == 0;
}

static inline const char *rows_word(const struct rows *r, size_t i) {
        rows_check(r, i < r->n, "a word is missing");
        return r->words[i];
}

static inline int64_t rows_int(const struct rows *r, const char *word, char **ret_end) {
        int64_t n = strtoll(word, ret_end, 10);

        rows_check(r, *ret_end != word, "no number");
        return n;
}

static inline int64_t rows_number(const struct rows *r, size_t i) {
        char *end;
        int64_t n = rows_int(r, rows_word(r, i), &end);

        rows_check(r, !*end, "no number");
        return n;
}

static inline int64_t rows_term(const struct rows *r, size_t i) {
        static const struct {
                char unit;
                int64_t ms;
        } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', FIXTURE_DAY}, {'y', 365 * FIXTURE_DAY}};
        char *end;
        int64_t n = rows_int(r, rows_word(r, i), &end);

        for (size_t k = 0; k < ELEMENTS(units); k++) {
                if (end[0] == units[k].unit && !end[1])
                        return n * units[k].ms;
        }
        rows_check(r, false, "no term: expected 3s, 30m, 11h, 40d, 2y");
        return 0;
}

static inline const char *rows_topic(const struct rows *r, size_t i) {
        static const struct {
                const char *word, *topic;
        } names[] = {{"plans", TOPIC_PLAN_DUE}, {"raised", TOPIC_ESCALATION_RAISED}, {"resolved", TOPIC_ESCALATION_RESOLVED}, {"state", TOPIC_CASE_STATE}};
        const char *word = rows_word(r, i);

        for (size_t k = 0; k < ELEMENTS(names); k++) {
                if (strcmp(word, names[k].word) == 0)
                        return names[k].topic;
        }
        rows_check(r, memory_end(r->w->memory, word, 0) >= 0, "neither a number nor a topic");
        return word;
}

/* -- Workers -- */

static inline struct worker *rows_worker(const struct rows *r) {
        rows_check(r, r->at && r->at->worker, "there is no worker");
        return r->at->worker;
}

static inline void rows_with(struct rows *r) {
        if (r->n == 1)
                r->with = world_worker_config(r->w, "");
        r->with.log = &r->log;
        if (rows_is(r, 1, "once")) {
                r->with.once = true;
        } else if (rows_is(r, 1, "keep")) {
                r->with.retention = (struct term_step){TERM_YEARS, (int32_t)(rows_term(r, 2) / (365 * FIXTURE_DAY))};
        } else if (rows_is(r, 1, "partitions")) {
                r->with.partitions = (int32_t)rows_number(r, 2);
        } else if (rows_is(r, 1, "metrics")) {
                r->with.metrics = r->worker_metrics;
        } else if (rows_is(r, 1, "version")) {
                if (!r->second) {
                        char path[FIXTURE_PATH], schemas[FIXTURE_PATH];

                        fixture_make(r->w->folder, "second");
                        fixture_config(world_path(r->w, "second", path), "2\n");
                        r->second = fixture_read_config(path, fixture_schemas(schemas));
                }
                rows_check(r, rows_number(r, 2) == 2, "version 2 is the only other one");
                r->with.config = r->second;
        } else {
                rows_check(r, r->n == 1, "no such way of making a worker");
        }
}

static inline void rows_make(struct rows *r) {
        struct error err = {0};
        struct rows_worker *free_seat = NULL;

        for (size_t i = 0; i < ROWS_WORKERS; i++) {
                r->at = &r->workers[i];
                if (r->at->worker && strcmp(r->at->name, rows_word(r, 1)) == 0)
                        return;
                if (!r->at->worker && !free_seat)
                        free_seat = r->at;
        }
        rows_check(r, free_seat != NULL, "too many workers");
        r->at = free_seat;
        (void) snprintf(r->at->name, sizeof(r->at->name), "%s", rows_word(r, 1));
        r->with.instance = r->at->name;
        rows_check(r, worker_new(&r->with, &r->at->worker, &err) == 0, err.text);
}

static inline void rows_refused(struct rows *r) {
        struct worker *worker;
        struct error err = {0};

        r->with.instance = "refused";
        rows_check(r, worker_new(&r->with, &worker, &err) == WORKER_E_CONFIG, "it is not refused");
        rows_check(r, strstr(err.text, r->rest[1]) != NULL, err.text);
}

static inline void rows_finish(struct rows *r) {
        struct worker *worker = rows_worker(r);

        for (unsigned i = 0; i < WORLD_STEPS_MAX && !worker_done(worker); i++)
                world_step(r->w, worker);
        rows_check(r, worker_done(worker), "it is not done");
}

static inline void rows_fails(struct rows *r) {
        const char *how = rows_word(r, 1);
        struct error err = {0};
        int got = 0, want = strcmp(how, "config") == 0 ? WORKER_E_CONFIG
                          : strcmp(how, "split") == 0  ? WORKER_E_SPLIT
                          : strcmp(how, "-EPROTO") == 0 ? -EPROTO
                                                        : 0;

        rows_check(r, want != 0, "no such failure");
        for (unsigned i = 0; i < WORLD_STEPS_MAX && got == 0; i++) {
                for (size_t k = 0; k < ROWS_WORKERS; k++) {
                        if (r->workers[k].worker && &r->workers[k] != r->at)
                                world_step(r->w, r->workers[k].worker);
                }
                got = world_try(r->w, rows_worker(r), &err);
        }
        rows_check(r, got == want && (r->n < 3 || strstr(err.text, r->rest[2])), err.text[0] ? err.text : "it does not fail");
        worker_free(TAKE(r->at->worker));
}

static inline void rows_abort(struct rows *r) {
        enum memory_fault fault = rows_is(r, 1, "commit") ? MEMORY_COMMIT_ABORTED : MEMORY_PRODUCE_ABORTED;

        rows_check(r, rows_is(r, 1, "commit") || rows_is(r, 1, "produce"), "commit or produce");
        rows_check(r, memory_fault(worker_bus(rows_worker(r)), fault) == 0, "no fault can be put there");
}

/* -- What is published -- */

static inline void rows_event(struct rows *r) {
        const char *id = rows_word(r, 1), *word = rows_word(r, 2), *gi = r->n > 4 ? r->words[4] : "gi-a", *gm = r->n > 5 ? r->words[5] : "gm0001";
        instant_t recorded = r->w->now + r->recorded;
        int days = (int)(rows_term(r, 3) / FIXTURE_DAY);

        if (rows_is(r, 0, "measure"))
                fixture_measure(r->json, id, word, gi, gm, recorded, days);
        else if (rows_is(r, 0, "protector"))
                fixture_protector(r->json, id, word, gi, recorded, days);
        else
                fixture_ended(r->json, id, word, gi, recorded, days);
        world_publish(r->w, r->json);
}

/* The words move up: "times N" becomes as many rows of what follows. */
static inline void rows_times(struct rows *r) {
        int64_t times = rows_number(r, 1);
        char id[sizeof(r->words[0])];

        r->n -= 2;
        for (size_t i = 0; i < r->n; i++)
                (void) memcpy(r->words[i], r->words[i + 2], sizeof(r->words[i]));
        (void) memcpy(id, r->words[1], sizeof(id));
        for (int64_t i = 0; i < times; i++) {
                (void) snprintf(r->words[1], sizeof(r->words[1]), "%.80s%" PRId64, id, i);
                rows_event(r);
        }
}

static inline void rows_load(struct rows *r) {
        char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];

        for (unsigned c = (unsigned)rows_number(r, 2); c < (unsigned)rows_number(r, 3); c++) {
                size_t n = fixture_load_case((uint64_t)rows_number(r, 1), c, r->w->now, json);

                for (size_t i = 0; i < n; i++)
                        world_publish(r->w, json[i]);
                if (rows_is(r, 4, "each"))
                        world_settle(r->w, rows_worker(r));
        }
}

static inline void rows_row(struct rows *r) {
        uint8_t key[ROW_KEY_BYTES] = {0};
        const char *value = r->n > 3 ? r->rest[3] : NULL;

        key[16] = (uint8_t)rows_word(r, 1)[0];
        if (!rows_is(r, 2, "-"))
                memcpy(key + 17, r->words[2], strlen(r->words[2]));
        world_append(r->w, &(struct bus_record){
                                   .topic = TOPIC_CASE_STATE, .partition = 0, .key = key, .key_n = sizeof(key),
                                   .value = value, .value_n = value ? strlen(value) : 0});
}

/* -- What must be so -- */

static inline bool rows_status_number(const struct rows *r, const char *name, int64_t *ret) {
        struct worker_status s = {0};

        if (r->at && r->at->worker)
                worker_status(r->at->worker, &s);
        const struct {
                const char *name;
                int64_t n;
        } numbers[] = {
                {"facts", s.facts},   {"duplicates", s.duplicates}, {"told", s.told},     {"dead", s.dead},       {"forgotten", s.forgotten},
                {"aborts", s.aborts}, {"clock-away", s.clock_away}, {"live", s.live},     {"behind", s.behind},
        };

        for (size_t i = 0; i < ELEMENTS(numbers); i++) {
                if (strcmp(numbers[i].name, name) == 0) {
                        *ret = numbers[i].n;
                        return true;
                }
        }
        return false;
}

static inline bool rows_census_number(const struct rows *r, const char *name, int64_t *ret) {
        struct worker_census c = {0};

        if (r->at && r->at->worker)
                worker_census(r->at->worker, &c);
        const struct {
                const char *name;
                size_t n;
        } numbers[] = {{"cases", c.cases}, {"facts-kept", c.facts}, {"open-alerts", c.open_alerts}, {"closed", c.closed}};

        for (size_t i = 0; i < ELEMENTS(numbers); i++) {
                if (strcmp(numbers[i].name, name) == 0) {
                        *ret = (int64_t)numbers[i].n;
                        return true;
                }
        }
        return false;
}

static inline void rows_compare(const struct rows *r, int64_t is, size_t i) {
        const char *word = rows_word(r, i);
        char *end, text[32];
        bool more = *word == '>', less = *word == '<';
        int64_t want = rows_int(r, word + (more || less), &end);

        (void) snprintf(text, sizeof(text), "it is %" PRId64, is);
        rows_check(r, !*end && (more ? is > want : less ? is < want : is == want), text);
}

/* The rows that are left of a case: the last of each key, tombstones left out. */
static inline int64_t rows_left(const struct rows *r, const char *word, char kind) {
        struct table latest = {0};
        struct uuid id = uuid_v5(&uuid_namespace_ketenwacht, word, strlen(word));
        struct bus_record record;
        int64_t n = 0;

        for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
                for (int64_t offset = memory_end(r->w->memory, TOPIC_CASE_STATE, p); offset-- > 0;) {
                        const uint8_t *key;

                        if (!memory_record(r->w->memory, TOPIC_CASE_STATE, p, offset, false, &record))
                                continue;
                        key = record.key;
                        if (memcmp(key, id.bytes, sizeof(id.bytes)) != 0 || table_get(&latest, key, ROW_KEY_BYTES))
                                continue;
                        ck_assert_int_eq(table_put(&latest, key, ROW_KEY_BYTES, (void *)(uintptr_t)key), 0);
                        n += record.value && (kind == '*' || key[16] == (uint8_t)kind);
                }
        }
        table_done(&latest);
        return n;
}

static inline unsigned rows_said(struct rows *r, const char *event) {
        char wanted[160];
        unsigned n = 0;

        (void) snprintf(wanted, sizeof(wanted), "\"event\":\"%s\"", event);
        ck_assert_int_eq(fflush(r->log.out), 0);
        for (const char *at = r->said; (at = strstr(at, wanted)); at++)
                n++;
        return n;
}

static inline void rows_metric(struct rows *r) {
        CLEANUP(buffer_done) struct buffer out = BUFFER_INIT((size_t)1 << 20);
        char wanted[300];

        metrics_render(r->metrics, &out);
        (void) snprintf(wanted, sizeof(wanted), "\n%s\n", r->rest[2]);
        rows_check(r, strstr(buffer_text(&out), wanted) != NULL, buffer_text(&out));
}

/* The last event of a topic; its slots last until the next call. */
static inline struct event rows_last(const struct rows *r, size_t i, struct bus_record *ret) {
        rows_check(r, world_count(r->w, rows_topic(r, i), ret) > 0, "nothing stands on the topic");
        arena_reset(r->w->arena);
        return fixture_decode(r->w->config, ret->value, ret->value_n, r->w->arena);
}

/* What is wanted: the rest of the line from this word on, or the id of =WORD. */
static inline const char *rows_want(const struct rows *r, size_t i, char id[UUID_TEXT + 1]) {
        const char *want = rows_word(r, i);

        return *want == '=' ? fixture_id(want + 1, id) : r->rest[i];
}

static inline void rows_header(const struct rows *r) {
        struct bus_record record;
        const struct bus_header *header;
        char id[UUID_TEXT + 1];

        rows_check(r, world_count(r->w, rows_topic(r, 2), &record) > 0, "nothing stands on the topic");
        header = bus_record_header(&record, rows_word(r, 3));
        rows_check(r, header != NULL, "there is none");
        rows_check(r, text_is((struct text){header->value, header->n}, rows_want(r, 4, id)), "it is another");
}

static inline void rows_key(const struct rows *r) {
        struct bus_record record;
        char id[UUID_TEXT + 1];

        rows_check(r, world_count(r->w, rows_topic(r, 2), &record) > 0, "nothing stands on the topic");
        rows_check(r, text_is((struct text){record.key, record.key_n}, rows_want(r, 3, id)), "it is another");
}

static inline void rows_beside(const struct rows *r) {
        struct bus_record a, b;

        rows_check(r, world_count(r->w, rows_topic(r, 2), &a) > 0 && world_count(r->w, rows_topic(r, 3), &b) > 0, "nothing stands on the topic");
        rows_check(r, a.partition == b.partition, "they stand in different partitions");
}

static inline void rows_field(const struct rows *r) {
        struct bus_record record;
        struct event event = rows_last(r, 2, &record);
        const char *field = rows_word(r, 3), *want = rows_word(r, 4);
        int slot;

        if (strcmp(field, "event") == 0) {
                rows_check(r, strcmp(event.type->name, want) == 0, event.type->name);
                return;
        }
        slot = layout_slot(event.type->layout, field);
        rows_check(r, slot >= 0, "its event has no such field");
        rows_check(r, text_is(event.slots[slot].s, want), "it is another");
}

static inline void rows_ordered(const struct rows *r) {
        const char *topic = rows_topic(r, 2);
        unsigned n = 0;

        for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
                instant_t last = 0;

                for (int64_t offset = 0; offset < memory_end(r->w->memory, topic, p); offset++) {
                        struct bus_record record;
                        instant_t at;

                        if (!memory_record(r->w->memory, topic, p, offset, false, &record))
                                continue;
                        arena_reset(r->w->arena);
                        at = fixture_decode(r->w->config, record.value, record.value_n, r->w->arena).slots[SLOT_RECORDED_AT].i;
                        rows_check(r, at >= last, "a clock went back");
                        last = at;
                        n++;
                }
        }
        rows_check(r, n > 1, "there is nothing to compare");
}

static inline void rows_not_before(const struct rows *r) {
        struct bus_record record;
        instant_t later = rows_last(r, 2, &record).slots[SLOT_RECORDED_AT].i, earlier = rows_last(r, 5, &record).slots[SLOT_RECORDED_AT].i;

        rows_check(r, later >= earlier, "it is before");
        rows_check(r, r->w->now < earlier, "the clock was not set back so far: nothing was tried");
}

static inline size_t rows_told(const struct rows *r) {
        size_t n = 0;

        for (size_t i = 0; i < r->w->n_names; i++)
                n += world_is_output(r->w->names[i]) ? world_count(r->w, r->w->names[i], NULL) : 0;
        return n;
}

static inline void rows_remembered(const struct rows *r) {
        struct worker_census is;

        worker_census(rows_worker(r), &is);
        rows_check(r, is.cases == r->remembered.cases && is.closed == r->remembered.closed, "another number of cases");
        rows_check(r, is.facts == r->remembered.facts && is.open_alerts == r->remembered.open_alerts, "other facts or alerts");
        rows_check(r, is.checksum == r->remembered.checksum, "other rows");
        rows_check(r, rows_told(r) == r->remembered_told, "something more was told");
}

static inline int64_t rows_count(const struct rows *r, size_t i) {
        int64_t n;

        if (!rows_status_number(r, rows_word(r, i), &n) && !rows_census_number(r, r->words[i], &n))
                return (int64_t)world_count(r->w, rows_topic(r, i), NULL);
        rows_worker(r);
        return n;
}

static inline void rows_expect(struct rows *r) {
        struct bus_record a, b;

        if (rows_is(r, 1, "left")) {
                rows_compare(r, rows_left(r, rows_word(r, 2), rows_word(r, 3)[0]), 4);
        } else if (rows_is(r, 1, "log")) {
                rows_compare(r, rows_said(r, rows_word(r, 2)), 3);
        } else if (rows_is(r, 1, "metric")) {
                rows_metric(r);
        } else if (rows_is(r, 1, "header")) {
                rows_header(r);
        } else if (rows_is(r, 1, "field")) {
                rows_field(r);
        } else if (rows_is(r, 1, "ordered")) {
                rows_ordered(r);
        } else if (rows_is(r, 1, "last")) {
                rows_not_before(r);
        } else if (rows_is(r, 1, "same")) {
                (void) world_count(r->w, rows_topic(r, 2), &a);
                (void) world_count(r->w, rows_topic(r, 3), &b);
                rows_check(r, a.value_n > 0 && a.value_n == b.value_n && memcmp(a.value, b.value, a.value_n) == 0, "they differ");
        } else if (rows_is(r, 1, "as")) {
                rows_remembered(r);
        } else if (rows_is(r, 1, "key")) {
                rows_key(r);
        } else if (rows_is(r, 1, "beside")) {
                rows_beside(r);
        } else {
                for (size_t i = 1; i < r->n || i == 1; i += 2)
                        rows_compare(r, rows_count(r, i), i + 1);
        }
}

/* -- Commands -- */

static inline bool rows_drive(struct rows *r) {
        int64_t n = 0;

        if (rows_is(r, 0, "settle")) {
                world_settle(r->w, rows_worker(r));
        } else if (rows_is(r, 0, "steps")) {
                const char *word = rows_word(r, 1);

                n = isdigit((unsigned char)word[strlen(word) - 1]) ? rows_number(r, 1) : rows_term(r, 1) / WORLD_STEP_MS;
                for (int64_t i = 0; i < n; i++)
                        world_step(r->w, rows_worker(r));
        } else if (rows_is(r, 0, "until")) {
                for (unsigned i = 0; i < WORLD_STEPS_MAX && rows_status_number(r, rows_word(r, 1), &n) && n == 0; i++)
                        world_step(r->w, rows_worker(r));
                rows_check(r, n != 0, "it stays 0");
        } else if (rows_is(r, 0, "finish")) {
                rows_finish(r);
        } else if (rows_is(r, 0, "fails")) {
                rows_fails(r);
        } else if (rows_is(r, 0, "end")) {
                world_end(TAKE(r->at->worker));
        } else if (rows_is(r, 0, "crash")) {
                world_crash(TAKE(r->at->worker));
        } else if (rows_is(r, 0, "abort")) {
                rows_abort(r);
        } else if (rows_is(r, 0, "remember")) {
                worker_census(rows_worker(r), &r->remembered);
                r->remembered_told = rows_told(r);
        } else {
                return false;
        }
        return true;
}

static inline bool rows_publish(struct rows *r) {
        if (rows_is(r, 0, "measure") || rows_is(r, 0, "protector") || rows_is(r, 0, "ended"))
                rows_event(r);
        else if (rows_is(r, 0, "times"))
                rows_times(r);
        else if (rows_is(r, 0, "again"))
                world_publish(r->w, r->json);
        else if (rows_is(r, 0, "load"))
                rows_load(r);
        else if (rows_is(r, 0, "garbage"))
                world_append(r->w, &(struct bus_record){.topic = "plan-made", .partition = 0, .value = "x", .value_n = 1});
        else if (rows_is(r, 0, "row"))
                rows_row(r);
        else
                return false;
        return true;
}

static inline void rows_cut(struct rows *r) {
        for (int32_t p = 0; p < WORLD_PARTITIONS; p++)
                memory_truncate(r->w->memory, r->words[1], p, memory_end(r->w->memory, r->words[1], p));
}

static inline void rows_do(struct rows *r) {
        if (rows_drive(r) || rows_publish(r))
                return;
        if (rows_is(r, 0, "->"))
                rows_expect(r);
        else if (rows_is(r, 0, "with"))
                rows_with(r);
        else if (rows_is(r, 0, "worker"))
                rows_make(r);
        else if (rows_is(r, 0, "refused"))
                rows_refused(r);
        else if (rows_is(r, 0, "clock"))
                world_forward(r->w, rows_term(r, 1));
        else if (rows_is(r, 0, "decides"))
                r->w->now += rows_term(r, 1);
        else if (rows_is(r, 0, "real"))
                r->w->off = rows_term(r, 1);
        else if (rows_is(r, 0, "recorded"))
                r->recorded = rows_term(r, 1);
        else if (rows_is(r, 0, "compact"))
                memory_compact(r->w->memory, TOPIC_CASE_STATE, rows_is(r, 1, "all"));
        else if (rows_is(r, 0, "cut"))
                rows_cut(r);
        else
                rows_check(r, false, "no such command");
}

/* -- A story -- */

static inline void rows_close(struct rows *r) {
        for (size_t i = 0; i < ROWS_WORKERS; i++) {
                if (r->workers[i].worker)
                        world_end(r->workers[i].worker);
        }
        worker_metrics_free(r->worker_metrics);
        metrics_free(r->metrics);
        ck_assert_int_eq(fclose(r->log.out), 0);
        free(r->said);
        config_free(r->second);
        world_done(r->w);
}

/* Plays one row; @argument stands where the row has a $. */
static inline void rows_play_line(struct rows *r, const char *line, size_t n, const char *argument) {
        size_t at = 0;

        for (size_t i = 0; i < n; i++) {
                int put = line[i] == '$' ? snprintf(r->line + at, sizeof(r->line) - at, "%s", argument)
                                         : snprintf(r->line + at, sizeof(r->line) - at, "%c", line[i]);

                at += (size_t)put;
                ck_assert_uint_lt(at, sizeof(r->line));
        }
        r->line[at] = '\0';
        r->n = 0;
        if (r->line[0] == '#')
                return;
        for (const char *p = r->line; *(p += strspn(p, " "));) {
                size_t length = strcspn(p, " ");

                rows_check(r, r->n < ROWS_WORDS && length < sizeof(r->words[0]), "too many words, or too long");
                (void) snprintf(r->words[r->n], sizeof(r->words[0]), "%.*s", (int)length, p);
                r->rest[r->n++] = p;
                p += length;
        }
        if (r->n)
                rows_do(r);
}

/* Plays rows that each end with a line end. */
static inline void rows_play_rows(struct rows *r, const char *text, const char *argument) {
        for (const char *end; (end = strchr(text, '\n')); text = end + 1)
                rows_play_line(r, text, (size_t)(end - text), argument);
        ck_assert_msg(!*text, "%s: the last row has no line end", r->story);
}

/* A new world with no worker. @r must stay where it is. */
static inline void rows_open(struct rows *r, const char *story) {
        struct error err = {0};

        *r = (struct rows){.w = world_new(), .story = story};
        ck_assert_int_eq(metrics_new(&r->metrics), 0);
        ck_assert_msg(worker_metrics_new(r->metrics, r->w->config, &r->worker_metrics, &err) == 0, "%s", err.text);
        r->log = (struct log){.out = open_memstream(&r->said, &r->said_n), .clock = world_clock(r->w), .level = LOG_LEVEL_INFO};
        rows_play_rows(r, "with\n", "");
}

/* A story; with arguments it is played for each. */
struct rows_story {
        const char *name, *text;
        const char *arguments[8];
};

static inline void rows_play_story(const struct rows_story *story) {
        for (size_t i = 0; i == 0 || (i < ELEMENTS(story->arguments) && story->arguments[i]); i++) {
                struct rows r;

                rows_open(&r, story->name);
                rows_play_rows(&r, story->text, story->arguments[i] ? story->arguments[i] : "");
                rows_close(&r);
        }
}
