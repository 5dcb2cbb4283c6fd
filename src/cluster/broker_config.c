/* SPDX-License-Identifier: EUPL-1.2 */

/* One function for each key of broker.yaml, in a table; then what keys must be to each other. */

#include "cluster/broker_config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/reading.h"
#include "bus/bus.h"

#define PREFIX_BYTES_MAX 100
#define REPLICATION_MAX 32
#define KEPT_DAYS_MAX 36500
#define RETENTION_MAX 1000
#define BEHIND_AFTER_MIN_MS INT64_C(1000)
#define BEHIND_AFTER_MAX_MS DAY_MS

static const char *const kept_keys[BROKER_KEPT_KINDS + 1] = {
        [BROKER_KEPT_EVENTS] = "events",
        [BROKER_KEPT_PLAN_DUE] = "plan-due",
        [BROKER_KEPT_ESCALATIONS] = "escalations",
        [BROKER_KEPT_INBOX] = "inbox",
        [BROKER_KEPT_OUTBOX] = "outbox",
        [BROKER_KEPT_DEAD_LETTERS] = "dead-letters",
        [BROKER_KEPT_DELIVERIES] = "deliveries",
        [BROKER_KEPT_AUDIT] = "audit",
};

struct broker_reading {
        struct reading r;
        struct broker_config *config;
};

/* -- Keys -- */

static bool broker_is_address(const char *s, size_t n) {
        size_t colon = n;
        int64_t port;

        while (colon > 0 && s[colon - 1] != ':')
                colon--;
        return colon > 1 && text_to_int64((struct text){s + colon, n - colon}, &port) && port > 0 && port <= UINT16_MAX;
}

static void broker_read_bootstrap(struct broker_reading *b, const struct yaml_node *node) {
        if (!reading_scalar(&b->r, node, "bootstrap"))
                return;
        for (const char *s = node->text;; s++) {
                size_t n = strcspn(s, ",");

                if (!broker_is_address(s, n)) {
                        reading_mistake(&b->r, node,
                                        IN_READING(&b->r, "bootstrap: '%.*s' is no address; write HOST:PORT, and commas between several",
                                                   "bootstrap: '%.*s' is geen adres; schrijf HOST:POORT, met komma's tussen meer adressen"),
                                        (int)n, s);
                        return;
                }
                s += n;
                if (!*s)
                        break;
        }
        b->config->bootstrap = reading_copy(&b->r, node->text);
}

static void broker_read_prefix(struct broker_reading *b, const struct yaml_node *node) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

        if (!reading_scalar(&b->r, node, "prefix"))
                return;
        if (node->text[strspn(node->text, allowed)] || strlen(node->text) > PREFIX_BYTES_MAX)
                reading_mistake(&b->r, node,
                                IN_READING(&b->r, "prefix: '%s' cannot begin the name of a topic; at most %d of A-Z a-z 0-9 . _ -",
                                           "prefix: '%s' kan geen begin van de naam van een topic zijn; hoogstens %d tekens uit A-Z a-z 0-9 . _ -"),
                                node->text, PREFIX_BYTES_MAX);
        else
                b->config->prefix = reading_copy(&b->r, node->text);
}

static void broker_read_partitions(struct broker_reading *b, const struct yaml_node *node) {
        int64_t n;

        if (!reading_number(&b->r, node, "partitions", 1, BUS_PARTITIONS_MAX, &n))
                return;
        b->config->partitions = (int32_t)n;
        b->config->partitions_said = true;
}

static void broker_read_replication(struct broker_reading *b, const struct yaml_node *node) {
        int64_t n;

        if (reading_number(&b->r, node, "replication", 1, REPLICATION_MAX, &n))
                b->config->replication = (int16_t)n;
}

static void broker_read_min_insync(struct broker_reading *b, const struct yaml_node *node) {
        int64_t n;

        if (reading_number(&b->r, node, "min_insync", 1, REPLICATION_MAX, &n))
                b->config->min_insync = (int16_t)n;
}

