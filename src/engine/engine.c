/* SPDX-License-Identifier: EUPL-1.2 */

/* Accepts events into their cases and evaluates cases: what is opened, asked, told and kept, in order. */

#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "avro/framing.h"
#include "engine/forget.h"
#include "engine/copies.h"
#include "engine/cover.h"
#include "engine/tell.h"

#define ENGINE_SCRATCH_MAX ((size_t)1024 * 1024)

int engine_new_without(const struct config *config, const struct protocol_key *without, struct engine **ret) {
        CLEANUP(engine_free_p) struct engine *engine = calloc(1, sizeof(*engine));
        size_t n = event_types_count(config->types);
        int r;

        if (!engine)
                return -ENOMEM;
        engine->config = config;
        engine->scratch.max = ENGINE_SCRATCH_MAX;
        engine->n_gaps = calendar_gaps(config->calendar, engine->gaps);
        r = arena_new(&engine->arena, ENGINE_ARENA_MAX);
        if (r)
                return r;
        r = row_codec_new(&engine->codec);
        if (r)
                return r;
        engine->row_programs = calloc(n, sizeof(*engine->row_programs));
        if (!engine->row_programs)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct event_type *type = event_types_at(config->types, i), *same;

                if (type->row && !event_types_row_decoder(config->types, type->row->fingerprint, &same, &engine->row_programs[i]))
                        return -EINVAL;
        }
        r = scope_fill(&engine->scope, config, &engine->pool, without);
        if (r)
                return r;
        *ret = TAKE(engine);
        return 0;
}

int engine_new(const struct config *config, struct engine **ret) {
        return engine_new_without(config, NULL, ret);
}

struct engine *engine_free(struct engine *engine) {
        if (!engine)
                return NULL;
        arena_free(engine->arena);
        buffer_done(&engine->scratch);
        row_codec_free(engine->codec);
        pool_done(&engine->pool);
        scope_done(&engine->scope);
        free(engine->row_programs);
        free(engine);
        return NULL;
}

const int *engine_gaps(const struct engine *engine, size_t *ret_n) {
        *ret_n = engine->n_gaps;
        return engine->gaps;
}

const struct config *engine_config(const struct engine *engine) {
        return engine->config;
}

/* The copies that were told while the fact was accepted, as they stand in its row. */
static struct text fresh_copies(struct view *v, const struct event *event) {
        struct buffer text = BUFFER_INIT(ENGINE_SCRATCH_MAX);
        struct text ret = {0};
        char *copy;

        for (size_t i = 0; i < v->n_effects; i++) {
                const struct effect *effect = &v->effects[i];

                if (effect->kind == EFFECT_ROUTED && uuid_equal(&effect->told.event_id, &event->slots[SLOT_EVENT_ID].u))
                        buffer_printf(&text, "%s%.*s %.*s", text.n ? "\n" : "", (int)effect->told.organisation.n, effect->told.organisation.s,
                                      (int)effect->told.role.n, effect->told.role.s);
        }
        copy = text.n ? arena_copy(v->arena, text.bytes, text.n) : NULL;
        if (text.failed || (text.n && !copy))
                v->failed = true;
        if (copy)
                ret = (struct text){copy, text.n};
        buffer_done(&text);
        return ret;
}

/* Writes the row of the accepted fact, first of the rows, and keeps its body in memory. */
static int engine_keep_fact(struct view *v, const struct fresh *fresh) {
        const struct event *event = fresh->event;
        const struct event_type *type = event->type;
        struct text copies = fresh_copies(v, event);
        size_t n = type->layout->n;
        struct slot *slots = arena_calloc(v->arena, n + ROW_ADDED, sizeof(*slots));
        struct buffer *scratch = &v->engine->scratch;
        int r;

        if (!slots || v->failed)
                return -ENOMEM;
        memcpy(slots, event->slots, n * sizeof(*slots));
        if (copies.n) {
                slots[n] = (struct slot){.kind = SLOT_STRING, .s = copies};
                slots[n + 1] = (struct slot){.kind = SLOT_INT, .i = v->now};
        }
        buffer_clear(scratch);
        framing_write_single(type->row->fingerprint, scratch);
        record_encode(type->row, slots + ROW_SKIPPED, scratch);
        if (scratch->failed)
                return -ENOMEM;
        r = casefile_add_fact(v->store, v->casefile, &event->slots[SLOT_EVENT_ID].u, type, fresh->traits,
                              scratch->bytes + FRAMING_SINGLE_BYTES, scratch->n - FRAMING_SINGLE_BYTES);
        if (r)
                return r;
        view_row(v, ROW_FACT, &event->slots[SLOT_EVENT_ID].u);
        return v->failed ? -ENOMEM : 0;
}

