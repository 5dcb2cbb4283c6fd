/* SPDX-License-Identifier: EUPL-1.2 */

/* Finds in a notificatieDi01 what an event is made of, and refuses what is none. */

#include "connectors/corv/notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/case_keys.h"

#define ORGANISATION_MAX 200
#define APPLICATION_MIN 3
#define APPLICATION_MAX 50
#define NUMBER_MIN 5
#define NUMBER_MAX 40
#define WORDS_MAX 1000

static const char *const statuses[] = {
        [STATUS_INTAKE_DONE] = "Intake afgerond", [STATUS_INVESTIGATION_DONE] = "Onderzoek afgerond", [STATUS_CASE_DONE] = "Zaak afgerond"};
static const char *const results[] = {
        [RESULT_NONE] = "",
        [RESULT_REQUEST_REJECTED] = "Verzoek tot onderzoek afgewezen",
        [RESULT_NO_PETITION] = "Geen rekest Kinderbescherming",
        [RESULT_IMPOSED] = "Maatregel opgelegd",
        [RESULT_NOT_IMPOSED] = "Geen maatregel opgelegd",
};

/* -- Refusing -- */

static int refuse(struct error *err, const struct xml_element *e, const char *why) {
        error_set(err, "line %ld, %s: %s", xml_line(e), xml_name(e), why);
        return NOTICE_E_REFUSED;
}

static int refuse_missing(struct error *err, const struct xml_element *in, const char *name) {
        error_set(err, "line %ld, %s: has no %s", xml_line(in), xml_name(in), name);
        return NOTICE_E_REFUSED;
}

/* -- Values -- */

/* The element of this name that must be there. Return: 0 or NOTICE_E_REFUSED. */
static int need(const struct xml_element *in, const char *space, const char *name, const struct xml_element **ret, struct error *err) {
        *ret = xml_find(in, space, name);
        if (!*ret)
                return refuse_missing(err, in, name);
        return xml_find_next(*ret, space, name) ? refuse(err, *ret, "stands there more than once") : 0;
}

/* Two, one in the other. */
static int need_in(const struct xml_element *in, const char *space, const char *outer, const char *inner, const struct xml_element **ret, struct error *err) {
        const struct xml_element *e = NULL;
        int r = need(in, space, outer, &e, err);

        return r ? r : need(e, space, inner, ret, err);
}

/* A text of @min to @max characters. */
static int read_text(struct xml *x, const struct xml_element *e, size_t min, size_t max, struct text *ret, struct error *err) {
        size_t n;

        *ret = xml_trimmed(x, e);
        n = utf8_count(ret->s, ret->n);
        if (n < min || n > max) {
                error_set(err, "line %ld, %s: must be %zu to %zu characters", xml_line(e), xml_name(e), min, max);
                return NOTICE_E_REFUSED;
        }
        return 0;
}

/* Which of @words it is. */
static int read_word(struct xml *x, const struct xml_element *e, const char *const *words, size_t n, int *ret, struct error *err) {
        struct text t = xml_trimmed(x, e);

        for (size_t i = 0; i < n; i++) {
                if (words[i][0] && text_is(t, words[i])) {
                        *ret = (int)i;
                        return 0;
                }
        }
        return refuse(err, e, "is none of the values that the interface knows");
}

/* @n digits from @at on; -1: they are no digits. */
static int digits_read(struct text t, size_t at, size_t n) {
        int value = 0;

        for (size_t i = at; i < at + n; i++) {
                if (i >= t.n || t.s[i] < '0' || t.s[i] > '9')
                        return -1;
                value = value * 10 + (t.s[i] - '0');
        }
        return value;
}

/* YYYYMMDD at the start of @t. */
static bool day_of_digits(struct text t, day_t *ret) {
        int year = digits_read(t, 0, 4), month = digits_read(t, 4, 2), day = digits_read(t, 6, 2);

        if (year < 1900 || year > 2100 || month < 1 || month > 12 || day < 1 || day > date_month_days(year, month))
                return false;
        *ret = date_from_ymd(year, month, day);
        return true;
}

static int read_day(struct xml *x, const struct xml_element *e, day_t *ret, struct error *err) {
        struct text t = xml_trimmed(x, e);

        return t.n == 8 && day_of_digits(t, ret) ? 0 : refuse(err, e, "must be a date as YYYYMMDD");
}

/* One that may be left out, or be empty with StUF:noValue. */
static int read_day_maybe(struct xml *x, const struct xml_element *in, const char *name, day_t *ret, struct error *err) {
        const struct xml_element *e = xml_find(in, ZKN_SPACE, name);

        *ret = DAY_NONE;
        return !e || xml_trimmed(x, e).n == 0 ? 0 : read_day(x, e, ret, err);
}

