/* SPDX-License-Identifier: EUPL-1.2 */

/* Rows into the store, and around each what changes in the indexes with it. */

#include "replica/cases.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "replica/ids.h"
#include "replica/raised.h"
#include "survey/trail.h"
#include "worker/stray.h"

#define CASES_REFERENCE "reference"
#define CASES_CANDIDATES_MAX (4 * REPLICA_HITS_MAX) /* cases that are looked into for one id: few are there for nothing */

struct cases {
        struct engine *engine;
        struct store *store;
        struct ids *ids;
        struct raised *raised;
        struct strays strays;
        int *references; /* by type: the slot of a personal field of that name, or -1 */
        bool short_of_memory; /* an index lacks something, because memory was out */
};

/* -- Made and ended -- */

static int cases_find_references(struct cases *cases) {
        const struct event_types *types = engine_config(cases->engine)->types;
        size_t n = event_types_count(types);

        cases->references = calloc(n + 1, sizeof(*cases->references));
        if (!cases->references)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct event_type *type = event_types_at(types, i);
                int slot = layout_slot(type->layout, CASES_REFERENCE);

                cases->references[type->index] = slot >= 0 && (type->personal & UINT64_C(1) << slot) ? slot : -1;
        }
        return 0;
}

int cases_new(struct engine *engine, struct cases **ret) {
        CLEANUP(cases_free_p) struct cases *cases = calloc(1, sizeof(*cases));

        if (!cases)
                return -ENOMEM;
        cases->engine = engine;
        if (cases_find_references(cases) || store_new(engine, &cases->store) || ids_new(REPLICA_IDS_MAX, &cases->ids) ||
            raised_new(REPLICA_ALERTS_MAX, &cases->raised))
                return -ENOMEM;
        *ret = TAKE(cases);
        return 0;
}

struct cases *cases_free(struct cases *cases) {
        if (!cases)
                return NULL;
        store_free(cases->store);
        ids_free(cases->ids);
        raised_free(cases->raised);
        strays_done(&cases->strays);
        free(cases->references);
        free(cases);
        return NULL;
}

/* -- What the indexes have of a case -- */

static const struct alert *cases_alert(const struct casefile *casefile, const struct uuid *alert_id) {
        for (uint32_t i = 0; casefile && i < casefile->told.n_alerts; i++) {
                if (uuid_equal(&casefile->told.alerts[i].id, alert_id))
                        return &casefile->told.alerts[i];
        }
        return NULL;
}

static struct raised_alert cases_raised(const struct alert *alert, uint32_t of_case) {
        return (struct raised_alert){.since = alert->told_at,
                                     .id = alert->id,
                                     .of_case = of_case,
                                     .organisation = alert->organisation,
                                     .norm = alert->norm,
                                     .rung = alert->rung};
}

static int cases_index_alert(struct cases *cases, uint32_t of_case, const struct alert *alert) {
        int r = ids_put(cases->ids, of_case, &alert->id);

        if (r == 0 && alert->open) {
                const struct raised_alert raised = cases_raised(alert, of_case);

                r = raised_put(cases->raised, &raised);
        }
        return r;
}

static void cases_unindex_alert(struct cases *cases, uint32_t of_case, const struct alert *alert) {
        const struct raised_alert raised = cases_raised(alert, of_case);

        if (alert->open)
                raised_remove(cases->raised, &raised);
}

/* Calls @each for every id of a fact, and for what stands for its reference. Return: 0, or what @each returned, which ends it. */
typedef int cases_id(struct cases *cases, uint32_t of_case, const struct uuid *id);
static int cases_each_id(struct cases *cases, uint32_t of_case, const struct event_type *type, const struct slot *slots, cases_id *each) {
        int reference = cases->references[type->index], r = 0;

        for (size_t i = 0; r == 0 && i < type->layout->n; i++) {
                if (slots[i].kind == SLOT_UUID && i != SLOT_CASE_ID)
                        r = each(cases, of_case, &slots[i].u);
        }
        if (r == 0 && reference >= 0 && slots[reference].kind == SLOT_STRING && slots[reference].s.n) {
                const struct uuid id = ids_of_text(slots[reference].s);

                r = each(cases, of_case, &id);
        }
        return r;
}

