/* SPDX-License-Identifier: EUPL-1.2 */

/* A load onto the broker or as lines; and `ketenwacht bench load`, the command for both. */

#include "bench/load_send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "bench/bench.h"
#include "cli/broker.h"
#include "cluster/event_record.h"
#include "cluster/topics.h"
#include "model/event_json.h"

#define VALUE_MAX ((size_t)1 << 20)
#define POLL_EVERY 256 /* events between two looks at the outcomes */
#define WAIT_MS 1
#define WAITS_MAX (2 * BUS_CALL_MS / WAIT_MS) /* for room in the queue: each record has its outcome sooner */

struct load_sending {
        struct bus_producer *producer;
        struct buffer value;
        struct bench_load_result *result;
        bool to_outboxes;
        uint64_t sent, refused, repeats;
        struct error failure; /* of the first that was refused */
};

static void load_settled(void *ctx, const struct bus_report *report) {
        struct load_sending *s = ctx;

        if (report->sent == BUS_SENT)
                s->result->events++;
        else if (s->refused++ == 0)
                error_set(&s->failure, "an event of the load was not acknowledged: %s", report->reason ? report->reason : "no answer came");
}

static int load_send_record(struct load_sending *s, const struct bus_record *record, struct error *err) {
        for (unsigned waits = 0; waits < WAITS_MAX; waits++) {
                int r = bus_producer_send(s->producer, record, NULL, err);

                if (r != BUS_E_FULL)
                        return r;
                r = bus_producer_poll(s->producer, WAIT_MS, err);
                if (r)
                        return r;
        }
        error_set(err, "the queue to the broker stays full");
        return -ETIMEDOUT;
}

static int load_send_event(struct load_sending *s, const struct event *event, struct error *err) {
        struct text source = event->slots[SLOT_SOURCE].s;
        char outbox[BUS_NAME_MAX + 1];
        struct event_record made;
        int r = event_record_make(event, NULL, (struct text){0}, &s->value, &made);

        if (r)
                return r;
        if (s->to_outboxes) {
                (void) snprintf(outbox, sizeof(outbox), TOPIC_OUTBOX_PREFIX "%.*s", (int)source.n, source.s);
                made.record.topic = outbox;
        }
        s->result->bytes += s->value.n;
        return load_send_record(s, &made.record, err);
}

/* Waits until the clock has come to the event that is next at this rate. */
static int load_keep_pace(struct load_sending *s, uint64_t rate, const struct clock *clock, int64_t begin, struct error *err) {
        int64_t due = begin + (int64_t)(s->sent * 1000 / rate);
        int r = 0;

        while (r == 0 && clock_monotonic(clock) < due)
                r = bus_producer_poll(s->producer, WAIT_MS, err);
        return r;
}

static int load_send_all(struct bench_load *load, struct load_sending *s, uint64_t rate, const struct clock *clock, struct error *err) {
        int64_t begin = clock_monotonic(clock);
        struct event event;
        int r = 0;

        while (r == 0 && s->refused == 0 && bench_load_next(load, &event)) {
                if (rate)
                        r = load_keep_pace(s, rate, clock, begin, err);
                if (r == 0)
                        r = load_send_event(s, &event, err);
                s->result->repeats += bench_load_repeated(load);
                if (r == 0 && ++s->sent % POLL_EVERY == 0)
                        r = bus_producer_poll(s->producer, 0, err);
        }
        return r;
}