static void engine_tell_all(struct view *v) {
        if (v->now > v->store->judged_latest)
                v->store->judged_latest = v->now;
        view_tell_copies(v);
        view_obligations(v);
        view_tell_plans(v);
        view_at_work(v, NULL);
        view_tell_alerts(v);
        view_at_work(v, NULL);
        view_settle_ids(v);
}

static struct outcome *outcome_of(const struct view *v) {
        struct outcome *outcome = &v->engine->outcome;

        *outcome = (struct outcome){.effects = v->effects, .n_effects = v->n_effects, .rows = v->rows, .n_rows = v->n_rows};
        return outcome;
}

enum acceptance { ACCEPT_NEW, ACCEPT_DUPLICATE };

/* Whether the event says the same as the fact of its id. */
static bool says_the_same(const struct engine *engine, const struct fact_header *header, const struct slot *slots, const struct event *event) {
        if (event_types_at(engine->config->types, header->type) != event->type)
                return false;
        for (size_t i = 0; i < event->type->layout->n; i++) {
                if (!slot_equal(&slots[i], &event->slots[i]))
                        return false;
        }
        return true;
}

/* An event_id that the case knows: nothing when it says the same, refused when it says something else. */
static int check_duplicate(struct engine *engine, const struct casefile *casefile, const struct event *event, enum acceptance *ret, struct error *err) {
        const struct uuid *id = &event->slots[SLOT_EVENT_ID].u;
        const struct fact_header *header = casefile_find_fact(casefile, id);
        const struct slot *slots;
        char text[UUID_TEXT + 1];

        if (!header)
                return 0;
        slots = fact_decode(engine, casefile, header);
        if (!slots)
                return -ENOMEM;
        if (says_the_same(engine, header, slots, event)) {
                *ret = ACCEPT_DUPLICATE;
                return 0;
        }
        uuid_format(id, text);
        error_set(err, "event_id: %s said something else before; a correction needs an event_id of its own and names this one in replaces", text);
        return REFUSAL_DUPLICATE_ID;
}

/* What the event replaces or withdraws must be its own source's. */
static int check_named(struct engine *engine, const struct casefile *casefile, const struct event *event, int slot, const char *field, struct error *err) {
        const struct fact_header *header;
        const struct slot *slots;
        char text[UUID_TEXT + 1];

        if (slot < 0 || event->slots[slot].kind != SLOT_UUID)
                return 0;
        header = casefile_find_fact(casefile, &event->slots[slot].u);
        slots = header ? fact_decode(engine, casefile, header) : NULL;
        if (!header || (slots && text_equal(slots[SLOT_SOURCE].s, event->slots[SLOT_SOURCE].s)))
                return 0;
        if (!slots)
                return -ENOMEM;
        uuid_format(&header->event_id, text);
        error_set(err, "%s: %s is not this source's to replace or withdraw", field, text);
        return REFUSAL_NOT_ALLOWED;
}

static bool refs_name(const struct event_refs *refs, const struct event_type *type) {
        for (size_t i = 0; i < refs->n; i++) {
                if (refs->items[i].type == type)
                        return true;
        }
        return false;
}

/* What a full case has room for. */
enum relief { RELIEF_NONE, RELIEF_RESOLVES, RELIEF_ENDS };

static enum relief relief_by_norm(const struct norm_scope *scope, const struct casefile *casefile, const struct event_type *type, enum relief relief) {
        if (refs_name(&scope->norm->ends_with, type) || refs_name(&scope->norm->explained_by, type))
                return RELIEF_ENDS;
        for (uint32_t i = 0; i < casefile->told.n_alerts && relief == RELIEF_NONE; i++) {
                const struct alert *alert = &casefile->told.alerts[i];

                if (alert->open && alert->norm == scope->word && refs_name(&scope->norm->met_by, type))
                        relief = RELIEF_RESOLVES;
        }
        return relief;
}

/* Whether such a fact ends, withdraws or explains something, or meets a norm of which an alert is open. Looks at all that is configured. */
static enum relief case_relief(const struct engine *engine, const struct casefile *casefile, const struct event_type *type) {
        enum relief relief = type->known == TYPE_EVENT_WITHDRAWN || type->known == TYPE_DEVIATION_EXPLAINED ? RELIEF_ENDS : RELIEF_NONE;

