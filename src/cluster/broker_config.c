/* SPDX-License-Identifier: EUPL-1.2 */
#include "cluster/broker_config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/yaml.h"
#include "bus/bus.h"

#define PREFIX_BYTES_MAX 100
#define REPLICATION_MAX 32
#define KEPT_DAYS_MAX 36500
#define RETENTION_MAX 1000
#define BEHIND_AFTER_MIN_MS INT64_C(1000)
#define BEHIND_AFTER_MAX_MS INT64_C(86400000)
#define KEYS_MAX 16

static const char *const kept_keys[BROKER_KEPT_KINDS + 1] = {
        [BROKER_KEPT_EVENTS] = "events",
        [BROKER_KEPT_PLAN_DUE] = "plan-due",
        [BROKER_KEPT_ESCALATIONS] = "escalations",
        [BROKER_KEPT_INBOX] = "inbox",
        [BROKER_KEPT_OUTBOX] = "outbox",
        [BROKER_KEPT_DEAD_LETTERS] = "dead-letters",
        [BROKER_KEPT_DELIVERIES] = "deliveries",
};

struct reader {
        const struct yaml_tree *yaml;
        struct arena *arena;
        struct broker_config *config;
        struct broker_errors *errors;
        bool out_of_memory;
};

static void PRINTF_LIKE(3, 4) mistake(struct reader *r, const struct yaml_node *at, const char *fmt, ...) {
        char text[ERROR_TEXT_MAX];
        va_list args;

        if (r->errors->n++ >= BROKER_ERRORS_MAX)
                return;
        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args); /* one that is cut off still has its place */
        va_end(args);
        error_set(&r->errors->items[r->errors->n - 1], "%s:%u:%u: %s", yaml_tree_name(r->yaml), at->line, at->column, text);
}

static const char *copy(struct reader *r, const char *text) {
        char *ret = arena_copy(r->arena, text, strlen(text));

        if (!ret)
                r->out_of_memory = true;
        return ret;
}

/* -- What a node must be -- */

static bool must_be_mapping(struct reader *r, const struct yaml_node *node, const char *what) {
        if (node->kind == YAML_MAPPING)
                return true;
        mistake(r, node, "%s must be a mapping of keys to values", what);
        return false;
}

static bool must_be_text(struct reader *r, const struct yaml_node *node, const char *what) {
        if (node->kind == YAML_SCALAR)
                return true;
        mistake(r, node, "%s must be a single value", what);
        return false;
}

/* Tells of every key that is not known (NULL-ended), with the nearest that is. */
static void check_keys(struct reader *r, const struct yaml_node *mapping, const char *const *known, const char *what) {
        char hint[NEAREST_HINT_MAX];

        for (size_t i = 0; i < mapping->n; i++) {
                struct nearest nearest = NEAREST_INIT(mapping->keys[i]->text);
                const char *const *k = known;

                for (; *k && strcmp(*k, mapping->keys[i]->text) != 0; k++)
                        nearest_try(&nearest, *k);
                if (!*k)
                        mistake(r, mapping->keys[i], "%s has no key '%s'%s", what, mapping->keys[i]->text, nearest_hint(&nearest, hint));
        }
}

static bool read_number(struct reader *r, const struct yaml_node *node, const char *what, int64_t least, int64_t most, int64_t *ret) {
        if (!must_be_text(r, node, what))
                return false;
        if (!node->quoted && text_to_int64(text_of(node->text), ret) && *ret >= least && *ret <= most)
                return true;
        mistake(r, node, "%s: '%s' is not a number from %" PRId64 " to %" PRId64, what, node->text, least, most);
        return false;
}

struct unit {
        const char *one, *many;
        int64_t value;
};

/* "2 years": a number and one of @units (n of them). */
static bool read_span(struct reader *r, const struct yaml_node *node, const char *what, const struct unit *units, size_t n, int64_t *ret_n, int64_t *ret_unit) {
        const char *space = strchr(node->text, ' ');
        struct nearest nearest = NEAREST_INIT(space ? space + 1 : "");
        char hint[NEAREST_HINT_MAX];

        if (!must_be_text(r, node, what))
                return false;
        if (!space || !text_to_int64((struct text){node->text, (size_t)(space - node->text)}, ret_n) || *ret_n < 1) {
                mistake(r, node, "%s: '%s' is not a number from 1 and a unit, as in \"10 %s\"", what, node->text, units[0].many);
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                if (strcmp(space + 1, units[i].many) == 0 || strcmp(space + 1, units[i].one) == 0) {
                        *ret_unit = units[i].value;
                        return true;
                }
                nearest_try(&nearest, units[i].many);
        }
        mistake(r, node, "%s: '%s' is no unit that fits here%s", what, space + 1, nearest_hint(&nearest, hint));
        return false;
}