static int cases_put_id(struct cases *cases, uint32_t of_case, const struct uuid *id) {
        return ids_put(cases->ids, of_case, id);
}

static int cases_remove_id(struct cases *cases, uint32_t of_case, const struct uuid *id) {
        ids_remove(cases->ids, of_case, id);
        return 0;
}

/* Every id of every fact. Return: as cases_each_id(); -ENOMEM. */
static int cases_each_fact(struct cases *cases, const struct casefile *casefile, uint32_t of_case, cases_id *each) {
        const struct fact_header *header;
        uint32_t offset = 0;
        int r = 0;

        while (r == 0 && (header = casefile_next_fact(casefile, &offset))) {
                const struct slot *slots;

                arena_reset(cases->engine->arena);
                slots = fact_decode(cases->engine, casefile, header);
                r = slots ? cases_each_id(cases, of_case, event_types_at(engine_config(cases->engine)->types, header->type), slots, each) : -ENOMEM;
        }
        return r;
}

/* A case that goes, or stays after all. */
static void cases_unindex(struct cases *cases, const struct casefile *casefile, uint32_t of_case) {
        for (uint32_t i = 0; i < casefile->told.n_alerts; i++) {
                cases_unindex_alert(cases, of_case, &casefile->told.alerts[i]);
                ids_remove(cases->ids, of_case, &casefile->told.alerts[i].id);
        }
        if (cases_each_fact(cases, casefile, of_case, cases_remove_id))
                cases->short_of_memory = true; /* what stays there finds nothing */
}

static int cases_index(struct cases *cases, const struct casefile *casefile, uint32_t of_case) {
        int r = cases_each_fact(cases, casefile, of_case, cases_put_id);

        for (uint32_t i = 0; r == 0 && i < casefile->told.n_alerts; i++)
                r = cases_index_alert(cases, of_case, &casefile->told.alerts[i]);
        return r;
}

/* -- Rows -- */

/* Return: 0; as strays_take(). */
static int cases_take_alert(struct cases *cases, const struct bus_record *row, const struct row_key *key, struct error *err) {
        const struct alert *alert = cases_alert(store_find(cases->store, &key->case_id), &key->id);
        bool known = alert != NULL;
        uint32_t of_case;
        int r;

        if (known && ids_find_case(cases->ids, &key->case_id, &of_case))
                cases_unindex_alert(cases, of_case, alert);
        r = strays_take(&cases->strays, cases->store, row, err);
        alert = r ? NULL : cases_alert(store_find(cases->store, &key->case_id), &key->id);
        if (!alert && known && ids_find_case(cases->ids, &key->case_id, &of_case))
                ids_remove(cases->ids, of_case, &key->id);
        if (!alert)
                return r;
        r = ids_case(cases->ids, &key->case_id, &of_case);
        return r ? r : cases_index_alert(cases, of_case, alert);
}

static int cases_take_fact(struct cases *cases, const struct bus_record *row, const struct row_key *key, struct error *err) {
        struct slot slots[LAYOUT_SLOTS_MAX];
        struct event event;
        uint32_t of_case;
        int r = strays_take(&cases->strays, cases->store, row, err);

        if (r || !store_find(cases->store, &key->case_id) || !trail_read_fact(engine_config(cases->engine)->types, row, slots, &event, NULL))
                return r;
        r = ids_case(cases->ids, &key->case_id, &of_case);
        return r ? r : cases_each_id(cases, of_case, event.type, slots, cases_put_id);
}

static int cases_take_closed(struct cases *cases, const struct bus_record *row, const struct row_key *key, struct error *err) {
        const struct casefile *casefile = row->value ? store_find(cases->store, &key->case_id) : NULL;
        uint32_t of_case;
        int r;

        if (!casefile || !ids_find_case(cases->ids, &key->case_id, &of_case))
                return strays_take(&cases->strays, cases->store, row, err);
        cases_unindex(cases, casefile, of_case);
        r = strays_take(&cases->strays, cases->store, row, err);
        casefile = store_find(cases->store, &key->case_id);
        if (casefile) /* the row says nothing */
                return r ? r : cases_index(cases, casefile, of_case);
        ids_drop_case(cases->ids, of_case);
        return r;
}

