/* SPDX-License-Identifier: EUPL-1.2 */

/* From the bytes of an iJw message to what its events are made of, and the rules inside one message (level 2). */

#include "connectors/ijw/message.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/case_keys.h"

#define MESSAGE_ARENA_MAX (XML_BYTES_MAX * 4)
#define SCHEMA_PATH_MAX 4096
#define VOLUMES_OF_NOTHING_END 18627 /* 2020-12-31: until then an allocation could have a volume without a code (CD080, CD095) */

struct ijw_schemas {
        struct xml_schema *items[IJW_KINDS][2]; /* of the message, and of its return message */
};

int ijw_message_number(const struct ijw_message *m) {
        return m->kind->number + m->answer;
}

int ijw_message_code(const struct ijw_message *m) {
        return m->kind->code + m->answer;
}

/* -- The published XSDs -- */

int ijw_schemas_open(const char *folder, struct ijw_schemas **ret, struct error *err) {
        CLEANUP(ijw_schemas_free_p) struct ijw_schemas *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < IJW_KINDS; i++) {
                for (int answer = 0; answer < 2; answer++) {
                        char path[SCHEMA_PATH_MAX];
                        int r;

                        (void) snprintf(path, sizeof(path), "%s/JW%d.xsd", folder, ijw_kinds[i].number + answer);
                        r = xml_schema_open(path, &s->items[i][answer], err);
                        if (r)
                                return error_trace(r, err);
                }
        }
        *ret = TAKE(s);
        return 0;
}

struct ijw_schemas *ijw_schemas_free(struct ijw_schemas *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < IJW_KINDS; i++) {
                xml_schema_free(s->items[i][0]);
                xml_schema_free(s->items[i][1]);
        }
        free(s);
        return NULL;
}

/* -- Values of what passed level 1 -- */

struct reader {
        struct ijw_message *m;
        const char *space;
        struct ijw_refusal *refusal;
};

static struct text value_in(const struct reader *r, const struct xml_element *e, const char *space, const char *name) {
        const struct xml_element *found = e ? xml_find(e, space, name) : NULL;

        return found ? xml_text(r->m->xml, found) : (struct text){0};
}

static struct text value_of(const struct reader *r, const struct xml_element *e, const char *name) {
        return value_in(r, e, r->space, name);
}

static day_t day_of(const struct reader *r, const struct xml_element *e, const char *space, const char *name) {
        const struct xml_element *found = xml_find(e, space, name);
        day_t day = DAY_NONE;

        return found && date_parse(xml_trimmed(r->m->xml, found), &day) ? day : DAY_NONE;
}

static int64_t number_of(const struct reader *r, const struct xml_element *e) {
        struct text t = e ? xml_trimmed(r->m->xml, e) : (struct text){0};
        int64_t n = -1;

        if (t.n > 0 && t.s[0] == '+')
                t = (struct text){t.s + 1, t.n - 1};
        return text_to_int64(t, &n) ? n : -1;
}

/* Toewijzingsdatum and Toewijzingstijd, joined as text first: 24:00:00 is the next day's midnight; of a doubled hour the earlier instant. */
static instant_t decided_at(const struct reader *r, const struct xml_element *e) {
        day_t day = day_of(r, e, r->space, "Toewijzingsdatum");
        const struct xml_element *time = xml_find(e, r->space, "Toewijzingstijd");
        struct text t = time ? xml_trimmed(r->m->xml, time) : (struct text){0};
        int64_t ms = 0, wall;
        instant_t at;

        if (day == DAY_NONE || t.n < 8)
                return INSTANT_NEVER;
        ms = (((t.s[0] - '0') * 10 + t.s[1] - '0') * 60 + (t.s[3] - '0') * 10 + t.s[4] - '0') * 60 + (t.s[6] - '0') * 10 + t.s[7] - '0';
        ms *= 1000;
        for (size_t i = 9, unit = 100; i < t.n && unit > 0; i++, unit /= 10)
                ms += (t.s[i] - '0') * (int64_t)unit;
        wall = (int64_t)day * DAY_MS + ms; /* as if it were UTC */
        at = wall - (int64_t)120 * 60000;
        if (instant_offset_minutes(at) != 120)
                at = wall - (int64_t)60 * 60000;
        return at;
}

