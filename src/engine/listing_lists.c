/* SPDX-License-Identifier: EUPL-1.2 */

/* The lists about help and protection: obstructions, waiting children, unprotected children, handovers, late verdicts. */

#include "engine/listing_lists.h"

#include <string.h>

#define STEPS_MAX 64 /* of one obstruction that are shown */

/* --- what they share --- */

/* The earliest joined fact of a type whose own date lies in @from … today; NULL. */
static const struct fact *first_joined(struct listing_run *run, const struct obligation *o, const char *type, day_t from) {
        const struct fact_list *list = listing_facts(run, type);
        const struct fact *first = NULL;

        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];

                if (fact->own == DAY_NONE || fact->own < from || fact->own > run->view.today || !obligation_joins(o, fact))
                        continue;
                if (!first || fact->own < first->own || (fact->own == first->own && uuid_compare(&fact->event_id, &first->event_id) < 0))
                        first = fact;
        }
        return first;
}

/* The counting fact of a type whose field has the same id as that of @fact; NULL. */
static const struct fact *same_id(struct listing_run *run, const struct fact *fact, const char *type, const char *field) {
        const struct fact_list *list = listing_facts(run, type);
        const struct slot *id = listing_slot(fact, field);

        for (size_t i = 0; id && id->kind == SLOT_UUID && i < list->n; i++) {
                const struct slot *other = listing_slot(list->items[i], field);

                if (other && slot_equal(id, other))
                        return list->items[i];
        }
        return NULL;
}

static void set_days(struct listing_entry *entry, int column, int64_t days) {
        entry->has_days = true;
        entry->days = days;
        entry->cells[column] = cell_int(days);
}

static void set_where(struct listing_entry *entry, int first, const struct listing_scope *scope) {
        entry->cells[first] = cell_organisation(scope->gi);
        entry->cells[first + 1] = cell_organisation(scope->municipality);
        entry->cells[first + 2] = cell_region(scope->region);
}
#define WHERE_COLUMNS {"gi", "GI", COLUMN_PLAIN}, {"municipality", "gemeente", COLUMN_PLAIN}, {"region", "regio", COLUMN_PLAIN}

/* Each counting fact of the spec's type that has begun by today and is wanted. */
static void each_start(struct listing_run *run, void (*add)(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope)) {
        const struct fact_list *list = listing_facts(run, run->spec->starts);

        for (size_t i = 0; i < list->n && !run->failed; i++) {
                struct obligation o = listing_about(list->items[i], list->items[i]->own);
                struct listing_scope scope;

                if (o.from == DAY_NONE || o.from > run->view.today)
                        continue;
                scope = listing_scope_of(run, &o);
                if (listing_wants(run, &o, &scope))
                        add(run, &o, &scope);
        }
}

/* --- obstructions --- */

enum {
        O_REPORTED, O_KIND, O_CARE_CONTENT, O_BY, O_GI, O_MUNICIPALITY, O_REGION, O_PROVIDER, O_PRODUCT, O_REQUESTED, O_TAKEN, O_RESOLVED, O_HELP_FOUND,
        O_DAYS, O_CASE, O_ID, O_COLUMNS,
};
static const struct listing_column obstruction_columns[O_COLUMNS] = {
        {"reported_on", "gemeld", COLUMN_PLAIN},
        {"kind", "soort", COLUMN_PLAIN},
        {"care_content", "zorginhoudelijk", COLUMN_PLAIN},
        {"reported_by", "door", COLUMN_PLAIN},
        WHERE_COLUMNS,
        {"provider", "aanbieder", COLUMN_PLAIN},
        {"product", "product", COLUMN_PLAIN},
        {"steps_requested", "stappen gevraagd", COLUMN_PLAIN},
        {"steps_taken", "stappen gezet", COLUMN_PLAIN},
        {"resolved_on", "opgelost", COLUMN_PLAIN},
        {"help_found", "hulp gevonden", COLUMN_PLAIN},
        {"open_days", "dagen open", COLUMN_PLAIN},
        {"case_id", "zaak", COLUMN_PLAIN},
        {"obstruction_id", "kenmerk", COLUMN_MACHINE},
};
static const int obstruction_sort[] = {O_REPORTED + 1, O_CASE + 1, 0};

