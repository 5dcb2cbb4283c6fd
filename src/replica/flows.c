/* SPDX-License-Identifier: EUPL-1.2 */

/* Looks at the broker again and again: remembers what moves from look to look, and lends the latest picture. */

#include "replica/flows.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/loop.h"
#include "base/table.h"
#include "bus/admin.h"
#include "cluster/topics.h"

#define FLOWS_TURN_MS 50
#define FLOWS_FIVE_MS (5 * INT64_C(60000))
#define FLOWS_PAST_AT_ONCE 6  /* instants of the past that one look asks for */
#define FLOWS_LAST_AT_ONCE 64 /* partitions of which one look reads the last record */
#define FLOWS_SETTINGS 3
#define FLOWS_SAMPLE_MS 1000

const char *const flows_kind_names[FLOWS_KINDS] = {"rules", "connector", "pages", "organisation", "other"};

const char *flows_state_name(enum standing_state state) {
        static const char *const names[] = {[STANDING_OTHER] = "other", [STANDING_EMPTY] = "empty", [STANDING_MOVING] = "moving", [STANDING_STABLE] = "stable"};

        return names[state];
}

/* A picture and what it stands on. */
struct flows_lent {
        struct flows_picture picture; /* first: flows_lent_of() */
        struct arena *arena;
        struct flows *flows;
        unsigned holders;             /* under the lock of flows */
};

struct flows_sample {
        int64_t at; /* monotonic */
        int64_t n;  /* that came since the first look */
};

/* A topic from look to look. */
struct flows_past {
        char *name;             /* owned */
        int32_t partitions;
        int64_t *stable;        /* [partitions] at the look before; LOGS_UNKNOWN: not known */
        instant_t *last;        /* [partitions] */
        int64_t came;           /* since the first look */
        struct flows_sample samples[FLOWS_SAMPLES]; /* a ring */
        unsigned samples_n, samples_at;
        struct flow_history hour, day;
        struct flows_sizes sizes;
        int64_t sizes_next;     /* monotonic: not looked at again before then … */
        int64_t sizes_came;     /* … nor before more came than this */
        int32_t sizes_part;     /* a partition, each time another */
        int64_t before;         /* while the past is asked for: the sum of its offsets at the instant before */
        int64_t retention_ms, retention_bytes;
        char cleanup[32];
        uint64_t turn;          /* in which it was seen last */
};

struct flows_group_past {
        char *name; /* owned */
        struct flows_moves moves;
        uint64_t turn;
};

struct flows {
        struct flows_config config;
        struct loop loop;
        atomic_bool enough;
        _Atomic int64_t wanted; /* monotonic: until then somebody watches */
        struct status_memory *memory;
        struct admin *admin;
        struct table topics; /* struct flows_past, by name */
        struct table groups; /* struct flows_group_past, by name */
        uint64_t turn;
        int64_t next, settings_next; /* monotonic */
        unsigned past_asked;         /* of the instants of the past */
        instant_t past_from;         /* when that began */
        struct metric *records, *seconds, *members;
        pthread_mutex_t lock;        /* what follows */
        struct flows_lent *latest;
        instant_t trouble_since;
        char why[FLOWS_WHY_MAX];
};

/* -- How much stands in a topic -- */

void flows_sizes_add(struct flows_sizes *s, int64_t looked, int64_t records, int64_t bytes) {
        s->looked += looked;
        s->records += records;
        s->bytes += bytes;
        if (s->looked <= FLOWS_SIZES_PLACES)
                return;
        s->looked /= 2;
        s->records /= 2;
        s->bytes /= 2;
}

int64_t flows_sizes_estimate(const struct flows_sizes *s, int64_t stands) {
        if (stands == 0)
                return 0;
        return stands < 0 || s->records == 0 ? LOGS_UNKNOWN : (int64_t)((double)s->bytes / (double)s->looked * (double)stands);
}

/* -- What moves in a group -- */

void flows_moves_see(struct flows_moves *m, instant_t now, bool moving, size_t members, uint64_t shares, size_t unowned) {
        bool shared = m->seen && m->members > 0 && members > 0; /* who starts or ends moves nothing for others */

        if (moving && !m->moving) {
                m->since = now;
        } else if (!moving && m->moving) {
                m->last_ms = now - m->since;
                m->all_ms += m->last_ms;
                m->rebalanced_at = now;
                m->rebalances++;
        } else if (!moving && shared && shares != m->shares) {
                m->last_ms = 0;
                m->rebalanced_at = now;
                m->rebalances++;
        }
        if (unowned > 0 && m->unowned_since == 0)
                m->unowned_since = now;
        if (unowned == 0)
                m->unowned_since = 0;
        if (!moving)
                m->shares = shares;
        m->moving = moving;
        m->members = members;
        m->unowned = unowned;
        m->looked = now;
        m->seen = true;
}

