/* SPDX-License-Identifier: EUPL-1.2 */

/* Takes from a message what may be kept, and hashes the rest. */

#include "connectors/ijw/parcel.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "connect/settings.h"

#define HASHED_MAX 512
#define ORDER_MAX 64

/* What a parcel of this message is made from. */
struct packing {
        const struct ijw_message *m;
        const struct ijw_parties *parties;
        const struct case_keys *keys;
        const struct organisation *sender; /* whose statement it is; of a 301 and 319 by product */
        struct ijw_parcels *ret;
        struct error *err;
};

struct uuid ijw_namespace(void) {
        return uuid_v5(&uuid_namespace_ketenwacht, "ijw", 3);
}

const char *parcel_text(const json_t *parcel, const char *name) {
        return json_string_value(json_object_get(parcel, name));
}

bool ijw_is_measure(const struct ijw_parties *parties, const char *category, size_t n) {
        for (size_t i = 0; i < parties->measure_categories->n; i++) {
                if (text_equal((struct text){category, n}, text_of(parties->measure_categories->items[i])))
                        return true;
        }
        return false;
}

/* -- Texts of others -- */

static bool text_is_ours(struct text t) {
        if (t.n == 0 || t.n > IJW_TEXT_MAX || (t.n >= 2 && t.s[1] == ':' && (t.s[0] == 'x' || t.s[0] == 'h')))
                return false;
        for (size_t i = 0; i < t.n; i++) {
                if (!isalnum((unsigned char)t.s[i]) && !strchr("._:/#-", t.s[i]))
                        return false;
        }
        return true;
}

void ijw_encode(struct text t, char ret[IJW_TEXT_MAX + 1]) {
        unsigned char sum[crypto_hash_sha256_BYTES];
        char hex[2 * sizeof(sum) + 1];

        if (text_is_ours(t)) {
                (void) snprintf(ret, IJW_TEXT_MAX + 1, "%.*s", (int)t.n, t.s);
                return;
        }
        if (2 + 2 * t.n <= IJW_TEXT_MAX) {
                memcpy(ret, "x:", 2);
                sodium_bin2hex(ret + 2, IJW_TEXT_MAX - 1, (const unsigned char *)t.s, t.n);
                return;
        }
        crypto_hash_sha256(sum, (const unsigned char *)t.s, t.n);
        sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
        (void) snprintf(ret, IJW_TEXT_MAX + 1, "h:%.32s", hex);
}

/* Whether a text of others may be told: it has neither the child's BSN nor another number that could be one. */
static bool text_is_safe(const struct ijw_message *m, struct text t) {
        return !bsn_is_in(t) && !(m->bsn[0] && memmem(t.s, t.n, m->bsn, strlen(m->bsn)));
}

/* Digits with their number before them, so that strcmp() sorts identifications that count as people do. */
static void order_write(const struct packing *p, char ret[ORDER_MAX]) {
        struct text t = p->m->identification;
        char hash[CASE_KEYS_HASH + 1];
        size_t n = (size_t)snprintf(ret, ORDER_MAX, "%d/", (int)p->m->dated + 100000);

        if (!text_is_safe(p->m, t)) {
                case_keys_hash(p->keys, "order", t, hash);
                (void) snprintf(ret + n, ORDER_MAX - n, "%.16s", hash);
                return;
        }
        for (size_t i = 0; i < t.n && n + 16 < ORDER_MAX;) {
                size_t digits = 0;

                while (i < t.n && t.s[i] == '0' && i + 1 < t.n && isdigit((unsigned char)t.s[i + 1]))
                        i++;
                while (i + digits < t.n && isdigit((unsigned char)t.s[i + digits]))
                        digits++;
                if (digits > 0) {
                        ret[n++] = (char)('A' + digits);
                        memcpy(ret + n, t.s + i, digits);
                        n += digits;
                        i += digits;
                } else {
                        ret[n++] = isalnum((unsigned char)t.s[i]) ? t.s[i] : '_';
                        i++;
                }
        }
        ret[n] = '\0';
}