static int by_date(const void *a, const void *b) {
        const struct listing_item *x = a, *y = b;

        return x->date != y->date ? (x->date < y->date ? -1 : 1) : strcmp(x->word, y->word);
}

static struct listing_cell steps_of(struct listing_run *run, const struct obligation *o, const char *type) {
        const struct fact_list *list = listing_facts(run, type);
        struct listing_cell cell = {.kind = CELL_LIST};
        struct listing_item *items = arena_calloc(run->arena, STEPS_MAX, sizeof(*items));

        run->failed |= !items;
        for (size_t i = 0; items && i < list->n && cell.list.n < STEPS_MAX; i++) {
                const struct fact *fact = list->items[i];
                const struct slot *agreed = listing_slot(fact, "agreed");
                struct listing_cell step;

                if (fact->own == DAY_NONE || fact->own > run->view.today || !obligation_joins(o, fact))
                        continue;
                step = cell_field(run, fact, "step");
                if (step.kind == CELL_TEXT)
                        items[cell.list.n++] = (struct listing_item){.word = step.text, .date = fact->own, .has_agreed = agreed, .agreed = agreed && agreed->i};
        }
        if (cell.list.n)
                qsort(items, cell.list.n, sizeof(*items), by_date);
        cell.list.items = items;
        return cell;
}

static void add_obstruction(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope) {
        const struct fact *resolved = first_joined(run, o, "obstruction-resolved", INT32_MIN);
        const struct fact *referral = same_id(run, o->start, "referral-issued", "referral_id");
        const struct slot *found = resolved ? listing_slot(resolved, "help_found") : NULL;
        struct listing_entry *entry = listing_add(run);

        if (!entry)
                return;
        entry->by = listing_by_value(run, o, scope, NULL);
        entry->flags[0] = resolved != NULL;
        entry->flags[1] = found && found->i;
        entry->cells[O_REPORTED] = cell_date(o->from);
        entry->cells[O_KIND] = cell_field(run, o->start, "kind");
        entry->cells[O_CARE_CONTENT] = cell_field(run, o->start, "care_content");
        entry->cells[O_BY] = cell_source(run, o->start);
        set_where(entry, O_GI, scope);
        entry->cells[O_PROVIDER] = cell_field(run, referral, "provider");
        entry->cells[O_PRODUCT] = cell_field(run, referral, "product");
        entry->cells[O_REQUESTED] = steps_of(run, o, "obstruction-step-requested");
        entry->cells[O_TAKEN] = steps_of(run, o, "obstruction-step-taken");
        entry->cells[O_RESOLVED] = cell_date(resolved ? resolved->own : DAY_NONE);
        entry->cells[O_HELP_FOUND] = cell_field(run, resolved, "help_found");
        set_days(entry, O_DAYS, (resolved ? resolved->own : run->view.today) - o->from);
        entry->cells[O_CASE] = cell_uuid(run, &entry->case_id);
        entry->cells[O_ID] = cell_field(run, o->start, "obstruction_id");
}

static void collect_obstructions(struct listing_run *run) {
        each_start(run, add_obstruction);
}

const struct listing_spec listing_obstructions = {
        .columns = obstruction_columns, .n_columns = O_COLUMNS, .sort = obstruction_sort, .collect = collect_obstructions, .starts = "obstruction-reported",
        .flags = {{"resolved", "opgelost", COLUMN_PLAIN}, {"help_found", "hulp gevonden", COLUMN_PLAIN}},
};

/* --- children who wait --- */

enum { W_SINCE, W_DAYS, W_REASON, W_EXPECTED, W_GI, W_MUNICIPALITY, W_REGION, W_PROVIDER, W_PRODUCT, W_CASE, W_MEASURE, W_REFERRAL, W_COLUMNS };
static const struct listing_column waiting_columns[W_COLUMNS] = {
        {"waiting_since", "wacht sinds", COLUMN_PLAIN},
        {"days", "dagen", COLUMN_PLAIN},
        {"reason", "oorzaak", COLUMN_PLAIN},
        {"expected_on", "verwacht op", COLUMN_PLAIN},
        WHERE_COLUMNS,
        {"provider", "aanbieder", COLUMN_PLAIN},
        {"product", "product", COLUMN_PLAIN},
        {"case_id", "zaak", COLUMN_PLAIN},
        {"measure_id", "maatregel", COLUMN_MACHINE},
        {"referral_id", "bepaling", COLUMN_MACHINE},
};
static const int waiting_sort[] = {W_SINCE + 1, W_CASE + 1, 0};

