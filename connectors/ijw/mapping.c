/* SPDX-License-Identifier: EUPL-1.2 */

/* Finds whose a parcel is, makes its events, and takes back what later messages take back. */

#include "connectors/ijw/mapping.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/case_life.h"

#define PAIR_ITEMS_MAX 48 /* of what was said of one start or stop; more is no correction any more */
#define ITEM_MAX 256
#define GENERIC "generic" /* the product of a request by budget alone */

struct resolving {
        const struct ijw_mapping *m;
        const json_t *parcel;
        instant_t since, now;
        struct ijw_result *ret;
        struct error *err;
};

/* -- Links -- */

/* A part; "" when it is not known. */
static void link_part(const char **at, char *ret, size_t size) {
        if (!case_keys_next_part(at, ret, size) || strcmp(ret, CASE_KEYS_NOTHING) == 0)
                ret[0] = '\0';
}

static bool link_read(struct text row, struct ijw_link *ret) {
        const char *at = row.s;

        *ret = (struct ijw_link){0};
        if (row.n == 0)
                return false;
        link_part(&at, ret->case_id, sizeof(ret->case_id));
        link_part(&at, ret->referral, sizeof(ret->referral));
        link_part(&at, ret->measure, sizeof(ret->measure));
        link_part(&at, ret->product, sizeof(ret->product));
        return ret->case_id[0] != '\0';
}

static int link_fullness(const struct ijw_link *l) {
        return (l->referral[0] != '\0') * 4 + (l->measure[0] != '\0') * 2 + (l->product[0] != '\0') + (l->case_id[0] != '\0');
}

/* The fuller one stays. */
static int link_put(const struct ijw_mapping *m, const char *kind, const char *hash, const struct ijw_link *link, struct error *err) {
        struct ijw_link known;
        char text[ITEM_MAX];
        int n;

        if (link_read(case_keys_find(m->keys, kind, hash), &known) && link_fullness(&known) >= link_fullness(link))
                return 0;
        n = snprintf(text, sizeof(text), "%s %s %s %s", link->case_id, link->referral[0] ? link->referral : CASE_KEYS_NOTHING,
                     link->measure[0] ? link->measure : CASE_KEYS_NOTHING, link->product[0] ? link->product : CASE_KEYS_NOTHING);
        return case_keys_put(m->keys, kind, hash, (struct text){text, (size_t)n}, err);
}

/* The better of what is found and @ret. */
static void link_look(const struct ijw_mapping *m, const char *kind, const char *hash, struct ijw_link *ret) {
        struct ijw_link found;

        if (hash && link_read(case_keys_find(m->keys, kind, hash), &found) && link_fullness(&found) > link_fullness(ret))
                *ret = found;
}

static bool is_old(const struct resolving *r, int64_t span) {
        return r->now - r->since >= span;
}

/*
 * Whose it is: by the reference, by the allocation, and, when these say nothing for a while, by the BSN. Return: it is known; and
 * ret->referral is filled, or nothing better is waited for.
 */
static bool link_find(const struct resolving *r, struct ijw_link *ret) {
        const json_t *list = json_object_get(r->parcel, "alloc");
        const char *bsn = parcel_text(r->parcel, CASE_KEYS_BSN);
        struct text known;

        *ret = (struct ijw_link){0};
        for (size_t i = 0; i < json_array_size(list); i++)
                link_look(r->m, "alloc", json_string_value(json_array_get(list, i)), ret);
        link_look(r->m, "ref", parcel_text(r->parcel, "ref"), ret);
        if (!ret->referral[0])
                link_look(r->m, "ref", parcel_text(r->parcel, "any"), ret);
        if (ret->referral[0])
                return true;
        if (!ret->case_id[0] && bsn) {
                known = case_keys_find(r->m->keys, CASE_KEYS_BSN, bsn);
                if (known.n == UUID_TEXT)
                        memcpy(ret->case_id, known.s, UUID_TEXT);
        }
        return ret->case_id[0] && is_old(r, r->m->allocation_within);
}

/* The measure of the referral, else the only one that runs on the day. */
static bool measure_find(const struct resolving *r, struct ijw_link *link, const char *on) {
        return link->measure[0] || case_life_measure(r->m->keys, link->case_id, on, link->measure);
}