static struct flows_group_past *flows_group_past(struct flows *f, const char *name) {
        struct flows_group_past *past = table_get(&f->groups, name, strlen(name));

        if (past || f->groups.n >= FLOWS_GROUPS_MAX)
                return past;
        past = calloc(1, sizeof(*past));
        if (!past)
                return NULL;
        past->name = strdup(name);
        if (past->name && table_put(&f->groups, past->name, strlen(name), past) == 0)
                return past;
        free(past->name);
        free(past);
        return NULL;
}

static bool flows_begins(const char *text, const char *with) {
        return strncmp(text, with, strlen(with)) == 0;
}

static enum flows_kind flows_kind_of(const struct standing_group *group) {
        if (strcmp(group->name, TOPICS_GROUP_RULES) == 0)
                return FLOWS_RULES;
        if (flows_begins(group->name, TOPICS_GROUP_CONNECT))
                return FLOWS_CONNECTOR;
        if (flows_begins(group->name, TOPICS_GROUP_PAGES))
                return FLOWS_PAGES;
        for (size_t i = 0; i < group->n; i++) {
                if (flows_begins(group->parts[i].topic, TOPIC_INBOX_PREFIX))
                        return FLOWS_ORGANISATION;
        }
        return FLOWS_OTHER;
}

static int flows_take_group(struct flows *f, const struct standing_group *from, struct flows_lent *lent, struct flows_group *to) {
        struct standing_part *parts = arena_calloc(lent->arena, from->n + 1, sizeof(*parts));
        struct flows_group_past *past = flows_group_past(f, from->name);
        static const struct flows_moves none;
        const struct flows_moves *moves = past ? &past->moves : &none;

        *to = (struct flows_group){.name = arena_copy(lent->arena, from->name, strlen(from->name)), .kind = flows_kind_of(from), .state = from->state,
                                   .members = from->members, .parts = parts};
        if (!parts || !to->name)
                return -ENOMEM;
        for (size_t i = 0; i < from->n; i++) {
                struct standing_part *part = &parts[to->parts_n];

                if (to->kind == FLOWS_RULES && strcmp(from->parts[i].topic, TOPIC_CASE_STATE) == 0)
                        continue; /* by which workers share out: they read it otherwise */
                *part = from->parts[i];
                part->group = to->name;
                part->topic = arena_copy(lent->arena, from->parts[i].topic, strlen(from->parts[i].topic));
                if (!part->topic)
                        return -ENOMEM;
                to->parts_n++;
                to->waiting += part->waiting;
                to->lost += part->lost;
                to->more |= part->more;
                to->unowned += !part->owned;
                if (part->oldest && (!to->oldest || part->oldest < to->oldest))
                        to->oldest = part->oldest;
        }
        if (past) {
                flows_moves_see(&past->moves, lent->picture.at, from->state == STANDING_MOVING, from->members, from->shares, to->unowned);
                past->turn = f->turn;
        }
        to->unowned_since = moves->unowned_since;
        to->rebalances = moves->rebalances;
        to->rebalanced_at = moves->rebalanced_at;
        to->rebalance_ms = moves->last_ms;
        to->rebalances_ms = moves->all_ms;
        return 0;
}

static int flows_take_groups(struct flows *f, struct flows_lent *lent) {
        size_t n;
        const struct standing_group *from = status_memory_groups(f->memory, &n);
        struct flows_group *groups = arena_calloc(lent->arena, n + 1, sizeof(*groups));
        int r = groups ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n; i++)
                r = flows_take_group(f, &from[i], lent, &groups[i]);
        lent->picture.groups = groups;
        lent->picture.groups_n = n;
        return r;
}

/* -- What runs through a topic -- */

static void flows_past_done(struct flows_past *past) {
        free(past->name);
        free(past->stable);
        free(past->last);
        free(past);
}

/* NULL: out of memory, or too many. */
static struct flows_past *flows_past_of(struct flows *f, const struct logs_topic *topic, instant_t now) {
        struct flows_past *past = table_get(&f->topics, topic->name, strlen(topic->name));