        for (size_t t = 0; t < event_types_count(engine->config->types); t++) {
                const struct event_type *other = event_types_at(engine->config->types, t);

                for (size_t i = 0; i < other->n_ended_by; i++)
                        relief = other->ended_by[i] == type ? RELIEF_ENDS : relief;
                for (size_t i = 0; i < engine->config->index[t].n_norms; i++)
                        relief = relief_by_norm(&engine->scope.norms[t][i], casefile, type, relief);
        }
        for (size_t i = 0; i < engine->config->n_region_norms; i++)
                relief = relief_by_norm(&engine->scope.region_norms[i], casefile, type, relief);
        return relief;
}

/* Whether a case that is full has room for it all the same: half of what is reserved is for what ends alone. */
static bool case_has_reserve(const struct engine *engine, const struct casefile *casefile, const struct event_type *type) {
        static const uint32_t room[] = {
                [RELIEF_NONE] = 0, [RELIEF_RESOLVES] = CASE_FACTS_RESERVED / 2, [RELIEF_ENDS] = CASE_FACTS_RESERVED};

        assert(casefile->n_facts >= CASE_FACTS_MAX);
        return casefile->n_facts - CASE_FACTS_MAX < room[case_relief(engine, casefile, type)];
}

/* What needs the case: duplicates, naming another's fact, room. Return: 0 with *ret; a refusal; -ENOMEM. */
static int check_in_case(struct engine *engine, const struct casefile *casefile, const struct event *event, enum acceptance *ret, struct error *err) {
        int r;

        *ret = ACCEPT_NEW;
        r = check_duplicate(engine, casefile, event, ret, err);
        if (r || *ret == ACCEPT_DUPLICATE)
                return r;
        r = check_named(engine, casefile, event, SLOT_REPLACES, "replaces", err);
        if (r)
                return r;
        r = check_named(engine, casefile, event, event->type->fields[FIELD_WITHDRAWN], "withdrawn", err);
        if (r)
                return r;
        if (casefile->n_facts < CASE_FACTS_MAX || case_has_reserve(engine, casefile, event->type))
                return 0;
        error_set(err, "the case holds %u facts already; beyond %d there is room only for what ends, withdraws, explains or resolves", casefile->n_facts,
                  CASE_FACTS_MAX);
        return REFUSAL_CASE_FULL;
}

/* -- What has no effect that its source could expect: it is told so -- */

/* Whether a fact of the same source names it: which field of that fact. */
static enum refusal remark_named(struct engine *engine, const struct casefile *casefile, const struct event *event, bool *ret_failed) {
        const struct uuid *id = &event->slots[SLOT_EVENT_ID].u;
        const struct fact_header *header;
        enum refusal code = REFUSAL_NONE;
        uint32_t offset = 0;

        while (code != REFUSAL_WITHDRAWN && (header = casefile_next_fact(casefile, &offset))) {
                int withdrawn = event_types_at(engine->config->types, header->type)->fields[FIELD_WITHDRAWN];
                const struct slot *slots = fact_decode(engine, casefile, header);

                *ret_failed |= !slots;
                if (!slots || !text_equal(slots[SLOT_SOURCE].s, event->slots[SLOT_SOURCE].s))
                        continue;
                if (withdrawn >= 0 && slots[withdrawn].kind == SLOT_UUID && uuid_equal(&slots[withdrawn].u, id))
                        code = REFUSAL_WITHDRAWN;
                else if (slots[SLOT_REPLACES].kind == SLOT_UUID && uuid_equal(&slots[SLOT_REPLACES].u, id))
                        code = REFUSAL_REPLACED;
        }
        return code;
}

/* An acknowledgement, by what was told before it came. */
static enum refusal remark_acknowledged(const struct engine *engine, const struct casefile *casefile, const struct event *event) {
        const struct uuid *id = &event->slots[event->type->fields[FIELD_ALERT_ID]].u;
        const struct organisation *source = organisations_find(engine->config->organisations, event->slots[SLOT_SOURCE].s);
        instant_t dated = event->slots[SLOT_OCCURRED_AT].i < event->slots[SLOT_RECORDED_AT].i ? event->slots[SLOT_OCCURRED_AT].i
                                                                                             : event->slots[SLOT_RECORDED_AT].i;
        const struct alert *alert = NULL;

