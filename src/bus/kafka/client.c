/* SPDX-License-Identifier: EUPL-1.2 */

/* One handle of librdkafka: its properties by role, its log, its errors as sentences. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bus/kafka/client.h"

#define CLUSTER_ID_MS 1000 /* for the id of the cluster */
#define KAFKA_SCRAM_FIXED 0x020601ff /* before it, brokers from 4.0 on refuse librdkafka's SCRAM */

struct setting {
        const char *name, *value;
};

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

static const struct setting for_all[] = {
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.max.ms", "1000"},
        {NULL, NULL},
};

static const struct setting for_consumers[] = {
        {"allow.auto.create.topics", "false"}, /* 2.0.2 also crashes on batches of topics that are not there */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {NULL, NULL},
};

static const struct setting for_groups[] = {
        /* Of the built-in ones only range is eager and hands partition p of all topics to one member; the
         * cooperative one of 2.0.2 can turn for ever and lose ownership. */
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", TEXT(BUS_SESSION_MS)},
        {"heartbeat.interval.ms", TEXT(BUS_HEARTBEAT_MS)},
        {"topic.metadata.refresh.interval.ms", TEXT(BUS_REFRESH_MS)},
        {"max.poll.interval.ms", TEXT(BUS_MAX_POLL_MS)},
        {"queued.min.messages", TEXT(BUS_QUEUED_MESSAGES)},
        {"queued.max.messages.kbytes", TEXT(BUS_QUEUED_KBYTES)},
        {"fetch.min.bytes", TEXT(BUS_GROUP_FETCH_BYTES)},
        {"fetch.wait.max.ms", TEXT(BUS_GROUP_FETCH_WAIT_MS)},
        {"isolation.level", "read_committed"},
        {NULL, NULL},
};

static const struct setting for_readers[] = {
        {"queued.min.messages", TEXT(BUS_RESTORE_MESSAGES)},
        {"queued.max.messages.kbytes", TEXT(BUS_RESTORE_KBYTES)},
        {"fetch.max.bytes", TEXT(BUS_ANSWER_BYTES)},
        {"fetch.wait.max.ms", TEXT(BUS_FETCH_WAIT_MS)},
        {NULL, NULL},
};

static const struct setting for_sparing_readers[] = {
        {"queued.min.messages", TEXT(BUS_RESTORE_MESSAGES)},
        {"queued.max.messages.kbytes", TEXT(BUS_SPARING_KBYTES)},
        {"fetch.message.max.bytes", TEXT(BUS_SPARING_FETCH_BYTES)},
        {"fetch.max.bytes", TEXT(BUS_ANSWER_BYTES)},
        {"fetch.wait.max.ms", TEXT(BUS_FETCH_WAIT_MS)},
        {NULL, NULL},
};

/* Reading state: the last fetch of a restore waits in vain for more, and nobody may begin before it is back. */
static const struct setting for_restore[] = {
        {"queued.min.messages", TEXT(KAFKA_RESTORE_AHEAD)},
        {"queued.max.messages.kbytes", TEXT(BUS_RESTORE_KBYTES)},
        {"fetch.wait.max.ms", "10"},
        {NULL, NULL},
};

static const struct setting for_producers[] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"partitioner", "murmur2_random"}, /* as Java clients; librdkafka's own default is CRC-32 */
        {"linger.ms", TEXT(BUS_LINGER_MS)},
        {"queue.buffering.max.messages", TEXT(BUS_PRODUCE_MESSAGES)},
        {"queue.buffering.max.kbytes", TEXT(BUS_PRODUCE_KBYTES)},
        {NULL, NULL},
};

static const struct setting for_transactions[] = {
        {"transaction.timeout.ms", TEXT(BUS_TRANSACTION_MS)},
        /* AddOffsetsToTxn meets the markers of the transaction before: at 100 ms each commit would cost as much */
        {"retry.backoff.ms", TEXT(BUS_RETRY_BACKOFF_MS)},
        {NULL, NULL},
};