        if (past && past->partitions != topic->partitions) { /* made anew, or grown: it is another one */
                (void) table_remove(&f->topics, past->name, strlen(past->name));
                flows_past_done(past);
                past = NULL;
        }
        if (past || f->topics.n >= FLOWS_TOPICS_MAX)
                return past;
        past = calloc(1, sizeof(*past));
        if (!past)
                return NULL;
        *past = (struct flows_past){.name = strdup(topic->name), .partitions = topic->partitions, .retention_ms = FLOWS_NOT_KNOWN,
                                    .retention_bytes = FLOWS_NOT_KNOWN, .before = LOGS_UNKNOWN,
                                    .stable = malloc(((size_t)topic->partitions + 1) * sizeof(*past->stable)),
                                    .last = calloc((size_t)topic->partitions + 1, sizeof(*past->last))};
        flow_history_begin(&past->hour, FLOWS_FIVE_MS, FLOWS_HOUR_SPANS, now);
        flow_history_begin(&past->day, HOUR_MS, FLOWS_DAY_SPANS, now);
        for (int32_t p = 0; past->stable && p < topic->partitions; p++)
                past->stable[p] = LOGS_UNKNOWN;
        if (past->name && past->stable && past->last && table_put(&f->topics, past->name, strlen(past->name), past) == 0)
                return past;
        flows_past_done(past);
        return NULL;
}

/* One a second at most, so that the ring holds a minute. */
static void flows_past_sample(struct flows_past *past, int64_t now) {
        unsigned before = (past->samples_at + FLOWS_SAMPLES - 2) % FLOWS_SAMPLES;

        if (past->samples_n > 1 && now - past->samples[before].at < FLOWS_SAMPLE_MS) {
                past->samples[(past->samples_at + FLOWS_SAMPLES - 1) % FLOWS_SAMPLES] = (struct flows_sample){now, past->came};
                return;
        }
        past->samples[past->samples_at] = (struct flows_sample){now, past->came};
        past->samples_at = (past->samples_at + 1) % FLOWS_SAMPLES;
        if (past->samples_n < FLOWS_SAMPLES)
                past->samples_n++;
}

/* What came since the look before; a log that is shorter than it was is another one, and all of it came. */
static void flows_past_see(struct flows *f, struct flows_past *past, const struct logs_topic *topic, instant_t now) {
        int64_t came = 0;

        for (int32_t p = 0; p < topic->partitions; p++) {
                const struct logs_partition *at = &topic->at[p];

                if (at->stable < 0)
                        continue;
                if (past->stable[p] >= 0 && at->stable != past->stable[p]) {
                        came += at->stable > past->stable[p] ? at->stable - past->stable[p] : at->stable;
                        past->last[p] = now; /* that of the broker is read only where nothing moves */
                }
                past->stable[p] = at->stable;
        }
        past->came += came;
        flow_history_add(&past->hour, now, came);
        flow_history_add(&past->day, now, came);
        flows_past_sample(past, clock_monotonic(&f->config.clock));
        past->turn = f->turn;
}

/* Over the last minute, or as much of it as there is. */
static double flows_past_rate(const struct flows_past *past) {
        const struct flows_sample *newest = &past->samples[(past->samples_at + FLOWS_SAMPLES - 1) % FLOWS_SAMPLES], *oldest = newest;

        for (unsigned i = 1; i < past->samples_n; i++) {
                const struct flows_sample *sample = &past->samples[(past->samples_at + FLOWS_SAMPLES - 1 - i) % FLOWS_SAMPLES];

                if (newest->at - sample->at > 60000)
                        break;
                oldest = sample;
        }
        return newest->at > oldest->at ? 1000.0 * (double)(newest->n - oldest->n) / (double)(newest->at - oldest->at) : 0;
}