static void broker_read_retention(struct broker_reading *b, const struct yaml_node *node) {
        static const struct span_unit units[] = {{"day", "days", NULL, BROKER_DAYS},
                                                 {"week", "weeks", NULL, BROKER_WEEKS},
                                                 {"month", "months", NULL, BROKER_MONTHS},
                                                 {"year", "years", NULL, BROKER_YEARS}};
        struct span span;

        if (!reading_span(&b->r, node, "retention", units, ELEMENTS(units), &span))
                return;
        if (span.count > (span.unit->value == BROKER_DAYS ? KEPT_DAYS_MAX : RETENTION_MAX)) {
                reading_mistake(&b->r, node,
                                IN_READING(&b->r, "retention: '%s' is longer than anything needs to be kept",
                                           "retention: '%s' is langer dan iets bewaard hoeft te worden"),
                                node->text);
                return;
        }
        b->config->retention.n = (int32_t)span.count;
        b->config->retention.unit = (enum broker_unit)span.unit->value;
}

static void broker_read_behind_after(struct broker_reading *b, const struct yaml_node *node) {
        struct span span;

        if (!reading_span(&b->r, node, "behind_after", span_clock + 1, SPAN_CLOCK_UNITS - 1, &span))
                return;
        if (span.count > BEHIND_AFTER_MAX_MS / span.unit->value || span.count * span.unit->value < BEHIND_AFTER_MIN_MS)
                reading_mistake(&b->r, node,
                                IN_READING(&b->r, "behind_after: '%s' is not between a second and a day",
                                           "behind_after: '%s' ligt niet tussen een seconde en een dag"),
                                node->text);
        else
                b->config->behind_after_ms = span.count * span.unit->value;
}

static void broker_read_kept(struct broker_reading *b, const struct yaml_node *node) {
        int64_t days;

        if (!reading_mapping(&b->r, node, "retention_days"))
                return;
        reading_keys(&b->r, node, kept_keys, "retention_days");
        for (size_t i = 0; i < BROKER_KEPT_KINDS; i++) {
                const struct yaml_node *value = yaml_get(node, kept_keys[i]);

                if (value && reading_number(&b->r, value, kept_keys[i], 1, KEPT_DAYS_MAX, &days))
                        b->config->kept_days[i] = (int32_t)days;
        }
}

static void broker_read_acls(struct broker_reading *b, const struct yaml_node *node) {
        static const char *const known[] = {"worker", "connectors", "operators", "organisations", "admission", NULL};
        enum { ORGANISATIONS = 3, ADMISSION };
        struct broker_acls *acls = &b->config->acls;
        const char **fields[] = {&acls->worker, &acls->connectors, &acls->operators, &acls->organisations, &acls->admission};

        if (!reading_mapping(&b->r, node, "acls"))
                return;
        acls->wanted = true;
        reading_keys(&b->r, node, known, "acls");
        for (size_t i = 0; known[i]; i++) {
                const struct yaml_node *value = yaml_get(node, known[i]);

                if (!value && i == ADMISSION) /* where nobody writes an outbox, and in files of before */
                        continue;
                if (!value)
                        reading_mistake(&b->r, node,
                                        IN_READING(&b->r, "acls lacks the key '%s': with rights, everybody needs a name",
                                                   "acls mist de sleutel '%s': met rechten heeft iedereen een naam nodig"),
                                        known[i]);
                else if (!reading_scalar(&b->r, value, known[i]))
                        continue;
                else if (strncmp(value->text, "User:", 5) != 0 || !value->text[5])
                        reading_mistake(&b->r, value,
                                        IN_READING(&b->r, "%s: '%s' is no principal; write User: and a name",
                                                   "%s: '%s' is geen principal; schrijf User: en een naam"),
                                        known[i], value->text);
                else if (i == ORGANISATIONS && !strstr(value->text, "{id}"))
                        reading_mistake(&b->r, value,
                                        IN_READING(&b->r, "organisations: '%s' is the same for all; write {id} where the id of the organisation comes",
                                                   "organisations: '%s' is voor iedereen hetzelfde; schrijf {id} waar de id van de organisatie komt"),
                                        value->text);
                else
                        *fields[i] = reading_copy(&b->r, value->text);
        }
}

