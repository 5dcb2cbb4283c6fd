/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * What a record and an evaluation come to: which model is asked, and the one for the bundled protocols
 *
 * Those are too many for a second implementation. Their model is the engine itself, but with a new store for every
 * question, filled with the rows of the one case: whatever a worker kept from before, undid, staged or
 * restored must make no difference to a single byte. Their tellings are judged by the stories of config/protocols.
 */


#include "cluster/event_record.h"
#include "engine/engine.h"
#include "engine/restore.h"
#include "simulation.h"

/* -- Accepting -- */

static bool names_anothers(const struct ledger_case *c, const struct input *input) {
        const struct slot *slots = input->event.slots;
        int withdrawn = layout_slot(input->event.type->layout, "withdrawn");

        for (size_t i = 0; i < c->facts.n; i++) {
                const struct slot *other = c->facts.items[i]->event.slots;
                const struct uuid *id = &other[SLOT_EVENT_ID].u;
                bool named = (slots[SLOT_REPLACES].kind == SLOT_UUID && uuid_equal(&slots[SLOT_REPLACES].u, id)) ||
                             (withdrawn >= 0 && uuid_equal(&slots[withdrawn].u, id));

                if (named && !text_equal(other[SLOT_SOURCE].s, slots[SLOT_SOURCE].s))
                        return true;
        }
        return false;
}

enum refusal model_accept(struct sim *s, const struct ledger_case *c, const struct input *input, instant_t wall, bool *ret_duplicate) {
        *ret_duplicate = false;
        (void)s;
        if (!input->legible || input->bad == REFUSAL_BAD_VALUE)
                return input->bad;
        if (input->event.slots[SLOT_RECORDED_AT].i - wall > DAY_MS)
                return REFUSAL_BAD_VALUE;
        if (input->bad != REFUSAL_NONE)
                return input->bad;
        if (c->closed)
                return REFUSAL_CASE_CLOSED;
        for (size_t i = 0; i < c->facts.n; i++) {
                if (!uuid_equal(&c->facts.items[i]->event.slots[SLOT_EVENT_ID].u, &input->event.slots[SLOT_EVENT_ID].u))
                        continue;
                if (c->facts.items[i]->content != input->content)
                        return REFUSAL_DUPLICATE_ID;
                *ret_duplicate = true;
                return REFUSAL_NONE;
        }
        return names_anothers(c, input) ? REFUSAL_NOT_ALLOWED : REFUSAL_NONE;
}

/* A repetition of what its source took back, the withdrawal of a withdrawal. */
static enum refusal remark_corrected(const struct ledger_case *c, const struct input *input, bool duplicate) {
        const struct slot *slots = input->event.slots;
        int withdrawn = layout_slot(input->event.type->layout, "withdrawn");
        enum refusal code = REFUSAL_NONE;

        for (size_t i = 0; i < c->facts.n; i++) {
                const struct event *fact = &c->facts.items[i]->event;
                int withdraws = layout_slot(fact->type->layout, "withdrawn");

                if (!duplicate && withdrawn >= 0 && withdraws >= 0 && uuid_equal(&slots[withdrawn].u, &fact->slots[SLOT_EVENT_ID].u))
                        return REFUSAL_WITHDRAWN;
                if (!duplicate || !text_equal(slots[SLOT_SOURCE].s, fact->slots[SLOT_SOURCE].s))
                        continue;
                if (withdraws >= 0 && uuid_equal(&fact->slots[withdraws].u, &slots[SLOT_EVENT_ID].u))
                        return REFUSAL_WITHDRAWN;
                if (fact->slots[SLOT_REPLACES].kind == SLOT_UUID && uuid_equal(&fact->slots[SLOT_REPLACES].u, &slots[SLOT_EVENT_ID].u))
                        code = REFUSAL_REPLACED;
        }
        return code;
}

