/* SPDX-License-Identifier: EUPL-1.2 */

/* Sums and sentences over what was seen of the broker and of the cases. */

#include "console/overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/topics.h"
#include "web/parts.h"

void overview_begin(const struct console *console, const struct organisation *of, struct overview *ret) {
        *ret = (struct overview){.console = console, .of = of};
        if (console->flows) {
                flows_want(console->flows);
                ret->picture = flows_borrow(console->flows);
                ret->trouble_since = flows_trouble(console->flows, ret->why);
        }
        replica_status(console->replica, &ret->replica);
        replica_lock(console->replica);
        replica_open_alerts(console->replica, of, &ret->open);
        replica_unlock(console->replica);
}

void overview_end(struct overview *o) {
        flows_give_back(o->picture);
        o->picture = NULL;
}

/* -- Sums -- */

static void overview_add(struct overview_waiting *sum, int64_t waiting, instant_t oldest, bool more) {
        sum->waiting += waiting;
        sum->more |= more;
        if (oldest && (!sum->oldest || oldest < sum->oldest))
                sum->oldest = oldest;
        sum->n++;
}

/* Of the workers what status counts: also what they have never read. */
struct overview_waiting overview_lag(const struct overview *o, enum flows_kind kind) {
        struct overview_waiting sum = {0};

        for (size_t i = 0; o->picture && kind == FLOWS_RULES && i < o->picture->status.consumers_n; i++) {
                const struct status_consumer *consumer = &o->picture->status.consumers[i];
                struct status_part all = status_sum(consumer);

                if (consumer->kind == STATUS_RULES)
                        overview_add(&sum, all.waiting, all.oldest, all.more);
        }
        for (size_t i = 0; o->picture && kind != FLOWS_RULES && i < o->picture->groups_n; i++) {
                const struct flows_group *group = &o->picture->groups[i];

                if (group->kind == kind)
                        overview_add(&sum, group->waiting, group->oldest, group->more);
        }
        return sum;
}

struct overview_waiting overview_not_collected(const struct overview *o) {
        struct overview_waiting sum = {0};

        for (size_t i = 0; o->picture && i < o->picture->status.inboxes_n; i++) {
                const struct status_box *box = &o->picture->status.inboxes[i];

                overview_add(&sum, box->waiting, box->oldest, box->more);
        }
        return sum;
}

int64_t overview_letters(const struct overview *o) {
        int64_t n = 0;

        for (size_t i = 0; o->picture && i < o->picture->status.letters_n; i++)
                n += o->picture->status.letters[i].n;
        return n;
}