static int nobody(const struct resolving *r, const char *code, const char *error) {
        r->ret->outcome = is_old(r, r->m->wait_for) ? OUTCOME_NOBODY : OUTCOME_WAITS;
        r->ret->code = code;
        r->ret->error = error;
        return 0;
}

#define NO_CASE "nobody knew within wait_for whose case it is: neither a reference nor an allocation leads to one, nor the list of pairs"
#define NO_REFERRAL "the case is known, but no referral: the GI's referral-issued names neither this reference nor this provider"
#define NO_MEASURE "the case is known, but not which measure: not exactly one runs in it on that day"
#define NO_TARGET "it takes back what nobody has seen"

/* -- What was said of one thing, and taken back -- */

/* "F order event_id case source" or "D order event_id instant"; items are divided by ';'. */
struct pair_item {
        char kind, order[80], id[UUID_TEXT + 1], last[UUID_TEXT + 1], source[IJW_TEXT_MAX + 1];
};

static size_t pair_read(struct text row, struct pair_item items[PAIR_ITEMS_MAX]) {
        size_t n = 0;

        for (const char *at = row.n ? row.s : NULL; at && *at && n < PAIR_ITEMS_MAX; at = case_keys_next_item(at)) {
                struct pair_item *item = &items[n];
                const char *part = at;
                char kind[2];

                *item = (struct pair_item){0};
                if (!case_keys_next_part(&part, kind, sizeof(kind)) || !case_keys_next_part(&part, item->order, sizeof(item->order)) ||
                    !case_keys_next_part(&part, item->id, sizeof(item->id)) || !case_keys_next_part(&part, item->last, sizeof(item->last)))
                        continue;
                (void) case_keys_next_part(&part, item->source, sizeof(item->source));
                item->kind = kind[0];
                n++;
        }
        return n;
}

/* When it was taken back. */
static json_int_t item_instant(const struct pair_item *item) {
        int64_t at = 0;

        return text_to_int64(text_of(item->last), &at) ? at : 0;
}

static int pair_add(const struct resolving *r, const char *kind, const char *hash, const char *item) {
        CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(CASE_KEYS_VALUE_MAX);
        struct text row = case_keys_find(r->m->keys, kind, hash);

        if (row.n && strstr(row.s, item))
                return 0;
        buffer_add(&all, row.s, row.n);
        buffer_printf(&all, "%s%s", row.n ? ";" : "", item);
        if (all.failed) {
                error_set(r->err, "more was said and taken back of one thing than can be remembered");
                return -ENOSPC;
        }
        return case_keys_put(r->m->keys, kind, hash, (struct text){(const char *)all.bytes, all.n}, r->err);
}

/* -- Events -- */

static void instant_text(json_int_t at, char ret[INSTANT_TEXT + 1]) {
        instant_format_exact(at, ret);
}

static json_t *event_begin(const char *event, const char *id, const char *case_id, const char *source, json_int_t occurred, json_int_t recorded) {
        char o[INSTANT_TEXT + 1], w[INSTANT_TEXT + 1];

        instant_text(occurred, o);
        instant_text(recorded, w);
        return json_pack("{ss ss ss ss ss ss}", "event", event, "event_id", id, "case_id", case_id, "source", source, "occurred_at", o, "recorded_at", w);
}

static json_int_t parcel_int(const json_t *parcel, const char *name) {
        return json_integer_value(json_object_get(parcel, name));
}

static json_t *event_of_parcel(const struct resolving *r, const char *event, const char *id, const struct ijw_link *link) {
        return event_begin(event, id, link->case_id, parcel_text(r->parcel, "source"), parcel_int(r->parcel, "occurred"), parcel_int(r->parcel, "recorded"));
}

static void set_text(json_t *event, const char *name, const char *text) {
        json_object_set_new(event, name, text && text[0] ? json_string(text) : json_null());
}

/* The id of a withdrawal: of what withdraws, and of what is withdrawn, since a deletion can take back more than one. */
static void withdrawal_id(const char *by, const char *withdrawn, char ret[UUID_TEXT + 1]) {
        struct uuid ns, id;

        if (!uuid_parse(by, strlen(by), &ns))
                ns = ijw_namespace();
        id = uuid_v5(&ns, withdrawn, strlen(withdrawn));
        uuid_format(&id, ret);
}

