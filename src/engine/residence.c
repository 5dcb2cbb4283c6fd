/* SPDX-License-Identifier: EUPL-1.2 */

/* Which municipality is responsible on a date, and which protocols hold there. */

#include <string.h>

#include "engine/residence.h"

static int by_date(const void *a, const void *b) {
        const struct statement *x = a, *y = b;

        if (x->date != y->date)
                return x->date < y->date ? -1 : 1;
        if (x->fact->recorded_at != y->fact->recorded_at)
                return x->fact->recorded_at < y->fact->recorded_at ? -1 : 1;
        return uuid_compare(&x->fact->event_id, &y->fact->event_id);
}

/* PLACED never changes who is responsible (woonplaatsbeginsel since 2022). */
static bool is_placed(const struct fact *fact) {
        int slot = fact->type->fields[FIELD_BASIS];
        const struct layout_field *field;

        if (fact->type->known != TYPE_RESIDENCE_CHANGED || slot < 0 || fact->slots[slot].kind != SLOT_INT)
                return false;
        field = &fact->type->layout->fields[slot];
        return (size_t)fact->slots[slot].i < field->n_symbols && strcmp(field->symbols[fact->slots[slot].i], "PLACED") == 0;
}

static void add_statements(struct view *v, const struct fact_list *list) {
        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];

                if (is_placed(fact) || fact->own == DAY_NONE)
                        continue;
                v->statements[v->n_statements++] = (struct statement){.date = fact->own, .fact = fact};
        }
}

/* The earliest fact of another kind that has a municipality: by own date, then event_id. */
static const struct organisation *find_elsewhere(struct view *v) {
        const struct fact *best = NULL;

        for (size_t i = 0; i < v->n; i++) {
                const struct fact *fact = &v->facts[i];

                if (!fact->counts || is_placed(fact) || fact_text(fact, FIELD_MUNICIPALITY).n == 0 || fact->own == DAY_NONE)
                        continue;
                if (!best || fact->own < best->own || (fact->own == best->own && uuid_compare(&fact->event_id, &best->event_id) < 0))
                        best = fact;
        }
        return best ? organisations_find(v->config->organisations, fact_text(best, FIELD_MUNICIPALITY)) : NULL;
}

void view_residence(struct view *v) {
        const struct fact_list *moves = view_known(v, TYPE_RESIDENCE_CHANGED), *starts = view_known(v, TYPE_MEASURE_STARTED);

        v->statements = view_alloc(v, moves->n + starts->n, sizeof(*v->statements));
        if (!v->statements)
                return;
        add_statements(v, moves);
        add_statements(v, starts);
        if (v->n_statements > 1)
                qsort(v->statements, v->n_statements, sizeof(*v->statements), by_date);
        if (v->n_statements == 0)
                v->elsewhere = find_elsewhere(v);
}

/* Today, the validity of an organisation's rows may end or begin later: the case is looked at again then. */
static void note_changes(struct view *v, const struct organisation *org) {
        for (unsigned step = 0; org && step <= SUCCESSORS_MAX; step++) {
                const struct organisation *successor = NULL;

                for (const struct organisation *row = org; row; row = row->next) {
                        if (row->from > v->today)
                                (void) view_reached(v, date_begin(row->from));
                        if (row->until != INT32_MAX && row->until >= v->today)
                                (void) view_reached(v, date_over(row->until));
                        successor = row->successor;
                }
                org = successor;
        }
}

const struct organisation *view_follow(struct view *v, const struct organisation *org, day_t date, bool present) {
        if (!org)
                return NULL;
        if (present)
                note_changes(v, org);
        return organisation_follow(org, date);
}

const struct organisation *view_municipality(struct view *v, day_t date, bool present) {
        const struct organisation *org = v->elsewhere;
        size_t at = 0;

        if (v->n_statements) {
                while (at < v->n_statements && v->statements[at].date <= date)
                        at++;
                if (present && at < v->n_statements)
                        (void) view_begun(v, v->statements[at].date);
                org = statement_municipality(v, &v->statements[at ? at - 1 : 0]);
        }
        return view_follow(v, org, date, present);
}

static const struct fact *measure_of(const struct view *v, const struct fact *fact) {
        const struct fact_list *measures = view_known(v, TYPE_MEASURE_STARTED);
        const struct fact *latest = NULL;
        int link = fact ? fact->type->links[LINK_MEASURE] : -1;

        for (size_t i = 0; i < measures->n; i++) {
                const struct fact *m = measures->items[i];

                if (link >= 0 && slot_equal(&m->slots[m->type->links[LINK_MEASURE]], &fact->slots[link]))
                        return m;
                if (!latest || m->own > latest->own || (m->own == latest->own && uuid_compare(&m->event_id, &latest->event_id) > 0))
                        latest = m;
        }
        return latest;
}

const struct organisation *view_gi(const struct view *v, const struct fact *start) {
        const struct fact *measure = measure_of(v, start);
        const struct organisation *source;

        if (measure)
                return organisations_find(v->config->organisations, fact_text(measure, FIELD_GI));
        source = start ? fact_source(v, start) : NULL;
        return source && source->kind == KIND_GI ? source : NULL;
}

static bool in_regions(const struct protocol *protocol, const struct region *region) {
        if (protocol->n_regions == 0)
                return true;
        for (size_t i = 0; region && i < protocol->n_regions; i++) {
                if (region_within(region, protocol->regions[i]))
                        return true;
        }
        return false;
}

static bool is_partner(const struct protocol *protocol, const struct organisation *org, day_t date) {
        for (size_t i = 0; org && i < protocol->n_partners; i++) {
                const struct partner *partner = &protocol->partners[i];

                if (partner->organisation->index == org->index && partner->from <= date && date <= partner->until)
                        return true;
        }
        return false;
}

bool view_holds(struct view *v, const struct protocol *protocol, day_t date, const struct fact *start) {
        const struct organisation *municipality;

        if (date < protocol->from || date > protocol->until)
                return false;
        if (v->region) /* partners bind what is done for a child; a region's own agreements hold for all of it */
                return in_regions(protocol, v->region);
        if (protocol->n_regions == 0 && !protocol->has_partners)
                return true;
        if (v->asked.date != date) {
                v->asked.municipality = view_municipality(v, date, false);
                v->asked.date = date;
        }
        municipality = v->asked.municipality;
        if (!in_regions(protocol, municipality ? municipality->region : NULL))
                return false;
        return !protocol->has_partners || (is_partner(protocol, municipality, date) && is_partner(protocol, view_gi(v, start), date));
}