static void broker_read_kafka(struct broker_reading *b, const struct yaml_node *node) {
        struct kafka_property *properties;
        struct error err;

        if (!reading_mapping(&b->r, node, "kafka"))
                return;
        if (node->n > BROKER_PROPERTIES_MAX) {
                reading_mistake(&b->r, node, IN_READING(&b->r, "kafka: more than %d properties", "kafka: meer dan %d eigenschappen"), BROKER_PROPERTIES_MAX);
                return;
        }
        properties = reading_alloc(&b->r, node->n, sizeof(*properties));
        if (!properties)
                return;
        b->config->properties = properties;
        for (size_t i = 0; i < node->n; i++) {
                const char *name = node->keys[i]->text, *why = kafka_property_refused(name, b->r.mistakes->language);

                if (why)
                        reading_mistake(&b->r, node->keys[i],
                                        IN_READING(&b->r, "'%s' may not be set: it %s", "'%s' mag hier niet staan: ketenwacht bepaalt dit zelf (%s)"),
                                        name, why);
                else if (!reading_scalar(&b->r, node->items[i], name))
                        continue;
                else if (kafka_property_check(name, node->items[i]->text, b->r.mistakes->language, &err))
                        reading_mistake(&b->r, node->keys[i], "%s", err.text);
                else
                        properties[b->config->properties_n++] = (struct kafka_property){reading_copy(&b->r, name), reading_copy(&b->r, node->items[i]->text)};
        }
}

static void broker_read_registry(struct broker_reading *b, const struct yaml_node *node) {
        registry_config_read(&b->r, node, &b->config->registry);
}

static const struct {
        const char *key;
        void (*read)(struct broker_reading *b, const struct yaml_node *node);
} keys[] = {
        {"bootstrap", broker_read_bootstrap},   {"prefix", broker_read_prefix},
        {"partitions", broker_read_partitions}, {"replication", broker_read_replication},
        {"min_insync", broker_read_min_insync}, {"retention", broker_read_retention},
        {"retention_days", broker_read_kept},   {"behind_after", broker_read_behind_after},
        {"acls", broker_read_acls},             {"kafka", broker_read_kafka},
        {"registry", broker_read_registry},
};

/* -- What keys must be to each other -- */

/* The value of a property of time, or ours. */
static int64_t property_ms(const struct broker_config *config, const char *name, const char *alias, int64_t ours) {
        for (size_t i = 0; i < config->properties_n; i++) {
                const struct kafka_property *p = &config->properties[i];

                if ((strcmp(p->name, name) == 0 || (alias && strcmp(p->name, alias) == 0)) && text_to_int64(text_of(p->value), &ours))
                        break;
        }
        return ours;
}

/* The order that bus.h asserts of our own numbers; correctness rests on it. */
static void broker_check_times(struct broker_reading *b, const struct yaml_node *kafka) {
        const struct broker_config *c = b->config;
        int64_t message = property_ms(c, "message.timeout.ms", "delivery.timeout.ms", BUS_MESSAGE_MS);
        int64_t transaction = property_ms(c, "transaction.timeout.ms", NULL, BUS_TRANSACTION_MS);
        int64_t session = property_ms(c, "session.timeout.ms", NULL, BUS_SESSION_MS);
        int64_t heartbeat = property_ms(c, "heartbeat.interval.ms", NULL, BUS_HEARTBEAT_MS);
        int64_t poll = property_ms(c, "max.poll.interval.ms", NULL, BUS_MAX_POLL_MS);

        if (message <= 0 || message >= transaction)
                reading_mistake(&b->r, kafka,
                                IN_READING(&b->r,
                                           "message.timeout.ms (%" PRId64 ") must be above 0 and below transaction.timeout.ms (%" PRId64 "): a record fails "
                                           "before that",
                                           "message.timeout.ms (%" PRId64 ") moet boven 0 en onder transaction.timeout.ms (%" PRId64 ") liggen: een bericht "
                                           "mislukt eerder"),
                                message, transaction);
        if (transaction >= session)
                reading_mistake(&b->r, kafka,
                                IN_READING(&b->r,
                                           "transaction.timeout.ms (%" PRId64 ") must be below session.timeout.ms (%" PRId64 "): nobody commits who is out "
                                           "of the group",
                                           "transaction.timeout.ms (%" PRId64 ") moet onder session.timeout.ms (%" PRId64 ") liggen: wie uit de groep is, "
                                           "legt niets meer vast"),
                                transaction, session);
        if (3 * heartbeat >= session)
                reading_mistake(&b->r, kafka,
                                IN_READING(&b->r, "session.timeout.ms (%" PRId64 ") must be more than three times heartbeat.interval.ms (%" PRId64 ")",
                                           "session.timeout.ms (%" PRId64 ") moet meer dan drie keer heartbeat.interval.ms (%" PRId64 ") zijn"),
                                session, heartbeat);
        if (session >= poll)
                reading_mistake(&b->r, kafka,
                                IN_READING(&b->r, "session.timeout.ms (%" PRId64 ") must be below max.poll.interval.ms (%" PRId64 ")",
                                           "session.timeout.ms (%" PRId64 ") moet onder max.poll.interval.ms (%" PRId64 ") liggen"),
                                session, poll);
        if (poll <= BUS_CALL_MS)
                reading_mistake(&b->r, kafka,
                                IN_READING(&b->r, "max.poll.interval.ms (%" PRId64 ") must be more than %d: one call may take so long",
                                           "max.poll.interval.ms (%" PRId64 ") moet meer dan %d zijn: zo lang mag een aanroep duren"),
                                poll, BUS_CALL_MS);
}