static int flows_take_topic(struct flows *f, const struct logs_topic *from, struct flows_lent *lent, struct flows_topic *to) {
        struct flows_past *past = from->internal ? NULL : flows_past_of(f, from, lent->picture.at);
        struct logs_partition *at = arena_calloc(lent->arena, (size_t)from->partitions + 1, sizeof(*at));
        instant_t *last = arena_calloc(lent->arena, (size_t)from->partitions + 1, sizeof(*last));

        *to = (struct flows_topic){.name = arena_copy(lent->arena, from->name, strlen(from->name)), .internal = from->internal, .partitions = from->partitions,
                                   .at = at, .last = last, .retention_ms = FLOWS_NOT_KNOWN, .retention_bytes = FLOWS_NOT_KNOWN,
                                   .bytes_about = LOGS_UNKNOWN};
        if (!to->name || !at || !last)
                return -ENOMEM;
        memcpy(at, from->at, (size_t)from->partitions * sizeof(*at));
        if (past)
                flows_past_see(f, past, from, lent->picture.at);
        for (int32_t p = 0; p < from->partitions; p++) {
                last[p] = past && past->last[p] > 0 ? past->last[p] : 0;
                to->newest = last[p] > to->newest ? last[p] : to->newest;
                to->stands = to->stands < 0 || at[p].first < 0 || at[p].stable < 0 ? LOGS_UNKNOWN : to->stands + at[p].stable - at[p].first;
        }
        if (!past)
                return 0;
        to->per_second = flows_past_rate(past);
        to->bytes_about = flows_sizes_estimate(&past->sizes, to->stands);
        to->sampled = past->sizes.records;
        to->hour = past->hour;
        to->day = past->day;
        to->retention_ms = past->retention_ms;
        to->retention_bytes = past->retention_bytes;
        to->cleanup = past->cleanup[0] ? arena_copy(lent->arena, past->cleanup, strlen(past->cleanup)) : NULL;
        return past->cleanup[0] && !to->cleanup ? -ENOMEM : 0;
}

static int flows_take_topics(struct flows *f, struct flows_lent *lent) {
        const struct logs_view *view = status_memory_view(f->memory);
        struct flows_topic *topics = arena_calloc(lent->arena, view->topics_n + 1, sizeof(*topics));
        struct logs_broker *brokers = arena_calloc(lent->arena, view->brokers_n + 1, sizeof(*brokers));
        int r = topics && brokers ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < view->topics_n; i++)
                r = flows_take_topic(f, &view->topics[i], lent, &topics[i]);
        for (size_t i = 0; r == 0 && i < view->brokers_n; i++) {
                brokers[i] = view->brokers[i];
                brokers[i].host = arena_copy(lent->arena, view->brokers[i].host, strlen(view->brokers[i].host));
                r = brokers[i].host ? 0 : -ENOMEM;
        }
        lent->picture.topics = topics;
        lent->picture.topics_n = view->topics_n;
        lent->picture.brokers = brokers;
        lent->picture.brokers_n = view->brokers_n;
        return r;
}

/* -- What is asked now and then: the past, the last records, settings -- */

/* The limits of spans behind the present ones, from the earliest: those of the day, then those of the hour. */
static instant_t flows_past_instant(const struct flows *f, unsigned i, bool *ret_hour) {
        *ret_hour = i >= FLOWS_DAY_SPANS;
        return *ret_hour ? f->past_from - f->past_from % FLOWS_FIVE_MS - (int64_t)(FLOWS_HOUR_SPANS - 1 - (i - FLOWS_DAY_SPANS)) * FLOWS_FIVE_MS
                         : f->past_from - f->past_from % HOUR_MS - (int64_t)(FLOWS_DAY_SPANS - 1 - i) * HOUR_MS;
}

/* How far the topic was at the beginning of this look's history; what came later is counted already. */
static int64_t flows_past_sum(const struct logs_topic *topic, const int64_t *offsets) {
        int64_t sum = 0;

        for (int32_t p = 0; p < topic->partitions; p++) {
                if (offsets[topic->place + (size_t)p] < 0)
                        return LOGS_UNKNOWN;
                sum += offsets[topic->place + (size_t)p];
        }
        return sum;
}

/* One instant of the past: what came between it and the one before stands in the span before it. */
static int flows_ask_past(struct flows *f, int64_t *offsets, struct error *err) {
        const struct logs_view *view = status_memory_view(f->memory);
        unsigned i = f->past_asked;
        bool hour, end = i == FLOWS_DAY_SPANS - 1 || i == FLOWS_DAY_SPANS + FLOWS_HOUR_SPANS - 1, begin = i == 0 || i == FLOWS_DAY_SPANS;
        instant_t at = flows_past_instant(f, i, &hour);
        int r = logs_at(status_memory_logs(f->memory), at, offsets, err);

        for (size_t t = 0; r == 0 && t < view->topics_n; t++) {
                const struct logs_topic *topic = &view->topics[t];
                struct flows_past *past = topic->internal ? NULL : table_get(&f->topics, topic->name, strlen(topic->name));
                struct flow_history *h;
                int64_t sum, now = 0;

                if (!past)
                        continue;
                h = hour ? &past->hour : &past->day;
                sum = flows_past_sum(topic, offsets);
                if (!begin && sum >= 0 && past->before >= 0 && sum > past->before)
                        flow_history_put(h, at - 1, sum - past->before);
                past->before = sum;
                if (!end || sum < 0)
                        continue;
                for (int32_t p = 0; p < topic->partitions; p++)
                        now += past->stable[p] > 0 ? past->stable[p] : 0;
                if (now - past->came > sum)
                        flow_history_put(h, at, now - past->came - sum);
        }
        f->past_asked++;
        return r;
}