const struct standing_part *overview_inbox_part(const struct overview *o, const struct flows_group *group) {
        for (size_t i = 0; i < group->parts_n; i++) {
                const char *topic = group->parts[i].topic;

                if (strncmp(topic, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0 && strcmp(topic + strlen(TOPIC_INBOX_PREFIX), o->of->id) == 0)
                        return &group->parts[i];
        }
        return NULL;
}

struct overview_waiting overview_inbox(const struct overview *o) {
        struct overview_waiting sum = {0};

        for (size_t i = 0; o->picture && i < o->picture->groups_n; i++) {
                const struct standing_part *part = overview_inbox_part(o, &o->picture->groups[i]);

                if (part)
                        overview_add(&sum, part->waiting, part->oldest, part->more);
        }
        for (size_t i = 0; o->picture && sum.n == 0 && i < o->picture->status.inboxes_n; i++) {
                const struct status_box *box = &o->picture->status.inboxes[i];

                if (strcmp(box->organisation, o->of->id) == 0)
                        overview_add(&sum, box->waiting, box->oldest, box->more);
        }
        return sum;
}

static bool overview_is_event(const struct overview *o, const char *topic) {
        const struct event_type *type = event_types_find(o->console->config->types, text_of(topic));

        return type && !type->output;
}

double overview_rate(const struct overview *o, enum overview_flow flow) {
        double sum = 0;

        for (size_t i = 0; o->picture && i < o->picture->topics_n; i++) {
                const struct flows_topic *topic = &o->picture->topics[i];
                bool inbox = strncmp(topic->name, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0;

                if (flow == OVERVIEW_INBOXES ? inbox : overview_is_event(o, topic->name))
                        sum += topic->per_second;
        }
        return sum;
}

static int64_t overview_day(const struct flows_topic *topic) {
        int64_t n = 0;

        for (unsigned i = 0; i < topic->day.n; i++)
                n += topic->day.counts[i];
        return n;
}

static int overview_topic_order(const void *a, const void *b) {
        const struct flows_topic *x = *(const struct flows_topic *const *)a, *y = *(const struct flows_topic *const *)b;
        int64_t of_x = overview_day(x), of_y = overview_day(y);

        return of_x != of_y ? (of_x < of_y ? 1 : -1) : strcmp(x->name, y->name);
}

size_t overview_topics(const struct overview *o, const struct flows_topic **ret, size_t n) {
        size_t all = o->picture ? o->picture->topics_n : 0, kept = 0;
        CLEANUP(cleanup_free) void *memory = calloc(all + 1, sizeof(struct flows_topic *));
        const struct flows_topic **topics = memory;

        for (size_t i = 0; topics && i < all; i++) {
                const struct flows_topic *topic = &o->picture->topics[i];
                const char *inbox = strncmp(topic->name, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0 ? topic->name + strlen(TOPIC_INBOX_PREFIX) : "";

                if (!topic->internal && overview_day(topic) > 0 && (!o->of || strcmp(inbox, o->of->id) == 0))
                        topics[kept++] = topic;
        }
        if (!topics)
                return 0;
        qsort(topics, kept, sizeof(*topics), overview_topic_order);
        n = kept < n ? kept : n;
        memcpy(ret, topics, n * sizeof(*ret));
        return n;
}

static int overview_group_order(const void *a, const void *b) {
        const struct flows_group *x = *(const struct flows_group *const *)a, *y = *(const struct flows_group *const *)b;

        return x->waiting != y->waiting ? (x->waiting < y->waiting ? 1 : -1) : strcmp(x->name, y->name);
}

size_t overview_groups(const struct overview *o, const struct flows_group **ret, size_t n) {
        size_t all = o->picture ? o->picture->groups_n : 0, kept = 0;
        CLEANUP(cleanup_free) void *memory = calloc(all + 1, sizeof(struct flows_group *));
        const struct flows_group **groups = memory;

        for (size_t i = 0; groups && i < all; i++) {
                if (!o->of || overview_inbox_part(o, &o->picture->groups[i]))
                        groups[kept++] = &o->picture->groups[i];
        }
        if (!groups)
                return 0;
        qsort(groups, kept, sizeof(*groups), overview_group_order);
        n = kept < n ? kept : n;
        memcpy(ret, groups, n * sizeof(*ret));
        return n;
}

/* -- One sentence -- */

bool overview_is_well(const struct overview *o) {
        if (!o->picture || o->trouble_since)
                return false;
        return o->of ? overview_inbox(o).waiting == 0 : o->picture->problems[LANGUAGE_EN].n == 0;
}

static const char *overview_sentence_own(const struct overview *o, enum language language, char ret[OVERVIEW_SENTENCE_MAX]) {
        struct overview_waiting inbox = overview_inbox(o);
        char number[PART_NUMBER_TEXT], alerts[PART_NUMBER_TEXT];

        part_number(o->open.all, language, alerts);
        if (inbox.waiting == 0)
                (void) snprintf(ret, OVERVIEW_SENTENCE_MAX,
                                IN_LANGUAGE(language, "Everything in the inbox of %s was collected; %s alerts are open.",
                                            "Alles in de inbox van %s is opgehaald; er staan %s meldingen open."), o->of->name, alerts);
        else
                (void) snprintf(ret, OVERVIEW_SENTENCE_MAX,
                                IN_LANGUAGE(language, "%s messages wait in the inbox of %s; %s alerts are open.",
                                            "Er wachten %s berichten in de inbox van %s; er staan %s meldingen open."),
                                part_number(inbox.waiting, language, number), o->of->name, alerts);
        return ret;
}

const char *overview_sentence(const struct overview *o, enum language language, char ret[OVERVIEW_SENTENCE_MAX]) {
        const struct status_problems *problems = o->picture ? &o->picture->problems[language] : NULL;

        if (o->trouble_since && !o->of)
                (void) snprintf(ret, OVERVIEW_SENTENCE_MAX, IN_LANGUAGE(language, "The broker cannot be looked at: %s.", "De broker is niet te bekijken: %s."),
                                o->why);
        else if (!problems || o->trouble_since)
                (void) snprintf(ret, OVERVIEW_SENTENCE_MAX, "%s", IN_LANGUAGE(language, "The broker has not been looked at yet.",
                                                                              "De broker is nog niet bekeken."));
        else if (o->of)
                return overview_sentence_own(o, language, ret);
        else if (problems->n == 0)
                (void) snprintf(ret, OVERVIEW_SENTENCE_MAX, "%s", IN_LANGUAGE(language, "All is well.", "Alles loopt zoals het hoort."));
        else if (problems->n == 1)
                (void) snprintf(ret, OVERVIEW_SENTENCE_MAX, IN_LANGUAGE(language, "Something is wrong: %s.", "Er is iets mis: %s."),
                                problems->items[0].sentence);
        else
                (void) snprintf(ret, OVERVIEW_SENTENCE_MAX, IN_LANGUAGE(language, "%zu things are wrong, the first of them: %s.",
                                                                        "Er zijn %zu dingen mis, te beginnen met: %s."),
                                problems->n, problems->items[0].sentence);
        return ret;
}

/* -- The message of the stream: instants in ms, so that a page counts on by itself -- */

static void overview_put_ms(struct json_writer *w, const char *key, instant_t at) {
        if (at > 0) {
                jsonw_put_int(w, key, at);
        } else {
                jsonw_key(w, key);
                jsonw_null(w);
        }
}

/* Rounded, so that a page does not change for nothing. */
static void overview_put_rate(struct json_writer *w, const char *key, double per_second) {
        jsonw_key(w, key);
        jsonw_double(w, (double)(int64_t)(per_second * 10 + 0.5) / 10);
}

static void overview_put_waiting(struct json_writer *w, const char *key, struct overview_waiting waiting) {
        jsonw_key(w, key);
        jsonw_open_object(w);
        jsonw_put_int(w, "records", waiting.waiting);
        overview_put_ms(w, "oldest", waiting.oldest);
        jsonw_put_int(w, "n", (int64_t)waiting.n);
        jsonw_close_object(w);
}

void overview_put_rungs(struct json_writer *w, const struct replica_open *open) {
        jsonw_key(w, "by_rung");
        jsonw_open_array(w);
        for (size_t i = 0; i < REPLICA_RUNGS; i++)
                jsonw_int(w, open->by_rung[i]);
        jsonw_close_array(w);
}

static void overview_put_open(struct json_writer *w, const struct replica_open *open) {
        jsonw_key(w, "alerts");
        jsonw_open_object(w);
        jsonw_put_int(w, "open", open->all);
        overview_put_rungs(w, open);
        overview_put_ms(w, "oldest", open->oldest);
        jsonw_close_object(w);
}

static void overview_put_whole(const struct overview *o, struct json_writer *w) {
        const struct status_whole *status = o->picture ? &o->picture->status : NULL;

        jsonw_put_int(w, "problems", o->picture ? (int64_t)o->picture->problems[LANGUAGE_EN].n : 0);
        overview_put_rate(w, "events", overview_rate(o, OVERVIEW_EVENTS));
        overview_put_rate(w, "told", overview_rate(o, OVERVIEW_INBOXES));
        overview_put_waiting(w, "rules", overview_lag(o, FLOWS_RULES));
        overview_put_waiting(w, "connectors", overview_lag(o, FLOWS_CONNECTOR));
        overview_put_waiting(w, "not_collected", overview_not_collected(o));
        jsonw_put_int(w, "letters", overview_letters(o));
        jsonw_put_int(w, "stopped", status ? (int64_t)status->stops_n : 0);
        jsonw_put_int(w, "paused", status ? (int64_t)status->pauses_n : 0);
}

static void overview_put_rows(const struct overview *o, struct json_writer *w) {
        const struct flows_topic *topics[OVERVIEW_TOPICS_MAX];
        const struct flows_group *groups[OVERVIEW_GROUPS_MAX];
        size_t n = overview_topics(o, topics, ELEMENTS(topics));

        jsonw_key(w, "topics");
        jsonw_open_object(w);
        for (size_t i = 0; i < n; i++) {
                jsonw_key(w, topics[i]->name);
                jsonw_open_object(w);
                overview_put_rate(w, "rate", topics[i]->per_second);
                jsonw_put_int(w, "stands", topics[i]->stands);
                overview_put_ms(w, "last", topics[i]->newest);
                jsonw_close_object(w);
        }
        jsonw_close_object(w);
        n = overview_groups(o, groups, ELEMENTS(groups));
        jsonw_key(w, "groups");
        jsonw_open_object(w);
        for (size_t i = 0; i < n; i++) {
                const struct standing_part *part = o->of ? overview_inbox_part(o, groups[i]) : NULL;

                jsonw_key(w, groups[i]->name);
                jsonw_open_object(w);
                jsonw_put_int(w, "members", (int64_t)groups[i]->members);
                jsonw_put_int(w, "waiting", part ? part->waiting : groups[i]->waiting);
                overview_put_ms(w, "oldest", part ? part->oldest : groups[i]->oldest);
                jsonw_put_int(w, "unowned", (int64_t)groups[i]->unowned);
                jsonw_close_object(w);
        }
        jsonw_close_object(w);
}

void overview_put_message(const struct overview *o, struct buffer *out) {
        struct json_writer w = JSON_WRITER(out);
        char text[OVERVIEW_SENTENCE_MAX];

        jsonw_open_object(&w);
        jsonw_put_bool(&w, "ok", overview_is_well(o));
        jsonw_put_bool(&w, "trouble", !overview_is_well(o));
        jsonw_put_bool(&w, "away", o->trouble_since || o->replica.state == REPLICA_AWAY);
        jsonw_key(&w, "sentence");
        jsonw_open_object(&w);
        for (size_t i = 0; i < LANGUAGES; i++)
                jsonw_put_string(&w, language_tag((enum language)i), overview_sentence(o, (enum language)i, text));
        jsonw_close_object(&w);
        if (o->of)
                overview_put_waiting(&w, "inbox", overview_inbox(o));
        else
                overview_put_whole(o, &w);
        overview_put_open(&w, &o->open);
        overview_put_rows(o, &w);
        jsonw_close_object(&w);
}

/* -- For programs -- */

static void overview_put_history(struct json_writer *w, const char *key, const struct flow_history *h) {
        jsonw_key(w, key);
        jsonw_open_object(w);
        instant_put(w, "from", flow_history_at(h, 0));
        jsonw_put_int(w, "seconds", h->span_ms / 1000);
        jsonw_key(w, "counts");
        jsonw_open_array(w);
        for (unsigned i = 0; i < h->n; i++)
                jsonw_int(w, h->counts[i]);
        jsonw_close_array(w);
        jsonw_close_object(w);
}

static void overview_put_known(struct json_writer *w, const char *key, int64_t value, int64_t unknown) {
        jsonw_key(w, key);
        if (value == unknown)
                jsonw_null(w);
        else
                jsonw_int(w, value);
}

static void overview_put_instant(struct json_writer *w, const char *key, instant_t at) {
        if (at > 0) {
                instant_put(w, key, at);
        } else {
                jsonw_key(w, key);
                jsonw_null(w);
        }
}

static void overview_put_partition(struct json_writer *w, const struct flows_topic *topic, int32_t p) {
        const struct logs_partition *at = &topic->at[p];

        jsonw_open_object(w);
        jsonw_put_int(w, "partition", p);
        overview_put_known(w, "leader", at->leader, LOGS_UNKNOWN);
        jsonw_put_int(w, "replicas", at->replicas);
        jsonw_put_int(w, "in_sync", at->in_sync);
        overview_put_known(w, "first", at->first, LOGS_UNKNOWN);
        overview_put_known(w, "stable", at->stable, LOGS_UNKNOWN);
        overview_put_known(w, "end", at->end, LOGS_UNKNOWN);
        overview_put_instant(w, "open_since", at->open_since);
        overview_put_instant(w, "last", topic->last[p]);
        jsonw_close_object(w);
}

void overview_put_topic(struct json_writer *w, const struct flows_topic *topic) {
        jsonw_open_object(w);
        jsonw_put_string(w, "topic", topic->name);
        jsonw_put_bool(w, "internal", topic->internal);
        overview_put_known(w, "stands", topic->stands, LOGS_UNKNOWN);
        overview_put_known(w, "bytes_about", topic->bytes_about, LOGS_UNKNOWN);
        jsonw_put_int(w, "sampled", topic->sampled);
        overview_put_rate(w, "per_second", topic->per_second);
        overview_put_instant(w, "last", topic->newest);
        overview_put_known(w, "retention_ms", topic->retention_ms, FLOWS_NOT_KNOWN);
        overview_put_known(w, "retention_bytes", topic->retention_bytes, FLOWS_NOT_KNOWN);
        jsonw_key(w, "cleanup");
        if (topic->cleanup)
                jsonw_string(w, topic->cleanup);
        else
                jsonw_null(w);
        if (topic->hour.n > 0) {
                overview_put_history(w, "hour", &topic->hour);
                overview_put_history(w, "day", &topic->day);
        }
        jsonw_key(w, "partitions");
        jsonw_open_array(w);
        for (int32_t p = 0; p < topic->partitions; p++)
                overview_put_partition(w, topic, p);
        jsonw_close_array(w);
        jsonw_close_object(w);
}

static void overview_put_part(struct json_writer *w, const struct standing_part *part) {
        jsonw_open_object(w);
        jsonw_put_string(w, "topic", part->topic);
        jsonw_put_int(w, "partition", part->partition);
        overview_put_known(w, "committed", part->committed, STANDING_NOT_COMMITTED);
        jsonw_put_bool(w, "owned", part->owned);
        jsonw_put_int(w, "waiting", part->waiting);
        jsonw_put_bool(w, "estimated", part->more);
        overview_put_instant(w, "oldest", part->oldest);
        jsonw_put_int(w, "lost", part->lost);
        jsonw_close_object(w);
}

void overview_put_group(struct json_writer *w, const struct flows_group *group) {
        jsonw_open_object(w);
        jsonw_put_string(w, "group", group->name);
        jsonw_put_string(w, "kind", flows_kind_names[group->kind]);
        jsonw_put_string(w, "state", flows_state_name(group->state));
        jsonw_put_int(w, "members", (int64_t)group->members);
        jsonw_put_int(w, "waiting", group->waiting);
        jsonw_put_bool(w, "estimated", group->more);
        overview_put_instant(w, "oldest", group->oldest);
        jsonw_put_int(w, "lost", group->lost);
        jsonw_put_int(w, "unowned", (int64_t)group->unowned);
        overview_put_instant(w, "unowned_since", group->unowned_since);
        jsonw_put_int(w, "rebalances", (int64_t)group->rebalances);
        overview_put_instant(w, "rebalanced_at", group->rebalanced_at);
        jsonw_put_int(w, "rebalance_ms", group->rebalance_ms);
        jsonw_put_int(w, "rebalances_ms", group->rebalances_ms);
        jsonw_key(w, "parts");
        jsonw_open_array(w);
        for (size_t i = 0; i < group->parts_n; i++) {
                const struct standing_part *part = &group->parts[i];

                if (part->waiting > 0 || part->lost > 0 || !part->owned)
                        overview_put_part(w, part);
        }
        jsonw_close_array(w);
        jsonw_close_object(w);
}
