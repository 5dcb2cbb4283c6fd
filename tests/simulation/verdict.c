/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The end: what stands in the topics, against the ledger and against a replay that settles
 *
 * The windows have compared every step as it was taken; this looks only at what a consumer can see
 * (read_committed), so that nothing rests on the tap alone.
 */

#include <inttypes.h>

#include "cluster/event_record.h"
#include "engine/replay.h"
#include "simulation.h"

#define KEY_MAX 400

struct seen { /* of one key */
        int times;
        bool open;
};

struct judge {
        struct sim *s;
        struct table events; /* "topic|event_id" */
        struct table alerts; /* "inbox|alert_id": raised and resolved in turns */
        struct table both;   /* "event_id|organisation": in its topic, less in its inbox */
        struct table dead;   /* "topic|partition|offset" */
        struct table settled;/* alert_ids that a replay finds open */
        const struct ledger_part *settling; /* whose settled are looked for */
        size_t open;         /* alerts that are open in the rows of state */
        struct lines lines;
};

static struct seen *see(struct judge *j, struct table *table, const void *key, size_t n) {
        struct seen *seen = table_get(table, key, n);

        if (seen)
                return seen;
        seen = arena_calloc(j->s->arena, 1, sizeof(*seen));
        sim_check_memory(j->s, seen);
        if (table_put(table, sim_keep(j->s, key, n), n, seen))
                sim_check_memory(j->s, NULL);
        return seen;
}

static struct slot *slot_of(const struct event *event, const char *name) {
        return &event->slots[layout_slot(event->type->layout, name)];
}

/* -- Outputs -- */

/* Raised, resolved, raised … as its organisation reads it. */
static void see_alert(struct judge *j, const char *inbox, const struct event *event) {
        const struct uuid *id = &slot_of(event, "alert_id")->u;
        bool raised = event->type->known == TYPE_ESCALATION_RAISED;
        char key[KEY_MAX], text[UUID_TEXT + 1];
        struct seen *alert;
        int n;

        uuid_format(id, text);
        n = snprintf(key, sizeof(key), "%s|%s", inbox, text);
        alert = see(j, &j->alerts, key, (size_t)n);
        if (alert->open == raised)
                sim_fail(j->s, "%s has alert %s %s twice in a row", inbox, text, raised ? "raised" : "resolved");
        alert->open = raised;
}

static void see_event(struct judge *j, const char *topic, const struct event *event) {
        bool inbox = strncmp(topic, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0;
        enum known_type known = event->type->known;
        bool plan = known == TYPE_PLAN_DUE, alert = known == TYPE_ESCALATION_RAISED || known == TYPE_ESCALATION_RESOLVED;
        char key[KEY_MAX], id[UUID_TEXT + 1];
        const struct slot *to;
        int n;

        uuid_format(&event->slots[SLOT_EVENT_ID].u, id);
        n = snprintf(key, sizeof(key), "%s|%s", topic, id);
        /* An announcement whose due date went to another day and back is told again under the same id; so is a refusal of an event that came to the
         * same place of a log that was made anew. */
        if (see(j, &j->events, key, (size_t)n)->times++ && !plan && !(known == TYPE_EVENT_REFUSED && j->s->counts.renewed))
                sim_fail(j->s, "%s stands twice in %s", id, topic);
        if (!plan && !alert)
                return;
        to = slot_of(event, "organisation");
        n = snprintf(key, sizeof(key), "%s|%.*s", id, (int)to->s.n, to->s.s);
        see(j, &j->both, key, (size_t)n)->times += inbox ? -1 : 1;
        if (!inbox)
                return;
        if (!text_is(to->s, topic + strlen(TOPIC_INBOX_PREFIX)))
                sim_fail(j->s, "%s has what is for %.*s", topic, (int)to->s.n, to->s.s);
        if (alert)
                see_alert(j, topic, event);
}

static void see_output(struct judge *j, const struct bus_record *record) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        struct error err;

        if (event_record_read(j->s->config->types, NULL, record, slots, &event, &err))
                sim_fail(j->s, "a record of %s cannot be decoded: %s", record->topic, err.text);
        see_event(j, record->topic, &event);
}

