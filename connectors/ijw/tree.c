/* SPDX-License-Identifier: EUPL-1.2 */

/* The trees and types of iJw messages as tables, and the walk that holds a document to them. */

#include "connectors/ijw/tree.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "calendar/date.h"

#define IJW_YEAR_MIN 1900 /* beyond these a date is a slip of the pen */
#define IJW_YEAR_MAX 2100
#define IJW_SPACE_MAX 96

enum tree_type {
        T_CLASS,
        T_CODE,    /* one of .codes */
        T_DIGITS,  /* .max of them; of as many as there are when .max is 0 */
        T_TEXT,    /* 1 to .max characters, one of them no blank; without a bound when .max is 0 */
        T_INITIALS, /* 1 to .max letters */
        T_NUMBER,  /* 0 to .max */
        T_DATE,
        T_TIME,
        T_VERSION, /* 1.0.0 */
};

struct ijw_field {
        const char *name;
        char often; /* '1', '?', '+' */
        enum tree_type type;
        int64_t max;
        const char *codes;             /* blanks between and around them */
        const struct ijw_class *class; /* T_CLASS */
};

struct ijw_class {
        const struct ijw_field *fields; /* in their order; name NULL behind the last */
        bool base;                      /* its elements are of the basic schema */
        bool list;                      /* in a return message it has no codes itself */
};

#define CLASS(name_, ...) \
        static const struct ijw_class name_ = {.fields = (const struct ijw_field[]){__VA_ARGS__, {0}}, .list = false}
#define BASE(name_, ...) \
        static const struct ijw_class name_ = {.fields = (const struct ijw_field[]){__VA_ARGS__, {0}}, .base = true}
#define LIST(name_, item, of) \
        static const struct ijw_class name_ = {.fields = (const struct ijw_field[]){{item, '+', T_CLASS, .class = &(of)}, {0}}, .list = true}
#define IN(name, often, of) \
        { name, often, T_CLASS, .class = &(of) }
#define TEXT(name, often, most) \
        { name, often, T_TEXT, .max = (most) }
#define DIGITS(name, often, n) \
        { name, often, T_DIGITS, .max = (n) }
#define NUMBER(name, often, most) \
        { name, often, T_NUMBER, .max = (most) }
#define CODE(name, often, list) \
        { name, often, T_CODE, .codes = " " list " " }
#define DATE(name, often) \
        { name, often, T_DATE }

#define COUNTRIES \
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK " \
        "CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS " \
        "GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV " \
        "LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM " \
        "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR " \
        "TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
/* COD and WJ001, and 9355, which the list lacks and the XSDs have. */
#define RETURN_CODES \
        "0001 0200 0233 0611 8001 8017 8021 8187 8214 8848 9019 9056 9063 9069 9071 9074 9307 9308 9319 9321 9322 9326 9332 9333 9338 9339 9340 " \
        "9341 9346 9347 9349 9350 9351 9355 9357 9359 9360 9361 9365 9366 9367 9369 9373 9374 9375 9379 9384 9385 9387 9388 9389 9390 9411 9412 " \
        "9413 9414 9415 S300 S329"

/* -- The basic schema -- */

BASE(birth, DATE("Datum", '1'), CODE("DatumGebruik", '?', "1 2 3"));
BASE(surname, TEXT("Achternaam", '1', 200), TEXT("Voorvoegsel", '?', 10));
BASE(short_name, IN("Geslachtsnaam", '1', surname), TEXT("Voornamen", '?', 200), {"Voorletters", '?', T_INITIALS, .max = 6});
BASE(full_name, IN("Geslachtsnaam", '1', surname), IN("Partnernaam", '?', surname), TEXT("Voornamen", '?', 200), {"Voorletters", '?', T_INITIALS, .max = 6},
     CODE("NaamGebruik", '1', "1 2 3 4 5 6"));
BASE(communication, CODE("Vorm", '1', "1 2 3"), TEXT("Taal", '?', 25));
BASE(house, NUMBER("Huisnummer", '1', 99999), TEXT("Huisletter", '?', 1), TEXT("HuisnummerToevoeging", '?', 4),
     CODE("AanduidingWoonadres", '?', "AB BY TO WW"));