static int add_withdrawal(const struct resolving *r, const char *by, const char *withdrawn, const char *case_id, const char *source, json_int_t at) {
        char id[UUID_TEXT + 1];
        json_t *event;

        withdrawal_id(by, withdrawn, id);
        event = event_begin("event-withdrawn", id, case_id, source, at, at);
        set_text(event, "withdrawn", withdrawn);
        set_text(event, "reason", "MISTAKE");
        return json_array_append_new(r->ret->events, event) < 0 ? -ENOMEM : 0;
}

/* Whether its receiver refused a message: resolve_return() notes that behind its digest. */
static bool message_is_refused(const struct resolving *r, const char *message) {
        struct text row = case_keys_find(r->m->keys, "msg", message);

        return row.n && strstr(row.s, ";R ");
}

/* Whether an allocation is said by a message that nobody refused: it came again before the one that was refused, or before the refusal. */
static bool allocation_stands(const struct resolving *r, const char *made) {
        struct text row = case_keys_find(r->m->keys, "made", made);

        for (const char *at = row.n ? row.s : NULL; at && *at; at = case_keys_next_item(at)) {
                char case_id[UUID_TEXT + 1], message[CASE_KEYS_HASH + 1];
                const char *part = at;

                if (case_keys_next_part(&part, case_id, sizeof(case_id)) && case_keys_next_part(&part, message, sizeof(message)) &&
                    !message_is_refused(r, message))
                        return true;
        }
        return false;
}

/* Its message was refused: it is taken back, and what says the same later is another event. */
static int take_back_made(const struct resolving *r, const char *by, const char *made, const char *case_id, const char *source, json_int_t at) {
        char gone[ITEM_MAX];
        int x, n;

        if (allocation_stands(r, made))
                return 0;
        x = add_withdrawal(r, by, made, case_id, source, at);
        if (x)
                return x;
        n = snprintf(gone, sizeof(gone), "%s %s", case_id, parcel_text(r->parcel, "msg"));
        return case_keys_put(r->m->keys, "gone", made, (struct text){gone, (size_t)n}, r->err);
}

/* Adds an event, and remembers that its message made it; whoever refused that message before is heard now. */
static int add_made(const struct resolving *r, json_t *event) {
        const char *message = parcel_text(r->parcel, "msg"), *id = parcel_text(event, "event_id");
        struct pair_item items[PAIR_ITEMS_MAX];
        char item[ITEM_MAX], case_id[UUID_TEXT + 1], source[IJW_TEXT_MAX + 1], made[UUID_TEXT + 1];
        size_t n;
        int x;

        (void) snprintf(case_id, sizeof(case_id), "%s", parcel_text(event, "case_id"));
        (void) snprintf(source, sizeof(source), "%s", parcel_text(event, "source"));
        (void) snprintf(made, sizeof(made), "%s", id);
        (void) snprintf(item, sizeof(item), "F %s %s %s %s", CASE_KEYS_NOTHING, made, case_id, source);
        if (json_array_append_new(r->ret->events, event) < 0)
                return -ENOMEM;
        x = pair_add(r, "msg", message, item);
        n = pair_read(case_keys_find(r->m->keys, "msg", message), items);
        for (size_t i = 0; x == 0 && i < n; i++) {
                if (items[i].kind == 'R')
                        x = take_back_made(r, items[i].id, made, case_id, source, item_instant(&items[i]));
        }
        return x;
}

/* -- Starts and stops -- */

/* A deletion takes back what was said before it of the same thing, by the date of the message and then its Identificatie. */
static int take_back(const struct resolving *r, const char *pair, const struct pair_item *only) {
        struct pair_item items[PAIR_ITEMS_MAX];
        size_t n = pair_read(case_keys_find(r->m->keys, "pair", pair), items);
        int found = 0;

        for (size_t f = 0; f < n; f++) {
                for (size_t d = 0; items[f].kind == 'F' && d < n; d++) {
                        int x;

                        if (items[d].kind != 'D' || strcmp(items[f].order, items[d].order) > 0 ||
                            (strcmp(items[f].id, only->id) != 0 && strcmp(items[d].id, only->id) != 0))
                                continue;
                        found = 1;
                        x = add_withdrawal(r, items[d].id, items[f].id, items[f].last, items[f].source, item_instant(&items[d]));
                        if (x)
                                return x;
                }
        }
        return found;
}