/* Properties as they are set, one after the other. The first that librdkafka does not take ends it: what is set after it has no effect. */
struct settings {
        rd_kafka_conf_t *conf;
        struct error *err;
        bool embedded; /* as in struct kafka_config */
        int r; /* 0, or -EINVAL with a sentence */
};

static void setting_take(struct settings *s, const char *name, const char *value) {
        char reason[KAFKA_TROUBLE_MAX];

        if (s->r || rd_kafka_conf_set(s->conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
                return;
        error_set(s->err, "librdkafka does not take the property %s: %s", name, reason);
        s->r = -EINVAL;
}

static void setting_take_all(struct settings *s, const struct setting *settings) {
        for (; settings->name; settings++)
                setting_take(s, settings->name, settings->value);
}

static void setting_take_number(struct settings *s, const char *name, int value) {
        char text[16];

        snprintf(text, sizeof(text), "%d", value);
        setting_take(s, name, text);
}

static void set_group_member(struct settings *s, const struct kafka_client_options *o) {
        setting_take_all(s, for_groups);
        setting_take(s, "group.id", o->group);
        if (o->instance)
                setting_take(s, "group.instance.id", o->instance);
        setting_take(s, "auto.offset.reset", "error"); /* whoever takes up a partition says itself where it begins */
}

static void set_reader(struct settings *s, const struct kafka_client_options *o) {
        setting_take_all(s, o->role == KAFKA_RESTORE ? for_restore : o->sparing ? for_sparing_readers : for_readers);
        setting_take(s, "auto.offset.reset", "earliest");
        setting_take(s, "isolation.level", o->role == KAFKA_MARKS ? "read_uncommitted" : "read_committed");
}

static void set_producer(struct settings *s, const struct kafka_client_options *o) {
        setting_take_all(s, for_producers);
        setting_take_number(s, "message.max.bytes", BUS_OUTPUT_MAX + 4096); /* beyond the record: what a batch of one record adds */
        setting_take(s, "delivery.report.only.error", o->report_errors_only ? "true" : "false");
        setting_take_number(s, "message.timeout.ms", o->role == KAFKA_TXN ? BUS_MESSAGE_MS : BUS_CALL_MS);
        if (o->role != KAFKA_TXN)
                return;
        setting_take(s, "transactional.id", o->transactional_id);
        setting_take_all(s, for_transactions);
}

static void set_role(struct settings *s, const struct kafka_client_options *o) {
        if (o->role == KAFKA_ADMIN)
                return;
        if (o->role == KAFKA_PRODUCER || o->role == KAFKA_TXN) {
                set_producer(s, o);
                return;
        }
        setting_take_all(s, for_consumers);
        setting_take(s, "check.crcs", s->embedded ? "false" : "true"); /* the mock cluster of 2.15.1 leaves markers whose checksum is 0 */
        setting_take(s, "enable.partition.eof", o->eof ? "true" : "false");
        if (o->role == KAFKA_WORKER || o->role == KAFKA_CONSUMER)
                set_group_member(s, o);
        else
                set_reader(s, o);
}

/*
 * Its warnings about properties that the role does not use are ours to cause; that topics may come by themselves is said of the embedded
 * broker alone, where they do not.
 *
 * @locality any thread of librdkafka, also while rd_kafka_new() runs: reads only what does not change
 * @locks none of ours; the log writes a line at a time
 */
static void kafka_client_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
        const struct kafka_client *c = rd_kafka_opaque(rk);

        if (strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "AUTOCREATE") == 0)
                return;
        if (level <= 4 && c->bus->complaint.say && strcmp(facility, "FAIL") == 0)
                c->bus->complaint.say(c->bus->complaint.ctx, text);
        if (level <= 4)
                log_line(c->bus->log, KAFKA, LOG_STRING("facility", facility), LOG_STRING("text", text));
        else if (c->bus->debug)
                log_line(c->bus->log, KAFKA_DETAIL, LOG_STRING("facility", facility), LOG_STRING("text", text));
}