/* -- Level 2 -- */

static int rule(const struct reader *r, bool broken, const char *name, const struct xml_element *e, const char *why) {
        return broken ? ijw_refuse(r->refusal, 2, name, e, why) : 0;
}

/* What 301, 315 and 317 have in common about what is allocated. @begins, @ends: names of the dates. */
static int rules_of_allocation(const struct reader *r, const struct xml_element *e, bool coded, bool old_volumes, const struct ijw_product *p) {
        const struct xml_element *volume = xml_find(e, r->space, "Omvang"), *budget = xml_find(e, r->space, "Budget");
        bool weekly = text_is(value_in(r, volume, IJW_SPACE_BASE, "Frequentie"), "2");
        const char *empty = r->m->kind->number == 315 ? "CD095" : "CD080";
        int x = rule(r, p->ends != DAY_NONE && p->begins != DAY_NONE && p->ends < p->begins, "CS003", e, "it ends before it begins");

        if (!x && coded)
                x = rule(r, !budget && p->category.n == 0, "CD079", e, "it has neither a product nor a budget");
        if (!x)
                x = rule(r, budget && volume, "CD077", e, "it has a volume and a budget");
        if (!x && coded)
                x = rule(r, p->code.n > 0 && !volume, "CD041", e, "it has a product code and no volume");
        if (!x && coded && old_volumes)
                x = rule(r, p->code.n == 0 && volume && (p->ends == DAY_NONE || p->ends > VOLUMES_OF_NOTHING_END), empty, e,
                         "it has a volume and no product code");
        if (!x)
                x = rule(r, budget && p->ends == DAY_NONE, "CD075", e, "it has a budget and no end");
        return x ? x : rule(r, weekly && p->ends == DAY_NONE, "CD076", e, "its volume is weekly and it has no end");
}

static int rules_of_referrer(const struct reader *r, const struct xml_element *e) {
        const struct xml_element *who = xml_find(e, r->space, "Verwijzer");
        struct text type = value_in(r, who, IJW_SPACE_BASE, "Type");
        bool care = text_is(type, "02") || text_is(type, "03") || text_is(type, "04") || text_is(type, "05");
        bool code = value_in(r, who, IJW_SPACE_BASE, "ZorgverlenerCode").n > 0, name = value_in(r, who, IJW_SPACE_BASE, "Naam").n > 0;
        int x = rule(r, care && code && name, "CD066", who, "the referrer has a code and a name");

        if (!x)
                x = rule(r, care && !code && !name, "CD067", who, "the referrer has neither a code nor a name");
        return x ? x : rule(r, !care && code, "CD068", who, "a referrer of this type has no code");
}

/* -- Products -- */

static int product_read(const struct reader *r, const struct xml_element *e, struct ijw_product *p) {
        const struct xml_element *product = xml_find(e, r->space, "Product");
        struct text status = value_of(r, e, "StatusAanlevering"), answer = value_of(r, e, "VerzoekAntwoord");

        *p = (struct ijw_product){
                .reference = value_of(r, e, "ReferentieAanbieder"),
                .number = number_of(r, xml_find(e, r->space, "ToewijzingNummer")),
                .category = value_in(r, product, IJW_SPACE_BASE, "Categorie"),
                .code = value_in(r, product, IJW_SPACE_BASE, "Code"),
                .status = status.n ? status.s[0] : answer.n ? answer.s[0] : '\0',
                .begins = DAY_NONE,
                .ends = DAY_NONE,
                .decided = INSTANT_NEVER,
                .decided_on = DAY_NONE,
        };
        return 0;
}