static int remember_pair(const struct resolving *r, const char *pair, char kind, const char *order, const char *id, const char *last, const char *source) {
        struct pair_item item = {.kind = kind};
        char text[ITEM_MAX];
        int x;

        (void) snprintf(item.id, sizeof(item.id), "%s", id);
        (void) snprintf(text, sizeof(text), "%c %s %s %s %s", kind, order, id, last, source);
        x = pair_add(r, "pair", pair, text);
        return x ? x : take_back(r, pair, &item);
}

static int resolve_undo(const struct resolving *r, const char *pair, const char *order) {
        char at[24];
        int x;

        if (message_is_refused(r, parcel_text(r->parcel, "msg")))
                return 0; /* as if never sent */
        (void) snprintf(at, sizeof(at), "%lld", (long long)parcel_int(r->parcel, "occurred"));
        x = remember_pair(r, pair, 'D', order, parcel_text(r->parcel, "id"), at, CASE_KEYS_NOTHING);
        if (x < 0)
                return x;
        return x > 0 ? pair_add(r, "msg", parcel_text(r->parcel, "msg"), "U - - -") : nobody(r, "NO_TARGET", NO_TARGET);
}

static const char *end_reason(const char *reason) {
        static const char *const rows[][2] = {{"31", "AS_PLANNED"}, {"32", "CLIENT"},  {"33", "PROVIDER"},       {"34", "AGREED"},       {"35", "OUTSIDE"},
                                              {"36", "MUNICIPALITY"}, {"37", "CHANGED"}, {"38", "OTHER_PROVIDER"}, {"39", "OTHER_DOMAIN"}, {"02", "DECEASED"}};

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (strcmp(rows[i][0], reason) == 0)
                        return rows[i][1];
        }
        return "OTHER"; /* 20: for a while */
}

/* What a GI's own stop says of the referral. */
static const char *closing_reason(const char *reason) {
        if (strcmp(reason, "37") == 0 || strcmp(reason, "38") == 0)
                return "REPLACED";
        return strcmp(reason, "39") == 0 ? "NOT_NEEDED" : "HELP_ENDED";
}

static json_t *event_of_stop(const struct resolving *r, const struct ijw_link *link) {
        const char *reason = parcel_text(r->parcel, "reason"), *id = parcel_text(r->parcel, "id");
        bool temporary = strcmp(reason, "20") == 0;
        json_t *event;

        if (json_object_get(r->parcel, "gi") && !temporary && link->referral[0]) {
                event = event_of_parcel(r, "referral-closed", id, link);
                set_text(event, "reason", closing_reason(reason));
        } else {
                event = event_of_parcel(r, "help-ended", id, link);
                set_text(event, "provider", parcel_text(r->parcel, "source"));
                set_text(event, "reason", end_reason(reason));
                json_object_set_new(event, "temporary", json_boolean(temporary));
        }
        return event;
}

static int resolve_help(const struct resolving *r, bool start) {
        const char *pair = parcel_text(r->parcel, "pair"), *order = parcel_text(r->parcel, "order"), *id = parcel_text(r->parcel, "id");
        struct ijw_link link;
        json_t *event;
        int x;

        if (!link_find(r, &link))
                return nobody(r, "NO_CASE", NO_CASE);
        if (!json_object_get(r->parcel, "category") && ijw_is_measure(&r->m->parties, link.product, strnlen(link.product, 2))) {
                r->ret->outcome = OUTCOME_MEASURE;
                return 0;
        }
        if (!measure_find(r, &link, parcel_text(r->parcel, "begins")))
                return nobody(r, "NO_MEASURE", NO_MEASURE);
        event = start ? event_of_parcel(r, "help-started", id, &link) : event_of_stop(r, &link);
        if (start) {
                set_text(event, "provider", parcel_text(r->parcel, "source"));
                set_text(event, "route", "REGULAR");
        }
        set_text(event, "measure_id", link.measure);
        set_text(event, "referral_id", link.referral);
        set_text(event, "date", parcel_text(r->parcel, "date"));
        x = add_made(r, event);
        if (x == 0)
                x = remember_pair(r, pair, 'F', order, id, link.case_id, parcel_text(r->parcel, "source"));
        return x < 0 ? x : 0;
}