BASE(address, IN("Huis", '?', house), TEXT("Postcode", '?', 8), TEXT("Straatnaam", '?', 24), TEXT("Plaatsnaam", '?', 80), CODE("LandCode", '?', COUNTRIES));
BASE(telephone, {"Telefoonnummer", '1', T_DIGITS, .max = 0}, TEXT("Landnummer", '1', 4));
BASE(telephones, IN("Telefoon01", '1', telephone), IN("Telefoon02", '?', telephone));
BASE(open_period, DATE("Begindatum", '?'), DATE("Einddatum", '?'));
BASE(product, CODE("Categorie", '1', "31 32 33 34 35 36 37 38 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55"), TEXT("Code", '?', 5));
BASE(volume, NUMBER("Volume", '1', 99999999), CODE("Eenheid", '1', "01 04 14 16 82 83 84"), CODE("Frequentie", '1', "1 2 4 6"));
BASE(referrer, CODE("Type", '1', "01 02 03 04 05 06 08"), TEXT("Naam", '?', 64), DIGITS("ZorgverlenerCode", '?', 8));
BASE(identification, TEXT("Identificatie", '1', 12), DATE("Dagtekening", '1'));
BASE(versions, {"BasisschemaXsdVersie", '1', T_VERSION}, {"BerichtXsdVersie", '1', T_VERSION});

#define YES_NO "1 2"
#define END_REASONS "02 20 31 32 33 34 35 36 37 38 39"
#define CHANGE_REASONS "01 02 03 04 05 06 07 08 09 10 11 12 13 14"

/* -- The messages -- */

static const struct ijw_field return_code = CODE("RetourCode", '+', RETURN_CODES);

CLASS(contact, CODE("Soort", '1', "01 02 03 04"), IN("Adres", '?', address), TEXT("Organisatie", '?', 35), IN("Telefoon", '?', telephones),
      TEXT("Emailadres", '?', 80), IN("Periode", '?', open_period));
CLASS(relation, TEXT("Nummer", '1', 20), NUMBER("Volgorde", '?', 99),
      CODE("Soort", '1', "03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25"), IN("Geboortedatum", '?', birth),
      CODE("Geslacht", '?', "0 1 2"), IN("Naam", '1', full_name), IN("Contact", '1', contact));
LIST(relations, "Relatie", relation);
LIST(contacts, "Contact", contact);
CLASS(allocated, NUMBER("ToewijzingNummer", '1', IJW_NUMBER_MAX), TEXT("ReferentieAanbieder", '?', 36), IN("Product", '?', product),
      DATE("Toewijzingsdatum", '1'), {"Toewijzingstijd", '1', T_TIME}, DATE("Ingangsdatum", '1'), DATE("Einddatum", '?'),
      CODE("RedenWijziging", '?', CHANGE_REASONS), IN("Omvang", '?', volume), NUMBER("Budget", '?', 99999999), TEXT("Commentaar", '?', 0));
LIST(allocations, "ToegewezenProduct", allocated);
CLASS(client_301, DIGITS("Bsn", '1', 9), IN("Geboortedatum", '1', birth), CODE("Geslacht", '1', "0 1 2"), IN("Naam", '1', full_name),
      IN("Communicatie", '?', communication), CODE("JuridischeStatus", '?', "01 02 03 04 05 11 12"),
      CODE("WettelijkeVertegenwoordiging", '?', "06 07 08 09 10"), TEXT("Commentaar", '?', 0), IN("Relaties", '?', relations),
      IN("Contactgegevens", '1', contacts), IN("ToegewezenProducten", '1', allocations));

CLASS(started, NUMBER("ToewijzingNummer", '?', IJW_NUMBER_MAX), IN("Product", '?', product), DATE("ToewijzingIngangsdatum", '?'), DATE("Begindatum", '1'),
      CODE("StatusAanlevering", '1', "1 2 3 9"));
LIST(starts, "StartProduct", started);
CLASS(client_305, DIGITS("Bsn", '1', 9), IN("Geboortedatum", '1', birth), CODE("Geslacht", '1', "0 1 2"), IN("Naam", '1', short_name),
      IN("StartProducten", '1', starts));

CLASS(stopped, NUMBER("ToewijzingNummer", '?', IJW_NUMBER_MAX), IN("Product", '?', product), DATE("ToewijzingIngangsdatum", '?'), DATE("Begindatum", '1'),
      CODE("RedenBeeindiging", '1', END_REASONS), DATE("Einddatum", '1'), CODE("StatusAanlevering", '1', "1 2 3 9"));
