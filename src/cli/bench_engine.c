/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * `ketenwacht bench engine`: decode, accept, evaluate, and encode what follows, without a broker
 *
 * Cases of a generated year, each with a measure and what came of it, their events mixed as they would come from
 * topics: all starts of a stretch of cases, then their assignments, and so on. The clock stands at the end, so old
 * cases have passed deadlines. Then the same with longer cases, and fewer of them.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "avro/framing.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/vector.h"
#include "cli/bench.h"
#include "engine/engine.h"
#include "model/lines.h"

#define STRETCH 200 /* cases whose events come mixed */
#define EVENTS 60000      /* of cases of few facts; a tenth of them where cases are long */
#define ENGINE_ROUNDS 3
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

struct figures {
        double ns_per_event, memory_per_fact, topic_per_fact, rows_per_event, effects_per_event;
};

static int add_event(struct work *w, struct arena *arena, const char *json) {
        struct line line;
        size_t at = w->bytes.n;
        int r;

        arena_reset(arena);
        line_parse(w->config->types, w->config->organisations, text_of(json), arena, &line);
        if (line.kind != LINE_EVENT) {
                fprintf(stderr, "%s\n", line.error.text);
                line_done(&line);
                return -EINVAL;
        }
        framing_write_single(line.event.type->layout->fingerprint, &w->bytes);
        record_encode(line.event.type->layout, line.event.slots, &w->bytes);
        line_done(&line);
        r = vector_push(&w->messages, (struct message){.at = at, .n = (uint32_t)(w->bytes.n - at)});
        return w->bytes.failed ? -ENOMEM : r;
}