/* -- Keys -- */

static void put_hash(const struct packing *p, json_t *parcel, const char *name, const char *kind, const char *fmt, ...) PRINTF_LIKE(5, 6);
static void put_hash(const struct packing *p, json_t *parcel, const char *name, const char *kind, const char *fmt, ...) {
        char text[HASHED_MAX], hash[CASE_KEYS_HASH + 1];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        case_keys_hash(p->keys, kind, text_of(text), hash);
        sodium_memzero(text, sizeof(text));
        json_object_set_new(parcel, name, json_string(hash));
}

static void put_reference(const struct packing *p, json_t *parcel, struct text agb, struct text reference) {
        char encoded[IJW_TEXT_MAX + 1];

        if (reference.n == 0)
                return;
        ijw_encode(reference, encoded);
        put_hash(p, parcel, "ref", "ref", "%.*s|%s", (int)agb.n, agb.s, encoded);
        put_hash(p, parcel, "any", "ref", "*|%s", encoded);
        json_object_set_new(parcel, "reference", text_is_safe(p->m, reference) ? json_string(encoded) : json_null());
        if (encoded[0] && text_is_safe(p->m, reference) && strlen(encoded) == UUID_TEXT)
                json_object_set_new(parcel, "own", json_string(encoded)); /* it may be our referral_id */
}

static struct text gemeente_of(const struct ijw_message *m) {
        return m->kind->municipality ? m->sender : m->receiver;
}

static struct text agb_code(const struct ijw_message *m) {
        return m->kind->municipality ? m->receiver : m->sender;
}

static void add_allocation(const struct packing *p, json_t *parcel, int64_t number) {
        struct text code = gemeente_of(p->m);
        json_t *list = json_object_get(parcel, "alloc");
        char text[HASHED_MAX], hash[CASE_KEYS_HASH + 1];

        if (number < 0)
                return;
        if (!list) {
                list = json_array();
                json_object_set_new(parcel, "alloc", list);
        }
        (void) snprintf(text, sizeof(text), "%.*s|%lld", (int)code.n, code.s, (long long)number);
        case_keys_hash(p->keys, "alloc", text_of(text), hash);
        json_array_append_new(list, json_string(hash));
}

/* -- Parties -- */

static const struct organisation *party_of_agb(const struct packing *p, struct text agb) {
        const char *id = option_pairs_find(p->parties->agb, agb);

        return id ? organisations_find(p->parties->organisations, text_of(id)) : NULL;
}

/* Municipalities go: an old code is that of the successor on the day on which what it is about begins. */
static const struct organisation *party_of_municipality(const struct packing *p, struct text code, day_t on) {
        char id[16];
        const struct organisation *org;

        (void) snprintf(id, sizeof(id), "gm%.*s", (int)code.n, code.s);
        org = organisations_find(p->parties->organisations, text_of(id));
        return org ? organisation_follow(org, on) : NULL;
}

static int refuse_party(const struct packing *p, const char *element, const char *what) {
        error_set(p->err, "IJW %d: %s: %s", ijw_message_number(p->m), element, what);
        return PARCEL_E_ORGANISATION;
}

#define NO_AGB "this AGB code stands in no row of agb in the connector's file"
#define NO_MUNICIPALITY "no organisation is called gm and this code, or it ended and nobody succeeded it"

/* -- Parcels -- */

static void put_date(json_t *parcel, const char *name, day_t day) {
        char text[DATE_TEXT + 1];

        if (day == DAY_NONE)
                return;
        date_format(day, text);
        json_object_set_new(parcel, name, json_string(text));
}