static void see_dead(struct judge *j, const struct bus_record *record) {
        struct dead_letter_read letter;
        char key[KEY_MAX];
        int n;

        if (!dead_letter_read(record, &letter))
                sim_fail(j->s, "a dead letter does not say where it comes from");
        n = snprintf(key, sizeof(key), "%s|%d|%" PRId64, letter.topic, letter.partition, letter.offset);
        if (see(j, &j->dead, key, (size_t)n)->times++ > (int)moves_anew(j->s, sim_topic(j->s, letter.topic))) /* each log has a record at that place */
                sim_fail(j->s, "%s[%d]@%" PRId64 " is in dead-letters twice", letter.topic, letter.partition, letter.offset);
}

static bool is_output(const char *topic) {
        return strcmp(topic, TOPIC_PLAN_DUE) == 0 || strcmp(topic, TOPIC_ESCALATION_RAISED) == 0 || strcmp(topic, TOPIC_ESCALATION_RESOLVED) == 0 ||
               strncmp(topic, TOPIC_INBOX_PREFIX, strlen(TOPIC_INBOX_PREFIX)) == 0;
}

static void read_outputs(struct judge *j) {
        struct sim *s = j->s;

        for (size_t i = 0; i < s->topics.n; i++) {
                const char *topic = s->topics.items[i];
                bool dead = strcmp(topic, TOPIC_DEAD_LETTERS) == 0;

                if (!dead && !is_output(topic))
                        continue;
                for (int32_t p = 0; memory_end(s->memory, topic, p) >= 0; p++) {
                        for (int64_t offset = 0; offset < memory_end(s->memory, topic, p); offset++) {
                                struct bus_record record;

                                if (!memory_record(s->memory, topic, p, offset, false, &record))
                                        continue;
                                describe(s, &record, s->profile == PROFILE_BUNDLED, lines_add(&j->lines));
                                if (dead)
                                        see_dead(j, &record);
                                else
                                        see_output(j, &record);
                        }
                }
        }
}

/* The topics hold what the commits brought, and nothing else. */
static void compare_outputs(struct judge *j) {
        struct sim *s = j->s;
        struct lines told = {0};
        struct seen *both;

        told.v.items = s->told.items;
        told.v.n = s->told.n;
        lines_sort(&told);
        lines_sort(&j->lines);
        for (size_t i = 0; i < told.v.n || i < j->lines.v.n; i++) {
                const char *want = i < told.v.n ? told.v.items[i].text : "(nothing)";
                const char *there = i < j->lines.v.n ? j->lines.v.items[i].text : "(nothing)";

                if (strcmp(want, there) != 0)
                        sim_fail(s, "the topics do not hold what was committed:\n  committed  %s\n  there      %s", want, there);
        }
        for (size_t i = 0; (both = table_next(&j->both, &i));) {
                if (both->times)
                        sim_fail(s, "a telling stands in its topic and not in its inbox, or the other way round");
        }
}

/* -- State -- */

/* Those that are there, tombstones left out. */
static size_t count_rows(const struct table *latest) {
        const struct bus_record *record;
        size_t n = 0;

        for (size_t i = 0; (record = table_next(latest, &i));)
                n += record->value != NULL;
        return n;
}