enum refusal model_remark(struct sim *s, const struct ledger_case *c, const struct input *input, bool duplicate) {
        const struct slot *slots = input->event.slots;
        const struct organisation *source = organisations_find(s->config->organisations, slots[SLOT_SOURCE].s);
        int alert_id = layout_slot(input->event.type->layout, "alert_id");
        instant_t dated = slots[SLOT_OCCURRED_AT].i < slots[SLOT_RECORDED_AT].i ? slots[SLOT_OCCURRED_AT].i : slots[SLOT_RECORDED_AT].i;

        if (duplicate || alert_id < 0)
                return remark_corrected(c, input, duplicate);
        for (size_t i = 0; i < c->rows.n; i++) {
                const struct row *row = &c->rows.items[i];
                struct telling alert;
                struct error err;

                if (row->key[16] != ROW_ALERT || memcmp(row->key + 17, slots[alert_id].u.bytes, sizeof(slots[alert_id].u.bytes)) != 0)
                        continue;
                if (row_read(s->rules->codec, ROW_ALERT, row->value, row->n, &alert, &err))
                        sim_fail(s, "a row of an alert cannot be read: %s", err.text);
                if (!text_equal(alert.organisation, slots[SLOT_SOURCE].s) && source->kind != KIND_OPERATORS)
                        return REFUSAL_ACK_NOT_YOURS;
                if (!alert.open)
                        return REFUSAL_ACK_OVER;
                return naive_date_of(dated) < alert.due_date ? REFUSAL_ACK_EARLY : REFUSAL_NONE;
        }
        return REFUSAL_ACK_UNKNOWN;
}

/* -- The engine from scratch -- */

struct question {
        struct sim *s;
        const struct config *config;
        struct arena *arena;
        struct buffer body;
        struct lines *out;
};

static void add_record(struct question *q, const char *topic, const void *key, size_t n_key, const void *value, size_t n) {
        const struct bus_record record = {.topic = topic, .key = key, .key_n = n_key, .value = value, .value_n = n};

        describe(q->s, &record, true, lines_add(q->out));
}

static void add_effect(struct question *q, const struct effect *effect) {
        static const char *const topics[] = {
                [EFFECT_PLAN_DUE] = TOPIC_PLAN_DUE, [EFFECT_RAISED] = TOPIC_ESCALATION_RAISED, [EFFECT_RESOLVED] = TOPIC_ESCALATION_RESOLVED};
        char inbox[BUS_NAME_MAX + 1];
        struct event event;

        if (effect_event(effect, q->config->types, q->arena, &event))
                sim_check_memory(q->s, NULL);
        buffer_clear(&q->body);
        event_record_encode(&event, &q->body);
        if (effect->kind != EFFECT_ROUTED)
                add_record(q, topics[effect->kind], NULL, 0, q->body.bytes, q->body.n);
        (void) snprintf(inbox, sizeof(inbox), TOPIC_INBOX_PREFIX "%.*s", (int)effect->told.organisation.n, effect->told.organisation.s);
        if (organisations_find(q->config->organisations, effect->told.organisation))
                add_record(q, inbox, NULL, 0, q->body.bytes, q->body.n);
}

static void add_outcome(struct question *q, const struct outcome *outcome) {
        for (size_t i = 0; i < outcome->n_effects; i++)
                add_effect(q, &outcome->effects[i]);
        for (size_t i = 0; i < outcome->n_rows; i++)
                add_record(q, TOPIC_CASE_STATE, outcome->rows[i].key, outcome->rows[i].n_key, outcome->rows[i].value, outcome->rows[i].n_value);
}

static bool is_this(void *ctx, const struct uuid *case_id) {
        return uuid_equal(ctx, case_id);
}

/* A new store with the rows of one case, which it forgets at once if it may, or keeps. */
static struct store *fill(struct sim *s, struct engine *engine, const struct ledger_case *c, bool forgets) {
        struct store *store = NULL;
        struct error err;