/*
 * @locality our own thread, when the handle is polled
 * @locks none
 */
static void kafka_client_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque) {
        struct kafka_client *c = opaque;

        (void)rk;
        /* "all brokers down" comes after the reason why they are. */
        if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && c->trouble[0])
                return;
        c->trouble_code = (rd_kafka_resp_err_t)code;
        snprintf(c->trouble, sizeof(c->trouble), "%s", reason);
}

static int set_client(rd_kafka_conf_t *conf, const struct kafka_bus *bus, const struct kafka_client_options *o, struct error *err) {
        struct settings settings = {.conf = conf, .err = err, .embedded = bus->embedded};

        setting_take_all(&settings, for_all);
        setting_take(&settings, "bootstrap.servers", bus->bootstrap);
        setting_take(&settings, "client.id", bus->client_id);
        set_role(&settings, o);
        for (size_t i = 0; i < bus->properties_n; i++)
                setting_take(&settings, bus->properties[i].name, bus->properties[i].value);
        if (settings.r)
                return settings.r;
        rd_kafka_conf_set_opaque(conf, o->opaque);
        rd_kafka_conf_set_log_cb(conf, kafka_client_on_log);
        rd_kafka_conf_set_error_cb(conf, kafka_client_on_error);
        if (o->rebalance)
                rd_kafka_conf_set_rebalance_cb(conf, o->rebalance);
        if (o->delivered)
                rd_kafka_conf_set_dr_msg_cb(conf, o->delivered);
        return 0;
}

int kafka_client_open(struct kafka_client *c, const struct kafka_bus *bus, const struct kafka_client_options *o, struct error *err) {
        CLEANUP(rd_kafka_conf_destroy_p) rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_type_t type = o->role <= KAFKA_TXN ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
        const char *name = o->transactional_id ? o->transactional_id : o->instance ? o->instance : "";
        char reason[KAFKA_TROUBLE_MAX];
        int r;

        assert(!c->rk && o->opaque == c);
        if (!conf)
                return -ENOMEM;
        c->bus = bus;
        snprintf(c->name, sizeof(c->name), "%s", name);
        r = set_client(conf, bus, o, err);
        if (r)
                return r;
        c->rk = rd_kafka_new(type, conf, reason, sizeof(reason));
        if (!c->rk) {
                error_set(err, "librdkafka refuses the configuration of the broker: %s; look at the key kafka of broker.yaml", reason);
                return -EINVAL;
        }
        conf = NULL; /* librdkafka's now */
        return 0;
}

void kafka_client_close(struct kafka_client *c) {
        int token;

        if (!c->rk)
                return;
        token = watchdog_enter(c->bus->watchdog, "rd_kafka_destroy", BUS_CALL_MS);
        rd_kafka_destroy(c->rk);
        watchdog_leave(c->bus->watchdog, token);
        c->rk = NULL;
}

bool kafka_again(const struct kafka_bus *bus, int64_t until) {
        if (clock_monotonic(&bus->clock) >= until)
                return false;
        nanosleep(&(struct timespec){.tv_nsec = KAFKA_RETRY_MS * 1000000L}, NULL);
        return true;
}