static void put_product(json_t *parcel, const struct ijw_product *product) {
        char code[IJW_TEXT_MAX + 1], text[2 * IJW_TEXT_MAX];

        if (product->category.n == 0)
                return;
        json_object_set_new(parcel, "category", json_stringn(product->category.s, product->category.n));
        if (product->code.n > 0)
                ijw_encode(product->code, code);
        (void) snprintf(text, sizeof(text), "%.*s%s%s", (int)product->category.n, product->category.s, product->code.n ? "." : "", product->code.n ? code : "");
        json_object_set_new(parcel, "product", json_string(text));
}

/* UUIDv5 of BerichtCode|Afzender|Identificatie|n. */
static void put_event_id(const struct packing *p, json_t *parcel, size_t n) {
        struct uuid ns = ijw_namespace(), id;
        const struct ijw_message *m = p->m;
        char name[HASHED_MAX], text[UUID_TEXT + 1];
        int length = snprintf(name, sizeof(name), "%d|%.*s|%.*s|%zu", m->kind->code + m->answer, (int)m->sender.n, m->sender.s, (int)m->identification.n,
                              m->identification.s, n);

        id = uuid_v5(&ns, name, (size_t)length);
        uuid_format(&id, text);
        json_object_set_new(parcel, "id", json_string(text));
}

/* It happened on @on; written down on the day of the message, unless it happened later. */
static void put_times(json_t *parcel, day_t on, day_t dated) {
        instant_t occurred = date_begin(on), recorded = date_begin(dated);

        json_object_set_new(parcel, "occurred", json_integer(occurred));
        json_object_set_new(parcel, "recorded", json_integer(recorded > occurred ? recorded : occurred));
        put_date(parcel, "date", on);
}

static json_t *parcel_new(const struct packing *p, const char *what, size_t n) {
        json_t *parcel = json_object();

        json_object_set_new(parcel, "do", json_string(what));
        json_object_set_new(parcel, "msg", json_string(p->ret->message));
        json_object_set_new(parcel, "n", json_integer((json_int_t)n));
        if (p->sender)
                json_object_set_new(parcel, "source", json_string(p->sender->id));
        if (p->m->bsn[0])
                put_hash(p, parcel, CASE_KEYS_BSN, CASE_KEYS_BSN, "%s", p->m->bsn);
        put_event_id(p, parcel, n);
        return parcel;
}

static void add_parcel(const struct packing *p, json_t *parcel) {
        json_array_append_new(p->ret->items, parcel);
        p->ret->said = SAID_PARCELS;
}

static int pack_request(const struct packing *p, const struct ijw_product *product, size_t n) {
        const struct organisation *municipality = party_of_municipality(p, p->m->receiver, product->begins);
        bool gi = p->sender->kind == KIND_GI;
        json_t *parcel;

        if (!municipality)
                return refuse_party(p, "Ontvanger", NO_MUNICIPALITY);
        if (ijw_is_measure(p->parties, product->category.s, product->category.n)) {
                p->ret->said = p->ret->said == SAID_NOTHING ? SAID_MEASURE : p->ret->said;
                return 0;
        }
        if (gi && !text_is(product->referrer, "04"))
                return 0;
        parcel = parcel_new(p, gi ? "refer" : "request", n);
        put_reference(p, parcel, p->m->sender, product->reference);
        put_product(parcel, product);
        put_times(parcel, p->m->dated, p->m->dated);
        put_date(parcel, "begins", product->begins);
        json_object_set_new(parcel, "municipality", json_string(municipality->id));
        add_parcel(p, parcel);
        return 0;
}

static int pack_change(const struct packing *p, const struct ijw_product *product, size_t n) {
        const struct organisation *municipality = party_of_municipality(p, p->m->receiver, p->m->dated);
        json_t *parcel;

        if (!municipality)
                return refuse_party(p, "Ontvanger", NO_MUNICIPALITY);
        parcel = parcel_new(p, "change", n);
        put_reference(p, parcel, p->m->sender, product->reference);
        put_product(parcel, product);
        for (size_t i = 0; i < p->m->numbers_n; i++)
                add_allocation(p, parcel, p->m->numbers[i]);
        put_times(parcel, p->m->dated, p->m->dated);
        put_date(parcel, "begins", product->begins == DAY_NONE ? p->m->dated : product->begins);
        json_object_set_new(parcel, "municipality", json_string(municipality->id));
        add_parcel(p, parcel);
        return 0;
}