/* tijdstipBericht: YYYYMMDD, and as much of HHMMSS and milliseconds as the sender wants. */
static int read_instant(struct xml *x, const struct xml_element *e, instant_t *ret, struct error *err) {
        struct text t = xml_trimmed(x, e);
        int hour = t.n > 8 ? digits_read(t, 8, 2) : 0, minute = t.n > 10 ? digits_read(t, 10, 2) : 0, second = t.n > 12 ? digits_read(t, 12, 2) : 0, ms = 0;
        int64_t past;
        day_t day;

        if (t.n < 8 || t.n > 17 || !day_of_digits(t, &day) || (t.n < 14 && t.n % 2) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
            second > 59)
                return refuse(err, e, "must be an instant as YYYYMMDDhhmmss");
        for (size_t i = 14; i < 17; i++) {
                int digit = i < t.n ? digits_read(t, i, 1) : 0;

                if (digit < 0)
                        return refuse(err, e, "must be an instant as YYYYMMDDhhmmss");
                ms = ms * 10 + digit;
        }
        past = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + ms;
        *ret = date_begin(day) + past;
        /* Behind a change of the clock the day began with another offset than the hour has. */
        *ret += (instant_offset_minutes(date_begin(day)) - instant_offset_minutes(*ret)) * INT64_C(60000);
        return 0;
}

/* -- The tree -- */

static int read_party(struct xml *x, const struct xml_element *header, const char *name, struct text *ret, struct text *ret_application, struct error *err) {
        const struct xml_element *organisation = NULL, *application = NULL;
        int r = need_in(header, STUF_SPACE, name, "organisatie", &organisation, err);

        if (r == 0)
                r = read_text(x, organisation, 1, ORGANISATION_MAX, ret, err);
        if (r == 0)
                r = need_in(header, STUF_SPACE, name, "applicatie", &application, err);
        return r ? r : read_text(x, application, APPLICATION_MIN, APPLICATION_MAX, ret_application, err);
}

static int notice_header(struct notice *n, const struct xml_element *message, struct error *err) {
        static const char *const codes[] = {"Di01"}, *const functions[] = {"notificatieDi01"};
        const struct xml_element *header = NULL, *e = NULL;
        int word, r = need(message, CORV_SPACE, "stuurgegevens", &header, err);

        if (r == 0)
                r = need(header, STUF_SPACE, "referentienummer", &e, err);
        if (r == 0)
                r = read_text(n->xml, e, 1, NOTICE_REFERENCE_MAX, &n->reference, err);
        if (r == 0)
                r = read_party(n->xml, header, "zender", &n->sender, &n->sender_application, err);
        if (r == 0)
                r = read_party(n->xml, header, "ontvanger", &n->receiver, &n->receiver_application, err);
        if (r == 0)
                r = need(header, STUF_SPACE, "berichtcode", &e, err);
        if (r == 0)
                r = read_word(n->xml, e, codes, ELEMENTS(codes), &word, err);
        if (r == 0)
                r = need(header, STUF_SPACE, "functie", &e, err);
        if (r == 0)
                r = read_word(n->xml, e, functions, ELEMENTS(functions), &word, err);
        if (r == 0)
                r = need(header, STUF_SPACE, "tijdstipBericht", &e, err);
        return r ? r : read_instant(n->xml, e, &n->at, err);
}

static int read_child(struct notice *n, const struct xml_element *object, struct error *err) {
        static const char *const kinds[] = {"Client (kind)", "Client (ongeboren kind)"};
        const struct xml_element *about = NULL, *e = NULL, *person;
        struct text bsn = {0};
        int kind = 0, r = need(object, ZKN_SPACE, "heeftBetrekkingOp", &about, err);

        if (r == 0)
                r = need(about, ZKN_SPACE, "omschrijving", &e, err);
        if (r == 0)
                r = read_word(n->xml, e, kinds, ELEMENTS(kinds), &kind, err);
        if (r == 0)
                r = need_in(about, ZKN_SPACE, "gerelateerde", "natuurlijkPersoon", &person, err);
        if (r)
                return r;
        n->unborn = kind == 1;
        e = xml_find(person, BG_SPACE, "inp.bsn");
        if (e)
                bsn = xml_trimmed(n->xml, e);
        if (bsn.n == 0)
                return 0;
        if (!bsn_is_valid(bsn))
                return refuse(err, e, "is no BSN: nine digits that pass the eleven-test");
        memcpy(n->bsn, bsn.s, bsn.n);
        return 0;
}