/* -- Requests -- */

static int resolve_refer(const struct resolving *r) {
        const char *own = parcel_text(r->parcel, "own"), *product = parcel_text(r->parcel, "product");
        struct ijw_link link;
        json_t *event;
        int x;

        if (!link_find(r, &link))
                return nobody(r, "NO_CASE", NO_CASE);
        if (!measure_find(r, &link, parcel_text(r->parcel, "date")))
                return nobody(r, "NO_MEASURE", NO_MEASURE);
        if (!link.referral[0]) {
                struct uuid id, ns = ijw_namespace();

                if (!own || !uuid_parse(own, UUID_TEXT, &id))
                        id = uuid_v5(&ns, parcel_text(r->parcel, "ref"), CASE_KEYS_HASH);
                uuid_format(&id, link.referral);
        }
        event = event_of_parcel(r, "referral-issued", parcel_text(r->parcel, "id"), &link);
        set_text(event, "referral_id", link.referral);
        set_text(event, "measure_id", link.measure);
        set_text(event, "date", parcel_text(r->parcel, "date"));
        set_text(event, "product", product ? product : GENERIC);
        set_text(event, "form", r->m->form);
        set_text(event, "reference", parcel_text(r->parcel, "reference"));
        x = add_made(r, event);
        (void) snprintf(link.product, sizeof(link.product), "%s", product ? product : "");
        return x ? x : link_put(r->m, "ref", parcel_text(r->parcel, "ref"), &link, r->err);
}

/* The sender's lasting id of a request is made of the key that it has in the chain. */
static void request_id(const struct resolving *r, char ret[UUID_TEXT + 1]) {
        struct uuid ns = ijw_namespace(), id = uuid_v5(&ns, parcel_text(r->parcel, "ref"), CASE_KEYS_HASH);

        uuid_format(&id, ret);
}

static int resolve_request(const struct resolving *r, const char *kind) {
        const char *product = parcel_text(r->parcel, "product");
        struct ijw_link link;
        char id[UUID_TEXT + 1];
        json_t *event;
        int x;

        if (!link_find(r, &link))
                return nobody(r, "NO_CASE", NO_CASE);
        request_id(r, id);
        event = event_of_parcel(r, "allocation-requested", parcel_text(r->parcel, "id"), &link);
        set_text(event, "request_id", id);
        set_text(event, "referral_id", link.referral);
        set_text(event, "measure_id", link.measure);
        set_text(event, "date", parcel_text(r->parcel, "date"));
        set_text(event, "product", product ? product : link.product[0] ? link.product : GENERIC);
        set_text(event, "provider", parcel_text(r->parcel, "source"));
        set_text(event, "municipality", parcel_text(r->parcel, "municipality"));
        set_text(event, "starts_on", parcel_text(r->parcel, "begins"));
        set_text(event, "kind", kind);
        set_text(event, "reference", parcel_text(r->parcel, "reference"));
        x = add_made(r, event);
        return x ? x : link_put(r->m, "ref", parcel_text(r->parcel, "ref"), &link, r->err);
}

/* -- Answers -- */

static int add_answer(const struct resolving *r, const char *id, const struct ijw_link *link, const char *outcome, const char *reason) {
        json_t *event = event_of_parcel(r, "referral-answered", id, link);

        set_text(event, "referral_id", link->referral);
        set_text(event, "date", parcel_text(r->parcel, "date"));
        set_text(event, "outcome", outcome);
        set_text(event, "reason", reason);
        set_text(event, "responsible_municipality", parcel_text(r->parcel, "responsible"));
        set_text(event, "reference", parcel_text(r->parcel, "reference"));
        return add_made(r, event);
}

static int resolve_answer(const struct resolving *r) {
        struct ijw_link link;
        bool known = link_find(r, &link);

        if (!link.referral[0])
                return nobody(r, known || link.case_id[0] ? "NO_REFERRAL" : "NO_CASE", known || link.case_id[0] ? NO_REFERRAL : NO_CASE);
        return add_answer(r, parcel_text(r->parcel, "id"), &link, parcel_text(r->parcel, "outcome"), parcel_text(r->parcel, "reason"));
}