LIST(stops, "StopProduct", stopped);
CLASS(client_307, DIGITS("Bsn", '1', 9), IN("Geboortedatum", '1', birth), CODE("Geslacht", '1', "0 1 2"), IN("Naam", '1', short_name),
      IN("StopProducten", '1', stops));

CLASS(requested, TEXT("ReferentieAanbieder", '1', 36), NUMBER("BeschikkingNummer", '?', IJW_NUMBER_MAX), IN("Product", '?', product),
      DATE("BeschikkingIngangsdatum", '?'), DATE("ToewijzingIngangsdatum", '1'), DATE("ToewijzingEinddatum", '?'), IN("Omvang", '?', volume),
      NUMBER("Budget", '?', 99999999), IN("Verwijzer", '1', referrer), CODE("Raamcontract", '?', YES_NO), TEXT("Commentaar", '?', 0));
LIST(requests, "AangevraagdProduct", requested);
CLASS(client_315, DIGITS("Bsn", '1', 9), IN("Geboortedatum", '1', birth), CODE("Geslacht", '1', "0 1 2"), IN("Naam", '1', short_name),
      CODE("GezagsdragerBekend", '?', YES_NO), TEXT("Commentaar", '?', 0), IN("AangevraagdeProducten", '1', requests));

CLASS(unchanged, NUMBER("ToewijzingNummer", '1', IJW_NUMBER_MAX));
static const struct ijw_class unchanged_list = {.fields = (const struct ijw_field[]){IN("OngewijzigdProduct", '+', unchanged), {0}}, .list = true};
CLASS(to_change, NUMBER("ToewijzingNummer", '1', IJW_NUMBER_MAX), DATE("GewensteIngangsdatum", '1'), DATE("Einddatum", '?'), IN("Omvang", '?', volume),
      NUMBER("Budget", '?', 99999999));
static const struct ijw_class to_change_list = {.fields = (const struct ijw_field[]){IN("TeWijzigenProduct", '+', to_change), {0}}, .list = true};
CLASS(new_product, IN("Product", '?', product), DATE("GewensteIngangsdatum", '1'), DATE("Einddatum", '?'), IN("Omvang", '?', volume),
      NUMBER("Budget", '?', 99999999));
static const struct ijw_class new_list = {.fields = (const struct ijw_field[]){IN("NieuwProduct", '+', new_product), {0}}, .list = true};
CLASS(change, TEXT("ReferentieAanbieder", '1', 36), CODE("RedenVerzoek", '1', "1 2"), IN("OngewijzigdeProducten", '?', unchanged_list),
      IN("TeWijzigenProducten", '?', to_change_list), IN("NieuweProducten", '?', new_list));
CLASS(client_317, DIGITS("Bsn", '1', 9), IN("Verzoek", '1', change));

CLASS(residence, DIGITS("Gemeente", '1', 4));
CLASS(answer_319, TEXT("ReferentieAanbieder", '1', 36), CODE("VerzoekAntwoord", '1', "1 2"), CODE("RedenAfwijzingVerzoek", '?', "1 2 3 4 5 6 7 8 9"),
      IN("Woonplaatsbeginsel", '?', residence));

const struct ijw_kind ijw_kinds[IJW_KINDS] = {
        {301, 436, true, "Client", &client_301},  {305, 438, false, "Client", &client_305}, {307, 440, false, "Client", &client_307},
        {315, 446, false, "Client", &client_315}, {317, 486, false, "Client", &client_317}, {319, 488, true, "Antwoord", &answer_319},
};

/* -- Values -- */

int ijw_refuse(struct ijw_refusal *ret, int level, const char *rule, const struct xml_element *e, const char *why) {
        ret->level = level;
        ret->rule = rule;
        error_set(&ret->why, "IJW %s: level %d, line %ld, %s: %s", rule, level, xml_line(e), xml_name(e), why);
        return IJW_E_REFUSED;
}

static bool text_is_digits(struct text t) {
        for (size_t i = 0; i < t.n; i++) {
                if (!isdigit((unsigned char)t.s[i]))
                        return false;
        }
        return t.n > 0;
}

static size_t text_characters(struct text t) {
        size_t n = 0;

        for (size_t i = 0; i < t.n; i++)
                n += ((unsigned char)t.s[i] & 0xc0) != 0x80;
        return n;
}

static bool text_is_blank(struct text t) {
        for (size_t i = 0; i < t.n; i++) {
                if (!strchr(" \t\r\n", t.s[i]))
                        return false;
        }
        return true;
}

