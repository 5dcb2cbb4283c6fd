/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench engine`: decode, accept, evaluate, and encode what follows, without a broker
 *
 * Cases of a generated year, each with a measure and what came of it, their events mixed as they would come from
 * topics: all starts of a stretch of cases, then their assignments, and so on. The clock stands at the end, so old
 * cases have passed deadlines. Then the same with longer cases, and fewer of them.
 */

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/vector.h"
#include "bench/bench.h"
#include "cluster/event_record.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "model/lines.h"

#define STRETCH 200 /* cases whose events come mixed */
#define EVENTS 60000 /* of cases of few facts; a tenth of them where cases are long */
#define EVENTS_MAX 10000000
#define ENGINE_ROUNDS 3
#define COMMIT_EVENTS 1000 /* in one transaction */
#define OUT_BYTES_MAX (1 << 20) /* of one output */
#define SETUP_ARENA_MAX ((size_t)1024 * 1024)
#define BATCH_BYTES_PER_ROW 10 /* Kafka's record: lengths, deltas, counts; its batch header is spread over many */

struct message {
        size_t at; /* in bytes */
        uint32_t n;
};

struct work {
        struct config *config;
        struct buffer bytes; /* all bodies, framed */
        VECTOR(struct message) messages;
        instant_t now;
};

struct figures { /* bytes of facts and of tellings apart: a telling is what was told about, once however often */
        double ns_per_event, rows_per_event, effects_per_event;
        double memory_per_fact, topic_per_fact, memory_per_telling, topic_per_telling;
};

struct tally { /* what one round made */
        size_t rows, effects, topic_facts, topic_tellings;
};

static int work_add_event(struct work *w, struct arena *arena, const char *json) {
        struct line line;
        size_t at = w->bytes.n;
        int r;

        arena_reset(arena);
        line_parse(w->config->types, w->config->organisations, text_of(json), LANGUAGE_EN, arena, &line);
        if (line.kind != LINE_EVENT) {
                fprintf(stderr, "%s\n", line.error.text);
                line_done(&line);
                return -EINVAL;
        }
        event_record_encode(&line.event, &w->bytes);
        line_done(&line);
        r = vector_push(&w->messages, (struct message){.at = at, .n = (uint32_t)(w->bytes.n - at)});
        return w->bytes.failed ? -ENOMEM : r;
}

static const struct organisation *work_first(const struct config *config, enum organisation_kind kind, size_t skip) {
        const struct organisation *found = NULL;

        for (size_t i = 0; i < organisations_count(config->organisations); i++) {
                const struct organisation *org = organisations_at(config->organisations, i);

                if (org->kind == kind && !org->next && org->until == INT32_MAX) {
                        found = org;
                        if (skip-- == 0)
                                break;
                }
        }
        return found;
}

/* What happens to a case, by the place of the event; a long case goes on with consultations. */
static int work_add_step(struct work *w, struct arena *arena, size_t number, size_t step) {
        static const char *const bodies[] = {
                "\"event\":\"protector-assigned\",\"worker\":\"jb-40\",\"role\":\"FIXED\",\"working_with_family\":true,\"reason\":\"FIRST\"",
                "\"event\":\"first-contact-held\",\"worker\":\"jb-40\",\"with_child\":true,\"with_parent\":true",
                "\"event\":\"course-agreed\",\"goals\":true,\"help\":true,\"with_family\":true,\"with_network\":true,\"with_professionals\":true",
                "\"event\":\"help-started\",\"route\":\"REGULAR\"",
                "\"event\":\"consultation-held\",\"subject\":\"SAFETY\",\"with_whom\":\"lokaal-team\",\"level\":\"WORKER\",\"agreed\":true",
        };
        const struct organisation *gi = work_first(w->config, KIND_GI, 0), *municipality = work_first(w->config, KIND_MUNICIPALITY, number % 50);
        size_t kind = step == 0 ? 0 : step - 1 < ELEMENTS(bodies) ? step - 1 : ELEMENTS(bodies) - 1;
        day_t start = date_from_ymd(2024, 1, 1) + (day_t)(number * 7 % 330);
        day_t date = start + (day_t)(step * 3) + (number % 10 == 0 ? 60 : 0);
        char json[1200], at[INSTANT_TEXT + 1], day[DATE_TEXT + 1], body[400], ids[3][UUID_TEXT + 1], name[64];

        if (!gi || !municipality)
                return -ENOENT;
        for (unsigned i = 0; i < 3; i++) {
                int n = snprintf(name, sizeof(name), "bench|%zu|%u|%zu", number, i, i == 2 ? step : 0);
                struct uuid u = uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n);

                uuid_format(&u, ids[i]);
        }
        date_format(date, day);
        instant_format(date_begin(date) + 36000000, at);
        if (step == 0)
                (void) snprintf(body, sizeof(body),
                                "\"event\":\"measure-started\",\"kind\":\"OTS\",\"verdict_date\":\"%s\",\"informed_date\":\"%s\","
                                "\"gi\":\"%s\",\"municipality\":\"%s\"",
                                day, day, gi->id, municipality->id);
        else
                (void) snprintf(body, sizeof(body), "%s,\"date\":\"%s\"", bodies[kind], day);
        (void) snprintf(json, sizeof(json),
                        "{%s,\"case_id\":\"%s\",\"measure_id\":\"%s\",\"event_id\":\"%s\",\"source\":\"%s\",\"occurred_at\":\"%s\","
                        "\"recorded_at\":\"%s\"}",
                        body, ids[0], ids[1], ids[2], gi->id, at, at);
        return work_add_event(w, arena, json);
}

static int work_make(struct work *w, size_t facts, size_t events) {
        struct arena *arena;
        size_t cases = events / facts ? events / facts : 1;
        int r = arena_new(&arena, SETUP_ARENA_MAX);

        w->now = date_begin(date_from_ymd(2025, 2, 1));
        for (size_t first = 0; r == 0 && first < cases; first += STRETCH) {
                for (size_t step = 0; r == 0 && step < facts; step++) {
                        for (size_t i = first; r == 0 && i < first + STRETCH && i < cases; i++)
                                r = work_add_step(w, arena, i, step);
                }
        }
        arena_free(arena);
        return r;
}

static int work_encode_effect(const struct work *w, const struct effect *effect, struct arena *arena, struct buffer *out) {
        struct event event;
        int r = effect_event(effect, w->config->types, arena, &event);

        if (r)
                return r;
        buffer_clear(out);
        event_record_encode(&event, out);
        return 0;
}

static int work_encode(const struct work *w, const struct outcome *outcome, struct arena *arena, struct buffer *out) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < outcome->n_effects; i++)
                r = work_encode_effect(w, &outcome->effects[i], arena, out);
        return r;
}

static int work_message(const struct work *w, const struct message *m, struct engine *engine, struct store *store, struct arena *arena,
                        const struct outcome **ret, struct error *err) {
        struct slot *slots;
        struct event event;
        int r;

        arena_reset(arena);
        slots = arena_alloc(arena, LAYOUT_SLOTS_MAX * sizeof(*slots)); /* copies point into them: they live as long as the outcome */
        if (!slots)
                return -ENOMEM;
        if (event_record_read(w->config->types, NULL, &(struct bus_record){.value = w->bytes.bytes + m->at, .value_n = m->n}, slots, &event, err))
                return -EINVAL;
        r = engine_event(engine, store, &event, w->now, true, ret, err);
        return r > 0 ? -EINVAL : r;
}

static void work_count(const struct outcome *outcome, struct tally *tally) {
        tally->effects += outcome->n_effects;
        tally->rows += outcome->n_rows;
        for (size_t i = 0; i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];
                size_t bytes = row->n_key + row->n_value + BATCH_BYTES_PER_ROW;
                struct row_key key;

                if (row_key_read(row->key, row->n_key, &key) == 0 && key.kind == ROW_FACT)
                        tally->topic_facts += bytes;
                else
                        tally->topic_tellings += bytes;
        }
}

/* What is measured, under a name of its own: tests/bench/instructions.py counts its instructions. */
__attribute__((noinline)) static int bench_engine_events(const struct work *w, struct engine *engine, struct store *store, struct arena *arena,
                                                         struct buffer *out, struct tally *tally, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < w->messages.n; i++) {
                const struct outcome *outcome;

                r = work_message(w, &w->messages.items[i], engine, store, arena, &outcome, err);
                if (r == 0)
                        r = work_encode(w, outcome, arena, out);
                if (r == 0)
                        work_count(outcome, tally);
                if (i % COMMIT_EVENTS == COMMIT_EVENTS - 1)
                        store_commit(store);
        }
        return r;
}

/* -- All that one round reads and makes, in files: who changes the engine compares the bytes, and a program written by hand can be held against it -- */

#define DUMP_STREAM "stream"   /* each event: its length in four bytes, the lowest first, and the bytes */
#define DUMP_OUTPUTS "outputs" /* the same of what each leads to, behind a letter: E an effect, R the key and value of a row */
#define DUMP_PATH_MAX 4096

static void dump_piece(FILE *file, const void *bytes, size_t n) {
        (void) fwrite(bytes, 1, n, file); /* dump_close() asks whether all went well */
}

static void dump_length(FILE *file, size_t n) {
        uint32_t length = htole32((uint32_t)n);

        dump_piece(file, &length, sizeof(length));
}

static int dump_outcome(const struct work *w, const struct outcome *outcome, struct arena *arena, struct buffer *out, FILE *file) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                int r = work_encode_effect(w, &outcome->effects[i], arena, out);

                if (r)
                        return r;
                dump_piece(file, "E", 1);
                dump_length(file, out->n);
                dump_piece(file, out->bytes, out->n);
        }
        for (size_t i = 0; i < outcome->n_rows; i++) {
                const struct row_change *row = &outcome->rows[i];

                dump_piece(file, "R", 1);
                dump_length(file, row->n_key + row->n_value);
                dump_piece(file, row->key, row->n_key);
                dump_piece(file, row->value, row->n_value);
        }
        return 0;
}

static FILE *dump_open(const char *folder, const char *name, struct error *err) {
        char path[DUMP_PATH_MAX];
        FILE *file = NULL;

        if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path))
                file = fopen(path, "wb");
        if (!file)
                error_set(err, "%s/%s cannot be written; --dump takes a folder that is there", folder, name);
        return file;
}

static int dump_close(FILE *file, const char *name, struct error *err) {
        bool wrong = ferror(file) != 0;

        if (fclose(file) == 0 && !wrong)
                return 0;
        error_set(err, "%s could not be written whole: is the disk full?", name);
        return -EIO;
}

static int dump_stream(const struct work *w, const char *folder, struct error *err) {
        FILE *file = dump_open(folder, DUMP_STREAM, err);

        if (!file)
                return -EIO;
        for (size_t i = 0; i < w->messages.n; i++) {
                dump_length(file, w->messages.items[i].n);
                dump_piece(file, w->bytes.bytes + w->messages.items[i].at, w->messages.items[i].n);
        }
        return dump_close(file, DUMP_STREAM, err);
}

static int dump_outputs(const struct work *w, const char *folder, struct error *err) {
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct buffer out = BUFFER_INIT(OUT_BYTES_MAX);
        FILE *file = dump_open(folder, DUMP_OUTPUTS, err);
        int r = file ? engine_new(w->config, &engine) : -EIO, closed;

        if (r == 0)
                r = store_new(engine, &store);
        if (r == 0)
                r = arena_new(&arena, SETUP_ARENA_MAX);
        for (size_t i = 0; r == 0 && i < w->messages.n; i++) {
                const struct outcome *outcome;

                r = work_message(w, &w->messages.items[i], engine, store, arena, &outcome, err);
                if (r == 0)
                        r = dump_outcome(w, outcome, arena, &out, file);
                if (i % COMMIT_EVENTS == COMMIT_EVENTS - 1)
                        store_commit(store);
        }
        buffer_done(&out);
        if (!file)
                return r;
        closed = dump_close(file, DUMP_OUTPUTS, err);
        return r ? r : closed;
}

/* -- Measuring -- */

static double engine_per(size_t bytes, size_t n) {
        return n ? (double)bytes / (double)n : 0;
}

static int engine_round(const struct work *w, struct figures *ret, struct error *err) {
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct buffer out = BUFFER_INIT(OUT_BYTES_MAX);
        struct tally tally = {0};
        struct store_stats stats;
        size_t tellings;
        int64_t start;
        int r = engine_new(w->config, &engine);

        if (r == 0)
                r = store_new(engine, &store);
        if (r == 0)
                r = arena_new(&arena, SETUP_ARENA_MAX);
        start = clock_cpu_ns();
        if (r == 0)
                r = bench_engine_events(w, engine, store, arena, &out, &tally, err);
        buffer_done(&out);
        if (r)
                return r;
        ret->ns_per_event = (double)(clock_cpu_ns() - start) / (double)w->messages.n;
        store_commit(store);
        stats = store_stats(store);
        tellings = stats.announcements + stats.alerts + stats.copies;
        ret->memory_per_fact = engine_per(stats.bytes - stats.bytes_tellings, stats.facts);
        ret->memory_per_telling = engine_per(stats.bytes_tellings, tellings);
        ret->topic_per_fact = engine_per(tally.topic_facts, stats.facts);
        ret->topic_per_telling = engine_per(tally.topic_tellings, tellings);
        ret->rows_per_event = engine_per(tally.rows, w->messages.n);
        ret->effects_per_event = engine_per(tally.effects, w->messages.n);
        return 0;
}

static int engine_by_ns(const void *a, const void *b) {
        const struct figures *x = a, *y = b;

        return (x->ns_per_event > y->ns_per_event) - (x->ns_per_event < y->ns_per_event);
}

struct engine_options {
        int64_t rounds, events, facts; /* facts: only cases of so many; 0: of all sizes */
        const char *dump;              /* a folder; NULL: none */
};

static int engine_measure_size(const struct engine_options *options, struct config *config, size_t facts, struct figures *ret, struct error *err) {
        size_t n = (size_t)options->rounds, events = (size_t)options->events;
        struct figures rounds[BENCH_ROUNDS_MAX];
        struct work work = {.config = config, .bytes = BUFFER_INIT((size_t)1 << 30)};
        int r = work_make(&work, facts, facts < 100 ? events : events / 10);

        if (r == 0 && options->dump)
                r = dump_stream(&work, options->dump, err);
        if (r == 0 && options->dump)
                r = dump_outputs(&work, options->dump, err);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = engine_round(&work, &rounds[i], err);
        if (r == 0) {
                qsort(rounds, n, sizeof(*rounds), engine_by_ns);
                *ret = rounds[n / 2];
        } else if (!err->text[0]) {
                error_set(err, "the work cannot be made or done: %s", strerror(-r));
        }
        buffer_done(&work.bytes);
        vector_done(&work.messages);
        return r;
}

static void engine_print_json(size_t facts, const struct figures *f, bool first) {
        printf("%s\"%zu\":{\"events_per_s\":%.0f,\"ns_per_event\":%.1f,\"memory_bytes_per_fact\":%.1f,\"topic_bytes_per_fact\":%.1f,"
               "\"memory_bytes_per_telling\":%.1f,\"topic_bytes_per_telling\":%.1f}",
               first ? "{" : ",", facts, 1e9 / f->ns_per_event, f->ns_per_event, f->memory_per_fact, f->topic_per_fact, f->memory_per_telling,
               f->topic_per_telling);
}

static void engine_print_text(const struct config *config, size_t facts, const struct figures *f, bool first) {
        if (first)
                printf("engine, one core, protocols loaded: %zu; bytes of facts and of tellings apart, in memory and on the topic\n\n"
                       "facts  ns/event   events/s effects    rows memory/fact  topic/fact memory/tell  topic/tell\n",
                       config->protocols.n);
        printf("%5zu %9.0f %10.0f %7.2f %7.2f %11.0f %11.0f %11.0f %11.0f\n", facts, f->ns_per_event, 1e9 / f->ns_per_event, f->effects_per_event,
               f->rows_per_event, f->memory_per_fact, f->topic_per_fact, f->memory_per_telling, f->topic_per_telling);
}

static int engine_measure_sizes(const struct bench_arguments *arguments, const struct engine_options *options, struct config *config, struct error *err) {
        static const size_t facts[] = {5, 10, 100, 1000};
        bool first = true;

        for (size_t i = 0; i < ELEMENTS(facts); i++) {
                struct figures f;

                if (options->facts && (size_t)options->facts != facts[i])
                        continue;
                if (engine_measure_size(options, config, facts[i], &f, err))
                        return EXIT_NO;
                if (arguments->json)
                        engine_print_json(facts[i], &f, first);
                else
                        engine_print_text(config, facts[i], &f, first);
                first = false;
        }
        if (first) {
                error_set(err, "cases have 5, 10, 100 or 1000 facts here, not %lld", (long long)options->facts);
                return EXIT_USAGE;
        }
        if (arguments->json)
                printf("}\n");
        return EXIT_DONE;
}

static int engine_run(int argc, char **argv, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        struct bench_arguments arguments = BENCH_ARGUMENTS_DEFAULT;
        struct engine_options o = {.rounds = ENGINE_ROUNDS, .events = EVENTS};
        const char *rounds = NULL, *events = NULL, *facts = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&arguments),          OPTION_TEXT_ROW("--rounds", &rounds), OPTION_TEXT_ROW("--facts", &facts),
                OPTION_TEXT_ROW("--events", &events), OPTION_TEXT_ROW("--dump", &o.dump),
                OPTION_END_ROW,
        };
        const struct bench_number_row numbers[] = {
                {"--rounds", &rounds, 1, BENCH_ROUNDS_MAX, &o.rounds},
                {"--facts", &facts, 1, CASE_FACTS_MAX, &o.facts},
                {"--events", &events, 1, EVENTS_MAX, &o.events},
        };
        int status = bench_options(argc, argv, options);

        if (status)
                return status;
        status = bench_numbers(argv[0], numbers, ELEMENTS(numbers));
        if (status)
                return status;
        if (o.dump && !o.facts) {
                error_set(err, "--dump needs --facts: it is of cases of one size");
                return EXIT_USAGE;
        }
        status = bench_configuration(&arguments, &config, err);
        return status ? status : engine_measure_sizes(&arguments, &o, config, err);
}

const struct bench bench_engine = {
        .name = "engine",
        .summary = "decode, accept, evaluate and encode, without a broker",
        .help = "Usage: ketenwacht bench engine [--json] [--config DIR] [--schemas DIR] [--rounds N] [--facts N] [--events N]\n"
                "                              [--dump FOLDER]\n\n"
                "Events of generated cases, decoded, accepted, evaluated, effects and rows encoded, in memory, with the protocols\n"
                "of --config; cases of 5 facts, and of 10, 100 and 1,000. CPU time of one core. Bytes are those of facts and their\n"
                "cases, and those of tellings (announcements, alerts, later copies), apart.\n"
                "--json: {\"5\", \"10\", \"100\", \"1000\"}, each {\"events_per_s\", \"ns_per_event\", \"memory_bytes_per_fact\",\n"
                "\"topic_bytes_per_fact\", \"memory_bytes_per_telling\", \"topic_bytes_per_telling\"}\n\n"
                "  --rounds N     measure so often; the middle one counts (default 3)\n"
                "  --facts N      only cases of so many facts: 5, 10, 100 or 1000\n"
                "  --events N     so many events, of cases of 100 facts and more a tenth (default 60000)\n"
                "  --dump FOLDER  write what goes in and comes out there, before measuring: `stream`, of each event its length\n"
                "                 (four bytes, the lowest first) and its bytes; `outputs`, the same of each effect (E in front) and\n"
                "                 each row (R; key and value). With --facts. For comparing before and after a change\n",
        .run = engine_run,
};