static void compare_state(struct judge *j, int32_t p) {
        struct sim *s = j->s;
        const struct ledger_part *truth = &s->truth[p];
        struct table latest = {0};
        size_t rows = truth->marks.n, found = 0;

        for (int64_t offset = 0; offset < memory_end(s->memory, TOPIC_CASE_STATE, p); offset++) {
                struct bus_record record, *kept;

                if (!memory_record(s->memory, TOPIC_CASE_STATE, p, offset, false, &record))
                        continue;
                kept = sim_keep(s, &record, sizeof(record));
                if (((const uint8_t *)record.key)[16] == ROW_FACT && record.value && table_get(&latest, record.key, record.key_n))
                        sim_fail(s, "a fact has two rows in partition %d", p);
                if (table_put(&latest, record.key, record.key_n, kept))
                        sim_check_memory(s, NULL);
        }
        for (size_t i = 0; i < truth->cases.n; i++) {
                const struct ledger_case *c = truth->cases.items[i];
                size_t facts = 0;

                if (c->closed && (c->rows.n != 1 || c->rows.items[0].key[16] != ROW_CLOSED))
                        sim_fail(s, "a case that was forgotten has %zu rows", c->rows.n);
                for (size_t k = 0; k < c->rows.n; k++) {
                        const struct bus_record *there = table_get(&latest, c->rows.items[k].key, ROW_KEY_BYTES);

                        found += there && there->value && there->value_n == c->rows.items[k].n &&
                                 memcmp(there->value, c->rows.items[k].value, there->value_n) == 0;
                        facts += c->rows.items[k].key[16] == ROW_FACT;
                }
                rows += c->rows.n;
                if (facts != c->facts.n)
                        sim_fail(s, "a case has %zu facts and %zu rows of facts", c->facts.n, facts);
        }
        if (count_rows(&latest) != rows || found + truth->marks.n != rows)
                sim_fail(s, "case-state of partition %d has %zu rows; %zu of %zu are as they were committed", p, count_rows(&latest), found, rows);
        table_done(&latest);
}

/* -- Inputs -- */

static bool is_fact(const struct sim *s, const struct input *input) {
        const struct ledger_case *c = ledger_find(&s->truth[input->partition], &input->event.slots[SLOT_CASE_ID].u);

        for (size_t i = 0; c && i < c->facts.n; i++) {
                if (c->facts.items[i]->content == input->content)
                        return true;
        }
        for (size_t i = 0; c && i < c->buried.n; i++) {
                if (c->buried.items[i]->content == input->content)
                        return true;
        }
        return false;
}

/* A record that its log has lost: it is a fact or dead, or was gone before it was read, which somebody was told. */
static void compare_gone(struct sim *s, const struct input *input, const char *key, bool known) {
        if (known)
                return;
        if (input->read)
                sim_fail(s, "%s is lost: it was read before its log was made anew or cut, and is neither a fact nor a dead letter", key);
        if (!moves_was_told(s, input))
                sim_fail(s, "%s was gone before it was read, and nobody was told", key);
        s->counts.passed++;
}

/* Every record was read; what is bad is dead, once, and what is not is a fact or dead. */
static void compare_inputs(struct judge *j) {
        struct sim *s = j->s;
        size_t dead = 0;

        for (size_t i = 0; i < s->published.n; i++) {
                const struct input *input = s->published.items[i];
                struct bus_record record;
                char key[KEY_MAX];
                struct seen *letter;
                int n;

                if (input->gone ? !input->stood : !memory_record(s->memory, input->topic, input->partition, input->offset, false, &record))
                        continue; /* aborted by its connector */
                n = snprintf(key, sizeof(key), "%s|%d|%" PRId64, input->topic, input->partition, input->offset);
                letter = table_get(&j->dead, key, (size_t)n);
                dead += letter && !letter->open; /* as many letters as there are places of which one is */
                if (letter)
                        letter->open = true;
                if (input->gone) {
                        compare_gone(s, input, key, letter || is_fact(s, input));
                        continue;
                }
                if (memory_committed(s->memory, TOPICS_GROUP_RULES, input->topic, input->partition) <= input->offset)
                        sim_fail(s, "%s was never read", key);
                if (input->bad != REFUSAL_NONE && !letter)
                        sim_fail(s, "%s is bad, and is not in dead-letters", key);
                if (!letter && !is_fact(s, input))
                        sim_fail(s, "%s is lost: it is neither a fact nor a dead letter", key);
        }
        if (dead != j->dead.n)
                sim_fail(s, "%zu dead letters are of no record that was published", j->dead.n - dead);
}