static int pack_answer(struct packing *p, const struct ijw_product *product, size_t n) {
        const struct organisation *responsible = NULL;
        bool rejected = product->status == '1', residence = text_is(product->reason, "8");
        json_t *parcel;

        p->sender = party_of_municipality(p, p->m->sender, p->m->dated);
        if (!p->sender)
                return refuse_party(p, "Afzender", NO_MUNICIPALITY);
        if (residence)
                responsible = party_of_municipality(p, product->municipality, p->m->dated);
        if (residence && !responsible)
                return refuse_party(p, "Gemeente", NO_MUNICIPALITY);
        parcel = parcel_new(p, "answer", n);
        put_reference(p, parcel, p->m->receiver, product->reference);
        put_times(parcel, p->m->dated, p->m->dated);
        json_object_set_new(parcel, "outcome", json_string(rejected ? "REJECTED" : "UNDER_INVESTIGATION"));
        json_object_set_new(parcel, "reason", json_string(!rejected ? "NONE" : residence ? "RESIDENCE" : "OTHER"));
        if (responsible)
                json_object_set_new(parcel, "responsible", json_string(responsible->id));
        add_parcel(p, parcel);
        return 0;
}

/* Snapshots repeat an allocation under new Identificaties: its id is made of what it is. */
static void put_allocation_id(const struct packing *p, json_t *parcel, const struct ijw_product *product) {
        struct uuid ns = ijw_namespace(), id;
        char name[HASHED_MAX], text[UUID_TEXT + 1];
        int n = snprintf(name, sizeof(name), "%.*s|%lld|%.*s|301", (int)p->m->sender.n, p->m->sender.s, (long long)product->number, (int)product->reference.n,
                         product->reference.s);

        id = uuid_v5(&ns, name, (size_t)n);
        uuid_format(&id, text);
        json_object_set_new(parcel, "id", json_string(text));
}

static int pack_allocation(struct packing *p, const struct ijw_product *product, size_t n) {
        bool deleted = text_is(product->reason, "13"), moved = text_is(product->reason, "07") || text_is(product->reason, "11");
        json_t *parcel;

        if (moved) {
                p->ret->said = p->ret->said == SAID_NOTHING ? SAID_MOVED : p->ret->said;
                return 0;
        }
        p->sender = party_of_municipality(p, p->m->sender, product->begins);
        if (!p->sender)
                return refuse_party(p, "Afzender", NO_MUNICIPALITY);
        if (ijw_is_measure(p->parties, product->category.s, product->category.n)) {
                p->ret->said = p->ret->said == SAID_NOTHING ? SAID_MEASURE : p->ret->said;
                return 0;
        }
        parcel = parcel_new(p, deleted ? "delete" : product->reference.n > 0 ? "allocate" : "refresh", n);
        add_allocation(p, parcel, product->number);
        put_reference(p, parcel, p->m->receiver, product->reference);
        put_product(parcel, product);
        put_allocation_id(p, parcel, product);
        put_date(parcel, "date", product->decided_on);
        json_object_set_new(parcel, "occurred", json_integer(product->decided));
        json_object_set_new(parcel, "recorded", json_integer(product->decided));
        add_parcel(p, parcel);
        return 0;
}

/* What ties a start or a stop to its deletion. */
static void put_pair(const struct packing *p, json_t *parcel, const struct ijw_product *product) {
        struct text gm = gemeente_of(p->m);
        char begins[DATE_TEXT + 1], order[ORDER_MAX];

        date_format(product->begins, begins);
        put_hash(p, parcel, "pair", "pair", "%d|%.*s|%.*s|%s|%lld|%.*s|%.*s|%s|%.*s", p->m->kind->number, (int)p->m->sender.n, p->m->sender.s, (int)gm.n, gm.s,
                 p->m->bsn, (long long)product->number, (int)product->category.n, product->category.s, (int)product->code.n, product->code.s, begins,
                 (int)product->reason.n, product->reason.s);
        order_write(p, order);
        json_object_set_new(parcel, "order", json_string(order));
}

