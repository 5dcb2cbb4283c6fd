/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: whatever the broker answers to a worker, nothing is lost and no answer is misunderstood: what may be tried again
 * is, what must be aborted is aborted and done again, and what is the end of this process ends it with a sentence.
 * Method: a row per request and error. Each row has a process, an embedded broker and a worker of its own, and they run side by
 * side, because a group of that broker forms in three seconds. The worker tells about a first case; then errors are put before the
 * broker's next answers, and a second case comes. Asserted are: that the errors were answered, how the worker took them,
 * and that both cases were told about, by the worker or, where it had to end, by its successor.
 *
 * The embedded broker aborts nothing and keeps no offsets of transactions, so that nothing is told twice is not claimed here
 * (faults.py does).
 */

#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "../unit/worker_fixture.h"
#include "cluster/broker_config.h"
#include "cluster.h"

#define PARTITIONS 2
#define SIDE_BY_SIDE 32    /* rows under way at once */
#define ROW_MS 50000       /* for one row */
#define STEP_MS 20
#define MANY 1000          /* errors that no worker outlasts */
#define RUSH 20            /* how much faster the clock of the time-outs runs in rows that wait for one */
#define SILENCE_MS 3600000 /* an answer that does not come */
#define LATE_MS 6000       /* later than one try of a commit waits */
#define AWAY_MS 1000       /* how long a broker is away */

enum request {
        PRODUCE = 0,
        FETCH = 1,
        LIST_OFFSETS = 2,
        OFFSET_FETCH = 9,
        FIND_COORDINATOR = 10,
        JOIN_GROUP = 11,
        HEARTBEAT = 12,
        SYNC_GROUP = 14,
        INIT_PRODUCER_ID = 22,
        ADD_PARTITIONS = 24,
        ADD_OFFSETS = 25,
        END_TXN = 26,
        TXN_OFFSET_COMMIT = 28,
};

#define E(name) RD_KAFKA_RESP_ERR_##name
#define TRANSACTION_ABORTABLE ((rd_kafka_resp_err_t)120) /* newer than this librdkafka: an answer that it has no name for */
#define CLOSED RD_KAFKA_RESP_ERR__TRANSPORT              /* the mock cluster closes the connection instead of answering */

enum moment { OPENING, WORKING, ABORTING, BELONGING };
enum fate { RETRIED, ABORTED, EITHER, ENDED }; /* EITHER: as this or that librdkafka has it */

struct row {
        enum moment moment;
        enum request request;
        rd_kafka_resp_err_t code;
        unsigned times;
        enum fate fate;
        int status;       /* ENDED: what the step returned */
        const char *says; /* ENDED: a part of the sentence */
};

#define FENCE "run each under a name of its own"
#define MEMBER_FENCE "give each its own --instance"
#define FORBIDS "the broker forbids"