static int read_301(const struct reader *r, const struct xml_element *e, struct ijw_product *p) {
        int x;

        p->begins = day_of(r, e, r->space, "Ingangsdatum");
        p->ends = day_of(r, e, r->space, "Einddatum");
        p->reason = value_of(r, e, "RedenWijziging");
        p->decided_on = day_of(r, e, r->space, "Toewijzingsdatum");
        p->decided = decided_at(r, e);
        x = rules_of_allocation(r, e, true, true, p);
        if (!x)
                x = rule(r, text_is(p->reason, "13") && p->ends != p->begins, "CS335", e, "it is deleted, and does not end on the day on which it begins");
        return x ? x : rule(r, text_is(p->reason, "01"), "CS336", e, "this reason is not used any more");
}

/* A start or a stop. */
static int read_305_307(const struct reader *r, const struct xml_element *e, struct ijw_product *p) {
        int x;

        p->begins = day_of(r, e, r->space, "Begindatum");
        p->ends = day_of(r, e, r->space, "Einddatum");
        p->reason = value_of(r, e, "RedenBeeindiging");
        x = rule(r, p->status != '1' && p->status != '3', "CS058", e, "it is neither a first message nor a deletion");
        if (!x)
                x = rule(r, p->ends != DAY_NONE && p->ends < p->begins, "CS003", e, "it ends before it begins");
        if (!x)
                x = rule(r, p->begins > r->m->dated, "OP011", e, "it begins after the message was written: a start is told when it has been");
        return x ? x : rule(r, p->ends != DAY_NONE && p->ends > r->m->dated, "OP011", e, "it ends after the message was written");
}

static int read_315(const struct reader *r, const struct xml_element *e, struct ijw_product *p) {
        bool number = value_of(r, e, "BeschikkingNummer").n > 0, from = value_of(r, e, "BeschikkingIngangsdatum").n > 0;
        int x;

        p->begins = day_of(r, e, r->space, "ToewijzingIngangsdatum");
        p->ends = day_of(r, e, r->space, "ToewijzingEinddatum");
        p->referrer = value_in(r, xml_find(e, r->space, "Verwijzer"), IJW_SPACE_BASE, "Type");
        x = rules_of_allocation(r, e, true, true, p);
        if (!x)
                x = rule(r, number != from, "CD043", e, "a decision has a number and the day from which it holds, or neither");
        return x ? x : rules_of_referrer(r, e);
}

static int read_319(const struct reader *r, const struct xml_element *e, struct ijw_product *p) {
        const struct xml_element *residence = xml_find(e, r->space, "Woonplaatsbeginsel");
        int x;

        p->reason = value_of(r, e, "RedenAfwijzingVerzoek");
        p->municipality = value_of(r, residence, "Gemeente");
        x = rule(r, p->status == '1' && p->reason.n == 0, "CD085", e, "it is rejected without a reason");
        if (!x)
                x = rule(r, p->status == '2' && p->reason.n > 0, "CD086", e, "it is under investigation and has a reason");
        return x ? x : rule(r, text_is(p->reason, "8") != (residence != NULL), "IV095", e, "a municipality is named with reason 8, and with no other");
}

/* One request for change: what it names. */
static int read_317(const struct reader *r, const struct xml_element *e, struct ijw_product *p) {
        static const char *const lists[] = {"OngewijzigdeProducten", "TeWijzigenProducten", "NieuweProducten"};
        int64_t *numbers = arena_alloc(r->m->arena, sizeof(*numbers) * IJW_PRODUCTS_MAX);
        int x = 0;

        if (!numbers)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                const struct xml_element *list = xml_find(e, r->space, lists[i]);

                for (const struct xml_element *item = list ? xml_first(list) : NULL; item && !x; item = xml_next(item)) {
                        struct ijw_product one;

                        x = product_read(r, item, &one);
                        one.begins = day_of(r, item, r->space, "GewensteIngangsdatum");
                        one.ends = day_of(r, item, r->space, "Einddatum");
                        if (!x)
                                x = rules_of_allocation(r, item, i == 2, false, &one);
                        if (one.number >= 0 && r->m->numbers_n < IJW_PRODUCTS_MAX)
                                numbers[r->m->numbers_n++] = one.number;
                        if (p->category.n == 0) {
                                p->category = one.category;
                                p->code = one.code;
                        }
                        if (one.begins != DAY_NONE && (p->begins == DAY_NONE || one.begins < p->begins))
                                p->begins = one.begins;
                }
        }
        r->m->numbers = numbers;
        return x;
}