        if (store_new(engine, &store))
                sim_check_memory(s, NULL);
        if (forgets)
                store_forgets(store, s->retention, true);
        for (size_t i = 0; i < c->rows.n; i++) {
                if (store_restore(store, c->rows.items[i].key, ROW_KEY_BYTES, c->rows.items[i].value, c->rows.items[i].n, &err))
                        sim_fail(s, "a row that was committed cannot be restored: %s", err.text);
        }
        if (store_enliven(store, is_this, (void *)&c->id, INSTANT_TOUCHED))
                sim_check_memory(s, NULL);
        return store;
}

void scratch_evaluate(struct sim *s, const struct ledger_case *c, const struct input *fresh, enum course course, bool forgets, instant_t now,
                      unsigned version, struct lines *expected) {
        struct question q = {.s = s, .config = &s->rules->versions[version], .out = expected, .body = BUFFER_INIT((size_t)1 << 20)};
        struct engine *engine = s->rules->engines[version];
        struct store *store = fill(s, engine, c, forgets);
        const struct outcome *outcome;
        struct casefile *file;
        struct error err;

        if (arena_new(&q.arena, (size_t)16 << 20))
                sim_check_memory(s, NULL);
        if (fresh) {
                struct event event = {event_types_at(q.config->types, fresh->event.type->index), fresh->event.slots};

                if (engine_event(engine, store, &event, now, course == COURSE_TOLD, &outcome, &err))
                        sim_fail(s, "a fact is refused by an engine from scratch: %s", err.text);
                add_outcome(&q, outcome);
        }
        file = store_find(store, &c->id);
        if (file && (!fresh || course == COURSE_JUDGED)) {
                if (engine_evaluate(engine, store, file, now, &outcome))
                        sim_check_memory(s, NULL);
                add_outcome(&q, outcome);
        }
        store_free(store);
        buffer_done(&q.body);
        arena_free(q.arena);
}

bool scratch_forgets(struct sim *s, const struct ledger_case *c, instant_t now, unsigned version) {
        struct engine *engine = s->rules->engines[version];
        struct store *store = fill(s, engine, c, true);
        struct casefile *file = store_find(store, &c->id);
        const struct outcome *outcome = NULL;
        bool forgets;

        if (!file || engine_evaluate(engine, store, file, now, &outcome))
                sim_check_memory(s, NULL);
        forgets = outcome && outcome->forgotten;
        store_free(store);
        return forgets;
}

/* -- Which of the two -- */

static void add_fact_row(const struct ledger_case *c, const struct input *fresh, struct lines *expected) {
        char case_id[UUID_TEXT + 1], id[UUID_TEXT + 1];
        struct line *line = lines_add(expected);

        line->topic = TOPIC_CASE_STATE;
        line->case_id = c->id;
        (void) snprintf(line->text, sizeof(line->text), TOPIC_CASE_STATE " f %s %s", short_id(&c->id, case_id),
                        short_id(&fresh->event.slots[SLOT_EVENT_ID].u, id));
}

void model_evaluate(struct sim *s, struct ledger_case *c, const struct input *fresh, enum course course, instant_t now, unsigned version,
                    struct lines *expected) {
        if (s->profile == PROFILE_BUNDLED) {
                scratch_evaluate(s, c, fresh, course, false, now, version, expected);
                return;
        }
        if (fresh)
                add_fact_row(c, fresh, expected);
        if (!fresh || course != COURSE_SILENT)
                naive_evaluate(s, c, now, version, expected);
}

void model_forget(struct sim *s, struct ledger_case *c, const struct input *fresh, instant_t now, unsigned version, struct lines *expected) {
        const char *why = forget_not(s, c, now, version);
        char id[UUID_TEXT + 1];

        if (why)
                sim_fail(s, "case %s is forgotten, and %s", short_id(&c->id, id), why);
        if (s->profile == PROFILE_BUNDLED) {
                scratch_evaluate(s, c, fresh, COURSE_JUDGED, true, now, version, expected);
        } else {
                if (fresh)
                        add_fact_row(c, fresh, expected);
                naive_forget(s, c, fresh, now, version, expected);
        }
        case_close(c);
}