static int flows_ask_pasts(struct flows *f, struct error *err) {
        const struct logs_view *view = status_memory_view(f->memory);
        CLEANUP(cleanup_free) void *offsets = NULL;
        int r = 0;

        if (f->past_asked >= FLOWS_DAY_SPANS + FLOWS_HOUR_SPANS)
                return 0;
        offsets = calloc(view->partitions + 1, sizeof(int64_t));
        if (!offsets)
                return -ENOMEM;
        for (unsigned i = 0; r == 0 && i < FLOWS_PAST_AT_ONCE && f->past_asked < FLOWS_DAY_SPANS + FLOWS_HOUR_SPANS; i++)
                r = flows_ask_past(f, offsets, err);
        return r;
}

/* Partitions of which the last records are asked for at once. */
struct flows_asking {
        size_t places[FLOWS_LAST_AT_ONCE];
        struct flows_past *of[FLOWS_LAST_AT_ONCE];
        int32_t partition[FLOWS_LAST_AT_ONCE];
        size_t n;
};

/* Of a topic: the partitions of which the last record is not known; else, when its records are to be looked at again, one of those that have any. */
static void flows_ask_about(const struct flows *f, const struct logs_topic *topic, struct flows_past *past, struct flows_asking *asking) {
        bool due = past->came != past->sizes_came && clock_monotonic(&f->config.clock) >= past->sizes_next;
        int32_t turn = past->sizes_part;

        for (int32_t i = 0; i < topic->partitions && asking->n < FLOWS_LAST_AT_ONCE; i++) {
                int32_t p = (turn + i) % topic->partitions;

                if (topic->at[p].first < 0 || topic->at[p].stable <= topic->at[p].first || (past->last[p] != 0 && !due))
                        continue;
                if (past->last[p] != 0) {
                        due = false;
                        past->sizes_part = p + 1;
                }
                asking->places[asking->n] = topic->place + (size_t)p;
                asking->of[asking->n] = past;
                asking->partition[asking->n++] = p;
        }
}

/* The last records of some partitions: when they came, and how large they are. */
static int flows_ask_last(struct flows *f, struct error *err) {
        const struct logs_view *view = status_memory_view(f->memory);
        struct logs_latest latest[FLOWS_LAST_AT_ONCE];
        struct flows_asking asking = {.n = 0};
        int r;

        for (size_t t = 0; t < view->topics_n; t++) {
                const struct logs_topic *topic = &view->topics[t];
                struct flows_past *past = topic->internal ? NULL : table_get(&f->topics, topic->name, strlen(topic->name));

                if (past)
                        flows_ask_about(f, topic, past, &asking);
        }
        if (asking.n == 0)
                return 0;
        r = logs_last(status_memory_logs(f->memory), asking.places, asking.n, latest, err);
        for (size_t i = 0; r == 0 && i < asking.n; i++) {
                struct flows_past *past = asking.of[i];
                instant_t *last = &past->last[asking.partition[i]];

                if (*last == 0)
                        *last = latest[i].stamp > 0 ? latest[i].stamp : -1; /* markers alone: not asked again before something comes */
                flows_sizes_add(&past->sizes, latest[i].looked, latest[i].records, latest[i].bytes);
                past->sizes_next = clock_monotonic(&f->config.clock) + FLOWS_SIZES_MS;
                past->sizes_came = past->came;
        }
        return r;
}