/* -- Keys -- */

static bool is_address(const char *s, size_t n) {
        size_t colon = n;
        int64_t port;

        while (colon > 0 && s[colon - 1] != ':')
                colon--;
        return colon > 1 && text_to_int64((struct text){s + colon, n - colon}, &port) && port > 0 && port <= UINT16_MAX;
}

static void read_bootstrap(struct reader *r, const struct yaml_node *node) {
        if (!must_be_text(r, node, "bootstrap"))
                return;
        for (const char *s = node->text;; s++) {
                size_t n = strcspn(s, ",");

                if (!is_address(s, n)) {
                        mistake(r, node, "bootstrap: '%.*s' is no address; write HOST:PORT, and commas between several", (int)n, s);
                        return;
                }
                s += n;
                if (!*s)
                        break;
        }
        r->config->bootstrap = copy(r, node->text);
}

static void read_prefix(struct reader *r, const struct yaml_node *node) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

        if (!must_be_text(r, node, "prefix"))
                return;
        if (node->text[strspn(node->text, allowed)] || strlen(node->text) > PREFIX_BYTES_MAX)
                mistake(r, node, "prefix: '%s' cannot begin the name of a topic; at most %d of A-Z a-z 0-9 . _ -", node->text, PREFIX_BYTES_MAX);
        else
                r->config->prefix = copy(r, node->text);
}

static void read_partitions(struct reader *r, const struct yaml_node *node) {
        int64_t n;

        if (!read_number(r, node, "partitions", 1, BUS_PARTITIONS_MAX, &n))
                return;
        r->config->partitions = (int32_t)n;
        r->config->partitions_said = true;
}

static void read_replication(struct reader *r, const struct yaml_node *node) {
        int64_t n;

        if (read_number(r, node, "replication", 1, REPLICATION_MAX, &n))
                r->config->replication = (int16_t)n;
}

static void read_min_insync(struct reader *r, const struct yaml_node *node) {
        int64_t n;

        if (read_number(r, node, "min_insync", 1, REPLICATION_MAX, &n))
                r->config->min_insync = (int16_t)n;
}

static void read_retention(struct reader *r, const struct yaml_node *node) {
        static const struct unit units[] = {
                {"day", "days", BROKER_DAYS}, {"week", "weeks", BROKER_WEEKS}, {"month", "months", BROKER_MONTHS}, {"year", "years", BROKER_YEARS}};
        int64_t n, unit;

        if (!read_span(r, node, "retention", units, ELEMENTS(units), &n, &unit))
                return;
        if (n > (unit == BROKER_DAYS ? KEPT_DAYS_MAX : RETENTION_MAX)) {
                mistake(r, node, "retention: '%s' is longer than anything needs to be kept", node->text);
                return;
        }
        r->config->retention.n = (int32_t)n;
        r->config->retention.unit = (enum broker_unit)unit;
}

static void read_behind_after(struct reader *r, const struct yaml_node *node) {
        static const struct unit units[] = {{"second", "seconds", 1000}, {"minute", "minutes", 60000}, {"hour", "hours", 3600000}};
        int64_t n, ms;

        if (!read_span(r, node, "behind_after", units, ELEMENTS(units), &n, &ms))
                return;
        if (n > BEHIND_AFTER_MAX_MS / ms || n * ms < BEHIND_AFTER_MIN_MS)
                mistake(r, node, "behind_after: '%s' is not between a second and a day", node->text);
        else
                r->config->behind_after_ms = n * ms;
}

static void read_kept(struct reader *r, const struct yaml_node *node) {
        int64_t days;

        if (!must_be_mapping(r, node, "retention_days"))
                return;
        check_keys(r, node, kept_keys, "retention_days");
        for (size_t i = 0; i < BROKER_KEPT_KINDS; i++) {
                const struct yaml_node *value = yaml_get(node, kept_keys[i]);

                if (value && read_number(r, value, kept_keys[i], 1, KEPT_DAYS_MAX, &days))
                        r->config->kept_days[i] = (int32_t)days;
        }
}