static int load_write(struct bench_load *load, struct bus *bus, bool to_outboxes, uint64_t rate, const struct clock *clock,
                      struct bench_load_result *ret, struct error *err) {
        struct load_sending s = {.value = BUFFER_INIT(VALUE_MAX), .result = ret, .to_outboxes = to_outboxes};
        size_t left = 0;
        int r, flushed;

        memset(ret, 0, sizeof(*ret));
        r = bus_producer_open(bus, &(struct bus_producer_config){.settled = load_settled, .ctx = &s}, &s.producer, err);
        if (r)
                return r;
        r = load_send_all(load, &s, rate, clock, err);
        flushed = bus_producer_flush(s.producer, BUS_CALL_MS, &left, r ? &s.failure : err);
        bus_producer_close(s.producer); /* says of every record left that it is open */
        buffer_done(&s.value);
        if (r == 0 && s.refused) {
                *err = s.failure;
                return -EIO;
        }
        if (r == -ENOMEM)
                error_set(err, "out of memory");
        return r ? r : flushed;
}

int bench_load_write(struct bench_load *load, struct bus *bus, uint64_t rate, const struct clock *clock, struct bench_load_result *ret,
                     struct error *err) {
        return load_write(load, bus, false, rate, clock, ret, err);
}

int bench_load_write_outboxes(struct bench_load *load, struct bus *bus, const struct clock *clock, struct bench_load_result *ret, struct error *err) {
        return load_write(load, bus, true, 0, clock, ret, err);
}

int bench_load_print(struct bench_load *load, FILE *out, struct bench_load_result *ret, struct error *err) {
        struct buffer line = BUFFER_INIT(VALUE_MAX);
        struct event event;
        int r = 0;

        memset(ret, 0, sizeof(*ret));
        while (r == 0 && bench_load_next(load, &event)) {
                struct json_writer w = JSON_WRITER(&line);

                buffer_clear(&line);
                jsonw_open_object(&w);
                jsonw_put_string(&w, "event", event.type->name);
                event_to_json(&event, false, &w);
                jsonw_close_object(&w);
                buffer_add_byte(&line, '\n');
                if (line.failed)
                        r = -ENOMEM;
                else if (fwrite(line.bytes, 1, line.n, out) != line.n)
                        r = -EIO;
                ret->events++;
                ret->repeats += bench_load_repeated(load);
                ret->bytes += line.n;
        }
        if (r == 0 && fflush(out))
                r = -EIO;
        buffer_done(&line);
        if (r)
                error_set(err, r == -EIO ? "the lines of the load cannot be written" : "out of memory");
        return r;
}

/* -- The command -- */

struct load_request {
        struct bench_arguments common;
        const char *bootstrap; /* NULL: lines on standard output */
        struct bench_load_config want;
        int64_t rate;
};

static int load_onto_broker(const struct load_request *q, struct bench_load *load, struct bench_load_result *result, struct error *err) {
        struct log log = {.out = stderr, .clock = clock_system(), .level = LOG_LEVEL_WARNING, .process = "bench"};
        struct command_broker broker = {0};
        int status = command_broker_read("bench load", q->common.dirs.config, q->bootstrap, &log, &broker);

        if (status == 0)
                status = command_broker_open("bench load", &broker);
        if (status == 0 && bench_load_write(load, broker.bus, (uint64_t)q->rate, &log.clock, result, err))
                status = EXIT_BROKER;
        command_broker_done(&broker);
        return status;
}

static int load_read_shape(const char *word, enum bench_load_shape *ret) {
        char hint[NEAREST_HINT_MAX];
        struct nearest nearest = NEAREST_INIT(word);

        for (unsigned i = 0; word && i < BENCH_LOAD_SHAPES; i++) {
                nearest_try(&nearest, bench_load_shapes[i]);
                if (strcmp(word, bench_load_shapes[i]) == 0) {
                        *ret = (enum bench_load_shape)i;
                        return 0;
                }
        }
        return word ? command_usage("bench load", "no shape '%s'%s", word, nearest_hint(&nearest, hint)) : 0;
}