static bool is_fenced_code(rd_kafka_resp_err_t code) {
        return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
               code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static bool is_forbidden_code(rd_kafka_resp_err_t code) {
        return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
               code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

bool kafka_is_away(rd_kafka_resp_err_t code) {
        return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
               code == RD_KAFKA_RESP_ERR__RESOLVE || code == RD_KAFKA_RESP_ERR__WAIT_COORD || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
}

static const char *login_hint(const struct kafka_bus *bus) {
        for (size_t i = 0; i < bus->properties_n; i++) {
                if (strncmp(bus->properties[i].name, "sasl.mechanism", 14) == 0 && strncmp(bus->properties[i].value, "SCRAM", 5) == 0 &&
                    rd_kafka_version() < KAFKA_SCRAM_FIXED)
                        return "; this librdkafka cannot log in by SCRAM to Kafka 4.0 or newer, use a client certificate there";
        }
        return "; look at the name, the password and the certificate in broker.yaml";
}

/* The broker takes no more of this handle. */
static int client_fenced(const struct kafka_client *c, rd_kafka_resp_err_t code, const char *text, struct error *err) {
        if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) /* only a member of the same name brings that about */
                error_set(err, "another process joined the group under the name '%s' (%s); give each its own --instance, and start it again", c->name, text);
        else
                error_set(err,
                          "the broker takes no more transactions of '%s' from this process (%s): it ended one itself, because it was open for longer than "
                          "%d s, as when this process stood still or the broker was away, or another process works under that name. Nothing is lost: "
                          "start it again; when it repeats, run each under a name of its own (rules: --instance; connect: one process a file)",
                          c->name, text, BUS_TRANSACTION_MS / 1000);
        return -ESTALE;
}

int kafka_failed(const struct kafka_client *c, const char *call, rd_kafka_resp_err_t code, const char *text, struct error *err) {
        const struct kafka_bus *bus = c->bus;

        text = text && text[0] ? text : rd_kafka_err2str(code);
        if (is_fenced_code(code))
                return client_fenced(c, code, text, err);
        if (is_forbidden_code(code)) {
                error_set(err, "the broker forbids %s: %s; ketenwacht topics plan shows the rights that are needed", call, text);
                return -EACCES;
        }
        if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || (kafka_is_away(code) && c->trouble_code == RD_KAFKA_RESP_ERR__AUTHENTICATION)) {
                error_set(err, "the broker at %s does not let us in: %s%s", bus->bootstrap, c->trouble[0] ? c->trouble : text, login_hint(bus));
                return -EACCES;
        }
        if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
            code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
                error_set(err, "%s: the broker does not have the topic (%s); make it with ketenwacht topics apply", call, text);
                return -ENOENT;
        }
        if (kafka_is_away(code)) {
                error_set(err, "no answer to %s from the broker at %s: %s; is it up, and is this its address?", call, bus->bootstrap,
                          c->trouble[0] ? c->trouble : text);
                return -EHOSTUNREACH;
        }
        if (code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE || code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION) {
                error_set(err, "the broker at %s does not know %s: it is the embedded one (of demo or mock), or very old", bus->bootstrap, call);
                return -EIO;
        }
        error_set(err, "%s failed at the broker: %s (%s)", call, text, rd_kafka_err2name(code));
        return -EIO;
}

int kafka_failed_error(const struct kafka_client *c, const char *call, rd_kafka_error_t *error, struct error *err) {
        int r = kafka_failed(c, call, rd_kafka_error_code(error), rd_kafka_error_string(error), err);

        rd_kafka_error_destroy(error);
        return r;
}

bool kafka_is_enough(const struct kafka_client *c, const char *call, struct error *err) {
        if (!c->enough || !atomic_load(c->enough))
                return false;
        error_set(err, "%s was broken off, because this process stops", call);
        return true;
}

bool kafka_is_embedded(const struct kafka_client *c) {
        char *id = rd_kafka_clusterid(c->rk, CLUSTER_ID_MS);
        bool embedded = id && strncmp(id, "mockCluster", strlen("mockCluster")) == 0;

        if (id)
                rd_kafka_mem_free(c->rk, id);
        return embedded;
}

int kafka_client_fatal(const struct kafka_client *c, struct error *err) {
        char text[KAFKA_TROUBLE_MAX];
        rd_kafka_resp_err_t code = rd_kafka_fatal_error(c->rk, text, sizeof(text));

        return code ? kafka_failed(c, "librdkafka", code, text, err) : 0;
}