/* How long topics keep what stands there. A broker that does not say it is no trouble: then it is not known. */
static void flows_ask_settings(struct flows *f) {
        static const struct admin_setting names[FLOWS_SETTINGS] = {{.name = "retention.ms"}, {.name = "retention.bytes"}, {.name = "cleanup.policy"}};
        const char *prefix = f->config.kafka->prefix ? f->config.kafka->prefix : "";
        CLEANUP(cleanup_free) void *memory = NULL, *answers = NULL;
        const struct admin_topic *listed;
        struct admin_topic *topics;
        const char **values;
        struct error err;
        size_t n, kept = 0;

        if (clock_monotonic(&f->config.clock) < f->settings_next || admin_topics(f->admin, &listed, &n, &err))
                return;
        f->settings_next = clock_monotonic(&f->config.clock) + FLOWS_SETTINGS_MS;
        topics = memory = calloc(n + 1, sizeof(*topics));
        values = answers = calloc(n * FLOWS_SETTINGS + 1, sizeof(char *));
        for (size_t i = 0; topics && values && i < n; i++) {
                if (flows_begins(listed[i].name, prefix) && table_get(&f->topics, listed[i].name + strlen(prefix), strlen(listed[i].name) - strlen(prefix)))
                        topics[kept++] = (struct admin_topic){.name = listed[i].name, .settings = names, .settings_n = FLOWS_SETTINGS};
        }
        if (kept == 0 || admin_settings(f->admin, topics, kept, values, &err))
                return;
        for (size_t i = 0; i < kept; i++) {
                struct flows_past *past = table_get(&f->topics, topics[i].name + strlen(prefix), strlen(topics[i].name) - strlen(prefix));
                const char *const *value = values + i * FLOWS_SETTINGS;

                if (!value[0] || !text_to_int64(text_of(value[0]), &past->retention_ms))
                        past->retention_ms = FLOWS_NOT_KNOWN;
                if (!value[1] || !text_to_int64(text_of(value[1]), &past->retention_bytes))
                        past->retention_bytes = FLOWS_NOT_KNOWN;
                (void) snprintf(past->cleanup, sizeof(past->cleanup), "%s", value[2] ? value[2] : "");
        }
}

/* -- One look -- */

static void flows_forget(struct flows *f) {
        struct flows_past *past;
        struct flows_group_past *group;
        bool again = true;

        while (again) { /* taking out moves what is behind */
                again = false;
                for (size_t i = 0; !again && (past = table_next(&f->topics, &i));) {
                        if (past->turn == f->turn)
                                continue;
                        (void) table_remove(&f->topics, past->name, strlen(past->name));
                        flows_past_done(past);
                        again = true;
                }
                for (size_t i = 0; !again && (group = table_next(&f->groups, &i));) {
                        if (group->turn == f->turn)
                                continue;
                        (void) table_remove(&f->groups, group->name, strlen(group->name));
                        free(group->name);
                        free(group);
                        again = true;
                }
        }
}

static void flows_lent_free(struct flows_lent *lent) {
        arena_free(lent->arena);
        free(lent);
}
DEFINE_CLEANUP(struct flows_lent *, flows_lent_free);

static int flows_read(struct flows *f, struct flows_lent *lent, struct error *err) {
        static const struct status_limits limits = STATUS_LIMITS_DEFAULT;
        struct status_known known = {0};
        struct status_source source = {.config = f->config.config, .kafka = f->config.kafka, .bus = f->config.bus, .at = lent->picture.at,
                                       .memory = f->memory, .known = &known};
        int r;

        lent->picture.alerts_known = f->config.known && f->config.known(f->config.ctx, lent->arena, &known);
        r = status_read(&source, lent->arena, &lent->picture.status, err);
        for (size_t i = 0; r == 0 && i < LANGUAGES; i++)
                r = status_judge(&lent->picture.status, &limits, (enum language)i, lent->arena, &lent->picture.problems[i]);
        return r;
}

/* Gives a new picture to whoever asks next. */
static void flows_show(struct flows *f, struct flows_lent *lent) {
        struct flows_lent *before;

        lent->holders = 1; /* flows itself */
        pthread_mutex_lock(&f->lock);
        before = f->latest;
        f->latest = lent;
        f->trouble_since = 0;
        pthread_mutex_unlock(&f->lock);
        if (before)
                flows_give_back(&before->picture);
}

static int flows_look(struct flows *f, struct error *err) {
        CLEANUP(flows_lent_free_p) struct flows_lent *lent = calloc(1, sizeof(*lent));
        int64_t began = clock_monotonic(&f->config.clock);
        int r = lent ? arena_new(&lent->arena, FLOWS_BYTES_MAX) : -ENOMEM;

        if (r)
                return r;
        lent->flows = f;
        lent->picture.at = clock_realtime(&f->config.clock);
        lent->picture.turn = ++f->turn;
        if (f->past_from == 0)
                f->past_from = lent->picture.at;
        r = flows_read(f, lent, err);
        lent->picture.groups_unknown = lent->picture.status.groups_unknown;
        if (r == 0)
                r = flows_take_topics(f, lent);
        if (r == 0)
                r = flows_take_groups(f, lent);
        if (r)
                return error_trace(r, err);
        lent->picture.took_ms = clock_monotonic(&f->config.clock) - began;
        flows_show(f, TAKE(lent));
        flows_forget(f);
        r = flows_ask_last(f, err);
        if (r == 0)
                r = flows_ask_pasts(f, err);
        flows_ask_settings(f);
        return error_trace(r, err);
}