static int load_read_request(int argc, char **argv, struct load_request *q) {
        const char *cases = NULL, *seed = NULL, *rate = NULL, *shape = NULL, *now = NULL;
        const struct option_row options[] = {
                BENCH_OPTION_ROWS(&q->common),
                OPTION_TEXT_ROW("--bootstrap", &q->bootstrap), OPTION_TEXT_ROW("--cases", &cases), OPTION_TEXT_ROW("--seed", &seed),
                OPTION_TEXT_ROW("--rate", &rate), OPTION_TEXT_ROW("--shape", &shape), OPTION_TEXT_ROW("--now", &now),
                OPTION_END_ROW,
        };
        int64_t number_of_cases = BENCH_LOAD_COUNTRY, number_of_seed = BENCH_LOAD_SEED;
        struct clock clock = clock_system();
        int status = bench_options(argc, argv, options);

        q->want.now = clock_realtime(&clock);
        if (status == 0)
                status = load_read_shape(shape, &q->want.shape);
        if (status == 0)
                status = bench_number("bench load", "--cases", cases, 1, bench_load_cases_max(q->want.shape), &number_of_cases);
        if (status == 0)
                status = bench_number("bench load", "--seed", seed, 0, INT64_MAX, &number_of_seed);
        if (status == 0)
                status = bench_number("bench load", "--rate", rate, 1, BENCH_LOAD_RATE_MAX, &q->rate);
        if (status == 0 && now && !instant_parse(text_of(now), &q->want.now))
                status = command_usage("bench load", "--now '%s' is no instant; expected RFC 3339, as in 2023-06-15T12:00:00+02:00", now);
        q->want.cases = (uint64_t)number_of_cases;
        q->want.seed = (uint64_t)number_of_seed;
        return status;
}

static int load_run(int argc, char **argv, struct error *err) {
        CLEANUP(config_free_p) struct config *config = NULL;
        CLEANUP(bench_load_free_p) struct bench_load *load = NULL;
        struct load_request q = {.common = BENCH_ARGUMENTS_DEFAULT};
        struct bench_load_result result;
        int status = load_read_request(argc, argv, &q);

        if (status)
                return status;
        status = bench_configuration(&q.common, &config, err);
        if (status)
                return status;
        q.want.config = config;
        if (bench_load_new(&q.want, &load, err)) {
                if (!err->text[0])
                        error_set(err, "out of memory");
                return EXIT_USAGE;
        }
        if (!q.bootstrap)
                return bench_load_print(load, stdout, &result, err) ? EXIT_NO : EXIT_DONE;
        status = load_onto_broker(&q, load, &result, err);
        if (status == EXIT_DONE)
                printf("{\"cases\":%llu,\"events\":%llu,\"repeats\":%llu,\"bytes\":%llu}\n", (unsigned long long)q.want.cases,
                       (unsigned long long)result.events, (unsigned long long)result.repeats, (unsigned long long)result.bytes);
        return status;
}

const struct bench bench_load = {
        .name = "load",
        .summary = "generated events, to measure with: as lines, or onto a broker",
        .help = "Usage: ketenwacht bench load [--shape SHAPE] [--cases N] [--seed N] [--now INSTANT] [--bootstrap LIST [--rate N]]\n\n"
                "Measures nothing: prints generated events, one JSON object a line, for publish and replay. With --bootstrap it sends\n"
                "them itself, waits for the acknowledgements, and prints {\"cases\", \"events\", \"repeats\", \"bytes\"}. The same options give the\n"
                "same events with the same ids; the organisations are those of --config.\n\n"
                "  --shape SHAPE    four: six event types, for the four deadlines of tests/bench/four-deadlines (default); year: a year of\n"
                "                   events of some thirty types in order of recording, with late deeds, late paperwork and repetitions\n"
                "  --cases N        how many (default 40000: about the children of the whole country in a year)\n"
                "  --seed N         other events in the same proportions (default 42)\n"
                "  --now INSTANT    no event is recorded later, RFC 3339 (default: the present)\n"
                "  --bootstrap LIST the broker; its topics must be there. Only this option is heeded, not the environment, so that nobody\n"
                "                   fills a broker by mistake\n"
                "  --rate N         events a second (default: as fast as it goes)\n",
        .run = load_run,
};