int cases_take(struct cases *cases, const struct bus_record *row, struct error *err) {
        struct row_key key;
        int r;

        if (row_key_read(row->key, row->key_n, &key))
                return strays_take(&cases->strays, cases->store, row, err);
        switch (key.kind) {
        case ROW_FACT:
                r = cases_take_fact(cases, row, &key, err);
                break;
        case ROW_ALERT:
                r = cases_take_alert(cases, row, &key, err);
                break;
        case ROW_CLOSED:
                r = cases_take_closed(cases, row, &key, err);
                break;
        default:
                r = strays_take(&cases->strays, cases->store, row, err);
        }
        if (r == -ENOMEM)
                error_set(err, "out of memory while case-state was read");
        return r;
}

int cases_enliven(struct cases *cases) {
        return store_enliven(cases->store, NULL, NULL, INSTANT_TOUCHED);
}

size_t cases_strays(const struct cases *cases, struct error *ret_why) {
        const struct stray *first;

        if (!ret_why)
                return cases->strays.by_key.n;
        first = strays_first(&cases->strays);
        error_set(ret_why, "%s", "");
        if (first)
                strays_say(first, ret_why);
        return cases->strays.by_key.n;
}

bool cases_are_whole(const struct cases *cases) {
        struct replica_open open = raised_counts(cases->raised);

        return !cases->short_of_memory && ids_stats(cases->ids).whole && raised_indexed(cases->raised) == (size_t)open.all;
}

struct store *cases_store(struct cases *cases) {
        return cases->store;
}

/* -- Finding -- */

/* As what the id stands in a fact of the case. NULL: it does not. */
static const char *cases_field_in_facts(struct cases *cases, const struct casefile *casefile, const struct uuid *id) {
        const struct event_types *types = engine_config(cases->engine)->types;
        const struct fact_header *header;
        uint32_t offset = 0;

        while ((header = casefile_next_fact(casefile, &offset))) {
                const struct layout *layout = event_types_at(types, header->type)->layout;
                const struct slot *slots;

                arena_reset(cases->engine->arena);
                slots = fact_decode(cases->engine, casefile, header);
                for (size_t i = 0; slots && i < layout->n; i++) {
                        if (slots[i].kind == SLOT_UUID && i != SLOT_CASE_ID && uuid_equal(&slots[i].u, id))
                                return layout->fields[i].name;
                }
        }
        return NULL;
}

static const char *cases_field(struct cases *cases, const struct casefile *casefile, const struct uuid *id) {
        if (casefile_find_fact(casefile, id))
                return "event_id";
        if (cases_alert(casefile, id))
                return "alert_id";
        return cases_field_in_facts(cases, casefile, id);
}

static bool cases_is_hit(const struct replica_hit *hits, size_t n, const struct uuid *case_id) {
        for (size_t i = 0; i < n; i++) {
                if (uuid_equal(&hits[i].case_id, case_id))
                        return true;
        }
        return false;
}

size_t cases_find(struct cases *cases, const struct uuid *id, struct replica_hit ret[REPLICA_HITS_MAX]) {
        uint32_t numbers[CASES_CANDIDATES_MAX];
        size_t n = 0, candidates = ids_cases(cases->ids, id, numbers, CASES_CANDIDATES_MAX);

        if (store_find(cases->store, id))
                ret[n++] = (struct replica_hit){*id, "case_id"};
        for (size_t i = 0; i < candidates && n < REPLICA_HITS_MAX; i++) {
                const struct uuid *case_id = ids_case_id(cases->ids, numbers[i]);
                const struct casefile *casefile = store_find(cases->store, case_id);
                const char *field = casefile && !cases_is_hit(ret, n, case_id) ? cases_field(cases, casefile, id) : NULL;

                if (field)
                        ret[n++] = (struct replica_hit){*case_id, field};
        }
        return n;
}