static const struct row rows[] = {
        /* Taking up the transactional id */
        {OPENING, FIND_COORDINATOR, E(COORDINATOR_NOT_AVAILABLE), 3, RETRIED, 0, NULL},
        {OPENING, INIT_PRODUCER_ID, E(COORDINATOR_LOAD_IN_PROGRESS), 2, RETRIED, 0, NULL},
        {OPENING, INIT_PRODUCER_ID, E(CONCURRENT_TRANSACTIONS), 2, RETRIED, 0, NULL},
        {OPENING, INIT_PRODUCER_ID, E(NOT_COORDINATOR), 2, RETRIED, 0, NULL},
        {OPENING, INIT_PRODUCER_ID, TRANSACTION_ABORTABLE, 1, RETRIED, 0, NULL},
        {OPENING, INIT_PRODUCER_ID, CLOSED, 1, RETRIED, 0, NULL},
        {OPENING, INIT_PRODUCER_ID, E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        {OPENING, INIT_PRODUCER_ID, E(CLUSTER_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        {OPENING, INIT_PRODUCER_ID, E(PRODUCER_FENCED), 1, ENDED, -ESTALE, FENCE},
        {OPENING, INIT_PRODUCER_ID, E(INVALID_PRODUCER_EPOCH), 1, ENDED, -ESTALE, FENCE},
        {OPENING, INIT_PRODUCER_ID, E(INVALID_TRANSACTION_TIMEOUT), 1, ENDED, -EIO, "taking up the transactional id"},
        {OPENING, FIND_COORDINATOR, E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), 2, ENDED, -EACCES, FORBIDS},
        /* Becoming a member, and what stands committed */
        {OPENING, JOIN_GROUP, E(COORDINATOR_LOAD_IN_PROGRESS), 2, RETRIED, 0, NULL},
        {OPENING, JOIN_GROUP, E(NOT_COORDINATOR), 2, RETRIED, 0, NULL},
        {OPENING, JOIN_GROUP, E(GROUP_AUTHORIZATION_FAILED), MANY, ENDED, -EACCES, FORBIDS},
        {OPENING, JOIN_GROUP, E(FENCED_INSTANCE_ID), 1, ENDED, -ESTALE, MEMBER_FENCE},
        {OPENING, JOIN_GROUP, E(INCONSISTENT_GROUP_PROTOCOL), MANY, ENDED, -EIO, "member of the group"},
        {OPENING, SYNC_GROUP, E(REBALANCE_IN_PROGRESS), 1, RETRIED, 0, NULL},
        {OPENING, SYNC_GROUP, E(UNKNOWN_MEMBER_ID), 1, RETRIED, 0, NULL},
        {OPENING, SYNC_GROUP, E(FENCED_INSTANCE_ID), 1, ENDED, -ESTALE, MEMBER_FENCE},
        {OPENING, OFFSET_FETCH, E(UNSTABLE_OFFSET_COMMIT), 3, RETRIED, 0, NULL},
        {OPENING, OFFSET_FETCH, E(COORDINATOR_LOAD_IN_PROGRESS), 3, RETRIED, 0, NULL},
        {OPENING, OFFSET_FETCH, E(NOT_COORDINATOR), 2, RETRIED, 0, NULL},
        {OPENING, OFFSET_FETCH, CLOSED, 1, RETRIED, 0, NULL},
        {OPENING, OFFSET_FETCH, E(GROUP_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        {OPENING, OFFSET_FETCH, TRANSACTION_ABORTABLE, 1, ENDED, -EIO, "committed offsets"},
        {OPENING, LIST_OFFSETS, E(NOT_LEADER_FOR_PARTITION), 3, RETRIED, 0, NULL},
        {OPENING, LIST_OFFSETS, E(LEADER_NOT_AVAILABLE), 3, RETRIED, 0, NULL},
        {OPENING, LIST_OFFSETS, CLOSED, 1, RETRIED, 0, NULL},
        {OPENING, LIST_OFFSETS, E(TOPIC_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        /* While it is a member */
        {BELONGING, HEARTBEAT, E(COORDINATOR_NOT_AVAILABLE), 1, RETRIED, 0, NULL},
        {BELONGING, HEARTBEAT, E(REBALANCE_IN_PROGRESS), 1, RETRIED, 0, NULL},
        {BELONGING, HEARTBEAT, E(ILLEGAL_GENERATION), 1, ABORTED, 0, NULL}, /* its partitions are lost */
        {BELONGING, HEARTBEAT, E(UNKNOWN_MEMBER_ID), 1, ABORTED, 0, NULL}, /* its partitions are lost */
        {BELONGING, HEARTBEAT, E(FENCED_INSTANCE_ID), 1, ENDED, -ESTALE, MEMBER_FENCE},
        {BELONGING, FETCH, E(NOT_LEADER_FOR_PARTITION), 2, RETRIED, 0, NULL},
        {BELONGING, FETCH, CLOSED, 1, RETRIED, 0, NULL},
        {BELONGING, FETCH, E(TOPIC_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        /* Writing */
        {WORKING, ADD_PARTITIONS, E(COORDINATOR_LOAD_IN_PROGRESS), 2, RETRIED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(COORDINATOR_NOT_AVAILABLE), 2, RETRIED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(NOT_COORDINATOR), 2, RETRIED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(CONCURRENT_TRANSACTIONS), 3, RETRIED, 0, NULL},
        {WORKING, ADD_PARTITIONS, CLOSED, 1, RETRIED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(TOPIC_AUTHORIZATION_FAILED), 1, ABORTED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(OPERATION_NOT_ATTEMPTED), 1, ABORTED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(INVALID_PRODUCER_ID_MAPPING), 1, ABORTED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(UNKNOWN_PRODUCER_ID), 1, ABORTED, 0, NULL},
        {WORKING, ADD_PARTITIONS, TRANSACTION_ABORTABLE, 1, ABORTED, 0, NULL},
        {WORKING, ADD_PARTITIONS, E(TOPIC_AUTHORIZATION_FAILED), MANY, ENDED, -EIO, "in a row were aborted"},
        {WORKING, ADD_PARTITIONS, E(INVALID_PRODUCER_EPOCH), 1, ENDED, -ESTALE, FENCE},
        {WORKING, ADD_PARTITIONS, E(PRODUCER_FENCED), 1, ENDED, -ESTALE, FENCE},
        {WORKING, ADD_PARTITIONS, E(INVALID_TXN_STATE), 1, ENDED, -EIO, "INVALID_TXN_STATE"},
        {WORKING, ADD_PARTITIONS, E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        {WORKING, ADD_PARTITIONS, E(CLUSTER_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        {WORKING, PRODUCE, E(NOT_LEADER_FOR_PARTITION), 2, RETRIED, 0, NULL},
        {WORKING, PRODUCE, E(NOT_ENOUGH_REPLICAS), 2, RETRIED, 0, NULL},
        {WORKING, PRODUCE, E(REQUEST_TIMED_OUT), 1, RETRIED, 0, NULL},
        {WORKING, PRODUCE, CLOSED, 1, RETRIED, 0, NULL},
        {WORKING, PRODUCE, E(MSG_SIZE_TOO_LARGE), 1, ABORTED, 0, NULL},
        {WORKING, PRODUCE, E(INVALID_MSG), 1, EITHER, 0, NULL}, /* 2.0.2 aborts, 2.15.1 sends it again */
        {WORKING, PRODUCE, E(OUT_OF_ORDER_SEQUENCE_NUMBER), 1, ENDED, -EIO, "OUT_OF_ORDER_SEQUENCE_NUMBER"},
        {WORKING, PRODUCE, E(UNKNOWN_PRODUCER_ID), 1, ABORTED, 0, NULL},
        {WORKING, PRODUCE, TRANSACTION_ABORTABLE, 1, ABORTED, 0, NULL},
        {WORKING, PRODUCE, E(PRODUCER_FENCED), 1, ABORTED, 0, NULL}, /* said to be the end by the abort that follows */
        {WORKING, PRODUCE, E(MSG_SIZE_TOO_LARGE), MANY, ENDED, -EIO, "in a row were aborted"},
        {WORKING, PRODUCE, E(TOPIC_AUTHORIZATION_FAILED), MANY, ENDED, -EACCES, FORBIDS},
        {WORKING, PRODUCE, E(INVALID_PRODUCER_EPOCH), 1, ENDED, -ESTALE, FENCE},
        /* The offsets in the transaction */
        {WORKING, ADD_OFFSETS, E(COORDINATOR_LOAD_IN_PROGRESS), 2, RETRIED, 0, NULL},
        {WORKING, ADD_OFFSETS, E(NOT_COORDINATOR), 2, RETRIED, 0, NULL},
        {WORKING, ADD_OFFSETS, E(CONCURRENT_TRANSACTIONS), 5, RETRIED, 0, NULL},
        {WORKING, ADD_OFFSETS, E(REQUEST_TIMED_OUT), 2, RETRIED, 0, NULL},
        {WORKING, ADD_OFFSETS, CLOSED, 1, RETRIED, 0, NULL},
        {WORKING, ADD_OFFSETS, E(GROUP_AUTHORIZATION_FAILED), 1, ABORTED, 0, NULL},
        {WORKING, ADD_OFFSETS, TRANSACTION_ABORTABLE, 1, ABORTED, 0, NULL},
        {WORKING, ADD_OFFSETS, E(INVALID_PRODUCER_EPOCH), 1, ENDED, -ESTALE, FENCE},
        {WORKING, ADD_OFFSETS, E(INVALID_TXN_STATE), 1, ENDED, -EIO, "INVALID_TXN_STATE"},
        {WORKING, ADD_OFFSETS, E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        {WORKING, TXN_OFFSET_COMMIT, E(COORDINATOR_LOAD_IN_PROGRESS), 2, RETRIED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, E(NOT_COORDINATOR), 2, RETRIED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, E(REQUEST_TIMED_OUT), 1, RETRIED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, CLOSED, 1, RETRIED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, E(ILLEGAL_GENERATION), 1, ABORTED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, E(UNKNOWN_MEMBER_ID), 1, ABORTED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, E(FENCED_INSTANCE_ID), 1, ABORTED, 0, NULL}, /* said to be the end by the group itself */
        {WORKING, TXN_OFFSET_COMMIT, E(GROUP_AUTHORIZATION_FAILED), 1, ABORTED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, TRANSACTION_ABORTABLE, 1, ABORTED, 0, NULL},
        {WORKING, TXN_OFFSET_COMMIT, E(INVALID_PRODUCER_EPOCH), 1, ENDED, -ESTALE, FENCE},
        {WORKING, TXN_OFFSET_COMMIT, E(INVALID_TXN_STATE), 1, ENDED, -EIO, "INVALID_TXN_STATE"},
        {WORKING, TXN_OFFSET_COMMIT, E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        /* The end of the transaction: a commit … */
        {WORKING, END_TXN, E(COORDINATOR_LOAD_IN_PROGRESS), 2, RETRIED, 0, NULL},
        {WORKING, END_TXN, E(COORDINATOR_NOT_AVAILABLE), 2, RETRIED, 0, NULL},
        {WORKING, END_TXN, E(NOT_COORDINATOR), 2, RETRIED, 0, NULL},
        {WORKING, END_TXN, E(CONCURRENT_TRANSACTIONS), 3, RETRIED, 0, NULL},
        {WORKING, END_TXN, CLOSED, 1, RETRIED, 0, NULL},
        {WORKING, END_TXN, E(UNKNOWN_PRODUCER_ID), 1, ABORTED, 0, NULL},
        {WORKING, END_TXN, E(INVALID_PRODUCER_ID_MAPPING), 1, ABORTED, 0, NULL},
        {WORKING, END_TXN, TRANSACTION_ABORTABLE, 1, ABORTED, 0, NULL},
        {WORKING, END_TXN, E(INVALID_PRODUCER_EPOCH), 1, ENDED, -ESTALE, FENCE}, /* what the broker says of one that was open too long, too */
        {WORKING, END_TXN, E(PRODUCER_FENCED), 1, ENDED, -ESTALE, FENCE},
        {WORKING, END_TXN, E(INVALID_TXN_STATE), 1, ENDED, -EIO, "INVALID_TXN_STATE"},
        {WORKING, END_TXN, E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), 1, ENDED, -EACCES, FORBIDS},
        /* … or an abort */
        {ABORTING, END_TXN, E(COORDINATOR_LOAD_IN_PROGRESS), 2, ABORTED, 0, NULL},
        {ABORTING, END_TXN, E(NOT_COORDINATOR), 2, ABORTED, 0, NULL},
        {ABORTING, END_TXN, E(CONCURRENT_TRANSACTIONS), 3, ABORTED, 0, NULL},
        {ABORTING, END_TXN, CLOSED, 1, ABORTED, 0, NULL},
        {ABORTING, END_TXN, E(UNKNOWN_PRODUCER_ID), 1, ABORTED, 0, NULL},
        {ABORTING, END_TXN, TRANSACTION_ABORTABLE, 1, ENDED, -EIO, "aborting a transaction"},
        {ABORTING, END_TXN, E(INVALID_PRODUCER_EPOCH), 1, ENDED, -ESTALE, FENCE},
        {ABORTING, END_TXN, E(PRODUCER_FENCED), 1, ENDED, -ESTALE, FENCE},
        {ABORTING, END_TXN, E(INVALID_TXN_STATE), 1, ENDED, -EIO, "INVALID_TXN_STATE"},
};

/* -- What all rows share: made before they part -- */

static struct {
        char folder[64], config[FIXTURE_PATH];
        struct config *read;
} shared;

static void share(void) {
        char schemas[FIXTURE_PATH];

        (void) snprintf(shared.folder, sizeof(shared.folder), "/tmp/ketenwacht-transactions-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(shared.folder));
        fixture_path(shared.config, shared.folder, "config");
        fixture_make(shared.folder, "config");
        fixture_config(shared.config, "1\n");
        shared.read = fixture_read_config(shared.config, fixture_schemas(schemas));
}

static void share_no_more(void) {
        config_free(shared.read);
        fixture_remove(shared.folder);
}

/* -- One row's world -- */

struct trial {
        struct cluster cluster;
        struct worker *worker;
        struct arena *arena;
        struct buffer body;
        bool again; /* the worker reads from the beginning what was read before it: the embedded broker keeps no offsets */
        _Atomic int64_t rush_from; /* monotonic: since when the clock of the time-outs rushes; 0: it does not */
        unsigned cases;
        int64_t until;
};

static int64_t monotonic(void) {
        struct clock clock = clock_system();

        return clock_monotonic(&clock);
}

static instant_t real_now(void *ctx) {
        struct clock clock = clock_system();

        (void) ctx;
        return clock_realtime(&clock);
}

static int64_t rushing(void *ctx) {
        int64_t from = atomic_load(&((struct trial *)ctx)->rush_from), now = monotonic();

        return from ? from + (now - from) * RUSH : now;
}

static const struct clock_ops rushing_ops = {.realtime_ms = real_now, .monotonic_ms = rushing};

static void in_time(const struct trial *t, const char *what) {
        ck_assert_msg(monotonic() < t->until, "waited too long for %s", what);
}

/* The bus anew: a member that goes is missed sooner, time-outs go by a clock that can rush, and maybe there is a watchdog. */
static void trial_bus(struct trial *t, struct watchdog *dog) {
        static const struct kafka_property properties[] = {{"session.timeout.ms", "4000"}, {"heartbeat.interval.ms", "1000"}};

        bus_free(t->cluster.bus);
        t->cluster.config.clock = (struct clock){&rushing_ops, t};
        t->cluster.config.watchdog = dog;
        t->cluster.config.properties = properties;
        t->cluster.config.properties_n = ELEMENTS(properties);
        ck_ok(kafka_bus_new(&t->cluster.config, &t->cluster.bus, &err));
}

static struct trial *trial_new(int brokers) {
        struct mock_topic topics[CLUSTER_TOPICS_MAX];
        char inboxes[16][BUS_NAME_MAX + 1];
        size_t n = 0, n_inboxes = organisations_count(shared.read->organisations);
        struct trial *t = calloc(1, sizeof(*t));

        ck_assert_ptr_nonnull(t);
        t->until = monotonic() + ROW_MS;
        t->body.max = (size_t)1 << 20;
        ck_assert_int_eq(arena_new(&t->arena, (size_t)64 << 20), 0);
        for (size_t i = 0; i < event_types_count(shared.read->types); i++)
                topics[n++] = (struct mock_topic){event_types_at(shared.read->types, i)->name, PARTITIONS};
        topics[n++] = (struct mock_topic){TOPIC_CASE_STATE, PARTITIONS};
        topics[n++] = (struct mock_topic){TOPIC_DEAD_LETTERS, 1};
        ck_assert_uint_le(n_inboxes, ELEMENTS(inboxes));
        for (size_t i = 0; i < n_inboxes; i++) {
                (void) snprintf(inboxes[i], sizeof(inboxes[i]), TOPIC_INBOX_PREFIX "%s", organisations_at(shared.read->organisations, i)->id);
                topics[n++] = (struct mock_topic){inboxes[i], 1};
        }
        ck_assert_uint_le(n, CLUSTER_TOPICS_MAX);
        cluster_up_on(&t->cluster, brokers, topics, n);
        trial_bus(t, NULL);
        return t;
}

static void trial_done(struct trial *t) {
        worker_free(t->worker);
        cluster_down(&t->cluster);
        arena_free(t->arena);
        buffer_done(&t->body);
        free(t);
}

static int open_worker(struct trial *t, struct error *err) {
        const struct worker_config config = {.config = shared.read,
                                             .bus = t->cluster.bus,
                                             .clock = clock_system(),
                                             .real = clock_system(),
                                             .log = &t->cluster.log,
                                             .instance = "one"};

        return worker_new(&config, &t->worker, err);
}

static const char *case_word(unsigned number, char ret[32]) {
        (void) snprintf(ret, 32, "case-%u", number);
        return ret;
}

/* An event that two organisations are to be alerted about at once. */
static void publish(struct trial *t) {
        struct bus_producer_config config = {0};
        struct bus_producer *producer;
        char json[FIXTURE_JSON], word[32], key[UUID_TEXT + 1];
        size_t left = 1;

        fixture_measure(json, case_word(t->cases, word), case_word(t->cases, word), "gi-a", "gm0001", real_now(NULL), 6);
        t->cases++;
        arena_reset(t->arena);
        struct event event = fixture_event(shared.read, json, t->arena);

        fixture_encode(&event, &t->body);
        uuid_format(&event.slots[SLOT_CASE_ID].u, key);
        ck_ok(bus_producer_open(t->cluster.bus, &config, &producer, &err));
        ck_ok(bus_producer_send(producer, &(struct bus_record){.topic = event.type->name, .partition = BUS_BY_KEY, .key = key, .key_n = UUID_TEXT,
                                                               .value = t->body.bytes, .value_n = t->body.n}, NULL, &err));
        ck_ok(bus_producer_flush(producer, PATIENCE_MS, &left, &err));
        ck_assert_uint_eq(left, 0);
        bus_producer_close(producer);
}

static struct worker_status status_of(const struct trial *t) {
        struct worker_status status;

        worker_status(t->worker, &status);
        return status;
}

/* Whether all that was published is accepted, and told about. */
static bool all_told(const struct trial *t) {
        struct worker_status status = status_of(t);

        return status.live == PARTITIONS && status.facts + (t->again ? status.duplicates : 0) >= t->cases && status.settled_at > 0 && status.lag_records == 0;
}

/* Steps until @done or until the worker ends. Return: what the step returned. */
static int step_until(struct trial *t, bool (*done)(const struct trial *), struct error *err) {
        int r = 0;

        while (r == 0 && !done(t)) {
                r = worker_step(t->worker, STEP_MS, err);
                in_time(t, "the worker");
        }
        return r;
}

/* How many alerts stand on their topic about a case. */
static unsigned alerts_of(struct trial *t, unsigned number) {
        const char *topic = TOPIC_ESCALATION_RAISED;
        char word[32], key[UUID_TEXT + 1];
        struct bus_reader *reader;
        struct bus_event event;
        unsigned n = 0;

        fixture_id(case_word(number, word), key);
        ck_ok(bus_reader_open(t->cluster.bus, &(struct bus_reader_config){.topics = &topic, .topics_n = 1, .partition = BUS_ALL_PARTITIONS,
                                                                          .until_end = true}, &reader, &err));
        do {
                ck_ok(bus_reader_poll(reader, 100, &event, &err));
                n += event.kind == BUS_RECORD && event.record.key_n == UUID_TEXT && memcmp(event.record.key, key, UUID_TEXT) == 0;
                in_time(t, "the end of a topic");
        } while (event.kind != BUS_END);
        bus_reader_close(reader);
        return n;
}

static void check_told(struct trial *t, unsigned first) {
        for (unsigned i = first; i < t->cases; i++)
                ck_assert_msg(alerts_of(t, i) >= 2, "nobody was alerted about case %u", i);
}

/* -- Errors -- */

static rd_kafka_mock_cluster_t *broker_of(const struct trial *t) {
        return mock_cluster(t->cluster.mock);
}

/* Those of a broker are counted, those of the cluster can be taken back. */
static void inject(const struct trial *t, enum request request, rd_kafka_resp_err_t code, unsigned times) {
        for (unsigned i = 0; i < times; i++) {
                if (times < MANY)
                        ck_assert_int_eq(rd_kafka_mock_broker_push_request_error_rtts(broker_of(t), 1, (int16_t)request, 1, code, 0), 0);
                else
                        rd_kafka_mock_push_request_errors(broker_of(t), (int16_t)request, 1, code);
        }
}

static size_t left_of(const struct trial *t, enum request request) {
        size_t left = 0;

        ck_assert_int_eq(rd_kafka_mock_broker_error_stack_cnt(broker_of(t), 1, (int16_t)request, &left), 0);
        return left;
}

/* -- Rows -- */

static const struct row *current; /* of this process */

static bool used_up(const struct trial *t) {
        return left_of(t, current->request) == 0 && all_told(t);
}

/* The process that a supervisor starts next: what the one before did not finish is finished. */
static void succeed(struct trial *t) {
        struct error why = {0};

        if (t->worker) {
                bus_worker_close(worker_take_bus(t->worker), true); /* leaves the group: the broker would wait for it as long as a session lasts */
                t->worker = worker_free(t->worker);
        }
        t->again = true;
        ck_ok(open_worker(t, &err));
        ck_assert_msg(step_until(t, all_told, &why) == 0, "the successor: %s", why.text);
}

static int try_row(struct trial *t, const struct row *row, struct error *err) {
        int r;

        publish(t); /* before: its own requests are to be answered well */
        if (row->moment == OPENING)
                inject(t, row->request, row->code, row->times);
        r = open_worker(t, err);
        if (r == 0)
                r = step_until(t, all_told, err);
        if (r || row->moment == OPENING)
                return r;
        ck_assert_int_eq(status_of(t).aborts, 0);
        if (row->moment != BELONGING)
                publish(t);
        if (row->moment == ABORTING)
                inject(t, PRODUCE, E(MSG_SIZE_TOO_LARGE), 1);
        inject(t, row->request, row->code, row->times);
        if (row->times == MANY)
                atomic_store(&t->rush_from, monotonic()); /* the pauses between its aborts */
        r = step_until(t, used_up, err);
        atomic_store(&t->rush_from, 0);
        if (r == 0 && row->moment == BELONGING) {
                publish(t);
                r = step_until(t, all_told, err);
        }
        return r;
}

static void run_row(const void *ctx) {
        const struct row *row = ctx;
        struct trial *t = trial_new(1);
        struct error why = {0};
        /* What an ended worker had sent in part stands there as if it were committed, because this broker aborts nothing. */
        unsigned first = 0;
        int r;

        current = row;
        r = try_row(t, row, &why);
        if (row->times < MANY)
                ck_assert_msg(left_of(t, row->request) < row->times, "the error was never answered; the step returned %d: %s", r, why.text);
        if (row->fate == ENDED) {
                ck_assert_msg(r == row->status, "the step returned %d, expected %d: %s", r, row->status, why.text);
                ck_assert_msg(strstr(why.text, row->says) != NULL, "'%s' does not say '%s'", why.text, row->says);
                rd_kafka_mock_clear_request_errors(broker_of(t), (int16_t)row->request);
                succeed(t);
                first = row->moment == OPENING || row->moment == BELONGING || (row->moment == WORKING && row->request == END_TXN) ? 0 : t->cases;
                publish(t);
                ck_assert_msg(step_until(t, all_told, &why) == 0, "the successor: %s", why.text);
        } else {
                struct worker_status status;

                ck_assert_msg(r == 0, "the step returned %d: %s", r, why.text);
                status = status_of(t);
                ck_assert_uint_eq(left_of(t, row->request), 0);
                ck_assert_msg(row->fate == EITHER || (status.aborts > 0) == (row->fate == ABORTED), "%d aborts", (int)status.aborts);
                if (row->moment == WORKING || row->moment == ABORTING) { /* what an abort undoes is undone: the case is no duplicate of itself */
                        ck_assert_int_eq(status.facts, t->cases);
                        ck_assert_int_eq(status.duplicates, 0);
                }
        }
        ck_ok(worker_stop(t->worker, &err));
        check_told(t, first);
        trial_done(t);
}

/* -- What is no error code -- */

static void begin_working(struct trial *t) {
        struct error why = {0};

        publish(t);
        ck_ok(open_worker(t, &err));
        ck_assert_msg(step_until(t, all_told, &why) == 0, "%s", why.text);
        publish(t);
}

static void go_on_well(struct trial *t) {
        struct error why = {0};
        int r = step_until(t, all_told, &why);

        ck_assert_msg(r == 0, "the step returned %d: %s", r, why.text);
}

static void end_well(struct trial *t) {
        ck_assert_int_eq(status_of(t).facts, t->cases);
        ck_ok(worker_stop(t->worker, &err));
        check_told(t, 0);
        trial_done(t);
}

static void coordinator(const struct trial *t, const char *kind, const char *more, int32_t broker) {
        char name[2 * BUS_NAME_MAX];

        (void) snprintf(name, sizeof(name), "%s" TOPICS_GROUP_RULES "%s", t->cluster.prefix, more);
        ck_assert_int_eq(rd_kafka_mock_coordinator_set(broker_of(t), kind, name, broker), 0);
}

static void coordinators_move(const void *ctx) {
        struct trial *t = trial_new(2);

        (void) ctx;
        coordinator(t, "transaction", "-one", 1);
        coordinator(t, "group", "", 1);
        begin_working(t);
        coordinator(t, "transaction", "-one", 2);
        go_on_well(t);
        publish(t);
        coordinator(t, "group", "", 2);
        go_on_well(t);
        publish(t);
        go_on_well(t);
        ck_assert_int_eq(status_of(t).aborts, 0);
        end_well(t);
}

struct away {
        const struct trial *t;
        int32_t broker;
};

static void *come_back(void *ctx) {
        const struct away *away = ctx;

        (void) poll(NULL, 0, AWAY_MS); /* nothing to wait for: it is how long the broker is away */
        (void) rd_kafka_mock_broker_set_up(broker_of(away->t), away->broker);
        return NULL;
}

/* A broker goes while a transaction is open, and comes back: @coordinates says which of the two has which task. */
static void broker_goes(int32_t transactions, int32_t group, int32_t goes) {
        struct trial *t = trial_new(2);
        struct away away = {t, goes};
        pthread_t thread;

        coordinator(t, "transaction", "-one", transactions);
        coordinator(t, "group", "", group);
        begin_working(t);
        ck_assert_int_eq(rd_kafka_mock_broker_set_down(broker_of(t), goes), 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, come_back, &away), 0);
        go_on_well(t);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        publish(t);
        go_on_well(t);
        end_well(t);
}

static void coordinator_of_transactions_goes(const void *ctx) {
        (void) ctx;
        broker_goes(2, 1, 2);
}

static void coordinator_of_the_group_goes(const void *ctx) {
        (void) ctx;
        broker_goes(1, 2, 2);
}

static void all_of_it_goes(const void *ctx) {
        (void) ctx;
        broker_goes(1, 1, 1);
}

static void answer_late(const struct trial *t, enum request request, int ms) {
        ck_assert_int_eq(rd_kafka_mock_broker_push_request_error_rtts(broker_of(t), 1, (int16_t)request, 1, RD_KAFKA_RESP_ERR_NO_ERROR, ms), 0);
}

/* The first call times out; the next one takes up the same commit. */
static void commit_answered_late(const void *ctx) {
        struct trial *t = trial_new(1);

        (void) ctx;
        begin_working(t);
        answer_late(t, END_TXN, LATE_MS);
        go_on_well(t);
        ck_assert_uint_eq(left_of(t, END_TXN), 0);
        ck_assert_int_eq(status_of(t).aborts, 0);
        end_well(t);
}

/* Whether it took place is not known: the worker ends, and its successor looks at what stands there. */
static void commit_not_answered(const void *ctx) {
        struct trial *t = trial_new(1);
        struct error why = {0};
        int r;

        (void) ctx;
        begin_working(t);
        answer_late(t, END_TXN, SILENCE_MS);
        atomic_store(&t->rush_from, monotonic());
        r = step_until(t, all_told, &why);
        ck_assert_int_eq(r, -EHOSTUNREACH);
        ck_assert_msg(strstr(why.text, "no answer to the commit") != NULL, "%s", why.text);
        atomic_store(&t->rush_from, 0);
        succeed(t);
        ck_ok(worker_stop(t->worker, &err));
        check_told(t, 0);
        trial_done(t);
}

/* A call that does not return: the process ends by itself, with status 3 and the call in its log, which goes to @ctx. */
static void call_hangs(const void *ctx) {
        struct trial *t = trial_new(1);
        struct watchdog *dog;
        struct error why = {0};

        ck_assert_int_eq(dup2(open(ctx, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO), STDERR_FILENO);
        ck_ok(watchdog_new((struct clock){&rushing_ops, t}, &t->cluster.log, NULL, NULL, &dog, &err));
        trial_bus(t, dog);
        begin_working(t);
        answer_late(t, END_TXN, SILENCE_MS);
        atomic_store(&t->rush_from, monotonic());
        (void) step_until(t, all_told, &why);
        ck_abort_msg("the worker was not ended: %s", why.text);
}

/* -- The process -- */

/* Starts the program's worker on a broker, with its errors in <folder>/log. Return: its exit status. */
static int run_rules(const char *folder, const char *bootstrap, const char *prefix) {
        char schemas[FIXTURE_PATH], config[FIXTURE_PATH], log[FIXTURE_PATH], text[512];
        const char *program = getenv("KETENWACHT");
        int status;
        pid_t pid;

        fixture_make(folder, "config");
        fixture_config(fixture_path(config, folder, "config"), "1\n");
        (void) snprintf(text, sizeof(text), "bootstrap: %s\nprefix: \"%s\"\npartitions: %d\nreplication: 1\n", bootstrap, prefix, PARTITIONS);
        fixture_write(config, "broker.yaml", text, strlen(text));
        fixture_schemas(schemas);
        fixture_path(log, folder, "log");
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                if (freopen(log, "w", stderr))
                        (void) execl(program, program, "rules", "--config", config, "--schemas", schemas, "--instance", "one", (char *)NULL);
                _exit(127);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void check_said(const char *folder, const char *what) {
        char path[FIXTURE_PATH], *text;
        struct error why;
        size_t n;

        ck_assert_int_eq(file_read(fixture_path(path, folder, "log"), &text, &n, &why), 0);
        ck_assert_msg(strstr(text, what) != NULL, "%s", text);
        free(text);
}

static void make_folder(char ret[64]) {
        (void) snprintf(ret, 64, "/tmp/ketenwacht-transactions-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(ret));
}

static void process_is_fenced(const void *ctx) {
        struct trial *t = trial_new(1);
        char folder[64];

        (void) ctx;
        make_folder(folder);
        inject(t, END_TXN, E(INVALID_PRODUCER_EPOCH), 1);
        ck_assert_int_eq(run_rules(folder, t->cluster.bootstrap, t->cluster.prefix), 3);
        check_said(folder, FENCE);
        ck_assert_uint_eq(left_of(t, END_TXN), 0);
        fixture_remove(folder);
        trial_done(t);
}

/* A broker that accepts connections and never says a word. */
static void process_meets_silence(const void *ctx) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char folder[64], bootstrap[64];

        (void) ctx;
        make_folder(folder);
        ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, n), 0);
        ck_assert_int_eq(listen(fd, 16), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &n), 0);
        (void) snprintf(bootstrap, sizeof(bootstrap), "127.0.0.1:%d", (int)ntohs(address.sin_port));
        ck_assert_int_eq(run_rules(folder, bootstrap, "silent."), 3);
        check_said(folder, bootstrap);
        check_said(folder, "no answer");
        fixture_remove(folder);
        ck_assert_int_eq(close(fd), 0);
}

/* -- Side by side -- */

struct task {
        char name[96];
        void (*run)(const void *ctx);
        const void *ctx;
        int status; /* expected of the process */
        pid_t process;
        int64_t begun;
};

static void begin_task(struct task *task) {
        task->begun = monotonic();
        (void) fflush(NULL);
        task->process = fork();
        ck_assert_int_ge(task->process, 0);
        if (task->process == 0) {
                task->run(task->ctx);
                _exit(0);
        }
}

/* Return: whether it ended as it should. */
static bool end_task(struct task *tasks, size_t n) {
        int status;
        pid_t process = waitpid(-1, &status, 0);

        for (size_t i = 0; i < n; i++) {
                if (tasks[i].process != process)
                        continue;
                if (getenv("KETENWACHT_ROW"))
                        fprintf(stderr, "%5" PRId64 " ms %s\n", monotonic() - tasks[i].begun, tasks[i].name);
                if (WIFEXITED(status) && WEXITSTATUS(status) == tasks[i].status)
                        return true;
                fprintf(stderr, "%s: ended with %s %d\n", tasks[i].name, WIFEXITED(status) ? "status" : "signal",
                        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
                return false;
        }
        return true;
}

static void run_tasks(struct task *tasks, size_t n) {
        size_t begun = 0, ended = 0, failed = 0;

        while (ended < n) {
                for (; begun < n && begun - ended < SIDE_BY_SIDE; begun++)
                        begin_task(&tasks[begun]);
                failed += !end_task(tasks, begun);
                ended++;
        }
        ck_assert_msg(failed == 0, "%zu of %zu went wrong; they are named above", failed, n);
}

static void add_task(struct task *tasks, size_t *n, const char *only, const char *name, void (*run)(const void *ctx), const void *ctx, int status) {
        if (only && strcmp(only, "all") != 0 && strcmp(only, name) != 0)
                return;
        tasks[*n] = (struct task){.run = run, .ctx = ctx, .status = status};
        (void) snprintf(tasks[(*n)++].name, sizeof(tasks[0].name), "%s", name);
}

static size_t list_tasks(struct task *ret, const char *silent) {
        static const char *const moments[] = {"opening", "working", "aborting", "belonging"};
        const char *only = getenv("KETENWACHT_ROW"); /* for looking at one, by its name, or at the times of "all" */
        size_t n = 0;

        /* The long ones first. */
        add_task(ret, &n, only, "commit_not_answered", commit_not_answered, NULL, 0);
        add_task(ret, &n, only, "process_meets_silence", process_meets_silence, NULL, 0);
        add_task(ret, &n, only, "process_is_fenced", process_is_fenced, NULL, 0);
        add_task(ret, &n, only, "commit_answered_late", commit_answered_late, NULL, 0);
        add_task(ret, &n, only, "call_hangs", call_hangs, silent, 3);
        add_task(ret, &n, only, "coordinators_move", coordinators_move, NULL, 0);
        add_task(ret, &n, only, "coordinator_of_transactions_goes", coordinator_of_transactions_goes, NULL, 0);
        add_task(ret, &n, only, "coordinator_of_the_group_goes", coordinator_of_the_group_goes, NULL, 0);
        add_task(ret, &n, only, "all_of_it_goes", all_of_it_goes, NULL, 0);
        for (size_t k = 0; k < 2 * ELEMENTS(rows); k++) {
                size_t i = k % ELEMENTS(rows);
                char name[96];

                if ((rows[i].times == MANY) != (k < ELEMENTS(rows)))
                        continue;
                (void) snprintf(name, sizeof(name), "%s, request %d, error %d, %u times", moments[rows[i].moment], (int)rows[i].request, (int)rows[i].code,
                                rows[i].times);
                add_task(ret, &n, only, name, run_row, &rows[i], 0);
        }
        return n;
}

START_TEST(every_answer_is_understood) {
        static struct task tasks[ELEMENTS(rows) + 16];
        char silent[FIXTURE_PATH], *text;
        struct error why;
        size_t n;

        share();
        run_tasks(tasks, list_tasks(tasks, fixture_path(silent, shared.folder, "silent")));
        if (file_read(silent, &text, &n, &why) == 0) {
                ck_assert_msg(strstr(text, "the call rd_kafka_") != NULL && strstr(text, "has not returned") != NULL, "%s", text);
                free(text);
        }
        share_no_more();
}
END_TEST

int main(int argc, char **argv) {
        Suite *suite = suite_create("transactions");
        TCase *tc = tcase_create("mock");
        SRunner *runner;
        int failed;

        if (!cluster_chosen(argc, argv))
                return CLUSTER_SKIPPED;
        tcase_set_timeout(tc, 240);
        tcase_add_test(tc, every_answer_is_understood);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