/* -- The thread -- */

static int flows_open(void *ctx, struct error *err) {
        (void) ctx;
        (void) err;
        return 0;
}

static void flows_complain(struct flows *f, const struct error *err) {
        pthread_mutex_lock(&f->lock);
        if (f->trouble_since == 0)
                f->trouble_since = clock_realtime(&f->config.clock);
        (void) snprintf(f->why, sizeof(f->why), "%.*s", FLOWS_WHY_MAX - 1, err->text);
        pthread_mutex_unlock(&f->lock);
}

void flows_want(struct flows *f) {
        atomic_store(&f->wanted, clock_monotonic(&f->config.clock) + FLOWS_WANTED_MS);
}

static int flows_turn(void *ctx, bool *ret_done, struct error *err) {
        struct flows *f = ctx;
        int64_t began = clock_monotonic(&f->config.clock), took, next;
        struct error why = {0};

        (void) ret_done;
        (void) err;
        next = f->next + (began < atomic_load(&f->wanted) ? 0 : FLOWS_REST_MS - FLOWS_PERIOD_MS);
        if (began < next) {
                int64_t left = next - began < FLOWS_TURN_MS ? next - began : FLOWS_TURN_MS;

                nanosleep(&(struct timespec){.tv_nsec = left * 1000000L}, NULL);
                return 0;
        }
        if (flows_look(f, &why)) {
                flows_complain(f, &why);
                f->next = clock_monotonic(&f->config.clock) + FLOWS_RETRY_MS;
        } else {
                took = clock_monotonic(&f->config.clock) - began;
                f->next = began + (FLOWS_SHARE * took > FLOWS_PERIOD_MS ? FLOWS_SHARE * took : FLOWS_PERIOD_MS);
        }
        if (f->config.looked)
                f->config.looked(f->config.ctx);
        return 0;
}

static void flows_interrupt(void *ctx) {
        struct flows *f = ctx;

        atomic_store(&f->enough, true);
}

static const struct loop_ops flows_ops = {.open = flows_open, .turn = flows_turn, .interrupt = flows_interrupt};

/* -- What is told of it -- */

const struct flows_picture *flows_borrow(struct flows *f) {
        const struct flows_picture *picture = NULL;

        pthread_mutex_lock(&f->lock);
        if (f->latest) {
                f->latest->holders++;
                picture = &f->latest->picture;
        }
        pthread_mutex_unlock(&f->lock);
        return picture;
}

void flows_give_back(const struct flows_picture *picture) {
        struct flows_lent *lent = (struct flows_lent *)picture;
        bool last;

        if (!lent)
                return;
        pthread_mutex_lock(&lent->flows->lock);
        assert(lent->holders > 0);
        last = --lent->holders == 0;
        pthread_mutex_unlock(&lent->flows->lock);
        if (last)
                flows_lent_free(lent);
}

instant_t flows_trouble(struct flows *f, char why[FLOWS_WHY_MAX]) {
        instant_t since;

        pthread_mutex_lock(&f->lock);
        since = f->trouble_since;
        (void) snprintf(why, FLOWS_WHY_MAX, "%s", since ? f->why : "");
        pthread_mutex_unlock(&f->lock);
        return since;
}

const struct flows_topic *flows_topic_of(const struct flows_picture *picture, const char *name) {
        for (size_t i = 0; i < picture->topics_n; i++) {
                if (strcmp(picture->topics[i].name, name) == 0)
                        return &picture->topics[i];
        }
        return NULL;
}

const struct flows_group *flows_group_of(const struct flows_picture *picture, const char *name) {
        for (size_t i = 0; i < picture->groups_n; i++) {
                if (strcmp(picture->groups[i].name, name) == 0)
                        return &picture->groups[i];
        }
        return NULL;
}

/* -- Metrics: of the groups that are furthest behind -- */