/* -- Replay -- */

static int settle_told(void *ctx, const struct outcome *outcome) {
        struct judge *j = ctx;

        for (size_t i = 0; i < outcome->n_effects; i++) {
                /* Of regions that are there without a record replay has all, whatever the partition. */
                if (outcome->effects[i].kind == EFFECT_RAISED && ledger_find(j->settling, &outcome->effects[i].told.case_id))
                        see(j, &j->settled, &outcome->effects[i].told.alert_id, sizeof(struct uuid))->times++;
        }
        return 0;
}

/* What a replay of the partition's facts finds open at its clock. */
static void replay_facts(struct judge *j, const struct ledger_part *part, instant_t now) {
        struct sim *s = j->s;
        const struct config *config = &s->rules->versions[s->version];
        struct replay *replay = NULL;
        struct error err;

        if (replay_new(config, now, settle_told, j, &replay))
                sim_check_memory(s, NULL);
        for (size_t i = 0; i < part->cases.n; i++) {
                const struct ledger_case *c = part->cases.items[i];

                for (size_t k = 0; k < c->facts.n; k++) {
                        const struct event event = {event_types_at(config->types, c->facts.items[k]->event.type->index), c->facts.items[k]->event.slots};

                        if (replay_event(replay, &event, &err))
                                sim_fail(s, "replay refuses a fact: %s", err.text);
                }
        }
        if (replay_end(replay))
                sim_check_memory(s, NULL);
        replay_free(replay);
}

static void compare_settled(struct judge *j, int32_t p) {
        struct sim *s = j->s;
        const struct ledger_part *part = &s->truth[p];
        instant_t now = part->told_at > sim_now(s) ? part->told_at : sim_now(s);
        size_t open = 0;

        table_done(&j->settled);
        j->settling = part;
        replay_facts(j, part, now);
        for (size_t i = 0; i < part->cases.n; i++) {
                const struct ledger_case *c = part->cases.items[i];

                for (size_t k = 0; k < c->rows.n; k++) {
                        struct telling alert;
                        struct error err;

                        if (c->rows.items[k].key[16] != ROW_ALERT)
                                continue;
                        if (row_read(s->rules->codec, ROW_ALERT, c->rows.items[k].value, c->rows.items[k].n, &alert, &err))
                                sim_fail(s, "a row of an alert cannot be read: %s", err.text);
                        if (!alert.open)
                                continue;
                        open++;
                        j->open++;
                        if (!table_get(&j->settled, c->rows.items[k].key + 17, sizeof(struct uuid)))
                                sim_fail(s, "an alert is open for %.*s about %.*s %.*s, and a replay does not find it", (int)alert.organisation.n,
                                         alert.organisation.s, (int)alert.norm.n, alert.norm.s, (int)alert.instance.n, alert.instance.s);
                }
        }
        if (open != j->settled.n)
                sim_fail(s, "%zu alerts are open in partition %d, and a replay finds %zu", open, p, j->settled.n);
}

/* What its organisation reads as open is open in a case: of a case that was forgotten, nothing is. */
static void compare_open(struct judge *j) {
        const struct seen *alert;
        size_t open = 0;

        for (size_t i = 0; (alert = table_next(&j->alerts, &i));)
                open += alert->open;
        if (open != j->open)
                sim_fail(j->s, "%zu alerts are open for whoever reads the inboxes, and %zu in the rows of state", open, j->open);
}

void verdict(struct sim *s) {
        struct judge j = {.s = s};

        read_outputs(&j);
        compare_outputs(&j);
        compare_inputs(&j);
        for (int32_t p = 0; p < s->partitions; p++) {
                compare_state(&j, p);
                compare_settled(&j, p);
        }
        compare_open(&j);
        table_done(&j.events);
        table_done(&j.alerts);
        table_done(&j.both);
        table_done(&j.dead);
        table_done(&j.settled);
        vector_done(&j.lines.v);
}