/* Help that started, or a referral that was closed, before the waiting began has not ended it; a measure that is over has. */
static bool waits(struct listing_run *run, const struct fact *fact) {
        struct obligation o = listing_about(fact, fact->own);

        return !first_joined(run, &o, "help-started", fact->own) && !first_joined(run, &o, "referral-closed", fact->own) &&
               !same_id(run, fact, "referral-closed", "referral_id") && !first_joined(run, &o, "measure-ended", INT32_MIN);
}

static bool same_wait(const struct fact *a, const struct fact *b) {
        const struct slot *measure_a = listing_slot(a, "measure_id"), *measure_b = listing_slot(b, "measure_id");
        const struct slot *referral_a = listing_slot(a, "referral_id"), *referral_b = listing_slot(b, "referral_id");

        return measure_a && measure_b && slot_equal(measure_a, measure_b) && referral_a && referral_b && slot_equal(referral_a, referral_b);
}

static bool is_later(const struct fact *a, const struct fact *b) {
        if (a->own != b->own)
                return a->own > b->own;
        return a->recorded_at != b->recorded_at ? a->recorded_at > b->recorded_at : uuid_compare(&a->event_id, &b->event_id) > 0;
}

static void add_waiting(struct listing_run *run, const struct fact *latest, day_t since) {
        struct obligation o = listing_about(latest, since);
        struct listing_scope scope = listing_scope_of(run, &o);
        const struct fact *referral;
        struct listing_entry *entry;

        if (!listing_wants(run, &o, &scope))
                return;
        entry = listing_add(run);
        if (!entry)
                return;
        referral = same_id(run, latest, "referral-issued", "referral_id");
        entry->by = listing_by_value(run, &o, &scope, NULL);
        entry->cells[W_SINCE] = cell_date(since);
        set_days(entry, W_DAYS, run->view.today - since);
        entry->cells[W_REASON] = cell_field(run, latest, "reason");
        entry->cells[W_EXPECTED] = cell_field(run, latest, "expected_on");
        set_where(entry, W_GI, &scope);
        entry->cells[W_PROVIDER] = cell_field(run, referral, "provider");
        entry->cells[W_PRODUCT] = cell_field(run, referral, "product");
        entry->cells[W_CASE] = cell_uuid(run, &entry->case_id);
        entry->cells[W_MEASURE] = cell_field(run, latest, "measure_id");
        entry->cells[W_REFERRAL] = cell_field(run, latest, "referral_id");
}

/* One line per measure and referral: since the first word of it, with the reason that was given last. */
static void collect_waiting(struct listing_run *run) {
        const struct fact_list *list = listing_facts(run, run->spec->starts);

        for (size_t i = 0; i < list->n && !run->failed; i++) {
                const struct fact *latest = list->items[i];
                day_t since = latest->own;
                bool first = true;

                if (latest->own == DAY_NONE || latest->own > run->view.today || !waits(run, latest))
                        continue;
                for (size_t j = 0; j < list->n; j++) {
                        const struct fact *other = list->items[j];

                        if (j == i || !same_wait(latest, other) || other->own == DAY_NONE || other->own > run->view.today || !waits(run, other))
                                continue;
                        first &= !is_later(other, list->items[i]);
                        if (other->own < since)
                                since = other->own;
                }
                if (first)
                        add_waiting(run, latest, since);
        }
}

const struct listing_spec listing_waiting = {
        .columns = waiting_columns, .n_columns = W_COLUMNS, .sort = waiting_sort, .collect = collect_waiting, .starts = "help-waitlisted",
};

/* --- children who are not protected enough --- */