static int flows_lag_order(const void *a, const void *b) {
        const struct flows_group *x = *(const struct flows_group *const *)a, *y = *(const struct flows_group *const *)b;

        return x->waiting != y->waiting ? (x->waiting < y->waiting ? 1 : -1) : strcmp(x->name, y->name);
}

static void flows_tell(struct flows *f, struct metric_telling *t, int64_t (*value)(const struct flows_picture *picture, const struct flows_group *group)) {
        CLEANUP(flows_give_back_p) const struct flows_picture *picture = flows_borrow(f);
        CLEANUP(cleanup_free) void *memory = picture ? calloc(picture->groups_n + 1, sizeof(struct flows_group *)) : NULL;
        const struct flows_group **groups = memory;

        if (!groups)
                return;
        for (size_t i = 0; i < picture->groups_n; i++)
                groups[i] = &picture->groups[i];
        qsort(groups, picture->groups_n, sizeof(*groups), flows_lag_order);
        for (size_t i = 0; i < picture->groups_n && i < FLOWS_METRIC_GROUPS_MAX; i++)
                metric_tell(t, groups[i]->name, value(picture, groups[i]));
}

static int64_t flows_lag_records(const struct flows_picture *picture, const struct flows_group *group) {
        (void) picture;
        return group->waiting;
}

static int64_t flows_lag_ms(const struct flows_picture *picture, const struct flows_group *group) {
        return group->oldest && group->oldest < picture->at ? picture->at - group->oldest : 0;
}

static int64_t flows_members(const struct flows_picture *picture, const struct flows_group *group) {
        (void) picture;
        return (int64_t)group->members;
}

static void flows_tell_records(void *ctx, struct metric_telling *t) {
        flows_tell(ctx, t, flows_lag_records);
}

static void flows_tell_seconds(void *ctx, struct metric_telling *t) {
        flows_tell(ctx, t, flows_lag_ms);
}

static void flows_tell_members(void *ctx, struct metric_telling *t) {
        flows_tell(ctx, t, flows_members);
}

static int flows_register(struct flows *f, struct error *err) {
        const struct {
                struct metric **ret;
                const char *name, *help;
                uint32_t per_unit;
                void (*tell)(void *ctx, struct metric_telling *t);
        } rows[] = {
                {&f->records, "ketenwacht_group_lag_records", "Records that a consumer group has not read yet, by what the broker knows; markers of "
                                                              "transactions are none.", 1, flows_tell_records},
                {&f->seconds, "ketenwacht_group_lag_seconds", "Age of the oldest record that a consumer group has not read yet; 0: it has read all.", 1000,
                 flows_tell_seconds},
                {&f->members, "ketenwacht_group_members", "Members of a consumer group.", 1, flows_tell_members},
        };
        int r = 0;

        for (size_t i = 0; f->config.metrics && r == 0 && i < ELEMENTS(rows); i++) {
                const struct metric_row row = {.name = rows[i].name, .kind = METRIC_GAUGE, .help = rows[i].help, .per_unit = rows[i].per_unit,
                                               .labels = {{.name = "group"}}};

                r = metrics_register_told(f->config.metrics, &row, rows[i].tell, f, rows[i].ret, err);
        }
        return r;
}

/* -- Beginning and end -- */

int flows_new(const struct flows_config *config, struct flows **ret, struct error *err) {
        CLEANUP(flows_free_p) struct flows *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->config = *config;
        pthread_mutex_init(&f->lock, NULL);
        r = status_memory_new(&(struct status_memory_config){.config = config->config, .kafka = config->kafka, .bus = config->bus, .enough = &f->enough},
                              &f->memory, err);
        if (r == 0)
                r = admin_new(config->kafka, &f->admin, err);
        if (r == 0)
                r = flows_register(f, err);
        if (r == 0)
                r = loop_start(&f->loop, &flows_ops, f, err);
        if (r)
                return error_trace(r, err);
        *ret = TAKE(f);
        return 0;
}

struct flows *flows_free(struct flows *f) {
        if (!f)
                return NULL;
        loop_ask(&f->loop);
        loop_join(&f->loop);
        metric_hush(f->config.metrics, f->records);
        metric_hush(f->config.metrics, f->seconds);
        metric_hush(f->config.metrics, f->members);
        f->turn++;
        flows_forget(f);
        table_done(&f->topics);
        table_done(&f->groups);
        if (f->latest)
                flows_give_back(&f->latest->picture);
        status_memory_free(f->memory);
        admin_free(f->admin);
        pthread_mutex_destroy(&f->lock);
        free(f);
        return NULL;
}