/* a-z A-Z, and U+00C0 to U+1EF3 as the schema has it. */
static bool text_is_initials(struct text t) {
        for (size_t i = 0; i < t.n;) {
                unsigned char c = (unsigned char)t.s[i];
                size_t n = utf8_length(t.s + i, t.n - i);

                if (n == 1 ? !isalpha(c) : n > 3 || (n == 2 && c < 0xc3))
                        return false;
                i += n;
        }
        return true;
}

static bool code_is_known(const char *codes, struct text t) {
        char padded[16];

        if (t.n == 0 || t.n > 4 || memchr(t.s, ' ', t.n))
                return false;
        (void) snprintf(padded, sizeof(padded), " %.*s ", (int)t.n, t.s);
        return strstr(codes, padded) != NULL;
}

/* An integer as XML Schema has them: a sign, zeros in front. */
static bool number_fits(struct text t, int64_t max) {
        int64_t n;

        if (t.n > 0 && t.s[0] == '+')
                t = (struct text){t.s + 1, t.n - 1};
        return t.n > 0 && t.s[0] != '+' && text_is_digits((struct text){t.s + (t.s[0] == '-'), t.n - (t.s[0] == '-')}) && text_to_int64(t, &n) && n >= 0 &&
               n <= max;
}

/* hh:mm:ss, with a fraction; 24:00:00 is the next day's midnight. */
static bool time_is_one(struct text t) {
        int h, m, s;

        if (t.n < 8 || t.s[2] != ':' || t.s[5] != ':' || !text_is_digits((struct text){t.s, 2}) || !text_is_digits((struct text){t.s + 3, 2}) ||
            !text_is_digits((struct text){t.s + 6, 2}))
                return false;
        h = (t.s[0] - '0') * 10 + t.s[1] - '0';
        m = (t.s[3] - '0') * 10 + t.s[4] - '0';
        s = (t.s[6] - '0') * 10 + t.s[7] - '0';
        if (t.n > 8 && (t.s[8] != '.' || !text_is_digits((struct text){t.s + 9, t.n - 9})))
                return false;
        if (h == 24) {
                for (size_t i = 9; i < t.n; i++)
                        m += t.s[i] != '0';
                return m == 0 && s == 0;
        }
        return h < 24 && m < 60 && s < 60;
}

static bool version_is_one(struct text t) {
        unsigned numbers = 1, digits = 0;

        for (size_t i = 0; i < t.n; i++) {
                if (t.s[i] == '.' && digits > 0) {
                        numbers++;
                        digits = 0;
                } else if (!isdigit((unsigned char)t.s[i]) || (digits == 1 && t.s[i - 1] == '0')) {
                        return false;
                } else {
                        digits++;
                }
        }
        return numbers == 3 && digits > 0;
}

static int date_check(const struct xml_element *e, struct text t, struct ijw_refusal *ret) {
        day_t day;

        if (t.n > DATE_TEXT && (memchr(t.s, ':', t.n) || memchr(t.s, 'Z', t.n)))
                return ijw_refuse(ret, 1, "RS032", e, "a date has no time zone");
        if (!date_parse(t, &day) || date_year(day) < IJW_YEAR_MIN || date_year(day) > IJW_YEAR_MAX)
                return ijw_refuse(ret, 1, "XSD", e, "it is no date of the years 1900 to 2100");
        return 0;
}

static int value_check(struct xml *x, const struct xml_element *e, const struct ijw_field *f, struct ijw_refusal *ret) {
        struct text t = xml_text(x, e), trimmed = xml_trimmed(x, e);
        size_t n = text_characters(t);

        if (t.n == 0)
                return ijw_refuse(ret, 1, "RS033", e, "it is empty; what is not known is left out");
        switch (f->type) {
        case T_CODE:
                return code_is_known(f->codes, t) ? 0 : ijw_refuse(ret, 1, "XSD", e, "it is none of the codes that can stand there");
        case T_DIGITS:
                return text_is_digits(t) && (f->max ? t.n == (size_t)f->max : t.n <= 15) ? 0 : ijw_refuse(ret, 1, "XSD", e, "it is not so many digits");
        case T_TEXT:
                if (text_is_blank(t))
                        return ijw_refuse(ret, 1, "RS033", e, "nothing but blanks stands there; what is not known is left out");
                return f->max == 0 || n <= (size_t)f->max ? 0 : ijw_refuse(ret, 1, "XSD", e, "it is too long");
        case T_INITIALS:
                return n <= (size_t)f->max && text_is_initials(t) ? 0 : ijw_refuse(ret, 1, "XSD", e, "it is not only letters, or too many");
        case T_NUMBER:
                return number_fits(trimmed, f->max) ? 0 : ijw_refuse(ret, 1, "XSD", e, "it is no number that can stand there");
        case T_DATE:
                return date_check(e, trimmed, ret);
        case T_TIME:
                return time_is_one(trimmed) ? 0 : ijw_refuse(ret, 1, "XSD", e, "it is no time without a time zone");
        case T_VERSION:
                return version_is_one(t) ? 0 : ijw_refuse(ret, 1, "XSD", e, "it is no version such as 1.0.0");
        case T_CLASS:
                break;
        }
        return 0;
}