enum { U_REGION, U_MUNICIPALITY, U_REPORTED, U_DAYS, U_BY, U_GI, U_CASE, U_CONCERN, U_COLUMNS };
static const struct listing_column unprotected_columns[U_COLUMNS] = {
        {"region", "regio", COLUMN_PLAIN},
        {"municipality", "gemeente", COLUMN_GROUP},
        {"reported_on", "gemeld", COLUMN_PLAIN},
        {"days", "dagen", COLUMN_PLAIN},
        {"reported_by", "door", COLUMN_PLAIN},
        {"gi", "GI", COLUMN_PLAIN},
        {"case_id", "zaak", COLUMN_PLAIN},
        {"concern_id", "kenmerk", COLUMN_MACHINE},
};
static const int unprotected_sort[] = {U_REGION + 1, U_MUNICIPALITY + 1, U_REPORTED + 1, U_CASE + 1, 0};

static void add_unprotected(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope) {
        struct listing_entry *entry;

        if (first_joined(run, o, "child-protected-again", INT32_MIN))
                return;
        entry = listing_add(run);
        if (!entry)
                return;
        entry->by = listing_by_value(run, o, scope, NULL);
        entry->cells[U_REGION] = cell_region(scope->region);
        entry->cells[U_MUNICIPALITY] = cell_organisation(scope->municipality);
        entry->cells[U_REPORTED] = cell_date(o->from);
        set_days(entry, U_DAYS, run->view.today - o->from);
        entry->cells[U_BY] = cell_source(run, o->start);
        entry->cells[U_GI] = cell_organisation(scope->gi);
        entry->cells[U_CASE] = cell_uuid(run, &entry->case_id);
        entry->cells[U_CONCERN] = cell_field(run, o->start, "concern_id");
}

static void collect_unprotected(struct listing_run *run) {
        each_start(run, add_unprotected);
}

const struct listing_spec listing_unprotected = {
        .columns = unprotected_columns, .n_columns = U_COLUMNS, .sort = unprotected_sort, .collect = collect_unprotected,
        .starts = "child-unprotected-reported",
};

/* --- handovers --- */

enum { H_ENDED, H_REASON, H_KIND, H_GI, H_MUNICIPALITY, H_REGION, H_HELD, H_DAYS, H_MISSING, H_CASE, H_MEASURE, H_COLUMNS };
static const struct listing_column handover_columns[H_COLUMNS] = {
        {"ended_on", "geëindigd", COLUMN_PLAIN},
        {"reason", "reden", COLUMN_PLAIN},
        {"kind", "maatregel", COLUMN_PLAIN},
        WHERE_COLUMNS,
        {"held_on", "overgedragen", COLUMN_PLAIN},
        {"days", "dagen", COLUMN_PLAIN},
        {"missing", "ontbreekt", COLUMN_PLAIN},
        {"case_id", "zaak", COLUMN_PLAIN},
        {"measure_id", "kenmerk", COLUMN_MACHINE},
};
static const int handover_sort[] = {H_ENDED + 1, H_CASE + 1, 0};

static const char *const handover_parts[] = {"with_local_team", "with_receiver", "with_family", "results", "risks", "relapse", "network"};

/* Whether any of the handovers held by today had this part. */
static bool had_part(struct listing_run *run, const struct obligation *o, const char *part) {
        const struct fact_list *list = listing_facts(run, "handover-held");

        for (size_t i = 0; i < list->n; i++) {
                const struct fact *fact = list->items[i];
                const struct slot *slot = listing_slot(fact, part);

                if (slot && slot->kind == SLOT_BOOLEAN && slot->i && fact->own <= run->view.today && obligation_joins(o, fact))
                        return true;
        }
        return false;
}

static struct listing_cell missing_parts(struct listing_run *run, const struct obligation *o) {
        struct listing_cell cell = {.kind = CELL_LIST};
        struct listing_item *items = arena_calloc(run->arena, ELEMENTS(handover_parts), sizeof(*items));

        run->failed |= !items;
        for (size_t i = 0; items && i < ELEMENTS(handover_parts); i++) {
                if (!had_part(run, o, handover_parts[i]))
                        items[cell.list.n++] = (struct listing_item){.word = handover_parts[i], .date = DAY_NONE};
        }
        cell.list.items = items;
        return cell;
}