static bool cases_has_reference(struct cases *cases, const struct casefile *casefile, struct text reference) {
        const struct fact_header *header;
        uint32_t offset = 0;

        while ((header = casefile_next_fact(casefile, &offset))) {
                int slot = cases->references[header->type];
                const struct slot *slots;

                if (slot < 0)
                        continue;
                arena_reset(cases->engine->arena);
                slots = fact_decode(cases->engine, casefile, header);
                if (slots && slots[slot].kind == SLOT_STRING && text_equal(slots[slot].s, reference))
                        return true;
        }
        return false;
}

size_t cases_find_reference(struct cases *cases, struct text reference, struct replica_hit ret[REPLICA_HITS_MAX]) {
        const struct uuid id = ids_of_text(reference);
        uint32_t numbers[CASES_CANDIDATES_MAX];
        size_t n = 0, candidates = reference.n ? ids_cases(cases->ids, &id, numbers, CASES_CANDIDATES_MAX) : 0;

        for (size_t i = 0; i < candidates && n < REPLICA_HITS_MAX; i++) {
                const struct uuid *case_id = ids_case_id(cases->ids, numbers[i]);
                const struct casefile *casefile = store_find(cases->store, case_id);

                if (casefile && !cases_is_hit(ret, n, case_id) && cases_has_reference(cases, casefile, reference))
                        ret[n++] = (struct replica_hit){*case_id, CASES_REFERENCE};
        }
        return n;
}

/* -- Open alerts -- */

/* Of "protocol|norm". */
static void cases_norm(const struct cases *cases, uint32_t word, struct text *ret_protocol, struct text *ret_norm) {
        struct text text = pool_text(&cases->engine->pool, word);
        const char *bar = memchr(text.s, '|', text.n);

        assert(bar);
        *ret_protocol = (struct text){text.s, (size_t)(bar - text.s)};
        *ret_norm = (struct text){bar + 1, text.n - ret_protocol->n - 1};
}

static const struct organisation *cases_organisation(const struct cases *cases, uint32_t word) {
        return organisations_find(engine_config(cases->engine)->organisations, pool_text(&cases->engine->pool, word));
}

struct cases_filter { /* what is asked, as numbers */
        const struct replica_alerts_filter *asked;
        const struct cases *cases;
        const struct raised_pair *pairs;
        uint32_t organisation, of_case;
        bool none; /* nothing can pass */
        bool any;  /* all of them do */
};

static struct cases_filter cases_filter(const struct cases *cases, const struct replica_alerts_filter *asked) {
        struct cases_filter f = {.asked = asked, .cases = cases};
        size_t n;

        f.pairs = raised_pairs(cases->raised, &n);
        f.any = !asked->organisation && !asked->protocol.n && !asked->norm.n && !asked->rung && !asked->case_id && !asked->before;
        if (asked->organisation) {
                f.organisation = pool_find(&cases->engine->pool, text_of(asked->organisation->id));
                f.none = f.organisation == POOL_NONE;
        }
        if (asked->case_id && !ids_find_case(cases->ids, asked->case_id, &f.of_case))
                f.none = true;
        return f;
}

static bool cases_passes(const struct cases_filter *f, const struct raised_entry *entry) {
        const struct replica_alerts_filter *asked = f->asked;
        const struct raised_pair *pair = &f->pairs[entry->pair];
        struct text protocol, norm;

        if ((asked->rung && (int)entry->rung != asked->rung) || (asked->organisation && pair->organisation != f->organisation) ||
            (asked->case_id && entry->of_case != f->of_case))
                return false;
        if (!asked->protocol.n && !asked->norm.n)
                return true;
        cases_norm(f->cases, pair->norm, &protocol, &norm);
        return (!asked->protocol.n || text_equal(protocol, asked->protocol)) && (!asked->norm.n || text_equal(norm, asked->norm));
}

/* Gives one to @see. */
static void cases_show_alert(const struct cases *cases, const struct raised_entry *entry, void (*see)(void *ctx, const struct replica_alert *alert),
                             void *ctx) {
        const struct pool *pool = &cases->engine->pool;
        const struct alert *alert = cases_alert(store_find(cases->store, ids_case_id(cases->ids, entry->of_case)), &entry->id);
        char instance[INSTANCE_TEXT_MAX];
        struct replica_alert shown;

        assert(alert && alert->open);
        shown = (struct replica_alert){.alert_id = alert->id,
                                       .case_id = *ids_case_id(cases->ids, entry->of_case),
                                       .organisation = cases_organisation(cases, alert->organisation),
                                       .organisation_id = pool_text(pool, alert->organisation),
                                       .role = pool_text(pool, alert->role),
                                       .due_date = alert->due,
                                       .rung = alert->rung,
                                       .since = alert->told_at,
                                       .times_raised = alert->raised};
        cases_norm(cases, alert->norm, &shown.protocol, &shown.norm);
        instance_key_format(pool, &alert->instance, instance);
        shown.instance = text_of(instance);
        see(ctx, &shown);
}