static int read_decision(struct notice *n, const struct xml_element *leads, struct error *err) {
        struct notice_decision *d = &n->decisions[n->n];
        const struct xml_element *in = NULL, *e = NULL, *extra;
        int r = need(leads, ZKN_SPACE, "gerelateerde", &in, err);

        *d = (struct notice_decision){.ends = DAY_NONE};
        if (r == 0)
                r = need(in, ZKN_SPACE, "datumBeslissing", &e, err);
        if (r == 0)
                r = read_day(n->xml, e, &d->date, err);
        if (r == 0)
                r = need(in, ZKN_SPACE, "toelichting", &e, err);
        if (r == 0)
                r = read_text(n->xml, e, 0, WORDS_MAX, &d->words, err);
        if (r == 0)
                r = read_day_maybe(n->xml, in, "einddatumWerking", &d->ends, err);
        if (r)
                return r;
        e = xml_find(in, STUF_SPACE, "extraElementen");
        extra = e ? xml_find(e, STUF_SPACE, "extraElement") : NULL;
        for (; extra && d->extras_n < ELEMENTS(d->extras); extra = xml_find_next(extra, STUF_SPACE, "extraElement"))
                d->extras[d->extras_n++] = xml_trimmed(n->xml, extra);
        n->n++;
        return 0;
}

static int read_result(struct notice *n, const struct xml_element *object, struct error *err) {
        const struct xml_element *e = xml_find(object, ZKN_SPACE, "resultaat"), *word = NULL;
        int result = RESULT_NONE, r = 0;

        if (e && xml_first(e))
                r = need(e, ZKN_SPACE, "omschrijving", &word, err);
        if (r == 0 && word)
                r = read_word(n->xml, word, results, ELEMENTS(results), &result, err);
        n->result = (enum notice_result)result;
        return r;
}

static int read_object(struct notice *n, const struct xml_element *message, struct error *err) {
        static const char *const kinds[] = {"Uitvoeren onderzoek kinderbeschermingsmaatregel"};
        const struct xml_element *object = NULL, *e = NULL, *state = NULL;
        int word = 0, r = need(message, CORV_SPACE, "object", &object, err);

        if (r == 0)
                r = need_in(object, ZKN_SPACE, "isVan", "gerelateerde", &e, err);
        if (r == 0)
                r = need(e, ZKN_SPACE, "omschrijvingGeneriek", &e, err);
        if (r == 0)
                r = read_word(n->xml, e, kinds, ELEMENTS(kinds), &word, err);
        if (r == 0)
                r = need(object, ZKN_SPACE, "heeft", &state, err);
        if (r == 0)
                r = need_in(state, ZKN_SPACE, "gerelateerde", "omschrijving", &e, err);
        if (r == 0)
                r = read_word(n->xml, e, statuses, ELEMENTS(statuses), &word, err);
        if (r == 0)
                n->status = (enum notice_status)word;
        if (r == 0)
                r = need(state, ZKN_SPACE, "datumStatusGezet", &e, err);
        if (r == 0)
                r = read_day(n->xml, e, &n->status_on, err);
        if (r == 0)
                r = read_result(n, object, err);
        if (r == 0)
                r = read_child(n, object, err);
        e = r == 0 ? xml_find(object, ZKN_SPACE, "identificatie") : NULL;
        if (e && xml_trimmed(n->xml, e).n > 0)
                r = read_text(n->xml, e, NUMBER_MIN, NUMBER_MAX, &n->number, err);
        for (e = r == 0 ? xml_find(object, ZKN_SPACE, "leidtTot") : NULL; e && r == 0; e = xml_find_next(e, ZKN_SPACE, "leidtTot"))
                r = n->n < NOTICE_DECISIONS_MAX ? read_decision(n, e, err) : refuse(err, e, "more decisions than a notification may have");
        return r;
}

/* -- The whole -- */

static int find_message(const struct xml *x, const struct xml_element **ret, struct error *err) {
        const struct xml_element *root = xml_root(x);

        if (xml_is(root, SOAP_SPACE, "Envelope")) {
                int r = need(root, SOAP_SPACE, "Body", &root, err);

                if (r)
                        return r;
                if (!xml_first(root))
                        return refuse_missing(err, root, "message");
                root = xml_first(root);
        }
        *ret = root;
        return xml_is(root, CORV_SPACE, "notificatieDi01") ? 0 : refuse(err, root, "is no notificatieDi01 of StUF-koppelvlak Jeugdzorg 1.0");
}

int notice_read(const char *bytes, size_t size, struct notice **ret, struct error *err) {
        CLEANUP(notice_free_p) struct notice *n = calloc(1, sizeof(*n));
        const struct xml_element *message = NULL;
        int r;

        *ret = NULL;
        if (!n)
                return -ENOMEM;
        r = xml_read(bytes, size, &n->xml, err);
        if (r == XML_E_REFUSED)
                return NOTICE_E_REFUSED;
        if (r == 0)
                r = find_message(n->xml, &message, err);
        if (r)
                return r;
        r = notice_header(n, message, err);
        if (r == 0)
                r = read_object(n, message, err);
        *ret = TAKE(n);
        return r;
}

struct notice *notice_free(struct notice *n) {
        if (!n)
                return NULL;
        xml_free(n->xml);
        explicit_bzero(n->bsn, sizeof(n->bsn));
        free(n);
        return NULL;
}