static void read_acls(struct reader *r, const struct yaml_node *node) {
        static const char *const known[] = {"worker", "connectors", "operators", "organisations", NULL};
        struct broker_acls *acls = &r->config->acls;
        const char **fields[] = {&acls->worker, &acls->connectors, &acls->operators, &acls->organisations};

        if (!must_be_mapping(r, node, "acls"))
                return;
        acls->wanted = true;
        check_keys(r, node, known, "acls");
        for (size_t i = 0; known[i]; i++) {
                const struct yaml_node *value = yaml_get(node, known[i]);

                if (!value)
                        mistake(r, node, "acls lacks the key '%s': with rights, everybody needs a name", known[i]);
                else if (!must_be_text(r, value, known[i]))
                        continue;
                else if (strncmp(value->text, "User:", 5) != 0 || !value->text[5])
                        mistake(r, value, "%s: '%s' is no principal; write User: and a name", known[i], value->text);
                else if (i == 3 && !strstr(value->text, "{id}"))
                        mistake(r, value, "organisations: '%s' is the same for all; write {id} where the id of the organisation comes", value->text);
                else
                        *fields[i] = copy(r, value->text);
        }
}

static void read_kafka(struct reader *r, const struct yaml_node *node) {
        struct kafka_property *properties;
        struct error err;

        if (!must_be_mapping(r, node, "kafka"))
                return;
        if (node->n > BROKER_PROPERTIES_MAX) {
                mistake(r, node, "kafka: more than %d properties", BROKER_PROPERTIES_MAX);
                return;
        }
        properties = arena_calloc(r->arena, node->n + 1, sizeof(*properties));
        if (!properties) {
                r->out_of_memory = true;
                return;
        }
        r->config->properties = properties;
        for (size_t i = 0; i < node->n; i++) {
                const char *name = node->keys[i]->text, *why = kafka_property_refused(name);

                if (why)
                        mistake(r, node->keys[i], "'%s' may not be set: it %s", name, why);
                else if (!must_be_text(r, node->items[i], name))
                        continue;
                else if (kafka_property_check(name, node->items[i]->text, &err))
                        mistake(r, node->keys[i], "%s", err.text);
                else
                        properties[r->config->properties_n++] = (struct kafka_property){copy(r, name), copy(r, node->items[i]->text)};
        }
}