static void add_handover(struct listing_run *run, const struct obligation *o, const struct listing_scope *scope) {
        const struct fact *held = first_joined(run, o, "handover-held", INT32_MIN);
        const struct fact *measure = same_id(run, o->start, "measure-started", "measure_id");
        struct listing_entry *entry = listing_add(run);

        if (!entry)
                return;
        entry->by = listing_by_value(run, o, scope, NULL);
        entry->cells[H_ENDED] = cell_date(o->from);
        entry->cells[H_REASON] = cell_field(run, o->start, "reason");
        entry->cells[H_KIND] = cell_field(run, measure, "kind");
        set_where(entry, H_GI, scope);
        entry->cells[H_MISSING] = missing_parts(run, o);
        entry->flags[0] = held != NULL;
        entry->flags[1] = held && entry->cells[H_MISSING].list.n == 0;
        if (held) {
                entry->cells[H_HELD] = cell_date(held->own);
                set_days(entry, H_DAYS, held->own - o->from);
        }
        entry->cells[H_CASE] = cell_uuid(run, &entry->case_id);
        entry->cells[H_MEASURE] = cell_field(run, o->start, "measure_id");
}

static void collect_handovers(struct listing_run *run) {
        each_start(run, add_handover);
}

const struct listing_spec listing_handover = {
        .columns = handover_columns, .n_columns = H_COLUMNS, .sort = handover_sort, .collect = collect_handovers, .starts = "measure-ended",
        .flags = {{"held", "overgedragen", COLUMN_PLAIN}, {"complete", "volledig", COLUMN_PLAIN}},
};

/* --- verdicts that came late --- */

enum { V_VERDICT, V_INFORMED, V_DAYS, V_KIND, V_GI, V_MUNICIPALITY, V_REGION, V_CASE, V_MEASURE, V_COLUMNS };
static const struct listing_column verdict_columns[V_COLUMNS] = {
        {"verdict_date", "uitspraak", COLUMN_PLAIN},
        {"informed_date", "bekend bij GI", COLUMN_PLAIN},
        {"days", "dagen", COLUMN_PLAIN},
        {"kind", "maatregel", COLUMN_PLAIN},
        WHERE_COLUMNS,
        {"case_id", "zaak", COLUMN_PLAIN},
        {"measure_id", "kenmerk", COLUMN_MACHINE},
};
static const int verdict_sort[] = {-(V_DAYS + 1), V_VERDICT + 1, V_CASE + 1, 0};

/* Counted from the verdict; a measure that the GI knew of the same day is in the totals only. */
static void collect_verdicts(struct listing_run *run) {
        const struct fact_list *list = listing_facts(run, run->spec->starts);

        for (size_t i = 0; i < list->n && !run->failed; i++) {
                const struct fact *fact = list->items[i];
                const struct slot *verdict = listing_slot(fact, "verdict_date"), *informed = listing_slot(fact, "informed_date");
                struct obligation o;
                struct listing_scope scope;
                struct listing_entry *entry;

                if (!verdict || !informed || verdict->kind != SLOT_INT || informed->kind != SLOT_INT)
                        continue;
                o = listing_about(fact, (day_t)verdict->i);
                scope = listing_scope_of(run, &o);
                entry = listing_wants(run, &o, &scope) ? listing_add(run) : NULL;
                if (!entry)
                        continue;
                entry->by = listing_by_value(run, &o, &scope, NULL);
                entry->cells[V_VERDICT] = cell_date((day_t)verdict->i);
                entry->cells[V_INFORMED] = cell_date((day_t)informed->i);
                set_days(entry, V_DAYS, informed->i - verdict->i);
                entry->cells[V_KIND] = cell_field(run, fact, "kind");
                set_where(entry, V_GI, &scope);
                entry->cells[V_CASE] = cell_uuid(run, &entry->case_id);
                entry->cells[V_MEASURE] = cell_field(run, fact, "measure_id");
                entry->listed = entry->flags[0] = entry->days > 0;
        }
}

const struct listing_spec listing_late_verdicts = {
        .columns = verdict_columns, .n_columns = V_COLUMNS, .sort = verdict_sort, .collect = collect_verdicts, .starts = "measure-started",
        .flags = {{"late", "later bekend", COLUMN_PLAIN}},
};