/* -- Trees -- */

struct tree_walk {
        struct xml *x;
        const char *space;
        bool answer;
        struct ijw_refusal *refusal;
};

static int class_check(struct tree_walk *w, const struct xml_element *e, const struct ijw_class *class);

static int tree_value(struct tree_walk *w, const struct xml_element *e, const struct ijw_field *f) {
        if (xml_has_attributes(e))
                return ijw_refuse(w->refusal, 1, "XSD", e, "it has attributes");
        if (f->type == T_CLASS)
                return class_check(w, e, f->class);
        if (xml_first(e))
                return ijw_refuse(w->refusal, 1, "XSD", xml_first(e), "it cannot stand here");
        return value_check(w->x, e, f, w->refusal);
}

/* Takes as many of @f as stand at *@e, which moves on. */
static int tree_fields(struct tree_walk *w, const struct xml_element *in, const struct xml_element **e, const char *space, const struct ijw_field *f) {
        unsigned n = 0;

        while (*e && (f->often == '+' || n == 0) && xml_is(*e, space, f->name)) {
                int r = tree_value(w, *e, f);

                if (r)
                        return r;
                *e = xml_next(*e);
                n++;
        }
        if (n > 0 || f->often == '?')
                return 0;
        w->refusal->level = 1;
        w->refusal->rule = "XSD";
        error_set(&w->refusal->why, "IJW XSD: level 1, line %ld, %s: %s is missing, or stands elsewhere", xml_line(*e ? *e : in), xml_name(in), f->name);
        return IJW_E_REFUSED;
}

static int tree_return_codes(struct tree_walk *w, const struct xml_element *in, const struct xml_element **e, char often) {
        const struct xml_element *codes = *e, *code;
        int r;

        if (!codes || !xml_is(codes, w->space, "RetourCodes"))
                return often == '?' ? 0 : ijw_refuse(w->refusal, 1, "XSD", codes ? codes : in, "RetourCodes is missing before it, or at its end");
        code = xml_first(codes);
        r = tree_fields(w, codes, &code, w->space, &return_code);
        if (r == 0 && code)
                r = ijw_refuse(w->refusal, 1, "XSD", code, "it cannot stand here");
        *e = xml_next(codes);
        return r;
}

static int class_check(struct tree_walk *w, const struct xml_element *in, const struct ijw_class *class) {
        const struct xml_element *e = xml_first(in);
        int r = 0;

        if (!e && class != &open_period && class != &address)
                return ijw_refuse(w->refusal, 1, "RS033", in, "it is empty; what is not known is left out");
        if (xml_has_text(in))
                return ijw_refuse(w->refusal, 1, "XSD", in, "text stands between its elements");
        for (const struct ijw_field *f = class->fields; r == 0 && f->name; f++)
                r = tree_fields(w, in, &e, class->base ? IJW_SPACE_BASE : w->space, f);
        if (r == 0 && w->answer && !class->base && !class->list)
                r = tree_return_codes(w, in, &e, '1');
        if (r == 0 && e)
                r = ijw_refuse(w->refusal, 1, "XSD", e, "it cannot stand here, or not so often");
        return r;
}

/* -- The header -- */

static int header_value_is(struct tree_walk *w, const struct xml_element *header, const char *name, int wanted) {
        const struct xml_element *e = xml_find(header, w->space, name);
        char text[8];

        (void) snprintf(text, sizeof(text), "%d", wanted);
        return e && text_is(xml_trimmed(w->x, e), text) ? 0 : ijw_refuse(w->refusal, 1, "XSD", e ? e : header, "it is not that of this message and release");
}