static int read_one(const struct reader *r, const struct xml_element *e, struct ijw_product *p) {
        int x = product_read(r, e, p);

        if (x)
                return x;
        switch (r->m->kind->number) {
        case 301:
                return read_301(r, e, p);
        case 305:
        case 307:
                return read_305_307(r, e, p);
        case 315:
                return read_315(r, e, p);
        case 317:
                return read_317(r, e, p);
        default:
                return read_319(r, e, p);
        }
}

/* Where the products of a message stand. */
static const struct xml_element *first_product(const struct reader *r, const struct xml_element *body) {
        static const struct {
                int number;
                const char *list;
        } rows[] = {{301, "ToegewezenProducten"}, {305, "StartProducten"}, {307, "StopProducten"}, {315, "AangevraagdeProducten"}};
        const struct xml_element *list;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                if (rows[i].number != r->m->kind->number)
                        continue;
                list = xml_find(body, r->space, rows[i].list);
                return list ? xml_first(list) : NULL;
        }
        return r->m->kind->number == 317 ? xml_find(body, r->space, "Verzoek") : body;
}

static int read_products(const struct reader *r, const struct xml_element *body) {
        const struct xml_element *first = first_product(r, body);
        bool many = r->m->kind->number != 317 && r->m->kind->number != 319;
        struct ijw_product *items;
        size_t n = 0;

        for (const struct xml_element *e = first; e; e = many ? xml_next(e) : NULL)
                n++;
        if (n > IJW_PRODUCTS_MAX)
                return ijw_refuse(r->refusal, 1, "OP179", body, "it has more products than a message of 25 MB can need");
        items = arena_calloc(r->m->arena, n, sizeof(*items));
        if (!items)
                return -ENOMEM;
        r->m->products = items;
        for (const struct xml_element *e = first; e; e = many ? xml_next(e) : NULL) {
                int x = read_one(r, e, &items[r->m->n]);

                if (x)
                        return x;
                r->m->n++;
        }
        return 0;
}

static int read_client(const struct reader *r, const struct xml_element *body) {
        struct text bsn = value_of(r, body, "Bsn");

        if (r->m->kind->number == 319)
                return 0;
        if (!bsn_is_valid(bsn))
                return ijw_refuse(r->refusal, 2, "CS002", xml_find(body, r->space, "Bsn"), "it does not pass the eleven-test");
        memcpy(r->m->bsn, bsn.s, bsn.n);
        return 0;
}

/* -- Return messages -- */

static bool code_is_fault(struct text code) {
        return !text_is(code, "0200") && !text_is(code, "0233");
}

static void codes_add(struct ijw_message *m, struct text code) {
        for (size_t i = 0; i < m->codes_n; i++) {
                if (text_is(code, m->codes[i]))
                        return;
        }
        if (m->codes_n < IJW_CODES_MAX)
                (void) snprintf(m->codes[m->codes_n++], sizeof(m->codes[0]), "%.*s", (int)code.n, code.s);
}

/* All codes of the document, in its order: the tree was checked, so it is no deeper than that. */
static void codes_read(const struct reader *r, const struct xml_element *e) {
        for (const struct xml_element *in = xml_first(e); in; in = xml_next(in)) {
                if (strcmp(xml_name(in), "RetourCode") != 0)
                        codes_read(r, in);
                else if (code_is_fault(xml_text(r->m->xml, in)))
                        codes_add(r->m, xml_text(r->m->xml, in));
        }
}