static const struct organisation *first_of(const struct config *config, enum organisation_kind kind, size_t skip) {
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
static int add_step(struct work *w, struct arena *arena, size_t number, size_t step) {
        static const char *const bodies[] = {
                "\"event\":\"protector-assigned\",\"worker\":\"jb-40\",\"role\":\"FIXED\",\"working_with_family\":true,\"reason\":\"FIRST\"",
                "\"event\":\"first-contact-held\",\"worker\":\"jb-40\",\"with_child\":true,\"with_parent\":true",
                "\"event\":\"course-agreed\",\"goals\":true,\"help\":true,\"with_family\":true,\"with_network\":true,\"with_professionals\":true",
                "\"event\":\"help-started\",\"route\":\"REGULAR\"",
                "\"event\":\"consultation-held\",\"subject\":\"SAFETY\",\"with_whom\":\"lokaal-team\",\"level\":\"WORKER\",\"agreed\":true",
        };
        const struct organisation *gi = first_of(w->config, KIND_GI, 0), *municipality = first_of(w->config, KIND_MUNICIPALITY, number % 50);
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
        return add_event(w, arena, json);
}

static int make_work(struct work *w, size_t facts) {
        struct arena *arena;
        size_t cases = (facts < 100 ? EVENTS : EVENTS / 10) / facts;
        int r = arena_new(&arena, SETUP_ARENA_MAX);

        w->now = date_begin(date_from_ymd(2025, 2, 1));
        for (size_t first = 0; r == 0 && first < cases; first += STRETCH) {
                for (size_t step = 0; r == 0 && step < facts; step++) {
                        for (size_t i = first; r == 0 && i < first + STRETCH && i < cases; i++)
                                r = add_step(w, arena, i, step);
                }
        }
        arena_free(arena);
        return r;
}

static int encode(const struct work *w, const struct outcome *outcome, struct arena *arena, struct buffer *out) {
        for (size_t i = 0; i < outcome->n_effects; i++) {
                struct event event;
                int r = effect_event(&outcome->effects[i], w->config->types, arena, &event);

                if (r)
                        return r;
                buffer_clear(out);
                framing_write_single(event.type->layout->fingerprint, out);
                record_encode(event.type->layout, event.slots, out);
        }
        return 0;
}

static int one_message(const struct work *w, const struct message *m, struct engine *engine, struct store *store, struct arena *arena,
                       const struct outcome **ret, struct error *err) {
        struct framing f = framing_read(w->bytes.bytes + m->at, m->n);
        struct slot *slots;
        struct event event;
        const struct program *program;
        int r;

        arena_reset(arena);
        slots = arena_alloc(arena, LAYOUT_SLOTS_MAX * sizeof(*slots)); /* copies point into them: they live as long as the outcome */
        if (!slots)
                return -ENOMEM;
        event.slots = slots;
        if (!event_types_decoder(w->config->types, f.id, &event.type, &program) || record_decode(program, f.body, f.n, slots, err))
                return -EINVAL;
        r = engine_event(engine, store, &event, w->now, true, ret, err);
        return r > 0 ? -EINVAL : r;
}

static int one_round(const struct work *w, struct figures *ret, struct error *err) {
        CLEANUP(engine_free_p) struct engine *engine = NULL;
        CLEANUP(store_free_p) struct store *store = NULL;
        CLEANUP(arena_free_p) struct arena *arena = NULL;
        struct buffer out = BUFFER_INIT(1 << 20);
        size_t topic = 0, rows = 0, effects = 0;
        struct store_stats stats;
        int64_t start;
        int r = engine_new(w->config, &engine);

        if (r == 0)
                r = store_new(engine, &store);
        if (r == 0)
                r = arena_new(&arena, SETUP_ARENA_MAX);
        start = clock_cpu_ns();
        for (size_t i = 0; r == 0 && i < w->messages.n; i++) {
                const struct outcome *outcome;

                r = one_message(w, &w->messages.items[i], engine, store, arena, &outcome, err);
                if (r == 0)
                        r = encode(w, outcome, arena, &out);
                for (size_t j = 0; r == 0 && j < outcome->n_rows; j++)
                        topic += outcome->rows[j].n_key + outcome->rows[j].n_value + BATCH_BYTES_PER_ROW;
                rows += r ? 0 : outcome->n_rows;
                effects += r ? 0 : outcome->n_effects;
                if (i % 1000 == 999)
                        store_commit(store);
        }
        buffer_done(&out);
        if (r)
                return r;
        ret->ns_per_event = (double)(clock_cpu_ns() - start) / (double)w->messages.n;
        store_commit(store);
        stats = store_stats(store);
        ret->memory_per_fact = (double)stats.bytes / (double)stats.facts;
        ret->topic_per_fact = (double)topic / (double)stats.facts;
        ret->rows_per_event = (double)rows / (double)w->messages.n;
        ret->effects_per_event = (double)effects / (double)w->messages.n;
        return 0;
}

static int by_ns(const void *a, const void *b) {
        const struct figures *x = a, *y = b;

        return (x->ns_per_event > y->ns_per_event) - (x->ns_per_event < y->ns_per_event);
}

static int measure(struct config *config, size_t facts, struct figures *ret, struct error *err) {
        struct figures rounds[ENGINE_ROUNDS];
        struct work work = {.config = config, .bytes = BUFFER_INIT((size_t)1 << 30)};
        int r = make_work(&work, facts);

        for (unsigned i = 0; r == 0 && i < ENGINE_ROUNDS; i++)
                r = one_round(&work, &rounds[i], err);
        if (r == 0) {
                qsort(rounds, ENGINE_ROUNDS, sizeof(*rounds), by_ns);
                *ret = rounds[ENGINE_ROUNDS / 2];
        } else if (!err->text[0]) {
                error_set(err, "the work cannot be made or done: %s", strerror(-r));
        }
        buffer_done(&work.bytes);
        vector_done(&work.messages);
        return r;
}

static int run(int argc, char **argv, struct error *err) {
        static const size_t facts[] = {5, 10, 100, 1000};
        CLEANUP(config_free_p) struct config *config = NULL;
        struct bench_arguments arguments = BENCH_ARGUMENTS_DEFAULT;
        const struct option_row options[] = {BENCH_OPTION_ROWS(&arguments), OPTION_END_ROW};
        struct figures f[ELEMENTS(facts)];
        int status = bench_options(argc, argv, options);

        if (status == 0)
                status = bench_configuration(&arguments, &config, err);
        if (status)
                return status;
        for (size_t i = 0; i < ELEMENTS(facts); i++) {
                if (measure(config, facts[i], &f[i], err))
                        return EXIT_BROKER;
        }
        if (arguments.json) {
                printf("{\"events_per_s\":%.0f,\"ns_per_event\":%.1f,\"memory_bytes_per_fact\":%.1f,\"topic_bytes_per_fact\":%.1f", 1e9 / f[0].ns_per_event,
                       f[0].ns_per_event, f[0].memory_per_fact, f[0].topic_per_fact);
                printf(",\"by_facts\":[");
                for (size_t i = 1; i < ELEMENTS(facts); i++)
                        printf("%s{\"facts\":%zu,\"ns_per_event\":%.1f}", i > 1 ? "," : "", facts[i], f[i].ns_per_event);
                printf("]}\n");
                return EXIT_DONE;
        }
        printf("engine, one core, protocols loaded: %zu\n", config->protocols.n);
        for (size_t i = 0; i < ELEMENTS(facts); i++)
                printf("%5zu facts a case: %8.0f ns an event, %8.0f events/s, %4.2f effects and %4.2f rows an event, "
                       "%4.0f bytes in memory and %4.0f on the topic a fact\n",
                       facts[i], f[i].ns_per_event, 1e9 / f[i].ns_per_event, f[i].effects_per_event, f[i].rows_per_event, f[i].memory_per_fact,
                       f[i].topic_per_fact);
        return EXIT_DONE;
}

const struct bench bench_engine = {
        .name = "engine",
        .summary = "decode, accept, evaluate and encode, without a broker",
        .help = "Usage: ketenwacht bench engine [--json] [--config DIR] [--schemas DIR]\n\n"
                "Events of generated cases, decoded, accepted, evaluated, effects and rows encoded, in memory, with the protocols\n"
                "of --config; cases of 5 facts, and of 10, 100 and 1,000. CPU time of one core.\n"
                "--json: {\"events_per_s\", \"ns_per_event\", \"memory_bytes_per_fact\", \"topic_bytes_per_fact\", \"by_facts\"}\n",
        .run = run,
};