        for (uint32_t i = 0; casefile && !alert && i < casefile->told.n_alerts; i++) {
                if (uuid_equal(&casefile->told.alerts[i].id, id))
                        alert = &casefile->told.alerts[i];
        }
        if (!alert)
                return REFUSAL_ACK_UNKNOWN;
        if (!text_equal(event->slots[SLOT_SOURCE].s, pool_text(&engine->pool, alert->organisation)) && !(source && source->kind == KIND_OPERATORS))
                return REFUSAL_ACK_NOT_YOURS;
        if (!alert->open)
                return REFUSAL_ACK_OVER;
        return date_of_instant(dated) < alert->due ? REFUSAL_ACK_EARLY : REFUSAL_NONE;
}

/* What to do, in one sentence. */
static const char *remark_say(struct engine *engine, enum refusal code, const struct event *event) {
        static const char *const advice[REFUSALS] = {
                [REFUSAL_WITHDRAWN] = "a withdrawal is not undone; send what holds after all under an event_id of its own",
                [REFUSAL_REPLACED] = "its replacement counts; send what holds after all under an event_id of its own, with replaces",
                [REFUSAL_ACK_UNKNOWN] = "it holds nothing; take alert_id from the escalation-raised, and case_id with it",
                [REFUSAL_ACK_NOT_YOURS] = "it holds nothing; whom the alert was raised for acknowledges it, or operators",
                [REFUSAL_ACK_OVER] = "nothing waits for an answer now; should it be raised again, the word given holds as long as it would have",
                [REFUSAL_ACK_EARLY] = "it holds nothing; acknowledge the alert with the instant at which that was done",
        };
        int slot = event->type->known == TYPE_ALERT_ACKNOWLEDGED ? event->type->fields[FIELD_ALERT_ID] : SLOT_EVENT_ID;
        char id[UUID_TEXT + 1];

        assert(advice[code]);
        uuid_format(&event->slots[slot].u, id);
        return arena_printf(engine->arena, "%s %s: %s; %s", slot == SLOT_EVENT_ID ? "event_id" : "alert_id", id, refusal_meanings[code], advice[code]);
}

/* Which remark, before it is evaluated. */
static enum refusal remark_code(struct engine *engine, const struct casefile *casefile, const struct event *event, bool duplicate, bool *ret_failed) {
        int withdrawn = event->type->fields[FIELD_WITHDRAWN];
        const struct fact_header *header;

        if (duplicate)
                return remark_named(engine, casefile, event, ret_failed);
        if (event->type->known == TYPE_ALERT_ACKNOWLEDGED)
                return remark_acknowledged(engine, casefile, event);
        header = casefile && withdrawn >= 0 ? casefile_find_fact(casefile, &event->slots[withdrawn].u) : NULL;
        return header && event_types_at(engine->config->types, header->type)->known == TYPE_EVENT_WITHDRAWN ? REFUSAL_WITHDRAWN : REFUSAL_NONE;
}

/* *ret: in the arena, or NULL: most have the effect that their source expects. Return: 0 or -ENOMEM. */
static int remark_find(struct engine *engine, const struct casefile *casefile, const struct event *event, bool duplicate, instant_t now,
                       const struct remark **ret) {
        struct remark *remark;
        enum refusal code;
        bool failed = false;

        *ret = NULL;
        code = remark_code(engine, casefile, event, duplicate, &failed);
        if (code == REFUSAL_NONE || failed)
                return failed ? -ENOMEM : 0;
        remark = arena_alloc(engine->arena, sizeof(*remark));
        if (!remark)
                return -ENOMEM;
        *remark = (struct remark){.code = code, .at = now, .event_id = event->slots[SLOT_EVENT_ID].u, .source = event->slots[SLOT_SOURCE].s,
                                  .sentence = remark_say(engine, code, event)};
        *ret = remark;
        return remark->sentence ? 0 : -ENOMEM;
}

/* Which of the years that the calendar does not have a case waits for, the least of them: its place in engine->gaps from 1, behind them any other. */
static unsigned engine_gap(const struct view *v) {
        const struct engine *engine = v->engine;
        unsigned place = 0;

        if (v->lacks == 0)
                return 0;
        while (place < engine->n_gaps && engine->gaps[place] != v->lacks)
                place++;
        return place + 1;
}

/* Due again at the next instant that somebody asked for: it has not come. */
static int engine_schedule(struct view *v) {
        assert(v->next > v->now || v->next == INSTANT_TOUCHED);
        v->casefile->slice = v->next_slice;
        return store_schedule(v->store, v->casefile, v->next);
}