static void broker_check_whole(struct broker_reading *b, const struct yaml_node *root, size_t before) {
        const struct yaml_node *kafka = yaml_get(root, "kafka"), *min_insync = yaml_get(root, "min_insync");
        struct broker_config *c = b->config;

        if (!min_insync)
                c->min_insync = (int16_t)(c->replication > 1 ? c->replication - 1 : 1);
        else if (c->min_insync > c->replication)
                reading_mistake(&b->r, min_insync,
                                IN_READING(&b->r, "min_insync: %d copies can never be in step when replication is %d",
                                           "min_insync: %d kopieën kunnen nooit gelijk lopen als replication %d is"),
                                c->min_insync, c->replication);
        if (kafka && b->r.mistakes->n == before)
                broker_check_times(b, kafka);
}

static void broker_read_root(struct broker_reading *b) {
        const struct yaml_node *root = yaml_tree_root(b->r.yaml);
        const char *known[ELEMENTS(keys) + 1] = {0};
        size_t before = b->r.mistakes->n;

        if (!reading_mapping(&b->r, root, IN_READING(&b->r, "the file", "het bestand")))
                return;
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                known[i] = keys[i].key;
        reading_keys(&b->r, root, known, IN_READING(&b->r, "the file", "het bestand"));
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                const struct yaml_node *node = yaml_get(root, keys[i].key);

                if (node)
                        keys[i].read(b, node);
        }
        broker_check_whole(b, root, before);
}

void broker_config_default(struct broker_config *ret) {
        *ret = (struct broker_config){
                .prefix = "",
                .partitions = BROKER_PARTITIONS_DEFAULT,
                .replication = 1,
                .min_insync = 1,
                .kept_days = {[BROKER_KEPT_EVENTS] = 30, [BROKER_KEPT_PLAN_DUE] = 90, [BROKER_KEPT_ESCALATIONS] = 90, [BROKER_KEPT_INBOX] = 90,
                              [BROKER_KEPT_OUTBOX] = 30, [BROKER_KEPT_DEAD_LETTERS] = 365, [BROKER_KEPT_DELIVERIES] = 365,
                              [BROKER_KEPT_AUDIT] = 1826},
                .retention = {2, BROKER_YEARS},
                .behind_after_ms = BROKER_BEHIND_AFTER_MS_DEFAULT,
        };
}

static int broker_read_tree(const struct yaml_tree *yaml, struct arena *arena, struct broker_config *ret, struct mistakes *mistakes) {
        struct broker_reading b = {.r = {.yaml = yaml, .mistakes = mistakes, .arena = arena}, .config = ret};
        size_t before = mistakes->n;

        broker_read_root(&b);
        return reading_end(&b.r, before);
}

int broker_config_parse(const char *name, const char *text, size_t n, struct arena *arena, struct broker_config *ret, struct mistakes *mistakes) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct error err = {0};
        int r;

        broker_config_default(ret);
        r = yaml_tree_parse(name, text, n, mistakes->language, &yaml, &err);
        if (r == 0)
                return broker_read_tree(yaml, arena, ret, mistakes);
        mistakes_error(mistakes, &err);
        return r;
}

int broker_config_read(const char *path, struct arena *arena, struct broker_config *ret, struct mistakes *mistakes) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        struct error err = {0};
        int r;

        broker_config_default(ret);
        r = yaml_tree_read(path, mistakes->language, &yaml, &err);
        if (r == -ENOENT)
                return 0;
        if (r == 0)
                return broker_read_tree(yaml, arena, ret, mistakes);
        mistakes_error(mistakes, &err);
        return r;
}

void broker_config_kafka(const struct broker_config *config, const char *bootstrap, struct kafka_config *ret) {
        *ret = (struct kafka_config){
                .bootstrap = bootstrap ? bootstrap : config->bootstrap,
                .prefix = config->prefix,
                .properties = config->properties,
                .properties_n = config->properties_n,
        };
}