static const struct {
        const char *key;
        void (*read)(struct reader *r, const struct yaml_node *node);
} keys[] = {
        {"bootstrap", read_bootstrap},   {"prefix", read_prefix},
        {"partitions", read_partitions}, {"replication", read_replication},
        {"min_insync", read_min_insync}, {"retention", read_retention},
        {"retention_days", read_kept},   {"behind_after", read_behind_after},
        {"acls", read_acls},             {"kafka", read_kafka},
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
static void check_times(struct reader *r, const struct yaml_node *kafka) {
        const struct broker_config *c = r->config;
        int64_t message = property_ms(c, "message.timeout.ms", "delivery.timeout.ms", BUS_MESSAGE_MS);
        int64_t transaction = property_ms(c, "transaction.timeout.ms", NULL, BUS_TRANSACTION_MS);
        int64_t session = property_ms(c, "session.timeout.ms", NULL, BUS_SESSION_MS);
        int64_t heartbeat = property_ms(c, "heartbeat.interval.ms", NULL, BUS_HEARTBEAT_MS);
        int64_t poll = property_ms(c, "max.poll.interval.ms", NULL, BUS_MAX_POLL_MS);

        if (message <= 0 || message >= transaction)
                mistake(r, kafka,
                        "message.timeout.ms (%" PRId64 ") must be above 0 and below transaction.timeout.ms (%" PRId64 "): a record fails before that",
                        message, transaction);
        if (transaction >= session)
                mistake(r, kafka,
                        "transaction.timeout.ms (%" PRId64 ") must be below session.timeout.ms (%" PRId64 "): nobody commits who is out of the group",
                        transaction, session);
        if (3 * heartbeat >= session)
                mistake(r, kafka, "session.timeout.ms (%" PRId64 ") must be more than three times heartbeat.interval.ms (%" PRId64 ")", session, heartbeat);
        if (session >= poll)
                mistake(r, kafka, "session.timeout.ms (%" PRId64 ") must be below max.poll.interval.ms (%" PRId64 ")", session, poll);
        if (poll <= BUS_CALL_MS)
                mistake(r, kafka, "max.poll.interval.ms (%" PRId64 ") must be more than %d: one call may take so long", poll, BUS_CALL_MS);
}

static void check_whole(struct reader *r, const struct yaml_node *root) {
        const struct yaml_node *kafka = yaml_get(root, "kafka"), *min_insync = yaml_get(root, "min_insync");
        struct broker_config *c = r->config;

        if (!min_insync)
                c->min_insync = (int16_t)(c->replication > 1 ? c->replication - 1 : 1);
        else if (c->min_insync > c->replication)
                mistake(r, min_insync, "min_insync: %d copies can never be in step when replication is %d", c->min_insync, c->replication);
        if (kafka && r->errors->n == 0)
                check_times(r, kafka);
}

static void read_root(struct reader *r) {
        const struct yaml_node *root = yaml_tree_root(r->yaml);
        const char *known[KEYS_MAX] = {0};

        _Static_assert(ELEMENTS(keys) < KEYS_MAX, "the list of keys must fit, and a NULL behind it");
        if (!must_be_mapping(r, root, "the file"))
                return;
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                known[i] = keys[i].key;
        check_keys(r, root, known, "the file");
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                const struct yaml_node *node = yaml_get(root, keys[i].key);

                if (node)
                        keys[i].read(r, node);
        }
        check_whole(r, root);
}

void broker_config_default(struct broker_config *ret) {
        *ret = (struct broker_config){
                .prefix = "",
                .partitions = BROKER_PARTITIONS_DEFAULT,
                .replication = 1,
                .min_insync = 1,
                .kept_days = {[BROKER_KEPT_EVENTS] = 30, [BROKER_KEPT_PLAN_DUE] = 90, [BROKER_KEPT_ESCALATIONS] = 90, [BROKER_KEPT_INBOX] = 90,
                              [BROKER_KEPT_OUTBOX] = 30, [BROKER_KEPT_DEAD_LETTERS] = 365, [BROKER_KEPT_DELIVERIES] = 365},
                .retention = {2, BROKER_YEARS},
                .behind_after_ms = BROKER_BEHIND_AFTER_MS_DEFAULT,
        };
}

static int read_tree(const struct yaml_tree *yaml, struct arena *arena, struct broker_config *ret, struct broker_errors *errors) {
        struct reader r = {.yaml = yaml, .arena = arena, .config = ret, .errors = errors};

        read_root(&r);
        if (errors->n > 0)
                return -EINVAL;
        if (!r.out_of_memory)
                return 0;
        error_set(&errors->items[errors->n++], "%s: out of memory", yaml_tree_name(yaml));
        return -ENOMEM;
}

int broker_config_parse(const char *name, const char *text, size_t n, struct arena *arena, struct broker_config *ret, struct broker_errors *errors) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        int r;

        broker_config_default(ret);
        errors->n = 0;
        r = yaml_tree_parse(name, text, n, &yaml, &errors->items[0]);
        if (r) {
                errors->n = 1;
                return r;
        }
        return read_tree(yaml, arena, ret, errors);
}

int broker_config_read(const char *path, struct arena *arena, struct broker_config *ret, struct broker_errors *errors) {
        CLEANUP(yaml_tree_free_p) struct yaml_tree *yaml = NULL;
        int r;

        broker_config_default(ret);
        errors->n = 0;
        r = yaml_tree_read(path, &yaml, &errors->items[0]);
        if (r == -ENOENT)
                return 0;
        if (r) {
                errors->n = 1;
                return r;
        }
        return read_tree(yaml, arena, ret, errors);
}

void broker_config_kafka(const struct broker_config *config, const char *bootstrap, struct kafka_config *ret) {
        *ret = (struct kafka_config){
                .bootstrap = bootstrap ? bootstrap : config->bootstrap,
                .prefix = config->prefix,
                .properties = config->properties,
                .properties_n = config->properties_n,
        };
}