/* Evaluates what an event bears on. Return: 0 or -ENOMEM. */
static int engine_tell_event(struct view *v, struct engine *engine, struct store *store, struct casefile *casefile, struct fresh *fresh, instant_t now) {
        /* All of it was judged, and not later than now: then what the fact bears on is enough. (Not for what the calendar lacks: all is asked anew.) */
        bool judged = casefile->gap == 0 && heap_at(&store->due, &casefile->slot) > now && now >= store->judged_latest;
        const struct bearing *bearing;
        int r;

        fresh->covered = judged && casefile->traits == TRAIT_MEASURE && engine->scope.bearings[fresh->event->type->index].cover > 0 &&
                         fresh_is_covered(engine, casefile, fresh);
        bearing = judged ? bearing_of(&engine->scope, fresh, casefile->traits, casefile->slice) : NULL;
        r = view_open_to_tell(v, engine, store, casefile, fresh, bearing, now);
        if (r)
                return r;
        engine_tell_all(v);
        if (!bearing)
                (void) view_to_be_forgotten(v, true); /* not now: remembers the instant */
        store_gap(store, casefile, engine_gap(v));
        return v->failed ? -ENOMEM : 0;
}

int engine_event(struct engine *engine, struct store *store, const struct event *event, instant_t now, bool tell, const struct outcome **ret,
                 struct error *err) {
        enum acceptance acceptance = ACCEPT_NEW;
        struct fresh fresh = {.event = event};
        struct casefile *casefile;
        const struct remark *remark;
        struct outcome *outcome;
        struct view v;
        int r;

        assert(store->engine == engine && event->type && event->slots);
        arena_reset(engine->arena);
        buffer_clear(&engine->scratch);
        casefile = store_find(store, &event->slots[SLOT_CASE_ID].u);
        r = casefile ? check_in_case(engine, casefile, event, &acceptance, err) : store_closed_refused(store, &event->slots[SLOT_CASE_ID].u, err);
        if (r)
                return r;
        r = remark_find(engine, casefile, event, acceptance == ACCEPT_DUPLICATE, now, &remark);
        if (r)
                return r;
        if (acceptance == ACCEPT_DUPLICATE) {
                engine->outcome = (struct outcome){.duplicate = true, .remark = remark};
                *ret = &engine->outcome;
                return 0;
        }
        r = casefile ? 0 : store_case(store, &event->slots[SLOT_CASE_ID].u, &casefile);
        if (r)
                return r;
        r = store_change(store, casefile);
        if (r)
                return r;
        fresh.traits = fact_traits(&engine->scope, event->type, event->slots);
        if (tell)
                r = engine_tell_event(&v, engine, store, casefile, &fresh, now);
        else
                v = (struct view){.engine = engine, .config = engine->config, .arena = engine->arena, .store = store, .casefile = casefile, .now = now,
                                  .next = INSTANT_TOUCHED};
        if (r)
                return r;
        casefile->expects_more = true;
        r = engine_keep_fact(&v, &fresh);
        if (r)
                return r;
        r = engine_schedule(&v);
        if (r)
                return r;
        outcome = outcome_of(&v);
        outcome->remark = remark;
        outcome->facts = casefile->n_facts;
        *ret = outcome;
        return 0;
}

int engine_evaluate(struct engine *engine, struct store *store, struct casefile *casefile, instant_t now, const struct outcome **ret) {
        bool wait = casefile->expects_more && !store->at_once && heap_at(&store->due, &casefile->slot) == INSTANT_TOUCHED, forgotten;
        struct outcome *outcome;
        struct view v;
        int r;

        assert(store->engine == engine);
        arena_reset(engine->arena);
        buffer_clear(&engine->scratch);
        r = store_change(store, casefile);
        if (r)
                return r;
        r = view_open_to_tell(&v, engine, store, casefile, NULL, NULL, now);
        if (r)
                return r;
        engine_tell_all(&v);
        forgotten = view_to_be_forgotten(&v, wait);
        if (v.failed)
                return -ENOMEM;
        casefile->expects_more = false;
        store_gap(store, casefile, forgotten ? 0 : engine_gap(&v));
        r = forgotten ? view_forget(&v) : engine_schedule(&v);
        if (r)
                return r;
        outcome = outcome_of(&v);
        outcome->forgotten = forgotten;
        *ret = outcome;
        return 0;
}