static int header_check(struct tree_walk *w, const struct xml_element *header, const struct ijw_kind *kind) {
        const struct ijw_field municipality = DIGITS(kind->municipality ? "Afzender" : "Ontvanger", '1', 4);
        const struct ijw_field provider = DIGITS(kind->municipality ? "Ontvanger" : "Afzender", '1', 8);
        const struct ijw_field fields[] = {
                NUMBER("BerichtCode", '1', 999), NUMBER("BerichtVersie", '1', 99), NUMBER("BerichtSubversie", '1', 99),
                kind->municipality ? municipality : provider, kind->municipality ? provider : municipality,
                IN("BerichtIdentificatie", '1', identification), IN("XsdVersie", '1', versions),
        };
        const struct ijw_field more[] = {
                TEXT("IdentificatieRetour", '1', 12), DATE("DagtekeningRetour", '1'), {"XsltVersie", '?', T_VERSION}, IN("XsdVersieRetour", '1', versions),
        };
        const struct xml_element *e = xml_first(header);
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS(fields); i++)
                r = tree_fields(w, header, &e, w->space, &fields[i]);
        for (size_t i = 0; r == 0 && w->answer && i < ELEMENTS(more); i++)
                r = tree_fields(w, header, &e, w->space, &more[i]);
        if (r == 0 && w->answer)
                r = tree_return_codes(w, header, &e, '?');
        if (r == 0 && e)
                r = ijw_refuse(w->refusal, 1, "XSD", e, "it cannot stand here");
        if (r == 0)
                r = header_value_is(w, header, "BerichtCode", kind->code + w->answer);
        if (r == 0)
                r = header_value_is(w, header, "BerichtVersie", 3);
        return r ? r : header_value_is(w, header, "BerichtSubversie", 2);
}

static const struct ijw_kind *kind_of(const char *space, bool *ret_answer) {
        char known[IJW_SPACE_MAX];

        for (size_t i = 0; i < IJW_KINDS; i++) {
                for (int answer = 0; answer < 2; answer++) {
                        (void) snprintf(known, sizeof(known), "http://www.istandaarden.nl/ijw/3_2/jw%d/schema", ijw_kinds[i].number + answer);
                        *ret_answer = answer;
                        if (strcmp(known, space) == 0)
                                return &ijw_kinds[i];
                }
        }
        return NULL;
}

/* What it is instead, as far as its root says. */
static const char *stranger_says(const struct xml_element *root) {
        static const char every[] = "http://www.istandaarden.nl/ijw/", ours[] = "http://www.istandaarden.nl/ijw/3_2/";

        if (strcmp(xml_name(root), "Bericht") != 0 || strncmp(xml_space(root), every, strlen(every)) != 0)
                return "it is no message of iJw, or stands in something else: take off what lies around it, such as the envelope of GGK";
        if (strncmp(xml_space(root), ours, strlen(ours)) != 0)
                return "it is of another release than iJw 3.2, which is the one that is read here";
        return "of iJw the messages 301, 305, 307, 315, 317, 319 and their return messages are read here, and it is another";
}

int tree_check(struct xml *x, const struct ijw_kind **ret, bool *ret_answer, struct ijw_refusal *ret_refusal) {
        const struct xml_element *root = xml_root(x), *e;
        struct tree_walk w = {.x = x, .space = xml_space(root), .refusal = ret_refusal};
        const struct ijw_kind *kind = kind_of(w.space, &w.answer);
        struct ijw_field body;
        int r;

        if (!kind || strcmp(xml_name(root), "Bericht") != 0)
                return ijw_refuse(ret_refusal, 1, "XSD", root, stranger_says(root));
        e = xml_find(root, w.space, "Header");
        if (!e || e != xml_first(root) || xml_has_text(root))
                return ijw_refuse(ret_refusal, 1, "XSD", root, "Header is missing, or not the first");
        r = header_check(&w, e, kind);
        if (r)
                return r;
        body = (struct ijw_field){kind->body, w.answer ? '?' : '1', T_CLASS, .class = kind->class};
        e = xml_next(e);
        r = tree_fields(&w, root, &e, w.space, &body);
        if (r == 0 && e)
                r = ijw_refuse(ret_refusal, 1, "XSD", e, "it cannot stand here");
        *ret = kind;
        *ret_answer = w.answer;
        return r;
}