/* Whether it stands behind where the last page ended. */
static bool cases_is_behind(const struct raised_entry *entry, const struct replica_alert *after) {
        if (!after || entry->since != after->since)
                return !after || entry->since > after->since;
        return uuid_compare(&entry->id, &after->alert_id) > 0;
}

void cases_alerts(struct cases *cases, const struct replica_alerts_filter *filter, const struct replica_alert *after, size_t limit,
                  void (*see)(void *ctx, const struct replica_alert *alert), void *ctx, struct replica_alerts_page *ret) {
        const struct cases_filter f = cases_filter(cases, filter);
        struct raised_at at = f.any && after ? raised_from(cases->raised, after->since, &after->alert_id) : raised_from(cases->raised, 0, NULL);
        const struct raised_entry *entry;

        *ret = (struct replica_alerts_page){0};
        while (!f.none && (entry = raised_next(cases->raised, &at))) {
                if (filter->before && entry->since >= filter->before)
                        break;
                if (!cases_passes(&f, entry))
                        continue;
                ret->matched++;
                if (!cases_is_behind(entry, after))
                        continue;
                ret->more = ret->n == limit;
                if (ret->more && f.any)
                        break;
                if (ret->more)
                        continue;
                cases_show_alert(cases, entry, see, ctx);
                ret->n++;
        }
        if (f.any)
                ret->matched = (size_t)raised_counts(cases->raised).all;
}

static void cases_add_open(struct replica_open *sum, const struct replica_open *open) {
        sum->all += open->all;
        for (size_t i = 0; i < REPLICA_RUNGS; i++)
                sum->by_rung[i] += open->by_rung[i];
        if (open->oldest && (!sum->oldest || open->oldest < sum->oldest))
                sum->oldest = open->oldest;
}

void cases_open_alerts(struct cases *cases, const struct organisation *of, struct replica_open *ret) {
        uint32_t word = of ? pool_find(&cases->engine->pool, text_of(of->id)) : POOL_NONE;
        const struct raised_pair *pairs;
        size_t n;

        if (!of) {
                *ret = raised_counts(cases->raised);
                return;
        }
        *ret = (struct replica_open){0};
        raised_age(cases->raised);
        pairs = raised_pairs(cases->raised, &n);
        for (size_t i = 0; i < n; i++) {
                if (pairs[i].organisation == word)
                        cases_add_open(ret, &pairs[i].open);
        }
}

void cases_open_each(struct cases *cases, void (*see)(void *ctx, const struct organisation *of, struct text protocol, struct text norm,
                                                      const struct replica_open *open), void *ctx) {
        const struct raised_pair *pairs;
        size_t n;

        raised_age(cases->raised);
        pairs = raised_pairs(cases->raised, &n);
        for (size_t i = 0; i < n; i++) {
                struct text protocol, norm;

                if (!pairs[i].open.all)
                        continue;
                cases_norm(cases, pairs[i].norm, &protocol, &norm);
                see(ctx, cases_organisation(cases, pairs[i].organisation), protocol, norm, &pairs[i].open);
        }
}

void cases_memory(struct cases *cases, struct replica_memory *ret) {
        struct ids_stats ids = ids_stats(cases->ids);

        *ret = (struct replica_memory){.store = store_stats(cases->store).bytes,
                                       .ids = ids.bytes,
                                       .ids_n = ids.n,
                                       .alerts = raised_bytes(cases->raised),
                                       .alerts_n = raised_indexed(cases->raised)};
}

size_t cases_index_bytes(const struct cases *cases) {
        return ids_stats(cases->ids).bytes + raised_bytes(cases->raised);
}