static const char *parcel_allocation(const struct resolving *r) {
        return json_string_value(json_array_get(json_object_get(r->parcel, "alloc"), 0));
}

static void link_product(const struct resolving *r, struct ijw_link *link) {
        const char *product = parcel_text(r->parcel, "product");

        if (product)
                (void) snprintf(link->product, sizeof(link->product), "%s", product);
}

/* An allocation whose message was refused, and that is sent anew, is another event: what was taken back stays so. */
static void allocation_id(const struct resolving *r, char ret[UUID_TEXT + 1]) {
        const char *id = parcel_text(r->parcel, "id"), *message = parcel_text(r->parcel, "msg");
        struct text gone = case_keys_find(r->m->keys, "gone", id);

        (void) snprintf(ret, UUID_TEXT + 1, "%s", id);
        if (gone.n && !strstr(gone.s, message))
                withdrawal_id(id, message, ret);
}

static int resolve_allocate(const struct resolving *r) {
        const char *alloc = parcel_allocation(r);
        struct ijw_link link;
        char id[UUID_TEXT + 1], made[ITEM_MAX];
        bool known = link_find(r, &link);
        int x = 0;

        if (link.case_id[0]) {
                link_product(r, &link);
                x = link_put(r->m, "alloc", alloc, &link, r->err);
        }
        if (x || !link.referral[0])
                return x ? x : nobody(r, known || link.case_id[0] ? "NO_REFERRAL" : "NO_CASE", known || link.case_id[0] ? NO_REFERRAL : NO_CASE);
        allocation_id(r, id);
        (void) snprintf(made, sizeof(made), "%s %s", link.case_id, parcel_text(r->parcel, "msg"));
        x = pair_add(r, "made", id, made);
        if (x == 0)
                x = add_answer(r, id, &link, "ALLOCATED", "NONE");
        if (x == 0)
                x = remember_pair(r, alloc, 'F', CASE_KEYS_NOTHING, id, link.case_id, parcel_text(r->parcel, "source"));
        return x < 0 ? x : 0;
}

/* What stands in a snapshot unchanged: whose the allocation is, when nobody knew. */
static int resolve_refresh(const struct resolving *r) {
        struct ijw_link link;

        (void) link_find(r, &link);
        link_product(r, &link);
        return link.case_id[0] ? link_put(r->m, "alloc", parcel_allocation(r), &link, r->err) : 0;
}

static int resolve_delete(const struct resolving *r) {
        const char *alloc = parcel_allocation(r);
        struct uuid ns = ijw_namespace(), id = uuid_v5(&ns, alloc, strlen(alloc));
        char at[24], text[UUID_TEXT + 1];
        int x;

        uuid_format(&id, text); /* of the allocation, since snapshots repeat its deletion */
        (void) snprintf(at, sizeof(at), "%lld", (long long)parcel_int(r->parcel, "occurred"));
        x = remember_pair(r, alloc, 'D', "~", text, at, CASE_KEYS_NOTHING);
        return x < 0 ? x : x > 0 ? 0 : nobody(r, "NO_TARGET", NO_TARGET);
}

/* -- Return messages with a fault -- */

static int resolve_return(const struct resolving *r) {
        const char *message = parcel_text(r->parcel, "msg");
        struct pair_item items[PAIR_ITEMS_MAX];
        json_int_t at = parcel_int(r->parcel, "occurred");
        char item[ITEM_MAX];
        bool undone = false;
        size_t n;
        int x;

        if (case_keys_find(r->m->keys, "msg", message).n == 0)
                return nobody(r, "NO_TARGET", NO_TARGET);
        (void) snprintf(item, sizeof(item), "R %s %s %lld", CASE_KEYS_NOTHING, parcel_text(r->parcel, "id"), (long long)at);
        x = pair_add(r, "msg", message, item);
        n = pair_read(case_keys_find(r->m->keys, "msg", message), items);
        for (size_t i = 0; x == 0 && i < n; i++) {
                undone |= items[i].kind == 'U';
                if (items[i].kind == 'F')
                        x = take_back_made(r, parcel_text(r->parcel, "id"), items[i].id, items[i].last, items[i].source, at);
        }
        if (x == 0 && undone) {
                r->ret->outcome = OUTCOME_NOBODY;
                r->ret->code = "DELETION_REFUSED";
                r->ret->error = "the receiver refused a deletion, and what it took back cannot be said again under its own id: tell its source";
        }
        return x;
}