static int pack_help(const struct packing *p, const struct ijw_product *product, size_t n) {
        bool start = p->m->kind->number == 305, undo = product->status == '3';
        json_t *parcel;

        if (ijw_is_measure(p->parties, product->category.s, product->category.n)) {
                p->ret->said = p->ret->said == SAID_NOTHING ? SAID_MEASURE : p->ret->said;
                return 0;
        }
        parcel = parcel_new(p, undo ? "undo" : start ? "start" : "stop", n);
        add_allocation(p, parcel, product->number);
        put_product(parcel, product);
        put_pair(p, parcel, product);
        if (undo)
                put_times(parcel, p->m->dated, p->m->dated);
        else
                put_times(parcel, start ? product->begins : product->ends, p->m->dated);
        put_date(parcel, "begins", product->begins);
        if (product->reason.n > 0)
                json_object_set_new(parcel, "reason", json_stringn(product->reason.s, product->reason.n));
        if (p->sender->kind == KIND_GI)
                json_object_set_new(parcel, "gi", json_true());
        add_parcel(p, parcel);
        return 0;
}

static int pack_product(struct packing *p, const struct ijw_product *product, size_t n) {
        switch (p->m->kind->number) {
        case 301:
                return pack_allocation(p, product, n);
        case 305:
        case 307:
                return pack_help(p, product, n);
        case 315:
                return pack_request(p, product, n);
        case 317:
                return pack_change(p, product, n);
        default:
                return pack_answer(p, product, n);
        }
}

static void pack_return(struct packing *p) {
        json_t *parcel;

        if (p->m->codes_n == 0) {
                p->ret->said = SAID_RECEIPT;
                return;
        }
        parcel = parcel_new(p, "return", 0);
        put_times(parcel, p->m->answered, p->m->answered);
        add_parcel(p, parcel);
}

/* What the message is known by: its kind, sender and Identificatie; a return message has those of what it answers. */
static void name_message(const struct packing *p) {
        const struct ijw_message *m = p->m;
        char text[HASHED_MAX];

        (void) snprintf(text, sizeof(text), "%d|%.*s|%.*s", m->kind->code, (int)m->sender.n, m->sender.s, (int)m->identification.n, m->identification.s);
        case_keys_hash(p->keys, "msg", text_of(text), p->ret->message);
}

static int digest_parcels(const struct packing *p) {
        char *text = json_dumps(p->ret->items, JSON_COMPACT | JSON_SORT_KEYS);

        if (!text)
                return -ENOMEM;
        case_keys_hash(p->keys, "content", text_of(text), p->ret->digest);
        free(text);
        return 0;
}

int ijw_parcels_make(const struct ijw_message *m, const struct ijw_parties *parties, const struct case_keys *keys, struct ijw_parcels *ret,
                     struct error *err) {
        struct packing p = {.m = m, .parties = parties, .keys = keys, .ret = ret, .err = err};
        int r = 0;

        *ret = (struct ijw_parcels){.said = SAID_NOTHING, .items = json_array()};
        name_message(&p);
        if (!m->kind->municipality)
                p.sender = party_of_agb(&p, agb_code(m));
        if (!m->kind->municipality && !p.sender && !m->answer)
                r = refuse_party(&p, "Afzender", NO_AGB);
        if (r == 0 && m->answer)
                pack_return(&p);
        for (size_t i = 0; r == 0 && !m->answer && i < m->n; i++)
                r = pack_product(&p, &m->products[i], i + 1);
        if (r == 0)
                r = digest_parcels(&p);
        if (r) {
                json_decref(ret->items);
                ret->items = NULL;
        }
        return r;
}