/* -- All of it -- */

static int read_header(const struct reader *r, const struct xml_element *header) {
        const struct xml_element *id = xml_find(header, r->space, "BerichtIdentificatie");
        struct ijw_message *m = r->m;

        m->sender = value_of(r, header, "Afzender");
        m->receiver = value_of(r, header, "Ontvanger");
        m->identification = value_in(r, id, IJW_SPACE_BASE, "Identificatie");
        m->dated = day_of(r, id, IJW_SPACE_BASE, "Dagtekening");
        m->answered = m->answer ? day_of(r, header, r->space, "DagtekeningRetour") : DAY_NONE;
        return 0;
}

static int message_check(struct reader *r, day_t today, const struct ijw_schemas *schemas, struct error *err) {
        struct ijw_message *m = r->m;
        const struct xml_element *header, *body;
        int x = tree_check(m->xml, &m->kind, &m->answer, r->refusal);

        if (x)
                return x;
        r->space = xml_space(xml_root(m->xml));
        header = xml_first(xml_root(m->xml));
        body = xml_next(header);
        x = read_header(r, header);
        if (x == 0 && schemas) {
                x = xml_schema_check(schemas->items[m->kind - ijw_kinds][m->answer], m->xml, err);
                if (x == XML_E_REFUSED) {
                        r->refusal->level = 1;
                        r->refusal->rule = "XSD";
                        error_set(&r->refusal->why, "IJW XSD: level 1, %s", err->text);
                        return IJW_E_REFUSED;
                }
        }
        if (x)
                return x;
        if ((m->answer ? m->answered : m->dated) > today)
                return ijw_refuse(r->refusal, 2, "8848", header, "it is dated in the future");
        if (m->answer) {
                codes_read(r, xml_root(m->xml));
                return 0;
        }
        x = read_client(r, body);
        return x ? x : read_products(r, body);
}

/* What bytes are that are no XML, where a person can do something about it; NULL: nothing that is known. */
static const char *bytes_say(const char *bytes, size_t n) {
        static const char zip[] = "PK\3\4";

        if (n == 0)
                return "it is empty";
        return n >= strlen(zip) && n <= XML_BYTES_MAX && memcmp(bytes, zip, strlen(zip)) == 0 ? "it is a ZIP archive: unpack it first" : NULL;
}

int ijw_message_read(const char *bytes, size_t n, day_t today, const struct ijw_schemas *schemas, struct ijw_message **ret, struct ijw_refusal *ret_refusal,
                     struct error *err) {
        CLEANUP(ijw_message_free_p) struct ijw_message *m = calloc(1, sizeof(*m));
        struct reader r = {.m = m, .space = "", .refusal = ret_refusal};
        struct error why = {0};
        int x;

        *ret = NULL;
        if (!m || arena_new(&m->arena, MESSAGE_ARENA_MAX) < 0)
                return -ENOMEM;
        x = xml_read(bytes, n, &m->xml, &why);
        if (x == XML_E_REFUSED) {
                ret_refusal->level = 1;
                ret_refusal->rule = n > XML_BYTES_MAX ? "OP179" : "OP192";
                error_set(&ret_refusal->why, "IJW %s: level 1, %s", ret_refusal->rule, bytes_say(bytes, n) ? bytes_say(bytes, n) : why.text);
                return IJW_E_REFUSED;
        }
        if (x)
                return x;
        x = message_check(&r, today, schemas, err);
        if (x == 0 || (x == IJW_E_REFUSED && m->identification.n > 0))
                *ret = TAKE(m);
        return x;
}

struct ijw_message *ijw_message_free(struct ijw_message *m) {
        if (!m)
                return NULL;
        xml_free(m->xml);
        arena_free(m->arena);
        sodium_memzero(m->bsn, sizeof(m->bsn));
        free(m);
        return NULL;
}