/* -- All of them -- */

int ijw_resolve(const struct ijw_mapping *m, const json_t *parcel, instant_t since, instant_t now, struct ijw_result *ret, struct error *err) {
        const struct resolving r = {.m = m, .parcel = parcel, .since = since, .now = now, .ret = ret, .err = err};
        const char *what = parcel_text(parcel, "do");
        int x;

        *ret = (struct ijw_result){.outcome = OUTCOME_DONE, .events = json_array()};
        if (!what || !ret->events)
                x = -ENOMEM;
        else if (strcmp(what, "start") == 0 || strcmp(what, "stop") == 0)
                x = resolve_help(&r, what[2] == 'a');
        else if (strcmp(what, "undo") == 0)
                x = resolve_undo(&r, parcel_text(parcel, "pair"), parcel_text(parcel, "order"));
        else if (strcmp(what, "refer") == 0)
                x = resolve_refer(&r);
        else if (strcmp(what, "request") == 0)
                x = resolve_request(&r, "REQUEST");
        else if (strcmp(what, "change") == 0)
                x = resolve_request(&r, "CHANGE");
        else if (strcmp(what, "answer") == 0)
                x = resolve_answer(&r);
        else if (strcmp(what, "allocate") == 0)
                x = resolve_allocate(&r);
        else if (strcmp(what, "refresh") == 0)
                x = resolve_refresh(&r);
        else if (strcmp(what, "delete") == 0)
                x = resolve_delete(&r);
        else
                x = resolve_return(&r);
        if (x < 0) {
                json_decref(ret->events);
                ret->events = NULL;
        }
        return x < 0 ? x : 0;
}

/* -- Messages -- */

enum ijw_seen ijw_seen(const struct ijw_mapping *m, const struct ijw_parcels *parcels) {
        struct text row = case_keys_find(m->keys, "msg", parcels->message);

        if (row.n < 2 + CASE_KEYS_HASH || row.s[0] != 'M')
                return IJW_MESSAGE_NEW;
        return strncmp(row.s + 2, parcels->digest, CASE_KEYS_HASH) == 0 ? IJW_MESSAGE_AGAIN : IJW_MESSAGE_OTHER;
}

int ijw_remember(const struct ijw_mapping *m, const struct ijw_parcels *parcels, struct error *err) {
        CLEANUP(buffer_done) struct buffer all = BUFFER_INIT(CASE_KEYS_VALUE_MAX);
        struct text row = case_keys_find(m->keys, "msg", parcels->message);

        if (ijw_seen(m, parcels) != IJW_MESSAGE_NEW)
                return 0;
        buffer_printf(&all, "M %s", parcels->digest);
        if (row.n > 0)
                buffer_printf(&all, ";%s", row.s);
        if (all.failed)
                return -ENOMEM;
        return case_keys_put(m->keys, "msg", parcels->message, (struct text){(const char *)all.bytes, all.n}, err);
}

int ijw_forget(const struct ijw_mapping *m, const json_t *parcel, struct error *err) {
        const char *message = parcel_text(parcel, "msg");
        struct text row = case_keys_find(m->keys, "msg", message);

        if (row.n == 0 || row.s[0] != 'M' || strstr(row.s, ";F ") || strstr(row.s, ";U "))
                return 0;
        return case_keys_put(m->keys, "msg", message, (struct text){0}, err);
}

/* -- What others say -- */

int ijw_learn_link(const struct ijw_mapping *m, const char *agb, const char *reference, const struct ijw_link *link, struct error *err) {
        char text[IJW_TEXT_MAX * 2], hash[CASE_KEYS_HASH + 1];

        (void) snprintf(text, sizeof(text), "%s|%s", agb, reference);
        case_keys_hash(m->keys, "ref", text_of(text), hash);
        return link_put(m, "ref", hash, link, err);
}
